// SPDX-License-Identifier: MIT OR Apache-2.0
//! Capture pins: reads that are kept under way, and what came.

use crate::rig::Rig;
use arioso_core::ks::arioso::{ARIOSO_TRANSPORT, KSPROPERTY_ARIOSO_TRANSPORT, KSPROPSETID_Arioso};
use arioso_core::ks::ks::{
    KSPIN_DATAFLOW_OUT, KSSTATE_RUN, KSSTREAM_HEADER_OPTIONSF_DATADISCONTINUITY,
};
use conformance::connect;
use conformance::filter::{self, Filter, Pin, PinInfo};
use conformance::property::Property;
use conformance::read::{Read, Record, event_records, music_records, read};
use simkernel::client::{SimClient, SimHandle};
use std::collections::VecDeque;

/// Pins of the cable: what is written to the first of a pair is read at the second.
pub const A_IN: u32 = 0;
pub const A_OUT: u32 = 1;
pub const B_IN: u32 = 2;
pub const B_OUT: u32 = 3;

/// Reads that wait at a time, and bytes of each.
const READS: usize = 4;
const BYTES: usize = 16_384;

/// Opens the subdevice with this reference string.
pub fn subdevice(client: &mut SimClient, name: &str) -> Filter<SimClient> {
    filter::subdevice(client, name).expect("the filter")
}

/// The synthesizer's capture pin.
pub fn capture_pin(client: &mut SimClient, filter: &Filter<SimClient>) -> u32 {
    capture_of(&filter.pins(client).expect("pins"))
}

/// The capture pin of these.
pub fn capture_of(pins: &[PinInfo]) -> u32 {
    let midi = arioso_core::ks::guid::KSDATAFORMAT_SUBTYPE_MIDI;
    pins.iter()
        .find(|pin| pin.flow == KSPIN_DATAFLOW_OUT && pin.takes(&midi))
        .expect("a capture pin")
        .id
}

/// What has passed a capture pin or a pin of the cable.
pub fn transport(client: &mut SimClient, pin: SimHandle) -> ARIOSO_TRANSPORT {
    Property::new(KSPROPSETID_Arioso, KSPROPERTY_ARIOSO_TRANSPORT)
        .get(client, pin)
        .expect("the pin's counts")
}

/// An open capture pin in RUN.
pub struct Listener {
    pub pin: Pin<SimClient>,
    direct_music: bool,
    reads: VecDeque<Read<SimClient>>,
    /// What has come and has not been taken.
    pub records: Vec<Record>,
}

impl Listener {
    pub fn open(rig: &mut Rig, filter: &Filter<SimClient>, pin: u32, direct_music: bool) -> Self {
        let connect = if direct_music {
            connect::direct_music(pin)
        } else {
            connect::midi(pin)
        };
        let client = &mut rig.client;
        let mut pin = filter
            .create_pin(client, &connect, None)
            .expect("a capture pin");
        pin.set_state(client, KSSTATE_RUN).expect("it runs");
        let reads = (0..READS)
            .map(|_| read(client, pin.handle, BYTES))
            .collect();
        Self {
            pin,
            direct_music,
            reads,
            records: Vec::new(),
        }
    }

    /// Takes what has come, and reads on.
    pub fn collect(&mut self, rig: &mut Rig) {
        let client = &mut rig.client;
        while let Some(received) = self.reads.front_mut().and_then(|read| read.poll(client)) {
            let received = received.expect("a read succeeds");
            let gap = received.options & KSSTREAM_HEADER_OPTIONSF_DATADISCONTINUITY;
            assert_eq!(gap, 0, "the port has lost nothing");
            self.reads.pop_front();
            let records = if self.direct_music {
                event_records(&received)
            } else {
                music_records(&received)
            };
            self.records.extend(records.expect("whole records"));
            self.reads.push_back(read(client, self.pin.handle, BYTES));
        }
    }

    /// All bytes that have come.
    pub fn bytes(&self) -> Vec<u8> {
        self.records.iter().flat_map(|r| r.bytes.clone()).collect()
    }

    pub fn counts(&self, rig: &mut Rig) -> ARIOSO_TRANSPORT {
        transport(&mut rig.client, self.pin.handle)
    }

    pub fn close(self, rig: &mut Rig) {
        for read in self.reads {
            let _ = read.cancel(&mut rig.client);
        }
        self.pin.close(&mut rig.client).expect("the pin closes");
    }
}
