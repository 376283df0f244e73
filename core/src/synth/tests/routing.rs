// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every default connection of DLS 2 (`docs/reference/dls-synth.md` §3.3), as stored, against its closed form: a source moves, the destination
//! moves by shape(source) · shape(control) · scale.

use super::super::modulation::{Inputs, MOVERS, Modulation, Target, fixed, shaped};
use super::*;
use crate::dls::articulation::Builder;
use crate::dls::raw::{self, Level};

/// `CONN_SRC_*`
const NONE: u16 = 0;
const LFO: u16 = 1;
const VELOCITY: u16 = 2;
const KEY: u16 = 3;
const EG2: u16 = 5;
const PRESSURE: u16 = 8;
const VIBRATO: u16 = 9;
const CC1: u16 = 0x81;
/// Bit 14: the source is bipolar.
const B: u16 = 1 << 14;

/// `CONN_DST_*`
const GAIN: u16 = 1;
const PITCH: u16 = 3;
const CUTOFF: u16 = 0x500;

/// The defaults with some stored connections on top.
fn stored(rows: &[(u16, u16, u16, u16, i32)]) -> Articulation {
    let mut builder = Builder::new().unwrap();
    for &(source, control, destination, transform, scale) in rows {
        let row = raw::Connection {
            source,
            control,
            destination,
            transform,
            scale,
        };
        builder.add(Level::Two, &row).unwrap();
    }
    builder.finish()
}

/// A channel, a key and a velocity.
struct State {
    channel: Channel,
    key: u8,
    velocity: u8,
    movers: [f32; MOVERS],
}

impl State {
    fn new() -> Self {
        Self {
            channel: Channel::new(0),
            key: 60,
            velocity: 127,
            movers: [0.0; MOVERS],
        }
    }

    fn inputs(&self) -> Inputs<'_> {
        Inputs {
            channel: &self.channel,
            key: f32::from(self.key),
            velocity: self.velocity,
            poly_pressure: 0,
        }
    }

    fn value(&self, articulation: &Articulation, target: Target) -> f32 {
        let inputs = self.inputs();
        let mut modulation = Modulation::of_channel(articulation, inputs.channel);
        // By folding, not from a part that was prepared: that gives back what goes to gain and pitch.
        assert_eq!(modulation.add_note(None, articulation, &inputs), [0.0; 2]);
        assert!(!modulation.is_general());
        modulation.value(target, &self.movers)
    }
}

/// LFOs on cutoff, gain and pitch: alone, through the wheel, through pressure. Zero by default.
#[test]
fn lfos() {
    let destinations = [
        (CUTOFF, Target::Cutoff, cents(1200.0), 1200.0),
        (GAIN, Target::Gain, decibel(6.0), 6.0),
        (PITCH, Target::Pitch, cents(50.0), 50.0),
    ];
    for (code, target, scale, unit) in destinations {
        for (source, mover) in [(LFO, 0), (VIBRATO, 1)] {
            for control in [NONE, CC1, PRESSURE] {
                let plain = stored(&[]);
                let moved = stored(&[(source, control, code, B, scale)]);
                for value in [0u8, 1, 64, 127] {
                    let mut state = State::new();
                    state.channel.set(1, value);
                    state.channel.pressure = value;
                    let by = match control {
                        NONE => 1.0,
                        _ => f32::from(value) / 128.0,
                    };
                    for swing in [-1.0, -0.25, 0.0, 1.0] {
                        state.movers = [0.0; MOVERS];
                        state.movers[mover] = swing;
                        let change = state.value(&moved, target) - state.value(&plain, target);
                        near(change, swing * by * unit, 4e-3);
                    }
                }
            }
        }
    }
}

/// EG2, velocity and key on the cutoff, EG2 on the pitch.
#[test]
fn envelope_velocity_and_key() {
    let filter = (NONE, NONE, CUTOFF, 0, cents(8000.0));
    for scale in [-12_800.0f32, 2400.0] {
        let amount = cents(f64::from(scale));
        for value in [0u8, 1, 64, 100, 127] {
            let part = f32::from(value) / 128.0;
            let mut state = State::new();
            state.movers[3] = part;
            state.velocity = value;
            state.key = value;
            let expect = 8000.0 + part * scale;
            for source in [EG2, VELOCITY, KEY] {
                let routed = stored(&[filter, (source, NONE, CUTOFF, 0, amount)]);
                near(state.value(&routed, Target::Cutoff), expect, 0.01);
            }
            let plain = stored(&[]);
            let routed = stored(&[(EG2, NONE, PITCH, 0, amount)]);
            let change = state.value(&routed, Target::Pitch) - state.value(&plain, Target::Pitch);
            near(change, part * scale, 0.01);
        }
    }
}

/// Velocity, CC 7 and CC 11 by 40·log10(v/127), -96 dB at 0.
#[test]
fn levels() {
    let defaults = stored(&[]);
    for v in 0..=127u8 {
        let law = if v == 0 {
            -96.0
        } else {
            (40.0 * (f32::from(v) / 127.0).log10()).max(-96.0)
        };
        for which in 0..3 {
            let mut state = State::new();
            state.channel.set(7, 127);
            match which {
                0 => state.velocity = v,
                1 => state.channel.set(7, v),
                _ => state.channel.set(11, v),
            }
            near(state.value(&defaults, Target::Gain), law, 0.01);
        }
    }
    // Power-on volume is 100.
    near(State::new().value(&defaults, Target::Gain), -4.152, 0.001);
}

/// Wheel × RPN 0, key, RPN 1 and tuning on the pitch.
#[test]
fn pitches() {
    let defaults = stored(&[]);
    let base = 6000.0;
    near(State::new().value(&defaults, Target::Pitch), base, 0.01);
    for (msb, lsb) in [(1, 0), (2, 0), (12, 0), (24, 0), (2, 64)] {
        for wheel in [0u16, 4096, 8192, 16_383] {
            let mut state = State::new();
            state.channel.rpn[0] = msb << 7 | lsb;
            state.channel.wheel = wheel;
            let range = 100.0 * (f32::from(msb) + f32::from(lsb) / 128.0);
            let turn = f32::from(wheel) / 8192.0 - 1.0;
            near(
                state.value(&defaults, Target::Pitch),
                base + turn * range,
                0.02,
            );
        }
    }
    for (value, fine) in [
        (0u16, -100.0),
        (4096, -50.0),
        (8192, 0.0),
        (12_288, 50.0),
        (16_383, 99.988),
    ] {
        let mut state = State::new();
        state.channel.rpn[1] = value;
        near(state.value(&defaults, Target::Pitch), base + fine, 0.01);
    }
    for key in 0..=127 {
        let mut state = State::new();
        state.key = key;
        near(
            state.value(&defaults, Target::Pitch),
            100.0 * f32::from(key),
            0.01,
        );
        // Key scaling of a quarter tone per key.
        let halved = stored(&[(KEY, NONE, PITCH, 0, cents(6400.0))]);
        near(
            state.value(&halved, Target::Pitch),
            50.0 * f32::from(key),
            0.01,
        );
    }
    let tuned = stored(&[(NONE, NONE, PITCH, 0, cents(-37.0))]);
    near(State::new().value(&tuned, Target::Pitch), base - 37.0, 0.01);
}

/// Key number and coarse tuning, but for drums.
#[test]
fn key_numbers() {
    let defaults = stored(&[]);
    for (msb, shift) in [(64u16, 0.0), (52, -12.0), (69, 5.0)] {
        for drum in [false, true] {
            let mut state = State::new();
            state.channel.rpn[2] = msb << 7;
            state.channel.drum = drum;
            let sum = fixed(&defaults, &state.inputs(), Destination::KeyNumber)
                .unwrap()
                .sum;
            let expected = 60.0 + if drum { 0.0 } else { shift };
            near(sum, 100.0 * expected, 0.01);
        }
    }
}

/// CC 10, constants for pan, sends of CC 91 and 93.
#[test]
fn pan_and_sends() {
    let defaults = stored(&[]);
    for v in 0..=127u8 {
        let mut state = State::new();
        state.channel.set(10, v);
        state.channel.set(91, v);
        state.channel.set(93, v);
        let pan = 0.508 * (f32::from(v) / 64.0 - 1.0);
        near(state.value(&defaults, Target::Pan), pan, 1e-5);
        let send = f32::from(v) / 128.0;
        near(state.value(&defaults, Target::ReverbSend), send, 1e-5);
        near(state.value(&defaults, Target::ChorusSend), send, 1e-5);
        let constants = stored(&[
            (NONE, NONE, 0x004, 0, permille(-250.0)),
            (NONE, NONE, 0x081, 0, permille(200.0)),
            (NONE, NONE, 0x080, 0, permille(100.0)),
        ]);
        near(state.value(&constants, Target::Pan), pan - 0.25, 1e-5);
        near(
            state.value(&constants, Target::ReverbSend),
            send + 0.2,
            1e-5,
        );
        near(
            state.value(&constants, Target::ChorusSend),
            send + 0.1,
            1e-5,
        );
    }
}

/// Filter and LFO constants: 5 Hz, 10 ms, no filter, 0 dB.
#[test]
fn constants() {
    let defaults = stored(&[]);
    let state = State::new();
    for target in [Target::LfoFrequency, Target::VibratoFrequency] {
        near(state.value(&defaults, target), -851.318, 0.01);
    }
    near(state.value(&defaults, Target::Cutoff), 32_768.0, 0.01);
    near(state.value(&defaults, Target::Resonance), 0.0, 0.0);
    for (code, target, scale, expected) in [
        (0x104, Target::LfoFrequency, cents(349.0), 349.0),
        (0x114, Target::VibratoFrequency, cents(-2000.0), -2000.0),
        (CUTOFF, Target::Cutoff, cents(5535.0), 5535.0),
        (0x501, Target::Resonance, decibel(22.5), 22.5),
    ] {
        let set = stored(&[(NONE, NONE, code, 0, scale)]);
        near(state.value(&set, target), expected, 0.01);
    }
}

/// Times of both envelopes and LFOs, with velocity and key: base · 2^(v/128 · scale/1200); zero stays zero.
#[test]
fn times() {
    use Destination as D;
    let seconds_of = |articulation: &Articulation, state: &State, destination| {
        let found = fixed(articulation, &state.inputs(), destination).unwrap_or_default();
        assert!(found.given);
        if found.zero {
            0.0
        } else {
            (found.sum / 1200.0).exp2()
        }
    };
    let rows = [
        (0x105, D::LfoDelay, 0.01, None),
        (0x115, D::VibratoDelay, 0.01, None),
        (0x20B, D::Eg1Delay, 0.0, None),
        (0x206, D::Eg1Attack, 0.0, Some(VELOCITY)),
        (0x20C, D::Eg1Hold, 0.0, Some(KEY)),
        (0x207, D::Eg1Decay, 0.0, Some(KEY)),
        (0x209, D::Eg1Release, 0.0, None),
        (0x20D, D::Eg1Shutdown, 0.015, None),
        (0x30F, D::Eg2Delay, 0.0, None),
        (0x30A, D::Eg2Attack, 0.0, Some(VELOCITY)),
        (0x310, D::Eg2Hold, 0.0, Some(KEY)),
        (0x30B, D::Eg2Decay, 0.0, Some(KEY)),
        (0x30D, D::Eg2Release, 0.0, None),
    ];
    for (code, destination, default, scaled_by) in rows {
        let mut state = State::new();
        near(seconds_of(&stored(&[]), &state, destination), default, 1e-5);
        let base = (NONE, NONE, code, 0, seconds(0.4));
        near(seconds_of(&stored(&[base]), &state, destination), 0.4, 1e-5);
        let Some(source) = scaled_by else { continue };
        for (value, scale) in [(110u8, -1200.0), (64, -6000.0), (127, 6000.0), (0, 6000.0)] {
            state.key = value;
            state.velocity = value;
            let scaling = (source, NONE, code, 0, cents(scale));
            let expected = 0.4 * (f64::from(value) / 128.0 * scale / 1200.0).exp2();
            let found = seconds_of(&stored(&[base, scaling]), &state, destination);
            near(found / expected as f32, 1.0, 1e-4);
            // Exactly zero is locked.
            assert_eq!(seconds_of(&stored(&[scaling]), &state, destination), 0.0);
        }
    }
    for (code, destination) in [(0x20A, D::Eg1Sustain), (0x30E, D::Eg2Sustain)] {
        let state = State::new();
        near(
            fixed(&stored(&[]), &state.inputs(), destination)
                .unwrap()
                .sum,
            1000.0,
            0.01,
        );
        let half = stored(&[(NONE, NONE, code, 0, permille(500.0))]);
        near(
            fixed(&half, &state.inputs(), destination).unwrap().sum,
            500.0,
            0.01,
        );
    }
}

/// Any source drives any destination: all pairs the codes can say, linear and unipolar.
#[test]
fn any_source_to_any_destination() {
    let sources = [
        LFO, VELOCITY, KEY, EG2, 6, 7, PRESSURE, VIBRATO, 0x82, 0xCA, 0x100, 0x101,
    ];
    let destinations = [
        (GAIN, Target::Gain, decibel(12.8), 12.8),
        (PITCH, Target::Pitch, cents(1280.0), 1280.0),
        (4, Target::Pan, permille(128.0), 0.128),
        (CUTOFF, Target::Cutoff, cents(1280.0), 1280.0),
        (0x501, Target::Resonance, decibel(12.8), 12.8),
        (0x104, Target::LfoFrequency, cents(1280.0), 1280.0),
        (0x114, Target::VibratoFrequency, cents(1280.0), 1280.0),
        (0x080, Target::ChorusSend, permille(128.0), 0.128),
        (0x081, Target::ReverbSend, permille(128.0), 0.128),
    ];
    for source in sources {
        for (code, target, scale, unit) in destinations {
            let mut state = State::new();
            let (mut part, at) = (40.0 / 128.0, 40u8);
            state.velocity = at;
            state.key = at;
            state.channel.pressure = at;
            state.channel.wheel = 40 << 7;
            state.channel.rpn = [40 << 7, 40 << 7, 64 << 7];
            state.channel.set(2, at);
            state.channel.set(74, at);
            state.movers = [0.375, 0.375, 0.25, 0.25];
            match source {
                // Unipolar LFOs swing between 0 and 1.
                LFO | VIBRATO => part = 0.5 * 0.375 + 0.5,
                EG2 => part = 0.25,
                7 => part = 0.0,
                _ => {}
            }
            // Controlled by CC 3 at three quarters; no default is replaced.
            let with = stored(&[(source, 0x83, code, 0, scale)]);
            state.channel.set(3, 96);
            let without = stored(&[]);
            let change = state.value(&with, target) - state.value(&without, target);
            near(change / unit, part * 0.75, 2e-4);
        }
    }
}

/// 7-bit inputs come from a table: the law of DLS 2 at each, and 14-bit inputs of the same place agree.
#[test]
fn curves_at_every_step() {
    let law = |x: f64| (-40.0 / 96.0 * (1.0 - x).log10()).clamp(0.0, 1.0);
    for value in 0..128u8 {
        let x = f64::from(value) / 127.0;
        for (curve, expected) in [
            (Curve::Concave, law(x)),
            (Curve::Convex, 1.0 - law(1.0 - x)),
        ] {
            let shape = Shape {
                curve,
                ..Shape::default()
            };
            let found = shaped(shape, f32::from(value), 128.0);
            near(found, expected as f32, 1e-6);
            // Between two steps the formula holds.
            let above = shaped(shape, f32::from(value) + 1e-3, 128.0);
            near(above, found, 0.02);
        }
    }
}

/// The key that coarse tuning makes of a note decides which region plays it.
#[test]
fn coarse_tuning_chooses_the_region() {
    for (coarse, key, upper) in [
        (64, 59, false),
        (64, 60, true),
        (76, 47, false),
        (76, 48, true),
        (52, 71, false),
        (52, 72, true),
    ] {
        let mut regions = [16_384, 32_767].map(|level| {
            let wave = wave(RATE, &[level; 64]);
            region(&wave, looped(0, 64), &articulation(&[]))
        });
        regions[0].keys = (0, 59);
        regions[1].keys = (60, 127);
        let mut synth = synth(regions.to_vec());
        for (number, value) in [(101, 0), (100, 2), (6, coarse)] {
            send(&mut synth, &[0xB0, number, value]);
        }
        send(&mut synth, &[0x90, key, 127]);
        let level = left(&render(&mut synth, 100))[99];
        near(level, if upper { 1.0 } else { 0.5 }, 1e-3);
        assert_eq!(synth.voices(), 1);
    }
}
