// SPDX-License-Identifier: MIT OR Apache-2.0
//! A filter descriptor, checked and in the form that `ks.sys` wants.

use core::ptr;

use arioso_core::ks::GUID;
use arioso_core::ks::ks::*;
use arioso_core::ks::portcls::*;

use super::verify::{Rule, violation};
use crate::modules::irp;
use crate::modules::ks::types::KSTOPOLOGY;

/// Pins, nodes and connections of a filter. Pointers go into the driver's descriptor, which is constant by contract.
pub struct Shape {
    pub descriptor: *const PCFILTER_DESCRIPTOR,
    pub pins: Vec<KSPIN_DESCRIPTOR>,
    pub pc_pins: Vec<*const PCPIN_DESCRIPTOR>,
    pub nodes: Vec<*const PCNODE_DESCRIPTOR>,
    pub categories: Vec<GUID>,
    pub topology: Box<KSTOPOLOGY>,
    _types: Vec<GUID>,
    _names: Vec<GUID>,
    _connections: Vec<KSTOPOLOGY_CONNECTION>,
}

impl Shape {
    /// Reads the descriptor. What breaks the rules of docs/reference/dmus-miniport.md §4.4 is reported; `None` if it cannot be used.
    /// `categories` stand for an empty list of categories.
    ///
    /// # Safety
    /// `descriptor` is null or a driver's filter descriptor.
    pub unsafe fn read(
        descriptor: *const PCFILTER_DESCRIPTOR,
        categories: &[GUID],
    ) -> Option<Shape> {
        // SAFETY: by the contract; lists are counted and have the stride that the descriptor says.
        unsafe {
            let d = descriptor.as_ref()?;
            let strides = [
                (
                    "PinSize",
                    d.PinCount,
                    d.PinSize as usize,
                    size_of::<PCPIN_DESCRIPTOR>(),
                ),
                (
                    "NodeSize",
                    d.NodeCount,
                    d.NodeSize as usize,
                    size_of::<PCNODE_DESCRIPTOR>(),
                ),
            ];
            for (what, count, size, least) in strides {
                if count > 0 && (size < least || size % 8 != 0) {
                    bad(format!("{what} is {size}"));
                    return None;
                }
            }
            if d.Version != 0 {
                bad(format!("Version is {}", d.Version));
            }
            let pc_pins: Vec<*const PCPIN_DESCRIPTOR> = (0..d.PinCount as usize)
                .map(|i| d.Pins.byte_add(i * d.PinSize as usize))
                .collect();
            let nodes: Vec<*const PCNODE_DESCRIPTOR> = (0..d.NodeCount as usize)
                .map(|i| d.Nodes.byte_add(i * d.NodeSize as usize))
                .collect();
            let connections: Vec<KSTOPOLOGY_CONNECTION> =
                irp::slice(d.Connections, d.ConnectionCount as usize)
                    .iter()
                    .map(|c| KSTOPOLOGY_CONNECTION {
                        FromNode: c.FromNode,
                        FromNodePin: c.FromNodePin,
                        ToNode: c.ToNode,
                        ToNodePin: c.ToNodePin,
                    })
                    .collect();
            check_pins(&pc_pins);
            check_connections(&connections, pc_pins.len() as u32, nodes.len() as u32);
            let categories = match irp::slice(d.Categories, d.CategoryCount as usize) {
                [] => categories.to_vec(),
                own => own.to_vec(),
            };
            let types: Vec<GUID> = nodes
                .iter()
                .map(|n| (**n).Type.as_ref().copied().unwrap_or(GUID::NULL))
                .collect();
            let names: Vec<GUID> = nodes
                .iter()
                .map(|n| {
                    (**n)
                        .Name
                        .as_ref()
                        .or((**n).Type.as_ref())
                        .copied()
                        .unwrap_or(GUID::NULL)
                })
                .collect();
            let topology = Box::new(KSTOPOLOGY {
                CategoriesCount: categories.len() as u32,
                Categories: categories.as_ptr(),
                TopologyNodesCount: types.len() as u32,
                TopologyNodes: types.as_ptr(),
                TopologyConnectionsCount: connections.len() as u32,
                TopologyConnections: connections.as_ptr(),
                TopologyNodesNames: names.as_ptr(),
                Reserved: 0,
            });
            let pins = pc_pins
                .iter()
                .map(|p| ptr::read(&raw const (**p).KsPinDescriptor))
                .collect();
            Some(Shape {
                descriptor,
                pins,
                pc_pins,
                nodes,
                categories,
                topology,
                _types: types,
                _names: names,
                _connections: connections,
            })
        }
    }
}

fn bad(text: String) {
    violation(Rule::FilterDescriptor, "filter descriptor", text);
}

unsafe fn check_pins(pins: &[*const PCPIN_DESCRIPTOR]) {
    for (i, &pin) in pins.iter().enumerate() {
        // SAFETY: entries of the descriptor.
        unsafe {
            let pin = &*pin;
            let k = &pin.KsPinDescriptor;
            if !(KSPIN_DATAFLOW_IN..=KSPIN_DATAFLOW_OUT).contains(&k.DataFlow) {
                bad(format!("pin {i}: DataFlow {}", k.DataFlow));
            }
            if !(KSPIN_COMMUNICATION_NONE..=KSPIN_COMMUNICATION_BRIDGE).contains(&k.Communication) {
                bad(format!("pin {i}: Communication {}", k.Communication));
            }
            if k.Category.is_null() {
                bad(format!("pin {i} has no category"));
            }
            if pin.MinFilterInstanceCount > pin.MaxFilterInstanceCount
                || pin.MaxFilterInstanceCount > pin.MaxGlobalInstanceCount
            {
                bad(format!("pin {i}: instance counts are not ordered"));
            }
            let mut entries = irp::slice(k.DataRanges, k.DataRangesCount as usize).iter();
            while let Some(range) = entries.next() {
                let range = range.as_ref();
                if range.is_some_and(|r| r.Flags & KSDATARANGE_ATTRIBUTES != 0) {
                    // The next entry is the range's list of attributes.
                    if entries.next().is_none_or(|list| list.is_null()) {
                        bad(format!("pin {i}: a range without its list of attributes"));
                    }
                }
                let size = range.map_or(0, |r| r.FormatSize as usize);
                if size < size_of::<KSDATARANGE>() {
                    bad(format!("pin {i}: a data range of {size} bytes"));
                }
            }
        }
    }
}

/// No orphans: every pin and node has an end of a connection, and connections name what exists.
fn check_connections(connections: &[KSTOPOLOGY_CONNECTION], pins: u32, nodes: u32) {
    let ends = connections
        .iter()
        .flat_map(|c| [(c.FromNode, c.FromNodePin), (c.ToNode, c.ToNodePin)]);
    for (node, pin) in ends.clone() {
        if node == KSFILTER_NODE && pin >= pins || node != KSFILTER_NODE && node >= nodes {
            bad(format!("a connection names node {node:#x}, pin {pin}"));
        }
    }
    for pin in (0..pins).filter(|&p| !ends.clone().any(|e| e == (KSFILTER_NODE, p))) {
        bad(format!("pin {pin} is in no connection"));
    }
    for node in (0..nodes).filter(|&n| !ends.clone().any(|e| e.0 == n)) {
        bad(format!("node {node} is in no connection"));
    }
}
