// SPDX-License-Identifier: MIT OR Apache-2.0
//! Chorus: two taps of one delay line, a quarter turn apart, one per side; their mean is fed back.

use super::super::math;
use super::super::simd::{self, Slope, Taps, Wet};
use super::super::tick::EFFECT_TICK;
use super::delay::{Block, Delay, SPAN};
use super::settings::Chorus as Settings;
use super::{Now, QUIET, Ramp, TINY, turns};
use crate::mem::NoMemory;

/// Frames of the line: 85 ms at the highest full rate.
const LINE: usize = 8192;

/// Shortest delay in seconds and in frames: a stretch is read before it is written, and four samples are read at once.
const SHORTEST: f32 = 0.001;
const LEAST: f32 = EFFECT_TICK as f32 + 3.0;

/// Highest feedback.
const MAX_FEEDBACK: f32 = 0.97;

/// Gain of either side at the usual level: as loud as a voice in the middle.
pub const WET: f32 = core::f32::consts::FRAC_1_SQRT_2;

/// What a change of moves the taps: it goes through silence.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Geometry {
    rate: f32,
    depth: f32,
    delay: f32,
    frames: f32,
}

pub struct Chorus {
    geometry: Geometry,
    line: Delay,
    /// Modulation: shortest delay and swing in frames, turns of 2^32 per tick.
    shortest: f32,
    swing: f32,
    step: u32,
    taps: [Ramp; 2],
    feedback: Ramp,
    gain: Ramp,
    to_reverb: Ramp,
    quiet: u32,
    peak: f32,
    asleep: bool,
}

impl Chorus {
    /// A chorus at rest. PASSIVE_LEVEL: it allocates.
    pub fn new() -> Result<Self, NoMemory> {
        Ok(Self {
            geometry: Geometry {
                rate: 0.0,
                depth: 0.0,
                delay: 0.0,
                frames: 0.0,
            },
            line: Delay::new(LINE)?,
            shortest: LEAST,
            swing: 0.0,
            step: 0,
            taps: [Ramp::default(); 2],
            feedback: Ramp::default(),
            gain: Ramp::default(),
            to_reverb: Ramp::default(),
            quiet: 0,
            peak: 0.0,
            asleep: true,
        })
    }

    pub fn is_asleep(&self) -> bool {
        self.asleep
    }

    /// Forgets all sound.
    pub fn clear(&mut self) {
        self.line.clear();
        self.asleep = true;
    }

    /// Something comes in after silence.
    pub fn wake(&mut self, settings: &Settings, rate: f32, now: Now) {
        self.asleep = false;
        self.quiet = 0;
        self.peak = 0.0;
        self.arrange(geometry_of(settings, rate));
        self.feedback.jump(feedback_of(settings));
        self.gain.jump(gain_of(settings));
        self.to_reverb.jump(sane(settings.to_reverb, 0.0, 1.0));
        self.sway(now);
    }

    fn arrange(&mut self, geometry: Geometry) {
        self.geometry = geometry;
        self.shortest = (geometry.delay * geometry.frames).clamp(LEAST, (LINE / 2) as f32);
        let room = LINE as f32 - 8.0 - LEAST - self.shortest;
        self.swing = (geometry.depth * geometry.frames).min(room);
        self.step = turns(geometry.rate, geometry.frames);
    }

    /// Plans the taps up to the next tick.
    fn sway(&mut self, now: Now) {
        for (tap, turn) in self.taps.iter_mut().zip([0, 0x4000_0000]) {
            let at = |ahead| {
                let phase = now.phase(self.step, ahead).wrapping_add(turn);
                self.shortest + self.swing * (0.5 + 0.5 * math::sine(phase))
            };
            *tap = Ramp {
                from: at(0),
                to: at(1),
            };
        }
    }

    /// A control tick.
    pub fn tick(&mut self, settings: &Settings, rate: f32, now: Now) {
        if self.asleep {
            return;
        }
        let loud = self.peak >= QUIET;
        self.peak = 0.0;
        self.quiet = if loud { 0 } else { self.quiet + 1 };
        if self.quiet > 2 * PATIENCE {
            self.asleep = true;
            return;
        }
        let wanted = geometry_of(settings, rate);
        // The taps jump while nothing of them is heard or fed back.
        if wanted != self.geometry && self.gain.to == 0.0 && self.feedback.to == 0.0 {
            self.arrange(wanted);
        }
        let (gain, feedback) = if wanted == self.geometry {
            (gain_of(settings), feedback_of(settings))
        } else {
            (0.0, 0.0)
        };
        self.gain.approach(gain);
        self.feedback.approach(feedback);
        self.to_reverb.approach(sane(settings.to_reverb, 0.0, 1.0));
        self.sway(now);
    }

    /// Adds the chorus of `input`, which may be nothing but zeros, to both sides, and its part for the reverb to `reverb`; whether there is
    /// one.
    pub fn process(
        &mut self,
        now: Now,
        frames: usize,
        (input, loud): (&Block, bool),
        sides: [&mut Block; 2],
        reverb: &mut Block,
    ) -> bool {
        let Some(ring) = self.line.ring::<{ LINE + SPAN }>() else {
            return false;
        };
        let [one, two] = &self.taps;
        let taps = Taps {
            ring,
            length: LINE,
            at: self.line.at(),
            delays: [one.slope(), two.slope()],
            offset: now.offset,
            frames,
        };
        let mut heard = [[0.0; EFFECT_TICK as usize]; 2];
        simd::taps(now.vectors, &taps, &mut heard);

        // Quiet for so long that everything has passed: let it run out.
        let alive = if self.quiet <= PATIENCE { 0.5 } else { 0.0 };
        let to_reverb = self.to_reverb.slope().times(0.5 / WET);
        let Some(next) = self.line.next() else {
            return false;
        };
        let wet = Wet {
            taps: &heard,
            input,
            feedback: self.feedback.slope().times(alive),
            next,
            gain: self.gain.slope(),
            sides,
            to_reverb,
            reverb,
            offset: now.offset,
            frames,
            least: TINY,
        };
        let highest = simd::wet(now.vectors, wet);
        self.line.advance(frames);
        let highest = if loud { f32::INFINITY } else { highest };
        self.peak = self.peak.max(highest);
        to_reverb != Slope::ZERO
    }
}

/// Ticks in which everything in the line has passed once.
const PATIENCE: u32 = LINE as u32 / EFFECT_TICK + 1;

fn geometry_of(settings: &Settings, frames: f32) -> Geometry {
    Geometry {
        rate: sane(settings.rate, 0.0, 16.0),
        depth: sane(settings.depth, 0.0, 0.040),
        delay: sane(settings.delay, SHORTEST, 0.040),
        frames,
    }
}

fn feedback_of(settings: &Settings) -> f32 {
    sane(settings.feedback, -MAX_FEEDBACK, MAX_FEEDBACK)
}

fn gain_of(settings: &Settings) -> f32 {
    WET * sane(settings.level, 0.0, 4.0)
}

/// Within bounds; 0 or the lowest if it is not a number.
fn sane(value: f32, low: f32, high: f32) -> f32 {
    if value.is_nan() {
        low.max(0.0)
    } else {
        value.clamp(low, high)
    }
}
