// SPDX-License-Identifier: MIT OR Apache-2.0
//! User memory for other makers' modules. They probe a user's pointer and read it, under an exception handler, as every driver may in the
//! caller's process. The driver under test must not (it locks and maps), so the pages stay closed, and are opened for one instruction of
//! such a module: the processor's trap flag closes them behind it.

use super::Registers;
use crate::executive::crt;
use crate::guest;
use crate::nt::DISPATCH_LEVEL;
use crate::state::Global;
use crate::{loader, user};

/// RFLAGS.TF.
pub(super) const TRAP: usize = 0x100;

static OPEN: Global<Vec<u64>> = Global::new(Vec::new());

/// Opens the page that an instruction faulted on, if it is for that module to see, and has the instruction trap.
pub(super) fn open(r: &mut Registers, address: usize, write: bool) -> bool {
    let context = guest::current();
    let address = address as u64;
    if context.is_null() || !user::is_user(address) || guest::irql() >= DISPATCH_LEVEL {
        return false;
    }
    // SAFETY: the running context is live.
    let in_process = unsafe { (*context).process != 0 };
    let there = if write {
        user::is_writable(address, 1)
    } else {
        user::is_mapped(address, 1)
    };
    if !in_process || !there || !is_foreign(r) {
        return false;
    }
    let readable = libc::PROT_READ;
    let protection = if user::is_writable(address, 1) {
        readable | libc::PROT_WRITE
    } else {
        readable
    };
    user::expose_page(address, protection);
    OPEN.get().push(address);
    r.flags |= TRAP;
    true
}

/// Closes what was opened. False if nothing was.
pub(super) fn close(r: &mut Registers) -> bool {
    let open = std::mem::take(OPEN.get());
    for address in &open {
        user::expose_page(*address, libc::PROT_NONE);
    }
    r.flags &= !TRAP;
    !open.is_empty()
}

/// Whether the code that runs is another maker's, or the kernel's on its behalf.
fn is_foreign(r: &Registers) -> bool {
    if loader::is_guest(r.rip) {
        return loader::foreign(r.rip).is_some();
    }
    let caller = if crt::is_leaf(r.rip) {
        // SAFETY: a leaf routine's frame is the return address.
        unsafe { *(r.gp[4] as *const usize) }
    } else {
        // SAFETY: the running context and its innermost frame are live.
        unsafe {
            let frame = (*guest::current()).frame;
            if frame.is_null() {
                return false;
            }
            (*frame).return_address()
        }
    };
    loader::foreign(caller).is_some()
}
