// SPDX-License-Identifier: MIT OR Apache-2.0
//! The commands that play through the driver in a simulated Windows kernel.

mod demo;
mod driver;
#[cfg(feature = "live")]
mod live;
#[cfg(not(feature = "live"))]
#[path = "without_live.rs"]
mod live;
mod machine;
mod meter;
mod monitor;
#[cfg(any(feature = "live", test))]
mod realtime;
mod record;
mod report;
mod session;
pub mod settings;
mod wav;

use crate::failure::{Failure, Kind, Result};
use crate::listen::Output;
use crate::player::{PinKind, Way};
use crate::settings::Store;
use crate::song::smf;
use crate::usage::{self, SoundOptions};
use crate::{Reading, output, read_song, read_to_play};
use clap::{Args, Subcommand};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One line about the program.
pub const ABOUT: &str =
    "Play MIDI files through the Arioso driver, loaded into a simulated Windows kernel.";
/// What the exit codes of this system's commands mean.
pub const EXIT_CODES: &str = "Exit codes: 0 played, 1 the session failed, 2 wrong usage, 3 an input file cannot be used, 4 the output cannot be \
                              written, 5 the driver cannot be built, 6 played, but the driver verifier found violations; stopped by a \
                              signal 128 and its number, as a shell tells it (130 of Ctrl+C).";
#[derive(Subcommand)]
pub enum Command {
    /// Play a Standard MIDI File into a WAV file
    Play {
        /// The MIDI file (- is the standard input)
        file: PathBuf,
        #[command(flatten)]
        reading: Reading,
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
        /// The MIDI file (- is the standard input)
        file: PathBuf,
        #[command(flatten)]
        reading: Reading,
        /// The data range that the song is sent on
        #[arg(long, value_enum, default_value = "directmusic")]
        pin: PinKind,
        /// The recording (- is the standard output) [default: the song's name with .recorded.mid, in the current directory]
        #[arg(short, long, value_name = "OUT.mid")]
        output: Option<PathBuf>,
        /// Show what the driver prints to the kernel debugger
        #[arg(short, long)]
        verbose: bool,
    },
    /// Play the driver from a MIDI keyboard, or from any program that sends MIDI, and hear it now
    Live {
        /// A part of a MIDI input's name [default: an input of our own, which other programs connect to]
        #[arg(long, value_name = "NAME")]
        midi_in: Option<String>,
        /// Show MIDI inputs and loudspeakers, and end
        #[arg(long)]
        list: bool,
        /// Where MIDI comes from and sound goes to
        #[arg(long, value_enum, default_value = "auto")]
        system: live::System,
        #[command(flatten)]
        instruments: LiveInstruments,
    },
    /// Play a song in real time and show levels, voices, lost notes and what slices and DPCs cost
    Monitor {
        /// The MIDI file (- is the standard input)
        file: PathBuf,
        #[command(flatten)]
        reading: Reading,
        #[command(flatten)]
        instruments: Instruments,
        /// Where the sound is taken from
        #[arg(long, value_enum, default_value = "endpoint")]
        out: Output,
        /// As fast as it goes, and only the table at the end (so too where there is no terminal)
        #[arg(long)]
        once: bool,
        /// Voices and cost over time, for arioso plot
        #[arg(long, value_name = "FILE.json")]
        report: Option<PathBuf>,
    },
}

/// What plays.
#[derive(Args)]
pub struct Instruments {
    /// Instruments: a DLS or SoundFont file instead of the built-in bank (- is the standard input); of several, later ones come over
    /// earlier ones
    #[arg(long, value_name = "FILE")]
    bank: Vec<PathBuf>,
    /// The data range that the song is sent on
    #[arg(long, value_enum, default_value = "directmusic")]
    pin: PinKind,
    /// Frames per second of the output, 11025 to 96000 (44.1k is 44100); the endpoint has 44100, 48000 and 96000
    #[arg(long, default_value = "48000", value_name = "HZ", value_parser = usage::rate)]
    rate: u32,
    #[command(flatten)]
    driver: DriverOptions,
    /// Let the driver dither what it rounds to 16 bits (with the output "sink")
    #[arg(long)]
    dither: bool,
}

/// How the driver plays, whatever plays it.
#[derive(Args)]
struct DriverOptions {
    /// How waves are read between their samples [default: sinc8, the driver's]
    #[arg(long, value_enum)]
    quality: Option<Quality>,
    /// Voices that sound together, 1 to 4096 [default: 256, the driver's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=4096))]
    voices: Option<u32>,
    #[command(flatten)]
    sound: SoundOptions,
    /// Show what the driver prints to the kernel debugger
    #[arg(short, long)]
    verbose: bool,
}

#[cfg(feature = "live")]
impl LiveInstruments {
    /// What is set, and over it what is named.
    fn follower(&self) -> Result<realtime::follow::Follower> {
        let named = named(&[
            ("Quality", self.driver.quality.map(Quality::number)),
            ("Voices", self.driver.voices),
        ]);
        let banks = self.bank.clone();
        Ok(realtime::follow::Follower::new(
            settings::folder()?,
            named,
            banks,
        ))
    }
}

/// Those that have a number.
fn named(values: &[(&str, Option<u32>)]) -> BTreeMap<String, u32> {
    let named = values.iter();
    named
        .filter_map(|(name, number)| Some(((*name).into(), (*number)?)))
        .collect()
}

/// The driver's setting `Quality`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Quality {
    /// Two samples
    Linear,
    /// Eight samples
    Sinc8,
    /// Sixteen samples
    Sinc16,
}

impl Quality {
    fn number(self) -> u32 {
        match self {
            Self::Linear => 0,
            Self::Sinc8 => 1,
            Self::Sinc16 => 2,
        }
    }
}

/// What of the silence at the song's end is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Silence {
    /// A tenth of a second
    Cut,
    /// To the song's end: a loop needs its last rest
    Keep,
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
    /// Silence behind the last sound: cut, or kept to the song's end
    #[arg(long, value_enum, default_value = "cut")]
    silence: Silence,
    /// The WAV file (- is the standard output) [default: the song's name with .wav, in the current directory]
    #[arg(short, long, value_name = "OUT.wav")]
    output: Option<PathBuf>,
}

/// What is played with from a keyboard.
#[derive(Args)]
pub struct LiveInstruments {
    /// Instruments: a DLS or SoundFont file instead of the built-in bank; of several, later ones come over earlier ones
    #[arg(long, value_name = "FILE")]
    bank: Vec<PathBuf>,
    #[command(flatten)]
    driver: DriverOptions,
}

impl Instruments {
    /// How the song is played, if that can be.
    fn way(&self, output: Output) -> Result<Way> {
        check_rate(output, self.rate)?;
        Ok(Way {
            pin: self.pin,
            output: Some(output),
            rate: self.rate,
            sound: self.driver.sound.sound(),
        })
    }

    /// The banks: those that are named, else the one that is set.
    fn banks(&self) -> Result<Vec<PathBuf>> {
        match self.bank.is_empty() {
            true => Ok(settings::open(false)?.bank()?.into_iter().collect()),
            false => Ok(self.bank.clone()),
        }
    }

    /// The numbers of the service's `Parameters` key: what is set, and over it what is named.
    fn settings(&self) -> Result<BTreeMap<String, u32>> {
        let mut numbers = settings::open(false)?.numbers();
        numbers.extend(named(&[
            ("Quality", self.driver.quality.map(Quality::number)),
            ("Voices", self.driver.voices),
            ("Dither", self.dither.then_some(1)),
        ]));
        Ok(numbers)
    }

    /// The files that are read: the song is at `file`.
    fn inputs(&self, file: Option<&Path>) -> Result<Vec<PathBuf>> {
        let banks = self.banks()?;
        let files: Vec<&Path> = file
            .into_iter()
            .chain(banks.iter().map(PathBuf::as_path))
            .collect();
        if files.iter().filter(|file| **file == Path::new("-")).count() > 1 {
            let message = "only one of the song and the banks can be the standard input";
            return Err(Failure::new(Kind::Usage, message));
        }
        Ok(driver::inputs(&files))
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
        Command::Play {
            file,
            reading,
            options,
        } => {
            let target = session::Target::of(Some(&file), output::beside(&file, ".wav"), &options)?;
            session::play(&read_to_play(&file, reading)?, &target, &options)
        }
        Command::Record {
            file,
            reading,
            pin,
            output,
            verbose,
        } => {
            let output = output.unwrap_or_else(|| output::beside(&file, ".recorded.mid"));
            output::check(&[&output], &driver::inputs(&[&file]))?;
            record::record(&read_song(&file, reading)?, &output, pin, verbose)
        }
        Command::Demo { options } => {
            let target = session::Target::of(None, PathBuf::from("arioso-demo.wav"), &options)?;
            let song = smf::read(&demo::song()).map_err(|why| Failure::new(Kind::Session, why))?;
            session::play(&song, &target, &options)
        }
        Command::Live {
            midi_in,
            list,
            system,
            instruments,
        } => live::live(&live::Options {
            midi_in: midi_in.as_deref(),
            list,
            system,
            instruments: &instruments,
        }),
        Command::Monitor {
            file,
            reading,
            instruments,
            out,
            once,
            report,
        } => {
            let way = instruments.way(out)?;
            let outputs: Vec<&Path> = report.as_deref().into_iter().collect();
            output::check(&outputs, &instruments.inputs(Some(&file))?)?;
            monitor::monitor(
                &read_to_play(&file, reading)?,
                &instruments,
                way,
                once,
                report.as_deref(),
            )
        }
    }
}
