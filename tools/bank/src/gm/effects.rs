// SPDX-License-Identifier: MIT OR Apache-2.0
//! Programs 96–103: synth effects.

use super::ensemble::{CHOIR, aah, ooh};
use super::fit::Voice;
use super::pads::{bell, bowed, metallic, poly, soft_strings, warm};
use super::patch::{Layer, Program, layer, program, twins};
use crate::dls::Wave;
use crate::tone::{Partial, Tone};

const PAD: &[u8] = &[48, 69];
const BELL: &[u8] = &[60, 79];

pub fn family() -> Vec<Program> {
    let bells = || {
        layer("new age bell", bell, BELL)
            .dying(14.0, 3.0, 7.0)
            .reverb(25.0)
    };
    let slow = |l: Layer| l.env(0.8, 0.0, 0.0, 4.0).reverb(25.0);
    vec![
        program(
            96,
            "Rain",
            vec![
                layer("crystal", crystal, BELL)
                    .dying(7.0, 3.0, 5.0)
                    .tremolo(9.0, 5.0, 0.01)
                    .pan(-25.0)
                    .gain(-2.0),
                slow(layer("warm pad", warm, PAD))
                    .unfitted()
                    .gain(-8.0)
                    .pan(20.0),
            ],
        ),
        program(
            97,
            "Soundtrack",
            vec![
                slow(layer("poly pad", poly, PAD)).filter(700.0, 2.0, 700.0),
                soft_strings().tune(702.0).gain(-7.0).unfitted(),
            ],
        ),
        program(
            98,
            "Crystal",
            twins(
                layer("crystal", crystal, BELL)
                    .dying(14.0, 3.0, 7.0)
                    .reverb(25.0),
                6.0,
                30.0,
            ),
        ),
        program(
            99,
            "Atmosphere",
            vec![
                layer("new age bell", super::pads::bell, BELL)
                    .dying(9.0, 2.5, 4.0)
                    .gain(-3.0),
                slow(layer("warm pad", warm, PAD))
                    .env(0.25, 0.0, 0.0, 3.0)
                    .unfitted()
                    .gain(-4.0),
            ],
        ),
        program(
            100,
            "Brightness",
            vec![
                bells().tune(1200.0).gain(-6.0).unfitted(),
                slow(layer("poly pad", poly, PAD))
                    .env(0.15, 30.0, 8.0, 3.0)
                    .filter(3500.0, 3.0, 1800.0),
            ],
        ),
        program(
            101,
            "Goblins",
            twins(
                slow(layer("ooh", ooh, CHOIR))
                    .env(1.2, 0.0, 0.0, 5.0)
                    .vibrato(2.3, 45.0, 0.3)
                    .filter(2200.0, 5.0, 600.0)
                    .wah(0.4, 1800.0),
                24.0,
                35.0,
            ),
        ),
        program(
            102,
            "Echoes",
            vec![
                bells().tremolo(4.0, 9.0, 0.15).pan(-15.0),
                slow(layer("aah", aah, CHOIR))
                    .env(0.4, 20.0, 18.0, 4.0)
                    .unfitted()
                    .gain(-9.0)
                    .pan(15.0),
            ],
        ),
        program(
            103,
            "Sci-fi",
            vec![
                slow(layer("metal pad", metallic, PAD))
                    .vibrato(5.5, 12.0, 0.2)
                    .pan(-15.0),
                slow(layer("bowed glass", bowed, PAD))
                    .tune(-1200.0)
                    .unfitted()
                    .filter(800.0, 10.0, 800.0)
                    .wah(0.7, 1500.0)
                    .gain(-3.0)
                    .pan(15.0),
            ],
        ),
    ]
}

fn crystal(name: &Voice, key: u8) -> Wave {
    let partials = [
        (1.0, 0.8, 0.6, 0.2),
        (2.0, 1.0, 0.4, 0.2),
        (4.02, 0.5, 0.2, 0.1),
        (6.05, 0.4, 0.1, 0.08),
        (9.1, 0.25, 0.03, 0.05),
        (12.3, 0.15, 0.0, 0.03),
    ]
    .map(|(ratio, level, keep, decay)| Partial::fading(ratio, level, keep, decay));
    Tone::new(partials.to_vec())
        .rate(32_000)
        .length(0.072, 0.02)
        .burst(0.1, 0.003, 4000.0, 9000.0)
        .render(name, key)
}
