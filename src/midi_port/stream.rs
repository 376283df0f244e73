// SPDX-License-Identifier: MIT OR Apache-2.0
//! `IMiniportMidiStream`: one client at one end of the cable.

use super::cable::{Cable, Client};
use crate::com::midi::{MidiStream, midi_stream};
use crate::com::object::class;
use crate::kernel::Result;
use crate::kernel::irql::Passive;
use crate::kernel::lock::Mutex;
use arioso_core::ks::guid::{
    IID_IMiniportMidiStream, KSDATAFORMAT_SUBTYPE_MIDI, KSDATAFORMAT_TYPE_MUSIC,
};
use arioso_core::ks::ks::{KSDATAFORMAT, KSSTATE, KSSTATE_RUN, KSSTATE_STOP};
use arioso_core::ks::portcls::IMiniportMidiStreamVtbl;
use arioso_core::ks::status::{
    STATUS_INVALID_DEVICE_REQUEST, STATUS_INVALID_PARAMETER, STATUS_NO_MATCH,
};
use arioso_core::ks::{GUID, Wire};
use arioso_core::mem::Shared;
use arioso_core::midi::Counts;

/// Identifies our cable streams.
const IID_CABLE_STREAM: GUID = GUID::from_u128(0x7A1F_C390_E865_4B02_95D7_36AC_1F84_D0B3);

/// A pin's instance. The last release closes it.
pub struct CableStream {
    cable: Shared<Cable>,
    client: Client,
    reads: bool,
    running: Mutex<bool>,
}

class!(CableStream: IMiniportMidiStreamVtbl = midi_stream::<CableStream>, [IID_CABLE_STREAM, IID_IMiniportMidiStream]);

impl CableStream {
    pub fn new(cable: Shared<Cable>, client: Client, reads: bool, running: Mutex<bool>) -> Self {
        Self {
            cable,
            client,
            reads,
            running,
        }
    }

    pub fn counts(&self) -> Counts {
        self.cable.counts(self.client)
    }

    fn run(&self, passive: Passive, wanted: bool) -> Result {
        self.running.with(passive, |running| {
            if *running != wanted {
                self.cable.run(passive, self.client, wanted)?;
                *running = wanted;
            }
            Ok(())
        })
    }
}

/// Whether the cable carries the format.
pub fn check_format(format: &[u8]) -> Result {
    let head = KSDATAFORMAT::read_from(format).ok_or(STATUS_INVALID_PARAMETER)?;
    if head.MajorFormat == KSDATAFORMAT_TYPE_MUSIC && head.SubFormat == KSDATAFORMAT_SUBTYPE_MIDI {
        Ok(())
    } else {
        Err(STATUS_NO_MATCH)
    }
}

impl MidiStream for CableStream {
    /// There is one format only.
    fn set_format(&self, _: Passive, format: &[u8]) -> Result {
        check_format(format)
    }

    fn set_state(&self, passive: Passive, state: KSSTATE) -> Result {
        if !(KSSTATE_STOP..=KSSTATE_RUN).contains(&state) {
            return Err(STATUS_INVALID_PARAMETER);
        }
        self.run(passive, state == KSSTATE_RUN)
    }

    fn read(&self, bytes: &mut [u8]) -> Result<usize> {
        if !self.reads {
            return Err(STATUS_INVALID_DEVICE_REQUEST);
        }
        Ok(self.cable.read(self.client, bytes))
    }

    fn write(&self, bytes: &[u8]) -> Result<usize> {
        if self.reads {
            return Err(STATUS_INVALID_DEVICE_REQUEST);
        }
        Ok(self.cable.write(self.client, bytes))
    }
}

impl Drop for CableStream {
    fn drop(&mut self) {
        self.cable.leave(Passive::of_drop(), self.client);
    }
}
