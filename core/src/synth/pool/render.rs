// SPDX-License-Identifier: MIT OR Apache-2.0
//! The voices of a port into its buses: each reads its wave into a block, eight blocks at a time go through their filters, then all are mixed.

use super::{LIVE, Pool};
use crate::mem::{NoMemory, vec};
use crate::synth::effects::Sends;
use crate::synth::oscillator::Interpolation;
use crate::synth::simd::{self, Block, FilterState, Playing, Vectors};
use alloc::vec::Vec;

/// Voices that are rendered together: their blocks stay in the first cache.
const TOGETHER: usize = 32;

/// Filters that are run side by side.
const ABREAST: usize = 8;

/// Where blocks lie that fill up a group of them.
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
    /// Slot of each voice, and frames that have passed since its gains were planned.
    voices: [(u32, u32); TOGETHER],
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
    members: [u8; TOGETHER + ABREAST],
    count: usize,
}

impl Group {
    const EMPTY: Self = Self {
        members: [0; TOGETHER + ABREAST],
        count: 0,
    };

    fn add(&mut self, block: usize) {
        if let Some(member) = self.members.get_mut(self.count) {
            *member = block as u8;
            self.count += 1;
        }
    }

    fn members(&self) -> &[u8] {
        self.members.get(..self.count).unwrap_or_default()
    }

    /// Whole groups, filled up with spare blocks.
    fn eights(&mut self) -> &[[u8; ABREAST]] {
        let whole = self.count.next_multiple_of(ABREAST);
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
            blocks: vec::try_filled(TOGETHER + ABREAST - 1, Block::ZERO)?,
            filters: vec::try_filled(TOGETHER + ABREAST - 1, FilterState::REST)?,
            voices: [(0, 0); TOGETHER],
            count: 0,
            still: Group::EMPTY,
            moving: Group::EMPTY,
            left: Block::ZERO,
            right: Block::ZERO,
            reverb: Block::ZERO,
            chorus: Block::ZERO,
        })
    }

    /// Sends what has been read through the filters.
    fn filter(&mut self, vectors: Vectors, odd: bool, frames: usize) {
        for (group, moves) in [(&mut self.still, false), (&mut self.moving, true)] {
            let (pairs, rest) = group.eights().as_chunks::<2>();
            for [first, second] in pairs {
                let mut places = [0; 2 * ABREAST];
                for (place, index) in places.iter_mut().zip(first.iter().chain(second)) {
                    *place = usize::from(*index);
                }
                let blocks = self.blocks.get_disjoint_mut(places);
                let filters = self.filters.get_disjoint_mut(places);
                if let (Ok(blocks), Ok(filters)) = (blocks, filters) {
                    simd::filter(vectors, halves(blocks), halves(filters), moves, odd, frames);
                }
            }
            for places in rest {
                let places = places.map(usize::from);
                let blocks = self.blocks.get_disjoint_mut(places);
                let filters = self.filters.get_disjoint_mut(places);
                if let (Ok(blocks), Ok(filters)) = (blocks, filters) {
                    simd::filter(vectors, [blocks], [filters], moves, odd, frames);
                }
            }
        }
    }
}

fn halves<T>(all: [T; 2 * ABREAST]) -> [[T; ABREAST]; 2] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = all;
    [[a, b, c, d, e, f, g, h], [i, j, k, l, m, n, o, p]]
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
            next = self.read(port, kind, next, frames);
            self.batch.filter(self.vectors, position & 1 == 1, frames);
            self.mix(sends, frames);
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
        batch.count = 0;
        (batch.still.count, batch.moving.count) = (0, 0);
        let slots = self.tags.iter().zip(&mut self.tones).enumerate();
        for (slot, (tag, tone)) in slots.take(self.used).skip(from) {
            if !tag.is(LIVE) || tag.port != port {
                continue;
            }
            let index = batch.count;
            let (Some(voice), Some(block)) =
                (batch.voices.get_mut(index), batch.blocks.get_mut(index))
            else {
                return slot;
            };
            *voice = (slot as u32, tone.passed);
            batch.count += 1;
            tone.read(kind, &self.kernels, self.vectors, block, frames);
            if tone.is_filtered() {
                if let Some(filter) = batch.filters.get_mut(index) {
                    *filter = tone.filter;
                }
                let group = if tone.sweeps {
                    &mut batch.moving
                } else {
                    &mut batch.still
                };
                group.add(index);
            }
        }
        self.used
    }

    /// Takes the filters' states back, and mixes what has been read and filtered.
    fn mix(&mut self, sends: Sends, frames: usize) {
        let (batch, vectors) = (&mut self.batch, self.vectors);
        let filtered = [&batch.still, &batch.moving].map(Group::members);
        for index in filtered
            .into_iter()
            .flatten()
            .map(|index| usize::from(*index))
        {
            if let (Some((slot, _)), Some(filter)) =
                (batch.voices.get(index), batch.filters.get(index))
                && let Some(tone) = self.tones.get_mut(*slot as usize)
            {
                tone.filter = *filter;
            }
        }
        let tones = &self.tones;
        let voices = || {
            let voices = batch.voices.iter().take(batch.count);
            voices
                .zip(&batch.blocks)
                .filter_map(|((slot, passed), block)| {
                    Some((tones.get(*slot as usize)?, *passed, block))
                })
        };
        let mut dry = voices();
        loop {
            let buses = [&mut batch.left, &mut batch.right];
            let mut four = [const { None }; 4];
            for (place, (tone, passed, block)) in four.iter_mut().zip(&mut dry) {
                *place = Some(Playing {
                    block,
                    amplifier: &tone.dry,
                    passed,
                });
            }
            match four {
                [Some(a), Some(b), Some(c), Some(d)] => {
                    simd::mix(vectors, [a, b, c, d], buses, frames)
                }
                [Some(a), Some(b), Some(c), None] => simd::mix(vectors, [a, b, c], buses, frames),
                [Some(a), Some(b), ..] => simd::mix(vectors, [a, b], buses, frames),
                [Some(a), ..] => simd::mix(vectors, [a], buses, frames),
                _ => break,
            }
        }
        if sends.reverb {
            for (tone, passed, block) in voices().filter(|(tone, ..)| !tone.reverb.is_mute()) {
                let voice = Playing {
                    block,
                    amplifier: &tone.reverb,
                    passed,
                };
                simd::mix(vectors, [voice], [&mut batch.reverb], frames);
            }
        }
        if sends.chorus {
            for (tone, passed, block) in voices().filter(|(tone, ..)| !tone.chorus.is_mute()) {
                let voice = Playing {
                    block,
                    amplifier: &tone.chorus,
                    passed,
                };
                simd::mix(vectors, [voice], [&mut batch.chorus], frames);
            }
        }
    }
}
