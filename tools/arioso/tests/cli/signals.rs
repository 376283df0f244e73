// SPDX-License-Identifier: MIT OR Apache-2.0
//! Ctrl+C and its kin leave nothing.

use crate::support::{Scratch, midi, row, text};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::Duration;

const SIGNALS: [Signal; 3] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP];

fn send(child: &Child, signal: Signal) {
    kill(Pid::from_raw(child.id() as i32), signal).unwrap();
}

/// A SoundFont of 120 MB.
fn large_font() -> Vec<u8> {
    let frames = 60_000_000;
    let mut font = arioso_bank::sf2::test_font::plain(
        vec![arioso_bank::sf2::test_font::zone(&[(41, 0)])],
        vec![arioso_bank::sf2::test_font::zone(&[(53, 0)])],
    );
    font.samples = vec![arioso_bank::sf2::test_font::header(0, frames)];
    font.frames = vec![0; frames as usize + 46];
    font.bytes()
}

/// Two hours.
fn long_song() -> Vec<u8> {
    let note = |n: u8| (100, [0x90, 36 + n, 100]);
    let notes: Vec<(u32, [u8; 3])> = (0..14_400).map(|n| note((n % 60) as u8)).collect();
    let events: Vec<(u32, &[u8])> = notes.iter().map(|(at, note)| (*at, &note[..])).collect();
    midi(&events, 100)
}

#[test]
fn a_half_written_file_goes_away() {
    let scratch = Scratch::new("part");
    scratch.file("large.sf2", &large_font());
    for signal in SIGNALS {
        // On a busy machine this program may look too late.
        let caught = (0..50).any(|_| convert_until(&scratch, signal));
        assert!(caught, "it was always too fast");
        assert_eq!(scratch.names(), ["large.sf2", "song.mid"], "{signal}");
    }
}

/// Sends the signal while the file is there and grows; `false` if it was whole before.
fn convert_until(scratch: &Scratch, signal: Signal) -> bool {
    let mut child = scratch
        .command(&["bank", "convert", "large.sf2", "-o", "large.dls"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let grows = || {
        let names = scratch.names().into_iter();
        names
            .filter(|name| name.ends_with(".part"))
            .any(|name| fs::metadata(scratch.path(&name)).is_ok_and(|data| data.len() > 1 << 20))
    };
    while !grows() {
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{status}");
            fs::remove_file(scratch.path("large.dls")).unwrap();
            return false;
        }
        sleep(Duration::from_millis(1));
    }
    send(&child, signal);
    let status = child.wait().unwrap();
    let caught = status.signal() == Some(signal as i32);
    assert!(caught || status.success(), "{status}");
    if !caught {
        fs::remove_file(scratch.path("large.dls")).unwrap();
    }
    caught
}

#[test]
fn a_song_that_is_stopped_leaves_nothing() {
    let scratch = Scratch::new("stopped");
    scratch.file("long.mid", &long_song());
    let names = scratch.names();
    for command in [
        &["play", "long.mid", "--report", "r.json"][..],
        &["record", "long.mid"],
        &["demo"],
    ] {
        for (signal, after) in SIGNALS.into_iter().zip([1, 100, 250]) {
            let mut child = scratch
                .command(command)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            sleep(Duration::from_millis(after));
            send(&child, signal);
            assert_eq!(child.wait().unwrap().signal(), Some(signal as i32));
            assert_eq!(scratch.names(), names, "{signal} {command:?}");
        }
    }
    // What a shell tells of it.
    let output = scratch.shell("$A play long.mid & sleep 0.3; kill -TERM $!; wait $!; echo $?");
    assert_eq!(text(&output.stdout).trim(), "143");
}

#[test]
fn the_monitor_tells_what_it_has_seen() {
    let scratch = Scratch::new("monitor");
    scratch.file("long.mid", &long_song());
    scratch.file("dc.dls", &arioso_bank::test_banks::dc(48_000));
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        // Before the song plays there is nothing to tell: later, then.
        let table = [500, 2_000, 8_000, 16_000]
            .map(Duration::from_millis)
            .into_iter()
            .map(|after| stopped_monitor(&scratch, signal, after))
            .find(|table| !table.is_empty())
            .unwrap();
        assert_eq!(row(&table, "notes lost"), "0");
        assert!(row(&table, "peak voices").parse::<u32>().unwrap() > 0);
        assert_eq!(table.lines().last(), Some("r.json"));
        assert!(scratch.read("r.json").starts_with(b"{"));
    }
}

/// What the monitor prints that is stopped after some time.
fn stopped_monitor(scratch: &Scratch, signal: Signal, after: Duration) -> String {
    let arguments = [
        "monitor", "long.mid", "--once", "--bank", "dc.dls", "--report", "r.json",
    ];
    let mut child = scratch
        .command(&arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    sleep(after);
    send(&child, signal);
    let mut table = String::new();
    let mut out = child.stdout.take().unwrap();
    out.read_to_string(&mut table).unwrap();
    assert_eq!(
        child.wait().unwrap().signal(),
        Some(signal as i32),
        "{table}"
    );
    table
}

#[test]
fn what_is_ignored_stays_ignored() {
    let scratch = Scratch::new("nohup");
    let output = scratch.shell(
        "trap '' HUP INT; $A play song.mid -o x.wav & sleep 0.05; kill -HUP $!; kill -INT $!; wait $!; echo code $?",
    );
    let said = text(&output.stdout);
    assert!(said.ends_with("x.wav\ncode 0\n"), "{said}");
}
