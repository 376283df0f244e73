// SPDX-License-Identifier: MIT OR Apache-2.0
//! Properties of the synthesizer node.

use std::ptr;

use arioso_core::ks::ks::*;
use arioso_core::ks::portcls::*;
use arioso_core::ks::status::*;
use arioso_core::ks::{AlignedGuid, GUID};

use super::{Fault, log, portcls};

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
