// SPDX-License-Identifier: MIT OR Apache-2.0
//! The driver's settings: names, ranges, defaults as the INF and the driver have them.

use std::ops::RangeInclusive;

/// A setting that is a number.
#[derive(Debug, PartialEq, Eq)]
pub struct Number {
    /// As in the registry.
    pub name: &'static str,
    /// What it may be.
    pub range: RangeInclusive<u32>,
    /// What counts where nothing is set.
    pub default: u32,
    /// What its numbers are called.
    pub words: &'static [&'static str],
    /// For people.
    pub meaning: &'static str,
    /// It counts at once; else when the device starts.
    pub live: bool,
}

const ON_OFF: &[&str] = &["off", "on"];

/// All of them.
pub static NUMBERS: [Number; 10] = [
    Number {
        name: "Voices",
        range: 1..=4096,
        default: 256,
        words: &[],
        meaning: "voices at once, of all programs",
        live: true,
    },
    Number {
        name: "Quality",
        range: 0..=2,
        default: 1,
        words: &["linear", "sinc8", "sinc16"],
        meaning: "how waves are read between their samples",
        live: true,
    },
    Number {
        name: "SliceBudget",
        range: 10..=1000,
        default: 100,
        words: &[],
        meaning: "µs of each millisecond that rendering may take; beyond it voices are left out",
        live: true,
    },
    Number {
        name: "EndpointLead",
        range: 1..=10,
        default: 3,
        words: &[],
        meaning: "ms that the endpoint is written ahead: latency against clicks",
        live: true,
    },
    Number {
        name: "DownloadMemory",
        range: 1..=4096,
        default: 512,
        words: &[],
        meaning: "MB that programs may download",
        live: true,
    },
    Number {
        name: "BankMemory",
        range: 1..=4096,
        default: 256,
        words: &[],
        meaning: "MB that the waves of a bank of more than 16 MB may take; the bank is read again",
        live: true,
    },
    Number {
        name: "CableSynth",
        range: 0..=1,
        default: 0,
        words: ON_OFF,
        meaning: "what is written to end A of the cable is played too, from the next writer on",
        live: true,
    },
    Number {
        name: "Dither",
        range: 0..=1,
        default: 0,
        words: ON_OFF,
        meaning: "what is rounded to 16 bits for the wave sink is dithered",
        live: true,
    },
    Number {
        name: "RenderUnits",
        range: 0..=1,
        default: 0,
        words: &["bytes", "frames"],
        meaning: "what the wave sink counts in, for tests",
        live: false,
    },
    Number {
        name: "WaveSinkFeed",
        range: 0..=1,
        default: 0,
        words: &["sink", "timer"],
        meaning: "who renders for the wave sink, for tests",
        live: false,
    },
];

/// The setting that is a file.
pub const BANK: &str = "BankPath";

/// What a name means.
#[derive(Clone, Copy, Debug)]
pub enum Setting {
    /// One of [`NUMBERS`].
    Number(&'static Number),
    /// [`BANK`]
    Bank,
}

/// The setting of that name, in any case.
pub fn find(name: &str) -> Result<Setting, String> {
    if name.eq_ignore_ascii_case(BANK) {
        return Ok(Setting::Bank);
    }
    let found = NUMBERS
        .iter()
        .find(|number| number.name.eq_ignore_ascii_case(name));
    found.map(Setting::Number).ok_or_else(|| {
        let names: Vec<&str> = NUMBERS.iter().map(|number| number.name).collect();
        let names = names.join(", ");
        format!("the driver has no setting {name:?}; there are {names} and {BANK}")
    })
}

impl Number {
    /// It counts when the bank is read.
    pub fn of_the_bank(&self) -> bool {
        self.name == "BankMemory"
    }

    /// A number of the range, or its word.
    pub fn parse(&self, text: &str) -> Result<u32, String> {
        let word = self
            .words
            .iter()
            .position(|word| word.eq_ignore_ascii_case(text));
        word.map(|at| at as u32)
            .or_else(|| text.parse().ok())
            .filter(|value| self.range.contains(value))
            .ok_or_else(|| {
                let (low, high) = (self.range.start(), self.range.end());
                let words = match self.words {
                    [] => String::new(),
                    words => format!(" ({})", words.join(", ")),
                };
                format!(
                    "{} is a number from {low} to {high}{words}, not {text:?}",
                    self.name
                )
            })
    }

    /// A value for people.
    pub fn show(&self, value: u32) -> String {
        match self.words.get(value as usize) {
            Some(word) => format!("{value} ({word})"),
            None => value.to_string(),
        }
    }

    /// `1 to 4096`
    pub fn span(&self) -> String {
        let (low, high) = (self.range.start(), self.range.end());
        match self.words {
            [] => format!("{low} to {high}"),
            words => words.join(", "),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_in_any_case_and_errors_in_one_line() {
        let Ok(Setting::Number(quality)) = find("quality") else {
            panic!("no number");
        };
        assert_eq!(quality.parse("SINC16"), Ok(2));
        assert_eq!(quality.parse("0"), Ok(0));
        assert_eq!(
            quality.parse("3").unwrap_err(),
            "Quality is a number from 0 to 2 (linear, sinc8, sinc16), not \"3\""
        );
        for number in &NUMBERS {
            let (low, high) = (*number.range.start(), *number.range.end());
            assert!(number.range.contains(&number.default));
            assert!(number.words.is_empty() || number.words.len() as u32 == high + 1);
            for value in [low, high, number.default] {
                assert_eq!(number.parse(&value.to_string()), Ok(value));
            }
            for wrong in [(high + 1).to_string(), "-1".into(), "".into(), "1.5".into()] {
                assert_eq!(number.parse(&wrong).unwrap_err().lines().count(), 1);
            }
        }
        assert!(find("Voice").unwrap_err().contains("Voices, Quality"));
        assert!(matches!(find("bankpath"), Ok(Setting::Bank)));
    }
}
