// SPDX-License-Identifier: MIT OR Apache-2.0
use crate::{DRIVER, Malformed, SOUND_DRIVER, VersionResource, parse_version};
use std::env;
use std::fs;
use std::process::{self, Command};

fn resource() -> VersionResource {
    let strings = [
        ("CompanyName", "Somebody"),
        ("FileDescription", "A driver, with an even name"),
        ("OriginalFilename", "some.sys"),
    ];
    VersionResource {
        file_version: [1, 2, 3, 65535],
        product_version: [4, 0, 0, 1],
        file_type: DRIVER,
        file_subtype: SOUND_DRIVER,
        strings: strings
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .into(),
    }
}

/// LLVM's resource compiler makes the same file of the same statement.
#[test]
fn the_res_file_is_a_resource_compilers() {
    let directory = env::temp_dir().join(format!("arioso-resource-{}", process::id()));
    fs::create_dir_all(&directory).expect("temporary directory");
    let (script, output) = (directory.join("a.rc"), directory.join("a.res"));
    let text = r#"
        LANGUAGE 9, 1
        1 VERSIONINFO
        FILEVERSION 1,2,3,65535
        PRODUCTVERSION 4,0,0,1
        FILEFLAGSMASK 0x3f
        FILEFLAGS 0
        FILEOS 0x40004
        FILETYPE 3
        FILESUBTYPE 9
        BEGIN
            BLOCK "StringFileInfo"
            BEGIN
                BLOCK "040904B0"
                BEGIN
                    VALUE "CompanyName", "Somebody"
                    VALUE "FileDescription", "A driver, with an even name"
                    VALUE "OriginalFilename", "some.sys"
                END
            END
            BLOCK "VarFileInfo"
            BEGIN
                VALUE "Translation", 0x409, 1200
            END
        END
    "#;
    fs::write(&script, text).expect("script");
    let run = |program| {
        let arguments = ["/no-preprocess", "/fo"];
        Command::new(program)
            .args(arguments)
            .args([&output, &script])
            .output()
    };
    let compiled = run("llvm-rc-19")
        .or_else(|_| run("llvm-rc"))
        .expect("llvm-rc: `cargo xtask setup` installs it");
    assert!(compiled.status.success(), "{compiled:?}");
    let theirs = fs::read(&output).expect("what llvm-rc left");
    fs::remove_dir_all(&directory).expect("temporary directory");
    assert_eq!(resource().to_res(), Ok(theirs));
}

#[test]
fn what_is_written_is_read() {
    let bytes = resource().to_bytes().expect("a small resource");
    assert_eq!(VersionResource::read(&bytes), Ok(resource()));
    assert_eq!(resource().string("CompanyName"), Some("Somebody"));
    assert_eq!(resource().string("Nobody"), None);
}

#[test]
fn no_damage_is_fatal() {
    let good = resource().to_bytes().expect("a small resource");
    for length in 0..good.len() {
        assert!(VersionResource::read(&good[..length]).is_err(), "{length}");
    }
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0xFF;
        // Any answer, no panic.
        let _ = VersionResource::read(&bad);
    }
    let mut unsigned = good;
    unsigned[40] ^= 1;
    let wanted = Malformed("VS_FIXEDFILEINFO has no signature");
    assert_eq!(VersionResource::read(&unsigned), Err(wanted));
}

#[test]
fn a_block_has_a_limit() {
    let mut large = resource();
    large.strings[0].1 = "x".repeat(32_768);
    assert_eq!(large.to_res(), Err(Malformed("a block is over 64 KiB")));
}

#[test]
fn versions() {
    assert_eq!(parse_version("1.20.300"), Some([1, 20, 300, 0]));
    assert_eq!(parse_version("1.2.3-beta.4+5"), Some([1, 2, 3, 0]));
    for wrong in ["", "1", "1.2", "1.2.3.4", "1.2.65536", "a.b.c"] {
        assert_eq!(parse_version(wrong), None, "{wrong}");
    }
}
