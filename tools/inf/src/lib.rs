// SPDX-License-Identifier: MIT OR Apache-2.0
//! Setup information files (INF) of Windows drivers: [`stamp()`] fills a template, [`Inf`] is the text as sections, [`Install`] what an
//! install section asks for, [`check()`] holds it to the rules for Windows drivers.
//!
//! Section and directive names, keys and strings compare without case, as SetupAPI does.

mod check;
mod install;
mod parse;
mod registry;
mod stamp;
mod version;

pub use check::check;
pub use install::{File, Framework, Install, Interface, Model, Service};
pub use parse::{Entry, Inf, Section, Undefined, decode};
pub use registry::{Data, RegistryValue};
pub use stamp::{Date, Stamp, stamp};
pub use version::DriverVersion;

use std::fmt;

/// What a package is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// x64.
    Amd64,
    /// ARM64.
    Arm64,
}

impl Platform {
    /// All that drivers are built for.
    pub const ALL: [Self; 2] = [Self::Amd64, Self::Arm64];

    /// As in `NTamd64`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }
}

/// Something wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's name in `docs/inf.md`.
    pub rule: &'static str,
    /// The section that it is in, or where it should be.
    pub section: String,
    /// From 1.
    pub line: usize,
    /// One line.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {}, [{}]: {} ({})",
            self.line, self.section, self.message, self.rule
        )
    }
}

impl std::error::Error for Finding {}
