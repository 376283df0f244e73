// SPDX-License-Identifier: MIT OR Apache-2.0
//! Banks that are kept: DLS files under the program's data folder, named by the file they came from and its SHA-256. A SoundFont is converted
//! once; the same file again is found by its hash.

use super::{Changed, Store};
use crate::bank;
use crate::failure::{Failure, Kind, Result, named, plain, unreadable};
use crate::messages;
use crate::system::settings as own;
use crate::table::{self, Table};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Bytes of a bank: as RIFF counts them. Of a large one the driver reads what is played.
const LARGEST: u64 = 0xFFFF_FFFF;
/// Digits of the hash that are in the name.
const DIGITS: usize = 12;

/// A bank that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub path: PathBuf,
    /// Of the file it came from, without its ending.
    pub name: String,
    /// Of the SHA-256 of that file, the first digits.
    pub hash: String,
    pub bytes: u64,
}

/// `arioso bank use FILE`
pub fn use_bank(file: &Path) -> Result<()> {
    // What is no bank is told before anything else.
    let source = Source::open(file)?;
    let mut store = own::open(true)?;
    messages::say(keep_and_use(&mut store, &source)?)
}

/// `arioso bank use --default`
pub fn use_built_in() -> Result<()> {
    messages::say(use_default(&mut own::open(true)?)?)
}

/// Takes the default bank into use; what to say.
pub fn use_default(store: &mut impl Store) -> Result<String> {
    store.set_bank(None)?;
    let when = tell(store)?;
    Ok(format!("{}; {when}", store.default_bank()))
}

fn tell(store: &mut impl Store) -> Result<String> {
    store.tell(Changed {
        bank: true,
        ..Changed::default()
    })
}

/// A bank that somebody names, looked at and hashed.
struct Source<'a> {
    file: &'a Path,
    hash: String,
}

impl<'a> Source<'a> {
    fn open(file: &'a Path) -> Result<Self> {
        if file == Path::new("-") {
            let message = "a bank is kept under its name: name a file, not the standard input";
            return Err(Failure::new(Kind::Usage, message));
        }
        bank::check(file)?;
        let failed = |error: io::Error| unreadable(file, "bank", &error);
        let mut hash = Sha256::new();
        io::copy(
            &mut File::open(file).map_err(failed)?,
            &mut HashWriter(&mut hash),
        )
        .map_err(failed)?;
        let hash = hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
        Ok(Self { file, hash })
    }

    /// Its name in the library.
    fn name(&self) -> String {
        let stem = self.file.file_stem().unwrap_or_default().to_string_lossy();
        let plain = |c: char| c.is_alphanumeric() || " ._+()".contains(c);
        let stem: String = stem
            .chars()
            .map(|c| if plain(c) { c } else { '_' })
            .collect();
        // The driver takes names of 260 characters.
        let stem: String = stem.chars().take(80).collect();
        format!("{stem}-{}.dls", &self.hash[..DIGITS])
    }
}

struct HashWriter<'a>(&'a mut Sha256);

impl io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn keep_and_use(store: &mut impl Store, source: &Source<'_>) -> Result<String> {
    let directory = store.library()?;
    let known = kept(&directory)?
        .into_iter()
        .find(|kept| kept.hash == source.hash[..DIGITS]);
    let (path, losses) = match known {
        Some(known) => (known.path, None),
        None => {
            fs::create_dir_all(&directory).map_err(|error| {
                let (place, why) = (directory.display(), plain(&error));
                Failure::new(Kind::Output, format!("cannot make {place}: {why}"))
            })?;
            let path = directory.join(source.name());
            let losses = bank::keep(source.file, &path)?;
            (path, losses)
        }
    };
    let bytes = fs::metadata(&path).map_or(0, |data| data.len());
    if bytes > LARGEST {
        let _ = fs::remove_file(&path);
        let message = format!(
            "cannot use {}: as DLS it has {}, and no file of that kind has more than {}",
            named(source.file),
            table::bytes(bytes),
            table::bytes(LARGEST)
        );
        return Err(Failure::new(Kind::Input, message));
    }
    store.set_bank(Some(&path))?;
    let when = tell(store)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let losses = losses.map_or_else(String::new, |losses| format!("; {losses}"));
    Ok(format!("{name}, {}; {when}{losses}", table::bytes(bytes)))
}

/// The banks in a library, by name.
pub fn kept(directory: &Path) -> Result<Vec<Kept>> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(directory, "directory", &error)),
    };
    let mut found: Vec<Kept> = entries
        .flatten()
        .filter_map(|entry| {
            let path = entry.path();
            let stem = path.file_stem()?.to_str()?;
            let (name, hash) = stem.rsplit_once('-')?;
            let is_hash = hash.len() == DIGITS && hash.bytes().all(|b| b.is_ascii_hexdigit());
            let is_bank = is_hash && path.extension()? == "dls";
            is_bank.then(|| Kept {
                name: name.into(),
                hash: hash.into(),
                bytes: entry.metadata().map_or(0, |data| data.len()),
                path: path.clone(),
            })
        })
        .collect();
    found.sort_by(|a, b| (&a.name, &a.hash).cmp(&(&b.name, &b.hash)));
    Ok(found)
}

/// `arioso bank list`
pub fn list() -> Result<()> {
    let store = own::open(false)?;
    let used = store.bank()?;
    let mut table = Table::new(&["", "bank", "hash", ">instruments", ">size"]);
    let mark = |is_used: bool| String::from(if is_used { "*" } else { "" });
    table.row([
        mark(used.is_none()),
        store.default_bank(),
        String::new(),
        String::new(),
        "default".into(),
    ]);
    let mut all = kept(&store.library()?)?;
    if let Some(used) = &used
        && !all.iter().any(|kept| kept.path == *used)
    {
        // Set by somebody else.
        all.push(Kept {
            path: used.clone(),
            name: used.display().to_string(),
            hash: String::new(),
            bytes: fs::metadata(used).map_or(0, |data| data.len()),
        });
    }
    for kept in all {
        let count = bank::instruments(&kept.path).map_or("unreadable".into(), |n| n.to_string());
        table.row([
            mark(used.as_ref() == Some(&kept.path)),
            kept.name,
            kept.hash,
            count,
            table::bytes(kept.bytes),
        ]);
    }
    messages::print(&table.to_string())
}
