// SPDX-License-Identifier: MIT OR Apache-2.0
//! Programs 64–71: saxophones and double reeds.

use super::fit::Voice;
use super::patch::{Layer, Program, layer, program};
use crate::dls::Wave;
use crate::dsp::key_hertz;
use crate::tone::{Partial, Tone, formants, harmonics};
use libm::pow;

pub fn family() -> Vec<Program> {
    let sax = |l: Layer, hertz: f64| {
        l.env(0.03, 0.0, 0.0, 0.3)
            .velocity_attack(-900.0)
            .filter(hertz, 1.0, 2400.0)
            .key_cutoff(2000.0)
            .sweep(700.0, 0.06, 1.0, 40.0, 0.3)
    };
    let reed = |l: Layer| l.env(0.04, 0.0, 0.0, 0.3).velocity_attack(-600.0);
    vec![
        program(
            64,
            "Soprano Sax",
            vec![sax(layer("soprano sax", soprano, &[58, 70, 82]), 1600.0).vibrato(5.2, 9.0, 0.35)],
        ),
        program(
            65,
            "Alto Sax",
            vec![sax(layer("alto sax", alto, &[51, 63, 75]), 1300.0).vibrato(5.0, 9.0, 0.35)],
        ),
        program(
            66,
            "Tenor Sax",
            vec![sax(layer("tenor sax", tenor, &[46, 58, 70]), 1000.0).vibrato(4.8, 9.0, 0.35)],
        ),
        program(
            67,
            "Baritone Sax",
            vec![sax(layer("baritone sax", baritone, &[38, 50, 62]), 800.0).vibrato(4.6, 7.0, 0.4)],
        ),
        program(
            68,
            "Oboe",
            vec![reed(layer("oboe", oboe, &[59, 71, 83])).vibrato(5.4, 9.0, 0.35)],
        ),
        program(
            69,
            "English Horn",
            vec![reed(layer("english horn", english, &[52, 64, 76])).vibrato(5.1, 8.0, 0.4)],
        ),
        program(
            70,
            "Bassoon",
            vec![reed(layer("bassoon", bassoon, &[40, 54, 69])).vibrato(4.8, 5.0, 0.5)],
        ),
        program(
            71,
            "Clarinet",
            vec![reed(layer("clarinet", clarinet, &[52, 66, 82])).filter(1700.0, 0.0, 2400.0)],
        ),
    ]
}

fn reed_tone(key: u8, tilt: f64, even: f64, set: &[(f64, f64, f64)], breath: f64) -> Tone {
    let hertz = key_hertz(f64::from(key));
    let partials = harmonics(44, |n| {
        let odd = if (n as u32).is_multiple_of(2) {
            even
        } else {
            1.0
        };
        odd * pow(n, -tilt) * (0.08 + formants(n * hertz, set))
    });
    let partials = partials
        .into_iter()
        .map(|p| {
            Partial {
                phase: p.ratio * p.ratio * 0.045,
                ..p
            }
            .rising(0.012 + 0.002 * p.ratio.min(10.0))
        })
        .collect();
    Tone::new(partials)
        .length(0.043, 0.024)
        .burst(0.12, 0.015, 800.0, 4000.0)
        .breath(breath, 2.0, 18.0)
}

fn soprano(name: &Voice, key: u8) -> Wave {
    reed_tone(
        key,
        0.6,
        0.85,
        &[(900.0, 500.0, 0.0), (2200.0, 700.0, -3.0)],
        0.03,
    )
    .render(name, key)
}

fn alto(name: &Voice, key: u8) -> Wave {
    reed_tone(
        key,
        0.5,
        0.9,
        &[
            (650.0, 350.0, 0.0),
            (1500.0, 500.0, -1.0),
            (2700.0, 700.0, -6.0),
        ],
        0.035,
    )
    .render(name, key)
}

fn tenor(name: &Voice, key: u8) -> Wave {
    reed_tone(
        key,
        0.45,
        0.9,
        &[
            (480.0, 250.0, 0.0),
            (1150.0, 400.0, 0.0),
            (2300.0, 600.0, -6.0),
        ],
        0.045,
    )
    .render(name, key)
}

fn baritone(name: &Voice, key: u8) -> Wave {
    reed_tone(
        key,
        0.4,
        0.95,
        &[
            (330.0, 180.0, 0.0),
            (850.0, 350.0, 0.0),
            (1900.0, 600.0, -6.0),
        ],
        0.04,
    )
    .render(name, key)
}

fn oboe(name: &Voice, key: u8) -> Wave {
    reed_tone(
        key,
        0.15,
        0.95,
        &[(1150.0, 260.0, 3.0), (2900.0, 500.0, -4.0)],
        0.012,
    )
    .render(name, key)
}

fn english(name: &Voice, key: u8) -> Wave {
    reed_tone(
        key,
        0.25,
        0.95,
        &[(930.0, 220.0, 3.0), (2200.0, 450.0, -7.0)],
        0.012,
    )
    .render(name, key)
}

fn bassoon(name: &Voice, key: u8) -> Wave {
    reed_tone(
        key,
        0.3,
        0.95,
        &[(470.0, 130.0, 4.0), (1200.0, 300.0, -6.0)],
        0.012,
    )
    .render(name, key)
}

/// A closed cylinder: the low register has hardly any even harmonics.
fn clarinet(name: &Voice, key: u8) -> Wave {
    let even = if key < 66 { 0.06 } else { 0.35 };
    reed_tone(
        key,
        0.7,
        even,
        &[(1500.0, 1100.0, 0.0), (500.0, 700.0, 0.0)],
        0.012,
    )
    .render(name, key)
}
