// SPDX-License-Identifier: MIT OR Apache-2.0
//! Virtual time and everything that is due at a time. Nanoseconds inside, 100 ns units at the exports.

use crate::executive;
use crate::guest::{self, Context};
use crate::nt::*;
use crate::state::Global;
use std::collections::BTreeMap;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Event {
    Timer(*mut KTIMER),
    ExTimer(u64),
    /// A wait's timeout: context and wait number.
    Wake(*mut Context, u64),
}

struct Clock {
    now: u64,
    /// What one call of an export takes.
    call_cost: u64,
    sequence: u64,
    due: BTreeMap<(u64, u64), Event>,
    timers: BTreeMap<usize, (u64, u64)>,
    ex_timers: BTreeMap<u64, (u64, u64)>,
    wakes: BTreeMap<(usize, u64), (u64, u64)>,
    next: u64,
}

static CLOCK: Global<Clock> = Global::new(Clock {
    now: 10_000_000_000,
    call_cost: 50,
    sequence: 0,
    due: BTreeMap::new(),
    timers: BTreeMap::new(),
    ex_timers: BTreeMap::new(),
    wakes: BTreeMap::new(),
    next: u64::MAX,
});

/// System time (100 ns since 1601) at boot: 2026-01-01.
const BOOT_TIME: i64 = 134_116_992_000_000_000;
/// An hour: longer than anything that is waited for without saying so.
pub(crate) const PATIENCE_NS: u64 = 3_600_000_000_000;
/// KeSetTimer's resolution: the clock interrupt as multimedia programs set it.
const TICK: u64 = 1_000_000;

pub(crate) fn initialize(call_cost_ns: u64) {
    CLOCK.get().call_cost = call_cost_ns;
}

/// Processor time of this thread on the host, in ns.
pub(crate) fn host_ns() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the structure lives across the call.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Clocks of the host's processor since it began.
pub(crate) fn host_clocks() -> u64 {
    // SAFETY: every processor that runs the driver has the counter.
    unsafe { std::arch::x86_64::_rdtsc() }
}

pub(crate) fn now_ns() -> u64 {
    CLOCK.get().now
}

/// Interrupt time, 100 ns.
pub(crate) fn now() -> i64 {
    (CLOCK.get().now / 100) as i64
}

pub(crate) fn system_time() -> i64 {
    BOOT_TIME + now()
}

/// A due time as Windows passes it: negative relative, else absolute system time.
pub(crate) fn due_of(time: i64) -> u64 {
    if time < 0 {
        now_ns().saturating_add(time.unsigned_abs().saturating_mul(100))
    } else {
        ((time - BOOT_TIME).max(0) as u64).saturating_mul(100)
    }
}

/// Rounded up to the clock interrupt, as KTIMERs are.
pub(crate) fn tick_of(ns: u64) -> u64 {
    ns.div_ceil(TICK).saturating_mul(TICK)
}

pub(crate) fn add(due: u64, event: Event) {
    let c = CLOCK.get();
    c.sequence += 1;
    let key = (due, c.sequence);
    c.due.insert(key, event);
    match event {
        Event::Timer(t) => drop(c.timers.insert(t as usize, key)),
        Event::ExTimer(n) => drop(c.ex_timers.insert(n, key)),
        Event::Wake(context, n) => drop(c.wakes.insert((context as usize, n), key)),
    }
    c.next = c.due.keys().next().map_or(u64::MAX, |k| k.0);
}

fn remove(key: Option<(u64, u64)>) -> bool {
    let c = CLOCK.get();
    let removed = key.is_some_and(|k| c.due.remove(&k).is_some());
    c.next = c.due.keys().next().map_or(u64::MAX, |k| k.0);
    removed
}

/// True if the timer was set.
pub(crate) fn cancel_timer(timer: *mut KTIMER) -> bool {
    remove(CLOCK.get().timers.remove(&(timer as usize)))
}

pub(crate) fn cancel_ex_timer(number: u64) -> bool {
    remove(CLOCK.get().ex_timers.remove(&number))
}

pub(crate) fn ex_timer_set(number: u64) -> bool {
    CLOCK.get().ex_timers.contains_key(&number)
}

pub(crate) fn cancel_wake(context: *mut Context, number: u64) {
    remove(CLOCK.get().wakes.remove(&(context as usize, number)));
}

/// KTIMERs that are set.
pub(crate) fn timers() -> usize {
    CLOCK.get().timers.len()
}

/// A set KTIMER in a memory range.
pub(crate) fn timer_in(range: std::ops::Range<usize>) -> Option<usize> {
    CLOCK.get().timers.range(range).next().map(|(t, _)| *t)
}

pub(crate) fn next_due() -> Option<u64> {
    CLOCK.get().due.keys().next().map(|k| k.0)
}

/// Every call of an export takes a little time.
pub(crate) fn charge_call() {
    let c = CLOCK.get();
    c.now += c.call_cost;
    if c.now >= c.next {
        expire();
    }
}

pub(crate) fn advance_by(ns: u64) {
    advance_to(now_ns().saturating_add(ns));
}

/// Moves time forward, through every event on the way in its order.
pub(crate) fn advance_to(ns: u64) {
    loop {
        let c = CLOCK.get();
        if c.next > ns {
            c.now = c.now.max(ns);
            return;
        }
        c.now = c.now.max(c.next);
        expire();
    }
}

fn expire() {
    loop {
        let c = CLOCK.get();
        let Some((&key, &event)) = c.due.iter().next() else {
            break;
        };
        if key.0 > c.now {
            break;
        }
        c.due.remove(&key);
        match event {
            Event::Timer(timer) => {
                c.timers.remove(&(timer as usize));
                executive::ke::timer_expired(timer, key.0);
            }
            Event::ExTimer(number) => {
                c.ex_timers.remove(&number);
                executive::ex_timer::expired(number, key.0);
            }
            Event::Wake(context, number) => {
                c.wakes.remove(&(context as usize, number));
                guest::timed_out(context, number);
            }
        }
    }
    let c = CLOCK.get();
    c.next = c.due.keys().next().map_or(u64::MAX, |k| k.0);
}
