// SPDX-License-Identifier: MIT OR Apache-2.0
//! A copy of the core, or of the driver's crate, with the switches of all mutants, below `target/mutants`: the core in a workspace of its
//! own, the driver in that of its build.

use super::{Area, Mutant, Source};
use crate::{driver, process, project};
use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

/// In front of the number of the mutant that a driver's image has.
const MARK: &[u8; 16] = b"ARIOSO-MUTANT-NO";

/// A copy on the disk.
pub struct Copy {
    area: Area,
    root: PathBuf,
    /// Lines of each mutant in the copy.
    lines: Vec<RangeInclusive<usize>>,
    files: Vec<PathBuf>,
}

pub enum Built {
    /// The path of its unit tests, or of the image.
    Program(PathBuf),
    /// Numbers of mutants that do not compile.
    Broken(BTreeSet<usize>),
}

/// Reads the switch before anything else runs, so that it allocates nothing later, and tells at the end which mutants were met.
const SWITCH: &str = r#"
//! Which mutant this process has.

extern crate std;

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

static CHOSEN: AtomicU32 = AtomicU32::new(0);
static MET: [AtomicBool; COUNT + 1] = [const { AtomicBool::new(false) }; COUNT + 1];

#[inline(always)]
pub fn is(number: u32) -> bool {
    MET[number as usize].store(true, Relaxed);
    CHOSEN.load(Relaxed) == number
}

#[used]
#[unsafe(link_section = ".init_array")]
static BEGIN: extern "C" fn() = begin;
#[used]
#[unsafe(link_section = ".fini_array")]
static END: extern "C" fn() = end;

extern "C" fn begin() {
    let number = std::env::var("ARIOSO_MUTANT").ok();
    CHOSEN.store(number.and_then(|number| number.parse().ok()).unwrap_or(0), Relaxed);
}

extern "C" fn end() {
    let Ok(path) = std::env::var("ARIOSO_MUTANTS_MET") else { return };
    let met = MET.iter().enumerate().filter(|(_, met)| met.load(Relaxed));
    let text: std::string::String = met.map(|(number, _)| std::format!("{number}\n")).collect();
    let _ = std::fs::write(path, text);
}
"#;

/// The number is a part of the image, for whoever runs it to change.
const IMAGE_SWITCH: &str = r#"
//! Which mutant this image has, and which were met.

use core::sync::atomic::{AtomicU8, Ordering::Relaxed};

#[used]
#[unsafe(link_section = ".SCOV")]
static MET: [AtomicU8; COUNT + 1] = [const { AtomicU8::new(0) }; COUNT + 1];

#[repr(C)]
pub struct Switch([u8; 16], u32);

#[used]
pub static SWITCH: Switch = Switch(*b"MARK", 0);

#[inline(never)]
pub fn is(number: u32) -> bool {
    MET[number as usize].store(1, Relaxed);
    // SAFETY: a static.
    unsafe { core::ptr::read_volatile(&raw const SWITCH.1) == number }
}
"#;

/// As the repository's, but quick to build.
const WORKSPACE: &str = r#"
[workspace]
members = ["core"]
resolver = "3"

[workspace.package]
version = "0.1.0"
edition = "2024"
rust-version = "1.95"
license = "MIT OR Apache-2.0"
publish = false

[workspace.lints]

[profile.release]
opt-level = 2
debug = false
lto = "off"
incremental = false
"#;

impl Copy {
    /// Writes it anew, in a directory of this name.
    pub fn write(area: Area, name: &str, sources: &[Source], mutants: &[Mutant]) -> Result<Self> {
        let root = project::root().join("target/mutants").join(name);
        if root.exists() {
            fs::remove_dir_all(&root)?;
        }
        match area {
            Area::Core => {
                copy_tree(&project::root().join("core"), &root.join("core"))?;
                fs::write(root.join("Cargo.toml"), WORKSPACE)?;
                fs::copy(project::root().join("Cargo.lock"), root.join("Cargo.lock"))?;
            }
            Area::Driver => copy_tree(&project::root().join("src"), &root.join("src"))?,
        }
        let mut copy = Self {
            area,
            root,
            lines: Vec::new(),
            files: Vec::new(),
        };
        for source in sources {
            copy.switch(source, mutants)?;
        }
        let switch = match area {
            Area::Core => SWITCH.to_owned(),
            Area::Driver => IMAGE_SWITCH.replace("MARK", std::str::from_utf8(MARK)?),
        };
        let switch = switch.replace("COUNT", &mutants.len().to_string());
        fs::write(copy.path(Path::new("src/mutant.rs")), switch)?;
        let lib = copy.path(Path::new("src/lib.rs"));
        let text = fs::read_to_string(&lib)?;
        fs::write(&lib, text + "#[allow(unsafe_code)]\npub mod mutant;\n")?;
        Ok(copy)
    }

    /// Where the crate lies.
    pub fn directory(&self) -> PathBuf {
        match self.area {
            Area::Core => self.root.join("core"),
            Area::Driver => self.root.clone(),
        }
    }

    fn path(&self, file: &Path) -> PathBuf {
        self.directory().join(file)
    }

    /// Writes a file with its mutants' switches.
    fn switch(&mut self, source: &Source, mutants: &[Mutant]) -> Result<()> {
        let mut text = String::new();
        let mut done = 0;
        let own = mutants.iter().enumerate();
        for (at, mutant) in own.filter(|(_, mutant)| mutant.file == source.path) {
            let range = mutant.site.range.clone();
            let before = source.text.get(done..range.start);
            text.push_str(before.context("mutants overlap")?);
            let first = 1 + text.matches('\n').count();
            text.push_str(
                &mutant
                    .site
                    .switched(&format!("crate::mutant::is({})", at + 1)),
            );
            self.lines.push(first..=1 + text.matches('\n').count());
            self.files.push(source.path.clone());
            done = range.end;
        }
        text.push_str(source.text.get(done..).unwrap_or_default());
        fs::write(self.path(&source.path), text)?;
        Ok(())
    }

    /// Builds its unit tests, or the driver.
    pub fn build(&self) -> Result<Built> {
        match self.area {
            Area::Core => self.build_tests(),
            Area::Driver => self.build_image(),
        }
    }

    fn build_image(&self) -> Result<Built> {
        match driver::build_of(&self.root.join("src"))? {
            Ok(built) => {
                for (left, name) in [("arioso.dll", "arioso.sys"), ("arioso.map", "arioso.map")] {
                    fs::copy(built.join(left), self.root.join(name))?;
                }
                Ok(Built::Program(self.root.join("arioso.sys")))
            }
            Err(said) => self.left_out(&said),
        }
    }

    fn build_tests(&self) -> Result<Built> {
        let target = project::root().join("target/mutants/target");
        let mut cargo = process::cargo();
        cargo
            .args([
                "test",
                "--no-run",
                "--release",
                "--lib",
                "--package",
                "arioso-core",
            ])
            .arg("--manifest-path")
            .arg(self.root.join("Cargo.toml"))
            .arg("--target-dir")
            .arg(&target)
            // A mutant may leave something unused.
            .env("RUSTFLAGS", "--cap-lints=allow");
        let output = process::capture(&mut cargo)?;
        let said = String::from_utf8_lossy(&output.stderr);
        if output.status.success() {
            let line = said.lines().find(|line| line.contains("Executable"));
            let path = line.and_then(|line| line.rsplit_once('(')?.1.strip_suffix(')'));
            let path = path.context("cargo did not name the program")?;
            return Ok(Built::Program(project::root().join(path)));
        }
        self.left_out(&said)
    }

    fn left_out(&self, said: &str) -> Result<Built> {
        let broken = self.broken(said);
        if broken.is_empty() {
            bail!("the copy does not compile:\n{said}");
        }
        Ok(Built::Broken(broken))
    }

    /// The mutants on whose lines there are errors.
    fn broken(&self, said: &str) -> BTreeSet<usize> {
        let mut broken = BTreeSet::new();
        for (file, number) in errors(said) {
            let Some(file) = file.strip_prefix(self.area.prefix()) else {
                continue;
            };
            let mutants = self.files.iter().zip(&self.lines).enumerate();
            let hit = mutants.filter(|(_, (path, lines))| {
                path.as_path() == Path::new(file) && lines.contains(&number)
            });
            broken.extend(hit.map(|(at, _)| at + 1));
        }
        broken
    }
}

/// File and line of each error that the compiler named; warnings, and what else it shows with an error, are left alone.
fn errors(said: &str) -> Vec<(&str, usize)> {
    let mut found = Vec::new();
    let mut is_error = false;
    for line in said.lines() {
        if line.starts_with("error") || line.starts_with("warning") {
            is_error = line.starts_with("error");
        } else if is_error && let Some(place) = line.trim_start().strip_prefix("--> ") {
            let mut parts = place.split(':');
            let place = parts.next().zip(parts.next());
            found.extend(place.and_then(|(file, number)| Some((file, number.parse().ok()?))));
            is_error = false;
        }
    }
    found
}

/// The image with a mutant switched on, beside `image` in a directory of its own; its map is there too.
pub fn with_mutant(image: &Path, number: usize) -> Result<PathBuf> {
    let beside = image.parent().context("no directory")?;
    let place = beside.join(format!("mutant-{number}"));
    fs::create_dir_all(&place)?;
    let mut bytes = fs::read(image)?;
    let at = bytes.windows(MARK.len()).position(|part| part == MARK);
    let at = at.context("the image has no switch")? + MARK.len();
    let switch = bytes.get_mut(at..at + 4).context("the switch is cut off")?;
    switch.copy_from_slice(&u32::try_from(number)?.to_le_bytes());
    fs::write(place.join("arioso.sys"), bytes)?;
    fs::copy(beside.join("arioso.map"), place.join("arioso.map"))?;
    Ok(place.join("arioso.sys"))
}

fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_tree(&entry.path(), &place)?;
        } else {
            fs::copy(entry.path(), place)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_breaks_nothing() {
        let said = "warning: unnecessary parentheses\n  --> src/a.rs:3:9\n   |\n\nerror[E0308]: mismatched types\n  --> src/b.rs:5:1\n   |\n\
            note: defined here\n  --> src/c.rs:7:1\n\nerror: no\n --> src/a.rs:9:9\n\nerror: could not compile\n";
        assert_eq!(errors(said), [("src/b.rs", 5), ("src/a.rs", 9)]);
    }
}
