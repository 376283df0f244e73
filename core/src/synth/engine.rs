// SPDX-License-Identifier: MIT OR Apache-2.0
//! The synthesizer: ports, messages, rendering.

use super::channel::{CHANNELS, Channel, Parts, System, cc};
use super::context::OutputContext;
use super::counters::{self, Part};
use super::effects::{Limiter, Unit};
use super::filter::FilterTable;
use super::math;
use super::pool::{Pool, Retired, Room};
use super::simd::Vectors;
use super::tick::{EFFECT_TICK, TICK, since_tick};
use super::virtual_synth::{SynthId, SynthSlot, VirtualSynth};
use crate::mem::{NoMemory, TryBox, vec};
use crate::midi::Universal;
use alloc::vec::Vec;

/// How a synthesizer is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Voices of all ports together.
    pub voices: u16,
    /// Frames per second of the output.
    pub rate: u32,
    /// Virtual synthesizers that can be attached.
    pub synths: u8,
}

/// Lowest and highest output rate.
const RATES: (u32, u32) = (8_000, 192_000);

fn log2_a440(rate: u32) -> f32 {
    math::log2(440.0 / rate as f32)
}

/// A note of a port is lost.
pub(super) fn lose(slots: &mut [SynthSlot], port: u8) {
    let slot = slots.get_mut(usize::from(port));
    if let Some(port) = slot.and_then(|slot| slot.port.as_deref_mut()) {
        port.stats.lost_notes = port.stats.lost_notes.wrapping_add(1);
    }
}

/// The synthesizer. It has one owner at a time; nothing but [`new`](Self::new) allocates, nothing frees.
pub struct Synth {
    pub(super) pool: Pool,
    pub(super) slots: Vec<SynthSlot>,
    pub(super) filters: FilterTable,
    pub(super) limiter: Limiter,
    pub(super) rate: u32,
    /// log2(440 Hz / rate).
    pub(super) log2_a440: f32,
    pub(super) position: u64,
    pub(super) serial: u64,
    pub(super) following: bool,
    pub(super) slice: super::cost::Slice,
}

impl Synth {
    /// Builds a synthesizer and its tables. PASSIVE_LEVEL: it allocates and takes some milliseconds.
    pub fn new(settings: &Settings) -> Result<Self, NoMemory> {
        let slots = vec::try_collect((0..settings.synths).map(|_| SynthSlot::default()))?;
        let rate = settings.rate.clamp(RATES.0, RATES.1);
        Ok(Self {
            pool: Pool::new(settings.voices)?,
            slots,
            filters: FilterTable::new()?,
            limiter: Limiter::new(rate),
            rate,
            log2_a440: log2_a440(rate),
            position: 0,
            serial: 0,
            following: false,
            slice: super::cost::Slice::UNLIMITED,
        })
    }

    /// Changes the output rate. Sounding voices and effects are dropped: their times are in frames of the old one.
    pub fn set_output(&mut self, rate: u32) {
        let rate = rate.clamp(RATES.0, RATES.1);
        if rate != self.rate {
            self.drop_all();
            self.limiter = Limiter::new(rate);
            self.rate = rate;
            self.log2_a440 = log2_a440(rate);
        }
    }

    /// Renders on these registers from now on; the bits stay the same. A new synthesizer renders on those that every processor of its
    /// kind has.
    pub fn set_vectors(&mut self, vectors: Vectors) {
        self.pool.set_vectors(vectors);
    }

    /// Frames per second of the output.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// Frames rendered so far.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Voices that sound, of all ports.
    pub fn voices(&self) -> u32 {
        self.pool.sounding() as u32
    }

    /// Plays as many voices as `room` is made for from now on; gives back what is to be dropped at PASSIVE_LEVEL. Voices go on; those that are
    /// too many fade and count as lost notes.
    pub fn set_room(&mut self, mut room: TryBox<Room>) -> TryBox<Room> {
        let slots = &mut self.slots;
        self.pool.move_into(&mut room, self.position, |port| {
            lose(slots, port);
        });
        room
    }

    /// Gives a port a place; gives back the one that had it, or `port` itself if there is no such place.
    pub fn attach(
        &mut self,
        id: SynthId,
        port: TryBox<VirtualSynth>,
    ) -> Option<TryBox<VirtualSynth>> {
        let displaced = self.detach(id);
        match self.slots.get_mut(usize::from(id.0)) {
            Some(slot) => {
                slot.seat(port);
                self.select_all(id);
                displaced
            }
            None => Some(port),
        }
    }

    /// Asks for what the channels of a port have selected, where it is not in memory. After a change of its instruments.
    pub fn select_all(&mut self, id: SynthId) {
        self.on_port(id, |port, pool| {
            if port.select_all() {
                pool.want();
            }
        });
    }

    /// Whether the loader has been asked for something since the last call.
    pub fn take_wanted(&mut self) -> bool {
        self.pool.take_wanted()
    }

    /// Takes a port out; its voices fade within 128 frames, its reverb dies away.
    pub fn detach(&mut self, id: SynthId) -> Option<TryBox<VirtualSynth>> {
        self.pool.all_sound_off(id.0, None, self.position);
        let port = self.slots.get_mut(usize::from(id.0))?.vacate();
        self.tidy();
        port
    }

    /// The port in a place.
    pub fn virtual_synth(&self, id: SynthId) -> Option<&VirtualSynth> {
        self.slots.get(usize::from(id.0))?.port.as_deref()
    }

    /// The port; [`refresh`](Self::refresh) after changing what sounding voices depend on.
    pub fn virtual_synth_mut(&mut self, id: SynthId) -> Option<&mut VirtualSynth> {
        self.slots.get_mut(usize::from(id.0))?.port.as_deref_mut()
    }

    /// Does something with a port, if it is there.
    #[inline(always)]
    pub(super) fn on_port<R>(
        &mut self,
        id: SynthId,
        act: impl FnOnce(&mut VirtualSynth, &mut Pool) -> R,
    ) -> Option<R> {
        let port = self.slots.get_mut(usize::from(id.0))?.port.as_deref_mut()?;
        Some(act(port, &mut self.pool))
    }

    /// Does something with a port, if it is there; [`refresh`](Self::refresh) after changing what sounding voices depend on.
    #[inline(always)]
    pub fn change(&mut self, id: SynthId, act: impl FnOnce(&mut VirtualSynth)) {
        self.on_port(id, |port, _| act(port));
    }

    /// Changes the number of channel groups of a port; gives back the old channels, or `parts` if there is no such port. Channels that both
    /// have keep their state; what sounds on those that go fades: no message could end it any more.
    pub fn set_parts(&mut self, id: SynthId, parts: TryBox<Parts>) -> TryBox<Parts> {
        let left = parts.groups() * CHANNELS as u16;
        let Some(port) = self.virtual_synth_mut(id) else {
            return parts;
        };
        let old = port.set_parts(parts);
        self.select_all(id);
        self.pool.close_parts(id.0, left, self.position);
        self.refresh(id);
        old
    }

    /// While on, messages act on channels only: sounding voices are dropped and none is started.
    pub fn follow(&mut self, on: bool) {
        if on {
            self.drop_all();
            self.tidy();
        }
        self.following = on;
    }

    pub(super) fn drop_all(&mut self) {
        self.pool.drop_all(self.position);
        let units = self
            .slots
            .iter_mut()
            .filter_map(|slot| slot.effects.as_deref_mut());
        units.for_each(Unit::clear);
    }

    /// Something the renderer has let go of, to be dropped at PASSIVE_LEVEL.
    pub fn take_retired(&mut self) -> Option<Retired> {
        self.pool.take_retired()
    }

    /// A complete MIDI message (with SysEx from F0 to F7) for a channel group, 1-based, 0 for all; it acts at the current position.
    /// What is not a message is ignored.
    pub fn message(&mut self, id: SynthId, group: u16, message: &[u8]) {
        let Some(port) = self.virtual_synth(id) else {
            return;
        };
        let groups = port.groups();
        let starts_sensing = *message == [0xFE];
        if starts_sensing || port.is_watched() {
            self.sense(id, starts_sensing);
        }
        self.slice.add_message(self.pool.places());
        match *message {
            [0xF0, ref body @ .., 0xF7] => {
                if let Some(request) = Universal::of(body) {
                    self.system(id, group, &request);
                }
            }
            [status @ 0x80..=0xEF, first, ref rest @ ..] => {
                let second = rest.first().copied().unwrap_or(0) & 0x7F;
                let channel = u16::from(status & 0x0F);
                let (kind, first) = (status & 0xF0, first & 0x7F);
                let part = |group: u16| (group - 1) * CHANNELS as u16 + channel;
                if group == 0 {
                    for group in 1..=groups {
                        self.channel_message(id, part(group), kind, first, second);
                    }
                } else if group <= groups {
                    self.channel_message(id, part(group), kind, first, second);
                }
            }
            _ => {}
        }
    }

    /// Active sensing: after the first `FE`, 330 ms without any message mean that the sender is gone.
    #[inline(never)]
    fn sense(&mut self, id: SynthId, starts: bool) {
        let (rate, position) = (self.rate, self.position);
        let wait = u64::from(rate) * 33 / 100;
        let tick = u64::from(TICK);
        let deadline = position.wrapping_add(wait).div_ceil(tick) * tick;
        self.change(id, |port| {
            if starts {
                port.watch(deadline);
            } else {
                port.heard(position, deadline);
            }
        });
    }

    fn channel_message(&mut self, id: SynthId, part: u16, kind: u8, first: u8, second: u8) {
        match kind {
            0x90 if second > 0 => self.note_on(id, part, first, second),
            0x80 | 0x90 => self.note_off(id, part, first),
            0xA0 => self.pool.poly_pressure(id.0, part, first, second),
            0xB0 => self.control_change(id, part, first, second),
            0xC0 => {
                self.on_port(id, |port, pool| {
                    if port.program_change(part, first) {
                        pool.want();
                    }
                });
            }
            0xD0 => {
                if let Some(channel) = self.channel_mut(id, part) {
                    channel.pressure = first;
                }
                self.pool.touch(id.0, part);
            }
            0xE0 => {
                if let Some(channel) = self.channel_mut(id, part) {
                    channel.wheel = (u16::from(second) << 7) | u16::from(first);
                }
                self.pool.touch(id.0, part);
            }
            _ => {}
        }
    }

    /// Channel mode messages but for CC 121: they are about keys, and change nothing that voices depend on.
    fn mode_message(&mut self, id: SynthId, part: u16, number: u8) {
        self.change(id, |port| match number {
            cc::MONO => port.parts_mut().set_mono(part, true),
            cc::POLY => port.parts_mut().set_mono(part, false),
            _ => port.parts_mut().lift_keys_of(part),
        });
        if number == cc::ALL_SOUND_OFF {
            self.pool.all_sound_off(id.0, Some(part), self.position);
        } else {
            self.all_notes_off(id, part);
        }
    }

    fn control_change(&mut self, id: SynthId, part: u16, number: u8, value: u8) {
        let position = self.position;
        if matches!(number, cc::ALL_SOUND_OFF | cc::ALL_NOTES_OFF..=127) {
            return self.mode_message(id, part, number);
        }
        let Some(channel) = self.channel_mut(id, part) else {
            return;
        };
        match number {
            cc::RESET_CONTROLLERS => {
                channel.reset_controllers(value);
                self.pool.reset_pressure(id.0, part);
                self.pool
                    .pedal_up(id.0, part, cc::SOSTENUTO, false, position);
                self.pool.pedal_up(id.0, part, cc::SUSTAIN, false, position);
            }
            cc::SUSTAIN => {
                channel.set(number, value);
                if value < 64 {
                    self.pool.pedal_up(id.0, part, number, false, position);
                }
            }
            cc::SOSTENUTO => {
                let was_down = channel.get(number) >= 64;
                channel.set(number, value);
                let sustain = channel.sustain();
                match (was_down, value >= 64) {
                    (false, true) => self.pool.sostenuto_down(id.0, part),
                    (true, false) => self.pool.pedal_up(id.0, part, number, sustain, position),
                    _ => {}
                }
            }
            _ => {
                if let Some(request) = channel.control(number, value) {
                    self.change(id, |port| {
                        if let Some(settings) = port.parts_mut().key_mut(part, request.key) {
                            settings.set_nrpn(request.parameter, request.value);
                        }
                    });
                }
            }
        }
        self.pool.touch(id.0, part);
    }

    fn system(&mut self, id: SynthId, group: u16, request: &Universal) {
        let position = self.position;
        let Some(port) = self.virtual_synth_mut(id) else {
            return;
        };
        let reset = match *request {
            Universal::Gm1On | Universal::GmOff | Universal::DlsOn | Universal::DlsOff => {
                System::Gm
            }
            Universal::Gm2On => System::Gm2,
            Universal::GsReset => System::Gs,
            Universal::XgOn => System::Xg,
            _ => {
                // As after CC 126 and 127.
                let modes = port.obey(group, request);
                for part in port.parts_of(group, modes) {
                    self.all_notes_off(id, part);
                }
                self.select_all(id);
                return self.refresh(id);
            }
        };
        match *request {
            Universal::DlsOn => port.downloads = true,
            Universal::DlsOff => port.downloads = false,
            _ => {}
        }
        port.reset(reset);
        self.select_all(id);
        self.pool.all_sound_off(id.0, None, position);
    }

    fn all_notes_off(&mut self, id: SynthId, part: u16) {
        let port = self.virtual_synth(id);
        let channel = port.and_then(|port| port.parts().channel(part));
        let sustain = channel.is_some_and(|channel| channel.sustain());
        self.pool.all_notes_off(id.0, part, sustain, self.position);
    }

    /// Lets sounding voices of a port follow its channels again.
    pub fn refresh(&mut self, id: SynthId) {
        self.pool.touch_port(id.0);
    }

    pub(super) fn channel_mut(&mut self, id: SynthId, part: u16) -> Option<&mut Channel> {
        self.virtual_synth_mut(id)?.parts_mut().channel_mut(part)
    }

    /// Fills `out` (left, right; 1.0 is full scale) and moves on by its length.
    pub fn render(&mut self, out: &mut [[f32; 2]]) {
        let mut rest = out;
        while !rest.is_empty() {
            if self.pool.is_silent() && !self.slots.iter().any(SynthSlot::rings) {
                rest.fill([0.0; 2]);
                self.limiter.process(rest);
                self.position = self.position.wrapping_add(rest.len() as u64);
                break;
            }
            let since_tick = since_tick(self.position);
            let frames = rest.len().min((TICK - since_tick) as usize);
            let Some(now) = rest.get_mut(..frames) else {
                break;
            };
            let done = self.stretch(since_tick == 0, now);
            rest = rest.get_mut(done..).unwrap_or_default();
        }
        self.tidy();
    }

    /// Tells each port how many voices it has; lets effects go that have rung out behind a port that has gone.
    pub(super) fn tidy(&mut self) {
        for (index, slot) in self.slots.iter_mut().enumerate() {
            if let Some(port) = slot.port.as_deref_mut() {
                port.stats.voices = self.pool.sounding_of(index as u8) as u32;
            } else if !slot.rings()
                && let Some(unit) = slot.effects.take()
            {
                slot.effects = self.pool.retire(unit);
            }
        }
    }

    /// Renders the beginning of a stretch that no tick divides, up to where an envelope turns; how many frames that was.
    fn stretch(&mut self, at_tick: bool, out: &mut [[f32; 2]]) -> usize {
        if at_tick {
            for (index, slot) in self.slots.iter_mut().enumerate() {
                if let Some(port) = slot.port.as_deref_mut()
                    && port.is_lost(self.position)
                {
                    port.parts_mut().lift_keys();
                    self.pool.all_sound_off(index as u8, None, self.position);
                }
            }
        }
        if at_tick && self.pool.has_waiting() {
            self.start_waiting();
        }
        let context = OutputContext::new(&self.filters, self.rate, self.log2_a440, self.position);
        counters::begin();
        self.pool.control(&self.slots, &context, self.position);
        counters::lap(Part::Control);
        let to_turn = self.pool.frames_to_turn(self.position).max(1);
        let frames = out
            .len()
            .min(usize::try_from(to_turn).unwrap_or(usize::MAX));
        let out = out.get_mut(..frames).unwrap_or_default();
        out.fill([0.0; 2]);
        for (index, slot) in self.slots.iter_mut().enumerate() {
            let id = index as u8;
            if !self.pool.is_active(id) && !slot.rings() {
                continue;
            }
            if at_tick {
                slot.tick(TICK);
            }
            let kind = slot
                .port
                .as_ref()
                .map(|port| port.interpolation())
                .unwrap_or_default();
            slot.adopt_settings();
            let sends = self.pool.sends(slot, id);
            let vectors = self.pool.vectors();
            let buses = self.pool.render(id, kind, sends, self.position, out.len());
            let SynthSlot {
                effects,
                settings,
                bus,
                ..
            } = slot;
            let sleep = effects.as_deref().is_none_or(Unit::is_asleep);
            let dry = sleep && buses.reverb.is_none() && buses.chorus.is_none();
            let mut peak = 0.0f32;
            let mut at = 0;
            while at < frames {
                let position = self.position + at as u64;
                // Effects have ticks of their own.
                let to_tick = EFFECT_TICK - (position % u64::from(EFFECT_TICK)) as u32;
                let end = if dry {
                    frames
                } else {
                    frames.min(at + to_tick as usize)
                };
                let wet = effects.as_deref_mut().and_then(|unit| {
                    unit.process(
                        vectors,
                        settings,
                        self.rate,
                        position,
                        end - at,
                        [buses.reverb, buses.chorus].map(|bus| bus?.get(at..end)),
                    )
                });
                counters::lap(Part::Effects);
                let out = out.get_mut(at..end).unwrap_or_default();
                let dry = [buses.left, buses.right].map(|bus| bus.get(at..end).unwrap_or_default());
                peak = peak.max(bus.mix(out, dry.into(), wet));
                counters::lap(Part::Mix);
                at = end;
            }
            if let Some(port) = slot.port.as_deref_mut() {
                port.stats.peak_level = port.stats.peak_level.max(peak);
            }
        }
        self.limiter.process(out);
        counters::lap(Part::Mix);
        self.position = self.position.wrapping_add(out.len() as u64);
        frames
    }
}
