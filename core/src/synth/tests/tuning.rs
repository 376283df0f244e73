// SPDX-License-Identifier: MIT OR Apache-2.0
//! MIDI Tuning Standard: what tuning programs do to notes.

use super::requests::{cents_now, ramp_synth, sysex};
use super::*;

const NAME: &[u8; 16] = b"a tuning program";

/// Cents of a new note against the unity note 60.
fn cents_of(synth: &mut Synth, channel: u8, key: u8) -> f32 {
    send(synth, &[0x90 | channel, key, 127]);
    let cents = cents_now(synth);
    send(synth, &[0xB0 | channel, 120, 0]);
    render(synth, 480);
    cents
}

fn parameter(synth: &mut Synth, channel: u8, number: u8, value: u8) {
    for (controller, value) in [(101, 0), (100, number), (6, value)] {
        send(synth, &[0xB0 | channel, controller, value]);
    }
}

#[test]
fn single_notes_in_real_time_and_not() {
    let mut synth = ramp_synth();
    send(&mut synth, &[0x90, 64, 127]);
    near(cents_now(&mut synth), 400.0, 0.5);
    // Key 64 half a semitone up, at once.
    sysex(&mut synth, &[0x7F, 0x7F, 8, 2, 0, 1, 64, 64, 0x40, 0]);
    near(cents_now(&mut synth), 450.0, 0.5);
    // A quarter, for notes to come; a second key with "no change".
    let set_up = [
        0x7E, 0x7F, 8, 7, 0, 0, 2, 64, 64, 0x20, 0, 65, 0x7F, 0x7F, 0x7F,
    ];
    sysex(&mut synth, &set_up);
    near(cents_now(&mut synth), 450.0, 0.5);
    send(&mut synth, &[0xB0, 120, 0]);
    render(&mut synth, 480);
    near(cents_of(&mut synth, 0, 64), 425.0, 0.5);
    near(cents_of(&mut synth, 0, 65), 500.0, 0.5);
    // The form with a bank, in real time.
    send(&mut synth, &[0x90, 64, 127]);
    sysex(&mut synth, &[0x7F, 0x7F, 8, 7, 0, 0, 1, 64, 60, 0, 0]);
    near(cents_now(&mut synth), 0.0, 0.5);
}

#[test]
fn dumps_of_all_keys_and_of_octaves() {
    // Quarter tones around key 60: 60 + (key − 60) / 2.
    let mut pitches = Vec::new();
    for key in 0..128u8 {
        let half = (u32::from(key) + 60) << 13;
        pitches.extend([(half >> 14) as u8, (half >> 7 & 0x7F) as u8, 0]);
    }
    let mut synth = ramp_synth();
    sysex(
        &mut synth,
        &[&[0x7E, 0x7F, 8, 1, 0][..], NAME, &pitches, &[0]].concat(),
    );
    for key in [55u8, 60, 61, 67] {
        let expected = 50.0 * (f32::from(key) - 60.0);
        near(cents_of(&mut synth, 0, key), expected, 0.5);
    }
    // Pitch classes, one byte: cents + 64; two bytes: ±100 cents.
    let mut one = [64u8; 12];
    (one[4], one[7]) = (50, 66);
    sysex(
        &mut synth,
        &[&[0x7E, 0x7F, 8, 5, 0, 0][..], NAME, &one, &[0]].concat(),
    );
    near(cents_of(&mut synth, 0, 64), 386.0, 0.5);
    near(cents_of(&mut synth, 0, 67), 702.0, 0.5);
    near(cents_of(&mut synth, 0, 61), 100.0, 0.5);
    let mut two = [[0x40u8, 0]; 12];
    (two[1], two[11]) = ([0, 0], [0x60, 0]);
    let dump = [
        &[0x7E, 0x7F, 8, 6, 0, 0][..],
        NAME,
        two.as_flattened(),
        &[0],
    ];
    sysex(&mut synth, &dump.concat());
    near(cents_of(&mut synth, 0, 61), 0.0, 0.5);
    near(cents_of(&mut synth, 0, 59), -50.0, 0.5);
    near(cents_of(&mut synth, 0, 64), 400.0, 0.5);
}

#[test]
fn channels_choose_their_program() {
    let mut synth = ramp_synth();
    // Bank 3, program 5: key 60 a semitone up.
    sysex(&mut synth, &[0x7F, 0x7F, 8, 7, 3, 5, 1, 60, 61, 0, 0]);
    near(cents_of(&mut synth, 0, 60), 0.0, 0.5);
    parameter(&mut synth, 0, 4, 3);
    near(cents_of(&mut synth, 0, 60), 0.0, 0.5);
    parameter(&mut synth, 0, 3, 5);
    near(cents_of(&mut synth, 0, 60), 100.0, 0.5);
    near(cents_of(&mut synth, 1, 60), 0.0, 0.5);
    // Increment and decrement count programs.
    send(&mut synth, &[0xB0, 96, 0]);
    near(cents_of(&mut synth, 0, 60), 0.0, 0.5);
    send(&mut synth, &[0xB0, 97, 0]);
    near(cents_of(&mut synth, 0, 60), 100.0, 0.5);
    // Scale tuning adds to it.
    let mut values = [64u8; 12];
    values[0] = 74;
    sysex(
        &mut synth,
        &[&[0x7E, 0x7F, 8, 8, 0, 0, 1][..], &values].concat(),
    );
    near(cents_of(&mut synth, 0, 60), 110.0, 0.5);
    // Drums keep their pitch; a reset brings equal temperament back, and program 0.
    for controller in [(101, 0), (100, 4), (6, 3), (100, 3), (6, 5)] {
        send(&mut synth, &[0xB9, controller.0, controller.1]);
    }
    near(cents_of(&mut synth, 9, 60), 0.0, 0.5);
    sysex(&mut synth, &[0x7E, 0x7F, 9, 1]);
    render(&mut synth, 480);
    send(&mut synth, &[0xB0, 7, 127]);
    near(cents_of(&mut synth, 0, 60), 0.0, 0.5);
    parameter(&mut synth, 0, 4, 3);
    parameter(&mut synth, 0, 3, 5);
    near(cents_of(&mut synth, 0, 60), 0.0, 0.5);
}

/// Sixteen programs have room; what comes later is not taken and does no harm.
#[test]
fn programs_are_bounded() {
    let mut synth = ramp_synth();
    for program in 0..20 {
        sysex(&mut synth, &[0x7F, 0x7F, 8, 2, program, 1, 60, 61, 0, 0]);
    }
    for (program, cents) in [(0, 100.0), (15, 100.0), (16, 0.0)] {
        parameter(&mut synth, 0, 3, program);
        near(cents_of(&mut synth, 0, 60), cents, 0.5);
    }
}
