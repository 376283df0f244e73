// SPDX-License-Identifier: MIT OR Apache-2.0
//! Banks of instruments: SoundFonts converted, banks looked into.

mod collect;
mod embedded;
mod info;
mod losses;

pub use collect::load;

use crate::failure::{Failure, Kind, Result, named, plain, unreadable};
use crate::table::{self, Table};
use crate::{messages, output};
use arioso_bank::sf2::{self, Conversion, Grade, Report, SoundFont};
use arioso_core::dls::file::{Collection, Error, Limits};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// `arioso bank convert`
pub fn convert(path: &Path, out: Option<PathBuf>) -> Result<()> {
    let out = out.unwrap_or_else(|| output::beside(path, ".dls"));
    output::check(&[&out], &[path])?;
    let conversion = convert_into(path, open(path)?, &out)?;
    print_report(&conversion.report)?;
    let bank = &conversion.bank;
    let regions: usize = bank.instruments.iter().map(|i| i.regions.len()).sum();
    messages::say(format!(
        "{}: {} instruments, {regions} regions, {} waves, {}",
        match out == Path::new("-") {
            true => "standard output".into(),
            false => out.display().to_string(),
        },
        bank.instruments.len(),
        bank.waves.len(),
        table::bytes(frames(&conversion) * 2),
    ))
}

/// Fails if the file is no bank.
pub fn check(path: &Path) -> Result<()> {
    let mut source = open(path)?;
    match is_sound_font(path, &mut source)? {
        true => plan(path, &mut source, |_, _| true).map(|_| ()),
        false => parse(&rest(path, source)?, Some(path)).map(|_| ()),
    }
}

/// Writes a bank as DLS: a SoundFont is converted. What could not be kept, in one line.
pub fn keep(path: &Path, out: &Path) -> Result<Option<String>> {
    let mut source = open(path)?;
    if is_sound_font(path, &mut source)? {
        let conversion = convert_into(path, source, out)?;
        return Ok(losses::line(&conversion.report));
    }
    output::write_bytes(out, &rest(path, source)?)?;
    Ok(None)
}

/// How many instruments a DLS file has, if it is one.
pub fn instruments(path: &Path) -> Option<usize> {
    let bytes = std::fs::read(path).ok()?;
    Some(parse(&bytes, Some(path)).ok()?.instruments().count())
}

/// Converts an open SoundFont into a file.
fn convert_into(path: &Path, mut source: File, out: &Path) -> Result<Conversion> {
    let (font, conversion) = plan(path, &mut source, |_, _| true)?;
    let bar = progress_bar(frames(&conversion));
    let mut unreadable = None;
    let written = output::write(out, |mut file| {
        sf2::write(&font, &conversion.bank, &mut source, &mut file, |frames| {
            bar.inc(frames);
        })
        .map_err(|error| match error {
            sf2::Error::Io(error) => error,
            other => {
                unreadable = Some(unusable(path, &other));
                std::io::Error::other("the SoundFont cannot be read")
            }
        })
    });
    bar.finish_and_clear();
    if let Some(failure) = unreadable {
        return Err(failure);
    }
    written?;
    Ok(conversion)
}

/// `arioso bank info`
pub fn info(path: &Path) -> Result<()> {
    messages::print(&describe(path)?)
}

/// What is in a bank, in lines.
pub fn describe(path: &Path) -> Result<String> {
    let mut source = open(path)?;
    let overview = if is_sound_font(path, &mut source)? {
        let (font, conversion) = plan(path, &mut source, |_, _| true)?;
        info::Overview::of_sound_font(&font, &conversion)
    } else {
        let bytes = rest(path, source)?;
        info::Overview::of_dls(&parse(&bytes, Some(path))?, cut_off(&bytes))
    };
    Ok(overview.to_string())
}

/// A bank as a file that can be sought: what comes from a pipe, or is `-`, is kept in one without a name.
fn open(path: &Path) -> Result<File> {
    let failed = |error: std::io::Error| unreadable(path, "bank", &error);
    if path == Path::new("-") {
        return spool(&mut std::io::stdin().lock()).map_err(failed);
    }
    let mut file = File::open(path).map_err(failed)?;
    let data = file.metadata().map_err(failed)?;
    if data.is_dir() {
        return Err(failed(std::io::ErrorKind::IsADirectory.into()));
    }
    match data.is_file() {
        true => Ok(file),
        false => spool(&mut file).map_err(failed),
    }
}

fn spool(source: &mut impl Read) -> std::io::Result<File> {
    let mut file = tempfile::tempfile()?;
    std::io::copy(source, &mut file)?;
    file.rewind()?;
    Ok(file)
}

/// The content of an open bank.
fn rest(path: &Path, mut source: File) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match source.read_to_end(&mut bytes) {
        Ok(_) => Ok(bytes),
        Err(error) => Err(unreadable(path, "bank", &error)),
    }
}

/// What is missing of a file.
fn missing(there: u64, needed: u64) -> String {
    format!("cut off: it has {there} of {needed} bytes, the rest is missing")
}

/// What is missing of a DLS file whose chunks promise more than there is.
fn cut_off(bytes: &[u8]) -> Option<String> {
    let size = bytes.get(4..8)?.try_into().ok().map(u32::from_le_bytes)?;
    // A few programs leave the size open.
    let needed = u64::from(size) + 8;
    let there = bytes.len() as u64;
    let streamed = size == 0 || size == u32::MAX;
    (!streamed && needed > there).then(|| missing(there, needed))
}

fn is_sound_font(path: &Path, source: &mut (impl Read + Seek)) -> Result<bool> {
    let mut head = Vec::new();
    source
        .by_ref()
        .take(12)
        .read_to_end(&mut head)
        .and_then(|_| source.seek(SeekFrom::Start(0)))
        .map_err(|error| unusable(path, &sf2::Error::Io(error)))?;
    Ok(head.starts_with(b"RIFF") && head.ends_with(b"sfbk"))
}

fn plan(
    path: &Path,
    source: &mut (impl Read + Seek),
    wanted: impl Fn(u32, u8) -> bool,
) -> Result<(SoundFont, Conversion)> {
    let font = SoundFont::open(source).map_err(|error| unusable(path, &error))?;
    let conversion = sf2::convert(&font, &sf2::Limits::default(), wanted)
        .map_err(|error| unusable(path, &error))?;
    Ok((font, conversion))
}

fn unusable(path: &Path, error: &sf2::Error) -> Failure {
    let why = match error {
        sf2::Error::Io(error) => plain(error),
        other => other.to_string(),
    };
    Failure::new(Kind::Input, format!("cannot use {}: {why}", named(path)))
}

fn frames(conversion: &Conversion) -> u64 {
    let waves = &conversion.bank.waves;
    waves
        .iter()
        .map(|wave| u64::from(wave.frames.frames()))
        .sum()
}

fn print_report(report: &Report) -> Result<()> {
    if report.is_empty() {
        return messages::say("everything could be kept");
    }
    let mut table = Table::new(&["", ">places", "what"]);
    for (grade, what, count) in report.rows() {
        let grade = match grade {
            Grade::Approximate => "approximate",
            Grade::Lost => "lost",
        };
        table.row([grade.into(), count.to_string(), what.into()]);
    }
    messages::print(&table.to_string())
}

/// Only on a terminal.
fn progress_bar(frames: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(frames), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{bar:40} {percent:>3} %  {elapsed}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

/// The views of a DLS file; `file` is its name for messages.
pub fn parse<'a>(bank: &'a [u8], file: Option<&Path>) -> Result<Collection<'a>> {
    let name = || {
        file.map_or("the built-in bank".into(), |file| {
            match file == Path::new("-") {
                true => "the bank on the standard input".into(),
                false => file.display().to_string(),
            }
        })
    };
    let unusable = |why: String| {
        Failure::new(
            Kind::Input,
            format!(
                "cannot use {}: {why} (it must be a DLS or SoundFont 2 file)",
                name()
            ),
        )
    };
    let collection = Collection::parse(bank, Limits::default().answers).map_err(|error| {
        unusable(match error {
            Error::NotDls => "it is no RIFF file of the form DLS".into(),
            Error::NoInstruments => "it has no list of instruments".into(),
            Error::Conditional => "its own conditions exclude this synthesizer".into(),
            Error::TooLarge => "it is too large".into(),
            Error::NoMemory => "there is not enough memory for it".into(),
            Error::Unreadable => "it cannot be read".into(),
        })
    })?;
    if collection.instruments().next().is_none() {
        return Err(unusable("it has no instruments".into()));
    }
    Ok(collection)
}
