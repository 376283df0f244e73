// SPDX-License-Identifier: MIT OR Apache-2.0
//! The end of the machine: what happened, where, and the last calls.

use crate::executive::dbg;
use crate::nt::status;
use crate::state::Global;
use crate::{clock, fault, guest, loader, pool};

/// Exit code of a process whose machine stopped.
pub const EXIT_CODE: i32 = 188;

static ON_STOP: Global<Option<fn() -> !>> = Global::new(None);

/// Ends the process in another way when the machine stops and has said why.
pub fn on_stop(end: fn() -> !) {
    *ON_STOP.get() = Some(end);
}

pub(crate) const IRQL_NOT_LESS_OR_EQUAL: u32 = 0x0a;
pub(crate) const IRQL_NOT_GREATER_OR_EQUAL: u32 = 0x09;
pub(crate) const SPIN_LOCK_ALREADY_OWNED: u32 = 0x0f;
pub(crate) const KMODE_EXCEPTION_NOT_HANDLED: u32 = 0x1e;
pub(crate) const NO_MORE_IRP_STACK_LOCATIONS: u32 = 0x35;
pub(crate) const MULTIPLE_IRP_COMPLETE_REQUESTS: u32 = 0x44;
pub(crate) const UNEXPECTED_KERNEL_MODE_TRAP: u32 = 0x7f;
pub(crate) const BAD_POOL_CALLER: u32 = 0xc2;
pub(crate) const DRIVER_VERIFIER_DETECTED_VIOLATION: u32 = 0xc4;
pub(crate) const KERNEL_SECURITY_CHECK_FAILURE: u32 = 0x139;
/// Not Windows': an import that simkernel does not have.
pub(crate) const SIMKERNEL_UNKNOWN_IMPORT: u32 = 0x5111_0001;

fn name(code: u32) -> &'static str {
    match code {
        IRQL_NOT_LESS_OR_EQUAL => "IRQL_NOT_LESS_OR_EQUAL",
        IRQL_NOT_GREATER_OR_EQUAL => "IRQL_NOT_GREATER_OR_EQUAL",
        SPIN_LOCK_ALREADY_OWNED => "SPIN_LOCK_ALREADY_OWNED",
        KMODE_EXCEPTION_NOT_HANDLED => "KMODE_EXCEPTION_NOT_HANDLED",
        NO_MORE_IRP_STACK_LOCATIONS => "NO_MORE_IRP_STACK_LOCATIONS",
        MULTIPLE_IRP_COMPLETE_REQUESTS => "MULTIPLE_IRP_COMPLETE_REQUESTS",
        UNEXPECTED_KERNEL_MODE_TRAP => "UNEXPECTED_KERNEL_MODE_TRAP",
        BAD_POOL_CALLER => "BAD_POOL_CALLER",
        DRIVER_VERIFIER_DETECTED_VIOLATION => "DRIVER_VERIFIER_DETECTED_VIOLATION",
        KERNEL_SECURITY_CHECK_FAILURE => "KERNEL_SECURITY_CHECK_FAILURE",
        SIMKERNEL_UNKNOWN_IMPORT => "SIMKERNEL_UNKNOWN_IMPORT",
        0xe2 => "MANUALLY_INITIATED_CRASH",
        0xdead_dead => "MANUALLY_INITIATED_CRASH1",
        0x100 => "LOADER_BLOCK_MISMATCH",
        _ => "?",
    }
}

/// KeBugCheckEx.
pub(crate) fn bugcheck_code(code: u32, parameters: [usize; 4]) -> ! {
    bugcheck(code, parameters, "KeBugCheckEx")
}

/// Stops with the state of the running export call.
pub(crate) fn bugcheck(code: u32, parameters: [usize; 4], text: &str) -> ! {
    let context = fault::call_site();
    stop(code, parameters, text, context.as_ref())
}

/// Prints everything and ends the process with [`EXIT_CODE`].
pub(crate) fn stop(
    code: u32,
    parameters: [usize; 4],
    text: &str,
    context: Option<&fault::Registers>,
) -> ! {
    dbg::flush();
    let mut out = String::new();
    let mut line = |s: String| {
        out.push_str(&s);
        out.push('\n');
    };
    line(format!(
        "*** STOP {code:#010x} {} ({:#x}, {:#x}, {:#x}, {:#x})",
        name(code),
        parameters[0],
        parameters[1],
        parameters[2],
        parameters[3]
    ));
    line(format!("    {text}"));
    if let Some(n) =
        status::name(parameters[0] as u32 as i32).filter(|_| code == KMODE_EXCEPTION_NOT_HANDLED)
    {
        line(format!("    {n}"));
    }
    let current = guest::current();
    if !current.is_null() {
        // SAFETY: the running context is live.
        let c = unsafe { &*current };
        line(format!(
            "    context '{}', IRQL {}, time {} ns",
            c.name,
            guest::irql(),
            clock::now_ns()
        ));
    }
    for p in parameters {
        if let Some(d) = pool::describe_address(p) {
            line(format!("    {p:#x} is {d}"));
        }
    }
    if let Some(r) = context {
        for row in r.describe() {
            line(format!("    {row}"));
        }
        line(format!("    rip {:#x} {}", r.rip, loader::symbolise(r.rip)));
        line("  backtrace:".into());
        for address in fault::backtrace(r, 32) {
            line(format!("    {address:#x} {}", loader::symbolise(address)));
        }
    }
    line("  last calls, newest first:".into());
    let trace = guest::TRACE.get();
    for i in 1..=24usize {
        let Some(e) = trace.entries[trace.next.wrapping_sub(i) % 64] else {
            break;
        };
        // SAFETY: imports are never freed.
        let import = unsafe { &*e.import };
        line(format!(
            "    {} IRQL {} {}!{}({:#x}, {:#x}, {:#x}, {:#x}) from {}",
            e.time,
            e.irql,
            import.module,
            import.name,
            e.arguments[0],
            e.arguments[1],
            e.arguments[2],
            e.arguments[3],
            loader::symbolise(e.from)
        ));
    }
    let decisions: Vec<String> = guest::decisions().iter().map(ToString::to_string).collect();
    if !decisions.is_empty() {
        out.push_str(&format!("schedule: {}\n", decisions.join(" ")));
    }
    eprint!("{out}");
    if let Some(end) = ON_STOP.get() {
        end();
    }
    loader::tell_taken();
    // SAFETY: ends the process at once; nothing of the machine may run any more.
    unsafe { libc::_exit(EXIT_CODE) }
}
