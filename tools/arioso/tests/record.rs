// SPDX-License-Identifier: MIT OR Apache-2.0
//! MIDI file → driver in the simulated kernel → capture pin → MIDI file. The driver must have been built (`cargo xtask build`), or
//! `ARIOSO_SYS` names it.

use arioso_cli::song::{Event, SECOND, smf, write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

fn image() -> PathBuf {
    let built =
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/driver/x64/release/arioso.sys");
    env::var_os("ARIOSO_SYS").map_or_else(built, PathBuf::from)
}

fn record(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_arioso"))
        .env("ARIOSO_HOME", "/nonexistent")
        .arg("record")
        .args(arguments)
        .current_dir(directory)
        .env("ARIOSO_SYS", image())
        .output()
        .unwrap()
}

/// Notes, programs, System Exclusive of all lengths; some at the same time.
fn song(groups: u32) -> Vec<Event> {
    let mut events = Vec::new();
    for n in 0..600i64 {
        // Multiples of a tick, so that the file tells them exactly.
        let time = n / 3 * 1237 * 200;
        let (key, channel) = ((n % 128) as u8, (n % 16) as u8);
        let message = match n % 5 {
            0 => vec![0xC0 | channel, key],
            1..4 => vec![0x90 | channel, key, 1],
            _ => {
                let mut long = vec![0xF0, 0x7D];
                long.resize(2 + 31 * n as usize, key);
                long.push(0xF7);
                long
            }
        };
        let group = 1 + n as u32 % groups;
        events.push(Event {
            time,
            group,
            message,
        });
    }
    events
}

/// The recording says what the song says, at the same times.
fn round_trip(pin: &str, groups: u32) {
    let directory = env::temp_dir().join(format!("arioso-record-{}-{pin}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let sent = song(groups);
    fs::write(directory.join("song.mid"), write::write(&sent).unwrap()).unwrap();
    let output = record(&directory, &["song.mid", "--pin", pin]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && error.is_empty(), "{error}");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("600 of 600"), "{text}");
    let bytes = fs::read(directory.join("song.recorded.mid")).unwrap();
    let seen = smf::read(&bytes).unwrap().events;
    assert_eq!(seen.len(), sent.len());
    for group in 1..=groups {
        let of = |events: &[Event]| -> Vec<Event> {
            let own = events.iter().filter(|event| event.group == group);
            own.cloned().collect()
        };
        for (seen, sent) in of(&seen).iter().zip(&of(&sent)) {
            assert_eq!(seen.message, sent.message);
            let off = (seen.time - sent.time).abs();
            assert!(off < SECOND / 10_000, "{off} off");
        }
    }
    fs::remove_dir_all(directory).unwrap();
}

#[test]
fn a_song_on_the_directmusic_range() {
    round_trip("directmusic", 2);
}

#[test]
fn a_song_on_the_midi_range() {
    round_trip("midi", 1);
}

#[test]
fn errors_leave_nothing() {
    let directory = env::temp_dir().join(format!("arioso-record-{}-errors", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("bad.mid"), b"MThd").unwrap();
    fs::write(directory.join("song.mid"), write::write(&song(1)).unwrap()).unwrap();
    for (arguments, code) in [
        (&["missing.mid"][..], 3),
        (&["bad.mid"], 3),
        (&["song.mid", "-o", "nowhere/take.mid"], 4),
        (&["song.mid", "--pin", "usb"], 2),
    ] {
        let output = record(&directory, arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(
            error.starts_with("arioso: ") && error.lines().count() == 1,
            "{error}"
        );
        assert!(output.stdout.is_empty());
    }
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 2);
    fs::remove_dir_all(directory).unwrap();
}
