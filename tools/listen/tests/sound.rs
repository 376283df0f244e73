// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the engine does to sound, in virtual time, against what the source played.

mod shared;

use arioso_listen::{Format, SampleType, Sink, Source, engine};
use rustfft::FftPlanner;
use rustfft::num_complex::Complex;
use shared::{Device, Random, Running};
use std::f64::consts::TAU;

/// One device, and what its samples are.
fn format(rate: u32) -> Format {
    Format {
        rate,
        channels: 2,
        sample: SampleType::F32,
    }
}

/// The source's frame of a number, both channels alike.
type Wave = fn(f64) -> f64;

/// Two devices and the engine between them.
struct Rig {
    random: Random,
    wave: Wave,
    source: Source,
    sink: Sink,
    from: Option<Running>,
    to: Option<Running>,
    /// Frames that the source device has had, delivered or not.
    position: u64,
    /// The left channel of what was played, and when its call came.
    played: Vec<f32>,
    calls: Vec<(f64, usize)>,
    /// Without a loudspeaker the program looks for one this often.
    looked: f64,
}

impl Rig {
    fn new(from: Device, to: Device, wave: Wave, seed: u64) -> Self {
        let mut random = Random(seed);
        let (source, sink) = engine(
            (format(from.rate), from.period),
            (format(to.rate), to.period),
        )
        .unwrap();
        Self {
            from: Some(from.start(&mut random)),
            to: Some(to.start(&mut random)),
            random,
            wave,
            source,
            sink,
            position: 0,
            played: Vec::new(),
            calls: Vec::new(),
            looked: 0.0,
        }
    }

    fn run_to(&mut self, end: f64) {
        loop {
            let next = |side: &Option<Running>| side.as_ref().map_or(f64::MAX, |side| side.next);
            let looks = if self.to.is_none() {
                self.looked + 0.02
            } else {
                f64::MAX
            };
            let (from, to) = (next(&self.from), next(&self.to));
            let time = from.min(to).min(looks);
            if time > end {
                return;
            }
            if from <= to.min(looks) {
                let Some(device) = &mut self.from else { return };
                let rate = f64::from(device.device.rate);
                let frames = u64::from(device.device.period);
                let mut bytes = Vec::new();
                for frame in self.position..self.position + frames {
                    let value = (self.wave)(frame as f64 / rate) as f32;
                    bytes.extend_from_slice(&value.to_le_bytes());
                    bytes.extend_from_slice(&value.to_le_bytes());
                }
                self.position += frames;
                self.source.push(time, &bytes);
                device.step(&mut self.random);
            } else if to <= looks {
                let Some(device) = &mut self.to else { return };
                let mut bytes = vec![0xFF; device.device.period as usize * 8];
                self.sink.pull(time, &mut bytes);
                self.calls.push((time, self.played.len()));
                let (samples, _) = bytes.as_chunks();
                let left = samples
                    .iter()
                    .step_by(2)
                    .map(|bytes| f32::from_le_bytes(*bytes));
                self.played.extend(left);
                device.step(&mut self.random);
            } else {
                self.looked = time;
                self.sink.idle(time);
            }
        }
    }

    fn glitches(&self) -> u64 {
        self.sink.meter().read().glitches
    }
}

fn device(rate: u32, period: u32, ppm: f64) -> Device {
    Device {
        rate,
        period,
        ppm,
        jitter: 5e-3,
    }
}

/// Of a sine at about `hertz`, dB: everything but the sine, over all of it. The sine is what lies within 20 Hz.
fn thd_n(samples: &[f32], rate: f64, hertz: f64) -> f64 {
    let count = samples.len();
    // Blackman-Harris of four terms: -92 dB, squared off by the width of what is left out.
    let window = |n: usize| {
        let x = TAU * n as f64 / count as f64;
        0.35875 - 0.48829 * x.cos() + 0.14128 * (2.0 * x).cos() - 0.01168 * (3.0 * x).cos()
    };
    let mut spectrum: Vec<Complex<f64>> = samples
        .iter()
        .enumerate()
        .map(|(n, sample)| Complex::new(f64::from(*sample) * window(n), 0.0))
        .collect();
    FftPlanner::new()
        .plan_fft_forward(count)
        .process(&mut spectrum);
    let (mut sine, mut rest) = (0.0, 0.0);
    for (bin, value) in spectrum[..count / 2].iter().enumerate() {
        let frequency = bin as f64 * rate / count as f64;
        if (frequency - hertz).abs() < 20.0 {
            sine += value.norm_sqr();
        } else if frequency > 20.0 && frequency < 20_000.0 {
            rest += value.norm_sqr();
        }
    }
    10.0 * (rest / sine).log10()
}

fn sine(time: f64) -> f64 {
    0.5 * (TAU * 1000.0 * time).sin()
}

#[test]
fn the_measure_is_right() {
    // A harmonic at -80 dB.
    let distorted: Vec<f32> = (0..65_536)
        .map(|n| {
            let x = f64::from(n) / 48_000.0;
            (0.5 * (TAU * 1000.0 * x).sin() + 0.5e-4 * (TAU * 3000.0 * x).sin()) as f32
        })
        .collect();
    assert!((thd_n(&distorted, 48_000.0, 1000.0) + 80.0).abs() < 0.1);
}

#[test]
fn a_sine_stays_one_while_the_ratio_moves() {
    let cases = [
        (48_000, 480, 48_000, 480),
        (44_100, 441, 48_000, 480),
        (48_000, 144, 44_100, 441),
        (48_000, 480, 96_000, 960),
    ];
    for (rate, period, to, takes) in cases {
        let mut rig = Rig::new(
            device(rate, period, 500.0),
            device(to, takes, -500.0),
            sine,
            5,
        );
        rig.run_to(40.0);
        assert_eq!(rig.glitches(), 0);
        // From where the controller still works hard to where it is calm.
        for second in [2, 5, 8, 20, 37] {
            let at = second * to as usize;
            let part = &rig.played[at..at + 65_536];
            let thd_n = thd_n(part, f64::from(to), 1000.0);
            println!("{rate} to {to} Hz, second {second}: THD+N {thd_n:.1} dB");
            assert!(second < 5 || thd_n <= -90.0);
        }
        let peak = rig.played[2 * to as usize..]
            .iter()
            .fold(0f32, |a, b| a.max(*b));
        assert!((20.0 * (peak / 0.5).log10()).abs() < 0.01, "{peak}");
    }
}

/// So slow that its value tells the time: a quarter of a turn in 100 s.
fn ramp(time: f64) -> f64 {
    0.01 + time / 100.0
}

/// Frames around silence that are not the ramp: the filter's ringing before it, the filter's and the fade behind it.
const RINGS: usize = 70;
const FADES: usize = 170;

impl Rig {
    /// What the loudspeaker played: source time of each frame, nothing where it is silent or begins or ends.
    fn times(&self) -> Vec<Option<f64>> {
        let mut times: Vec<Option<f64>> = self
            .played
            .iter()
            .map(|sample| Some((f64::from(*sample) - 0.01) * 100.0))
            .collect();
        for (at, _) in self
            .played
            .iter()
            .enumerate()
            .filter(|(_, sample)| **sample == 0.0)
        {
            let end = (at + FADES).min(times.len());
            times[at.saturating_sub(RINGS)..end].fill(None);
        }
        times
    }

    /// From `frame` on: the first frame that has a source time, the time, and seconds from the loudspeaker's first call behind `after` to
    /// its first sound.
    fn begin(&self, frame: usize, after: f64) -> (usize, f64, f64) {
        let times = self.times();
        let (first, time) = (frame..)
            .zip(&times[frame..])
            .find_map(|(at, time)| Some((at, (*time)?)))
            .unwrap();
        let sound = first - (FADES - 1);
        let call = self
            .calls
            .iter()
            .rev()
            .find(|call| call.1 <= sound)
            .unwrap();
        let rate = f64::from(self.to.as_ref().unwrap().device.rate);
        (first, time, call.0 + (sound - call.1) as f64 / rate - after)
    }

    /// From `frame` on there is no hole, and a millisecond is one.
    fn is_whole(&self, frame: usize) -> bool {
        let rate = self.to.as_ref().unwrap().device.rate;
        let step = rate as usize / 100;
        let times = self.times();
        times[frame..].windows(step + 1).all(|part| {
            let (Some(first), Some(last)) = (part[0], part[step]) else {
                return false;
            };
            (last - first - 0.01).abs() < 0.15e-3
        })
    }
}

#[test]
fn another_loudspeaker_loses_what_the_time_without_one_lasts() {
    for (name, next) in [
        ("the same", device(48_000, 480, -300.0)),
        ("another rate", device(44_100, 441, 200.0)),
        ("a short period", device(48_000, 144, 0.0)),
    ] {
        for away in [0.0, 0.03, 0.6, 5.0] {
            let mut rig = Rig::new(
                device(48_000, 480, 300.0),
                device(48_000, 480, -300.0),
                ramp,
                11,
            );
            rig.run_to(10.0);
            let before = rig.played.len();
            let source_before = rig.times()[before - 1].unwrap();
            let at = 10.0 + away;
            rig.to = None;
            rig.looked = 10.0;
            rig.run_to(at);
            rig.sink.opened(format(next.rate), next.period).unwrap();
            rig.to = Some(next.start_at(at, &mut rig.random));
            rig.run_to(at + 3.0);
            let (first, time, begin) = rig.begin(before, at);
            // Between the last frame before and the first behind lies as much of the source as time has gone by at the loudspeaker: its
            // absence, and the wait for its first sound. More is what the two loudspeakers' periods and jitter differ by.
            let fade = FADES as f64 / f64::from(next.rate);
            let (lost, without) = (time - source_before - fade, away + begin);
            println!(
                "{name}, {away} s without: on again after {:.1} ms, {:.1} ms of the source left out in {:.1} ms",
                begin * 1e3,
                lost * 1e3,
                without * 1e3
            );
            assert!(begin <= 0.3, "{name}");
            assert!(lost >= -1e-3, "{name}: doubled");
            assert!(lost <= without + 0.012, "{name}: lost");
            assert!(rig.is_whole(first), "{name}: a hole");
            assert_eq!(rig.glitches(), 0, "{name}");
        }
    }
}

#[test]
fn a_source_that_goes_and_comes_is_played_to_its_end_and_from_its_beginning() {
    for away in [0.4, 3.0] {
        let mut rig = Rig::new(
            device(48_000, 480, 300.0),
            device(48_000, 480, -300.0),
            ramp,
            23,
        );
        rig.run_to(10.0);
        let delivered = rig.position as f64 / 48_000.0;
        let device = rig.from.take().unwrap().device;
        rig.run_to(10.0 + away);
        // Without a source there is none to be behind.
        assert!(rig.sink.meter().read().latency_ms < 1.0);
        let silent = rig.played.len();
        let at = rig.times().iter().rposition(Option::is_some).unwrap();
        let end = rig.times()[at].unwrap() + RINGS as f64 / 48_000.0;
        rig.source.opened(format(48_000), 480);
        rig.from = Some(device.start_at(10.0 + away, &mut rig.random));
        rig.run_to(14.0 + away);
        let (first, time, begin) = rig.begin(silent, 10.0 + away);
        let start = time - FADES as f64 / 48_000.0;
        println!(
            "{away} s without a source: played to {:.2} ms before its end, from {:.2} ms behind its beginning, on again after {:.1} ms",
            (delivered - end) * 1e3,
            (start - delivered) * 1e3,
            begin * 1e3
        );
        assert!((delivered - end).abs() < 1e-3);
        assert!((start - delivered).abs() < 1e-3);
        assert!(begin <= 0.3);
        assert!(rig.is_whole(first));
    }
}

/// Devices that call too seldom in their first second, as some do, leave no wrong delay.
#[test]
fn a_slow_beginning_leaves_nothing() {
    let run = |slow: f64| {
        let (from, to) = (device(48_000, 480, 100.0), device(48_000, 480, -100.0));
        let mut rig = Rig::new(from, to, ramp, 17);
        let pace = |rig: &mut Rig, slow: f64| {
            for side in [&mut rig.from, &mut rig.to].into_iter().flatten() {
                side.device.ppm = (slow - 1.0) * 1e6;
            }
        };
        pace(&mut rig, slow);
        rig.run_to(1.2);
        pace(&mut rig, 1.0);
        rig.run_to(2.9);
        rig.sink.meter().read().latency_ms
    };
    let (usual, slow) = (run(1.0), run(0.65));
    println!("{slow:.1} ms after a slow beginning, {usual:.1} ms after another");
    assert!((slow - usual).abs() < 3.0);
}

/// Twenty seconds of silence, then the ramp.
fn late_ramp(time: f64) -> f64 {
    if time < 20.0 { 0.0 } else { ramp(time) }
}

/// A device's calls come 30 ms later or earlier from then on: in silence the delay follows at once, and the sound that begins afterwards is
/// whole and in tune from its first second on.
#[test]
fn silence_is_used_to_set_the_delay_right() {
    for step in [30e-3, -30e-3] {
        let (from, to) = (device(48_000, 480, 100.0), device(48_000, 480, -100.0));
        let mut rig = Rig::new(from, to, late_ramp, 19);
        rig.run_to(10.0);
        let usual = rig.sink.meter().read().latency_ms;
        if let Some(from) = &mut rig.from {
            from.due += step;
            from.next += step;
        }
        rig.run_to(19.9);
        let before = rig.sink.meter().read();
        rig.run_to(25.0);
        let times = rig.times();
        let first = times.iter().position(Option::is_some).unwrap();
        let time = |at: usize| times[first + at].unwrap();
        // Both devices' drift is in it.
        let off = ((time(48_000) - time(0)) / 1.0 - 1.0) * 1e6;
        println!(
            "{:+} ms: {:.1} ms instead of {usual:.1}, the first second is {off:+.0} ppm off",
            step * 1e3,
            before.latency_ms
        );
        // What a call was late by is in it for ten minutes.
        assert!(before.latency_ms < usual + 31.0);
        assert!(off.abs() < 700.0);
        assert!(rig.is_whole(first));
        assert!(time(0) < 20.0 + FADES as f64 / 48_000.0);
        assert_eq!(rig.glitches(), before.glitches);
    }
}

#[test]
fn sleep_is_followed_by_sound_without_waiting() {
    // Both devices stand still for an hour, and the clock has gone on.
    let mut rig = Rig::new(
        device(48_000, 480, 300.0),
        device(48_000, 480, -300.0),
        ramp,
        31,
    );
    rig.run_to(10.0);
    let (from, to) = (rig.from.take().unwrap(), rig.to.take().unwrap());
    let before = rig.played.len();
    let source_before = rig.times()[before - 1].unwrap();
    rig.from = Some(from.device.start_at(3610.0, &mut rig.random));
    rig.to = Some(to.device.start_at(3610.0, &mut rig.random));
    rig.run_to(3613.0);
    let (first, time, begin) = rig.begin(before, 3610.0);
    let left_out = time - source_before - FADES as f64 / 48_000.0;
    println!(
        "after sleep: on again after {:.1} ms, {:.1} ms left out",
        begin * 1e3,
        left_out * 1e3
    );
    assert!(begin <= 0.3);
    assert!(left_out > -1e-3 && left_out < begin + 0.012);
    assert!(rig.is_whole(first));
}

#[test]
fn a_late_source_is_delayed_not_cut() {
    // One call comes late, those behind it at once.
    for late in [0.02, 0.08] {
        let mut rig = Rig::new(device(48_000, 480, 0.0), device(48_000, 480, 0.0), ramp, 41);
        rig.run_to(5.0);
        if let Some(from) = &mut rig.from {
            from.next += late;
        }
        rig.run_to(9.0);
        let glitches = rig.glitches();
        println!("{late} s late: {glitches} glitches");
        assert!(glitches > 0);
        // Every ten milliseconds of the source are played, but what the fade and the ringing hide.
        let times: Vec<f64> = rig.times().into_iter().flatten().collect();
        let hidden = (glitches as usize + 1) * (FADES + RINGS);
        for pair in times.windows(2) {
            assert!(pair[1] > pair[0] - 1e-3, "{pair:?}");
            assert!(pair[1] - pair[0] < hidden as f64 / 48_000.0, "{pair:?}");
        }
    }
}
