// SPDX-License-Identifier: MIT OR Apache-2.0
//! A fixed number of fixed inputs for each target, and the bug that each target's plant must be found by them. Each runs in a
//! process of its own, so that a crash is a failing test.
//!
//! `ARIOSO_SMOKE_SEED` and `ARIOSO_SMOKE_COUNT` run other inputs, and more.

use fuzz_targets::mutate::Mutator;
use fuzz_targets::{TARGETS, Target};
use libtest_mimic::{Arguments, Failed, Trial};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// Names the target to run in this process.
const CHILD: &str = "ARIOSO_SMOKE_TARGET";
/// A hang.
const SLOW: Duration = Duration::from_secs(10);

fn main() {
    if let Ok(name) = std::env::var(CHILD) {
        return run(fuzz_targets::find(&name).expect("a known target"));
    }
    let arguments = Arguments::from_args();
    let trials = TARGETS.iter().flat_map(|target| {
        let name = target.name;
        [
            Trial::test(name, move || survives(name)),
            Trial::test(format!("{name}, planted"), move || finds(name)),
        ]
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// The seeds and the committed corpus, then what the mutator makes of them.
fn run(target: Target) {
    let count = match target.name {
        // Each renders seconds.
        "life" => 60,
        // As above, and its seeds are those of all others.
        "music" => 500,
        _ if target.driver => 5_000,
        _ => 20_000,
    };
    let count = number("ARIOSO_SMOKE_COUNT").unwrap_or(count);
    let seed = number("ARIOSO_SMOKE_SEED").unwrap_or(0x0A81_050D);
    let mut mutator = Mutator::new(seed, target.known(), (target.dictionary)());
    for input in mutator.seeds().to_vec() {
        one(target, &input, "a seed");
    }
    let begin = Instant::now();
    for index in 0..count {
        let input = mutator.next_input();
        one(target, &input, &format!("input {index}"));
    }
    println!(
        "{}: {count} inputs in {:.1} s",
        target.name,
        begin.elapsed().as_secs_f64()
    );
}

fn one(target: Target, input: &[u8], what: &str) {
    if let Some(directory) = std::env::var_os("ARIOSO_SMOKE_KEEP") {
        // What a crash leaves behind is the input that it came from.
        std::fs::write(std::path::Path::new(&directory).join(target.name), input)
            .expect("a place for inputs");
    }
    let start = Instant::now();
    (target.run)(input);
    assert!(start.elapsed() < SLOW, "{what} hangs: {input:x?}");
}

fn child(name: &str, plant: &str) -> Result<Output, Failed> {
    Ok(Command::new(std::env::current_exe()?)
        .env(CHILD, name)
        .env("ARIOSO_PLANT", plant)
        .env("RUST_BACKTRACE", "0")
        .output()?)
}

fn survives(name: &str) -> Result<(), Failed> {
    let output = child(name, "0")?;
    if output.status.success() {
        print!("{}", String::from_utf8_lossy(&output.stdout));
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    let last = lines[lines.len().saturating_sub(60)..].join("\n");
    Err(format!("{}\n{last}", output.status).into())
}

/// The crash must be that of the planted bug, not another one.
fn finds(name: &str) -> Result<(), Failed> {
    let output = child(name, "1")?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let told = text.contains("src/planted.rs")
        || text.contains("planted: ")
        || text.contains("bytes in a buffer of");
    if !output.status.success() && told {
        Ok(())
    } else {
        Err(format!("{}: the planted bug was not found\n{text}", output.status).into())
    }
}
