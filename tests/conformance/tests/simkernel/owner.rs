// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who renders: the endpoint, the wave sink or nobody, in any order, and nobody hears a click.

use crate::Scenario;
use crate::endpoint::Recorder;
use crate::rig::{PARAMETERS, RATE, Rig, SECOND, SERVICE, Setup, download_bank};
use arioso_core::ks::dmusprop::SYNTH_PORTPARAMS;
use arioso_core::ks::ks::{KSSTATE, KSSTATE_PAUSE, KSSTATE_RUN, KSSTATE_STOP};
use conformance::Client;
use conformance::connect::SampleFormat;
use conformance::events::EventBuffer;
use conformance::filter::{self, Filter, Pin};
use conformance::synth::{latency_clock, master_clock, port_parameters, set_volume, statistics};
use conformance::wave::{WavePath, is_wave_output};
use simkernel::client::SimClient;
use simkernel::modules::portcls::wave_sink::Blocks;
use simkernel::registry::{self, Value};

pub const SCENARIOS: &[Scenario] = &[
    ("owner: the endpoint wins, and hands back", || hand_over(0)),
    ("owner: the same with a wave sink that is fed ahead", || {
        hand_over(1)
    }),
    ("owner: a stamp is a sample after each hand-over", || {
        stamps(0)
    }),
    ("owner: the same with stamps that are fed ahead", || {
        stamps(1)
    }),
    ("owner: what came due while nobody listened", missed),
    ("owner: the wave pin stops with events queued", queued),
    ("owner: the port's clock is the master", master),
    ("owner: the latency clock never goes back", latency),
    ("owner: the rate of who would render", rates),
    ("owner: the endpoint keeps its clock", || own_clock(0.0)),
    (
        "owner: the endpoint keeps its clock, device 500 ppm fast",
        || own_clock(500.0),
    ),
    ("owner: an owner that stands still", still),
    ("owner: events of a paused pin, and nobody listens", paused),
    ("owner: dither is the same ahead", dithered),
    ("owner: who closes a pin holds up the slices", starved),
    (
        "owner: more commands at once than there is room for",
        commands,
    ),
    ("owner: run while the device goes", run_while_removed),
    ("owner: a hundred thousand steps", || steps(100_000, 42)),
];

/// A wave of 100 Hz that starts at zero.
fn sine() -> Vec<u8> {
    arioso_bank::test_banks::sine_wave(RATE, 441, 1)
}

/// The largest step from one frame to the next in music of `voices` such waves of amplitude `level`: the wave's own slope, one ramp of
/// 5 ms, and one voice that is cut within 128 frames.
fn largest_step(level: f64, voices: f64) -> f64 {
    let slope = std::f64::consts::TAU / 441.0;
    level * voices * (slope + 1.0 / 220.0 + 1.0 / 128.0) + 2.0
}

fn peak(audio: &[[i16; 2]]) -> i16 {
    let samples = audio.as_flattened().iter();
    samples.map(|s| s.saturating_abs()).max().unwrap_or(0)
}

/// Largest step between neighbours, of a stream that goes on after `last`.
fn step(last: [i16; 2], audio: &[[i16; 2]]) -> f64 {
    let before = std::iter::once(&last).chain(audio);
    before
        .zip(audio)
        .flat_map(|(a, b)| [(a[0], b[0]), (a[1], b[1])])
        .map(|(a, b)| (f64::from(a) - f64::from(b)).abs())
        .fold(0.0, f64::max)
}

/// A note sounds in the sink, in the endpoint while that runs, and in the sink again.
fn hand_over(feed: u32) {
    let mut rig = Setup {
        parameters: vec![("WaveSinkFeed", feed)],
        ..Setup::default()
    }
    .start();
    let (filter, pin, wave) = rig.running(&sine());
    rig.play(&pin, &[(SECOND / 10, &[0x90, 60, 127])]);
    rig.sleep(SECOND / 2);
    let before = rig.take_audio();
    let level = f64::from(peak(&before));
    assert!(level > 1000.0, "the note is heard in the sink");
    let bound = largest_step(level, 1.0);

    let mut endpoint = rig.open_endpoint(RATE);
    endpoint.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    rig.record(&mut endpoint, SECOND / 2);
    let during = rig.take_audio();
    let frames = endpoint.frames();
    assert!(
        f64::from(peak(&frames[RATE as usize / 4..])) > 0.9 * level,
        "it sounds on"
    );
    assert!(step([0, 0], &frames) <= bound, "a click in the endpoint");
    assert!(
        step(*before.last().unwrap(), &during) <= bound,
        "a click in the sink at the hand-over: {} > {bound}",
        step(*before.last().unwrap(), &during)
    );
    assert_eq!(peak(&during[during.len() / 2..]), 0, "two owners");

    endpoint.set_state(&mut rig.client, KSSTATE_STOP).unwrap();
    rig.sleep(SECOND / 2);
    let after = rig.take_audio();
    assert!(f64::from(peak(&after)) > 0.9 * level, "back in the sink");
    assert!(step([0, 0], &after) <= bound, "a click in the sink");
    endpoint.close(&mut rig.client);
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}

/// What a program has open, and what it has heard.
#[derive(Default)]
struct Open {
    filter: Option<Filter<SimClient>>,
    pin: Option<Pin<SimClient>>,
    wave: Option<WavePath<SimClient>>,
    endpoint: Option<Recorder>,
    state: KSSTATE,
    pin_state: KSSTATE,
    /// The last frame in the endpoint, and in the sink since its state last changed.
    last: [i16; 2],
    sink_last: Option<[i16; 2]>,
    key: u8,
}

/// States, closing, notes, removals, in random order. Each stream is checked for steps that no wave and no ramp makes; after each removal
/// the pool must be as before.
fn steps(count: u32, seed: u64) {
    let mut rig = Setup {
        seed,
        ..Setup::default()
    }
    .start();
    let level = rig.pool();
    let mut random = fastrand::Rng::with_seed(seed);
    let mut open = Open::default();
    // Half of full scale; one note follows the other.
    let bound = largest_step(16_384.0, 2.0);
    let (mut heard, mut removals) = ([0usize; 2], 0u32);
    for number in 0..count {
        match random.u32(0..1000) {
            0..200 => set_sink(&mut rig, &mut open, random.i32(0..4)),
            200..450 => set_endpoint(&mut rig, &mut open, random.i32(0..4), random.bool()),
            450..470 => close_endpoint(&mut rig, &mut open),
            470..600 => set_pin(&mut rig, &mut open, random.i32(0..4)),
            600..605 => {
                if let Some(pin) = open.pin.take() {
                    pin.close(&mut rig.client).unwrap();
                    open.pin_state = KSSTATE_STOP;
                }
            }
            605..610 => {
                if let Some(wave) = open.wave.take() {
                    wave.close(&mut rig.client).unwrap();
                    rig.take_audio();
                    open.sink_last = None;
                }
            }
            610..612 => {
                // The program dies, or the device goes under it.
                if random.bool() {
                    rig.surprise_remove();
                }
                open = Open::default();
                rig.kill_client();
                rig.remove();
                rig.take_audio();
                rig.add();
                assert_eq!(rig.pool(), level, "after step {number}");
                removals += 1;
            }
            612..750 => note(&mut rig, &mut open),
            750..752 => rest(&mut rig, &mut open),
            _ => {}
        }
        rig.sleep(random.i64(0..SECOND / 400));
        let sink = rig.take_audio();
        if let Some(first) = sink.first() {
            let worst = step(open.sink_last.unwrap_or(*first), &sink);
            assert!(
                worst <= bound,
                "step {number}: a click of {worst} in the sink, {bound} is possible"
            );
            heard[0] += sink.iter().filter(|f| **f != [0, 0]).count();
            open.sink_last = sink.last().copied();
        }
        if let Some(recorder) = &mut open.endpoint
            && open.state == KSSTATE_RUN
        {
            recorder.take(&mut rig.client);
            let frames = recorder.frames();
            recorder.bytes.clear();
            heard[1] += frames.iter().filter(|f| **f != [0, 0]).count();
            let worst = step(open.last, &frames);
            assert!(
                worst <= bound,
                "step {number}: a click of {worst} in the endpoint, {bound} is possible"
            );
            open.last = *frames.last().unwrap_or(&open.last);
        }
    }
    assert!(
        heard.iter().all(|n| *n > 10_000),
        "only {heard:?} frames sounded"
    );
    assert!(removals > 10, "only {removals} removals");
    drop(open);
    rig.kill_client();
    assert!(rig.machine.driver_object(SERVICE).is_some());
    rig.finish();
}

fn filter(rig: &mut Rig, open: &mut Open) -> Filter<SimClient> {
    let filter = open.filter.get_or_insert_with(|| rig.find_filter().0);
    Filter {
        handle: filter.handle,
    }
}

fn set_sink(rig: &mut Rig, open: &mut Open, state: KSSTATE) {
    let filter = filter(rig, open);
    let wave = open.wave.get_or_insert_with(|| rig.open_wave(&filter));
    wave.set_state(&mut rig.client, state).unwrap();
    rig.take_audio();
    open.sink_last = None;
}

/// While the endpoint runs, nothing reaches the sink.
fn rest(rig: &mut Rig, open: &mut Open) {
    let Some(recorder) = open.endpoint.as_mut().filter(|_| open.state == KSSTATE_RUN) else {
        return;
    };
    rig.record(recorder, SECOND / 10);
    let frames = recorder.frames();
    open.last = *frames.last().unwrap_or(&open.last);
    recorder.bytes.clear();
    rig.take_audio();
    rig.record(recorder, SECOND / 50);
    let frames = recorder.frames();
    open.last = *frames.last().unwrap_or(&open.last);
    recorder.bytes.clear();
    assert_eq!(peak(&rig.take_audio()), 0, "two owners");
    open.sink_last = Some([0, 0]);
}

fn set_endpoint(rig: &mut Rig, open: &mut Open, state: KSSTATE, fast: bool) {
    let recorder = open.endpoint.get_or_insert_with(|| {
        open.state = KSSTATE_STOP;
        let rate = if fast { 48_000 } else { RATE };
        let format = SampleFormat::pcm(rate, 16);
        let mut recorder = Recorder::open(&mut rig.client, format).expect("the endpoint");
        recorder
            .stream
            .allocate(&mut rig.client, rate / 50 * 4)
            .expect("a buffer");
        recorder
    });
    if open.state == KSSTATE_RUN {
        recorder.take(&mut rig.client);
        let frames = recorder.frames();
        open.last = *frames.last().unwrap_or(&open.last);
        recorder.bytes.clear();
    }
    recorder.set_state(&mut rig.client, state).unwrap();
    if state == KSSTATE_STOP {
        open.last = [0, 0];
    }
    open.state = state;
}

fn close_endpoint(rig: &mut Rig, open: &mut Open) {
    if let Some(recorder) = open.endpoint.take() {
        recorder.close(&mut rig.client);
        open.state = KSSTATE_STOP;
        open.last = [0, 0];
    }
}

fn set_pin(rig: &mut Rig, open: &mut Open, state: KSSTATE) {
    if open.pin.is_none() {
        let (filter, pin) = rig.open_pin();
        filter.close(&mut rig.client);
        download_bank(&mut rig.client, pin.handle, &sine());
        open.pin = Some(pin);
    }
    if let Some(pin) = &mut open.pin {
        pin.set_state(&mut rig.client, state).unwrap();
        open.pin_state = state;
    }
}

/// One note after the other.
fn note(rig: &mut Rig, open: &mut Open) {
    // Held events would all sound at once.
    if let Some(pin) = open.pin.as_ref().filter(|_| open.pin_state == KSSTATE_RUN) {
        let key = open.key;
        open.key = 60 + (key + 1) % 12;
        let (off, on) = ([0x80, key, 0], [0x90, open.key, 127]);
        let now = rig.now();
        let mut buffer = conformance::events::EventBuffer::new(now);
        buffer.push(now, 1, &off);
        buffer.push(now, 1, &on);
        let _ =
            conformance::events::write(&mut rig.client, pin.handle, buffer.start(), buffer.bytes());
    }
}

/// The sink that gets the output back is in the middle of its stream: stamps are heard where they are due there.
fn stamps(feed: u32) {
    let mut rig = Setup {
        exact: true,
        parameters: vec![("WaveSinkFeed", feed)],
        ..Setup::default()
    }
    .start();
    let (filter, pin, wave) = rig.running(&arioso_bank::test_banks::impulse(RATE));
    let mut endpoint = rig.open_endpoint(RATE);
    let mut sink: Vec<[i16; 2]> = Vec::new();
    let mut off = Vec::new();
    for _ in 0..4 {
        rig.sleep(SECOND / 3);
        endpoint.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
        rig.sleep(SECOND / 3);
        endpoint.set_state(&mut rig.client, KSSTATE_STOP).unwrap();
        rig.sleep(SECOND / 3);
        sink.extend(rig.take_audio());
        let before = sink.len();
        let due = rig.now() + SECOND / 10 - rig.device_start();
        rig.play(&pin, &[(SECOND / 10, &[0x90, 60, 127])]);
        rig.sleep(SECOND / 3);
        sink.extend(rig.take_audio());
        let heard = sink[before..].iter().position(|f| *f != [0, 0]);
        let heard = before + heard.expect("an impulse");
        off.push(heard as i64 - due * i64::from(RATE) / SECOND);
    }
    assert!(off.iter().all(|off| off.abs() <= 2), "{off:?} frames off");
    endpoint.close(&mut rig.client);
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}

/// A note and a program that were due before the wave pin ran, and before the idle timer came: history, not a chord.
fn missed() {
    let mut rig = Setup::default().start();
    let (filter, mut pin, mut wave) = rig.open();
    download_bank(&mut rig.client, pin.handle, &sine());
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    rig.sleep(2 * SECOND);
    let early = SECOND / 200;
    rig.play(&pin, &[(early, &[0x90, 60, 127]), (early, &[0xB0, 7, 30])]);
    // The timer waits for 50 ms at least.
    rig.sleep(SECOND / 50);
    wave.run(&mut rig.client).unwrap();
    rig.sleep(SECOND / 2);
    assert_eq!(peak(&rig.take_audio()), 0, "a note of the past");
    rig.play(&pin, &[(SECOND / 10, &[0x90, 60, 127])]);
    rig.sleep(SECOND / 2);
    let quiet = peak(&rig.take_audio());
    rig.play(&pin, &[(SECOND / 10, &[0xB0, 7, 127])]);
    rig.sleep(SECOND / 2);
    let loud = peak(&rig.take_audio());
    assert!(quiet > 100 && loud > 4 * quiet, "{quiet}, {loud}");
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}

/// What is queued when the wave pin leaves RUN goes back as it becomes due.
fn queued() {
    let mut rig = Setup::default().start();
    let (filter, pin, mut wave) = rig.running(&sine());
    let level = rig.pool();
    let later: Vec<(i64, &[u8])> = (0..100)
        .map(|n| (2 * SECOND + n * SECOND / 100, &[0xC0u8, 0][..]))
        .collect();
    for round in 1..4u64 {
        rig.play(&pin, &later);
        rig.sleep(SECOND / 2);
        wave.set_state(&mut rig.client, KSSTATE_STOP).unwrap();
        rig.sleep(5 * SECOND);
        let counted = statistics(&mut rig.client, pin.handle).unwrap();
        assert_eq!((counted.Events, counted.Late), (100 * round, 0));
        assert!(rig.pool() <= level);
        wave.run(&mut rig.client).unwrap();
    }
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}

/// Read in RUN, at the way to STOP and back, with every owner.
fn latency() {
    let mut rig = Setup::default().start();
    let (filter, pin, mut wave) = rig.running(&sine());
    let mut endpoint = rig.open_endpoint(RATE);
    let mut before = 0;
    let mut read = |rig: &mut Rig, at: &str| {
        let told = latency_clock(&mut rig.client, pin.handle).unwrap();
        let now = rig.now();
        assert!(told >= before, "{at}: {} back", before - told);
        assert!(told < now + SECOND / 5, "{at}: {} ahead", told - now);
        before = told;
    };
    for round in 0..20 {
        for (state, at) in [(KSSTATE_STOP, "STOP"), (KSSTATE_RUN, "RUN")] {
            rig.sleep(SECOND / 10 + round * SECOND / 700);
            read(&mut rig, "before");
            wave.set_state(&mut rig.client, state).unwrap();
            read(&mut rig, at);
            endpoint.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
            read(&mut rig, "with the endpoint");
            rig.sleep(SECOND / 100);
            read(&mut rig, "in the endpoint");
            endpoint.set_state(&mut rig.client, KSSTATE_STOP).unwrap();
            read(&mut rig, "without the endpoint");
        }
    }
    endpoint.close(&mut rig.client);
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}

/// The port's clock is the master, wherever it stands against the performance counter: notes come at its times, and latency is told in it.
fn master() {
    const AHEAD: i64 = 7 * SECOND;
    let mut rig = Setup {
        clock_ahead: AHEAD,
        ..Setup::default()
    }
    .start();
    let (filter, pin, wave) = rig.running(&arioso_bank::test_banks::dc(RATE));
    rig.sleep(SECOND / 2);
    let now = master_clock(&mut rig.client, filter.handle).expect("the master clock");
    assert!((now - rig.now() - AHEAD).abs() < SECOND / 1000);
    let latency = latency_clock(&mut rig.client, pin.handle).expect("the latency clock");
    assert!(
        (0..SECOND / 10).contains(&(latency - now)),
        "latency {} of {now}",
        latency - now
    );
    rig.take_audio();
    let mut buffer = EventBuffer::new(now);
    buffer.push(now + SECOND / 5, 1, &[0x90, 60, 127]);
    rig.write(&pin, &buffer);
    rig.sleep(SECOND / 2);
    let audio = rig.take_audio();
    let first = audio
        .iter()
        .position(|frame| frame[0] != 0)
        .expect("the note sounds");
    let expected = RATE as usize / 5;
    assert!(
        first.abs_diff(expected) < RATE as usize / 20,
        "frame {first} instead of {expected}"
    );
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}

/// What the parameters tell as the rate: the wave pin's from its opening on, before it runs too; the endpoint's while that runs.
fn rates() {
    let mut rig = Setup::default().start();
    let (filter, pin) = rig.open_pin();
    let rate = |rig: &mut Rig| {
        let told = port_parameters(&mut rig.client, pin.handle, SYNTH_PORTPARAMS::default());
        told.unwrap().SampleRate
    };
    assert_eq!(rate(&mut rig), 44_100, "nobody says another");
    let id = wave_pin(&mut rig.client, &filter);
    for own in [22_050, 44_100] {
        let mut wave = WavePath::open(&mut rig.client, &filter, id, own).expect("the wave path");
        assert_eq!(rate(&mut rig), own, "open");
        for state in [KSSTATE_RUN, KSSTATE_STOP] {
            wave.set_state(&mut rig.client, state).unwrap();
            rig.sleep(SECOND / 10);
            assert_eq!(rate(&mut rig), own, "state {state}");
        }
        let mut endpoint = rig.open_endpoint(48_000);
        assert_eq!(rate(&mut rig), own);
        endpoint.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
        assert_eq!(rate(&mut rig), 48_000, "the endpoint runs");
        endpoint.close(&mut rig.client);
        assert_eq!(rate(&mut rig), own);
        wave.close(&mut rig.client).unwrap();
        assert_eq!(rate(&mut rig), 44_100, "closed");
    }
    rig.close(filter, [pin], None);
    rig.finish();
}

/// The wave sink, which runs too, tells the clock of its device. The endpoint renders: a stamp is its own time all the same.
fn own_clock(drift_ppm: f64) {
    let mut rig = Setup {
        exact: true,
        drift_ppm,
        ..Setup::default()
    }
    .start();
    let (filter, pin, wave) = rig.running(&arioso_bank::test_banks::impulse(RATE));
    // The device is at another frame than the endpoint.
    rig.sleep(3 * SECOND);
    let mut endpoint = rig.open_endpoint(RATE);
    let started = rig.now();
    endpoint.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let mut due = Vec::new();
    for _ in 0..40 {
        rig.play(&pin, &[(SECOND / 20, &[0x90, 60, 127])]);
        due.push((rig.now() - started + SECOND / 20) * i64::from(RATE) / SECOND);
        rig.record(&mut endpoint, SECOND / 10);
    }
    let heard: Vec<i64> = (0i64..)
        .zip(endpoint.frames())
        .filter(|(_, frame)| *frame != [0, 0])
        .map(|(n, _)| n)
        .collect();
    let off: Vec<i64> = heard.iter().zip(&due).map(|(h, d)| h - d).collect();
    assert_eq!(heard.len(), due.len(), "an impulse is one frame");
    assert!(
        off.iter().all(|off| off.abs() <= i64::from(RATE) / 200),
        "frames off: {off:?}"
    );
    endpoint.close(&mut rig.client);
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}

fn wave_pin(client: &mut SimClient, filter: &Filter<SimClient>) -> u32 {
    let pins = filter.pins(client).expect("pins");
    pins.iter()
        .find(|pin| is_wave_output(pin))
        .expect("a wave pin")
        .id
}

/// The wave pin runs, and its consumer does not: what comes due meanwhile is history, not a chord; what comes behind it is heard.
fn still() {
    let mut rig = Setup::default().start();
    let (filter, mut pin, mut wave) = rig.open();
    download_bank(
        &mut rig.client,
        pin.handle,
        &arioso_bank::test_banks::dc(RATE),
    );
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    wave.source.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    rig.sleep(2 * SECOND);
    rig.play(&pin, &[(SECOND / 10, &[0x90, 60, 127])]);
    rig.sleep(4 * SECOND);
    let counted = statistics(&mut rig.client, pin.handle).unwrap();
    assert_eq!((counted.Events, counted.Voices), (1, 0));
    wave.sink.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    rig.sleep(SECOND / 2);
    assert_eq!(peak(&rig.take_audio()), 0, "history is heard");
    rig.play(&pin, &[(SECOND / 10, &[0x90, 62, 127])]);
    rig.sleep(SECOND / 2);
    assert!(peak(&rig.take_audio()) > 1000, "nothing is heard any more");
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}

/// They wait as long as the pin is in PAUSE, and act when it runs.
fn paused() {
    let mut rig = Setup::default().start();
    let (filter, mut pin) = rig.open_pin();
    pin.set_state(&mut rig.client, KSSTATE_PAUSE).unwrap();
    rig.play(&pin, &[(SECOND / 10, &[0xC0, 1]), (SECOND / 5, &[0xC0, 2])]);
    rig.sleep(5 * SECOND);
    let events = |rig: &mut Rig| statistics(&mut rig.client, pin.handle).unwrap().Events;
    assert_eq!(events(&mut rig), 0);
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    rig.sleep(5 * SECOND);
    assert_eq!(statistics(&mut rig.client, pin.handle).unwrap().Events, 2);
    rig.close(filter, [pin], None);
    rig.finish();
}

/// Bit for bit, whoever renders; the timer that renders ahead runs as long as the wave pin.
fn dithered() {
    let mut rig = Setup {
        exact: true,
        parameters: vec![("Dither", 1)],
        blocks: Blocks::Random {
            least: 100,
            most: 3000,
            seed: 5,
        },
        ..Setup::default()
    }
    .start();
    let mut of = |feed| {
        registry::set(PARAMETERS, "WaveSinkFeed", Value::dword(feed));
        rig.remove();
        rig.add();
        let (filter, pin, mut wave) = rig.running(&sine());
        assert_eq!(rig.machine.sharp_timers(), feed as usize);
        let due = rig.device_start() + SECOND / 2;
        let mut buffer = EventBuffer::new(due);
        buffer.push(due, 1, &[0x90, 60, 127]);
        rig.write(&pin, &buffer);
        rig.sleep(2 * SECOND);
        let frames = rig.take_audio();
        // A millisecond each, 44 frames, a little ahead of what was heard.
        let slices = statistics(&mut rig.client, pin.handle).unwrap().Slices;
        let heard = frames.len() as u64 / 44 * u64::from(feed);
        assert!((heard..=heard + 200).contains(&slices), "{slices}, {heard}");
        wave.set_state(&mut rig.client, KSSTATE_STOP).unwrap();
        assert_eq!(rig.machine.sharp_timers(), 0);
        rig.close(filter, [pin], Some(wave));
        let first = frames.iter().position(|f| f[0].abs() > 100).unwrap();
        frames[first - 1000..][..RATE as usize].to_vec()
    };
    let [plain, ahead] = [0, 1].map(&mut of);
    let differs = plain.iter().zip(&ahead).position(|(a, b)| a != b);
    assert_eq!(differs, None);
    registry::remove(PARAMETERS, "WaveSinkFeed");
    rig.finish();
}

/// Whoever finds no room executes them, and does not wait for the owner.
fn commands() {
    let mut rig = Setup {
        exact: true,
        ..Setup::default()
    }
    .start();
    let (filter, pin, wave) = rig.running(&sine());
    rig.play(&pin, &[(SECOND / 10, &[0x90, 60, 127])]);
    rig.sleep(SECOND / 2);
    let loud = peak(&rig.take_audio());
    let started = rig.now();
    for step in 0..5000 {
        set_volume(&mut rig.client, pin.handle, -(step % 100)).unwrap();
    }
    set_volume(&mut rig.client, pin.handle, -2000).unwrap();
    assert!(rig.now() - started < 10, "{}", rig.now() - started);
    rig.sleep(SECOND / 10);
    rig.take_audio();
    rig.sleep(SECOND / 10);
    let soft = peak(&rig.take_audio());
    assert!(soft > 0 && soft < loud / 8, "{soft} of {loud}");
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}

/// Closing executes what the owner has not yet, and is held up at each of its calls in turn for a tenth of a second. The wave sink waits
/// for a while, then goes on without the slices, which are counted.
fn starved() {
    const MILLISECOND: i64 = SECOND / 1000;
    let mut rig = Setup {
        parameters: vec![("WaveSinkFeed", 1)],
        ..Setup::default()
    }
    .start();
    let (filter, pin, wave) = rig.running(&sine());
    let skipped = |rig: &mut Rig| {
        statistics(&mut rig.client, pin.handle)
            .unwrap()
            .SkippedSlices
    };
    let mut longest = 0;
    let mut held = 0;
    loop {
        let program = rig.machine.program("program", move |client| {
            let synth = filter::subdevice(client, "synth").expect("the synthesizer");
            let pin = synth.direct_music_pin(client, 0).expect("a pin");
            client.sleep(SECOND / 50);
            pin.close(client).expect("it closes");
            synth.close(client);
        });
        rig.sleep(SECOND / 100);
        let before = skipped(&mut rig);
        rig.machine.hold("program", held, 100 * MILLISECOND);
        rig.machine.finish(&[program]);
        let came = rig.machine.held();
        rig.sleep(SECOND / 10);
        longest = longest.max(skipped(&mut rig) - before);
        if !came {
            break;
        }
        held += 1;
    }
    assert!(
        (5..=60).contains(&longest),
        "{longest} slices in {held} calls"
    );
    rig.close(filter, [pin], Some(wave));
    rig.finish();
}

/// Streams are set to RUN while removal is held up at every fifth of its calls in turn: nobody renders when it is through.
fn run_while_removed() {
    let mut rig = Setup {
        strict: true,
        ..Setup::default()
    }
    .start();
    let program = |client: &mut SimClient| {
        let synth = filter::subdevice(client, "synth").expect("the synthesizer");
        let pins = synth.pins(client).expect("pins");
        let wave = pins.iter().find(|pin| is_wave_output(pin));
        let wave = wave.expect("a wave pin").id;
        let mut path = WavePath::open(client, &synth, wave, RATE).expect("the wave path");
        path.set_state(client, KSSTATE_PAUSE).expect("it waits");
        let format = SampleFormat::pcm(RATE, 16);
        let mut endpoint = Recorder::open(client, format).expect("the endpoint");
        endpoint.stream.allocate(client, 40_000).expect("a buffer");
        endpoint.set_state(client, KSSTATE_PAUSE).expect("it waits");
        // Removal has begun. It may have ended too: then the state is not the driver's any more.
        client.sleep(SECOND / 50);
        let _ = path.source.set_state(client, KSSTATE_RUN);
        let _ = endpoint.set_state(client, KSSTATE_RUN);
        client.sleep(SECOND);
    };
    let held = rig.hold_up_removal(5, program, |rig, held| {
        rig.sleep(SECOND / 10);
        assert_eq!(rig.machine.sharp_timers(), 0, "held up at call {held}");
    });
    assert!(held >= 50, "removal was held up at {held} calls");
    rig.finish();
}
