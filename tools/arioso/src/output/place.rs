// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a path that is to be written means.

use crate::failure::plain;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Where a file's bytes go.
#[derive(Debug, PartialEq, Eq)]
pub enum Place {
    /// The standard output: `-`, or a path of it.
    Stdout,
    /// What is no regular file: opened and written.
    Open(PathBuf),
    /// A regular file, or none yet, under its own name: no link.
    File(PathBuf),
}

/// Links that are followed; as many as Linux does.
const LINKS: usize = 40;

impl Place {
    /// What is at `path` now; the error says why it cannot be written.
    pub fn of(path: &Path) -> Result<Self, String> {
        if path == Path::new("-") || is_our_stdout(path) {
            return Ok(Self::Stdout);
        }
        if is_device_name(path) {
            return Ok(Self::Open(path.to_path_buf()));
        }
        match fs::metadata(path) {
            Ok(data) if data.is_dir() => return Err("it is a directory".into()),
            Ok(data) if !data.is_file() => return Ok(Self::Open(path.to_path_buf())),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(plain(&error)),
        }
        let mut target = path.to_path_buf();
        for _ in 0..LINKS {
            if is_descriptor(&target) {
                return Ok(Self::Open(path.to_path_buf()));
            }
            match fs::read_link(&target) {
                Ok(next) => target = directory_of(&target).join(next),
                Err(_) => return file(path, target),
            }
        }
        Err("its symbolic links go round in circles".into())
    }

    /// Whether two outputs would be one; devices may be.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Stdout, Self::Stdout) => true,
            (Self::File(a), Self::File(b)) => {
                let directory = |path: &Path| directory_of(path).canonicalize().ok();
                a.file_name() == b.file_name() && directory(a) == directory(b)
            }
            _ => false,
        }
    }
}

fn file(path: &Path, target: PathBuf) -> Result<Place, String> {
    let directory = directory_of(&target);
    if !directory.is_dir() {
        return Err(match fs::metadata(&directory) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => plain(&error),
            _ => format!("there is no directory {}", directory.display()),
        });
    }
    let text = path.as_os_str().to_string_lossy();
    if target.file_name().is_none() || text.ends_with(std::path::is_separator) {
        return Err("it is no file name".into());
    }
    match fs::metadata(&target) {
        // So that it stays as it is: its owner has said so, and a new file would not ask.
        Ok(data) if data.permissions().readonly() => return Err("it is read-only".into()),
        Ok(_) => {
            File::options()
                .write(true)
                .open(&target)
                .map_err(|error| plain(&error))?;
        }
        Err(_) => {}
    }
    Ok(Place::File(target))
}

/// Where a file lies.
pub fn directory_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

/// `/dev/stdout` and its kin, unless it is a device: that can be opened a second time, what else it is cannot.
#[cfg(unix)]
fn is_our_stdout(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    let Some(stdout) = super::same::stdout() else {
        return false;
    };
    !stdout.file_type().is_char_device()
        && !stdout.is_dir()
        && fs::metadata(path).is_ok_and(|data| super::same::equal(&data, &stdout))
}

#[cfg(windows)]
fn is_our_stdout(_: &Path) -> bool {
    false
}

/// An open file of a process: `/proc/self/fd/3`, which `/dev/fd/3` leads to.
#[cfg(unix)]
fn is_descriptor(path: &Path) -> bool {
    directory_of(path)
        .canonicalize()
        .is_ok_and(|directory| directory.starts_with("/proc") && directory.ends_with("fd"))
}

#[cfg(windows)]
fn is_descriptor(_: &Path) -> bool {
    false
}

#[cfg(unix)]
fn is_device_name(_: &Path) -> bool {
    false
}

/// Names that are devices in every directory, and the namespace of all devices.
#[cfg(windows)]
fn is_device_name(path: &Path) -> bool {
    let text = path.as_os_str().to_string_lossy();
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let stem = stem.to_ascii_uppercase();
    let numbered = |name: &str| {
        let number = stem.strip_prefix(name);
        number.is_some_and(|number| number.len() == 1 && number.bytes().all(|c| c.is_ascii_digit()))
    };
    text.starts_with(r"\\.\")
        || matches!(stem.as_str(), "NUL" | "CON" | "PRN" | "AUX")
        || numbered("COM")
        || numbered("LPT")
}
