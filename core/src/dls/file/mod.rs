// SPDX-License-Identifier: MIT OR Apache-2.0
//! DLS files: views that read the file in place, and [`load()`], which makes instruments of it.
//!
//! Views skip what they do not know, and lists whose condition does not hold. They find chunks in any order.
//!
//! ```
//! use arioso_core::dls::condition::Answers;
//! use arioso_core::dls::file::Collection;
//! # fn chunk(id: &[u8; 4], data: &[u8]) -> Vec<u8> {
//! #     [&id[..], &(data.len() as u32).to_le_bytes(), data].concat()
//! # }
//! # fn list(kind: &[u8; 4], parts: &[Vec<u8>]) -> Vec<u8> {
//! #     chunk(b"LIST", &[&kind[..], &parts.concat()].concat())
//! # }
//! # fn words(words: &[u32]) -> Vec<u8> {
//! #     words.iter().flat_map(|word| word.to_le_bytes()).collect()
//! # }
//! # /// A square wave at program 0, over all keys.
//! # fn bank() -> Vec<u8> {
//! #     let frames: Vec<u8> = (0..22_050).flat_map(|i| [20_000i16, -20_000][i / 25 % 2].to_le_bytes()).collect();
//! #     let wave = list(b"wave", &[chunk(b"fmt ", &words(&[0x1_0001, 22_050, 44_100, 0x10_0002])), chunk(b"data", &frames)]);
//! #     let region = list(b"rgn ", &[chunk(b"rgnh", &words(&[127 << 16, 127 << 16, 0])), chunk(b"wlnk", &words(&[0, 1, 0]))]);
//! #     let name = list(b"INFO", &[chunk(b"INAM", b"Square\0\0")]);
//! #     let instrument = list(b"ins ", &[chunk(b"insh", &words(&[1, 0, 0])), list(b"lrgn", &[region]), name]);
//! #     let parts = [list(b"lins", &[instrument]), chunk(b"ptbl", &words(&[8, 1, 0])), list(b"wvpl", &[wave])];
//! #     chunk(b"RIFF", &[&b"DLS "[..], &parts.concat()].concat())
//! # }
//!
//! let file = bank();
//! let collection = Collection::parse(&file, Answers::default()).unwrap();
//! let instrument = collection.instruments().next().unwrap();
//! assert_eq!(instrument.patch(), 0);
//! assert_eq!(instrument.info().name(), Some(&b"Square"[..]));
//! let region = instrument.regions().next().unwrap();
//! assert_eq!(region.header.keys, (0, 127));
//! let wave = collection.wave(region.link.unwrap().table_index).unwrap();
//! assert_eq!(wave.format.rate, 22_050);
//! ```

mod aliases;
mod load;
#[cfg(test)]
pub(crate) mod write;

pub use load::{Limits, Refused, load, load_telling};
pub(in crate::dls) use load::{Loader, WavePool};

pub use aliases::Aliases;

use super::bytes::{array_at, index, u32_at};
use super::condition::Answers;
use super::raw::{Connections, Format, Level, RegionHeader, Sample, WaveLink};
use super::riff::{self, Chunk, Chunks, FourCc};
use super::{articulation::ArticulationError, convert};
use crate::mem::NoMemory;

/// Why a file cannot be used as a whole. Single instruments that are broken are left out instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// Not a RIFF `DLS ` form, nor an RMID with one inside.
    NotDls,
    /// The file's own condition does not hold.
    Conditional,
    /// No list of instruments.
    NoInstruments,
    /// More than the limits allow.
    TooLarge,
    /// No memory for what the file becomes.
    NoMemory,
    /// The file's reader failed.
    Unreadable,
}

impl From<NoMemory> for Error {
    fn from(_: NoMemory) -> Self {
        Self::NoMemory
    }
}

impl From<convert::OverBudget> for Error {
    fn from(_: convert::OverBudget) -> Self {
        Self::TooLarge
    }
}

impl From<ArticulationError> for Error {
    fn from(error: ArticulationError) -> Self {
        match error {
            ArticulationError::TooManyConnections => Self::TooLarge,
            ArticulationError::NoMemory => Self::NoMemory,
        }
    }
}

/// A DLS file.
#[derive(Clone, Debug)]
pub struct Collection<'a> {
    top: Chunks<'a>,
    instruments: Chunks<'a>,
    pool: Chunks<'a>,
    /// Four bytes for each cue.
    cues: &'a [u8],
    answers: Answers,
}

impl<'a> Collection<'a> {
    /// Finds the lists of a file. Allocates nothing; the buffer is read as the iterators go.
    pub fn parse(buffer: &'a [u8], answers: Answers) -> Result<Self, Error> {
        let top = riff::form(buffer, b"DLS ")
            .or_else(|| inside_rmid(buffer))
            .ok_or(Error::NotDls)?;
        if !holds(&top, &answers) {
            return Err(Error::Conditional);
        }
        let list = |kind| {
            top.clone()
                .find_map(|c| c.as_list(kind))
                .filter(|l| holds(l, &answers))
        };
        let instruments = list(b"lins").ok_or(Error::NoInstruments)?;
        let pool = list(b"wvpl").unwrap_or(Chunks::new(&[]));
        let cues = chunk(&top, b"ptbl").and_then(cues).unwrap_or_default();
        Ok(Self {
            top,
            instruments,
            pool,
            cues,
            answers,
        })
    }

    /// The instruments whose conditions hold, in the file's order.
    pub fn instruments(&self) -> impl Iterator<Item = Instrument<'a>> + use<'a> {
        let answers = self.answers;
        self.instruments
            .clone()
            .filter_map(|c| c.as_list(b"ins "))
            .filter(move |list| holds(list, &answers))
            .filter_map(move |list| Instrument::new(list, answers))
    }

    /// Entries of `ptbl`.
    pub fn cue_count(&self) -> usize {
        self.cues.len() / 4
    }

    /// There is a wave pool with something in it.
    pub(in crate::dls) fn has_pool(&self) -> bool {
        !self.pool.bytes().is_empty()
    }

    /// Where in the wave pool a cue points; `None` for a null cue or an index out of range.
    pub fn cue(&self, table_index: u32) -> Option<u32> {
        u32_at(self.cues, index(table_index).checked_mul(4)?).filter(|&offset| offset != u32::MAX)
    }

    /// The wave at an offset into the wave pool.
    pub fn wave_at(&self, offset: u32) -> Option<Wave<'a>> {
        let list = Chunk::at(self.pool.bytes(), index(offset))?.as_list(b"wave")?;
        Wave::new(list, &self.answers)
    }

    /// The wave that a region's link names.
    pub fn wave(&self, table_index: u32) -> Option<Wave<'a>> {
        self.wave_at(self.cue(table_index)?)
    }

    /// The wave pool in file order.
    pub fn waves(&self) -> impl Iterator<Item = Wave<'a>> + use<'a> {
        let answers = self.answers;
        self.pool
            .clone()
            .filter_map(|c| c.as_list(b"wave"))
            .filter_map(move |list| Wave::new(list, &answers))
    }

    /// The collection's `LIST 'INFO'`.
    pub fn info(&self) -> Info<'a> {
        Info::of(&self.top)
    }

    /// `pgal`
    pub fn aliases(&self) -> Option<Aliases<'a>> {
        Aliases::read(chunk(&self.top, b"pgal")?)
    }

    /// `vers`: a, b, c, d of a.b.c.d.
    pub fn version(&self) -> Option<[u16; 4]> {
        let [b0, b1, a0, a1, d0, d1, c0, c1] = array_at(chunk(&self.top, b"vers")?, 0)?;
        Some([[a0, a1], [b0, b1], [c0, c1], [d0, d1]].map(u16::from_le_bytes))
    }
}

/// A RIFF `RMID` form may carry a whole `DLS ` form beside its MIDI data.
fn inside_rmid(buffer: &[u8]) -> Option<Chunks<'_>> {
    riff::form(buffer, b"RMID")?
        .find(|c| c.id == *b"RIFF" && c.list == Some(*b"DLS "))
        .map(|c| Chunks::new(c.data))
}

/// Conditions count wherever they stand in their list.
fn holds(list: &Chunks, answers: &Answers) -> bool {
    list.clone()
        .filter_map(|c| c.as_chunk(b"cdl "))
        .all(|cdl| answers.hold(cdl))
}

/// The chunks of some lists.
fn within<'a>(mut lists: impl Iterator<Item = Chunks<'a>>) -> impl Iterator<Item = Chunk<'a>> {
    let mut list = None;
    core::iter::from_fn(move || {
        loop {
            match list.as_mut().and_then(Chunks::next) {
                Some(chunk) => return Some(chunk),
                None => list = Some(lists.next()?),
            }
        }
    })
}

fn chunk<'a>(list: &Chunks<'a>, id: &FourCc) -> Option<&'a [u8]> {
    list.clone().find_map(|c| c.as_chunk(id))
}

/// The cues of `ptbl`, as many as are announced and there.
fn cues(ptbl: &[u8]) -> Option<&[u8]> {
    let table = ptbl.get(index(u32_at(ptbl, 0)?).max(8)..)?;
    let announced = index(u32_at(ptbl, 4)?).saturating_mul(4);
    Some(table.get(..announced).unwrap_or(table))
}

/// `LIST 'ins '`
#[derive(Clone, Debug)]
pub struct Instrument<'a> {
    list: Chunks<'a>,
    answers: Answers,
    /// `ulBank`
    pub bank: u32,
    /// `ulInstrument`
    pub program: u32,
}

impl<'a> Instrument<'a> {
    fn new(list: Chunks<'a>, answers: Answers) -> Option<Self> {
        let header = chunk(&list, b"insh")?;
        Some(Self {
            bank: u32_at(header, 4)?,
            program: u32_at(header, 8)?,
            list,
            answers,
        })
    }

    /// The DirectMusic patch.
    pub fn patch(&self) -> u32 {
        convert::patch(self.bank, self.program)
    }

    /// `rgn ` and `rgn2`.
    pub fn regions(&self) -> impl Iterator<Item = Region<'a>> + use<'a> {
        let answers = self.answers;
        let lists = self.list.clone().filter_map(|c| c.as_list(b"lrgn"));
        within(lists.filter(move |list| holds(list, &answers)))
            .filter_map(|c| c.as_list(b"rgn ").or_else(|| c.as_list(b"rgn2")))
            .filter(move |list| holds(list, &answers))
            .filter_map(move |list| Region::new(list, answers))
    }

    /// The global articulation.
    pub fn articulation(&self) -> Articulation<'a> {
        Articulation::of(&self.list, self.answers)
    }

    /// The instrument's `LIST 'INFO'`.
    pub fn info(&self) -> Info<'a> {
        Info::of(&self.list)
    }
}

/// `LIST 'rgn '` or `LIST 'rgn2'`
#[derive(Clone, Debug)]
pub struct Region<'a> {
    list: Chunks<'a>,
    answers: Answers,
    /// `rgnh`
    pub header: RegionHeader,
    /// `wlnk`; a region without one makes no sound.
    pub link: Option<WaveLink>,
    /// `wsmp`, instead of the wave's.
    pub sample: Option<Sample>,
}

impl<'a> Region<'a> {
    fn new(list: Chunks<'a>, answers: Answers) -> Option<Self> {
        Some(Self {
            header: RegionHeader::read(chunk(&list, b"rgnh")?)?,
            link: chunk(&list, b"wlnk").and_then(WaveLink::read),
            sample: chunk(&list, b"wsmp").and_then(Sample::read),
            list,
            answers,
        })
    }

    /// The region's own articulation.
    pub fn articulation(&self) -> Articulation<'a> {
        Articulation::of(&self.list, self.answers)
    }
}

/// All articulation chunks of an instrument or region: `art1` and `art2` in `lart` and `lar2`.
#[derive(Clone, Debug)]
pub struct Articulation<'a> {
    list: Chunks<'a>,
    answers: Answers,
}

impl<'a> Articulation<'a> {
    fn of(list: &Chunks<'a>, answers: Answers) -> Self {
        Self {
            list: list.clone(),
            answers,
        }
    }

    /// Each readable chunk's level and connections.
    pub fn chunks(&self) -> impl Iterator<Item = (Level, Connections<'a>)> + use<'a> {
        let answers = self.answers;
        let lists = self
            .list
            .clone()
            .filter_map(|c| c.as_list(b"lart").or_else(|| c.as_list(b"lar2")));
        within(lists.filter(move |list| holds(list, &answers))).filter_map(|c| {
            let level = match &c.id {
                b"art1" => Level::One,
                b"art2" => Level::Two,
                _ => return None,
            };
            Some((level, Connections::read(c.data)?))
        })
    }

    /// There is no articulation here.
    pub fn is_empty(&self) -> bool {
        self.chunks().next().is_none()
    }
}

/// `LIST 'wave'`
#[derive(Clone, Debug)]
pub struct Wave<'a> {
    list: Chunks<'a>,
    /// `fmt `
    pub format: Format,
    /// `wsmp`
    pub sample: Option<Sample>,
    /// Samples as `format` says.
    pub data: &'a [u8],
}

impl<'a> Wave<'a> {
    fn new(list: Chunks<'a>, answers: &Answers) -> Option<Self> {
        if !holds(&list, answers) {
            return None;
        }
        Some(Self {
            format: Format::read(chunk(&list, b"fmt ")?)?,
            sample: chunk(&list, b"wsmp").and_then(Sample::read),
            data: chunk(&list, b"data")?,
            list,
        })
    }

    /// The wave's `LIST 'INFO'`.
    pub fn info(&self) -> Info<'a> {
        Info::of(&self.list)
    }
}

/// `LIST 'INFO'`: texts as bytes, since their code page is unknown.
#[derive(Clone, Debug)]
pub struct Info<'a> {
    list: Option<Chunks<'a>>,
}

impl<'a> Info<'a> {
    fn of(list: &Chunks<'a>) -> Self {
        Self {
            list: list.clone().find_map(|c| c.as_list(b"INFO")),
        }
    }

    /// The text of a subchunk (`INAM`, `ICOP`, …) up to its terminating zero.
    pub fn get(&self, id: &FourCc) -> Option<&'a [u8]> {
        let text = chunk(self.list.as_ref()?, id)?;
        text.split(|&b| b == 0).next()
    }

    /// `INAM`
    pub fn name(&self) -> Option<&'a [u8]> {
        self.get(b"INAM")
    }
}
