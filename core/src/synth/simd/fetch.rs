// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sample fetch and interpolation: four frames of one voice at a time. What comes out is the sample times [`SCALE`].
//!
//! Samples and weights are 16-bit integers, so that two multiplications and an addition are one instruction. Weights are negated:
//! -1 has an exact 16-bit form, +1 has not.

use super::{Arch, Block};
use crate::synth::lanes::{LANES, Lanes};
use crate::synth::sinc::{EXTRA8, EXTRA16, ROWS, Row8, Row16, Rows};

/// A weight of 1.
pub const SCALE: f32 = -32768.0;

/// A place in a wave and a speed, in frames as 32.32 fixed point.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    pub frames: &'a [i16],
    pub position: u64,
    pub step: u64,
}

impl Reader<'_> {
    /// Whether `count` samples at this speed, each with the frames `before` and `after` it, lie inside.
    #[inline(always)]
    fn fits(&self, count: usize, before: u64, after: u64) -> bool {
        // Nothing wraps: 2^62 + 2^15 · 2^46 < 2^63.
        if count >> 15 != 0 || self.step > 1 << 46 || self.position > 1 << 62 {
            return false;
        }
        let last = self.position + self.step * (count as u64).saturating_sub(1);
        self.position >> 32 >= before && (last >> 32) + after < self.frames.len() as u64
    }
}

/// An interpolator on some registers.
pub trait Taps<A: Arch>: Copy {
    /// Frames that it reads before and after the one at the position.
    const REACH: (u64, u64);

    /// Samples at four positions; `fraction` holds their low halves. `base` is the place of a position of 0, [`REACH`](Self::REACH) before it.
    ///
    /// # Safety
    /// All taps of all positions must be readable.
    unsafe fn four(self, base: *const i16, position: [u64; LANES], fraction: A::I) -> A::F;
}

/// Renders `count` frames into `out`, which has room for whole registers; what lies behind the last frame means nothing. False, with
/// nothing done, if the reader would leave its samples, or the block has no room.
#[inline(always)]
pub fn run<A: Arch, T: Taps<A>>(
    taps: T,
    reader: Reader,
    block: &mut Block,
    at: usize,
    count: usize,
) -> bool {
    let (before, after) = T::REACH;
    let room = block
        .all()
        .get_mut(at..)
        .and_then(|rest| rest.get_mut(..count.next_multiple_of(LANES)));
    let (Some(room), true) = (room, reader.fits(count, before, after)) else {
        return false;
    };
    let (chunks, _) = room.as_chunks_mut::<LANES>();
    // `wrapping_sub`: the first tap; `fits` has seen that it lies inside once the position is added.
    let base = reader.frames.as_ptr().wrapping_sub(before as usize);
    let step = reader.step;
    let mut position = [0, 1, 2, 3].map(|i| reader.position + i * step);
    let mut fraction = A::ints(position.map(|p| p as u32));
    let way = A::ints([(4 * step) as u32; LANES]);
    let Some((whole, rest)) = chunks.split_at_mut_checked(count / LANES) else {
        return false;
    };
    for chunk in whole {
        // SAFETY: `fits` has seen that the taps of all `count` frames lie inside.
        let samples = unsafe { taps.four(base, position, fraction) };
        A::put(samples, chunk);
        position = position.map(|p| p.wrapping_add(4 * step));
        fraction = A::add_ints(fraction, way);
    }
    if let [chunk] = rest {
        // Behind the last frame it is read once more.
        let last = reader.position + step * (count as u64).saturating_sub(1);
        let position = position.map(|p| p.min(last));
        // SAFETY: none lies behind the last of the `count` frames.
        let samples = unsafe { taps.four(base, position, A::ints(position.map(|p| p as u32))) };
        A::put(samples, chunk);
    }
    true
}

#[inline(always)]
fn taps_at(base: *const i16, position: [u64; LANES]) -> [*const i16; LANES] {
    position.map(|p| base.wrapping_add((p >> 32) as usize))
}

/// The table row of a position.
#[inline(always)]
fn row<R>(rows: &Rows<R>, position: u64) -> &R {
    const { assert!(ROWS == 256) };
    // SAFETY: a byte is below `ROWS`.
    unsafe { rows.get_unchecked(usize::from((position >> 24) as u8)) }
}

/// Where between its row and the next each position stands, in units of 2^-23.
#[inline(always)]
fn blend<A: Arch>(fraction: A::I) -> A::F {
    A::to_floats(A::right::<9>(A::left::<8>(fraction)))
}

/// 2^-23 of a row, in units of the weights.
#[inline(always)]
fn unit<A: Arch>(extra: u32) -> A::F {
    let unit = 1.0 / (8_388_608u64 << extra) as f32;
    A::load(&Lanes::splat(unit))
}

/// Two points. The fraction has 15 bits: the jitter of 2^-16 frames lies below the kernel's own images at any audible frequency.
#[derive(Clone, Copy)]
pub struct Linear;

impl<A: Arch> Taps<A> for Linear {
    const REACH: (u64, u64) = (0, 1);

    #[inline(always)]
    unsafe fn four(self, base: *const i16, position: [u64; LANES], fraction: A::I) -> A::F {
        // SAFETY: the caller vouches for both taps.
        let pairs = unsafe { A::pairs(taps_at(base, position)) };
        // Low half: f - 1 for the first point; high half: -f for the second.
        let f = A::right::<17>(fraction);
        let weights = A::sub_ints(A::or(f, A::ints([0x8000; 4])), A::left::<16>(f));
        A::to_floats(A::dot_pairs(pairs, weights))
    }
}

/// Eight taps.
#[derive(Clone, Copy)]
pub struct Sinc8<'a>(pub &'a Rows<Row8>);

impl<A: Arch> Taps<A> for Sinc8<'_> {
    const REACH: (u64, u64) = (3, 4);

    #[inline(always)]
    unsafe fn four(self, base: *const i16, position: [u64; LANES], fraction: A::I) -> A::F {
        // SAFETY: the caller vouches for eight taps.
        let (base, rest) =
            unsafe { A::eights(taps_at(base, position), position.map(|p| row(self.0, p))) };
        let blend = A::mul(blend::<A>(fraction), unit::<A>(EXTRA8));
        A::add(A::to_floats(base), A::mul(A::to_floats(rest), blend))
    }
}

/// Sixteen taps; weights have 15 + [`EXTRA16`] bits.
#[derive(Clone, Copy)]
pub struct Sinc16<'a>(pub &'a Rows<Row16>);

impl<A: Arch> Taps<A> for Sinc16<'_> {
    const REACH: (u64, u64) = (7, 8);

    #[inline(always)]
    unsafe fn four(self, base: *const i16, position: [u64; LANES], fraction: A::I) -> A::F {
        // SAFETY: the caller vouches for sixteen taps.
        let (base, rest) =
            unsafe { A::sixteens(taps_at(base, position), position.map(|p| row(self.0, p))) };
        let blend = A::mul(blend::<A>(fraction), unit::<A>(EXTRA16));
        A::add(A::to_floats(base), A::mul(A::to_floats(rest), blend))
    }
}
