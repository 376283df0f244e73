// SPDX-License-Identifier: MIT OR Apache-2.0
//! Small tools of the offline synthesizer.

use libm::{cos, exp, floor, sin};
use std::f64::consts::TAU;
use std::iter;

/// A sine of `turns`, reduced first, so that large arguments stay exact.
pub fn sine(turns: f64) -> f64 {
    sin((turns - floor(turns)) * TAU)
}

/// Frequency of a MIDI key, A4 = 440 Hz.
pub fn key_hertz(key: f64) -> f64 {
    440.0 * libm::exp2((key - 69.0) / 12.0)
}

/// e^(−`rate` n) for n = 0, 1, …: computed at each 64th, multiplied on between.
pub fn decay(rate: f64) -> impl Iterator<Item = f64> {
    const STEPS: usize = 64;
    let step = exp(-rate);
    (0..).flat_map(move |block: usize| {
        let first = exp(-rate * (block * STEPS) as f64);
        iter::successors(Some(first), move |fade| Some(fade * step)).take(STEPS)
    })
}

pub fn from_db(db: f64) -> f64 {
    libm::pow(10.0, db / 20.0)
}

pub fn to_db(amplitude: f64) -> f64 {
    20.0 * libm::log10(amplitude.max(1e-9))
}

/// SplitMix64.
pub struct Random(u64);

impl Random {
    /// Seeded by a name, so that a sound does not change when another one is added.
    pub fn named(name: &str) -> Self {
        // FNV-1a
        Self(name.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        }))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// 0..1
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// −1..1
    pub fn signed(&mut self) -> f64 {
        self.unit() * 2.0 - 1.0
    }
}

/// A second-order filter section (RBJ cookbook).
#[derive(Clone, Copy)]
pub struct Biquad {
    b: [f64; 3],
    a: [f64; 2],
    z: [f64; 2],
}

impl Biquad {
    pub fn low_pass(rate: f64, hertz: f64, q: f64) -> Self {
        let (c, alpha) = Self::prototype(rate, hertz, q);
        Self::new([(1.0 - c) / 2.0, 1.0 - c, (1.0 - c) / 2.0], c, alpha)
    }

    pub fn high_pass(rate: f64, hertz: f64, q: f64) -> Self {
        let (c, alpha) = Self::prototype(rate, hertz, q);
        Self::new([(1.0 + c) / 2.0, -1.0 - c, (1.0 + c) / 2.0], c, alpha)
    }

    /// 0 dB at the centre.
    pub fn band_pass(rate: f64, hertz: f64, q: f64) -> Self {
        let (c, alpha) = Self::prototype(rate, hertz, q);
        Self::new([alpha, 0.0, -alpha], c, alpha)
    }

    fn prototype(rate: f64, hertz: f64, q: f64) -> (f64, f64) {
        let w = TAU * (hertz / rate).min(0.49);
        (cos(w), sin(w) / (2.0 * q))
    }

    fn new(b: [f64; 3], c: f64, alpha: f64) -> Self {
        let a0 = 1.0 + alpha;
        Self {
            b: b.map(|v| v / a0),
            a: [-2.0 * c / a0, (1.0 - alpha) / a0],
            z: [0.0; 2],
        }
    }

    pub fn run(&mut self, x: f64) -> f64 {
        let y = self.b[0] * x + self.z[0];
        self.z[0] = self.b[1] * x - self.a[0] * y + self.z[1];
        self.z[1] = self.b[2] * x - self.a[1] * y;
        y
    }
}

/// The real signal whose spectrum has amplitude `bins[k].0` and phase `bins[k].1` (turns) at `k` cycles per `length` frames.
/// `length` is a power of two; bins at or above `length / 2` are ignored.
pub fn from_spectrum(length: usize, bins: &[(f64, f64)]) -> Vec<f64> {
    let mut re = vec![0.0; length];
    let mut im = vec![0.0; length];
    for (k, &(amplitude, phase)) in bins.iter().enumerate().take(length / 2).skip(1) {
        re[k] = amplitude * sine(phase + 0.25);
        im[k] = amplitude * sine(phase);
    }
    transform(&mut re, &mut im);
    re
}

/// In-place inverse DFT without scaling, radix 2.
fn transform(re: &mut [f64], im: &mut [f64]) {
    let n = re.len();
    let bits = n.trailing_zeros();
    for i in 0..n {
        let j = i.reverse_bits() >> (usize::BITS - bits);
        if i < j {
            re.swap(i, j);
            im.swap(i, j);
        }
    }
    let mut half = 1;
    while half < n {
        let twiddles: Vec<(f64, f64)> = (0..half)
            .map(|k| k as f64 * TAU / (2 * half) as f64)
            .map(|w| (cos(w), sin(w)))
            .collect();
        for start in (0..n).step_by(2 * half) {
            for (k, &(c, s)) in twiddles.iter().enumerate() {
                let (a, b) = (start + k, start + k + half);
                let (x, y) = (re[b] * c - im[b] * s, re[b] * s + im[b] * c);
                (re[b], im[b]) = (re[a] - x, im[a] - y);
                (re[a], im[a]) = (re[a] + x, im[a] + y);
            }
        }
        half *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spectrum_of_one_bin_is_a_cosine() {
        let mut bins = vec![(0.0, 0.0); 8];
        bins[3] = (0.5, 0.0);
        for (i, value) in from_spectrum(64, &bins).into_iter().enumerate() {
            let expected = 0.5 * sine(3.0 * i as f64 / 64.0 + 0.25);
            assert!(
                (value - expected).abs() < 1e-12,
                "frame {i}: {value} != {expected}"
            );
        }
    }

    #[test]
    fn keys() {
        assert_eq!(key_hertz(69.0), 440.0);
        assert!((key_hertz(60.0) - 261.6256).abs() < 1e-4);
    }
}
