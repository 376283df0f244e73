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

pub type PDRIVER_ADD_DEVICE = unsafe extern "efiapi" fn(
    DriverObject: PDRIVER_OBJECT,
    PhysicalDeviceObject: PDEVICE_OBJECT,
) -> NTSTATUS;
pub type PCPFNSTARTDEVICE = unsafe extern "efiapi" fn(
    DeviceObject: PDEVICE_OBJECT,
    Irp: PIRP,
    ResourceList: *mut IResourceList,
) -> NTSTATUS;

pub type FnPcInitializeAdapterDriver = unsafe extern "efiapi" fn(
    DriverObject: PDRIVER_OBJECT,
    RegistryPathName: PUNICODE_STRING,
    AddDevice: PDRIVER_ADD_DEVICE,
) -> NTSTATUS;
pub type FnPcAddAdapterDevice = unsafe extern "efiapi" fn(
    DriverObject: PDRIVER_OBJECT,
    PhysicalDeviceObject: PDEVICE_OBJECT,
    StartDevice: PCPFNSTARTDEVICE,
    MaxObjects: u32,
    DeviceExtensionSize: u32,
) -> NTSTATUS;
pub type FnPcDispatchIrp =
    unsafe extern "efiapi" fn(DeviceObject: PDEVICE_OBJECT, Irp: PIRP) -> NTSTATUS;
/// ≤D.
pub type FnPcCompleteIrp = unsafe extern "efiapi" fn(
    DeviceObject: PDEVICE_OBJECT,
    Irp: PIRP,
    Status: NTSTATUS,
) -> NTSTATUS;
pub type FnPcForwardIrpSynchronous =
    unsafe extern "efiapi" fn(DeviceObject: PDEVICE_OBJECT, Irp: PIRP) -> NTSTATUS;
pub type FnPcRegisterSubdevice = unsafe extern "efiapi" fn(
    DeviceObject: PDEVICE_OBJECT,
    Name: *const u16,
    Unknown: *mut IUnknown,
) -> NTSTATUS;
pub type FnPcRegisterPhysicalConnection = unsafe extern "efiapi" fn(
    DeviceObject: PDEVICE_OBJECT,
    FromUnknown: *mut IUnknown,
    FromPin: u32,
    ToUnknown: *mut IUnknown,
    ToPin: u32,
) -> NTSTATUS;
pub type FnPcRegisterPhysicalConnectionToExternal = unsafe extern "efiapi" fn(
    DeviceObject: PDEVICE_OBJECT,
    FromUnknown: *mut IUnknown,
    FromPin: u32,
    ToString: PUNICODE_STRING,
    ToPin: u32,
) -> NTSTATUS;
pub type FnPcRegisterPhysicalConnectionFromExternal = unsafe extern "efiapi" fn(
    DeviceObject: PDEVICE_OBJECT,
    FromString: PUNICODE_STRING,
    FromPin: u32,
    ToUnknown: *mut IUnknown,
    ToPin: u32,
) -> NTSTATUS;
pub type FnPcNewPort =
    unsafe extern "efiapi" fn(OutPort: *mut *mut IPort, ClassId: *const GUID) -> NTSTATUS;
pub type FnPcNewMiniport =
    unsafe extern "efiapi" fn(OutMiniport: *mut *mut IMiniport, ClassId: *const GUID) -> NTSTATUS;
pub type FnPcNewServiceGroup = unsafe extern "efiapi" fn(
    OutServiceGroup: *mut *mut IServiceGroup,
    OuterUnknown: *mut IUnknown,
) -> NTSTATUS;
pub type FnPcNewResourceList = unsafe extern "efiapi" fn(
    OutResourceList: *mut *mut IResourceList,
    OuterUnknown: *mut IUnknown,
    PoolType: POOL_TYPE,
    TranslatedResources: PCM_RESOURCE_LIST,
    UntranslatedResources: PCM_RESOURCE_LIST,
) -> NTSTATUS;
pub type FnPcNewResourceSublist = unsafe extern "efiapi" fn(
    OutResourceList: *mut *mut IResourceList,
    OuterUnknown: *mut IUnknown,
    PoolType: POOL_TYPE,
    ParentList: *mut IResourceList,
    MaximumEntries: u32,
) -> NTSTATUS;
pub type FnPcNewInterruptSync = unsafe extern "efiapi" fn(
    OutInterruptSync: *mut *mut IInterruptSync,
    OuterUnknown: *mut IUnknown,
    ResourceList: *mut IResourceList,
    ResourceIndex: u32,
    Mode: INTERRUPTSYNCMODE,
) -> NTSTATUS;
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
pub type FnPcGetDeviceProperty = unsafe extern "efiapi" fn(
    DeviceObject: PVOID,
    DeviceProperty: DEVICE_REGISTRY_PROPERTY,
    BufferLength: u32,
    PropertyBuffer: PVOID,
    ResultLength: *mut u32,
) -> NTSTATUS;
/// Any IRQL. 100 ns since `Since`.
pub type FnPcGetTimeInterval = unsafe extern "efiapi" fn(Since: u64) -> u64;
/// ≤D.
pub type FnPcCompletePendingPropertyRequest = unsafe extern "efiapi" fn(
    PropertyRequest: *mut PCPROPERTY_REQUEST,
    NtStatus: NTSTATUS,
) -> NTSTATUS;
pub type FnPcRegisterAdapterPowerManagement =
    unsafe extern "efiapi" fn(pUnknown: *mut IUnknown, pvContext1: PVOID) -> NTSTATUS;
pub type FnPcUnregisterAdapterPowerManagement =
    unsafe extern "efiapi" fn(DeviceObject: PDEVICE_OBJECT) -> NTSTATUS;
pub type FnPcRequestNewPowerState = unsafe extern "efiapi" fn(
    pDeviceObject: PDEVICE_OBJECT,
    RequestedNewState: DEVICE_POWER_STATE,
) -> NTSTATUS;
pub type FnPcAddStreamResource = unsafe extern "efiapi" fn(
    PhysicalDeviceObject: PDEVICE_OBJECT,
    ResourceSet: PVOID,
    ResourceDescriptor: *mut PCSTREAMRESOURCE_DESCRIPTOR,
    ResourceHandle: *mut PCSTREAMRESOURCE,
) -> NTSTATUS;
pub type FnPcRemoveStreamResource =
    unsafe extern "efiapi" fn(ResourceHandle: PCSTREAMRESOURCE) -> NTSTATUS;
/// Any IRQL.
pub type FnPcGetPhysicalDeviceObject = unsafe extern "efiapi" fn(
    pDeviceObject: PDEVICE_OBJECT,
    ppPhysicalDeviceObject: *mut PDEVICE_OBJECT,
) -> NTSTATUS;
