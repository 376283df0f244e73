// SPDX-License-Identifier: MIT OR Apache-2.0
//! What went wrong in a conversation with the driver.

use crate::NtStatus;
use arioso_core::ks::status;
use std::fmt;

/// A request that failed, or an answer that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What was asked for.
    pub what: String,
    /// The status, if there was an answer.
    pub status: Option<NtStatus>,
}

impl Error {
    /// A request that ended with a status.
    pub fn status(what: impl Into<String>, status: NtStatus) -> Self {
        Self {
            what: what.into(),
            status: Some(status),
        }
    }

    /// Something that no status tells.
    pub fn other(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            status: None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            None => write!(f, "{}", self.what),
            Some(code) => match status::name(code) {
                Some(name) => write!(f, "{}: {name}", self.what),
                None => write!(f, "{}: NTSTATUS {code:#010x}", self.what),
            },
        }
    }
}

impl std::error::Error for Error {}

/// Result of what asks a driver.
pub type Result<T> = std::result::Result<T, Error>;
