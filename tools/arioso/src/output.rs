//! The WAV file: complete or not there at all.

use crate::failure::{Failure, Kind, Result, plain};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Writes 16-bit stereo `samples` (interleaved) to `path`: first beside it, then renamed.
pub fn write_wav(path: &Path, rate: u32, samples: &[i16]) -> Result<()> {
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: rate,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    replace(path, |temporary| {
        let mut writer = hound::WavWriter::create(temporary, spec).map_err(as_io)?;
        let mut block =
            writer.get_i16_writer(u32::try_from(samples.len()).map_err(io::Error::other)?);
        samples
            .iter()
            .for_each(|sample| block.write_sample(*sample));
        block.flush().map_err(as_io)?;
        writer.finalize().map_err(as_io)
    })
}

/// Writes a whole file in the same way.
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

fn as_io(error: hound::Error) -> io::Error {
    match error {
        hound::Error::IoError(error) => error,
        other => io::Error::other(other.to_string()),
    }
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

        write_wav(&path, 48_000, &[1, -1, 2, -2]).unwrap();
        let mut reader = hound::WavReader::open(&path).unwrap();
        assert_eq!(
            reader
                .samples::<i16>()
                .map(|s| s.unwrap())
                .collect::<Vec<_>>(),
            [1, -1, 2, -2]
        );
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
        fs::remove_dir_all(&directory).unwrap();
    }
}
