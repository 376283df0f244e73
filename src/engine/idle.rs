// SPDX-License-Identifier: MIT OR Apache-2.0
//! Nobody listens: queues are emptied as events become due, and channel state is followed, so that whoever comes hears the right
//! programs and memory stays flat.

use super::next::Next;
use super::state::{EngineState, Owner};
use crate::kernel::irql::Passive;
use crate::kernel::timer::{Alarm, MILLISECOND, Routine};
use arioso_core::mem::Shared;
use core::sync::atomic::{AtomicU64, Ordering};

/// Events in one call of the timer: well under 100 µs.
const BUDGET: usize = 256;
/// Shortest and longest wait for the next event.
const SHORTEST: i64 = 50 * MILLISECOND;
const LONGEST: i64 = 1000 * MILLISECOND;
/// Milliseconds by which a wait may be longer.
const TOLERANCE: u32 = 50;

/// The idle timer's routine.
pub struct Idle {
    common: Shared<EngineState>,
    /// Frames that had been rendered at the last call.
    seen: AtomicU64,
}

impl Idle {
    pub fn new(common: Shared<EngineState>) -> Self {
        Self {
            common,
            seen: AtomicU64::new(0),
        }
    }
}

impl Routine for Idle {
    /// `DISPATCH_LEVEL`. An owner that has rendered nothing since the last call, a second ago at least, listens no more than nobody:
    /// a wave pin may be in RUN while its consumer stands still.
    fn run(&self, alarm: &Alarm) {
        let common = &*self.common;
        common.armed.store(false, Ordering::SeqCst);
        if common.is_closed() {
            return;
        }
        let owner = common.owner();
        let frames = common.frames.load(Ordering::Relaxed);
        let renders = self.seen.swap(frames, Ordering::Relaxed) != frames && owner != Owner::Idle;
        let next = match common.enter(owner) {
            Some(renderer) if renders && renderer.has_events() => Next::In(LONGEST),
            Some(_) if renders => Next::Nothing,
            Some(mut renderer) => {
                renderer.run_commands(common);
                renderer.follow(common, owner == Owner::Idle, BUDGET)
            }
            None if renders => Next::In(LONGEST),
            // A thread executes a command, or another owner took over.
            None if common.owner() == owner => Next::Now,
            None => Next::Nothing,
        };
        match next {
            Next::Now => set(common, alarm, MILLISECOND, 0),
            Next::In(delay) => set(common, alarm, delay.clamp(SHORTEST, LONGEST), TOLERANCE),
            Next::Nothing => {}
        }
    }
}

/// Sets the timer if it is not set: soon if nobody listens, else to see whether somebody still does. `DISPATCH_LEVEL` or below.
pub fn arm(common: &EngineState, alarm: &Alarm) {
    let delay = if common.owner() == Owner::Idle {
        SHORTEST
    } else {
        LONGEST
    };
    set(common, alarm, delay, TOLERANCE);
}

fn set(common: &EngineState, alarm: &Alarm, delay: i64, tolerance: u32) {
    if !common.armed.swap(true, Ordering::SeqCst) {
        alarm.set(delay, tolerance);
    }
}

/// Follows everything that is due before another owner takes over.
pub fn catch_up(passive: Passive, common: &EngineState) {
    while common.owner() == Owner::Idle {
        match common.enter(Owner::Idle) {
            Some(mut renderer) => {
                renderer.run_commands(common);
                if renderer.follow(common, true, BUDGET) != Next::Now {
                    return;
                }
            }
            None => passive.sleep(MILLISECOND / 10),
        }
    }
}
