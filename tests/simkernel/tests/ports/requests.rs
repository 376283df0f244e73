// SPDX-License-Identifier: MIT OR Apache-2.0
//! Instances, properties, addresses.

use arioso_core::ks::guid::*;
use arioso_core::ks::ks::*;
use arioso_core::ks::status::*;
use conformance::property::Property;
use conformance::{Client, connect};
use simkernel::client::SimClient;
use simkernel::system::Options;

use crate::fake::{self, log};
use crate::{Rig, Scenario};

pub const SCENARIOS: &[Scenario] = &[
    ("instances_are_limited", instances_are_limited),
    ("property_protocol", property_protocol),
    ("bad_user_addresses", bad_user_addresses),
    ("pending_property", pending_property),
    ("intersection", intersection),
];

fn instances_are_limited() {
    let mut rig = Rig::new(Options::default());
    let (filter, one) = rig.direct_music();
    let two = filter.midi_pin(&mut rig.client, 0).unwrap();
    let refused = rig
        .client
        .create_pin(filter.handle, &connect::midi(0), None);
    assert_eq!(refused, Err(STATUS_INSUFFICIENT_RESOURCES));
    let counts = Property::of_pin(KSPROPSETID_Pin, KSPROPERTY_PIN_CINSTANCES, 0);
    let now: KSPIN_CINSTANCES = counts.get(&mut rig.client, filter.handle).unwrap();
    assert_eq!((now.PossibleCount, now.CurrentCount), (2, 2));
    two.close(&mut rig.client).unwrap();
    let three = filter.midi_pin(&mut rig.client, 0).unwrap();
    three.close(&mut rig.client).unwrap();
    // The wave pin needs somebody to feed; no pin takes a format that it does not list; pin 2 is not there.
    let pcm = connect::pcm(44_100);
    assert_eq!(
        rig.client
            .create_pin(filter.handle, &connect::wave(1, pcm), None),
        Err(STATUS_INVALID_PARAMETER)
    );
    assert_eq!(
        rig.client
            .create_pin(filter.handle, &connect::wave(0, pcm), None),
        Err(STATUS_NO_MATCH)
    );
    assert_eq!(
        rig.client
            .create_pin(filter.handle, &connect::midi(2), None),
        Err(STATUS_INVALID_PARAMETER)
    );
    assert_eq!(
        rig.client
            .create_pin(filter.handle, &connect::midi(0)[..100], None),
        Err(STATUS_INVALID_BUFFER_SIZE)
    );
    rig.close(filter, one);
    rig.finish_clean();
}

fn property_protocol() {
    let mut rig = Rig::new(Options::default());
    let (filter, pin) = rig.direct_music();
    let client = &mut rig.client;
    let node = Property::of_node(fake::SET, 0, 0);
    // Target and instance data reach the handler.
    assert_eq!(
        node.get::<_, u32>(client, pin.handle).unwrap(),
        fake::answer(0, 0, true)
    );
    assert_eq!(
        node.get::<_, u32>(client, filter.handle).unwrap(),
        fake::answer(0, 0, false)
    );
    let with = node.clone().with(&[1, 2, 3, 4, 5]);
    assert_eq!(
        with.get::<_, u32>(client, pin.handle).unwrap(),
        fake::answer(0, 5, true)
    );
    // A node's table is for requests that name the node, on pins and on filters; a pin's own table is there without.
    let bare = Property::new(fake::SET, 0);
    for handle in [pin.handle, filter.handle] {
        for verb in [KSPROPERTY_TYPE_GET, KSPROPERTY_TYPE_BASICSUPPORT] {
            let got = bare.send(client, handle, verb, &mut [0; 4]);
            assert!(
                [STATUS_NOT_FOUND, STATUS_INVALID_DEVICE_REQUEST].contains(&got.status),
                "{verb:#x}: {:#x}",
                got.status
            );
        }
    }
    // Sizes.
    let empty = node.send(client, pin.handle, KSPROPERTY_TYPE_GET, &mut []);
    assert_eq!(
        (empty.status, empty.information),
        (STATUS_BUFFER_OVERFLOW, 4)
    );
    let small = node.send(client, pin.handle, KSPROPERTY_TYPE_GET, &mut [0; 3]);
    assert_eq!(small.status, STATUS_BUFFER_TOO_SMALL);
    // Verbs that are not listed, sets and items and nodes that are not there.
    assert_eq!(
        node.send(client, pin.handle, KSPROPERTY_TYPE_SET, &mut [0; 4])
            .status,
        STATUS_NOT_FOUND
    );
    let status = |client: &mut SimClient, p: Property, verb| {
        p.send(client, pin.handle, verb, &mut [0; 4]).status
    };
    assert_eq!(
        status(
            client,
            Property::of_node(fake::SET, 9, 0),
            KSPROPERTY_TYPE_GET
        ),
        STATUS_NOT_FOUND
    );
    assert_eq!(
        status(
            client,
            Property::of_node(fake::SET, 0, 1),
            KSPROPERTY_TYPE_GET
        ),
        STATUS_INVALID_DEVICE_REQUEST
    );
    assert_eq!(
        status(
            client,
            Property::new(KSPROPSETID_Jack, 0),
            KSPROPERTY_TYPE_GET
        ),
        STATUS_PROPSET_NOT_FOUND
    );
    assert_eq!(
        status(
            client,
            node.clone(),
            KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_SET
        ),
        STATUS_INVALID_PARAMETER
    );
    assert_eq!(
        status(client, node.clone(), KSPROPERTY_TYPE_SETSUPPORT),
        STATUS_SUCCESS
    );
    // Basic support.
    let support = node.basic_support(client, pin.handle).unwrap();
    assert_eq!(
        support.AccessFlags,
        KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_BASICSUPPORT
    );
    let mut flags = [0; 4];
    assert_eq!(
        node.send(client, pin.handle, KSPROPERTY_TYPE_BASICSUPPORT, &mut flags)
            .information,
        4
    );
    assert_eq!(u32::from_le_bytes(flags), support.AccessFlags);
    rig.close(filter, pin);
    rig.finish_clean();
}

fn bad_user_addresses() {
    let mut rig = Rig::new(Options::default());
    let (filter, mut pin) = rig.direct_music();
    let client = &mut rig.client;
    let request = Property::of_node(fake::SET, 0, 0).request(KSPROPERTY_TYPE_GET);
    let good = client.allocate(request.len());
    client.write(good, &request);
    let bad = 0x1000;
    for (input, output) in [
        ((bad, 32), (good, 4)),
        ((good, 32), (bad, 4)),
        ((good, 32), (u64::MAX - 2, 4)),
        ((0, 32), (good, 4)),
    ] {
        let sent = client.submit(pin.handle, IOCTL_KS_PROPERTY, input, output);
        assert_eq!(
            client.wait(sent).status,
            STATUS_ACCESS_VIOLATION,
            "{input:x?} {output:x?}"
        );
    }
    let short = client.submit(pin.handle, IOCTL_KS_PROPERTY, (good, 23), (good, 4));
    assert_eq!(client.wait(short).status, STATUS_INVALID_BUFFER_SIZE);
    // Stream requests: no headers, headers elsewhere, data elsewhere, more data than room.
    pin.set_state(client, KSSTATE_RUN).unwrap();
    let data = client.allocate(64);
    let header = client.allocate(56);
    type Change = fn(&mut KSSTREAM_HEADER);
    let cases: [(Change, u32, i32); 5] = [
        (|_| (), 55, STATUS_INVALID_BUFFER_SIZE),
        (|h| h.Size = 64, 56, STATUS_INVALID_BUFFER_SIZE),
        (|h| h.Data = 0x1000 as *mut _, 56, STATUS_ACCESS_VIOLATION),
        (|h| h.DataUsed = 65, 56, STATUS_INVALID_BUFFER_SIZE),
        (|h| h.FrameExtent = 1 << 20, 56, STATUS_ACCESS_VIOLATION),
    ];
    for (number, (change, length, status)) in cases.into_iter().enumerate() {
        let mut h = conformance::events::stream_header(0, data, 64);
        change(&mut h);
        client.write(header, &conformance::wire::Bytes::bytes(&h));
        let sent = client.submit(pin.handle, IOCTL_KS_WRITE_STREAM, (0, 0), (header, length));
        assert_eq!(client.wait(sent).status, status, "case {number}");
    }
    let sent = client.submit(pin.handle, IOCTL_KS_WRITE_STREAM, (0, 0), (bad, 56));
    assert_eq!(client.wait(sent).status, STATUS_ACCESS_VIOLATION);
    // An event header that runs over the end.
    client.write(data, &[0xFF; 64]);
    client.write(
        header,
        &conformance::wire::Bytes::bytes(&conformance::events::stream_header(0, data, 64)),
    );
    let sent = client.submit(pin.handle, IOCTL_KS_WRITE_STREAM, (0, 0), (header, 56));
    assert_eq!(client.wait(sent).status, STATUS_INVALID_BUFFER_SIZE);
    assert!(log().events.is_empty());
    rig.close(filter, pin);
    rig.finish_clean();
}

fn pending_property() {
    let mut rig = Rig::new(Options::default());
    let (filter, pin) = rig.direct_music();
    let request = Property::of_node(fake::SET, 1, 0).request(KSPROPERTY_TYPE_GET);
    let input = rig.client.allocate(request.len());
    rig.client.write(input, &request);
    let output = rig.client.allocate(4);
    let mut sent = rig.client.submit(
        pin.handle,
        IOCTL_KS_PROPERTY,
        (input, request.len() as u32),
        (output, 4),
    );
    assert!(rig.client.poll(&mut sent).is_none());
    // SAFETY: the request is pending.
    rig.system.call(0, || unsafe { fake::complete_pending(77) });
    let done = rig.client.wait(sent);
    let mut value = [0; 4];
    rig.client.read(output, &mut value);
    assert_eq!(
        (done.status, done.information, value),
        (STATUS_SUCCESS, 4, [77, 0, 0, 0])
    );
    rig.close(filter, pin);
    rig.finish_clean();
}

fn intersection() {
    let mut rig = Rig::new(Options::default());
    let filter = rig.filter("Synth");
    let client = &mut rig.client;
    let mut range = conformance::wire::Bytes::bytes(&KSDATARANGE {
        FormatSize: 64,
        MajorFormat: KSDATAFORMAT_TYPE_MUSIC,
        SubFormat: KSDATAFORMAT_SUBTYPE_DIRECTMUSIC,
        Specifier: KSDATAFORMAT_SPECIFIER_NONE,
        ..KSDATARANGE::default()
    });
    let mut list = 72u32.to_le_bytes().to_vec();
    list.extend(1u32.to_le_bytes());
    list.append(&mut range);
    let of =
        |pin| Property::of_pin(KSPROPSETID_Pin, KSPROPERTY_PIN_DATAINTERSECTION, pin).with(&list);
    let format = of(0).get_sized(client, filter.handle).unwrap();
    assert_eq!(format.len(), 64);
    assert_eq!(format[32..48], list[40..56], "the subtype asked for");
    let none = of(1).send(client, filter.handle, KSPROPERTY_TYPE_GET, &mut [0; 128]);
    assert_eq!(none.status, STATUS_NO_MATCH);
    filter.close(client);
    rig.finish_clean();
}
