// SPDX-License-Identifier: MIT OR Apache-2.0
//! The voices of all ports: start, stop, exclusivity, stealing, control ticks.

mod chains;
#[cfg(not(windows))]
mod check;
mod render;
mod room;
mod shed;
mod slots;
mod waiting;

pub use self::room::Room;

use self::chains::Chains;
use self::render::Batch;
use self::slots::Slots;
use self::waiting::{Ready, Waiting, let_go, ready};
use super::channel::cc;
use super::context::{CHANNEL_OFFSET, NoteOn, OutputContext, VoiceContext};
use super::effects::Unit;
use super::simd::Vectors;
use super::sinc::Kernels;
use super::tick::{TICK, offset_of, since_tick};
use super::tone::Tone;
use super::virtual_synth::{SynthSlot, VirtualSynth};
use super::voice::{Preparations, Voice};
use crate::dls::model::{Articulation, Instrument, Region, Regions, Wave};
use crate::mem::{NoMemory, Shared, TryBox, vec};
use alloc::vec::Vec;

/// Something the renderer has let go of; drop it at PASSIVE_LEVEL.
#[derive(Debug)]
pub enum Retired {
    /// What a voice played.
    Wave(Shared<Wave>),
    /// What a voice followed.
    Articulation(Shared<Articulation>),
    /// What a note waited for.
    Instrument(Shared<Instrument>),
    /// Of a port that has gone, rung out.
    Effects(TryBox<Unit>),
}

/// What is asked about many voices at once, apart from the rest: eight bytes each.
#[derive(Clone, Copy, Debug, Default)]
struct Tag {
    port: u8,
    key: u8,
    /// Channel group and channel: (group - 1) · 16 + channel.
    part: u16,
    key_group: u8,
    flags: u8,
}

/// A voice lives here.
const LIVE: u8 = 1;
/// Its key is down.
const GATE: u8 = 2;
/// Its release (or shutdown) has begun.
const RELEASED: u8 = 4;
/// Sostenuto holds it.
const SOSTENUTO: u8 = 8;
/// It is being faded out and counts no more.
const DYING: u8 = 16;
/// Its channel has changed.
const DIRTY: u8 = 32;
/// It must be planned before the next frame.
const PENDING: u8 = 64;
/// It takes its increment from the master of its phase group.
const LINKED: u8 = 128;

impl Tag {
    fn is(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    fn set(&mut self, flag: u8) {
        self.flags |= flag;
    }

    fn clear(&mut self, flag: u8) {
        self.flags &= !flag;
    }

    fn plays(&self, port: u8, part: u16) -> bool {
        self.is(LIVE) && !self.is(DYING) && self.port == port && self.part == part
    }
}

/// How important a voice is; the least important one goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    /// The priority without a channel's offset: what a client ranks above others stays above them.
    class: u32,
    /// 0 released, 1 held by a pedal, 2 by its key. It comes before the channel, so that no held note is cut for a tail.
    stage: u8,
    /// Of a released voice.
    level: u8,
    priority: u32,
    serial: u64,
}

impl Rank {
    fn of(tag: &Tag, voice: &Voice) -> Self {
        let stage = if tag.is(RELEASED) {
            0
        } else if !tag.is(GATE) {
            1
        } else {
            2
        };
        Self {
            class: voice.priority & !CHANNEL_OFFSET,
            stage,
            level: if stage == 0 {
                (voice.loudness() * 255.0) as u8
            } else {
                0
            },
            priority: voice.priority,
            serial: voice.serial,
        }
    }
}

/// Voices of one port.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    /// Voices, fading ones among them.
    live: usize,
    /// Voices that count.
    sounding: usize,
}

/// What a Note On did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Started {
    pub voices: u32,
    /// Notes that were lost over it: voices cut before their release, or not started.
    pub lost: u32,
}

/// Ports that a byte can name: no number of a port is out of range.
const PORTS: usize = 1 << u8::BITS;

pub struct Pool {
    slots: Slots,
    chains: Chains,
    /// Slots from here on are empty.
    used: usize,
    /// Slots before this one are not empty.
    taken: usize,
    /// Voices that count: alive and not dying.
    sounding: usize,
    counts: TryBox<[Count; PORTS]>,
    limit: usize,
    pending: bool,
    /// Where the first of the notes that are too short ends.
    leaving: u64,
    /// Where the first envelope turns before the next tick.
    turn: u64,
    /// Some voice is linked.
    links: bool,
    /// For ordering voices.
    ranks: Vec<(Rank, usize)>,
    retired: Vec<Retired>,
    /// Notes whose waves are not in memory yet.
    waiting: Waiting,
    /// The loader has been asked for something.
    wanted: bool,
    batch: Batch,
    vectors: Vectors,
    kernels: Kernels,
    preparations: Preparations,
}

impl Pool {
    /// A pool of `voices` voices; some more slots let stolen voices fade.
    pub fn new(voices: u16) -> Result<Self, NoMemory> {
        // The room comes last: what holds most is not to be given back.
        let counts = TryBox::try_filled(Count::default())?;
        let kernels = Kernels::new()?;
        let batch = Batch::new()?;
        let preparations = Preparations::new()?;
        let waiting = Waiting::new()?;
        let room = Room::new(voices)?;
        Ok(Self {
            slots: room.slots,
            chains: room.chains,
            used: 0,
            taken: 0,
            sounding: 0,
            counts,
            limit: room.limit,
            pending: false,
            leaving: u64::MAX,
            turn: u64::MAX,
            links: false,
            ranks: room.ranks,
            retired: room.retired,
            waiting,
            wanted: false,
            batch,
            vectors: Vectors::default(),
            kernels,
            preparations,
        })
    }

    /// Renders on these registers from now on.
    pub fn set_vectors(&mut self, vectors: Vectors) {
        self.vectors = vectors;
    }

    /// Which registers are used.
    pub fn vectors(&self) -> Vectors {
        self.vectors
    }

    /// Voices that sound, without those being faded out.
    pub fn sounding(&self) -> usize {
        self.sounding
    }

    /// Voices of one port that sound.
    pub fn sounding_of(&self, port: u8) -> usize {
        self.counts
            .get(usize::from(port))
            .map_or(0, |count| count.sounding)
    }

    /// The port has voices to render, fading ones included.
    pub fn is_active(&self, port: u8) -> bool {
        self.counts
            .get(usize::from(port))
            .is_some_and(|count| count.live > 0)
    }

    /// No slot holds a voice, and no note waits for one.
    pub fn is_silent(&self) -> bool {
        self.used == 0 && self.waiting.is_empty()
    }

    /// Notes wait for what is not in memory yet.
    pub fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The loader has something to do.
    pub fn want(&mut self) {
        self.wanted = true;
    }

    /// Whether the loader has been asked for something since the last call.
    pub fn take_wanted(&mut self) -> bool {
        core::mem::take(&mut self.wanted)
    }

    #[cfg(test)]
    pub fn tone_mut(&mut self, slot: usize) -> Option<&mut Tone> {
        Some(self.slots.get_mut(slot)?.2)
    }

    /// Puts effects on the retire list; gives them back if it is full.
    pub fn retire(&mut self, effects: TryBox<Unit>) -> Option<TryBox<Unit>> {
        match vec::push_within(&mut self.retired, Retired::Effects(effects)) {
            Err(Retired::Effects(effects)) => Some(effects),
            _ => None,
        }
    }

    pub fn take_retired(&mut self) -> Option<Retired> {
        self.waiting.sweep(&mut self.retired);
        self.retired.pop()
    }

    /// Starts the regions of a note, as long as there is `room`.
    pub fn note_on(
        &mut self,
        synth: &VirtualSynth,
        (port, part): (u8, u16),
        note: NoteOn,
        room: u32,
        context: &OutputContext,
    ) -> Started {
        let Some(around) = synth.voice_context(part, note.key) else {
            return Started::default();
        };
        let Some(instrument) = synth.instrument(around.channel) else {
            return Started::default();
        };
        let key = around.key_of(note.key);
        let (ready, asked) = ready(instrument, key, note.velocity, true);
        self.wanted |= asked;
        let built = match ready {
            Ready::Yes(built) => built,
            Ready::NotYet => {
                self.exclude_all(instrument, (port, part), note, key);
                let waits = self.waiting.push((port, part), note, key, instrument);
                return Started {
                    lost: u32::from(!waits),
                    ..Started::default()
                };
            }
            Ready::Never => {
                return Started { voices: 0, lost: 1 };
            }
        };
        let regions = built.as_ref().map_or(&instrument.regions, |b| &b.regions);
        let started = self.start(&around, (port, part), note, (key, regions), room, context);
        if let Some(built) = built {
            let_go(built);
        }
        started
    }

    /// Shuts down what a note excludes that is still to begin, as far as its regions are known.
    fn exclude_all(
        &mut self,
        instrument: &Instrument,
        (port, part): (u8, u16),
        note: NoteOn,
        key: u8,
    ) {
        if let Some(built) = instrument.demand().and_then(|demand| demand.instrument()) {
            for region in built.regions.sounding(key, note.velocity) {
                self.exclude(port, part, region, note);
            }
            let_go(built);
        }
    }

    /// Starts voices for those of the regions that a note of this key sounds, as long as there is `room`; what a region excludes ends before.
    fn start(
        &mut self,
        around: &VoiceContext,
        (port, part): (u8, u16),
        note: NoteOn,
        (key, regions): (u8, &Regions),
        room: u32,
        context: &OutputContext,
    ) -> Started {
        let mut started = Started::default();
        let mut groups = PhaseGroups::default();
        for region in regions.sounding(key, note.velocity) {
            self.exclude(port, part, region, note);
            let Some(wave) = Wave::sound(&region.wave) else {
                // It could not be read.
                started.lost += 1;
                continue;
            };
            // Both counts one after the other: what is written between them would have to get to the cache first.
            let articulation = region.articulation.clone();
            let sound = (wave, articulation);
            if started.voices >= room {
                drop_sound(sound);
                started.lost += 1;
                continue;
            }
            let (slot, stolen) = self.allocate(note, note.priority);
            started.lost += u32::from(stolen);
            let Some(index) = slot else {
                drop_sound(sound);
                started.lost += 1;
                continue;
            };
            let (Some((tag, voice, tone)), Some(prepared)) = (
                self.slots.get_mut(index),
                self.preparations.of(&region.articulation, around, context),
            ) else {
                drop_sound(sound);
                continue;
            };
            self.used = self.used.max(index + 1);
            self.chains.insert(index, port, part);
            self.chains.mark(port, part, note.key);
            voice.start(note, region, sound, (around, prepared), context, tone);
            *tag = Tag {
                port,
                key: note.key,
                part,
                key_group: region.key_group,
                flags: LIVE | GATE | PENDING,
            };
            groups.add(region, index);
            self.pending = true;
            started.voices += 1;
            self.sounding += 1;
            if let Some(count) = self.counts.get_mut(usize::from(port)) {
                count.live += 1;
                count.sounding += 1;
            }
        }
        self.link(&groups);
        started
    }

    /// Ties the waves of phase groups to their masters.
    fn link(&mut self, groups: &PhaseGroups) {
        for (slave, master) in groups.links() {
            if let Some((tag, voice, _)) = self.slots.get_mut(usize::from(slave)) {
                voice.master = Some(master);
                tag.set(LINKED);
                self.links = true;
            }
        }
    }

    /// Gives linked voices the increment of their masters, as long as these live.
    fn follow_masters(&mut self) {
        if !self.links {
            return;
        }
        let mut left = false;
        for index in 0..self.used {
            let Some((tag, voice, _)) = self.slots.get(index) else {
                continue;
            };
            if !tag.is(LIVE) || !tag.is(LINKED) {
                continue;
            }
            left = true;
            let steps = voice.master.map(usize::from).and_then(|master| {
                let (tag, other, tone) = self.slots.get(master)?;
                (tag.is(LIVE) && other.serial == voice.serial).then(|| tone.steps())
            });
            if let (Some(steps), Some((_, _, tone))) = (steps, self.slots.get_mut(index)) {
                tone.set_steps(steps);
            }
        }
        self.links = left;
    }

    /// Lets the notes held at key `from` go on at another key. False if there are none, or one's region does not have the key.
    pub fn legato(
        &mut self,
        synth: &VirtualSynth,
        (port, part): (u8, u16),
        from: u8,
        note: NoteOn,
        context: &OutputContext,
    ) -> bool {
        let Some(around) = synth.voice_context(part, note.key) else {
            return false;
        };
        let key = around.key_of(note.key);
        let (mut held, mut covered) = (0, 0);
        self.each(port, part, |tag, voice, _| {
            if tag.key == from && tag.is(GATE) {
                held += 1;
                covered += i32::from(voice.covers(key));
            }
        });
        if held == 0 || covered < held {
            return false;
        }
        let mut next = self.chains.first(port, part);
        while let Some(index) = next {
            next = self.chains.after(index);
            let Some((tag, voice, _)) = self.slots.get_mut(index) else {
                continue;
            };
            if tag.plays(port, part)
                && tag.key == from
                && tag.is(GATE)
                && let Some(articulation) = voice.articulation()
                && let Some(prepared) = self.preparations.of(articulation, &around, context)
            {
                tag.key = note.key;
                tag.set(PENDING);
                let offset = offset_of(note.position);
                voice.legato(note, (&around, prepared), context, offset);
            }
        }
        self.chains.mark(port, part, note.key);
        self.pending = true;
        true
    }

    /// Shuts down what a new note of `region` excludes: the same key still held, and its key group.
    #[inline(always)]
    fn exclude(&mut self, port: u8, part: u16, region: &Region, note: NoteOn) {
        if !self.waiting.is_empty() {
            self.waiting.exclude(port, part, region, note);
        }
        let by_key = !region.self_non_exclusive && self.chains.may_hold(port, part, note.key);
        if by_key || region.key_group != 0 {
            self.shut_down(port, part, region, note, by_key);
        }
    }

    #[inline(never)]
    fn shut_down(&mut self, port: u8, part: u16, region: &Region, note: NoteOn, by_key: bool) {
        let offset = offset_of(note.position);
        let mut next = self.chains.first(port, part);
        while let Some(index) = next {
            next = self.chains.after(index);
            let Some((tag, voice, _)) = self.slots.get_mut(index) else {
                continue;
            };
            // A note that had to wait excludes only what is older.
            if !tag.plays(port, part) || voice.serial >= note.serial {
                continue;
            }
            let same_key = by_key && tag.key == note.key && tag.is(GATE);
            let same_group = region.key_group != 0 && tag.key_group == region.key_group;
            if !(same_key || same_group) {
                continue;
            }
            if voice.started == note.position && self.free(index) {
                // Not one frame of it had been heard.
                continue;
            }
            let Some((tag, voice, _)) = self.slots.get_mut(index) else {
                continue;
            };
            tag.clear(GATE | SOSTENUTO);
            tag.set(RELEASED | PENDING);
            voice.shut_down(offset);
            self.pending = true;
        }
    }

    /// Finds a slot; at the limit, steals the least important voice. Also tells whether a held note was cut.
    fn allocate(&mut self, note: NoteOn, priority: u32) -> (Option<usize>, bool) {
        let mut cut = false;
        if self.sounding >= self.limit {
            let Some(victim) = self.victim(note, priority) else {
                return (None, false);
            };
            cut = self.slots.tag(victim).is_some_and(|tag| !tag.is(RELEASED));
            self.kill(victim, note.position);
        }
        (self.free_slot(), cut)
    }

    /// The first free slot.
    fn free_slot(&mut self) -> Option<usize> {
        while self.slots.tag(self.taken)?.is(LIVE) {
            self.taken += 1;
        }
        Some(self.taken)
    }

    /// The voice to steal, of those whose priority is not above that of the new note: lowest class first, released before held, quiet
    /// before loud, by channel, old before new.
    fn victim(&self, note: NoteOn, priority: u32) -> Option<usize> {
        let candidates = self.slots.iter().enumerate();
        candidates
            .filter(|(_, (tag, voice, _))| {
                tag.is(LIVE)
                    && !tag.is(DYING)
                    && voice.serial != note.serial
                    && voice.priority <= priority
            })
            .min_by_key(|(_, (tag, voice, _))| Rank::of(tag, voice))
            .map(|(index, _)| index)
    }

    /// Fades a voice out quickly; it counts no more. One that has not been heard yet just goes.
    fn kill(&mut self, index: usize, position: u64) {
        let new = self
            .slots
            .get(index)
            .is_some_and(|(_, voice, _)| voice.started == position);
        if new && self.free(index) {
            return;
        }
        let Some((tag, voice, _)) = self.slots.get_mut(index) else {
            return;
        };
        if !tag.is(LIVE) || tag.is(DYING) {
            return;
        }
        tag.set(DYING | RELEASED | PENDING);
        tag.clear(GATE | SOSTENUTO);
        let port = tag.port;
        voice.fade_out(offset_of(position));
        self.pending = true;
        self.uncount(port);
    }

    fn uncount(&mut self, port: u8) {
        self.sounding = self.sounding.saturating_sub(1);
        if let Some(count) = self.counts.get_mut(usize::from(port)) {
            count.sounding = count.sounding.saturating_sub(1);
        }
    }

    /// Empties a slot. False while the retire list is full: the voice stays and is tried again at the next tick.
    fn free(&mut self, index: usize) -> bool {
        if self.retired.capacity().saturating_sub(self.retired.len()) < 2 {
            return false;
        }
        let Some((tag, voice, tone)) = self.slots.get_mut(index) else {
            return false;
        };
        if !tag.is(LIVE) {
            return false;
        }
        let Tag { port, part, .. } = *tag;
        let counted = !tag.is(DYING);
        *tag = Tag::default();
        self.chains.remove(index, port, part);
        let wave = tone.stop().and_then(Shared::release).map(Retired::Wave);
        let articulation = voice
            .take_articulation()
            .and_then(Shared::release)
            .map(Retired::Articulation);
        // There is room for two.
        keep(&mut self.retired, wave);
        keep(&mut self.retired, articulation);
        let empty = |tag: &Tag| !tag.is(LIVE);
        while let Some(last) = self.used.checked_sub(1)
            && self.slots.tag(last).is_some_and(empty)
        {
            self.used = last;
        }
        if counted {
            self.uncount(port);
        }
        if let Some(count) = self.counts.get_mut(usize::from(port)) {
            count.live = count.live.saturating_sub(1);
        }
        self.taken = self.taken.min(index);
        true
    }

    /// Calls `action` for every voice of a part.
    fn each(
        &mut self,
        port: u8,
        part: u16,
        mut action: impl FnMut(&mut Tag, &mut Voice, &mut Tone),
    ) {
        let mut next = self.chains.first(port, part);
        while let Some(index) = next {
            next = self.chains.after(index);
            if let Some((tag, voice, tone)) = self.slots.get_mut(index)
                && tag.plays(port, part)
            {
                action(tag, voice, tone);
            }
        }
    }

    /// A key goes up.
    pub fn note_off(&mut self, port: u8, part: u16, key: u8, sustain: bool, position: u64) {
        self.waiting.note_off(port, part, key, sustain);
        let mut ends = Ends::default();
        self.each(port, part, |tag, voice, tone| {
            if tag.key != key || !tag.is(GATE) {
                return;
            }
            tag.clear(GATE);
            if !sustain && !tag.is(SOSTENUTO) {
                ends.note(tag, voice, tone, position);
            }
        });
        self.take(ends);
    }

    /// Releases what only this pedal still held.
    pub fn pedal_up(&mut self, port: u8, part: u16, pedal: u8, other_down: bool, position: u64) {
        self.waiting.pedal_up(port, part, pedal, other_down);
        let mut ends = Ends::default();
        self.each(port, part, |tag, voice, tone| {
            let held = if pedal == cc::SOSTENUTO {
                tag.clear(SOSTENUTO);
                other_down
            } else {
                tag.is(SOSTENUTO)
            };
            if !held && !tag.is(GATE) && !tag.is(RELEASED) {
                ends.note(tag, voice, tone, position);
            }
        });
        self.take(ends);
    }

    fn take(&mut self, ends: Ends) {
        self.pending |= ends.pending;
        self.leaving = self.leaving.min(ends.leaving);
    }

    /// Ends the notes that were too short.
    fn end_short_notes(&mut self, position: u64) {
        if position < self.leaving {
            return;
        }
        self.leaving = u64::MAX;
        for (tag, voice, tone) in self.slots.iter_mut().take(self.used) {
            if !voice.leaving || !tag.is(LIVE) {
                continue;
            }
            if voice.shortest > position {
                self.leaving = self.leaving.min(voice.shortest);
            } else {
                release(tag, voice, tone, position);
                self.pending = true;
            }
        }
    }

    /// Sostenuto catches the keys that are down.
    pub fn sostenuto_down(&mut self, port: u8, part: u16) {
        self.waiting.sostenuto_down(port, part);
        self.each(port, part, |tag, _, _| {
            if tag.is(GATE) {
                tag.set(SOSTENUTO);
            }
        });
    }

    /// All keys go up; the pedals still hold.
    pub fn all_notes_off(&mut self, port: u8, part: u16, sustain: bool, position: u64) {
        self.waiting.all_notes_off(port, part, sustain);
        let mut pending = false;
        self.each(port, part, |tag, voice, tone| {
            if !tag.is(GATE) && !voice.leaving {
                return;
            }
            tag.clear(GATE);
            if voice.leaving || !sustain && !tag.is(SOSTENUTO) {
                release(tag, voice, tone, position);
                pending = true;
            }
        });
        self.pending |= pending;
    }

    /// Silences a part, or with `None` the whole port.
    pub fn all_sound_off(&mut self, port: u8, part: Option<u16>, position: u64) {
        self.silence(port, position, |other| {
            part.is_none_or(|part| part == other)
        });
    }

    /// Silences the parts of a port from `first` on.
    pub fn close_parts(&mut self, port: u8, first: u16, position: u64) {
        self.silence(port, position, |part| part >= first);
    }

    fn silence(&mut self, port: u8, position: u64, meant: impl Fn(u16) -> bool) {
        self.waiting
            .silence(|other, part| other == port && meant(part));
        for index in 0..self.used {
            let meant = self
                .slots
                .tag(index)
                .is_some_and(|tag| tag.is(LIVE) && tag.port == port && meant(tag.part));
            if meant {
                self.kill(index, position);
            }
        }
    }

    /// Drops every voice at once; one that cannot go yet, because the retire list is full, fades.
    pub fn drop_all(&mut self, position: u64) {
        self.waiting.silence(|_, _| true);
        self.waiting.sweep(&mut self.retired);
        for index in 0..self.used {
            if !self.free(index) {
                self.kill(index, position);
            }
        }
    }

    /// What all channels of a port depend on has changed.
    pub fn touch_port(&mut self, port: u8) {
        for tag in self.slots.tags_mut().filter(|tag| tag.port == port) {
            if tag.is(LIVE) && !tag.is(DYING) {
                tag.set(DIRTY);
            }
        }
    }

    /// The channel state behind these voices has changed.
    pub fn touch(&mut self, port: u8, part: u16) {
        self.each(port, part, |tag, _, _| tag.set(DIRTY));
    }

    pub fn poly_pressure(&mut self, port: u8, part: u16, key: u8, pressure: u8) {
        self.each(port, part, |tag, voice, _| {
            if tag.key == key {
                voice.note_state.poly_pressure = pressure;
                tag.set(DIRTY);
            }
        });
    }

    /// No key of the part is pressed.
    pub fn reset_pressure(&mut self, port: u8, part: u16) {
        self.each(port, part, |tag, voice, _| {
            voice.note_state.poly_pressure = 0;
            tag.set(DIRTY);
        });
    }

    /// Frames from `position` up to where [`control`](Self::control) must be called at the latest, whether there is a tick or not.
    pub fn frames_to_turn(&self, position: u64) -> u64 {
        self.turn.min(self.leaving).saturating_sub(position)
    }

    /// Plans all voices at a tick (`position` is a multiple of the tick), or between ticks those that something happened to or whose envelopes turn.
    pub fn control(&mut self, slots: &[SynthSlot], context: &OutputContext, position: u64) {
        let offset = offset_of(position);
        let at_tick = offset == TICK;
        self.end_short_notes(position);
        let at_turn = position >= self.turn;
        if !at_tick && !self.pending && !at_turn {
            return;
        }
        self.pending = false;
        if at_tick || at_turn {
            self.turn = u64::MAX;
        }
        let since_tick = since_tick(position);
        let last_tick = position - u64::from(since_tick);
        for index in 0..self.used {
            let Some((tag, voice, tone)) = self.slots.get_mut(index) else {
                break;
            };
            // Most voices lie inside of their plans, and nothing has happened to them.
            let calm = tag.flags & (LIVE | PENDING | DIRTY) == LIVE;
            if tag.is(LIVE)
                && !(calm && at_tick && !tone.is_over() && voice.pass(context.tick, tone))
            {
                if !at_tick && !tag.is(PENDING) && voice.turn() == offset {
                    voice.reach_turn(tone);
                    voice.plan_from_here(around_of(slots, tag, voice), context, tone);
                } else if at_tick || tag.is(PENDING) {
                    self.control_one(slots, context, index, at_tick);
                }
                if let Some((_, voice, _)) = self.slots.get(index)
                    && let turn = voice.turn()
                    && turn > since_tick
                {
                    self.turn = self.turn.min(last_tick + u64::from(turn));
                }
            }
        }
        self.follow_masters();
    }

    #[inline]
    fn control_one(
        &mut self,
        slots: &[SynthSlot],
        context: &OutputContext,
        index: usize,
        at_tick: bool,
    ) {
        let Some((tag, voice, tone)) = self.slots.get_mut(index) else {
            return;
        };
        let pending = tag.is(PENDING);
        if !tag.is(LIVE) || (!at_tick && !pending) {
            return;
        }
        // Its state stands at this very frame.
        tag.clear(PENDING);
        if at_tick {
            if pending {
                voice.arrive();
            }
            if tone.is_over() || voice.is_over(pending) {
                if !self.free(index) {
                    self.stay(index);
                }
                return;
            }
        }
        let around = around_of(slots, tag, voice);
        if !at_tick {
            return voice.plan_from_here(around, context, tone);
        }
        if tag.is(DIRTY) {
            tag.clear(DIRTY);
            if let Some(around) = around
                && let Some(articulation) = voice.articulation()
                && let Some(prepared) = self.preparations.of(articulation, &around, context)
            {
                voice.bind((&around, prepared), context);
            }
        }
        voice.tick(pending, around, context, tone);
    }

    /// A voice that is over and cannot go yet stands still.
    fn stay(&mut self, index: usize) {
        if let Some((_, voice, tone)) = self.slots.get_mut(index) {
            voice.stay(tone);
        }
    }
}

/// What a voice needs to know of its channel, if it needs to.
#[inline]
fn around_of<'a>(slots: &'a [SynthSlot], tag: &Tag, voice: &Voice) -> Option<VoiceContext<'a>> {
    if !tag.is(DIRTY) && !voice.needs_voice_context() {
        return None;
    }
    slots
        .get(usize::from(tag.port))
        .and_then(|slot| slot.port.as_ref())
        .filter(|_| !tag.is(DYING))
        .and_then(|port| port.voice_context(tag.part, tag.key))
}

/// Members of phase groups that one Note On has started.
#[derive(Default)]
struct PhaseGroups {
    /// Group, slot, master.
    members: [(u16, u16, bool); Self::MOST],
    count: usize,
}

impl PhaseGroups {
    /// Further members go by their own pitch.
    const MOST: usize = 8;

    fn add(&mut self, region: &Region, index: usize) {
        if region.phase_group != 0
            && let Some(member) = self.members.get_mut(self.count)
        {
            *member = (region.phase_group, index as u16, region.phase_master);
            self.count += 1;
        }
    }

    /// Slave and master slots.
    fn links(&self) -> impl Iterator<Item = (u16, u16)> {
        let members = || self.members.iter().take(self.count);
        let masters = move |group: u16| {
            members()
                .find(move |m| m.0 == group && m.2)
                .map(|master| master.1)
        };
        members()
            .filter(|member| !member.2)
            .filter_map(move |slave| Some((slave.1, masters(slave.0)?)))
    }
}

/// Puts what nothing else refers to any more on the retire list, which has room for it.
fn keep(retired: &mut Vec<Retired>, last: Option<Retired>) {
    if let Some(last) = last
        && let Err(last) = vec::push_within(retired, last)
    {
        core::mem::forget(last);
    }
}

/// Gives up references to what its region or its slot refers to as well.
fn drop_sound((wave, articulation): (Shared<Wave>, Shared<Articulation>)) {
    // Never frees here, not even when what referred to it has gone.
    if let Some(last) = wave.release() {
        core::mem::forget(last);
    }
    if let Some(last) = articulation.release() {
        core::mem::forget(last);
    }
}

fn release(tag: &mut Tag, voice: &mut Voice, tone: &mut Tone, position: u64) {
    if tag.is(RELEASED) {
        return;
    }
    tag.set(RELEASED | PENDING);
    voice.leaving = false;
    voice.release(offset_of(position));
    tone.release();
}

/// What notes that end leave to be done.
struct Ends {
    /// A voice must be planned before the next frame.
    pending: bool,
    /// Where the first of the notes that are too short ends.
    leaving: u64,
}

impl Default for Ends {
    fn default() -> Self {
        Self {
            pending: false,
            leaving: u64::MAX,
        }
    }
}

impl Ends {
    /// Releases a voice, now or when it has sounded for the shortest time.
    fn note(&mut self, tag: &mut Tag, voice: &mut Voice, tone: &mut Tone, now: u64) {
        if now >= voice.shortest || tag.is(RELEASED) {
            release(tag, voice, tone, now);
            self.pending = true;
        } else {
            voice.leaving = true;
            self.leaving = self.leaving.min(voice.shortest);
        }
    }
}
