// SPDX-License-Identifier: MIT OR Apache-2.0
//! Programs 88–95: pads.

use super::ensemble::{CHOIR, SECTION, aah, ooh, strings_wave};
use super::fit::Voice;
use super::patch::{Layer, Program, layer, program, twins};
use crate::dls::Wave;
use crate::tone::{Ensemble, Partial, Tone};
use libm::pow;

const PAD: &[u8] = &[48, 69];

pub fn family() -> Vec<Program> {
    let pad = |l: Layer| l.env(0.5, 0.0, 0.0, 3.5).reverb(20.0);
    vec![
        program(
            88,
            "New Age Pad",
            vec![
                pad(layer("warm pad", warm, PAD)).gain(-2.0),
                layer("new age bell", bell, &[60, 79])
                    .dying(16.0, 3.0, 6.0)
                    .gain(-4.0)
                    .reverb(20.0),
            ],
        ),
        program(
            89,
            "Warm Pad",
            twins(
                pad(layer("warm pad", warm, PAD)).filter(900.0, 0.0, 900.0),
                9.0,
                28.0,
            ),
        ),
        program(
            90,
            "Polysynth Pad",
            twins(
                pad(layer("poly pad", poly, PAD))
                    .env(0.03, 30.0, 6.0, 1.8)
                    .filter(2000.0, 3.0, 2000.0),
                12.0,
                25.0,
            ),
        ),
        program(
            91,
            "Choir Pad",
            vec![
                pad(layer("aah", aah, CHOIR)).env(0.35, 0.0, 0.0, 3.0),
                pad(layer("ooh", ooh, CHOIR))
                    .tune(8.0)
                    .gain(-4.0)
                    .unfitted(),
            ],
        ),
        program(
            92,
            "Bowed Pad",
            vec![
                pad(layer("bowed glass", bowed, PAD))
                    .env(0.7, 0.0, 0.0, 4.0)
                    .vibrato(4.2, 5.0, 0.6),
            ],
        ),
        program(
            93,
            "Metallic Pad",
            vec![pad(layer("metal pad", metallic, PAD)).env(0.2, 40.0, 12.0, 4.0)],
        ),
        program(
            94,
            "Halo Pad",
            vec![
                pad(layer("aah", aah, CHOIR))
                    .env(0.8, 0.0, 0.0, 4.0)
                    .pan(-20.0),
                pad(layer("warm pad", warm, PAD))
                    .tune(1200.0)
                    .unfitted()
                    .gain(-8.0)
                    .pan(20.0),
            ],
        ),
        program(
            95,
            "Sweep Pad",
            twins(
                pad(layer("poly pad", poly, PAD))
                    .env(0.6, 0.0, 0.0, 4.0)
                    .filter(300.0, 9.0, 300.0)
                    .key_cutoff(4800.0)
                    .sweep(4200.0, 3.0, 9.0, 15.0, 3.0),
                10.0,
                30.0,
            ),
        ),
    ]
}

/// Strings for the sound effects of the next family.
pub fn soft_strings() -> Layer {
    layer("strings", strings_wave, SECTION)
        .env(0.6, 0.0, 0.0, 3.5)
        .filter(900.0, 0.0, 900.0)
}

pub fn warm(name: &Voice, key: u8) -> Wave {
    Ensemble::new(
        14.0,
        (1..=24).map(f64::from).map(|n| (n, pow(n, -1.5))).collect(),
    )
    .render(name, key)
}

pub fn poly(name: &Voice, key: u8) -> Wave {
    let level = |n: f64| {
        if (n as u32).is_multiple_of(3) {
            0.4 / n
        } else {
            1.0 / n
        }
    };
    Ensemble::new(
        5.0,
        (1..=70).map(f64::from).map(|n| (n, level(n))).collect(),
    )
    .render(name, key)
}

pub fn bowed(name: &Voice, key: u8) -> Wave {
    let partials = [
        (1.0, 1.0),
        (2.0, 0.1),
        (2.72, 0.22),
        (4.1, 0.08),
        (5.2, 0.12),
        (8.3, 0.05),
    ]
    .to_vec();
    Ensemble::new(4.0, partials).noise(0.01).render(name, key)
}

pub fn metallic(name: &Voice, key: u8) -> Wave {
    let partials = [
        (1.0, 1.0),
        (1.5, 0.2),
        (2.0, 0.5),
        (2.83, 0.4),
        (4.0, 0.3),
        (5.66, 0.3),
        (6.9, 0.2),
        (8.2, 0.2),
        (11.3, 0.14),
        (13.9, 0.1),
    ]
    .to_vec();
    Ensemble::new(7.0, partials).render(name, key)
}

pub fn bell(name: &Voice, key: u8) -> Wave {
    let partials = [
        (1.0, 1.0, 0.7, 0.3),
        (2.0, 0.4, 0.4, 0.2),
        (3.5, 0.3, 0.1, 0.1),
        (5.0, 0.2, 0.03, 0.06),
        (7.1, 0.15, 0.0, 0.03),
    ]
    .map(|(ratio, level, keep, decay)| Partial::fading(ratio, level, keep, decay));
    Tone::new(partials.to_vec())
        .length(0.072, 0.024)
        .render(name, key)
}
