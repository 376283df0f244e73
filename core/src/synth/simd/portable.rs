// SPDX-License-Identifier: MIT OR Apache-2.0
//! The registers as arrays: for other targets, and to test the others against.

use super::Arch;
use crate::synth::lanes::Lanes;
use crate::synth::sinc::Shorts;

#[derive(Clone, Copy)]
pub struct Portable;

fn zip<T: Copy, const N: usize>(a: [T; N], b: [T; N], f: impl Fn(T, T) -> T) -> [T; N] {
    let mut out = a;
    for (out, b) in out.iter_mut().zip(b) {
        *out = f(*out, b);
    }
    out
}

fn halves(x: i32) -> [i32; 2] {
    [i32::from(x as i16), x >> 16]
}

fn joined(x: [i16; 2]) -> i32 {
    let [low, high] = x;
    i32::from(high) << 16 | i32::from(low as u16)
}

fn sum(x: [i32; 4]) -> i32 {
    x.into_iter().fold(0, i32::wrapping_add)
}

impl Arch for Portable {
    type F = [f32; 4];
    type I = [i32; 4];
    in_two_registers!(transpose);

    fn load(x: &Lanes) -> [f32; 4] {
        x.0
    }

    fn get(x: &[f32; 4]) -> [f32; 4] {
        *x
    }

    fn put(x: [f32; 4], to: &mut [f32; 4]) {
        *to = x;
    }

    fn add(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        zip(a, b, |a, b| a + b)
    }

    fn sub(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        zip(a, b, |a, b| a - b)
    }

    fn mul(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        zip(a, b, |a, b| a * b)
    }

    fn abs(x: [f32; 4]) -> [f32; 4] {
        x.map(f32::abs)
    }

    fn max(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        zip(a, b, |a, b| if a > b { a } else { b })
    }

    fn min(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        zip(a, b, |a, b| if a < b { a } else { b })
    }

    fn without_small(x: [f32; 4], least: f32) -> [f32; 4] {
        x.map(|x| if x.abs() >= least { x } else { 0.0 })
    }

    fn ints(x: [u32; 4]) -> [i32; 4] {
        x.map(|x| x as i32)
    }

    fn to_array(a: [i32; 4]) -> [i32; 4] {
        a
    }

    fn truncated(x: [f32; 4]) -> [i32; 4] {
        x.map(|x| x as i32)
    }

    fn add_ints(a: [i32; 4], b: [i32; 4]) -> [i32; 4] {
        zip(a, b, i32::wrapping_add)
    }

    fn sub_ints(a: [i32; 4], b: [i32; 4]) -> [i32; 4] {
        zip(a, b, i32::wrapping_sub)
    }

    fn or(a: [i32; 4], b: [i32; 4]) -> [i32; 4] {
        zip(a, b, |a, b| a | b)
    }

    fn left<const N: i32>(a: [i32; 4]) -> [i32; 4] {
        a.map(|a| a << N)
    }

    fn right<const N: i32>(a: [i32; 4]) -> [i32; 4] {
        a.map(|a| (a as u32 >> N) as i32)
    }

    fn as_four_floats(a: [i32; 4]) -> [f32; 4] {
        a.map(|x| f32::from_bits(x as u32))
    }

    fn to_floats(a: [i32; 4]) -> [f32; 4] {
        a.map(|a| a as f32)
    }

    fn high_products(a: [i32; 4], b: [i32; 4]) -> [i32; 4] {
        let upper = |a: u32, b: u32| ((a & 0xffff) * (b & 0xffff)) >> 16;
        zip(a, b, |a, b| {
            let (a, b) = (a as u32, b as u32);
            (upper(a >> 16, b >> 16) << 16 | upper(a, b)) as i32
        })
    }

    fn dot_pairs(a: [i32; 4], b: [i32; 4]) -> [i32; 4] {
        zip(a, b, |a, b| {
            let ([al, ah], [bl, bh]) = (halves(a), halves(b));
            (al * bl).wrapping_add(ah * bh)
        })
    }

    fn sums(a: [i32; 4], b: [i32; 4], c: [i32; 4], d: [i32; 4]) -> [i32; 4] {
        [sum(a), sum(b), sum(c), sum(d)]
    }

    fn shorts(x: &Shorts) -> [i32; 4] {
        let mut out = [0; 4];
        for (out, pair) in out.iter_mut().zip(x.0.as_chunks::<2>().0) {
            *out = joined(*pair);
        }
        out
    }

    fn pcm(samples: &[f32; 8], to: &mut [u8; 16]) {
        let (places, _) = to.as_chunks_mut::<2>();
        for (place, x) in places.iter_mut().zip(samples) {
            let x = x * 32768.0;
            // A cast truncates towards zero and saturates.
            *place = ((x + 0.5f32.copysign(x)) as i16).to_le_bytes();
        }
    }

    unsafe fn eight(at: *const i16) -> [i32; 4] {
        // SAFETY: the caller vouches for eight samples.
        Self::shorts(&Shorts(unsafe { *at.cast::<[i16; 8]>() }))
    }

    unsafe fn pairs(at: [*const i16; 4]) -> [i32; 4] {
        // SAFETY: the caller vouches for two samples at each.
        at.map(|at| joined(unsafe { *at.cast::<[i16; 2]>() }))
    }
}

/// Rows become columns.
#[inline(always)]
fn transpose(rows: [[f32; 4]; 4]) -> [[f32; 4]; 4] {
    let [[a, b, c, d], [e, f, g, h], [i, j, k, l], [m, n, o, p]] = rows;
    [[a, e, i, m], [b, f, j, n], [c, g, k, o], [d, h, l, p]]
}
