// SPDX-License-Identifier: MIT OR Apache-2.0
//! Low-frequency oscillators: a sine that starts with phase 0 after its delay.

use super::math;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lfo {
    /// In turns of 2^32.
    phase: u32,
    /// Frames until it starts.
    delay: u32,
}

impl Lfo {
    pub const fn new(delay: u32) -> Self {
        Self { phase: 0, delay }
    }

    /// Moves on by `frames` at `step` (turns of 2^32 per frame).
    #[inline]
    pub fn advance(&mut self, step: u32, frames: u32) {
        let waited = self.delay.min(frames);
        self.delay -= waited;
        self.phase = self.phase.wrapping_add(step.wrapping_mul(frames - waited));
    }

    /// Frames for which a straight line is as good: while it waits, and for a 16th of a turn (in the middle of the way it lies 2 % of the depth off);
    /// or for a `part` of that.
    #[inline]
    pub fn straight(&self, step: u32, part: f32) -> u32 {
        const SIXTEENTH: f32 = (1u32 << 28) as f32;
        self.turns(step, (SIXTEENTH * part) as u32)
    }

    /// Frames that a part of a turn (of 2^32) takes; while it waits, those of its delay.
    #[inline]
    pub fn turns(&self, step: u32, part: u32) -> u32 {
        if self.delay > 0 {
            self.delay
        } else {
            part.checked_div(step).unwrap_or(u32::MAX)
        }
    }

    /// -1..=1.
    #[inline]
    pub fn value(&self) -> f32 {
        math::sine(self.phase)
    }
}
