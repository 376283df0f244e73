// SPDX-License-Identifier: MIT OR Apache-2.0
//! A device's clock: the line through its calls, a delay-locked loop of second order (F. Adriaensen, "Using a DLL to filter time", 2005).

use std::f64::consts::{SQRT_2, TAU};

/// Bandwidth of the loop, Hz: at the start, where nothing is known, and in the end, where a call's jitter shall move nothing.
const WIDEST: f64 = 1.0;
const NARROWEST: f64 = 0.02;
/// From then on a call that is off the line tells of the call, seconds.
const SETTLED: f64 = 0.5;
/// How far a device's rate may be from what it says.
const TOLERANCE: f64 = 0.01;

/// Frames against time.
#[derive(Clone, Debug)]
pub struct ClockLine {
    /// Seconds of one frame, as the device says.
    nominal: f64,
    /// Seconds of one frame, as it is.
    frame: f64,
    /// Filtered time of the last call.
    time: f64,
    /// Frames up to it.
    frames: u64,
    /// Time of the first call.
    since: Option<f64>,
    /// The last call would have had the rate beyond the tolerance.
    astray: bool,
}

impl ClockLine {
    /// A device of `rate` frames per second that has not called yet.
    pub fn new(rate: u32) -> Self {
        let frame = 1.0 / f64::from(rate.max(1));
        Self {
            nominal: frame,
            frame,
            time: 0.0,
            frames: 0,
            since: None,
            astray: false,
        }
    }

    /// A call at `time` that makes it `total` frames. Gives the time at which the call was due.
    pub fn mark(&mut self, time: f64, total: u64) -> f64 {
        let Some(since) = self.since else {
            self.since = Some(time);
            self.time = time;
            self.frames = total;
            return time;
        };
        let frames = total.saturating_sub(self.frames) as f64;
        let due = self.time + frames * self.frame;
        let late = time - due;
        let bandwidth = (1.0 / (time - since).max(1e-3)).clamp(NARROWEST, WIDEST);
        let omega = (TAU * bandwidth * frames * self.nominal).min(0.5);
        self.time = due + SQRT_2 * omega * late;
        self.frames = total;
        if frames > 0.0 {
            let (low, high) = (
                self.nominal * (1.0 - TOLERANCE),
                self.nominal * (1.0 + TOLERANCE),
            );
            let frame = self.frame + omega * omega * late / frames;
            self.frame = frame.clamp(low, high);
            let before = std::mem::replace(&mut self.astray, frame != self.frame);
            if before && self.astray {
                // One call may be late; more of them are no clock yet.
                self.frame = self.nominal;
                self.time = time;
                self.since = Some(time);
            }
        }
        self.time
    }

    /// Frames by `time`, on the line.
    pub fn frames_at(&self, time: f64) -> f64 {
        self.frames as f64 + (time - self.time) / self.frame
    }

    /// Whether there was a call.
    pub fn has_begun(&self) -> bool {
        self.since.is_some()
    }

    /// Whether the line has been followed long enough to measure something by it.
    pub fn is_settled(&self, time: f64) -> bool {
        self.since.is_some_and(|since| time - since > SETTLED)
    }

    /// Forgets the calls; the rate that was found stays.
    pub fn restart(&mut self) {
        self.since = None;
    }

    /// How much faster the device runs than it says, parts per million.
    pub fn drift_ppm(&self) -> f64 {
        (self.nominal / self.frame - 1.0) * 1e6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_does_not_keep_its_rate_at_first_is_no_clock_until_it_does() {
        let mut line = ClockLine::new(48_000);
        let mut time = 0.0;
        let mut settled = None;
        for call in 1..=600u64 {
            // Every 15 ms at first, every 10 ms from the second second on.
            time += if time < 1.0 { 15e-3 } else { 10e-3 };
            line.mark(time, call * 480);
            if line.is_settled(time) {
                let first = *settled.get_or_insert(time);
                let off = line.frames_at(time) - (call * 480) as f64;
                assert!(off.abs() < 48.0, "{off} at {time}, settled at {first}");
            }
        }
        let settled = settled.unwrap();
        assert!((1.5..2.1).contains(&settled), "{settled}");
        assert!(line.drift_ppm().abs() < 100.0, "{}", line.drift_ppm());
    }

    #[test]
    fn a_clock_is_found_through_jitter() {
        // 300 ppm fast, calls up to 5 ms late.
        let mut line = ClockLine::new(48_000);
        let mut seed = 7u64;
        for call in 1..=30_000u64 {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1);
            let jitter = (seed >> 33) as f64 / 2f64.powi(31) * 5e-3;
            line.mark(
                call as f64 * 480.0 / (48_000.0 * 1.0003) + jitter,
                call * 480,
            );
        }
        assert!(
            (line.drift_ppm() - 300.0).abs() < 5.0,
            "{}",
            line.drift_ppm()
        );
        // On the mean of the jitter.
        let at = line.frames_at(300.0 / 1.0003 + 2.5e-3);
        assert!((at - 30_000.0 * 480.0).abs() < 5.0, "{at}");
    }
}
