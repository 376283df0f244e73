// SPDX-License-Identifier: MIT OR Apache-2.0
//! A DLS file read into a [`Bank`]: what any synthesizer of DLS plays, and nothing that only some understand.

use super::{
    BIPOLAR_SOURCE, Bank, Connection, Instrument, Link, Region, Sample, Wave, destination, source,
};
use crate::pcm;
use crate::report::Report;
use arioso_core::dls::condition::Answers;
use arioso_core::dls::convert::{key_group, range, velocity_range};
use arioso_core::dls::file::{self, Aliases, Collection};
use arioso_core::dls::raw::{self, Level};
use std::collections::HashMap;

pub use arioso_core::dls::file::Error;

/// `ulBank` of drum kits.
const DRUMS: u32 = 1 << 31;

/// A file that the driver understands as it is, whichever way it gets it: no `pgal`, and each region with keys and a wave, which is
/// mono PCM of 8 or 16 bits with at least a frame, and a loop that begins inside of it.
pub fn is_plain(collection: &Collection) -> bool {
    let plays = |region: file::Region| {
        let wave = region
            .link
            .and_then(|link| collection.wave(link.table_index));
        wave.is_some_and(|wave| {
            let frames = pcm::frames(&wave.format, wave.data);
            let found = region.sample.as_ref().or(wave.sample.as_ref());
            range(region.header.keys).is_some()
                && velocity_range(region.header.velocities).is_some()
                && pcm::is_plain(&wave.format, wave.data)
                // One that only ends too late, or has no length, the driver repairs in the same way.
                && found
                    .and_then(|sample| sample.first_loop)
                    .is_none_or(|l| l.length == 0 || (l.start as usize) < frames)
        })
    };
    collection.aliases().is_none()
        && collection.instruments().all(|i| i.regions().all(plays))
        && collection
            .waves()
            .all(|wave| pcm::is_plain(&wave.format, wave.data))
}

/// A loop as it can be played.
enum Loop {
    /// As the file has it, or none.
    Sound,
    /// Brought back into its wave.
    Repaired(u32, u32),
    /// One of no length, which is none.
    Empty,
}

/// A loop that leaves a wave of so many frames ends with it; one that lies outside is the whole wave: the note is held.
fn repaired(looped: Option<(u32, u32)>, frames: usize) -> Loop {
    let Some((start, length)) = looped else {
        return Loop::Sound;
    };
    let frames = u32::try_from(frames).unwrap_or(u32::MAX);
    match frames.checked_sub(start).filter(|&rest| rest > 0) {
        _ if length == 0 => Loop::Empty,
        None => Loop::Repaired(0, frames),
        Some(rest) if length > rest => Loop::Repaired(start, rest),
        Some(_) => Loop::Sound,
    }
}

/// Reads a file: waves as mono 16-bit PCM, stereo as pairs of them; aliases of mobile banks as regions and instruments of their own.
/// A region whose wave cannot be used is left out, and so is an instrument without regions; the report says so.
pub fn read(bytes: &[u8]) -> Result<(Bank, Report), Error> {
    let collection = Collection::parse(bytes, Answers::default())?;
    let text = |info: file::Info, id| {
        let text = info.get(id).map(String::from_utf8_lossy);
        text.unwrap_or_default().into_owned()
    };
    let mut reader = Reader {
        collection: &collection,
        waves: HashMap::new(),
        group: 0,
        bank: Bank {
            name: text(collection.info(), b"INAM"),
            copyright: text(collection.info(), b"ICOP"),
            ..Bank::default()
        },
        report: Report::default(),
    };
    let aliases = collection.aliases();
    for raw in collection.instruments() {
        let mut instrument = Instrument {
            name: text(raw.info(), b"INAM"),
            bank: raw.bank,
            program: (raw.program & 0x7F) as u8,
            regions: Vec::new(),
            articulation: articulation(&raw.articulation()),
        };
        for region in raw.regions() {
            reader.region(&region, &mut instrument.regions);
        }
        if let Some(aliases) = &aliases
            && instrument.bank & DRUMS != 0
        {
            add_keys(aliases, &mut instrument);
        }
        if instrument.regions.is_empty() {
            reader.report.lost("instruments of which nothing can sound");
        } else {
            reader.bank.instruments.push(instrument);
        }
    }
    if let Some(aliases) = &aliases {
        add_programs(aliases, &mut reader.bank.instruments);
    }
    Ok((reader.bank, reader.report))
}

struct Reader<'a> {
    collection: &'a Collection<'a>,
    /// By offset into the wave pool: the waves of its channels; none if it cannot be used.
    waves: HashMap<u32, Vec<usize>>,
    /// The last phase group that was made for a stereo wave.
    group: u16,
    bank: Bank,
    report: Report,
}

impl Reader<'_> {
    fn region(&mut self, raw: &file::Region, out: &mut Vec<Region>) {
        let (Some(keys), Some(velocities)) = (
            range(raw.header.keys),
            velocity_range(raw.header.velocities),
        ) else {
            return self.report.lost("regions with an empty range");
        };
        let offset = raw
            .link
            .and_then(|link| self.collection.cue(link.table_index));
        let (Some(link), Some(offset)) = (raw.link, offset) else {
            return self.report.lost("regions without a wave");
        };
        let waves = self.waves(offset);
        let Some(&first) = waves.first() else {
            return;
        };
        // The wave's own loop, if the region has no other.
        let own = self.bank.waves[first].sample;
        let mut found = raw.sample.as_ref().map_or(own, sample);
        let frames = self.bank.waves[first].frames.len();
        let is_sound = match repaired(found.looped, frames) {
            Loop::Sound => true,
            Loop::Repaired(start, length) => {
                self.report
                    .approximate("loops that leave their wave, repaired");
                found.looped = Some((start, length));
                false
            }
            Loop::Empty => {
                self.report.lost("loops without a length");
                found.looped = None;
                false
            }
        };
        let region = Region {
            keys,
            velocities,
            key_group: key_group(raw.header.key_group),
            self_non_exclusive: raw.header.options & 1 != 0,
            wave: 0,
            link: Link {
                phase_group: link.phase_group,
                phase_master: link.options & 1 != 0,
                channels: link.channels,
            },
            sample: (raw.sample.is_some() || !is_sound).then_some(found),
            articulation: articulation(&raw.articulation()),
        };
        match *waves {
            [] => {}
            [wave] => out.push(Region { wave, ..region }),
            [left, right, ..] => {
                // Groups of the file count from below.
                self.group = self.group.wrapping_sub(1).max(0x8000);
                for (wave, channels) in [(left, 1), (right, 2)] {
                    out.push(Region {
                        wave,
                        link: Link {
                            phase_group: self.group,
                            phase_master: channels == 1,
                            channels,
                        },
                        ..region.clone()
                    });
                }
            }
        }
    }

    fn waves(&mut self, offset: u32) -> Vec<usize> {
        if let Some(known) = self.waves.get(&offset) {
            return known.clone();
        }
        let made = self.decode(offset);
        self.waves.insert(offset, made.clone());
        made
    }

    fn decode(&mut self, offset: u32) -> Vec<usize> {
        let Some(raw) = self.collection.wave_at(offset) else {
            self.report.lost("regions without a wave");
            return Vec::new();
        };
        let channels = match pcm::decode(&raw.format, raw.data) {
            Ok(channels) => channels,
            Err(unusable) => {
                self.report.lost(unusable.why());
                return Vec::new();
            }
        };
        if raw.format.bits > 16 {
            self.report
                .approximate("samples of more than 16 bits, rounded to 16");
        }
        if raw.format.channels > 2 {
            self.report
                .approximate("waves of more than two channels, of which the first two");
        }
        let name = raw.info().name().map(String::from_utf8_lossy);
        let name = name.unwrap_or_default().into_owned();
        channels
            .into_iter()
            .map(|frames| {
                self.bank.waves.push(Wave {
                    name: name.clone(),
                    rate: raw.format.rate,
                    frames,
                    sample: raw.sample.as_ref().map_or(Sample::NONE, sample),
                });
                self.bank.waves.len() - 1
            })
            .collect()
    }
}

impl Sample {
    /// What a wave without `wsmp` has.
    const NONE: Self = Self {
        unity: 60,
        fine_tune: 0,
        gain: 0.0,
        looped: None,
        until_release: false,
    };
}

fn sample(raw: &raw::Sample) -> Sample {
    Sample {
        unity: u8::try_from(raw.unity)
            .ok()
            .filter(|&unity| unity < 128)
            .unwrap_or(60),
        fine_tune: raw.fine_tune,
        gain: f64::from(raw.gain) / 655_360.0,
        looped: raw.first_loop.map(|l| (l.start, l.length)),
        until_release: raw.first_loop.is_some_and(|l| l.kind == 1),
    }
}

/// All connections as those of `art2`. One that changes nothing stands for an articulation without any: an empty list would mean
/// that there is none.
fn articulation(raw: &file::Articulation) -> Vec<Connection> {
    let mut connections: Vec<Connection> = raw
        .chunks()
        .flat_map(|(level, list)| list.map(move |raw| connection(level, &raw)))
        .collect();
    if connections.is_empty() && !raw.is_empty() {
        connections.push(Connection::constant(destination::PITCH, 0));
    }
    connections
}

/// In `art1` what is bipolar by nature need not say so.
fn connection(level: Level, raw: &raw::Connection) -> Connection {
    let by_nature = matches!(
        raw.source,
        source::LFO | source::VIBRATO | source::PITCH_WHEEL | 0x101 | 0x102 | 0x8A
    );
    let bipolar = match level {
        Level::One if by_nature => BIPOLAR_SOURCE,
        _ => 0,
    };
    Connection {
        source: raw.source,
        control: raw.control,
        destination: raw.destination,
        transform: raw.transform | bipolar,
        scale: raw.scale,
    }
}

/// The keys that a drum kit lacks, at the pitch of those that they stand for: there the key number is that of the other key.
fn add_keys(aliases: &Aliases, kit: &mut Instrument) {
    let own = kit.regions.len();
    for (key, from) in aliases.keys() {
        let plays = |of: u8| move |r: &&Region| (r.keys.0..=r.keys.1).contains(&of);
        if kit.regions[..own].iter().any(|r| plays(key)(&r)) {
            continue;
        }
        let copies: Vec<Region> = kit.regions[..own]
            .iter()
            .filter(plays(from))
            .map(|region| {
                let mut copy = region.clone();
                copy.keys = (key, key);
                if copy.articulation.is_empty() {
                    copy.articulation.clone_from(&kit.articulation);
                }
                copy.articulation.extend(Connection::fixed_key(from));
                copy
            })
            .collect();
        kit.regions.extend(copies);
    }
}

/// The programs that are missing.
fn add_programs(aliases: &Aliases, instruments: &mut Vec<Instrument>) {
    use arioso_core::dls::convert::patch;
    for (alias, from) in aliases.programs() {
        let find = |wanted: u32| {
            let there = |i: &&Instrument| patch(i.bank, i.program.into()) == wanted;
            instruments.iter().find(there)
        };
        if let (None, Some(found)) = (find(alias), find(from)) {
            let copy = Instrument {
                bank: alias >> 8 & 0x7F7F,
                program: (alias & 0x7F) as u8,
                ..found.clone()
            };
            instruments.push(copy);
        }
    }
}
