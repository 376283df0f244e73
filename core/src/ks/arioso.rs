// SPDX-License-Identifier: MIT OR Apache-2.0
//! The driver's own property set.

use super::GUID;

/// Item [`KSPROPERTY_ARIOSO_STATISTICS`].
pub const KSPROPSETID_Arioso: GUID = GUID::from_u128(0x7D0E4B52_9C1A_4E6F_8A3D_51F2C6B7E094);

/// Get, pin, node property, value [`ARIOSO_STATISTICS`]. A shorter value buffer gets `STATUS_BUFFER_TOO_SMALL`.
pub const KSPROPERTY_ARIOSO_STATISTICS: u32 = 0;

/// Get, capture pin or pin of the MIDI port, plain property, value [`ARIOSO_TRANSPORT`].
pub const KSPROPERTY_ARIOSO_TRANSPORT: u32 = 1;

/// Get, pin, node property, value [`ARIOSO_BANK`].
pub const KSPROPERTY_ARIOSO_BANK: u32 = 2;

data! {
    /// What a render pin and its device have done. Cumulative: slices and `Flags` since the device started, all else since the pin was created.
    /// 80 bytes.
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
        /// Note Ons that named an instrument, those that got no voice included.
        pub Notes: u64,
        /// The pin's voices that sound now.
        pub Voices: u32,
        /// The most that ever sounded at once.
        pub PeakVoices: u32,
        /// By how much the latest event came too late, 100 ns.
        pub MaxLateness: i64,
        /// Frames that the device rendered, whoever asked for them.
        pub Frames: u64,
        /// Slices of 1 ms that the endpoint's or the wave sink's timer rendered.
        pub Slices: u64,
        /// Slices that were not rendered because the timer was too far behind.
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
        /// Whole messages that passed.
        pub Messages: u64,
        /// Bytes of those messages.
        pub Bytes: u64,
        /// Messages for which there was no room.
        pub Lost: u64,
    }
}

data! {
    /// What the device has of its default bank in memory, and what that cost the pin. Counts are cumulative: the device's since the bank was
    /// opened, the pin's since it was created. 88 bytes.
    #[derive(Eq)]
    pub struct ARIOSO_BANK {
        /// Bytes that the driver knows of this structure.
        pub Size: u32,
        /// Bit 0: waves come into memory when they are wanted. If not, the bank is there as a whole, and the device's counts are 0.
        pub Flags: u32,
        /// Length of the bank's file in bytes.
        pub Length: u64,
        /// Bytes that were read of it.
        pub Read: u64,
        /// Bytes that its waves take now.
        pub Bytes: u64,
        /// Bytes that they may take.
        pub Limit: u64,
        /// Waves that were loaded, each time they were.
        pub Loaded: u64,
        /// Waves that made room for others.
        pub Evicted: u64,
        /// Waves that are in memory now.
        pub Waves: u32,
        /// Instruments and waves that could not be read.
        pub Broken: u32,
        /// Waves for which there was no room.
        pub Refused: u32,
        /// 0.
        pub Reserved: u32,
        /// The pin's notes that began late, because what they play had to be read first.
        pub LateNotes: u64,
        /// The longest that one of them waited, 100 ns.
        pub LongestWait: i64,
    }
}
