// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a render does, counted and timed: for benches, with the feature `counters` alone. A driver has nothing of it.

#[cfg(feature = "counters")]
pub use on::{Counts, begin, lap, take};
#[cfg(feature = "counters")]
pub(super) use on::{filters, stretch};

/// Where time goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Control ticks, and what events leave to be planned.
    Control,
    /// Reading waves.
    Fetch,
    /// Filters of voices.
    Filter,
    /// Mixing voices, and their sends.
    Voices,
    /// Reverb and chorus.
    Effects,
    /// Ports into the output, the limiter.
    Mix,
    /// Messages: whoever sends them says so.
    #[cfg(feature = "counters")]
    Messages,
}

#[cfg(not(feature = "counters"))]
mod off {
    use super::Part;

    #[inline(always)]
    pub fn begin() {}

    #[inline(always)]
    pub fn lap(_: Part) {}

    #[inline(always)]
    pub fn stretch(_: usize) {}

    #[inline(always)]
    pub fn filters(_: usize, _: usize) {}
}
#[cfg(not(feature = "counters"))]
pub(super) use off::{begin, filters, lap, stretch};

#[cfg(feature = "counters")]
mod on {
    use super::Part;
    use crate::synth::simd;
    use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

    /// Of one thread: nobody else may render meanwhile.
    static LAST: AtomicU64 = AtomicU64::new(0);
    static TIMES: [AtomicU64; 7] = [const { AtomicU64::new(0) }; 7];
    static STRETCHES: AtomicU64 = AtomicU64::new(0);
    static VOICE_FRAMES: AtomicU64 = AtomicU64::new(0);
    static FILTERED: AtomicU64 = AtomicU64::new(0);
    static FILTER_LANES: AtomicU64 = AtomicU64::new(0);

    /// Clocks of the processor that no lap takes by itself: another program has run in it.
    const INTERRUPTED: u64 = 200_000;

    /// What has been counted.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Counts {
        /// Clocks of the processor in each [`Part`].
        pub times: [u64; 7],
        /// Stretches of waves that were read.
        pub stretches: u64,
        /// Frames of all voices.
        pub voice_frames: u64,
        /// Voices that went through a filter, and the lanes that were there for them.
        pub filtered: u64,
        /// See `filtered`.
        pub filter_lanes: u64,
    }

    fn add(to: &AtomicU64, more: u64) {
        to.store(to.load(Relaxed).wrapping_add(more), Relaxed);
    }

    /// The counts since the last call.
    pub fn take() -> Counts {
        let take = |from: &AtomicU64| from.swap(0, Relaxed);
        Counts {
            times: TIMES.each_ref().map(take),
            stretches: take(&STRETCHES),
            voice_frames: take(&VOICE_FRAMES),
            filtered: take(&FILTERED),
            filter_lanes: take(&FILTER_LANES),
        }
    }

    /// The first lap begins.
    pub fn begin() {
        LAST.store(simd::clock(), Relaxed);
    }

    /// What has passed since the last call belongs to `part`.
    pub fn lap(part: Part) {
        let now = simd::clock();
        let took = now.wrapping_sub(LAST.swap(now, Relaxed));
        if let Some(time) = TIMES.get(part as usize).filter(|_| took < INTERRUPTED) {
            add(time, took);
        }
    }

    /// Some frames of a voice have been read.
    pub fn stretch(frames: usize) {
        add(&STRETCHES, 1);
        add(&VOICE_FRAMES, frames as u64);
    }

    /// Voices have gone through their filters, in so many lanes.
    pub fn filters(voices: usize, lanes: usize) {
        add(&FILTERED, voices as u64);
        add(&FILTER_LANES, lanes as u64);
    }
}
