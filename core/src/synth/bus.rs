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

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    /// What comes out where ones go in: the gains, on both sides.
    fn gains(bus: &mut Bus, frames: usize) -> Vec<f32> {
        let ones = alloc::vec![1.0; frames];
        let mut out = alloc::vec![[0.0; 2]; frames];
        bus.mix(&mut out, (&ones, &ones), None);
        out.iter()
            .map(|[left, right]| (left + right) / 2.0)
            .collect()
    }

    /// A straight line from tick to tick, each of which makes up for the same part of what is left; in the end it stands exactly there.
    #[test]
    fn a_gain_moves_in_straight_lines() {
        const FRAMES: usize = 64;
        for wanted in [1.0, 0.25, 0.0] {
            let mut bus = Bus::at(0.5);
            let mut from = 0.5f32;
            for _ in 0..60 {
                bus.tick(wanted, FRAMES as u32);
                let to = from + (wanted - from) * Bus::SMOOTHING;
                for (n, gain) in gains(&mut bus, FRAMES).into_iter().enumerate() {
                    let expected = from + (to - from) * n as f32 / FRAMES as f32;
                    assert!(
                        (gain - expected).abs() < 2e-5,
                        "{wanted}, {n}: {gain}, not {expected}"
                    );
                }
                from = to;
            }
            bus.tick(wanted, FRAMES as u32);
            assert_eq!(gains(&mut bus, 5), [wanted; 5]);
        }
    }

    /// Wherever the highest sample lies, on whichever side: behind the last four frames too.
    #[test]
    fn the_peak_is_the_highest_sample() {
        for frames in 1..12 {
            for at in 0..frames {
                for (side, sign) in [(0, 1.0), (0, -1.0), (1, 1.0), (1, -1.0)] {
                    let mut sides = [alloc::vec![0.1; frames], alloc::vec![0.1; frames]];
                    sides[side][at] = 0.75 * sign;
                    let mut out = alloc::vec![[0.0; 2]; frames];
                    let peak = Bus::at(2.0).mix(&mut out, (&sides[0], &sides[1]), None);
                    assert_eq!(peak, 1.5, "{at} of {frames}, side {side}");
                    assert_eq!(out[at][side], 1.5 * sign);
                }
            }
        }
    }
}
