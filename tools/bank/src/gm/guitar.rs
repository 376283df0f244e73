// SPDX-License-Identifier: MIT OR Apache-2.0
//! Programs 24–31: guitars.

use super::fit::Voice;
use super::patch::{Layer, Program, layer, program, twins};
use crate::dls::Wave;
use crate::tone::{Ensemble, Partial, Tone, comb, harmonics};
use libm::{exp, pow, sqrt};

const FRETS: &[u8] = &[43, 57, 72];

pub fn family() -> Vec<Program> {
    let clean = || layer("clean guitar", clean_wave, FRETS);
    vec![
        program(
            24,
            "Nylon Guitar",
            vec![
                layer("nylon", nylon, FRETS)
                    .dying(13.0, 2.5, 0.9)
                    .filter(900.0, 0.0, 3000.0)
                    .key_cutoff(2400.0),
            ],
        ),
        program(
            25,
            "Steel Guitar",
            vec![
                layer("steel", steel, FRETS)
                    .dying(18.0, 2.5, 0.9)
                    .filter(1700.0, 0.0, 3000.0)
                    .key_cutoff(1800.0),
            ],
        ),
        program(
            26,
            "Jazz Guitar",
            vec![
                layer("jazz guitar", jazz, FRETS)
                    .dying(15.0, 2.5, 0.7)
                    .filter(600.0, 0.0, 2600.0)
                    .key_cutoff(2400.0),
            ],
        ),
        program(
            27,
            "Clean Electric Guitar",
            twins(clean().dying(22.0, 3.0, 0.7), 5.0, 15.0),
        ),
        program(
            28,
            "Muted Guitar",
            vec![
                layer("muted guitar", muted, FRETS)
                    .dying(2.4, 3.0, 0.4)
                    .filter(500.0, 3.0, 3600.0),
            ],
        ),
        program(
            29,
            "Overdriven Guitar",
            vec![
                layer("overdrive", overdrive, FRETS)
                    .env(0.002, 40.0, 14.0, 0.5)
                    .vibrato(5.2, 7.0, 0.6),
            ],
        ),
        program(30, "Distortion Guitar", distortion()),
        program(
            31,
            "Guitar Harmonics",
            vec![layer("flageolet", flageolet, &[45, 62, 79]).dying(14.0, 2.5, 1.5)],
        ),
    ]
}

fn distortion() -> Vec<Layer> {
    let near = layer("distortion", distorted, &[47, 67])
        .env(0.002, 60.0, 10.0, 0.5)
        .filter(3400.0, 3.0, 1200.0)
        .vibrato(5.0, 6.0, 0.7);
    twins(near, 9.0, 12.0)
}

/// A plucked string: `pluck` where, `tilt` how dark, `keep` how much stays after the first moments.
fn string(pluck: f64, tilt: f64, dark: f64, keep: f64, stiffness: f64) -> Vec<Partial> {
    (1..=40)
        .map(|n| {
            let n = f64::from(n);
            let level = comb(n, pluck) * pow(n, -tilt) * exp(-n / dark);
            Partial::fading(
                n * sqrt(1.0 + stiffness * n * n),
                level,
                keep * exp(-n / 9.0),
                0.28 / (1.0 + n * 0.12),
            )
        })
        .collect()
}

fn nylon(name: &Voice, key: u8) -> Wave {
    Tone::new(string(0.28, 0.8, 9.0, 0.55, 0.00008))
        .length(0.122, 0.024)
        .burst(0.25, 0.006, 120.0, 1500.0)
        .render(name, key)
}

fn steel(name: &Voice, key: u8) -> Wave {
    Tone::new(string(0.16, 0.6, 18.0, 0.5, 0.0002))
        .length(0.13, 0.028)
        .burst(0.35, 0.004, 1000.0, 7000.0)
        .render(name, key)
}

fn jazz(name: &Voice, key: u8) -> Wave {
    Tone::new(string(0.35, 0.95, 7.0, 0.6, 0.0001))
        .length(0.094, 0.024)
        .burst(0.1, 0.005, 200.0, 1500.0)
        .render(name, key)
}

fn clean_wave(name: &Voice, key: u8) -> Wave {
    Tone::new(string(0.22, 0.55, 12.0, 0.55, 0.00015))
        .length(0.101, 0.024)
        .burst(0.15, 0.003, 800.0, 5000.0)
        .render(name, key)
}

fn muted(name: &Voice, key: u8) -> Wave {
    Tone::new(string(0.2, 0.6, 10.0, 0.2, 0.0001))
        .length(0.05, 0.02)
        .burst(0.2, 0.006, 300.0, 3500.0)
        .render(name, key)
}

fn flageolet(name: &Voice, key: u8) -> Wave {
    let mut partials = vec![
        Partial::fading(2.0, 1.0, 0.7, 0.2),
        Partial::fading(4.0, 0.45, 0.3, 0.15),
    ];
    partials.extend([
        Partial::fading(6.0, 0.2, 0.1, 0.1),
        Partial::fading(8.0, 0.12, 0.05, 0.06),
        Partial::fading(1.0, 0.15, 0.0, 0.05),
        Partial::fading(10.0, 0.1, 0.05, 0.06),
        Partial::fading(12.0, 0.08, 0.05, 0.05),
        Partial::fading(16.0, 0.06, 0.05, 0.04),
        Partial::fading(20.0, 0.05, 0.05, 0.03),
    ]);
    Tone::new(partials)
        .length(0.079, 0.015)
        .burst(0.2, 0.004, 1500.0, 7000.0)
        .render(name, key)
}

/// The spectrum of a string through a soft clipper: slow fall, then the speaker's edge.
fn overdrive(name: &Voice, key: u8) -> Wave {
    let hertz = crate::dsp::key_hertz(f64::from(key));
    let partials = harmonics(60, |n| {
        pow(n, -0.85) * (0.35 + comb(n, 0.3)) / (1.0 + pow(n * hertz / 3600.0, 4.0))
    });
    let partials = partials
        .into_iter()
        .enumerate()
        .map(|(i, p)| Partial {
            phase: (i * i) as f64 * 0.11,
            ..p
        })
        .collect();
    Tone::new(partials)
        .length(0.043, 0.024)
        .burst(0.3, 0.008, 800.0, 4000.0)
        .render(name, key)
}

/// As overdriven, harder, with the slow swirl of a string that is never at rest.
fn distorted(name: &Voice, key: u8) -> Wave {
    let hertz = crate::dsp::key_hertz(f64::from(key));
    let partials = (1..=60)
        .map(f64::from)
        .map(|n| {
            (
                n,
                pow(n, -0.55) * (0.5 + comb(n, 0.17)) / (1.0 + pow(n * hertz / 4300.0, 4.0)),
            )
        })
        .collect();
    Ensemble::new(1.5, partials)
        .size(22_050, 8192)
        .noise(0.01)
        .render(name, key)
}
