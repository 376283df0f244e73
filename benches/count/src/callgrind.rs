// SPDX-License-Identifier: MIT OR Apache-2.0
//! This program under valgrind: each call of [`count`] yields a number.

use anyhow::{Context, Result, bail, ensure};
use std::ffi::CString;
use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// First argument of the process that is counted.
pub const CHILD: &str = "under-valgrind";
/// The line of a profile that holds its sum.
const SUM: &str = "summary: ";

/// What is done in here is counted; one number per call.
pub fn count(mut work: impl FnMut()) {
    counted_work(&mut work);
}

#[unsafe(no_mangle)]
#[inline(never)]
fn counted_work(work: &mut dyn FnMut()) {
    work();
    // No tail call: the counting ends with this function.
    std::hint::black_box(());
}

/// Runs this program with these arguments under callgrind; the instructions of each call of [`count`], in order.
pub fn run(arguments: &[&str]) -> Result<Vec<u64>> {
    let pipe = Pipe::new()?;
    // Open for both, so that reading does not end between two profiles.
    let file = OpenOptions::new().read(true).write(true).open(&pipe.0)?;
    let mut end = file.try_clone()?;
    let mut child = Command::new("valgrind")
        .args(["--tool=callgrind", "--combine-dumps=yes", "--dump-line=no"])
        .args(["--toggle-collect=counted_work", "--dump-after=counted_work"])
        .arg(format!("--callgrind-out-file={}", pipe.0.display()))
        .arg(std::env::current_exe()?)
        .arg(CHILD)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot start valgrind: run `cargo xtask setup`")?;
    let mut messages = child.stderr.take().context("a pipe")?;
    let waiting = std::thread::spawn(move || -> Result<()> {
        let said = std::io::read_to_string(&mut messages);
        let status = child.wait();
        end.write_all(b"\nend\n")?;
        if !status?.success() {
            bail!("under valgrind: {}", said?.trim());
        }
        Ok(())
    });
    let mut counts = Vec::new();
    for line in BufReader::new(file).split(b'\n') {
        let line = line?;
        if line == b"end" {
            break;
        }
        if let Some(count) = line.strip_prefix(SUM.as_bytes()) {
            counts.push(std::str::from_utf8(count)?.trim().parse()?);
        }
    }
    match waiting.join() {
        Ok(result) => result?,
        Err(_) => bail!("the thread that waits for valgrind is gone"),
    }
    // What valgrind writes at the end of the program: nothing was counted since.
    let rest = counts.pop();
    ensure!(rest == Some(0), "{rest:?} instructions outside of scenes");
    Ok(counts)
}

/// A named pipe of its own; gone when dropped.
struct Pipe(PathBuf);

impl Pipe {
    fn new() -> Result<Self> {
        let name = format!("arioso-count-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let name = CString::new(path.as_os_str().as_bytes())?;
        // SAFETY: a path that ends with 0.
        let made = unsafe { libc::mkfifo(name.as_ptr(), 0o600) };
        if made != 0 {
            let error = std::io::Error::last_os_error();
            return Err(error).with_context(|| format!("cannot make {}", path.display()));
        }
        Ok(Self(path))
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        // A file that is left in the temporary directory harms nobody.
        let _ = fs::remove_file(&self.0);
    }
}
