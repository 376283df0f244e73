// SPDX-License-Identifier: MIT OR Apache-2.0
//! What people play: dense passages of real songs with real banks, the same messages at the same frames to every engine.
//!
//! | module | holds |
//! |---|---|
//! | [`race`] | engines that play a passage side by side, second by second |
//! | [`rows`] | what came out, its ratios, its table |

pub mod race;
pub mod rows;

use crate::engines::{self, Make};
use crate::image::{self, SongImage};
use crate::limit::{self, Limits};
use anyhow::{Context, Result};
use arioso_count::engine::AVX2;
use arioso_count::parts::{self, Parts, SETTINGS};
use arioso_count::songs::{Bank, Extent, Passage};
use race::{Player, Race};
use rows::Row;
use std::time::Instant;

/// Whom songs are measured with, besides ours.
const PEERS: [(&str, &str); 5] = [
    ("fluidsynth", "linear"),
    ("fluidsynth", "4thorder"),
    ("oxisynth", "Linear"),
    ("oxisynth", "FourthOrder"),
    ("rustysynth", "linear"),
];

fn takes_part(make: &Make) -> bool {
    if make.is_peer() {
        PEERS.contains(&(make.engine, make.setting))
    } else {
        SETTINGS.contains(&make.setting)
    }
}

/// Measures; prints each song's rows as they come.
pub fn measure(extent: &Extent, limits: &mut Limits) -> Result<Vec<Row>> {
    let parts = parts()?;
    let all = extent.banks.len() * extent.effects.len() * extent.songs.len();
    let begin = Instant::now();
    let mut done = 0;
    let mut rows = Vec::new();
    println!("\n{}", rows::heading());
    for bank in extent.banks {
        let bank = Bank::open(*bank)?;
        let mut images = images(extent, &bank)?;
        for &effects in extent.effects {
            let mut race = Race::default();
            for make in engines::all().into_iter().filter(takes_part) {
                let engine = (make.load)(make.setting, &bank, effects)
                    .with_context(|| format!("{} {}", make.engine, make.setting))?;
                race.enter(make.engine, make.setting, Player::Library(engine));
            }
            for (setting, image) in images.drain(..) {
                race.enter(image::NAME, setting, Player::Image(image));
            }
            for song in extent.songs {
                let passage = Passage::of(song, extent.seconds)?;
                race.clear();
                for _ in 0..extent.rounds {
                    race.round(&passage, effects, limits)?;
                }
                let mut found = race.rows(&passage, bank.name, effects);
                rows::compare(&mut found);
                rows::hold_against(&mut found, limits);
                rows::divide(&mut found, &parts);
                done += 1;
                eprintln!("[{done}/{all}] {:.0} s", begin.elapsed().as_secs_f64());
                print!("{}", rows::table(&found));
                rows.extend(found);
            }
            images = race.images();
        }
        for (_, image) in images {
            image.finish()?;
        }
    }
    // Kernels may have become faster since.
    rows::hold_against(&mut rows, limits);
    print!("\n{}{}", rows::summary(&rows), limit::table(&limits.rows()));
    Ok(rows)
}

/// The image with a bank, in each of the settings; none if it has not been built.
fn images(extent: &Extent, bank: &Bank) -> Result<Vec<(&'static str, SongImage)>> {
    if !extent.image || !image::path().is_file() {
        return Ok(Vec::new());
    }
    let file = crate::scratch_file(&format!("{}.dls", bank.name), &bank.dls)?;
    let start = |setting| Ok((setting, SongImage::start(setting, &file)?));
    // The image takes AVX2 where it is.
    let settings = SETTINGS
        .into_iter()
        .filter(|setting| !setting.ends_with(AVX2));
    settings.map(start).collect()
}

/// What `arioso-count parts` has left.
fn parts() -> Result<Vec<Parts>> {
    match std::fs::read(crate::output_dir()?.join(parts::FILE)) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
        Err(_) => Ok(Vec::new()),
    }
}
