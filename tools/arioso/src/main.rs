//! `arioso`: on Linux, the driver in a simulated kernel; on Windows, the installed driver.

mod bank;
mod failure;
mod listen;
mod output;
mod player;
#[cfg(unix)]
mod simulated;
mod table;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use crate::simulated as system;
#[cfg(windows)]
use crate::windows as system;
use arioso_cli::{plot, song};

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use failure::{Failure, Kind, Result, read};
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
        /// A WAV file, or what arioso play --report has written
        file: PathBuf,
        /// The picture [default: the file's name with .png, in the current directory]
        #[arg(short, long, value_name = "OUT.png")]
        output: Option<PathBuf>,
    },
    /// Banks of instruments: build, convert, look inside
    Bank {
        #[command(subcommand)]
        command: BankCommand,
    },
}

#[derive(Subcommand)]
enum BankCommand {
    /// Write the built-in General MIDI bank as a DLS file
    Build {
        /// The DLS file
        #[arg(short, long)]
        output: PathBuf,
    },
    /// Convert a SoundFont 2 file to DLS Level 2
    Convert {
        /// The SoundFont
        #[arg(value_name = "IN.sf2")]
        file: PathBuf,
        /// The DLS file [default: the SoundFont's name with .dls, in the current directory]
        #[arg(short, long, value_name = "OUT.dls")]
        output: Option<PathBuf>,
    },
    /// Show instruments, regions, waves and sizes of a DLS or SoundFont 2 file
    Info {
        /// The bank
        file: PathBuf,
    },
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("arioso: {failure}");
            failure.exit_code()
        }
    }
}

fn run() -> Result<()> {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    match cli.command {
        Command::System(command) => system::run(command),
        Command::Plot { file, output } => picture(&file, output),
        Command::Bank { command } => match command {
            BankCommand::Build { output } => {
                output::write_bytes(&output, &arioso_bank::general_midi())?;
                println!("{}", output.display());
                Ok(())
            }
            BankCommand::Convert { file, output } => bank::convert(&file, output),
            BankCommand::Info { file } => bank::info(&file),
        },
    }
}

/// Draws a file of ours.
fn picture(file: &Path, output: Option<PathBuf>) -> Result<()> {
    let path = output.unwrap_or_else(|| {
        PathBuf::from(file.file_stem().unwrap_or_default()).with_extension("png")
    });
    let bytes = read(file, "recording or report")?;
    output::check(&path)?;
    let png = plot::draw(&bytes).map_err(|why| {
        let message = format!("cannot plot {}: {why}", file.display());
        Failure::new(Kind::Input, message)
    })?;
    output::write_bytes(&path, &png)?;
    println!("{}", path.display());
    Ok(())
}

/// The song in a MIDI file.
fn read_song(file: &Path) -> Result<Song> {
    let bytes = read(file, "MIDI file")?;
    smf::read(&bytes).map_err(|why| {
        Failure::new(
            Kind::Input,
            format!(
                "cannot play {}: {why} (it must be a Standard MIDI File)",
                file.display()
            ),
        )
    })
}

/// Help and version are printed; an error becomes one line.
fn usage(error: &clap::Error) -> Result<()> {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            print!("{error}");
            Ok(())
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Err(Failure::new(
            Kind::Usage,
            format!(
                "a command is missing: {} (see arioso --help)",
                system::COMMANDS
            ),
        )),
        _ => {
            let text = error.to_string();
            let first: Vec<&str> = text
                .lines()
                .take_while(|line| !line.trim().is_empty())
                .map(str::trim)
                .collect();
            let first = first.join(" ");
            let first = first.strip_prefix("error: ").unwrap_or(&first);
            Err(Failure::new(
                Kind::Usage,
                format!("{first} (see arioso --help)"),
            ))
        }
    }
}
