// SPDX-License-Identifier: MIT OR Apache-2.0
//! Steps of capture pins and of the cable's.

use super::endpoint::{set_state, state};
use crate::bytes::Bytes;
use crate::machine::{Subdevice, cable};
use arioso_core::ks::arioso::{ARIOSO_TRANSPORT, KSPROPERTY_ARIOSO_TRANSPORT, KSPROPSETID_Arioso};
use conformance::events::{EventBuffer, MusicBuffer, Write, write};
use conformance::filter::Filter;
use conformance::property::Property;
use conformance::read::{Read, event_records, music_records, read};
use conformance::{Client, connect};
use simkernel::client::{SimClient, SimHandle};
use std::collections::VecDeque;

/// The low three bits of a byte are what to do, the next three the pin.
pub mod step {
    pub const OPEN: u8 = 0xC0;
    pub const STATE: u8 = 0xC1;
    pub const READ: u8 = 0xC2;
    /// Takes what has come.
    pub const TAKE: u8 = 0xC3;
    /// Bytes in a record, once or very often.
    pub const WRITE: u8 = 0xC4;
    /// Bytes in place of records.
    pub const RAW: u8 = 0xC5;
    pub const CANCEL: u8 = 0xC6;
    pub const CLOSE: u8 = 0xC7;
}

/// Pins at a time.
const WIRES: usize = 8;
/// Requests on a pin at a time.
const REQUESTS: usize = 4;
/// Bytes of a write: more than the cable holds for a reader.
const LONGEST: usize = 80 << 10;

struct Wire {
    pin: SimHandle,
    /// DMUS_EVENTHEADER records, not KSMUSICFORMAT ones.
    events: bool,
    /// Whether it is certain to be of those that count.
    counts: bool,
    reads: VecDeque<Read<SimClient>>,
    writes: VecDeque<Write<SimClient>>,
}

/// What a program has of them.
#[derive(Default)]
pub struct Wires {
    cable: Option<Filter<SimClient>>,
    open: [Option<Wire>; WIRES],
}

impl Wires {
    /// `synth`: the synthesizer and its capture pin.
    pub fn step(
        &mut self,
        client: &mut SimClient,
        synth: (&Filter<SimClient>, u32),
        byte: u8,
        input: &mut Bytes,
    ) {
        let at = usize::from(byte >> 3 & 7);
        match byte & 0xC7 {
            step::OPEN => {
                let kind = input.u8();
                if self.open[at].is_none() {
                    self.open[at] = self.connect(client, synth, kind);
                }
            }
            step::CLOSE => {
                if let Some(wire) = self.open[at].take() {
                    wire.close(client);
                }
            }
            what => {
                if let Some(wire) = &mut self.open[at] {
                    wire.step(client, what, input);
                }
            }
        }
    }

    fn connect(
        &mut self,
        client: &mut SimClient,
        (synth, capture_pin): (&Filter<SimClient>, u32),
        kind: u8,
    ) -> Option<Wire> {
        let (capture, pin) = match kind & 7 {
            0 | 1 => (true, capture_pin),
            2 => (false, cable::A_IN),
            3 => (false, cable::A_OUT),
            4 => (false, cable::B_IN),
            5 => (false, cable::B_OUT),
            // The wrong format; any pin.
            6 => (false, cable::A_IN),
            _ => (kind & 8 != 0, u32::from(kind >> 4)),
        };
        let filter = if capture {
            synth
        } else {
            self.cable
                .get_or_insert_with(|| Subdevice::Cable.open(client))
        };
        let events = matches!(kind & 7, 0 | 6);
        let connect = if events {
            connect::direct_music(pin)
        } else {
            connect::midi(pin)
        };
        let pin = filter.create_pin(client, &connect, None).ok()?;
        Some(Wire {
            pin: pin.handle,
            events,
            counts: kind & 7 != 7,
            reads: VecDeque::new(),
            writes: VecDeque::new(),
        })
    }
}

impl Wire {
    fn step(&mut self, client: &mut SimClient, what: u8, input: &mut Bytes) {
        match what {
            step::STATE => {
                let _ = set_state(client, self.pin, state(input.u8()));
            }
            step::READ => {
                let size = input.u16() & 0x3FFF;
                if self.reads.len() < REQUESTS {
                    self.reads.push_back(read(client, self.pin, size.into()));
                }
            }
            step::TAKE => self.take(client),
            step::WRITE => {
                let (repeat, length) = (input.u8(), input.u8());
                let bytes = input.take(length.into());
                // A power of two of them.
                let count = 1usize << (repeat & 0xF);
                let most = LONGEST / bytes.len().max(1);
                let bytes = bytes.repeat(count.min(most));
                let delay = u32::from(repeat >> 4) * 8;
                if self.events {
                    let now = client.now();
                    let mut buffer = EventBuffer::new(now);
                    buffer.push(now + i64::from(delay) * 10_000, 1, &bytes);
                    self.send(client, now, buffer.bytes());
                } else {
                    let mut buffer = MusicBuffer::default();
                    buffer.push(delay, &bytes);
                    self.send(client, 0, buffer.bytes());
                }
            }
            step::RAW => {
                let bytes = input.block();
                self.send(client, 0, bytes);
            }
            step::CANCEL => {
                if let Some(write) = self.writes.pop_back() {
                    write.cancel(client);
                } else if let Some(read) = self.reads.pop_back() {
                    self.check(read.cancel(client));
                }
            }
            _ => {}
        }
    }

    fn send(&mut self, client: &mut SimClient, time: i64, bytes: &[u8]) {
        if self.writes.len() == REQUESTS
            && let Some(oldest) = self.writes.pop_front()
        {
            oldest.cancel(client);
        }
        self.writes.push_back(write(client, self.pin, time, bytes));
    }

    fn take(&mut self, client: &mut SimClient) {
        while let Some(received) = self.reads.front_mut().and_then(|read| read.poll(client)) {
            self.reads.pop_front();
            self.check(Some(received));
        }
        while self
            .writes
            .front_mut()
            .is_some_and(|w| w.poll(client).is_some())
        {
            self.writes.pop_front();
        }
        let transport = Property::new(KSPROPSETID_Arioso, KSPROPERTY_ARIOSO_TRANSPORT)
            .get::<_, ARIOSO_TRANSPORT>(client, self.pin);
        match transport {
            Ok(counts) => assert!(counts.Waiting <= 65_536, "{counts:?}"),
            Err(error) => assert!(!self.counts, "{error}"),
        }
    }

    /// What comes is whole records.
    fn check(&self, received: Option<Result<conformance::read::Received, conformance::Error>>) {
        if let Some(Ok(received)) = received {
            let records = if self.events {
                event_records(&received)
            } else {
                music_records(&received)
            };
            records.expect("whole records");
        }
    }

    /// With all that waits.
    fn close(self, client: &mut SimClient) {
        client.close(self.pin);
        for read in self.reads {
            let _ = read.cancel(client);
        }
        for write in self.writes {
            let _ = write.cancel(client);
        }
    }
}
