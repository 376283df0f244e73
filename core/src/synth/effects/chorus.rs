// SPDX-License-Identifier: MIT OR Apache-2.0
//! Chorus: two taps of one delay line, a quarter turn apart, one per side; their mean is fed back.

use super::super::lanes::{LANES, Lanes};
use super::super::tick::TICK;
use super::super::{math, simd};
use super::delay::{Block, Delay, SPAN, chunks};
use super::settings::Chorus as Settings;
use super::{Now, QUIET, Ramp, flush_all, peak, turns};
use crate::mem::NoMemory;

/// Frames of the line: 85 ms at the highest full rate.
const LINE: usize = 8192;

/// Chunks of a block.
const CHUNKS: usize = TICK as usize / LANES;

/// Shortest delay in seconds and in frames: a stretch is read before it is written, and four samples are read at once.
const SHORTEST: f32 = 0.001;
const LEAST: f32 = TICK as f32 + 3.0;

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

    /// Adds the chorus of `input` to both sides, and its part for the reverb to `reverb`.
    pub fn process(
        &mut self,
        now: Now,
        frames: usize,
        input: &Block,
        left: &mut Block,
        right: &mut Block,
        reverb: &mut Block,
    ) {
        let count = chunks(frames);
        let [one, two] = self.taps;
        let Some(ring) = self.line.ring() else { return };
        let at = self.line.at();
        let (mut first, mut second) = ([Lanes::ZERO; CHUNKS], [Lanes::ZERO; CHUNKS]);
        read(ring, at, one.chunks(now.offset).take(count), &mut first);
        read(ring, at, two.chunks(now.offset).take(count), &mut second);
        let taps = || first.iter().zip(&second).take(count);

        // Quiet for so long that everything has passed: let it run out.
        let alive = Lanes::splat(if self.quiet <= PATIENCE { 0.5 } else { 0.0 });
        let Some(next) = self.line.next() else { return };
        let mut highest = Lanes::ZERO;
        let mut rest = frames;
        let sources = input.as_chunks().0.iter().zip(taps());
        let sources = sources.zip(self.feedback.chunks(now.offset));
        for (to, ((x, (a, b)), feedback)) in next.as_chunks_mut().0.iter_mut().zip(sources) {
            let w = flush_all(Lanes(*x) + feedback * alive * (*a + *b));
            *to = w.0;
            let most = w.abs().max(a.abs()).max(b.abs());
            highest = highest.max(most.first(rest));
            rest = rest.saturating_sub(LANES);
        }
        self.line.advance(frames);
        let highest = if peak(input) > 0.0 {
            f32::INFINITY
        } else {
            highest.highest()
        };
        self.peak = self.peak.max(highest);

        let (left, right) = (left.as_chunks_mut().0, right.as_chunks_mut().0);
        let sides = left.iter_mut().zip(right).zip(reverb.as_chunks_mut().0);
        let gains = self.gain.chunks(now.offset);
        let gains = gains.zip(self.to_reverb.chunks(now.offset));
        for ((((left, right), reverb), (a, b)), (gain, to_reverb)) in sides.zip(taps()).zip(gains) {
            let (l, r) = (*a * gain, *b * gain);
            *left = (Lanes(*left) + l).0;
            *right = (Lanes(*right) + r).0;
            let sum = (l + r) * Lanes::splat(0.5 / WET) * to_reverb;
            *reverb = (Lanes(*reverb) + sum).0;
        }
    }
}

/// Ticks in which everything in the line has passed once.
const PATIENCE: u32 = LINE as u32 / TICK + 1;

/// Reads a tap between samples (Catmull-Rom); `delays` are those of the frames from place `at` on.
#[inline(always)]
fn read(
    ring: &[f32; LINE + SPAN],
    at: usize,
    delays: impl Iterator<Item = Lanes>,
    out: &mut [Lanes; CHUNKS],
) {
    // From y1, whole frames ago, towards the older y2; y3 comes first.
    let mut oldest = at + 2 * LINE - 2;
    for (out, delay) in out.iter_mut().zip(delays) {
        let (whole, t) = simd::split(delay);
        let mut rows = [Lanes::ZERO; LANES];
        for (n, (row, whole)) in rows.iter_mut().zip(whole).enumerate() {
            let start = (oldest + n).wrapping_sub(whole as usize) % LINE;
            if let Some(four) = ring.get(start..).and_then(|rest| rest.first_chunk()) {
                *row = Lanes(*four);
            }
        }
        oldest += LANES;
        let [y3, y2, y1, y0] = Lanes::transposed(rows);
        let of = Lanes::splat;
        let slope = of(0.5) * (y2 - y0);
        let bend = y0 - of(2.5) * y1 + of(2.0) * y2 - of(0.5) * y3;
        let twist = of(0.5) * (y3 - y0) + of(1.5) * (y1 - y2);
        *out = ((twist * t + bend) * t + slope) * t + y1;
    }
}

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
