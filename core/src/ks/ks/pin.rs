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
        /// Bytes of a sample, 0 if it varies or means nothing.
        pub SampleSize: u32,
        /// 0.
        pub Reserved: u32,
        /// `KSDATAFORMAT_TYPE_*`.
        pub MajorFormat: GUID,
        /// `KSDATAFORMAT_SUBTYPE_*`.
        pub SubFormat: GUID,
        /// `KSDATAFORMAT_SPECIFIER_*`: what follows.
        pub Specifier: GUID,
    }

    /// Head of an attribute; a `KSMULTIPLE_ITEM` and a list of them follow a format or range whose flags say so, 8-aligned.
    #[derive(Eq)]
    pub struct KSATTRIBUTE {
        /// Bytes of the attribute, this head included.
        pub Size: u32,
        /// `KSATTRIBUTE_REQUIRED` (1): the connection needs it.
        pub Flags: u32,
        /// Which attribute it is, such as `KSATTRIBUTEID_AUDIOSIGNALPROCESSING_MODE`.
        pub Attribute: GUID,
    }

    /// How important a connection is among those that want the same resources.
    #[derive(Eq)]
    pub struct KSPRIORITY {
        /// `KSPRIORITY_*`.
        pub PriorityClass: u32,
        /// Rank in the class.
        pub PrioritySubClass: u32,
    }

    /// What `KsCreatePin` appends to [`KSSTRING_Pin`](super::KSSTRING_Pin); a [`KSDATAFORMAT`] follows.
    #[derive(Eq)]
    pub struct KSPIN_CONNECT {
        /// How data are passed: streaming of [`KSINTERFACESETID_Standard`](crate::ks::guid::KSINTERFACESETID_Standard).
        pub Interface: KSPIN_INTERFACE,
        /// What they travel on: that of [`KSMEDIUMSETID_Standard`](crate::ks::guid::KSMEDIUMSETID_Standard).
        pub Medium: KSPIN_MEDIUM,
        /// The pin of the filter.
        pub PinId: u32,
        /// The pin that this one feeds, or null.
        pub PinToHandle: HANDLE,
        /// The connection's priority.
        pub Priority: KSPRIORITY,
    }

    /// [`KSPIN_CONNECT`] of a 32-bit process.
    #[derive(Eq)]
    pub struct KSPIN_CONNECT32 {
        /// How data are passed.
        pub Interface: KSPIN_INTERFACE,
        /// What they travel on.
        pub Medium: KSPIN_MEDIUM,
        /// The pin of the filter.
        pub PinId: u32,
        /// The pin that this one feeds, or 0: a handle of 4 bytes.
        pub PinToHandle: u32,
        /// The connection's priority.
        pub Priority: KSPRIORITY,
    }

    /// Value of `KSPROPERTY_PIN_CINSTANCES` and `GLOBALCINSTANCES`.
    #[derive(Eq)]
    pub struct KSPIN_CINSTANCES {
        /// The most instances, `KSINSTANCE_INDETERMINATE` for no limit.
        pub PossibleCount: u32,
        /// Instances that are open.
        pub CurrentCount: u32,
    }

    /// Value of `KSPROPERTY_PIN_PHYSICALCONNECTION`: where a bridge pin leads. `SymbolicLinkName` continues behind the structure.
    #[derive(Eq)]
    pub struct KSPIN_PHYSICALCONNECTION {
        /// Bytes, the name included.
        pub Size: u32,
        /// Pin of the filter at the other end.
        pub Pin: u32,
        /// UTF-16, zero-terminated: device interface of the filter at the other end.
        pub SymbolicLinkName: [u16; 1],
    }

    /// Describes a pin of a filter.
    #[derive(Eq)]
    pub struct KSPIN_DESCRIPTOR {
        /// Interfaces; 0 with null: the port's default.
        pub InterfacesCount: u32,
        /// The first interface, or null.
        pub Interfaces: *const KSPIN_INTERFACE,
        /// Mediums; 0 with null: the port's default.
        pub MediumsCount: u32,
        /// The first medium, or null.
        pub Mediums: *const KSPIN_MEDIUM,
        /// Data ranges.
        pub DataRangesCount: u32,
        /// Pointers to ranges, each `FormatSize` bytes long.
        pub DataRanges: *const *const KSDATARANGE,
        /// Into the filter or out of it.
        pub DataFlow: KSPIN_DATAFLOW,
        /// Who sends requests to whom.
        pub Communication: KSPIN_COMMUNICATION,
        /// What the pin is, `KSCATEGORY_*` or `KSNODETYPE_*`.
        pub Category: *const GUID,
        /// Name that `MediaCategories` holds, or null: that of the category.
        pub Name: *const GUID,
        /// Ranges that are possible now, of those above; 0 for all. A union with `Reserved: i64` in C.
        pub ConstrainedDataRangesCount: u32,
        /// Pointers to them, or null.
        pub ConstrainedDataRanges: *const *const KSDATARANGE,
    }
}

/// Formats that a pin can have: the head of a longer structure with bounds.
pub type KSDATARANGE = KSDATAFORMAT;

/// `KSSTATE_*`.
pub type KSSTATE = i32;
