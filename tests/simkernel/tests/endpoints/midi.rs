// SPDX-License-Identifier: MIT OR Apache-2.0
//! The MIDI port: a cable that holds few bytes.

use crate::fake::log;
use crate::{MILLISECOND, Rig, SECOND, Scenario};
use arioso_core::ks::guid::*;
use arioso_core::ks::ks::*;
use arioso_core::ks::status::*;
use conformance::Client;
use conformance::events::{MusicBuffer, write};
use conformance::filter::{Filter, Pin};
use conformance::property::Property;
use conformance::read::{music_records, read};
use simkernel::client::SimClient;

pub const SCENARIOS: &[Scenario] = &[
    ("cable", cable),
    ("cable_keeps_time", cable_keeps_time),
    (
        "cable_requests_can_be_cancelled",
        cable_requests_can_be_cancelled,
    ),
    (
        "miniport_counts_and_names_pins",
        miniport_counts_and_names_pins,
    ),
];

pub type Cable = (Filter<SimClient>, Pin<SimClient>, Pin<SimClient>);

/// Both ends, running.
pub fn open_cable(rig: &mut Rig) -> Cable {
    let filter = rig.filter("Midi");
    let mut input = filter.midi_pin(&mut rig.client, 0).unwrap();
    let mut output = filter.midi_pin(&mut rig.client, 1).unwrap();
    input.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    output.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    (filter, input, output)
}

pub fn close_cable(rig: &mut Rig, (filter, input, output): Cable) {
    input.close(&mut rig.client).unwrap();
    output.close(&mut rig.client).unwrap();
    filter.close(&mut rig.client);
}

/// Reads until so many bytes have come.
pub fn collect(rig: &mut Rig, pin: &Pin<SimClient>, bytes: usize) -> Vec<u8> {
    let mut seen = Vec::new();
    while seen.len() < bytes {
        let received = read(&mut rig.client, pin.handle, 64)
            .wait(&mut rig.client)
            .unwrap();
        for record in music_records(&received).unwrap() {
            seen.extend(record.bytes);
        }
    }
    seen
}

/// More than the cable holds: the write is taken in pieces, and completes with its last byte.
fn cable() {
    let mut rig = Rig::new();
    let (filter, input, output) = open_cable(&mut rig);
    let message: Vec<u8> = (0..100).collect();
    let mut buffer = MusicBuffer::default();
    buffer.push(0, &message[..60]);
    buffer.push(0, &message[60..]);
    let sent = write(&mut rig.client, input.handle, 0, buffer.bytes());
    assert_eq!(collect(&mut rig, &output, 100), message);
    sent.wait(&mut rig.client).unwrap();
    assert!(log().services > 1, "the miniport's own service");
    close_cable(&mut rig, (filter, input, output));
    rig.finish_clean();
}

/// Bytes are written when they are due; the times of what is read count from the start of the pin.
fn cable_keeps_time() {
    let mut rig = Rig::new();
    let (filter, input, output) = open_cable(&mut rig);
    let start = rig.client.now();
    let mut buffer = MusicBuffer::default();
    buffer.push(20, &[0x90, 1, 2]);
    buffer.push(30, &[0xF8]);
    let sent = write(&mut rig.client, input.handle, 0, buffer.bytes());
    for (expected, bytes) in [(20, vec![0x90, 1, 2]), (52, vec![0xF8])] {
        let received = read(&mut rig.client, output.handle, 64)
            .wait(&mut rig.client)
            .unwrap();
        let records = music_records(&received).unwrap();
        assert_eq!(records[0].bytes, bytes);
        // The clock message is announced 2 ms late; timers have 1 ms.
        assert!(
            (expected..=expected + 2).contains(&records[0].time),
            "{records:?}"
        );
        let now = (rig.client.now() - start) / MILLISECOND;
        assert!((expected..=expected + 2).contains(&now), "{now} ms");
    }
    sent.wait(&mut rig.client).unwrap();
    close_cable(&mut rig, (filter, input, output));
    rig.finish_clean();
}

fn cable_requests_can_be_cancelled() {
    let mut rig = Rig::new();
    let filter = rig.filter("Midi");
    let mut input = filter.midi_pin(&mut rig.client, 0).unwrap();
    input.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    // Nobody reads: the cable fills up.
    let mut buffer = MusicBuffer::default();
    buffer.push(0, &[1; 20]);
    let mut blocked = write(&mut rig.client, input.handle, 0, buffer.bytes());
    let mut behind = write(&mut rig.client, input.handle, 0, buffer.bytes());
    rig.client.sleep(SECOND);
    assert!(blocked.poll(&mut rig.client).is_none() && behind.poll(&mut rig.client).is_none());
    let cancelled = blocked.cancel(&mut rig.client).map(|c| c.status);
    assert_eq!(cancelled, Some(STATUS_CANCELLED));
    // Stopping cancels the rest.
    input.set_state(&mut rig.client, KSSTATE_STOP).unwrap();
    let stopped = behind.poll(&mut rig.client).map(|c| c.status);
    assert_eq!(stopped, Some(STATUS_CANCELLED));
    let refused = write(&mut rig.client, input.handle, 0, buffer.bytes())
        .poll(&mut rig.client)
        .map(|c| c.status);
    assert_eq!(refused, Some(STATUS_INVALID_DEVICE_STATE));
    input.close(&mut rig.client).unwrap();
    filter.close(&mut rig.client);
    rig.finish_clean();
}

fn miniport_counts_and_names_pins() {
    let mut rig = Rig::new();
    let filter = rig.filter("Midi");
    let client = &mut rig.client;
    let property = |id, pin| Property::of_pin(KSPROPSETID_Pin, id, pin);
    let counts: KSPIN_CINSTANCES = property(KSPROPERTY_PIN_CINSTANCES, 1)
        .get(client, filter.handle)
        .unwrap();
    assert_eq!((counts.PossibleCount, counts.CurrentCount), (2, 0));
    // The port keeps to these counts.
    let pins = [1, 1].map(|pin| filter.midi_pin(client, pin).unwrap());
    let third = filter.midi_pin(client, 1).err().and_then(|e| e.status);
    assert_eq!(third, Some(STATUS_INSUFFICIENT_RESOURCES));
    for pin in pins {
        pin.close(client).unwrap();
    }
    let name = property(KSPROPERTY_PIN_NAME, 0).get_sized(client, filter.handle);
    assert_eq!(name.unwrap(), b"I\0n\0\0\0");
    // The port's own name is the category's.
    let other = property(KSPROPERTY_PIN_NAME, 1).get_sized(client, filter.handle);
    assert_ne!(other.unwrap(), b"I\0n\0\0\0");
    filter.close(client);
    rig.finish_clean();
}
