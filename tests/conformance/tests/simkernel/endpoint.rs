// SPDX-License-Identifier: MIT OR Apache-2.0
//! The audio endpoint: what is heard there, when, and in which format.

use crate::Scenario;
use crate::rig::{RATE, Rig, SECOND, Setup, download_bank};
use arioso_core::ks::guid::{KSCATEGORY_CAPTURE, KSDATAFORMAT_SUBTYPE_PCM};
use arioso_core::ks::ks::{KSSTATE, KSSTATE_RUN, KSSTATE_STOP};
use conformance::Error;
use conformance::connect::SampleFormat;
use conformance::filter::Filter;
use conformance::rt_audio::{RtStream, is_capture, samples};
use conformance::synth::statistics;
use simkernel::client::SimClient;

pub const SCENARIOS: &[Scenario] = &[
    ("endpoint: ten thousand notes are in time", latency),
    ("endpoint: a lead of a millisecond", || lead(1)),
    ("endpoint: a lead of ten", || lead(10)),
    ("endpoint: every format says the same", formats),
];

/// 100 ns.
pub const MILLISECOND: i64 = SECOND / 1000;

/// The endpoint's stream, and how far a program has read it.
pub struct Recorder {
    pub filter: Filter<SimClient>,
    pub stream: RtStream<SimClient>,
    at: u32,
    /// All that was read.
    pub bytes: Vec<u8>,
}

impl Recorder {
    /// Opens the endpoint; without a buffer.
    pub fn open(client: &mut SimClient, format: SampleFormat) -> Result<Self, Error> {
        let (filter, id) = Filter::find(client, &KSCATEGORY_CAPTURE, |pin| {
            is_capture(pin, &KSDATAFORMAT_SUBTYPE_PCM)
        })?;
        match RtStream::open(client, &filter, id, format) {
            Ok(stream) => Ok(Self {
                filter,
                stream,
                at: 0,
                bytes: Vec::new(),
            }),
            Err(error) => {
                filter.close(client);
                Err(error)
            }
        }
    }

    pub fn set_state(&mut self, client: &mut SimClient, state: KSSTATE) -> Result<(), Error> {
        if state == KSSTATE_STOP {
            self.at = 0;
        }
        self.stream.set_state(client, state)
    }

    /// Offset in the buffer up to which there is sound.
    pub fn position(&self, client: &mut SimClient) -> u32 {
        let position = self.stream.position(client).expect("a position");
        assert_eq!(position.PlayOffset, position.WriteOffset);
        position.WriteOffset as u32
    }

    /// Reads what has come since the last call: less than a turn of the buffer.
    pub fn take(&mut self, client: &mut SimClient) {
        let (bytes, end) = self.stream.recorded(client, self.at).expect("a position");
        self.bytes.extend(bytes);
        self.at = end;
    }

    /// 16-bit stereo frames that were read.
    pub fn frames(&self) -> Vec<[i16; 2]> {
        let sample = |b: &[u8]| i16::from_le_bytes([b[0], b[1]]);
        self.bytes
            .chunks_exact(4)
            .map(|f| [sample(&f[..2]), sample(&f[2..])])
            .collect()
    }

    pub fn close(self, client: &mut SimClient) {
        self.stream.close(client).expect("the endpoint closes");
        self.filter.close(client);
    }
}

impl Rig {
    /// The endpoint, 16-bit stereo at `rate`, with a buffer of 20 ms in two packets; stopped.
    pub fn open_endpoint(&mut self, rate: u32) -> Recorder {
        self.open_endpoint_of(rate, 20)
    }

    /// The same with a buffer of `milliseconds`. The endpoint writes a quarter of a packet ahead at most.
    pub fn open_endpoint_of(&mut self, rate: u32, milliseconds: u32) -> Recorder {
        let format = SampleFormat::pcm(rate, 16);
        let mut recorder = Recorder::open(&mut self.client, format).expect("the endpoint");
        recorder
            .stream
            .allocate_notified(&mut self.client, rate * milliseconds / 1000 * 4, 2)
            .expect("a buffer");
        recorder
    }

    /// Reads the endpoint every 5 ms for some time.
    pub fn record(&mut self, recorder: &mut Recorder, time: i64) {
        let end = self.now() + time;
        while self.now() < end {
            let left = end - self.now();
            self.sleep(left.min(5 * MILLISECOND));
            recorder.take(&mut self.client);
        }
    }
}

const SLICE: i64 = MILLISECOND;
/// 100 ns of a frame: what rounding may take.
const FRAME: i64 = SECOND / RATE as i64 + 1;

/// Notes are heard at most a slice and the lead after they were sent.
fn latency() {
    const LEAD: i64 = 3 * MILLISECOND;
    let delays = delays(10_000, Vec::new(), 20);
    let (least, most) = (*delays.iter().min().unwrap(), *delays.iter().max().unwrap());
    assert!(
        least >= -FRAME && most <= SLICE + LEAD + FRAME,
        "{least}..{most} (100 ns)"
    );
    println!("note-on to first sample: {least}..{most} (100 ns)");
    for (n, count) in histogram(&delays).iter().enumerate() {
        println!("{:5.2} ms {count:5}", n as f64 / 4.0);
    }
    if let Some(path) = std::env::var_os("ARIOSO_REPORT") {
        let microseconds: Vec<i64> = delays.iter().map(|delay| delay / 10).collect();
        let report = format!("{{\"latency_us\": {microseconds:?}}}\n");
        std::fs::write(path, report).expect("the report can be written");
    }
}

/// The endpoint is written as far ahead as the setting says.
fn lead(milliseconds: u32) {
    let lead = i64::from(milliseconds) * MILLISECOND;
    let within = (lead - 2 * SLICE).max(-FRAME)..=SLICE + lead + FRAME;
    let delays = delays(200, vec![("EndpointLead", milliseconds)], 100);
    assert!(delays.iter().all(|d| within.contains(d)), "{delays:?}");
}

/// Notes stamped "now", at any time between two ticks of the timer: how far behind the position at that moment the impulse lies, in
/// 100 ns.
fn delays(count: usize, parameters: Vec<(&'static str, u32)>, buffer: u32) -> Vec<i64> {
    let mut rig = Setup {
        exact: true,
        parameters,
        ..Setup::default()
    }
    .start();
    let (filter, mut pin) = rig.open_pin();
    let impulse = arioso_bank::test_banks::impulse(RATE);
    download_bank(&mut rig.client, pin.handle, &impulse);
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let mut endpoint = rig.open_endpoint_of(RATE, buffer);
    let started = rig.now();
    endpoint.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let mut random = fastrand::Rng::with_seed(5);
    let mut sent = Vec::new();
    for _ in 0..count {
        let pause = random.i64(5 * MILLISECOND..9 * MILLISECOND);
        rig.record(&mut endpoint, pause);
        sent.push(rig.now() - started);
        rig.play(&pin, &[(0, &[0x90, random.u8(0..128), 100])]);
    }
    rig.record(&mut endpoint, SECOND / 10);
    let heard: Vec<i64> = (0i64..)
        .zip(endpoint.frames())
        .filter(|(_, f)| *f != [0, 0])
        .map(|(n, _)| n)
        .collect();
    assert_eq!(heard.len(), count, "an impulse is one frame");
    let delays: Vec<i64> = sent
        .iter()
        .zip(&heard)
        .map(|(time, frame)| frame * SECOND / i64::from(RATE) - time)
        .collect();
    let counted = statistics(&mut rig.client, pin.handle).unwrap();
    assert_eq!((counted.SkippedSlices, counted.LostNotes), (0, 0));
    endpoint.close(&mut rig.client);
    rig.close(filter, [pin], None);
    rig.finish();
    delays
}

/// Delays by quarters of a millisecond.
fn histogram(delays: &[i64]) -> [usize; 17] {
    let mut counts = [0; 17];
    for delay in delays {
        counts[(delay * 4 / MILLISECOND).clamp(0, 16) as usize] += 1;
    }
    counts
}

/// A constant sounds; each format must show the same level, as exactly as it can.
fn formats() {
    let mut rig = Setup::default().start();
    let (filter, mut pin) = rig.open_pin();
    let dc = arioso_bank::test_banks::dc(RATE);
    download_bank(&mut rig.client, pin.handle, &dc);
    pin.set_state(&mut rig.client, KSSTATE_RUN).unwrap();
    let mut levels = Vec::new();
    for rate in [44_100, 48_000, 96_000] {
        let pcm = |bits, valid| SampleFormat {
            valid,
            ..SampleFormat::pcm(rate, bits)
        };
        let stereo = [
            SampleFormat::float(rate),
            pcm(16, 16),
            pcm(24, 24),
            pcm(32, 24),
            pcm(32, 32),
        ];
        let mono = stereo.map(|format| SampleFormat {
            channels: 1,
            ..format
        });
        for format in stereo.into_iter().chain(mono) {
            let c = &mut rig.client;
            let mut endpoint = Recorder::open(c, format).expect("the format is known");
            let block = format.frame_bytes();
            let (_, size) = endpoint.stream.allocate(c, rate / 50 * block).unwrap();
            assert_eq!(size % block, 0);
            endpoint.set_state(c, KSSTATE_RUN).unwrap();
            rig.play(&pin, &[(0, &[0x90, 60, 100])]);
            // Not a whole number of turns.
            rig.sleep(195 * MILLISECOND);
            endpoint.take(&mut rig.client);
            let values = samples(&format, &endpoint.bytes);
            let last = *values.last().expect("something was recorded");
            // At another rate than the wave's its interpolation ripples a little.
            let ripple = if rate == RATE { 0.0 } else { 1e-3 };
            let step = ripple + 1.0 / f64::from(1u32 << (format.valid - 1).min(23));
            assert!(
                values.iter().all(|v| (v - last).abs() <= step),
                "{format:?}: not constant"
            );
            levels.push((last, step, format));
            endpoint.close(&mut rig.client);
        }
    }
    let exact = levels[0].0;
    assert!(exact.abs() > 0.05, "the level is {exact}");
    for (level, step, format) in levels {
        assert!(
            (level - exact).abs() <= step,
            "{format:?}: {level}, not {exact}"
        );
    }
    rig.close(filter, [pin], None);
    rig.finish();
}
