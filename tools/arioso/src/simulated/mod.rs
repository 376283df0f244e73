//! The commands that play through the driver in a simulated Windows kernel.

mod demo;
mod driver;
mod machine;
mod meter;
mod monitor;
mod record;
mod report;
mod session;
mod wav;

use crate::failure::{Failure, Kind, Result};
use crate::listen::Output;
use crate::player::{PinKind, Way};
use crate::read_song;
use crate::song::smf;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// One line about the program.
pub const ABOUT: &str =
    "Play MIDI files through the Arioso driver, loaded into a simulated Windows kernel.";
/// What the exit codes of this system's commands mean.
pub const EXIT_CODES: &str = "Exit codes: 0 played, 1 the session failed, 2 wrong usage, 3 an input file cannot be used, 4 the output cannot be \
                              written, 5 the driver cannot be built, 6 played, but the driver verifier found violations.";
/// What to say when no command is given.
pub const COMMANDS: &str = "play, demo, record, monitor, plot or bank";

#[derive(Subcommand)]
pub enum Command {
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
}

/// What plays.
#[derive(Args)]
pub struct Instruments {
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
    /// Let the driver dither what it rounds to 16 bits (with the output "sink")
    #[arg(long)]
    dither: bool,
}

#[derive(Args)]
pub struct Options {
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
        check_rate(output, self.rate)?;
        Ok(Way {
            pin: self.pin,
            output: Some(output),
            rate: self.rate,
        })
    }
}

/// What the endpoint can play, frames per second.
const RATES: [u32; 3] = [44_100, 48_000, 96_000];

/// Fails if the output does not have the rate.
fn check_rate(output: Output, rate: u32) -> Result<()> {
    if output == Output::Sink || RATES.contains(&rate) {
        return Ok(());
    }
    let rates = RATES.map(|rate| rate.to_string()).join(", ");
    let message = format!(
        "the endpoint does not have {rate} frames per second: set --rate to one of {rates}, or --out sink (see arioso --help)"
    );
    Err(Failure::new(Kind::Usage, message))
}

/// Does what one of these commands says.
pub fn run(command: Command) -> Result<()> {
    match command {
        Command::Play { file, options } => {
            let song = read_song(&file)?;
            let name = file.file_stem().unwrap_or_default();
            session::play(&song, PathBuf::from(name).with_extension("wav"), &options)
        }
        Command::Record {
            file,
            pin,
            output,
            verbose,
        } => {
            let song = read_song(&file)?;
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
        } => monitor::monitor(&read_song(&file)?, &instruments, out, once),
    }
}
