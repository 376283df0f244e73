//! The system exclusive messages a port obeys.

use super::channel::System;

/// What a message asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Power-on state, and which system's bank rules hold from now on.
    Reset(System),
    /// 14 bit.
    MasterVolume(u16),
    /// 14 bit, ±100 cents.
    FineTuning(u16),
    /// Semitones + 64.
    CoarseTuning(u8),
    /// GS: a part is a drum part or not. Channel 0..16.
    Rhythm { channel: u8, drum: bool },
}

/// Reads a complete message, F0 to F7.
pub fn parse(message: &[u8]) -> Option<Request> {
    match *message {
        [0xF0, 0x7E, _, 0x09, 0x01 | 0x02, 0xF7] => Some(Request::Reset(System::Gm)),
        [0xF0, 0x7E, _, 0x09, 0x03, 0xF7] => Some(Request::Reset(System::Gm2)),
        [0xF0, 0x7E, _, 0x0A, 0x01, 0xF7] => Some(Request::Reset(System::Gm)),
        [0xF0, 0x7F, _, 0x04, 0x01, lsb, msb, 0xF7] => {
            Some(Request::MasterVolume(fourteen(lsb, msb)))
        }
        [0xF0, 0x7F, _, 0x04, 0x03, lsb, msb, 0xF7] => {
            Some(Request::FineTuning(fourteen(lsb, msb)))
        }
        [0xF0, 0x7F, _, 0x04, 0x04, _, msb, 0xF7] => Some(Request::CoarseTuning(msb)),
        [0xF0, 0x43, 0x10..=0x1F, 0x4C, 0x00, 0x00, 0x7E, 0x00, 0xF7] => {
            Some(Request::Reset(System::Xg))
        }
        [
            0xF0,
            0x43,
            0x10..=0x1F,
            0x4C,
            0x00,
            0x00,
            0x04,
            volume,
            0xF7,
        ] => Some(Request::MasterVolume(fourteen(127, volume))),
        // DT1 to a GS device: address, data, checksum.
        [0xF0, 0x41, _, 0x42, 0x12, a, b, c, data, checksum, 0xF7]
            if roland_checksum(&[a, b, c, data]) == checksum =>
        {
            gs(a, b, c, data)
        }
        _ => None,
    }
}

fn gs(a: u8, b: u8, c: u8, data: u8) -> Option<Request> {
    match (a, b, c) {
        (0x40, 0x00, 0x7F) | (0x00, 0x00, 0x7F) => Some(Request::Reset(System::Gs)),
        (0x40, 0x00, 0x04) => Some(Request::MasterVolume(fourteen(127, data))),
        (0x40, 0x10..=0x1F, 0x15) => {
            let channel = match b & 15 {
                0 => 9,
                part @ 1..=9 => part - 1,
                part => part,
            };
            Some(Request::Rhythm {
                channel,
                drum: data != 0,
            })
        }
        _ => None,
    }
}

fn fourteen(lsb: u8, msb: u8) -> u16 {
    (u16::from(msb & 0x7F) << 7) | u16::from(lsb & 0x7F)
}

/// What brings the sum of address, data and checksum to a multiple of 128.
fn roland_checksum(bytes: &[u8]) -> u8 {
    let sum = bytes.iter().fold(0u8, |sum, &byte| sum.wrapping_add(byte));
    sum.wrapping_neg() & 0x7F
}
