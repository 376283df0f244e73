// SPDX-License-Identifier: MIT OR Apache-2.0
//! Mutants: lines that a maintainer could have got wrong, and the tests that notice.
//!
//! One build holds all mutants of a run: each stands beside the source that it replaces, behind a switch that the program reads at its
//! start. The build is one of a copy of the sources; what ships has no switch.
//!
//! | module | holds |
//! |---|---|
//! | `sites` | where a source can be mutated, and how |
//! | `copy` | the copy of the crate that has them all, and its build |
//! | `record` | what became of each, in a file: a run that was stopped goes on |
//! | `run` | the core's tests against one mutant |
//! | `scenarios` | the scenarios of the simulated kernel against one mutant of the driver |

mod copy;
mod record;
mod run;
mod scenarios;
mod sites;

use self::copy::{Built, Copy};
use self::record::{Earlier, Known, Record};
use self::run::{Fate, Program, try_all};
use self::scenarios::Scenarios;
use self::sites::Site;
use crate::project;
use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// What is mutated.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Area {
    /// The portable half, by its own unit tests
    Core,
    /// The driver, by the scenarios of the simulated kernel
    Driver,
}

impl Area {
    /// Of the directory for the copy.
    fn name(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Driver => "driver",
        }
    }

    /// What precedes a path of its crate.
    fn prefix(self) -> &'static str {
        match self {
            Self::Core => "core/",
            Self::Driver => "",
        }
    }
}

/// What a run looks at.
pub struct Choice {
    pub area: Area,
    /// Without one: from the clock. It is printed.
    pub seed: Option<u64>,
    pub count: usize,
    /// Part of the path of the files that are looked at.
    pub file: Option<String>,
    /// Part of the path of the first file whose mutants are tried.
    pub from: Option<String>,
    /// Mutants that are tried at once.
    pub jobs: usize,
    /// What the same run, earlier, came to is not tried anew.
    pub resume: bool,
    /// What no test noticed is, though.
    pub again: bool,
    /// Parts of the names of the tests that try again; what none of them notices is as before.
    pub by: Vec<String>,
    /// Those are tried too that are known to be equivalent.
    pub equivalent: bool,
}

/// A mutant of this run; its number in the program is its place in the list, from 1.
struct Mutant {
    area: Area,
    /// Under the area's directory.
    file: PathBuf,
    site: Site,
}

/// Samples mutants, tries each, prints the survivors and a table by file.
pub fn mutants(choice: &Choice) -> Result<()> {
    let area = choice.area;
    let seed = choice.seed.map_or_else(clock, Ok)?;
    let sources = sources(area, choice.file.as_deref())?;
    let all: usize = sources.iter().map(|source| source.sites.len()).sum();
    ensure!(all > 0, "no source with this in its path can be mutated");
    let mut mutants = sample(area, &sources, choice.count, seed);
    println!("{} of {all} mutants, --seed {seed}", mutants.len());
    if let Some(from) = &choice.from {
        let first = mutants
            .iter()
            .position(|mutant| mutant.file.to_string_lossy().contains(from));
        mutants.drain(..first.context("no mutant's file has --from in its path")?);
        println!("{} of them are tried", mutants.len());
    }
    let equivalent = Equivalent::read()?;
    let by = &choice.by[..];
    let earlier = match (choice.resume, choice.again) {
        (false, _) => Earlier::Nothing,
        (true, true) if by.is_empty() => Earlier::Noticed,
        (true, _) => Earlier::All,
    };
    let only = choice.file.as_deref().unwrap_or("all").replace('/', "-");
    let name = format!("{}-{seed}-{}-{only}.txt", area.name(), choice.count);
    let record = Record::open(&name, earlier, &sources)?;
    mutants.retain(|mutant| record.known(mutant) != Some(Known::Broken));
    let is_through = |mutant: &Mutant| match record.known(mutant) {
        Some(Known::Fate(Fate::Killed(_)) | Known::Broken) => true,
        _ if !choice.equivalent && equivalent.reason(mutant).is_some() => true,
        Some(Known::Fate(_)) => by.is_empty(),
        _ => false,
    };
    if !mutants.iter().all(is_through) {
        let (program, directory) = build(area, &sources, &mut mutants, &record)?;
        let numbers: Vec<usize> = (1..=mutants.len())
            .filter(|number| !is_through(&mutants[number - 1]))
            .collect();
        println!(
            "{} are known, {} are tried",
            mutants.len() - numbers.len(),
            numbers.len()
        );
        let before = numbers.iter().filter(|_| by.is_empty());
        let before = before
            .filter_map(|&number| match record.known(&mutants[number - 1])? {
                Known::Left(fate) => Some((number, fate)),
                _ => None,
            })
            .collect();
        let told = |number: usize, fate: &Fate| {
            let mutant = &mutants[number - 1];
            match fate {
                Fate::Killed(test) if !by.is_empty() => println!("noticed by {test}: {mutant}"),
                Fate::Killed(_) => {}
                _ if !by.is_empty() => return Ok(()),
                _ => println!("not noticed: {mutant}"),
            }
            record.add(mutant, Known::Fate(fate.clone()))
        };
        let left = |number: usize, fate: &Fate| {
            let mutant = &mutants[number - 1];
            if !by.is_empty() {
                return Ok(());
            }
            println!("not noticed by quick ones: {mutant}");
            record.add(mutant, Known::Left(fate.clone()))
        };
        match area {
            Area::Core => {
                let program = Program::survey(program, directory, by)?;
                let try_one = |number, pass| program.try_one(number, pass);
                try_all(&numbers, before, choice.jobs, try_one, told, left)?
            }
            Area::Driver => {
                let scenarios = Scenarios::survey(program, by)?;
                let try_one = |number, pass| scenarios.try_one(number, pass);
                try_all(&numbers, before, choice.jobs, try_one, told, left)?
            }
        };
    }
    let known = known(&record, &mutants);
    report(&mutants, &known, &equivalent);
    Ok(())
}

/// What these mutants came to, by number.
fn known(record: &Record, mutants: &[Mutant]) -> BTreeMap<usize, Fate> {
    let known = mutants.iter().enumerate();
    known
        .filter_map(|(at, mutant)| match record.known(mutant)? {
            Known::Fate(fate) | Known::Left(fate) => Some((at + 1, fate)),
            Known::Broken => None,
        })
        .collect()
}

/// A wrong place of the driver that a test must notice.
pub struct Planted {
    pub name: &'static str,
    /// Below the repository.
    pub file: &'static str,
    /// The statements that are there, once in the file.
    pub old: &'static str,
    /// Those that stand there instead.
    pub new: &'static str,
}

/// An image of the driver with each of these.
pub fn planted(places: &[Planted]) -> Result<Vec<PathBuf>> {
    let mut sources = sources(Area::Driver, None)?;
    let mut mutants = Vec::new();
    for place in places {
        let source = sources
            .iter_mut()
            .find(|source| source.path == Path::new(place.file));
        let source = source.with_context(|| format!("no {}", place.file))?;
        mutants.push(Mutant {
            area: Area::Driver,
            file: source.path.clone(),
            site: Site::statements(&source.text, place.old, place.new)
                .with_context(|| format!("{} has not once what is to be replaced", place.file))?,
        });
    }
    mutants.sort_by_key(|mutant| (mutant.file.clone(), mutant.site.range.start));
    let copy = Copy::write(Area::Driver, "planted", &sources, &mutants)?;
    match copy.build()? {
        Built::Program(image) => places
            .iter()
            .map(|place| {
                let is_it = |mutant: &Mutant| {
                    mutant.file == Path::new(place.file) && mutant.site.replaces(place.old)
                };
                let at = mutants.iter().position(is_it).context("a place is gone")?;
                copy::with_mutant(&image, at + 1)
            })
            .collect(),
        Built::Broken(numbers) => bail!("places {numbers:?} do not compile"),
    }
}

fn clock() -> Result<u64> {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .context("the clock stands before 1970")?;
    Ok(since.as_secs() % 1_000_000)
}

/// A file that can be mutated.
struct Source {
    /// Under the area's directory.
    path: PathBuf,
    text: String,
    sites: Vec<Site>,
}

/// Tests, what only tests call, and what is not compiled for this machine.
fn is_left_out(path: &Path) -> bool {
    const FILES: [&str; 5] = ["check.rs", "write.rs", "neon.rs", "lib.rs", "plant.rs"];
    let is_test = |part: &str| part == "tests" || part.ends_with("tests.rs");
    path.iter()
        .filter_map(|part| part.to_str())
        .any(|part| is_test(part) || FILES.contains(&part))
}

fn sources(area: Area, only: Option<&str>) -> Result<Vec<Source>> {
    let directory = project::root().join(area.prefix());
    let mut found = Vec::new();
    let mut waiting = vec![directory.join("src")];
    while let Some(at) = waiting.pop() {
        for entry in fs::read_dir(&at).with_context(|| at.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    let mut sources = Vec::new();
    for path in found {
        let short = path.strip_prefix(&directory)?.to_owned();
        let wanted = only.is_none_or(|part| short.to_string_lossy().contains(part));
        if is_left_out(&short) || !wanted {
            continue;
        }
        let text = fs::read_to_string(&path)?;
        let sites =
            sites::find(&text, area == Area::Driver).with_context(|| path.display().to_string())?;
        sources.push(Source {
            path: short,
            text,
            sites,
        });
    }
    Ok(sources)
}

/// `count` mutants that do not overlap, in the order of the files.
fn sample(area: Area, sources: &[Source], count: usize, seed: u64) -> Vec<Mutant> {
    let mut places: Vec<(usize, usize)> = sources
        .iter()
        .enumerate()
        .flat_map(|(file, source)| (0..source.sites.len()).map(move |site| (file, site)))
        .collect();
    let mut random = Random(seed);
    for at in (1..places.len()).rev() {
        places.swap(at, random.below(at as u64 + 1) as usize);
    }
    let mut chosen: Vec<(usize, usize)> = Vec::new();
    for (file, site) in places {
        let range = &sources[file].sites[site].range;
        let overlaps = chosen.iter().any(|&(other, place)| {
            let taken = &sources[other].sites[place].range;
            other == file && taken.start <= range.end && range.start <= taken.end
        });
        if !overlaps {
            chosen.push((file, site));
        }
        if chosen.len() == count {
            break;
        }
    }
    chosen.sort_by_key(|&(file, site)| (file, sources[file].sites[site].range.start));
    chosen
        .into_iter()
        .map(|(file, site)| Mutant {
            area,
            file: sources[file].path.clone(),
            site: sources[file].sites[site].clone(),
        })
        .collect()
}

/// Builds a program with all mutants; those that do not compile are left out. Its path, and where it runs.
fn build(
    area: Area,
    sources: &[Source],
    mutants: &mut Vec<Mutant>,
    record: &Record,
) -> Result<(PathBuf, PathBuf)> {
    const TRIES: usize = 12;
    for _ in 0..TRIES {
        let copy = Copy::write(area, area.name(), sources, mutants)?;
        match copy.build()? {
            Built::Program(program) => return Ok((program, copy.directory())),
            Built::Broken(numbers) => {
                println!("{} do not compile and are left out", numbers.len());
                for &number in &numbers {
                    record.add(&mutants[number - 1], Known::Broken)?;
                }
                let mut number = 0;
                mutants.retain(|_| {
                    number += 1;
                    !numbers.contains(&number)
                });
            }
        }
    }
    bail!("the mutants do not compile")
}

/// Mutants that no test can notice: what [`Mutant::key`] gives, ` | `, the reason; a line each.
struct Equivalent(Vec<(String, String)>);

impl Equivalent {
    fn read() -> Result<Self> {
        const NAME: &str = "equivalent-mutants.txt";
        let text = project::table(NAME)?;
        let pairs = project::rows_of(&text).map(|line| {
            line.rsplit_once(" | ")
                .map(|(mutant, reason)| (mutant.to_owned(), reason.to_owned()))
                .with_context(|| format!("{NAME}: {line}"))
        });
        Ok(Self(pairs.collect::<Result<_>>()?))
    }

    fn reason(&self, mutant: &Mutant) -> Option<&str> {
        let key = mutant.key();
        let found = self.0.iter().find(|(known, _)| *known == key)?;
        Some(&found.1)
    }
}

impl Mutant {
    /// What stays the same when lines move.
    fn key(&self) -> String {
        format!(
            "{}{}: {}",
            self.area.prefix(),
            self.file.display(),
            self.site.told()
        )
    }
}

impl std::fmt::Display for Mutant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (area, file, site) = (self.area.prefix(), self.file.display(), &self.site);
        write!(f, "{area}{file}:{}: {}", site.line, site.told())
    }
}

/// Of a file, or of all.
#[derive(Clone, Copy, Default)]
struct Score {
    killed: usize,
    survived: usize,
    unmet: usize,
    equivalent: usize,
}

impl Score {
    fn all(&self) -> usize {
        self.killed + self.survived + self.unmet
    }

    fn add(&mut self, other: Self) {
        self.killed += other.killed;
        self.survived += other.survived;
        self.unmet += other.unmet;
        self.equivalent += other.equivalent;
    }

    fn row(&self, name: &str) {
        let part = 100.0 * self.killed as f64 / self.all().max(1) as f64;
        println!(
            "{name:44} {:7} {:7} {:8} {:11} {:10} {part:6.1} %",
            self.all(),
            self.killed,
            self.survived,
            self.unmet,
            self.equivalent
        );
    }
}

fn report(mutants: &[Mutant], fates: &BTreeMap<usize, Fate>, equivalent: &Equivalent) {
    let mut files: BTreeMap<&Path, Score> = BTreeMap::new();
    let mut killers: BTreeMap<&str, usize> = BTreeMap::new();
    let mut survivors = Vec::new();
    let mut sums = [Score::default(); 2];
    for (at, mutant) in mutants.iter().enumerate() {
        let mut score = Score::default();
        let fate = fates.get(&(at + 1));
        if let Some(Fate::Killed(by)) = fate {
            score.killed += 1;
            *killers.entry(by).or_default() += 1;
        } else if let Some(reason) = equivalent.reason(mutant) {
            score.equivalent += 1;
            survivors.push(format!("equivalent: {mutant}: {reason}"));
        } else if let Some(Fate::Survived) = fate {
            score.survived += 1;
            survivors.push(format!("survived: {mutant}"));
        } else {
            score.unmet += 1;
            survivors.push(format!("met by no test: {mutant}"));
        }
        files.entry(&mutant.file).or_default().add(score);
        sums[usize::from(mutant.site.is_number())].add(score);
    }
    println!("\nby test that noticed first:");
    for (test, count) in &killers {
        println!("{count:5}  {test}");
    }
    println!();
    survivors.iter().for_each(|line| println!("{line}"));
    println!(
        "\n{:44} {:>7} {:>7} {:>8} {:>11} {:>10}",
        "file", "mutants", "killed", "survived", "met by none", "equivalent"
    );
    for (file, score) in &files {
        score.row(&file.display().to_string());
    }
    let [lines, numbers] = sums;
    lines.row("operators, calls, statements, returns");
    numbers.row("numbers: one more");
    let mut all = lines;
    all.add(numbers);
    all.row("all");
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % n
    }
}
