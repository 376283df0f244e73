// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the voices cost, and which of them go when that is too much.

use super::{DYING, LIVE, Pool, RELEASED, Rank};
use crate::synth::cost::Work;
use crate::synth::effects::Sends;
use crate::synth::virtual_synth::SynthSlot;

impl Pool {
    /// Places that a search goes through.
    pub fn places(&self) -> usize {
        self.used
    }

    /// What the voices cost; with those that fade, or without.
    pub fn work(&self, slots: &[SynthSlot], fading: bool) -> Work {
        let mut work = Work::default();
        for (tag, voice, tone) in self.slots.iter().take(self.used) {
            if !tag.is(LIVE) || !fading && tag.is(DYING) {
                continue;
            }
            let port = slots.get(usize::from(tag.port));
            let kind = port.map(SynthSlot::interpolation).unwrap_or_default();
            work.add_voice(
                kind,
                voice.ticks_per_plan(),
                voice.vibrates(),
                tone.is_filtered(),
            );
            let on = port.map(SynthSlot::effects_on).unwrap_or_default();
            let sends = tone.sends();
            for plays in [on.reverb && sends.reverb, on.chorus && sends.chorus] {
                if plays {
                    work.add_send();
                }
            }
        }
        work
    }

    /// Effects of a port that its voices play into.
    pub fn sends(&self, slot: &SynthSlot, port: u8) -> Sends {
        let on = slot.effects_on();
        let mut found = Sends::default();
        for (tag, _, tone) in self.slots.iter().take(self.used) {
            if found == on {
                break;
            }
            if tag.is(LIVE) && tag.port == port {
                let sends = tone.sends();
                found.reverb |= on.reverb && sends.reverb;
                found.chorus |= on.chorus && sends.chorus;
            }
        }
        found
    }

    /// Fades out the `count` least important voices: a client's lowest class first, released before held, quiet before loud, by channel, old before
    /// new.
    /// Tells the port of each that was not released yet.
    pub fn shed(&mut self, count: usize, position: u64, mut lost: impl FnMut(u8)) {
        let mut heap = Heap(core::mem::take(&mut self.ranks));
        heap.0.clear();
        for (index, (tag, voice, _)) in self.slots.iter().take(self.used).enumerate() {
            if tag.is(LIVE) && !tag.is(DYING) {
                // There is room for every place.
                let _ = crate::mem::vec::push_within(&mut heap.0, (Rank::of(tag, voice), index));
            }
        }
        heap.order();
        for _ in 0..count {
            let Some((_, index)) = heap.pop() else { break };
            if let Some(tag) = self.slots.tag(index)
                && !tag.is(RELEASED)
            {
                lost(tag.port);
            }
            self.kill(index, position);
        }
        self.ranks = heap.0;
    }

    /// Drops up to `count` fading voices as they are.
    pub fn drop_fading(&mut self, count: usize) {
        let mut left = count;
        for index in (0..self.places()).rev() {
            if left == 0 {
                break;
            }
            if self.slots.tag(index).is_some_and(|tag| tag.is(DYING)) && self.free(index) {
                left = left.saturating_sub(1);
            }
        }
    }
}

/// The least on top.
struct Heap(alloc::vec::Vec<(Rank, usize)>);

impl Heap {
    fn order(&mut self) {
        for at in (0..self.0.len() / 2).rev() {
            self.sift(at);
        }
    }

    fn pop(&mut self) -> Option<(Rank, usize)> {
        let last = self.0.pop()?;
        let Some(top) = self.0.first_mut() else {
            return Some(last);
        };
        let least = core::mem::replace(top, last);
        self.sift(0);
        Some(least)
    }

    /// Lets the entry at `at` sink to its place.
    fn sift(&mut self, at: usize) {
        let Some(&entry) = self.0.get(at) else { return };
        let mut hole = at;
        loop {
            let left = hole.saturating_mul(2).saturating_add(1);
            let right = left.saturating_add(1);
            let Some(&first) = self.0.get(left) else {
                break;
            };
            let (child, least) = match self.0.get(right) {
                Some(&second) if second < first => (right, second),
                _ => (left, first),
            };
            if entry <= least {
                break;
            }
            if let Some(place) = self.0.get_mut(hole) {
                *place = least;
            }
            hole = child;
        }
        if let Some(place) = self.0.get_mut(hole) {
            *place = entry;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn the_heap_sorts() {
        for length in 0..40u64 {
            let entry = |n: u64| {
                let rank = Rank {
                    class: 0,
                    stage: 0,
                    level: 0,
                    priority: (n * 7919 % 13) as u32,
                    serial: n,
                };
                (rank, n as usize)
            };
            let mut heap = Heap((0..length).map(entry).collect());
            heap.order();
            let sorted: Vec<_> = core::iter::from_fn(|| heap.pop()).collect();
            assert_eq!(sorted.len() as u64, length);
            assert!(sorted.is_sorted());
        }
    }
}
