// SPDX-License-Identifier: MIT OR Apache-2.0
//! The demo and the whole test run.

use crate::driver::{self, Arch, Build, Check, Plant, Profile};
use crate::setup::{self, Need};
use crate::{package, process, project};
use anyhow::{Context, Result};
use std::time::Instant;

/// Plays a built-in song through the release driver into a WAV file.
pub fn demo() -> Result<()> {
    steps(&[
        Step {
            does: "set up the machine",
            takes: "half a minute where packages are missing",
            work: || setup::install(setup::DRIVER),
        },
        Step {
            does: "build the driver",
            takes: DRIVER_TAKES,
            work: || driver::build(&Build::release(Arch::X64)),
        },
        Step {
            does: "build arioso and play a song through the driver",
            takes: "1 minute",
            work: || {
                process::run(process::cargo().args([
                    "run",
                    "--release",
                    "--quiet",
                    "--package",
                    "arioso-cli",
                    "--bin",
                    "arioso",
                    "--",
                    "demo",
                ]))
            },
        },
    ])?;
    println!(
        "\nNext, any MIDI file of yours: cargo run --release --bin arioso -- play song.mid -o song.wav\n\
         A picture of what came out:   cargo run --release --bin arioso -- plot song.wav\n\
         Settings and troubles:        docs/guide.md"
    );
    Ok(())
}

/// Builds `arioso` with MIDI and sound devices, and plays the driver from a keyboard.
pub fn live(arguments: &[String]) -> Result<()> {
    setup::install(&[Need::Driver(Arch::X64), Need::Live])?;
    let mut cargo = process::cargo();
    cargo.args(["run", "--release", "--quiet", "--package", "arioso-cli"]);
    cargo.args(["--features", "live", "--bin", "arioso", "--", "live"]);
    process::run(cargo.args(arguments))
}

/// Compares the engine with FluidSynth: all songs, all real banks, or some of them. Takes half an hour.
pub fn compare(songs: Option<&str>, bank: Option<&str>) -> Result<()> {
    setup::install(&[Need::Peers])?;
    let mut cargo = process::cargo();
    for (variable, value) in [
        ("ARIOSO_COMPARE_SONGS", songs),
        ("ARIOSO_COMPARE_BANKS", bank),
    ] {
        if let Some(value) = value {
            cargo.env(variable, value);
        }
    }
    // Two thirds of the time would go to correlations by code that is hardly optimized.
    process::run(cargo.args([
        "test",
        "--release",
        "--config",
        "profile.release.package.arioso-cli={opt-level=3,codegen-units=1}",
        "--package",
        "arioso-cli",
        "--test",
        "fluidsynth",
        "--",
        "--ignored",
        "--nocapture",
    ]))
}

/// Measures the engine, its image and other people's synthesizers; with `songs` these alone, with `quick` two of them without the image, and
/// with `parts` also where their time goes.
pub fn bench(songs: bool, quick: bool, parts: bool) -> Result<()> {
    setup::install(&[Need::Peers])?;
    // What an engine of another day has left says nothing about this one.
    let left = project::root().join("target/bench/parts.json");
    if left.exists() {
        std::fs::remove_file(left)?;
    }
    if !quick {
        setup::install(&[Need::Driver(Arch::X64)])?;
        driver::build(&Build::release(Arch::X64))?;
    }
    // As the image is built; a quick look does without the minute that this takes.
    let profile = if quick { "release" } else { "image" };
    let run = |package: &str| {
        let mut cargo = process::cargo();
        cargo.args(["run", "--quiet", "--profile", profile, "--package", package]);
        cargo
    };
    let extent: &[&str] = if quick { &["quick"] } else { &[] };
    if parts || !quick {
        let mut cargo = run("arioso-count");
        cargo.args(["--features", "counters", "--", "parts"]);
        process::run(cargo.args(extent))?;
    }
    let mut cargo = run("arioso-bench");
    if songs || quick {
        cargo.args(["--", "songs"]);
    }
    process::run(cargo.args(extent))
}

/// Counts the engine's instructions under valgrind.
pub fn count(arguments: &[&str]) -> Result<()> {
    setup::install(&[Need::Counting, Need::Peers])?;
    process::run(
        process::cargo()
            .args(["run", "--profile", "image", "--quiet"])
            .args(["--package", "arioso-count", "--"])
            .args(arguments),
    )
}

/// Every order in which contexts may meet in `mem`: its own target directory, because `--cfg loom` changes every crate.
fn models() -> Result<()> {
    let target = project::root().join("target").join("loom");
    process::run(
        process::cargo()
            .env("CARGO_TARGET_DIR", target)
            .env("RUSTFLAGS", "--cfg loom")
            .args(["test", "--quiet", "--package", "arioso-core", "--lib"])
            .arg("loom_"),
    )
}

/// Builds everything and runs every test.
pub fn test() -> Result<()> {
    steps(&[
        Step {
            does: "set up the machine",
            takes: "1 minute where packages are missing",
            work: || setup::install(setup::EVERYTHING),
        },
        Step {
            does: "build a driver with a bug to be seen",
            takes: DRIVER_TAKES,
            work: || {
                driver::build(&Build {
                    plant: Some(Plant::Panic),
                    profile: Profile::Dev,
                    ..Build::release(Arch::X64)
                })
            },
        },
        Step {
            does: "build the driver for x64 and prove that it cannot panic",
            takes: "half a minute",
            work: || {
                driver::build(&Build {
                    check: Some(Check::NoPanic),
                    ..Build::release(Arch::X64)
                })
            },
        },
        Step {
            does: "build the driver for ARM64",
            takes: "half a minute",
            work: || driver::build(&Build::release(Arch::Arm64)),
        },
        Step {
            does: "make the packages",
            takes: "2 minutes",
            work: package::assemble_all,
        },
        Step {
            does: "run the tests",
            takes: "15 minutes",
            work: || process::run(process::cargo().args(["test", "--release"])),
        },
        Step {
            does: "run loom's models of what contexts share",
            takes: "1 minute",
            work: models,
        },
        Step {
            does: "count the engine's instructions",
            takes: "1 minute",
            work: || count(&["check"]),
        },
    ])?;
    println!("Next: `cargo xtask lint` before a commit; docs/status.md says what each test shows");
    Ok(())
}

/// From nothing.
const DRIVER_TAKES: &str =
    "1 minute, or 4 where the network has no library of rustup's for Windows";

/// One of the steps of a command.
struct Step {
    does: &'static str,
    /// On two cores, from a fresh clone.
    takes: &'static str,
    work: fn() -> Result<()>,
}

fn steps(steps: &[Step]) -> Result<()> {
    let begin = Instant::now();
    for (index, step) in steps.iter().enumerate() {
        let number = format!("[{}/{}]", index + 1, steps.len());
        println!("{number} {} (about {} on two cores)", step.does, step.takes);
        let start = Instant::now();
        (step.work)().with_context(|| format!("cannot {}", step.does))?;
        println!(
            "{number} {}: {:.0} s",
            step.does,
            start.elapsed().as_secs_f64()
        );
    }
    println!("all of it in {:.0} s", begin.elapsed().as_secs_f64());
    Ok(())
}
