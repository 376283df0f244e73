// SPDX-License-Identifier: MIT OR Apache-2.0
use super::{END_OF_SYSEX, SYSEX, is_real_time, length};

/// A part of a byte stream, handed on as soon as it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A whole message that is not System Exclusive. Its status is always there, whether the stream ran on it or not.
    Message(&'a [u8]),
    /// Bytes of a System Exclusive message that goes on. The first piece begins with `F0`.
    SysEx(&'a [u8]),
    /// The last bytes of a System Exclusive message, which may be all of it. They end with `F7`.
    SysExEnd(&'a [u8]),
    /// The System Exclusive message that has begun is cut off by the status of the message that follows.
    Abandoned,
}

/// Cuts a MIDI 1.0 byte stream into messages without holding more than one short message: running status, real-time bytes
/// anywhere, System Exclusive of any length. Data bytes without a status are ignored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Framer {
    message: [u8; 3],
    len: usize,
    /// Bytes that the message needs; 0 while there is no status.
    needs: usize,
    inside: bool,
}

impl Framer {
    /// Inside a System Exclusive message.
    pub fn is_inside(&self) -> bool {
        self.inside
    }

    /// Forgets the running status and an unfinished message.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Gives each piece of `bytes` to `take`.
    pub fn feed(&mut self, bytes: &[u8], mut take: impl FnMut(Piece<'_>)) {
        let mut rest = bytes;
        while let Some((&byte, after)) = rest.split_first() {
            if is_real_time(byte) {
                take(Piece::Message(&[byte]));
                rest = after;
            } else if byte == SYSEX || self.inside && (byte < 0x80 || byte == END_OF_SYSEX) {
                rest = self.exclusive(rest, &mut take);
            } else {
                if byte >= 0x80 && core::mem::take(&mut self.inside) {
                    take(Piece::Abandoned);
                }
                self.short(byte, &mut take);
                rest = after;
            }
        }
    }

    /// The run of System Exclusive bytes at the start of `bytes`; what follows it.
    fn exclusive<'a>(&mut self, bytes: &'a [u8], take: &mut impl FnMut(Piece<'_>)) -> &'a [u8] {
        let begins = bytes.first() == Some(&SYSEX);
        if begins && self.inside {
            take(Piece::Abandoned);
        }
        let data = bytes.get(usize::from(begins)..).unwrap_or_default();
        let run = data.iter().take_while(|byte| **byte < 0x80).count();
        let ends = data.get(run) == Some(&END_OF_SYSEX);
        let len = usize::from(begins)
            .saturating_add(run)
            .saturating_add(usize::from(ends));
        let (run, rest) = bytes.split_at_checked(len).unwrap_or((bytes, &[]));
        self.needs = 0;
        self.inside = !ends;
        take(if ends {
            Piece::SysExEnd(run)
        } else {
            Piece::SysEx(run)
        });
        rest
    }

    /// A byte outside of System Exclusive.
    fn short(&mut self, byte: u8, take: &mut impl FnMut(Piece<'_>)) {
        if byte >= 0x80 {
            self.needs = length(byte).unwrap_or(0);
            self.len = 0;
        } else if self.needs == 0 {
            return;
        }
        if let Some(place) = self.message.get_mut(self.len) {
            *place = byte;
            self.len = self.len.wrapping_add(1);
        }
        if self.needs != 0 && self.len >= self.needs {
            take(Piece::Message(
                self.message.get(..self.needs).unwrap_or_default(),
            ));
            // Channel messages leave their status running; system messages end it.
            self.len = 1;
            let [status, ..] = self.message;
            if status >= SYSEX {
                self.needs = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Parser;
    use super::*;
    use std::vec;
    use std::vec::Vec;

    fn cut(stream: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut framer = Framer::default();
        let mut out = vec![];
        for part in stream {
            framer.feed(part, |piece| {
                out.push(match piece {
                    Piece::Message(bytes) | Piece::SysExEnd(bytes) => bytes.to_vec(),
                    Piece::SysEx(bytes) => [bytes, b"+"].concat(),
                    Piece::Abandoned => b"!".to_vec(),
                });
            });
        }
        out
    }

    #[test]
    fn messages_get_their_status() {
        assert_eq!(
            cut(&[&[60, 0x90, 60, 100, 62, 101, 0xC1, 5, 6, 0xF3, 4, 5]]),
            [
                vec![0x90, 60, 100],
                vec![0x90, 62, 101],
                vec![0xC1, 5],
                vec![0xC1, 6],
                vec![0xF3, 4]
            ]
        );
        assert_eq!(
            cut(&[&[0x90], &[60], &[100, 0xF1, 0x90, 1]]),
            [[0x90, 60, 100]]
        );
        assert_eq!(cut(&[&[0xF6, 0xF7]]), [[0xF6]]);
    }

    #[test]
    fn system_exclusive_passes_in_pieces() {
        assert_eq!(cut(&[&[0xF0, 1, 2, 0xF7]]), [[0xF0, 1, 2, 0xF7]]);
        assert_eq!(
            cut(&[&[0xF0], &[1, 0xF8, 2], &[0xF7, 0x90, 1, 2]]),
            [
                vec![0xF0, b'+'],
                vec![1, b'+'],
                vec![0xF8],
                vec![2, b'+'],
                vec![0xF7],
                vec![0x90, 1, 2]
            ]
        );
        assert_eq!(
            cut(&[&[0xF0, 1, 0x90, 60, 100, 61, 1]]),
            [
                vec![0xF0, 1, b'+'],
                vec![b'!'],
                vec![0x90, 60, 100],
                vec![0x90, 61, 1]
            ]
        );
        assert_eq!(
            cut(&[&[0xF0, 1, 0xF0, 2, 0xF7]]),
            [vec![0xF0, 1, b'+'], vec![b'!'], vec![0xF0, 2, 0xF7]]
        );
    }

    /// Any status but that of real time cuts a System Exclusive message off, and says so before its own message.
    #[test]
    fn every_status_ends_system_exclusive() {
        for status in (0x80..=0xF6).filter(|status| *status != 0xF0) {
            let message = &[status, 1, 2][..super::super::length(status).unwrap()];
            let expected = [vec![0xF0, 5, b'+'], vec![b'!'], message.to_vec()];
            assert_eq!(cut(&[&[0xF0, 5], message]), expected, "{status:#x}");
            assert_eq!(cut(&[&[&[0xF0, 5], message].concat()]), expected);
        }
    }

    /// What the parser makes of a stream it makes of its pieces too, wherever the stream is cut.
    #[test]
    fn pieces_mean_what_the_stream_means() {
        let parse = |bytes: &[u8]| {
            let mut out = vec![];
            Parser::new(vec![0; 512]).feed_all(bytes, |m| out.push(m.to_vec()));
            out
        };
        let mut state = 7u32;
        let mut random = |n: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) % n
        };
        for _ in 0..2000 {
            let stream: Vec<u8> = (0..random(60))
                .map(|_| match random(4) {
                    0 => 0x80 + random(0x80) as u8,
                    1 => [0xF0, 0xF7, 0xF8, 0x90][random(4) as usize],
                    _ => random(0x80) as u8,
                })
                .collect();
            let mut framer = Framer::default();
            let mut again = vec![];
            let mut rest = stream.as_slice();
            while !rest.is_empty() {
                let (part, after) = rest.split_at(1 + random(rest.len() as u32) as usize);
                framer.feed(part, |piece| match piece {
                    Piece::Message(bytes) | Piece::SysEx(bytes) | Piece::SysExEnd(bytes) => {
                        again.extend_from_slice(bytes);
                    }
                    Piece::Abandoned => {}
                });
                rest = after;
            }
            assert_eq!(parse(&again), parse(&stream), "{stream:x?}");
        }
    }
}
