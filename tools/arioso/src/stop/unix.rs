// SPDX-License-Identifier: MIT OR Apache-2.0
//! Signals are blocked in every thread and waited for in one: no handler runs, least of all on the stack of a simulated kernel's thread.

use super::heard;
use crate::output;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, raise, sigaction};
use std::process;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread;

/// The last signal, for the end.
static LAST: AtomicI32 = AtomicI32::new(0);

/// Begins to watch. Before any other thread is started: threads inherit what is blocked. Programs that are started do not.
pub fn watch() {
    let mut signals = SigSet::empty();
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        // `nohup`, and what a shell starts in the background, ignore some.
        if !is_ignored(signal) {
            signals.add(signal);
        }
    }
    if signals.thread_block().is_err() {
        return;
    }
    let waiting = thread::Builder::new().spawn(move || {
        while let Ok(signal) = signals.wait() {
            LAST.store(signal as i32, Ordering::Relaxed);
            if !heard() {
                output::abandon();
                die_of(signal);
            }
        }
    });
    if waiting.is_err() {
        // As it was: nobody would hear of a signal.
        let _ = signals.thread_unblock();
    }
}

/// Ends after a signal that was caught, as the signal would have ended the program: a shell tells 128 + its number (130 of Ctrl+C), and
/// ends its loop.
pub fn end() -> ! {
    die_of(Signal::try_from(LAST.load(Ordering::Relaxed)).unwrap_or(Signal::SIGINT))
}

/// Ends because nobody reads the standard output: as by SIGPIPE, which Rust ignores.
pub fn end_of_pipe() -> ! {
    die_of(Signal::SIGPIPE)
}

fn die_of(signal: Signal) -> ! {
    let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    // SAFETY: the default action is no handler.
    let _ = unsafe { sigaction(signal, &default) };
    let mut set = SigSet::empty();
    set.add(signal);
    let _ = set.thread_unblock();
    let _ = raise(signal);
    process::exit(128 + signal as i32)
}

fn is_ignored(signal: Signal) -> bool {
    let ignore = SigAction::new(SigHandler::SigIgn, SaFlags::empty(), SigSet::empty());
    // SAFETY: neither action is a handler of this program, which has none yet.
    unsafe {
        let Ok(before) = sigaction(signal, &ignore) else {
            return false;
        };
        let _ = sigaction(signal, &before);
        matches!(before.handler(), SigHandler::SigIgn)
    }
}
