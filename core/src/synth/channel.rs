// SPDX-License-Identifier: MIT OR Apache-2.0
//! MIDI channels: the state that controllers, programs and parameters leave behind.

use super::awe::{self, Awe};
use super::keys::{Held, KeySettings, KeyTables};
use crate::mem::{NoMemory, stamp, vec};
use alloc::vec::Vec;

pub const CHANNELS: usize = 16;
/// The drum channel (10, counted from 0).
const DRUMS: usize = 9;

pub mod cc {
    //! Controller numbers.
    pub const BANK_MSB: u8 = 0;
    pub const PORTAMENTO_TIME: u8 = 5;
    pub const DATA_MSB: u8 = 6;
    pub const VOLUME: u8 = 7;
    pub const BALANCE: u8 = 8;
    pub const PAN: u8 = 10;
    pub const EXPRESSION: u8 = 11;
    pub const BANK_LSB: u8 = 32;
    pub const DATA_LSB: u8 = 38;
    pub const SUSTAIN: u8 = 64;
    pub const PORTAMENTO: u8 = 65;
    pub const SOSTENUTO: u8 = 66;
    pub const SOFT: u8 = 67;
    pub const LEGATO: u8 = 68;
    pub const RESONANCE: u8 = 71;
    pub const RELEASE_TIME: u8 = 72;
    pub const ATTACK_TIME: u8 = 73;
    pub const BRIGHTNESS: u8 = 74;
    pub const DECAY_TIME: u8 = 75;
    pub const VIBRATO_RATE: u8 = 76;
    pub const VIBRATO_DEPTH: u8 = 77;
    pub const VIBRATO_DELAY: u8 = 78;
    pub const PORTAMENTO_CONTROL: u8 = 84;
    pub const REVERB: u8 = 91;
    pub const CHORUS: u8 = 93;
    pub const INCREMENT: u8 = 96;
    pub const DECREMENT: u8 = 97;
    pub const NRPN_LSB: u8 = 98;
    pub const NRPN_MSB: u8 = 99;
    pub const RPN_LSB: u8 = 100;
    pub const RPN_MSB: u8 = 101;
    pub const ALL_SOUND_OFF: u8 = 120;
    pub const RESET_CONTROLLERS: u8 = 121;
    pub const ALL_NOTES_OFF: u8 = 123;
    pub const MONO: u8 = 126;
    pub const POLY: u8 = 127;
}

/// Which system the bank select messages speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum System {
    /// General MIDI 1: bank select does nothing.
    #[default]
    Gm,
    /// General MIDI 2.
    Gm2,
    /// Roland GS.
    Gs,
    /// Yamaha XG.
    Xg,
}

/// What pressure or a controller does to sounding notes ("controller destination"), 7-bit values as in the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// Semitones plus 64, ±24.
    pub pitch: u8,
    /// Steps of 150 cents plus 64.
    pub cutoff: u8,
    /// Amplitude at full, 64 is unchanged.
    pub amplitude: u8,
    /// The vibrato LFO, and GS's second one: the modulation LFO.
    pub lfos: [Swing; 2],
}

/// What an LFO does under a controller destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Swing {
    /// Steps of 10/64 Hz plus 64 (GS).
    pub rate: u8,
    /// Depths: 127 is 600 cents,
    pub pitch: u8,
    /// 2400 cents,
    pub cutoff: u8,
    /// 100 %.
    pub amplitude: u8,
}

impl Swing {
    const NONE: Self = Self {
        rate: 64,
        pitch: 0,
        cutoff: 0,
        amplitude: 0,
    };
}

impl Route {
    pub const NONE: Self = Self {
        pitch: 64,
        cutoff: 64,
        amplitude: 64,
        lfos: [Swing::NONE; 2],
    };

    /// Sets parameter 0–5 of GM2.
    pub fn set(&mut self, parameter: u8, value: u8) {
        let [lfo, _] = &mut self.lfos;
        match parameter {
            0 => self.pitch = value.clamp(0x28, 0x58),
            1 => self.cutoff = value,
            2 => self.amplitude = value,
            3 => lfo.pitch = value,
            4 => lfo.cutoff = value,
            5 => lfo.amplitude = value,
            _ => {}
        }
    }

    /// Sets parameter 0–10 of GS: pitch, cutoff, amplitude, then rate and depths of each LFO.
    pub fn set_gs(&mut self, parameter: u8, value: u8) {
        let [first, second] = &mut self.lfos;
        match parameter {
            0..=2 => self.set(parameter, value),
            3 => first.rate = value,
            4 => first.pitch = value,
            5 => first.cutoff = value,
            6 => first.amplitude = value,
            7 => second.rate = value,
            8 => second.pitch = value,
            9 => second.cutoff = value,
            10 => second.amplitude = value,
            _ => {}
        }
    }
}

/// The routes of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Routes {
    pub channel_pressure: Route,
    pub poly_pressure: Route,
    pub controller: Route,
    /// The controller that `controller` is about.
    pub number: u8,
}

impl Routes {
    const NONE: Self = Self {
        channel_pressure: Route::NONE,
        poly_pressure: Route::NONE,
        controller: Route::NONE,
        number: 16,
    };
}

/// One channel.
#[derive(Clone, Debug)]
pub struct Channel {
    /// By number, as in the message.
    pub controllers: [u8; 128],
    /// Pitch wheel, 14 bit.
    pub wheel: u16,
    /// Channel pressure.
    pub pressure: u8,
    /// Program 0–127.
    pub program: u8,
    /// Bank (MSB, LSB) at the last program change.
    pub bank: (u8, u8),
    /// It plays drums.
    pub drum: bool,
    /// GS drum map: 1 or 2.
    pub drum_map: u8,
    /// RPN 0, 1 and 2, 14 bit.
    pub rpn: [u16; 3],
    /// Bank and program of the tuning: RPN 4 and 3.
    pub tuning: (u8, u8),
    /// RPN 5, 14 bit: semitones and 1/128 semitones.
    pub modulation_range: u16,
    /// The last parameter number selected is an NRPN.
    nrpn: bool,
    /// One note at a time.
    pub mono: bool,
    /// Keys down in mono mode.
    pub held: Held,
    /// Key of the last note: where portamento comes from.
    pub last_key: Option<u8>,
    /// Key set by portamento control, for one note.
    pub glide_from: Option<u8>,
    /// What pressure and one controller act on.
    pub routes: Routes,
    /// NRPN 127.
    pub awe: Awe,
    /// Tuning of the pitch classes in cents, C first.
    pub scale: [f32; 12],
    /// Changes when notes that sound shall take the scale over.
    pub scale_version: u8,
    /// DirectMusic voice priority.
    pub priority: u32,
    /// Another one after each change that a voice may depend on.
    stamp: u64,
}

impl Channel {
    /// Power-on state of channel `index` (0..16).
    pub fn new(index: usize) -> Self {
        let mut channel = Self {
            controllers: [0; 128],
            wheel: 0x2000,
            pressure: 0,
            program: 0,
            bank: (0, 0),
            drum: index == DRUMS,
            drum_map: 1,
            rpn: Self::RPN,
            tuning: (0, 0),
            modulation_range: Self::MODULATION_RANGE,
            nrpn: false,
            mono: false,
            held: Held::default(),
            last_key: None,
            glide_from: None,
            routes: Routes::NONE,
            awe: Awe::NONE,
            scale: [0.0; 12],
            scale_version: 0,
            priority: default_priority(index),
            stamp: stamp::next(),
        };
        channel.power_on_controllers();
        channel
    }

    /// Bend range of two semitones, no tuning.
    const RPN: [u16; 3] = [2 << 7, 0x2000, 64 << 7];
    /// 50 cents.
    pub const MODULATION_RANGE: u16 = 64;

    fn power_on_controllers(&mut self) {
        self.controllers = [0; 128];
        for (number, value) in [
            (cc::VOLUME, 100),
            (cc::BALANCE, 64),
            (cc::PAN, 64),
            (cc::EXPRESSION, 127),
            (cc::REVERB, 40),
            (cc::RPN_LSB, 127),
            (cc::RPN_MSB, 127),
            (cc::NRPN_LSB, 127),
            (cc::NRPN_MSB, 127),
        ] {
            self.set(number, value);
        }
        for number in 70..=79 {
            self.set(number, 64);
        }
        self.wheel = 0x2000;
        self.pressure = 0;
        self.nrpn = false;
    }

    /// Back to the power-on state; the priority is the client's and stays.
    pub fn reset(&mut self, index: usize, system: System) {
        *self = Self {
            priority: self.priority,
            scale_version: self.scale_version.wrapping_add(1),
            ..Self::new(index)
        };
        if system == System::Gm2 {
            self.bank = (if self.drum { 0x78 } else { 0x79 }, 0);
            self.set(cc::BANK_MSB, self.bank.0);
        }
    }

    /// One note at a time, or as many as come; no key is down after that.
    pub fn set_mono(&mut self, mono: bool) {
        self.mono = mono;
        self.held.clear();
    }

    /// CC 121. 127 restores power-on values (DLS 2); anything else follows RP-015.
    pub fn reset_controllers(&mut self, value: u8) {
        if value == 127 {
            self.power_on_controllers();
            self.rpn = Self::RPN;
            self.tuning = (0, 0);
            self.modulation_range = Self::MODULATION_RANGE;
            self.glide_from = None;
            return;
        }
        let pedals = [
            cc::SUSTAIN,
            cc::PORTAMENTO,
            cc::SOSTENUTO,
            cc::SOFT,
            cc::LEGATO,
        ];
        for number in [1, 2, 4, 69].into_iter().chain(pedals) {
            self.set(number, 0);
        }
        self.glide_from = None;
        self.set(cc::EXPRESSION, 127);
        for number in cc::NRPN_LSB..=cc::RPN_MSB {
            self.set(number, 127);
        }
        self.wheel = 0x2000;
        self.pressure = 0;
        self.nrpn = false;
    }

    /// Value of a controller.
    pub fn get(&self, number: u8) -> u8 {
        self.controllers
            .get(usize::from(number))
            .copied()
            .unwrap_or(0)
    }

    /// Stores a controller's value; nothing else happens.
    pub fn set(&mut self, number: u8, value: u8) {
        if let Some(slot) = self.controllers.get_mut(usize::from(number)) {
            *slot = value;
        }
    }

    /// Stores a controller and lets it act on parameter numbers. Gives back what it sets for a single key.
    pub fn control(&mut self, number: u8, value: u8) -> Option<KeyRequest> {
        self.set(number, value);
        match number {
            cc::NRPN_LSB | cc::NRPN_MSB => self.nrpn = true,
            cc::RPN_LSB | cc::RPN_MSB => self.nrpn = false,
            cc::PORTAMENTO_CONTROL => self.glide_from = Some(value),
            cc::DATA_MSB if self.nrpn => return self.nrpn_data(value),
            cc::DATA_MSB => self.data_entry(|old, _| u16::from(value) << 7 | old & 0x7F),
            cc::DATA_LSB if self.nrpn => self.awe_data(),
            cc::DATA_LSB => self.data_entry(|old, _| old & 0x3F80 | u16::from(value)),
            cc::INCREMENT if self.nrpn => {
                let next = self.get(cc::DATA_MSB).saturating_add(1).min(127);
                self.set(cc::DATA_MSB, next);
                return self.nrpn_data(next);
            }
            cc::DECREMENT if self.nrpn => {
                let next = self.get(cc::DATA_MSB).saturating_sub(1);
                self.set(cc::DATA_MSB, next);
                return self.nrpn_data(next);
            }
            cc::INCREMENT => self.data_entry(|old, step| old.saturating_add(step).min(0x3FFF)),
            cc::DECREMENT => self.data_entry(|old, step| old.saturating_sub(step)),
            _ => {}
        }
        None
    }

    /// `change` gets the value and the step of data increment (RP-018: whole semitones for coarse tuning).
    fn data_entry(&mut self, change: impl Fn(u16, u16) -> u16) {
        if self.nrpn || self.get(cc::RPN_MSB) != 0 {
            return;
        }
        match self.get(cc::RPN_LSB) {
            // A program and a bank are one byte: the MSB.
            3 => self.tuning.1 = (change(u16::from(self.tuning.1) << 7, 1 << 7) >> 7) as u8 & 0x7F,
            4 => self.tuning.0 = (change(u16::from(self.tuning.0) << 7, 1 << 7) >> 7) as u8 & 0x7F,
            5 => self.modulation_range = change(self.modulation_range, 1),
            number => {
                if let Some(value) = self.rpn.get_mut(usize::from(number)) {
                    *value = change(*value, if number == 2 { 1 << 7 } else { 1 });
                }
            }
        }
    }

    /// NRPN of GS and XG: sound parameters are the controllers 71–78 by another name, the rest is about drum notes.
    fn nrpn_data(&mut self, value: u8) -> Option<KeyRequest> {
        let (msb, lsb) = (self.get(cc::NRPN_MSB), self.get(cc::NRPN_LSB));
        self.awe_data();
        let controller = match (msb, lsb) {
            (1, 0x08) => cc::VIBRATO_RATE,
            (1, 0x09) => cc::VIBRATO_DEPTH,
            (1, 0x0A) => cc::VIBRATO_DELAY,
            (1, 0x20) => cc::BRIGHTNESS,
            (1, 0x21) => cc::RESONANCE,
            (1, 0x63) => cc::ATTACK_TIME,
            (1, 0x64) => cc::DECAY_TIME,
            (1, 0x66) => cc::RELEASE_TIME,
            (0x14..=0x1E, key) if self.drum => {
                return Some(KeyRequest {
                    key,
                    parameter: msb,
                    value,
                });
            }
            _ => return None,
        };
        self.set(controller, value);
        None
    }

    /// Data entry under the AWE32's NRPN: either half is all that some songs send.
    fn awe_data(&mut self) {
        let number = self.get(cc::NRPN_LSB);
        if self.get(cc::NRPN_MSB) == awe::NRPN && number < 127 {
            let value = u16::from(self.get(cc::DATA_MSB)) << 7 | u16::from(self.get(cc::DATA_LSB));
            self.awe.set(number, value);
        }
    }

    /// Latches the bank (DLS 2.2 §2.10: bank select acts at the next program change).
    pub fn program_change(&mut self, program: u8, index: usize, system: System) {
        self.program = program;
        self.bank = (self.get(cc::BANK_MSB), self.get(cc::BANK_LSB));
        match self.bank.0 {
            0x78 => self.drum = true,
            0x79 => self.drum = false,
            126 | 127 if system == System::Xg => self.drum = true,
            _ if system == System::Xg => self.drum = index == DRUMS,
            _ => {}
        }
    }

    /// The DirectMusic patch that it plays: bits 0–6 program, 8–14 bank LSB, 16–22 bank MSB, 31 drum kit.
    pub fn patch(&self) -> u32 {
        let (msb, lsb) = self.bank;
        u32::from(self.drum) << 31
            | u32::from(msb) << 16
            | u32::from(lsb) << 8
            | u32::from(self.program)
    }

    /// Coarse tuning (RPN 2) in semitones; drums have none.
    pub fn transpose(&self) -> i32 {
        let [_, _, coarse] = self.rpn;
        if self.drum {
            0
        } else {
            i32::from(coarse >> 7) - 64
        }
    }

    /// The sustain pedal is down.
    pub fn sustain(&self) -> bool {
        self.is_on(cc::SUSTAIN)
    }

    /// A switch controller is on.
    pub fn is_on(&self, number: u8) -> bool {
        self.get(number) >= 64
    }

    /// Channels with the same stamp are the same, but for what their keys leave behind.
    pub fn stamp(&self) -> u64 {
        self.stamp
    }

    /// Notes glide from the last one.
    fn glides(&self) -> bool {
        self.is_on(cc::PORTAMENTO) && !self.drum
    }

    fn press(&mut self, key: u8, velocity: u8) -> Pressed {
        let before = self.mono.then(|| self.held.latest()).flatten();
        if self.mono {
            self.held.press(key, velocity);
        }
        // Portamento control names a key; a note that sounds there moves over without a new attack.
        let named = self.glide_from.take();
        let last = self.last_key.replace(key);
        Pressed {
            source: named.or(before.map(|note| note.0).filter(|_| self.is_on(cc::LEGATO))),
            glide_from: named.or(last.filter(|_| self.glides())),
        }
    }

    fn lift(&mut self, key: u8, sounds: bool) -> Lifted {
        let mut lifted = Lifted {
            sustain: self.sustain(),
            back: None,
        };
        let top = self.held.latest().is_some_and(|note| note.0 == key);
        if self.mono
            && self.held.lift(key)
            && top
            && sounds
            && let Some(note) = self.held.latest()
        {
            self.last_key = Some(note.0);
            let legato = self.is_on(cc::LEGATO).then_some(key);
            let pressed = Pressed {
                source: legato,
                glide_from: self.glides().then_some(key),
            };
            lifted.back = Some((note, pressed));
        }
        lifted
    }
}

/// What a Note On finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pressed {
    /// Key whose notes go on as this one.
    pub source: Option<u8>,
    /// Key from which the pitch glides.
    pub glide_from: Option<u8>,
}

/// What a Note Off finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifted {
    /// The sustain pedal is down.
    pub sustain: bool,
    /// The key below and its velocity: it sounds again.
    pub back: Option<((u8, u8), Pressed)>,
}

/// A parameter of a drum note, by NRPN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRequest {
    pub key: u8,
    /// NRPN MSB.
    pub parameter: u8,
    pub value: u8,
}

/// DirectMusic's default voice priority of a channel (0..16): `DAUD_STANDARD_VOICE_PRIORITY` and its place in 10, 1–9, 11–16.
pub fn default_priority(index: usize) -> u32 {
    let offset = match index {
        DRUMS => 0xF,
        0..DRUMS => 0xE - index as u32,
        _ => 0xF_u32.saturating_sub(index as u32),
    };
    0x8000_0000 | offset
}

/// The channels of a port: 16 per channel group.
#[derive(Debug)]
pub struct Parts {
    channels: Vec<Channel>,
    keys: KeyTables,
}

impl Parts {
    /// Power-on channels for `groups` groups (at least one). PASSIVE_LEVEL: it allocates.
    pub fn new(groups: u16) -> Result<Self, NoMemory> {
        let groups = usize::from(groups.max(1));
        let count = groups * CHANNELS;
        let channels = (0..count).map(|part| Channel::new(part % CHANNELS));
        Ok(Self {
            channels: vec::try_collect(channels)?,
            keys: KeyTables::new(groups)?,
        })
    }

    /// Channel groups.
    pub fn groups(&self) -> u16 {
        (self.channels.len() / CHANNELS) as u16
    }

    /// Takes over the channels of `old`, as many as both have.
    pub fn adopt(&mut self, old: &Self) {
        for (new, old) in self.channels.iter_mut().zip(&old.channels) {
            new.clone_from(old);
        }
        self.keys.adopt(&old.keys, self.channels.len());
    }

    /// Nobody is at the keys any more.
    pub(super) fn lift_keys(&mut self) {
        for channel in &mut self.channels {
            channel.held.clear();
        }
    }

    /// Settings of a key of a part.
    pub fn key(&self, part: u16, key: u8) -> KeySettings {
        self.keys.get(part, key)
    }

    /// The same, to be changed; `None` if there is no room for another part's.
    pub(super) fn key_mut(&mut self, part: u16, key: u8) -> Option<&mut KeySettings> {
        self.channel(part)?;
        self.keys.get_mut(part, key)
    }

    /// A program change: drum notes are set anew.
    pub(super) fn release_keys(&mut self, part: u16) {
        self.keys.release(part);
    }

    /// All channels.
    pub(super) fn channels(&self) -> &[Channel] {
        &self.channels
    }

    #[inline(always)]
    fn at(&mut self, part: u16) -> Option<&mut Channel> {
        self.channels.get_mut(usize::from(part))
    }

    /// A channel: (group - 1) · 16 + channel, from 0.
    pub fn channel(&self, part: u16) -> Option<&Channel> {
        self.channels.get(usize::from(part))
    }

    /// The same, to be changed: from now on it has another stamp.
    pub fn channel_mut(&mut self, part: u16) -> Option<&mut Channel> {
        let channel = self.at(part)?;
        channel.stamp = stamp::next();
        Some(channel)
    }

    /// No key of the part is down any more. What voices depend on stays as it is.
    pub(super) fn lift_keys_of(&mut self, part: u16) {
        if let Some(channel) = self.at(part) {
            channel.held.clear();
        }
    }

    /// One note at a time, or as many as come. What voices depend on stays as it is.
    pub(super) fn set_mono(&mut self, part: u16, mono: bool) {
        if let Some(channel) = self.at(part) {
            channel.set_mono(mono);
        }
    }

    /// A key goes down. What voices depend on stays as it is.
    pub(super) fn press(&mut self, part: u16, key: u8, velocity: u8) -> Option<Pressed> {
        Some(self.at(part)?.press(key, velocity))
    }

    /// A key goes up; a key below sounds again if anything `sounds`. What voices depend on stays as it is.
    pub(super) fn lift(&mut self, part: u16, key: u8, sounds: bool) -> Option<Lifted> {
        Some(self.at(part)?.lift(key, sounds))
    }

    /// Everything back to power-on.
    pub fn reset(&mut self, system: System) {
        for (part, channel) in self.channels.iter_mut().enumerate() {
            channel.reset(part % CHANNELS, system);
        }
        self.keys.reset();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn control(channel: &mut Channel, messages: &[(u8, u8)]) {
        for (number, value) in messages {
            channel.control(*number, *value);
        }
    }

    /// Data entry sets either half of a parameter and leaves the other, in any order.
    #[test]
    fn a_half_of_a_parameter_leaves_the_other() {
        for number in [0, 1, 2] {
            let mut channel = Channel::new(0);
            control(&mut channel, &[(cc::RPN_MSB, 0), (cc::RPN_LSB, number)]);
            let rpn = |channel: &Channel| channel.rpn[usize::from(number)];
            for (high, low) in [(5, 0x55), (0x7F, 0x7F), (0, 1), (0x2A, 0)] {
                control(&mut channel, &[(cc::DATA_LSB, low)]);
                let before = rpn(&channel);
                assert_eq!(before & 0x7F, u16::from(low));
                control(&mut channel, &[(cc::DATA_MSB, high)]);
                assert_eq!(rpn(&channel), u16::from(high) << 7 | u16::from(low));
            }
        }
    }

    /// CC 121 leaves no parameter selected: data increment and decrement change nothing, not even the data that was sent before.
    #[test]
    fn a_reset_leaves_no_parameter_selected() {
        for (msb, lsb) in [(cc::NRPN_MSB, cc::NRPN_LSB), (cc::RPN_MSB, cc::RPN_LSB)] {
            for value in [0, 127] {
                let mut channel = Channel::new(0);
                control(&mut channel, &[(msb, 1), (lsb, 8), (cc::DATA_MSB, 10)]);
                channel.reset_controllers(value);
                let before = channel.clone();
                control(&mut channel, &[(cc::INCREMENT, 0)]);
                assert_eq!(channel.get(cc::DATA_MSB), before.get(cc::DATA_MSB));
                control(&mut channel, &[(cc::DECREMENT, 0), (cc::DECREMENT, 0)]);
                assert_eq!(channel.get(cc::DATA_MSB), before.get(cc::DATA_MSB));
                assert_eq!(channel.rpn, before.rpn);
                assert!(!channel.nrpn);
            }
        }
    }

    /// Under NRPN 127 either half of the data sets the generator, with what the other half was last.
    #[test]
    fn either_half_sets_a_generator() {
        for half in [cc::DATA_MSB, cc::DATA_LSB, cc::INCREMENT] {
            let mut channel = Channel::new(0);
            control(
                &mut channel,
                &[(cc::NRPN_MSB, awe::NRPN), (cc::NRPN_LSB, 16)],
            );
            assert!(!channel.awe.is_set());
            control(&mut channel, &[(half, 70)]);
            let mut expected = Awe::NONE;
            expected.set(
                16,
                match half {
                    cc::DATA_MSB => 70 << 7,
                    cc::DATA_LSB => 70,
                    _ => 1 << 7,
                },
            );
            assert_eq!(channel.awe, expected);
        }
    }
}
