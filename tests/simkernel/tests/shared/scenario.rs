// SPDX-License-Identifier: MIT OR Apache-2.0
//! Scenarios: one machine, and so one child process, each. Faults of the driver: as many machines, in each of which one rule is broken.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::process::Command;

use libtest_mimic::{Arguments, Failed, Trial};
use simkernel::verifier::rules::{self, Plant};
use simkernel::verifier::{Rule, Violation};

const VARIABLE: &str = "SIMKERNEL_SCENARIO";

/// Faults, and what is to be done with one.
pub struct Faults<F: 'static> {
    pub all: &'static [F],
    /// Those that are nothing to the verifier.
    pub others: &'static [F],
    /// The rules' name for one of this driver's.
    pub plant: fn(&'static str) -> Plant,
    /// Goes through everything once with a driver that has the fault: what the verifier found.
    pub misbehave: fn(F) -> Vec<Violation>,
}

impl<F: Copy + Debug + PartialEq> Faults<F> {
    fn plants(&self) -> impl Iterator<Item = (F, Plant)> {
        let name = |fault: F| -> &'static str { format!("{fault:?}").leak() };
        self.all
            .iter()
            .filter(|fault| !self.others.contains(fault))
            .map(move |&fault| (fault, (self.plant)(name(fault))))
    }

    /// Every fault is named by a rule, and every one that a rule names is there.
    fn agree(&self) -> Result<(), Failed> {
        let place = (self.plant)("").place();
        let named = rules::plants().filter(|plant| plant.place() == place);
        let there: BTreeSet<Plant> = self.plants().map(|(_, plant)| plant).collect();
        let named: BTreeSet<Plant> = named.collect();
        if named == there {
            return Ok(());
        }
        let apart: Vec<_> = named.symmetric_difference(&there).collect();
        Err(format!("rules or driver do not know {apart:?}").into())
    }

    fn run(&self, fault: F, plant: Plant) {
        let violations = (self.misbehave)(fault);
        let mut found: Vec<Rule> = violations.iter().map(|v| v.rule).collect();
        found.sort_unstable();
        found.dedup();
        assert_eq!(found, rules::broken_by(plant), "{violations:#?}");
    }
}

/// The main function of a test binary.
pub fn main<F: Copy + Debug + PartialEq + Sync>(
    scenarios: &[(&'static str, fn())],
    faults: &'static Faults<F>,
) {
    let arguments = Arguments::from_args();
    if let Ok(name) = std::env::var(VARIABLE) {
        match faults.plants().find(|(_, plant)| name == title(*plant)) {
            Some((fault, plant)) => faults.run(fault, plant),
            None => scenarios
                .iter()
                .find(|s| s.0 == name)
                .expect("a scenario")
                .1(),
        }
        return;
    }
    let names = scenarios.iter().map(|(name, _)| (*name).to_owned());
    let mut trials: Vec<Trial> = names
        .chain(faults.plants().map(|(_, plant)| title(plant)))
        .map(|name| Trial::test(name.clone(), move || child(&name)))
        .collect();
    trials.push(Trial::test("planted", || faults.agree()));
    libtest_mimic::run(&arguments, trials).exit();
}

/// The rule and who breaks it.
fn title(plant: Plant) -> String {
    let rule = Rule::ALL.iter().find(|rule| rule.plants().contains(&plant));
    let rule = rule.map_or_else(|| "no rule".to_owned(), ToString::to_string);
    format!("{rule}: {}", plant.name())
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

/// The faults of a driver.
macro_rules! faults {
    ($($(#[doc = $what:literal])* $fault:ident,)*) => {
        /// One thing that the driver must not do.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
        pub enum Fault {
            #[default]
            None,
            $($(#[doc = $what])* $fault,)*
        }

        impl Fault {
            pub const ALL: &'static [Fault] = &[$(Fault::$fault),*];
        }
    };
}
pub(crate) use faults;
