// SPDX-License-Identifier: MIT OR Apache-2.0
//! The tests against one mutant: those that meet it, the quick ones first, until one fails. All mutants are tried by the quick tests
//! before any is by the slow ones: whoever waits sees early where tests may be missing.

use anyhow::{Context, Result, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// What became of a mutant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// By the first test that failed, or by how the process ended.
    Killed(String),
    Survived,
    /// No test comes there.
    Unmet,
}

/// Which tests a mutant is tried by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    Quick,
    Slow,
    /// Behind the quick ones of an earlier run, in which other tests may have been quick.
    Rest,
}

impl Pass {
    /// Whether a test that takes this long belongs to it.
    pub fn has(self, takes: Duration) -> bool {
        const QUICK: Duration = Duration::from_secs(1);
        match self {
            Self::Quick => takes < QUICK,
            Self::Slow => takes >= QUICK,
            Self::Rest => takes >= QUICK / 4,
        }
    }
}

/// Whether one of these is in the name; without any, each name will do.
pub fn is_named(name: &str, parts: &[String]) -> bool {
    parts.is_empty() || parts.iter().any(|part| name.contains(part))
}

/// A test program with all mutants.
pub struct Program {
    path: PathBuf,
    directory: PathBuf,
    tests: Vec<Test>,
}

struct Test {
    name: String,
    takes: Duration,
    meets: BTreeSet<usize>,
}

/// Tests that run in one process, together.
const BATCH: Duration = Duration::from_secs(1);

impl Program {
    /// Runs each test with one of `by` in its name alone and without a mutant; all must pass.
    pub fn survey(path: PathBuf, directory: PathBuf, by: &[String]) -> Result<Self> {
        let mut program = Self {
            path,
            directory,
            tests: Vec::new(),
        };
        let listed = program.command(0).arg("--list").output()?;
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        for name in listed
            .lines()
            .filter_map(|line| line.strip_suffix(": test"))
            .filter(|name| is_named(name, by))
        {
            let test = program.meet(name)?;
            program.tests.push(test);
        }
        program.tests.sort_by_key(|test| test.takes);
        for (pass, name) in [(Pass::Quick, "quick"), (Pass::Slow, "slow")] {
            let tests = program.tests.iter().filter(|test| pass.has(test.takes));
            let (count, takes) = tests.fold((0, Duration::ZERO), |(count, takes), test| {
                (count + 1, takes + test.takes)
            });
            println!(
                "{count} tests are {name} and take {:.1} s",
                takes.as_secs_f64()
            );
        }
        Ok(program)
    }

    fn meet(&self, name: &str) -> Result<Test> {
        let met = self.directory.join("met.txt");
        let begun = Instant::now();
        let output = self
            .command(0)
            .args(["--exact", name])
            .env("ARIOSO_MUTANTS_MET", &met)
            .output()
            .context("cannot start the tests")?;
        let takes = begun.elapsed();
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stdout);
            bail!("{name} fails without a mutant:\n{said}");
        }
        let text = fs::read_to_string(&met).context("a test did not say what it met")?;
        Ok(Test {
            name: name.to_owned(),
            takes,
            meets: text.lines().filter_map(|line| line.parse().ok()).collect(),
        })
    }

    fn command(&self, mutant: usize) -> Command {
        let mut command = Command::new(&self.path);
        command
            .current_dir(&self.directory)
            .env("ARIOSO_MUTANT", mutant.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        command
    }

    pub fn try_one(&self, number: usize, pass: Pass) -> Result<Fate> {
        let mut fate = Fate::Unmet;
        let mut batch: Vec<&Test> = Vec::new();
        let mut all = self
            .tests
            .iter()
            .filter(|test| test.meets.contains(&number) && pass.has(test.takes))
            .peekable();
        while let Some(test) = all.next() {
            batch.push(test);
            let takes: Duration = batch.iter().map(|test| test.takes).sum();
            if takes < BATCH && all.peek().is_some() {
                continue;
            }
            fate = self.run(number, &batch, takes)?;
            if let Fate::Killed(_) = fate {
                break;
            }
            batch.clear();
        }
        Ok(fate)
    }

    fn run(&self, number: usize, tests: &[&Test], takes: Duration) -> Result<Fate> {
        let mut child = self
            .command(number)
            .args(["--exact", "--test-threads=1"])
            .args(tests.iter().map(|test| &test.name))
            .spawn()
            .context("cannot start the tests")?;
        let out = child.stdout.take().context("no output")?;
        let (send, lines) = mpsc::channel();
        let reader = thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        // Longer than any run that is not stuck.
        let end = Instant::now() + takes * 10 + Duration::from_secs(5);
        let killer = loop {
            match lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    if let Some(test) = failed(&line) {
                        break Some(test.to_owned());
                    }
                }
                Err(RecvTimeoutError::Timeout) => break Some("(stuck)".into()),
                Err(RecvTimeoutError::Disconnected) => break None,
            }
        };
        let fate = match killer {
            Some(killer) => {
                stop(&mut child);
                Fate::Killed(killer)
            }
            None if child.wait()?.success() => Fate::Survived,
            None => Fate::Killed("(crashed)".into()),
        };
        drop(lines);
        reader.join().ok().context("a reader is gone")?;
        Ok(fate)
    }
}

/// Tries mutants of these numbers, `jobs` at once; `told` hears of each that is through. What the quick tests came to, if none of them
/// noticed, is `left`: `before` has those of an earlier run, the function hears of the others.
pub fn try_all(
    numbers: &[usize],
    before: BTreeMap<usize, Fate>,
    jobs: usize,
    try_one: impl Fn(usize, Pass) -> Result<Fate> + Sync,
    told: impl Fn(usize, &Fate) -> Result<()> + Sync,
    left: impl Fn(usize, &Fate) -> Result<()> + Sync,
) -> Result<BTreeMap<usize, Fate>> {
    let is_new = |number: &usize| !before.contains_key(number);
    let new: Vec<usize> = numbers.iter().copied().filter(is_new).collect();
    let mut fates = each(&new, jobs, |number| {
        let fate = try_one(number, Pass::Quick)?;
        match fate {
            Fate::Killed(_) => told(number, &fate)?,
            _ => left(number, &fate)?,
        }
        Ok(fate)
    })?;
    let is_new: BTreeSet<usize> = new.into_iter().collect();
    fates.extend(before);
    let is_left = |number: &usize| !matches!(fates.get(number), Some(Fate::Killed(_)));
    let rest: Vec<usize> = numbers.iter().copied().filter(is_left).collect();
    let slow = each(&rest, jobs, |number| {
        let pass = if is_new.contains(&number) {
            Pass::Slow
        } else {
            Pass::Rest
        };
        let slow = try_one(number, pass)?;
        let fate = match (fates.get(&number), slow) {
            (Some(Fate::Survived), Fate::Unmet) => Fate::Survived,
            (_, slow) => slow,
        };
        told(number, &fate)?;
        Ok(fate)
    })?;
    fates.extend(slow);
    Ok(fates)
}

fn each(
    numbers: &[usize],
    jobs: usize,
    try_one: impl Fn(usize) -> Result<Fate> + Sync,
) -> Result<BTreeMap<usize, Fate>> {
    let next = AtomicUsize::new(0);
    let fates = Mutex::new(BTreeMap::new());
    let work = || -> Result<()> {
        while let Some(&number) = numbers.get(next.fetch_add(1, Ordering::Relaxed)) {
            let fate = try_one(number)?;
            let mut fates = fates.lock().unwrap_or_else(PoisonError::into_inner);
            fates.insert(number, fate);
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs.max(1)).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            worker.join().ok().context("a worker is gone")??;
        }
        anyhow::Ok(())
    })?;
    Ok(fates.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn stop(child: &mut Child) {
    // It may have ended by itself.
    let _ = child.kill();
    let _ = child.wait();
}

/// `test NAME ... FAILED`
fn failed(line: &str) -> Option<&str> {
    line.strip_prefix("test ")?.strip_suffix(" ... FAILED")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_tests_come_to_what_quick_ones_left() {
        let killed = || Fate::Killed("a test".into());
        let tried = Mutex::new(Vec::new());
        let try_one = |number, pass| {
            tried.lock().unwrap().push((number, pass));
            Ok(match (number, pass) {
                (1, Pass::Quick) | (3, Pass::Slow) | (7, Pass::Rest) => killed(),
                (2, Pass::Quick) | (4, Pass::Slow) => Fate::Survived,
                _ => Fate::Unmet,
            })
        };
        let told = Mutex::new(Vec::new());
        let tell = |number, fate: &Fate| {
            told.lock().unwrap().push((number, fate.clone()));
            Ok(())
        };
        let left = Mutex::new(Vec::new());
        let leave = |number, fate: &Fate| {
            left.lock().unwrap().push((number, fate.clone()));
            Ok(())
        };
        let before = BTreeMap::from([(6, Fate::Survived), (7, Fate::Unmet)]);
        let fates = try_all(&[5, 1, 2, 6, 3, 4, 7], before, 1, try_one, tell, leave).unwrap();
        let expected = [
            (1, killed()),
            (5, Fate::Unmet),
            (2, Fate::Survived),
            (6, Fate::Survived),
            (3, killed()),
            (4, Fate::Survived),
            (7, killed()),
        ];
        assert_eq!(told.into_inner().unwrap(), expected);
        assert_eq!(fates, BTreeMap::from(expected));
        let expected = [5, 2, 3, 4].map(|number| (number, Fate::Unmet));
        let mut expected = expected.to_vec();
        expected[1].1 = Fate::Survived;
        assert_eq!(left.into_inner().unwrap(), expected);
        let tried = tried.into_inner().unwrap();
        let (first, then) = tried.split_at(5);
        assert!(first.iter().all(|(_, pass)| *pass == Pass::Quick));
        let expected = [
            (5, Pass::Slow),
            (2, Pass::Slow),
            (6, Pass::Rest),
            (3, Pass::Slow),
            (4, Pass::Slow),
            (7, Pass::Rest),
        ];
        assert_eq!(then, expected);
    }

    #[test]
    fn a_name_has_one_of_the_parts() {
        assert!(is_named("a test", &[]));
        assert!(is_named("a test", &["no".into(), "es".into()]));
        assert!(!is_named("a test", &["no".into()]));
    }

    #[test]
    fn a_test_that_fails_is_named() {
        assert_eq!(failed("test a::b ... FAILED"), Some("a::b"));
        assert_eq!(failed("test a::b ... ok"), None);
        assert_eq!(failed("test result: FAILED. 1 passed; 1 failed"), None);
    }
}
