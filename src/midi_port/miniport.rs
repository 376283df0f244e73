// SPDX-License-Identifier: MIT OR Apache-2.0
//! `IMiniportMidi`.

use super::cable::Cable;
use super::filter::{FILTER, place};
use super::stream::{CableStream, check_format};
use crate::com::midi::{MiniportMidi, miniport_midi};
use crate::com::object::{ObjectRef, class};
use crate::com::service::{PortMidi, ServiceGroup};
use crate::kernel::irql::Passive;
use crate::kernel::lock::Mutex;
use crate::kernel::{Result, no_memory};
use arioso_core::ks::GUID;
use arioso_core::ks::guid::{IID_IMiniport, IID_IMiniportMidi};
use arioso_core::ks::portcls::{IMiniportMidiVtbl, PCFILTER_DESCRIPTOR};
use arioso_core::ks::status::STATUS_INVALID_DEVICE_REQUEST;
use arioso_core::mem::Shared;

/// Identifies our miniport object.
const IID_MINIPORT: GUID = GUID::from_u128(0x94E6_0B7D_38F1_4C59_AE02_C7D5_816B_F24A);

/// The cable's miniport. The port belongs to the cable's notifier, until the device goes.
pub struct Miniport {
    cable: Shared<Cable>,
}

class!(Miniport: IMiniportMidiVtbl = miniport_midi::<Miniport>, [IID_MINIPORT, IID_IMiniport, IID_IMiniportMidi]);

impl Miniport {
    pub fn new(cable: Shared<Cable>) -> Self {
        Self { cable }
    }
}

impl MiniportMidi for Miniport {
    type Stream = CableStream;

    fn description(&self) -> &'static PCFILTER_DESCRIPTOR {
        &FILTER.0
    }

    fn init(&self, passive: Passive, port: PortMidi) -> Result<ServiceGroup> {
        self.cable.install(passive, port)
    }

    fn new_stream(
        &self,
        passive: Passive,
        pin: u32,
        capture: bool,
        format: &[u8],
    ) -> Result<(ObjectRef<CableStream>, ServiceGroup)> {
        let (direction, reads) = place(pin)
            .filter(|(_, reads)| *reads == capture)
            .ok_or(STATUS_INVALID_DEVICE_REQUEST)?;
        check_format(format)?;
        let group = self.cable.group(passive)?;
        let running = Mutex::new(false).map_err(no_memory)?;
        let client = self.cable.join(passive, direction, reads)?;
        let stream = CableStream::new(self.cable.clone(), client, reads, running);
        Ok((ObjectRef::new(stream)?, group))
    }
}
