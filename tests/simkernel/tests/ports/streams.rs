// SPDX-License-Identifier: MIT OR Apache-2.0
//! Events on their way to the miniport, states, removal.

use arioso_core::ks::guid::*;
use arioso_core::ks::ks::*;
use arioso_core::ks::status::*;
use conformance::events::{EventBuffer, MusicBuffer, write};
use conformance::property::Property;
use conformance::{Client, connect};
use simkernel::client::ClientOptions;
use simkernel::nt::{POWER_SYSTEM_SLEEPING3, POWER_SYSTEM_WORKING};
use simkernel::system::{AudioOptions, Options};

use crate::fake::log;
use crate::{Rig, SECOND, Scenario};

pub const SCENARIOS: &[Scenario] = &[
    ("states_go_step_by_step", states_go_step_by_step),
    ("chains_and_fragments", chains_and_fragments),
    ("packages", packages),
    ("midi_bytes_become_messages", midi_bytes_become_messages),
    (
        "port_sequences_for_a_miniport_with_prefetch",
        port_sequences_for_a_miniport_with_prefetch,
    ),
    (
        "requests_wait_below_run_and_can_be_cancelled",
        requests_wait_below_run_and_can_be_cancelled,
    ),
    ("stop_flushes_the_sequencer", stop_flushes_the_sequencer),
    ("power_pauses_streams", power_pauses_streams),
    (
        "surprise_removal_with_an_open_pin",
        surprise_removal_with_an_open_pin,
    ),
    ("narrow_headers", narrow_headers),
    ("a_million_events_at_once", a_million_events_at_once),
];

fn states_go_step_by_step() {
    let mut rig = Rig::new(Options::default());
    let (filter, pin) = rig.direct_music();
    let state = Property::new(KSPROPSETID_Connection, KSPROPERTY_CONNECTION_STATE);
    state.set(&mut rig.client, pin.handle, KSSTATE_RUN).unwrap();
    assert_eq!(pin.state(&mut rig.client).unwrap(), KSSTATE_RUN);
    state
        .set(&mut rig.client, pin.handle, KSSTATE_ACQUIRE)
        .unwrap();
    assert_eq!(log().states, [(0, 1), (0, 2), (0, 3), (0, 2), (0, 1)]);
    assert!(state.set(&mut rig.client, pin.handle, 4).is_err());
    // Closing stops.
    rig.client.close(pin.handle);
    assert_eq!(log().states.last(), Some(&(0, 0)));
    filter.close(&mut rig.client);
    rig.finish_clean();
}

fn chains_and_fragments() {
    let mut rig = Rig::new(Options::default());
    let (filter, mut pin) = rig.direct_music();
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let start = rig.client.now() + SECOND;
    let mut buffer = EventBuffer::new(start);
    buffer.push(start, 1, &[0x90, 60, 1]);
    buffer.push(start, 2, &[0x90, 61, 1]);
    let mut long = vec![0xF0];
    long.extend((0..5000).map(|i| (i % 128) as u8));
    long.push(0xF7);
    buffer.push(start + 7, 1, &long);
    write(&mut rig.client, pin.handle, buffer.start(), buffer.bytes())
        .wait(&mut rig.client)
        .unwrap();
    let events = &log().events;
    assert_eq!(events.len(), 4);
    assert_eq!(
        (events[0].4, events[1].4),
        (0, 1),
        "events of one time come in one chain"
    );
    assert_eq!(
        (events[1].0, events[1].1, &events[1].3[..]),
        (start, 2, &[0x90, 61, 1][..])
    );
    assert_eq!(
        (events[2].2, events[3].2),
        (1, 0),
        "all fragments but the last are incomplete"
    );
    assert_eq!([&events[2].3[..], &events[3].3[..]].concat(), long);
    assert_eq!(events[2].0, start + 7);
    rig.close(filter, pin);
    rig.finish_clean();
}

/// A driver may give a package back with its contents.
fn packages() {
    let audio = AudioOptions {
        packages: true,
        ..AudioOptions::default()
    };
    let mut rig = Rig::new(Options {
        audio,
        ..Options::default()
    });
    let (filter, mut pin) = rig.direct_music();
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let start = rig.client.now();
    let long: Vec<u8> = std::iter::once(0xF0)
        .chain(vec![1; 9000])
        .chain([0xF7])
        .collect();
    let mut buffer = EventBuffer::new(start);
    buffer.push(start, 1, &[0x90, 1, 1]);
    buffer.push(start, 1, &long);
    buffer.push(start, 1, &[0x90, 2, 1]);
    write(&mut rig.client, pin.handle, start, buffer.bytes())
        .wait(&mut rig.client)
        .unwrap();
    let events = &log().events;
    assert_eq!(
        events.iter().map(|e| e.2).collect::<Vec<_>>(),
        [0, 1, 1, 0, 0]
    );
    assert_eq!(
        events[1..4]
            .iter()
            .flat_map(|e| e.3.clone())
            .collect::<Vec<_>>(),
        long
    );
    rig.close(filter, pin);
    rig.finish_clean();
}

fn midi_bytes_become_messages() {
    let mut rig = Rig::new(Options::default());
    let filter = rig.filter("Synth");
    let mut pin = filter.midi_pin(&mut rig.client, 0).unwrap();
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let run = rig.client.now();
    let mut buffer = MusicBuffer::default();
    buffer.push(0, &[0x90, 60, 1, 62, 2]);
    buffer.push(5, &[0xC0, 3]);
    let before = rig.client.now();
    write(&mut rig.client, pin.handle, 0, buffer.bytes())
        .wait(&mut rig.client)
        .unwrap();
    let events = &log().events;
    assert_eq!(
        events.iter().map(|e| e.3.clone()).collect::<Vec<_>>(),
        [vec![0x90, 60, 1], vec![0x90, 62, 2], vec![0xC0, 3]]
    );
    assert!(
        (before..before + 1000).contains(&events[0].0),
        "time 0 is now"
    );
    assert_eq!(events[2].0 - events[0].0, 50_000);
    // A time is stream time: it starts with RUN.
    write(&mut rig.client, pin.handle, SECOND, &buffer.bytes()[..16])
        .wait(&mut rig.client)
        .unwrap();
    let at = log().events[3].0;
    assert!((at - run - SECOND).abs() < 1000, "{}", at - run - SECOND);
    rig.close(filter, pin);
    rig.finish_clean();
}

fn port_sequences_for_a_miniport_with_prefetch() {
    log().prefetch = 50_000;
    let mut rig = Rig::new(Options::default());
    let (filter, mut pin) = rig.direct_music();
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let start = rig.client.now() + SECOND;
    let mut buffer = EventBuffer::new(start);
    for i in [3, 1, 2, 0] {
        buffer.push(start + i * 200_000, 1, &[0x90, i as u8, 1]);
    }
    write(&mut rig.client, pin.handle, buffer.start(), buffer.bytes())
        .wait(&mut rig.client)
        .unwrap();
    assert!(log().events.is_empty(), "held until they are due");
    rig.client.sleep(3 * SECOND);
    assert_eq!(
        log().events.iter().map(|e| e.3[1]).collect::<Vec<_>>(),
        [0, 1, 2, 3]
    );
    for (event, delivered) in log().events.iter().zip(&log().delivered) {
        let early = event.0 - delivered;
        assert!((20_000..=50_000).contains(&early), "{early}");
    }
    rig.close(filter, pin);
    rig.finish_clean();
}

fn requests_wait_below_run_and_can_be_cancelled() {
    let mut rig = Rig::new(Options::default());
    let filter = rig.filter("Synth");
    let mut pin = filter.midi_pin(&mut rig.client, 0).unwrap();
    let mut buffer = MusicBuffer::default();
    buffer.push(0, &[0x90, 60, 1]);
    let refused = write(&mut rig.client, pin.handle, 0, buffer.bytes())
        .poll(&mut rig.client)
        .unwrap();
    assert_eq!(refused.status, STATUS_INVALID_DEVICE_STATE);
    pin.set_state(&mut rig.client, KSSTATE_PAUSE).unwrap();
    let mut first = write(&mut rig.client, pin.handle, 0, buffer.bytes());
    let data = rig.client.allocate(16);
    rig.client.write(data, buffer.bytes());
    let header = rig.client.allocate(56);
    let bytes = conformance::wire::Bytes::bytes(&conformance::events::stream_header(
        0,
        data,
        buffer.bytes().len() as u32,
    ));
    rig.client.write(header, &bytes);
    let mut second = rig
        .client
        .submit(pin.handle, IOCTL_KS_WRITE_STREAM, (0, 0), (header, 56));
    assert!(first.poll(&mut rig.client).is_none() && rig.client.poll(&mut second).is_none());
    rig.client.cancel(&mut second);
    assert_eq!(rig.client.wait(second).status, STATUS_CANCELLED);
    assert!(log().events.is_empty());
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    assert_eq!(
        first.poll(&mut rig.client).map(|c| c.status),
        Some(STATUS_SUCCESS)
    );
    assert_eq!(log().events.len(), 1);
    // STOP cancels what waits.
    pin.set_state(&mut rig.client, KSSTATE_PAUSE).unwrap();
    let mut third = write(&mut rig.client, pin.handle, 0, buffer.bytes());
    pin.set_state(&mut rig.client, KSSTATE_STOP).unwrap();
    assert_eq!(
        third.poll(&mut rig.client).map(|c| c.status),
        Some(STATUS_CANCELLED)
    );
    rig.close(filter, pin);
    rig.finish_clean();
}

fn stop_flushes_the_sequencer() {
    log().prefetch = 0;
    let mut rig = Rig::new(Options::default());
    let (filter, mut pin) = rig.direct_music();
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let start = rig.client.now() + 100 * SECOND;
    let mut buffer = EventBuffer::new(start);
    (0..100).for_each(|i| buffer.push(start + i, 1, &[0xF0, 1, 2, 3, 4, 5, 6, 7, 8, 0xF7]));
    write(&mut rig.client, pin.handle, buffer.start(), buffer.bytes())
        .wait(&mut rig.client)
        .unwrap();
    rig.close(filter, pin);
    assert!(log().events.is_empty());
    rig.finish_clean();
}

fn power_pauses_streams() {
    let mut rig = Rig::new(Options::default());
    let (filter, mut pin) = rig.direct_music();
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    log().states.clear();
    assert!(
        rig.system
            .set_system_power(rig.device, POWER_SYSTEM_SLEEPING3)
            >= 0
    );
    assert_eq!(
        (log().powers.clone(), log().states.clone()),
        (vec![4], vec![(0, 2)])
    );
    assert!(
        rig.system
            .set_system_power(rig.device, POWER_SYSTEM_WORKING)
            >= 0
    );
    assert_eq!(
        (log().powers.clone(), log().states.clone()),
        (vec![4, 1], vec![(0, 2), (0, 3)])
    );
    rig.close(filter, pin);
    rig.finish_clean();
}

fn surprise_removal_with_an_open_pin() {
    let mut rig = Rig::new(Options::default());
    let (filter, mut pin) = rig.direct_music();
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let alive = log().alive;
    assert_eq!(rig.system.surprise_remove(rig.device), STATUS_SUCCESS);
    assert!(rig.client.interfaces(&KSCATEGORY_SYNTHESIZER).is_empty());
    let now = rig.client.now();
    let mut buffer = EventBuffer::new(now);
    buffer.push(now, 1, &[0x90, 1, 1]);
    let refused = write(&mut rig.client, pin.handle, now, buffer.bytes())
        .poll(&mut rig.client)
        .unwrap();
    assert_eq!(refused.status, STATUS_DEVICE_REMOVED);
    assert!(
        rig.client
            .create_pin(filter.handle, &connect::midi(0), None)
            .is_err()
    );
    assert_eq!(log().alive, alive, "the pin is still open");
    rig.client.close(pin.handle);
    filter.close(&mut rig.client);
    rig.finish_clean();
}

fn narrow_headers() {
    let mut rig = Rig::boot(
        Options::default(),
        ClientOptions {
            wow64: true,
            ..ClientOptions::default()
        },
    );
    let (filter, mut pin) = rig.direct_music();
    let client = &mut rig.client;
    pin.set_state(client, KSSTATE_RUN).unwrap();
    let now = client.now();
    let mut buffer = EventBuffer::new(now);
    buffer.push(now, 1, &[0x90, 1, 1]);
    let data = client.allocate(buffer.bytes().len());
    client.write(data, buffer.bytes());
    let mut header = KSSTREAM_HEADER32 {
        Size: 48,
        ..KSSTREAM_HEADER32::default()
    };
    header.PresentationTime = KSTIME {
        Time: now,
        Numerator: 1,
        Denominator: 1,
    };
    header.FrameExtent = buffer.bytes().len() as u32;
    header.DataUsed = header.FrameExtent;
    header.Data = u32::try_from(data).expect("below 4 GiB");
    let address = client.allocate(48);
    client.write(address, &conformance::wire::Bytes::bytes(&header));
    let mut sent = client.submit(pin.handle, IOCTL_KS_WRITE_STREAM, (0, 0), (address, 48));
    let told = client.poll(&mut sent).expect("complete");
    assert_eq!(told.status, STATUS_SUCCESS);
    // The program's header, not the kernel's; and the same once more.
    assert!(told.information <= 48, "{told:?}");
    assert_eq!(client.wait(sent), told);
    assert_eq!(log().events.len(), 1);
    rig.close(filter, pin);
    rig.finish_clean();
}

fn a_million_events_at_once() {
    let mut rig = Rig::new(Options::default());
    let (filter, mut pin) = rig.direct_music();
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let start = rig.client.now() + SECOND;
    let mut buffer = EventBuffer::new(start);
    (0..1_000_000).for_each(|i| buffer.push(start + i * 36_000, 1, &[0x90, (i % 128) as u8, 1]));
    write(&mut rig.client, pin.handle, buffer.start(), buffer.bytes())
        .wait(&mut rig.client)
        .unwrap();
    assert_eq!(log().events.len(), 1_000_000);
    assert!(
        log()
            .events
            .iter()
            .enumerate()
            .all(|(i, e)| e.0 == start + i as i64 * 36_000)
    );
    rig.close(filter, pin);
    rig.finish_clean();
}
