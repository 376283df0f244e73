// SPDX-License-Identifier: MIT OR Apache-2.0
//! What an image that counts has counted: which edges of it were taken, over all that this process loads.
//!
//! The image's section `.SCOV` has a byte for each edge; `.SCOVP`, if there is one, a row for each: its address and flags. With
//! `ARIOSO_TAKEN` in the environment the process leaves a file in that directory: a line `0xPLACE 1` or `0xPLACE 0` for each edge, the
//! place relative to the image, or without rows the edge's number.

use super::{Image, modules};
use crate::state::Global;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Once;

/// Names the directory.
const DIRECTORY: &str = "ARIOSO_TAKEN";

static TAKEN: Global<BTreeMap<usize, bool>> = Global::new(BTreeMap::new());

fn directory() -> Option<PathBuf> {
    std::env::var_os(DIRECTORY).map(PathBuf::from)
}

/// For an image that was loaded: when the process ends, it is told.
pub(super) fn watch(image: &Image) {
    static ONCE: Once = Once::new();
    if directory().is_some() && image.section(".SCOV").is_some() {
        // SAFETY: the function has this signature and may run at any end.
        ONCE.call_once(|| unsafe {
            libc::atexit(at_exit);
        });
    }
}

extern "C" fn at_exit() {
    tell();
}

/// Before an image goes.
pub(super) fn collect(image: &Image) {
    if directory().is_none() {
        return;
    }
    let Some(counters) = image.section(".SCOV") else {
        return;
    };
    // SAFETY: a section of a mapped image; none of its code runs meanwhile.
    let counters =
        unsafe { std::slice::from_raw_parts(counters.start as *const u8, counters.len()) };
    let rows = image.section(".SCOVP").map_or(&[][..], |rows| {
        // SAFETY: as above; the table is aligned and made of whole rows.
        unsafe {
            std::slice::from_raw_parts(
                rows.start as *const [usize; 2],
                rows.len() / size_of::<[usize; 2]>(),
            )
        }
    });
    let taken = TAKEN.get();
    for (at, counter) in counters.iter().enumerate() {
        let place = match rows.get(at) {
            Some([address, _]) => address.wrapping_sub(image.base),
            None if rows.is_empty() => at,
            None => break,
        };
        *taken.entry(place).or_default() |= *counter != 0;
    }
}

/// Writes the file; at the end of the process, however it ends.
pub(crate) fn tell() {
    let Some(directory) = directory() else { return };
    modules().images.iter().for_each(|image| collect(image));
    let taken = TAKEN.get();
    if taken.is_empty() {
        return;
    }
    let text: String = taken
        .iter()
        .map(|(place, taken)| format!("{place:#x} {}\n", u8::from(*taken)))
        .collect();
    let path = directory.join(format!("{}.txt", std::process::id()));
    if let Err(error) = std::fs::write(&path, text) {
        eprintln!("{}: {error}", path.display());
    }
}
