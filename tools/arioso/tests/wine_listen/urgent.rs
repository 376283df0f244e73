// SPDX-License-Identifier: MIT OR Apache-2.0
//! On a system that plays, sound servers and their clients come before other programs. Here too, where that is permitted; a witness tells
//! when it was not so all the same.

use std::fs;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Schedules all threads of a process first in, first out. What is not permitted is said, and not done.
pub fn process(id: u32, priority: u32) {
    schedule(&["--all-tasks"], id, priority);
}

fn schedule(which: &[&str], id: u32, priority: u32) {
    let done = Command::new("chrt")
        .args(which)
        .args(["--fifo", "--pid", &priority.to_string(), &id.to_string()])
        .stderr(Stdio::null())
        .status();
    if !done.is_ok_and(|status| status.success()) {
        println!("no real-time priority for process {id}");
    }
}

/// Processes whose parent is that one.
pub fn children(parent: u32) -> Vec<u32> {
    processes(|id| {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        let (_, rest) = stat.rsplit_once(')')?;
        let found: u32 = rest.split_whitespace().nth(1)?.parse().ok()?;
        Some(found == parent)
    })
}

/// Processes that a test passes.
pub fn processes(is: impl Fn(u32) -> Option<bool>) -> Vec<u32> {
    let entries = fs::read_dir("/proc").expect("Linux");
    let ids = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|id| is(*id) == Some(true)).collect()
}

/// How late it may be that is not written down.
const PUNCTUAL: Duration = Duration::from_millis(5);
/// Its period.
const TICK: Duration = Duration::from_millis(10);

/// A thread on each processor, as important as the program under test, that sees how late it is. On one processor alone nothing may run: where
/// somebody else keeps it at real-time priority, the system takes it from all of those for a twentieth of each second.
pub struct Witness {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Vec<Duration>>>,
}

impl Witness {
    pub fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let threads = (0..processors)
            .map(|processor| {
                let told = Arc::clone(&stop);
                thread::spawn(move || watch(processor, &told))
            })
            .collect();
        Self { stop, threads }
    }

    /// Each time that one was late, and by how much.
    pub fn end(self) -> Vec<Duration> {
        self.stop.store(true, Ordering::Relaxed);
        let threads = self.threads.into_iter();
        threads
            .flat_map(|thread| thread.join().expect("times"))
            .collect()
    }
}

fn watch(processor: usize, stop: &AtomicBool) -> Vec<Duration> {
    let own = fs::read_link("/proc/thread-self").expect("Linux");
    let id = own.file_name().and_then(|id| id.to_str()?.parse().ok());
    let id: u32 = id.expect("a number");
    schedule(&[], id, 10);
    let bound = Command::new("taskset")
        .args(["--cpu-list", "--pid", &processor.to_string()])
        .arg(id.to_string())
        .stdout(Stdio::null())
        .status();
    assert!(bound.is_ok_and(|status| status.success()));
    let mut late = Vec::new();
    let mut due = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        due += TICK;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let behind = due.elapsed();
        if behind > PUNCTUAL {
            late.push(behind);
            due = Instant::now();
        }
    }
    late
}
