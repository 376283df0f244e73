// SPDX-License-Identifier: MIT OR Apache-2.0
//! The rules for filters, on every filter that the driver shows, and the walk over them.

use crate::Scenario;
use crate::listener::subdevice;
use crate::rig::Setup;
use arioso_core::ks::guid::{
    KSCATEGORY_AUDIO, KSCATEGORY_TOPOLOGY, KSNODETYPE_LINE_CONNECTOR, KSNODETYPE_MUTE,
    KSNODETYPE_VOLUME, KSPROPSETID_Jack,
};
use arioso_core::ks::ksmedia::{
    KSAUDIO_SPEAKER_STEREO, KSJACK_DESCRIPTION, KSPROPERTY_JACK_DESCRIPTION,
    KSPROPERTY_JACK_DESCRIPTION2, eConnTypeUnknown, eGenLocInternal, eGeoLocNotApplicable,
    ePortConnIntegratedDevice,
};
use arioso_core::ks::status::STATUS_INVALID_PARAMETER;
use conformance::Client;
use conformance::cases::{Report, topology};
use conformance::endpoint;
use conformance::property::Property;

pub const SCENARIOS: &[Scenario] = &[
    ("the rules for filters", rules),
    ("the endpoint is found", endpoint_is_found),
];

fn rules() {
    let mut rig = Setup::default().start();
    let mut links = rig.client.interfaces(&KSCATEGORY_AUDIO);
    links.extend(rig.client.interfaces(&KSCATEGORY_TOPOLOGY));
    let name = |link: &str| link.rsplit('\\').next().map(str::to_owned);
    links.sort_by_key(|link| name(link));
    links.dedup_by_key(|link| name(link));
    let mut report = Report::default();
    for link in &links {
        topology::run(&mut rig.client, link, &mut report);
    }
    println!("{} rows over {} filters", report.rows, links.len());
    report.conclude();
    rig.finish();
}

/// AudioEndpointBuilder's walk: one capture endpoint, a line connector with its jack, volume and mute on the way.
fn endpoint_is_found() {
    let mut rig = Setup::default().start();
    let found = endpoint::discover(&mut rig.client).expect("a walk");
    assert_eq!(found.len(), 1, "{found:?}");
    let endpoint = &found[0];
    assert!(endpoint.capture, "a capture endpoint");
    assert_eq!(endpoint.connector.kind, KSNODETYPE_LINE_CONNECTOR);
    for kind in [KSNODETYPE_VOLUME, KSNODETYPE_MUTE] {
        assert!(
            endpoint.nodes.iter().any(|node| node.kind == kind),
            "{kind}: {:?}",
            endpoint.nodes
        );
    }
    let jack = endpoint.jack.expect("the jack describes itself");
    let expected = KSJACK_DESCRIPTION {
        ChannelMapping: KSAUDIO_SPEAKER_STEREO,
        Color: 0,
        ConnectionType: eConnTypeUnknown,
        GeoLocation: eGeoLocNotApplicable,
        GenLocation: eGenLocInternal,
        PortConnection: ePortConnIntegratedDevice,
        IsConnected: 1,
    };
    assert_eq!(jack, expected);
    // The other pin has none.
    let filter = subdevice(&mut rig.client, "topology");
    let jacks: Vec<_> = [KSPROPERTY_JACK_DESCRIPTION, KSPROPERTY_JACK_DESCRIPTION2]
        .into_iter()
        .flat_map(|id| [0, 1].map(|pin| Property::of_pin(KSPROPSETID_Jack, id, pin)))
        .map(|property| property.get_sized(&mut rig.client, filter.handle))
        .map(|answer| answer.err().map(|error| error.status))
        .collect();
    let none = Some(Some(STATUS_INVALID_PARAMETER));
    let line = usize::from(jacks[1].is_none());
    let mut expected = [none; 4];
    (expected[line], expected[line + 2]) = (None, None);
    assert_eq!(jacks, expected);
    filter.close(&mut rig.client);
    rig.finish();
}
