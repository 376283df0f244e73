// SPDX-License-Identifier: MIT OR Apache-2.0
//! Kernel streaming (`ks.h`): requests, pins, formats, streams, and what `ks.sys` offers to drivers.

mod ids;
mod pin;
mod server;
mod stream;

pub use ids::*;
pub use pin::*;
pub use server::*;
pub use stream::*;

use super::{GUID, HANDLE, PVOID};

data! {
    /// What every request starts with. 24 bytes, 8-aligned (a union with an `Alignment` in C).
    #[repr(align(8))]
    #[derive(Eq)]
    pub struct KSIDENTIFIER {
        pub Set: GUID,
        pub Id: u32,
        pub Flags: u32,
    }

    /// A property of a node of the topology (`KSP_NODE` in `ks.h`).
    #[derive(Eq)]
    pub struct KSP_NODE {
        pub Property: KSPROPERTY,
        pub NodeId: u32,
        pub Reserved: u32,
    }

    #[derive(Eq)]
    pub struct KSP_PIN {
        pub Property: KSPROPERTY,
        pub PinId: u32,
        pub Reserved: u32,
    }

    /// Head of a list; `Size` includes the head.
    #[derive(Eq)]
    pub struct KSMULTIPLE_ITEM {
        pub Size: u32,
        pub Count: u32,
    }

    /// Answer to `KSPROPERTY_TYPE_BASICSUPPORT`, member lists follow.
    #[derive(Eq)]
    pub struct KSPROPERTY_DESCRIPTION {
        pub AccessFlags: u32,
        pub DescriptionSize: u32,
        pub PropTypeSet: KSIDENTIFIER,
        pub MembersListCount: u32,
        pub Reserved: u32,
    }

    #[derive(Eq)]
    pub struct KSPROPERTY_MEMBERSHEADER {
        pub MembersFlags: u32,
        pub MembersSize: u32,
        pub MembersCount: u32,
        pub Flags: u32,
    }

    /// A union of a signed and an unsigned pair in C.
    #[derive(Eq)]
    pub struct KSPROPERTY_BOUNDS_LONG {
        pub SignedMinimum: i32,
        pub SignedMaximum: i32,
    }

    /// A union of a signed and an unsigned pair in C.
    #[derive(Eq)]
    pub struct KSPROPERTY_BOUNDS_LONGLONG {
        pub SignedMinimum: i64,
        pub SignedMaximum: i64,
    }

    #[derive(Eq)]
    pub struct KSPROPERTY_STEPPING_LONG {
        pub SteppingDelta: u32,
        pub Reserved: u32,
        pub Bounds: KSPROPERTY_BOUNDS_LONG,
    }

    #[derive(Eq)]
    pub struct KSPROPERTY_STEPPING_LONGLONG {
        pub SteppingDelta: u64,
        pub Bounds: KSPROPERTY_BOUNDS_LONGLONG,
    }

    /// Value of `KSPROPERTY_GENERAL_COMPONENTID`.
    #[derive(Eq)]
    pub struct KSCOMPONENTID {
        pub Manufacturer: GUID,
        pub Product: GUID,
        pub Component: GUID,
        /// Looked up under `MediaCategories` for a friendly name.
        pub Name: GUID,
        pub Version: u32,
        pub Revision: u32,
    }

    /// The member `EventHandle` of [`KSEVENTDATA`]'s union; `KSEVENTF_SEMAPHORE_HANDLE` uses `Reserved[0]` as reserved and adjustment.
    #[derive(Eq)]
    pub struct KSEVENTDATA_HANDLE {
        pub Event: HANDLE,
        pub Reserved: [usize; 2],
    }

    /// How a client wants to hear of an event.
    #[derive(Eq)]
    pub struct KSEVENTDATA {
        /// `KSEVENTF_*`.
        pub NotificationType: u32,
        pub EventHandle: KSEVENTDATA_HANDLE,
    }

    #[derive(Eq)]
    pub struct KSEVENT_TIME_MARK {
        pub EventData: KSEVENTDATA,
        pub MarkTime: i64,
    }

    #[derive(Eq)]
    pub struct KSEVENT_TIME_INTERVAL {
        pub EventData: KSEVENTDATA,
        pub TimeBase: i64,
        pub Interval: i64,
    }

    #[derive(Eq)]
    pub struct KSQUERYBUFFER {
        pub Event: KSEVENT,
        pub EventData: *mut KSEVENTDATA,
        pub Reserved: PVOID,
    }

    #[derive(Eq)]
    pub struct KSTOPOLOGY_CONNECTION {
        pub FromNode: u32,
        pub FromNodePin: u32,
        pub ToNode: u32,
        pub ToNodePin: u32,
    }

    /// Create parameters of a topology node object.
    #[derive(Eq)]
    pub struct KSNODE_CREATE {
        pub CreateFlags: u32,
        pub Node: u32,
    }
}

pub type KSPROPERTY = KSIDENTIFIER;
pub type KSMETHOD = KSIDENTIFIER;
pub type KSEVENT = KSIDENTIFIER;
pub type KSPIN_INTERFACE = KSIDENTIFIER;
pub type KSPIN_MEDIUM = KSIDENTIFIER;
/// The same layout and use; `ksmedia.h` names it so.
pub type KSNODEPROPERTY = KSP_NODE;

/// `CTL_CODE`.
#[must_use]
pub const fn CTL_CODE(device_type: u32, function: u32, method: u32, access: u32) -> u32 {
    device_type << 16 | access << 14 | function << 2 | method
}
