//! The driver package under test.

use crate::rig::image;
use arioso_inf::{Date, Platform, Stamp, decode, stamp};
use simkernel::setup::Package;
use simkernel::system::FileData;
use std::path::PathBuf;
use std::time::SystemTime;

pub const HARDWARE_ID: &str = "ROOT\\Arioso";

/// The package as it is delivered.
pub fn package() -> Package {
    made().unwrap_or_else(|| put_together(arioso_bank::general_midi()))
}

/// The package with another default set.
pub fn package_with(bank: Vec<u8>) -> Package {
    match made() {
        Some(package) => package.with("arioso.dls", bank.into()),
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

/// The same files from where they are built; the catalog is a mere place holder.
fn put_together(bank: Vec<u8>) -> Package {
    Package::new([
        (
            "arioso.inf".into(),
            inf(1, [0, 1, 0, 0]).into_bytes().into(),
        ),
        ("arioso.cat".into(), b"not signed".to_vec().into()),
        ("arioso.sys".into(), FileData::Host(image())),
        ("arioso.dls".into(), bank.into()),
    ])
    .expect("a package")
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
