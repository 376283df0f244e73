// SPDX-License-Identifier: MIT OR Apache-2.0
//! Requests: allocation, sending, completion, cancel.

pub use super::request::*;

use super::*;
use crate::bugcheck::{MULTIPLE_IRP_COMPLETE_REQUESTS, NO_MORE_IRP_STACK_LOCATIONS, bugcheck};
use crate::state::Global;
use crate::verifier::Rule;
use crate::{guest, pool, user, verifier};
use std::collections::BTreeMap;
use std::ptr::null_mut;

/// What this file exports, each name with the highest IRQL that it may be called at.
pub fn exports() -> Vec<Export> {
    crate::exports! {
        HIGH_LEVEL => IoSizeOfIrpEx;
        DISPATCH_LEVEL => IofCallDriver, IofCompleteRequest, IoAllocateIrp, IoFreeIrp, IoReuseIrp, IoInitializeIrp, IoCancelIrp,
            IoAcquireCancelSpinLock, IoReleaseCancelSpinLock, IoSetCompletionRoutineEx;
    }
}

/// Who made a request, and so who frees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// IoAllocateIrp, by the image with this base (0: a host module).
    Driver(usize),
    /// IoBuildDeviceIoControlRequest and the like: the I/O manager frees it.
    Synchronous(usize),
    /// A client's request, with its number.
    User(u64),
}

pub(super) struct Info {
    origin: Origin,
    stack: i8,
    completed: bool,
    pub bits_32: Option<bool>,
    /// Set while each location is with a driver: marked pending.
    pending: Vec<bool>,
    generation: u64,
}

/// How a client's request came out.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// Status of the request.
    pub status: NTSTATUS,
    /// `IoStatus.Information`.
    pub information: usize,
}

pub(super) struct Requests {
    live: BTreeMap<usize, Info>,
    pub outcomes: BTreeMap<u64, Option<Outcome>>,
    pub user_irps: BTreeMap<u64, usize>,
    pub next: u64,
    generation: u64,
}

pub(super) static REQUESTS: Global<Requests> = Global::new(Requests {
    live: BTreeMap::new(),
    outcomes: BTreeMap::new(),
    user_irps: BTreeMap::new(),
    next: 0,
    generation: 0,
});

static mut CANCEL_LOCK: KSPIN_LOCK = 0;

fn bytes_of(stack: i8) -> usize {
    size_of::<IRP>() + size_of::<IO_STACK_LOCATION>() * stack as usize
}

unsafe fn initialize(irp: *mut IRP, stack: i8) {
    // SAFETY: `bytes_of(stack)` bytes of the caller's.
    unsafe {
        irp.cast::<u8>().write_bytes(0, bytes_of(stack));
        (*irp).Type = IO_TYPE_IRP;
        (*irp).Size = bytes_of(stack) as u16;
        (*irp).StackCount = stack;
        (*irp).CurrentLocation = stack + 1;
        (*irp).Tail.CurrentStackLocation =
            irp.add(1).cast::<IO_STACK_LOCATION>().add(stack as usize);
        initialize_list_head(&raw mut (*irp).ThreadListEntry);
    }
}

/// A request with `stack` locations.
pub(crate) fn new_irp(stack: i8, origin: Origin) -> *mut IRP {
    // SAFETY: fresh memory of the right size.
    let irp: *mut IRP = unsafe {
        let irp = libc::malloc(bytes_of(stack)).cast();
        initialize(irp, stack);
        irp
    };
    track(irp, stack, origin);
    irp
}

fn track(irp: *mut IRP, stack: i8, origin: Origin) {
    let r = REQUESTS.get();
    r.generation += 1;
    r.live.insert(
        irp as usize,
        Info {
            origin,
            stack,
            completed: false,
            bits_32: None,
            pending: vec![false; stack as usize + 2],
            generation: r.generation,
        },
    );
}

pub(super) fn info(irp: *mut IRP) -> Option<&'static mut Info> {
    REQUESTS.get().live.get_mut(&(irp as usize))
}

pub(crate) fn is_32bit(irp: *mut IRP) -> Option<bool> {
    info(irp)?.bits_32
}

/// Bytes of a request with so many stack locations.
pub unsafe extern "efiapi" fn IoSizeOfIrpEx(_device: *mut DEVICE_OBJECT, stack: i8) -> u16 {
    bytes_of(stack) as u16
}

/// Null when there is no memory.
pub unsafe extern "efiapi" fn IoAllocateIrp(stack: i8, _quota: BOOLEAN) -> *mut IRP {
    let owner = ex::direct_caller(IoAllocateIrp as *const () as usize);
    if owner != 0 && verifier::allocation_fails() {
        return null_mut();
    }
    new_irp(stack, Origin::Driver(owner))
}

/// For requests in a driver's own memory.
pub unsafe extern "efiapi" fn IoInitializeIrp(irp: *mut IRP, _size: u16, stack: i8) {
    // SAFETY: the caller's memory.
    unsafe { initialize(irp, stack) };
}

/// Makes a request of the driver's own new again.
pub unsafe extern "efiapi" fn IoReuseIrp(irp: *mut IRP, status: NTSTATUS) {
    let Some(i) = info(irp) else {
        verifier::violation(
            Rule::RequestUnknown,
            format!("IoReuseIrp({irp:p}) of something that is no request"),
        );
        return;
    };
    i.completed = false;
    let (stack, origin) = (i.stack, i.origin);
    // SAFETY: a request of ours.
    unsafe {
        initialize(irp, stack);
        (*irp).IoStatus.Status = status;
    }
    track(irp, stack, origin);
}

/// Frees a request of the driver's own.
pub unsafe extern "efiapi" fn IoFreeIrp(irp: *mut IRP) {
    match REQUESTS.get().live.remove(&(irp as usize)) {
        Some(i) => {
            if matches!(i.origin, Origin::Synchronous(_)) && !i.completed {
                verifier::violation(
                    Rule::RequestOfThread,
                    format!("IoFreeIrp({irp:p}) of a request that the I/O manager frees"),
                );
            }
            // SAFETY: allocated by `new_irp`; the pattern makes late use visible.
            unsafe {
                irp.cast::<u8>().write_bytes(0xdd, bytes_of(i.stack));
                libc::free(irp.cast());
            }
        }
        None => verifier::violation(
            Rule::RequestUnknown,
            format!("IoFreeIrp({irp:p}) of something that is no request, or freed twice"),
        ),
    }
}

/// `IoSetCompletionRoutine` as a function.
pub unsafe extern "efiapi" fn IoSetCompletionRoutineEx(
    _device: *mut DEVICE_OBJECT,
    irp: *mut IRP,
    routine: PIO_COMPLETION_ROUTINE,
    context: PVOID,
    success: BOOLEAN,
    error: BOOLEAN,
    cancel: BOOLEAN,
) -> NTSTATUS {
    // SAFETY: the same contract.
    unsafe { set_completion_routine(irp, routine, context, success != 0, error != 0, cancel != 0) };
    status::STATUS_SUCCESS
}

/// Requests that an image made and did not free.
pub(crate) fn leaks(owner: usize) -> usize {
    REQUESTS
        .get()
        .live
        .values()
        .filter(|i| matches!(i.origin, Origin::Driver(o) | Origin::Synchronous(o) if o == owner))
        .count()
}

/// Requests that are with a driver now.
pub(crate) fn live() -> usize {
    REQUESTS.get().live.len()
}

// ---- sending

/// Sends a request to a device's driver.
pub unsafe extern "efiapi" fn IofCallDriver(device: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    // SAFETY: a device and a request of the caller's.
    unsafe {
        if !io::is_device(device) {
            verifier::fatal(
                Rule::RequestDevice,
                [device as usize, irp as usize],
                "a request was sent to something that is no device (any more)",
            );
        }
        (*irp).CurrentLocation -= 1;
        if (*irp).CurrentLocation <= 0 {
            bugcheck(
                NO_MORE_IRP_STACK_LOCATIONS,
                [irp as usize, 0, 0, 0],
                "a request with too few stack locations",
            );
        }
        (*irp).Tail.CurrentStackLocation = (*irp).Tail.CurrentStackLocation.sub(1);
        let location = (*irp).Tail.CurrentStackLocation;
        (*location).DeviceObject = device;
        let index = (*irp).CurrentLocation as usize;
        let generation = info(irp).map_or(0, |i| {
            if let Some(p) = i.pending.get_mut(index) {
                *p = false;
            }
            i.generation
        });
        let major = (*location).MajorFunction;
        let minor = (*location).MinorFunction;
        let level = guest::irql();
        let routine = (*(*device).DriverObject).MajorFunction[major as usize & 0x1f];
        let Some(routine) = routine else {
            verifier::fatal(
                Rule::RequestDispatch,
                [device as usize, major as usize],
                "a driver without a dispatch routine",
            );
        };
        let status = guest::call(routine as usize, &[device as usize, irp as usize]) as NTSTATUS;
        if guest::irql() != level {
            verifier::violation_of(
                Rule::IrqlReturn,
                routine as usize,
                format!(
                    "the dispatch routine for major function {major:#x} was entered at IRQL {level} and left at {}",
                    guest::irql()
                ),
            );
            guest::set_irql(level);
        }
        // The request may be gone; what matters was noted at completion.
        let marked = match info(irp) {
            Some(i) if i.generation == generation => Some(
                i.pending.get(index).copied().unwrap_or(false)
                    || (!i.completed
                        && (*irp).CurrentLocation as usize <= index
                        && (*location).Control & SL_PENDING_RETURNED != 0),
            ),
            _ => verifier::pending_mark(irp as usize, generation, index),
        };
        if let Some(marked) = marked
            && marked != (status == status::STATUS_PENDING)
        {
            let verb = if marked {
                "marked the request pending and returned"
            } else {
                "did not mark the request pending and returned"
            };
            verifier::violation_of(
                Rule::RequestPending,
                routine as usize,
                format!(
                    "major function {major:#x}, minor {minor:#x}: the dispatch routine {verb} {status:#010x}"
                ),
            );
        }
        status
    }
}

// ---- completion

/// Completes a request: completion routines upwards, then the caller.
pub unsafe extern "efiapi" fn IofCompleteRequest(irp: *mut IRP, _boost: i8) {
    let Some(own) = info(irp) else {
        bugcheck(
            MULTIPLE_IRP_COMPLETE_REQUESTS,
            [irp as usize, 0, 0, 0],
            "a request was completed that does not exist (any more)",
        );
    };
    if own.completed {
        bugcheck(
            MULTIPLE_IRP_COMPLETE_REQUESTS,
            [irp as usize, 0, 0, 0],
            "a request was completed twice",
        );
    }
    let generation = own.generation;
    // SAFETY: a live request that the caller owns.
    unsafe {
        if (*irp).CancelRoutine.is_some() {
            verifier::violation(
                Rule::RequestCancelRoutine,
                format!("a request ({irp:p}) was completed with its cancel routine still set"),
            );
        }
        if (*irp).IoStatus.Status == status::STATUS_PENDING {
            verifier::violation(
                Rule::RequestStatus,
                format!("a request ({irp:p}) was completed with STATUS_PENDING"),
            );
        }
        while (*irp).CurrentLocation <= (*irp).StackCount {
            let location = (*irp).Tail.CurrentStackLocation;
            let done = *location;
            let pending = done.Control & SL_PENDING_RETURNED != 0;
            (*irp).PendingReturned = pending as BOOLEAN;
            if pending
                && let Some(p) =
                    info(irp).and_then(|i| i.pending.get_mut((*irp).CurrentLocation as usize))
            {
                *p = true;
            }
            // Windows clears what the driver had, so that stale use shows.
            (*location).CompletionRoutine = None;
            (*location).Context = null_mut();
            (*location).Control = 0;
            (*irp).CurrentLocation += 1;
            (*irp).Tail.CurrentStackLocation = location.add(1);
            let success = nt_success((*irp).IoStatus.Status);
            let call = (success && done.Control & SL_INVOKE_ON_SUCCESS != 0)
                || (!success && done.Control & SL_INVOKE_ON_ERROR != 0)
                || ((*irp).Cancel != 0 && done.Control & SL_INVOKE_ON_CANCEL != 0);
            if call && let Some(routine) = done.CompletionRoutine {
                let device = if (*irp).CurrentLocation > (*irp).StackCount {
                    null_mut()
                } else {
                    (*(*irp).Tail.CurrentStackLocation).DeviceObject
                };
                let arguments = [device as usize, irp as usize, done.Context as usize];
                let status = guest::call(routine as usize, &arguments) as NTSTATUS;
                if status == status::STATUS_MORE_PROCESSING_REQUIRED {
                    return;
                }
                if info(irp).is_none_or(|i| i.generation != generation) {
                    verifier::violation(
                        Rule::CompletionFreed,
                        "a completion routine freed its request and did not return STATUS_MORE_PROCESSING_REQUIRED",
                    );
                    return;
                }
            } else if pending && (*irp).CurrentLocation <= (*irp).StackCount {
                (*(*irp).Tail.CurrentStackLocation).Control |= SL_PENDING_RETURNED;
            }
        }
        finish(irp);
    }
}

/// The I/O manager's part, after the last completion routine.
pub(super) unsafe fn finish(irp: *mut IRP) {
    let Some(own) = info(irp) else { return };
    own.completed = true;
    let origin = own.origin;
    verifier::keep_pending_marks(irp as usize, own.generation, &own.pending);
    // SAFETY: a live request that nobody else owns any more.
    unsafe {
        let mut block = (*irp).IoStatus;
        let flags = (*irp).Flags;
        let buffer = (*irp).AssociatedIrp.SystemBuffer;
        if flags & IRP_BUFFERED_IO != 0
            && flags & IRP_INPUT_OPERATION != 0
            && !error(block.Status)
            && block.Information != 0
        {
            let to = (*irp).UserBuffer as u64;
            let bytes = std::slice::from_raw_parts(buffer.cast::<u8>(), block.Information);
            if (*irp).RequestorMode == USER_MODE || user::is_user(to) {
                if !user::write(to, bytes) {
                    block.Status = status::STATUS_ACCESS_VIOLATION;
                }
            } else {
                std::ptr::copy_nonoverlapping(bytes.as_ptr(), to as *mut u8, bytes.len());
            }
        }
        if flags & IRP_DEALLOCATE_BUFFER != 0 && !buffer.is_null() {
            pool::free(buffer as usize, 0);
        }
        if !(*irp).MdlAddress.is_null() {
            mm::release_chain((*irp).MdlAddress);
            (*irp).MdlAddress = null_mut();
        }
        match origin {
            Origin::User(number) => {
                let r = REQUESTS.get();
                r.user_irps.remove(&number);
                if let Some(o) = r.outcomes.get_mut(&number) {
                    *o = Some(Outcome {
                        status: block.Status,
                        information: block.Information,
                    });
                }
                let file = (*irp).Tail.OriginalFileObject;
                if !file.is_null() {
                    ke::KeSetEvent(&raw mut (*file).Event, 0, 0);
                    ob::ObfDereferenceObject(file.cast());
                }
                IoFreeIrp(irp);
            }
            Origin::Synchronous(_) => {
                if !(*irp).UserIosb.is_null() {
                    *(*irp).UserIosb = block;
                }
                let event = (*irp).UserEvent;
                let file = (*irp).Tail.OriginalFileObject;
                IoFreeIrp(irp);
                if !event.is_null() {
                    ke::KeSetEvent(event, 0, 0);
                }
                if !file.is_null() {
                    ob::ObfDereferenceObject(file.cast());
                }
            }
            Origin::Driver(_) => {
                verifier::violation(
                    Rule::CompletionOwn,
                    format!(
                        "a request ({irp:p}) of IoAllocateIrp was completed to the end; its completion routine must keep and free it"
                    ),
                );
                IoFreeIrp(irp);
            }
        }
    }
}

fn error(status: NTSTATUS) -> bool {
    (status as u32) >> 30 == 3
}

// ---- cancel

/// Acquires the lock of all cancel routines.
pub unsafe extern "efiapi" fn IoAcquireCancelSpinLock(level: *mut KIRQL) {
    // SAFETY: the lock is ours, the result the caller's.
    unsafe { *level = ke_lock::KeAcquireSpinLockRaiseToDpc(&raw mut CANCEL_LOCK) };
}

/// Releases it.
pub unsafe extern "efiapi" fn IoReleaseCancelSpinLock(level: KIRQL) {
    // SAFETY: the lock is ours.
    unsafe { ke_lock::KeReleaseSpinLock(&raw mut CANCEL_LOCK, level) };
}

/// True if a cancel routine was called.
pub unsafe extern "efiapi" fn IoCancelIrp(irp: *mut IRP) -> BOOLEAN {
    // SAFETY: a live request.
    unsafe {
        let mut level = 0;
        IoAcquireCancelSpinLock(&mut level);
        (*irp).Cancel = 1;
        match set_cancel_routine(irp, None) {
            Some(routine) => {
                (*irp).CancelIrql = level;
                let device = (*(*irp).Tail.CurrentStackLocation).DeviceObject;
                guest::call(routine as usize, &[device as usize, irp as usize]);
                let held = &raw const CANCEL_LOCK;
                if *held != 0 {
                    verifier::violation(
                        Rule::CancelSpinLock,
                        "a cancel routine did not release the cancel spin lock",
                    );
                    IoReleaseCancelSpinLock(level);
                }
                1
            }
            None => {
                IoReleaseCancelSpinLock(level);
                0
            }
        }
    }
}
