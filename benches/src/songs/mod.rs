// SPDX-License-Identifier: MIT OR Apache-2.0
//! What people play: dense passages of real songs with real banks, the same messages at the same frames to every engine.
//!
//! | module | holds |
//! |---|---|
//! | [`race`] | engines that play a passage side by side, second by second |
//! | [`rows`] | what came out, its ratios, its table |

mod race;
pub mod rows;

use crate::engines::{self, Make};
use crate::limit::Limits;
use anyhow::{Context, Result};
use arioso_count::engine::Effects;
use arioso_count::songs::{Bank, FLUID_R3, Passage, TIMGM6MB};
use race::Race;
use rows::Row;

const DRY: Effects = Effects {
    reverb: false,
    chorus: false,
};
const WET: Effects = Effects {
    reverb: true,
    chorus: true,
};

/// What takes part: engine and setting.
const SETTINGS: [(&str, &str); 9] = [
    ("arioso", "linear"),
    ("arioso", "linear+avx2"),
    ("arioso", "sinc8"),
    ("arioso", "sinc8+avx2"),
    ("fluidsynth", "linear"),
    ("fluidsynth", "4thorder"),
    ("oxisynth", "Linear"),
    ("oxisynth", "FourthOrder"),
    ("rustysynth", "linear"),
];

/// How much is measured.
pub struct Extent {
    banks: &'static [(&'static str, &'static str)],
    songs: &'static [&'static str],
    effects: &'static [Effects],
    seconds: usize,
    rounds: usize,
    settings: &'static [(&'static str, &'static str)],
    image: bool,
}

impl Extent {
    pub const FULL: Self = Self {
        banks: &[TIMGM6MB, FLUID_R3],
        songs: &SONGS,
        effects: &[DRY, WET],
        seconds: 20,
        rounds: 3,
        settings: &SETTINGS,
        image: true,
    };
    pub const QUICK: Self = Self {
        banks: &[TIMGM6MB],
        songs: &["chemistry_lab", "5432gone"],
        effects: &[DRY],
        seconds: 20,
        rounds: 3,
        settings: &SETTINGS,
        image: false,
    };
}

/// Dense ones of OpenMSX and Freedoom: the beginnings of their names.
const SONGS: [&str; 2] = ["chemistry_lab", "5432gone"];

fn takes_part(make: &Make, extent: &Extent) -> bool {
    extent.settings.contains(&(make.engine, make.setting))
}

/// Measures; prints each song's rows as they come.
pub fn measure(extent: &Extent, limits: &Limits) -> Result<Vec<Row>> {
    let all = extent.banks.len() * extent.effects.len() * extent.songs.len();
    let mut done = 0;
    let mut rows = Vec::new();
    println!("{}", rows::heading());
    for bank in extent.banks {
        let bank = Bank::open(*bank)?;
        for &effects in extent.effects {
            let mut race = Race::default();
            for make in engines::all()
                .into_iter()
                .filter(|make| takes_part(make, extent))
            {
                let engine = (make.load)(make.setting, &bank, effects)
                    .with_context(|| format!("{} {}", make.engine, make.setting))?;
                race.enter(make, engine);
            }
            for song in extent.songs {
                let passage = Passage::of(song, extent.seconds)?;
                race.listen(&passage)?;
                for _ in 0..extent.rounds {
                    race.round(&passage)?;
                }
                let mut found = race.rows(&passage, bank.name, effects);
                rows::compare(&mut found, limits);
                done += 1;
                println!("[{done}/{all}]");
                print!("{}", rows::table(&found));
                rows.extend(found);
            }
        }
    }
    println!("{}", rows::summary(&rows));
    Ok(rows)
}
