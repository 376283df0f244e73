// SPDX-License-Identifier: MIT OR Apache-2.0
//! §4.4: envelopes seen through a constant wave.

use super::*;
use crate::synth::tick::TICK;

/// Levels in dB at the given seconds, for a note of `hold` seconds.
fn levels(changes: &[Connection], velocity: u8, key: u8, hold: f64, total: f64) -> Vec<f32> {
    let mut changes = changes.to_vec();
    // Pitch does not matter for a constant, velocity must not change the level.
    changes.push(connect(
        (Source::Velocity, VOLUME),
        Source::None,
        Destination::Gain,
        0,
    ));
    let mut synth = dc_synth(&changes);
    send(&mut synth, &[0x90, key, velocity]);
    let held = (hold * f64::from(RATE)) as usize;
    let mut out = render(&mut synth, held);
    send(&mut synth, &[0x80, key, 0]);
    out.extend(render(
        &mut synth,
        (total * f64::from(RATE)) as usize - held,
    ));
    left(&out).into_iter().map(db).collect()
}

fn at(levels: &[f32], seconds: f64) -> f32 {
    levels[(seconds * f64::from(RATE)) as usize]
}

/// Seconds at which the level falls to `level` for the last time.
fn falls(levels: &[f32], level: f32) -> f32 {
    levels
        .iter()
        .rposition(|&l| l > level)
        .map_or(0.0, |i| (i + 1) as f32 / RATE as f32)
}

#[test]
fn no_attack_is_full_at_the_first_frame() {
    let levels = levels(&[], 127, 60, 0.1, 0.2);
    near(levels[0], 0.0, 1e-3);
    near(levels[4000], 0.0, 1e-3);
}

#[test]
fn decay_is_linear_in_db() {
    let levels = levels(
        &[
            set(Destination::Eg1Decay, seconds(1.0)),
            set(Destination::Eg1Sustain, permille(0.0)),
        ],
        127,
        60,
        1.4,
        1.5,
    );
    near(falls(&levels, -60.0), 0.625, 0.001);
    near(at(&levels, 0.5), -48.0, 0.1);
    near(at(&levels, 0.25), -24.0, 0.1);
    // -0.128 dB in 64 frames.
    near(levels[12_064] - levels[12_000], -0.128, 0.002);
    near(falls(&levels, -95.0), 95.0 / 96.0, 0.001);
    assert_eq!(at(&levels, 1.01), db(0.0));
}

#[test]
fn sustain_is_on_the_db_scale_and_release_continues_from_it() {
    let levels = levels(
        &[
            set(Destination::Eg1Decay, seconds(1.0)),
            set(Destination::Eg1Sustain, permille(500.0)),
            set(Destination::Eg1Release, seconds(0.4)),
        ],
        127,
        60,
        1.0,
        1.5,
    );
    near(falls(&levels[..48_000], -47.9), 0.5, 0.01);
    near(at(&levels, 0.9), -48.0, 0.01);
    near(at(&levels, 1.1), -72.0, 0.2);
    near(falls(&levels, -95.0), 1.0 + 0.2 * 47.0 / 48.0, 0.001);
}

#[test]
fn attack_is_linear_in_amplitude() {
    let levels = levels(
        &[set(Destination::Eg1Attack, seconds(1.0))],
        127,
        60,
        1.2,
        1.3,
    );
    near(at(&levels, 0.5), -6.02, 0.01);
    near(at(&levels, 0.1), -20.0, 0.02);
    near(at(&levels, 1.0), 0.0, 0.01);
}

#[test]
fn an_interrupted_attack_releases_from_its_level() {
    let changes = [
        set(Destination::Eg1Attack, seconds(1.0)),
        set(Destination::Eg1Release, seconds(2.0)),
    ];
    let levels = levels(&changes, 127, 60, 0.5, 2.6);
    near(at(&levels, 0.5), -6.02, 0.05);
    near(
        falls(&levels, -95.0),
        0.5 + 2.0 * (95.0 - 6.02) / 96.0,
        0.002,
    );
    assert_eq!(at(&levels, 0.5 + 1.88), db(0.0));
}

#[test]
fn delay_and_hold() {
    let changes = [
        set(Destination::Eg1Delay, seconds(0.1)),
        set(Destination::Eg1Hold, seconds(0.2)),
        set(Destination::Eg1Decay, seconds(1.0)),
        set(Destination::Eg1Sustain, permille(0.0)),
    ];
    let levels = levels(&changes, 127, 60, 0.9, 1.0);
    assert_eq!(at(&levels, 0.09), db(0.0));
    near(at(&levels, 0.11), 0.0, 0.01);
    near(at(&levels, 0.29), 0.0, 0.01);
    near(at(&levels, 0.3 + 0.25), -24.0, 0.2);
}

/// A wave runs from the note-on, or, as in a SoundFont, from the end of EG1's delay.
#[test]
fn a_wave_begins_with_the_note_or_behind_the_delay() {
    let frames: Vec<i16> = (0..8000).map(|i| 4 * i).collect();
    for (begin, delay) in [(0, 1u32), (0, 32), (5, 33), (31, 31), (7, 100), (32, 4800)] {
        for waits in [0, 1 << 16] {
            let changes = [
                set(
                    Destination::Eg1Delay,
                    seconds(f64::from(delay) / f64::from(RATE)),
                ),
                set(Destination::WaveStart, waits),
            ];
            let mut synth = synth(std::vec![region(
                &wave(RATE, &frames),
                PLAIN,
                &articulation(&changes)
            )]);
            render(&mut synth, begin);
            send(&mut synth, &[0x90, 60, 127]);
            let out = left(&render(&mut synth, 8000));
            let delay = delay as usize;
            // The gain goes up until the next tick.
            let skipped = if waits == 0 { delay } else { 0 };
            for n in [TICK as usize, 100, 1000, 2000] {
                near(out[delay + n], (4 * (skipped + n)) as f32 / 32768.0, 1e-4);
            }
            // Nothing is heard before.
            let silent = delay.saturating_sub(TICK as usize);
            assert!(
                out[..silent].iter().all(|&x| x == 0.0),
                "{begin} {delay} {waits}"
            );
        }
    }
}

#[test]
fn velocity_scales_the_attack() {
    let changes = [
        set(Destination::Eg1Attack, seconds(0.4)),
        connect(
            (Source::Velocity, LINEAR),
            Source::None,
            Destination::Eg1Attack,
            0xFB50_0000u32 as i32,
        ),
    ];
    let levels = levels(&changes, 110, 60, 0.4, 0.41);
    near(at(&levels, 0.11024), -6.02, 0.02);
    near(at(&levels, 0.2215), 0.0, 0.001);
}

#[test]
fn key_scales_the_decay() {
    let changes = [
        set(Destination::Eg1Decay, seconds(1.0)),
        set(Destination::Eg1Sustain, permille(0.0)),
        connect(
            (Source::Key, LINEAR),
            Source::None,
            Destination::Eg1Decay,
            cents(-6000.0),
        ),
    ];
    let levels = levels(&changes, 127, 64, 0.3, 0.31);
    near(falls(&levels, -48.0), 0.17678 / 2.0, 0.001);
}

#[test]
fn a_time_of_zero_stays_zero() {
    let changes = [connect(
        (Source::Velocity, LINEAR),
        Source::None,
        Destination::Eg1Attack,
        cents(6000.0),
    )];
    near(levels(&changes, 127, 60, 0.1, 0.11)[0], 0.0, 1e-3);
}

#[test]
fn eg2_is_linear_in_cents() {
    // 1200 cents over a decay of 1 s: half an octave left in the middle.
    let changes = [
        set(Destination::Eg2Decay, seconds(1.0)),
        set(Destination::Eg2Sustain, permille(0.0)),
        connect(
            (Source::Eg2, LINEAR),
            Source::None,
            Destination::Pitch,
            cents(1200.0),
        ),
    ];
    let frames: Vec<i16> = (0..32_000).collect();
    let mut synth = synth(std::vec![region(
        &wave(16_000, &frames),
        PLAIN,
        &articulation(&changes)
    )]);
    send(&mut synth, &[0x90, 60, 127]);
    let out = left(&render(&mut synth, 48_100));
    for (time, octaves) in [(0.1, 0.9), (0.5, 0.5), (0.9, 0.1)] {
        let i = (time * 48_000.0) as usize;
        let step = f64::from(out[i + 80] - out[i - 80]) * 32767.0 / 160.0;
        assert!((step * 3.0 - libm::exp2(octaves)).abs() < 2e-3, "{step}");
    }
}

/// A key that goes up turns the pitch that EG2 holds at that very frame, on a tick or inside of one.
#[test]
fn eg2_turns_where_the_key_goes_up() {
    let changes = [
        set(Destination::Eg1Release, seconds(40.0)),
        set(Destination::Eg2Release, seconds(0.5)),
        connect(
            (Source::Eg2, LINEAR),
            Source::None,
            Destination::Pitch,
            cents(1200.0),
        ),
    ];
    let ramp: Vec<i16> = (0..32_000).collect();
    let constant = std::vec![16_000; 32_000];
    for up in [64 * 20, 64 * 20 + 1, 64 * 20 + 32, 64 * 21 - 1] {
        let play = |frames: &[i16]| {
            let wave = wave(RATE / 4, frames);
            let mut synth = synth(std::vec![region(&wave, PLAIN, &articulation(&changes))]);
            send(&mut synth, &[0x90, 60, 127]);
            let mut out = left(&render(&mut synth, up));
            send(&mut synth, &[0x80, 60, 0]);
            out.extend(left(&render(&mut synth, 24_000)));
            out
        };
        // The constant is as loud as the ramp.
        let (ramp, level) = (play(&ramp), play(&constant));
        let place = |at: usize| f64::from(ramp[at] / level[at]) * 16_000.0;
        let step = |at: usize| (place(at + 8) - place(at)) / 8.0;
        for at in [
            up - 600,
            up - 8,
            up,
            up + 8,
            up + 100,
            up + 12_000,
            up + 20_000,
        ] {
            let octaves = 1.0 - at.saturating_sub(up) as f64 / 24_000.0;
            let cents = 1200.0 * (libm::log2(4.0 * step(at)) - octaves);
            assert!(cents.abs() < 3.0, "{up}, {at}: {cents}");
        }
    }
}

#[test]
fn vibrato_has_its_frequency_depth_and_delay() {
    let changes = [
        set(
            Destination::VibratoFrequency,
            cents(6900.0 + 1200.0 * (4.0f64 / 440.0).log2()),
        ),
        set(Destination::VibratoDelay, seconds(0.25)),
        connect(
            (Source::Vibrato, BIPOLAR),
            Source::None,
            Destination::Pitch,
            cents(100.0),
        ),
    ];
    let frames: Vec<i16> = (0..32_000).collect();
    let mut synth = synth(std::vec![region(
        &wave(16_000, &frames),
        PLAIN,
        &articulation(&changes)
    )]);
    send(&mut synth, &[0x90, 60, 127]);
    let out = left(&render(&mut synth, 48_100));
    let bend = |time: f64| {
        let i = (time * 48_000.0) as usize;
        1200.0 * (f64::from(out[i + 160] - out[i - 160]) * 32767.0 / 320.0 * 3.0).log2()
    };
    near(bend(0.2) as f32, 0.0, 0.5);
    // A quarter and three quarters of a period after the delay.
    near(bend(0.25 + 0.0625) as f32, 100.0, 1.0);
    near(bend(0.25 + 0.1875) as f32, -100.0, 1.0);
    near(bend(0.25 + 0.5625) as f32, 100.0, 1.0);
}

/// §4.7: the average of 100 cycles within 1 %. The LFO moves the level; each cycle passes its middle upwards once.
#[test]
fn the_lfo_keeps_its_frequency() {
    for hertz in [2.0f64, 5.0, 20.0] {
        let changes = [
            set(
                Destination::LfoFrequency,
                cents(6900.0 + 1200.0 * (hertz / 440.0).log2()),
            ),
            connect(
                (Source::Lfo, BIPOLAR),
                Source::None,
                Destination::Gain,
                decibel(6.0),
            ),
        ];
        let mut synth = dc_synth(&changes);
        send(&mut synth, &[0x90, 60, 127]);
        let out = left(&render(&mut synth, (103.0 / hertz * 48_000.0) as usize));
        let ups: Vec<usize> = (1..out.len())
            .filter(|&i| out[i - 1] < 1.0 && out[i] >= 1.0)
            .collect();
        let measured = 100.0 * 48_000.0 / (ups[101] - ups[1]) as f64;
        assert!((measured / hertz - 1.0).abs() < 0.01, "{measured} Hz");
    }
}

/// Wherever in a tick a note begins: an attack's end lies within 8 frames of where it should.
#[test]
fn attacks_end_inside_of_ticks() {
    for attack in [40, 48, 90, 200] {
        let changes = [set(
            Destination::Eg1Attack,
            seconds(f64::from(attack) / f64::from(RATE)),
        )];
        for at in (0..64).step_by(5) {
            let mut synth = dc_synth(&changes);
            render(&mut synth, at);
            send(&mut synth, &[0x90, 60, 127]);
            let out = left(&render(&mut synth, 400));
            for (frame, level) in out.iter().enumerate() {
                let exact = (frame as f32 / attack as f32).min(1.0);
                let beside = 8.5 / attack as f32;
                assert!(
                    (level - exact).abs() < beside,
                    "{attack} from {at}, {frame}: {level} {exact}"
                );
            }
            near(out[399], 1.0, 1e-4);
        }
    }
}

/// A delay is silent up to 16 frames before its end, and 16 behind it all is there; a hold ends within 8.
#[test]
fn delays_and_holds_end_inside_of_ticks() {
    let frames = |n: u32| seconds(f64::from(n) / f64::from(RATE));
    for delay in [30, 100, 128, 210] {
        let delayed = [set(Destination::Eg1Delay, frames(delay))];
        let held = [
            set(Destination::Eg1Hold, frames(delay)),
            set(Destination::Eg1Decay, frames(2400)),
            set(Destination::Eg1Sustain, permille(0.0)),
        ];
        for at in (0..64).step_by(7) {
            let after = |changes: &[_]| {
                let mut synth = dc_synth(changes);
                render(&mut synth, at);
                send(&mut synth, &[0x90, 60, 127]);
                left(&render(&mut synth, 400))
            };
            let (out, delay) = (after(&delayed), delay as usize);
            let first = out.iter().position(|level| *level != 0.0).unwrap();
            let full = out.iter().position(|level| *level > 0.999).unwrap();
            assert!(
                first + 17 > delay && full <= delay + 16,
                "{delay} from {at}: {first} {full}"
            );
            // 0.04 dB in a frame.
            for (frame, level) in after(&held).iter().enumerate() {
                let exact = 0.04 * frame.saturating_sub(delay) as f32;
                near(db(*level), -exact, 0.04 * 8.0 + 0.02);
            }
        }
    }
}

/// A deep and fast vibrato takes two steps in a tick, a slight one does not.
#[test]
fn vibratos_bend_inside_of_ticks() {
    let steps = |depth: f64| {
        let vibrato = [
            set(
                Destination::VibratoFrequency,
                cents(1200.0 * (6.0f64 / 8.175_8).log2()),
            ),
            set(Destination::VibratoDelay, seconds(0.0)),
            connect(
                (Source::Vibrato, BIPOLAR),
                Source::None,
                Destination::Pitch,
                cents(depth),
            ),
        ];
        let frames: Vec<i16> = (0..30_000).collect();
        let mut synth = synth(std::vec![region(
            &wave(RATE, &frames),
            PLAIN,
            &articulation(&vibrato)
        )]);
        send(&mut synth, &[0x90, 60, 127]);
        let out = left(&render(&mut synth, 64 * 20));
        // What it moves by in 16 frames, four times in each tick.
        let ways: Vec<f32> = out
            .chunks(16)
            .map(|part| (part[15] - part[0]) * 32_767.0)
            .collect();
        let halves = |ticks: &[f32]| (ticks[0] - ticks[2]).abs();
        ways.chunks_exact(4).map(halves).fold(0.0, f32::max)
    };
    // 6 Hz, 100 cents: up to 2.5 cents in half a tick, of 15 frames.
    near(steps(100.0), 15.0 * 2.5 * 5.776e-4, 6e-3);
    assert!(steps(10.0) < 6e-3);
}
