// SPDX-License-Identifier: MIT OR Apache-2.0
//! The voices of a port into its buses: each reads its wave into a block, eight blocks at a time go through their filters, then all are mixed.

use super::{LIVE, Pool};
use crate::mem::{NoMemory, TryBox, vec};
use crate::synth::counters::{self, Part};
use crate::synth::effects::Sends;
use crate::synth::oscillator::Interpolation;
use crate::synth::simd::{
    self, Arch, Block, EIGHT, Effect, Interpolator, Linear, MIXED, Pair, Place, Sinc8, Sinc16,
    Task, Vectors,
};
use crate::synth::tick::since_tick;
use alloc::vec::Vec;
use core::marker::PhantomData;

/// Voices of a kind that are rendered together: their blocks stay in the first cache.
const TOGETHER: usize = 48;

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
        counters::filters(self.count, self.count.next_multiple_of(EIGHT));
        simd::filter(vectors, self.groups(), moves, odd, frames);
    }

    /// Mixes all blocks into the buses.
    fn mix(&mut self, vectors: Vectors, buses: &mut [&mut Block; 2], frames: usize) {
        for places in self.groups() {
            simd::mix(vectors, places, Pair::Dry, buses, frames);
        }
    }

    /// Adds to the buses of effects that are on what the voices send there.
    fn send(
        &mut self,
        vectors: Vectors,
        on: Sends,
        [reverb, chorus]: &mut [&mut Block; 2],
        frames: usize,
    ) {
        for places in self.groups::<MIXED>() {
            let reach = |effect| places.iter().any(|place| place.gains.reach(effect));
            let send = |effect, bus: &mut Block| simd::send(vectors, places, effect, bus, frames);
            match (
                on.reverb && reach(Effect::Reverb),
                on.chorus && reach(Effect::Chorus),
            ) {
                (true, true) => {
                    let both = &mut [&mut **reverb, &mut **chorus];
                    simd::mix(vectors, places, Pair::Effects, both, frames);
                }
                (true, false) => send(Effect::Reverb, reverb),
                (false, true) => send(Effect::Chorus, chorus),
                (false, false) => {}
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
            let since_tick = since_tick(position) as usize;
            next = self.read(port, kind, next, (since_tick, frames));
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
    fn read(
        &mut self,
        port: u8,
        kind: Interpolation,
        from: usize,
        (since_tick, frames): (usize, usize),
    ) -> usize {
        let read = Read {
            pool: self,
            port,
            from,
            since_tick,
            frames,
        };
        let vectors = read.pool.vectors;
        match kind {
            Interpolation::Linear => simd::on(vectors, With::<Linear>(read, PhantomData)),
            Interpolation::Sinc8 => simd::on(vectors, With::<Sinc8>(read, PhantomData)),
            Interpolation::Sinc16 => simd::on(vectors, With::<Sinc16>(read, PhantomData)),
        }
    }

    /// Takes the filters' states back, and mixes what has been read and filtered.
    fn mix(&mut self, sends: Sends, frames: usize) {
        let Batch { kinds, buses } = &mut self.batch;
        let [left, right, reverb, chorus] = &mut **buses;
        let vectors = self.vectors;
        let [_, still, moving] = &*kinds;
        for kind in [still, moving] {
            for place in kind.places.iter().take(kind.count) {
                if let Some(tone) = self.slots.tone_mut(place.slot as usize) {
                    tone.filter = place.filter;
                }
            }
        }
        for kind in kinds {
            kind.mix(vectors, &mut [&mut *left, &mut *right], frames);
            if sends != Sends::default() {
                kind.send(vectors, sends, &mut [&mut *reverb, &mut *chorus], frames);
            }
        }
    }
}

/// Voices of a port that read their waves.
struct Read<'a> {
    pool: &'a mut Pool,
    port: u8,
    /// The slot of the first.
    from: usize,
    since_tick: usize,
    frames: usize,
}

/// With an interpolator.
struct With<'a, T>(Read<'a>, PhantomData<T>);

impl<'a, T: Interpolator<'a>> Task for With<'a, T> {
    /// The slot where to go on.
    type Out = usize;

    #[inline(always)]
    fn run<A: Arch>(self) -> usize {
        let Self(read, _) = self;
        let Pool {
            slots,
            used,
            batch,
            kernels,
            ..
        } = read.pool;
        for kind in &mut batch.kinds {
            kind.count = 0;
        }
        for (slot, (tag, tone)) in slots.tones_mut(read.from..*used) {
            if !tag.is(LIVE) || tag.port != read.port {
                continue;
            }
            // No branch: neighbours are of any kind.
            let kind = usize::from(tone.is_filtered()) << usize::from(tone.sweeps);
            let Some(room) = batch.kinds.get_mut(kind) else {
                break;
            };
            let Some(place) = room.places.get_mut(room.count) else {
                return slot;
            };
            room.count += 1;
            place.slot = slot as u32;
            place.filter = tone.filter;
            place.gains = tone.gains;
            tone.read::<A, T>(kernels, &mut place.block, read.since_tick, read.frames);
        }
        *used
    }
}
