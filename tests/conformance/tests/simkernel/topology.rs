// SPDX-License-Identifier: MIT OR Apache-2.0
//! The rules for filters, on every filter that the driver shows, and the walk over them.

use crate::Scenario;
use crate::rig::Setup;
use arioso_core::ks::guid::{
    KSCATEGORY_AUDIO, KSCATEGORY_TOPOLOGY, KSNODETYPE_LINE_CONNECTOR, KSNODETYPE_MUTE,
    KSNODETYPE_VOLUME,
};
use conformance::Client;
use conformance::cases::{Report, topology};
use conformance::endpoint;

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
    assert_eq!(jack.IsConnected, 1);
    rig.finish();
}
