// SPDX-License-Identifier: MIT OR Apache-2.0
//! `rubato`'s sinc interpolation with a ratio that moves, in blocks of any length.

use audioadapter_buffers::direct::InterleavedSlice;
use rubato::{
    Adjustable, Async, FixedAsync, Resampler as _, Resizable, SincInterpolationParameters,
    SincInterpolationType, WindowFunction,
};

/// The most frames that one block makes.
pub const BLOCK: usize = 1024;
/// Points of the filter: half of it is delay, two thirds of a millisecond at 48 kHz.
const POINTS: usize = 64;
/// How far the ratio may go from the nominal one.
const RANGE: f64 = 1.02;

/// Stereo, interleaved.
pub struct Resampler {
    inner: Async<f32>,
    nominal: f64,
}

impl Resampler {
    /// Frames of the source that the first block takes more than the others.
    pub const LOOKAHEAD: u32 = POINTS as u32 / 2;

    /// From `source` to `sink` frames per second.
    ///
    /// # Errors
    ///
    /// Rates that `rubato` does not take.
    pub fn new(source: u32, sink: u32) -> Result<Self, String> {
        let nominal = f64::from(sink) / f64::from(source);
        let parameters = SincInterpolationParameters {
            sinc_len: POINTS,
            f_cutoff: None,
            oversampling_factor: 256,
            interpolation: SincInterpolationType::Cubic,
            window: WindowFunction::BlackmanHarris,
        };
        let inner = Async::new_sinc(nominal, RANGE, &parameters, BLOCK, 2, FixedAsync::Output);
        let inner = inner.map_err(|why| format!("no way from {source} to {sink} Hz: {why}"))?;
        Ok(Self { inner, nominal })
    }

    /// Frames of the source that the next `frames` take, at most [`BLOCK`], read `speed` times as fast as nominal at their end.
    pub fn needed(&mut self, frames: usize, speed: f64) -> usize {
        // Both are in range: the controller's limits are narrower, and the caller cuts into blocks.
        let _ = self.inner.set_chunk_size(frames.clamp(1, BLOCK));
        let speed = speed.clamp(2.0 - RANGE, RANGE);
        let _ = self.inner.set_resample_ratio(self.nominal / speed, true);
        self.inner.input_frames_next()
    }

    /// Makes the frames that [`Resampler::needed`] was told of; `input` has as many as it said.
    pub fn process(&mut self, input: &[f32], output: &mut [f32]) {
        let (taken, made) = (input.len() / 2, output.len() / 2);
        let done = InterleavedSlice::new(input, 2, taken).and_then(|input| {
            let mut output = InterleavedSlice::new_mut(output, 2, made)?;
            Ok(self.inner.process_into_buffer(&input, &mut output, None))
        });
        debug_assert!(matches!(done, Ok(Ok(_))), "{done:?}");
    }

    /// As new.
    pub fn reset(&mut self) {
        self.inner.reset();
    }

    /// What it holds back, seconds of the source at `rate`.
    pub fn delay(rate: u32) -> f64 {
        POINTS as f64 / 2.0 / f64::from(rate)
    }
}
