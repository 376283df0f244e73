// SPDX-License-Identifier: MIT OR Apache-2.0
//! The whole way: MIDI file → driver in the simulated kernel → WAV. The driver must have been built (`cargo xtask build`), or
//! `ARIOSO_SYS` names it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const RATE: u32 = 48_000;

fn image() -> PathBuf {
    let built =
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/driver/x64/release/arioso.sys");
    env::var_os("ARIOSO_SYS").map_or_else(built, PathBuf::from)
}

/// Format 0, 96 ticks per quarter of 500 ms: a rest of half a second, then a note of a second.
const MIDI: &[u8] =
    b"MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk\0\0\0\x0D\x60\x90\x3C\x7F\x81\x40\x80\x3C\x40\0\xFF\x2F\0";

/// Plays a 1 kHz sine; gives the frames and what was printed.
fn play(pin: &str) -> (Vec<[i16; 2]>, String) {
    let directory = env::temp_dir().join(format!("arioso-play-{}-{pin}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("song.mid"), MIDI).unwrap();
    // 10 periods in 480 frames.
    fs::write(
        directory.join("sine.dls"),
        arioso_bank::test_banks::sine_wave(RATE, 480, 10),
    )
    .unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_arioso"))
        .env("ARIOSO_HOME", "/nonexistent")
        .args(["play", "song.mid", "--bank", "sine.dls", "--pin", pin])
        .current_dir(&directory)
        .env("ARIOSO_SYS", image())
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success() && error.is_empty(),
        "{}\n{error}",
        output.status
    );
    let mut reader = hound::WavReader::open(directory.join("song.wav")).unwrap();
    assert_eq!(
        (reader.spec().sample_rate, reader.spec().channels),
        (RATE, 2)
    );
    let samples: Vec<i16> = reader.samples().map(Result::unwrap).collect();
    fs::remove_dir_all(&directory).unwrap();
    (
        samples.as_chunks().0.to_vec(),
        String::from_utf8(output.stdout).unwrap(),
    )
}

fn row<'a>(table: &'a str, name: &str) -> &'a str {
    let line = table
        .lines()
        .find_map(|line| line.trim_start().strip_prefix(name));
    line.unwrap_or_else(|| panic!("no {name} in {table}"))
        .trim()
}

fn check(pin: &str) {
    let (frames, table) = play(pin);
    for (name, value) in [
        ("notes lost", "0"),
        ("notes", "1"),
        ("events", "2 of 2"),
        ("peak voices", "1"),
        ("events late", "0"),
        ("verifier", "clean"),
    ] {
        let line = table
            .lines()
            .map(str::trim)
            .find(|line| line.starts_with(&format!("{name} ")))
            .unwrap();
        assert_eq!(row(line, name), value);
    }
    assert_eq!(table.lines().last(), Some("song.wav"));

    // The note begins half a second into the file. The sine's own first frame is zero.
    let first = frames.iter().position(|frame| *frame != [0, 0]).unwrap();
    let expected = RATE as usize / 2;
    assert!(first.abs_diff(expected) <= 2, "starts at frame {first}");
    let last = frames.iter().rposition(|frame| *frame != [0, 0]).unwrap();
    // A release of no time is a fade of a few milliseconds.
    let end = expected + RATE as usize;
    assert!(
        (end..end + RATE as usize / 200).contains(&last),
        "ends at frame {last}"
    );

    // 1000 rising zero crossings in its second, and the same on both sides.
    let note = &frames[expected..expected + RATE as usize];
    let rises = note
        .windows(2)
        .filter(|pair| pair[0][0] < 0 && pair[1][0] >= 0)
        .count();
    assert!(rises.abs_diff(1000) <= 1, "{rises} periods");
    assert!(note.iter().all(|frame| frame[0] == frame[1]));
}

#[test]
fn on_the_directmusic_range() {
    check("directmusic");
}

#[test]
fn on_the_midi_range() {
    check("midi");
}

/// Drums, chords, controllers and reverberation.
#[test]
fn the_endpoint_gives_the_bits_of_the_wave_sink() {
    let directory = env::temp_dir().join(format!("arioso-play-{}-out", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    for rate in ["44100", "48000"] {
        let play = |out: &str| {
            let output = Command::new(env!("CARGO_BIN_EXE_arioso"))
                .env("ARIOSO_HOME", "/nonexistent")
                .args(["demo", "--rate", rate, "--out", out, "-o", "song.wav"])
                .current_dir(&directory)
                .env("ARIOSO_SYS", image())
                .output()
                .unwrap();
            let error = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success() && error.is_empty(), "{error}");
            fs::read(directory.join("song.wav")).unwrap()
        };
        let (sink, endpoint) = (play("sink"), play("endpoint"));
        let different = sink.iter().zip(&endpoint).position(|(a, b)| a != b);
        assert_eq!((sink.len(), different), (endpoint.len(), None), "at {rate}");
        let samples = sink[44..].as_chunks().0;
        let loudest = samples
            .iter()
            .map(|s| i16::from_le_bytes(*s).unsigned_abs());
        assert!(loudest.max() > Some(3000));
    }
    fs::remove_dir_all(&directory).unwrap();
}
