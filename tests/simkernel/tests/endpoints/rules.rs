// SPDX-License-Identifier: MIT OR Apache-2.0
//! The conformance rules for filters, on filters that keep them and on some that do not.

use crate::fake::{Fault, log};
use crate::{Rig, Scenario};
use arioso_core::ks::guid::*;
use conformance::Client;
use conformance::cases::{Report, topology};

pub const SCENARIOS: &[Scenario] = &[
    ("rules_hold_on_every_filter", rules_hold_on_every_filter),
    ("rules_find_a_volume_without_steps", || {
        rules_find(Fault::NoStep, "Topology: node 0: volume: steppings");
    }),
    ("rules_find_a_backward_range", || {
        rules_find(Fault::BackwardRange, "Wave: pin 0: range");
    }),
    ("rules_find_a_loose_bridge", || {
        rules_find(Fault::LooseBridge, "Topology: pin 1: a bridge is connected");
    }),
];

fn check_rules(rig: &mut Rig) -> Report {
    let mut report = Report::default();
    for name in ["Wave", "Topology", "Midi"] {
        let mut links = rig.client.interfaces(&KSCATEGORY_AUDIO);
        links.retain(|link| link.ends_with(name));
        topology::run(&mut rig.client, &links[0], &mut report);
    }
    report
}

fn rules_hold_on_every_filter() {
    let mut rig = Rig::new();
    let report = check_rules(&mut rig);
    report.conclude();
    assert!(report.rows > 300, "{} rows", report.rows);
    rig.finish_clean();
}

fn rules_find(fault: Fault, row: &str) {
    log().fault = fault;
    let mut rig = Rig::new();
    assert!(check_rules(&mut rig).differs_in(row));
    rig.finish();
}
