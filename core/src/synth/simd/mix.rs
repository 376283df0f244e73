// SPDX-License-Identifier: MIT OR Apache-2.0
//! Voices into buses.

use super::{Arch, Block};
use crate::synth::lanes::LANES;

/// The gain of a voice into some buses: a line through time. What it is at a frame depends on nothing but the frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Amplifier<const N: usize> {
    pub from: [f32; N],
    /// Change per frame.
    pub step: [f32; N],
}

impl<const N: usize> Amplifier<N> {
    /// It does not stand still.
    #[inline(always)]
    pub fn moves(&self) -> bool {
        self.step != [0.0; N]
    }

    /// Nothing passes.
    #[inline(always)]
    pub fn is_mute(&self) -> bool {
        self.from == [0.0; N] && !self.moves()
    }
}

/// A voice's samples, and what becomes of them.
#[derive(Clone, Copy)]
pub struct Playing<'a, const N: usize> {
    pub block: &'a Block,
    pub amplifier: Amplifier<N>,
    /// Frames since the amplifier was where its line begins.
    pub passed: u32,
}

/// Numbers of the first eight frames.
const FIRST: [[f32; LANES]; 2] = [[0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 7.0]];

/// Adds `frames` frames of `V` voices, one after the other, to buses; what lies behind the last frame means nothing. Gains move if `MOVES`.
#[inline(always)]
pub fn run<A: Arch, const V: usize, const N: usize, const MOVES: bool>(
    voices: [Playing<N>; V],
    buses: &mut [&mut Block; N],
    frames: usize,
) {
    let (zero, eight) = (A::splat_wide(0.0), A::splat_wide(8.0));
    let (mut from, mut step, mut time) = ([[zero; N]; V], [[zero; N]; V], [zero; V]);
    let [low, high] = &FIRST;
    let first = A::get_wide([low, high]);
    let lines = from.iter_mut().zip(&mut step).zip(&mut time);
    for (((from, step), time), voice) in lines.zip(&voices) {
        let Amplifier {
            from: gain,
            step: change,
        } = &voice.amplifier;
        for ((from, gain), (step, change)) in
            from.iter_mut().zip(gain).zip(step.iter_mut().zip(change))
        {
            (*from, *step) = (A::splat_wide(*gain), A::splat_wide(*change));
        }
        *time = A::add_wide(A::splat_wide(voice.passed as f32), first);
    }
    for place in 0..frames.div_ceil(2 * LANES) {
        let mut sums = [zero; N];
        for (sum, bus) in sums.iter_mut().zip(&*buses) {
            *sum = get::<A>(bus, place);
        }
        let gains = from.iter().zip(&step).zip(&mut time);
        for (voice, ((from, step), time)) in voices.iter().zip(gains) {
            let x = get::<A>(voice.block, place);
            for (sum, (from, step)) in sums.iter_mut().zip(from.iter().zip(step)) {
                let gain = if MOVES {
                    A::add_wide(*from, A::mul_wide(*step, *time))
                } else {
                    *from
                };
                *sum = A::add_wide(*sum, A::mul_wide(x, gain));
            }
            if MOVES {
                *time = A::add_wide(*time, eight);
            }
        }
        for (bus, sum) in buses.iter_mut().zip(sums) {
            let (pairs, _) = bus.0.as_chunks_mut::<2>();
            if let Some([low, high]) = pairs.get_mut(place) {
                A::put_wide(sum, [low, high]);
            }
        }
    }
}

/// Eight frames.
#[inline(always)]
fn get<A: Arch>(block: &Block, place: usize) -> A::W {
    let (pairs, _) = block.0.as_chunks::<2>();
    let [low, high] = pairs.get(place).unwrap_or(&[[0.0; LANES]; 2]);
    A::get_wide([low, high])
}
