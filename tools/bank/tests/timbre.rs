// SPDX-License-Identifier: MIT OR Apache-2.0
//! The built-in bank beside `fluid-soundfont-gm`: loudness, attack, decay at half a second and centroid of every program and of the kit.
//!
//! `timbre.tsv` holds the figures of that bank through FluidSynth; `cargo run --release -p arioso-bank --example timbre -- measure
//! /usr/share/sounds/sf2/FluidR3_GM.sf2` measures them again. The distances are stated in `docs/bank.md`.

#[path = "../examples/timbre/features.rs"]
#[allow(dead_code)]
mod features;

use arioso_bank::gm::fit::KIT;
use features::{Engine, Features, LEVEL, SILENT, read};
use std::collections::BTreeMap;

/// How far apart two notes are.
#[derive(Clone, Copy, Debug, Default)]
struct Distance {
    /// dB, octaves of (20 ms + attack), dB, octaves.
    of: [f64; 4],
}

const NAMES: [&str; 4] = ["loudness", "attack", "decay", "centroid"];
/// Mean over the notes of a program: dB, octaves, dB, octaves.
const PROGRAM: [f64; 4] = [3.5, 1.6, 9.0, 0.95];
/// A key of the kit.
const DRUM: [f64; 4] = [2.0, 1.1, 10.0, 1.05];
/// Median over programs, and over the kit.
const MEDIAN: [f64; 4] = [0.5, 0.2, 2.5, 0.4];

/// Programs that differ on purpose or are not reached, with their own limits.
const OTHERS: [(u8, [f64; 4]); 7] = [
    // Guitar harmonics, agogo: fewer high partials; chords of the former have to stay below full scale.
    (31, [4.0, 1.6, 9.0, 1.1]),
    (113, [3.5, 1.6, 9.0, 1.1]),
    // Synth bass 1: its filter takes what the other bank's has.
    (38, [7.0, 1.6, 9.0, 0.95]),
    // Brightness, fret noise: theirs begins later.
    (100, [3.5, 2.0, 9.0, 0.95]),
    (120, [3.5, 2.7, 9.0, 0.95]),
    // Taiko, bird: theirs is shorter on some keys, longer on others.
    (116, [3.5, 1.6, 17.5, 0.95]),
    (123, [3.5, 1.6, 17.5, 0.95]),
];
const OTHER_DRUMS: [(u8, [f64; 4]); 11] = [
    // Side stick, low conga, long guiro: theirs ends at once.
    (37, [2.0, 1.1, 17.5, 1.05]),
    (63, [2.0, 1.1, 13.0, 1.05]),
    (74, [2.0, 1.1, 18.0, 1.05]),
    // Toms, bongos, triangles: their one wave is brighter or darker.
    (45, [2.0, 1.1, 10.0, 1.9]),
    (47, [2.0, 1.1, 10.0, 1.9]),
    (48, [2.0, 1.1, 10.0, 1.9]),
    (50, [2.0, 1.1, 10.0, 1.9]),
    (60, [2.0, 1.1, 10.0, 1.7]),
    (61, [2.0, 1.1, 10.0, 1.4]),
    (80, [2.0, 1.1, 10.0, 1.7]),
    (81, [2.0, 1.1, 10.0, 1.6]),
];

impl Distance {
    fn between(ours: &Features, theirs: &Features) -> Self {
        let octaves = |a: f64, b: f64| (a / b).log2().abs();
        Self {
            of: [
                (ours.loudness - theirs.loudness - LEVEL).abs(),
                octaves(ours.attack + 20.0, theirs.attack + 20.0),
                (ours.decay - theirs.decay).abs(),
                octaves(ours.centroid, theirs.centroid),
            ],
        }
    }

    fn mean(all: &[Self]) -> Self {
        let mean = |i: usize| all.iter().map(|d| d.of[i]).sum::<f64>() / all.len() as f64;
        Self {
            of: std::array::from_fn(mean),
        }
    }
}

#[test]
fn programs_are_near_fluid_soundfont_gm() {
    let table = read(include_str!("timbre.tsv"));
    let engine = Engine::new(&arioso_bank::general_midi());
    // Program and, of the kit, key.
    let mut distances: BTreeMap<(u8, u8), Vec<Distance>> = BTreeMap::new();
    for ((program, key, velocity), theirs) in &table {
        if theirs.loudness <= SILENT {
            continue;
        }
        let ours = Features::of(&engine.note(*program, *key, *velocity));
        let sound = (*program, if *program == KIT { *key } else { 0 });
        let all = distances.entry(sound).or_default();
        all.push(Distance::between(&ours, theirs));
    }
    let means: BTreeMap<(u8, u8), Distance> = distances
        .iter()
        .map(|(sound, all)| (*sound, Distance::mean(all)))
        .collect();
    // 128 programs and 47 keys.
    assert_eq!(means.len(), 128 + 47);

    let mut far = Vec::new();
    for (&(program, key), mean) in &means {
        let own = |list: &[(u8, [f64; 4])], number: u8| {
            let found = list.iter().find(|(of, _)| *of == number);
            found.map(|(_, limits)| *limits)
        };
        let limits = match program {
            KIT => own(&OTHER_DRUMS, key).unwrap_or(DRUM),
            program => own(&OTHERS, program).unwrap_or(PROGRAM),
        };
        for (i, name) in NAMES.iter().enumerate() {
            if mean.of[i] > limits[i] {
                far.push(format!(
                    "program {program} key {key}: {name} {:.2}, at most {}",
                    mean.of[i], limits[i]
                ));
            }
        }
    }
    for (i, name) in NAMES.iter().enumerate() {
        let mut all: Vec<f64> = means.values().map(|mean| mean.of[i]).collect();
        all.sort_by(f64::total_cmp);
        let median = all[all.len() / 2];
        println!(
            "{name}: median {median:.2}, worst {:.2}",
            all[all.len() - 1]
        );
        if median > MEDIAN[i] {
            far.push(format!("{name}: median {median:.2}, at most {}", MEDIAN[i]));
        }
    }
    assert!(far.is_empty(), "{}", far.join("\n"));
}

/// Keys 41, 43, 45, 47, 48 and 50: each tom sounds higher than the one before.
#[test]
fn six_toms_have_six_pitches() {
    let engine = Engine::new(&arioso_bank::general_midi());
    let pitches: Vec<f64> = [41, 43, 45, 47, 48, 50]
        .map(|key| lowest_mode(&engine.note(KIT, key, 100)))
        .to_vec();
    for pair in pitches.windows(2) {
        let semitones = 12.0 * (pair[1] / pair[0]).log2();
        assert!((2.0..5.0).contains(&semitones), "Hz: {pitches:?}");
    }
}

/// Frequency of the strongest mode from 0.1 to 0.5 s, 40–400 Hz.
fn lowest_mode(frames: &[[f32; 2]]) -> f64 {
    let rate = f64::from(features::RATE);
    let part = &frames[features::RATE as usize / 10..features::RATE as usize / 2];
    let power = |hertz: f64| {
        let turn = std::f64::consts::TAU * hertz / rate;
        let (mut re, mut im) = (0.0, 0.0);
        for (i, [l, r]) in part.iter().enumerate() {
            let window = 0.5 - 0.5 * (std::f64::consts::TAU * i as f64 / part.len() as f64).cos();
            let (s, c) = (turn * i as f64).sin_cos();
            re += f64::from(l + r) * window * c;
            im += f64::from(l + r) * window * s;
        }
        re * re + im * im
    };
    (40..400)
        .map(f64::from)
        .max_by(|a, b| power(*a).total_cmp(&power(*b)))
        .unwrap_or(0.0)
}
