// SPDX-License-Identifier: MIT OR Apache-2.0
//! Programs 8–15: bars, bells and the dulcimer.

use super::fit::Voice;
use super::patch::{Program, layer, program, twins};
use crate::dls::Wave;
use crate::tone::{Partial, Tone, comb};
use libm::{exp, pow};

const BARS: &[u8] = &[52, 67, 84];

pub fn family() -> Vec<Program> {
    vec![
        program(
            8,
            "Celesta",
            vec![layer("celesta", celesta, BARS).dying(9.0, 2.0, 2.0)],
        ),
        program(
            9,
            "Glockenspiel",
            vec![layer("glockenspiel", glockenspiel, &[67, 84, 96]).dying(13.0, 2.5, 5.0)],
        ),
        program(
            10,
            "Music Box",
            vec![layer("music box", music_box, BARS).dying(9.0, 2.0, 5.0)],
        ),
        program(
            11,
            "Vibraphone",
            vec![
                layer("vibraphone", vibraphone, BARS)
                    .dying(26.0, 3.0, 2.0)
                    .tremolo(5.2, 2.4, 0.01),
            ],
        ),
        program(
            12,
            "Marimba",
            vec![layer("marimba", marimba, &[43, 60, 77]).dying(4.6, 1.6, 2.2)],
        ),
        program(
            13,
            "Xylophone",
            vec![layer("xylophone", xylophone, &[60, 76, 92]).dying(2.6, 2.2, 1.5)],
        ),
        program(
            14,
            "Tubular Bells",
            vec![layer("tubular bells", tubular, &[55, 70]).dying(28.0, 3.0, 8.0)],
        ),
        program(
            15,
            "Dulcimer",
            twins(
                layer("dulcimer", dulcimer, &[45, 62, 79]).dying(15.0, 2.2, 4.0),
                8.0,
                18.0,
            ),
        ),
    ]
}

fn modes(set: &[(f64, f64, f64, f64)]) -> Vec<Partial> {
    set.iter()
        .map(|&(ratio, level, keep, decay)| Partial::fading(ratio, level, keep, decay))
        .collect()
}

fn celesta(name: &Voice, key: u8) -> Wave {
    Tone::new(modes(&[
        (1.0, 1.0, 0.7, 0.3),
        (2.0, 0.12, 0.4, 0.2),
        (4.0, 0.25, 0.15, 0.1),
        (6.9, 0.1, 0.1, 0.06),
        (9.4, 0.08, 0.05, 0.05),
        (13.3, 0.05, 0.05, 0.03),
    ]))
    .rate(32_000)
    .length(0.25, 0.012)
    .burst(0.15, 0.003, 1500.0, 7000.0)
    .render(name, key)
}

fn glockenspiel(name: &Voice, key: u8) -> Wave {
    Tone::new(modes(&[
        (1.0, 1.0, 0.8, 0.3),
        (2.756, 0.45, 0.3, 0.2),
        (5.404, 0.3, 0.2, 0.12),
        (8.933, 0.2, 0.12, 0.08),
        (13.344, 0.15, 0.1, 0.05),
        (18.64, 0.1, 0.05, 0.03),
        (24.8, 0.08, 0.05, 0.02),
    ]))
    .rate(44_100)
    .length(0.25, 0.012)
    .burst(0.2, 0.002, 3000.0, 12_000.0)
    .render(name, key)
}

fn music_box(name: &Voice, key: u8) -> Wave {
    Tone::new(modes(&[
        (1.0, 1.0, 0.6, 0.3),
        (3.0, 0.15, 0.3, 0.2),
        (6.27, 0.35, 0.2, 0.15),
        (10.1, 0.2, 0.15, 0.1),
        (14.6, 0.12, 0.1, 0.08),
        (17.55, 0.12, 0.1, 0.06),
        (24.6, 0.06, 0.05, 0.04),
    ]))
    .rate(44_100)
    .length(0.25, 0.012)
    .burst(0.25, 0.002, 2500.0, 9000.0)
    .render(name, key)
}

fn vibraphone(name: &Voice, key: u8) -> Wave {
    Tone::new(modes(&[
        (1.0, 1.0, 0.9, 0.3),
        (4.0, 0.35, 0.2, 0.2),
        (10.0, 0.12, 0.1, 0.06),
        (2.0, 0.02, 1.0, 1.0),
        (17.5, 0.06, 0.05, 0.03),
    ]))
    .rate(32_000)
    .length(0.2, 0.012)
    .burst(0.06, 0.005, 400.0, 3000.0)
    .render(name, key)
}

fn marimba(name: &Voice, key: u8) -> Wave {
    Tone::new(modes(&[
        (1.0, 1.0, 0.6, 0.3),
        (3.93, 0.4, 0.08, 0.08),
        (9.2, 0.18, 0.05, 0.03),
        (2.0, 0.03, 0.2, 0.1),
        (16.4, 0.1, 0.03, 0.02),
        (25.6, 0.06, 0.03, 0.01),
    ]))
    .rate(32_000)
    .length(0.2, 0.012)
    .burst(0.3, 0.004, 200.0, 2200.0)
    .render(name, key)
}

fn xylophone(name: &Voice, key: u8) -> Wave {
    Tone::new(modes(&[
        (1.0, 1.0, 0.5, 0.15),
        (3.0, 0.55, 0.15, 0.08),
        (6.1, 0.35, 0.1, 0.05),
        (9.8, 0.15, 0.05, 0.03),
        (15.7, 0.1, 0.05, 0.02),
    ]))
    .rate(32_000)
    .length(0.15, 0.012)
    .burst(0.5, 0.003, 1200.0, 6000.0)
    .render(name, key)
}

/// The strike note is heard an octave below the fourth mode; the modes are those of a free tube.
fn tubular(name: &Voice, key: u8) -> Wave {
    Tone::new(modes(&[
        (0.5, 0.12, 0.9, 0.4),
        (1.0, 0.75, 0.7, 0.4),
        (1.51, 0.35, 0.5, 0.3),
        (2.0, 1.0, 0.6, 0.4),
        (2.76, 0.6, 0.3, 0.3),
        (3.62, 0.45, 0.2, 0.2),
        (4.6, 0.3, 0.08, 0.12),
        (5.65, 0.2, 0.03, 0.08),
        (7.9, 0.12, 0.0, 0.04),
    ]))
    .rate(32_000)
    .length(0.158, 0.056)
    .burst(0.3, 0.004, 1500.0, 8000.0)
    .render(name, key)
}

fn dulcimer(name: &Voice, key: u8) -> Wave {
    let partials = (1..=32)
        .map(|n| {
            let n = f64::from(n);
            Partial::fading(
                n * (1.0 + 0.0003 * n * n).sqrt(),
                comb(n, 0.14) * pow(n, -0.7),
                0.4 * exp(-n / 10.0),
                0.12,
            )
        })
        .collect();
    Tone::new(partials)
        .length(0.086, 0.024)
        .burst(0.5, 0.004, 1000.0, 6000.0)
        .render(name, key)
}
