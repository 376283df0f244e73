// SPDX-License-Identifier: MIT OR Apache-2.0
//! Drivers, devices, files, requests.

use super::*;
use std::ptr::null_mut;

/// Major function: a handle is opened.
pub const IRP_MJ_CREATE: u8 = 0x00;
/// Major function: the last reference to a file object is gone.
pub const IRP_MJ_CLOSE: u8 = 0x02;
/// Major function: read.
pub const IRP_MJ_READ: u8 = 0x03;
/// Major function: write.
pub const IRP_MJ_WRITE: u8 = 0x04;
/// Major function: write what is held.
pub const IRP_MJ_FLUSH_BUFFERS: u8 = 0x09;
/// Major function: a control code of a program.
pub const IRP_MJ_DEVICE_CONTROL: u8 = 0x0e;
/// Major function: a control code of a driver.
pub const IRP_MJ_INTERNAL_DEVICE_CONTROL: u8 = 0x0f;
/// Major function: the machine stops.
pub const IRP_MJ_SHUTDOWN: u8 = 0x10;
/// Major function: the last handle is closed.
pub const IRP_MJ_CLEANUP: u8 = 0x12;
/// Major function: reads the security descriptor.
pub const IRP_MJ_QUERY_SECURITY: u8 = 0x14;
/// Major function: writes the security descriptor.
pub const IRP_MJ_SET_SECURITY: u8 = 0x15;
/// Major function: power, `IRP_MN_*_POWER` and others.
pub const IRP_MJ_POWER: u8 = 0x16;
/// Major function: WMI.
pub const IRP_MJ_SYSTEM_CONTROL: u8 = 0x17;
/// Major function: Plug and Play, `IRP_MN_*_DEVICE` and others.
pub const IRP_MJ_PNP: u8 = 0x1b;
/// The highest major function.
pub const IRP_MJ_MAXIMUM_FUNCTION: u8 = 0x1b;

/// DEVICE_REGISTRY_PROPERTY: the description that the INF gives.
pub const DEVICE_PROPERTY_DEVICE_DESCRIPTION: u32 = 0;
/// DEVICE_REGISTRY_PROPERTY: hardware ids.
pub const DEVICE_PROPERTY_HARDWARE_ID: u32 = 1;
/// DEVICE_REGISTRY_PROPERTY: compatible ids.
pub const DEVICE_PROPERTY_COMPATIBLE_IDS: u32 = 2;
/// DEVICE_REGISTRY_PROPERTY: name of the setup class.
pub const DEVICE_PROPERTY_CLASS_NAME: u32 = 5;
/// DEVICE_REGISTRY_PROPERTY: GUID of the setup class.
pub const DEVICE_PROPERTY_CLASS_GUID: u32 = 6;
/// DEVICE_REGISTRY_PROPERTY: the driver key below `Class`.
pub const DEVICE_PROPERTY_DRIVER_KEY_NAME: u32 = 7;
/// DEVICE_REGISTRY_PROPERTY: the maker.
pub const DEVICE_PROPERTY_MANUFACTURER: u32 = 8;
/// DEVICE_REGISTRY_PROPERTY: the name that users see.
pub const DEVICE_PROPERTY_FRIENDLY_NAME: u32 = 9;
/// DEVICE_REGISTRY_PROPERTY: name of the physical device object.
pub const DEVICE_PROPERTY_PHYSICAL_DEVICE_OBJECT_NAME: u32 = 11;
/// DEVICE_REGISTRY_PROPERTY: who found the device, such as `ROOT`.
pub const DEVICE_PROPERTY_ENUMERATOR_NAME: u32 = 15;

/// PnP: start, with these resources.
pub const IRP_MN_START_DEVICE: u8 = 0x00;
/// PnP: may the device be removed?
pub const IRP_MN_QUERY_REMOVE_DEVICE: u8 = 0x01;
/// PnP: the device is removed.
pub const IRP_MN_REMOVE_DEVICE: u8 = 0x02;
/// PnP: it stays after all.
pub const IRP_MN_CANCEL_REMOVE_DEVICE: u8 = 0x03;
/// PnP: stop, for other resources.
pub const IRP_MN_STOP_DEVICE: u8 = 0x04;
/// PnP: may the device be stopped?
pub const IRP_MN_QUERY_STOP_DEVICE: u8 = 0x05;
/// PnP: it goes on after all.
pub const IRP_MN_CANCEL_STOP_DEVICE: u8 = 0x06;
/// PnP: devices that depend on this one.
pub const IRP_MN_QUERY_DEVICE_RELATIONS: u8 = 0x07;
/// PnP: a table of functions of the driver.
pub const IRP_MN_QUERY_INTERFACE: u8 = 0x08;
/// PnP: what the device can do.
pub const IRP_MN_QUERY_CAPABILITIES: u8 = 0x09;
/// PnP: resources that it has from the firmware.
pub const IRP_MN_QUERY_RESOURCES: u8 = 0x0a;
/// PnP: resources that it needs.
pub const IRP_MN_QUERY_RESOURCE_REQUIREMENTS: u8 = 0x0b;
/// PnP: its description.
pub const IRP_MN_QUERY_DEVICE_TEXT: u8 = 0x0c;
/// PnP: the driver may change what it needs.
pub const IRP_MN_FILTER_RESOURCE_REQUIREMENTS: u8 = 0x0d;
/// PnP: its ids.
pub const IRP_MN_QUERY_ID: u8 = 0x13;
/// PnP: is it disabled, failed, hidden?
pub const IRP_MN_QUERY_PNP_DEVICE_STATE: u8 = 0x14;
/// PnP: what bus it is on.
pub const IRP_MN_QUERY_BUS_INFORMATION: u8 = 0x15;
/// PnP: the device is gone.
pub const IRP_MN_SURPRISE_REMOVAL: u8 = 0x17;

/// Power: tell when the device wakes the machine.
pub const IRP_MN_WAIT_WAKE: u8 = 0x00;
/// Power: how often its power changed.
pub const IRP_MN_POWER_SEQUENCE: u8 = 0x01;
/// Power: the state changes.
pub const IRP_MN_SET_POWER: u8 = 0x02;
/// Power: may the state change?
pub const IRP_MN_QUERY_POWER: u8 = 0x03;

/// Stack location: the driver marked the request pending.
pub const SL_PENDING_RETURNED: u8 = 0x01;
/// Stack location: an error came back.
pub const SL_ERROR_RETURNED: u8 = 0x02;
/// Stack location: the completion routine is called after cancellation.
pub const SL_INVOKE_ON_CANCEL: u8 = 0x20;
/// Stack location: the completion routine is called for success.
pub const SL_INVOKE_ON_SUCCESS: u8 = 0x40;
/// Stack location: the completion routine is called for an error.
pub const SL_INVOKE_ON_ERROR: u8 = 0x80;

/// IRP.Flags: the system buffer is a copy.
pub const IRP_BUFFERED_IO: u32 = 0x10;
/// IRP.Flags: the system buffer is freed with the request.
pub const IRP_DEALLOCATE_BUFFER: u32 = 0x20;
/// IRP.Flags: the system buffer is copied back to the caller.
pub const IRP_INPUT_OPERATION: u32 = 0x40;

/// DEVICE_OBJECT.Flags: reads and writes are copied.
pub const DO_BUFFERED_IO: u32 = 0x4;
/// DEVICE_OBJECT.Flags: reads and writes are locked in place.
pub const DO_DIRECT_IO: u32 = 0x10;
/// DEVICE_OBJECT.Flags: it cannot be opened yet.
pub const DO_DEVICE_INITIALIZING: u32 = 0x80;
/// DEVICE_OBJECT.Flags: a bus found it: it is a physical device object.
pub const DO_BUS_ENUMERATED_DEVICE: u32 = 0x1000;
/// DEVICE_OBJECT.Flags: power requests come at PASSIVE_LEVEL.
pub const DO_POWER_PAGABLE: u32 = 0x2000;

/// Device type: none of the known ones.
pub const FILE_DEVICE_UNKNOWN: u32 = 0x22;
/// Device type: kernel streaming.
pub const FILE_DEVICE_KS: u32 = 0x2f;

/// Buffers of a control code are copied.
pub const METHOD_BUFFERED: u32 = 0;
/// The output buffer of a control code is locked to be read.
pub const METHOD_IN_DIRECT: u32 = 1;
/// The output buffer of a control code is locked to be written to.
pub const METHOD_OUT_DIRECT: u32 = 2;
/// Buffers of a control code are the caller's addresses.
pub const METHOD_NEITHER: u32 = 3;

/// `Type` of a [`DEVICE_OBJECT`].
pub const IO_TYPE_DEVICE: i16 = 3;
/// `Type` of a [`DRIVER_OBJECT`].
pub const IO_TYPE_DRIVER: i16 = 4;
/// `Type` of a [`FILE_OBJECT`].
pub const IO_TYPE_FILE: i16 = 5;
/// `Type` of an [`IRP`].
pub const IO_TYPE_IRP: i16 = 6;
/// `Type` of a [`DEVOBJ_EXTENSION`].
pub const IO_TYPE_DEVICE_OBJECT_EXTENSION: i16 = 13;

/// A driver's routine for one major function.
pub type PDRIVER_DISPATCH =
    unsafe extern "efiapi" fn(DeviceObject: *mut DEVICE_OBJECT, Irp: *mut IRP) -> NTSTATUS;
/// `DriverEntry`.
pub type PDRIVER_INITIALIZE = unsafe extern "efiapi" fn(
    DriverObject: *mut DRIVER_OBJECT,
    RegistryPath: *mut UNICODE_STRING,
) -> NTSTATUS;
/// Called before the image goes.
pub type PDRIVER_UNLOAD = unsafe extern "efiapi" fn(DriverObject: *mut DRIVER_OBJECT);
/// A device has been found for the driver.
pub type PDRIVER_ADD_DEVICE = unsafe extern "efiapi" fn(
    DriverObject: *mut DRIVER_OBJECT,
    PhysicalDeviceObject: *mut DEVICE_OBJECT,
) -> NTSTATUS;
/// A request is cancelled; the cancel lock is held.
pub type PDRIVER_CANCEL =
    unsafe extern "efiapi" fn(DeviceObject: *mut DEVICE_OBJECT, Irp: *mut IRP);
/// A request comes back from the driver below.
pub type PIO_COMPLETION_ROUTINE = unsafe extern "efiapi" fn(
    DeviceObject: *mut DEVICE_OBJECT,
    Irp: *mut IRP,
    Context: PVOID,
) -> NTSTATUS;
/// What a work item runs, at PASSIVE_LEVEL.
pub type PIO_WORKITEM_ROUTINE =
    unsafe extern "efiapi" fn(DeviceObject: *mut DEVICE_OBJECT, Context: PVOID);
/// The same with the work item.
pub type PIO_WORKITEM_ROUTINE_EX =
    unsafe extern "efiapi" fn(IoObject: PVOID, Context: PVOID, IoWorkItem: PVOID);

/// More of a driver.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct DRIVER_EXTENSION {
    /// The driver.
    pub DriverObject: *mut DRIVER_OBJECT,
    /// Called for each device found.
    pub AddDevice: Option<PDRIVER_ADD_DEVICE>,
    /// Calls of reinitialization.
    pub Count: u32,
    /// Name of its key below `Services`.
    pub ServiceKeyName: UNICODE_STRING,
}

/// A loaded driver.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct DRIVER_OBJECT {
    /// [`IO_TYPE_DRIVER`].
    pub Type: i16,
    /// Bytes of this structure.
    pub Size: i16,
    /// The first of its devices.
    pub DeviceObject: *mut DEVICE_OBJECT,
    /// Of the kernel's.
    pub Flags: u32,
    /// Address of the image.
    pub DriverStart: PVOID,
    /// Bytes of the image.
    pub DriverSize: u32,
    /// Of the loader's.
    pub DriverSection: PVOID,
    /// More of it.
    pub DriverExtension: *mut DRIVER_EXTENSION,
    /// `\Driver\` and its name.
    pub DriverName: UNICODE_STRING,
    /// Path of the hardware's key.
    pub HardwareDatabase: *mut UNICODE_STRING,
    /// Routines for requests without an IRP, or null.
    pub FastIoDispatch: PVOID,
    /// `DriverEntry`.
    pub DriverInit: Option<PDRIVER_INITIALIZE>,
    /// Routine for queued requests, or null.
    pub DriverStartIo: PVOID,
    /// Without one the driver cannot be unloaded.
    pub DriverUnload: Option<PDRIVER_UNLOAD>,
    /// Routines by `IRP_MJ_*`.
    pub MajorFunction: [Option<PDRIVER_DISPATCH>; IRP_MJ_MAXIMUM_FUNCTION as usize + 1],
}

/// Requests that wait for a device.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct KDEVICE_QUEUE {
    /// Of the kernel's.
    pub Type: i16,
    /// Bytes of this structure.
    pub Size: i16,
    /// Those that wait.
    pub DeviceListHead: LIST_ENTRY,
    /// Guards the queue.
    pub Lock: KSPIN_LOCK,
    /// One is being worked on.
    pub Busy: usize,
}

/// A device, or a layer of one.
#[repr(C, align(16))]
#[derive(Clone, Copy)]
pub struct DEVICE_OBJECT {
    /// [`IO_TYPE_DEVICE`].
    pub Type: i16,
    /// Bytes, the driver's extension included.
    pub Size: u16,
    /// Open handles.
    pub ReferenceCount: i32,
    /// Whose it is.
    pub DriverObject: *mut DRIVER_OBJECT,
    /// The driver's next device.
    pub NextDevice: *mut DEVICE_OBJECT,
    /// The device above this one.
    pub AttachedDevice: *mut DEVICE_OBJECT,
    /// The request that `StartIo` works on.
    pub CurrentIrp: *mut IRP,
    /// Of the kernel's.
    pub Timer: PVOID,
    /// `DO_*`.
    pub Flags: u32,
    /// `FILE_*` of devices.
    pub Characteristics: u32,
    /// Volume of a file system, or null.
    pub Vpb: PVOID,
    /// The driver's own part.
    pub DeviceExtension: PVOID,
    /// `FILE_DEVICE_*`.
    pub DeviceType: u32,
    /// Stack locations that a request needs.
    pub StackSize: i8,
    /// Of the kernel's.
    pub Queue: [usize; 9],
    /// Alignment of buffers minus one.
    pub AlignmentRequirement: u32,
    /// Requests that wait.
    pub DeviceQueue: KDEVICE_QUEUE,
    /// The device's own DPC.
    pub Dpc: KDPC,
    /// Of the kernel's.
    pub ActiveThreadCount: u32,
    /// Who may open it.
    pub SecurityDescriptor: PVOID,
    /// Of the kernel's.
    pub DeviceLock: KEVENT,
    /// Bytes of a sector, of a volume.
    pub SectorSize: u16,
    /// 0.
    pub Spare1: u16,
    /// The kernel's own part.
    pub DeviceObjectExtension: *mut DEVOBJ_EXTENSION,
    /// Null.
    pub Reserved: PVOID,
}

/// The documented head, then what Windows keeps behind it and simkernel uses too.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct DEVOBJ_EXTENSION {
    /// [`IO_TYPE_DEVICE_OBJECT_EXTENSION`].
    pub Type: i16,
    /// Bytes of this structure.
    pub Size: u16,
    /// The device.
    pub DeviceObject: *mut DEVICE_OBJECT,
    /// Of the power manager's.
    pub PowerFlags: u32,
    /// Of the power manager's.
    pub Dope: PVOID,
    /// Of the kernel's: the device is being removed, and others.
    pub ExtensionFlags: u32,
    /// Of the PnP manager's; null: not a physical device object.
    pub DeviceNode: PVOID,
    /// The device below this one.
    pub AttachedTo: *mut DEVICE_OBJECT,
    /// Of `StartIo`.
    pub StartIoCount: i32,
    /// Of `StartIo`.
    pub StartIoKey: i32,
    /// Of `StartIo`.
    pub StartIoFlags: u32,
    /// Volume of a file system, or null.
    pub Vpb: PVOID,
}

/// An open handle's object.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct FILE_OBJECT {
    /// [`IO_TYPE_FILE`].
    pub Type: i16,
    /// Bytes of this structure.
    pub Size: i16,
    /// The device that was opened.
    pub DeviceObject: *mut DEVICE_OBJECT,
    /// Volume of a file system, or null.
    pub Vpb: PVOID,
    /// The driver's own; `ks.sys` keeps the object's header here.
    pub FsContext: PVOID,
    /// The driver's own.
    pub FsContext2: PVOID,
    /// Of the cache's.
    pub SectionObjectPointer: PVOID,
    /// Of the cache's.
    pub PrivateCacheMap: PVOID,
    /// Status of the last synchronous request.
    pub FinalStatus: NTSTATUS,
    /// What the name is relative to, or null.
    pub RelatedFileObject: *mut FILE_OBJECT,
    /// A range has been locked.
    pub LockOperation: BOOLEAN,
    /// It goes when the last handle is closed.
    pub DeletePending: BOOLEAN,
    /// Opened for reading.
    pub ReadAccess: BOOLEAN,
    /// Opened for writing.
    pub WriteAccess: BOOLEAN,
    /// Opened for deletion.
    pub DeleteAccess: BOOLEAN,
    /// Others may read.
    pub SharedRead: BOOLEAN,
    /// Others may write.
    pub SharedWrite: BOOLEAN,
    /// Others may delete.
    pub SharedDelete: BOOLEAN,
    /// `FO_*`.
    pub Flags: u32,
    /// Name below the device.
    pub FileName: UNICODE_STRING,
    /// Where reading goes on.
    pub CurrentByteOffset: i64,
    /// Who waits for a synchronous request.
    pub Waiters: u32,
    /// A synchronous request is under way.
    pub Busy: u32,
    /// Of locked ranges.
    pub LastLock: PVOID,
    /// What waiters wait for.
    pub Lock: KEVENT,
    /// Signalled when a request is complete.
    pub Event: KEVENT,
    /// Completion port, or null.
    pub CompletionContext: PVOID,
    /// Guards the list.
    pub IrpListLock: KSPIN_LOCK,
    /// Requests under way.
    pub IrpList: LIST_ENTRY,
    /// Of the kernel's.
    pub FileObjectExtension: PVOID,
}

/// How a request ended.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct IO_STATUS_BLOCK {
    /// The status. In C it shares its place with a pointer.
    pub Status: NTSTATUS,
    /// The rest of that pointer.
    pub Reserved: u32,
    /// Bytes that were written or read, as a rule.
    pub Information: usize,
}

/// `IRP.AssociatedIrp`.
#[repr(C)]
#[derive(Clone, Copy)]
pub union ASSOCIATED_IRP {
    /// The request that this one is a part of.
    pub MasterIrp: *mut IRP,
    /// Parts that are not complete yet.
    pub IrpCount: i32,
    /// The kernel's copy of the buffers, or null.
    pub SystemBuffer: PVOID,
}

/// `IRP.Tail.Overlay`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IRP_TAIL {
    /// The driver's own while it has the request.
    pub DriverContext: [PVOID; 4],
    /// Whose request it is.
    pub Thread: PVOID,
    /// A further buffer of the kernel's, or null.
    pub AuxiliaryBuffer: PVOID,
    /// The driver's own while it has the request.
    pub ListEntry: LIST_ENTRY,
    /// Parameters for the driver that has the request.
    pub CurrentStackLocation: *mut IO_STACK_LOCATION,
    /// The handle's file object.
    pub OriginalFileObject: *mut FILE_OBJECT,
    /// Of the kernel's.
    pub IrpExtension: PVOID,
}

/// A request.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IRP {
    /// [`IO_TYPE_IRP`].
    pub Type: i16,
    /// Bytes, stack locations included.
    pub Size: u16,
    /// Locked buffers, or null.
    pub MdlAddress: *mut MDL,
    /// `IRP_*`.
    pub Flags: u32,
    /// The system buffer.
    pub AssociatedIrp: ASSOCIATED_IRP,
    /// Link in the thread's list of requests.
    pub ThreadListEntry: LIST_ENTRY,
    /// How it ends, set before it is completed.
    pub IoStatus: IO_STATUS_BLOCK,
    /// Who asks: whose addresses the buffers are.
    pub RequestorMode: KPROCESSOR_MODE,
    /// The driver below marked it pending.
    pub PendingReturned: BOOLEAN,
    /// Stack locations.
    pub StackCount: i8,
    /// Number of the current one, 1-based; `StackCount + 1` before the first IofCallDriver.
    pub CurrentLocation: i8,
    /// It is to be cancelled.
    pub Cancel: BOOLEAN,
    /// Level before the cancel lock was acquired.
    pub CancelIrql: KIRQL,
    /// Of the kernel's.
    pub ApcEnvironment: i8,
    /// Of the kernel's.
    pub AllocationFlags: u8,
    /// Where the caller wants `IoStatus`, or null.
    pub UserIosb: *mut IO_STATUS_BLOCK,
    /// Signalled on completion, or null.
    pub UserEvent: *mut KEVENT,
    /// Completion routine and context of the caller.
    pub Overlay: [PVOID; 2],
    /// Called when it is cancelled, or null: it cannot be.
    pub CancelRoutine: Option<PDRIVER_CANCEL>,
    /// The caller's address of the output buffer.
    pub UserBuffer: PVOID,
    /// The part that drivers may use.
    pub Tail: IRP_TAIL,
}

/// Rights of an open.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_SECURITY_CONTEXT {
    /// Not looked at.
    pub SecurityQos: PVOID,
    /// Not looked at.
    pub AccessState: PVOID,
    /// Rights that are asked for.
    pub DesiredAccess: u32,
    /// Options of the open.
    pub FullCreateOptions: u32,
}

/// Parameters of [`IRP_MJ_CREATE`].
#[repr(C)]
#[derive(Clone, Copy)]
pub struct PARAMETERS_CREATE {
    /// Rights.
    pub SecurityContext: *mut IO_SECURITY_CONTEXT,
    /// Disposition << 24 | options.
    pub Options: u32,
    /// Padding.
    pub Pad0: u32,
    /// Attributes of a new file.
    pub FileAttributes: u16,
    /// What others may do meanwhile.
    pub ShareAccess: u16,
    /// Padding.
    pub Pad1: u32,
    /// Bytes of extended attributes.
    pub EaLength: u32,
}

/// Parameters of [`IRP_MJ_READ`] and [`IRP_MJ_WRITE`].
#[repr(C)]
#[derive(Clone, Copy)]
pub struct PARAMETERS_READ {
    /// Bytes.
    pub Length: u32,
    /// Padding.
    pub Pad0: u32,
    /// Of locked ranges.
    pub Key: u32,
    /// Of the kernel's.
    pub Flags: u32,
    /// Place in the file.
    pub ByteOffset: i64,
}

/// Parameters of [`IRP_MJ_DEVICE_CONTROL`].
#[repr(C)]
#[derive(Clone, Copy)]
pub struct PARAMETERS_DEVICE_IO_CONTROL {
    /// Bytes of the output buffer.
    pub OutputBufferLength: u32,
    /// Padding.
    pub Pad0: u32,
    /// Bytes of the input buffer.
    pub InputBufferLength: u32,
    /// Padding.
    pub Pad1: u32,
    /// The control code.
    pub IoControlCode: u32,
    /// Padding.
    pub Pad2: u32,
    /// The caller's address of the input buffer, for [`METHOD_NEITHER`].
    pub Type3InputBuffer: PVOID,
}

/// Parameters of [`IRP_MN_QUERY_INTERFACE`].
#[repr(C)]
#[derive(Clone, Copy)]
pub struct PARAMETERS_QUERY_INTERFACE {
    /// Which table.
    pub InterfaceType: *const GUID,
    /// Bytes at `Interface`.
    pub Size: u16,
    /// The table's version.
    pub Version: u16,
    /// Where it goes.
    pub Interface: PVOID,
    /// More of the request, or null.
    pub InterfaceSpecificData: PVOID,
}

/// Parameters of [`IRP_MN_SET_POWER`] and [`IRP_MN_QUERY_POWER`].
#[repr(C)]
#[derive(Clone, Copy)]
pub struct PARAMETERS_POWER {
    /// Of the power manager's.
    pub SystemContext: u32,
    /// Padding.
    pub Pad0: u32,
    /// 0 system power state, 1 device power state.
    pub Type: u32,
    /// Padding.
    pub Pad1: u32,
    /// The new state.
    pub State: POWER_STATE,
    /// Padding.
    pub Pad2: u32,
    /// Why the machine changes its state.
    pub ShutdownType: u32,
    /// Padding.
    pub Pad3: u32,
}

/// Parameters of [`IRP_MN_START_DEVICE`].
#[repr(C)]
#[derive(Clone, Copy)]
pub struct PARAMETERS_START_DEVICE {
    /// Resources as the bus sees them, or null.
    pub AllocatedResources: *mut CM_RESOURCE_LIST,
    /// Resources as the processor sees them, or null.
    pub AllocatedResourcesTranslated: *mut CM_RESOURCE_LIST,
}

/// Parameters of a request, by its major and minor function.
#[repr(C)]
#[derive(Clone, Copy)]
pub union IO_PARAMETERS {
    /// Of a create.
    pub Create: PARAMETERS_CREATE,
    /// Of a read.
    pub Read: PARAMETERS_READ,
    /// Of a write.
    pub Write: PARAMETERS_READ,
    /// Of a control code.
    pub DeviceIoControl: PARAMETERS_DEVICE_IO_CONTROL,
    /// Of a query for an interface.
    pub QueryInterface: PARAMETERS_QUERY_INTERFACE,
    /// Of a query for capabilities: what is to be filled in.
    pub DeviceCapabilities: *mut DEVICE_CAPABILITIES,
    /// Of a query for relations: DEVICE_RELATION_TYPE.
    pub QueryDeviceRelations: u32,
    /// Of a query for ids: BUS_QUERY_ID_TYPE.
    pub QueryId: u32,
    /// Of power requests.
    pub Power: PARAMETERS_POWER,
    /// Of a start.
    pub StartDevice: PARAMETERS_START_DEVICE,
    /// Of all others, and all of the bytes.
    pub Others: [PVOID; 4],
}

/// A request's parameters for one driver.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION {
    /// `IRP_MJ_*`.
    pub MajorFunction: u8,
    /// `IRP_MN_*`.
    pub MinorFunction: u8,
    /// Of file systems.
    pub Flags: u8,
    /// `SL_*`.
    pub Control: u8,
    /// By major and minor function.
    pub Parameters: IO_PARAMETERS,
    /// The device that has the request.
    pub DeviceObject: *mut DEVICE_OBJECT,
    /// The open handle's object, or null.
    pub FileObject: *mut FILE_OBJECT,
    /// Of the driver above: called when the request comes back.
    pub CompletionRoutine: Option<PIO_COMPLETION_ROUTINE>,
    /// Its parameter.
    pub Context: PVOID,
}

impl IO_STACK_LOCATION {
    /// Nothing in it.
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

/// The power request is about the machine.
pub const SYSTEM_POWER_STATE_TYPE: u32 = 0;
/// The power request is about the device.
pub const DEVICE_POWER_STATE_TYPE: u32 = 1;
/// The machine's state: S0.
pub const POWER_SYSTEM_WORKING: i32 = 1;
/// The machine's state: S3.
pub const POWER_SYSTEM_SLEEPING3: i32 = 4;
/// States of the machine.
pub const POWER_SYSTEM_MAXIMUM: usize = 7;
/// The device's state: on.
pub const POWER_DEVICE_D0: i32 = 1;
/// The device's state: off.
pub const POWER_DEVICE_D3: i32 = 4;

/// What a device can do.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct DEVICE_CAPABILITIES {
    /// Bytes of this structure.
    pub Size: u16,
    /// 1.
    pub Version: u16,
    /// Bits from DeviceD1 (0) to NoDisplayInUI.
    pub Flags: u32,
    /// Where on its bus it is.
    pub Address: u32,
    /// Number for users.
    pub UINumber: u32,
    /// The highest state of the device for each state of the machine.
    pub DeviceState: [i32; POWER_SYSTEM_MAXIMUM],
    /// Lowest state of the machine that it can wake it from.
    pub SystemWake: i32,
    /// Lowest state of the device that it can do that in.
    pub DeviceWake: i32,
    /// Way out of D1, 100 µs.
    pub D1Latency: u32,
    /// Way out of D2, 100 µs.
    pub D2Latency: u32,
    /// Way out of D3, 100 µs.
    pub D3Latency: u32,
}

/// A resource.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct CM_PARTIAL_RESOURCE_DESCRIPTOR {
    /// CmResourceType.
    pub Type: u8,
    /// Who may share it.
    pub ShareDisposition: u8,
    /// By type.
    pub Flags: u16,
    /// By type.
    pub Data: [u32; 4],
}

/// Resources on one bus.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct CM_PARTIAL_RESOURCE_LIST {
    /// 1.
    pub Version: u16,
    /// 1.
    pub Revision: u16,
    /// Descriptors.
    pub Count: u32,
    /// The first of them.
    pub PartialDescriptors: [CM_PARTIAL_RESOURCE_DESCRIPTOR; 1],
}

/// A bus, and resources on it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct CM_FULL_RESOURCE_DESCRIPTOR {
    /// Kind of bus.
    pub InterfaceType: u32,
    /// Which of that kind.
    pub BusNumber: u32,
    /// The resources.
    pub PartialResourceList: CM_PARTIAL_RESOURCE_LIST,
}

/// Resources of a device.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct CM_RESOURCE_LIST {
    /// Buses.
    pub Count: u32,
    /// The first of them.
    pub List: [CM_FULL_RESOURCE_DESCRIPTOR; 1],
}

/// Head of a table of functions.
#[repr(C)]
pub struct INTERFACE {
    /// Bytes of the table.
    pub Size: u16,
    /// Its version.
    pub Version: u16,
    /// First parameter of its functions.
    pub Context: PVOID,
    /// Takes a reference.
    pub InterfaceReference: Option<unsafe extern "efiapi" fn(PVOID)>,
    /// Gives it back.
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
