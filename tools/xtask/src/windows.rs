// SPDX-License-Identifier: MIT OR Apache-2.0
//! `arioso` for Windows, cross-built with mingw-w64: `target/windows/x64/arioso.exe`.

use crate::setup::{self, Compiler, Need};
use crate::{process, project};
use anyhow::{Context, Result};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

pub const TARGET: &str = "x86_64-pc-windows-gnu";

/// Builds the release program and returns its path.
pub fn build() -> Result<PathBuf> {
    setup::install(&[Need::WindowsProgram])?;
    // There is no clippy for the target without its library; the compiler's own warnings count.
    process::run(cargo("rustc")?.args(["--", "--deny", "warnings"]))?;
    let built = target_dir().join(TARGET).join("release/arioso.exe");
    let program = project::windows_dir().join("x64/arioso.exe");
    let directory = program.parent().context("no directory")?;
    fs::create_dir_all(directory)?;
    fs::copy(&built, &program)
        .with_context(|| format!("cannot copy {} to {}", built.display(), program.display()))?;
    Ok(program)
}

fn cargo(command: &str) -> Result<Command> {
    let mut cargo = Compiler::choose(TARGET)?.cargo(command, TARGET, "std,panic_abort");
    cargo
        .current_dir(project::root())
        .env(
            "CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER",
            "x86_64-w64-mingw32-gcc",
        )
        .args(["--release", "--package", "arioso-cli", "--bin", "arioso"])
        // Panics abort and name their place; symbols would double the size.
        .args(["--config", "profile.release.panic=\"abort\""])
        .args(["--config", "profile.release.debug=false"])
        .args(["--config", "profile.release.strip=\"symbols\""])
        .arg("--target-dir")
        .arg(target_dir());
    Ok(cargo)
}

fn target_dir() -> PathBuf {
    project::windows_dir().join("build")
}
