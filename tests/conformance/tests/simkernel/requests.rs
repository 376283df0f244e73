//! The tables of requests and of bad pointers, for programs of both widths.

use crate::Scenario;
use crate::rig::{RATE, SECOND, Setup, download_bank};
use arioso_bank::test_banks;
use conformance::cases::requests::Objects;
use conformance::cases::{Report, Width, requests, values};

pub const SCENARIOS: &[Scenario] = &[
    ("every property request", || every_request(Width::Bits64)),
    ("every property request of a 32-bit program", || {
        every_request(Width::Bits32)
    }),
];

fn every_request(width: Width) {
    let mut rig = Setup {
        wow64: width == Width::Bits32,
        ..Setup::default()
    }
    .start();
    // What the driver keeps once it has been used.
    let (filter, pin, wave) = rig.open();
    download_bank(&mut rig.client, pin.handle, &test_banks::dc(RATE));
    rig.close(filter, [pin], Some(wave));
    rig.sleep(SECOND);
    let level = rig.pool();
    let (filter, pin, wave) = rig.open();
    let objects = Objects {
        filter: filter.handle,
        pin: pin.handle,
        wave: wave.source.handle,
    };
    let mut report = Report::default();
    requests::run(&mut rig.client, objects, width, &mut report);
    values::run(&mut rig.client, objects.pin, &mut report);
    println!("{} rows", report.rows);
    report.conclude();
    rig.close(filter, [pin], Some(wave));
    rig.sleep(SECOND);
    assert_eq!(rig.pool(), level, "bytes of pool are left");
    rig.finish();
}
