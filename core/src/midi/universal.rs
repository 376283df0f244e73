// SPDX-License-Identifier: MIT OR Apache-2.0
use super::{END_OF_SYSEX, SYSEX, Tuning};

/// System Exclusive messages that this synthesizer understands: the universal ones, and those of GS and XG that have a meaning here.
/// Device ids are not compared: every message is for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Universal<'a> {
    /// GM 1 system on.
    Gm1On,
    /// GM system off.
    GmOff,
    /// GM 2 system on.
    Gm2On,
    /// DLS on: downloaded instruments sound.
    DlsOn,
    /// DLS off.
    DlsOff,
    /// DLS voice allocation by static channel order.
    StaticAllocation(bool),
    /// 14 bits.
    MasterVolume(u16),
    /// 14 bits, centre 0x2000.
    MasterBalance(u16),
    /// 14 bits, ±100 cents around 0x2000.
    MasterFineTune(u16),
    /// Semitones plus 64.
    MasterCoarseTune(u8),
    /// GM2 global parameters of an effect: pairs of parameter and value.
    EffectParameters(Effect, &'a [[u8; 2]]),
    /// What a controller acts on: pairs of parameter (0 pitch, 1 cutoff, 2 amplitude; 3–5 LFO depth on these) and range.
    ControllerDestination {
        /// 0–15
        channel: u8,
        /// What drives it.
        source: RouteSource,
        /// Parameter and range.
        pairs: &'a [[u8; 2]],
    },
    /// Controllers of one key: pairs of controller and value.
    KeyControls {
        /// 0–15
        channel: u8,
        /// 0–127
        key: u8,
        /// Controller and value.
        pairs: &'a [[u8; 2]],
    },
    /// Tuning of the twelve pitch classes.
    ScaleTuning {
        /// Bit n: channel n.
        channels: u16,
        /// Notes that sound are retuned too.
        live: bool,
        /// The offsets.
        scale: Scale<'a>,
    },
    /// A tuning program is changed.
    Tuning(Tuning<'a>),
    /// GS reset, and the mode set of later models.
    GsReset,
    /// Channel 0–15 becomes melodic (`map` 0) or a drum part.
    GsRhythmPart {
        /// 0–15
        channel: u8,
        /// 0 melodic, else the drum map.
        map: u8,
    },
    /// 0–127
    GsMasterVolume(u8),
    /// 0–7
    GsReverbMacro(u8),
    /// 0–7
    GsChorusMacro(u8),
    /// Another byte of the effect block: 40 01 31–40.
    GsEffect {
        /// Last byte of the address.
        address: u8,
        /// 7 bits.
        value: u8,
    },
    /// Tenths of a cent around 1024 (GS and XG master tune).
    MasterTenths(u16),
    /// 40 1x: part parameters from `address` on.
    GsPart {
        /// 0–15
        channel: u8,
        /// Of the first byte of `data`.
        address: u8,
        /// 7 bits each.
        data: &'a [u8],
    },
    /// 40 2x: what a part's controllers act on.
    GsPartControllers {
        /// 0–15
        channel: u8,
        /// Of the first byte of `data`.
        address: u8,
        /// 7 bits each.
        data: &'a [u8],
    },
    /// 41 mp: one parameter of the drum notes from `key` on, in map 0 or 1.
    GsDrums {
        /// 0 or 1.
        map: u8,
        /// Middle byte of the address, its low half.
        parameter: u8,
        /// Of the first byte of `data`.
        key: u8,
        /// One for each key.
        data: &'a [u8],
    },
    /// XG system on, all parameter reset.
    XgOn,
    /// 02 01: effect parameters from `address` on.
    XgEffect {
        /// Of the first byte of `data`.
        address: u8,
        /// 7 bits each.
        data: &'a [u8],
    },
    /// 08: part parameters from `address` on.
    XgPart {
        /// 0–15
        channel: u8,
        /// Of the first byte of `data`.
        address: u8,
        /// 7 bits each.
        data: &'a [u8],
    },
    /// 3n: parameters of a drum note from `address` on, in drum set-up 0–15.
    XgDrum {
        /// 0–15
        setup: u8,
        /// 0–127
        key: u8,
        /// Of the first byte of `data`.
        address: u8,
        /// 7 bits each.
        data: &'a [u8],
    },
}

/// An effect of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Parameters: 0 type, 1 time.
    Reverb,
    /// Parameters: 0 type, 1 modulation rate, 2 depth, 3 feedback, 4 send to reverb.
    Chorus,
}

/// What drives a controller destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteSource {
    /// Pressure of the channel.
    ChannelPressure,
    /// Pressure of the key.
    PolyPressure,
    /// Controller 1–31 or 64–95.
    Controller(u8),
}

/// Offsets of the pitch classes, C first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale<'a> {
    /// Cents plus 64.
    OneByte(&'a [u8; 12]),
    /// 14 bits, high byte first, ±100 cents around 0x2000.
    TwoByte(&'a [[u8; 2]; 12]),
}

impl Scale<'_> {
    /// Cents of pitch class 0–11.
    pub fn cents(&self, class: usize) -> f32 {
        match self {
            Self::OneByte(values) => values.get(class).map_or(0.0, |&v| f32::from(v) - 64.0),
            Self::TwoByte(values) => values.get(class).map_or(0.0, |&[high, low]| {
                (f32::from(fourteen(low, high)) - 8192.0) * (100.0 / 8192.0)
            }),
        }
    }
}

impl<'a> Universal<'a> {
    /// Recognises a complete message, `F0` … `F7`.
    pub fn parse(message: &'a [u8]) -> Option<Self> {
        let [SYSEX, body @ .., END_OF_SYSEX] = message else {
            return None;
        };
        Self::of(body)
    }

    /// Recognises what lies between `F0` and `F7`.
    pub fn of(body: &'a [u8]) -> Option<Self> {
        if body.iter().any(|&byte| byte >= 0x80) {
            return None;
        }
        Some(match *body {
            [0x7E, _, 0x09, 0x01] => Self::Gm1On,
            [0x7E, _, 0x09, 0x02] => Self::GmOff,
            [0x7E, _, 0x09, 0x03] => Self::Gm2On,
            [0x7E, _, 0x0A, 0x01] => Self::DlsOn,
            [0x7E, _, 0x0A, 0x02] => Self::DlsOff,
            [0x7E, _, 0x0A, 0x03] => Self::StaticAllocation(false),
            [0x7E, _, 0x0A, 0x04] => Self::StaticAllocation(true),
            [0x7F, _, 0x04, 0x01, low, high] => Self::MasterVolume(fourteen(low, high)),
            [0x7F, _, 0x04, 0x02, low, high] => Self::MasterBalance(fourteen(low, high)),
            [0x7F, _, 0x04, 0x03, low, high] => Self::MasterFineTune(fourteen(low, high)),
            [0x7F, _, 0x04, 0x04, _, semitones] => Self::MasterCoarseTune(semitones),
            // One slot of two bytes, parameter ids and values of one byte.
            [
                0x7F,
                _,
                0x04,
                0x05,
                0x01,
                0x01,
                0x01,
                0x01,
                slot,
                ref rest @ ..,
            ] => {
                let effect = match slot {
                    1 => Effect::Reverb,
                    2 => Effect::Chorus,
                    _ => return None,
                };
                Self::EffectParameters(effect, pairs(rest))
            }
            [
                0x7F,
                _,
                0x09,
                kind @ 0x01..=0x02,
                channel @ 0..=15,
                ref rest @ ..,
            ] => Self::ControllerDestination {
                channel,
                source: if kind == 1 {
                    RouteSource::ChannelPressure
                } else {
                    RouteSource::PolyPressure
                },
                pairs: pairs(rest),
            },
            [
                0x7F,
                _,
                0x09,
                0x03,
                channel @ 0..=15,
                number @ (0x01..=0x1F | 0x40..=0x5F),
                ref rest @ ..,
            ] => Self::ControllerDestination {
                channel,
                source: RouteSource::Controller(number),
                pairs: pairs(rest),
            },
            [0x7F, _, 0x0A, 0x01, channel @ 0..=15, key, ref rest @ ..] => Self::KeyControls {
                channel,
                key,
                pairs: pairs(rest),
            },
            [
                kind @ 0x7E..=0x7F,
                _,
                0x08,
                form @ 0x08..=0x09,
                a,
                b,
                c,
                ref values @ ..,
            ] => Self::ScaleTuning {
                channels: u16::from(c) | u16::from(b) << 7 | u16::from(a & 3) << 14,
                live: kind == 0x7F,
                scale: if form == 0x08 {
                    Scale::OneByte(values.try_into().ok()?)
                } else {
                    let (pairs, []) = values.as_chunks() else {
                        return None;
                    };
                    Scale::TwoByte(pairs.try_into().ok()?)
                },
            },
            [0x7E..=0x7F, _, 0x08, ..] => Self::Tuning(Tuning::parse(body)?),
            [0x41, _, 0x42, 0x12, ref rest @ ..] => gs(rest)?,
            [0x43, 0x10..=0x1F, 0x4C, high, mid, low, ref rest @ ..] if !rest.is_empty() => {
                xg([high, mid, low], rest)?
            }
            _ => return None,
        })
    }
}

fn fourteen(low: u8, high: u8) -> u16 {
    u16::from(high) << 7 | u16::from(low)
}

/// An odd byte at the end is ignored.
fn pairs(rest: &[u8]) -> &[[u8; 2]] {
    rest.as_chunks().0
}

/// Roland DT1: address, data, and a checksum that brings their sum to a multiple of 128.
fn gs(body: &[u8]) -> Option<Universal<'_>> {
    let sum = body.iter().fold(0u8, |sum, &byte| sum.wrapping_add(byte));
    if sum & 0x7F != 0 {
        return None;
    }
    let [high, mid, low, data @ .., _] = body else {
        return None;
    };
    let channel = channel_of_part(mid & 0xF);
    Some(match (*high, *mid, *low, data) {
        (0x40, 0x00, 0x7F, [0x00]) | (0x00, 0x00, 0x7F, [0x00 | 0x01]) => Universal::GsReset,
        (_, _, _, []) => return None,
        (0x40, 0x00, 0x00, &[a, b, c, d]) => Universal::MasterTenths(nibbles([a, b, c, d])),
        (0x40, 0x00, 0x04, &[volume]) => Universal::GsMasterVolume(volume),
        (0x40, 0x00, 0x05, &[semitones]) => Universal::MasterCoarseTune(semitones),
        (0x40, 0x00, 0x06, &[pan]) => Universal::MasterBalance(fourteen(0, pan)),
        (0x40, 0x01, 0x30, &[value]) => Universal::GsReverbMacro(value),
        (0x40, 0x01, 0x38, &[value]) => Universal::GsChorusMacro(value),
        (0x40, 0x01, address @ 0x31..=0x40, &[value]) => Universal::GsEffect { address, value },
        (0x40, 0x10..=0x1F, 0x15, &[map]) => Universal::GsRhythmPart { channel, map },
        (0x40, 0x10..=0x1F, address, data) => Universal::GsPart {
            channel,
            address,
            data,
        },
        (0x40, 0x20..=0x2F, address, data) => Universal::GsPartControllers {
            channel,
            address,
            data,
        },
        (0x41, mid, key, data) => Universal::GsDrums {
            map: mid >> 4 & 1,
            parameter: mid & 0xF,
            key,
            data,
        },
        _ => return None,
    })
}

/// XG parameter change.
fn xg<'a>(address: [u8; 3], data: &'a [u8]) -> Option<Universal<'a>> {
    Some(match (address, data) {
        ([0x00, 0x00, 0x00], &[a, b, c, d]) => Universal::MasterTenths(nibbles([a, b, c, d])),
        ([0x00, 0x00, 0x04], &[volume]) => Universal::GsMasterVolume(volume),
        ([0x00, 0x00, 0x06], &[semitones]) => Universal::MasterCoarseTune(semitones),
        ([0x00, 0x00, 0x7E | 0x7F], [0]) => Universal::XgOn,
        ([0x02, 0x01, address], data) => Universal::XgEffect { address, data },
        ([0x08, channel @ 0..=15, address], data) => Universal::XgPart {
            channel,
            address,
            data,
        },
        ([setup @ 0x30..=0x3F, key, address], data) => Universal::XgDrum {
            setup: setup & 0xF,
            key,
            address,
            data,
        },
        _ => return None,
    })
}

/// Four nibbles, high first.
fn nibbles(values: [u8; 4]) -> u16 {
    values
        .iter()
        .fold(0, |sum, &v| sum << 4 | u16::from(v & 0xF))
}

/// GS numbers its parts with the drum part first: part 0 is channel 10.
fn channel_of_part(part: u8) -> u8 {
    match part {
        0 => 9,
        1..=9 => part - 1,
        _ => part,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn sysex(body: &[u8]) -> Vec<u8> {
        [&[0xF0][..], body, &[0xF7]].concat()
    }

    /// §3.13.
    #[test]
    fn the_table() {
        for (body, expected) in [
            (&[0x7E, 0x7F, 9, 1][..], Universal::Gm1On),
            (&[0x7E, 0x00, 9, 2], Universal::GmOff),
            (&[0x7E, 0x7F, 9, 3], Universal::Gm2On),
            (&[0x7E, 0x7F, 0xA, 1], Universal::DlsOn),
            (&[0x7E, 0x7F, 0xA, 2], Universal::DlsOff),
            (&[0x7E, 0x7F, 0xA, 3], Universal::StaticAllocation(false)),
            (&[0x7E, 0x7F, 0xA, 4], Universal::StaticAllocation(true)),
            (
                &[0x7F, 0x7F, 4, 1, 0x7F, 0x7F],
                Universal::MasterVolume(0x3FFF),
            ),
            (
                &[0x7F, 4, 4, 1, 0x00, 0x64],
                Universal::MasterVolume(0x64 << 7),
            ),
            (
                &[0x7F, 0x7F, 4, 2, 0, 0x40],
                Universal::MasterBalance(0x2000),
            ),
            (
                &[0x7F, 0x7F, 4, 3, 1, 0x40],
                Universal::MasterFineTune(0x2001),
            ),
            (
                &[0x7F, 0x7F, 4, 4, 0, 0x41],
                Universal::MasterCoarseTune(0x41),
            ),
            (
                &[0x7F, 0x7F, 4, 5, 1, 1, 1, 1, 1, 0, 4, 1, 60],
                Universal::EffectParameters(Effect::Reverb, &[[0, 4], [1, 60]]),
            ),
            (
                &[0x7F, 0x7F, 4, 5, 1, 1, 1, 1, 2, 4, 9],
                Universal::EffectParameters(Effect::Chorus, &[[4, 9]]),
            ),
            (
                &[0x41, 0x10, 0x42, 0x12, 0x40, 0, 0x7F, 0, 0x41],
                Universal::GsReset,
            ),
            (
                &[0x41, 0x10, 0x42, 0x12, 0x40, 0x1A, 0x15, 2, 0x0F],
                Universal::GsRhythmPart {
                    channel: 10,
                    map: 2,
                },
            ),
            (
                &[0x41, 0x00, 0x42, 0x12, 0x40, 1, 0x30, 4, 0x0B],
                Universal::GsReverbMacro(4),
            ),
            (
                &[0x41, 0x10, 0x42, 0x12, 0x40, 0, 4, 127, 0x3D],
                Universal::GsMasterVolume(127),
            ),
            (&[0x43, 0x10, 0x4C, 0, 0, 0x7E, 0], Universal::XgOn),
            (
                &[0x7F, 0x7F, 9, 1, 3, 0, 0x42, 3, 0x7F],
                Universal::ControllerDestination {
                    channel: 3,
                    source: RouteSource::ChannelPressure,
                    pairs: &[[0, 0x42], [3, 0x7F]],
                },
            ),
            (
                &[0x7F, 0x7F, 9, 2, 15, 1, 0],
                Universal::ControllerDestination {
                    channel: 15,
                    source: RouteSource::PolyPressure,
                    pairs: &[[1, 0]],
                },
            ),
            (
                &[0x7F, 0x7F, 9, 3, 0, 16, 2, 127],
                Universal::ControllerDestination {
                    channel: 0,
                    source: RouteSource::Controller(16),
                    pairs: &[[2, 127]],
                },
            ),
            (
                &[0x7F, 0x7F, 10, 1, 9, 38, 7, 80, 10, 0],
                Universal::KeyControls {
                    channel: 9,
                    key: 38,
                    pairs: &[[7, 80], [10, 0]],
                },
            ),
            (
                &[0x41, 0x10, 0x42, 0x12, 0x40, 0, 0, 0, 4, 1, 4, 0x37],
                Universal::MasterTenths(0x414),
            ),
            (
                &[0x41, 0x10, 0x42, 0x12, 0x40, 1, 0x34, 100, 0x27],
                Universal::GsEffect {
                    address: 0x34,
                    value: 100,
                },
            ),
            (
                &[0x41, 0x10, 0x42, 0x12, 0x41, 0x12, 38, 100, 0x23],
                Universal::GsDrums {
                    map: 1,
                    parameter: 2,
                    key: 38,
                    data: &[100],
                },
            ),
            (
                &[0x43, 0x10, 0x4C, 2, 1, 0x20, 0x43, 8],
                Universal::XgEffect {
                    address: 0x20,
                    data: &[0x43, 8],
                },
            ),
            (
                &[0x43, 0x10, 0x4C, 8, 3, 7, 2],
                Universal::XgPart {
                    channel: 3,
                    address: 7,
                    data: &[2],
                },
            ),
            (
                &[0x43, 0x10, 0x4C, 0x31, 36, 2, 90],
                Universal::XgDrum {
                    setup: 1,
                    key: 36,
                    address: 2,
                    data: &[90],
                },
            ),
        ] {
            assert_eq!(Universal::parse(&sysex(body)), Some(expected), "{body:x?}");
        }
    }

    #[test]
    fn gs_parts_put_the_drums_first() {
        let channels: Vec<u8> = (0..16).map(channel_of_part).collect();
        assert_eq!(
            channels,
            [9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15]
        );
    }

    /// The channel mask: 16 and 15 in the first byte, 14–8, 7–1. One byte: cents + 64; two bytes: ±100 cents.
    #[test]
    fn scale_tunings() {
        let one: Vec<u8> = (0..12).map(|i| 64 + i).collect();
        let message = sysex(&[&[0x7E, 0x7F, 8, 8, 3, 1, 0x41][..], &one].concat());
        let Some(Universal::ScaleTuning {
            channels,
            live: false,
            scale,
        }) = Universal::parse(&message)
        else {
            panic!()
        };
        assert_eq!(channels, 0b1100_0000_1100_0001);
        assert_eq!(
            (scale.cents(0), scale.cents(11), scale.cents(12)),
            (0.0, 11.0, 0.0)
        );

        let two: Vec<u8> = [[0, 0], [0x20, 0], [0x40, 0], [0x7F, 0x7F]]
            .iter()
            .cycle()
            .take(12)
            .flatten()
            .copied()
            .collect();
        let message = sysex(&[&[0x7F, 0x7F, 8, 9, 0, 0, 1][..], &two].concat());
        let Some(Universal::ScaleTuning {
            channels: 1,
            live: true,
            scale,
        }) = Universal::parse(&message)
        else {
            panic!()
        };
        assert_eq!(
            (scale.cents(0), scale.cents(1), scale.cents(2)),
            (-100.0, -50.0, 0.0)
        );
        assert!((scale.cents(3) - 99.9878).abs() < 1e-3);
        // Too few and too many values.
        for form in [8, 9] {
            for count in [0, 11, 13, 23, 25] {
                let values = std::vec![64; count];
                let message = sysex(&[&[0x7F, 0x7F, 8, form, 0, 0, 1][..], &values].concat());
                assert_eq!(Universal::parse(&message), None, "{form} {count}");
            }
        }
    }

    /// A GS message lives or dies with its checksum, an empty one means nothing.
    #[test]
    fn gs_checksums() {
        let body = [0x40, 0x11, 0x40, 1, 2, 3];
        let sum: u32 = body.iter().map(|&b| u32::from(b)).sum();
        for checksum in 0..128u8 {
            let message = sysex(&[&[0x41, 0x10, 0x42, 0x12][..], &body, &[checksum]].concat());
            let right = (sum + u32::from(checksum)).is_multiple_of(128);
            let expected = right.then_some(Universal::GsPart {
                channel: 0,
                address: 0x40,
                data: &[1, 2, 3],
            });
            assert_eq!(Universal::parse(&message), expected);
        }
        let empty = sysex(&[0x41, 0x10, 0x42, 0x12, 0x40, 0x11, 0x19, 0x16]);
        assert_eq!(Universal::parse(&empty), None);
    }

    #[test]
    fn others_are_not_recognised() {
        for message in [
            &[][..],
            &[0xF0],
            &[0xF0, 0xF7],
            &[0xF0, 0x7E, 0x7F, 9, 1],
            &[0xF0, 0x7E, 0x7F, 9, 4, 0xF7],
            &[0xF0, 0x7E, 0x7F, 9, 1, 0, 0xF7],
            &[0xF0, 0x7E, 0x90, 9, 1, 0xF7],
            &[0xF0, 0x7E, 0x80, 9, 1, 0xF7],
            // A wrong checksum.
            &[0xF0, 0x41, 0x10, 0x42, 0x12, 0x40, 0, 0x7F, 0, 0x40, 0xF7],
            &[0xF0, 0x7F, 0x7F, 4, 1, 0x7F, 0xF7],
            &[0xF0, 0x41, 0x10, 0x42, 0x12, 0xF7],
        ] {
            assert_eq!(Universal::parse(message), None, "{message:x?}");
        }
    }
}
