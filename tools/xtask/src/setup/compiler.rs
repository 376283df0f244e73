// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which Rust compiler builds for Windows, in this order: rustup's toolchain with the target's library; rustup's, after it has
//! fetched that library; Debian's, which builds the library from its source.

use super::machine::{Machine, Outcome, This, Version, version};
use anyhow::{Result, bail};
use std::time::Duration;

/// A compiler for a target of Windows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Compiler {
    /// The one on the search path (rustup's) has the target's library.
    Installed,
    /// Debian's, which builds the library from source.
    FromSource,
}

pub const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
pub const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_SOURCE: &str = "/usr/lib/rustlib/src/rust/library/core/Cargo.toml";

/// Debian's compiler, in the suites whose ordinary one is older.
pub const PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];

/// How long rustup may take for the libraries (25 MB each).
const LIMIT: Duration = Duration::from_secs(90);

/// The note that rustup could not fetch a library.
const NOTE: &str = "no-rustup-target";

impl Compiler {
    pub fn choose(target: &str) -> Result<Self> {
        find(&This, target)
    }
}

/// The oldest compiler that takes the workspace.
pub fn needed() -> Version {
    version(env!("CARGO_PKG_RUST_VERSION")).expect("Cargo.toml has a rust-version")
}

/// Tries to get a compiler for all of `targets` without Debian's packages. An error if those are needed.
pub fn obtain(machine: &dyn Machine, targets: &[&str]) -> Result<()> {
    let lacking = targets
        .iter()
        .copied()
        .filter(|target| !has_library(machine, target));
    let lacking: Vec<&str> = lacking.collect();
    if lacking.is_empty() || target_add(machine, &lacking) {
        return Ok(());
    }
    match debian(machine) {
        Ok(()) => Ok(()),
        Err(problem) => bail!(problem),
    }
}

/// The compiler for a target; nothing is installed.
pub fn find(machine: &dyn Machine, target: &str) -> Result<Compiler> {
    if has_library(machine, target) {
        return Ok(Compiler::Installed);
    }
    match debian(machine) {
        Ok(()) => Ok(Compiler::FromSource),
        Err(problem) => bail!(
            "no Rust compiler here builds for {target}: rustup's has no library for it, {problem}. \
             With a network, this helps: rustup target add {target}"
        ),
    }
}

fn has_library(machine: &dyn Machine, target: &str) -> bool {
    let Outcome::Done(sysroot) = machine.run(&["rustc", "--print", "sysroot"], None) else {
        return false;
    };
    let sysroot = sysroot.trim();
    machine.exists(&format!("{sysroot}/lib/rustlib/{target}/lib"))
}

/// `rustup target add`, unless rustup shall not install anything, or failed during the last day.
fn target_add(machine: &dyn Machine, targets: &[&str]) -> bool {
    let unwanted = machine.variable("RUSTUP_AUTO_INSTALL").as_deref() == Some("0");
    if unwanted || machine.noted(NOTE) {
        return false;
    }
    let mut command = vec!["rustup", "--quiet", "target", "add"];
    command.extend(targets);
    if machine.run(&["rustup", "--version"], None) == Outcome::Absent {
        return false;
    }
    machine.say(&format!(
        "{} (at most {} s; without a network Debian's compiler is taken)",
        command.join(" "),
        LIMIT.as_secs()
    ));
    let done = matches!(machine.run(&command, Some(LIMIT)), Outcome::Done(_));
    if !done {
        machine.note(NOTE);
    }
    done && targets.iter().all(|target| has_library(machine, target))
}

/// What is wrong with Debian's compiler, as the middle of a sentence.
fn debian(machine: &dyn Machine) -> Result<(), String> {
    let needed = needed();
    let Outcome::Done(answer) = machine.run(&[DEBIAN_RUSTC, "--version"], None) else {
        return Err("and Debian's rustc-web is not installed".into());
    };
    match version(&answer) {
        Some(found) if found >= needed => {}
        Some(found) => {
            return Err(format!(
                "and {DEBIAN_RUSTC} is version {found} where {needed} is needed"
            ));
        }
        None => {
            return Err(format!(
                "and {DEBIAN_RUSTC} says {:?} instead of its version",
                answer.trim()
            ));
        }
    }
    if !machine.exists(DEBIAN_CARGO) {
        return Err(format!(
            "and {DEBIAN_RUSTC} has no {DEBIAN_CARGO} beside it"
        ));
    }
    if !machine.exists(DEBIAN_SOURCE) {
        return Err(format!(
            "and {DEBIAN_RUSTC} has no library source ({DEBIAN_SOURCE}; apt-get install rust-web-src)"
        ));
    }
    Ok(())
}
