// SPDX-License-Identifier: MIT OR Apache-2.0
//! Control ticks: time is cut at absolute positions, so that a cut between two calls changes nothing.

/// Frames between control ticks.
pub const TICK: u32 = 32;

/// Frames since the last tick that has been worked off, 1..=TICK: messages at a tick come before it.
pub fn offset_of(position: u64) -> u32 {
    match (position % u64::from(TICK)) as u32 {
        0 => TICK,
        offset => offset,
    }
}
