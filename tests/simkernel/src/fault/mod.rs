// SPDX-License-Identifier: MIT OR Apache-2.0
//! Faults and structured exceptions: signals become exception records, `.pdata` is unwound, handlers are called; what nobody
//! handles stops the machine.

mod emulate;
mod registers;
mod seh;
mod signals;
mod unwind;
mod window;

pub(crate) use registers::Registers;
pub(crate) use seh::{Exception, exports, raise_status};
pub(crate) use signals::{initialize, set_current_thread};

use crate::guest::{self, CallFrame};
use crate::loader;

/// The registers at the call of an export, as its caller will see them again.
pub(crate) fn registers_of(frame: &CallFrame) -> Registers {
    let mut r = Registers::default();
    let [rbx, rbp, rdi, rsi, r12, r13, r14, r15] = frame.registers;
    r.gp[3] = rbx;
    r.gp[5] = rbp;
    r.gp[7] = rdi;
    r.gp[6] = rsi;
    r.gp[12] = r12;
    r.gp[13] = r13;
    r.gp[14] = r14;
    r.gp[15] = r15;
    r.gp[1] = frame.first[0];
    r.gp[2] = frame.first[1];
    r.gp[8] = frame.first[2];
    r.gp[9] = frame.first[3];
    r.xmm[6..16].copy_from_slice(&frame.xmm);
    r.rip = frame.return_address();
    r.gp[4] = frame.guest_sp + 8;
    r
}

/// The innermost call that driver code made, if driver code is running.
pub(crate) fn call_site() -> Option<Registers> {
    let context = guest::current();
    if context.is_null() {
        return None;
    }
    // SAFETY: the running context and its linked frames are live.
    let mut frame = unsafe { (*context).frame };
    while !frame.is_null() {
        // SAFETY: as above.
        let f = unsafe { &*frame };
        if loader::is_guest(f.return_address()) {
            return Some(registers_of(f));
        }
        frame = f.previous;
    }
    None
}

/// Return addresses in driver code from here outwards, at most six.
pub(crate) fn site() -> [usize; 6] {
    let mut out = [0; 6];
    if let Some(r) = call_site() {
        for (o, a) in out.iter_mut().zip(backtrace(&r, 6)) {
            *o = a;
        }
    }
    out
}

/// Code addresses from `r` outwards, as far as driver code goes.
pub(crate) fn backtrace(r: &Registers, limit: usize) -> Vec<usize> {
    let mut r = r.clone();
    let mut list = Vec::new();
    while list.len() < limit && (loader::is_guest(r.rip) || crate::executive::crt::is_leaf(r.rip)) {
        list.push(r.rip);
        if !unwind::readable(r.gp[4]) || unwind::step(&mut r, list.len() == 1).is_none() {
            break;
        }
    }
    list
}
