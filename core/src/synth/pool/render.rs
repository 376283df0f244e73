// SPDX-License-Identifier: MIT OR Apache-2.0
//! The voices of a port into its buses: each reads its wave into a block, eight blocks at a time go through their filters, then all are mixed.

use super::{LIVE, Pool};
use crate::mem::{NoMemory, TryBox, vec};
use crate::synth::counters::{self, Part};
use crate::synth::effects::Sends;
use crate::synth::oscillator::Interpolation;
use crate::synth::simd::{self, Block, Effect, Eight, FilterState, Gains, MIXED, Vectors};
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
    /// Left, right, reverb, chorus.
    buses: TryBox<[Block; 4]>,
}

/// Voices that are rendered alike; some more places fill up the last group.
struct Kind {
    places: Vec<Place>,
    count: usize,
}

/// A voice while it is rendered.
#[derive(Clone, Copy)]
struct Place {
    block: Block,
    filter: FilterState,
    gains: Gains,
    slot: u32,
}

impl Place {
    const EMPTY: Self = Self {
        block: Block::ZERO,
        filter: FilterState::REST,
        gains: Gains::MUTE,
        slot: 0,
    };
}

impl Batch {
    pub fn new() -> Result<Self, NoMemory> {
        Ok(Self {
            kinds: [Kind::new()?, Kind::new()?, Kind::new()?],
            buses: TryBox::try_filled(Block::ZERO)?,
        })
    }
}

impl Kind {
    fn new() -> Result<Self, NoMemory> {
        Ok(Self {
            places: vec::try_filled(TOGETHER, Place::EMPTY)?,
            count: 0,
        })
    }

    /// Whole groups of `N` places: behind the voices silence, since mute is not enough for what is no number.
    fn groups<const N: usize>(&mut self) -> &mut [[Place; N]] {
        const { assert!(TOGETHER.is_multiple_of(N)) };
        let whole = self.count.next_multiple_of(N);
        let places = self.places.get_mut(..whole).unwrap_or_default();
        if let Some(spare) = places.get_mut(self.count..) {
            spare.fill(Place::EMPTY);
        }
        places.as_chunks_mut().0
    }

    /// Sends all blocks through their filters.
    fn filter(&mut self, vectors: Vectors, moves: bool, odd: bool, frames: usize) {
        counters::filters(self.count, self.count.next_multiple_of(ABREAST));
        let (pairs, rest) = self.groups::<ABREAST>().as_chunks_mut::<2>();
        for [first, second] in pairs {
            let ((a, c), (b, d)) = (parts(first), parts(second));
            if vectors.need_saving() {
                simd::filter(vectors, [a, b], [c, d], moves, odd, frames);
            } else {
                // There are registers for no more.
                simd::filter(vectors, [a], [c], moves, odd, frames);
                simd::filter(vectors, [b], [d], moves, odd, frames);
            }
        }
        for places in rest {
            let (blocks, filters) = parts(places);
            simd::filter(vectors, [blocks], [filters], moves, odd, frames);
        }
    }

    /// Mixes all blocks into the buses.
    fn mix(&mut self, vectors: Vectors, buses: &mut [&mut Block; 2], frames: usize) {
        for [a, b, c, d] in self.groups::<MIXED>() {
            let blocks = [&a.block, &b.block, &c.block, &d.block];
            let gains = [&a.gains, &b.gains, &c.gains, &d.gains];
            simd::mix(vectors, blocks, gains, buses, frames);
        }
    }

    /// Adds to the bus of an effect what the voices send there.
    fn send(&mut self, vectors: Vectors, effect: Effect, bus: &mut Block, frames: usize) {
        for [a, b, c, d] in self.groups::<MIXED>() {
            let gains = [&a.gains, &b.gains, &c.gains, &d.gains];
            if gains.iter().any(|gains| gains.reach(effect)) {
                let blocks = [&a.block, &b.block, &c.block, &d.block];
                simd::send(vectors, blocks, gains, effect, bus, frames);
            }
        }
    }
}

/// Blocks and filters.
fn parts(places: &mut [Place; ABREAST]) -> (Eight<'_, Block>, Eight<'_, FilterState>) {
    let [a, b, c, d, e, f, g, h] = places;
    (
        [
            &mut a.block,
            &mut b.block,
            &mut c.block,
            &mut d.block,
            &mut e.block,
            &mut f.block,
            &mut g.block,
            &mut h.block,
        ],
        [
            &mut a.filter,
            &mut b.filter,
            &mut c.filter,
            &mut d.filter,
            &mut e.filter,
            &mut f.filter,
            &mut g.filter,
            &mut h.filter,
        ],
    )
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
        let [left, right, reverb, chorus] = &mut *self.batch.buses;
        for bus in [left, right] {
            *bus = Block::ZERO;
        }
        if sends.reverb {
            *reverb = Block::ZERO;
        }
        if sends.chorus {
            *chorus = Block::ZERO;
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
        let [left, right, reverb, chorus] = &*self.batch.buses;
        Buses {
            left: left.first(frames),
            right: right.first(frames),
            reverb: sends.reverb.then(|| reverb.first(frames)),
            chorus: sends.chorus.then(|| chorus.first(frames)),
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
            let Some(place) = room.places.get_mut(room.count) else {
                return slot;
            };
            room.count += 1;
            place.slot = slot as u32;
            place.filter = tone.filter;
            place.gains = tone.gains;
            tone.read(kind, &self.kernels, self.vectors, &mut place.block, frames);
        }
        self.used
    }

    /// Takes the filters' states back, and mixes what has been read and filtered.
    fn mix(&mut self, sends: Sends, frames: usize) {
        let Batch { kinds, buses } = &mut self.batch;
        let [left, right, reverb, chorus] = &mut **buses;
        let vectors = self.vectors;
        let [_, still, moving] = &*kinds;
        for kind in [still, moving] {
            for place in kind.places.iter().take(kind.count) {
                if let Some(tone) = self.tones.get_mut(place.slot as usize) {
                    tone.filter = place.filter;
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
