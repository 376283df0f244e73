// SPDX-License-Identifier: MIT OR Apache-2.0
//! A directory, a program that runs in it, songs.

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

/// A directory of the test's own.
pub struct Scratch(pub PathBuf);

impl Scratch {
    /// With the song of [`NOTE`] as `song.mid`.
    pub fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("arioso-cli-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        let scratch = Self(path);
        scratch.file("song.mid", NOTE);
        scratch
    }

    pub fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(&self.0)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_arioso"));
        command.args(arguments);
        self.set_up(&mut command);
        command
    }

    /// `script` in a shell; `$A` is the program.
    pub fn shell(&self, script: &str) -> Output {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        self.set_up(&mut command);
        command.output().unwrap()
    }

    fn set_up(&self, command: &mut Command) {
        command
            .current_dir(&self.0)
            .env("A", env!("CARGO_BIN_EXE_arioso"))
            .env("ARIOSO_HOME", self.path("home"))
            .env("ARIOSO_SYS", image());
        // As in a terminal, also where the tests run in the background and ignore some: the program would, too.
        // SAFETY: setting a default action is allowed between fork and exec.
        unsafe {
            command.pre_exec(|| {
                for signal in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGTERM] {
                    sigaction(
                        signal,
                        &SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty()),
                    )?;
                }
                Ok(())
            });
        }
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What a command that succeeds without a warning prints.
    pub fn good(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let error = text(&output.stderr);
        assert!(output.status.success() && error.is_empty(), "{error}");
        text(&output.stdout)
    }

    /// The one line of a command that fails with this code.
    pub fn bad(&self, arguments: &[&str], code: i32) -> String {
        complaint(&self.run(arguments), code)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub fn image() -> PathBuf {
    let built =
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/driver/x64/release/arioso.sys");
    env::var_os("ARIOSO_SYS").map_or_else(built, PathBuf::from)
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The error's line; checks that there is only that, and the exit code.
pub fn complaint(output: &Output, code: i32) -> String {
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(error.starts_with("arioso: "), "{error}");
    error
}

/// The value of a row of a table.
pub fn row<'a>(table: &'a str, name: &str) -> &'a str {
    let value = table
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix(name))
        .find(|value| value.starts_with("  "));
    value
        .unwrap_or_else(|| panic!("no {name} in {table}"))
        .trim()
}

/// Frames of a stereo WAV file, and its rate.
pub fn wav(bytes: &[u8]) -> (Vec<[i16; 2]>, u32) {
    let mut reader = hound::WavReader::new(bytes).unwrap();
    let samples: Vec<i16> = reader.samples().map(Result::unwrap).collect();
    (samples.as_chunks().0.to_vec(), reader.spec().sample_rate)
}

/// Format 0, 96 ticks, a note of a second.
pub const NOTE: &[u8] =
    b"MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk\0\0\0\x0D\0\x90\x3C\x7F\x81\x40\x80\x3C\x40\0\xFF\x2F\0";

/// Format 0; an event is ticks of 5 ms since the one before and a message.
pub fn midi(events: &[(u32, &[u8])], end: u32) -> Vec<u8> {
    let mut track = Vec::new();
    for (delta, message) in events.iter().copied().chain([(end, &[0xFF, 0x2F, 0][..])]) {
        track.extend([
            0x80 | (delta >> 14) as u8,
            0x80 | (delta >> 7) as u8 & 0x7F,
            delta as u8 & 0x7F,
        ]);
        track.extend(message);
    }
    // 100 ticks a quarter of 500 ms.
    let mut out = b"MThd\0\0\0\x06\0\0\0\x01\0\x64MTrk".to_vec();
    out.extend((track.len() as u32).to_be_bytes());
    out.extend(track);
    out
}
