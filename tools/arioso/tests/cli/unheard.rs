// SPDX-License-Identifier: MIT OR Apache-2.0
//! Notes that a bank has nothing for, and songs without sound.

use crate::support::{Scratch, midi, row, text};
use arioso_bank::dls::{Bank, Instrument, Link, Region, Sample, Wave};

/// Program 1 only, on the keys up to 64; a wave that never ends.
fn small_bank() -> Vec<u8> {
    let region = Region {
        keys: (0, 64),
        velocities: (0, 127),
        key_group: 0,
        self_non_exclusive: true,
        wave: 0,
        link: Link::MONO,
        sample: None,
        articulation: Vec::new(),
    };
    Bank {
        name: "small".into(),
        copyright: String::new(),
        instruments: vec![Instrument {
            name: "one".into(),
            bank: 0,
            program: 0,
            regions: vec![region],
            articulation: Vec::new(),
        }],
        waves: vec![Wave {
            name: "one".into(),
            rate: 48_000,
            frames: (0..480)
                .map(|n| if n < 240 { 8000 } else { -8000 })
                .collect(),
            sample: Sample {
                unity: 60,
                fine_tune: 0,
                gain: 0.0,
                looped: Some((0, 480)),
                until_release: false,
            },
        }],
    }
    .to_bytes()
}

/// What is printed, and the warnings.
fn run(scratch: &Scratch, arguments: &[&str]) -> (String, String) {
    let output = scratch.run(arguments);
    let warnings = text(&output.stderr);
    assert!(output.status.success(), "{warnings}");
    (text(&output.stdout), warnings)
}

#[test]
fn missing_instruments_are_counted_and_named() {
    let scratch = Scratch::new("unheard");
    scratch.file("small.dls", &small_bank());
    let events: [(u32, &[u8]); 7] = [
        (0, &[0xC1, 127]),
        (0, &[0x90, 60, 100]),
        (100, &[0x91, 60, 100]),
        (100, &[0x91, 61, 100]),
        // An end, no note.
        (100, &[0x91, 61, 0]),
        (100, &[0x99, 36, 100]),
        (100, &[0x80, 60, 0]),
    ];
    scratch.file("song.mid", &midi(&events, 10));
    for pin in ["directmusic", "midi"] {
        let way = ["--bank", "small.dls", "--pin", pin];
        let play = [&["play", "song.mid"], &way[..]].concat();
        let (table, warning) = run(&scratch, &play);
        let value = row(&table, "notes without an instrument");
        assert_eq!(value, "1: drum kit 1 (Standard), 1 note");
        // A program that the bank lacks is played by the nearest; a kit cannot be.
        let lines: Vec<&str> = warning.lines().collect();
        assert_eq!(lines.len(), 2, "{warning}");
        let nearest = "program 1 (Acoustic Grand Piano) plays program 128 (Gunshot)";
        assert!(
            lines[0].starts_with("arioso: ") && lines[0].contains(nearest),
            "{warning}"
        );
        assert!(
            lines[1].starts_with("arioso: 1 of 4 notes are silent"),
            "{warning}"
        );
        assert!(
            lines[1].ends_with("drum kit 1 (Standard), 1 note"),
            "{warning}"
        );
        let (_, again) = run(&scratch, &[&["monitor", "song.mid"], &way[..]].concat());
        assert_eq!(again, warning);
    }
    // With everything there the row is there too.
    let (table, warning) = run(&scratch, &["play", "song.mid"]);
    assert_eq!(row(&table, "notes without an instrument"), "0");
    assert_eq!(warning, "");
}

#[test]
fn keys_that_an_instrument_lacks_are_counted_too() {
    let scratch = Scratch::new("keys");
    scratch.file("small.dls", &small_bank());
    let events: [(u32, &[u8]); 3] = [
        (0, &[0x90, 64, 100]),
        (100, &[0x90, 65, 100]),
        (100, &[0x90, 99, 100]),
    ];
    scratch.file("song.mid", &midi(&events, 10));
    let (table, warning) = run(&scratch, &["play", "song.mid", "--bank", "small.dls"]);
    let value = row(&table, "notes without an instrument");
    assert!(
        value.starts_with("2: keys 65 99 of program 1 (Acoustic Grand Piano)"),
        "{value}"
    );
    assert!(warning.starts_with("arioso: 2 of 3"), "{warning}");
}

#[test]
fn silence_is_told() {
    let scratch = Scratch::new("silent");
    scratch.file("small.dls", &small_bank());
    for (events, why) in [
        (vec![(0, &[0xC0, 1][..]), (9, &[0xB0, 7, 100])], "no notes"),
        (
            vec![(0, &[0xC9, 48][..]), (9, &[0x99, 60, 100])],
            "Orchestra",
        ),
        (
            vec![
                (0, &[0xB0, 7, 0][..]),
                (9, &[0x90, 60, 100]),
                (9, &[0x80, 60, 0]),
            ],
            "turned down",
        ),
    ] {
        scratch.file("song.mid", &midi(&events, 100));
        for command in ["play", "monitor"] {
            let (_, warning) = run(&scratch, &[command, "song.mid", "--bank", "small.dls"]);
            assert!(warning.starts_with("arioso: nothing sounds"), "{warning}");
            assert!(warning.contains(why), "{warning}");
            assert_eq!(warning.lines().count(), 1, "{warning}");
        }
    }
}
