// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a driver hands to `ks.sys`: create items, dispatch tables, property, method and event sets.

use super::{
    KSDATARANGE, KSEVENTDATA, KSIDENTIFIER, KSP_PIN, KSPROPERTY, KSPROPERTY_MEMBERSHEADER,
};
use crate::ks::{
    BOOLEAN, GUID, NTSTATUS, PDEVICE_OBJECT, PFILE_OBJECT, PIRP, PSECURITY_DESCRIPTOR, PVOID,
};

/// `Ks*` keeps its state in a structure of its own behind this pointer.
pub type KSDEVICE_HEADER = PVOID;
/// The same for an open object: filter, pin, clock, allocator, node.
pub type KSOBJECT_HEADER = PVOID;

/// A driver's routine for requests of one major function.
pub type PDRIVER_DISPATCH =
    unsafe extern "efiapi" fn(DeviceObject: PDEVICE_OBJECT, Irp: PIRP) -> NTSTATUS;
/// The same with a context in place of the device object.
pub type PFNKSCONTEXT_DISPATCH = unsafe extern "efiapi" fn(Context: PVOID, Irp: PIRP) -> NTSTATUS;
/// Answers a property or method; `Data` is the value. `STATUS_PENDING` keeps the request.
pub type PFNKSHANDLER =
    unsafe extern "efiapi" fn(Irp: PIRP, Request: *mut KSIDENTIFIER, Data: PVOID) -> NTSTATUS;
/// The same without a request, on the caller's stack; false sends the caller the slow way.
pub type PFNKSFASTHANDLER = unsafe extern "efiapi" fn(
    FileObject: PFILE_OBJECT,
    Request: *mut KSIDENTIFIER,
    RequestLength: u32,
    Data: PVOID,
    DataLength: u32,
    IoStatus: PVOID,
) -> BOOLEAN;
/// Makes a request's buffer in place of `ks.sys`.
pub type PFNKSALLOCATOR =
    unsafe extern "efiapi" fn(Irp: PIRP, BufferSize: u32, InputOperation: BOOLEAN) -> NTSTATUS;
/// The best format that the client's range and one of the pin's allow; `STATUS_NO_MATCH` tries the next range.
pub type PFNKSINTERSECTHANDLER = unsafe extern "efiapi" fn(
    Irp: PIRP,
    Pin: *mut KSP_PIN,
    DataRange: *mut KSDATARANGE,
    Data: PVOID,
) -> NTSTATUS;
/// Takes or refuses an event that a client enables.
pub type PFNKSADDEVENT = unsafe extern "efiapi" fn(
    Irp: PIRP,
    EventData: *mut KSEVENTDATA,
    EventEntry: *mut KSEVENT_ENTRY,
) -> NTSTATUS;
/// Takes an entry off the driver's list, under the list's lock.
pub type PFNKSREMOVEEVENT =
    unsafe extern "efiapi" fn(FileObject: PFILE_OBJECT, EventEntry: *mut KSEVENT_ENTRY);
/// Whether an entry of a list is to be signalled.
pub type PFNKSGENERATEEVENTCALLBACK =
    unsafe extern "efiapi" fn(Context: PVOID, EventEntry: *mut KSEVENT_ENTRY) -> BOOLEAN;
/// Frees what a create item points to.
pub type PFNKSITEMFREECALLBACK = unsafe extern "efiapi" fn(CreateItem: *mut KSOBJECT_CREATE_ITEM);

data! {
    /// `UNICODE_STRING` of `ntdef.h`, as far as KS structures contain it. Lengths are bytes, without a terminator.
    #[derive(Eq)]
    pub struct UNICODE_STRING {
        /// Bytes in use.
        pub Length: u16,
        /// Bytes at `Buffer`.
        pub MaximumLength: u16,
        /// UTF-16 code units.
        pub Buffer: *mut u16,
    }

    /// `LIST_ENTRY` of `ntdef.h`: a link of a circular list, or its head.
    #[derive(Eq)]
    pub struct LIST_ENTRY {
        /// The next link.
        pub Flink: *mut LIST_ENTRY,
        /// The previous link.
        pub Blink: *mut LIST_ENTRY,
    }

    /// A member list of [`KSPROPERTY_VALUES`].
    #[derive(Eq)]
    pub struct KSPROPERTY_MEMBERSLIST {
        /// Kind and number of the members.
        pub MembersHeader: KSPROPERTY_MEMBERSHEADER,
        /// The first member.
        pub Members: *const core::ffi::c_void,
    }

    /// Values that a property takes, for `ks.sys` to answer basic support and default values from.
    #[derive(Eq)]
    pub struct KSPROPERTY_VALUES {
        /// Type of the value.
        pub PropTypeSet: KSIDENTIFIER,
        /// Lists at `MembersList`.
        pub MembersListCount: u32,
        /// The first member list, or null.
        pub MembersList: *const KSPROPERTY_MEMBERSLIST,
    }

    /// Head of a serialized property set; [`KSPROPERTY_SERIAL`] and value of each property follow. Packed.
    #[derive(Eq)]
    #[repr(packed)]
    pub struct KSPROPERTY_SERIALHDR {
        /// The set.
        pub PropertySet: GUID,
        /// Properties that follow.
        pub Count: u32,
    }

    /// Head of each serialized property, 4-aligned; the value follows.
    #[derive(Eq)]
    pub struct KSPROPERTY_SERIAL {
        /// Type of the value.
        pub PropTypeSet: KSIDENTIFIER,
        /// The property in its set.
        pub Id: u32,
        /// Bytes of the value, without padding.
        pub PropertyLength: u32,
    }

    /// An event that a client has enabled: an element of the driver's list.
    #[derive(Eq)]
    pub struct KSEVENT_ENTRY {
        /// Link in that list.
        pub ListEntry: LIST_ENTRY,
        /// What is signalled: event, semaphore, DPC or work item.
        pub Object: PVOID,
        /// The DPC that signals from above DISPATCH_LEVEL. A union with `BufferItem` in C.
        pub DpcItem: PVOID,
        /// The client's address, which names the event when it is disabled.
        pub EventData: *mut KSEVENTDATA,
        /// `KSEVENTF_*`: what `Object` is.
        pub NotificationType: u32,
        /// The set of the event.
        pub EventSet: *const KSEVENT_SET,
        /// The event.
        pub EventItem: *const KSEVENT_ITEM,
        /// The client's handle; its close removes the entry.
        pub FileObject: PFILE_OBJECT,
        /// By how much a semaphore is released.
        pub SemaphoreAdjustment: u32,
        /// Of `ks.sys`.
        pub Reserved: u32,
        /// `KSEVENT_ENTRY_*`.
        pub Flags: u32,
    }
}

table! {
    /// A class of objects that can be created below a device or an object: `ObjectClass` is the first part of the name.
    pub struct KSOBJECT_CREATE_ITEM {
        /// Called to create such an object; null marks an empty slot.
        pub Create: Option<PDRIVER_DISPATCH>,
        /// The driver's own.
        pub Context: PVOID,
        /// First part of the create name, such as `KSSTRING_Pin`.
        pub ObjectClass: UNICODE_STRING,
        /// Who may create the object, in pool memory; null for everybody.
        pub SecurityDescriptor: PSECURITY_DESCRIPTOR,
        /// `KSCREATE_ITEM_*`.
        pub Flags: u32,
    }

    /// Create items, as `KsAllocateDeviceHeader` and `KsAllocateObjectHeader` take them.
    pub struct KSOBJECT_CREATE {
        /// Items at `CreateItemsList`.
        pub CreateItemsCount: u32,
        /// The first item.
        pub CreateItemsList: *mut KSOBJECT_CREATE_ITEM,
    }

    /// What `KsAllocateObjectHeader` is given; the fast entries are null or `KsDispatchFast*Failure`.
    pub struct KSDISPATCH_TABLE {
        /// `IRP_MJ_DEVICE_CONTROL`.
        pub DeviceIoControl: Option<PDRIVER_DISPATCH>,
        /// `IRP_MJ_READ`.
        pub Read: Option<PDRIVER_DISPATCH>,
        /// `IRP_MJ_WRITE`.
        pub Write: Option<PDRIVER_DISPATCH>,
        /// `IRP_MJ_FLUSH_BUFFERS`.
        pub Flush: Option<PDRIVER_DISPATCH>,
        /// `IRP_MJ_CLOSE`.
        pub Close: Option<PDRIVER_DISPATCH>,
        /// `IRP_MJ_QUERY_SECURITY`.
        pub QuerySecurity: Option<PDRIVER_DISPATCH>,
        /// `IRP_MJ_SET_SECURITY`.
        pub SetSecurity: Option<PDRIVER_DISPATCH>,
        /// Control codes without a request.
        pub FastDeviceIoControl: *const core::ffi::c_void,
        /// Reads without a request.
        pub FastRead: *const core::ffi::c_void,
        /// Writes without a request.
        pub FastWrite: *const core::ffi::c_void,
    }

    /// A property of a [`KSPROPERTY_SET`].
    pub struct KSPROPERTY_ITEM {
        /// The property in its set.
        pub PropertyId: u32,
        /// Reads the value; null if it cannot be read. A union with `GetSupported` in C.
        pub GetPropertyHandler: Option<PFNKSHANDLER>,
        /// Least bytes of the request.
        pub MinProperty: u32,
        /// Least bytes of the value.
        pub MinData: u32,
        /// Writes the value; null if it cannot be written. A union with `SetSupported` in C.
        pub SetPropertyHandler: Option<PFNKSHANDLER>,
        /// What basic support answers, or null.
        pub Values: *const KSPROPERTY_VALUES,
        /// Properties at `Relations`.
        pub RelationsCount: u32,
        /// The first of the properties that change with this one, or null.
        pub Relations: *const KSPROPERTY,
        /// Answers the other verbs; null: `ks.sys` does.
        pub SupportHandler: Option<PFNKSHANDLER>,
        /// Bytes of the value when the set is serialized; 0: it is left out, 1: the handler tells.
        pub SerializedSize: u32,
    }

    /// A property that is also answered without a request.
    pub struct KSFASTPROPERTY_ITEM {
        /// The property in its set.
        pub PropertyId: u32,
        /// Reads the value, or null.
        pub GetPropertyHandler: Option<PFNKSFASTHANDLER>,
        /// Writes the value, or null.
        pub SetPropertyHandler: Option<PFNKSFASTHANDLER>,
        /// 0.
        pub Reserved: u32,
    }

    /// A property set that `KsPropertyHandler` answers from.
    pub struct KSPROPERTY_SET {
        /// The set's GUID.
        pub Set: *const GUID,
        /// Items at `PropertyItem`.
        pub PropertiesCount: u32,
        /// The first item.
        pub PropertyItem: *const KSPROPERTY_ITEM,
        /// Items at `FastIoTable`.
        pub FastIoCount: u32,
        /// The first fast item, or null.
        pub FastIoTable: *const KSFASTPROPERTY_ITEM,
    }

    /// A method of a [`KSMETHOD_SET`].
    pub struct KSMETHOD_ITEM {
        /// The method in its set.
        pub MethodId: u32,
        /// Executes the method. A union with `MethodSupported` in C.
        pub MethodHandler: Option<PFNKSHANDLER>,
        /// Least bytes of the request.
        pub MinMethod: u32,
        /// Least bytes of the data.
        pub MinData: u32,
        /// Answers the other verbs; null: `ks.sys` does.
        pub SupportHandler: Option<PFNKSHANDLER>,
        /// How the method uses its data, `KSMETHOD_TYPE_*` from NONE to SOURCE.
        pub Flags: u32,
    }

    /// A method that is also executed without a request.
    pub struct KSFASTMETHOD_ITEM {
        /// The method in its set.
        pub MethodId: u32,
        /// Executes the method.
        pub MethodHandler: Option<PFNKSFASTHANDLER>,
    }

    /// A method set that `KsMethodHandler` answers from.
    pub struct KSMETHOD_SET {
        /// The set's GUID.
        pub Set: *const GUID,
        /// Items at `MethodItem`.
        pub MethodsCount: u32,
        /// The first item.
        pub MethodItem: *const KSMETHOD_ITEM,
        /// Items at `FastIoTable`.
        pub FastIoCount: u32,
        /// The first fast item, or null.
        pub FastIoTable: *const KSFASTMETHOD_ITEM,
    }

    /// An event of a [`KSEVENT_SET`].
    pub struct KSEVENT_ITEM {
        /// The event in its set.
        pub EventId: u32,
        /// Bytes of event data that the client gives, at least those of [`KSEVENTDATA`].
        pub DataInput: u32,
        /// Bytes to allocate behind the [`KSEVENT_ENTRY`].
        pub ExtraEntryData: u32,
        /// Takes or refuses an entry; null: `ks.sys` puts it on the list.
        pub AddHandler: Option<PFNKSADDEVENT>,
        /// Takes an entry off; null: `ks.sys` does.
        pub RemoveHandler: Option<PFNKSREMOVEEVENT>,
        /// Answers whether there is the event; null: `ks.sys` does.
        pub SupportHandler: Option<PFNKSHANDLER>,
    }

    /// An event set that `KsEnableEvent` answers from.
    pub struct KSEVENT_SET {
        /// The set's GUID.
        pub Set: *const GUID,
        /// Items at `EventItem`.
        pub EventsCount: u32,
        /// The first item.
        pub EventItem: *const KSEVENT_ITEM,
    }
}

/// `KSEVENTS_*`.
pub type KSEVENTS_LOCKTYPE = i32;
/// `Ks*IrpFromCancelableQueue` operations.
pub type KSIRP_REMOVAL_OPERATION = i32;
/// `KsListEntryTail`, `KsListEntryHead`.
pub type KSLIST_ENTRY_LOCATION = i32;

// Where `ks.sys` keeps things in `Irp->Tail.Overlay.DriverContext` while a handler runs.
/// The property, method or event set; in a create request the create item; in an event request the entry.
pub const KSSET_IRP_STORAGE: usize = 0;
/// The lock of the cancelable queue.
pub const KSQUEUE_SPINLOCK_IRP_STORAGE: usize = 1;
/// The operation (`KSOPERATION_IRP_STORAGE`) or the attribute list.
pub const KSOPERATION_IRP_STORAGE: usize = 2;
/// The property, method or event item, where the item size was given.
pub const KSITEM_IRP_STORAGE: usize = 3;
