// SPDX-License-Identifier: MIT OR Apache-2.0
//! Bugs that are put in on purpose, each in a target's own code, none in the product: a run with `ARIOSO_PLANT=1` must crash.
//! They are of the classes that real DLS loaders and drivers had.

use std::sync::LazyLock;

static PLANTED: LazyLock<bool> =
    LazyLock::new(|| std::env::var("ARIOSO_PLANT").as_deref() == Ok("1"));

/// Whether the targets carry their bug.
pub fn is_planted() -> bool {
    *PLANTED
}

fn u32_at(data: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(data[at..at + 4].try_into().expect("four bytes"))
}

/// The table of wave offsets, read as if its count were true (the class of CVE-2026-61723).
pub fn cues(file: &[u8]) -> u32 {
    let Some(at) = file.windows(4).position(|id| id == b"ptbl") else {
        return 0;
    };
    if file.len() < at + 16 {
        return 0;
    }
    let count = u32_at(file, at + 12);
    (0..count as usize).fold(0, |sum: u32, cue| {
        sum.wrapping_add(u32_at(file, at + 16 + 4 * cue))
    })
}

/// A SoundFont's first zone, whose bag is believed: an index that nobody has compared with its table.
pub fn zones(font: &[u8]) -> u32 {
    let table = |id: &[u8; 4]| {
        let at = font.windows(4).position(|name| name == id)?;
        font.get(at + 8..)
    };
    let (Some(bags), Some(generators)) = (table(b"pbag"), table(b"pgen")) else {
        return 0;
    };
    if bags.len() < 2 {
        return 0;
    }
    u32_at(
        generators,
        4 * usize::from(u16::from_le_bytes([bags[0], bags[1]])),
    )
}

/// The frames of a loop, taken for valid (the class of CVE-2026-61721).
pub fn loop_frames(frames: &[i16], start: u32, length: u32) -> i32 {
    frames[start as usize..][..length as usize]
        .iter()
        .map(|&frame| i32::from(frame))
        .sum()
}

/// System Exclusive into a buffer that is long enough for every message that its author had seen.
pub fn assemble(stream: &[u8]) {
    let mut buffer = [0; 64];
    let mut length = None;
    for &byte in stream {
        match (byte, length) {
            (0xF0, _) => length = Some(0),
            (0x80..=0xF7, _) => length = None,
            (0..=0x7F, Some(at)) => {
                buffer[at] = byte;
                length = Some(at + 1);
            }
            _ => {}
        }
    }
}
