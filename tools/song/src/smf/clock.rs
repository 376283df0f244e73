// SPDX-License-Identifier: MIT OR Apache-2.0
//! Ticks to time.

use super::super::SECOND;
use super::oddity::Oddities;

/// Taken where a file does not say how long a tick is.
const USUAL_TICKS: u64 = 480;
/// The same of SMPTE time: bits of a frame.
const USUAL_SUBFRAMES: u64 = 80;

/// How long a tick is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// Ticks per quarter note, under a tempo map.
    Metrical(u64),
    /// Ticks per second as a fraction.
    Smpte(u64, u64),
}

impl Clock {
    /// Where nothing is said.
    pub const USUAL: Self = Self::Metrical(USUAL_TICKS);

    /// Of the header's division, which lies at byte `at`.
    pub fn new(division: Option<[u8; 2]>, at: usize, odd: &mut Oddities) -> Self {
        let usual = Self::USUAL;
        let Some([high, low]) = division else {
            odd.note(at, "a header without a time division", "480 ticks a beat");
            return usual;
        };
        if high < 0x80 {
            let ticks = u64::from(u16::from_be_bytes([high, low]));
            if ticks == 0 {
                odd.note(at, "a time division of 0", "480 ticks a beat");
                return usual;
            }
            return Self::Metrical(ticks);
        }
        let frames = u64::from((high as i8).unsigned_abs());
        if low == 0 && !matches!(frames, 24 | 25 | 29 | 30) {
            odd.note(at, "a time division of 0", "480 ticks a beat");
            return usual;
        }
        let subframes = match low {
            0 => {
                odd.note(at, "a time division of 0", "80 ticks a frame");
                USUAL_SUBFRAMES
            }
            ticks => u64::from(ticks),
        };
        match frames {
            // Drop frame: 29.97.
            29 => Self::Smpte(30_000 * subframes, 1001),
            24 | 25 | 30 => Self::Smpte(frames * subframes, 1),
            _ => {
                odd.note(at, "a frame rate that SMPTE does not have", "as it says");
                Self::Smpte(frames * subframes, 1)
            }
        }
    }
}

/// Exact times: sums are kept in fractions of 100 ns with one divisor, so that no rounding accumulates.
pub struct TempoMap {
    /// Tick, time there, 100 ns per tick; both in units of `1 / divisor`.
    segments: Vec<(u64, i128, i128)>,
    divisor: i128,
}

impl TempoMap {
    /// `tempos` are ticks, sorted, and microseconds per quarter note.
    pub fn new(clock: &Clock, tempos: &[(u64, u32)]) -> Self {
        let (divisor, start) = match *clock {
            Clock::Metrical(ticks) => (i128::from(ticks), 500_000 * 10),
            Clock::Smpte(ticks, seconds) => {
                (i128::from(ticks), i128::from(seconds) * i128::from(SECOND))
            }
        };
        let mut segments = vec![(0, 0, start)];
        if matches!(clock, Clock::Metrical(_)) {
            for &(tick, tempo) in tempos {
                let (from, time, step) = segments[segments.len() - 1];
                segments.push((
                    tick,
                    time + i128::from(tick - from) * step,
                    i128::from(tempo) * 10,
                ));
            }
        }
        Self { segments, divisor }
    }

    /// 100 ns, rounded to the nearest.
    pub fn time(&self, tick: u64) -> i64 {
        let after = self.segments.partition_point(|(from, _, _)| *from <= tick);
        let (from, time, step) = self.segments[after.max(1) - 1];
        let exact = time + i128::from(tick - from) * step;
        i64::try_from((exact + self.divisor / 2) / self.divisor).unwrap_or(i64::MAX)
    }
}
