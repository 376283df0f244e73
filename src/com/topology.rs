// SPDX-License-Identifier: MIT OR Apache-2.0
//! `IMiniportTopology`.

use super::descriptor::describe;
use super::object::{Class, vtable};
use super::port::{Interface, PortTopology};
use crate::kernel::irql::Passive;
use crate::kernel::{Result, status};
use arioso_core::ks::ks::KSDATARANGE;
use arioso_core::ks::portcls::{
    IMiniportTopology, IMiniportTopologyVtbl, IPortTopology, IResourceList, IUnknown,
    PCFILTER_DESCRIPTOR,
};
use arioso_core::ks::status::{STATUS_INVALID_PARAMETER, STATUS_NOT_IMPLEMENTED};
use arioso_core::ks::{NTSTATUS, PVOID};

/// `IMiniportTopology`
pub trait MiniportTopology {
    fn description(&self) -> &'static PCFILTER_DESCRIPTOR;

    /// Keeps the port; it is released when the object goes.
    fn init(&self, passive: Passive, port: PortTopology) -> Result;
}

/// Builds the vtable.
pub const fn miniport_topology<T: Class + MiniportTopology>() -> IMiniportTopologyVtbl {
    vtable!([Class, MiniportTopology] IMiniportTopology, IMiniportTopologyVtbl for T {
        GetDescription |miniport, description: *mut *const PCFILTER_DESCRIPTOR| -> NTSTATUS {
            describe(description, miniport.description())
        }
        DataRangeIntersection |
            miniport, _pin: u32, _range: *const KSDATARANGE, _matching: *const KSDATARANGE, _length: u32, _format: PVOID,
            _format_length: *mut u32
        | -> NTSTATUS { STATUS_NOT_IMPLEMENTED }
        Init |miniport, _adapter: *mut IUnknown, _resources: *mut IResourceList, port: *mut IPortTopology| -> NTSTATUS {
            match Interface::borrow(port) {
                Some(port) => status(miniport.init(Passive::assume(), port)),
                None => STATUS_INVALID_PARAMETER,
            }
        }
    })
}
