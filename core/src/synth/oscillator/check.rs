// SPDX-License-Identifier: MIT OR Apache-2.0
//! A window beside the wave it is a copy of.

use super::{Oscillator, Source, Window};
use crate::synth::check::{Finding, that};

impl Oscillator {
    pub fn check(&self, window: &Window) -> Result<(), Finding> {
        let (Some(wave), true) = (&self.wave, self.limit > self.position) else {
            // It chooses anew before it reads.
            return Ok(());
        };
        if self.source != Source::Window {
            return Ok(());
        }
        for (frame, index) in window.frames.iter().zip(window.start..) {
            // The window was filled before or after the first turn of the loop; only what comes is the same in both.
            if index < (self.position >> 32) as i64 {
                continue;
            }
            let wanted = self.frame_at(wave.frames(), index);
            that(
                *frame == wanted,
                "a window is stale",
                f64::from(*frame),
                f64::from(wanted),
            )?;
        }
        Ok(())
    }
}
