// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who renders: the endpoint, the wave sink or nobody, in any order, and nobody hears a click.

use crate::Scenario;
use crate::endpoint::Recorder;
use crate::rig::{RATE, Rig, SECOND, SERVICE, Setup, download_bank};
use arioso_core::ks::ks::{KSSTATE, KSSTATE_RUN, KSSTATE_STOP};
use conformance::connect::SampleFormat;
use conformance::filter::{Filter, Pin};
use conformance::wave::WavePath;
use simkernel::client::SimClient;

pub const SCENARIOS: &[Scenario] = &[
    ("owner: the endpoint wins, and hands back", hand_over),
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
fn hand_over() {
    let mut rig = Setup::default().start();
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
