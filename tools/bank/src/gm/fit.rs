// SPDX-License-Identifier: MIT OR Apache-2.0
//! How the models are fitted: per program and key a gain, an attack, a decay and the colour of the beginning and of the rest.
//!
//! The numbers are in `fit.tsv`, one line per program and key; `cargo run --release -p arioso-bank --example timbre -- fit` finds them,
//! from band levels measured at another bank. A program without lines is as its recipe makes it. The drum kit is program 128, whose keys
//! are sounds of their own.

use crate::dsp::from_db;
use libm::{exp2, log2};
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::ops::{Add, Deref, Mul};

/// Octave bands of a [`Colour`]; the first is around [`LOWEST`].
pub const BANDS: usize = 9;
/// Middle of the first band, Hz.
pub const LOWEST: f64 = 62.5;
/// The number of the drum kit among the programs.
pub const KIT: u8 = 128;

/// Gains of octave bands in dB.
pub type Bands = [f64; BANDS];

/// Gains at the beginning of a sound, and those that they come to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Colour {
    /// At the beginning.
    pub early: Bands,
    /// What they come to.
    pub late: Bands,
}

/// Gain of a frequency in dB, linear in octaves between the bands' middles.
pub fn decibels_at(bands: &Bands, hertz: f64) -> f64 {
    let place = log2((hertz / LOWEST).max(1e-6)).clamp(0.0, (BANDS - 1) as f64);
    let low = (place as usize).min(BANDS - 2);
    let part = place - low as f64;
    bands[low] * (1.0 - part) + bands[low + 1] * part
}

impl Colour {
    /// Gain of a frequency at the beginning, as a factor.
    pub fn early(&self, hertz: f64) -> f64 {
        from_db(decibels_at(&self.early, hertz))
    }

    /// Gain of a frequency later on, as a factor.
    pub fn late(&self, hertz: f64) -> f64 {
        from_db(decibels_at(&self.late, hertz))
    }

    /// It changes nothing.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

/// What a sound is rendered for: its name, which seeds its noise, and its colour. It reads as the name.
#[derive(Clone, Copy, Debug)]
pub struct Voice<'a> {
    name: &'a str,
    /// The colour.
    pub colour: Colour,
}

impl<'a> Voice<'a> {
    /// A name and its colour.
    pub fn new(name: &'a str, colour: Colour) -> Self {
        Self { name, colour }
    }

    /// Without a colour.
    pub fn plain(name: &'a str) -> Self {
        Self::new(name, Colour::default())
    }
}

impl Deref for Voice<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        self.name
    }
}

impl fmt::Display for Voice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// What is changed at one key.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Row {
    /// Gain of the sound, dB.
    pub gain: f64,
    /// Seconds that the attack of the volume is longer, where there is one.
    pub attack: f64,
    /// Octaves that the decay of the volume is longer.
    pub decay: f64,
    /// Colour of the wave.
    pub colour: Colour,
}

impl Mul<f64> for Row {
    type Output = Self;

    fn mul(self, by: f64) -> Self {
        Self {
            gain: self.gain * by,
            attack: self.attack * by,
            decay: self.decay * by,
            colour: Colour {
                early: self.colour.early.map(|x| x * by),
                late: self.colour.late.map(|x| x * by),
            },
        }
    }
}

impl Add for Row {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let sum = |a: Bands, b: Bands| std::array::from_fn(|i| a[i] + b[i]);
        Self {
            gain: self.gain + other.gain,
            attack: self.attack + other.attack,
            decay: self.decay + other.decay,
            colour: Colour {
                early: sum(self.colour.early, other.colour.early),
                late: sum(self.colour.late, other.colour.late),
            },
        }
    }
}

/// All rows.
#[derive(Clone, Debug, Default)]
pub struct Fit(pub BTreeMap<(u8, u8), Row>);

impl Fit {
    /// The numbers of the built-in bank.
    pub fn built_in() -> Self {
        Self::parse(include_str!("fit.tsv")).unwrap_or_default()
    }

    /// Lines of program, key, gain, attack in ms, decay in octaves, and the gains of the bands early and late in dB. `None` for another text.
    pub fn parse(text: &str) -> Option<Self> {
        let mut rows = BTreeMap::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let mut fields = line.split_ascii_whitespace();
            let key = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
            let numbers: Vec<f64> = fields.map(str::parse).collect::<Result<_, _>>().ok()?;
            let [gain, attack, decay, bands @ ..] = numbers.as_slice() else {
                return None;
            };
            let (early, late) = bands.split_at_checked(BANDS)?;
            let row = Row {
                gain: *gain,
                attack: attack / 1000.0,
                decay: *decay,
                colour: Colour {
                    early: early.try_into().ok()?,
                    late: late.try_into().ok()?,
                },
            };
            rows.insert(key, row);
        }
        Some(Self(rows))
    }

    /// The text of these numbers, after `head`, which is a comment.
    pub fn to_text(&self, head: &str) -> String {
        let mut text = String::new();
        for line in head.lines() {
            let _ = writeln!(text, "# {line}");
        }
        for ((program, key), row) in &self.0 {
            let _ = write!(
                text,
                "{program}\t{key}\t{:.1}\t{:.0}\t{:.2}",
                row.gain,
                row.attack * 1000.0,
                row.decay
            );
            for band in row.colour.early.iter().chain(&row.colour.late) {
                // No minus before a zero.
                let _ = write!(text, "\t{}", *band as i32);
            }
            text.push('\n');
        }
        text
    }

    /// What holds for a key: between two rows, a part of each. The kit's rows hold for their own keys alone.
    pub fn at(&self, program: u8, key: u8) -> Row {
        let own = |key| self.0.get(&(program, key)).copied();
        if program == KIT {
            return own(key).unwrap_or_default();
        }
        let below = self.0.range((program, 0)..=(program, key)).next_back();
        let above = self.0.range((program, key)..=(program, 127)).next();
        match (below, above) {
            (Some(((_, low), a)), Some(((_, high), b))) if high > low => {
                let part = f64::from(key - low) / f64::from(high - low);
                *a * (1.0 - part) + *b * part
            }
            (Some((_, row)), _) | (None, Some((_, row))) => *row,
            (None, None) => Row::default(),
        }
    }
}

impl Fit {
    /// The keys of a zone, parted in the middle between the keys that have rows, each part with its row. A program without rows
    /// has one part.
    pub fn zones(&self, program: u8, (low, high): (u8, u8), root: u8) -> Vec<((u8, u8), Row)> {
        let keys: Vec<u8> = self
            .0
            .range((program, 0)..=(program, 127))
            .map(|((_, key), _)| *key)
            .collect();
        let mut zones = Vec::new();
        let mut from = low;
        for pair in keys.windows(2) {
            let middle = pair[0].midpoint(pair[1]);
            if (from..high).contains(&middle) {
                zones.push(((from, middle), self.at(program, pair[0])));
                from = middle + 1;
            }
        }
        let row = match keys.iter().rev().find(|key| (from..=high).contains(*key)) {
            Some(key) => self.at(program, *key),
            None => self.at(program, root.clamp(from, high)),
        };
        zones.push(((from, high), row));
        zones
    }
}

/// Factor of a time that is longer by octaves.
pub fn longer(octaves: f64) -> f64 {
    exp2(octaves)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_numbers_can_be_read() {
        let fit = Fit::parse(include_str!("fit.tsv")).unwrap();
        let again = Fit::parse(&fit.to_text("again")).unwrap();
        assert_eq!(fit.0, again.0);
    }

    #[test]
    fn between_two_keys_is_a_part_of_each() {
        let row = |gain| Row {
            gain,
            ..Row::default()
        };
        let fit = Fit([
            ((3, 40), row(2.0)),
            ((3, 60), row(6.0)),
            ((128, 40), row(1.0)),
        ]
        .into());
        let gains: Vec<f64> = [20, 40, 45, 60, 90].map(|key| fit.at(3, key).gain).to_vec();
        assert_eq!(gains, [2.0, 2.0, 3.0, 6.0, 6.0]);
        assert_eq!(fit.at(4, 45), Row::default());
        assert_eq!(fit.at(128, 40).gain, 1.0);
        assert_eq!(fit.at(128, 41).gain, 0.0);
    }

    #[test]
    fn a_colour_is_linear_in_octaves() {
        let mut bands = Bands::default();
        bands[4] = 6.0;
        for (hertz, db) in [
            (500.0, 0.0),
            (1000.0, 6.0),
            (1414.2, 3.0),
            (20.0, 0.0),
            (30_000.0, 0.0),
        ] {
            assert!((decibels_at(&bands, hertz) - db).abs() < 0.01, "{hertz}");
        }
    }
}
