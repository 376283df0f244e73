// SPDX-License-Identifier: MIT OR Apache-2.0
//! The scenarios of the simulated kernel against one mutant of the driver: those that come to its place, quick ones and those that have
//! noticed most first, until one fails.

use super::copy::with_mutant;
use super::run::{Fate, Pass, is_named};
use crate::scenarios::{Program, Taken};
use anyhow::{Context, Result, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The image with all mutants, and what runs it.
pub struct Scenarios {
    program: Program,
    image: PathBuf,
    /// Quick ones first.
    all: Vec<Scenario>,
    kills: Mutex<BTreeMap<usize, u32>>,
}

struct Scenario {
    name: String,
    takes: Duration,
    /// Mutants to whose places it comes.
    meets: BTreeSet<usize>,
}

/// Longer than any scenario takes alone.
const LONGEST: Duration = Duration::from_secs(120);

impl Scenarios {
    /// Builds the test program and runs each scenario with one of `by` in its name without a mutant; all must pass.
    pub fn survey(image: PathBuf, by: &[String]) -> Result<Self> {
        let mut scenarios = Self {
            program: Program::build()?,
            image,
            all: Vec::new(),
            kills: Mutex::default(),
        };
        let place = with_mutant(&scenarios.image, 0)?;
        let mut names = scenarios.program.names()?;
        names.retain(|name| is_named(name, by));
        for name in names {
            let begun = Instant::now();
            let mut taken = Taken::new();
            if !scenarios
                .program
                .passes(&name, &place, LONGEST, Some(&mut taken))?
            {
                bail!("{name} fails without a mutant");
            }
            let met = taken.into_iter().filter(|&(_, taken)| taken);
            scenarios.all.push(Scenario {
                name,
                takes: begun.elapsed(),
                meets: met.map(|(number, _)| number as usize).collect(),
            });
        }
        scenarios.all.sort_by_key(|scenario| scenario.takes);
        let takes: Duration = scenarios.all.iter().map(|scenario| scenario.takes).sum();
        println!(
            "{} scenarios, {:.0} s",
            scenarios.all.len(),
            takes.as_secs_f64()
        );
        Ok(scenarios)
    }

    pub fn try_one(&self, number: usize, pass: Pass) -> Result<Fate> {
        let all = self.all.iter().enumerate();
        let meets = all
            .filter(|(_, scenario)| scenario.meets.contains(&number) && pass.has(scenario.takes));
        let mut order: Vec<usize> = meets.map(|(at, _)| at).collect();
        if order.is_empty() {
            return Ok(Fate::Unmet);
        }
        {
            let kills = self.kills.lock().unwrap_or_else(PoisonError::into_inner);
            // Kills by time: a slow scenario has to notice more.
            order.sort_by_key(|&at| {
                let count = u128::from(kills.get(&at).copied().unwrap_or(0)) + 1;
                std::cmp::Reverse(count * 1_000_000 / self.all[at].takes.as_millis().max(1))
            });
        }
        let image = with_mutant(&self.image, number)?;
        let mut fate = Fate::Survived;
        for at in order {
            let Scenario { name, takes, .. } = &self.all[at];
            let most = *takes * 10 + Duration::from_secs(20);
            if !self.program.passes(name, &image, most, None)? {
                let mut kills = self.kills.lock().unwrap_or_else(PoisonError::into_inner);
                *kills.entry(at).or_default() += 1;
                fate = Fate::Killed(name.clone());
                break;
            }
        }
        fs::remove_dir_all(image.parent().context("no directory")?)?;
        Ok(fate)
    }
}
