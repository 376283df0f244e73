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
/// What of a key is asked for, `Key*Information` as a C int.
pub type KEY_INFORMATION_CLASS = i32;
/// What of a value is asked for, `KeyValue*Information` as a C int.
pub type KEY_VALUE_INFORMATION_CLASS = i32;
/// `InterruptSyncMode*`.
pub type INTERRUPTSYNCMODE = i32;
/// `PcExitLatency*`.
pub type PC_EXIT_LATENCY = i32;
/// D3 must be left at once.
pub const PcExitLatencyInstant: PC_EXIT_LATENCY = 0;
/// Leaving D3 may take 10 ms.
pub const PcExitLatencyFast: PC_EXIT_LATENCY = 1;
/// Leaving D3 may take 200 ms.
pub const PcExitLatencyResponsive: PC_EXIT_LATENCY = 2;

/// `ePcStreamResource*`.
pub type PcStreamResourceType = i32;
/// An interrupt.
pub const ePcStreamResourceInterrupt: PcStreamResourceType = 0;
/// A thread of the driver.
pub const ePcStreamResourceThread: PcStreamResourceType = 1;
/// A set of resources.
pub const ePcStreamResourceSet: PcStreamResourceType = 2;
/// Names a resource that was added.
pub type PCSTREAMRESOURCE = HANDLE;

data! {
    /// A thread or an interrupt that works for audio streams. 40 bytes.
    #[derive(Eq)]
    pub struct PCSTREAMRESOURCE_DESCRIPTOR {
        /// Bytes of the whole structure: 40.
        pub Size: u32,
        /// 0, none is defined.
        pub Flags: u32,
        /// The physical device object of an interrupt resource.
        pub Pdo: PDEVICE_OBJECT,
        /// Which member of the union counts.
        pub Type: PcStreamResourceType,
        /// `Resource.Thread` of a union in C, whose other members are `ResourceSet` and `Interrupt.Version`.
        pub Thread: PVOID,
        /// `Resource.Interrupt.Generic`.
        pub Generic: PVOID,
    }
}

/// Kind of key: the one that the object attributes name.
pub const GeneralRegistryKey: u32 = 0;
/// Kind of key: the device's hardware key.
pub const DeviceRegistryKey: u32 = 1;
/// Kind of key: the driver's key for the device, `HKR` of an INF's install section.
pub const DriverRegistryKey: u32 = 2;
/// Kind of key: the hardware profile's.
pub const HwProfileRegistryKey: u32 = 3;
/// Kind of key: that of a subdevice's device interface.
pub const DeviceInterfaceRegistryKey: u32 = 4;

/// Service routines are called until one claims the interrupt.
pub const InterruptSyncModeNormal: INTERRUPTSYNCMODE = 1;
/// Each service routine is called once.
pub const InterruptSyncModeAll: INTERRUPTSYNCMODE = 2;
/// All are called, again and again until none claims the interrupt.
pub const InterruptSyncModeRepeat: INTERRUPTSYNCMODE = 3;

/// A service routine or a synchronized call, at the interrupt's IRQL. Success claims the interrupt.
pub type PINTERRUPTSYNCROUTINE = unsafe extern "efiapi" fn(
    InterruptSync: *mut IInterruptSync,
    DynamicContext: PVOID,
) -> NTSTATUS;

interface! {
    /// Resources that PnP assigned. Empty for a root-enumerated device, never null.
    pub interface IResourceList(IResourceListVtbl): IUnknown {
        /// All entries.
        fn NumberOfEntries() -> u32;
        /// Entries of one type.
        fn NumberOfEntriesOfType(Type: CM_RESOURCE_TYPE) -> u32;
        /// Entry `Index` of a type as the processor sees it; null if there is none.
        fn FindTranslatedEntry(Type: CM_RESOURCE_TYPE, Index: u32) -> PCM_PARTIAL_RESOURCE_DESCRIPTOR;
        /// Entry `Index` of a type as the bus sees it; null if there is none.
        fn FindUntranslatedEntry(Type: CM_RESOURCE_TYPE, Index: u32) -> PCM_PARTIAL_RESOURCE_DESCRIPTOR;
        /// Adds one entry in both forms.
        fn AddEntry(Translated: PCM_PARTIAL_RESOURCE_DESCRIPTOR, Untranslated: PCM_PARTIAL_RESOURCE_DESCRIPTOR) -> NTSTATUS;
        /// Adds a copy of entry `Index` of a type of another list.
        fn AddEntryFromParent(Parent: *mut IResourceList, Type: CM_RESOURCE_TYPE, Index: u32) -> NTSTATUS;
        /// The whole list as the processor sees it.
        fn TranslatedList() -> PCM_RESOURCE_LIST;
        /// The whole list as the bus sees it.
        fn UntranslatedList() -> PCM_RESOURCE_LIST;
    }

    /// An open key. The last release closes it. Lengths are bytes; `ResultLength` gets those written or needed.
    pub interface IRegistryKey(IRegistryKeyVtbl): IUnknown {
        /// The key itself: name, numbers of subkeys and values.
        fn QueryKey(
            KeyInformationClass: KEY_INFORMATION_CLASS,
            KeyInformation: PVOID,
            Length: u32,
            ResultLength: *mut u32,
        ) -> NTSTATUS;
        /// Subkey number `Index`; `STATUS_NO_MORE_ENTRIES` behind the last.
        fn EnumerateKey(
            Index: u32,
            KeyInformationClass: KEY_INFORMATION_CLASS,
            KeyInformation: PVOID,
            Length: u32,
            ResultLength: *mut u32,
        ) -> NTSTATUS;
        /// A value by its name.
        fn QueryValueKey(
            ValueName: PUNICODE_STRING,
            KeyValueInformationClass: KEY_VALUE_INFORMATION_CLASS,
            KeyValueInformation: PVOID,
            Length: u32,
            ResultLength: *mut u32,
        ) -> NTSTATUS;
        /// Value number `Index`; `STATUS_NO_MORE_ENTRIES` behind the last.
        fn EnumerateValueKey(
            Index: u32,
            KeyValueInformationClass: KEY_VALUE_INFORMATION_CLASS,
            KeyValueInformation: PVOID,
            Length: u32,
            ResultLength: *mut u32,
        ) -> NTSTATUS;
        /// Writes a value; `Type` is `REG_*`.
        fn SetValueKey(ValueName: PUNICODE_STRING, Type: u32, Data: PVOID, DataSize: u32) -> NTSTATUS;
        /// Several values by a table of callbacks, as `RtlQueryRegistryValues` does it.
        fn QueryRegistryValues(QueryTable: PRTL_QUERY_REGISTRY_TABLE, Context: PVOID) -> NTSTATUS;
        /// Opens or makes a key below this one. `Disposition` gets whether it was there.
        fn NewSubKey(
            RegistrySubKey: *mut *mut IRegistryKey,
            OuterUnknown: *mut IUnknown,
            DesiredAccess: ACCESS_MASK,
            SubKeyName: PUNICODE_STRING,
            CreateOptions: u32,
            Disposition: *mut u32,
        ) -> NTSTATUS;
        /// Removes the key, which must have no subkeys.
        fn DeleteKey() -> NTSTATUS;
    }

    /// Somebody who is served from a DPC.
    pub interface IServiceSink(IServiceSinkVtbl): IUnknown {
        /// D, in the group's DPC. Do what is due.
        fn RequestService();
    }

    /// A sink that serves its members from a DPC.
    pub interface IServiceGroup(IServiceGroupVtbl): IServiceSink {
        /// Adds a sink and takes a reference to it.
        fn AddMember(pServiceSink: *mut IServiceSink) -> NTSTATUS;
        /// Removes a sink and releases it.
        fn RemoveMember(pServiceSink: *mut IServiceSink);
        /// ≤D. Makes the group's timer. Once, before the two below.
        fn SupportDelayedService();
        /// Requests service after a delay of 100 ns units; negative (as signed) is relative.
        fn RequestDelayedService(ullDelay: u64);
        /// Stops the timer, if it runs.
        fn CancelDelayedService();
    }

    /// An interrupt and its service routines. Not for a software device.
    pub interface IInterruptSync(IInterruptSyncVtbl): IUnknown {
        /// ≤ the interrupt's IRQL. Calls `Routine` while no service routine runs.
        fn CallSynchronizedRoutine(Routine: PINTERRUPTSYNCROUTINE, DynamicContext: PVOID) -> NTSTATUS;
        /// The connected interrupt object, or null.
        fn GetKInterrupt() -> PKINTERRUPT;
        /// Connects the interrupt; service routines are called from now on.
        fn Connect() -> NTSTATUS;
        /// Disconnects the interrupt.
        fn Disconnect();
        /// Adds a service routine, before the others if `First` is set.
        fn RegisterServiceRoutine(Routine: PINTERRUPTSYNCROUTINE, DynamicContext: PVOID, First: BOOLEAN) -> NTSTATUS;
    }

    /// QueryInterface of a miniport, by the adapter.
    pub interface IMusicTechnology(IMusicTechnologyVtbl): IUnknown {
        /// Puts `KSMUSIC_TECHNOLOGY_*` into the miniport's music ranges, before it is registered.
        fn SetTechnology(Technology: *const GUID) -> NTSTATUS;
    }

    /// QueryInterface of a miniport: dynamic instance counts.
    pub interface IPinCount(IPinCountVtbl): IUnknown {
        /// Changes the numbers of instances that the port holds for a pin, each in and out.
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
        /// Answers `KSPROPERTY_PIN_NAME`: writes the name to `Data`.
        fn GetPinName(Irp: PIRP, Pin: *mut KSP_PIN, Data: PVOID) -> NTSTATUS;
    }

    /// QueryInterface of a miniport: before power goes down, after it came up.
    pub interface IPowerNotify(IPowerNotifyVtbl): IUnknown {
        /// The device's new state.
        fn PowerChangeNotify(PowerState: POWER_STATE);
    }

    /// Of the object given to `PcRegisterAdapterPowerManagement`.
    pub interface IAdapterPowerManagement(IAdapterPowerManagementVtbl): IUnknown {
        /// The device's new state, to be put into the hardware.
        fn PowerChangeState(NewState: POWER_STATE);
        /// May the state change so? Success is yes.
        fn QueryPowerChangeState(NewStateQuery: POWER_STATE) -> NTSTATUS;
        /// Changes what the bus said of the device's power, or just succeeds.
        fn QueryDeviceCapabilities(PowerDeviceCaps: PDEVICE_CAPABILITIES) -> NTSTATUS;
    }

    /// The same with the machine's state.
    pub interface IAdapterPowerManagement2(IAdapterPowerManagement2Vtbl): IAdapterPowerManagement {
        /// The device's new state, and the machine's.
        fn PowerChangeState2(NewDeviceState: DEVICE_POWER_STATE, NewSystemState: SYSTEM_POWER_STATE);
    }

    /// The same with the latency allowed on the way out of D3.
    pub interface IAdapterPowerManagement3(IAdapterPowerManagement3Vtbl): IAdapterPowerManagement2 {
        /// The device's new state, the machine's, and the latency; instant unless the device goes to D3.
        fn PowerChangeState3(
            NewDeviceState: DEVICE_POWER_STATE,
            NewSystemState: SYSTEM_POWER_STATE,
            ExitLatency: PC_EXIT_LATENCY,
        );
        /// Another latency is allowed while the device is in D3.
        fn D3ExitLatencyChanged(ExitLatency: PC_EXIT_LATENCY) -> NTSTATUS;
    }

    /// QueryInterface of a WaveRT port: threads and interrupts that work for its streams.
    pub interface IPortClsStreamResourceManager(IPortClsStreamResourceManagerVtbl): IUnknown {
        /// `ResourceSet` is null. `ResourceHandle` gets the name to remove it by.
        fn AddStreamResource(
            ResourceSet: PVOID,
            ResourceDescriptor: *mut PCSTREAMRESOURCE_DESCRIPTOR,
            ResourceHandle: *mut PCSTREAMRESOURCE,
        ) -> NTSTATUS;
        /// Takes back what was added.
        fn RemoveStreamResource(ResourceHandle: PCSTREAMRESOURCE) -> NTSTATUS;
    }

    /// QueryInterface of a miniport: stops for a rebalance of resources.
    pub interface IMiniportPnpNotify(IMiniportPnpNotifyVtbl): IUnknown {
        /// The device stops; its resources may be others afterwards.
        fn PnpStop();
    }
}
