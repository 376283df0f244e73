// SPDX-License-Identifier: MIT OR Apache-2.0
//! The driver package: made of a built driver and a bank, and checked. `docs/package.md` has the rules and the reasons.
//!
//! | module | holds |
//! |---|---|
//! | [`mod@make`] | from parts to a package directory |
//! | [`mod@check`] | what must hold of a package, file by file |
//! | [`setup`] | what the INF asks of a package |
//! | [`image`] | what must hold of the driver's image |
//! | [`catalog`] | catalogs (`.cat`): written, read |
//! | [`authenticode`] | what a signature of an image covers |
//! | [`sign`] | certificate and signatures, with openssl and osslsigncode |
//! | [`release`] | archive and checksums beside the package directories |
//! | [`product`] | what the manifest says |

pub mod authenticode;
pub mod catalog;
pub mod check;
pub mod image;
pub mod make;
pub mod product;
pub mod release;
pub mod setup;
pub mod sign;
mod tool;

pub use check::check;
pub use make::make;
pub use product::Product;

use arioso_inf::Platform;
use std::fmt;

/// The driver's image.
pub const DRIVER: &str = "arioso.sys";
/// The built-in bank.
pub const BANK: &str = "arioso.dls";
/// The setup information.
pub const INF: &str = "arioso.inf";
/// The catalog.
pub const CATALOG: &str = "arioso.cat";
/// The certificate that signed, DER.
pub const CERTIFICATE: &str = "arioso.cer";
/// The command line, not installed by the INF; optional.
pub const PROGRAM: &str = "arioso.exe";

/// The processor that a package is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arch {
    /// 64-bit Intel and AMD.
    X64,
    /// 64-bit Arm.
    Arm64,
}

impl Arch {
    /// All that packages are made for.
    pub const ALL: [Self; 2] = [Self::X64, Self::Arm64];

    /// As in our directories.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::X64 => "x64",
            Self::Arm64 => "arm64",
        }
    }

    /// As in the INF.
    #[must_use]
    pub fn platform(self) -> Platform {
        match self {
            Self::X64 => Platform::Amd64,
            Self::Arm64 => Platform::Arm64,
        }
    }
}

impl std::str::FromStr for Arch {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|arch| arch.name() == text);
        found.ok_or_else(|| "x64 or arm64".to_owned())
    }
}

/// Something wrong with a file of the package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file's name in the package.
    pub file: String,
    /// The rule's name in `docs/package.md` or, of the INF, in `docs/inf.md`.
    pub rule: &'static str,
    /// One line.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.file, self.message, self.rule)
    }
}

/// What is wrong with one file.
#[derive(Debug)]
pub(crate) struct Findings<'a> {
    file: &'a str,
    list: Vec<Finding>,
}

impl<'a> Findings<'a> {
    pub fn of(file: &'a str) -> Self {
        Self {
            file,
            list: Vec::new(),
        }
    }

    pub fn add(&mut self, rule: &'static str, message: impl Into<String>) {
        self.list.push(Finding {
            file: self.file.to_owned(),
            rule,
            message: message.into(),
        });
    }

    /// Adds the finding if `good` does not hold.
    pub fn expect(&mut self, good: bool, rule: &'static str, message: impl FnOnce() -> String) {
        if !good {
            self.add(rule, message());
        }
    }

    pub fn into_list(self) -> Vec<Finding> {
        self.list
    }
}
