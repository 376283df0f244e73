// SPDX-License-Identifier: MIT OR Apache-2.0
//! The WaveRT port, its miniport and streams.

use super::{IRegistryKey, IResourceList, IUnknown, PCFILTER_DESCRIPTOR};
use crate::ks::ks::{KSDATAFORMAT, KSDATARANGE, KSSTATE};
use crate::ks::ksmedia::{
    KSAUDIO_POSITION, KSAUDIO_PRESENTATION_POSITION, KSRTAUDIO_HWLATENCY, KSRTAUDIO_HWREGISTER,
};
use crate::ks::{
    ACCESS_MASK, BOOL, BOOLEAN, DEVICE_REGISTRY_PROPERTY, GUID, MEMORY_CACHING_TYPE, NTSTATUS,
    PDEVICE_DESCRIPTION, PDEVICE_OBJECT, PHYSICAL_ADDRESS, PIRP, PKEVENT, PMDL, POBJECT_ATTRIBUTES,
    PVOID,
};

interface! {
    pub interface IPortWaveRT(IPortWaveRTVtbl): IPort {}

    /// The port's side of a stream: its buffer's pages.
    pub interface IPortWaveRTStream(IPortWaveRTStreamVtbl): IUnknown {
        fn AllocatePagesForMdl(HighAddress: PHYSICAL_ADDRESS, TotalBytes: usize) -> PMDL;
        fn AllocateContiguousPagesForMdl(
            LowAddress: PHYSICAL_ADDRESS,
            HighAddress: PHYSICAL_ADDRESS,
            TotalBytes: usize,
        ) -> PMDL;
        fn MapAllocatedPages(MemoryDescriptorList: PMDL, CacheType: MEMORY_CACHING_TYPE) -> PVOID;
        fn UnmapAllocatedPages(BaseAddress: PVOID, MemoryDescriptorList: PMDL);
        fn FreePagesFromMdl(MemoryDescriptorList: PMDL);
        fn GetPhysicalPagesCount(MemoryDescriptorList: PMDL) -> u32;
        /// As MSVC's x64 C++ member function does it: the result goes through a hidden pointer, which is returned. ARM64 differs:
        /// do not call it there.
        fn GetPhysicalPageAddress(
            Result: *mut PHYSICAL_ADDRESS,
            MemoryDescriptorList: PMDL,
            Index: u32,
        ) -> *mut PHYSICAL_ADDRESS;
    }

    pub interface IMiniportWaveRT(IMiniportWaveRTVtbl): IMiniport {
        fn Init(UnknownAdapter: *mut IUnknown, ResourceList: *mut IResourceList, Port: *mut IPortWaveRT) -> NTSTATUS;
        fn NewStream(
            Stream: *mut *mut IMiniportWaveRTStream,
            PortStream: *mut IPortWaveRTStream,
            Pin: u32,
            Capture: BOOLEAN,
            DataFormat: *const KSDATAFORMAT,
        ) -> NTSTATUS;
        fn GetDeviceDescription(DeviceDescription: PDEVICE_DESCRIPTION) -> NTSTATUS;
    }

    pub interface IMiniportWaveRTStream(IMiniportWaveRTStreamVtbl): IUnknown {
        fn SetFormat(DataFormat: *const KSDATAFORMAT) -> NTSTATUS;
        fn SetState(State: KSSTATE) -> NTSTATUS;
        /// ≤D. Bytes within the buffer.
        fn GetPosition(Position: *mut KSAUDIO_POSITION) -> NTSTATUS;
        fn AllocateAudioBuffer(
            RequestedSize: u32,
            AudioBufferMdl: *mut PMDL,
            ActualSize: *mut u32,
            OffsetFromFirstPage: *mut u32,
            CacheType: *mut MEMORY_CACHING_TYPE,
        ) -> NTSTATUS;
        fn FreeAudioBuffer(AudioBufferMdl: PMDL, BufferSize: u32);
        fn GetHWLatency(hwLatency: *mut KSRTAUDIO_HWLATENCY);
        fn GetPositionRegister(Register: *mut KSRTAUDIO_HWREGISTER) -> NTSTATUS;
        fn GetClockRegister(Register: *mut KSRTAUDIO_HWREGISTER) -> NTSTATUS;
    }

    pub interface IMiniportWaveRTStreamNotification(IMiniportWaveRTStreamNotificationVtbl): IMiniportWaveRTStream {
        fn AllocateBufferWithNotification(
            NotificationCount: u32,
            RequestedSize: u32,
            AudioBufferMdl: *mut PMDL,
            ActualSize: *mut u32,
            OffsetFromFirstPage: *mut u32,
            CacheType: *mut MEMORY_CACHING_TYPE,
        ) -> NTSTATUS;
        fn FreeBufferWithNotification(AudioBufferMdl: PMDL, BufferSize: u32);
        fn RegisterNotificationEvent(NotificationEvent: PKEVENT) -> NTSTATUS;
        /// `STATUS_NOT_FOUND` if it is unknown.
        fn UnregisterNotificationEvent(NotificationEvent: PKEVENT) -> NTSTATUS;
    }

    /// QueryInterface of a miniport: the processing modes of its pins.
    pub interface IMiniportAudioSignalProcessing(IMiniportAudioSignalProcessingVtbl): IUnknown {
        /// The array is null, or has as many places as the number says; the number becomes that of the modes.
        fn GetModes(Pin: u32, SignalProcessingModes: *mut GUID, NumSignalProcessingModes: *mut u32) -> NTSTATUS;
    }

    pub interface IMiniportWaveRTInputStream(IMiniportWaveRTInputStreamVtbl): IUnknown {
        fn GetReadPacket(
            PacketNumber: *mut u32,
            Flags: *mut u32,
            PerformanceCounterValue: *mut u64,
            MoreData: *mut BOOL,
        ) -> NTSTATUS;
    }

    pub interface IMiniportWaveRTOutputStream(IMiniportWaveRTOutputStreamVtbl): IUnknown {
        fn SetWritePacket(PacketNumber: u32, Flags: u32, EosPacketLength: u32) -> NTSTATUS;
        fn GetOutputStreamPresentationPosition(PresentationPosition: *mut KSAUDIO_PRESENTATION_POSITION) -> NTSTATUS;
        fn GetPacketCount(PacketCount: *mut u32) -> NTSTATUS;
    }
}
