// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a miniport describes itself with, and the requests that PortCls makes from it.

use super::IUnknown;
use crate::ks::ks::{KSEVENT_ENTRY, KSPIN_DESCRIPTOR};
use crate::ks::{GUID, NTSTATUS, PIRP, PVOID};

pub type PCPFNPROPERTY_HANDLER =
    unsafe extern "efiapi" fn(PropertyRequest: *mut PCPROPERTY_REQUEST) -> NTSTATUS;
pub type PCPFNMETHOD_HANDLER =
    unsafe extern "efiapi" fn(MethodRequest: *mut PCMETHOD_REQUEST) -> NTSTATUS;
pub type PCPFNEVENT_HANDLER =
    unsafe extern "efiapi" fn(EventRequest: *mut PCEVENT_REQUEST) -> NTSTATUS;

table! {
    pub struct PCPROPERTY_ITEM {
        pub Set: *const GUID,
        pub Id: u32,
        /// `PCPROPERTY_ITEM_FLAG_*`; PortCls refuses verbs that are not listed.
        pub Flags: u32,
        pub Handler: Option<PCPFNPROPERTY_HANDLER>,
    }

    pub struct PCMETHOD_ITEM {
        pub Set: *const GUID,
        pub Id: u32,
        pub Flags: u32,
        pub Handler: Option<PCPFNMETHOD_HANDLER>,
    }

    pub struct PCEVENT_ITEM {
        pub Set: *const GUID,
        pub Id: u32,
        pub Flags: u32,
        pub Handler: Option<PCPFNEVENT_HANDLER>,
    }
}

data! {
    /// A property request. Belongs to PortCls unless the handler returned `STATUS_PENDING`.
    #[derive(Eq)]
    pub struct PCPROPERTY_REQUEST {
        /// The miniport, as given to `IPort::Init`.
        pub MajorTarget: *mut IUnknown,
        /// The stream, as given out by `NewStream`, or null.
        pub MinorTarget: *mut IUnknown,
        /// `u32::MAX` if the request has none.
        pub Node: u32,
        pub PropertyItem: *const PCPROPERTY_ITEM,
        /// `KSPROPERTY_TYPE_*`, to be tested bit by bit.
        pub Verb: u32,
        /// Bytes after the property (or node property).
        pub InstanceSize: u32,
        pub Instance: PVOID,
        /// Bytes; the handler sets what it wrote or needs.
        pub ValueSize: u32,
        pub Value: PVOID,
        pub Irp: PIRP,
    }

    #[derive(Eq)]
    pub struct PCMETHOD_REQUEST {
        pub MajorTarget: *mut IUnknown,
        pub MinorTarget: *mut IUnknown,
        pub Node: u32,
        pub MethodItem: *const PCMETHOD_ITEM,
        pub Verb: u32,
    }

    #[derive(Eq)]
    pub struct PCEVENT_REQUEST {
        pub MajorTarget: *mut IUnknown,
        pub MinorTarget: *mut IUnknown,
        pub Node: u32,
        pub EventItem: *const PCEVENT_ITEM,
        pub EventEntry: *mut KSEVENT_ENTRY,
        /// `PCEVENT_VERB_*`.
        pub Verb: u32,
        pub Irp: PIRP,
    }

    #[derive(Eq)]
    pub struct PCAUTOMATION_TABLE {
        pub PropertyItemSize: u32,
        pub PropertyCount: u32,
        pub Properties: *const PCPROPERTY_ITEM,
        pub MethodItemSize: u32,
        pub MethodCount: u32,
        pub Methods: *const PCMETHOD_ITEM,
        pub EventItemSize: u32,
        pub EventCount: u32,
        pub Events: *const PCEVENT_ITEM,
        pub Reserved: u32,
    }

    #[derive(Eq)]
    pub struct PCPIN_DESCRIPTOR {
        pub MaxGlobalInstanceCount: u32,
        pub MaxFilterInstanceCount: u32,
        pub MinFilterInstanceCount: u32,
        pub AutomationTable: *const PCAUTOMATION_TABLE,
        pub KsPinDescriptor: KSPIN_DESCRIPTOR,
    }

    #[derive(Eq)]
    pub struct PCNODE_DESCRIPTOR {
        pub Flags: u32,
        pub AutomationTable: *const PCAUTOMATION_TABLE,
        pub Type: *const GUID,
        pub Name: *const GUID,
    }

    #[derive(Eq)]
    pub struct PCCONNECTION_DESCRIPTOR {
        pub FromNode: u32,
        pub FromNodePin: u32,
        pub ToNode: u32,
        pub ToNodePin: u32,
    }

    #[derive(Eq)]
    pub struct PCFILTER_DESCRIPTOR {
        /// 0.
        pub Version: u32,
        pub AutomationTable: *const PCAUTOMATION_TABLE,
        /// Bytes of each pin descriptor, a multiple of 8.
        pub PinSize: u32,
        pub PinCount: u32,
        pub Pins: *const PCPIN_DESCRIPTOR,
        pub NodeSize: u32,
        pub NodeCount: u32,
        pub Nodes: *const PCNODE_DESCRIPTOR,
        pub ConnectionCount: u32,
        pub Connections: *const PCCONNECTION_DESCRIPTOR,
        pub CategoryCount: u32,
        pub Categories: *const GUID,
    }
}

/// The filter itself as the end of a connection.
pub const PCFILTER_NODE: u32 = 0xFFFF_FFFF;

pub const PCPROPERTY_ITEM_FLAG_GET: u32 = 1;
pub const PCPROPERTY_ITEM_FLAG_SET: u32 = 2;
pub const PCPROPERTY_ITEM_FLAG_BASICSUPPORT: u32 = 0x200;
pub const PCPROPERTY_ITEM_FLAG_SERIALIZERAW: u32 = 0x2000;
pub const PCPROPERTY_ITEM_FLAG_UNSERIALIZERAW: u32 = 0x4000;
pub const PCPROPERTY_ITEM_FLAG_SERIALIZESIZE: u32 = 0x8000;
pub const PCPROPERTY_ITEM_FLAG_SERIALIZE: u32 = PCPROPERTY_ITEM_FLAG_SERIALIZERAW
    | PCPROPERTY_ITEM_FLAG_UNSERIALIZERAW
    | PCPROPERTY_ITEM_FLAG_SERIALIZESIZE;
pub const PCPROPERTY_ITEM_FLAG_DEFAULTVALUES: u32 = 0x1_0000;

pub const PCEVENT_ITEM_FLAG_ENABLE: u32 = 1;
pub const PCEVENT_ITEM_FLAG_ONESHOT: u32 = 2;
pub const PCEVENT_ITEM_FLAG_BASICSUPPORT: u32 = 0x200;
pub const PCEVENT_VERB_NONE: u32 = 0;
pub const PCEVENT_VERB_ADD: u32 = 1;
pub const PCEVENT_VERB_REMOVE: u32 = 2;
pub const PCEVENT_VERB_SUPPORT: u32 = 4;

/// 64 pointers.
pub const PORT_CLASS_DEVICE_EXTENSION_SIZE: u32 = 64 * 8;
