// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where settings lie, and how the driver hears of a change: in the state that the driver shares with programs where Windows has such a thing
//! (since Windows 11 and Server 2022), else in `Parameters` of the service. A driver that runs reads them again when it is told to.

use super::api::devices::State;
use super::api::ks::KsClient;
use super::api::refused;
use super::api::service::{self, Shared};
use super::install::administrator;
use super::{SERVICE, package, status};
use crate::failure::{Failure, Kind, Result, named, plain};
use crate::settings::{Changed, Store};
use arioso_cli::numbers::BANK;
use arioso_core::ks::arioso::{ARIOSO_CONTROL_BANK, ARIOSO_CONTROL_NUMBERS};
use conformance::settings::{self as driver, control};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::{env, fs};
use windows_registry::{Key, Type};

/// The default bank, as in the INF.
const DEFAULT_BANK: &str = r"\SystemRoot\System32\drivers\gm.dls";

/// Where a setting is written.
pub enum Settings {
    Shared(Shared),
    /// Windows 10. The values that the INF wrote.
    Parameters(Key),
}

/// Opens the settings of the driver that is installed. `write`: to change them, which only an administrator may.
pub fn open(write: bool) -> Result<Settings> {
    if write {
        administrator("settings")?;
    }
    let shared = service::shared(SERVICE, write)
        .map_err(|error| refused("open the driver's shared state", &error))?;
    if let Some(shared) = shared {
        return Ok(Settings::Shared(shared));
    }
    let key = status::service_key().and_then(|key| {
        let mut options = key.options();
        let options = if write {
            options.read().write()
        } else {
            options.read()
        };
        options.open("Parameters").ok()
    });
    key.map(Settings::Parameters).ok_or_else(|| {
        Failure::new(
            Kind::Session,
            "the driver is not installed: run arioso install",
        )
    })
}

impl Settings {
    fn key(&self) -> &Key {
        match self {
            Self::Shared(Shared { key, .. }) | Self::Parameters(key) => key,
        }
    }
}

impl Store for Settings {
    fn number(&self, name: &str) -> Result<Option<u32>> {
        // What was set before what the INF wrote.
        let all = all();
        let found = all
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        Ok(found.and_then(|(_, value)| value.parse().ok()))
    }

    fn set_number(&mut self, name: &str, value: Option<u32>, default: u32) -> Result<()> {
        let done = match (&*self, value) {
            (Self::Shared(shared), None) => forget(&shared.key, name),
            (_, value) => self.key().set_u32(name, value.unwrap_or(default)),
        };
        done.map_err(|error| refused(format!("set {name}"), &error))
    }

    fn bank(&self) -> Result<Option<PathBuf>> {
        let all = all();
        let value = all.iter().find(|(name, _)| name == BANK);
        Ok(match value.map(|(_, value)| value.as_str()) {
            None | Some("" | DEFAULT_BANK) => None,
            Some(path) => Some(match path.strip_prefix(r"\??\") {
                Some(path) => path.into(),
                None => self.library()?.join(path),
            }),
        })
    }

    fn set_bank(&mut self, file: Option<&Path>) -> Result<()> {
        let done = match (&*self, file) {
            (Self::Shared(shared), None) => forget(&shared.key, BANK),
            // A name in the directory that the driver shares.
            (Self::Shared(shared), Some(file)) => {
                let name = file.file_name().unwrap_or_default().to_string_lossy();
                shared.key.set_string(BANK, name.as_ref())
            }
            (Self::Parameters(key), None) => key.set_expand_string(BANK, DEFAULT_BANK),
            (Self::Parameters(key), Some(file)) => key.set_expand_string(BANK, nt_path(file)?),
        };
        done.map_err(|error| refused(format!("set {BANK}"), &error))
    }

    fn default_bank(&self) -> String {
        DEFAULT_BANK.into()
    }

    fn library(&self) -> Result<PathBuf> {
        if let Self::Shared(shared) = self {
            return Ok(shared.directory.clone());
        }
        own_library()
    }

    fn tell(&mut self, changed: Changed) -> Result<String> {
        const LATER: &str = "it counts when the device starts again";
        let mut client = KsClient::of(SERVICE);
        let Ok(filter) = driver::filter(&mut client) else {
            return Ok(format!("{LATER} (it does not run)"));
        };
        let numbers = if changed.live || changed.fixed {
            ARIOSO_CONTROL_NUMBERS
        } else {
            0
        };
        let bank = if changed.bank { ARIOSO_CONTROL_BANK } else { 0 };
        let told = control(&mut client, filter.handle, numbers | bank)
            .and_then(|()| driver::settings(&mut client, filter.handle));
        filter.close(&mut client);
        let active = told.map_err(|error| {
            let message = format!("written, but the driver does not follow: {error}; {LATER}");
            Failure::new(Kind::Session, message)
        })?;
        if !changed.fixed || active.Pending == 0 {
            return Ok("it counts now".into());
        }
        match active.Users {
            0 => restart(),
            1 => Ok(format!("{LATER}: a program uses it")),
            users => Ok(format!("{LATER}: programs use it ({users} streams)")),
        }
    }
}

/// Where banks are kept that no driver shares.
fn own_library() -> Result<PathBuf> {
    let data = env::var_os("ProgramData").ok_or_else(|| {
        let message = "Windows does not tell where programs keep data (ProgramData)";
        Failure::new(Kind::Session, message)
    })?;
    Ok(Path::new(&data).join(r"Arioso\Banks"))
}

/// Takes kept banks away, with the driver; those that it shares go with the service.
pub fn remove_banks() -> Result<()> {
    let library = own_library()?;
    let folder = library.parent().unwrap_or(&library);
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            let message = format!("cannot remove {}: {}", folder.display(), plain(&error));
            Err(Failure::new(Kind::Output, message))
        }
        _ => Ok(()),
    }
}

/// Starts the device again, which nobody uses.
fn restart() -> Result<String> {
    for device in package::devices()? {
        if device.state() == State::Started {
            device
                .restart()
                .map_err(|error| refused(format!("restart the device {}", device.id()), &error))?;
        }
    }
    Ok("the device was started again: it counts now".into())
}

/// The whole path, as the kernel takes it.
fn nt_path(file: &Path) -> Result<String> {
    let path = std::path::absolute(file).map_err(|error| {
        let message = format!("cannot tell where {} is: {}", named(file), plain(&error));
        Failure::new(Kind::Input, message)
    })?;
    Ok(format!(r"\??\{}", path.display()))
}

/// Removes a value that need not be there.
fn forget(key: &Key, name: &str) -> windows_registry::Result<()> {
    match key.get_type(name) {
        Ok(_) => key.remove_value(name),
        Err(_) => Ok(()),
    }
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
