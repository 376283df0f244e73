// SPDX-License-Identifier: MIT OR Apache-2.0
//! Programs 112–127: pitched percussion and sound effects.

use super::drums::{self, one_shot};
use super::fit::Voice;
use super::patch::{Layer, Program, layer, program, twins};
use crate::dls::Wave;
use crate::dsp::{Biquad, Random, from_spectrum, key_hertz, sine};
use crate::tone::{Partial, Tone, finish, noise_band};
use libm::exp;

pub fn family() -> Vec<Program> {
    let shot = |l: Layer| l.env(0.0, 8.0, 96.0, 8.0);
    vec![
        program(
            112,
            "Tinkle Bell",
            vec![layer("tinkle bell", tinkle, &[72, 88]).dying(9.0, 3.0, 6.0)],
        ),
        program(
            113,
            "Agogo",
            vec![layer("agogo tone", agogo, &[60, 76]).dying(3.5, 3.0, 2.5)],
        ),
        program(
            114,
            "Steel Drums",
            vec![layer("steel drum", steel, &[55, 72]).dying(8.0, 2.5, 2.0)],
        ),
        program(
            115,
            "Woodblock",
            vec![shot(
                layer("wood", drums::wood, &[60]).tune(-1935.0).follow(0.3),
            )],
        ),
        program(
            116,
            "Taiko Drum",
            vec![shot(layer("taiko", drums::taiko, &[60]).tune(1200.0))],
        ),
        program(
            117,
            "Melodic Tom",
            vec![shot(layer("tom", drums::tom, &[60]).tune(1300.0))],
        ),
        program(
            118,
            "Synth Drum",
            vec![shot(
                layer("synth drum", drums::synth_drum, &[55]).follow(0.25),
            )],
        ),
        program(
            119,
            "Reverse Cymbal",
            vec![layer("cymbal", drums::cymbal, &[60]).env(1.6, 0.4, 96.0, 0.4)],
        ),
    ]
}

pub fn sounds() -> Vec<Program> {
    let shot = |l: Layer| l.env(0.0, 8.0, 96.0, 8.0);
    let noise = || layer("surf", surf, &[60]).follow(0.3);
    vec![
        program(
            120,
            "Guitar Fret Noise",
            vec![shot(layer("fret noise", fret, &[60]).follow(0.5))],
        ),
        program(
            121,
            "Breath Noise",
            vec![
                noise()
                    .env(0.08, 1.5, 96.0, 1.0)
                    .filter(3000.0, 3.0, 1200.0),
            ],
        ),
        program(
            122,
            "Seashore",
            twins(
                noise()
                    .env(1.8, 12.0, 20.0, 6.0)
                    .filter(1800.0, 0.0, 1200.0)
                    .sweep(1800.0, 2.5, 6.0, 30.0, 4.0),
                300.0,
                40.0,
            ),
        ),
        program(
            123,
            "Bird Tweet",
            vec![
                layer("bird", bird, &[72])
                    .env(0.0, 4.0, 96.0, 0.8)
                    .follow(0.15),
            ],
        ),
        program(
            124,
            "Telephone Ring",
            vec![
                layer("telephone", telephone, &[36, 44, 52, 60, 68, 76, 84])
                    .env(0.0, 0.0, 0.0, 1.2)
                    .tremolo(13.0, 10.0, 0.01)
                    .gain(-8.0),
            ],
        ),
        program(
            125,
            "Helicopter",
            vec![
                layer("helicopter", helicopter, &[60])
                    .env(0.3, 0.0, 0.0, 3.0)
                    .follow(0.1),
            ],
        ),
        program(
            126,
            "Applause",
            twins(
                layer("applause", applause, &[60]).env(0.4, 0.0, 0.0, 4.0),
                180.0,
                40.0,
            ),
        ),
        program(127, "Gunshot", vec![shot(layer("gunshot", gunshot, &[60]))]),
    ]
}

fn modes(set: &[(f64, f64, f64, f64)]) -> Tone {
    Tone::new(
        set.iter()
            .map(|&(ratio, level, keep, decay)| Partial::fading(ratio, level, keep, decay))
            .collect(),
    )
}

fn tinkle(name: &Voice, key: u8) -> Wave {
    modes(&[
        (1.0, 0.6, 0.6, 0.2),
        (2.41, 1.0, 0.3, 0.2),
        (3.93, 0.5, 0.1, 0.1),
        (5.2, 0.5, 0.05, 0.08),
        (8.9, 0.3, 0.05, 0.06),
        (13.3, 0.2, 0.05, 0.05),
    ])
    .rate(32_000)
    .length(0.2, 0.024)
    .render(name, key)
}

fn agogo(name: &Voice, key: u8) -> Wave {
    modes(&[
        (1.0, 1.0, 0.5, 0.1),
        (1.48, 0.5, 0.3, 0.1),
        (2.7, 0.5, 0.1, 0.05),
        (4.1, 0.4, 0.05, 0.03),
        (6.3, 0.3, 0.05, 0.03),
        (8.8, 0.2, 0.05, 0.02),
        (12.1, 0.2, 0.05, 0.02),
    ])
    .rate(32_000)
    .length(0.15, 0.024)
    .burst(0.3, 0.003, 2000.0, 9000.0)
    .render(name, key)
}

fn steel(name: &Voice, key: u8) -> Wave {
    let mut tone = modes(&[
        (1.0, 1.0, 0.6, 0.2),
        (2.0, 0.7, 0.35, 0.2),
        (3.0, 0.35, 0.15, 0.12),
        (4.03, 0.25, 0.06, 0.08),
        (5.1, 0.15, 0.02, 0.05),
        (6.2, 0.1, 0.02, 0.03),
        (8.3, 0.08, 0.02, 0.03),
        (11.1, 0.05, 0.02, 0.03),
    ]);
    for partial in &mut tone.partials[1..4] {
        partial.rise = 0.025;
    }
    tone.length(0.15, 0.024)
        .burst(0.3, 0.006, 500.0, 4000.0)
        .render(name, key)
}

fn fret(name: &Voice, key: u8) -> Wave {
    let mut random = Random::named(name);
    let mut noise = noise_band(22_050.0, 800.0, 6000.0, &mut random);
    let mut squeak = Biquad::band_pass(22_050.0, 2600.0, 6.0);
    one_shot(name, key, 22_050, 0.18, |t| {
        let n = noise();
        (0.3 * n + squeak.run(n) * 1.5) * (t / 0.03).min(1.0) * exp(-t / 0.06)
    })
}

/// Half a second of noise that falls by 3 dB per octave.
fn surf(name: &Voice, key: u8) -> Wave {
    let mut random = Random::named(name);
    let bins: Vec<(f64, f64)> = (0..8192)
        .map(|k| (1.0 / libm::sqrt(f64::from(k).max(8.0)), random.unit()))
        .collect();
    finish(
        name,
        32_000,
        from_spectrum(16_384, &bins),
        key,
        0.0,
        Some((0, 16_384)),
    )
}

fn bird(name: &Voice, key: u8) -> Wave {
    let mut phase = 0.0;
    let length = 11_025;
    let frames = (0..length).map(|i| {
        let t = f64::from(i) / 22_050.0;
        let chirp = (t * 8.0) % 1.0;
        let hertz = 3600.0 + 2000.0 * sine(chirp * 0.5) + 400.0 * sine(t * 37.0);
        phase += hertz / 22_050.0;
        let open = if chirp < 0.55 { sine(chirp / 1.1) } else { 0.0 };
        let gap = if t < 0.4 { 1.0 } else { 0.0 };
        sine(phase) * open * open * gap
    });
    let frames: Vec<f64> = frames.collect();
    finish(name, 22_050, frames, key, 0.0, Some((0, length as usize)))
}

/// Two gongs and their overtones, at the same frequencies on all keys.
fn telephone(name: &Voice, key: u8) -> Wave {
    const GONGS: [(f64, f64); 9] = [
        (1350.0, 0.4),
        (1500.0, 0.3),
        (2480.0, 0.6),
        (3300.0, 1.0),
        (4150.0, 0.8),
        (5300.0, 0.8),
        (6700.0, 0.6),
        (8200.0, 0.4),
        (9700.0, 0.3),
    ];
    let hertz = key_hertz(f64::from(key));
    let partials = GONGS.map(|(gong, level)| Partial::steady(gong / hertz, level));
    Tone::new(partials.to_vec())
        .length(0.01, 0.1)
        .burst(0.3, 0.003, 2000.0, 9000.0)
        .render(name, key)
}

fn helicopter(name: &Voice, key: u8) -> Wave {
    let mut random = Random::named(name);
    let mut noise = noise_band(16_000.0, 60.0, 3500.0, &mut random);
    let length = 5700;
    let frames: Vec<f64> = (0..length)
        .map(|i| {
            let turn = f64::from(i * 4 % length) / f64::from(length);
            let blade = exp(-turn * 6.0) * (1.0 - exp(-turn * 60.0));
            noise() * (blade + 0.12) + 0.5 * blade * sine(turn * 5.0)
        })
        .collect();
    finish(name, 16_000, frames, key, 0.0, Some((0, length as usize)))
}

fn applause(name: &Voice, key: u8) -> Wave {
    let mut random = Random::named(name);
    let length = 8192usize;
    let mut frames = vec![0.0; length];
    for _ in 0..150 {
        let at = (random.unit() * length as f64) as usize;
        let loud = 0.2 + random.unit();
        let mut clap = Biquad::band_pass(16_000.0, 900.0 + 1400.0 * random.unit(), 1.6);
        for i in 0..300 {
            // Over the seam: the loop is a ring.
            frames[(at + i) % length] += loud * clap.run(random.signed()) * exp(-(i as f64) / 65.0);
        }
    }
    finish(name, 16_000, frames, key, 0.0, Some((0, length)))
}

fn gunshot(name: &Voice, key: u8) -> Wave {
    let mut random = Random::named(name);
    let mut noise = noise_band(22_050.0, 40.0, 9000.0, &mut random);
    let mut rumble = Biquad::low_pass(22_050.0, 400.0, 0.8);
    one_shot(name, key, 22_050, 1.0, |t| {
        let n = noise();
        n * exp(-t / 0.02) * 2.0 + n * 0.4 * exp(-t / 0.25) + rumble.run(n) * 2.5 * exp(-t / 0.4)
    })
}
