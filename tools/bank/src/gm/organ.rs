// SPDX-License-Identifier: MIT OR Apache-2.0
//! Programs 16–23: organs and free reeds.

use super::fit::Voice;
use super::patch::{Layer, Program, layer, program, twins};
use crate::dls::Wave;
use crate::dsp::key_hertz;
use crate::tone::{Ensemble, Partial, Tone, formants, harmonics};
use libm::pow;

const KEYS: &[u8] = &[43, 62, 81];

pub fn family() -> Vec<Program> {
    let organ = |l: Layer| l.env(0.004, 0.0, 0.0, 0.25);
    let reed = |l: Layer| l.env(0.035, 0.0, 0.0, 0.4);
    vec![
        program(
            16,
            "Drawbar Organ",
            vec![organ(layer("drawbar", drawbar, KEYS)).vibrato(6.3, 5.0, 0.01)],
        ),
        program(
            17,
            "Percussive Organ",
            vec![organ(layer("percussive organ", percussive, KEYS))],
        ),
        program(
            18,
            "Rock Organ",
            twins(
                organ(layer("rock organ", rock, KEYS))
                    .vibrato(6.7, 9.0, 0.01)
                    .tremolo(6.7, 1.5, 0.01),
                6.0,
                20.0,
            ),
        ),
        program(19, "Church Organ", church()),
        program(
            20,
            "Reed Organ",
            vec![reed(layer("harmonium", harmonium, KEYS)).filter(2500.0, 0.0, 1200.0)],
        ),
        program(
            21,
            "Accordion",
            twins(reed(layer("accordion", accordion, KEYS)), 17.0, 10.0),
        ),
        program(
            22,
            "Harmonica",
            vec![
                reed(layer("harmonica", harmonica, &[55, 70, 86]))
                    .vibrato(5.4, 8.0, 0.35)
                    .tremolo(5.4, 0.9, 0.35),
            ],
        ),
        program(
            23,
            "Tango Accordion",
            twins(
                reed(layer("bandoneon", bandoneon, KEYS)).filter(3200.0, 3.0, 1500.0),
                6.0,
                6.0,
            ),
        ),
    ]
}

/// Drawbars 16', 5⅓', 8', 4', 2⅔', 2', 1⅗', 1⅓', 1' as multiples of the 8' pitch.
const DRAWBARS: [f64; 9] = [0.5, 1.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0];

fn drawbars(setting: [f64; 9]) -> Vec<Partial> {
    DRAWBARS
        .iter()
        .zip(setting)
        .filter(|(_, draw)| *draw > 0.0)
        .map(|(ratio, draw)| Partial {
            phase: ratio * 0.13,
            ..Partial::steady(*ratio, pow(10.0, (draw - 8.0) * 3.0 / 20.0))
        })
        .collect()
}

fn drawbar(name: &Voice, key: u8) -> Wave {
    Tone::new(drawbars([8.0, 8.0, 8.0, 4.0, 2.0, 3.0, 0.0, 0.0, 4.0]))
        .length(0.03, 0.024)
        .burst(0.25, 0.004, 1500.0, 6000.0)
        .render(name, key)
}

fn percussive(name: &Voice, key: u8) -> Wave {
    let mut partials = drawbars([8.0, 0.0, 8.0, 5.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    partials.push(Partial::fading(3.0, 1.1, 0.02, 0.09));
    Tone::new(partials)
        .length(0.101, 0.024)
        .burst(0.3, 0.004, 1500.0, 6000.0)
        .render(name, key)
}

fn rock(name: &Voice, key: u8) -> Wave {
    let mut partials = drawbars([8.0, 8.0, 8.0, 7.0, 7.0, 6.0, 5.0, 5.0, 8.0]);
    for n in [7.0, 9.0, 10.0, 12.0] {
        partials.push(Partial::steady(n, 0.09));
    }
    Tone::new(partials)
        .rate(32_000)
        .length(0.03, 0.024)
        .burst(0.3, 0.004, 1500.0, 6000.0)
        .render(name, key)
}

fn church() -> Vec<Layer> {
    let pipes = layer("church organ", church_wave, &[48, 70])
        .env(0.06, 0.0, 0.0, 1.6)
        .reverb(15.0);
    let chiff = layer("principal", principal, KEYS)
        .env(0.03, 0.0, 0.0, 1.2)
        .gain(-6.0);
    vec![pipes, chiff]
}

/// Ranks of 16', 8', 4', 2' and a mixture, none quite in tune with the others.
fn church_wave(name: &Voice, key: u8) -> Wave {
    let mut partials = Vec::new();
    for (rank, level) in [(0.5, 0.5), (1.0, 1.0), (2.0, 0.7), (4.0, 0.4), (6.0, 0.16)] {
        for n in 1..=8 {
            partials.push((rank * f64::from(n), level * pow(f64::from(n), -1.25)));
        }
    }
    Ensemble::new(3.5, partials)
        .size(22_050, 8192)
        .noise(0.004)
        .render(name, key)
}

fn principal(name: &Voice, key: u8) -> Wave {
    let mut partials = harmonics(10, |n| pow(n, -1.15));
    partials.push(Partial::fading(2.96, 0.3, 0.0, 0.02));
    Tone::new(partials)
        .length(0.058, 0.02)
        .burst(0.25, 0.02, 800.0, 4000.0)
        .render(name, key)
}

fn reed_spectrum(key: u8, tilt: f64, set: &[(f64, f64, f64)]) -> Vec<Partial> {
    let hertz = key_hertz(f64::from(key));
    harmonics(40, |n| pow(n, -tilt) * (0.25 + formants(n * hertz, set)))
}

fn harmonium(name: &Voice, key: u8) -> Wave {
    Tone::new(reed_spectrum(
        key,
        0.9,
        &[(700.0, 500.0, 0.0), (1800.0, 600.0, -6.0)],
    ))
    .length(0.03, 0.02)
    .render(name, key)
}

fn accordion(name: &Voice, key: u8) -> Wave {
    Tone::new(reed_spectrum(
        key,
        0.7,
        &[(1200.0, 700.0, 0.0), (2800.0, 900.0, -3.0)],
    ))
    .length(0.03, 0.02)
    .render(name, key)
}

fn bandoneon(name: &Voice, key: u8) -> Wave {
    Tone::new(reed_spectrum(
        key,
        0.8,
        &[(900.0, 400.0, 2.0), (2200.0, 500.0, 0.0)],
    ))
    .length(0.03, 0.02)
    .render(name, key)
}

fn harmonica(name: &Voice, key: u8) -> Wave {
    Tone::new(reed_spectrum(
        key,
        0.75,
        &[(1500.0, 500.0, 4.0), (3200.0, 900.0, 0.0)],
    ))
    .length(0.03, 0.02)
    .breath(0.06, 2.0, 14.0)
    .render(name, key)
}
