// SPDX-License-Identifier: MIT OR Apache-2.0
//! Dispatching exceptions to handlers.

use super::registers::{CONTEXT, Registers};
use super::unwind::{self, EHANDLER, UHANDLER};
use super::{call_site, registers_of};
use crate::bugcheck::{self, KMODE_EXCEPTION_NOT_HANDLED};
use crate::executive::Export;
use crate::guest::{self, CallFrame};
use crate::loader::FunctionEntry;
use crate::nt::*;
use std::arch::naked_asm;

/// EXCEPTION_RECORD.
#[repr(C)]
#[derive(Clone, Debug)]
pub(crate) struct EXCEPTION_RECORD {
    pub ExceptionCode: NTSTATUS,
    pub ExceptionFlags: u32,
    pub ExceptionRecord: PVOID,
    pub ExceptionAddress: usize,
    pub NumberParameters: u32,
    pub ExceptionInformation: [usize; 15],
}

layout!(
    EXCEPTION_RECORD,
    152,
    ExceptionAddress = 16,
    ExceptionInformation = 32
);

const NONCONTINUABLE: u32 = 1;
const UNWINDING: u32 = 2;
const EXIT_UNWIND: u32 = 4;
const TARGET_UNWIND: u32 = 0x20;

#[repr(C)]
struct DISPATCHER_CONTEXT {
    ControlPc: usize,
    ImageBase: usize,
    FunctionEntry: *const FunctionEntry,
    EstablisherFrame: usize,
    TargetIp: usize,
    ContextRecord: *mut CONTEXT,
    LanguageHandler: usize,
    HandlerData: usize,
    HistoryTable: usize,
    ScopeIndex: u32,
    Fill0: u32,
}

layout!(DISPATCHER_CONTEXT, 80, HandlerData = 56, ScopeIndex = 72);

#[repr(C)]
struct EXCEPTION_POINTERS {
    ExceptionRecord: *mut EXCEPTION_RECORD,
    ContextRecord: *mut CONTEXT,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Scope {
    begin: u32,
    end: u32,
    handler: u32,
    target: u32,
}

/// An exception that is being dispatched; kept per context, innermost last.
pub(crate) struct Exception {
    origin: Registers,
    /// What the context is set back to when driver code continues.
    frame: *mut CallFrame,
    host_sp: usize,
}

pub(crate) fn exports() -> Vec<Export> {
    crate::exports! {
        HIGH_LEVEL => __C_specific_handler, RtlUnwindEx, RtlUnwind, RtlRaiseException, RtlPcToFileHeader;
    }
}

impl EXCEPTION_RECORD {
    pub fn new(code: NTSTATUS, address: usize, parameters: &[usize]) -> EXCEPTION_RECORD {
        let mut information = [0; 15];
        information[..parameters.len()].copy_from_slice(parameters);
        EXCEPTION_RECORD {
            ExceptionCode: code,
            ExceptionFlags: 0,
            ExceptionRecord: std::ptr::null_mut(),
            ExceptionAddress: address,
            NumberParameters: parameters.len() as u32,
            ExceptionInformation: information,
        }
    }
}

/// Raises a status at the call of the running export. Abandons the host frames above it: the caller must not own anything
/// that would need dropping.
pub(crate) fn raise_status(status: NTSTATUS) -> ! {
    let context = guest::current();
    // SAFETY: the running context and its linked frames are live.
    let frame = unsafe {
        match context.as_ref() {
            Some(c) if !c.frame.is_null() => &*c.frame,
            _ => bugcheck::bugcheck(
                KMODE_EXCEPTION_NOT_HANDLED,
                [status as u32 as usize, 0, 0, 0],
                "an exception was raised outside driver code",
            ),
        }
    };
    let registers = registers_of(frame);
    let mut record = EXCEPTION_RECORD::new(status, registers.rip, &[]);
    record.ExceptionFlags = NONCONTINUABLE;
    dispatch(record, registers, frame.previous, "raised by an export")
}

/// Finds and runs a handler for an exception at `origin`. `frame`: the innermost call that outlives it.
pub(super) fn dispatch(
    record: EXCEPTION_RECORD,
    origin: Registers,
    frame: *mut CallFrame,
    text: &str,
) -> ! {
    let context = guest::current();
    let mut record = Box::new(record);
    let mut windows = CONTEXT::from(&origin);
    // SAFETY: the running context is live.
    unsafe {
        let host_sp = (*context).host_sp;
        (*context).exceptions.push(Exception {
            origin: origin.clone(),
            frame,
            host_sp,
        });
    }
    let mut r = origin.clone();
    let mut exact = true;
    loop {
        let pc = r.rip;
        if !unwind::readable(r.gp[4]) {
            break;
        }
        let Some(f) = unwind::step(&mut r, exact) else {
            break;
        };
        exact = false;
        let Some((handler, data, flags)) = f.handler else {
            continue;
        };
        if flags & EHANDLER == 0 {
            continue;
        }
        let mut dispatcher = dispatcher_context(pc, &f, &raw mut *windows, handler, data);
        // SAFETY: a language handler of the image, with its arguments.
        let disposition = unsafe {
            guest::call(
                handler,
                &[
                    &raw mut *record as usize,
                    f.establisher,
                    &raw mut *windows as usize,
                    &raw mut dispatcher as usize,
                ],
            )
        };
        match disposition as u32 {
            0 => {
                if record.ExceptionFlags & NONCONTINUABLE != 0 {
                    bugcheck::stop(
                        KMODE_EXCEPTION_NOT_HANDLED,
                        [
                            status::STATUS_NONCONTINUABLE_EXCEPTION as u32 as usize,
                            origin.rip,
                            0,
                            0,
                        ],
                        "a filter continued an exception that cannot be continued",
                        Some(&origin),
                    );
                }
                let registers = windows.registers();
                drop(record);
                continue_at(registers);
            }
            1 => {}
            other => bugcheck::stop(
                KMODE_EXCEPTION_NOT_HANDLED,
                [
                    record.ExceptionCode as u32 as usize,
                    origin.rip,
                    other as usize,
                    0,
                ],
                "a language handler returned an unknown disposition",
                Some(&origin),
            ),
        }
    }
    bugcheck::stop(
        KMODE_EXCEPTION_NOT_HANDLED,
        [
            record.ExceptionCode as u32 as usize,
            record.ExceptionAddress,
            record.ExceptionInformation[0],
            record.ExceptionInformation[1],
        ],
        &format!("an exception that nobody handles ({text})"),
        Some(&origin),
    )
}

fn dispatcher_context(
    pc: usize,
    f: &unwind::Frame,
    context: *mut CONTEXT,
    handler: usize,
    data: usize,
) -> DISPATCHER_CONTEXT {
    DISPATCHER_CONTEXT {
        ControlPc: pc,
        ImageBase: f.image.map_or(0, |i| i.base),
        FunctionEntry: f
            .function
            .as_ref()
            .map_or(std::ptr::null(), std::ptr::from_ref),
        EstablisherFrame: f.establisher,
        TargetIp: 0,
        ContextRecord: context,
        LanguageHandler: handler,
        HandlerData: data,
        HistoryTable: 0,
        ScopeIndex: 0,
        Fill0: 0,
    }
}

/// Lets driver code of the running context go on with these registers; what was called since the exception is abandoned.
fn continue_at(registers: Registers) -> ! {
    let context = guest::current();
    // SAFETY: the running context is live; the registers come from a frame of it.
    unsafe {
        if let Some(e) = (*context).exceptions.pop() {
            (*context).frame = e.frame;
            (*context).host_sp = e.host_sp;
        }
        let state = (*context).resume.insert(registers);
        guest::lay_vectors();
        restore(state)
    }
}

/// Loads every register from a [`Registers`] and jumps.
#[unsafe(naked)]
unsafe extern "sysv64" fn restore(registers: *const Registers) -> ! {
    naked_asm!(
        "mov rax, rdi",
        "movups xmm0, [rax + 144]",
        "movups xmm1, [rax + 160]",
        "movups xmm2, [rax + 176]",
        "movups xmm3, [rax + 192]",
        "movups xmm4, [rax + 208]",
        "movups xmm5, [rax + 224]",
        "movups xmm6, [rax + 240]",
        "movups xmm7, [rax + 256]",
        "movups xmm8, [rax + 272]",
        "movups xmm9, [rax + 288]",
        "movups xmm10, [rax + 304]",
        "movups xmm11, [rax + 320]",
        "movups xmm12, [rax + 336]",
        "movups xmm13, [rax + 352]",
        "movups xmm14, [rax + 368]",
        "movups xmm15, [rax + 384]",
        "mov rcx, [rax + 8]",
        "mov rdx, [rax + 16]",
        "mov rbx, [rax + 24]",
        "mov rsp, [rax + 32]",
        "mov rbp, [rax + 40]",
        "mov rsi, [rax + 48]",
        "mov rdi, [rax + 56]",
        "mov r8, [rax + 64]",
        "mov r9, [rax + 72]",
        "mov r10, [rax + 80]",
        "mov r11, [rax + 88]",
        "mov r12, [rax + 96]",
        "mov r13, [rax + 104]",
        "mov r14, [rax + 112]",
        "mov r15, [rax + 120]",
        // The words below the stack pointer are free; Windows' x64 convention has no red zone.
        "push qword ptr [rax + 128]",
        "push qword ptr [rax]",
        "pop rax",
        "ret",
    )
}

const _: () = assert!(std::mem::offset_of!(Registers, xmm) == 144);

/// EXCEPTION_DISPOSITION: 0 continue execution, 1 continue search.
unsafe extern "efiapi" fn __C_specific_handler(
    record: *mut EXCEPTION_RECORD,
    establisher: usize,
    context: *mut CONTEXT,
    dispatcher: *mut DISPATCHER_CONTEXT,
) -> u32 {
    // SAFETY: the arguments of a language handler; the scope table is the image's.
    unsafe {
        let base = (*dispatcher).ImageBase;
        let pc = ((*dispatcher).ControlPc - base) as u32;
        let table = (*dispatcher).HandlerData as *const u32;
        let count = *table;
        let scope = |i: u32| {
            table
                .add(1)
                .cast::<Scope>()
                .add(i as usize)
                .read_unaligned()
        };
        let first = (*dispatcher).ScopeIndex;
        let flags = (*record).ExceptionFlags;
        if flags & (UNWINDING | EXIT_UNWIND) == 0 {
            let mut pointers = EXCEPTION_POINTERS {
                ExceptionRecord: record,
                ContextRecord: context,
            };
            for i in first..count {
                let s = scope(i);
                if !(s.begin..s.end).contains(&pc) || s.target == 0 {
                    continue;
                }
                let verdict = if s.handler == 1 {
                    1
                } else {
                    guest::call(
                        base + s.handler as usize,
                        &[&raw mut pointers as usize, establisher],
                    ) as i32
                };
                if verdict < 0 {
                    return 0;
                }
                if verdict > 0 {
                    let code = (*record).ExceptionCode as u32 as usize;
                    RtlUnwindEx(
                        establisher,
                        base + s.target as usize,
                        record,
                        code,
                        context,
                        std::ptr::null_mut(),
                    );
                }
            }
        } else {
            let target = ((*dispatcher).TargetIp.wrapping_sub(base)) as u32;
            for i in first..count {
                let s = scope(i);
                if !(s.begin..s.end).contains(&pc) {
                    continue;
                }
                if flags & TARGET_UNWIND != 0
                    && ((s.begin..s.end).contains(&target) || (s.target != 0 && s.target == target))
                {
                    return 1;
                }
                if s.target == 0 {
                    (*dispatcher).ScopeIndex = i + 1;
                    guest::call(base + s.handler as usize, &[1, establisher]);
                }
            }
        }
    }
    1
}

/// Unwinds to a frame, running termination handlers, and continues at `target` there with `value` in rax.
unsafe extern "efiapi" fn RtlUnwindEx(
    target_frame: usize,
    target: usize,
    record: *mut EXCEPTION_RECORD,
    value: usize,
    _context: *mut CONTEXT,
    _history: PVOID,
) {
    let context = guest::current();
    // SAFETY: the running context is live; the record is the caller's.
    unsafe {
        let origin = match (*context).exceptions.last() {
            Some(e) => e.origin.clone(),
            None => bugcheck::bugcheck(
                KMODE_EXCEPTION_NOT_HANDLED,
                [0; 4],
                "RtlUnwind without an exception",
            ),
        };
        let mut own = EXCEPTION_RECORD::new(status::STATUS_UNWIND, origin.rip, &[]);
        let record = if record.is_null() {
            &raw mut own
        } else {
            record
        };
        (*record).ExceptionFlags |= UNWINDING;
        let mut r = origin.clone();
        let mut exact = true;
        loop {
            let before = r.clone();
            if !unwind::readable(r.gp[4]) {
                break;
            }
            let Some(f) = unwind::step(&mut r, exact) else {
                break;
            };
            exact = false;
            let reached = f.establisher == target_frame;
            if let Some((handler, data, flags)) = f.handler
                && flags & UHANDLER != 0
            {
                let mut windows = CONTEXT::from(&before);
                let mut dispatcher =
                    dispatcher_context(before.rip, &f, &raw mut *windows, handler, data);
                dispatcher.TargetIp = target;
                if reached {
                    (*record).ExceptionFlags |= TARGET_UNWIND;
                }
                guest::call(
                    handler,
                    &[
                        record as usize,
                        f.establisher,
                        &raw mut *windows as usize,
                        &raw mut dispatcher as usize,
                    ],
                );
            }
            if reached {
                let mut to = before;
                to.rip = target;
                to.gp[0] = value;
                continue_at(to);
            }
        }
        bugcheck::stop(
            KMODE_EXCEPTION_NOT_HANDLED,
            [
                status::STATUS_UNWIND as u32 as usize,
                target_frame,
                target,
                0,
            ],
            "RtlUnwind did not find its target frame",
            Some(&origin),
        );
    }
}

unsafe extern "efiapi" fn RtlUnwind(
    target_frame: usize,
    target: usize,
    record: *mut EXCEPTION_RECORD,
    value: usize,
) {
    // SAFETY: the same contract.
    unsafe {
        RtlUnwindEx(
            target_frame,
            target,
            record,
            value,
            std::ptr::null_mut(),
            std::ptr::null_mut(),
        )
    }
}

unsafe extern "efiapi" fn RtlRaiseException(record: *const EXCEPTION_RECORD) {
    // SAFETY: the caller's record; called by driver code.
    unsafe {
        let mut record = (*record).clone();
        let frame = (*guest::current()).frame;
        let registers = registers_of(&*frame);
        record.ExceptionAddress = registers.rip;
        dispatch(record, registers, (*frame).previous, "RtlRaiseException")
    }
}

unsafe extern "efiapi" fn RtlPcToFileHeader(pc: usize, base: *mut usize) -> usize {
    let found = crate::loader::image_of(pc).map_or(0, |i| i.base);
    // SAFETY: the caller's.
    unsafe { *base = found };
    found
}

/// For messages of faults in host code that serves a driver's call.
pub(super) fn driver_call() -> Option<Registers> {
    call_site()
}
