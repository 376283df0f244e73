//! The banks of a song put together: one DLS file in memory, with what the song plays.

use super::{embedded, is_sound_font, losses, open, parse, plan, rest, unusable};
use crate::failure::{Failure, Kind, Result, named};
use crate::player::PinKind;
use crate::programs;
use arioso_bank::dls::{self, Bank};
use arioso_bank::report::Report;
use arioso_bank::sf2;
use arioso_cli::song::Song;
use arioso_cli::song::instruments::used;
use arioso_core::dls::convert::patch;
use arioso_core::dls::substitute;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};

/// The banks of a song.
pub struct Loaded {
    /// A DLS file that the driver understands, whichever way it gets it.
    pub dls: Vec<u8>,
    /// For the user, a line each: what plays programs that no bank has.
    pub notes: Vec<String>,
    /// What DLS, or the driver, cannot say of what is played, in one line.
    pub losses: Option<String>,
}

/// Reads banks for a song: of instruments that several have, that of the last. Without any, the built-in bank. Of several banks, and
/// of a SoundFont, only what the song plays is taken; for the MIDI range, where the driver chooses, everything.
///
/// The song's own instruments come over all of them (RP-029).
pub fn load(files: &[PathBuf], song: &Song, pin: PinKind) -> Result<Loaded> {
    let mut loaded = load_files(files, song, pin)?;
    if let Some(own) = &song.bank {
        match embedded::over(&loaded.dls, own, song) {
            Ok(dls) => loaded.dls = dls,
            Err(why) => loaded
                .notes
                .push(format!("the song's own bank cannot be used: {why}")),
        }
    }
    Ok(loaded)
}

fn load_files(files: &[PathBuf], song: &Song, pin: PinKind) -> Result<Loaded> {
    if files.is_empty() {
        return Ok(Loaded {
            dls: arioso_bank::general_midi(),
            notes: Vec::new(),
            losses: None,
        });
    }
    let banks = files
        .iter()
        .map(|file| Source::open(file))
        .collect::<Result<Vec<_>>>()?;
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
    let notes: Vec<String> = told(&substitutes).into_iter().collect();
    // The driver knows no such substitutes: they become instruments.
    let aliases: &[(u32, u32)] = match pin {
        PinKind::Midi => &substitutes,
        PinKind::Directmusic => &[],
    };

    let mut report = Report::default();
    let mut parts = banks.into_iter().enumerate().filter_map(|(index, bank)| {
        let own: BTreeSet<u32> = wanted
            .iter()
            .copied()
            .filter(|patch| owners.get(patch) == Some(&index))
            .collect();
        // A bank of which nothing is played must be there all the same if it is the only one.
        (files.len() == 1 || !own.is_empty()).then_some((bank, own))
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

/// A bank that has been looked into.
struct Source<'a> {
    path: &'a Path,
    /// DirectMusic patches of what can sound.
    patches: BTreeSet<u32>,
    content: Content,
}

enum Content {
    Dls(Vec<u8>),
    SoundFont(File),
}

impl<'a> Source<'a> {
    fn open(path: &'a Path) -> Result<Self> {
        let mut file = open(path)?;
        if is_sound_font(path, &mut file)? {
            let (_, conversion) = plan(path, &mut file, |_, _| true)?;
            let instruments = conversion.bank.instruments.iter();
            return Ok(Self {
                path,
                patches: instruments
                    .map(|i| patch(i.bank, i.program.into()))
                    .collect(),
                content: Content::SoundFont(file),
            });
        }
        let bytes = rest(path, file)?;
        let collection = parse(&bytes, Some(path))?;
        let mut patches: BTreeSet<u32> = collection.instruments().map(|i| i.patch()).collect();
        if let Some(aliases) = collection.aliases() {
            for (alias, from) in aliases.programs() {
                if patches.contains(&from) {
                    patches.insert(alias);
                }
            }
        }
        Ok(Self {
            path,
            patches,
            content: Content::Dls(bytes),
        })
    }

    /// The DLS file: of a SoundFont the instruments that are wanted, of a DLS file all, made plain.
    fn take(self, wanted: &BTreeSet<u32>, report: &mut Report) -> Result<Vec<u8>> {
        let bytes = match self.content {
            Content::Dls(bytes) => bytes,
            Content::SoundFont(file) => return convert(self.path, file, wanted, report),
        };
        if dls::is_plain(&parse(&bytes, Some(self.path))?) {
            return Ok(bytes);
        }
        let Ok((mut bank, found)) = dls::read(&bytes) else {
            return Ok(bytes);
        };
        report.add(&found);
        if bank.instruments.is_empty() {
            return Err(Failure::new(
                Kind::Input,
                format!("cannot use {}: {found}", named(self.path)),
            ));
        }
        bank.prune();
        Ok(bank.to_bytes())
    }
}

fn convert(
    path: &Path,
    mut file: File,
    wanted: &BTreeSet<u32>,
    report: &mut Report,
) -> Result<Vec<u8>> {
    // Of a bank of which nothing is played anything will do.
    let anything = wanted.is_empty();
    let (font, conversion) = plan(path, &mut file, |bank, program| {
        anything || wanted.contains(&patch(bank, program.into()))
    })?;
    let mut bytes = Vec::new();
    sf2::write(&font, &conversion.bank, &mut file, &mut bytes, |_| ())
        .map_err(|error| unusable(path, &error))?;
    report.add(&conversion.report);
    Ok(bytes)
}
