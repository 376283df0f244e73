// SPDX-License-Identifier: MIT OR Apache-2.0
//! The DMus port's interfaces and its events (`dmusicks.h`).
//!
//! IRQLs: P = PASSIVE_LEVEL, ≤D = up to DISPATCH_LEVEL.

use super::guid::GUID;
use super::ks::{KSDATAFORMAT, KSDATARANGE, KSSTATE};
use super::portcls::{IRegistryKey, IResourceList, IServiceGroup, IUnknown, PCFILTER_DESCRIPTOR};
use super::{
    ACCESS_MASK, BOOL, DEVICE_REGISTRY_PROPERTY, NTSTATUS, PDEVICE_OBJECT, PIRP,
    POBJECT_ATTRIBUTES, POOL_TYPE, PVOID, REFERENCE_TIME, Wire,
};

/// `DMUS_STREAM_*`.
pub type DMUS_STREAM_TYPE = i32;
/// No stream.
pub const DMUS_STREAM_MIDI_INVALID: DMUS_STREAM_TYPE = -1;
/// Events from a client to the synthesizer: pin of data flow IN.
pub const DMUS_STREAM_MIDI_RENDER: DMUS_STREAM_TYPE = 0;
/// Events from the device to a client: pin of data flow OUT with a music format.
pub const DMUS_STREAM_MIDI_CAPTURE: DMUS_STREAM_TYPE = 1;
/// Samples from the synthesizer to the port's wave sink: pin of data flow OUT with an audio format.
pub const DMUS_STREAM_WAVE_SINK: DMUS_STREAM_TYPE = 2;

/// Schedule prefetch: deliver at once, the miniport sequences.
pub const DONT_HOLD_FOR_SEQUENCING: u64 = 0x8000_0000_0000_0000;
/// `ullBytePosition` of an event without one.
pub const kBytePositionNone: u64 = u64::MAX;

/// The event holds one whole message.
pub const DMUS_KEF_EVENT_COMPLETE: u16 = 0;
/// The message goes on in the next event; in capture, raw bytes.
pub const DMUS_KEF_EVENT_INCOMPLETE: u16 = 1;
/// `pPackageEvt` is a chain to be treated as a unit.
pub const DMUS_KEF_PACKAGE_EVENT: u16 = 2;

data! {
    /// One event of a chain. 40 bytes.
    #[derive(Eq)]
    pub struct DMUS_KERNEL_EVENT {
        /// The port's.
        pub bReserved: u8,
        /// The port's: 40.
        pub cbStruct: u8,
        /// Bytes of event data; not for packages.
        pub cbEvent: u16,
        /// 1-based; 0 broadcasts.
        pub usChannelGroup: u16,
        /// `DMUS_KEF_*`.
        pub usFlags: u16,
        /// Master clock, 100 ns.
        pub ullPresTime100ns: REFERENCE_TIME,
        /// Place in the stream of bytes, [`kBytePositionNone`] for none. The port's; miniports may ignore it.
        pub ullBytePosition: u64,
        /// The next event of the chain, or null.
        pub pNextEvt: *mut DMUS_KERNEL_EVENT,
        /// The message, its buffer or the package's chain.
        pub uData: DMUS_KERNEL_EVENT_DATA,
    }
}

/// The union of 8 bytes in [`DMUS_KERNEL_EVENT`]: which member holds depends on `cbEvent` and `usFlags`.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DMUS_KERNEL_EVENT_DATA(PVOID);

impl DMUS_KERNEL_EVENT_DATA {
    /// A short event: `cbEvent` ≤ 8.
    #[inline]
    #[must_use]
    pub fn from_bytes(abData: [u8; 8]) -> Self {
        Self(core::ptr::without_provenance_mut(usize::from_ne_bytes(
            abData,
        )))
    }

    /// A long event; the buffer belongs to the allocator.
    #[inline]
    #[must_use]
    pub const fn from_buffer(pbData: *mut u8) -> Self {
        Self(pbData.cast())
    }

    /// A package, by the first event of its chain.
    #[inline]
    #[must_use]
    pub const fn from_package(pPackageEvt: *mut DMUS_KERNEL_EVENT) -> Self {
        Self(pPackageEvt.cast())
    }

    /// The message of a short event, of which `cbEvent` bytes count.
    #[inline]
    #[must_use]
    pub fn abData(self) -> [u8; 8] {
        self.0.addr().to_ne_bytes()
    }

    /// The buffer of a long event, of which `cbEvent` bytes count.
    #[inline]
    #[must_use]
    pub const fn pbData(self) -> *mut u8 {
        self.0.cast()
    }

    /// The first event of a package's chain.
    #[inline]
    #[must_use]
    pub const fn pPackageEvt(self) -> *mut DMUS_KERNEL_EVENT {
        self.0.cast()
    }
}

impl Wire for DMUS_KERNEL_EVENT_DATA {
    const ZERO: Self = Self(core::ptr::null_mut());
    fn read_from(bytes: &[u8]) -> Option<Self> {
        PVOID::read_from(bytes).map(Self)
    }
    fn write_to(&self, bytes: &mut [u8]) -> Option<()> {
        self.0.write_to(bytes)
    }
}

impl DMUS_KERNEL_EVENT {
    /// `PACKAGE_EVT`.
    #[inline]
    #[must_use]
    pub const fn is_package(&self) -> bool {
        self.usFlags & DMUS_KEF_PACKAGE_EVENT != 0
    }

    /// `INCOMPLETE_EVT`.
    #[inline]
    #[must_use]
    pub const fn is_incomplete(&self) -> bool {
        self.usFlags & DMUS_KEF_EVENT_INCOMPLETE != 0
    }

    /// `SHORT_EVT`: the data are in `abData`.
    #[inline]
    #[must_use]
    pub const fn is_short(&self) -> bool {
        self.cbEvent as usize <= size_of::<PVOID>()
    }
}

interface! {
    /// A stream, or another element of the event path. Implemented by miniports and by the port.
    pub interface IMXF(IMXFVtbl): IUnknown {
        /// P. The pin's state, one of `KSSTATE_*`; in STOP every event that is still held goes back to the allocator.
        fn SetState(State: KSSTATE) -> NTSTATUS;
        /// ≤D. Takes the whole chain; null tells a capture stream to deliver.
        fn PutMessage(pDMKEvt: *mut DMUS_KERNEL_EVENT) -> NTSTATUS;
        /// P. Where a capture stream sends its events from now on; it takes no reference. Render streams have no output.
        fn ConnectOutput(sinkMXF: *mut IMXF) -> NTSTATUS;
        /// P. Sends nothing more to `sinkMXF`, or to whatever sink there is if it is null.
        fn DisconnectOutput(sinkMXF: *mut IMXF) -> NTSTATUS;
    }

    /// The port's event allocator. `PutMessage` takes back a chain with its buffers.
    pub interface IAllocatorMXF(IAllocatorMXFVtbl): IMXF {
        /// ≤D. One zeroed event.
        fn GetMessage(ppDMKEvt: *mut *mut DMUS_KERNEL_EVENT) -> NTSTATUS;
        /// Any IRQL. Bytes of each buffer.
        fn GetBufferSize() -> u16;
        /// ≤D. A buffer for the data of one long event.
        fn GetBuffer(ppBuffer: *mut *mut u8) -> NTSTATUS;
        /// ≤D. Not for miniports: `PutMessage` recycles buffers.
        fn PutBuffer(pBuffer: *mut u8) -> NTSTATUS;
    }

    /// The master clock. It has no published IID.
    pub interface IMasterClock(IMasterClockVtbl): IUnknown {
        /// Any IRQL. Now, 100 ns.
        fn GetTime(pTime: *mut REFERENCE_TIME) -> NTSTATUS;
    }

    /// The DMus port.
    pub interface IPortDMus(IPortDMusVtbl): IPort {
        /// Any IRQL. Requests service of the group. Null: of the miniport's group and every stream's.
        fn Notify(ServiceGroup: *mut IServiceGroup);
        /// P. Makes the miniport's group, the one that its `Init` gives out, known before `Init` returns.
        fn RegisterServiceGroup(ServiceGroup: *mut IServiceGroup);
    }

    /// The DMus miniport.
    pub interface IMiniportDMus(IMiniportDMusVtbl): IMiniport {
        /// P. Binds the miniport to its port. `ServiceGroup` gets a reference or null; `ResourceList` is empty for a device without hardware.
        fn Init(
            UnknownAdapter: *mut IUnknown,
            ResourceList: *mut IResourceList,
            Port: *mut IPortDMus,
            ServiceGroup: *mut *mut IServiceGroup,
        ) -> NTSTATUS;
        /// D. Does nothing: no port calls it any more.
        fn Service();
        /// P. Makes the stream of a pin. Every out parameter is set, on failure too; `SchedulePreFetch` is in 100 ns.
        fn NewStream(
            MXF: *mut *mut IMXF,
            OuterUnknown: *mut IUnknown,
            PoolType: POOL_TYPE,
            PinID: u32,
            StreamType: DMUS_STREAM_TYPE,
            DataFormat: *const KSDATAFORMAT,
            ServiceGroup: *mut *mut IServiceGroup,
            AllocatorMXF: *mut IAllocatorMXF,
            MasterClock: *mut IMasterClock,
            SchedulePreFetch: *mut u64,
        ) -> NTSTATUS;
    }

    /// The wave-sink side of a software synthesizer's stream.
    pub interface ISynthSinkDMus(ISynthSinkDMusVtbl): IMXF {
        /// P. Fills the buffer. Units of length and position: see the reference on wave sinks.
        fn Render(pBuffer: *mut u8, dwLength: u32, llPosition: i64);
        /// P. `fStart` on the first call after entry to RUN.
        fn SyncToMaster(rfTime: REFERENCE_TIME, fStart: BOOL) -> NTSTATUS;
        /// ≤D. Frame to master clock, 100 ns.
        fn SampleToRefTime(llSampleTime: i64, prfTime: *mut REFERENCE_TIME) -> NTSTATUS;
        /// ≤D. Master clock, 100 ns, to frame.
        fn RefTimeToSample(rfTime: REFERENCE_TIME, pllSampleTime: *mut i64) -> NTSTATUS;
    }
}
