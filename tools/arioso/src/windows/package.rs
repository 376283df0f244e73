// SPDX-License-Identifier: MIT OR Apache-2.0
//! The package's folder, and what Windows has of it: published INF, device keys.

use super::HARDWARE_ID;
use super::api::devices::{self, Device};
use super::api::refused;
use crate::failure::{Failure, Kind, Result, plain};
use arioso_inf::{Inf, Platform, decode};
use std::path::{Path, PathBuf};
use std::{env, fs};
use windows_registry::LOCAL_MACHINE;

/// A folder that can be installed.
#[derive(Debug)]
pub struct Package {
    pub inf: PathBuf,
    /// DER; a package that Windows trusts anyway has none.
    pub certificate: Option<Vec<u8>>,
}

impl Package {
    /// The package in a folder, or in this program's own.
    pub fn open(directory: Option<PathBuf>) -> Result<Self> {
        let directory = folder(directory)?;
        let file = |name: &str| {
            let path = directory.join(name);
            if path.is_file() {
                return Ok(path);
            }
            let message = format!(
                "{} is missing: name the folder of the package (arioso install DIR)",
                path.display()
            );
            Err(Failure::new(Kind::Input, message))
        };
        let inf = file("arioso.inf")?;
        for name in ["arioso.sys", "arioso.cat", "arioso.dls"] {
            file(name)?;
        }
        let certificate = certificate(&directory)?;
        Ok(Self { inf, certificate })
    }
}

/// The folder meant, as an absolute path: SetupAPI takes no other.
pub fn folder(directory: Option<PathBuf>) -> Result<PathBuf> {
    let unknown = |error: std::io::Error| {
        let message = format!("cannot tell which folder is meant: {}", plain(&error));
        Failure::new(Kind::Input, message)
    };
    match directory {
        Some(directory) => std::path::absolute(directory).map_err(unknown),
        None => {
            let program = env::current_exe().map_err(unknown)?;
            Ok(program.parent().unwrap_or(Path::new(".")).to_path_buf())
        }
    }
}

/// `arioso.cer` of a folder.
pub fn certificate(directory: &Path) -> Result<Option<Vec<u8>>> {
    let path = directory.join("arioso.cer");
    match fs::read(&path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::new(
            Kind::Input,
            format!("cannot read {}: {}", path.display(), plain(&error)),
        )),
    }
}

/// The driver's devices.
pub fn devices() -> Result<Vec<Device>> {
    devices::find(HARDWARE_ID).map_err(|error| refused("list the devices", &error))
}

/// Names that our INF is published under: those that Windows gives, and those that the devices tell.
pub fn names(devices: &[Device]) -> Vec<String> {
    let told = devices
        .iter()
        .filter_map(|device| driver_value(device, "InfPath"));
    let mut names: Vec<String> = published().into_iter().chain(told).collect();
    names.sort_by_key(|name| name.to_ascii_lowercase());
    names.dedup_by(|a, b| a.eq_ignore_ascii_case(b));
    names
}

/// Names that Windows has published our INF under.
pub fn published() -> Vec<String> {
    let directory = windows().join("INF");
    let mut names: Vec<String> = fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok().zip(Some(entry.path())))
        .filter(|(name, path)| is_published(name) && fs::read(path).is_ok_and(|inf| is_ours(&inf)))
        .map(|(name, _)| name)
        .collect();
    names.sort();
    names
}

fn is_published(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.strip_prefix("oem")
        .and_then(|rest| rest.strip_suffix(".inf"))
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether an INF is for the driver's device.
fn is_ours(inf: &[u8]) -> bool {
    let Ok(inf) = decode(inf).and_then(|text| Inf::parse(&text)) else {
        return false;
    };
    Platform::ALL.iter().any(|&platform| {
        let models = inf.models(platform).unwrap_or_default();
        let mut ids = models.iter().flat_map(|model| &model.ids);
        ids.any(|id| id.eq_ignore_ascii_case(HARDWARE_ID))
    })
}

/// `C:\Windows`
pub fn windows() -> PathBuf {
    env::var_os("SystemRoot").map_or_else(|| r"C:\Windows".into(), PathBuf::from)
}

/// A value of the device's class key, such as `DriverVersion`.
pub fn driver_value(device: &Device, name: &str) -> Option<String> {
    let key = device.driver_key()?;
    let path = format!(r"SYSTEM\CurrentControlSet\Control\Class\{key}");
    LOCAL_MACHINE.open(path).ok()?.get_string(name).ok()
}

#[cfg(test)]
mod tests {
    use super::is_published;

    #[test]
    fn published_names() {
        assert!(is_published("oem0.inf") && is_published("OEM17.INF"));
        assert!(!is_published("oem.inf") && !is_published("oemx.inf") && !is_published("ks.inf"));
    }
}
