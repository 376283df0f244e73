//! MIDI channels: the state that controllers, programs and parameters leave behind.

use crate::mem::{NoMemory, vec};
use alloc::vec::Vec;

pub const CHANNELS: usize = 16;
/// The drum channel (10, counted from 0).
const DRUMS: usize = 9;

pub mod cc {
    //! Controller numbers.
    pub const BANK_MSB: u8 = 0;
    pub const DATA_MSB: u8 = 6;
    pub const VOLUME: u8 = 7;
    pub const PAN: u8 = 10;
    pub const EXPRESSION: u8 = 11;
    pub const BANK_LSB: u8 = 32;
    pub const DATA_LSB: u8 = 38;
    pub const SUSTAIN: u8 = 64;
    pub const SOSTENUTO: u8 = 66;
    pub const REVERB: u8 = 91;
    pub const INCREMENT: u8 = 96;
    pub const DECREMENT: u8 = 97;
    pub const NRPN_LSB: u8 = 98;
    pub const NRPN_MSB: u8 = 99;
    pub const RPN_LSB: u8 = 100;
    pub const RPN_MSB: u8 = 101;
    pub const ALL_SOUND_OFF: u8 = 120;
    pub const RESET_CONTROLLERS: u8 = 121;
    pub const ALL_NOTES_OFF: u8 = 123;
}

/// Which system the bank select messages speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum System {
    #[default]
    Gm,
    Gm2,
    Gs,
    Xg,
}

/// One channel.
#[derive(Clone, Debug)]
pub struct Channel {
    pub controllers: [u8; 128],
    /// Pitch wheel, 14 bit.
    pub wheel: u16,
    pub pressure: u8,
    pub program: u8,
    /// Bank (MSB, LSB) at the last program change.
    pub bank: (u8, u8),
    pub drum: bool,
    /// RPN 0, 1 and 2, 14 bit.
    pub rpn: [u16; 3],
    /// The last parameter number selected is an NRPN.
    nrpn: bool,
    /// DirectMusic voice priority.
    pub priority: u32,
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
            rpn: Self::RPN,
            nrpn: false,
            priority: default_priority(index),
        };
        channel.power_on_controllers();
        channel
    }

    /// Bend range of two semitones, no tuning.
    const RPN: [u16; 3] = [2 << 7, 0x2000, 64 << 7];

    fn power_on_controllers(&mut self) {
        self.controllers = [0; 128];
        for (number, value) in [
            (cc::VOLUME, 100),
            (8, 64),
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
    pub fn reset(&mut self, index: usize) {
        self.power_on_controllers();
        self.program = 0;
        self.bank = (0, 0);
        self.drum = index == DRUMS;
        self.rpn = Self::RPN;
    }

    /// CC 121. 127 restores power-on values (DLS 2); anything else follows RP-015.
    pub fn reset_controllers(&mut self, value: u8) {
        if value == 127 {
            self.power_on_controllers();
            self.rpn = Self::RPN;
            return;
        }
        for number in [1, 2, 4, cc::SUSTAIN, 65, cc::SOSTENUTO, 67, 68, 69] {
            self.set(number, 0);
        }
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

    pub fn set(&mut self, number: u8, value: u8) {
        if let Some(slot) = self.controllers.get_mut(usize::from(number)) {
            *slot = value;
        }
    }

    /// Stores a controller and lets it act on parameter numbers.
    pub fn control(&mut self, number: u8, value: u8) {
        self.set(number, value);
        match number {
            cc::NRPN_LSB | cc::NRPN_MSB => self.nrpn = true,
            cc::RPN_LSB | cc::RPN_MSB => self.nrpn = false,
            cc::DATA_MSB => self.data_entry(|old| (u16::from(value) << 7) | (old & 0x7F)),
            cc::DATA_LSB => self.data_entry(|old| (old & 0x3F80) | u16::from(value)),
            cc::INCREMENT => self.data_entry(|old| old.saturating_add(1).min(0x3FFF)),
            cc::DECREMENT => self.data_entry(|old| old.saturating_sub(1)),
            _ => {}
        }
    }

    fn data_entry(&mut self, change: impl Fn(u16) -> u16) {
        if self.nrpn || self.get(cc::RPN_MSB) != 0 {
            return;
        }
        let number = usize::from(self.get(cc::RPN_LSB));
        if let Some(value) = self.rpn.get_mut(number) {
            *value = change(*value);
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

    /// Coarse tuning (RPN 2) in semitones; drums have none.
    pub fn transpose(&self) -> i32 {
        let [_, _, coarse] = self.rpn;
        if self.drum {
            0
        } else {
            i32::from(coarse >> 7) - 64
        }
    }

    pub fn sustain(&self) -> bool {
        self.get(cc::SUSTAIN) >= 64
    }
}

/// DirectMusic's default priority: the standard base plus the channel's place in 10, 1–9, 11–16.
fn default_priority(index: usize) -> u32 {
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
}

impl Parts {
    /// Power-on channels for `groups` groups (at least one). PASSIVE_LEVEL: it allocates.
    pub fn new(groups: u16) -> Result<Self, NoMemory> {
        let count = usize::from(groups.max(1)) * CHANNELS;
        let mut channels = vec::try_with_capacity(count)?;
        for part in 0..count {
            vec::try_push(&mut channels, Channel::new(part % CHANNELS))?;
        }
        Ok(Self { channels })
    }

    pub fn groups(&self) -> u16 {
        (self.channels.len() / CHANNELS) as u16
    }

    /// Takes over the channels of `old`, as many as both have.
    pub fn adopt(&mut self, old: &Self) {
        for (new, old) in self.channels.iter_mut().zip(&old.channels) {
            new.clone_from(old);
        }
    }

    pub fn channel(&self, part: u16) -> Option<&Channel> {
        self.channels.get(usize::from(part))
    }

    pub fn channel_mut(&mut self, part: u16) -> Option<&mut Channel> {
        self.channels.get_mut(usize::from(part))
    }

    pub fn reset(&mut self) {
        for (part, channel) in self.channels.iter_mut().enumerate() {
            channel.reset(part % CHANNELS);
        }
    }
}
