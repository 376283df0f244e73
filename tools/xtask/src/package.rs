// SPDX-License-Identifier: MIT OR Apache-2.0
//! The driver packages. What a package is made of is built here; `tools/package` makes and checks it.

use crate::driver::{self, Arch, Build};
use crate::setup::{self, Need};
use crate::{process, project, windows};
use anyhow::{Context, Result};
use clap::ValueEnum;
use std::env;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant, UNIX_EPOCH};

/// For which processors.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Arches {
    X64,
    Arm64,
    All,
}

impl Arches {
    fn list(self) -> &'static [Arch] {
        match self {
            Self::X64 => &[Arch::X64],
            Self::Arm64 => &[Arch::Arm64],
            Self::All => &Arch::ALL,
        }
    }

    /// What the machine must have for it.
    fn needs(self) -> Vec<Need> {
        let mut needs: Vec<Need> = self.list().iter().copied().map(Need::Driver).collect();
        needs.push(Need::Signing);
        if self != Self::Arm64 {
            needs.push(Need::WindowsProgram);
        }
        needs
    }
}

/// Builds everything that packages are made of, and the packages.
pub fn package(
    arches: Arches,
    signer: Option<(PathBuf, PathBuf)>,
    other_bank: Option<&Path>,
) -> Result<()> {
    // Cargo runs in the repository, the caller may be elsewhere.
    let other_bank = other_bank.map(readable).transpose()?;
    let begin = Instant::now();
    let (_, mut steps) = timed("set-up", || setup::install(&arches.needs()))?;
    steps.extend(assemble(
        arches,
        arches.list(),
        signer,
        other_bank.as_deref(),
    )?);
    let steps: Vec<String> = steps
        .iter()
        .map(|(step, time)| format!("{step} {:.0} s", time.as_secs_f64()))
        .collect();
    println!(
        "{} in {:.0} s: {}",
        project::package_dir().display(),
        begin.elapsed().as_secs_f64(),
        steps.join(", ")
    );
    Ok(())
}

/// Makes the packages of drivers that are built.
pub fn assemble_all() -> Result<()> {
    assemble(Arches::All, &[], None, None).map(drop)
}

/// Steps, some side by side, and how long each took.
type Steps = Vec<(String, Duration)>;

fn timed<T>(step: &str, work: impl FnOnce() -> Result<T>) -> Result<(T, Steps)> {
    let begin = Instant::now();
    let done = work()?;
    Ok((done, vec![(step.to_owned(), begin.elapsed())]))
}

/// Makes packages; `drivers` are built before, beside the bank and the program, which share nothing with them.
fn assemble(
    arches: Arches,
    drivers: &[Arch],
    signer: Option<(PathBuf, PathBuf)>,
    other_bank: Option<&Path>,
) -> Result<Steps> {
    let mut steps = Steps::new();
    let (bank, program) = thread::scope(|scope| {
        let program = scope.spawn(|| timed("arioso.exe", || windows_program(arches)));
        let bank = scope.spawn(|| timed("bank", || bank(other_bank)));
        for &arch in drivers {
            let step = format!("driver for {}", arch.name());
            steps.extend(timed(&step, || driver::build(&Build::release(arch)))?.1);
        }
        let (bank, took) = joined(bank)?;
        steps.extend(took);
        let (program, took) = joined(program)?;
        steps.extend(took);
        anyhow::Ok((bank, program))
    })?;
    let made = timed("packages and checks", || {
        make(arches, &bank, program.as_deref(), signer)
    })?;
    steps.extend(made.1);
    Ok(steps)
}

fn joined<T>(thread: ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    thread
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Runs `tools/package`. Programs are not named by their package here and below: features are then those of the whole workspace, and
/// `cargo test` need not build them again.
fn make(
    arches: Arches,
    bank: &Path,
    program: Option<&Path>,
    signer: Option<(PathBuf, PathBuf)>,
) -> Result<()> {
    let mut make = process::cargo();
    make.args(["run", "--release", "--quiet"]);
    make.args(["--bin", "arioso-package", "--", "make"]);
    for arch in arches.list() {
        make.args(["--arch", arch.name()]);
    }
    make.arg("--root").arg(project::root());
    make.arg("--bank").arg(bank);
    make.args(["--time", &time()?.as_secs().to_string()]);
    if let Some(program) = program {
        make.arg("--program").arg(program);
    }
    if let Some((certificate, key)) = signer {
        make.arg("--certificate").arg(readable(&certificate)?);
        make.arg("--key").arg(readable(&key)?);
    }
    process::run(&mut make)
}

/// The absolute path of a file: cargo runs in the repository, the caller may be elsewhere.
fn readable(path: &Path) -> Result<PathBuf> {
    let absolute = path.canonicalize();
    absolute.with_context(|| format!("cannot read {}", path.display()))
}

/// The bank, written for the packages: the built-in one or another.
fn bank(other: Option<&Path>) -> Result<PathBuf> {
    let directory = project::kernel_dir();
    fs::create_dir_all(&directory)?;
    let file = directory.join("arioso.dls");
    let Some(other) = other else {
        process::run(
            process::cargo()
                .args(["run", "--release", "--quiet"])
                .args(["--example", "general-midi", "--"])
                .arg(&file),
        )?;
        return Ok(file);
    };
    let mut arioso = process::cargo();
    arioso
        .args(["run", "--release", "--quiet"])
        .args(["--bin", "arioso", "--", "bank"]);
    if is_dls(other)? {
        // What the driver would refuse shall not be packed.
        process::run(arioso.arg("info").arg(other))?;
        fs::copy(other, &file).with_context(|| format!("cannot copy {}", other.display()))?;
    } else {
        process::run(arioso.arg("convert").arg(other).arg("--output").arg(&file))?;
    }
    Ok(file)
}

/// Whether a file begins as a DLS file does. Anything else is for the converter to accept or refuse.
fn is_dls(path: &Path) -> Result<bool> {
    let mut head = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(12).read_to_end(&mut head))
        .with_context(|| format!("cannot read {}", path.display()))?;
    Ok(matches!(
        head.as_slice(),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'D', b'L', b'S', b' ']
    ))
}

/// The command line for Windows, for a package that has one: there is none for ARM64.
fn windows_program(arches: Arches) -> Result<Option<PathBuf>> {
    match arches {
        Arches::Arm64 => Ok(None),
        Arches::X64 | Arches::All => windows::build().map(Some),
    }
}

/// When the sources were made, since 1970: what a reproducible build is told, the commit's time, or the INF template's where no
/// repository is.
fn time() -> Result<Duration> {
    if let Ok(text) = env::var("SOURCE_DATE_EPOCH") {
        let seconds = text.parse();
        return Ok(Duration::from_secs(seconds.with_context(|| {
            format!("SOURCE_DATE_EPOCH is {text:?}, must be seconds since 1970")
        })?));
    }
    let mut log = Command::new("git");
    log.args(["log", "-1", "--format=%ct"])
        .current_dir(project::root());
    if let Ok(text) = process::output(&mut log)
        && let Ok(seconds) = text.trim().parse()
    {
        return Ok(Duration::from_secs(seconds));
    }
    let changed = fs::metadata(project::root().join("inf/arioso.inx"))?.modified()?;
    Ok(changed.duration_since(UNIX_EPOCH)?)
}
