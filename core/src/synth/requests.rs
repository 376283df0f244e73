// SPDX-License-Identifier: MIT OR Apache-2.0
//! What System Exclusive messages do to a port and its channels, apart from resets.

use super::channel::{CHANNELS, Channel, cc};
use super::effects::{Chorus, EffectSettings, Reverb, Room};
use super::virtual_synth::VirtualSynth;
use crate::midi::{Effect, RouteSource, Scale, Universal};

impl VirtualSynth {
    /// Acts on a message that came for channel group `group` (0 for all). Gives the channels (bit n: channel n) that it made mono or poly.
    pub(super) fn obey(&mut self, group: u16, request: &Universal) -> u16 {
        match *request {
            Universal::MasterVolume(volume) => self.master_volume = volume,
            Universal::GsMasterVolume(volume) => {
                self.master_volume = u16::from(volume) << 7 | u16::from(volume);
            }
            Universal::MasterBalance(value) => {
                self.balance = ((f32::from(value) - 8192.0) * (1.0 / 8064.0)).clamp(-1.0, 1.0);
            }
            Universal::MasterFineTune(value) => {
                self.fine_tuning = (f32::from(value) - 8192.0) * (100.0 / 8192.0);
            }
            Universal::MasterTenths(value) => {
                self.fine_tuning = ((f32::from(value) - 1024.0) * 0.1).clamp(-100.0, 100.0);
            }
            Universal::MasterCoarseTune(value) => {
                self.coarse_tuning = (f32::from(value) - 64.0) * 100.0;
            }
            Universal::StaticAllocation(on) => self.static_allocation = on,
            Universal::EffectParameters(effect, pairs) => {
                for &[parameter, value] in pairs {
                    global_parameter(&mut self.effects, effect, parameter, value);
                }
            }
            Universal::GsReverbMacro(value) => self.effects.reverb = Reverb::gs(value),
            Universal::GsChorusMacro(value) => self.effects.chorus = Chorus::gs(value),
            Universal::GsEffect { address, value } => {
                gs_effect(&mut self.effects, address, value);
            }
            Universal::XgEffect { address, data } => xg_effect(&mut self.effects, address, data),
            Universal::ControllerDestination {
                channel,
                source,
                pairs,
            } => self.each(group, 1 << channel, |channel| {
                let routes = &mut channel.routes;
                let route = match source {
                    RouteSource::ChannelPressure => &mut routes.channel_pressure,
                    RouteSource::PolyPressure => &mut routes.poly_pressure,
                    RouteSource::Controller(number) => {
                        routes.number = number;
                        &mut routes.controller
                    }
                };
                for &[parameter, value] in pairs {
                    route.set(parameter, value);
                }
            }),
            Universal::KeyControls {
                channel,
                key,
                pairs,
            } => {
                for part in self.parts_of(group, 1 << channel) {
                    if let Some(settings) = self.parts_mut().key_mut(part, key) {
                        for &[number, value] in pairs {
                            settings.set_controller(number, value);
                        }
                    }
                }
            }
            Universal::ScaleTuning {
                channels,
                live,
                scale,
            } => self.each(group, channels, |channel| tune(channel, &scale, live)),
            Universal::Tuning(tuning) => {
                if self.tunings.set(&tuning) && tuning.live {
                    let name = (tuning.bank, tuning.program);
                    self.each(0, u16::MAX, |channel| {
                        if channel.tuning == name {
                            channel.scale_version = channel.scale_version.wrapping_add(1);
                        }
                    });
                }
            }
            Universal::GsRhythmPart { channel, map } => {
                self.each(group, 1 << channel, |channel| rhythm(channel, map));
            }
            Universal::GsPart {
                channel,
                address,
                data,
            } => return self.part(group, channel, address, data, gs_part),
            Universal::GsPartControllers {
                channel,
                address,
                data,
            } => self.each(group, 1 << channel, |channel| {
                for (address, &value) in (address..0x80).zip(data) {
                    gs_part_controller(channel, address, value);
                }
            }),
            Universal::XgPart {
                channel,
                address,
                data,
            } => return self.part(group, channel, address, data, xg_part),
            Universal::GsDrums {
                map,
                parameter,
                key,
                data,
            } => {
                if let Some(&number) = GS_DRUM_PARAMETERS.get(usize::from(parameter)) {
                    for (key, &value) in (key..0x80).zip(data) {
                        self.drum_note(group, map + 1, key, number, value);
                    }
                }
            }
            Universal::XgDrum {
                setup,
                key,
                address,
                data,
            } => {
                for (address, &value) in (address..0x80).zip(data) {
                    if let Some(&number) = XG_DRUM_PARAMETERS.get(usize::from(address)) {
                        self.drum_note(group, setup.saturating_add(1), key, number, value);
                    }
                }
            }
            // Resets are the engine's.
            Universal::Gm1On
            | Universal::GmOff
            | Universal::Gm2On
            | Universal::DlsOn
            | Universal::DlsOff
            | Universal::GsReset
            | Universal::XgOn => {}
        }
        0
    }

    /// Parts of the channels in `mask` (bit n: channel n), in one group or all.
    pub(super) fn parts_of(&self, group: u16, mask: u16) -> impl Iterator<Item = u16> + use<> {
        const OF_GROUP: u16 = CHANNELS as u16;
        let (first, end) = match group {
            0 => (0, self.groups()),
            _ if group <= self.groups() => (group - 1, group),
            _ => (0, 0),
        };
        let parts = first * OF_GROUP..end * OF_GROUP;
        parts.filter(move |part| mask >> (part % OF_GROUP) & 1 != 0)
    }

    fn each(&mut self, group: u16, mask: u16, mut action: impl FnMut(&mut Channel)) {
        for part in self.parts_of(group, mask) {
            if let Some(channel) = self.parts_mut().channel_mut(part) {
                action(channel);
            }
        }
    }

    /// Parameters of a part from `address` on. What has a controller's meaning is done as that controller. Gives the channel, as
    /// [`obey`](Self::obey), if it became mono or poly.
    fn part(
        &mut self,
        group: u16,
        channel: u8,
        address: u8,
        data: &[u8],
        meaning: fn(&mut Channel, u8, u8) -> Option<PartChange>,
    ) -> u16 {
        let system = self.system();
        let mut modes = 0;
        let index = channel;
        for part in self.parts_of(group, 1 << channel) {
            for (address, &value) in (address..0x80).zip(data) {
                let Some(channel) = self.parts_mut().channel_mut(part) else {
                    continue;
                };
                match meaning(channel, address, value) {
                    Some(PartChange::Controller(number)) => channel.set(number, value),
                    Some(PartChange::Mode) => {
                        channel.set_mono(value == 0);
                        modes = 1 << index;
                    }
                    Some(PartChange::Program) => {
                        channel.program_change(value, usize::from(part) % CHANNELS, system);
                        self.parts_mut().release_keys(part);
                    }
                    None => {}
                }
            }
        }
        modes
    }

    /// A parameter of a drum note in all drum parts of a map (1 or 2).
    fn drum_note(&mut self, group: u16, map: u8, key: u8, number: u8, value: u8) {
        for part in self.parts_of(group, u16::MAX) {
            let plays = self
                .parts()
                .channel(part)
                .is_some_and(|channel| channel.drum && channel.drum_map == map);
            if plays && let Some(settings) = self.parts_mut().key_mut(part, key) {
                settings.set_nrpn(number, value);
            }
        }
    }
}

/// NRPN numbers of the drum parameters 41 mp (p: 1 pitch, 2 level, 4 pan, 5 reverb, 6 chorus); 0 is none.
const GS_DRUM_PARAMETERS: [u8; 7] = [0, 0x18, 0x1A, 0, 0x1C, 0x1D, 0x1E];
/// The same for 3n kk aa (coarse, fine, level, group, pan, reverb, chorus; from 0B on cutoff, resonance, attack, decay 1).
const XG_DRUM_PARAMETERS: [u8; 15] = [
    0x18, 0x19, 0x1A, 0, 0x1C, 0x1D, 0x1E, 0, 0, 0, 0, 0x14, 0x15, 0x16, 0x17,
];

/// What else a part parameter asks for.
enum PartChange {
    Controller(u8),
    /// 0 is mono, all else poly.
    Mode,
    Program,
}

fn rhythm(channel: &mut Channel, map: u8) {
    channel.drum = map != 0;
    channel.drum_map = map.clamp(1, 2);
}

fn tune(channel: &mut Channel, scale: &Scale, live: bool) {
    for (class, cents) in channel.scale.iter_mut().enumerate() {
        *cents = scale.cents(class);
    }
    if live {
        channel.scale_version = channel.scale_version.wrapping_add(1);
    }
}

fn tune_class(channel: &mut Channel, class: u8, value: u8) {
    if let Some(cents) = channel.scale.get_mut(usize::from(class)) {
        *cents = f32::from(value) - 64.0;
        channel.scale_version = channel.scale_version.wrapping_add(1);
    }
}

/// Key shift of a part: coarse tuning within two octaves.
fn shift(channel: &mut Channel, value: u8) {
    let [_, _, coarse] = &mut channel.rpn;
    *coarse = u16::from(value.clamp(0x28, 0x58)) << 7;
}

/// 40 1x address.
fn gs_part(channel: &mut Channel, address: u8, value: u8) -> Option<PartChange> {
    let number = match address {
        0x00 => cc::BANK_MSB,
        0x01 => return Some(PartChange::Program),
        0x13 => return Some(PartChange::Mode),
        0x15 => {
            rhythm(channel, value);
            return None;
        }
        0x16 => {
            shift(channel, value);
            return None;
        }
        0x19 => cc::VOLUME,
        // 0 is "random".
        0x1C if value > 0 => cc::PAN,
        0x1F if value < 0x60 => {
            channel.routes.number = value;
            return None;
        }
        0x21 => cc::CHORUS,
        0x22 => cc::REVERB,
        0x30 => cc::VIBRATO_RATE,
        0x31 => cc::VIBRATO_DEPTH,
        0x32 => cc::BRIGHTNESS,
        0x33 => cc::RESONANCE,
        0x34 => cc::ATTACK_TIME,
        0x35 => cc::DECAY_TIME,
        0x36 => cc::RELEASE_TIME,
        0x37 => cc::VIBRATO_DELAY,
        0x40..=0x4B => {
            tune_class(channel, address - 0x40, value);
            return None;
        }
        _ => return None,
    };
    Some(PartChange::Controller(number))
}

/// 40 2x address: the source in the high digit (modulation, bend, channel and poly pressure, CC1), what it does in the low one.
fn gs_part_controller(channel: &mut Channel, address: u8, value: u8) {
    let parameter = address & 0xF;
    let routes = &mut channel.routes;
    match (address >> 4, parameter) {
        // 127 is 600 cents; RPN 5 counts 128 steps per semitone.
        (0, 4) => channel.modulation_range = ((u32::from(value) * 768 + 63) / 127) as u16,
        (1, 0) => {
            let [range, ..] = &mut channel.rpn;
            *range = u16::from(value.clamp(0x40, 0x58) - 0x40) << 7;
        }
        (2, parameter) => routes.channel_pressure.set_gs(parameter, value),
        (3, parameter) => routes.poly_pressure.set_gs(parameter, value),
        (4, parameter) => routes.controller.set_gs(parameter, value),
        _ => {}
    }
}

/// 08 part address.
fn xg_part(channel: &mut Channel, address: u8, value: u8) -> Option<PartChange> {
    let number = match address {
        0x01 => cc::BANK_MSB,
        0x02 => cc::BANK_LSB,
        0x03 => return Some(PartChange::Program),
        0x05 => return Some(PartChange::Mode),
        // Normal, drum, drum set-up 1, 2, …
        0x07 => {
            rhythm(channel, value);
            channel.drum_map = value.saturating_sub(1).clamp(1, 16);
            return None;
        }
        0x08 => {
            shift(channel, value);
            return None;
        }
        0x0B => cc::VOLUME,
        0x0E if value > 0 => cc::PAN,
        0x12 => cc::CHORUS,
        0x13 => cc::REVERB,
        0x15 => cc::VIBRATO_RATE,
        0x16 => cc::VIBRATO_DEPTH,
        0x17 => cc::VIBRATO_DELAY,
        0x18 => cc::BRIGHTNESS,
        0x19 => cc::RESONANCE,
        0x1A => cc::ATTACK_TIME,
        0x1B => cc::DECAY_TIME,
        0x1C => cc::RELEASE_TIME,
        0x41..=0x4C => {
            tune_class(channel, address - 0x41, value);
            return None;
        }
        0x67 => {
            channel.set(cc::PORTAMENTO, if value == 0 { 0 } else { 127 });
            return None;
        }
        0x68 => cc::PORTAMENTO_TIME,
        _ => return None,
    };
    Some(PartChange::Controller(number))
}

/// GM2 global parameter.
fn global_parameter(effects: &mut EffectSettings, effect: Effect, parameter: u8, value: u8) {
    let EffectSettings { reverb, chorus, .. } = effects;
    match (effect, parameter) {
        (Effect::Reverb, 0) if matches!(value, 0..=4 | 8) => *reverb = Reverb::gm2(value),
        (Effect::Reverb, 1) => reverb.time = Reverb::gm2_time(value),
        (Effect::Chorus, 0) if value <= 5 => *chorus = Chorus::gm2(value),
        (Effect::Chorus, 1) => chorus.rate = Chorus::gm2_rate(value),
        (Effect::Chorus, 2) => chorus.depth = Chorus::gm2_depth(value),
        (Effect::Chorus, 3) => chorus.feedback = Chorus::gm2_feedback(value),
        (Effect::Chorus, 4) => chorus.to_reverb = Chorus::gm2_to_reverb(value),
        _ => {}
    }
}

/// Level 64 of GS and XG is the usual one.
fn level(value: u8) -> f32 {
    f32::from(value) * (1.0 / 64.0)
}

/// 40 01 address.
fn gs_effect(effects: &mut EffectSettings, address: u8, value: u8) {
    let EffectSettings { reverb, chorus, .. } = effects;
    match address {
        0x31 if value < 8 => reverb.room = Reverb::gs(value).room,
        0x32 => reverb.cutoff = Reverb::gs_cutoff(value),
        0x33 => reverb.level = level(value),
        0x34 => {
            // As the macros: the room's own time at 64.
            let usual = Reverb::gm2(number_of(reverb.room)).time;
            reverb.time = usual * Reverb::gm2_time(value) / Reverb::gm2_time(64);
        }
        0x37 => reverb.pre_delay = f32::from(value) * 0.001,
        0x3A => chorus.level = level(value),
        0x3B => chorus.feedback = Chorus::gm2_feedback(value),
        0x3C => chorus.delay = Chorus::gs_delay(value),
        0x3D => chorus.rate = Chorus::gm2_rate(value),
        0x3E => chorus.depth = Chorus::gm2_depth(value),
        0x3F => chorus.to_reverb = Chorus::gm2_to_reverb(value),
        _ => {}
    }
}

/// GM2's number of a room.
fn number_of(room: Room) -> u8 {
    match room {
        Room::SmallRoom => 0,
        Room::MediumRoom => 1,
        Room::LargeRoom => 2,
        Room::MediumHall => 3,
        Room::LargeHall => 4,
        Room::Plate => 8,
    }
}

/// 02 01 address: types, returns, and the send from chorus to reverb.
fn xg_effect(effects: &mut EffectSettings, address: u8, data: &[u8]) {
    let EffectSettings { reverb, chorus, .. } = effects;
    let first = data.first().copied().unwrap_or(0);
    let second = data.get(1).copied().unwrap_or(0);
    match address {
        0x00 => match Reverb::xg(first, second) {
            Some(kind) => *reverb = kind,
            None => reverb.level = 0.0,
        },
        0x0C => reverb.level = level(first),
        0x20 => match Chorus::xg(first, second) {
            Some(kind) => *chorus = kind,
            None => chorus.level = 0.0,
        },
        0x2C => chorus.level = level(first),
        0x2E => chorus.to_reverb = Chorus::gm2_to_reverb(first),
        _ => {}
    }
}
