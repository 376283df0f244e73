// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a voice plans for several ticks, or for part of one, against what it should do at each frame.

use super::*;

/// A connection of movers without an affine form, which adds nothing: with it every tick is planned by itself.
fn tick_by_tick() -> Connection {
    let bent = Shape {
        curve: Curve::Concave,
        bipolar: false,
        invert: false,
    };
    Connection {
        source: Source::Lfo,
        source_shape: bent,
        control: Source::None,
        control_shape: LINEAR,
        destination: Destination::FilterQ,
        scale: 0,
    }
}

/// Levels of 64 frames each, in dB.
fn levels(out: &[f32]) -> Vec<f32> {
    let level = |part: &[f32]| {
        let power = part.iter().map(|x| x * x).sum::<f32>() / part.len() as f32;
        db(power.sqrt())
    };
    out.chunks(64).map(level).collect()
}

type Said = [(usize, &'static [u8])];

/// A note, with messages at their frames.
fn played(wave: &Shared<Wave>, info: SampleInfo, changes: &[Connection], said: &Said) -> Vec<f32> {
    let mut synth = synth(std::vec![region(wave, info, &articulation(changes))]);
    let mut out = Vec::new();
    for (at, message) in said {
        out.extend(render(&mut synth, at - out.len()));
        send(&mut synth, message);
    }
    out.extend(render(&mut synth, 24_000 - out.len()));
    left(&out)
}

const NOTE: (usize, &[u8]) = (37, &[0x90, 60, 127]);

/// Plans of many ticks lead where plans of single ones do, whatever moves, and whatever comes in their middle.
#[test]
fn long_plans_sound_as_short_ones() {
    let (dc_wave, info) = dc();
    let sine: Vec<i16> = (0..4800)
        .map(|i| (20_000.0 * (core::f64::consts::TAU * f64::from(i) / 48.0).sin()) as i16)
        .collect();
    let tone = wave(RATE, &sine);
    let mover = |source, shape, destination, scale| {
        connect((source, shape), Source::None, destination, scale)
    };
    let contour = [
        set(Destination::Eg1Attack, seconds(0.05)),
        set(Destination::Eg1Decay, seconds(0.9)),
        set(Destination::Eg1Sustain, permille(700.0)),
        set(Destination::Eg1Release, seconds(0.6)),
    ];
    let second = |time| {
        [
            set(Destination::Eg2Decay, seconds(time)),
            set(Destination::Eg2Sustain, permille(0.0)),
            set(Destination::Eg2Release, seconds(0.1)),
        ]
    };
    let tremolo = [
        set(Destination::LfoFrequency, cents(0.0)),
        set(Destination::LfoDelay, seconds(0.02)),
        mover(Source::Lfo, BIPOLAR, Destination::Gain, decibel(6.0)),
    ];
    let pan = [
        set(Destination::VibratoFrequency, cents(-400.0)),
        mover(Source::Vibrato, BIPOLAR, Destination::Pan, permille(400.0)),
    ];
    let cutoff = |hertz: f64| {
        set(
            Destination::FilterCutoff,
            cents(6900.0 + 1200.0 * (hertz / 440.0).log2()),
        )
    };
    let sweep = |octaves: f64| {
        [mover(
            Source::Eg2,
            LINEAR,
            Destination::FilterCutoff,
            cents(1200.0 * octaves),
        )]
    };
    let wobble = [
        set(Destination::LfoFrequency, cents(600.0)),
        mover(
            Source::Lfo,
            BIPOLAR,
            Destination::FilterCutoff,
            cents(1800.0),
        ),
    ];
    let fade = [mover(
        Source::Eg2,
        LINEAR,
        Destination::Gain,
        decibel(-30.0),
    )];
    // With what is said, and how many dB the two may differ by.
    let cases: [(&[&[Connection]], f32); 9] = [
        (&[&contour], 0.05),
        (&[&contour, &tremolo], 0.3),
        (&[&contour, &pan], 0.6),
        (&[&second(0.3), &fade], 0.15),
        (&[&contour, &second(0.4), &fade], 0.6),
        (&[&[cutoff(300.0)], &second(0.1), &sweep(5.0)], 0.2),
        (&[&[cutoff(300.0)], &second(0.4), &sweep(5.0)], 0.15),
        (&[&[cutoff(900.0)], &wobble], 1.7),
        (&[&[cutoff(900.0)], &contour, &wobble, &tremolo], 0.5),
    ];
    let said: [&Said; 5] = [
        &[
            // Nothing hears these, but each is a new plan.
            NOTE,
            (1_717, &[0xB0, 20, 3]),
            (2_640, &[0xB0, 20, 3]),
            (3_001, &[0xB0, 20, 3]),
            (5_555, &[0xB0, 20, 3]),
            (7_020, &[0xB0, 20, 3]),
            (9_900, &[0xB0, 20, 3]),
        ],
        &[NOTE],
        &[NOTE, (9_001, &[0x80, 60, 0])],
        &[
            NOTE,
            (4_000, &[0xB0, 11, 60]),
            (4_100, &[0xB0, 10, 20]),
            (7_777, &[0xB0, 11, 127]),
        ],
        &[NOTE, (3_333, &[0xE0, 0, 80]), (8_000, &[0xB0, 120, 0])],
    ];
    for (wave, sample) in [(&dc_wave, info), (&tone, looped(0, 4800))] {
        for (case, (changes, most)) in cases.iter().enumerate() {
            let changes = changes.concat();
            let mut worst = (0.0f32, 0, 0);
            let single = [&changes[..], &[tick_by_tick()]].concat();
            for (n, said) in said.iter().enumerate() {
                let long = played(wave, sample, &changes, said);
                let short = played(wave, sample, &single, said);
                let levels = levels(&long).into_iter().zip(levels(&short));
                // A controller's change may take as long as the longest plan.
                let moves = |message: &[u8]| matches!(message, [0xB0, 10 | 11, _]);
                let changed = |tick: usize| {
                    let since = said.iter().filter(|(_, message)| moves(message));
                    since
                        .map(|(at, _)| at / 64)
                        .any(|at| (at..at + 18).contains(&tick))
                };
                for (at, (long, short)) in levels.enumerate().filter(|(at, _)| !changed(*at)) {
                    let off = (long.max(-40.0) - short.max(-40.0)).abs();
                    if off > worst.0 {
                        worst = (off, n, at);
                    }
                }
            }
            assert!(worst.0 < *most, "case {case}: {worst:?}");
        }
    }
}

/// Where an attack ends inside of a tick, what is heard lies no further off than the nearest place at which a plan may begin: eight frames.
#[test]
fn an_attack_ends_near_its_frame() {
    for attack in (65..260usize).step_by(3) {
        let time = seconds(attack as f64 / f64::from(RATE));
        let (dc_wave, info) = dc();
        let out = played(
            &dc_wave,
            info,
            &[set(Destination::Eg1Attack, time)],
            &[(0, &[0x90, 60, 127])],
        );
        for (frame, x) in out.iter().enumerate().take(attack + 100) {
            let expected = (frame as f32 / attack as f32).min(1.0);
            let most = 8.5 / attack as f32;
            assert!(
                (x - expected).abs() < most,
                "{attack}, {frame}: {x}, not {expected}"
            );
        }
    }
}

/// A voice that is cut fades in a straight line, from whichever frame: within 128 frames, and to the place where a plan may end behind them.
#[test]
fn a_fade_is_a_straight_line() {
    let mut synth = dc_synth(&[]);
    for offset in 0..64 {
        let aligned = synth.position().next_multiple_of(64) - synth.position();
        render(&mut synth, aligned as usize);
        send(&mut synth, &[0x90, 60, 127]);
        render(&mut synth, 1024 + offset);
        send(&mut synth, &[0xB0, 120, 0]);
        let out = left(&render(&mut synth, 200));
        for (frame, x) in out.iter().enumerate() {
            let expected = (1.0 - frame as f32 / 128.0).max(0.0);
            near(*x, expected, 0.1);
            assert!(frame < 144 || *x == 0.0, "{offset}, {frame}: {x}");
        }
        for pair in out.windows(2) {
            assert!(
                (-1e-6..0.009).contains(&(pair[0] - pair[1])),
                "{offset}: {pair:?}"
            );
        }
        render(&mut synth, 64);
        assert_eq!(synth.voices(), 0);
    }
}

/// The first frame of a note has its gain already, whatever moves it, and whatever sounded in its slot before.
#[test]
fn a_note_begins_at_its_level() {
    let (dc_wave, info) = dc();
    for gain in [-20.0, -3.0] {
        let moved = articulation(&[second_envelope_to_gain(gain)]);
        let mut quiet = region(&dc_wave, info, &moved);
        let mut loud = region(
            &dc_wave,
            info,
            &articulation(&[set(Destination::Pan, permille(-500.0))]),
        );
        (loud.keys, quiet.keys) = ((0, 59), (60, 127));
        let mut synth = synth(std::vec![loud, quiet]);
        for key in [50, 60, 50, 60] {
            send(&mut synth, &[0x90, key, 127]);
            let out = left(&render(&mut synth, 130));
            for x in &out[..100] {
                match key {
                    60 => near(db(*x), gain as f32, 0.05),
                    _ => assert!(db(*x) > 2.0),
                }
            }
            send(&mut synth, &[0xB0, 120, 0]);
            render(&mut synth, 400);
        }
    }
}

/// No gain goes beyond a region's ceiling; without one it is 6 dB.
#[test]
fn gains_have_a_ceiling() {
    for (gain, ceiling, expected) in [
        (12.0, None, 6.0),
        (12.0, Some(-6.0), -6.0),
        (12.0, Some(9.0), 9.0),
        (-10.0, Some(-6.0), -10.0),
    ] {
        let mut changes = std::vec![set(Destination::Gain, decibel(gain))];
        changes.extend(ceiling.map(|ceiling| set(Destination::GainCeiling, decibel(ceiling))));
        let mut synth = dc_synth(&changes);
        // Far from where the limiter begins.
        synth.virtual_synth_mut(SYNTH).unwrap().set_volume(-2000);
        send(&mut synth, &[0x90, 60, 127]);
        let out = left(&render(&mut synth, 100));
        near(db(out[99]) + 20.0, expected, 0.05);
    }
}

/// A level that stands still stands still to the last bit, however long.
#[test]
fn a_held_level_does_not_drift() {
    let mut synth = dc_synth(&[
        set(Destination::Eg1Attack, seconds(0.0517)),
        set(Destination::Eg1Decay, seconds(0.3)),
        set(Destination::Eg1Sustain, permille(900.0)),
    ]);
    send(&mut synth, &[0x90, 60, 127]);
    render(&mut synth, 1001);
    send(&mut synth, &[0xB0, 11, 90]);
    render(&mut synth, 48_000);
    let level = render(&mut synth, 1)[0];
    for _ in 0..20 {
        assert!(
            render(&mut synth, 48_000)
                .iter()
                .all(|frame| *frame == level)
        );
    }
}

/// Where a pitch moves it is what it should be at each tick, in the middle of each, and at the note's first frame; in between it stands.
#[test]
fn a_moving_pitch_takes_two_steps_in_a_tick() {
    const TICK: usize = 64;
    let ramp: Vec<i16> = (0..32_000).collect();
    let ramp = wave(RATE, &ramp);
    let falls = [
        set(Destination::Eg2Decay, seconds(0.02)),
        set(Destination::Eg2Sustain, permille(0.0)),
        connect(
            (Source::Eg2, LINEAR),
            Source::None,
            Destination::Pitch,
            cents(1200.0),
        ),
    ];
    for offset in [0, 5, 20, 31, 40, 63] {
        let out = played(&ramp, PLAIN, &falls, &[(offset, &[0x90, 60, 127])]);
        for frame in offset + 12..offset + 900 {
            // The last place before the step to this frame at which the pitch was set.
            let half = (frame - 1) / (TICK / 2) * (TICK / 2);
            let passed = half.saturating_sub(offset);
            let octaves = 1.0 - passed as f32 / 960.0;
            let step = (out[frame] - out[frame - 1]) * 32_767.0;
            let expected = octaves.exp2();
            assert!(
                (step / expected - 1.0).abs() < 0.006,
                "{offset}, {frame}: {step}, not {expected}"
            );
        }
    }
}

/// What a voice has planned at the first frame of each tick, while EG2 falls from full to nothing in `time` s: `look` gets the part of the way that
/// is left.
fn as_eg2_falls(time: f64, changes: &[Connection], mut look: impl FnMut(&mut Synth, f64)) {
    let falls = [
        set(Destination::Eg2Decay, seconds(time)),
        set(Destination::Eg2Sustain, permille(0.0)),
    ];
    let (dc, info) = dc();
    let changes = articulation(&[&falls, changes].concat());
    let mut synth = synth(std::vec![region(&dc, info, &changes)]);
    send(&mut synth, &[0x90, 60, 127]);
    for tick in 0..(time * 750.0) as usize {
        render(&mut synth, 1);
        look(&mut synth, 1.0 - tick as f64 / (time * 750.0));
        render(&mut synth, 63);
    }
}

/// A pitch is where it should be at each tick, however deep and fast it falls.
#[test]
fn falling_pitches_are_exact_at_ticks() {
    for depth in [300.0, 1200.0, 4800.0] {
        for time in [0.05, 0.2, 2.0] {
            let to_pitch = connect(
                (Source::Eg2, LINEAR),
                Source::None,
                Destination::Pitch,
                cents(depth),
            );
            as_eg2_falls(time, &[to_pitch], |synth, part| {
                let [step, _] = synth.pool.tone_mut(0).unwrap().steps();
                let found = 1200.0 * libm::log2(step as f64 / 4_294_967_296.0);
                let expected = depth * part;
                assert!(
                    (found - expected).abs() < 0.3,
                    "{depth} cents in {time} s: {found}, not {expected}"
                );
            });
        }
    }
}

/// So is a cutoff that falls too fast for lines of many ticks.
#[test]
fn falling_cutoffs_are_exact_at_ticks() {
    for (depth, time) in [(6000.0, 0.05), (6000.0, 0.2), (2400.0, 0.2), (2400.0, 2.0)] {
        let changes = [
            set(Destination::FilterCutoff, cents(6000.0)),
            connect(
                (Source::Eg2, LINEAR),
                Source::None,
                Destination::FilterCutoff,
                cents(depth),
            ),
        ];
        as_eg2_falls(time, &changes, |synth, part| {
            let cutoff =
                super::super::filter::place((6000.0 + depth * part) as f32, synth.log2_a440);
            let expected = synth.filters.at(cutoff, 0.0).e;
            let tone = synth.pool.tone_mut(0).unwrap();
            let [e, ..] = tone.filter.coefficients();
            // In a line of a quarter of an octave it is 0.75 % too high in the middle.
            assert!(
                (e / expected - 1.0).abs() < 0.012,
                "{depth} cents in {time} s, {part} left: {e}, not {expected}"
            );
        });
    }
}

/// A voice that another excludes falls from where it is, in the middle of what it had planned: 96 dB in the 15 ms of a shutdown.
#[test]
fn an_excluded_voice_falls_from_where_it_is() {
    let (dc, info) = dc();
    let decay = articulation(&[
        set(Destination::Eg1Decay, seconds(1.0)),
        set(Destination::Eg1Sustain, permille(0.0)),
    ]);
    let silence = wave(RATE, &[0; 64]);
    let of_key = |key, wave: &Shared<Wave>| Region {
        keys: (key, key),
        key_group: 1,
        ..region(wave, info, &decay)
    };
    // The second after a quarter of a second, at each eighth of four ticks.
    for at in (12_000..12_256).step_by(32) {
        let mut synth = synth(std::vec![of_key(60, &dc), of_key(61, &silence)]);
        send(&mut synth, &[0x90, 60, 127]);
        let before = left(&render(&mut synth, at))[at - 1];
        send(&mut synth, &[0x90, 61, 127]);
        let out = left(&render(&mut synth, 512));
        for passed in [64, 128, 256, 384, 511] {
            let fallen = 96.0 * passed as f32 / 720.0;
            near(db(out[passed]), db(before) - fallen, 0.2);
        }
    }
}

/// Each envelope and LFO moves what it is connected to: here the first envelope the place between the sides.
#[test]
fn the_first_envelope_moves_the_pan() {
    for sustain in [1000.0, 950.0, 900.0] {
        let mut synth = dc_synth(&[
            set(Destination::Eg1Sustain, permille(sustain)),
            connect(
                (Source::Eg1, LINEAR),
                Source::None,
                Destination::Pan,
                permille(400.0),
            ),
        ]);
        send(&mut synth, &[0x90, 60, 127]);
        let [left, right] = render(&mut synth, 4800)[4799];
        let turn = core::f32::consts::FRAC_PI_2 * (0.5 + 0.4 * sustain as f32 / 1000.0);
        near(right / left, turn.tan(), 0.01 * turn.tan());
    }
}

/// A key that has not been pressed harder yet is not pressed: what pressure does to the key number is nothing at first.
#[test]
fn a_note_begins_without_pressure() {
    let ramp: Vec<i16> = (0..32_000).collect();
    let ramp = wave(RATE, &ramp);
    let pressed = connect(
        (Source::PolyPressure, LINEAR),
        Source::None,
        Destination::KeyNumber,
        cents(12_800.0),
    );
    let out = played(
        &ramp,
        PLAIN,
        &[pressed],
        &[(0, &[0xA0, 60, 90]), (64, &[0x90, 60, 127])],
    );
    for pair in out[66..1000].windows(2) {
        near((pair[1] - pair[0]) * 32_767.0, 1.0, 0.01);
    }
}

/// A level that falls or swings by many dB within a plan follows its law at each frame, and not the straight line of the longest plan.
#[test]
fn steep_levels_are_planned_in_short_lines() {
    let frame = |x: usize| x as f64 / f64::from(RATE);
    // EG2 gives way in 50 ms, and with it the gain rises by 30 dB.
    let rises = [
        set(Destination::Eg2Decay, seconds(0.05)),
        set(Destination::Eg2Sustain, permille(0.0)),
        second_envelope_to_gain(-30.0),
    ];
    // A tremolo of 24 dB, 5 Hz.
    let swings = [
        set(
            Destination::LfoFrequency,
            cents(6900.0 + 1200.0 * (5.0f64 / 440.0).log2()),
        ),
        set(Destination::LfoDelay, i32::MIN),
        connect(
            (Source::Lfo, BIPOLAR),
            Source::None,
            Destination::Gain,
            decibel(-24.0),
        ),
        set(Destination::GainCeiling, decibel(30.0)),
    ];
    let rise = |x: usize| (-30.0 * (1.0 - frame(x) / 0.05)).min(0.0);
    let swing = |x: usize| -24.0 * (core::f64::consts::TAU * 5.0 * frame(x)).sin();
    // Of an LFO 2 % of its depth are a line's own.
    follows(&rises, rise, 0.2);
    follows(&swings, swing, 0.5);
}

/// The level of a note is that of a law of frames, in dB, within `most`.
fn follows(changes: &[Connection], law: impl Fn(usize) -> f64, most: f64) {
    let mut synth = dc_synth(changes);
    send(&mut synth, &[0xB0, 7, 40]);
    render(&mut synth, 640);
    send(&mut synth, &[0x90, 60, 127]);
    let out = left(&render(&mut synth, 9600));
    let quiet = 40.0 * (40.0f64 / 127.0).log10();
    for (x, sample) in out.iter().enumerate().skip(1) {
        let off = f64::from(db(*sample)) - quiet - law(x);
        assert!(off.abs() < most, "frame {x}: {off} dB off {}", law(x));
    }
}
