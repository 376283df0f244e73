// SPDX-License-Identifier: MIT OR Apache-2.0
//! The two envelope generators (DLS 2.2 §1.6; `docs/reference/dls-synth.md` §3.6).
//!
//! Both run through the same stages and differ in the meaning of their state only. The state is a *fraction* 0..=1: EG2's value, and
//! for EG1 the position on the 96 dB scale (1 is full, 0 is silence), except in the attack, where EG1 is linear in amplitude.
//! A level is computed from whole frames since the stage began, so nothing drifts and any walk through time gives the same.

use super::math;
use super::tick::TICK;

/// Dynamic range of EG1 in dB.
pub const RANGE_DB: f32 = 96.0;

/// How far EG1 may fall along a straight line of amplitude: in the middle it lies 0.014 dB too high then; along one of more than [`SHORT`] frames,
/// a third of that: 0.002 dB.
const STRAIGHT_DB: f32 = 1.0;
const SHORT: u32 = 4 * TICK;
/// Frames from full to nothing below which a line through a whole tick would be heard: it falls by more than 3 dB in it.
const STEEP: u32 = 2048;

/// What the articulation gives an envelope; times in frames.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Contour {
    pub delay: u32,
    pub attack: u32,
    pub hold: u32,
    /// Time of a decay from full to nothing.
    pub decay: u32,
    /// 0..=1; see [`sustain_at`](Self::sustain_at).
    pub(super) sustain: f32,
    /// Time of a release from full to nothing.
    pub release: u32,
    /// As `release`, for exclusive notes (EG1).
    pub shutdown: u32,
    /// Amplitude of EG1 at `sustain`.
    pub(super) sustained: f32,
    /// The attack of EG2 follows the convex curve: 96 dB of a 40 log10 law, at the top when a linear one is.
    pub convex: bool,
}

impl Contour {
    /// Sets the sustain level, 0..=1.
    pub fn sustain_at(&mut self, sustain: f32) {
        self.sustain = sustain;
        self.sustained = amplitude(sustain);
    }

    /// Frames the decay stage lasts: the part of its time that its span needs.
    fn decay_frames(&self) -> u32 {
        (self.decay as f32 * (1.0 - self.sustain) + 0.5) as u32
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Delay,
    Attack,
    Hold,
    Decay,
    Sustain,
    Release,
    Done,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Envelope {
    pub stage: Stage,
    /// Frames since the stage began.
    elapsed: u32,
    /// Fraction at which the release began.
    from: f32,
    /// Frames from full to nothing in the release.
    slope: u32,
}

impl Envelope {
    pub const fn new() -> Self {
        Self {
            stage: Stage::Delay,
            elapsed: 0,
            from: 0.0,
            slope: 0,
        }
    }

    /// Moves on by `frames`.
    #[inline]
    pub fn advance(&mut self, contour: &Contour, frames: u32) {
        if self.is_steady() {
            return;
        }
        self.elapsed = self.elapsed.saturating_add(frames);
        while let Some(length) = self.stage_frames(contour) {
            if self.elapsed < length {
                return;
            }
            self.elapsed -= length;
            self.stage = match self.stage {
                Stage::Delay => Stage::Attack,
                Stage::Attack => Stage::Hold,
                Stage::Hold => Stage::Decay,
                Stage::Decay => Stage::Sustain,
                _ => Stage::Done,
            };
        }
    }

    /// Frames that the stage lasts; `None`: it does not end by itself.
    #[inline]
    fn stage_frames(&self, contour: &Contour) -> Option<u32> {
        match self.stage {
            Stage::Delay => Some(contour.delay),
            Stage::Attack => Some(contour.attack),
            Stage::Hold => Some(contour.hold),
            Stage::Decay => Some(contour.decay_frames()),
            Stage::Release => Some((self.from * self.slope as f32 + 0.5) as u32),
            Stage::Sustain | Stage::Done => None,
        }
    }

    /// Frames that are left of the delay.
    pub fn delay_left(&self, contour: &Contour) -> u32 {
        match self.stage {
            Stage::Delay => contour.delay.saturating_sub(self.elapsed),
            _ => 0,
        }
    }

    /// The state: EG2's value, EG1's place on the dB scale (in the attack: its amplitude).
    #[inline]
    pub fn fraction(&self, contour: &Contour) -> f32 {
        let passed = |time: u32| self.elapsed as f32 / time.max(1) as f32;
        match self.stage {
            Stage::Delay | Stage::Done => 0.0,
            Stage::Attack if contour.convex => convex(passed(contour.attack)),
            Stage::Attack => passed(contour.attack).min(1.0),
            Stage::Hold => 1.0,
            Stage::Decay => (1.0 - passed(contour.decay)).max(contour.sustain),
            Stage::Sustain => contour.sustain,
            Stage::Release => (self.from - passed(self.slope)).max(0.0),
        }
    }

    /// EG1's amplitude; 0 once it is 96 dB down.
    #[inline]
    pub fn amplitude(&self, contour: &Contour) -> f32 {
        let fraction = self.fraction(contour);
        match self.stage {
            Stage::Attack => fraction,
            Stage::Sustain => contour.sustained,
            _ => amplitude(fraction),
        }
    }

    /// Begins the release of EG1: an interrupted attack goes on from its level in dB.
    pub fn release_volume(&mut self, contour: &Contour, slope: u32) {
        let mut from = self.fraction(contour);
        if self.stage == Stage::Attack {
            from = (1.0 + math::decibels(from) / RANGE_DB).clamp(0.0, 1.0);
        }
        self.begin_release(from, slope);
    }

    /// Begins the release of EG2.
    pub fn release_value(&mut self, contour: &Contour, slope: u32) {
        self.begin_release(self.fraction(contour), slope);
    }

    fn begin_release(&mut self, from: f32, slope: u32) {
        *self = Self {
            stage: Stage::Release,
            elapsed: 0,
            from,
            slope,
        };
        if from <= 0.0 || slope == 0 {
            self.stage = Stage::Done;
        }
    }

    /// EG1 has nothing more to say: released to -96 dB, or sustaining at silence.
    pub fn is_over(&self, contour: &Contour) -> bool {
        match self.stage {
            Stage::Done => true,
            Stage::Sustain => contour.sustain <= 0.0,
            _ => false,
        }
    }

    /// Frames for which a straight line is as good as EG1's amplitude: inside of its stage, and no more than [`STRAIGHT_DB`] down.
    #[inline]
    pub fn straight(&self, contour: &Contour) -> u32 {
        let slope = match self.stage {
            Stage::Decay => contour.decay,
            Stage::Release => self.slope,
            _ => u32::MAX,
        };
        let most = (slope as f32 * (STRAIGHT_DB / RANGE_DB)) as u32;
        let most = most.min((most / 3).max(SHORT));
        self.inside(contour)
            .map_or(u32::MAX, |inside| inside.min(most))
    }

    /// Frames for which a straight line is as good as EG2's value: inside of its stage, and of a convex attack an eighth of what has passed of it (in
    /// the middle of the way it lies 0.04 % of the whole too low then).
    #[inline]
    pub fn stage_left(&self, contour: &Contour) -> u32 {
        let inside = self.inside(contour).unwrap_or(u32::MAX);
        if self.stage == Stage::Attack && contour.convex {
            inside.min(self.elapsed / 8)
        } else {
            inside
        }
    }

    /// Frames up to the end of the stage; `u32::MAX`: it does not end by itself.
    #[inline]
    pub fn turns_in(&self, contour: &Contour) -> u32 {
        self.stage_frames(contour)
            .map_or(u32::MAX, |length| length.saturating_sub(self.elapsed))
    }

    /// EG1 falls so fast that a line through a whole tick would be heard.
    #[inline]
    pub fn is_steep(&self, contour: &Contour) -> bool {
        match self.stage {
            Stage::Decay => contour.decay < STEEP,
            Stage::Release => self.slope < STEEP,
            _ => false,
        }
    }

    /// Frames before the last one of the stage: the next may begin with a jump.
    #[inline]
    fn inside(&self, contour: &Contour) -> Option<u32> {
        let length = self.stage_frames(contour)?;
        Some(length.saturating_sub(self.elapsed).saturating_sub(1))
    }

    /// The value does not change by itself any more.
    #[inline]
    pub fn is_steady(&self) -> bool {
        matches!(self.stage, Stage::Sustain | Stage::Done)
    }
}

/// The convex curve over 0..=1.
fn convex(x: f32) -> f32 {
    (1.0 + math::decibels(x) * (2.0 / RANGE_DB)).clamp(0.0, 1.0)
}

/// EG1's amplitude at a place on its dB scale.
fn amplitude(fraction: f32) -> f32 {
    if fraction <= 0.0 {
        return 0.0;
    }
    if fraction >= 1.0 {
        return 1.0;
    }
    math::amplitude((fraction - 1.0) * RANGE_DB)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contour(times: [u32; 4], sustain: f32) -> Contour {
        let [delay, attack, hold, decay] = times;
        let mut contour = Contour {
            delay,
            attack,
            hold,
            decay,
            ..Contour::default()
        };
        contour.sustain_at(sustain);
        contour
    }

    /// Each stage lasts its frames: a decay, whose time is from full to nothing, the part of it down to the sustain level.
    #[test]
    fn stages_last_as_long_as_they_should() {
        for sustain in [0.0, 0.25, 0.5, 1.0] {
            let contour = contour([100, 200, 300, 1000], sustain);
            let decay = (1000.0 * (1.0 - sustain)) as u32;
            let mut ends = alloc::vec![
                (100, Stage::Delay),
                (300, Stage::Attack),
                (600, Stage::Hold),
                (600 + decay, Stage::Decay),
                (5000, Stage::Sustain),
            ];
            ends.reverse();
            for step in [1, 7, 64, 333] {
                let mut envelope = Envelope::new();
                for at in (0..5000).step_by(step) {
                    let expected = ends.iter().rev().find(|end| at < end.0).unwrap().1;
                    assert_eq!(envelope.stage, expected, "{at}");
                    envelope.advance(&contour, step as u32);
                }
            }
        }
    }

    /// A release from nothing, or in no time, is over at once.
    #[test]
    fn a_release_without_time_is_none() {
        let contour = contour([0, 0, 0, 0], 0.5);
        let mut sustained = Envelope::new();
        sustained.advance(&contour, 1);
        assert_eq!(sustained.stage, Stage::Sustain);
        for (slope, over) in [(0, true), (1000, false)] {
            for release in [Envelope::release_volume, Envelope::release_value] {
                let mut envelope = sustained;
                release(&mut envelope, &contour, slope);
                assert_eq!(envelope.is_over(&contour), over);
                assert_eq!(envelope.fraction(&contour) == 0.0, over);
                assert_eq!(envelope.amplitude(&contour) == 0.0, over);
                // Before anything has begun there is nothing to release.
                let mut envelope = Envelope::new();
                release(&mut envelope, &contour, slope);
                assert!(envelope.is_over(&contour));
            }
        }
    }

    /// How far a straight line may lead: 1 dB down, beyond four ticks a third of that, and up to the last frame but one of the stage. In its
    /// middle it lies no more than 0.014 dB too high.
    #[test]
    fn straight_lines_are_as_long_as_they_may_be() {
        for (slope, most) in [
            (960, 10),
            (9600, 100),
            (24_000, 250),
            (48_000, 256),
            (96_000, 333),
            (960_000, 3333),
        ] {
            let contour = contour([0, 0, 0, slope], 0.0);
            let mut decaying = Envelope::new();
            decaying.advance(&contour, 1);
            let mut released = decaying;
            released.release_volume(&contour, slope);
            for begin in [decaying, released] {
                assert_eq!(begin.straight(&contour), most, "{slope}");
                let level = |frames| {
                    let mut there = begin;
                    there.advance(&contour, frames);
                    there.amplitude(&contour)
                };
                let middle = 0.5 * (level(0) + level(most / 2 * 2));
                let high = math::decibels(middle) - math::decibels(level(most / 2));
                assert!((0.0..0.015).contains(&high), "{slope}: {high} dB");
                // Close to the end it stops before the last frame.
                let mut late = begin;
                late.advance(&contour, begin.turns_in(&contour) - 5);
                assert_eq!(late.straight(&contour), 4.min(most), "{slope}");
            }
        }
        let contour = contour([0, 500, 300, 0], 0.5);
        let mut envelope = Envelope::new();
        assert_eq!(envelope.straight(&contour), 0);
        for (frames, left) in [(1, 498), (499, 299), (300, u32::MAX)] {
            envelope.advance(&contour, frames);
            assert_eq!(envelope.straight(&contour), left);
        }
    }

    /// Of a convex attack a line leads an eighth further than the way so far, and lies 0.04 % of the whole too low at most.
    #[test]
    fn lines_of_a_convex_attack_grow() {
        let convex = Contour {
            convex: true,
            ..contour([0, 4000, 0, 0], 1.0)
        };
        let at = |frames| {
            let mut envelope = Envelope::new();
            envelope.advance(&convex, frames);
            envelope
        };
        for elapsed in [8, 80, 400, 1000, 3000] {
            let left = at(elapsed).stage_left(&convex);
            assert_eq!(left, elapsed / 8);
            let value = |frames| at(elapsed + frames).fraction(&convex);
            let line = 0.5 * (value(0) + value(left / 2 * 2));
            let low = value(left / 2) - line;
            assert!((-1e-6..0.0005).contains(&low), "{elapsed}: {low}");
        }
        assert_eq!(at(3990).stage_left(&convex), 9);
        let straight = contour([0, 4000, 0, 0], 1.0);
        assert_eq!(at(400).stage_left(&straight), 3599);
    }
}
