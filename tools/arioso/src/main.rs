// SPDX-License-Identifier: MIT OR Apache-2.0
//! `arioso`: on Linux, the driver in a simulated kernel; on Windows, the installed driver.

mod bank;
mod failure;
mod listen;
mod messages;
mod output;
mod player;
mod programs;
mod settings;
#[cfg(unix)]
mod simulated;
mod stop;
mod table;
mod unheard;
mod usage;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use crate::simulated as system;
#[cfg(windows)]
use crate::windows as system;
use arioso_cli::{plot, song};

use clap::{CommandFactory, Parser, Subcommand};
use failure::{Failure, Kind, Result, named, read};
use song::{Song, smf};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "arioso", version, about = system::ABOUT, arg_required_else_help = true, after_help = system::EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    #[command(flatten)]
    System(system::Command),
    /// Draw a WAV file (waveform, spectrogram) or a report (voices and cost over time; latencies)
    Plot {
        /// A WAV file, or what arioso play --report has written (- is the standard input)
        file: PathBuf,
        /// The picture (- is the standard output) [default: the file's name with .png, in the current directory]
        #[arg(short, long, value_name = "OUT.png")]
        output: Option<PathBuf>,
    },
    /// The driver's settings: show, set, take back
    Settings {
        #[command(subcommand)]
        command: settings::Command,
    },
    /// Banks of instruments: build, convert, look inside, choose
    Bank {
        #[command(subcommand)]
        command: BankCommand,
    },
}

#[derive(Subcommand)]
enum BankCommand {
    /// Write the built-in General MIDI bank as a DLS file
    Build {
        /// The DLS file (- is the standard output)
        #[arg(short, long, value_name = "OUT.dls")]
        output: PathBuf,
    },
    /// Convert a SoundFont 2 file to DLS Level 2
    Convert {
        /// The SoundFont (- is the standard input)
        #[arg(value_name = "IN.sf2")]
        file: PathBuf,
        /// The DLS file (- is the standard output) [default: the SoundFont's name with .dls, in the current directory]
        #[arg(short, long, value_name = "OUT.dls")]
        output: Option<PathBuf>,
    },
    /// Let all programs play with a bank: DLS, or a SoundFont, which is converted once
    Use {
        /// The bank
        #[arg(required_unless_present = "default")]
        file: Option<PathBuf>,
        /// The bank that the driver has without a choice
        #[arg(long, conflicts_with = "file")]
        default: bool,
    },
    /// Show the banks that were used, and which one is
    List,
    /// Show instruments, regions, waves, codecs and sizes of a DLS or SoundFont 2 file, and whether it is cut off
    Info {
        /// The bank (- is the standard input)
        file: PathBuf,
    },
}

fn main() -> ExitCode {
    stop::watch();
    match run().and_then(|()| messages::said()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.end(),
    }
}

fn run() -> Result<()> {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage::tell(&error, Cli::command()),
    };
    match cli.command {
        Command::System(command) => system::run(command),
        Command::Plot { file, output } => picture(&file, output),
        Command::Settings { command } => settings::run(command),
        Command::Bank { command } => match command {
            BankCommand::Use { file, default } => match file.filter(|_| !default) {
                Some(file) => settings::library::use_bank(&file),
                None => settings::library::use_built_in(),
            },
            BankCommand::List => settings::library::list(),
            BankCommand::Build { output } => {
                output::check(&[&output], &[] as &[&Path])?;
                output::write_bytes(&output, &arioso_bank::general_midi())?;
                output::announce(&output)
            }
            BankCommand::Convert { file, output } => bank::convert(&file, output),
            BankCommand::Info { file } => bank::info(&file),
        },
    }
}

/// Draws a file of ours.
fn picture(file: &Path, output: Option<PathBuf>) -> Result<()> {
    let path = output.unwrap_or_else(|| output::beside(file, ".png"));
    output::check(&[&path], &[file])?;
    let bytes = read(file, "recording or report")?;
    let name = match file == Path::new("-") {
        true => "standard input".into(),
        false => file.file_name().unwrap_or_default().to_string_lossy(),
    };
    let png = plot::draw(&bytes, &name).map_err(|why| {
        let message = format!("cannot plot {}: {why}", named(file));
        Failure::new(Kind::Input, message)
    })?;
    output::write_bytes(&path, &png)?;
    output::announce(&path)
}

/// How a song is read.
#[derive(clap::Args, Clone, Copy, Debug, Default)]
struct Reading {
    /// Refuse a file that breaks the format instead of playing what can be played
    #[arg(long)]
    strict: bool,
    /// Play a song that lasts longer than six hours
    #[arg(long)]
    long: bool,
}

/// A song to be heard: what nothing ends ends with it.
fn read_to_play(file: &Path, how: Reading) -> Result<Song> {
    let mut song = read_song(file, how)?;
    song.end_notes();
    Ok(song)
}

/// The song in a MIDI file. What is odd about the file is told in one line.
fn read_song(file: &Path, how: Reading) -> Result<Song> {
    let bytes = read(file, "MIDI file")?;
    let refused = |why: String| {
        let message = format!("cannot play {}: {why}", named(file));
        Failure::new(Kind::Input, message)
    };
    let smf::Reading { song, odd } = smf::open(&bytes).map_err(|why| match form(&bytes) {
        // What somebody took for a song.
        Some(form) => refused(format!("it is no Standard MIDI File: {form}")),
        None => refused(format!("{why} (it must be a Standard MIDI File)")),
    })?;
    if how.strict && !odd.is_empty() {
        return Err(refused(format!("{odd} (without --strict it is played)")));
    }
    if song.length > Song::LONGEST && !how.long {
        let (time, rest) = song.longest_rest();
        let hours = |time: i64| time / (3600 * song::SECOND);
        let message = format!(
            "it would last {} hours: {} s after its start nothing happens for {} hours (--long plays it)",
            hours(song.length),
            time / song::SECOND,
            hours(rest),
        );
        return Err(refused(message));
    }
    if !odd.is_empty() {
        messages::warn(format!("{} is odd: {odd}", named(file)));
    }
    Ok(song)
}

/// What a file is that is no MIDI file.
fn form(bytes: &[u8]) -> Option<String> {
    let start = &bytes[..bytes.len().min(12)];
    let riff = |kind: &[u8]| start.starts_with(b"RIFF") && start.ends_with(kind);
    if start.starts_with(b"MThd") || riff(b"RMID") {
        return None;
    }
    let name = match start {
        [] => "it is empty",
        _ if riff(b"WAVE") => "it is a WAV file",
        _ if riff(b"DLS ") => "it is a DLS bank (--bank takes it)",
        _ if riff(b"sfbk") => "it is a SoundFont (--bank takes it)",
        [b'I', b'D', b'3', ..] | [0xFF, 0xE0..=0xFF, ..] => "it looks like an MP3 file",
        [b'O', b'g', b'g', b'S', ..] => "it is an Ogg file",
        [b'f', b'L', b'a', b'C', ..] => "it is a FLAC file",
        [b'P', b'K', 3, 4, ..] => "it is a ZIP archive (unpack it)",
        [0x1F, 0x8B, ..] => "it is compressed (unpack it, with gunzip)",
        _ if start.starts_with(b"XMF_") => "it is an XMF file",
        [b'F', b'O', b'R', b'M', _, _, _, _, b'X', b'D', b'I', b'R'] => "it is an XMI file",
        [b'M', b'U', b'S', 0x1A, ..] => "it is a MUS file (mus2mid makes a MIDI file of it)",
        _ if start.starts_with(b"HMIMIDIP") || start.starts_with(b"HMI-MIDI") => {
            "it is an HMI or HMP file"
        }
        _ => {
            return Some(format!(
                "it begins with {}",
                hex(&start[..start.len().min(4)])
            ));
        }
    };
    Some(name.into())
}

/// Bytes for people.
fn hex(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    match bytes.iter().all(|byte| (0x20..0x7F).contains(byte)) {
        true => format!("\"{}\"", String::from_utf8_lossy(bytes)),
        false => format!("the bytes {}", digits.join(" ")),
    }
}
