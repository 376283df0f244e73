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

#[cfg(test)]
mod tests {
    use super::super::super::simd::Vectors;
    use super::*;

    const RATES: [f32; 6] = [8000.0, 11_025.0, 22_050.0, 48_000.0, 96_000.0, 192_000.0];

    fn now(tick: u64) -> Now {
        Now {
            tick,
            offset: 0,
            vectors: Vectors::default(),
        }
    }

    fn settings(rate: f32, depth: f32, delay: f32) -> Settings {
        Settings {
            rate,
            depth,
            delay,
            feedback: 0.0,
            to_reverb: 0.0,
            level: 1.0,
        }
    }

    /// Whatever is asked for at whatever rate, a tap reads what has been written and is still there.
    #[test]
    fn taps_stay_inside_of_the_line() {
        for rate in RATES {
            for depth in [0.0, 0.01, 0.04, 9.0] {
                for delay in [-1.0, 0.0, 0.001, 0.02, 0.04, 9.0] {
                    let mut chorus = Chorus::new().unwrap();
                    chorus.arrange(geometry_of(&settings(1.0, depth, delay), rate));
                    let (least, most) = (chorus.shortest, chorus.shortest + chorus.swing);
                    assert!(least >= EFFECT_TICK as f32 + 3.0, "{rate}: {least}");
                    assert!(
                        most <= (LINE - SPAN) as f32 && least <= most,
                        "{rate}: {most}"
                    );
                    let asked = delay.clamp(0.001, 0.04) * rate;
                    if (LEAST..LINE as f32 / 2.0).contains(&asked) {
                        assert_eq!(least, asked);
                    }
                }
            }
        }
    }

    /// The taps move without a step, along sines of which the right one is a quarter of a turn ahead.
    #[test]
    fn taps_sway_a_quarter_of_a_turn_apart() {
        let mut chorus = Chorus::new().unwrap();
        chorus.arrange(geometry_of(&settings(2.0, 0.01, 0.005), 48_000.0));
        let mut before: Option<[Ramp; 2]> = None;
        for tick in 0..2000 {
            chorus.sway(now(tick));
            let turns = (tick * u64::from(EFFECT_TICK)) as f64 * 2.0 / 48_000.0;
            for ((tap, quarter), n) in chorus.taps.iter().zip([0.0, 0.25]).zip(0..) {
                let sine = (core::f64::consts::TAU * (turns + quarter)).sin();
                let expected = 240.0 + 480.0 * (0.5 + 0.5 * sine);
                assert!(
                    (f64::from(tap.from) - expected).abs() < 0.05,
                    "{tick}: tap {n}"
                );
                if let Some(before) = before {
                    assert_eq!(before[n].to, tap.from, "{tick}: tap {n}");
                }
            }
            before = Some(chorus.taps);
        }
    }

    /// The part for the reverb is there from the first frame on, as large as later.
    #[test]
    fn the_reverb_gets_its_part_at_once() {
        let settings = Settings {
            to_reverb: 0.75,
            ..settings(0.0, 0.0, 0.001)
        };
        let mut chorus = Chorus::new().unwrap();
        chorus.wake(&settings, 48_000.0, now(0));
        for tick in 0..40 {
            let mut input = [0.0; EFFECT_TICK as usize];
            input[0] = f32::from(tick % 10 == 0);
            let mut sides = [[0.0; EFFECT_TICK as usize]; 2];
            let mut reverb = [0.0; EFFECT_TICK as usize];
            if tick > 0 {
                chorus.tick(&settings, 48_000.0, now(tick));
            }
            let [left, right] = &mut sides;
            chorus.process(
                now(tick),
                input.len(),
                (&input, true),
                [left, right],
                &mut reverb,
            );
            // 48 frames later.
            let expected = if tick % 10 == 1 { 0.75 } else { 0.0 };
            assert!(
                (reverb[16] - expected).abs() < 1e-5,
                "{tick}: {}",
                reverb[16]
            );
        }
    }
}
