// SPDX-License-Identifier: MIT OR Apache-2.0
//! The limiter behind all ports: no sample leaves full scale.
//!
//! It has no look-ahead, so that every event stays at its frame: the gain falls at the very sample that needs it, stays for
//! [`HOLD`] and comes back slowly. Up to [`THRESHOLD`] it does nothing at all; above, levels bend towards full scale without reaching it.
//!
//! The hold is longer than a period of the lowest tone that is heard: the gain of a steady tone is constant, so that it is not
//! distorted once its first peak has been.

/// -1 dB of full scale.
const THRESHOLD: f32 = 0.891_250_9;

/// No mix of voices comes here; what does is not let to hold the gain down for long.
const CEILING: f32 = 1024.0;

/// Seconds for which a peak counts in full: a period of 28 Hz.
const HOLD: f32 = 0.036;

/// A peak that is lower than the highest by no more than this factor counts as high: samples do not meet each crest alike.
const AGAIN: f32 = 0.998;

/// Seconds in which the gain recovers by a factor of e, after the hold.
const RELEASE: f32 = 0.08;

#[derive(Clone, Copy, Debug, Default)]
pub struct Limiter {
    /// Peak that has been and fades; 0 while the limiter does nothing.
    level: f32,
    /// Fading per frame.
    fall: f32,
    /// Frames of a hold, and how many of this one are left.
    hold: u32,
    left: u32,
}

impl Limiter {
    /// A limiter at rest for a rate.
    pub fn new(rate: u32) -> Self {
        Self {
            level: 0.0,
            fall: 1.0 - 1.0 / (RELEASE * rate.max(1) as f32).max(2.0),
            hold: (HOLD * rate as f32) as u32,
            left: 0,
        }
    }

    /// Limits a block in place. What is not finite becomes silence, at its frame alone.
    pub fn process(&mut self, out: &mut [[f32; 2]]) {
        let fits = |x: f32| x.abs() <= THRESHOLD;
        if self.level == 0.0
            && out
                .iter()
                .fold(true, |all, &[l, r]| all & fits(l) & fits(r))
        {
            return;
        }
        for frame in out {
            let [left, right] = frame.map(|x| {
                if x.is_finite() {
                    x.clamp(-CEILING, CEILING)
                } else {
                    0.0
                }
            });
            let peak = left.abs().max(right.abs());
            let level = if peak >= self.level * AGAIN {
                self.left = self.hold;
                peak.max(self.level)
            } else if self.left > 0 {
                self.left -= 1;
                self.level
            } else {
                peak.max(self.level * self.fall)
            };
            if level <= THRESHOLD {
                self.level = 0.0;
                *frame = [left, right];
                continue;
            }
            self.level = level;
            let gain = bend(level) / level;
            *frame = [left * gain, right * gain].map(|x| x.clamp(-1.0, 1.0));
        }
    }
}

/// Output level of an input level above the threshold: slope 1 there, full scale at infinity.
fn bend(level: f32) -> f32 {
    const ROOM: f32 = 1.0 - THRESHOLD;
    let over = (level - THRESHOLD) * (1.0 / ROOM);
    THRESHOLD + ROOM * over / (1.0 + over)
}
