// SPDX-License-Identifier: MIT OR Apache-2.0
//! `IMiniportTopology`.

use crate::com::descriptor::Static;
use crate::com::notify::{EventList, Notifier};
use crate::com::object::class;
use crate::com::port::{PortEvents, PortTopology};
use crate::com::topology::{MiniportTopology, miniport_topology};
use crate::engine::{Engine, Levels};
use crate::kernel::Result;
use crate::kernel::irql::Passive;
use arioso_core::ks::guid::{
    IID_IMiniport, IID_IMiniportTopology, KSEVENTSETID_AudioControlChange,
};
use arioso_core::ks::ksmedia::KSEVENT_CONTROL_CHANGE;
use arioso_core::ks::portcls::{IMiniportTopologyVtbl, PCFILTER_DESCRIPTOR};
use arioso_core::ks::{AlignedGuid, GUID};
use arioso_core::mem::Shared;

/// The set of the nodes' event.
pub static CHANGES: AlignedGuid = KSEVENTSETID_AudioControlChange.aligned();

/// Identifies our topology miniport.
const IID_TOPOLOGY: GUID = GUID::from_u128(0x36C9_A14F_E728_4B95_9D60_F3A8_0B5E_C271);

/// The topology's miniport.
pub struct Topology {
    engine: Shared<Engine>,
    filter: &'static Static<PCFILTER_DESCRIPTOR>,
    events: Shared<EventList>,
}

class!(Topology: IMiniportTopologyVtbl = miniport_topology::<Topology>, [
    IID_TOPOLOGY,
    IID_IMiniport,
    IID_IMiniportTopology,
]);

impl Topology {
    /// `filter` is what `GetDescription` tells.
    pub fn new(
        engine: Shared<Engine>,
        filter: &'static Static<PCFILTER_DESCRIPTOR>,
        events: Shared<EventList>,
    ) -> Self {
        Self {
            engine,
            filter,
            events,
        }
    }

    pub fn levels(&self) -> &Levels {
        self.engine.levels()
    }

    /// A node's control was turned.
    pub fn changed(&self, passive: Passive, node: u32) {
        if let Some(events) = self.events(passive) {
            events.signal(&CHANGES, KSEVENT_CONTROL_CHANGE, node);
        }
    }
}

impl MiniportTopology for Topology {
    fn description(&self) -> &'static PCFILTER_DESCRIPTOR {
        &self.filter.0
    }

    fn init(&self, passive: Passive, port: PortTopology) -> Result {
        self.events.install(passive, port.events());
        Ok(())
    }
}

impl Notifier for Topology {
    fn events(&self, passive: Passive) -> Option<PortEvents> {
        self.events.get(passive)
    }
}
