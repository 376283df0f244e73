// SPDX-License-Identifier: MIT OR Apache-2.0
//! Articulation: connections as stored become connections that mean something, on top of the defaults.

use super::bytes::i32_at;
use super::model::{Articulation, Connection, Curve, Destination, Shape, Source, USUAL_KEY};
use super::raw::{self, Level};
use crate::ks::dmdls::*;
use crate::mem::{NoMemory, vec};
use alloc::vec::Vec;
use core::mem::offset_of;

/// Distinct connections of one articulation beyond the defaults. The specification's tables have about seventy.
pub const MAX_CONNECTIONS: usize = 256;

/// Why an articulation cannot be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArticulationError {
    /// More than [`MAX_CONNECTIONS`].
    TooManyConnections,
    /// No memory for its list.
    NoMemory,
}

impl From<NoMemory> for ArticulationError {
    fn from(_: NoMemory) -> Self {
        Self::NoMemory
    }
}

const CONCAVE_DOWN: Shape = Shape {
    curve: Curve::Concave,
    bipolar: false,
    invert: true,
};
const LINEAR: Shape = Shape {
    curve: Curve::Linear,
    bipolar: false,
    invert: false,
};
const BIPOLAR: Shape = Shape {
    curve: Curve::Linear,
    bipolar: true,
    invert: false,
};

const fn constant(destination: Destination, scale: i32) -> Connection {
    from(Source::None, LINEAR, destination, scale)
}

const fn from(
    source: Source,
    source_shape: Shape,
    destination: Destination,
    scale: i32,
) -> Connection {
    Connection {
        source,
        source_shape,
        control: Source::None,
        control_shape: LINEAR,
        destination,
        scale,
    }
}

/// Exactly zero seconds.
const ZERO: i32 = i32::MIN;
/// Time cents, absolute pitch cents, tenths of a percent and tenths of a decibel, times 65536.
const MS_10: i32 = -522_494_111;
const MS_15: i32 = -476_490_788;
const HZ_0_1: i32 = -499_642_884;
const HZ_5: i32 = -55_791_973;
const HZ_100: i32 = 284_098_283;
const FULL: i32 = 1000 << 16;
const DB_96: i32 = 960 << 16;
const DB_144: i32 = 1440 << 16;

/// The connections of DLS 2.2, tables 2–6, whose default is not zero. DLS Level 1 implies the same ones where it has them.
pub const DEFAULTS: [Connection; 32] = [
    constant(Destination::LfoFrequency, HZ_5),
    constant(Destination::LfoDelay, MS_10),
    constant(Destination::VibratoFrequency, HZ_5),
    constant(Destination::VibratoDelay, MS_10),
    constant(Destination::Eg1Delay, ZERO),
    constant(Destination::Eg1Attack, ZERO),
    constant(Destination::Eg1Hold, ZERO),
    constant(Destination::Eg1Decay, ZERO),
    constant(Destination::Eg1Sustain, FULL),
    constant(Destination::Eg1Release, ZERO),
    constant(Destination::Eg1Shutdown, MS_15),
    constant(Destination::Eg2Delay, ZERO),
    constant(Destination::Eg2Attack, ZERO),
    constant(Destination::Eg2Hold, ZERO),
    constant(Destination::Eg2Decay, ZERO),
    constant(Destination::Eg2Sustain, FULL),
    constant(Destination::Eg2Release, ZERO),
    USUAL_KEY[0],
    USUAL_KEY[1],
    constant(Destination::FilterCutoff, i32::MAX),
    constant(Destination::FilterQ, 0),
    from(Source::Velocity, CONCAVE_DOWN, Destination::Gain, -DB_96),
    from(
        Source::Controller(7),
        CONCAVE_DOWN,
        Destination::Gain,
        -DB_96,
    ),
    from(
        Source::Controller(11),
        CONCAVE_DOWN,
        Destination::Gain,
        -DB_96,
    ),
    Connection {
        control: Source::Rpn(0),
        ..from(Source::PitchWheel, BIPOLAR, Destination::Pitch, 12800 << 16)
    },
    from(Source::Key, LINEAR, Destination::Pitch, 12800 << 16),
    from(Source::Rpn(1), BIPOLAR, Destination::Pitch, 100 << 16),
    constant(Destination::Pan, 0),
    from(Source::Controller(10), BIPOLAR, Destination::Pan, 508 << 16),
    from(
        Source::Controller(91),
        LINEAR,
        Destination::ReverbSend,
        FULL,
    ),
    from(
        Source::Controller(93),
        LINEAR,
        Destination::ChorusSend,
        FULL,
    ),
    constant(Destination::Pitch, 0),
];

/// Collects an articulation: starts with the defaults; a connection of the same source, control and destination as an earlier one
/// takes its place.
#[derive(Debug)]
pub struct Builder {
    connections: Vec<Connection>,
}

impl Builder {
    /// The defaults alone. PASSIVE_LEVEL: it allocates.
    pub fn new() -> Result<Self, NoMemory> {
        Ok(Self {
            connections: vec::try_from_slice(&DEFAULTS)?,
        })
    }

    /// Adds a stored connection; one that is unknown or reserved is ignored.
    pub fn add(&mut self, level: Level, raw: &raw::Connection) -> Result<(), ArticulationError> {
        let Some(new) = connection(level, raw) else {
            return Ok(());
        };
        let same = |c: &&mut Connection| {
            (c.source, c.control, c.destination) == (new.source, new.control, new.destination)
        };
        if let Some(old) = self.connections.iter_mut().find(same) {
            *old = new;
            return Ok(());
        }
        if self.connections.len() >= DEFAULTS.len() + MAX_CONNECTIONS {
            return Err(ArticulationError::TooManyConnections);
        }
        Ok(vec::try_push(&mut self.connections, new)?)
    }

    /// The articulation, sorted as a note needs it.
    pub fn finish(self) -> Articulation {
        Articulation::new(self.connections)
    }
}

/// Bytes that an articulation costs.
pub fn cost(articulation: &Articulation) -> usize {
    articulation
        .heap()
        .saturating_add(size_of::<Articulation>())
}

/// What a stored connection means; `None` if a code in it is unknown or reserved.
pub fn connection(level: Level, raw: &raw::Connection) -> Option<Connection> {
    let source = source(raw.source)?;
    let control = self::source(raw.control)?;
    let destination = destination(raw.destination)?;
    let (source_shape, control_shape) = match level {
        Level::One => shapes_of_level_1(source, raw.transform)?,
        Level::Two => shapes_of_level_2(raw.transform)?,
    };
    let mut connection = Connection {
        source,
        source_shape: if source == Source::None {
            LINEAR
        } else {
            source_shape
        },
        control,
        control_shape: if control == Source::None {
            LINEAR
        } else {
            control_shape
        },
        destination,
        scale: raw.scale,
    };
    if is_attenuation(&connection) {
        // Written with either sign, with and without the inversion bit, and with absurd scales; it always means this. SoundFonts have
        // curves of 144 dB.
        connection.source_shape = CONCAVE_DOWN;
        connection.scale = match raw.scale.saturating_abs() {
            scale @ 0..=DB_144 => -scale,
            _ => -DB_96,
        };
    }
    if connection.source == Source::None && connection.control == Source::None {
        connection.scale = clamp_constant(destination, raw.scale);
    }
    Some(connection)
}

fn is_attenuation(c: &Connection) -> bool {
    c.destination == Destination::Gain
        && c.control == Source::None
        && c.source_shape.curve == Curve::Concave
        && matches!(
            c.source,
            Source::Velocity | Source::Controller(7) | Source::Controller(11)
        )
}

fn curve(code: u16) -> Option<Curve> {
    Some(match code & 0xF {
        0 => Curve::Linear,
        1 => Curve::Concave,
        2 => Curve::Convex,
        3 => Curve::Switch,
        _ => return None,
    })
}

/// Bits 10–13 source transform, 14 bipolar, 15 invert; 4–7 control transform, 8 bipolar, 9 invert. Bits 0–3, an output transform,
/// must be zero; editors that write the source's transform there are understood.
fn shapes_of_level_2(transform: u16) -> Option<(Shape, Shape)> {
    let source_code = transform >> 10 & 0xF;
    let source = Shape {
        curve: curve(if source_code == 0 {
            transform
        } else {
            source_code
        })?,
        bipolar: transform & 1 << 14 != 0,
        invert: transform & 1 << 15 != 0,
    };
    let control = Shape {
        curve: curve(transform >> 4)?,
        bipolar: transform & 1 << 8 != 0,
        invert: transform & 1 << 9 != 0,
    };
    Some((source, control))
}

/// Level 1 has one transform code; what is bipolar by nature need not say so.
fn shapes_of_level_1(source: Source, transform: u16) -> Option<(Shape, Shape)> {
    let (mut shape, control) = shapes_of_level_2(transform)?;
    shape.bipolar |= matches!(
        source,
        Source::Lfo
            | Source::Vibrato
            | Source::PitchWheel
            | Source::Rpn(1 | 2)
            | Source::Controller(10)
    );
    Some((shape, control))
}

fn source(code: u16) -> Option<Source> {
    Some(match code {
        0x000 => Source::None,
        0x001 => Source::Lfo,
        0x002 => Source::Velocity,
        0x003 => Source::Key,
        0x004 => Source::Eg1,
        0x005 => Source::Eg2,
        0x006 => Source::PitchWheel,
        0x007 => Source::PolyPressure,
        0x008 => Source::ChannelPressure,
        0x009 => Source::Vibrato,
        0x080..=0x0FF => Source::Controller((code & 0x7F) as u8),
        0x100..=0x102 => Source::Rpn((code & 3) as u8),
        _ => return None,
    })
}

fn destination(code: u16) -> Option<Destination> {
    Some(match code {
        0x001 => Destination::Gain,
        0x002 => Destination::GainCeiling,
        0x003 => Destination::Pitch,
        0x004 => Destination::Pan,
        0x005 => Destination::KeyNumber,
        0x080 => Destination::ChorusSend,
        0x081 => Destination::ReverbSend,
        0x104 => Destination::LfoFrequency,
        0x105 => Destination::LfoDelay,
        0x114 => Destination::VibratoFrequency,
        0x115 => Destination::VibratoDelay,
        0x206 => Destination::Eg1Attack,
        0x207 => Destination::Eg1Decay,
        0x209 => Destination::Eg1Release,
        0x20A => Destination::Eg1Sustain,
        0x20B => Destination::Eg1Delay,
        0x20C => Destination::Eg1Hold,
        0x20D => Destination::Eg1Shutdown,
        0x30A => Destination::Eg2Attack,
        0x30B => Destination::Eg2Decay,
        0x30D => Destination::Eg2Release,
        0x30E => Destination::Eg2Sustain,
        0x30F => Destination::Eg2Delay,
        0x310 => Destination::Eg2Hold,
        0x3F0 => Destination::Eg2AttackCurve,
        0x3F1 => Destination::WaveStart,
        0x500 => Destination::FilterCutoff,
        0x501 => Destination::FilterQ,
        _ => return None,
    })
}

/// Bounds of the base values, wider than those of the specification where real files go beyond them. Where other connections may
/// bring a sum back into its range (times, levels, sends, pan, resonance), only the sum is bounded, by the synthesizer.
fn clamp_constant(destination: Destination, scale: i32) -> i32 {
    use Destination::*;
    match destination {
        LfoFrequency | VibratoFrequency => scale.clamp(HZ_0_1, HZ_100),
        FilterCutoff => scale.max(0),
        Gain => scale.clamp(-DB_96, DB_96),
        _ => scale,
    }
}

/// DMUS_ARTICPARAMS (DirectX 6) as connections of Level 1. Its percentages are hundredths: full is 10000 × 65536.
pub fn articparams(data: &[u8]) -> Option<impl Iterator<Item = raw::Connection>> {
    macro_rules! at {
        ($($field:ident).+) => {
            offset_of!(DMUS_ARTICPARAMS, $($field).+)
        };
    }
    /// Nothing drives it: the number counts as it is.
    const NONE: u16 = CONN_SRC_NONE;
    #[rustfmt::skip]
    // offset, source, control, destination, in hundredths of a percent
    const FIELDS: [(usize, u16, u16, u16, bool); 20] = [
        (at!(LFO.pcFrequency), NONE, NONE, CONN_DST_LFO_FREQUENCY, false),
        (at!(LFO.tcDelay), NONE, NONE, CONN_DST_LFO_STARTDELAY, false),
        (at!(LFO.gcVolumeScale), CONN_SRC_LFO, NONE, CONN_DST_GAIN, false),
        (at!(LFO.pcPitchScale), CONN_SRC_LFO, NONE, CONN_DST_PITCH, false),
        (at!(LFO.gcMWToVolume), CONN_SRC_LFO, CONN_SRC_CC1, CONN_DST_GAIN, false),
        (at!(LFO.pcMWToPitch), CONN_SRC_LFO, CONN_SRC_CC1, CONN_DST_PITCH, false),
        (at!(VolEG.tcAttack), NONE, NONE, CONN_DST_EG1_ATTACKTIME, false),
        (at!(VolEG.tcDecay), NONE, NONE, CONN_DST_EG1_DECAYTIME, false),
        (at!(VolEG.ptSustain), NONE, NONE, CONN_DST_EG1_SUSTAINLEVEL, true),
        (at!(VolEG.tcRelease), NONE, NONE, CONN_DST_EG1_RELEASETIME, false),
        (at!(VolEG.tcVel2Attack), CONN_SRC_KEYONVELOCITY, NONE, CONN_DST_EG1_ATTACKTIME, false),
        (at!(VolEG.tcKey2Decay), CONN_SRC_KEYNUMBER, NONE, CONN_DST_EG1_DECAYTIME, false),
        (at!(PitchEG.tcAttack), NONE, NONE, CONN_DST_EG2_ATTACKTIME, false),
        (at!(PitchEG.tcDecay), NONE, NONE, CONN_DST_EG2_DECAYTIME, false),
        (at!(PitchEG.ptSustain), NONE, NONE, CONN_DST_EG2_SUSTAINLEVEL, true),
        (at!(PitchEG.tcRelease), NONE, NONE, CONN_DST_EG2_RELEASETIME, false),
        (at!(PitchEG.tcVel2Attack), CONN_SRC_KEYONVELOCITY, NONE, CONN_DST_EG2_ATTACKTIME, false),
        (at!(PitchEG.tcKey2Decay), CONN_SRC_KEYNUMBER, NONE, CONN_DST_EG2_DECAYTIME, false),
        (at!(PitchEG.pcRange), CONN_SRC_EG2, NONE, CONN_DST_PITCH, false),
        (at!(Misc.ptDefaultPan), NONE, NONE, CONN_DST_PAN, true),
    ];
    let params = data.get(..size_of::<DMUS_ARTICPARAMS>())?;
    Some(
        FIELDS
            .iter()
            .filter_map(move |&(at, source, control, destination, percent)| {
                let value = i32_at(params, at)?;
                Some(raw::Connection {
                    source,
                    control,
                    destination,
                    transform: 0,
                    scale: if percent { value / 10 } else { value },
                })
            }),
    )
}

#[cfg(test)]
#[path = "articulation_tests.rs"]
mod tests;
