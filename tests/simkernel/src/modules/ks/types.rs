// SPDX-License-Identifier: MIT OR Apache-2.0
//! KSTOPOLOGY, and the tables of `ks.h` with room for what a port appends.
#![allow(non_snake_case)]

use arioso_core::ks::GUID;
pub use arioso_core::ks::ks::{
    KSDISPATCH_TABLE, KSEVENT_ENTRY, KSEVENT_ITEM, KSEVENT_SET, KSMULTIPLE_ITEM,
    KSOBJECT_CREATE_ITEM, KSPIN_CINSTANCES, KSPROPERTY_ITEM, KSPROPERTY_SET, KSTOPOLOGY_CONNECTION,
};

/// What `KsTopologyPropertyHandler` answers from.
#[repr(C)]
pub struct KSTOPOLOGY {
    /// Categories.
    pub CategoriesCount: u32,
    /// The first of them.
    pub Categories: *const GUID,
    /// Nodes.
    pub TopologyNodesCount: u32,
    /// The type of the first.
    pub TopologyNodes: *const GUID,
    /// Connections.
    pub TopologyConnectionsCount: u32,
    /// The first of them.
    pub TopologyConnections: *const KSTOPOLOGY_CONNECTION,
    /// The name of the first node, or null.
    pub TopologyNodesNames: *const GUID,
    /// 0.
    pub Reserved: u32,
}

const _: () = {
    assert!(size_of::<KSDISPATCH_TABLE>() == 80);
    assert!(size_of::<KSOBJECT_CREATE_ITEM>() == 48);
    assert!(size_of::<KSPROPERTY_ITEM>() == 72);
    assert!(size_of::<KSPROPERTY_SET>() == 40);
    assert!(size_of::<KSTOPOLOGY>() == 64);
};
