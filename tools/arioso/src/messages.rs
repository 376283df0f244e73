// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is said to the user: results on the standard output, everything else on the standard error.

use crate::failure::{Failure, Kind, Result, plain};
use std::fmt::Display;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// The standard output carries a file.
static CARRIES_A_FILE: AtomicBool = AtomicBool::new(false);

/// From now on the standard output is a file's: what is said goes to the standard error.
pub fn give_away_stdout() {
    CARRIES_A_FILE.store(true, Ordering::Relaxed);
}

/// Says a line, or lines.
pub fn say(text: impl Display) -> Result<()> {
    print(&format!("{text}\n"))
}

/// Says text that ends its lines itself.
pub fn print(text: &str) -> Result<()> {
    if CARRIES_A_FILE.load(Ordering::Relaxed) {
        // Nobody can be told that this fails.
        let _ = io::stderr().write_all(text.as_bytes());
        return Ok(());
    }
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| refused(&error))
}

/// What [`tell`] could not say.
#[cfg(windows)]
static UNSAID: std::sync::Mutex<Option<Failure>> = std::sync::Mutex::new(None);

/// Says text that ends its lines itself, in the midst of what must be finished whoever reads: the program fails when it is done.
#[cfg(windows)]
pub fn tell(text: impl Display) {
    if let Err(failure) = print(&text.to_string())
        && let Ok(mut unsaid) = UNSAID.lock()
    {
        unsaid.get_or_insert(failure);
    }
}

/// Fails if `tell` has.
pub fn said() -> Result<()> {
    #[cfg(windows)]
    if let Some(failure) = UNSAID.lock().ok().and_then(|mut unsaid| unsaid.take()) {
        return Err(failure);
    }
    Ok(())
}

/// Warns in one line.
pub fn warn(text: impl Display) {
    note(format!("arioso: {text}"));
}

/// A line on the standard error.
pub fn note(text: impl Display) {
    // Nobody can be told that this fails.
    let _ = writeln!(io::stderr(), "{text}");
}

/// What a refusal of the standard output means: a reader that has seen enough is no error.
pub fn refused(error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::new(Kind::Pipe, "nobody reads the standard output"),
        _ => Failure::new(
            Kind::Output,
            format!("cannot write to the standard output: {}", plain(error)),
        ),
    }
}
