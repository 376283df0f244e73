// SPDX-License-Identifier: MIT OR Apache-2.0
//! Chunks of a file that is not in memory, by the rules of [`riff`].

use super::super::condition::Answers;
use super::super::raw::{Format, Sample};
use super::super::riff::{self, FourCc};
use super::Source;
use crate::mem::{NoMemory, vec};
use alloc::vec::Vec;
use core::ops::Range;

/// Bytes that are read at once where headers are looked for.
const WINDOW: usize = 1024;
/// Bytes of a small chunk that count.
const SMALL: usize = 4096;

/// A chunk of the file; positions are the file's.
pub struct Found {
    pub id: FourCc,
    /// The type of a `LIST` or `RIFF`.
    pub list: Option<FourCc>,
    /// What is in it, behind the type of a list.
    pub body: Range<usize>,
    /// Where the next chunk is looked for.
    pub next: usize,
}

/// A reader of headers, with the last bytes that it read. What cannot be read ends a list, and is [told](Self::is_broken).
pub struct Scan<'a> {
    source: &'a dyn Source,
    len: usize,
    window: Vec<u8>,
    /// Where in the file the window begins, and how much of it is filled.
    at: usize,
    filled: usize,
    broken: bool,
}

impl<'a> Scan<'a> {
    pub fn new(source: &'a dyn Source) -> Result<Self, NoMemory> {
        Ok(Self {
            source,
            // RIFF's sizes are of 32 bits: nothing lies behind.
            len: usize::try_from(source.size()).unwrap_or(usize::MAX),
            window: vec::try_filled(WINDOW, 0)?,
            at: 0,
            filled: 0,
            broken: false,
        })
    }

    /// Something could not be read: what was found is not all there is.
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// Four bytes, if they lie before `end`.
    pub fn word(&mut self, at: usize, end: usize) -> Option<FourCc> {
        let end = end.min(self.len);
        if at.checked_add(4)? > end {
            return None;
        }
        if at < self.at || at.wrapping_add(4) > self.at.saturating_add(self.filled) {
            self.fill(at)?;
        }
        let place = self.window.get(at.wrapping_sub(self.at)..)?;
        place.first_chunk().copied()
    }

    fn fill(&mut self, at: usize) -> Option<()> {
        let count = WINDOW.min(self.len.saturating_sub(at));
        (self.at, self.filled) = (at, 0);
        if self.broken || !self.read(at, count) {
            return None;
        }
        self.filled = count;
        Some(())
    }

    fn read(&mut self, at: usize, count: usize) -> bool {
        let window = self.window.get_mut(..count).unwrap_or_default();
        let read = self.source.read(at as u64, window).is_ok();
        self.broken |= !read;
        read
    }

    /// The chunk at `at`, of a list that ends at `end`.
    pub fn chunk(&mut self, at: usize, end: usize) -> Option<Found> {
        let at = riff::synchronize(at, |at| self.word(at, end))?;
        let id = self.word(at, end)?;
        let size = self.word(at.checked_add(4)?, end)?;
        let start = at.checked_add(8)?;
        let size = usize::try_from(u32::from_le_bytes(size)).ok()?;
        let stop = start.saturating_add(size).min(end);
        let mut body = start..stop;
        let mut list = None;
        if id == *b"LIST" || id == *b"RIFF" {
            list = self.word(start, stop);
            if list.is_some() {
                body.start = start.saturating_add(4);
            }
        }
        let next = riff::behind(start, stop, |at| self.word(at, end));
        Some(Found {
            id,
            list,
            body,
            next,
        })
    }

    /// The chunks of the `DLS ` form, or of the one inside of an `RMID`.
    pub fn form(&mut self) -> Option<Range<usize>> {
        let len = self.len;
        if self.word(0, len)? != *b"RIFF" {
            return None;
        }
        let size = usize::try_from(u32::from_le_bytes(self.word(4, len)?)).ok()?;
        let kind = self.word(8, len)?;
        if kind != *b"DLS " && kind != *b"RMID" {
            return None;
        }
        const BODY: usize = 12;
        let there = len.saturating_sub(BODY);
        let long = riff::form_len(size, there, |at| self.word(at.checked_add(BODY)?, len));
        let body = BODY..BODY.saturating_add(long);
        if kind == *b"DLS " {
            return Some(body);
        }
        let mut at = body.start;
        while let Some(chunk) = self.chunk(at, body.end) {
            if chunk.id == *b"RIFF" && chunk.list == Some(*b"DLS ") {
                return Some(chunk.body);
            }
            at = chunk.next;
        }
        None
    }

    /// The front of a small chunk.
    fn small(&mut self, body: &Range<usize>) -> Result<Vec<u8>, NoMemory> {
        let len = body.len().min(SMALL);
        let mut bytes = vec::try_filled(len, 0u8)?;
        let from = body.start.wrapping_sub(self.at);
        let filled = self.window.get(..self.filled);
        let inside = filled.and_then(|filled| filled.get(from..)?.get(..len));
        match inside {
            Some(inside) => bytes.copy_from_slice(inside),
            None => self.broken |= self.source.read(body.start as u64, &mut bytes).is_err(),
        }
        Ok(bytes)
    }

    /// What stands around the data of the wave whose list begins at `at`, in a pool that ends at `end`. `None`: there is no whole wave, or
    /// its condition does not hold.
    pub fn wave(
        &mut self,
        at: usize,
        end: usize,
        answers: &Answers,
    ) -> Result<Option<WaveHead>, NoMemory> {
        let whole = |found: Option<Found>| found.filter(|found| found.list == Some(*b"wave"));
        // A cue names a header, not a place to look for one.
        let Some(list) = self.word(at, end).filter(|id| id == b"LIST") else {
            return Ok(None);
        };
        let Some(list) = whole(self.chunk(at, end)).filter(|_| list == *b"LIST") else {
            return Ok(None);
        };
        let (mut format, mut sample, mut data) = (None, None, None);
        let mut at = list.body.start;
        while let Some(chunk) = self.chunk(at, list.body.end) {
            match &chunk.id {
                b"fmt " if format.is_none() => {
                    format = Some(Format::read(&self.small(&chunk.body)?))
                }
                b"wsmp" if sample.is_none() => {
                    sample = Some(Sample::read(&self.small(&chunk.body)?))
                }
                b"data" if data.is_none() => data = Some(chunk.body.clone()),
                b"cdl " if !answers.hold(&self.small(&chunk.body)?) => return Ok(None),
                _ => {}
            }
            at = chunk.next;
        }
        let (Some(format), Some(data)) = (format.flatten(), data) else {
            return Ok(None);
        };
        Ok(Some(WaveHead {
            format,
            sample: sample.flatten(),
            data,
        }))
    }
}

/// A wave without its data.
pub struct WaveHead {
    pub format: Format,
    pub sample: Option<Sample>,
    /// Where in the file the data lie.
    pub data: Range<usize>,
}
