// SPDX-License-Identifier: MIT OR Apache-2.0
//! §4.6: the filter's prototype, its table, and what it does to a voice.

use super::super::filter::{Coefficients, FilterTable, Prototype};
use super::*;

/// Response in dB at a frequency (as a part of the rate).
fn response(c: Coefficients, f: f64) -> f64 {
    let w = core::f64::consts::TAU * f;
    let (e, b2, k) = (f64::from(c.e), f64::from(c.b2), f64::from(c.k));
    let b1 = e - 1.0 - b2;
    let re = 1.0 + b1 * w.cos() + b2 * (2.0 * w).cos();
    let im = -b1 * w.sin() - b2 * (2.0 * w).sin();
    20.0 * (k / (re * re + im * im).sqrt()).log10()
}

const VECTORS: [(f64, f64, f64, [f64; 3]); 15] = [
    (44100.0, 1000.0, 0.0, [-1.818964, 0.833991, 0.01502685]),
    (44100.0, 1000.0, 6.0, [-1.919899, 0.935703, 0.01118831]),
    (44100.0, 1000.0, 12.0, [-1.952040, 0.968101, 0.00804988]),
    (44100.0, 1000.0, 22.5, [-1.974198, 0.990440, 0.00444773]),
    (44100.0, 4000.0, 0.0, [-1.294978, 0.478731, 0.18375289]),
    (44100.0, 4000.0, 6.0, [-1.563378, 0.771358, 0.14723880]),
    (44100.0, 4000.0, 12.0, [-1.662216, 0.881572, 0.10993849]),
    (44100.0, 200.0, 0.0, [-1.963722, 0.964368, 0.00064633]),
    (48000.0, 1000.0, 0.0, [-1.833620, 0.846399, 0.01277807]),
    (48000.0, 1000.0, 6.0, [-1.927363, 0.940754, 0.00947995]),
    (48000.0, 1000.0, 12.0, [-1.957054, 0.970646, 0.00681223]),
    (48000.0, 4000.0, 0.0, [-1.349683, 0.509254, 0.15957030]),
    (22050.0, 1000.0, 0.0, [-1.640065, 0.694962, 0.05489699]),
    (22050.0, 1000.0, 6.0, [-1.816210, 0.876116, 0.04241082]),
    (22050.0, 1000.0, 12.0, [-1.875810, 0.937574, 0.03095509]),
];

#[test]
fn prototype() {
    for (rate, cutoff, resonance, expected) in VECTORS {
        let (b1, b2, k) = Prototype::solve(cutoff / rate, resonance, 0.0).direct(resonance);
        for (actual, expected) in [b1, b2].into_iter().zip(expected) {
            assert!(
                (actual - expected).abs() < 1.5e-6,
                "{rate} {cutoff} {resonance}: {actual} {expected}"
            );
        }
        assert!((k / expected[2] - 1.0).abs() < 1e-4, "{k} {}", expected[2]);
    }
    for (cutoff, resonance, theta, r) in [
        (1000.0, 0.0, 0.090642, 0.913231),
        (1000.0, 6.0, 0.123503, 0.967317),
        (1000.0, 12.0, 0.126818, 0.983921),
        (1000.0, 22.5, 0.127747, 0.995208),
        (4000.0, 0.0, 0.360253, 0.691904),
        (4000.0, 6.0, 0.473380, 0.878270),
    ] {
        let poles = Prototype::solve(cutoff / 44100.0, resonance, 0.0);
        assert!(
            (poles.theta - theta).abs() < 1e-6 && (poles.r - r).abs() < 1e-6,
            "{poles:?}"
        );
    }
}

/// The last column of §4.6: levels, and where the peak is.
#[test]
fn prototype_levels_and_peaks() {
    let rate = 44_100.0;
    let at = |cutoff: f64, resonance: f64| {
        let (b1, b2, k) = Prototype::solve(cutoff / rate, resonance, 0.0).direct(resonance);
        move |hertz: f64| {
            let w = core::f64::consts::TAU * hertz / rate;
            let re = 1.0 + b1 * w.cos() + b2 * (2.0 * w).cos();
            let im = -b1 * w.sin() - b2 * (2.0 * w).sin();
            20.0 * (k / re.hypot(im)).log10()
        }
    };
    let close = |a: f64, b: f64, tolerance: f64| assert!((a - b).abs() < tolerance, "{a} {b}");
    let open = at(1000.0, 0.0);
    close(open(0.0), 0.0, 1e-3);
    close(open(1000.0), -4.008, 2e-3);
    close(open(4000.0), -25.68, 1e-2);
    for (cutoff, resonance, peak) in [
        (1000.0, 6.0, 835.0),
        (1000.0, 12.0, 883.0),
        (1000.0, 22.5, 896.0),
        (4000.0, 6.0, 3205.0),
    ] {
        let level = at(cutoff, resonance);
        close(level(0.0), -0.5 * resonance, 1e-3);
        close(level(peak), 0.5 * resonance, 2e-3);
        let highest = (1..8000)
            .map(f64::from)
            .map(&level)
            .fold(f64::MIN, f64::max);
        close(highest, 0.5 * resonance, 2e-3);
        assert!(level(peak) > highest - 1e-4, "the peak is not at {peak} Hz");
    }
}

#[test]
fn table_follows_the_prototype() {
    let table = FilterTable::new().unwrap();
    for (rate, cutoff, resonance, expected) in VECTORS {
        let c = table.at((cutoff / rate).log2() as f32, resonance as f32);
        let exact = Coefficients {
            e: (1.0 + expected[0] + expected[1]) as f32,
            b2: expected[1] as f32,
            k: expected[2] as f32,
        };
        for f in [0.0, 0.25, 0.5, 0.8, 1.0, 1.5, 4.0] {
            let f = f * cutoff / rate;
            let difference = response(c, f) - response(exact, f);
            assert!(
                difference.abs() < 0.1,
                "{rate} {cutoff} {resonance} {f}: {difference}"
            );
        }
    }
    // Response at the cutoff and two octaves above.
    let c = table.at((1000.0f32 / 44100.0).log2(), 0.0);
    near(response(c, 1000.0 / 44100.0) as f32, -4.008, 0.05);
    near(response(c, 4000.0 / 44100.0) as f32, -25.68, 0.05);
}

#[test]
fn peak_over_dc_is_the_resonance_and_all_is_stable() {
    let table = FilterTable::new().unwrap();
    for step in 0..110 {
        let log2_cutoff = -11.5 + step as f32 * 0.1;
        for resonance in [0.0f32, 0.7, 3.0, 8.2, 15.0, 22.5, 30.0] {
            let c = table.at(log2_cutoff, resonance);
            // |b1| < 1 + b2 < 2
            let (e, b2) = (f64::from(c.e), f64::from(c.b2));
            assert!(
                b2 < 1.0 && e > 0.0 && 2.0 + 2.0 * b2 - e > 0.0,
                "{log2_cutoff} {resonance} {c:?}"
            );
            if (-7.9..-1.1).contains(&log2_cutoff) && resonance >= 3.0 {
                let cutoff = f64::from(log2_cutoff).exp2();
                let peak = (1..2000)
                    .map(|i| response(c, (cutoff * i as f64 / 1000.0).min(0.5)))
                    .fold(-200.0, f64::max);
                near((peak - response(c, 0.0)) as f32, resonance.min(22.5), 0.35);
                near(response(c, 0.0) as f32, -resonance.min(22.5) / 2.0, 0.35);
            }
        }
    }
    assert_eq!(table.at(14.0, 22.5), Coefficients::FLAT);
    assert_eq!(
        table.at(f32::NAN, f32::NAN).k.is_nan(),
        table.at(f32::NAN, f32::NAN).k.is_nan()
    );
}

/// Above an eighth of the rate: the analogue two-pole at the frequency that the specification's definition gives to low cutoffs, with
/// the frequency axis bent by the sine of half the angle. Closed form; at the cutoff that is the analogue response itself.
#[test]
fn high_cutoffs_turn_where_low_ones_do() {
    let table = FilterTable::new().unwrap();
    for cutoff in [0.25, 0.3, 0.35, 0.42, 0.48] {
        for resonance in [0.0f64, 3.0, 10.0, 22.5] {
            let c = table.at((cutoff as f32).log2(), resonance as f32);
            let peak = 10f64.powf(resonance / 10.0);
            let q2 = 0.5 * (peak + (peak * (peak - 1.0)).sqrt());
            let half = |f: f64| (core::f64::consts::PI * f).sin();
            // √8 / π
            let turn = half(8f64.sqrt() / core::f64::consts::PI * cutoff);
            for f in [0.01, 0.1, 0.2, 0.3, 0.4, 0.49, cutoff] {
                let x = (half(f) / turn).powi(2);
                let level = -10.0 * (1.0 + (1.0 / q2 - 2.0) * x + x * x).log10();
                let expected = level - resonance / 2.0;
                near(response(c, f) as f32, expected as f32, 0.12);
            }
            if resonance == 0.0 {
                assert!(response(c, cutoff) < -3.0);
            }
        }
    }
    // Without a seam: a cutoff that rises opens the filter at every frequency.
    for f in [0.05, 0.2, 0.4, 0.49] {
        let levels: std::vec::Vec<f64> = (0..320)
            .map(|i| response(table.at(-5.0 + i as f32 / 64.0, 0.0), f))
            .collect();
        assert!(levels.windows(2).all(|w| w[1] > w[0] - 1e-3), "{f}");
        assert!(levels.windows(2).all(|w| w[1] - w[0] < 0.25), "{f}");
    }
}

/// A sine of `hertz` through a voice with this filter; RMS against the same without.
fn through(hertz: f64, cutoff: f64, resonance: f64) -> f64 {
    let period = 4800;
    let cycles = (hertz * period as f64 / f64::from(RATE)).round();
    let frames: Vec<i16> = (0..period)
        .map(|i| {
            (3000.0 * (core::f64::consts::TAU * cycles * f64::from(i) / f64::from(period)).sin())
                .round() as i16
        })
        .collect();
    let level = |changes: &[Connection]| {
        let mut synth = synth(std::vec![region(
            &wave(RATE, &frames),
            looped(0, period as u32),
            &articulation(changes)
        )]);
        send(&mut synth, &[0x90, 60, 127]);
        let out = render(&mut synth, 14_400);
        (out[4800..]
            .iter()
            .map(|f| f64::from(f[0]).powi(2))
            .sum::<f64>()
            / 9600.0)
            .sqrt()
    };
    let absolute = cents(6900.0 + 1200.0 * (cutoff / 440.0).log2());
    let filtered = level(&[
        set(Destination::FilterCutoff, absolute),
        set(Destination::FilterQ, decibel(resonance)),
    ]);
    20.0 * (filtered / level(&[])).log10()
}

/// Above a sixth of the rate, up to half of it: a filter is one of two poles still. Without resonance it has lost 3 to 4 dB at its cutoff.
#[test]
fn cutoffs_near_half_of_the_rate() {
    let table = FilterTable::new().unwrap();
    for cutoff in [
        6000.0, 8000.0, 10_000.0, 12_000.0, 14_000.0, 17_000.0, 20_000.0, 22_500.0,
    ] {
        let fc: f64 = cutoff / 48_000.0;
        let open = table.at(fc.log2() as f32, 0.0);
        let at = response(open, fc);
        assert!((-4.2..-2.95).contains(&at), "{at} dB at {cutoff} Hz");
        // It falls all the way.
        let levels: Vec<f64> = (0..=100)
            .map(|i| response(open, f64::from(i) / 200.0))
            .collect();
        assert!(levels.windows(2).all(|w| w[1] <= w[0] + 1e-9));
        for resonance in [10.0f64, 22.5] {
            let c = table.at(fc.log2() as f32, resonance as f32);
            let dc = response(c, 0.0);
            let (peak, place) = (1..500)
                .map(|i| (response(c, f64::from(i) / 1000.0), f64::from(i) / 1000.0))
                .fold((f64::MIN, 0.0), |a, b| if b.0 > a.0 { b } else { a });
            near((peak - dc) as f32, resonance as f32, 0.35);
            assert!((0.55..1.0).contains(&(place / fc)), "{place} for {fc}");
            assert!(response(c, fc) > dc && response(c, fc) < peak);
        }
    }
    // -10 log10(1 + x²) with x = (sin(πf) / sin(π · 0.9003 fc))², as in the next test.
    near(through(20_000.0, 20_000.0, 0.0) as f32, -3.41, 0.2);
    near(through(16_000.0, 12_000.0, 0.0) as f32, -6.18, 0.3);
}

/// A level that moves leaves the filter alone: a decaying sine through it stays a sine. What a filter that begins anew at each tick adds lies 30 dB
/// below the tone and is all over the spectrum.
#[test]
fn a_filter_goes_on_while_the_level_moves() {
    let period = 480;
    let frames: Vec<i16> = (0..period)
        .map(|i| {
            let turn = core::f64::consts::TAU * f64::from(i) / f64::from(period);
            (16_000.0 * turn.sin()).round() as i16
        })
        .collect();
    let cutoff = cents(6900.0 + 1200.0 * (1500.0f64 / 440.0).log2());
    let mut synth = synth(std::vec![region(
        &wave(RATE, &frames),
        looped(0, period as u32),
        &articulation(&[
            set(Destination::FilterCutoff, cutoff),
            set(Destination::Eg1Decay, seconds(20.0)),
            set(Destination::Eg1Sustain, 0),
        ]),
    )]);
    send(&mut synth, &[0x90, 60, 127]);
    let out = left(&render(&mut synth, 24_000));
    let largest = |samples: &[f32]| samples.iter().fold(0.0f32, |a, x| a.max(x.abs()));
    // The third difference of a sine of w = 2π / 480 is w³ times the sine.
    let bends: Vec<f32> = out[2000..]
        .windows(4)
        .map(|w| w[3] - 3.0 * w[2] + 3.0 * w[1] - w[0])
        .collect();
    let level = largest(&out[2000..]);
    assert!(level > 0.1);
    assert!(
        largest(&bends) < 2e-3 * level,
        "{} of {level}",
        largest(&bends)
    );
}

#[test]
fn a_voice_is_filtered() {
    near(through(100.0, 1000.0, 12.0) as f32, -6.0, 0.3);
    near(through(1000.0, 1000.0, 0.0) as f32, -4.0, 0.2);
    near(through(880.0, 1000.0, 12.0) as f32, 6.0, 0.5);
    assert!(through(8000.0, 1000.0, 0.0) < -35.0);
    // Half of the resonance is taken off below the peak, wherever that is.
    near(through(500.0, 30_000.0, 20.0) as f32, -10.0, 0.1);
    near(through(500.0, 30_000.0, 0.0) as f32, 0.0, 0.01);
}

#[test]
fn no_denormals_in_a_decaying_filter() {
    let changes = [
        set(Destination::FilterCutoff, cents(6000.0)),
        set(Destination::FilterQ, decibel(20.0)),
    ];
    let mut frames = std::vec![0i16; 48_000];
    frames[0] = 32767;
    let mut synth = synth(std::vec![region(
        &wave(RATE, &frames),
        looped(100, 1000),
        &articulation(&changes)
    )]);
    send(&mut synth, &[0x90, 60, 127]);
    let out = render(&mut synth, 200_000);
    assert!(out.iter().flatten().all(|x| *x == 0.0 || x.is_normal()));
    assert!(out[150_000..].iter().all(|f| f[0].abs() < 1e-9));
}

/// Beyond its ends the table stays what it is there; from eight octaves above the rate on there is no filter.
#[test]
fn the_table_ends_at_its_ends() {
    use super::super::filter::{OPEN, place};
    let table = FilterTable::new().unwrap();
    for resonance in [0.0, 7.3, 22.5] {
        for beyond in [0.01, 1.0, 7.9] {
            assert_eq!(
                table.at(OPEN + beyond, resonance),
                table.at(OPEN, resonance)
            );
            assert_eq!(
                table.at(-11.0 - beyond, resonance),
                table.at(-11.0, resonance)
            );
        }
        assert_eq!(table.at(8.0, resonance), Coefficients::FLAT);
    }
    for log2_cutoff in [-11.0, -4.4, 0.0] {
        assert_eq!(table.at(log2_cutoff, 99.0), table.at(log2_cutoff, 22.5));
        assert_eq!(table.at(log2_cutoff, -3.0), table.at(log2_cutoff, 0.0));
    }
    // Cents from 440 Hz, where that is the rate.
    for (octaves, expected) in [
        (7.0, OPEN),
        (8.0, 8.0),
        (9.0, 8.0),
        (0.0, OPEN),
        (-1.0, -1.0),
        (-12.0, -11.0),
    ] {
        assert_eq!(place(6900.0 + 1200.0 * octaves, 0.0), expected);
    }
}

/// All factors of a ramp together are the change of √e: within a part in a thousand.
#[test]
fn a_ramp_is_rescaled_by_the_change_of_the_root() {
    use super::super::filter::rescaling;
    for frames in [1, 2, 7, 8, 16, 64, 1024] {
        for change in [0.3f32, 0.4, 0.7, 0.99, 1.0, 1.01, 1.5, 2.9, 4.0, 100.0] {
            let each = rescaling(0.02, 0.02 * change, frames);
            let all = f64::from(each).powi(frames as i32);
            let expected = f64::from(change).sqrt();
            assert!(
                (all / expected - 1.0).abs() < 2e-3,
                "{change} in {frames}: {all}"
            );
        }
    }
}

/// A filter that moves by next to nothing does what it does when it stands still.
#[test]
fn a_moving_filter_filters() {
    let played = |depth: f64| {
        let frames: Vec<i16> = (0..64)
            .map(|i| if i % 2 == 0 { 20_000 } else { -15_000 })
            .collect();
        let cutoff = cents(6900.0 + 1200.0 * (900.0f64 / 440.0).log2());
        let changes = [
            set(Destination::FilterCutoff, cutoff),
            set(Destination::LfoFrequency, cents(0.0)),
            connect(
                (Source::Lfo, BIPOLAR),
                Source::None,
                Destination::FilterCutoff,
                cents(depth),
            ),
        ];
        let info = looped(0, 64);
        let mut synth = synth(std::vec![region(
            &wave(RATE, &frames),
            info,
            &articulation(&changes)
        )]);
        send(&mut synth, &[0x90, 60, 127]);
        left(&render(&mut synth, 9600))
    };
    let still = played(0.0);
    // The alternation is taken away, the mean is left.
    let mean = 2500.0 / 32_768.0;
    assert!(still[4800..].iter().all(|x| (x - mean).abs() < 0.03 * mean));
    for (moving, still) in played(0.01).iter().zip(&still) {
        near(*moving, *still, 1e-4);
    }
}
