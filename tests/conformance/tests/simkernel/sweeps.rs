// SPDX-License-Identifier: MIT OR Apache-2.0
//! Everything of a kind, one after the other: pins, formats, values, numbers of voices and of groups, and who comes late.

use crate::Scenario;
use crate::cable::writer;
use crate::effects::setting;
use crate::large::{self, grouped};
use crate::listener::{A_IN, B_OUT, capture_of, subdevice};
use crate::rig::{PARAMETERS, RATE, Rig, SECOND, SERVICE, Setup};
use crate::sounds::{self, load, unload, wave};
use arioso_bank::test_banks;
use arioso_core::dls::model::Wave;
use arioso_core::dls::raw::Connection;
use arioso_core::ks::GUID;
use arioso_core::ks::arioso::KSPROPSETID_Arioso;
use arioso_core::ks::arioso::{
    ARIOSO_CONTROL_BANK, ARIOSO_CONTROL_NUMBERS, ARIOSO_CONTROL_SILENCE, ARIOSO_SETTINGS,
};
use arioso_core::ks::dmusprop::{
    DAUD_HIGH_VOICE_PRIORITY, DAUD_LOW_VOICE_PRIORITY, DAUD_STANDARD_VOICE_PRIORITY,
    KSPROPERTY_SYNTH_VOICEPRIORITY, SYNTHVOICEPRIORITY_INSTANCE,
};
use arioso_core::ks::guid::*;
use arioso_core::ks::ks::{KSSTATE_ACQUIRE, KSSTATE_PAUSE, KSSTATE_RUN, KSSTATE_STOP};
use arioso_core::ks::ksmedia::{WAVE_FORMAT_EXTENSIBLE, WAVE_FORMAT_IEEE_FLOAT, WAVE_FORMAT_PCM};
use arioso_core::ks::status::STATUS_BUFFER_OVERFLOW;
use conformance::connect::{self, SampleFormat};
use conformance::events::EventBuffer;
use conformance::filter::Pin;
use conformance::property::Property;
use conformance::rt_audio::is_capture;
use conformance::settings;
use conformance::synth::{property, set_channel_groups, statistics};
use conformance::wire::Bytes;
use simkernel::client::SimClient;
use simkernel::executive::isolation::keys_of;
use simkernel::registry::{self, Value};

pub const SCENARIOS: &[Scenario] = &[
    ("sweep: a bank for all pins, no memory at each", banks),
    ("sweep: what is due at each pin when nobody listens", due),
    ("sweep: every format of the endpoint", formats),
    ("sweep: every number in the registry", numbers),
    ("sweep: removal with each number of listeners", listeners),
    ("sweep: numbers of voices while notes sound", voices),
    (
        "sweep: numbers of channel groups, with drums of their own",
        groups,
    ),
    ("sweep: what is freed by somebody who comes late", late),
    ("sweep: every property, verb and size", properties),
    ("sweep: every pin state from every state", states),
    ("sweep: removal while what is left is freed", under_way),
    ("voices that do not give way", priorities),
    (
        "sweep: every destination driven by every source",
        connections,
    ),
    ("sweep: phase groups of every size and order", phases),
    ("sweep: waves of one hash", collisions),
    ("sweep: every budget of a slice while effects ring", budgets),
    ("conversation: the wave sink", || conversation(Ear::Sink)),
    ("conversation: the endpoint", || conversation(Ear::Endpoint)),
    ("conversation: nobody", || conversation(Ear::Nobody)),
    ("conversation: notes that wait, the wave sink", || {
        waiting(Ear::Sink)
    }),
    ("conversation: notes that wait, the endpoint", || {
        waiting(Ear::Endpoint)
    }),
];

const MUSIC: usize = 16;

/// Another bank is read while sixteen pins are open, and memory runs out at each place: some have it already then. The next reading brings it
/// to all.
fn banks() {
    const PATH: &str = "\\??\\C:\\constant.dls";
    let mut rig = Setup {
        parameters: vec![("Voices", 32), ("CableSynth", 1)],
        files: vec![(PATH, test_banks::dc(RATE))],
        ..Setup::default()
    }
    .start();
    let (filter, id) = rig.find_filter();
    let mut path = rig.open_wave(&filter);
    path.run(&mut rig.client).unwrap();
    let pins: Vec<_> = (0..MUSIC)
        .map(|_| {
            let client = &mut rig.client;
            let mut pin = filter.direct_music_pin(client, id).expect("a pin");
            pin.set_state(client, KSSTATE_RUN).expect("it runs");
            // With a table of its own.
            load(client, pin.handle, &wave(1, 2000)).expect("a wave");
            load(client, pin.handle, &sounds::instrument(2, 7, 0, 1)).expect("an instrument");
            pin
        })
        .collect();
    // And the cable, which has a place of its own.
    let cable = subdevice(&mut rig.client, "cable");
    let heard = writer(&mut rig, &cable, A_IN);
    let read = |rig: &mut Rig, named: bool| {
        if named {
            registry::set(PARAMETERS, "BankPath", Value::text(PATH));
        } else {
            registry::remove(PARAMETERS, "BankPath");
        }
        let done = settings::control(&mut rig.client, filter.handle, ARIOSO_CONTROL_BANK);
        rig.sleep(SECOND / 10);
        done
    };
    for named in [true, false] {
        read(&mut rig, named).unwrap();
    }
    let mut told = 0;
    for n in 1.. {
        read(&mut rig, false).unwrap();
        let level = rig.pool();
        let before = rig.machine.allocations();
        rig.machine.fail_allocation(Some(n));
        let done = read(&mut rig, true);
        let count = rig.machine.allocations() - before;
        rig.machine.fail_allocation(None);
        told += u32::from(done.is_err());
        read(&mut rig, true).unwrap();
        for (at, pin) in pins.iter().enumerate() {
            rig.play(pin, &[(0, &[0x90, 60, 100])]);
            rig.sleep(SECOND / 50);
            let voices = statistics(&mut rig.client, pin.handle).unwrap().Voices;
            assert_eq!(voices, 1, "allocation {n}, pin {at}");
        }
        settings::control(&mut rig.client, filter.handle, ARIOSO_CONTROL_SILENCE).unwrap();
        rig.sleep(SECOND / 10);
        read(&mut rig, false).unwrap();
        assert_eq!(rig.pool(), level, "allocation {n} left something");
        if count < n {
            done.unwrap();
            break;
        }
    }
    assert!(told > MUSIC as u32, "{told} failures were told");
    heard.close(&mut rig.client).unwrap();
    cable.close(&mut rig.client);
    for pin in pins {
        pin.close(&mut rig.client).unwrap();
    }
    rig.close(filter, [], Some(path));
    rig.finish();
}

/// One of the pins has something due later; whoever listens goes before. It is heard nevertheless: the pin follows it.
fn due() {
    let mut rig = Setup::default().start();
    let (filter, id) = rig.find_filter();
    let mut pins = Vec::new();
    for count in 1..=MUSIC {
        let client = &mut rig.client;
        let mut pin = filter.direct_music_pin(client, id).expect("a pin");
        pin.set_state(client, KSSTATE_RUN).expect("it runs");
        pins.push(pin);
        let pin = &pins[count - 1];
        let mut path = rig.open_wave(&filter);
        path.run(&mut rig.client).unwrap();
        rig.sleep(SECOND / 20);
        let before = statistics(&mut rig.client, pin.handle).unwrap().Events;
        rig.play(pin, &[(SECOND, &[0xC0, 5])]);
        rig.sleep(SECOND / 20);
        path.close(&mut rig.client).unwrap();
        rig.sleep(SECOND / 2);
        let soon = statistics(&mut rig.client, pin.handle).unwrap().Events;
        assert_eq!(soon, before, "{count}: too early");
        rig.sleep(2 * SECOND);
        let after = statistics(&mut rig.client, pin.handle).unwrap().Events;
        assert_eq!(after, before + 1, "{count}");
    }
    for pin in pins {
        pin.close(&mut rig.client).unwrap();
    }
    rig.close(filter, [], None);
    rig.finish();
}

/// A format and what its fields are.
struct Fields {
    tag: u16,
    bits: u16,
    valid: u16,
    channels: u16,
    block: u16,
    rate: u32,
    bytes: u32,
    extra: u16,
    mask: u32,
    inner: GUID,
    outer: GUID,
}

impl Fields {
    /// By the endpoint's page: what it records.
    fn is_ours(&self) -> bool {
        let (inner, valid) = match self.tag {
            WAVE_FORMAT_PCM => (KSDATAFORMAT_SUBTYPE_PCM, self.bits),
            WAVE_FORMAT_IEEE_FLOAT => (KSDATAFORMAT_SUBTYPE_IEEE_FLOAT, self.bits),
            WAVE_FORMAT_EXTENSIBLE if self.extra >= 22 => (self.inner, self.valid),
            _ => return false,
        };
        let is_float = inner == KSDATAFORMAT_SUBTYPE_IEEE_FLOAT;
        let is_extensible = self.tag == WAVE_FORMAT_EXTENSIBLE;
        let sample = match (self.bits, valid) {
            (32, 32) => true,
            (16, 16) | (24, 24) | (32, 24) => !is_float,
            _ => false,
        };
        sample
            && inner == self.outer
            && (self.channels == 1 || self.channels == 2)
            && [44_100, 48_000, 88_200, 96_000].contains(&self.rate)
            && u32::from(self.block) == u32::from(self.bits / 8 * self.channels)
            && self.bytes == self.rate.wrapping_mul(self.block.into())
            && (!is_extensible
                || self.mask == 0
                || self.mask.count_ones() == u32::from(self.channels))
    }

    /// `KSDATAFORMAT` and `WAVEFORMATEXTENSIBLE`.
    fn data_format(&self) -> Vec<u8> {
        let mut bytes = SampleFormat::pcm(self.rate, self.bits).data_format();
        let mut put = |at: usize, field: &[u8]| bytes[at..at + field.len()].copy_from_slice(field);
        put(32, &self.outer.bytes());
        put(64, &self.tag.to_le_bytes());
        put(66, &self.channels.to_le_bytes());
        put(72, &self.bytes.to_le_bytes());
        put(76, &self.block.to_le_bytes());
        put(78, &self.bits.to_le_bytes());
        put(80, &self.extra.to_le_bytes());
        put(82, &self.valid.to_le_bytes());
        put(84, &self.mask.to_le_bytes());
        put(88, &self.inner.bytes());
        bytes
    }
}

/// Each tag with each size of samples and containers; then one field after the other is wrong. A pin opens if, and only if, it records that.
fn formats() {
    let mut rig = Setup::default().start();
    let filter = subdevice(&mut rig.client, "wave");
    let pins = filter.pins(&mut rig.client).unwrap();
    let pin = pins
        .iter()
        .find(|pin| is_capture(pin, &KSDATAFORMAT_SUBTYPE_PCM))
        .expect("the endpoint's pin")
        .id;
    let kinds = [KSDATAFORMAT_SUBTYPE_PCM, KSDATAFORMAT_SUBTYPE_IEEE_FLOAT];
    let mut counts = [0; 2];
    let mut check = |rig: &mut Rig, fields: &Fields| {
        let connect = connect::with_format(pin, &fields.data_format());
        let opened = filter.create_pin(&mut rig.client, &connect, None);
        assert_eq!(
            opened.is_ok(),
            fields.is_ours(),
            "{:?}: {:x?}",
            opened.as_ref().err(),
            fields.data_format()
        );
        counts[usize::from(opened.is_ok())] += 1;
        if let Ok(pin) = opened {
            pin.close(&mut rig.client).unwrap();
        }
    };
    let all = [
        WAVE_FORMAT_PCM,
        WAVE_FORMAT_IEEE_FLOAT,
        WAVE_FORMAT_EXTENSIBLE,
        0,
    ]
    .into_iter()
    .flat_map(|tag| [0, 8, 16, 20, 24, 32].map(|bits| (tag, bits)))
    .flat_map(|(tag, bits)| [0, 16, 20, 24, 32].map(|valid| (tag, bits, valid)))
    .flat_map(|(tag, bits, valid)| kinds.map(|kind| (tag, bits, valid, kind)));
    for (tag, bits, valid, kind) in all {
        let right = |channels: u16| Fields {
            tag,
            bits,
            valid,
            channels,
            block: bits / 8 * channels,
            rate: 48_000,
            bytes: 48_000 * u32::from(bits / 8 * channels),
            extra: 22,
            mask: (1 << channels) - 1,
            inner: kind,
            outer: kind,
        };
        check(&mut rig, &right(2));
        if valid != bits {
            continue;
        }
        let wrong: [&dyn Fn(&mut Fields); 15] = [
            &|f| f.block += 1,
            &|f| f.block = 0,
            &|f| f.bytes += 1,
            &|f| f.bytes = 0,
            &|f| f.rate = 0,
            &|f| f.rate = 44_101,
            &|f| f.rate = u32::MAX,
            &|f| f.extra = 21,
            &|f| f.extra = 0,
            &|f| f.mask = 0,
            &|f| f.mask = 1,
            &|f| f.mask = 0x8000_0001,
            &|f| f.inner = kinds[usize::from(f.inner == kinds[0])],
            &|f| f.outer = kinds[usize::from(f.outer == kinds[0])],
            &|f| f.inner = KSDATAFORMAT_SUBTYPE_MIDI,
        ];
        for channels in 0..4 {
            check(&mut rig, &right(channels));
            for change in wrong {
                let mut fields = right(channels);
                change(&mut fields);
                check(&mut rig, &fields);
            }
        }
    }
    let [refused, opened] = counts;
    assert!(refused > 1000 && opened > 20, "{refused} {opened}");
    filter.close(&mut rig.client);
    rig.finish();
}

/// Each setting in each key: missing, of another type, at its bounds and beyond. The first key that has it counts.
fn numbers() {
    let mut rig = Setup::default().start();
    let shared = keys_of(SERVICE).shared;
    let (filter, pin) = rig.open_pin();
    let read = |rig: &mut Rig| {
        settings::control(&mut rig.client, filter.handle, ARIOSO_CONTROL_NUMBERS).unwrap();
        settings::settings(&mut rig.client, filter.handle).unwrap()
    };
    type Of = fn(&ARIOSO_SETTINGS) -> u32;
    let rows: [(&str, u32, u32, u32, Of); 8] = [
        ("Voices", 1, 4096, 256, |s| s.Voices),
        ("Quality", 0, 2, 1, |s| s.Quality),
        ("EndpointLead", 1, 10, 3, |s| s.EndpointLead),
        ("SliceBudget", 10, 1000, 100, |s| s.SliceBudget),
        ("DownloadMemory", 1, 4096, 512, |s| s.DownloadMemory),
        ("CableSynth", 0, 1, 0, |s| s.CableSynth),
        ("Dither", 0, 1, 0, |s| s.Dither),
        // They count at the next start, and are told as pending.
        ("RenderUnits", 0, 1, 0, |s| s.Pending & 1),
    ];
    for (name, least, most, default, of) in rows {
        for key in [PARAMETERS, &shared] {
            for (value, expected) in [
                (Value::dword(least), least),
                (Value::dword(most), most),
                (Value::dword(most + 1), default),
                (Value::dword(least.wrapping_sub(1)), default),
                (Value::text("2"), default),
                (Value::qword(2), default),
                (Value::binary(&[]), default),
            ] {
                registry::set(key, name, value);
                assert_eq!(of(&read(&mut rig)), expected, "{key} {name}");
            }
            registry::set(key, name, Value::dword(most));
        }
        // Both have it.
        registry::set(&shared, name, Value::dword(least));
        assert_eq!(of(&read(&mut rig)), least, "{name}");
        registry::remove(&shared, name);
        assert_eq!(of(&read(&mut rig)), most, "{name}");
        registry::remove(PARAMETERS, name);
        assert_eq!(of(&read(&mut rig)), default, "{name}");
    }
    // No path, and none of this type.
    for name in ["WaveSinkFeed", "BankMemory", "BankPath"] {
        for value in [
            Value::dword(u32::MAX),
            Value::dword(1),
            Value::text(""),
            Value::binary(&[1; 1024]),
        ] {
            for key in [PARAMETERS, &shared] {
                registry::set(key, name, value.clone());
                read(&mut rig);
                settings::control(&mut rig.client, filter.handle, ARIOSO_CONTROL_BANK).unwrap();
                registry::remove(key, name);
            }
        }
    }
    assert_eq!(read(&mut rig).Pending, 0);
    rig.close(filter, [pin], None);
    registry::delete_if_empty(&shared);
    registry::delete_if_empty(shared.rsplit_once('\\').unwrap().0);
    rig.finish();
}

/// The device goes while capture pins hear what is played: from none to all that there may be.
fn listeners() {
    const CAPTURES: usize = 8;
    let mut rig = Setup::default().start();
    for count in 0..=CAPTURES {
        let synth = subdevice(&mut rig.client, "synth");
        let pins = synth.pins(&mut rig.client).unwrap();
        let capture = capture_of(&pins);
        for _ in 0..count {
            let connect = connect::midi(capture);
            let client = &mut rig.client;
            let mut pin = synth.create_pin(client, &connect, None).expect("a pin");
            pin.set_state(client, KSSTATE_RUN).expect("it runs");
        }
        let mut player = synth.direct_music_pin(&mut rig.client, 0).expect("a pin");
        player.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
        rig.play(&player, &[(0, &[0x90, 60, 100]), (SECOND, &[0x80, 60, 0])]);
        rig.sleep(SECOND / 10);
        rig.surprise_remove();
        rig.kill_client();
        rig.remove();
        rig.add();
    }
    rig.finish();
}

/// From each number of voices to each other while as many notes as there are voices sound: what sounds goes on as far as there is room.
fn voices() {
    const NUMBERS: [u32; 14] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 14, 17, 32, 33, 60];
    let mut rig = Setup::default().start();
    let (filter, pin, path) = rig.running(&test_banks::dc(RATE));
    let set = |rig: &mut Rig, number| {
        registry::set(PARAMETERS, "Voices", Value::dword(number));
        settings::control(&mut rig.client, filter.handle, ARIOSO_CONTROL_NUMBERS).unwrap();
        rig.sleep(SECOND / 20);
    };
    let sounding = |rig: &mut Rig| statistics(&mut rig.client, pin.handle).unwrap().Voices;
    for from in NUMBERS {
        for to in NUMBERS {
            set(&mut rig, from);
            let now = rig.now();
            let mut buffer = EventBuffer::new(now);
            for key in 0..from as u8 {
                buffer.push(now, 1, &[0x90 | (key % 7), 30 + key, 100]);
            }
            rig.write(&pin, &buffer);
            rig.sleep(SECOND / 20);
            assert_eq!(sounding(&mut rig), from);
            set(&mut rig, to);
            rig.sleep(SECOND / 10);
            assert_eq!(sounding(&mut rig), from.min(to), "{from} to {to}");
            settings::control(&mut rig.client, filter.handle, ARIOSO_CONTROL_SILENCE).unwrap();
            rig.sleep(SECOND / 10);
            assert_eq!(sounding(&mut rig), 0, "{from} to {to}");
        }
    }
    registry::remove(PARAMETERS, "Voices");
    rig.close(filter, [pin], Some(path));
    rig.finish();
}

/// From each number of channel groups to each other; some have drum keys of their own, which stay as far as their group does.
fn groups() {
    const NUMBERS: [u32; 7] = [1, 2, 3, 4, 9, 16, 31];
    let mut rig = Setup::default().start();
    let (filter, pin, path) = rig.running(&test_banks::dc(RATE));
    let handle = pin.handle;
    for from in NUMBERS {
        for to in NUMBERS {
            set_channel_groups(&mut rig.client, handle, from).unwrap();
            let now = rig.now();
            let mut buffer = EventBuffer::new(now);
            // Pan of a drum key, of every second group; of some a second part.
            for group in (1..=from).step_by(2) {
                for channel in [9, 5].into_iter().take(1 + group as usize % 2) {
                    let parts = [0x41, 0x10, 0x42, 0x12, 0x40, 0x10 | channel, 0x15, 1];
                    let sum = parts[4..]
                        .iter()
                        .fold(0u8, |sum, byte| sum.wrapping_add(*byte));
                    let check = 0u8.wrapping_sub(sum) & 0x7F;
                    let drums = [&[0xF0][..], &parts, &[check, 0xF7]].concat();
                    buffer.push(now, group, &drums);
                    let status = 0xB0 | channel;
                    for (number, value) in [(99, 0x1C), (98, 36), (6, 1), (99, 0x1D), (6, 100)] {
                        buffer.push(now, group, &[status, number, value]);
                    }
                    buffer.push(now, group, &[0x90 | channel, 36, 100]);
                }
            }
            rig.write(&pin, &buffer);
            rig.sleep(SECOND / 20);
            set_channel_groups(&mut rig.client, handle, to).unwrap();
            rig.sleep(SECOND / 20);
            let counted = statistics(&mut rig.client, handle).unwrap();
            assert!(counted.Voices <= counted.PeakVoices);
            for group in 1..=to {
                rig.play(&pin, &[]);
                let now = rig.now();
                let mut buffer = EventBuffer::new(now);
                buffer.push(now, group, &[0xB9, 120, 0]);
                buffer.push(now, group, &[0xB5, 120, 0]);
                rig.write(&pin, &buffer);
            }
            rig.sleep(SECOND / 10);
            let counted = statistics(&mut rig.client, handle).unwrap();
            assert_eq!(
                counted.Voices, 0,
                "{from} to {to}: groups that went are silent"
            );
        }
    }
    rig.close(filter, [pin], Some(path));
    rig.finish();
}

/// Whoever frees what the renderer let go of is held up, while more comes than there is room for: who brings more waits, the renderer does
/// not, and in the end all is freed.
fn late() {
    let mut rig = Setup::default().start();
    let (filter, mut pin) = rig.open_pin();
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let handle = pin.handle;
    load(&mut rig.client, handle, &wave(1, 2000)).unwrap();
    let round = |rig: &mut Rig, count: u32| {
        for _ in 0..count {
            let made = load(&mut rig.client, handle, &sounds::instrument(2, 0, 0, 1)).unwrap();
            rig.play(&pin, &[(0, &[0xC0, 0]), (0, &[0x90, 60, 100])]);
            unload(&mut rig.client, handle, &made).unwrap();
        }
        settings::control(&mut rig.client, filter.handle, ARIOSO_CONTROL_SILENCE).unwrap();
        rig.sleep(SECOND);
    };
    for listens in [false, true] {
        let recorder = listens.then(|| {
            let mut recorder = rig.open_endpoint(RATE);
            recorder.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
            recorder
        });
        rig.another_pin(&filter).close(&mut rig.client).unwrap();
        round(&mut rig, 10);
        let level = rig.pool();
        // A pin that goes leaves more than one thing.
        let gone = rig.another_pin(&filter);
        rig.machine.hold("work item", 0, 5 * SECOND);
        let begin = rig.now();
        round(&mut rig, 600);
        gone.close(&mut rig.client).unwrap();
        round(&mut rig, 1200);
        assert!(rig.machine.held(), "somebody is held up");
        let waited = rig.now() - begin;
        assert!(waited > 4 * SECOND, "{waited}: there was room for all");
        rig.sleep(6 * SECOND);
        assert_eq!(rig.pool(), level, "{listens}: something is left");
        if let Some(recorder) = recorder {
            recorder.close(&mut rig.client);
        }
    }
    rig.close(filter, [pin], None);
    rig.finish();
}

/// A pin of each kind, stopped; of the wave pin and the endpoint their paths.
pub fn pins_of_all_kinds(rig: &mut Rig) -> Vec<(&'static str, Pin<SimClient>)> {
    let client = &mut rig.client;
    let [synth, cable, wave] = ["synth", "cable", "wave"].map(|name| subdevice(client, name));
    let capture = capture_of(&synth.pins(client).unwrap());
    let endpoint = wave.pins(client).unwrap();
    let endpoint = endpoint
        .iter()
        .find(|pin| is_capture(pin, &KSDATAFORMAT_SUBTYPE_PCM))
        .expect("the endpoint's pin")
        .id;
    let recorded = connect::extensible(endpoint, SampleFormat::pcm(RATE, 16));
    let mut pins = Vec::new();
    for (name, filter, connect) in [
        ("music", &synth, connect::direct_music(0)),
        ("MIDI", &synth, connect::midi(0)),
        ("capture", &synth, connect::direct_music(capture)),
        ("MIDI capture", &synth, connect::midi(capture)),
        ("cable in", &cable, connect::midi(A_IN)),
        ("cable out", &cable, connect::midi(B_OUT)),
        ("endpoint", &wave, recorded),
    ] {
        pins.push((name, filter.create_pin(client, &connect, None).expect(name)));
    }
    for filter in [synth, cable, wave] {
        filter.close(client);
    }
    pins
}

/// Each pin in each state is told each state: it has it then.
fn states() {
    let mut rig = Setup::default().start();
    let states = [KSSTATE_STOP, KSSTATE_ACQUIRE, KSSTATE_PAUSE, KSSTATE_RUN];
    let ways = states.map(|from| states.map(|to| [from, to]));
    for (name, mut pin) in pins_of_all_kinds(&mut rig) {
        // It runs with a buffer only.
        if name != "endpoint" {
            for state in ways.iter().flatten().flatten() {
                pin.set_state(&mut rig.client, *state).expect(name);
                let now = pin.state(&mut rig.client).expect(name);
                assert_eq!(now, *state, "{name}");
                rig.sleep(SECOND / 1000);
            }
        }
        pin.close(&mut rig.client).expect(name);
    }
    let mut recorder = rig.open_endpoint(RATE);
    for state in ways.iter().flatten().flatten() {
        recorder.set_state(&mut rig.client, *state).unwrap();
        let now = recorder.stream.pin.state(&mut rig.client).unwrap();
        assert_eq!(now, *state);
        rig.sleep(SECOND / 1000);
    }
    recorder.close(&mut rig.client);
    rig.finish();
}

/// Each known set on each filter and pin, of the object, of a pin factory and of a node: each verb with nothing, too little, as much as is told, more.
fn properties() {
    const SETS: [GUID; 19] = [
        KSPROPSETID_Arioso,
        KSPROPSETID_Audio,
        KSPROPSETID_AudioSignalProcessing,
        KSPROPSETID_Clock,
        KSPROPSETID_Connection,
        KSPROPSETID_DrmAudioStream,
        KSPROPSETID_General,
        KSPROPSETID_Jack,
        KSPROPSETID_Pin,
        KSPROPSETID_Quality,
        KSPROPSETID_RtAudio,
        KSPROPSETID_Stream,
        KSPROPSETID_StreamAllocator,
        KSPROPSETID_Synth,
        KSPROPSETID_SynthClock,
        KSPROPSETID_Synth_Dls,
        KSPROPSETID_Sysaudio,
        KSPROPSETID_Topology,
        KSPROPSETID_TopologyNode,
    ];
    const GET: u32 = 1;
    const SUPPORT: u32 = 0x200;
    const HUGE: usize = 2048;
    let mut rig = Setup::default().start();
    let filters =
        ["synth", "cable", "wave", "topology"].map(|name| (name, subdevice(&mut rig.client, name)));
    let pins = pins_of_all_kinds(&mut rig);
    let objects: Vec<_> = filters
        .iter()
        .map(|(name, filter)| (*name, filter.handle))
        .chain(pins.iter().map(|(name, pin)| (*name, pin.handle)))
        .collect();
    let (mut sized, mut sent) = (0, 0);
    for (name, handle) in objects {
        for set in SETS {
            for id in 0..24 {
                let ways = [
                    Property::new(set, id),
                    Property::of_pin(set, id, 0),
                    Property::of_node(set, id, 0),
                    Property::of_node(set, id, 1),
                    Property::new(set, id).with(&[0; 4]),
                    Property::new(set, id).with(&[0; 24]),
                ];
                for (way, property) in ways.iter().enumerate() {
                    let c = &mut rig.client;
                    let what = format!("{name}, {set:?} {id}, way {way}");
                    let told = property.send(c, handle, GET, &mut []);
                    let supported = property.send(c, handle, SUPPORT, &mut [0; 4]);
                    sent += 2;
                    if told.status == supported.status && told.status != STATUS_BUFFER_OVERFLOW {
                        // Nobody knows it.
                        continue;
                    }
                    let exact = match told.status {
                        STATUS_BUFFER_OVERFLOW => told.information,
                        _ => 4,
                    };
                    let is_sized = told.status == STATUS_BUFFER_OVERFLOW && exact > 0;
                    sized += u32::from(is_sized);
                    let mut whole = None;
                    for size in [1, exact - 1, exact, exact + 1, HUGE] {
                        let mut value = vec![0xA5; size];
                        let got = property.send(c, handle, GET, &mut value);
                        sent += 1;
                        if got.status == 0 {
                            assert!(got.information <= size, "{what}: {size}");
                            let rest = &value[got.information..];
                            assert!(rest.iter().all(|byte| *byte == 0xA5), "{what}: {size}");
                        }
                        if is_sized && size < exact {
                            assert!(got.status != 0, "{what}: {size} of {exact}");
                        } else if is_sized {
                            let same = *whole.get_or_insert(got.status);
                            assert_eq!(got.status, same, "{what}: {size} of {exact}");
                        }
                    }
                    for verb in [2, 3, 0, 0x100, SUPPORT, 0x400, 0x800] {
                        for size in [0, 1, exact - 1, exact, exact + 1, HUGE] {
                            let mut value = vec![0; size];
                            let done = property.send(c, handle, verb, &mut value);
                            sent += 1;
                            if done.status == 0 {
                                assert!(done.information <= size, "{what}: {verb:x} {size}");
                            }
                        }
                    }
                }
            }
        }
    }
    assert!(sized > 40 && sent > 10_000, "{sized} {sent}");
    for (name, pin) in pins {
        pin.close(&mut rig.client).expect(name);
    }
    for (_, filter) in filters {
        filter.close(&mut rig.client);
    }
    rig.finish();
}

/// The device goes while a work item is under way: it is waited for, and the next start finds all as it was.
fn under_way() {
    let mut rig = Setup::default().start();
    let mut level = None;
    for call in 0..12 {
        let (filter, pin) = rig.open_pin();
        let gone = rig.another_pin(&filter);
        rig.machine.hold("work item", call, SECOND / 2);
        // What it leaves is freed by a work item.
        gone.close(&mut rig.client).unwrap();
        rig.close(filter, [pin], None);
        let begin = rig.now();
        rig.remove();
        let waited = rig.now() - begin;
        let came = rig.machine.held();
        assert!(!came || waited > SECOND / 4, "call {call}: {waited}");
        assert!(came || call > 0, "no work item runs");
        rig.add();
        let now = rig.pool();
        assert_eq!(*level.get_or_insert(now), now, "call {call}");
    }
    rig.finish();
}

/// All voices sound for a channel that others give way to: notes of another one are lost until these end.
fn priorities() {
    const VOICES: u32 = 8;
    let mut rig = Setup {
        parameters: vec![("Voices", VOICES)],
        ..Setup::default()
    }
    .start();
    let (filter, pin, path) = rig.running(&test_banks::dc(RATE));
    let handle = pin.handle;
    for (high, low) in [
        (DAUD_HIGH_VOICE_PRIORITY, DAUD_LOW_VOICE_PRIORITY),
        (DAUD_STANDARD_VOICE_PRIORITY, DAUD_STANDARD_VOICE_PRIORITY),
    ] {
        for (channel, value) in [(0, high), (1, low)] {
            let instance = SYNTHVOICEPRIORITY_INSTANCE {
                ChannelGroup: 1,
                Channel: channel,
            };
            let priority = property(KSPROPSETID_Synth, KSPROPERTY_SYNTH_VOICEPRIORITY);
            let priority = priority.with(&instance.bytes());
            priority.set(&mut rig.client, handle, value).unwrap();
        }
        let before = statistics(&mut rig.client, handle).unwrap().LostNotes;
        for key in 0..VOICES as u8 {
            rig.play(&pin, &[(0, &[0x90, 40 + key, 100])]);
        }
        rig.sleep(SECOND / 20);
        for key in 0..VOICES as u8 {
            rig.play(&pin, &[(0, &[0x91, 40 + key, 100])]);
        }
        rig.sleep(SECOND / 20);
        let told = statistics(&mut rig.client, handle).unwrap();
        assert_eq!(told.Voices, VOICES);
        // Who is refused, or who goes: a note is lost each time.
        assert_eq!(told.LostNotes - before, VOICES.into(), "{high:x} {low:x}");
        rig.play(&pin, &[(0, &[0xB0, 120, 0])]);
        rig.sleep(SECOND / 20);
        let left = statistics(&mut rig.client, handle).unwrap().Voices;
        assert_eq!(left, if high == low { VOICES } else { 0 });
        settings::control(&mut rig.client, filter.handle, ARIOSO_CONTROL_SILENCE).unwrap();
        rig.sleep(SECOND / 20);
    }
    rig.close(filter, [pin], Some(path));
    rig.finish();
}

/// Each destination driven by each source, plainly and through anything else: a note begins, follows its controllers, and ends; nothing is
/// left.
fn connections() {
    const SOURCES: [u16; 20] = [
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0x81, 0x87, 0x8A, 0x8B, 0xDB, 0xDD, 0x100, 0x101, 0x102,
    ];
    const DESTINATIONS: [u16; 30] = [
        0x001, 0x003, 0x004, 0x005, 0x010, 0x011, 0x012, 0x013, 0x080, 0x081, 0x104, 0x105, 0x114,
        0x115, 0x206, 0x207, 0x209, 0x20A, 0x20B, 0x20C, 0x20D, 0x30A, 0x30B, 0x30D, 0x30E, 0x30F,
        0x310, 0x500, 0x501, 0x777,
    ];
    const TOGETHER: usize = 15;
    let mut rig = Setup::default().start();
    let (filter, pin, path) = rig.open_running();
    let handle = pin.handle;
    load(&mut rig.client, handle, &wave(1, 500)).unwrap();
    let mut random = fastrand::Rng::with_seed(12);
    let pairs = SOURCES.iter().flat_map(|s| DESTINATIONS.map(|d| (*s, d)));
    let mut instruments: Vec<Vec<Connection>> = pairs
        .map(|(source, destination)| {
            let plain = random.bool();
            vec![Connection {
                source,
                control: if plain {
                    0
                } else {
                    SOURCES[random.usize(0..20)]
                },
                destination,
                transform: if plain { 0 } else { random.u16(..) },
                scale: [random.i32(..), random.i32(-1 << 24..1 << 24)][random.usize(0..2)],
            }]
        })
        .collect();
    // Constants of all at once, and anything beside each other.
    for _ in 0..60 {
        let driven = random.bool();
        let several = DESTINATIONS.iter().map(|&destination| Connection {
            source: if driven {
                SOURCES[random.usize(0..20)]
            } else {
                0
            },
            control: 0,
            destination,
            transform: 0,
            scale: random.i32(-1 << 24..1 << 24),
        });
        instruments.push(several.collect());
    }
    let mut level = None;
    for some in instruments.chunks(TOGETHER) {
        let mut loaded = Vec::new();
        let before = statistics(&mut rig.client, handle).unwrap().Notes;
        for (n, connections) in (0..).zip(some) {
            let buffer = sounds::driven(10 + n, n, 1, connections);
            loaded.push(load(&mut rig.client, handle, &buffer).unwrap());
            let status = n as u8;
            let key = 30 + random.u8(0..60);
            rig.play(
                &pin,
                &[
                    (0, &[0xC0 | status, n as u8]),
                    (0, &[0x90 | status, key, random.u8(1..128)]),
                    (SECOND / 100, &[0xA0 | status, key, 90]),
                    (SECOND / 100, &[0xE0 | status, 0, random.u8(0..128)]),
                ],
            );
        }
        for controller in [1, 7, 10, 11, 91, 93, 74, 71] {
            let value = random.u8(0..128);
            for n in 0..some.len() as u8 {
                rig.play(
                    &pin,
                    &[(0, &[0xB0 | n, controller, value]), (0, &[0xD0 | n, value])],
                );
            }
            rig.sleep(SECOND / 100);
        }
        let after = statistics(&mut rig.client, handle).unwrap();
        assert_eq!(after.Notes - before, some.len() as u64);
        for n in 0..some.len() as u8 {
            rig.play(&pin, &[(0, &[0xB0 | n, 123, 0])]);
        }
        rig.sleep(SECOND / 20);
        settings::control(&mut rig.client, filter.handle, ARIOSO_CONTROL_SILENCE).unwrap();
        rig.sleep(SECOND / 10);
        assert_eq!(statistics(&mut rig.client, handle).unwrap().Voices, 0);
        for made in loaded {
            unload(&mut rig.client, handle, &made).unwrap();
        }
        for n in 0..16 {
            rig.play(&pin, &[(0, &[0xB0 | n, 121, 0])]);
        }
        rig.sleep(SECOND / 10);
        rig.take_audio();
        if some.len() == TOGETHER {
            let left = rig.pool();
            assert_eq!(*level.get_or_insert(left), left, "something is left");
        }
    }
    rig.close(filter, [pin], Some(path));
    rig.finish();
}

/// One note with so many regions in a phase group, its master at each place, nowhere, or in another group: each sounds.
fn phases() {
    let mut rig = Setup::default().start();
    let (filter, pin, path) = rig.open_running();
    let handle = pin.handle;
    load(&mut rig.client, handle, &wave(1, 500)).unwrap();
    for count in 1..12 {
        for master in 0..count + 2 {
            let phases: Vec<_> = (0..count)
                .map(|at| (1 + (at % 3 / 2) as u16, at == master))
                .collect();
            let buffer = sounds::layered(2, 0, 1, &phases);
            let made = load(&mut rig.client, handle, &buffer).unwrap();
            rig.play(&pin, &[(0, &[0xC0, 0]), (0, &[0x90, 60, 100])]);
            // Its masters' pitch moves.
            rig.play(&pin, &[(SECOND / 100, &[0xE0, 0, 0x60])]);
            rig.sleep(SECOND / 20);
            let voices = statistics(&mut rig.client, handle).unwrap().Voices;
            assert_eq!(voices, count, "master {master}");
            settings::control(&mut rig.client, filter.handle, ARIOSO_CONTROL_SILENCE).unwrap();
            rig.sleep(SECOND / 50);
            unload(&mut rig.client, handle, &made).unwrap();
        }
    }
    rig.close(filter, [pin], Some(path));
    rig.finish();
}

/// Waves that the store's hash does not tell from each other, of other frames and of another rate: each is kept for itself, and found again
/// among the first of them.
fn collisions() {
    const FRAMES: usize = 2048;
    const K: u64 = 0x9E37_79B9_7F4A_7C15;
    // As the store has it.
    let step = |hash: u64, word: u64| {
        let mixed = (hash ^ word).wrapping_mul(K);
        mixed ^ mixed >> 29
    };
    let buffer = |id: u32, rate: u32, first: u64| {
        let seed = u64::from(rate) ^ ((FRAMES + Wave::FRONT + Wave::GUARD) as u64) << 32;
        let zeros = (0..Wave::FRONT / 4).fold(seed.wrapping_mul(K), |hash, _| step(hash, 0));
        let second = step(zeros, first) ^ 0x1234_5678_9ABC_DEF0;
        let quads = [first, second].into_iter().chain([7; FRAMES / 4 - 2]);
        let data: Vec<u8> = quads
            .flat_map(|word| [48, 32, 16, 0].map(|shift| (word >> shift) as u16))
            .flat_map(u16::to_le_bytes)
            .collect();
        conformance::download::wave(id, rate, 16, &data)
    };
    let mut rig = Setup::default().start();
    let (filter, pin) = rig.open_pin();
    let other = rig.another_pin(&filter);
    let taken = |rig: &mut Rig, handle, buffer: &[u8]| {
        let before = rig.pool();
        load(&mut rig.client, handle, buffer).unwrap();
        rig.pool().saturating_sub(before) > 2 * FRAMES
    };
    let waves: Vec<_> = (0..20)
        .flat_map(|first| [22_050, 44_100].map(|rate| (rate, first)))
        .zip(1..)
        .map(|((rate, first), id)| buffer(id, rate, first))
        .collect();
    for (at, wave) in waves.iter().enumerate() {
        assert!(taken(&mut rig, pin.handle, wave), "{at} is another wave");
    }
    // The latest first.
    let shared = waves
        .iter()
        .rev()
        .map(|wave| !taken(&mut rig, other.handle, wave));
    let shared: Vec<_> = shared.collect();
    assert_eq!(shared[..4], [true; 4]);
    assert!(
        shared[4..].iter().all(|shared| !shared),
        "too many were looked at"
    );
    rig.close(filter, [pin, other], None);
    rig.finish();
}

/// Sixteen pins whose effects ring, some voices of each, held and fading: of each budget the slices keep to it as far as voices go, and what is
/// lost is told.
fn budgets() {
    let mut rig = Setup {
        bank: Some(test_banks::dc(RATE)),
        parameters: vec![("Voices", 1000), ("Quality", 2)],
        ..Setup::default()
    }
    .start();
    let (filter, id) = rig.find_filter();
    let mut recorder = rig.open_endpoint(96_000);
    recorder.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let pins: Vec<_> = (0..MUSIC)
        .map(|_| {
            let client = &mut rig.client;
            let mut pin = filter.direct_music_pin(client, id).expect("a pin");
            pin.set_state(client, KSSTATE_RUN).expect("it runs");
            pin
        })
        .collect();
    let counts = |rig: &mut Rig| {
        let mut sum = (0, 0);
        for pin in &pins {
            let counted = statistics(&mut rig.client, pin.handle).unwrap();
            sum = (sum.0 + counted.LostNotes, sum.1 + counted.Voices);
        }
        sum
    };
    let set = |rig: &mut Rig, budget| {
        registry::set(PARAMETERS, "SliceBudget", Value::dword(budget));
        settings::control(&mut rig.client, filter.handle, ARIOSO_CONTROL_NUMBERS).unwrap();
    };
    let (mut most, mut last) = (0, 0);
    for budget in (10..=60).step_by(2).chain([100, 300, 1000]) {
        let (before, _) = counts(&mut rig);
        for keys in [1, 12, 40] {
            // All begin, and then there is not the time for them.
            set(&mut rig, 1000);
            for pin in &pins {
                let now = rig.now();
                let mut buffer = EventBuffer::new(now);
                for number in [91, 93] {
                    buffer.push(now, 1, &[0xB0, number, 127]);
                }
                for key in 0..keys {
                    buffer.push(now, 1, &[0x90, 40 + key, 100]);
                }
                rig.write(pin, &buffer);
            }
            rig.sleep(SECOND / 50);
            set(&mut rig, budget);
            rig.sleep(SECOND / 50);
            for pin in &pins {
                rig.play(pin, &[(0, &[0xB0, 120, 0]), (0, &[0x90, 70, 100])]);
            }
            rig.sleep(SECOND / 50);
        }
        let (after, _) = counts(&mut rig);
        most = most.max(after - before);
        last = after - before;
        // Messages that found no room in a slice are late.
        set(&mut rig, 1000);
        rig.sleep(SECOND / 5);
        settings::control(&mut rig.client, filter.handle, ARIOSO_CONTROL_SILENCE).unwrap();
        rig.sleep(SECOND / 50);
        assert_eq!(counts(&mut rig).1, 0, "{budget}");
    }
    assert!(
        most > 100 && last < most / 2,
        "{most} with the least budget, {last} with the most"
    );
    registry::remove(PARAMETERS, "SliceBudget");
    for pin in pins {
        pin.close(&mut rig.client).unwrap();
    }
    recorder.close(&mut rig.client);
    rig.close(filter, [], None);
    rig.finish();
}

/// Who listens to a conversation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ear {
    Sink,
    Endpoint,
    Nobody,
}

/// Anything that programs say, to several pins and groups at once. In the end all is silent, and nothing is left.
struct Talk {
    random: fastrand::Rng,
    /// Highest group.
    groups: u32,
    /// Programs that there are.
    programs: u8,
}

impl Talk {
    fn message(&mut self) -> Vec<u8> {
        const CONTROLLERS: [u8; 26] = [
            0, 1, 5, 7, 10, 11, 32, 64, 64, 65, 66, 66, 67, 71, 72, 73, 74, 84, 91, 93, 94, 120,
            121, 123, 126, 127,
        ];
        let random = &mut self.random;
        // Few channels and keys: they meet.
        let channel = [0, 1, 9][random.usize(0..3)];
        let key = 24 + 6 * random.u8(0..14);
        match random.u8(0..24) {
            0..8 => vec![0x90 | channel, key, random.u8(1..128)],
            8..11 => vec![0x80 | channel, key, 0],
            11..15 => {
                let number = CONTROLLERS[random.usize(0..CONTROLLERS.len())];
                vec![0xB0 | channel, number, [0, 64, 127][random.usize(0..3)]]
            }
            15 => vec![0xC0 | channel, random.u8(0..self.programs)],
            16 => vec![0xE0 | channel, random.u8(0..128), random.u8(0..128)],
            17 => vec![0xA0 | channel, key, random.u8(0..128)],
            18 => vec![0xD0 | channel, random.u8(0..128)],
            19 if random.u8(0..8) == 0 => vec![0xF0, 0x7E, 0x7F, 9, random.u8(1..4), 0xF7],
            19 => vec![0xF0, 0x7F, 0x7F, 4, 1, 0, random.u8(0..128), 0xF7],
            20 => setting(random),
            _ => exclusive(random, channel, key),
        }
    }
}

/// A System Exclusive message that sets something of a channel, a key or the whole, to anything; or a parameter's number or value.
fn exclusive(random: &mut fastrand::Rng, channel: u8, key: u8) -> Vec<u8> {
    let mut any = || random.u8(0..128);
    let (a, b, c, d) = (any(), any(), any(), any());
    let one = |list: &[u8], at: u8| list[usize::from(at) % list.len()];
    let kind = one(&[0x7E, 0x7F], a);
    let universal = |body: &[u8]| [&[0xF0, 0x7F, 0x7F][..], body, &[0xF7]].concat();
    let gs = |body: &[u8]| {
        let sum = body.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
        let check = sum.wrapping_neg() & 0x7F;
        [&[0xF0, 0x41, 0x10, 0x42, 0x12][..], body, &[check, 0xF7]].concat()
    };
    let xg = |body: &[u8]| [&[0xF0, 0x43, 0x10, 0x4C][..], body, &[0xF7]].concat();
    match random.u8(0..20) {
        0 => universal(&[0x0A, 1, channel, key, one(&[7, 10, 91, 93, 74], a), b]),
        1 => universal(&[9, one(&[1, 2], a), channel, b % 7, c, d % 7, a]),
        2 => universal(&[9, 3, channel, one(&[1, 2, 0x40, 0x5F], a), b % 7, c]),
        3 => universal(&[4, 2 + a % 3, b, c]),
        4 => [
            &[0xF0, kind, 0x7F, 8, 8, a & 3, b, c][..],
            &[d; 12],
            &[0xF7],
        ]
        .concat(),
        5 => [
            &[0xF0, kind, 0x7F, 8, 9, a & 3, b, c][..],
            &[d; 24],
            &[0xF7],
        ]
        .concat(),
        6 => [0xF0, 0x7F, 0x7F, 8, 2, a % 3, 1, key, b, c, d, 0xF7].to_vec(),
        7 => [0xF0, kind, 0x7F, 8, 7, b % 2, a % 3, 1, key, b, c, d, 0xF7].to_vec(),
        8 => gs(&[0x40, 0x10 | channel, a, b]),
        9 => gs(&[
            0x40,
            0x10 | channel,
            one(&[0, 1, 0x13, 0x15, 0x16, 0x1F, 0x40], a),
            b,
            c,
        ]),
        10 => gs(&[0x40, 0x20 | channel, a & 0x5F, b, c]),
        11 => gs(&[0x40, 0, one(&[0, 4, 5, 6], a), b]),
        12 => gs(&[0x41, a & 0x1F, key, b, c]),
        13 => xg(&[8, channel, a, b]),
        14 => xg(&[0x30 | a & 3, key, b & 0x1F, c]),
        15 => xg(&[0, 0, one(&[0, 4, 6, 0x7E, 0x7F], a), 0]),
        16 => vec![
            0xB0 | channel,
            one(&[98, 99, 100, 101], a),
            one(&[0, 1, 2, 5, 8, 0x1A, 127], b),
        ],
        17 => vec![0xB0 | channel, one(&[6, 38, 96, 97], a), b],
        18 => vec![0xB0 | channel, a % 120, b],
        _ => vec![0xFE],
    }
}

fn talk(ear: Ear, setup: Setup, programs: u8, seeds: std::ops::Range<u64>) {
    const PINS: usize = 3;
    let mut rig = setup.start();
    for seed in seeds {
        let mut talk = Talk {
            random: fastrand::Rng::with_seed(seed),
            groups: 3,
            programs,
        };
        for (name, values) in [
            ("SliceBudget", &[10, 30, 1000][..]),
            ("Voices", &[3, 32, 128, 300]),
            ("Quality", &[0, 1, 2]),
            ("Dither", &[0, 1]),
        ] {
            let value = values[talk.random.usize(0..values.len())];
            registry::set(PARAMETERS, name, Value::dword(value));
        }
        let (filter, id) = rig.find_filter();
        settings::control(&mut rig.client, filter.handle, ARIOSO_CONTROL_NUMBERS).unwrap();
        let path = (ear == Ear::Sink).then(|| {
            let mut path = rig.open_wave(&filter);
            path.run(&mut rig.client).unwrap();
            path
        });
        let recorder = (ear == Ear::Endpoint).then(|| {
            let mut recorder = rig.open_endpoint(RATE);
            recorder.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
            recorder
        });
        let open = |rig: &mut Rig| {
            let client = &mut rig.client;
            let mut pin = filter.direct_music_pin(client, id).expect("a pin");
            set_channel_groups(client, pin.handle, 3).unwrap();
            pin.set_state(client, KSSTATE_RUN).expect("it runs");
            Some(pin)
        };
        let mut pins: Vec<_> = (0..PINS).map(|_| open(&mut rig)).collect();
        for _ in 0..30 {
            let at = talk.random.usize(0..PINS);
            match talk.random.u8(0..24) {
                0 => {
                    if let Some(pin) = pins[at].take() {
                        pin.close(&mut rig.client).unwrap();
                    }
                }
                1 => {
                    if let Some(pin) = &pins[at] {
                        talk.groups = talk.random.u32(1..5);
                        set_channel_groups(&mut rig.client, pin.handle, talk.groups).unwrap();
                    }
                }
                2 => {
                    let voices = [1, 16, 64, 200][talk.random.usize(0..4)];
                    registry::set(PARAMETERS, "Voices", Value::dword(voices));
                    settings::control(&mut rig.client, filter.handle, ARIOSO_CONTROL_NUMBERS)
                        .unwrap();
                }
                3 => {
                    if let Some(pin) = &mut pins[at] {
                        for state in [KSSTATE_STOP, KSSTATE_RUN] {
                            pin.set_state(&mut rig.client, state).unwrap();
                        }
                    }
                }
                _ => {}
            }
            if pins[at].is_none() {
                pins[at] = open(&mut rig);
            }
            let now = rig.now();
            let mut buffer = EventBuffer::new(now);
            let count = [3, 20, 150][talk.random.usize(0..3)];
            for _ in 0..count {
                let time = now + talk.random.i64(0..SECOND / 100);
                let group = talk.random.u32(1..=talk.groups);
                buffer.push(time, group, &talk.message());
            }
            if let Some(pin) = &pins[at] {
                rig.write(pin, &buffer);
            }
            rig.sleep(talk.random.i64(0..SECOND / 20));
        }
        // What was said last is heard.
        rig.sleep(SECOND / 20);
        settings::control(&mut rig.client, filter.handle, ARIOSO_CONTROL_SILENCE).unwrap();
        rig.sleep(SECOND);
        let meters = settings::meters(&mut rig.client, filter.handle).unwrap();
        assert_eq!(meters.Voices, 0, "{ear:?} {seed}: voices after silence");
        for pin in pins.into_iter().flatten() {
            pin.close(&mut rig.client).unwrap();
        }
        if let Some(recorder) = recorder {
            recorder.close(&mut rig.client);
        }
        rig.close(filter, [], path);
    }
    rig.finish();
}

/// With the built-in bank.
fn conversation(ear: Ear) {
    talk(
        ear,
        Setup {
            bank: Some(arioso_bank::general_midi()),
            ..Setup::default()
        },
        128,
        0..12,
    );
}

/// With a bank whose waves take 20 ms each to come, in key groups: notes wait, and meet others that wait.
fn waiting(ear: Ear) {
    let file = grouped(8, 5 << 20, 3);
    talk(ear, large::setup(&file, 64), 8, 100..108);
}
