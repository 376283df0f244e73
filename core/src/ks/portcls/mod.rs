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
    /// What every object of PortCls begins with: interfaces and a count of references.
    pub interface IUnknown(IUnknownVtbl): IUnknown {}

    /// A port. Its creator calls `Init`, which calls the miniport's `Init` and `GetDescription`.
    pub interface IPort(IPortVtbl): IUnknown {
        /// Binds port and miniport: asks for the miniport's interface, calls its `Init`, then `GetDescription`.
        /// `Irp` is the START request, used only during the call.
        fn Init(
            DeviceObject: PDEVICE_OBJECT,
            Irp: PIRP,
            UnknownMiniport: *mut IUnknown,
            UnknownAdapter: *mut IUnknown,
            ResourceList: *mut IResourceList,
        ) -> NTSTATUS;
        /// A property of the device, as `IoGetDeviceProperty` tells it. `ReturnLength` gets the bytes written or needed.
        fn GetDeviceProperty(
            DeviceProperty: DEVICE_REGISTRY_PROPERTY,
            BufferLength: u32,
            PropertyBuffer: PVOID,
            ReturnLength: *mut u32,
        ) -> NTSTATUS;
        /// Opens or makes a key; `RegistryKeyType` is one of `*RegistryKey`. `Disposition` gets whether it was there.
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
        /// Gives the address of the filter's descriptor, which stays the miniport's.
        fn GetDescription(OutFilterDescriptor: *mut *const PCFILTER_DESCRIPTOR) -> NTSTATUS;
        /// The best format that both ranges allow, to `ResultantFormat`. `STATUS_NOT_IMPLEMENTED` makes PortCls use its own.
        fn DataRangeIntersection(
            PinId: u32,
            DataRange: *const KSDATARANGE,
            MatchingDataRange: *const KSDATARANGE,
            OutputBufferLength: u32,
            ResultantFormat: PVOID,
            ResultantFormatLength: *mut u32,
        ) -> NTSTATUS;
    }

    /// QueryInterface of a port: events of its pins and nodes.
    pub interface IPortEvents(IPortEventsVtbl): IUnknown {
        /// Takes an entry that a client enabled; the event handler calls it for `PCEVENT_VERB_ADD`.
        fn AddEventToEventList(EventEntry: *mut KSEVENT_ENTRY);
        /// Any IRQL. Signals all entries that fit. `Set` may be null: any set; `PinId` and `NodeId` count if their flag is set.
        fn GenerateEventList(Set: *const GUID, EventId: u32, PinEvent: BOOL, PinId: u32, NodeEvent: BOOL, NodeId: u32);
    }

    /// QueryInterface of a port: which PortCls it is.
    pub interface IPortClsVersion(IPortClsVersionVtbl): IUnknown {
        /// `kVersionWindows*`, which does not tell apart any Windows after Vista.
        fn GetVersion() -> u32;
    }

    /// QueryInterface of a port: the way back of `PcRegisterSubdevice`.
    pub interface IUnregisterSubdevice(IUnregisterSubdeviceVtbl): IUnknown {
        /// Takes the port `Unknown` out of the device; open handles stay until they are closed.
        fn UnregisterSubdevice(DeviceObject: PDEVICE_OBJECT, Unknown: *mut IUnknown) -> NTSTATUS;
    }

    /// QueryInterface of a port: the way back of `PcRegisterPhysicalConnection*`.
    pub interface IUnregisterPhysicalConnection(IUnregisterPhysicalConnectionVtbl): IUnknown {
        /// A connection of two filters of this device.
        fn UnregisterPhysicalConnection(
            DeviceObject: PDEVICE_OBJECT,
            FromUnknown: *mut IUnknown,
            FromPin: u32,
            ToUnknown: *mut IUnknown,
            ToPin: u32,
        ) -> NTSTATUS;
        /// A connection to another device's filter, by its symbolic link.
        fn UnregisterPhysicalConnectionToExternal(
            DeviceObject: PDEVICE_OBJECT,
            FromUnknown: *mut IUnknown,
            FromPin: u32,
            ToString: PUNICODE_STRING,
            ToPin: u32,
        ) -> NTSTATUS;
        /// A connection from another device's filter, by its symbolic link.
        fn UnregisterPhysicalConnectionFromExternal(
            DeviceObject: PDEVICE_OBJECT,
            FromString: PUNICODE_STRING,
            FromPin: u32,
            ToUnknown: *mut IUnknown,
            ToPin: u32,
        ) -> NTSTATUS;
    }
}
