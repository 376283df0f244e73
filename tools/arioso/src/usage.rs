// SPDX-License-Identifier: MIT OR Apache-2.0
//! Values of the command line, and what is said about a wrong one.

use crate::failure::{Failure, Kind, Result};
use crate::messages;
use crate::player::Sound;
use clap::Command;
use clap::error::ErrorKind;
use std::env;
use std::ffi::OsString;
use std::ops::RangeInclusive;

/// Frames per second that the synthesizer can make.
#[cfg(unix)]
pub const RATES: RangeInclusive<u32> = 11_025..=96_000;
/// dB, as the driver clamps the volume of a pin.
pub const GAINS: RangeInclusive<f64> = -96.0..=20.0;

/// A part that can be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Switch {
    On,
    Off,
}

/// How loud, and with what effects.
#[derive(clap::Args)]
pub struct SoundOptions {
    /// Volume of the synthesizer in dB, -96 to 20; what exceeds full scale is limited
    #[arg(long, value_name = "DB", default_value = "0", allow_hyphen_values = true, value_parser = gain)]
    gain: i32,
    /// The reverberation
    #[arg(long, value_enum, default_value = "on", value_name = "ON/OFF")]
    reverb: Switch,
    /// The chorus
    #[arg(long, value_enum, default_value = "on", value_name = "ON/OFF")]
    chorus: Switch,
}

impl SoundOptions {
    pub fn sound(&self) -> Sound {
        Sound {
            gain: self.gain,
            reverb: self.reverb == Switch::On,
            chorus: self.chorus == Switch::On,
        }
    }
}

/// `48000`, `44.1k`, `48 kHz`.
#[cfg(unix)]
pub fn rate(text: &str) -> std::result::Result<u32, String> {
    let lower = text.to_ascii_lowercase();
    let number = lower.strip_suffix("hz").unwrap_or(&lower).trim_end();
    let (number, unit) = match number.strip_suffix('k') {
        Some(number) => (number.trim_end(), 1000.0),
        None => (number, 1.0),
    };
    let rate = number.parse().map(|rate: f64| rate * unit);
    rate.ok()
        .filter(|rate| rate.fract().abs() < 1e-6 || (rate.fract() - 1.0).abs() < 1e-6)
        .map(|rate| rate.round() as u32)
        .filter(|rate| RATES.contains(rate))
        .ok_or_else(|| {
            let (low, high) = (RATES.start(), RATES.end());
            format!("not {low} to {high} frames per second, such as 44100, 48000 or 44.1k")
        })
}

/// `-6`, `3.5dB`: 1/100 dB.
pub fn gain(text: &str) -> std::result::Result<i32, String> {
    let lower = text.to_ascii_lowercase();
    let number = lower.strip_suffix("db").unwrap_or(&lower).trim_end();
    number
        .parse()
        .ok()
        .filter(|gain| GAINS.contains(gain))
        .map(|gain: f64| (gain * 100.0).round() as i32)
        .ok_or_else(|| {
            format!(
                "not {} to {} dB, such as -6 or 3.5",
                GAINS.start(),
                GAINS.end()
            )
        })
}

/// Help and version are printed; an error becomes one line. `program` is the whole program.
pub fn tell(error: &clap::Error, program: Command) -> Result<()> {
    let wrong = |text: String, path: &str| {
        Err(Failure::new(
            Kind::Usage,
            format!("{text} (see {path} --help)"),
        ))
    };
    let (command, path) = chosen(program, env::args_os().skip(1));
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => messages::print(&error.to_string()),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand => {
            wrong(format!("a command is missing: {}", names(&command)), &path)
        }
        ErrorKind::InvalidSubcommand => {
            let text = one_line(&error.to_string());
            let hint = match text.contains("similar") {
                true => String::new(),
                false => format!(
                    "; the commands are {}",
                    names(&command).replace(" or ", " and ")
                ),
            };
            wrong(text + &hint, &path)
        }
        _ => wrong(one_line(&error.to_string()), &path),
    }
}

/// The command that the arguments lead to, and how it is called.
fn chosen(program: Command, arguments: impl Iterator<Item = OsString>) -> (Command, String) {
    let mut path = program.get_name().to_owned();
    let mut command = program;
    for argument in arguments {
        let next = argument
            .to_str()
            .and_then(|name| command.find_subcommand(name));
        if let Some(next) = next.cloned() {
            path = format!("{path} {}", next.get_name());
            command = next;
        }
    }
    (command, path)
}

/// `a, b or c`
fn names(command: &Command) -> String {
    let names: Vec<&str> = command
        .get_subcommands()
        .map(Command::get_name)
        .filter(|name| *name != "help")
        .collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

/// What clap says, without usage: the error and what is similar.
fn one_line(text: &str) -> String {
    let paragraphs = text.split("\n\n").map(|paragraph| {
        let lines: Vec<&str> = paragraph.lines().map(str::trim).collect();
        lines.join(" ")
    });
    let mut said = Vec::new();
    for (number, paragraph) in paragraphs.enumerate() {
        if number == 0 {
            said.push(paragraph.trim_start_matches("error: ").to_owned());
        } else if paragraph.contains("similar") {
            said.push(paragraph.trim_start_matches("tip: ").to_owned());
        }
    }
    said.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn rates() {
        for (text, hertz) in [
            ("48000", 48_000),
            ("44.1k", 44_100),
            ("44.1kHz", 44_100),
            ("22.05 k", 22_050),
            ("96 kHz", 96_000),
            ("11025 Hz", 11_025),
        ] {
            assert_eq!(rate(text), Ok(hertz), "{text}");
        }
        for text in [
            "",
            "k",
            "fast",
            "100",
            "96001",
            "97k",
            "44.10001k",
            "-48000",
            "nan",
            "inf",
        ] {
            assert!(rate(text).unwrap_err().contains("11025 to 96000"), "{text}");
        }
    }

    #[test]
    fn gains() {
        assert_eq!(
            ["-6", "3.5dB", "0", "+2.25 dB", "-96"].map(gain),
            [Ok(-600), Ok(350), Ok(0), Ok(225), Ok(-9600)]
        );
        for text in ["loud", "21", "-97", "nan", "dB"] {
            assert!(gain(text).unwrap_err().contains("-96 to 20"), "{text}");
        }
    }
}
