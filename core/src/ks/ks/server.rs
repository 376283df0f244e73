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
pub type KSOBJECT_HEADER = PVOID;

pub type PDRIVER_DISPATCH =
    unsafe extern "efiapi" fn(DeviceObject: PDEVICE_OBJECT, Irp: PIRP) -> NTSTATUS;
pub type PFNKSCONTEXT_DISPATCH = unsafe extern "efiapi" fn(Context: PVOID, Irp: PIRP) -> NTSTATUS;
pub type PFNKSHANDLER =
    unsafe extern "efiapi" fn(Irp: PIRP, Request: *mut KSIDENTIFIER, Data: PVOID) -> NTSTATUS;
pub type PFNKSFASTHANDLER = unsafe extern "efiapi" fn(
    FileObject: PFILE_OBJECT,
    Request: *mut KSIDENTIFIER,
    RequestLength: u32,
    Data: PVOID,
    DataLength: u32,
    IoStatus: PVOID,
) -> BOOLEAN;
pub type PFNKSALLOCATOR =
    unsafe extern "efiapi" fn(Irp: PIRP, BufferSize: u32, InputOperation: BOOLEAN) -> NTSTATUS;
pub type PFNKSINTERSECTHANDLER = unsafe extern "efiapi" fn(
    Irp: PIRP,
    Pin: *mut KSP_PIN,
    DataRange: *mut KSDATARANGE,
    Data: PVOID,
) -> NTSTATUS;
pub type PFNKSADDEVENT = unsafe extern "efiapi" fn(
    Irp: PIRP,
    EventData: *mut KSEVENTDATA,
    EventEntry: *mut KSEVENT_ENTRY,
) -> NTSTATUS;
pub type PFNKSREMOVEEVENT =
    unsafe extern "efiapi" fn(FileObject: PFILE_OBJECT, EventEntry: *mut KSEVENT_ENTRY);
pub type PFNKSGENERATEEVENTCALLBACK =
    unsafe extern "efiapi" fn(Context: PVOID, EventEntry: *mut KSEVENT_ENTRY) -> BOOLEAN;
pub type PFNKSITEMFREECALLBACK = unsafe extern "efiapi" fn(CreateItem: *mut KSOBJECT_CREATE_ITEM);

data! {
    /// `UNICODE_STRING` of `ntdef.h`, as far as KS structures contain it. Lengths are bytes, without a terminator.
    #[derive(Eq)]
    pub struct UNICODE_STRING {
        pub Length: u16,
        pub MaximumLength: u16,
        pub Buffer: *mut u16,
    }

    #[derive(Eq)]
    pub struct LIST_ENTRY {
        pub Flink: *mut LIST_ENTRY,
        pub Blink: *mut LIST_ENTRY,
    }

    #[derive(Eq)]
    pub struct KSPROPERTY_MEMBERSLIST {
        pub MembersHeader: KSPROPERTY_MEMBERSHEADER,
        pub Members: *const core::ffi::c_void,
    }

    #[derive(Eq)]
    pub struct KSPROPERTY_VALUES {
        pub PropTypeSet: KSIDENTIFIER,
        pub MembersListCount: u32,
        pub MembersList: *const KSPROPERTY_MEMBERSLIST,
    }

    /// Head of each serialized property. Packed.
    #[derive(Eq)]
    #[repr(packed)]
    pub struct KSPROPERTY_SERIALHDR {
        pub PropertySet: GUID,
        pub Count: u32,
    }

    #[derive(Eq)]
    pub struct KSPROPERTY_SERIAL {
        pub PropTypeSet: KSIDENTIFIER,
        pub Id: u32,
        pub PropertyLength: u32,
    }

    #[derive(Eq)]
    pub struct KSEVENT_ENTRY {
        pub ListEntry: LIST_ENTRY,
        pub Object: PVOID,
        /// A union with `BufferItem` in C.
        pub DpcItem: PVOID,
        pub EventData: *mut KSEVENTDATA,
        pub NotificationType: u32,
        pub EventSet: *const KSEVENT_SET,
        pub EventItem: *const KSEVENT_ITEM,
        pub FileObject: PFILE_OBJECT,
        pub SemaphoreAdjustment: u32,
        pub Reserved: u32,
        /// `KSEVENT_ENTRY_*`.
        pub Flags: u32,
    }
}

table! {
    /// A class of objects that can be created below a device or an object: `ObjectClass` is the first part of the name.
    pub struct KSOBJECT_CREATE_ITEM {
        pub Create: Option<PDRIVER_DISPATCH>,
        pub Context: PVOID,
        pub ObjectClass: UNICODE_STRING,
        pub SecurityDescriptor: PSECURITY_DESCRIPTOR,
        /// `KSCREATE_ITEM_*`.
        pub Flags: u32,
    }

    pub struct KSOBJECT_CREATE {
        pub CreateItemsCount: u32,
        pub CreateItemsList: *mut KSOBJECT_CREATE_ITEM,
    }

    /// What `KsAllocateObjectHeader` is given; the fast entries are null or `KsDispatchFast*Failure`.
    pub struct KSDISPATCH_TABLE {
        pub DeviceIoControl: Option<PDRIVER_DISPATCH>,
        pub Read: Option<PDRIVER_DISPATCH>,
        pub Write: Option<PDRIVER_DISPATCH>,
        pub Flush: Option<PDRIVER_DISPATCH>,
        pub Close: Option<PDRIVER_DISPATCH>,
        pub QuerySecurity: Option<PDRIVER_DISPATCH>,
        pub SetSecurity: Option<PDRIVER_DISPATCH>,
        pub FastDeviceIoControl: *const core::ffi::c_void,
        pub FastRead: *const core::ffi::c_void,
        pub FastWrite: *const core::ffi::c_void,
    }

    pub struct KSPROPERTY_ITEM {
        pub PropertyId: u32,
        /// A union with `GetSupported` in C.
        pub GetPropertyHandler: Option<PFNKSHANDLER>,
        /// Least bytes of the request.
        pub MinProperty: u32,
        /// Least bytes of the value.
        pub MinData: u32,
        /// A union with `SetSupported` in C.
        pub SetPropertyHandler: Option<PFNKSHANDLER>,
        pub Values: *const KSPROPERTY_VALUES,
        pub RelationsCount: u32,
        pub Relations: *const KSPROPERTY,
        pub SupportHandler: Option<PFNKSHANDLER>,
        pub SerializedSize: u32,
    }

    pub struct KSFASTPROPERTY_ITEM {
        pub PropertyId: u32,
        pub GetPropertyHandler: Option<PFNKSFASTHANDLER>,
        pub SetPropertyHandler: Option<PFNKSFASTHANDLER>,
        pub Reserved: u32,
    }

    pub struct KSPROPERTY_SET {
        pub Set: *const GUID,
        pub PropertiesCount: u32,
        pub PropertyItem: *const KSPROPERTY_ITEM,
        pub FastIoCount: u32,
        pub FastIoTable: *const KSFASTPROPERTY_ITEM,
    }

    pub struct KSMETHOD_ITEM {
        pub MethodId: u32,
        /// A union with `MethodSupported` in C.
        pub MethodHandler: Option<PFNKSHANDLER>,
        pub MinMethod: u32,
        pub MinData: u32,
        pub SupportHandler: Option<PFNKSHANDLER>,
        pub Flags: u32,
    }

    pub struct KSFASTMETHOD_ITEM {
        pub MethodId: u32,
        pub MethodHandler: Option<PFNKSFASTHANDLER>,
    }

    pub struct KSMETHOD_SET {
        pub Set: *const GUID,
        pub MethodsCount: u32,
        pub MethodItem: *const KSMETHOD_ITEM,
        pub FastIoCount: u32,
        pub FastIoTable: *const KSFASTMETHOD_ITEM,
    }

    pub struct KSEVENT_ITEM {
        pub EventId: u32,
        /// Bytes of event data that the client gives.
        pub DataInput: u32,
        /// Bytes to allocate behind the [`KSEVENT_ENTRY`].
        pub ExtraEntryData: u32,
        pub AddHandler: Option<PFNKSADDEVENT>,
        pub RemoveHandler: Option<PFNKSREMOVEEVENT>,
        pub SupportHandler: Option<PFNKSHANDLER>,
    }

    pub struct KSEVENT_SET {
        pub Set: *const GUID,
        pub EventsCount: u32,
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
