// SPDX-License-Identifier: MIT OR Apache-2.0
//! `settings`, `bank use` and `bank list` on the simulated machine's settings: set, read back, heard.

use crate::support::{Scratch, image, midi, row, text, wav};
use arioso_bank::sf2::test_font::{header, plain, zone};
use arioso_bank::test_banks;
use std::fs;
use std::time::Instant;

/// Name, default, and a value that is not the default.
const NUMBERS: [(&str, &str, &str); 10] = [
    ("Voices", "256", "8"),
    ("Quality", "1", "2"),
    ("SliceBudget", "100", "345"),
    ("EndpointLead", "3", "7"),
    ("DownloadMemory", "512", "64"),
    ("BankMemory", "256", "32"),
    ("CableSynth", "0", "1"),
    ("Dither", "0", "1"),
    ("RenderUnits", "0", "1"),
    ("WaveSinkFeed", "0", "1"),
];

#[test]
fn each_is_set_read_back_and_taken_back() {
    let scratch = Scratch::new("set");
    let get = |name: &str| scratch.good(&["settings", "get", name]);
    for (name, default, value) in NUMBERS {
        assert_eq!(get(name), format!("{default}\n"), "{name}");
        let said = scratch.good(&["settings", "set", &name.to_lowercase(), value]);
        assert!(said.starts_with(&format!("{name} = {value}")), "{said}");
        assert_eq!(get(name), format!("{value}\n"));
        let list = scratch.good(&["settings", "list"]);
        assert!(row(&list, name).starts_with(value), "{list}");
        scratch.good(&["settings", "reset", name]);
        assert_eq!(get(name), format!("{default}\n"));
    }
    for (name, _, value) in NUMBERS {
        scratch.good(&["settings", "set", name, value]);
    }
    for (name, _, value) in NUMBERS {
        assert_eq!(get(name), format!("{value}\n"), "beside the others");
    }
    scratch.good(&["settings", "reset"]);
    for (name, default, _) in NUMBERS {
        assert_eq!(get(name), format!("{default}\n"));
    }
    // The words of a value, and all names in the help.
    assert!(
        scratch
            .good(&["settings", "set", "Quality", "Sinc16"])
            .starts_with("Quality = 2 (sinc16)")
    );
    let help = scratch.good(&["settings", "set", "--help"]);
    for (name, ..) in NUMBERS {
        assert!(help.contains(name), "{help}");
    }
    assert!(help.contains("1 to 4096") && help.contains("linear, sinc8, sinc16"));
}

#[test]
fn what_is_wrong_is_one_line_and_changes_nothing() {
    let scratch = Scratch::new("wrong");
    scratch.good(&["settings", "set", "Voices", "77"]);
    let file = scratch.read("home/settings.json");
    for (arguments, code, told) in [
        (&["set", "Voices", "0"][..], 2, "from 1 to 4096, not \"0\""),
        (&["set", "Voices", "4097"], 2, "from 1 to 4096"),
        (&["set", "Voices", "many"], 2, "not \"many\""),
        (&["set", "Quality", "3"], 2, "(linear, sinc8, sinc16)"),
        (&["set", "Loudness", "3"], 2, "no setting \"Loudness\""),
        (&["get", "Loudness"], 2, "there are Voices, Quality"),
        (&["reset", "Loudness"], 2, "no setting"),
        (&["set", "Voices"], 2, ""),
        (&["set", "BankPath", "nowhere.dls"], 3, "no such file"),
        (&["set", "BankPath", "song.mid"], 3, "song.mid"),
    ] {
        let line = scratch.bad(&[&["settings"], arguments].concat(), code);
        assert!(line.contains(told), "{line}");
    }
    for (arguments, code) in [
        (&["bank", "use"][..], 2),
        (&["bank", "use", "-"], 2),
        (&["bank", "use", "song.mid", "--default"], 2),
        (&["bank", "use", "nowhere.sf2"], 3),
        (&["bank", "use", "song.mid"], 3),
        (&["bank", "use", "."], 3),
    ] {
        scratch.bad(arguments, code);
    }
    assert_eq!(scratch.read("home/settings.json"), file);
    assert_eq!(scratch.names(), ["home", "song.mid"]);
    // A file that somebody broke.
    for broken in ["{", "[1]", "{\"Voices\": 9999}", "{\"Loudness\": 1}"] {
        fs::write(scratch.path("home/settings.json"), broken).unwrap();
        for command in [&["settings", "list"][..], &["play", "song.mid"]] {
            let line = scratch.bad(command, 3);
            assert!(
                line.contains("settings.json") && line.contains("delete it"),
                "{line}"
            );
        }
    }
}

/// Sixteen keys of a piano at once for a second.
fn chord() -> Vec<u8> {
    let on: Vec<[u8; 3]> = (0..16).map(|n| [0x90, 40 + n, 100]).collect();
    let off: Vec<[u8; 3]> = (0..16).map(|n| [0x80, 40 + n, 0]).collect();
    let mut events: Vec<(u32, &[u8])> = on.iter().map(|m| (0, &m[..])).collect();
    events.extend(
        off.iter()
            .enumerate()
            .map(|(n, m)| (if n == 0 { 200 } else { 0 }, &m[..])),
    );
    midi(&events, 10)
}

#[test]
fn they_are_heard() {
    if !image().is_file() {
        return;
    }
    let scratch = Scratch::new("heard");
    scratch.file("song.mid", &chord());
    let play = |options: &[&str]| {
        let arguments = [&["play", "song.mid", "-o", "x.wav"], options].concat();
        scratch.run(&arguments);
        scratch.read("x.wav")
    };
    let usual = play(&[]);
    for (name, value, option) in [
        ("Quality", "linear", "--quality=linear"),
        ("Voices", "4", "--voices=4"),
        ("Dither", "on", "--dither"),
    ] {
        let named = play(&[option]);
        assert!(named != usual, "{option}");
        scratch.good(&["settings", "set", name, value]);
        assert!(play(&[]) == named, "{name} {value}");
        scratch.good(&["settings", "reset", name]);
        assert!(play(&[]) == usual, "no {name}");
    }
    // What the command names counts more.
    scratch.good(&["settings", "set", "Quality", "linear"]);
    assert!(play(&["--quality=sinc8"]) == usual);
    scratch.good(&["settings", "reset"]);
    // An instrument of 0.8 MB; one program may download half of what all may.
    scratch.file("large.sf2", &font_of(400_000));
    let large = || {
        scratch.run(&[
            "play",
            "song.mid",
            "--bank",
            "large.sf2",
            "-o",
            "x.wav",
            "--pin",
            "directmusic",
        ])
    };
    let taken = large();
    assert!(taken.status.success(), "{}", text(&taken.stderr));
    scratch.good(&["settings", "set", "DownloadMemory", "1"]);
    let refused = large();
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused.stderr));
    assert!(text(&refused.stderr).starts_with("arioso: "));
}

/// A SoundFont of one instrument, with a sample of so many frames.
fn font_of(frames: u32) -> Vec<u8> {
    let mut font = plain(vec![zone(&[(41, 0)])], vec![zone(&[(53, 0)])]);
    font.presets[0].1 = 0;
    font.samples = vec![header(0, frames)];
    font.frames = (0..u64::from(frames) + 100)
        .map(|n| (n * 7919 % 30_011) as i16)
        .collect();
    font.bytes()
}

/// A DLS file and a SoundFont are played by whatever plays, until the default comes back.
#[test]
fn a_bank_is_used_by_all() {
    let scratch = Scratch::new("use");
    let dc = test_banks::dc(44_100);
    scratch.file("level.dls", &dc);
    let mut font = plain(vec![zone(&[(41, 0)])], vec![zone(&[(53, 0)])]);
    font.presets[0].1 = 0;
    scratch.file("a font.sf2", &font.bytes());
    let play = |pin: &str, bank: &[&str]| {
        let arguments = ["play", "song.mid", "-o", "x.wav", "--pin", pin];
        let output = scratch.run(&[&arguments, bank].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        wav(&scratch.read("x.wav")).0
    };
    let said = scratch.good(&["bank", "use", "level.dls"]);
    assert!(
        said.starts_with("level-") && said.contains(".dls, "),
        "{said}"
    );
    for pin in ["directmusic", "midi"] {
        let used = play(pin, &[]);
        // A constant.
        assert!(
            used[used.len() / 4..used.len() / 2]
                .iter()
                .all(|f| f[0] > 1000)
        );
        assert!(used == play(pin, &["--bank", "level.dls"]));
    }
    let said = scratch.good(&["bank", "use", "a font.sf2"]);
    assert!(said.starts_with("a font-"), "{said}");
    assert!(play("midi", &[]) == play("midi", &["--bank", "a font.sf2"]));
    let list = scratch.good(&["bank", "list"]);
    let marked: Vec<&str> = list.lines().filter(|line| line.contains('*')).collect();
    assert!(marked.len() == 1 && marked[0].contains("a font"), "{list}");
    assert!(
        list.contains("level") && list.contains("built-in"),
        "{list}"
    );

    // Known files are not converted again, whatever they are called now; changed ones are others.
    let kept = || {
        let mut kept: Vec<_> = fs::read_dir(scratch.path("home/banks"))
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| {
                (
                    entry.file_name(),
                    entry.metadata().unwrap().modified().unwrap(),
                )
            })
            .collect();
        kept.sort();
        kept
    };
    let before = kept();
    assert_eq!(before.len(), 2);
    fs::rename(scratch.path("level.dls"), scratch.path("other.dls")).unwrap();
    scratch.good(&["bank", "use", "other.dls"]);
    assert_eq!(kept(), before);
    scratch.file("other.dls", &[&dc[..], &[0; 2]].concat());
    scratch.good(&["bank", "use", "other.dls"]);
    assert_eq!(kept().len(), 3);

    // The kept one lives without the file.
    fs::remove_file(scratch.path("other.dls")).unwrap();
    assert!(play("midi", &[])[1000][0] > 1000);
    scratch.good(&["bank", "use", "--default"]);
    let built_in = play("midi", &[]);
    scratch.good(&["bank", "build", "-o", "built-in.dls"]);
    assert!(built_in == play("midi", &["--bank", "built-in.dls"]));
    // Taken away by hand: one line.
    scratch.good(&["bank", "use", "a font.sf2"]);
    fs::remove_dir_all(scratch.path("home/banks")).unwrap();
    let line = scratch.bad(&["play", "song.mid"], 3);
    assert!(line.contains("no such file"), "{line}");
}

/// Thirty megabytes, converted and taken into use.
#[test]
fn a_sound_font_of_30_mb_is_used() {
    let scratch = Scratch::new("large");
    let file = scratch.file("large.sf2", &font_of(15_500_000));
    let size = fs::metadata(file).unwrap().len();
    assert!(size > 30_000_000);
    for time in ["converted", "known"] {
        let begin = Instant::now();
        scratch.good(&["bank", "use", "large.sf2"]);
        println!("bank use of {size} bytes, {time}: {:?}", begin.elapsed());
    }
    let list = scratch.good(&["bank", "list"]);
    assert!(list.contains("29.6 MB"), "{list}");
}
