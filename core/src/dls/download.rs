// SPDX-License-Identifier: MIT OR Apache-2.0
//! DirectMusic download buffers (`dmdls.h`): DMUS_DOWNLOADINFO, an offset table, and objects that name each other by indices into
//! that table. The format has no pointers and is the same for 32-bit and 64-bit callers.
//!
//! The caller hands in its own copy of the buffer. Clients pack loosely: objects may lie at any alignment, and the buffer may end
//! in slack.

use super::articulation::{self, ArticulationError, Builder};
use super::bytes::{index, u32_at};
use super::convert::{self, Budget, OverBudget, WaveError};
use super::model;
use super::raw::{Connection, Connections, Format, Level, RegionHeader, Sample, WaveLink};
use crate::ks::dmdls::{
    DMUS_ARTICULATION, DMUS_ARTICULATION2, DMUS_DOWNLOADINFO, DMUS_DOWNLOADINFO_INSTRUMENT,
    DMUS_DOWNLOADINFO_INSTRUMENT2, DMUS_DOWNLOADINFO_ONESHOTWAVE, DMUS_DOWNLOADINFO_STREAMINGWAVE,
    DMUS_DOWNLOADINFO_WAVE, DMUS_DOWNLOADINFO_WAVEARTICULATION, DMUS_INSTRUMENT,
    DMUS_INSTRUMENT_GM_INSTRUMENT, DMUS_REGION, DMUS_WAVE, DMUS_WAVEDATA, WSMPL,
};
use crate::mem::{NoMemory, Shared, vec};
use alloc::vec::Vec;
use core::mem::offset_of;

/// Why a download buffer is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The frame: shorter than its header, or `cbSize` is not within the buffer.
    Malformed,
    /// `dwDLType` 4–6: wave articulations, streaming and one-shot waves of DirectX 8.
    Unsupported,
    /// Any other `dwDLType`.
    UnknownType,
    /// DMUS_E_BADOFFSETTABLE: the table does not fit, its first entry is not the object behind it, or an entry or index that is
    /// used leaves the buffer.
    BadOffsetTable,
    /// DMUS_E_BADINSTRUMENT: no usable region, or regions in a circle.
    BadInstrument,
    /// DMUS_E_BADARTICULATION
    BadArticulation,
    /// DMUS_E_BADWAVE
    BadWave,
    /// DMUS_E_NOTPCM
    NotPcm,
    /// DMUS_E_NOTMONO
    NotMono,
    /// More than the budget allows.
    TooLarge,
    /// No memory for what the buffer becomes.
    NoMemory,
}

impl From<NoMemory> for Error {
    fn from(_: NoMemory) -> Self {
        Self::NoMemory
    }
}

impl From<OverBudget> for Error {
    fn from(_: OverBudget) -> Self {
        Self::TooLarge
    }
}

impl From<ArticulationError> for Error {
    fn from(error: ArticulationError) -> Self {
        match error {
            ArticulationError::TooManyConnections => Self::BadArticulation,
            ArticulationError::NoMemory => Self::NoMemory,
        }
    }
}

impl From<WaveError> for Error {
    fn from(error: WaveError) -> Self {
        match error {
            WaveError::NotPcm => Self::NotPcm,
            WaveError::NotMono => Self::NotMono,
            // A buffer is always readable.
            WaveError::Malformed | WaveError::Unreadable => Self::BadWave,
            WaveError::TooLarge => Self::TooLarge,
            WaveError::NoMemory => Self::NoMemory,
        }
    }
}

/// What a buffer holds.
#[derive(Debug)]
pub enum Download {
    /// `DMUS_DOWNLOADINFO_INSTRUMENT` or `_INSTRUMENT2`.
    Instrument(Instrument),
    /// `DMUS_DOWNLOADINFO_WAVE`
    Wave(Wave),
}

/// An instrument whose waves are still ids.
#[derive(Debug)]
pub struct Instrument {
    /// `dwDLId`
    pub id: u32,
    /// DirectMusic patch.
    pub patch: u32,
    /// DMUS_INSTRUMENT_GM_INSTRUMENT
    pub gm: bool,
    /// At least one.
    pub regions: Vec<Region>,
}

/// A region of an instrument, its wave still an id.
#[derive(Debug)]
pub struct Region {
    /// As it stands in the buffer.
    pub header: RegionHeader,
    /// Lowest and highest key and velocity, checked.
    pub ranges: ((u8, u8), (u8, u8)),
    /// `table_index` is the `dwDLId` of the wave's download.
    pub link: WaveLink,
    /// The region's own `WSMPL`, if it has one.
    pub sample: Option<Sample>,
    /// The region's articulation, else the instrument's, else the defaults.
    pub articulation: Shared<model::Articulation>,
}

/// A wave.
#[derive(Debug)]
pub struct Wave {
    /// `dwDLId`
    pub id: u32,
    /// Ready to be played.
    pub wave: model::Wave,
}

/// Reads a buffer. Takes time linear in its length, and takes what it builds from `budget`.
pub fn parse(buffer: &[u8], budget: &mut Budget) -> Result<Download, Error> {
    let field = |at| u32_at(buffer, at).ok_or(Error::Malformed);
    let kind = field(offset_of!(DMUS_DOWNLOADINFO, dwDLType))?;
    let id = field(offset_of!(DMUS_DOWNLOADINFO, dwDLId))?;
    let entries = field(offset_of!(DMUS_DOWNLOADINFO, dwNumOffsetTableEntries))?;
    let size = field(offset_of!(DMUS_DOWNLOADINFO, cbSize))?;
    let buffer = buffer.get(..index(size)).ok_or(Error::Malformed)?;
    let objects = Objects::new(buffer, entries)?;
    match kind {
        DMUS_DOWNLOADINFO_INSTRUMENT => {
            instrument(&objects, id, Version::One, budget).map(Download::Instrument)
        }
        DMUS_DOWNLOADINFO_WAVE => wave(&objects, id, budget).map(Download::Wave),
        DMUS_DOWNLOADINFO_INSTRUMENT2 => {
            instrument(&objects, id, Version::Two, budget).map(Download::Instrument)
        }
        DMUS_DOWNLOADINFO_WAVEARTICULATION
        | DMUS_DOWNLOADINFO_STREAMINGWAVE
        | DMUS_DOWNLOADINFO_ONESHOTWAVE => Err(Error::Unsupported),
        _ => Err(Error::UnknownType),
    }
}

/// DMUS_ARTICULATION or DMUS_ARTICULATION2.
#[derive(Clone, Copy)]
enum Version {
    One,
    Two,
}

/// The offset table lies behind it.
const HEADER: usize = size_of::<DMUS_DOWNLOADINFO>();

/// The offset table and what it points into.
struct Objects<'a> {
    buffer: &'a [u8],
    /// Offset of the first byte behind the table.
    start: usize,
    count: usize,
}

impl<'a> Objects<'a> {
    fn new(buffer: &'a [u8], entries: u32) -> Result<Self, Error> {
        let count = index(entries);
        let start = count
            .checked_mul(4)
            .and_then(|table| table.checked_add(HEADER))
            .ok_or(Error::BadOffsetTable)?;
        if count == 0 || start > buffer.len() {
            return Err(Error::BadOffsetTable);
        }
        let objects = Self {
            buffer,
            start,
            count,
        };
        if objects.offset(0) != Some(start) {
            return Err(Error::BadOffsetTable);
        }
        Ok(objects)
    }

    fn offset(&self, entry: usize) -> Option<usize> {
        if entry >= self.count {
            return None;
        }
        u32_at(self.buffer, entry.checked_mul(4)?.checked_add(HEADER)?).map(index)
    }

    /// From the main object to the buffer's end.
    fn main(&self) -> &'a [u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    /// From the object with that index to the buffer's end; `None` for index 0, which means no object.
    fn get(&self, entry: u32) -> Result<Option<&'a [u8]>, Error> {
        if entry == 0 {
            return Ok(None);
        }
        let offset = self
            .offset(index(entry))
            .filter(|&offset| offset >= self.start);
        let object = offset
            .and_then(|offset| self.buffer.get(offset..))
            .filter(|object| !object.is_empty());
        object.map(Some).ok_or(Error::BadOffsetTable)
    }

    /// Follows a list from object to object. More steps than there are objects are a circle.
    fn walk(&self, first: u32) -> Walk<'_, 'a> {
        Walk {
            objects: self,
            next: first,
            steps: self.count,
        }
    }
}

struct Walk<'o, 'a> {
    objects: &'o Objects<'a>,
    next: u32,
    steps: usize,
}

impl<'a> Walk<'_, 'a> {
    /// The next object, whose own link lies at `link`. `circle` is the error for a list without an end, or for a link that is
    /// cut off.
    fn step(&mut self, link: usize, circle: Error) -> Result<Option<&'a [u8]>, Error> {
        let Some(object) = self.objects.get(self.next)? else {
            return Ok(None);
        };
        self.steps = self.steps.checked_sub(1).ok_or(circle)?;
        self.next = u32_at(object, link).ok_or(circle)?;
        Ok(Some(object))
    }
}

/// DMUS_INSTRUMENT
fn instrument(
    objects: &Objects,
    id: u32,
    version: Version,
    budget: &mut Budget,
) -> Result<Instrument, Error> {
    let field = |at| u32_at(objects.main(), at).ok_or(Error::BadInstrument);
    let patch = field(offset_of!(DMUS_INSTRUMENT, ulPatch))?;
    let first_region = field(offset_of!(DMUS_INSTRUMENT, ulFirstRegionIdx))?;
    let global = field(offset_of!(DMUS_INSTRUMENT, ulGlobalArtIdx))?;
    let flags = field(offset_of!(DMUS_INSTRUMENT, ulFlags))?;
    let mut articulations = Articulations {
        objects,
        version,
        built: Vec::new(),
        work: (objects.buffer.len() / Connection::SIZE).saturating_mul(4),
    };
    let mut regions = Vec::new();
    let mut walk = objects.walk(first_region);
    while let Some(object) = walk.step(
        offset_of!(DMUS_REGION, ulNextRegionIdx),
        Error::BadInstrument,
    )? {
        let header = RegionHeader::read(object).ok_or(Error::BadInstrument)?;
        let link = object
            .get(offset_of!(DMUS_REGION, WaveLink)..)
            .and_then(WaveLink::read)
            .ok_or(Error::BadInstrument)?;
        let own =
            u32_at(object, offset_of!(DMUS_REGION, ulRegionArtIdx)).ok_or(Error::BadInstrument)?;
        let (Some(keys), Some(velocities)) = (
            convert::range(header.keys),
            convert::velocity_range(header.velocities),
        ) else {
            continue;
        };
        budget.take(size_of::<model::Region>())?;
        let region = Region {
            header,
            ranges: (keys, velocities),
            link,
            sample: object.get(offset_of!(DMUS_REGION, WSMP)..).and_then(sample),
            articulation: articulations.get(if own == 0 { global } else { own }, budget)?,
        };
        vec::try_push(&mut regions, region)?;
    }
    // An instrument may say that it has none; the page finds that acceptable.
    if regions.is_empty() && first_region != 0 {
        return Err(Error::BadInstrument);
    }
    Ok(Instrument {
        id,
        patch: patch & convert::PATCH_MASK,
        gm: flags & DMUS_INSTRUMENT_GM_INSTRUMENT != 0,
        regions,
    })
}

/// WSMPL of a region. Clients whose region has none leave it zeroed.
fn sample(data: &[u8]) -> Option<Sample> {
    Sample::read(data).filter(|_| u32_at(data, offset_of!(WSMPL, cbSize)) != Some(0))
}

/// Articulations by the index of their first object: many regions may name one.
struct Articulations<'o, 'a> {
    objects: &'o Objects<'a>,
    version: Version,
    /// Sorted by index.
    built: Vec<(u32, Shared<model::Articulation>)>,
    /// Connections that may still be read: lists that share their tails could otherwise take quadratic time.
    work: usize,
}

impl Articulations<'_, '_> {
    fn get(
        &mut self,
        first: u32,
        budget: &mut Budget,
    ) -> Result<Shared<model::Articulation>, Error> {
        let at = self.built.partition_point(|b| b.0 < first);
        if let Some((_, built)) = self.built.get(at).filter(|b| b.0 == first) {
            return Ok(built.clone());
        }
        let mut builder = Builder::new()?;
        match self.version {
            Version::One => self.read_v1(first, &mut builder)?,
            Version::Two => self.read_v2(first, &mut builder)?,
        }
        let articulation = builder.finish();
        budget.take(articulation::cost(&articulation))?;
        let articulation = Shared::try_new(articulation)?;
        vec::try_insert(&mut self.built, at, (first, articulation.clone()))?;
        Ok(articulation)
    }

    /// DMUS_ARTICULATION → DMUS_ARTICPARAMS
    fn read_v1(&mut self, first: u32, builder: &mut Builder) -> Result<(), Error> {
        let Some(object) = self.objects.get(first)? else {
            return Ok(());
        };
        let params = u32_at(object, offset_of!(DMUS_ARTICULATION, ulArt1Idx))
            .ok_or(Error::BadArticulation)?;
        let Some(params) = self.objects.get(params)? else {
            return Ok(());
        };
        for connection in articulation::articparams(params).ok_or(Error::BadArticulation)? {
            builder.add(Level::One, &connection)?;
        }
        Ok(())
    }

    /// DMUS_ARTICULATION2, a list of CONNECTIONLISTs. They come from `art1` and `art2` alike and do not say from which, so what
    /// is bipolar by nature counts as such.
    fn read_v2(&mut self, first: u32, builder: &mut Builder) -> Result<(), Error> {
        let mut walk = self.objects.walk(first);
        let next = offset_of!(DMUS_ARTICULATION2, ulNextArtIdx);
        while let Some(object) = walk.step(next, Error::BadArticulation)? {
            self.work = self.work.checked_sub(1).ok_or(Error::BadArticulation)?;
            let connections = u32_at(object, offset_of!(DMUS_ARTICULATION2, ulArtIdx))
                .ok_or(Error::BadArticulation)?;
            let Some(connections) = self.objects.get(connections)? else {
                continue;
            };
            for connection in Connections::read(connections).ok_or(Error::BadArticulation)? {
                self.work = self.work.checked_sub(1).ok_or(Error::BadArticulation)?;
                builder.add(Level::One, &connection)?;
            }
        }
        Ok(())
    }
}

/// DMUS_WAVE → DMUS_WAVEDATA
fn wave(objects: &Objects, id: u32, budget: &mut Budget) -> Result<Wave, Error> {
    let main = objects.main();
    let data = u32_at(main, offset_of!(DMUS_WAVE, ulWaveDataIdx)).ok_or(Error::BadWave)?;
    let format = main
        .get(offset_of!(DMUS_WAVE, WaveformatEx)..)
        .and_then(Format::read)
        .ok_or(Error::BadWave)?;
    let data = objects.get(data)?.ok_or(Error::BadWave)?;
    let size = u32_at(data, offset_of!(DMUS_WAVEDATA, cbSize)).ok_or(Error::BadWave)?;
    let data = data
        .get(offset_of!(DMUS_WAVEDATA, byData)..)
        .and_then(|samples| samples.get(..index(size)))
        .ok_or(Error::BadWave)?;
    Ok(Wave {
        id,
        wave: convert::wave(&format, data, None, budget)?,
    })
}

#[cfg(test)]
#[path = "download_tests.rs"]
pub(crate) mod tests;
