// SPDX-License-Identifier: MIT OR Apache-2.0
//! Control ticks: time is cut at absolute positions, so that a cut between two calls changes nothing.

/// Frames between control ticks.
pub const TICK: u32 = 32;

/// Frames that are rendered at once at most: a whole number of ticks, where nothing happens between them.
pub const SPAN: u32 = 4 * TICK;

/// Frames since the last tick that has been worked off, 1..=TICK: messages at a tick come before it.
pub fn offset_of(position: u64) -> u32 {
    match (position % u64::from(TICK)) as u32 {
        0 => TICK,
        offset => offset,
    }
}

/// A tick lies at this position.
pub fn is_tick(position: u64) -> bool {
    position.is_multiple_of(u64::from(TICK))
}

/// Frames to the next tick, 1..=TICK.
pub fn to_tick(position: u64) -> u64 {
    u64::from(TICK) - position % u64::from(TICK)
}
