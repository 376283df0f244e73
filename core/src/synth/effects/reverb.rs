// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reverb: four all-passes that spread the input, then eight modulated delay lines that feed each other through a Hadamard matrix,
//! each with the loss that gives every path the same decay, and a low-pass that lets high frequencies go sooner (Jot).

use super::super::lanes::Lanes;
use super::super::math;
use super::super::simd::{self, AllPasses, LINES, Network, Slope};
use super::super::tick::EFFECT_TICK;
use super::delay::{AllPass, Block, Delay, SPAN};
use super::settings::{Reverb as Settings, Room};
use super::{MAX_RATE, Now, QUIET, Ramp, TINY, turns};
use crate::mem::NoMemory;

/// Seconds of the lines in the largest room.
const LENGTHS: [f32; LINES] = [
    0.0317, 0.0371, 0.0413, 0.0469, 0.0532, 0.0599, 0.0673, 0.0749,
];

/// Seconds and gains of the diffusers (Dattorro's).
const DIFFUSERS: [(f32, f32); 4] = [
    (0.00477, 0.75),
    (0.00360, 0.75),
    (0.01273, 0.625),
    (0.00931, 0.625),
];

/// Rates of the lines' modulation in Hz, and how far it reaches in seconds.
const RATES: [f32; LINES] = [0.43, 0.53, 0.61, 0.71, 0.79, 0.89, 0.97, 1.09];
const SWING: f32 = 0.000_12;

/// Ticks that a line's modulation is planned for.
const REACH: u64 = LINES as u64;

/// Longest delay before the reverb in seconds.
const PRE_DELAY: f32 = 0.127;

/// The high-pass at the input takes away what is not heard.
const HIGH_PASS: f32 = 30.0;

/// Where `high_ratio` holds.
const HIGH: f32 = 5_000.0;

/// Highest loss per pass that `high_ratio` asks for, in dB.
const MAX_DAMPING: f32 = 12.0;

/// RMS of either side for white noise of RMS 1 at the input, at the usual level: that of FluidSynth 2.3.
pub const WET: f32 = 0.9;

impl Room {
    /// Lengths as a part of the largest room's.
    fn size(self) -> f32 {
        match self {
            Self::SmallRoom => 0.45,
            Self::MediumRoom => 0.55,
            Self::Plate => 0.6,
            Self::LargeRoom => 0.7,
            Self::MediumHall => 0.85,
            Self::LargeHall => 1.0,
        }
    }
}

/// What fixes the delays: a change goes through silence.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Geometry {
    room: Room,
    pre_delay: f32,
    cutoff: f32,
    rate: f32,
}

/// A line of the network.
struct Line {
    delay: Delay,
    /// Frames from its input to its output: the middle, and where the modulation stands at the next tick.
    middle: f32,
    next: f32,
    /// Where the modulation is at the next tick, how far it goes per tick, and the line's turn to plan that.
    goal: f32,
    pace: f32,
    turn: u64,
    /// The same until then: whole frames, and the part of the frame before.
    whole: usize,
    part: Slope,
    /// Modulation: turns of 2^32 per tick.
    rate: u32,
}

impl Line {
    /// One whose delay is still to be made.
    const NONE: Self = Self {
        delay: Delay::NONE,
        middle: 0.0,
        next: 0.0,
        goal: 0.0,
        pace: 0.0,
        turn: 0,
        whole: 0,
        part: Slope::ZERO,
        rate: 0,
    };

    /// The delay that the modulation asks for.
    fn swung(&self, rate: f32, phase: u32) -> f32 {
        self.middle + SWING * rate.min(MAX_RATE) * math::sine(phase)
    }

    /// Stands where the modulation is at this tick; nothing is heard of it yet.
    fn settle(&mut self, rate: f32, now: Now) {
        self.goal = self.swung(rate, now.phase(self.rate, 0));
        self.next = self.goal;
        self.aim(rate, now, REACH - (now.tick + self.turn) % REACH);
    }

    /// Plans the modulation for some ticks: a straight line is within a thousandth of a frame of it.
    fn aim(&mut self, rate: f32, now: Now, ticks: u64) {
        let end = self.swung(rate, now.phase(self.rate, ticks));
        self.pace = (end - self.goal) / ticks as f32;
    }

    /// Plans the delay up to the next tick. It stops at each whole number of frames on its way, so that it lies between two samples
    /// that stay the same for a tick.
    fn sway(&mut self, rate: f32, now: Now) {
        // The lines take turns.
        if (now.tick + self.turn).is_multiple_of(REACH) {
            self.aim(rate, now, REACH);
        }
        self.goal += self.pace;
        let from = self.next;
        let wanted = self.goal;
        let floor = from as i32 as f32;
        let below = if floor == from { floor - 1.0 } else { floor };
        let to = wanted.min(floor + 1.0).max(below);
        self.next = to;
        let whole = from.min(to) as i32;
        self.whole = whole as usize;
        self.part = Slope {
            from: from - whole as f32,
            step: (to - from) * (1.0 / EFFECT_TICK as f32),
        };
    }

    /// What comes out in the next block, from a frame before on, and where that goes that comes in.
    #[inline(always)]
    fn passage(&mut self) -> Option<(&[f32; SPAN], &mut Block)> {
        self.delay.passage(self.whole + 1)
    }
}

pub struct Reverb {
    geometry: Geometry,
    /// Time, high ratio: what the losses were computed for.
    decay: Option<(f32, f32)>,
    pre: Delay,
    pre_delay: usize,
    diffusers: [AllPass; DIFFUSERS.len()],
    lines: [Line; LINES],
    /// Loss of each line, for all frequencies and for the high ones.
    loss: [f32; LINES],
    damping: [f32; LINES],
    /// States of the low-passes that take away high frequencies, four lines and four lines.
    low: [Lanes; 2],
    /// Coefficients and states of the high-pass and the low-pass at the input.
    high_pass: f32,
    low_pass: f32,
    dc: f32,
    dull: f32,
    /// Output gain, and what it comes to.
    gain: Ramp,
    normal: f32,
    /// Ticks in which every delay line is written once, and in which everything inside has passed the output once.
    longest: u32,
    patience: u32,
    /// Ticks of silence.
    quiet: u32,
    /// Ticks of running empty before the delays change.
    closing: u32,
    /// Highest output since the last tick.
    peak: f32,
    asleep: bool,
}

impl Reverb {
    /// A reverb at rest. PASSIVE_LEVEL: it allocates.
    pub fn new() -> Result<Self, NoMemory> {
        const BEHIND: usize = 2 * EFFECT_TICK as usize;
        let mut lines = [const { Line::NONE }; LINES];
        for ((line, seconds), turn) in lines.iter_mut().zip(LENGTHS).zip(0..) {
            line.delay.make((seconds * MAX_RATE) as usize + BEHIND)?;
            line.turn = turn;
        }
        let mut diffusers = DIFFUSERS.map(|(_, gain)| AllPass::none(gain));
        for (diffuser, (seconds, _)) in diffusers.iter_mut().zip(DIFFUSERS) {
            diffuser.make((seconds * MAX_RATE) as usize)?;
        }
        let pre = Delay::new((PRE_DELAY * MAX_RATE) as usize + BEHIND)?;
        let all = lines.iter().map(|line| line.delay.length());
        let longest = all.fold(pre.length(), usize::max);
        let diffusion: usize = diffusers.iter().map(AllPass::length).sum();
        let longest = longest as u32 / EFFECT_TICK + 1;
        Ok(Self {
            geometry: Geometry {
                room: Room::LargeHall,
                pre_delay: 0.0,
                cutoff: 0.0,
                rate: 0.0,
            },
            decay: None,
            longest,
            patience: longest + (pre.length() + diffusion) as u32 / EFFECT_TICK + 1,
            pre,
            pre_delay: 0,
            diffusers,
            lines,
            loss: [0.0; LINES],
            damping: [0.0; LINES],
            low: [Lanes::ZERO; 2],
            high_pass: 0.0,
            low_pass: 1.0,
            dc: 0.0,
            dull: 0.0,
            gain: Ramp::default(),
            normal: 0.0,
            quiet: 0,
            closing: 0,
            peak: 0.0,
            asleep: true,
        })
    }

    pub fn is_asleep(&self) -> bool {
        self.asleep
    }

    /// Forgets all sound.
    pub fn clear(&mut self) {
        self.pre.clear();
        self.diffusers.iter_mut().for_each(AllPass::clear);
        self.lines.iter_mut().for_each(|line| line.delay.clear());
        self.rest();
    }

    fn rest(&mut self) {
        self.low = [Lanes::ZERO; 2];
        self.dc = 0.0;
        self.dull = 0.0;
        self.peak = 0.0;
        self.asleep = true;
    }

    /// Something comes in after silence.
    pub fn wake(&mut self, settings: &Settings, rate: f32, now: Now) {
        self.asleep = false;
        self.quiet = 0;
        self.closing = 0;
        self.arrange(geometry_of(settings, rate));
        self.set_decay(settings);
        self.gain.jump(self.goal(settings));
        for line in &mut self.lines {
            line.settle(rate, now);
            line.sway(rate, now);
        }
    }

    /// Sets the delays.
    fn arrange(&mut self, geometry: Geometry) {
        if geometry == self.geometry {
            return;
        }
        self.geometry = geometry;
        self.decay = None;
        let rate = geometry.rate;
        let full = rate.min(MAX_RATE);
        let tick = EFFECT_TICK as usize;
        self.pre_delay = (geometry.pre_delay * full) as usize;
        self.pre.fit(self.pre_delay + tick);
        for (diffuser, (seconds, _)) in self.diffusers.iter_mut().zip(DIFFUSERS) {
            diffuser.set_delay(((seconds * full) as usize).max(tick));
        }
        for ((line, seconds), hertz) in self.lines.iter_mut().zip(LENGTHS).zip(RATES) {
            line.middle = seconds * geometry.room.size() * full;
            line.rate = turns(hertz, rate);
            line.delay.fit((line.middle + SWING * full) as usize + 2);
        }
        self.high_pass = one_pole(HIGH_PASS, rate);
        // The state must not fall into the denormals within a tick.
        self.low_pass = if geometry.cutoff < 0.3 * rate {
            one_pole(geometry.cutoff.max(100.0), rate).min(0.7)
        } else {
            1.0
        };
    }

    /// Sets the losses.
    fn set_decay(&mut self, settings: &Settings) {
        let wanted = (settings.time, settings.high_ratio);
        if self.decay == Some(wanted) {
            return;
        }
        self.decay = Some(wanted);
        let time = sane(settings.time, 0.05, 20.0);
        let ratio = sane(settings.high_ratio, 0.001, 0.999);
        let rate = self.geometry.rate;
        let cosine = math::quarter_sine(1.0 - 4.0 * HIGH.min(0.2 * rate) / rate);
        // What reading between two samples loses by itself.
        let blur = -10.0 * LOG10_2 * math::log2(1.0 - (1.0 - cosine) * (1.0 / 3.0));
        let mut energy = 0.0;
        let losses = self.loss.iter_mut().zip(&mut self.damping);
        for ((loss, damping), line) in losses.zip(&self.lines) {
            let decibels = 60.0 * line.middle / (rate * time);
            let amplitude = math::exp2(-decibels * math::LOG2_PER_DB);
            *loss = amplitude * ROOT_EIGHTH;
            energy += amplitude * amplitude * (1.0 / LINES as f32);
            let high = (decibels * (1.0 / ratio - 1.0)).min(MAX_DAMPING) - blur;
            // What reading loses too much is given back as far as no frequency ever grows, wherever the line is read.
            let most = (1.0 - amplitude) / (1.0 + amplitude);
            *damping = low_pass_for(high, cosine).max(-most);
        }
        self.normal = WET * root(1.0 - energy);
    }

    fn goal(&self, settings: &Settings) -> f32 {
        self.normal * sane(settings.level, 0.0, 4.0)
    }

    /// A control tick.
    pub fn tick(&mut self, settings: &Settings, rate: f32, now: Now) {
        if self.asleep {
            return;
        }
        let loud = self.peak >= QUIET;
        self.peak = 0.0;
        self.quiet = if loud { 0 } else { self.quiet + 1 };
        if self.quiet > 2 * self.patience {
            return self.rest();
        }
        let wanted = geometry_of(settings, rate);
        if wanted != self.geometry && self.gain.to == 0.0 && self.closing > self.longest {
            self.arrange(wanted);
            for line in &mut self.lines {
                line.settle(rate, now);
            }
        }
        if wanted == self.geometry {
            self.closing = 0;
            self.set_decay(settings);
            let goal = self.goal(settings);
            self.gain.approach(goal);
        } else {
            self.closing += 1;
            self.gain.approach(0.0);
        }
        for line in &mut self.lines {
            line.sway(rate, now);
        }
        for state in [&mut self.dc, &mut self.dull] {
            *state = if state.abs() < 1e-20 { 0.0 } else { *state };
        }
    }

    /// Adds the reverb of `input` (which is overwritten, and may be nothing but zeros) to both sides.
    pub fn process(
        &mut self,
        now: Now,
        frames: usize,
        (input, loud): (&mut Block, bool),
        sides: [&mut Block; 2],
    ) {
        if loud {
            self.peak = f32::INFINITY;
        }
        // Quiet for so long that everything has passed: let it run out.
        let alive = self.quiet <= self.patience && self.closing == 0;
        self.shape(input, frames);
        if self.closing > 0 {
            *input = [0.0; EFFECT_TICK as usize];
        }
        // A line that delays by nothing holds nothing: what it held had passed when the delay became nothing.
        if self.pre_delay > 0 {
            self.pre.pass(self.pre_delay, frames, input);
        }
        self.diffuse(now, frames, input, alive);
        if let Some(highest) = self.network(now, frames, input, sides, alive) {
            self.peak = self.peak.max(highest);
        }
    }

    fn diffuse(&mut self, now: Now, frames: usize, input: &mut Block, alive: bool) -> Option<()> {
        let [a, b, c, d] = &mut self.diffusers;
        let gains = [a.gain(), b.gain(), c.gain(), d.gain()];
        let passes = AllPasses {
            lines: [a.passage()?, b.passage()?, c.passage()?, d.passage()?],
            gains,
            feedback: alive,
            least: TINY,
        };
        simd::diffuse(now.vectors, passes, input, frames);
        for diffuser in &mut self.diffusers {
            diffuser.advance(frames);
        }
        Some(())
    }

    /// Adds the second and the third sum of all lines to the sides, and feeds all lines; the highest magnitude that was added.
    fn network(
        &mut self,
        now: Now,
        frames: usize,
        input: &Block,
        sides: [&mut Block; 2],
        alive: bool,
    ) -> Option<f32> {
        let [a, b, c, d, e, f, g, h] = &mut self.lines;
        let parts = [
            a.part, b.part, c.part, d.part, e.part, f.part, g.part, h.part,
        ];
        let lines = [
            a.passage()?,
            b.passage()?,
            c.passage()?,
            d.passage()?,
            e.passage()?,
            f.passage()?,
            g.passage()?,
            h.passage()?,
        ];
        let network = Network {
            lines,
            parts,
            damping: self.damping,
            low: &mut self.low,
            loss: if alive { self.loss } else { [0.0; LINES] },
            input,
            input_gain: ROOT_EIGHTH,
            sides,
            gain: self.gain.slope(),
            offset: now.offset,
            frames,
            least: TINY,
        };
        let highest = simd::network(now.vectors, network);
        for line in &mut self.lines {
            line.delay.advance(frames);
        }
        Some(highest)
    }

    /// High-pass and low-pass at the input.
    fn shape(&mut self, input: &mut Block, frames: usize) {
        let (mut dc, mut dull) = (self.dc, self.dull);
        let (keep, share) = (1.0 - self.high_pass, self.high_pass);
        let input = input.iter_mut().take(frames);
        if self.low_pass < 1.0 {
            let (keep_dull, share_dull) = (1.0 - self.low_pass, self.low_pass);
            for x in input {
                dc = keep * dc + share * *x;
                dull = keep_dull * dull + share_dull * (*x - dc);
                *x = dull;
            }
        } else {
            for x in input {
                dc = keep * dc + share * *x;
                *x -= dc;
            }
        }
        (self.dc, self.dull) = (dc, dull);
    }
}

/// 1/√8
const ROOT_EIGHTH: f32 = 0.353_553_4;
const LOG10_2: f32 = core::f32::consts::LOG10_2;

fn geometry_of(settings: &Settings, rate: f32) -> Geometry {
    Geometry {
        room: settings.room,
        pre_delay: sane(settings.pre_delay, 0.0, PRE_DELAY),
        cutoff: if settings.cutoff.is_nan() {
            f32::INFINITY
        } else {
            settings.cutoff
        },
        rate,
    }
}

/// Within bounds; the lowest if it is not a number.
fn sane(value: f32, low: f32, high: f32) -> f32 {
    if value.is_nan() {
        low
    } else {
        value.clamp(low, high)
    }
}

/// Share of the input in a one-pole filter.
fn one_pole(hertz: f32, rate: f32) -> f32 {
    let octaves = core::f32::consts::TAU * core::f32::consts::LOG2_E * hertz / rate;
    1.0 - math::exp2(-octaves)
}

/// The pole of a low-pass that loses `decibels` where the cosine of the frequency is `cosine`. A loss below zero is a gain, of a pole
/// below zero.
fn low_pass_for(decibels: f32, cosine: f32) -> f32 {
    if decibels.abs() <= 0.01 {
        return 0.0;
    }
    let power = math::exp2(-2.0 * decibels * math::LOG2_PER_DB);
    let (a, b) = (1.0 - power * cosine, 1.0 - power);
    ((a - root((a * a - b * b).max(0.0))) / b).clamp(-0.5, 0.99)
}

fn root(x: f32) -> f32 {
    math::exp2(0.5 * math::log2(x))
}

#[cfg(test)]
mod tests {
    use super::super::super::simd::Vectors;
    use super::*;

    /// The modulation of each line, which is planned for eight ticks at a time, stays close to its sine, whenever it is woken: a thousandth of a
    /// frame, and as much again for rounding.
    #[test]
    fn lines_sway_along_their_sines() {
        const RATE: f32 = 48_000.0;
        let mut reverb = Reverb::new().unwrap();
        let now = |tick| Now {
            tick,
            offset: 0,
            vectors: Vectors::default(),
        };
        let mut furthest = 0.0f32;
        for begin in (0..3000).step_by(61) {
            reverb.asleep = true;
            reverb.wake(&Settings::default(), RATE, now(begin));
            for tick in begin..begin + 40 {
                if tick > begin {
                    for line in &mut reverb.lines {
                        line.sway(RATE, now(tick));
                    }
                }
                for line in &reverb.lines {
                    let turns = f64::from(line.rate) / 4_294_967_296.0 * (tick + 1) as f64;
                    let sine = (core::f64::consts::TAU * turns).sin();
                    let swing = f64::from(SWING) * f64::from(RATE);
                    let away = f64::from(line.goal) - f64::from(line.middle) - swing * sine;
                    furthest = furthest.max(away.abs() as f32);
                }
            }
        }
        assert!(furthest < 0.0021, "{furthest} frames");
    }
}
