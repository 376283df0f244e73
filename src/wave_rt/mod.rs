// SPDX-License-Identifier: MIT OR Apache-2.0
//! The audio endpoint's wave filter: programs record from it what the synthesizer plays.
//!
//! | module | holds |
//! |---|---|
//! | [`filter`] | the filter descriptor, as data |
//! | [`format`](mod@format) | data formats: what they mean, which there are, intersection |
//! | [`miniport`] | `IMiniportWaveRT` |
//! | [`stream`] | `IMiniportWaveRTStreamNotification`, `IMiniportWaveRTInputStream` |
//! | [`modes`] | signal-processing modes |
//! | [`properties`] | format proposals |

pub mod filter;
mod format;
pub mod miniport;
mod modes;
mod properties;
mod stream;

/// The pin that the topology filter is wired to.
pub const BRIDGE_PIN: u32 = 0;
/// The pin that programs read.
pub const CAPTURE_PIN: u32 = 1;
/// Number of pins.
pub const PINS: u32 = 2;
