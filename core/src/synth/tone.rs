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
use super::simd::{self, Arch, Block, Effect, FilterState, Gains, Interpolator, SCALE};
use super::sinc::{Kernels, cutoff_for};
use super::tick::HALF;
use crate::dls::model::{Loop, Wave};
use crate::mem::{NoMemory, Shared, vec};
use alloc::vec::Vec;

/// What the oscillator puts out, as a part of full scale.
const UNIT: f32 = 1.0 / (32768.0 * SCALE);

/// Full scale at the filter; a state 36 dB above it is none that a filter has by itself.
const LIMIT: f32 = 64.0 / UNIT;

/// Buses that a voice plays into: left, right, reverb, chorus.
pub const BUSES: usize = 4;

/// The render side of a voice.
pub struct Tone {
    oscillator: Oscillator,
    /// Number of the interpolator's kernel.
    cutoff: u8,
    kind: Interpolation,
    /// Frames of the wave per output frame from the middle of this tick on; 0: as before.
    later: u64,
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
        later: 0,
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
        vec::try_collect((0..count).map(|_| Self::IDLE))
    }

    /// It runs through the filter.
    pub fn is_filtered(&self) -> bool {
        self.filtered
    }

    /// Starts a wave.
    pub fn start(&mut self, wave: Shared<Wave>, sample_loop: Option<Loop>, filtered: bool) {
        self.oscillator.start(&mut self.window, wave, sample_loop);
        self.cutoff = u8::MAX;
        self.later = 0;
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

    /// Frames of the wave per output frame, 32.32: now, and from the middle of this tick on (0: the same).
    pub fn steps(&self) -> [u64; 2] {
        [self.oscillator.step(), self.later]
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

    /// As [`steps`](Self::steps) gives them.
    pub fn set_steps(&mut self, [step, later]: [u64; 2]) {
        self.oscillator.set_step(step);
        self.cutoff = cutoff_for(step, self.cutoff);
        self.later = later;
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

    /// Reads `frames` frames of its wave into a block, and goes on to what comes then. `since_tick` frames have passed since the last tick.
    #[inline(always)]
    pub fn read<'a, A: Arch, T: Interpolator<'a>>(
        &mut self,
        kernels: &'a Kernels,
        block: &mut Block,
        since_tick: usize,
        frames: usize,
    ) {
        if T::KIND != self.kind {
            self.kind = T::KIND;
            self.oscillator.forget();
        }
        let mut at = 0;
        if self.later != 0 {
            at = frames.min((HALF as usize).saturating_sub(since_tick));
            self.read_steadily::<A, T>(kernels, block, 0, at);
            if at < frames {
                self.set_steps([self.later, 0]);
            }
        }
        self.read_steadily::<A, T>(kernels, block, at, frames);
        self.gains.passed += frames as u32;
    }

    /// Reads the frames from `at` up to `end` at one speed.
    #[inline(always)]
    fn read_steadily<'a, A: Arch, T: Interpolator<'a>>(
        &mut self,
        kernels: &'a Kernels,
        block: &mut Block,
        mut at: usize,
        end: usize,
    ) {
        let taps = T::of(kernels, self.cutoff);
        while at < end {
            let count = self.oscillator.aim(&mut self.window, T::KIND, end - at);
            let reader = self.oscillator.reader(&self.window);
            let done = match (reader, taps) {
                (Some(reader), Some(taps)) => simd::read::<A, T>(taps, reader, block, at, count),
                _ => false,
            };
            if !done {
                block.silence(at, end);
            }
            counters::stretch(count);
            self.oscillator.advance(count);
            at += count;
        }
    }

    #[cfg(test)]
    pub fn spoil(&mut self, y: f32) {
        self.filter.set_state([y, 0.0]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A jump leaves nothing of a ramp before it: coefficients that stand still stay what they are.
    #[test]
    fn a_jump_ends_a_ramp() {
        let at = |e, b2, k| Coefficients { e, b2, k };
        let [low, high] = [at(0.01, 0.9, 0.01), at(0.04, 0.8, 0.05)];
        let mut tone = Tone::IDLE;
        tone.filtered = true;
        tone.jump([0.0; BUSES], low);
        tone.ramp([1.0; BUSES], high, 64);
        assert!(tone.sweeps);
        tone.jump([1.0; BUSES], high);
        assert_eq!(tone.filter.change(), [0.0; 3]);
        assert!(!tone.sweeps);
        tone.ramp([1.0; BUSES], high, 64);
        assert_eq!(tone.filter.coefficients(), [high.e, high.b2, high.k]);
        assert_eq!(tone.filter.change(), [0.0; 3]);
        assert!(!tone.sweeps);
        for now in tone.gains_now() {
            assert!((now - 1.0).abs() < 1e-6);
        }
    }

    /// A ramp arrives: what is added up over its frames leads to the goal, the filter's `b2` without the factor that keeps its swing.
    #[test]
    fn a_ramp_arrives() {
        let at = |e, b2, k| Coefficients { e, b2, k };
        for frames in [1, 16, 64, 512] {
            let mut tone = Tone::IDLE;
            tone.filtered = true;
            tone.jump([0.25; BUSES], at(0.02, 0.9, 0.01));
            // The second goes on from the first, without a jump.
            for goal in [at(0.03, 0.8, 0.05), at(0.01, 0.95, 0.002)] {
                let [.., before, _] = tone.filter.coefficients();
                let before = before / tone.rescaling;
                tone.ramp([0.5, 0.0, 1.0, 0.25], goal, frames);
                let (now, change) = (tone.filter.coefficients(), tone.filter.change());
                let [.., begin, _] = now;
                assert!((begin / tone.rescaling - before).abs() < 1e-5, "{frames}");
                let mut there = now;
                for (there, change) in there.iter_mut().zip(change) {
                    *there += change * frames as f32;
                }
                let [e, b2, k] = there;
                let plain = b2 / tone.rescaling;
                for (got, wanted) in [(e, goal.e), (plain, goal.b2), (k, goal.k)] {
                    assert!((got - wanted).abs() < 1e-5, "{frames}: {got}, not {wanted}");
                }
                let [e, b2, k] = there;
                tone.filter.set([e, b2, k], [0.0; 3]);
                tone.gains.passed = frames;
                for (got, wanted) in tone.gains_now().into_iter().zip([0.5, 0.0, 1.0, 0.25]) {
                    assert!((got - wanted).abs() < 1e-5);
                }
            }
        }
    }
}
