// SPDX-License-Identifier: MIT OR Apache-2.0
//! The endpoint: a capture pin whose samples count, advanced by the test.

use std::ffi::c_void;
use std::ptr;

use arioso_core::ks::guid::*;
use arioso_core::ks::ks::*;
use arioso_core::ks::ksmedia::*;
use arioso_core::ks::portcls::*;
use arioso_core::ks::status::*;
use arioso_core::ks::{BOOLEAN, GUID, PKEVENT, PMDL};

use super::com::{self, Fake, Held, Object, miniport};
use super::{Fault, analog, fault, import, keep, kernel, log, shape};

#[derive(Default)]
pub struct Miniport {
    port: Option<Held<IPortWaveRT>>,
}

miniport! {
    Miniport: IMiniportWaveRT, IMiniportWaveRTVtbl, IID_IMiniportWaveRT, descriptor(), |_| ptr::null_mut();
    Init: init,
    NewStream: new_stream,
    GetDeviceDescription: describe_device,
}

fn descriptor() -> *const PCFILTER_DESCRIPTOR {
    let most = if fault(Fault::BackwardRange) {
        8_000
    } else {
        48_000
    };
    shape::filter(
        ptr::null(),
        vec![
            shape::pin(
                KSPIN_DATAFLOW_OUT,
                1,
                KSCATEGORY_AUDIO,
                vec![shape::audio(44_100, most)],
            ),
            shape::pin(KSPIN_DATAFLOW_IN, 0, KSCATEGORY_AUDIO, vec![analog()]),
        ],
        vec![(KSNODETYPE_ADC, ptr::null())],
        &[((u32::MAX, 1), (0, 1)), ((0, 0), (u32::MAX, 0))],
        vec![KSCATEGORY_AUDIO, KSCATEGORY_CAPTURE, KSCATEGORY_REALTIME],
    )
}

unsafe extern "efiapi" fn init(
    this: *mut IMiniportWaveRT,
    _adapter: *mut IUnknown,
    _list: *mut IResourceList,
    port: *mut IPortWaveRT,
) -> NTSTATUS {
    // SAFETY: PortCls' arguments.
    unsafe { com::of::<Miniport, _>(this).port = Some(Held::new(port)) };
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn describe_device(
    _this: *mut IMiniportWaveRT,
    _out: *mut c_void,
) -> NTSTATUS {
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn new_stream(
    this: *mut IMiniportWaveRT,
    out: *mut *mut IMiniportWaveRTStream,
    port: *mut IPortWaveRTStream,
    pin: u32,
    capture: BOOLEAN,
    _format: *const KSDATAFORMAT,
) -> NTSTATUS {
    // SAFETY: PortCls' arguments.
    unsafe {
        *out = ptr::null_mut();
        if pin != 0 || capture == 0 {
            return STATUS_INVALID_PARAMETER;
        }
        match log().fault {
            // Whatever it is.
            Fault::WaveFailWithStream => {
                *out = this.cast();
                return STATUS_UNSUCCESSFUL;
            }
            Fault::WaveNoStream => return STATUS_SUCCESS,
            Fault::LeakPortStream => keep(port),
            _ => {}
        }
        let port = Held::new(port);
        let stream = Object::create(Stream {
            port,
            input: Input(&raw const INPUT),
            mapped: ptr::null_mut(),
            bytes: 0,
            packets: 0,
            written: 0,
            events: Vec::new(),
        });
        log().endpoint = stream as usize;
        *out = stream.cast();
    }
    STATUS_SUCCESS
}

/// The second interface: its pointer is the address of this field.
#[repr(C)]
struct Input(*const IMiniportWaveRTInputStreamVtbl);

#[repr(C)]
pub struct Stream {
    input: Input,
    port: Held<IPortWaveRTStream>,
    mapped: *mut u8,
    bytes: u32,
    packets: u32,
    /// Bytes since the start.
    written: u64,
    events: Vec<PKEVENT>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        log().endpoint = 0;
    }
}

impl Fake for Stream {
    type Vtbl = IMiniportWaveRTStreamNotificationVtbl;
    const VTBL: &'static Self::Vtbl = &IMiniportWaveRTStreamNotificationVtbl {
        QueryInterface: com::query::<Stream, _>,
        AddRef: com::add::<Stream, _>,
        Release: com::drop_ref::<Stream, _>,
        SetFormat: set_format,
        SetState: set_state,
        GetPosition: position,
        AllocateAudioBuffer: allocate,
        FreeAudioBuffer: free,
        GetHWLatency: latency,
        GetPositionRegister: register,
        GetClockRegister: register,
        AllocateBufferWithNotification: allocate_notified,
        FreeBufferWithNotification: free,
        RegisterNotificationEvent: register_event,
        UnregisterNotificationEvent: unregister_event,
    };
    const INTERFACES: &'static [GUID] = &[
        IID_IMiniportWaveRTStream,
        IID_IMiniportWaveRTStreamNotification,
    ];

    unsafe fn other(this: *mut Object<Self>, iid: &GUID) -> *mut c_void {
        if *iid == IID_IMiniportWaveRTInputStream {
            // SAFETY: our object.
            return unsafe {
                com::add::<Stream, _>(this);
                (&raw mut (*this).value.input).cast()
            };
        }
        ptr::null_mut()
    }
}

type This = *mut IMiniportWaveRTStreamNotification;

unsafe fn stream<'a>(this: This) -> &'a mut Stream {
    // SAFETY: our object.
    unsafe { com::of::<Stream, _>(this) }
}

unsafe extern "efiapi" fn set_format(_this: This, _format: *const KSDATAFORMAT) -> NTSTATUS {
    STATUS_NOT_SUPPORTED
}

unsafe extern "efiapi" fn set_state(this: This, state: KSSTATE) -> NTSTATUS {
    log().states.push(state);
    if fault(Fault::SlowState) && state == KSSTATE_RUN {
        let delay: unsafe extern "efiapi" fn(i8, u8, *mut i64) = kernel("KeDelayExecutionThread");
        // SAFETY: a thread at PASSIVE_LEVEL.
        unsafe { delay(0, 0, &mut -2_000_000) };
    }
    if state == KSSTATE_STOP {
        // SAFETY: our object.
        unsafe { stream(this).written = 0 };
    }
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn position(this: This, out: *mut KSAUDIO_POSITION) -> NTSTATUS {
    // SAFETY: our object, an out parameter.
    unsafe {
        let s = stream(this);
        let at = s.written % u64::from(s.bytes.max(1));
        let far = if fault(Fault::FarPosition) {
            1 << 20
        } else {
            0
        };
        *out = KSAUDIO_POSITION {
            PlayOffset: at + far,
            WriteOffset: at,
        };
    }
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn allocate(
    this: This,
    requested: u32,
    mdl: *mut PMDL,
    actual: *mut u32,
    offset: *mut u32,
    cache: *mut i32,
) -> NTSTATUS {
    // SAFETY: our object, out parameters.
    unsafe { allocate_notified(this, 1, requested, mdl, actual, offset, cache) }
}

unsafe extern "efiapi" fn allocate_notified(
    this: This,
    count: u32,
    requested: u32,
    mdl: *mut PMDL,
    actual: *mut u32,
    offset: *mut u32,
    cache: *mut i32,
) -> NTSTATUS {
    // SAFETY: our object, out parameters; the port's pages.
    unsafe {
        let s = stream(this);
        let bytes = requested.next_multiple_of(8);
        let vtbl = &*(*s.port.0).lpVtbl;
        *mdl = (vtbl.AllocatePagesForMdl)(s.port.0, i64::MAX, bytes as usize);
        if (*mdl).is_null() {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        s.mapped = (vtbl.MapAllocatedPages)(s.port.0, *mdl, 1).cast();
        if s.mapped.is_null() {
            (vtbl.FreePagesFromMdl)(s.port.0, *mdl);
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        match log().fault {
            Fault::MapTwice => drop((vtbl.MapAllocatedPages)(s.port.0, *mdl, 1)),
            Fault::MapForeign => drop((vtbl.MapAllocatedPages)(s.port.0, (*mdl).byte_add(8), 1)),
            Fault::ForeignBuffer => {
                (vtbl.UnmapAllocatedPages)(s.port.0, s.mapped.cast(), *mdl);
                (vtbl.FreePagesFromMdl)(s.port.0, *mdl);
                *mdl = (*mdl).byte_add(8);
            }
            _ => {}
        }
        s.bytes = bytes;
        s.packets = count;
        *actual = if fault(Fault::LongBuffer) {
            1 << 20
        } else {
            bytes
        };
        *offset = 0;
        *cache = if fault(Fault::BadCache) { 7 } else { 1 };
    }
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn free(this: This, mdl: PMDL, _bytes: u32) {
    // SAFETY: our object; pages of `allocate_notified`.
    unsafe {
        let s = stream(this);
        let vtbl = &*(*s.port.0).lpVtbl;
        if fault(Fault::LeakPages) {
            (vtbl.UnmapAllocatedPages)(s.port.0, s.mapped.cast(), mdl);
            return;
        }
        if fault(Fault::UnmapElsewhere) {
            (vtbl.UnmapAllocatedPages)(s.port.0, s.mapped.add(8).cast(), mdl);
        }
        if !fault(Fault::LeakMapping) && !fault(Fault::FreeMapped) {
            (vtbl.UnmapAllocatedPages)(s.port.0, s.mapped.cast(), mdl);
        }
        if !fault(Fault::LeakMapping) {
            (vtbl.FreePagesFromMdl)(s.port.0, mdl);
        }
        if fault(Fault::FreeTwice) {
            (vtbl.FreePagesFromMdl)(s.port.0, mdl);
        }
        s.mapped = ptr::null_mut();
    }
}

unsafe extern "efiapi" fn latency(_this: This, out: *mut KSRTAUDIO_HWLATENCY) {
    // SAFETY: an out parameter.
    unsafe {
        *out = KSRTAUDIO_HWLATENCY {
            FifoSize: 1,
            ChipsetDelay: 2,
            CodecDelay: 3,
        };
    }
}

unsafe extern "efiapi" fn register(_this: This, _out: *mut KSRTAUDIO_HWREGISTER) -> NTSTATUS {
    STATUS_NOT_IMPLEMENTED
}

unsafe extern "efiapi" fn register_event(this: This, event: PKEVENT) -> NTSTATUS {
    // SAFETY: our object.
    let events = unsafe { &mut stream(this).events };
    if events.contains(&event) {
        return if fault(Fault::EventTwice) {
            STATUS_SUCCESS
        } else {
            STATUS_UNSUCCESSFUL
        };
    }
    if fault(Fault::ForgetEvents) {
        return STATUS_SUCCESS;
    }
    events.push(event);
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn unregister_event(this: This, event: PKEVENT) -> NTSTATUS {
    // SAFETY: our object.
    let events = unsafe { &mut stream(this).events };
    match events.iter().position(|&e| e == event) {
        Some(at) => {
            events.remove(at);
            STATUS_SUCCESS
        }
        None if fault(Fault::UnregisterUnknown) => STATUS_SUCCESS,
        None => STATUS_NOT_FOUND,
    }
}

static INPUT: IMiniportWaveRTInputStreamVtbl = IMiniportWaveRTInputStreamVtbl {
    QueryInterface: input_query,
    AddRef: input_add,
    Release: input_release,
    GetReadPacket: read_packet,
};

/// The object that an input interface belongs to.
unsafe fn whole(this: *mut IMiniportWaveRTInputStream) -> This {
    let back = std::mem::offset_of!(Object<Stream>, value) + std::mem::offset_of!(Stream, input);
    // SAFETY: a field of our object.
    unsafe { this.byte_sub(back).cast() }
}

unsafe extern "efiapi" fn input_query(
    this: *mut IMiniportWaveRTInputStream,
    iid: *const GUID,
    out: *mut *mut c_void,
) -> NTSTATUS {
    // SAFETY: our object.
    unsafe { com::query::<Stream, _>(whole(this), iid, out) }
}

unsafe extern "efiapi" fn input_add(this: *mut IMiniportWaveRTInputStream) -> u32 {
    // SAFETY: our object.
    unsafe { com::add::<Stream, _>(whole(this)) }
}

unsafe extern "efiapi" fn input_release(this: *mut IMiniportWaveRTInputStream) -> u32 {
    // SAFETY: our object.
    unsafe { com::drop_ref::<Stream, _>(whole(this)) }
}

unsafe extern "efiapi" fn read_packet(
    this: *mut IMiniportWaveRTInputStream,
    number: *mut u32,
    flags: *mut u32,
    counter: *mut u64,
    more: *mut i32,
) -> NTSTATUS {
    // SAFETY: our object, out parameters.
    unsafe {
        let s = stream(whole(this));
        let done = s.written / u64::from((s.bytes / s.packets.max(1)).max(1));
        if done == 0 {
            return STATUS_DEVICE_NOT_READY;
        }
        (*number, *more) = (done as u32 - 1, 0);
        *flags = u32::from(fault(Fault::ReadFlags));
        *counter = 1234;
    }
    STATUS_SUCCESS
}

/// What the hardware would do: writes counting bytes into the buffer, and sets the events at the end of each packet.
pub unsafe fn advance(bytes: u32) {
    let set: unsafe extern "efiapi" fn(PKEVENT, i32, u8) -> i32 =
        import("ntoskrnl.exe", "KeSetEvent");
    // SAFETY: the test has the stream open.
    unsafe {
        let s = &mut (*(log().endpoint as *mut Object<Stream>)).value;
        for _ in 0..bytes {
            let at = (s.written % u64::from(s.bytes)) as usize;
            *s.mapped.add(at) = s.written as u8;
            s.written += 1;
            if s.written.is_multiple_of(u64::from(s.bytes / s.packets)) {
                s.events.iter().for_each(|&e| {
                    set(e, 0, 0);
                });
            }
        }
    }
}

pub fn registered() -> usize {
    let stream = log().endpoint as *const Object<Stream>;
    // SAFETY: null or the stream that is open.
    unsafe { stream.as_ref() }.map_or(0, |s| s.value.events.len())
}
