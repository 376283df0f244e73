use super::{END_OF_SYSEX, SYSEX};

/// System Exclusive messages that this synthesizer understands: the universal ones and the resets and macros of GS and XG.
/// Device ids are not compared: every message is for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Universal<'a> {
    Gm1On,
    GmOff,
    Gm2On,
    DlsOn,
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
    /// GS reset, and the mode set of later models.
    GsReset,
    /// Channel 0–15 becomes melodic (`map` 0) or a drum part.
    GsRhythmPart {
        channel: u8,
        map: u8,
    },
    /// 0–127
    GsMasterVolume(u8),
    GsReverbMacro(u8),
    GsChorusMacro(u8),
    XgOn,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Parameters: 0 type, 1 time.
    Reverb,
    /// Parameters: 0 type, 1 modulation rate, 2 depth, 3 feedback, 4 send to reverb.
    Chorus,
}

impl<'a> Universal<'a> {
    /// Recognises a complete message, `F0` … `F7`.
    pub fn parse(message: &'a [u8]) -> Option<Self> {
        let [SYSEX, body @ .., END_OF_SYSEX] = message else {
            return None;
        };
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
            [0x7F, _, 0x04, 0x05, 0x01, 0x01, 0x01, 0x01, slot, ..] => {
                let effect = match slot {
                    1 => Effect::Reverb,
                    2 => Effect::Chorus,
                    _ => return None,
                };
                let (pairs, _) = body.get(9..)?.as_chunks();
                Self::EffectParameters(effect, pairs)
            }
            [0x41, _, 0x42, 0x12, ..] => gs(body.get(4..)?)?,
            [0x43, 0x10..=0x1F, 0x4C, 0x00, 0x00, 0x7E, _] => Self::XgOn,
            _ => return None,
        })
    }
}

fn fourteen(low: u8, high: u8) -> u16 {
    u16::from(high) << 7 | u16::from(low)
}

/// Roland DT1: address, data, and a checksum that brings their sum to a multiple of 128.
fn gs(body: &[u8]) -> Option<Universal<'static>> {
    let sum = body.iter().fold(0u8, |sum, &byte| sum.wrapping_add(byte));
    if sum & 0x7F != 0 {
        return None;
    }
    Some(match *body {
        [0x40, 0x00, 0x7F, 0x00, _] | [0x00, 0x00, 0x7F, 0x00 | 0x01, _] => Universal::GsReset,
        [0x40, part @ 0x10..=0x1F, 0x15, map, _] => Universal::GsRhythmPart {
            channel: channel_of_part(part & 0xF),
            map,
        },
        [0x40, 0x00, 0x04, volume, _] => Universal::GsMasterVolume(volume),
        [0x40, 0x01, 0x30, macro_, _] => Universal::GsReverbMacro(macro_),
        [0x40, 0x01, 0x38, macro_, _] => Universal::GsChorusMacro(macro_),
        _ => return None,
    })
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
            // A wrong checksum.
            &[0xF0, 0x41, 0x10, 0x42, 0x12, 0x40, 0, 0x7F, 0, 0x40, 0xF7],
            &[0xF0, 0x7F, 0x7F, 4, 1, 0x7F, 0xF7],
            &[0xF0, 0x41, 0x10, 0x42, 0x12, 0xF7],
        ] {
            assert_eq!(Universal::parse(message), None, "{message:x?}");
        }
    }
}
