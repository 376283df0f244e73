// SPDX-License-Identifier: MIT OR Apache-2.0
//! The fit: what the bands of a program lack against the other bank's goes into its colour, the rest into gain, attack and decay.

use super::Peer;
use super::features::{DRUMS, Engine, Features, KEYS, LEVEL, SILENT, Shape, USUAL};
use arioso_bank::gm;
use arioso_bank::gm::fit::{BANDS, Bands, Fit, KIT, Row};
use std::error::Error;
use std::fs;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/gm/fit.tsv");

const HEAD: &str = "Made by `cargo run --release -p arioso-bank --example timbre -- fit`.\n\
    program (128: kit), key, gain dB, attack ms, decay octaves, colour of nine octave bands from 62.5 Hz on early and late, dB";

/// Bands this far below the loudest do not count, dB.
const FLOOR: f64 = 54.0;
/// Part of a difference that is made up in one step, and the most in dB.
const STEP: f64 = 0.7;
const MOST_STEP: f64 = 8.0;
/// Limits of the numbers: dB, octaves, seconds.
const LEAST_COLOUR: f64 = -30.0;
const MOST_COLOUR: f64 = 18.0;
/// How far a band may rise after its beginning, dB.
const MOST_RISE: f64 = 12.0;
const MOST_GAIN: f64 = 18.0;
const MOST_DECAY: f64 = 2.5;
const MOST_ATTACK: f64 = 1.0;

pub fn fit(peer: &mut Peer, times: usize) -> Result<(), Box<dyn Error>> {
    let programs = (0..128u8).flat_map(|program| KEYS.map(|key| (program, key)));
    let targets: Vec<_> = programs
        .chain(DRUMS.map(|key| (KIT, key)))
        .map(|(program, key)| {
            let note = peer.note(program, key, USUAL);
            ((program, key), Features::of(&note), Shape::of(&note))
        })
        .filter(|(_, features, _)| features.loudness > SILENT)
        .collect();
    let mut fit = Fit::parse(&fs::read_to_string(FILE)?).ok_or("fit.tsv cannot be read")?;
    for _ in 0..times {
        let engine = Engine::new(&gm::bank_with(&fit).to_bytes());
        let mut wrong = 0.0;
        for ((program, key), theirs, target) in &targets {
            let note = engine.note(*program, *key, USUAL);
            let row = fit.0.entry((*program, *key)).or_default();
            wrong += moved(
                row,
                (&Features::of(&note), &Shape::of(&note)),
                (theirs, target),
            );
        }
        println!("bands are off by {:.2} dB", wrong / targets.len() as f64);
    }
    Ok(fs::write(FILE, fit.to_text(HEAD))?)
}

/// Moves a row; returns the mean difference of its bands.
fn moved(row: &mut Row, ours: (&Features, &Shape), theirs: (&Features, &Shape)) -> f64 {
    let step = |difference: f64| (difference * STEP).clamp(-MOST_STEP, MOST_STEP);
    let loud = theirs.0.loudness + LEVEL - ours.0.loudness;
    row.gain = (row.gain + step(loud)).clamp(-MOST_GAIN, MOST_GAIN);
    let slower = (theirs.0.attack - ours.0.attack) / 1000.0;
    row.attack = (row.attack + slower).clamp(-MOST_ATTACK, MOST_ATTACK);
    let (fall, wanted) = (ours.0.decay + 1.0, theirs.0.decay + 1.0);
    let octaves = (fall / wanted).log2().clamp(-1.0, 1.0);
    row.decay = (row.decay + STEP * octaves).clamp(-MOST_DECAY, MOST_DECAY);
    let early = bend(
        &mut row.colour.early,
        &ours.1.early,
        &theirs.1.early,
        LEVEL,
        loud,
    );
    let late = bend(
        &mut row.colour.late,
        &ours.1.late,
        &theirs.1.late,
        LEVEL,
        loud,
    );
    // What is louder as a whole is the gain's affair: the colour leaves the loudest band as it is.
    let loudest = (0..BANDS).max_by(|&a, &b| theirs.1.early[a].total_cmp(&theirs.1.early[b]));
    let shift = row.colour.early[loudest.unwrap_or(0)];
    for bands in [&mut row.colour.early, &mut row.colour.late] {
        bands
            .iter_mut()
            .for_each(|band| *band = (*band - shift).clamp(LEAST_COLOUR, MOST_COLOUR));
    }
    for (late, early) in row.colour.late.iter_mut().zip(&row.colour.early) {
        *late = late.min(early + MOST_RISE);
    }
    0.5 * (early + late)
}

/// Moves the colour of bands towards another's levels, `loud` apart from what the gain takes.
fn bend(colour: &mut Bands, ours: &Bands, theirs: &Bands, level: f64, loud: f64) -> f64 {
    let most = |bands: &Bands| bands.iter().fold(f64::MIN, |a, &b| a.max(b));
    let (ours_most, theirs_most) = (most(ours), most(theirs));
    let mut sum = 0.0;
    let mut counted = 0.0;
    for i in 0..BANDS {
        let floor = theirs_most - FLOOR;
        let (a, b) = (ours[i].max(ours_most - FLOOR), theirs[i].max(floor));
        let difference = b + level - a - loud;
        if theirs[i] <= floor && ours[i] <= ours_most - FLOOR {
            continue;
        }
        sum += difference.abs();
        counted += 1.0;
        let by = (difference * STEP).clamp(-MOST_STEP, MOST_STEP);
        colour[i] = (colour[i] + by).clamp(LEAST_COLOUR, MOST_COLOUR);
    }
    sum / f64::max(counted, 1.0)
}
