// SPDX-License-Identifier: MIT OR Apache-2.0
//! Errors for people: one line that says what, where, and what to do.

use crate::{messages, stop};
use std::fmt;
use std::io::{self, Read};
use std::path::Path;
use std::process::ExitCode;

/// Why the program ends without a result.
#[derive(Debug)]
pub struct Failure {
    pub kind: Kind,
    message: String,
}

/// The exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The session went wrong.
    Session = 1,
    /// The command line.
    Usage = 2,
    /// A file that was to be read.
    Input = 3,
    /// A file that was to be written.
    Output = 4,
    /// The driver could not be built.
    #[cfg(unix)]
    Build = 5,
    /// The song was played, but the verifier found violations.
    #[cfg(unix)]
    Verifier = 6,
    /// Nobody reads the standard output: as a program that SIGPIPE ends.
    Pipe = 141,
    /// A signal ended it: as a program that SIGINT ends.
    Stopped = 130,
}

impl Failure {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        // What others report may have several lines; one is promised.
        let message: String = message.into();
        let lines: Vec<&str> = message
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        Self {
            kind,
            message: lines.join("; "),
        }
    }

    /// Tells of it, and ends the program or gives its exit code.
    pub fn end(&self) -> ExitCode {
        match self.kind {
            Kind::Pipe => stop::end_of_pipe(),
            Kind::Stopped => stop::end(),
            kind => {
                messages::warn(self);
                ExitCode::from(kind as u8)
            }
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl From<conformance::Error> for Failure {
    fn from(error: conformance::Error) -> Self {
        Self::new(Kind::Session, format!("the driver refused: {error}"))
    }
}

pub type Result<T> = std::result::Result<T, Failure>;

/// The content of an input file; `-` is the standard input.
pub fn read(path: &Path, what: &str) -> Result<Vec<u8>> {
    let content = match path == Path::new("-") {
        true => {
            let mut bytes = Vec::new();
            io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
        }
        false => std::fs::read(path),
    };
    content.map_err(|error| unreadable(path, what, &error))
}

/// Why an input file cannot be read.
pub fn unreadable(path: &Path, what: &str, error: &io::Error) -> Failure {
    let hint = match error.kind() {
        io::ErrorKind::NotFound => " (check the name)",
        _ => "",
    };
    let message = format!(
        "cannot read the {what} {}: {}{hint}",
        named(path),
        plain(error)
    );
    Failure::new(Kind::Input, message)
}

/// An input's name for messages.
pub fn named(path: &Path) -> String {
    match path == Path::new("-") {
        true => "from the standard input".into(),
        false => path.display().to_string(),
    }
}

/// An I/O error without its number.
pub fn plain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        io::ErrorKind::IsADirectory => "it is a directory".into(),
        io::ErrorKind::StorageFull => "there is no space left".into(),
        io::ErrorKind::QuotaExceeded => "the user's quota is used up".into(),
        io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only".into(),
        io::ErrorKind::BrokenPipe => "its reader has gone".into(),
        _ => {
            let text = error.to_string();
            match text.split_once(" (os error") {
                Some((text, _)) => text.to_lowercase(),
                None => text,
            }
        }
    }
}
