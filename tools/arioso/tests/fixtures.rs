// SPDX-License-Identifier: MIT OR Apache-2.0
//! The MIDI files that other projects test their readers with, from PyPI: refused may be only what has no event to play. Of today's source
//! packages music21's alone has such files (23, one of them odd, none refused); pretty_midi and mido leave theirs out.
//!
//! They are fetched when the test is asked for, with `pip` and `tar`: `cargo test --release -p arioso-cli --test fixtures -- --ignored
//! --nocapture`. `ARIOSO_MIDI` names a directory of MIDI files that is looked at instead. The kinds that were found in them are written by
//! code in `odd_files.rs`.

use arioso_cli::song::smf;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const PACKAGES: [&str; 3] = ["pretty_midi", "mido", "music21"];

fn run(command: &mut Command) {
    let status = command.status();
    assert!(status.is_ok_and(|status| status.success()), "{command:?}");
}

/// The MIDI files under a directory.
fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
        if path.is_dir() {
            files(&path, found);
        } else if ["mid", "midi", "rmi", "kar", "smf"]
            .iter()
            .any(|e| extension == *e)
        {
            found.push(path);
        }
    }
}

/// A message of a channel could be in these bytes: after any delta time, in any track. It reads no event: a file in which it finds
/// none has none.
fn could_play(bytes: &[u8]) -> bool {
    let mut tracks = bytes
        .windows(4)
        .enumerate()
        .filter(|(_, id)| *id == b"MTrk");
    tracks.any(|(at, _)| {
        let data = &bytes[bytes.len().min(at + 8)..];
        let status = |pair: &[u8]| pair[0] < 0x80 && (0x80..0xF0).contains(&pair[1]);
        data.windows(2).any(status)
    })
}

#[test]
#[ignore = "fetches from PyPI"]
fn only_files_without_an_event_are_refused() {
    if let Some(own) = env::var_os("ARIOSO_MIDI") {
        return check(Path::new(&own));
    }
    let directory = env::temp_dir().join(format!("arioso-fixtures-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    for package in PACKAGES {
        let pip = [
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--no-binary",
            ":all:",
            package,
        ];
        run(Command::new("python3").args(pip).current_dir(&directory));
    }
    for entry in fs::read_dir(&directory).unwrap() {
        run(Command::new("tar")
            .arg("xzf")
            .arg(entry.unwrap().path())
            .current_dir(&directory));
    }
    check(&directory);
    fs::remove_dir_all(&directory).unwrap();
}

/// Reads all files under a directory.
fn check(directory: &Path) {
    let mut all = Vec::new();
    files(directory, &mut all);
    let (mut odd, mut refused, mut wrong) = (0, Vec::new(), Vec::new());
    for path in &all {
        let bytes = fs::read(path).unwrap();
        let name = path.strip_prefix(directory).unwrap().display();
        match smf::open(&bytes) {
            Ok(reading) => {
                if !reading.odd.is_empty() {
                    odd += 1;
                    println!("{name}: {}", reading.odd);
                }
            }
            Err(why) => {
                println!("{name} is refused: {why}");
                if could_play(&bytes) {
                    wrong.push(format!("{name}: {why}"));
                }
                refused.push(name.to_string());
            }
        }
    }
    println!("{} files, {odd} odd, {} refused", all.len(), refused.len());
    assert!(all.len() >= 15, "{} files", all.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}
