// SPDX-License-Identifier: MIT OR Apache-2.0
use super::{Assembler, END_OF_SYSEX, SYSEX, is_real_time, length};
use alloc::vec::Vec;

/// Makes messages of a MIDI 1.0 byte stream: running status, real-time bytes anywhere, System Exclusive.
///
/// ```
/// use arioso_core::midi::Parser;
///
/// let mut parser = Parser::new(vec![0; 64]);
/// let mut messages = Vec::new();
/// // Running status, and the clock in the middle of a message.
/// parser.feed_all(&[0x90, 60, 100, 64, 0xF8, 100], |message| messages.push(message.to_vec()));
/// assert_eq!(messages, [&[0x90, 60, 100][..], &[0xF8], &[0x90, 64, 100]]);
/// ```
///
/// Data bytes without a status are ignored. A System Exclusive message that another status interrupts is dropped: what there is
/// of it may be cut off.
#[derive(Debug)]
pub struct Parser {
    sysex: Assembler,
    /// The message being received.
    message: [u8; 3],
    len: usize,
    /// Bytes that the message needs; 0 while there is no status.
    needs: usize,
}

/// A complete message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received<'a> {
    /// The first `len` bytes are the message.
    Short {
        /// Its bytes, then zeros.
        bytes: [u8; 3],
        /// Their number, 1..=3.
        len: usize,
    },
    /// `F0` … `F7`
    SysEx(&'a [u8]),
}

impl Received<'_> {
    /// All of the message.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Short { bytes, len } => bytes.get(..*len).unwrap_or_default(),
            Self::SysEx(message) => message,
        }
    }
}

impl Parser {
    /// Uses all of `buffer` as the longest System Exclusive message.
    pub const fn new(buffer: Vec<u8>) -> Self {
        Self {
            sysex: Assembler::new(buffer),
            message: [0; 3],
            len: 0,
            needs: 0,
        }
    }

    /// Takes one byte; gives the message that it completes.
    pub fn feed(&mut self, byte: u8) -> Option<Received<'_>> {
        if is_real_time(byte) {
            return Some(Received::Short {
                bytes: [byte, 0, 0],
                len: 1,
            });
        }
        match byte {
            SYSEX | END_OF_SYSEX => {
                self.needs = 0;
                self.sysex.push(byte).map(Received::SysEx)
            }
            0x80.. => self.status(byte),
            _ if self.sysex.is_inside() => {
                self.sysex.push(byte);
                None
            }
            _ => self.data(byte),
        }
    }

    /// Takes a fragment of the stream and gives each message that it completes to `done`.
    pub fn feed_all(&mut self, fragment: &[u8], mut done: impl FnMut(&[u8])) {
        for &byte in fragment {
            if let Some(received) = self.feed(byte) {
                done(received.bytes());
            }
        }
    }

    /// Forgets the running status and unfinished messages.
    pub fn reset(&mut self) {
        self.sysex.abandon();
        self.needs = 0;
    }

    /// System Exclusive messages dropped so far because they were too long.
    pub fn overlong(&self) -> u32 {
        self.sysex.overlong()
    }

    fn status(&mut self, byte: u8) -> Option<Received<'_>> {
        self.sysex.abandon();
        self.needs = length(byte)?;
        self.message = [byte, 0, 0];
        self.len = 1;
        self.complete()
    }

    fn data(&mut self, byte: u8) -> Option<Received<'_>> {
        if self.needs == 0 {
            return None;
        }
        *self.message.get_mut(self.len)? = byte;
        self.len = self.len.wrapping_add(1);
        self.complete()
    }

    fn complete(&mut self) -> Option<Received<'_>> {
        let [status, ..] = self.message;
        if self.len < self.needs {
            return None;
        }
        let received = Received::Short {
            bytes: self.message,
            len: self.len,
        };
        // Channel messages leave their status running; system messages end it.
        self.len = 1;
        if status >= SYSEX {
            self.needs = 0;
        }
        Some(received)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    fn run(stream: &[u8]) -> vec::Vec<vec::Vec<u8>> {
        let mut parser = Parser::new(vec![0; 8]);
        let mut out = vec![];
        parser.feed_all(stream, |m| out.push(m.to_vec()));
        // Any fragmentation gives the same.
        for cut in 0..stream.len() {
            let mut parser = Parser::new(vec![0; 8]);
            let mut again = vec![];
            let (a, b) = stream.split_at(cut);
            parser.feed_all(a, |m| again.push(m.to_vec()));
            parser.feed_all(b, |m| again.push(m.to_vec()));
            assert_eq!(again, out);
        }
        out
    }

    #[test]
    fn running_status() {
        assert_eq!(
            run(&[0x90, 60, 100, 62, 101, 0xC1, 5, 6]),
            [
                vec![0x90, 60, 100],
                vec![0x90, 62, 101],
                vec![0xC1, 5],
                vec![0xC1, 6]
            ]
        );
    }

    #[test]
    fn data_without_a_status_is_ignored() {
        assert_eq!(run(&[60, 100, 0x80, 1, 2]), [vec![0x80, 1, 2]]);
        // System common and exclusive end the running status.
        assert_eq!(
            run(&[0x90, 1, 2, 0xF3, 4, 5, 6]),
            [vec![0x90, 1, 2], vec![0xF3, 4]]
        );
        assert_eq!(
            run(&[0x90, 1, 2, 0xF0, 0xF7, 5, 6]),
            [vec![0x90, 1, 2], vec![0xF0, 0xF7]]
        );
        assert_eq!(
            run(&[0x90, 1, 2, 0xF6, 5, 6]),
            [vec![0x90, 1, 2], vec![0xF6]]
        );
    }

    #[test]
    fn real_time_bytes_come_through_everything() {
        assert_eq!(
            run(&[0x90, 0xF8, 60, 0xFE, 100]),
            [vec![0xF8], vec![0xFE], vec![0x90, 60, 100]]
        );
        assert_eq!(
            run(&[0xF0, 1, 0xFA, 2, 0xF7]),
            [vec![0xFA], vec![0xF0, 1, 2, 0xF7]]
        );
        assert_eq!(
            run(&[0x90, 1, 2, 0xF8, 3, 4]),
            [vec![0x90, 1, 2], vec![0xF8], vec![0x90, 3, 4]]
        );
    }

    #[test]
    fn a_new_status_replaces_an_unfinished_message() {
        assert_eq!(run(&[0x90, 60, 0xB0, 7, 1]), [vec![0xB0, 7, 1]]);
        assert_eq!(run(&[0xF0, 1, 2, 0x90, 60, 100]), [vec![0x90, 60, 100]]);
        assert_eq!(run(&[0xF0, 1, 0xF0, 2, 0xF7]), [vec![0xF0, 2, 0xF7]]);
        assert!(run(&[0xF7, 0xF7]).is_empty());
    }

    #[test]
    fn system_exclusive_is_bounded() {
        let long = [&[0xF0][..], &[1; 20], &[0xF7, 0xF0, 9, 0xF7]].concat();
        assert_eq!(run(&long), [vec![0xF0, 9, 0xF7]]);
        let mut parser = Parser::new(vec![0; 8]);
        parser.feed_all(&long, |_| {});
        assert_eq!(parser.overlong(), 1);
    }

    #[test]
    fn reset_forgets_the_status() {
        let mut parser = Parser::new(vec![0; 8]);
        assert_eq!(parser.feed(0x90), None);
        parser.reset();
        assert_eq!(parser.feed(1), None);
        assert_eq!(parser.feed(2), None);
        parser.feed(0xF0);
        parser.reset();
        assert_eq!(parser.feed(0xF7), None);
    }
}
