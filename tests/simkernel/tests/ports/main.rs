// SPDX-License-Identifier: MIT OR Apache-2.0
//! The built-in ports against a driver that lives in this process. One machine, and so one child process, per scenario.

mod fake;
mod interfaces;
mod requests;
#[path = "../shared/rig.rs"]
mod rig;
#[path = "../shared/scenario.rs"]
mod scenario;
mod streams;
mod wave_sink;

use arioso_core::ks::ks::*;
use conformance::Client;
use conformance::events::{EventBuffer, write};
use conformance::filter::{Filter, Pin};
use conformance::property::Property;
use fake::{Fault, log};
use rig::Rig;
use simkernel::client::{ClientOptions, SimClient};
use simkernel::system::Options;
use simkernel::verifier::Violation;
use simkernel::verifier::rules::Plant;
use wave_sink::play_wave;

const SECOND: i64 = 10_000_000;

/// A name and what it does; it panics if it fails.
type Scenario = (&'static str, fn());

static FAULTS: scenario::Faults<Fault> = scenario::Faults {
    all: Fault::ALL,
    others: &[],
    plant: Plant::Port,
    misbehave,
};

fn main() {
    let scenarios = [
        streams::SCENARIOS,
        requests::SCENARIOS,
        interfaces::SCENARIOS,
        wave_sink::SCENARIOS,
    ]
    .concat();
    scenario::main(&scenarios, &FAULTS);
}

impl Rig {
    fn new(options: Options) -> Rig {
        Rig::boot(options, ClientOptions::default())
    }

    fn direct_music(&mut self) -> (Filter<SimClient>, Pin<SimClient>) {
        let filter = self.filter("Synth");
        let pin = filter
            .direct_music_pin(&mut self.client, 0)
            .expect("the pin");
        (filter, pin)
    }

    fn close(&mut self, filter: Filter<SimClient>, pin: Pin<SimClient>) {
        pin.close(&mut self.client).expect("stop");
        filter.close(&mut self.client);
    }
}

/// Goes through everything once.
fn misbehave(fault: Fault) -> Vec<Violation> {
    log().fault = fault;
    let mut rig = play_wave(Options::default(), SECOND / 10);
    let filter = rig.filter("Synth");
    if let Ok(mut pin) = filter.direct_music_pin(&mut rig.client, 0) {
        let _ = Property::of_node(fake::SET, 0, 0).send(
            &mut rig.client,
            pin.handle,
            KSPROPERTY_TYPE_GET,
            &mut [0; 4],
        );
        pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
        // The second time with what the first has put back.
        for _ in 0..2 {
            let now = rig.client.now();
            let mut buffer = EventBuffer::new(now);
            buffer.push(now, 1, &[0x90, 1, 1]);
            buffer.push(now + 10, 1, &[0x90, 2, 1]);
            write(&mut rig.client, pin.handle, now, buffer.bytes())
                .wait(&mut rig.client)
                .unwrap();
        }
        pin.close(&mut rig.client).expect("stop");
    }
    filter.close(&mut rig.client);
    // SAFETY: the driver's references.
    rig.system.call(0, || unsafe { fake::release_kept() });
    rig.finish()
}
