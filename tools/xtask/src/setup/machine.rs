// SPDX-License-Identifier: MIT OR Apache-2.0
//! The machine as the set-up sees it.

use crate::{process, project};
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// What came of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It ended well and printed this.
    Done(String),
    /// It ended with an error and these messages.
    Failed(String),
    /// It was stopped after its time.
    TooLong,
    /// There is no such program.
    Absent,
}

pub trait Machine {
    fn exists(&self, path: &str) -> bool;
    /// Runs a program, at most for `limit`.
    fn run(&self, command: &[&str], limit: Option<Duration>) -> Outcome;
    /// An environment variable.
    fn variable(&self, name: &str) -> Option<String>;
    /// Says what is going on.
    fn say(&self, text: &str);
    /// Whether something with this name was noted down during the last day, by this or another run.
    fn noted(&self, name: &str) -> bool;
    fn note(&self, name: &str);
}

/// This machine.
pub struct This;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Machine for This {
    fn exists(&self, path: &str) -> bool {
        Path::new(path).exists()
    }

    fn run(&self, command: &[&str], limit: Option<Duration>) -> Outcome {
        let Some((program, arguments)) = command.split_first() else {
            return Outcome::Absent;
        };
        let mut command = Command::new(program);
        process::without_cargo(&mut command)
            .args(arguments)
            .current_dir(project::root())
            .env("DEBIAN_FRONTEND", "noninteractive")
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let Ok(mut child) = command.spawn() else {
            return Outcome::Absent;
        };
        let (output, errors) = (read(child.stdout.take()), read(child.stderr.take()));
        let start = Instant::now();
        let status = loop {
            match child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) if limit.is_some_and(|limit| start.elapsed() > limit) => {
                    // What it started itself may keep the pipes open: they are not waited for.
                    let _ = child.kill();
                    let _ = child.wait();
                    return Outcome::TooLong;
                }
                Ok(None) => thread::sleep(Duration::from_millis(10)),
                Err(error) => return Outcome::Failed(error.to_string()),
            }
        };
        let (output, errors) = (
            output.join().unwrap_or_default(),
            errors.join().unwrap_or_default(),
        );
        if status.success() {
            Outcome::Done(output)
        } else {
            Outcome::Failed(errors)
        }
    }

    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn say(&self, text: &str) {
        println!("{text}");
    }

    fn noted(&self, name: &str) -> bool {
        fs::metadata(project::kernel_dir().join(name))
            .and_then(|data| data.modified())
            .is_ok_and(|time| time.elapsed().is_ok_and(|age| age < DAY))
    }

    fn note(&self, name: &str) {
        // Without the note it is tried again, no more.
        let _ = fs::create_dir_all(project::kernel_dir());
        let _ = fs::write(project::kernel_dir().join(name), "");
    }
}

fn read(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// The first version number in a program's answer: `clang version 19.1.7 (…)`, `LLD 19.1.7`, `rustc 1.96.0 (…)`.
pub fn version(answer: &str) -> Option<Version> {
    answer
        .split(|c: char| c.is_whitespace() || c == '-' || c == '+' || c == '~' || c == ':')
        .find_map(|word| {
            let mut numbers = word.split('.').map(|number| number.parse().ok());
            let (Some(Some(major)), Some(Some(minor))) = (numbers.next(), numbers.next()) else {
                return None;
            };
            Some(Version { major, minor })
        })
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Version {
    pub major: u32,
    pub minor: u32,
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}
