// SPDX-License-Identifier: MIT OR Apache-2.0
//! The driver's build on a machine without the WDK.
//!
//! | module | holds |
//! |---|---|
//! | [`wdk_tree`] | a directory in the WDK's shape, made from mingw-w64's headers and texts of ours |
//! | [`wdk_crates`] | the WDK's crates, edited so that they run on Linux and bring no more than they must |
//! | [`workspace`] | the generated workspace that the driver is built in |
//! | [`compiler`] | how the Rust compiler is called |
//! | [`coverage`] | a driver that counts the edges it takes |
//! | [`panics`] | who is to blame when the no-panic check fails |

mod compiler;
mod coverage;
mod panics;
mod wdk_crates;
mod wdk_tree;
mod workspace;

use crate::setup::{Compiler, Tools};
use crate::{process, project};
use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
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

    /// Cargo's settings beside `--release`. The development build is a release build in which our own crates are little optimized
    /// and check their arithmetic: what they stand on, the library above all, is then compiled once for both.
    fn settings(self) -> Vec<String> {
        let setting =
            |package: &str, text: &str| format!("profile.release.package.{package}.{text}");
        match self {
            Self::Release => Vec::new(),
            Self::Dev => ["arioso", "arioso-core"]
                .into_iter()
                .flat_map(|package| {
                    [
                        // Without any, large values travel over the stack, and a kernel stack has 24 KiB.
                        setting(package, "opt-level=1"),
                        setting(package, "debug-assertions=true"),
                        setting(package, "overflow-checks=true"),
                    ]
                })
                .collect(),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Check {
    /// No panic can be reached: its handler is not in the image
    NoPanic,
}

/// A bug that tests want to see.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Plant {
    /// Panic at the start of a device if the registry says so (src/plant.rs)
    Panic,
}

impl Plant {
    /// As in the feature `planted-…` and in our output directory.
    fn name(self) -> &'static str {
        match self {
            Self::Panic => "panic",
        }
    }
}

/// One build.
pub struct Build {
    pub arch: Arch,
    pub profile: Profile,
    pub check: Option<Check>,
    pub plant: Option<Plant>,
    /// The driver counts the edges it takes. The product goes to `…/<profile>-coverage/`.
    pub coverage: bool,
}

impl Build {
    /// The driver as it ships.
    pub fn release(arch: Arch) -> Self {
        Self {
            arch,
            profile: Profile::Release,
            check: None,
            plant: None,
            coverage: false,
        }
    }

    /// The driver as it ships, but for counters of the edges it takes.
    pub fn coverage() -> Self {
        Self {
            coverage: true,
            ..Self::release(Arch::X64)
        }
    }

    /// The name of the directory for the products.
    fn name(&self) -> String {
        let profile = self.profile.name();
        match self.plant {
            None if self.coverage => format!("{profile}-coverage"),
            None => profile.to_owned(),
            Some(plant) => format!("{profile}-{}", plant.name()),
        }
    }

    /// Cargo's target directory in the generated workspace. Flags of its own, a directory of its own: the ordinary build stays fresh.
    fn target(&self) -> &'static str {
        if self.coverage {
            "target/coverage"
        } else {
            "target"
        }
    }
}

/// Builds the driver, or runs the check. Concurrent calls wait for each other.
pub fn build(build: &Build) -> Result<()> {
    if build.check.is_some() && build.profile == Profile::Dev {
        bail!("the no-panic check needs an optimized build: --profile release");
    }
    let place = Place::prepare(build)?;
    let products = place.link(build, process::run)?;
    match build.check {
        None => Ok(()),
        Some(Check::NoPanic) => panics::check(&place.tools, &products),
    }
}

/// What the compiler has to say about a driver that builds.
pub fn warnings(build: &Build) -> Result<String> {
    let mut messages = String::new();
    Place::prepare(build)?.link(build, |cargo| {
        let output = process::capture(cargo.arg("--quiet"))?;
        messages = String::from_utf8_lossy(&output.stderr).into_owned();
        if !output.status.success() {
            bail!("the compiler says:\n{messages}");
        }
        Ok(())
    })?;
    Ok(messages)
}

/// Builds the driver from other sources than the repository's, which are never packed: the directory with `arioso.dll` and
/// `arioso.map`, or what the compiler says.
pub fn build_of(sources: &Path) -> Result<std::result::Result<PathBuf, String>> {
    let build = Build::release(Arch::X64);
    let mut place = Place::prepare(&build)?;
    place.workspace = workspace::make_of(sources, &place.tools, &wdk_crates::make()?)?;
    let output = process::capture(&mut place.cargo(&build)?)?;
    if output.status.success() {
        return Ok(Ok(place.products(&build)));
    }
    Ok(Err(String::from_utf8_lossy(&output.stderr).into_owned()))
}

/// What the linker leaves, and how it is called where everybody looks for it.
const PRODUCTS: [(&str, &str); 3] = [
    ("arioso.pdb", "arioso.pdb"),
    ("arioso.map", "arioso.map"),
    ("arioso.dll", "arioso.sys"),
];

fn modified(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).and_then(|data| data.modified()).ok()
}

/// Everything that a build needs, made and locked.
struct Place {
    tools: Tools,
    tree: PathBuf,
    workspace: PathBuf,
    compiler: Compiler,
    _lock: File,
}

impl Place {
    fn prepare(build: &Build) -> Result<Self> {
        let tools = Tools::find()?;
        let kernel = project::kernel_dir();
        fs::create_dir_all(&kernel)?;
        let lock = File::create(kernel.join("lock"))?;
        if lock.try_lock().is_err() {
            eprintln!("waiting for another build of the driver");
            lock.lock().context("cannot lock target/kernel/lock")?;
        }
        let compiler = Compiler::choose(build.arch.target())?;
        let tree = wdk_tree::make(&tools)?;
        let workspace = workspace::make(&tools, &wdk_crates::make()?)?;
        Ok(Self {
            tools,
            tree,
            workspace,
            compiler,
            _lock: lock,
        })
    }

    /// Has cargo build the driver, by `run`, and puts the products where everybody looks for them: in the directory that is returned.
    fn link(&self, build: &Build, run: impl FnOnce(&mut Command) -> Result<()>) -> Result<PathBuf> {
        let to = project::driver_dir()
            .join(build.arch.name())
            .join(build.name());
        fs::create_dir_all(&to)?;
        // Left by a build that did not get to its end.
        let unfinished = to.join("unfinished");
        if unfinished.exists()
            || !PRODUCTS
                .iter()
                .all(|(_, product)| to.join(product).exists())
        {
            self.forget(build)?;
        }
        fs::write(&unfinished, "")?;
        let built = self.products(build);
        let image = built.join("arioso.dll");
        let before = modified(&image);
        run(&mut self.cargo(build)?).with_context(|| {
            format!(
                "the {} driver did not build; {IMPORTS_HINT}",
                build.arch.name()
            )
        })?;
        // All builds for a target leave their image under one name. If nothing was linked, the products are there already, and
        // what lies under that name may be another build's.
        let linked = modified(&image) != before;
        for (left, product) in PRODUCTS {
            let from = if linked {
                built.join(left)
            } else {
                to.join(product)
            };
            let bytes =
                fs::read(&from).with_context(|| format!("cannot read {}", from.display()))?;
            replace(&to.join(product), &bytes)?;
        }
        fs::remove_file(&unfinished)?;
        Ok(to)
    }

    fn cargo(&self, build: &Build) -> Result<Command> {
        let mut cargo = self.compiler.driver(build.arch, &self.tools, &self.tree);
        cargo
            .current_dir(&self.workspace)
            .args(["--package", "arioso", "--lib"]);
        cargo.arg("--release");
        for setting in build.profile.settings() {
            cargo.args(["--config", &setting]);
        }
        if let Some(plant) = build.plant {
            cargo.args(["--features", &format!("planted-{}", plant.name())]);
        }
        if build.coverage {
            cargo.args(["--target-dir", build.target()]);
            coverage::add(&mut cargo, &self.tools)?;
        }
        Ok(cargo)
    }

    /// Where cargo leaves what it built.
    fn products(&self, build: &Build) -> PathBuf {
        self.workspace
            .join(build.target())
            .join(build.arch.target())
            .join("release/deps")
    }

    /// Lets Cargo forget that it built the driver's own crate for a target.
    fn forget(&self, build: &Build) -> Result<()> {
        let notes = self
            .workspace
            .join(build.target())
            .join(build.arch.target())
            .join("release/.fingerprint");
        for entry in fs::read_dir(notes).into_iter().flatten() {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name
                .strip_prefix("arioso-")
                .is_some_and(|rest| !rest.contains('-'))
            {
                fs::remove_dir_all(&path)
                    .with_context(|| format!("cannot remove {}", path.display()))?;
            }
        }
        Ok(())
    }
}

const IMPORTS_HINT: &str = "if the linker misses an NT function, see tools/xtask/wdk/imports.txt";

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
