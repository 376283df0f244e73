// SPDX-License-Identifier: MIT OR Apache-2.0
//! The reverb against FluidSynth 2.3's, and the limiter against what a limiter may do to low tones.

use super::*;
use alloc::vec::Vec;
use core::f64::consts::TAU;

extern crate std;

const RATE: u32 = 48_000;

/// Left and right of the default reverb after an impulse.
fn impulse_response(rate: u32, seconds: f32) -> [Vec<f64>; 2] {
    let mut unit = Unit::new().unwrap();
    let settings = EffectSettings::default();
    let mut sides = [Vec::new(), Vec::new()];
    let mut position = 0;
    let mut x = 1.0;
    while position < (seconds * rate as f32) as u64 {
        let mut input = [0.0; EFFECT_TICK as usize];
        input[0] = x;
        x = 0.0;
        let out = unit.process(
            Vectors::best(),
            &settings,
            rate,
            position,
            EFFECT_TICK as usize,
            [Some(&input), None],
        );
        if let Some((left, right)) = out {
            for (side, block) in sides.iter_mut().zip([left, right]) {
                side.extend(block.iter().map(|&x| f64::from(x)));
            }
        }
        position += u64::from(EFFECT_TICK);
    }
    sides
}

/// Four times a band-pass of a third of an octave: what decays more slowly beside it stays out.
fn third(samples: &[f64], hertz: f64, rate: u32) -> Vec<f64> {
    let w = TAU * hertz / f64::from(rate);
    let alpha = w.sin() / (2.0 * 4.32);
    let (gain, a1, a2) = (
        alpha / (1.0 + alpha),
        -2.0 * w.cos() / (1.0 + alpha),
        (1.0 - alpha) / (1.0 + alpha),
    );
    let mut states = [[0.0; 4]; 4];
    let filter = |x: &f64| {
        states.iter_mut().fold(*x, |x, [x1, x2, y1, y2]| {
            let y = gain * (x - *x2) - a1 * *y1 - a2 * *y2;
            (*x2, *x1, *y2, *y1) = (*x1, x, *y1, y);
            y
        })
    };
    samples.iter().map(filter).collect()
}

/// From the slope of the backward integral over 20 dB, from a tenth of a second on (Schroeder).
fn reverb_time(response: &[f64], rate: u32) -> f64 {
    let mut sum = 0.0;
    let mut curve: Vec<f64> = response
        .iter()
        .rev()
        .map(|x| {
            sum += x * x;
            sum
        })
        .collect();
    curve.reverse();
    let start = rate as usize / 10;
    let end = curve.iter().position(|&x| x < curve[start] * 0.01);
    3.0 * (end.unwrap() - start) as f64 / f64::from(rate)
}

/// FluidSynth 2.3: 0.95 s at 500 Hz, 0.98 s at 4 kHz, 0.98 s at 8 kHz. Ours may lose a quarter at 8 kHz and 15 % at 4 kHz.
#[test]
fn the_default_reverb_is_bright() {
    for rate in [44_100, RATE, 96_000] {
        let [left, _] = impulse_response(rate, 3.5);
        let time = |hertz| reverb_time(&third(&left, hertz, rate), rate);
        let usual = time(500.0);
        let (four, eight) = (time(4000.0) / usual, time(8000.0) / usual);
        std::println!("{rate} Hz: {usual:.2} s, {four:.2}, {eight:.2}");
        assert!((0.85..1.1).contains(&four), "{rate}: {four} at 4 kHz");
        assert!((0.75..1.1).contains(&eight), "{rate}: {eight} at 8 kHz");
    }
}

/// FluidSynth's return at CC 91 = 127, where a SoundFont sends a fifth, has an energy 12.5 dB below that of the dry sound (mean of octaves
/// from 250 Hz to 4 kHz), whose sides are 3 dB below the sound sent. Ours may differ by 1 dB.
#[test]
fn the_default_reverb_is_as_loud_as_fluidsynths() {
    let [left, right] = impulse_response(RATE, 3.5);
    let mut impulse = std::vec![0.0; left.len()];
    impulse[0] = 1.0;
    let energy =
        |samples: &[f64], hertz| -> f64 { third(samples, hertz, RATE).iter().map(|x| x * x).sum() };
    let bands = [250.0, 500.0, 1000.0, 2000.0, 4000.0];
    let levels = bands.map(|hertz| {
        let wet = energy(&left, hertz) + energy(&right, hertz);
        let dry = 2.0 * 0.5 * energy(&impulse, hertz);
        10.0 * (wet * 0.2 * 0.2 / dry).log10()
    });
    let mean = levels.iter().sum::<f64>() / 5.0;
    std::println!("{mean:.1} dB: {levels:.1?}");
    assert!((mean + 12.5).abs() < 1.0, "{mean} dB: {levels:?}");
}

fn sine(hertz: f64, level: f64, frames: usize) -> Vec<[f32; 2]> {
    let turn = TAU * hertz / f64::from(RATE);
    (0..frames)
        .map(|i| [(level * (turn * i as f64).sin()) as f32; 2])
        .collect()
}

/// Amplitude of a frequency over whole periods.
fn amplitude(samples: &[f64], hertz: f64) -> f64 {
    let turn = TAU * hertz / f64::from(RATE);
    let (mut re, mut im) = (0.0, 0.0);
    for (i, x) in samples.iter().enumerate() {
        let (s, c) = (turn * i as f64).sin_cos();
        re += x * c;
        im += x * s;
    }
    2.0 * (re * re + im * im).sqrt() / samples.len() as f64
}

/// Third to tenth harmonics and all others below 1 % from the second half second on; nothing leaves full scale; the wave bends where it
/// is limited first, but makes no step.
#[test]
fn a_low_tone_too_loud_stays_a_tone() {
    for hertz in [30.0, 40.0, 50.0, 60.0, 80.0, 100.0] {
        for over in [3.0, 6.0, 9.0, 12.0] {
            let level = 10f64.powf(over / 20.0);
            let mut out = sine(hertz, level, 3 * RATE as usize / 2);
            Limiter::new(RATE).process(&mut out);
            assert!(out.iter().flatten().all(|x| x.abs() <= 1.0));
            let samples: Vec<f64> = out.iter().map(|frame| f64::from(frame[0])).collect();
            // No step larger than the steepest of the tone itself.
            let steepest = level * TAU * hertz / f64::from(RATE);
            let step = samples
                .windows(2)
                .map(|w| (w[1] - w[0]).abs())
                .fold(0.0, f64::max);
            assert!(step <= steepest * 1.001, "{hertz} Hz: a step of {step}");
            // One second holds whole periods of all.
            let steady = &samples[RATE as usize / 2..];
            let tone = amplitude(steady, hertz);
            let power: f64 = steady.iter().map(|x| x * x).sum::<f64>() / steady.len() as f64;
            let rest = (power - 0.5 * tone * tone).max(0.0).sqrt();
            let thd = rest / (tone / 2f64.sqrt());
            assert!(
                thd < 0.01,
                "{hertz} Hz, {over} dB over: {:.2} %",
                100.0 * thd
            );
            assert!(tone > 0.85, "{hertz} Hz, {over} dB over: level {tone}");
        }
    }
}

/// Loud, silence, a note: half a second after a peak 12 dB over, the note comes through without a change.
#[test]
fn the_limiter_lets_go_in_silence() {
    let mut limiter = Limiter::new(RATE);
    limiter.process(&mut sine(50.0, 4.0, RATE as usize / 10));
    let mut silence = std::vec![[0.0; 2]; RATE as usize / 2];
    limiter.process(&mut silence);
    assert!(silence.iter().flatten().all(|&x| x == 0.0));
    let note = sine(440.0, 0.5, 4800);
    let mut out = note.clone();
    limiter.process(&mut out);
    assert!(out == note);
}

/// A quiet tone after a peak comes back without steps: its gain never moves by more than the release's slope.
#[test]
fn a_quiet_tone_after_a_peak_comes_back_smoothly() {
    let mut limiter = Limiter::new(RATE);
    let mut out = std::vec![[4.0; 2]; 10];
    out.extend(std::vec![[0.5; 2]; RATE as usize]);
    limiter.process(&mut out);
    let tail: Vec<f32> = out[10..].iter().map(|frame| frame[0]).collect();
    let most = 1.05 * 0.5 / (0.08 * RATE as f32);
    for pair in tail.windows(2) {
        assert!(pair[1] >= pair[0] && pair[1] - pair[0] <= most, "{pair:?}");
    }
    assert_eq!(tail.last(), Some(&0.5));
}
