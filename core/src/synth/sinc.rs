// SPDX-License-Identifier: MIT OR Apache-2.0
//! Windowed-sinc kernels as tables of 16-bit weights (`docs/reference/dls-synth.md` §5.2).
//!
//! A kernel has [`ROWS`] rows over the fraction of a position; between two rows weights are blended. Below its cutoff it is flat: for
//! voices that play faster than recorded there are kernels with lower cutoffs, half an octave apart. At a cutoff of 1 zeros lie on
//! the whole frames, so that a whole position gives the frame itself.

use crate::mem::{NoMemory, TryBox};

/// Rows of a kernel.
pub const ROWS: usize = 256;
/// Bits that `change` (and `rest`) have behind those of `weights`.
pub const EXTRA8: u32 = 6;
pub const EXTRA16: u32 = 5;

/// Eight numbers as a register takes them.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(16))]
pub struct Shorts(pub [i16; 8]);

/// Negated weights at a fraction, 1 being 2^15, and what they change by up to the next row, 1 being 2^(15 + EXTRA).
#[derive(Clone, Copy, Debug)]
#[repr(C, align(32))]
pub struct Row8 {
    pub weights: Shorts,
    pub change: Shorts,
}

impl Row8 {
    const NONE: Self = Self {
        weights: Shorts([0; 8]),
        change: Shorts([0; 8]),
    };
}

/// As [`Row8`], with the part of the weights that does not fit 16 bits in `rest`.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(32))]
pub struct Row16 {
    pub weights: [Shorts; 2],
    pub change: [Shorts; 2],
    pub rest: [Shorts; 2],
}

impl Row16 {
    const NONE: Self = Self {
        weights: [Shorts([0; 8]); 2],
        change: [Shorts([0; 8]); 2],
        rest: [Shorts([0; 8]); 2],
    };
}

/// One kernel.
pub type Rows<R> = [R; ROWS];

/// The kernels of both sizes; number i has a cutoff of 2^(-i/2).
pub struct Kernels {
    eight: TryBox<[Row8; CUTOFFS8 * ROWS]>,
    sixteen: TryBox<[Row16; CUTOFFS16 * ROWS]>,
}

/// Shortest kernels: eight taps cannot cut lower than a quarter, sixteen than an eighth.
pub const CUTOFFS8: usize = 5;
pub const CUTOFFS16: usize = 7;
/// Kaiser β: eight taps in the middle of the road between stop band and transition, sixteen for a stop band of 90 dB.
const BETA8: f64 = 6.5;
const BETA16: f64 = 9.0;

/// Steps (32.32) up to which a cutoff serves: 5.5, 11.5, 17.5… semitones above unity. What lies below the output's Nyquist frequency
/// is kept, at the price of aliases near it.
const UPPER: [u64; CUTOFFS16 - 1] = [
    5_901_085_982,
    8_345_395_829,
    11_802_171_964,
    16_690_791_657,
    23_604_343_928,
    33_381_583_314,
];

/// Steps at which a kernel is left: where it has half a semitone too little, and too much.
const LEFT: [(u64, u64); CUTOFFS16] = {
    let mut left = [(0, u64::MAX); CUTOFFS16];
    let mut i = 0;
    while i < UPPER.len() {
        // The first step that is too large with a 35th of it less, and the first that is with a 35th more.
        let (mut most, mut least) = (UPPER[i] / 34 * 35, UPPER[i] / 36 * 35);
        while most - most / 35 <= UPPER[i] {
            most += 1;
        }
        while least + least / 35 <= UPPER[i] {
            least += 1;
        }
        left[i].1 = most;
        left[i + 1].0 = least;
        i += 1;
    }
    left
};

/// The kernel for a step; `now` is the one in use (`u8::MAX`: none), which is left half a semitone late, so that a vibrato does not toggle it.
pub fn cutoff_for(step: u64, now: u8) -> u8 {
    match LEFT.get(usize::from(now)) {
        Some((least, most)) if *least <= step && step < *most => now,
        _ => UPPER.iter().take_while(|upper| step > **upper).count() as u8,
    }
}

impl Kernels {
    /// Fills the tables (libm, some milliseconds). PASSIVE_LEVEL: it allocates.
    pub fn new() -> Result<Self, NoMemory> {
        // Row by row: a whole kernel is too large for a kernel stack.
        let mut eight = TryBox::try_filled(Row8::NONE)?;
        for (i, row) in eight.iter_mut().enumerate() {
            *row = row8(i % ROWS, lowered(i / ROWS));
        }
        let mut sixteen = TryBox::try_filled(Row16::NONE)?;
        for (i, row) in sixteen.iter_mut().enumerate() {
            *row = row16(i % ROWS, lowered(i / ROWS));
        }
        Ok(Self { eight, sixteen })
    }

    /// The kernel of eight taps for a cutoff's number.
    #[inline]
    pub fn eight(&self, cutoff: u8) -> Option<&Rows<Row8>> {
        let (kernels, _) = self.eight.as_chunks();
        kernels.get(usize::from(cutoff).min(CUTOFFS8 - 1))
    }

    #[inline]
    pub fn sixteen(&self, cutoff: u8) -> Option<&Rows<Row16>> {
        let (kernels, _) = self.sixteen.as_chunks();
        kernels.get(usize::from(cutoff).min(CUTOFFS16 - 1))
    }
}

fn lowered(i: usize) -> f64 {
    libm::exp2(-0.5 * i as f64)
}

fn row8(row: usize, cutoff: f64) -> Row8 {
    let now = kernel::<8>(row, cutoff, BETA8);
    let next = kernel::<8>(row + 1, cutoff, BETA8);
    let mut change = [0; 8];
    for ((to, a), b) in change.iter_mut().zip(now).zip(next) {
        *to = fixed(a - b, EXTRA8);
    }
    Row8 {
        weights: Shorts(coarse(&now)),
        change: Shorts(change),
    }
}

fn row16(row: usize, cutoff: f64) -> Row16 {
    let now = kernel::<16>(row, cutoff, BETA16);
    let next = kernel::<16>(row + 1, cutoff, BETA16);
    let coarse = coarse(&now);
    let (mut change, mut rest) = ([0; 16], [0; 16]);
    for ((to, a), b) in change.iter_mut().zip(now).zip(next) {
        *to = fixed(a - b, EXTRA16);
    }
    for ((to, w), c) in rest.iter_mut().zip(now).zip(coarse) {
        *to = fixed(-w - f64::from(c) / 32768.0, EXTRA16);
    }
    Row16 {
        weights: halves(coarse),
        change: halves(change),
        rest: halves(rest),
    }
}

fn halves(x: [i16; 16]) -> [Shorts; 2] {
    let mut out = [[0; 8]; 2];
    for (out, x) in out.as_flattened_mut().iter_mut().zip(x) {
        *out = x;
    }
    out.map(Shorts)
}

fn fixed(x: f64, extra: u32) -> i16 {
    libm::round(x * f64::from(32768u32 << extra)) as i16
}

/// Weights negated and rounded such that their sum is exactly -1: a constant stays what it is.
fn coarse<const N: usize>(weights: &[f64; N]) -> [i16; N] {
    let mut out = weights.map(|w| libm::floor(-w * 32768.0) as i32);
    let mut missing = -32768 - out.iter().sum::<i32>();
    while missing > 0 {
        // The one that lies furthest below its weight.
        let below = |(w, x): (&f64, &i32)| -w * 32768.0 - f64::from(*x);
        let mut best = (0, -1.0);
        for (k, pair) in weights.iter().zip(&out).enumerate() {
            let gap = below(pair);
            if gap > best.1 {
                best = (k, gap);
            }
        }
        if let Some(x) = out.get_mut(best.0) {
            *x += 1;
        }
        missing -= 1;
    }
    out.map(|x| x as i16)
}

/// Weights of the taps from `1 - N/2` to `N/2` for the fraction `row / ROWS`; their sum is 1.
fn kernel<const N: usize>(row: usize, cutoff: f64, beta: f64) -> [f64; N] {
    let fraction = row as f64 / ROWS as f64;
    let half = N as f64 / 2.0;
    let mut weights = [0.0; N];
    for (k, weight) in weights.iter_mut().enumerate() {
        let x = k as f64 - (half - 1.0) - fraction;
        let t = x / half;
        let window = bessel(beta * libm::sqrt((1.0 - t * t).max(0.0))) / bessel(beta);
        *weight = sinc(x * cutoff) * window;
    }
    let sum: f64 = weights.iter().sum();
    weights.map(|w| w / sum)
}

fn sinc(x: f64) -> f64 {
    if x == libm::rint(x) {
        return if x == 0.0 { 1.0 } else { 0.0 };
    }
    let y = core::f64::consts::PI * x;
    libm::sin(y) / y
}

/// Modified Bessel function of the first kind, order 0.
fn bessel(x: f64) -> f64 {
    let q = x * x / 4.0;
    let (mut sum, mut term, mut n) = (1.0, 1.0, 1.0);
    while term > sum * 1e-17 {
        term *= q / (n * n);
        sum += term;
        n += 1.0;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn sum(weights: &[Shorts], rest: &[Shorts], extra: u32, factor: impl Fn(f64) -> f64) -> f64 {
        let taps = weights.as_flattened_shorts();
        let rest = rest.as_flattened_shorts();
        let half = taps.len() as f64 / 2.0;
        let mut sum = 0.0;
        for (k, weight) in taps.iter().enumerate() {
            let fine = rest
                .get(k)
                .map_or(0.0, |x| f64::from(*x) / f64::from(1u32 << extra));
            sum -= (f64::from(*weight) + fine) / 32_768.0 * factor(k as f64 - (half - 1.0));
        }
        sum
    }

    /// Of a tap, by its place.
    type Factor<'a> = &'a dyn Fn(f64) -> f64;

    trait Flat {
        fn as_flattened_shorts(&self) -> Vec<i16>;
    }

    impl Flat for [Shorts] {
        fn as_flattened_shorts(&self) -> Vec<i16> {
            self.iter().flat_map(|shorts| shorts.0).collect()
        }
    }

    /// Of every kernel each row puts a slow wave where the row's fraction is: a constant stays, a cosine there is 1, a sine 0.
    #[test]
    fn rows_lie_at_their_fractions() {
        let kernels = Kernels::new().unwrap();
        for cutoff in 0..CUTOFFS16 as u8 {
            // Far below the cutoff. Eight taps are not so sharp.
            let slow = 0.1 * lowered(cutoff.into());
            let eight = kernels.eight(cutoff).unwrap();
            let sixteen = kernels.sixteen(cutoff).unwrap();
            for row in 0..ROWS {
                let at = row as f64 / ROWS as f64;
                let wave = |x: f64| core::f64::consts::TAU * slow * (x - at);
                let all: [&dyn Fn(Factor) -> f64; 2] = [
                    &|factor| sum(&[eight[row].weights], &[], EXTRA8, factor),
                    &|factor| sum(&sixteen[row].weights, &sixteen[row].rest, EXTRA16, factor),
                ];
                for (taps, of) in [8, 16].into_iter().zip(all) {
                    let constant = of(&|_| 1.0);
                    assert!(
                        (constant - 1.0).abs() < 1e-4,
                        "{taps} taps, {cutoff}, {row}: {constant}"
                    );
                    let (cosine, sine) = (of(&|x| wave(x).cos()), of(&|x| wave(x).sin()));
                    assert!(sine.abs() < 0.01, "{taps} taps, {cutoff}, {row}: {sine}");
                    // So short a kernel is flat only far below its own length.
                    let is_flat = usize::from(cutoff) <= taps / 8;
                    let off = if is_flat { 0.02 } else { 0.2 };
                    assert!(
                        (cosine - 1.0).abs() < off,
                        "{taps} taps, {cutoff}, {row}: {cosine}"
                    );
                }
                // Rounding takes less than one from each weight.
                let rest = sixteen[row].rest[..].as_flattened_shorts();
                assert!(
                    rest.iter().all(|x| x.unsigned_abs() <= 1 << EXTRA16),
                    "{rest:?}"
                );
            }
        }
    }

    /// What a row changes by leads to the next.
    #[test]
    fn rows_lead_to_each_other() {
        let kernels = Kernels::new().unwrap();
        for cutoff in 0..CUTOFFS16 as u8 {
            let eight = kernels.eight(cutoff).unwrap();
            for pair in eight.windows(2) {
                for k in 0..8 {
                    let change = f64::from(pair[0].change.0[k]) / f64::from(1u32 << EXTRA8);
                    let there = f64::from(pair[0].weights.0[k]) + change;
                    assert!((there - f64::from(pair[1].weights.0[k])).abs() < 2.0);
                }
            }
            let sixteen = kernels.sixteen(cutoff).unwrap();
            for pair in sixteen.windows(2) {
                let extra = f64::from(1u32 << EXTRA16);
                let [now, next] = [&pair[0], &pair[1]].map(|row| {
                    let (weights, rest) = (
                        row.weights[..].as_flattened_shorts(),
                        row.rest[..].as_flattened_shorts(),
                    );
                    let all = weights.into_iter().zip(rest);
                    all.map(|(w, r)| f64::from(w) + f64::from(r) / extra)
                        .collect::<Vec<_>>()
                });
                let change = pair[0].change[..].as_flattened_shorts();
                for k in 0..16 {
                    let there = now[k] + f64::from(change[k]) / extra;
                    assert!((there - next[k]).abs() < 0.1, "{there} {}", next[k]);
                }
            }
        }
    }

    /// A kernel serves up to its step and no further; a number beyond the last one is the last.
    #[test]
    fn steps_have_their_kernels() {
        for (number, step) in UPPER.into_iter().enumerate() {
            assert_eq!(usize::from(cutoff_for(step, u8::MAX)), number);
            assert_eq!(usize::from(cutoff_for(step + 1, u8::MAX)), number + 1);
            // 5.5 semitones above the octave's half.
            let semitones = 12.0 * (step as f64 / 4_294_967_296.0).log2();
            assert!((semitones - 5.5 - 6.0 * number as f64).abs() < 1e-6);
        }
        let kernels = Kernels::new().unwrap();
        for beyond in [7, 8, 100, u8::MAX] {
            let is_last = |number| {
                core::ptr::eq(
                    kernels.sixteen(beyond).unwrap(),
                    kernels.sixteen(number).unwrap(),
                )
            };
            assert!(is_last(CUTOFFS16 as u8 - 1));
            let (a, b) = (
                kernels.eight(beyond).unwrap(),
                kernels.eight(CUTOFFS8 as u8 - 1).unwrap(),
            );
            assert!(core::ptr::eq(a, b));
        }
    }
}
