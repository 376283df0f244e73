// SPDX-License-Identifier: MIT OR Apache-2.0
//! Driver catalogs: which files belong together, by their hashes.
//!
//! The format has no specification; the sources are named in `docs/package.md`. A catalog of the second kind is written: each file is a
//! member twice, named by its SHA-256 and by its SHA-1, an image's as Authenticode takes them, without page hashes.

mod asn1;
mod read;
mod write;

pub use read::content;

use crate::{Arch, authenticode};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// A catalog's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalog {
    /// Since 1970, UTC.
    pub time: Duration,
    /// Which Windows, as Inf2Cat writes it.
    pub systems: String,
    /// As in the INF, lower case.
    pub hardware_ids: Vec<String>,
    /// What the catalog vouches for.
    pub members: Vec<Member>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The file's name in the package.
    pub name: String,
    /// The versions of Windows' kernel that it is for.
    pub systems: String,
    /// A PE image: its digest leaves out what a signature changes.
    pub is_image: bool,
    /// SHA-256; of an image, without what a signature changes.
    pub digest: [u8; 32],
    /// The same with SHA-1.
    pub sha1: [u8; 20],
}

impl Member {
    /// The member of a file with these bytes.
    #[must_use]
    pub fn new(name: &str, bytes: &[u8]) -> Self {
        let image = authenticode::digest(bytes);
        Self {
            name: name.to_owned(),
            systems: "2:10.0".to_owned(),
            is_image: image.is_some(),
            digest: image.unwrap_or_else(|| Sha256::digest(bytes).into()),
            sha1: authenticode::sha1_digest(bytes).unwrap_or_else(|| Sha1::digest(bytes).into()),
        }
    }
}

/// Inf2Cat's name for Windows 10 2004, the oldest that the driver is for (`/os:10_VB_X64`).
#[must_use]
pub fn systems(arch: Arch) -> &'static str {
    match arch {
        Arch::X64 => "_v100_X64_Vb",
        Arch::Arm64 => "_v100_ARM64_Vb",
    }
}

#[cfg(test)]
mod tests;
