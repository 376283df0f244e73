// SPDX-License-Identifier: MIT OR Apache-2.0
//! What recording programs and Windows do with the endpoint, and what may happen meanwhile.

use crate::Scenario;
use crate::endpoint::{MILLISECOND, Recorder};
use crate::rig::{RATE, Rig, SECOND, Setup, download_bank};
use arioso_core::ks::Wire;
use arioso_core::ks::guid::{
    KSCATEGORY_CAPTURE, KSDATAFORMAT_SPECIFIER_NONE, KSDATAFORMAT_SPECIFIER_WAVEFORMATEX,
    KSDATAFORMAT_SUBTYPE_ANALOG, KSDATAFORMAT_SUBTYPE_PCM, KSDATAFORMAT_TYPE_AUDIO,
    KSNODETYPE_MUTE, KSNODETYPE_VOLUME, KSPROPSETID_Audio,
};
use arioso_core::ks::ks::{
    KSDATAFORMAT, KSDATARANGE, KSSTATE_ACQUIRE, KSSTATE_PAUSE, KSSTATE_RUN, KSSTATE_STOP,
};
use arioso_core::ks::ksmedia::{
    KSDATARANGE_AUDIO, KSPROPERTY_AUDIO_MUTE, KSPROPERTY_AUDIO_VOLUMELEVEL,
    KSPROPERTY_RTAUDIO_REGISTER_NOTIFICATION_EVENT,
    KSPROPERTY_RTAUDIO_UNREGISTER_NOTIFICATION_EVENT, WAVEFORMATEXTENSIBLE,
};
use arioso_core::ks::status::{
    STATUS_DEVICE_NOT_READY, STATUS_INVALID_DEVICE_STATE, STATUS_INVALID_PARAMETER,
    STATUS_NO_MATCH, STATUS_NOT_FOUND,
};
use conformance::Client;
use conformance::connect::{self, SampleFormat};
use conformance::filter::{Filter, Pin};
use conformance::property::Property;
use conformance::rt_audio::{RtStream, is_capture, samples};
use conformance::synth::statistics;
use conformance::topology::intersection;
use conformance::wire::Bytes;
use simkernel::client::SimClient;
use simkernel::nt::{POWER_SYSTEM_SLEEPING3, POWER_SYSTEM_WORKING};

pub const SCENARIOS: &[Scenario] = &[
    ("recording: packets, once and twice in a turn", packets),
    ("recording: a late timer leaves no gap", late_timer),
    ("recording: volume and mute have ramps", volume),
    ("recording: opened and closed a thousand times", reopened),
    ("recording: held open for a day", held),
    ("recording: sleep and wake", sleep_and_wake),
    ("recording: the program dies", dead_program),
    ("recording: pulled while everything runs", pulled),
    ("recording: stopped, everything begins anew", anew),
    ("recording: a reader that comes late", late_reader),
    ("recording: the smallest buffer", smallest),
    ("recording: what is left out is silence", left_out),
    (
        "recording: events that are not registered, or twice",
        events,
    ),
    ("recording: formats without channels", no_channels),
    ("recording: formats that are none", no_format),
    ("recording: the position at any moment", positions),
];

/// A MIDI pin in RUN with a constant as its instrument.
fn constant(rig: &mut Rig) -> (Filter<SimClient>, Pin<SimClient>) {
    let (filter, mut pin) = rig.open_pin();
    let dc = arioso_bank::test_banks::dc(RATE);
    download_bank(&mut rig.client, pin.handle, &dc);
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    (filter, pin)
}

/// A machine that is never late, with such a pin.
fn exact() -> (Rig, Filter<SimClient>, Pin<SimClient>) {
    let mut rig = Setup {
        exact: true,
        ..Setup::default()
    }
    .start();
    let (filter, pin) = constant(&mut rig);
    (rig, filter, pin)
}

const NOTE: &[(i64, &[u8])] = &[(0, &[0x90, 60, 127])];

/// A program that waits for its event, asks for the packet, reads it: numbers, time stamps and sound have no gap.
fn packets() {
    let (mut rig, filter, pin) = exact();
    for packets in [1, 2] {
        let c = &mut rig.client;
        let format = SampleFormat::pcm(RATE, 16);
        let mut recorder = Recorder::open(c, format).unwrap();
        let stream = &mut recorder.stream;
        assert!(stream.supports_notification(c).unwrap());
        let (_, size) = stream.allocate_notified(c, RATE / 50 * 4, packets).unwrap();
        assert_eq!(size % (packets * 4), 0);
        let length = i64::from(size / packets / 4) * SECOND / i64::from(RATE);
        let event = stream.register_event(c).unwrap();
        assert_eq!(
            stream.read_packet(c).unwrap_err().status,
            Some(STATUS_INVALID_DEVICE_STATE),
            "in STOP there are no packets"
        );
        let started = c.now();
        stream.set_state(c, KSSTATE_RUN).unwrap();
        let early = stream.read_packet(c).unwrap_err();
        assert_eq!(early.status, Some(STATUS_DEVICE_NOT_READY));
        rig.play(&pin, NOTE);
        let mut audio = Vec::new();
        for number in 0..100u32 {
            let c = &mut rig.client;
            assert!(c.wait_event(event, SECOND), "packet {number} is notified");
            let info = recorder.stream.read_packet(c).unwrap();
            let due = started + length * i64::from(number + 1);
            assert!((due..due + 2 * MILLISECOND).contains(&c.now()), "in time");
            assert_eq!((info.PacketNumber, info.MoreData), (number, 0));
            let stamp = info.PerformanceCounterValue as i64;
            assert!((stamp - (due - length)).abs() <= 1, "{stamp}, {due}");
            let again = recorder.stream.read_packet(c).unwrap_err();
            assert_eq!(again.status, Some(STATUS_DEVICE_NOT_READY));
            if packets == 2 {
                audio.extend(recorder.stream.packet(c, number));
            }
        }
        let audio = samples(&format, &audio);
        let sounding = audio.iter().skip_while(|v| **v == 0.0);
        let level = audio.last().copied().unwrap_or(1.0);
        assert!(
            sounding.clone().all(|v| *v == level),
            "a constant without a gap"
        );
        assert!(packets == 1 || sounding.count() > audio.len() * 9 / 10);
        recorder.close(&mut rig.client);
    }
    rig.close(filter, [pin], None);
    rig.finish();
}

/// The timer comes 5 ms late, again and again: the position waits, the sound has no gap. After a fifth of a second frames are left out,
/// and counted.
fn late_timer() {
    let mut rig = Setup::default().start();
    let (filter, pin) = constant(&mut rig);
    let mut endpoint = rig.open_endpoint(RATE);
    endpoint.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    rig.play(&pin, NOTE);
    rig.record(&mut endpoint, SECOND / 10);
    endpoint.bytes.clear();
    let started = rig.now();
    for _ in 0..100 {
        rig.machine.stall(5 * MILLISECOND);
        endpoint.take(&mut rig.client);
        rig.record(&mut endpoint, 7 * MILLISECOND);
    }
    let frames = endpoint.frames();
    let due = (rig.now() - started) * i64::from(RATE) / SECOND;
    let level = frames[0];
    assert!(level[0] > 1000);
    assert!(frames.iter().all(|f| *f == level), "a gap");
    assert!(
        (frames.len() as i64 - due).abs() <= i64::from(RATE) / 200,
        "{} frames, {due} are due",
        frames.len()
    );
    let counted = statistics(&mut rig.client, pin.handle).unwrap();
    assert_eq!(counted.SkippedSlices, 0);
    let before = counted.Slices;

    rig.machine.stall(SECOND / 5);
    rig.sleep(SECOND / 10);
    let counted = statistics(&mut rig.client, pin.handle).unwrap();
    assert!(
        (150..=200).contains(&counted.SkippedSlices),
        "{} slices were skipped",
        counted.SkippedSlices
    );
    let slices = counted.Slices - before;
    assert!((95..160).contains(&slices), "{slices} slices were rendered");
    endpoint.close(&mut rig.client);
    rig.close(filter, [pin], None);
    rig.finish();
}

/// The nodes on the way of the sound; they are the filter's.
fn controls(rig: &mut Rig) -> (Filter<SimClient>, u32, u32) {
    let found = conformance::endpoint::discover(&mut rig.client).expect("endpoints");
    let endpoint = found.iter().find(|e| e.capture).expect("our endpoint");
    let node = |kind| {
        let part = endpoint.nodes.iter().find(|n| n.kind == kind);
        part.expect("a node").clone()
    };
    let (volume, mute) = (node(KSNODETYPE_VOLUME), node(KSNODETYPE_MUTE));
    assert_eq!(volume.link, mute.link);
    let filter = Filter::open(&mut rig.client, &volume.link).expect("the topology filter");
    (filter, volume.id, mute.id)
}

fn volume() {
    let mut rig = Setup::default().start();
    let (filter, pin) = constant(&mut rig);
    let (topology, volume, mute) = controls(&mut rig);
    let channel = |channel: i32| [channel.to_le_bytes(), [0; 4]].concat();
    let volume = |c| {
        Property::of_node(KSPROPSETID_Audio, KSPROPERTY_AUDIO_VOLUMELEVEL, volume).with(&channel(c))
    };
    let mute =
        |c| Property::of_node(KSPROPSETID_Audio, KSPROPERTY_AUDIO_MUTE, mute).with(&channel(c));
    let mut endpoint = rig.open_endpoint(RATE);
    endpoint.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    rig.play(&pin, NOTE);
    rig.record(&mut endpoint, SECOND / 10);
    let full = *endpoint.frames().last().unwrap();
    assert!(full[0] > 1000);
    // What is set, and what the two channels come to.
    const HALF: i32 = -6 * 65_536;
    let half = 10f64.powf(-6.0 / 20.0);
    type Setting<'a> = (&'a dyn Fn(&mut SimClient), [f64; 2]);
    let settings: [Setting<'_>; 5] = [
        (
            &|c| volume(0).set(c, topology.handle, HALF).unwrap(),
            [half, 1.0],
        ),
        (
            &|c| mute(1).set(c, topology.handle, 1i32).unwrap(),
            [half, 0.0],
        ),
        (
            &|c| volume(-1).set(c, topology.handle, HALF).unwrap(),
            [half, 0.0],
        ),
        (
            &|c| mute(-1).set(c, topology.handle, 0i32).unwrap(),
            [half, half],
        ),
        (
            &|c| volume(-1).set(c, topology.handle, 0i32).unwrap(),
            [1.0, 1.0],
        ),
    ];
    for (number, (set, gains)) in settings.into_iter().enumerate() {
        endpoint.bytes.clear();
        set(&mut rig.client);
        rig.record(&mut endpoint, SECOND / 10);
        let frames = endpoint.frames();
        let last = frames.last().unwrap();
        for side in 0..2 {
            let due = f64::from(full[side]) * gains[side];
            assert!(
                (f64::from(last[side]) - due).abs() <= 1.0,
                "setting {number}: {last:?}, {due}"
            );
            // 10 ms for the whole range.
            let bound = f64::from(full[side]) * 100.0 / f64::from(RATE) + 1.0;
            let worst = frames
                .windows(2)
                .map(|w| (f64::from(w[0][side]) - f64::from(w[1][side])).abs())
                .fold(0.0, f64::max);
            assert!(worst <= bound, "setting {number}: a step of {worst}");
        }
    }
    let read: i32 = volume(1).get(&mut rig.client, topology.handle).unwrap();
    assert_eq!(read, 0);
    topology.close(&mut rig.client);
    endpoint.close(&mut rig.client);
    rig.close(filter, [pin], None);
    rig.finish();
}

/// As a workstation does when its settings are changed: all formats, with and without running.
fn reopened() {
    let mut rig = Setup::default().start();
    let (filter, pin) = constant(&mut rig);
    let mut level = None;
    for round in 0..1000u32 {
        rig.play(&pin, NOTE);
        let rate = [44_100, 48_000, 96_000][round as usize % 3];
        let format = SampleFormat::pcm(rate, [16, 24, 32][round as usize / 3 % 3]);
        let c = &mut rig.client;
        let mut recorder = Recorder::open(c, format).unwrap();
        recorder
            .stream
            .allocate_notified(c, rate / 100 * format.frame_bytes(), 2)
            .unwrap();
        recorder.stream.register_event(c).unwrap();
        recorder.set_state(c, KSSTATE_RUN).unwrap();
        c.sleep(i64::from(round % 5) * MILLISECOND);
        if round % 2 == 0 {
            recorder.set_state(c, KSSTATE_PAUSE).unwrap();
            recorder.set_state(c, KSSTATE_RUN).unwrap();
        }
        recorder.close(c);
        rig.sleep(SECOND / 10);
        // After the first time nothing may be added.
        if round >= 9 {
            let now = rig.pool();
            let level = *level.get_or_insert(now);
            assert!(now <= level, "round {round}: {now} bytes, {level} before");
        }
    }
    rig.close(filter, [pin], None);
    rig.finish();
}

/// MIDI pins in RUN, the endpoint open but not running: no timer keeps the processor awake, nothing grows.
fn held() {
    let mut rig = Setup::default().start();
    let (filter, pin) = constant(&mut rig);
    let mut endpoint = rig.open_endpoint(RATE);
    let mut level = None;
    for (hour, state) in (0..24).zip(
        [KSSTATE_PAUSE, KSSTATE_ACQUIRE, KSSTATE_STOP]
            .iter()
            .cycle(),
    ) {
        endpoint.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
        rig.record(&mut endpoint, SECOND / 10);
        assert!(
            rig.machine.sharp_timers() > 0,
            "while it runs a timer is set"
        );
        endpoint.set_state(&mut rig.client, *state).unwrap();
        for _ in 0..60 {
            rig.play(&pin, NOTE);
            rig.sleep(60 * SECOND);
            assert_eq!(rig.machine.sharp_timers(), 0);
        }
        let now = rig.pool();
        assert!(now <= *level.get_or_insert(now), "hour {hour}: {now} bytes");
    }
    endpoint.close(&mut rig.client);
    rig.close(filter, [pin], None);
    rig.finish();
}

fn sleep_and_wake() {
    let mut rig = Setup::default().start();
    let (filter, pin) = constant(&mut rig);
    let device = rig.device.expect("a device");
    let mut endpoint = rig.open_endpoint(RATE);
    endpoint.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    for _ in 0..3 {
        rig.play(&pin, NOTE);
        rig.record(&mut endpoint, SECOND / 10);
        assert!(endpoint.frames().last().unwrap()[0] > 1000);
        assert_eq!(
            rig.machine.set_system_power(device, POWER_SYSTEM_SLEEPING3),
            0
        );
        assert_eq!(
            rig.machine.sharp_timers(),
            0,
            "nothing runs in a sleeping machine"
        );
        let before = endpoint.position(&mut rig.client);
        rig.sleep(60 * SECOND);
        assert_eq!(
            endpoint.position(&mut rig.client),
            before,
            "the stream stands still"
        );
        assert_eq!(
            rig.machine.set_system_power(device, POWER_SYSTEM_WORKING),
            0
        );
        rig.record(&mut endpoint, SECOND / 10);
        endpoint.bytes.clear();
    }
    endpoint.close(&mut rig.client);
    rig.close(filter, [pin], None);
    rig.finish();
}

/// With a note sounding, the event registered and the stream in RUN; the next program finds everything free and silent.
fn dead_program() {
    let mut rig = Setup::default().start();
    for _ in 0..10 {
        let (_, pin) = constant(&mut rig);
        let mut endpoint = rig.open_endpoint(RATE);
        endpoint.stream.register_event(&mut rig.client).unwrap();
        endpoint.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
        rig.record(&mut endpoint, SECOND / 20);
        assert!(
            endpoint.frames().iter().all(|f| *f == [0, 0]),
            "notes of the dead sound"
        );
        rig.play(&pin, NOTE);
        rig.record(&mut endpoint, SECOND / 20);
        assert!(endpoint.frames().last().unwrap()[0] > 1000);
        rig.kill_client();
        assert_eq!(rig.machine.sharp_timers(), 0);
    }
    rig.finish();
}

/// Surprise removal with a MIDI pin, the wave sink and the endpoint in RUN; their handles are closed later.
fn pulled() {
    let mut rig = Setup::default().start();
    let level = rig.pool();
    for _ in 0..5 {
        let (filter, pin) = constant(&mut rig);
        let mut wave = rig.open_wave(&filter);
        wave.run(&mut rig.client).unwrap();
        let mut endpoint = rig.open_endpoint(RATE);
        endpoint.stream.register_event(&mut rig.client).unwrap();
        endpoint.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
        rig.play(&pin, NOTE);
        rig.record(&mut endpoint, SECOND / 20);
        rig.surprise_remove();
        assert_eq!(rig.machine.sharp_timers(), 0);
        rig.sleep(SECOND);
        rig.kill_client();
        rig.sleep(SECOND);
        rig.remove();
        rig.add();
        assert_eq!(rig.pool(), level);
    }
    rig.finish();
}

/// The endpoint with two packets of 10 ms, 16-bit stereo.
fn two_packets(rig: &mut Rig) -> Recorder {
    rig.open_endpoint(RATE)
}

/// Events, packets, position and sound of a stream that was stopped are those of a new one.
fn anew() {
    let (mut rig, filter, pin) = exact();
    let mut recorder = two_packets(&mut rig);
    let event = recorder.stream.register_event(&mut rig.client).unwrap();
    let length = SECOND / 100;
    for round in 0..4i64 {
        let c = &mut rig.client;
        let started = c.now();
        recorder.set_state(c, KSSTATE_RUN).unwrap();
        let early = recorder.stream.read_packet(c).unwrap_err();
        assert_eq!(early.status, Some(STATUS_DEVICE_NOT_READY), "round {round}");
        assert!(recorder.position(c) < 200, "round {round}");
        for number in 0..5 + round as u32 {
            assert!(c.wait_event(event, SECOND), "packet {number} is notified");
            let due = started + length * i64::from(number + 1);
            assert!(
                (due..due + 2 * MILLISECOND).contains(&c.now()),
                "round {round}, packet {number}: {} after the start",
                c.now() - started
            );
            let info = recorder.stream.read_packet(c).unwrap();
            assert_eq!((info.PacketNumber, info.MoreData), (number, 0));
        }
        // In the middle of a packet that nobody reads.
        rig.sleep(length * 3 / 2);
        let c = &mut rig.client;
        while c.wait_event(event, 0) {}
        recorder.set_state(c, KSSTATE_STOP).unwrap();
        let stopped = recorder.stream.read_packet(c).unwrap_err();
        assert_eq!(stopped.status, Some(STATUS_INVALID_DEVICE_STATE));
        assert!(!c.wait_event(event, SECOND / 10), "nothing in STOP");
    }

    // A tail that was under way is not heard in the next recording.
    let c = &mut rig.client;
    recorder.set_state(c, KSSTATE_RUN).unwrap();
    rig.play(&pin, NOTE);
    rig.sleep(SECOND / 10);
    let c = &mut rig.client;
    recorder.set_state(c, KSSTATE_PAUSE).unwrap();
    recorder.set_state(c, KSSTATE_RUN).unwrap();
    recorder.set_state(c, KSSTATE_STOP).unwrap();
    rig.play(&pin, &[(0, &[0xB0, 120, 0])]);
    rig.sleep(SECOND);
    let c = &mut rig.client;
    recorder.set_state(c, KSSTATE_RUN).unwrap();
    recorder.bytes.clear();
    rig.sleep(SECOND / 100);
    recorder.take(&mut rig.client);
    let frames = recorder.frames();
    assert!(frames.len() > 400, "{} frames", frames.len());
    assert!(
        frames.iter().all(|frame| *frame == [0, 0]),
        "a tail of the last recording"
    );
    recorder.close(&mut rig.client);
    rig.close(filter, [pin], None);
    rig.finish();
}

/// Three packets late: the packet that the next one is written over is not offered, the one after it is.
fn late_reader() {
    let (mut rig, filter, pin) = exact();
    let mut recorder = two_packets(&mut rig);
    let started = rig.now();
    recorder.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    for last in [2u32, 7, 8, 20] {
        let due = started + i64::from(last + 1) * SECOND / 100 + SECOND / 200;
        let wait = due - rig.now();
        rig.sleep(wait);
        let c = &mut rig.client;
        let info = recorder.stream.read_packet(c).unwrap();
        assert_eq!((info.PacketNumber, info.MoreData), (last, 0));
        let again = recorder.stream.read_packet(c).unwrap_err();
        assert_eq!(again.status, Some(STATUS_DEVICE_NOT_READY));
    }
    recorder.close(&mut rig.client);
    rig.close(filter, [pin], None);
    rig.finish();
}

/// The shortest packets that there are: what is written ahead does not reach into the packet that a program reads at its event.
fn smallest() {
    let mut rig = Setup {
        exact: true,
        ..Setup::default()
    }
    .start();
    let (filter, mut pin) = rig.open_pin();
    let sine = arioso_bank::test_banks::sine_wave(RATE, 441, 1);
    download_bank(&mut rig.client, pin.handle, &sine);
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let c = &mut rig.client;
    let mut recorder = Recorder::open(c, SampleFormat::pcm(RATE, 16)).unwrap();
    let (_, size) = recorder.stream.allocate_notified(c, 1, 2).unwrap();
    let packet = i64::from(size / 2 / 4) * SECOND / i64::from(RATE);
    assert!(packet < 3 * MILLISECOND, "{size} bytes");
    let event = recorder.stream.register_event(c).unwrap();
    recorder.set_state(c, KSSTATE_RUN).unwrap();
    rig.play(&pin, NOTE);
    for number in 0..500 {
        let c = &mut rig.client;
        assert!(c.wait_event(event, SECOND), "packet {number} is notified");
        let info = recorder.stream.read_packet(c).unwrap();
        assert_eq!(info.PacketNumber, number);
        let bytes = recorder.stream.packet(c, number);
        recorder.bytes.extend(bytes);
    }
    let frames = recorder.frames();
    let level = frames.iter().map(|f| f[0].saturating_abs()).max().unwrap();
    assert!(level > 1000);
    let steps = frames.windows(2).map(|w| (w[1][0] - w[0][0]).abs());
    let slope = f64::from(level) * std::f64::consts::TAU / 441.0;
    let worst = steps.max().unwrap();
    assert!(f64::from(worst) < 2.0 * slope, "a step of {worst}");
    recorder.close(&mut rig.client);
    rig.close(filter, [pin], None);
    rig.finish();
}

/// A timer that comes far too late: what the stream skips is silence in the whole buffer, wherever in it that begins.
fn left_out() {
    let mut rig = Setup::default().start();
    let (filter, pin) = constant(&mut rig);
    let mut endpoint = rig.open_endpoint(RATE);
    endpoint.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    rig.play(&pin, NOTE);
    rig.record(&mut endpoint, SECOND / 10);
    let level = endpoint.frames().last().unwrap()[0];
    assert!(level > 1000);
    let size = endpoint.stream.buffer.expect("a buffer").1;
    for round in 0..16 {
        rig.sleep(SECOND / 10 + round * 3 * MILLISECOND);
        let before = endpoint.stream.bytes(&mut rig.client, 0, size);
        assert!(
            before
                .chunks_exact(4)
                .all(|f| f[..2] == level.to_le_bytes())
        );
        // The note ends with the hand-over, and its tail with what is skipped.
        let cut = round % 2 == 1;
        if cut {
            endpoint.set_state(&mut rig.client, KSSTATE_PAUSE).unwrap();
            endpoint.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
        }
        rig.machine.stall(SECOND / 5);
        let after = endpoint.stream.bytes(&mut rig.client, 0, size);
        let samples = || {
            let frames = after.chunks_exact(4);
            frames.map(|f| i16::from_le_bytes([f[0], f[1]]))
        };
        let sounding = samples().filter(|s| *s != 0).count() * 4;
        assert!(
            (sounding > 0) != cut && sounding * 3 < size as usize,
            "round {round}: {sounding} of {size} bytes sound"
        );
        if cut {
            rig.play(&pin, NOTE);
        }
    }
    endpoint.close(&mut rig.client);
    rig.close(filter, [pin], None);
    rig.finish();
}

/// An event that was never registered takes none away; one that is registered is not registered again.
fn events() {
    let (mut rig, filter, pin) = exact();
    let mut recorder = two_packets(&mut rig);
    let c = &mut rig.client;
    let stream = &mut recorder.stream;
    let event = stream.register_event(c).unwrap();
    let stranger = c.create_event();
    let unregister = KSPROPERTY_RTAUDIO_UNREGISTER_NOTIFICATION_EVENT;
    let register = KSPROPERTY_RTAUDIO_REGISTER_NOTIFICATION_EVENT;
    let refused = stream.send_event(c, unregister, stranger).unwrap_err();
    assert_eq!(refused.status, Some(STATUS_NOT_FOUND));
    let twice = stream.send_event(c, register, event).unwrap_err();
    assert_eq!(twice.status, Some(STATUS_INVALID_PARAMETER));
    recorder.set_state(c, KSSTATE_RUN).unwrap();
    assert!(c.wait_event(event, SECOND), "still registered");
    assert!(!c.wait_event(stranger, SECOND / 10));
    recorder.stream.send_event(c, unregister, event).unwrap();
    while c.wait_event(event, 0) {}
    assert!(!c.wait_event(event, SECOND / 10), "it was there once");
    let gone = recorder.stream.send_event(c, unregister, event);
    assert_eq!(gone.unwrap_err().status, Some(STATUS_NOT_FOUND));
    recorder.stream.send_event(c, register, event).unwrap();
    assert!(c.wait_event(event, SECOND), "registered again");
    c.close_event(stranger);
    recorder.close(c);
    rig.close(filter, [pin], None);
    rig.finish();
}

/// To the frame, also between two slices.
fn positions() {
    let (mut rig, filter, pin) = exact();
    let mut endpoint = rig.open_endpoint_of(RATE, 100);
    let started = rig.now();
    endpoint.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    for step in 1..500 {
        rig.sleep(step % 17 * 370);
        let elapsed = rig.now() - started;
        let frames = elapsed * i64::from(RATE) / SECOND % i64::from(RATE / 10);
        let told = i64::from(endpoint.position(&mut rig.client) / 4);
        assert!((frames - told).abs() <= 1, "{told}, {frames} are due");
    }
    endpoint.close(&mut rig.client);
    rig.close(filter, [pin], None);
    rig.finish();
}

/// What is cut off is no parameter, what is not offered no match; what an intersection gives has nothing in what is reserved.
fn no_format() {
    let mut rig = Setup::default().start();
    let c = &mut rig.client;
    let (filter, id) = Filter::find(c, &KSCATEGORY_CAPTURE, |pin| {
        is_capture(pin, &KSDATAFORMAT_SUBTYPE_PCM)
    })
    .expect("the endpoint");
    let whole = connect::extensible(id, SampleFormat::pcm(RATE, 16));
    const WAVE: usize = size_of::<WAVEFORMATEXTENSIBLE>();
    let wave = whole.len() - WAVE;
    let format = wave - size_of::<KSDATAFORMAT>();
    for left in [0, 16] {
        let mut cut = whole[..wave + left].to_vec();
        let size = (cut.len() - format) as u32;
        cut[format..format + 4].copy_from_slice(&size.to_le_bytes());
        let refused = filter.create_pin(c, &cut, None).err().expect("no pin");
        assert_eq!(refused.status, Some(STATUS_INVALID_PARAMETER), "{left}");
    }
    // As many bits as are said to be valid, but of no sample that is offered.
    let mut odd = connect::extensible(id, SampleFormat::pcm(RATE, 8));
    odd[wave + 14..wave + 16].copy_from_slice(&8u16.to_le_bytes());
    let refused = filter.create_pin(c, &odd, None).err().expect("no pin");
    assert_eq!(refused.status, Some(STATUS_NO_MATCH));

    let range = KSDATARANGE {
        FormatSize: size_of::<KSDATARANGE>() as u32,
        MajorFormat: KSDATAFORMAT_TYPE_AUDIO,
        SubFormat: KSDATAFORMAT_SUBTYPE_PCM,
        Specifier: KSDATAFORMAT_SPECIFIER_WAVEFORMATEX,
        ..KSDATARANGE::default()
    };
    let met = intersection(c, &filter, id, &range.bytes()).expect("an intersection");
    let head = KSDATAFORMAT::read_from(&met).expect("a format");
    assert_eq!((head.Flags, head.Reserved), (0, 0));
    // The bridge: of what it carries there are no formats.
    let range = KSDATARANGE {
        SubFormat: KSDATAFORMAT_SUBTYPE_ANALOG,
        Specifier: KSDATAFORMAT_SPECIFIER_NONE,
        ..range
    };
    for pin in filter.pins(c).unwrap() {
        if pin.id != id {
            let none = intersection(c, &filter, pin.id, &range.bytes()).unwrap_err();
            assert_eq!(none.status, Some(STATUS_NO_MATCH), "pin {}", pin.id);
        }
    }
    filter.close(c);
    rig.finish();
}

/// Neither a format nor an intersection has 0 channels, or no bytes.
fn no_channels() {
    let mut rig = Setup::default().start();
    let c = &mut rig.client;
    let (filter, id) = Filter::find(c, &KSCATEGORY_CAPTURE, |pin| {
        is_capture(pin, &KSDATAFORMAT_SUBTYPE_PCM)
    })
    .expect("the endpoint");
    // Frames as of two channels, but none.
    let mut none = connect::extensible(id, SampleFormat::pcm(RATE, 16));
    let at = none.len() - size_of::<WAVEFORMATEXTENSIBLE>();
    none[at + 2..at + 4].fill(0);
    none[at + 20..at + 24].fill(0);
    let refused = filter.create_pin(c, &none, None).err().expect("no pin");
    assert_eq!(refused.status, Some(STATUS_NO_MATCH));
    for channels in [0, 3, 1, 2] {
        let format = SampleFormat {
            channels,
            ..SampleFormat::pcm(RATE, 16)
        };
        let made = RtStream::open(c, &filter, id, format);
        match made {
            Ok(stream) => {
                assert!((1..=2).contains(&channels), "{channels} channels");
                stream.close(c).unwrap();
            }
            Err(error) => {
                assert!(!(1..=2).contains(&channels), "{channels} channels: {error}");
                assert_eq!(error.status, Some(STATUS_NO_MATCH));
            }
        }
        let range = KSDATARANGE_AUDIO {
            DataRange: KSDATARANGE {
                FormatSize: size_of::<KSDATARANGE_AUDIO>() as u32,
                MajorFormat: KSDATAFORMAT_TYPE_AUDIO,
                SubFormat: KSDATAFORMAT_SUBTYPE_PCM,
                Specifier: KSDATAFORMAT_SPECIFIER_WAVEFORMATEX,
                ..KSDATARANGE::default()
            },
            MaximumChannels: channels.into(),
            MinimumBitsPerSample: 16,
            MaximumBitsPerSample: 16,
            MinimumSampleFrequency: RATE,
            MaximumSampleFrequency: RATE,
        };
        let met = intersection(c, &filter, id, &range.bytes());
        match channels {
            0 => assert!(met.is_err(), "0 channels"),
            _ => {
                let met = met.expect("an intersection");
                let at = size_of::<KSDATAFORMAT>() + 2;
                assert_eq!(met[at..at + 2], channels.min(2).to_le_bytes());
            }
        }
    }
    filter.close(c);
    let mut recorder = Recorder::open(&mut rig.client, SampleFormat::pcm(RATE, 16)).unwrap();
    let c = &mut rig.client;
    let none = recorder.stream.allocate_notified(c, 0, 2).unwrap_err();
    assert_eq!(none.status, Some(STATUS_INVALID_PARAMETER));
    assert!(recorder.stream.allocate(c, 0).is_err());
    recorder.close(c);
    rig.finish();
}
