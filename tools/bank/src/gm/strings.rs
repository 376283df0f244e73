// SPDX-License-Identifier: MIT OR Apache-2.0
//! Programs 40–47: bowed and plucked orchestra strings, timpani.

use super::fit::Voice;
use super::patch::{Layer, Program, layer, program};
use crate::dls::Wave;
use crate::dsp::key_hertz;
use crate::tone::{Partial, Tone, comb, formants, harmonics};
use libm::{exp, pow};

pub fn family() -> Vec<Program> {
    let bowed = |l: Layer| l.env(0.07, 0.0, 0.0, 0.6).velocity_attack(-1200.0);
    vec![
        program(
            40,
            "Violin",
            vec![bowed(layer("violin", violin, &[58, 72, 88])).vibrato(5.9, 13.0, 0.28)],
        ),
        program(
            41,
            "Viola",
            vec![bowed(layer("viola", viola, &[50, 62, 74])).vibrato(5.5, 12.0, 0.3)],
        ),
        program(
            42,
            "Cello",
            vec![bowed(layer("cello", cello, &[40, 54, 69])).vibrato(5.2, 11.0, 0.3)],
        ),
        program(
            43,
            "Contrabass",
            vec![bowed(layer("contrabass", contrabass, &[33, 47])).vibrato(4.8, 7.0, 0.4)],
        ),
        program(
            44,
            "Tremolo Strings",
            vec![
                layer(
                    "strings",
                    super::ensemble::strings_wave,
                    super::ensemble::SECTION,
                )
                .env(0.08, 0.0, 0.0, 0.9)
                .tremolo(7.5, 5.0, 0.01)
                .filter(2600.0, 0.0, 2000.0),
            ],
        ),
        program(
            45,
            "Pizzicato Strings",
            vec![
                layer("pizzicato", pizzicato, &[43, 58, 73])
                    .gain(2.5)
                    .dying(2.6, 2.0, 1.6)
                    .filter(1200.0, 0.0, 3000.0),
            ],
        ),
        program(
            46,
            "Orchestral Harp",
            vec![
                layer("harp", harp, &[40, 60, 80])
                    .dying(14.0, 1.8, 4.0)
                    .filter(1500.0, 0.0, 3000.0),
            ],
        ),
        program(
            47,
            "Timpani",
            vec![
                layer("timpani", timpani, &[45])
                    .dying(9.0, 3.0, 5.0)
                    .filter(500.0, 0.0, 2800.0),
            ],
        ),
    ]
}

/// A bowed string through a body.
fn bow(key: u8, body: &[(f64, f64, f64)], corner: f64) -> Tone {
    let hertz = key_hertz(f64::from(key));
    let partials = harmonics(60, |n| {
        (0.22 + formants(n * hertz, body)) / n / (1.0 + pow(n * hertz / corner, 2.0))
    });
    let partials = partials
        .into_iter()
        .map(|p| {
            Partial {
                phase: p.ratio * p.ratio * 0.07,
                ..p
            }
            .rising(0.01 + 0.004 * p.ratio.min(12.0))
        })
        .collect();
    Tone::new(partials)
        .length(0.065, 0.036)
        .burst(0.12, 0.03, 1200.0, 6000.0)
        .breath(0.025, 3.0, 20.0)
}

pub fn violin(name: &Voice, key: u8) -> Wave {
    bow(
        key,
        &[
            (290.0, 80.0, 0.0),
            (480.0, 120.0, 2.0),
            (1000.0, 300.0, 0.0),
            (2600.0, 900.0, 4.0),
        ],
        4200.0,
    )
    .render(name, key)
}

fn viola(name: &Voice, key: u8) -> Wave {
    bow(
        key,
        &[
            (230.0, 70.0, 0.0),
            (400.0, 120.0, 3.0),
            (900.0, 250.0, 0.0),
            (1900.0, 600.0, 0.0),
        ],
        3000.0,
    )
    .render(name, key)
}

fn cello(name: &Voice, key: u8) -> Wave {
    bow(
        key,
        &[
            (110.0, 50.0, 0.0),
            (220.0, 80.0, 3.0),
            (480.0, 160.0, 2.0),
            (1400.0, 500.0, 1.0),
        ],
        2400.0,
    )
    .render(name, key)
}

fn contrabass(name: &Voice, key: u8) -> Wave {
    bow(
        key,
        &[
            (70.0, 40.0, 0.0),
            (140.0, 60.0, 3.0),
            (350.0, 150.0, 0.0),
            (900.0, 400.0, -3.0),
        ],
        1500.0,
    )
    .render(name, key)
}

fn pizzicato(name: &Voice, key: u8) -> Wave {
    let partials = (1..=30)
        .map(|n| {
            let n = f64::from(n);
            Partial::fading(
                n,
                comb(n, 0.3) * pow(n, -0.8) * exp(-n / 12.0),
                0.35 * exp(-n / 4.0),
                0.07 / (1.0 + n * 0.1),
            )
        })
        .collect();
    Tone::new(partials)
        .length(0.072, 0.02)
        .burst(0.4, 0.006, 150.0, 2000.0)
        .render(name, key)
}

fn harp(name: &Voice, key: u8) -> Wave {
    let partials = (1..=24)
        .map(|n| {
            let n = f64::from(n);
            Partial::fading(
                n,
                comb(n, 0.4) * pow(n, -1.0),
                0.5 * exp(-n / 6.0),
                0.2 / (1.0 + n * 0.15),
            )
        })
        .collect();
    Tone::new(partials)
        .length(0.086, 0.02)
        .burst(0.12, 0.005, 300.0, 3000.0)
        .render(name, key)
}

/// The preferred modes of a kettle drum: 1, 1.5, 1.99, 2.44, 2.89; the strike adds its short low ones.
fn timpani(name: &Voice, key: u8) -> Wave {
    let partials = [
        (1.0, 1.0, 0.6, 0.4),
        (1.504, 0.75, 0.35, 0.3),
        (1.993, 0.5, 0.18, 0.25),
        (2.44, 0.3, 0.06, 0.15),
        (2.89, 0.2, 0.02, 0.1),
        (0.63, 0.35, 0.0, 0.06),
        (3.6, 0.15, 0.02, 0.08),
        (4.65, 0.12, 0.02, 0.07),
        (6.2, 0.1, 0.02, 0.05),
        (8.4, 0.06, 0.02, 0.04),
        (11.7, 0.05, 0.02, 0.03),
    ]
    .map(|(ratio, level, keep, decay)| Partial::fading(ratio, level, keep, decay));
    Tone::new(partials.to_vec())
        .length(0.216, 0.088)
        .burst(0.6, 0.02, 60.0, 5000.0)
        .render(name, key)
}
