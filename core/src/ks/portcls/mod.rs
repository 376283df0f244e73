// SPDX-License-Identifier: MIT OR Apache-2.0
//! The port class driver (`punknown.h`, `portcls.h`): descriptors, requests, interfaces, exports.
//!
//! IRQLs: P = PASSIVE_LEVEL, ≤D = up to DISPATCH_LEVEL. P unless said.

mod descriptors;
mod exports;
mod miniports;
mod services;
mod wavert;

pub use descriptors::*;
pub use exports::*;
pub use miniports::*;
pub use services::*;
pub use wavert::*;

use super::guid::GUID;
use super::ks::{KSDATARANGE, KSEVENT_ENTRY};
use super::{
    ACCESS_MASK, BOOL, DEVICE_REGISTRY_PROPERTY, NTSTATUS, PDEVICE_OBJECT, PIRP,
    POBJECT_ATTRIBUTES, PUNICODE_STRING, PVOID,
};

interface! {
    pub interface IUnknown(IUnknownVtbl): IUnknown {}

    /// A port. Its creator calls `Init`, which calls the miniport's `Init` and `GetDescription`.
    pub interface IPort(IPortVtbl): IUnknown {
        /// `Irp` is the START request, used only during the call.
        fn Init(
            DeviceObject: PDEVICE_OBJECT,
            Irp: PIRP,
            UnknownMiniport: *mut IUnknown,
            UnknownAdapter: *mut IUnknown,
            ResourceList: *mut IResourceList,
        ) -> NTSTATUS;
        fn GetDeviceProperty(
            DeviceProperty: DEVICE_REGISTRY_PROPERTY,
            BufferLength: u32,
            PropertyBuffer: PVOID,
            ReturnLength: *mut u32,
        ) -> NTSTATUS;
        fn NewRegistryKey(
            OutRegistryKey: *mut *mut IRegistryKey,
            OuterUnknown: *mut IUnknown,
            RegistryKeyType: u32,
            DesiredAccess: ACCESS_MASK,
            ObjectAttributes: POBJECT_ATTRIBUTES,
            CreateOptions: u32,
            Disposition: *mut u32,
        ) -> NTSTATUS;
    }

    /// A miniport. The descriptor stays valid and constant for the port's life.
    pub interface IMiniport(IMiniportVtbl): IUnknown {
        fn GetDescription(OutFilterDescriptor: *mut *const PCFILTER_DESCRIPTOR) -> NTSTATUS;
        /// `STATUS_NOT_IMPLEMENTED` makes PortCls use its own.
        fn DataRangeIntersection(
            PinId: u32,
            DataRange: *const KSDATARANGE,
            MatchingDataRange: *const KSDATARANGE,
            OutputBufferLength: u32,
            ResultantFormat: PVOID,
            ResultantFormatLength: *mut u32,
        ) -> NTSTATUS;
    }

    /// QueryInterface of a port.
    pub interface IPortEvents(IPortEventsVtbl): IUnknown {
        fn AddEventToEventList(EventEntry: *mut KSEVENT_ENTRY);
        /// Any IRQL. `Set` may be null: any set.
        fn GenerateEventList(Set: *const GUID, EventId: u32, PinEvent: BOOL, PinId: u32, NodeEvent: BOOL, NodeId: u32);
    }

    pub interface IPortClsVersion(IPortClsVersionVtbl): IUnknown {
        fn GetVersion() -> u32;
    }

    pub interface IUnregisterSubdevice(IUnregisterSubdeviceVtbl): IUnknown {
        fn UnregisterSubdevice(DeviceObject: PDEVICE_OBJECT, Unknown: *mut IUnknown) -> NTSTATUS;
    }

    pub interface IUnregisterPhysicalConnection(IUnregisterPhysicalConnectionVtbl): IUnknown {
        fn UnregisterPhysicalConnection(
            DeviceObject: PDEVICE_OBJECT,
            FromUnknown: *mut IUnknown,
            FromPin: u32,
            ToUnknown: *mut IUnknown,
            ToPin: u32,
        ) -> NTSTATUS;
        fn UnregisterPhysicalConnectionToExternal(
            DeviceObject: PDEVICE_OBJECT,
            FromUnknown: *mut IUnknown,
            FromPin: u32,
            ToString: PUNICODE_STRING,
            ToPin: u32,
        ) -> NTSTATUS;
        fn UnregisterPhysicalConnectionFromExternal(
            DeviceObject: PDEVICE_OBJECT,
            FromString: PUNICODE_STRING,
            FromPin: u32,
            ToUnknown: *mut IUnknown,
            ToPin: u32,
        ) -> NTSTATUS;
    }
}
