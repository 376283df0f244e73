// SPDX-License-Identifier: MIT OR Apache-2.0
//! The rules of Driver Verifier that are checked while a driver runs, and the verdict.

mod extended;
mod failing;
mod locks;
pub mod rules;

pub(crate) use extended::{
    allow_features, enabled_features, fail_saves, routine_returned, save_fails, saved_features,
    saves, saves_of, state_restored, state_saved, vectors_changed,
};
pub(crate) use failing::{call_fails, fail_call, fallible_calls};
pub use rules::Rule;

use crate::executive::{ex_timer, io, irp, mm, ob};
use crate::guest::{self, Context, Import};
use crate::nt::*;
use crate::state::{Global, Random};
use crate::{clock, loader, pool};
use extended::Extended;
use locks::Locks;
use std::collections::BTreeMap;
use std::ops::Range;

/// A rule that was broken.
#[derive(Clone, Debug)]
pub struct Violation {
    /// Which.
    pub rule: Rule,
    /// What happened, in which call of the kernel, at which IRQL, and who called.
    pub detail: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.rule, self.detail)
    }
}

/// What a scenario came to.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// Rules that the drivers broke, in order, each with where it happened.
    pub violations: Vec<Violation>,
    /// The same of each module of another maker that stands in for a built-in one.
    pub foreign: BTreeMap<String, Vec<Violation>>,
    /// Most pool bytes in use at a time.
    pub peak_pool: usize,
    /// Pool bytes in use now.
    pub pool: usize,
}

impl Verdict {
    /// About the drivers alone.
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.is_clean() {
            f.write_str("clean")?;
        } else {
            list(f, &self.violations)?;
        }
        for (module, violations) in &self.foreign {
            write!(f, "{}{module}: ", if self.is_clean() { "\n" } else { "" })?;
            list(f, violations)?;
        }
        Ok(())
    }
}

fn list(f: &mut std::fmt::Formatter<'_>, violations: &[Violation]) -> std::fmt::Result {
    writeln!(f, "{} violation(s)", violations.len())?;
    violations.iter().try_for_each(|v| writeln!(f, "  {v}"))
}

struct State {
    violations: Vec<Violation>,
    foreign: BTreeMap<String, Vec<Violation>>,
    /// Stop at the first violation.
    strict: bool,
    fail_at: Option<u64>,
    allocations: u64,
    fail_call_at: Option<u64>,
    fallible_calls: u64,
    locks: Locks,
    /// Microseconds that the running DPC has stalled the processor.
    stalled: u32,
    extended: Extended,
    /// Threads that said that they wait with their next call, and by which call.
    to_wait: BTreeMap<usize, &'static str>,
    /// By generation and address of the request.
    marks: BTreeMap<(u64, usize), Vec<bool>>,
    random: Random,
}

static STATE: Global<State> = Global::new(State {
    violations: Vec::new(),
    foreign: BTreeMap::new(),
    strict: false,
    fail_at: None,
    allocations: 0,
    fail_call_at: None,
    fallible_calls: 0,
    locks: Locks::new(),
    stalled: 0,
    extended: Extended::new(),
    to_wait: BTreeMap::new(),
    marks: BTreeMap::new(),
    random: Random::new(1),
});

pub(crate) fn initialize(seed: u64, strict: bool, fail_at: Option<u64>) {
    let s = STATE.get();
    s.strict = strict;
    s.fail_at = fail_at;
    s.random = Random::new(seed.wrapping_add(77));
}

/// The driver says by `call` that it waits with its next call.
pub(crate) fn will_wait(call: &'static str) {
    if guest::irql() >= DISPATCH_LEVEL {
        violation(
            Rule::WaitFollows,
            format!("{call} with Wait at IRQL {}", guest::irql()),
        );
    } else {
        STATE.get().to_wait.insert(guest::current() as usize, call);
    }
}

/// The driver calls an export.
pub(crate) fn calls(import: &Import) {
    let to_wait = &mut STATE.get().to_wait;
    if !to_wait.is_empty()
        && let Some(call) = to_wait.remove(&(guest::current() as usize))
        && !import.name.starts_with("KeWaitFor")
    {
        violation(
            Rule::WaitFollows,
            format!("{call} with Wait, then {}", import.name),
        );
    }
}

/// Other chances from now on.
pub(crate) fn reseed(seed: u64) {
    STATE.get().random = Random::new(seed.wrapping_add(77));
}

pub(crate) fn random() -> u64 {
    STATE.get().random.next()
}

/// Notes a broken rule with the backtrace of the code that is running: it is the fault of the innermost module.
pub fn violation(rule: Rule, text: impl Into<String>) {
    note(
        loader::foreign(crate::fault::site()[0]),
        explained(rule, text.into()),
    );
}

/// As [`violation`], where not the running code is at fault but the module with this code, or this base.
pub(crate) fn violation_of(rule: Rule, module: usize, text: impl Into<String>) {
    note(loader::foreign(module), explained(rule, text.into()));
}

/// A broken rule after which nothing can go on: stops the machine. `parameters`: the bug check's second and third.
pub(crate) fn fatal(rule: Rule, parameters: [usize; 2], text: &str) -> ! {
    let violation = explained(rule, text.to_owned());
    eprintln!("verifier: {violation}");
    stop(&violation, parameters)
}

fn stop(violation: &Violation, parameters: [usize; 2]) -> ! {
    let number = violation.rule.number();
    crate::bugcheck::bugcheck(
        crate::bugcheck::DRIVER_VERIFIER_DETECTED_VIOLATION,
        [
            number.map_or(0, |(_, number)| number as usize),
            parameters[0],
            parameters[1],
            0,
        ],
        &violation.to_string(),
    )
}

/// With the call that is being served, the IRQL and the stack.
fn explained(rule: Rule, text: String) -> Violation {
    let mut detail = format!("{text} [");
    if let Some(import) = guest::served() {
        detail += &format!("in {}!{} ", import.module, import.name);
    }
    detail += &format!("at IRQL {}", guest::irql());
    let site = crate::fault::site();
    for (i, address) in site.iter().take_while(|a| **a != 0).enumerate() {
        detail += if i == 0 { ", from " } else { " < " };
        detail += &loader::symbolise(*address);
    }
    detail.push(']');
    Violation { rule, detail }
}

/// `module`: of another maker.
fn note(module: Option<&str>, violation: Violation) {
    const MOST: usize = 200;
    let s = STATE.get();
    if s.violations.len() >= MOST {
        return;
    }
    eprintln!("verifier: {violation}");
    if let Some(module) = module {
        let list = s.foreign.entry(module.to_owned()).or_default();
        if list.len() < MOST {
            list.push(violation);
        }
        return;
    }
    s.violations.push(violation.clone());
    if s.strict {
        stop(&violation, [0; 2]);
    }
}

pub(crate) fn verdict() -> Verdict {
    let (pool, peak_pool) = pool::usage();
    Verdict {
        violations: STATE.get().violations.clone(),
        foreign: STATE.get().foreign.clone(),
        peak_pool,
        pool,
    }
}

/// Makes the `n`th allocation from now on (1-based) of driver code fail; `None`: no more failures.
pub(crate) fn fail_allocation(n: Option<u64>) {
    let s = STATE.get();
    s.fail_at = n.map(|n| s.allocations + n);
}

/// Allocations by driver code so far.
pub(crate) fn allocations() -> u64 {
    STATE.get().allocations
}

/// Counts an allocation by driver code; true if it is the one that must fail. Those of other makers' modules do not count.
pub(crate) fn allocation_fails() -> bool {
    if loader::foreign(crate::fault::site()[0]).is_some() {
        return false;
    }
    let s = STATE.get();
    s.allocations += 1;
    s.fail_at == Some(s.allocations)
}

/// An export above its limit.
pub(crate) fn irql_violation(import: &Import, irql: KIRQL) {
    let rule = if import.name.contains("::") {
        Rule::PcIrqlIport
    } else if import.module == "portcls.sys" {
        Rule::PcIrqlDDIs
    } else if import.name.starts_with("Zw") {
        Rule::IrqlZwPassive
    } else {
        Rule::IrqlApi
    };
    violation(
        rule,
        format!(
            "{}!{} was called at IRQL {irql}, allowed up to {}",
            import.module, import.name, import.max_irql
        ),
    );
}

// ---- locks

pub(crate) fn lock_acquired(lock: usize) {
    // Locks of host modules come and go with memory that nobody tells of.
    let by_driver = guest::served().is_some_and(|call| call.name.contains("SpinLock"));
    if let Some(other) = STATE.get().locks.acquire(lock, by_driver, running()) {
        violation(
            Rule::SpinLockOrder,
            format!(
                "spin lock {lock:#x} was acquired with {other:#x} held; they have been acquired in the other order"
            ),
        );
    }
}

/// The context that holds a spin lock.
pub(crate) fn lock_owner(lock: usize) -> Option<usize> {
    STATE.get().locks.owner(lock)
}

fn running() -> usize {
    guest::current() as usize
}

pub(crate) fn lock_released(lock: usize) {
    STATE.get().locks.release(lock);
}

pub(crate) fn lock_initialized(lock: usize) {
    STATE.get().locks.forget(lock..lock + 1);
}

pub(crate) fn lowering_irql(new: KIRQL) {
    if new < DISPATCH_LEVEL
        && let Some(lock) = STATE.get().locks.first(running())
    {
        violation(
            Rule::SpinLockHeld,
            format!("IRQL was lowered to {new} while spin lock {lock:#x} is held"),
        );
        STATE.get().locks.clear(running());
    }
}

pub(crate) fn dpc_ended() {
    STATE.get().stalled = 0;
    if let Some(lock) = STATE.get().locks.first(running())
        && guest::in_dpc()
    {
        violation(
            Rule::SpinLockHeld,
            format!("a DPC returned with spin lock {lock:#x} held"),
        );
        STATE.get().locks.clear(running());
    }
}

pub(crate) fn thread_waits() {
    if let Some(lock) = STATE.get().locks.first(running()) {
        violation(
            Rule::SpinLockHeld,
            format!("a thread waits with spin lock {lock:#x} held"),
        );
    }
}

/// The driver stalls the processor. What its code takes by itself cannot be told on another machine.
pub(crate) fn stalls(microseconds: u32) {
    const DPC: u32 = 100;
    const LOCK: u32 = 25;
    let passes = |spent: &mut u32, limit: u32| {
        let before = *spent;
        *spent = before.saturating_add(microseconds);
        before <= limit && *spent > limit
    };
    let s = STATE.get();
    let long_lock = s.locks.first(running()).is_some() && passes(&mut s.locks.stalled, LOCK);
    let long_dpc = guest::in_dpc() && passes(&mut s.stalled, DPC);
    if long_lock {
        violation(
            Rule::SpinLockTime,
            format!("a spin lock is held for more than {LOCK} us"),
        );
    }
    if long_dpc {
        violation(Rule::DpcTime, format!("a DPC takes more than {DPC} us"));
    }
}

pub(crate) fn thread_ended(context: &Context) {
    extended::thread_ended(context);
    if guest::irql() != PASSIVE_LEVEL {
        violation(
            Rule::ThreadExitIrql,
            format!("thread '{}' ended at IRQL {}", context.name, guest::irql()),
        );
    }
    if context.critical != 0 || context.fast_mutexes != 0 {
        violation(
            Rule::LockThreadExit,
            format!(
                "thread '{}' ended inside {} critical region(s), holding {} mutex(es)",
                context.name, context.critical, context.fast_mutexes
            ),
        );
    }
}

// ---- memory

/// An object is initialised: it must not be in use.
pub(crate) fn writing_object(address: usize, size: usize) {
    using_object(address, "initialisation");
    if let Some(timer) = clock::timer_in(address..address + size) {
        violation(
            Rule::ObjectReinitialized,
            format!("an object at {address:#x} is initialised over a set timer at {timer:#x}"),
        );
    }
    if let Some(object) = guest::waited_in(address..address + size) {
        violation(
            Rule::ObjectReinitialized,
            format!("an object at {address:#x} is initialised while a thread waits on {object:#x}"),
        );
    }
}

/// An object is used: it must not lie in freed memory.
pub(crate) fn using_object(address: usize, what: &str) {
    if pool::is_freed(address) {
        let place = pool::describe_address(address).unwrap_or_default();
        violation(
            Rule::ObjectFreed,
            format!("{what}({address:#x}) on an object {place}"),
        );
    }
}

/// A block goes away: nothing that the kernel still uses may be in it.
pub(crate) fn memory_freed(range: Range<usize>, describe: &dyn Fn() -> String) {
    if let Some(timer) = clock::timer_in(range.clone()) {
        violation(
            Rule::TimerFreed,
            format!(
                "freed with a set timer at {timer:#x} inside: {}",
                describe()
            ),
        );
        clock::cancel_timer(timer as *mut KTIMER);
    }
    let queue = guest::deferred();
    let inside = |d: &guest::Deferred| matches!(d, guest::Deferred::Dpc(p) if range.contains(&(*p as usize)));
    if queue.iter().any(inside) {
        violation(
            Rule::DpcFreed,
            format!("freed with a queued DPC inside: {}", describe()),
        );
        guest::deferred().retain(|d| !inside(d));
    }
    STATE.get().locks.forget(range.clone());
    if let Some(object) = guest::waited_in(range) {
        violation(
            Rule::WaitedFreed,
            format!(
                "freed while a thread waits on {object:#x} inside: {}",
                describe()
            ),
        );
    }
}

// ---- requests

/// Keeps which locations were marked pending, until their dispatch routines have returned.
pub(crate) fn keep_pending_marks(irp: usize, generation: u64, marks: &[bool]) {
    let m = &mut STATE.get().marks;
    m.insert((generation, irp), marks.to_vec());
    if m.len() > 1024 {
        m.pop_first();
    }
}

pub(crate) fn pending_mark(irp: usize, generation: u64, index: usize) -> Option<bool> {
    STATE
        .get()
        .marks
        .get(&(generation, irp))?
        .get(index)
        .copied()
}

// ---- unload

/// A driver has been unloaded: everything it made must be gone.
pub(crate) fn driver_unloaded(name: &str, base: usize, size: usize, driver: *mut DRIVER_OBJECT) {
    for leak in pool::leaks(Some(base), 0) {
        violation(Rule::PoolLeak, format!("{name}: {leak}"));
    }
    pool::disown(base);
    for leak in ob::leaks(base) {
        violation(Rule::HandleLeak, format!("{name}: {leak}"));
    }
    let counts = [
        (
            Rule::ExTimerLeak,
            "timer(s) of ExAllocateTimer",
            ex_timer::leaks(base),
        ),
        (Rule::MdlLeak, "MDL(s)", mm::leaks(base)),
        (Rule::RequestLeak, "request(s)", irp::leaks(base)),
        (
            Rule::WorkItemLeak,
            "work item(s)",
            io::work_item_leaks(base),
        ),
        (Rule::DeviceLeak, "device(s)", io::devices_of(driver)),
    ];
    for (rule, what, count) in counts {
        if count != 0 {
            violation(rule, format!("{name}: leak: {count} {what}"));
        }
    }
    // No DPC is queued: all ran when the level fell.
    if let Some(timer) = clock::timer_in(base..base + size) {
        violation(
            Rule::TimerLeft,
            format!("{name}: unloaded with a set timer at {timer:#x} in its image"),
        );
    }
}
