// SPDX-License-Identifier: MIT OR Apache-2.0
//! The built-in bank as it is heard: loudness, pitch, offset, headroom and decay of every program, by the engine itself.

use arioso_core::dls::file::{Limits, load};
use arioso_core::dls::model::Patches;
use arioso_core::dls::store::{Quotas, Store};
use arioso_core::mem::Shared;
use arioso_core::synth::effects::Sends;
use arioso_core::synth::{Settings, Synth, SynthId, VirtualSynth};
use std::f64::consts::TAU;
use std::sync::OnceLock;

const RATE: u32 = 44_100;
const SYNTH: SynthId = SynthId(0);

fn patches() -> Shared<Patches> {
    static PATCHES: OnceLock<Shared<Patches>> = OnceLock::new();
    PATCHES
        .get_or_init(|| {
            let instruments = load(&arioso_bank::general_midi(), Limits::default()).unwrap();
            let mut store = Store::new(Quotas::default());
            store.add_defaults(instruments).unwrap();
            store.patches(0).unwrap()
        })
        .clone()
}

/// A program in a dry synthesizer, volume 100.
struct Player(Synth);

impl Player {
    fn new(program: u8) -> Self {
        let mut port = VirtualSynth::new(1).unwrap();
        port.set_patches(patches());
        port.effects_mut().on = Sends::default();
        let mut synth = Synth::new(&Settings {
            voices: 128,
            rate: RATE,
            synths: 1,
        })
        .unwrap();
        synth.attach(SYNTH, port);
        synth.message(SYNTH, 1, &[0xC0, program]);
        Self(synth)
    }

    fn note(&mut self, key: u8, velocity: u8) {
        self.0.message(SYNTH, 1, &[0x90, key, velocity]);
    }

    fn render(&mut self, seconds: f64) -> Vec<[f32; 2]> {
        let mut out = vec![[0.0; 2]; (seconds * f64::from(RATE)) as usize];
        self.0.render(&mut out);
        out
    }

    /// Highest sample so far, before the limiter.
    fn peak(&self) -> f32 {
        self.0.virtual_synth(SYNTH).unwrap().stats().peak_level
    }
}

/// One note from its beginning.
fn note(program: u8, key: u8, velocity: u8, seconds: f64) -> Vec<[f32; 2]> {
    let mut player = Player::new(program);
    player.note(key, velocity);
    player.render(seconds)
}

fn rms_db(frames: &[[f32; 2]]) -> f64 {
    let sum: f64 = frames.iter().flatten().map(|&x| f64::from(x).powi(2)).sum();
    10.0 * (sum / frames.len().max(1) as f64 + 1e-20).log10()
}

/// Loudest 200 ms, dB.
fn loudness(frames: &[[f32; 2]]) -> f64 {
    frames
        .chunks_exact(RATE as usize / 5)
        .map(rms_db)
        .fold(f64::MIN, f64::max)
}

fn mono(frames: &[[f32; 2]]) -> Vec<f64> {
    frames
        .iter()
        .map(|frame| f64::from(frame[0] + frame[1]))
        .collect()
}

/// Power of a frequency, with a Hann window.
fn power_at(signal: &[f64], hertz: f64) -> f64 {
    let turn = |hertz: f64| (TAU * hertz / f64::from(RATE)).sin_cos();
    // Two oscillators, turned by one step per frame: the tone and the window.
    let ((s, c), (ws, wc)) = (turn(hertz), turn(f64::from(RATE) / signal.len() as f64));
    let (mut tone, mut window) = ((1.0, 0.0), (1.0, 0.0));
    let (mut re, mut im) = (0.0, 0.0);
    for x in signal {
        let weighted = x * (0.5 - 0.5 * window.0);
        re += weighted * tone.0;
        im += weighted * tone.1;
        tone = (tone.0 * c - tone.1 * s, tone.0 * s + tone.1 * c);
        window = (window.0 * wc - window.1 * ws, window.0 * ws + window.1 * wc);
    }
    re * re + im * im
}

/// Cents by which the fundamental, or an overtone that stands out, is off the key.
fn cents_off(signal: &[f64], key: u8) -> f64 {
    let hertz = 440.0 * ((f64::from(key) - 69.0) / 12.0).exp2();
    let loudest = (1..=4)
        .map(|n| (power_at(signal, hertz * f64::from(n)), n))
        .fold((0.0, 1), |a, b| if b.0 > a.0 { b } else { a })
        .1;
    let at = |cents: f64| power_at(signal, hertz * f64::from(loudest) * (cents / 1200.0).exp2());
    let (mut best, mut step) = (0.0, 20.0);
    while step > 0.5 {
        for candidate in [
            best - 2.0 * step,
            best - step,
            best + step,
            best + 2.0 * step,
        ] {
            if at(candidate) > at(best) {
                best = candidate;
            }
        }
        step *= 0.5;
    }
    best
}

fn median(mut values: [f64; 8]) -> f64 {
    values.sort_by(f64::total_cmp);
    0.5 * (values[3] + values[4])
}

/// Middle C at velocity 100, loudest 200 ms: families within 4 dB, programs within 7 dB of their family, but for those that are as much
/// quieter in `fluid-soundfont-gm`, whose balance is ours (`timbre.rs`).
#[test]
fn programs_are_balanced() {
    // Xylophone, timpani, dulcimer, agogo, woodblock, helicopter.
    const QUIET: [u8; 6] = [13, 15, 47, 113, 115, 125];
    let mut unlike = Vec::new();
    for family in 0..16u8 {
        let levels: [f64; 8] =
            std::array::from_fn(|i| loudness(&note(8 * family + i as u8, 60, 100, 2.0)));
        let usual = median(levels);
        let far = (0..8).filter(|i| !QUIET.contains(&(8 * family + i)));
        let far = far.filter(|i| (levels[usize::from(*i)] - usual).abs() > 7.0);
        if (usual + 26.0).abs() > 4.0 || far.count() > 0 {
            unlike.push((8 * family, usual, levels));
        }
    }
    assert!(unlike.is_empty(), "{unlike:#?}");
}

/// Programs with a pitch: 6 cents for one sound, 20 where several beat with each other.
#[test]
fn programs_are_in_tune() {
    let solo = |program: u8| matches!(program, 0 | 1 | 4 | 6..=14 | 16 | 20 | 24..=26 | 28 | 32..=37 | 40..=43 | 45..=47 | 56..=60 | 64..=76 | 78..=80 | 104..=108 | 110);
    let mut off = Vec::new();
    // Goblins howl.
    for program in (0..112u8).filter(|program| *program != 101) {
        for key in [40, 60, 79] {
            let out = mono(&note(program, key, 100, 0.7));
            let cents = cents_off(&out[8820..], key);
            let most = if solo(program) { 6.0 } else { 20.0 };
            if cents.abs() > most {
                off.push((program, key, cents));
            }
        }
    }
    assert!(off.is_empty(), "{off:?}");
}

/// Four seconds of middle C: no offset; what is struck or plucked dies away, what is blown or bowed stays.
#[test]
fn programs_rest_at_zero_and_fade_as_they_should() {
    let mut wrong = Vec::new();
    for program in 0..128u8 {
        let out = note(program, 60, 100, 4.0);
        let samples = mono(&out);
        let mean = 0.5 * samples.iter().sum::<f64>() / samples.len() as f64;
        let offset = 20.0 * (mean.abs() + 1e-12).log10() - loudness(&out);
        let level = |second: f64| rms_db(&out[(second * f64::from(RATE)) as usize..][..8820]);
        let fall = level(0.2) - level(3.0);
        let fades = match program {
            0..=15 | 24..=28 | 31..=34 | 36 | 37 | 45..=47 | 104..=108 | 112..=118 => fall > 15.0,
            16..=23 | 40..=44 | 48..=54 | 56..=95 => fall < 12.0,
            _ => true,
        };
        if offset > -40.0 || !fades {
            wrong.push((program, offset, fall));
        }
    }
    assert!(wrong.is_empty(), "program, offset, fall in dB: {wrong:?}");
}

/// Six loud notes stay within a decibel of full scale before the limiter.
#[test]
fn chords_do_not_clip() {
    let mut hot = Vec::new();
    for program in 0..128u8 {
        let mut player = Player::new(program);
        for key in [48, 55, 60, 64, 67, 72] {
            player.note(key, 110);
        }
        player.render(1.5);
        if player.peak() > 1.122 {
            hot.push((program, player.peak()));
        }
    }
    assert!(hot.is_empty(), "{hot:?}");
}

/// A loop's seam bends no more than the loop does elsewhere, and its mean is zero.
#[test]
fn loops_are_seamless() {
    let bend = |a: i16, b: i16, c: i16| (i32::from(a) - 2 * i32::from(b) + i32::from(c)).abs();
    let mut wrong = Vec::new();
    for wave in arioso_bank::gm::bank().waves {
        let Some((start, length)) = wave.sample.looped else {
            continue;
        };
        let frames = &wave.frames[start as usize..][..length as usize];
        let most = frames
            .windows(3)
            .map(|w| bend(w[0], w[1], w[2]))
            .max()
            .unwrap();
        let [first, second, .., last_but_one, last] = frames else {
            panic!("{} has a loop of {length}", wave.name);
        };
        let seam = bend(*last_but_one, *last, *first).max(bend(*last, *first, *second));
        let mean = frames.iter().map(|&x| f64::from(x)).sum::<f64>() / f64::from(length);
        if seam > most + most / 4 + 8 || mean.abs() > 100.0 {
            wrong.push((wave.name, wave.sample.unity, seam, most, mean));
        }
    }
    assert!(
        wrong.is_empty(),
        "wave, key, bend at the seam and elsewhere, mean: {wrong:#?}"
    );
}
