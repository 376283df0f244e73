// SPDX-License-Identifier: MIT OR Apache-2.0
//! Decides at each call of the loudspeaker what it gets. It counts frames and sees times, no samples.
//!
//! The delay that it holds is that between two lines ([`ClockLine`]): frames that the source has delivered, and frames of the source that
//! the loudspeaker has taken. To never run dry the delay must be what the source was ever behind its line just before a call, and the
//! loudspeaker ever ahead of its own just after one: packets and jitter are both in these two numbers, and both are measured ([`Peaks`]).

use crate::clock_line::ClockLine;
use crate::peaks::Peaks;

/// Beyond what was measured, seconds.
const MARGIN: f64 = 0.4e-3;
/// Jitter of each side that is assumed until ten minutes have shown what it is: seconds, and a part of its period.
const ASSUMED: f64 = 2.5e-3;
const ASSUMED_PART: f64 = 0.75;
/// Without a call for so long a device was away, or the computer slept, seconds.
const AWAY: f64 = 0.15;
/// A delay this far above the wanted one is cut, seconds.
const TOO_LONG: f64 = 0.05;
/// In silence nobody hears that a delay jumps to the wanted one, if it is so far from it, seconds.
const JUMP: f64 = 2e-3;
/// How far the drift goes, and how far the ratio goes from it to put the delay right; how fast it goes, per second; in the first seconds, where the
/// first calls' jitter is still in the delay, further.
const LARGEST: f64 = 2e-3;
const CORRECTION: f64 = 1.2e-3;
const FASTEST: f64 = 1e-3;
const FIRST: f64 = 3.0;
const AT_FIRST: f64 = 2.5;
/// Bandwidth of the control loop at the start and in the end, Hz.
const WIDEST: f64 = 0.5;
const NARROWEST: f64 = 0.01;
/// How fast the wanted delay falls, per second.
const FALLS: f64 = 20e-6;
/// How much faster than the loop the speed follows it.
const SMOOTH: f64 = 4.0;

/// What a call of the loudspeaker gets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Plan {
    /// Nothing: there is no source, or not enough of it yet.
    Silence,
    /// Sound: `skip` frames of the source are left out, the first `silent` frames of the call are silence, the rest is the source, read
    /// `speed` times as fast as nominal.
    Play {
        /// Frames of the source.
        skip: u64,
        /// Frames of the loudspeaker.
        silent: usize,
        /// Frames of the source for one of the loudspeaker, over the nominal number.
        speed: f64,
        /// The sound begins here.
        first: bool,
    },
}

/// What happened so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls that found too few frames.
    pub underruns: u64,
    /// Times that a delay was cut that had become too long.
    pub cuts: u64,
    /// Starts: the first, and one after each time that a device was away.
    pub starts: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// Collects the delay.
    Filling,
    Playing,
}

/// One device.
#[derive(Clone, Debug)]
struct Side {
    rate: f64,
    line: ClockLine,
    /// How far it was behind its line before a call, or ahead after one, seconds.
    peaks: Peaks,
    total: u64,
    last: Option<f64>,
}

impl Side {
    /// `lumps`: what comes at a time is behind the line before it.
    fn new(rate: u32, period: u32, lumps: bool, total: u64) -> Self {
        let period = f64::from(period) / f64::from(rate);
        let jitter = ASSUMED.min(ASSUMED_PART * period);
        Self {
            rate: f64::from(rate),
            line: ClockLine::new(rate),
            peaks: Peaks::new(jitter + if lumps { period } else { 0.0 }),
            total,
            last: None,
        }
    }

    /// True if the call at `time` is the first after a long time.
    fn was_away(&mut self, time: f64) -> bool {
        let away = self.last.is_some_and(|last| time - last > AWAY);
        self.last = Some(time);
        away
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Controller {
    source: Side,
    sink: Side,
    /// Frames of the source that were taken or left out.
    consumed: u64,
    /// Frames of the source.
    lookahead: f64,
    state: State,
    /// Seconds since the sound began.
    started: f64,
    last: f64,
    speed: f64,
    drift: f64,
    delay: f64,
    target: f64,
    counts: Counts,
}

impl Controller {
    /// Between two devices: frames per second, and frames at a time. Where the sound begins, `lookahead` frames of the source are taken more
    /// than are played.
    pub fn new(source: (u32, u32), sink: (u32, u32), lookahead: u32) -> Self {
        Self {
            source: Side::new(source.0, source.1, true, 0),
            sink: Side::new(sink.0, sink.1, false, 0),
            consumed: 0,
            lookahead: f64::from(lookahead),
            state: State::Filling,
            started: 0.0,
            last: 0.0,
            speed: 1.0,
            drift: 0.0,
            delay: 0.0,
            target: 0.0,
            counts: Counts::default(),
        }
    }

    /// Another source, or the same again.
    pub fn source_opened(&mut self, rate: u32, period: u32) {
        self.source = Side::new(rate, period, true, self.source.total);
        self.drift = 0.0;
    }

    /// Another loudspeaker, or the same again.
    pub fn sink_opened(&mut self, rate: u32, period: u32) {
        self.sink = Side::new(rate, period, false, 0);
        self.state = State::Filling;
        self.drift = 0.0;
    }

    /// The source has brought `frames` at `time`.
    pub fn delivered(&mut self, time: f64, frames: u64) {
        let side = &mut self.source;
        if side.was_away(time) {
            side.line.restart();
        }
        let before = side.total;
        side.total += frames;
        side.line.mark(time, side.total);
        if side.line.is_settled(time) {
            let behind = side.line.frames_at(time) - before as f64;
            side.peaks.add(time, behind / side.rate);
        }
    }

    /// The loudspeaker wants `frames` at `time`. `quiet` tells whether what was played last and that many frames of the source, which come
    /// next, are silent.
    pub fn plan(&mut self, time: f64, frames: usize, quiet: impl FnOnce(u64) -> bool) -> Plan {
        if self.sink.was_away(time) {
            self.sink.line.restart();
            self.state = State::Filling;
        }
        self.sink.total += frames as u64;
        let due = self.sink.line.mark(time, self.sink.total);
        let ahead = self.sink.total as f64 - self.sink.line.frames_at(time);
        if self.sink.line.is_settled(time) {
            self.sink.peaks.add(time, ahead / self.sink.rate);
        }

        if !self.source.line.has_begun() {
            self.delay = 0.0;
            return Plan::Silence;
        }
        // What the delay would be behind this call, if all of it were played at the nominal ratio.
        let nominal = self.source.rate / self.sink.rate;
        let after = self.consumed as f64 + frames as f64 * nominal;
        self.delay = (self.source.line.frames_at(due) - after) / self.source.rate;
        let error = self.delay - self.target(time);
        match self.state {
            State::Filling if self.is_starved(time) => {
                self.delay = 0.0;
                Plan::Silence
            }
            State::Filling => self.start(time, frames, error),
            State::Playing if error.abs() > JUMP && quiet(self.surplus(error)) => {
                self.jump(time, frames, error)
            }
            State::Playing if error > TOO_LONG => {
                self.counts.cuts += 1;
                self.start(time, frames, error)
            }
            State::Playing => {
                self.steer(time, error);
                Plan::Play {
                    skip: 0,
                    silent: 0,
                    speed: self.speed,
                    first: false,
                }
            }
        }
    }

    /// What the delay shall be: more at once, less little by little, so that the loop that follows does not swing below it.
    fn target(&mut self, time: f64) -> f64 {
        let wanted = self.wanted();
        let fallen = self.target - FALLS * (time - self.last).clamp(0.0, AWAY);
        self.target = match self.state {
            State::Filling => wanted,
            State::Playing => wanted.max(fallen),
        };
        self.target
    }

    /// Begins in the middle of a call, or of what is there, where the delay is as wanted.
    fn start(&mut self, time: f64, frames: usize, error: f64) -> Plan {
        let error = error - self.lookahead / self.source.rate;
        let silent = (-error * self.sink.rate).ceil().max(0.0) as usize;
        if silent >= frames {
            return Plan::Silence;
        }
        let skip = self.surplus(error);
        if self.state == State::Filling {
            self.counts.starts += 1;
        }
        self.state = State::Playing;
        self.started = time;
        self.last = time;
        self.speed = 1.0 + self.drift;
        Plan::Play {
            skip,
            silent,
            speed: self.speed,
            first: true,
        }
    }

    /// What is too much of the delay. It is there, for sure: the delay is longer than the source is ever behind.
    fn surplus(&self, error: f64) -> u64 {
        let frames = (error.max(0.0) * self.source.rate).floor() as u64;
        frames.min(self.unplayed())
    }

    /// Goes on where the delay is as wanted, in silence.
    fn jump(&mut self, time: f64, frames: usize, error: f64) -> Plan {
        let silent = (-error * self.sink.rate).ceil().max(0.0) as usize;
        if silent >= frames {
            return Plan::Silence;
        }
        self.last = time;
        Plan::Play {
            skip: self.surplus(error),
            silent,
            speed: self.speed,
            first: false,
        }
    }

    /// Moves the speed so that the error goes.
    fn steer(&mut self, time: f64, error: f64) {
        let step = (time - self.last).clamp(0.0, AWAY);
        self.last = time;
        let age = time - self.started;
        let far = if age < FIRST { AT_FIRST } else { 1.0 };
        let bandwidth = (WIDEST / age.max(1e-3)).clamp(NARROWEST, WIDEST);
        let omega = std::f64::consts::TAU * bandwidth;
        let most = far * CORRECTION;
        let correction = (2.0 * omega * error).clamp(-most, most);
        // What is beyond the limits of the speed is no drift.
        if correction.abs() < CORRECTION {
            let drift = self.drift + omega * omega * error * step;
            self.drift = drift.clamp(-LARGEST, LARGEST);
        }
        // Each call's jitter is in the error a little: what is faster than the loop stays out of the pitch.
        let part = (SMOOTH * omega * step).min(1.0);
        let change = part * (1.0 + self.drift + correction - self.speed);
        let fastest = far * far * FASTEST * step;
        self.speed += change.clamp(-fastest, fastest);
    }

    /// What became of a plan: `consumed` frames of the source were taken or left out, `missing` were not there.
    pub fn done(&mut self, time: f64, consumed: u64, missing: u64) {
        self.consumed += consumed;
        if missing > 0 {
            self.counts.underruns += 1;
            if self.is_starved(time) {
                // It is not late, it is gone.
                self.state = State::Filling;
            }
        }
    }

    /// While there is no loudspeaker: how many frames of the source are too old to be played when it comes.
    pub fn stale(&mut self, time: f64) -> u64 {
        let there = self.unplayed();
        let kept = (self.wanted() + AWAY) * self.source.rate;
        self.sink.last = None;
        self.last = time;
        (there as f64 - kept).max(0.0) as u64
    }

    /// Frames that were delivered and not taken.
    pub fn unplayed(&self) -> u64 {
        self.source.total - self.consumed
    }

    fn is_starved(&self, time: f64) -> bool {
        self.source.last.is_none_or(|last| time - last > AWAY / 3.0)
    }

    /// The delay that it holds, seconds.
    pub fn wanted(&self) -> f64 {
        self.source.peaks.peak() + self.sink.peaks.peak() + MARGIN
    }

    /// The delay as it is, seconds.
    pub fn delay(&self) -> f64 {
        self.delay
    }

    /// How much faster the source runs than the loudspeaker, parts per million.
    pub fn drift_ppm(&self) -> f64 {
        self.drift * 1e6
    }

    /// What happened.
    pub fn counts(&self) -> Counts {
        self.counts
    }
}
