// SPDX-License-Identifier: MIT OR Apache-2.0
//! The simulated disk: files by NT path.

use crate::state::Global;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// What a file of the simulated disk consists of.
#[derive(Clone, Debug)]
pub enum FileData {
    /// These bytes.
    Bytes(Arc<Vec<u8>>),
    /// Read when it is opened first.
    Host(PathBuf),
}

/// By folded path.
static DISK: Global<BTreeMap<String, FileData>> = Global::new(BTreeMap::new());

impl From<Vec<u8>> for FileData {
    fn from(bytes: Vec<u8>) -> Self {
        FileData::Bytes(bytes.into())
    }
}

impl FileData {
    /// The content. `None`: the file behind it cannot be read.
    pub fn read(&self) -> Option<Arc<Vec<u8>>> {
        match self {
            FileData::Bytes(bytes) => Some(bytes.clone()),
            FileData::Host(path) => std::fs::read(path).ok().map(Arc::new),
        }
    }
}

/// Puts a file on the disk, by its NT path (`\SystemRoot\System32\…`, `\??\C:\…`).
pub(crate) fn add(path: &str, data: FileData) {
    DISK.get().insert(fold(path), data);
}

/// Deletes a file, or a directory with all that is in it.
pub(crate) fn remove(path: &str) {
    let path = fold(path);
    let below = format!("{path}\\");
    DISK.get()
        .retain(|known, _| *known != path && !known.starts_with(&below));
}

/// What lies at a path, unread.
pub(crate) fn find(path: &str) -> Option<&'static FileData> {
    DISK.get().get(&fold(path))
}

/// The bytes at a path; they are read once. `Some(None)`: the file behind it cannot be read.
pub(crate) fn read(path: &str) -> Option<Option<Arc<Vec<u8>>>> {
    let data = DISK.get().get_mut(&fold(path))?;
    let bytes = data.read();
    if let Some(bytes) = &bytes {
        *data = FileData::Bytes(bytes.clone());
    }
    Some(bytes)
}

/// Paths of all files.
pub(crate) fn paths() -> Vec<String> {
    DISK.get().keys().cloned().collect()
}

fn fold(path: &str) -> String {
    let p = path.to_lowercase().replace('/', "\\");
    let p = p.replace("\\dosdevices\\", "\\??\\");
    p.replace("\\??\\c:\\windows\\", "\\systemroot\\")
}
