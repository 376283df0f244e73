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
use arioso_core::ks::ks::KSSTATE_RUN;
use arioso_core::ks::ksmedia::*;
use capture::open_capture;
use conformance::connect::SampleFormat;
use conformance::events::{MusicBuffer, write};
use conformance::filter::Filter;
use conformance::property::Property;
use conformance::rt_audio::{RtStream, is_capture};
use conformance::{Client, notify};
use fake::{Fault, log};
use rig::Rig;
use simkernel::client::{ClientOptions, SimClient};
use simkernel::nt::DISPATCH_LEVEL;
use simkernel::system::Options;
use simkernel::verifier::Violation;
use simkernel::verifier::rules::Plant;

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

static FAULTS: scenario::Faults<Fault> = scenario::Faults {
    all: Fault::ALL,
    // The conformance rules find these.
    others: &[Fault::NoStep, Fault::BackwardRange, Fault::LooseBridge],
    plant: Plant::Endpoint,
    misbehave,
};

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
    scenario::main(&scenarios, &FAULTS);
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

/// Goes through everything once. What the fault leaves no way to is left out.
fn misbehave(fault: Fault) -> Vec<Violation> {
    log().fault = fault;
    let mut rig = Rig::new();
    run_endpoint(&mut rig);
    let filter = rig.filter("Midi");
    if let (Ok(mut input), Ok(mut output)) = (
        filter.midi_pin(&mut rig.client, 0),
        filter.midi_pin(&mut rig.client, 1),
    ) {
        for pin in [&mut input, &mut output] {
            pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
        }
        let mut buffer = MusicBuffer::default();
        buffer.push(0, &[0x90, 0xF8]);
        write(&mut rig.client, input.handle, 0, buffer.bytes())
            .wait(&mut rig.client)
            .unwrap();
        rig.client.sleep(SECOND);
        input.close(&mut rig.client).unwrap();
        output.close(&mut rig.client).unwrap();
    }
    filter.close(&mut rig.client);
    let filter = rig.filter("Topology");
    let set = KSEVENTSETID_AudioControlChange;
    let _ = notify::enable(&mut rig.client, filter.handle, set, 0, Some(0));
    Property::of_node(KSPROPSETID_Audio, KSPROPERTY_AUDIO_VOLUMELEVEL, 0)
        .with(&[0; 8])
        .set(&mut rig.client, filter.handle, 5i32)
        .unwrap();
    filter.close(&mut rig.client);
    let (filter, pin) = open_capture(&mut rig, KSDATAFORMAT_SUBTYPE_MIDI);
    pin.close(&mut rig.client).unwrap();
    filter.close(&mut rig.client);
    // SAFETY: the driver's references.
    rig.system.call(0, || unsafe { fake::release_kept() });
    rig.finish()
}

fn run_endpoint(rig: &mut Rig) {
    let filter = rig.filter("Wave");
    let pins = filter.pins(&mut rig.client).unwrap();
    let pin = pins
        .iter()
        .find(|pin| is_capture(pin, &KSDATAFORMAT_SUBTYPE_PCM))
        .expect("a capture pin");
    if let Ok(mut stream) = RtStream::open(&mut rig.client, &filter, pin.id, FORMAT) {
        if stream.allocate_notified(&mut rig.client, 4096, 2).is_ok() {
            let _ = stream.position(&mut rig.client);
            if let Ok(event) = stream.register_event(&mut rig.client) {
                let id = KSPROPERTY_RTAUDIO_REGISTER_NOTIFICATION_EVENT;
                let _ = stream.send_event(&mut rig.client, id, event);
            }
            let stranger = rig.client.create_event();
            let id = KSPROPERTY_RTAUDIO_UNREGISTER_NOTIFICATION_EVENT;
            let _ = stream.send_event(&mut rig.client, id, stranger);
            rig.client.close_event(stranger);
            stream.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
            rig.advance(2048);
            let _ = stream.read_packet(&mut rig.client);
        }
        for event in stream.abandon(&mut rig.client) {
            rig.client.close_event(event);
        }
    }
    filter.close(&mut rig.client);
}
