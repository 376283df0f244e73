// SPDX-License-Identifier: MIT OR Apache-2.0
//! The driver store: a directory for each package, its INF and catalog under the published name, what Windows notes about it.

use super::candidate::{self, Head};
use super::package::Package;
use crate::executive::disk::{self, FileData};
use crate::registry::{self, Value};
use arioso_inf::{Inf, Install, Model, decode};
use std::collections::BTreeSet;

const DATABASE: &str = r"\Registry\Machine\System\DriverDatabase";
const REPOSITORY: &str = r"\SystemRoot\System32\DriverStore\FileRepository";
const INF: &str = r"\SystemRoot\INF";
/// Catalogs of drivers.
const CATALOGS: &str = r"\SystemRoot\System32\CatRoot\{F750E6C3-38EE-11D1-85E5-00C04FC295EE}";

/// A package in the store.
#[derive(Clone, Debug)]
pub struct Staged {
    /// `oem0.inf`
    pub published: String,
    /// NT path of its directory, which is what DIRID 13 stands for.
    pub directory: String,
    pub inf: Inf,
    pub head: Head,
}

impl Staged {
    /// The model for a device with these hardware and compatible ids, and what installing it does.
    pub fn offer(&self, ids: &[String]) -> Result<Option<(Model, Install)>, String> {
        let models = candidate::models(&self.inf)?;
        let has = |model: &Model, id: &String| model.ids.iter().any(|m| m.eq_ignore_ascii_case(id));
        let found = ids
            .iter()
            .find_map(|id| models.iter().find(|model| has(model, id)));
        let Some(model) = found else {
            return Ok(None);
        };
        let install = candidate::install(&self.inf, model)?;
        Ok(Some((model.clone(), install)))
    }
}

/// Takes a package in; one that is there already keeps its published name.
pub fn add(package: &Package) -> Result<Staged, String> {
    let name = package.name();
    let told = |what: String| format!("{name}: {what}");
    let inf = package.parse()?;
    let head = Head::of(&inf).map_err(told)?;
    let models = candidate::models(&inf).map_err(told)?;
    let catalog = head.catalog.to_lowercase();
    let mut files = BTreeSet::from([name.to_owned(), catalog.clone()]);
    for model in &models {
        let install = candidate::install(&inf, model).map_err(told)?;
        files.extend(install.files.iter().map(|f| f.source.to_lowercase()));
    }
    let mut content = Vec::new();
    for file in files {
        let data = package.file(&file).and_then(FileData::read);
        let bytes = data.ok_or_else(|| {
            told(match file == catalog {
                true => format!("its catalog {file} is missing: Windows takes no unsigned package"),
                false => format!("{file} is missing in the package"),
            })
        })?;
        content.push((file, bytes));
    }
    let list = content.iter().find(|(file, _)| *file == catalog);
    let list = list.map_or(&[][..], |(_, bytes)| bytes);
    for (file, bytes) in content.iter().filter(|(file, _)| *file != catalog) {
        package.verify(list, file, bytes).map_err(told)?;
    }
    let hash = hash(content.iter().flat_map(|(_, bytes)| bytes.iter()));
    let directory = format!("{name}_amd64_{hash:016x}");
    let known = names().into_iter().find(|(_, known)| *known == directory);
    let published = match known {
        Some((published, _)) => published,
        None => {
            let published = free_name();
            for (file, bytes) in content {
                let data = match package.file(&file) {
                    // The host's path leads to the image's symbols.
                    Some(data @ FileData::Host(_)) => data.clone(),
                    _ => FileData::Bytes(bytes),
                };
                if file == name {
                    disk::add(&format!("{INF}\\{published}"), data.clone());
                } else if file == catalog {
                    let copy = published.replace(".inf", ".cat");
                    disk::add(&format!("{CATALOGS}\\{copy}"), data.clone());
                }
                disk::add(&format!("{REPOSITORY}\\{directory}\\{file}"), data);
            }
            note(&published, &directory, name, &head, &models);
            published
        }
    };
    Ok(Staged {
        directory: format!("{REPOSITORY}\\{directory}"),
        published,
        inf,
        head,
    })
}

fn note(published: &str, directory: &str, name: &str, head: &Head, models: &[Model]) {
    let key = format!("{DATABASE}\\DriverInfFiles\\{published}");
    registry::set(&key, "", Value::texts(&[directory]));
    registry::set(&key, "Active", Value::text(directory));
    let key = format!("{DATABASE}\\DriverPackages\\{directory}");
    registry::set(&key, "", Value::text(published));
    registry::set(&key, "InfName", Value::text(name));
    registry::set(&key, "Provider", Value::text(&head.provider));
    registry::set(&key, "Catalog", Value::text(&head.catalog));
    for id in models.iter().flat_map(|model| &model.ids) {
        let key = format!("{DATABASE}\\DeviceIds\\{id}");
        registry::set(&key, published, Value::binary(&[1, 0xFF, 0, 0]));
    }
}

/// All packages.
pub fn all() -> Vec<Staged> {
    names().iter().filter_map(|(name, _)| find(name)).collect()
}

/// The package of a published name.
pub fn find(published: &str) -> Option<Staged> {
    let (published, directory) = names()
        .into_iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(published))?;
    let bytes = disk::read(&format!("{INF}\\{published}"))??;
    let inf = Inf::parse(&decode(&bytes).ok()?).ok()?;
    let head = Head::of(&inf).ok()?;
    Some(Staged {
        directory: format!("{REPOSITORY}\\{directory}"),
        published,
        inf,
        head,
    })
}

/// Takes a package out.
pub fn remove(staged: &Staged) {
    let published = &staged.published;
    let directory = staged.directory.rsplit('\\').next().unwrap_or_default();
    disk::remove(&staged.directory);
    disk::remove(&format!("{INF}\\{published}"));
    let catalog = published.replace(".inf", ".cat");
    disk::remove(&format!("{CATALOGS}\\{catalog}"));
    registry::delete_tree(&format!("{DATABASE}\\DriverInfFiles\\{published}"));
    registry::delete_tree(&format!("{DATABASE}\\DriverPackages\\{directory}"));
    for id in candidate::models(&staged.inf)
        .unwrap_or_default()
        .iter()
        .flat_map(|model| &model.ids)
    {
        let key = format!("{DATABASE}\\DeviceIds\\{id}");
        registry::remove(&key, published);
        registry::delete_if_empty(&key);
    }
}

/// Published names with the names of their directories.
fn names() -> Vec<(String, String)> {
    let key = format!("{DATABASE}\\DriverInfFiles");
    registry::subkeys(&key)
        .into_iter()
        .filter_map(|name| {
            let directory = registry::get(&format!("{key}\\{name}"), "Active")?.string()?;
            Some((name, directory))
        })
        .collect()
}

fn free_name() -> String {
    let names = names();
    let taken = |name: &String| names.iter().any(|(known, _)| known == name);
    (0..)
        .map(|n| format!("oem{n}.inf"))
        .find(|name| !taken(name))
        .unwrap_or_default()
}

/// FNV-1a. Windows' own hash is not documented; only that other content has another directory counts.
fn hash<'a>(bytes: impl Iterator<Item = &'a u8>) -> u64 {
    bytes.fold(0xCBF2_9CE4_8422_2325, |h, byte| {
        (h ^ u64::from(*byte)).wrapping_mul(0x100_0000_01B3)
    })
}

/// What exists before any driver is installed.
pub fn initialize() {
    for key in ["DriverInfFiles", "DriverPackages", "DeviceIds\\ROOT"] {
        registry::create(&format!("{DATABASE}\\{key}"));
    }
}
