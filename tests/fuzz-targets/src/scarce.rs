// SPDX-License-Identifier: MIT OR Apache-2.0
//! Memory that runs out: one allocation of a call fails, as any may in a kernel.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Scarce;

#[global_allocator]
static ALLOCATOR: Scarce = Scarce;

thread_local! {
    /// Allocations that still succeed before one fails.
    static LEFT: Cell<Option<u8>> = const { Cell::new(None) };
}

fn fails_now() -> bool {
    match LEFT.get() {
        None => false,
        Some(left) => {
            LEFT.set(left.checked_sub(1));
            left == 0
        }
    }
}

// SAFETY: forwards to the system allocator, or fails.
unsafe impl GlobalAlloc for Scarce {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if fails_now() {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if fails_now() {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's promise.
        unsafe { System.realloc(block, layout, size) }
    }
}

/// Calls with `left` allocations before one fails; `None`: none does. A failure must be told.
pub fn call<T, E>(left: Option<u8>, call: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    LEFT.set(left);
    let result = call();
    let failed = LEFT.take().is_none() && left.is_some();
    assert!(!failed || result.is_err(), "an allocation failed unnoticed");
    result
}
