// SPDX-License-Identifier: MIT OR Apache-2.0
//! Filters, four voices at a time: what a voice's own samples wait for one after the other, four voices have side by side.

use super::{Arch, Block};
use crate::synth::lanes::{LANES, Lanes};

/// Alternates in sign from frame to frame at the filter's input and keeps its state out of the denormals: -270 dB of full scale.
const BIAS: f32 = 3.3e-5;

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

/// Four voices.
pub type Four<'a, T> = [&'a mut T; LANES];

/// Sends `frames` frames of `G` times four voices through their filters, in place; `odd` is the parity of the first frame. Coefficients
/// move if `MOVES`.
#[inline(always)]
pub fn run<A: Arch, const G: usize, const MOVES: bool>(
    mut blocks: [Four<Block>; G],
    mut filters: [Four<FilterState>; G],
    odd: bool,
    frames: usize,
) {
    let bias = if odd { -BIAS } else { BIAS };
    let mut bias = A::load(&Lanes::splat(bias));
    let mut other = A::sub(A::load(&Lanes::ZERO), bias);
    let mut state = filters.each_ref().map(Filters::<A>::load);
    let whole = frames / LANES;
    for chunk in 0..whole {
        for (blocks, state) in blocks.iter_mut().zip(&mut state) {
            let mut rows = A::transpose(blocks.each_ref().map(|block| block.chunk::<A>(chunk)));
            for (i, row) in rows.iter_mut().enumerate() {
                *row = state.next::<MOVES>(*row, if i % 2 == 0 { bias } else { other });
            }
            let rows = A::transpose(rows);
            for (block, row) in blocks.iter_mut().zip(rows) {
                block.put::<A>(chunk, row);
            }
        }
    }
    let rest = frames % LANES;
    if rest > 0 {
        for (blocks, state) in blocks.iter_mut().zip(&mut state) {
            let mut rows = A::transpose(blocks.each_ref().map(|block| block.chunk::<A>(whole)));
            for row in rows.iter_mut().take(rest) {
                *row = state.next::<MOVES>(*row, bias);
                core::mem::swap(&mut bias, &mut other);
            }
            if rest % 2 == 1 {
                core::mem::swap(&mut bias, &mut other);
            }
            let rows = A::transpose(rows);
            for (block, row) in blocks.iter_mut().zip(rows) {
                block.put::<A>(whole, row);
            }
        }
    }
    for (filters, state) in filters.iter_mut().zip(state) {
        state.store(filters);
    }
}

/// Four filters, number by number.
struct Filters<A: Arch> {
    y: A::F,
    d: A::F,
    e: A::F,
    b2: A::F,
    k: A::F,
    e_step: A::F,
    b2_step: A::F,
    k_step: A::F,
}

impl<A: Arch> Filters<A> {
    #[inline(always)]
    fn load(filters: &Four<FilterState>) -> Self {
        let [y, d, e, b2] = A::transpose(filters.each_ref().map(|f| A::load(&f.now)));
        let [k, e_step, b2_step, k_step] =
            A::transpose(filters.each_ref().map(|f| A::load(&f.steps)));
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
    fn next<const MOVES: bool>(&mut self, x: A::F, bias: A::F) -> A::F {
        let x = A::add(x, bias);
        let input = A::add(A::mul(self.k, x), A::mul(self.b2, self.d));
        self.d = A::sub(input, A::mul(self.e, self.y));
        self.y = A::add(self.y, self.d);
        if MOVES {
            self.e = A::add(self.e, self.e_step);
            self.b2 = A::add(self.b2, self.b2_step);
            self.k = A::add(self.k, self.k_step);
        }
        self.y
    }

    #[inline(always)]
    fn store(self, filters: &mut Four<FilterState>) {
        let now = A::transpose([self.y, self.d, self.e, self.b2]);
        let steps = A::transpose([self.k, self.e_step, self.b2_step, self.k_step]);
        for ((filter, now), steps) in filters.iter_mut().zip(now).zip(steps) {
            A::store(now, &mut filter.now);
            A::store(steps, &mut filter.steps);
        }
    }
}
