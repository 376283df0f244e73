// SPDX-License-Identifier: MIT OR Apache-2.0
//! Fuzzing with libFuzzer, one target after the other.
//!
//! The stable compiler does it: LLVM's passes and sanitizers are unlocked as the library's own build unlocks them.

mod parsers;

pub use self::parsers::table;

use crate::coverage;
use crate::driver::{self, Arch, Build};
use crate::scenarios::{self, Taken};
use crate::setup::{self, Need};
use crate::{process, project};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

struct Target {
    name: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Code of this process, with counters of its edges, under the address sanitizer.
    Parser,
    /// The driver's image, which brings its counters. It runs on stacks that the address sanitizer does not know.
    Driver,
}

const TARGETS: [Target; 8] = [
    Target::parser("dls_file"),
    Target::parser("dls_download"),
    Target::parser("midi_stream"),
    Target::parser("sf2"),
    Target::parser("life"),
    Target::driver("property"),
    Target::driver("sequence"),
    Target::driver("music"),
];

impl Target {
    const fn parser(name: &'static str) -> Self {
        let kind = Kind::Parser;
        Self { name, kind }
    }

    const fn driver(name: &'static str) -> Self {
        let kind = Kind::Driver;
        Self { name, kind }
    }
}

/// How long each target runs.
#[derive(Clone, Copy)]
pub enum Length {
    Seconds(u64),
    Runs(u64),
}

/// The simulated kernel runs on nothing else.
const HOST: &str = "x86_64-unknown-linux-gnu";
/// LLVM's passes, and the sanitizers.
const UNLOCK: (&str, &str) = ("RUSTC_BOOTSTRAP", "1");
const EDGES: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=3 \
                     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table";
const COMPARES: &str = "-Cllvm-args=-sanitizer-coverage-trace-compares";
const SANITIZER: &str = "-Zsanitizer=address";
/// It adds no edges, and its library symbolizes what libFuzzer prints.
const SYMBOLIZER: &str = "-Zsanitizer=leak";

/// Not only those from which the others follow.
const EVERY_BLOCK: &str = "-Cllvm-args=-sanitizer-coverage-prune-blocks=0";

/// Prints which edges of the parsers and of the driver's image the inputs in `fuzz/corpus` take: of all targets, or of one.
pub fn report(only: Option<&str>) -> Result<()> {
    setup::install(&[Need::Driver(Arch::X64), Need::Fuzzing])?;
    let (parsers, drivers): (Vec<_>, Vec<_>) = choose(only)?
        .into_iter()
        .partition(|target| target.kind == Kind::Parser);
    if !parsers.is_empty() {
        parsers::report(&parsers)?;
    }
    if !drivers.is_empty() {
        driver::build(&Build::coverage())?;
        let mut edges = Taken::new();
        drivers
            .iter()
            .try_for_each(|target| take(target, &mut edges))?;
        coverage::report(&edges)?;
    }
    Ok(())
}

/// Adds what the inputs of the driver's targets take of its image that counts, which is built.
pub fn taken(edges: &mut Taken) -> Result<()> {
    let drivers = TARGETS.iter().filter(|target| target.kind == Kind::Driver);
    drivers
        .into_iter()
        .try_for_each(|target| take(target, edges))
}

fn take(target: &Target, edges: &mut Taken) -> Result<()> {
    let place = Place::prepare(target)?;
    let arguments = [
        "edges".as_ref(),
        target.name.as_ref(),
        place.corpus.as_path(),
    ];
    let mut tool = tool_command(&arguments);
    scenarios::read(
        &process::output(tool.env("ARIOSO_SYS", coverage::image()))?,
        edges,
    )
}

/// Runs one target, or all. A crash is an error; the message says where its input is.
pub fn fuzz(length: Length, only: Option<&str>) -> Result<()> {
    let chosen = choose(only)?;
    setup::install(&[Need::Driver(Arch::X64), Need::Fuzzing])?;
    if chosen.iter().any(|target| target.kind == Kind::Driver) {
        driver::build(&Build::coverage())?;
    }
    chosen.iter().try_for_each(|target| run(target, length))
}

fn choose(only: Option<&str>) -> Result<Vec<&'static Target>> {
    let chosen: Vec<_> = TARGETS
        .iter()
        .filter(|target| only.is_none_or(|name| name == target.name))
        .collect();
    if chosen.is_empty() {
        bail!("the targets are {}", TARGETS.map(|t| t.name).join(", "));
    }
    Ok(chosen)
}

/// Builds a target's program and returns its path.
fn build(target: &Target, directory: &str, flags: &str, profile: &[&str]) -> Result<PathBuf> {
    let directory = project::root().join("target/fuzz").join(directory);
    let mut cargo = process::cargo();
    for setting in profile {
        cargo.args(["--config", &format!("profile.release.{setting}")]);
    }
    process::run(
        cargo
            .args(["build", "--quiet", "--release", "--target", HOST])
            .args(["--manifest-path", "fuzz/Cargo.toml"])
            .args(["--bin", target.name])
            .arg("--target-dir")
            .arg(&directory)
            .env(
                "RUSTFLAGS",
                format!("--cfg fuzzing -Ccodegen-units=1 {flags}"),
            )
            .env(UNLOCK.0, UNLOCK.1),
    )?;
    Ok(directory.join(HOST).join("release").join(target.name))
}

/// A parser's program without optimization, for its edges.
fn build_plain(target: &Target) -> Result<PathBuf> {
    let flags = [EDGES, EVERY_BLOCK, SYMBOLIZER].join(" ");
    let profile = [
        "opt-level=0",
        "overflow-checks=false",
        "debug-assertions=false",
        // Else every function has edges that only a panic takes.
        "panic=\"abort\"",
    ];
    build(target, "plain", &flags, &profile)
}

fn run(target: &Target, length: Length) -> Result<()> {
    let (program, hang) = match target.kind {
        Kind::Parser => {
            let flags = [EDGES, COMPARES, SANITIZER].join(" ");
            // A life has seconds of audio.
            let hang = if target.name == "life" { 60 } else { 1 };
            (build(target, "parsers", &flags, &[])?, hang)
        }
        Kind::Driver => (build(target, "driver", "", &[])?, 10),
    };
    let place = Place::prepare(target)?;
    let artifacts = project::root().join("fuzz/artifacts").join(target.name);
    fs::create_dir_all(&artifacts)?;
    let mut fuzzer = place.fuzzer(&program, target);
    fuzzer
        .arg(&place.corpus)
        .arg(format!("-dict={}", place.dictionary.display()))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .args([
            // Seconds of wall time.
            format!("-timeout={hang}"),
            "-max_len=4096".into(),
            "-rss_limit_mb=4096".into(),
            "-print_final_stats=1".into(),
        ])
        .arg(match length {
            Length::Seconds(seconds) => format!("-max_total_time={seconds}"),
            Length::Runs(runs) => format!("-runs={runs}"),
        });
    process::run(&mut fuzzer)
}

/// A target's inputs and its dictionary.
struct Place {
    corpus: PathBuf,
    dictionary: PathBuf,
}

impl Place {
    /// What earlier runs have found stays; the seeds and the committed corpus are added.
    fn prepare(target: &Target) -> Result<Self> {
        let directory = project::root().join("fuzz/corpus");
        let place = Self {
            corpus: directory.join(target.name),
            dictionary: directory.join(format!("{}.dict", target.name)),
        };
        tool(&["unpack".as_ref(), target.name.as_ref(), &place.corpus])?;
        tool(&[
            "dictionary".as_ref(),
            target.name.as_ref(),
            &place.dictionary,
        ])?;
        Ok(place)
    }

    fn fuzzer(&self, program: &Path, target: &Target) -> Command {
        let mut fuzzer = Command::new(program);
        if target.kind == Kind::Driver {
            fuzzer.env("ARIOSO_SYS", coverage::image()).args([
                // Faults belong to the simulated kernel.
                "-handle_segv=0",
                "-handle_bus=0",
                "-handle_ill=0",
                "-handle_fpe=0",
                "-detect_leaks=0",
            ]);
        }
        fuzzer
    }
}

fn tool(arguments: &[&Path]) -> Result<()> {
    process::run(&mut tool_command(arguments))
}

/// tests/fuzz-targets/src/bin/fuzz-corpus.rs
fn tool_command(arguments: &[&Path]) -> Command {
    let mut cargo = process::cargo();
    cargo
        .args(["run", "--release", "--quiet", "--package", "fuzz-targets"])
        .args(["--bin", "fuzz-corpus", "--"])
        .args(arguments);
    cargo
}

/// Replaces the committed corpora by the fewest inputs that take, with the seeds, the edges of all that is in `fuzz/corpus`. They
/// are replaced at the end, together: an error before leaves them as they are.
pub fn minimize(only: Option<&str>) -> Result<()> {
    let chosen = choose(only)?;
    setup::install(&[Need::Driver(Arch::X64), Need::Fuzzing])?;
    if chosen.iter().any(|target| target.kind == Kind::Driver) {
        driver::build(&Build::coverage())?;
    }
    let directory = project::root().join("fuzz/corpus");
    for target in &chosen {
        let program = match target.kind {
            Kind::Parser => build_plain(target)?,
            Kind::Driver => build(target, "driver", "", &[])?,
        };
        let place = Place::prepare(target)?;
        let small = directory.join(format!("{}.small", target.name));
        if small.exists() {
            fs::remove_dir_all(&small)
                .with_context(|| format!("cannot remove {}", small.display()))?;
        }
        tool(&["seeds".as_ref(), target.name.as_ref(), &small])?;
        let mut merge = place.fuzzer(&program, target);
        // Edges only, not how often each was taken: a corpus for the tests has to be small.
        merge
            .args([
                "-set_cover_merge=1",
                "-use_counters=0",
                "-rss_limit_mb=8192",
            ])
            .args([&small, &place.corpus]);
        merged(target, &process::capture(&mut merge)?)?;
    }
    let names: Vec<&str> = chosen.iter().map(|target| target.name).collect();
    tool(&["pack".as_ref(), names.join(",").as_ref(), &directory])
}

/// libFuzzer survives inputs that crash, and says so; a corpus for the tests must not have any.
fn merged(target: &Target, output: &Output) -> Result<()> {
    let text = String::from_utf8_lossy(&output.stderr);
    let last = |start: &str| text.lines().rfind(|line| line.starts_with(start));
    let place = || format!("{}: fuzz/corpus/{}", target.name, target.name);
    if !output.status.success() {
        let end: Vec<&str> = text.lines().rev().take(5).collect();
        bail!(
            "{}: the merge failed ({}):\n{}",
            place(),
            output.status,
            end.join("\n")
        );
    }
    if let Some(line) = last("MERGE-INNER: '") {
        bail!("{}: an input failed; run the target first. {line}", place());
    }
    match last("MERGE-OUTER: ") {
        Some(line) => println!("{}: {line}", target.name),
        None => bail!("{}: nothing was merged", place()),
    }
    Ok(())
}
