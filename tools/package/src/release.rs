// SPDX-License-Identifier: MIT OR Apache-2.0
//! What lies beside the package directories: an archive of each, and checksums of everything.

use crate::{Arch, Finding, Findings, Product};
use anyhow::{Context, Result};
use arioso_inf::Date;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

/// The checksums' file, in `sha256sum`'s format.
pub const SUMS: &str = "SHA256SUMS";
/// Bytes that an archive stays under.
pub const LIMIT: usize = 8_000_000;

/// The archive's name.
#[must_use]
pub fn archive_name(arch: Arch, product: &Product) -> String {
    format!("arioso-{}-{}.zip", product.version, arch.name())
}

/// The files of a package as an archive: sorted, all of one day, so that the same files give the same bytes.
///
/// # Errors
/// A file cannot be read.
pub fn archive(directory: &Path, day: Date) -> Result<Vec<u8>> {
    let time = DateTime::from_date_and_time(day.year, day.month, day.day, 0, 0, 0)
        .context("a ZIP file knows no day before 1980")?;
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(time)
        .unix_permissions(0o644);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files(directory)? {
        archive.start_file(name, options)?;
        archive.write_all(&bytes)?;
    }
    Ok(archive.finish()?.into_inner())
}

/// The lines of [`SUMS`] for the archives and package directories below `output`.
///
/// # Errors
/// A file cannot be read.
pub fn sums(output: &Path, product: &Product) -> Result<String> {
    let mut lines = Vec::new();
    for arch in Arch::ALL {
        let archive = archive_name(arch, product);
        let (directory, archive_file) = (output.join(arch.name()), output.join(&archive));
        if !directory.exists() || !archive_file.exists() {
            continue;
        }
        for (name, bytes) in files(&directory)? {
            lines.push((format!("{}/{name}", arch.name()), sum(&bytes)));
        }
        lines.push((archive, sum(&fs::read(archive_file)?)));
    }
    lines.sort();
    Ok(lines
        .into_iter()
        .map(|(name, sum)| format!("{sum}  {name}\n"))
        .collect())
}

/// SHA-256 in hexadecimal.
#[must_use]
pub fn sum(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is wrong with the archive of `arch` and with the checksums.
///
/// # Errors
/// The package directory cannot be read.
pub fn check(output: &Path, arch: Arch, product: &Product) -> Result<Vec<Finding>> {
    let name = archive_name(arch, product);
    let mut findings = Findings::of(&name);
    match fs::read(output.join(&name)) {
        Ok(bytes) => {
            findings.expect(bytes.len() < LIMIT, "size", || {
                format!("{} bytes, must be under {LIMIT}", bytes.len())
            });
            match unpack(&bytes) {
                Ok(packed) => {
                    let same = packed == files(&output.join(arch.name()))?;
                    findings.expect(same, "archive", || {
                        format!("does not hold the files of {}/", arch.name())
                    });
                }
                Err(error) => findings.add("archive", format!("is no ZIP file: {error:#}")),
            }
        }
        Err(_) => findings.add("missing-file", "is missing"),
    }
    let mut list = findings.into_list();
    let mut findings = Findings::of(SUMS);
    match fs::read_to_string(output.join(SUMS)) {
        Ok(text) => {
            let wanted = sums(output, product)?;
            for line in wanted
                .lines()
                .filter(|line| !text.lines().any(|l| l == *line))
            {
                let name = line.split("  ").nth(1).unwrap_or_default();
                findings.add("sums", format!("has another sum of {name}, or none"));
            }
        }
        Err(_) => findings.add("missing-file", "is missing"),
    }
    list.extend(findings.into_list());
    Ok(list)
}

fn unpack(bytes: &[u8]) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut archive = ZipArchive::new(Cursor::new(bytes))?;
    let mut files = BTreeMap::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        files.insert(file.name()?.into_owned(), bytes);
    }
    Ok(files)
}

fn files(directory: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    let entries =
        fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        files.insert(name.into_owned(), fs::read(&path)?);
    }
    Ok(files)
}
