// SPDX-License-Identifier: MIT OR Apache-2.0
//! A song as the driver is sent it: complete messages with times.

pub mod corpus;
pub mod instruments;
pub mod smf;
pub mod write;

use std::collections::{BTreeMap, BTreeSet};

/// 100 ns units in a second.
pub const SECOND: i64 = 10_000_000;

/// One MIDI message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// 100 ns from the song's start.
    pub time: i64,
    /// Channel group, 1-based.
    pub group: u32,
    /// A complete message with its status byte; System Exclusive with F0 and F7.
    pub message: Vec<u8>,
}

/// Events in the order of time; those of one time in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Song {
    /// The messages of all groups.
    pub events: Vec<Event>,
    /// 100 ns, to the last event or the last end of a track.
    pub length: i64,
    /// Instruments that came with it.
    pub bank: Option<smf::EmbeddedBank>,
}

impl Song {
    /// Songs that last longer are played on demand only. What they fill is as much as a WAV file can hold at 48 kHz.
    pub const LONGEST: i64 = 6 * 3600 * SECOND;

    /// Lets the notes end that nothing ends: with the song, and not before a second.
    pub fn end_notes(&mut self) {
        let mut down: BTreeMap<(u32, u8, u8), i64> = BTreeMap::new();
        for event in &self.events {
            if let [status @ 0x80..0xA0, key, _] = event.message[..] {
                let note = (event.group, status & 0xF, key);
                match event.is_note_on() {
                    true => down.insert(note, event.time),
                    false => down.remove(&note),
                };
            }
        }
        for ((group, channel, key), start) in down {
            self.events.push(Event {
                time: self.length.max(start.saturating_add(SECOND)),
                group,
                message: vec![0x80 | channel, key, 64],
            });
        }
        self.events.sort_by_key(|event| event.time);
        let last = self.events.last().map_or(0, |event| event.time);
        self.length = self.length.max(last);
    }

    /// Notes that start.
    pub fn notes(&self) -> usize {
        self.events
            .iter()
            .filter(|event| event.is_note_on())
            .count()
    }

    /// The longest time in which nothing happens: its beginning and its length, 100 ns.
    pub fn longest_rest(&self) -> (i64, i64) {
        let times = self.events.iter().map(|event| event.time);
        let ends = times.clone().chain([self.length]);
        std::iter::once(0)
            .chain(times)
            .zip(ends)
            .map(|(start, end)| (start, end - start))
            .max_by_key(|(_, rest)| *rest)
            .unwrap_or_default()
    }

    /// Channel groups that something is sent to.
    pub fn used_groups(&self) -> BTreeSet<u32> {
        self.events.iter().map(|event| event.group).collect()
    }

    /// Channel groups that the song needs.
    pub fn groups(&self) -> u32 {
        self.events
            .iter()
            .map(|event| event.group)
            .max()
            .unwrap_or(1)
    }
}

impl Event {
    /// A Note On that is no Note Off in disguise: its velocity is above 0.
    pub fn is_note_on(&self) -> bool {
        matches!(self.message[..], [status, _, velocity] if status & 0xF0 == 0x90 && velocity > 0)
    }
}
