//! Nobody listens: queues are emptied as events become due, and channel state is followed, so that whoever comes hears the right
//! programs and memory stays flat.

use super::shared::{Owner, Shared as Common};
use crate::kernel::irql::Passive;
use crate::kernel::timer::{Alarm, MILLISECOND, Routine};
use arioso_core::mem::Shared;
use core::sync::atomic::Ordering;

/// Events in one call of the timer: well under 100 µs.
const BUDGET: usize = 256;
/// Shortest and longest wait for the next event.
const SHORTEST: i64 = 50 * MILLISECOND;
const LONGEST: i64 = 1000 * MILLISECOND;
/// Milliseconds by which a wait may be longer.
const TOLERANCE: u32 = 50;

/// What there is to do after a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// More is due.
    Now,
    /// The next event is due in so many 100 ns.
    In(i64),
    /// All queues are empty.
    Nothing,
}

/// The idle timer's routine.
pub struct Idle(pub Shared<Common>);

impl Routine for Idle {
    /// `DISPATCH_LEVEL`.
    fn run(&self, alarm: &Alarm) {
        let common = &*self.0;
        common.armed.store(false, Ordering::SeqCst);
        if common.is_closed() {
            return;
        }
        let next = match common.enter(Owner::Idle) {
            Some(mut renderer) => {
                renderer.run_commands(common);
                renderer.follow(common, BUDGET)
            }
            // A thread executes a command, or another owner took over.
            None if common.owner() == Owner::Idle => Next::Now,
            None => Next::Nothing,
        };
        match next {
            Next::Now => set(common, alarm, MILLISECOND, 0),
            Next::In(delay) => set(common, alarm, delay.clamp(SHORTEST, LONGEST), TOLERANCE),
            Next::Nothing => {}
        }
    }
}

/// Sets the timer if it is not set. `DISPATCH_LEVEL` or below.
pub fn arm(common: &Common, alarm: &Alarm) {
    set(common, alarm, SHORTEST, TOLERANCE);
}

fn set(common: &Common, alarm: &Alarm, delay: i64, tolerance: u32) {
    if !common.armed.swap(true, Ordering::SeqCst) {
        alarm.set(delay, tolerance);
    }
}

/// Follows everything that is due before another owner takes over.
pub fn catch_up(passive: Passive, common: &Common) {
    while common.owner() == Owner::Idle {
        match common.enter(Owner::Idle) {
            Some(mut renderer) => {
                renderer.run_commands(common);
                if renderer.follow(common, BUDGET) != Next::Now {
                    return;
                }
            }
            None => passive.sleep(MILLISECOND / 10),
        }
    }
}
