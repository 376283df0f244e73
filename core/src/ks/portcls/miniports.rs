// SPDX-License-Identifier: MIT OR Apache-2.0
//! The MIDI and topology ports and their miniports.

use super::{IRegistryKey, IResourceList, IServiceGroup, IUnknown, PCFILTER_DESCRIPTOR};
use crate::ks::ks::{KSDATAFORMAT, KSDATARANGE, KSSTATE};
use crate::ks::{
    ACCESS_MASK, BOOLEAN, DEVICE_REGISTRY_PROPERTY, GUID, NTSTATUS, PDEVICE_OBJECT, PIRP,
    POBJECT_ATTRIBUTES, POOL_TYPE, PVOID,
};

interface! {
    pub interface IPortTopology(IPortTopologyVtbl): IPort {}

    pub interface IMiniportTopology(IMiniportTopologyVtbl): IMiniport {
        fn Init(UnknownAdapter: *mut IUnknown, ResourceList: *mut IResourceList, Port: *mut IPortTopology) -> NTSTATUS;
    }

    pub interface IPortMidi(IPortMidiVtbl): IPort {
        /// Any IRQL.
        fn Notify(ServiceGroup: *mut IServiceGroup);
        fn RegisterServiceGroup(ServiceGroup: *mut IServiceGroup) -> NTSTATUS;
    }

    pub interface IMiniportMidi(IMiniportMidiVtbl): IMiniport {
        fn Init(
            UnknownAdapter: *mut IUnknown,
            ResourceList: *mut IResourceList,
            Port: *mut IPortMidi,
            ServiceGroup: *mut *mut IServiceGroup,
        ) -> NTSTATUS;
        fn Service();
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

    pub interface IMiniportMidiStream(IMiniportMidiStreamVtbl): IUnknown {
        fn SetFormat(DataFormat: *const KSDATAFORMAT) -> NTSTATUS;
        fn SetState(State: KSSTATE) -> NTSTATUS;
        /// ≤D.
        fn Read(BufferAddress: PVOID, BufferLength: u32, BytesRead: *mut u32) -> NTSTATUS;
        /// ≤D.
        fn Write(BufferAddress: PVOID, BytesToWrite: u32, BytesWritten: *mut u32) -> NTSTATUS;
    }
}
