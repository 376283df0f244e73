// SPDX-License-Identifier: MIT OR Apache-2.0
//! Real input: every song of OpenMSX (Debian's openttd-openmsx), on both ranges, through the command line and the driver's image.
//! What is printed at the end is for people; nothing here depends on the machine's speed.

use libtest_mimic::{Arguments, Failed, Trial};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::{env, fs};

/// Where Debian puts it; `ARIOSO_OPENMSX` names another place.
const SONGS: &str = "/usr/share/games/openttd/baseset/openmsx";

/// What a song's table said.
struct Row {
    song: String,
    range: &'static str,
    length: String,
    notes: String,
    voices: String,
    /// Times real time.
    speed: u32,
}

static ROWS: Mutex<Vec<Row>> = Mutex::new(Vec::new());

fn main() {
    let mut arguments = Arguments::from_args();
    // Each is a process of its own that uses one processor.
    arguments.test_threads = arguments.test_threads.or(Some(2));
    let mut trials = vec![Trial::test("the songs are there", || {
        songs().map(|songs| assert!(songs.len() >= 30, "{} songs", songs.len()))
    })];
    for song in songs().unwrap_or_default() {
        let name = format!("{} on both ranges", stem(&song));
        trials.push(Trial::test(name, move || {
            let [downloads, own] = [play(&song, "directmusic")?, play(&song, "midi")?];
            same(&downloads, &own)
        }));
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    print_table();
    conclusion.exit();
}

fn songs() -> Result<Vec<PathBuf>, Failed> {
    let directory = env::var_os("ARIOSO_OPENMSX").map_or(SONGS.into(), PathBuf::from);
    let entries = fs::read_dir(&directory).map_err(|error| {
        let directory = directory.display();
        format!("{directory}: {error}: install openttd-openmsx (cargo xtask setup)")
    })?;
    let mut songs = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "mid") {
            songs.push(path);
        }
    }
    songs.sort();
    Ok(songs)
}

fn stem(path: &Path) -> String {
    path.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// The image under test, which `cargo xtask build` leaves.
fn image() -> PathBuf {
    let built =
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/driver/x64/release/arioso.sys");
    env::var_os("ARIOSO_SYS").map_or_else(built, PathBuf::from)
}

/// Downloaded instruments sound as the driver's own.
fn same(downloads: &[u8], own: &[u8]) -> Result<(), Failed> {
    let different = downloads.iter().zip(own).position(|(a, b)| a != b);
    match different {
        None if downloads.len() == own.len() => Ok(()),
        None => Err(format!("{} and {} bytes", downloads.len(), own.len()).into()),
        Some(at) => Err(format!("the WAVs differ from byte {at} on").into()),
    }
}

/// Gives the WAV.
fn play(song: &Path, range: &'static str) -> Result<Vec<u8>, Failed> {
    let wav = env::temp_dir().join(format!(
        "arioso-openmsx-{}-{}-{range}.wav",
        std::process::id(),
        stem(song)
    ));
    let output = Command::new(env!("CARGO_BIN_EXE_arioso"))
        .env("ARIOSO_HOME", "/nonexistent")
        .arg("play")
        .arg(song)
        .args(["--pin", range, "-o"])
        .arg(&wav)
        .env("ARIOSO_SYS", image())
        .output()?;
    let audio = fs::read(&wav).unwrap_or_default();
    let size = audio.len();
    let _ = fs::remove_file(&wav);
    let table = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() || !error.is_empty() {
        return Err(format!("{}\n{table}{error}", output.status).into());
    }
    let value = |name: &str| {
        table
            .lines()
            .find_map(|line| line.trim_start().strip_prefix(name)?.strip_prefix("  "))
            .map(|value| value.trim().to_owned())
            .ok_or_else(|| format!("no row {name:?} in\n{table}"))
    };
    for (name, expected) in [
        ("events late", "0"),
        ("notes lost", "0"),
        ("verifier", "clean"),
    ] {
        let value = value(name)?;
        if value != expected {
            return Err(format!("{name}: {value}").into());
        }
    }
    // Every event that was sent has been played.
    let events = value("events")?;
    match events.split_once(" of ") {
        Some((played, sent)) if played == sent && sent != "0" => {}
        _ => return Err(format!("events: {events}").into()),
    }
    // Ten seconds of sound at least.
    if size < 10 * 48_000 * 4 {
        return Err(format!("the WAV has {size} bytes").into());
    }
    let speed = value("speed")?;
    ROWS.lock().unwrap().push(Row {
        song: stem(song),
        range,
        length: value("length")?
            .split(' ')
            .next()
            .unwrap_or_default()
            .to_owned(),
        notes: value("notes")?,
        voices: value("peak voices")?,
        speed: speed
            .split('×')
            .next()
            .unwrap_or_default()
            .parse()
            .map_err(|_| format!("speed: {speed}"))?,
    });
    Ok(audio)
}

fn print_table() {
    let mut rows = ROWS.lock().unwrap();
    rows.sort_by(|a, b| (&a.song, a.range).cmp(&(&b.song, b.range)));
    let Some(slowest) = rows.iter().min_by_key(|row| row.speed) else {
        return;
    };
    let width = rows.iter().map(|row| row.song.len()).max().unwrap_or(0);
    println!(
        "{:width$}  range        length  notes  voices  × real time",
        "song"
    );
    for row in rows.iter() {
        println!(
            "{:width$}  {:<11}  {:>6}  {:>5}  {:>6}  {:>11}",
            row.song, row.range, row.length, row.notes, row.voices, row.speed
        );
    }
    println!(
        "{} songs; slowest: {} on the range {}, {} × real time",
        rows.len(),
        slowest.song,
        slowest.range,
        slowest.speed
    );
}
