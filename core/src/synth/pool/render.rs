// SPDX-License-Identifier: MIT OR Apache-2.0
//! The voices of a port into its buses: each reads its wave into a block, eight blocks at a time go through their filters, then all are mixed.

use super::{LIVE, Pool};
use crate::mem::{NoMemory, vec};
use crate::synth::counters::{self, Part};
use crate::synth::effects::Sends;
use crate::synth::oscillator::Interpolation;
use crate::synth::simd::{self, Block, Effect, FilterState, Gains, MIXED, Vectors};
use alloc::vec::Vec;

/// Voices of a kind that are rendered together: their blocks stay in the first cache.
const TOGETHER: usize = 24;

/// Filters that are run side by side.
const ABREAST: usize = 8;

/// The buses of a port for one stretch.
pub struct Buses<'a> {
    pub left: &'a [f32],
    pub right: &'a [f32],
    /// `None`: the effect is off, or nobody plays into it.
    pub reverb: Option<&'a [f32]>,
    pub chorus: Option<&'a [f32]>,
}

/// Room for rendering.
pub struct Batch {
    /// Voices without a filter, with one that stands still, and with one that moves.
    kinds: [Kind; 3],
    left: Block,
    right: Block,
    reverb: Block,
    chorus: Block,
}

/// Voices that are rendered alike.
struct Kind {
    /// Samples; some more blocks fill up the last [`ABREAST`].
    blocks: Vec<Block>,
    filters: Vec<FilterState>,
    /// Slot and gains of each voice; some more mute ones fill up the last [`MIXED`].
    slots: [u32; TOGETHER],
    gains: Vec<Gains>,
    count: usize,
}

impl Batch {
    pub fn new() -> Result<Self, NoMemory> {
        Ok(Self {
            kinds: [Kind::new()?, Kind::new()?, Kind::new()?],
            left: Block::ZERO,
            right: Block::ZERO,
            reverb: Block::ZERO,
            chorus: Block::ZERO,
        })
    }
}

impl Kind {
    fn new() -> Result<Self, NoMemory> {
        Ok(Self {
            blocks: vec::try_filled(TOGETHER, Block::ZERO)?,
            filters: vec::try_filled(TOGETHER, FilterState::REST)?,
            slots: [0; TOGETHER],
            gains: vec::try_filled(TOGETHER, Gains::MUTE)?,
            count: 0,
        })
    }

    /// Sends all blocks through their filters.
    fn filter(&mut self, vectors: Vectors, moves: bool, odd: bool, frames: usize) {
        const { assert!(TOGETHER.is_multiple_of(ABREAST)) };
        let whole = self.count.next_multiple_of(ABREAST);
        counters::filters(self.count, whole);
        if let Some(spare) = self.filters.get_mut(self.count..whole) {
            spare.fill(FilterState::REST);
        }
        let (Some(blocks), Some(filters)) =
            (self.blocks.get_mut(..whole), self.filters.get_mut(..whole))
        else {
            return;
        };
        let (blocks, _) = blocks.as_chunks_mut::<ABREAST>();
        let (filters, _) = filters.as_chunks_mut::<ABREAST>();
        let (block_pairs, block_rest) = blocks.as_chunks_mut::<2>();
        let (filter_pairs, filter_rest) = filters.as_chunks_mut::<2>();
        for ([a, b], [c, d]) in block_pairs.iter_mut().zip(filter_pairs) {
            let (blocks, filters) = ([a.each_mut(), b.each_mut()], [c.each_mut(), d.each_mut()]);
            simd::filter(vectors, blocks, filters, moves, odd, frames);
        }
        for (blocks, filters) in block_rest.iter_mut().zip(filter_rest) {
            simd::filter(
                vectors,
                [blocks.each_mut()],
                [filters.each_mut()],
                moves,
                odd,
                frames,
            );
        }
    }

    /// Mixes all blocks into the buses.
    fn mix(&mut self, vectors: Vectors, buses: &mut [&mut Block; 2], frames: usize) {
        const { assert!(TOGETHER.is_multiple_of(MIXED)) };
        let whole = self.count.next_multiple_of(MIXED);
        // Mute is not enough for what is no number.
        if let (Some(blocks), Some(gains)) = (
            self.blocks.get_mut(self.count..whole),
            self.gains.get_mut(self.count..whole),
        ) {
            blocks.fill(Block::ZERO);
            gains.fill(Gains::MUTE);
        }
        let (blocks, gains) = (self.blocks.as_chunks().0, self.gains.as_chunks().0);
        for (blocks, gains) in blocks.iter().zip(gains).take(whole / MIXED) {
            simd::mix(vectors, blocks, gains, buses, frames);
        }
    }

    /// Adds to the bus of an effect what the voices send there.
    fn send(&self, vectors: Vectors, effect: Effect, bus: &mut Block, frames: usize) {
        for (block, gains) in self.blocks.iter().zip(&self.gains).take(self.count) {
            if gains.reach(effect) {
                simd::send(vectors, block, gains, effect, bus, frames);
            }
        }
    }
}

impl Pool {
    /// Mixes the voices of a port into its buses, which are `frames` long; those of effects that are off are left out.
    pub fn render(
        &mut self,
        port: u8,
        kind: Interpolation,
        sends: Sends,
        position: u64,
        frames: usize,
    ) -> Buses<'_> {
        let batch = &mut self.batch;
        for bus in [&mut batch.left, &mut batch.right] {
            *bus = Block::ZERO;
        }
        if sends.reverb {
            batch.reverb = Block::ZERO;
        }
        if sends.chorus {
            batch.chorus = Block::ZERO;
        }
        let odd = position & 1 == 1;
        let mut next = 0;
        while next < self.used {
            next = self.read(port, kind, next, frames);
            counters::lap(Part::Fetch);
            let [_, still, moving] = &mut self.batch.kinds;
            still.filter(self.vectors, false, odd, frames);
            moving.filter(self.vectors, true, odd, frames);
            counters::lap(Part::Filter);
            self.mix(sends, frames);
            counters::lap(Part::Voices);
        }
        let batch = &self.batch;
        Buses {
            left: batch.left.first(frames),
            right: batch.right.first(frames),
            reverb: sends.reverb.then(|| batch.reverb.first(frames)),
            chorus: sends.chorus.then(|| batch.chorus.first(frames)),
        }
    }

    /// Lets the next voices of a port read their waves; the slot where to go on.
    fn read(&mut self, port: u8, kind: Interpolation, from: usize, frames: usize) -> usize {
        let batch = &mut self.batch;
        for kind in &mut batch.kinds {
            kind.count = 0;
        }
        let slots = self.tags.iter().zip(&mut self.tones).enumerate();
        for (slot, (tag, tone)) in slots.take(self.used).skip(from) {
            if !tag.is(LIVE) || tag.port != port {
                continue;
            }
            let [plain, still, moving] = &mut batch.kinds;
            let room = match (tone.is_filtered(), tone.sweeps) {
                (false, _) => plain,
                (true, false) => still,
                (true, true) => moving,
            };
            let at = room.count;
            let (Some(place), Some(block), Some(filter), Some(gains)) = (
                room.slots.get_mut(at),
                room.blocks.get_mut(at),
                room.filters.get_mut(at),
                room.gains.get_mut(at),
            ) else {
                return slot;
            };
            *place = slot as u32;
            *filter = tone.filter;
            *gains = tone.gains;
            room.count += 1;
            tone.read(kind, &self.kernels, self.vectors, block, frames);
        }
        self.used
    }

    /// Takes the filters' states back, and mixes what has been read and filtered.
    fn mix(&mut self, sends: Sends, frames: usize) {
        let Batch {
            kinds,
            left,
            right,
            reverb,
            chorus,
        } = &mut self.batch;
        let vectors = self.vectors;
        let [_, still, moving] = &*kinds;
        for kind in [still, moving] {
            for (slot, filter) in kind.slots.iter().zip(&kind.filters).take(kind.count) {
                if let Some(tone) = self.tones.get_mut(*slot as usize) {
                    tone.filter = *filter;
                }
            }
        }
        for kind in kinds {
            kind.mix(vectors, &mut [&mut *left, &mut *right], frames);
            if sends.reverb {
                kind.send(vectors, Effect::Reverb, reverb, frames);
            }
            if sends.chorus {
                kind.send(vectors, Effect::Chorus, chorus, frames);
            }
        }
    }
}
