//! Files that are written: complete or not there at all.

use crate::failure::{Failure, Kind, Result, plain};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Writes a whole file: first beside it, then renamed.
pub fn write_bytes(path: &Path, bytes: &[u8]) -> Result<()> {
    replace(path, |temporary| fs::write(temporary, bytes))
}

/// Fails early if nothing can be written at `path`.
pub fn check(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Err(failure(path, "it is a directory"));
    }
    let directory = directory_of(path);
    if !directory.is_dir() {
        return Err(failure(
            path,
            &format!("there is no directory {}", directory.display()),
        ));
    }
    Ok(())
}

/// Lets `write` make a file beside `path` that then takes its place; nothing is left of one that fails.
pub fn replace(path: &Path, write: impl FnOnce(&Path) -> io::Result<()>) -> Result<()> {
    check(path)?;
    let mut name = path
        .file_name()
        .ok_or_else(|| failure(path, "it is not a file name"))?
        .to_os_string();
    name.push(format!(".{}.part", std::process::id()));
    let temporary = directory_of(path).join(name);
    let result = write(&temporary).and_then(|()| fs::rename(&temporary, path));
    result.map_err(|error| {
        // Nothing may be left; if even this fails there is no more to do.
        let _ = fs::remove_file(&temporary);
        failure(path, &plain(&error))
    })
}

fn directory_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

fn failure(path: &Path, why: &str) -> Failure {
    Failure::new(
        Kind::Output,
        format!("cannot write {}: {why}", path.display()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_nothing() {
        let directory = std::env::temp_dir().join(format!("arioso-output-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let path = directory.join("x.wav");
        let result = replace(&path, |temporary| {
            fs::write(temporary, b"half")?;
            Err(io::Error::other("the disk is full"))
        });
        assert!(result.unwrap_err().to_string().contains("the disk is full"));
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);

        write_bytes(&path, b"whole").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
        fs::remove_dir_all(&directory).unwrap();
    }
}
