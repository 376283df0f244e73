// SPDX-License-Identifier: MIT OR Apache-2.0
//! All that the driver does at once, in any order that several processors can bring about: programs play, render, record, read what is
//! played, write to the cable and change settings while the machine sleeps and the device goes. Each seed is a schedule; it decides at
//! every call of the kernel who is faster.
//!
//! `ARIOSO_SCHEDULE` names the schedule of the scenario "one schedule": `seed N`, or `seed N DECISION…` for these decisions alone, which is
//! `none` for none: this is
//! how a schedule that fails is made shorter (`cargo xtask schedules`).

use crate::Scenario;
use crate::listener::{A_IN, B_OUT, capture_of};
use crate::rig::{RATE, Rig, SECOND, SERVICE, Setup};
use arioso_core::dls::file::{Collection, Limits};
use arioso_core::ks::guid::{
    KSCATEGORY_SYNTHESIZER, KSDATAFORMAT_SUBTYPE_DIRECTMUSIC, KSDATAFORMAT_SUBTYPE_PCM,
};
use arioso_core::ks::ks::{KSPIN_DATAFLOW_IN, KSSTATE_PAUSE, KSSTATE_RUN, KSSTATE_STOP};
use conformance::bank::Downloads;
use conformance::connect::{self, SampleFormat};
use conformance::events::{EventBuffer, MusicBuffer, write};
use conformance::filter::{Filter, Pin};
use conformance::read::read;
use conformance::rt_audio::{RtStream, is_capture};
use conformance::wave::{WavePath, is_wave_output};
use conformance::{Client, Error, synth};
use simkernel::client::SimClient;
use simkernel::system::{Program, Schedule, System};
use std::cell::Cell;
use std::process::Command;
use std::rc::Rc;

pub const SCENARIOS: &[Scenario] = &[
    ("schedules of all that happens at once", some),
    ("one schedule", one),
];

/// The schedule of "one schedule".
const SCHEDULE: &str = "ARIOSO_SCHEDULE";
/// How many "schedules" looks at.
const SEEDS: u64 = 200;
const MILLISECOND: i64 = SECOND / 1000;

type Result = std::result::Result<(), Error>;

/// Each in a machine of its own.
fn some() {
    for seed in 1..=SEEDS {
        let output = Command::new(std::env::current_exe().expect("this program"))
            .env(crate::CHILD, "one schedule")
            .env(SCHEDULE, format!("seed {seed}"))
            .output()
            .expect("it starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "seed {seed}: {}\n{said}",
            output.status
        );
    }
}

fn one() {
    let text = std::env::var(SCHEDULE).unwrap_or_else(|_| "seed 1".into());
    let mut words = text.split_whitespace();
    let seed = match (words.next(), words.next().map(str::parse)) {
        (Some("seed"), Some(Ok(seed))) => seed,
        _ => panic!("{SCHEDULE} is `seed N` or `seed N DECISION…`, not `{text}`"),
    };
    let words: Vec<&str> = words.collect();
    let schedule = match words[..] {
        [] => Schedule::Seed(seed),
        ["none"] => Schedule::Decisions(Vec::new()),
        _ => Schedule::Decisions(
            words
                .iter()
                .map(|word| word.parse().expect("a decision"))
                .collect(),
        ),
    };
    let told = Told;
    at_once(seed, schedule);
    if std::env::var_os("ARIOSO_TELL").is_none() {
        std::mem::forget(told);
    }
}

/// Tells what was decided if a scenario fails; the machine's own stop tells it too.
struct Told;

impl Drop for Told {
    fn drop(&mut self) {
        let made = System::decisions().iter().map(ToString::to_string);
        eprintln!("schedule: {}", made.collect::<Vec<_>>().join(" "));
    }
}

/// What a program of a run may use.
#[derive(Clone)]
struct Around {
    seed: u64,
    /// The device is going: requests may fail.
    gone: Rc<Cell<bool>>,
}

fn at_once(seed: u64, schedule: Schedule) {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut rig = Setup {
        seed: 0,
        special_pool: true,
        strict: true,
        parameters: vec![
            ("WaveSinkFeed", random.u32(0..2)),
            ("CableSynth", random.u32(0..2)),
            ("Voices", 32),
        ],
        ..Setup::default()
    }
    .start();
    let around = Around {
        seed,
        gone: Rc::default(),
    };
    rig.machine.explore(schedule);
    let programs = [
        start(&mut rig, &around, "music", music),
        start(&mut rig, &around, "other music", music),
        start(&mut rig, &around, "bytes", bytes),
        start(&mut rig, &around, "renderer", renderer),
        start(&mut rig, &around, "recorder", recorder),
        start(&mut rig, &around, "listener", listener),
        start(&mut rig, &around, "cable", cable),
    ];
    rig.sleep(random.i64(0..30 * MILLISECOND));
    if random.bool() {
        rig.nap();
    }
    let surprise = random.bool();
    if surprise {
        rig.sleep(random.i64(0..30 * MILLISECOND));
        around.gone.set(true);
        rig.surprise_remove();
    }
    rig.machine.finish(&programs);
    rig.remove();
    rig.machine.unload(SERVICE).expect("the driver unloads");
    rig.machine.explored();
    rig.uninstall();
    rig.clean();
}

fn start(
    rig: &mut Rig,
    around: &Around,
    name: &'static str,
    body: fn(&mut SimClient, &mut fastrand::Rng) -> Result,
) -> Program {
    let around = around.clone();
    rig.machine.program(name, move |client| {
        let mut random = fastrand::Rng::with_seed(around.seed ^ name.len() as u64);
        if let Err(error) = body(client, &mut random) {
            assert!(around.gone.get(), "{name}: {error}");
        }
    })
}

fn pause(client: &mut SimClient, random: &mut fastrand::Rng) {
    client.sleep(random.i64(0..4 * MILLISECOND));
}

fn synthesizer(client: &mut SimClient) -> std::result::Result<(Filter<SimClient>, u32), Error> {
    Filter::find(client, &KSCATEGORY_SYNTHESIZER, |pin| {
        pin.flow == KSPIN_DATAFLOW_IN && pin.takes(&KSDATAFORMAT_SUBTYPE_DIRECTMUSIC)
    })
}

/// Notes, some of them late, some never due; what is not taken at once is taken back.
fn play(client: &mut SimClient, pin: &Pin<SimClient>, random: &mut fastrand::Rng) {
    let now = client.now();
    let mut buffer = EventBuffer::new(now);
    for _ in 0..random.usize(1..8) {
        let time = now + random.i64(-MILLISECOND..8 * MILLISECOND);
        buffer.push(
            time,
            1,
            &[
                0x90 | random.u8(0..16),
                random.u8(30..90),
                random.u8(0..128),
            ],
        );
    }
    if random.u8(0..4) == 0 {
        buffer.push(now + 10 * SECOND, 1, &[0xC0, 1]);
    }
    let mut write = write(client, pin.handle, buffer.start(), buffer.bytes());
    pause(client, random);
    if write.poll(client).is_none() {
        write.cancel(client);
    }
}

fn music(client: &mut SimClient, random: &mut fastrand::Rng) -> Result {
    let bank = arioso_bank::test_banks::dc(RATE);
    for _ in 0..2 {
        let (filter, id) = synthesizer(client)?;
        let mut pin = filter.direct_music_pin(client, id)?;
        let collection = Collection::parse(&bank, Limits::default().answers).expect("a DLS file");
        let mut downloads = Downloads::default();
        for instrument in collection.instruments() {
            downloads.add(
                client,
                pin.handle,
                &collection,
                &instrument,
                instrument.patch(),
            )?;
        }
        pin.set_state(client, KSSTATE_RUN)?;
        for _ in 0..3 {
            play(client, &pin, random);
            synth::set_volume(client, pin.handle, -random.i32(0..2000))?;
            synth::running_stats(client, pin.handle)?;
        }
        match random.u8(0..3) {
            0 => downloads.unload(client, pin.handle)?,
            1 => pin.set_state(client, KSSTATE_PAUSE)?,
            _ => {}
        }
        play(client, &pin, random);
        pin.close(client)?;
        filter.close(client);
    }
    Ok(())
}

/// A message and a part of one, at times of a byte stream.
fn talk(client: &mut SimClient, pin: &Pin<SimClient>, random: &mut fastrand::Rng) {
    let mut buffer = MusicBuffer::default();
    buffer.push(random.u32(0..5), &[0x90, random.u8(30..90), 100]);
    buffer.push(random.u32(0..5), &[0xF0, 1, 2, 3]);
    // Now, or at a time of the stream.
    let start = random.i64(0..2) * random.i64(0..20 * MILLISECOND);
    let mut write = write(client, pin.handle, start, buffer.bytes());
    pause(client, random);
    if write.poll(client).is_none() {
        write.cancel(client);
    }
}

fn bytes(client: &mut SimClient, random: &mut fastrand::Rng) -> Result {
    let (filter, id) = synthesizer(client)?;
    for _ in 0..3 {
        let mut pin = filter.midi_pin(client, id)?;
        pin.set_state(client, KSSTATE_RUN)?;
        talk(client, &pin, random);
        talk(client, &pin, random);
        pin.close(client)?;
    }
    filter.close(client);
    Ok(())
}

fn renderer(client: &mut SimClient, random: &mut fastrand::Rng) -> Result {
    let (filter, _) = synthesizer(client)?;
    let pins = filter.pins(client)?;
    let id = pins
        .iter()
        .find(|pin| is_wave_output(pin))
        .expect("a wave pin")
        .id;
    for _ in 0..2 {
        let mut wave = WavePath::open(client, &filter, id, RATE)?;
        for _ in 0..4 {
            wave.set_state(client, random.i32(0..4))?;
            pause(client, random);
        }
        wave.run(client)?;
        pause(client, random);
        wave.close(client)?;
    }
    filter.close(client);
    Ok(())
}

fn recorder(client: &mut SimClient, random: &mut fastrand::Rng) -> Result {
    let filter = conformance::filter::subdevice(client, "wave")?;
    let pins = filter.pins(client)?;
    let id = pins
        .iter()
        .find(|pin| is_capture(pin, &KSDATAFORMAT_SUBTYPE_PCM))
        .expect("the endpoint's pin")
        .id;
    for _ in 0..2 {
        let mut stream = RtStream::open(client, &filter, id, SampleFormat::pcm(RATE, 16))?;
        stream.allocate_notified(client, 441 * 4, 1 + random.u32(0..2))?;
        let event = stream.register_event(client)?;
        stream.set_state(client, KSSTATE_RUN)?;
        for _ in 0..2 {
            client.wait_event(event, 4 * MILLISECOND);
            stream.position(client)?;
            // There may be none yet.
            let _ = stream.read_packet(client);
        }
        if random.bool() {
            stream.set_state(client, KSSTATE_STOP)?;
        }
        if random.bool() {
            stream.unregister_event(client, event)?;
        }
        stream.close(client)?;
    }
    filter.close(client);
    Ok(())
}

/// Reads of a pin, given up at the end.
fn reads(client: &mut SimClient, pin: Pin<SimClient>, random: &mut fastrand::Rng) -> Result {
    let mut waiting: Vec<_> = (0..3).map(|_| read(client, pin.handle, 4096)).collect();
    for _ in 0..3 {
        pause(client, random);
        if let Some(read) = waiting.pop() {
            // It has come, or is taken back.
            let mut read = read;
            if read.poll(client).is_none() {
                read.cancel(client);
            }
        }
    }
    pin.close(client)
}

fn listener(client: &mut SimClient, random: &mut fastrand::Rng) -> Result {
    let (filter, _) = synthesizer(client)?;
    let pins = filter.pins(client)?;
    let id = capture_of(&pins);
    for _ in 0..3 {
        let connect = if random.bool() {
            connect::direct_music(id)
        } else {
            connect::midi(id)
        };
        let mut pin = filter.create_pin(client, &connect, None)?;
        pin.set_state(client, KSSTATE_RUN)?;
        reads(client, pin, random)?;
    }
    filter.close(client);
    Ok(())
}

fn cable(client: &mut SimClient, random: &mut fastrand::Rng) -> Result {
    let filter = conformance::filter::subdevice(client, "cable")?;
    for _ in 0..2 {
        let mut writer = filter.midi_pin(client, A_IN)?;
        let mut reader = filter.create_pin(client, &connect::midi(B_OUT), None)?;
        reader.set_state(client, KSSTATE_RUN)?;
        writer.set_state(client, KSSTATE_RUN)?;
        talk(client, &writer, random);
        if random.bool() {
            writer.close(client)?;
            reads(client, reader, random)?;
        } else {
            reads(client, reader, random)?;
            writer.close(client)?;
        }
    }
    filter.close(client);
    Ok(())
}
