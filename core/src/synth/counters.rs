// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a render does, counted and timed: for benches, with the feature `counters` alone. A driver has nothing of it.

#[cfg(feature = "counters")]
pub use on::{Counts, begin, fetch, lap, take};
#[cfg(feature = "counters")]
pub(super) use on::{is_fetching, stretch};

/// Where time goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Control ticks, and what events leave to be planned.
    Control,
    /// Reading, filtering and mixing voices, and their sends.
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
    pub fn stretch(_: u8, _: usize) {}
}
#[cfg(not(feature = "counters"))]
pub(super) use off::{begin, lap, stretch};

#[cfg(feature = "counters")]
mod on {
    use super::Part;
    use crate::synth::simd;
    use core::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

    /// Of one thread: nobody else may render meanwhile.
    static LAST: AtomicU64 = AtomicU64::new(0);
    static TIMES: [AtomicU64; 5] = [const { AtomicU64::new(0) }; 5];
    static STRETCHES: AtomicU64 = AtomicU64::new(0);
    static QUAD_FRAMES: AtomicU64 = AtomicU64::new(0);
    static VOICE_FRAMES: AtomicU64 = AtomicU64::new(0);
    static FETCHING: AtomicBool = AtomicBool::new(true);

    /// Clocks of the processor that no lap takes by itself: another program has run in it.
    const INTERRUPTED: u64 = 200_000;

    /// What has been counted.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Counts {
        /// Clocks of the processor in each [`Part`].
        pub times: [u64; 5],
        /// Calls of kernels.
        pub stretches: u64,
        /// Frames of all quads that were rendered.
        pub quad_frames: u64,
        /// Frames of all voices in them.
        pub voice_frames: u64,
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
            quad_frames: take(&QUAD_FRAMES),
            voice_frames: take(&VOICE_FRAMES),
        }
    }

    /// Whether waves are read; else every voice is a constant, and what is missing in the time is what reading takes.
    pub fn fetch(on: bool) {
        FETCHING.store(on, Relaxed);
    }

    pub fn is_fetching() -> bool {
        FETCHING.load(Relaxed)
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

    /// A kernel has rendered some frames of a quad, whose voices `live` has a bit for.
    pub fn stretch(live: u8, frames: usize) {
        add(&STRETCHES, 1);
        add(&QUAD_FRAMES, frames as u64);
        add(&VOICE_FRAMES, u64::from(live.count_ones()) * frames as u64);
    }
}
