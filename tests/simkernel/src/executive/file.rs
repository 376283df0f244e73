// SPDX-License-Identifier: MIT OR Apache-2.0
//! File objects: open, cleanup, close; nameless events.

use super::io::{IO, is_device, release_device, top_of_stack};
use super::*;
use crate::{pnp, pool, verifier};
use std::ptr::null_mut;

/// What this file exports, each name with the highest IRQL that it may be called at.
pub fn exports() -> Vec<Export> {
    crate::exports! {
        PASSIVE_LEVEL => IoCreateNotificationEvent, IoCreateSynchronizationEvent, IoCreateFile, IoGetDeviceObjectPointer;
    }
}

/// The device that a path names, and the rest of the path.
fn find_device(path: &str) -> Option<(*mut DEVICE_OBJECT, String)> {
    let io = IO.get();
    let mut path = path.replace("\\DosDevices\\", "\\??\\");
    if let Some(rest) = path
        .strip_prefix("\\\\?\\")
        .or_else(|| path.strip_prefix("\\\\.\\"))
    {
        path = format!("\\??\\{rest}");
    }
    let folded = path.to_lowercase();
    for i in &io.interfaces {
        // The link without its reference string names the device; what follows is the file name.
        let base = match i.reference.len() {
            0 => &i.link[..],
            n => &i.link[..i.link.len() - n - 1],
        };
        if i.enabled && folded.starts_with(&i.link.to_lowercase()) {
            let boundary = folded.as_bytes().get(i.link.len());
            if matches!(boundary, None | Some(b'\\')) {
                return Some((
                    i.device as *mut DEVICE_OBJECT,
                    path[base.len()..].to_owned(),
                ));
            }
        }
    }
    let mut named = folded.clone();
    if let Some((link, target)) = io
        .links
        .iter()
        .find(|(l, _)| folded == **l || folded.starts_with(&format!("{l}\\")))
    {
        named = format!("{target}{}", &folded[link.len()..]);
    }
    let (name, device) = io
        .named
        .iter()
        .find(|(n, _)| named == **n || named.starts_with(&format!("{n}\\")))?;
    Some((
        *device as *mut DEVICE_OBJECT,
        named[name.len()..].to_owned(),
    ))
}

pub(crate) fn is_device_path(path: &str) -> bool {
    find_device(path).is_some()
}

/// Opens a path, or a name relative to an open file; sends IRP_MJ_CREATE. The name's units are passed on unchanged.
/// In the opener's thread.
pub fn open(name: &[u16], root: HANDLE, kernel: bool, owner: usize) -> Result<HANDLE, NTSTATUS> {
    let (device, file_name, related) = if root.is_null() {
        let text = String::from_utf16_lossy(name);
        let (device, rest) = find_device(&text).ok_or(status::STATUS_OBJECT_NAME_NOT_FOUND)?;
        let rest = name[name.len() - rest.encode_utf16().count()..].to_vec();
        (device, rest, null_mut())
    } else {
        match ob::object_of(root) {
            Some((f, ob::Kind::File)) => {
                let file: *mut FILE_OBJECT = f.cast();
                // SAFETY: an open file.
                (unsafe { (*file).DeviceObject }, name.to_vec(), file)
            }
            Some(_) => return Err(status::STATUS_OBJECT_TYPE_MISMATCH),
            None => return Err(status::STATUS_INVALID_HANDLE),
        }
    };
    if !is_device(device) || pnp::is_gone(device) {
        return Err(status::STATUS_NO_SUCH_DEVICE);
    }
    if !kernel && pnp::is_closed_to_programs(device) {
        return Err(status::STATUS_ACCESS_DENIED);
    }
    // SAFETY: a live device; the file is ours until it is registered.
    unsafe {
        if (*top_of_stack(device)).Flags & DO_DEVICE_INITIALIZING != 0 {
            return Err(status::STATUS_NO_SUCH_DEVICE);
        }
        let mut file: Box<FILE_OBJECT> = Box::new(std::mem::zeroed());
        file.Type = IO_TYPE_FILE;
        file.Size = size_of::<FILE_OBJECT>() as i16;
        file.DeviceObject = device;
        file.RelatedFileObject = related;
        file.ReadAccess = 1;
        file.WriteAccess = 1;
        let bytes = size_of_val(&file_name[..]);
        let buffer: *mut u16 =
            pool::allocate(bytes + 2, tag(b"IoNm"), true, true, usize::MAX).cast();
        std::ptr::copy_nonoverlapping(file_name.as_ptr(), buffer, file_name.len());
        file.FileName = UNICODE_STRING {
            Length: bytes as u16,
            MaximumLength: bytes as u16 + 2,
            Buffer: buffer,
        };
        ke::KeInitializeEvent(&raw mut file.Event, 0, 0);
        ke::KeInitializeEvent(&raw mut file.Lock, 1, 1);
        let file = Box::into_raw(file);
        initialize_list_head(&raw mut (*file).IrpList);
        ob::register(file.cast(), ob::Kind::File, usize::MAX);
        ob::ObfReferenceObject(device.cast());
        if !related.is_null() {
            ob::ObfReferenceObject(related.cast());
        }
        (*device).ReferenceCount += 1;

        let security = IO_SECURITY_CONTEXT {
            SecurityQos: null_mut(),
            AccessState: null_mut(),
            DesiredAccess: 0xC000_0000,
            FullCreateOptions: 0,
        };
        let status = file_request(file, |location| {
            location.MajorFunction = IRP_MJ_CREATE;
            location.Parameters.Create = PARAMETERS_CREATE {
                SecurityContext: (&raw const security).cast_mut(),
                Options: 1 << 24,
                Pad0: 0,
                FileAttributes: 0,
                ShareAccess: 3,
                Pad1: 0,
                EaLength: 0,
            };
        });
        if status < 0 {
            // A file whose create failed gets no close.
            (*file).Flags = FILE_CREATE_FAILED;
            ob::ObfDereferenceObject(file.cast());
            return Err(status);
        }
        let handle = ob::new_handle(file.cast(), kernel, owner);
        ob::ObfDereferenceObject(file.cast());
        Ok(handle)
    }
}

const FILE_CREATE_FAILED: u32 = 1 << 31;

/// Sends a request of the I/O manager about a file and waits for it.
unsafe fn file_request(
    file: *mut FILE_OBJECT,
    fill: impl FnOnce(&mut IO_STACK_LOCATION),
) -> NTSTATUS {
    // SAFETY: a live file; the event and status block live until the request is complete.
    unsafe {
        let device = irp::IoGetRelatedDeviceObject(file);
        let mut event = Box::new(std::mem::zeroed::<KEVENT>());
        ke::KeInitializeEvent(&raw mut *event, 0, 0);
        let mut block = Box::new(IO_STATUS_BLOCK::default());
        let irp = irp::new_irp((*device).StackSize, irp::Origin::Synchronous(usize::MAX));
        (*irp).UserEvent = &raw mut *event;
        (*irp).UserIosb = &raw mut *block;
        (*irp).RequestorMode = ex::ExGetPreviousMode();
        (*irp).Tail.Thread = ke::KeGetCurrentThread();
        let next = next_stack_location(irp);
        fill(&mut *next);
        (*next).FileObject = file;
        let status = irp::IofCallDriver(device, irp);
        if status == status::STATUS_PENDING {
            ke::KeWaitForSingleObject(
                (&raw mut *event).cast(),
                0,
                KERNEL_MODE,
                0,
                std::ptr::null(),
            );
        }
        block.Status
    }
}

/// The last handle was closed.
pub(crate) fn cleanup_file(file: *mut FILE_OBJECT) {
    // SAFETY: a live file.
    unsafe {
        file_request(file, |l| l.MajorFunction = IRP_MJ_CLEANUP);
    }
}

/// The last reference has gone.
pub(crate) fn close_file(file: *mut FILE_OBJECT) {
    // SAFETY: made by `open`; nothing refers to it after the close request.
    unsafe {
        if (*file).Flags & FILE_CREATE_FAILED == 0 {
            // The request refers to the file once more.
            ob::register(file.cast(), ob::Kind::File, usize::MAX);
            file_request(file, |l| l.MajorFunction = IRP_MJ_CLOSE);
            ob::forget(file.cast());
        }
        let (device, related) = ((*file).DeviceObject, (*file).RelatedFileObject);
        pool::free((*file).FileName.Buffer as usize, 0);
        verifier::memory_freed(
            file as usize..file as usize + size_of::<FILE_OBJECT>(),
            &|| format!("file object {file:p}"),
        );
        drop(Box::from_raw(file));
        (*device).ReferenceCount -= 1;
        release_device(device);
        if !related.is_null() {
            ob::ObfDereferenceObject(related.cast());
        }
    }
}

/// IoCreateFile: as ZwCreateFile, with more options that do not matter here.
pub unsafe extern "efiapi" fn IoCreateFile(
    handle: *mut HANDLE,
    access: u32,
    attributes: *const OBJECT_ATTRIBUTES,
    block: *mut IO_STATUS_BLOCK,
    allocation: *const i64,
    file_attributes: u32,
    share: u32,
    disposition: u32,
    options: u32,
    ea: PVOID,
    ea_length: u32,
    _create_kind: u32,
    _extra: PVOID,
    _more: u32,
) -> NTSTATUS {
    // SAFETY: the same contract.
    unsafe {
        zw::ZwCreateFile(
            handle,
            access,
            attributes,
            block,
            allocation,
            file_attributes,
            share,
            disposition,
            options,
            ea,
            ea_length,
        )
    }
}

/// Opens a device by its name: file object and topmost device.
pub unsafe extern "efiapi" fn IoGetDeviceObjectPointer(
    name: *const UNICODE_STRING,
    _access: u32,
    file: *mut *mut FILE_OBJECT,
    device: *mut *mut DEVICE_OBJECT,
) -> NTSTATUS {
    // SAFETY: the caller's.
    unsafe {
        match open((*name).units(), null_mut(), true, 0) {
            Ok(handle) => {
                if let Some((object, _)) = ob::object_of(handle) {
                    ob::ObfReferenceObject(object);
                    *file = object.cast();
                    *device = irp::IoGetRelatedDeviceObject(*file);
                }
                ob::close(handle);
                status::STATUS_SUCCESS
            }
            Err(s) => s,
        }
    }
}

// ---- events

unsafe fn create_event(kind: u32, handle: *mut HANDLE, owner: usize) -> PVOID {
    // SAFETY: all-zero, then initialised.
    unsafe {
        let event = Box::into_raw(Box::new(std::mem::zeroed::<KEVENT>()));
        ke::KeInitializeEvent(event, kind, 1);
        ob::register(event.cast(), ob::Kind::Event, owner);
        *handle = ob::new_handle(event.cast(), true, owner);
        ob::ObfDereferenceObject(event.cast());
        event.cast()
    }
}

/// A new event that stays signalled, signalled at first; its name is not looked at.
pub unsafe extern "efiapi" fn IoCreateNotificationEvent(
    _name: PVOID,
    handle: *mut HANDLE,
) -> PVOID {
    let owner = ex::direct_caller(IoCreateNotificationEvent as *const () as usize);
    // SAFETY: the caller's.
    unsafe { create_event(0, handle, owner) }
}

/// The same for an event that one wait resets.
pub unsafe extern "efiapi" fn IoCreateSynchronizationEvent(
    _name: PVOID,
    handle: *mut HANDLE,
) -> PVOID {
    let owner = ex::direct_caller(IoCreateSynchronizationEvent as *const () as usize);
    // SAFETY: the caller's.
    unsafe { create_event(1, handle, owner) }
}
