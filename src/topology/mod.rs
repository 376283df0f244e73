// SPDX-License-Identifier: MIT OR Apache-2.0
//! The audio endpoint's topology filter: a line with volume and mute, wired to the wave filter.
//!
//! | module | holds |
//! |---|---|
//! | [`filter`] | the filter descriptor, as data |
//! | [`miniport`] | `IMiniportTopology` |
//! | [`properties`] | volume, mute, the jack |

pub mod filter;
pub mod miniport;
mod properties;

/// The pin that stands for the synthesizer's line.
pub const LINE_PIN: u32 = 0;
/// The pin that is wired to the wave filter.
pub const BRIDGE_PIN: u32 = 1;
/// The node with the volume of each channel.
pub const VOLUME_NODE: u32 = 0;
/// The node that makes channels silent.
pub const MUTE_NODE: u32 = 1;
