// SPDX-License-Identifier: MIT OR Apache-2.0
//! What must hold of a package directory, file by file.

use crate::catalog::{Catalog, Member, systems};
use crate::setup::Setup;
use crate::sign::Authority;
use crate::{
    Arch, BANK, CATALOG, CERTIFICATE, DRIVER, Finding, Findings, INF, PROGRAM, Product, image,
};
use anyhow::{Result, bail};
use arioso_inf::{Inf, decode};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The package's files by name.
type Files = BTreeMap<String, Vec<u8>>;

/// Holds a package to all rules of `docs/package.md`, archive and checksums aside.
///
/// # Errors
/// The directory cannot be read, or openssl or osslsigncode is missing.
pub fn check(directory: &Path, arch: Arch, product: &Product) -> Result<Vec<Finding>> {
    let files = read(directory)?;
    let mut findings = names(&files);
    let setup = match files.get(INF) {
        Some(bytes) => setup(bytes, arch, product, &mut findings),
        None => None,
    };
    if let Some(setup) = &setup {
        findings.extend(named_files(setup, &files));
    }
    if let Some(bytes) = files.get(DRIVER) {
        findings.extend(image::check(DRIVER, bytes, arch, product));
    }
    if let Some(bytes) = files.get(BANK) {
        findings.extend(bank(bytes));
    }
    if let Some(bytes) = files.get(CATALOG) {
        findings.extend(catalog(bytes, setup.as_ref(), &files, arch));
    }
    findings.extend(signatures(directory, &files)?);
    Ok(findings)
}

fn read(directory: &Path) -> Result<Files> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) => bail!(
            "there is no package in {} ({error}): run `cargo xtask package`",
            directory.display()
        ),
    };
    let mut files = Files::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // A directory is a foreign file too.
        let bytes = if path.is_dir() {
            Vec::new()
        } else {
            fs::read(&path)?
        };
        files.insert(name.into_owned(), bytes);
    }
    Ok(files)
}

/// Every file that a package has, whatever its INF says, and none that nobody knows.
fn names(files: &Files) -> Vec<Finding> {
    let mut list = Vec::new();
    for name in [INF, DRIVER, BANK, CATALOG, CERTIFICATE] {
        let mut findings = Findings::of(name);
        findings.expect(files.contains_key(name), "missing-file", || {
            "is missing".to_owned()
        });
        list.extend(findings.into_list());
    }
    list
}

fn setup(bytes: &[u8], arch: Arch, product: &Product, list: &mut Vec<Finding>) -> Option<Setup> {
    let mut findings = Findings::of(INF);
    let read = || {
        let inf = Inf::parse(&decode(bytes)?)?;
        let wrong = arioso_inf::check(&inf, arch.platform());
        Ok::<_, arioso_inf::Finding>((Setup::of(&inf, arch)?, wrong))
    };
    let setup = match read() {
        Ok((setup, wrong)) => {
            for finding in wrong {
                findings.add(finding.rule, place(&finding));
            }
            findings.expect(setup.version == product.dotted(), "version", || {
                let (found, wanted) = (&setup.version, product.dotted());
                format!("has the DriverVer {found}, Cargo.toml {wanted}")
            });
            let named = setup.catalog.eq_ignore_ascii_case(CATALOG);
            findings.expect(named, "catalog", || {
                format!("names the catalog {:?}, must be {CATALOG}", setup.catalog)
            });
            Some(setup)
        }
        Err(finding) => {
            findings.add(finding.rule, place(&finding));
            None
        }
    };
    list.extend(findings.into_list());
    setup
}

fn place(finding: &arioso_inf::Finding) -> String {
    let arioso_inf::Finding {
        section,
        line,
        message,
        ..
    } = finding;
    format!("line {line}, [{section}]: {message}")
}

/// The INF names every file of the package, but for those that setup knows by other ways; and the reverse.
fn named_files(setup: &Setup, files: &Files) -> Vec<Finding> {
    let mut list = Vec::new();
    for name in &setup.files {
        let mut findings = Findings::of(name);
        let present = files.keys().any(|file| file.eq_ignore_ascii_case(name));
        if ![DRIVER, BANK].contains(&name.as_str()) {
            findings.expect(present, "missing-file", || {
                format!("is missing, and {INF} names it")
            });
        }
        list.extend(findings.into_list());
    }
    for name in files.keys() {
        let mut findings = Findings::of(name);
        let known = [INF, CATALOG, CERTIFICATE, PROGRAM].contains(&name.as_str())
            || setup
                .files
                .iter()
                .any(|file| file.eq_ignore_ascii_case(name));
        findings.expect(known, "foreign-file", || {
            format!("is in the package, and {INF} does not name it")
        });
        list.extend(findings.into_list());
    }
    list
}

fn bank(bytes: &[u8]) -> Vec<Finding> {
    let mut findings = Findings::of(BANK);
    let is_bank = bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"DLS ");
    findings.expect(is_bank, "bank", || "is no DLS file".to_owned());
    findings.into_list()
}

/// The catalog is of this INF, and holds exactly its files as they are.
fn catalog(bytes: &[u8], setup: Option<&Setup>, files: &Files, arch: Arch) -> Vec<Finding> {
    let mut findings = Findings::of(CATALOG);
    let catalog = match Catalog::read(bytes) {
        Ok(catalog) => catalog,
        Err(error) => {
            findings.add("catalog", format!("is no driver catalog: {error:#}"));
            return findings.into_list();
        }
    };
    let wanted = systems(arch);
    findings.expect(catalog.systems == wanted, "catalog", || {
        format!("is for the systems {}, must be {wanted}", catalog.systems)
    });
    // An INF that cannot be read names nothing; the members are compared all the same.
    let is_named = |name: &str| {
        name == INF || setup.is_some_and(|setup| setup.files.iter().any(|file| file == name))
    };
    if let Some(setup) = setup {
        let (found, wanted) = (&catalog.hardware_ids, &setup.hardware_ids);
        findings.expect(found == wanted, "catalog", || {
            format!("is for the devices {found:?}, {INF} for {wanted:?}")
        });
        let members = catalog.members.iter();
        for member in members.filter(|member| !is_named(&member.name)) {
            let name = &member.name;
            findings.add(
                "member-foreign",
                format!("has the member {name}, which {INF} does not name"),
            );
        }
    }
    let mut list = findings.into_list();
    for (name, bytes) in files {
        let mut findings = Findings::of(name);
        match catalog.members.iter().find(|member| member.name == *name) {
            Some(member) => {
                let same = *member == Member::new(name, bytes);
                findings.expect(same, "member-changed", || {
                    format!("is not the file that {CATALOG} was made of")
                });
            }
            None => findings.expect(!is_named(name), "member-missing", || {
                format!("is no member of {CATALOG}")
            }),
        }
        list.extend(findings.into_list());
    }
    list
}

/// Image, program and catalog are signed with the package's certificate; the catalog's signature is good for the image.
fn signatures(directory: &Path, files: &Files) -> Result<Vec<Finding>> {
    let mut list = Vec::new();
    if !files.contains_key(CERTIFICATE) {
        return Ok(list);
    }
    let authority = match Authority::of(&directory.join(CERTIFICATE))? {
        Ok(authority) => authority,
        Err(wrong) => {
            let mut findings = Findings::of(CERTIFICATE);
            findings.add("certificate", format!("is no certificate: {wrong}"));
            return Ok(findings.into_list());
        }
    };
    for name in [DRIVER, PROGRAM, CATALOG] {
        if files.contains_key(name) {
            let mut findings = Findings::of(name);
            if let Some(wrong) = authority.verify(&directory.join(name))? {
                findings.add("signature", format!("its signature is not good: {wrong}"));
            }
            list.extend(findings.into_list());
        }
    }
    if files.contains_key(CATALOG) && files.contains_key(DRIVER) {
        let mut findings = Findings::of(DRIVER);
        let (catalog, driver) = (directory.join(CATALOG), directory.join(DRIVER));
        if let Some(wrong) = authority.verify_member(&catalog, &driver)? {
            findings.add(
                "catalog-signature",
                format!("{CATALOG} does not vouch for it: {wrong}"),
            );
        }
        list.extend(findings.into_list());
    }
    Ok(list)
}
