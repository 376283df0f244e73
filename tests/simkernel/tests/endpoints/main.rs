// SPDX-License-Identifier: MIT OR Apache-2.0
//! The WaveRT, topology and MIDI ports and the capture side of the DMus port, against a driver that lives in this process.

mod capture;
mod fake;
mod midi;
#[path = "../shared/rig.rs"]
mod rig;
mod rules;
#[path = "../shared/scenario.rs"]
mod scenario;
mod service;
mod topology;
mod wave_rt;

use arioso_core::ks::guid::*;
use capture::open_capture;
use conformance::connect::SampleFormat;
use conformance::events::{MusicBuffer, write};
use conformance::filter::Filter;
use conformance::rt_audio::{RtStream, is_capture};
use conformance::{Client, notify};
use fake::{Fault, log};
use midi::{close_cable, open_cable};
use rig::Rig;
use simkernel::client::{ClientOptions, SimClient};
use simkernel::nt::DISPATCH_LEVEL;
use simkernel::system::Options;

const MILLISECOND: i64 = 10_000;
const SECOND: i64 = 1000 * MILLISECOND;
const FORMAT: SampleFormat = SampleFormat {
    rate: 48_000,
    channels: 2,
    bits: 16,
    valid: 16,
    float: false,
};

/// A name and what it does; it panics if it fails.
type Scenario = (&'static str, fn());

const FAULTS: &[scenario::Faulty<Fault>] = &[
    (Fault::LeakPages, "are not freed when the stream is closed"),
    (
        Fault::LeakMapping,
        "are not freed when the stream is closed",
    ),
    (Fault::LeakPortStream, "IPortWaveRTStream has 2 references"),
    (Fault::FreeMapped, "are freed while they are mapped"),
    (Fault::LongBuffer, "of an MDL of"),
    (Fault::ForgetEvents, "for an event that is registered"),
    (Fault::FarPosition, "GetPosition"),
    (Fault::WrongConnection, "the other direction"),
    (Fault::LeakResource, "was not removed"),
    (Fault::DelayWithoutSupport, "without SupportDelayedService"),
    (Fault::LongRead, "IMiniportMidiStream::Read"),
    (Fault::LoseEvent, "it is on no list"),
    (Fault::KeepSink, "the sink is still referenced"),
];

fn main() {
    let scenarios = [
        wave_rt::SCENARIOS,
        topology::SCENARIOS,
        midi::SCENARIOS,
        capture::SCENARIOS,
        rules::SCENARIOS,
        service::SCENARIOS,
    ]
    .concat();
    scenario::main(&scenarios, FAULTS, misbehave);
}

impl Rig {
    fn new() -> Rig {
        Rig::for_client(ClientOptions::default())
    }

    fn for_client(client: ClientOptions) -> Rig {
        Rig::boot(Options::default(), client)
    }

    fn endpoint(&mut self) -> (Filter<SimClient>, RtStream<SimClient>) {
        let filter = self.filter("Wave");
        let pins = filter.pins(&mut self.client).unwrap();
        let pin = pins
            .iter()
            .find(|pin| is_capture(pin, &KSDATAFORMAT_SUBTYPE_PCM))
            .expect("a capture pin");
        let stream = RtStream::open(&mut self.client, &filter, pin.id, FORMAT).expect("the pin");
        (filter, stream)
    }

    /// The hardware writes bytes, in its DPC.
    fn advance(&mut self, bytes: u32) {
        let raise: unsafe extern "efiapi" fn(u8) -> u8 =
            fake::import("ntoskrnl.exe", "KfRaiseIrql");
        let lower: unsafe extern "efiapi" fn(u8) = fake::import("ntoskrnl.exe", "KeLowerIrql");
        // SAFETY: the stream is open.
        self.system.call(0, move || unsafe {
            let level = raise(DISPATCH_LEVEL);
            fake::wave_rt::advance(bytes);
            lower(level);
        });
    }
}

/// Goes through everything once.
fn misbehave(fault: Fault, says: &str) {
    log().fault = fault;
    let mut rig = Rig::new();
    let (filter, mut stream) = rig.endpoint();
    if stream.allocate_notified(&mut rig.client, 4096, 2).is_ok() {
        let _ = stream.position(&mut rig.client);
        let _ = stream.register_event(&mut rig.client);
    }
    for event in stream.abandon(&mut rig.client) {
        rig.client.close_event(event);
    }
    filter.close(&mut rig.client);
    let cable = open_cable(&mut rig);
    let mut buffer = MusicBuffer::default();
    buffer.push(0, &[0x90, 0xF8]);
    write(&mut rig.client, cable.1.handle, 0, buffer.bytes())
        .wait(&mut rig.client)
        .unwrap();
    rig.client.sleep(SECOND);
    close_cable(&mut rig, cable);
    let filter = rig.filter("Topology");
    let set = KSEVENTSETID_AudioControlChange;
    let _ = notify::enable(&mut rig.client, filter.handle, set, 0, Some(0));
    filter.close(&mut rig.client);
    let (filter, pin) = open_capture(&mut rig, KSDATAFORMAT_SUBTYPE_MIDI);
    pin.close(&mut rig.client).unwrap();
    filter.close(&mut rig.client);
    scenario::must_say(fault, says, &rig.finish());
}
