// SPDX-License-Identifier: MIT OR Apache-2.0
//! Notes whose instrument or waves are not in memory yet. They hold no voice; each begins at the tick at which all is there.

use super::{GATE, Pool, Retired, SOSTENUTO, Started, keep};
use crate::dls::model::demand::{Demand, State};
use crate::dls::model::{Instrument, Region};
use crate::mem::{NoMemory, Shared, vec};
use crate::synth::channel::cc;
use crate::synth::context::{NoteOn, OutputContext};
use crate::synth::virtual_synth::SynthSlot;
use alloc::vec::Vec;

/// Notes that wait at a time; further ones are lost.
const MOST: usize = 256;

/// What a note's instrument can give it.
pub(super) enum Ready {
    /// All that there is to sound, of an instrument that is in memory as a whole, or of what was read.
    Yes(Option<Shared<Instrument>>),
    /// Something is still to come.
    NotYet,
    /// Nothing will come.
    Never,
}

/// What of an instrument can sound at a key. `ask`: what is missing is asked for. True in the second place if something was.
#[inline]
pub(super) fn ready(instrument: &Instrument, key: u8, velocity: u8, ask: bool) -> (Ready, bool) {
    match instrument.demand() {
        None => (Ready::Yes(None), false),
        Some(demand) => ready_on(demand, key, velocity, ask),
    }
}

#[inline(never)]
fn ready_on(demand: &Demand, key: u8, velocity: u8, ask: bool) -> (Ready, bool) {
    let missing = |ready, wanted| {
        if wanted && ask {
            demand.want(key);
        }
        (ready, wanted && ask)
    };
    match demand.state() {
        State::Broken => return missing(Ready::Never, false),
        State::Refused => return missing(Ready::Never, true),
        State::Absent => return missing(Ready::NotYet, true),
        State::Here => {}
    }
    let Some(built) = demand.instrument() else {
        // The loader is at it.
        return missing(Ready::NotYet, true);
    };
    let (mut wait, mut wanted) = (false, false);
    for region in built.regions.sounding(key, velocity) {
        let state = region.wave.state();
        wait |= state == State::Absent;
        wanted |= matches!(state, State::Absent | State::Refused);
    }
    if !wait {
        return missing(Ready::Yes(Some(built)), wanted);
    }
    let_go(built);
    missing(Ready::NotYet, wanted)
}

/// Gives up a reference to what its slot refers to as well.
pub(super) fn let_go(built: Shared<Instrument>) {
    if let Some(last) = built.release() {
        // Never frees here, not even when its slot has gone.
        core::mem::forget(last);
    }
}

/// A note that waits.
struct Waiter {
    port: u8,
    part: u16,
    note: NoteOn,
    /// By which its regions are chosen.
    key: u8,
    instrument: Shared<Instrument>,
    /// Its key is down.
    held: bool,
    /// Sostenuto holds it.
    sostenuto: bool,
    /// Key and pedals are up: it sounds for the shortest time.
    ended: bool,
    /// Velocities, as bits, with which its key has been struck again while it was down: whether that excludes it their regions will tell.
    again: u128,
    /// It is to be forgotten.
    gone: bool,
}

impl Waiter {
    fn plays(&self, port: u8, part: u16) -> bool {
        self.port == port && self.part == part && !self.gone
    }
}

/// What became of a note that waited.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    pub port: u8,
    pub started: Started,
    /// Frames that it waited.
    pub waited: u64,
}

/// The notes that wait.
pub struct Waiting(Vec<Waiter>);

impl Waiting {
    pub fn new() -> Result<Self, NoMemory> {
        Ok(Self(vec::try_with_capacity(MOST)?))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// False if there is no room.
    pub(super) fn push(
        &mut self,
        (port, part): (u8, u16),
        note: NoteOn,
        key: u8,
        instrument: &Shared<Instrument>,
    ) -> bool {
        if self.0.len() >= MOST {
            return false;
        }
        for waiter in self.of(port, part) {
            if waiter.note.key == note.key && waiter.held {
                waiter.again |= 1 << (note.velocity & 0x7F);
            }
        }
        let waiter = Waiter {
            port,
            part,
            note,
            key,
            instrument: instrument.clone(),
            held: true,
            sostenuto: false,
            ended: false,
            again: 0,
            gone: false,
        };
        vec::push_within(&mut self.0, waiter).is_ok()
    }

    fn of(&mut self, port: u8, part: u16) -> impl Iterator<Item = &mut Waiter> {
        self.0.iter_mut().filter(move |w| w.plays(port, part))
    }

    pub fn note_off(&mut self, port: u8, part: u16, key: u8, sustain: bool) {
        for waiter in self.of(port, part).filter(|w| w.note.key == key && w.held) {
            waiter.held = false;
            waiter.ended = !sustain && !waiter.sostenuto;
        }
    }

    pub fn pedal_up(&mut self, port: u8, part: u16, pedal: u8, other_down: bool) {
        for waiter in self.of(port, part) {
            let held = if pedal == cc::SOSTENUTO {
                waiter.sostenuto = false;
                other_down
            } else {
                waiter.sostenuto
            };
            waiter.ended |= !held && !waiter.held;
        }
    }

    pub fn sostenuto_down(&mut self, port: u8, part: u16) {
        for waiter in self.of(port, part).filter(|w| w.held) {
            waiter.sostenuto = true;
        }
    }

    /// Notes that nothing holds any more never begin.
    pub fn all_notes_off(&mut self, port: u8, part: u16, sustain: bool) {
        for waiter in self.of(port, part) {
            waiter.held = false;
            waiter.gone |= waiter.ended || !sustain && !waiter.sostenuto;
        }
    }

    pub fn silence(&mut self, meant: impl Fn(u8, u16) -> bool) {
        for waiter in self.0.iter_mut().filter(|w| meant(w.port, w.part)) {
            waiter.gone = true;
        }
    }

    /// A new note excludes those of the same key that is still held, and of its key group.
    pub(super) fn exclude(&mut self, port: u8, part: u16, region: &Region, note: NoteOn) {
        let others = |w: &&mut Waiter| w.note.serial < note.serial;
        for waiter in self.of(port, part).filter(others) {
            let same_key = waiter.note.key == note.key && waiter.held && !region.self_non_exclusive;
            let same_group = region.key_group != 0 && waiter.is_in_group(region.key_group);
            waiter.gone |= same_key || same_group;
        }
    }

    /// Lets go of the notes that are to be forgotten, as far as there is room for what that leaves behind.
    pub(super) fn sweep(&mut self, retired: &mut Vec<Retired>) {
        let mut at = 0;
        while let Some(waiter) = self.0.get(at) {
            if !waiter.gone {
                at += 1;
                continue;
            }
            if retired.len() >= retired.capacity() {
                return;
            }
            let Some(waiter) = vec::try_remove(&mut self.0, at) else {
                return;
            };
            keep(
                retired,
                waiter.instrument.release().map(Retired::Instrument),
            );
        }
    }
}

impl Waiter {
    /// Its key has been struck again by a note that excludes it, now that the regions are known.
    fn is_excluded(&self, regions: &[Region]) -> bool {
        regions.iter().any(|region| {
            let mut strikes = (0..128).filter(|velocity| self.again >> velocity & 1 == 1);
            !region.self_non_exclusive && strikes.any(|velocity| region.sounds(self.key, velocity))
        })
    }

    fn is_in_group(&self, group: u8) -> bool {
        let built = self.instrument.demand().and_then(|d| d.instrument());
        let Some(built) = built else { return false };
        let found = {
            let mut own = built.regions.sounding(self.key, self.note.velocity);
            own.any(|region| region.key_group == group)
        };
        let_go(built);
        found
    }
}

impl Pool {
    /// Starts the first note for which everything is there now, at a tick. `room`: voices that may start, of a port. `None` if there is none;
    /// it is called until then.
    pub fn start_waiting(
        &mut self,
        slots: &[SynthSlot],
        context: &OutputContext,
        position: u64,
        from: &mut usize,
        room: impl Fn(u8) -> u32,
    ) -> Option<Arrival> {
        while let Some(waiter) = self.waiting.0.get_mut(*from) {
            *from += 1;
            if waiter.gone {
                continue;
            }
            let (ready, asked) = ready(&waiter.instrument, waiter.key, waiter.note.velocity, true);
            self.wanted |= asked;
            let built = match ready {
                Ready::NotYet => continue,
                Ready::Never => None,
                Ready::Yes(built) => Some(built),
            };
            waiter.gone = true;
            let excluded = waiter.again != 0
                && matches!(&built, Some(Some(built)) if waiter.is_excluded(&built.regions));
            if excluded {
                built.flatten().into_iter().for_each(let_go);
                continue;
            }
            let &mut Waiter {
                port, part, key, ..
            } = waiter;
            let (held, sostenuto, ended) = (waiter.held, waiter.sostenuto, waiter.ended);
            let waited = position.saturating_sub(waiter.note.position);
            let note = NoteOn {
                position,
                ..waiter.note
            };
            let lost = Started { voices: 0, lost: 1 };
            let synth = slots
                .get(usize::from(port))
                .and_then(|slot| slot.port.as_ref());
            let around = synth.and_then(|synth| synth.voice_context(part, note.key));
            let started = built.map_or(lost, |built| {
                let Some(built) = built else { return lost };
                let sound = (key, &built.regions);
                let started = around.map_or(lost, |around| {
                    self.start(&around, (port, part), note, sound, room(port), context)
                });
                let_go(built);
                started
            });
            if started.voices > 0 && !held {
                self.lift(port, part, note, sostenuto, ended);
            }
            return Some(Arrival {
                port,
                started,
                waited,
            });
        }
        self.waiting.sweep(&mut self.retired);
        None
    }

    /// The key of a note that begins now is up already.
    fn lift(&mut self, port: u8, part: u16, note: NoteOn, sostenuto: bool, ended: bool) {
        let mut ends = super::Ends::default();
        self.each(port, part, |tag, voice, tone| {
            if voice.serial != note.serial {
                return;
            }
            tag.clear(GATE);
            if sostenuto {
                tag.set(SOSTENUTO);
            }
            if ended {
                ends.note(tag, voice, tone, note.position);
            }
        });
        self.take(ends);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// While nobody takes what is retired, notes that are to be forgotten stay; their instrument's last reference is handed back, not dropped.
    #[test]
    fn notes_go_when_there_is_room_for_what_they_leave() {
        let instrument =
            |patch| Shared::try_new(Instrument::new(patch, false, Vec::new())).unwrap();
        let note = NoteOn {
            key: 60,
            velocity: 100,
            serial: 1,
            position: 0,
            priority: 0,
            glide_from: None,
        };
        let mut waiting = Waiting::new().unwrap();
        let last = instrument(7);
        for key in 0..3 {
            assert!(waiting.push((0, 0), note, key, &last));
        }
        drop(last);
        let mut retired = vec::try_with_capacity(1).unwrap();
        let room = retired.capacity();
        for patch in 0..room as u32 {
            vec::push_within(&mut retired, Retired::Instrument(instrument(patch))).unwrap();
        }
        waiting.sweep(&mut retired);
        assert_eq!(waiting.0.len(), 3, "they are still wanted");
        waiting.silence(|_, _| true);
        waiting.sweep(&mut retired);
        assert_eq!(waiting.0.len(), 3, "there is no room");
        retired.clear();
        waiting.sweep(&mut retired);
        assert!(waiting.is_empty());
        let left = retired.pop();
        assert!(matches!(left, Some(Retired::Instrument(last)) if last.patch == 7));
        assert!(retired.is_empty());
    }

    /// So many may wait, and no more.
    #[test]
    fn there_is_a_bound() {
        let mut waiting = Waiting::new().unwrap();
        let instrument = Shared::try_new(Instrument::new(0, false, Vec::new())).unwrap();
        for n in 0..MOST + 3 {
            let note = NoteOn {
                key: 0,
                velocity: 1,
                serial: n as u64,
                position: 0,
                priority: 0,
                glide_from: None,
            };
            assert_eq!(waiting.push((0, 0), note, 0, &instrument), n < 256);
        }
    }
}
