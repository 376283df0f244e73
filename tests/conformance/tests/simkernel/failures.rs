// SPDX-License-Identifier: MIT OR Apache-2.0
//! Memory runs out at every place once; nothing may be lost over it, and the next try succeeds.

use crate::Scenario;
use crate::endpoint::Recorder;
use crate::listener::{A_IN, A_OUT, B_IN, B_OUT, capture_of};
use crate::rig::{PARAMETERS, RATE, Rig, SECOND, SERVICE, Setup};
use crate::sounds::{self, load, unload, wave};
use crate::synth::level;
use arioso_bank::test_banks;
use arioso_core::dls::file::{Collection, Limits};
use arioso_core::ks::arioso::{ARIOSO_CONTROL_BANK, ARIOSO_CONTROL_NUMBERS};
use arioso_core::ks::dmusprop::*;
use arioso_core::ks::guid::{
    KSCATEGORY_SYNTHESIZER, KSDATAFORMAT_SUBTYPE_DIRECTMUSIC, KSPROPSETID_Synth,
    KSPROPSETID_Synth_Dls,
};
use arioso_core::ks::ks::{
    KSPIN_DATAFLOW_IN, KSPROPERTY_TYPE_GET, KSPROPERTY_TYPE_SET, KSSTATE_RUN,
};
use arioso_core::ks::status::{STATUS_INSUFFICIENT_RESOURCES, STATUS_NO_MEMORY};
use conformance::bank::Downloads;
use conformance::connect::SampleFormat;
use conformance::events::{EventBuffer, MusicBuffer, write};
use conformance::filter::{self, Filter};
use conformance::read::read;
use conformance::synth::{self, property};
use conformance::wave::{WavePath, is_wave_output};
use conformance::wire::Bytes;
use conformance::{Client, Error, connect, settings};
use simkernel::registry::Value;

pub const SCENARIOS: &[Scenario] = &[
    ("no memory, at every allocation", || {
        each_allocation_with("WaveSinkFeed", play)
    }),
    ("no memory for the wires, at every allocation", || {
        each_allocation_with("CableSynth", wires)
    }),
    (
        "no memory for a bank and settings, at every allocation",
        || each_of(Lack::Memory, None, banks),
    ),
    ("no memory for the driver's entry", || entry(Lack::Memory)),
    ("each call that can fail does once: pins and music", || {
        each_of(Lack::Calls, None, play)
    }),
    ("each call that can fail does once: the wires", || {
        each_of(Lack::Calls, None, wires)
    }),
    ("each call that can fail does once: banks", || {
        each_of(Lack::Calls, None, banks)
    }),
    ("each call that can fail does once: the entry", || {
        entry(Lack::Calls)
    }),
    ("no memory, and what was there stays", old_state),
    ("no memory for the default set, for a while", default_set),
    ("a 32-bit program downloads", narrow),
    ("System Exclusive longer than any buffer", || {
        long_exclusive(false)
    }),
    ("System Exclusive in packages", || long_exclusive(true)),
];

/// A device and what `body` does with it; stops at the first failure and cleans up as a program would.
fn session(rig: &mut Rig, body: fn(&mut Rig) -> Result<(), Error>) -> Result<(), Error> {
    let device = rig.add_device()?;
    let status = rig.machine.start(device);
    let done = if status < 0 {
        Err(Error::status("start", status))
    } else {
        body(rig)
    };
    // What a program has open goes with it.
    rig.kill_client();
    rig.sleep(SECOND / 10);
    assert_eq!(
        rig.machine.remove(device),
        0,
        "the removal must not need memory"
    );
    done
}

/// Pins, downloads, music.
fn play(rig: &mut Rig) -> Result<(), Error> {
    let client = &mut rig.client;
    let (filter, id) = Filter::find(client, &KSCATEGORY_SYNTHESIZER, |pin| {
        pin.flow == KSPIN_DATAFLOW_IN && pin.takes(&KSDATAFORMAT_SUBTYPE_DIRECTMUSIC)
    })?;
    let mut pin = filter.direct_music_pin(client, id)?;
    synth::set_channel_groups(client, pin.handle, 3)?;
    let file = arioso_bank::test_banks::sine_wave(RATE, 100, 1);
    let bank = Collection::parse(&file, Limits::default().answers).expect("a DLS file");
    let mut downloads = Downloads::default();
    for instrument in bank.instruments() {
        downloads.add(client, pin.handle, &bank, &instrument, instrument.patch())?;
    }
    let wave_pin = filter
        .pins(client)?
        .iter()
        .find(|pin| is_wave_output(pin))
        .map(|pin| pin.id);
    let mut wave = WavePath::open(client, &filter, wave_pin.expect("a wave pin"), RATE)?;
    wave.run(client)?;
    pin.set_state(client, KSSTATE_RUN)?;
    let mut recorder = Recorder::open(client, SampleFormat::pcm(RATE, 16))?;
    let stream = &mut recorder.stream;
    stream.allocate_notified(client, RATE / 50 * 4, 2)?;
    stream.register_event(client)?;
    recorder.set_state(client, KSSTATE_RUN)?;
    let now = client.now();
    let mut buffer = EventBuffer::new(now);
    buffer.push(now + SECOND / 20, 1, &[0x90, 60, 100]);
    write(client, pin.handle, buffer.start(), buffer.bytes()).wait(client)?;
    client.sleep(SECOND / 10);
    // The wave sink is the owner again.
    recorder.stream.close(client)?;
    client.sleep(SECOND / 20);
    downloads.unload(client, pin.handle)?;
    pin.close(client)?;
    wave.close(client)?;
    filter.close(client);
    Ok(())
}

/// Both ends of the cable, which may be heard, and a capture pin in either format.
fn wires(rig: &mut Rig) -> Result<(), Error> {
    let client = &mut rig.client;
    let cable = filter::subdevice(client, "cable")?;
    let mut ends = Vec::new();
    for pin in [A_IN, A_OUT, B_IN, B_OUT] {
        let mut end = cable.midi_pin(client, pin)?;
        end.set_state(client, KSSTATE_RUN)?;
        ends.push(end);
    }
    let synth = filter::subdevice(client, "synth")?;
    let pins = synth.pins(client)?;
    let capture = capture_of(&pins);
    let mut captures = Vec::new();
    for connect in [connect::direct_music(capture), connect::midi(capture)] {
        let mut pin = synth.create_pin(client, &connect, None)?;
        pin.set_state(client, KSSTATE_RUN)?;
        captures.push(pin);
    }
    let mut player = synth.midi_pin(client, 0)?;
    player.set_state(client, KSSTATE_RUN)?;
    let readers = [&ends[1], &ends[3], &captures[0], &captures[1]];
    let reads = readers.map(|pin| read(client, pin.handle, 256));
    let long: Vec<u8> = [&[0xF0, 0x7D][..], &[5; 300], &[0xF7]].concat();
    let mut sent = Ok(());
    for pin in [&ends[0], &ends[2], &player] {
        let mut buffer = MusicBuffer::default();
        for message in [&[0xC0, 3][..], &[0x90, 60, 100], &long, &[0x80, 60, 0]] {
            buffer.push(1, message);
        }
        let write = write(client, pin.handle, 0, buffer.bytes());
        sent = sent.and(write.wait(client));
    }
    client.sleep(SECOND / 10);
    for read in reads {
        read.cancel(client);
    }
    sent?;
    for pin in ends.into_iter().chain(captures).chain([player]) {
        pin.close(client)?;
    }
    cable.close(client);
    synth.close(client);
    Ok(())
}

/// The files of [`banks`].
const BANKS: [&str; 3] = [
    "\\??\\C:\\sine.dls",
    "\\??\\C:\\constant.dls",
    "\\??\\C:\\impulse.dls",
];

/// A bank is named while a pin plays, and changed; more voices, then fewer.
fn banks(rig: &mut Rig) -> Result<(), Error> {
    let client = &mut rig.client;
    let (filter, id) = Filter::find(client, &KSCATEGORY_SYNTHESIZER, |pin| {
        pin.flow == KSPIN_DATAFLOW_IN && pin.takes(&KSDATAFORMAT_SUBTYPE_DIRECTMUSIC)
    })?;
    let mut pin = filter.direct_music_pin(client, id)?;
    pin.set_state(client, KSSTATE_RUN)?;
    let mut done = Ok(());
    for (path, voices) in BANKS.into_iter().zip([64, 8, 32]) {
        simkernel::registry::set(PARAMETERS, "BankPath", Value::text(path));
        simkernel::registry::set(PARAMETERS, "Voices", Value::dword(voices));
        let client = &mut rig.client;
        let numbers = settings::control(client, filter.handle, ARIOSO_CONTROL_NUMBERS);
        let read = settings::control(client, filter.handle, ARIOSO_CONTROL_BANK);
        done = done.and(numbers).and(read);
        let now = client.now();
        let mut buffer = EventBuffer::new(now);
        for key in 0..12 {
            buffer.push(now + SECOND / 50, 1, &[0x90, 60 + key, 100]);
        }
        let write = write(client, pin.handle, buffer.start(), buffer.bytes());
        done = done.and(write.wait(client));
        client.sleep(SECOND / 10);
    }
    simkernel::registry::remove(PARAMETERS, "BankPath");
    simkernel::registry::set(PARAMETERS, "Voices", Value::dword(32));
    let client = &mut rig.client;
    done?;
    settings::settings(client, filter.handle)?;
    settings::meters(client, filter.handle)?;
    settings::set_level(client, -600)?;
    settings::set_level(client, 0)?;
    synth::bank(client, pin.handle)?;
    pin.close(client)?;
    filter.close(client);
    Ok(())
}

/// What a driver may come to lack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lack {
    Memory,
    /// Whatever else a call of the kernel or of a port may be refused for.
    Calls,
}

impl Lack {
    fn count(self, rig: &Rig) -> u64 {
        match self {
            Lack::Memory => rig.machine.allocations(),
            Lack::Calls => rig.machine.fallible_calls(),
        }
    }

    fn fail(self, rig: &mut Rig, n: Option<u64>) {
        match self {
            Lack::Memory => rig.machine.fail_allocation(n),
            Lack::Calls => rig.machine.fail_call(n),
        }
    }

    /// Failures that a session tells, at least. A registry that cannot be read is none, nor is a file.
    fn told(self) -> u32 {
        match self {
            Lack::Memory => 20,
            Lack::Calls => 10,
        }
    }
}

/// Fails each allocation or call of a session once, until none fails: nothing is left behind, and many failures are told.
pub fn each_failing(lack: Lack, rig: &mut Rig, body: fn(&mut Rig) -> Result<(), Error>) {
    let mut failures = 0;
    for n in 1.. {
        let level = rig.pool();
        let before = lack.count(rig);
        lack.fail(rig, Some(n));
        let outcome = session(rig, body);
        let count = lack.count(rig) - before;
        lack.fail(rig, None);
        let verdict = rig.machine.verdict();
        assert!(verdict.is_clean(), "{lack:?} {n}: {verdict}");
        assert_eq!(
            rig.pool(),
            level,
            "{lack:?} {n} failed ({outcome:?}) and left something"
        );
        if count < n {
            assert!(outcome.is_ok(), "nothing failed but {outcome:?}");
            break;
        }
        failures += u32::from(outcome.is_err());
    }
    assert!(
        failures >= lack.told(),
        "only {failures} failures were reported"
    );
}

/// The allocations of a session, with a setting off and on.
pub fn each_allocation_with(setting: &str, body: fn(&mut Rig) -> Result<(), Error>) {
    each_of(Lack::Memory, Some(setting), body);
}

fn each_of(lack: Lack, setting: Option<&str>, body: fn(&mut Rig) -> Result<(), Error>) {
    let mut rig = Setup {
        parameters: vec![("Voices", 32)],
        files: BANKS
            .into_iter()
            .zip([
                test_banks::sine_wave(RATE, 100, 1),
                test_banks::dc(RATE),
                test_banks::impulse(RATE),
            ])
            .collect(),
        ..Setup::default()
    }
    .start();
    rig.remove();
    for value in 0..1 + u32::from(setting.is_some()) {
        if let Some(setting) = setting {
            simkernel::registry::set(PARAMETERS, setting, Value::dword(value));
        }
        each_failing(lack, &mut rig, body);
    }
    rig.add();
    rig.finish();
}

/// Each allocation or call of loading the driver and of its device's start fails once: what is loaded unloads, what is there goes.
fn entry(lack: Lack) {
    let mut rig = Setup {
        parameters: vec![("Voices", 32)],
        ..Setup::default()
    }
    .start();
    rig.remove();
    rig.machine.unload(SERVICE).expect("the driver unloads");
    let level = rig.pool();
    let mut refused = 0;
    for n in 1.. {
        let before = lack.count(&rig);
        lack.fail(&mut rig, Some(n));
        let added = rig.add_device();
        if let Ok(device) = &added {
            let status = rig.machine.start(*device);
            refused += u32::from(status < 0);
            assert_eq!(
                rig.machine.remove(*device),
                0,
                "the removal needs no memory"
            );
        }
        let count = lack.count(&rig) - before;
        lack.fail(&mut rig, None);
        refused += u32::from(added.is_err());
        // Who did not load is not there.
        let unloaded = rig.machine.unload(SERVICE);
        assert!(unloaded.is_ok() || added.is_err(), "{unloaded:?}");
        let verdict = rig.machine.verdict();
        assert!(verdict.is_clean(), "{lack:?} {n}: {verdict}");
        assert_eq!(rig.pool(), level, "{lack:?} {n} left something");
        if count < n {
            assert!(added.is_ok(), "nothing failed");
            break;
        }
    }
    assert!(refused >= lack.told(), "{refused} failures were told");
    rig.add();
    rig.finish();
}

/// Fails each allocation of a request once, until none fails; each failure is told and leaves no byte behind.
fn each_failure(
    rig: &mut Rig,
    what: &str,
    statuses: &[i32],
    mut request: impl FnMut(&mut Rig) -> Result<(), i32>,
) {
    for n in 1.. {
        rig.sleep(SECOND / 100);
        let level = rig.pool();
        let before = rig.machine.allocations();
        rig.machine.fail_allocation(Some(n));
        let outcome = request(rig);
        let count = rig.machine.allocations() - before;
        rig.machine.fail_allocation(None);
        if count < n {
            assert_eq!(outcome, Ok(()), "{what}");
            assert!(n > 1, "{what} allocates nothing");
            return;
        }
        let status = outcome.expect_err("a failure is told");
        assert!(statuses.contains(&status), "{what}, {n}: {status:#x}");
        rig.sleep(SECOND / 100);
        assert_eq!(rig.pool(), level, "{what}: allocation {n} left something");
    }
}

/// A note sounds while memory runs out at every place of every request: it goes on, the next one is as before, and no property
/// has changed.
fn old_state() {
    const LACK: &[i32] = &[STATUS_NO_MEMORY, STATUS_INSUFFICIENT_RESOURCES];
    let mut rig = Setup::default().start();
    let (filter, pin, path) = rig.open_running();
    let handle = pin.handle;
    let c = &mut rig.client;
    load(c, handle, &wave(1, 8000)).unwrap();
    let instrument = load(c, handle, &sounds::instrument(2, 0, 0, 1)).unwrap();
    synth::set_channel_groups(c, handle, 2).unwrap();
    let full = level(&mut rig, &pin, &[&[0x90, 60, 127]]);
    assert!(full > 500);
    let stats = |rig: &mut Rig| synth::running_stats(&mut rig.client, handle).unwrap();
    let free = stats(&mut rig).FreeMemory;
    // The failures; the success at the end is taken back.
    let check = |rig: &mut Rig, what: &str| {
        assert_eq!(stats(rig).FreeMemory, free, "{what}");
        assert_eq!(level(rig, &pin, &[]), full, "{what}: the note goes on");
        let two = level(rig, &pin, &[&[0x90, 61, 127]]);
        assert!(
            (two - 2 * full).abs() <= 2,
            "{what}: another note, {two} of {full}"
        );
        assert_eq!(level(rig, &pin, &[&[0x80, 61, 0]]), full, "{what}");
        let groups: u32 = property(KSPROPSETID_Synth, KSPROPERTY_SYNTH_CHANNELGROUPS)
            .get(&mut rig.client, handle)
            .unwrap();
        assert_eq!(groups, 2, "{what}");
    };
    // What replaces the instrument: it must not, unless it is whole.
    for (what, buffer) in [
        ("a wave", wave(7, 100)),
        ("an instrument", sounds::instrument(7, 0, 0, 1)),
    ] {
        let mut made = None;
        each_failure(&mut rig, what, LACK, |rig| {
            let got = load(&mut rig.client, handle, &buffer);
            if got.is_err() {
                check(rig, what);
            }
            made = Some(got?);
            Ok(())
        });
        unload(&mut rig.client, handle, &made.expect("a handle")).unwrap();
        check(&mut rig, what);
    }
    each_failure(&mut rig, "UNLOAD", LACK, |rig| {
        let got = unload(&mut rig.client, handle, &instrument);
        if got.is_err() {
            check(rig, "UNLOAD");
        }
        got
    });
    load(&mut rig.client, handle, &sounds::instrument(2, 0, 0, 1)).unwrap();
    let groups = |rig: &mut Rig, count| {
        let got = synth::set_channel_groups(&mut rig.client, handle, count);
        got.map_err(|error| error.status.expect("a status"))
    };
    each_failure(&mut rig, "CHANNELGROUPS", LACK, |rig| {
        let got = groups(rig, 32);
        if got.is_err() {
            check(rig, "CHANNELGROUPS");
        }
        got
    });
    groups(&mut rig, 2).unwrap();
    check(&mut rig, "CHANNELGROUPS");
    // A second pin, with its synthesizer.
    let (found, id) = rig.find_filter();
    found.close(&mut rig.client);
    let mut second = None;
    each_failure(&mut rig, "a pin", LACK, |rig| {
        match filter.direct_music_pin(&mut rig.client, id) {
            Ok(pin) => second = Some(pin),
            Err(error) => {
                check(rig, "a pin");
                return Err(error.status.expect("a status"));
            }
        }
        Ok(())
    });
    second.expect("a pin").close(&mut rig.client).unwrap();
    check(&mut rig, "a pin");
    rig.close(filter, [pin], Some(path));
    rig.finish();
}

/// The default set is read with the first pin. When memory does not suffice, the pin opens without it; whoever opens a pin next, here
/// the wave pin, brings it to all.
fn default_set() {
    let mut rig = Setup {
        bank: Some(arioso_bank::test_banks::dc(RATE)),
        parameters: vec![("Voices", 32)],
        ..Setup::default()
    }
    .start();
    let mut late = 0;
    for n in 1.. {
        let (filter, id) = rig.find_filter();
        let printed = rig.machine.debug_output().len();
        let before = rig.machine.allocations();
        rig.machine.fail_allocation(Some(n));
        let opened = filter.direct_music_pin(&mut rig.client, id);
        let count = rig.machine.allocations() - before;
        rig.machine.fail_allocation(None);
        let lines = &rig.machine.debug_output()[printed..];
        let short = lines
            .iter()
            .any(|line| line.contains("no memory for the default"));
        let mut path = rig.open_wave(&filter);
        path.run(&mut rig.client).unwrap();
        if let Ok(mut pin) = opened {
            late += u32::from(short);
            pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
            let loud = level(&mut rig, &pin, &[&[0x90, 60, 127]]);
            assert!(loud > 1000, "allocation {n}: silent");
            pin.close(&mut rig.client).unwrap();
        }
        path.close(&mut rig.client).unwrap();
        filter.close(&mut rig.client);
        // A new device has read nothing yet.
        rig.remove();
        rig.add();
        if count < n {
            break;
        }
    }
    assert!(
        late > 5,
        "{late} times too little memory for the default set"
    );
    rig.finish();
}

/// Pointers and handles of 4 bytes.
fn narrow() {
    let mut rig = Setup {
        wow64: true,
        ..Setup::default()
    }
    .start();
    let (filter, pin) = rig.open_pin();
    let c = &mut rig.client;
    let wave = conformance::download::wave(7, RATE, 16, &[1; 256]);
    let place = c.allocate(wave.len());
    c.write(place, &wave);
    let instance = SYNTH_BUFFER32 {
        BufferSize: wave.len() as u32,
        BufferAddress: place as u32,
    };
    let mut answer = [0; size_of::<SYNTHDOWNLOAD32>()];
    let download =
        property(KSPROPSETID_Synth_Dls, KSPROPERTY_SYNTH_DLS_DOWNLOAD).with(&instance.bytes());
    let completion = download.send(c, pin.handle, KSPROPERTY_TYPE_GET, &mut answer);
    assert_eq!(
        (completion.status, completion.information),
        (0, answer.len())
    );
    assert_eq!(answer[4..], 1u32.to_le_bytes(), "Free");
    let mut handle: [u8; 4] = answer[..4].try_into().expect("four bytes");
    assert_ne!(handle, [0; 4]);
    let unload = property(KSPROPSETID_Synth_Dls, KSPROPERTY_SYNTH_DLS_UNLOAD);
    assert_eq!(
        unload
            .send(c, pin.handle, KSPROPERTY_TYPE_SET, &mut handle)
            .status,
        0
    );
    assert!(
        unload
            .send(c, pin.handle, KSPROPERTY_TYPE_SET, &mut handle)
            .status
            < 0,
        "it works once"
    );
    // A layer above us may have widened what the program sent.
    let wide = SYNTH_BUFFER {
        BufferSize: wave.len() as u32,
        BufferAddress: std::ptr::without_provenance_mut(place as usize),
    };
    let mut answer = [0xA5; size_of::<SYNTHDOWNLOAD>()];
    let download =
        property(KSPROPSETID_Synth_Dls, KSPROPERTY_SYNTH_DLS_DOWNLOAD).with(&wide.bytes());
    let completion = download.send(c, pin.handle, KSPROPERTY_TYPE_GET, &mut answer);
    assert_eq!(
        (completion.status, completion.information),
        (0, answer.len())
    );
    assert_eq!(answer[4..8], [0; 4], "the handle's upper half");
    assert_eq!(answer[8..12], 1u32.to_le_bytes(), "Free");
    let mut handle: [u8; 8] = answer[..8].try_into().expect("eight bytes");
    let sent = unload.send(c, pin.handle, KSPROPERTY_TYPE_SET, &mut handle);
    assert_eq!(sent.status, 0);
    c.close(pin.handle);
    filter.close(c);
    rig.finish();
}

/// Three buffers of the port long: swallowed whole; what follows acts.
fn long_exclusive(packages: bool) {
    let mut rig = Setup {
        packages,
        ..Setup::default()
    }
    .start();
    let (filter, pin, wave) = rig.running(&arioso_bank::test_banks::dc(RATE));
    let now = rig.now();
    // Bytes that would be notes if they were taken for messages of their own.
    let mut long = vec![0xF0, 0x7D];
    long.extend([60, 127].iter().cycle().take(10_000));
    long.push(0xF7);
    let mut buffer = EventBuffer::new(now);
    buffer.push(now + SECOND / 10, 1, &[0xC0, 3]);
    buffer.push(now + SECOND / 10, 1, &long);
    buffer.push(now + SECOND / 10, 1, &[0xC0, 0]);
    buffer.push(now + SECOND / 5, 1, &[0x90, 60, 127]);
    rig.write(&pin, &buffer);
    rig.sleep(SECOND);
    let counted = synth::statistics(&mut rig.client, pin.handle).unwrap();
    assert_eq!((counted.Notes, counted.Voices), (1, 1));
    assert!(rig.take_audio().iter().any(|f| f[0] > 1000));
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}
