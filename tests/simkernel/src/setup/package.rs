// SPDX-License-Identifier: MIT OR Apache-2.0
//! The files of a driver package, as they lie in a directory.

use crate::executive::disk::FileData;
use arioso_inf::{Inf, decode};
use std::collections::BTreeMap;
use std::path::Path;

/// Looks whether a catalog (its bytes) vouches for a file (name and bytes). The error says what is wrong.
pub type Verify = fn(catalog: &[u8], file: &str, bytes: &[u8]) -> Result<(), String>;

/// A driver package: files by name, one of them an INF.
#[derive(Clone, Debug)]
pub struct Package {
    /// By folded name.
    files: BTreeMap<String, FileData>,
    /// Name of the INF.
    inf: String,
    verify: Option<Verify>,
}

impl Package {
    /// The package in a directory of this machine's host.
    ///
    /// # Errors
    /// A directory that cannot be read, without an INF or with several.
    pub fn read(directory: &Path) -> Result<Self, String> {
        let wrong = |error| format!("{}: {error}", directory.display());
        let mut files = Vec::new();
        for entry in std::fs::read_dir(directory).map_err(wrong)? {
            let entry = entry.map_err(wrong)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            files.push((name, FileData::Host(entry.path())));
        }
        Self::new(files).map_err(|error| format!("{}: {error}", directory.display()))
    }

    /// # Errors
    /// No INF, or several.
    pub fn new(files: impl IntoIterator<Item = (String, FileData)>) -> Result<Self, String> {
        let files: BTreeMap<_, _> = files
            .into_iter()
            .map(|(name, data)| (name.to_lowercase(), data))
            .collect();
        let infs: Vec<&String> = files.keys().filter(|f| f.ends_with(".inf")).collect();
        match infs[..] {
            [inf] => Ok(Self {
                inf: inf.clone(),
                files,
                verify: None,
            }),
            [] => Err("no INF".into()),
            _ => Err(format!("more than one INF: {infs:?}")),
        }
    }

    /// The same on a machine that looks at catalogs: a file that its catalog does not vouch for is refused.
    #[must_use]
    pub fn verified_by(self, verify: Verify) -> Self {
        Self {
            verify: Some(verify),
            ..self
        }
    }

    /// Whether the catalog vouches for a file, if anybody looks.
    pub(super) fn verify(&self, catalog: &[u8], file: &str, bytes: &[u8]) -> Result<(), String> {
        self.verify
            .map_or(Ok(()), |verify| verify(catalog, file, bytes))
    }

    /// The same with another content of a file, or one more file.
    #[must_use]
    pub fn with(mut self, name: &str, data: FileData) -> Self {
        self.files.insert(name.to_lowercase(), data);
        self
    }

    /// The same without a file.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.files.remove(&name.to_lowercase());
        self
    }

    /// The same with an INF whose text `change` makes.
    ///
    /// # Errors
    /// The INF cannot be read.
    pub fn with_inf(self, change: impl FnOnce(&str) -> String) -> Result<Self, String> {
        let text = change(&self.text()?);
        let name = self.inf.clone();
        Ok(self.with(&name, text.into_bytes().into()))
    }

    /// Name of the INF.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inf
    }

    /// One of its files, by its name.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&FileData> {
        self.files.get(&name.to_lowercase())
    }

    /// The INF's text.
    ///
    /// # Errors
    /// It is not there, or has another encoding than an INF may have.
    pub fn text(&self) -> Result<String, String> {
        let bytes = self.file(&self.inf).and_then(FileData::read);
        let bytes = bytes.ok_or_else(|| format!("{} cannot be read", self.inf))?;
        decode(&bytes).map_err(|finding| format!("{}, {finding}", self.inf))
    }

    /// # Errors
    /// What cannot be read in it, by line.
    pub fn parse(&self) -> Result<Inf, String> {
        Inf::parse(&self.text()?).map_err(|finding| format!("{}, {finding}", self.inf))
    }
}
