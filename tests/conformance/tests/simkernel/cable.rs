// SPDX-License-Identifier: MIT OR Apache-2.0
//! The MIDI port: a cable with two ends.

use crate::Scenario;
use crate::listener::{A_IN, A_OUT, B_IN, B_OUT, Listener, subdevice, transport};
use crate::rig::{RATE, Rig, SECOND, Setup};
use arioso_core::ks::ks::{KSSTATE_RUN, KSSTATE_STOP};
use arioso_core::ks::status::STATUS_CANCELLED;
use conformance::events::{MusicBuffer, Write, write};
use conformance::filter::{Filter, Pin};
use simkernel::client::SimClient;
use simkernel::modules::portcls::read_at_once;

pub const SCENARIOS: &[Scenario] = &[
    (
        "cable: a million messages, a megabyte of System Exclusive",
        million,
    ),
    ("cable: several clients, running status, real time", clients),
    ("cable: those who wait", || waiting(false)),
    ("cable: those who wait, and a port that waits too", || {
        waiting(true)
    }),
    ("cable: unplugged", unplugged),
    ("cable: a port that does not come to read", deaf),
    ("cable: a port that reads little at once", little),
    ("cable: heard by the synthesizer", || heard(false)),
    (
        "cable: heard by the synthesizer, and a port that waits",
        || heard(true),
    ),
];

pub fn writer(rig: &mut Rig, filter: &Filter<SimClient>, pin: u32) -> Pin<SimClient> {
    let mut pin = filter.midi_pin(&mut rig.client, pin).expect("a pin");
    pin.set_state(&mut rig.client, KSSTATE_RUN)
        .expect("it runs");
    pin
}

fn send(rig: &mut Rig, pin: &Pin<SimClient>, bytes: &[u8]) -> Write<SimClient> {
    let mut buffer = MusicBuffer::default();
    buffer.push(0, bytes);
    write(&mut rig.client, pin.handle, 0, buffer.bytes())
}

/// Sends and waits until the cable has it.
pub fn put(rig: &mut Rig, pin: &Pin<SimClient>, bytes: &[u8]) {
    let write = send(rig, pin, bytes);
    write.wait(&mut rig.client).expect("the cable takes it");
}

/// Both ways at once.
fn million() {
    const COUNT: u32 = 1_000_000;
    const CHUNK: u32 = 2000;
    let mut rig = Setup::default().start();
    let filter = subdevice(&mut rig.client, "cable");
    let mut listeners = [B_OUT, A_OUT].map(|pin| Listener::open(&mut rig, &filter, pin, false));
    let writers = [A_IN, B_IN].map(|pin| writer(&mut rig, &filter, pin));
    let level = rig.pool();
    let message = |n: u32| {
        [
            0x90 | (n % 16) as u8,
            (n >> 4 & 0x7F) as u8,
            (n >> 11 & 0x7F) as u8,
        ]
    };
    for chunk in 0..COUNT / CHUNK {
        let bytes: Vec<u8> = (chunk * CHUNK..(chunk + 1) * CHUNK)
            .flat_map(message)
            .collect();
        for pin in &writers {
            put(&mut rig, pin, &bytes);
        }
        for listener in &mut listeners {
            listener.collect(&mut rig);
        }
    }
    let mut long = vec![0xF0, 0x7D];
    long.extend((0..1 << 20).map(|i: u32| (i.wrapping_mul(2_654_435_761) >> 25) as u8));
    long.push(0xF7);
    for part in long.chunks(10_000) {
        for (pin, listener) in writers.iter().zip(&mut listeners) {
            put(&mut rig, pin, part);
            listener.collect(&mut rig);
        }
    }
    rig.sleep(SECOND);
    for listener in &mut listeners {
        listener.collect(&mut rig);
        let bytes = listener.bytes();
        assert_eq!(bytes.len(), 3 * COUNT as usize + long.len());
        let (notes, exclusive) = bytes.split_at(3 * COUNT as usize);
        let mut all = notes.chunks_exact(3).zip(0..COUNT);
        assert!(all.all(|(seen, n)| seen == message(n)));
        assert!(exclusive == long);
    }
    for (writer, listener) in writers.iter().zip(&listeners) {
        let (sent, seen) = (
            transport(&mut rig.client, writer.handle),
            listener.counts(&mut rig),
        );
        assert_eq!(sent.Messages, u64::from(COUNT) + 1);
        assert_eq!(
            (seen.Messages, seen.Bytes, seen.Lost, seen.Waiting),
            (sent.Messages, sent.Bytes, 0, 0)
        );
    }
    assert!(rig.pool() <= level, "memory is flat");
    for listener in listeners {
        listener.close(&mut rig);
    }
    rig.close(filter, writers, None);
    rig.finish();
}

/// Two writers and two readers at one end each.
fn clients() {
    let mut rig = Setup::default().start();
    let filter = subdevice(&mut rig.client, "cable");
    let mut listeners = [B_OUT, B_OUT].map(|pin| Listener::open(&mut rig, &filter, pin, false));
    let mut back = Listener::open(&mut rig, &filter, A_OUT, false);
    let [one, two] = [A_IN, A_IN].map(|pin| writer(&mut rig, &filter, pin));
    put(&mut rig, &one, &[0x90, 60, 100, 61]);
    put(&mut rig, &two, &[0xC1, 5, 6]);
    put(&mut rig, &one, &[101, 0xF0, 1, 0xF8, 2]);
    // The second writer waits for the end of the first one's message.
    let mut late = send(&mut rig, &two, &[7]);
    rig.sleep(SECOND / 10);
    assert!(late.poll(&mut rig.client).is_none());
    put(&mut rig, &one, &[0xFE, 3, 0xF7]);
    late.wait(&mut rig.client).expect("its turn");
    rig.sleep(SECOND / 10);
    let expected: &[u8] = &[
        0x90, 60, 100, 0xC1, 5, 0xC1, 6, 0x90, 61, 101, 0xF0, 1, 0xF8, 2, 0xFE, 3, 0xF7, 0xC1, 7,
    ];
    for listener in &mut listeners {
        listener.collect(&mut rig);
        assert_eq!(listener.bytes(), expected);
    }
    back.collect(&mut rig);
    assert!(back.bytes().is_empty(), "nothing comes back to its own end");
    // A writer goes inside a message: the other one goes on.
    put(&mut rig, &one, &[0xF0, 9]);
    one.close(&mut rig.client).unwrap();
    put(&mut rig, &two, &[8]);
    rig.sleep(SECOND / 10);
    for mut listener in listeners {
        listener.records.clear();
        listener.collect(&mut rig);
        assert_eq!(listener.bytes(), [0xF0, 9, 0xC1, 8]);
        listener.close(&mut rig);
    }
    back.close(&mut rig);
    rig.close(filter, [two], None);
    rig.finish();
}

/// More than the driver and the port hold: the rest is taken when there is room again. What waits can be taken back, and nobody
/// waits for ever.
fn waiting(patient: bool) {
    let mut rig = Setup {
        patient,
        ..Setup::default()
    }
    .start();
    let filter = subdevice(&mut rig.client, "cable");
    let mut listener = Listener::open(&mut rig, &filter, B_OUT, false);
    let [one, two] = [A_IN, A_IN].map(|pin| writer(&mut rig, &filter, pin));
    let mut bytes = [0x90, 60, 100].repeat(100_000);
    bytes.push(0xF8);
    put(&mut rig, &one, &bytes);
    for _ in 0..100 {
        rig.sleep(SECOND / 100);
        listener.collect(&mut rig);
    }
    assert!(listener.bytes() == bytes);
    listener.records.clear();

    put(&mut rig, &one, &[0xF0, 1]);
    let write = send(&mut rig, &two, &[0xC0, 1]);
    rig.sleep(SECOND / 10);
    let taken_back = write.cancel(&mut rig.client).expect("it waited");
    assert_eq!(taken_back.status, STATUS_CANCELLED);
    put(&mut rig, &one, &[2, 0xF7]);

    // A message that does not end is cut off after a second.
    put(&mut rig, &one, &[0xF0, 3]);
    let begin = rig.now();
    put(&mut rig, &two, &[0xC0, 2]);
    let waited = rig.now() - begin;
    assert!((SECOND..SECOND + SECOND / 20).contains(&waited), "{waited}");
    put(&mut rig, &one, &[4, 0xF7, 0xC0, 3]);
    assert_eq!(transport(&mut rig.client, one.handle).Lost, 1);
    rig.sleep(SECOND / 10);
    listener.collect(&mut rig);
    assert_eq!(
        listener.bytes(),
        [0xF0, 1, 2, 0xF7, 0xF0, 3, 0xC0, 2, 0xC0, 3]
    );
    listener.close(&mut rig);
    rig.close(filter, [one, two], None);
    rig.finish();
}

/// Readers whose port does not read hold the writer up for a second, and then no more: they miss what does not fit, in whole messages, until
/// they are read again. Those who do not run miss everything.
fn deaf() {
    let mut rig = Setup::default().start();
    let filter = subdevice(&mut rig.client, "cable");
    let one = writer(&mut rig, &filter, A_IN);
    for count in [8, 1] {
        let mut listeners: Vec<_> = (0..count)
            .map(|_| Listener::open(&mut rig, &filter, B_OUT, false))
            .collect();
        read_at_once(0);
        let notes = [0x90, 60, 100].repeat(60_000);
        let long = [&[0xF0, 0x7D][..], &[5; 5000], &[0xF8, 0xF7]].concat();
        for (bytes, waits) in [(&notes, true), (&long, false)] {
            let begin = rig.now();
            put(&mut rig, &one, bytes);
            let waited = rig.now() - begin;
            let expected = if waits {
                SECOND..SECOND * 3 / 2
            } else {
                0..SECOND / 10
            };
            assert!(expected.contains(&waited), "{count}: {waited}");
        }
        for listener in &mut listeners {
            let told = listener.counts(&mut rig);
            assert!(told.Lost > 10_000 && told.Waiting > 1000, "{told:?}");
            listener.collect(&mut rig);
            assert!(listener.bytes().is_empty());
        }
        read_at_once(256);
        // Its status ends what was left out.
        put(&mut rig, &one, &[0xC0, 5]);
        rig.sleep(SECOND / 10);
        put(&mut rig, &one, &[0xC0, 6]);
        rig.sleep(SECOND / 10);
        for mut listener in listeners {
            listener.collect(&mut rig);
            let bytes = listener.bytes();
            assert!(bytes.ends_with(&[0xC0, 6]), "{count}");
            let kept = bytes
                .iter()
                .take_while(|byte| **byte != 0xF8 && **byte != 0xC0);
            let kept = kept.count();
            assert!(kept > 1000 && bytes[..kept] == notes[..kept] && kept % 3 == 0);
            assert_eq!(listener.counts(&mut rig).Waiting, 0);
            listener.close(&mut rig);
        }
    }
    // One of eight runs: nobody waits for the others.
    for runs in 0..8 {
        let mut idle = Vec::new();
        let mut listener = None;
        for at in 0..8 {
            if at == runs {
                listener = Some(Listener::open(&mut rig, &filter, B_OUT, false));
            } else {
                idle.push(filter.midi_pin(&mut rig.client, B_OUT).expect("a pin"));
            }
        }
        let mut listener = listener.expect("it is open");
        read_at_once(0);
        let begin = rig.now();
        put(&mut rig, &one, &[0x90, 60, 100].repeat(60_000));
        let waited = rig.now() - begin;
        assert!((SECOND..SECOND * 3 / 2).contains(&waited), "{waited}");
        read_at_once(256);
        put(&mut rig, &one, &[0xC0, 5]);
        rig.sleep(SECOND / 10);
        put(&mut rig, &one, &[0xC0, 6]);
        rig.sleep(SECOND / 10);
        listener.collect(&mut rig);
        assert!(listener.bytes().ends_with(&[0xC0, 6]), "{runs}");
        for pin in idle {
            assert_eq!(transport(&mut rig.client, pin.handle).Lost, 0, "{runs}");
            pin.close(&mut rig.client).unwrap();
        }
        listener.close(&mut rig);
    }
    rig.close(filter, [one], None);
    rig.finish();
}

/// Whatever the port asks for at once, and however much there is.
fn little() {
    let mut rig = Setup::default().start();
    let filter = subdevice(&mut rig.client, "cable");
    let one = writer(&mut rig, &filter, A_IN);
    let mut listener = Listener::open(&mut rig, &filter, B_OUT, false);
    for at_once in 1..20 {
        read_at_once(at_once);
        for length in 1..20 {
            let mut bytes = vec![0xF0];
            bytes.extend((1..length).map(|byte| byte as u8));
            bytes.push(0xF7);
            listener.records.clear();
            put(&mut rig, &one, &bytes);
            rig.sleep(SECOND / 100);
            listener.collect(&mut rig);
            assert_eq!(listener.bytes(), bytes, "{at_once} at once");
        }
    }
    listener.close(&mut rig);
    rig.close(filter, [one], None);
    rig.finish();
}

/// Without a reader at the other end everything is taken and lost.
fn unplugged() {
    let mut rig = Setup::default().start();
    let filter = subdevice(&mut rig.client, "cable");
    let mut pin = writer(&mut rig, &filter, A_IN);
    for _ in 0..100 {
        put(&mut rig, &pin, &[0x90, 60, 100].repeat(4000));
    }
    let mut listener = Listener::open(&mut rig, &filter, B_OUT, false);
    pin.set_state(&mut rig.client, KSSTATE_STOP).unwrap();
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    put(&mut rig, &pin, &[60, 100, 0xC0, 3]);
    rig.sleep(SECOND / 10);
    listener.collect(&mut rig);
    assert_eq!(listener.bytes(), [0xC0, 3], "no status from before STOP");
    listener.close(&mut rig);
    rig.close(filter, [pin], None);
    rig.finish();
}

/// `CableSynth` = 1: end A plays. When its last writer goes, so do its notes.
fn heard(patient: bool) {
    let mut rig = Setup {
        patient,
        parameters: vec![("CableSynth", 1)],
        bank: Some(arioso_bank::test_banks::dc(RATE)),
        ..Setup::default()
    }
    .start();
    let synth = subdevice(&mut rig.client, "synth");
    let mut wave = rig.open_wave(&synth);
    wave.run(&mut rig.client).unwrap();
    let filter = subdevice(&mut rig.client, "cable");
    let sounds = |rig: &mut Rig| {
        rig.sleep(SECOND / 2);
        rig.take_audio();
        rig.sleep(SECOND / 10);
        rig.take_audio().iter().any(|f| *f != [0, 0])
    };
    let mut listener = Listener::open(&mut rig, &filter, B_OUT, false);
    let [one, two] = [A_IN, A_IN].map(|pin| writer(&mut rig, &filter, pin));
    // A message of the synthesizer's own among others, longer than its events: master volume at full.
    let volume = [0xF0, 0x7F, 0x7F, 4, 1, 0x7F, 0x7F, 0xF7];
    let long = [&[0xF0, 0x7D][..], &[1; 5000], &[0xF7]].concat();
    let notes = [0xC0, 0, 0x90, 60, 127];
    put(&mut rig, &one, &[&volume[..], &long, &notes].concat());
    assert!(sounds(&mut rig), "a note of end A sounds");
    listener.collect(&mut rig);
    assert_eq!(listener.bytes(), [&volume[..], &long, &notes].concat());
    // More at once than there are events for, again and again: they come back, and no message is lost.
    for key in 61..65 {
        put(&mut rig, &one, &[0xB0, 120, 0]);
        assert!(!sounds(&mut rig), "all sound is off");
        let mut burst = [0xB0, 20, 1].repeat(3000);
        burst.extend([0x90, key, 127]);
        put(&mut rig, &one, &burst);
        assert!(sounds(&mut rig), "the note behind a burst sounds");
        listener.collect(&mut rig);
    }
    one.close(&mut rig.client).unwrap();
    assert!(sounds(&mut rig), "the other writer is still there");
    two.close(&mut rig.client).unwrap();
    assert!(!sounds(&mut rig), "nobody is there");
    let back = writer(&mut rig, &filter, B_IN);
    put(&mut rig, &back, &[0x90, 60, 127]);
    assert!(!sounds(&mut rig), "end B is not heard");

    // The cable has a place of its own beside all the pins.
    let mut pins: Vec<_> = (0..16)
        .map(|_| synth.direct_music_pin(&mut rig.client, 0).expect("a pin"))
        .collect();
    let pin = writer(&mut rig, &filter, A_IN);
    put(&mut rig, &pin, &[0x90, 60, 127]);
    assert!(sounds(&mut rig));
    pin.close(&mut rig.client).unwrap();
    let mut last = pins.pop().expect("sixteen");
    last.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    rig.play(&last, &[(0, &[0x90, 60, 127])]);
    assert!(sounds(&mut rig), "the sixteenth pin too");
    pins.push(last);
    for pin in pins {
        pin.close(&mut rig.client).unwrap();
    }

    // The program dies with a note on.
    let pin = writer(&mut rig, &filter, A_IN);
    put(&mut rig, &pin, &[0x90, 60, 127]);
    assert!(sounds(&mut rig));
    rig.kill_client();
    let synth = subdevice(&mut rig.client, "synth");
    let mut wave = rig.open_wave(&synth);
    wave.run(&mut rig.client).unwrap();
    assert!(!sounds(&mut rig));
    rig.close(synth, [], Some(wave));
    rig.finish();
}
