//! Banks of instruments: SoundFonts converted, banks looked into.

mod collect;
mod info;

pub use collect::load;

use crate::failure::{Failure, Kind, Result, plain, read};
use crate::output;
use crate::table::{self, Table};
use arioso_bank::sf2::{self, Conversion, Grade, Report, SoundFont};
use arioso_core::dls::file::{Collection, Error, Limits};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// `arioso bank convert`
pub fn convert(path: &Path, out: Option<PathBuf>) -> Result<()> {
    let out = match out {
        Some(out) => out,
        None => PathBuf::from(path.file_stem().unwrap_or_default()).with_extension("dls"),
    };
    output::check(&out)?;
    let mut source = open(path)?;
    let (font, conversion) = plan(path, &mut source, |_, _| true)?;
    let bar = progress_bar(frames(&conversion));
    let mut unreadable = None;
    let written = output::replace(&out, |temporary| {
        let mut file = BufWriter::new(File::create(temporary)?);
        sf2::write(&font, &conversion.bank, &mut source, &mut file, |frames| {
            bar.inc(frames);
        })
        .map_err(|error| match error {
            sf2::Error::Io(error) => error,
            other => {
                unreadable = Some(unusable(path, &other));
                std::io::Error::other("the SoundFont cannot be read")
            }
        })?;
        file.flush()?;
        file.into_inner()
            .map_err(std::io::IntoInnerError::into_error)?
            .sync_all()
    });
    bar.finish_and_clear();
    if let Some(failure) = unreadable {
        return Err(failure);
    }
    written?;
    print_report(&conversion.report);
    let bank = &conversion.bank;
    let regions: usize = bank.instruments.iter().map(|i| i.regions.len()).sum();
    println!(
        "{}: {} instruments, {regions} regions, {} waves, {}",
        out.display(),
        bank.instruments.len(),
        bank.waves.len(),
        table::bytes(frames(&conversion) * 2),
    );
    Ok(())
}

/// `arioso bank info`
pub fn info(path: &Path) -> Result<()> {
    let mut source = open(path)?;
    let overview = if is_sound_font(path, &mut source)? {
        let (font, conversion) = plan(path, &mut source, |_, _| true)?;
        info::Overview::of_sound_font(&font, &conversion)
    } else {
        drop(source);
        let bytes = read(path, "bank")?;
        info::Overview::of_dls(&parse(&bytes, Some(path))?)
    };
    print!("{overview}");
    Ok(())
}

fn open(path: &Path) -> Result<File> {
    let unreadable = |why: String| {
        Failure::new(
            Kind::Input,
            format!("cannot read the bank {}: {why}", path.display()),
        )
    };
    let file = File::open(path).map_err(|error| {
        let hint = if error.kind() == std::io::ErrorKind::NotFound {
            " (check the name)"
        } else {
            ""
        };
        unreadable(format!("{}{hint}", plain(&error)))
    })?;
    match file.metadata() {
        Ok(data) if data.is_dir() => Err(unreadable("it is a directory".into())),
        Ok(_) => Ok(file),
        Err(error) => Err(unreadable(plain(&error))),
    }
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
    Failure::new(Kind::Input, format!("cannot use {}: {why}", path.display()))
}

fn frames(conversion: &Conversion) -> u64 {
    let waves = &conversion.bank.waves;
    waves
        .iter()
        .map(|wave| u64::from(wave.frames.frames()))
        .sum()
}

fn print_report(report: &Report) {
    if report.is_empty() {
        println!("everything could be kept");
        return;
    }
    let mut table = Table::new(&["", ">places", "what"]);
    for (grade, what, count) in report.rows() {
        let grade = match grade {
            Grade::Approximate => "approximate",
            Grade::Lost => "lost",
        };
        table.row([grade.into(), count.to_string(), what.into()]);
    }
    print!("{table}");
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
            file.display().to_string()
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
        })
    })?;
    if collection.instruments().next().is_none() {
        return Err(unusable("it has no instruments".into()));
    }
    Ok(collection)
}
