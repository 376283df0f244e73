// SPDX-License-Identifier: MIT OR Apache-2.0
//! Programs 48–55: sections, choirs, the orchestra hit.

use super::fit::Voice;
use super::patch::{Program, layer, program, twins};
use crate::dls::Wave;
use crate::dsp::key_hertz;
use crate::tone::{Ensemble, formants};
use libm::pow;

pub const SECTION: &[u8] = &[43, 59, 75];
pub const CHOIR: &[u8] = &[52, 70];

pub fn family() -> Vec<Program> {
    let strings = || layer("strings", strings_wave, SECTION);
    let synth = || layer("synth strings", synth_strings, &[43, 65]);
    vec![
        program(
            48,
            "String Ensemble 1",
            vec![
                strings()
                    .env(0.14, 0.0, 0.0, 1.5)
                    .filter(2400.0, 0.0, 2400.0)
                    .velocity_attack(-1200.0),
            ],
        ),
        program(
            49,
            "String Ensemble 2",
            vec![
                strings()
                    .env(0.34, 0.0, 0.0, 2.2)
                    .filter(1300.0, 0.0, 1900.0),
            ],
        ),
        program(
            50,
            "Synth Strings 1",
            twins(
                synth().env(0.12, 0.0, 0.0, 1.8).filter(3000.0, 2.0, 1500.0),
                11.0,
                28.0,
            ),
        ),
        program(
            51,
            "Synth Strings 2",
            vec![
                synth()
                    .env(0.4, 0.0, 0.0, 3.0)
                    .filter(900.0, 5.0, 900.0)
                    .sweep(1500.0, 1.2, 6.0, 40.0, 2.0),
            ],
        ),
        program(
            52,
            "Choir Aahs",
            vec![
                layer("aah", aah, CHOIR)
                    .env(0.16, 0.0, 0.0, 1.4)
                    .vibrato(5.0, 5.0, 0.5),
            ],
        ),
        program(
            53,
            "Voice Oohs",
            vec![
                layer("ooh", ooh, CHOIR)
                    .env(0.12, 0.0, 0.0, 1.2)
                    .vibrato(5.2, 7.0, 0.4),
            ],
        ),
        program(
            54,
            "Synth Voice",
            twins(
                layer("synth voice", synth_voice, &[52, 72]).env(0.08, 0.0, 0.0, 1.2),
                13.0,
                25.0,
            ),
        ),
        program(
            55,
            "Orchestra Hit",
            vec![
                layer("orchestra hit", hit, &[48, 64])
                    .gain(3.0)
                    .env(0.0, 3.2, 96.0, 2.0)
                    .filter(2500.0, 0.0, 2400.0)
                    .sweep(-2400.0, 0.0, 0.0, 100.0, 1.0),
                layer("hit drum", super::drums::hit_noise, &[60])
                    .env(0.0, 1.2, 96.0, 1.5)
                    .gain(-3.0),
            ],
        ),
    ]
}

fn bowed(key: u8, tilt: f64) -> Vec<(f64, f64)> {
    let hertz = key_hertz(f64::from(key));
    let body = [
        (280.0, 120.0, 0.0),
        (500.0, 200.0, 1.0),
        (1100.0, 400.0, 0.0),
        (2700.0, 1200.0, 2.0),
    ];
    (1..=60)
        .map(f64::from)
        .map(|n| (n, pow(n, -tilt) * (0.3 + formants(n * hertz, &body))))
        .collect()
}

pub fn strings_wave(name: &Voice, key: u8) -> Wave {
    Ensemble::new(16.0, bowed(key, 1.0))
        .noise(0.012)
        .render(name, key)
}

fn synth_strings(name: &Voice, key: u8) -> Wave {
    Ensemble::new(
        11.0,
        (1..=80).map(f64::from).map(|n| (n, 1.0 / n)).collect(),
    )
    .size(22_050, 8192)
    .render(name, key)
}

fn vocal(key: u8, tilt: f64, vowel: &[(f64, f64, f64)]) -> Vec<(f64, f64)> {
    let hertz = key_hertz(f64::from(key));
    (1..=50)
        .map(f64::from)
        .map(|n| (n, pow(n, -tilt) * (0.02 + formants(n * hertz, vowel))))
        .collect()
}

pub fn aah(name: &Voice, key: u8) -> Wave {
    let vowel = [
        (750.0, 110.0, 0.0),
        (1150.0, 130.0, -3.0),
        (2600.0, 220.0, -10.0),
        (3300.0, 250.0, -12.0),
        (300.0, 200.0, -9.0),
    ];
    Ensemble::new(22.0, vocal(key, 0.55, &vowel))
        .noise(0.006)
        .render(name, key)
}

pub fn ooh(name: &Voice, key: u8) -> Wave {
    let vowel = [
        (350.0, 110.0, 0.0),
        (800.0, 120.0, -10.0),
        (2400.0, 250.0, -26.0),
    ];
    Ensemble::new(15.0, vocal(key, 0.7, &vowel))
        .noise(0.006)
        .render(name, key)
}

fn synth_voice(name: &Voice, key: u8) -> Wave {
    let vowel = [
        (500.0, 140.0, 0.0),
        (1500.0, 200.0, -3.0),
        (2500.0, 250.0, -6.0),
    ];
    Ensemble::new(6.0, vocal(key, 0.6, &vowel)).render(name, key)
}

/// Everyone at once: octaves of brass and strings.
fn hit(name: &Voice, key: u8) -> Wave {
    let mut partials = Vec::new();
    for (rank, level) in [(0.5, 0.8), (1.0, 1.0), (2.0, 0.7), (4.0, 0.25)] {
        partials.extend(
            (1..=24)
                .map(f64::from)
                .map(|n| (rank * n, level * pow(n, -0.75))),
        );
    }
    Ensemble::new(18.0, partials)
        .size(22_050, 8192)
        .noise(0.05)
        .render(name, key)
}
