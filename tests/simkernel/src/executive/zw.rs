// SPDX-License-Identifier: MIT OR Apache-2.0
//! Objects behind handles of keys and files; files of the simulated disk by handle.

use super::disk;
use super::*;
use crate::state::Global;
use std::collections::BTreeMap;

/// What this file exports, each name with the highest IRQL that it may be called at.
pub fn exports() -> Vec<Export> {
    crate::exports! {
        PASSIVE_LEVEL => ZwCreateFile, ZwOpenFile, ZwReadFile, ZwWriteFile, ZwQueryInformationFile, ZwSetInformationFile,
            ZwWaitForSingleObject;
    }
}

pub(super) enum Opened {
    Key(String),
    /// One of a driver's own.
    Directory(String),
    File {
        data: disk::Content,
        position: u64,
        /// Reads return when they are done.
        synchronous: bool,
    },
}

static OPENED: Global<BTreeMap<usize, Opened>> = Global::new(BTreeMap::new());

/// The object behind a key or file handle. Boxed, so that its address is its identity.
pub(super) fn open_object(what: Opened, kind: ob::Kind, attributes: u32, owner: usize) -> HANDLE {
    let object = Box::into_raw(Box::new(0usize)) as PVOID;
    OPENED.get().insert(object as usize, what);
    ob::register(object, kind, 0);
    let handle = ob::new_handle(object, attributes & OBJ_KERNEL_HANDLE != 0, owner);
    // SAFETY: the handle holds its own reference now.
    unsafe { ob::ObfDereferenceObject(object) };
    handle
}

pub(crate) fn delete_object(object: PVOID) {
    if OPENED.get().remove(&(object as usize)).is_some() {
        // SAFETY: made by `open`.
        drop(unsafe { Box::from_raw(object.cast::<usize>()) });
    }
}

pub(super) fn opened(handle: HANDLE) -> Option<&'static mut Opened> {
    let (object, _) = ob::object_of(handle)?;
    OPENED.get().get_mut(&(object as usize))
}

// ---- files of the simulated disk; paths that name a device interface open that device

/// Opens a device or a file of the simulated disk.
pub unsafe extern "efiapi" fn ZwCreateFile(
    handle: *mut HANDLE,
    _access: u32,
    attributes: *const OBJECT_ATTRIBUTES,
    block: *mut IO_STATUS_BLOCK,
    _allocation: *const i64,
    _file_attributes: u32,
    _share: u32,
    disposition: u32,
    options: u32,
    _ea: PVOID,
    _ea_length: u32,
) -> NTSTATUS {
    let owner = ex::direct_caller(ZwCreateFile as *const () as usize);
    // SAFETY: the caller's.
    unsafe { open_file(handle, attributes, block, (disposition, options), owner) }
}

unsafe fn open_file(
    handle: *mut HANDLE,
    attributes: *const OBJECT_ATTRIBUTES,
    block: *mut IO_STATUS_BLOCK,
    how: (u32, u32),
    owner: usize,
) -> NTSTATUS {
    // SAFETY: the caller's.
    unsafe {
        let a = &*attributes;
        let name = (*a.ObjectName).units();
        let opened = open_path(name, a.RootDirectory, a.Attributes, owner, how);
        let status = match opened {
            Ok(h) => {
                *handle = h;
                status::STATUS_SUCCESS
            }
            Err(s) => s,
        };
        if !block.is_null() {
            *block = IO_STATUS_BLOCK {
                Status: status,
                Reserved: 0,
                Information: usize::from(status >= 0),
            };
        }
        status
    }
}

fn open_path(
    name: &[u16],
    root: HANDLE,
    attributes: u32,
    owner: usize,
    (disposition, options): (u32, u32),
) -> Result<HANDLE, NTSTATUS> {
    /// FILE_SYNCHRONOUS_IO_ALERT, FILE_SYNCHRONOUS_IO_NONALERT
    const SYNCHRONOUS: u32 = 0x30;
    let mut text = String::from_utf16_lossy(name);
    if let Some(Opened::Directory(path)) = opened(root) {
        text = format!("{path}\\{text}");
    } else if !root.is_null() || io::is_device_path(&text) {
        return io::open(name, root, attributes & OBJ_KERNEL_HANDLE != 0, owner);
    }
    if root.is_null() {
        isolation::check_file(&text, owner);
    }
    let data = match disk::open(&text) {
        Some(data) => data.ok_or(status::STATUS_OBJECT_NAME_NOT_FOUND)?,
        // FILE_OPEN and FILE_OVERWRITE need an existing file; the disk is read-only.
        None if disposition == 1 || disposition == 4 => {
            return Err(status::STATUS_OBJECT_NAME_NOT_FOUND);
        }
        None => return Err(status::STATUS_ACCESS_DENIED),
    };
    Ok(open_object(
        Opened::File {
            data,
            position: 0,
            synchronous: options & SYNCHRONOUS != 0,
        },
        ob::Kind::DiskFile,
        attributes,
        owner,
    ))
}

/// The same for what is there.
pub unsafe extern "efiapi" fn ZwOpenFile(
    handle: *mut HANDLE,
    _access: u32,
    attributes: *const OBJECT_ATTRIBUTES,
    block: *mut IO_STATUS_BLOCK,
    _share: u32,
    options: u32,
) -> NTSTATUS {
    const OPEN: u32 = 1;
    let owner = ex::direct_caller(ZwOpenFile as *const () as usize);
    // SAFETY: the caller's.
    unsafe { open_file(handle, attributes, block, (OPEN, options), owner) }
}

/// `offset` null or negative: the file's position.
pub unsafe extern "efiapi" fn ZwReadFile(
    handle: HANDLE,
    event: HANDLE,
    _apc: PVOID,
    _context: PVOID,
    block: *mut IO_STATUS_BLOCK,
    buffer: *mut u8,
    length: u32,
    offset: *const i64,
    _key: *const u32,
) -> NTSTATUS {
    let Some(Opened::File {
        data,
        position,
        synchronous,
    }) = opened(handle)
    else {
        return status::STATUS_INVALID_HANDLE;
    };
    if !*synchronous && event.is_null() {
        crate::verifier::violation(
            crate::verifier::Rule::FileAsynchronous,
            "ZwReadFile without an event, of a handle that does not wait".to_owned(),
        );
    }
    // SAFETY: `length` bytes at `buffer` and the results are the caller's.
    unsafe {
        let at = offset
            .as_ref()
            .copied()
            .filter(|o| *o >= 0)
            .map_or(*position, |o| o as u64);
        let (data, buffer) = (
            data.clone(),
            std::slice::from_raw_parts_mut(buffer, length as usize),
        );
        let (n, status) = match data.read(at, buffer) {
            Ok(0) if length != 0 => (0, status::STATUS_END_OF_FILE),
            Ok(n) => (n, status::STATUS_SUCCESS),
            Err(status) => (0, status),
        };
        // The disk took its time: the handle may be closed by now.
        if let Some(Opened::File { position, .. }) = opened(handle) {
            *position = at + n as u64;
        }
        *block = IO_STATUS_BLOCK {
            Status: status,
            Reserved: 0,
            Information: n,
        };
        status
    }
}

/// Refused: the simulated disk is read-only.
pub unsafe extern "efiapi" fn ZwWriteFile(
    _handle: HANDLE,
    _event: HANDLE,
    _apc: PVOID,
    _context: PVOID,
    block: *mut IO_STATUS_BLOCK,
    _buffer: *const u8,
    _length: u32,
    _offset: *const i64,
    _key: *const u32,
) -> NTSTATUS {
    // SAFETY: the caller's.
    unsafe {
        *block = IO_STATUS_BLOCK {
            Status: status::STATUS_ACCESS_DENIED,
            Reserved: 0,
            Information: 0,
        };
    }
    status::STATUS_ACCESS_DENIED
}

/// Length or position of a file.
pub unsafe extern "efiapi" fn ZwQueryInformationFile(
    handle: HANDLE,
    block: *mut IO_STATUS_BLOCK,
    out: PVOID,
    length: u32,
    class: u32,
) -> NTSTATUS {
    let Some(Opened::File { data, position, .. }) = opened(handle) else {
        return status::STATUS_INVALID_HANDLE;
    };
    // SAFETY: `length` bytes at `out` and the status block are the caller's.
    unsafe {
        let done = |n: usize| {
            *block = IO_STATUS_BLOCK {
                Status: status::STATUS_SUCCESS,
                Reserved: 0,
                Information: n,
            };
            status::STATUS_SUCCESS
        };
        match class {
            FILE_STANDARD_INFORMATION_CLASS => {
                if (length as usize) < size_of::<FILE_STANDARD_INFORMATION>() {
                    return status::STATUS_INFO_LENGTH_MISMATCH;
                }
                out.cast::<FILE_STANDARD_INFORMATION>()
                    .write(FILE_STANDARD_INFORMATION {
                        AllocationSize: data.len().next_multiple_of(PAGE_SIZE as u64) as i64,
                        EndOfFile: data.len() as i64,
                        NumberOfLinks: 1,
                        DeletePending: 0,
                        Directory: 0,
                    });
                done(size_of::<FILE_STANDARD_INFORMATION>())
            }
            FILE_POSITION_INFORMATION_CLASS => {
                if length < 8 {
                    return status::STATUS_INFO_LENGTH_MISMATCH;
                }
                out.cast::<i64>().write(*position as i64);
                done(8)
            }
            _ => status::STATUS_INVALID_INFO_CLASS,
        }
    }
}

/// Sets the position.
pub unsafe extern "efiapi" fn ZwSetInformationFile(
    handle: HANDLE,
    block: *mut IO_STATUS_BLOCK,
    input: PVOID,
    length: u32,
    class: u32,
) -> NTSTATUS {
    let Some(Opened::File { position, .. }) = opened(handle) else {
        return status::STATUS_INVALID_HANDLE;
    };
    if class != FILE_POSITION_INFORMATION_CLASS || length < 8 {
        return status::STATUS_INVALID_INFO_CLASS;
    }
    // SAFETY: the caller's.
    unsafe {
        *position = input.cast::<i64>().read().max(0) as u64;
        *block = IO_STATUS_BLOCK::default();
    }
    status::STATUS_SUCCESS
}

/// Waits for the object of a handle.
pub unsafe extern "efiapi" fn ZwWaitForSingleObject(
    handle: HANDLE,
    alertable: BOOLEAN,
    timeout: *const i64,
) -> NTSTATUS {
    match ob::object_of(handle) {
        Some((object, ob::Kind::Thread | ob::Kind::Event | ob::Kind::Semaphore)) => {
            // SAFETY: a dispatcher object.
            unsafe { ke::KeWaitForSingleObject(object, 0, KERNEL_MODE, alertable, timeout) }
        }
        Some(_) => status::STATUS_OBJECT_TYPE_MISMATCH,
        None => status::STATUS_INVALID_HANDLE,
    }
}
