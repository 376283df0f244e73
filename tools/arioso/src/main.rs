//! `arioso`: plays MIDI files through the driver, in a simulated kernel.

mod bank;
mod demo;
mod driver;
mod failure;
mod listen;
mod machine;
mod meter;
mod monitor;
mod output;
mod player;
mod record;
mod report;
mod session;
use arioso_cli::{plot, song};

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand};
use failure::{Failure, Kind, Result, read};
use listen::Output;
use player::{PinKind, Way};
use song::{Song, smf};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Play MIDI files through the Arioso driver, loaded into a simulated Windows kernel.
#[derive(Parser)]
#[command(
    version,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 played, 1 the session failed, 2 wrong usage, 3 an input file cannot be used, 4 the output cannot be \
                  written, 5 the driver cannot be built, 6 played, but the driver verifier found violations."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Play a Standard MIDI File into a WAV file
    Play {
        /// The MIDI file
        file: PathBuf,
        #[command(flatten)]
        options: Options,
    },
    /// Play the built-in song
    Demo {
        #[command(flatten)]
        options: Options,
    },
    /// Send a Standard MIDI File to the driver and record what its capture pin delivers
    Record {
        /// The MIDI file
        file: PathBuf,
        /// The data range that the song is sent on
        #[arg(long, value_enum, default_value = "directmusic")]
        pin: PinKind,
        /// The recording [default: the song's name with .recorded.mid, in the current directory]
        #[arg(short, long, value_name = "OUT.mid")]
        output: Option<PathBuf>,
        /// Show what the driver prints to the kernel debugger
        #[arg(short, long)]
        verbose: bool,
    },
    /// Play a song in real time and show levels, voices, lost notes and what slices and DPCs cost
    Monitor {
        /// The MIDI file
        file: PathBuf,
        #[command(flatten)]
        instruments: Instruments,
        /// Where the sound is taken from
        #[arg(long, value_enum, default_value = "endpoint")]
        out: Output,
        /// As fast as it goes, and only the table at the end (so too where there is no terminal)
        #[arg(long)]
        once: bool,
    },
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

/// What plays.
#[derive(Args)]
struct Instruments {
    /// Instruments: a DLS or SoundFont 2 file instead of the built-in bank
    #[arg(long, value_name = "FILE")]
    bank: Option<PathBuf>,
    /// The data range that the song is sent on
    #[arg(long, value_enum, default_value = "directmusic")]
    pin: PinKind,
    /// Frames per second of the output
    #[arg(long, default_value_t = 48_000, value_parser = clap::value_parser!(u32).range(11_025..=96_000))]
    rate: u32,
    /// Show what the driver prints to the kernel debugger
    #[arg(short, long)]
    verbose: bool,
}

#[derive(Args)]
struct Options {
    #[command(flatten)]
    instruments: Instruments,
    /// Where the sound is taken from
    #[arg(long, value_enum, default_value = "sink")]
    out: Output,
    /// Voices and cost over time, for arioso plot
    #[arg(long, value_name = "FILE.json")]
    report: Option<PathBuf>,
    /// The WAV file [default: the song's name with .wav, in the current directory]
    #[arg(short, long, value_name = "OUT.wav")]
    output: Option<PathBuf>,
}

impl Instruments {
    /// How the song is played, if that can be.
    fn way(&self, output: Output) -> Result<Way> {
        listen::check(output, self.rate)?;
        Ok(Way {
            pin: self.pin,
            output,
            rate: self.rate,
        })
    }
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
        Command::Play { file, options } => {
            let song = song(&file)?;
            let name = file.file_stem().unwrap_or_default();
            session::play(&song, PathBuf::from(name).with_extension("wav"), &options)
        }
        Command::Record {
            file,
            pin,
            output,
            verbose,
        } => {
            let song = song(&file)?;
            let name = file.file_stem().unwrap_or_default();
            let default = || PathBuf::from(name).with_extension("recorded.mid");
            record::record(&song, &output.unwrap_or_else(default), pin, verbose)
        }
        Command::Demo { options } => {
            let song = smf::read(&demo::song()).map_err(|why| Failure::new(Kind::Session, why))?;
            session::play(&song, PathBuf::from("arioso-demo.wav"), &options)
        }
        Command::Monitor {
            file,
            instruments,
            out,
            once,
        } => monitor::monitor(&song(&file)?, &instruments, out, once),
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
fn song(file: &Path) -> Result<Song> {
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
            "a command is missing: play, demo, record, monitor, plot or bank (see arioso --help)",
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
