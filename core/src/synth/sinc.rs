// SPDX-License-Identifier: MIT OR Apache-2.0
//! Windowed-sinc kernels as tables of 16-bit weights (`docs/reference/dls-synth.md` §5.2).
//!
//! A kernel has [`ROWS`] rows over the fraction of a position. Within a row a weight is a line over the rest of the fraction, the one that lies
//! closest to the kernel: `weights + change · (LEVER + rest)`, both in 16 bits. That `change` is multiplied by more than [`LEVER`] lets it
//! make good what rounding takes from `weights`: a row is as precise as with three bits more.
//! Rows and their changes are rounded such that a constant stays what it is at every fraction.
//!
//! Below its cutoff a kernel is flat: for voices that play faster than recorded there are kernels with lower cutoffs, half an octave apart. At a
//! cutoff of 1 zeros lie on the whole frames, and a whole position gives the frame itself.

use crate::mem::{NoMemory, TryBox};

/// Rows of a kernel.
pub const ROWS: usize = 256;
/// A weight of 1: 2^15, less what weights may exceed it by.
pub const ONE: i32 = 32_736;
/// Bits that `change` has behind those of `weights`. The changes of a row add up to less than 2^16, so that no sum of products leaves 32 bits.
pub const EXTRA: u32 = 7;
/// What the rest of a fraction is added to before `change` is multiplied by it.
pub const LEVER: u32 = 4;

/// Eight numbers as a register takes them.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(16))]
pub struct Shorts(pub [i16; 8]);

/// Eight taps of a row.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(32))]
pub struct Eight {
    /// At a fraction that lies [`LEVER`] rows before the row's; 1 is [`ONE`].
    pub weights: Shorts,
    /// By how much they change per row; 1 is [`ONE`] · 2^[`EXTRA`].
    pub change: Shorts,
}

impl Eight {
    const ZERO: Self = Self {
        weights: Shorts([0; 8]),
        change: Shorts([0; 8]),
    };
}

/// A row of eight taps.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(32))]
pub struct Row8(pub [Eight; 1]);

/// A row of sixteen taps: a line of the cache.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct Row16(pub [Eight; 2]);

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
        let mut eight = TryBox::try_filled(Row8([Eight::ZERO; 1]))?;
        for (i, to) in eight.iter_mut().enumerate() {
            *to = Row8(row(i % ROWS, i / ROWS, BETA8));
        }
        let mut sixteen = TryBox::try_filled(Row16([Eight::ZERO; 2]))?;
        for (i, to) in sixteen.iter_mut().enumerate() {
            *to = Row16(row(i % ROWS, i / ROWS, BETA16));
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

/// Weights, one for each tap.
type Weights<const N: usize> = [[f64; 8]; N];

/// A row's lines, each with the slope of its weight from this row to the next, and with its mean between them: a chord would lie on one side
/// of it. Where whole positions give the frames themselves lines begin at the weights.
fn row<const N: usize>(row: usize, cutoff: usize, beta: f64) -> [Eight; N] {
    let lowered = lowered(cutoff);
    let at = |rest| kernel::<N>(row as f64 + rest, lowered, beta);
    let [now, between, next] = [0.0, 0.5, 1.0].map(at);
    let slope = each(&next, &now, |next, now| next - now);
    let ends = each(&now, &next, |now, next| (now + next) / 6.0);
    let mean = each(&ends, &between, |ends, between| ends + between / 1.5);
    // Where lines have to be right: what they are there, and how far that is from where `weights` are.
    let (there, distance) = if row == 0 && cutoff == 0 {
        (now, f64::from(LEVER))
    } else {
        (mean, f64::from(LEVER) + 0.5)
    };
    let one = f64::from(ONE);
    let begin = |there, slope| one * (there - slope * distance);
    let weights = rounded(&each(&there, &slope, begin), ONE);
    let change = |there, weight| (one * there - weight) * f64::from(1 << EXTRA) / distance;
    let exact = weights.map(|eight| eight.map(f64::from));
    let changes = rounded(&each(&there, &exact, change), 0);
    let mut out = [Eight::ZERO; N];
    for ((out, weights), change) in out.iter_mut().zip(weights).zip(changes) {
        *out = Eight {
            weights: Shorts(weights),
            change: Shorts(change),
        };
    }
    out
}

/// Of two weights, tap by tap.
fn each<const N: usize>(
    a: &Weights<N>,
    b: &Weights<N>,
    of: impl Fn(f64, f64) -> f64,
) -> Weights<N> {
    let mut out = *a;
    let pairs = out.as_flattened_mut().iter_mut().zip(b.as_flattened());
    pairs.for_each(|(a, b)| *a = of(*a, *b));
    out
}

/// Integers less than one away, with this sum, which is that of the numbers.
fn rounded<const N: usize>(numbers: &Weights<N>, sum: i32) -> [[i16; 8]; N] {
    let mut out = numbers.map(|eight| eight.map(|x| libm::floor(x) as i16));
    let below = out
        .as_flattened()
        .iter()
        .map(|x| i32::from(*x))
        .sum::<i32>();
    for _ in below..sum {
        // The one that lies furthest below its number.
        let pairs = numbers.as_flattened().iter().zip(out.as_flattened_mut());
        let gaps = pairs.map(|(number, x)| (number - f64::from(*x), x));
        let furthest = gaps.reduce(|a, b| if b.0 > a.0 { b } else { a });
        if let Some((_, x)) = furthest {
            *x += 1;
        }
    }
    out
}

/// Weights of the taps from `1 - 4 N` to `4 N` for the fraction `row / ROWS`; their sum is 1.
fn kernel<const N: usize>(row: f64, cutoff: f64, beta: f64) -> Weights<N> {
    let fraction = row / ROWS as f64;
    let half = 4.0 * N as f64;
    let middle = bessel(beta);
    let mut weights = [[0.0; 8]; N];
    for (k, weight) in weights.as_flattened_mut().iter_mut().enumerate() {
        let x = k as f64 - (half - 1.0) - fraction;
        let t = x / half;
        let window = bessel(beta * libm::sqrt((1.0 - t * t).max(0.0))) / middle;
        *weight = sinc(x * cutoff) * window;
    }
    let sum: f64 = weights.as_flattened().iter().sum();
    weights.map(|eight| eight.map(|w| w / sum))
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

    /// The rows of every kernel: its cutoff's number, the row's, and its parts.
    fn all_rows() -> impl Iterator<Item = (usize, usize, Vec<Eight>)> {
        let Kernels { eight, sixteen } = Kernels::new().unwrap();
        let eight: Vec<_> = eight.iter().map(|row| row.0.to_vec()).collect();
        let sixteen: Vec<_> = sixteen.iter().map(|row| row.0.to_vec()).collect();
        let numbered = |(i, row)| (i / ROWS, i % ROWS, row);
        let eight = eight.into_iter().enumerate().map(numbered);
        eight.chain(sixteen.into_iter().enumerate().map(numbered))
    }

    /// The numbers of a row's weights and changes.
    fn numbers(row: &[Eight]) -> impl Iterator<Item = (i32, i32)> {
        let both = |eight: &Eight| {
            let (weights, changes) = (
                eight.weights.0.map(i32::from),
                eight.change.0.map(i32::from),
            );
            weights.into_iter().zip(changes)
        };
        row.iter().flat_map(both)
    }

    /// The weights of a row, `rest` rows behind it.
    fn weights(row: &[Eight], rest: f64) -> Vec<f64> {
        let lever = (f64::from(LEVER) + rest) / f64::from(1 << EXTRA);
        let weight =
            |(weight, change)| (f64::from(weight) + f64::from(change) * lever) / f64::from(ONE);
        numbers(row).map(weight).collect()
    }

    const RESTS: [f64; 9] = [0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0];

    /// Of every kernel each row puts a slow wave where the position's fraction is: a constant stays, a cosine there is 1, a sine 0.
    #[test]
    fn rows_lie_at_their_fractions() {
        for (cutoff, row, parts) in all_rows() {
            // Far below the cutoff. Eight taps are not so sharp.
            let slow = 0.1 * lowered(cutoff);
            for rest in RESTS {
                let weights = weights(&parts, rest);
                let half = weights.len() as f64 / 2.0;
                let at = (row as f64 + rest) / ROWS as f64;
                let of = |f: fn(f64) -> f64| {
                    let wave = |k: usize| {
                        f(core::f64::consts::TAU * slow * (k as f64 - (half - 1.0) - at))
                    };
                    weights
                        .iter()
                        .enumerate()
                        .map(|(k, weight)| weight * wave(k))
                        .sum::<f64>()
                };
                let place = std::format!("{} taps, {cutoff}, {row} and {rest}", weights.len());
                let (cosine, sine) = (of(f64::cos), of(f64::sin));
                assert!(sine.abs() < 0.01, "{place}: {sine}");
                // So short a kernel is flat only far below its own length.
                let off = if cutoff <= parts.len() { 0.02 } else { 0.2 };
                assert!((cosine - 1.0).abs() < off, "{place}: {cosine}");
            }
        }
    }

    /// A constant stays what it is at every fraction; no sum of products leaves 32 bits, whatever the samples.
    #[test]
    fn rows_add_up() {
        for (cutoff, row, parts) in all_rows() {
            let (weights, changes): (Vec<i32>, Vec<i32>) = numbers(&parts).unzip();
            assert_eq!(weights.iter().sum::<i32>(), ONE, "{cutoff}, {row}");
            assert_eq!(changes.iter().sum::<i32>(), 0, "{cutoff}, {row}");
            for numbers in [weights, changes] {
                let most: i32 = numbers.iter().map(|x| x.abs()).sum();
                assert!(most < 1 << 16, "{cutoff}, {row}: {most}");
            }
        }
    }

    /// All that rows lack is 107.5 dB below full scale on average, and 99 dB everywhere, where rows meet as well.
    #[test]
    fn rows_lie_close_to_their_kernels() {
        fn missing<const N: usize>(
            cutoff: usize,
            row: usize,
            parts: &[Eight],
            beta: f64,
        ) -> [f64; 9] {
            RESTS.map(|rest| {
                let exact = kernel::<N>(row as f64 + rest, lowered(cutoff), beta);
                let pairs = exact.as_flattened().iter().zip(weights(parts, rest));
                pairs.map(|(a, b)| (a - b) * (a - b)).sum::<f64>()
            })
        }
        for taps in [1, 2] {
            let mut sums = std::vec![0.0; CUTOFFS16];
            for (cutoff, row, parts) in all_rows().filter(|(.., parts)| parts.len() == taps) {
                let missing = match taps {
                    1 => missing::<1>(cutoff, row, &parts, BETA8),
                    _ => missing::<2>(cutoff, row, &parts, BETA16),
                };
                for power in missing {
                    let decibels = 10.0 * power.log10();
                    assert!(decibels < -99.0, "{taps}, {cutoff}, {row}: {decibels}");
                    sums[cutoff] += power / (ROWS * RESTS.len()) as f64;
                }
            }
            for (cutoff, power) in sums
                .into_iter()
                .enumerate()
                .filter(|(_, power)| *power > 0.0)
            {
                let decibels = 10.0 * power.log10();
                assert!(decibels < -107.5, "{taps}, {cutoff}: {decibels}");
            }
        }
    }

    /// A whole position gives the frame itself.
    #[test]
    fn whole_positions_give_frames() {
        let kernels = Kernels::new().unwrap();
        let (eight, sixteen) = (kernels.eight(0).unwrap(), kernels.sixteen(0).unwrap());
        for parts in [&eight[0].0[..], &sixteen[0].0] {
            for (k, weight) in weights(parts, 0.0).into_iter().enumerate() {
                assert_eq!(weight, if k == 4 * parts.len() - 1 { 1.0 } else { 0.0 });
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
