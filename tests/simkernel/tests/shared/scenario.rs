// SPDX-License-Identifier: MIT OR Apache-2.0
//! Scenarios: one machine, and so one child process, each.

use std::fmt::Debug;
use std::process::Command;

use libtest_mimic::{Arguments, Failed, Trial};

const VARIABLE: &str = "SIMKERNEL_SCENARIO";

/// A fault of the driver, and what must be in a violation that it leads to.
pub type Faulty<F> = (F, &'static str);

/// The main function of a test binary. `misbehave` runs the fault that it is given in a machine of its own.
pub fn main<F: Copy + Debug + Send + Sync + 'static>(
    scenarios: &[(&'static str, fn())],
    faults: &'static [Faulty<F>],
    misbehave: fn(F, &str),
) {
    let arguments = Arguments::from_args();
    if let Ok(name) = std::env::var(VARIABLE) {
        match faults
            .iter()
            .find(|(fault, _)| name == format!("fault {fault:?}"))
        {
            Some(&(fault, says)) => misbehave(fault, says),
            None => scenarios
                .iter()
                .find(|s| s.0 == name)
                .expect("a scenario")
                .1(),
        }
        return;
    }
    let names = scenarios.iter().map(|(name, _)| (*name).to_owned());
    let trials = names
        .chain(faults.iter().map(|(fault, _)| format!("fault {fault:?}")))
        .map(|name| Trial::test(name.clone(), move || child(&name)))
        .collect();
    libtest_mimic::run(&arguments, trials).exit();
}

fn child(name: &str) -> Result<(), Failed> {
    let me = std::env::current_exe().expect("own path");
    let output = Command::new(me)
        .env(VARIABLE, name)
        .output()
        .expect("a child");
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
    .into())
}

/// What the verifier found must say this.
pub fn must_say<F: Debug>(fault: F, says: &str, violations: &[String]) {
    assert!(
        violations.iter().any(|v| v.contains(says)),
        "{fault:?} should say {says:?}: {violations:#?}"
    );
}
