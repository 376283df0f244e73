// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the owner and every other context exchange: commands to the owner, what it let go of, the sample clock, counts.

use super::DEFAULT_RATE;
use super::command::Command;
use super::loader::Loader;
use super::retire::Reaper;
use crate::kernel::driver::Device;
use crate::kernel::irql::Passive;
use crate::kernel::lock::SpinLock;
use crate::kernel::work::WorkItem;
use crate::kernel::{Result, no_memory};
use arioso_core::mem::Ring;
use arioso_core::synth::clock::SampleClock;
use core::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering};

/// Commands on their way to the owner.
const COMMANDS: usize = 256;

/// What the owner and every other context exchange.
pub struct Exchange {
    pub commands: Ring<Command>,
    pub reaper: WorkItem<Reaper>,
    /// Reads what is wanted of the default bank.
    pub loader: WorkItem<Loader>,
    clock: SpinLock<Timeline>,
    /// The idle timer is set.
    pub armed: AtomicBool,
    /// The device is gone.
    pub closed: AtomicBool,
    /// Output rate, frames per second.
    rate: AtomicU32,
    /// Device frame up to which has been rendered.
    rendered: AtomicI64,
    pub frames: AtomicU64,
    pub slices: AtomicU64,
    pub skipped: AtomicU64,
    /// Share of a processor that rendering takes, percent × 100.
    pub load: AtomicU32,
    /// Voices of all pins.
    pub voices: AtomicU32,
    /// Highest sample, which falls; the bits of a number.
    level: AtomicU32,
    /// ms that the endpoint is written ahead.
    pub lead: AtomicU32,
    /// More was predicted for a slice than it may cost.
    pub over_budget: AtomicBool,
}

struct Timeline {
    clock: SampleClock,
    started: bool,
}

impl Exchange {
    pub fn new(device: &Device, lead: u32) -> Result<Self> {
        Ok(Self {
            commands: Ring::new(COMMANDS).map_err(no_memory)?,
            reaper: WorkItem::new(device, Reaper::new()?)?,
            loader: WorkItem::new(device, Loader::new()?)?,
            clock: SpinLock::new(Timeline {
                clock: SampleClock::new(DEFAULT_RATE),
                started: false,
            }),
            armed: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            rate: AtomicU32::new(DEFAULT_RATE),
            rendered: AtomicI64::new(0),
            frames: AtomicU64::new(0),
            slices: AtomicU64::new(0),
            skipped: AtomicU64::new(0),
            load: AtomicU32::new(0),
            voices: AtomicU32::new(0),
            level: AtomicU32::new(0),
            lead: AtomicU32::new(lead),
            over_budget: AtomicBool::new(false),
        })
    }

    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// Output rate, frames per second.
    pub fn rate(&self) -> u32 {
        self.rate.load(Ordering::Relaxed)
    }

    /// The rate of whoever renders next.
    pub fn set_rate(&self, rate: u32) {
        self.rate.store(rate, Ordering::Relaxed);
    }

    /// Frees what the owner let go of.
    pub fn reap(&self, passive: Passive) {
        self.reaper.work().reap(passive);
    }

    /// Copies the clock for a block that ends before frame `end`: whatever comes later leaves these frames alone.
    pub fn begin_block(&self, end: i64, clock: &mut SampleClock) {
        self.clock.with(|t| {
            t.clock.commit(end);
            clock.clone_from(&t.clock);
        });
    }

    /// Master time of a frame. `DISPATCH_LEVEL` or below.
    pub fn frame_to_ref(&self, frame: i64) -> i64 {
        self.clock.with(|t| t.clock.frame_to_ref(frame))
    }

    /// Frame at a master time. `DISPATCH_LEVEL` or below.
    pub fn ref_to_frame(&self, time: i64) -> i64 {
        self.clock.with(|t| t.clock.ref_to_frame(time))
    }

    /// The device is at `frame` at master time `now`.
    pub fn sync(&self, now: i64, frame: i64, start: bool) {
        self.clock.with(|t| {
            if start || !t.started {
                t.clock.start(now, frame);
                t.started = true;
            } else {
                t.clock.sync(now, frame);
            }
        });
    }

    /// Starts the clock at `frame` if nobody has synchronized it yet: a port that renders before it synchronizes is heard too.
    pub fn start_clock(&self, now: i64, frame: i64) {
        self.clock.with(|t| {
            if !t.started {
                t.clock.start(now, frame);
                t.started = true;
            }
        });
    }

    /// `count` frames up to `end` have been rendered.
    pub fn note_rendered(&self, end: i64, count: u64) {
        self.rendered.store(end, Ordering::Release);
        self.frames.fetch_add(count, Ordering::Relaxed);
    }

    /// The highest sample of the `frames` that were rendered last. What was higher before falls by half in 50 ms.
    pub fn note_level(&self, level: f32, frames: usize) {
        const HALVES: f32 = 20.0;
        let before = f32::from_bits(self.level.load(Ordering::Relaxed));
        let seconds = frames as f32 / self.rate().max(1) as f32;
        let left = before * (1.0 - (core::f32::consts::LN_2 * HALVES * seconds).min(1.0));
        self.level
            .store(level.max(left).to_bits(), Ordering::Relaxed);
    }

    /// What [`Exchange::note_level`] has left; 1.0 is full scale.
    pub fn level(&self) -> f32 {
        f32::from_bits(self.level.load(Ordering::Relaxed))
    }

    /// Master time of the first frame that has not been rendered, once the clock runs.
    pub fn rendered_until(&self) -> Option<i64> {
        let frame = self.rendered.load(Ordering::Acquire);
        self.clock
            .with(|t| t.started.then(|| t.clock.frame_to_ref(frame)))
    }

    /// A new owner's output begins: the clock stands still until somebody starts it.
    pub fn restart(&self, rate: u32) {
        self.clock.with(|t| {
            t.clock = SampleClock::new(rate);
            t.started = false;
        });
        self.rate.store(rate, Ordering::Relaxed);
        self.rendered.store(0, Ordering::Relaxed);
    }
}
