// SPDX-License-Identifier: MIT OR Apache-2.0
//! The voices of a port into its buses, for a span of some ticks: each reads its wave into a block, and is planned at the ticks inside;
//! eight blocks at a time go through their filters, then all are mixed, in the order of their slots.

use super::{DYING, LIVE, Pool};
use crate::mem::{NoMemory, TryBox, vec};
use crate::synth::context::OutputContext;
use crate::synth::counters::{self, Part};
use crate::synth::effects::Sends;
use crate::synth::oscillator::Interpolation;
use crate::synth::simd::{self, Block, Effect, Eight, FilterState, Gains, MIXED, Stretch, Vectors};
use crate::synth::tick::{SPAN, TICK};
use crate::synth::tone::{Reading, Tone};
use crate::synth::virtual_synth::VirtualSynth;
use alloc::vec::Vec;

/// Voices that are rendered together: their blocks stay near.
const TOGETHER: usize = 32;
/// Filters that are run side by side.
const ABREAST: usize = 8;
/// Ticks of a span.
const TICKS: usize = (SPAN / TICK) as usize;
/// Frames of a tick.
const FRAMES: usize = TICK as usize;
/// The slot of a voice that has gone.
const NONE: u32 = u32::MAX;

/// What a port's voices are rendered with.
pub struct Played<'a> {
    pub id: u8,
    /// `None`: it has gone, and its voices fade.
    pub port: Option<&'a VirtualSynth>,
    pub kind: Interpolation,
    /// Effects that are on.
    pub on: Sends,
    pub output: &'a OutputContext<'a>,
}

/// What there is of a port's voices in a tick.
#[derive(Clone, Copy, Debug, Default)]
struct Heard {
    /// A voice lives.
    live: bool,
    /// Effects that are on and that someone plays into.
    sends: Sends,
}

/// The buses of a port for a span.
pub struct Buses<'a> {
    batch: &'a Batch,
}

/// The buses of a port for a stretch.
pub struct BusParts<'a> {
    /// Voices live.
    pub live: bool,
    pub left: &'a [f32],
    pub right: &'a [f32],
    /// `None`: the effect is off, or nobody plays into it.
    pub reverb: Option<&'a [f32]>,
    pub chorus: Option<&'a [f32]>,
}

impl Buses<'_> {
    /// `frames` frames from `at` on, in one tick.
    pub fn part(&self, at: usize, frames: usize) -> BusParts<'_> {
        let [left, right, reverb, chorus] = &*self.batch.buses;
        let heard = self.batch.heard.get(at / FRAMES).copied();
        let Heard { live, sends } = heard.unwrap_or_default();
        BusParts {
            live,
            left: left.part(at, frames),
            right: right.part(at, frames),
            reverb: sends.reverb.then(|| reverb.part(at, frames)),
            chorus: sends.chorus.then(|| chorus.part(at, frames)),
        }
    }
}

/// Room for rendering.
pub struct Batch {
    /// Voices whose filters stand still from the front on, others from the back on.
    places: Vec<Place>,
    front: usize,
    back: usize,
    /// Places in the order of slots.
    order: Vec<u8>,
    /// Fill up the last group.
    spare: Vec<Place>,
    /// Left, right, reverb, chorus.
    buses: TryBox<[Block; 4]>,
    heard: [Heard; TICKS],
}

/// A voice while it is rendered.
#[derive(Clone, Copy)]
struct Place {
    block: Block,
    filter: FilterState,
    /// Coefficients from a tick on; which of them hold.
    turns: [FilterState; TICKS],
    turned: u8,
    filtered: bool,
    /// Its coefficients move at some time.
    sweeps: bool,
    /// Gains from a tick on; at which of them they take another way.
    gains: [Gains; TICKS],
    bent: u8,
    slot: u32,
    /// Frames until it ends, or all.
    frames: usize,
}

impl Place {
    const EMPTY: Self = Self {
        block: Block::ZERO,
        filter: FilterState::REST,
        turns: [FilterState::REST; TICKS],
        turned: 0,
        filtered: false,
        sweeps: false,
        gains: [Gains::MUTE; TICKS],
        bent: 0,
        slot: NONE,
        frames: 0,
    };

    /// A span begins.
    #[inline(always)]
    fn begin(&mut self, tone: &Tone, slot: usize, frames: usize) {
        self.filter = tone.filter;
        self.filtered = tone.is_filtered();
        self.sweeps = tone.sweeps;
        (self.turned, self.bent) = (0, 0);
        let [first, ..] = &mut self.gains;
        first.from = tone.gains.from;
        first.step = tone.gains.step;
        first.passed = tone.gains.passed;
        self.slot = slot as u32;
        self.frames = frames;
    }

    /// From a tick on the tone goes another way; before, its filter moved or not.
    #[inline(always)]
    fn turn(&mut self, tick: usize, tone: &Tone, swept: bool) {
        self.bent |= 1 << tick;
        if swept || tone.sweeps {
            self.sweeps = true;
            self.turned |= 1 << tick;
            if let Some(turn) = self.turns.get_mut(tick) {
                *turn = tone.filter;
            }
        }
    }

    /// The filter takes another way at a tick, if this one does.
    #[inline(always)]
    fn follow(&mut self, tick: usize) {
        if self.turned & 1 << tick != 0
            && let Some(turn) = self.turns.get(tick)
        {
            self.filter.set(turn.coefficients(), turn.change());
        }
    }

    #[inline(always)]
    fn gains_at(&self, tick: usize) -> &Gains {
        self.gains.get(tick).unwrap_or(&Gains::MUTE)
    }
}

/// The stretches of a span that begin at these ticks: first frame and length.
fn stretches(ticks: u8, frames: usize) -> impl Iterator<Item = (usize, usize)> {
    let mut at = 0;
    core::iter::from_fn(move || {
        let from = at;
        while at < frames {
            at += FRAMES;
            if ticks & 1 << (at / FRAMES) != 0 {
                break;
            }
        }
        at = at.min(frames);
        (from < frames).then_some((from, at - from))
    })
}

/// Eight voices.
type Group<'a> = [&'a mut Place; ABREAST];

/// Where a group's ways turn, and whether its coefficients move.
fn ways(group: &Group) -> (u8, bool) {
    let mut ways = (0, false);
    for place in group {
        ways = (ways.0 | place.turned, ways.1 | place.sweeps);
    }
    ways
}

/// Blocks and filters.
fn parts<'a>(group: &'a mut Group) -> (Eight<'a, Block>, Eight<'a, FilterState>) {
    let [a, b, c, d, e, f, g, h] = group;
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

impl Batch {
    pub fn new() -> Result<Self, NoMemory> {
        Ok(Self {
            places: vec::try_filled(TOGETHER, Place::EMPTY)?,
            front: 0,
            back: 0,
            order: vec::try_filled(TOGETHER, 0)?,
            spare: vec::try_filled(ABREAST, Place::EMPTY)?,
            buses: TryBox::try_filled(Block::ZERO)?,
            heard: [Heard::default(); TICKS],
        })
    }

    fn begin(&mut self, on: Sends, frames: usize) {
        let [left, right, reverb, chorus] = &mut *self.buses;
        left.clear(frames);
        right.clear(frames);
        if on.reverb {
            reverb.clear(frames);
        }
        if on.chorus {
            chorus.clear(frames);
        }
        self.heard = [Heard::default(); TICKS];
    }

    fn count(&self) -> usize {
        self.front + self.back
    }

    /// A place for the next voice; its filter moves or stands still.
    fn next(&mut self, sweeps: bool) -> Option<(&mut Place, &mut [Heard; TICKS])> {
        let count = self.count();
        let order = self.order.get_mut(count)?;
        let back = usize::from(sweeps);
        let index = if sweeps {
            TOGETHER - 1 - self.back
        } else {
            self.front
        };
        self.back += back;
        self.front += 1 - back;
        *order = index as u8;
        Some((self.places.get_mut(index)?, &mut self.heard))
    }

    /// Sends all blocks through their filters.
    fn filter(&mut self, vectors: Vectors, odd: bool, frames: usize) {
        let (front, back) = (self.front, TOGETHER - self.back);
        let filtered = self
            .places
            .iter()
            .enumerate()
            .filter(|(index, place)| (*index < front || *index >= back) && place.filtered)
            .count();
        let used = self.places.iter_mut().enumerate();
        let used =
            used.filter(|(index, place)| (*index < front || *index >= back) && place.filtered);
        let mut groups = used.map(|(_, place)| place).chain(&mut self.spare);
        let mut next = || -> Option<Group> {
            Some([
                groups.next()?,
                groups.next()?,
                groups.next()?,
                groups.next()?,
                groups.next()?,
                groups.next()?,
                groups.next()?,
                groups.next()?,
            ])
        };
        let is_used = |group: &Group| {
            let [first, ..] = group;
            first.filtered
        };
        // There are registers for one, or for two.
        let both = vectors.need_saving();
        counters::filters(filtered, filtered.next_multiple_of(ABREAST));
        while let Some(mut first) = next().filter(is_used) {
            let (turns, moves) = ways(&first);
            let second = if both { next().filter(is_used) } else { None };
            let stretch = |at, frames, moves| Stretch {
                at,
                frames,
                odd,
                moves,
            };
            let Some(mut second) = second else {
                for (at, length) in stretches(turns, frames) {
                    for place in &mut first {
                        place.follow(at / FRAMES);
                    }
                    let (blocks, filters) = parts(&mut first);
                    simd::filter(vectors, [blocks], [filters], stretch(at, length, moves));
                }
                continue;
            };
            let (more, other) = ways(&second);
            for (at, length) in stretches(turns | more, frames) {
                for place in first.iter_mut().chain(&mut second) {
                    place.follow(at / FRAMES);
                }
                let ((a, c), (b, d)) = (parts(&mut first), parts(&mut second));
                simd::filter(vectors, [a, b], [c, d], stretch(at, length, moves | other));
            }
        }
    }

    /// Mixes all blocks into the buses.
    fn mix(&mut self, vectors: Vectors, on: Sends, frames: usize) {
        let [left, right, reverb, chorus] = &mut *self.buses;
        let (places, count) = (&*self.places, self.front + self.back);
        let order = self.order.get(..count).unwrap_or_default();
        let place = |index: &u8| places.get(usize::from(*index));
        let [nobody, ..] = &*self.spare else { return };
        let mut effects = [
            (Effect::Reverb, reverb, on.reverb),
            (Effect::Chorus, chorus, on.chorus),
        ];
        for four in order.chunks(MIXED) {
            let mut voices = four.iter().filter_map(place);
            let mut next = || voices.next().unwrap_or(nobody);
            let (a, b, c, d) = (next(), next(), next(), next());
            let blocks = [&a.block, &b.block, &c.block, &d.block];
            for (at, length) in stretches(a.bent | b.bent | c.bent | d.bent, frames) {
                let tick = at / FRAMES;
                let gains = [
                    a.gains_at(tick),
                    b.gains_at(tick),
                    c.gains_at(tick),
                    d.gains_at(tick),
                ];
                simd::mix(vectors, blocks, gains, &mut [left, right], at, length);
                for (effect, bus, on) in &mut effects {
                    if *on && gains.iter().any(|gains| gains.reach(*effect)) {
                        simd::send(vectors, blocks, gains, *effect, bus, at, length);
                    }
                }
            }
        }
    }
}

impl Pool {
    /// Frames that may be rendered at once from `position` on, which has been [controlled](Self::control): to the next tick, or from a tick on
    /// as far as nothing happens between voices. What waiting notes wait for may come at any time, and they begin at the tick after.
    pub fn span(&self, position: u64) -> u64 {
        let tick = u64::from(TICK);
        let passed = position % tick;
        if passed > 0 || self.leads || self.has_waiting() {
            return tick - passed;
        }
        u64::from(SPAN).min(self.leaving.saturating_sub(position).max(tick))
    }

    /// Mixes the voices of a port into its buses, for a span.
    pub fn render(&mut self, played: &Played, position: u64, frames: usize) -> Buses<'_> {
        self.batch.begin(played.on, frames);
        let odd = position & 1 == 1;
        let mut next = 0;
        while next < self.used {
            next = self.read(played, next, frames);
            counters::lap(Part::Fetch);
            self.batch.filter(self.vectors, odd, frames);
            self.take_filters(frames);
            counters::lap(Part::Filter);
            self.batch.mix(self.vectors, played.on, frames);
            counters::lap(Part::Voices);
        }
        Buses { batch: &self.batch }
    }

    /// Lets the next voices of a port read their waves; the slot where to go on.
    fn read(&mut self, played: &Played, from: usize, frames: usize) -> usize {
        (self.batch.front, self.batch.back) = (0, 0);
        let mut slot = from;
        while slot < self.used {
            if let Some(tag) = self.tags.get(slot)
                && tag.is(LIVE)
                && tag.port == played.id
            {
                if self.batch.count() == TOGETHER {
                    break;
                }
                self.play(played, slot, frames);
            }
            slot += 1;
        }
        slot
    }

    /// A voice reads its wave, and is planned at the ticks inside of the span.
    #[inline]
    fn play(&mut self, played: &Played, slot: usize, frames: usize) {
        let may_end = self.may_free();
        let (Some(tag), Some(voice), Some(tone)) = (
            self.tags.get_mut(slot),
            self.voices.get_mut(slot),
            self.tones.get_mut(slot),
        ) else {
            return;
        };
        let Some((place, heard)) = self.batch.next(tone.sweeps) else {
            return;
        };
        let reading = Reading {
            kind: played.kind,
            kernels: &self.kernels,
            vectors: self.vectors,
        };
        place.begin(tone, slot, frames);
        let (mut at, mut tick) = (0, FRAMES);
        while tick < frames {
            tone.pass(FRAMES);
            let calm = voice.is_inside() && !tone.is_over_after(tick - at);
            if calm {
                if let Some(step) = voice.pass()
                    && step != tone.step()
                {
                    tone.read(reading, &mut place.block, at, tick);
                    at = tick;
                    tone.set_step(step);
                }
            } else {
                tone.read(reading, &mut place.block, at, tick);
                at = tick;
                counters::lap(Part::Fetch);
                if tone.is_over() || voice.is_over(false) {
                    if may_end {
                        place.frames = tick;
                        break;
                    }
                    voice.stay(tone);
                    place.turn(tick / FRAMES, tone, true);
                } else {
                    let swept = tone.sweeps;
                    let around = match played.port {
                        Some(port) if voice.needs_voice_context() && !tag.is(DYING) => {
                            port.voice_context(tag.part, tag.key)
                        }
                        _ => None,
                    };
                    voice.tick(false, around, played.output, tone);
                    place.turn(tick / FRAMES, tone, swept);
                }
                counters::lap(Part::Control);
            }
            if let Some(gains) = place.gains.get_mut(tick / FRAMES) {
                // Number by number: what has just been written is not yet there to be read with its neighbours.
                gains.from = tone.gains.from;
                gains.step = tone.gains.step;
                gains.passed = tone.gains.passed;
            }
            tick += FRAMES;
        }
        let end = place.frames;
        tone.read(reading, &mut place.block, at, end);
        if end == frames {
            tone.pass(frames - (tick - FRAMES));
        }
        let heard = heard.iter_mut().zip(&place.gains);
        for (heard, gains) in heard.take(end.div_ceil(FRAMES)) {
            heard.live = true;
            heard.sends.reverb |= played.on.reverb && gains.reach(Effect::Reverb);
            heard.sends.chorus |= played.on.chorus && gains.reach(Effect::Chorus);
        }
        if end < frames {
            place.slot = NONE;
            self.free(slot);
        }
    }

    /// Takes the filters' states back; behind the end of a voice there is silence.
    fn take_filters(&mut self, frames: usize) {
        let Batch {
            places,
            order,
            front,
            back,
            ..
        } = &mut self.batch;
        for index in order.iter().take(*front + *back) {
            let Some(place) = places.get_mut(usize::from(*index)) else {
                break;
            };
            if place.frames < frames
                && let Some(rest) = place.block.all().get_mut(place.frames..)
            {
                rest.fill(0.0);
            }
            if place.filtered
                && let Some(tone) = self.tones.get_mut(place.slot as usize)
            {
                tone.filter = place.filter;
            }
        }
    }
}
