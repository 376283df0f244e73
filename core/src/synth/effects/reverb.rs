// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reverb: four all-passes that spread the input, then eight modulated delay lines that feed each other through a Hadamard matrix,
//! each with the loss that gives every path the same decay, and a low-pass that lets high frequencies go sooner (Jot).

use super::super::lanes::{LANES, Lanes};
use super::super::math;
use super::super::tick::TICK;
use super::delay::{AllPass, Block, Delay, SILENCE, SPAN, chunks};
use super::settings::{Reverb as Settings, Room};
use super::{MAX_RATE, Now, QUIET, Ramp, flush_all, frames_from, peak, turns};
use crate::mem::{NoMemory, TryBox, vec};
use alloc::vec::Vec;

const LINES: usize = 8;

/// Chunks of a block.
const CHUNKS: usize = TICK as usize / LANES;

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
    /// Frames from its input to its output: the middle, and where the modulation stands at this tick and the next.
    middle: f32,
    frames: Ramp,
    /// Modulation: turns of 2^32 per tick.
    rate: u32,
}

impl Line {
    /// The delay that the modulation asks for.
    fn swung(&self, rate: f32, phase: u32) -> f32 {
        self.middle + SWING * rate.min(MAX_RATE) * math::sine(phase)
    }

    /// Plans the delay up to the next tick. It stops at each whole number of frames on its way, so that it lies between two samples
    /// that stay the same for a tick.
    fn sway(&mut self, rate: f32, now: Now) {
        let from = self.frames.to;
        let wanted = self.swung(rate, now.phase(self.rate, 1));
        let floor = from as i32 as f32;
        let to = if wanted > from {
            wanted.min(floor + 1.0)
        } else {
            wanted.max(if floor == from { floor - 1.0 } else { floor })
        };
        self.frames = Ramp { from, to };
    }
}

pub struct Reverb {
    geometry: Geometry,
    /// Time, high ratio: what the losses were computed for.
    decay: Option<(f32, f32)>,
    pre: Delay,
    pre_delay: usize,
    diffusers: Vec<AllPass>,
    lines: Vec<Line>,
    /// Loss of each line, for all frequencies and for the high ones.
    loss: [f32; LINES],
    damping: [f32; LINES],
    low: Halves,
    /// Coefficients and states of the high-pass and the low-pass at the input.
    high_pass: f32,
    low_pass: f32,
    dc: f32,
    dull: f32,
    /// Output gain, and what it comes to.
    gain: Ramp,
    normal: f32,
    /// Ticks of silence.
    quiet: u32,
    /// Ticks of running empty before the delays change.
    closing: u32,
    /// Highest output since the last tick.
    peak: f32,
    asleep: bool,
    /// Sums and differences of all lines, four frames side by side.
    sums: TryBox<[[Lanes; LINES]; CHUNKS]>,
}

impl Reverb {
    /// A reverb at rest. PASSIVE_LEVEL: it allocates.
    pub fn new() -> Result<Self, NoMemory> {
        let mut lines = vec::try_with_capacity(LINES)?;
        for seconds in LENGTHS {
            let line = Line {
                delay: Delay::new((seconds * MAX_RATE) as usize + 2 * TICK as usize)?,
                middle: 0.0,
                frames: Ramp::default(),
                rate: 0,
            };
            vec::try_push(&mut lines, line)?;
        }
        let mut diffusers = vec::try_with_capacity(DIFFUSERS.len())?;
        for (seconds, gain) in DIFFUSERS {
            let longest = (seconds * MAX_RATE) as usize;
            vec::try_push(&mut diffusers, AllPass::new(longest, gain)?)?;
        }
        Ok(Self {
            geometry: Geometry {
                room: Room::LargeHall,
                pre_delay: 0.0,
                cutoff: 0.0,
                rate: 0.0,
            },
            decay: None,
            pre: Delay::new((PRE_DELAY * MAX_RATE) as usize + 2 * TICK as usize)?,
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
            sums: TryBox::try_filled([Lanes::ZERO; LINES])?,
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
            line.frames.to = line.swung(rate, now.phase(line.rate, 0));
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
        let tick = TICK as usize;
        self.pre_delay = (geometry.pre_delay * full) as usize;
        for (diffuser, (seconds, _)) in self.diffusers.iter_mut().zip(DIFFUSERS) {
            diffuser.set_delay(((seconds * full) as usize).max(tick));
        }
        for ((line, seconds), hertz) in self.lines.iter_mut().zip(LENGTHS).zip(RATES) {
            line.middle = seconds * geometry.room.size() * full;
            line.rate = turns(hertz, rate);
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
        if self.quiet > 2 * self.patience() {
            return self.rest();
        }
        let wanted = geometry_of(settings, rate);
        if wanted != self.geometry && self.gain.to == 0.0 && self.closing > self.longest() {
            self.arrange(wanted);
            for line in &mut self.lines {
                line.frames.to = line.middle;
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

    /// Ticks in which every delay line is written once.
    fn longest(&self) -> u32 {
        let lines = self.lines.iter().map(|line| line.delay.length());
        let longest = lines.chain([self.pre.length()]).max().unwrap_or(0);
        longest as u32 / TICK + 1
    }

    /// Ticks in which everything inside has passed the output once.
    fn patience(&self) -> u32 {
        let diffusion: usize = self.diffusers.iter().map(AllPass::length).sum();
        self.longest() + (self.pre.length() + diffusion) as u32 / TICK + 1
    }

    /// Adds the reverb of `input` (which is overwritten) to both sides.
    pub fn process(
        &mut self,
        now: Now,
        frames: usize,
        input: &mut Block,
        left: &mut Block,
        right: &mut Block,
    ) {
        if peak(input) > 0.0 {
            self.peak = f32::INFINITY;
        }
        // Quiet for so long that everything has passed: let it run out.
        let alive = self.quiet <= self.patience() && self.closing == 0;
        self.shape(input, frames);
        if self.closing > 0 {
            *input = [0.0; TICK as usize];
        }
        self.pre.pass(self.pre_delay, frames, input);
        for diffuser in &mut self.diffusers {
            diffuser.process(alive, frames, input);
        }
        self.put_out(now, frames, left, right);
        self.feed(input, frames, alive);
    }

    /// Reads the lines, each between two frames, through their low-passes; adds the second and the third sum of all lines to the
    /// sides and keeps all sums.
    fn put_out(&mut self, now: Now, frames: usize, left: &mut Block, right: &mut Block) {
        let mut spans = [&SILENCE; LINES];
        let mut parts = [Ramp::default(); LINES];
        for ((span, part), line) in spans.iter_mut().zip(&mut parts).zip(&self.lines) {
            let Ramp { from, to } = line.frames;
            let whole = from.min(to) as i32;
            *span = line.delay.past(whole as usize + 1);
            *part = Ramp {
                from: from - whole as f32,
                to: to - whole as f32,
            };
        }
        let from = parts.map(|part| Lanes::splat(part.from));
        let step = parts.map(|part| Lanes::splat(part.step()));
        let keep = halves(self.damping);
        let share = halves(self.damping.map(|damping| 1.0 - damping));
        let mut low = self.low;
        let mut peak = Lanes::ZERO;
        let mut rest = frames;
        let (sides, _) = left.as_chunks_mut::<LANES>();
        let sides = sides.iter_mut().zip(right.as_chunks_mut::<LANES>().0);
        let gains = self.gain.chunks(now.offset).zip(frames_from(now.offset));
        let all = self.sums.iter_mut().zip(sides).zip(gains);
        for (chunk, ((sums, (left, right)), (gain, frame))) in all.take(chunks(frames)).enumerate()
        {
            let mut lines = [Lanes::ZERO; LINES];
            let ramps = from.iter().zip(&step);
            for ((line, span), (from, step)) in lines.iter_mut().zip(spans).zip(ramps) {
                let (old, new) = two(span, chunk);
                *line = new + (*from + *step * frame) * (old - new);
            }
            let [a, b, c, d, e, f, g, h] = lines;
            let mut first = Lanes::transposed([a, b, c, d]);
            let mut second = Lanes::transposed([e, f, g, h]);
            // High frequencies go sooner: frame by frame.
            for (x, y) in first.iter_mut().zip(&mut second).take(rest) {
                low = [
                    flush_all(keep[0] * low[0] + share[0] * *x),
                    flush_all(keep[1] * low[1] + share[1] * *y),
                ];
                [*x, *y] = low;
            }
            let [a, b, c, d] = Lanes::transposed(first);
            let [e, f, g, h] = Lanes::transposed(second);
            *sums = hadamard([a, b, c, d, e, f, g, h]);
            let [_, l, r, ..] = *sums;
            let (l, r) = (l * gain, r * gain);
            *left = (Lanes(*left) + l).0;
            *right = (Lanes(*right) + r).0;
            peak = peak.max(l.abs().max(r.abs()).first(rest));
            rest = rest.saturating_sub(LANES);
        }
        self.low = low;
        self.peak = self.peak.max(peak.highest());
    }

    /// Writes the lines: what has gone round, with its loss, and the input.
    fn feed(&mut self, input: &Block, frames: usize, alive: bool) {
        let mut inputs = [Lanes::ZERO; CHUNKS];
        for (to, x) in inputs.iter_mut().zip(input.as_chunks().0) {
            *to = Lanes(*x) * Lanes::splat(ROOT_EIGHTH);
        }
        let keep = if alive { 1.0 } else { 0.0 };
        let Ok(lines) = <&mut [Line; LINES]>::try_from(self.lines.as_mut_slice()) else {
            return;
        };
        for (index, (line, loss)) in lines.iter_mut().zip(self.loss).enumerate() {
            let loss = Lanes::splat(loss * keep);
            let Some(next) = line.delay.next() else {
                return;
            };
            let all = next.as_chunks_mut().0.iter_mut();
            let all = all.zip(self.sums.iter().zip(inputs));
            for (to, (sums, x)) in all.take(chunks(frames)) {
                if let Some(y) = sums.get(index) {
                    *to = flush_all(*y * loss + x).0;
                }
            }
            line.delay.advance(frames);
        }
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

/// Four frames of a span from `chunk` on, and the four that begin a frame later.
#[inline(always)]
fn two(span: &[f32; SPAN], chunk: usize) -> (Lanes, Lanes) {
    let [_, later @ ..] = span;
    let four = |frames: &[f32]| {
        let (chunks, _) = frames.as_chunks();
        chunks.get(chunk).map_or(Lanes::ZERO, |four| Lanes(*four))
    };
    (four(span), four(later))
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

/// The first and the second four of all lines.
type Halves = [Lanes; 2];

fn halves([a, b, c, d, e, f, g, h]: [f32; LINES]) -> Halves {
    [Lanes([a, b, c, d]), Lanes([e, f, g, h])]
}

/// Sums and differences of all lines: a rotation, times √8.
#[inline(always)]
fn hadamard([a, b, c, d, e, f, g, h]: [Lanes; LINES]) -> [Lanes; LINES] {
    let [a, b, c, d, e, f, g, h] = [a + e, b + f, c + g, d + h, a - e, b - f, c - g, d - h];
    let [a, b, c, d, e, f, g, h] = [a + c, b + d, a - c, b - d, e + g, f + h, e - g, f - h];
    [a + b, a - b, c + d, c - d, e + f, e - f, g + h, g - h]
}
