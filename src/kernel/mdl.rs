// SPDX-License-Identifier: MIT OR Apache-2.0
//! One copy out of a caller's memory.

use super::irql::Passive;
use super::{Result, check, no_memory};
use alloc::vec::Vec;
use arioso_core::ks::status::{STATUS_INSUFFICIENT_RESOURCES, STATUS_INVALID_USER_BUFFER};
use arioso_core::mem::vec;
use core::ffi::c_void;
use core::ptr::null_mut;
use wdk_sys::{
    _LOCK_OPERATION, _MEMORY_CACHING_TYPE, _MM_PAGE_PRIORITY, _MODE, MDL, MDL_MAPPED_TO_SYSTEM_VA,
    MDL_SOURCE_IS_NONPAGED_POOL, ntddk,
};

unsafe extern "C" {
    /// `MmProbeAndLockPages` under an exception handler (`probe.c`): the exception's code, or success.
    fn arioso_probe_and_lock(mdl: *mut MDL, mode: i8, operation: i32) -> i32;
}

/// A copy of `len` bytes at the user-mode `address` in the current process, taken once. The address is not trusted, whoever sent it:
/// it is probed, locked and mapped, and a bad one is an error.
pub fn copy_in(_: Passive, address: usize, len: u32) -> Result<Vec<u8>> {
    if len == 0 {
        return Ok(Vec::new());
    }
    // Memory is only spent on what is really there.
    let locked = Locked::new(address, len)?;
    let mut bytes = vec::try_with_capacity::<u8>(len as usize).map_err(no_memory)?;
    let view = locked.view()?;
    // SAFETY: the view covers `len` locked bytes. The caller may change them meanwhile: they are copied as raw memory, once, and
    // only the copy is looked at.
    unsafe {
        core::ptr::copy_nonoverlapping(view, bytes.as_mut_ptr(), len as usize);
        bytes.set_len(len as usize);
    }
    Ok(bytes)
}

/// Locked pages of the current process.
struct Locked(*mut MDL);

impl Locked {
    fn new(address: usize, len: u32) -> Result<Self> {
        if address.checked_add(len as usize).is_none() {
            return Err(STATUS_INVALID_USER_BUFFER);
        }
        let address = core::ptr::with_exposed_provenance_mut::<c_void>(address);
        // SAFETY: only describes the range.
        let mdl = unsafe { ntddk::IoAllocateMdl(address, len, 0, 0, null_mut()) };
        if mdl.is_null() {
            return Err(STATUS_INSUFFICIENT_RESOURCES);
        }
        // SAFETY: PASSIVE_LEVEL in the caller's process; what the call raises becomes a status.
        let locked = check(unsafe {
            arioso_probe_and_lock(
                mdl,
                _MODE::UserMode as i8,
                _LOCK_OPERATION::IoReadAccess as i32,
            )
        });
        if let Err(status) = locked {
            // SAFETY: allocated above, not locked.
            unsafe { ntddk::IoFreeMdl(mdl) };
            return Err(status);
        }
        Ok(Self(mdl))
    }

    /// `MmGetSystemAddressForMdlSafe`, which is a macro in C.
    fn view(&self) -> Result<*const u8> {
        const NO_EXECUTE: u32 = 0x4000_0000;
        // SAFETY: the MDL is locked, and only this thread knows it; unlocking unmaps.
        let view = unsafe {
            let flags = u32::from((*self.0).MdlFlags as u16);
            if flags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL) != 0 {
                (*self.0).MappedSystemVa
            } else {
                ntddk::MmMapLockedPagesSpecifyCache(
                    self.0,
                    _MODE::KernelMode as i8,
                    _MEMORY_CACHING_TYPE::MmCached,
                    null_mut(),
                    0,
                    _MM_PAGE_PRIORITY::NormalPagePriority as u32 | NO_EXECUTE,
                )
            }
        };
        if view.is_null() {
            return Err(STATUS_INSUFFICIENT_RESOURCES);
        }
        Ok(view.cast::<u8>().cast_const())
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        // SAFETY: allocated and locked by `new`.
        unsafe {
            ntddk::MmUnlockPages(self.0);
            ntddk::IoFreeMdl(self.0);
        }
    }
}
