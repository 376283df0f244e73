// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reverb and chorus: how clients set and switch them, and what is heard.

use crate::Scenario;
use crate::rig::{RATE, Rig, SECOND, Setup};
use arioso_core::ks::dmusprop::*;
use arioso_core::ks::guid::{GUID_DMUS_PROP_Effects, GUID_DMUS_PROP_WavesReverb};
use arioso_core::ks::ks::KSPROPERTY_TYPE_SET;
use arioso_core::ks::status::STATUS_INVALID_PARAMETER;
use conformance::filter::{Filter, Pin};
use conformance::synth::{self, property};
use conformance::wave::WavePath;
use conformance::wire::Bytes;
use simkernel::client::SimClient;

pub const SCENARIOS: &[Scenario] = &[
    ("the reverb's parameters are heard", reverb),
    ("effects are switched by both properties", effects),
    ("chorus is heard while it is on", chorus),
    ("effects set to anything, and reset", anything),
];

/// Energy of a stretch, from and to in hundredths of a second.
fn energy(frames: &[[i16; 2]], from: usize, to: usize) -> f64 {
    let at = |hundredths: usize| hundredths * RATE as usize / 100;
    let stretch = &frames[at(from)..at(to)];
    let sum: f64 = stretch
        .iter()
        .flatten()
        .map(|&s| f64::from(s).powi(2))
        .sum();
    sum / stretch.len() as f64
}

/// What is heard of a short loud chord in the seconds after it.
fn tail(rig: &mut Rig, pin: &Pin<SimClient>) -> Vec<[i16; 2]> {
    let mut messages: Vec<(i64, Vec<u8>)> = vec![(0, vec![0xB0, 91, 127]), (0, vec![0xB0, 93, 0])];
    for key in [48, 55, 60, 64, 72, 79, 84, 91] {
        messages.push((SECOND / 10, vec![0x90, key, 127]));
        messages.push((SECOND / 5, vec![0x80, key, 0]));
    }
    messages.push((SECOND / 5, vec![0xB0, 120, 0]));
    let messages: Vec<(i64, &[u8])> = messages.iter().map(|(t, m)| (*t, &m[..])).collect();
    rig.sleep(4 * SECOND);
    rig.play(pin, &messages);
    rig.take_audio();
    rig.sleep(SECOND / 5 + SECOND / 50);
    rig.take_audio();
    rig.sleep(3 * SECOND);
    rig.take_audio()
}

/// With a bank whose notes have sends.
fn with_sends() -> (Rig, Filter<SimClient>, Pin<SimClient>, WavePath<SimClient>) {
    let mut rig = Setup {
        bank: Some(arioso_bank::general_midi()),
        ..Setup::default()
    }
    .start();
    let (filter, pin, wave) = rig.open_running();
    (rig, filter, pin, wave)
}

fn waves(in_gain: f32, mix: f32, milliseconds: f32, ratio: f32) -> SYNTH_REVERB_PARAMS {
    SYNTH_REVERB_PARAMS {
        fInGain: in_gain,
        fReverbMix: mix,
        fReverbTime: milliseconds,
        fHighFreqRTRatio: ratio,
    }
}

fn reverb() {
    let (mut rig, filter, pin, wave) = with_sends();
    let property = property(GUID_DMUS_PROP_WavesReverb, 0);
    let get = |rig: &mut Rig| -> SYNTH_REVERB_PARAMS {
        property.get(&mut rig.client, pin.handle).unwrap()
    };
    let set = |rig: &mut Rig, value| property.set(&mut rig.client, pin.handle, value);
    // The large hall of GM2, as bright as current reverbs.
    assert_eq!(get(&mut rig), waves(0.0, -10.0, 1800.0, 0.9));
    // Out of range: clamped, and told; not a number: refused, and nothing changes.
    set(&mut rig, waves(9.0, f32::NEG_INFINITY, 1e9, -1.0)).unwrap();
    let clamped = waves(0.0, -96.0, 3000.0, 0.001);
    assert_eq!(get(&mut rig), clamped);
    for n in 0..4 {
        let mut bytes = waves(0.0, 0.0, 1.0, 0.5).bytes();
        bytes[4 * n..4 * n + 4].copy_from_slice(&f32::NAN.to_le_bytes());
        let sent = property.send(&mut rig.client, pin.handle, KSPROPERTY_TYPE_SET, &mut bytes);
        assert_eq!(sent.status, STATUS_INVALID_PARAMETER);
        assert_eq!(get(&mut rig), clamped);
    }
    // The time: 60 dB in so many ms. Bright, so that all frequencies fall alike.
    for milliseconds in [600.0, 1200.0] {
        set(&mut rig, waves(0.0, -6.0, milliseconds, 0.999)).unwrap();
        let frames = tail(&mut rig, &pin);
        let (early, late) = (energy(&frames, 10, 20), energy(&frames, 40, 50));
        let fell = 10.0 * (early / late).log10();
        let wanted = 60.0 * 300.0 / f64::from(milliseconds);
        assert!(
            (fell / wanted - 1.0).abs() < 0.25,
            "{fell} dB instead of {wanted}"
        );
    }
    // In gain and mix are levels.
    let of = |rig: &mut Rig, value| {
        set(rig, value).unwrap();
        energy(&tail(rig, &pin), 5, 30)
    };
    let usual = of(&mut rig, waves(0.0, -10.0, 1200.0, 0.5));
    for quieter in [
        waves(-6.0, -10.0, 1200.0, 0.5),
        waves(0.0, -16.0, 1200.0, 0.5),
    ] {
        let fell = 10.0 * (usual / of(&mut rig, quieter)).log10();
        assert!((fell - 6.0).abs() < 1.0, "{fell} dB instead of 6");
    }
    assert!(of(&mut rig, waves(-96.0, -10.0, 1200.0, 0.5)) < 1.0);
    // A dull room loses more of the same chord.
    let dull = of(&mut rig, waves(0.0, -10.0, 1200.0, 0.05));
    assert!(dull < 0.9 * usual, "{dull} of {usual}");
    // A system reset leaves the client's reverb alone, a GS macro changes it until then.
    let short = of(&mut rig, waves(0.0, -40.0, 300.0, 0.5));
    let macro_hall: &[u8] = &[
        0xF0, 0x41, 0x10, 0x42, 0x12, 0x40, 0x01, 0x30, 0x04, 0x0B, 0xF7,
    ];
    rig.play(&pin, &[(0, macro_hall)]);
    assert!(energy(&tail(&mut rig, &pin), 5, 30) > 10.0 * short);
    rig.play(&pin, &[(0, &[0xF0, 0x7E, 0x7F, 9, 1, 0xF7])]);
    let after = energy(&tail(&mut rig, &pin), 5, 30);
    assert!(
        after < 3.0 * short + 1.0,
        "{after} after a reset, {short} before"
    );
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}

/// GUID_DMUS_PROP_Effects and PORTPARAMETERS are one switch; each pin has its own.
fn effects() {
    const BOTH: u32 = SYNTH_EFFECT_REVERB | SYNTH_EFFECT_CHORUS;
    let (mut rig, filter, pin, wave) = with_sends();
    let other = rig.another_pin(&filter);
    let property = property(GUID_DMUS_PROP_Effects, 0);
    let get = |rig: &mut Rig, handle| -> u32 { property.get(&mut rig.client, handle).unwrap() };
    let parameters = |rig: &mut Rig, valid, effects| {
        let wanted = SYNTH_PORTPARAMS {
            ValidParams: valid,
            EffectsFlags: effects,
            ..SYNTH_PORTPARAMS::default()
        };
        synth::port_parameters(&mut rig.client, pin.handle, wanted)
            .unwrap()
            .EffectsFlags
    };
    assert_eq!(get(&mut rig, pin.handle), BOTH);
    let wet = energy(&tail(&mut rig, &pin), 5, 30);
    property
        .set(&mut rig.client, pin.handle, SYNTH_EFFECT_CHORUS)
        .unwrap();
    assert_eq!(get(&mut rig, pin.handle), SYNTH_EFFECT_CHORUS);
    assert_eq!(parameters(&mut rig, 0, 0), SYNTH_EFFECT_CHORUS);
    let dry = energy(&tail(&mut rig, &pin), 5, 30);
    assert!(wet > 100.0 && dry < 0.01 * wet, "{dry} of {wet}");
    // There is no delay.
    let asked = SYNTH_EFFECT_DELAY | SYNTH_EFFECT_REVERB;
    property.set(&mut rig.client, pin.handle, asked).unwrap();
    assert_eq!(get(&mut rig, pin.handle), SYNTH_EFFECT_REVERB);
    assert!(energy(&tail(&mut rig, &pin), 5, 30) > 0.5 * wet);
    let told = parameters(&mut rig, SYNTH_PORTPARAMS_EFFECTS, SYNTH_EFFECT_NONE);
    assert_eq!((told, get(&mut rig, pin.handle)), (0, 0));
    // Others have theirs; a new pin's are the filter's.
    assert_eq!(get(&mut rig, other.handle), BOTH);
    assert_eq!(get(&mut rig, filter.handle), BOTH);
    rig.close(filter, [pin, other], Some(wave));
    rig.finish();
}

/// Off, a note is what it is without a send; switched, a note that is held changes.
fn chorus() {
    let mut rig = Setup {
        bank: Some(arioso_bank::general_midi()),
        exact: true,
        ..Setup::default()
    }
    .start();
    let property = property(GUID_DMUS_PROP_Effects, 0);
    let mut heard = |effects: u32, send: u8, then: u32| {
        let (filter, pin, wave) = rig.open_running();
        property.set(&mut rig.client, pin.handle, effects).unwrap();
        rig.take_audio();
        rig.play(
            &pin,
            &[
                (0, &[0xB0, 91, 0]),
                (0, &[0xB0, 93, send]),
                (SECOND / 10, &[0x90, 60, 127]),
            ],
        );
        rig.sleep(SECOND / 5);
        property.set(&mut rig.client, pin.handle, then).unwrap();
        rig.sleep(SECOND / 2);
        let frames = rig.take_audio();
        rig.close(filter, [pin], Some(wave));
        let first = frames.iter().position(|f| *f != [0, 0]).expect("a sound");
        frames[first..][..RATE as usize / 2].to_vec()
    };
    let plain = heard(SYNTH_EFFECT_NONE, 0, SYNTH_EFFECT_NONE);
    let mut change = |effects, then| {
        let other = heard(effects, 127, then);
        // What came before the second setting, and what long after it.
        let parts = [0..RATE as usize / 20, RATE as usize / 4..RATE as usize / 2];
        parts.map(|part| {
            let pairs = plain[part.clone()].iter().zip(&other[part]);
            let steps = pairs.flat_map(|(a, b)| [a[0].abs_diff(b[0]), a[1].abs_diff(b[1])]);
            steps.max().unwrap() > 100
        })
    };
    // A note that is held hears of it too.
    let (off, on) = (SYNTH_EFFECT_NONE, SYNTH_EFFECT_CHORUS);
    assert_eq!(change(off, off), [false, false]);
    assert_eq!(change(on, on), [true, true]);
    assert_eq!(change(off, on), [false, true]);
    assert_eq!(change(on, off), [true, false]);
    rig.finish();
}

/// A GS, XG or GM2 message that sets an effect, of any value.
pub fn setting(random: &mut fastrand::Rng) -> Vec<u8> {
    let value = random.u8(0..128);
    let gs = |address: u8, value: u8| {
        let body = [0x40, 0x01, address, value];
        let sum = body.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
        let head = [0xF0, 0x41, 0x10, 0x42, 0x12].into_iter();
        head.chain(body).chain([sum.wrapping_neg() & 0x7F, 0xF7])
    };
    match random.u8(0..8) {
        0 => gs(0x30, random.u8(0..9)).collect(),
        1 => gs(0x38, random.u8(0..9)).collect(),
        2..5 => gs(random.u8(0x31..=0x40), value).collect(),
        5 => {
            let (address, kind) = ([0x00, 0x20][random.usize(0..2)], random.u8(0..0x49));
            let body = [0x43, 0x10, 0x4C, 0x02, 0x01, address, kind, random.u8(0..4)];
            [&[0xF0][..], &body, &[0xF7]].concat()
        }
        6 => {
            let body = [0x43, 0x10, 0x4C, 0x02, 0x01, random.u8(0..0x40), value];
            [&[0xF0][..], &body, &[0xF7]].concat()
        }
        _ => {
            let slot = random.u8(1..=2);
            let body = [0x7F, 0x7F, 4, 5, 1, 1, 1, 1, slot, random.u8(0..6), value];
            [&[0xF0][..], &body, &[0xF7]].concat()
        }
    }
}

/// Effects are set to anything while notes sound in them; a reset leaves nothing of that, neither sound nor settings.
fn anything() {
    let (mut rig, filter, pin, wave) = with_sends();
    let mut random = fastrand::Rng::with_seed(31);
    let chord = |rig: &mut Rig, [reverb, chorus]: [u8; 2]| {
        let sends = [[0xB0, 91, reverb], [0xB0, 93, chorus]];
        let notes = [48, 60, 67, 76].map(|key| [0x90, key, 110]);
        let messages = sends.iter().chain(&notes);
        let messages: Vec<(i64, &[u8])> = messages.map(|m| (SECOND / 50, &m[..])).collect();
        rig.take_audio();
        rig.play(&pin, &messages);
        rig.sleep(SECOND);
        energy(&rig.take_audio(), 20, 90)
    };
    let quiet = |rig: &mut Rig| {
        rig.play(&pin, &[(0, &[0xF0, 0x7E, 0x7F, 9, 1, 0xF7])]);
        rig.sleep(8 * SECOND);
        rig.take_audio();
        rig.sleep(SECOND / 10);
        let frames = rig.take_audio();
        assert!(frames.iter().flatten().all(|s| *s == 0), "it still sounds");
    };
    // What a chorus does to a chord depends on where it stands.
    let kinds = [([100, 0], 0.9..1.1), ([0, 100], 0.4..2.5)];
    let usual = kinds.clone().map(|(sends, _)| {
        quiet(&mut rig);
        chord(&mut rig, sends)
    });
    for round in 0..8 {
        let (mut heard, mut told) = (0.0f64, 0);
        for n in 0..60 {
            let message = setting(&mut random);
            rig.play(&pin, &[(0, &message), (0, &[0x90, 40 + n, 100])]);
            // A change of what moves goes through silence.
            rig.sleep(if n % 10 == 0 { SECOND / 2 } else { SECOND / 50 });
            rig.play(&pin, &[(0, &[0x80, 40 + n, 0])]);
            let frames = rig.take_audio();
            let loud = frames
                .iter()
                .flatten()
                .filter(|s| **s == i16::MAX || **s == i16::MIN);
            told += loud.count();
            heard += frames
                .iter()
                .flatten()
                .map(|&s| f64::from(s).powi(2))
                .sum::<f64>();
        }
        assert!(
            heard > 0.0 && told == 0,
            "{round}: {told} samples of full scale"
        );
        for ((sends, bounds), usual) in kinds.iter().zip(usual) {
            quiet(&mut rig);
            let now = chord(&mut rig, *sends) / usual;
            assert!(
                bounds.contains(&now),
                "{round}, {sends:?}: {now} of what it was"
            );
        }
    }
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}
