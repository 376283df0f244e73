// SPDX-License-Identifier: MIT OR Apache-2.0
//! Programs 32–39: basses.

use super::fit::Voice;
use super::patch::{Program, layer, program, twins};
use crate::dls::Wave;
use crate::tone::{Partial, Tone, comb, harmonics};
use libm::{exp, pow};

const NECK: &[u8] = &[31, 47];

pub fn family() -> Vec<Program> {
    let saw = || layer("bass saw", saw_wave, NECK).env(0.002, 8.0, 96.0, 0.35);
    vec![
        program(
            32,
            "Acoustic Bass",
            vec![
                layer("upright", upright, NECK)
                    .dying(9.0, 2.5, 0.5)
                    .filter(500.0, 0.0, 2400.0),
            ],
        ),
        program(
            33,
            "Fingered Bass",
            vec![
                layer("finger bass", finger, NECK)
                    .dying(17.0, 2.5, 0.45)
                    .filter(650.0, 0.0, 2600.0),
            ],
        ),
        program(
            34,
            "Picked Bass",
            vec![
                layer("pick bass", pick, NECK)
                    .dying(17.0, 2.5, 0.45)
                    .filter(1300.0, 2.0, 2800.0),
            ],
        ),
        program(
            35,
            "Fretless Bass",
            vec![
                layer("fretless", fretless, NECK)
                    .env(0.012, 30.0, 18.0, 0.5)
                    .filter(700.0, 3.0, 1400.0)
                    .sweep(700.0, 0.08, 1.0, 40.0, 0.5)
                    .vibrato(4.8, 9.0, 0.3),
            ],
        ),
        program(
            36,
            "Slap Bass 1",
            vec![
                layer("slap", slap, NECK)
                    .dying(14.0, 2.5, 0.3)
                    .filter(1500.0, 3.0, 3600.0),
            ],
        ),
        program(
            37,
            "Slap Bass 2",
            vec![
                layer("pop", pop, NECK)
                    .dying(12.0, 2.5, 0.3)
                    .filter(1300.0, 4.0, 3000.0)
                    .sweep(2400.0, 0.0, 0.35, 0.0, 0.2),
            ],
        ),
        program(
            38,
            "Synth Bass 1",
            vec![
                saw()
                    .filter(900.0, 7.0, 1600.0)
                    .sweep(3000.0, 0.0, 0.7, 8.0, 0.3),
            ],
        ),
        program(
            39,
            "Synth Bass 2",
            twins(
                layer("bass square", square_wave, NECK)
                    .env(0.002, 24.0, 14.0, 0.35)
                    .filter(400.0, 4.0, 2000.0)
                    .sweep(1800.0, 0.0, 1.0, 0.0, 0.3),
                9.0,
                6.0,
            ),
        ),
    ]
}

fn string(pluck: f64, tilt: f64, dark: f64, keep: f64) -> Vec<Partial> {
    (1..=40)
        .map(|n| {
            let n = f64::from(n);
            Partial::fading(
                n * (1.0 + 0.00006 * n * n).sqrt(),
                comb(n, pluck) * pow(n, -tilt) * exp(-n / dark),
                keep * exp(-n / 11.0),
                0.25 / (1.0 + n * 0.1),
            )
        })
        .collect()
}

fn upright(name: &Voice, key: u8) -> Wave {
    Tone::new(string(0.3, 0.75, 6.0, 0.6))
        .rate(16_000)
        .length(0.115, 0.04)
        .burst(0.2, 0.012, 80.0, 1200.0)
        .render(name, key)
}

fn finger(name: &Voice, key: u8) -> Wave {
    Tone::new(string(0.24, 0.75, 9.0, 0.65))
        .rate(16_000)
        .length(0.072, 0.04)
        .burst(0.08, 0.008, 150.0, 2000.0)
        .render(name, key)
}

fn pick(name: &Voice, key: u8) -> Wave {
    Tone::new(string(0.12, 0.6, 16.0, 0.6))
        .length(0.079, 0.04)
        .burst(0.3, 0.004, 1000.0, 5000.0)
        .render(name, key)
}

fn fretless(name: &Voice, key: u8) -> Wave {
    let partials = harmonics(16, |n| pow(n, -1.05) * exp(-n / 8.0))
        .into_iter()
        .map(|p| p.rising(0.02))
        .collect();
    Tone::new(partials)
        .rate(16_000)
        .length(0.058, 0.04)
        .render(name, key)
}

fn slap(name: &Voice, key: u8) -> Wave {
    Tone::new(string(0.09, 0.7, 22.0, 0.6))
        .length(0.079, 0.04)
        .burst(0.3, 0.004, 1500.0, 8000.0)
        .render(name, key)
}

fn pop(name: &Voice, key: u8) -> Wave {
    Tone::new(string(0.07, 0.65, 26.0, 0.6))
        .length(0.072, 0.04)
        .burst(0.25, 0.003, 2000.0, 9000.0)
        .render(name, key)
}

fn saw_wave(name: &Voice, key: u8) -> Wave {
    Tone::new(harmonics(80, |n| 1.0 / n))
        .length(0.001, 0.024)
        .render(name, key)
}

fn square_wave(name: &Voice, key: u8) -> Wave {
    Tone::new(harmonics(80, |n| {
        if n as u32 % 2 == 1 { 1.0 / n } else { 0.25 / n }
    }))
    .length(0.001, 0.024)
    .render(name, key)
}
