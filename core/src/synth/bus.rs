// SPDX-License-Identifier: MIT OR Apache-2.0
//! The gain behind a port, and the mix of its voices and effects into the output.

use super::lanes::{LANES, Lanes};
use core::iter::repeat;

/// Gain of the next frame, its change per frame, and what it reaches at the next tick.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bus {
    gain: f32,
    step: f32,
    pub(super) goal: f32,
}

impl Bus {
    /// How much of a change of gain is made up per tick: 3 ms at 48 kHz.
    const SMOOTHING: f32 = 0.36;

    pub fn at(gain: f32) -> Self {
        Self {
            gain,
            step: 0.0,
            goal: gain,
        }
    }

    /// A control tick, `frames` before the next.
    pub fn tick(&mut self, wanted: f32, frames: u32) {
        self.gain = self.goal;
        let rest = wanted - self.goal;
        self.goal = if rest.abs() <= 1e-5 * wanted + 1e-9 {
            wanted
        } else {
            self.goal + rest * Self::SMOOTHING
        };
        self.step = (self.goal - self.gain) / frames.max(1) as f32;
    }

    /// Gain of the next frame.
    #[inline(always)]
    fn next_gain(&mut self) -> f32 {
        let gain = self.gain;
        self.gain += self.step;
        gain
    }

    /// Gains of the next four frames.
    #[inline(always)]
    fn next_gains(&mut self) -> Lanes {
        if self.step == 0.0 {
            // The same, and no frame waits for the one before.
            return Lanes::splat(self.gain);
        }
        Lanes([(); LANES].map(|()| self.next_gain()))
    }

    /// Adds the voices of a port, and what comes out of its effects to `out`; returns the highest sample it has added.
    /// All parts have one length.
    pub fn mix(
        &mut self,
        out: &mut [[f32; 2]],
        dry: (&[f32], &[f32]),
        wet: Option<(&[f32], &[f32])>,
    ) -> f32 {
        match wet {
            None => self.mix_with(out, dry, repeat([Lanes::ZERO; 2]), repeat([0.0; 2])),
            Some((left, right)) => {
                let ((left, left_rest), (right, right_rest)) =
                    (left.as_chunks::<LANES>(), right.as_chunks::<LANES>());
                let chunks = left.iter().zip(right);
                let rest = left_rest.iter().zip(right_rest);
                self.mix_with(
                    out,
                    dry,
                    chunks.map(|(left, right)| [Lanes(*left), Lanes(*right)]),
                    rest.map(|(left, right)| [*left, *right]),
                )
            }
        }
    }

    /// Four frames at a time, then the rest, with the same operations.
    #[inline(always)]
    fn mix_with(
        &mut self,
        out: &mut [[f32; 2]],
        (left, right): (&[f32], &[f32]),
        wet: impl Iterator<Item = [Lanes; 2]>,
        wet_rest: impl Iterator<Item = [f32; 2]>,
    ) -> f32 {
        let ((left, left_rest), (right, right_rest)) =
            (left.as_chunks::<LANES>(), right.as_chunks::<LANES>());
        let (chunks, out_rest) = out.as_chunks_mut::<LANES>();
        let mut peak = Lanes::ZERO;
        for ((frames, (left, right)), [wet_left, wet_right]) in
            chunks.iter_mut().zip(left.iter().zip(right)).zip(wet)
        {
            let gain = self.next_gains();
            let left = (Lanes(*left) + wet_left) * gain;
            let right = (Lanes(*right) + wet_right) * gain;
            peak = peak.max(left.abs()).max(right.abs());
            for (frame, (l, r)) in frames.iter_mut().zip(left.0.into_iter().zip(right.0)) {
                let [to_left, to_right] = frame;
                *to_left += l;
                *to_right += r;
            }
        }
        let mut peak = peak.highest();
        for ((frame, (left, right)), [wet_left, wet_right]) in out_rest
            .iter_mut()
            .zip(left_rest.iter().zip(right_rest))
            .zip(wet_rest)
        {
            let gain = self.next_gain();
            let left = (left + wet_left) * gain;
            let right = (right + wet_right) * gain;
            peak = peak.max(left.abs()).max(right.abs());
            let [to_left, to_right] = frame;
            *to_left += left;
            *to_right += right;
        }
        peak
    }
}
