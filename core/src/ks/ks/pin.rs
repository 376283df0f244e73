// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pins and data formats.

use super::{KSPIN_INTERFACE, KSPIN_MEDIUM};
use crate::ks::{GUID, HANDLE};

/// `KSPIN_DATAFLOW_*`.
pub type KSPIN_DATAFLOW = i32;
/// `KSPIN_COMMUNICATION_*`.
pub type KSPIN_COMMUNICATION = i32;

data! {
    /// A format, or with more after it the head of a longer one. 64 bytes, 8-aligned (a union with an `Alignment` in C).
    #[repr(align(8))]
    #[derive(Eq)]
    pub struct KSDATAFORMAT {
        /// Bytes, the specifier's included.
        pub FormatSize: u32,
        /// `KSDATAFORMAT_ATTRIBUTES`, `KSDATARANGE_ATTRIBUTES`.
        pub Flags: u32,
        pub SampleSize: u32,
        pub Reserved: u32,
        pub MajorFormat: GUID,
        pub SubFormat: GUID,
        pub Specifier: GUID,
    }

    #[derive(Eq)]
    pub struct KSATTRIBUTE {
        pub Size: u32,
        pub Flags: u32,
        pub Attribute: GUID,
    }

    #[derive(Eq)]
    pub struct KSPRIORITY {
        pub PriorityClass: u32,
        pub PrioritySubClass: u32,
    }

    /// What `KsCreatePin` appends to [`KSSTRING_Pin`](super::KSSTRING_Pin); a [`KSDATAFORMAT`] follows.
    #[derive(Eq)]
    pub struct KSPIN_CONNECT {
        pub Interface: KSPIN_INTERFACE,
        pub Medium: KSPIN_MEDIUM,
        pub PinId: u32,
        /// The pin that this one feeds, or null.
        pub PinToHandle: HANDLE,
        pub Priority: KSPRIORITY,
    }

    /// [`KSPIN_CONNECT`] of a 32-bit process.
    #[derive(Eq)]
    pub struct KSPIN_CONNECT32 {
        pub Interface: KSPIN_INTERFACE,
        pub Medium: KSPIN_MEDIUM,
        pub PinId: u32,
        pub PinToHandle: u32,
        pub Priority: KSPRIORITY,
    }

    #[derive(Eq)]
    pub struct KSPIN_CINSTANCES {
        pub PossibleCount: u32,
        pub CurrentCount: u32,
    }

    /// `SymbolicLinkName` continues behind the structure.
    #[derive(Eq)]
    pub struct KSPIN_PHYSICALCONNECTION {
        /// Bytes, the name included.
        pub Size: u32,
        pub Pin: u32,
        pub SymbolicLinkName: [u16; 1],
    }

    /// Describes a pin of a filter.
    #[derive(Eq)]
    pub struct KSPIN_DESCRIPTOR {
        /// 0 with null: the port's default.
        pub InterfacesCount: u32,
        pub Interfaces: *const KSPIN_INTERFACE,
        pub MediumsCount: u32,
        pub Mediums: *const KSPIN_MEDIUM,
        pub DataRangesCount: u32,
        /// Pointers to ranges, each `FormatSize` bytes long.
        pub DataRanges: *const *const KSDATARANGE,
        pub DataFlow: KSPIN_DATAFLOW,
        pub Communication: KSPIN_COMMUNICATION,
        pub Category: *const GUID,
        pub Name: *const GUID,
        /// A union with `Reserved: i64` in C.
        pub ConstrainedDataRangesCount: u32,
        pub ConstrainedDataRanges: *const *const KSDATARANGE,
    }
}

pub type KSDATARANGE = KSDATAFORMAT;

/// `KSSTATE_*`.
pub type KSSTATE = i32;
