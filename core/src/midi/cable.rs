// SPDX-License-Identifier: MIT OR Apache-2.0
//! One direction of a virtual MIDI cable: from several writers to several readers.

use super::{END_OF_SYSEX, Framer, Piece, is_real_time};
use alloc::vec::Vec;

/// Bytes that are taken from a writer in one step.
const STEP: usize = 256;
/// A byte that completes a message on running status becomes two.
const GROWTH: usize = 2;
/// Bytes of a message that an earlier step left unfinished.
const HELD: usize = 2;

/// One direction of a cable with up to `N` writers and `N` readers.
///
/// Every reader gets everything. Messages of several writers are merged whole, each with its status. A reader that has no room
/// holds the writers up, but not for longer than the direction's patience: then it misses what does not fit, until it has read again.
/// A writer inside a System Exclusive message keeps the others waiting, and just as long. Where there is no reader, everything is
/// taken and lost, as with a cable that is not plugged in.
pub struct CableDirection<const N: usize> {
    writers: [Option<Writer>; N],
    readers: [Option<Reader>; N],
    /// The writer whose System Exclusive message is on its way.
    speaker: Option<usize>,
    /// Since when a writer has been waiting.
    waiting: Option<i64>,
    patience: i64,
}

/// What has passed an end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Complete messages.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Messages that were not taken or not delivered.
    pub lost: u64,
    /// What is to be read: bytes, or events of a capture stream.
    pub waiting: usize,
}

#[derive(Default)]
struct Writer {
    framer: Framer,
    counts: Counts,
    running: bool,
}

#[derive(Default)]
struct Reader {
    /// A ring; its length is a power of two.
    ring: Vec<u8>,
    /// Counts of all bytes put in and taken out.
    written: usize,
    read: usize,
    counts: Counts,
    running: bool,
    /// Nobody waits for this reader.
    deaf: bool,
    /// The rest of a System Exclusive message is left out.
    skips: bool,
}

impl<const N: usize> CableDirection<N> {
    /// `patience`: how long a writer may be kept waiting, in the unit of the times given to [`CableDirection::write`].
    pub const fn new(patience: i64) -> Self {
        Self {
            writers: [const { None }; N],
            readers: [const { None }; N],
            speaker: None,
            waiting: None,
            patience,
        }
    }

    /// A place for a writer, which does not run yet.
    pub fn add_writer(&mut self) -> Option<usize> {
        let place = self.writers.iter().position(Option::is_none)?;
        *self.writers.get_mut(place)? = Some(Writer::default());
        Some(place)
    }

    /// A place for a reader, which does not run yet, with its buffer: a power of two bytes. The buffer comes back if there is none.
    pub fn add_reader(&mut self, ring: Vec<u8>) -> Result<usize, Vec<u8>> {
        let free = self.readers.iter_mut().enumerate();
        match free.into_iter().find(|(_, reader)| reader.is_none()) {
            Some((at, place)) if ring.len().is_power_of_two() => {
                *place = Some(Reader::new(ring));
                Ok(at)
            }
            _ => Err(ring),
        }
    }

    /// The writer goes, with what it had begun.
    pub fn remove_writer(&mut self, at: usize) {
        self.run_writer(at, false);
        if let Some(place) = self.writers.get_mut(at) {
            *place = None;
        }
    }

    /// The reader goes; its buffer, to be freed elsewhere.
    pub fn remove_reader(&mut self, at: usize) -> Option<Vec<u8>> {
        let reader = self.readers.get_mut(at)?.take()?;
        Some(reader.ring)
    }

    /// Starts or stops a writer.
    pub fn run_writer(&mut self, at: usize, running: bool) {
        if let Some(writer) = inside(&mut self.writers, at)
            && writer.running != running
        {
            writer.running = running;
            writer.framer.reset();
            if self.speaker == Some(at) {
                self.speaker = None;
            }
        }
    }

    /// Starts or stops a reader. What it has not read is forgotten.
    pub fn run_reader(&mut self, at: usize, running: bool) {
        if let Some(reader) = inside(&mut self.readers, at)
            && reader.running != running
        {
            reader.running = running;
            reader.read = reader.written;
            reader.deaf = false;
            reader.skips = false;
        }
    }

    /// Writers that run.
    pub fn speakers(&self) -> usize {
        self.writers.iter().flatten().filter(|w| w.running).count()
    }

    /// Whether a writer waits for room.
    pub fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    /// When the patience of a writer that waits for room ends, in the unit of the times given to [`CableDirection::write`].
    pub fn deadline(&self) -> Option<i64> {
        self.waiting
            .map(|since| since.saturating_add(self.patience))
    }

    /// Takes the first bytes of `bytes`: all of them or a multiple of four, at most 256, and at most `most`. Each piece also goes to
    /// `take`. Nothing is taken while there is no room, or while another writer is inside a System Exclusive message.
    pub fn write(
        &mut self,
        at: usize,
        bytes: &[u8],
        now: i64,
        most: usize,
        mut take: impl FnMut(Piece<'_>),
    ) -> usize {
        if !inside(&mut self.writers, at).is_some_and(|writer| writer.running) {
            return bytes.len();
        }
        let is_over = self
            .waiting
            .is_some_and(|since| now.saturating_sub(since) >= self.patience);
        if let Some(speaker) = self.speaker.filter(|speaker| *speaker != at) {
            if !is_over {
                return self.refuse(now);
            }
            self.interrupt(speaker);
        }
        let mut count = self.room(bytes.len(), most);
        if count == 0 && is_over {
            self.deafen();
            count = self.room(bytes.len(), most);
        }
        if count == 0 {
            return self.refuse(now);
        }
        self.waiting = None;
        let Self {
            writers, readers, ..
        } = self;
        let (Some(writer), Some(bytes)) = (inside(writers, at), bytes.get(..count)) else {
            return 0;
        };
        let Writer { framer, counts, .. } = writer;
        framer.feed(bytes, |piece| {
            count_piece(counts, piece);
            for reader in readers.iter_mut().flatten() {
                reader.put(piece);
            }
            take(piece);
        });
        let speaks = writer.framer.is_inside();
        if speaks {
            self.speaker = Some(at);
        } else if self.speaker == Some(at) {
            self.speaker = None;
        }
        count
    }

    /// Takes out up to `bytes.len()` bytes; how many.
    pub fn read(&mut self, at: usize, bytes: &mut [u8]) -> usize {
        inside(&mut self.readers, at).map_or(0, |reader| reader.take(bytes))
    }

    /// Counts of the writer at a place; zeros if there is none.
    pub fn writer_counts(&self, at: usize) -> Counts {
        let writer = self.writers.get(at).and_then(Option::as_ref);
        writer.map_or(Counts::default(), |writer| writer.counts)
    }

    /// Counts of the reader at a place; zeros if there is none.
    pub fn reader_counts(&self, at: usize) -> Counts {
        let reader = self.readers.get(at).and_then(Option::as_ref);
        reader.map_or(Counts::default(), |reader| Counts {
            waiting: reader.len(),
            ..reader.counts
        })
    }

    /// How many of `len` bytes there is room for.
    fn room(&self, len: usize, most: usize) -> usize {
        let room = self.listeners().map(Reader::room).min();
        let fits = room.map_or(usize::MAX, |room| room.saturating_sub(HELD) / GROWTH);
        let count = fits.min(most).min(STEP);
        if count >= len { len } else { count & !3 }
    }

    /// Readers that are waited for.
    fn listeners(&self) -> impl Iterator<Item = &Reader> {
        self.readers
            .iter()
            .flatten()
            .filter(|reader| reader.running && !reader.deaf)
    }

    fn refuse(&mut self, now: i64) -> usize {
        if self.waiting.is_none() {
            self.waiting = Some(now);
        }
        0
    }

    /// Cuts off a System Exclusive message that does not end: what still comes of it is ignored.
    #[inline(never)]
    fn interrupt(&mut self, speaker: usize) {
        self.speaker = None;
        if let Some(writer) = inside(&mut self.writers, speaker) {
            writer.framer.reset();
            writer.counts.lost = writer.counts.lost.wrapping_add(1);
        }
    }

    /// Nobody waits any longer for readers without room.
    #[inline(never)]
    fn deafen(&mut self) {
        for reader in self.readers.iter_mut().flatten() {
            if reader.room() < HELD + 4 * GROWTH {
                reader.deaf = true;
            }
        }
    }
}

/// What is in a place.
#[inline(always)]
fn inside<T>(places: &mut [Option<T>], at: usize) -> Option<&mut T> {
    places.get_mut(at)?.as_mut()
}

impl Reader {
    fn new(ring: Vec<u8>) -> Self {
        Self {
            ring,
            ..Self::default()
        }
    }

    fn len(&self) -> usize {
        self.written.wrapping_sub(self.read)
    }

    fn room(&self) -> usize {
        self.ring.len().saturating_sub(self.len())
    }

    /// A piece is taken whole or not at all; of a System Exclusive message the rest is left out with it. Not inlined: the framer has
    /// pieces at many places.
    #[inline(never)]
    fn put(&mut self, piece: Piece<'_>) {
        if !self.running {
            return;
        }
        let bytes = match piece {
            Piece::Message(bytes) | Piece::SysEx(bytes) | Piece::SysExEnd(bytes) => bytes,
            Piece::Abandoned => return,
        };
        // The status of any message ends what was left out.
        let first = bytes.first().copied().unwrap_or_default();
        if first >= 0x80 && !is_real_time(first) && first != END_OF_SYSEX {
            self.skips = false;
        }
        let exclusive = matches!(piece, Piece::SysEx(_) | Piece::SysExEnd(_));
        if exclusive && self.skips {
            return;
        }
        if bytes.len() > self.room() {
            self.skips |= exclusive;
            self.counts.lost = self.counts.lost.wrapping_add(1);
            return;
        }
        let mask = self.ring.len().wrapping_sub(1);
        for byte in bytes {
            if let Some(place) = self.ring.get_mut(self.written & mask) {
                *place = *byte;
            }
            self.written = self.written.wrapping_add(1);
        }
        count_piece(&mut self.counts, piece);
    }

    fn take(&mut self, bytes: &mut [u8]) -> usize {
        let count = self.len().min(bytes.len());
        let Some(mask) = self.ring.len().checked_sub(1) else {
            return 0;
        };
        for to in bytes.iter_mut().take(count) {
            if let Some(byte) = self.ring.get(self.read & mask) {
                *to = *byte;
            }
            self.read = self.read.wrapping_add(1);
        }
        if self.len() <= self.ring.len() / 2 {
            self.deaf = false;
        }
        count
    }
}

fn count_piece(counts: &mut Counts, piece: Piece<'_>) {
    let (bytes, messages) = match piece {
        Piece::Message(bytes) | Piece::SysExEnd(bytes) => (bytes, 1),
        Piece::SysEx(bytes) => (bytes, 0),
        Piece::Abandoned => (&[][..], 0),
    };
    counts.messages = counts.messages.wrapping_add(messages);
    counts.bytes = counts.bytes.wrapping_add(bytes.len() as u64);
}

#[cfg(test)]
#[path = "cable_tests.rs"]
mod tests;
