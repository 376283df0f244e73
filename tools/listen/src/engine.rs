// SPDX-License-Identifier: MIT OR Apache-2.0
//! A ring between two threads: the source's end writes samples and says when, the loudspeaker's end decides and resamples. Neither waits,
//! locks or allocates while sound flows; another device may allocate.

use crate::controller::{Controller, Plan};
use crate::format::Format;
use crate::resampler::{BLOCK, Resampler};
use rtrb::{Consumer, Producer, RingBuffer};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// Frames that the ring holds: a second of the fastest usual rate.
const FRAMES: usize = 192_000;
/// Frames behind which the resampler has forgotten what was before.
const HISTORY: usize = 4 * Resampler::LOOKAHEAD as usize;
/// Calls of the source that the loudspeaker has not seen yet.
const CALLS: usize = 4096;
/// Below this a frame is silent: -100 dB.
const SILENT: f32 = 1e-5;
/// The sound comes in over so many seconds where it begins in its middle.
const FADE: f64 = 1e-3;

/// What the source's thread tells the loudspeaker's.
#[derive(Clone, Copy, Debug)]
enum Call {
    Frames { time: f64, frames: u64 },
    Opened { rate: u32, period: u32 },
}

/// The source's end.
pub struct Source {
    frames: Producer<[f32; 2]>,
    calls: Producer<Call>,
    format: Format,
    meter: Arc<Meter>,
}

/// The loudspeaker's end.
pub struct Sink {
    frames: Consumer<[f32; 2]>,
    calls: Consumer<Call>,
    controller: Controller,
    resampler: Resampler,
    source_rate: u32,
    format: Format,
    period: u32,
    /// Frames for the resampler, and from it.
    input: Vec<f32>,
    output: Vec<f32>,
    /// Frames of the fade that are still to come.
    fade: usize,
    /// Silent frames that the resampler has had last.
    silence: usize,
    meter: Arc<Meter>,
}

/// What anybody may read while sound flows.
#[derive(Debug, Default)]
pub struct Meter {
    delay_us: AtomicI64,
    drift_ppb: AtomicI64,
    underruns: AtomicU64,
    cuts: AtomicU64,
    starts: AtomicU64,
    overruns: AtomicU64,
    peak: AtomicU64,
}

/// What a [`Meter`] says.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reading {
    /// From the source's packets to the loudspeaker's buffer, the filter's delay with it, milliseconds.
    pub latency_ms: f64,
    /// How much faster the source runs than the loudspeaker, parts per million.
    pub drift_ppm: f64,
    /// Times that the sound had a hole or was cut.
    pub glitches: u64,
    /// Times that it began.
    pub starts: u64,
    /// Largest sample since the last reading.
    pub peak: f32,
}

/// Whether nobody hears it.
fn silent(pair: &[f32; 2]) -> bool {
    pair[0].abs() < SILENT && pair[1].abs() < SILENT
}

/// Whether so many frames are there and silent.
fn are_silent(frames: &mut Consumer<[f32; 2]>, count: u64) -> bool {
    frames.read_chunk(count as usize).is_ok_and(|chunk| {
        let (first, second) = chunk.as_slices();
        first.iter().chain(second).all(silent)
    })
}

impl Meter {
    /// What there is to tell; the peak begins anew.
    pub fn read(&self) -> Reading {
        let get = |number: &AtomicU64| number.load(Ordering::Relaxed);
        Reading {
            latency_ms: self.delay_us.load(Ordering::Relaxed) as f64 / 1e3,
            drift_ppm: self.drift_ppb.load(Ordering::Relaxed) as f64 / 1e3,
            glitches: get(&self.underruns) + get(&self.cuts) + get(&self.overruns),
            starts: get(&self.starts),
            peak: f32::from_bits(self.peak.swap(0, Ordering::Relaxed) as u32),
        }
    }
}

/// The two ends, for devices that bring and take so many frames at a time.
///
/// # Errors
///
/// Rates that there is no resampler for.
pub fn engine(
    (source, brings): (Format, u32),
    (sink, takes): (Format, u32),
) -> Result<(Source, Sink), String> {
    let (frames_in, frames_out) = RingBuffer::new(FRAMES);
    let (calls_in, calls_out) = RingBuffer::new(CALLS);
    let meter = Arc::new(Meter::default());
    let ends = (
        Source {
            frames: frames_in,
            calls: calls_in,
            format: source,
            meter: Arc::clone(&meter),
        },
        Sink {
            frames: frames_out,
            calls: calls_out,
            controller: Controller::new(
                (source.rate, brings),
                (sink.rate, takes),
                Resampler::LOOKAHEAD,
            ),
            resampler: Resampler::new(source.rate, sink.rate)?,
            source_rate: source.rate,
            format: sink,
            period: takes,
            input: Vec::with_capacity(16 * BLOCK),
            output: vec![0.0; 2 * BLOCK],
            fade: 0,
            silence: 0,
            meter,
        },
    );
    Ok(ends)
}

impl Source {
    /// The device has brought frames in its format, at `time`. What finds no place is lost and counted: nobody takes it.
    pub fn push(&mut self, time: f64, bytes: &[u8]) {
        let format = self.format;
        let frames = bytes.chunks_exact(format.frame_bytes().max(1));
        let count = frames.len().min(self.frames.slots());
        if count < frames.len() {
            self.meter.overruns.fetch_add(1, Ordering::Relaxed);
        }
        if let Ok(chunk) = self.frames.write_chunk_uninit(count) {
            chunk.fill_from_iter(frames.map(|frame| format.read(frame)));
        }
        // A call that finds no place is counted with the next one that does: the clocks are off by it until then.
        let _ = self.calls.push(Call::Frames {
            time,
            frames: count as u64,
        });
    }

    /// Another source, or the same again.
    pub fn opened(&mut self, format: Format, period: u32) {
        self.format = format;
        let rate = format.rate;
        let _ = self.calls.push(Call::Opened { rate, period });
    }
}

impl Sink {
    /// The device wants as many frames of its format as `bytes` has place for, at `time`.
    pub fn pull(&mut self, time: f64, bytes: &mut [u8]) {
        self.hear(time);
        let frame_bytes = self.format.frame_bytes().max(1);
        let frames = bytes.len() / frame_bytes;
        let quiet = |next| self.silence >= HISTORY && are_silent(&mut self.frames, next);
        let plan = self.controller.plan(time, frames, quiet);
        let (mut silent, mut peak) = (frames, 0f32);
        if let Plan::Play {
            skip,
            silent: before,
            speed,
            first,
        } = plan
        {
            silent = before;
            let mut consumed = self.skip(skip);
            let mut missing = 0;
            if first {
                self.resampler.reset();
                self.fade = self.fade_frames();
            }
            let sound = bytes.get_mut(silent * frame_bytes..).unwrap_or_default();
            for block in sound.chunks_mut(BLOCK * frame_bytes) {
                let (taken, lacking) = self.resample(block.len() / frame_bytes, speed);
                consumed += taken;
                missing += lacking;
                peak = peak.max(self.write(block));
            }
            self.controller.done(time, consumed, missing);
        }
        for frame in bytes.chunks_exact_mut(frame_bytes).take(silent) {
            self.format.write([0.0; 2], frame);
        }
        self.tell(peak);
    }

    /// There is no loudspeaker at `time`. To be called now and then, so that what comes out of the next one is not old.
    pub fn idle(&mut self, time: f64) {
        self.hear(time);
        let stale = self.controller.stale(time);
        let gone = self.skip(stale);
        self.controller.done(time, gone, 0);
    }

    /// Another loudspeaker, or the same again.
    ///
    /// # Errors
    ///
    /// A rate that there is no resampler for.
    pub fn opened(&mut self, format: Format, period: u32) -> Result<(), String> {
        if format.rate != self.format.rate {
            self.resampler = Resampler::new(self.source_rate, format.rate)?;
        }
        self.format = format;
        self.period = period;
        self.controller.sink_opened(format.rate, period);
        Ok(())
    }

    /// For other threads.
    pub fn meter(&self) -> Arc<Meter> {
        Arc::clone(&self.meter)
    }

    /// What the source has told since the last call.
    fn hear(&mut self, time: f64) {
        while let Ok(call) = self.calls.pop() {
            match call {
                Call::Frames { time, frames } => self.controller.delivered(time, frames),
                Call::Opened { rate, period } => {
                    self.controller.source_opened(rate, period);
                    if rate != self.source_rate {
                        // What is there has another rate.
                        let old = self.controller.unplayed();
                        let gone = self.skip(old);
                        self.controller.done(time, gone, 0);
                        self.controller.sink_opened(self.format.rate, self.period);
                        self.source_rate = rate;
                        if let Ok(resampler) = Resampler::new(rate, self.format.rate) {
                            self.resampler = resampler;
                        }
                    }
                }
            }
        }
    }

    /// Leaves frames out; as many as there are.
    fn skip(&mut self, frames: u64) -> u64 {
        let frames = (frames as usize).min(self.frames.slots());
        if let Ok(chunk) = self.frames.read_chunk(frames) {
            chunk.commit_all();
        }
        frames as u64
    }

    /// Makes frames; tells how many of the source's it took, and how many it would have needed besides.
    fn resample(&mut self, frames: usize, speed: f64) -> (u64, u64) {
        let needed = self.resampler.needed(frames, speed);
        let there = needed.min(self.frames.slots());
        self.input.clear();
        if let Ok(chunk) = self.frames.read_chunk(there) {
            self.input.extend(chunk.into_iter().flatten());
        }
        self.input.resize(2 * needed, 0.0);
        let (pairs, _) = self.input.as_chunks::<2>();
        match pairs.iter().rposition(|pair| !silent(pair)) {
            Some(last) => self.silence = pairs.len() - 1 - last,
            None => self.silence = self.silence.saturating_add(pairs.len()),
        }
        self.resampler
            .process(&self.input, &mut self.output[..2 * frames]);
        (there as u64, (needed - there) as u64)
    }

    /// Writes what was made in the device's format; gives the largest sample.
    fn write(&mut self, bytes: &mut [u8]) -> f32 {
        let frames = bytes.chunks_exact_mut(self.format.frame_bytes().max(1));
        let (pairs, _) = self.output.as_chunks();
        let (mut peak, length) = (0f32, self.fade_frames() as f32);
        for (frame, pair) in frames.zip(pairs) {
            let mut pair: [f32; 2] = *pair;
            if self.fade > 0 {
                let gain = 1.0 - self.fade as f32 / length;
                pair = pair.map(|sample| sample * gain);
                self.fade -= 1;
            }
            peak = peak.max(pair[0].abs()).max(pair[1].abs());
            self.format.write(pair, frame);
        }
        peak
    }

    fn fade_frames(&self) -> usize {
        (FADE * f64::from(self.format.rate)) as usize
    }

    fn tell(&self, peak: f32) {
        let (meter, controller) = (&self.meter, &self.controller);
        let counts = controller.counts();
        let latency = controller.delay() + Resampler::delay(self.source_rate);
        meter
            .delay_us
            .store((latency * 1e6) as i64, Ordering::Relaxed);
        let drift = (controller.drift_ppm() * 1e3) as i64;
        meter.drift_ppb.store(drift, Ordering::Relaxed);
        meter.underruns.store(counts.underruns, Ordering::Relaxed);
        meter.cuts.store(counts.cuts, Ordering::Relaxed);
        meter.starts.store(counts.starts, Ordering::Relaxed);
        // Of what is not negative, bits are ordered as numbers.
        meter
            .peak
            .fetch_max(u64::from(peak.to_bits()), Ordering::Relaxed);
    }
}
