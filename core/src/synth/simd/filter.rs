// SPDX-License-Identifier: MIT OR Apache-2.0
//! Filters, eight voices at a time: what a voice's own samples wait for one after the other, eight voices have side by side.

use super::{Arch, Block, FRAMES, SCALE};
use crate::synth::lanes::{LANES, Lanes};
use crate::synth::tick::TICK;

/// Alternates in sign from frame to frame at the filter's input and keeps its state out of the denormals: -270 dB of full scale.
const BIAS: f32 = 3.3e-5;

/// A state 36 dB above full scale is none that a filter has by itself.
pub const LIMIT: f32 = 64.0 * 32768.0 * -SCALE;

/// What of its blocks a filter is to do.
#[derive(Clone, Copy, Debug)]
pub struct Stretch {
    /// The first frame.
    pub at: usize,
    pub frames: usize,
    /// Parity of the first frame.
    pub odd: bool,
    /// Coefficients move.
    pub moves: bool,
}

/// What a voice's filter carries from frame to frame, and what it is at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(C)]
pub struct FilterState {
    /// y, d, e, b2
    now: Lanes,
    /// k, and the change of e, b2 and k per frame.
    steps: Lanes,
}

impl FilterState {
    pub const REST: Self = Self {
        now: Lanes::ZERO,
        steps: Lanes::ZERO,
    };

    /// y and d.
    #[inline(always)]
    pub fn state(&self) -> [f32; 2] {
        let [y, d, ..] = self.now.0;
        [y, d]
    }

    #[inline(always)]
    pub fn set_state(&mut self, state: [f32; 2]) {
        let ([y, d], [.., e, b2]) = (state, self.now.0);
        self.now = Lanes([y, d, e, b2]);
    }

    /// e, b2 and k.
    #[inline(always)]
    pub fn coefficients(&self) -> [f32; 3] {
        let ([.., e, b2], [k, ..]) = (self.now.0, self.steps.0);
        [e, b2, k]
    }

    /// Sets e, b2 and k, and their change per frame.
    #[inline(always)]
    pub fn set(&mut self, coefficients: [f32; 3], change: [f32; 3]) {
        let ([y, d, ..], [e, b2, k]) = (self.now.0, coefficients);
        self.now = Lanes([y, d, e, b2]);
        let [e_step, b2_step, k_step] = change;
        self.steps = Lanes([k, e_step, b2_step, k_step]);
    }

    /// The change of e, b2 and k per frame.
    #[inline(always)]
    pub fn change(&self) -> [f32; 3] {
        let [_, e, b2, k] = self.steps.0;
        [e, b2, k]
    }
}

/// Eight voices.
pub type Eight<'a, T> = [&'a mut T; 2 * LANES];

/// Sends `G` times eight voices through their filters, in place. Coefficients move if `MOVES`. A state that is out of bounds, or not a number,
/// goes back to rest at the next tick.
#[inline(always)]
pub fn run<A: Arch, const G: usize, const MOVES: bool>(
    mut blocks: [Eight<Block>; G],
    mut filters: [Eight<FilterState>; G],
    stretch: Stretch,
) {
    let bias = if stretch.odd { -BIAS } else { BIAS };
    let (bias, other) = (A::splat_wide(bias), A::splat_wide(-bias));
    let biases = [bias, other, bias, other];
    let zero = A::splat_wide(0.0);
    let mut states = [Filters::<A>::all(zero); G];
    for (state, filters) in states.iter_mut().zip(&filters) {
        *state = Filters::load(filters);
    }
    let first = stretch.at / LANES;
    let whole = (first + stretch.frames / LANES).min(FRAMES / LANES);
    for chunk in first..whole {
        let mut all = [[zero; LANES]; G];
        for (rows, blocks) in all.iter_mut().zip(&blocks) {
            // SAFETY: no chunk from `whole` on is asked for.
            *rows = A::transpose_wide(unsafe { read::<A>(blocks, chunk) });
        }
        // Frame by frame, so that one group's waits for its own last frame are filled by the others'.
        for (i, bias) in biases.iter().enumerate() {
            for (rows, state) in all.iter_mut().zip(&mut states) {
                if let Some(row) = rows.get_mut(i) {
                    *row = state.next::<MOVES>(*row, *bias);
                }
            }
        }
        for (blocks, rows) in blocks.iter_mut().zip(all) {
            // SAFETY: as above.
            unsafe { put_rows::<A>(blocks, chunk, A::transpose_wide(rows)) };
        }
        if (chunk + 1).is_multiple_of(TICK as usize / LANES) {
            for state in &mut states {
                [state.y, state.d] = A::bounded_wide([state.y, state.d], LIMIT);
            }
        }
    }
    let rest = stretch.frames % LANES;
    if rest > 0 {
        for (blocks, state) in blocks.iter_mut().zip(&mut states) {
            // SAFETY: a block has a chunk behind its last frame.
            let mut rows = A::transpose_wide(unsafe { read::<A>(blocks, whole) });
            for (row, bias) in rows.iter_mut().zip(biases).take(rest) {
                *row = state.next::<MOVES>(*row, bias);
            }
            // SAFETY: as above.
            unsafe { put_rows::<A>(blocks, whole, A::transpose_wide(rows)) };
        }
    }
    for (filters, state) in filters.iter_mut().zip(states) {
        state.store(filters);
    }
}

/// Four frames of eight voices, a row for the first and the fifth voice, and so on.
///
/// # Safety
/// There must be such a chunk.
#[inline(always)]
unsafe fn read<A: Arch>(blocks: &Eight<Block>, chunk: usize) -> [A::W; LANES] {
    let [a, b, c, d, e, f, g, h] = blocks;
    // SAFETY: the caller vouches for it.
    unsafe {
        [
            A::get_wide([a.chunk(chunk), e.chunk(chunk)]),
            A::get_wide([b.chunk(chunk), f.chunk(chunk)]),
            A::get_wide([c.chunk(chunk), g.chunk(chunk)]),
            A::get_wide([d.chunk(chunk), h.chunk(chunk)]),
        ]
    }
}

/// # Safety
/// There must be such a chunk.
#[inline(always)]
unsafe fn put_rows<A: Arch>(blocks: &mut Eight<Block>, chunk: usize, rows: [A::W; LANES]) {
    let [a, b, c, d, e, f, g, h] = blocks;
    let [first, second, third, fourth] = rows;
    // SAFETY: the caller vouches for it.
    unsafe {
        A::put_wide(first, [a.chunk_mut(chunk), e.chunk_mut(chunk)]);
        A::put_wide(second, [b.chunk_mut(chunk), f.chunk_mut(chunk)]);
        A::put_wide(third, [c.chunk_mut(chunk), g.chunk_mut(chunk)]);
        A::put_wide(fourth, [d.chunk_mut(chunk), h.chunk_mut(chunk)]);
    }
}

/// Eight filters, number by number.
#[derive(Clone, Copy)]
struct Filters<A: Arch> {
    y: A::W,
    d: A::W,
    e: A::W,
    b2: A::W,
    k: A::W,
    e_step: A::W,
    b2_step: A::W,
    k_step: A::W,
}

impl<A: Arch> Filters<A> {
    #[inline(always)]
    fn all(x: A::W) -> Self {
        Self {
            y: x,
            d: x,
            e: x,
            b2: x,
            k: x,
            e_step: x,
            b2_step: x,
            k_step: x,
        }
    }

    #[inline(always)]
    fn load(filters: &Eight<FilterState>) -> Self {
        let [a, b, c, d, e, f, g, h] = filters;
        let [y, d, e, b2, k, e_step, b2_step, k_step] = {
            let now = [
                A::get_wide([&a.now.0, &e.now.0]),
                A::get_wide([&b.now.0, &f.now.0]),
                A::get_wide([&c.now.0, &g.now.0]),
                A::get_wide([&d.now.0, &h.now.0]),
            ];
            let steps = [
                A::get_wide([&a.steps.0, &e.steps.0]),
                A::get_wide([&b.steps.0, &f.steps.0]),
                A::get_wide([&c.steps.0, &g.steps.0]),
                A::get_wide([&d.steps.0, &h.steps.0]),
            ];
            let ([y, d, e, b2], [k, l, m, n]) = (A::transpose_wide(now), A::transpose_wide(steps));
            [y, d, e, b2, k, l, m, n]
        };
        Self {
            y,
            d,
            e,
            b2,
            k,
            e_step,
            b2_step,
            k_step,
        }
    }

    #[inline(always)]
    fn next<const MOVES: bool>(&mut self, x: A::W, bias: A::W) -> A::W {
        let x = A::add_wide(x, bias);
        let input = A::add_wide(A::mul_wide(self.k, x), A::mul_wide(self.b2, self.d));
        self.d = A::sub_wide(input, A::mul_wide(self.e, self.y));
        self.y = A::add_wide(self.y, self.d);
        if MOVES {
            self.e = A::add_wide(self.e, self.e_step);
            self.b2 = A::add_wide(self.b2, self.b2_step);
            self.k = A::add_wide(self.k, self.k_step);
        }
        self.y
    }

    #[inline(always)]
    fn store(self, filters: &mut Eight<FilterState>) {
        let now = A::transpose_wide([self.y, self.d, self.e, self.b2]);
        let steps = A::transpose_wide([self.k, self.e_step, self.b2_step, self.k_step]);
        let [a, b, c, d, e, f, g, h] = filters;
        let pairs = [[a, e], [b, f], [c, g], [d, h]];
        for (([low, high], now), steps) in pairs.into_iter().zip(now).zip(steps) {
            A::put_wide(now, [&mut low.now.0, &mut high.now.0]);
            A::put_wide(steps, [&mut low.steps.0, &mut high.steps.0]);
        }
    }
}
