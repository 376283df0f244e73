// SPDX-License-Identifier: MIT OR Apache-2.0
//! Objects: reference counts, handles, types.

use super::*;
use crate::state::Global;
use crate::verifier::Rule;
use crate::{guest, verifier};
use std::collections::BTreeMap;
use std::ptr::null_mut;

/// What this file exports, each name with the highest IRQL that it may be called at.
pub fn exports() -> Vec<Export> {
    let mut list = crate::exports! {
        DISPATCH_LEVEL => ObfReferenceObject, ObfDereferenceObject, ObDereferenceObjectDeferDelete, ObReferenceObjectByPointer;
        PASSIVE_LEVEL => ObReferenceObjectByHandle, ZwClose, NtClose, ObOpenObjectByPointer;
    };
    list.push(type_export("IoFileObjectType", Kind::File));
    list.push(type_export("IoDeviceObjectType", Kind::Device));
    list.push(type_export("IoDriverObjectType", Kind::Driver));
    list.push(type_export("ExEventObjectType", Kind::Event));
    list.push(type_export("ExSemaphoreObjectType", Kind::Semaphore));
    list
}

/// What an object of the object manager is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// An open device.
    File,
    /// A device.
    Device,
    /// A driver.
    Driver,
    /// An event.
    Event,
    /// A semaphore.
    Semaphore,
    /// A thread.
    Thread,
    /// A process.
    Process,
    /// An open registry key.
    Key,
    /// An open file of the simulated disk.
    DiskFile,
}

struct Object {
    kind: Kind,
    references: i64,
    handles: i64,
    owner: usize,
}

#[derive(Clone, Copy)]
struct Handle {
    object: usize,
    kernel: bool,
    owner: usize,
}

struct Table {
    objects: BTreeMap<usize, Object>,
    handles: BTreeMap<usize, Handle>,
    next: usize,
}

static TABLE: Global<Table> = Global::new(Table {
    objects: BTreeMap::new(),
    handles: BTreeMap::new(),
    next: 0x40,
});

/// `POBJECT_TYPE` variables: an export's address holds a pointer to an opaque type object.
static mut TYPES: [[usize; 2]; 9] = [[0; 2]; 9];

pub(crate) fn type_export(name: &'static str, kind: Kind) -> Export {
    // SAFETY: one thread; the static lives for ever.
    let address = unsafe {
        let cell = &raw mut TYPES[kind as usize];
        (*cell)[1] = kind as usize;
        (*cell)[0] = &raw const (*cell)[1] as usize;
        cell as usize
    };
    Export {
        name,
        address,
        max_irql: HIGH_LEVEL,
        raw: true,
    }
}

fn type_object(kind: Kind) -> usize {
    // SAFETY: only its address is taken.
    unsafe { &raw const TYPES[kind as usize][1] as usize }
}

/// Makes an object known with one reference.
pub fn register(object: PVOID, kind: Kind, owner: usize) {
    TABLE.get().objects.insert(
        object as usize,
        Object {
            kind,
            references: 1,
            handles: 0,
            owner,
        },
    );
}

/// The object goes away without its reference count (device objects).
pub(crate) fn forget(object: PVOID) {
    TABLE.get().objects.remove(&(object as usize));
}

pub(crate) fn kind_of(object: PVOID) -> Option<Kind> {
    TABLE.get().objects.get(&(object as usize)).map(|o| o.kind)
}

/// References besides those that handles hold; `None` for something that is no object.
pub fn references(object: PVOID) -> Option<i64> {
    TABLE
        .get()
        .objects
        .get(&(object as usize))
        .map(|o| o.references)
}

/// A new handle, which holds a reference.
pub fn new_handle(object: PVOID, kernel: bool, owner: usize) -> HANDLE {
    let t = TABLE.get();
    if let Some(o) = t.objects.get_mut(&(object as usize)) {
        o.references += 1;
        o.handles += 1;
    }
    t.next += 4;
    let value = if kernel {
        t.next | 0xffff_ffff_8000_0000
    } else {
        t.next
    };
    t.handles.insert(
        value,
        Handle {
            object: object as usize,
            kernel,
            owner,
        },
    );
    value as HANDLE
}

/// A synchronization event of a process, not signalled, behind a new handle.
pub fn create_event(owner: usize) -> HANDLE {
    // SAFETY: all-zero is valid before initialisation.
    let event = Box::into_raw(Box::new(unsafe { std::mem::zeroed::<KEVENT>() }));
    // SAFETY: a fresh object; the handle takes over its reference.
    unsafe {
        ke::KeInitializeEvent(event, 1, 0);
        register(event.cast(), Kind::Event, owner);
        let handle = new_handle(event.cast(), false, owner);
        ObfDereferenceObject(event.cast());
        handle
    }
}

/// The object behind a handle, without a reference.
pub fn object_of(handle: HANDLE) -> Option<(PVOID, Kind)> {
    let t = TABLE.get();
    let h = t.handles.get(&(handle as usize))?;
    let o = t.objects.get(&h.object)?;
    Some((h.object as PVOID, o.kind))
}

/// Closes a handle; the last one of a file sends IRP_MJ_CLEANUP.
pub fn close(handle: HANDLE) -> NTSTATUS {
    let t = TABLE.get();
    let Some(h) = t.handles.remove(&(handle as usize)) else {
        return status::STATUS_INVALID_HANDLE;
    };
    let object = h.object as PVOID;
    let last = t.objects.get_mut(&h.object).is_some_and(|o| {
        o.handles -= 1;
        o.handles == 0
    });
    if last && kind_of(object) == Some(Kind::File) {
        io::cleanup_file(object.cast());
    }
    // SAFETY: the handle's reference.
    unsafe { ObfDereferenceObject(object) };
    status::STATUS_SUCCESS
}

/// Closes a handle.
pub unsafe extern "efiapi" fn ZwClose(handle: HANDLE) -> NTSTATUS {
    let status = close(handle);
    if status < 0 {
        verifier::violation(
            Rule::HandleNotOpen,
            format!("ZwClose({handle:p}) of a handle that is not open"),
        );
    }
    status
}

/// The same.
pub unsafe extern "efiapi" fn NtClose(handle: HANDLE) -> NTSTATUS {
    // SAFETY: the same contract.
    unsafe { ZwClose(handle) }
}

/// The object of a handle, with a reference.
pub unsafe extern "efiapi" fn ObReferenceObjectByHandle(
    handle: HANDLE,
    _access: u32,
    kind: PVOID,
    mode: KPROCESSOR_MODE,
    object: *mut PVOID,
    information: *mut [u32; 2],
) -> NTSTATUS {
    // SAFETY: results of the caller's.
    unsafe {
        *object = null_mut();
        let found = if handle as isize == -2 {
            Some((ke::KeGetCurrentThread(), Kind::Thread, false))
        } else {
            TABLE
                .get()
                .handles
                .get(&(handle as usize))
                .and_then(|h| Some((h.object as PVOID, kind_of(h.object as PVOID)?, h.kernel)))
        };
        let Some((target, found_kind, kernel)) = found else {
            return status::STATUS_INVALID_HANDLE;
        };
        if kernel && mode == USER_MODE {
            return status::STATUS_INVALID_HANDLE;
        }
        if !kind.is_null() && kind as usize != type_object(found_kind) {
            return status::STATUS_OBJECT_TYPE_MISMATCH;
        }
        if handle as isize == -2 && kind_of(target).is_none() {
            register(target, Kind::Thread, 0);
        }
        ObfReferenceObject(target);
        *object = target;
        if !information.is_null() {
            *information = [0, 0x001f_01ff];
        }
    }
    status::STATUS_SUCCESS
}

/// A reference more.
pub unsafe extern "efiapi" fn ObReferenceObjectByPointer(
    object: PVOID,
    _access: u32,
    kind: PVOID,
    _mode: KPROCESSOR_MODE,
) -> NTSTATUS {
    if !kind.is_null() && kind_of(object).is_some_and(|k| kind as usize != type_object(k)) {
        return status::STATUS_OBJECT_TYPE_MISMATCH;
    }
    // SAFETY: an object.
    unsafe { ObfReferenceObject(object) };
    status::STATUS_SUCCESS
}

/// A handle of an object.
pub unsafe extern "efiapi" fn ObOpenObjectByPointer(
    object: PVOID,
    attributes: u32,
    _access_state: PVOID,
    _access: u32,
    _kind: PVOID,
    _mode: KPROCESSOR_MODE,
    handle: *mut HANDLE,
) -> NTSTATUS {
    let owner = ex::direct_caller(ObOpenObjectByPointer as *const () as usize);
    // SAFETY: the caller's.
    unsafe { *handle = new_handle(object, attributes & OBJ_KERNEL_HANDLE != 0, owner) };
    status::STATUS_SUCCESS
}

/// The new count.
pub unsafe extern "efiapi" fn ObfReferenceObject(object: PVOID) -> isize {
    match TABLE.get().objects.get_mut(&(object as usize)) {
        Some(o) => {
            o.references += 1;
            o.references as isize
        }
        None => {
            verifier::violation(
                Rule::ObjectReference,
                format!("ObReferenceObject({object:p}) of something that is no object"),
            );
            0
        }
    }
}

/// The new count; the last reference deletes the object.
pub unsafe extern "efiapi" fn ObfDereferenceObject(object: PVOID) -> isize {
    let t = TABLE.get();
    let Some(o) = t.objects.get_mut(&(object as usize)) else {
        verifier::violation(
            Rule::ObjectReference,
            format!("ObDereferenceObject({object:p}) of something that is no object"),
        );
        return 0;
    };
    o.references -= 1;
    if o.references > 0 {
        return o.references as isize;
    }
    let kind = o.kind;
    if matches!(kind, Kind::Device | Kind::Driver) {
        // Devices and drivers live until IoDeleteDevice and unload.
        if o.references < 0 {
            verifier::violation(
                Rule::ObjectReference,
                format!("ObDereferenceObject({object:p}): one reference too few ({kind:?})"),
            );
        }
        return o.references as isize;
    }
    if guest::irql() > PASSIVE_LEVEL && kind == Kind::File {
        verifier::violation(
            Rule::FileReleaseIrql,
            format!(
                "the last reference to a file was dropped at IRQL {}",
                guest::irql()
            ),
        );
    }
    t.objects.remove(&(object as usize));
    match kind {
        Kind::File => io::close_file(object.cast()),
        Kind::Key | Kind::DiskFile => zw::delete_object(object),
        // SAFETY: made by IoCreate…Event with Box.
        Kind::Event => unsafe { drop(Box::from_raw(object.cast::<KEVENT>())) },
        _ => {}
    }
    0
}

/// A reference less; the object goes at once if it was the last.
pub unsafe extern "efiapi" fn ObDereferenceObjectDeferDelete(object: PVOID) -> isize {
    // SAFETY: the same contract.
    unsafe { ObfDereferenceObject(object) }
}

/// Handles that an image opened and did not close, and file objects that were never closed.
pub(crate) fn leaks(owner: usize) -> Vec<String> {
    let t = TABLE.get();
    t.handles
        .iter()
        .filter(|(_, h)| h.owner == owner)
        .map(|(value, h)| {
            let kind = t.objects.get(&h.object).map(|o| o.kind);
            format!("leak: handle {value:#x} ({kind:?}) was not closed")
        })
        .chain(
            t.objects
                .iter()
                .filter(|(_, o)| {
                    o.owner == owner && o.handles == 0 && o.kind == Kind::Thread && o.references > 0
                })
                .map(|(a, _)| format!("leak: a reference to thread object {a:#x} was not dropped")),
        )
        .collect()
}
