// SPDX-License-Identifier: MIT OR Apache-2.0
//! The banks of a song put together: one DLS file in memory, with what the song plays.

use super::{
    cut_off, embedded, is_sound_font, losses, missing, open, parse, plan, rest, spool, unusable,
};
use crate::failure::{Failure, Kind, Result, named};
use crate::player::PinKind;
use crate::programs;
use arioso_bank::dls::{self, Bank};
use arioso_bank::report::Report;
use arioso_bank::sf2;
use arioso_cli::song::Song;
use arioso_cli::song::instruments::used;
use arioso_cli::song::smf::EmbeddedBank;
use arioso_core::dls::convert::patch;
use arioso_core::dls::substitute;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};

/// The banks of a song.
pub struct Loaded {
    /// A DLS file that the driver understands, whichever way it gets it.
    pub dls: Vec<u8>,
    /// For the user, a line each: what plays programs that no bank has, which bank is not whole.
    pub notes: Vec<String>,
    /// What DLS, or the driver, cannot say of what is played, in one line.
    pub losses: Option<String>,
}

/// Reads banks for a song: of instruments that several have, that of the last. Without any, the built-in bank. Of several banks, and
/// of a SoundFont, only what the song plays is taken; for the MIDI range, where the driver chooses, everything.
///
/// The song's own instruments come over all of them (RP-029).
pub fn load(files: &[PathBuf], song: &Song, pin: PinKind) -> Result<Loaded> {
    let mut notes = Vec::new();
    let own = song.bank.as_ref().and_then(|own| {
        Source::of_song(own, song)
            .map_err(|why| notes.push(why.to_string()))
            .ok()
    });
    if files.is_empty() && own.is_none() {
        return Ok(Loaded {
            dls: arioso_bank::general_midi(),
            notes,
            losses: None,
        });
    }
    let mut banks = match files {
        [] => vec![Source::of_dls(
            Path::new(BUILT_IN),
            arioso_bank::general_midi(),
        )?],
        files => files
            .iter()
            .map(|file| Source::open(file))
            .collect::<Result<_>>()?,
    };
    banks.extend(own);
    notes.extend(banks.iter().filter_map(|bank| {
        let missing = bank.cut_off.as_ref()?;
        Some(format!("{} is {missing}", named(bank.path)))
    }));
    // By patch, the last bank that has it.
    let owners: BTreeMap<u32, usize> = banks
        .iter()
        .enumerate()
        .flat_map(|(index, bank)| bank.patches.iter().map(move |&patch| (patch, index)))
        .collect();
    let all = || owners.keys().map(|&patch| (patch, patch));
    let find = |patch| owners.contains_key(&patch).then_some(patch);
    let mut wanted = BTreeSet::new();
    // What the song asks for, and what plays it although no bank has the program.
    let mut substitutes = Vec::new();
    for patch in used(song) {
        if let Some(kin) = substitute::kin(patch, find, all()) {
            wanted.insert(kin);
        } else if let Some(nearest) = substitute::nearest(patch, all()) {
            wanted.insert(nearest);
            substitutes.push((patch, nearest));
        }
    }
    if pin == PinKind::Midi {
        wanted = owners.keys().copied().collect();
    }
    notes.extend(told(&substitutes));
    // The driver knows no such substitutes: they become instruments.
    let aliases: &[(u32, u32)] = match pin {
        PinKind::Midi => &substitutes,
        PinKind::Directmusic => &[],
    };

    let mut report = Report::default();
    let only = banks.len() == 1;
    let mut parts = banks.into_iter().enumerate().filter_map(|(index, bank)| {
        let own: BTreeSet<u32> = wanted
            .iter()
            .copied()
            .filter(|patch| owners.get(patch) == Some(&index))
            .collect();
        // A bank of which nothing is played must be there all the same if it is the only one.
        (only || !own.is_empty()).then_some((bank, own))
    });
    let dls = match (parts.next(), parts.next()) {
        (Some((only, own)), None) if aliases.is_empty() => only.take(&own, &mut report)?,
        (first, second) => {
            let mut whole = Bank::default();
            for (bank, own) in first.into_iter().chain(second).chain(parts) {
                let bytes = bank.take(&own, &mut report)?;
                // Taken by the same reader before, or written by us.
                if let Ok((mut bank, _)) = dls::read(&bytes) {
                    bank.instruments
                        .retain(|i| own.contains(&patch(i.bank, i.program.into())));
                    whole.overlay(bank);
                }
            }
            add(&mut whole, aliases);
            whole.prune();
            whole.to_bytes()
        }
    };
    Ok(Loaded {
        dls,
        notes,
        losses: losses::line(&report),
    })
}

/// Instruments under further numbers.
fn add(bank: &mut Bank, aliases: &[(u32, u32)]) {
    for &(alias, from) in aliases {
        let found = bank
            .instruments
            .iter()
            .find(|i| patch(i.bank, i.program.into()) == from)
            .cloned();
        bank.instruments.extend(found.map(|found| dls::Instrument {
            bank: alias >> 8 & 0x7F7F | alias & 0x8000_0000,
            program: (alias & 0x7F) as u8,
            ..found
        }));
    }
}

/// One line about programs that no bank has.
fn told(substitutes: &[(u32, u32)]) -> Option<String> {
    let mut by_substitute: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for &(patch, nearest) in substitutes {
        by_substitute
            .entry(nearest)
            .or_default()
            .push(programs::named(patch));
    }
    let parts: Vec<String> = by_substitute
        .into_iter()
        .map(|(nearest, patches)| {
            format!("{} plays {}", programs::named(nearest), patches.join(", "))
        })
        .collect();
    (!parts.is_empty())
        .then(|| format!("the bank lacks programs; the nearest: {}", parts.join("; ")))
}

/// The RIFF form is as long as it says, but for a few bytes behind it.
fn has_its_size(bytes: &[u8]) -> bool {
    let size = bytes.get(4..8).and_then(|size| size.try_into().ok());
    let end = size.map_or(0, |size| u32::from_le_bytes(size) as usize + 8);
    (end..end.saturating_add(2)).contains(&bytes.len())
}

/// For messages, in a path's place.
const BUILT_IN: &str = "the built-in bank";
const OF_SONG: &str = "the song's own bank";

/// A bank that has been looked into.
struct Source<'a> {
    path: &'a Path,
    /// DirectMusic patches of what can sound.
    patches: BTreeSet<u32>,
    content: Content,
    /// Banks that a SoundFont's melodic instruments are moved up by.
    offset: u8,
    /// What is missing of the file.
    cut_off: Option<String>,
    /// What could not be made plain.
    lost: Report,
}

enum Content {
    Dls(Vec<u8>),
    SoundFont(File),
}

impl<'a> Source<'a> {
    fn open(path: &'a Path) -> Result<Self> {
        let mut file = open(path)?;
        match is_sound_font(path, &mut file)? {
            true => Self::of_sound_font(path, file, 0),
            false => Self::of_dls(path, rest(path, file)?),
        }
    }

    /// The bank that an RMID brings along.
    fn of_song(own: &EmbeddedBank, song: &Song) -> Result<Self> {
        let path = Path::new(OF_SONG);
        if !own.is_sound_font() {
            return Self::of_dls(path, own.bytes.clone());
        }
        let file =
            spool(&mut &own.bytes[..]).map_err(|error| unusable(path, &sf2::Error::Io(error)))?;
        Self::of_sound_font(path, file, embedded::offset(own, song))
    }

    fn of_sound_font(path: &'a Path, mut file: File, offset: u8) -> Result<Self> {
        let (font, conversion) = plan(path, &mut file, |_, _| true)?;
        let patches = conversion.bank.instruments.iter();
        Ok(Self {
            path,
            patches: patches
                .map(|i| patch(embedded::moved(i.bank, offset), i.program.into()))
                .collect(),
            content: Content::SoundFont(file),
            offset,
            cut_off: font.cut_off.map(|(there, needed)| missing(there, needed)),
            lost: Report::default(),
        })
    }

    /// What the driver does not understand is made plain.
    fn of_dls(path: &'a Path, bytes: Vec<u8>) -> Result<Self> {
        let collection = parse(&bytes, Some(path))?;
        let mut source = Self {
            path,
            patches: collection.instruments().map(|i| i.patch()).collect(),
            content: Content::Dls(Vec::new()),
            offset: 0,
            cut_off: cut_off(&bytes),
            lost: Report::default(),
        };
        if dls::is_plain(&collection) && has_its_size(&bytes) {
            source.content = Content::Dls(bytes);
        } else if let Ok((mut bank, lost)) = dls::read(&bytes) {
            if bank.instruments.is_empty() {
                let why = format!("cannot use {}: {lost}", named(path));
                return Err(Failure::new(Kind::Input, why));
            }
            bank.prune();
            let instruments = bank.instruments.iter();
            source.patches = instruments
                .map(|i| patch(i.bank, i.program.into()))
                .collect();
            source.content = Content::Dls(bank.to_bytes());
            source.lost = lost;
        } else {
            source.content = Content::Dls(bytes);
        }
        Ok(source)
    }

    /// The DLS file: of a SoundFont the instruments that are wanted, of a DLS file all.
    fn take(self, wanted: &BTreeSet<u32>, report: &mut Report) -> Result<Vec<u8>> {
        report.add(&self.lost);
        match self.content {
            Content::Dls(bytes) => Ok(bytes),
            Content::SoundFont(file) => convert(self.path, file, self.offset, wanted, report),
        }
    }
}

fn convert(
    path: &Path,
    mut file: File,
    offset: u8,
    wanted: &BTreeSet<u32>,
    report: &mut Report,
) -> Result<Vec<u8>> {
    // Of a bank of which nothing is played anything will do.
    let anything = wanted.is_empty();
    let (font, mut conversion) = plan(path, &mut file, |bank, program| {
        anything || wanted.contains(&patch(embedded::moved(bank, offset), program.into()))
    })?;
    for instrument in &mut conversion.bank.instruments {
        instrument.bank = embedded::moved(instrument.bank, offset);
    }
    let mut bytes = Vec::new();
    sf2::write(&font, &conversion.bank, &mut file, &mut bytes, |_| ())
        .map_err(|error| unusable(path, &error))?;
    report.add(&conversion.report);
    Ok(bytes)
}
