// SPDX-License-Identifier: MIT OR Apache-2.0
//! Programs 56–63: brass.

use super::fit::Voice;
use super::patch::{Layer, Program, layer, program, twins};
use crate::dls::Wave;
use crate::dsp::key_hertz;
use crate::tone::{Ensemble, Partial, Tone, formants, harmonics};
use libm::pow;

pub fn family() -> Vec<Program> {
    // The lip: brighter as it speaks, brighter the harder it is blown.
    let blown = |l: Layer, hertz: f64| {
        l.env(0.035, 20.0, 3.0, 0.35)
            .velocity_attack(-1200.0)
            .filter(hertz, 0.0, 2600.0)
            .key_cutoff(2400.0)
            .sweep(1400.0, 0.09, 1.5, 55.0, 0.3)
    };
    vec![
        program(
            56,
            "Trumpet",
            vec![blown(layer("trumpet", trumpet, &[55, 67, 79]), 900.0).vibrato(5.3, 6.0, 0.45)],
        ),
        program(
            57,
            "Trombone",
            vec![blown(layer("trombone", trombone, &[41, 53, 65]), 550.0).vibrato(4.9, 5.0, 0.5)],
        ),
        program(
            58,
            "Tuba",
            vec![blown(layer("tuba", tuba, &[31, 43, 55]), 300.0)],
        ),
        program(
            59,
            "Muted Trumpet",
            vec![
                layer("muted trumpet", muted, &[57, 72, 84])
                    .env(0.03, 20.0, 3.0, 0.3)
                    .vibrato(5.3, 6.0, 0.4),
            ],
        ),
        program(
            60,
            "French Horn",
            vec![blown(layer("horn", horn, &[41, 55, 69]), 420.0).env(0.055, 20.0, 2.0, 0.5)],
        ),
        program(
            61,
            "Brass Section",
            section(blown(
                layer("brass section", brass_section, &[50, 69]),
                900.0,
            )),
        ),
        program(
            62,
            "Synth Brass 1",
            twins(
                layer("brass saw", saw, &[40, 56, 72, 88])
                    .env(0.02, 20.0, 4.0, 0.6)
                    .filter(500.0, 4.0, 1800.0)
                    .sweep(2600.0, 0.07, 1.6, 45.0, 0.5),
                12.0,
                22.0,
            ),
        ),
        program(
            63,
            "Synth Brass 2",
            twins(
                layer("brass saw", saw, &[40, 56, 72, 88])
                    .env(0.06, 20.0, 2.0, 1.0)
                    .filter(350.0, 1.0, 1800.0)
                    .sweep(2400.0, 0.25, 3.0, 60.0, 0.8),
                7.0,
                16.0,
            ),
        ),
    ]
}

fn section(near: Layer) -> Vec<Layer> {
    vec![near.env(0.03, 20.0, 2.0, 0.5)]
}

fn lip(key: u8, tilt: f64, set: &[(f64, f64, f64)]) -> Vec<Partial> {
    let hertz = key_hertz(f64::from(key));
    harmonics(48, |n| pow(n, -tilt) * (0.1 + formants(n * hertz, set)))
        .into_iter()
        .map(|p| {
            Partial {
                phase: p.ratio * 0.01,
                ..p
            }
            .rising(0.008 + 0.0022 * p.ratio.min(16.0))
        })
        .collect()
}

fn trumpet(name: &Voice, key: u8) -> Wave {
    Tone::new(lip(
        key,
        0.35,
        &[(1200.0, 800.0, 0.0), (2200.0, 1200.0, -4.0)],
    ))
    .length(0.043, 0.02)
    .burst(0.1, 0.012, 600.0, 3000.0)
    .render(name, key)
}

fn trombone(name: &Voice, key: u8) -> Wave {
    Tone::new(lip(
        key,
        0.45,
        &[(550.0, 400.0, 0.0), (1500.0, 900.0, -6.0)],
    ))
    .length(0.043, 0.024)
    .burst(0.08, 0.015, 300.0, 2000.0)
    .render(name, key)
}

fn tuba(name: &Voice, key: u8) -> Wave {
    Tone::new(lip(key, 0.8, &[(230.0, 180.0, 0.0), (600.0, 300.0, -9.0)]))
        .rate(16_000)
        .length(0.043, 0.032)
        .burst(0.06, 0.02, 150.0, 1000.0)
        .render(name, key)
}

fn muted(name: &Voice, key: u8) -> Wave {
    Tone::new(lip(key, 0.1, &[(1700.0, 500.0, 2.0), (3400.0, 900.0, 0.0)]))
        .rate(32_000)
        .length(0.036, 0.02)
        .burst(0.1, 0.01, 1000.0, 5000.0)
        .render(name, key)
}

fn horn(name: &Voice, key: u8) -> Wave {
    Tone::new(lip(key, 0.9, &[(400.0, 300.0, 0.0), (900.0, 400.0, -5.0)]))
        .length(0.058, 0.024)
        .burst(0.05, 0.02, 300.0, 1500.0)
        .render(name, key)
}

fn brass_section(name: &Voice, key: u8) -> Wave {
    let hertz = key_hertz(f64::from(key));
    let set = [(900.0, 700.0, 0.0), (2100.0, 1200.0, -3.0)];
    let partials = (1..=48)
        .map(f64::from)
        .map(|n| (n, pow(n, -0.45) * (0.12 + formants(n * hertz, &set))))
        .collect();
    Ensemble::new(9.0, partials).render(name, key)
}

fn saw(name: &Voice, key: u8) -> Wave {
    Tone::new(harmonics(80, |n| 1.0 / n))
        .length(0.001, 0.02)
        .render(name, key)
}
