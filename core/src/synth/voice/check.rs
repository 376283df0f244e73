// SPDX-License-Identifier: MIT OR Apache-2.0
//! A voice beside its tone.

use super::{FADE, TICK, Voice};
use crate::synth::check::{Finding, near, that};
use crate::synth::tone::Tone;

/// +6 dB, and some rounding.
const LOUDEST: f32 = 2.0;

impl Voice {
    /// `to_tick` frames lie before the next control tick.
    pub(in crate::synth) fn check(&self, tone: &Tone, to_tick: u32) -> Result<(), Finding> {
        let at = tone.stand();
        let later = if self.is_steady() {
            0
        } else {
            self.left * TICK
        };
        // Of a plan that ends where an envelope turns, only what is left up to there.
        let ahead = match self.turn {
            0 => to_tick + later,
            turn => (turn + to_tick).saturating_sub(TICK),
        } as f32;
        for ((gain, step), goal) in at.gains.into_iter().zip(at.steps).zip(self.gains) {
            that(
                gain.abs() <= LOUDEST,
                "a gain is out of bounds",
                gain.into(),
                LOUDEST.into(),
            )?;
            let tolerance =
                4e-6 * (gain.abs() + goal.abs() + step.abs() * self.length as f32) + 1e-7;
            near(
                "a planned gain is not reached",
                gain + step * ahead,
                goal,
                tolerance,
            )?;
            if self.fading {
                that(
                    gain.abs() < 1e-6 || gain * step <= 0.0,
                    "a fading voice gets louder",
                    (gain * step).into(),
                    0.0,
                )?;
            }
        }
        let wanted = [
            self.coefficients.e,
            self.coefficients.b2 * at.rescaling,
            self.coefficients.k,
        ];
        let coefficients = at.coefficients.into_iter().flatten();
        for ((now, step), wanted) in coefficients.zip(at.moves).zip(wanted) {
            // Half of a last bit for each frame that is added up.
            let tolerance =
                (1e-5 + 6e-8 * self.length as f32) * (1.0 + now.abs().max(wanted.abs()));
            near(
                "a planned coefficient is not reached",
                now + step * ahead,
                wanted,
                tolerance,
            )?;
        }
        that(
            at.state.iter().all(|x| x.abs() < 64.0),
            "a filter's state is out of bounds",
            at.state[0].into(),
            64.0,
        )?;
        that(
            self.at <= TICK && self.now.fade <= FADE,
            "a voice's time is out of bounds",
            self.at.into(),
            TICK.into(),
        )?;
        if self.is_steady() {
            let steps = at.steps.into_iter().chain(at.moves);
            let most = steps.fold(0.0f32, |most, step| most.max(step.abs()));
            that(most == 0.0, "a steady voice moves", most.into(), 0.0)?;
            let over = self.now.eg1.is_over(&self.volume);
            that(!over, "a steady voice is over", 1.0, 0.0)?;
            that(
                self.level == self.wanted && !self.fading && !self.sweeping,
                "a steady voice has somewhere to go",
                1.0,
                0.0,
            )?;
        }
        Ok(())
    }
}
