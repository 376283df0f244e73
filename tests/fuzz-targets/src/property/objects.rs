// SPDX-License-Identifier: MIT OR Apache-2.0
//! What requests may go to, opened when the first one does.

use super::{Request, address};
use crate::machine::{Pins, Subdevice, cable};
use arioso_core::ks::ks::{
    IOCTL_KS_ENABLE_EVENT, IOCTL_KS_READ_STREAM, IOCTL_KS_WRITE_STREAM, KSEVENTDATA,
    KSSTREAM_HEADER,
};
use conformance::connect::{self, SampleFormat};
use conformance::filter::Filter;
use conformance::{Client, NtStatus};
use simkernel::client::{SimClient, SimHandle};
use std::mem::offset_of;

/// The low nibble of an object's byte, if bit 6 is set.
pub mod object {
    pub const SYNTH: u8 = 0;
    pub const MUSIC: u8 = 1;
    /// The wave pin, or another music pin.
    pub const OTHER: u8 = 2;
    pub const WAVE: u8 = 3;
    pub const TOPOLOGY: u8 = 4;
    pub const CABLE: u8 = 5;
    /// 16-bit stereo, 48 kHz.
    pub const ENDPOINT: u8 = 6;
    /// Of DirectMusic events, of MIDI.
    pub const EVENTS: u8 = 7;
    pub const MIDI: u8 = 8;
    pub const A_IN: u8 = 9;
    pub const A_OUT: u8 = 10;
    pub const B_IN: u8 = 11;
    pub const B_OUT: u8 = 12;
    /// The pin that was made last.
    pub const LAST: u8 = 13;
    /// Closes it.
    pub const CLOSE: u8 = 14;
    /// No request: makes a pin of the filter that the node's low bits name, of the item's number. The instance replaces the
    /// connection's beginning, the data are the format.
    pub const CREATE: u8 = 15;
}

pub struct Objects {
    first: [SimHandle; 3],
    pins: Pins,
    wow64: bool,
    filters: [Option<Filter<SimClient>>; 4],
    opened: [Option<SimHandle>; 16],
    /// An event of the program's.
    event: Option<u64>,
    /// Event data of what is enabled.
    enabled: Vec<u64>,
}

impl Objects {
    /// The synthesizer, its music pin, a third one.
    pub fn new(first: [SimHandle; 3], pins: Pins, wow64: bool) -> Self {
        Self {
            first,
            pins,
            wow64,
            filters: [const { None }; 4],
            opened: [None; 16],
            event: None,
            enabled: Vec::new(),
        }
    }

    /// Whether the endpoint's controls were within reach.
    pub fn turned(&self) -> bool {
        self.filters[Subdevice::Topology as usize].is_some()
    }

    /// What a request goes to; nothing if it cannot be opened, or if the request was none.
    pub fn find(&mut self, client: &mut SimClient, request: &Request) -> Option<SimHandle> {
        if !request.is_elsewhere() {
            return Some(self.first[usize::from(request.object) % self.first.len()]);
        }
        let which = request.object & 0xF;
        let place = usize::from(which);
        match which {
            object::SYNTH..=object::OTHER => Some(self.first[place]),
            object::WAVE => Some(self.filter(client, Subdevice::Wave).handle),
            object::TOPOLOGY => Some(self.filter(client, Subdevice::Topology).handle),
            object::CABLE => Some(self.filter(client, Subdevice::Cable).handle),
            object::LAST => self.opened[usize::from(object::LAST)],
            object::CLOSE | object::CREATE => {
                if let Some(last) = self.opened[usize::from(object::LAST)].take() {
                    client.close(last);
                }
                if which == object::CREATE {
                    self.opened[usize::from(object::LAST)] = self.create(client, request);
                }
                None
            }
            _ => {
                if self.opened[place].is_none() {
                    self.opened[place] = self.open(client, which).ok();
                }
                self.opened[place]
            }
        }
    }

    fn filter(&mut self, client: &mut SimClient, subdevice: Subdevice) -> &Filter<SimClient> {
        self.filters[subdevice as usize].get_or_insert_with(|| subdevice.open(client))
    }

    fn open(&mut self, client: &mut SimClient, which: u8) -> Result<SimHandle, NtStatus> {
        let (filter, connect) = match which {
            object::ENDPOINT => {
                let format = SampleFormat::pcm(48_000, 16);
                let connect = connect::extensible(self.pins.endpoint, format);
                (Subdevice::Wave, connect)
            }
            object::EVENTS => (Subdevice::Synth, connect::direct_music(self.pins.capture)),
            object::MIDI => (Subdevice::Synth, connect::midi(self.pins.capture)),
            object::A_IN => (Subdevice::Cable, connect::midi(cable::A_IN)),
            object::A_OUT => (Subdevice::Cable, connect::midi(cable::A_OUT)),
            object::B_IN => (Subdevice::Cable, connect::midi(cable::B_IN)),
            _ => (Subdevice::Cable, connect::midi(cable::B_OUT)),
        };
        let filter = self.filter(client, filter).handle;
        client.create_pin(filter, &connect, None)
    }

    fn create(&mut self, client: &mut SimClient, request: &Request) -> Option<SimHandle> {
        let filter = Subdevice::ALL[usize::from(request.node & 3)];
        let filter = self.filter(client, filter).handle;
        let mut connect = connect::with_format(request.item.into(), request.data);
        for (byte, other) in connect.iter_mut().zip(request.instance) {
            *byte = *other;
        }
        connect.truncate(request.sent.into());
        client.create_pin(filter, &connect, None).ok()
    }

    /// The eight bytes behind KSPROPERTY: the node; 255, elsewhere: an event of the program's.
    pub fn node(&mut self, client: &mut SimClient, request: &Request) -> [u8; 8] {
        if request.is_elsewhere() && request.node == 255 {
            return self.event(client).to_le_bytes();
        }
        u64::from(request.node).to_le_bytes()
    }

    fn event(&mut self, client: &mut SimClient) -> u64 {
        *self.event.get_or_insert_with(|| client.create_event())
    }

    /// Puts what only the program knows into a value: the address of a stream's data, an event.
    pub fn fill_in(&mut self, client: &mut SimClient, code: u32, place: u64, value: &mut [u8]) {
        let (at, word, wide) = match code {
            IOCTL_KS_READ_STREAM | IOCTL_KS_WRITE_STREAM => {
                (offset_of!(KSSTREAM_HEADER, Data), place, !self.wow64)
            }
            IOCTL_KS_ENABLE_EVENT if self.wow64 => (4, self.event(client), false),
            IOCTL_KS_ENABLE_EVENT => (
                offset_of!(KSEVENTDATA, EventHandle),
                self.event(client),
                true,
            ),
            _ => return,
        };
        let width = if wide { 8 } else { 4 };
        if let Some(field) = value.get_mut(at..at + width) {
            field.copy_from_slice(&word.to_le_bytes()[..width]);
        }
    }

    pub fn enable(&mut self, data: u64) {
        self.enabled.push(data);
    }

    /// What a request to disable names: nothing that is enabled if its address is not valid.
    pub fn enabled(&mut self, request: &Request) -> Option<u64> {
        let valid = request.address % address::COUNT == address::VALID;
        if valid { self.enabled.pop() } else { None }
    }
}
