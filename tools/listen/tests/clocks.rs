// SPDX-License-Identifier: MIT OR Apache-2.0
//! Days between two devices, in virtual time: the controller as it is, with counts of frames for sound.

mod shared;

use arioso_listen::controller::{Controller, Plan};
use arioso_listen::resampler::Resampler;
use shared::{Device, Random};

/// What a run showed.
#[derive(Debug, Default)]
struct Day {
    /// Underruns and cuts after the first second.
    glitches: u64,
    /// Longest and mean time of a frame in the ring and the filter, over any second after the first, ms.
    longest_ms: f64,
    mean_ms: f64,
    drift_ppm: f64,
    /// Largest change of the speed from a call to the next after the first minute, and its range after ten, ppm.
    wander_ppm: f64,
}

/// Frames between two devices for so many seconds.
fn run(source: Device, sink: Device, seconds: f64, seed: u64) -> Day {
    let mut random = Random(seed);
    let (mut source, mut sink) = (source.start(&mut random), sink.start(&mut random));
    let mut controller = Controller::new(
        (source.device.rate, source.device.period),
        (sink.device.rate, sink.device.period),
        Resampler::LOOKAHEAD,
    );
    let mut day = Day::default();
    let mut early = 0;
    let (mut ring, mut position, mut taken) = (0u64, 0f64, 0u64);
    let nominal = f64::from(source.device.rate) / f64::from(sink.device.rate);
    // Frames times seconds of a second, for the mean fill.
    let (mut area, mut since, mut second) = (0f64, 0f64, 1f64);
    let (mut sum, mut spans) = (0f64, 0u64);
    let (mut slowest, mut fastest) = (f64::MAX, f64::MIN);
    loop {
        let time = source.next.min(sink.next);
        if time > seconds {
            break;
        }
        area += ring as f64 * (time - since);
        since = time;
        if time > second {
            let ms =
                (area / f64::from(source.device.rate) + Resampler::delay(source.device.rate)) * 1e3;
            if second > 1.5 {
                day.longest_ms = day.longest_ms.max(ms);
                sum += ms;
                spans += 1;
            } else {
                let counts = controller.counts();
                early = counts.underruns + counts.cuts;
            }
            area = 0.0;
            second += 1.0;
        }
        if source.next <= sink.next {
            let frames = u64::from(source.device.period);
            ring += frames;
            controller.delivered(time, frames);
            source.step(&mut random);
            continue;
        }
        let frames = sink.device.period as usize;
        if let Plan::Play {
            skip,
            silent,
            speed,
            first,
        } = controller.plan(time, frames, |_| false)
        {
            assert!(skip <= ring);
            ring -= skip;
            if first {
                position = f64::from(Resampler::LOOKAHEAD);
                taken = 0;
            }
            position += (frames - silent) as f64 * nominal * speed;
            let needed = position.ceil() as u64 - taken;
            let there = needed.min(ring);
            taken += needed;
            ring -= there;
            controller.done(time, skip + there, needed - there);
            if time > 600.0 {
                slowest = slowest.min(speed);
                fastest = fastest.max(speed);
            }
        }
        sink.step(&mut random);
    }
    let counts = controller.counts();
    day.glitches = counts.underruns + counts.cuts - early;
    day.mean_ms = sum / spans.max(1) as f64;
    day.drift_ppm = controller.drift_ppm();
    day.wander_ppm = (fastest - slowest) * 1e6;
    assert_eq!(counts.starts, 1);
    day
}

/// Frames of a call, and per second.
type Rates = (u32, u32);

/// Names, the source, the loudspeaker, jitter in ms.
const PAIRS: [(&str, Rates, Rates, f64); 6] = [
    ("10 ms on both sides", (480, 48_000), (480, 48_000), 5.0),
    (
        "44.1 kHz to 48 kHz, 10 ms",
        (441, 44_100),
        (480, 48_000),
        5.0,
    ),
    ("10 ms to 3 ms", (480, 48_000), (144, 48_000), 5.0),
    ("3 ms to 10 ms, 96 kHz", (144, 48_000), (960, 96_000), 5.0),
    ("2.67 ms on both sides", (128, 48_000), (128, 48_000), 2.0),
    ("10 ms without jitter", (480, 48_000), (480, 48_000), 0.0),
];

#[test]
fn a_day_at_any_drift_has_no_glitch_and_little_latency() {
    let hours: f64 = std::env::var("ARIOSO_HOURS").map_or(24.0, |hours| hours.parse().unwrap());
    for (number, (name, source, sink, jitter)) in PAIRS.into_iter().enumerate() {
        for (from, to) in [(500.0, -500.0), (-500.0, 500.0), (500.0, 0.0), (3.0, 0.0)] {
            let device = |(period, rate), ppm| Device {
                rate,
                period,
                ppm,
                jitter: jitter * 1e-3,
            };
            // All drifts for an hour, the widest of each pair for the day.
            let length = if from == 500.0 && to == -500.0 {
                hours
            } else {
                hours.min(1.0)
            };
            let day = run(
                device(source, from),
                device(sink, to),
                length * 3600.0,
                number as u64 + 1,
            );
            let periods = |(period, rate): Rates| f64::from(period) / f64::from(rate) * 1e3;
            let allowed = periods(source) + periods(sink) + 3.0;
            println!(
                "{name}, jitter {jitter} ms, {from:+} and {to:+} ppm, {length} h: {} glitches, latency {:.2} ms, at most {:.2} of {allowed:.2} ms, \
                 drift found {:+.1} ppm, speed within {:.0} ppm",
                day.glitches, day.mean_ms, day.longest_ms, day.drift_ppm, day.wander_ppm
            );
            assert_eq!(day.glitches, 0, "{name}");
            assert!(day.longest_ms <= allowed, "{name}");
            let drift = ((1.0 + from * 1e-6) / (1.0 + to * 1e-6) - 1.0) * 1e6;
            assert!((day.drift_ppm - drift).abs() < 20.0, "{name}");
        }
    }
}
