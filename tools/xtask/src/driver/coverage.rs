// SPDX-License-Identifier: MIT OR Apache-2.0
//! A driver that counts the edges it takes, for a fuzzer to see: LLVM's SanitizerCoverage.

use super::Arch;
use crate::setup::Tools;
use crate::{process, project};
use anyhow::{Context, Result};
use std::fs;
use std::process::Command;

const OBJECT: &str = include_str!("../../wdk/coverage.S");

/// Changes a build so that its product has the sections `.SCOV` (a byte for each edge) and `.SCOVP` (where each is).
pub fn add(cargo: &mut Command, tools: &Tools) -> Result<()> {
    let work = project::kernel_dir().join("coverage");
    fs::create_dir_all(&work)?;
    let (source, object) = (work.join("coverage.S"), work.join("coverage.obj"));
    super::write_if_changed(&source, OBJECT)?;
    process::output(
        Command::new(&tools.clang)
            .arg(format!("--target={}", Arch::X64.target()))
            .arg("-c")
            .arg(&source)
            .arg("-o")
            .arg(&object),
    )
    .context("cannot assemble tools/xtask/wdk/coverage.S")?;
    let passes = [
        "-Cpasses=sancov-module",
        "-Cllvm-args=-sanitizer-coverage-level=3",
        "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
        "-Cllvm-args=-sanitizer-coverage-pc-table",
        // Not only those from which the others follow.
        "-Cllvm-args=-sanitizer-coverage-prune-blocks=0",
    ];
    let link = format!("-Clink-arg={}", object.display());
    // Not the library: the pass cannot do with symbols of `compiler_builtins`.
    for (package, flags) in [
        ("arioso-core", &passes[..]),
        ("arioso", &[&passes[..], &[&link]].concat()),
    ] {
        cargo.arg("--config").arg(format!(
            "profile.release.package.{package}.rustflags={flags:?}"
        ));
    }
    cargo
        .arg("-Zprofile-rustflags")
        .env("RUSTC_BOOTSTRAP", "1")
        // Inlined after the pass, a function leaves counters behind that the table does not know.
        .env("CARGO_PROFILE_RELEASE_LTO", "off");
    Ok(())
}
