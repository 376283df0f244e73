// SPDX-License-Identifier: MIT OR Apache-2.0
//! Ctrl+C, and a closed pipe: the program ends as programs do, and leaves no half-written file.

#[cfg(unix)]
#[path = "unix.rs"]
mod system;
#[cfg(windows)]
#[path = "windows.rs"]
mod system;

use crate::failure::{Failure, Kind, Result};
use std::sync::atomic::{AtomicBool, Ordering};

pub use system::{end, end_of_pipe, watch};

/// The next signal is somebody's who looks.
static CAUGHT: AtomicBool = AtomicBool::new(false);
static STOPPED: AtomicBool = AtomicBool::new(false);

/// The first signal from now on does not end the program: [`go_on`] tells of it. The second does.
pub fn catch() {
    CAUGHT.store(true, Ordering::Relaxed);
}

/// An error, once a signal was caught.
pub fn go_on() -> Result<()> {
    if STOPPED.load(Ordering::Relaxed) {
        return Err(Failure::new(Kind::Stopped, "stopped"));
    }
    Ok(())
}

/// A signal has come: `false` if the program must end.
fn heard() -> bool {
    CAUGHT.swap(false, Ordering::Relaxed) && !STOPPED.swap(true, Ordering::Relaxed)
}
