// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the renderer and the loader of a [lazy bank](crate::dls::lazy) tell each other.
//!
//! The renderer asks by flags and takes what is there; the loader looks at the flags, reads, and puts things in. Neither waits for the
//! other: a slot that the other side is in counts as empty to the renderer. The loader empties a slot only while nobody else
//! refers to what is in it, so nothing is ever freed by the renderer.

use super::{Instrument, Wave};
use crate::mem::{OwnerCell, Shared};
use core::fmt;
use core::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};

/// Where something is that comes in when it is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// In its file.
    Absent,
    /// In memory.
    Here,
    /// It could not be read; tried again when an instrument is selected that needs it.
    Broken,
    /// There was no room for it; tried again when it is wanted.
    Refused,
}

/// The one owner of a slot's cell.
const EITHER: u32 = 0;

/// A place for what comes in and goes.
pub(crate) struct Slot<T> {
    cell: OwnerCell<Option<Shared<T>>>,
    state: AtomicU8,
}

impl<T> Slot<T> {
    pub fn new() -> Self {
        Self {
            cell: OwnerCell::new(EITHER, None),
            state: AtomicU8::new(State::Absent as u8),
        }
    }

    pub fn state(&self) -> State {
        match self.state.load(Ordering::Acquire) {
            1 => State::Here,
            2 => State::Broken,
            3 => State::Refused,
            _ => State::Absent,
        }
    }

    /// What is in it. Any IRQL; never waits.
    pub fn get(&self) -> Option<Shared<T>> {
        self.cell.enter(EITHER)?.clone()
    }

    /// Puts something in; `wait` lets the renderer leave.
    pub fn put(&self, value: Shared<T>, wait: impl FnMut()) {
        let old = self
            .cell
            .hand_over(EITHER, wait, |place| place.replace(value));
        self.state.store(State::Here as u8, Ordering::Release);
        drop(old);
    }

    /// Nothing came.
    pub fn fail(&self, state: State) {
        self.state.store(state as u8, Ordering::Release);
    }

    /// Empties it if nobody else refers to what is in it.
    pub fn take_unused(&self, wait: impl FnMut()) -> Option<Shared<T>> {
        self.cell.hand_over(EITHER, wait, |place| {
            place.as_ref().filter(|inside| Shared::is_only(inside))?;
            self.state.store(State::Absent as u8, Ordering::Release);
            place.take()
        })
    }
}

impl<T> fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.state().fmt(f)
    }
}

/// Counts what is used, so that the oldest is known.
#[derive(Debug, Default)]
pub(crate) struct Uses(AtomicU64);

impl Uses {
    /// The number of a new use.
    pub fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed).wrapping_add(1)
    }
}

/// A wave whose frames come in when they are wanted.
#[derive(Debug)]
pub(crate) struct LazyWave {
    pub slot: Slot<Wave>,
    pub frames: usize,
    /// Where its data lie in the file, their length, and the bits of a frame.
    pub at: u64,
    pub bytes: usize,
    pub bits: u16,
    /// The number of its last use.
    pub used: AtomicU64,
    pub uses: Shared<Uses>,
}

impl LazyWave {
    pub fn state(&self) -> State {
        self.slot.state()
    }

    /// It is used now.
    pub fn touch(&self) {
        self.used.store(self.uses.next(), Ordering::Relaxed);
    }

    /// The wave, to be played.
    pub fn take_up(&self) -> Option<Shared<Wave>> {
        self.touch();
        self.slot.get()
    }
}

/// A program change has selected it.
const SELECTED: u8 = 2;
/// It was selected, and part of it has been loaded since.
const STARTED: u8 = 1;

/// How the renderer asks for an instrument.
#[derive(Debug)]
pub struct Demand {
    pub(crate) slot: Slot<Instrument>,
    /// [`SELECTED`], [`STARTED`] or 0.
    selected: AtomicU8,
    /// Keys that are wanted at once.
    keys: [AtomicU32; 4],
}

impl Demand {
    pub(crate) fn new() -> Self {
        Self {
            slot: Slot::new(),
            selected: AtomicU8::new(0),
            keys: [const { AtomicU32::new(0) }; 4],
        }
    }

    /// Where its regions are.
    pub fn state(&self) -> State {
        self.slot.state()
    }

    /// Its regions, if they are here. Any IRQL; never waits.
    pub fn instrument(&self) -> Option<Shared<Instrument>> {
        self.slot.get()
    }

    /// A program change has selected it: all of it is wanted. Any IRQL.
    pub fn select(&self) {
        self.selected.store(SELECTED, Ordering::Release);
    }

    /// A note waits for what sounds at this key. Any IRQL.
    pub fn want(&self, key: u8) {
        if let Some(word) = self.keys.get(usize::from(key >> 5)) {
            word.fetch_or(1 << (key & 31), Ordering::Release);
        }
    }

    /// Whether it was selected since the last call, and if so, whether nothing of it has been tried since.
    pub(crate) fn take_selected(&self) -> Option<bool> {
        if self.selected.load(Ordering::Relaxed) == 0 {
            return None;
        }
        Some(self.selected.swap(0, Ordering::Acquire) == SELECTED)
    }

    /// Some of it has been tried; the rest is still to come.
    pub(crate) fn leave_rest(&self) {
        self.selected.fetch_max(STARTED, Ordering::Release);
    }

    /// The keys that are wanted, a bit for each.
    pub(crate) fn take_keys(&self) -> u128 {
        if self
            .keys
            .iter()
            .all(|word| word.load(Ordering::Relaxed) == 0)
        {
            return 0;
        }
        self.keys.iter().rev().fold(0, |all, word| {
            all << 32 | u128::from(word.swap(0, Ordering::Acquire))
        })
    }
}
