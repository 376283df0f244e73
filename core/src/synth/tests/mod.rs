// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tests against the closed forms of `docs/reference/dls-synth.md` §4 and the rules of the engine.

mod awe;
mod channels;
mod clock;
mod cost;
mod destinations;
mod details;
mod effects;
mod envelopes;
mod filters;
mod laws;
mod loops;
mod meant;
mod memory;
mod mono;
mod performance;
mod plans;
mod prepared;
mod quality;
mod requests;
mod routing;
mod sequencing;
mod short_notes;
mod stealing;
mod sweeps;
mod tables;
mod ticks;
mod tuning;
mod vectors;

use super::*;
use crate::dls::model::{
    Articulation, Connection, Curve, Destination, Instrument, Loop, Patches, Region, SampleInfo,
    Shape, Source, Wave,
};
use crate::mem::Shared;
use alloc::vec::Vec;

extern crate std;

const RATE: u32 = 48_000;
const SYNTH: SynthId = SynthId(0);
/// Level of one side of a full-scale voice at velocity, volume and expression 127, in the middle: -12 + 6 - 3.01 dB.
const FULL: f32 = 0.501_187_2 * core::f32::consts::FRAC_1_SQRT_2 * (32767.0 / 32768.0);

fn seconds(s: f64) -> i32 {
    if s == 0.0 {
        i32::MIN
    } else {
        (1200.0 * s.log2() * 65536.0).round() as i32
    }
}

fn decibel(db: f64) -> i32 {
    (db * 655_360.0) as i32
}

fn cents(c: f64) -> i32 {
    (c * 65536.0) as i32
}

fn permille(x: f64) -> i32 {
    (x * 65536.0) as i32
}

const LINEAR: Shape = Shape {
    curve: Curve::Linear,
    bipolar: false,
    invert: false,
};
const BIPOLAR: Shape = Shape {
    curve: Curve::Linear,
    bipolar: true,
    invert: false,
};
const VOLUME: Shape = Shape {
    curve: Curve::Concave,
    bipolar: false,
    invert: true,
};

fn connect(
    source: (Source, Shape),
    control: Source,
    destination: Destination,
    scale: i32,
) -> Connection {
    let shape = if matches!(control, Source::Rpn(_)) || control == Source::None {
        LINEAR
    } else {
        BIPOLAR
    };
    let control_shape = if control == Source::Controller(1) {
        LINEAR
    } else {
        shape
    };
    Connection {
        source: source.0,
        source_shape: source.1,
        control,
        control_shape,
        destination,
        scale,
    }
}

/// Sets a destination's constant.
fn set(destination: Destination, scale: i32) -> Connection {
    connect((Source::None, LINEAR), Source::None, destination, scale)
}

/// EG2 to the gain, in a straight line.
fn second_envelope_to_gain(db: f64) -> Connection {
    connect(
        (Source::Eg2, LINEAR),
        Source::None,
        Destination::Gain,
        decibel(db),
    )
}

/// The defaults of DLS 2 (§3.3) that are not zero, with `changes` in place of those of the same identity.
fn articulation(changes: &[Connection]) -> Shared<Articulation> {
    use Destination as D;
    let mut all = std::vec![
        set(D::LfoFrequency, cents(-851.318)),
        set(D::VibratoFrequency, cents(-851.318)),
        set(D::LfoDelay, seconds(0.01)),
        set(D::VibratoDelay, seconds(0.01)),
        set(D::Eg1Delay, i32::MIN),
        set(D::Eg1Attack, i32::MIN),
        set(D::Eg1Hold, i32::MIN),
        set(D::Eg1Decay, i32::MIN),
        set(D::Eg1Release, i32::MIN),
        set(D::Eg1Sustain, permille(1000.0)),
        set(D::Eg1Shutdown, seconds(0.015)),
        set(D::Eg2Delay, i32::MIN),
        set(D::Eg2Attack, i32::MIN),
        set(D::Eg2Hold, i32::MIN),
        set(D::Eg2Decay, i32::MIN),
        set(D::Eg2Release, i32::MIN),
        set(D::Eg2Sustain, permille(1000.0)),
        set(D::FilterCutoff, 0x7FFF_FFFF),
        connect(
            (Source::Key, LINEAR),
            Source::None,
            D::KeyNumber,
            cents(12800.0)
        ),
        connect(
            (Source::Rpn(2), BIPOLAR),
            Source::None,
            D::KeyNumber,
            cents(6400.0)
        ),
        connect(
            (Source::Key, LINEAR),
            Source::None,
            D::Pitch,
            cents(12800.0)
        ),
        connect(
            (Source::PitchWheel, BIPOLAR),
            Source::Rpn(0),
            D::Pitch,
            cents(12800.0)
        ),
        connect(
            (Source::Rpn(1), BIPOLAR),
            Source::None,
            D::Pitch,
            cents(100.0)
        ),
        connect(
            (Source::Velocity, VOLUME),
            Source::None,
            D::Gain,
            decibel(-96.0)
        ),
        connect(
            (Source::Controller(7), VOLUME),
            Source::None,
            D::Gain,
            decibel(-96.0)
        ),
        connect(
            (Source::Controller(11), VOLUME),
            Source::None,
            D::Gain,
            decibel(-96.0)
        ),
        connect(
            (Source::Controller(10), BIPOLAR),
            Source::None,
            D::Pan,
            permille(508.0)
        ),
    ];
    for change in changes {
        all.retain(|old| {
            (old.source, old.control, old.destination)
                != (change.source, change.control, change.destination)
        });
        all.push(*change);
    }
    Shared::try_new(Articulation::new(all)).unwrap()
}

const PLAIN: SampleInfo = SampleInfo {
    unity: 60,
    fine_tune: 0,
    gain: 0,
    sample_loop: None,
};

fn looped(start: u32, length: u32) -> SampleInfo {
    SampleInfo {
        sample_loop: Some(Loop {
            start,
            length,
            until_release: false,
        }),
        ..PLAIN
    }
}

fn wave(rate: u32, frames: &[i16]) -> Shared<Wave> {
    Shared::try_new(Wave::new(rate, frames, PLAIN).unwrap()).unwrap()
}

/// A constant, looped: the output is the envelope.
fn dc() -> (Shared<Wave>, SampleInfo) {
    (wave(RATE, &[32767; 64]), looped(0, 64))
}

/// One frame at full scale.
fn impulse() -> Shared<Wave> {
    let mut frames = [0; 400];
    frames[0] = 32767;
    wave(RATE, &frames)
}

fn region(wave: &Shared<Wave>, sample: SampleInfo, articulation: &Shared<Articulation>) -> Region {
    Region {
        keys: (0, 127),
        velocities: (0, 127),
        self_non_exclusive: false,
        key_group: 0,
        phase_group: 0,
        phase_master: false,
        channels: 1,
        wave: wave.clone(),
        sample,
        articulation: articulation.clone(),
    }
}

/// A synthesizer with one port whose program 0 (and drum kit 0) has these regions; volume 127.
fn synth_with(voices: u16, rate: u32, regions: Vec<Region>) -> Synth {
    let mut synth = Synth::new(&Settings {
        voices,
        rate,
        synths: 2,
    })
    .unwrap();
    assert!(synth.attach(SYNTH, port_with(regions)).is_none());
    for channel in 0..16 {
        synth.message(SYNTH, 0, &[0xB0 | channel, 7, 127]);
    }
    synth
}

/// A port of two groups whose program 0 (and drum kit 0) has these regions.
fn port_with(regions: Vec<Region>) -> crate::mem::TryBox<VirtualSynth> {
    let instruments = [0, 0x8000_0000]
        .map(|patch| Shared::try_new(Instrument::new(patch, false, regions.clone())).unwrap());
    let mut port = VirtualSynth::new(2).unwrap();
    port.set_patches(
        Shared::try_new(Patches {
            built_in: Vec::new(),
            instruments: instruments.to_vec(),
        })
        .unwrap(),
    );
    port
}

fn synth(regions: Vec<Region>) -> Synth {
    synth_with(64, RATE, regions)
}

/// The DC wave with these connections.
fn dc_synth(changes: &[Connection]) -> Synth {
    let (wave, info) = dc();
    synth(std::vec![region(&wave, info, &articulation(changes))])
}

fn send(synth: &mut Synth, message: &[u8]) {
    synth.message(SYNTH, 1, message);
}

fn render(synth: &mut Synth, frames: usize) -> Vec<[f32; 2]> {
    let mut out = std::vec![[9.0; 2]; frames];
    synth.render(&mut out);
    out
}

/// Left channel relative to a full-scale voice.
fn left(out: &[[f32; 2]]) -> Vec<f32> {
    out.iter().map(|frame| frame[0] / FULL).collect()
}

fn db(x: f32) -> f32 {
    20.0 * x.max(1e-12).log10()
}

#[track_caller]
fn near(actual: f32, expected: f32, tolerance: f32) {
    assert!(
        (actual - expected).abs() <= tolerance,
        "{actual} is not within {tolerance} of {expected}"
    );
}

/// A small generator for random tests.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}
