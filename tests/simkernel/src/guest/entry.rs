// SPDX-License-Identifier: MIT OR Apache-2.0
//! The entry of every import: saves the caller's non-volatile registers, checks and traces the call, changes stacks.

use super::*;
use crate::executive::Export;
use crate::{clock, loader, verifier};
use std::arch::naked_asm;

/// One bound import.
#[repr(C)]
pub(crate) struct Import {
    target: usize,
    pub module: String,
    pub name: String,
    pub max_irql: KIRQL,
    pub calls: u64,
}

/// What an import entry saves; the naked code knows its layout.
#[repr(C)]
pub(crate) struct CallFrame {
    /// 0: shadow space and stack arguments of the callee.
    arguments: [usize; 16],
    /// 128
    pub xmm: [u128; 10],
    /// 288: rbx rbp rdi rsi r12 r13 r14 r15
    pub registers: [usize; 8],
    /// 352: points at the return address.
    pub guest_sp: usize,
    /// 360
    pub previous: *mut CallFrame,
    /// 368
    pub import: *mut Import,
    /// 376: rcx rdx r8 r9
    pub first: [usize; 4],
    /// 408
    pub result: usize,
    /// 416: clocks of the processor at the call.
    begin: u64,
    _aligned: u64,
}

const _: () = assert!(size_of::<CallFrame>() == 432);

/// What driver code has called: clocks of the host's processor inside of it, and how often.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Called {
    pub clocks: u64,
    pub calls: u64,
}

/// Of all driver code so far. What it calls of the ports' interfaces is no import and counts as the driver's.
pub(crate) static CALLED: Global<Called> = Global::new(Called {
    clocks: 0,
    calls: 0,
});

impl Import {
    pub fn target(&self) -> usize {
        self.target
    }
}

impl CallFrame {
    /// A stand-in for a call, made when driver code faults: driver code called from now on runs below `guest_sp`.
    pub fn at(guest_sp: usize, previous: *mut CallFrame) -> CallFrame {
        CallFrame {
            arguments: [0; 16],
            xmm: [0; 10],
            registers: [0; 8],
            guest_sp,
            previous,
            import: null_mut(),
            first: [0; 4],
            result: 0,
            begin: 0,
            _aligned: 0,
        }
    }

    pub fn return_address(&self) -> usize {
        // SAFETY: guest_sp points at the return address of the call.
        unsafe { *(self.guest_sp as *const usize) }
    }
}

#[derive(Clone, Copy)]
pub(crate) struct TraceEntry {
    pub time: u64,
    pub import: *const Import,
    pub arguments: [usize; 4],
    pub from: usize,
    pub irql: KIRQL,
}

pub(crate) struct Trace {
    pub entries: [Option<TraceEntry>; 64],
    pub next: usize,
}

pub(crate) static TRACE: Global<Trace> = Global::new(Trace {
    entries: [None; 64],
    next: 0,
});

#[unsafe(naked)]
unsafe extern "efiapi" fn common_entry() {
    naked_asm!(
        // r11 = the import. Stay on this stack unless it is the guest's.
        "mov r10, [rip + {current}]",
        "mov rax, rsp",
        "cmp rsp, [r10]",
        "jb 2f",
        "cmp rsp, [r10 + 8]",
        "jae 2f",
        "mov rsp, [r10 + 16]",
        "2:",
        "and rsp, -16",
        "sub rsp, 432",
        "movaps [rsp + 128], xmm6",
        "movaps [rsp + 144], xmm7",
        "movaps [rsp + 160], xmm8",
        "movaps [rsp + 176], xmm9",
        "movaps [rsp + 192], xmm10",
        "movaps [rsp + 208], xmm11",
        "movaps [rsp + 224], xmm12",
        "movaps [rsp + 240], xmm13",
        "movaps [rsp + 256], xmm14",
        "movaps [rsp + 272], xmm15",
        "mov [rsp + 288], rbx",
        "mov [rsp + 296], rbp",
        "mov [rsp + 304], rdi",
        "mov [rsp + 312], rsi",
        "mov [rsp + 320], r12",
        "mov [rsp + 328], r13",
        "mov [rsp + 336], r14",
        "mov [rsp + 344], r15",
        "mov [rsp + 352], rax",
        "mov rbx, [r10 + 24]",
        "mov [rsp + 360], rbx",
        "mov [rsp + 368], r11",
        "mov [rsp + 376], rcx",
        "mov [rsp + 384], rdx",
        "mov [rsp + 392], r8",
        "mov [rsp + 400], r9",
        "mov [r10 + 24], rsp",
        "mov rbx, rsp",
        "mov rcx, rbx",
        "call {before}",
        "test eax, eax",
        "jnz 4f",
        // Stack arguments five to sixteen.
        "mov rax, [rbx + 352]",
        "mov r10, 4",
        "3:",
        "mov rdx, [rax + r10*8 + 8]",
        "mov [rsp + r10*8], rdx",
        "inc r10",
        "cmp r10, 16",
        "jb 3b",
        "mov rcx, [rbx + 376]",
        "mov rdx, [rbx + 384]",
        "mov r8, [rbx + 392]",
        "mov r9, [rbx + 400]",
        "mov rax, [rbx + 368]",
        "call [rax]",
        "mov [rbx + 408], rax",
        "4:",
        "mov rcx, rbx",
        "call {after}",
        "mov rax, [rbx + 408]",
        "mov r10, [rip + {current}]",
        "mov r11, [rbx + 360]",
        "mov [r10 + 24], r11",
        "mov rcx, [rbx + 352]",
        "mov rbx, [rbx + 288]",
        "mov rsp, rcx",
        "ret",
        current = sym super::SIMKERNEL_CURRENT,
        before = sym before,
        after = sym after,
    )
}

/// 1 if the call fails and is not made: its result is in the frame.
unsafe extern "efiapi" fn before(frame: *mut CallFrame) -> u32 {
    // Before any host code that could use these registers.
    let changed = vectors::look();
    // SAFETY: the naked code passes a live frame with a live import.
    let (frame, import) = unsafe { (&mut *frame, &mut *(*frame).import) };
    frame.begin = clock::host_clocks();
    import.calls += 1;
    stack::at_call(frame.guest_sp);
    let irql = irql();
    let trace = TRACE.get();
    trace.entries[trace.next % 64] = Some(TraceEntry {
        time: clock::now_ns(),
        import,
        arguments: frame.first,
        from: frame.return_address(),
        irql,
    });
    trace.next = trace.next.wrapping_add(1);
    if irql > import.max_irql {
        verifier::irql_violation(import, irql);
    }
    if changed != 0 {
        verifier::vectors_changed(changed);
    }
    verifier::calls(import);
    clock::charge_call();
    let failed = verifier::call_fails(import, frame.return_address());
    frame.result = failed.unwrap_or(0);
    u32::from(failed.is_some())
}

unsafe extern "efiapi" fn after(frame: *mut CallFrame) {
    hold_up();
    deliver();
    // SAFETY: the naked code passes a live frame.
    if loader::is_guest(unsafe { (*frame).return_address() }) {
        vectors::lay();
    }
    let called = CALLED.get();
    called.calls += 1;
    // SAFETY: as above.
    let begin = unsafe { (*frame).begin };
    called.clocks += clock::host_clocks().wrapping_sub(begin);
}

/// Arguments of the variadic import that is being served: `va_args(n)` starts behind `n` named ones.
///
/// # Safety
/// The caller is the body of an import called by driver code, with a variadic signature.
pub(crate) unsafe fn va_args(named: usize) -> impl FnMut() -> usize {
    let context = current();
    let mut index = named;
    // SAFETY: by the contract there is a live frame.
    let (first, sp) = unsafe { ((*(*context).frame).first, (*(*context).frame).guest_sp) };
    move || {
        let i = index;
        index += 1;
        match first.get(i) {
            Some(word) => *word,
            // SAFETY: stack arguments lie above the return address and the shadow space.
            None => unsafe { *((sp + 8 + i * 8) as *const usize) },
        }
    }
}

struct ThunkPage {
    base: usize,
    used: usize,
}

static THUNKS: Global<ThunkPage> = Global::new(ThunkPage { base: 0, used: 0 });
const THUNK: usize = 32;

/// The address to put into an import table for `export`.
pub(crate) fn make_thunk(module: &str, export: &Export) -> usize {
    if export.raw {
        return export.address;
    }
    let import = Box::leak(Box::new(Import {
        target: export.address,
        module: module.to_owned(),
        name: export.name.to_owned(),
        max_irql: export.max_irql,
        calls: 0,
    }));
    let page = THUNKS.get();
    // SAFETY: pages of our own; a thunk is written before anyone can call it.
    unsafe {
        if page.base == 0 || page.used + THUNK > 4096 {
            let p = libc::mmap(
                null_mut(),
                4096,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            );
            assert!(p != libc::MAP_FAILED);
            *page = ThunkPage {
                base: p as usize,
                used: 0,
            };
        }
        let at = page.base + page.used;
        page.used += THUNK;
        libc::mprotect(page.base as _, 4096, libc::PROT_READ | libc::PROT_WRITE);
        // mov r11, import; mov r10, common_entry; jmp r10
        let mut code = vec![0x49, 0xbb];
        code.extend((&raw const *import as usize).to_le_bytes());
        code.extend([0x49, 0xba]);
        code.extend((common_entry as *const () as usize).to_le_bytes());
        code.extend([0x41, 0xff, 0xe2]);
        std::ptr::copy_nonoverlapping(code.as_ptr(), at as *mut u8, code.len());
        libc::mprotect(page.base as _, 4096, libc::PROT_READ | libc::PROT_EXEC);
        at
    }
}
