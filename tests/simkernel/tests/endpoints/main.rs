//! The WaveRT, topology and MIDI ports and the capture side of the DMus port, against a driver that lives in this process.

mod fake;
#[path = "../scenario/mod.rs"]
mod scenario;

use arioso_core::ks::guid::*;
use arioso_core::ks::ks::*;
use arioso_core::ks::ksmedia::*;
use arioso_core::ks::status::*;
use arioso_core::ks::{GUID, Wire};
use conformance::cases::{Report, topology};
use conformance::connect::{self, SampleFormat};
use conformance::events::{MusicBuffer, write};
use conformance::filter::{Filter, Pin};
use conformance::property::Property;
use conformance::read::{event_records, music_records, read};
use conformance::rt_audio::{RtStream, is_capture, samples};
use conformance::topology::{Physical, Topology, physical};
use conformance::{Client, notify};
use fake::{Fault, log};
use simkernel::client::{ClientOptions, SimClient};
use simkernel::nt::{DISPATCH_LEVEL, POWER_SYSTEM_SLEEPING3, POWER_SYSTEM_WORKING};
use simkernel::system::{Device, Options, System};

const MILLISECOND: i64 = 10_000;
const SECOND: i64 = 1000 * MILLISECOND;
const SERVICE: &str = "endpoints";
const FORMAT: SampleFormat = SampleFormat {
    rate: 48_000,
    channels: 2,
    bits: 16,
    valid: 16,
    float: false,
};

const SCENARIOS: &[(&str, fn())] = &[
    ("buffer_is_shared", buffer_is_shared),
    ("events_and_packets", events_and_packets),
    ("buffer_rules", buffer_rules),
    ("a_client_that_dies", a_client_that_dies),
    ("endpoint_sleeps", endpoint_sleeps),
    ("endpoint_goes_away", endpoint_goes_away),
    ("physical_connections", physical_connections),
    ("jack_and_volume", jack_and_volume),
    ("control_change_event", control_change_event),
    ("methods_are_refused", methods_are_refused),
    ("bridges_have_no_streams", bridges_have_no_streams),
    ("cable", cable),
    ("cable_keeps_time", cable_keeps_time),
    (
        "cable_requests_can_be_cancelled",
        cable_requests_can_be_cancelled,
    ),
    ("capture_as_midi", capture_as_midi),
    ("capture_as_events", capture_as_events),
    (
        "capture_requests_end_with_stop",
        capture_requests_end_with_stop,
    ),
    ("long_exclusive", long_exclusive),
    ("rules_hold_on_every_filter", rules_hold_on_every_filter),
    ("rules_find_a_silent_volume", || {
        rules_find(Fault::SilentVolume, "Topology: node 0: a change is told");
    }),
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

const FAULTS: &[scenario::Faulty<Fault>] = &[
    (Fault::LeakPages, "are not freed when the stream is closed"),
    (
        Fault::LeakMapping,
        "are not freed when the stream is closed",
    ),
    (Fault::LeakPortStream, "IPortWaveRTStream has 2 references"),
    (Fault::FreeMapped, "are freed while they are mapped"),
    (Fault::LongBuffer, "of an MDL of"),
    (Fault::FarPosition, "GetPosition"),
    (Fault::WrongConnection, "the other direction"),
    (Fault::LeakResource, "was not removed"),
    (Fault::DelayWithoutSupport, "without SupportDelayedService"),
    (Fault::LongRead, "IMiniportMidiStream::Read"),
    (Fault::LoseEvent, "it is on no list"),
    (Fault::KeepSink, "the sink is still referenced"),
];

fn main() {
    scenario::main(SCENARIOS, FAULTS, misbehave);
}

/// A machine with the driver started.
struct Rig {
    system: System,
    device: Device,
    client: SimClient,
}

impl Rig {
    fn new() -> Rig {
        let mut system = System::boot(Options {
            echo: false,
            ..Options::default()
        });
        let status = system.load_host_driver(SERVICE, fake::driver_entry);
        assert_eq!(status, STATUS_SUCCESS);
        let device = system.add_root_device(SERVICE).expect("AddDevice");
        assert_eq!(system.start(device), STATUS_SUCCESS);
        let client = system.client(ClientOptions::default());
        Rig {
            system,
            device,
            client,
        }
    }

    fn filter(&mut self, name: &str) -> Filter<SimClient> {
        let categories = [KSCATEGORY_AUDIO, KSCATEGORY_SYNTHESIZER];
        let links = categories.map(|category| self.client.interfaces(&category));
        let link = links
            .concat()
            .into_iter()
            .find(|link| link.ends_with(name))
            .expect("a subdevice");
        Filter::open(&mut self.client, &link).expect("the filter")
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

    /// Removes everything and returns what the verifier found.
    fn finish(mut self) -> Vec<String> {
        drop(self.client);
        assert_eq!(self.system.remove(self.device), STATUS_SUCCESS);
        self.system.unload(SERVICE).expect("unload");
        self.system.verdict().violations
    }

    fn finish_clean(self) {
        let violations = self.finish();
        assert!(violations.is_empty(), "{violations:#?}");
        assert_eq!(log().alive, 0, "objects of the driver");
    }
}

// ---- WaveRT

fn buffer_is_shared() {
    let mut rig = Rig::new();
    let (filter, mut stream) = rig.endpoint();
    let (address, bytes) = stream.allocate(&mut rig.client, 1000).unwrap();
    assert!(bytes >= 1000 && address != 0);
    assert_eq!(stream.position(&mut rig.client).unwrap().PlayOffset, 0);
    let latency = stream.latency(&mut rig.client).unwrap();
    assert_eq!(
        [latency.FifoSize, latency.ChipsetDelay, latency.CodecDelay],
        [1, 2, 3]
    );
    stream.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    rig.advance(bytes + 10);
    let wrapped: Vec<u8> = (bytes..bytes + 10).map(|i| i as u8).collect();
    assert_eq!(stream.bytes(&mut rig.client, 0, 10), wrapped);
    assert_eq!(stream.bytes(&mut rig.client, 10, 2), [10, 11]);
    let position = stream.position(&mut rig.client).unwrap();
    assert_eq!(position.WriteOffset, 10);
    // The client may write there too.
    rig.client.write(address, &[0xEE]);
    assert_eq!(stream.bytes(&mut rig.client, 0, 1), [0xEE]);
    assert_eq!(samples(&FORMAT, &[0, 0x80]), [-1.0]);
    stream.close(&mut rig.client).unwrap();
    assert_eq!(log().states, [1, 2, 3, 2, 1, 0]);
    filter.close(&mut rig.client);
    rig.finish_clean();
}

fn events_and_packets() {
    let mut rig = Rig::new();
    let (filter, mut stream) = rig.endpoint();
    assert!(stream.supports_notification(&mut rig.client).unwrap());
    let early = stream.register_event(&mut rig.client).unwrap_err();
    assert_eq!(early.status, Some(STATUS_INVALID_DEVICE_STATE));
    let (_, bytes) = stream.allocate_notified(&mut rig.client, 1920, 2).unwrap();
    let packet = bytes / 2;
    let event = stream.register_event(&mut rig.client).unwrap();
    let second = stream.register_event(&mut rig.client).unwrap();
    assert_eq!(fake::wave_rt::registered(), 2);
    let id = KSPROPERTY_RTAUDIO_REGISTER_NOTIFICATION_EVENT;
    assert!(
        stream.send_event(&mut rig.client, id, event).is_err(),
        "twice"
    );
    assert!(stream.send_event(&mut rig.client, id, 0x1234).is_err());
    stream.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let nothing = stream.read_packet(&mut rig.client).unwrap_err();
    assert_eq!(nothing.status, Some(STATUS_DEVICE_NOT_READY));
    assert!(!rig.client.wait_event(event, MILLISECOND));
    for number in 0..5 {
        rig.advance(packet);
        assert!(rig.client.wait_event(event, 0), "packet {number}");
        assert!(!rig.client.wait_event(event, 0), "a wait resets it");
        let info = stream.read_packet(&mut rig.client).unwrap();
        assert_eq!((info.PacketNumber, info.Flags), (number, 0));
        assert_eq!(info.PerformanceCounterValue, 1234);
        let data = stream.packet(&mut rig.client, number);
        assert_eq!(data.len(), packet as usize);
        assert_eq!(data[0], (number * packet) as u8);
    }
    assert!(rig.client.wait_event(second, 0));
    stream.unregister_event(&mut rig.client, second).unwrap();
    assert_eq!(fake::wave_rt::registered(), 1);
    let count = Property::new(KSPROPSETID_RtAudio, KSPROPERTY_RTAUDIO_PACKETCOUNT)
        .get::<_, u32>(&mut rig.client, stream.pin.handle)
        .unwrap_err();
    assert_eq!(count.status, Some(STATUS_NOT_SUPPORTED), "for render pins");
    stream.close(&mut rig.client).unwrap();
    filter.close(&mut rig.client);
    rig.finish_clean();
}

fn buffer_rules() {
    let mut rig = Rig::new();
    let (filter, mut stream) = rig.endpoint();
    let refused = rig
        .client
        .create_pin(filter.handle, &connect::extensible(0, FORMAT), None);
    assert_eq!(refused, Err(STATUS_INSUFFICIENT_RESOURCES), "one instance");
    stream.allocate(&mut rig.client, 4096).unwrap();
    let again = stream.allocate(&mut rig.client, 4096).unwrap_err();
    assert_eq!(again.status, Some(STATUS_UNSUCCESSFUL));
    // A buffer without notification has no events.
    let event = stream.register_event(&mut rig.client).unwrap_err();
    assert_eq!(event.status, Some(STATUS_INVALID_DEVICE_STATE));
    for id in [
        KSPROPERTY_RTAUDIO_POSITIONREGISTER,
        KSPROPERTY_RTAUDIO_CLOCKREGISTER,
    ] {
        let register = Property::new(KSPROPSETID_RtAudio, id)
            .with(&[0; 8])
            .get::<_, KSRTAUDIO_HWREGISTER>(&mut rig.client, stream.pin.handle)
            .unwrap_err();
        assert_eq!(register.status, Some(STATUS_NOT_IMPLEMENTED));
    }
    // The present format is accepted; the driver refuses others.
    let format = Property::new(KSPROPSETID_Connection, KSPROPERTY_CONNECTION_DATAFORMAT);
    let same = format
        .get_sized(&mut rig.client, stream.pin.handle)
        .unwrap();
    assert_eq!(same, FORMAT.data_format());
    let set = |client: &mut SimClient, mut bytes: Vec<u8>| {
        let handle = stream.pin.handle;
        format
            .send(client, handle, KSPROPERTY_TYPE_SET, &mut bytes)
            .status
    };
    assert_eq!(set(&mut rig.client, same), STATUS_SUCCESS);
    let other = SampleFormat::pcm(44_100, 16).data_format();
    assert_eq!(set(&mut rig.client, other), STATUS_NOT_SUPPORTED);
    stream.close(&mut rig.client).unwrap();
    filter.close(&mut rig.client);
    rig.finish_clean();
}

/// The handle is closed in RUN with events registered: the port stops the stream and takes everything back.
fn a_client_that_dies() {
    let mut rig = Rig::new();
    let (filter, mut stream) = rig.endpoint();
    stream.allocate_notified(&mut rig.client, 4096, 2).unwrap();
    stream.register_event(&mut rig.client).unwrap();
    stream.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let events = stream.abandon(&mut rig.client);
    assert_eq!(log().states, [1, 2, 3, 2, 1, 0]);
    events
        .into_iter()
        .for_each(|event| rig.client.close_event(event));
    filter.close(&mut rig.client);
    rig.finish_clean();
}

fn endpoint_sleeps() {
    let mut rig = Rig::new();
    let (filter, mut stream) = rig.endpoint();
    stream.allocate(&mut rig.client, 4096).unwrap();
    stream.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    log().states.clear();
    for state in [POWER_SYSTEM_SLEEPING3, POWER_SYSTEM_WORKING] {
        assert!(rig.system.set_system_power(rig.device, state) >= 0);
    }
    assert_eq!(log().states, [KSSTATE_PAUSE, KSSTATE_RUN]);
    stream.close(&mut rig.client).unwrap();
    filter.close(&mut rig.client);
    rig.finish_clean();
}

fn endpoint_goes_away() {
    let mut rig = Rig::new();
    let (filter, mut stream) = rig.endpoint();
    stream.allocate_notified(&mut rig.client, 4096, 2).unwrap();
    stream.register_event(&mut rig.client).unwrap();
    stream.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    assert_eq!(rig.system.surprise_remove(rig.device), STATUS_SUCCESS);
    let gone = stream.position(&mut rig.client).unwrap_err();
    assert_eq!(gone.status, Some(STATUS_DEVICE_REMOVED));
    stream.abandon(&mut rig.client);
    filter.close(&mut rig.client);
    rig.finish_clean();
}

// ---- topology

fn physical_connections() {
    log().external = true;
    let mut rig = Rig::new();
    let (wave, topology) = (rig.filter("Wave"), rig.filter("Topology"));
    let client = &mut rig.client;
    let there = physical(client, &wave, 1).unwrap().expect("connected");
    assert!(
        there.link.ends_with("Topology") && there.pin == 1,
        "{there:?}"
    );
    let back = physical(client, &topology, 1).unwrap().expect("connected");
    assert!(back.link.ends_with("Wave") && back.pin == 1, "{back:?}");
    // The link opens the filter.
    Filter::open(client, &back.link).unwrap().close(client);
    assert_eq!(
        physical(client, &topology, 0).unwrap(),
        Some(Physical {
            link: "\\??\\LineIn".into(),
            pin: 7
        })
    );
    assert_eq!(physical(client, &wave, 0).unwrap(), None);
    // SAFETY: the subdevices are registered.
    let disconnect = |rig: &mut Rig| rig.system.call(0, || unsafe { fake::disconnect() });
    assert_eq!(disconnect(&mut rig), STATUS_SUCCESS);
    assert_eq!(physical(&mut rig.client, &wave, 1).unwrap(), None);
    assert_eq!(disconnect(&mut rig), STATUS_NOT_FOUND);
    // Categories that the descriptor leaves out are the port's.
    let shape = Topology::of(&mut rig.client, &topology).unwrap();
    assert_eq!(shape.categories, [KSCATEGORY_AUDIO, KSCATEGORY_TOPOLOGY]);
    assert_eq!(shape.nodes, [KSNODETYPE_VOLUME]);
    assert_eq!(shape.connections.len(), 2);
    wave.close(&mut rig.client);
    topology.close(&mut rig.client);
    rig.finish_clean();
}

fn jack_and_volume() {
    let mut rig = Rig::new();
    let filter = rig.filter("Topology");
    let client = &mut rig.client;
    let jack = |pin| Property::of_pin(KSPROPSETID_Jack, KSPROPERTY_JACK_DESCRIPTION, pin);
    let bytes = jack(0).get_sized(client, filter.handle).unwrap();
    let jack_0 = KSJACK_DESCRIPTION::read_from(&bytes[8..]).unwrap();
    assert_eq!(
        (jack_0.ConnectionType, jack_0.IsConnected),
        (eConnTypeOtherAnalog, 1)
    );
    let none = jack(1).send(client, filter.handle, KSPROPERTY_TYPE_GET, &mut [0; 64]);
    assert_eq!(none.status, STATUS_INVALID_PARAMETER);
    let volume = |channel: i32| {
        Property::of_node(KSPROPSETID_Audio, KSPROPERTY_AUDIO_VOLUMELEVEL, 0)
            .with(&[&channel.to_le_bytes()[..], &[0; 4]].concat())
    };
    volume(1).set(client, filter.handle, -65_536i32).unwrap();
    assert_eq!(
        volume(1).get::<_, i32>(client, filter.handle).unwrap(),
        -65_536
    );
    assert_eq!(volume(0).get::<_, i32>(client, filter.handle).unwrap(), 0);
    filter.close(client);
    rig.finish_clean();
}

fn control_change_event() {
    let mut rig = Rig::new();
    let filter = rig.filter("Topology");
    let client = &mut rig.client;
    let set = KSEVENTSETID_AudioControlChange;
    assert_eq!(notify::support(client, filter.handle, set, 0, Some(0)), 0);
    let refused = [
        (set, 0, None, STATUS_NOT_FOUND),
        (set, 1, Some(0), STATUS_NOT_FOUND),
        (set, 0, Some(1), STATUS_INVALID_DEVICE_REQUEST),
        (KSEVENTSETID_Connection, 0, None, STATUS_PROPSET_NOT_FOUND),
    ];
    for (set, id, node, status) in refused {
        let error = notify::enable(client, filter.handle, set, id, node).err();
        assert_eq!(error.and_then(|e| e.status), Some(status), "{id} {node:?}");
    }
    log().events.clear();
    let first = notify::enable(client, filter.handle, set, 0, Some(0)).unwrap();
    let second = notify::enable(client, filter.handle, set, 0, Some(0)).unwrap();
    assert!(!first.wait(client, MILLISECOND));
    let volume =
        Property::of_node(KSPROPSETID_Audio, KSPROPERTY_AUDIO_VOLUMELEVEL, 0).with(&[0; 8]);
    volume.set(client, filter.handle, 5i32).unwrap();
    assert!(
        first.wait(client, 0) && second.wait(client, 0),
        "both hear of it"
    );
    first.disable(client).unwrap();
    volume.set(client, filter.handle, 6i32).unwrap();
    assert!(second.wait(client, 0));
    assert_eq!(log().events, [1, 1, 2], "ADD, ADD, REMOVE");
    // The other one goes with its handle.
    filter.close(client);
    assert_eq!(log().events, [1, 1, 2, 2]);
    rig.finish_clean();
}

fn methods_are_refused() {
    let mut rig = Rig::new();
    let (filter, stream) = rig.endpoint();
    let client = &mut rig.client;
    for handle in [filter.handle, stream.pin.handle] {
        let mut request = vec![0; 24];
        let method = KSMETHOD {
            Set: KSMETHODSETID_StreamIo,
            Id: 0,
            Flags: KSMETHOD_TYPE_SEND,
        };
        method.write_to(&mut request).unwrap();
        let sent =
            conformance::property::control(client, handle, IOCTL_KS_METHOD, &request, &mut []);
        assert_eq!(sent.status, STATUS_PROPSET_NOT_FOUND);
    }
    stream.close(client).unwrap();
    filter.close(client);
    rig.finish_clean();
}

fn bridges_have_no_streams() {
    let mut rig = Rig::new();
    for (name, pin) in [("Topology", 0), ("Topology", 1), ("Wave", 1), ("Midi", 2)] {
        let filter = rig.filter(name);
        let mut format = vec![0; 64];
        let analog = KSDATAFORMAT {
            FormatSize: 64,
            MajorFormat: KSDATAFORMAT_TYPE_AUDIO,
            SubFormat: KSDATAFORMAT_SUBTYPE_ANALOG,
            Specifier: KSDATAFORMAT_SPECIFIER_NONE,
            ..KSDATAFORMAT::default()
        };
        analog.write_to(&mut format).unwrap();
        let bytes = connect::with_format(pin, &format);
        let refused = rig.client.create_pin(filter.handle, &bytes, None);
        assert!(refused.is_err(), "{name} {pin}");
        filter.close(&mut rig.client);
    }
    rig.finish_clean();
}

// ---- MIDI

type Cable = (Filter<SimClient>, Pin<SimClient>, Pin<SimClient>);

/// Both ends, running.
fn open_cable(rig: &mut Rig) -> Cable {
    let filter = rig.filter("Midi");
    let mut input = filter.midi_pin(&mut rig.client, 0).unwrap();
    let mut output = filter.midi_pin(&mut rig.client, 1).unwrap();
    input.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    output.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    (filter, input, output)
}

fn close_cable(rig: &mut Rig, (filter, input, output): Cable) {
    input.close(&mut rig.client).unwrap();
    output.close(&mut rig.client).unwrap();
    filter.close(&mut rig.client);
}

/// Reads until so many bytes have come.
fn collect(rig: &mut Rig, pin: &Pin<SimClient>, bytes: usize) -> Vec<u8> {
    let mut seen = Vec::new();
    while seen.len() < bytes {
        let received = read(&mut rig.client, pin.handle, 64)
            .wait(&mut rig.client)
            .unwrap();
        for record in music_records(&received).unwrap() {
            seen.extend(record.bytes);
        }
    }
    seen
}

/// More than the cable holds: the write is taken in pieces, and completes with its last byte.
fn cable() {
    let mut rig = Rig::new();
    let (filter, input, output) = open_cable(&mut rig);
    let message: Vec<u8> = (0..100).collect();
    let mut buffer = MusicBuffer::default();
    buffer.push(0, &message[..60]);
    buffer.push(0, &message[60..]);
    let sent = write(&mut rig.client, input.handle, 0, buffer.bytes());
    assert_eq!(collect(&mut rig, &output, 100), message);
    sent.wait(&mut rig.client).unwrap();
    assert!(log().services > 1, "the miniport's own service");
    close_cable(&mut rig, (filter, input, output));
    rig.finish_clean();
}

/// Bytes are written when they are due; the times of what is read count from the start of the pin.
fn cable_keeps_time() {
    let mut rig = Rig::new();
    let (filter, input, output) = open_cable(&mut rig);
    let start = rig.client.now();
    let mut buffer = MusicBuffer::default();
    buffer.push(20, &[0x90, 1, 2]);
    buffer.push(30, &[0xF8]);
    let sent = write(&mut rig.client, input.handle, 0, buffer.bytes());
    for (expected, bytes) in [(20, vec![0x90, 1, 2]), (52, vec![0xF8])] {
        let received = read(&mut rig.client, output.handle, 64)
            .wait(&mut rig.client)
            .unwrap();
        let records = music_records(&received).unwrap();
        assert_eq!(records[0].bytes, bytes);
        // The clock message is announced 2 ms late; timers have 1 ms.
        assert!(
            (expected..=expected + 2).contains(&records[0].time),
            "{records:?}"
        );
        let now = (rig.client.now() - start) / MILLISECOND;
        assert!((expected..=expected + 2).contains(&now), "{now} ms");
    }
    sent.wait(&mut rig.client).unwrap();
    close_cable(&mut rig, (filter, input, output));
    rig.finish_clean();
}

fn cable_requests_can_be_cancelled() {
    let mut rig = Rig::new();
    let filter = rig.filter("Midi");
    let mut input = filter.midi_pin(&mut rig.client, 0).unwrap();
    input.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    // Nobody reads: the cable fills up.
    let mut buffer = MusicBuffer::default();
    buffer.push(0, &[1; 20]);
    let mut blocked = write(&mut rig.client, input.handle, 0, buffer.bytes());
    let mut behind = write(&mut rig.client, input.handle, 0, buffer.bytes());
    rig.client.sleep(SECOND);
    assert!(blocked.poll(&mut rig.client).is_none() && behind.poll(&mut rig.client).is_none());
    let cancelled = blocked.cancel(&mut rig.client).map(|c| c.status);
    assert_eq!(cancelled, Some(STATUS_CANCELLED));
    // Stopping cancels the rest.
    input.set_state(&mut rig.client, KSSTATE_STOP).unwrap();
    let stopped = behind.poll(&mut rig.client).map(|c| c.status);
    assert_eq!(stopped, Some(STATUS_CANCELLED));
    let refused = write(&mut rig.client, input.handle, 0, buffer.bytes())
        .poll(&mut rig.client)
        .map(|c| c.status);
    assert_eq!(refused, Some(STATUS_INVALID_DEVICE_STATE));
    input.close(&mut rig.client).unwrap();
    filter.close(&mut rig.client);
    rig.finish_clean();
}

// ---- DMus capture

fn open_capture(rig: &mut Rig, subtype: GUID) -> (Filter<SimClient>, Pin<SimClient>) {
    let filter = rig.filter("Capture");
    let bytes = if subtype == KSDATAFORMAT_SUBTYPE_MIDI {
        connect::midi(0)
    } else {
        connect::direct_music(0)
    };
    let mut pin = filter.create_pin(&mut rig.client, &bytes, None).unwrap();
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    (filter, pin)
}

fn receive(rig: &mut Rig, messages: Vec<fake::dmus::Received>) {
    // SAFETY: the stream is open.
    rig.system
        .call(0, move || unsafe { fake::dmus::receive(0, messages) });
}

fn capture_as_midi() {
    let mut rig = Rig::new();
    let (filter, pin) = open_capture(&mut rig, KSDATAFORMAT_SUBTYPE_MIDI);
    let run = rig.client.now();
    rig.client.sleep(100 * MILLISECOND);
    let at = |ms: i64| run + ms * MILLISECOND;
    receive(
        &mut rig,
        vec![
            (at(10), 1, 0, vec![vec![0x90, 60, 100]]),
            (at(13), 1, 0, vec![vec![0xC0, 5]]),
            (at(13), 1, 1, vec![vec![0xF0, 1, 2, 3]]),
            (at(14), 1, 0, vec![vec![4, 5, 6, 7, 8, 9, 10, 0xF7]]),
            (at(20), 1, 0, vec![vec![0x80, 60, 0], vec![0xB0, 7, 100]]),
        ],
    );
    let received = read(&mut rig.client, pin.handle, 1024)
        .wait(&mut rig.client)
        .unwrap();
    let records = music_records(&received).unwrap();
    let bytes: Vec<Vec<u8>> = records.iter().map(|r| r.bytes.clone()).collect();
    assert_eq!(
        bytes,
        [
            vec![0x90, 60, 100],
            vec![0xC0, 5],
            vec![0xF0, 1, 2, 3],
            vec![4, 5, 6, 7, 8, 9, 10, 0xF7],
            vec![0x80, 60, 0],
            vec![0xB0, 7, 100]
        ]
    );
    let times: Vec<i64> = records.iter().map(|r| r.time).collect();
    // The pin's own start is a few calls before `run`.
    assert!((10..=11).contains(&times[0]), "{times:?}");
    assert_eq!(times[1..], [3, 0, 1, 6, 0]);
    pin.close(&mut rig.client).unwrap();
    filter.close(&mut rig.client);
    rig.finish_clean();
}

fn capture_as_events() {
    let mut rig = Rig::new();
    let (filter, pin) = open_capture(&mut rig, KSDATAFORMAT_SUBTYPE_DIRECTMUSIC);
    let waiting = read(&mut rig.client, pin.handle, 1024);
    receive(
        &mut rig,
        vec![
            (1000, 1, 0, vec![vec![0x90, 60, 100]]),
            // Raw bytes: the port cuts them into messages.
            (1007, 2, 1, vec![vec![0xC0, 5, 0x90, 1]]),
            (1009, 2, 1, vec![vec![2, 0xF8, 3, 4]]),
        ],
    );
    let received = waiting.wait(&mut rig.client).unwrap();
    let records = event_records(&received).unwrap();
    let seen: Vec<_> = records
        .iter()
        .map(|r| (r.time, r.group, r.flags, r.bytes.clone()))
        .collect();
    assert_eq!(
        seen,
        [
            (1000, 1, 1, vec![0x90, 60, 100]),
            (1007, 2, 1, vec![0xC0, 5]),
            (1009, 2, 1, vec![0x90, 1, 2]),
            (1009, 2, 1, vec![0xF8]),
            (1009, 2, 1, vec![0x90, 3, 4])
        ]
    );
    assert_eq!(received.options & KSSTREAM_HEADER_OPTIONSF_TIMEVALID, 0x10);
    pin.close(&mut rig.client).unwrap();
    filter.close(&mut rig.client);
    rig.finish_clean();
}

fn capture_requests_end_with_stop() {
    let mut rig = Rig::new();
    let (filter, mut pin) = open_capture(&mut rig, KSDATAFORMAT_SUBTYPE_MIDI);
    let client = &mut rig.client;
    let first = read(client, pin.handle, 64);
    let mut second = read(client, pin.handle, 64);
    let cancelled = first.cancel(client).unwrap().unwrap_err();
    assert_eq!(cancelled.status, Some(STATUS_CANCELLED));
    assert!(second.poll(client).is_none());
    pin.set_state(client, KSSTATE_STOP).unwrap();
    let stopped = second.poll(client).unwrap().unwrap_err();
    assert_eq!(stopped.status, Some(STATUS_CANCELLED));
    // Below PAUSE input is discarded.
    pin.set_state(client, KSSTATE_ACQUIRE).unwrap();
    receive(&mut rig, vec![(0, 1, 0, vec![vec![0x90, 1, 1]])]);
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    receive(&mut rig, vec![(0, 1, 0, vec![vec![0x90, 2, 2]])]);
    let received = read(&mut rig.client, pin.handle, 64)
        .wait(&mut rig.client)
        .unwrap();
    assert_eq!(
        music_records(&received).unwrap()[0].bytes,
        [0x90, 2, 2],
        "what came before is gone"
    );
    pin.close(&mut rig.client).unwrap();
    filter.close(&mut rig.client);
    rig.finish_clean();
}

/// 100 KB in pieces of the driver's, read in pieces of the client's.
fn long_exclusive() {
    let mut rig = Rig::new();
    let (filter, pin) = open_capture(&mut rig, KSDATAFORMAT_SUBTYPE_MIDI);
    let mut message = vec![0xF0];
    message.extend((0..100_000).map(|i| (i % 127) as u8));
    message.push(0xF7);
    for piece in message.chunks(1000) {
        let more = u16::from(piece.last() != Some(&0xF7));
        receive(&mut rig, vec![(0, 1, more, vec![piece.to_vec()])]);
    }
    assert_eq!(collect(&mut rig, &pin, message.len()), message);
    pin.close(&mut rig.client).unwrap();
    filter.close(&mut rig.client);
    rig.finish_clean();
}

// ---- the rules for filters

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

// ---- faults

/// Goes through everything once.
fn misbehave(fault: Fault, says: &str) {
    log().fault = fault;
    let mut rig = Rig::new();
    let (filter, mut stream) = rig.endpoint();
    if stream.allocate_notified(&mut rig.client, 4096, 2).is_ok() {
        let _ = stream.position(&mut rig.client);
    }
    stream.abandon(&mut rig.client);
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
