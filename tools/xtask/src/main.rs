// SPDX-License-Identifier: MIT OR Apache-2.0
//! Arioso's developer commands: `cargo xtask <command>`.
//!
//! | module | holds |
//! |---|---|
//! | [`setup`] | what the machine needs, and how it gets there |
//! | [`driver`] | the driver's build on Linux: WDK-shaped tree, workspace, compiler, products |
//! | [`lint`] | rustfmt, clippy, and the rules of ring 0 that can be read off the source |
//! | [`package`] | the driver packages: drivers, bank, and what `tools/package` makes of them |
//! | [`fuzz`] | libFuzzer; which edges its inputs take |
//! | [`scenarios`] | the scenarios of the simulated kernel, on other images |
//! | [`schedules`] | all that the driver does at once, in thousands of orders |
//! | [`coverage`] | which edges of the image they take |
//! | [`mutants`] | wrong lines, and the tests that notice them |
//! | [`windows`] | `arioso` for Windows |
//! | [`check`] | the demo and the whole test run |
#![allow(rustdoc::invalid_html_tags)] // Help is plain text.

mod check;
mod coverage;
mod driver;
mod fuzz;
mod lint;
mod mutants;
mod package;
mod process;
mod project;
mod scenarios;
mod schedules;
mod setup;
mod windows;

use anyhow::Result;
use clap::{Parser, Subcommand};
use driver::{Arch, Build, Check, Plant, Profile};
use fuzz::Length;
use package::Arches;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Arioso's developer commands")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what all commands need (Debian as root), or say what is missing
    Setup,
    /// Build the driver: target/driver/<arch>/<profile>/arioso.{sys,map,pdb}
    Build {
        #[arg(long, value_enum, default_value = "x64")]
        arch: Arch,
        #[arg(long, value_enum, default_value = "release")]
        profile: Profile,
        /// Prove something about the driver that was built
        #[arg(long, value_enum)]
        check: Option<Check>,
        /// Give the driver a bug, for tests; the product goes to …/<profile>-<bug>/
        #[arg(long, value_enum, conflicts_with = "check")]
        plant: Option<Plant>,
        /// Let the driver count the edges it takes, for fuzzing; the product goes to …/<profile>-coverage/
        #[arg(long, conflicts_with_all = ["check", "plant"])]
        coverage: bool,
    },
    /// Build the driver packages: target/package/<arch>/, an archive of each, SHA256SUMS
    Package {
        #[arg(long, value_enum, default_value = "all")]
        arch: Arches,
        /// Who signs (PEM, self-signed); without it a test certificate made on first use, in target/certificate
        #[arg(long, value_name = "FILE", requires = "key")]
        certificate: Option<PathBuf>,
        /// The certificate's key (PEM, no password)
        #[arg(long, value_name = "FILE", requires = "certificate")]
        key: Option<PathBuf>,
        /// The bank in the package, DLS or SoundFont, instead of the built-in one
        #[arg(long, value_name = "FILE")]
        bank: Option<PathBuf>,
    },
    /// Play a built-in song through the driver into a WAV file
    Demo,
    /// Play the driver from a MIDI keyboard, in real time: `arioso live`, with its arguments
    Live {
        /// What arioso live is told (--help shows it)
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Compare speeds with other synthesizers: target/bench/report.{json,png}
    Bench {
        /// Songs alone, without the other scenes
        #[arg(long, conflicts_with_all = ["instructions", "worst_block"])]
        songs: bool,
        /// Two songs alone, without the driver's image: half a minute once it is built
        #[arg(long, conflicts_with_all = ["instructions", "worst_block"])]
        quick: bool,
        /// With --quick: also where their time goes, which builds the engine once more
        #[arg(long, requires = "quick")]
        parts: bool,
        /// Count instructions instead, and show what `cargo xtask test` lets them be
        #[arg(long, conflicts_with = "worst_block")]
        instructions: bool,
        /// Look for the dearest of many blocks instead; takes minutes
        #[arg(long, value_name = "BLOCKS", num_args = 0..=1, default_missing_value = "100000")]
        worst_block: Option<u32>,
    },
    /// Build arioso for Windows: target/windows/x64/arioso.exe
    Windows,
    /// Build everything and run every test
    Test,
    /// Compare the engine with FluidSynth: all songs with real banks
    Compare {
        /// Only songs with one of these in their names, separated by commas
        #[arg(long, value_name = "PART")]
        songs: Option<String>,
        /// Only banks with this in their paths
        #[arg(long, value_name = "PART")]
        bank: Option<String>,
    },
    /// Check format, clippy and the source rules of ring 0
    Lint,
    /// Feed mutated input to the parsers and the driver, with libFuzzer
    Fuzz {
        /// How long each target runs
        #[arg(long, default_value_t = 60)]
        seconds: u64,
        /// How many inputs each target gets, whatever time it takes
        #[arg(long, conflicts_with = "seconds")]
        runs: Option<u64>,
        /// Do not fuzz: say which edges of the parsers and the driver the known inputs take
        #[arg(long, conflicts_with_all = ["seconds", "runs", "minimize"])]
        coverage: bool,
        /// Do not fuzz: make the committed corpora of what was found
        #[arg(long, conflicts_with_all = ["seconds", "runs"])]
        minimize: bool,
        /// One target; else all
        target: Option<String>,
    },
    /// Run all scenarios of the simulated kernel on a driver that counts, and say which of its edges are not taken
    Coverage {
        /// Report the last run again: reasons have changed
        #[arg(long)]
        last: bool,
    },
    /// Let all that the driver does at once come in thousands of orders; one that fails is made shorter
    Schedules {
        /// The first seed
        #[arg(long, default_value_t = 1)]
        from: u64,
        /// How many
        #[arg(long, default_value_t = 10_000)]
        count: u64,
        /// How many run at once
        #[arg(long, default_value_t = 1)]
        jobs: usize,
        /// Look for races that are planted into copies of the driver
        #[arg(long)]
        races: bool,
        /// Run one schedule again: its seed, or what was printed of it
        #[arg(long, value_name = "SCHEDULE", conflicts_with_all = ["races", "from", "count"])]
        repeat: Option<String>,
    },
    /// Put wrong lines into a copy of the sources, one at a time, and say which of them no test notices
    Mutants {
        #[arg(long, value_enum, default_value = "core")]
        area: mutants::Area,
        /// What is sampled; else by the clock, and printed
        #[arg(long)]
        seed: Option<u64>,
        /// How many
        #[arg(long, default_value_t = 100)]
        count: usize,
        /// Only files with this in their paths
        #[arg(long, value_name = "PART")]
        file: Option<String>,
        /// Of the sample, the mutants from the first file with this in its path on
        #[arg(long, value_name = "PART")]
        from: Option<String>,
        /// How many are tried at once
        #[arg(long, default_value_t = 1)]
        jobs: usize,
        /// Go on from where the same run (area, seed, count, file) was stopped; what is in files that changed since is tried anew
        #[arg(long, requires = "seed")]
        resume: bool,
        /// With --resume: try again what no test noticed
        #[arg(long, requires = "resume")]
        again: bool,
        /// With --again: only by tests with this, or one of these, in their names
        #[arg(long, value_name = "PART", requires = "again")]
        by: Vec<String>,
        /// Try those too that tools/xtask/equivalent-mutants.txt says cannot be noticed
        #[arg(long)]
        equivalent: bool,
    },
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Setup => setup::install(setup::EVERYTHING),
        Command::Build {
            arch,
            profile,
            check,
            plant,
            coverage,
        } => {
            setup::install(&[setup::Need::Driver(arch)])?;
            driver::build(&Build {
                arch,
                profile,
                check,
                plant,
                coverage,
            })
        }
        Command::Package {
            arch,
            certificate,
            key,
            bank,
        } => package::package(arch, certificate.zip(key), bank.as_deref()),
        Command::Demo => check::demo(),
        Command::Live { arguments } => check::live(&arguments),
        Command::Bench {
            instructions: true, ..
        } => check::count(&["show"]),
        Command::Bench {
            worst_block: Some(blocks),
            ..
        } => check::count(&["worst", &blocks.to_string()]),
        Command::Bench {
            songs,
            quick,
            parts,
            ..
        } => check::bench(songs, quick, parts),
        Command::Windows => windows::build().map(|path| println!("{}", path.display())),
        Command::Test => check::test(),
        Command::Compare { songs, bank } => check::compare(songs.as_deref(), bank.as_deref()),
        Command::Lint => lint::lint(),
        Command::Schedules {
            from,
            count,
            jobs,
            races,
            repeat,
        } => schedules::schedules(&schedules::Choice {
            from,
            count,
            jobs,
            races,
            repeat,
        }),
        Command::Coverage { last: false } => coverage::coverage(),
        Command::Coverage { last: true } => coverage::report_last(),
        Command::Mutants {
            area,
            seed,
            count,
            file,
            from,
            jobs,
            resume,
            again,
            by,
            equivalent,
        } => mutants::mutants(&mutants::Choice {
            area,
            seed,
            count,
            file,
            from,
            jobs,
            resume,
            again,
            by,
            equivalent,
        }),
        Command::Fuzz {
            coverage: true,
            target,
            ..
        } => fuzz::report(target.as_deref()),
        Command::Fuzz {
            minimize: true,
            target,
            ..
        } => fuzz::minimize(target.as_deref()),
        Command::Fuzz {
            seconds,
            runs,
            target,
            ..
        } => fuzz::fuzz(
            runs.map_or(Length::Seconds(seconds), Length::Runs),
            target.as_deref(),
        ),
    }
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
