//! Errors for people: one line that says what, where, and what to do.

use std::fmt;
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

    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.kind as u8)
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

/// The content of an input file.
pub fn read(path: &std::path::Path, what: &str) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| {
        let hint = if error.kind() == std::io::ErrorKind::NotFound {
            " (check the name)"
        } else {
            ""
        };
        Failure::new(
            Kind::Input,
            format!(
                "cannot read the {what} {}: {}{hint}",
                path.display(),
                plain(&error)
            ),
        )
    })
}

/// An I/O error without its number.
pub fn plain(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file".into(),
        std::io::ErrorKind::PermissionDenied => "permission denied".into(),
        std::io::ErrorKind::IsADirectory => "it is a directory".into(),
        _ => error.to_string(),
    }
}
