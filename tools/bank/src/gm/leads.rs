// SPDX-License-Identifier: MIT OR Apache-2.0
//! Programs 80–87: synth leads.

use super::fit::Voice;
use super::patch::{Layer, Program, layer, program, twins};
use crate::dls::Wave;
use crate::tone::{Partial, Tone, harmonics};

const KEYS: &[u8] = &[40, 56, 72, 88];

pub fn family() -> Vec<Program> {
    let lead = |l: Layer| l.env(0.004, 0.0, 0.0, 0.35).vibrato(5.6, 7.0, 0.45);
    let saw = || layer("brass saw", saw, KEYS);
    let mut bass_lead = twins(
        lead(saw())
            .filter(700.0, 6.0, 2400.0)
            .sweep(2000.0, 0.0, 1.4, 20.0, 0.4),
        10.0,
        14.0,
    );
    bass_lead.push(
        lead(layer("square lead", square, KEYS))
            .tune(-1200.0)
            .gain(-4.0)
            .filter(900.0, 0.0, 1200.0),
    );
    let mut fifths = twins(lead(saw()).filter(1800.0, 3.0, 2000.0), 8.0, 18.0);
    fifths.push(
        lead(saw())
            .tune(702.0)
            .gain(-5.0)
            .filter(1800.0, 3.0, 2000.0),
    );
    vec![
        program(
            80,
            "Square Lead",
            vec![lead(layer("square lead", square, KEYS)).filter(3500.0, 0.0, 2400.0)],
        ),
        program(
            81,
            "Saw Lead",
            twins(lead(saw()).filter(3000.0, 2.0, 2400.0), 13.0, 15.0),
        ),
        program(
            82,
            "Calliope Lead",
            vec![lead(layer("calliope", calliope, &[55, 72])).env(0.02, 0.0, 0.0, 0.35)],
        ),
        program(
            83,
            "Chiff Lead",
            vec![lead(layer("chiff", chiff, &[52, 72])).filter(2500.0, 0.0, 2400.0)],
        ),
        program(
            84,
            "Charang Lead",
            vec![
                lead(layer("charang", charang, KEYS))
                    .filter(2200.0, 5.0, 2400.0)
                    .sweep(900.0, 0.0, 1.2, 30.0, 0.4),
            ],
        ),
        program(
            85,
            "Voice Lead",
            vec![
                lead(layer("aah", super::ensemble::aah, super::ensemble::CHOIR))
                    .env(0.05, 0.0, 0.0, 0.6),
                lead(layer("square lead", square, KEYS))
                    .gain(-12.0)
                    .unfitted()
                    .filter(900.0, 0.0, 900.0)
                    .env(0.04, 0.0, 0.0, 0.5),
            ],
        ),
        program(86, "Fifths Lead", fifths),
        program(87, "Bass and Lead", bass_lead),
    ]
}

fn saw(name: &Voice, key: u8) -> Wave {
    Tone::new(harmonics(80, |n| 1.0 / n))
        .length(0.001, 0.02)
        .render(name, key)
}

fn square(name: &Voice, key: u8) -> Wave {
    Tone::new(harmonics(
        80,
        |n| if n as u32 % 2 == 1 { 1.0 / n } else { 0.0 },
    ))
    .length(0.001, 0.02)
    .render(name, key)
}

fn calliope(name: &Voice, key: u8) -> Wave {
    Tone::new(harmonics(6, |n| {
        [1.0, 0.35, 0.08, 0.14, 0.03, 0.05][n as usize - 1]
    }))
    .length(0.036, 0.08)
    .breath(0.12, 0.7, 6.0)
    .burst(0.5, 0.02, 1500.0, 6000.0)
    .render(name, key)
}

fn chiff(name: &Voice, key: u8) -> Wave {
    let mut partials = harmonics(20, |n| if n as u32 % 2 == 1 { 1.0 / n } else { 0.2 / n });
    partials.push(Partial::fading(6.0, 0.5, 0.0, 0.03));
    Tone::new(partials)
        .length(0.072, 0.032)
        .burst(0.9, 0.02, 1500.0, 7000.0)
        .render(name, key)
}

fn charang(name: &Voice, key: u8) -> Wave {
    let partials = harmonics(60, |n| crate::tone::comb(n, 0.23) * libm::pow(n, -0.55))
        .into_iter()
        .map(|p| Partial {
            phase: p.ratio * p.ratio * 0.09,
            ..p
        })
        .collect();
    Tone::new(partials)
        .length(0.036, 0.024)
        .burst(0.4, 0.006, 1500.0, 6000.0)
        .render(name, key)
}
