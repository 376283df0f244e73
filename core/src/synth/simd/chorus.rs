// SPDX-License-Identifier: MIT OR Apache-2.0
//! The taps of a chorus, and what becomes of them; the gate before the effects.

use super::along::{Slope, eight, eight_from, put_eight};
use super::reverb::highest;
use super::{Arch, EFFECT_FRAMES};
use crate::synth::lanes::{LANES, Lanes};

/// Frames that are computed at once.
const EIGHT: usize = 2 * LANES;

/// Frames that are read for them.
const WINDOW: usize = EIGHT + 3;

/// Taps of a delay line for one block.
pub struct Taps<'a, const N: usize> {
    /// A ring, and behind it its first frames once more, for as long as a tap reads.
    pub ring: &'a [f32; N],
    /// Frames of the ring, a power of two.
    pub length: usize,
    /// Place of the block in the ring.
    pub at: usize,
    /// Frames from a tap's input to its output: more than two beyond a block, less than the ring by four.
    pub delays: [Slope; 2],
    /// Frames since the tick.
    pub offset: usize,
    pub frames: usize,
}

/// Reads the taps between frames (Catmull-Rom).
#[inline(always)]
pub fn read<A: Arch, const N: usize>(taps: &Taps<N>, out: &mut [[f32; EFFECT_FRAMES]; 2]) {
    let [one, two] = taps.delays;
    let from = A::load(&Lanes([one.from, one.from, two.from, two.from]));
    let step = A::load(&Lanes([one.step, one.step, two.step, two.step]));
    for place in 0..taps.frames.div_ceil(EIGHT).min(EFFECT_FRAMES / EIGHT) {
        let first = (taps.offset + EIGHT * place) as f32;
        // A tap moves one way within a tick: what holds at both ends holds between them.
        let ends = A::load(&Lanes([first, first + 7.0, first, first + 7.0]));
        let [a, b, c, d] = A::to_array(A::truncated(A::add(from, A::mul(step, ends))));
        let time = time::<A>(first);
        let wholes = [[a, b], [c, d]];
        for ((delay, [begin, end]), out) in taps.delays.iter().zip(wholes).zip(&mut *out) {
            let delay = delay.at::<A>(time);
            let oldest = taps.at + EIGHT * place + 2 * taps.length - 2;
            let frames = if begin == end {
                let t = A::sub_wide(delay, A::splat_wide(begin as f32));
                let start = oldest.wrapping_sub(begin as usize) & (taps.length - 1);
                let window = taps.ring.get(start..).and_then(|rest| rest.first_chunk());
                let window: &[f32; WINDOW] = window.unwrap_or(&[0.0; WINDOW]);
                let rows = [
                    eight_from::<A>(window, 0),
                    eight_from::<A>(window, 1),
                    eight_from::<A>(window, 2),
                    eight_from::<A>(window, 3),
                ];
                between::<A>(rows, t)
            } else {
                apart::<A, N>(taps, oldest, delay)
            };
            put_eight::<A>(out, place, frames);
        }
    }
}

/// A tap whose delay passes a whole number of frames: each frame is looked up by itself.
#[inline(always)]
fn apart<A: Arch, const N: usize>(taps: &Taps<N>, oldest: usize, delay: A::W) -> A::W {
    let mut delays = [[0.0; LANES]; 2];
    let [low, high] = &mut delays;
    A::put_wide(delay, [low, high]);
    let mut parts = [[0.0; LANES]; 2];
    let mut frames = [[[0.0; LANES]; 2]; 4];
    let all = delays.as_flattened().iter().zip(parts.as_flattened_mut());
    for (n, (delay, part)) in all.enumerate() {
        let whole = *delay as i32;
        *part = delay - whole as f32;
        let start = (oldest + n).wrapping_sub(whole as usize) & (taps.length - 1);
        let four = taps.ring.get(start..).unwrap_or_default();
        for (to, from) in frames.iter_mut().zip(four) {
            if let Some(to) = to.as_flattened_mut().get_mut(n) {
                *to = *from;
            }
        }
    }
    let [a, b, c, d] = &frames;
    let rows = [wide::<A>(a), wide::<A>(b), wide::<A>(c), wide::<A>(d)];
    between::<A>(rows, wide::<A>(&parts))
}

#[inline(always)]
fn wide<A: Arch>([low, high]: &[[f32; LANES]; 2]) -> A::W {
    A::get_wide([low, high])
}

/// From the third of four neighbours (`t` = 0) to the second (1).
#[inline(always)]
fn between<A: Arch>([before, to, from, behind]: [A::W; 4], t: A::W) -> A::W {
    let half = A::splat_wide(0.5);
    let slope = A::mul_wide(half, A::sub_wide(to, behind));
    let other_slope = A::mul_wide(half, A::sub_wide(before, from));
    let fall = A::sub_wide(from, to);
    let sum = A::add_wide(slope, fall);
    let twist = A::add_wide(A::add_wide(sum, fall), other_slope);
    let bend = A::add_wide(sum, twist);
    let curve = A::sub_wide(A::mul_wide(twist, t), bend);
    A::add_wide(
        A::mul_wide(A::add_wide(A::mul_wide(curve, t), slope), t),
        from,
    )
}

/// What becomes of the taps in one block.
pub struct Wet<'a> {
    pub taps: &'a [[f32; EFFECT_FRAMES]; 2],
    pub input: &'a [f32; EFFECT_FRAMES],
    /// Gain of the sum of both taps into the line, and where the line's next block goes.
    pub feedback: Slope,
    pub next: &'a mut [f32; EFFECT_FRAMES],
    /// Each tap is added to its side.
    pub gain: Slope,
    pub sides: [&'a mut [f32; EFFECT_FRAMES]; 2],
    /// Gain of the sum of what was added to the sides into the reverb.
    pub to_reverb: Slope,
    pub reverb: &'a mut [f32; EFFECT_FRAMES],
    /// Frames since the tick.
    pub offset: usize,
    pub frames: usize,
    /// What is smaller becomes 0.
    pub least: f32,
}

/// Feeds the line and adds the taps; the highest magnitude of them and of what was fed.
#[inline(always)]
pub fn run<A: Arch>(wet: Wet) -> f32 {
    let [first, second] = wet.taps;
    let [left, right] = wet.sides;
    let mut peak = A::splat_wide(0.0);
    let mut rest = wet.frames;
    for place in 0..wet.frames.div_ceil(EIGHT).min(EFFECT_FRAMES / EIGHT) {
        let time = time::<A>((wet.offset + EIGHT * place) as f32);
        let (a, b) = (eight::<A>(first, place), eight::<A>(second, place));
        let fed = A::mul_wide(wet.feedback.at::<A>(time), A::add_wide(a, b));
        let fed = A::add_wide(eight::<A>(wet.input, place), fed);
        let fed = A::without_small_wide(fed, wet.least);
        put_eight::<A>(wet.next, place, fed);
        let most = A::max_wide(A::abs_wide(fed), A::abs_wide(a));
        let mut most = A::max_wide(most, A::abs_wide(b));
        if rest < EIGHT {
            most = first_of::<A>(most, rest);
        }
        peak = A::max_wide(peak, most);
        rest = rest.saturating_sub(EIGHT);

        let gain = wet.gain.at::<A>(time);
        let (l, r) = (A::mul_wide(a, gain), A::mul_wide(b, gain));
        put_eight::<A>(left, place, A::add_wide(eight::<A>(left, place), l));
        put_eight::<A>(right, place, A::add_wide(eight::<A>(right, place), r));
        if wet.to_reverb != Slope::ZERO {
            let sum = A::mul_wide(A::add_wide(l, r), wet.to_reverb.at::<A>(time));
            let sum = A::add_wide(eight::<A>(wet.reverb, place), sum);
            put_eight::<A>(wet.reverb, place, sum);
        }
    }
    highest::<A>(peak)
}

/// What a gate lets through: magnitudes from `floor` on, up to `ceiling`; what is not a number becomes nothing.
#[derive(Clone, Copy)]
pub struct Gate {
    pub floor: f32,
    pub ceiling: f32,
}

/// A bus through a gate, and silence behind its end; the highest magnitude.
#[inline(always)]
pub fn take<A: Arch>(gate: Gate, bus: &[f32], out: &mut [f32; EFFECT_FRAMES]) -> f32 {
    let (ceiling, floor) = (A::splat_wide(gate.ceiling), A::splat_wide(-gate.ceiling));
    let mut peak = A::splat_wide(0.0);
    let (chunks, rest) = bus.as_chunks::<EIGHT>();
    let mut last = [0.0; EIGHT];
    for (to, x) in last.iter_mut().zip(rest) {
        *to = *x;
    }
    let silence = [0.0; EIGHT];
    let all = chunks
        .iter()
        .chain([&last])
        .chain(core::iter::repeat(&silence));
    for (place, x) in (0..EFFECT_FRAMES / EIGHT).zip(all) {
        let x = A::without_small_wide(eight_from::<A>(x, 0), gate.floor);
        let x = A::max_wide(A::min_wide(x, ceiling), floor);
        peak = A::max_wide(peak, A::abs_wide(x));
        put_eight::<A>(out, place, x);
    }
    highest::<A>(peak)
}

/// Numbers of eight frames.
#[inline(always)]
fn time<A: Arch>(first: f32) -> A::W {
    let count = A::get_wide([&[0.0, 1.0, 2.0, 3.0], &[4.0, 5.0, 6.0, 7.0]]);
    A::add_wide(A::splat_wide(first), count)
}

/// The first `count` of eight, and zeros.
#[inline(always)]
fn first_of<A: Arch>(x: A::W, count: usize) -> A::W {
    let mut halves = [Lanes::ZERO; 2];
    let [low, high] = &mut halves;
    A::put_wide(x, [&mut low.0, &mut high.0]);
    let (low, high) = (low.first(count), high.first(count.saturating_sub(LANES)));
    A::get_wide([&low.0, &high.0])
}
