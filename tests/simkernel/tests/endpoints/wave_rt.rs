// SPDX-License-Identifier: MIT OR Apache-2.0
//! The WaveRT port: a capture endpoint.

use crate::fake::{self, log};
use crate::{FORMAT, MILLISECOND, Rig, Scenario};
use arioso_core::ks::guid::*;
use arioso_core::ks::ks::*;
use arioso_core::ks::ksmedia::*;
use arioso_core::ks::status::*;
use conformance::Client;
use conformance::cases::Width;
use conformance::connect::{self, SampleFormat};
use conformance::property::Property;
use conformance::rt_audio::samples;
use simkernel::client::{ClientOptions, SimClient};
use simkernel::nt::{POWER_SYSTEM_SLEEPING3, POWER_SYSTEM_WORKING};

pub const SCENARIOS: &[Scenario] = &[
    ("buffer_is_shared", buffer_is_shared),
    ("events_and_packets", events_and_packets),
    (
        "events_and_packets_of_a_32_bit_program",
        events_and_packets_of_a_32_bit_program,
    ),
    ("buffer_rules", buffer_rules),
    ("a_client_that_dies", a_client_that_dies),
    ("endpoint_sleeps", endpoint_sleeps),
    ("endpoint_goes_away", endpoint_goes_away),
];

fn buffer_is_shared() {
    let mut rig = Rig::new();
    let (filter, mut stream) = rig.endpoint();
    let (address, bytes) = stream.allocate(&mut rig.client, 1000).unwrap();
    assert!(bytes >= 1000 && address != 0);
    assert_eq!(stream.position(&mut rig.client).unwrap().PlayOffset, 0);
    let latency = stream.latency(&mut rig.client).unwrap();
    assert_eq!(
        [latency.FifoSize, latency.ChipsetDelay, latency.CodecDelay],
        [1, 2, 3]
    );
    stream.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    rig.advance(bytes + 10);
    let wrapped: Vec<u8> = (bytes..bytes + 10).map(|i| i as u8).collect();
    assert_eq!(stream.bytes(&mut rig.client, 0, 10), wrapped);
    assert_eq!(stream.bytes(&mut rig.client, 10, 2), [10, 11]);
    let position = stream.position(&mut rig.client).unwrap();
    assert_eq!(position.WriteOffset, 10);
    // The client may write there too.
    rig.client.write(address, &[0xEE]);
    assert_eq!(stream.bytes(&mut rig.client, 0, 1), [0xEE]);
    assert_eq!(samples(&FORMAT, &[0, 0x80]), [-1.0]);
    stream.close(&mut rig.client).unwrap();
    assert_eq!(log().states, [1, 2, 3, 2, 1, 0]);
    filter.close(&mut rig.client);
    rig.finish_clean();
}

fn events_and_packets() {
    stream_events(Width::Bits64);
}

fn events_and_packets_of_a_32_bit_program() {
    stream_events(Width::Bits32);
}

fn stream_events(width: Width) {
    let mut rig = Rig::for_client(ClientOptions {
        wow64: width == Width::Bits32,
        ..ClientOptions::default()
    });
    let (filter, mut stream) = rig.endpoint();
    stream.width = width;
    assert!(stream.supports_notification(&mut rig.client).unwrap());
    let early = stream.register_event(&mut rig.client).unwrap_err();
    assert_eq!(early.status, Some(STATUS_INVALID_DEVICE_STATE));
    let (_, bytes) = stream.allocate_notified(&mut rig.client, 1920, 2).unwrap();
    let packet = bytes / 2;
    let event = stream.register_event(&mut rig.client).unwrap();
    let second = stream.register_event(&mut rig.client).unwrap();
    assert_eq!(fake::wave_rt::registered(), 2);
    let id = KSPROPERTY_RTAUDIO_REGISTER_NOTIFICATION_EVENT;
    assert!(
        stream.send_event(&mut rig.client, id, event).is_err(),
        "twice"
    );
    assert!(stream.send_event(&mut rig.client, id, 0x1234).is_err());
    stream.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let nothing = stream.read_packet(&mut rig.client).unwrap_err();
    assert_eq!(nothing.status, Some(STATUS_DEVICE_NOT_READY));
    assert!(!rig.client.wait_event(event, MILLISECOND));
    for number in 0..5 {
        rig.advance(packet);
        assert!(rig.client.wait_event(event, 0), "packet {number}");
        assert!(!rig.client.wait_event(event, 0), "a wait resets it");
        let info = stream.read_packet(&mut rig.client).unwrap();
        assert_eq!((info.PacketNumber, info.Flags), (number, 0));
        assert_eq!(info.PerformanceCounterValue, 1234);
        let data = stream.packet(&mut rig.client, number);
        assert_eq!(data.len(), packet as usize);
        assert_eq!(data[0], (number * packet) as u8);
    }
    assert!(rig.client.wait_event(second, 0));
    stream.unregister_event(&mut rig.client, second).unwrap();
    assert_eq!(fake::wave_rt::registered(), 1);
    let count = Property::new(KSPROPSETID_RtAudio, KSPROPERTY_RTAUDIO_PACKETCOUNT)
        .get::<_, u32>(&mut rig.client, stream.pin.handle)
        .unwrap_err();
    assert_eq!(count.status, Some(STATUS_NOT_SUPPORTED), "for render pins");
    stream.close(&mut rig.client).unwrap();
    filter.close(&mut rig.client);
    rig.finish_clean();
}

fn buffer_rules() {
    let mut rig = Rig::new();
    let (filter, mut stream) = rig.endpoint();
    let refused = rig
        .client
        .create_pin(filter.handle, &connect::extensible(0, FORMAT), None);
    assert_eq!(refused, Err(STATUS_INSUFFICIENT_RESOURCES), "one instance");
    stream.allocate(&mut rig.client, 4096).unwrap();
    let again = stream.allocate(&mut rig.client, 4096).unwrap_err();
    assert_eq!(again.status, Some(STATUS_UNSUCCESSFUL));
    // A buffer without notification has no events.
    let event = stream.register_event(&mut rig.client).unwrap_err();
    assert_eq!(event.status, Some(STATUS_INVALID_DEVICE_STATE));
    for id in [
        KSPROPERTY_RTAUDIO_POSITIONREGISTER,
        KSPROPERTY_RTAUDIO_CLOCKREGISTER,
    ] {
        let register = Property::new(KSPROPSETID_RtAudio, id)
            .with(&[0; 8])
            .get::<_, KSRTAUDIO_HWREGISTER>(&mut rig.client, stream.pin.handle)
            .unwrap_err();
        assert_eq!(register.status, Some(STATUS_NOT_IMPLEMENTED));
    }
    // The present format is accepted; the driver refuses others.
    let format = Property::new(KSPROPSETID_Connection, KSPROPERTY_CONNECTION_DATAFORMAT);
    let same = format
        .get_sized(&mut rig.client, stream.pin.handle)
        .unwrap();
    assert_eq!(same, FORMAT.data_format());
    let set = |client: &mut SimClient, mut bytes: Vec<u8>| {
        let handle = stream.pin.handle;
        format
            .send(client, handle, KSPROPERTY_TYPE_SET, &mut bytes)
            .status
    };
    assert_eq!(set(&mut rig.client, same), STATUS_SUCCESS);
    let other = SampleFormat::pcm(44_100, 16).data_format();
    assert_eq!(set(&mut rig.client, other), STATUS_NOT_SUPPORTED);
    stream.close(&mut rig.client).unwrap();
    filter.close(&mut rig.client);
    rig.finish_clean();
}

/// The handle is closed in RUN with events registered: the port stops the stream and takes everything back.
fn a_client_that_dies() {
    let mut rig = Rig::new();
    let (filter, mut stream) = rig.endpoint();
    stream.allocate_notified(&mut rig.client, 4096, 2).unwrap();
    stream.register_event(&mut rig.client).unwrap();
    stream.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let events = stream.abandon(&mut rig.client);
    assert_eq!(log().states, [1, 2, 3, 2, 1, 0]);
    events
        .into_iter()
        .for_each(|event| rig.client.close_event(event));
    filter.close(&mut rig.client);
    rig.finish_clean();
}

fn endpoint_sleeps() {
    let mut rig = Rig::new();
    let (filter, mut stream) = rig.endpoint();
    stream.allocate(&mut rig.client, 4096).unwrap();
    stream.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    log().states.clear();
    for state in [POWER_SYSTEM_SLEEPING3, POWER_SYSTEM_WORKING] {
        assert!(rig.system.set_system_power(rig.device, state) >= 0);
    }
    assert_eq!(log().states, [KSSTATE_PAUSE, KSSTATE_RUN]);
    stream.close(&mut rig.client).unwrap();
    filter.close(&mut rig.client);
    rig.finish_clean();
}

fn endpoint_goes_away() {
    let mut rig = Rig::new();
    let (filter, mut stream) = rig.endpoint();
    stream.allocate_notified(&mut rig.client, 4096, 2).unwrap();
    stream.register_event(&mut rig.client).unwrap();
    stream.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    assert_eq!(rig.system.surprise_remove(rig.device), STATUS_SUCCESS);
    let gone = stream.position(&mut rig.client).unwrap_err();
    assert_eq!(gone.status, Some(STATUS_DEVICE_REMOVED));
    stream.abandon(&mut rig.client);
    filter.close(&mut rig.client);
    rig.finish_clean();
}
