// SPDX-License-Identifier: MIT OR Apache-2.0
//! The interface pages, line by line: what another port, or a stricter one, relies on.

use crate::Scenario;
use crate::endpoint::Recorder;
use crate::listener::{A_IN, A_OUT, Listener, capture_pin, subdevice};
use crate::requests::{kernel_client, with_pin};
use crate::rig::{PARAMETERS, RATE, Rig, SECOND, SERVICE, Setup};
use crate::sounds::{self, load, unload};
use crate::sweeps::pins_of_all_kinds;
use arioso_bank::test_banks;
use arioso_core::ks::GUID;
use arioso_core::ks::Wire;
use arioso_core::ks::dmusprop::{
    KSPROPERTY_SYNTH_PORTPARAMETERS, SYNTH_PORTPARAMS, SYNTH_PORTPARAMS_SHARE,
};
use arioso_core::ks::guid::{
    AUDIO_SIGNALPROCESSINGMODE_DEFAULT, AUDIO_SIGNALPROCESSINGMODE_RAW,
    KSATTRIBUTEID_AUDIOSIGNALPROCESSING_MODE, KSCATEGORY_CAPTURE, KSDATAFORMAT_SUBTYPE_PCM,
    KSPROPSETID_AudioSignalProcessing, KSPROPSETID_Connection, KSPROPSETID_Pin, KSPROPSETID_Synth,
};
use arioso_core::ks::ks::{
    KSATTRIBUTE, KSDATARANGE_ATTRIBUTES, KSMULTIPLE_ITEM, KSPROPERTY_CONNECTION_DATAFORMAT,
    KSPROPERTY_PIN_PROPOSEDATAFORMAT2, KSPROPERTY_TYPE_GET, KSPROPERTY_TYPE_SET, KSSTATE_PAUSE,
    KSSTATE_RUN, KSSTATE_STOP,
};
use arioso_core::ks::ksmedia::{
    KSATTRIBUTE_AUDIOSIGNALPROCESSING_MODE, KSPROPERTY_AUDIOSIGNALPROCESSING_MODES,
};
use arioso_core::ks::status::{
    STATUS_ACCESS_VIOLATION, STATUS_BUFFER_TOO_SMALL, STATUS_INVALID_PARAMETER,
    STATUS_NOT_ALL_ASSIGNED, STATUS_NOT_SUPPORTED, STATUS_SUCCESS,
};
use conformance::Client;
use conformance::cases::Width;
use conformance::cases::pointers::download_at;
use conformance::cases::report::status_name;
use conformance::connect::{self, SampleFormat};
use conformance::events::EventBuffer;
use conformance::filter::Filter;
use conformance::property::Property;
use conformance::rt_audio::is_capture;
use conformance::synth::{master_clock, port_parameters, property, set_channel_groups};
use conformance::wire::Bytes;
use simkernel::executive::isolation;
use simkernel::modules::{Disconnect, Fill, portcls};
use simkernel::registry::{self, Value};

pub const SCENARIOS: &[Scenario] = &[
    ("contract: a stream disconnected by NULL", || {
        disconnected(Disconnect::Null)
    }),
    ("contract: a stream that is never disconnected", || {
        disconnected(Disconnect::Nothing)
    }),
    ("contract: calls that no port makes", slips),
    ("contract: captured System Exclusive is whole", fragments),
    ("contract: one captured message a call", one_by_one),
    ("contract: a driver's download is probed", probed),
    ("contract: a pin that closes while others are heard", closed),
    ("contract: delayed service and removal", delayed_service),
    ("contract: parameters are echoed", echoed),
    ("contract: an instrument without regions", no_regions),
    ("contract: packets need notifications", packets),
    ("contract: the clock of the synthesizer", synth_clock),
    ("contract: the format of a MIDI stream", midi_format),
    ("contract: signal-processing modes", modes),
    ("contract: state and files of the driver's own", isolated),
];

fn player(rig: &mut Rig) -> conformance::filter::Pin<simkernel::client::SimClient> {
    let filter = subdevice(&mut rig.client, "synth");
    let mut pin = filter.direct_music_pin(&mut rig.client, 0).expect("a pin");
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    filter.close(&mut rig.client);
    pin
}

/// Nothing where something is meant, streams of another kind, states that there are none of: each is refused, and everything is as it was.
fn slips() {
    let mut rig = Setup::default().start();
    let (filter, player, path) = rig.open();
    let pins = pins_of_all_kinds(&mut rig);
    let level = rig.pool();
    for round in 0..2 {
        let program = rig.machine.program("port", move |_| {
            let slips = portcls::slips();
            for (what, answer, expected) in &slips {
                let (told, meant) = (status_name(*answer), status_name(*expected));
                assert_eq!(told, meant, "{what}, round {round}");
            }
            assert!(slips.len() > 200, "{}", slips.len());
        });
        rig.machine.finish(&[program]);
        assert_eq!(rig.pool(), level, "round {round}");
    }
    for (name, pin) in pins {
        pin.close(&mut rig.client).expect(name);
    }
    rig.close(filter, [player], Some(path));
    rig.finish();
}

/// `IMXF::DisconnectOutput` takes NULL; a port that goes without it is no leak.
fn disconnected(disconnect: Disconnect) {
    let mut rig = Setup {
        disconnect,
        ..Setup::default()
    }
    .start();
    let filter = subdevice(&mut rig.client, "synth");
    let id = capture_pin(&mut rig.client, &filter);
    let pin = player(&mut rig);
    for round in 0..4 {
        let mut listener = Listener::open(&mut rig, &filter, id, round % 2 == 0);
        rig.play(&pin, &[(0, &[0xC0, round]), (SECOND, &[0xC0, 99])]);
        rig.sleep(SECOND / 10);
        listener.collect(&mut rig);
        assert_eq!(listener.bytes(), [0xC0, round]);
        listener.close(&mut rig);
    }
    rig.close(filter, [pin], None);
    rig.finish();
}

/// Longer than the port's buffers: every part is marked incomplete, or the port's parser never sees the end.
fn fragments() {
    let mut rig = Setup::default().start();
    let filter = subdevice(&mut rig.client, "synth");
    let id = capture_pin(&mut rig.client, &filter);
    let mut listeners = [true, false].map(|direct| Listener::open(&mut rig, &filter, id, direct));
    let pin = player(&mut rig);
    let long: Vec<u8> = [0xF0, 0x7D]
        .into_iter()
        .chain((0..10_000u32).map(|n| (n % 113) as u8))
        .chain([0xF7])
        .collect();
    let all = [
        &[0xC0, 1][..],
        &long,
        &[0xC0, 2],
        &[0xF0, 1, 0xF7],
        &[0xC0, 3],
    ];
    let sent: Vec<(i64, &[u8])> = all.iter().map(|m| (SECOND / 50, *m)).collect();
    rig.play(&pin, &sent);
    rig.sleep(SECOND / 5);
    for listener in &mut listeners {
        listener.collect(&mut rig);
        let seen: Vec<&[u8]> = listener.records.iter().map(|r| &r.bytes[..]).collect();
        assert_eq!(seen, all);
    }
    for listener in listeners {
        listener.close(&mut rig);
    }
    rig.close(filter, [pin], None);
    rig.finish();
}

/// A chord at one time, for a port that ends a buffer with what one call brought: each message has a buffer of its own.
fn one_by_one() {
    let mut rig = Setup {
        fill: Fill::Call,
        ..Setup::default()
    }
    .start();
    let filter = subdevice(&mut rig.client, "synth");
    let id = capture_pin(&mut rig.client, &filter);
    let pin = player(&mut rig);
    for direct in [true, false] {
        let format = if direct {
            connect::direct_music(id)
        } else {
            connect::midi(id)
        };
        let c = &mut rig.client;
        let mut capture = filter.create_pin(c, &format, None).unwrap();
        capture.set_state(c, KSSTATE_RUN).unwrap();
        let chord: Vec<[u8; 3]> = (60..80).map(|key| [0x90, key, 100]).collect();
        let sent: Vec<(i64, &[u8])> = chord.iter().map(|m| (0, &m[..])).collect();
        rig.play(&pin, &sent);
        rig.sleep(SECOND / 10);
        for message in &chord {
            let c = &mut rig.client;
            let received = conformance::read::read(c, capture.handle, 2048)
                .wait(c)
                .unwrap();
            let records = if direct {
                conformance::read::event_records(&received)
            } else {
                conformance::read::music_records(&received)
            }
            .unwrap();
            assert_eq!(records.len(), 1, "one record in a buffer");
            assert_eq!(records[0].bytes, message);
        }
        capture.close(&mut rig.client).unwrap();
    }
    rig.close(filter, [pin], None);
    rig.finish();
}

/// `SYNTH_BUFFER.BufferAddress` is a user-mode address, whoever sends the request.
fn probed() {
    with_pin(kernel_client(), |rig, pin| {
        let wave = conformance::download::wave(7, RATE, 16, &[1; 256]);
        let c = &mut rig.client;
        let place = c.allocate(wave.len());
        c.write(place, &wave);
        let size = wave.len() as u32;
        let got = download_at(c, pin, Width::Bits64, place, size);
        assert_eq!(got.err(), Some(STATUS_ACCESS_VIOLATION));
    });
}

/// The stream's last release takes allocator and clock with it, whoever renders: the port counts.
fn closed() {
    let mut rig = Setup::default().start();
    let (filter, first, mut wave) = rig.open();
    wave.run(&mut rig.client).unwrap();
    for round in 0..50 {
        let mut pin = rig.another_pin(&filter);
        pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
        rig.play(&pin, &[(0, &[0x90, 60, 100]), (SECOND, &[0x80, 60, 0])]);
        rig.sleep(SECOND / 1000 * (round % 7));
        pin.close(&mut rig.client).unwrap();
    }
    let mut endpoint = rig.open_endpoint(RATE);
    endpoint.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    for round in 0..50 {
        let mut pin = rig.another_pin(&filter);
        pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
        rig.play(&pin, &[(0, &[0x90, 60, 100])]);
        rig.sleep(SECOND / 10_000 * (round % 31));
        pin.close(&mut rig.client).unwrap();
    }
    endpoint.close(&mut rig.client);
    rig.close(filter, [first], Some(wave));
    rig.finish();
}

/// Whatever has been asked for when the device goes, no timer is set afterwards. By chance, and then with either of the two threads held
/// up at each of its calls: the work that asks (so removal overtakes it there), and removal (so the work is done there).
fn delayed_service() {
    let mut rig = Setup::default().start();
    for seed in 1..100 {
        rig.machine.reseed(seed);
        asked_and_removed(&mut rig, None, &format!("seed {seed}"));
    }
    rig.machine.reseed(0);
    let late = |call| Some((call, None));
    let asking = (0..).find(|&call| {
        !asked_and_removed(&mut rig, late(call), &format!("the work held at {call}"))
    });
    let within = |call| Some((0, Some(call)));
    let removing = (0..).find(|&call| {
        !asked_and_removed(&mut rig, within(call), &format!("removal held at {call}"))
    });
    let calls = (asking.unwrap_or(0), removing.unwrap_or(0));
    assert!(calls.0 >= 5 && calls.1 >= 20, "calls held up at: {calls:?}");
    rig.finish();
}

/// The call of the work at which that is held, and the one of removal, if it is.
type Held = (u64, Option<u64>);

/// A message that is due in 100 s, and the device goes. False if there is no such call.
fn asked_and_removed(rig: &mut Rig, held: Option<Held>, what: &str) -> bool {
    let none = rig.machine.timers();
    let filter = subdevice(&mut rig.client, "synth");
    let id = capture_pin(&mut rig.client, &filter);
    let _listener = Listener::open(rig, &filter, id, true);
    let pin = player(rig);
    let now = rig.now();
    let mut buffer = EventBuffer::new(now);
    buffer.push(now + 100 * SECOND, 1, &[0xC0, 1]);
    match held {
        // Not waited for: the work that asks is still to come.
        None => {
            let (start, bytes) = (buffer.start(), buffer.bytes());
            let _ = conformance::events::write(&mut rig.client, pin.handle, start, bytes);
        }
        Some((asking, removing)) => {
            rig.machine.hold("work item", asking, SECOND / 50);
            rig.write(&pin, &buffer);
            if let Some(removing) = removing {
                rig.machine.hold("system", removing, SECOND / 10);
            }
        }
    }
    rig.surprise_remove();
    // The idle timer, which is not the service's, may have been set for a second.
    rig.sleep(2 * SECOND);
    let came = rig.machine.held();
    assert_eq!(rig.machine.timers(), none, "{what}");
    rig.kill_client();
    rig.remove();
    rig.add();
    came
}

fn echoed() {
    let mut rig = Setup::default().start();
    let (filter, pin) = rig.open_pin();
    let c = &mut rig.client;
    for valid in 0..64 {
        let wanted = SYNTH_PORTPARAMS {
            ValidParams: valid,
            Voices: 16,
            ChannelGroups: 2,
            AudioChannels: 2,
            SampleRate: RATE,
            ..SYNTH_PORTPARAMS::default()
        };
        let request =
            property(KSPROPSETID_Synth, KSPROPERTY_SYNTH_PORTPARAMETERS).with(&wanted.bytes());
        let mut value = [0; size_of::<SYNTH_PORTPARAMS>()];
        let sent = request.send(c, pin.handle, KSPROPERTY_TYPE_GET, &mut value);
        assert!(sent.status >= 0);
        assert_eq!(
            value[..4],
            u32::to_le_bytes(valid),
            "the page: copied, then adjusted"
        );
    }
    let granted = port_parameters(c, pin.handle, SYNTH_PORTPARAMS::default()).unwrap();
    assert_eq!(granted.ValidParams, 0);
    // One pool for all pins, which nobody else may join: what is not granted is told.
    for (share, status) in [(1, STATUS_NOT_ALL_ASSIGNED), (0, STATUS_SUCCESS)] {
        let wanted = SYNTH_PORTPARAMS {
            ValidParams: SYNTH_PORTPARAMS_SHARE,
            Share: share,
            ..SYNTH_PORTPARAMS::default()
        };
        let request =
            property(KSPROPSETID_Synth, KSPROPERTY_SYNTH_PORTPARAMETERS).with(&wanted.bytes());
        let mut value = [0; size_of::<SYNTH_PORTPARAMS>()];
        let sent = request.send(c, pin.handle, KSPROPERTY_TYPE_GET, &mut value);
        let granted = SYNTH_PORTPARAMS::read_from(&value).expect("the whole answer");
        assert_eq!((sent.status, granted.Share), (status, 0), "Share {share}");
    }
    rig.close(filter, [pin], None);
    rig.finish();
}

/// `DMUS_INSTRUMENT.ulFirstRegionIdx` 0 is acceptable: a download that is silent.
fn no_regions() {
    let mut rig = Setup::default().start();
    let (filter, pin, wave) = rig.running(&test_banks::dc(RATE));
    set_channel_groups(&mut rig.client, pin.handle, 1).unwrap();
    let mut instrument = sounds::instrument(900, 0, 5, 1);
    // The offset table has the main object first; its second number is the first region.
    let main = u32::from_le_bytes(instrument[16..20].try_into().unwrap()) as usize;
    instrument[main + 4..main + 8].fill(0);
    let handle = load(&mut rig.client, pin.handle, &instrument).expect("taken");
    rig.take_audio();
    rig.play(&pin, &[(0, &[0xC0, 5]), (SECOND / 10, &[0x90, 60, 127])]);
    rig.sleep(SECOND / 2);
    unload(&mut rig.client, pin.handle, &handle).expect("and unloaded");
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}

/// `GetReadPacket` of a buffer without notifications, in every state.
fn packets() {
    let mut rig = Setup::default().start();
    let c = &mut rig.client;
    let mut recorder = Recorder::open(c, SampleFormat::pcm(RATE, 16)).unwrap();
    recorder.stream.allocate(c, RATE / 50 * 4).unwrap();
    for state in [KSSTATE_STOP, KSSTATE_PAUSE, KSSTATE_RUN, KSSTATE_STOP] {
        recorder.set_state(c, state).unwrap();
        let got = recorder.stream.read_packet(c).unwrap_err();
        assert_eq!(got.status, Some(STATUS_NOT_SUPPORTED), "state {state}");
    }
    recorder.close(c);
    rig.finish();
}

/// `KSPROPSETID_SynthClock` is the port's: the time that events are stamped with.
fn synth_clock() {
    let mut rig = Setup::default().start();
    let (filter, pin) = rig.open_pin();
    let c = &mut rig.client;
    let mut last = 0;
    for _ in 0..10 {
        let (before, after);
        let time = {
            before = c.now();
            let time = master_clock(c, filter.handle).expect("the master clock");
            after = c.now();
            time
        };
        assert!((before..=after).contains(&time) && time > last);
        last = time;
        c.sleep(SECOND / 100);
    }
    rig.close(filter, [pin], None);
    rig.finish();
}

/// `IMiniportMidiStream::SetFormat`: the format that the stream has; another one is refused and changes nothing.
fn midi_format() {
    let mut rig = Setup::default().start();
    let filter = subdevice(&mut rig.client, "cable");
    let c = &mut rig.client;
    for pin in [A_IN, A_OUT] {
        let open = filter.midi_pin(c, pin).expect("a pin");
        let format = Property::new(KSPROPSETID_Connection, KSPROPERTY_CONNECTION_DATAFORMAT);
        let mut midi =
            connect::midi(pin).split_off(size_of::<arioso_core::ks::ks::KSPIN_CONNECT>());
        let sent = format.send(c, open.handle, KSPROPERTY_TYPE_SET, &mut midi);
        assert_eq!(sent.status, 0, "its own format");
        let mut other = midi.clone();
        // The major format.
        other[16] ^= 1;
        let sent = format.send(c, open.handle, KSPROPERTY_TYPE_SET, &mut other);
        assert!(sent.status < 0, "another format");
        open.close(c).unwrap();
    }
    filter.close(c);
    rig.finish();
}

/// A list with one signal-processing mode.
fn mode_list(mode: GUID) -> Vec<u8> {
    let attribute = KSATTRIBUTE_AUDIOSIGNALPROCESSING_MODE {
        AttributeHeader: KSATTRIBUTE {
            Size: size_of::<KSATTRIBUTE_AUDIOSIGNALPROCESSING_MODE>() as u32,
            Flags: 0,
            Attribute: KSATTRIBUTEID_AUDIOSIGNALPROCESSING_MODE,
        },
        SignalProcessingMode: mode,
    }
    .bytes();
    let head = KSMULTIPLE_ITEM {
        Size: (size_of::<KSMULTIPLE_ITEM>() + attribute.len()) as u32,
        Count: 1,
    };
    [head.bytes(), attribute].concat()
}

/// The endpoint's pin says that it has modes, lists them, proposes its format for each and opens in each; in others it does not.
fn modes() {
    const KNOWN: [GUID; 2] = [
        AUDIO_SIGNALPROCESSINGMODE_DEFAULT,
        AUDIO_SIGNALPROCESSINGMODE_RAW,
    ];
    let mut rig = Setup::default().start();
    let c = &mut rig.client;
    let (filter, id) = Filter::find(c, &KSCATEGORY_CAPTURE, |pin| {
        is_capture(pin, &KSDATAFORMAT_SUBTYPE_PCM)
    })
    .unwrap();
    let info = filter.pin(c, id).unwrap();
    assert!(
        info.ranges
            .iter()
            .all(|r| r.Flags & KSDATARANGE_ATTRIBUTES != 0)
    );
    let list = Property::of_pin(
        KSPROPSETID_AudioSignalProcessing,
        KSPROPERTY_AUDIOSIGNALPROCESSING_MODES,
        id,
    );
    let told = list.get_sized(c, filter.handle).expect("the modes");
    let known: Vec<u8> = KNOWN.iter().flat_map(|mode| mode.bytes()).collect();
    assert_eq!(told[8..], known);
    let other = Property::of_pin(
        KSPROPSETID_AudioSignalProcessing,
        KSPROPERTY_AUDIOSIGNALPROCESSING_MODES,
        1 - id,
    );
    let none = other.send(c, filter.handle, KSPROPERTY_TYPE_GET, &mut [0; 64]);
    assert_eq!(none.status, STATUS_NOT_SUPPORTED, "a bridge pin has none");
    let beyond = Property::of_pin(
        KSPROPSETID_AudioSignalProcessing,
        KSPROPERTY_AUDIOSIGNALPROCESSING_MODES,
        2,
    );
    let none = beyond.send(c, filter.handle, KSPROPERTY_TYPE_GET, &mut [0; 64]);
    assert_eq!(none.status, STATUS_INVALID_PARAMETER, "there is no pin 2");

    let propose = Property::of_pin(KSPROPSETID_Pin, KSPROPERTY_PIN_PROPOSEDATAFORMAT2, id);
    let plain = propose.get_sized(c, filter.handle).expect("a proposal");
    for mode in KNOWN {
        let attributes = mode_list(mode);
        let with = propose.clone().with(&attributes);
        let got = with.get_sized(c, filter.handle).expect("a proposal");
        assert_eq!(got[plain.len()..], attributes, "the list comes back");
        assert_eq!(u32::from_le_bytes(got[4..8].try_into().unwrap()) & 2, 2);
        assert_eq!(
            (&got[..4], &got[8..plain.len()]),
            (&plain[..4], &plain[8..])
        );
        // As it came, it opens the pin.
        let pin = filter.create_pin(c, &connect::with_format(id, &got), None);
        pin.expect("a pin in this mode").close(c).unwrap();
    }
    let default = mode_list(AUDIO_SIGNALPROCESSINGMODE_DEFAULT);
    let unknown = mode_list(GUID::from_u128(77));
    let mut other = default.clone();
    // The attribute's identifier, behind the list's head, its size and its flags.
    other[16] ^= 1;
    let changed = |at: usize, value: u32| {
        let mut list = default.clone();
        list[at..at + 4].copy_from_slice(&value.to_le_bytes());
        list
    };
    let size = default.len() as u32;
    for (list, status, what) in [
        (unknown.clone(), STATUS_NOT_SUPPORTED, "an unknown mode"),
        (other, STATUS_NOT_SUPPORTED, "another attribute"),
        (changed(0, 7), STATUS_INVALID_PARAMETER, "less than a head"),
        (changed(0, size + 1), STATUS_INVALID_PARAMETER, "cut off"),
        (changed(4, 2), STATUS_INVALID_PARAMETER, "two of one"),
        (changed(8, 24), STATUS_INVALID_PARAMETER, "without a mode"),
        (changed(8, 99), STATUS_INVALID_PARAMETER, "behind its list"),
        (vec![1], STATUS_INVALID_PARAMETER, "a byte"),
    ] {
        let with = propose.clone().with(&list);
        let got = with.send(c, filter.handle, KSPROPERTY_TYPE_GET, &mut [0; 256]);
        assert_eq!(got.status, status, "{what}");
    }
    let short = propose.clone().with(&default);
    let mut room = vec![0; plain.len() + default.len() - 1];
    let got = short.send(c, filter.handle, KSPROPERTY_TYPE_GET, &mut room);
    assert_eq!(got.status, STATUS_BUFFER_TOO_SMALL);
    let bridge = Property::of_pin(KSPROPSETID_Pin, KSPROPERTY_PIN_PROPOSEDATAFORMAT2, 1 - id);
    let got = bridge.send(c, filter.handle, KSPROPERTY_TYPE_GET, &mut [0; 256]);
    assert_eq!(
        got.status, STATUS_NOT_SUPPORTED,
        "a bridge pin has no format"
    );
    let mut format = plain.clone();
    format[4] |= 2;
    format.extend(&unknown);
    let refused = filter.create_pin(c, &connect::with_format(id, &format), None);
    assert_eq!(refused.err().unwrap().status, Some(STATUS_NOT_SUPPORTED));
    filter.close(c);
    rig.finish();
}

/// The state that the driver shares counts before `Parameters`; a bank's name lies in the directory that it shares. Windows 10 has
/// neither: there `Parameters` counts. The verifier has no absolute path to tell of.
fn isolated() {
    let place = isolation::shared_directory_of(SERVICE) + "\\mine.dls";
    let mut rig = Setup {
        files: vec![(place.leak(), test_banks::sine_wave(RATE, 100, 1))],
        parameters: vec![("Voices", 100)],
        ..Setup::default()
    }
    .start();
    let isolation::Keys {
        parameters, shared, ..
    } = isolation::keys_of(SERVICE);
    assert_eq!(parameters, PARAMETERS);
    let look = |rig: &mut Rig| {
        let (filter, mut pin, mut wave) = rig.open();
        let voices = conformance::synth::caps(&mut rig.client, filter.handle)
            .unwrap()
            .MaxVoices;
        wave.run(&mut rig.client).unwrap();
        pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
        rig.take_audio();
        rig.play(&pin, &[(SECOND / 10, &[0x90, 60, 127])]);
        rig.sleep(SECOND / 2);
        let sounds = rig.take_audio().iter().any(|f| *f != [0, 0]);
        rig.close(filter, [pin], Some(wave));
        (voices, sounds)
    };
    assert_eq!(look(&mut rig), (100, false));
    rig.remove();
    registry::set(&shared, "Voices", Value::dword(50));
    registry::set(&shared, "BankPath", Value::text("mine.dls"));
    rig.add();
    assert_eq!(look(&mut rig), (50, true));
    rig.remove();
    registry::set(&shared, "BankPath", Value::text("none.dls"));
    rig.add();
    assert_eq!(look(&mut rig), (50, false), "the package's bank");
    rig.remove();
    registry::set(&shared, "BankPath", Value::text("mine.dls"));
    isolation::without_shared_state();
    rig.add();
    assert_eq!(look(&mut rig), (100, false), "Windows 10");
    rig.remove();
    registry::remove(&shared, "Voices");
    registry::remove(&shared, "BankPath");
    registry::delete_if_empty(&shared);
    registry::delete_if_empty(shared.rsplit_once('\\').unwrap().0);
    rig.add();
    rig.finish();
}
