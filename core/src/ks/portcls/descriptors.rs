// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a miniport describes itself with, and the requests that PortCls makes from it.

use super::IUnknown;
use crate::ks::ks::{KSEVENT_ENTRY, KSPIN_DESCRIPTOR};
use crate::ks::{GUID, NTSTATUS, PIRP, PVOID};

/// Answers a property request. `STATUS_PENDING` keeps the request, for `PcCompletePendingPropertyRequest`.
pub type PCPFNPROPERTY_HANDLER =
    unsafe extern "efiapi" fn(PropertyRequest: *mut PCPROPERTY_REQUEST) -> NTSTATUS;
/// Answers a method request; PortCls passes none on.
pub type PCPFNMETHOD_HANDLER =
    unsafe extern "efiapi" fn(MethodRequest: *mut PCMETHOD_REQUEST) -> NTSTATUS;
/// Answers an event request: support, enabling, disabling.
pub type PCPFNEVENT_HANDLER =
    unsafe extern "efiapi" fn(EventRequest: *mut PCEVENT_REQUEST) -> NTSTATUS;

table! {
    /// A property that a filter, pin or node has: one row of an automation table.
    pub struct PCPROPERTY_ITEM {
        /// The property set.
        pub Set: *const GUID,
        /// The property in its set.
        pub Id: u32,
        /// `PCPROPERTY_ITEM_FLAG_*`; PortCls refuses verbs that are not listed.
        pub Flags: u32,
        /// Called for the verbs in `Flags`.
        pub Handler: Option<PCPFNPROPERTY_HANDLER>,
    }

    /// A method of a filter, pin or node.
    pub struct PCMETHOD_ITEM {
        /// The method set.
        pub Set: *const GUID,
        /// The method in its set.
        pub Id: u32,
        /// How the method uses its buffer, values of `KSMETHOD_TYPE_*`.
        pub Flags: u32,
        /// Called for each request.
        pub Handler: Option<PCPFNMETHOD_HANDLER>,
    }

    /// An event of a pin or of a node.
    pub struct PCEVENT_ITEM {
        /// The event set.
        pub Set: *const GUID,
        /// The event in its set.
        pub Id: u32,
        /// What clients may ask for, `PCEVENT_ITEM_FLAG_*`.
        pub Flags: u32,
        /// Called for each verb.
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
        /// The row that the request is for.
        pub PropertyItem: *const PCPROPERTY_ITEM,
        /// `KSPROPERTY_TYPE_*`, to be tested bit by bit.
        pub Verb: u32,
        /// Bytes after the property (or node property).
        pub InstanceSize: u32,
        /// Those bytes.
        pub Instance: PVOID,
        /// Bytes; the handler sets what it wrote or needs.
        pub ValueSize: u32,
        /// The value: read by a set, written by a get.
        pub Value: PVOID,
        /// The client's request, for its requestor mode and process.
        pub Irp: PIRP,
    }

    /// A method request.
    #[derive(Eq)]
    pub struct PCMETHOD_REQUEST {
        /// The miniport, as given to `IPort::Init`.
        pub MajorTarget: *mut IUnknown,
        /// The stream, as given out by `NewStream`, or null.
        pub MinorTarget: *mut IUnknown,
        /// `u32::MAX` if the request has none.
        pub Node: u32,
        /// The row that the request is for.
        pub MethodItem: *const PCMETHOD_ITEM,
        /// `KSMETHOD_TYPE_*`, to be tested bit by bit.
        pub Verb: u32,
    }

    /// An event request. Belongs to PortCls.
    #[derive(Eq)]
    pub struct PCEVENT_REQUEST {
        /// The miniport, as given to `IPort::Init`.
        pub MajorTarget: *mut IUnknown,
        /// The stream, as given out by `NewStream`, or null.
        pub MinorTarget: *mut IUnknown,
        /// `u32::MAX` if the request has none.
        pub Node: u32,
        /// The row that the request is for.
        pub EventItem: *const PCEVENT_ITEM,
        /// The client's entry, to be given to `IPortEvents::AddEventToEventList`.
        pub EventEntry: *mut KSEVENT_ENTRY,
        /// `PCEVENT_VERB_*`.
        pub Verb: u32,
        /// The client's request.
        pub Irp: PIRP,
    }

    /// Properties, methods and events of a filter, pin or node. Sizes are multiples of 8.
    #[derive(Eq)]
    pub struct PCAUTOMATION_TABLE {
        /// Bytes of each property row, at least those of [`PCPROPERTY_ITEM`].
        pub PropertyItemSize: u32,
        /// Rows at `Properties`.
        pub PropertyCount: u32,
        /// The first property row; null if there is none.
        pub Properties: *const PCPROPERTY_ITEM,
        /// Bytes of each method row, at least those of [`PCMETHOD_ITEM`].
        pub MethodItemSize: u32,
        /// Rows at `Methods`.
        pub MethodCount: u32,
        /// The first method row; null if there is none.
        pub Methods: *const PCMETHOD_ITEM,
        /// Bytes of each event row, at least those of [`PCEVENT_ITEM`].
        pub EventItemSize: u32,
        /// Rows at `Events`.
        pub EventCount: u32,
        /// The first event row; null if there is none.
        pub Events: *const PCEVENT_ITEM,
        /// 0.
        pub Reserved: u32,
    }

    /// A pin: how many instances there may be, what it answers, what it carries.
    #[derive(Eq)]
    pub struct PCPIN_DESCRIPTOR {
        /// The most instances of all the filter's instances together.
        pub MaxGlobalInstanceCount: u32,
        /// The most instances of one filter instance; 0 for a bridge pin.
        pub MaxFilterInstanceCount: u32,
        /// The instances without which the filter does nothing.
        pub MinFilterInstanceCount: u32,
        /// What the pin itself answers, or null.
        pub AutomationTable: *const PCAUTOMATION_TABLE,
        /// Formats, data flow, category, name.
        pub KsPinDescriptor: KSPIN_DESCRIPTOR,
    }

    /// A node of the filter's topology.
    #[derive(Eq)]
    pub struct PCNODE_DESCRIPTOR {
        /// 0.
        pub Flags: u32,
        /// What the node answers, or null.
        pub AutomationTable: *const PCAUTOMATION_TABLE,
        /// `KSNODETYPE_*`.
        pub Type: *const GUID,
        /// Name that `MediaCategories` holds, or null: that of the type.
        pub Name: *const GUID,
    }

    /// A connection inside the filter, in the direction of the data.
    #[derive(Eq)]
    pub struct PCCONNECTION_DESCRIPTOR {
        /// Index of the node that the data leave, or [`PCFILTER_NODE`].
        pub FromNode: u32,
        /// Pin of that node, or of the filter.
        pub FromNodePin: u32,
        /// Index of the node that the data enter, or [`PCFILTER_NODE`].
        pub ToNode: u32,
        /// Pin of that node, or of the filter.
        pub ToNodePin: u32,
    }

    /// A whole filter, as `IMiniport::GetDescription` gives it out.
    #[derive(Eq)]
    pub struct PCFILTER_DESCRIPTOR {
        /// 0, the version of this structure.
        pub Version: u32,
        /// What the filter itself answers, or null.
        pub AutomationTable: *const PCAUTOMATION_TABLE,
        /// Bytes of each pin descriptor, a multiple of 8.
        pub PinSize: u32,
        /// Pins; a pin's number is its index.
        pub PinCount: u32,
        /// The first pin.
        pub Pins: *const PCPIN_DESCRIPTOR,
        /// Bytes of each node descriptor, a multiple of 8.
        pub NodeSize: u32,
        /// Nodes; a node's number is its index.
        pub NodeCount: u32,
        /// The first node, or null.
        pub Nodes: *const PCNODE_DESCRIPTOR,
        /// Connections inside the filter.
        pub ConnectionCount: u32,
        /// The first connection, or null.
        pub Connections: *const PCCONNECTION_DESCRIPTOR,
        /// Categories; 0 with null: those of the port.
        pub CategoryCount: u32,
        /// `KSCATEGORY_*`: the device interfaces that the subdevice is registered with.
        pub Categories: *const GUID,
    }
}

/// The filter itself as the end of a connection.
pub const PCFILTER_NODE: u32 = 0xFFFF_FFFF;

/// The property can be read.
pub const PCPROPERTY_ITEM_FLAG_GET: u32 = 1;
/// The property can be written.
pub const PCPROPERTY_ITEM_FLAG_SET: u32 = 2;
/// The handler answers what the property can and which values it takes.
pub const PCPROPERTY_ITEM_FLAG_BASICSUPPORT: u32 = 0x200;
/// The handler writes the set's properties in a form of its own.
pub const PCPROPERTY_ITEM_FLAG_SERIALIZERAW: u32 = 0x2000;
/// The handler reads that form back.
pub const PCPROPERTY_ITEM_FLAG_UNSERIALIZERAW: u32 = 0x4000;
/// The handler tells the bytes of the property's value in the common form.
pub const PCPROPERTY_ITEM_FLAG_SERIALIZESIZE: u32 = 0x8000;
/// All three of them.
pub const PCPROPERTY_ITEM_FLAG_SERIALIZE: u32 = PCPROPERTY_ITEM_FLAG_SERIALIZERAW
    | PCPROPERTY_ITEM_FLAG_UNSERIALIZERAW
    | PCPROPERTY_ITEM_FLAG_SERIALIZESIZE;
/// The handler answers with the value that the property starts with.
pub const PCPROPERTY_ITEM_FLAG_DEFAULTVALUES: u32 = 0x1_0000;

/// Clients may ask for each occurrence until they disable the event.
pub const PCEVENT_ITEM_FLAG_ENABLE: u32 = 1;
/// Clients may ask for the next occurrence alone.
pub const PCEVENT_ITEM_FLAG_ONESHOT: u32 = 2;
/// Clients may ask whether there is the event.
pub const PCEVENT_ITEM_FLAG_BASICSUPPORT: u32 = 0x200;
/// Nothing to do.
pub const PCEVENT_VERB_NONE: u32 = 0;
/// A client enables the event: check it, then `IPortEvents::AddEventToEventList`.
pub const PCEVENT_VERB_ADD: u32 = 1;
/// The entry is disabled and leaves the list.
pub const PCEVENT_VERB_REMOVE: u32 = 2;
/// Is there this event for this target? Success is yes.
pub const PCEVENT_VERB_SUPPORT: u32 = 4;

/// Bytes of PortCls' own part of the device extension: 64 pointers.
pub const PORT_CLASS_DEVICE_EXTENSION_SIZE: u32 = 64 * 8;
