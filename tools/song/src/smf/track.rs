// SPDX-License-Identifier: MIT OR Apache-2.0
//! The events of a track.

use super::oddity::Oddities;
use arioso_core::midi::{Parser, length};

/// A track with absolute ticks.
#[derive(Default)]
pub struct Track {
    /// Tick, channel group, message.
    pub messages: Vec<(u64, u32, Vec<u8>)>,
    /// Tick and microseconds per quarter note.
    pub tempos: Vec<(u64, u32)>,
    pub end: u64,
}

const SYSEX: u8 = 0xF0;
const ESCAPE: u8 = 0xF7;
const META: u8 = 0xFF;
const END_OF_TRACK: u8 = 0x2F;
/// Bytes that a number of the file format may have.
const NUMBER: usize = 4;
/// How far behind an event that is too long the next one is looked for, in bytes.
const FURTHEST: usize = 4096;

/// A track, and where it ended.
pub struct Ended {
    pub track: Track,
    /// The byte behind the last event.
    pub at: usize,
    /// The end of track is there.
    pub properly: bool,
}

/// Reads the events in `bytes` from `start` on, up to the end of track, or to `end` where the track's chunk ends.
pub fn read(bytes: &[u8], start: usize, end: usize, odd: &mut Oddities) -> Ended {
    let mut reader = Reader {
        bytes,
        at: start,
        end,
        track: Track::default(),
        group: 1,
        running: None,
        interrupted: false,
        headless: false,
        stream: Parser::new(vec![0; end - start + 2]),
        open: false,
        odd,
    };
    let ended = reader.events();
    if ended.is_none() {
        let cut = reader.at;
        reader.odd.note(
            cut,
            "a track that is cut off in an event",
            "played up to it",
        );
        reader.release();
    }
    reader.close();
    Ended {
        at: reader.at,
        properly: ended == Some(true),
        track: reader.track,
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    end: usize,
    track: Track,
    /// Channel group: MIDI port plus one.
    group: u32,
    running: Option<u8>,
    /// The running status should have ended.
    interrupted: bool,
    /// The next event's delta time has been passed over.
    headless: bool,
    /// What SysEx and escape events send.
    stream: Parser,
    /// A System Exclusive message has begun and not ended.
    open: bool,
    odd: &'a mut Oddities,
}

impl<'a> Reader<'a> {
    /// Whether there is an end of track. `None`: the bytes end within an event, which begins at `self.at`.
    fn events(&mut self) -> Option<bool> {
        while self.at < self.end {
            let before = self.at;
            match self.event() {
                Some(true) => {}
                Some(false) => return Some(true),
                None => {
                    self.at = before;
                    self.resume()?;
                }
            }
        }
        self.odd
            .note(self.end, "a track without its end", "it ends here");
        Some(false)
    }

    /// Behind an event that says more bytes than its track has: where the rest of the track can be read as a whole.
    fn resume(&mut self) -> Option<()> {
        let before = self.at;
        let delta = self.number()?;
        let status = self.peek()?;
        let event = self.at;
        self.at = before;
        if !matches!(status, META | SYSEX | ESCAPE) {
            return None;
        }
        let track = &self.bytes[..self.end];
        // A message whose length is missing ends with F7.
        let data = track[event + 1..].iter();
        let message = data.take_while(|byte| **byte < 0x80).count();
        let behind = event + 1 + message;
        let ended = (status == SYSEX && track.get(behind) == Some(&ESCAPE)).then_some(behind + 1);
        let further = event + 1..track.len().min(event + 1 + FURTHEST);
        let all = ended.into_iter().chain(further);
        let mut whole = all.filter(|&at| is_whole(&track[at..])).peekable();
        // What ends a message or stands in one (F7, F6, …) would make a rest of half a minute.
        let first = *whole.peek()?;
        let next = whole.find(|&at| track[at] < SYSEX).unwrap_or(first);
        self.odd
            .note(event, "an event that is longer than its track", "left out");
        self.pass(delta);
        self.at = next;
        Some(())
    }

    /// An event. False: it was the end of the track.
    fn event(&mut self) -> Option<bool> {
        let delta = match std::mem::take(&mut self.headless) {
            true => 0,
            false => self.number()?,
        };
        let at = self.at;
        let status = self.peek()?;
        // Nothing of an event that is not whole counts, its delta time neither.
        match status {
            META => {
                self.at += 1;
                let kind = self.byte()?;
                let data = self.data()?;
                self.pass(delta);
                self.interrupted = true;
                return Some(self.meta(at, kind, data));
            }
            SYSEX => {
                self.at += 1;
                let data = self.data()?;
                self.pass(delta);
                self.close();
                if data.iter().any(|byte| (0x80..ESCAPE).contains(byte)) {
                    self.odd
                        .note(at, "a SysEx message with a status in it", "left out");
                } else {
                    self.send(at, &[SYSEX]);
                    self.send(at, data);
                }
                self.interrupted = true;
            }
            ESCAPE => {
                self.at += 1;
                let data = self.data()?;
                self.pass(delta);
                self.send(at, data);
                self.interrupted = true;
            }
            0xF1.. => {
                let rest = length(status).unwrap_or(1) - 1;
                self.at += 1;
                self.take(rest)?;
                self.pass(delta);
                self.odd
                    .note(at, "a system message outside of an escape", "left out");
            }
            0x80.. => {
                self.at += 1;
                self.running = Some(status);
                self.interrupted = false;
                let message = self.channel(status)?;
                self.pass(delta);
                self.push(message);
            }
            _ => match self.running {
                Some(status) => {
                    if self.interrupted {
                        self.odd.note(
                            at,
                            "running status after a meta or SysEx event",
                            "it goes on",
                        );
                        self.interrupted = false;
                    }
                    let message = self.channel(status)?;
                    self.pass(delta);
                    self.push(message);
                }
                None => {
                    self.odd
                        .note(at, "data bytes without a status", "passed over");
                    while self.peek()? < 0x80 {
                        self.at += 1;
                    }
                    self.pass(delta);
                    self.headless = true;
                }
            },
        }
        Some(true)
    }

    fn pass(&mut self, delta: u64) {
        self.track.end = self.track.end.saturating_add(delta);
    }

    /// A channel message's data.
    fn channel(&mut self, status: u8) -> Option<Vec<u8>> {
        let count = length(status).unwrap_or(1) - 1;
        let at = self.at;
        let data = self.take(count)?;
        let mut message = vec![status];
        for (place, &byte) in data.iter().enumerate() {
            if byte >= 0x80 {
                self.odd
                    .note(at + place, "a data byte above 7F", "taken as 7F");
            }
            message.push(byte.min(0x7F));
        }
        Some(message)
    }

    fn push(&mut self, message: Vec<u8>) {
        self.close();
        self.track
            .messages
            .push((self.track.end, self.group, message));
    }

    /// Bytes of a SysEx or escape event, as they would go over a cable.
    fn send(&mut self, at: usize, data: &[u8]) {
        for &byte in data {
            match byte {
                // Clocks and active sensing belong to a cable.
                0xF8.. => continue,
                SYSEX => self.open = true,
                ESCAPE => self.open = false,
                0x80.. if self.open => {
                    self.odd
                        .note(at, "a SysEx message with a status in it", "left out");
                    self.open = false;
                }
                _ => {}
            }
            if let Some(message) = self.stream.feed(byte) {
                self.track
                    .messages
                    .push((self.track.end, self.group, message.bytes().to_vec()));
            }
        }
    }

    /// Ends a System Exclusive message that has not ended.
    fn close(&mut self) {
        if !self.open {
            return;
        }
        self.open = false;
        self.odd
            .note(self.at, "a SysEx message without its end", "ended");
        if let Some(message) = self.stream.feed(ESCAPE) {
            self.track
                .messages
                .push((self.track.end, self.group, message.bytes().to_vec()));
        }
    }

    /// A meta event. False: it ends the track.
    fn meta(&mut self, at: usize, kind: u8, data: &[u8]) -> bool {
        if !is_well_formed(kind, data) {
            self.odd.note(at, "a meta event that is malformed", {
                match kind {
                    0x51 | 0x21 => "used as far as it goes",
                    _ => "passed over",
                }
            });
        }
        match (kind, data) {
            (END_OF_TRACK, _) => {
                let rest = &self.bytes[self.at..self.end];
                if !self.track.messages.is_empty() || !is_whole(rest) {
                    return false;
                }
                self.odd
                    .note(at, "an end of track before the first event", "it goes on");
            }
            (0x21, &[port, ..]) => self.group = u32::from(port & 0x7F) + 1,
            (0x51, &[a, b, c, ..]) => match u32::from_be_bytes([0, a, b, c]) {
                0 => self.odd.note(at, "a tempo of 0", "passed over"),
                tempo => self.track.tempos.push((self.track.end, tempo)),
            },
            _ => {}
        }
        true
    }

    /// Lets the notes go that sound where the track is cut off.
    fn release(&mut self) {
        let mut down: Vec<(u32, u8, u8)> = Vec::new();
        for (_, group, message) in &self.track.messages {
            let &[status, key, velocity] = &message[..] else {
                continue;
            };
            let note = (*group, status & 0xF, key);
            match status & 0xF0 {
                0x90 if velocity > 0 => down.push(note),
                0x80 | 0x90 => down.retain(|other| *other != note),
                _ => {}
            }
        }
        for (group, channel, key) in down {
            let message = vec![0x80 | channel, key, 64];
            self.track.messages.push((self.track.end, group, message));
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes[..self.end].get(self.at).copied()
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(count)?;
        let taken = self.bytes[..self.end].get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    /// A number and as many bytes.
    fn data(&mut self) -> Option<&'a [u8]> {
        let count = self.number()?;
        self.take(usize::try_from(count).ok()?)
    }

    /// A variable-length quantity.
    fn number(&mut self) -> Option<u64> {
        let at = self.at;
        let mut value: u64 = 0;
        loop {
            let byte = self.byte()?;
            value = (value << 7 | u64::from(byte & 0x7F)).min(u64::from(u32::MAX));
            if self.at - at == NUMBER + 1 {
                self.odd
                    .note(at, "a number of more than four bytes", "read to its end");
            }
            if byte < 0x80 {
                return Some(value);
            }
        }
    }
}

/// The events in `rest` begin with a status and end with the end of track, and nothing is odd about them.
pub fn is_whole(mut rest: &[u8]) -> bool {
    let mut running = None;
    loop {
        if number(&mut rest).is_none() {
            return false;
        }
        let (status, after) = match (rest, running) {
            ([status @ 0x80..=0xFF, after @ ..], _) => (*status, after),
            ([_, ..], Some(status)) => (status, rest),
            _ => return false,
        };
        rest = after;
        match status {
            META => {
                let [kind, after @ ..] = rest else {
                    return false;
                };
                rest = after;
                match (behind(rest), *kind) {
                    (Some(after), END_OF_TRACK) => return after.is_empty(),
                    (Some(after), _) => rest = after,
                    (None, _) => return false,
                }
            }
            SYSEX | ESCAPE => match behind(rest) {
                Some(after) => rest = after,
                None => return false,
            },
            0xF1.. => return false,
            _ => {
                running = Some(status);
                let count = length(status).unwrap_or(1) - 1;
                match rest.split_at_checked(count) {
                    Some((data, after)) if data.iter().all(|byte| *byte < 0x80) => rest = after,
                    _ => return false,
                }
            }
        }
    }
}

/// What follows a number and as many bytes.
fn behind(mut rest: &[u8]) -> Option<&[u8]> {
    let size = number(&mut rest)?;
    rest.get(size..)
}

/// A number of at most four bytes, taken off the front.
fn number(rest: &mut &[u8]) -> Option<usize> {
    let last = rest.iter().take(NUMBER).position(|byte| *byte < 0x80)?;
    let (bytes, after) = rest.split_at(last + 1);
    *rest = after;
    Some(
        bytes
            .iter()
            .fold(0, |value, byte| value << 7 | usize::from(byte & 0x7F)),
    )
}

/// Lengths and values as the file format has them.
fn is_well_formed(kind: u8, data: &[u8]) -> bool {
    match kind {
        0x00 => matches!(data.len(), 0 | 2),
        0x20 | 0x21 => data.len() == 1,
        END_OF_TRACK => data.is_empty(),
        0x51 => data.len() == 3,
        0x54 => match *data {
            [hours, minutes, seconds, frames, hundredths] => {
                let rate = [24, 25, 30, 30][usize::from(hours >> 5 & 3)];
                hours & 0x1F < 24
                    && minutes < 60
                    && seconds < 60
                    && frames < rate
                    && hundredths < 100
            }
            _ => false,
        },
        0x58 => data.len() == 4,
        0x59 => matches!(*data, [sharps, 0 | 1] if (-7..=7).contains(&(sharps as i8))),
        0x80.. => false,
        _ => true,
    }
}
