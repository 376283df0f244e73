// SPDX-License-Identifier: MIT OR Apache-2.0
//! Effects of a port, fed by the sends of its voices; and the limiter behind all ports.
//!
//! | module | holds |
//! |---|---|
//! | `settings` | what a port's effects are set to; tables of GM2, GS and XG |
//! | `unit` | both effects of a port, and when they sleep |
//! | `reverb` | input diffusion and a modulated feedback delay network |
//! | `chorus` | two modulated taps of a delay line with feedback |
//! | `limiter` | keeps the output below full scale |
//! | `delay` | delay lines |
//!
//! What changes by time is planned at control ticks and runs linearly between them, as a function of the absolute position: any
//! partition of time into calls gives the same bits. Every delay that is fed back is longer than a tick, so that a whole stretch is
//! read before it is written.

mod chorus;
mod delay;
mod limiter;
mod reverb;
mod settings;
mod unit;

pub(super) use limiter::Limiter;
pub use settings::{Chorus, EffectSettings, Reverb, Room, Waves};
pub use unit::Unit;

use super::simd::{Gate, Slope, Vectors};
use super::tick::EFFECT_TICK;

/// Which of a port's effects are on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sends {
    /// The reverb.
    pub reverb: bool,
    /// The chorus.
    pub chorus: bool,
}

impl Sends {
    /// Those that are on in either.
    pub fn or(self, other: Self) -> Self {
        Self {
            reverb: self.reverb || other.reverb,
            chorus: self.chorus || other.chorus,
        }
    }
}

/// Highest rate at which delays have their full length; beyond it rooms shrink.
const MAX_RATE: f32 = 96_000.0;

/// Below this level (-100 dB) of the output, and with nothing at the input, an effect goes to sleep.
const QUIET: f32 = 1e-5;

/// Inputs below this (-140 dB) count as nothing.
const FLOOR: f32 = 1e-7;

/// Highest input. Full-scale voices by the hundred stay below.
const CEILING: f32 = 1024.0;

/// Fed-back signals end here, far above the denormals.
const TINY: f32 = 1e-15;

/// An effect's input: nothing, or numbers within bounds. What is not a number becomes nothing.
const GATE: Gate = Gate {
    floor: FLOOR,
    ceiling: CEILING,
};

/// A number that runs linearly from tick to tick.
#[derive(Clone, Copy, Debug, Default)]
struct Ramp {
    from: f32,
    to: f32,
}

impl Ramp {
    /// Part of a change that is made up per tick: 3 ms at 48 kHz.
    const SMOOTHING: f32 = 0.2;

    /// At a tick: goes on towards `goal`.
    fn approach(&mut self, goal: f32) {
        self.from = self.to;
        let rest = goal - self.to;
        self.to = if rest.abs() <= 1e-4 * goal.abs() + 1e-6 {
            goal
        } else {
            self.to + rest * Self::SMOOTHING
        };
    }

    /// Stands at a value.
    fn jump(&mut self, value: f32) {
        *self = Self {
            from: value,
            to: value,
        };
    }

    /// The same as a function of the frames since the tick.
    fn slope(&self) -> Slope {
        Slope {
            from: self.from,
            step: (self.to - self.from) * (1.0 / EFFECT_TICK as f32),
        }
    }
}

/// Time that is the same for all parts of an effect.
#[derive(Clone, Copy, Debug)]
struct Now {
    /// Number of the tick.
    tick: u64,
    /// Frames since that tick.
    offset: usize,
    /// The registers that may be used.
    vectors: Vectors,
}

impl Now {
    /// Phase of an oscillator with `step` turns of 2^32 per tick, `ahead` ticks from this one.
    fn phase(&self, step: u32, ahead: u64) -> u32 {
        (self.tick.wrapping_add(ahead) as u32).wrapping_mul(step)
    }
}

/// Turns of 2^32 per tick.
fn turns(hertz: f32, rate: f32) -> u32 {
    (hertz.clamp(0.0, 20.0) * EFFECT_TICK as f32 / rate * 4_294_967_296.0) as u32
}

#[cfg(test)]
mod peer_tests;
#[cfg(test)]
mod tests;
