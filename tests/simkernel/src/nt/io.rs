// SPDX-License-Identifier: MIT OR Apache-2.0
//! Drivers, devices, files, requests.

use super::*;
use std::ptr::null_mut;

pub const IRP_MJ_CREATE: u8 = 0x00;
pub const IRP_MJ_CLOSE: u8 = 0x02;
pub const IRP_MJ_READ: u8 = 0x03;
pub const IRP_MJ_WRITE: u8 = 0x04;
pub const IRP_MJ_FLUSH_BUFFERS: u8 = 0x09;
pub const IRP_MJ_DEVICE_CONTROL: u8 = 0x0e;
pub const IRP_MJ_INTERNAL_DEVICE_CONTROL: u8 = 0x0f;
pub const IRP_MJ_SHUTDOWN: u8 = 0x10;
pub const IRP_MJ_CLEANUP: u8 = 0x12;
pub const IRP_MJ_QUERY_SECURITY: u8 = 0x14;
pub const IRP_MJ_SET_SECURITY: u8 = 0x15;
pub const IRP_MJ_POWER: u8 = 0x16;
pub const IRP_MJ_SYSTEM_CONTROL: u8 = 0x17;
pub const IRP_MJ_PNP: u8 = 0x1b;
pub const IRP_MJ_MAXIMUM_FUNCTION: u8 = 0x1b;

/// DEVICE_REGISTRY_PROPERTY
pub const DEVICE_PROPERTY_DEVICE_DESCRIPTION: u32 = 0;
pub const DEVICE_PROPERTY_HARDWARE_ID: u32 = 1;
pub const DEVICE_PROPERTY_COMPATIBLE_IDS: u32 = 2;
pub const DEVICE_PROPERTY_CLASS_NAME: u32 = 5;
pub const DEVICE_PROPERTY_CLASS_GUID: u32 = 6;
pub const DEVICE_PROPERTY_DRIVER_KEY_NAME: u32 = 7;
pub const DEVICE_PROPERTY_MANUFACTURER: u32 = 8;
pub const DEVICE_PROPERTY_FRIENDLY_NAME: u32 = 9;
pub const DEVICE_PROPERTY_PHYSICAL_DEVICE_OBJECT_NAME: u32 = 11;
pub const DEVICE_PROPERTY_ENUMERATOR_NAME: u32 = 15;

pub const IRP_MN_START_DEVICE: u8 = 0x00;
pub const IRP_MN_QUERY_REMOVE_DEVICE: u8 = 0x01;
pub const IRP_MN_REMOVE_DEVICE: u8 = 0x02;
pub const IRP_MN_CANCEL_REMOVE_DEVICE: u8 = 0x03;
pub const IRP_MN_STOP_DEVICE: u8 = 0x04;
pub const IRP_MN_QUERY_STOP_DEVICE: u8 = 0x05;
pub const IRP_MN_CANCEL_STOP_DEVICE: u8 = 0x06;
pub const IRP_MN_QUERY_DEVICE_RELATIONS: u8 = 0x07;
pub const IRP_MN_QUERY_INTERFACE: u8 = 0x08;
pub const IRP_MN_QUERY_CAPABILITIES: u8 = 0x09;
pub const IRP_MN_QUERY_RESOURCES: u8 = 0x0a;
pub const IRP_MN_QUERY_RESOURCE_REQUIREMENTS: u8 = 0x0b;
pub const IRP_MN_QUERY_DEVICE_TEXT: u8 = 0x0c;
pub const IRP_MN_FILTER_RESOURCE_REQUIREMENTS: u8 = 0x0d;
pub const IRP_MN_QUERY_ID: u8 = 0x13;
pub const IRP_MN_QUERY_PNP_DEVICE_STATE: u8 = 0x14;
pub const IRP_MN_QUERY_BUS_INFORMATION: u8 = 0x15;
pub const IRP_MN_SURPRISE_REMOVAL: u8 = 0x17;

pub const IRP_MN_WAIT_WAKE: u8 = 0x00;
pub const IRP_MN_POWER_SEQUENCE: u8 = 0x01;
pub const IRP_MN_SET_POWER: u8 = 0x02;
pub const IRP_MN_QUERY_POWER: u8 = 0x03;

pub const SL_PENDING_RETURNED: u8 = 0x01;
pub const SL_ERROR_RETURNED: u8 = 0x02;
pub const SL_INVOKE_ON_CANCEL: u8 = 0x20;
pub const SL_INVOKE_ON_SUCCESS: u8 = 0x40;
pub const SL_INVOKE_ON_ERROR: u8 = 0x80;

/// IRP.Flags.
pub const IRP_BUFFERED_IO: u32 = 0x10;
pub const IRP_DEALLOCATE_BUFFER: u32 = 0x20;
pub const IRP_INPUT_OPERATION: u32 = 0x40;

/// DEVICE_OBJECT.Flags.
pub const DO_BUFFERED_IO: u32 = 0x4;
pub const DO_DIRECT_IO: u32 = 0x10;
pub const DO_DEVICE_INITIALIZING: u32 = 0x80;
pub const DO_BUS_ENUMERATED_DEVICE: u32 = 0x1000;
pub const DO_POWER_PAGABLE: u32 = 0x2000;

pub const FILE_DEVICE_UNKNOWN: u32 = 0x22;
pub const FILE_DEVICE_KS: u32 = 0x2f;

pub const METHOD_BUFFERED: u32 = 0;
pub const METHOD_IN_DIRECT: u32 = 1;
pub const METHOD_OUT_DIRECT: u32 = 2;
pub const METHOD_NEITHER: u32 = 3;

/// Object type numbers in the `Type` fields.
pub const IO_TYPE_DEVICE: i16 = 3;
pub const IO_TYPE_DRIVER: i16 = 4;
pub const IO_TYPE_FILE: i16 = 5;
pub const IO_TYPE_IRP: i16 = 6;
pub const IO_TYPE_DEVICE_OBJECT_EXTENSION: i16 = 13;

pub type PDRIVER_DISPATCH =
    unsafe extern "efiapi" fn(DeviceObject: *mut DEVICE_OBJECT, Irp: *mut IRP) -> NTSTATUS;
pub type PDRIVER_INITIALIZE = unsafe extern "efiapi" fn(
    DriverObject: *mut DRIVER_OBJECT,
    RegistryPath: *mut UNICODE_STRING,
) -> NTSTATUS;
pub type PDRIVER_UNLOAD = unsafe extern "efiapi" fn(DriverObject: *mut DRIVER_OBJECT);
pub type PDRIVER_ADD_DEVICE = unsafe extern "efiapi" fn(
    DriverObject: *mut DRIVER_OBJECT,
    PhysicalDeviceObject: *mut DEVICE_OBJECT,
) -> NTSTATUS;
pub type PDRIVER_CANCEL =
    unsafe extern "efiapi" fn(DeviceObject: *mut DEVICE_OBJECT, Irp: *mut IRP);
pub type PIO_COMPLETION_ROUTINE = unsafe extern "efiapi" fn(
    DeviceObject: *mut DEVICE_OBJECT,
    Irp: *mut IRP,
    Context: PVOID,
) -> NTSTATUS;
pub type PIO_WORKITEM_ROUTINE =
    unsafe extern "efiapi" fn(DeviceObject: *mut DEVICE_OBJECT, Context: PVOID);
pub type PIO_WORKITEM_ROUTINE_EX =
    unsafe extern "efiapi" fn(IoObject: PVOID, Context: PVOID, IoWorkItem: PVOID);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DRIVER_EXTENSION {
    pub DriverObject: *mut DRIVER_OBJECT,
    pub AddDevice: Option<PDRIVER_ADD_DEVICE>,
    pub Count: u32,
    pub ServiceKeyName: UNICODE_STRING,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DRIVER_OBJECT {
    pub Type: i16,
    pub Size: i16,
    pub DeviceObject: *mut DEVICE_OBJECT,
    pub Flags: u32,
    pub DriverStart: PVOID,
    pub DriverSize: u32,
    pub DriverSection: PVOID,
    pub DriverExtension: *mut DRIVER_EXTENSION,
    pub DriverName: UNICODE_STRING,
    pub HardwareDatabase: *mut UNICODE_STRING,
    pub FastIoDispatch: PVOID,
    pub DriverInit: Option<PDRIVER_INITIALIZE>,
    pub DriverStartIo: PVOID,
    pub DriverUnload: Option<PDRIVER_UNLOAD>,
    pub MajorFunction: [Option<PDRIVER_DISPATCH>; IRP_MJ_MAXIMUM_FUNCTION as usize + 1],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KDEVICE_QUEUE {
    pub Type: i16,
    pub Size: i16,
    pub DeviceListHead: LIST_ENTRY,
    pub Lock: KSPIN_LOCK,
    pub Busy: usize,
}

#[repr(C, align(16))]
#[derive(Clone, Copy)]
pub struct DEVICE_OBJECT {
    pub Type: i16,
    pub Size: u16,
    pub ReferenceCount: i32,
    pub DriverObject: *mut DRIVER_OBJECT,
    pub NextDevice: *mut DEVICE_OBJECT,
    /// The device above this one.
    pub AttachedDevice: *mut DEVICE_OBJECT,
    pub CurrentIrp: *mut IRP,
    pub Timer: PVOID,
    pub Flags: u32,
    pub Characteristics: u32,
    pub Vpb: PVOID,
    pub DeviceExtension: PVOID,
    pub DeviceType: u32,
    pub StackSize: i8,
    pub Queue: [usize; 9],
    pub AlignmentRequirement: u32,
    pub DeviceQueue: KDEVICE_QUEUE,
    pub Dpc: KDPC,
    pub ActiveThreadCount: u32,
    pub SecurityDescriptor: PVOID,
    pub DeviceLock: KEVENT,
    pub SectorSize: u16,
    pub Spare1: u16,
    pub DeviceObjectExtension: *mut DEVOBJ_EXTENSION,
    pub Reserved: PVOID,
}

/// The documented head, then what Windows keeps behind it and simkernel uses too.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct DEVOBJ_EXTENSION {
    pub Type: i16,
    pub Size: u16,
    pub DeviceObject: *mut DEVICE_OBJECT,
    pub PowerFlags: u32,
    pub Dope: PVOID,
    pub ExtensionFlags: u32,
    pub DeviceNode: PVOID,
    /// The device below this one.
    pub AttachedTo: *mut DEVICE_OBJECT,
    pub StartIoCount: i32,
    pub StartIoKey: i32,
    pub StartIoFlags: u32,
    pub Vpb: PVOID,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct FILE_OBJECT {
    pub Type: i16,
    pub Size: i16,
    pub DeviceObject: *mut DEVICE_OBJECT,
    pub Vpb: PVOID,
    pub FsContext: PVOID,
    pub FsContext2: PVOID,
    pub SectionObjectPointer: PVOID,
    pub PrivateCacheMap: PVOID,
    pub FinalStatus: NTSTATUS,
    pub RelatedFileObject: *mut FILE_OBJECT,
    pub LockOperation: BOOLEAN,
    pub DeletePending: BOOLEAN,
    pub ReadAccess: BOOLEAN,
    pub WriteAccess: BOOLEAN,
    pub DeleteAccess: BOOLEAN,
    pub SharedRead: BOOLEAN,
    pub SharedWrite: BOOLEAN,
    pub SharedDelete: BOOLEAN,
    pub Flags: u32,
    pub FileName: UNICODE_STRING,
    pub CurrentByteOffset: i64,
    pub Waiters: u32,
    pub Busy: u32,
    pub LastLock: PVOID,
    pub Lock: KEVENT,
    pub Event: KEVENT,
    pub CompletionContext: PVOID,
    pub IrpListLock: KSPIN_LOCK,
    pub IrpList: LIST_ENTRY,
    pub FileObjectExtension: PVOID,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct IO_STATUS_BLOCK {
    /// Pads to the pointer that shares the union with it.
    pub Status: NTSTATUS,
    pub Reserved: u32,
    pub Information: usize,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub union ASSOCIATED_IRP {
    pub MasterIrp: *mut IRP,
    pub IrpCount: i32,
    pub SystemBuffer: PVOID,
}

/// `IRP.Tail.Overlay`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IRP_TAIL {
    pub DriverContext: [PVOID; 4],
    pub Thread: PVOID,
    pub AuxiliaryBuffer: PVOID,
    pub ListEntry: LIST_ENTRY,
    pub CurrentStackLocation: *mut IO_STACK_LOCATION,
    pub OriginalFileObject: *mut FILE_OBJECT,
    pub IrpExtension: PVOID,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct IRP {
    pub Type: i16,
    pub Size: u16,
    pub MdlAddress: *mut MDL,
    pub Flags: u32,
    pub AssociatedIrp: ASSOCIATED_IRP,
    pub ThreadListEntry: LIST_ENTRY,
    pub IoStatus: IO_STATUS_BLOCK,
    pub RequestorMode: KPROCESSOR_MODE,
    pub PendingReturned: BOOLEAN,
    pub StackCount: i8,
    /// 1-based; `StackCount + 1` before the first IofCallDriver.
    pub CurrentLocation: i8,
    pub Cancel: BOOLEAN,
    pub CancelIrql: KIRQL,
    pub ApcEnvironment: i8,
    pub AllocationFlags: u8,
    pub UserIosb: *mut IO_STATUS_BLOCK,
    pub UserEvent: *mut KEVENT,
    pub Overlay: [PVOID; 2],
    pub CancelRoutine: Option<PDRIVER_CANCEL>,
    pub UserBuffer: PVOID,
    pub Tail: IRP_TAIL,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_SECURITY_CONTEXT {
    pub SecurityQos: PVOID,
    pub AccessState: PVOID,
    pub DesiredAccess: u32,
    pub FullCreateOptions: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct PARAMETERS_CREATE {
    pub SecurityContext: *mut IO_SECURITY_CONTEXT,
    pub Options: u32,
    pub Pad0: u32,
    pub FileAttributes: u16,
    pub ShareAccess: u16,
    pub Pad1: u32,
    pub EaLength: u32,
}

/// Read and Write.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct PARAMETERS_READ {
    pub Length: u32,
    pub Pad0: u32,
    pub Key: u32,
    pub Flags: u32,
    pub ByteOffset: i64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct PARAMETERS_DEVICE_IO_CONTROL {
    pub OutputBufferLength: u32,
    pub Pad0: u32,
    pub InputBufferLength: u32,
    pub Pad1: u32,
    pub IoControlCode: u32,
    pub Pad2: u32,
    pub Type3InputBuffer: PVOID,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct PARAMETERS_QUERY_INTERFACE {
    pub InterfaceType: *const GUID,
    pub Size: u16,
    pub Version: u16,
    pub Interface: PVOID,
    pub InterfaceSpecificData: PVOID,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct PARAMETERS_POWER {
    pub SystemContext: u32,
    pub Pad0: u32,
    /// 0 system power state, 1 device power state.
    pub Type: u32,
    pub Pad1: u32,
    pub State: POWER_STATE,
    pub Pad2: u32,
    pub ShutdownType: u32,
    pub Pad3: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct PARAMETERS_START_DEVICE {
    pub AllocatedResources: *mut CM_RESOURCE_LIST,
    pub AllocatedResourcesTranslated: *mut CM_RESOURCE_LIST,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub union IO_PARAMETERS {
    pub Create: PARAMETERS_CREATE,
    pub Read: PARAMETERS_READ,
    pub Write: PARAMETERS_READ,
    pub DeviceIoControl: PARAMETERS_DEVICE_IO_CONTROL,
    pub QueryInterface: PARAMETERS_QUERY_INTERFACE,
    pub DeviceCapabilities: *mut DEVICE_CAPABILITIES,
    /// DEVICE_RELATION_TYPE.
    pub QueryDeviceRelations: u32,
    pub QueryId: u32,
    pub Power: PARAMETERS_POWER,
    pub StartDevice: PARAMETERS_START_DEVICE,
    pub Others: [PVOID; 4],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION {
    pub MajorFunction: u8,
    pub MinorFunction: u8,
    pub Flags: u8,
    pub Control: u8,
    pub Parameters: IO_PARAMETERS,
    pub DeviceObject: *mut DEVICE_OBJECT,
    pub FileObject: *mut FILE_OBJECT,
    pub CompletionRoutine: Option<PIO_COMPLETION_ROUTINE>,
    pub Context: PVOID,
}

impl IO_STACK_LOCATION {
    pub const fn zeroed() -> Self {
        IO_STACK_LOCATION {
            MajorFunction: 0,
            MinorFunction: 0,
            Flags: 0,
            Control: 0,
            Parameters: IO_PARAMETERS {
                Others: [null_mut(); 4],
            },
            DeviceObject: null_mut(),
            FileObject: null_mut(),
            CompletionRoutine: None,
            Context: null_mut(),
        }
    }
}

/// SYSTEM_POWER_STATE or DEVICE_POWER_STATE by the request's type.
pub type POWER_STATE = i32;

pub const SYSTEM_POWER_STATE_TYPE: u32 = 0;
pub const DEVICE_POWER_STATE_TYPE: u32 = 1;
pub const POWER_SYSTEM_WORKING: i32 = 1;
pub const POWER_SYSTEM_SLEEPING3: i32 = 4;
pub const POWER_SYSTEM_MAXIMUM: usize = 7;
pub const POWER_DEVICE_D0: i32 = 1;
pub const POWER_DEVICE_D3: i32 = 4;

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct DEVICE_CAPABILITIES {
    pub Size: u16,
    pub Version: u16,
    /// DeviceD1 (bit 0) … NoDisplayInUI.
    pub Flags: u32,
    pub Address: u32,
    pub UINumber: u32,
    pub DeviceState: [i32; POWER_SYSTEM_MAXIMUM],
    pub SystemWake: i32,
    pub DeviceWake: i32,
    pub D1Latency: u32,
    pub D2Latency: u32,
    pub D3Latency: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct CM_PARTIAL_RESOURCE_DESCRIPTOR {
    pub Type: u8,
    pub ShareDisposition: u8,
    pub Flags: u16,
    pub Data: [u32; 4],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct CM_PARTIAL_RESOURCE_LIST {
    pub Version: u16,
    pub Revision: u16,
    pub Count: u32,
    pub PartialDescriptors: [CM_PARTIAL_RESOURCE_DESCRIPTOR; 1],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct CM_FULL_RESOURCE_DESCRIPTOR {
    pub InterfaceType: u32,
    pub BusNumber: u32,
    pub PartialResourceList: CM_PARTIAL_RESOURCE_LIST,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct CM_RESOURCE_LIST {
    pub Count: u32,
    pub List: [CM_FULL_RESOURCE_DESCRIPTOR; 1],
}

#[repr(C)]
pub struct INTERFACE {
    pub Size: u16,
    pub Version: u16,
    pub Context: PVOID,
    pub InterfaceReference: Option<unsafe extern "efiapi" fn(PVOID)>,
    pub InterfaceDereference: Option<unsafe extern "efiapi" fn(PVOID)>,
}

/// The current stack location (IoGetCurrentIrpStackLocation).
///
/// # Safety
/// `irp` is a live IRP that has been sent to a driver.
pub unsafe fn current_stack_location(irp: *mut IRP) -> *mut IO_STACK_LOCATION {
    // SAFETY: by the contract.
    unsafe { (*irp).Tail.CurrentStackLocation }
}

/// The stack location of the next lower driver (IoGetNextIrpStackLocation).
///
/// # Safety
/// `irp` is a live IRP with a location left.
pub unsafe fn next_stack_location(irp: *mut IRP) -> *mut IO_STACK_LOCATION {
    // SAFETY: by the contract.
    unsafe { (*irp).Tail.CurrentStackLocation.sub(1) }
}

/// IoSkipCurrentIrpStackLocation.
///
/// # Safety
/// `irp` is a live IRP that the caller has been sent.
pub unsafe fn skip_current_stack_location(irp: *mut IRP) {
    // SAFETY: by the contract.
    unsafe {
        (*irp).CurrentLocation += 1;
        (*irp).Tail.CurrentStackLocation = (*irp).Tail.CurrentStackLocation.add(1);
    }
}

/// IoCopyCurrentIrpStackLocationToNext.
///
/// # Safety
/// As [`next_stack_location`].
pub unsafe fn copy_current_stack_location_to_next(irp: *mut IRP) {
    // SAFETY: by the contract.
    unsafe {
        let next = next_stack_location(irp);
        *next = *current_stack_location(irp);
        (*next).CompletionRoutine = None;
        (*next).Context = null_mut();
        (*next).Control = 0;
    }
}

/// IoMarkIrpPending.
///
/// # Safety
/// As [`current_stack_location`].
pub unsafe fn mark_irp_pending(irp: *mut IRP) {
    // SAFETY: by the contract.
    unsafe { (*current_stack_location(irp)).Control |= SL_PENDING_RETURNED }
}

/// IoSetCompletionRoutine: called on success, error and cancel as the three flags say.
///
/// # Safety
/// As [`next_stack_location`].
pub unsafe fn set_completion_routine(
    irp: *mut IRP,
    routine: PIO_COMPLETION_ROUTINE,
    context: PVOID,
    success: bool,
    error: bool,
    cancel: bool,
) {
    // SAFETY: by the contract.
    unsafe {
        let next = next_stack_location(irp);
        (*next).CompletionRoutine = Some(routine);
        (*next).Context = context;
        (*next).Control = if success { SL_INVOKE_ON_SUCCESS } else { 0 }
            | if error { SL_INVOKE_ON_ERROR } else { 0 }
            | if cancel { SL_INVOKE_ON_CANCEL } else { 0 };
    }
}

/// IoSetCancelRoutine: exchanges the routine.
///
/// # Safety
/// `irp` is a live IRP.
pub unsafe fn set_cancel_routine(
    irp: *mut IRP,
    routine: Option<PDRIVER_CANCEL>,
) -> Option<PDRIVER_CANCEL> {
    // SAFETY: by the contract.
    unsafe { std::mem::replace(&mut (*irp).CancelRoutine, routine) }
}

layout!(DRIVER_EXTENSION, 40, ServiceKeyName = 24);
layout!(
    DRIVER_OBJECT,
    336,
    DriverExtension = 48,
    DriverName = 56,
    DriverUnload = 104,
    MajorFunction = 112
);
layout!(
    DEVICE_OBJECT,
    336,
    AttachedDevice = 0x18,
    Flags = 0x30,
    DeviceExtension = 0x40,
    StackSize = 0x4c,
    AlignmentRequirement = 0x98,
    DeviceQueue = 0xa0,
    Dpc = 0xc8,
    DeviceObjectExtension = 0x138,
);
layout!(DEVOBJ_EXTENSION, 80, AttachedTo = 48);
layout!(FILE_OBJECT, 216, FileName = 88, Lock = 128, IrpList = 192);
layout!(IO_STATUS_BLOCK, 16, Information = 8);
layout!(
    IRP,
    208,
    IoStatus = 48,
    RequestorMode = 64,
    CancelRoutine = 104,
    UserBuffer = 112,
    Tail = 120
);
layout!(
    IRP_TAIL,
    88,
    ListEntry = 48,
    CurrentStackLocation = 64,
    OriginalFileObject = 72
);
layout!(
    PARAMETERS_CREATE,
    32,
    FileAttributes = 16,
    ShareAccess = 18,
    EaLength = 24
);
layout!(PARAMETERS_READ, 24, ByteOffset = 16);
layout!(
    PARAMETERS_DEVICE_IO_CONTROL,
    32,
    IoControlCode = 16,
    Type3InputBuffer = 24
);
layout!(PARAMETERS_POWER, 32, State = 16, ShutdownType = 24);
layout!(
    IO_STACK_LOCATION,
    72,
    Parameters = 8,
    DeviceObject = 40,
    Context = 64
);
layout!(DEVICE_CAPABILITIES, 64, DeviceState = 16);
layout!(CM_RESOURCE_LIST, 40, List = 4);
