// SPDX-License-Identifier: MIT OR Apache-2.0
//! The sample clock: master time (100 ns) ↔ frames of the output (`docs/reference/dmus-miniport.md` §6.4).
//!
//! The mapping is a chain of straight pieces. A piece is exact: whole numbers, no rounding that adds up. While the device agrees
//! with the mapping nothing changes, so a device without drift is followed without any error; a drifting one is followed
//! by bending the pieces that lie ahead. What has been rendered never moves.

const TICKS_PER_SECOND: i128 = 10_000_000;
/// 2^32: one frame in the fixed point of a piece, and a slope of exactly the nominal rate.
const ONE: i128 = 1 << 32;
/// Pieces that are remembered. At one `sync` in 20 ms: a third of a second.
const PIECES: usize = 16;

/// `frames(t) = frame + fraction + (t - time) * rate * slope`
#[derive(Clone, Copy, Debug)]
struct Piece {
    /// Master time of its beginning.
    time: i64,
    /// Frame at that time, in units of 2^-32.
    at: i128,
    /// Real frames per nominal frame, in units of 2^-32.
    slope: i64,
}

impl Piece {
    /// Position at a time, in units of 2^-32 frames, rounded down.
    fn position(&self, rate: u32, time: i64) -> i128 {
        let elapsed = i128::from(time) - i128::from(self.time);
        self.at + (elapsed * i128::from(rate) * i128::from(self.slope)).div_euclid(TICKS_PER_SECOND)
    }

    /// The first time at which the position is reached.
    fn time_of(&self, rate: u32, position: i128) -> i64 {
        let per_second = (i128::from(rate) * i128::from(self.slope)).max(1);
        // Whole seconds apart, so that the product stays small.
        let distance = position - self.at;
        let seconds = distance.checked_div_euclid(per_second).unwrap_or(0);
        let rest = distance - seconds * per_second;
        let ticks = (rest * TICKS_PER_SECOND + per_second - 1)
            .checked_div_euclid(per_second)
            .unwrap_or(0);
        let time = i128::from(self.time) + seconds.saturating_mul(TICKS_PER_SECOND) + ticks;
        time.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
    }
}

/// Maps master time to output frames and back; monotone.
///
/// ```
/// use arioso_core::synth::SampleClock;
///
/// // Frame 0 was at one second; half a second later it is frame 24,000.
/// let mut clock = SampleClock::new(48_000);
/// clock.start(10_000_000, 0);
/// assert_eq!(clock.ref_to_frame(15_000_000), 24_000);
/// assert_eq!(clock.frame_to_ref(24_000), 15_000_000);
/// ```
#[derive(Clone, Debug)]
pub struct SampleClock {
    rate: u32,
    /// Oldest first; the first `count` are in use.
    pieces: [Piece; PIECES],
    count: usize,
    /// Long-term drift, as a slope minus one, in units of 2^-32.
    drift: f64,
    /// Time of the last `sync` or `start`.
    synced: i64,
    /// Where the device lies ahead of the mapping, in frames: bounds from whole-frame reports, each of which leaves a frame open.
    /// Together they narrow it down to a small part of one.
    bounds: (f64, f64),
    /// Position at the last `sync`, in units of 2^-32 frames.
    at_sync: i128,
    /// Everything before this time is final.
    committed: i64,
    /// The frame that was committed last, and its time: the next block begins there.
    last_commit: Option<(i64, i64)>,
}

impl SampleClock {
    /// Corrections beyond this make the clock start again (seconds).
    const LOST: f64 = 0.1;
    /// Steepest slope error that is ever used.
    const MAX_SLEW: f64 = 0.005;
    /// How far the drift may be from what is believed.
    const DRIFT_DOUBT: f64 = 5e-6;
    /// Largest drift that is believed.
    const MAX_DRIFT: f64 = 0.001;

    /// A clock for an output of `rate` frames per second; frame 0 at time 0 until [`start`](Self::start).
    pub fn new(rate: u32) -> Self {
        let origin = Piece {
            time: 0,
            at: 0,
            slope: ONE as i64,
        };
        Self {
            rate: rate.max(1),
            pieces: [origin; PIECES],
            count: 1,
            drift: 0.0,
            synced: 0,
            bounds: (-1.0, 1.0),
            at_sync: 0,
            committed: i64::MIN,
            last_commit: None,
        }
    }

    /// Nominal frames per second.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// The device is at `frame` now, and goes on from there at the nominal rate.
    pub fn start(&mut self, master_now: i64, frame: i64) {
        *self = Self::new(self.rate);
        if let Some(first) = self.pieces.first_mut() {
            *first = Piece {
                time: master_now,
                at: i128::from(frame) * ONE,
                slope: ONE as i64,
            };
        }
        self.synced = master_now;
        self.at_sync = i128::from(frame) * ONE;
    }

    /// The device is at `frame` (whole frames that have passed) at `master_now`.
    ///
    /// Corrects the frames ahead of those that are committed. A second-order loop: 1/8 s while the device's positions are clean,
    /// 1 s when they jitter.
    pub fn sync(&mut self, master_now: i64, frame: i64) {
        let rate = f64::from(self.rate);
        let predicted = self.position(master_now);
        let ahead = (i128::from(frame) * ONE - predicted) as f64 / ONE as f64;
        let ticks = master_now.saturating_sub(self.synced).max(0) as f64;
        let nominal = ticks / TICKS_PER_SECOND as f64 * rate;
        // What the mapping gained on the device since, if the device kept to its drift.
        let gained = (predicted - self.at_sync) as f64 / ONE as f64 - nominal * (1.0 + self.drift);
        let doubt = nominal * Self::DRIFT_DOUBT;
        let (low, high) = (
            self.bounds.0 - gained - doubt,
            self.bounds.1 - gained + doubt,
        );
        self.bounds = (low.max(ahead), high.min(ahead + 1.0));
        if self.bounds.0 > self.bounds.1 {
            self.bounds = (ahead, ahead + 1.0);
        }
        self.at_sync = predicted;
        let error = 0.0f64.max(self.bounds.0).min(self.bounds.1);
        let seconds = error / rate;
        if seconds.abs() > Self::LOST {
            return self.start_again(master_now, frame);
        }
        let elapsed = (master_now.saturating_sub(self.synced) as f64 / TICKS_PER_SECOND as f64)
            .clamp(0.0, 0.1);
        self.synced = self.synced.max(master_now);
        let clean = error.abs() <= 4.0;
        let bandwidth = if clean { 8.0 } else { 1.0 };
        self.drift = (self.drift + bandwidth * bandwidth * seconds * elapsed)
            .clamp(-Self::MAX_DRIFT, Self::MAX_DRIFT);
        let slew = (self.drift + 2.0 * bandwidth * seconds).clamp(-Self::MAX_SLEW, Self::MAX_SLEW);
        self.bend(
            master_now,
            (ONE as i64).wrapping_add((slew * ONE as f64) as i64),
        );
    }

    /// Frames before `frame` have been rendered: what has been said about them stays.
    pub fn commit(&mut self, frame: i64) {
        let time = self.frame_to_ref(frame);
        self.last_commit = Some((frame, time));
        self.committed = self.committed.max(time);
    }

    /// The frame that sounds at a master time: whole frames that have passed by then.
    pub fn ref_to_frame(&self, time: i64) -> i64 {
        (self.position(time) >> 32).clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
    }

    /// The first master time that [`ref_to_frame`](Self::ref_to_frame) maps to `frame`.
    pub fn frame_to_ref(&self, frame: i64) -> i64 {
        if let Some((last, time)) = self.last_commit
            && last == frame
        {
            return time;
        }
        let position = i128::from(frame) * ONE;
        let mut latest = self.used().iter().rev();
        let piece = latest
            .find(|piece| piece.at <= position)
            .unwrap_or(self.oldest());
        piece.time_of(self.rate, position)
    }

    fn used(&self) -> &[Piece] {
        self.pieces.get(..self.count).unwrap_or_default()
    }

    fn oldest(&self) -> &Piece {
        let [first, ..] = &self.pieces;
        first
    }

    fn latest(&self) -> &Piece {
        self.used().last().unwrap_or(self.oldest())
    }

    fn position(&self, time: i64) -> i128 {
        let mut latest = self.used().iter().rev();
        let piece = latest
            .find(|piece| piece.time <= time)
            .unwrap_or(self.oldest());
        piece.position(self.rate, time)
    }

    /// Continues with another slope from now on, or from where nothing is committed.
    fn bend(&mut self, now: i64, slope: i64) {
        let last = *self.latest();
        if last.slope == slope {
            return;
        }
        let time = now.max(self.committed).max(last.time);
        self.push(Piece {
            time,
            at: last.position(self.rate, time),
            slope,
        });
    }

    /// The device jumped. Ahead: the committed past stays as it is, the future begins at the new place. Back, or it stood still: what
    /// was said about frames that it has not reached is void, and a new line runs through the place where it is.
    fn start_again(&mut self, now: i64, frame: i64) {
        if i128::from(frame) * ONE < self.position(now) {
            let drift = self.drift;
            self.start(now, frame);
            self.drift = drift;
            return;
        }
        let slope = (ONE as i64).wrapping_add((self.drift * ONE as f64) as i64);
        let wanted = Piece {
            time: now,
            at: i128::from(frame) * ONE,
            slope,
        };
        let time = now.max(self.committed).max(self.latest().time);
        let at = wanted.position(self.rate, time).max(self.position(time));
        self.synced = now;
        self.at_sync = wanted.at;
        self.bounds = (-1.0, 1.0);
        self.push(Piece { time, at, slope });
    }

    fn push(&mut self, piece: Piece) {
        self.last_commit = None;
        let used = self.pieces.get_mut(..self.count).unwrap_or_default();
        if let Some(last) = used.last_mut()
            && last.time == piece.time
        {
            *last = piece;
            return;
        }
        if self.count >= PIECES {
            self.pieces.rotate_left(1);
            self.count = PIECES - 1;
        }
        if let Some(slot) = self.pieces.get_mut(self.count) {
            *slot = piece;
            self.count += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u32 = 48_000;
    const ORIGIN: i64 = 700_000_000_000_000;
    const SECOND: i64 = 10_000_000;
    const FIRST: i64 = 1_000_000;

    fn started() -> SampleClock {
        let mut clock = SampleClock::new(RATE);
        clock.start(ORIGIN, FIRST);
        clock
    }

    /// Reports at an uneven cadence say together where the device is to a part of a frame, whether it drifts or not.
    #[test]
    fn reports_of_whole_frames_narrow_the_place_down() {
        for ppm in [0.0, 200.0, -150.0] {
            let mut clock = started();
            let mut state = 1u32;
            let (mut elapsed, mut widths) = (0, 0.0);
            for step in 0..4000 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                elapsed += 190_000 + i64::from(state >> 18);
                let frames = elapsed as f64 * f64::from(RATE) * (1.0 + ppm * 1e-6) / SECOND as f64;
                clock.sync(ORIGIN + elapsed, FIRST + frames.floor() as i64);
                if step >= 3000 {
                    let place = clock.position(ORIGIN + elapsed) - i128::from(FIRST) * ONE;
                    let ahead = frames - place as f64 / ONE as f64;
                    let (low, high) = clock.bounds;
                    assert!(low - 0.3 <= ahead && ahead <= high + 0.3, "{ppm}: {ahead}");
                    widths += (high - low) / 1000.0;
                }
            }
            assert!(widths < 0.7, "{ppm}: {widths} frames are left open");
        }
    }

    /// Until it is started, frame 0 is at time 0.
    #[test]
    fn a_clock_that_was_not_started_begins_at_nothing() {
        let clock = SampleClock::new(RATE);
        assert_eq!((clock.ref_to_frame(0), clock.frame_to_ref(0)), (0, 0));
        assert_eq!(clock.frame_to_ref(i64::from(RATE)), SECOND);
        assert_eq!(clock.ref_to_frame(-1), -1);
    }

    /// A start, or a jump ahead, is a report like any other: the next one, half a frame ahead, leaves half a frame open.
    #[test]
    fn the_report_after_a_start_narrows_it() {
        for jump in [0, 20_000] {
            let mut clock = started();
            let (mut now, mut frame) = (ORIGIN, FIRST);
            if jump != 0 {
                (now, frame) = (now + 10 * SECOND, frame + 480_000 + jump);
                clock.sync(now, frame);
                assert_eq!(clock.ref_to_frame(now), frame);
            }
            // 960.5 frames later by the clock.
            clock.sync(now + 200_104, frame + 961);
            let (low, high) = clock.bounds;
            assert!(
                (low - 0.5).abs() < 0.01 && (high - 1.0).abs() < 0.01,
                "{low} {high}"
            );
        }
    }
}
