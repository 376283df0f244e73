// SPDX-License-Identifier: MIT OR Apache-2.0
//! Events of KS objects: enabling, disabling, signalling.

use core::ffi::c_void;
use core::ptr;

use arioso_core::ks::ks::*;
use arioso_core::ks::status::*;

use crate::executive::ke::{KeReleaseSemaphore, KeSetEvent};
use crate::executive::ob::{Kind, ObReferenceObjectByHandle, ObfDereferenceObject, kind_of};
use crate::guest_call;
use crate::modules::irp;
use crate::nt::*;
use crate::nt::{LIST_ENTRY, NTSTATUS};

const DATA: usize = size_of::<KSEVENTDATA>();

/// `IOCTL_KS_ENABLE_EVENT`. `list` links KSEVENT_ENTRY; without an add handler of the item the entry goes onto it here.
pub unsafe extern "efiapi" fn KsEnableEvent(
    request: *mut IRP,
    count: u32,
    sets: *const KSEVENT_SET,
    list: *mut LIST_ENTRY,
    _lock_type: KSEVENTS_LOCKTYPE,
    _lock: *mut c_void,
) -> NTSTATUS {
    // SAFETY: a device-control request; all user memory goes through checked copies.
    unsafe {
        if irp::input_length(request) < size_of::<KSEVENT>() {
            return STATUS_INVALID_BUFFER_SIZE;
        }
        let mut event = KSEVENT::default();
        let status = irp::copy_in(
            request,
            irp::type3_input(request),
            (&raw mut event).cast(),
            size_of::<KSEVENT>(),
        );
        if status < 0 {
            return status;
        }
        let Some(set) = irp::slice(sets, count as usize)
            .iter()
            .find(|s| *s.Set == event.Set)
        else {
            return STATUS_PROPSET_NOT_FOUND;
        };
        let verb = event.Flags & !KSEVENT_TYPE_TOPOLOGY;
        if verb == KSEVENT_TYPE_SETSUPPORT {
            return STATUS_SUCCESS;
        }
        let Some(item) = irp::slice(set.EventItem, set.EventsCount as usize)
            .iter()
            .find(|i| i.EventId == event.Id)
        else {
            return STATUS_NOT_FOUND;
        };
        match verb {
            KSEVENT_TYPE_BASICSUPPORT => match item.SupportHandler {
                Some(handler) => {
                    guest_call!(handler, request, &raw mut event, ptr::null_mut::<c_void>())
                        as NTSTATUS
                }
                None => STATUS_SUCCESS,
            },
            KSEVENT_TYPE_ENABLE | KSEVENT_TYPE_ONESHOT => enable(request, set, item, list, verb),
            _ => STATUS_INVALID_PARAMETER,
        }
    }
}

unsafe fn enable(
    request: *mut IRP,
    set: &KSEVENT_SET,
    item: &KSEVENT_ITEM,
    list: *mut LIST_ENTRY,
    verb: u32,
) -> NTSTATUS {
    // SAFETY: as in KsEnableEvent; the entry is a pool block of the size promised.
    unsafe {
        let need = (item.DataInput as usize).max(DATA);
        if irp::output_length(request) < need {
            return STATUS_BUFFER_TOO_SMALL;
        }
        let mut data = vec![0u64; need.div_ceil(8)];
        let status = irp::copy_in(
            request,
            irp::user_buffer(request),
            data.as_mut_ptr().cast(),
            need,
        );
        if status < 0 {
            return status;
        }
        let event_data = data.as_mut_ptr().cast::<KSEVENTDATA>();
        if (*event_data).NotificationType != KSEVENTF_EVENT_HANDLE {
            return STATUS_INVALID_PARAMETER;
        }
        let mut object = ptr::null_mut();
        let mode = (*request).RequestorMode;
        let status = ObReferenceObjectByHandle(
            (*event_data).EventHandle.Event,
            2,
            ptr::null_mut(),
            mode,
            &mut object,
            ptr::null_mut(),
        );
        if status < 0 {
            return status;
        }
        if kind_of(object) != Some(Kind::Event) {
            ObfDereferenceObject(object);
            return STATUS_OBJECT_TYPE_MISMATCH;
        }
        let entry = irp::allocate(size_of::<KSEVENT_ENTRY>() + item.ExtraEntryData as usize)
            .cast::<KSEVENT_ENTRY>();
        if entry.is_null() {
            ObfDereferenceObject(object);
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        ptr::write_bytes(
            entry.cast::<u8>(),
            0,
            size_of::<KSEVENT_ENTRY>() + item.ExtraEntryData as usize,
        );
        (*entry).Object = object;
        (*entry).EventData = irp::user_buffer(request).cast();
        (*entry).NotificationType = KSEVENTF_EVENT_HANDLE;
        (*entry).EventSet = set;
        (*entry).EventItem = item;
        (*entry).FileObject = irp::file(request).cast();
        (*entry).Flags = if verb == KSEVENT_TYPE_ONESHOT {
            KSEVENT_ENTRY_ONESHOT
        } else {
            0
        };
        let status = match item.AddHandler {
            Some(add) => guest_call!(add, request, event_data, entry) as NTSTATUS,
            None => {
                insert_tail_list(list, entry.cast());
                STATUS_SUCCESS
            }
        };
        if status < 0 {
            ObfDereferenceObject(object);
            irp::free(entry.cast());
        }
        status
    }
}

/// `IOCTL_KS_DISABLE_EVENT`: the input is the KSEVENTDATA address that enabled it, or nothing for all events of the file object.
pub unsafe extern "efiapi" fn KsDisableEvent(
    request: *mut IRP,
    list: *mut LIST_ENTRY,
    _lock_type: KSEVENTS_LOCKTYPE,
    _lock: *mut c_void,
) -> NTSTATUS {
    // SAFETY: entries of the caller's list.
    unsafe {
        let data = irp::type3_input(request);
        let file = irp::file(request);
        let all = irp::input_length(request) == 0;
        let mut found = all;
        let mut at = (*list).Flink;
        while at != list {
            let entry = at.cast::<KSEVENT_ENTRY>();
            at = (*at).Flink;
            if (*entry).FileObject == file.cast() && (all || (*entry).EventData == data.cast()) {
                discard(entry);
                found = true;
            }
        }
        if found {
            STATUS_SUCCESS
        } else {
            STATUS_UNSUCCESSFUL
        }
    }
}

/// Frees all entries of a file object.
pub unsafe extern "efiapi" fn KsFreeEventList(
    file: *mut FILE_OBJECT,
    list: *mut LIST_ENTRY,
    _lock_type: KSEVENTS_LOCKTYPE,
    _lock: *mut c_void,
) {
    // SAFETY: entries of the caller's list.
    unsafe {
        let mut at = (*list).Flink;
        while at != list {
            let entry = at.cast::<KSEVENT_ENTRY>();
            at = (*at).Flink;
            if (*entry).FileObject == file.cast() {
                discard(entry);
            }
        }
    }
}

unsafe fn discard(entry: *mut KSEVENT_ENTRY) {
    // SAFETY: a linked entry of `enable`.
    unsafe {
        match (*(*entry).EventItem).RemoveHandler {
            Some(remove) => {
                guest_call!(remove, (*entry).FileObject, entry);
            }
            None => remove_entry_list(entry.cast()),
        }
        ObfDereferenceObject((*entry).Object);
        irp::free(entry.cast());
    }
}

/// Signals one event. At or below DISPATCH_LEVEL.
pub unsafe extern "efiapi" fn KsGenerateEvent(entry: *mut KSEVENT_ENTRY) -> NTSTATUS {
    // SAFETY: a linked entry.
    unsafe {
        match (*entry).NotificationType {
            KSEVENTF_EVENT_HANDLE | KSEVENTF_EVENT_OBJECT => {
                KeSetEvent((*entry).Object.cast(), 0, 0);
            }
            KSEVENTF_SEMAPHORE_HANDLE | KSEVENTF_SEMAPHORE_OBJECT => {
                KeReleaseSemaphore(
                    (*entry).Object.cast(),
                    0,
                    (*entry).SemaphoreAdjustment as i32,
                    0,
                );
            }
            _ => return STATUS_INVALID_PARAMETER,
        }
        STATUS_SUCCESS
    }
}
