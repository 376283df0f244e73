// SPDX-License-Identifier: MIT OR Apache-2.0
//! Filters, eight voices at a time: what a voice's own samples wait for one after the other, eight voices have side by side.

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
    #[cfg(not(windows))]
    pub fn change(&self) -> [f32; 3] {
        let [_, e, b2, k] = self.steps.0;
        [e, b2, k]
    }
}

/// Eight voices.
pub type Eight<'a, T> = [&'a mut T; 2 * LANES];

/// Sends `frames` frames of `G` times eight voices through their filters, in place; `odd` is the parity of the first frame. Coefficients
/// move if `MOVES`.
#[inline(always)]
pub fn run<A: Arch, const G: usize, const MOVES: bool>(
    mut blocks: [Eight<Block>; G],
    mut filters: [Eight<FilterState>; G],
    odd: bool,
    frames: usize,
) {
    let bias = if odd { -BIAS } else { BIAS };
    let (bias, other) = (A::splat_wide(bias), A::splat_wide(-bias));
    let biases = [bias, other, bias, other];
    let zero = A::splat_wide(0.0);
    let mut states = [Filters::<A>::all(zero); G];
    for (state, filters) in states.iter_mut().zip(&filters) {
        *state = Filters::load(filters);
    }
    let whole = frames / LANES;
    for chunk in 0..whole {
        let mut all = [[zero; LANES]; G];
        for (rows, blocks) in all.iter_mut().zip(&blocks) {
            *rows = A::transpose_wide(read::<A>(blocks, chunk));
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
            put_rows::<A>(blocks, chunk, A::transpose_wide(rows));
        }
    }
    let rest = frames % LANES;
    if rest > 0 {
        for (blocks, state) in blocks.iter_mut().zip(&mut states) {
            let mut rows = A::transpose_wide(read::<A>(blocks, whole));
            for (row, bias) in rows.iter_mut().zip(biases).take(rest) {
                *row = state.next::<MOVES>(*row, bias);
            }
            put_rows::<A>(blocks, whole, A::transpose_wide(rows));
        }
    }
    for (filters, state) in filters.iter_mut().zip(states) {
        state.store(filters);
    }
}

/// Four frames of eight voices, a row for the first and the fifth voice, and so on.
#[inline(always)]
fn read<A: Arch>(blocks: &Eight<Block>, chunk: usize) -> [A::W; LANES] {
    let [a, b, c, d, e, f, g, h] = blocks;
    let (a, b, c, d) = (
        a.chunk(chunk),
        b.chunk(chunk),
        c.chunk(chunk),
        d.chunk(chunk),
    );
    let (e, f, g, h) = (
        e.chunk(chunk),
        f.chunk(chunk),
        g.chunk(chunk),
        h.chunk(chunk),
    );
    [
        A::get_wide([a, e]),
        A::get_wide([b, f]),
        A::get_wide([c, g]),
        A::get_wide([d, h]),
    ]
}

#[inline(always)]
fn put_rows<A: Arch>(blocks: &mut Eight<Block>, chunk: usize, rows: [A::W; LANES]) {
    let [a, b, c, d, e, f, g, h] = blocks;
    for (pair, row) in [[a, e], [b, f], [c, g], [d, h]].into_iter().zip(rows) {
        let [low, high] = pair;
        if let (Some(low), Some(high)) = (low.0.get_mut(chunk), high.0.get_mut(chunk)) {
            A::put_wide(row, [low, high]);
        }
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
