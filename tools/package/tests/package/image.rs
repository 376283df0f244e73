// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every kind of mistake in the driver's image is found, and nothing else.

use crate::support::{Copy, output, product, rules, seal};
use arioso_package::{Arch, DRIVER, INF, image};
use object::LittleEndian as LE;
use object::pe;
use object::read::pe::PeFile64;

/// The rules that the driver's image breaks when something in it is changed; its checksum is made right again.
fn spoilt(arch: Arch, spoil: impl FnOnce(&mut Vec<u8>)) -> Vec<(String, &'static str)> {
    let mut bytes = Copy::of(arch).read(DRIVER);
    spoil(&mut bytes);
    seal(&mut bytes);
    rules(image::check(DRIVER, &bytes, arch, &product()))
}

fn only(rule: &'static str) -> [(String, &'static str); 1] {
    [(DRIVER.to_owned(), rule)]
}

/// Where a section's flags are, and what they are.
fn section_flags(bytes: &[u8], name: &[u8]) -> (usize, u32) {
    let image = PeFile64::parse(bytes).expect("an image");
    let sections = image.section_table();
    let index = sections
        .iter()
        .position(|section| section.raw_name() == name)
        .expect("section");
    let section = sections.iter().nth(index).expect("section");
    let header = section.name.as_ptr() as usize - bytes.as_ptr() as usize;
    (header + 36, section.characteristics.get(LE).0)
}

fn change_flags(bytes: &mut [u8], name: &[u8], change: impl FnOnce(u32) -> u32) {
    let (at, flags) = section_flags(bytes, name);
    bytes[at..at + 4].copy_from_slice(&change(flags).to_le_bytes());
}

#[test]
fn sections() {
    for arch in Arch::ALL {
        let writable = spoilt(arch, |bytes| {
            change_flags(bytes, b".text", |flags| flags | pe::IMAGE_SCN_MEM_WRITE.0)
        });
        assert_eq!(writable, only("write-execute"));
        let shared = spoilt(arch, |bytes| {
            change_flags(bytes, b".data", |flags| flags | pe::IMAGE_SCN_MEM_SHARED.0)
        });
        assert_eq!(shared, only("shared-section"));
        let kept = spoilt(arch, |bytes| {
            change_flags(bytes, b"INIT", |flags| {
                flags & !pe::IMAGE_SCN_MEM_DISCARDABLE.0
            })
        });
        assert_eq!(kept, only("discardable"));
    }
}

#[test]
fn flags_of_the_image() {
    let flags = [
        ("high-entropy", pe::IMAGE_DLLCHARACTERISTICS_HIGH_ENTROPY_VA),
        ("dynamic-base", pe::IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE),
        (
            "force-integrity",
            pe::IMAGE_DLLCHARACTERISTICS_FORCE_INTEGRITY,
        ),
        ("nx", pe::IMAGE_DLLCHARACTERISTICS_NX_COMPAT),
        ("control-flow-guard", pe::IMAGE_DLLCHARACTERISTICS_GUARD_CF),
    ];
    for (rule, flag) in flags {
        let found = spoilt(Arch::X64, |bytes| {
            let header = u32::from_le_bytes(bytes[0x3C..0x40].try_into().expect("4 bytes"));
            let at = header as usize + 24 + 70;
            let old = u16::from_le_bytes([bytes[at], bytes[at + 1]]);
            bytes[at..at + 2].copy_from_slice(&(old & !flag.0).to_le_bytes());
        });
        assert_eq!(found, only(rule));
    }
}

/// The flag alone does not make a guarded image.
#[test]
fn control_flow_guard_in_the_load_configuration() {
    let found = spoilt(Arch::X64, |bytes| {
        let image = PeFile64::parse(&**bytes).expect("an image");
        let directory = image
            .data_directory(pe::IMAGE_DIRECTORY_ENTRY_LOAD_CONFIG)
            .expect("load configuration");
        let data = directory
            .data(&**bytes, &image.section_table())
            .expect("load configuration");
        // GuardFlags
        let at = data.as_ptr() as usize - bytes.as_ptr() as usize + 0x90;
        bytes[at..at + 4].fill(0);
    });
    assert!(!found.is_empty());
    assert!(
        found
            .iter()
            .all(|finding| *finding == only("control-flow-guard")[0]),
        "{found:?}"
    );
}

fn replace(bytes: &mut [u8], old: &[u8], new: &[u8]) {
    let at = bytes.windows(old.len()).position(|window| window == old);
    let at = at.expect("what is to be replaced");
    bytes[at..at + new.len()].copy_from_slice(new);
}

#[test]
fn version() {
    // Of VS_FIXEDFILEINFO: signature, structure version, then the file version.
    let signature = [0xBD, 4, 0xEF, 0xFE, 0, 0, 1, 0];
    let newer = [&signature[..], &[9, 0, 9, 0]].concat();
    let found = spoilt(Arch::Arm64, |bytes| replace(bytes, &signature, &newer));
    assert_eq!(found, only("version"));
    let wide = |text: &str| {
        text.encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect::<Vec<u8>>()
    };
    let found = spoilt(Arch::X64, |bytes| {
        replace(bytes, &wide("The Arioso"), &wide("Other"))
    });
    assert!(found.contains(&only("version")[0]), "{found:?}");

    let mut newer = product();
    newer.numbers[1] += 1;
    let directory = output().join("x64");
    let found = rules(arioso_package::check(&directory, Arch::X64, &newer).expect("a package"));
    assert!(found.contains(&(INF.to_owned(), "version")), "{found:?}");
    assert!(found.contains(&(DRIVER.to_owned(), "version")), "{found:?}");
}

#[test]
fn import_that_windows_10_2004_lacks() {
    let found = spoilt(Arch::X64, |bytes| {
        replace(bytes, b"ExAllocatePool2\0", b"ExAllocatePool9\0")
    });
    assert_eq!(found, only("import"));
}

#[test]
fn oversize() {
    let mut bytes = Copy::of(Arch::X64).read(DRIVER);
    bytes.resize(image::LIMIT, 0);
    let found = rules(image::check(DRIVER, &bytes, Arch::X64, &product()));
    assert!(found.contains(&only("size")[0]), "{found:?}");
    let found = rules(image::check(DRIVER, b"MZ", Arch::X64, &product()));
    assert_eq!(found, only("image"));
}
