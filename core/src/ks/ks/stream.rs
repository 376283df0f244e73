// SPDX-License-Identifier: MIT OR Apache-2.0
//! Streaming requests, clocks, allocators.

use super::{KSPIN_INTERFACE, KSPROPERTY};
use crate::ks::{POOL_TYPE, PVOID};

data! {
    #[derive(Eq)]
    pub struct KSTIME {
        pub Time: i64,
        pub Numerator: u32,
        pub Denominator: u32,
    }

    /// One buffer of `IOCTL_KS_WRITE_STREAM` or `IOCTL_KS_READ_STREAM`.
    #[derive(Eq)]
    pub struct KSSTREAM_HEADER {
        /// Bytes of this header, extensions included.
        pub Size: u32,
        pub TypeSpecificFlags: u32,
        pub PresentationTime: KSTIME,
        pub Duration: i64,
        /// Bytes at `Data`.
        pub FrameExtent: u32,
        /// Bytes of them that are valid.
        pub DataUsed: u32,
        pub Data: PVOID,
        /// `KSSTREAM_HEADER_OPTIONSF_*`.
        pub OptionsFlags: u32,
        pub Reserved: u32,
    }

    /// [`KSSTREAM_HEADER`] of a 32-bit process.
    #[derive(Eq)]
    pub struct KSSTREAM_HEADER32 {
        pub Size: u32,
        pub TypeSpecificFlags: u32,
        pub PresentationTime: KSTIME,
        pub Duration: i64,
        pub FrameExtent: u32,
        pub DataUsed: u32,
        pub Data: u32,
        pub OptionsFlags: u32,
    }

    #[derive(Eq)]
    pub struct KSFRAMETIME {
        pub Duration: i64,
        pub FrameFlags: u32,
        pub Reserved: u32,
    }

    #[derive(Eq)]
    pub struct KSRATE {
        pub PresentationStart: i64,
        pub Duration: i64,
        pub Interface: KSPIN_INTERFACE,
        pub Rate: i32,
        pub Flags: u32,
    }

    #[derive(Eq)]
    pub struct KSRATE_CAPABILITY {
        pub Property: KSPROPERTY,
        pub Rate: KSRATE,
    }

    /// Create parameters of a clock.
    #[derive(Eq)]
    pub struct KSCLOCK_CREATE {
        pub CreateFlags: u32,
    }

    #[derive(Eq)]
    pub struct KSCORRELATED_TIME {
        pub Time: i64,
        pub SystemTime: i64,
    }

    #[derive(Eq)]
    pub struct KSRESOLUTION {
        pub Granularity: i64,
        pub Error: i64,
    }

    /// What a pin wants of its buffers; create parameters of an allocator.
    #[derive(Eq)]
    pub struct KSALLOCATOR_FRAMING {
        /// A union with `RequirementsFlags` in C.
        pub OptionsFlags: u32,
        pub PoolType: POOL_TYPE,
        pub Frames: u32,
        pub FrameSize: u32,
        /// Alignment minus one.
        pub FileAlignment: u32,
        pub Reserved: u32,
    }

    #[derive(Eq)]
    pub struct KS_FRAMING_RANGE {
        pub MinFrameSize: u32,
        pub MaxFrameSize: u32,
        pub Stepping: u32,
    }

    #[derive(Eq)]
    pub struct KS_FRAMING_RANGE_WEIGHTED {
        pub Range: KS_FRAMING_RANGE,
        pub InPlaceWeight: u32,
        pub NotInPlaceWeight: u32,
    }

    #[derive(Eq)]
    pub struct KS_COMPRESSION {
        pub RatioNumerator: u32,
        pub RatioDenominator: u32,
        pub RatioConstantMargin: u32,
    }
}
