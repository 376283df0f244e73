// SPDX-License-Identifier: MIT OR Apache-2.0
//! Access to requests for the built-in modules: the macros of `wdm.h`, and the checked copies that a driver makes under
//! an exception handler.

use core::ffi::c_void;

use arioso_core::ks::status::*;

use crate::executive;
use crate::nt::NTSTATUS;
use crate::nt::*;

/// Pool tag of the built-in modules.
pub const TAG: u32 = tag(b"SimP");

/// `IoGetCurrentIrpStackLocation`.
pub unsafe fn stack(irp: *mut IRP) -> *mut IO_STACK_LOCATION {
    // SAFETY: a request that has been sent to a driver.
    unsafe { (*irp).Tail.CurrentStackLocation }
}

/// `IoGetNextIrpStackLocation`.
pub unsafe fn next_stack(irp: *mut IRP) -> *mut IO_STACK_LOCATION {
    // SAFETY: the caller knows that there is one more.
    unsafe { (*irp).Tail.CurrentStackLocation.sub(1) }
}

/// A counted list as a slice; null with a count of zero is empty.
pub unsafe fn slice<'a, T>(list: *const T, count: usize) -> &'a [T] {
    if list.is_null() || count == 0 {
        return &[];
    }
    // SAFETY: the caller's counted list.
    unsafe { core::slice::from_raw_parts(list, count) }
}

pub unsafe fn input_length(irp: *mut IRP) -> usize {
    // SAFETY: a device-control request.
    unsafe { (*stack(irp)).Parameters.DeviceIoControl.InputBufferLength as usize }
}

pub unsafe fn output_length(irp: *mut IRP) -> usize {
    // SAFETY: a device-control request.
    unsafe { (*stack(irp)).Parameters.DeviceIoControl.OutputBufferLength as usize }
}

pub unsafe fn code(irp: *mut IRP) -> u32 {
    // SAFETY: a device-control request.
    unsafe { (*stack(irp)).Parameters.DeviceIoControl.IoControlCode }
}

pub unsafe fn type3_input(irp: *mut IRP) -> *mut c_void {
    // SAFETY: a METHOD_NEITHER request.
    unsafe { (*stack(irp)).Parameters.DeviceIoControl.Type3InputBuffer }
}

pub unsafe fn user_buffer(irp: *mut IRP) -> *mut c_void {
    // SAFETY: a live request.
    unsafe { (*irp).UserBuffer }
}

pub unsafe fn system_buffer(irp: *mut IRP) -> *mut c_void {
    // SAFETY: a live request.
    unsafe { (*irp).AssociatedIrp.SystemBuffer }
}

pub unsafe fn file(irp: *mut IRP) -> *mut FILE_OBJECT {
    // SAFETY: a live request.
    unsafe { (*stack(irp)).FileObject }
}

/// Bytes of the file object's name.
pub unsafe fn file_name<'a>(irp: *mut IRP) -> &'a [u8] {
    // SAFETY: the I/O manager's name buffer is `Length` bytes.
    unsafe {
        let name = &(*file(irp)).FileName;
        slice(name.Buffer.cast::<u8>(), name.Length as usize)
    }
}

pub unsafe fn driver_context(irp: *mut IRP, index: usize) -> *mut c_void {
    // SAFETY: a live request that this driver owns.
    unsafe { (*irp).Tail.DriverContext[index] }
}

pub unsafe fn set_driver_context(irp: *mut IRP, index: usize, value: *mut c_void) {
    // SAFETY: a live request that this driver owns.
    unsafe { (*irp).Tail.DriverContext[index] = value }
}

pub unsafe fn set_information(irp: *mut IRP, bytes: usize) {
    // SAFETY: a live request that this driver owns.
    unsafe { (*irp).IoStatus.Information = bytes }
}

/// `IoMarkIrpPending`.
pub unsafe fn mark_pending(irp: *mut IRP) {
    // SAFETY: a live request that this driver owns.
    unsafe { (*stack(irp)).Control |= SL_PENDING_RETURNED }
}

/// Sets the status and completes the request. Returns the status, for dispatch routines.
pub unsafe fn complete(irp: *mut IRP, status: NTSTATUS) -> NTSTATUS {
    // SAFETY: a live request that this driver owns.
    unsafe {
        (*irp).IoStatus.Status = status;
        executive::IofCompleteRequest(irp, 0);
    }
    status
}

/// Completes unless pending.
pub unsafe fn finish(irp: *mut IRP, status: NTSTATUS) -> NTSTATUS {
    if status == STATUS_PENDING {
        return status;
    }
    // SAFETY: not pending, so the request is still the caller's.
    unsafe { complete(irp, status) }
}

pub unsafe fn allocate(bytes: usize) -> *mut c_void {
    // SAFETY: at or below DISPATCH_LEVEL.
    unsafe { executive::ExAllocatePool2(POOL_FLAG_NON_PAGED, bytes.max(1), TAG) }
}

pub unsafe fn free(block: *mut c_void) {
    // SAFETY: a block of `allocate`.
    unsafe { executive::ExFreePoolWithTag(block, TAG) }
}

/// Hangs a buffer on the request: the I/O manager copies `Information` bytes of it to `UserBuffer` if `back`, and frees it.
pub unsafe fn attach_buffer(irp: *mut IRP, buffer: *mut c_void, back: bool) {
    // SAFETY: a live request; `buffer` is a pool block.
    unsafe {
        (*irp).AssociatedIrp.SystemBuffer = buffer;
        (*irp).Flags |= IRP_BUFFERED_IO | IRP_DEALLOCATE_BUFFER;
        if back {
            (*irp).Flags |= IRP_INPUT_OPERATION;
        }
    }
}

/// `ProbeForRead` and a copy under an exception handler; a kernel requestor is trusted.
pub unsafe fn copy_in(irp: *mut IRP, from: *mut c_void, to: *mut u8, length: usize) -> NTSTATUS {
    // SAFETY: `to` has room for `length` bytes; user addresses go through the arena's checks.
    unsafe {
        if (*irp).RequestorMode == KERNEL_MODE {
            core::ptr::copy_nonoverlapping(from.cast(), to, length);
            return STATUS_SUCCESS;
        }
        let out = core::slice::from_raw_parts_mut(to, length);
        if crate::user::read(from as u64, out) {
            STATUS_SUCCESS
        } else {
            STATUS_ACCESS_VIOLATION
        }
    }
}

/// `ProbeForWrite` under an exception handler.
pub unsafe fn probe_write(irp: *mut IRP, address: *mut c_void, length: usize) -> NTSTATUS {
    // SAFETY: only the range is looked at.
    unsafe {
        if (*irp).RequestorMode == KERNEL_MODE || crate::user::is_writable(address as u64, length) {
            STATUS_SUCCESS
        } else {
            STATUS_ACCESS_VIOLATION
        }
    }
}
