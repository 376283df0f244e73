//! Delay lines.

use crate::mem::{NoMemory, vec};
use alloc::vec::Vec;

/// A ring of samples. Blocks are read before the block that belongs to them is written, so a delay is at least a block long.
pub struct Delay {
    samples: Vec<f32>,
    /// Where the next block begins.
    at: usize,
}

impl Delay {
    /// A silent line for delays of up to `longest` frames.
    pub fn new(longest: usize) -> Result<Self, NoMemory> {
        Ok(Self {
            samples: vec::try_filled(longest.max(1), 0.0)?,
            at: 0,
        })
    }

    /// The longest delay.
    pub fn longest(&self) -> usize {
        self.samples.len()
    }

    pub fn clear(&mut self) {
        self.samples.fill(0.0);
    }

    /// Fills `out` with what was written `delay` frames before.
    #[inline]
    pub fn read(&self, delay: usize, out: &mut [f32]) {
        let length = self.samples.len();
        let back = delay.min(length);
        let start = if self.at >= back {
            self.at - back
        } else {
            self.at + length - back
        };
        let (wrapped, first) = self.samples.split_at_checked(start).unwrap_or_default();
        let count = out.len().min(first.len());
        let (head, tail) = out.split_at_mut_checked(count).unwrap_or_default();
        copy(head, first);
        copy(tail, wrapped);
    }

    /// Delays a block in place by any number of frames.
    #[inline]
    pub fn pass(&mut self, delay: usize, block: &mut [f32]) {
        self.write(block);
        self.read(delay + block.len(), block);
    }

    /// Writes a block.
    #[inline]
    pub fn write(&mut self, block: &[f32]) {
        let length = self.samples.len();
        let (wrapped, first) = self
            .samples
            .split_at_mut_checked(self.at)
            .unwrap_or_default();
        let count = block.len().min(first.len());
        let (head, tail) = block.split_at_checked(count).unwrap_or_default();
        copy(first, head);
        copy(wrapped, tail);
        let next = self.at + block.len();
        self.at = if next >= length { next - length } else { next };
    }
}

/// Copies as many as both have.
#[inline(always)]
fn copy(to: &mut [f32], from: &[f32]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

/// Schroeder's all-pass: echoes without colour.
pub struct AllPass {
    delay: Delay,
    frames: usize,
    gain: f32,
}

impl AllPass {
    pub fn new(longest: usize, gain: f32) -> Result<Self, NoMemory> {
        Ok(Self {
            delay: Delay::new(longest)?,
            frames: 1,
            gain,
        })
    }

    pub fn longest(&self) -> usize {
        self.delay.longest()
    }

    pub fn set_delay(&mut self, frames: usize) {
        self.frames = frames;
    }

    pub fn clear(&mut self) {
        self.delay.clear();
    }

    /// Filters `samples` in place; without `feedback` what is inside runs out. `inner` is as long.
    #[inline]
    pub fn process(&mut self, feedback: bool, samples: &mut [f32], inner: &mut [f32]) {
        self.delay.read(self.frames, inner);
        let gain = self.gain;
        let back = if feedback { gain } else { 0.0 };
        for (x, v) in samples.iter_mut().zip(inner.iter_mut()) {
            let delayed = *v;
            *v = super::flush(*x - back * delayed);
            *x = delayed + gain * *v;
        }
        self.delay.write(inner);
    }
}
