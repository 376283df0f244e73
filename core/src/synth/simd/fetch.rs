// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sample fetch and interpolation. What comes out is the sample times [`SCALE`].
//!
//! Samples and weights are 16-bit integers, so that two multiplications and an addition are one instruction. Weights are negated:
//! -1 has an exact 16-bit form, +1 has not.

use super::Arch;
use crate::synth::sinc::{EXTRA8, EXTRA16, ROWS, Row8, Row16, Rows, Shorts};
use core::marker::PhantomData;

/// A weight of 1.
pub const SCALE: f32 = -32768.0;

/// Four readers, lane by lane.
pub type Readers<'a> = [Reader<'a>; 4];

/// A place in a wave and a speed, in frames as 32.32 fixed point.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    pub frames: &'a [i16],
    pub position: u64,
    pub step: u64,
}

impl<'a> Reader<'a> {
    /// Stands in frames that are zero, at least 16.
    #[inline(always)]
    pub fn still(frames: &'a [i16]) -> Self {
        Self {
            frames,
            position: 7 << 32,
            step: 0,
        }
    }

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

/// Positions as the kernels want them.
struct Heads<A: Arch> {
    base: [*const i16; 4],
    position: [u64; 4],
    step: [u64; 4],
    /// Low halves of position and step.
    fraction: A::I,
    fraction_step: A::I,
}

impl<A: Arch> Heads<A> {
    /// `None` if a reader would leave its samples within `count` frames. Moves the readers on.
    #[inline(always)]
    fn new(readers: &mut Readers, count: usize, before: u64, after: u64) -> Option<Self> {
        if !readers.iter().all(|r| r.fits(count, before, after)) {
            return None;
        }
        let position = readers.each_ref().map(|r| r.position);
        let step = readers.each_ref().map(|r| r.step);
        for reader in readers.iter_mut() {
            let way = reader.step.wrapping_mul(count as u64);
            reader.position = reader.position.wrapping_add(way);
        }
        Some(Self {
            // `wrapping_sub`: the first tap; `fits` has seen that it lies inside once the position is added.
            base: readers
                .each_ref()
                .map(|r| r.frames.as_ptr().wrapping_sub(before as usize)),
            position,
            step,
            fraction: A::ints(position.map(|p| p as u32)),
            fraction_step: A::ints(step.map(|s| s as u32)),
        })
    }

    /// The first taps of the current frame.
    #[inline(always)]
    fn taps(&self) -> [*const i16; 4] {
        let ([a, b, c, d], [i, j, k, l]) = (self.base, self.position);
        [
            a.wrapping_add((i >> 32) as usize),
            b.wrapping_add((j >> 32) as usize),
            c.wrapping_add((k >> 32) as usize),
            d.wrapping_add((l >> 32) as usize),
        ]
    }

    /// The table row of the current frame in each lane.
    #[inline(always)]
    fn rows<'a, R>(&self, tables: [&'a Rows<R>; 4]) -> [&'a R; 4] {
        let ([a, b, c, d], [i, j, k, l]) = (tables, self.position);
        const { assert!(ROWS == 256) };
        let row = |position: u64| usize::from((position >> 24) as u8);
        // SAFETY: a byte is below `ROWS`.
        unsafe {
            [
                a.get_unchecked(row(i)),
                b.get_unchecked(row(j)),
                c.get_unchecked(row(k)),
                d.get_unchecked(row(l)),
            ]
        }
    }

    /// Where between its row and the next each lane stands, in units of 2^-23.
    #[inline(always)]
    fn blend(&self) -> A::F {
        A::to_floats(A::right::<9>(A::left::<8>(self.fraction)))
    }

    #[inline(always)]
    fn advance(&mut self) {
        for (position, step) in self.position.iter_mut().zip(self.step) {
            *position = position.wrapping_add(step);
        }
        self.fraction = A::add_ints(self.fraction, self.fraction_step);
    }
}

/// Two points. The fraction has 15 bits: the jitter of 2^-16 frames lies below the kernel's own images at any audible frequency.
pub struct Linear<A: Arch> {
    heads: Heads<A>,
    one: A::I,
}

impl<A: Arch> Linear<A> {
    #[inline(always)]
    pub fn new(readers: &mut Readers, count: usize) -> Option<Self> {
        Some(Self {
            heads: Heads::new(readers, count, 0, 1)?,
            one: A::ints([0x8000; 4]),
        })
    }

    /// # Safety
    /// At most `count` calls.
    #[inline(always)]
    pub unsafe fn next(&mut self) -> A::F {
        // SAFETY: `Heads::new` has checked both taps of all `count` frames.
        let pairs = unsafe { A::pairs(self.heads.taps()) };
        // Low half: f - 1 for the first point; high half: -f for the second.
        let f = A::right::<17>(self.heads.fraction);
        let weights = A::sub_ints(A::or(f, self.one), A::left::<16>(f));
        self.heads.advance();
        A::to_floats(A::dot_pairs(pairs, weights))
    }
}

/// Eight taps.
pub struct Sinc8<'a, A: Arch> {
    heads: Heads<A>,
    tables: [&'a Rows<Row8>; 4],
    unit: A::F,
    arch: PhantomData<A>,
}

impl<'a, A: Arch> Sinc8<'a, A> {
    #[inline(always)]
    pub fn new(readers: &mut Readers, tables: [&'a Rows<Row8>; 4], count: usize) -> Option<Self> {
        Some(Self {
            heads: Heads::new(readers, count, 3, 4)?,
            tables,
            unit: unit::<A>(EXTRA8),
            arch: PhantomData,
        })
    }

    /// # Safety
    /// At most `count` calls.
    #[inline(always)]
    pub unsafe fn next(&mut self) -> A::F {
        let ([a, b, c, d], [e, f, g, h]) = (self.heads.taps(), self.heads.rows(self.tables));
        // SAFETY: `Heads::new` has checked all taps of all `count` frames.
        let (a, b, c, d) = unsafe { (A::eight(a), A::eight(b), A::eight(c), A::eight(d)) };
        let weighted = |x: A::I, row: &Row8| A::dot_pairs(x, A::shorts(&row.weights));
        let change = |x: A::I, row: &Row8| A::dot_pairs(x, A::shorts(&row.change));
        let base = A::sums(
            weighted(a, e),
            weighted(b, f),
            weighted(c, g),
            weighted(d, h),
        );
        let rest = A::sums(change(a, e), change(b, f), change(c, g), change(d, h));
        let blend = A::mul(self.heads.blend(), self.unit);
        self.heads.advance();
        A::add(A::to_floats(base), A::mul(A::to_floats(rest), blend))
    }
}

/// Sixteen taps; weights have 15 + [`EXTRA16`] bits.
pub struct Sinc16<'a, A: Arch> {
    heads: Heads<A>,
    tables: [&'a Rows<Row16>; 4],
    unit: A::F,
    arch: PhantomData<A>,
}

impl<'a, A: Arch> Sinc16<'a, A> {
    #[inline(always)]
    pub fn new(readers: &mut Readers, tables: [&'a Rows<Row16>; 4], count: usize) -> Option<Self> {
        Some(Self {
            heads: Heads::new(readers, count, 7, 8)?,
            tables,
            unit: unit::<A>(EXTRA16),
            arch: PhantomData,
        })
    }

    /// # Safety
    /// At most `count` calls.
    #[inline(always)]
    pub unsafe fn next(&mut self) -> A::F {
        let ([a, b, c, d], [e, f, g, h]) = (self.heads.taps(), self.heads.rows(self.tables));
        let lane = |at: *const i16, row: &Row16| {
            // SAFETY: `Heads::new` has checked all taps of all `count` frames.
            let (low, high) = unsafe { (A::eight(at), A::eight(at.wrapping_add(8))) };
            let dot = |weights: &[Shorts; 2]| {
                let [a, b] = weights;
                A::add_ints(
                    A::dot_pairs(low, A::shorts(a)),
                    A::dot_pairs(high, A::shorts(b)),
                )
            };
            let fine = A::signed_right::<{ EXTRA16 as i32 }>(dot(&row.rest));
            (A::add_ints(dot(&row.weights), fine), dot(&row.change))
        };
        let (a, b, c, d) = (lane(a, e), lane(b, f), lane(c, g), lane(d, h));
        let base = A::sums(a.0, b.0, c.0, d.0);
        let rest = A::sums(a.1, b.1, c.1, d.1);
        let blend = A::mul(self.heads.blend(), self.unit);
        self.heads.advance();
        A::add(A::to_floats(base), A::mul(A::to_floats(rest), blend))
    }
}

/// 2^-23 of a row, in units of the weights.
#[inline(always)]
fn unit<A: Arch>(extra: u32) -> A::F {
    let unit = 1.0 / (8_388_608u64 << extra) as f32;
    A::load(&crate::synth::lanes::Lanes::splat(unit))
}
