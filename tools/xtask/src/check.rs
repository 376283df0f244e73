//! The demo and the whole test run.

use crate::driver::{self, Arch, Build, Check, Plant, Profile};
use crate::{package, process, setup};
use anyhow::{Context, Result};
use std::time::Instant;

/// Plays a built-in song through the release driver into a WAV file.
pub fn demo() -> Result<()> {
    setup::install()?;
    driver::build(&Build::release(Arch::X64))?;
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
}

/// Compares the engine with FluidSynth: all songs, all real banks, or some of them. Takes an hour.
pub fn compare(songs: Option<&str>, bank: Option<&str>) -> Result<()> {
    setup::install()?;
    let mut cargo = process::cargo();
    for (variable, value) in [
        ("ARIOSO_COMPARE_SONGS", songs),
        ("ARIOSO_COMPARE_BANKS", bank),
    ] {
        if let Some(value) = value {
            cargo.env(variable, value);
        }
    }
    process::run(cargo.args([
        "test",
        "--release",
        "--package",
        "arioso-cli",
        "--test",
        "fluidsynth",
        "--",
        "--ignored",
        "--nocapture",
    ]))
}

/// Measures the engine, its image and other people's synthesizers.
pub fn bench() -> Result<()> {
    setup::install()?;
    driver::build(&Build::release(Arch::X64))?;
    process::run(process::cargo().args([
        "run",
        "--profile",
        "image",
        "--quiet",
        "--package",
        "arioso-bench",
    ]))
}

/// Counts the engine's instructions under valgrind.
pub fn count(arguments: &[&str]) -> Result<()> {
    setup::install()?;
    process::run(
        process::cargo()
            .args(["run", "--profile", "image", "--quiet"])
            .args(["--package", "arioso-count", "--"])
            .args(arguments),
    )
}

/// Builds everything and runs every test.
pub fn test() -> Result<()> {
    type Step = (&'static str, fn() -> Result<()>);
    let steps: [Step; 8] = [
        ("set up the machine", setup::install),
        ("prove that the driver cannot panic", || {
            driver::build(&Build {
                arch: Arch::X64,
                profile: Profile::Release,
                check: Some(Check::NoPanic),
                plant: None,
                coverage: false,
            })
        }),
        ("build the driver for x64", || {
            driver::build(&Build::release(Arch::X64))
        }),
        ("build the driver for ARM64", || {
            driver::build(&Build::release(Arch::Arm64))
        }),
        ("make the packages", package::assemble_all),
        ("build a driver with a bug to be seen", || {
            driver::build(&Build {
                arch: Arch::X64,
                profile: Profile::Dev,
                check: None,
                plant: Some(Plant::Panic),
                coverage: false,
            })
        }),
        ("run the tests", || {
            process::run(process::cargo().args(["test", "--release"]))
        }),
        ("count the engine's instructions", || count(&["check"])),
    ];
    let begin = Instant::now();
    for (index, (name, step)) in steps.iter().enumerate() {
        println!("[{}/{}] {name}", index + 1, steps.len());
        let start = Instant::now();
        step().with_context(|| format!("cannot {name}"))?;
        println!(
            "[{}/{}] {name}: {:.0} s",
            index + 1,
            steps.len(),
            start.elapsed().as_secs_f64()
        );
    }
    println!("all tests passed in {:.0} s", begin.elapsed().as_secs_f64());
    Ok(())
}
