// SPDX-License-Identifier: MIT OR Apache-2.0
//! A DLS file of which only what is selected comes into memory.
//!
//! [`LazyBank::open`] reads the list of instruments and the pool's table, in a few reads however many waves there are. What it gives are
//! instruments without regions, which say by their [`Demand`] what they need. [`LazyBank::work`] looks at
//! these demands, at PASSIVE_LEVEL, and reads: first what notes wait for, then the rest of what was selected. Regions stay; waves go when
//! there is no room for another one and nobody plays them, the one first that has not been used for longest.
//!
//! What cannot be read costs the instrument that needs it.

mod scan;
#[cfg(test)]
mod tests;

use super::convert::{self, Budget, WaveError};
use super::file::{Collection, Error, Limits, Loader, Refused, WavePool};
use super::model::demand::{Demand, LazyWave, Slot, State, Uses};
use super::model::{Articulation, DRUM_KIT, Instrument, Regions, Wave};
use crate::mem::{NoMemory, Shared, TryBox, vec};
use alloc::vec::Vec;
use core::ops::Range;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use scan::Scan;

/// The file could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

/// A file that is read piece by piece, at PASSIVE_LEVEL.
pub trait Source {
    /// Bytes that it has.
    fn size(&self) -> u64;

    /// Fills `into` from `at` on.
    fn read(&self, at: u64, into: &mut [u8]) -> Result<(), Unreadable>;

    /// Lets others run for a moment.
    fn pause(&self) {}

    /// Nothing more is to be read.
    fn is_stopped(&self) -> bool {
        false
    }
}

/// What has been loaded. Any context may look.
#[derive(Debug, Default)]
pub struct Counts {
    /// Waves in memory.
    pub waves: AtomicU32,
    /// Bytes that they take.
    pub bytes: AtomicU64,
    /// Waves that were loaded, each time they were.
    pub loaded: AtomicU64,
    /// Waves that made room for others.
    pub evicted: AtomicU64,
    /// Instruments and waves that could not be read.
    pub broken: AtomicU32,
    /// Waves for which there was no room.
    pub refused: AtomicU32,
}

/// Bytes of lists and tables that a file may have, and of the regions that they become.
const STRUCTURE: usize = 64 << 20;
/// Bytes of waves that are read at once.
const PIECE: usize = 256 << 10;

/// An instrument of the file.
#[derive(Debug)]
struct Entry {
    /// Its place among the file's instruments.
    index: usize,
    instrument: Shared<Instrument>,
    /// The instrument's.
    demand: Shared<Demand>,
}

/// The instrument that is being completed.
#[derive(Debug)]
struct Current {
    entry: usize,
    /// The use that it counts as.
    round: u64,
    /// The next region.
    next: usize,
    /// What could not be read is tried again.
    again: bool,
}

/// A wave by its offset into the wave pool; `None` for one that cannot be used.
type Known = (u32, Option<Shared<Wave>>);

/// What is known of a file, and what has been loaded.
#[derive(Debug)]
pub struct LazyBank {
    entries: Vec<Entry>,
    current: Option<Current>,
    contents: Contents,
}

/// What is not asked for by instruments.
#[derive(Debug)]
struct Contents {
    /// The file's lists and tables, with an empty wave pool.
    structure: Vec<u8>,
    limits: Limits,
    /// Where the wave pool lies in the file.
    pool: Range<usize>,
    /// Sorted by offset.
    waves: Vec<Known>,
    plain: Option<Shared<Articulation>>,
    refused: Refused,
    /// Of regions and articulations.
    budget: Budget,
    uses: Shared<Uses>,
    /// Bytes of waves in memory.
    bytes: usize,
}

impl LazyBank {
    /// Reads the structure of a file. `limits.bytes` bounds the waves that are in memory at a time.
    pub fn open(source: &dyn Source, limits: Limits) -> Result<Self, Error> {
        let mut scan = Scan::new(source)?;
        let (structure, pool) = structure(&mut scan, source)?;
        let uses = Shared::try_new(Uses::default())?;
        let collection = Collection::parse(&structure, limits.answers)?;
        let entries = entries(&collection)?;
        // Its own condition may forbid it.
        let pool = if collection.has_pool() { pool } else { 0..0 };
        Ok(Self {
            entries,
            current: None,
            contents: Contents {
                structure,
                limits,
                pool,
                waves: Vec::new(),
                plain: None,
                refused: Refused::default(),
                budget: Budget::new(STRUCTURE),
                uses,
                bytes: 0,
            },
        })
    }

    /// The instruments, in the file's order, to be put into a table.
    pub fn instruments(&self) -> Result<Vec<Shared<Instrument>>, NoMemory> {
        vec::try_collect(self.entries.iter().map(|entry| entry.instrument.clone()))
    }

    /// Waves that could not be used, by the reason, so far.
    pub fn refused(&self) -> Refused {
        self.contents.refused
    }

    /// Reads what is wanted, until nothing is or the source stops.
    pub fn work(&mut self, source: &dyn Source, counts: &Counts) {
        let mut job = Job {
            source,
            counts,
            buffer: Vec::new(),
        };
        while !source.is_stopped() && (self.serve_notes(&mut job) || self.complete_one(&mut job)) {}
    }

    /// Loads what notes wait for; whether there was anything.
    fn serve_notes(&mut self, job: &mut Job) -> bool {
        let mut any = false;
        for entry in &self.entries {
            let demand = &entry.demand;
            let keys = demand.take_keys();
            if keys == 0 {
                continue;
            }
            any = true;
            // What is selected anew is tried anew, and once.
            let selected = demand.take_selected();
            let again = selected == Some(true);
            if selected.is_some() {
                demand.leave_rest();
            }
            let Some(instrument) = self.contents.build(entry, job, again) else {
                continue;
            };
            let round = self.contents.uses.next();
            for region in &instrument.regions {
                let (low, high) = region.keys;
                if keys >> low << low & u128::MAX >> (127 - high.min(127)) != 0 {
                    self.contents.load(&region.wave, round, job, again);
                }
            }
        }
        any
    }

    /// Loads one more wave of what was selected; false if there is none.
    fn complete_one(&mut self, job: &mut Job) -> bool {
        let current = self.current.take().or_else(|| {
            let mut entries = self.entries.iter().enumerate();
            let (entry, again) =
                entries.find_map(|(at, entry)| Some((at, entry.demand.take_selected()?)))?;
            Some(Current {
                entry,
                round: self.contents.uses.next(),
                next: 0,
                again,
            })
        });
        let Some(mut current) = current else {
            return false;
        };
        let again = current.again;
        let entry = self.entries.get(current.entry);
        let built =
            entry.and_then(|entry| self.contents.build(entry, job, again && current.next == 0));
        let Some(instrument) = built else {
            return true;
        };
        while let Some(region) = instrument.regions.get(current.next) {
            current.next = current.next.saturating_add(1);
            if region.wave.state() != State::Here {
                self.contents.load(&region.wave, current.round, job, again);
                self.current = Some(current);
                break;
            }
            if let Some(lazy) = &region.wave.lazy {
                lazy.touch();
            }
        }
        true
    }
}

impl Contents {
    /// The instrument with its regions, read if it is not there. One that could not be read is only tried `again` when it is selected.
    fn build(&mut self, entry: &Entry, job: &mut Job, again: bool) -> Option<Shared<Instrument>> {
        let demand = &entry.demand;
        match demand.state() {
            State::Here => return demand.slot.get(),
            State::Broken if !again => return None,
            _ => {}
        }
        let built = self.read_instrument(entry, job.source);
        let slot = &demand.slot;
        match built {
            Ok(Some(instrument)) => {
                slot.put(instrument.clone(), || job.source.pause());
                return Some(instrument);
            }
            Err(Error::NoMemory | Error::TooLarge) => {
                job.counts.refused.fetch_add(1, Ordering::Relaxed);
                slot.fail(State::Refused);
            }
            Ok(None) | Err(_) => {
                job.counts.broken.fetch_add(1, Ordering::Relaxed);
                slot.fail(State::Broken);
            }
        }
        None
    }

    fn read_instrument(
        &mut self,
        entry: &Entry,
        source: &dyn Source,
    ) -> Result<Option<Shared<Instrument>>, Error> {
        let patch = entry.instrument.patch;
        let collection = Collection::parse(&self.structure, self.limits.answers)?;
        let Some(raw) = collection.instruments().nth(entry.index) else {
            return Ok(None);
        };
        let mut loader = Loader {
            pool: OnDisk {
                scan: Scan::new(source)?,
                pool: self.pool.clone(),
                limits: self.limits,
                uses: &self.uses,
            },
            collection: &collection,
            budget: self.budget,
            waves: core::mem::take(&mut self.waves),
            plain: self.plain.take(),
            refused: self.refused,
        };
        let mut built = loader.instrument(&raw);
        if let Ok(Some(instrument)) = &mut built
            && instrument.patch & DRUM_KIT != 0
            && let Some(aliases) = collection.aliases()
            && let Err(error) = aliases.add_keys(instrument, &mut loader.budget)
        {
            built = Err(error);
        }
        let budget = loader.budget;
        (self.waves, self.plain) = (loader.waves, loader.plain);
        self.refused = loader.refused;
        let Some(instrument) = built? else {
            return Ok(None);
        };
        self.budget = budget;
        let named = Instrument {
            patch,
            ..instrument
        };
        Ok(Some(Shared::try_new(named)?))
    }

    /// Loads a wave, in `round`: what was used in it makes no room. One that could not be read is only tried `again` when it is selected.
    fn load(&mut self, wave: &Shared<Wave>, round: u64, job: &mut Job, again: bool) {
        let Some(lazy) = &wave.lazy else { return };
        lazy.touch();
        match lazy.state() {
            State::Here => return,
            State::Broken if !again => return,
            _ => {}
        }
        let state = match self.read_wave(wave, lazy, round, job) {
            Ok(loaded) => {
                self.bytes = self.bytes.saturating_add(Wave::size(lazy.frames));
                job.counts.waves.fetch_add(1, Ordering::Relaxed);
                job.counts.loaded.fetch_add(1, Ordering::Relaxed);
                job.counts.bytes.store(self.bytes as u64, Ordering::Relaxed);
                return lazy.slot.put(loaded, || job.source.pause());
            }
            // Whatever was to be read then is still to be read.
            Err(_) if job.source.is_stopped() => return,
            Err(Error::Unreadable) => State::Broken,
            Err(_) => State::Refused,
        };
        let count = match state {
            State::Broken => &job.counts.broken,
            _ => &job.counts.refused,
        };
        count.fetch_add(1, Ordering::Relaxed);
        lazy.slot.fail(state);
    }

    fn read_wave(
        &mut self,
        wave: &Wave,
        lazy: &LazyWave,
        round: u64,
        job: &mut Job,
    ) -> Result<Shared<Wave>, Error> {
        let size = Wave::size(lazy.frames);
        while self.bytes.saturating_add(size) > self.limits.bytes {
            if !self.evict(round, job) {
                return Err(Error::TooLarge);
            }
        }
        let mut frames = loop {
            match Wave::frames_for(lazy.frames) {
                Ok(frames) => break frames,
                Err(NoMemory) if self.evict(round, job) => {}
                Err(NoMemory) => return Err(Error::NoMemory),
            }
        };
        job.read(lazy, &mut frames)?;
        Wave::guard(&mut frames)?;
        Ok(Shared::try_new(Wave {
            rate: wave.rate,
            frames,
            sample: wave.sample,
            lazy: None,
        })?)
    }

    /// Frees the wave that has not been used for longest, of those that nobody plays and that were not used in this round or later. False if
    /// there is none.
    fn evict(&mut self, round: u64, job: &Job) -> bool {
        loop {
            let candidates = self.waves.iter().filter_map(|(_, wave)| {
                let lazy = wave.as_ref()?.lazy.as_deref()?;
                let used = lazy.used.load(Ordering::Relaxed);
                (lazy.state() == State::Here && used < round).then_some((used, lazy))
            });
            let Some((_, oldest)) = candidates.min_by_key(|candidate| candidate.0) else {
                return false;
            };
            if let Some(wave) = oldest.slot.take_unused(|| job.source.pause()) {
                drop(wave);
                self.bytes = self.bytes.saturating_sub(Wave::size(oldest.frames));
                job.counts.waves.fetch_sub(1, Ordering::Relaxed);
                job.counts.evicted.fetch_add(1, Ordering::Relaxed);
                job.counts.bytes.store(self.bytes as u64, Ordering::Relaxed);
                return true;
            }
            // It sounds, which is a use.
            oldest.touch();
        }
    }
}

/// One run of the loader.
struct Job<'a> {
    source: &'a dyn Source,
    counts: &'a Counts,
    /// A piece of a file; made when it is needed, and gone with the run.
    buffer: Vec<u8>,
}

impl Job<'_> {
    /// Appends the frames of a wave.
    fn read(&mut self, lazy: &LazyWave, frames: &mut Vec<i16>) -> Result<(), Error> {
        if self.buffer.is_empty() {
            self.buffer = vec::try_filled(PIECE, 0)?;
        }
        let (mut at, mut left) = (lazy.at, lazy.bytes);
        while left > 0 {
            if self.source.is_stopped() {
                return Err(Error::Unreadable);
            }
            let count = left.min(PIECE);
            let piece = self.buffer.get_mut(..count).unwrap_or_default();
            let read = self.source.read(at, piece);
            read.map_err(|Unreadable| Error::Unreadable)?;
            convert::append(frames, lazy.bits, piece)?;
            at = at.saturating_add(count as u64);
            left = left.saturating_sub(count);
        }
        Ok(())
    }
}

/// The pool of a file that is not in memory: waves without their frames.
struct OnDisk<'a> {
    scan: Scan<'a>,
    pool: Range<usize>,
    limits: Limits,
    uses: &'a Shared<Uses>,
}

impl WavePool for OnDisk<'_> {
    fn find(&mut self, offset: u32, budget: &mut Budget) -> Result<Option<Wave>, WaveError> {
        let at = usize::try_from(offset)
            .ok()
            .and_then(|offset| self.pool.start.checked_add(offset));
        let at = at.filter(|at| *at < self.pool.end);
        let Some(at) = at else { return Ok(None) };
        let head = self.scan.wave(at, self.pool.end, &self.limits.answers)?;
        if self.scan.is_broken() {
            return Err(WaveError::Unreadable);
        }
        let Some(head) = head else { return Ok(None) };
        let frames = match convert::frame_count(&head.format, head.data.len()) {
            // It costs its regions, not the instrument.
            Err(WaveError::TooLarge) => Err(WaveError::Malformed),
            other => other,
        }?;
        let bytes = size_of::<Wave>().saturating_add(size_of::<LazyWave>());
        budget.take(bytes).map_err(|_| WaveError::TooLarge)?;
        let width = usize::from(head.format.bits / 8);
        let lazy = LazyWave {
            slot: Slot::new(),
            frames,
            at: head.data.start as u64,
            bytes: frames.saturating_mul(width),
            bits: head.format.bits,
            used: AtomicU64::new(0),
            uses: self.uses.clone(),
        };
        Ok(Some(Wave {
            rate: head.format.rate,
            frames: Vec::new(),
            sample: convert::sample(head.sample.as_ref(), frames),
            lazy: Some(TryBox::try_new(lazy)?),
        }))
    }
}

/// The chunks of a file that its structure consists of, and where its wave pool lies.
fn structure(scan: &mut Scan, source: &dyn Source) -> Result<(Vec<u8>, Range<usize>), Error> {
    let unreadable = |scan: &Scan, error| match scan.is_broken() {
        true => Error::Unreadable,
        false => error,
    };
    let Some(form) = scan.form() else {
        return Err(unreadable(scan, Error::NotDls));
    };
    let mut pool = None;
    let mut parts = Vec::new();
    let mut total = HEADER;
    let mut at = form.start;
    while let Some(chunk) = scan.chunk(at, form.end) {
        at = chunk.next;
        let kept = match (&chunk.id, chunk.list.as_ref()) {
            (b"LIST", Some(b"wvpl")) if pool.is_none() => {
                // A condition is looked for at its front only, so that not all waves are walked.
                let first = scan.chunk(chunk.body.start, chunk.body.end);
                pool = Some(chunk.body.clone());
                first
                    .filter(|first| first.id == *b"cdl ")
                    .map_or(0..0, |first| first.body)
            }
            (b"LIST", Some(b"lins")) | (b"ptbl" | b"pgal" | b"cdl ", _) => chunk.body.clone(),
            _ => continue,
        };
        total = total.saturating_add(kept.len()).saturating_add(PART);
        if total > STRUCTURE {
            return Err(Error::TooLarge);
        }
        vec::try_push(&mut parts, (chunk.id, chunk.list, kept))?;
    }
    if scan.is_broken() {
        return Err(Error::Unreadable);
    }
    let mut out = vec::try_with_capacity(total)?;
    vec::try_extend(&mut out, b"RIFF\0\0\0\0DLS ")?;
    for (id, list, kept) in parts {
        let is_pool = list == Some(*b"wvpl");
        let condition = is_pool && !kept.is_empty();
        // An empty chunk in a pool that may be used: it shows that no condition has taken it away.
        let inner = kept.len() + if condition { 8 } else { 0 } + if is_pool { 8 } else { 0 };
        let size = inner + if list.is_some() { 4 } else { 0 };
        let sizes = [size, kept.len()].map(|size| (size as u32).to_le_bytes());
        let [size, of_condition] = &sizes;
        let kind = list.as_ref().map_or(&[][..], |kind| &kind[..]);
        let empty: &[u8] = if is_pool { b"data\0\0\0\0" } else { &[] };
        let (name, of_condition): (&[u8], &[u8]) = if condition {
            (b"cdl ", of_condition)
        } else {
            (&[], &[])
        };
        for part in [&id[..], size, kind, empty, name, of_condition] {
            vec::try_extend(&mut out, part)?;
        }
        let from = out.len();
        vec::try_fill(&mut out, kept.len(), 0)?;
        let place = out.get_mut(from..).unwrap_or_default();
        let read = source.read(kept.start as u64, place);
        read.map_err(|Unreadable| Error::Unreadable)?;
        if out.len() % 2 == 1 {
            vec::try_push(&mut out, 0)?;
        }
    }
    Ok((out, pool.unwrap_or(0..0)))
}

/// Bytes in front of the structure's chunks, and around each of them at most.
const HEADER: usize = 12;
const PART: usize = 32;

/// The file's instruments, and those that sound as others do.
fn entries(collection: &Collection) -> Result<Vec<Entry>, Error> {
    let mut entries = Vec::new();
    let push = |entries: &mut Vec<Entry>, index, patch| -> Result<(), NoMemory> {
        let demand = Shared::try_new(Demand::new())?;
        let instrument = Instrument {
            patch,
            gm: false,
            regions: Regions::default(),
            demand: Some(demand.clone()),
        };
        let entry = Entry {
            index,
            instrument: Shared::try_new(instrument)?,
            demand,
        };
        vec::try_push(entries, entry)
    };
    for (index, raw) in collection.instruments().enumerate() {
        push(&mut entries, index, raw.patch())?;
    }
    if let Some(aliases) = collection.aliases() {
        for (alias, source) in aliases.programs() {
            let find = |patch| entries.iter().find(|e| e.instrument.patch == patch);
            if let (None, Some(found)) = (find(alias), find(source)) {
                let index = found.index;
                push(&mut entries, index, alias)?;
            }
        }
    }
    Ok(entries)
}
