// SPDX-License-Identifier: MIT OR Apache-2.0
//! Files that take another's place when they are whole. Whatever ends the program, short of being killed, none stays.

use super::place::directory_of;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tempfile::{Builder, NamedTempFile};

/// Those that exist.
static LIVE: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn live() -> MutexGuard<'static, Vec<PathBuf>> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A new file in the directory of the one that it will replace.
pub struct Temporary(Option<NamedTempFile>);

impl Temporary {
    pub fn beside(target: &Path) -> io::Result<Self> {
        let mut builder = Builder::new();
        builder.prefix("arioso-").suffix(".part");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // Less what the user masks, as of any new file.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let mut live = live();
        let file = builder.tempfile_in(directory_of(target))?;
        live.push(file.path().to_path_buf());
        Ok(Self(Some(file)))
    }

    pub fn file(&mut self) -> io::Result<&mut File> {
        let file = self.0.as_mut().map(NamedTempFile::as_file_mut);
        file.ok_or_else(|| io::Error::other("the file is closed"))
    }

    /// Puts it into the place of `target`, whose permissions it takes over.
    pub fn replace(mut self, target: &Path) -> io::Result<()> {
        let Some(file) = self.0.take() else {
            return Ok(());
        };
        file.as_file().sync_all()?;
        if let Ok(data) = fs::metadata(target) {
            file.as_file().set_permissions(data.permissions())?;
        }
        let mut live = live();
        let path = file.path().to_path_buf();
        let result = file.persist(target);
        live.retain(|other| *other != path);
        // The error carries the file, which goes away with it.
        result.map(drop).map_err(|failed| failed.error)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(file) = self.0.take() {
            let mut live = live();
            live.retain(|other| other != file.path());
            // If even this fails there is no more to do.
            let _ = file.close();
        }
    }
}

/// Removes all. The program must end: no more can be made, nor put into place.
pub fn abandon() {
    let live = live();
    for path in live.iter() {
        // If even this fails there is no more to do.
        let _ = fs::remove_file(path);
    }
    std::mem::forget(live);
}
