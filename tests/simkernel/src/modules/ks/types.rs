// SPDX-License-Identifier: MIT OR Apache-2.0
//! KSTOPOLOGY, and the tables of `ks.h` with room for what a port appends.
#![allow(non_snake_case)]

use arioso_core::ks::GUID;
pub use arioso_core::ks::ks::{
    KSDISPATCH_TABLE, KSEVENT_ENTRY, KSEVENT_ITEM, KSEVENT_SET, KSMULTIPLE_ITEM,
    KSOBJECT_CREATE_ITEM, KSPIN_CINSTANCES, KSPROPERTY_ITEM, KSPROPERTY_SET, KSTOPOLOGY_CONNECTION,
};

#[repr(C)]
pub struct KSTOPOLOGY {
    pub CategoriesCount: u32,
    pub Categories: *const GUID,
    pub TopologyNodesCount: u32,
    pub TopologyNodes: *const GUID,
    pub TopologyConnectionsCount: u32,
    pub TopologyConnections: *const KSTOPOLOGY_CONNECTION,
    pub TopologyNodesNames: *const GUID,
    pub Reserved: u32,
}

const _: () = {
    assert!(size_of::<KSDISPATCH_TABLE>() == 80);
    assert!(size_of::<KSOBJECT_CREATE_ITEM>() == 48);
    assert!(size_of::<KSPROPERTY_ITEM>() == 72);
    assert!(size_of::<KSPROPERTY_SET>() == 40);
    assert!(size_of::<KSTOPOLOGY>() == 64);
};
