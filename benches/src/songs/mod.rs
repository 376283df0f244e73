// SPDX-License-Identifier: MIT OR Apache-2.0
//! What people play: dense passages of real songs with real banks, the same messages at the same frames to every engine.
//!
//! | module | holds |
//! |---|---|
//! | [`passage`] | the densest part of a song, as messages with frames |
//! | [`race`] | engines that play a passage side by side, second by second |

mod passage;
mod race;

use crate::engines;
use crate::material::RATE;
use crate::measure;
use anyhow::{Result, anyhow};
use arioso_cli::compare::corpus;
use arioso_core::dls::model::Patches;
use arioso_core::mem::Shared;
use arioso_count::engine::{self, Effects};
use passage::Passage;
use race::Race;

/// Voices that every engine may use; rustysynth has no more.
pub const VOICES: usize = 256;

/// A SoundFont.
pub struct Bank {
    /// Of the package that has it.
    pub name: &'static str,
    pub file: &'static str,
    /// Converted, as `arioso` plays it.
    pub patches: Shared<Patches>,
}

impl Bank {
    fn open(name: &'static str, file: &'static str) -> Result<Self> {
        let dls = corpus::converted(file).map_err(|why| anyhow!(why))?;
        let patches = engine::patches(&dls)?;
        Ok(Self {
            name,
            file,
            patches,
        })
    }
}

/// How much is measured.
pub struct Length {
    banks: &'static [(&'static str, &'static str)],
    songs: &'static [&'static str],
    seconds: usize,
    rounds: usize,
}

impl Length {
    pub const FULL: Self = Self {
        banks: &[("timgm6mb", corpus::TIMGM6MB)],
        songs: &["chemistry_lab"],
        seconds: 30,
        rounds: 5,
    };
    pub const QUICK: Self = Self {
        banks: &[("timgm6mb", corpus::TIMGM6MB)],
        songs: &["chemistry_lab"],
        seconds: 20,
        rounds: 3,
    };
}

/// Measures and prints.
pub fn compare(length: &Length) -> Result<()> {
    measure::stay_on_one_processor();
    let pieces = corpus::openmsx().map_err(|why| anyhow!(why))?;
    for (name, file) in length.banks {
        let bank = Bank::open(name, file)?;
        for piece in pieces
            .iter()
            .filter(|piece| length.songs.iter().any(|name| piece.name.starts_with(name)))
        {
            let passage = Passage::densest(&piece.bytes, length.seconds)?;
            let mut race = Race::new(&passage);
            for make in engines::all() {
                if matches!(make.setting, "linear" | "sinc8" | "4thorder")
                    && matches!(make.engine, "arioso" | "fluidsynth")
                {
                    race.enter(make, (make.load)(make.setting, &bank, Effects::default())?);
                }
            }
            for _ in 0..length.rounds {
                race.round();
            }
            println!(
                "{} from {} s, {} s, {}, dry, {RATE} Hz: ms per second",
                piece.name,
                passage.from,
                passage.seconds(),
                bank.name
            );
            for runner in &race.runners {
                println!(
                    "{:<11} {:<9} {:>7.3} ms, {:>5.1} voices",
                    runner.make.engine,
                    runner.make.setting,
                    runner.ms_per_second(),
                    runner.voices
                );
            }
        }
    }
    Ok(())
}
