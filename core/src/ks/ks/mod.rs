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
        /// The property, method or event set; of an interface or medium its set.
        pub Set: GUID,
        /// The item in the set.
        pub Id: u32,
        /// What is asked: `KSPROPERTY_TYPE_*`, `KSMETHOD_TYPE_*` or `KSEVENT_TYPE_*`; 0 for interfaces and mediums.
        pub Flags: u32,
    }

    /// A property of a node of the topology (`KSP_NODE` in `ks.h`).
    #[derive(Eq)]
    pub struct KSP_NODE {
        /// The property.
        pub Property: KSPROPERTY,
        /// Index of the node in the filter's topology.
        pub NodeId: u32,
        /// 0.
        pub Reserved: u32,
    }

    /// A property of a filter about one of its pins.
    #[derive(Eq)]
    pub struct KSP_PIN {
        /// The property.
        pub Property: KSPROPERTY,
        /// Index of the pin.
        pub PinId: u32,
        /// 0. A union with `Flags` in C.
        pub Reserved: u32,
    }

    /// Head of a list; the items follow, each 8-aligned if they vary in length.
    #[derive(Eq)]
    pub struct KSMULTIPLE_ITEM {
        /// Bytes of head and items.
        pub Size: u32,
        /// Items.
        pub Count: u32,
    }

    /// Answer to `KSPROPERTY_TYPE_BASICSUPPORT`, member lists follow.
    #[derive(Eq)]
    pub struct KSPROPERTY_DESCRIPTION {
        /// `KSPROPERTY_TYPE_*`: the verbs that the property knows.
        pub AccessFlags: u32,
        /// Bytes of the whole answer, member lists included.
        pub DescriptionSize: u32,
        /// Type of the value: `KSPROPTYPESETID_General` and `VT_*`.
        pub PropTypeSet: KSIDENTIFIER,
        /// Member lists that follow.
        pub MembersListCount: u32,
        /// 0.
        pub Reserved: u32,
    }

    /// Head of a member list: values or ranges that the property takes. The members follow.
    #[derive(Eq)]
    pub struct KSPROPERTY_MEMBERSHEADER {
        /// Kind of members, `KSPROPERTY_MEMBER_*` without `FLAG`.
        pub MembersFlags: u32,
        /// Bytes of each member.
        pub MembersSize: u32,
        /// Members; channels, if the flags say multichannel.
        pub MembersCount: u32,
        /// `KSPROPERTY_MEMBER_FLAG_*`.
        pub Flags: u32,
    }

    /// Range of a 32-bit value, both ends included. A union of a signed and an unsigned pair in C.
    #[derive(Eq)]
    pub struct KSPROPERTY_BOUNDS_LONG {
        /// The smallest value.
        pub SignedMinimum: i32,
        /// The largest value.
        pub SignedMaximum: i32,
    }

    /// Range of a 64-bit value, both ends included. A union of a signed and an unsigned pair in C.
    #[derive(Eq)]
    pub struct KSPROPERTY_BOUNDS_LONGLONG {
        /// The smallest value.
        pub SignedMinimum: i64,
        /// The largest value.
        pub SignedMaximum: i64,
    }

    /// Member of the kind STEPPEDRANGES for 32-bit values.
    #[derive(Eq)]
    pub struct KSPROPERTY_STEPPING_LONG {
        /// Distance of two values, from the minimum on.
        pub SteppingDelta: u32,
        /// 0.
        pub Reserved: u32,
        /// The range.
        pub Bounds: KSPROPERTY_BOUNDS_LONG,
    }

    /// Member of the kind STEPPEDRANGES for 64-bit values.
    #[derive(Eq)]
    pub struct KSPROPERTY_STEPPING_LONGLONG {
        /// Distance of two values, from the minimum on.
        pub SteppingDelta: u64,
        /// The range.
        pub Bounds: KSPROPERTY_BOUNDS_LONGLONG,
    }

    /// Value of `KSPROPERTY_GENERAL_COMPONENTID`.
    #[derive(Eq)]
    pub struct KSCOMPONENTID {
        /// The maker.
        pub Manufacturer: GUID,
        /// The product.
        pub Product: GUID,
        /// The part of the product.
        pub Component: GUID,
        /// Looked up under `MediaCategories` for a friendly name.
        pub Name: GUID,
        /// Major version.
        pub Version: u32,
        /// Minor version.
        pub Revision: u32,
    }

    /// The member `EventHandle` of [`KSEVENTDATA`]'s union; `KSEVENTF_SEMAPHORE_HANDLE` uses `Reserved[0]` as reserved and adjustment.
    #[derive(Eq)]
    pub struct KSEVENTDATA_HANDLE {
        /// The event or semaphore that is signalled.
        pub Event: HANDLE,
        /// 0, but for a semaphore.
        pub Reserved: [usize; 2],
    }

    /// How a client wants to hear of an event.
    #[derive(Eq)]
    pub struct KSEVENTDATA {
        /// `KSEVENTF_*`.
        pub NotificationType: u32,
        /// What is signalled. A union in C, one member for each notification type.
        pub EventHandle: KSEVENTDATA_HANDLE,
    }

    /// Data of `KSEVENT_CLOCK_POSITION_MARK`.
    #[derive(Eq)]
    pub struct KSEVENT_TIME_MARK {
        /// How the client wants to hear of it.
        pub EventData: KSEVENTDATA,
        /// When, by the clock, 100 ns.
        pub MarkTime: i64,
    }

    /// Data of `KSEVENT_CLOCK_INTERVAL_MARK`.
    #[derive(Eq)]
    pub struct KSEVENT_TIME_INTERVAL {
        /// How the client wants to hear of it.
        pub EventData: KSEVENTDATA,
        /// The first time, by the clock, 100 ns.
        pub TimeBase: i64,
        /// From one time to the next, 100 ns.
        pub Interval: i64,
    }

    /// Request for what an event enabled with `KSEVENT_TYPE_ENABLEBUFFERED` has collected.
    #[derive(Eq)]
    pub struct KSQUERYBUFFER {
        /// The event, with `KSEVENT_TYPE_QUERYBUFFER`.
        pub Event: KSEVENT,
        /// The address that the event was enabled with, which names it.
        pub EventData: *mut KSEVENTDATA,
        /// Null.
        pub Reserved: PVOID,
    }

    /// A connection inside a filter, as `KSPROPERTY_TOPOLOGY_CONNECTIONS` lists it.
    #[derive(Eq)]
    pub struct KSTOPOLOGY_CONNECTION {
        /// Index of the node that the data leave, or `KSFILTER_NODE`.
        pub FromNode: u32,
        /// Pin of that node, or of the filter.
        pub FromNodePin: u32,
        /// Index of the node that the data enter, or `KSFILTER_NODE`.
        pub ToNode: u32,
        /// Pin of that node, or of the filter.
        pub ToNodePin: u32,
    }

    /// Create parameters of a topology node object.
    #[derive(Eq)]
    pub struct KSNODE_CREATE {
        /// 0.
        pub CreateFlags: u32,
        /// Index of the node in the filter's topology.
        pub Node: u32,
    }
}

/// A property request.
pub type KSPROPERTY = KSIDENTIFIER;
/// A method request.
pub type KSMETHOD = KSIDENTIFIER;
/// An event request.
pub type KSEVENT = KSIDENTIFIER;
/// How a pin passes data: set, interface, 0.
pub type KSPIN_INTERFACE = KSIDENTIFIER;
/// What a pin's data travel on: set, instance, 0.
pub type KSPIN_MEDIUM = KSIDENTIFIER;
/// The same layout and use; `ksmedia.h` names it so.
pub type KSNODEPROPERTY = KSP_NODE;

/// A device control code of its parts, as the macro `CTL_CODE` makes it.
#[must_use]
pub const fn CTL_CODE(device_type: u32, function: u32, method: u32, access: u32) -> u32 {
    device_type << 16 | access << 14 | function << 2 | method
}
