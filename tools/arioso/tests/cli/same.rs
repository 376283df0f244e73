// SPDX-License-Identifier: MIT OR Apache-2.0
//! An output that is an input is refused before anything is written.

use crate::support::{NOTE, Scratch, complaint};
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Stdio;

fn scratch(name: &str) -> Scratch {
    let scratch = Scratch::new(name);
    scratch.file("bank.dls", &arioso_bank::test_banks::dc(48_000));
    let font = arioso_bank::sf2::test_font::plain(
        vec![arioso_bank::sf2::test_font::zone(&[(41, 0)])],
        vec![arioso_bank::sf2::test_font::zone(&[(53, 0)])],
    );
    scratch.file("bank.sf2", &font.bytes());
    // Named as the outputs would be.
    scratch.file("song.wav", NOTE);
    scratch.file("font.dls", &font.bytes());
    scratch.file("picture.png", b"RIFF");
    for name in ["song.mid", "bank.dls", "bank.sf2"] {
        fs::hard_link(scratch.path(name), scratch.path(&format!("hard.{name}"))).unwrap();
        symlink(name, scratch.path(&format!("soft.{name}"))).unwrap();
    }
    scratch
}

#[test]
fn an_input_is_never_overwritten() {
    let scratch = scratch("same");
    let content = || -> Vec<(String, Vec<u8>)> {
        let names = scratch.names().into_iter();
        names
            .map(|name| (name.clone(), scratch.read(&name)))
            .collect()
    };
    let before = content();
    let here = scratch.path("song.mid");
    let here = here.to_str().unwrap();
    for arguments in [
        &["play", "song.mid", "-o", "song.mid"][..],
        &["play", "song.mid", "-o", "./song.mid"],
        &["play", "song.mid", "-o", here],
        &["play", "song.mid", "-o", "hard.song.mid"],
        &["play", "song.mid", "-o", "soft.song.mid"],
        &["play", "soft.song.mid", "-o", "hard.song.mid"],
        &["play", "song.wav"],
        &["play", "song.mid", "--bank", "bank.dls", "-o", "bank.dls"],
        &[
            "play",
            "song.mid",
            "--bank",
            "soft.bank.dls",
            "-o",
            "hard.bank.dls",
        ],
        &["play", "song.mid", "-o", "x.wav", "--report", "song.mid"],
        &["play", "song.mid", "-o", "x.wav", "--report", "x.wav"],
        &["play", "song.mid", "-o", "x.wav", "--report", "./x.wav"],
        &["play", "song.mid", "-o", "-", "--report", "-"],
        &["demo", "--bank", "bank.dls", "-o", "bank.dls"],
        &["record", "song.mid", "-o", "song.mid"],
        &["record", "song.mid", "-o", "hard.song.mid"],
        &["monitor", "song.mid", "--report", "song.mid"],
        &[
            "monitor", "song.mid", "--bank", "bank.dls", "--report", "bank.dls",
        ],
        &["bank", "convert", "bank.sf2", "-o", "bank.sf2"],
        &["bank", "convert", "bank.sf2", "-o", "soft.bank.sf2"],
        &["bank", "convert", "font.dls"],
        &["plot", "picture.png"],
        &["plot", "song.wav", "-o", "song.wav"],
    ] {
        let error = scratch.bad(arguments, 4);
        assert!(error.contains("cannot write"), "{error}");
        assert!(content() == before, "{arguments:?}");
    }
}

#[test]
fn streams_are_inputs_and_outputs_too() {
    let scratch = scratch("streams");
    let song = || fs::File::open(scratch.path("song.mid")).unwrap();
    let append = || {
        fs::File::options()
            .append(true)
            .open(scratch.path("song.mid"))
    };
    let output = scratch
        .command(&["play", "-", "-o", "hard.song.mid"])
        .stdin(song())
        .output();
    complaint(&output.unwrap(), 4);
    for arguments in [&["play", "song.mid", "-o", "-"], &["play", "-", "-o", "-"]] {
        let output = scratch
            .command(arguments)
            .stdin(song())
            .stdout(append().unwrap())
            .stderr(Stdio::piped())
            .output();
        complaint(&output.unwrap(), 4);
    }
    assert_eq!(scratch.read("song.mid"), NOTE);
}

#[test]
fn the_driver_s_image_is_an_input() {
    let scratch = scratch("image");
    scratch.file("arioso.sys", b"image");
    let output = scratch
        .command(&["play", "song.mid", "-o", "arioso.sys"])
        .env("ARIOSO_SYS", "arioso.sys")
        .output();
    complaint(&output.unwrap(), 4);
    assert_eq!(scratch.read("arioso.sys"), b"image");
}

#[test]
fn a_device_may_be_both() {
    let scratch = scratch("null");
    let output = scratch
        .command(&["bank", "build", "-o", "/dev/null"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .output();
    assert!(output.unwrap().status.success());
    // Nothing is in it.
    let error = scratch.bad(&["play", "/dev/null", "-o", "/dev/null"], 3);
    assert!(error.contains("empty"), "{error}");
}
