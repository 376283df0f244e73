//! The built-in ports against a driver that lives in this process. One machine, and so one child process, per scenario.

mod fake;
#[path = "../scenario/mod.rs"]
mod scenario;

use arioso_core::ks::guid::*;
use arioso_core::ks::ks::*;
use arioso_core::ks::status::*;
use conformance::events::{EventBuffer, MusicBuffer, write};
use conformance::filter::{Filter, Pin};
use conformance::property::Property;
use conformance::wave::WavePath;
use conformance::{Client, connect};
use fake::{Fault, log};
use simkernel::client::{ClientOptions, SimClient};
use simkernel::modules::pcm_sink;
use simkernel::modules::portcls::wave_sink::{Blocks, Unit, WaveSinkOptions, progress};
use simkernel::nt::{POWER_SYSTEM_SLEEPING3, POWER_SYSTEM_WORKING};
use simkernel::system::{AudioOptions, Device, Options, System};

const SECOND: i64 = 10_000_000;
const SERVICE: &str = "fake";

const SCENARIOS: &[(&str, fn())] = &[
    ("states_go_step_by_step", states_go_step_by_step),
    ("chains_and_fragments", chains_and_fragments),
    ("packages", packages),
    ("midi_bytes_become_messages", midi_bytes_become_messages),
    (
        "port_sequences_for_a_miniport_with_prefetch",
        port_sequences_for_a_miniport_with_prefetch,
    ),
    (
        "requests_wait_below_run_and_can_be_cancelled",
        requests_wait_below_run_and_can_be_cancelled,
    ),
    ("stop_flushes_the_sequencer", stop_flushes_the_sequencer),
    ("instances_are_limited", instances_are_limited),
    ("property_protocol", property_protocol),
    ("bad_user_addresses", bad_user_addresses),
    ("pending_property", pending_property),
    ("intersection", intersection),
    ("wave_sink_cadence", wave_sink_cadence),
    ("wave_sink_frames_and_lists", wave_sink_frames_and_lists),
    ("device_drift", device_drift),
    ("power_pauses_streams", power_pauses_streams),
    (
        "surprise_removal_with_an_open_pin",
        surprise_removal_with_an_open_pin,
    ),
    ("narrow_headers", narrow_headers),
    ("a_million_events_at_once", a_million_events_at_once),
];

/// Each fault gets a machine of its own, and must lead to a violation that says this.
const FAULTS: &[(Fault, &str)] = &[
    (Fault::LeakEvent, "are not back"),
    (Fault::PutTwice, "has been put back already"),
    (Fault::PutForeign, "is not of this allocator"),
    (Fault::LeakPort, "IPortDMus"),
    (Fault::RegisterPowerTwice, "registered twice"),
    (Fault::LongValue, "ValueSize 64"),
    (Fault::OverrunRender, "wrote outside its buffer"),
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
    fn new(options: Options) -> Rig {
        Rig::for_client(options, ClientOptions::default())
    }

    fn for_client(options: Options, client: ClientOptions) -> Rig {
        let mut system = System::boot(Options {
            echo: false,
            ..options
        });
        assert_eq!(
            system.load_host_driver(SERVICE, fake::driver_entry),
            STATUS_SUCCESS
        );
        let device = system.add_root_device(SERVICE).expect("AddDevice");
        assert_eq!(system.start(device), STATUS_SUCCESS);
        let client = system.client(client);
        Rig {
            system,
            device,
            client,
        }
    }

    fn filter(&mut self) -> Filter<SimClient> {
        let link = self.client.interfaces(&KSCATEGORY_SYNTHESIZER).remove(0);
        Filter::open(&mut self.client, &link).expect("the filter")
    }

    fn direct_music(&mut self) -> (Filter<SimClient>, Pin<SimClient>) {
        let filter = self.filter();
        let pin = filter
            .direct_music_pin(&mut self.client, 0)
            .expect("the pin");
        (filter, pin)
    }

    fn close(&mut self, filter: Filter<SimClient>, pin: Pin<SimClient>) {
        pin.close(&mut self.client).expect("stop");
        filter.close(&mut self.client);
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
        assert_eq!(fake::alive(), (0, 0), "miniports and streams");
    }
}

fn states_go_step_by_step() {
    let mut rig = Rig::new(Options::default());
    let (filter, pin) = rig.direct_music();
    let state = Property::new(KSPROPSETID_Connection, KSPROPERTY_CONNECTION_STATE);
    state.set(&mut rig.client, pin.handle, KSSTATE_RUN).unwrap();
    assert_eq!(pin.state(&mut rig.client).unwrap(), KSSTATE_RUN);
    state
        .set(&mut rig.client, pin.handle, KSSTATE_ACQUIRE)
        .unwrap();
    assert_eq!(log().states, [(0, 1), (0, 2), (0, 3), (0, 2), (0, 1)]);
    assert!(state.set(&mut rig.client, pin.handle, 4).is_err());
    // Closing stops.
    rig.client.close(pin.handle);
    assert_eq!(log().states.last(), Some(&(0, 0)));
    filter.close(&mut rig.client);
    rig.finish_clean();
}

fn chains_and_fragments() {
    let mut rig = Rig::new(Options::default());
    let (filter, mut pin) = rig.direct_music();
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let start = rig.client.now() + SECOND;
    let mut buffer = EventBuffer::new(start);
    buffer.push(start, 1, &[0x90, 60, 1]);
    buffer.push(start, 2, &[0x90, 61, 1]);
    let mut long = vec![0xF0];
    long.extend((0..5000).map(|i| (i % 128) as u8));
    long.push(0xF7);
    buffer.push(start + 7, 1, &long);
    write(&mut rig.client, pin.handle, buffer.start(), buffer.bytes())
        .wait(&mut rig.client)
        .unwrap();
    let events = &log().events;
    assert_eq!(events.len(), 4);
    assert_eq!(
        (events[0].4, events[1].4),
        (0, 1),
        "events of one time come in one chain"
    );
    assert_eq!(
        (events[1].0, events[1].1, &events[1].3[..]),
        (start, 2, &[0x90, 61, 1][..])
    );
    assert_eq!(
        (events[2].2, events[3].2),
        (1, 0),
        "all fragments but the last are incomplete"
    );
    assert_eq!([&events[2].3[..], &events[3].3[..]].concat(), long);
    assert_eq!(events[2].0, start + 7);
    rig.close(filter, pin);
    rig.finish_clean();
}

/// A driver may give a package back with its contents.
fn packages() {
    let audio = AudioOptions {
        packages: true,
        ..AudioOptions::default()
    };
    let mut rig = Rig::new(Options {
        audio,
        ..Options::default()
    });
    let (filter, mut pin) = rig.direct_music();
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let start = rig.client.now();
    let long: Vec<u8> = std::iter::once(0xF0)
        .chain(vec![1; 9000])
        .chain([0xF7])
        .collect();
    let mut buffer = EventBuffer::new(start);
    buffer.push(start, 1, &[0x90, 1, 1]);
    buffer.push(start, 1, &long);
    buffer.push(start, 1, &[0x90, 2, 1]);
    write(&mut rig.client, pin.handle, start, buffer.bytes())
        .wait(&mut rig.client)
        .unwrap();
    let events = &log().events;
    assert_eq!(
        events.iter().map(|e| e.2).collect::<Vec<_>>(),
        [0, 1, 1, 0, 0]
    );
    assert_eq!(
        events[1..4]
            .iter()
            .flat_map(|e| e.3.clone())
            .collect::<Vec<_>>(),
        long
    );
    rig.close(filter, pin);
    rig.finish_clean();
}

fn midi_bytes_become_messages() {
    let mut rig = Rig::new(Options::default());
    let filter = rig.filter();
    let mut pin = filter.midi_pin(&mut rig.client, 0).unwrap();
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let run = rig.client.now();
    let mut buffer = MusicBuffer::default();
    buffer.push(0, &[0x90, 60, 1, 62, 2]);
    buffer.push(5, &[0xC0, 3]);
    let before = rig.client.now();
    write(&mut rig.client, pin.handle, 0, buffer.bytes())
        .wait(&mut rig.client)
        .unwrap();
    let events = &log().events;
    assert_eq!(
        events.iter().map(|e| e.3.clone()).collect::<Vec<_>>(),
        [vec![0x90, 60, 1], vec![0x90, 62, 2], vec![0xC0, 3]]
    );
    assert!(
        (before..before + 1000).contains(&events[0].0),
        "time 0 is now"
    );
    assert_eq!(events[2].0 - events[0].0, 50_000);
    // A time is stream time: it starts with RUN.
    write(&mut rig.client, pin.handle, SECOND, &buffer.bytes()[..16])
        .wait(&mut rig.client)
        .unwrap();
    let at = log().events[3].0;
    assert!((at - run - SECOND).abs() < 1000, "{}", at - run - SECOND);
    rig.close(filter, pin);
    rig.finish_clean();
}

fn port_sequences_for_a_miniport_with_prefetch() {
    log().prefetch = 50_000;
    let mut rig = Rig::new(Options::default());
    let (filter, mut pin) = rig.direct_music();
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let start = rig.client.now() + SECOND;
    let mut buffer = EventBuffer::new(start);
    for i in [3, 1, 2, 0] {
        buffer.push(start + i * 200_000, 1, &[0x90, i as u8, 1]);
    }
    write(&mut rig.client, pin.handle, buffer.start(), buffer.bytes())
        .wait(&mut rig.client)
        .unwrap();
    assert!(log().events.is_empty(), "held until they are due");
    rig.client.sleep(3 * SECOND);
    assert_eq!(
        log().events.iter().map(|e| e.3[1]).collect::<Vec<_>>(),
        [0, 1, 2, 3]
    );
    for (event, delivered) in log().events.iter().zip(&log().delivered) {
        let early = event.0 - delivered;
        assert!((20_000..=50_000).contains(&early), "{early}");
    }
    rig.close(filter, pin);
    rig.finish_clean();
}

fn requests_wait_below_run_and_can_be_cancelled() {
    let mut rig = Rig::new(Options::default());
    let filter = rig.filter();
    let mut pin = filter.midi_pin(&mut rig.client, 0).unwrap();
    let mut buffer = MusicBuffer::default();
    buffer.push(0, &[0x90, 60, 1]);
    let refused = write(&mut rig.client, pin.handle, 0, buffer.bytes())
        .poll(&mut rig.client)
        .unwrap();
    assert_eq!(refused.status, STATUS_INVALID_DEVICE_STATE);
    pin.set_state(&mut rig.client, KSSTATE_PAUSE).unwrap();
    let mut first = write(&mut rig.client, pin.handle, 0, buffer.bytes());
    let data = rig.client.allocate(16);
    rig.client.write(data, buffer.bytes());
    let header = rig.client.allocate(56);
    let bytes = conformance::wire::Bytes::bytes(&conformance::events::stream_header(
        0,
        data,
        buffer.bytes().len() as u32,
    ));
    rig.client.write(header, &bytes);
    let mut second = rig
        .client
        .submit(pin.handle, IOCTL_KS_WRITE_STREAM, (0, 0), (header, 56));
    assert!(first.poll(&mut rig.client).is_none() && rig.client.poll(&mut second).is_none());
    rig.client.cancel(&mut second);
    assert_eq!(rig.client.wait(second).status, STATUS_CANCELLED);
    assert!(log().events.is_empty());
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    assert_eq!(
        first.poll(&mut rig.client).map(|c| c.status),
        Some(STATUS_SUCCESS)
    );
    assert_eq!(log().events.len(), 1);
    // STOP cancels what waits.
    pin.set_state(&mut rig.client, KSSTATE_PAUSE).unwrap();
    let mut third = write(&mut rig.client, pin.handle, 0, buffer.bytes());
    pin.set_state(&mut rig.client, KSSTATE_STOP).unwrap();
    assert_eq!(
        third.poll(&mut rig.client).map(|c| c.status),
        Some(STATUS_CANCELLED)
    );
    rig.close(filter, pin);
    rig.finish_clean();
}

fn stop_flushes_the_sequencer() {
    log().prefetch = 0;
    let mut rig = Rig::new(Options::default());
    let (filter, mut pin) = rig.direct_music();
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let start = rig.client.now() + 100 * SECOND;
    let mut buffer = EventBuffer::new(start);
    (0..100).for_each(|i| buffer.push(start + i, 1, &[0xF0, 1, 2, 3, 4, 5, 6, 7, 8, 0xF7]));
    write(&mut rig.client, pin.handle, buffer.start(), buffer.bytes())
        .wait(&mut rig.client)
        .unwrap();
    rig.close(filter, pin);
    assert!(log().events.is_empty());
    rig.finish_clean();
}

fn instances_are_limited() {
    let mut rig = Rig::new(Options::default());
    let (filter, one) = rig.direct_music();
    let two = filter.midi_pin(&mut rig.client, 0).unwrap();
    let refused = rig
        .client
        .create_pin(filter.handle, &connect::midi(0), None);
    assert_eq!(refused, Err(STATUS_INSUFFICIENT_RESOURCES));
    let counts = Property::of_pin(KSPROPSETID_Pin, KSPROPERTY_PIN_CINSTANCES, 0);
    let now: KSPIN_CINSTANCES = counts.get(&mut rig.client, filter.handle).unwrap();
    assert_eq!((now.PossibleCount, now.CurrentCount), (2, 2));
    two.close(&mut rig.client).unwrap();
    let three = filter.midi_pin(&mut rig.client, 0).unwrap();
    three.close(&mut rig.client).unwrap();
    // The wave pin needs somebody to feed; no pin takes a format that it does not list; pin 2 is not there.
    let pcm = connect::pcm(44_100);
    assert_eq!(
        rig.client
            .create_pin(filter.handle, &connect::wave(1, pcm), None),
        Err(STATUS_INVALID_PARAMETER)
    );
    assert_eq!(
        rig.client
            .create_pin(filter.handle, &connect::wave(0, pcm), None),
        Err(STATUS_NO_MATCH)
    );
    assert_eq!(
        rig.client
            .create_pin(filter.handle, &connect::midi(2), None),
        Err(STATUS_INVALID_PARAMETER)
    );
    assert_eq!(
        rig.client
            .create_pin(filter.handle, &connect::midi(0)[..100], None),
        Err(STATUS_INVALID_BUFFER_SIZE)
    );
    rig.close(filter, one);
    rig.finish_clean();
}

fn property_protocol() {
    let mut rig = Rig::new(Options::default());
    let (filter, pin) = rig.direct_music();
    let client = &mut rig.client;
    let node = Property::of_node(fake::SET, 0, 0);
    // Target and instance data reach the handler.
    assert_eq!(
        node.get::<_, u32>(client, pin.handle).unwrap(),
        fake::answer(0, 0, true)
    );
    assert_eq!(
        node.get::<_, u32>(client, filter.handle).unwrap(),
        fake::answer(0, 0, false)
    );
    let with = node.clone().with(&[1, 2, 3, 4, 5]);
    assert_eq!(
        with.get::<_, u32>(client, pin.handle).unwrap(),
        fake::answer(0, 5, true)
    );
    // Without a node the node's table serves it all the same, and the request names none.
    let bare = Property::new(fake::SET, 0);
    assert_eq!(
        bare.get::<_, u32>(client, pin.handle).unwrap(),
        fake::answer(u32::MAX, 0, true)
    );
    // Sizes.
    let empty = node.send(client, pin.handle, KSPROPERTY_TYPE_GET, &mut []);
    assert_eq!(
        (empty.status, empty.information),
        (STATUS_BUFFER_OVERFLOW, 4)
    );
    let small = node.send(client, pin.handle, KSPROPERTY_TYPE_GET, &mut [0; 3]);
    assert_eq!(small.status, STATUS_BUFFER_TOO_SMALL);
    // Verbs that are not listed, sets and items and nodes that are not there.
    assert_eq!(
        node.send(client, pin.handle, KSPROPERTY_TYPE_SET, &mut [0; 4])
            .status,
        STATUS_NOT_FOUND
    );
    let status = |client: &mut SimClient, p: Property, verb| {
        p.send(client, pin.handle, verb, &mut [0; 4]).status
    };
    assert_eq!(
        status(
            client,
            Property::of_node(fake::SET, 9, 0),
            KSPROPERTY_TYPE_GET
        ),
        STATUS_NOT_FOUND
    );
    assert_eq!(
        status(
            client,
            Property::of_node(fake::SET, 0, 1),
            KSPROPERTY_TYPE_GET
        ),
        STATUS_INVALID_DEVICE_REQUEST
    );
    assert_eq!(
        status(
            client,
            Property::new(KSPROPSETID_Jack, 0),
            KSPROPERTY_TYPE_GET
        ),
        STATUS_PROPSET_NOT_FOUND
    );
    assert_eq!(
        status(
            client,
            node.clone(),
            KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_SET
        ),
        STATUS_INVALID_PARAMETER
    );
    assert_eq!(
        status(client, node.clone(), KSPROPERTY_TYPE_SETSUPPORT),
        STATUS_SUCCESS
    );
    // Basic support.
    let support = node.basic_support(client, pin.handle).unwrap();
    assert_eq!(
        support.AccessFlags,
        KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_BASICSUPPORT
    );
    let mut flags = [0; 4];
    assert_eq!(
        node.send(client, pin.handle, KSPROPERTY_TYPE_BASICSUPPORT, &mut flags)
            .information,
        4
    );
    assert_eq!(u32::from_le_bytes(flags), support.AccessFlags);
    rig.close(filter, pin);
    rig.finish_clean();
}

fn bad_user_addresses() {
    let mut rig = Rig::new(Options::default());
    let (filter, mut pin) = rig.direct_music();
    let client = &mut rig.client;
    let request = Property::of_node(fake::SET, 0, 0).request(KSPROPERTY_TYPE_GET);
    let good = client.allocate(request.len());
    client.write(good, &request);
    let bad = 0x1000;
    for (input, output) in [
        ((bad, 32), (good, 4)),
        ((good, 32), (bad, 4)),
        ((good, 32), (u64::MAX - 2, 4)),
        ((0, 32), (good, 4)),
    ] {
        let sent = client.submit(pin.handle, IOCTL_KS_PROPERTY, input, output);
        assert_eq!(
            client.wait(sent).status,
            STATUS_ACCESS_VIOLATION,
            "{input:x?} {output:x?}"
        );
    }
    let short = client.submit(pin.handle, IOCTL_KS_PROPERTY, (good, 23), (good, 4));
    assert_eq!(client.wait(short).status, STATUS_INVALID_BUFFER_SIZE);
    // Stream requests: no headers, headers elsewhere, data elsewhere, more data than room.
    pin.set_state(client, KSSTATE_RUN).unwrap();
    let data = client.allocate(64);
    let header = client.allocate(56);
    type Change = fn(&mut KSSTREAM_HEADER);
    let cases: [(Change, u32, i32); 5] = [
        (|_| (), 55, STATUS_INVALID_BUFFER_SIZE),
        (|h| h.Size = 64, 56, STATUS_INVALID_BUFFER_SIZE),
        (|h| h.Data = 0x1000 as *mut _, 56, STATUS_ACCESS_VIOLATION),
        (|h| h.DataUsed = 65, 56, STATUS_INVALID_BUFFER_SIZE),
        (|h| h.FrameExtent = 1 << 20, 56, STATUS_ACCESS_VIOLATION),
    ];
    for (number, (change, length, status)) in cases.into_iter().enumerate() {
        let mut h = conformance::events::stream_header(0, data, 64);
        change(&mut h);
        client.write(header, &conformance::wire::Bytes::bytes(&h));
        let sent = client.submit(pin.handle, IOCTL_KS_WRITE_STREAM, (0, 0), (header, length));
        assert_eq!(client.wait(sent).status, status, "case {number}");
    }
    let sent = client.submit(pin.handle, IOCTL_KS_WRITE_STREAM, (0, 0), (bad, 56));
    assert_eq!(client.wait(sent).status, STATUS_ACCESS_VIOLATION);
    // An event header that runs over the end.
    client.write(data, &[0xFF; 64]);
    client.write(
        header,
        &conformance::wire::Bytes::bytes(&conformance::events::stream_header(0, data, 64)),
    );
    let sent = client.submit(pin.handle, IOCTL_KS_WRITE_STREAM, (0, 0), (header, 56));
    assert_eq!(client.wait(sent).status, STATUS_INVALID_BUFFER_SIZE);
    assert!(log().events.is_empty());
    rig.close(filter, pin);
    rig.finish_clean();
}

fn pending_property() {
    let mut rig = Rig::new(Options::default());
    let (filter, pin) = rig.direct_music();
    let request = Property::of_node(fake::SET, 1, 0).request(KSPROPERTY_TYPE_GET);
    let input = rig.client.allocate(request.len());
    rig.client.write(input, &request);
    let output = rig.client.allocate(4);
    let mut sent = rig.client.submit(
        pin.handle,
        IOCTL_KS_PROPERTY,
        (input, request.len() as u32),
        (output, 4),
    );
    assert!(rig.client.poll(&mut sent).is_none());
    // SAFETY: the request is pending.
    rig.system.call(0, || unsafe { fake::complete_pending(77) });
    let done = rig.client.wait(sent);
    let mut value = [0; 4];
    rig.client.read(output, &mut value);
    assert_eq!(
        (done.status, done.information, value),
        (STATUS_SUCCESS, 4, [77, 0, 0, 0])
    );
    rig.close(filter, pin);
    rig.finish_clean();
}

fn intersection() {
    let mut rig = Rig::new(Options::default());
    let filter = rig.filter();
    let client = &mut rig.client;
    let mut range = conformance::wire::Bytes::bytes(&KSDATARANGE {
        FormatSize: 64,
        MajorFormat: KSDATAFORMAT_TYPE_MUSIC,
        SubFormat: KSDATAFORMAT_SUBTYPE_DIRECTMUSIC,
        Specifier: KSDATAFORMAT_SPECIFIER_NONE,
        ..KSDATARANGE::default()
    });
    let mut list = 72u32.to_le_bytes().to_vec();
    list.extend(1u32.to_le_bytes());
    list.append(&mut range);
    let of =
        |pin| Property::of_pin(KSPROPSETID_Pin, KSPROPERTY_PIN_DATAINTERSECTION, pin).with(&list);
    let format = of(0).get_sized(client, filter.handle).unwrap();
    assert_eq!(format.len(), 64);
    assert_eq!(format[32..48], list[40..56], "the subtype asked for");
    let none = of(1).send(client, filter.handle, KSPROPERTY_TYPE_GET, &mut [0; 128]);
    assert_eq!(none.status, STATUS_NO_MATCH);
    filter.close(client);
    rig.finish_clean();
}

fn play_wave(options: Options, time: i64) -> Rig {
    let mut rig = Rig::new(options);
    let filter = rig.filter();
    let mut wave = WavePath::open(&mut rig.client, &filter, 1, 44_100).unwrap();
    wave.run(&mut rig.client).unwrap();
    rig.client.sleep(time);
    wave.close(&mut rig.client).unwrap();
    filter.close(&mut rig.client);
    rig
}

/// Positions have no gaps; returns frames rendered.
fn check_positions(bytes_per_unit: u32) -> i64 {
    let mut next = 0;
    for &(length, position) in &log().renders {
        assert_eq!(position, next);
        assert_eq!(length % bytes_per_unit, 0);
        next += i64::from(length);
    }
    next / i64::from(bytes_per_unit)
}

fn wave_sink_cadence() {
    let rig = play_wave(Options::default(), SECOND);
    let frames = check_positions(4);
    // One second, and 40 ms ahead, in blocks of 10 ms.
    assert!(
        (44_100 + 882..44_100 + 3 * 882).contains(&frames),
        "{frames}"
    );
    let syncs = &log().syncs;
    assert_eq!((syncs[0].1, syncs[0].2), (0, true));
    assert!(
        syncs[1..].iter().all(|s| !s.2) && (45..=52).contains(&syncs.len()),
        "{}",
        syncs.len()
    );
    for pair in syncs.windows(2) {
        let (master, device) = (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1);
        assert!(
            (master - device).abs() < 50,
            "device time follows the master clock: {master} {device}"
        );
    }
    let played = pcm_sink::played().unwrap();
    assert_eq!(
        (
            played.frames as i64,
            played.underruns,
            progress().failed_writes
        ),
        (frames, 0, 0)
    );
    assert_eq!(pcm_sink::take().len() as i64, frames * 4);
    rig.finish_clean();
}

fn wave_sink_frames_and_lists() {
    let wave_sink = WaveSinkOptions {
        blocks: Blocks::List(vec![1, 4096, 17]),
        unit: Unit::Frames,
        ..WaveSinkOptions::default()
    };
    let audio = AudioOptions {
        wave_sink,
        ..AudioOptions::default()
    };
    let rig = play_wave(
        Options {
            audio,
            ..Options::default()
        },
        SECOND,
    );
    let frames = check_positions(1);
    assert!(frames > 44_100);
    assert_eq!(
        log()
            .renders
            .iter()
            .take(4)
            .map(|r| r.0)
            .collect::<Vec<_>>(),
        [1, 4096, 17, 1]
    );
    rig.finish_clean();
}

fn device_drift() {
    let rig = play_wave(
        Options {
            drift_ppm: 200.0,
            ..Options::default()
        },
        100 * SECOND,
    );
    let (first, last) = (log().syncs[0], *log().syncs.last().unwrap());
    let ppm = ((last.1 - first.1) as f64 / (last.0 - first.0) as f64 - 1.0) * 1e6;
    assert!((ppm - 200.0).abs() < 1.0, "{ppm}");
    rig.finish_clean();
}

fn power_pauses_streams() {
    let mut rig = Rig::new(Options::default());
    let (filter, mut pin) = rig.direct_music();
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    log().states.clear();
    assert!(
        rig.system
            .set_system_power(rig.device, POWER_SYSTEM_SLEEPING3)
            >= 0
    );
    assert_eq!(
        (log().powers.clone(), log().states.clone()),
        (vec![4], vec![(0, 2)])
    );
    assert!(
        rig.system
            .set_system_power(rig.device, POWER_SYSTEM_WORKING)
            >= 0
    );
    assert_eq!(
        (log().powers.clone(), log().states.clone()),
        (vec![4, 1], vec![(0, 2), (0, 3)])
    );
    rig.close(filter, pin);
    rig.finish_clean();
}

fn surprise_removal_with_an_open_pin() {
    let mut rig = Rig::new(Options::default());
    let (filter, mut pin) = rig.direct_music();
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    assert_eq!(rig.system.surprise_remove(rig.device), STATUS_SUCCESS);
    assert!(rig.client.interfaces(&KSCATEGORY_SYNTHESIZER).is_empty());
    let now = rig.client.now();
    let mut buffer = EventBuffer::new(now);
    buffer.push(now, 1, &[0x90, 1, 1]);
    let refused = write(&mut rig.client, pin.handle, now, buffer.bytes())
        .poll(&mut rig.client)
        .unwrap();
    assert_eq!(refused.status, STATUS_DEVICE_REMOVED);
    assert!(
        rig.client
            .create_pin(filter.handle, &connect::midi(0), None)
            .is_err()
    );
    assert_eq!(fake::alive(), (1, 1));
    rig.client.close(pin.handle);
    filter.close(&mut rig.client);
    rig.finish_clean();
}

fn narrow_headers() {
    let mut rig = Rig::for_client(
        Options::default(),
        ClientOptions {
            wow64: true,
            ..ClientOptions::default()
        },
    );
    let (filter, mut pin) = rig.direct_music();
    let client = &mut rig.client;
    pin.set_state(client, KSSTATE_RUN).unwrap();
    let now = client.now();
    let mut buffer = EventBuffer::new(now);
    buffer.push(now, 1, &[0x90, 1, 1]);
    let data = client.allocate(buffer.bytes().len());
    client.write(data, buffer.bytes());
    let mut header = KSSTREAM_HEADER32 {
        Size: 48,
        ..KSSTREAM_HEADER32::default()
    };
    header.PresentationTime = KSTIME {
        Time: now,
        Numerator: 1,
        Denominator: 1,
    };
    header.FrameExtent = buffer.bytes().len() as u32;
    header.DataUsed = header.FrameExtent;
    header.Data = u32::try_from(data).expect("below 4 GiB");
    let address = client.allocate(48);
    client.write(address, &conformance::wire::Bytes::bytes(&header));
    let sent = client.submit(pin.handle, IOCTL_KS_WRITE_STREAM, (0, 0), (address, 48));
    assert_eq!(client.wait(sent).status, STATUS_SUCCESS);
    assert_eq!(log().events.len(), 1);
    rig.close(filter, pin);
    rig.finish_clean();
}

fn a_million_events_at_once() {
    let mut rig = Rig::new(Options::default());
    let (filter, mut pin) = rig.direct_music();
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let start = rig.client.now() + SECOND;
    let mut buffer = EventBuffer::new(start);
    (0..1_000_000).for_each(|i| buffer.push(start + i * 36_000, 1, &[0x90, (i % 128) as u8, 1]));
    write(&mut rig.client, pin.handle, buffer.start(), buffer.bytes())
        .wait(&mut rig.client)
        .unwrap();
    assert_eq!(log().events.len(), 1_000_000);
    assert!(
        log()
            .events
            .iter()
            .enumerate()
            .all(|(i, e)| e.0 == start + i as i64 * 36_000)
    );
    rig.close(filter, pin);
    rig.finish_clean();
}

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
