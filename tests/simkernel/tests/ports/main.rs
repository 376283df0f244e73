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
use wave_sink::play_wave;

const SECOND: i64 = 10_000_000;

/// A name and what it does; it panics if it fails.
type Scenario = (&'static str, fn());

/// Each fault gets a machine of its own, and must lead to a violation that says this.
const FAULTS: &[scenario::Faulty<Fault>] = &[
    (Fault::LeakEvent, "are not back"),
    (Fault::PutTwice, "has been put back already"),
    (Fault::PutForeign, "is not of this allocator"),
    (Fault::LeakPort, "IPortDMus"),
    (Fault::RegisterPowerTwice, "registered twice"),
    (Fault::LongValue, "ValueSize 64"),
    (Fault::OverrunRender, "wrote outside its buffer"),
];

fn main() {
    let scenarios = [
        streams::SCENARIOS,
        requests::SCENARIOS,
        interfaces::SCENARIOS,
        wave_sink::SCENARIOS,
    ]
    .concat();
    scenario::main(&scenarios, FAULTS, misbehave);
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
fn misbehave(fault: Fault, says: &str) {
    log().fault = fault;
    let mut rig = play_wave(Options::default(), SECOND / 10);
    let (filter, mut pin) = rig.direct_music();
    let _ = Property::of_node(fake::SET, 0, 0).send(
        &mut rig.client,
        pin.handle,
        KSPROPERTY_TYPE_GET,
        &mut [0; 4],
    );
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let now = rig.client.now();
    let mut buffer = EventBuffer::new(now);
    buffer.push(now, 1, &[0x90, 1, 1]);
    buffer.push(now + 10, 1, &[0x90, 2, 1]);
    write(&mut rig.client, pin.handle, now, buffer.bytes())
        .wait(&mut rig.client)
        .unwrap();
    rig.close(filter, pin);
    let violations = rig.finish();
    scenario::must_say(fault, says, &violations);
}
