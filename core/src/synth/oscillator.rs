//! Reading a wave: position, loops, interpolation.

use super::lanes::LANES;
use crate::dls::model::{Loop, Wave};
use crate::mem::{NoMemory, Shared, vec};
use alloc::vec::Vec;

/// How samples between two frames are found. No kind delays: at a whole position each returns the frame itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interpolation {
    /// Two points.
    #[default]
    Linear,
    /// Eight-tap Kaiser-windowed sinc, rows of the table blended.
    Sinc8,
}

/// A reader of one wave. Positions are frames in 32.32 fixed point.
#[derive(Default)]
pub struct Oscillator {
    pub wave: Option<Shared<Wave>>,
    pub position: u64,
    /// Frames per output frame, 32.32.
    pub step: u64,
    /// First frame of the loop and the frame behind its last one.
    pub loop_start: u32,
    pub loop_end: u32,
    /// The loop is being played.
    pub looping: bool,
    /// The loop is left at note-off.
    until_release: bool,
    /// The loop has been closed at least once: what lies before its start is its own end.
    wrapped: bool,
}

impl Oscillator {
    /// Starts a wave at its first frame.
    pub fn start(&mut self, wave: Shared<Wave>, sample_loop: Option<Loop>) {
        let (loop_start, loop_end) =
            sample_loop.map_or((0, 0), |l| (l.start, l.start.saturating_add(l.length)));
        *self = Self {
            wave: Some(wave),
            loop_start,
            loop_end,
            looping: loop_end > loop_start,
            until_release: sample_loop.is_some_and(|l| l.until_release),
            ..Self::default()
        };
    }

    /// A one-shot wave has been played to its end.
    pub fn is_over(&self) -> bool {
        let frames = self
            .wave
            .as_ref()
            .map_or(0, |wave| wave.frames().len() as u64);
        !self.looping && self.position >> 32 >= frames
    }

    /// Writes lane `lane` of `out` and moves on by `out.len()` frames. Samples are in units of the 16-bit wave.
    pub fn read(
        &mut self,
        kind: Interpolation,
        kernel: &SincTable,
        lane: usize,
        out: &mut [[f32; LANES]],
    ) {
        let Some(wave) = self.wave.take() else {
            fill(lane, out);
            return;
        };
        match kind {
            Interpolation::Linear => self.run(
                wave.frames(),
                lane,
                out,
                0,
                1,
                |frames, index, fraction| {
                    let (a, b) = (tap(frames, index), tap(frames, index + 1));
                    a + (b - a) * (fraction as f32 * FRACTION)
                },
                |this, frames, index, fraction| {
                    let (a, b) = (
                        this.looped_tap(frames, index),
                        this.looped_tap(frames, index + 1),
                    );
                    a + (b - a) * (fraction as f32 * FRACTION)
                },
            ),
            Interpolation::Sinc8 => self.run(
                wave.frames(),
                lane,
                out,
                3,
                4,
                |frames, index, fraction| {
                    let weights = kernel.weights(fraction);
                    let start = index.wrapping_sub(3) as usize;
                    match frames.get(start..start.wrapping_add(8)) {
                        Some(taps) => taps
                            .iter()
                            .zip(weights)
                            .map(|(&x, w)| f32::from(x) * w)
                            .sum(),
                        None => 0.0,
                    }
                },
                |this, frames, index, fraction| {
                    let weights = kernel.weights(fraction);
                    weights
                        .iter()
                        .zip(-3i64..)
                        .map(|(w, k)| this.looped_tap(frames, index + k) * w)
                        .sum()
                },
            ),
        }
        self.wave = Some(wave);
    }

    /// Splits `out` into stretches whose taps (`before` to `after` around the position) lie inside plain frames, for `inside`, and
    /// single samples near an edge or a loop seam, for `edge`.
    #[inline(always)]
    #[allow(clippy::too_many_arguments)]
    fn run(
        &mut self,
        frames: &[i16],
        lane: usize,
        mut out: &mut [[f32; LANES]],
        before: u64,
        after: u64,
        inside: impl Fn(&[i16], i64, u32) -> f32,
        edge: impl Fn(&Self, &[i16], i64, u32) -> f32,
    ) {
        let frame_count = frames.len() as u64;
        while !out.is_empty() {
            let mut index = self.position >> 32;
            if self.looping && index >= u64::from(self.loop_end) {
                self.wrap();
                index = self.position >> 32;
            } else if !self.looping && index >= frame_count {
                fill(lane, out);
                return;
            }
            let limit = if self.looping {
                u64::from(self.loop_end).min(frame_count)
            } else {
                frame_count
            };
            // A wave's beginning and, once wrapped, its loop's.
            let first = if self.wrapped {
                u64::from(self.loop_start) + before
            } else {
                before
            };
            let plain = if index >= first && index + after < limit {
                // Samples whose index stays below `limit - after`.
                let room = ((limit - after) << 32) - self.position;
                (room - 1)
                    .checked_div(self.step)
                    .map_or(u64::MAX, |n| n.saturating_add(1))
            } else {
                0
            };
            if plain == 0 {
                let value = edge(self, frames, index as i64, self.position as u32);
                if let Some((slot, rest)) = core::mem::take(&mut out).split_first_mut() {
                    set(slot, lane, value);
                    out = rest;
                }
                self.position = self.position.wrapping_add(self.step);
                continue;
            }
            let count = usize::try_from(plain).unwrap_or(usize::MAX).min(out.len());
            let Some((now, rest)) = core::mem::take(&mut out).split_at_mut_checked(count) else {
                return;
            };
            let (mut position, step) = (self.position, self.step);
            for slot in now {
                set(
                    slot,
                    lane,
                    inside(frames, (position >> 32) as i64, position as u32),
                );
                position = position.wrapping_add(step);
            }
            self.position = position;
            out = rest;
        }
    }

    /// Brings a position behind the loop back into it.
    fn wrap(&mut self) {
        let length = u64::from(self.loop_end.saturating_sub(self.loop_start)) << 32;
        let start = u64::from(self.loop_start) << 32;
        let past = self.position.wrapping_sub(start);
        self.position = start + past.checked_rem(length).unwrap_or(0);
        self.wrapped = true;
    }

    /// Note-off: a loop of type 1 runs out into the rest of the wave.
    pub fn release(&mut self) {
        if self.until_release {
            self.looping = false;
        }
    }

    /// The frame at `index` as the loop continues it; 0 outside the wave.
    fn looped_tap(&self, frames: &[i16], mut index: i64) -> f32 {
        let (start, end) = (i64::from(self.loop_start), i64::from(self.loop_end));
        if self.looping {
            if index >= end {
                index = start + (index - end).checked_rem(end - start).unwrap_or(0);
            } else if self.wrapped && index < start {
                index = end - 1 - (start - 1 - index).checked_rem(end - start).unwrap_or(0);
            }
        }
        tap(frames, index)
    }
}

/// 2^-32: the fraction of a position.
const FRACTION: f32 = 1.0 / 4_294_967_296.0;

#[inline(always)]
fn tap(frames: &[i16], index: i64) -> f32 {
    frames.get(index as usize).map_or(0.0, |&x| f32::from(x))
}

#[inline(always)]
fn set(slot: &mut [f32; LANES], lane: usize, value: f32) {
    if let Some(x) = slot.get_mut(lane) {
        *x = value;
    }
}

fn fill(lane: usize, out: &mut [[f32; LANES]]) {
    for slot in out {
        set(slot, lane, 0.0);
    }
}

/// Taps of the windowed sinc.
pub const TAPS: usize = 8;
const ROWS: usize = 256;
/// Kaiser β: the middle of the road between stop band and transition.
const BETA: f64 = 6.5;

/// Weights of the eight-tap kernel over the fraction.
pub struct SincTable {
    /// `ROWS + 1` rows; row r is for the fraction r / ROWS, scaled to unit gain at DC.
    rows: Vec<[f32; TAPS]>,
}

impl SincTable {
    /// Fills the table (libm).
    pub fn new() -> Result<Self, NoMemory> {
        let mut rows = vec::try_with_capacity(ROWS + 1)?;
        let half = TAPS as f64 / 2.0;
        for row in 0..=ROWS {
            let fraction = row as f64 / ROWS as f64;
            let mut weights = [0.0f64; TAPS];
            for (k, weight) in weights.iter_mut().enumerate() {
                let x = k as f64 - (half - 1.0) - fraction;
                let window = bessel(BETA * libm::sqrt((1.0 - (x / half) * (x / half)).max(0.0)))
                    / bessel(BETA);
                *weight = sinc(x) * window;
            }
            let sum: f64 = weights.iter().sum();
            vec::try_push(&mut rows, weights.map(|w| (w / sum) as f32))?;
        }
        Ok(Self { rows })
    }

    /// The weights at a fraction in units of 2^-32, blended between two rows.
    #[inline(always)]
    fn weights(&self, fraction: u32) -> [f32; TAPS] {
        let row = (fraction >> 24) as usize;
        let blend = (fraction & 0x00FF_FFFF) as f32 * (1.0 / 16_777_216.0);
        let Some([a, b]) = self
            .rows
            .get(row..row + 2)
            .and_then(|pair| pair.as_array::<2>())
        else {
            return [0.0; TAPS];
        };
        let mut weights = *a;
        for (w, &next) in weights.iter_mut().zip(b) {
            *w += (next - *w) * blend;
        }
        weights
    }
}

fn sinc(x: f64) -> f64 {
    if x == libm::rint(x) {
        return if x == 0.0 { 1.0 } else { 0.0 };
    }
    let y = core::f64::consts::PI * x;
    libm::sin(y) / y
}

/// Modified Bessel function of the first kind, order 0.
fn bessel(x: f64) -> f64 {
    let q = x * x / 4.0;
    let (mut sum, mut term, mut n) = (1.0, 1.0, 1.0);
    while term > sum * 1e-17 {
        term *= q / (n * n);
        sum += term;
        n += 1.0;
    }
    sum
}
