// SPDX-License-Identifier: MIT OR Apache-2.0
//! `KsProbeStreamIrp`: stream headers copied from the caller, their data described by locked and mapped MDLs.

use arioso_core::ks::ks::*;
use arioso_core::ks::status::*;

use crate::executive::mm::{IoAllocateMdl, probe_and_lock, system_address};
use crate::modules::irp;
use crate::nt::NTSTATUS;
use crate::nt::*;

const HEADER: usize = size_of::<KSSTREAM_HEADER>();

/// Headers lie in the output buffer for both directions. After success `SystemBuffer` is their kernel copy and `MdlAddress` a
/// chain with one MDL for each header that has data. A request that was probed before is left alone.
pub unsafe extern "efiapi" fn KsProbeStreamIrp(
    request: *mut IRP,
    flags: u32,
    size: u32,
) -> NTSTATUS {
    // SAFETY: a stream request of the I/O manager.
    unsafe {
        let write = flags & KSPROBE_STREAMWRITE != 0;
        if irp::system_buffer(request).is_null() {
            let status = copy_headers(request, write, (size as usize).max(HEADER));
            if status < 0 {
                return status;
            }
        }
        if flags & KSPROBE_ALLOCATEMDL == 0 || !(*request).MdlAddress.is_null() {
            return STATUS_SUCCESS;
        }
        lock_data(request, flags, write)
    }
}

unsafe fn copy_headers(request: *mut IRP, write: bool, least: usize) -> NTSTATUS {
    // SAFETY: the user's buffer is only touched through checked copies; the walk is bounds-checked.
    unsafe {
        let length = irp::output_length(request);
        if length < least {
            return STATUS_INVALID_BUFFER_SIZE;
        }
        let copy = irp::allocate(length);
        if copy.is_null() {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        let mut status = irp::copy_in(request, irp::user_buffer(request), copy.cast(), length);
        let mut at = 0;
        while status >= 0 && at < length {
            let header = copy.cast::<u8>().add(at).cast::<KSSTREAM_HEADER>();
            if length - at < least {
                status = STATUS_INVALID_BUFFER_SIZE;
                break;
            }
            let size = (*header).Size as usize;
            let whole = size >= least && size.is_multiple_of(8) && size <= length - at;
            let used = if write {
                (*header).DataUsed <= (*header).FrameExtent
            } else {
                (*header).DataUsed == 0
            };
            if !whole || !used {
                status = STATUS_INVALID_BUFFER_SIZE;
            }
            at += size;
        }
        if status < 0 {
            irp::free(copy);
            return status;
        }
        irp::attach_buffer(request, copy, !write);
        status
    }
}

/// The I/O manager unlocks and frees the MDLs when the request completes; until they are locked they are not its business.
unsafe fn lock_data(request: *mut IRP, flags: u32, write: bool) -> NTSTATUS {
    // SAFETY: the headers were checked by `copy_headers`.
    unsafe {
        let headers = irp::slice(
            irp::system_buffer(request).cast::<u8>().cast_const(),
            irp::output_length(request),
        );
        let mut at = 0;
        while at < headers.len() {
            let header = headers.as_ptr().add(at).cast::<KSSTREAM_HEADER>();
            at += (*header).Size as usize;
            let bytes = (*header).FrameExtent;
            if bytes == 0 {
                continue;
            }
            let first = (*request).MdlAddress.is_null();
            let mdl = IoAllocateMdl((*header).Data, bytes, u8::from(!first), 0, request);
            if mdl.is_null() {
                return STATUS_INSUFFICIENT_RESOURCES;
            }
            if flags & KSPROBE_PROBEANDLOCK != 0 {
                let status = probe_and_lock(mdl, (*request).RequestorMode, u32::from(!write));
                if status < 0 {
                    return status;
                }
                if flags & KSPROBE_SYSTEMADDRESS != 0 && system_address(mdl).is_null() {
                    return STATUS_INSUFFICIENT_RESOURCES;
                }
            }
        }
        STATUS_SUCCESS
    }
}
