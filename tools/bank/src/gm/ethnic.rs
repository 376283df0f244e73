// SPDX-License-Identifier: MIT OR Apache-2.0
//! Programs 104–111: instruments of the world.

use super::fit::Voice;
use super::patch::{Layer, Program, layer, program};
use crate::dls::Wave;
use crate::dsp::key_hertz;
use crate::tone::{Partial, Tone, comb, formants, harmonics};
use libm::{exp, pow};

pub fn family() -> Vec<Program> {
    let drone = |l: Layer| l.env(0.03, 0.0, 0.0, 0.3);
    vec![
        program(
            104,
            "Sitar",
            vec![
                layer("sitar", sitar, &[43, 57, 71])
                    .dying(16.0, 2.5, 1.5)
                    .filter(1400.0, 9.0, 1600.0)
                    .sweep(2200.0, 0.02, 1.6, 10.0, 1.0),
                layer("sitar", sitar, &[43, 57, 71])
                    .dying(22.0, 2.5, 3.0)
                    .tune(1204.0)
                    .gain(-14.0),
            ],
        ),
        program(
            105,
            "Banjo",
            vec![layer("banjo", banjo, &[48, 62, 76]).dying(5.5, 2.2, 0.8)],
        ),
        program(
            106,
            "Shamisen",
            vec![layer("shamisen", shamisen, &[50, 64, 78]).dying(6.0, 2.2, 0.9)],
        ),
        program(
            107,
            "Koto",
            vec![
                layer("koto", koto, &[48, 62, 76])
                    .dying(13.0, 2.2, 2.0)
                    .bend(25.0, 0.0, 0.15, 0.0),
            ],
        ),
        program(
            108,
            "Kalimba",
            vec![layer("kalimba", kalimba, &[57, 74]).dying(5.0, 2.0, 2.5)],
        ),
        program(
            109,
            "Bagpipe",
            vec![
                drone(layer("bagpipe", bagpipe, &[50, 64, 78])).gain(-2.0),
                drone(layer("bagpipe", bagpipe, &[50, 64, 78]))
                    .tune(4.0)
                    .pan(15.0)
                    .gain(-10.0),
            ],
        ),
        program(
            110,
            "Fiddle",
            vec![
                layer("violin", super::strings::violin, &[58, 72, 88])
                    .env(0.03, 0.0, 0.0, 0.4)
                    .vibrato(6.2, 9.0, 0.2)
                    .filter(3500.0, 4.0, 1500.0),
            ],
        ),
        program(
            111,
            "Shanai",
            vec![drone(layer("shanai", shanai, &[55, 69, 83])).vibrato(5.5, 14.0, 0.25)],
        ),
    ]
}

/// A plucked string over a skin or a long neck.
fn plucked(pluck: f64, tilt: f64, keep: f64, tau: f64) -> Vec<Partial> {
    (1..=40)
        .map(|n| {
            let n = f64::from(n);
            Partial::fading(
                n,
                comb(n, pluck) * pow(n, -tilt),
                keep * exp(-n / 10.0),
                tau / (1.0 + n * 0.08),
            )
        })
        .collect()
}

/// The flat bridge lets the string buzz: the treble comes up after the pluck.
fn sitar(name: &Voice, key: u8) -> Wave {
    let partials = (1..=48)
        .map(|n| {
            let n = f64::from(n);
            Partial {
                phase: n * n * 0.05,
                ..Partial::fading(n, pow(n, -0.55) * (0.3 + comb(n, 0.07)), 0.6, 0.2)
            }
            .rising(0.0015 * n)
        })
        .collect();
    Tone::new(partials)
        .length(0.086, 0.024)
        .burst(0.4, 0.004, 1500.0, 7000.0)
        .render(name, key)
}

fn banjo(name: &Voice, key: u8) -> Wave {
    Tone::new(plucked(0.12, 0.55, 0.45, 0.09))
        .length(0.065, 0.02)
        .burst(0.25, 0.005, 700.0, 5000.0)
        .render(name, key)
}

fn shamisen(name: &Voice, key: u8) -> Wave {
    Tone::new(plucked(0.07, 0.55, 0.35, 0.12))
        .length(0.065, 0.02)
        .burst(0.35, 0.007, 400.0, 4000.0)
        .render(name, key)
}

fn koto(name: &Voice, key: u8) -> Wave {
    Tone::new(plucked(0.18, 0.65, 0.5, 0.2))
        .length(0.086, 0.024)
        .burst(0.3, 0.004, 1500.0, 7000.0)
        .render(name, key)
}

fn kalimba(name: &Voice, key: u8) -> Wave {
    let partials = [
        (1.0, 1.0, 0.8, 0.2),
        (2.0, 0.05, 0.5, 0.2),
        (5.9, 0.4, 0.02, 0.05),
        (16.3, 0.1, 0.0, 0.01),
    ]
    .map(|(ratio, level, keep, decay)| Partial::fading(ratio, level, keep, decay));
    Tone::new(partials.to_vec())
        .length(0.065, 0.015)
        .burst(0.35, 0.004, 400.0, 3000.0)
        .render(name, key)
}

fn bagpipe(name: &Voice, key: u8) -> Wave {
    let hertz = key_hertz(f64::from(key));
    let set = [(1000.0, 500.0, 0.0), (2700.0, 900.0, 0.0)];
    Tone::new(harmonics(40, |n| {
        pow(n, -0.2) * (0.15 + formants(n * hertz, &set))
    }))
    .length(0.02, 0.024)
    .render(name, key)
}

fn shanai(name: &Voice, key: u8) -> Wave {
    let hertz = key_hertz(f64::from(key));
    let set = [(1400.0, 350.0, 3.0), (3000.0, 600.0, 1.0)];
    Tone::new(harmonics(40, |n| {
        pow(n, -0.1) * (0.1 + formants(n * hertz, &set))
    }))
    .length(0.03, 0.024)
    .breath(0.02, 3.0, 15.0)
    .render(name, key)
}
