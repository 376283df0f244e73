// SPDX-License-Identifier: MIT OR Apache-2.0
//! Plans: where gains and coefficients shall be at a tick to come, how far ahead a straight line leads there, and where an envelope turns before.

use super::{
    Bend, FOREVER, FREQUENCIES, HALF, MOVING_RENDER, OutputContext, TICK, TURN, Tone, Voice,
    VoiceContext, prepared,
};
use crate::synth::envelope::{Contour, Envelope};
use crate::synth::modulation::{MOVERS, Mover, Target};

/// Ticks that a plan is for at most; with a filter that moves: its coefficients, and what their sums are rounded by, add up from frame to frame.
pub(super) const MOST_TICKS: u32 = 16;
const MOST_SWEPT_TICKS: u32 = 8;
/// How far, as a part of it, a level may lie from where an envelope that turns inside of a tick would have it.
const TURN_UNHEARD: f32 = 0.01;
/// By how much an envelope must change from one frame to the next to jump.
const JUMP: f32 = 0.1;
/// dB by which LFOs and EG2 move a level at most in a plan of several ticks: in the middle of the way it lies 0.06 dB too high then.
const STRAIGHT_GAIN: f32 = 2.0;
/// dB of a tremolo's depth up to which a 16th of its turn is straight: at its crest the line lies 0.05 dB too high then.
const SHALLOW_GAIN: f32 = 2.75;
/// How far they move a place between the sides then, as a part of the whole width: a chord of the quarter of a sine lies 0.04 dB below it.
const STRAIGHT_PAN: f32 = 0.125;
/// Octaves that a cutoff moves at most in a plan of several ticks: in the middle of the way it lies 0.7 % too high then.
const STRAIGHT_SWEEP: f32 = 0.25;

impl Voice {
    /// Plans the stretch to the next tick; the movers stand at `values`.
    pub(super) fn plan(
        &mut self,
        values: &[f32; MOVERS],
        around: Option<VoiceContext>,
        context: &OutputContext,
        tone: &mut Tone,
    ) {
        let to_tick = TICK.saturating_sub(self.at).max(1);
        if self.fading {
            self.plan_for(1, to_tick);
            return self.fade(self.length, tone);
        }
        let bound = core::mem::take(&mut self.bound);
        // Binding has not moved the filter of a voice that starts with it.
        let filter_bound = bound && !core::mem::take(&mut self.fresh);
        let mut horizon = self.horizon(filter_bound, context.tick);
        self.plan_for(horizon, to_tick);
        if bound || !self.vibrates || self.at > 0 {
            self.bend = Bend::NONE;
        }
        if bound
            || self.waits
            || self.now.glide > 0
            || self.next.glide > 0
            || self.modulation.moves(Target::Pitch)
        {
            self.set_pitch(values, around, context.tick, tone);
            // The last step of a glide is taken when it has ended.
            self.bound = self.now.glide > 0;
        }
        if self.modulation.moves(Target::LfoFrequency) {
            self.steps.lfo = prepared::phase_step(
                self.modulation.value(Target::LfoFrequency, values),
                context.rate,
            );
        }
        if self.modulation.moves(Target::VibratoFrequency) {
            self.steps.vibrato = prepared::phase_step(
                self.modulation.value(Target::VibratoFrequency, values),
                context.rate,
            );
        }
        let mut ahead = self.values(&self.next);
        let steep = self.steepness(values, &ahead);
        if horizon > 1 && steep > 1.0 {
            horizon = ((horizon as f32 / steep) as u32).max(1);
            self.plan_for(horizon, to_tick);
            ahead = self.values(&self.next);
        }
        if !self.filtered && self.needs_filter() {
            self.filtered = true;
            tone.let_filter_in();
        }
        let sweeps = self.filtered
            && (filter_bound
                || self.sweeping
                || self
                    .modulation
                    .moves_one(&[Target::Cutoff, Target::Resonance]));
        if sweeps {
            self.sweep(&ahead, around, context);
            if horizon > 1
                && (self.sweeping || (self.next_cutoff - self.cutoff).abs() > STRAIGHT_SWEEP)
            {
                self.plan_for(1, to_tick);
                ahead = self.values(&self.next);
                self.sweep(&ahead, around, context);
            }
        }
        self.ahead = ahead;
        if self.moves_level() {
            let moving = [Target::Pan, Target::ReverbSend, Target::ChorusSend];
            if bound || self.modulation.moves_one(&moving) {
                self.share(&ahead, around);
            }
            self.place(&ahead, around);
            // Tremolo is smooth by itself; smoothing it again would flatten it.
            self.level = self.wanted;
        }
        let amplitude = self.next.eg1.amplitude(&self.volume);
        self.gains = self.level.map(|level| level * amplitude);
        tone.ramp(self.gains, self.coefficients, self.length);
    }

    /// Nothing moves it but the volume envelope.
    pub(super) fn has_no_movers(&self) -> bool {
        !self.modulation.moves_any() && !self.waits && !self.fading && self.now.glide == 0
    }

    /// Plans the first stretch of a voice that [has no movers](Self::has_no_movers), as [`plan`](Self::plan) would: levels and filter are where they
    /// are wanted, and the tone stands there.
    pub(super) fn plan_plainly(&mut self, context: &OutputContext, tone: &mut Tone) {
        (self.bound, self.fresh, self.vibrates) = (false, false, false);
        self.bend = Bend::NONE;
        self.ahead = [0.0; MOVERS];
        tone.set_steps([self.step(&[0.0; MOVERS], 0, None), 0]);
        let to_tick = TICK.saturating_sub(self.at).max(1);
        if self.now.eg1.is_steady() && !self.now.eg1.is_over(&self.volume) {
            // Where the movers will stand is seen when something happens.
            (self.length, self.left) = (to_tick, FOREVER);
            return;
        }
        let frames = self.now.eg1.straight(&self.volume);
        let horizon = if frames == u32::MAX {
            1
        } else {
            self.ticks_of(frames, MOST_TICKS, context.tick)
        };
        self.plan_for(horizon, to_tick);
        let amplitude = self.next.eg1.amplitude(&self.volume);
        self.gains = self.level.map(|level| level * amplitude);
        tone.ramp(self.gains, self.coefficients, self.length);
    }

    /// How many times as long as a straight line of amplitude is good for the way between these values is.
    fn steepness(&self, from: &[f32; MOVERS], to: &[f32; MOVERS]) -> f32 {
        let way = |target| {
            if self.modulation.moves(target) {
                (self.modulation.value(target, to) - self.modulation.value(target, from)).abs()
            } else {
                0.0
            }
        };
        (way(Target::Gain) / STRAIGHT_GAIN).max(way(Target::Pan) / STRAIGHT_PAN)
    }

    /// The plan ends at the tick that is the `horizon`th from here, or where an envelope turns before the first.
    fn plan_for(&mut self, horizon: u32, to_tick: u32) {
        (self.left, self.passed, self.turn) = (horizon - 1, 0, 0);
        self.look_ahead(to_tick + (horizon - 1) * TICK);
        if horizon > 1 {
            return;
        }
        if self.fading {
            // It ends in time.
            let end = (self.at + self.now.fade).next_multiple_of(TURN);
            if self.now.fade > 0 && end < TICK {
                self.turn = end;
                self.look_ahead(end - self.at);
            }
            return;
        }
        let (now, next) = (&self.now, &self.next);
        if now.eg1.stage != next.eg1.stage
            || now.eg1.is_steep(&self.volume)
            || now.eg2.stage != next.eg2.stage && self.modulation.follows(Mover::Eg2)
        {
            self.turn = self.turn_before(to_tick).unwrap_or(0);
            if self.turn > 0 {
                self.look_ahead(self.turn - self.at);
            }
        }
    }

    /// The plan is for so many frames.
    #[inline(always)]
    fn look_ahead(&mut self, frames: u32) {
        self.length = frames;
        // In place: no copy is read back before it has been written.
        self.next = self.now;
        let steps = [self.steps.lfo, self.steps.vibrato];
        self.next
            .advance([&self.volume, &self.modulator], steps, self.fading, frames);
    }

    /// Frames from the last tick to the first place before the next one where an envelope leaves the straight line to there so far that it is heard.
    #[inline(never)]
    fn turn_before(&self, to_tick: u32) -> Option<u32> {
        let level = |envelope: &Envelope| envelope.amplitude(&self.volume);
        let value = |envelope: &Envelope| envelope.fraction(&self.modulator);
        let volume = self.turn_of(&self.now.eg1, &self.volume, level, to_tick);
        let middle = (self.now.eg1.is_steep(&self.volume) && self.at < HALF).then_some(HALF);
        let modulator = if self.modulation.follows(Mover::Eg2) {
            self.turn_of(&self.now.eg2, &self.modulator, value, to_tick)
        } else {
            None
        };
        [volume, middle, modulator].into_iter().flatten().min()
    }

    /// The same of one envelope, whose ends of stages are looked at.
    fn turn_of(
        &self,
        from: &Envelope,
        contour: &Contour,
        level: impl Fn(&Envelope) -> f32,
        to_tick: u32,
    ) -> Option<u32> {
        let at = |frames| {
            let mut there = *from;
            there.advance(contour, frames);
            there
        };
        let ends = [level(from), level(&at(to_tick))];
        let mut passed = 0u32;
        loop {
            let left = at(passed).turns_in(contour);
            passed = passed.saturating_add(left);
            if left == 0 || passed > to_tick {
                return None;
            }
            // Where it jumps, the last place before, then the first one behind; else the nearest.
            let jumps = (level(&at(passed)) - level(&at(passed - 1))).abs() > JUMP;
            let end = self.at + passed;
            let place = if jumps {
                let before = (end - 1) / TURN * TURN;
                if before > self.at {
                    before
                } else {
                    before + TURN
                }
            } else {
                (end + TURN / 2) / TURN * TURN
            };
            if place <= self.at || place >= TICK {
                continue;
            }
            let frames = place - self.at;
            let (here, [first, last]) = (level(&at(frames)), ends);
            let line = first + (last - first) * (frames as f32 / to_tick as f32);
            let most = TURN_UNHEARD * here.max(first).max(last) + 0.02 * TURN_UNHEARD;
            if (here - line).abs() > most {
                return Some(place);
            }
        }
    }

    /// Where an envelope turns: [`plan_from_here`](Self::plan_from_here) comes next. In frames from the last tick; 0: nowhere before the next one.
    pub fn turn(&self) -> u32 {
        self.turn
    }

    /// An envelope turns at this very frame.
    pub fn reach_turn(&mut self, tone: &mut Tone) {
        self.now = self.next;
        self.at = self.turn;
        self.cutoff = self.next_cutoff;
        tone.jump(self.gains, self.coefficients);
    }

    /// How many ticks ahead a straight line is as good as what gains and coefficients do; 1 where that is not known.
    fn horizon(&mut self, filter_bound: bool, tick: u32) -> u32 {
        let modulation = &self.modulation;
        let now = &self.now;
        let moves_pitch = modulation.moves(Target::Pitch);
        self.vibrates = moves_pitch
            && !self.waits
            && !modulation.is_general()
            && !modulation.moves_one(&FREQUENCIES)
            && now.glide == 0
            && !modulation.leads(Mover::Eg1, &[Target::Pitch]);
        if moves_pitch && !self.vibrates
            || self.waits
            || filter_bound && self.filtered
            || modulation.is_general()
            || modulation.moves_one(&[
                Target::Resonance,
                Target::LfoFrequency,
                Target::VibratoFrequency,
            ])
            || modulation.leads(Mover::Eg1, &MOVING_RENDER)
            || self.sweeping
            || self.level != self.wanted
            || now.glide > 0
        {
            return 1;
        }
        let mut frames = now.eg1.straight(&self.volume);
        if modulation.leads(Mover::Eg2, &MOVING_RENDER) {
            frames = frames.min(now.eg2.stage_left(&self.modulator));
        }
        for (mover, lfo, step) in [
            (Mover::Lfo, now.lfo, self.steps.lfo),
            (Mover::Vibrato, now.vibrato, self.steps.vibrato),
        ] {
            if modulation.leads(mover, &MOVING_RENDER) {
                let depth = modulation.depth(Target::Gain, mover).abs();
                let part = (SHALLOW_GAIN / depth).min(1.0);
                frames = frames.min(lfo.straight(step, part));
            }
        }
        if frames == u32::MAX {
            // Where it stays it must be first.
            return 1;
        }
        let cutoff = &[Target::Cutoff];
        let sweeps = self.filtered
            && (modulation.leads(Mover::Lfo, cutoff)
                || modulation.leads(Mover::Vibrato, cutoff)
                || modulation.leads(Mover::Eg2, cutoff) && !now.eg2.is_steady());
        let most = if sweeps { MOST_SWEPT_TICKS } else { MOST_TICKS };
        self.ticks_of(frames, most, tick)
    }

    /// Ticks of a plan that is good for `frames` and shall have `most` at most.
    fn ticks_of(&self, frames: u32, most: u32, tick: u32) -> u32 {
        let ticks = (frames.saturating_add(self.at) / TICK).min(most);
        if ticks < most / 2 {
            ticks.max(1)
        } else {
            self.own_turn(tick, ticks)
        }
    }

    /// Plans a stretch of a fade: straight down from where the voice was, whatever its envelopes and LFOs would do.
    fn fade(&mut self, frames: u32, tone: &mut Tone) {
        let part = self.next.fade as f32 / self.now.fade.max(1) as f32;
        self.gains = tone.gains_now().map(|gain| gain * part);
        tone.ramp(self.gains, self.coefficients, frames);
    }
}
