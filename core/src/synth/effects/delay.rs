// SPDX-License-Identifier: MIT OR Apache-2.0
//! Delay lines, read and written in blocks.

use super::super::lanes::LANES;
use super::super::tick::EFFECT_TICK;
use crate::mem::{NoMemory, vec};
use alloc::vec::Vec;

/// What effects work on at once: up to a tick, four frames at a time. What lies behind the last frame of a shorter block means nothing.
pub type Block = [f32; EFFECT_TICK as usize];

/// A block, and what is read beyond it by interpolation.
pub const SPAN: usize = EFFECT_TICK as usize + LANES;

static SILENCE: [f32; SPAN] = [0.0; SPAN];

/// A ring of samples. A delay is at least a block, and at least [`SPAN`] shorter than the ring: what is written behind the last frame of a
/// block is never read.
pub struct Delay {
    /// The ring, and behind it its first [`SPAN`] samples once more: a block lies in one piece wherever it begins.
    samples: Vec<f32>,
    length: usize,
    /// Where the next block begins.
    at: usize,
}

impl Delay {
    /// A line that is still to be [made](Self::make).
    pub const NONE: Self = Self {
        samples: Vec::new(),
        length: 0,
        at: 0,
    };

    /// A silent line of `length` frames.
    pub fn new(length: usize) -> Result<Self, NoMemory> {
        let mut line = Self::NONE;
        line.make(length)?;
        Ok(line)
    }

    /// Makes the line one of `length` frames, silent. Once: there was [`NONE`](Self::NONE).
    pub fn make(&mut self, length: usize) -> Result<(), NoMemory> {
        self.length = length.max(2 * SPAN);
        vec::try_fill(&mut self.samples, self.length + SPAN, 0.0)
    }

    /// Makes the ring as short as delays of up to `longest` frames let it be: what is used stays in the cache. The line is silent.
    pub fn fit(&mut self, longest: usize) {
        let most = self.samples.len().saturating_sub(SPAN);
        self.length = (longest + 2 * SPAN).clamp(2 * SPAN, most.max(2 * SPAN));
        self.at = 0;
    }

    /// Frames of the ring.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Place of the next block in the ring.
    pub fn at(&self) -> usize {
        self.at
    }

    /// The ring with what lies behind it: `N` is its length and [`SPAN`].
    pub fn ring<const N: usize>(&self) -> Option<&[f32; N]> {
        self.samples.as_slice().try_into().ok()
    }

    pub fn clear(&mut self) {
        self.samples.fill(0.0);
    }

    /// What was written `delay` frames before the next block, and after that.
    #[inline(always)]
    pub fn past(&self, delay: usize) -> &[f32; SPAN] {
        let rest = self.samples.get(self.start(delay)..).unwrap_or_default();
        rest.first_chunk().unwrap_or(&SILENCE)
    }

    /// Place of what was written so many frames before the next block.
    #[inline(always)]
    fn start(&self, delay: usize) -> usize {
        let back = delay.min(self.length);
        if self.at >= back {
            self.at - back
        } else {
            self.at + self.length - back
        }
    }

    /// Where the next block goes; [`advance`](Self::advance) when it is there.
    #[inline(always)]
    pub fn next(&mut self) -> Option<&mut Block> {
        self.samples.get_mut(self.at..)?.first_chunk_mut()
    }

    /// `frames` frames have been written.
    #[inline]
    pub fn advance(&mut self, frames: usize) {
        let end = self.at + frames;
        if self.at < SPAN || end > self.length {
            self.mirror(end);
        }
        self.at = if end >= self.length {
            end - self.length
        } else {
            end
        };
    }

    /// Brings the first samples of the ring and those behind it together, once the ring has been written up to `end`.
    #[cold]
    fn mirror(&mut self, end: usize) {
        let split = self.samples.split_at_mut_checked(self.length);
        let (ring, behind) = split.unwrap_or_default();
        // A ring that has been made shorter has more behind it, which stays silent.
        let behind = behind.get_mut(..SPAN).unwrap_or_default();
        if end > self.length {
            let behind = behind.get(..end - self.length).unwrap_or_default();
            for (to, from) in ring.iter_mut().zip(behind) {
                *to = *from;
            }
        } else {
            let ring = ring.get(self.at..end).unwrap_or_default();
            let behind = behind.get_mut(self.at..).unwrap_or_default();
            for (to, from) in behind.iter_mut().zip(ring) {
                *to = *from;
            }
        }
    }

    /// What was written `delay` frames before the next block, `N` frames of it, and where the next block goes. The delay is at least `N`.
    #[inline(always)]
    pub fn passage<const N: usize>(&mut self, delay: usize) -> Option<(&[f32; N], &mut Block)> {
        let (start, at) = (self.start(delay), self.at);
        let places = [start..start + N, at..at + EFFECT_TICK as usize];
        let [old, next] = self.samples.get_disjoint_mut(places).ok()?;
        Some((old.first_chunk()?, next.first_chunk_mut()?))
    }

    /// Delays a block in place by any number of frames.
    #[inline]
    pub fn pass(&mut self, delay: usize, frames: usize, block: &mut Block) {
        if let Some(next) = self.next() {
            *next = *block;
        }
        self.advance(frames);
        if let Some(past) = self.past(delay + frames).first_chunk() {
            *block = *past;
        }
    }
}

/// Schroeder's all-pass: echoes without colour. `simd::diffuse` runs it.
pub struct AllPass {
    delay: Delay,
    frames: usize,
    gain: f32,
}

impl AllPass {
    /// One that is still to be [made](Self::make).
    pub const fn none(gain: f32) -> Self {
        Self {
            delay: Delay::NONE,
            frames: EFFECT_TICK as usize,
            gain,
        }
    }

    /// Makes it one for delays of up to `longest` frames.
    pub fn make(&mut self, longest: usize) -> Result<(), NoMemory> {
        self.delay.make(longest + SPAN)
    }

    /// Frames after which everything inside has passed.
    pub fn length(&self) -> usize {
        self.delay.length()
    }

    /// What is heard of the past.
    pub fn gain(&self) -> f32 {
        self.gain
    }

    /// A tick at least. The filter is silent.
    pub fn set_delay(&mut self, frames: usize) {
        self.frames = frames;
        self.delay.fit(frames);
    }

    pub fn clear(&mut self) {
        self.delay.clear();
    }

    /// What comes out in the next block, and where what is kept goes.
    #[inline(always)]
    pub fn passage(&mut self) -> Option<(&Block, &mut Block)> {
        self.delay.passage(self.frames)
    }

    /// `frames` frames have been written.
    #[inline]
    pub fn advance(&mut self, frames: usize) {
        self.delay.advance(frames);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec as StdVec;

    extern crate std;

    /// A ramp goes in, in blocks of these lengths; everything is where it was put, all around the ring.
    #[test]
    fn what_was_written_comes_back() {
        comes_back(Delay::new(200).unwrap());
        let mut shorter = Delay::new(3000).unwrap();
        shorter.fit(200 - 2 * SPAN);
        comes_back(shorter);
    }

    /// A short ring leaves nothing in a longer one, once silence has gone round it.
    #[test]
    fn a_ring_may_grow_again() {
        let mut delay = Delay::new(3000).unwrap();
        for longest in [200, 2000, 150, 2900] {
            delay.fit(longest);
            assert!(delay.samples.iter().all(|x| *x == 0.0), "{longest}");
            for (x, odd) in [(1.0, 11), (0.0, 0)] {
                let mut left = 2 * delay.length();
                for frames in (0..).map(|n| n * odd % 32 + 1) {
                    delay.next().unwrap().fill(x);
                    delay.advance(frames);
                    left = left.saturating_sub(frames);
                    if left == 0 {
                        break;
                    }
                }
            }
        }
    }

    /// An all-pass has room for the longest delay that it is made for.
    #[test]
    fn an_all_pass_delays_by_as_much_as_it_is_made_for() {
        for longest in [EFFECT_TICK as usize, 40, 101, 345, 1222] {
            let mut pass = AllPass::none(0.5);
            pass.make(longest).unwrap();
            for frames in [longest, (longest / 2).max(EFFECT_TICK as usize), longest] {
                pass.clear();
                pass.set_delay(frames);
                let mut written = 0i64;
                for block in (0..400).map(|n| n * 7 % 32 + 1) {
                    let (old, next) = pass.passage().unwrap();
                    for (n, x) in old.iter().enumerate().take(block) {
                        let wanted = (written + n as i64 - frames as i64 + 1).max(0);
                        assert!(*x == wanted as f32, "{frames} of {longest}: {x}");
                    }
                    for (n, x) in next.iter_mut().enumerate() {
                        *x = (written + n as i64 + 1) as f32;
                    }
                    pass.advance(block);
                    written += block as i64;
                }
            }
        }
    }

    fn comes_back(mut delay: Delay) {
        let mut written: StdVec<f32> = StdVec::new();
        for frames in (0..4000).map(|n| n * 7 % 32 + 1) {
            let next = delay.next().unwrap();
            // Behind the last frame anything may be left.
            next.fill(-1.0);
            for x in next.iter_mut().take(frames) {
                written.push(written.len() as f32);
                *x = *written.last().unwrap();
            }
            delay.advance(frames);
            for back in (SPAN..=200 - SPAN).step_by(5) {
                let past = *delay.past(back);
                let at = delay.at();
                let (old, next) = delay.passage::<SPAN>(back).unwrap();
                assert!(*old == past);
                let first = next.as_ptr();
                assert!(delay.samples[at..].as_ptr() == first);
            }
            for back in (EFFECT_TICK as usize..=200 - SPAN).step_by(3) {
                let first = written.len() as f32 - back as f32;
                let known = back.min(SPAN);
                for (n, x) in delay.past(back).iter().take(known).enumerate() {
                    let wanted = first + n as f32;
                    assert!(
                        *x == wanted || wanted < 0.0,
                        "{back} back: {x}, not {wanted}"
                    );
                }
            }
        }
    }
}
