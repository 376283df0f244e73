// SPDX-License-Identifier: MIT OR Apache-2.0
//! What goes wrong is told in one line, with an exit code, and leaves no WAV behind.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

/// A directory of the test's own.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("arioso-cli-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        path
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(&self.0)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn arioso(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_arioso"))
        .env("ARIOSO_HOME", "/nonexistent")
        .args(arguments)
        .current_dir(directory)
        // No build: these errors come before the driver is looked for.
        .env("ARIOSO_SYS", "/nonexistent/arioso.sys")
        .output()
        .unwrap()
}

/// The error's line; checks that there is only that, and the exit code.
fn complaint(output: &Output, code: i32) -> String {
    let error = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(error.starts_with("arioso: "), "{error}");
    assert!(output.stdout.is_empty());
    error
}

/// Format 0, 96 ticks, one note.
const MIDI: &[u8] =
    b"MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk\0\0\0\x0C\0\x90\x3C\x40\x60\x80\x3C\x40\0\xFF\x2F\0";

#[test]
fn missing_files() {
    let scratch = Scratch::new("missing");
    let error = complaint(&arioso(&scratch.0, &["play", "nothing.mid"]), 3);
    assert!(
        error.contains("nothing.mid") && error.contains("no such file"),
        "{error}"
    );
    scratch.file("song.mid", MIDI);
    for command in ["monitor", "plot"] {
        let error = complaint(&arioso(&scratch.0, &[command, "nothing.mid"]), 3);
        assert!(error.contains("no such file"), "{error}");
    }
    let error = complaint(
        &arioso(&scratch.0, &["play", "song.mid", "--bank", "nothing.dls"]),
        3,
    );
    assert!(error.contains("nothing.dls"), "{error}");
    assert_eq!(scratch.names(), ["song.mid"]);
}

#[test]
fn bad_midi() {
    let scratch = Scratch::new("midi");
    for (name, content) in [
        ("text", &b"this is no music"[..]),
        ("cut", &MIDI[..24]),
        ("empty", b""),
    ] {
        scratch.file("song.mid", content);
        let error = complaint(
            &arioso(&scratch.0, &["play", "song.mid", "-o", "out.wav"]),
            3,
        );
        assert!(
            error.contains("song.mid") && error.contains("MIDI File"),
            "{name}: {error}"
        );
    }
    assert_eq!(scratch.names(), ["song.mid"]);
}

#[test]
fn bad_banks() {
    let scratch = Scratch::new("bank");
    scratch.file("song.mid", MIDI);
    for content in [
        &b"RIFF"[..],
        b"RIFF\x04\0\0\0WAVE",
        b"RIFF\x04\0\0\0DLS ",
        b"",
    ] {
        scratch.file("bank.dls", content);
        let error = complaint(
            &arioso(
                &scratch.0,
                &["play", "song.mid", "--bank", "bank.dls", "-o", "out.wav"],
            ),
            3,
        );
        assert!(
            error.contains("bank.dls") && error.contains("DLS"),
            "{error}"
        );
    }
    assert_eq!(scratch.names(), ["bank.dls", "song.mid"]);
}

#[test]
fn bad_options() {
    let scratch = Scratch::new("options");
    scratch.file("song.mid", MIDI);
    for arguments in [
        &["play"][..],
        &[],
        &["dance"],
        &["play", "song.mid", "--rate", "100"],
        &["play", "song.mid", "--rate", "fast"],
        &["play", "song.mid", "--pin", "usb"],
        &["play", "song.mid", "--loud"],
        &["play", "song.mid", "--out", "speaker"],
        &["monitor"],
        &["monitor", "song.mid", "--rate", "22050"],
        &["plot"],
    ] {
        let error = complaint(&arioso(&scratch.0, arguments), 2);
        assert!(error.contains("--help"), "{error}");
    }
    assert_eq!(scratch.names(), ["song.mid"]);
}

#[test]
fn bad_outputs() {
    let scratch = Scratch::new("output");
    scratch.file("song.mid", MIDI);
    for path in [".", "no/such/directory/out.wav"] {
        let error = complaint(&arioso(&scratch.0, &["play", "song.mid", "-o", path]), 4);
        assert!(error.contains("cannot write"), "{error}");
    }
    let report = ["play", "song.mid", "--report", "no/report.json"];
    complaint(&arioso(&scratch.0, &report), 4);
    complaint(
        &arioso(&scratch.0, &["plot", "song.mid", "-o", "no/x.png"]),
        4,
    );
    assert_eq!(scratch.names(), ["song.mid"]);
}

#[test]
fn missing_driver() {
    let scratch = Scratch::new("driver");
    scratch.file("song.mid", MIDI);
    let error = complaint(&arioso(&scratch.0, &["play", "song.mid"]), 5);
    assert!(error.contains("ARIOSO_SYS"), "{error}");
    assert_eq!(scratch.names(), ["song.mid"]);
}

#[test]
fn help_is_no_error() {
    let scratch = Scratch::new("help");
    let output = arioso(&scratch.0, &["--help"]);
    assert!(output.status.success());
    assert!(String::from_utf8(output.stdout).unwrap().contains("play"));
}

#[test]
fn the_bank_can_be_written() {
    let scratch = Scratch::new("write");
    let output = arioso(&scratch.0, &["bank", "build", "-o", "gm.dls"]);
    assert!(output.status.success());
    assert_eq!(scratch.names(), ["gm.dls"]);
    let bytes = fs::read(scratch.0.join("gm.dls")).unwrap();
    assert!(bytes.starts_with(b"RIFF") && bytes.len() < 4 << 20);
}

/// Installed by `cargo xtask setup`.
const SOUND_FONT: &str = "/usr/share/sounds/sf2/sf_GMbank.sf2";

#[test]
fn broken_sound_fonts_leave_nothing() {
    let scratch = Scratch::new("sf2");
    let font = fs::read(SOUND_FONT).unwrap();
    scratch.file("song.mid", MIDI);
    scratch.file("cut.sf2", &font[..font.len() / 2]);
    let mut bad = font.clone();
    let at = bad.windows(4).position(|bytes| bytes == b"pbag").unwrap();
    bad[at] = b'x';
    scratch.file("bags.sf2", &bad);
    scratch.file("text.sf2", b"this is no bank at all");
    let names = scratch.names();
    for (name, why) in [
        ("cut.sf2", "cut off"),
        ("bags.sf2", "pbag"),
        ("text.sf2", "not a SoundFont"),
    ] {
        let convert = ["bank", "convert", name, "-o", "out.dls"];
        let error = complaint(&arioso(&scratch.0, &convert), 3);
        assert!(error.contains(name) && error.contains(why), "{error}");
        complaint(&arioso(&scratch.0, &["bank", "info", name]), 3);
        complaint(
            &arioso(&scratch.0, &["play", "song.mid", "--bank", name]),
            3,
        );
    }
    let nowhere = ["bank", "convert", SOUND_FONT, "-o", "no/where.dls"];
    complaint(&arioso(&scratch.0, &nowhere), 4);
    complaint(&arioso(&scratch.0, &["bank", "convert", "none.sf2"]), 3);
    assert_eq!(scratch.names(), names);
}

#[test]
fn a_converted_bank_is_the_sound_font() {
    let scratch = Scratch::new("convert");
    let output = arioso(&scratch.0, &["bank", "convert", SOUND_FONT]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(scratch.names(), ["sf_GMbank.dls"]);
    let info = |file: &str| {
        let output = arioso(&scratch.0, &["bank", "info", file]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    // All but the form: names, regions, loops, waves and sizes.
    let (before, after) = (info(SOUND_FONT), info("sf_GMbank.dls"));
    let rest = |text: &str| -> Vec<String> {
        text.lines()
            .filter(|line| !line.trim_start().starts_with("form"))
            .map(str::to_owned)
            .collect()
    };
    assert!(before.lines().count() > 300, "{before}");
    assert_eq!(rest(&before), rest(&after));
}

#[test]
fn the_endpoint_has_three_rates() {
    let scratch = Scratch::new("rates");
    scratch.file("song.mid", MIDI);
    let error = complaint(
        &arioso(
            &scratch.0,
            &["play", "song.mid", "--out", "endpoint", "--rate", "22050"],
        ),
        2,
    );
    assert!(
        error.contains("22050") && error.contains("48000"),
        "{error}"
    );
    assert_eq!(scratch.names(), ["song.mid"]);
}

#[test]
fn what_cannot_be_drawn() {
    let scratch = Scratch::new("plot");
    for (content, why) in [
        (&b"this is no sound"[..], "neither"),
        (b"RIFF\x04\0\0\0WAVE", "WAV"),
        (b"{\"latency_us\": []}", "nothing"),
    ] {
        scratch.file("input", content);
        let error = complaint(&arioso(&scratch.0, &["plot", "input"]), 3);
        assert!(error.contains("input") && error.contains(why), "{error}");
    }
    assert_eq!(scratch.names(), ["input"]);
}
