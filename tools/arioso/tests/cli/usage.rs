// SPDX-License-Identifier: MIT OR Apache-2.0
//! Help, and wrong command lines.

use crate::support::{Scratch, text};

#[test]
fn each_level_names_its_own_commands() {
    let scratch = Scratch::new("levels");
    let error = scratch.bad(&["bank"], 2);
    for name in ["build", "convert", "info", "arioso bank --help"] {
        assert!(error.contains(name), "{error}");
    }
    assert!(
        !error.contains("play") && !error.contains("monitor"),
        "{error}"
    );
    let error = scratch.bad(&[], 2);
    assert!(
        error.contains("play") && !error.contains("convert"),
        "{error}"
    );
    let error = scratch.bad(&["bank", "dance"], 2);
    assert!(
        error.contains("build") && !error.contains("play"),
        "{error}"
    );
    let error = scratch.bad(&["bank", "convert"], 2);
    assert!(error.contains("arioso bank convert --help"), "{error}");
}

#[test]
fn what_is_nearly_right_is_suggested() {
    let scratch = Scratch::new("typos");
    for (arguments, hint) in [
        (&["plya"][..], "'play'"),
        (&["bank", "convrt"], "'convert'"),
        (&["play", "song.mid", "--bnak", "x"], "'--bank'"),
        (&["play", "song.mid", "--quality", "snc16"], "'sinc16'"),
    ] {
        let error = scratch.bad(arguments, 2);
        assert!(error.contains("similar") && error.contains(hint), "{error}");
    }
}

#[test]
fn ranges_are_told() {
    let scratch = Scratch::new("ranges");
    let help = scratch.good(&["play", "--help"]);
    for text in [
        "11025 to 96000",
        "44.1k",
        "-96 to 20",
        "1 to 4096",
        "keep",
        "sinc16",
    ] {
        assert!(help.contains(text), "{help}");
    }
    for (arguments, told) in [
        (["--rate", "100"], "11025 to 96000"),
        (["--rate", "fast"], "44.1k"),
        (["--gain", "30"], "-96 to 20"),
        (["--voices", "0"], "1..=4096"),
        (["--reverb", "maybe"], "off"),
        (["--silence", "loud"], "keep"),
    ] {
        let error = scratch.bad(&[&["play", "song.mid"][..], &arguments].concat(), 2);
        assert!(error.contains(told), "{error}");
    }
    for rate in ["44.1k", "44100", "44.1 kHz"] {
        scratch.good(&["play", "song.mid", "--rate", rate]);
        assert_eq!(crate::support::wav(&scratch.read("song.wav")).1, 44_100);
    }
}

#[test]
fn what_is_no_song_is_named() {
    let scratch = Scratch::new("forms");
    for (content, what) in [
        (&b""[..], "empty"),
        (b"RIFF\x04\0\0\0WAVE", "WAV"),
        (b"RIFF\x04\0\0\0sfbk", "SoundFont"),
        (b"RIFF\x04\0\0\0DLS ", "DLS"),
        (b"\x1F\x8B\x08\0\0\0\0\0", "compressed"),
        (b"ID3\x04\0\0\0\0\0\0\0\0", "MP3"),
        (b"PK\x03\x04\0\0\0\0\0\0", "ZIP"),
        (b"hello, world", "\"hell\""),
        (b"\x00\x01\x02\x03\x04", "00 01 02 03"),
    ] {
        scratch.file("x.mid", content);
        let error = scratch.bad(&["play", "x.mid"], 3);
        assert!(error.contains(what) && error.contains("x.mid"), "{error}");
        assert!(error.contains("Standard MIDI File"), "{error}");
    }
}

#[test]
fn help_goes_to_the_standard_output() {
    let scratch = Scratch::new("help");
    for arguments in [
        &["--help"][..],
        &["bank", "--help"],
        &["--version"],
        &["help", "play"],
    ] {
        let output = scratch.run(arguments);
        assert!(output.status.success() && output.stderr.is_empty());
        assert!(text(&output.stdout).ends_with('\n'));
    }
}
