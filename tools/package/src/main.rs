// SPDX-License-Identifier: MIT OR Apache-2.0
//! Makes and checks packages; `cargo xtask package` runs it.

use anyhow::{Context, Result, bail};
use arioso_package::make::{Parts, date};
use arioso_package::sign::Signer;
use arioso_package::{
    Arch, BANK, CATALOG, CERTIFICATE, DRIVER, Finding, INF, PROGRAM, Product, check, make, release,
};
use clap::{Args, Parser, Subcommand};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

#[derive(Parser)]
#[command(
    name = "arioso-package",
    about = "Makes and checks Arioso's driver package"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make packages of the built drivers, and check them
    Make {
        #[command(flatten)]
        place: Place,
        /// The built-in bank
        #[arg(long, value_name = "FILE")]
        bank: PathBuf,
        /// The command line for Windows, for the x64 package
        #[arg(long, value_name = "FILE")]
        program: Option<PathBuf>,
        /// When the sources were made, in seconds since 1970: the day of DriverVer and of the catalog
        #[arg(long, value_name = "SECONDS")]
        time: u64,
        /// Who signs (PEM, self-signed); without it a test certificate made on first use
        #[arg(long, value_name = "FILE", requires = "key")]
        certificate: Option<PathBuf>,
        /// The certificate's key (PEM, no password)
        #[arg(long, value_name = "FILE", requires = "certificate")]
        key: Option<PathBuf>,
    },
    /// Check packages
    Check {
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Args)]
struct Place {
    /// For which processors, x64 and arm64
    #[arg(long, required = true)]
    arch: Vec<Arch>,
    /// The repository
    #[arg(long, default_value = ".")]
    root: PathBuf,
    /// Where packages are, if not in target/package
    #[arg(long, value_name = "DIRECTORY")]
    output: Option<PathBuf>,
}

impl Place {
    fn output(&self) -> PathBuf {
        let output = self.output.clone();
        output.unwrap_or_else(|| self.root.join("target/package"))
    }
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Make {
            place,
            bank,
            program,
            time,
            certificate,
            key,
        } => {
            let product = Product::read(&place.root)?;
            let signer = match certificate.zip(key) {
                Some((certificate, key)) => Signer { certificate, key },
                None => Signer::test(&place.root.join("target/certificate"))?,
            };
            let time = Duration::from_secs(time);
            let output = place.output();
            fs::create_dir_all(&output)
                .with_context(|| format!("cannot create {}", output.display()))?;
            for &arch in &place.arch {
                let built = place.root.join("target/driver").join(arch.name());
                let parts = Parts {
                    template: &place.root.join("inf/arioso.inx"),
                    driver: &built.join("release/arioso.sys"),
                    bank: &bank,
                    // It installs drivers, which an emulated program may not.
                    program: program.as_deref().filter(|_| arch == Arch::X64),
                };
                one(&output, &parts, arch, &product, time, &signer)
                    .with_context(|| format!("cannot make the {} package", arch.name()))?;
            }
            replace(
                &output.join(release::SUMS),
                release::sums(&output, &product)?.as_bytes(),
            )?;
            verify(&output, &place.arch, &product)
        }
        Command::Check { place } => {
            let product = Product::read(&place.root)?;
            verify(&place.output(), &place.arch, &product)
        }
    }
}

/// Makes one package and its archive; what was there stays unless all goes well.
fn one(
    output: &Path,
    parts: &Parts,
    arch: Arch,
    product: &Product,
    time: Duration,
    signer: &Signer,
) -> Result<()> {
    let fresh = tempfile::tempdir_in(output)?;
    make(fresh.path(), parts, arch, product, time, signer)?;
    report(&check(fresh.path(), arch, product)?)?;
    let archive = release::archive(fresh.path(), date(time)?)?;
    let directory = output.join(arch.name());
    if directory.exists() {
        fs::remove_dir_all(&directory)?;
    }
    // Only its owner may enter a temporary directory.
    let fresh = fresh.keep();
    fs::create_dir(&directory)?;
    for file in fs::read_dir(&fresh)? {
        let file = file?;
        fs::rename(file.path(), directory.join(file.file_name()))?;
    }
    fs::remove_dir(&fresh)?;
    replace(&output.join(release::archive_name(arch, product)), &archive)
}

fn replace(file: &Path, bytes: &[u8]) -> Result<()> {
    let fresh = file.with_added_extension("new");
    fs::write(&fresh, bytes).with_context(|| format!("cannot write {}", fresh.display()))?;
    fs::rename(&fresh, file).with_context(|| format!("cannot write {}", file.display()))
}

/// Checks everything and shows it.
fn verify(output: &Path, arches: &[Arch], product: &Product) -> Result<()> {
    let mut findings = Vec::new();
    for &arch in arches {
        findings.extend(check(&output.join(arch.name()), arch, product)?);
        findings.extend(release::check(output, arch, product)?);
    }
    report(&findings)?;
    println!("{:<24} {:>9}  {:<17}  good", "file", "bytes", "SHA-256");
    let sums = release::sums(output, product)?;
    let mut lines: Vec<&str> = sums.lines().collect();
    // Archives last.
    lines.sort_by_key(|line| line.ends_with(".zip"));
    for line in lines {
        let (sum, name) = line.split_once("  ").unwrap_or_default();
        let size = fs::metadata(output.join(name))?.len();
        println!("{name:<24} {size:>9}  {}…  {}", &sum[..16], held(name));
    }
    Ok(())
}

/// What a file was held to.
fn held(name: &str) -> &'static str {
    match name.rsplit('/').next().unwrap_or_default() {
        DRIVER => "image, version, imports, signature, catalog",
        INF => "InfVerif's rules, version, files, catalog",
        BANK => "DLS, catalog",
        CATALOG => "members, device, system, signature",
        CERTIFICATE => "the signatures are by it",
        PROGRAM => "signature",
        _ => "holds the files above, size",
    }
}

fn report(findings: &[Finding]) -> Result<()> {
    for finding in findings {
        eprintln!("{finding}");
    }
    match findings.len() {
        0 => Ok(()),
        1 => bail!("one thing is wrong with the package"),
        count => bail!("{count} things are wrong with the package"),
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
