// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where things are.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The repository.
pub fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().nth(2).unwrap_or(package).to_path_buf()
}

/// Everything that only the driver's build needs.
pub fn kernel_dir() -> PathBuf {
    root().join("target/kernel")
}

/// The finished drivers: `<arch>/<profile>/arioso.{sys,map,pdb}`.
pub fn driver_dir() -> PathBuf {
    root().join("target/driver")
}

/// The driver packages: `<arch>/`, an archive of each, checksums.
pub fn package_dir() -> PathBuf {
    root().join("target/package")
}

/// The programs for Windows: `<arch>/arioso.exe`.
pub fn windows_dir() -> PathBuf {
    root().join("target/windows")
}

/// Where Cargo keeps the registry.
pub fn cargo_home() -> Result<PathBuf> {
    if let Some(home) = env::var_os("CARGO_HOME") {
        return Ok(home.into());
    }
    Ok(
        PathBuf::from(env::var_os("HOME").context("neither CARGO_HOME nor HOME is set")?)
            .join(".cargo"),
    )
}

/// The text of a table beside this tool's sources.
pub fn table(name: &str) -> Result<String> {
    let path = root().join("tools/xtask").join(name);
    fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
}

/// Its rows, without comments.
pub fn rows_of(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}
