// SPDX-License-Identifier: MIT OR Apache-2.0
//! Capture pins of the synthesizer: what the render pins receive.

use crate::Scenario;
use crate::listener::{Listener, capture_pin, subdevice};
use crate::rig::{Rig, SECOND, Setup};
use arioso_core::ks::ks::{KSSTATE_PAUSE, KSSTATE_RUN, KSSTATE_STOP};
use arioso_core::midi::Parser;
use conformance::Client;
use conformance::events::{EventBuffer, MusicBuffer, write};
use conformance::filter::{Filter, Pin};
use simkernel::client::SimClient;
use simkernel::modules::pcm_sink::Keep;
use simkernel::modules::portcls::allocator::fail_buffers;

pub const SCENARIOS: &[Scenario] = &[
    ("capture: stamped, sorted, in both formats", stamped),
    (
        "capture: a million messages, a megabyte of System Exclusive",
        million,
    ),
    ("capture: what there is no room for is counted", overflow),
    (
        "capture: a stopped pin takes back what it has not played",
        flush,
    ),
    (
        "capture: delayed service is asked for and cancelled",
        delayed,
    ),
    ("capture: one of two listeners goes", one_goes),
    ("capture: only in RUN, eight at a time", states),
    (
        "capture: System Exclusive of two pins stays whole",
        exclusive,
    ),
    ("capture: late stamps, and no group", late),
    ("capture: a pin that goes inside a message", gone),
    ("capture: a port without buffers", no_buffers),
];

/// A render pin in RUN.
fn player(rig: &mut Rig, filter: &Filter<SimClient>) -> Pin<SimClient> {
    let mut pin = filter.direct_music_pin(&mut rig.client, 0).expect("a pin");
    pin.set_state(&mut rig.client, KSSTATE_RUN)
        .expect("it runs");
    pin
}

/// The other one still gets at its time what was under way.
fn one_goes() {
    let mut rig = Setup::default().start();
    let filter = subdevice(&mut rig.client, "synth");
    let id = capture_pin(&mut rig.client, &filter);
    let pin = player(&mut rig, &filter);
    let mut stays = Listener::open(&mut rig, &filter, id, true);
    for _ in 0..2 {
        let goes = Listener::open(&mut rig, &filter, id, true);
        rig.play(&pin, &[(SECOND / 5, &[0xC0, 5])]);
        rig.sleep(SECOND / 10);
        goes.close(&mut rig);
        stays.collect(&mut rig);
        assert!(stays.bytes().is_empty());
        rig.sleep(SECOND / 10 + SECOND / 50);
        stays.collect(&mut rig);
        assert_eq!(stays.bytes(), [0xC0, 5]);
        stays.records.clear();
    }
    stays.close(&mut rig);
    rig.close(filter, [pin], None);
    rig.finish();
}

/// Messages at random times from two pins: each stream has them in the order of time, DirectMusic's with their very time and
/// group.
fn stamped() {
    let mut rig = Setup::default().start();
    let filter = subdevice(&mut rig.client, "synth");
    let id = capture_pin(&mut rig.client, &filter);
    let mut exact = Listener::open(&mut rig, &filter, id, true);
    let mut coarse = Listener::open(&mut rig, &filter, id, false);
    let begin = rig.now();
    let pins = [player(&mut rig, &filter), player(&mut rig, &filter)];
    let mut random = fastrand::Rng::with_seed(11);
    let start = rig.now() + SECOND / 10;
    let mut sent: Vec<(i64, u32, Vec<u8>)> = Vec::new();
    for round in 0..20u8 {
        for (at, pin) in pins.iter().enumerate() {
            let mut buffer = EventBuffer::new(start);
            for i in 0..50u8 {
                // Pins never agree on a time, so that there is one order.
                let time = start + 2 * random.i64(0..SECOND) + at as i64;
                let message = vec![0x90 | at as u8, round, i];
                buffer.push(time, 1 + u32::from(i % 3), &message);
                sent.push((time, 1 + u32::from(i % 3), message));
            }
            rig.write(pin, &buffer);
        }
    }
    sent.sort_by_key(|(time, ..)| *time);
    for _ in 0..30 {
        rig.sleep(SECOND / 10);
        exact.collect(&mut rig);
        coarse.collect(&mut rig);
    }
    let seen: Vec<_> = exact
        .records
        .iter()
        .map(|r| (r.time, r.group, r.bytes.clone()))
        .collect();
    assert_eq!(seen, sent);
    assert_eq!(coarse.records.len(), sent.len());
    let mut time = 0;
    for (record, (due, _, message)) in coarse.records.iter().zip(&sent) {
        assert_eq!(&record.bytes, message);
        // The first delta of a buffer counts from the start of the pin, which was a moment before `begin`.
        time = if record.time * 10_000 > due - begin - SECOND / 50 {
            record.time
        } else {
            time + record.time
        };
        let off = time * 10_000 - (due - begin);
        assert!((-20_000..SECOND / 100).contains(&off), "{off} off");
    }
    assert_eq!(exact.counts(&mut rig).Lost, 0);
    exact.close(&mut rig);
    coarse.close(&mut rig);
    rig.close(filter, pins, None);
    rig.finish();
}

/// At once, in both formats of the writer.
fn million() {
    const COUNT: u32 = 1_000_000;
    const CHUNK: u32 = 5000;
    let mut rig = Setup {
        keep: Keep::Hash,
        ..Setup::default()
    }
    .start();
    let filter = subdevice(&mut rig.client, "synth");
    let id = capture_pin(&mut rig.client, &filter);
    let mut listener = Listener::open(&mut rig, &filter, id, false);
    let mut midi = filter.midi_pin(&mut rig.client, 0).expect("a pin");
    midi.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let message = |n: u32| {
        [
            0x90 | (n % 16) as u8,
            (n >> 4 & 0x7F) as u8,
            (n >> 11 & 0x7F) as u8,
        ]
    };
    let level = rig.pool();
    for chunk in 0..COUNT / CHUNK {
        let mut buffer = MusicBuffer::default();
        for n in chunk * CHUNK..(chunk + 1) * CHUNK {
            buffer.push(0, &message(n));
        }
        write(&mut rig.client, midi.handle, 0, buffer.bytes())
            .wait(&mut rig.client)
            .expect("written");
        listener.collect(&mut rig);
        if chunk % 10 == 9 {
            // The synthesizer follows its channels.
            rig.sleep(SECOND);
            listener.collect(&mut rig);
        }
    }
    rig.sleep(SECOND);
    listener.collect(&mut rig);
    let bytes = listener.bytes();
    assert_eq!(bytes.len(), 3 * COUNT as usize);
    let mut all = bytes.chunks_exact(3).zip(0..COUNT);
    assert!(all.all(|(seen, n)| seen == message(n)));
    rig.sleep(200 * SECOND);
    assert!(rig.pool() <= level, "memory is flat");

    // Longer than all buffers together: its pieces come back together.
    listener.records.clear();
    let mut long = vec![0xF0, 0x7D];
    long.extend((0..1 << 20).map(|i: u32| (i.wrapping_mul(2_654_435_761) >> 25) as u8));
    long.push(0xF7);
    let pin = player(&mut rig, &filter);
    let mut buffer = EventBuffer::new(rig.now());
    buffer.push(buffer.start(), 1, &long);
    rig.write(&pin, &buffer);
    let mut music = MusicBuffer::default();
    for part in long.chunks(1000) {
        music.push(0, part);
    }
    write(&mut rig.client, midi.handle, 0, music.bytes())
        .wait(&mut rig.client)
        .expect("written");
    for _ in 0..100 {
        rig.sleep(SECOND / 100);
        listener.collect(&mut rig);
    }
    assert!(
        listener.bytes() == [long.as_slice(), &long].concat(),
        "twice the same megabyte"
    );
    let counts = listener.counts(&mut rig);
    assert_eq!((counts.Lost, counts.Waiting), (0, 0));
    assert_eq!(counts.Messages, u64::from(COUNT) + 2);
    listener.close(&mut rig);
    rig.close(filter, [midi, pin], None);
    rig.finish();
}

/// More messages for later than a stream may hold: the rest is counted, the synthesizer misses nothing, and all works again.
fn overflow() {
    const COUNT: u64 = 100_000;
    let mut rig = Setup::default().start();
    let filter = subdevice(&mut rig.client, "synth");
    let id = capture_pin(&mut rig.client, &filter);
    let mut listener = Listener::open(&mut rig, &filter, id, true);
    let pin = player(&mut rig, &filter);
    let start = rig.now() + 10 * SECOND;
    let mut buffer = EventBuffer::new(start);
    for n in 0..COUNT {
        buffer.push(start + n as i64, 1, &[0xB0, 20, (n % 128) as u8]);
    }
    rig.write(&pin, &buffer);
    let counts = listener.counts(&mut rig);
    assert_eq!(u64::from(counts.Waiting) + counts.Lost, COUNT);
    assert_eq!(u64::from(counts.Waiting), counts.Messages);
    assert!(counts.Lost > 0 && counts.Waiting >= 50_000);
    for _ in 0..200 {
        rig.sleep(SECOND / 10);
        listener.collect(&mut rig);
    }
    assert_eq!(listener.records.len() as u64, counts.Messages);
    let played = conformance::synth::statistics(&mut rig.client, pin.handle).unwrap();
    assert_eq!(played.Events, COUNT);
    listener.records.clear();
    rig.play(&pin, &[(0, &[0xC0, 7])]);
    rig.sleep(SECOND / 10);
    listener.collect(&mut rig);
    assert_eq!(listener.bytes(), [0xC0, 7]);
    listener.close(&mut rig);
    rig.close(filter, [pin], None);
    rig.finish();
}

/// A program plays ahead and stops: what is not due yet is not heard of. Again and again, so that generations come round.
fn flush() {
    let mut rig = Setup::default().start();
    let filter = subdevice(&mut rig.client, "synth");
    let id = capture_pin(&mut rig.client, &filter);
    let mut listener = Listener::open(&mut rig, &filter, id, true);
    let mut pin = player(&mut rig, &filter);
    let other = player(&mut rig, &filter);
    let mut expected = Vec::new();
    for round in 0..40u8 {
        rig.play(&other, &[(100 * SECOND, &[0xC1, round])]);
        rig.play(
            &pin,
            &[
                (0, &[0xC0, round]),
                (50 * SECOND, &[0xC0, 100]),
                (0, &[0xF0, 1, round]),
            ],
        );
        expected.extend([0xC0, round]);
        rig.sleep(SECOND / 10);
        pin.set_state(&mut rig.client, KSSTATE_STOP).unwrap();
        pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    }
    listener.collect(&mut rig);
    assert_eq!(listener.bytes(), expected);
    listener.records.clear();
    for _ in 0..12 {
        rig.sleep(10 * SECOND);
        listener.collect(&mut rig);
    }
    // The other pin has not stopped.
    let others: Vec<u8> = (0..40).flat_map(|round| [0xC1, round]).collect();
    assert_eq!(listener.bytes(), others);
    let counts = listener.counts(&mut rig);
    assert_eq!((counts.Waiting, counts.Lost), (0, 0));
    listener.close(&mut rig);
    rig.close(filter, [pin, other], None);
    rig.finish();
}

/// A timer is set while something is due later and somebody listens, and not otherwise.
fn delayed() {
    let mut rig = Setup::default().start();
    let filter = subdevice(&mut rig.client, "synth");
    let id = capture_pin(&mut rig.client, &filter);
    let mut first = Listener::open(&mut rig, &filter, id, true);
    let mut second = Listener::open(&mut rig, &filter, id, true);
    // In PAUSE, so that no other timer follows the pin.
    let mut pin = player(&mut rig, &filter);
    pin.set_state(&mut rig.client, KSSTATE_PAUSE).unwrap();
    let none = rig.machine.timers();
    let later: &[(i64, &[u8])] = &[(10 * SECOND, &[0xC0, 1]), (5 * SECOND, &[0xC0, 2])];
    rig.play(&pin, later);
    rig.sleep(2 * SECOND);
    assert_eq!(rig.machine.timers(), none + 1, "one for all streams");
    for listener in [&mut first, &mut second] {
        listener
            .pin
            .set_state(&mut rig.client, KSSTATE_PAUSE)
            .unwrap();
    }
    assert_eq!(rig.machine.timers(), none, "cancelled with the last stream");
    second.pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    rig.play(&pin, later);
    rig.sleep(7 * SECOND);
    second.collect(&mut rig);
    assert_eq!(second.bytes(), [0xC0, 2]);
    assert_eq!(rig.machine.timers(), none + 1, "asked for again");
    rig.sleep(7 * SECOND);
    second.collect(&mut rig);
    assert_eq!(second.bytes(), [0xC0, 2, 0xC0, 1]);
    assert_eq!(rig.machine.timers(), none);
    // The device goes while the timer is set.
    rig.play(&pin, later);
    rig.sleep(2 * SECOND);
    assert_eq!(rig.machine.timers(), none + 1);
    rig.surprise_remove();
    assert_eq!(rig.machine.timers(), none);
    rig.kill_client();
    rig.finish();
}

fn states() {
    let mut rig = Setup::default().start();
    let filter = subdevice(&mut rig.client, "synth");
    let id = capture_pin(&mut rig.client, &filter);
    let pin = player(&mut rig, &filter);
    let mut listeners: Vec<_> = (0..8)
        .map(|i| Listener::open(&mut rig, &filter, id, i % 2 == 0))
        .collect();
    assert!(
        filter.midi_pin(&mut rig.client, id).is_err(),
        "there are eight"
    );
    for state in [KSSTATE_PAUSE, KSSTATE_RUN] {
        let first = &mut listeners[0];
        first.pin.set_state(&mut rig.client, state).unwrap();
        rig.play(&pin, &[(0, &[0xC0, state as u8])]);
        rig.sleep(SECOND / 10);
        listeners.iter_mut().for_each(|l| l.collect(&mut rig));
    }
    for (at, listener) in listeners.iter().enumerate() {
        let all = [0xC0, KSSTATE_PAUSE as u8, 0xC0, KSSTATE_RUN as u8];
        let heard = if at == 0 { &all[2..] } else { &all };
        assert_eq!(listener.bytes(), heard, "stream {at}");
    }
    for listener in listeners {
        listener.close(&mut rig);
    }
    rig.close(filter, [pin], None);
    rig.finish();
}

/// Fragments that arrive in turns, with real-time messages and notes between them.
fn exclusive() {
    let mut rig = Setup::default().start();
    let filter = subdevice(&mut rig.client, "synth");
    let id = capture_pin(&mut rig.client, &filter);
    let mut listener = Listener::open(&mut rig, &filter, id, false);
    let mut pins: Vec<_> = (0..2)
        .map(|_| filter.midi_pin(&mut rig.client, 0).expect("a pin"))
        .collect();
    for pin in &mut pins {
        pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    }
    let send = |rig: &mut Rig, at: usize, bytes: &[u8]| {
        let mut buffer = MusicBuffer::default();
        buffer.push(0, bytes);
        write(&mut rig.client, pins[at].handle, 0, buffer.bytes())
            .wait(&mut rig.client)
            .expect("written");
    };
    send(&mut rig, 0, &[0xF0, 0, 1]);
    send(&mut rig, 1, &[0xF0, 1, 1]);
    send(&mut rig, 0, &[2, 0xF8, 3]);
    send(&mut rig, 1, &[2, 3]);
    send(&mut rig, 1, &[4, 0xF7, 0xC1, 1]);
    send(&mut rig, 0, &[4, 0xF7, 0xC0, 1]);
    rig.sleep(SECOND / 10);
    listener.collect(&mut rig);
    let mut seen = Vec::new();
    Parser::new(vec![0; 64]).feed_all(&listener.bytes(), |m| seen.push(m.to_vec()));
    assert_eq!(
        seen,
        [
            vec![0xF8],
            vec![0xF0, 1, 1, 2, 3, 4, 0xF7],
            vec![0xC1, 1],
            vec![0xF0, 0, 1, 2, 3, 4, 0xF7],
            vec![0xC0, 1]
        ]
    );
    listener.close(&mut rig);
    for pin in pins {
        pin.close(&mut rig.client).unwrap();
    }
    filter.close(&mut rig.client);
    rig.finish();
}

/// What is stamped with the past is stamped anew: with the time at which it came. Group 0 is for the first.
fn late() {
    let mut rig = Setup::default().start();
    let filter = subdevice(&mut rig.client, "synth");
    let id = capture_pin(&mut rig.client, &filter);
    let mut listener = Listener::open(&mut rig, &filter, id, true);
    let pin = player(&mut rig, &filter);
    rig.sleep(10 * SECOND);
    let sent = rig.now();
    let mut buffer = EventBuffer::new(sent - 5 * SECOND);
    for (n, time) in [sent - 5 * SECOND, sent - 1, sent + SECOND / 2]
        .into_iter()
        .enumerate()
    {
        for group in [0, 1, 2] {
            buffer.push(time, group, &[0xC0, n as u8]);
        }
    }
    rig.write(&pin, &buffer);
    let taken = rig.now();
    rig.sleep(SECOND);
    listener.collect(&mut rig);
    let seen: Vec<_> = listener
        .records
        .iter()
        .map(|r| (r.group, r.bytes.clone()))
        .collect();
    let expected: Vec<_> = (0..3)
        .flat_map(|n| [1, 1, 2].map(|group| (group, vec![0xC0, n])))
        .collect();
    assert_eq!(seen, expected);
    let times: Vec<i64> = listener.records.iter().map(|r| r.time - sent).collect();
    assert!(
        times[..6]
            .iter()
            .all(|time| (0..=taken - sent).contains(time)),
        "{times:?}"
    );
    assert_eq!(times[6..], [SECOND / 2; 3]);
    listener.close(&mut rig);
    rig.close(filter, [pin], None);
    rig.finish();
}

/// A program leaves in the middle of a message, with others to come: who opens the same pin next has nothing of it.
fn gone() {
    let mut rig = Setup::default().start();
    let filter = subdevice(&mut rig.client, "synth");
    let id = capture_pin(&mut rig.client, &filter);
    let mut listener = Listener::open(&mut rig, &filter, id, false);
    for _ in 0..3 {
        let pin = player(&mut rig, &filter);
        rig.play(&pin, &[(0, &[0xF0, 1, 2]), (SECOND, &[0xC0, 9])]);
        rig.sleep(SECOND / 10);
        rig.client.close(pin.handle);
        let pin = player(&mut rig, &filter);
        rig.play(&pin, &[(0, &[3, 0xF7]), (0, &[0xC0, 5])]);
        rig.sleep(2 * SECOND);
        pin.close(&mut rig.client).unwrap();
        listener.collect(&mut rig);
        let mut seen = Vec::new();
        Parser::new(vec![0; 64]).feed_all(&listener.bytes(), |m| seen.push(m.to_vec()));
        assert_eq!(seen, [[0xC0, 5]]);
        listener.records.clear();
    }
    listener.close(&mut rig);
    filter.close(&mut rig.client);
    rig.finish();
}

/// The port's allocator has no buffer for a while: what does not lie in an event waits or is lost, and counted; no event is.
fn no_buffers() {
    let mut rig = Setup::default().start();
    let filter = subdevice(&mut rig.client, "synth");
    let id = capture_pin(&mut rig.client, &filter);
    let mut listener = Listener::open(&mut rig, &filter, id, true);
    let pin = player(&mut rig, &filter);
    let long = [0xF0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0xF7];
    for count in [1, 5, 50] {
        fail_buffers(count);
        for _ in 0..10 {
            rig.play(&pin, &[(0, &long), (0, &[0xC0, 1])]);
            rig.sleep(SECOND / 10);
            listener.collect(&mut rig);
        }
        fail_buffers(0);
        rig.sleep(SECOND);
        listener.records.clear();
        rig.play(&pin, &[(0, &long), (0, &[0xC0, 2])]);
        rig.sleep(SECOND);
        listener.collect(&mut rig);
        let bytes = listener.bytes();
        assert!(
            bytes.ends_with(&[&long[..], &[0xC0, 2]].concat()),
            "{bytes:?}"
        );
    }
    let counts = listener.counts(&mut rig);
    assert_eq!(counts.Waiting, 0);
    println!("{} lost", counts.Lost);
    listener.close(&mut rig);
    rig.close(filter, [pin], None);
    rig.finish();
}
