// SPDX-License-Identifier: MIT OR Apache-2.0
//! The monitor on a terminal.

use crate::support::{Scratch, midi, text};
use nix::pty::{Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::File;
use std::io::Read;
use std::os::fd::AsRawFd;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

fn size(columns: u16) -> Winsize {
    Winsize {
        ws_row: 24,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    }
}

/// The visible lines between the control sequences of a terminal's text, with the widths of single writes.
fn lines(text: &str) -> Vec<String> {
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' => {
                // CSI, parameters, a letter.
                rest.next();
                for c in rest.by_ref() {
                    if c.is_ascii_alphabetic() {
                        break;
                    }
                }
                out.push('\n');
            }
            '\r' => out.push('\n'),
            c => out.push(c),
        }
    }
    let lines = out.lines().filter(|line| !line.trim().is_empty());
    lines.map(str::to_owned).collect()
}

/// Plays in a terminal of `columns`, which becomes `later` wide, then presses Ctrl+C. Gives what the terminal got before and after
/// the change.
fn monitor(columns: u16, later: u16) -> (String, String) {
    let scratch = Scratch::new(&format!("terminal-{columns}"));
    let notes: Vec<[u8; 3]> = (0..60).map(|n| [0x90, 40 + n, 100]).collect();
    let events: Vec<(u32, &[u8])> = notes.iter().map(|note| (100, &note[..])).collect();
    scratch.file("song.mid", &midi(&events, 100));
    let pty = openpty(Some(&size(columns)), None).unwrap();
    let mut child = scratch
        .command(&["monitor", "song.mid"])
        .stdin(Stdio::null())
        .stdout(pty.slave.try_clone().unwrap())
        .stderr(pty.slave.try_clone().unwrap())
        .spawn()
        .unwrap();
    drop(pty.slave);
    let mut master = File::from(pty.master);
    let window = master.try_clone().unwrap();
    let (sender, pieces) = mpsc::channel();
    let reader = thread::spawn(move || {
        let mut piece = [0; 4096];
        while let Ok(n) = master.read(&mut piece) {
            if n == 0 || sender.send(piece[..n].to_vec()).is_err() {
                break;
            }
        }
    });
    let wait = |count: usize| {
        let mut all = Vec::new();
        for _ in 0..count {
            all.extend(pieces.recv_timeout(Duration::from_secs(60)).unwrap());
        }
        text(&all)
    };
    let before = wait(20);
    // SAFETY: the request takes a winsize.
    let set = unsafe { libc::ioctl(window.as_raw_fd(), libc::TIOCSWINSZ, &size(later)) };
    assert_eq!(set, 0);
    // The line that was being written.
    wait(2);
    let mut after = wait(10);
    kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(Signal::SIGINT as i32));
    drop(window);
    reader.join().unwrap();
    after += &text(&pieces.try_iter().flatten().collect::<Vec<u8>>());
    (before, after)
}

#[test]
fn the_line_fits_and_a_table_is_left() {
    for (columns, later) in [(120, 40), (40, 120), (17, 9), (60, 1)] {
        let (before, after) = monitor(columns, later);
        let live = |text: &str| -> Vec<String> {
            let lines = lines(text).into_iter();
            // The table's rows begin with two spaces and have a name.
            lines.filter(|line| !line.starts_with("  ")).collect()
        };
        for line in live(&before) {
            assert!(
                line.chars().count() < usize::from(columns),
                "{columns}: {line:?}"
            );
        }
        for line in live(&after) {
            assert!(
                line.chars().count() < usize::from(later).max(2),
                "{later}: {line:?}"
            );
        }
        if columns > 8 {
            assert!(before.contains(":0"), "{before:?}");
        }
        for name in ["peak level", "peak voices", "notes lost", "longest DPC"] {
            assert!(after.contains(name), "no {name}: {after:?}");
        }
    }
}

#[test]
fn a_file_is_not_sent_to_a_terminal() {
    let scratch = Scratch::new("terminal-file");
    let pty = openpty(Some(&size(80)), None).unwrap();
    for arguments in [
        &["play", "song.mid", "-o", "-"][..],
        &["bank", "build", "-o", "-"],
    ] {
        let output = scratch
            .command(arguments)
            .stdout(pty.slave.try_clone().unwrap())
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let error = crate::support::complaint(&output, 4);
        assert!(error.contains("terminal"), "{error}");
    }
}
