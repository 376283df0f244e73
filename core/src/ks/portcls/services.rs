// SPDX-License-Identifier: MIT OR Apache-2.0
//! Resources, registry, service groups, power: what PortCls gives to miniports and what it asks of adapters.

use super::IUnknown;
use crate::ks::ks::KSP_PIN;
use crate::ks::{
    ACCESS_MASK, BOOLEAN, DEVICE_POWER_STATE, GUID, HANDLE, NTSTATUS,
    PCM_PARTIAL_RESOURCE_DESCRIPTOR, PCM_RESOURCE_LIST, PDEVICE_CAPABILITIES, PDEVICE_OBJECT, PIRP,
    PKINTERRUPT, POWER_STATE, PRTL_QUERY_REGISTRY_TABLE, PUNICODE_STRING, PVOID,
    SYSTEM_POWER_STATE,
};

/// `CmResourceType*` as a C int.
pub type CM_RESOURCE_TYPE = i32;
pub type KEY_INFORMATION_CLASS = i32;
pub type KEY_VALUE_INFORMATION_CLASS = i32;
/// `InterruptSyncMode*`.
pub type INTERRUPTSYNCMODE = i32;
/// `PcExitLatency*`.
pub type PC_EXIT_LATENCY = i32;
pub const PcExitLatencyInstant: PC_EXIT_LATENCY = 0;
pub const PcExitLatencyFast: PC_EXIT_LATENCY = 1;
pub const PcExitLatencyResponsive: PC_EXIT_LATENCY = 2;

/// `ePcStreamResource*`.
pub type PcStreamResourceType = i32;
pub const ePcStreamResourceInterrupt: PcStreamResourceType = 0;
pub const ePcStreamResourceThread: PcStreamResourceType = 1;
pub const ePcStreamResourceSet: PcStreamResourceType = 2;
/// Names a resource that was added.
pub type PCSTREAMRESOURCE = HANDLE;

data! {
    /// A thread or an interrupt that works for audio streams. 40 bytes.
    #[derive(Eq)]
    pub struct PCSTREAMRESOURCE_DESCRIPTOR {
        /// 40.
        pub Size: u32,
        /// 0.
        pub Flags: u32,
        pub Pdo: PDEVICE_OBJECT,
        pub Type: PcStreamResourceType,
        /// `Resource.Thread` of a union in C, whose other members are `ResourceSet` and `Interrupt.Version`.
        pub Thread: PVOID,
        /// `Resource.Interrupt.Generic`.
        pub Generic: PVOID,
    }
}

pub const GeneralRegistryKey: u32 = 0;
pub const DeviceRegistryKey: u32 = 1;
pub const DriverRegistryKey: u32 = 2;
pub const HwProfileRegistryKey: u32 = 3;
pub const DeviceInterfaceRegistryKey: u32 = 4;

pub const InterruptSyncModeNormal: INTERRUPTSYNCMODE = 1;
pub const InterruptSyncModeAll: INTERRUPTSYNCMODE = 2;
pub const InterruptSyncModeRepeat: INTERRUPTSYNCMODE = 3;

pub type PINTERRUPTSYNCROUTINE = unsafe extern "efiapi" fn(
    InterruptSync: *mut IInterruptSync,
    DynamicContext: PVOID,
) -> NTSTATUS;

interface! {
    /// Empty for a root-enumerated device, never null.
    pub interface IResourceList(IResourceListVtbl): IUnknown {
        fn NumberOfEntries() -> u32;
        fn NumberOfEntriesOfType(Type: CM_RESOURCE_TYPE) -> u32;
        fn FindTranslatedEntry(Type: CM_RESOURCE_TYPE, Index: u32) -> PCM_PARTIAL_RESOURCE_DESCRIPTOR;
        fn FindUntranslatedEntry(Type: CM_RESOURCE_TYPE, Index: u32) -> PCM_PARTIAL_RESOURCE_DESCRIPTOR;
        fn AddEntry(Translated: PCM_PARTIAL_RESOURCE_DESCRIPTOR, Untranslated: PCM_PARTIAL_RESOURCE_DESCRIPTOR) -> NTSTATUS;
        fn AddEntryFromParent(Parent: *mut IResourceList, Type: CM_RESOURCE_TYPE, Index: u32) -> NTSTATUS;
        fn TranslatedList() -> PCM_RESOURCE_LIST;
        fn UntranslatedList() -> PCM_RESOURCE_LIST;
    }

    /// The last release closes the key.
    pub interface IRegistryKey(IRegistryKeyVtbl): IUnknown {
        fn QueryKey(
            KeyInformationClass: KEY_INFORMATION_CLASS,
            KeyInformation: PVOID,
            Length: u32,
            ResultLength: *mut u32,
        ) -> NTSTATUS;
        fn EnumerateKey(
            Index: u32,
            KeyInformationClass: KEY_INFORMATION_CLASS,
            KeyInformation: PVOID,
            Length: u32,
            ResultLength: *mut u32,
        ) -> NTSTATUS;
        fn QueryValueKey(
            ValueName: PUNICODE_STRING,
            KeyValueInformationClass: KEY_VALUE_INFORMATION_CLASS,
            KeyValueInformation: PVOID,
            Length: u32,
            ResultLength: *mut u32,
        ) -> NTSTATUS;
        fn EnumerateValueKey(
            Index: u32,
            KeyValueInformationClass: KEY_VALUE_INFORMATION_CLASS,
            KeyValueInformation: PVOID,
            Length: u32,
            ResultLength: *mut u32,
        ) -> NTSTATUS;
        fn SetValueKey(ValueName: PUNICODE_STRING, Type: u32, Data: PVOID, DataSize: u32) -> NTSTATUS;
        fn QueryRegistryValues(QueryTable: PRTL_QUERY_REGISTRY_TABLE, Context: PVOID) -> NTSTATUS;
        fn NewSubKey(
            RegistrySubKey: *mut *mut IRegistryKey,
            OuterUnknown: *mut IUnknown,
            DesiredAccess: ACCESS_MASK,
            SubKeyName: PUNICODE_STRING,
            CreateOptions: u32,
            Disposition: *mut u32,
        ) -> NTSTATUS;
        fn DeleteKey() -> NTSTATUS;
    }

    pub interface IServiceSink(IServiceSinkVtbl): IUnknown {
        /// D, in the group's DPC.
        fn RequestService();
    }

    /// A sink that serves its members from a DPC.
    pub interface IServiceGroup(IServiceGroupVtbl): IServiceSink {
        fn AddMember(pServiceSink: *mut IServiceSink) -> NTSTATUS;
        fn RemoveMember(pServiceSink: *mut IServiceSink);
        /// ≤D. Once, before the two below.
        fn SupportDelayedService();
        /// 100 ns; negative (as signed) is relative.
        fn RequestDelayedService(ullDelay: u64);
        fn CancelDelayedService();
    }

    pub interface IInterruptSync(IInterruptSyncVtbl): IUnknown {
        fn CallSynchronizedRoutine(Routine: PINTERRUPTSYNCROUTINE, DynamicContext: PVOID) -> NTSTATUS;
        fn GetKInterrupt() -> PKINTERRUPT;
        fn Connect() -> NTSTATUS;
        fn Disconnect();
        fn RegisterServiceRoutine(Routine: PINTERRUPTSYNCROUTINE, DynamicContext: PVOID, First: BOOLEAN) -> NTSTATUS;
    }

    /// QueryInterface of a miniport, by the adapter.
    pub interface IMusicTechnology(IMusicTechnologyVtbl): IUnknown {
        fn SetTechnology(Technology: *const GUID) -> NTSTATUS;
    }

    /// QueryInterface of a miniport: dynamic instance counts.
    pub interface IPinCount(IPinCountVtbl): IUnknown {
        fn PinCount(
            PinId: u32,
            FilterNecessary: *mut u32,
            FilterCurrent: *mut u32,
            FilterPossible: *mut u32,
            GlobalCurrent: *mut u32,
            GlobalPossible: *mut u32,
        );
    }

    /// QueryInterface of a miniport: pin names.
    pub interface IPinName(IPinNameVtbl): IUnknown {
        fn GetPinName(Irp: PIRP, Pin: *mut KSP_PIN, Data: PVOID) -> NTSTATUS;
    }

    /// QueryInterface of a miniport: before power goes down, after it came up.
    pub interface IPowerNotify(IPowerNotifyVtbl): IUnknown {
        fn PowerChangeNotify(PowerState: POWER_STATE);
    }

    /// Of the object given to `PcRegisterAdapterPowerManagement`.
    pub interface IAdapterPowerManagement(IAdapterPowerManagementVtbl): IUnknown {
        fn PowerChangeState(NewState: POWER_STATE);
        fn QueryPowerChangeState(NewStateQuery: POWER_STATE) -> NTSTATUS;
        fn QueryDeviceCapabilities(PowerDeviceCaps: PDEVICE_CAPABILITIES) -> NTSTATUS;
    }

    pub interface IAdapterPowerManagement2(IAdapterPowerManagement2Vtbl): IAdapterPowerManagement {
        fn PowerChangeState2(NewDeviceState: DEVICE_POWER_STATE, NewSystemState: SYSTEM_POWER_STATE);
    }

    pub interface IAdapterPowerManagement3(IAdapterPowerManagement3Vtbl): IAdapterPowerManagement2 {
        fn PowerChangeState3(
            NewDeviceState: DEVICE_POWER_STATE,
            NewSystemState: SYSTEM_POWER_STATE,
            ExitLatency: PC_EXIT_LATENCY,
        );
        fn D3ExitLatencyChanged(ExitLatency: PC_EXIT_LATENCY) -> NTSTATUS;
    }

    /// QueryInterface of a WaveRT port.
    pub interface IPortClsStreamResourceManager(IPortClsStreamResourceManagerVtbl): IUnknown {
        /// `ResourceSet` is null.
        fn AddStreamResource(
            ResourceSet: PVOID,
            ResourceDescriptor: *mut PCSTREAMRESOURCE_DESCRIPTOR,
            ResourceHandle: *mut PCSTREAMRESOURCE,
        ) -> NTSTATUS;
        fn RemoveStreamResource(ResourceHandle: PCSTREAMRESOURCE) -> NTSTATUS;
    }

    pub interface IMiniportPnpNotify(IMiniportPnpNotifyVtbl): IUnknown {
        fn PnpStop();
    }
}
