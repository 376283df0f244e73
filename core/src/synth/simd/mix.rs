// SPDX-License-Identifier: MIT OR Apache-2.0
//! Voices into buses.

use super::{Arch, Block};
use crate::synth::lanes::{LANES, Lanes};

/// The gain of a voice into some buses: a line through time. What it is at a frame depends on nothing but the frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Amplifier<const N: usize> {
    pub from: [f32; N],
    /// Change per frame.
    pub step: [f32; N],
    /// Frames since it was at `from`.
    pub passed: u32,
}

impl<const N: usize> Amplifier<N> {
    pub const MUTE: Self = Self {
        from: [0.0; N],
        step: [0.0; N],
        passed: 0,
    };

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

    /// Gains of the next frame.
    #[inline(always)]
    pub fn now(&self) -> [f32; N] {
        let mut now = self.from;
        let passed = self.passed as f32;
        for (gain, step) in now.iter_mut().zip(self.step) {
            *gain += step * passed;
        }
        now
    }
}

/// Numbers of the first four frames.
const FIRST: Lanes = Lanes([0.0, 1.0, 2.0, 3.0]);

/// Adds `frames` frames of `V` voices, one after the other, to buses; what lies behind the last frame means nothing. Gains move if `MOVES`.
#[inline(always)]
pub fn run<A: Arch, const V: usize, const N: usize, const MOVES: bool>(
    voices: [&Block; V],
    amplifiers: [&Amplifier<N>; V],
    buses: &mut [&mut Block; N],
    frames: usize,
) {
    let splat = |x: f32| A::load(&Lanes::splat(x));
    let from = amplifiers.map(|amplifier| amplifier.from.map(splat));
    let step = amplifiers.map(|amplifier| amplifier.step.map(splat));
    let mut time =
        amplifiers.map(|amplifier| A::add(splat(amplifier.passed as f32), A::load(&FIRST)));
    let four = splat(LANES as f32);
    for chunk in 0..frames.div_ceil(LANES) {
        let mut sums = buses.each_ref().map(|bus| bus.chunk::<A>(chunk));
        let gains = from.iter().zip(&step).zip(&mut time);
        for (voice, ((from, step), time)) in voices.iter().zip(gains) {
            let x = voice.chunk::<A>(chunk);
            for (sum, (from, step)) in sums.iter_mut().zip(from.iter().zip(step)) {
                let gain = if MOVES {
                    A::add(*from, A::mul(*step, *time))
                } else {
                    *from
                };
                *sum = A::add(*sum, A::mul(x, gain));
            }
            if MOVES {
                *time = A::add(*time, four);
            }
        }
        for (bus, sum) in buses.iter_mut().zip(sums) {
            bus.put::<A>(chunk, sum);
        }
    }
}
