// SPDX-License-Identifier: MIT OR Apache-2.0
//! The MIDI and topology ports and their miniports.

use super::{IRegistryKey, IResourceList, IServiceGroup, IUnknown, PCFILTER_DESCRIPTOR};
use crate::ks::ks::{KSDATAFORMAT, KSDATARANGE, KSSTATE};
use crate::ks::{
    ACCESS_MASK, BOOLEAN, DEVICE_REGISTRY_PROPERTY, GUID, NTSTATUS, PDEVICE_OBJECT, PIRP,
    POBJECT_ATTRIBUTES, POOL_TYPE, PVOID,
};

interface! {
    /// The topology port; it adds nothing to `IPort`.
    pub interface IPortTopology(IPortTopologyVtbl): IPort {}

    /// The topology port's miniport: a filter without streams.
    pub interface IMiniportTopology(IMiniportTopologyVtbl): IMiniport {
        /// Binds the miniport to its port. `UnknownAdapter` may be null, `ResourceList` is empty for a device without hardware.
        fn Init(UnknownAdapter: *mut IUnknown, ResourceList: *mut IResourceList, Port: *mut IPortTopology) -> NTSTATUS;
    }

    /// The MIDI port.
    pub interface IPortMidi(IPortMidiVtbl): IPort {
        /// Any IRQL. Requests service of the group: the port then reads and writes from a DPC.
        fn Notify(ServiceGroup: *mut IServiceGroup);
        /// Makes the miniport's group known before `Init` returns.
        fn RegisterServiceGroup(ServiceGroup: *mut IServiceGroup) -> NTSTATUS;
    }

    /// The MIDI port's miniport.
    pub interface IMiniportMidi(IMiniportMidiVtbl): IMiniport {
        /// Binds the miniport to its port. `ServiceGroup` gets a reference or null.
        fn Init(
            UnknownAdapter: *mut IUnknown,
            ResourceList: *mut IResourceList,
            Port: *mut IPortMidi,
            ServiceGroup: *mut *mut IServiceGroup,
        ) -> NTSTATUS;
        /// D. The group that `Init` gave out was notified.
        fn Service();
        /// Makes the stream of a pin. Every out parameter is set, on failure too.
        fn NewStream(
            Stream: *mut *mut IMiniportMidiStream,
            OuterUnknown: *mut IUnknown,
            PoolType: POOL_TYPE,
            Pin: u32,
            Capture: BOOLEAN,
            DataFormat: *const KSDATAFORMAT,
            ServiceGroup: *mut *mut IServiceGroup,
        ) -> NTSTATUS;
    }

    /// A stream of the MIDI port's miniport.
    pub interface IMiniportMidiStream(IMiniportMidiStreamVtbl): IUnknown {
        /// Another format while the pin is open.
        fn SetFormat(DataFormat: *const KSDATAFORMAT) -> NTSTATUS;
        /// The pin's state, one of `KSSTATE_*`.
        fn SetState(State: KSSTATE) -> NTSTATUS;
        /// ≤D. Takes up to `BufferLength` bytes of what was received.
        fn Read(BufferAddress: PVOID, BufferLength: u32, BytesRead: *mut u32) -> NTSTATUS;
        /// ≤D. Sends bytes; `BytesWritten` below `BytesToWrite`: the port comes again with the rest.
        fn Write(BufferAddress: PVOID, BytesToWrite: u32, BytesWritten: *mut u32) -> NTSTATUS;
    }
}
