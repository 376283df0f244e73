// SPDX-License-Identifier: MIT OR Apache-2.0
//! The simulated disk: files by NT path.

use crate::nt::NTSTATUS;
use crate::state::Global;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// What a file of the simulated disk consists of.
#[derive(Clone, Debug)]
pub enum FileData {
    /// These bytes.
    Bytes(Arc<Vec<u8>>),
    /// Read when it is opened first.
    Host(PathBuf),
    /// Made where it is read: it may be larger than memory, and fail.
    Made(Made),
}

/// A file that is made where it is read.
pub trait Make: Send + Sync {
    /// Bytes that it has.
    fn len(&self) -> u64;

    /// It has no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fills `into` from `at` on, as far as the file goes; with how many bytes. An error is what the disk reports.
    fn read(&self, at: u64, into: &mut [u8]) -> Result<usize, NTSTATUS>;
}

/// [`FileData::Made`]
#[derive(Clone)]
pub struct Made(pub Arc<dyn Make>);

impl fmt::Debug for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// An open file.
#[derive(Clone)]
pub(crate) enum Content {
    Bytes(Arc<Vec<u8>>),
    Made(Made),
}

impl Content {
    pub fn len(&self) -> u64 {
        match self {
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::Made(made) => made.0.len(),
        }
    }

    /// Fills the front of `into`, and takes the time that a disk takes.
    pub fn read(&self, at: u64, into: &mut [u8]) -> Result<usize, NTSTATUS> {
        match self {
            Content::Bytes(bytes) => {
                let start = usize::try_from(at).unwrap_or(usize::MAX);
                let rest = bytes.get(start..).unwrap_or_default();
                let n = rest.len().min(into.len());
                into[..n].copy_from_slice(&rest[..n]);
                // 1 ms and a microsecond per KiB.
                crate::clock::advance_by(1_000_000 + n as u64);
                Ok(n)
            }
            Content::Made(made) => {
                // A solid-state disk: 0.1 ms and 500 MB/s. Others run meanwhile.
                let ticks = 1000 + into.len() as i64 / 50;
                crate::guest::wait(&[], false, Some(-ticks));
                made.0.read(at, into)
            }
        }
    }
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
            FileData::Made(_) => None,
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

/// The file at a path. `Some(None)`: what is behind it cannot be read.
pub(crate) fn open(path: &str) -> Option<Option<Content>> {
    if let Some(FileData::Made(made)) = find(path) {
        return Some(Some(Content::Made(made.clone())));
    }
    read(path).map(|bytes| bytes.map(Content::Bytes))
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
