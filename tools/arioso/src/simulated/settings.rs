// SPDX-License-Identifier: MIT OR Apache-2.0
//! The simulated machine's settings: `settings.json` under the program's data folder. Every simulated kernel starts with them.

use crate::failure::{Failure, Kind, Result, plain};
use crate::output;
use crate::settings::{Changed, Store};
use arioso_cli::numbers::{BANK, NUMBERS};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Names the data folder.
const HOME: &str = "ARIOSO_HOME";

/// The file, read.
pub struct Settings {
    folder: PathBuf,
    numbers: BTreeMap<String, u32>,
    /// A name in the library, or a path.
    bank: Option<String>,
}

/// Reads the settings. Where there is no file, everything has its default.
pub fn open(_write: bool) -> Result<Settings> {
    open_in(folder()?)
}

/// Reads those of a data folder.
pub fn open_in(folder: PathBuf) -> Result<Settings> {
    let path = folder.join("settings.json");
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => b"{}".to_vec(),
        Err(error) => return Err(unusable(&path, plain(&error))),
    };
    let values: BTreeMap<String, serde_json::Value> =
        serde_json::from_slice(&bytes).map_err(|why| unusable(&path, why.to_string()))?;
    let mut settings = Settings {
        folder,
        numbers: BTreeMap::new(),
        bank: None,
    };
    for (name, value) in values {
        let number = NUMBERS.iter().find(|number| number.name == name);
        let fits = match (number, value.as_u64(), value.as_str()) {
            (Some(number), Some(value), _) => u32::try_from(value)
                .ok()
                .filter(|value| number.range.contains(value))
                .map(|value| settings.numbers.insert(name.clone(), value))
                .is_some(),
            (None, _, Some(path)) if name == BANK => {
                settings.bank = Some(path.into());
                true
            }
            _ => false,
        };
        if !fits {
            return Err(unusable(&path, format!("{name} cannot be {value}")));
        }
    }
    Ok(settings)
}

/// The data folder: `ARIOSO_HOME`, else what the XDG base directories say.
pub fn folder() -> Result<PathBuf> {
    let named = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    let data = || named("XDG_DATA_HOME").map(PathBuf::from);
    let home = || named("HOME").map(|home| Path::new(&home).join(".local/share"));
    let folder = named(HOME)
        .map(PathBuf::from)
        .or_else(|| Some(data().or_else(home)?.join("arioso")));
    folder.ok_or_else(|| {
        let message = format!("there is no place for settings: set {HOME} or HOME");
        Failure::new(Kind::Session, message)
    })
}

fn unusable(path: &Path, why: String) -> Failure {
    let message = format!(
        "cannot use the settings in {}: {why} (correct the file, or delete it for the defaults)",
        path.display()
    );
    Failure::new(Kind::Input, message)
}

impl Settings {
    fn write(&self) -> Result<()> {
        let mut values: BTreeMap<&str, serde_json::Value> = self
            .numbers
            .iter()
            .map(|(name, value)| (name.as_str(), (*value).into()))
            .collect();
        values.extend(self.bank.as_deref().map(|bank| (BANK, bank.into())));
        let json = serde_json::to_string_pretty(&values)
            .map_err(|why| Failure::new(Kind::Session, why.to_string()))?;
        fs::create_dir_all(&self.folder).map_err(|error| {
            let (place, why) = (self.folder.display(), plain(&error));
            Failure::new(Kind::Output, format!("cannot make {place}: {why}"))
        })?;
        output::write_bytes(&self.folder.join("settings.json"), (json + "\n").as_bytes())
    }

    /// The numbers that are set.
    pub fn numbers(&self) -> BTreeMap<String, u32> {
        self.numbers.clone()
    }
}

impl Store for Settings {
    fn number(&self, name: &str) -> Result<Option<u32>> {
        Ok(self.numbers.get(name).copied())
    }

    fn set_number(&mut self, name: &str, value: Option<u32>, _default: u32) -> Result<()> {
        match value {
            Some(value) => self.numbers.insert(name.into(), value),
            None => self.numbers.remove(name),
        };
        self.write()
    }

    fn bank(&self) -> Result<Option<PathBuf>> {
        // A name is one of the library, a path is itself.
        Ok(self
            .bank
            .as_ref()
            .map(|bank| self.folder.join("banks").join(bank)))
    }

    fn set_bank(&mut self, file: Option<&Path>) -> Result<()> {
        self.bank = file.map(|file| {
            let kept = file.strip_prefix(self.folder.join("banks"));
            kept.unwrap_or(file).to_string_lossy().into_owned()
        });
        self.write()
    }

    fn default_bank(&self) -> String {
        "the built-in bank".into()
    }

    fn library(&self) -> Result<PathBuf> {
        Ok(self.folder.join("banks"))
    }

    fn tell(&mut self, changed: Changed) -> Result<String> {
        // arioso live looks at the file.
        Ok(match changed.live || changed.bank {
            true => "it counts in arioso live now, else with the next song",
            false => "it counts when the simulated machine starts, with the next song",
        }
        .into())
    }
}
