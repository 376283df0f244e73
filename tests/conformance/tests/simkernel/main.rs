//! The driver's image in the simulated kernel. Each scenario runs in a process of its own, so that a crash is a failing test.

mod audio;
mod failures;
mod lifecycle;
mod power;
mod queues;
mod rig;
mod synth;

use libtest_mimic::{Arguments, Failed, Trial};
use std::process::Command;

/// A name and what it does; it panics if it fails.
type Scenario = (&'static str, fn());

/// Names a scenario to run in this process.
const CHILD: &str = "ARIOSO_SCENARIO";

fn main() {
    let all = [
        audio::SCENARIOS,
        failures::SCENARIOS,
        power::SCENARIOS,
        lifecycle::SCENARIOS,
        queues::SCENARIOS,
        synth::SCENARIOS,
    ]
    .concat();
    if let Ok(name) = std::env::var(CHILD) {
        let (_, scenario) = all
            .iter()
            .find(|(known, _)| *known == name)
            .expect("a known scenario");
        return scenario();
    }
    let arguments = Arguments::from_args();
    let trials = all
        .into_iter()
        .map(|(name, _)| Trial::test(name, move || in_child(name)))
        .collect();
    libtest_mimic::run(&arguments, trials).exit();
}

fn in_child(name: &str) -> Result<(), Failed> {
    let program = std::env::current_exe()?;
    let output = Command::new(program)
        .env(CHILD, name)
        .env("RUST_BACKTRACE", "0")
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    let last = lines[lines.len().saturating_sub(60)..].join("\n");
    Err(format!("{}\n{last}", output.status).into())
}
