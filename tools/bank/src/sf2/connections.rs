// SPDX-License-Identifier: MIT OR Apache-2.0
//! A voice's generators and modulators as connections of `art2`; those that DLS has by default are left out.

use super::file::Modulator;
use super::velocity;
use super::zones::{Voice, generator as g};
use crate::dls::{BIPOLAR_SOURCE, Connection, destination as d, source as s};
use crate::report::Report;

/// What SoundFont has by default where DLS has something else, and what DLS has as well.
mod default {
    use super::super::zones::generator as g;
    use super::Modulator;

    const fn modulator(
        source: u16,
        destination: u16,
        amount: i16,
        amount_source: u16,
    ) -> Modulator {
        Modulator {
            source,
            destination,
            amount,
            amount_source,
            transform: 0,
        }
    }

    /// "Initial pitch", which has no generator.
    pub const PITCH: u16 = 59;
    /// From velocity to the filter as version 2.01 describes it, with a switch at half velocity. Banks name it to switch it off.
    pub const VELOCITY_TO_CUTOFF: Modulator = modulator(0x0102, g::CUTOFF, -2400, 0x0C02);
    /// To the default connections of DLS: velocity, CC 7, CC 11, CC 10, the wheel.
    pub const AS_IN_DLS: [Modulator; 5] = [
        modulator(0x0502, g::ATTENUATION, 960, 0),
        modulator(0x0587, g::ATTENUATION, 960, 0),
        modulator(0x058B, g::ATTENUATION, 960, 0),
        modulator(0x028A, g::PAN, 500, 0),
        modulator(0x020E, PITCH, 12700, 0x0010),
    ];
    /// To nothing that DLS has.
    pub const OWN: [Modulator; 4] = [
        modulator(0x000D, g::VIBRATO_TO_PITCH, 50, 0),
        modulator(0x0081, g::VIBRATO_TO_PITCH, 50, 0),
        modulator(0x00DB, g::REVERB, 200, 0),
        modulator(0x00DD, g::CHORUS, 200, 0),
    ];
}

/// The articulation of a voice. Never empty: an empty one would mean that of the instrument.
pub fn articulation(voice: &Voice, report: &mut Report) -> Vec<Connection> {
    let mut list = List::default();
    generators(voice, &mut list, report);
    modulators(voice, &mut list, report);
    if let Ok(key @ 0..128) = u8::try_from(voice.get(g::KEY)) {
        list.connections.extend(Connection::fixed_key(key));
    }
    if let Ok(velocity @ 1..128) = u8::try_from(voice.get(g::VELOCITY)) {
        velocity::fix(&mut list.connections, velocity);
    }
    if list.connections.is_empty() {
        list.constant(d::PITCH, 0);
    }
    list.connections
}

fn generators(voice: &Voice, list: &mut List, report: &mut Report) {
    let get = |operator| voice.get(operator);
    for (delay, frequency, operators) in [
        (
            d::LFO_DELAY,
            d::LFO_FREQUENCY,
            (g::LFO_DELAY, g::LFO_FREQUENCY),
        ),
        (
            d::VIBRATO_DELAY,
            d::VIBRATO_FREQUENCY,
            (g::VIBRATO_DELAY, g::VIBRATO_FREQUENCY),
        ),
    ] {
        list.constant(delay, get(operators.0));
        list.constant(frequency, get(operators.1));
    }
    for (operator, destination) in [(g::EG1_DELAY, d::EG1_DELAY), (g::EG2_DELAY, d::EG2_DELAY)] {
        list.time(destination, get(operator));
    }
    for (operator, by_key, destination) in [
        (g::EG1_HOLD, g::KEY_TO_EG1_HOLD, d::EG1_HOLD),
        (g::EG2_HOLD, g::KEY_TO_EG2_HOLD, d::EG2_HOLD),
        (g::EG1_DECAY, g::KEY_TO_EG1_DECAY, d::EG1_DECAY),
        (g::EG2_DECAY, g::KEY_TO_EG2_DECAY, d::EG2_DECAY),
    ] {
        let scale = get(by_key);
        if scale == 0 {
            list.time(destination, get(operator));
            continue;
        }
        // SoundFont turns around key 60, DLS around key 0.
        list.constant(destination, get(operator) + 60 * scale);
        list.add(Connection::new(
            s::KEY,
            s::NONE,
            destination,
            (-128 * scale) << 16,
        ));
    }
    // Even the shortest attack is a ramp.
    list.constant(d::EG1_ATTACK, get(g::EG1_ATTACK));
    list.constant(d::EG1_RELEASE, get(g::EG1_RELEASE));
    list.time(d::EG2_ATTACK, get(g::EG2_ATTACK));
    list.time(d::EG2_RELEASE, get(g::EG2_RELEASE));
    let sustain = get(g::EG1_SUSTAIN);
    if sustain != 0 {
        list.add(Connection::constant(
            d::EG1_SUSTAIN,
            (1000 - sustain * 1000 / 960) << 16,
        ));
    }
    if get(g::EG2_SUSTAIN) != 0 {
        list.constant(d::EG2_SUSTAIN, 1000 - get(g::EG2_SUSTAIN));
    }
    if get(g::EG1_DELAY) > -12000
        || voice
            .modulators
            .iter()
            .any(|m| m.destination == g::EG1_DELAY)
    {
        list.constant(d::WAVE_START, 1);
    }
    // A shorter one is over before the curve can be heard.
    if get(g::EG2_ATTACK) > -12000 {
        list.constant(d::EG2_ATTACK_CURVE, 1);
    }

    for (source, operator, destination) in [
        (s::LFO, g::LFO_TO_PITCH, d::PITCH),
        (s::VIBRATO, g::VIBRATO_TO_PITCH, d::PITCH),
        (s::EG2, g::EG2_TO_PITCH, d::PITCH),
        (s::LFO, g::LFO_TO_CUTOFF, d::FILTER_CUTOFF),
        (s::EG2, g::EG2_TO_CUTOFF, d::FILTER_CUTOFF),
        (s::LFO, g::LFO_TO_VOLUME, d::GAIN),
    ] {
        if get(operator) != 0 {
            list.add(Connection::new(
                source,
                s::NONE,
                destination,
                get(operator) << 16,
            ));
        }
    }
    let filter_moves = get(g::LFO_TO_CUTOFF) != 0
        || get(g::EG2_TO_CUTOFF) != 0
        || voice.modulators.iter().any(|m| m.destination == g::CUTOFF);
    if get(g::CUTOFF) < 13500 || get(g::Q) != 0 || filter_moves {
        list.constant(d::FILTER_CUTOFF, get(g::CUTOFF) + HALF_POWER);
    }
    if get(g::Q) != 0 {
        let peak = peak(get(g::Q));
        if peak > HIGHEST_PEAK {
            report.approximate("filter resonance above 22.5 dB");
        }
        // DLS takes half of the peak off what lies below it, a SoundFont half of the resonance.
        let fall = (get(g::Q).max(0) - peak.min(HIGHEST_PEAK)) / 2;
        list.constant(d::FILTER_Q, peak);
        if fall > 0 {
            list.constant(d::GAIN, -fall);
        }
    }
    if get(g::ATTENUATION) < 0 {
        list.constant(d::GAIN_CEILING, 0);
    }
    for (operator, destination) in [
        (g::PAN, d::PAN),
        (g::REVERB, d::REVERB_SEND),
        (g::CHORUS, d::CHORUS_SEND),
    ] {
        if get(operator) != 0 {
            list.constant(destination, get(operator));
        }
    }
    let scale = get(g::SCALE_TUNING);
    if scale != 100 {
        list.add(Connection::new(
            s::KEY,
            s::NONE,
            d::PITCH,
            (128 * scale) << 16,
        ));
    }
}

/// Cents from the frequency at which the filter of DLS turns to its cutoff (√8 / π): there a filter without resonance is 3 dB down,
/// which is the cutoff of a SoundFont.
const HALF_POWER: i32 = 182;
/// Tenths of a decibel.
const HIGHEST_PEAK: i32 = 225;

/// The peak over DC of a resonance, both in tenths of a decibel. In a SoundFont a resonance counts from the 3 dB that a filter without
/// one falls by at its cutoff.
fn peak(resonance: i32) -> i32 {
    if resonance <= 0 {
        return resonance;
    }
    let q2 = 0.5 * libm::pow(10.0, f64::from(resonance) / 100.0);
    libm::round(100.0 * libm::log10(q2 * q2 / (q2 - 0.25))) as i32
}

fn modulators(voice: &Voice, list: &mut List, report: &mut Report) {
    for own in default::OWN {
        if !voice.modulators.iter().any(|m| same(m, &own)) {
            modulator(&own, list, report);
        }
    }
    for given in &voice.modulators {
        let as_in_dls = default::AS_IN_DLS.iter().find(|m| same(m, given));
        if as_in_dls.is_some_and(|m| m.amount == given.amount) {
            continue;
        }
        if same(given, &default::VELOCITY_TO_CUTOFF) {
            report.lost("the switched modulator from velocity to the filter of version 2.01");
            continue;
        }
        modulator(given, list, report);
    }
}

fn same(a: &Modulator, b: &Modulator) -> bool {
    (a.source, a.destination, a.amount_source, a.transform)
        == (b.source, b.destination, b.amount_source, b.transform)
}

/// An input of a connection: its code, and the five bits of its shape (curve, bipolar, invert at bits 4 and 5).
struct Input {
    code: u16,
    curve: u16,
    bipolar: bool,
    invert: bool,
}

impl Input {
    fn new(operator: u16) -> Option<Self> {
        let index = operator & 0x7F;
        let code = if operator & 0x80 != 0 {
            s::CC0 + index
        } else {
            match index {
                0 => s::NONE,
                2 => s::VELOCITY,
                3 => s::KEY,
                10 => s::POLY_PRESSURE,
                13 => s::CHANNEL_PRESSURE,
                14 => s::PITCH_WHEEL,
                16 => s::BEND_RANGE,
                _ => return None,
            }
        };
        let curve = operator >> 10;
        (curve <= 3).then_some(Self {
            code,
            curve,
            invert: operator & 0x100 != 0,
            bipolar: operator & 0x200 != 0,
        })
    }

    fn as_source(&self) -> u16 {
        self.curve << 10 | u16::from(self.bipolar) << 14 | u16::from(self.invert) << 15
    }

    fn as_control(&self) -> u16 {
        self.curve << 4 | u16::from(self.bipolar) << 8 | u16::from(self.invert) << 9
    }
}

/// Where a modulator goes: another source whose depth it is, the destination, and the factor to units of 1/65536.
fn target(operator: u16) -> Option<(u16, u16, f64)> {
    Some(match operator {
        g::LFO_TO_PITCH => (s::LFO, d::PITCH, 1.0),
        g::VIBRATO_TO_PITCH => (s::VIBRATO, d::PITCH, 1.0),
        g::EG2_TO_PITCH => (s::EG2, d::PITCH, 1.0),
        g::LFO_TO_CUTOFF => (s::LFO, d::FILTER_CUTOFF, 1.0),
        g::EG2_TO_CUTOFF => (s::EG2, d::FILTER_CUTOFF, 1.0),
        g::LFO_TO_VOLUME => (s::LFO, d::GAIN, 1.0),
        g::ATTENUATION => (s::NONE, d::GAIN, -1.0),
        g::CUTOFF => (s::NONE, d::FILTER_CUTOFF, 1.0),
        g::Q => (s::NONE, d::FILTER_Q, 1.0),
        g::PAN => (s::NONE, d::PAN, 1.0),
        g::REVERB => (s::NONE, d::REVERB_SEND, 1.0),
        g::CHORUS => (s::NONE, d::CHORUS_SEND, 1.0),
        g::COARSE_TUNE => (s::NONE, d::PITCH, 100.0),
        g::FINE_TUNE | default::PITCH => (s::NONE, d::PITCH, 1.0),
        g::LFO_DELAY => (s::NONE, d::LFO_DELAY, 1.0),
        g::LFO_FREQUENCY => (s::NONE, d::LFO_FREQUENCY, 1.0),
        g::VIBRATO_DELAY => (s::NONE, d::VIBRATO_DELAY, 1.0),
        g::VIBRATO_FREQUENCY => (s::NONE, d::VIBRATO_FREQUENCY, 1.0),
        g::EG1_DELAY => (s::NONE, d::EG1_DELAY, 1.0),
        g::EG1_ATTACK => (s::NONE, d::EG1_ATTACK, 1.0),
        g::EG1_HOLD => (s::NONE, d::EG1_HOLD, 1.0),
        g::EG1_DECAY => (s::NONE, d::EG1_DECAY, 1.0),
        g::EG1_SUSTAIN => (s::NONE, d::EG1_SUSTAIN, -1000.0 / 960.0),
        g::EG1_RELEASE => (s::NONE, d::EG1_RELEASE, 1.0),
        g::EG2_DELAY => (s::NONE, d::EG2_DELAY, 1.0),
        g::EG2_ATTACK => (s::NONE, d::EG2_ATTACK, 1.0),
        g::EG2_HOLD => (s::NONE, d::EG2_HOLD, 1.0),
        g::EG2_DECAY => (s::NONE, d::EG2_DECAY, 1.0),
        g::EG2_SUSTAIN => (s::NONE, d::EG2_SUSTAIN, -1.0),
        g::EG2_RELEASE => (s::NONE, d::EG2_RELEASE, 1.0),
        _ => return None,
    })
}

fn modulator(modulator: &Modulator, list: &mut List, report: &mut Report) {
    if modulator.source & 0xFF == 127 || modulator.destination & 0x8000 != 0 {
        return report.lost("linked modulators");
    }
    if modulator.transform != 0 {
        return report.lost("modulators with the absolute value transform");
    }
    let (Some(first), Some(second)) = (
        Input::new(modulator.source),
        Input::new(modulator.amount_source),
    ) else {
        return report.lost("modulators with a source that DLS does not know");
    };
    let Some((carrier, destination, factor)) = target(modulator.destination) else {
        return report.lost("modulators of a generator that DLS does not know");
    };
    // A modulator without a source does nothing.
    if first.code == s::NONE {
        return;
    }
    let scale = f64::from(modulator.amount) * factor * 65536.0;
    let scale = scale.clamp(-2_147_418_112.0, 2_147_418_112.0) as i32;
    let (source, control, transform) = match (carrier, second.code) {
        (s::NONE, _) => (
            first.code,
            second.code,
            first.as_source()
                | if second.code == s::NONE {
                    0
                } else {
                    second.as_control()
                },
        ),
        (_, s::NONE) => {
            let swing = if carrier == s::EG2 { 0 } else { BIPOLAR_SOURCE };
            (carrier, first.code, swing | first.as_control())
        }
        _ => return report.lost("modulators of a modulation's depth with two sources"),
    };
    if let s::CC0..=0xFF = first.code
        && !matches!(first.code & 0x7F, 1 | 7 | 10 | 11 | 91 | 93)
    {
        report.approximate("modulators by controllers that a DLS synthesizer need not know");
    }
    let connection = Connection {
        source,
        control,
        destination,
        transform,
        scale,
    };
    // Where DLS has a connection of the same ends by default, another curve comes beside it, as do two curves of one source: the
    // input stands at the other place then.
    let beside = default::AS_IN_DLS.iter().any(|m| {
        (m.source & 0xFF, m.destination, m.amount_source & 0xFF)
            == (
                modulator.source & 0xFF,
                modulator.destination,
                modulator.amount_source & 0xFF,
            )
            && !same(m, modulator)
    });
    let swapped = (control == s::NONE).then_some(Connection {
        source: s::NONE,
        control: source,
        transform: transform >> 6 & 0x03F0,
        ..connection
    });
    let kept = match swapped {
        Some(swapped) if beside => list.merge(swapped),
        Some(swapped) => list.merge(connection) || list.merge(swapped),
        None if beside => false,
        None => list.merge(connection),
    };
    if !kept {
        report.lost("modulators that differ only in their curve, or are too many");
    }
}

/// Connections of an articulation; the driver takes 256.
const MOST: usize = 240;

#[derive(Default)]
struct List {
    connections: Vec<Connection>,
}

impl List {
    fn add(&mut self, connection: Connection) {
        self.connections.push(connection);
    }

    fn constant(&mut self, destination: u16, value: i32) {
        self.add(Connection::constant(destination, value << 16));
    }

    /// A time of which the shortest is none at all, as DLS has it.
    fn time(&mut self, destination: u16, time_cents: i32) {
        if time_cents > -12000 {
            self.constant(destination, time_cents);
        }
    }

    /// Adds to a connection of the same inputs and destination; false if that has another shape.
    fn merge(&mut self, new: Connection) -> bool {
        let same = |old: &&mut Connection| {
            (old.source, old.control, old.destination) == (new.source, new.control, new.destination)
        };
        let full = self.connections.len() >= MOST;
        match self.connections.iter_mut().find(same) {
            Some(old) if old.transform == new.transform => {
                old.scale = old.scale.saturating_add(new.scale);
                true
            }
            Some(_) => false,
            None if full => false,
            None => {
                self.add(new);
                true
            }
        }
    }
}
