// SPDX-License-Identifier: MIT OR Apache-2.0
//! Programs 0–7: pianos and keyboards.

use super::fit::Voice;
use super::patch::{Layer, Program, layer, program, twins};
use crate::dls::Wave;
use crate::dsp::key_hertz;
use crate::tone::{Partial, Tone, comb, harmonics};
use libm::{exp, pow, sqrt};

const PIANO: &[u8] = &[31, 45, 59, 73, 89];

pub fn family() -> Vec<Program> {
    let grand = || layer("grand", grand_wave, PIANO).dying(22.0, 2.0, 1.1);
    let tine = || layer("tine", tine_wave, &[36, 57, 78]).dying(26.0, 2.5, 0.8);
    let mut electric = twins(
        layer("electric grand", electric_wave, &[36, 57, 79]).dying(24.0, 2.0, 0.9),
        5.0,
        12.0,
    );
    electric = electric
        .into_iter()
        .map(|l| l.filter(1800.0, 0.0, 3000.0).key_cutoff(2400.0))
        .collect();
    vec![
        program(
            0,
            "Acoustic Grand Piano",
            vec![grand().filter(450.0, 0.0, 2800.0).key_cutoff(2000.0)],
        ),
        program(1, "Bright Acoustic Piano", vec![bright(grand())]),
        program(2, "Electric Grand Piano", electric),
        program(3, "Honky-tonk Piano", twins(bright(grand()), 16.0, 14.0)),
        program(
            4,
            "Electric Piano 1",
            vec![tine().filter(700.0, 0.0, 4200.0).tremolo(4.6, 1.2, 0.1)],
        ),
        program(
            5,
            "Electric Piano 2",
            twins(
                layer("fm piano", fm_piano, &[36, 57, 78]).dying(30.0, 2.5, 0.9),
                7.0,
                22.0,
            ),
        ),
        program(
            6,
            "Harpsichord",
            vec![layer("harpsichord", harpsichord, &[40, 60, 80]).dying(16.0, 2.5, 0.45)],
        ),
        program(
            7,
            "Clavinet",
            vec![
                layer("clavinet", clavinet, &[38, 57, 76])
                    .dying(11.0, 2.5, 0.25)
                    .filter(900.0, 7.0, 3000.0)
                    .sweep(1500.0, 0.0, 0.5, 0.0, 0.3),
            ],
        ),
    ]
}

fn bright(grand: Layer) -> Layer {
    grand.filter(3200.0, 2.0, 3600.0).key_cutoff(2000.0)
}

/// Stiff strings struck at an eighth, darkened by the hammer, the treble dying first.
fn grand_wave(name: &Voice, key: u8) -> Wave {
    let hertz = key_hertz(f64::from(key));
    let stiffness = 0.00028 * pow(2.0, (f64::from(key) - 52.0) / 14.0);
    let partials = (1..=44)
        .map(|n| {
            let n = f64::from(n);
            let hammer = 1.0 / (1.0 + pow(n * hertz / 2300.0, 2.0));
            let bass = if key < 45 { (n / 2.5).min(1.0) } else { 1.0 };
            let level = comb(n, 0.125) * pow(n, -0.75) * hammer * bass;
            let keep = 0.42 * exp(-n / 12.0);
            Partial::fading(
                n * sqrt(1.0 + stiffness * n * n),
                level,
                keep,
                0.5 / (1.0 + n * 0.13),
            )
            .rising(0.0015)
        })
        .collect();
    let attack = 0.42 - 0.05 * (f64::from(key) - 31.0) / 12.0;
    Tone::new(partials)
        .length(attack, 0.055)
        .burst(0.35, 0.012, 180.0, (hertz * 6.0).clamp(900.0, 5000.0))
        .render(name, key)
}

fn electric_wave(name: &Voice, key: u8) -> Wave {
    let partials = (1..=36)
        .map(|n| {
            let n = f64::from(n);
            Partial::fading(
                n * sqrt(1.0 + 0.0005 * n * n),
                comb(n, 0.2) * pow(n, -0.8),
                0.5 * exp(-n / 16.0),
                0.25 / (1.0 + n * 0.1),
            )
        })
        .collect();
    Tone::new(partials)
        .length(0.108, 0.036)
        .burst(0.12, 0.006, 800.0, 4000.0)
        .render(name, key)
}

/// A struck tine before a pickup: nearly a sine, a bell-like partial that dies at once, and even harmonics from the pickup.
fn tine_wave(name: &Voice, key: u8) -> Wave {
    let mut partials = harmonics(6, |n| [1.0, 0.32, 0.10, 0.07, 0.02, 0.012][n as usize - 1]);
    for partial in &mut partials[1..] {
        partial.keep = 0.55;
        partial.decay = 0.15;
    }
    partials.push(Partial::fading(7.1, 0.20, 0.0, 0.05));
    partials.push(Partial::fading(20.3, 0.05, 0.0, 0.02));
    Tone::new(partials)
        .length(0.115, 0.024)
        .burst(0.08, 0.004, 1000.0, 5000.0)
        .render(name, key)
}

/// Two-operator FM, 1:1 for the body and 1:14 for the bell.
fn fm_piano(name: &Voice, key: u8) -> Wave {
    let mut partials = harmonics(8, |n| 1.0 / pow(n, 1.9));
    for partial in &mut partials[1..] {
        partial.keep = 0.35;
        partial.decay = 0.3;
    }
    for (ratio, level) in [
        (13.0, 0.10),
        (14.0, 0.03),
        (15.0, 0.10),
        (12.0, 0.03),
        (16.0, 0.03),
    ] {
        partials.push(Partial::fading(ratio, level, 0.02, 0.09));
    }
    Tone::new(partials)
        .rate(32_000)
        .length(0.115, 0.02)
        .render(name, key)
}

fn harpsichord(name: &Voice, key: u8) -> Wave {
    let partials = (1..=50)
        .map(|n| {
            let n = f64::from(n);
            Partial::fading(
                n,
                comb(n, 0.11) * pow(n, -0.35) * exp(-n / 30.0),
                0.35 * exp(-n / 20.0),
                0.12,
            )
        })
        .collect();
    Tone::new(partials)
        .rate(32_000)
        .length(0.079, 0.02)
        .burst(0.22, 0.003, 2000.0, 9000.0)
        .render(name, key)
}

fn clavinet(name: &Voice, key: u8) -> Wave {
    let partials = (1..=40)
        .map(|n| {
            let n = f64::from(n);
            Partial::fading(
                n,
                comb(n, 0.13) * comb(n, 0.4) * pow(n, -0.65),
                0.6 * exp(-n / 25.0),
                0.1,
            )
        })
        .collect();
    Tone::new(partials)
        .length(0.065, 0.015)
        .burst(0.08, 0.004, 1500.0, 6000.0)
        .render(name, key)
}
