// SPDX-License-Identifier: MIT OR Apache-2.0
//! The way back to a key that is still down: its pitch, its glide, its velocity.

use super::requests::{cents_now, ramp_synth};
use super::*;

fn control(synth: &mut Synth, channel: u8, number: u8, value: u8) {
    send(synth, &[0xB0 | channel, number, value]);
}

/// A mono channel with portamento: key 60 is held, another comes and goes. Cents right after that, and where they end.
fn back(channel: u8, other: u8) -> (Synth, f32, f32) {
    let mut synth = ramp_synth();
    control(&mut synth, channel, 126, 1);
    control(&mut synth, channel, 5, 24);
    send(&mut synth, &[0x90 | channel, 60, 127]);
    render(&mut synth, 480);
    control(&mut synth, channel, 65, 127);
    send(&mut synth, &[0x90 | channel, other, 127]);
    render(&mut synth, 4800);
    send(&mut synth, &[0x80 | channel, other, 0]);
    // The note before fades out in 3 ms.
    render(&mut synth, 200);
    let first = cents_now(&mut synth);
    render(&mut synth, 4800);
    let last = cents_now(&mut synth);
    (synth, first, last)
}

/// 10 ms per octave, doubled by every 12 steps of CC 5: an octave in 40 ms, 1920 frames.
#[test]
fn the_way_back_glides_too() {
    let (mut synth, first, last) = back(0, 72);
    // 200 frames and half of the next 96.
    near(first, 1200.0 * (1.0 - 264.0 / 1920.0), 40.0);
    near(last, 0.0, 0.5);
    // Portamento goes on from the key that sounds again, not from the one that went up.
    send(&mut synth, &[0x90, 48, 127]);
    render(&mut synth, 200);
    let next = cents_now(&mut synth);
    near(next, -1200.0 * 264.0 / 1920.0, 40.0);
}

#[test]
fn drums_do_not_glide_back() {
    let (_, first, last) = back(9, 72);
    near(first, 0.0, 0.5);
    near(last, 0.0, 0.5);
}

/// A key of a legato has the scale and the tuning of its own pitch class.
#[test]
fn a_legato_takes_its_keys_scale() {
    let mut synth = ramp_synth();
    // E 14 cents down, for notes to come.
    let mut values = [64u8; 12];
    values[4] = 50;
    let scale = [&[0xF0, 0x7E, 0x7F, 8, 8, 0, 0, 1][..], &values, &[0xF7]].concat();
    send(&mut synth, &scale);
    control(&mut synth, 0, 126, 1);
    control(&mut synth, 0, 68, 127);
    send(&mut synth, &[0x90, 60, 127]);
    near(cents_now(&mut synth), 0.0, 0.5);
    send(&mut synth, &[0x90, 64, 127]);
    render(&mut synth, 64);
    near(cents_now(&mut synth), 386.0, 0.5);
    send(&mut synth, &[0x80, 64, 0]);
    render(&mut synth, 64);
    near(cents_now(&mut synth), 0.0, 0.5);
}

/// A new note of a mono channel ends what sostenuto or sustain held of the one before.
#[test]
fn mono_is_one_note_under_pedals() {
    for pedal in [64, 66] {
        let mut synth = ramp_synth();
        control(&mut synth, 0, 126, 1);
        send(&mut synth, &[0x90, 60, 127]);
        control(&mut synth, 0, pedal, 127);
        render(&mut synth, 1200);
        send(&mut synth, &[0x80, 60, 0]);
        render(&mut synth, 1200);
        assert_eq!(synth.voices(), 1);
        if pedal == 64 {
            send(&mut synth, &[0x90, 64, 127]);
            render(&mut synth, 1200);
            assert_eq!(synth.voices(), 1);
        }
    }
}

/// While notes are only followed, no key sounds again.
#[test]
fn nothing_comes_back_while_nothing_sounds() {
    let mut synth = ramp_synth();
    control(&mut synth, 0, 126, 1);
    for key in [60, 64] {
        send(&mut synth, &[0x90, key, 127]);
    }
    synth.follow(true);
    send(&mut synth, &[0x80, 64, 0]);
    assert_eq!(synth.voices(), 0);
    synth.follow(false);
    render(&mut synth, 480);
    assert_eq!(synth.voices(), 0);
}

/// A key that goes up below the one that sounds leaves that alone; the one that sounds gives way to the latest that is still down.
#[test]
fn only_the_key_that_sounds_gives_way() {
    let mut synth = ramp_synth();
    control(&mut synth, 0, 126, 1);
    let keys = |synth: &mut Synth, messages: &[[u8; 3]]| {
        messages.iter().for_each(|message| send(synth, message));
        render(synth, 400);
        let cents = cents_now(synth);
        (synth.virtual_synth(SYNTH).unwrap().stats().notes, cents)
    };
    let all = [
        [0x90, 60, 127],
        [0x90, 64, 127],
        [0x90, 67, 127],
        [0x90, 62, 127],
    ];
    let (notes, cents) = keys(&mut synth, &all);
    near(cents, 200.0, 0.5);
    // Neither is heard, nor is one that was not down.
    for key in [64, 60, 50] {
        let (now, cents) = keys(&mut synth, &[[0x80, key, 0]]);
        assert_eq!(now, notes, "{key}");
        near(cents, 200.0, 0.5);
    }
    let (now, cents) = keys(&mut synth, &[[0x80, 62, 0]]);
    assert_eq!(now, notes + 1);
    near(cents, 700.0, 0.5);
}

/// A legato takes its new pitch at its very frame, not at the tick behind it.
#[test]
fn a_legato_begins_at_its_frame() {
    for frames in [960, 1000, 1023] {
        let mut synth = ramp_synth();
        control(&mut synth, 0, 126, 1);
        control(&mut synth, 0, 68, 127);
        send(&mut synth, &[0x90, 60, 127]);
        render(&mut synth, frames);
        send(&mut synth, &[0x90, 72, 127]);
        let out = left(&render(&mut synth, 9));
        let steps = out.windows(2).map(|pair| (pair[1] - pair[0]) * 32_767.0);
        for step in steps.skip(1) {
            near(step, 2.0, 0.01);
        }
    }
}
