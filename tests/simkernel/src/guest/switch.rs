// SPDX-License-Identifier: MIT OR Apache-2.0
//! Switching stacks.

use super::*;
use crate::{loader, verifier};
use std::arch::naked_asm;

/// Saves the callee-saved registers, stores the stack pointer to `*from` and continues where `to` was stored.
#[unsafe(naked)]
pub(super) unsafe extern "sysv64" fn switch(from: *mut usize, to: usize) {
    naked_asm!(
        "push rbp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "mov [rdi], rsp",
        "mov rsp, rsi",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        "ret",
    )
}

/// The stack pointer of a context that has not run yet.
pub(super) fn initial(high: usize) -> usize {
    let sp = high - 64;
    // SAFETY: the top of a fresh, writable stack. Seven words: six registers and the return address; rsp ≡ 8 (mod 16) in `start`.
    unsafe {
        let words = sp as *mut usize;
        for i in 0..6 {
            words.add(i).write(0);
        }
        words.add(6).write(start as *const () as usize);
        words.add(7).write(0);
    }
    sp
}

extern "sysv64" fn start() -> ! {
    let context = current();
    // SAFETY: the scheduler made this context current; it lives until it is done.
    let entry = unsafe { (*context).entry.take() };
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        if let Some(entry) = entry {
            entry();
        }
    }));
    if let Err(panic) = outcome {
        // SAFETY: as above.
        unsafe { (*context).panic = Some(panic) };
    }
    finish_current()
}

/// Calls `function` with up to 16 words of arguments on the context's guest stack and returns rax.
///
/// # Safety
/// `function` has Windows' x64 convention and takes these arguments; a context is running.
pub unsafe fn call(function: usize, arguments: &[usize]) -> usize {
    let context = current();
    assert!(!context.is_null(), "driver code called outside a context");
    assert!(arguments.len() <= 16);
    let mut words = [0usize; 16];
    words[..arguments.len()].copy_from_slice(arguments);
    let here = (&raw const words) as usize;
    // Host code may stand in for a driver's.
    let driver = loader::is_guest(function);
    let saves = verifier::saves_of(context);
    // SAFETY: by the contract; the context's stacks are mapped.
    let result = unsafe {
        let sp = if (*context).on_guest_stack(here) {
            0
        } else {
            (*context).guest_sp()
        };
        if driver {
            vectors::lay();
        }
        transfer(function, words.as_ptr(), sp, &raw mut (*context).host_sp)
    };
    if driver {
        let changed = vectors::look();
        verifier::routine_returned(function, context, changed, saves);
    }
    result
}

/// `sp` 0: stay on the current stack.
#[unsafe(naked)]
unsafe extern "sysv64" fn transfer(
    function: usize,
    words: *const usize,
    sp: usize,
    host_sp: *mut usize,
) -> usize {
    naked_asm!(
        "push rbp",
        "mov rbp, rsp",
        "push r12",
        "push r13",
        "mov r13, rcx",
        "mov r12, [rcx]",
        "test rdx, rdx",
        "jz 2f",
        "mov [rcx], rsp",
        "mov rsp, rdx",
        "2:",
        "and rsp, -16",
        "sub rsp, 128",
        "mov rax, rdi",
        "mov r10, rsi",
        "mov r11, 4",
        "3:",
        "mov rdx, [r10 + r11*8]",
        "mov [rsp + r11*8], rdx",
        "inc r11",
        "cmp r11, 16",
        "jb 3b",
        "mov rcx, [r10]",
        "mov rdx, [r10 + 8]",
        "mov r8, [r10 + 16]",
        "mov r9, [r10 + 24]",
        "call rax",
        "mov [r13], r12",
        "lea rsp, [rbp - 16]",
        "pop r13",
        "pop r12",
        "pop rbp",
        "ret",
    )
}

/// Calls driver code through a function pointer on the guest stack: `guest_call!(f, a, b)` is rax as usize.
/// Arguments are integers and pointers.
#[macro_export]
macro_rules! guest_call {
    ($function:expr $(, $argument:expr)* $(,)?) => {
        $crate::guest::call($function as usize, &[$($argument as usize),*])
    };
}
