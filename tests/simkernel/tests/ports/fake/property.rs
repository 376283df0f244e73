// SPDX-License-Identifier: MIT OR Apache-2.0
//! Properties of the synthesizer node.

use std::ffi::c_void;
use std::ptr;

use arioso_core::ks::ks::*;
use arioso_core::ks::portcls::*;
use arioso_core::ks::status::*;
use arioso_core::ks::{AlignedGuid, GUID};
use simkernel::nt::IRP;

use super::{Fault, fault, kernel, log, portcls};

/// A property set of the test: 0 a ULONG with instance data, 1 completes later.
pub const SET: GUID = GUID::new(0x7e1d_2f30, 0x5b0c, 0x4f7e, [0x9a, 1, 2, 3, 4, 5, 6, 7]);
pub static SET_GUID: AlignedGuid = AlignedGuid(SET);

/// What item 0 answers: the node, the instance's length, and whether it came to a stream.
pub fn answer(node: u32, instance: u32, stream: bool) -> u32 {
    (node & 0xFF) << 16 | instance << 8 | u32::from(stream)
}

pub unsafe extern "efiapi" fn property(request: *mut PCPROPERTY_REQUEST) -> NTSTATUS {
    // SAFETY: PortCls' request.
    unsafe {
        let r = &mut *request;
        if r.Verb & KSPROPERTY_TYPE_GET == 0 {
            return STATUS_INVALID_DEVICE_REQUEST;
        }
        if (*r.PropertyItem).Id == 1 {
            log().pending.push(request as usize);
            return STATUS_PENDING;
        }
        if r.ValueSize == 0 {
            r.ValueSize = 4;
            return STATUS_BUFFER_OVERFLOW;
        }
        if r.ValueSize < 4 {
            r.ValueSize = 0;
            return STATUS_BUFFER_TOO_SMALL;
        }
        misbehave(request);
        ptr::write_unaligned(
            r.Value.cast(),
            answer(r.Node, r.InstanceSize, !r.MinorTarget.is_null()),
        );
        r.ValueSize = if log().fault == Fault::LongValue {
            64
        } else {
            4
        };
    }
    STATUS_SUCCESS
}

/// What a handler must not do with its request.
unsafe fn misbehave(request: *mut PCPROPERTY_REQUEST) {
    let complete: FnPcCompletePendingPropertyRequest = portcls("PcCompletePendingPropertyRequest");
    // SAFETY: PortCls' request.
    unsafe {
        match log().fault {
            Fault::CompletePending => drop(complete(request, STATUS_PENDING)),
            Fault::CompleteEarly => drop(complete(request, STATUS_SUCCESS)),
            Fault::CompleteTwice => drop(complete(request.wrapping_add(1), STATUS_SUCCESS)),
            Fault::LockUnprobed | Fault::MapTwice | Fault::UnmapElsewhere => {
                lock((*(*request).Irp.cast::<IRP>()).UserBuffer);
            }
            _ => {}
        }
    }
}

/// Four bytes of the program's, locked, mapped, unmapped and unlocked.
unsafe fn lock(buffer: *mut c_void) {
    const NO_EXECUTE: u32 = 0x4000_0010;
    type Map =
        unsafe extern "efiapi" fn(*mut c_void, i8, u32, *mut c_void, u32, u32) -> *mut c_void;
    let allocate: unsafe extern "efiapi" fn(*mut c_void, u32, u8, u8, usize) -> *mut c_void =
        kernel("IoAllocateMdl");
    let probe: unsafe extern "efiapi" fn(*mut c_void, i8, u32) = kernel("MmProbeAndLockPages");
    let map: Map = kernel("MmMapLockedPagesSpecifyCache");
    let unmap: unsafe extern "efiapi" fn(*mut c_void, *mut c_void) = kernel("MmUnmapLockedPages");
    let unlock: unsafe extern "efiapi" fn(*mut c_void) = kernel("MmUnlockPages");
    let free: unsafe extern "efiapi" fn(*mut c_void) = kernel("IoFreeMdl");
    // SAFETY: an MDL of ours, for a buffer that the program has.
    unsafe {
        let mdl = allocate(buffer, 4, 0, 0, 0);
        probe(mdl, i8::from(!fault(Fault::LockUnprobed)), 1);
        let map = || map(mdl, 0, 1, ptr::null_mut(), 0, NO_EXECUTE);
        let mut mapped = map();
        if fault(Fault::MapTwice) {
            map();
        }
        if fault(Fault::UnmapElsewhere) {
            mapped = mapped.wrapping_byte_add(8);
        }
        unmap(mapped, mdl);
        unlock(mdl);
        free(mdl);
    }
}

/// Completes what item 1 left pending.
pub unsafe fn complete_pending(value: u32) {
    let complete: FnPcCompletePendingPropertyRequest = portcls("PcCompletePendingPropertyRequest");
    for request in std::mem::take(&mut log().pending) {
        let request = request as *mut PCPROPERTY_REQUEST;
        // SAFETY: pending, so it is ours.
        unsafe {
            ptr::write_unaligned((*request).Value.cast(), value);
            (*request).ValueSize = 4;
            complete(request, STATUS_SUCCESS);
        }
    }
}
