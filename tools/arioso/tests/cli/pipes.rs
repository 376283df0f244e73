// SPDX-License-Identifier: MIT OR Apache-2.0
//! A standard output that nobody reads, or that is full.

use crate::support::{Scratch, complaint, text};
use std::fs;
use std::os::unix::process::ExitStatusExt;

const COMMANDS: [&[&str]; 9] = [
    &["--help"],
    &["--version"],
    &["play", "--help"],
    &["play", "song.mid"],
    &["play", "song.mid", "-o", "-"],
    &["record", "song.mid"],
    &["monitor", "song.mid"],
    &["bank", "build", "-o", "gm.dls"],
    &["bank", "info", "gm.dls"],
];

fn scratch(name: &str) -> Scratch {
    let scratch = Scratch::new(name);
    scratch.file("gm.dls", &arioso_bank::general_midi());
    scratch
}

#[test]
fn a_closed_pipe_ends_the_program_quietly() {
    let scratch = scratch("closed");
    for arguments in COMMANDS {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = scratch.command(arguments).stdout(writer).output().unwrap();
        let error = text(&output.stderr);
        // As every program that SIGPIPE ends; with the table on the standard error where the output is the file.
        assert_eq!(output.status.signal(), Some(13), "{arguments:?} {error}");
        assert!(
            !error.contains("panic") && !error.contains("arioso:"),
            "{error}"
        );
        assert!(error.is_empty() || arguments.contains(&"-"), "{error}");
    }
    // What was written is whole.
    assert!(scratch.read("song.wav").len() > 100_000);
}

#[test]
fn a_full_standard_output_is_one_line() {
    let scratch = scratch("full");
    for arguments in COMMANDS {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let output = scratch.command(arguments).stdout(full).output().unwrap();
        let error = complaint(&output, 4);
        assert!(
            error.contains("standard output: there is no space left"),
            "{error}"
        );
    }
}

#[test]
fn a_closed_standard_error_disturbs_nothing() {
    let scratch = scratch("stderr");
    for arguments in [
        &["play", "song.mid", "-o", "-"][..],
        &["play", "song.mid", "--verbose"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = scratch.command(arguments).stderr(writer).output().unwrap();
        assert!(output.status.success(), "{:?}", output.status);
    }
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = scratch.command(&["dance"]).stderr(writer).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}
