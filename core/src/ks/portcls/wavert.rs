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
    /// The WaveRT port; it adds nothing to `IPort`.
    pub interface IPortWaveRT(IPortWaveRTVtbl): IPort {}

    /// The port's side of a stream: its buffer's pages.
    pub interface IPortWaveRTStream(IPortWaveRTStreamVtbl): IUnknown {
        /// Pages below `HighAddress`, not mapped; null without memory.
        fn AllocatePagesForMdl(HighAddress: PHYSICAL_ADDRESS, TotalBytes: usize) -> PMDL;
        /// Pages in one piece between the two addresses, not mapped; null without memory.
        fn AllocateContiguousPagesForMdl(
            LowAddress: PHYSICAL_ADDRESS,
            HighAddress: PHYSICAL_ADDRESS,
            TotalBytes: usize,
        ) -> PMDL;
        /// Maps the pages into the kernel's space; null without room.
        fn MapAllocatedPages(MemoryDescriptorList: PMDL, CacheType: MEMORY_CACHING_TYPE) -> PVOID;
        /// Ends a mapping, before the pages are freed.
        fn UnmapAllocatedPages(BaseAddress: PVOID, MemoryDescriptorList: PMDL);
        /// Frees the pages and their list.
        fn FreePagesFromMdl(MemoryDescriptorList: PMDL);
        /// Pages in the list.
        fn GetPhysicalPagesCount(MemoryDescriptorList: PMDL) -> u32;
        /// Physical address of page `Index`.
        /// As MSVC's x64 C++ member function does it: the result goes through a hidden pointer, which is returned. ARM64 differs:
        /// do not call it there.
        fn GetPhysicalPageAddress(
            Result: *mut PHYSICAL_ADDRESS,
            MemoryDescriptorList: PMDL,
            Index: u32,
        ) -> *mut PHYSICAL_ADDRESS;
    }

    /// The WaveRT port's miniport.
    pub interface IMiniportWaveRT(IMiniportWaveRTVtbl): IMiniport {
        /// Binds the miniport to its port. `UnknownAdapter` may be null, `ResourceList` is empty for a device without hardware.
        fn Init(UnknownAdapter: *mut IUnknown, ResourceList: *mut IResourceList, Port: *mut IPortWaveRT) -> NTSTATUS;
        /// Makes the stream of a pin. `DataFormat` is valid during the call.
        fn NewStream(
            Stream: *mut *mut IMiniportWaveRTStream,
            PortStream: *mut IPortWaveRTStream,
            Pin: u32,
            Capture: BOOLEAN,
            DataFormat: *const KSDATAFORMAT,
        ) -> NTSTATUS;
        /// How the device transfers, as a bus master.
        fn GetDeviceDescription(DeviceDescription: PDEVICE_DESCRIPTION) -> NTSTATUS;
    }

    /// A stream of the WaveRT port's miniport: a cyclic buffer that the client maps.
    pub interface IMiniportWaveRTStream(IMiniportWaveRTStreamVtbl): IUnknown {
        /// Another format while the pin is open.
        fn SetFormat(DataFormat: *const KSDATAFORMAT) -> NTSTATUS;
        /// One step between neighbours of STOP, ACQUIRE, PAUSE and RUN. STOP sets position and packet count to 0.
        fn SetState(State: KSSTATE) -> NTSTATUS;
        /// ≤D. Where the device plays or writes, and how far data are valid: bytes within the buffer.
        fn GetPosition(Position: *mut KSAUDIO_POSITION) -> NTSTATUS;
        /// Makes the buffer; sizes are bytes, and the actual one may differ from the requested.
        fn AllocateAudioBuffer(
            RequestedSize: u32,
            AudioBufferMdl: *mut PMDL,
            ActualSize: *mut u32,
            OffsetFromFirstPage: *mut u32,
            CacheType: *mut MEMORY_CACHING_TYPE,
        ) -> NTSTATUS;
        /// Frees what `AllocateAudioBuffer` made.
        fn FreeAudioBuffer(AudioBufferMdl: PMDL, BufferSize: u32);
        /// What lies between buffer and jack.
        fn GetHWLatency(hwLatency: *mut KSRTAUDIO_HWLATENCY);
        /// A register that clients map to read the position; `STATUS_NOT_IMPLEMENTED` without one.
        fn GetPositionRegister(Register: *mut KSRTAUDIO_HWREGISTER) -> NTSTATUS;
        /// A register that clients map to read the clock; `STATUS_NOT_IMPLEMENTED` without one.
        fn GetClockRegister(Register: *mut KSRTAUDIO_HWREGISTER) -> NTSTATUS;
    }

    /// The same with events that are set at parts of the buffer.
    pub interface IMiniportWaveRTStreamNotification(IMiniportWaveRTStreamNotificationVtbl): IMiniportWaveRTStream {
        /// As `AllocateAudioBuffer`; the events are set `NotificationCount` times a turn, 1 or 2.
        fn AllocateBufferWithNotification(
            NotificationCount: u32,
            RequestedSize: u32,
            AudioBufferMdl: *mut PMDL,
            ActualSize: *mut u32,
            OffsetFromFirstPage: *mut u32,
            CacheType: *mut MEMORY_CACHING_TYPE,
        ) -> NTSTATUS;
        /// Frees what `AllocateBufferWithNotification` made.
        fn FreeBufferWithNotification(AudioBufferMdl: PMDL, BufferSize: u32);
        /// Adds an event to be set; the same event twice is refused.
        fn RegisterNotificationEvent(NotificationEvent: PKEVENT) -> NTSTATUS;
        /// Takes the event out; `STATUS_NOT_FOUND` if it is unknown.
        fn UnregisterNotificationEvent(NotificationEvent: PKEVENT) -> NTSTATUS;
    }

    /// QueryInterface of a miniport: the processing modes of its pins.
    pub interface IMiniportAudioSignalProcessing(IMiniportAudioSignalProcessingVtbl): IUnknown {
        /// The array is null, or has as many places as the number says; the number becomes that of the modes.
        fn GetModes(Pin: u32, SignalProcessingModes: *mut GUID, NumSignalProcessingModes: *mut u32) -> NTSTATUS;
    }

    /// QueryInterface of a capture stream: its packets, one for each notification.
    pub interface IMiniportWaveRTInputStream(IMiniportWaveRTInputStreamVtbl): IUnknown {
        /// The oldest packet not yet read; `STATUS_DEVICE_NOT_READY` if there is none. See `KSRTAUDIO_GETREADPACKET_INFO`.
        fn GetReadPacket(
            PacketNumber: *mut u32,
            Flags: *mut u32,
            PerformanceCounterValue: *mut u64,
            MoreData: *mut BOOL,
        ) -> NTSTATUS;
    }

    /// QueryInterface of a render stream: its packets, one for each notification.
    pub interface IMiniportWaveRTOutputStream(IMiniportWaveRTOutputStreamVtbl): IUnknown {
        /// The client has written a packet. See `KSRTAUDIO_SETWRITEPACKET_INFO`.
        fn SetWritePacket(PacketNumber: u32, Flags: u32, EosPacketLength: u32) -> NTSTATUS;
        /// What is heard now, and when that was.
        fn GetOutputStreamPresentationPosition(PresentationPosition: *mut KSAUDIO_PRESENTATION_POSITION) -> NTSTATUS;
        /// Packets wholly transferred since the stream left STOP.
        fn GetPacketCount(PacketCount: *mut u32) -> NTSTATUS;
    }
}
