// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a client writes to a DirectMusic pin (`dmusbuff.h`).

use super::REFERENCE_TIME;

data! {
    /// Head of an event; its data follow, and the whole is padded to a multiple of 8 bytes. 20 bytes, 4-aligned.
    #[derive(Eq)]
    #[repr(packed(4))]
    pub struct DMUS_EVENTHEADER {
        /// Bytes of data, without padding.
        pub cbEvent: u32,
        /// 1-based; 0 broadcasts.
        pub dwChannelGroup: u32,
        /// 100 ns after the buffer's start time.
        pub rtDelta: REFERENCE_TIME,
        /// [`DMUS_EVENT_STRUCTURED`] or 0.
        pub dwFlags: u32,
    }
}

/// The data are one complete short message; without it raw bytes.
pub const DMUS_EVENT_STRUCTURED: u32 = 1;

/// Bytes of an event with `cb` bytes of data; `None` if they do not fit.
#[must_use]
pub const fn DMUS_EVENT_SIZE(cb: u32) -> Option<u32> {
    match cb.checked_add(size_of::<DMUS_EVENTHEADER>() as u32 + 7) {
        Some(size) => Some(size & !7),
        None => None,
    }
}
