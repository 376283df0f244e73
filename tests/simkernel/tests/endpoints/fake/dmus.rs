// SPDX-License-Identifier: MIT OR Apache-2.0
//! A DMus capture pin: the test says what has been received.

use std::collections::VecDeque;
use std::ffi::c_void;
use std::ptr;

use arioso_core::ks::GUID;
use arioso_core::ks::dmusicks::*;
use arioso_core::ks::guid::*;
use arioso_core::ks::ks::*;
use arioso_core::ks::portcls::*;
use arioso_core::ks::status::*;

use super::com::{self, Fake, Held, Object, miniport};
use super::{Fault, fault, keep, log, portcls, shape};

#[derive(Default)]
pub struct Miniport {
    port: Option<Held<IPortDMus>>,
}

miniport! {
    Miniport: IMiniportDMus, IMiniportDMusVtbl, IID_IMiniportDMus, descriptor(), |_| ptr::null_mut();
    Init: init,
    Service: service,
    NewStream: new_stream,
}

fn descriptor() -> *const PCFILTER_DESCRIPTOR {
    let both = vec![
        shape::music(KSDATAFORMAT_SUBTYPE_MIDI),
        shape::music(KSDATAFORMAT_SUBTYPE_DIRECTMUSIC),
    ];
    let bus = vec![shape::music(KSDATAFORMAT_SUBTYPE_MIDI_BUS)];
    shape::filter(
        ptr::null(),
        vec![
            shape::pin(KSPIN_DATAFLOW_OUT, 2, KSCATEGORY_AUDIO, both),
            shape::pin(KSPIN_DATAFLOW_IN, 0, KSCATEGORY_AUDIO, bus),
        ],
        Vec::new(),
        &[((u32::MAX, 1), (u32::MAX, 0))],
        vec![KSCATEGORY_SYNTHESIZER],
    )
}

unsafe extern "efiapi" fn init(
    this: *mut IMiniportDMus,
    _adapter: *mut IUnknown,
    _list: *mut IResourceList,
    port: *mut IPortDMus,
    group: *mut *mut IServiceGroup,
) -> NTSTATUS {
    // SAFETY: PortCls' arguments.
    unsafe {
        *group = ptr::null_mut();
        com::of::<Miniport, _>(this).port = Some(Held::new(port));
    }
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn service(_this: *mut IMiniportDMus) {}

unsafe extern "efiapi" fn new_stream(
    this: *mut IMiniportDMus,
    mxf: *mut *mut IMXF,
    _outer: *mut IUnknown,
    _pool: i32,
    _pin: u32,
    kind: DMUS_STREAM_TYPE,
    _format: *const KSDATAFORMAT,
    group: *mut *mut IServiceGroup,
    allocator: *mut IAllocatorMXF,
    _clock: *mut IMasterClock,
    prefetch: *mut u64,
) -> NTSTATUS {
    let new_group: FnPcNewServiceGroup = portcls("PcNewServiceGroup");
    // SAFETY: PortCls' arguments and objects.
    unsafe {
        *mxf = ptr::null_mut();
        *group = ptr::null_mut();
        *prefetch = if fault(Fault::SequencedCapture) {
            DONT_HOLD_FOR_SEQUENCING
        } else {
            0
        };
        if kind != DMUS_STREAM_MIDI_CAPTURE {
            return STATUS_INVALID_PARAMETER;
        }
        let mut made = ptr::null_mut();
        let status = new_group(&mut made, ptr::null_mut());
        if status < 0 {
            return status;
        }
        let stream = Object::create(Stream {
            miniport: Held::new(this),
            group: Held::new(made),
            allocator: Held::new(allocator),
            sink: None,
            received: VecDeque::new(),
        });
        log().captures.push(stream as usize);
        *group = made;
        *mxf = stream.cast();
    }
    STATUS_SUCCESS
}

/// Time, group, flags, bytes; a package if there are several.
pub type Received = (i64, u16, u16, Vec<Vec<u8>>);

struct Stream {
    miniport: Held<IMiniportDMus>,
    group: Held<IServiceGroup>,
    allocator: Held<IAllocatorMXF>,
    /// Not referenced: the port disconnects it before it goes.
    sink: Option<*mut IMXF>,
    received: VecDeque<Received>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        let me = ptr::from_mut(self) as usize - std::mem::offset_of!(Object<Stream>, value);
        log().captures.retain(|&stream| stream != me);
    }
}

impl Fake for Stream {
    type Vtbl = IMXFVtbl;
    const VTBL: &'static Self::Vtbl = &IMXFVtbl {
        QueryInterface: com::query::<Stream, _>,
        AddRef: com::add::<Stream, _>,
        Release: com::drop_ref::<Stream, _>,
        SetState: set_state,
        PutMessage: put,
        ConnectOutput: connect,
        DisconnectOutput: disconnect,
    };
    const INTERFACES: &'static [GUID] = &[IID_IMXF];
}

unsafe extern "efiapi" fn set_state(_this: *mut IMXF, _state: KSSTATE) -> NTSTATUS {
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn connect(this: *mut IMXF, sink: *mut IMXF) -> NTSTATUS {
    // SAFETY: PortCls' arguments.
    unsafe {
        let own = com::of::<Stream, _>(this);
        own.sink = (!sink.is_null()).then_some(sink);
        match log().fault {
            Fault::KeepSink => keep(sink),
            Fault::PutEarly => drop(((*(*sink).lpVtbl).PutMessage)(sink, ptr::null_mut())),
            Fault::LeakCaptured => drop(own.event((0, 1, 0), &[0x90, 1, 1])),
            _ => {}
        }
    }
    STATUS_SUCCESS
}

/// The sink, or null for whatever is connected.
unsafe extern "efiapi" fn disconnect(this: *mut IMXF, sink: *mut IMXF) -> NTSTATUS {
    // SAFETY: our object.
    let own = unsafe { com::of::<Stream, _>(this) };
    if sink.is_null() || own.sink == Some(sink) {
        own.sink = None;
    }
    if fault(Fault::DisconnectFails) {
        return STATUS_UNSUCCESSFUL;
    }
    STATUS_SUCCESS
}

impl Stream {
    /// One event of the allocator's with these bytes.
    unsafe fn event(
        &self,
        (time, group, flags): (i64, u16, u16),
        bytes: &[u8],
    ) -> *mut DMUS_KERNEL_EVENT {
        // SAFETY: the port's allocator; a buffer has room for the bytes of the tests.
        unsafe {
            let a = self.allocator.0;
            let mut event = ptr::null_mut();
            ((*(*a).lpVtbl).GetMessage)(a, &mut event);
            let e: &mut DMUS_KERNEL_EVENT = &mut *event;
            e.cbEvent = bytes.len() as u16;
            e.usChannelGroup = group;
            e.usFlags = flags;
            e.ullPresTime100ns = time;
            e.uData = if e.is_short() {
                let mut short = [0; 8];
                short[..bytes.len()].copy_from_slice(bytes);
                DMUS_KERNEL_EVENT_DATA::from_bytes(short)
            } else {
                let mut buffer = ptr::null_mut();
                ((*(*a).lpVtbl).GetBuffer)(a, &mut buffer);
                ptr::copy_nonoverlapping(bytes.as_ptr(), buffer, bytes.len());
                DMUS_KERNEL_EVENT_DATA::from_buffer(buffer)
            };
            event
        }
    }
}

/// Null: everything that has been received goes to the sink, in one chain.
unsafe extern "efiapi" fn put(this: *mut IMXF, chain: *mut DMUS_KERNEL_EVENT) -> NTSTATUS {
    assert!(chain.is_null(), "a capture stream gets no events");
    // SAFETY: our object; the port's allocator and sink.
    unsafe {
        let own = com::of::<Stream, _>(this);
        let mut chain: *mut DMUS_KERNEL_EVENT = ptr::null_mut();
        while let Some((time, group, flags, parts)) = own.received.pop_back() {
            let mut inner: *mut DMUS_KERNEL_EVENT = ptr::null_mut();
            let package = parts.len() > 1;
            for part in parts.iter().rev() {
                let event = own.event((time, group, flags), part);
                (*event).pNextEvt = if package { inner } else { chain };
                inner = event;
            }
            if package {
                let container = own.event((time, group, DMUS_KEF_PACKAGE_EVENT), &[0; 8]);
                (*container).uData = DMUS_KERNEL_EVENT_DATA::from_package(inner);
                (*container).pNextEvt = chain;
                inner = container;
            }
            chain = inner;
        }
        if let (Some(sink), false) = (own.sink, chain.is_null()) {
            ((*(*sink).lpVtbl).PutMessage)(sink, chain);
        }
    }
    STATUS_SUCCESS
}

/// The device has received something: on the stream with this number, in the order of creation.
pub unsafe fn receive(stream: usize, messages: Vec<Received>) {
    // SAFETY: the test has the stream open.
    unsafe {
        let object = log().captures[stream] as *mut Object<Stream>;
        let own = &mut (*object).value;
        own.received.extend(messages);
        let port = com::of::<Miniport, _>(own.miniport.0)
            .port
            .as_ref()
            .expect("initialised");
        ((*(*port.0).lpVtbl).Notify)(port.0, own.group.0);
    }
}
