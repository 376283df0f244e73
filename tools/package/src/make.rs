// SPDX-License-Identifier: MIT OR Apache-2.0
//! From parts to a package directory.

use crate::catalog::{Catalog, Member, systems};
use crate::setup::Setup;
use crate::sign::Signer;
use crate::{Arch, BANK, CATALOG, CERTIFICATE, DRIVER, INF, PROGRAM, Product};
use anyhow::{Context, Result};
use arioso_inf::{Date, Stamp, decode, stamp};
use std::fs;
use std::path::Path;
use std::time::Duration;

/// What a package is made of.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// The INF's template.
    pub template: &'a Path,
    /// The driver, without a signature.
    pub driver: &'a Path,
    /// The bank that the package brings.
    pub bank: &'a Path,
    /// The command line, if it was built.
    pub program: Option<&'a Path>,
}

/// Makes a package in `directory`, which is empty. The same parts, time and certificate give the same bytes outside of the signatures.
///
/// # Errors
/// A part cannot be read, a file not written, or a tool fails.
pub fn make(
    directory: &Path,
    parts: &Parts,
    arch: Arch,
    product: &Product,
    time: Duration,
    signer: &Signer,
) -> Result<()> {
    let read =
        |path: &Path| fs::read(path).with_context(|| format!("cannot read {}", path.display()));
    let write = |name: &str, bytes: &[u8]| {
        let path = directory.join(name);
        fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))
    };
    let template =
        decode(&read(parts.template)?).with_context(|| parts.template.display().to_string())?;
    let with = Stamp {
        platform: arch.platform(),
        date: date(time)?,
        version: product.numbers,
        kmdf: product.kmdf,
    };
    write(INF, stamp(&template, &with).as_bytes())?;
    write(BANK, &read(parts.bank)?)?;
    write(CERTIFICATE, &signer.certificate()?)?;
    // The hash in the catalog is of the image that a signature may follow, so the signature comes first.
    signer.sign(parts.driver, &directory.join(DRIVER))?;
    if let Some(program) = parts.program {
        signer.sign(program, &directory.join(PROGRAM))?;
    }
    let workshop = tempfile::tempdir()?;
    let unsigned = workshop.path().join(CATALOG);
    fs::write(&unsigned, catalog(directory, arch, time)?.to_bytes()?)?;
    signer.sign(&unsigned, &directory.join(CATALOG))
}

/// The catalog of the files that the INF of `directory` names, and of the INF.
fn catalog(directory: &Path, arch: Arch, time: Duration) -> Result<Catalog> {
    let setup = Setup::read(&directory.join(INF), arch)?;
    let names = setup.files.iter().map(String::as_str).chain([INF]);
    let members = names.map(|name| {
        let bytes = fs::read(directory.join(name))
            .with_context(|| format!("{INF} names {name}, which the package does not have"))?;
        Ok(Member::new(name, &bytes))
    });
    Ok(Catalog {
        time,
        systems: systems(arch).to_owned(),
        hardware_ids: setup.hardware_ids,
        members: members.collect::<Result<_>>()?,
    })
}

/// The day, UTC, of a time since 1970.
///
/// # Errors
/// The year has more than four digits.
pub fn date(time: Duration) -> Result<Date> {
    let date = der::DateTime::from_unix_duration(time).context("the package's time")?;
    Ok(Date {
        year: date.year(),
        month: date.month(),
        day: date.day(),
    })
}
