// SPDX-License-Identifier: MIT OR Apache-2.0
//! Timers of ExAllocateTimer.

use super::*;
use crate::guest::{self, Deferred};
use crate::state::Global;
use crate::verifier::Rule;
use crate::{clock, verifier};
use std::collections::BTreeMap;
use std::ptr::null_mut;

/// What this file exports, each name with the highest IRQL that it may be called at.
pub fn exports() -> Vec<Export> {
    crate::exports! {
        DISPATCH_LEVEL => ExAllocateTimer, ExSetTimer, ExCancelTimer, ExDeleteTimer;
    }
}

/// What the driver's EX_TIMER pointer points at; a dispatcher object, so that it can be waited on.
#[repr(C)]
struct Object {
    header: DISPATCHER_HEADER,
    number: u64,
}

struct Timer {
    object: *mut Object,
    callback: usize,
    context: PVOID,
    high_resolution: bool,
    period_ns: u64,
    queued: bool,
    running: bool,
    deleted: Option<(usize, usize)>,
    gone: bool,
    owner: usize,
}

static TIMERS: Global<(u64, BTreeMap<u64, Timer>)> = Global::new((0, BTreeMap::new()));

fn lookup(object: PVOID, what: &str) -> Option<&'static mut Timer> {
    let timers = &mut TIMERS.get().1;
    let number = timers
        .iter()
        .find(|(_, t)| t.object.cast() == object && !t.gone)
        .map(|(n, _)| *n);
    match number {
        Some(n) => timers.get_mut(&n),
        None => {
            verifier::violation(
                Rule::ExTimerUnknown,
                format!("{what}({object:p}) on something that is no timer or has been deleted"),
            );
            None
        }
    }
}

/// Null when there is no memory.
pub unsafe extern "efiapi" fn ExAllocateTimer(
    callback: PVOID,
    context: PVOID,
    attributes: u32,
) -> PVOID {
    let caller = ex::direct_caller(ExAllocateTimer as *const () as usize);
    if caller != 0 && verifier::allocation_fails() {
        return null_mut();
    }
    let timers = TIMERS.get();
    timers.0 += 1;
    let notification = attributes & EX_TIMER_NOTIFICATION != 0;
    let object = Box::into_raw(Box::new(Object {
        header: DISPATCHER_HEADER {
            Type: if notification {
                NOTIFICATION_TIMER
            } else {
                SYNCHRONIZATION_TIMER
            },
            Signalling: 0,
            Size: 0,
            Reserved1: 0,
            SignalState: 0,
            WaitListHead: LIST_ENTRY::null(),
        },
        number: timers.0,
    }));
    // SAFETY: just made.
    unsafe { initialize_list_head(&raw mut (*object).header.WaitListHead) };
    timers.1.insert(
        timers.0,
        Timer {
            object,
            callback: callback as usize,
            context,
            high_resolution: attributes & EX_TIMER_HIGH_RESOLUTION != 0,
            period_ns: 0,
            queued: false,
            running: false,
            deleted: None,
            gone: false,
            owner: caller,
        },
    );
    object.cast()
}

/// `due` and `period` in 100 ns; true if the timer was set.
pub unsafe extern "efiapi" fn ExSetTimer(
    timer: PVOID,
    due: i64,
    period: i64,
    parameters: *const EXT_SET_PARAMETERS,
) -> BOOLEAN {
    let Some(t) = lookup(timer, "ExSetTimer") else {
        return 0;
    };
    if t.deleted.is_some() {
        verifier::violation(
            Rule::ExTimerDeleted,
            "ExSetTimer on a timer that is being deleted",
        );
        return 0;
    }
    // SAFETY: the caller's; an EX_TIMER of ours.
    let (tolerance, number) = unsafe {
        let p = parameters.as_ref();
        (
            (p.map_or(0, |p| p.NoWakeTolerance.max(0)) as u64) * 100,
            (*t.object).number,
        )
    };
    let was = clock::cancel_ex_timer(number);
    t.period_ns = period.max(0) as u64 * 100;
    // SAFETY: as above.
    unsafe { (*t.object).header.SignalState = 0 };
    let mut at = clock::due_of(due).max(clock::now_ns()) + tolerance;
    if !t.high_resolution {
        at = clock::tick_of(at);
    }
    clock::add(at, clock::Event::ExTimer(number));
    was as BOOLEAN
}

/// True if the timer was set.
pub unsafe extern "efiapi" fn ExCancelTimer(timer: PVOID, _parameters: PVOID) -> BOOLEAN {
    let Some(t) = lookup(timer, "ExCancelTimer") else {
        return 0;
    };
    // SAFETY: an EX_TIMER of ours.
    let number = unsafe { (*t.object).number };
    let mut was = clock::cancel_ex_timer(number);
    if t.queued {
        t.queued = false;
        guest::deferred().retain(|d| *d != Deferred::ExTimer(number));
        was = true;
    }
    was as BOOLEAN
}

/// `wait`: until a running callback has returned (PASSIVE_LEVEL).
pub unsafe extern "efiapi" fn ExDeleteTimer(
    timer: PVOID,
    cancel: BOOLEAN,
    wait: BOOLEAN,
    parameters: *const EXT_DELETE_PARAMETERS,
) -> BOOLEAN {
    let Some(t) = lookup(timer, "ExDeleteTimer") else {
        return 0;
    };
    if t.deleted.is_some() {
        verifier::violation(
            Rule::ExTimerDeleted,
            "ExDeleteTimer on a timer that is being deleted",
        );
        return 0;
    }
    if wait != 0 && (cancel == 0 || guest::irql() > PASSIVE_LEVEL) {
        verifier::violation(
            Rule::ExTimerWait,
            format!(
                "ExDeleteTimer with Wait, Cancel {cancel}, at IRQL {}",
                guest::irql()
            ),
        );
    }
    // SAFETY: the caller's; an EX_TIMER of ours.
    let (number, done) = unsafe {
        let p = parameters.as_ref();
        let done = p.map_or((0, 0), |p| {
            (
                p.DeleteCallback.map_or(0, |f| f as usize),
                p.DeleteContext as usize,
            )
        });
        ((*t.object).number, done)
    };
    t.deleted = Some(done);
    t.period_ns = 0;
    let mut was = false;
    if cancel != 0 {
        was = clock::cancel_ex_timer(number);
        if t.queued {
            t.queued = false;
            was = true;
            guest::deferred().retain(|d| *d != Deferred::ExTimer(number));
        }
    } else if clock::ex_timer_set(number) || t.queued {
        // Deleted after it has expired.
        return 1;
    }
    finish_if_idle(number);
    if wait != 0 {
        while TIMERS.get().1.contains_key(&number) {
            guest::wait(&[], false, Some(-1000));
        }
    }
    was as BOOLEAN
}

fn finish_if_idle(number: u64) {
    let Some(t) = TIMERS.get().1.get_mut(&number) else {
        return;
    };
    if t.running || t.queued || clock::ex_timer_set(number) {
        return;
    }
    let Some((callback, context)) = t.deleted else {
        return;
    };
    t.gone = true;
    if callback != 0 {
        // SAFETY: an EXT_DELETE_CALLBACK and its context.
        unsafe { guest::call(callback, &[context]) };
    }
    if let Some(t) = TIMERS.get().1.remove(&number) {
        // SAFETY: made by ExAllocateTimer; nothing refers to it any more.
        drop(unsafe { Box::from_raw(t.object) });
    }
}

pub(crate) fn expired(number: u64, due: u64) {
    let Some(t) = TIMERS.get().1.get_mut(&number) else {
        return;
    };
    if t.period_ns != 0 {
        clock::add(due + t.period_ns, clock::Event::ExTimer(number));
    }
    // SAFETY: a live timer's object.
    unsafe {
        (*t.object).header.SignalState = 1;
        guest::signalled(&raw mut (*t.object).header);
    }
    if t.callback != 0 && !t.queued {
        t.queued = true;
        guest::deferred().push_back(Deferred::ExTimer(number));
    } else if t.callback == 0 {
        finish_if_idle(number);
    }
}

pub(crate) fn run(number: u64) {
    let Some(t) = TIMERS.get().1.get_mut(&number) else {
        return;
    };
    t.queued = false;
    t.running = true;
    let (callback, object, context) = (t.callback, t.object as usize, t.context as usize);
    if crate::loader::is_guest(callback) {
        guest::begins();
    }
    // SAFETY: an EXT_CALLBACK and its arguments.
    unsafe { guest::call(callback, &[object, context]) };
    if let Some(t) = TIMERS.get().1.get_mut(&number) {
        t.running = false;
    }
    finish_if_idle(number);
}

/// High-resolution timers that are set: each keeps the clock interrupt fast.
pub(crate) fn sharp() -> usize {
    let timers = TIMERS.get().1.iter();
    timers
        .filter(|(number, t)| t.high_resolution && clock::ex_timer_set(**number))
        .count()
}

/// Timers that an image allocated and did not delete.
pub(crate) fn leaks(owner: usize) -> usize {
    TIMERS.get().1.values().filter(|t| t.owner == owner).count()
}
