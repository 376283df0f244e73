//! The synthesizer: ports, messages, rendering.

use super::channel::{CHANNELS, Channel, System, cc};
use super::effects::Sends;
use super::filter::FilterTable;
use super::pool::{Pool, Retired};
use super::port::{Port, PortId, PortSlot};
use super::voice::{Context, NoteOn, TICK};
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
    /// Ports that can be attached.
    pub ports: u8,
}

/// Lowest and highest output rate.
const RATES: (u32, u32) = (8_000, 192_000);

/// The synthesizer. It has one owner at a time; nothing but [`new`](Self::new) allocates, nothing frees.
pub struct Synth {
    pool: Pool,
    slots: Vec<PortSlot>,
    filters: FilterTable,
    rate: u32,
    position: u64,
    serial: u64,
    following: bool,
}

impl Synth {
    /// Builds a synthesizer and its tables. PASSIVE_LEVEL: it allocates and takes some milliseconds.
    pub fn new(settings: &Settings) -> Result<Self, NoMemory> {
        let mut slots = vec::try_with_capacity(usize::from(settings.ports))?;
        for _ in 0..settings.ports {
            vec::try_push(&mut slots, PortSlot::default())?;
        }
        Ok(Self {
            pool: Pool::new(settings.voices, settings.ports)?,
            slots,
            filters: FilterTable::new()?,
            rate: settings.rate.clamp(RATES.0, RATES.1),
            position: 0,
            serial: 0,
            following: false,
        })
    }

    /// Changes the output rate. Sounding voices are dropped: their times are in frames of the old one.
    pub fn set_output(&mut self, rate: u32) {
        let rate = rate.clamp(RATES.0, RATES.1);
        if rate != self.rate {
            self.pool.drop_all(self.position);
            self.rate = rate;
        }
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

    /// Gives a port a place; gives back the one that had it, or `port` itself if there is no such place.
    pub fn attach(&mut self, id: PortId, port: TryBox<Port>) -> Option<TryBox<Port>> {
        let displaced = self.detach(id);
        match self.slots.get_mut(usize::from(id.0)) {
            Some(slot) => {
                slot.port = Some(port);
                displaced
            }
            None => Some(port),
        }
    }

    /// Takes a port out; its voices fade within 128 frames.
    pub fn detach(&mut self, id: PortId) -> Option<TryBox<Port>> {
        self.pool.all_sound_off(id.0, None, self.position);
        self.slots.get_mut(usize::from(id.0))?.port.take()
    }

    pub fn port(&self, id: PortId) -> Option<&Port> {
        self.slots.get(usize::from(id.0))?.port.as_deref()
    }

    /// The port; [`refresh`](Self::refresh) after changing what sounding voices depend on.
    pub fn port_mut(&mut self, id: PortId) -> Option<&mut Port> {
        self.slots.get_mut(usize::from(id.0))?.port.as_deref_mut()
    }

    /// While on, messages act on channels only: sounding voices are dropped and none is started.
    pub fn follow(&mut self, on: bool) {
        if on {
            self.pool.drop_all(self.position);
        }
        self.following = on;
    }

    /// Something the renderer has let go of, to be dropped at PASSIVE_LEVEL.
    pub fn take_retired(&mut self) -> Option<Retired> {
        self.pool.take_retired()
    }

    /// A complete MIDI message (with SysEx from F0 to F7) for a channel group, 1-based, 0 for all; it acts at the current position.
    /// What is not a message is ignored.
    pub fn message(&mut self, id: PortId, group: u16, message: &[u8]) {
        let Some(port) = self.port(id) else { return };
        let groups = port.groups();
        match *message {
            [0xF0, ..] => {
                if let Some(request) = Universal::parse(message) {
                    self.system(id, group, &request);
                }
            }
            [status @ 0x80..=0xEF, first, ref rest @ ..] => {
                let second = rest.first().copied().unwrap_or(0) & 0x7F;
                let channel = u16::from(status & 0x0F);
                let parts = match group {
                    0 => 0..groups,
                    _ if group <= groups => group - 1..group,
                    _ => return,
                };
                for group in parts {
                    self.channel_message(
                        id,
                        group * CHANNELS as u16 + channel,
                        status & 0xF0,
                        first & 0x7F,
                        second,
                    );
                }
            }
            _ => {}
        }
    }

    fn channel_message(&mut self, id: PortId, part: u16, kind: u8, first: u8, second: u8) {
        match kind {
            0x90 if second > 0 => self.note_on(id, part, first, second),
            0x80 | 0x90 => {
                let sustain = self
                    .channel(id, part)
                    .is_some_and(|channel| channel.sustain());
                self.pool
                    .note_off(id.0, part, first, sustain, self.position);
            }
            0xA0 => self.pool.poly_pressure(id.0, part, first, second),
            0xB0 => self.control_change(id, part, first, second),
            0xC0 => {
                let system = self.port(id).map(|port| port.system()).unwrap_or_default();
                if let Some(channel) = self.channel_mut(id, part) {
                    channel.program_change(first, usize::from(part) % CHANNELS, system);
                }
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

    fn note_on(&mut self, id: PortId, part: u16, key: u8, velocity: u8) {
        if self.following {
            return;
        }
        if !self.pool.is_active(id.0)
            && let Some(slot) = self.slots.get_mut(usize::from(id.0))
        {
            slot.snap();
        }
        self.serial = self.serial.wrapping_add(1);
        let note = NoteOn {
            key,
            velocity,
            serial: self.serial,
            position: self.position,
        };
        let context = Context::new(&self.filters, self.rate);
        let lost = self.pool.note_on(&self.slots, id.0, part, note, &context);
        let voices = self.pool.sounding_of(id.0) as u32;
        if let Some(port) = self.port_mut(id) {
            let stats = &mut port.stats;
            stats.notes = stats.notes.wrapping_add(1);
            stats.lost_notes = stats.lost_notes.wrapping_add(u64::from(lost));
            stats.voices = voices;
            stats.peak_voices = stats.peak_voices.max(voices);
        }
    }

    fn control_change(&mut self, id: PortId, part: u16, number: u8, value: u8) {
        let position = self.position;
        let Some(channel) = self.channel_mut(id, part) else {
            return;
        };
        match number {
            cc::ALL_SOUND_OFF => return self.pool.all_sound_off(id.0, Some(part), position),
            cc::RESET_CONTROLLERS => {
                channel.reset_controllers(value);
                self.pool
                    .pedal_up(id.0, part, cc::SOSTENUTO, false, position);
                self.pool.pedal_up(id.0, part, cc::SUSTAIN, false, position);
            }
            cc::ALL_NOTES_OFF..=127 => {
                let sustain = channel.sustain();
                return self.pool.all_notes_off(id.0, part, sustain, position);
            }
            cc::SUSTAIN => {
                channel.control(number, value);
                if value < 64 {
                    self.pool.pedal_up(id.0, part, number, false, position);
                }
            }
            cc::SOSTENUTO => {
                let was_down = channel.get(number) >= 64;
                channel.control(number, value);
                let sustain = channel.sustain();
                match (was_down, value >= 64) {
                    (false, true) => self.pool.sostenuto_down(id.0, part),
                    (true, false) => self.pool.pedal_up(id.0, part, number, sustain, position),
                    _ => {}
                }
            }
            _ => channel.control(number, value),
        }
        self.pool.touch(id.0, part);
    }

    fn system(&mut self, id: PortId, group: u16, request: &Universal) {
        let position = self.position;
        let Some(port) = self.port_mut(id) else {
            return;
        };
        let reset = match *request {
            Universal::Gm1On | Universal::GmOff | Universal::DlsOn | Universal::DlsOff => {
                System::Gm
            }
            Universal::Gm2On => System::Gm2,
            Universal::GsReset => System::Gs,
            Universal::XgOn => System::Xg,
            Universal::GsRhythmPart { channel, map } => {
                for index in 0..port.groups() {
                    let part = index * CHANNELS as u16 + u16::from(channel);
                    if (group == 0 || group == index + 1)
                        && let Some(channel) = port.parts_mut().channel_mut(part)
                    {
                        channel.drum = map != 0;
                    }
                }
                return;
            }
            _ => {
                port.obey(request);
                return self.refresh(id);
            }
        };
        port.reset(reset);
        self.pool.all_sound_off(id.0, None, position);
    }

    /// Lets sounding voices of a port follow its channels again.
    pub fn refresh(&mut self, id: PortId) {
        self.pool.touch_port(id.0);
    }

    fn channel(&self, id: PortId, part: u16) -> Option<&Channel> {
        self.port(id)?.parts().channel(part)
    }

    fn channel_mut(&mut self, id: PortId, part: u16) -> Option<&mut Channel> {
        self.port_mut(id)?.parts_mut().channel_mut(part)
    }

    /// Fills `out` (left, right; 1.0 is full scale) and moves on by its length.
    pub fn render(&mut self, out: &mut [[f32; 2]]) {
        let mut rest = out;
        while !rest.is_empty() {
            if self.pool.is_silent() {
                rest.fill([0.0; 2]);
                self.position = self.position.wrapping_add(rest.len() as u64);
                break;
            }
            let since_tick = (self.position % u64::from(TICK)) as u32;
            let frames = rest.len().min((TICK - since_tick) as usize);
            let Some((now, later)) = rest.split_at_mut_checked(frames) else {
                break;
            };
            self.stretch(since_tick == 0, now);
            rest = later;
        }
    }

    /// Renders a stretch that no tick divides.
    fn stretch(&mut self, at_tick: bool, out: &mut [[f32; 2]]) {
        let context = Context::new(&self.filters, self.rate);
        self.pool.control(&self.slots, &context, self.position);
        out.fill([0.0; 2]);
        for (index, slot) in self.slots.iter_mut().enumerate() {
            let id = index as u8;
            if !self.pool.is_active(id) {
                continue;
            }
            if at_tick {
                slot.tick(TICK);
                if let Some(port) = slot.port.as_deref_mut() {
                    port.stats.voices = self.pool.sounding_of(id) as u32;
                }
            }
            let kind = slot
                .port
                .as_ref()
                .map(|port| port.interpolation())
                .unwrap_or_default();
            let buses = self
                .pool
                .render(id, kind, Sends::default(), self.position, out.len());
            let mut peak = 0.0f32;
            for (frame, (left, right)) in out
                .iter_mut()
                .zip(buses.left.iter().zip(buses.right.iter()))
            {
                let gain = slot.next_gain();
                let (left, right) = (left.sum() * gain, right.sum() * gain);
                peak = peak.max(left.abs()).max(right.abs());
                let [l, r] = frame;
                *l += left;
                *r += right;
            }
            if let Some(port) = slot.port.as_deref_mut() {
                port.stats.peak_level = port.stats.peak_level.max(peak);
            }
        }
        self.position = self.position.wrapping_add(out.len() as u64);
    }
}
