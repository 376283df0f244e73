//! The driver's build on a machine without the WDK.
//!
//! | module | holds |
//! |---|---|
//! | [`wdk_tree`] | a directory in the WDK's shape, made from mingw-w64's headers and texts of ours |
//! | [`wdk_build`] | the crate wdk-build, edited so that it runs on Linux |
//! | [`workspace`] | the generated workspace that the driver is built in |
//! | [`compiler`] | which Rust compiler |
//! | [`panics`] | who is to blame when the no-panic check fails |

mod compiler;
mod panics;
mod wdk_build;
mod wdk_tree;
mod workspace;

use crate::setup::Tools;
use crate::{process, project};
use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use compiler::Compiler;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::time::SystemTime;

/// The processor that the driver is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Arch {
    X64,
    Arm64,
}

impl Arch {
    pub const ALL: [Self; 2] = [Self::X64, Self::Arm64];

    /// As in our output directory.
    pub fn name(self) -> &'static str {
        match self {
            Self::X64 => "x64",
            Self::Arm64 => "arm64",
        }
    }

    /// The Rust target.
    pub fn target(self) -> &'static str {
        match self {
            Self::X64 => "x86_64-pc-windows-msvc",
            Self::Arm64 => "aarch64-pc-windows-msvc",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Profile {
    Dev,
    Release,
}

impl Profile {
    /// As in our output directory.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Release => "release",
        }
    }

    fn cargo_dir(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Check {
    /// Link with a panic handler that calls a symbol that does not exist
    NoPanic,
}

/// One build.
pub struct Build {
    pub arch: Arch,
    pub profile: Profile,
    pub check: Option<Check>,
}

/// Builds the driver, or runs the check. Concurrent calls wait for each other.
pub fn build(build: &Build) -> Result<()> {
    if build.check.is_some() && build.profile == Profile::Dev {
        bail!("the no-panic check needs an optimized build: --profile release");
    }
    let tools = Tools::find()?;
    let kernel = project::kernel_dir();
    fs::create_dir_all(&kernel)?;
    let lock = File::create(kernel.join("lock"))?;
    lock.lock().context("cannot lock target/kernel/lock")?;

    let tree = wdk_tree::make(&tools)?;
    let wdk_build = wdk_build::make()?;
    let compiler = Compiler::choose(build.arch)?;
    let workspace = workspace::make(&tools, &wdk_build)?;

    let cargo = || {
        let mut cargo = compiler.cargo(build.arch, &tools, &tree);
        cargo
            .current_dir(&workspace)
            .args(["--package", "arioso", "--lib"]);
        if build.profile == Profile::Release {
            cargo.arg("--release");
        }
        cargo
    };
    let built = workspace
        .join("target")
        .join(build.arch.target())
        .join(build.profile.cargo_dir())
        .join("deps");
    match build.check {
        None => {
            process::run(&mut cargo()).with_context(|| {
                format!(
                    "the {} driver did not build; {IMPORTS_HINT}",
                    build.arch.name()
                )
            })?;
            collect(
                &built,
                &project::driver_dir()
                    .join(build.arch.name())
                    .join(build.profile.name()),
            )
        }
        Some(Check::NoPanic) => panics::check(&cargo, &tools, &built),
    }
}

const IMPORTS_HINT: &str = "if the linker misses an NT function, see tools/xtask/wdk/imports.txt";

/// Puts the products where everybody looks for them.
fn collect(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for (built, product) in [
        ("arioso.pdb", "arioso.pdb"),
        ("arioso.map", "arioso.map"),
        ("arioso.dll", "arioso.sys"),
    ] {
        let bytes =
            fs::read(from.join(built)).with_context(|| format!("the build left no {built}"))?;
        replace(&to.join(product), &bytes)?;
    }
    Ok(())
}

/// Writes a file so that a concurrent reader sees the old or the new content, never a part.
/// The file's time is always new: others compare it with the source's.
fn replace(file: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(file).is_ok_and(|old| old == bytes) {
        File::options()
            .append(true)
            .open(file)?
            .set_modified(SystemTime::now())?;
        return Ok(());
    }
    let fresh = file.with_extension("new");
    fs::write(&fresh, bytes).with_context(|| format!("cannot write {}", fresh.display()))?;
    fs::rename(&fresh, file).with_context(|| format!("cannot write {}", file.display()))
}

/// Writes a file only if that changes it.
fn write_if_changed(file: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(file).is_ok_and(|old| old == text) {
        return Ok(());
    }
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

/// Makes a directory whose content depends on `inputs` alone, unless it is there already.
fn make_directory(
    directory: &Path,
    inputs: impl Hash,
    fill: impl FnOnce(&Path) -> Result<()>,
) -> Result<()> {
    let mut hasher = DefaultHasher::new();
    inputs.hash(&mut hasher);
    let stamp = format!("{:016x}", hasher.finish());
    if fs::read_to_string(directory.join(".stamp")).is_ok_and(|old| old == stamp) {
        return Ok(());
    }
    if directory.exists() {
        fs::remove_dir_all(directory)?;
    }
    fs::create_dir_all(directory)?;
    fill(directory)?;
    Ok(fs::write(directory.join(".stamp"), stamp)?)
}
