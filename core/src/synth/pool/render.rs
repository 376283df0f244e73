// SPDX-License-Identifier: MIT OR Apache-2.0
//! The voices of a port into its buses: each reads its wave into a block, four blocks at a time go through their filters, then all are mixed.

use super::{LIVE, Pool};
use crate::mem::{NoMemory, vec};
use crate::synth::effects::Sends;
use crate::synth::lanes::LANES;
use crate::synth::oscillator::Interpolation;
use crate::synth::simd::{self, Block, FilterState, Four, Vectors};
use alloc::vec::Vec;

/// Voices that are rendered together: their blocks stay in the first cache.
const TOGETHER: usize = 32;

/// Where blocks lie that fill up a group of four.
const SPARE: usize = TOGETHER;

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
    blocks: Vec<Block>,
    filters: Vec<FilterState>,
    /// Slots of the voices.
    slots: [usize; TOGETHER],
    count: usize,
    /// Blocks with filters that stand still, and with ones that move.
    still: Group,
    moving: Group,
    left: Block,
    right: Block,
    reverb: Block,
    chorus: Block,
}

/// Numbers of blocks.
struct Group {
    members: [u8; TOGETHER + LANES],
    count: usize,
}

impl Group {
    const EMPTY: Self = Self {
        members: [0; TOGETHER + LANES],
        count: 0,
    };

    fn add(&mut self, block: usize) {
        if let Some(member) = self.members.get_mut(self.count) {
            *member = block as u8;
            self.count += 1;
        }
    }

    /// Whole fours, filled up with spare blocks.
    fn fours(&mut self) -> &[[u8; LANES]] {
        let whole = self.count.next_multiple_of(LANES);
        let spare = self.members.get_mut(self.count..whole).unwrap_or_default();
        for (member, spare) in spare.iter_mut().zip(SPARE..) {
            *member = spare as u8;
        }
        self.members.get(..whole).unwrap_or_default().as_chunks().0
    }
}

impl Batch {
    pub fn new() -> Result<Self, NoMemory> {
        Ok(Self {
            blocks: vec::try_filled(TOGETHER + LANES - 1, Block::ZERO)?,
            filters: vec::try_filled(TOGETHER + LANES - 1, FilterState::REST)?,
            slots: [0; TOGETHER],
            count: 0,
            still: Group::EMPTY,
            moving: Group::EMPTY,
            left: Block::ZERO,
            right: Block::ZERO,
            reverb: Block::ZERO,
            chorus: Block::ZERO,
        })
    }

    /// Sends a group through their filters.
    fn filter(&mut self, vectors: Vectors, moves: bool, odd: bool, frames: usize) {
        let group = if moves {
            &mut self.moving
        } else {
            &mut self.still
        };
        let (pairs, rest) = group.fours().as_chunks::<2>();
        for [a, b] in pairs {
            let [a, b, c, d, e, f, g, h] =
                [a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3]].map(usize::from);
            let places = [a, b, c, d, e, f, g, h];
            let blocks = self.blocks.get_disjoint_mut(places);
            let filters = self.filters.get_disjoint_mut(places);
            if let (Ok([a, b, c, d, e, f, g, h]), Ok([s, t, u, v, w, x, y, z])) = (blocks, filters)
            {
                let blocks = [[a, b, c, d], [e, f, g, h]];
                simd::filter(
                    vectors,
                    blocks,
                    [[s, t, u, v], [w, x, y, z]],
                    moves,
                    odd,
                    frames,
                );
            }
        }
        for four in rest {
            let places = four.map(usize::from);
            let (blocks, filters): (Result<Four<Block>, _>, Result<Four<FilterState>, _>) = (
                self.blocks.get_disjoint_mut(places),
                self.filters.get_disjoint_mut(places),
            );
            if let (Ok(blocks), Ok(filters)) = (blocks, filters) {
                simd::filter(vectors, [blocks], [filters], moves, odd, frames);
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
        let mut next = 0;
        while next < self.used {
            next = self.gather(port, next);
            self.play(kind, sends, position & 1 == 1, frames);
        }
        let batch = &self.batch;
        Buses {
            left: batch.left.first(frames),
            right: batch.right.first(frames),
            reverb: sends.reverb.then(|| batch.reverb.first(frames)),
            chorus: sends.chorus.then(|| batch.chorus.first(frames)),
        }
    }

    /// Takes the next voices of a port; the slot where to go on.
    fn gather(&mut self, port: u8, from: usize) -> usize {
        let batch = &mut self.batch;
        batch.count = 0;
        for (slot, tag) in self.tags.iter().enumerate().take(self.used).skip(from) {
            if tag.is(LIVE) && tag.port == port {
                let Some(place) = batch.slots.get_mut(batch.count) else {
                    return slot;
                };
                *place = slot;
                batch.count += 1;
            }
        }
        self.used
    }

    /// Renders the voices that have been gathered.
    fn play(&mut self, kind: Interpolation, sends: Sends, odd: bool, frames: usize) {
        let vectors = self.vectors;
        let batch = &mut self.batch;
        (batch.still.count, batch.moving.count) = (0, 0);
        let slots = batch.slots.iter().take(batch.count);
        for ((index, slot), (block, filter)) in slots
            .enumerate()
            .zip(batch.blocks.iter_mut().zip(&mut batch.filters))
        {
            let Some(tone) = self.tones.get_mut(*slot) else {
                continue;
            };
            tone.read(kind, &self.kernels, vectors, block, frames);
            if tone.is_filtered() {
                *filter = tone.filter;
                let group = if tone.sweeps {
                    &mut batch.moving
                } else {
                    &mut batch.still
                };
                group.add(index);
            }
        }
        batch.filter(vectors, false, odd, frames);
        batch.filter(vectors, true, odd, frames);
        let slots = batch.slots.iter().take(batch.count);
        for (slot, filter) in slots.zip(&batch.filters) {
            if let Some(tone) = self.tones.get_mut(*slot)
                && tone.is_filtered()
            {
                tone.filter = *filter;
            }
        }
        let tones = &self.tones;
        let voices = || {
            let slots = batch.slots.iter().take(batch.count);
            slots
                .zip(&batch.blocks)
                .filter_map(|(slot, block)| Some((tones.get(*slot)?, block)))
        };
        let mut dry = voices().map(|(tone, block)| (block, &tone.dry));
        loop {
            let buses = [&mut batch.left, &mut batch.right];
            let mut four = [const { None }; LANES];
            for (place, voice) in four.iter_mut().zip(&mut dry) {
                *place = Some(voice);
            }
            match four {
                [Some(a), Some(b), Some(c), Some(d)] => {
                    simd::mix(
                        vectors,
                        [a.0, b.0, c.0, d.0],
                        [a.1, b.1, c.1, d.1],
                        buses,
                        frames,
                    );
                }
                [Some(a), Some(b), Some(c), None] => {
                    simd::mix(vectors, [a.0, b.0, c.0], [a.1, b.1, c.1], buses, frames);
                    break;
                }
                [Some(a), Some(b), ..] => {
                    simd::mix(vectors, [a.0, b.0], [a.1, b.1], buses, frames);
                    break;
                }
                [Some(a), ..] => {
                    simd::mix(vectors, [a.0], [a.1], buses, frames);
                    break;
                }
                _ => break,
            }
        }
        if sends.reverb {
            let wet = voices().filter(|(tone, _)| !tone.reverb.is_mute());
            for (tone, block) in wet {
                simd::mix(
                    vectors,
                    [block],
                    [&tone.reverb],
                    [&mut batch.reverb],
                    frames,
                );
            }
        }
        if sends.chorus {
            let wet = voices().filter(|(tone, _)| !tone.chorus.is_mute());
            for (tone, block) in wet {
                simd::mix(
                    vectors,
                    [block],
                    [&tone.chorus],
                    [&mut batch.chorus],
                    frames,
                );
            }
        }
        let slots = batch.slots.iter().take(batch.count);
        for slot in slots {
            if let Some(tone) = self.tones.get_mut(*slot) {
                tone.advance(frames);
            }
        }
    }
}
