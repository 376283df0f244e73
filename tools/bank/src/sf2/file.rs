// SPDX-License-Identifier: MIT OR Apache-2.0
//! The RIFF form `sfbk`: the tables of `pdta` are read, the samples stay where they are.

use super::vorbis;
use std::collections::HashMap;
use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

/// Why a file cannot be used.
#[derive(Debug)]
pub enum Error {
    /// It could not be read.
    Io(io::Error),
    /// Not a SoundFont, or one that is broken; says where.
    Broken(String),
    /// More than the limits allow; says what.
    TooLarge(String),
    /// Nothing in it can sound; says why.
    Empty(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Broken(why) | Self::TooLarge(why) | Self::Empty(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

pub(super) type Result<T> = std::result::Result<T, Error>;

fn broken<T>(why: impl Into<String>) -> Result<T> {
    Err(Error::Broken(why.into()))
}

/// `sfPresetHeader`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preset {
    /// `achPresetName`.
    pub name: String,
    /// `wPreset`, 0 to 127.
    pub program: u16,
    /// `wBank`; 128 is the drum kits.
    pub bank: u16,
    /// Zones, in `pbag`.
    bags: Range<usize>,
}

/// `sfInst`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instrument {
    bags: Range<usize>,
}

/// `sfSample`. Positions are frames in the sample chunk; of a compressed sample, frames of what it becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleHeader {
    /// `achSampleName`.
    pub name: String,
    /// First frame.
    pub start: u32,
    /// Behind the last frame.
    pub end: u32,
    /// First frame of the loop.
    pub loop_start: u32,
    /// Behind the loop's last frame.
    pub loop_end: u32,
    /// Frames per second.
    pub rate: u32,
    /// `byOriginalPitch`: the key at which it sounds as recorded; above 127 none.
    pub root: u8,
    /// Cents.
    pub correction: i8,
    /// Index of the other half of a stereo pair.
    pub link: u16,
    /// `sfSampleType`, bits as below.
    pub kind: u16,
}

impl SampleHeader {
    /// Right half of a stereo pair.
    pub const RIGHT: u16 = 2;
    /// Left half of a stereo pair.
    pub const LEFT: u16 = 4;
    /// In the memory of a sound card.
    pub const ROM: u16 = 0x8000;
    /// An Ogg Vorbis stream (SF3): its start and end are bytes of the sample chunk, its loop counts from its first frame.
    pub const VORBIS: u16 = 0x10;
}

/// `sfGenList`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generator {
    /// Which generator, [`generator`](super::generator).
    pub operator: u16,
    /// Its value, or a range: low byte, high byte.
    pub amount: u16,
}

/// `sfModList`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Modulator {
    /// `sfModSrcOper`: controller, direction, polarity and curve.
    pub source: u16,
    /// The generator that is changed.
    pub destination: u16,
    /// What a source of 1 adds, in the generator's unit.
    pub amount: i16,
    /// `sfModAmtSrcOper`: a second source that scales it.
    pub amount_source: u16,
    /// `sfModTransOper`: 0 linear, 2 absolute value.
    pub transform: u16,
}

/// A zone as it is stored.
#[derive(Clone, Copy, Debug)]
pub struct Zone<'a> {
    /// Its generators, in the order of the file.
    pub generators: &'a [Generator],
    /// Its modulators, in the order of the file.
    pub modulators: &'a [Modulator],
}

/// First generator and first modulator of a zone.
type Bag = (usize, usize);

/// Zones of one level.
#[derive(Debug, Default)]
struct Level {
    bags: Vec<Bag>,
    generators: Vec<Generator>,
    modulators: Vec<Modulator>,
}

/// A SoundFont's tables, and where its samples are.
#[derive(Debug)]
pub struct SoundFont {
    /// `INAM`.
    pub name: String,
    /// `ICOP`.
    pub copyright: String,
    /// Version of the format, major and minor, if the file says it.
    pub version: Option<(u16, u16)>,
    /// What is missing of the file: bytes that it has, and that it should have.
    pub cut_off: Option<(u64, u64)>,
    /// Presets, instruments and zones that end before they begin, or beyond the table.
    pub(super) broken: u64,
    /// `phdr` without the terminal record.
    pub presets: Vec<Preset>,
    /// `inst` without the terminal record.
    pub instruments: Vec<Instrument>,
    /// `shdr` without the terminal record.
    pub samples: Vec<SampleHeader>,
    preset_level: Level,
    instrument_level: Level,
    /// Compressed samples, by their index; one that is empty cannot be read.
    pub(super) streams: HashMap<usize, Place>,
    /// 16-bit frames.
    pub(super) smpl: Place,
    /// The low bytes of 24-bit frames.
    pub(super) sm24: Option<Place>,
}

/// A range of the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub at: u64,
    pub size: u64,
}

impl SoundFont {
    /// Reads everything but the samples. Memory is bounded by the size of the file without them.
    pub fn open(source: &mut (impl Read + Seek)) -> Result<Self> {
        let length = source.seek(SeekFrom::End(0))?;
        let head = read(
            source,
            Place {
                at: 0,
                size: length.min(12),
            },
        )?;
        let form = head.get(8..12).unwrap_or_default();
        if head.get(..4) != Some(b"RIFF") || form != b"sfbk" {
            return broken(match form {
                b"DLS " => "it is a DLS file already",
                _ => "it is not a SoundFont (no RIFF sfbk at its start)",
            });
        }
        let size = u64::from(u32_at(&head, 4));
        // Some programs leave the size open.
        let needed = match size {
            0 | 0xFFFF_FFFF => length,
            _ => size + 8,
        };
        let cut_off = (length < needed).then_some((length, needed));
        let mut lists = Lists::within(source, needed.min(length))?;
        if cut_off.is_none() && !lists.are_whole() {
            // The size is wrong.
            lists = Lists::within(source, length)?;
        }
        match (lists.font(source), cut_off) {
            (Ok(font), _) => Ok(Self { cut_off, ..font }),
            (Err(Error::Broken(_)), Some((has, needed))) => broken(format!(
                "it is cut off: it needs {needed} bytes and has {has}"
            )),
            (error, _) => error,
        }
    }

    /// Zones of a preset.
    pub fn preset_zones(&self, preset: &Preset) -> impl Iterator<Item = Zone<'_>> {
        self.preset_level.zones(preset.bags.clone())
    }

    /// Zones of an instrument.
    pub fn instrument_zones(&self, instrument: &Instrument) -> impl Iterator<Item = Zone<'_>> {
        self.instrument_level.zones(instrument.bags.clone())
    }

    /// Frames of all samples that are not compressed together.
    pub fn frames(&self) -> u64 {
        self.smpl.size / 2
    }

    /// The samples have 24 bits.
    pub fn is_24_bit(&self) -> bool {
        self.sm24.is_some()
    }
}

impl Level {
    fn zones(&self, bags: Range<usize>) -> impl Iterator<Item = Zone<'_>> {
        let all = self.bags.get(bags.start..bags.end + 1).unwrap_or_default();
        all.iter().zip(all.iter().skip(1)).map(|(from, to)| Zone {
            generators: self.generators.get(from.0..to.0).unwrap_or_default(),
            modulators: self.modulators.get(from.1..to.1).unwrap_or_default(),
        })
    }
}

type Chunk = ([u8; 4], Place);

#[derive(Default)]
struct Lists {
    info: Vec<Chunk>,
    sdta: Vec<Chunk>,
    pdta: Vec<Chunk>,
    /// A chunk says more bytes than are there.
    is_short: bool,
}

impl Lists {
    /// Those in the first `end` bytes.
    fn within(source: &mut (impl Read + Seek), end: u64) -> Result<Self> {
        let mut lists = Self::default();
        let whole = Place {
            at: 12,
            size: end.saturating_sub(12),
        };
        for (id, place) in chunks(source, whole, &mut lists.is_short)? {
            if id != *b"LIST" || place.size < 4 {
                continue;
            }
            let kind = read(
                source,
                Place {
                    at: place.at,
                    size: 4,
                },
            )?;
            let inner = Place {
                at: place.at + 4,
                size: place.size - 4,
            };
            let list = match kind.as_slice() {
                b"INFO" => &mut lists.info,
                b"sdta" => &mut lists.sdta,
                b"pdta" => &mut lists.pdta,
                _ => continue,
            };
            // What stands behind the tables does not replace them.
            if list.is_empty() {
                *list = chunks(source, inner, &mut lists.is_short)?;
            }
        }
        Ok(lists)
    }

    /// All tables and the samples are there, to their ends.
    fn are_whole(&self) -> bool {
        const TABLES: [&[u8; 4]; 9] = [
            b"phdr", b"pbag", b"pmod", b"pgen", b"inst", b"ibag", b"imod", b"igen", b"shdr",
        ];
        let is_there = |id: &[u8; 4]| self.pdta.iter().any(|(name, _)| name == id);
        TABLES.into_iter().all(is_there) && !self.sdta.is_empty() && !self.is_short
    }

    fn font(&self, source: &mut (impl Read + Seek)) -> Result<SoundFont> {
        let find = |list: &[Chunk], id: &[u8; 4]| {
            list.iter()
                .find(|(name, _)| name == id)
                .map(|(_, place)| *place)
        };
        let version = match find(&self.info, b"ifil") {
            Some(place) if place.size >= 4 => {
                let bytes = read(source, Place { size: 4, ..place })?;
                Some((u16_at(&bytes, 0), u16_at(&bytes, 2)))
            }
            // The tables say the rest.
            _ => None,
        };
        let mut text = |id| {
            find(&self.info, id).map_or(Ok(String::new()), |place| {
                let size = place.size.min(256);
                Ok::<_, Error>(string(&read(source, Place { size, ..place })?))
            })
        };
        let (name, copyright) = (text(b"INAM")?, text(b"ICOP")?);

        let mut table = |id: &'static [u8; 4], record: usize, least: usize| {
            let name = String::from_utf8_lossy(id);
            let Some(place) = find(&self.pdta, id) else {
                return broken(format!("its table {name} is missing"));
            };
            if place.size < (least * record) as u64 {
                return broken(format!(
                    "its table {name} has {} bytes: not {least} or more records of {record}",
                    place.size
                ));
            }
            // A rest is no record.
            let size = place.size - place.size % record as u64;
            read(source, Place { size, ..place })
        };
        // In the order of the file: the first that is wrong is told.
        let mut faults = 0;
        let phdr = table(b"phdr", 38, 1)?;
        let preset_level = level(
            &mut faults,
            &table(b"pbag", 4, 1)?,
            &table(b"pgen", 4, 0)?,
            &table(b"pmod", 10, 0)?,
        );
        let inst = table(b"inst", 22, 1)?;
        let instrument_level = level(
            &mut faults,
            &table(b"ibag", 4, 1)?,
            &table(b"igen", 4, 0)?,
            &table(b"imod", 10, 0)?,
        );
        let shdr = table(b"shdr", 46, 1)?;
        let presets = phdr
            .chunks_exact(38)
            .zip(bag_ranges(
                &mut faults,
                &phdr,
                38,
                24,
                preset_level.bags.len(),
            ))
            .map(|(record, bags)| Preset {
                name: string(&record[..20]),
                program: u16_at(record, 20),
                bank: u16_at(record, 22),
                bags,
            })
            .collect();
        let instruments = bag_ranges(&mut faults, &inst, 22, 20, instrument_level.bags.len())
            .into_iter()
            .map(|bags| Instrument { bags })
            .collect();
        let mut samples: Vec<SampleHeader> = shdr.chunks_exact(46).map(sample).collect();
        // The terminal record, if it is not missing.
        let last = samples.last();
        if last.is_some_and(|last| last.name == "EOS" || last.start >= last.end) {
            samples.pop();
        }
        let smpl = find(&self.sdta, b"smpl").unwrap_or_default();
        let streams = streams(source, smpl, &mut samples)?;
        Ok(SoundFont {
            name,
            copyright,
            version,
            cut_off: None,
            broken: faults,
            presets,
            instruments,
            samples,
            preset_level,
            instrument_level,
            streams,
            smpl,
            // Only whole: a low byte for each frame.
            sm24: find(&self.sdta, b"sm24").filter(|low| low.size >= smpl.size / 2),
        })
    }
}

/// Finds the compressed samples; their headers count frames from then on.
fn streams(
    source: &mut (impl Read + Seek),
    smpl: Place,
    samples: &mut [SampleHeader],
) -> Result<HashMap<usize, Place>> {
    let mut streams = HashMap::new();
    for (index, sample) in samples.iter_mut().enumerate() {
        if sample.kind & SampleHeader::VORBIS == 0 {
            continue;
        }
        let (start, end) = (u64::from(sample.start), u64::from(sample.end));
        let mut place = Place::default();
        let mut frames = None;
        if start < end && end <= smpl.size {
            place = Place {
                at: smpl.at + start,
                size: end - start,
            };
            frames = vorbis::frames(source, place)?;
        }
        (sample.start, sample.end) = (0, frames.unwrap_or(0));
        streams.insert(index, place);
    }
    Ok(streams)
}

/// The chunks of a list, as far as it goes; `is_short`: one says more bytes than are there.
fn chunks(source: &mut (impl Read + Seek), list: Place, is_short: &mut bool) -> Result<Vec<Chunk>> {
    let mut found = Vec::new();
    let end = list.at + list.size;
    let mut at = list.at;
    while at + 8 <= end {
        let header = read(source, Place { at, size: 8 })?;
        let id = [header[0], header[1], header[2], header[3]];
        let size = u64::from(u32_at(&header, 4));
        *is_short |= at + 8 + size > end;
        let size = size.min(end - at - 8);
        found.push((id, Place { at: at + 8, size }));
        // Millions of empty chunks are no music.
        if found.len() > 10_000 {
            return broken("a list in it has more than 10000 chunks");
        }
        at += 8 + size;
        // Some writers leave the padding of an odd chunk out.
        if size % 2 == 1 && !(at + 4 <= end && is_known(source, at)? && !is_known(source, at + 1)?)
        {
            at += 1;
        }
    }
    Ok(found)
}

/// Whether a chunk of a SoundFont begins at `at`.
fn is_known(source: &mut (impl Read + Seek), at: u64) -> Result<bool> {
    const IDS: [&[u8; 4]; 23] = [
        b"LIST", b"ifil", b"isng", b"INAM", b"irom", b"iver", b"ICRD", b"IENG", b"IPRD", b"ICOP",
        b"ICMT", b"ISFT", b"smpl", b"sm24", b"phdr", b"pbag", b"pmod", b"pgen", b"inst", b"ibag",
        b"imod", b"igen", b"shdr",
    ];
    let mut id = Vec::new();
    source.seek(SeekFrom::Start(at))?;
    source.take(4).read_to_end(&mut id)?;
    Ok(IDS.iter().any(|known| id == known[..]))
}

/// Bags with their generators and modulators. A zone whose indices do not ascend, or leave the tables, has what there is.
fn level(broken: &mut u64, bags: &[u8], generators: &[u8], modulators: &[u8]) -> Level {
    let generators: Vec<Generator> = records(generators)
        .map(|[operator, amount]| Generator { operator, amount })
        .collect();
    let modulators: Vec<Modulator> = records(modulators)
        .map(
            |[source, destination, amount, amount_source, transform]| Modulator {
                source,
                destination,
                amount: amount as i16,
                amount_source,
                transform,
            },
        )
        .collect();
    let mut bags: Vec<Bag> = records(bags)
        .map(|[generator, modulator]| (generator.into(), modulator.into()))
        .collect();
    for bag in &mut bags {
        let inside = (bag.0.min(generators.len()), bag.1.min(modulators.len()));
        *broken += u64::from(inside != *bag);
        *bag = inside;
    }
    let backwards = |(from, to): &(&Bag, &Bag)| from.0 > to.0 || from.1 > to.1;
    *broken += bags
        .iter()
        .zip(bags.iter().skip(1))
        .filter(backwards)
        .count() as u64;
    Level {
        bags,
        generators,
        modulators,
    }
}

/// The zones of each record but the last, which only ends the one before.
fn bag_ranges(
    broken: &mut u64,
    table: &[u8],
    record: usize,
    field: usize,
    bags: usize,
) -> Vec<Range<usize>> {
    let starts: Vec<usize> = table
        .chunks_exact(record)
        .map(|record| u16_at(record, field).into())
        .collect();
    let mut ranges = Vec::with_capacity(starts.len());
    for (&from, &to) in starts.iter().zip(starts.iter().skip(1)) {
        let last = bags.saturating_sub(1);
        if from > to || to > last {
            *broken += 1;
        }
        ranges.push(from.min(last)..to.min(last).max(from.min(last)));
    }
    ranges
}

fn sample(record: &[u8]) -> SampleHeader {
    let [root, correction] = array_at(record, 40);
    SampleHeader {
        name: string(&record[..20]),
        start: u32_at(record, 20),
        end: u32_at(record, 24),
        loop_start: u32_at(record, 28),
        loop_end: u32_at(record, 32),
        rate: u32_at(record, 36),
        // 255 is "unpitched".
        root: if root < 128 { root } else { 60 },
        correction: correction as i8,
        link: u16_at(record, 42),
        kind: u16_at(record, 44),
    }
}

/// Callers have checked that the range is inside of the file.
pub(super) fn read(source: &mut (impl Read + Seek), place: Place) -> Result<Vec<u8>> {
    source.seek(SeekFrom::Start(place.at))?;
    let mut bytes = Vec::new();
    source.take(place.size).read_to_end(&mut bytes)?;
    if (bytes.len() as u64) < place.size {
        return broken("it is cut off");
    }
    Ok(bytes)
}

fn string(bytes: &[u8]) -> String {
    let text = bytes.split(|&byte| byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(text).trim().to_string()
}

/// Records of `N` 16-bit fields; a rest is left out.
fn records<const N: usize>(table: &[u8]) -> impl Iterator<Item = [u16; N]> {
    let (fields, _) = table.as_chunks();
    let (records, _) = fields.as_chunks();
    records
        .iter()
        .map(|record: &[[u8; 2]; N]| record.map(u16::from_le_bytes))
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(array_at(bytes, at))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array_at(bytes, at))
}

/// Callers have checked that the bytes are there.
fn array_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[at..at + N]);
    array
}
