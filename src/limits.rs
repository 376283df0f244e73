// SPDX-License-Identifier: MIT OR Apache-2.0
//! How many there may be: what filters tell and the engine holds.

/// Instances of the MIDI pin, over all clients.
pub const MIDI_INSTANCES: u32 = 16;
/// Instances of the capture pin, over all clients.
pub const CAPTURE_INSTANCES: u32 = 8;
