// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a note sounds like, as figures: loudness, attack, decay at half a second, spectral centroid; and band levels for the fit.

use arioso_bank::gm::fit::{BANDS, Bands, KIT, LOWEST};
use arioso_core::dls::file::{Limits, load};
use arioso_core::dls::model::Patches;
use arioso_core::dls::store::{Quotas, Store};
use arioso_core::mem::Shared;
use arioso_core::synth::effects::Sends;
use arioso_core::synth::{Settings, Synth, SynthId, VirtualSynth};
use std::f64::consts::TAU;
use std::sync::LazyLock;

pub const RATE: u32 = 44_100;
/// Seconds of a note that are looked at; it is held.
pub const SECONDS: f64 = 0.9;
/// Keys at which a program is measured at velocity [`USUAL`], middle C at [`SOFT`] too; the kit's keys at [`USUAL`].
pub const KEYS: [u8; 5] = [36, 48, 60, 72, 84];
pub const USUAL: u8 = 100;
pub const SOFT: u8 = 50;
/// Keys of the kit that General MIDI names.
pub const DRUMS: std::ops::RangeInclusive<u8> = 35..=81;

/// Our level above FluidSynth's at a gain of 0.2, dB.
pub const LEVEL: f64 = 6.0;
/// What is below this has no sound at its key, dB.
pub const SILENT: f64 = -70.0;

const SYNTH: SynthId = SynthId(0);
const HOP: usize = RATE as usize / 100;
const SPECTRUM: usize = 2048;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Features {
    /// RMS of the loudest 200 ms in dB.
    pub loudness: f64,
    /// Milliseconds until the level, in steps of 10 ms, is within 6 dB of the highest.
    pub attack: f64,
    /// How far the level of the 50 ms around 0.5 s is below the highest of 50 ms, in dB; at most 60.
    pub decay: f64,
    /// Centroid of the amplitudes of the first half second in Hz; what is 60 dB and more below the strongest of its 46 ms is left out,
    /// and each 46 ms count as their energy.
    pub centroid: f64,
}

impl Features {
    pub fn of(frames: &[[f32; 2]]) -> Self {
        let steps: Vec<f64> = frames.chunks_exact(HOP).map(energy).collect();
        let highest = |window: usize| {
            let sums = steps
                .windows(window)
                .map(|part| part.iter().sum::<f64>() / window as f64);
            sums.fold(1e-20, f64::max)
        };
        let peak = highest(1);
        let attack = steps
            .iter()
            .position(|&step| step >= 0.25 * peak)
            .unwrap_or(0);
        let late = steps[48..53].iter().sum::<f64>() / 5.0;
        Self {
            loudness: decibels(highest(20)),
            attack: 10.0 * attack as f64,
            decay: (decibels(highest(5)) - decibels(late)).clamp(0.0, 60.0),
            centroid: centroid(&mono(&frames[..RATE as usize / 2])),
        }
    }
}

/// For the fit: levels at the beginning and from 0.19 to 0.37 s, dB.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub early: Bands,
    pub late: Bands,
}

impl Shape {
    pub fn of(frames: &[[f32; 2]]) -> Self {
        const N: usize = 8192;
        let samples = mono(frames);
        let hann = |i: usize| 0.5 + 0.5 * (TAU / 2.0 * (i as f64 / N as f64)).cos();
        let early: Vec<f64> = (0..N).map(|i| samples[i] * hann(i)).collect();
        let late: Vec<f64> = (0..N)
            .map(|i| samples[i + N] * hann((2 * i).abs_diff(N)))
            .collect();
        Self {
            early: bands(&early),
            late: bands(&late),
        }
    }
}

fn bands(samples: &[f64]) -> Bands {
    let power = power_spectrum(samples);
    let bin = f64::from(RATE) / samples.len() as f64;
    let mut sums = [0.0; BANDS];
    for (k, power) in power.iter().enumerate().skip(1) {
        let band = ((k as f64 * bin / LOWEST).log2() + 0.5).clamp(0.0, (BANDS - 1) as f64);
        sums[band as usize] += power;
    }
    sums.map(|sum| decibels(sum / samples.len() as f64))
}

fn centroid(samples: &[f64]) -> f64 {
    let (mut sum, mut weights) = (0.0, 0.0);
    static HANN: LazyLock<Vec<f64>> = LazyLock::new(|| {
        let hann = |i: usize| 0.5 - 0.5 * (TAU * i as f64 / SPECTRUM as f64).cos();
        (0..SPECTRUM).map(hann).collect()
    });
    for start in (0..samples.len() - SPECTRUM).step_by(SPECTRUM / 2) {
        let part: Vec<f64> = samples[start..]
            .iter()
            .zip(&*HANN)
            .map(|(x, w)| x * w)
            .collect();
        let power = power_spectrum(&part);
        let floor = power.iter().fold(0.0f64, |a, &b| a.max(b)) * 1e-6;
        let energy: f64 = power.iter().sum();
        let (mut moment, mut total) = (0.0, 1e-30);
        for (k, power) in power
            .iter()
            .enumerate()
            .filter(|(_, power)| **power > floor)
        {
            moment += power.sqrt() * k as f64;
            total += power.sqrt();
        }
        sum += energy * moment / total;
        weights += energy;
    }
    sum / (weights + 1e-30) * f64::from(RATE) / SPECTRUM as f64
}

/// Radix 2; the first half. Lengths up to 8192.
fn power_spectrum(samples: &[f64]) -> Vec<f64> {
    const LONGEST: usize = 8192;
    static TURNS: LazyLock<Vec<(f64, f64)>> = LazyLock::new(|| {
        let turn = |k: usize| (-TAU * k as f64 / LONGEST as f64).sin_cos();
        (0..LONGEST / 2).map(turn).collect()
    });
    let n = samples.len();
    let bits = n.trailing_zeros();
    let mut z: Vec<(f64, f64)> = (0..n)
        .map(|i| (samples[i.reverse_bits() >> (usize::BITS - bits)], 0.0))
        .collect();
    let mut half = 1;
    while half < n {
        let every = LONGEST / (2 * half);
        for part in z.chunks_exact_mut(2 * half) {
            let (low, high) = part.split_at_mut(half);
            for ((a, b), &(s, c)) in low.iter_mut().zip(high).zip(TURNS.iter().step_by(every)) {
                let (x, y) = (*a, (b.0 * c - b.1 * s, b.0 * s + b.1 * c));
                *a = (x.0 + y.0, x.1 + y.1);
                *b = (x.0 - y.0, x.1 - y.1);
            }
        }
        half *= 2;
    }
    z[..n / 2]
        .iter()
        .map(|(re, im)| re * re + im * im)
        .collect()
}

fn energy(frames: &[[f32; 2]]) -> f64 {
    let sum: f64 = frames
        .as_flattened()
        .iter()
        .map(|&x| f64::from(x).powi(2))
        .sum();
    sum / frames.len() as f64
}

fn decibels(energy: f64) -> f64 {
    10.0 * (energy + 1e-14).log10()
}

fn mono(frames: &[[f32; 2]]) -> Vec<f64> {
    frames.iter().map(|[l, r]| f64::from(l + r)).collect()
}

/// What is measured: program (128 is the kit), key, velocity.
pub fn notes() -> Vec<(u8, u8, u8)> {
    let programs = (0..128).flat_map(|program| {
        let usual = KEYS.map(|key| (program, key, USUAL));
        [(program, 60, SOFT)].into_iter().chain(usual)
    });
    programs.chain(DRUMS.map(|key| (KIT, key, USUAL))).collect()
}

/// The channel on which a program is played, and its choice.
pub fn channel(program: u8) -> (u8, [u8; 2]) {
    match program {
        KIT => (9, [0xC9, 0]),
        program => (0, [0xC0, program]),
    }
}

/// A DLS bank in the engine, dry, at volume 100.
pub struct Engine(Shared<Patches>);

impl Engine {
    pub fn new(bank: &[u8]) -> Self {
        let instruments = load(bank, Limits::default()).expect("a bank");
        let mut store = Store::new(Quotas::default());
        store.add_defaults(instruments).expect("room");
        Self(store.patches(0).expect("room"))
    }

    pub fn note(&self, program: u8, key: u8, velocity: u8) -> Vec<[f32; 2]> {
        let (channel, choice) = channel(program);
        let mut out = self.play(&[&choice, &[0x90 | channel, key, velocity]], false, 1);
        out.truncate((SECONDS * f64::from(RATE)) as usize);
        out
    }

    /// Messages at the beginning, and the reverb on or off.
    pub fn play(&self, messages: &[&[u8]], reverb: bool, seconds: usize) -> Vec<[f32; 2]> {
        let mut port = VirtualSynth::new(1).expect("room");
        port.set_patches(self.0.clone());
        port.effects_mut().on = Sends {
            reverb,
            chorus: false,
        };
        let settings = Settings {
            voices: 32,
            rate: RATE,
            synths: 1,
        };
        let mut synth = Synth::new(&settings).expect("room");
        synth.attach(SYNTH, port);
        for message in messages {
            synth.message(SYNTH, 1, message);
        }
        let mut out = vec![[0.0; 2]; seconds * RATE as usize];
        synth.render(&mut out);
        out
    }
}

/// A table of measurements.
pub type Table = Vec<((u8, u8, u8), Features)>;

/// Lines of program, key, velocity, loudness, attack, decay, centroid.
pub fn read(text: &str) -> Table {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let numbers: Vec<f64> = line
                .split('\t')
                .map(|x| x.parse().expect("a number"))
                .collect();
            let &[program, key, velocity, loudness, attack, decay, centroid] = numbers.as_slice()
            else {
                panic!("seven numbers are wanted: {line}");
            };
            let features = Features {
                loudness,
                attack,
                decay,
                centroid,
            };
            ((program as u8, key as u8, velocity as u8), features)
        })
        .collect()
}
