// SPDX-License-Identifier: MIT OR Apache-2.0
//! The rules of Driver Verifier that are checked while a driver runs, and the verdict.

use crate::executive::{ex_timer, io, irp, mm, ob};
use crate::guest::{self, Context, Import};
use crate::nt::*;
use crate::state::{Global, Random};
use crate::{clock, loader, pool};
use std::collections::BTreeMap;
use std::ops::Range;

/// What a scenario came to.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// Rules that the drivers broke, in order, each with where it happened.
    pub violations: Vec<String>,
    /// The same of each module of another maker that stands in for a built-in one.
    pub foreign: BTreeMap<String, Vec<String>>,
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

fn list(f: &mut std::fmt::Formatter<'_>, violations: &[String]) -> std::fmt::Result {
    writeln!(f, "{} violation(s)", violations.len())?;
    violations.iter().try_for_each(|v| writeln!(f, "  {v}"))
}

struct State {
    violations: Vec<String>,
    foreign: BTreeMap<String, Vec<String>>,
    /// Stop at the first violation.
    strict: bool,
    fail_at: Option<u64>,
    allocations: u64,
    locks: Vec<usize>,
    extended: i32,
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
    locks: Vec::new(),
    extended: 0,
    marks: BTreeMap::new(),
    random: Random::new(1),
});

pub(crate) fn initialize(seed: u64, strict: bool, fail_at: Option<u64>) {
    let s = STATE.get();
    s.strict = strict;
    s.fail_at = fail_at;
    s.random = Random::new(seed.wrapping_add(77));
}

/// Other chances from now on.
pub(crate) fn reseed(seed: u64) {
    STATE.get().random = Random::new(seed.wrapping_add(77));
}

pub(crate) fn random() -> u64 {
    STATE.get().random.next()
}

/// Notes a broken rule with the backtrace of the code that is running: it is the fault of the innermost module.
pub fn violation(text: impl Into<String>) {
    note(loader::foreign(crate::fault::site()[0]), text.into());
}

/// As [`violation`], where not the running code is at fault but the module with this code, or this base.
pub(crate) fn violation_of(module: usize, text: impl Into<String>) {
    note(loader::foreign(module), text.into());
}

/// `module`: of another maker.
fn note(module: Option<&str>, text: String) {
    let s = STATE.get();
    if s.violations.len() >= 200 {
        return;
    }
    let site: Vec<String> = crate::fault::site()
        .iter()
        .take_while(|a| **a != 0)
        .map(|a| loader::symbolise(*a))
        .collect();
    let text = if site.is_empty() {
        text
    } else {
        format!("{text} [{}]", site.join(" < "))
    };
    eprintln!("verifier: {text}");
    if let Some(module) = module {
        let list = STATE.get().foreign.entry(module.to_owned()).or_default();
        if list.len() < 200 {
            list.push(text);
        }
        return;
    }
    STATE.get().violations.push(text.clone());
    if STATE.get().strict {
        crate::bugcheck::bugcheck(
            crate::bugcheck::DRIVER_VERIFIER_DETECTED_VIOLATION,
            [0; 4],
            &text,
        );
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

pub(crate) fn irql_violation(import: &Import, irql: KIRQL) {
    violation(format!(
        "{}!{} was called at IRQL {irql}, allowed up to {}",
        import.module, import.name, import.max_irql
    ));
}

// ---- locks

pub(crate) fn lock_acquired(lock: usize) {
    STATE.get().locks.push(lock);
}

pub(crate) fn lock_released(lock: usize) {
    let locks = &mut STATE.get().locks;
    if let Some(i) = locks.iter().rposition(|l| *l == lock) {
        locks.remove(i);
    }
}

pub(crate) fn lowering_irql(new: KIRQL) {
    if new < DISPATCH_LEVEL
        && let Some(lock) = STATE.get().locks.first()
    {
        violation(format!(
            "IRQL was lowered to {new} while spin lock {lock:#x} is held"
        ));
        STATE.get().locks.clear();
    }
}

pub(crate) fn dpc_ended() {
    if let Some(lock) = STATE.get().locks.first().copied()
        && guest::in_dpc()
    {
        violation(format!("a DPC returned with spin lock {lock:#x} held"));
        STATE.get().locks.clear();
    }
}

pub(crate) fn thread_waits() {
    if let Some(lock) = STATE.get().locks.first() {
        violation(format!("a thread waits with spin lock {lock:#x} held"));
    }
}

pub(crate) fn thread_ended(context: &Context) {
    if guest::irql() != PASSIVE_LEVEL {
        violation(format!(
            "thread '{}' ended at IRQL {}",
            context.name,
            guest::irql()
        ));
    }
    if context.critical != 0 || context.fast_mutexes != 0 {
        violation(format!(
            "thread '{}' ended inside {} critical region(s), holding {} mutex(es)",
            context.name, context.critical, context.fast_mutexes
        ));
    }
}

pub(crate) fn extended_state(change: i32) {
    let s = STATE.get();
    s.extended += change;
    if s.extended < 0 {
        s.extended = 0;
        violation("KeRestoreExtendedProcessorState without a save");
    }
}

// ---- memory

/// An object is initialised: it must not be in use.
pub(crate) fn writing_object(address: usize, size: usize) {
    using_object(address, "initialisation");
    if let Some(timer) = clock::timer_in(address..address + size) {
        violation(format!(
            "an object at {address:#x} is initialised over a set timer at {timer:#x}"
        ));
    }
    if let Some(object) = guest::waited_in(address..address + size) {
        violation(format!(
            "an object at {address:#x} is initialised while a thread waits on {object:#x}"
        ));
    }
}

/// An object is used: it must not lie in freed memory.
pub(crate) fn using_object(address: usize, what: &str) {
    if pool::is_freed(address) {
        let place = pool::describe_address(address).unwrap_or_default();
        violation(format!("{what}({address:#x}) on an object {place}"));
    }
}

/// A block goes away: nothing that the kernel still uses may be in it.
pub(crate) fn memory_freed(range: Range<usize>, describe: &dyn Fn() -> String) {
    if let Some(timer) = clock::timer_in(range.clone()) {
        violation(format!(
            "freed with a set timer at {timer:#x} inside: {}",
            describe()
        ));
        clock::cancel_timer(timer as *mut KTIMER);
    }
    let queue = guest::deferred();
    let inside = |d: &guest::Deferred| matches!(d, guest::Deferred::Dpc(p) if range.contains(&(*p as usize)));
    if queue.iter().any(inside) {
        violation(format!("freed with a queued DPC inside: {}", describe()));
        guest::deferred().retain(|d| !inside(d));
    }
    if let Some(object) = guest::waited_in(range) {
        violation(format!(
            "freed while a thread waits on {object:#x} inside: {}",
            describe()
        ));
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
        violation(format!("{name}: {leak}"));
    }
    pool::disown(base);
    for leak in ob::leaks(base) {
        violation(format!("{name}: {leak}"));
    }
    let counts = [
        ("timer(s) of ExAllocateTimer", ex_timer::leaks(base)),
        ("MDL(s)", mm::leaks(base)),
        ("request(s)", irp::leaks(base)),
        ("work item(s)", io::work_item_leaks(base).0),
        ("queued work item(s)", io::work_item_leaks(base).1),
        ("device(s)", io::devices_of(driver)),
    ];
    for (what, count) in counts {
        if count != 0 {
            violation(format!("{name}: leak: {count} {what}"));
        }
    }
    let code = base..base + size;
    for d in guest::deferred().iter() {
        if let guest::Deferred::Dpc(dpc) = d
            // SAFETY: queued DPCs are live.
            && unsafe { (**dpc).DeferredRoutine }.is_some_and(|r| code.contains(&(r as usize)))
        {
            violation(format!("{name}: unloaded with a queued DPC"));
        }
    }
    if let Some(timer) = clock::timer_in(code.clone()) {
        violation(format!(
            "{name}: unloaded with a set timer at {timer:#x} in its image"
        ));
    }
}
