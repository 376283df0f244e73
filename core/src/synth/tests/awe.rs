// SPDX-License-Identifier: MIT OR Apache-2.0
//! NRPN 127: the closed forms of the AWE32's units.

use super::requests::{cents_now, ramp_synth, sysex};
use super::*;

/// Sends a generator's 14 bits, high byte first.
fn nrpn(synth: &mut Synth, number: u8, value: u16) {
    for message in [
        [0xB0, 99, 127],
        [0xB0, 98, number],
        [0xB0, 6, (value >> 7) as u8],
        [0xB0, 38, (value & 0x7F) as u8],
    ] {
        send(synth, &message);
    }
}

/// Around the middle.
fn signed(value: i32) -> u16 {
    (8192 + value) as u16
}

fn played(generators: &[(u8, u16)], frames: usize) -> Vec<f32> {
    let mut synth = dc_synth(&[]);
    for &(number, value) in generators {
        nrpn(&mut synth, number, value);
    }
    send(&mut synth, &[0x90, 60, 127]);
    left(&render(&mut synth, frames))
}

#[test]
fn times_of_the_volume_envelope() {
    // Delay: 25 steps of 4 ms.
    let delayed = played(&[(10, signed(25))], 9600);
    let first = delayed.iter().position(|level| *level != 0.0).unwrap();
    assert!(first.abs_diff(4800) <= 33, "{first}");
    // Attack: 200 ms, linear.
    let attack = played(&[(11, signed(200))], 9600);
    near(attack[4800], 0.5, 0.01);
    // Hold 100 ms, then a decay of 1 s over 96 dB to −30 dB (40 steps of 0.75).
    let decay = played(&[(12, signed(100)), (13, signed(250)), (14, 40)], 48_000);
    near(db(decay[4700]), 0.0, 0.1);
    near(db(decay[4800 + 4800]), -9.6, 0.2);
    near(db(decay[47_000]), -30.0, 0.1);
    // Release: 1 s over 96 dB.
    let mut synth = dc_synth(&[]);
    nrpn(&mut synth, 15, signed(250));
    send(&mut synth, &[0x90, 60, 127]);
    render(&mut synth, 4800);
    send(&mut synth, &[0x80, 60, 0]);
    near(db(left(&render(&mut synth, 4801))[4800]), -9.6, 0.2);
    // Nothing is zero.
    near(played(&[(11, signed(0))], 100)[0], 1.0, 1e-3);
}

/// Times hold for a whole note: what is sent while it sounds is for the next one.
#[test]
fn a_note_keeps_its_times() {
    let released = |later: Option<u16>| {
        let mut synth = dc_synth(&[]);
        nrpn(&mut synth, 15, signed(250));
        send(&mut synth, &[0x90, 60, 127]);
        render(&mut synth, 640);
        if let Some(value) = later {
            nrpn(&mut synth, 15, value);
        }
        send(&mut synth, &[0xB0, 7, 127]);
        render(&mut synth, 640);
        send(&mut synth, &[0x80, 60, 0]);
        left(&render(&mut synth, 4801))
    };
    near(db(released(None)[4800]), -9.6, 0.2);
    near(db(released(Some(signed(25)))[4800]), -9.6, 0.2);
}

/// Data entry under another NRPN (here GS' vibrato depth, whose number the AWE32 has too) is no generator.
#[test]
fn other_parameters_are_none_of_it() {
    let mut synth = dc_synth(&[]);
    for message in [
        [0xB0, 99, 1],
        [0xB0, 98, 11],
        [0xB0, 6, 127],
        [0xB0, 38, 127],
    ] {
        send(&mut synth, &message);
    }
    send(&mut synth, &[0x90, 60, 127]);
    let level = left(&render(&mut synth, 100));
    near(level[99], 1.0, 1e-3);
}

#[test]
fn pitch_and_what_moves_it() {
    let mut synth = ramp_synth();
    send(&mut synth, &[0x90, 60, 127]);
    for cents in [100, -100, 0, 700] {
        nrpn(&mut synth, 16, signed(cents));
        near(cents_now(&mut synth), cents as f32, 0.5);
    }
    // A reset clears it; the old note fades in 128 frames.
    sysex(&mut synth, &[0x7E, 0x7F, 9, 1]);
    send(&mut synth, &[0xB0, 7, 127]);
    render(&mut synth, 200);
    send(&mut synth, &[0x90, 60, 127]);
    near(cents_now(&mut synth), 0.0, 0.5);
    // The modulation envelope, which stands at 1: 32 steps of 9.375 cents.
    nrpn(&mut synth, 19, signed(32));
    near(cents_now(&mut synth), 300.0, 1.0);
}

#[test]
fn the_cutoff_comes_and_goes() {
    // At 100 Hz a wave of 6 kHz is gone; 127 is open.
    let frames: Vec<i16> = (0..64)
        .map(|at| [0, 20_000, 28_000, 20_000, 0, -20_000, -28_000, -20_000][at % 8])
        .collect();
    let level = |value: Option<u16>| {
        let mut synth = synth(std::vec![region(
            &wave(RATE, &frames),
            looped(0, 64),
            &articulation(&[])
        )]);
        if let Some(value) = value {
            nrpn(&mut synth, 21, value);
        }
        send(&mut synth, &[0x90, 60, 127]);
        let out = left(&render(&mut synth, 9600));
        let loudest = out[4800..].iter().fold(0.0f32, |most, x| most.max(x.abs()));
        db(loudest)
    };
    let open = level(None);
    near(level(Some(127)), open, 0.01);
    // 12 dB per octave: 5.9 octaves are 71 dB.
    near(level(Some(0)) - open, -71.0, 4.0);
    let steps: Vec<f32> = (0..12).map(|step| level(Some(step * 10))).collect();
    assert!(steps.windows(2).all(|pair| pair[0] < pair[1]), "{steps:?}");
}

#[test]
fn other_numbers_and_other_parameters_mean_nothing() {
    let plain = played(&[], 4800);
    assert_eq!(played(&[(27, 5), (99, 8000), (127, 1)], 4800), plain);
    // As an RPN the numbers mean something else.
    let mut synth = dc_synth(&[]);
    for message in [
        [0xB0, 101, 127],
        [0xB0, 100, 11],
        [0xB0, 6, 66],
        [0xB0, 38, 0],
    ] {
        send(&mut synth, &message);
    }
    send(&mut synth, &[0x90, 60, 127]);
    assert_eq!(left(&render(&mut synth, 4800)), plain);
}
