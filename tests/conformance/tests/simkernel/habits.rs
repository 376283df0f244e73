// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the programs that will meet the driver do with its MIDI pins. Each case names where the habit is known from.

use crate::Scenario;
use crate::listener::{Listener, capture_pin, subdevice, transport};
use crate::rig::{RATE, Rig, SECOND, Setup, download_bank};
use arioso_core::ks::dmusprop::{
    SYNTH_PC_DLS, SYNTH_PC_SOFTWARESYNTH, SYNTH_PORTPARAMS, SYNTH_PORTPARAMS_CHANNELGROUPS,
    SYNTH_PORTPARAMS_EFFECTS, SYNTH_PORTPARAMS_VOICES,
};
use arioso_core::ks::guid::{
    KSCATEGORY_AUDIO, KSDATAFORMAT_SUBTYPE_DIRECTMUSIC, KSDATAFORMAT_SUBTYPE_MIDI,
    KSDATAFORMAT_SUBTYPE_UNIVERSALMIDIPACKET, KSDATAFORMAT_TYPE_MUSIC, KSPROPSETID_General,
    KSPROPSETID_Pin,
};
use arioso_core::ks::ks::{
    KSCOMPONENTID, KSPIN_COMMUNICATION_NONE, KSPIN_DATAFLOW_IN, KSPIN_DATAFLOW_OUT,
    KSPROPERTY_GENERAL_COMPONENTID, KSPROPERTY_PIN_NAME, KSSTATE_ACQUIRE, KSSTATE_PAUSE,
    KSSTATE_RUN, KSSTATE_STOP,
};
use arioso_core::ks::status::STATUS_CANCELLED;
use conformance::events::{EventBuffer, MusicBuffer, write};
use conformance::filter::{Filter, Pin, PinInfo};
use conformance::property::Property;
use conformance::read::{Read, music_records, read};
use conformance::synth;
use conformance::{Client, NtStatus};
use simkernel::client::SimClient;
use simkernel::modules::Fill;

pub const SCENARIOS: &[Scenario] = &[
    ("habits: DirectMusic's kernel port", direct_music),
    ("habits: WinMM through wdmaud", win_mm),
    ("habits: Windows MIDI Services", midi_services),
    (
        "habits: Windows MIDI Services finds it a thousand times",
        found_often,
    ),
    ("habits: a program dies while its notes sound", dead),
];

/// The filters of a category with a pin that `wanted` accepts.
fn filters(rig: &mut Rig, wanted: impl Fn(&PinInfo) -> bool) -> Vec<(Filter<SimClient>, PinInfo)> {
    let client = &mut rig.client;
    let mut found = Vec::new();
    for link in client.interfaces(&KSCATEGORY_AUDIO) {
        let filter = Filter::open(client, &link).expect("every filter opens");
        let pins = filter.pins(client).expect("pins");
        match pins.into_iter().find(|pin| wanted(pin)) {
            Some(pin) => found.push((filter, pin)),
            None => filter.close(client),
        }
    }
    found
}

/// A port of class `DMUS_PORT_KERNEL_MODE`: found by its DirectMusic range and CAPS on the filter; parameters, groups, downloads; a
/// buffer is written some time before the latency clock reaches it, states go step by step (Windows driver documentation, "DirectMusic
/// miniport drivers", "Latency clocks", `KSPROPERTY_SYNTH_CAPS`, `KSPROPERTY_SYNTH_PORTPARAMETERS`).
fn direct_music() {
    let mut rig = Setup::default().start();
    let mut found = filters(&mut rig, |pin| {
        pin.flow == KSPIN_DATAFLOW_IN && pin.takes(&KSDATAFORMAT_SUBTYPE_DIRECTMUSIC)
    });
    assert_eq!(found.len(), 1);
    let (filter, info) = found.remove(0);
    let caps = synth::caps(&mut rig.client, filter.handle).expect("CAPS without a pin");
    assert_eq!(
        caps.Flags & (SYNTH_PC_DLS | SYNTH_PC_SOFTWARESYNTH),
        SYNTH_PC_DLS | SYNTH_PC_SOFTWARESYNTH
    );
    assert_ne!(caps.Description[0], 0);
    // The output port, then the input port on the same filter.
    let mut out = filter
        .direct_music_pin(&mut rig.client, info.id)
        .expect("a port");
    let wanted = SYNTH_PORTPARAMS {
        ValidParams: SYNTH_PORTPARAMS_VOICES
            | SYNTH_PORTPARAMS_CHANNELGROUPS
            | SYNTH_PORTPARAMS_EFFECTS,
        Voices: 64,
        ChannelGroups: 2,
        ..SYNTH_PORTPARAMS::default()
    };
    let granted = synth::port_parameters(&mut rig.client, out.handle, wanted).unwrap();
    assert_eq!((granted.Voices, granted.ChannelGroups), (64, 2));
    let dc = arioso_bank::test_banks::dc(RATE);
    let downloads = download_bank(&mut rig.client, out.handle, &dc);
    let mut wave = rig.open_wave(&filter);
    wave.run(&mut rig.client).unwrap();
    for state in [KSSTATE_ACQUIRE, KSSTATE_PAUSE, KSSTATE_RUN] {
        out.set_state(&mut rig.client, state).unwrap();
    }
    let id = capture_pin(&mut rig.client, &filter);
    let mut input = Listener::open(&mut rig, &filter, id, true);
    let mut before = 0;
    for round in 0..50 {
        let latency = synth::latency_clock(&mut rig.client, out.handle).unwrap();
        assert!(latency > before && latency > rig.now());
        before = latency;
        let mut buffer = EventBuffer::new(latency + SECOND / 50);
        buffer.push(latency + SECOND / 50, 2, &[0x90, 40 + round, 100]);
        buffer.push(latency + SECOND / 25, 2, &[0x80, 40 + round, 0]);
        rig.write(&out, &buffer);
        rig.sleep(SECOND / 20);
    }
    rig.sleep(SECOND / 2);
    input.collect(&mut rig);
    assert_eq!(input.records.len(), 100);
    assert!(input.records.iter().all(|r| r.group == 2 && r.flags == 1));
    let counted = synth::statistics(&mut rig.client, out.handle).unwrap();
    assert_eq!((counted.Late, counted.Notes), (0, 50));
    // Release: stop, unload, close.
    out.set_state(&mut rig.client, KSSTATE_STOP).unwrap();
    downloads.unload(&mut rig.client, out.handle).unwrap();
    input.close(&mut rig);
    rig.close(filter, [out], Some(wave));
    rig.finish();
}

/// midiOut and midiIn: pins with a MIDI range, a message a write and no time stamp, `midiOutReset` as 16 × sustain and notes off,
/// reads that are pending while the input runs and come back when it is reset (WinMM documentation: `midiOutShortMsg`,
/// `midiOutReset`, `midiInReset`; Windows driver documentation, "MIDI transport", `KSMUSICFORMAT`).
fn win_mm() {
    let mut rig = Setup::default().start();
    let outputs = filters(&mut rig, |pin| {
        pin.flow == KSPIN_DATAFLOW_IN && pin.takes(&KSDATAFORMAT_SUBTYPE_MIDI)
    });
    let inputs = filters(&mut rig, |pin| {
        pin.flow == KSPIN_DATAFLOW_OUT && pin.takes(&KSDATAFORMAT_SUBTYPE_MIDI)
    });
    assert_eq!(
        (outputs.len(), inputs.len()),
        (2, 2),
        "synthesizer and cable"
    );
    for (filter, pin) in &outputs {
        let mut out = filter
            .midi_pin(&mut rig.client, pin.id)
            .expect("midiOutOpen");
        out.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
        let short = |rig: &mut Rig, message: &[u8]| {
            let mut buffer = MusicBuffer::default();
            buffer.push(0, message);
            write(&mut rig.client, out.handle, 0, buffer.bytes())
                .wait(&mut rig.client)
                .expect("midiOutShortMsg");
        };
        for key in 0..100 {
            short(&mut rig, &[0x90, key, 100]);
        }
        // midiOutLongMsg
        short(&mut rig, &[&[0xF0, 0x7D][..], &[5; 300], &[0xF7]].concat());
        for channel in 0..16 {
            short(&mut rig, &[0xB0 | channel, 64, 0]);
            short(&mut rig, &[0xB0 | channel, 123, 0]);
        }
        out.close(&mut rig.client).expect("midiOutClose");
    }
    for (filter, pin) in &inputs {
        let mut input = filter
            .midi_pin(&mut rig.client, pin.id)
            .expect("midiInOpen");
        input.set_state(&mut rig.client, KSSTATE_PAUSE).unwrap();
        let reads: Vec<_> = (0..8)
            .map(|_| read(&mut rig.client, input.handle, 256))
            .collect();
        input
            .set_state(&mut rig.client, KSSTATE_RUN)
            .expect("midiInStart");
        rig.sleep(SECOND / 10);
        input
            .set_state(&mut rig.client, KSSTATE_STOP)
            .expect("midiInReset");
        for mut read in reads {
            let back = read.poll(&mut rig.client).expect("every buffer comes back");
            assert_eq!(status(back), STATUS_CANCELLED);
        }
        input.close(&mut rig.client).expect("midiInClose");
    }
    for (filter, _) in outputs.into_iter().chain(inputs) {
        filter.close(&mut rig.client);
    }
    rig.finish();
}

fn status<T>(result: Result<T, conformance::Error>) -> NtStatus {
    match result {
        Ok(_) => 0,
        Err(error) => error.status.expect("a status"),
    }
}

/// A pin that Windows MIDI Services has opened, and its one read.
struct Held {
    pin: Pin<SimClient>,
    read: Option<Read<SimClient>>,
}

/// `GetMidi1FilterPins` and what follows it: every filter of KSCATEGORY_AUDIO, every pin with a MIDI range and without a UMP one is
/// created at once and kept (microsoft/MIDI, KSAggregateTransport; `docs/reference/dmus-miniport.md` §8.4).
fn enumerate(rig: &mut Rig) -> (Vec<Filter<SimClient>>, Vec<Held>) {
    let client = &mut rig.client;
    let (mut filters, mut held) = (Vec::new(), Vec::new());
    for link in client.interfaces(&KSCATEGORY_AUDIO) {
        let filter = Filter::open(client, &link).expect("opened for itself");
        let component = Property::new(KSPROPSETID_General, KSPROPERTY_GENERAL_COMPONENTID);
        let _ = component.get::<_, KSCOMPONENTID>(client, filter.handle);
        for info in filter.pins(client).expect("pins") {
            let music = info
                .ranges
                .iter()
                .any(|r| r.MajorFormat == KSDATAFORMAT_TYPE_MUSIC);
            if info.communication == KSPIN_COMMUNICATION_NONE
                || !music
                || !info.takes(&KSDATAFORMAT_SUBTYPE_MIDI)
                || info.takes(&KSDATAFORMAT_SUBTYPE_UNIVERSALMIDIPACKET)
            {
                continue;
            }
            let mut pin = filter.midi_pin(client, info.id).expect("instantiated");
            let name = Property::of_pin(KSPROPSETID_Pin, KSPROPERTY_PIN_NAME, info.id);
            let _ = name.get_sized(client, filter.handle);
            for state in [KSSTATE_ACQUIRE, KSSTATE_PAUSE, KSSTATE_RUN] {
                pin.set_state(client, state).expect("opened");
            }
            let reads = info.flow == KSPIN_DATAFLOW_OUT;
            let read = reads.then(|| read(client, pin.handle, 2048));
            held.push(Held { pin, read });
        }
        filters.push(filter);
    }
    (filters, held)
}

fn release(rig: &mut Rig, filters: Vec<Filter<SimClient>>, held: Vec<Held>) {
    for Held { mut pin, read } in held {
        for state in [KSSTATE_PAUSE, KSSTATE_ACQUIRE, KSSTATE_STOP] {
            pin.set_state(&mut rig.client, state).expect("closed");
        }
        if let Some(mut read) = read {
            let back = read.poll(&mut rig.client).expect("no read stays behind");
            assert_eq!(status(back), STATUS_CANCELLED);
        }
        pin.close(&mut rig.client).unwrap();
    }
    filters.into_iter().for_each(|f| f.close(&mut rig.client));
}

/// Holds all pins for a day; messages come without a time; a write that hangs would disable the output.
fn midi_services() {
    let mut rig = Setup {
        fill: Fill::Call,
        ..Setup::default()
    }
    .start();
    let (filters, mut held) = enumerate(&mut rig);
    let outputs = held.iter().filter(|h| h.read.is_none()).count();
    assert_eq!(
        (outputs, held.len() - outputs),
        (3, 3),
        "synthesizer, two ends"
    );
    let (mut level, mut heard) = (0, 0);
    for hour in 0..24u8 {
        for Held { pin, read } in &held {
            if read.is_some() {
                continue;
            }
            for n in 0..100u8 {
                let mut buffer = MusicBuffer::default();
                let channel = hour % 16;
                buffer.push(0, &[0x90 | channel, n, 1, 0x80 | channel, n, 0]);
                let begin = rig.now();
                write(&mut rig.client, pin.handle, 0, buffer.bytes())
                    .wait(&mut rig.client)
                    .expect("no write hangs");
                assert!(rig.now() - begin < SECOND / 100, "promptly");
            }
        }
        rig.sleep(SECOND);
        for Held { pin, read: pending } in &mut held {
            while let Some(done) = pending.as_mut().and_then(|r| r.poll(&mut rig.client)) {
                // It looks at the first record of a buffer only (microsoft/MIDI #1040).
                heard += music_records(&done.unwrap()).unwrap()[0].bytes.len();
                *pending = Some(read(&mut rig.client, pin.handle, 2048));
            }
        }
        rig.sleep(3599 * SECOND);
        if hour == 0 {
            level = rig.pool();
        }
        assert!(
            rig.pool() <= level,
            "hour {hour}: {} and {level}",
            rig.pool()
        );
    }
    for Held { pin, read } in &held {
        if read.is_some() {
            let counts = transport(&mut rig.client, pin.handle);
            assert_eq!((counts.Messages, counts.Lost), (24 * 200, 0));
        }
    }
    // Each end is read, and the synthesizer's copy: 24 hours of 100 writes with two messages of three bytes.
    assert_eq!(heard, 3 * 24 * 100 * 6);
    // The service is asked to let go while reads wait.
    release(&mut rig, filters, held);

    // Or the device goes first: the reads must come back.
    let (filters, held) = enumerate(&mut rig);
    rig.surprise_remove();
    for Held { read, .. } in held {
        if let Some(mut read) = read {
            read.poll(&mut rig.client)
                .expect("completed at removal")
                .unwrap_err();
        }
    }
    drop(filters);
    rig.kill_client();
    rig.finish();
}

fn found_often() {
    let mut rig = Setup::default().start();
    let mut level = 0;
    for round in 0..1000 {
        let (filters, held) = enumerate(&mut rig);
        release(&mut rig, filters, held);
        if round == 10 {
            level = rig.pool();
        }
    }
    rig.sleep(SECOND);
    assert!(rig.pool() <= level, "{} and {level}", rig.pool());
    rig.finish();
}

/// Whatever it had open is closed in RUN: its notes end, others' do not; the MIDI range as well as DirectMusic's (FluidSynth #1129,
/// alsa-utils #22: notes that outlive their program).
fn dead() {
    let mut rig = Setup {
        bank: Some(arioso_bank::test_banks::dc(RATE)),
        ..Setup::default()
    }
    .start();
    let filter = subdevice(&mut rig.client, "synth");
    let mut wave = rig.open_wave(&filter);
    wave.run(&mut rig.client).unwrap();
    let mut victim = rig.machine.client(Default::default());
    let theirs = subdevice(&mut victim, "synth");
    for midi in [true, false] {
        let mut pin = if midi {
            theirs.midi_pin(&mut victim, 0).unwrap()
        } else {
            theirs.direct_music_pin(&mut victim, 0).unwrap()
        };
        pin.set_state(&mut victim, KSSTATE_RUN).unwrap();
        let mut music = MusicBuffer::default();
        music.push(0, &[0xB0, 64, 127, 0x90, 60, 127]);
        let mut events = EventBuffer::new(victim.now());
        events.push(events.start(), 1, &[0xB0, 64, 127]);
        events.push(events.start(), 1, &[0x90, 64, 127]);
        let bytes = if midi { music.bytes() } else { events.bytes() };
        let start = if midi { 0 } else { events.start() };
        write(&mut victim, pin.handle, start, bytes)
            .wait(&mut victim)
            .unwrap();
    }
    rig.sleep(SECOND / 2);
    rig.take_audio();
    rig.sleep(SECOND / 10);
    assert!(rig.take_audio().iter().all(|f| *f != [0, 0]), "both hold");
    drop(victim);
    rig.sleep(SECOND / 2);
    rig.take_audio();
    rig.sleep(SECOND / 2);
    assert!(
        rig.take_audio().iter().all(|f| *f == [0, 0]),
        "nobody is left"
    );
    rig.close(filter, [], Some(wave));
    rig.finish();
}
