// SPDX-License-Identifier: MIT OR Apache-2.0
//! Events on the very tick at which an envelope, a ramp or a loop comes to its end.

use super::super::pool::Retired;
use super::*;

const TICK: usize = super::super::tick::TICK as usize;

/// The highest magnitude as a part of a full-scale voice.
fn peak(out: &[[f32; 2]]) -> f32 {
    out.iter()
        .flatten()
        .fold(0.0, |most: f32, x| most.max(x.abs()))
        / FULL
}

/// Notes of one key group, each when the one before has just decayed to nothing.
#[test]
fn a_note_of_a_group_at_the_end_of_the_decay_of_the_one_before() {
    for rate in [8_000, 22_050, 48_000] {
        for decay in [TICK as u32 * 10, TICK as u32 * 1200] {
            let contour = [
                set(
                    Destination::Eg1Decay,
                    seconds(f64::from(decay) / f64::from(rate)),
                ),
                set(Destination::Eg1Sustain, permille(0.0)),
            ];
            let dc_wave = wave(rate, &[32767; 64]);
            let grouped = Region {
                key_group: 1,
                ..region(&dc_wave, looped(0, 64), &articulation(&contour))
            };
            let mut synth = synth_with(16, rate, std::vec![grouped]);
            for note in 0..40u8 {
                send(&mut synth, &[0x90, 60 - note % 2, 127]);
                let out = render(&mut synth, decay as usize);
                near(out[0][0] / FULL, 1.0, 0.01);
                assert!(peak(&out) < 1.1, "note {note}: {}", peak(&out));
                assert!(synth.voices() <= 2);
            }
            let rest = render(&mut synth, 2048);
            assert!(peak(&rest[..TICK]) < 1e-3 && peak(&rest[TICK..]) == 0.0);
            assert_eq!((synth.voices(), synth.pool.is_silent()), (0, true));
        }
    }
}

/// No event on or about the end of a decay to silence keeps the voice.
#[test]
fn a_decay_that_has_ended_is_the_end_whatever_comes_then() {
    let decay = 10 * TICK;
    let contour = [
        set(
            Destination::Eg1Decay,
            seconds(decay as f64 / f64::from(RATE)),
        ),
        set(Destination::Eg1Sustain, permille(0.0)),
    ];
    let events: [&[u8]; 7] = [
        &[0x80, 60, 0],
        &[0xB0, 7, 90],
        &[0xB0, 120, 0],
        &[0xB0, 123, 0],
        &[0xB0, 64, 127],
        &[0xE0, 0, 80],
        &[0xA0, 60, 80],
    ];
    let mut synth = dc_synth(&contour);
    for event in events {
        for at in decay - 2 * TICK..=decay + 2 * TICK {
            send(&mut synth, &[0xF0, 0x7E, 0x7F, 9, 1, 0xF7]);
            send(&mut synth, &[0xB0, 7, 127]);
            let aligned = synth.position().next_multiple_of(TICK as u64) - synth.position();
            render(&mut synth, aligned as usize);
            send(&mut synth, &[0x90, 60, 127]);
            let mut out = render(&mut synth, at);
            send(&mut synth, event);
            out.extend(render(&mut synth, 8 * TICK));
            assert_eq!(synth.voices(), 0, "{event:x?} at {at}");
            assert!(synth.pool.is_silent(), "{event:x?} at {at}");
            assert!(peak(&out) < 1.01 && peak(&out[out.len() - TICK..]) == 0.0);
        }
    }
    // Nothing from the beginning on.
    let nothing = [
        set(Destination::Eg1Decay, i32::MIN),
        set(Destination::Eg1Sustain, permille(0.0)),
    ];
    for at in [0, 1, 31, 32] {
        let mut synth = dc_synth(&nothing);
        render(&mut synth, at);
        send(&mut synth, &[0x90, 60, 127]);
        render(&mut synth, 2 * TICK);
        assert_eq!(synth.voices(), 0, "from {at}");
    }
}

/// A gain that moves at the tick where the attack ends, while the effect it goes to is off. Whether the voices are told of the effect or not:
/// what a steady voice was left with would run from then on.
#[test]
fn sends_stand_still_while_their_effect_is_off() {
    let attack = 10 * TICK;
    let contour = [
        set(
            Destination::Eg1Attack,
            seconds(attack as f64 / f64::from(RATE)),
        ),
        effects::reverb_send(1000.0),
        effects::chorus_send(1000.0),
    ];
    let loudest = |on_from: usize, at: usize, told: bool| {
        let mut synth = dc_synth(&contour);
        for message in [
            [0xB0, 91, 127],
            [0xB0, 93, 127],
            [0xB0, 68, 127],
            [0xB0, 126, 1],
        ] {
            send(&mut synth, &message);
        }
        let switch = |synth: &mut Synth, on: bool| {
            let on = effects::both(on);
            synth.virtual_synth_mut(SYNTH).unwrap().effects_mut().on = on;
            if told {
                synth.refresh(SYNTH);
            }
        };
        switch(&mut synth, on_from == 0);
        send(&mut synth, &[0x90, 60, 127]);
        render(&mut synth, at);
        send(&mut synth, &[0x90, 64, 127]);
        render(&mut synth, on_from.saturating_sub(at));
        switch(&mut synth, true);
        render(&mut synth, 48_000);
        // Before the limiter.
        synth.virtual_synth_mut(SYNTH).unwrap().take_peak() / FULL
    };
    let always = loudest(0, attack, true);
    for told in [true, false] {
        for at in attack - TICK..=attack + TICK {
            let late = loudest(24_000, at, told);
            assert!(
                late < 1.5 * always,
                "legato at {at}, told {told}: {late}, {always} with effects on"
            );
        }
    }
}

/// A voice that cannot go, because nobody has taken what was let go of, does not sound on.
#[test]
fn voices_that_wait_for_the_retire_list_are_silent() {
    let (dc_wave, info) = dc();
    let plain = articulation(&[set(Destination::Eg1Release, seconds(0.01))]);
    for stop in [&[0xB0, 120, 0][..], &[0x80, 60, 0]] {
        for at in [0, 1, 17, TICK, 5 * TICK] {
            let mut synth = synth(std::vec![region(&dc_wave, info, &plain)]);
            fill_retired(&mut synth);
            send(&mut synth, &[0x90, 60, 127]);
            render(&mut synth, 5000 + at);
            send(&mut synth, stop);
            let out = render(&mut synth, 48_000);
            assert!(peak(&out[..600]) < 1.01);
            assert_eq!(peak(&out[600..]), 0.0, "{stop:x?} at {at}");
            assert!(!synth.pool.is_silent());
            while synth.take_retired().is_some() {}
            render(&mut synth, 2 * TICK);
            assert!(synth.pool.is_silent());
            assert_eq!(synth.voices(), 0);
        }
    }
}

/// Fills the retire list with effects that nobody takes.
fn fill_retired(synth: &mut Synth) {
    let unit = || crate::synth::effects::Unit::new().unwrap();
    while synth.pool.retire(unit()).is_none() {}
    // `free` asks for two places.
    let last = synth.take_retired();
    assert!(matches!(last, Some(Retired::Effects(_))));
}

/// A kill only ever makes a voice quieter.
#[test]
fn a_fade_goes_down_whatever_the_voice_would_have_done() {
    let lifts: [&[Connection]; 4] = [
        &[set(Destination::Eg1Delay, seconds(0.02))],
        &[set(Destination::Eg1Attack, seconds(0.02))],
        &[
            set(Destination::LfoFrequency, cents(8400.0)),
            set(Destination::LfoDelay, seconds(0.0)),
            connect(
                (Source::Lfo, BIPOLAR),
                Source::None,
                Destination::Gain,
                decibel(12.0),
            ),
        ],
        // Without an affine form: two movers.
        &[
            set(Destination::Eg2Attack, seconds(0.02)),
            connect(
                (Source::Eg2, LINEAR),
                Source::Lfo,
                Destination::Gain,
                decibel(-40.0),
            ),
        ],
    ];
    for changes in lifts {
        for at in (900..1000).step_by(7) {
            let mut synth = dc_synth(changes);
            send(&mut synth, &[0x90, 60, 127]);
            let before = render(&mut synth, at);
            let mut level = before[at - 1][0];
            let last = level;
            send(&mut synth, &[0xB0, 120, 0]);
            let out = render(&mut synth, 128 + TICK);
            // The first frame of a fade is the voice's next one.
            let slack = (last - before[at - 2][0]).abs() + 1e-6;
            for (frame, x) in out.iter().enumerate() {
                assert!(
                    x[0] <= level + slack,
                    "{frame} after {at}: {} {level}",
                    x[0]
                );
                level = level.min(x[0]);
            }
            assert_eq!(out[128 + TICK - 1], [0.0; 2]);
        }
    }
}

/// A loop that is left before its first seam, or about it, goes on with the wave's own frames.
#[test]
fn a_loop_left_early_runs_out_into_the_wave() {
    let frames: Vec<i16> = (0..200).map(|i| (i * 137 % 251) * 100).collect();
    let kinds = [
        Interpolation::Linear,
        Interpolation::Sinc8,
        Interpolation::Sinc16,
    ];
    let mut synth = dc_synth(&[]);
    for kind in kinds {
        for (start, length) in [(0u32, 2u32), (3, 9), (0, 16), (12, 5), (40, 20)] {
            let play = |synth: &mut Synth, sample: SampleInfo, held: usize| {
                drop(synth.detach(SYNTH));
                render(synth, 8 * TICK);
                while synth.take_retired().is_some() {}
                let slow = articulation(&[set(Destination::Eg1Release, seconds(40.0))]);
                let mut port = port_with(std::vec![region(&wave(RATE, &frames), sample, &slow)]);
                port.set_interpolation(kind);
                assert!(synth.attach(SYNTH, port).is_none());
                send(synth, &[0xB0, 7, 127]);
                send(synth, &[0x90, 60, 127]);
                let mut out = render(synth, held);
                // A key that goes up would wait until the note has its shortest length.
                send(synth, &[0xB0, 123, 0]);
                out.extend(render(synth, 100));
                out
            };
            let end = (start + length) as usize;
            for held in 1..end + 40 {
                let sample = SampleInfo {
                    sample_loop: Some(Loop {
                        start,
                        length,
                        until_release: true,
                    }),
                    ..PLAIN
                };
                let out = play(&mut synth, sample, held);
                // At a step of 1 each frame of the output is one of the wave: inside the loop, then on from there.
                let looped = |frame: usize| {
                    if frame < end {
                        frame
                    } else {
                        start as usize + (frame - start as usize) % length as usize
                    }
                };
                let left_at = looped(held);
                for (i, x) in out.iter().enumerate().skip(held) {
                    let wanted = frames.get(left_at + i - held).copied().unwrap_or(0);
                    near(x[0] / FULL, f32::from(wanted) / 32767.0, 2e-3);
                }
            }
        }
    }
}

/// Groups that go take their notes with them; the others go on.
#[test]
fn notes_of_groups_that_go_end() {
    for at in [0, 7, TICK, 1000] {
        let mut synth = dc_synth(&[set(Destination::Eg1Release, seconds(0.05))]);
        for group in [1, 2] {
            synth.message(SYNTH, group, &[0x90, 60, 127]);
        }
        render(&mut synth, at);
        assert_eq!(synth.voices(), 2);
        let parts = crate::mem::TryBox::try_new(Parts::new(1).unwrap()).unwrap();
        assert_eq!(synth.set_parts(SYNTH, parts).groups(), 2);
        let out = render(&mut synth, 480);
        near(out[479][0] / FULL, 1.0, 1e-3);
        assert_eq!(synth.voices(), 1, "at {at}");
        // A group of that number that comes later is another one.
        let parts = crate::mem::TryBox::try_new(Parts::new(2).unwrap()).unwrap();
        synth.set_parts(SYNTH, parts);
        synth.message(SYNTH, 1, &[0x80, 60, 0]);
        render(&mut synth, 4800);
        assert_eq!(synth.voices(), 0);
    }
}

/// What a drum key was set to stays where its channel stays, in whatever order the tables were taken.
#[test]
fn key_settings_of_groups_that_stay_stay() {
    let mut old = Parts::new(3).unwrap();
    for part in [40, 41, 25, 9, 26, 42] {
        old.key_mut(part, 36).unwrap().set_nrpn(0x1A, part as u8);
    }
    let mut new = Parts::new(1).unwrap();
    new.adopt(&old);
    assert_eq!(new.key(9, 36).level, 9);
    for part in [1, 2, 3] {
        assert!(new.key_mut(part, 36).is_some());
    }
    assert!(new.key_mut(4, 36).is_none(), "four tables per group");
}

/// Mono and poly by System Exclusive are those of CC 126 and 127: no key is down after them.
#[test]
fn a_mode_by_system_exclusive_lifts_all_keys() {
    let gs = |value: u8| {
        let sum = (0x40 + 0x11 + 0x13 + value) & 0x7F;
        [
            0xF0,
            0x41,
            0x10,
            0x42,
            0x12,
            0x40,
            0x11,
            0x13,
            value,
            (128 - sum) & 0x7F,
            0xF7,
        ]
        .to_vec()
    };
    let xg = |value: u8| [0xF0, 0x43, 0x10, 0x4C, 8, 0, 5, value, 0xF7].to_vec();
    let modes: [&dyn Fn(u8) -> Vec<u8>; 2] = [&gs, &xg];
    for mode in modes {
        let mut synth = dc_synth(&[]);
        send(&mut synth, &mode(0));
        send(&mut synth, &[0x90, 60, 127]);
        render(&mut synth, 1200);
        send(&mut synth, &mode(1));
        render(&mut synth, 1200);
        assert_eq!(synth.voices(), 0);
        send(&mut synth, &[0x80, 60, 0]);
        send(&mut synth, &mode(0));
        // Nothing lies below this key.
        send(&mut synth, &[0x90, 64, 127]);
        send(&mut synth, &[0x80, 64, 0]);
        render(&mut synth, 1200);
        assert_eq!(synth.voices(), 0);
    }
}

/// A sender that has fallen silent holds no key, of a mono channel neither.
#[test]
fn a_lost_sender_holds_no_key() {
    let mut synth = dc_synth(&[]);
    send(&mut synth, &[0xB0, 126, 1]);
    send(&mut synth, &[0xFE]);
    send(&mut synth, &[0x90, 60, 127]);
    render(&mut synth, RATE as usize);
    assert_eq!(synth.voices(), 0);
    send(&mut synth, &[0x90, 64, 127]);
    send(&mut synth, &[0x80, 64, 0]);
    render(&mut synth, 1200);
    assert_eq!(synth.voices(), 0);
}

/// A note that is held for long vibrates on, without a jump.
#[test]
#[cfg_attr(debug_assertions, ignore = "a million ticks")]
fn a_held_note_vibrates_on() {
    let vibrato = connect(
        (Source::Vibrato, BIPOLAR),
        Source::None,
        Destination::Pitch,
        cents(50.0),
    );
    let mut synth = dc_synth(&[vibrato]);
    send(&mut synth, &[0x90, 60, 127]);
    let mut out = [[0.0; 2]; TICK];
    let (mut least, mut most, mut last) = (u64::MAX, 0, 0);
    for tick in 0..(1 << 20) + 2000u64 {
        synth.render(&mut out);
        let step = synth.pool.tone_mut(0).unwrap().steps()[0];
        if tick > 0 {
            // 5 Hz: 50 cents · 2π · 5 Hz · 1.33 ms are 2.1 cents.
            assert!(step.abs_diff(last) < last / 750, "{tick}: {last} to {step}");
        }
        last = step;
        if tick > 1 << 20 {
            (least, most) = (least.min(step), most.max(step));
        }
    }
    near((most as f32 / least as f32).log2() * 1200.0, 100.0, 1.0);
}

/// Where an envelope turns is passed: no frame is a turn for ever.
#[test]
fn a_turn_is_passed() {
    let mut synth = dc_synth(&[
        set(Destination::Eg1Decay, seconds(0.01)),
        set(Destination::Eg1Sustain, permille(300.0)),
    ]);
    send(&mut synth, &[0x90, 60, 127]);
    let mut turns = 0;
    for frame in 0..960 {
        let before = synth.pool.frames_to_turn(synth.position());
        render(&mut synth, 1);
        let behind = synth.pool.frames_to_turn(synth.position());
        assert!(behind != 0 || before > 0, "{frame}: two turns in a row");
        turns += u32::from(behind == 0);
    }
    assert!(turns > 0, "nothing turned");
}

/// A key that goes up at the very frame at which an envelope turns ends its note as anywhere else.
#[test]
fn a_release_at_a_turn_is_a_release() {
    let changes = [
        set(Destination::Eg1Decay, seconds(0.04)),
        set(Destination::Eg1Sustain, permille(500.0)),
        set(Destination::Eg1Release, seconds(0.01)),
    ];
    let mut at_turn = 0;
    let mut synth = dc_synth(&changes);
    for frames in 480..1200 {
        let aligned = synth.position().next_multiple_of(64) - synth.position();
        render(&mut synth, aligned as usize);
        send(&mut synth, &[0x90, 60, 127]);
        render(&mut synth, frames);
        at_turn += u32::from(synth.pool.frames_to_turn(synth.position()) == 0);
        send(&mut synth, &[0x80, 60, 0]);
        render(&mut synth, 1000);
        assert_eq!(synth.voices(), 0, "{frames}");
    }
    assert!(at_turn > 5, "{at_turn}");
}

/// A pitch that bends takes its second step in the middle of a tick, whatever is rendered at once.
#[test]
fn a_bend_does_not_know_parts() {
    let changes = [
        set(Destination::LfoFrequency, cents(7000.0)),
        set(Destination::LfoDelay, i32::MIN),
        connect(
            (Source::Lfo, BIPOLAR),
            Source::None,
            Destination::Pitch,
            cents(600.0),
        ),
    ];
    let frames: Vec<i16> = (0..30_000).collect();
    let played = |piece: usize| {
        let mut synth = synth(std::vec![region(
            &wave(RATE, &frames),
            PLAIN,
            &articulation(&changes)
        )]);
        send(&mut synth, &[0x90, 60, 127]);
        let mut out = Vec::new();
        while out.len() < 1000 {
            let frames = piece.min(1000 - out.len());
            out.extend(render(&mut synth, frames));
        }
        out
    };
    let whole = played(1000);
    for piece in [1, 7, 16, 31, 32, 33, 48, 65] {
        assert!(played(piece) == whole, "{piece}");
    }
}

/// Voices that are dropped while nobody takes what they let go of fade at least.
#[test]
fn dropped_voices_fade_where_they_cannot_go() {
    let drops: [fn(&mut Synth); 2] = [|synth| synth.follow(true), |synth| synth.set_output(44_100)];
    for drop in drops {
        let mut synth = dc_synth(&[set(Destination::Eg1Release, seconds(10.0))]);
        fill_retired(&mut synth);
        send(&mut synth, &[0x90, 60, 127]);
        render(&mut synth, 4000);
        drop(&mut synth);
        let out = render(&mut synth, 4000);
        assert!(peak(&out[..20]) > 0.5);
        assert_eq!((peak(&out[200..]), synth.voices()), (0.0, 0));
        while synth.take_retired().is_some() {}
        render(&mut synth, 128);
        assert!(synth.pool.is_silent());
    }
}
