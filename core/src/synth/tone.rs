// SPDX-License-Identifier: MIT OR Apache-2.0
//! The render side of a voice: oscillator, filter, amplifier.
//!
//! A tone is rendered in stretches that no control tick divides. Every number that changes per frame is carried in the state or is a function
//! of the frame, so a cut between two calls changes nothing.

#[cfg(not(windows))]
mod check;

use super::counters;
use super::effects::Sends;
use super::filter::{Coefficients, rescaling};
use super::lanes::Lanes;
use super::oscillator::{Interpolation, Oscillator, Window};
use super::simd::{self, Block, Effect, FilterState, Gains, SCALE, Table, Vectors};
use super::sinc::{Kernels, cutoff_for};
use crate::dls::model::{Loop, Wave};
use crate::mem::{NoMemory, Shared, vec};
use alloc::vec::Vec;

/// What the oscillator puts out, as a part of full scale.
const UNIT: f32 = 1.0 / (32768.0 * SCALE);

/// Full scale at the filter; a state 36 dB above it is none that a filter has by itself.
const LIMIT: f32 = (64.0 / UNIT).abs();

/// Buses that a voice plays into: left, right, reverb, chorus.
pub const BUSES: usize = 4;

/// The render side of a voice.
pub struct Tone {
    oscillator: Oscillator,
    /// Number of the interpolator's kernel.
    cutoff: u8,
    kind: Interpolation,
    filtered: bool,
    /// What `b2` is multiplied by while `e` moves ([`rescaling`]).
    rescaling: f32,
    /// The filter's coefficients move.
    pub sweeps: bool,
    /// State and coefficients of the filter.
    pub filter: FilterState,
    pub gains: Gains,
    window: Window,
}

impl Tone {
    const IDLE: Self = Self {
        oscillator: Oscillator::IDLE,
        cutoff: u8::MAX,
        kind: Interpolation::Sinc8,
        filtered: false,
        rescaling: 1.0,
        sweeps: false,
        filter: FilterState::REST,
        gains: Gains::MUTE,
        window: Window::EMPTY,
    };

    /// `count` tones without a voice.
    #[inline(never)]
    pub fn idle(count: usize) -> Result<Vec<Self>, NoMemory> {
        let mut tones = vec::try_with_capacity(count)?;
        for _ in 0..count {
            vec::try_push(&mut tones, Self::IDLE)?;
        }
        Ok(tones)
    }

    /// It runs through the filter.
    pub fn is_filtered(&self) -> bool {
        self.filtered
    }

    /// Starts a wave.
    pub fn start(&mut self, wave: Shared<Wave>, sample_loop: Option<Loop>, filtered: bool) {
        self.oscillator.start(&mut self.window, wave, sample_loop);
        self.cutoff = u8::MAX;
        self.filtered = filtered;
        self.filter = FilterState::REST;
        self.rescaling = 1.0;
        self.sweeps = false;
    }

    /// Falls silent and gives back its wave.
    pub fn stop(&mut self) -> Option<Shared<Wave>> {
        let wave = self.oscillator.wave.take();
        self.filtered = false;
        self.gains = Gains::MUTE;
        wave
    }

    /// Puts the filter in while it sounds; flat coefficients let it in unheard.
    pub fn let_filter_in(&mut self) {
        let Coefficients { e, b2, k } = Coefficients::FLAT;
        self.filter = FilterState::REST;
        self.filter.set([e, b2, k], [0.0; 3]);
        self.filtered = true;
    }

    /// Frames of the wave per output frame, 32.32.
    pub fn step(&self) -> u64 {
        self.oscillator.step()
    }

    /// A one-shot wave has come to its end.
    #[inline]
    pub fn is_over(&self) -> bool {
        self.oscillator.is_over()
    }

    /// Note-off: leaves a loop of type 1.
    pub fn release(&mut self) {
        self.oscillator.release(&mut self.window);
    }

    pub fn set_step(&mut self, step: u64) {
        self.oscillator.set_step(step);
        self.cutoff = cutoff_for(step, self.cutoff);
    }

    /// A filter's state that is out of bounds, or not a number, goes back to rest.
    #[inline]
    pub fn check_filter(&mut self) {
        let within = |x: f32| x.abs() <= LIMIT;
        let [y, d] = self.filter.state();
        if !(within(y) && within(d)) {
            self.filter.set_state([0.0; 2]);
        }
    }

    /// Sets gains and coefficients at once, and looks after the [filter's state](Self::check_filter).
    pub fn jump(&mut self, gains: [f32; BUSES], coefficients: Coefficients) {
        self.gains = Gains {
            from: Lanes(gains) * Lanes::splat(UNIT),
            ..Gains::MUTE
        };
        if !self.filtered {
            return;
        }
        let Coefficients { e, b2, k } = coefficients;
        self.filter.set([e, b2, k], [0.0; 3]);
        self.rescaling = 1.0;
        self.sweeps = false;
        self.check_filter();
    }

    /// Gains of the next frame.
    pub fn gains_now(&self) -> [f32; BUSES] {
        (self.gains.now() * Lanes::splat(1.0 / UNIT)).0
    }

    /// Lets gains and coefficients run to these values in `frames`.
    pub fn ramp(&mut self, gains: [f32; BUSES], coefficients: Coefficients, frames: u32) {
        let share = 1.0 / frames.max(1) as f32;
        let from = self.gains.now();
        self.gains = Gains {
            from,
            step: (Lanes(gains) * Lanes::splat(UNIT) - from) * Lanes::splat(share),
            passed: 0,
        };
        if self.filtered {
            self.sweep(coefficients, frames, share);
        }
    }

    fn sweep(&mut self, coefficients: Coefficients, frames: u32, share: f32) {
        let [e, b2, k] = self.filter.coefficients();
        let factor = rescaling(e, coefficients.e, frames);
        let b2 = b2 / self.rescaling * factor;
        self.rescaling = factor;
        let to = |goal: f32, now: f32| (goal - now) * share;
        let change = [
            to(coefficients.e, e),
            to(coefficients.b2 * factor, b2),
            to(coefficients.k, k),
        ];
        self.filter.set([e, b2, k], change);
        self.sweeps = change != [0.0; 3];
    }

    /// Effects that it plays into.
    pub fn sends(&self) -> Sends {
        Sends {
            reverb: self.gains.reach(Effect::Reverb),
            chorus: self.gains.reach(Effect::Chorus),
        }
    }

    /// Reads `frames` frames of its wave into a block, and goes on to what comes then.
    pub fn read(
        &mut self,
        kind: Interpolation,
        kernels: &Kernels,
        vectors: Vectors,
        block: &mut Block,
        frames: usize,
    ) {
        if kind != self.kind {
            self.kind = kind;
            self.oscillator.forget();
        }
        let table = match kind {
            Interpolation::Linear => Some(Table::Linear),
            Interpolation::Sinc8 => kernels.eight(self.cutoff).map(Table::Sinc8),
            Interpolation::Sinc16 => kernels.sixteen(self.cutoff).map(Table::Sinc16),
        };
        let mut at = 0;
        while at < frames {
            let count = self.oscillator.aim(&mut self.window, kind, frames - at);
            let reader = self.oscillator.reader(&self.window);
            let read = match (reader, table) {
                (Some(reader), Some(table)) => {
                    simd::fetch(vectors, reader, table, block, at, count)
                }
                _ => false,
            };
            if !read && let Some(rest) = block.all().get_mut(at..frames) {
                rest.fill(0.0);
            }
            counters::stretch(count);
            self.oscillator.advance(count);
            at += count;
        }
        self.gains.passed += frames as u32;
    }

    #[cfg(test)]
    pub fn spoil(&mut self, y: f32) {
        self.filter.set_state([y, 0.0]);
    }
}
