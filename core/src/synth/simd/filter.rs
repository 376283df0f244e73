// SPDX-License-Identifier: MIT OR Apache-2.0
//! Filters, eight voices at a time: what a voice's own samples wait for one after the other, eight voices have side by side.
//!
//! The filter is `d = k·x + b2·d - e·y; y += d` ([`Coefficients`](crate::synth::filter::Coefficients)). Written so, a frame waits for the one before it
//! for two sums and a product. Here the `y` that is carried is the one before the last: with `y + d` in its place the first line reads
//! `d = (k·x - e·y) + (b2 - e)·d`, and only one sum and one product lie between `d` and the next.

use super::{Arch, CHUNKS, EIGHT, Place};
use crate::synth::lanes::{LANES, Lanes};

/// Alternates in sign from frame to frame at the filter's input and keeps its state out of the denormals: -270 dB of full scale.
const BIAS: f32 = 3.3e-5;

/// What a voice's filter carries from frame to frame, and what it is at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(C)]
pub struct FilterState {
    /// y before the last frame, its change d in the last frame, e, b2
    now: Lanes,
    /// k, and the change of e, b2 and k per frame.
    steps: Lanes,
}

impl FilterState {
    pub const REST: Self = Self {
        now: Lanes::ZERO,
        steps: Lanes::ZERO,
    };

    /// y before the last frame, and d of the last frame: what was put out last is their sum.
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

/// Sends `frames` frames of eight voices through their filters, in place; `odd` is the parity of the first frame. Coefficients move if
/// `MOVES`.
#[inline(always)]
pub fn run<A: Arch, const MOVES: bool>(places: &mut [Place; EIGHT], odd: bool, frames: usize) {
    let biases = biases::<A>(odd);
    let mut state = Filters::<A>::load(places);
    let whole = (frames / LANES).min(CHUNKS);
    for chunk in 0..whole {
        let [a, b, c, d] = A::transpose_wide(read::<A>(places, chunk));
        let [even, odd] = biases;
        let rows = [
            state.next::<MOVES>(a, even),
            state.next::<MOVES>(b, odd),
            state.next::<MOVES>(c, even),
            state.next::<MOVES>(d, odd),
        ];
        write::<A>(places, chunk, A::transpose_wide(rows));
    }
    rest::<A, MOVES>(&mut state, places, biases, frames % LANES, whole);
    state.store(places);
}

/// The same with twice as many voices: while one half waits for its last frame the other goes on.
#[inline(always)]
pub fn run_two<A: Arch, const MOVES: bool>(
    [first, second]: &mut [[Place; EIGHT]; 2],
    odd: bool,
    frames: usize,
) {
    let biases = biases::<A>(odd);
    let mut one = Filters::<A>::load(first);
    let mut two = Filters::<A>::load(second);
    let whole = (frames / LANES).min(CHUNKS);
    for chunk in 0..whole {
        let [a, b, c, d] = A::transpose_wide(read::<A>(first, chunk));
        let [e, f, g, h] = A::transpose_wide(read::<A>(second, chunk));
        let [even, odd] = biases;
        let (a, e) = (one.next::<MOVES>(a, even), two.next::<MOVES>(e, even));
        let (b, f) = (one.next::<MOVES>(b, odd), two.next::<MOVES>(f, odd));
        let (c, g) = (one.next::<MOVES>(c, even), two.next::<MOVES>(g, even));
        let (d, h) = (one.next::<MOVES>(d, odd), two.next::<MOVES>(h, odd));
        write::<A>(first, chunk, A::transpose_wide([a, b, c, d]));
        write::<A>(second, chunk, A::transpose_wide([e, f, g, h]));
    }
    rest::<A, MOVES>(&mut one, first, biases, frames % LANES, whole);
    rest::<A, MOVES>(&mut two, second, biases, frames % LANES, whole);
    one.store(first);
    two.store(second);
}

/// The biases of the first frame and of the second.
#[inline(always)]
fn biases<A: Arch>(odd: bool) -> [A::W; 2] {
    let bias = if odd { -BIAS } else { BIAS };
    [A::splat_wide(bias), A::splat_wide(-bias)]
}

/// The last frames, which fill no register.
#[inline(always)]
fn rest<A: Arch, const MOVES: bool>(
    state: &mut Filters<A>,
    places: &mut [Place; EIGHT],
    [even, odd]: [A::W; 2],
    count: usize,
    chunk: usize,
) {
    if count > 0 {
        let mut rows = A::transpose_wide(read::<A>(places, chunk));
        for (row, bias) in rows.iter_mut().zip([even, odd, even]).take(count) {
            *row = state.next::<MOVES>(*row, bias);
        }
        write::<A>(places, chunk, A::transpose_wide(rows));
    }
}

/// Four frames of eight voices: the first and the fifth voice in a register, and so on.
#[inline(always)]
fn read<A: Arch>(places: &[Place; EIGHT], chunk: usize) -> [A::W; LANES] {
    let [a, b, c, d, e, f, g, h] = places;
    let pair =
        |low: &Place, high: &Place| A::get_wide([low.block.chunk(chunk), high.block.chunk(chunk)]);
    [pair(a, e), pair(b, f), pair(c, g), pair(d, h)]
}

#[inline(always)]
fn write<A: Arch>(places: &mut [Place; EIGHT], chunk: usize, rows: [A::W; LANES]) {
    let [a, b, c, d, e, f, g, h] = places;
    for ((low, high), row) in [(a, e), (b, f), (c, g), (d, h)].into_iter().zip(rows) {
        if let (Some(low), Some(high)) = (low.block.0.get_mut(chunk), high.block.0.get_mut(chunk)) {
            A::put_wide(row, [low, high]);
        }
    }
}

/// Eight filters, number by number.
#[derive(Clone, Copy)]
struct Filters<A: Arch> {
    /// What was put out before the last frame.
    y: A::W,
    d: A::W,
    /// What was put out last: y + d.
    out: A::W,
    /// b2 - e, while neither moves.
    c: A::W,
    e: A::W,
    b2: A::W,
    k: A::W,
    e_step: A::W,
    b2_step: A::W,
    k_step: A::W,
}

impl<A: Arch> Filters<A> {
    #[inline(always)]
    fn load(places: &[Place; EIGHT]) -> Self {
        let [a, b, c, d, e, f, g, h] = places.each_ref().map(|place| &place.filter);
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
            out: A::add_wide(y, d),
            c: A::sub_wide(b2, e),
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
        let input = A::sub_wide(A::mul_wide(self.k, x), A::mul_wide(self.e, self.y));
        self.y = self.out;
        let c = if MOVES {
            A::sub_wide(self.b2, self.e)
        } else {
            self.c
        };
        self.d = A::add_wide(input, A::mul_wide(c, self.d));
        self.out = A::add_wide(self.y, self.d);
        if MOVES {
            self.e = A::add_wide(self.e, self.e_step);
            self.b2 = A::add_wide(self.b2, self.b2_step);
            self.k = A::add_wide(self.k, self.k_step);
        }
        self.out
    }

    #[inline(always)]
    fn store(self, places: &mut [Place; EIGHT]) {
        let now = A::transpose_wide([self.y, self.d, self.e, self.b2]);
        let steps = A::transpose_wide([self.k, self.e_step, self.b2_step, self.k_step]);
        let [a, b, c, d, e, f, g, h] = places.each_mut().map(|place| &mut place.filter);
        let pairs = [[a, e], [b, f], [c, g], [d, h]];
        for (([low, high], now), steps) in pairs.into_iter().zip(now).zip(steps) {
            A::put_wide(now, [&mut low.now.0, &mut high.now.0]);
            A::put_wide(steps, [&mut low.steps.0, &mut high.steps.0]);
        }
    }
}
