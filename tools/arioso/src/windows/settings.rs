// SPDX-License-Identifier: MIT OR Apache-2.0
//! `set`, and where settings lie: in the state that the driver shares with programs where Windows has such a thing (since Windows 11 and
//! Server 2022), else in `Parameters` of the service.

use super::api::refused;
use super::api::service::{self, Shared};
use super::install::administrator;
use super::{SERVICE, status};
use crate::failure::{self, Failure, Kind, Result, named, plain};
use crate::{bank, messages, output};
use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;
use windows_registry::{Key, Type};

/// The value that names a bank.
pub const BANK: &str = "BankPath";
/// Its default, as in the INF.
const DEFAULT_BANK: &str = r"\SystemRoot\System32\drivers\gm.dls";

/// Numbers that the driver reads: name, what it may be, default. As in the INF and in the driver.
static NUMBERS: [(&str, RangeInclusive<u32>, u32); 10] = [
    ("Voices", 1..=4096, 256),
    ("Quality", 0..=2, 1),
    ("DownloadMemory", 1..=4096, 512),
    ("BankMemory", 1..=4096, 256),
    ("EndpointLead", 1..=10, 3),
    ("SliceBudget", 10..=1000, 100),
    ("CableSynth", 0..=1, 0),
    ("Dither", 0..=1, 0),
    ("RenderUnits", 0..=1, 0),
    ("WaveSinkFeed", 0..=1, 0),
];

/// `arioso set`. No value: the default.
pub fn set(name: &str, value: Option<&str>) -> Result<()> {
    let usage = |message: String| Failure::new(Kind::Usage, message);
    let is_it = |known: &str| known.eq_ignore_ascii_case(name);
    let number = NUMBERS.iter().find(|(known, ..)| is_it(known));
    let wanted = match (number, value) {
        (Some((name, range, _)), Some(value)) => Some(
            value
                .parse()
                .ok()
                .filter(|number| range.contains(number))
                .ok_or_else(|| {
                    let (low, high) = (range.start(), range.end());
                    usage(format!(
                        "{name} is a number from {low} to {high}, not {value:?}"
                    ))
                })?,
        ),
        (None, _) if !is_it(BANK) => {
            let names: Vec<&str> = NUMBERS.iter().map(|(name, ..)| *name).collect();
            let names = names.join(", ");
            return Err(usage(format!(
                "the driver has no setting {name:?}; there are {names} and {BANK}"
            )));
        }
        _ => None,
    };
    let bank = match (number, value) {
        (None, Some(file)) => Some(read_bank(Path::new(file))?),
        _ => None,
    };
    administrator("set")?;
    let store = Store::open()?;
    let shown = match number {
        Some((name, _, default)) => {
            store.number(name, wanted, *default)?;
            format!("{name} = {}", wanted.unwrap_or(*default))
        }
        None => {
            let file = value.map(Path::new).zip(bank.as_deref());
            format!("{BANK} = {}", store.bank(file)?)
        }
    };
    messages::say(format_args!(
        "{shown}; it counts when the device starts again (restart Windows, or disable and enable the device)"
    ))
}

/// A file that the driver can read: DLS.
fn read_bank(file: &Path) -> Result<Vec<u8>> {
    let bytes = failure::read(file, "the bank")?;
    if bytes.get(..4) == Some(b"RIFF") && bytes.get(8..12) == Some(b"sfbk") {
        let message = format!(
            "the driver reads DLS files, and {} is a SoundFont: convert it first with arioso bank convert",
            named(file)
        );
        return Err(Failure::new(Kind::Input, message));
    }
    bank::parse(&bytes, Some(file))?;
    Ok(bytes)
}

/// Where a setting is written.
enum Store {
    Shared(Shared),
    /// Windows 10. The values that the INF wrote.
    Parameters(Key),
}

impl Store {
    fn open() -> Result<Self> {
        let shared = service::shared(SERVICE, true)
            .map_err(|error| refused("open the driver's shared state", &error))?;
        if let Some(shared) = shared {
            return Ok(Self::Shared(shared));
        }
        let key = status::service_key()
            .and_then(|key| key.options().read().write().open("Parameters").ok());
        key.map(Self::Parameters).ok_or_else(|| {
            Failure::new(
                Kind::Session,
                "the driver is not installed: run arioso install",
            )
        })
    }

    fn number(&self, name: &str, wanted: Option<u32>, default: u32) -> Result<()> {
        let done = match (self, wanted) {
            (Self::Shared(shared), None) => forget(&shared.key, name),
            (Self::Shared(Shared { key, .. }) | Self::Parameters(key), wanted) => {
                key.set_u32(name, wanted.unwrap_or(default))
            }
        };
        done.map_err(|error| refused(format!("set {name}"), &error))
    }

    /// Names a bank to the driver: copied to where the driver looks, or, where there is no such place, by the path that it has. The value
    /// that names it.
    fn bank(&self, file: Option<(&Path, &[u8])>) -> Result<String> {
        let failed = |error| refused(format!("set {BANK}"), &error);
        let Shared { key, directory } = match self {
            Self::Shared(shared) => shared,
            Self::Parameters(key) => {
                let path = match file {
                    Some((file, _)) => nt_path(file)?,
                    None => DEFAULT_BANK.to_owned(),
                };
                key.set_expand_string(BANK, &path).map_err(failed)?;
                return Ok(path);
            }
        };
        let before = key.get_string(BANK).ok();
        let name = match file {
            Some((file, bytes)) => {
                let name = file.file_name().unwrap_or_default();
                output::write_bytes(&directory.join(name), bytes)?;
                let name = name.to_string_lossy().into_owned();
                key.set_string(BANK, &name).map_err(failed)?;
                name
            }
            None => {
                forget(key, BANK).map_err(failed)?;
                DEFAULT_BANK.to_owned()
            }
        };
        // Nobody names the copy before any more.
        if let Some(before) = before.filter(|old| !old.is_empty() && !old.contains(['\\', '/'])) {
            if !before.eq_ignore_ascii_case(&name) {
                let _ = fs::remove_file(directory.join(before));
            }
        }
        Ok(name)
    }
}

/// Removes a value that need not be there.
fn forget(key: &Key, name: &str) -> windows_registry::Result<()> {
    match key.get_type(name) {
        Ok(_) => key.remove_value(name),
        Err(_) => Ok(()),
    }
}

/// The whole path, as the kernel takes it.
fn nt_path(file: &Path) -> Result<String> {
    let path = std::path::absolute(file).map_err(|error| {
        let message = format!("cannot tell where {} is: {}", named(file), plain(&error));
        Failure::new(Kind::Input, message)
    })?;
    Ok(format!(r"\??\{}", path.display()))
}

/// All settings, as text: what was set before what the INF wrote.
pub fn all() -> Vec<(String, String)> {
    let shared = service::shared(SERVICE, false).ok().flatten();
    let parameters = status::service_key().and_then(|key| key.open("Parameters").ok());
    let mut all = shared.map_or_else(Vec::new, |shared| values(&shared.key));
    for (name, value) in parameters.map_or_else(Vec::new, |key| values(&key)) {
        if !all
            .iter()
            .any(|(known, _)| known.eq_ignore_ascii_case(&name))
        {
            all.push((name, value));
        }
    }
    all.sort();
    all
}

fn values(key: &Key) -> Vec<(String, String)> {
    let values = key.values().into_iter().flatten();
    values
        .map(|(name, value)| {
            let text = match value.ty() {
                Type::U32 => u32::try_from(value).map(|number| number.to_string()),
                _ => String::try_from(value),
            };
            (name, text.unwrap_or_else(|_| "of another type".into()))
        })
        .collect()
}
