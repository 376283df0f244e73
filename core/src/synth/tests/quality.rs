// SPDX-License-Identifier: MIT OR Apache-2.0
//! §5.2 and §3.8: signal-to-noise ratio and passband of the interpolators, noise of the filter.

use super::super::filter::FilterTable;
use super::super::simd::tests::fetch;
use super::super::simd::{Block, EIGHT, Place, Reader, SCALE, Vectors, filter};
use super::super::sinc::cutoff_for;
use super::*;

/// Plays frames at a ratio; the output in units of a frame.
fn resample(kind: Interpolation, cutoff: u8, frames: &[i16], ratio: f64) -> Vec<f64> {
    let step = (ratio * 4_294_967_296.0) as u64;
    let mut position = 8 << 32;
    let mut out = Vec::new();
    let mut block = Block::ZERO;
    loop {
        let reader = Reader {
            frames,
            position,
            step,
        };
        if !fetch(kind, cutoff, reader, &mut block, 0, 16) {
            return out;
        }
        out.extend(
            block
                .first(16)
                .iter()
                .map(|x| f64::from(*x) / f64::from(SCALE)),
        );
        position += 16 * step;
    }
}

/// A sine of `frequency` cycles per frame, played at `ratio`: signal-to-noise ratio of the output against the fitted sine, and its
/// gain, both in dB. Outputs of many roundings to 16 bits are averaged, which leaves a noise of about -113 dB.
fn quality(kind: Interpolation, cutoff: u8, frequency: f64, ratio: f64) -> (f64, f64) {
    const PASSES: usize = 64;
    let w = core::f64::consts::TAU * frequency;
    let mut random = Random(7);
    let mut sum: Vec<f64> = Vec::new();
    for _ in 0..PASSES {
        // Noise of a triangular density makes the rounding errors independent: they average out.
        let frames: Vec<i16> = (0..6000)
            .map(|i| {
                let noise = (random.below(1 << 20) as f64 - random.below(1 << 20) as f64)
                    / f64::from(1 << 20);
                (32_000.0 * (w * f64::from(i)).sin() + noise).round() as i16
            })
            .collect();
        let out = resample(kind, cutoff, &frames, ratio);
        sum.resize(out.len(), 0.0);
        for (sum, x) in sum.iter_mut().zip(out) {
            *sum += x / PASSES as f64;
        }
    }
    let (mut ss, mut sc, mut cc, mut xs, mut xc, mut xx) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
    let step = (ratio * 4_294_967_296.0).floor() / 4_294_967_296.0;
    for (i, x) in sum.iter().enumerate() {
        let (s, c) = (w * step * i as f64).sin_cos();
        (ss, sc, cc) = (ss + s * s, sc + s * c, cc + c * c);
        (xs, xc, xx) = (xs + x * s, xc + x * c, xx + x * x);
    }
    let determinant = ss * cc - sc * sc;
    let (a, b) = (
        (xs * cc - xc * sc) / determinant,
        (xc * ss - xs * sc) / determinant,
    );
    let signal = a * xs + b * xc;
    let gain = 20.0 * (a.hypot(b) / 32_000.0).log10();
    (10.0 * (signal / (xx - signal)).log10(), gain)
}

#[test]
fn interpolators_reach_the_table() {
    const FREQUENCIES: [f64; 6] = [0.01, 0.0227, 0.0567, 0.1134, 0.2268, 0.35];
    for (kind, ratios, gains) in [
        (
            Interpolation::Linear,
            [76.0, 62.2, 45.9, 33.9, 20.4, 10.4],
            [0.0, -0.02, -0.1, -0.37, -1.5, -3.65],
        ),
        (
            Interpolation::Sinc8,
            [81.9, 75.3, 70.3, 66.3, 73.5, 23.2],
            [0.0, 0.0, 0.0, 0.0, -0.01, -0.58],
        ),
        (
            Interpolation::Sinc16,
            [103.0, 97.5, 96.9, 116.0, 98.0, 52.1],
            [0.0, 0.0, 0.0, 0.0, 0.0, -0.02],
        ),
    ] {
        for ((frequency, wanted), loss) in FREQUENCIES.into_iter().zip(ratios).zip(gains) {
            let (snr, gain) = quality(kind, 0, frequency, 1.3348);
            // Rows of two times 16 bits allow about 108 dB.
            let reachable = f64::min(wanted, 108.0);
            assert!(
                snr > reachable - 0.7 && (gain - loss).abs() < 0.015,
                "{kind:?} {frequency}: {snr} dB, gain {gain} dB"
            );
        }
    }
}

#[test]
fn kernels_cut_off_what_would_alias() {
    // An octave up, 0.4 cycles per frame lie above the output's Nyquist frequency: all that comes out is alias.
    let up = cutoff_for(2 << 32, u8::MAX);
    for (kind, least) in [(Interpolation::Sinc8, 10.0), (Interpolation::Sinc16, 40.0)] {
        let level = |cutoff: u8, frequency: f64| {
            let (snr, gain) = quality(kind, cutoff, frequency, 2.0);
            let total = 10.0f64.powf(-snr / 10.0) + 1.0;
            gain + 10.0 * total.log10()
        };
        let (open, cut) = (level(0, 0.4), level(up, 0.4));
        assert!(open - cut > least, "{kind:?}: {open} dB, {cut} dB");
        assert!(level(up, 0.1) > -0.6, "{kind:?}: {} dB", level(up, 0.1));
    }
}

#[test]
fn kernels_are_chosen_by_step() {
    let step = |semitones: f64| (libm::exp2(semitones / 12.0) * 4_294_967_296.0) as u64;
    for (semitones, cutoff) in [
        (-30.0, 0),
        (0.0, 0),
        (5.0, 0),
        (6.0, 1),
        (12.0, 2),
        (24.0, 4),
        (60.0, 6),
    ] {
        assert_eq!(cutoff_for(step(semitones), u8::MAX), cutoff, "{semitones}");
    }
    // A vibrato across the border stays with its kernel.
    assert_eq!(cutoff_for(step(5.7), 0), 0);
    assert_eq!(cutoff_for(step(5.3), 1), 1);
    assert_eq!(cutoff_for(step(4.5), 1), 0);
    assert_eq!(cutoff_for(u64::MAX, 0), 6);
    assert_eq!(cutoff_for(0, 6), 0);
}

/// Noise of the filter in dB of full scale: a sine of -6 dB through the filter, against the same in 64 bits.
fn filter_noise(rate: f64, cutoff: f64, resonance: f32, frequency: f64) -> f64 {
    const FRAMES: usize = 32_000;
    static TABLE: std::sync::OnceLock<FilterTable> = std::sync::OnceLock::new();
    let table = TABLE.get_or_init(|| FilterTable::new().unwrap());
    let c = table.at((cutoff / rate).log2() as f32, resonance);
    let w = core::f64::consts::TAU * frequency / rate;
    let wave: Vec<i16> = (0..FRAMES + 1)
        .map(|i| (16_384.0 * (w * i as f64).sin()).round() as i16)
        .collect();
    let mut places = [Place::EMPTY; EIGHT];
    for place in &mut places {
        place.filter.set([c.e, c.b2, c.k], [0.0; 3]);
    }
    let mut out = Vec::new();
    while out.len() < FRAMES {
        let reader = Reader {
            frames: &wave,
            position: (out.len() as u64) << 32,
            step: 1 << 32,
        };
        for place in &mut places {
            let block = &mut place.block;
            assert!(fetch(Interpolation::Linear, 0, reader, block, 0, 32));
        }
        let mut eights = [places];
        filter(Vectors::default(), &mut eights, false, false, 32);
        [places] = eights;
        out.extend_from_slice(places[0].block.first(32));
    }
    // What is left of d from frame to frame is a coefficient of its own, rounded like the others.
    let (e, b2, k) = (
        f64::from(c.e),
        f64::from(c.b2 - c.e) + f64::from(c.e),
        f64::from(c.k),
    );
    let (mut y, mut d, mut noise) = (0.0, 0.0, 0.0);
    for (out, x) in out.iter().zip(&wave) {
        d = b2 * d - e * y + k * f64::from(*x);
        y += d;
        noise += (f64::from(*out) / f64::from(SCALE) - y).powi(2);
    }
    10.0 * (noise / FRAMES as f64).log10() - 20.0 * 32768.0f64.log10()
}

#[test]
fn filter_noise_in_the_worst_corners() {
    for (rate, cutoff) in [
        (48_000.0, 200.0),
        (96_000.0, 400.0),
        (96_000.0, 200.0),
        (48_000.0, 1000.0),
        (48_000.0, 8000.0),
    ] {
        for resonance in [0.0, 12.0, 22.5] {
            for frequency in [50.0, 0.9 * cutoff, cutoff, 2.5 * cutoff] {
                let noise = filter_noise(rate, cutoff, resonance, frequency);
                assert!(
                    noise < -110.0,
                    "{rate} {cutoff} {resonance} dB {frequency}: {noise} dB"
                );
            }
        }
    }
}
