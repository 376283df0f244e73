//! The rules for filters, on every filter that the driver shows.

use crate::Scenario;
use crate::rig::Setup;
use arioso_core::ks::guid::{KSCATEGORY_AUDIO, KSCATEGORY_TOPOLOGY};
use conformance::Client;
use conformance::cases::{Report, topology};

pub const SCENARIOS: &[Scenario] = &[("the rules for filters", rules)];

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
