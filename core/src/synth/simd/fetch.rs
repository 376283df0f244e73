// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sample fetch and interpolation: eight frames of one voice at a time. What comes out is the sample times [`SCALE`].
//!
//! Samples and weights are 16-bit integers, so that two multiplications and an addition are one instruction.

use super::{Arch, Block, EIGHT};
use crate::synth::oscillator::Interpolation;
use crate::synth::sinc::{EXTRA, Kernels, LEVER, ONE, ROWS, Row8, Row16, Rows};

/// A weight of 1.
pub const SCALE: f32 = ONE as f32;

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

/// An interpolator.
pub trait Interpolator<'a>: Copy {
    const KIND: Interpolation;
    /// Frames that it reads before and after the one at the position.
    const REACH: (u64, u64);

    /// With the kernel for a cutoff's number.
    fn of(kernels: &'a Kernels, cutoff: u8) -> Option<Self>;

    /// Samples from the reader's position on; `base` as below.
    ///
    /// # Safety
    /// All taps of all frames must be readable.
    #[inline(always)]
    unsafe fn fill<A: Arch>(self, base: *const i16, reader: Reader, chunks: &mut [[f32; EIGHT]]) {
        // SAFETY: the caller vouches for it.
        unsafe { one_by_one::<A, Self>(self, base, reader, chunks) }
    }

    /// Samples at eight positions; `fraction` holds their low halves. `base` is the place of a position of 0, [`REACH`](Self::REACH) before it.
    ///
    /// # Safety
    /// All taps of all positions must be readable.
    unsafe fn eight<A: Arch>(
        self,
        base: *const i16,
        position: [u64; EIGHT],
        fraction: A::J,
    ) -> A::W;
}

/// Renders `count` frames of a wave into a block from `at` on; up to seven that lie behind them mean nothing. False, with nothing done, if the
/// reader would leave its samples, or the block has no room.
#[inline(always)]
pub fn read<'a, A: Arch, T: Interpolator<'a>>(
    taps: T,
    reader: Reader,
    block: &mut Block,
    at: usize,
    count: usize,
) -> bool {
    let (before, after) = T::REACH;
    let whole = count.next_multiple_of(EIGHT);
    let room = block
        .all()
        .get_mut(at..)
        .and_then(|rest| rest.get_mut(..whole));
    let Some(room) = room else {
        return false;
    };
    let (chunks, _) = room.as_chunks_mut::<EIGHT>();
    // Mostly what lies behind the last frame may be read as well.
    let free = if reader.fits(whole, before, after) {
        chunks.len()
    } else if reader.fits(count, before, after) {
        count / EIGHT
    } else {
        return false;
    };
    // `wrapping_sub`: the first tap; `fits` has seen that it lies inside once the position is added.
    let base = reader.frames.as_ptr().wrapping_sub(before as usize);
    let Some((free, rest)) = chunks.split_at_mut_checked(free) else {
        return false;
    };
    let frames = free.len() * EIGHT;
    // SAFETY: `fits` has seen that the taps of all these frames lie inside.
    unsafe { taps.fill::<A>(base, reader, free) };
    if let [chunk] = rest {
        // Behind the last frame it is read once more.
        let Reader { position, step, .. } = reader;
        let last = position + step * (count as u64).saturating_sub(1);
        let position = positions(position + step * frames as u64, step).map(|p| p.min(last));
        // SAFETY: none lies behind the last of the `count` frames.
        let samples = unsafe { taps.eight::<A>(base, position, low_halves::<A>(position)) };
        put::<A>(samples, chunk);
    }
    true
}

/// Each frame's taps are looked up by themselves.
///
/// # Safety
/// As with [`Interpolator::fill`].
#[inline(always)]
unsafe fn one_by_one<'a, A: Arch, T: Interpolator<'a>>(
    taps: T,
    base: *const i16,
    reader: Reader,
    chunks: &mut [[f32; EIGHT]],
) {
    let mut next = Next::<A>::of(reader);
    for chunk in chunks {
        let position = positions(next.position, next.step);
        // SAFETY: the caller vouches for it.
        let samples = unsafe { taps.eight::<A>(base, position, next.fraction) };
        put::<A>(samples, chunk);
        next.advance();
    }
}

/// The next eight frames.
struct Next<A: Arch> {
    /// Of the first.
    position: u64,
    step: u64,
    /// The low halves of all positions, and what they change by from eight frames to eight.
    fraction: A::J,
    way: A::J,
}

impl<A: Arch> Next<A> {
    #[inline(always)]
    fn of(Reader { position, step, .. }: Reader) -> Self {
        Self {
            position,
            step,
            fraction: A::line(position as u32, step as u32),
            way: A::line((8 * step) as u32, 0),
        }
    }

    #[inline(always)]
    fn advance(&mut self) {
        self.position += 8 * self.step;
        self.fraction = A::add_all(self.fraction, self.way);
    }
}

#[inline(always)]
fn positions(first: u64, step: u64) -> [u64; EIGHT] {
    [0, 1, 2, 3, 4, 5, 6, 7].map(|i| first.wrapping_add(step.wrapping_mul(i)))
}

#[inline(always)]
fn low_halves<A: Arch>(position: [u64; EIGHT]) -> A::J {
    let [a, b, c, d, e, f, g, h] = position.map(|p| p as u32);
    A::join(A::ints([a, b, c, d]), A::ints([e, f, g, h]))
}

#[inline(always)]
fn put<A: Arch>(samples: A::W, chunk: &mut [f32; EIGHT]) {
    let (halves, _) = chunk.as_chunks_mut::<4>();
    if let [low, high] = halves {
        A::put_wide(samples, [low, high]);
    }
}

#[inline(always)]
fn taps_at(base: *const i16, position: [u64; EIGHT]) -> [*const i16; EIGHT] {
    position.map(|p| tap_at(base, p))
}

#[inline(always)]
fn tap_at(base: *const i16, position: u64) -> *const i16 {
    base.wrapping_add((position >> 32) as usize)
}

/// The table's rows of positions.
#[inline(always)]
fn rows_at<R>(rows: &Rows<R>, position: [u64; EIGHT]) -> [&R; EIGHT] {
    const { assert!(ROWS == 256) };
    // SAFETY: a byte is below `ROWS`.
    position.map(|p| unsafe { rows.get_unchecked(usize::from((p >> 24) as u8)) })
}

/// Sums with the rows' weights, and of their change as much as the positions stand behind where weights are.
#[inline(always)]
fn blended<A: Arch>((weights, change): (A::J, A::J), fraction: A::J) -> A::W {
    // The rest of a fraction becomes the mantissa of a number between LEVER and LEVER + 1, in units of `change`.
    const BITS: u32 = 23 - LEVER.trailing_zeros();
    const { assert!(LEVER.is_power_of_two() && ROWS == 256) };
    let lever = (LEVER as f32 / (1u32 << EXTRA) as f32).to_bits();
    let rest = A::right_all::<{ 32 - BITS as i32 }>(A::left_all::<8>(fraction));
    let four = A::ints([lever; 4]);
    let lever = A::as_floats(A::or_all(rest, A::join(four, four)));
    A::add_wide(A::floats(weights), A::mul_wide(A::floats(change), lever))
}

/// Two points. The fraction has 16 bits, weights 15: the jitter of 2^-16 frames lies below the kernel's own images at any audible frequency.
#[derive(Clone, Copy)]
pub struct Linear;

impl<'a> Interpolator<'a> for Linear {
    const KIND: Interpolation = Interpolation::Linear;
    const REACH: (u64, u64) = (0, 1);

    #[inline(always)]
    fn of(_: &'a Kernels, _: u8) -> Option<Self> {
        Some(Self)
    }

    #[inline(always)]
    unsafe fn eight<A: Arch>(
        self,
        base: *const i16,
        position: [u64; EIGHT],
        fraction: A::J,
    ) -> A::W {
        let [a, b, c, d, e, f, g, h] = taps_at(base, position);
        // SAFETY: the caller vouches for both taps.
        let pairs = unsafe { A::join(A::pairs([a, b, c, d]), A::pairs([e, f, g, h])) };
        between::<A>(pairs, fraction)
    }

    #[inline(always)]
    unsafe fn fill<A: Arch>(self, base: *const i16, reader: Reader, chunks: &mut [[f32; EIGHT]]) {
        let is_near = reader.fits(EIGHT * chunks.len(), 0, 8);
        let (true, Some(picks)) = (is_near, A::picks(reader.step)) else {
            // SAFETY: the caller vouches for it.
            return unsafe { one_by_one::<A, Self>(self, base, reader, chunks) };
        };
        let mut next = Next::<A>::of(reader);
        for chunk in chunks {
            let halves = [next.position, next.position + 4 * next.step];
            // SAFETY: `fits` has seen that from each frame on there are eight.
            let pairs = unsafe { A::pick(halves.map(|p| tap_at(base, p)), next.fraction, picks) };
            put::<A>(between::<A>(pairs, next.fraction), chunk);
            next.advance();
        }
    }
}

/// Between the two samples of pairs.
#[inline(always)]
fn between<A: Arch>(pairs: A::J, fraction: A::J) -> A::W {
    // Low half: 1 - f for the first point; high half: f for the second.
    let [low, high] = [0, 16].map(|at| A::ints([(ONE as u32) << at; 4]));
    let f = A::high_products_all(fraction, A::join(high, high));
    let first = A::sub_all(A::join(low, low), A::right_all::<16>(f));
    let weights = A::or_all(first, f);
    A::floats(A::dot_pairs_all(pairs, weights))
}

/// Eight taps.
#[derive(Clone, Copy)]
pub struct Sinc8<'a>(&'a Rows<Row8>);

impl<'a> Interpolator<'a> for Sinc8<'a> {
    const KIND: Interpolation = Interpolation::Sinc8;
    const REACH: (u64, u64) = (3, 4);

    #[inline(always)]
    fn of(kernels: &'a Kernels, cutoff: u8) -> Option<Self> {
        kernels.eight(cutoff).map(Self)
    }

    #[inline(always)]
    unsafe fn eight<A: Arch>(
        self,
        base: *const i16,
        position: [u64; EIGHT],
        fraction: A::J,
    ) -> A::W {
        let rows = rows_at(self.0, position).map(|row| &row.0);
        // SAFETY: the caller vouches for eight taps.
        let sums = unsafe { A::sums_all(taps_at(base, position), rows) };
        blended::<A>(sums, fraction)
    }
}

/// Sixteen taps.
#[derive(Clone, Copy)]
pub struct Sinc16<'a>(&'a Rows<Row16>);

impl<'a> Interpolator<'a> for Sinc16<'a> {
    const KIND: Interpolation = Interpolation::Sinc16;
    const REACH: (u64, u64) = (7, 8);

    #[inline(always)]
    fn of(kernels: &'a Kernels, cutoff: u8) -> Option<Self> {
        kernels.sixteen(cutoff).map(Self)
    }

    #[inline(always)]
    unsafe fn eight<A: Arch>(
        self,
        base: *const i16,
        position: [u64; EIGHT],
        fraction: A::J,
    ) -> A::W {
        let rows = rows_at(self.0, position).map(|row| &row.0);
        // SAFETY: the caller vouches for sixteen taps.
        let sums = unsafe { A::sums_all(taps_at(base, position), rows) };
        blended::<A>(sums, fraction)
    }
}
