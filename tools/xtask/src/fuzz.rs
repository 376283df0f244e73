//! Fuzzing: cargo-fuzz on the nightly compiler, one target after the other.

use crate::driver::{self, Arch, Build};
use crate::{process, project, setup};
use anyhow::{Result, bail};
use std::fs;
use std::process::Command;

/// What to run, and how.
struct Target {
    name: &'static str,
    /// It runs the driver's image: on stacks of its own, which the address sanitizer does not know, and without edges of the image.
    driver: bool,
}

const TARGETS: [Target; 5] = [
    Target {
        name: "dls_file",
        driver: false,
    },
    Target {
        name: "dls_download",
        driver: false,
    },
    Target {
        name: "midi_stream",
        driver: false,
    },
    Target {
        name: "property",
        driver: true,
    },
    Target {
        name: "sequence",
        driver: true,
    },
];

/// Runs one target, or all, each for some time. A crash is an error, and its input is in `fuzz/artifacts`.
pub fn fuzz(seconds: u64, only: Option<&str>) -> Result<()> {
    let chosen: Vec<&Target> = TARGETS
        .iter()
        .filter(|target| only.is_none_or(|name| name == target.name))
        .collect();
    if chosen.is_empty() {
        bail!("the targets are {}", TARGETS.map(|t| t.name).join(", "));
    }
    install()?;
    if chosen.iter().any(|target| target.driver) {
        setup::install()?;
        driver::build(&Build::release(Arch::X64))?;
    }
    chosen.iter().try_for_each(|target| run(target, seconds))
}

fn nightly() -> Command {
    let mut cargo = process::cargo();
    cargo.arg("+nightly");
    cargo
}

/// cargo-fuzz, if it is missing.
fn install() -> Result<()> {
    if process::output(nightly().args(["fuzz", "--version"])).is_ok() {
        return Ok(());
    }
    process::run(process::cargo().args(["install", "cargo-fuzz"]))
}

fn run(target: &Target, seconds: u64) -> Result<()> {
    let place = project::root().join("fuzz/corpus");
    let corpus = place.join(target.name);
    let dictionary = place.join(format!("{}.dict", target.name));
    fs::create_dir_all(&corpus)?;
    process::run(
        process::cargo()
            .args(["run", "--release", "--quiet", "--package", "fuzz-targets"])
            .args(["--bin", "fuzz-corpus", "--", target.name])
            .args([&corpus, &dictionary]),
    )?;
    let mut fuzz = nightly();
    fuzz.args(["fuzz", "run"]);
    if target.driver {
        fuzz.args(["--sanitizer", "none"]);
    }
    fuzz.arg(target.name).arg(&corpus).args([
        "--".to_owned(),
        format!("-max_total_time={seconds}"),
        format!("-dict={}", dictionary.display()),
        // A hang, in seconds of wall time.
        format!("-timeout={}", if target.driver { 10 } else { 1 }),
        "-max_len=65536".into(),
        "-print_final_stats=1".into(),
    ]);
    process::run(&mut fuzz)
}
