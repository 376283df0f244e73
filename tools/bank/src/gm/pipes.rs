// SPDX-License-Identifier: MIT OR Apache-2.0
//! Programs 72–79: flutes and blown pipes.

use super::fit::Voice;
use super::patch::{Layer, Program, layer, program};
use crate::dls::Wave;
use crate::tone::{Partial, Tone};

pub fn family() -> Vec<Program> {
    let pipe = |l: Layer| l.env(0.045, 0.0, 0.0, 0.35).velocity_attack(-600.0);
    vec![
        program(
            72,
            "Piccolo",
            vec![pipe(layer("piccolo", piccolo, &[76, 94])).vibrato(5.8, 8.0, 0.25)],
        ),
        program(
            73,
            "Flute",
            vec![
                pipe(layer("flute", flute, &[60, 72, 84]))
                    .vibrato(5.2, 8.0, 0.3)
                    .tremolo(5.2, 0.8, 0.3),
            ],
        ),
        program(
            74,
            "Recorder",
            vec![pipe(layer("recorder", recorder, &[64, 79]))],
        ),
        program(
            75,
            "Pan Flute",
            vec![pipe(layer("pan flute", pan_flute, &[60, 74])).vibrato(4.8, 6.0, 0.4)],
        ),
        program(
            76,
            "Blown Bottle",
            vec![layer("bottle", bottle, &[55, 70]).env(0.08, 0.0, 0.0, 0.5)],
        ),
        program(
            77,
            "Shakuhachi",
            vec![
                pipe(layer("shakuhachi", shakuhachi, &[57, 71]))
                    .vibrato(4.6, 16.0, 0.4)
                    .bend(-60.0, 0.0, 0.12, 0.0),
            ],
        ),
        program(
            78,
            "Whistle",
            vec![pipe(layer("whistle", whistle, &[72, 88])).vibrato(5.6, 10.0, 0.2)],
        ),
        program(
            79,
            "Ocarina",
            vec![pipe(layer("ocarina", ocarina, &[62, 77]))],
        ),
    ]
}

/// Levels of the harmonics, noise of the lips (in the loop, around the fundamental), and the chiff.
fn blown(levels: &[f64], breath: (f64, f64, f64), chiff: f64) -> Tone {
    let partials = levels
        .iter()
        .enumerate()
        .map(|(i, level)| {
            Partial {
                phase: i as f64 * 0.2,
                ..Partial::steady(i as f64 + 1.0, *level)
            }
            .rising(0.03 + 0.008 * i as f64)
        })
        .collect();
    Tone::new(partials)
        .length(0.05, 0.08)
        .breath(breath.0, breath.1, breath.2)
        .burst(chiff, 0.025, 1200.0, 6000.0)
}

fn piccolo(name: &Voice, key: u8) -> Wave {
    blown(&[1.0, 0.22, 0.10, 0.03], (0.03, 0.6, 3.0), 0.06)
        .rate(32_000)
        .render(name, key)
}

fn flute(name: &Voice, key: u8) -> Wave {
    let low = if key < 66 { 0.75 } else { 0.32 };
    blown(&[1.0, low, 0.22, 0.09, 0.05, 0.02], (0.05, 0.6, 5.0), 0.12).render(name, key)
}

fn recorder(name: &Voice, key: u8) -> Wave {
    blown(&[1.0, 0.05, 0.20, 0.02, 0.05], (0.025, 0.6, 5.0), 0.12).render(name, key)
}

fn pan_flute(name: &Voice, key: u8) -> Wave {
    blown(&[1.0, 0.03, 0.16, 0.01, 0.03], (0.16, 0.5, 6.0), 0.5).render(name, key)
}

fn bottle(name: &Voice, key: u8) -> Wave {
    blown(&[1.0, 0.06, 0.02], (0.28, 0.4, 5.0), 0.25).render(name, key)
}

fn shakuhachi(name: &Voice, key: u8) -> Wave {
    blown(&[1.0, 0.45, 0.28, 0.16, 0.08, 0.04], (0.22, 0.7, 8.0), 0.6).render(name, key)
}

fn whistle(name: &Voice, key: u8) -> Wave {
    blown(&[1.0, 0.015], (0.08, 0.85, 1.25), 0.05)
        .rate(32_000)
        .render(name, key)
}

fn ocarina(name: &Voice, key: u8) -> Wave {
    blown(&[1.0, 0.10, 0.05, 0.01], (0.02, 0.6, 3.0), 0.05).render(name, key)
}
