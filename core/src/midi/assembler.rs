// SPDX-License-Identifier: MIT OR Apache-2.0
use super::{END_OF_SYSEX, SYSEX, is_real_time};
use alloc::vec::Vec;

/// Puts System Exclusive messages together from fragments, in memory that is allocated once. A message that is too long for it is
/// dropped as a whole.
#[derive(Debug)]
pub struct Assembler {
    /// Of fixed length; the message fills its beginning.
    buffer: Vec<u8>,
    len: usize,
    state: State,
    overlong: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    Inside,
    /// Waits for the end of a message that does not fit.
    Overlong,
    /// The message is complete and may still be read.
    Complete,
}

impl Assembler {
    /// Uses all of `buffer`, whatever it contains, as the longest message.
    pub const fn new(buffer: Vec<u8>) -> Self {
        Self {
            buffer,
            len: 0,
            state: State::Idle,
            overlong: 0,
        }
    }

    /// Appends one byte; gives the message that it completes. Between messages everything but `F0` is ignored. A status byte
    /// inside a message abandons it; real-time bytes must be taken out by the caller or are skipped.
    pub fn push(&mut self, byte: u8) -> Option<&[u8]> {
        match byte {
            SYSEX => {
                self.state = State::Inside;
                self.len = 0;
                self.append(byte);
            }
            END_OF_SYSEX => return self.finish(),
            _ if is_real_time(byte) => {}
            0x80.. => self.abandon(),
            _ => self.append(byte),
        }
        None
    }

    /// Appends a fragment and gives each message that it completes to `done`.
    pub fn extend(&mut self, fragment: &[u8], mut done: impl FnMut(&[u8])) {
        for &byte in fragment {
            if let Some(message) = self.push(byte) {
                done(message);
            }
        }
    }

    /// Forgets an unfinished message.
    pub fn abandon(&mut self) {
        self.state = State::Idle;
        self.len = 0;
    }

    /// A message has begun and has not ended.
    pub fn is_inside(&self) -> bool {
        matches!(self.state, State::Inside | State::Overlong)
    }

    /// Messages dropped so far because they were too long.
    pub fn overlong(&self) -> u32 {
        self.overlong
    }

    fn append(&mut self, byte: u8) {
        if self.state != State::Inside {
            return;
        }
        match self.buffer.get_mut(self.len) {
            Some(slot) => {
                *slot = byte;
                self.len = self.len.wrapping_add(1);
            }
            None => {
                self.state = State::Overlong;
                self.overlong = self.overlong.saturating_add(1);
            }
        }
    }

    fn finish(&mut self) -> Option<&[u8]> {
        self.append(END_OF_SYSEX);
        let complete = self.state == State::Inside;
        self.state = if complete {
            State::Complete
        } else {
            State::Idle
        };
        if complete {
            self.buffer.get(..self.len)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    fn run(capacity: usize, fragments: &[&[u8]]) -> (vec::Vec<vec::Vec<u8>>, u32) {
        let mut assembler = Assembler::new(vec![0xEE; capacity]);
        let mut out = vec![];
        for fragment in fragments {
            assembler.extend(fragment, |m| out.push(m.to_vec()));
        }
        (out, assembler.overlong())
    }

    #[test]
    fn fragments_become_messages() {
        let (out, overlong) = run(8, &[&[0xF0, 1], &[], &[2, 3, 0xF7, 0xF0], &[0xF7]]);
        assert_eq!(out, [vec![0xF0, 1, 2, 3, 0xF7], vec![0xF0, 0xF7]]);
        assert_eq!(overlong, 0);
    }

    #[test]
    fn the_longest_message_fits_exactly() {
        assert_eq!(run(4, &[&[0xF0, 1, 2, 0xF7]]).0.len(), 1);
        let (out, overlong) = run(4, &[&[0xF0, 1, 2, 3, 0xF7, 5, 0xF7, 0xF0, 9, 0xF7]]);
        assert_eq!((out, overlong), (vec![vec![0xF0, 9, 0xF7]], 1));
        assert_eq!(run(0, &[&[0xF0, 0xF7]]), (vec![], 1));
    }

    #[test]
    fn status_bytes_abandon_and_real_time_bytes_do_not() {
        assert_eq!(run(8, &[&[0xF0, 1, 0x90, 2, 0xF7]]).0.len(), 0);
        assert_eq!(
            run(8, &[&[0xF0, 1, 0xF8, 2, 0xFE, 0xF7]]).0,
            [vec![0xF0, 1, 2, 0xF7]]
        );
        assert_eq!(
            run(8, &[&[0xF0, 1, 0xF0, 2, 0xF7]]).0,
            [vec![0xF0, 2, 0xF7]]
        );
        assert_eq!(run(8, &[&[1, 2, 0xF7]]).0.len(), 0);
    }
}
