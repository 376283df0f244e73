// SPDX-License-Identifier: MIT OR Apache-2.0
//! The topology port, events, physical connections, requests that no port takes.

use crate::fake::{self, log};
use crate::{MILLISECOND, Rig, Scenario};
use arioso_core::ks::Wire;
use arioso_core::ks::guid::*;
use arioso_core::ks::ks::*;
use arioso_core::ks::ksmedia::*;
use arioso_core::ks::status::*;
use conformance::filter::Filter;
use conformance::property::Property;
use conformance::topology::{Physical, Topology, physical};
use conformance::{Client, connect, endpoint, notify};

pub const SCENARIOS: &[Scenario] = &[
    ("physical_connections", physical_connections),
    ("jack_and_volume", jack_and_volume),
    ("control_change_event", control_change_event),
    ("methods_are_refused", methods_are_refused),
    ("bridges_have_no_streams", bridges_have_no_streams),
    ("endpoints_are_found", endpoints_are_found),
];

fn physical_connections() {
    log().external = true;
    let mut rig = Rig::new();
    let (wave, topology) = (rig.filter("Wave"), rig.filter("Topology"));
    let client = &mut rig.client;
    let there = physical(client, &wave, 1).unwrap().expect("connected");
    assert!(
        there.link.ends_with("Topology") && there.pin == 1,
        "{there:?}"
    );
    let back = physical(client, &topology, 1).unwrap().expect("connected");
    assert!(back.link.ends_with("Wave") && back.pin == 1, "{back:?}");
    // The link opens the filter.
    Filter::open(client, &back.link).unwrap().close(client);
    assert_eq!(
        physical(client, &topology, 0).unwrap(),
        Some(Physical {
            link: "\\??\\LineIn".into(),
            pin: 7
        })
    );
    assert_eq!(physical(client, &wave, 0).unwrap(), None);
    // SAFETY: the subdevices are registered.
    let disconnect = |rig: &mut Rig| rig.system.call(0, || unsafe { fake::disconnect() });
    assert_eq!(disconnect(&mut rig), STATUS_SUCCESS);
    assert_eq!(physical(&mut rig.client, &wave, 1).unwrap(), None);
    assert_eq!(disconnect(&mut rig), STATUS_NOT_FOUND);
    // Categories that the descriptor leaves out are the port's.
    let shape = Topology::of(&mut rig.client, &topology).unwrap();
    assert_eq!(shape.categories, [KSCATEGORY_AUDIO, KSCATEGORY_TOPOLOGY]);
    assert_eq!(shape.nodes, [KSNODETYPE_VOLUME]);
    assert_eq!(shape.connections.len(), 2);
    wave.close(&mut rig.client);
    topology.close(&mut rig.client);
    rig.finish_clean();
}

fn jack_and_volume() {
    let mut rig = Rig::new();
    let filter = rig.filter("Topology");
    let client = &mut rig.client;
    let jack = |pin| Property::of_pin(KSPROPSETID_Jack, KSPROPERTY_JACK_DESCRIPTION, pin);
    let bytes = jack(0).get_sized(client, filter.handle).unwrap();
    let jack_0 = KSJACK_DESCRIPTION::read_from(&bytes[8..]).unwrap();
    assert_eq!(
        (jack_0.ConnectionType, jack_0.IsConnected),
        (eConnTypeOtherAnalog, 1)
    );
    let none = jack(1).send(client, filter.handle, KSPROPERTY_TYPE_GET, &mut [0; 64]);
    assert_eq!(none.status, STATUS_INVALID_PARAMETER);
    let volume = |channel: i32| {
        Property::of_node(KSPROPSETID_Audio, KSPROPERTY_AUDIO_VOLUMELEVEL, 0)
            .with(&[&channel.to_le_bytes()[..], &[0; 4]].concat())
    };
    volume(1).set(client, filter.handle, -65_536i32).unwrap();
    assert_eq!(
        volume(1).get::<_, i32>(client, filter.handle).unwrap(),
        -65_536
    );
    assert_eq!(volume(0).get::<_, i32>(client, filter.handle).unwrap(), 0);
    filter.close(client);
    rig.finish_clean();
}

fn control_change_event() {
    let mut rig = Rig::new();
    let filter = rig.filter("Topology");
    let client = &mut rig.client;
    let set = KSEVENTSETID_AudioControlChange;
    assert_eq!(notify::support(client, filter.handle, set, 0, Some(0)), 0);
    let refused = [
        (set, 0, None, STATUS_NOT_FOUND),
        (set, 1, Some(0), STATUS_NOT_FOUND),
        (set, 0, Some(1), STATUS_INVALID_DEVICE_REQUEST),
        (KSEVENTSETID_Connection, 0, None, STATUS_PROPSET_NOT_FOUND),
    ];
    for (set, id, node, status) in refused {
        let error = notify::enable(client, filter.handle, set, id, node).err();
        assert_eq!(error.and_then(|e| e.status), Some(status), "{id} {node:?}");
    }
    log().events.clear();
    let first = notify::enable(client, filter.handle, set, 0, Some(0)).unwrap();
    let second = notify::enable(client, filter.handle, set, 0, Some(0)).unwrap();
    assert!(!first.wait(client, MILLISECOND));
    let volume =
        Property::of_node(KSPROPSETID_Audio, KSPROPERTY_AUDIO_VOLUMELEVEL, 0).with(&[0; 8]);
    volume.set(client, filter.handle, 5i32).unwrap();
    assert!(
        first.wait(client, 0) && second.wait(client, 0),
        "both hear of it"
    );
    first.disable(client).unwrap();
    volume.set(client, filter.handle, 6i32).unwrap();
    assert!(second.wait(client, 0));
    assert_eq!(log().events, [1, 1, 2], "ADD, ADD, REMOVE");
    // The other one goes with its handle.
    filter.close(client);
    assert_eq!(log().events, [1, 1, 2, 2]);
    rig.finish_clean();
}

fn methods_are_refused() {
    let mut rig = Rig::new();
    let (filter, stream) = rig.endpoint();
    let client = &mut rig.client;
    for handle in [filter.handle, stream.pin.handle] {
        let mut request = vec![0; 24];
        let method = KSMETHOD {
            Set: KSMETHODSETID_StreamIo,
            Id: 0,
            Flags: KSMETHOD_TYPE_SEND,
        };
        method.write_to(&mut request).unwrap();
        let sent =
            conformance::property::control(client, handle, IOCTL_KS_METHOD, &request, &mut []);
        assert_eq!(sent.status, STATUS_PROPSET_NOT_FOUND);
    }
    stream.close(client).unwrap();
    filter.close(client);
    rig.finish_clean();
}

fn bridges_have_no_streams() {
    let mut rig = Rig::new();
    for (name, pin) in [("Topology", 0), ("Topology", 1), ("Wave", 1), ("Midi", 2)] {
        let filter = rig.filter(name);
        let mut format = vec![0; 64];
        let analog = KSDATAFORMAT {
            FormatSize: 64,
            MajorFormat: KSDATAFORMAT_TYPE_AUDIO,
            SubFormat: KSDATAFORMAT_SUBTYPE_ANALOG,
            Specifier: KSDATAFORMAT_SPECIFIER_NONE,
            ..KSDATAFORMAT::default()
        };
        analog.write_to(&mut format).unwrap();
        let bytes = connect::with_format(pin, &format);
        let refused = rig.client.create_pin(filter.handle, &bytes, None);
        assert!(refused.is_err(), "{name} {pin}");
        filter.close(&mut rig.client);
    }
    rig.finish_clean();
}

/// As AudioEndpointBuilder walks: from the wave filter's pin through the topology filter to the jack.
fn endpoints_are_found() {
    let mut rig = Rig::new();
    let found = endpoint::discover(&mut rig.client).unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    let endpoint = &found[0];
    assert!(endpoint.capture && endpoint.pin.link.ends_with("Wave") && endpoint.pin.id == 0);
    let connector = &endpoint.connector;
    assert!(connector.link.ends_with("Topology") && connector.id == 0);
    assert_eq!(connector.kind, KSNODETYPE_LINE_CONNECTOR);
    let kinds: Vec<_> = endpoint.nodes.iter().map(|node| node.kind).collect();
    assert_eq!(kinds, [KSNODETYPE_ADC, KSNODETYPE_VOLUME]);
    assert_eq!(endpoint.jack.map(|jack| jack.IsConnected), Some(1));
    // Without the connection between the filters there is no endpoint.
    // SAFETY: the subdevices are registered.
    rig.system.call(0, || unsafe { fake::disconnect() });
    assert_eq!(endpoint::discover(&mut rig.client), Ok(Vec::new()));
    rig.finish_clean();
}
