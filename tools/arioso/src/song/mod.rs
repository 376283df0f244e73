//! A song as the driver is sent it: complete messages with times.

pub mod instruments;
pub mod smf;
pub mod write;

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
    pub events: Vec<Event>,
    /// 100 ns, to the last event or the last end of a track.
    pub length: i64,
}

impl Song {
    /// Notes that start.
    pub fn notes(&self) -> usize {
        self.events
            .iter()
            .filter(|event| event.is_note_on())
            .count()
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
    pub fn is_note_on(&self) -> bool {
        matches!(self.message[..], [status, _, velocity] if status & 0xF0 == 0x90 && velocity > 0)
    }
}
