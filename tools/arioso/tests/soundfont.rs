// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a SoundFont says and DLS says otherwise: small fonts, each about one thing, played by our engine after conversion and by
//! FluidSynth as they are. Levels, pitches and spectra must agree; where a value has a closed form, both are held to it.

#![cfg(unix)]

use arioso_bank::sf2::test_font::{Font, Generators, Zone, zone};
use arioso_bank::sf2::{self, SampleHeader, generator as g};
use arioso_cli::compare::{Bank, Ours, RATE, Synthesizer, theirs};
use std::f64::consts::TAU;
use std::io::Cursor;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

/// Frames per second of all samples.
const SECOND: usize = RATE as usize;
/// Of the test tones; a period of 100 frames.
const TONE: f64 = 441.0;

/// Both renderings, ours first.
type Pair = [Vec<[f32; 2]>; 2];

/// A second of partials of [`TONE`] at key 69, looped as a whole.
fn sample(partials: &[usize]) -> (SampleHeader, Vec<i16>) {
    let amplitude = 8000.0 / partials.len() as f64;
    let frames = (0..SECOND)
        .map(|i| {
            let phase = |k: usize| (TAU * TONE * (k * i) as f64 / f64::from(RATE) + k as f64).sin();
            (amplitude * partials.iter().map(|&k| phase(k)).sum::<f64>()).round() as i16
        })
        .collect();
    let header = SampleHeader {
        name: "tone".into(),
        start: 0,
        end: SECOND as u32,
        loop_start: 0,
        loop_end: SECOND as u32,
        rate: RATE,
        root: 69,
        correction: 0,
        link: 0,
        kind: 1,
    };
    (header, frames)
}

/// One preset with these zones' generators, its instrument's zones, one sample, a few frames of silence behind it.
fn font_of(preset: &[(u16, i16)], instrument: Vec<Zone>, partials: &[usize]) -> Font {
    let (header, mut frames) = sample(partials);
    frames.extend([0; 46]);
    let mut preset: Generators = preset.to_vec();
    preset.push((g::INSTRUMENT, 0));
    Font {
        presets: vec![("p", 0, 0, vec![zone(&preset)])],
        instruments: vec![instrument],
        samples: vec![header],
        frames,
        low: None,
        version: 2,
    }
}

/// A zone that loops the sample.
fn looped(generators: &[(u16, i16)]) -> Zone {
    let mut generators = generators.to_vec();
    generators.extend([(g::SAMPLE_MODES, 1), (g::SAMPLE, 0)]);
    zone(&generators)
}

fn modulated(generators: &[(u16, i16)], modulators: &[[u16; 5]]) -> Zone {
    Zone {
        modulators: modulators.to_vec(),
        ..looped(generators)
    }
}

/// A font with one tone.
fn tone(preset: &[(u16, i16)], instrument: &[(u16, i16)]) -> Font {
    font_of(preset, vec![looped(instrument)], &[1])
}

/// A bank of ours out of a file.
fn converted(bytes: &[u8]) -> Bank {
    let mut file = Cursor::new(bytes);
    let font = sf2::SoundFont::open(&mut file).unwrap();
    let conversion = sf2::convert(&font, &sf2::Limits::default(), |_, _| true).unwrap();
    let mut out = Vec::new();
    sf2::write(&font, &conversion.bank, &mut file, &mut out, |_| ()).unwrap();
    Bank::new(&out).unwrap()
}

fn render(synth: &mut impl Synthesizer, events: &[(f64, Vec<u8>)], seconds: f64) -> Vec<[f32; 2]> {
    let mut out = vec![[0.0; 2]; (seconds * f64::from(RATE)) as usize];
    let mut done = 0;
    for (time, message) in events {
        let at = (time * f64::from(RATE)) as usize / 64 * 64;
        synth.render(&mut out[done..at]);
        done = at;
        synth.send(1, message);
    }
    synth.render(&mut out[done..]);
    out
}

/// Plays messages at their seconds in both.
fn both(font: &Font, events: &[(f64, Vec<u8>)], seconds: f64) -> Pair {
    static FILES: AtomicU32 = AtomicU32::new(0);
    let bytes = font.bytes();
    let number = FILES.fetch_add(1, Ordering::Relaxed);
    let name = format!("arioso-soundfont-{}-{number}.sf2", std::process::id());
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, &bytes).unwrap();
    // FluidSynth fills its tables when the first synthesizer is made, and does not wait for that in a second thread.
    static FIRST: Mutex<()> = Mutex::new(());
    let other = {
        let _alone = FIRST.lock();
        theirs(&path)
    };
    std::fs::remove_file(&path).unwrap();
    let mut ours = Ours::new(&converted(&bytes), 1).unwrap();
    [
        render(&mut ours, events, seconds),
        render(&mut other.unwrap(), events, seconds),
    ]
}

/// A held note, with the volume as it is at the beginning.
fn note(key: u8, velocity: u8) -> Vec<(f64, Vec<u8>)> {
    vec![(0.0, vec![0x90, key, velocity])]
}

fn part(frames: &[[f32; 2]], from: f64, to: f64) -> &[[f32; 2]] {
    let at = |seconds: f64| (seconds * f64::from(RATE)) as usize;
    &frames[at(from)..at(to).min(frames.len())]
}

/// dB of both sides together.
fn level(frames: &[[f32; 2]]) -> f64 {
    let sum: f64 = frames
        .as_flattened()
        .iter()
        .map(|&x| f64::from(x).powi(2))
        .sum();
    10.0 * (sum / frames.len() as f64 + 1e-20).log10()
}

/// dB of a frequency in the left side.
fn at(frames: &[[f32; 2]], hertz: f64) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    for (i, frame) in frames.iter().enumerate() {
        let phase = TAU * hertz * i as f64 / f64::from(RATE);
        re += f64::from(frame[0]) * phase.cos();
        im += f64::from(frame[0]) * phase.sin();
    }
    10.0 * ((re * re + im * im) / (frames.len() as f64).powi(2) + 1e-20).log10()
}

/// Frequency of a tone, by its upward zero crossings.
fn pitch(frames: &[[f32; 2]]) -> f64 {
    let crossings: Vec<f64> = frames
        .windows(2)
        .enumerate()
        .filter(|(_, w)| w[0][0] < 0.0 && w[1][0] >= 0.0)
        .map(|(i, w)| i as f64 + f64::from(w[0][0] / (w[0][0] - w[1][0])))
        .collect();
    let (first, last) = (crossings[0], crossings[crossings.len() - 1]);
    f64::from(RATE) * (crossings.len() - 1) as f64 / (last - first)
}

fn cents(a: f64, b: f64) -> f64 {
    1200.0 * (a / b).log2()
}

#[track_caller]
fn near(found: f64, expected: f64, tolerance: f64, what: &dyn std::fmt::Debug) {
    assert!(
        (found - expected).abs() <= tolerance,
        "{what:?}: {found:.3}, expected {expected:.3}"
    );
}

/// Ours above FluidSynth's for the same plain tone, dB.
fn offset() -> f64 {
    let [ours, theirs] = both(&tone(&[], &[]), &note(69, 127), 0.5);
    level(part(&ours, 0.2, 0.5)) - level(part(&theirs, 0.2, 0.5))
}

/// Attenuations of preset and instrument are summed, and the sum is bounded behind velocity and volume only.
#[test]
fn attenuation_is_bounded_behind_velocity_and_volume() {
    let offset = offset();
    for (instrument, preset) in [
        (0, 0),
        (200, 0),
        (200, -100),
        (0, -200),
        (100, -600),
        (-300, 100),
        (1200, -1000),
        (1000, 500),
    ] {
        let font = tone(&[(g::ATTENUATION, preset)], &[(g::ATTENUATION, instrument)]);
        for (velocity, volume) in [(127u8, 127u8), (127, 100), (100, 127), (64, 90), (30, 60)] {
            let mut events = vec![(0.0, vec![0xB0, 7, volume])];
            events.extend(note(69, velocity));
            let [ours, theirs] = both(&font, &events, 0.4);
            // FluidSynth divides a controller by 128 and is 0.3 dB soft at full velocity and volume.
            let what = (instrument, preset, velocity, volume);
            let found = level(part(&ours, 0.2, 0.4));

            near(found - level(part(&theirs, 0.2, 0.4)), offset, 0.5, &what);
        }
    }
}

#[test]
fn velocity_curves_of_144_db() {
    let offset = offset();
    for amount in [0, 480, 960, 1200, 1440] {
        let font = font_of(
            &[],
            vec![modulated(&[], &[[0x0502, g::ATTENUATION, amount, 0, 0]])],
            &[1],
        );
        for velocity in [127, 100, 64, 40] {
            let [ours, theirs] = both(&font, &note(69, velocity), 0.4);
            let levels = [&ours, &theirs].map(|frames| level(part(frames, 0.2, 0.4)));
            near(levels[0] - levels[1], offset, 0.2, &(amount, velocity));
        }
        // 20 log10 of the square, in parts of 96 dB.
        let fall = |velocity: f64| f64::from(amount) / 24.0 * (velocity / 127.0).log10();
        let [loud, _] = both(&font, &note(69, 127), 0.4);
        let [soft, _] = both(&font, &note(69, 64), 0.4);
        let step = level(part(&soft, 0.2, 0.4)) - level(part(&loud, 0.2, 0.4));
        near(step, fall(64.0), 0.2, &amount);
    }
}

/// A curve beside the default one: both act; a rising concave one makes loud.
#[test]
fn further_curves_of_velocity() {
    let offset = offset();
    for modulator in [
        [0x0102, g::ATTENUATION, 300, 0, 0],
        [0x0002, g::ATTENUATION, 300, 0, 0],
        [0x0402, g::ATTENUATION, 400, 0, 0],
        [0x0902, g::ATTENUATION, 400, 0, 0],
        [0x0C02, g::ATTENUATION, 200, 0, 0],
        [0x0302, g::ATTENUATION, 200, 0, 0],
        // By the wheel, times velocity; by the key.
        [0x0103, g::ATTENUATION, 300, 0, 0],
        [0x0103, g::ATTENUATION, 300, 0x0002, 0],
    ] {
        let font = font_of(
            &[(g::ATTENUATION, 500)],
            vec![modulated(&[], &[modulator])],
            &[1],
        );
        // At the steep end of a rising concave curve FluidSynth, which divides by 128, is 5 dB off.
        for velocity in [110, 90, 64, 30] {
            let [ours, theirs] = both(&font, &note(69, velocity), 0.4);
            let levels = [&ours, &theirs].map(|frames| level(part(frames, 0.2, 0.4)));
            near(levels[0] - levels[1], offset, 0.6, &(modulator, velocity));
        }
    }
}

#[test]
fn a_key_for_all() {
    for (key, decay) in [(57, 0), (69, 100), (81, -50)] {
        let font = tone(
            &[],
            &[
                (g::KEY, key),
                (g::EG1_DECAY, 0),
                (g::EG1_SUSTAIN, 960),
                (g::KEY_TO_EG1_DECAY, decay),
            ],
        );
        let expected = TONE * ((f64::from(key) - 69.0) / 12.0).exp2();
        let mut levels = Vec::new();
        for played in [40, 57, 60, 90] {
            let [ours, theirs] = both(&font, &note(played, 127), 0.5);
            for frames in [&ours, &theirs] {
                near(
                    cents(pitch(part(frames, 0.05, 0.45)), expected),
                    0.0,
                    1.0,
                    &(key, played),
                );
                levels.push(level(part(frames, 0.4, 0.45)) - level(part(frames, 0.1, 0.15)));
            }
        }
        // All keys decay alike.
        for level in &levels {
            near(*level, levels[1], 0.5, &(key, decay));
        }
    }
}

#[test]
fn a_velocity_for_all() {
    let offset = offset();
    let bright = [1, 8, 20];
    let modulators = [
        [0x0102, g::CUTOFF, -2400i16 as u16, 0, 0],
        [0x0502, g::ATTENUATION, 700, 0, 0],
    ];
    for velocity in [20, 64, 127] {
        let zone = modulated(&[(g::VELOCITY, velocity), (g::CUTOFF, 11_000)], &modulators);
        let font = font_of(&[], vec![zone], &bright);
        for played in [1, 60, 127] {
            let [ours, theirs] = both(&font, &note(69, played), 0.4);
            let top = at(part(&theirs, 0.2, 0.4), TONE);
            for k in bright {
                let levels =
                    [&ours, &theirs].map(|frames| at(part(frames, 0.2, 0.4), TONE * k as f64));
                // Further down FluidSynth's filter falls faster.
                if levels[1] > top - 6.0 {
                    near(levels[0] - levels[1], offset, 1.5, &(velocity, played, k));
                }
            }
        }
    }
}

/// Velocity to filter where a bank names it, in the form of 2.04, and with other amounts and curves.
#[test]
fn velocity_closes_the_filter() {
    let offset = offset();
    let partials = [1, 4, 8, 16, 24];
    for modulator in [
        [0x0102, g::CUTOFF, -2400i16 as u16, 0, 0],
        [0x0102, g::CUTOFF, -6000i16 as u16, 0, 0],
        [0x0502, g::CUTOFF, -4800i16 as u16, 0, 0],
        [0x0002, g::CUTOFF, 3000, 0, 0],
        [0x0103, g::CUTOFF, -3000i16 as u16, 0, 0],
    ] {
        for cutoff in [9000, 11_000] {
            let font = font_of(
                &[],
                vec![modulated(&[(g::CUTOFF, cutoff)], &[modulator])],
                &partials,
            );
            for velocity in [127, 80, 30] {
                let [ours, theirs] = both(&font, &note(69, velocity), 0.4);
                for k in partials {
                    let levels =
                        [&ours, &theirs].map(|frames| at(part(frames, 0.2, 0.4), TONE * k as f64));
                    // Further down FluidSynth's filter, with zeros at half of the rate, falls faster.
                    let top = at(part(&theirs, 0.2, 0.4), TONE);
                    if levels[1] > top - 6.0 {
                        let what = (modulator, cutoff, velocity, k);
                        near(levels[0] - levels[1], offset, 1.5, &what);
                    }
                }
            }
        }
    }
}

/// Cutoffs up to the end of hearing, with and without resonance: up to the cutoff as FluidSynth has it, and below it as much softer.
#[test]
fn filters_up_to_twelve_kilohertz_and_above() {
    let offset = offset();
    let partials = [1, 3, 8, 14, 20, 25, 30, 34, 38, 42, 45];
    let absolute = |hertz: f64| 6900.0 + 1200.0 * (hertz / 440.0).log2();
    for cutoff in [1000, 3000, 6000, 8000, 11_000, 13_000, 16_000, 19_912] {
        for q in [0, 30, 100, 190] {
            let font = font_of(
                &[],
                vec![looped(&[
                    (g::CUTOFF, absolute(f64::from(cutoff)).round() as i16),
                    (g::Q, q),
                ])],
                &partials,
            );
            let [ours, theirs] = both(&font, &note(69, 100), 0.4);
            for k in partials {
                let hertz = TONE * k as f64;
                let levels = [&ours, &theirs].map(|frames| at(part(frames, 0.2, 0.4), hertz));
                let difference = levels[0] - levels[1] - offset;
                println!("{cutoff:6} {q:4} {hertz:7.0} Hz {difference:6.2} dB");
                let what = (cutoff, q, k);
                // Near half of the rate FluidSynth squeezes a peak, ours is the analogue one: shown only.
                if cutoff > 13_000 && q >= 100 {
                    continue;
                }
                // Above that, FluidSynth's filter has zeros at half of the rate, which ours has not.
                if hertz < 0.7 * f64::from(cutoff) {
                    // On the flank of a high peak that lies a few percent beside theirs.
                    let flank = f64::from(q) / 100.0;
                    let tolerance = if cutoff <= 6000 { 1.0 } else { 2.0 + flank };
                    near(difference, 0.0, tolerance, &what);
                } else if hertz < f64::from(cutoff) {
                    near(difference, 0.0, 3.5 + f64::from(q) / 50.0, &what);
                }
            }
        }
    }
}

/// A sample begins behind the delay of its volume envelope: the second shot of a pair has its attack, and its whole length.
#[test]
fn a_sample_waits_for_the_delay() {
    let offset = offset();
    for delay in [0.1f64, 0.5, 0.7003] {
        let cents = (1200.0 * delay.log2()).round() as i16;
        let once = zone(&[(g::EG1_DELAY, cents), (g::SAMPLE, 0)]);
        let font = font_of(&[], vec![once], &[1]);
        let pair = both(&font, &note(69, 127), 2.0);
        for (name, frames) in ["ours", "FluidSynth"].iter().zip(&pair) {
            let sounds = |frame: &[f32; 2]| frame[0].abs() > 1e-3;
            let begin = frames.iter().position(sounds).unwrap() as f64 / f64::from(RATE);
            let end = frames.iter().rposition(sounds).unwrap() as f64 / f64::from(RATE);
            // FluidSynth counts delays in whole blocks of 64 frames.
            near(begin, delay, 0.002, &(name, delay));
            near(end, delay + 1.0, 0.003, &(name, delay));
        }
        let levels = pair
            .each_ref()
            .map(|frames| level(part(frames, delay + 0.8, delay + 0.99)));
        near(levels[0] - levels[1], offset, 0.1, &delay);
    }
}

/// Classes are equal or not, whatever their numbers.
#[test]
fn exclusive_classes_are_told_apart() {
    let classes = [1, 16, 31, 46, 2, 127, 61, 76];
    let zones = classes
        .iter()
        .enumerate()
        .map(|(i, &class)| {
            let key = 60 + 2 * i as u8;
            looped(&[
                (g::KEYS, i16::from_le_bytes([key, key + 1])),
                (g::EXCLUSIVE_CLASS, class),
                (g::KEY, 0),
            ])
        })
        .map(|mut zone| {
            // The range comes first; the key decides the pitch.
            zone.generators.retain(|generator| generator.0 != g::KEY);
            zone
        })
        .collect();
    let font = font_of(&[], zones, &[1]);
    let frequency = |key: u8| TONE * ((f64::from(key) - 69.0) / 12.0).exp2();
    for (first, second) in [
        (60u8, 62u8),
        (60, 61),
        (62, 64),
        (64, 74),
        (66, 67),
        (70, 72),
    ] {
        let events = [
            (0.0, vec![0x90, first, 127]),
            (0.2, vec![0x90, second, 127]),
        ];
        let pair = both(&font, &events, 0.7);
        for frames in &pair {
            let before = at(part(frames, 0.05, 0.15), frequency(first));
            let after = at(part(frames, 0.4, 0.7), frequency(first));
            let chokes = (first - 60) / 2 == (second - 60) / 2;
            assert_eq!(after < before - 20.0, chokes, "{first} {second}");
        }
    }
}

/// The modulation envelope's attack takes all of its time, along the convex curve.
#[test]
fn the_modulation_envelope_takes_its_time() {
    let attack = 0.8;
    let time = (1200.0 * f64::log2(attack)).round() as i16;
    let font = tone(&[], &[(g::EG2_ATTACK, time), (g::EG2_TO_PITCH, 1200)]);
    let [ours, theirs] = both(&font, &note(57, 127), 1.2);
    let base = TONE / 2.0;
    for (frames, tolerance) in [(&ours, 12.0), (&theirs, 25.0)] {
        let found = cents(pitch(part(frames, 0.85, 1.2)), base);
        near(found, 1200.0, 2.0, &"top");
        for i in 2..8 {
            let time = 0.1 * f64::from(i);
            let found = cents(pitch(part(frames, time - 0.02, time + 0.02)), base);
            let curve = 1.0 + 5.0 / 12.0 * (time / attack).log10();
            near(found, 1200.0 * curve, tolerance, &i);
        }
    }
}

#[test]
fn times_follow_the_key() {
    let times = |hold: i16, decay: i16, by_hold: i16, by_decay: i16| {
        tone(
            &[],
            &[
                (g::EG1_HOLD, hold),
                (g::EG1_DECAY, decay),
                (g::EG1_SUSTAIN, 960),
                (g::KEY_TO_EG1_HOLD, by_hold),
                (g::KEY_TO_EG1_DECAY, by_decay),
            ],
        )
    };
    let offset = offset();
    for font in [
        times(-12000, 1200, 0, 100),
        times(-12000, 1200, 0, -100),
        times(-2400, 1200, 50, 0),
        // More than a connection holds, and a time that is out of range without the key.
        times(-12000, 0, 0, 400),
        times(-12000, 6000, 0, 300),
        times(-12000, 7200, 0, 0),
        times(-12000, -2400, 0, -1200),
    ] {
        for key in [36, 57, 60, 63, 84] {
            let [ours, theirs] = both(&font, &note(key, 127), 1.0);
            for window in [0.1, 0.3, 0.6, 0.9] {
                let levels = [&ours, &theirs]
                    .map(|frames| level(part(frames, window, window + 0.05)).max(-90.0));
                if levels[1] > -80.0 {
                    let what = (&font.instruments[0][0].generators, key, window);
                    near(levels[0] - levels[1], offset, 1.0, &what);
                }
            }
        }
    }
}

#[test]
fn keys_apart_from_the_root() {
    for (scale, tune) in [
        (0, 0),
        (50, 30),
        (100, -12),
        (200, 0),
        (0, 36),
        (400, 0),
        (1200, 0),
    ] {
        let font = tone(
            &[],
            &[
                (g::SCALE_TUNING, scale),
                (g::COARSE_TUNE, tune),
                (g::ROOT_KEY, 66),
            ],
        );
        for key in [60u8, 66, 68, 69] {
            let [ours, theirs] = both(&font, &note(key, 127), 0.4);
            let expected = TONE
                * ((f64::from(scale) * (f64::from(key) - 66.0) + 100.0 * f64::from(tune)) / 1200.0)
                    .exp2();
            if !(50.0..8000.0).contains(&expected) {
                continue;
            }
            for frames in [&ours, &theirs] {
                let found = pitch(part(frames, 0.1, 0.4));
                near(cents(found, expected), 0.0, 2.0, &(scale, tune, key));
            }
        }
    }
}

/// Loops that leave their sample, are reversed or lie before it: the note is held, by both at one level and pitch.
#[test]
fn loops_are_repaired() {
    let offset = offset();
    let length = SECOND as u32;
    for (start, end) in [
        (0, length + 40),
        (0, 10 * length),
        (0, u32::MAX),
        (u32::MAX, length),
        (length, 0),
        (20 * length, 30 * length),
        (length / 2, length + 100_000),
    ] {
        let mut font = tone(&[], &[]);
        font.samples[0].loop_start = start;
        font.samples[0].loop_end = end;
        let [ours, theirs] = both(&font, &note(69, 127), 3.0);
        let levels = [&ours, &theirs].map(|frames| level(part(frames, 2.2, 2.8)));
        // Of some FluidSynth makes one-shots.
        if levels[1] > -100.0 {
            near(levels[0] - levels[1], offset, 0.3, &(start, end));
        }
        let held = level(part(&ours, 0.2, 0.8));
        near(levels[0], held, 0.3, &(start, end));
        let found = pitch(part(&ours, 2.2, 2.8));
        // A loop of half a period more or less has a seam.
        near(cents(found, TONE), 0.0, 5.0, &(start, end));
    }
    // Where the offsets of a zone lead out of it.
    for (operator, amount) in [
        (g::LOOP_END, 30),
        (g::LOOP_END_COARSE, 1),
        (g::LOOP_START, -50),
        (g::LOOP_START_COARSE, -1),
        (g::END_COARSE, 4),
        (g::START, -20),
    ] {
        let font = tone(&[], &[(operator, amount)]);
        let [ours, theirs] = both(&font, &note(69, 127), 3.0);
        let levels = [&ours, &theirs].map(|frames| level(part(frames, 2.2, 2.8)));
        if levels[1] > -100.0 {
            near(levels[0] - levels[1], offset, 0.3, &(operator, amount));
        }
        near(
            levels[0],
            level(part(&ours, 0.2, 0.8)),
            0.3,
            &(operator, amount),
        );
    }
}

/// No chunk `ifil`: the tables say what there is.
#[test]
fn a_file_without_its_version_plays() {
    let mut bytes = tone(&[], &[]).bytes();
    let place = bytes.windows(4).position(|w| w == b"ifil").unwrap();
    bytes[place] = b'x';
    let mut ours = Ours::new(&converted(&bytes), 1).unwrap();
    let out = render(&mut ours, &note(69, 127), 0.4);
    near(cents(pitch(part(&out, 0.1, 0.4)), TONE), 0.0, 1.0, &"pitch");
}
