// SPDX-License-Identifier: MIT OR Apache-2.0
//! The driver package under test.

use crate::rig::image;
use arioso_inf::{Date, Platform, Stamp, decode, stamp};
use arioso_package::Arch;
use arioso_package::catalog::{Catalog, Member, systems};
use simkernel::setup::Package;
use simkernel::system::FileData;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

pub const HARDWARE_ID: &str = "ROOT\\Arioso";

/// The package as it is delivered.
pub fn package() -> Package {
    made().unwrap_or_else(|| put_together(arioso_bank::general_midi()))
}

/// The package with another default set, and the image from beside its symbols.
pub fn package_with(bank: Vec<u8>) -> Package {
    match made() {
        Some(package) => package
            .with("arioso.dls", bank.into())
            .with("arioso.sys", FileData::Host(image())),
        None => put_together(bank),
    }
}

/// What `cargo xtask package` left, if it is not older than what it is made of.
fn made() -> Option<Package> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let directory = PathBuf::from(format!("{root}/target/package/x64"));
    let template = PathBuf::from(format!("{root}/inf/arioso.inx"));
    let made = modified(directory.join("arioso.sys"));
    let asked_for_another = std::env::var_os("ARIOSO_SYS").is_some();
    if made.is_some() && made >= modified(image()).max(modified(template)) && !asked_for_another {
        return Some(Package::read(&directory).expect("the package"));
    }
    None
}

/// The same files from where they are built; nobody signed the catalog.
fn put_together(bank: Vec<u8>) -> Package {
    let inf = inf(1, [0, 1, 0, 0]).into_bytes();
    let sys = std::fs::read(image()).expect("the image");
    let files = [
        ("arioso.inf", &inf),
        ("arioso.sys", &sys),
        ("arioso.dls", &bank),
    ];
    let catalog = Catalog {
        time: Duration::ZERO,
        systems: systems(Arch::X64).to_owned(),
        hardware_ids: vec![HARDWARE_ID.to_lowercase()],
        members: files.map(|(name, bytes)| Member::new(name, bytes)).into(),
    };
    let catalog = catalog.to_bytes().expect("a catalog");
    Package::new([
        ("arioso.inf".into(), inf.into()),
        ("arioso.cat".into(), catalog.into()),
        ("arioso.sys".into(), FileData::Host(image())),
        ("arioso.dls".into(), bank.into()),
    ])
    .expect("a package")
}

/// Whether the catalog has the file with this content.
pub fn verify(catalog: &[u8], file: &str, bytes: &[u8]) -> Result<(), String> {
    let catalog = Catalog::read(catalog).map_err(|error| format!("the catalog: {error}"))?;
    let member = catalog.members.iter().find(|member| member.name == file);
    let member = member.ok_or_else(|| format!("the catalog does not have {file}"))?;
    match member.digest == Member::new(file, bytes).digest {
        true => Ok(()),
        false => Err(format!("{file} is not what the catalog vouches for")),
    }
}

fn modified(path: PathBuf) -> Option<SystemTime> {
    path.metadata().ok()?.modified().ok()
}

/// The INF of a day in January 2026.
pub fn inf(day: u8, version: [u16; 4]) -> String {
    let template = decode(include_bytes!("../../../../inf/arioso.inx")).expect("ASCII");
    let with = Stamp {
        platform: Platform::Amd64,
        date: Date {
            year: 2026,
            month: 1,
            day,
        },
        version,
        kmdf: (1, 31),
    };
    stamp(&template, &with)
}

/// A DLS file without instruments: the default set is empty, what sounds is what a scenario downloads.
pub fn no_instruments() -> Vec<u8> {
    let chunk = |id: &[u8; 4], data: &[u8]| {
        let length = (data.len() as u32).to_le_bytes();
        [id, &length[..], data].concat()
    };
    let content = [
        b"DLS ".to_vec(),
        chunk(b"colh", &[0; 4]),
        chunk(b"LIST", b"lins"),
        chunk(b"ptbl", &[8, 0, 0, 0, 0, 0, 0, 0]),
        chunk(b"LIST", b"wvpl"),
    ];
    chunk(b"RIFF", &content.concat())
}
