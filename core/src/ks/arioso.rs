// SPDX-License-Identifier: MIT OR Apache-2.0
//! The driver's own property set.

use super::GUID;

/// Item [`KSPROPERTY_ARIOSO_STATISTICS`].
pub const KSPROPSETID_Arioso: GUID = GUID::from_u128(0x7D0E4B52_9C1A_4E6F_8A3D_51F2C6B7E094);

/// Get, pin, node property, value [`ARIOSO_STATISTICS`]. A shorter value buffer gets `STATUS_BUFFER_TOO_SMALL`.
pub const KSPROPERTY_ARIOSO_STATISTICS: u32 = 0;

/// Get, capture pin or pin of the MIDI port, plain property, value [`ARIOSO_TRANSPORT`].
pub const KSPROPERTY_ARIOSO_TRANSPORT: u32 = 1;

data! {
    /// Cumulative since the pin was created. 80 bytes.
    #[derive(Eq)]
    pub struct ARIOSO_STATISTICS {
        /// Bytes that the driver knows of this structure.
        pub Size: u32,
        /// Bit 0: some slice was predicted to cost more than it may.
        pub Flags: u32,
        /// Events taken from the port.
        pub Events: u64,
        /// Events that took effect after their time.
        pub Late: u64,
        /// Notes that got no voice or lost one.
        pub LostNotes: u64,
        pub Notes: u64,
        /// Sounding now.
        pub Voices: u32,
        pub PeakVoices: u32,
        /// 100 ns.
        pub MaxLateness: i64,
        /// Rendered.
        pub Frames: u64,
        /// Rendered by the slice timer.
        pub Slices: u64,
        pub SkippedSlices: u64,
    }
}

data! {
    /// What has passed a pin since it was created. 32 bytes.
    #[derive(Eq)]
    pub struct ARIOSO_TRANSPORT {
        /// Bytes that the driver knows of this structure.
        pub Size: u32,
        /// On a capture pin: received and not delivered yet. DirectMusic counts events, the MIDI port bytes.
        pub Waiting: u32,
        pub Messages: u64,
        pub Bytes: u64,
        /// Messages for which there was no room.
        pub Lost: u64,
    }
}
