// SPDX-License-Identifier: MIT OR Apache-2.0
//! Guest contexts: threads of the simulated machine on stacks of our own, switched by simkernel only.
//!
//! A context has two stacks: a small one that driver code runs on (24 KiB, guard page below) and a large one for host code.
//! An import entry moves from the first to the second, [`call`] moves back.

mod entry;
mod explore;
mod sched;
mod stack;
mod switch;
mod vectors;

pub(crate) use entry::{CALLED, CallFrame, Import, TRACE, make_thunk, va_args};
pub(crate) use explore::decisions;
pub use explore::{Choice, Decision, Schedule};
pub(crate) use sched::*;
pub use stack::StackUse;
pub use switch::call;
pub(crate) use vectors::{
    enabled as host_features, initialize as initialize_vectors, lay as lay_vectors,
};

use crate::nt::*;
use crate::state::Global;
use std::ptr::null_mut;

/// What drivers get on x64.
pub const GUEST_STACK: usize = 24 * 1024;
const HOST_STACK: usize = 1024 * 1024;
const GUARD: usize = 4096;
/// Kept above a guest's first frame, so that an import entry may copy stack arguments that are not there.
const RESERVE: usize = 256;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Thread,
    Dpc,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    Ready,
    Running,
    Waiting,
    Done,
}

/// The head that guests see of a thread (a dispatcher object, signalled when the thread has ended).
#[repr(C)]
pub(crate) struct ThreadObject {
    pub header: DISPATCHER_HEADER,
    pub opaque: [usize; 64],
}

/// The first five fields are known to the naked code.
#[repr(C)]
pub(crate) struct Context {
    pub guest_low: usize,
    pub guest_high: usize,
    /// Where host code continues when driver code calls an import.
    pub host_sp: usize,
    pub frame: *mut CallFrame,
    saved_sp: usize,
    stack: (usize, usize),
    pub thread: Box<ThreadObject>,
    pub name: String,
    pub kind: Kind,
    pub state: State,
    pub irql: KIRQL,
    pub priority: i32,
    pub process: usize,
    pub wait: Wait,
    pub critical: i32,
    pub fast_mutexes: i32,
    entry: Option<Box<dyn FnOnce()>>,
    pub panic: Option<Box<dyn std::any::Any + Send>>,
    pub exceptions: Vec<crate::fault::Exception>,
    /// Registers that the context is about to continue with.
    pub resume: Option<crate::fault::Registers>,
}

/// What a context waits for.
#[derive(Default)]
pub(crate) struct Wait {
    pub objects: Vec<*mut DISPATCHER_HEADER>,
    pub all: bool,
    /// Distinguishes this wait from an earlier one whose timeout is still queued.
    pub number: u64,
    pub status: NTSTATUS,
}

#[unsafe(no_mangle)]
static mut SIMKERNEL_CURRENT: *mut Context = null_mut();

/// The running context; null while the scheduler itself runs.
pub(crate) fn current() -> *mut Context {
    // SAFETY: one thread.
    unsafe { SIMKERNEL_CURRENT }
}

/// The call of the kernel that is being served: the innermost one of the running context.
pub(crate) fn served() -> Option<&'static Import> {
    // SAFETY: the running context and its frame are live; imports are never freed.
    unsafe {
        let frame = current().as_ref()?.frame.as_ref()?;
        frame.import.as_ref()
    }
}

fn set_current(context: *mut Context) {
    // SAFETY: one thread.
    unsafe { SIMKERNEL_CURRENT = context };
    crate::fault::set_current_thread(if context.is_null() {
        null_mut()
    } else {
        // SAFETY: contexts live as long as they are scheduled.
        unsafe { (&raw mut *(*context).thread).cast() }
    });
}

static FREE_STACKS: Global<Vec<(usize, usize)>> = Global::new(Vec::new());

impl Context {
    pub fn new(name: &str, kind: Kind, priority: i32, entry: Box<dyn FnOnce()>) -> Box<Context> {
        let total = GUARD + HOST_STACK + GUARD + GUEST_STACK;
        let base = FREE_STACKS.get().pop().unwrap_or_else(|| {
            // SAFETY: a fresh private mapping; its two guard pages are then made inaccessible.
            unsafe {
                let p = libc::mmap(
                    null_mut(),
                    total,
                    libc::PROT_READ | libc::PROT_WRITE,
                    libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                    -1,
                    0,
                );
                assert!(p != libc::MAP_FAILED, "no memory for a stack");
                libc::mprotect(p, GUARD, libc::PROT_NONE);
                libc::mprotect(p.byte_add(GUARD + HOST_STACK), GUARD, libc::PROT_NONE);
                (p as usize, total)
            }
        });
        let host_high = base.0 + GUARD + HOST_STACK;
        let guest_low = host_high + GUARD;
        let guest_high = guest_low + GUEST_STACK;
        let thread = Self::placeholder_thread();
        let context = Box::new(Context {
            guest_low,
            guest_high,
            host_sp: 0,
            frame: null_mut(),
            saved_sp: switch::initial(host_high),
            stack: base,
            thread,
            name: name.to_owned(),
            kind,
            state: State::Ready,
            irql: if kind == Kind::Dpc {
                DISPATCH_LEVEL
            } else {
                PASSIVE_LEVEL
            },
            priority,
            process: 0,
            wait: Wait::default(),
            critical: 0,
            fast_mutexes: 0,
            entry: Some(entry),
            panic: None,
            exceptions: Vec::new(),
            resume: None,
        });
        stack::paint(&context);
        context
    }

    /// A thread object that nobody has seen yet.
    pub fn placeholder_thread() -> Box<ThreadObject> {
        let mut thread = Box::new(ThreadObject {
            header: DISPATCHER_HEADER {
                Type: THREAD_OBJECT,
                Signalling: 0,
                Size: 0,
                Reserved1: 0,
                SignalState: 0,
                WaitListHead: LIST_ENTRY::null(),
            },
            opaque: [0; 64],
        });
        let list = &raw mut thread.header.WaitListHead;
        // SAFETY: a list head of our own.
        unsafe { initialize_list_head(list) };
        thread
    }

    pub fn on_guest_stack(&self, sp: usize) -> bool {
        (self.guest_low..self.guest_high).contains(&sp)
    }

    /// True for an address in one of the stacks.
    pub fn owns(&self, sp: usize) -> bool {
        self.on_guest_stack(sp) || (self.stack.0 + GUARD..self.guest_low - GUARD).contains(&sp)
    }

    /// True if `address` lies in a page below one of the stacks.
    pub fn guard_hit(&self, address: usize) -> bool {
        (self.guest_low - GUARD..self.guest_low).contains(&address)
            || (self.stack.0..self.stack.0 + GUARD).contains(&address)
    }

    /// Where driver code called from here would start its frames.
    fn guest_sp(&self) -> usize {
        let mut frame = self.frame;
        while !frame.is_null() {
            // SAFETY: linked frames are live.
            let f = unsafe { &*frame };
            if self.on_guest_stack(f.guest_sp) {
                return f.guest_sp & !15;
            }
            frame = f.previous;
        }
        self.guest_high - RESERVE
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        stack::look(self);
        FREE_STACKS.get().push(self.stack);
    }
}
