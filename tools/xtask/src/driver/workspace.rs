// SPDX-License-Identifier: MIT OR Apache-2.0
//! The workspace that the driver is built in: the repository's own manifest with the edited copies of the WDK's crates, a
//! lock file of its own, links to the sources. wdk-build looks for the lock file above the target
//! directory and calls `cargo metadata` without our options, so both have to be right on disk.

use super::write_if_changed;
use crate::project;
use crate::setup::Tools;
use anyhow::{Context, Result, bail};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// Makes or refreshes the workspace and returns its path.
pub fn make(tools: &Tools, wdk_crates: &[(&str, PathBuf)]) -> Result<PathBuf> {
    make_in("ws", tools, wdk_crates, &project::root().join("src"))
}

/// A workspace of its own for other sources of the driver's crate than the repository's.
pub fn make_of(sources: &Path, tools: &Tools, wdk_crates: &[(&str, PathBuf)]) -> Result<PathBuf> {
    make_in("ws-other", tools, wdk_crates, sources)
}

fn make_in(
    name: &str,
    tools: &Tools,
    wdk_crates: &[(&str, PathBuf)],
    sources: &Path,
) -> Result<PathBuf> {
    let root = project::root();
    let workspace = project::kernel_dir().join(name);
    fs::create_dir_all(workspace.join(".cargo"))?;
    write_if_changed(&workspace.join("Cargo.toml"), &manifest(&root, wdk_crates)?)?;
    write_if_changed(
        &workspace.join(".cargo/config.toml"),
        &config(tools, &root, &workspace)?,
    )?;
    lock_file(&root, &workspace)?;
    link(sources, &workspace.join("src"))?;
    for name in ["build.rs", "core", "tests", "tools", "inf"] {
        if root.join(name).exists() {
            link(&root.join(name), &workspace.join(name))?;
        }
    }
    Ok(workspace)
}

/// Dependencies that stay in the manifest as one set that is known to build on Windows, and cost time here.
const UNUSED: [&str; 2] = ["wdk = ", "wdk-panic = "];

fn manifest(root: &Path, wdk_crates: &[(&str, PathBuf)]) -> Result<String> {
    let text = fs::read_to_string(root.join("Cargo.toml"))?;
    let mut manifest = String::new();
    let (mut members, mut profile) = (0, false);
    for line in text.lines() {
        if line.starts_with('[') {
            // The host's profiles; ours are in the configuration.
            profile = line.starts_with("[profile.");
        }
        if line.starts_with("members = ") {
            members += 1;
            manifest.push_str("members = [\".\", \"core\"]\n");
        } else if line.starts_with("default-members = ") {
            manifest.push_str("default-members = [\".\"]\n");
        } else if UNUSED.iter().any(|name| line.starts_with(name)) {
            // Not a line of it ends up in the driver.
        } else if !profile {
            manifest.push_str(line);
            manifest.push('\n');
        }
    }
    if members != 1 {
        bail!("Cargo.toml has no line that begins with `members = `");
    }
    manifest.push_str("\n[patch.crates-io]\n");
    for (name, copy) in wdk_crates {
        let path = copy.display().to_string();
        manifest.push_str(&format!("{name} = {{ path = {path:?} }}\n"));
    }
    Ok(manifest)
}

fn config(tools: &Tools, root: &Path, workspace: &Path) -> Result<String> {
    let registry = project::cargo_home()?.join("registry/src");
    // No path of this machine may end up in the driver. The last prefix that fits counts.
    let kernel = project::kernel_dir();
    let places = [
        (root, "/arioso"),
        (&kernel, "/registry"),
        (workspace, "/arioso"),
        (&registry, "/registry"),
    ];
    let mut flags = places
        .map(|(path, name)| format!("--remap-path-prefix={}={name}", path.display()))
        .to_vec();
    // Whichever compiler it is: backtraces name the types that a generic function was made for.
    flags.push("-Csymbol-mangling-version=v0".into());
    Ok(format!(
        "[target.'cfg(all(windows, target_env = \"msvc\"))']\n\
         linker = {:?}\n\
         rustflags = {flags:?}\n\
         \n\
         [profile.release]\n\
         debug = \"line-tables-only\"\n\
         panic = \"abort\"\n\
         lto = \"fat\"\n\
         codegen-units = 1\n",
        tools.lld_link.display().to_string(),
    ))
}

/// Cargo writes the patch into the lock file, so it gets a copy, renewed whenever the original changes.
fn lock_file(root: &Path, workspace: &Path) -> Result<()> {
    let original = fs::read_to_string(root.join("Cargo.lock")).context("Cargo.lock")?;
    let base = workspace.join("Cargo.lock.base");
    if fs::read_to_string(&base).is_ok_and(|old| old == original)
        && workspace.join("Cargo.lock").exists()
    {
        return Ok(());
    }
    fs::write(workspace.join("Cargo.lock"), &original)?;
    Ok(fs::write(base, original)?)
}

fn link(target: &Path, link: &Path) -> Result<()> {
    match fs::read_link(link) {
        Ok(old) if old == target => return Ok(()),
        Ok(_) => fs::remove_file(link)?,
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => {
            return Err(error).with_context(|| format!("{} is in the way", link.display()));
        }
    }
    symlink(target, link).with_context(|| format!("cannot link {}", link.display()))
}
