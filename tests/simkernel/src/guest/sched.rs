// SPDX-License-Identifier: MIT OR Apache-2.0
//! The scheduler: one virtual processor, priorities, waits, DPCs. The order of equals is drawn from the seed.

use super::*;
use crate::state::Random;
use crate::verifier::Rule;
use crate::{bugcheck, clock, executive, verifier};
use std::collections::VecDeque;

/// What waits in the DPC queue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Deferred {
    Dpc(*mut KDPC),
    /// A timer of ExAllocateTimer, by its number.
    ExTimer(u64),
}

pub(crate) struct Scheduler {
    ready: VecDeque<*mut Context>,
    waiting: Vec<*mut Context>,
    live: usize,
    main_sp: usize,
    dpc: *mut Context,
    dpc_return: *mut Context,
    /// While schedules are explored: a DPC has stopped in its middle, at this level.
    stopped: Option<KIRQL>,
    /// The spin lock that it waits for; 0: none.
    wanted: usize,
    /// For how many calls DPCs wait.
    hold: u32,
    /// Which of those that are ready runs next.
    chosen: Option<usize>,
    /// One that does not run while others do, and for how many calls.
    starved: (usize, u32),
    pub deferred: VecDeque<Deferred>,
    irql: KIRQL,
    random: Random,
    /// True: the order of equals and preemption points are drawn from the seed.
    shuffle: bool,
    waits: u64,
    finished: Option<*mut Context>,
    holds: Vec<Hold>,
}

/// A thread that is held up at a call, as by an interrupt, while other processors run the other threads.
struct Hold {
    thread: &'static str,
    /// Calls of imports that threads of this name make before.
    calls: u64,
    /// 100 ns.
    time: i64,
}

static SCHEDULER: Global<Scheduler> = Global::new(Scheduler {
    ready: VecDeque::new(),
    waiting: Vec::new(),
    live: 0,
    main_sp: 0,
    dpc: null_mut(),
    dpc_return: null_mut(),
    stopped: None,
    wanted: 0,
    hold: 0,
    chosen: None,
    starved: (0, 0),
    deferred: VecDeque::new(),
    irql: PASSIVE_LEVEL,
    random: Random::new(0),
    shuffle: false,
    waits: 0,
    finished: None,
    holds: Vec::new(),
});

/// Seed 0: strict first-in-first-out order and no preemption between equals.
pub(crate) fn initialize(seed: u64) {
    let s = SCHEDULER.get();
    s.random = Random::new(seed);
    s.shuffle = seed != 0;
    let dpc = Context::new("DPC", Kind::Dpc, 32, Box::new(dpc_loop));
    s.dpc = Box::into_raw(dpc);
}

/// Another order of equals from now on; as at the start, 0 is first-in-first-out.
pub(crate) fn reseed(seed: u64) {
    let s = SCHEDULER.get();
    s.random = Random::new(seed);
    s.shuffle = seed != 0;
}

/// A thread of this name waits for `time` (100 ns) behind the `call`-th import, from 0, that threads of this name call from now on.
/// Calls at DISPATCH_LEVEL do not count.
pub(crate) fn hold(thread: &'static str, call: u64, time: i64) {
    SCHEDULER.get().holds.push(Hold {
        thread,
        calls: call,
        time,
    });
}

/// No holds any more. How many had not come about.
pub(crate) fn release_holds() -> usize {
    std::mem::take(&mut SCHEDULER.get().holds).len()
}

/// Behind each import: holds the thread up, if that is wanted.
pub(super) fn hold_up() {
    let context = current();
    let s = SCHEDULER.get();
    if s.holds.is_empty() || s.irql >= DISPATCH_LEVEL || context.is_null() {
        return;
    }
    // SAFETY: the running context is live.
    let name = unsafe { &(*context).name };
    let mut time = 0;
    s.holds.retain_mut(|hold| {
        if hold.thread != name {
            return true;
        }
        if hold.calls == 0 {
            time += hold.time;
            return false;
        }
        hold.calls -= 1;
        true
    });
    if time != 0 {
        wait(&[], false, Some(-time));
    }
}

pub(crate) fn irql() -> KIRQL {
    SCHEDULER.get().irql
}

/// Sets the level; the caller calls [`deliver`] after lowering it.
pub(crate) fn set_irql(level: KIRQL) -> KIRQL {
    std::mem::replace(&mut SCHEDULER.get().irql, level)
}

pub(crate) fn deferred() -> &'static mut VecDeque<Deferred> {
    &mut SCHEDULER.get().deferred
}

/// Starts a thread. It runs when the scheduler comes to it.
pub(crate) fn spawn(name: &str, priority: i32, entry: Box<dyn FnOnce()>) -> *mut Context {
    let context = Box::into_raw(Context::new(name, Kind::Thread, priority, entry));
    let s = SCHEDULER.get();
    s.ready.push_back(context);
    s.live += 1;
    context
}

/// Runs what is due at an export boundary: DPCs when the level allows it, then threads of higher priority.
pub(crate) fn deliver() {
    if explore::is_on() {
        return deliver_by_choice();
    }
    let s = SCHEDULER.get();
    if s.irql >= DISPATCH_LEVEL {
        return;
    }
    if !s.deferred.is_empty() {
        run_deferred();
    }
    if outranked() {
        yield_now();
    }
}

/// Whether a thread that is ready has to run instead of the running one.
fn outranked() -> bool {
    let context = current();
    let s = SCHEDULER.get();
    if context.is_null() || s.ready.is_empty() {
        return false;
    }
    // SAFETY: contexts in the queues are live.
    let best = s
        .ready
        .iter()
        .filter(|c| !is_starved(**c))
        .map(|c| unsafe { (**c).priority })
        .max();
    let Some(best) = best else { return false };
    // SAFETY: the running context is live.
    let own = unsafe { (*context).priority };
    best > own || (best == own && s.shuffle && s.random.below(64) == 0)
}

/// Whether others go before this thread.
fn is_starved(context: *mut Context) -> bool {
    let (starved, calls) = SCHEDULER.get().starved;
    calls > 0 && starved == context as usize
}

/// A DPC or a timer's callback begins: another processor may have come that far and no further.
pub(crate) fn begins() {
    if explore::is_on()
        && let Some(decision) = explore::at_beginning()
        && let Choice::Hold(calls) = decision.choice
    {
        explore::made(decision);
        stop_dpc(calls);
    }
}

/// As [`deliver`], while schedules are explored.
fn deliver_by_choice() {
    let decision = explore::at_call();
    let choice = decision.map(|decision| decision.choice);
    let made = || decision.into_iter().for_each(explore::made);
    let s = SCHEDULER.get();
    s.starved.1 = s.starved.1.saturating_sub(1);
    let context = current();
    if context == s.dpc {
        if let Some(Choice::Hold(calls)) = choice {
            made();
            stop_dpc(calls);
        }
        return;
    }
    let low = s.irql < DISPATCH_LEVEL;
    match choice {
        Some(Choice::Hold(calls)) if low && s.hold == 0 => {
            made();
            s.hold = calls;
        }
        Some(Choice::Due) if low => {
            /// Nothing that runs takes longer. ns.
            const SOON: u64 = 20_000_000;
            let due = clock::next_due();
            if let Some(due) = due.filter(|&due| due <= clock::now_ns() + SOON) {
                made();
                clock::advance_to(due);
            }
        }
        _ => {}
    }
    if low {
        let s = SCHEDULER.get();
        if s.hold > 0 {
            s.hold -= 1;
        } else if has_dpc() {
            run_deferred();
        }
    }
    let s = SCHEDULER.get();
    match choice {
        Some(Choice::Switch(n)) if !context.is_null() && !s.ready.is_empty() => {
            made();
            s.chosen = Some(n as usize % s.ready.len());
            yield_now();
        }
        Some(Choice::Starve(n, calls)) if !s.ready.is_empty() => {
            made();
            s.starved = (s.ready[n as usize % s.ready.len()] as usize, calls);
        }
        _ if low && outranked() => yield_now(),
        _ => {}
    }
}

/// A DPC can run: one that is queued, or one that has stopped and does not wait for a spin lock.
fn has_dpc() -> bool {
    let s = SCHEDULER.get();
    // SAFETY: whoever waits for a lock keeps it.
    let waits = s.wanted != 0 && unsafe { *(s.wanted as *const usize) } != 0;
    !waits && (s.stopped.is_some() || !s.deferred.is_empty())
}

/// The running DPC stops for so many calls, as if it ran on another processor.
fn stop_dpc(calls: u32) {
    let s = SCHEDULER.get();
    s.stopped = Some(s.irql);
    s.hold = calls;
    leave_dpc();
}

/// Where a context stands among those that are ready.
fn ready_at(context: usize) -> Option<usize> {
    let ready = &SCHEDULER.get().ready;
    ready.iter().position(|ready| *ready as usize == context)
}

/// From the DPC's context to whoever let it run.
fn leave_dpc() {
    let s = SCHEDULER.get();
    let back = s.dpc_return;
    // SAFETY: whoever switched here is suspended at its saved stack pointer.
    unsafe {
        let to = if back.is_null() {
            s.main_sp
        } else {
            (*back).saved_sp
        };
        switch::switch(&raw mut (*s.dpc).saved_sp, to);
    }
}

/// Other processors go on until a spin lock is free. False: that is in vain.
pub(crate) fn spin(lock: usize) -> bool {
    /// More often than anybody can be held up.
    const MOST: u32 = 1_000_000;
    if !explore::is_on() {
        return false;
    }
    let context = current();
    // SAFETY: the caller's lock.
    let is_held = || unsafe { *(lock as *const usize) } != 0;
    for _ in 0..MOST {
        if !is_held() {
            return true;
        }
        let Some(owner) = verifier::lock_owner(lock).filter(|owner| *owner != context as usize)
        else {
            return false;
        };
        let s = SCHEDULER.get();
        if context == s.dpc {
            s.wanted = lock;
            stop_dpc(0);
            SCHEDULER.get().wanted = 0;
        } else if owner == s.dpc as usize {
            if has_dpc() {
                run_deferred();
            } else {
                // It waits for a lock itself: for a thread, which is picked.
                yield_now();
            }
        } else {
            s.chosen = ready_at(owner);
            if s.chosen.is_none() {
                return false;
            }
            yield_now();
        }
    }
    false
}

/// Runs DPCs until none is left, in a thread at PASSIVE_LEVEL.
pub(crate) fn flush_deferred() {
    if !explore::is_on() {
        return deliver();
    }
    loop {
        let s = SCHEDULER.get();
        if s.stopped.is_none() && s.deferred.is_empty() {
            return;
        }
        s.hold = 0;
        if has_dpc() {
            run_deferred();
        } else {
            // Its lock's holder.
            let owner = verifier::lock_owner(s.wanted);
            s.chosen = owner.and_then(ready_at);
            yield_now();
        }
    }
}

/// Schedules are explored from now on.
pub(crate) fn explore(schedule: Schedule) {
    // Nothing but the schedule decides.
    reseed(0);
    explore::begin(schedule);
}

/// Whether they are: what a call takes then says nothing about the driver.
pub(crate) fn is_exploring() -> bool {
    explore::is_on()
}

/// They are not any more. What was decided.
pub(crate) fn explored() -> Vec<Decision> {
    // A DPC that has stopped comes to its end, if need be after whoever holds its lock.
    run_until(Some(clock::now_ns()), || SCHEDULER.get().stopped.is_none());
    explore::end()
}

/// Runs the queued DPCs on their own stack, after one that has stopped, and comes back.
fn run_deferred() {
    let from = current();
    let s = SCHEDULER.get();
    if from == s.dpc {
        return;
    }
    let dpc_level = s.stopped.take().unwrap_or(DISPATCH_LEVEL);
    let level = std::mem::replace(&mut s.irql, dpc_level);
    s.dpc_return = from;
    let slot = if from.is_null() {
        &raw mut s.main_sp
    } else {
        // SAFETY: the running context is live.
        unsafe { &raw mut (*from).saved_sp }
    };
    let dpc = s.dpc;
    set_current(dpc);
    // SAFETY: the DPC context is suspended in its loop; it comes back to `slot`.
    unsafe { switch::switch(slot, (*dpc).saved_sp) };
    set_current(from);
    SCHEDULER.get().irql = level;
}

fn dpc_loop() {
    loop {
        while let Some(item) = SCHEDULER.get().deferred.pop_front() {
            clock::charge_call();
            match item {
                Deferred::Dpc(dpc) => executive::ke::run_dpc(dpc),
                Deferred::ExTimer(number) => executive::ex_timer::run(number),
            }
            if irql() != DISPATCH_LEVEL {
                verifier::violation(
                    Rule::IrqlReturn,
                    format!("a DPC returned at IRQL {}", irql()),
                );
                set_irql(DISPATCH_LEVEL);
            }
            verifier::dpc_ended();
        }
        leave_dpc();
    }
}

/// True while a DPC runs.
pub(crate) fn in_dpc() -> bool {
    !current().is_null() && current() == SCHEDULER.get().dpc
}

/// Gives the processor to the scheduler; the context's state says whether it runs again.
fn leave(context: *mut Context) {
    let s = SCHEDULER.get();
    // SAFETY: the running context is live; the scheduler is suspended at main_sp.
    unsafe {
        (*context).irql = s.irql;
        switch::switch(&raw mut (*context).saved_sp, s.main_sp);
    }
}

fn yield_now() {
    let context = current();
    // SAFETY: the running context is live.
    unsafe { (*context).state = State::Ready };
    SCHEDULER.get().ready.push_back(context);
    leave(context);
}

/// Ends the running thread.
pub(super) fn finish_current() -> ! {
    let context = current();
    // SAFETY: the running context is live.
    unsafe {
        verifier::thread_ended(&*context);
        set_irql(PASSIVE_LEVEL);
        (*context).state = State::Done;
        (*context).thread.header.SignalState = 1;
        signalled(&raw mut (*context).thread.header);
    }
    SCHEDULER.get().finished = Some(context);
    leave(context);
    unreachable!("a finished thread was resumed");
}

/// PsTerminateSystemThread: like returning from the start routine, whose frames are abandoned.
pub(crate) fn terminate_current() -> ! {
    finish_current()
}

/// Runs contexts and lets time pass until `done` says so. False: nothing can run any more before `limit` (ns).
/// Called by the scheduler's own stack only.
pub(crate) fn run_until(limit: Option<u64>, mut done: impl FnMut() -> bool) -> bool {
    assert!(
        current().is_null(),
        "the scheduler was entered from a guest context"
    );
    loop {
        if done() {
            return true;
        }
        let s = SCHEDULER.get();
        let waits = explore::is_on() && s.hold > 0 && !s.ready.is_empty();
        if !waits && has_dpc() {
            s.hold = 0;
            run_deferred();
            continue;
        }
        s.hold = s.hold.saturating_sub(1);
        if let Some(context) = pick() {
            resume(context);
            continue;
        }
        match (clock::next_due(), limit) {
            (Some(due), Some(limit)) if due > limit => {
                clock::advance_to(limit);
                return done();
            }
            (Some(due), _) => clock::advance_to(due),
            (None, Some(limit)) => {
                clock::advance_to(limit);
                return done();
            }
            (None, None) => return false,
        }
    }
}

/// As [`run_until`], also for a thread of host code, which lets others run meanwhile.
pub(crate) fn until(limit: u64, mut done: impl FnMut() -> bool) -> bool {
    /// 100 ns.
    const LONGEST: i64 = 10_000;
    if current().is_null() {
        return run_until(Some(limit), done);
    }
    let mut pause = 100;
    loop {
        if done() {
            return true;
        }
        let left = limit.saturating_sub(clock::now_ns()) / 100;
        if left == 0 {
            return false;
        }
        wait(&[], false, Some(-pause.min(left as i64)));
        pause = (pause * 2).min(LONGEST);
    }
}

fn pick() -> Option<*mut Context> {
    let s = SCHEDULER.get();
    if let Some(at) = s.chosen.take() {
        return s.ready.remove(at);
    }
    if s.wanted != 0
        && let Some(owner) = verifier::lock_owner(s.wanted)
        && let Some(at) = ready_at(owner)
    {
        return s.ready.remove(at);
    }
    // SAFETY: contexts in the queues are live.
    let rank = |c: *mut Context| (!is_starved(c), unsafe { (*c).priority });
    let best = s.ready.iter().map(|c| rank(*c)).max()?;
    let candidates: Vec<usize> = (0..s.ready.len())
        .filter(|&i| rank(s.ready[i]) == best)
        .collect();
    let choice = if s.shuffle {
        s.random.below(candidates.len() as u64) as usize
    } else {
        0
    };
    s.ready.remove(candidates[choice])
}

fn resume(context: *mut Context) {
    let s = SCHEDULER.get();
    // SAFETY: `context` came from the ready queue and is live; it returns here by `leave`.
    unsafe {
        (*context).state = State::Running;
        s.irql = (*context).irql;
        set_current(context);
        switch::switch(&raw mut s.main_sp, (*context).saved_sp);
    }
    set_current(null_mut());
    let s = SCHEDULER.get();
    s.irql = PASSIVE_LEVEL;
    if let Some(done) = s.finished.take() {
        s.live -= 1;
        // SAFETY: made by `spawn`, in no queue any more.
        let mut done = unsafe { Box::from_raw(done) };
        executive::ps::thread_gone(&mut done);
        if let Some(panic) = done.panic.take() {
            drop(done);
            std::panic::resume_unwind(panic);
        }
    }
}

/// The most that a driver has used of a stack.
pub(crate) fn stack_use() -> StackUse {
    // SAFETY: the DPC's context lives as long as the machine.
    stack::most(unsafe { &*SCHEDULER.get().dpc })
}

/// Threads that have not ended.
pub(crate) fn live_threads() -> usize {
    SCHEDULER.get().live
}

/// Names of the threads that wait or are ready, for messages.
pub(crate) fn describe_threads() -> Vec<String> {
    let s = SCHEDULER.get();
    s.ready
        .iter()
        .map(|c| (c, "ready"))
        .chain(s.waiting.iter().map(|c| (c, "waiting")))
        // SAFETY: contexts in the queues are live.
        .map(|(c, state)| unsafe {
            format!(
                "{} ({state}, {} objects)",
                (**c).name,
                (**c).wait.objects.len()
            )
        })
        .collect()
}

/// Objects somebody waits on that lie in a memory range.
pub(crate) fn waited_in(range: std::ops::Range<usize>) -> Option<usize> {
    let s = SCHEDULER.get();
    s.waiting
        .iter()
        // SAFETY: contexts in the queues are live.
        .flat_map(|c| unsafe { (**c).wait.objects.iter() })
        .map(|o| *o as usize)
        .find(|o| range.contains(o))
}

fn takes(context: *mut Context, object: *mut DISPATCHER_HEADER) -> bool {
    // SAFETY: waited objects are live (the verifier reports freeing one).
    unsafe {
        if (*object).Type == MUTANT_OBJECT {
            let mutex: *mut KMUTEX = object.cast();
            let thread: PVOID = (&raw mut *(*context).thread).cast();
            return (*object).SignalState > 0 || (*mutex).OwnerThread == thread;
        }
        (*object).SignalState > 0
    }
}

fn consume(context: *mut Context, object: *mut DISPATCHER_HEADER) {
    // SAFETY: as in `takes`.
    unsafe {
        match (*object).Type {
            SYNCHRONIZATION_EVENT | SYNCHRONIZATION_TIMER => (*object).SignalState = 0,
            SEMAPHORE_OBJECT => (*object).SignalState -= 1,
            MUTANT_OBJECT => {
                (*object).SignalState -= 1;
                (*object.cast::<KMUTEX>()).OwnerThread = (&raw mut *(*context).thread).cast();
            }
            _ => {}
        }
    }
}

/// The wait's result if its condition holds now; takes the objects.
fn satisfy(context: *mut Context) -> Option<NTSTATUS> {
    // SAFETY: `context` is live.
    let wait = unsafe { &(*context).wait };
    if wait.all {
        if !wait.objects.iter().all(|&o| takes(context, o)) {
            return None;
        }
        wait.objects.iter().for_each(|&o| consume(context, o));
        return Some(status::STATUS_SUCCESS);
    }
    let index = wait.objects.iter().position(|&o| takes(context, o))?;
    consume(context, wait.objects[index]);
    Some(index as NTSTATUS)
}

/// Waits for one or all of `objects`. `timeout` in 100 ns: negative relative, else absolute system time; `None` for ever.
pub(crate) fn wait(
    objects: &[*mut DISPATCHER_HEADER],
    all: bool,
    timeout: Option<i64>,
) -> NTSTATUS {
    let context = current();
    if context.is_null() {
        panic!("a wait outside a guest context");
    }
    // SAFETY: the running context is live.
    let own = unsafe { &mut *context };
    let s = SCHEDULER.get();
    s.waits += 1;
    own.wait = Wait {
        objects: objects.to_vec(),
        all,
        number: s.waits,
        status: status::STATUS_TIMEOUT,
    };
    if !objects.is_empty()
        && let Some(status) = satisfy(context)
    {
        own.wait.objects.clear();
        return status;
    }
    if timeout == Some(0) && !objects.is_empty() {
        own.wait.objects.clear();
        return status::STATUS_TIMEOUT;
    }
    verifier::thread_waits();
    if s.irql >= DISPATCH_LEVEL {
        bugcheck::bugcheck(
            bugcheck::IRQL_NOT_LESS_OR_EQUAL,
            [
                objects.first().map_or(0, |o| *o as usize),
                s.irql as usize,
                0,
                0,
            ],
            "a blocking wait at DISPATCH_LEVEL or above",
        );
    }
    own.state = State::Waiting;
    s.waiting.push(context);
    if let Some(t) = timeout {
        clock::add(
            clock::due_of(t),
            clock::Event::Wake(context, own.wait.number),
        );
    }
    leave(context);
    // SAFETY: it runs again, so it is live.
    unsafe {
        (*context).wait.objects.clear();
        (*context).wait.status
    }
}

fn wake(context: *mut Context, status: NTSTATUS) {
    let s = SCHEDULER.get();
    s.waiting.retain(|c| *c != context);
    // SAFETY: it was in the waiting list.
    unsafe {
        (*context).wait.status = status;
        (*context).state = State::Ready;
        clock::cancel_wake(context, (*context).wait.number);
    }
    s.ready.push_back(context);
}

/// The timeout of a wait has come.
pub(crate) fn timed_out(context: *mut Context, number: u64) {
    let s = SCHEDULER.get();
    if !s.waiting.contains(&context) {
        return;
    }
    // SAFETY: it is in the waiting list.
    if unsafe { (*context).wait.number } == number {
        wake(context, status::STATUS_TIMEOUT);
    }
}

/// Wakes whom a newly signalled object satisfies.
pub(crate) fn signalled(object: *mut DISPATCHER_HEADER) {
    let waiters: Vec<*mut Context> = SCHEDULER
        .get()
        .waiting
        .iter()
        .copied()
        // SAFETY: contexts in the queues are live.
        .filter(|c| unsafe { (**c).wait.objects.contains(&object) })
        .collect();
    for context in waiters {
        if let Some(status) = satisfy(context) {
            wake(context, status);
        }
    }
}
