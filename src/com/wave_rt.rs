// SPDX-License-Identifier: MIT OR Apache-2.0
//! `IMiniportWaveRT` and its streams.

use super::descriptor::describe;
use super::miniport::{format_attributes, format_bytes};
use super::object::{Class, ObjectRef, vtable};
use super::port::{Interface, PortStream, PortWaveRt};
use crate::kernel::irql::Passive;
use crate::kernel::{Result, status};
use arioso_core::ks::guid::IID_IMiniportWaveRTStream;
use arioso_core::ks::ks::{KSDATAFORMAT, KSDATARANGE, KSSTATE};
use arioso_core::ks::ksmedia::{KSAUDIO_POSITION, KSRTAUDIO_HWLATENCY, KSRTAUDIO_HWREGISTER};
use arioso_core::ks::portcls::{
    IMiniportAudioSignalProcessing, IMiniportAudioSignalProcessingVtbl, IMiniportWaveRT,
    IMiniportWaveRTInputStream, IMiniportWaveRTInputStreamVtbl, IMiniportWaveRTStream,
    IMiniportWaveRTStreamNotification, IMiniportWaveRTStreamNotificationVtbl, IMiniportWaveRTVtbl,
    IPortWaveRT, IPortWaveRTStream, IResourceList, IUnknown, PCFILTER_DESCRIPTOR,
};
use arioso_core::ks::status::{
    STATUS_INVALID_PARAMETER, STATUS_NOT_IMPLEMENTED, STATUS_NOT_SUPPORTED, STATUS_SUCCESS,
};
use arioso_core::ks::{
    BOOL, BOOLEAN, GUID, MEMORY_CACHING_TYPE, NTSTATUS, PDEVICE_DESCRIPTION, PKEVENT, PMDL, PVOID,
};
use core::ptr::{NonNull, null_mut};
use wdk_sys::{_INTERFACE_TYPE, DEVICE_DESCRIPTION, ntddk};

/// `MmCached`
const CACHED: MEMORY_CACHING_TYPE = 1;

/// A stream as the port gets it.
pub struct NewWaveStream(*mut IMiniportWaveRTStream);

impl NewWaveStream {
    /// For a class whose table begins like `IMiniportWaveRTStreamVtbl`.
    pub fn new<T: Class>(stream: ObjectRef<T>) -> Result<Self> {
        if !T::INTERFACES.contains(&IID_IMiniportWaveRTStream) {
            return Err(STATUS_INVALID_PARAMETER);
        }
        Ok(Self(stream.into_unknown().cast()))
    }
}

/// `IMiniportWaveRT`, for filters that capture.
pub trait MiniportWaveRt {
    fn description(&self) -> &'static PCFILTER_DESCRIPTOR;

    /// Keeps the port; it is released when the object goes.
    fn init(&self, passive: Passive, port: PortWaveRt) -> Result;

    /// Writes the best format of the client's range `client` and the pin's range `own` into `out`; its size. Without room in `out`
    /// nothing is written.
    fn intersect(&self, pin: u32, client: &[u8], own: &[u8], out: &mut [u8]) -> Result<usize>;

    /// `format`: the data format with everything behind it; `attributes`: the list behind that, or nothing.
    fn new_stream(
        &self,
        passive: Passive,
        port: PortStream,
        pin: u32,
        capture: bool,
        format: &[u8],
        attributes: &[u8],
    ) -> Result<NewWaveStream>;

    /// Signal-processing modes of a pin. `STATUS_NOT_SUPPORTED` for one without streams, `STATUS_INVALID_PARAMETER` if there is no such pin.
    fn modes(&self, pin: u32) -> Result<&'static [GUID]>;
}

/// Builds the vtable of the second interface, `IMiniportAudioSignalProcessing`.
pub const fn wave_rt_modes<T: Class + MiniportWaveRt>() -> IMiniportAudioSignalProcessingVtbl {
    vtable!(second [Class, MiniportWaveRt] IMiniportAudioSignalProcessing, IMiniportAudioSignalProcessingVtbl for T {
        GetModes |miniport, pin: u32, modes: *mut GUID, count: *mut u32| -> NTSTATUS {
            use arioso_core::ks::status::STATUS_BUFFER_TOO_SMALL;
            if count.is_null() {
                return STATUS_INVALID_PARAMETER;
            }
            let all = match miniport.modes(pin) {
                Ok(all) => all,
                Err(status) => return status,
            };
            let room = count.read();
            count.write(all.len() as u32);
            if modes.is_null() {
                return STATUS_SUCCESS;
            }
            if (room as usize) < all.len() {
                return STATUS_BUFFER_TOO_SMALL;
            }
            for (n, mode) in all.iter().enumerate() {
                modes.add(n).write_unaligned(*mode);
            }
            STATUS_SUCCESS
        }
    })
}

/// Builds the vtable.
pub const fn miniport_wave_rt<T: Class + MiniportWaveRt>() -> IMiniportWaveRTVtbl {
    vtable!([Class, MiniportWaveRt] IMiniportWaveRT, IMiniportWaveRTVtbl for T {
        GetDescription |miniport, description: *mut *const PCFILTER_DESCRIPTOR| -> NTSTATUS {
            describe(description, miniport.description())
        }
        DataRangeIntersection |
            miniport, pin: u32, range: *const KSDATARANGE, matching: *const KSDATARANGE, length: u32, format: PVOID,
            format_length: *mut u32
        | -> NTSTATUS {
            use arioso_core::ks::status::{STATUS_BUFFER_OVERFLOW, STATUS_BUFFER_TOO_SMALL};
            let (Some(client), Some(own)) = (format_bytes(range), format_bytes(matching)) else {
                return STATUS_INVALID_PARAMETER;
            };
            if format_length.is_null() {
                return STATUS_INVALID_PARAMETER;
            }
            let out = if format.is_null() {
                &mut []
            } else {
                core::slice::from_raw_parts_mut(format.cast::<u8>(), length as usize)
            };
            match miniport.intersect(pin, client, own, out) {
                Ok(size) => {
                    format_length.write(size as u32);
                    if length == 0 {
                        STATUS_BUFFER_OVERFLOW
                    } else if size > length as usize || format.is_null() {
                        STATUS_BUFFER_TOO_SMALL
                    } else {
                        STATUS_SUCCESS
                    }
                }
                Err(status) => status,
            }
        }
        Init |miniport, _adapter: *mut IUnknown, _resources: *mut IResourceList, port: *mut IPortWaveRT| -> NTSTATUS {
            match Interface::borrow(port) {
                Some(port) => status(miniport.init(Passive::assume(), port)),
                None => STATUS_INVALID_PARAMETER,
            }
        }
        NewStream |
            miniport, stream: *mut *mut IMiniportWaveRTStream, port: *mut IPortWaveRTStream, pin: u32, capture: BOOLEAN,
            data_format: *const KSDATAFORMAT
        | -> NTSTATUS {
            if stream.is_null() {
                return STATUS_INVALID_PARAMETER;
            }
            stream.write(null_mut());
            let (Some(format), Some(port)) = (format_bytes(data_format), Interface::borrow(port)) else {
                return STATUS_INVALID_PARAMETER;
            };
            let attributes = format_attributes(data_format);
            match miniport.new_stream(Passive::assume(), port, pin, capture != 0, format, attributes) {
                Ok(new) => {
                    stream.write(new.0);
                    STATUS_SUCCESS
                }
                Err(status) => status,
            }
        }
        GetDeviceDescription |miniport, description: PDEVICE_DESCRIPTION| -> NTSTATUS {
            if description.is_null() {
                return STATUS_INVALID_PARAMETER;
            }
            // There is no bus; this is the description of a bus master that reaches all pages.
            description.cast::<DEVICE_DESCRIPTION>().write(DEVICE_DESCRIPTION {
                Master: 1,
                ScatterGather: 1,
                Dma32BitAddresses: 1,
                InterfaceType: _INTERFACE_TYPE::PCIBus,
                MaximumLength: u32::MAX,
                ..Default::default()
            });
            STATUS_SUCCESS
        }
    })
}

/// What `GetReadPacket` tells.
pub struct Packet {
    /// Packets since the stream left STOP, before this one.
    pub number: u32,
    /// Performance counter at its first frame.
    pub counter: u64,
    /// Another one is ready.
    pub more: bool,
}

/// `IMiniportWaveRTStreamNotification` and `IMiniportWaveRTInputStream`.
pub trait WaveRtStream {
    fn set_state(&self, passive: Passive, state: KSSTATE) -> Result;

    /// Offset in the buffer up to which there is sound, bytes. `DISPATCH_LEVEL` or below.
    fn position(&self) -> u64;

    /// Makes the cyclic buffer of about `bytes` bytes; `notifications` in each turn, or none. Returns its MDL and size.
    fn allocate(
        &self,
        passive: Passive,
        bytes: u32,
        notifications: Option<u32>,
    ) -> Result<(PMDL, u32)>;

    /// Frees the buffer.
    fn free(&self, passive: Passive);

    fn latency(&self) -> KSRTAUDIO_HWLATENCY;

    fn add_event(&self, passive: Passive, event: Event) -> Result;

    fn remove_event(&self, passive: Passive, event: Event) -> Result;

    fn read_packet(&self, passive: Passive) -> Result<Packet>;
}

/// Builds the vtable.
pub const fn wave_rt_stream<T: Class + WaveRtStream>() -> IMiniportWaveRTStreamNotificationVtbl {
    vtable!([Class, WaveRtStream] IMiniportWaveRTStreamNotification, IMiniportWaveRTStreamNotificationVtbl for T {
        SetFormat |stream, _format: *const KSDATAFORMAT| -> NTSTATUS { STATUS_NOT_SUPPORTED }
        SetState |stream, state: KSSTATE| -> NTSTATUS { status(stream.set_state(Passive::assume(), state)) }
        GetPosition |stream, position: *mut KSAUDIO_POSITION| -> NTSTATUS {
            if position.is_null() {
                return STATUS_INVALID_PARAMETER;
            }
            let offset = stream.position();
            position.write(KSAUDIO_POSITION { PlayOffset: offset, WriteOffset: offset });
            STATUS_SUCCESS
        }
        AllocateAudioBuffer |
            stream, bytes: u32, mdl: *mut PMDL, actual: *mut u32, offset: *mut u32, caching: *mut MEMORY_CACHING_TYPE
        | -> NTSTATUS { allocate(stream, bytes, None, (mdl, actual, offset, caching)) }
        FreeAudioBuffer |stream, _mdl: PMDL, _bytes: u32| { stream.free(Passive::assume()) }
        GetHWLatency |stream, latency: *mut KSRTAUDIO_HWLATENCY| {
            if !latency.is_null() {
                latency.write(stream.latency());
            }
        }
        GetPositionRegister |stream, _register: *mut KSRTAUDIO_HWREGISTER| -> NTSTATUS { STATUS_NOT_IMPLEMENTED }
        GetClockRegister |stream, _register: *mut KSRTAUDIO_HWREGISTER| -> NTSTATUS { STATUS_NOT_IMPLEMENTED }
        AllocateBufferWithNotification |
            stream, count: u32, bytes: u32, mdl: *mut PMDL, actual: *mut u32, offset: *mut u32,
            caching: *mut MEMORY_CACHING_TYPE
        | -> NTSTATUS { allocate(stream, bytes, Some(count), (mdl, actual, offset, caching)) }
        FreeBufferWithNotification |stream, _mdl: PMDL, _bytes: u32| { stream.free(Passive::assume()) }
        RegisterNotificationEvent |stream, event: PKEVENT| -> NTSTATUS {
            match Event::new(event) {
                Some(event) => status(stream.add_event(Passive::assume(), event)),
                None => STATUS_INVALID_PARAMETER,
            }
        }
        UnregisterNotificationEvent |stream, event: PKEVENT| -> NTSTATUS {
            match Event::new(event) {
                Some(event) => status(stream.remove_event(Passive::assume(), event)),
                None => STATUS_INVALID_PARAMETER,
            }
        }
    })
}

/// Builds the vtable of the second interface.
pub const fn wave_rt_input<T: Class + WaveRtStream>() -> IMiniportWaveRTInputStreamVtbl {
    vtable!(second [Class, WaveRtStream] IMiniportWaveRTInputStream, IMiniportWaveRTInputStreamVtbl for T {
        GetReadPacket |
            stream, number: *mut u32, flags: *mut u32, counter: *mut u64, more: *mut BOOL
        | -> NTSTATUS {
            if number.is_null() || flags.is_null() || counter.is_null() || more.is_null() {
                return STATUS_INVALID_PARAMETER;
            }
            match stream.read_packet(Passive::assume()) {
                Ok(packet) => {
                    number.write(packet.number);
                    flags.write(0);
                    counter.write(packet.counter);
                    more.write(packet.more.into());
                    STATUS_SUCCESS
                }
                Err(status) => status,
            }
        }
    })
}

type Out = (*mut PMDL, *mut u32, *mut u32, *mut MEMORY_CACHING_TYPE);

/// The port's calls for a buffer.
///
/// # Safety
/// `PASSIVE_LEVEL`; the pointers of `out` are null or valid.
unsafe fn allocate<T: WaveRtStream>(
    stream: &T,
    bytes: u32,
    notifications: Option<u32>,
    (mdl, actual, offset, caching): Out,
) -> NTSTATUS {
    if mdl.is_null() || actual.is_null() || offset.is_null() || caching.is_null() {
        return STATUS_INVALID_PARAMETER;
    }
    // SAFETY: the caller's promise.
    unsafe {
        mdl.write(null_mut());
        actual.write(0);
        offset.write(0);
        caching.write(CACHED);
        match stream.allocate(Passive::assume(), bytes, notifications) {
            Ok((pages, size)) => {
                mdl.write(pages);
                actual.write(size);
                STATUS_SUCCESS
            }
            Err(status) => status,
        }
    }
}

/// A client's event that the port keeps referenced until it takes it back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Event(NonNull<wdk_sys::KEVENT>);

// SAFETY: the kernel guards its object.
unsafe impl Send for Event {}

impl Event {
    /// # Safety
    /// `event` is null or an event that outlives this: the port's, until it unregisters it.
    unsafe fn new(event: PKEVENT) -> Option<Self> {
        NonNull::new(event.cast()).map(Self)
    }

    /// Signals it. `DISPATCH_LEVEL` or below.
    pub fn set(&self) {
        // SAFETY: alive by the promise of `new`; the call does not wait.
        unsafe { ntddk::KeSetEvent(self.0.as_ptr(), 0, 0) };
    }
}

/// Pages that a client maps too: a cyclic buffer. Dropping it (at `PASSIVE_LEVEL`) frees them.
pub struct SharedBuffer {
    port: PortStream,
    mdl: NonNull<wdk_sys::MDL>,
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: the memory is only ever copied to as a whole; the MDL is the port's.
unsafe impl Send for SharedBuffer {}

impl SharedBuffer {
    /// `len` zeroed bytes.
    pub fn new(_: Passive, port: PortStream, len: usize) -> Result<Self> {
        use arioso_core::ks::status::STATUS_INSUFFICIENT_RESOURCES;
        const BELOW_4_GIB: i64 = 0xFFFF_FFFF;
        // SAFETY: PASSIVE_LEVEL. What was allocated is freed on every way out; the mapping covers `len` bytes.
        unsafe {
            let table = &*port.table();
            let mdl = (table.AllocatePagesForMdl)(port.as_ptr(), BELOW_4_GIB, len);
            let mdl =
                NonNull::new(mdl.cast::<wdk_sys::MDL>()).ok_or(STATUS_INSUFFICIENT_RESOURCES)?;
            let enough = mdl.as_ref().ByteCount as usize >= len;
            let start = if enough {
                (table.MapAllocatedPages)(port.as_ptr(), mdl.as_ptr().cast(), CACHED)
            } else {
                null_mut()
            };
            let Some(start) = NonNull::new(start.cast::<u8>()) else {
                (table.FreePagesFromMdl)(port.as_ptr(), mdl.as_ptr().cast());
                return Err(STATUS_INSUFFICIENT_RESOURCES);
            };
            start.as_ptr().write_bytes(0, len);
            Ok(Self {
                port,
                mdl,
                start,
                len,
            })
        }
    }

    pub fn mdl(&self) -> PMDL {
        self.mdl.as_ptr().cast()
    }

    pub fn len(&self) -> usize {
        self.len
    }

    /// Copies `bytes` to offset `at`, past the end from the beginning on. `DISPATCH_LEVEL` or below.
    pub fn write(&mut self, at: usize, bytes: &[u8]) {
        let room = self.len.saturating_sub(at);
        let (to_end, rest) = bytes.split_at(bytes.len().min(room));
        self.copy(at, to_end);
        self.copy(0, rest);
    }

    /// Zeroes `count` bytes from offset `at` on, at most the whole buffer. `DISPATCH_LEVEL` or below.
    pub fn clear(&mut self, at: usize, count: usize) {
        let at = at.min(self.len);
        let count = count.min(self.len);
        let to_end = count.min(self.len.saturating_sub(at));
        // SAFETY: both ranges lie inside the mapping; a client may look at it at any time, and nobody refers to it.
        unsafe {
            self.start.as_ptr().add(at).write_bytes(0, to_end);
            self.start
                .as_ptr()
                .write_bytes(0, count.saturating_sub(to_end));
        }
    }

    fn copy(&mut self, at: usize, bytes: &[u8]) {
        let room = self.len.saturating_sub(at);
        let count = bytes.len().min(room);
        // SAFETY: inside the mapping, as `room` says; the source is elsewhere.
        unsafe {
            self.start
                .as_ptr()
                .add(at.min(self.len))
                .copy_from_nonoverlapping(bytes.as_ptr(), count);
        }
    }
}

impl Drop for SharedBuffer {
    fn drop(&mut self) {
        let (port, mdl) = (self.port.as_ptr(), self.mdl.as_ptr().cast());
        // SAFETY: PASSIVE_LEVEL; mapped and allocated by `new`, and freed once.
        unsafe {
            let table = &*self.port.table();
            (table.UnmapAllocatedPages)(port, self.start.as_ptr().cast(), mdl);
            (table.FreePagesFromMdl)(port, mdl);
        }
    }
}
