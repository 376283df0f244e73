//! The driver packages. What a package is made of is built here; `tools/package` makes and checks it.

use crate::driver::{self, Arch, Build};
use crate::{process, project, setup, windows};
use anyhow::{Context, Result};
use clap::ValueEnum;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
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
}

/// Builds everything that packages are made of, and the packages.
pub fn package(arches: Arches, signer: Option<(PathBuf, PathBuf)>) -> Result<()> {
    let mut clock = Clock::start();
    setup::install()?;
    clock.took("set-up");
    for &arch in arches.list() {
        driver::build(&Build::release(arch))?;
        clock.took(&format!("driver for {}", arch.name()));
    }
    assemble(arches, signer, &mut clock)?;
    clock.show();
    Ok(())
}

/// Makes the packages of drivers that are built.
pub fn assemble_all() -> Result<()> {
    assemble(Arches::All, None, &mut Clock::start())
}

fn assemble(arches: Arches, signer: Option<(PathBuf, PathBuf)>, clock: &mut Clock) -> Result<()> {
    let bank = bank()?;
    clock.took("bank");
    let program = windows_program(arches)?;
    clock.took("arioso.exe");
    let mut make = process::cargo();
    make.args([
        "run",
        "--quiet",
        "--package",
        "arioso-package",
        "--",
        "make",
    ]);
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
        // Cargo runs in the repository, the caller may be elsewhere.
        let path = |path: &Path| {
            let absolute = path.canonicalize();
            absolute.with_context(|| format!("cannot read {}", path.display()))
        };
        make.arg("--certificate").arg(path(&certificate)?);
        make.arg("--key").arg(path(&key)?);
    }
    process::run(&mut make)?;
    clock.took("packages and checks");
    Ok(())
}

/// The built-in bank, written for the packages.
fn bank() -> Result<PathBuf> {
    let directory = project::kernel_dir();
    fs::create_dir_all(&directory)?;
    let file = directory.join("arioso.dls");
    process::run(
        process::cargo()
            .args(["run", "--release", "--quiet", "--package", "arioso-bank"])
            .args(["--example", "general-midi", "--"])
            .arg(&file),
    )?;
    Ok(file)
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

/// How long each step takes.
struct Clock {
    begin: Instant,
    last: Instant,
    steps: Vec<(String, Duration)>,
}

impl Clock {
    fn start() -> Self {
        let now = Instant::now();
        Self {
            begin: now,
            last: now,
            steps: Vec::new(),
        }
    }

    fn took(&mut self, step: &str) {
        let now = Instant::now();
        self.steps.push((step.to_owned(), now - self.last));
        self.last = now;
    }

    fn show(&self) {
        let steps: Vec<String> = self
            .steps
            .iter()
            .map(|(step, time)| format!("{step} {:.0} s", time.as_secs_f64()))
            .collect();
        println!(
            "{} in {:.0} s: {}",
            project::package_dir().display(),
            self.begin.elapsed().as_secs_f64(),
            steps.join(", ")
        );
    }
}
