// SPDX-License-Identifier: MIT OR Apache-2.0
//! A song is watched, reported and drawn. The driver must have been built (`cargo xtask build`), or `ARIOSO_SYS` names it.

use arioso_cli::song::{Event, SECOND, write};
use arioso_cli::trace::Trace;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

fn image() -> PathBuf {
    let built =
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/driver/x64/release/arioso.sys");
    env::var_os("ARIOSO_SYS").map_or_else(built, PathBuf::from)
}

/// What a command in `directory` printed.
fn arioso(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_arioso"))
        .env("ARIOSO_HOME", "/nonexistent")
        .args(arguments)
        .current_dir(directory)
        .env("ARIOSO_SYS", image())
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && error.is_empty(), "{error}");
    String::from_utf8(output.stdout).unwrap()
}

/// Four notes of the built-in bank's organ, one each half second, held until 3 s.
fn song() -> Vec<u8> {
    let mut events = vec![(0, vec![0xC0, 19])];
    for n in 0..4u8 {
        events.push((i64::from(n) * SECOND / 2, vec![0x90, 60 + n, 100]));
    }
    for n in 0..4u8 {
        events.push((3 * SECOND, vec![0x80, 60 + n, 64]));
    }
    let events: Vec<Event> = events
        .into_iter()
        .map(|(time, message)| Event {
            time,
            group: 1,
            message,
        })
        .collect();
    write::write(&events).unwrap()
}

fn scratch(name: &str) -> PathBuf {
    let directory = env::temp_dir().join(format!("arioso-watch-{}-{name}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("song.mid"), song()).unwrap();
    directory
}

fn size(png: &[u8]) -> (u32, u32) {
    let reader = png::Decoder::new(std::io::Cursor::new(png))
        .read_info()
        .unwrap();
    (reader.info().width, reader.info().height)
}

#[test]
fn the_report_follows_the_song() {
    for out in ["sink", "endpoint"] {
        let directory = scratch(out);
        arioso(
            &directory,
            &["play", "song.mid", "--out", out, "--report", "song.json"],
        );
        let bytes = fs::read(directory.join("song.json")).unwrap();
        let trace: Trace = serde_json::from_slice(&bytes).unwrap();
        assert_eq!((trace.output.as_str(), trace.rate), (out, 48_000));
        // An organ's key has one or more voices; they do not end while it is held.
        let at = |time: f64| {
            let found = trace.samples.iter().find(|sample| sample.time_s >= time);
            found
                .unwrap_or_else(|| panic!("nothing at {time} s"))
                .clone()
        };
        let one = at(0.4).voices;
        assert!(one > 0);
        for n in 1..4u32 {
            let voices = at(f64::from(n) * 0.5 + 0.4).voices;
            assert_eq!(voices, one * (n + 1), "{n}, {out}");
        }
        assert!(trace.samples.iter().all(|sample| sample.lost_notes == 0));
        let last = trace.samples.last().unwrap();
        assert!(last.voices == 0 && last.time_s > 3.0);
        assert!(at(1.0).slice_us > 0.0, "rendering takes time");
        match out {
            "sink" => assert_eq!(at(1.0).level_db, None),
            _ => assert!(at(1.0).level_db > Some(-60.0) && last.level_db.is_none()),
        }
        for file in ["song.json", "song.wav"] {
            assert_eq!(arioso(&directory, &["plot", file]).trim(), "song.png");
            let png = fs::read(directory.join("song.png")).unwrap();
            assert_eq!(size(&png).0, 1000);
            fs::remove_file(directory.join("song.png")).unwrap();
        }
        fs::remove_dir_all(directory).unwrap();
    }
}

#[test]
fn without_a_terminal_the_monitor_prints_a_table() {
    let directory = scratch("monitor");
    let started = std::time::Instant::now();
    for arguments in [
        &["monitor", "song.mid"][..],
        &["monitor", "song.mid", "--once"],
    ] {
        let table = arioso(&directory, arguments);
        let row = |name: &str| {
            let line = table
                .lines()
                .find_map(|line| line.trim().strip_prefix(name));
            line.unwrap_or_else(|| panic!("no {name} in {table}"))
                .trim()
        };
        assert_eq!((row("notes lost"), row("events late")), ("0", "0"));
        assert!(row("peak voices").parse::<u32>().unwrap() >= 4);
        let level: f64 = row("peak level")
            .strip_suffix(" dB")
            .unwrap()
            .parse()
            .unwrap();
        assert!((-60.0..=0.0).contains(&level));
        let cost = |row: &str| -> f64 { row.split(' ').next().unwrap().parse().unwrap() };
        assert!(cost(row("slice (1 ms)")) > 0.0);
        assert!(cost(row("longest DPC")) >= cost(row("slice (1 ms)")));
    }
    // Not in real time: two songs of 7 seconds.
    assert!(started.elapsed().as_secs() < 10);
    // It leaves no files.
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
    fs::remove_dir_all(directory).unwrap();
}
