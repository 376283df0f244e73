// SPDX-License-Identifier: MIT OR Apache-2.0
//! The scenarios of the simulated kernel against one mutant of the driver: quick ones and those that have noticed most first, until one
//! fails.

use super::copy::MARK;
use super::run::{Fate, wait};
use crate::process;
use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The image with all mutants, and what runs it.
pub struct Scenarios {
    program: PathBuf,
    image: PathBuf,
    /// The longest that a scenario may take to be run.
    names: Vec<(String, Duration)>,
    kills: Mutex<BTreeMap<usize, u32>>,
}

/// Scenarios that take longer are left out.
const LONGEST: Duration = Duration::from_secs(3);
/// They need another image.
const OTHER_IMAGE: [&str; 2] = ["the development build", "a panic is told"];

impl Scenarios {
    /// Builds the test program and runs each scenario without a mutant; all must pass.
    pub fn survey(image: PathBuf) -> Result<Self> {
        let program = test_program()?;
        let mut scenarios = Self {
            program,
            image,
            names: Vec::new(),
            kills: Mutex::default(),
        };
        // The program itself builds what scenarios need besides.
        let mut modules = Command::new(&scenarios.program);
        modules.args(["--exact", "exports that another maker's modules lack"]);
        let output = process::capture(modules.current_dir(directory()))?;
        ensure!(output.status.success(), "the modules in C are not built");
        let mut list = Command::new(&scenarios.program);
        let listed = process::capture(list.arg("--list"))?;
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        let place = scenarios.place(0)?;
        for name in listed
            .lines()
            .filter_map(|line| line.strip_suffix(": test"))
        {
            if OTHER_IMAGE.iter().any(|start| name.starts_with(start)) {
                continue;
            }
            let begun = Instant::now();
            // A scenario that does not end in time is one that takes too long.
            if scenarios.passes(&place, name, LONGEST)? {
                scenarios.names.push((name.to_owned(), begun.elapsed()));
            } else if begun.elapsed() < LONGEST {
                bail!("{name} fails without a mutant");
            }
        }
        scenarios.names.sort_by_key(|(_, takes)| *takes);
        println!("{} scenarios", scenarios.names.len());
        Ok(scenarios)
    }

    /// Where the image with this mutant switched on lies; its map is beside it.
    fn place(&self, number: usize) -> Result<PathBuf> {
        let beside = self.image.parent().context("no directory")?;
        let place = beside.join(format!("mutant-{number}"));
        fs::create_dir_all(&place)?;
        let mut bytes = fs::read(&self.image)?;
        let at = bytes.windows(MARK.len()).position(|part| part == MARK);
        let at = at.context("the image has no switch")? + MARK.len();
        let switch = bytes.get_mut(at..at + 4).context("the switch is cut off")?;
        switch.copy_from_slice(&u32::try_from(number)?.to_le_bytes());
        fs::write(place.join("arioso.sys"), bytes)?;
        fs::copy(beside.join("arioso.map"), place.join("arioso.map"))?;
        Ok(place)
    }

    fn passes(&self, place: &Path, name: &str, most: Duration) -> Result<bool> {
        let mut child = Command::new(&self.program)
            .current_dir(directory())
            .env("ARIOSO_SCENARIO", name)
            .env("ARIOSO_SYS", place.join("arioso.sys"))
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start a scenario")?;
        Ok(wait(&mut child, most)?.is_some_and(|status| status.success()))
    }

    pub fn try_one(&self, number: usize) -> Result<Fate> {
        let place = self.place(number)?;
        let mut order: Vec<usize> = (0..self.names.len()).collect();
        {
            let kills = self.kills.lock().unwrap_or_else(PoisonError::into_inner);
            order.sort_by_key(|at| std::cmp::Reverse(kills.get(at).copied().unwrap_or(0)));
        }
        let mut fate = Fate::Survived;
        for at in order {
            let (name, takes) = &self.names[at];
            if !self.passes(&place, name, *takes * 10 + Duration::from_secs(20))? {
                let mut kills = self.kills.lock().unwrap_or_else(PoisonError::into_inner);
                *kills.entry(at).or_default() += 1;
                fate = Fate::Killed(name.clone());
                break;
            }
        }
        fs::remove_dir_all(&place)?;
        Ok(fate)
    }
}

fn directory() -> PathBuf {
    crate::project::root().join("tests/conformance")
}

fn test_program() -> Result<PathBuf> {
    let mut cargo = process::cargo();
    cargo.args(["test", "--release", "--no-run", "--package", "conformance"]);
    let output = process::capture(cargo.args(["--test", "simkernel"]))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "the scenarios do not compile:\n{said}"
    );
    let line = said.lines().find(|line| line.contains("Executable"));
    let path = line.and_then(|line| line.rsplit_once('(')?.1.strip_suffix(')'));
    Ok(crate::project::root().join(path.context("cargo did not name the program")?))
}
