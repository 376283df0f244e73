// SPDX-License-Identifier: MIT OR Apache-2.0
//! Note On and Note Off: poly and mono, legato, portamento.

use super::channel::{Pressed, cc};
use super::context::{NoteOn, OutputContext};
use super::engine::Synth;
use super::virtual_synth::{SynthId, SynthSlot};

impl Synth {
    pub(super) fn note_on(&mut self, id: SynthId, part: u16, key: u8, velocity: u8) {
        if self.following {
            return;
        }
        let pressed = self.on_port(id, |port, _| port.parts_mut().press(part, key, velocity));
        let Some(Some(pressed)) = pressed else {
            return;
        };
        self.sound(id, part, (key, velocity), pressed);
    }

    pub(super) fn note_off(&mut self, id: SynthId, part: u16, key: u8) {
        let sounds = !self.following;
        let lifted = self.on_port(id, |port, _| port.parts_mut().lift(part, key, sounds));
        let Some(Some(lifted)) = lifted else {
            return;
        };
        if let Some((note, pressed)) = lifted.back {
            return self.sound(id, part, note, pressed);
        }
        let sustain = lifted.sustain;
        self.pool.note_off(id.0, part, key, sustain, self.position);
    }

    /// Starts a note, or lets one that sounds at the source go on as this one.
    fn sound(
        &mut self,
        id: SynthId,
        part: u16,
        (key, velocity): (u8, u8),
        Pressed { source, glide_from }: Pressed,
    ) {
        let position = self.position;
        let slot = self.slots.get(usize::from(id.0));
        let Some((slot, port)) = slot.and_then(|slot| Some((slot, slot.port.as_deref()?))) else {
            return;
        };
        let Some(channel) = port.parts().channel(part) else {
            return;
        };
        let kind = port.interpolation();
        let (mono, priority) = (channel.mono, port.note_priority(channel));
        self.serial = self.serial.wrapping_add(1);
        let note = NoteOn {
            key,
            velocity,
            serial: self.serial,
            position,
            priority,
            glide_from,
        };
        let context = OutputContext::new(&self.filters, self.rate, self.log2_a440, self.position);
        let mut lost = 0;
        let went_on =
            source.is_some_and(|from| self.pool.legato(port, (id.0, part), from, note, &context));
        if !went_on {
            if mono {
                self.pool.all_notes_off(id.0, part, false, position);
                self.pool.pedal_up(id.0, part, cc::SUSTAIN, false, position);
            }
            let was_silent = !self.pool.is_active(id.0) && !slot.rings();
            let each = self.slice.start(kind, self.pool.places());
            let room = self.slice.room(each);
            let started = self.pool.note_on(port, (id.0, part), note, room, &context);
            self.slice.add_starts(started.voices, each);
            lost = started.lost;
            if was_silent && let Some(slot) = self.slots.get_mut(usize::from(id.0)) {
                slot.snap();
            }
        }
        self.count(id, 1, lost);
    }

    /// Voices of a port have started, and some were lost over it.
    fn count(&mut self, id: SynthId, notes: u64, lost: u32) {
        let voices = self.pool.sounding_of(id.0) as u32;
        self.change(id, |port| {
            let stats = &mut port.stats;
            stats.notes = stats.notes.wrapping_add(notes);
            stats.lost_notes = stats.lost_notes.wrapping_add(u64::from(lost));
            stats.voices = voices;
            stats.peak_voices = stats.peak_voices.max(voices);
        });
    }

    /// Starts the notes for which everything has come in, at a tick.
    pub(super) fn start_waiting(&mut self) {
        let position = self.position;
        for (port, slot) in self.slots.iter_mut().enumerate() {
            if !self.pool.is_active(port as u8) && !slot.rings() {
                slot.snap();
            }
        }
        let mut from = 0;
        loop {
            let places = self.pool.places();
            let (slots, slice) = (&self.slots, &self.slice);
            let each = |port: u8| {
                let slot = slots.get(usize::from(port));
                let kind = slot.map(SynthSlot::interpolation).unwrap_or_default();
                slice.start(kind, places)
            };
            let room = |port: u8| slice.room(each(port));
            let context =
                OutputContext::new(&self.filters, self.rate, self.log2_a440, self.position);
            let arrival = self
                .pool
                .start_waiting(slots, &context, position, &mut from, room);
            let Some(arrival) = arrival else { return };
            let each = each(arrival.port);
            self.slice.add_starts(arrival.started.voices, each);
            let id = SynthId(arrival.port);
            if arrival.started.voices > 0 {
                self.change(id, |port| {
                    let stats = &mut port.stats;
                    stats.late_notes = stats.late_notes.wrapping_add(1);
                    stats.longest_wait = stats.longest_wait.max(arrival.waited);
                });
            }
            self.count(id, 0, arrival.started.lost);
        }
    }
}
