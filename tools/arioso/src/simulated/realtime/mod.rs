// SPDX-License-Identifier: MIT OR Apache-2.0
//! The simulated computer at a loudspeaker's pace, whatever loudspeaker that is.
//!
//! The loudspeaker's clock is the simulated computer's: virtual time moves by what the loudspeaker takes, and stands still where it takes
//! nothing, so the two cannot drift.
//!
//! | module | holds |
//! |---|---|
//! | [`performer`] | the driver with its MIDI pin and its endpoint, block by block |
//! | [`follow`] | settings that change meanwhile |
//! | [`pace`] | the thread that it runs in, and what lies between it and the loudspeaker |

#![cfg_attr(
    not(feature = "live"),
    allow(
        dead_code,
        reason = "the test of it needs no device, and not all of it"
    )
)]

pub mod follow;
pub mod pace;
mod performer;
#[cfg(test)]
mod tests;
