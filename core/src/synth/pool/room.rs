// SPDX-License-Identifier: MIT OR Apache-2.0
//! A pool of another size, made beforehand, so that voices move into it while they sound.

use super::chains::Chains;
use super::slots::Slots;
use super::{Pool, Rank, Retired, keep};
use crate::mem::{NoMemory, vec};
use alloc::vec::Vec;

/// Slots for so many voices: some more let stolen voices fade.
const fn slots(limit: usize) -> usize {
    limit + limit / 4 + 8
}

/// Empty slots for a number of voices.
pub struct Room {
    pub(super) slots: Slots,
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
            ranks: vec::try_with_capacity(slots)?,
            retired: vec::try_with_capacity(slots * 4)?,
            chains: Chains::new(slots)?,
            slots: Slots::new(slots)?,
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
        if self.used > room.slots.len() || self.retired.len() > room.retired.capacity() {
            return;
        }
        room.slots.swap_first(&mut self.slots, self.used);
        room.chains.copy(&self.chains);
        while let Some(retired) = self.retired.pop() {
            keep(&mut room.retired, Some(retired));
        }
        core::mem::swap(&mut self.slots, &mut room.slots);
        core::mem::swap(&mut self.chains, &mut room.chains);
        core::mem::swap(&mut self.ranks, &mut room.ranks);
        core::mem::swap(&mut self.retired, &mut room.retired);
    }
}
