// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every kind of mistake in a package is found, by the file's and the rule's name.

use crate::support::{Copy, product, rules, seal};
use arioso_package::sign::Signer;
use arioso_package::{Arch, BANK, CATALOG, CERTIFICATE, DRIVER, INF, release};
use std::fs;

#[test]
fn broken_inf() {
    let lines = [
        ("PnpLockdown = 1", "PnpLockdown = 0", "lockdown"),
        (
            "CopyFiles = Arioso.Copy",
            "CopyFiles = Arioso.Nothing",
            "section-missing",
        ),
        (
            "HKR,,Driver,,arioso.sys",
            "HKLM,,Driver,,arioso.sys",
            "registry-root",
        ),
        ("%13%\\arioso.sys", "%12%\\arioso.sys", "service"),
        ("[Version]", "[Version", "syntax"),
        (
            "CatalogFile = arioso.cat",
            "CatalogFile = other.cat",
            "catalog",
        ),
    ];
    for (line, broken, rule) in lines {
        let package = Copy::of(Arch::X64);
        let inf = String::from_utf8(package.read(INF)).expect("ASCII");
        let spoilt = inf.replacen(line, broken, 1);
        assert_ne!(inf, spoilt, "{line}");
        package.write(INF, spoilt.as_bytes());
        package.expect(INF, rule);
    }
}

#[test]
fn missing_file() {
    for name in [INF, DRIVER, BANK, CATALOG, CERTIFICATE] {
        let package = Copy::of(Arch::X64);
        package.remove(name);
        let findings = package.findings();
        let missing: Vec<_> = findings.iter().filter(|f| f.1 == "missing-file").collect();
        assert_eq!(
            missing,
            [&(name.to_owned(), "missing-file")],
            "{findings:?}"
        );
    }
}

#[test]
fn foreign_file() {
    let package = Copy::of(Arch::X64);
    package.write("readme.txt", b"hello");
    let wanted = [("readme.txt".to_owned(), "foreign-file")];
    assert_eq!(package.findings(), wanted);
}

#[test]
fn a_file_that_only_the_inf_knows() {
    let package = Copy::of(Arch::X64);
    let inf = String::from_utf8(package.read(INF)).expect("ASCII");
    let inf = inf
        .replace("arioso.dls = 1", "arioso.dls = 1\r\nmore.dls = 1")
        .replace(
            "arioso.sys\r\narioso.dls",
            "arioso.sys\r\narioso.dls\r\nmore.dls",
        );
    package.write(INF, inf.as_bytes());
    package.expect("more.dls", "missing-file");
}

/// Wherever it is.
#[test]
fn changed_byte() {
    let package = Copy::of(Arch::X64);
    for (name, rule) in [
        (DRIVER, "checksum"),
        (INF, "member-changed"),
        (BANK, "member-changed"),
    ] {
        let good = package.read(name);
        for part in 0..8 {
            let mut bytes = good.clone();
            // Not a line's end of the INF: the last byte of the file stays.
            let at = 100 + (bytes.len() - 200) * part / 7;
            bytes[at] ^= 1;
            package.write(name, &bytes);
            package.expect(name, rule);
        }
        package.write(name, &good);
    }
    assert_eq!(package.findings(), []);
}

/// With the right checksum it is still not what was signed.
#[test]
fn changed_byte_behind_a_right_checksum() {
    let package = Copy::of(Arch::X64);
    let mut bytes = package.read(DRIVER);
    bytes[0x2000] ^= 1;
    seal(&mut bytes);
    package.write(DRIVER, &bytes);
    for rule in ["signature", "catalog-signature", "member-changed"] {
        package.expect(DRIVER, rule);
    }
}

#[test]
fn changed_byte_in_the_catalog() {
    let package = Copy::of(Arch::X64);
    let good = package.read(CATALOG);
    // The list of members begins before byte 100, the signature ends the file.
    let places = (100..800)
        .step_by(50)
        .chain([good.len() - 200, good.len() - 20]);
    for at in places {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        package.write(CATALOG, &bytes);
        let findings = package.findings();
        let found = findings
            .iter()
            .any(|(file, rule)| file == CATALOG && ["signature", "catalog"].contains(rule));
        assert!(found, "byte {at}: {findings:?}");
    }
    package.write(CATALOG, b"no catalog");
    package.expect(CATALOG, "catalog");
    package.write(CERTIFICATE, b"no certificate");
    package.expect(CERTIFICATE, "certificate");
}

#[test]
fn the_other_architectures_files() {
    let other = Copy::of(Arch::Arm64);
    for (name, file, rule) in [
        (DRIVER, DRIVER, "machine"),
        (INF, INF, "target"),
        (CATALOG, CATALOG, "catalog"),
    ] {
        let package = Copy::of(Arch::X64);
        package.write(name, &other.read(name));
        package.expect(file, rule);
    }
}

#[test]
fn the_catalog_of_another_package() {
    let package = Copy::of(Arch::X64);
    let workshop = tempfile::tempdir().expect("temporary directory");
    let signer = Signer::test(workshop.path()).expect("a certificate");
    let (unsigned, signed) = (workshop.path().join("unsigned.cat"), package.path(CATALOG));
    let mut catalog =
        arioso_package::catalog::Catalog::read(&package.read(CATALOG)).expect("catalog");
    catalog.members.retain(|member| member.name != BANK);
    catalog
        .members
        .push(arioso_package::catalog::Member::new("other.dll", b"other"));
    catalog.hardware_ids = vec![r"root\other".to_owned()];
    fs::write(&unsigned, catalog.to_bytes().expect("catalog")).expect("catalog");
    fs::remove_file(&signed).expect("catalog");
    signer.sign(&unsigned, &signed).expect("signature");
    let wanted = [
        (CATALOG, "catalog"),
        (CATALOG, "member-foreign"),
        (BANK, "member-missing"),
        // By somebody whom the package's certificate does not name.
        (CATALOG, "signature"),
        (DRIVER, "catalog-signature"),
    ];
    assert_eq!(
        package.findings(),
        wanted.map(|(file, rule)| (file.to_owned(), rule))
    );
}

#[test]
fn archive_and_checksums() {
    let copy = Copy::of(Arch::X64);
    let place = tempfile::tempdir().expect("temporary directory");
    let directory = place.path().join("x64");
    fs::create_dir(&directory).expect("directory");
    for name in [INF, DRIVER, BANK, CATALOG, CERTIFICATE] {
        fs::copy(copy.path(name), directory.join(name)).expect("copy");
    }
    let name = release::archive_name(Arch::X64, &product());
    let archive = place.path().join(&name);
    let day =
        arioso_package::make::date(std::time::Duration::from_secs(1_790_000_000)).expect("a day");
    let good = release::archive(&directory, day).expect("an archive");
    let sums = place.path().join(release::SUMS);
    let write_sums = || {
        let text = release::sums(place.path(), &product()).expect("checksums");
        fs::write(&sums, text).expect("checksums");
    };
    let found = || rules(release::check(place.path(), Arch::X64, &product()).expect("a package"));
    let one = |file: &str, rule| [(file.to_owned(), rule)];

    fs::write(&archive, &good).expect("archive");
    write_sums();
    assert_eq!(found(), []);
    fs::write(directory.join(BANK), b"another bank").expect("bank");
    write_sums();
    assert_eq!(found(), one(&name, "archive"));
    fs::copy(copy.path(BANK), directory.join(BANK)).expect("bank");
    assert_eq!(found(), one(release::SUMS, "sums"));
    fs::write(&archive, &good[..good.len() / 2]).expect("archive");
    write_sums();
    assert_eq!(found(), one(&name, "archive"));
    fs::write(&archive, [&vec![0; release::LIMIT], &good[..]].concat()).expect("archive");
    write_sums();
    assert_eq!(found(), one(&name, "size"));
    fs::remove_file(&archive).expect("archive");
    assert!(found().contains(&(name, "missing-file")));
}
