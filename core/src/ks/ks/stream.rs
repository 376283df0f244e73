// SPDX-License-Identifier: MIT OR Apache-2.0
//! Streaming requests, clocks, allocators.

use super::{KSPIN_INTERFACE, KSPROPERTY};
use crate::ks::{POOL_TYPE, PVOID};

data! {
    /// A time in any unit: `Time` × `Numerator` / `Denominator` are 100 ns.
    #[derive(Eq)]
    pub struct KSTIME {
        /// Time in that unit.
        pub Time: i64,
        /// 100 ns of the unit, to be divided.
        pub Numerator: u32,
        /// The divisor, not 0.
        pub Denominator: u32,
    }

    /// One buffer of `IOCTL_KS_WRITE_STREAM` or `IOCTL_KS_READ_STREAM`.
    #[derive(Eq)]
    pub struct KSSTREAM_HEADER {
        /// Bytes of this header, extensions included.
        pub Size: u32,
        /// Flags of the data format, 0 for audio and music.
        pub TypeSpecificFlags: u32,
        /// When the data are to be heard, in stream time; counts if `OPTIONSF_TIMEVALID` is set.
        pub PresentationTime: KSTIME,
        /// How long they last, in the unit of `PresentationTime`; counts if `OPTIONSF_DURATIONVALID` is set.
        pub Duration: i64,
        /// Bytes at `Data`.
        pub FrameExtent: u32,
        /// Bytes of them that are valid.
        pub DataUsed: u32,
        /// The buffer, an address of the process.
        pub Data: PVOID,
        /// `KSSTREAM_HEADER_OPTIONSF_*`.
        pub OptionsFlags: u32,
        /// 0.
        pub Reserved: u32,
    }

    /// [`KSSTREAM_HEADER`] of a 32-bit process.
    #[derive(Eq)]
    pub struct KSSTREAM_HEADER32 {
        /// Bytes of this header, extensions included.
        pub Size: u32,
        /// Flags of the data format.
        pub TypeSpecificFlags: u32,
        /// When the data are to be heard.
        pub PresentationTime: KSTIME,
        /// How long they last, in the unit of `PresentationTime`.
        pub Duration: i64,
        /// Bytes at `Data`.
        pub FrameExtent: u32,
        /// Bytes of them that are valid.
        pub DataUsed: u32,
        /// The buffer, an address of 4 bytes.
        pub Data: u32,
        /// `KSSTREAM_HEADER_OPTIONSF_*`.
        pub OptionsFlags: u32,
    }

    /// Value of `KSPROPERTY_STREAM_FRAMETIME`.
    #[derive(Eq)]
    pub struct KSFRAMETIME {
        /// Length of a frame, 100 ns.
        pub Duration: i64,
        /// `KSFRAMETIME_VARIABLESIZE` (1): frames vary in length.
        pub FrameFlags: u32,
        /// 0.
        pub Reserved: u32,
    }

    /// Value of `KSPROPERTY_STREAM_RATE`: a speed and the part of the stream that it is for.
    #[derive(Eq)]
    pub struct KSRATE {
        /// Start of that part, in presentation time.
        pub PresentationStart: i64,
        /// Length of that part, in presentation time.
        pub Duration: i64,
        /// Interface by whose units the times are to be read.
        pub Interface: KSPIN_INTERFACE,
        /// Thousandths of the usual speed; negative is backwards.
        pub Rate: i32,
        /// `KSRATE_*`: start (1) or length (2) do not count.
        pub Flags: u32,
    }

    /// Request of `KSPROPERTY_STREAM_RATECAPABILITY`.
    #[derive(Eq)]
    pub struct KSRATE_CAPABILITY {
        /// The request's property.
        pub Property: KSPROPERTY,
        /// The rate that is asked about.
        pub Rate: KSRATE,
    }

    /// Create parameters of a clock.
    #[derive(Eq)]
    pub struct KSCLOCK_CREATE {
        /// 0.
        pub CreateFlags: u32,
    }

    /// Value of the two correlated times of a clock: both read at one moment.
    #[derive(Eq)]
    pub struct KSCORRELATED_TIME {
        /// The clock's time, 100 ns.
        pub Time: i64,
        /// The performance counter's time, 100 ns.
        pub SystemTime: i64,
    }

    /// Value of `KSPROPERTY_CLOCK_RESOLUTION`.
    #[derive(Eq)]
    pub struct KSRESOLUTION {
        /// Step of the clock, 100 ns.
        pub Granularity: i64,
        /// By how much its notifications may be late, 100 ns.
        pub Error: i64,
    }

    /// What a pin wants of its buffers; create parameters of an allocator.
    #[derive(Eq)]
    pub struct KSALLOCATOR_FRAMING {
        /// `KSALLOCATOR_OPTIONF_*` on creation; of a pin `KSALLOCATOR_REQUIREMENTF_*`. A union with `RequirementsFlags` in C.
        pub OptionsFlags: u32,
        /// Pool that frames come from.
        pub PoolType: POOL_TYPE,
        /// The most frames that are out at once; 0 for any.
        pub Frames: u32,
        /// Bytes of a frame; 0 for any.
        pub FrameSize: u32,
        /// Alignment of a frame in bytes, minus one.
        pub FileAlignment: u32,
        /// 0.
        pub Reserved: u32,
    }

    /// Sizes that frames may have.
    #[derive(Eq)]
    pub struct KS_FRAMING_RANGE {
        /// Bytes of the smallest.
        pub MinFrameSize: u32,
        /// Bytes of the largest.
        pub MaxFrameSize: u32,
        /// Bytes between two sizes.
        pub Stepping: u32,
    }

    /// Sizes of frames, and how much the pin wants them.
    #[derive(Eq)]
    pub struct KS_FRAMING_RANGE_WEIGHTED {
        /// The sizes.
        pub Range: KS_FRAMING_RANGE,
        /// Weight if the frames are changed in place.
        pub InPlaceWeight: u32,
        /// Weight if the frames are copied.
        pub NotInPlaceWeight: u32,
    }

    /// How much longer or shorter a pin's frames are than those that the filter made them of.
    #[derive(Eq)]
    pub struct KS_COMPRESSION {
        /// Numerator of the ratio of output to input.
        pub RatioNumerator: u32,
        /// Denominator of that ratio.
        pub RatioDenominator: u32,
        /// Constant that is added to it, 0 without compression.
        pub RatioConstantMargin: u32,
    }
}
