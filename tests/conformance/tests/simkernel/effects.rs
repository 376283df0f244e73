// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reverb and chorus: how clients set and switch them, and what is heard.

use crate::Scenario;
use crate::rig::{RATE, Rig, SECOND, Setup};
use arioso_core::ks::dmusprop::*;
use arioso_core::ks::guid::{GUID_DMUS_PROP_Effects, GUID_DMUS_PROP_WavesReverb};
use arioso_core::ks::ks::{KSPROPERTY_TYPE_SET, KSSTATE_RUN};
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
    let (filter, mut pin, mut wave) = rig.open();
    wave.run(&mut rig.client).unwrap();
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
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
        let (filter, mut pin, mut wave) = rig.open();
        wave.run(&mut rig.client).unwrap();
        pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
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
