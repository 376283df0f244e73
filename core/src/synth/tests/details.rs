// SPDX-License-Identifier: MIT OR Apache-2.0
//! Rules of which each is one line, and of which no other test says anything.

use super::super::envelope::{Contour, Envelope};
use super::*;
use crate::synth::effects::Chorus;

/// Time in one piece or in many: the same place.
#[test]
fn an_envelope_keeps_what_is_left_at_the_end_of_a_stage() {
    let mut random = Random(7);
    for _ in 0..2000 {
        let mut time = || random.below(90) as u32;
        let mut contour = Contour {
            delay: time(),
            attack: time(),
            hold: time(),
            decay: time(),
            release: time() + 1,
            ..Contour::default()
        };
        contour.sustain_at(time() as f32 / 90.0);
        let mut whole = Envelope::new();
        let mut pieces = whole;
        let held = 1 + time();
        let after = 101;
        for released in [false, true] {
            if released {
                whole.release_volume(&contour, contour.release);
                pieces.release_volume(&contour, contour.release);
            }
            let frames = if released { after } else { held };
            whole.advance(&contour, frames);
            for _ in 0..frames {
                pieces.advance(&contour, 1);
            }
            assert_eq!(whole.stage, pieces.stage, "{contour:?}");
            assert_eq!(whole.fraction(&contour), pieces.fraction(&contour));
        }
    }
}

#[test]
fn a_decay_to_silence_ends_the_voice() {
    let mut synth = dc_synth(&[
        set(Destination::Eg1Decay, seconds(0.05)),
        set(Destination::Eg1Sustain, permille(0.0)),
    ]);
    for key in [60, 61, 62] {
        send(&mut synth, &[0x90, key, 127]);
    }
    assert_eq!(synth.voices(), 3);
    render(&mut synth, RATE as usize / 20 + 64);
    assert_eq!(synth.voices(), 0);
}

/// Ticks that a steady voice passes over count: one that is touched on the way, without effect, sounds the same.
#[test]
fn a_voice_that_was_touched_sounds_as_one_that_was_not() {
    let changes = [
        set(Destination::LfoFrequency, cents(2000.0)),
        set(Destination::Eg1Release, seconds(0.1)),
        set(Destination::Eg2Decay, seconds(0.5)),
        set(Destination::Eg2Sustain, permille(200.0)),
        connect(
            (Source::Lfo, BIPOLAR),
            Source::Controller(1),
            Destination::Gain,
            decibel(6.0),
        ),
        // At 0 nothing moves.
        Connection {
            control_shape: LINEAR,
            ..connect(
                (Source::Eg2, LINEAR),
                Source::Controller(2),
                Destination::Gain,
                decibel(-6.0),
            )
        },
    ];
    let play = |touches: &[usize]| {
        let mut synth = dc_synth(&changes);
        send(&mut synth, &[0x90, 60, 127]);
        let mut out = Vec::new();
        for at in 0..400 {
            if touches.contains(&at) {
                // Nothing follows it.
                send(&mut synth, &[0xB0, 3, 1]);
            }
            if at == 200 {
                // It rests: a tick costs next to nothing.
                assert!(synth.work(true).per_tick < 10.0);
                send(&mut synth, &[0xB0, 1, 100]);
                send(&mut synth, &[0xB0, 2, 100]);
            }
            if at == 330 {
                send(&mut synth, &[0x80, 60, 0]);
            }
            out.extend(render(&mut synth, 37));
        }
        out
    };
    let untouched = play(&[]);
    for touches in [
        &[10][..],
        &[50, 51, 52],
        &[197],
        &[3, 30, 60, 90, 120, 150, 180],
    ] {
        assert!(play(touches) == untouched, "{touches:?}");
    }
}

/// The second envelope goes down after the note-off too.
#[test]
fn the_second_envelope_is_released() {
    let mut synth = dc_synth(&[
        set(Destination::Eg1Release, seconds(40.0)),
        set(Destination::Eg2Release, seconds(0.1)),
        second_envelope_to_gain(-20.0),
    ]);
    send(&mut synth, &[0x90, 60, 127]);
    let held = left(&render(&mut synth, 4800));
    near(db(held[4799]), -20.0, 0.05);
    send(&mut synth, &[0x80, 60, 0]);
    let out = left(&render(&mut synth, 9600));
    near(db(out[2400]), -10.0, 0.3);
    near(db(out[9599]), 0.0, 0.6);
}

/// Native DirectMusic's limit: +6 dB.
#[test]
fn a_voice_is_six_decibels_louder_at_most() {
    let (dc_wave, info) = dc();
    for (gain, wanted) in [(3.0, 3.0), (6.0, 6.0), (20.0, 6.0), (90.0, 6.0)] {
        let louder = SampleInfo {
            gain: decibel(gain),
            ..info
        };
        let mut synth = synth(std::vec![region(&dc_wave, louder, &articulation(&[]))]);
        send(&mut synth, &[0x90, 60, 127]);
        render(&mut synth, 480);
        let peak = synth.virtual_synth_mut(SYNTH).unwrap().take_peak();
        near(db(peak / FULL), wanted, 0.02);
    }
}

/// A shutdown of no length takes 3 ms.
#[test]
fn a_shutdown_does_not_click() {
    let (dc_wave, info) = dc();
    let art = articulation(&[set(Destination::Eg1Shutdown, i32::MIN)]);
    let grouped = |wave: &Shared<Wave>, key: u8| Region {
        keys: (key, key),
        key_group: 3,
        ..region(wave, info, &art)
    };
    let silence = wave(RATE, &[0; 64]);
    let mut synth = synth(std::vec![grouped(&dc_wave, 60), grouped(&silence, 61)]);
    send(&mut synth, &[0x90, 60, 127]);
    render(&mut synth, 480);
    send(&mut synth, &[0x90, 61, 127]);
    let out = left(&render(&mut synth, 480));
    // 96 dB in 144 frames.
    near(db(out[32]), -96.0 * 32.0 / 144.0, 1.0);
    near(db(out[96]), -96.0 * 96.0 / 144.0, 1.0);
    assert_eq!(out[200], 0.0);
}

/// A note that is shut down before a frame of it was heard is not heard.
#[test]
fn two_notes_of_a_key_in_one_frame_are_one() {
    for at in [0, 5, 32] {
        let mut synth = dc_synth(&[set(Destination::Eg1Release, seconds(1.0))]);
        render(&mut synth, at);
        send(&mut synth, &[0x90, 60, 127]);
        send(&mut synth, &[0x90, 60, 127]);
        assert_eq!(synth.voices(), 1);
        let out = left(&render(&mut synth, 1000));
        assert!(out.iter().all(|x| (x - 1.0).abs() < 1e-3), "from {at}");
    }
}

/// 63 is up, 64 down.
#[test]
fn a_pedal_is_down_from_its_middle_on() {
    for (value, held) in [(63, 0), (64, 1)] {
        let mut synth = dc_synth(&[]);
        send(&mut synth, &[0xB0, 64, value]);
        send(&mut synth, &[0x90, 60, 127]);
        send(&mut synth, &[0x80, 60, 0]);
        render(&mut synth, 1200);
        assert_eq!(synth.voices(), held, "{value}");
    }
}

/// Which notes the pedals hold, whatever the order.
#[test]
fn pedals_hold_each_their_own() {
    let pedal = |synth: &mut Synth, number: u8, value: u8| send(synth, &[0xB0, number, value]);
    let on = |synth: &mut Synth, key: u8| send(synth, &[0x90, key, 127]);
    let off = |synth: &mut Synth, key: u8| send(synth, &[0x80, key, 0]);
    // Longer than the shortest note and the shortest release.
    let voices = |synth: &mut Synth| {
        render(synth, 1200);
        synth.voices()
    };
    // Sostenuto does not catch what sustain alone holds.
    let mut synth = dc_synth(&[]);
    pedal(&mut synth, 64, 127);
    on(&mut synth, 60);
    off(&mut synth, 60);
    pedal(&mut synth, 66, 127);
    pedal(&mut synth, 64, 0);
    assert_eq!(voices(&mut synth), 0);
    // Sostenuto up leaves what sustain holds: caught or not.
    let mut synth = dc_synth(&[]);
    on(&mut synth, 60);
    pedal(&mut synth, 66, 127);
    pedal(&mut synth, 64, 127);
    on(&mut synth, 64);
    off(&mut synth, 60);
    off(&mut synth, 64);
    assert_eq!(voices(&mut synth), 2);
    pedal(&mut synth, 66, 0);
    assert_eq!(voices(&mut synth), 2);
    pedal(&mut synth, 64, 0);
    assert_eq!(voices(&mut synth), 0);
    // The other way round: sustain up leaves what sostenuto has caught.
    let mut synth = dc_synth(&[]);
    on(&mut synth, 60);
    pedal(&mut synth, 66, 127);
    pedal(&mut synth, 64, 127);
    on(&mut synth, 64);
    off(&mut synth, 60);
    off(&mut synth, 64);
    pedal(&mut synth, 64, 0);
    assert_eq!(voices(&mut synth), 1);
    pedal(&mut synth, 66, 0);
    assert_eq!(voices(&mut synth), 0);
}

/// Master balance acts on both sides.
#[test]
fn master_balance_goes_to_either_side() {
    for (lsb, msb, wanted) in [
        (0, 0, [1.0, 0.0]),
        (127, 127, [0.0, 1.0]),
        (0, 64, [1.0, 1.0]),
    ] {
        let mut synth = dc_synth(&[]);
        send(&mut synth, &[0xF0, 0x7F, 0x7F, 4, 2, lsb, msb, 0xF7]);
        send(&mut synth, &[0x90, 60, 127]);
        let out = render(&mut synth, 4800);
        for (x, wanted) in out[4799].iter().zip(wanted) {
            near(x / FULL, wanted, 0.01);
        }
    }
}

/// Both sides of the chorus are a quarter turn apart.
#[test]
fn a_chorus_is_wide() {
    let frames: Vec<i16> = (0..480)
        .map(|i| (20_000.0 * (core::f64::consts::TAU * f64::from(i) / 96.0).sin()) as i16)
        .collect();
    let mut synth = synth(std::vec![region(
        &wave(RATE, &frames),
        looped(0, 480),
        &articulation(&[effects::chorus_send(1000.0)])
    )]);
    synth.virtual_synth_mut(SYNTH).unwrap().effects_mut().chorus = Chorus::gm2(3);
    send(&mut synth, &[0xB0, 93, 127]);
    send(&mut synth, &[0x90, 60, 127]);
    let out = render(&mut synth, RATE as usize);
    let rms = |f: fn(&[f32; 2]) -> f32| {
        (out[4800..].iter().map(|x| f(x).powi(2)).sum::<f32>() / 43_200.0).sqrt()
    };
    let difference = rms(|[l, r]| l - r);
    let sum = rms(|[l, r]| l + r);
    assert!(difference > 0.05 * sum, "{difference} of {sum}");
}

/// A hold of 36 ms, 0.08 s to a factor of e, then the limiter does nothing again.
#[test]
fn the_limiter_lets_go() {
    use super::super::effects::Limiter;
    let mut limiter = Limiter::new(RATE);
    limiter.process(&mut [[4.0, -4.0]; 64]);
    let mut out = std::vec![[0.1; 2]; RATE as usize];
    limiter.process(&mut out);
    // Held at 4 by about its output of 0.997 for 1728 frames; e times less after 3840 more.
    let gain = |level: f32| {
        let over = (level - 0.891_250_9) / (1.0 - 0.891_250_9);
        (0.891_250_9 + (1.0 - 0.891_250_9) * over / (1.0 + over)) / level
    };
    near(out[0][0] / 0.1, gain(4.0), 1e-3);
    near(out[1727][0] / 0.1, gain(4.0), 1e-3);
    near(
        out[1728 + 3839][0] / 0.1,
        gain(4.0 / core::f32::consts::E),
        2e-3,
    );
    // ln(4 / 0.891) · 0.08 s
    assert_eq!(out[1728 + 5800], [0.1; 2]);
    assert!(out.windows(2).all(|w| w[1][0] >= w[0][0]));
    // Not at all finite: that frame alone.
    let mut block = [[0.5; 2]; 4];
    block[1] = [f32::INFINITY, f32::NAN];
    Limiter::new(RATE).process(&mut block);
    assert_eq!(block, [[0.5; 2], [0.0; 2], [0.5; 2], [0.5; 2]]);
}

/// Silence is time for the limiter too.
#[test]
fn the_limiter_lets_go_in_silence() {
    let mut synth = dc_synth(&[]);
    for key in 40..72 {
        send(&mut synth, &[0x90, key, 127]);
    }
    render(&mut synth, 4800);
    send(&mut synth, &[0xB0, 120, 0]);
    render(&mut synth, 480);
    assert!(synth.pool.is_silent());
    render(&mut synth, RATE as usize);
    send(&mut synth, &[0x90, 60, 127]);
    near(left(&render(&mut synth, 100))[0], 1.0, 1e-3);
}

/// The gain of a port does not jump under what still rings.
#[test]
fn a_note_does_not_make_the_tail_before_it_jump() {
    let (_, info) = dc();
    let mut frames = [0i16; 64];
    frames[..32].fill(32767);
    let silent_on_62 = wave(RATE, &[0; 64]);
    let wet = articulation(&[effects::reverb_send(1000.0)]);
    let regions = std::vec![
        Region {
            keys: (60, 60),
            ..region(&wave(RATE, &frames), info, &wet)
        },
        Region {
            keys: (62, 62),
            ..region(&silent_on_62, info, &wet)
        },
    ];
    let tail = |note: bool| {
        let mut synth = synth(regions.clone());
        send(&mut synth, &[0xB0, 91, 127]);
        send(&mut synth, &[0x90, 60, 127]);
        render(&mut synth, 9600);
        send(&mut synth, &[0xB0, 120, 0]);
        render(&mut synth, 4800);
        assert!(synth.pool.is_silent());
        synth.virtual_synth_mut(SYNTH).unwrap().set_volume(-6000);
        synth.refresh(SYNTH);
        if note {
            send(&mut synth, &[0x90, 62, 127]);
        }
        render(&mut synth, 2400)
    };
    // A silent note makes no difference.
    assert!(tail(true) == tail(false));
}

/// The clock never bends by more than half a percent, whatever it has to make up for.
#[test]
fn the_clock_is_bent_gently() {
    let mut clock = SampleClock::new(RATE);
    clock.start(0, 0);
    let device = |time: i64| time * 48 / 10_000;
    // 50 ms ahead from the first second on.
    let mut last = 0;
    for step in 1..400i64 {
        let now = step * 200_000;
        let ahead = if now >= 10_000_000 { 2400 } else { 0 };
        clock.sync(now, device(now) + ahead);
        let frame = clock.ref_to_frame(now + 200_000);
        let before = clock.ref_to_frame(now);
        assert!(
            (frame - before - 960).abs() <= 5 + 1,
            "{} frames in 20 ms",
            frame - before
        );
        assert!(before >= last);
        last = before;
    }
    // It arrives: 10 s at half a percent are enough for 50 ms.
    let mut arrived = clock.clone();
    for step in 400..1500i64 {
        let now = step * 200_000;
        arrived.sync(now, device(now) + 2400);
    }
    let now = 1499 * 200_000;
    assert!((arrived.ref_to_frame(now) - device(now) - 2400).abs() <= 2);
}

/// After a jump back the device is as fast as before.
#[test]
fn a_jump_back_keeps_the_drift() {
    let ppm = 400.0;
    let device = |time: i64| (time as f64 * 4.8e-3 * (1.0 + ppm * 1e-6)).floor() as i64;
    let mut clock = SampleClock::new(RATE);
    clock.start(0, 0);
    let mut now = 0;
    while now < 100_000_000 {
        now += 200_000;
        clock.sync(now, device(now));
    }
    let back = 48_000;
    now += 200_000;
    clock.sync(now, device(now) - back);
    // The next second, before another report could tell.
    clock.sync(now + 200_000, device(now + 200_000) - back);
    let then = now + 10_000_000;
    let error = clock.ref_to_frame(then) - (device(then) - back);
    assert!(error.abs() <= 4, "{error} frames in a second");
}

/// What renders is what was asked for.
#[test]
fn the_registers_can_be_chosen() {
    use crate::synth::simd::Vectors;
    let mut synth = dc_synth(&[]);
    assert_eq!(synth.pool.vectors(), Vectors::default());
    for vectors in [Vectors::best(), Vectors::default()] {
        synth.set_vectors(vectors);
        assert_eq!(synth.pool.vectors(), vectors);
    }
}
