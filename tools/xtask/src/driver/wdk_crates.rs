// SPDX-License-Identifier: MIT OR Apache-2.0
//! The published crates of the WDK from Cargo's own copy of the registry, with edits: that they run on Linux, and that they bring no
//! host tools that the driver's build does not use. Those would cost minutes of each first build.

use super::make_directory;
use crate::{process, project};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// (file, text, how often it occurs, what takes its place)
type Edit = (&'static str, &'static str, usize, &'static str);

/// The crates, each with its edits.
const CRATES: [(&str, &[Edit]); 3] = [
    ("wdk-build", WDK_BUILD),
    ("wdk-sys", WDK_SYS),
    ("wdk-alloc", WDK_ALLOC),
];

const WDK_BUILD: &[Edit] = &[
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
    // The helpers for cargo-make, which have a command line of their own.
    ("src/lib.rs", "pub mod cargo_make;\n", 1, ""),
    (
        "Cargo.toml",
        "[dependencies.clap]\nversion = \"4.5.40\"\nfeatures = [\"derive\"]\n",
        1,
        "",
    ),
    (
        "Cargo.toml",
        "[dependencies.clap-cargo]\nversion = \"0.19.0\"\n",
        1,
        "",
    ),
    // Not its tables; its fast ways stay: bindgen asks it about every item.
    (
        "Cargo.toml",
        "[dependencies.regex]\nversion = \"1.12.2\"\nfeatures = [\"unicode-case\"]\n",
        1,
        "[dependencies.regex]\nversion = \"1.12.2\"\ndefault-features = false\nfeatures = [\"std\", \"perf\", \"unicode-perl\"]\n",
    ),
    // bindgen without a formatter for what nobody reads.
    (
        "Cargo.toml",
        "[dependencies.bindgen]\nversion = \"0.73.2\"\n",
        1,
        "[dependencies.bindgen]\nversion = \"0.73.2\"\ndefault-features = false\nfeatures = [\"runtime\"]\n",
    ),
    (
        "src/bindgen.rs",
        ".formatter(bindgen::Formatter::Prettyplease)",
        1,
        ".formatter(bindgen::Formatter::None)",
    ),
    // Tracing without spans, whose macro needs a parser of all of Rust.
    (
        "Cargo.toml",
        "[dependencies.tracing]\nversion = \"0.1.40\"\n",
        1,
        "[dependencies.tracing]\nversion = \"0.1.40\"\ndefault-features = false\nfeatures = [\"std\"]\n",
    ),
    (
        "src/lib.rs",
        "#[tracing::instrument(level = \"debug\")]\n",
        16,
        "",
    ),
    (
        "src/lib.rs",
        "#[tracing::instrument(level = \"trace\")]\n",
        13,
        "",
    ),
    (
        "src/lib.rs",
        "#[tracing::instrument(level = \"debug\", skip(f))]\n",
        1,
        "",
    ),
    (
        "src/bindgen.rs",
        "#[tracing::instrument(level = \"debug\")]\n",
        1,
        "",
    ),
    (
        "src/bindgen.rs",
        "#[tracing::instrument(level = \"trace\")]\n",
        4,
        "",
    ),
];

const WDK_SYS: &[Edit] = &[
    (
        "src/lib.rs",
        "// Copyright (c) Microsoft Corporation\n",
        1,
        "#![allow(unused)]\n// Copyright (c) Microsoft Corporation\n",
    ),
    // A macro that the driver does not use.
    (
        "Cargo.toml",
        "[dependencies.wdk-macros]\nversion = \"=0.5.2\"\n",
        1,
        "",
    ),
    ("Cargo.toml", "    \"wdk-macros/nightly\",\n", 1, ""),
    (
        "src/lib.rs",
        "pub use wdk_macros as __proc_macros;\n",
        1,
        "",
    ),
    (
        "Cargo.toml",
        "[build-dependencies.bindgen]\nversion = \"0.73.2\"\n",
        1,
        "[build-dependencies.bindgen]\nversion = \"0.73.2\"\ndefault-features = false\nfeatures = [\"runtime\"]\n",
    ),
    (
        "Cargo.toml",
        "[build-dependencies.tracing]\nversion = \"0.1.40\"\n",
        1,
        "[build-dependencies.tracing]\nversion = \"0.1.40\"\ndefault-features = false\nfeatures = [\"std\"]\n",
    ),
    (
        "Cargo.toml",
        "[build-dependencies.tracing-subscriber]\nversion = \"0.3.20\"\nfeatures = [\"env-filter\"]\n",
        1,
        "",
    ),
    (
        "build.rs",
        "use tracing_subscriber::{\n    EnvFilter,\n    filter::{LevelFilter, ParseError},\n};\n",
        1,
        "",
    ),
    (
        "build.rs",
        "fn initialize_tracing()",
        1,
        "#[cfg(any())]\nfn initialize_tracing()",
    ),
    ("build.rs", "    initialize_tracing()?;\n", 1, ""),
];

const WDK_ALLOC: &[Edit] = &[
    (
        "Cargo.toml",
        "[build-dependencies.tracing]\nversion = \"0.1.40\"\n",
        1,
        "",
    ),
    (
        "Cargo.toml",
        "[build-dependencies.tracing-subscriber]\nversion = \"0.3.20\"\nfeatures = [\"env-filter\"]\n",
        1,
        "",
    ),
    (
        "build.rs",
        "    tracing_subscriber::fmt().pretty().init();\n",
        1,
        "",
    ),
];

/// Makes the edited copies and returns their names and paths.
pub fn make() -> Result<Vec<(&'static str, PathBuf)>> {
    let copies = CRATES.iter().map(|(name, edits)| {
        let copy = copy(name, edits).with_context(|| format!("cannot adapt the crate {name}"))?;
        Ok((*name, copy))
    });
    copies.collect()
}

fn copy(name: &str, edits: &[Edit]) -> Result<PathBuf> {
    let version = locked_version(name)?;
    let copy = project::kernel_dir().join(name);
    make_directory(&copy, (&version, edits), |copy| {
        copy_directory(&source(name, &version)?, copy)?;
        edits
            .iter()
            .try_for_each(|edit| apply(copy, edit, name, &version))
    })?;
    Ok(copy)
}

fn apply(
    copy: &Path,
    &(file, text, count, replacement): &Edit,
    name: &str,
    version: &str,
) -> Result<()> {
    let path = copy.join(file);
    // Published with either kind of line end.
    let old = fs::read_to_string(&path)
        .with_context(|| format!("{}", path.display()))?
        .replace("\r\n", "\n");
    let found = old.matches(text).count();
    if found != count {
        bail!(
            "in {file} of {name} {version} the text {:?} occurs {found} times instead of {count}: the crate has changed, \
             so the edits in tools/xtask/src/driver/wdk_crates.rs have to follow it",
            text.trim()
        );
    }
    Ok(fs::write(path, old.replace(text, replacement))?)
}

/// A crate's version in the repository's lock file.
fn locked_version(name: &str) -> Result<String> {
    let path = project::root().join("Cargo.lock");
    let lock = fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
    let line = format!("name = \"{name}\"\n");
    let entry = lock
        .split("[[package]]")
        .find(|entry| entry.contains(&line));
    let version = entry.and_then(|entry| entry.split("version = \"").nth(1)?.split('"').next());
    Ok(version
        .with_context(|| format!("Cargo.lock has no {name}"))?
        .to_owned())
}

/// A crate as Cargo unpacked it; fetched if it is not there yet.
fn source(name: &str, version: &str) -> Result<PathBuf> {
    let find = || -> Result<Option<PathBuf>> {
        let registries = project::cargo_home()?.join("registry/src");
        let Ok(entries) = fs::read_dir(registries) else {
            return Ok(None);
        };
        let mut crates = entries
            .flatten()
            .map(|registry| registry.path().join(format!("{name}-{version}")));
        Ok(crates.find(|directory| directory.join("Cargo.toml").exists()))
    };
    if let Some(directory) = find()? {
        return Ok(directory);
    }
    process::run(process::cargo().args(["fetch", "--quiet"]))?;
    find()?.with_context(|| format!("cargo fetched no source of {name} {version}"))
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
