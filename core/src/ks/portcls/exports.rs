// SPDX-License-Identifier: MIT OR Apache-2.0
//! Signatures of the functions that `portcls.sys` exports, each named `Fn` + the export's name.

use super::{
    IInterruptSync, IMiniport, INTERRUPTSYNCMODE, IPort, IRegistryKey, IResourceList,
    IServiceGroup, IUnknown, PCPROPERTY_REQUEST, PCSTREAMRESOURCE, PCSTREAMRESOURCE_DESCRIPTOR,
};
use crate::ks::{
    ACCESS_MASK, DEVICE_POWER_STATE, DEVICE_REGISTRY_PROPERTY, GUID, NTSTATUS, PCM_RESOURCE_LIST,
    PDEVICE_OBJECT, PDRIVER_OBJECT, PIRP, POBJECT_ATTRIBUTES, POOL_TYPE, PUNICODE_STRING, PVOID,
};

/// The driver's `AddDevice`: calls `PcAddAdapterDevice`.
pub type PDRIVER_ADD_DEVICE = unsafe extern "efiapi" fn(
    DriverObject: PDRIVER_OBJECT,
    PhysicalDeviceObject: PDEVICE_OBJECT,
) -> NTSTATUS;
/// The driver's answer to START_DEVICE: makes and registers the subdevices. `ResourceList` stays the caller's.
pub type PCPFNSTARTDEVICE = unsafe extern "efiapi" fn(
    DeviceObject: PDEVICE_OBJECT,
    Irp: PIRP,
    ResourceList: *mut IResourceList,
) -> NTSTATUS;

/// From `DriverEntry`: fills the driver object's dispatch table and takes `AddDevice`.
pub type FnPcInitializeAdapterDriver = unsafe extern "efiapi" fn(
    DriverObject: PDRIVER_OBJECT,
    RegistryPathName: PUNICODE_STRING,
    AddDevice: PDRIVER_ADD_DEVICE,
) -> NTSTATUS;
/// From `AddDevice`: makes the functional device object.
/// `MaxObjects` is the most subdevices; `DeviceExtensionSize` is 0 or at least `PORT_CLASS_DEVICE_EXTENSION_SIZE`.
pub type FnPcAddAdapterDevice = unsafe extern "efiapi" fn(
    DriverObject: PDRIVER_OBJECT,
    PhysicalDeviceObject: PDEVICE_OBJECT,
    StartDevice: PCPFNSTARTDEVICE,
    MaxObjects: u32,
    DeviceExtensionSize: u32,
) -> NTSTATUS;
/// PortCls' dispatch routine for every major function, for drivers that put their own before it.
pub type FnPcDispatchIrp =
    unsafe extern "efiapi" fn(DeviceObject: PDEVICE_OBJECT, Irp: PIRP) -> NTSTATUS;
/// ≤D. Completes a request with `Status`, which must not be `STATUS_PENDING`.
pub type FnPcCompleteIrp = unsafe extern "efiapi" fn(
    DeviceObject: PDEVICE_OBJECT,
    Irp: PIRP,
    Status: NTSTATUS,
) -> NTSTATUS;
/// Sends a PnP request to the device below and waits for it.
pub type FnPcForwardIrpSynchronous =
    unsafe extern "efiapi" fn(DeviceObject: PDEVICE_OBJECT, Irp: PIRP) -> NTSTATUS;
/// Makes a port's filter openable under `Name`, the INF's reference string, and enables the interfaces of its categories.
pub type FnPcRegisterSubdevice = unsafe extern "efiapi" fn(
    DeviceObject: PDEVICE_OBJECT,
    Name: *const u16,
    Unknown: *mut IUnknown,
) -> NTSTATUS;
/// Tells that a bridge pin of one subdevice leads to one of another; both are registered already.
pub type FnPcRegisterPhysicalConnection = unsafe extern "efiapi" fn(
    DeviceObject: PDEVICE_OBJECT,
    FromUnknown: *mut IUnknown,
    FromPin: u32,
    ToUnknown: *mut IUnknown,
    ToPin: u32,
) -> NTSTATUS;
/// The same to another device's filter, by its symbolic link.
pub type FnPcRegisterPhysicalConnectionToExternal = unsafe extern "efiapi" fn(
    DeviceObject: PDEVICE_OBJECT,
    FromUnknown: *mut IUnknown,
    FromPin: u32,
    ToString: PUNICODE_STRING,
    ToPin: u32,
) -> NTSTATUS;
/// The same from another device's filter, by its symbolic link.
pub type FnPcRegisterPhysicalConnectionFromExternal = unsafe extern "efiapi" fn(
    DeviceObject: PDEVICE_OBJECT,
    FromString: PUNICODE_STRING,
    FromPin: u32,
    ToUnknown: *mut IUnknown,
    ToPin: u32,
) -> NTSTATUS;
/// Makes a port of one of the classes `CLSID_Port*`, with one reference.
pub type FnPcNewPort =
    unsafe extern "efiapi" fn(OutPort: *mut *mut IPort, ClassId: *const GUID) -> NTSTATUS;
/// Makes one of PortCls' own miniports, with one reference.
pub type FnPcNewMiniport =
    unsafe extern "efiapi" fn(OutMiniport: *mut *mut IMiniport, ClassId: *const GUID) -> NTSTATUS;
/// Makes an empty service group, with one reference.
pub type FnPcNewServiceGroup = unsafe extern "efiapi" fn(
    OutServiceGroup: *mut *mut IServiceGroup,
    OuterUnknown: *mut IUnknown,
) -> NTSTATUS;
/// Makes a resource list of what PnP assigned, with one reference.
pub type FnPcNewResourceList = unsafe extern "efiapi" fn(
    OutResourceList: *mut *mut IResourceList,
    OuterUnknown: *mut IUnknown,
    PoolType: POOL_TYPE,
    TranslatedResources: PCM_RESOURCE_LIST,
    UntranslatedResources: PCM_RESOURCE_LIST,
) -> NTSTATUS;
/// Makes an empty list that takes up to `MaximumEntries` of `ParentList`, with one reference.
pub type FnPcNewResourceSublist = unsafe extern "efiapi" fn(
    OutResourceList: *mut *mut IResourceList,
    OuterUnknown: *mut IUnknown,
    PoolType: POOL_TYPE,
    ParentList: *mut IResourceList,
    MaximumEntries: u32,
) -> NTSTATUS;
/// Makes an object for the interrupt number `ResourceIndex` of the list, with one reference.
pub type FnPcNewInterruptSync = unsafe extern "efiapi" fn(
    OutInterruptSync: *mut *mut IInterruptSync,
    OuterUnknown: *mut IUnknown,
    ResourceList: *mut IResourceList,
    ResourceIndex: u32,
    Mode: INTERRUPTSYNCMODE,
) -> NTSTATUS;
/// Opens or makes a key; `RegistryKeyType` is one of `*RegistryKey`. `Disposition` gets whether it was there.
pub type FnPcNewRegistryKey = unsafe extern "efiapi" fn(
    OutRegistryKey: *mut *mut IRegistryKey,
    OuterUnknown: *mut IUnknown,
    RegistryKeyType: u32,
    DesiredAccess: ACCESS_MASK,
    DeviceObject: PVOID,
    SubDevice: PVOID,
    ObjectAttributes: POBJECT_ATTRIBUTES,
    CreateOptions: u32,
    Disposition: *mut u32,
) -> NTSTATUS;
/// A property of the device, as `IoGetDeviceProperty` tells it.
pub type FnPcGetDeviceProperty = unsafe extern "efiapi" fn(
    DeviceObject: PVOID,
    DeviceProperty: DEVICE_REGISTRY_PROPERTY,
    BufferLength: u32,
    PropertyBuffer: PVOID,
    ResultLength: *mut u32,
) -> NTSTATUS;
/// Any IRQL. 100 ns since `Since`; the time now for 0.
pub type FnPcGetTimeInterval = unsafe extern "efiapi" fn(Since: u64) -> u64;
/// ≤D. Ends a request whose handler returned `STATUS_PENDING`.
pub type FnPcCompletePendingPropertyRequest = unsafe extern "efiapi" fn(
    PropertyRequest: *mut PCPROPERTY_REQUEST,
    NtStatus: NTSTATUS,
) -> NTSTATUS;
/// Has power changes told to `pUnknown`, an `IAdapterPowerManagement`; `pvContext1` is the device object.
pub type FnPcRegisterAdapterPowerManagement =
    unsafe extern "efiapi" fn(pUnknown: *mut IUnknown, pvContext1: PVOID) -> NTSTATUS;
/// Ends that, and releases the object.
pub type FnPcUnregisterAdapterPowerManagement =
    unsafe extern "efiapi" fn(DeviceObject: PDEVICE_OBJECT) -> NTSTATUS;
/// Asks for another power state of the device.
pub type FnPcRequestNewPowerState = unsafe extern "efiapi" fn(
    pDeviceObject: PDEVICE_OBJECT,
    RequestedNewState: DEVICE_POWER_STATE,
) -> NTSTATUS;
/// Tells that a thread or an interrupt works for audio streams. `ResourceSet` is null.
pub type FnPcAddStreamResource = unsafe extern "efiapi" fn(
    PhysicalDeviceObject: PDEVICE_OBJECT,
    ResourceSet: PVOID,
    ResourceDescriptor: *mut PCSTREAMRESOURCE_DESCRIPTOR,
    ResourceHandle: *mut PCSTREAMRESOURCE,
) -> NTSTATUS;
/// Takes back what `PcAddStreamResource` gave out.
pub type FnPcRemoveStreamResource =
    unsafe extern "efiapi" fn(ResourceHandle: PCSTREAMRESOURCE) -> NTSTATUS;
/// Any IRQL. The physical device object below a functional one.
pub type FnPcGetPhysicalDeviceObject = unsafe extern "efiapi" fn(
    pDeviceObject: PDEVICE_OBJECT,
    ppPhysicalDeviceObject: *mut PDEVICE_OBJECT,
) -> NTSTATUS;
