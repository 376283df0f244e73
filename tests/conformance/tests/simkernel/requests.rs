// SPDX-License-Identifier: MIT OR Apache-2.0
//! The tables of requests and of bad pointers, for programs of both widths.

use crate::Scenario;
use crate::rig::{RATE, Rig, SECOND, Setup, download_bank};
use arioso_bank::test_banks;
use arioso_core::dls::raw::Connection;
use arioso_core::ks::dmdls::CONN_DST_EG1_ATTACKTIME;
use arioso_core::ks::status::{STATUS_NO_MEMORY, STATUS_UNSUCCESSFUL};
use conformance::cases::pointers::{self, Terrain};
use conformance::cases::report::status_name;
use conformance::cases::requests::Objects;
use conformance::cases::{Report, Width, requests, values};
use conformance::{Client, download};
use simkernel::client::SimHandle;

pub const SCENARIOS: &[Scenario] = &[
    ("every property request", || {
        every_request(Width::Bits64, false)
    }),
    ("every property request of a kernel-mode client", || {
        every_request(Width::Bits64, true)
    }),
    ("every property request of a 32-bit program", || {
        every_request(Width::Bits32, false)
    }),
    ("bad pointers", || bad_pointers(Width::Bits64)),
    ("bad pointers of a 32-bit program", || {
        bad_pointers(Width::Bits32)
    }),
    ("bad pointers of a kernel-mode client", trusted_pointers),
    ("a buffer that changes while it is downloaded", || {
        changing(7)
    }),
    ("a buffer that changes, other turns", || changing(1234)),
];

fn every_request(width: Width, kernel: bool) {
    let mut rig = Setup {
        wow64: width == Width::Bits32,
        kernel,
        ..Setup::default()
    }
    .start();
    // What the driver keeps once it has been used.
    let (filter, pin, wave) = rig.open();
    if !kernel {
        // A download's address is a program's: a driver has none to give.
        download_bank(&mut rig.client, pin.handle, &test_banks::dc(RATE));
    }
    rig.close(filter, [pin], Some(wave));
    rig.sleep(SECOND);
    let level = rig.pool();
    let (filter, pin, wave) = rig.open();
    let objects = Objects {
        filter: filter.handle,
        pin: pin.handle,
        wave: Some(wave.source.handle),
    };
    let mut report = Report::default();
    if kernel {
        requests::run_trusted(&mut rig.client, objects, &mut report);
    } else {
        requests::run(&mut rig.client, objects, width, &mut report);
    }
    values::run(&mut rig.client, objects.pin, &mut report);
    println!("{} rows", report.rows);
    report.conclude();
    rig.close(filter, [pin], Some(wave));
    rig.sleep(SECOND);
    assert_eq!(rig.pool(), level, "bytes of pool are left");
    rig.finish();
}

/// A machine with a pin open, each block of its pool at an inaccessible page; what `body` does with the pin leaves no byte of pool.
pub fn with_pin(setup: Setup, body: impl FnOnce(&mut Rig, SimHandle)) {
    let is_program = !setup.kernel;
    let mut rig = Setup {
        special_pool: true,
        ..setup
    }
    .start();
    let (filter, pin) = rig.open_pin();
    if is_program {
        download_bank(&mut rig.client, pin.handle, &test_banks::dc(RATE));
    }
    let level = rig.pool();
    body(&mut rig, pin.handle);
    assert_eq!(rig.pool(), level, "bytes of pool are left");
    rig.close(filter, [pin], None);
    rig.finish();
}

fn bad_pointers(width: Width) {
    let setup = Setup {
        wow64: width == Width::Bits32,
        ..Setup::default()
    };
    with_pin(setup, |rig, pin| {
        let terrain = Terrain {
            read_only: rig.client.allocate_read_only(),
        };
        let mut report = Report::default();
        pointers::run(&mut rig.client, pin, width, terrain, &mut report);
        println!("{} rows", report.rows);
        report.conclude();
    });
}

/// A driver's request: its addresses are probed as any program's, and its own memory is none.
fn trusted_pointers() {
    with_pin(kernel_client(), |rig, pin| {
        let mut report = Report::default();
        pointers::run_trusted(&mut rig.client, pin, &mut report);
        println!("{} rows", report.rows);
        report.conclude();
    });
}

pub fn kernel_client() -> Setup {
    Setup {
        kernel: true,
        ..Setup::default()
    }
}

/// Another thread of the program writes into the buffer all the time: what was looked at must be what is used. Whatever comes of
/// it, the handle can be unloaded and nothing stays.
fn changing(seed: u64) {
    let setup = Setup {
        seed,
        ..Setup::default()
    };
    with_pin(setup, |rig, pin| {
        let c = &mut rig.client;
        let contents = [download::wave(1000, RATE, 16, &[1; 200]), instrument()];
        let (mut taken, mut refused) = (0, 0);
        for content in &contents {
            let place = c.allocate(content.len());
            // Ids and sizes are in the first bytes, content behind them.
            for span in [24, content.len()] {
                c.write(place, content);
                let on = c.scribble(place, span, seed);
                for _ in 0..150 {
                    c.write(place, content);
                    let size = content.len() as u32;
                    match pointers::download_at(c, pin, Width::Bits64, place, size) {
                        Ok(handle) => {
                            pointers::unload(c, pin, Width::Bits64, &handle)
                                .expect("it was downloaded");
                            taken += 1;
                        }
                        Err(STATUS_UNSUCCESSFUL | STATUS_NO_MEMORY) => refused += 1,
                        Err(status) => panic!("{}", status_name(status)),
                    }
                }
                on.set(false);
                c.sleep(SECOND / 1000);
            }
            c.free(place);
        }
        assert!(
            taken > 50 && refused > 50,
            "{taken} taken, {refused} refused"
        );
    });
}

/// An instrument without a wave.
fn instrument() -> Vec<u8> {
    let attack = Connection {
        source: 0,
        control: 0,
        destination: CONN_DST_EG1_ATTACKTIME,
        transform: 0,
        scale: 77,
    };
    download::instrument2(
        1001,
        &download::Instrument {
            patch: 5,
            flags: 0,
            regions: Vec::new(),
            articulations: vec![vec![attack; 8]; 2],
        },
    )
}
