// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is written: devices, FIFOs and links stay what they are; files are whole or not there.

use crate::support::{Scratch, complaint, text, wav};
use nix::pty::openpty;
use nix::sys::stat::Mode;
use nix::unistd::{mkfifo, ttyname};
use std::fs;
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Stdio;
use std::thread;

/// The commands that write, with their output behind them.
const WRITERS: [&[&str]; 5] = [
    &["play", "song.mid", "-o"],
    &["record", "song.mid", "-o"],
    &["bank", "build", "-o"],
    &["bank", "convert", "bank.sf2", "-o"],
    &["plot", "sound.wav", "-o"],
];

/// With an input for each of [`WRITERS`].
fn scratch(name: &str) -> Scratch {
    let scratch = Scratch::new(name);
    let font = arioso_bank::sf2::test_font::plain(
        vec![arioso_bank::sf2::test_font::zone(&[(41, 0)])],
        vec![arioso_bank::sf2::test_font::zone(&[(53, 0)])],
    );
    scratch.file("bank.sf2", &font.bytes());
    scratch.good(&["play", "song.mid", "-o", "sound.wav"]);
    scratch
}

fn with<'a>(writer: &[&'a str], output: &'a str) -> Vec<&'a str> {
    [writer, &[output]].concat()
}

/// What the writer makes.
fn made(scratch: &Scratch, writer: &[&str]) -> Vec<u8> {
    let output = scratch.run(&with(writer, "made"));
    assert!(output.status.success(), "{}", text(&output.stderr));
    let bytes = scratch.read("made");
    fs::remove_file(scratch.path("made")).unwrap();
    bytes
}

#[test]
fn a_fifo_is_written_and_stays() {
    let scratch = scratch("fifo");
    let path = scratch.path("fifo");
    mkfifo(&path, Mode::from_bits_truncate(0o600)).unwrap();
    for writer in WRITERS {
        let due = made(&scratch, writer);
        let reader = thread::spawn({
            let path = path.clone();
            move || fs::read(path).unwrap()
        });
        let output = scratch.run(&with(writer, "fifo"));
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert!(reader.join().unwrap() == due, "{writer:?}");
        assert!(fs::metadata(&path).unwrap().file_type().is_fifo());
    }
}

#[test]
fn a_device_is_written_and_stays() {
    let scratch = scratch("device");
    for writer in WRITERS {
        let pty = openpty(None, None).unwrap();
        let device = ttyname(&pty.slave).unwrap();
        let mut master = fs::File::from(pty.master);
        // Until nobody has the other side open, which is an error here.
        let reader = thread::spawn(move || {
            let (mut all, mut piece) = (0, [0; 4096]);
            while let Ok(n) = master.read(&mut piece) {
                all += n;
            }
            all
        });
        let output = scratch.run(&with(writer, device.to_str().unwrap()));
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert!(fs::metadata(&device).unwrap().file_type().is_char_device());
        drop(pty.slave);
        assert!(reader.join().unwrap() > 40, "{writer:?}");
    }
}

#[test]
fn a_link_stays_and_leads_to_the_new_file() {
    let scratch = scratch("link");
    fs::create_dir(scratch.path("elsewhere")).unwrap();
    for writer in WRITERS {
        let due = made(&scratch, writer);
        // One to a file, one to nothing yet, one to a link.
        fs::write(scratch.path("elsewhere/old"), b"old").unwrap();
        for (link, to) in [("a", "elsewhere/old"), ("b", "elsewhere/new"), ("c", "a")] {
            let _ = fs::remove_file(scratch.path(link));
            symlink(to, scratch.path(link)).unwrap();
            let output = scratch.run(&with(writer, link));
            assert!(output.status.success(), "{}", text(&output.stderr));
            assert_eq!(fs::read_link(scratch.path(link)).unwrap(), Path::new(to));
            assert!(scratch.read(link) == due, "{writer:?} {link}");
        }
        let mut names: Vec<_> = fs::read_dir(scratch.path("elsewhere"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        assert_eq!(names, ["new", "old"]);
        fs::remove_file(scratch.path("elsewhere/new")).unwrap();
    }
    symlink("round", scratch.path("round")).unwrap();
    let error = scratch.bad(&["play", "song.mid", "-o", "round"], 4);
    assert!(error.contains("round"), "{error}");
}

#[test]
fn the_standard_output_has_names_too() {
    let scratch = scratch("stdout");
    for writer in WRITERS {
        let due = made(&scratch, writer);
        for name in ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
            // A pipe, then a file that is appended to.
            let output = scratch.run(&with(writer, name));
            assert!(output.status.success(), "{}", text(&output.stderr));
            assert!(output.stdout == due, "{writer:?} {name}");
            let file = scratch.file("appended", b"before");
            let out = fs::File::options().append(true).open(&file).unwrap();
            let status = scratch
                .command(&with(writer, name))
                .stdout(out)
                .stderr(Stdio::null())
                .status()
                .unwrap();
            assert!(status.success());
            assert!(scratch.read("appended") == [b"before", due.as_slice()].concat());
        }
    }
}

#[test]
fn what_cannot_be_written_is_told_before_anything_is_played() {
    let scratch = scratch("cannot");
    let names = scratch.names();
    let file = scratch.file("protected", b"mine");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
    for writer in WRITERS {
        for (output, why) in [
            (".", "directory"),
            ("no/where", "no directory no"),
            ("song.mid/x", "song.mid"),
            ("new/", "new"),
            ("protected", "read-only"),
            ("/proc/version/x", "/proc/version"),
            ("/proc/x", "/proc"),
        ] {
            let error = scratch.bad(&with(writer, output), 4);
            assert!(error.contains(why), "{error}");
        }
        let output = scratch.run(&with(writer, "/dev/full"));
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(4), "{error}");
        assert!(
            error.contains("/dev/full: there is no space left"),
            "{error}"
        );
        assert_eq!(error.lines().count(), 1, "{error}");
    }
    assert_eq!(scratch.read("protected"), b"mine");
    fs::remove_file(file).unwrap();
    assert_eq!(scratch.names(), names);
}

#[test]
fn a_file_that_is_replaced_keeps_its_permissions() {
    let scratch = scratch("mode");
    let mode = |name: &str| {
        fs::metadata(scratch.path(name))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    let file = scratch.file("private", b"");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let other = scratch.file("usual", b"");
    let usual = mode("usual");
    fs::remove_file(other).unwrap();
    for name in ["private", "usual"] {
        scratch.good(&["bank", "build", "-o", name]);
    }
    assert_eq!((mode("private"), mode("usual")), (0o640, usual));
}

#[test]
fn the_default_name_is_the_song_s_with_all_its_dots() {
    let scratch = Scratch::new("name");
    fs::create_dir(scratch.path("in")).unwrap();
    scratch.file("in/Op. 5.mid", crate::support::NOTE);
    let said = scratch.good(&["play", "in/Op. 5.mid"]);
    assert_eq!(said.lines().last(), Some("Op. 5.wav"));
    let said = scratch.good(&["record", "in/Op. 5.mid"]);
    assert_eq!(said.lines().last(), Some("Op. 5.recorded.mid"));
    assert_eq!(
        scratch.names(),
        ["Op. 5.recorded.mid", "Op. 5.wav", "in", "song.mid"]
    );
    assert!(wav(&scratch.read("Op. 5.wav")).0.len() > 48_000);
}

#[test]
fn a_report_follows_the_same_rules() {
    let scratch = Scratch::new("report");
    symlink("real.json", scratch.path("link.json")).unwrap();
    for command in [
        &["play", "song.mid", "-o", "x.wav"][..],
        &["monitor", "song.mid"],
    ] {
        scratch.good(&[command, &["--report", "link.json"]].concat());
        assert!(scratch.read("real.json").starts_with(b"{"));
        fs::remove_file(scratch.path("real.json")).unwrap();
        complaint(
            &scratch.run(&[command, &["--report", "song.mid"]].concat()),
            4,
        );
        assert_eq!(scratch.read("song.mid"), crate::support::NOTE);
        complaint(
            &scratch.run(&[command, &["--report", "no/r.json"]].concat()),
            4,
        );
    }
}
