// SPDX-License-Identifier: MIT OR Apache-2.0
//! Threads and processes.

use super::*;
use crate::guest::{self, Context};
use crate::verifier;

/// What this file exports, each name with the highest IRQL that it may be called at.
pub fn exports() -> Vec<Export> {
    let mut list = crate::exports! {
        HIGH_LEVEL => PsGetCurrentThread, PsGetCurrentProcess, PsGetCurrentProcessId, PsGetCurrentThreadId, IoGetCurrentProcess,
            IoIs32bitProcess, PsGetVersion, RtlGetVersion, RtlIsNtDdiVersionAvailable, RtlGetEnabledExtendedFeatures;
        PASSIVE_LEVEL => PsCreateSystemThread, PsTerminateSystemThread;
    };
    list.push(ob::type_export("PsThreadType", ob::Kind::Thread));
    list.push(ob::type_export("PsProcessType", ob::Kind::Process));
    list
}

static mut SYSTEM_PROCESS: [usize; 64] = [0; 64];
static mut USER_PROCESS: [usize; 64] = [0; 64];

/// Context::process of a thread of the 64-bit and of the 32-bit client.
pub const PROCESS_64: usize = 1;
/// `Context::process` of a thread of the 32-bit client.
pub const PROCESS_32: usize = 2;

fn process() -> usize {
    let context = guest::current();
    if context.is_null() {
        0
    } else {
        // SAFETY: the running context is live.
        unsafe { (*context).process }
    }
}

/// The thread that runs.
pub unsafe extern "efiapi" fn PsGetCurrentThread() -> PVOID {
    // SAFETY: no requirements.
    unsafe { ke::KeGetCurrentThread() }
}

/// The client's process in its threads, else the system's.
pub unsafe extern "efiapi" fn PsGetCurrentProcess() -> PVOID {
    if process() == 0 {
        (&raw mut SYSTEM_PROCESS).cast()
    } else {
        (&raw mut USER_PROCESS).cast()
    }
}

/// The same.
pub unsafe extern "efiapi" fn IoGetCurrentProcess() -> PVOID {
    // SAFETY: no requirements.
    unsafe { PsGetCurrentProcess() }
}

/// 1000 in a client's thread, else 4.
pub unsafe extern "efiapi" fn PsGetCurrentProcessId() -> HANDLE {
    (if process() == 0 { 4 } else { 1000 }) as HANDLE
}

/// A number of the thread that runs.
pub unsafe extern "efiapi" fn PsGetCurrentThreadId() -> HANDLE {
    // SAFETY: no requirements.
    unsafe { (ke::KeGetCurrentThread() as usize >> 4) as HANDLE }
}

/// True for a request of a 32-bit client.
pub unsafe extern "efiapi" fn IoIs32bitProcess(irp: *mut IRP) -> BOOLEAN {
    let own = process() == PROCESS_32;
    if irp.is_null() {
        return own as BOOLEAN;
    }
    irp::is_32bit(irp).unwrap_or(own) as BOOLEAN
}

/// Runs `routine` in a new system thread.
pub unsafe extern "efiapi" fn PsCreateSystemThread(
    handle: *mut HANDLE,
    _access: u32,
    _attributes: PVOID,
    _process: HANDLE,
    _client: PVOID,
    routine: PKSTART_ROUTINE,
    context: PVOID,
) -> NTSTATUS {
    let caller = ex::direct_caller(PsCreateSystemThread as *const () as usize);
    if caller != 0 && verifier::allocation_fails() {
        return status::STATUS_INSUFFICIENT_RESOURCES;
    }
    let (routine, argument) = (routine as usize, context as usize);
    let thread = guest::spawn(
        &format!("system thread {}", crate::loader::symbolise(routine)),
        8,
        Box::new(move || {
            // SAFETY: a KSTART_ROUTINE and its context.
            unsafe { guest::call(routine, &[argument]) };
        }),
    );
    // SAFETY: just made; the handle is the caller's.
    unsafe {
        let object = (&raw mut *(*thread).thread).cast();
        ob::register(object, ob::Kind::Thread, caller);
        *handle = ob::new_handle(object, true, caller);
    }
    status::STATUS_SUCCESS
}

/// Ends the thread that runs.
pub unsafe extern "efiapi" fn PsTerminateSystemThread(_status: NTSTATUS) -> NTSTATUS {
    guest::terminate_current()
}

/// A thread's context goes away; its object stays while somebody refers to it.
pub(crate) fn thread_gone(context: &mut Context) {
    let object: PVOID = (&raw mut *context.thread).cast();
    if ob::kind_of(object).is_some() {
        // The object outlives the context.
        let empty = Context::placeholder_thread();
        let thread = std::mem::replace(&mut context.thread, empty);
        Box::leak(thread);
        // SAFETY: registered by PsCreateSystemThread with a reference of the thread's own.
        unsafe { ob::ObfDereferenceObject(object) };
    }
}

/// 10.0.19041, a free build.
pub unsafe extern "efiapi" fn PsGetVersion(
    major: *mut u32,
    minor: *mut u32,
    build: *mut u32,
    name: *mut UNICODE_STRING,
) -> BOOLEAN {
    // SAFETY: optional results of the caller's.
    unsafe {
        for (p, v) in [(major, 10), (minor, 0), (build, 19041)] {
            if !p.is_null() {
                *p = v;
            }
        }
        if !name.is_null() {
            *name = UNICODE_STRING::empty();
        }
    }
    0
}

/// RTL_OSVERSIONINFOW: size, major, minor, build, platform.
pub unsafe extern "efiapi" fn RtlGetVersion(info: *mut [u32; 5]) -> NTSTATUS {
    // SAFETY: the caller's.
    unsafe {
        (*info)[1] = 10;
        (*info)[2] = 0;
        (*info)[3] = 19041;
        (*info)[4] = 2;
    }
    status::STATUS_SUCCESS
}

/// NTDDI_WIN10_VB and older.
pub unsafe extern "efiapi" fn RtlIsNtDdiVersionAvailable(version: u32) -> BOOLEAN {
    (version <= 0x0A00_0008) as BOOLEAN
}

/// Those of x87, SSE and AVX that are asked about.
pub unsafe extern "efiapi" fn RtlGetEnabledExtendedFeatures(mask: u64) -> u64 {
    mask & 7
}
