// SPDX-License-Identifier: MIT OR Apache-2.0
//! Cancelable queues of requests.

use core::ffi::c_void;
use core::ptr;

use arioso_core::ks::ks::*;

use crate::executive::{
    IoAcquireCancelSpinLock, IoReleaseCancelSpinLock, KeAcquireSpinLockRaiseToDpc,
    KeReleaseSpinLock,
};
use crate::modules::{irp, thunk};
use crate::nt::LIST_ENTRY;
use crate::nt::*;

/// Where the request keeps the lock of the queue it is on.
const LOCK: usize = KSQUEUE_SPINLOCK_IRP_STORAGE;

unsafe fn request_of(entry: *mut LIST_ENTRY) -> *mut IRP {
    // SAFETY: queues link `Tail.Overlay.ListEntry`.
    unsafe {
        entry
            .byte_sub(core::mem::offset_of!(IRP, Tail) + core::mem::offset_of!(IRP_TAIL, ListEntry))
            .cast()
    }
}

/// Puts a pending request on a queue from which a cancel takes it off. A request already cancelled is completed at once.
pub unsafe extern "efiapi" fn KsAddIrpToCancelableQueue(
    queue: *mut LIST_ENTRY,
    lock: *mut KSPIN_LOCK,
    request: *mut IRP,
    location: KSLIST_ENTRY_LOCATION,
    cancel: *const c_void,
) {
    // SAFETY: the caller's queue and a request that it owns.
    unsafe {
        irp::set_driver_context(request, LOCK, lock.cast());
        let default = thunk::code(
            super::MODULE,
            "KsCancelRoutine",
            KsCancelRoutine as *const () as usize,
            DISPATCH_LEVEL,
        );
        let routine = if cancel.is_null() {
            default
        } else {
            cancel as usize
        };
        let routine = core::mem::transmute::<usize, PDRIVER_CANCEL>(routine);
        irp::mark_pending(request);
        let old = KeAcquireSpinLockRaiseToDpc(lock);
        let entry = &raw mut (*request).Tail.ListEntry;
        if location == KsListEntryTail {
            insert_tail_list(queue, entry)
        } else {
            insert_head_list(queue, entry)
        }
        (*request).CancelRoutine = Some(routine);
        let cancelled = (*request).Cancel != 0 && (*request).CancelRoutine.take().is_some();
        if cancelled {
            remove_entry_list(entry);
        }
        KeReleaseSpinLock(lock, old);
        if cancelled {
            irp::complete(request, arioso_core::ks::status::STATUS_CANCELLED);
        }
    }
}

/// The first request that is not being cancelled, removed or only looked at.
pub unsafe extern "efiapi" fn KsRemoveIrpFromCancelableQueue(
    queue: *mut LIST_ENTRY,
    lock: *mut KSPIN_LOCK,
    location: KSLIST_ENTRY_LOCATION,
    operation: KSIRP_REMOVAL_OPERATION,
) -> *mut IRP {
    // SAFETY: the caller's queue; entries are requests.
    unsafe {
        let old = KeAcquireSpinLockRaiseToDpc(lock);
        let step = |e: *mut LIST_ENTRY| {
            if location == KsListEntryHead {
                (*e).Flink
            } else {
                (*e).Blink
            }
        };
        let mut found = ptr::null_mut();
        let mut entry = step(queue);
        while entry != queue {
            let request = request_of(entry);
            if (*request).CancelRoutine.take().is_some() {
                found = request;
                if operation == KsAcquireAndRemove || operation == KsAcquireAndRemoveOnlySingleItem
                {
                    remove_entry_list(entry);
                }
                break;
            }
            if operation == KsAcquireOnlySingleItem || operation == KsAcquireAndRemoveOnlySingleItem
            {
                break;
            }
            entry = step(entry);
        }
        KeReleaseSpinLock(lock, old);
        found
    }
}

/// Removes one request that was acquired before.
pub unsafe extern "efiapi" fn KsRemoveSpecificIrpFromCancelableQueue(request: *mut IRP) {
    // SAFETY: the caller acquired it, so it is still linked.
    unsafe {
        let lock = irp::driver_context(request, LOCK).cast::<KSPIN_LOCK>();
        let old = KeAcquireSpinLockRaiseToDpc(lock);
        remove_entry_list(&raw mut (*request).Tail.ListEntry);
        KeReleaseSpinLock(lock, old);
    }
}

/// The standard cancel routine: takes the request off its queue and completes it.
pub unsafe extern "efiapi" fn KsCancelRoutine(_device: *mut DEVICE_OBJECT, request: *mut IRP) {
    // SAFETY: called by IoCancelIrp with the cancel lock held.
    unsafe {
        IoReleaseCancelSpinLock((*request).CancelIrql);
        KsRemoveSpecificIrpFromCancelableQueue(request);
        irp::set_information(request, 0);
        irp::complete(request, arioso_core::ks::status::STATUS_CANCELLED);
    }
}

/// Cancels everything on a queue.
pub unsafe extern "efiapi" fn KsCancelIo(queue: *mut LIST_ENTRY, lock: *mut KSPIN_LOCK) {
    // SAFETY: the caller's queue.
    unsafe {
        loop {
            let mut level = 0;
            IoAcquireCancelSpinLock(&mut level);
            IoReleaseCancelSpinLock(level);
            let request =
                KsRemoveIrpFromCancelableQueue(queue, lock, KsListEntryHead, KsAcquireAndRemove);
            if request.is_null() {
                return;
            }
            (*request).Cancel = 1;
            irp::set_information(request, 0);
            irp::complete(request, arioso_core::ks::status::STATUS_CANCELLED);
        }
    }
}
