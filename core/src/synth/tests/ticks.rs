//! Events on the very tick at which an envelope, a ramp or a loop comes to its end.

use super::super::pool::Retired;
use super::*;

const TICK: usize = 32;

/// The highest magnitude as a part of a full-scale voice.
fn peak(out: &[[f32; 2]]) -> f32 {
    out.iter().flatten().fold(0.0, |most: f32, x| most.max(x.abs())) / FULL
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
            let (dc_wave, info) = dc();
            let grouped = Region {
                key_group: 1,
                ..region(&dc_wave, info, &articulation(&contour))
            };
            let mut synth = synth_with(16, rate, std::vec![grouped]);
            for note in 0..40u8 {
                send(&mut synth, &[0x90, 40 + note % 2, 127]);
                let out = render(&mut synth, decay as usize);
                near(out[0][0] / FULL, 1.0, 0.01);
                assert!(peak(&out) < 1.01, "note {note}: {}", peak(&out));
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
    for event in events {
        for at in decay - 2 * TICK..=decay + 2 * TICK {
            let mut synth = dc_synth(&contour);
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

/// A gain that moves at the tick where the attack ends, while the effect it goes to is off.
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
    let loudest = |on_from: usize, at: usize| {
        let mut synth = dc_synth(&contour);
        for message in [[0xB0, 91, 127], [0xB0, 93, 127], [0xB0, 68, 127], [0xB0, 126, 1]] {
            send(&mut synth, &message);
        }
        let switch = |synth: &mut Synth, on: bool| {
            let on = effects::both(on);
            synth.port_mut(PORT).unwrap().effects_mut().on = on;
            synth.refresh(PORT);
        };
        switch(&mut synth, on_from == 0);
        send(&mut synth, &[0x90, 60, 127]);
        let mut out = render(&mut synth, at);
        send(&mut synth, &[0x90, 64, 127]);
        out.extend(render(&mut synth, on_from.saturating_sub(at)));
        switch(&mut synth, true);
        out.extend(render(&mut synth, 48_000));
        peak(&out)
    };
    let always = loudest(0, attack);
    for at in attack - TICK..=attack + TICK {
        let late = loudest(24_000, at);
        assert!(late < 1.5 * always, "legato at {at}: {late}, {always} with effects on");
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
                assert!(x[0] <= level + slack, "{frame} after {at}: {} {level}", x[0]);
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
    for kind in kinds {
        for (start, length) in [(0u32, 2u32), (3, 9), (0, 16), (12, 5), (40, 20)] {
            let play = |sample: SampleInfo, held: usize| {
                let mut synth = synth(std::vec![region(
                    &wave(RATE, &frames),
                    sample,
                    &articulation(&[set(Destination::Eg1Release, seconds(40.0))])
                )]);
                synth.port_mut(PORT).unwrap().set_interpolation(kind);
                send(&mut synth, &[0x90, 60, 127]);
                let mut out = render(&mut synth, held);
                // A key that goes up would wait until the note has its shortest length.
                send(&mut synth, &[0xB0, 123, 0]);
                out.extend(render(&mut synth, 100));
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
                let out = play(sample, held);
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
                    near(x[0] / FULL, f32::from(wanted) / 32767.0, 2e-4);
                }
            }
        }
    }
}
