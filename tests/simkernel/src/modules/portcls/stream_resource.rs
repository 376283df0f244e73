// SPDX-License-Identifier: MIT OR Apache-2.0
//! Threads and interrupts that drivers declare as working for audio streams.

use core::ffi::c_void;
use std::collections::BTreeSet;

use arioso_core::ks::portcls::*;
use arioso_core::ks::status::*;

use super::verify::{Rule, violation};
use crate::nt::{DEVICE_OBJECT, NTSTATUS};
use crate::state::Global;

static HANDLES: Global<(usize, BTreeSet<usize>)> = Global::new((0, BTreeSet::new()));

pub unsafe extern "efiapi" fn PcAddStreamResource(
    pdo: *mut DEVICE_OBJECT,
    set: *mut c_void,
    descriptor: *mut PCSTREAMRESOURCE_DESCRIPTOR,
    handle: *mut PCSTREAMRESOURCE,
) -> NTSTATUS {
    // SAFETY: the driver's arguments.
    unsafe {
        let Some(d) = descriptor.as_ref() else {
            return STATUS_INVALID_PARAMETER;
        };
        let whole = d.Size as usize >= size_of::<PCSTREAMRESOURCE_DESCRIPTOR>() && d.Flags == 0;
        let object = match d.Type {
            ePcStreamResourceThread => !d.Thread.is_null(),
            ePcStreamResourceInterrupt => !d.Generic.is_null(),
            _ => false,
        };
        if pdo.is_null() || handle.is_null() || !set.is_null() || !whole || !object {
            return STATUS_INVALID_PARAMETER;
        }
        if crate::verifier::allocation_fails() {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        let (last, handles) = HANDLES.get();
        *last += 1;
        handles.insert(*last);
        *handle = core::ptr::without_provenance_mut(*last);
        STATUS_SUCCESS
    }
}

pub unsafe extern "efiapi" fn PcRemoveStreamResource(handle: PCSTREAMRESOURCE) -> NTSTATUS {
    if HANDLES.get().1.remove(&handle.addr()) {
        return STATUS_SUCCESS;
    }
    violation(
        Rule::StreamResource,
        "PcRemoveStreamResource",
        format!("{handle:p} is not a resource that was added"),
    );
    STATUS_INVALID_PARAMETER
}

/// At unload nothing is left.
pub fn check_unload() {
    for handle in &HANDLES.get().1 {
        violation(
            Rule::StreamResource,
            "PcAddStreamResource",
            format!("resource {handle:#x} was not removed"),
        );
    }
}
