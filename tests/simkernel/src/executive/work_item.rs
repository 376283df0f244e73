// SPDX-License-Identifier: MIT OR Apache-2.0
//! Work items.

use super::io::{IO, release_device};
use super::*;
use crate::verifier::Rule;
use crate::{guest, verifier};
use std::ptr::null_mut;

/// What this file exports, each name with the highest IRQL that it may be called at.
pub fn exports() -> Vec<Export> {
    crate::exports! {
        DISPATCH_LEVEL => IoAllocateWorkItem, IoFreeWorkItem, IoQueueWorkItem, IoQueueWorkItemEx;
    }
}

pub(super) struct WorkItem {
    /// A device or driver object, to which a queued item holds a reference.
    object: usize,
    owner: usize,
    queued: bool,
}

/// Null when there is no memory.
pub unsafe extern "efiapi" fn IoAllocateWorkItem(object: *mut DEVICE_OBJECT) -> PVOID {
    let owner = ex::direct_caller(IoAllocateWorkItem as *const () as usize);
    if owner != 0 && verifier::allocation_fails() {
        return null_mut();
    }
    let item = Box::into_raw(Box::new([0usize; 8])) as usize;
    IO.get().work_items.insert(
        item,
        WorkItem {
            object: object as usize,
            owner,
            queued: false,
        },
    );
    item as PVOID
}

/// Frees a work item that is not queued.
pub unsafe extern "efiapi" fn IoFreeWorkItem(item: PVOID) {
    match IO.get().work_items.remove(&(item as usize)) {
        Some(w) => {
            if w.queued {
                verifier::violation(
                    Rule::WorkItemFreed,
                    "IoFreeWorkItem while the item is queued",
                );
            }
            // SAFETY: made by IoAllocateWorkItem.
            drop(unsafe { Box::from_raw(item.cast::<[usize; 8]>()) });
        }
        None => verifier::violation(
            Rule::WorkItemUnknown,
            format!("IoFreeWorkItem({item:p}) of something that is no work item"),
        ),
    }
}

fn queue(item: PVOID, routine: usize, context: usize, extended: bool) {
    let Some(w) = IO.get().work_items.get_mut(&(item as usize)) else {
        verifier::violation(
            Rule::WorkItemUnknown,
            format!("IoQueueWorkItem({item:p}) of something that is no work item"),
        );
        return;
    };
    if w.queued {
        verifier::violation(
            Rule::WorkItemQueued,
            "IoQueueWorkItem while the item is queued",
        );
        return;
    }
    w.queued = true;
    let object = w.object;
    // SAFETY: the item's object is live.
    unsafe { ob::ObfReferenceObject(object as PVOID) };
    let item = item as usize;
    guest::spawn(
        "work item",
        12,
        Box::new(move || {
            if let Some(w) = IO.get().work_items.get_mut(&item) {
                w.queued = false;
            }
            // SAFETY: the routine and its arguments; the reference was taken above.
            unsafe {
                let arguments = if extended {
                    [object, context, item]
                } else {
                    [object, context, 0]
                };
                guest::call(routine, &arguments);
                if ob::kind_of(object as PVOID) == Some(ob::Kind::Device) {
                    release_device(object as *mut DEVICE_OBJECT);
                } else {
                    ob::ObfDereferenceObject(object as PVOID);
                }
            }
        }),
    );
}

/// Runs a routine in a worker thread at PASSIVE_LEVEL.
pub unsafe extern "efiapi" fn IoQueueWorkItem(
    item: PVOID,
    routine: PIO_WORKITEM_ROUTINE,
    _queue: u32,
    context: PVOID,
) {
    queue(item, routine as usize, context as usize, false);
}

/// The same; the routine gets the work item too.
pub unsafe extern "efiapi" fn IoQueueWorkItemEx(
    item: PVOID,
    routine: PIO_WORKITEM_ROUTINE_EX,
    _queue: u32,
    context: PVOID,
) {
    queue(item, routine as usize, context as usize, true);
}

/// Work items that an image allocated and did not free.
pub(crate) fn work_item_leaks(owner: usize) -> usize {
    let items = IO.get().work_items.values();
    items.filter(|item| item.owner == owner).count()
}
