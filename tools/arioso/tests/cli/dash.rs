// SPDX-License-Identifier: MIT OR Apache-2.0
//! `-`: songs and banks from the standard input, files to the standard output.

use crate::support::{Scratch, row, text, wav};
use std::fs;

#[test]
fn a_song_comes_from_the_standard_input() {
    let scratch = Scratch::new("dash-in");
    scratch.good(&["play", "song.mid", "-o", "named.wav"]);
    let run = |arguments: &[&str]| {
        let song = fs::File::open(scratch.path("song.mid")).unwrap();
        let output = scratch.command(arguments).stdin(song).output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    assert_eq!(run(&["play", "-"]).lines().last(), Some("stdin.wav"));
    assert_eq!(
        run(&["record", "-"]).lines().last(),
        Some("stdin.recorded.mid")
    );
    assert_eq!(row(&run(&["monitor", "-", "--once"]), "peak voices"), "1");
    assert!(scratch.read("stdin.wav") == scratch.read("named.wav"));
    // Through a pipe.
    let output = scratch.shell("cat song.mid | $A play - -o piped.wav");
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(scratch.read("piped.wav") == scratch.read("named.wav"));
}

#[test]
fn a_file_goes_to_the_standard_output_alone() {
    let scratch = Scratch::new("dash-out");
    let said = scratch.good(&["play", "song.mid", "-o", "named.wav"]);
    let output = scratch.run(&["play", "song.mid", "-o", "-"]);
    assert!(output.status.success());
    assert!(output.stdout == scratch.read("named.wav"));
    // The header knows the length.
    let (frames, rate) = wav(&output.stdout);
    assert_eq!(output.stdout.len(), 44 + 4 * frames.len());
    assert!(frames.len() > rate as usize);
    // The table is where it disturbs nobody.
    let table = text(&output.stderr);
    assert_eq!(row(&table, "notes"), row(&said, "notes"));

    let dls = scratch.run(&["bank", "build", "-o", "-"]).stdout;
    assert!(dls == arioso_bank::general_midi());
    let recorded = scratch.run(&["record", "song.mid", "-o", "-"]).stdout;
    assert!(recorded.starts_with(b"MThd"));
    let picture = scratch.run(&["plot", "named.wav", "-o", "-"]).stdout;
    assert!(picture.starts_with(b"\x89PNG"));
    assert_eq!(scratch.names(), ["named.wav", "song.mid"]);
}

#[test]
fn banks_go_through_pipes() {
    let scratch = Scratch::new("dash-bank");
    scratch.file(
        "sine.dls",
        &arioso_bank::test_banks::sine_wave(48_000, 480, 10),
    );
    let font = arioso_bank::sf2::test_font::plain(
        vec![arioso_bank::sf2::test_font::zone(&[(41, 0)])],
        vec![arioso_bank::sf2::test_font::zone(&[(53, 0)])],
    );
    scratch.file("font.sf2", &font.bytes());
    scratch.good(&["play", "song.mid", "--bank", "sine.dls", "-o", "a.wav"]);
    scratch.run(&["bank", "convert", "font.sf2", "-o", "a.dls"]);
    let output = scratch.shell(
        "set -e
        cat sine.dls | $A play song.mid --bank - -o b.wav
        cat font.sf2 | $A bank convert - -o - > b.dls
        cat font.sf2 | $A bank info - > info.pipe
        $A bank info font.sf2 > info.file
        $A play song.mid --bank sine.dls -o - | $A plot - -o - > c.png
        mkfifo fifo
        cat sine.dls > fifo & $A play song.mid --bank fifo -o c.wav",
    );
    assert!(output.status.success(), "{}", text(&output.stderr));
    for (a, b) in [
        ("a.wav", "b.wav"),
        ("a.wav", "c.wav"),
        ("a.dls", "b.dls"),
        ("info.pipe", "info.file"),
    ] {
        assert!(scratch.read(a) == scratch.read(b), "{a} {b}");
    }
    assert!(scratch.read("c.png").starts_with(b"\x89PNG"));
    let error = scratch.bad(&["play", "-", "--bank", "-"], 2);
    assert!(error.contains("standard input"), "{error}");
}

#[test]
fn a_file_may_be_named_so() {
    let scratch = Scratch::new("dash-name");
    scratch.good(&["play", "song.mid", "-o", "./-"]);
    assert_eq!(scratch.names(), ["-", "song.mid"]);
}
