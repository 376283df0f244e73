// SPDX-License-Identifier: MIT OR Apache-2.0
//! `KsTopologyPropertyHandler`.

use core::ffi::c_void;

use arioso_core::ks::ks::*;
use arioso_core::ks::status::*;

use super::pin::guid_text;
use super::property::write_list;
use super::types::KSTOPOLOGY;
use crate::modules::irp;
use crate::nt::{IRP, NTSTATUS};

/// Answers a property of the topology set.
pub unsafe extern "efiapi" fn KsTopologyPropertyHandler(
    request: *mut IRP,
    property: *mut KSPROPERTY,
    data: *mut c_void,
    topology: *const KSTOPOLOGY,
) -> NTSTATUS {
    // SAFETY: kernel copies made by KsPropertyHandler; the topology's lists are counted.
    unsafe {
        let t = &*topology;
        match (*property).Id {
            KSPROPERTY_TOPOLOGY_CATEGORIES => list(request, data, t.Categories, t.CategoriesCount),
            KSPROPERTY_TOPOLOGY_NODES => list(request, data, t.TopologyNodes, t.TopologyNodesCount),
            KSPROPERTY_TOPOLOGY_CONNECTIONS => list(
                request,
                data,
                t.TopologyConnections,
                t.TopologyConnectionsCount,
            ),
            KSPROPERTY_TOPOLOGY_NAME => name(request, property, data, t),
            _ => STATUS_NOT_FOUND,
        }
    }
}

unsafe fn list<T>(request: *mut IRP, data: *mut c_void, items: *const T, count: u32) -> NTSTATUS {
    // SAFETY: a counted list of plain data.
    unsafe {
        write_list(
            request,
            data,
            irp::slice(items.cast::<u8>(), count as usize * size_of::<T>()),
            count,
        )
    }
}

/// The text of the node's name GUID: there is no MediaCategories key to look it up in.
unsafe fn name(
    request: *mut IRP,
    property: *mut KSPROPERTY,
    data: *mut c_void,
    topology: &KSTOPOLOGY,
) -> NTSTATUS {
    // SAFETY: the input length is checked before the node id is read.
    unsafe {
        if irp::input_length(request) < size_of::<KSP_NODE>() {
            return STATUS_INVALID_BUFFER_SIZE;
        }
        let node = (*property.cast::<KSP_NODE>()).NodeId;
        let Some(guid) = irp::slice(
            topology.TopologyNodesNames,
            topology.TopologyNodesCount as usize,
        )
        .get(node as usize) else {
            return STATUS_INVALID_PARAMETER;
        };
        let text: Vec<u16> = guid_text(guid).encode_utf16().chain([0]).collect();
        let need = text.len() * 2;
        irp::set_information(request, need);
        match irp::output_length(request) {
            0 => STATUS_BUFFER_OVERFLOW,
            room if room < need => STATUS_BUFFER_TOO_SMALL,
            _ => {
                core::ptr::copy_nonoverlapping(text.as_ptr().cast::<u8>(), data.cast(), need);
                STATUS_SUCCESS
            }
        }
    }
}
