// SPDX-License-Identifier: MIT OR Apache-2.0
//! The pitch under LFOs and EG2: a parabola through three steps of the wave, walked along in halves of ticks.

use super::{Envelope, MOST_TICKS, Movers, Voice};
use crate::synth::modulation::{Mover, Target};
use crate::synth::tick::{HALF, TICK};
use crate::synth::tone::Tone;

/// A pitch may jump by 1/3462, which is half a cent: at twice the rate of ticks, a jump is below -72 dB of a tone at 440 Hz.
const BEND: u64 = 3462;
/// A parabola lies 0.4 % of the depth off a sine in an eighth of its turn, 0.05 % in a sixteenth: an eighth for depths below so many cents.
const SHALLOW: f32 = 64.0;
const EIGHTH: u32 = 1 << 29;
/// Cents that EG2 moves the pitch by along one parabola at most: it lies 0.1 cents off the power of two then.
const SWEEP: f32 = 300.0;
/// Ticks after which a voice at rest that vibrates counts anew: frames stay far from the end of their type.
const REBASED: u32 = 1 << 20;

/// Frames of the wave per output frame, 32.32, and how they go on.
#[derive(Clone, Copy)]
pub(super) struct Bend {
    step: i64,
    /// From this half of a tick to the next.
    change: i64,
    /// By how much the change changes.
    curve: i64,
    /// Ticks that it holds for.
    left: u32,
}

impl Bend {
    /// It holds for no tick.
    pub const NONE: Self = Self {
        step: 0,
        change: 0,
        curve: 0,
        left: 0,
    };

    /// The parabola through steps now, in the middle and at the end of so many ticks.
    fn through([first, middle, last]: [u64; 3], ticks: u32) -> Self {
        // `ticks` halves of ticks lie between two of them. No step is beyond what an f64 holds.
        let [first, middle, last] = [first, middle, last].map(|step| step as f64);
        let share = 1.0 / f64::from(ticks.max(1));
        let second = last - 2.0 * middle + first;
        let change = share * (middle - first) + 0.5 * share * (share - 1.0) * second;
        Self {
            step: first as i64,
            change: change as i64,
            curve: (share * share * second) as i64,
            left: ticks,
        }
    }

    /// Steps of the next tick, as [`Tone::set_steps`] takes them.
    #[inline(always)]
    fn next(&mut self) -> [u64; 2] {
        self.left = self.left.saturating_sub(1);
        let mut walk = || {
            let here = self.step.max(1) as u64;
            self.step = self.step.wrapping_add(self.change);
            self.change = self.change.wrapping_add(self.curve);
            here
        };
        let [first, second] = [walk(), walk()];
        let bends = first.abs_diff(second).saturating_mul(BEND) > first;
        [first, if bends { second } else { 0 }]
    }
}

impl Voice {
    /// The pitch of the tick that begins, the `tick`th.
    #[inline]
    pub(super) fn vibrate(&mut self, tick: u32, tone: &mut Tone) {
        if self.bend.left == 0 {
            self.begin_bend(tick);
        }
        tone.set_steps(self.bend.next());
    }

    #[inline(never)]
    fn begin_bend(&mut self, tick: u32) {
        if self.passed >= REBASED {
            // A held note vibrates for days.
            self.now = self.advanced(self.now, self.elapsed());
            self.next = self.advanced(self.now, TICK);
            (self.at, self.passed) = (0, 0);
        }
        let Movers {
            mut eg2,
            mut lfo,
            mut vibrato,
            ..
        } = self.now;
        let depth = |mover| self.modulation.depth(Target::Pitch, mover).abs();
        let leads = |mover| self.modulation.leads(mover, &[Target::Pitch]);
        let depths = depth(Mover::Lfo) + depth(Mover::Vibrato);
        let part = if depths < SHALLOW { EIGHTH } else { EIGHTH / 2 };
        let mut straight = MOST_TICKS * TICK;
        let elapsed = self.elapsed();
        for (mover, lfo, step) in [
            (Mover::Lfo, &mut lfo, self.steps.lfo),
            (Mover::Vibrato, &mut vibrato, self.steps.vibrato),
        ] {
            lfo.advance(step, elapsed);
            if leads(mover) {
                straight = straight.min(lfo.turns(step, part));
            }
        }
        let value_after = |mut eg2: Envelope, frames| {
            eg2.advance(&self.modulator, frames);
            eg2.fraction(&self.modulator)
        };
        eg2.advance(&self.modulator, elapsed);
        if leads(Mover::Eg2) {
            straight = straight.min(eg2.stage_left(&self.modulator));
            let way = value_after(eg2, straight) - eg2.fraction(&self.modulator);
            let steep = (way * depth(Mover::Eg2)).abs() / SWEEP;
            if steep > 1.0 {
                straight = (straight as f32 / steep) as u32;
            }
        }
        let mut ticks = (straight / TICK).max(1);
        if ticks == MOST_TICKS {
            ticks = self.own_turn(tick, MOST_TICKS);
        }
        let step_after = |frames| {
            let at = |mover, mut lfo: super::Lfo, step| {
                lfo.advance(step, frames);
                if leads(mover) { lfo.value() } else { 0.0 }
            };
            let lfo = at(Mover::Lfo, lfo, self.steps.lfo);
            let vibrato = at(Mover::Vibrato, vibrato, self.steps.vibrato);
            let eg2 = if leads(Mover::Eg2) {
                value_after(eg2, frames)
            } else {
                0.0
            };
            self.step(&[lfo, vibrato, 0.0, eg2], 0, None)
        };
        // Where it goes on, it begins where it has come to.
        let first = match self.bend.step {
            0 => step_after(0),
            reached => reached.max(1) as u64,
        };
        let [middle, last] = [ticks * HALF, ticks * TICK].map(step_after);
        self.bend = Bend::through([first, middle, last], ticks);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Wave frames per output frame under a sine of so many cents, at a phase in turns.
    fn step(unity: f64, cents: f64, turns: f64) -> u64 {
        let swing = cents * (core::f64::consts::TAU * turns).sin();
        (unity * (swing / 1200.0).exp2()) as u64
    }

    fn cents_between(a: u64, b: u64) -> f64 {
        1200.0 * (a as f64 / b as f64).log2()
    }

    proptest! {
        /// Every half of a tick lies by the sine: 0.4 % of the depth off in an eighth of a turn, and the bend of a power of two over 64 cents.
        #[test]
        fn a_parabola_is_as_good_as_a_sine(
            ticks in 1u32..=16,
            phase in 0.0f64..1.0,
            depth in 0.0f64..=64.0,
            unity in 1e6f64..1e12,
        ) {
            let part = 0.125 / f64::from(2 * ticks);
            let at = |half: u32| step(unity, depth, phase + part * f64::from(half));
            let mut bend = Bend::through([at(0), at(ticks), at(2 * ticks)], ticks);
            for tick in 0..ticks {
                let [first, second] = bend.next();
                prop_assert_eq!(bend.left, ticks - tick - 1);
                let half = 2 * tick;
                let most = 0.005 * depth + 0.002;
                prop_assert!(cents_between(first, at(half)).abs() < most);
                // What is not told is no more than half a cent away, and what the parabola is off.
                let told = if second == 0 { first } else { second };
                let most = if second == 0 { 0.5 + most } else { most };
                prop_assert!(cents_between(told, at(half + 1)).abs() < most);
            }
            // It ends where it was to end, but for what was rounded on the way.
            prop_assert!((bend.step - at(2 * ticks) as i64).abs() < 1024);
        }
    }
}
