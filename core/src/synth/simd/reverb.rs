// SPDX-License-Identifier: MIT OR Apache-2.0
//! The parts of a reverb: all-passes in a row, and eight delay lines that feed each other.
//!
//! Every delay is a block at least, so that a block can be read before it is written: all but the low-passes runs along time.

use super::along::{Slope, eight, put_eight};
use super::{Arch, EFFECT_FRAMES};
use crate::synth::lanes::{LANES, Lanes};

/// A block, and what is read beyond it between two frames.
const SPAN: usize = EFFECT_FRAMES + LANES;

/// Lines of the network.
pub const LINES: usize = 8;

/// What has come out of a delay line, and where its next block goes.
pub type Passage<'a, const N: usize> = (&'a [f32; N], &'a mut [f32; EFFECT_FRAMES]);

/// All-passes in a row.
pub struct AllPasses<'a, const N: usize> {
    pub lines: [Passage<'a, EFFECT_FRAMES>; N],
    pub gains: [f32; N],
    /// What comes out is fed back.
    pub feedback: bool,
    /// What is smaller becomes 0.
    pub least: f32,
}

/// Sends `frames` frames of a block through all-passes, in place.
#[inline(always)]
pub fn diffuse<A: Arch, const N: usize>(
    mut passes: AllPasses<N>,
    block: &mut [f32; EFFECT_FRAMES],
    frames: usize,
) {
    let back = if passes.feedback { 1.0 } else { 0.0 };
    for place in 0..frames.div_ceil(2 * LANES) {
        let mut x = eight::<A>(block, place);
        for ((past, next), gain) in passes.lines.iter_mut().zip(passes.gains) {
            let delayed = eight::<A>(past, place);
            let fed = A::mul_wide(A::splat_wide(back * gain), delayed);
            let kept = A::without_small_wide(A::sub_wide(x, fed), passes.least);
            put_eight::<A>(next, place, kept);
            x = A::add_wide(delayed, A::mul_wide(A::splat_wide(gain), kept));
        }
        put_eight::<A>(block, place, x);
    }
}

/// The network of a reverb for one block. Its lines are read between two frames, go through a low-pass each, and then as sums and
/// differences (a Hadamard matrix) out and back into the lines.
pub struct Network<'a> {
    /// From a frame before the block on.
    pub lines: [Passage<'a, SPAN>; LINES],
    /// Part of the older frame in what is read.
    pub parts: [Slope; LINES],
    /// Of the low-passes: what a state keeps, and the states.
    pub damping: [f32; LINES],
    pub low: &'a mut [Lanes; 2],
    /// What of each sum goes back.
    pub loss: [f32; LINES],
    pub input: &'a [f32; EFFECT_FRAMES],
    pub input_gain: f32,
    /// The second and the third sum are added here, with a gain.
    pub sides: [&'a mut [f32; EFFECT_FRAMES]; 2],
    pub gain: Slope,
    /// Frames since the tick.
    pub offset: usize,
    pub frames: usize,
    /// What is smaller becomes 0.
    pub least: f32,
}

/// Runs a network; the highest magnitude that was added to the sides.
#[inline(always)]
pub fn run<A: Arch>(network: Network) -> f32 {
    let Network {
        mut lines,
        parts,
        damping,
        low: state,
        loss,
        input,
        input_gain,
        sides: [left, right],
        gain,
        offset,
        frames,
        least,
    } = network;
    let from = beside::<A>(parts.map(|part| part.from));
    let step = beside::<A>(parts.map(|part| part.step));
    let loss = beside::<A>(loss);
    let keep = one_each::<A>(damping);
    let share = one_each::<A>(damping.map(|damping| 1.0 - damping));
    let mut low = {
        let [first, second] = &*state;
        A::get_wide([&first.0, &second.0])
    };
    // At every fourth frame of a tick states are kept out of the denormals: where a call begins changes nothing.
    let whole = offset.wrapping_neg() % LANES;
    let mut peak = A::splat_wide(0.0);
    let mut rest = frames;
    for chunk in 0..frames.div_ceil(LANES).min(EFFECT_FRAMES / LANES) {
        let time = time::<A>(offset + LANES * chunk);
        let [a, b, c, d, e, f, g, h] = &lines;
        let mut rows = [A::splat_wide(0.0); LANES];
        let pairs = [[a.0, e.0], [b.0, f.0], [c.0, g.0], [d.0, h.0]];
        for (((row, pair), from), step) in rows.iter_mut().zip(pairs).zip(from).zip(step) {
            let [old, new] = old_and_new::<A>(pair, chunk);
            let part = A::add_wide(from, A::mul_wide(step, time));
            *row = A::add_wide(new, A::mul_wide(part, A::sub_wide(old, new)));
        }
        // High frequencies go sooner: frame by frame.
        let mut one_by_one = A::transpose_wide(rows);
        let mut before = low;
        for (i, row) in one_by_one.iter_mut().enumerate() {
            if i == whole {
                low = A::without_small_wide(low, least);
            }
            low = A::add_wide(A::mul_wide(keep, low), A::mul_wide(share, *row));
            *row = low;
        }
        if rest < LANES {
            for row in one_by_one.iter().take(rest) {
                before = *row;
            }
            low = before;
        }
        let [a, b, c, d] = A::transpose_wide(one_by_one);
        let (a, b, c, d) = (A::turned(a), A::turned(b), A::turned(c), A::turned(d));
        let (a, b, c, d) = (
            A::add_wide(a, c),
            A::add_wide(b, d),
            A::sub_wide(a, c),
            A::sub_wide(b, d),
        );
        let sums = [
            A::add_wide(a, b),
            A::sub_wide(a, b),
            A::add_wide(c, d),
            A::sub_wide(c, d),
        ];

        let [_, second, third, _] = sums;
        let out = A::mul_wide(A::lows(second, third), gain.at::<A>(time));
        let out = A::without_small_wide(out, least);
        if let (Some(left), Some(right)) = (four_mut(left, chunk), four_mut(right, chunk)) {
            A::put_wide(A::add_wide(A::get_wide([left, right]), out), [left, right]);
        }
        let size = A::abs_wide(out);
        peak = A::max_wide(
            peak,
            if rest < LANES {
                first::<A>(size, rest)
            } else {
                size
            },
        );

        let (input, _) = input.as_chunks();
        let x = A::both(input.get(chunk).unwrap_or(&[0.0; LANES]));
        let x = A::mul_wide(x, A::splat_wide(input_gain));
        let [a, b, c, d, e, f, g, h] = &mut lines;
        let pairs = [
            [&mut a.1, &mut e.1],
            [&mut b.1, &mut f.1],
            [&mut c.1, &mut g.1],
            [&mut d.1, &mut h.1],
        ];
        for (([low, high], sum), loss) in pairs.into_iter().zip(sums).zip(loss) {
            let y = A::add_wide(A::mul_wide(sum, loss), x);
            if let (Some(low), Some(high)) = (four_mut(low, chunk), four_mut(high, chunk)) {
                A::put_wide(A::without_small_wide(y, least), [low, high]);
            }
        }
        rest = rest.saturating_sub(LANES);
    }
    let [first, second] = state;
    A::put_wide(low, [&mut first.0, &mut second.0]);
    highest::<A>(peak)
}

/// Four frames at a chunk and the four that begin a frame later, of two lines.
#[inline(always)]
fn old_and_new<A: Arch>([low, high]: [&[f32; SPAN]; 2], chunk: usize) -> [A::W; 2] {
    let ([_, low_later @ ..], [_, high_later @ ..]) = (low, high);
    [
        A::get_wide([four(low, chunk), four(high, chunk)]),
        A::get_wide([four(low_later, chunk), four(high_later, chunk)]),
    ]
}

#[inline(always)]
fn four(frames: &[f32], chunk: usize) -> &[f32; LANES] {
    frames.as_chunks().0.get(chunk).unwrap_or(&[0.0; LANES])
}

#[inline(always)]
fn four_mut(frames: &mut [f32; EFFECT_FRAMES], chunk: usize) -> Option<&mut [f32; LANES]> {
    frames.as_chunks_mut().0.get_mut(chunk)
}

/// A number of each line, for four frames: a line and the one four further on lie side by side.
#[inline(always)]
fn beside<A: Arch>([a, b, c, d, e, f, g, h]: [f32; LINES]) -> [A::W; LANES] {
    [
        A::get_wide([&[a; LANES], &[e; LANES]]),
        A::get_wide([&[b; LANES], &[f; LANES]]),
        A::get_wide([&[c; LANES], &[g; LANES]]),
        A::get_wide([&[d; LANES], &[h; LANES]]),
    ]
}

/// A number of each line, for one frame.
#[inline(always)]
fn one_each<A: Arch>([a, b, c, d, e, f, g, h]: [f32; LINES]) -> A::W {
    A::get_wide([&[a, b, c, d], &[e, f, g, h]])
}

/// Numbers of four frames from one on, in both halves.
#[inline(always)]
fn time<A: Arch>(frame: usize) -> A::W {
    A::add_wide(A::splat_wide(frame as f32), A::both(&[0.0, 1.0, 2.0, 3.0]))
}

/// The first `count` of either half, and zeros.
#[inline(always)]
fn first<A: Arch>(x: A::W, count: usize) -> A::W {
    let mut halves = [Lanes::ZERO; 2];
    let [low, high] = &mut halves;
    A::put_wide(x, [&mut low.0, &mut high.0]);
    let [low, high] = halves.map(|half| half.first(count));
    A::get_wide([&low.0, &high.0])
}

/// The highest of eight.
#[inline(always)]
pub fn highest<A: Arch>(x: A::W) -> f32 {
    let mut halves = [Lanes::ZERO; 2];
    let [low, high] = &mut halves;
    A::put_wide(x, [&mut low.0, &mut high.0]);
    let [low, high] = halves;
    low.max(high).highest()
}
