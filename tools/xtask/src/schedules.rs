// SPDX-License-Identifier: MIT OR Apache-2.0
//! Schedules: all that the driver does at once (`tests/conformance/tests/simkernel/schedules.rs`) in thousands of orders. One that fails is
//! made shorter: what is printed are the fewest decisions that were found to be enough.
//!
//! `races` has orders that were got wrong on purpose: the schedules must find each of them.

mod races;

use crate::driver::{self, Arch, Build};
use crate::scenarios::Program;
use crate::setup::{self, Need};
use crate::{mutants, project};
use anyhow::{Result, bail};
use std::collections::BTreeMap;
use std::io::{IsTerminal, Write, stderr};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// What is looked at.
pub struct Choice {
    pub from: u64,
    pub count: u64,
    pub jobs: usize,
    /// The driver's planted races instead of the driver.
    pub races: bool,
    /// A schedule to run once more: `N`, or `N DECISION…`.
    pub repeat: Option<String>,
}

/// Longer than any schedule takes.
const LONGEST: Duration = Duration::from_secs(60);
const SCENARIO: &str = "one schedule";

pub fn schedules(choice: &Choice) -> Result<()> {
    setup::install(&[Need::Driver(Arch::X64)])?;
    driver::build(&Build::release(Arch::X64))?;
    let program = Program::build()?;
    let image = project::driver_dir().join("x64/release/arioso.sys");
    if let Some(schedule) = &choice.repeat {
        return match failure(&program, &image, schedule)? {
            Some(said) => bail!("it fails:\n{said}"),
            None => {
                println!("it passes");
                Ok(())
            }
        };
    }
    if choice.races {
        return find_races(&program, choice);
    }
    match first_failure(&program, &image, choice)? {
        None => {
            println!(
                "{} schedules, seeds {} to {}: none fails",
                choice.count,
                choice.from,
                last(choice)
            );
            Ok(())
        }
        Some((seed, said)) => {
            println!("seed {seed} fails:\n{said}");
            let fewest = shorten(&program, &image, seed, &said)?;
            println!(
                "the fewest decisions that were found to be enough; again:\ncargo xtask schedules --repeat \"{fewest}\""
            );
            bail!("a schedule fails")
        }
    }
}

fn last(choice: &Choice) -> u64 {
    choice.from + choice.count.saturating_sub(1)
}

/// Each planted race, and the seed that finds it.
fn find_races(program: &Program, choice: &Choice) -> Result<()> {
    let images = mutants::planted(&races::RACES)?;
    let mut missed = Vec::new();
    for (race, image) in races::RACES.iter().zip(images) {
        match first_failure(program, &image, choice)? {
            Some((seed, said)) => {
                let line = said
                    .lines()
                    .find(|line| line.contains("***") || line.contains("violation"));
                println!(
                    "{}: seed {seed}: {}",
                    race.name,
                    line.unwrap_or_default().trim()
                );
                let fewest = shorten(program, &image, seed, &said)?;
                println!("    {fewest}");
            }
            None => {
                println!(
                    "{}: not found by seeds {} to {}",
                    race.name,
                    choice.from,
                    last(choice)
                );
                missed.push(race.name);
            }
        }
    }
    if !missed.is_empty() {
        bail!("not found: {}", missed.join(", "));
    }
    Ok(())
}

/// What a schedule says when it fails.
fn failure(program: &Program, image: &Path, schedule: &str) -> Result<Option<String>> {
    program.failure(
        SCENARIO,
        image,
        LONGEST,
        &[("ARIOSO_SCHEDULE", format!("seed {schedule}"))],
    )
}

/// The first seed that fails, and what was said.
fn first_failure(
    program: &Program,
    image: &Path,
    choice: &Choice,
) -> Result<Option<(u64, String)>> {
    let next = AtomicU64::new(choice.from);
    let found = AtomicBool::new(false);
    let failures = Mutex::new(BTreeMap::new());
    let work = || -> Result<()> {
        while !found.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed > last(choice) {
                break;
            }
            if seed.is_multiple_of(50) && stderr().is_terminal() {
                let _ = write!(stderr(), "\r{seed} of {}", last(choice));
            }
            if let Some(said) = failure(program, image, &seed.to_string())? {
                found.store(true, Ordering::Relaxed);
                failures
                    .lock()
                    .unwrap_or_else(|held| held.into_inner())
                    .insert(seed, said);
            }
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..choice.jobs.max(1)).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .try_for_each(|worker| match worker.join() {
                Ok(result) => result,
                Err(_) => bail!("a worker is gone"),
            })
    })?;
    if stderr().is_terminal() {
        eprintln!();
    }
    Ok(failures
        .into_inner()
        .unwrap_or_else(|held| held.into_inner())
        .pop_first())
}

/// Leaves out decisions as long as it still fails: the end, then halves, quarters, and so on.
fn shorten(program: &Program, image: &Path, seed: u64, said: &str) -> Result<String> {
    /// Runs that are spent on it.
    const MOST: usize = 400;
    let line = said
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("schedule: "));
    let mut kept: Vec<&str> = line.unwrap_or_default().split_whitespace().collect();
    let text = |decisions: &[&str]| match decisions {
        [] => format!("{seed} none"),
        decisions => format!("{seed} {}", decisions.join(" ")),
    };
    if failure(program, image, &text(&kept))?.is_none() {
        // It hangs, or is not one of the machine's own ends.
        return Ok(seed.to_string());
    }
    // What comes after the fault does not matter.
    let (mut passes, mut fails) = (0, kept.len());
    while passes + 1 < fails {
        let middle = passes.midpoint(fails);
        if failure(program, image, &text(&kept[..middle]))?.is_some() {
            fails = middle;
        } else {
            passes = middle;
        }
    }
    kept.truncate(fails);
    // What is left out moves all later calls: the last ones first.
    let mut runs = 0;
    let mut part = kept.len().div_ceil(2);
    while part > 0 && runs < MOST {
        let mut end = kept.len();
        while end > 0 && runs < MOST {
            let at = end.saturating_sub(part);
            let fewer = [&kept[..at], &kept[end..]].concat();
            runs += 1;
            if failure(program, image, &text(&fewer))?.is_some() {
                kept = fewer;
            }
            end = at;
        }
        part = if part == 1 { 0 } else { part.div_ceil(2) };
    }
    Ok(text(&kept))
}
