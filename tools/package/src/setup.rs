// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the INF asks of the package.

use crate::Arch;
use anyhow::{Context, Result};
use arioso_inf::{Inf, decode};
use std::fs;
use std::path::Path;

/// Of one architecture.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Names of the files that it copies.
    pub files: Vec<String>,
    /// Lower case.
    pub hardware_ids: Vec<String>,
    /// `CatalogFile`
    pub catalog: String,
    /// `DriverVer`, without the date.
    pub version: String,
}

impl Setup {
    /// Reads an INF.
    ///
    /// # Errors
    /// Where it is none.
    pub fn read(path: &Path, arch: Arch) -> Result<Self> {
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let inf = decode(&bytes).and_then(|text| Inf::parse(&text));
        let setup = inf.and_then(|inf| Self::of(&inf, arch));
        setup.with_context(|| path.display().to_string())
    }

    /// What an INF asks for.
    ///
    /// # Errors
    /// A section or field that it needs is wrong.
    pub fn of(inf: &Inf, arch: Arch) -> std::result::Result<Self, arioso_inf::Finding> {
        let platform = arch.platform();
        let (mut files, mut hardware_ids) = (Vec::new(), Vec::new());
        for model in inf.models(platform)? {
            let install = inf.install(&model, platform)?;
            files.extend(install.files.into_iter().map(|file| file.source));
            hardware_ids.extend(model.ids.iter().map(|id| id.to_ascii_lowercase()));
        }
        files.sort();
        files.dedup();
        let version = |key: &str, index: usize| {
            let section = inf.section("Version");
            let entry = section.and_then(|section| section.get(key));
            entry.map_or("", |entry| entry.value(index)).to_owned()
        };
        Ok(Self {
            files,
            hardware_ids,
            catalog: version("CatalogFile", 0),
            version: version("DriverVer", 1),
        })
    }
}
