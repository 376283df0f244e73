// SPDX-License-Identifier: MIT OR Apache-2.0
//! Files, to be read.

use super::driver::{Directory, Driver};
use super::handle::{Handle, unicode};
use super::irql::Passive;
use super::{Result, check, no_memory};
use alloc::vec::Vec;
use arioso_core::ks::status::{STATUS_END_OF_FILE, STATUS_FILE_INVALID};
use arioso_core::mem::vec;
use core::ffi::c_void;
use core::ptr::null_mut;
use wdk_sys::{
    _FILE_INFORMATION_CLASS, FILE_GENERIC_READ, FILE_NON_DIRECTORY_FILE, FILE_OPEN,
    FILE_SHARE_DELETE, FILE_SHARE_READ, FILE_STANDARD_INFORMATION, FILE_SYNCHRONOUS_IO_NONALERT,
    HANDLE, IO_STATUS_BLOCK, LARGE_INTEGER, OBJ_CASE_INSENSITIVE, OBJ_KERNEL_HANDLE,
    OBJECT_ATTRIBUTES, ntddk,
};

/// Where a file lies.
#[derive(Clone, Copy)]
pub enum Place<'a> {
    /// A name in a directory of the driver's own.
    Own(&'a Driver, Directory, &'a [u16]),
    /// An NT path that the user has chosen. The driver has none of its own.
    Chosen(&'a [u16]),
}

/// An open file, to be read.
pub struct File {
    handle: Handle,
    len: u64,
}

// SAFETY: a kernel handle is good in every thread, and reads give their own position.
unsafe impl Send for File {}
// SAFETY: as above.
unsafe impl Sync for File {}

impl File {
    /// Others may read it, move it and delete it meanwhile, but not write.
    pub fn open(passive: Passive, place: Place<'_>) -> Result<Self> {
        let handle = match place {
            Place::Own(driver, directory, name) => {
                let directory = driver.open_directory(passive, directory)?;
                open(directory.0, name)?
            }
            Place::Chosen(path) => open(null_mut(), path)?,
        };
        let len = length(&handle)?;
        Ok(Self { handle, len })
    }

    /// Bytes that it had when it was opened.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Fills `into` from `at` on.
    pub fn read(&self, _: Passive, at: u64, into: &mut [u8]) -> Result {
        let mut rest = into;
        let mut offset = i64::try_from(at).map_err(|_| STATUS_END_OF_FILE)?;
        while !rest.is_empty() {
            let got = read_some(&self.handle, offset, rest)?;
            if got == 0 {
                return Err(STATUS_END_OF_FILE);
            }
            offset = offset.wrapping_add(got as i64);
            rest = rest.get_mut(got..).unwrap_or_default();
        }
        Ok(())
    }

    /// All of it.
    pub fn read_all(&self, passive: Passive) -> Result<Vec<u8>> {
        let len = usize::try_from(self.len).map_err(|_| STATUS_FILE_INVALID)?;
        let mut bytes = vec::try_filled(len, 0u8).map_err(no_memory)?;
        self.read(passive, 0, &mut bytes)?;
        Ok(bytes)
    }
}

fn open(root: HANDLE, name: &[u16]) -> Result<Handle> {
    let mut name = unicode(name);
    let mut attributes = OBJECT_ATTRIBUTES {
        Length: size_of::<OBJECT_ATTRIBUTES>() as u32,
        RootDirectory: root,
        ObjectName: &mut name,
        Attributes: OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE,
        SecurityDescriptor: null_mut(),
        SecurityQualityOfService: null_mut(),
    };
    let mut handle: HANDLE = null_mut();
    let mut io = IO_STATUS_BLOCK::default();
    // SAFETY: PASSIVE_LEVEL; everything pointed to lives across the call.
    check(unsafe {
        ntddk::ZwCreateFile(
            &mut handle,
            FILE_GENERIC_READ,
            &mut attributes,
            &mut io,
            null_mut(),
            0,
            FILE_SHARE_READ | FILE_SHARE_DELETE,
            FILE_OPEN,
            FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE,
            null_mut(),
            0,
        )
    })?;
    Ok(Handle(handle))
}

fn length(handle: &Handle) -> Result<u64> {
    let mut info = FILE_STANDARD_INFORMATION::default();
    let mut io = IO_STATUS_BLOCK::default();
    // SAFETY: PASSIVE_LEVEL; the buffer has the size that is told.
    check(unsafe {
        ntddk::ZwQueryInformationFile(
            handle.0,
            &mut io,
            (&raw mut info).cast::<c_void>(),
            size_of::<FILE_STANDARD_INFORMATION>() as u32,
            _FILE_INFORMATION_CLASS::FileStandardInformation,
        )
    })?;
    // SAFETY: a plain number in every view of the union.
    let len = unsafe { info.EndOfFile.QuadPart };
    u64::try_from(len).map_err(|_| STATUS_FILE_INVALID)
}

/// Fills the front of `into`; says with how many bytes.
fn read_some(handle: &Handle, offset: i64, into: &mut [u8]) -> Result<usize> {
    const MOST: usize = 1 << 20;
    let len = into.len().min(MOST);
    let mut at = LARGE_INTEGER { QuadPart: offset };
    let mut io = IO_STATUS_BLOCK::default();
    // SAFETY: PASSIVE_LEVEL, synchronous handle: the call ends when the buffer is filled.
    check(unsafe {
        ntddk::ZwReadFile(
            handle.0,
            null_mut(),
            None,
            null_mut(),
            &mut io,
            into.as_mut_ptr().cast(),
            len as u32,
            &mut at,
            null_mut(),
        )
    })?;
    Ok((io.Information as usize).min(len))
}
