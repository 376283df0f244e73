// SPDX-License-Identifier: MIT OR Apache-2.0
//! Slices stay within a budget: voices that do not fit go before the slice is rendered.
//!
//! The cost model counts in ns of a reference machine (*nominal*); [`Budget`] learns from measured slices how much slower or faster this
//! machine is. Where the times come from is the caller's business: a test may invent them.

use super::cost::{Slice, Work};
use super::engine::{Synth, lose};

impl Synth {
    /// What rendering costs with the voices that there are; with those that fade, or without.
    pub fn work(&self, fading: bool) -> Work {
        let mut work = self.pool.work(&self.slots, fading);
        for (index, slot) in self.slots.iter().enumerate() {
            if self.pool.is_active(index as u8) || slot.rings() {
                work.add_port();
            }
            work.add_effects(slot.awake().or(self.pool.sends(slot, index as u8)));
        }
        work
    }

    /// Begins a slice of `frames` frames that may cost `allowance` nominal ns: voices that are too many go,
    /// the least important first, and count as lost notes. Until [`end_slice`](Self::end_slice) notes start only as long as it lasts.
    pub fn begin_slice(&mut self, allowance: f32, frames: usize) {
        self.slice = Slice::new(allowance, frames);
        self.shed();
        self.slice.spent += self.work(true).cost(frames);
    }

    /// Ends the slice; the nominal ns that were planned for it.
    pub fn end_slice(&mut self) -> f32 {
        core::mem::replace(&mut self.slice, Slice::UNLIMITED).spent
    }

    /// The slice has no room for another message.
    pub fn is_spent(&self) -> bool {
        self.slice.is_spent(self.pool.places())
    }

    /// Sheds voices until the slice has room for what is left.
    fn shed(&mut self) {
        // Places between voices that remain cost something too: the first guess may be too low.
        const PASSES: usize = 4;
        let frames = self.slice.frames;
        let too_many = |work: Work, most: f32| {
            let excess = work.cost(frames) - most;
            let each = work.cost(frames) / work.voices.max(1) as f32;
            if excess > 0.0 && work.voices > 0 {
                // A cast saturates.
                ((excess / each) as usize).saturating_add(1)
            } else {
                0
            }
        };
        for _ in 0..PASSES {
            let held = too_many(self.work(false), self.slice.for_voices() - self.slice.spent);
            if held == 0 {
                break;
            }
            self.slice.add_search(self.pool.places());
            let slots = &mut self.slots;
            self.pool.shed(held, self.position, |port| {
                lose(slots, port);
            });
        }
        for _ in 0..PASSES {
            match too_many(self.work(true), self.slice.for_all() - self.slice.spent) {
                0 => break,
                fading => self.pool.drop_fading(fading),
            }
        }
    }
}

/// What slices may cost on this machine.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// ns per slice.
    limit: f32,
    /// Real ns per nominal one.
    scale: f32,
}

/// What became of a slice, in ns of this machine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spent {
    /// What the model said before.
    pub predicted: f32,
    /// What it took.
    pub measured: f32,
}

impl Budget {
    /// Machines that the model believes in: four times as fast as the reference to sixteen times as slow.
    const SCALES: (f32, f32) = (0.25, 16.0);
    /// Nominal ns from which a slice tells something about the machine.
    const WORTH_LEARNING: f32 = 2000.0;

    /// Slices of `limit` ns each.
    pub fn new(limit: u32) -> Self {
        Self {
            limit: limit as f32,
            scale: 1.0,
        }
    }

    /// Slices cost at most `limit` ns from now on; what is known of the machine stays.
    pub fn set_limit(&mut self, limit: u32) {
        self.limit = limit as f32;
    }

    /// ns per slice.
    pub fn limit(&self) -> f32 {
        self.limit
    }

    /// Real ns per nominal one.
    pub fn scale(&self) -> f32 {
        self.scale
    }

    /// Before a slice of `frames` frames: voices that do not fit go.
    pub fn begin(&self, synth: &mut Synth, frames: usize) {
        synth.begin_slice(self.limit / self.scale, frames);
    }

    /// After the slice: learns from the time that it took, in ns.
    pub fn end(&mut self, synth: &mut Synth, measured: f32) -> Spent {
        let nominal = synth.end_slice();
        let spent = Spent {
            predicted: nominal * self.scale,
            measured,
        };
        if nominal >= Self::WORTH_LEARNING && measured >= 0.0 {
            // Slow slices count more, but none doubles the scale: it may have been an interrupt.
            let ratio = (measured / nominal).min(self.scale * 2.0);
            let share = if ratio > self.scale { 0.125 } else { 0.015_625 };
            let (least, most) = Self::SCALES;
            self.scale = (self.scale + (ratio - self.scale) * share).clamp(least, most);
        }
        spent
    }
}
