// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the owner let go of is freed here, at `PASSIVE_LEVEL`.

use super::track::Track;
use crate::kernel::irql::Passive;
use crate::kernel::work::Work;
use crate::kernel::{Result, no_memory};
use arioso_core::dls::model::Patches;
use arioso_core::mem::{Ring, Shared, TryBox};
use arioso_core::synth::{Parts, Retired, Room, VirtualSynth};
use core::sync::atomic::{AtomicUsize, Ordering};

/// Things whose drop may free memory or release an interface.
pub enum Garbage {
    Track(#[allow(dead_code)] TryBox<Track>),
    VirtualSynth(#[allow(dead_code)] TryBox<VirtualSynth>),
    Patches(#[allow(dead_code)] Shared<Patches>),
    Parts(#[allow(dead_code)] TryBox<Parts>),
    Room(#[allow(dead_code)] TryBox<Room>),
    Synth(#[allow(dead_code)] Retired),
}

const CAPACITY: usize = 1024;

/// The work item's work: drops what is on the ring.
pub struct Reaper {
    ring: Ring<Garbage>,
    /// About how many there are.
    waiting: AtomicUsize,
}

impl Reaper {
    pub fn new() -> Result<Self> {
        Ok(Self {
            ring: Ring::new(CAPACITY).map_err(no_memory)?,
            waiting: AtomicUsize::new(0),
        })
    }

    pub fn try_push(&self, garbage: Garbage) -> core::result::Result<(), Garbage> {
        self.ring.try_push(garbage)?;
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Whether the work item has not kept up.
    pub fn is_full(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) >= CAPACITY / 2
    }

    /// Drops everything that is on the ring now.
    pub fn reap(&self, _: Passive) {
        while let Some(garbage) = self.ring.try_pop() {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            drop(garbage);
        }
    }
}

impl Work for Reaper {
    fn run(&self, passive: Passive) {
        self.reap(passive);
    }
}

/// The owner's end: hands things to the reaper, and keeps a few back while the ring is full.
#[derive(Default)]
pub struct Bin {
    kept: [Option<Garbage>; 2],
}

impl Bin {
    /// Whether there is room for what one command leaves behind.
    pub fn has_room(&mut self, reaper: &Reaper) -> bool {
        self.kept.iter_mut().all(|place| match place.take() {
            None => true,
            Some(garbage) => match reaper.try_push(garbage) {
                Ok(()) => true,
                Err(back) => {
                    *place = Some(back);
                    false
                }
            },
        })
    }

    /// Hands over one thing. After [`Bin::has_room`] said yes, two more always fit: no command leaves more.
    pub fn throw(&mut self, reaper: &Reaper, garbage: Garbage) {
        if let Err(back) = reaper.try_push(garbage) {
            match self.kept.iter_mut().find(|place| place.is_none()) {
                Some(place) => *place = Some(back),
                // Never frees here, not even when its own rule was broken.
                None => core::mem::forget(back),
            }
        }
    }
}
