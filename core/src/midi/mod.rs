// SPDX-License-Identifier: MIT OR Apache-2.0
//! MIDI messages, the byte-stream parser, SysEx, the merging and fan-out of a virtual cable, the copies that wait for a capture
//! stream.
//!
//! A message is a byte slice that starts with its status byte; a System Exclusive message runs from `F0` to `F7`.

mod assembler;
mod cable;
mod capture_queue;
mod framer;
mod parser;
mod tuning;
mod universal;

pub use assembler::Assembler;
pub use cable::{CableDirection, Counts};
pub use capture_queue::{Batch, CaptureEvent, CaptureQueue};
pub use framer::{Framer, Piece};
pub use parser::{Parser, Received};
pub use tuning::{Tuning, TuningChange, pitch};
pub use universal::{Effect, RouteSource, Scale, Universal};

/// Begins a System Exclusive message.
pub const SYSEX: u8 = 0xF0;
/// Ends one.
pub const END_OF_SYSEX: u8 = 0xF7;

/// Bytes of the message that begins with `status`. `None` for a data byte, and for System Exclusive, which has no fixed length.
pub const fn length(status: u8) -> Option<usize> {
    match status {
        0x80..=0xBF | 0xE0..=0xEF | 0xF2 => Some(3),
        0xC0..=0xDF | 0xF1 | 0xF3 => Some(2),
        0xF4..=0xF6 | 0xF8..=0xFF => Some(1),
        0x00..=0x7F | SYSEX | END_OF_SYSEX => None,
    }
}

/// System Real-Time: may appear anywhere, even inside other messages.
pub const fn is_real_time(byte: u8) -> bool {
    byte >= 0xF8
}

/// Whether `message` is one whole message: a status byte with as many data bytes as it needs, or `F0` … `F7` around data bytes.
pub fn is_complete(message: &[u8]) -> bool {
    let is_data = |byte: &u8| *byte < 0x80;
    match message {
        [SYSEX, data @ .., END_OF_SYSEX] => data.iter().all(is_data),
        [status, data @ ..] => length(*status) == Some(message.len()) && data.iter().all(is_data),
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_by_status() {
        for (statuses, expected) in [
            (0x00..=0x7F, None),
            (0x80..=0xBF, Some(3)),
            (0xC0..=0xDF, Some(2)),
            (0xE0..=0xEF, Some(3)),
            (0xF0..=0xF0, None),
            (0xF1..=0xF1, Some(2)),
            (0xF2..=0xF2, Some(3)),
            (0xF3..=0xF3, Some(2)),
            (0xF6..=0xF6, Some(1)),
            (0xF7..=0xF7, None),
            (0xF8..=0xFF, Some(1)),
        ] {
            for status in statuses {
                assert_eq!(length(status), expected, "{status:#x}");
            }
        }
    }

    #[test]
    fn complete_messages() {
        for message in [
            &[0x90, 60, 100][..],
            &[0xC0, 5],
            &[0xF8],
            &[0xF0, 0xF7],
            &[0xF0, 1, 2, 0xF7],
        ] {
            assert!(is_complete(message), "{message:x?}");
        }
        for message in [
            &[][..],
            &[0x90, 60],
            &[0x90, 60, 0x80],
            &[60, 100],
            &[0xF0],
            &[0xF0, 1],
            &[0xF0, 0x90, 0xF7],
            &[0xF7],
            &[0xC0, 1, 2],
        ] {
            assert!(!is_complete(message), "{message:x?}");
        }
    }
}
