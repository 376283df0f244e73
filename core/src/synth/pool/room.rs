// SPDX-License-Identifier: MIT OR Apache-2.0
//! A pool of another size, made beforehand, so that voices move into it while they sound.

use super::chains::Chains;
use super::{Pool, Rank, Retired, Tag};
use crate::mem::{NoMemory, vec};
use crate::synth::tone::Tone;
use crate::synth::voice::Voice;
use alloc::vec::Vec;

/// Slots for so many voices: some more let stolen voices fade.
const fn slots(limit: usize) -> usize {
    limit + limit / 4 + 8
}

/// Empty slots for a number of voices.
pub struct Room {
    pub(super) tags: Vec<Tag>,
    pub(super) voices: Vec<Voice>,
    pub(super) tones: Vec<Tone>,
    pub(super) chains: Chains,
    pub(super) ranks: Vec<(Rank, usize)>,
    pub(super) retired: Vec<Retired>,
    pub(super) limit: usize,
}

impl Room {
    /// Room for `voices` voices. PASSIVE_LEVEL: it allocates.
    pub fn new(voices: u16) -> Result<Self, NoMemory> {
        let limit = usize::from(voices.max(1));
        let slots = slots(limit);
        Ok(Self {
            tags: vec::try_filled(slots, Tag::default())?,
            voices: Voice::idle(slots)?,
            tones: Tone::idle(slots)?,
            chains: Chains::new(slots)?,
            ranks: vec::try_with_capacity(slots)?,
            retired: vec::try_with_capacity(slots * 4)?,
            limit,
        })
    }
}

impl Pool {
    /// Moves into `room`, which gets what the pool had before: nothing is allocated or freed. Voices beyond the new limit fade, the least
    /// important first; `lost` hears of the port of each that was not released yet. While they fade they may need more slots than there are in
    /// the room: then the pool stays where it is, and only the limit is another one.
    pub fn move_into(&mut self, room: &mut Room, position: u64, lost: impl FnMut(u8)) {
        self.limit = room.limit;
        self.shed(self.sounding.saturating_sub(self.limit), position, lost);
        if self.used > room.tags.len() || self.retired.len() > room.retired.capacity() {
            return;
        }
        for (to, from) in room.tags.iter_mut().zip(&self.tags).take(self.used) {
            *to = *from;
        }
        for (to, from) in room.voices.iter_mut().zip(&mut self.voices).take(self.used) {
            core::mem::swap(to, from);
        }
        for (to, from) in room.tones.iter_mut().zip(&mut self.tones).take(self.used) {
            core::mem::swap(to, from);
        }
        room.chains.copy(&self.chains);
        while let Some(retired) = self.retired.pop() {
            // There is room for all.
            if let Err(back) = vec::push_within(&mut room.retired, retired) {
                core::mem::forget(back);
            }
        }
        core::mem::swap(&mut self.tags, &mut room.tags);
        core::mem::swap(&mut self.voices, &mut room.voices);
        core::mem::swap(&mut self.tones, &mut room.tones);
        core::mem::swap(&mut self.chains, &mut room.chains);
        core::mem::swap(&mut self.ranks, &mut room.ranks);
        core::mem::swap(&mut self.retired, &mut room.retired);
    }
}
