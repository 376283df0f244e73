// SPDX-License-Identifier: MIT OR Apache-2.0
//! How much of their stacks drivers use, and the deepest path of calls to the kernel.
//!
//! A stack is filled with a pattern before a context gets it; what has been written to it since is what was used. A routine that
//! reserves more than it writes to counts with what it writes to.

use super::{Context, current};
use crate::state::Global;
use crate::{fault, loader};

const PATTERN: u64 = 0xA5D2_C3B4_9687_F1E0;

/// The most that a driver has used of a stack.
#[derive(Clone, Debug, Default)]
pub struct StackUse {
    /// Bytes, from the frame of the routine that was called on an empty stack.
    pub bytes: usize,
    /// The context, as [`crate::system::System::threads`] counts them: "client", "system", "DPC" and so on.
    pub context: String,
    /// The deepest call of the kernel on any stack: its bytes, and the code addresses by symbol, innermost first.
    pub call: (usize, Vec<String>),
}

struct State {
    most: StackUse,
    deepest: (usize, Vec<usize>),
}

static STATE: Global<State> = Global::new(State {
    most: StackUse {
        bytes: 0,
        context: String::new(),
        call: (0, Vec::new()),
    },
    deepest: (0, Vec::new()),
});

fn words(context: &Context) -> (*mut u64, usize) {
    (
        context.guest_low as *mut u64,
        (context.guest_high - context.guest_low) / size_of::<u64>(),
    )
}

/// Before the context runs.
pub(super) fn paint(context: &Context) {
    let (start, count) = words(context);
    // SAFETY: the stack is mapped, and nothing is on it.
    unsafe { std::slice::from_raw_parts_mut(start, count) }.fill(PATTERN);
}

/// When it has run, or so far.
pub(super) fn look(context: &Context) {
    let (start, count) = words(context);
    // SAFETY: the stack is mapped; nobody writes to it meanwhile.
    let words = unsafe { std::slice::from_raw_parts(start, count) };
    let untouched = words.iter().take_while(|word| **word == PATTERN).count();
    let bytes = ((count - untouched) * size_of::<u64>()).saturating_sub(super::RESERVE);
    let most = &mut STATE.get().most;
    if bytes > most.bytes {
        most.bytes = bytes;
        most.context.clone_from(&context.name);
    }
}

/// A driver calls the kernel with its stack at `sp`.
pub(super) fn at_call(sp: usize) {
    let context = current();
    // SAFETY: the running context is live.
    let Some(context) = (unsafe { context.as_ref() }) else {
        return;
    };
    if !context.on_guest_stack(sp) {
        return;
    }
    let bytes = context.guest_high - sp - super::RESERVE;
    let deepest = &mut STATE.get().deepest;
    if bytes > deepest.0 {
        let path = fault::call_site().map(|site| fault::backtrace(&site, 32));
        *deepest = (bytes, path.unwrap_or_default());
    }
}

/// Since boot; `dpc` has not ended and is looked at now.
pub(super) fn most(dpc: &Context) -> StackUse {
    look(dpc);
    let s = STATE.get();
    let mut most = s.most.clone();
    let path = s
        .deepest
        .1
        .iter()
        .map(|address| loader::symbolise(*address));
    most.call = (s.deepest.0, path.collect());
    most
}
