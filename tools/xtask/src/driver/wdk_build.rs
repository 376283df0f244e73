//! The crate wdk-build from Cargo's own copy of the registry, with the edits that let it run on Linux.

use super::make_directory;
use crate::{process, project};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// (file, text, how often it occurs, what takes its place)
type Edit = (&'static str, &'static str, usize, &'static str);

const EDITS: &[Edit] = &[
    // The `windows` crate does not build for Linux; only the look-up in the registry uses it.
    (
        "Cargo.toml",
        "[dependencies.windows]",
        1,
        "[workspace]\n\n[target.'cfg(windows)'.dependencies.windows]",
    ),
    (
        "src/utils.rs",
        "\nuse windows::{",
        1,
        "\n#[cfg(windows)]\nuse windows::{",
    ),
    (
        "src/utils.rs",
        "    if let Some(path) = read_registry_key_string_value(",
        2,
        "    #[cfg(windows)]\n    if let Some(path) = read_registry_key_string_value(",
    ),
    (
        "src/utils.rs",
        "\nfn read_registry_key_string_value(",
        1,
        "\n#[cfg(windows)]\nfn read_registry_key_string_value(",
    ),
    // Outside Windows these two are a compile_error!.
    (
        "src/utils.rs",
        "#[cfg(target_os = \"windows\")]\npub fn set_var",
        1,
        "pub fn set_var",
    ),
    (
        "src/utils.rs",
        "#[cfg(not(target_os = \"windows\"))]\npub fn set_var",
        1,
        "#[cfg(any())]\npub fn set_var",
    ),
    (
        "src/utils.rs",
        "#[cfg(target_os = \"windows\")]\npub fn remove_var",
        1,
        "pub fn remove_var",
    ),
    (
        "src/utils.rs",
        "#[cfg(not(target_os = \"windows\"))]\npub fn remove_var",
        1,
        "#[cfg(any())]\npub fn remove_var",
    ),
    (
        "src/cargo_make.rs",
        "std::os::windows::fs::symlink_file(",
        2,
        "std::os::unix::fs::symlink(",
    ),
    (
        "src/lib.rs",
        "// Copyright (c) Microsoft Corporation\n",
        1,
        "#![allow(unused)]\n// Copyright (c) Microsoft Corporation\n",
    ),
];

/// Makes the edited copy and returns its path.
pub fn make() -> Result<PathBuf> {
    let version = locked_version()?;
    let copy = project::kernel_dir().join("wdk-build");
    make_directory(&copy, (&version, EDITS), |copy| {
        copy_directory(&source(&version)?, copy)?;
        EDITS
            .iter()
            .try_for_each(|edit| apply(copy, edit, &version))
    })
    .context("cannot adapt the crate wdk-build to Linux")?;
    Ok(copy)
}

fn apply(copy: &Path, &(file, text, count, replacement): &Edit, version: &str) -> Result<()> {
    let path = copy.join(file);
    // Published with either kind of line end.
    let old = fs::read_to_string(&path)
        .with_context(|| format!("{}", path.display()))?
        .replace("\r\n", "\n");
    let found = old.matches(text).count();
    if found != count {
        bail!(
            "in {file} of wdk-build {version} the text {:?} occurs {found} times instead of {count}: the crate has changed, \
             so the edits in tools/xtask/src/driver/wdk_build.rs have to follow it",
            text.trim()
        );
    }
    Ok(fs::write(path, old.replace(text, replacement))?)
}

/// The version in the repository's lock file.
fn locked_version() -> Result<String> {
    let path = project::root().join("Cargo.lock");
    let lock = fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
    let entry = lock
        .split("[[package]]")
        .find(|entry| entry.contains("name = \"wdk-build\""));
    let version = entry.and_then(|entry| entry.split("version = \"").nth(1)?.split('"').next());
    Ok(version.context("Cargo.lock has no wdk-build")?.to_owned())
}

/// The crate as Cargo unpacked it; fetched if it is not there yet.
fn source(version: &str) -> Result<PathBuf> {
    let find = || -> Result<Option<PathBuf>> {
        let registries = project::cargo_home()?.join("registry/src");
        let Ok(entries) = fs::read_dir(registries) else {
            return Ok(None);
        };
        let mut crates = entries
            .flatten()
            .map(|registry| registry.path().join(format!("wdk-build-{version}")));
        Ok(crates.find(|directory| directory.join("Cargo.toml").exists()))
    };
    if let Some(directory) = find()? {
        return Ok(directory);
    }
    process::run(process::cargo().args(["fetch", "--quiet"]))?;
    find()?.with_context(|| format!("cargo fetched no source of wdk-build {version}"))
}

fn copy_directory(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_directory(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
