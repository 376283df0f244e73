// SPDX-License-Identifier: MIT OR Apache-2.0
//! The driver's image in the simulated kernel. Each scenario runs in a process of its own, so that a crash is a failing test.

mod audio;
mod banks;
mod budget;
mod cable;
mod capture;
mod contract;
mod crowds;
mod debugging;
mod effects;
mod endpoint;
mod failures;
mod foreign;
mod habits;
mod inf;
mod install;
mod large;
mod lifecycle;
mod listener;
mod messages;
mod owner;
mod package;
mod power;
mod queues;
mod quotas;
mod recording;
mod requests;
mod rig;
mod schedules;
mod settings;
mod sounds;
mod store;
mod sweeps;
mod synth;
mod topology;
mod transport;
mod waiting;
mod while_playing;

use libtest_mimic::{Arguments, Failed, Trial};
use simkernel::bugcheck::EXIT_CODE;
use std::process::{Command, ExitStatus};

/// A name and what it does; it panics if it fails.
type Scenario = (&'static str, fn());

/// A name, what stops the machine, and what looks at all that it printed.
type Stop = (&'static str, fn(), fn(&str));

/// Names a scenario to run in this process.
const CHILD: &str = "ARIOSO_SCENARIO";

fn main() {
    let scenarios = [
        audio::SCENARIOS,
        banks::SCENARIOS,
        budget::SCENARIOS,
        cable::SCENARIOS,
        capture::SCENARIOS,
        contract::SCENARIOS,
        crowds::SCENARIOS,
        debugging::SCENARIOS,
        effects::SCENARIOS,
        endpoint::SCENARIOS,
        failures::SCENARIOS,
        foreign::SCENARIOS,
        owner::SCENARIOS,
        power::SCENARIOS,
        habits::SCENARIOS,
        inf::SCENARIOS,
        install::SCENARIOS,
        large::SCENARIOS,
        lifecycle::SCENARIOS,
        messages::SCENARIOS,
        queues::SCENARIOS,
        quotas::SCENARIOS,
        recording::SCENARIOS,
        requests::SCENARIOS,
        schedules::SCENARIOS,
        settings::SCENARIOS,
        store::SCENARIOS,
        sweeps::SCENARIOS,
        synth::SCENARIOS,
        topology::SCENARIOS,
        transport::SCENARIOS,
        waiting::SCENARIOS,
        while_playing::SCENARIOS,
    ]
    .concat();
    let stops = debugging::STOPS;
    if let Ok(name) = std::env::var(CHILD) {
        let stopping = stops.iter().map(|&(name, run, _)| (name, run));
        let (_, run) = scenarios
            .iter()
            .copied()
            .chain(stopping)
            .find(|(known, _)| *known == name)
            .expect("a known scenario");
        return run();
    }
    let arguments = Arguments::from_args();
    if !arguments.list
        && let Err(error) = foreign::build()
    {
        eprintln!("the modules in C could not be built: {error}");
        std::process::exit(1);
    }
    let trials = scenarios
        .into_iter()
        .map(|(name, _)| Trial::test(name, move || succeeds(name)))
        .chain(
            stops
                .iter()
                .map(|&(name, _, check)| Trial::test(name, move || stops_with(name, check))),
        )
        .collect();
    libtest_mimic::run(&arguments, trials).exit();
}

fn succeeds(name: &str) -> Result<(), Failed> {
    let (status, text) = in_child(name)?;
    if status.success() {
        return Ok(());
    }
    Err(format!("{status}\n{}", end_of(&text)).into())
}

fn stops_with(name: &str, check: fn(&str)) -> Result<(), Failed> {
    let (status, text) = in_child(name)?;
    if status.code() != Some(EXIT_CODE) {
        return Err(format!("{status}, no stop\n{}", end_of(&text)).into());
    }
    check(&text);
    Ok(())
}

/// How the scenario's process ended, and what it printed.
fn in_child(name: &str) -> Result<(ExitStatus, String), Failed> {
    let program = std::env::current_exe()?;
    let output = Command::new(program)
        .env(CHILD, name)
        .env("RUST_BACKTRACE", "0")
        .output()?;
    let text = [output.stdout, output.stderr].concat();
    Ok((output.status, String::from_utf8_lossy(&text).into_owned()))
}

fn end_of(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(60)..].join("\n")
}
