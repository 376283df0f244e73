// SPDX-License-Identifier: MIT OR Apache-2.0
//! Files that are written: complete or not there at all.
//!
//! A regular file is written beside its place and renamed into it; a symbolic link stays, and what it leads to is replaced. What is no
//! regular file (a device, a FIFO, an open descriptor) is opened and written. `-` is the standard output.

mod place;
mod same;
mod temporary;

pub use temporary::abandon;

use crate::failure::{Failure, Kind, Result, plain};
use crate::messages;
use place::{Place, directory_of};
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Seek, Write};
use std::path::{Path, PathBuf};
use temporary::Temporary;

/// What a file is written through: some formats tell their length at their beginning.
pub trait Sink: Write + Seek {}
impl<T: Write + Seek> Sink for T {}

/// Bytes of a stream that are kept in memory, before a nameless file is used.
const IN_MEMORY: usize = 64 << 20;

/// Fails early if an output cannot be written, or is an input, or another output. `-` among the inputs is the standard input. Where an
/// output is the standard output, everything else is said on the standard error from now on.
pub fn check(outputs: &[&Path], inputs: &[impl AsRef<Path>]) -> Result<()> {
    for (number, output) in outputs.iter().enumerate() {
        for input in inputs.iter().map(AsRef::as_ref) {
            if same::is_same(input, output) {
                let message = match input == Path::new("-") {
                    true => "it is the standard input too".into(),
                    false => format!("it is an input too, {}", input.display()),
                };
                let advice = "choose another name with -o";
                return Err(failure(output, &format!("{message} ({advice})")));
            }
        }
        let place = Place::of(output).map_err(|why| failure(output, &why))?;
        for other in &outputs[..number] {
            let is_one = same::is_same(output, other)
                || Place::of(other).is_ok_and(|other| other.is_same(&place));
            if is_one {
                let message = format!("it is another output too, {}", other.display());
                return Err(failure(output, &message));
            }
        }
        match place {
            Place::Stdout if io::stdout().is_terminal() => {
                let message =
                    "it is a terminal, and the file is not text (redirect it, or name a file)";
                return Err(failure(output, message));
            }
            Place::Stdout => messages::give_away_stdout(),
            Place::Open(_) => {}
            Place::File(target) => {
                Temporary::beside(&target)
                    .map_err(|error| no_temporary(output, &target, &error))?;
            }
        }
    }
    Ok(())
}

/// Writes a whole file.
pub fn write_bytes(path: &Path, bytes: &[u8]) -> Result<()> {
    write(path, |out| out.write_all(bytes))
}

/// Lets `make` make a file; nothing is left of one that fails.
pub fn write(path: &Path, make: impl FnOnce(&mut dyn Sink) -> io::Result<()>) -> Result<()> {
    let failed = |error: io::Error| failure(path, &plain(&error));
    match Place::of(path).map_err(|why| failure(path, &why))? {
        Place::File(target) => {
            let mut temporary =
                Temporary::beside(&target).map_err(|error| no_temporary(path, &target, &error))?;
            let file = temporary.file().map_err(failed)?;
            let mut buffered = BufWriter::new(file);
            make(&mut buffered)
                .and_then(|()| buffered.flush())
                .map_err(failed)?;
            drop(buffered);
            temporary.replace(&target).map_err(failed)
        }
        Place::Open(device) => {
            let mut whole = whole(make).map_err(failed)?;
            let mut options = File::options();
            options.write(true).truncate(cfg!(unix));
            let copied = options
                .open(device)
                .and_then(|mut out| io::copy(&mut whole, &mut out).and_then(|_| out.flush()));
            copied.map_err(failed)
        }
        Place::Stdout => {
            let mut whole = whole(make).map_err(failed)?;
            let mut out = io::stdout().lock();
            io::copy(&mut whole, &mut out)
                .and_then(|_| out.flush())
                .map_err(|error| messages::refused(&error))
        }
    }
}

/// Says the name of what was written.
pub fn announce(path: &Path) -> Result<()> {
    match path == Path::new("-") {
        true => Ok(()),
        false => messages::say(path.display()),
    }
}

/// The name of an output that the user has not given: the input's in the current directory, with this ending.
pub fn beside(input: &Path, ending: &str) -> PathBuf {
    let name = match input == Path::new("-") {
        true => "stdin".as_ref(),
        false => input.file_stem().unwrap_or_default(),
    };
    let mut name = name.to_os_string();
    name.push(ending);
    PathBuf::from(name)
}

/// A file that is made where it can be sought, for a place that cannot.
fn whole(make: impl FnOnce(&mut dyn Sink) -> io::Result<()>) -> io::Result<impl io::Read> {
    let mut whole = tempfile::SpooledTempFile::new(IN_MEMORY);
    make(&mut whole)?;
    whole.rewind()?;
    Ok(whole)
}

fn no_temporary(path: &Path, target: &Path, error: &io::Error) -> Failure {
    let directory = directory_of(target);
    let why = plain(error);
    failure(
        path,
        &format!(
            "no file can be made in the directory {}: {why}",
            directory.display()
        ),
    )
}

fn failure(path: &Path, why: &str) -> Failure {
    let name = match path == Path::new("-") {
        true => "to the standard output".into(),
        false => path.display().to_string(),
    };
    Failure::new(Kind::Output, format!("cannot write {name}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_failed_write_leaves_nothing() {
        let directory = std::env::temp_dir().join(format!("arioso-output-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let path = directory.join("x.wav");
        let result = write(&path, |out| {
            out.write_all(b"half")?;
            Err(io::Error::other("the disk is full"))
        });
        assert!(result.unwrap_err().to_string().contains("the disk is full"));
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);

        write_bytes(&path, b"whole").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
        fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn names_keep_their_dots() {
        for (input, name) in [
            ("a/b/No. 5.mid", "No. 5.wav"),
            ("song.tar.mid", "song.tar.wav"),
            ("song", "song.wav"),
            ("-", "stdin.wav"),
        ] {
            assert_eq!(beside(Path::new(input), ".wav"), Path::new(name));
        }
    }
}
