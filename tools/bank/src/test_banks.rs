// SPDX-License-Identifier: MIT OR Apache-2.0
//! Banks whose sound is known in closed form.

use crate::dls::{
    Bank, Connection, Instrument, Link, Region, Sample, Wave, destination, source, unit,
};
use crate::dsp::sine;
use libm::round;

/// Program 0 on every key: one full-scale frame, then silence. Pitch, velocity, volume and expression change neither time nor
/// shape of the first frame, so where it appears in the output is where the event took effect.
///
/// The wave has 64 frames at `rate`; the key does not change its pitch, velocity does not change its gain.
pub fn impulse(rate: u32) -> Vec<u8> {
    let mut frames = vec![0; 64];
    frames[0] = i16::MAX;
    one_wave("impulse", rate, frames, None)
}

/// Program 0 on every key: a constant of half scale, looped for ever.
pub fn dc(rate: u32) -> Vec<u8> {
    dc_of(rate, 64)
}

/// The same of a wave of `frames` frames.
pub fn dc_of(rate: u32, frames: u32) -> Vec<u8> {
    let wave = vec![i16::MAX / 2; frames as usize];
    one_wave("dc", rate, wave, Some((0, frames)))
}

/// Program 0 on every key, without key tracking: `cycles` periods of a sine of half scale in `frames` frames, looped for ever.
pub fn sine_wave(rate: u32, frames: u32, cycles: u32) -> Vec<u8> {
    let wave = (0..frames)
        .map(|i| round(16384.0 * sine(f64::from(i) * f64::from(cycles) / f64::from(frames))) as i16)
        .collect();
    one_wave("sine", rate, wave, Some((0, frames)))
}

/// No filter, no envelope but instant ones, no velocity and no key sensitivity, no sends to effects.
pub fn plain() -> Vec<Connection> {
    vec![
        Connection::constant(destination::EG1_ATTACK, unit::seconds(0.0)),
        Connection::constant(destination::EG1_RELEASE, unit::seconds(0.0)),
        Connection::new(source::KEY, source::NONE, destination::PITCH, 0),
        Connection::new(source::VELOCITY, source::NONE, destination::GAIN, 0),
        Connection::new(source::CC91, source::NONE, destination::REVERB_SEND, 0),
        Connection::new(source::CC93, source::NONE, destination::CHORUS_SEND, 0),
    ]
}

/// One instrument, one region, no filter, no envelope but instant ones, no velocity and no key sensitivity, no sends
/// to effects. The same instrument
/// is program 0 of the melodic bank and the drum kit.
fn one_wave(name: &str, rate: u32, frames: Vec<i16>, looped: Option<(u32, u32)>) -> Vec<u8> {
    // 100 · unity cents are taken off the pitch whatever the key's part is.
    let sample = Sample {
        unity: 0,
        fine_tune: 0,
        gain: 0.0,
        looped,
        until_release: false,
    };
    let articulation = plain();
    let region = Region {
        keys: (0, 127),
        velocities: (0, 127),
        key_group: 0,
        self_non_exclusive: true,
        wave: 0,
        link: Link::MONO,
        sample: None,
        articulation: Vec::new(),
    };
    let instrument = |bank| Instrument {
        name: name.into(),
        bank,
        program: 0,
        regions: vec![region.clone()],
        articulation: articulation.clone(),
    };
    Bank {
        name: name.into(),
        copyright: String::new(),
        instruments: vec![instrument(0), instrument(0x8000_0000)],
        waves: vec![Wave {
            name: name.into(),
            rate,
            frames,
            sample,
        }],
    }
    .to_bytes()
}
