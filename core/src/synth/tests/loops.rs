// SPDX-License-Identifier: MIT OR Apache-2.0
//! Positions, loops, interpolation, stereo pairs.

use super::*;

const ALL: [Interpolation; 3] = [
    Interpolation::Linear,
    Interpolation::Sinc8,
    Interpolation::Sinc16,
];

#[test]
fn an_impulse_sounds_at_its_frame_alone() {
    for interpolation in ALL {
        for start in [0usize, 1, 31, 32, 33, 100, 1000, 4095] {
            let mut synth = synth(std::vec![region(&impulse(), PLAIN, &articulation(&[]))]);
            synth
                .virtual_synth_mut(SYNTH)
                .unwrap()
                .set_interpolation(interpolation);
            let mut out = render(&mut synth, start);
            send(&mut synth, &[0x90, 60, 127]);
            out.extend(render(&mut synth, 600));
            for (i, frame) in out.iter().enumerate() {
                if i == start {
                    near(frame[0] / FULL, 1.0, 1e-5);
                } else {
                    assert!(
                        frame[0].abs() < 1e-6,
                        "{interpolation:?} {start} {i} {frame:?}"
                    );
                }
            }
            assert_eq!(synth.voices(), 0);
        }
    }
}

#[test]
fn linear_interpolation_is_exact_across_the_loop_seam() {
    // An arbitrary loop at a step of 0.375: compare with the formula, frame by frame.
    let frames = [0, 1000, -500, 3000, 7000, -2000, 250, 9000];
    let (start, length) = (2usize, 5usize);
    let sample = looped(start as u32, length as u32);
    let mut synth = synth(std::vec![region(
        &wave(18_000, &frames),
        sample,
        &articulation(&[])
    )]);
    synth
        .virtual_synth_mut(SYNTH)
        .unwrap()
        .set_interpolation(Interpolation::Linear);
    send(&mut synth, &[0x90, 60, 127]);
    let out = left(&render(&mut synth, 5000));
    let unlooped = |i: usize| {
        if i < start + length {
            i
        } else {
            start + (i - start) % length
        }
    };
    for (i, actual) in out.iter().enumerate() {
        let position = i as f64 * 0.375;
        let (whole, fraction) = (position as usize, position.fract() as f32);
        let (a, b) = (
            f32::from(frames[unlooped(whole)]),
            f32::from(frames[unlooped(whole + 1)]),
        );
        near(actual * 32767.0, a + (b - a) * fraction, 0.01);
    }
}

#[test]
fn steps_longer_than_the_loop() {
    // Two frames, played five octaves up: still inside the loop, still alive.
    let mut synth = synth(std::vec![region(
        &wave(RATE, &[100, 100, 100, 100]),
        looped(1, 2),
        &articulation(&[])
    )]);
    send(&mut synth, &[0x90, 120, 127]);
    assert!(
        left(&render(&mut synth, 1000))[500..]
            .iter()
            .all(|x| (x * 32767.0 - 100.0).abs() < 0.01)
    );
}

/// A sine looped over one period; the ratio of everything else to the sine, in dB.
fn noise_of_loop(interpolation: Interpolation, length: u32, key: u8) -> f64 {
    let frames: Vec<i16> = (0..length * 3)
        .map(|i| {
            (30_000.0 * (core::f64::consts::TAU * f64::from(i) / f64::from(length)).sin()).round()
                as i16
        })
        .collect();
    let mut synth = synth(std::vec![region(
        &wave(RATE, &frames),
        looped(length, length),
        &articulation(&[])
    )]);
    synth
        .virtual_synth_mut(SYNTH)
        .unwrap()
        .set_interpolation(interpolation);
    send(&mut synth, &[0x90, key, 127]);
    let out = left(&render(&mut synth, 9600));
    let w = core::f64::consts::TAU / f64::from(length) * libm::exp2((f64::from(key) - 60.0) / 12.0);
    // Least squares of a sine and a cosine.
    let (mut ss, mut sc, mut cc, mut xs, mut xc, mut xx) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
    for (i, x) in out.iter().enumerate() {
        let (s, c) = (w * i as f64).sin_cos();
        let x = f64::from(*x);
        (ss, sc, cc) = (ss + s * s, sc + s * c, cc + c * c);
        (xs, xc, xx) = (xs + x * s, xc + x * c, xx + x * x);
    }
    let determinant = ss * cc - sc * sc;
    let (a, b) = (
        (xs * cc - xc * sc) / determinant,
        (xc * ss - xs * sc) / determinant,
    );
    let signal = a * xs + b * xc;
    10.0 * ((xx - signal).max(1e-30) / signal).log10()
}

#[test]
fn interpolators_reach_their_signal_to_noise_ratio() {
    // §5.2: linear 62 dB at 0.0227 cycles per frame, 34 dB at 0.1134.
    assert!(noise_of_loop(Interpolation::Linear, 44, 65) < -60.0);
    assert!(noise_of_loop(Interpolation::Linear, 9, 65) < -32.0);
    // Kaiser sinc 8: at least 66 dB.
    let (low, middle) = (
        noise_of_loop(Interpolation::Sinc8, 44, 65),
        noise_of_loop(Interpolation::Sinc8, 9, 65),
    );
    assert!(low < -66.0 && middle < -64.0, "{low} {middle}");
}

#[test]
fn loop_until_release_plays_out() {
    let mut frames = std::vec![1000i16; 200];
    frames[100..].fill(5000);
    let sample = SampleInfo {
        sample_loop: Some(Loop {
            start: 10,
            length: 50,
            until_release: true,
        }),
        ..PLAIN
    };
    let long = articulation(&[set(Destination::Eg1Release, seconds(40.0))]);
    let mut synth = synth(std::vec![region(&wave(RATE, &frames), sample, &long)]);
    send(&mut synth, &[0x90, 60, 127]);
    assert!(
        left(&render(&mut synth, 1000))
            .iter()
            .all(|x| (x * 32767.0 - 1000.0).abs() < 1.0)
    );
    send(&mut synth, &[0x80, 60, 0]);
    let out = left(&render(&mut synth, 400));
    assert!(out.iter().any(|x| (x * 32767.0 - 5000.0).abs() < 100.0));
    assert_eq!(out[300], 0.0);
    assert_eq!(synth.voices(), 0);
}

#[test]
fn plain_loop_goes_on_in_the_release() {
    let long = articulation(&[set(Destination::Eg1Release, seconds(40.0))]);
    let (wave, info) = dc();
    let mut synth = synth(std::vec![region(&wave, info, &long)]);
    send(&mut synth, &[0x90, 60, 127]);
    send(&mut synth, &[0x80, 60, 0]);
    assert!(left(&render(&mut synth, 4800))[4000] > 0.9);
}

#[test]
fn stereo_pairs_take_their_sides() {
    let (wave, info) = dc();
    let mut pair = [
        region(&wave, info, &articulation(&[])),
        region(&wave, info, &articulation(&[])),
    ];
    for (region, channels) in pair.iter_mut().zip([1, 2]) {
        region.phase_group = 1;
        region.channels = channels;
    }
    pair[0].phase_master = true;
    let mut left_only = synth(std::vec![pair[0].clone()]);
    let mut both = synth(pair.to_vec());
    for synth in [&mut left_only, &mut both] {
        send(synth, &[0x90, 60, 127]);
    }
    let out = render(&mut left_only, 8)[4];
    assert!(out[0] > 0.3 && out[1] == 0.0);
    let out = render(&mut both, 8)[4];
    near(out[0] / FULL, 1.0, 1e-5);
    near(out[1] / FULL, 1.0, 1e-5);
}

/// A loop sounds as one that holds the same frames several times over, however few they are, and whatever lies around them in the wave.
#[test]
fn a_short_loop_is_a_long_one_of_the_same_frames() {
    let mut random = Random(5);
    for length in (1..20).chain([33, 47]) {
        for interpolation in ALL {
            let inside: Vec<i16> = (0..length).map(|_| random.next() as i16 / 2).collect();
            let before: Vec<i16> = (0..random.below(12))
                .map(|_| random.next() as i16 / 2)
                .collect();
            let start = before.len() as u32;
            let turns = 200usize.div_ceil(length) + 1;
            // Behind the short one lies something else, behind the long one more of the same.
            let short = [&before[..], &inside, &[30_000; 40]].concat();
            let long = [before.clone(), inside.repeat(turns + 40)].concat();
            let played = |frames: &[i16], turns: usize| {
                let sample = looped(start, (turns * length) as u32);
                let wave = wave(RATE, frames);
                let mut synth = synth(std::vec![region(&wave, sample, &articulation(&[]))]);
                let port = synth.virtual_synth_mut(SYNTH).unwrap();
                port.set_interpolation(interpolation);
                send(&mut synth, &[0x90, 65, 127]);
                left(&render(&mut synth, 1500))
            };
            // The short one's seam is heard once before what lies before it is the loop's own end.
            let (a, b) = (played(&short, 1), played(&long, turns));
            for (at, (a, b)) in a.iter().zip(&b).enumerate() {
                near(*a, *b, 1e-5);
                assert!(at < 1400 || b.is_finite());
            }
        }
    }
}

/// A step is at most 2^14 frames of the wave.
#[test]
fn steps_have_a_bound() {
    use super::super::oscillator::Oscillator;
    let mut oscillator = Oscillator::IDLE;
    for (wanted, step) in [
        (1 << 46, 1 << 46),
        ((1 << 46) + 1, 1 << 46),
        (u64::MAX, 1 << 46),
        (7, 7),
    ] {
        oscillator.set_step(wanted);
        assert_eq!(oscillator.step(), step);
    }
}

/// The quality may change while a wave sounds, wherever it is read: around a seam each kind needs other frames.
#[test]
fn the_quality_changes_unheard() {
    let (dc_wave, info) = dc();
    let mut synth = synth(std::vec![region(&dc_wave, info, &articulation(&[]))]);
    for (before, after) in ALL
        .iter()
        .flat_map(|before| ALL.map(|after| (*before, after)))
    {
        for frames in 0..140 {
            let set = |synth: &mut Synth, kind| {
                synth
                    .virtual_synth_mut(SYNTH)
                    .unwrap()
                    .set_interpolation(kind)
            };
            set(&mut synth, before);
            send(&mut synth, &[0x90, 60, 127]);
            // The first turn begins with silence before the wave.
            render(&mut synth, 64 + frames);
            set(&mut synth, after);
            for x in left(&render(&mut synth, 24)) {
                near(x, 1.0, 1e-3);
            }
            send(&mut synth, &[0xB0, 120, 0]);
            render(&mut synth, 400);
        }
    }
}
