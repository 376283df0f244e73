// SPDX-License-Identifier: MIT OR Apache-2.0
//! Console events, which Windows reports on a thread of its own.

use super::heard;
use crate::output;
use std::process;

/// STATUS_CONTROL_C_EXIT
const CONTROL_C: i32 = 0xC000_013A_u32 as i32;

/// Begins to watch.
pub fn watch() {
    // Without a console there is no Ctrl+C.
    let _ = ctrlc::set_handler(|| {
        if !heard() {
            output::abandon();
            end()
        }
    });
}

/// Ends after Ctrl+C.
pub fn end() -> ! {
    process::exit(CONTROL_C)
}

/// Ends because nobody reads the standard output.
pub fn end_of_pipe() -> ! {
    process::exit(1)
}
