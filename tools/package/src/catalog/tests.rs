// SPDX-License-Identifier: MIT OR Apache-2.0
use super::{Catalog, Member, systems};
use crate::Arch;
use std::time::Duration;

fn catalog() -> Catalog {
    Catalog {
        time: Duration::from_secs(1_800_000_000),
        systems: systems(Arch::X64).to_owned(),
        hardware_ids: vec![r"root\arioso".to_owned()],
        members: vec![Member::new("a.inf", b"[Version]\r\n")],
    }
}

#[test]
fn what_is_written_is_read() {
    let bytes = catalog().to_bytes().expect("a catalog");
    assert_eq!(Catalog::read(&bytes).expect("a catalog"), catalog());
    assert_eq!(catalog().to_bytes().expect("the same"), bytes);
}

/// One member, spelled out: PKCS#7 (RFC 2315) around what Inf2Cat is known to write.
#[test]
fn the_bytes_of_a_catalog() {
    let tlv = |tag: u8, parts: &[&[u8]]| {
        let body = parts.concat();
        let length = match body.len() {
            short @ 0..128 => vec![short as u8],
            long @ 128..256 => vec![0x81, long as u8],
            long => vec![0x82, (long >> 8) as u8, long as u8],
        };
        [&[tag][..], &length, &body].concat()
    };
    let sequence = |parts: &[&[u8]]| tlv(0x30, parts);
    // 1.3.6.1.4.1.311 and what is below it.
    let microsoft = |rest: &[u8]| tlv(6, &[&[0x2B, 6, 1, 4, 1, 0x82, 0x37], rest]);
    let pkcs7 = tlv(6, &[&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 2]]);
    let sha_256 = tlv(6, &[&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1]]);
    let null = &[5, 0][..];
    let wide = |text: &str| -> Vec<u8> {
        text.encode_utf16()
            .chain([0])
            .flat_map(u16::to_le_bytes)
            .collect()
    };
    let named = |name: &str, value: &str| {
        let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_be_bytes).collect();
        sequence(&[
            &tlv(0x1E, &[&name]),
            &[2, 4, 0x10, 1, 0, 1],
            &tlv(4, &[&wide(value)]),
        ])
    };
    let catalog = catalog();
    let digest = tlv(4, &[&catalog.members[0].digest]);
    let attribute = |kind: &[u8], value: &[u8]| sequence(&[kind, &tlv(0x31, &[value])]);
    let indirect = sequence(&[
        &sequence(&[&microsoft(&[2, 1, 25]), &[0xA2, 2, 0x80, 0]]),
        &sequence(&[&sequence(&[&sha_256, null]), &digest]),
    ]);
    // In a SET, shorter encodings come first: by their length byte.
    let common = [
        attribute(&microsoft(&[12, 2, 3]), &[0x82, 0]),
        attribute(&microsoft(&[12, 2, 1]), &named("File", "a.inf")),
        attribute(&microsoft(&[12, 2, 1]), &named("OSAttr", "2:10.0")),
    ]
    .concat();
    let hash = attribute(&microsoft(&[2, 1, 4]), &indirect);
    let attributes = tlv(0x31, &[&common, &hash]);
    let by_sha_256 = sequence(&[&digest, &attributes]);
    // sha1sum of the file: the member has no hash besides its name.
    let sha1 = tlv(
        4,
        &[&[
            0x39, 0x48, 0x8A, 0x95, 0xFF, 0x3B, 0xD1, 0xC8, 0xE3, 0x4D, 0xC7, 0xB7, 0x28, 0xBB,
            0x93, 0x5F, 0x50, 0x32, 0xE1, 0xEE,
        ]],
    );
    let by_sha_1 = sequence(&[&sha1, &tlv(0x31, &[&common])]);
    // By the bytes of the hashes.
    let entries = if sha1[2..] < digest[2..] {
        [by_sha_1, by_sha_256]
    } else {
        [by_sha_256, by_sha_1]
    };
    let extension = |name: &str, value: &str| {
        sequence(&[&microsoft(&[12, 2, 1]), &tlv(4, &[&named(name, value)])])
    };
    let extensions = sequence(&[
        &extension("OS", &catalog.systems),
        &extension("HWID1", r"root\arioso"),
    ]);
    let written = catalog.to_bytes().expect("a catalog");
    let identifier = written
        .windows(18)
        .find(|window| window.starts_with(&[4, 16]))
        .expect("the list's identifier");
    let list = sequence(&[
        &sequence(&[&microsoft(&[12, 1, 1])]),
        identifier,
        &tlv(0x17, &[b"270115080000Z"]),
        &sequence(&[&microsoft(&[12, 1, 3]), null]),
        &sequence(&[&entries.concat()]),
        &tlv(0xA0, &[&extensions]),
    ]);
    let content = sequence(&[&microsoft(&[10, 1]), &tlv(0xA0, &[&list])]);
    let data = sequence(&[&[2, 1, 1], &[0x31, 0], &content, &[0x31, 0]]);
    let wanted = sequence(&[&pkcs7, &tlv(0xA0, &[&data])]);
    assert_eq!(written, wanted);
}

#[test]
fn no_damage_is_fatal() {
    let good = catalog().to_bytes().expect("a catalog");
    for length in 0..good.len() {
        assert!(Catalog::read(&good[..length]).is_err(), "{length}");
    }
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x55;
        // Any answer, no panic.
        let _ = Catalog::read(&bad);
    }
}
