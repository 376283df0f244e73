// SPDX-License-Identifier: MIT OR Apache-2.0
//! As many of everything as there may be: pins, clients of the cable, events; one more is refused, and a place that becomes free is taken
//! again.

use crate::Scenario;
use crate::cable::{put, writer};
use crate::endpoint::Recorder;
use crate::listener::{A_IN, A_OUT, B_IN, B_OUT, Listener, capture_pin, subdevice, transport};
use crate::rig::{RATE, Rig, SECOND, Setup};
use arioso_bank::test_banks;
use arioso_core::ks::arioso::{
    ARIOSO_CONTROL_BANK, ARIOSO_CONTROL_NUMBERS, ARIOSO_CONTROL_SILENCE,
};
use arioso_core::ks::ks::{KSSTATE_RUN, KSSTATE_STOP};
use conformance::connect::{self, SampleFormat};
use conformance::filter::Pin;
use conformance::synth::{set_channel_groups, statistics};
use conformance::{Client, settings};
use simkernel::client::SimClient;

pub const SCENARIOS: &[Scenario] = &[
    ("crowds: every music pin that there may be", music),
    ("crowds: every capture pin that there may be", captures),
    ("crowds: every client of the cable", clients),
    ("crowds: every event of the endpoint", events),
];

const MUSIC: usize = 16;
const CAPTURES: usize = 8;
const CLIENTS: usize = 8;
const EVENTS: usize = 8;

/// Opens pins in RUN until one is refused.
fn fill(
    rig: &mut Rig,
    mut open: impl FnMut(&mut Rig) -> Option<Pin<SimClient>>,
) -> Vec<Pin<SimClient>> {
    let mut pins = Vec::new();
    while let Some(mut pin) = open(rig) {
        pin.set_state(&mut rig.client, KSSTATE_RUN).expect("RUN");
        pins.push(pin);
        assert!(pins.len() < 100, "there is no end");
    }
    pins
}

/// Of both formats, and the cable's end that plays. Each has its notes, its channel groups and the bank; a command that is for all
/// reaches each.
fn music() {
    let mut rig = Setup {
        bank: Some(test_banks::dc(RATE)),
        parameters: vec![("CableSynth", 1)],
        ..Setup::default()
    }
    .start();
    let cable = subdevice(&mut rig.client, "cable");
    let heard = writer(&mut rig, &cable, A_IN);
    let (filter, id) = rig.find_filter();
    let mut wave = rig.open_wave(&filter);
    wave.run(&mut rig.client).unwrap();
    let mut count = 0;
    let mut open = |rig: &mut Rig| {
        count += 1;
        let opened = if count % 2 == 0 {
            filter.direct_music_pin(&mut rig.client, id)
        } else {
            filter.midi_pin(&mut rig.client, id)
        };
        opened.ok()
    };
    let mut pins = fill(&mut rig, &mut open);
    for round in 0..3u8 {
        assert_eq!(pins.len(), MUSIC, "round {round}");
        let handles: Vec<_> = pins.iter().map(|pin| pin.handle).collect();
        for what in [ARIOSO_CONTROL_NUMBERS, ARIOSO_CONTROL_BANK] {
            settings::control(&mut rig.client, filter.handle, what).unwrap();
        }
        for (at, pin) in pins.iter().enumerate() {
            set_channel_groups(&mut rig.client, pin.handle, 1 + at as u32).unwrap();
            let key = 40 + at as u8;
            say(&mut rig, pin, &[0x90, key, 100], at % 2 == 1);
        }
        put(&mut rig, &heard, &[0x90, 70, 100]);
        rig.sleep(SECOND / 10);
        let voices = |rig: &mut Rig| -> Vec<u32> {
            handles
                .iter()
                .map(|handle| statistics(&mut rig.client, *handle).unwrap().Voices)
                .collect()
        };
        assert_eq!(voices(&mut rig), [1; MUSIC], "round {round}");
        let meters = settings::meters(&mut rig.client, filter.handle).unwrap();
        assert_eq!(meters.Voices, MUSIC as u32 + 1);
        settings::control(&mut rig.client, filter.handle, ARIOSO_CONTROL_SILENCE).unwrap();
        rig.sleep(SECOND / 10);
        assert_eq!(voices(&mut rig), [0; MUSIC], "round {round}");
        // Every third goes, and there is room for as many.
        let mut at = 0;
        pins = pins
            .into_iter()
            .filter_map(|pin| {
                at += 1;
                if at % 3 == usize::from(round) {
                    pin.close(&mut rig.client).expect("it closes");
                    return None;
                }
                Some(pin)
            })
            .collect();
        let free = MUSIC - pins.len();
        assert!(free >= 5, "{free} are free");
        // The others stay in the order of their formats.
        let mut formats: Vec<_> = (0..MUSIC)
            .filter(|at| (at + 1) % 3 == usize::from(round))
            .collect();
        for place in formats.drain(..) {
            let pin = if place % 2 == 1 {
                filter.direct_music_pin(&mut rig.client, id)
            } else {
                filter.midi_pin(&mut rig.client, id)
            };
            let mut pin = pin.expect("a place is free");
            pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
            pins.insert(place, pin);
        }
        let more = filter.direct_music_pin(&mut rig.client, id);
        assert!(more.is_err(), "one more");
    }
    for pin in pins {
        pin.close(&mut rig.client).unwrap();
    }
    rig.close(filter, [], Some(wave));
    rig.close(cable, [heard], None);
    rig.finish();
}

/// A message now, as the pin's format has it.
fn say(rig: &mut Rig, pin: &Pin<SimClient>, message: &[u8], direct_music: bool) {
    if direct_music {
        rig.play(pin, &[(0, message)]);
    } else {
        put(rig, pin, message);
    }
}

/// Each hears every message once; the last one too, when the others have gone.
fn captures() {
    let mut rig = Setup::default().start();
    let filter = subdevice(&mut rig.client, "synth");
    let id = capture_pin(&mut rig.client, &filter);
    let mut player = filter.midi_pin(&mut rig.client, 0).unwrap();
    player.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let mut listeners: Vec<Listener> = (0..CAPTURES)
        .map(|at| Listener::open(&mut rig, &filter, id, at % 2 == 0))
        .collect();
    let one_more = filter.create_pin(&mut rig.client, &connect::midi(id), None);
    assert!(one_more.is_err(), "one more");
    let mut sent = Vec::new();
    while !listeners.is_empty() {
        let message = [0x90, 60, listeners.len() as u8];
        put(&mut rig, &player, &message);
        sent.extend(message);
        rig.sleep(SECOND / 10);
        for listener in &mut listeners {
            listener.collect(&mut rig);
            assert_eq!(listener.bytes(), sent);
        }
        let goes = listeners.len() / 2;
        listeners.remove(goes).close(&mut rig);
    }
    rig.close(filter, [player], None);
    rig.finish();
}

/// At all four pins. What one end's writers say, every reader of the other end has once.
fn clients() {
    let mut rig = Setup::default().start();
    let cable = subdevice(&mut rig.client, "cable");
    for _ in 0..2 {
        let mut listeners: Vec<Listener> = [A_OUT, B_OUT]
            .into_iter()
            .flat_map(|pin| [pin; CLIENTS])
            .map(|pin| Listener::open(&mut rig, &cable, pin, false))
            .collect();
        let writers: Vec<(u32, Pin<SimClient>)> = [A_IN, B_IN]
            .into_iter()
            .flat_map(|pin| [pin; CLIENTS])
            .map(|pin| (pin, writer(&mut rig, &cable, pin)))
            .collect();
        for pin in [A_IN, A_OUT, B_IN, B_OUT] {
            let refused = cable.midi_pin(&mut rig.client, pin);
            assert!(refused.is_err(), "pin {pin}: one more");
        }
        let mut sent = [Vec::new(), Vec::new()];
        for (at, (end, pin)) in (0..).zip(&writers) {
            let message = [0xB0, at, *end as u8];
            put(&mut rig, pin, &message);
            sent[usize::from(*end == A_IN)].extend(message);
        }
        rig.sleep(SECOND / 10);
        for (at, listener) in listeners.iter_mut().enumerate() {
            listener.collect(&mut rig);
            assert_eq!(listener.bytes(), sent[at / CLIENTS], "reader {at}");
        }
        for (_, pin) in writers {
            let counts = transport(&mut rig.client, pin.handle);
            assert_eq!((counts.Messages, counts.Lost), (1, 0));
            pin.close(&mut rig.client).unwrap();
        }
        for listener in listeners {
            listener.close(&mut rig);
        }
    }
    rig.close(cable, [], None);
    rig.finish();
}

/// Each is set with every packet.
fn events() {
    let mut rig = Setup::default().start();
    let c = &mut rig.client;
    let mut recorder = Recorder::open(c, SampleFormat::pcm(RATE, 16)).unwrap();
    let stream = &mut recorder.stream;
    stream.allocate_notified(c, RATE / 50 * 4, 2).unwrap();
    let mut events = Vec::new();
    while let Ok(event) = stream.register_event(c) {
        events.push(event);
        assert!(events.len() < 100, "there is no end");
    }
    assert_eq!(events.len(), EVENTS);
    // Another one has the place of the one that goes.
    stream.unregister_event(c, events.remove(3)).unwrap();
    events.push(stream.register_event(c).expect("a place is free"));
    recorder.set_state(c, KSSTATE_RUN).unwrap();
    for packet in 0..5 {
        for event in &events {
            assert!(c.wait_event(*event, SECOND), "packet {packet}");
        }
    }
    recorder.set_state(c, KSSTATE_STOP).unwrap();
    for event in events {
        recorder.stream.unregister_event(c, event).unwrap();
    }
    recorder.close(c);
    rig.finish();
}
