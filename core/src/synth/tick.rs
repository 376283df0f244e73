// SPDX-License-Identifier: MIT OR Apache-2.0
//! Control ticks: time is cut at absolute positions, so that a cut between two calls changes nothing.

/// Frames between control ticks.
pub const TICK: u32 = 64;
/// Half a tick: a pitch that moves takes two steps in a tick.
pub const HALF: u32 = TICK / 2;
/// Where inside of a tick a voice may be planned anew without an event, because its envelope turns: at multiples of so many frames.
pub const TURN: u32 = 16;
/// Frames between the ticks of effects: their lines are no shorter, and a tick holds a whole number of them.
pub const EFFECT_TICK: u32 = 32;

/// Frames since the last tick, 0 at a tick.
pub fn since_tick(position: u64) -> u32 {
    (position % u64::from(TICK)) as u32
}

/// Frames since the last tick that has been worked off, 1..=TICK: messages at a tick come before it.
pub fn offset_of(position: u64) -> u32 {
    match since_tick(position) {
        0 => TICK,
        offset => offset,
    }
}
