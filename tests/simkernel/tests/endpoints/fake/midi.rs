//! A MIDI cable: what is written to pin 0 is read from pin 1. It holds few bytes, so that writers have to wait.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::ffi::c_void;
use std::ptr;
use std::rc::Rc;

use arioso_core::ks::guid::*;
use arioso_core::ks::ks::*;
use arioso_core::ks::portcls::*;
use arioso_core::ks::status::*;
use arioso_core::ks::{BOOLEAN, GUID};

use super::com::{self, Fake, Held, Object, miniport};
use super::{Fault, fault, log, portcls, shape};

/// Bytes that the cable holds.
pub const CAPACITY: usize = 5;

#[derive(Default)]
pub struct Miniport {
    port: Option<Held<IPortMidi>>,
    group: Option<Held<IServiceGroup>>,
    cable: Rc<RefCell<VecDeque<u8>>>,
}

miniport! {
    Miniport: IMiniportMidi, IMiniportMidiVtbl, IID_IMiniportMidi, descriptor();
    Init: init,
    Service: service,
    NewStream: new_stream,
}

fn descriptor() -> *const PCFILTER_DESCRIPTOR {
    let midi = || vec![shape::music(KSDATAFORMAT_SUBTYPE_MIDI)];
    let bus = || vec![shape::music(KSDATAFORMAT_SUBTYPE_MIDI_BUS)];
    shape::filter(
        ptr::null(),
        vec![
            shape::pin(KSPIN_DATAFLOW_IN, 1, KSCATEGORY_AUDIO, midi()),
            shape::pin(KSPIN_DATAFLOW_OUT, 1, KSCATEGORY_AUDIO, midi()),
            shape::pin(KSPIN_DATAFLOW_OUT, 0, KSCATEGORY_AUDIO, bus()),
            shape::pin(KSPIN_DATAFLOW_IN, 0, KSCATEGORY_AUDIO, bus()),
        ],
        Vec::new(),
        &[
            ((u32::MAX, 0), (u32::MAX, 2)),
            ((u32::MAX, 3), (u32::MAX, 1)),
        ],
        vec![KSCATEGORY_AUDIO, KSCATEGORY_RENDER, KSCATEGORY_CAPTURE],
    )
}

unsafe extern "efiapi" fn init(
    this: *mut IMiniportMidi,
    _adapter: *mut IUnknown,
    _list: *mut IResourceList,
    port: *mut IPortMidi,
    group: *mut *mut IServiceGroup,
) -> NTSTATUS {
    let new_group: FnPcNewServiceGroup = portcls("PcNewServiceGroup");
    // SAFETY: PortCls' arguments and objects.
    unsafe {
        let own = com::of::<Miniport, _>(this);
        let mut made = ptr::null_mut();
        let status = new_group(&mut made, ptr::null_mut());
        if status < 0 {
            return status;
        }
        let held = Held(made);
        ((*(*port).lpVtbl).RegisterServiceGroup)(port, made);
        let vtbl = &*(*made).lpVtbl;
        (vtbl.AddRef)(made);
        *group = made;
        if !fault(Fault::DelayWithoutSupport) {
            (vtbl.SupportDelayedService)(made);
        }
        own.group = Some(held);
        own.port = Some(Held::new(port));
    }
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn service(_this: *mut IMiniportMidi) {
    log().services += 1;
}

unsafe extern "efiapi" fn new_stream(
    this: *mut IMiniportMidi,
    out: *mut *mut IMiniportMidiStream,
    _outer: *mut IUnknown,
    _pool: i32,
    pin: u32,
    capture: BOOLEAN,
    _format: *const KSDATAFORMAT,
    group: *mut *mut IServiceGroup,
) -> NTSTATUS {
    // SAFETY: PortCls' arguments.
    unsafe {
        *out = ptr::null_mut();
        *group = ptr::null_mut();
        if (pin == 1) != (capture != 0) {
            return STATUS_INVALID_PARAMETER;
        }
        let own = com::of::<Miniport, _>(this);
        let stream = Stream {
            miniport: Held::new(this),
            cable: own.cable.clone(),
        };
        *out = Object::create(stream).cast();
    }
    STATUS_SUCCESS
}

struct Stream {
    miniport: Held<IMiniportMidi>,
    cable: Rc<RefCell<VecDeque<u8>>>,
}

impl Fake for Stream {
    type Vtbl = IMiniportMidiStreamVtbl;
    const VTBL: &'static Self::Vtbl = &IMiniportMidiStreamVtbl {
        QueryInterface: com::query::<Stream, _>,
        AddRef: com::add::<Stream, _>,
        Release: com::drop_ref::<Stream, _>,
        SetFormat: set_format,
        SetState: set_state,
        Read: read,
        Write: write,
    };
    const INTERFACES: &'static [GUID] = &[IID_IMiniportMidiStream];
}

unsafe extern "efiapi" fn set_format(
    _this: *mut IMiniportMidiStream,
    _format: *const KSDATAFORMAT,
) -> NTSTATUS {
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn set_state(_this: *mut IMiniportMidiStream, state: KSSTATE) -> NTSTATUS {
    log().states.push(state);
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn read(
    this: *mut IMiniportMidiStream,
    buffer: *mut c_void,
    length: u32,
    count: *mut u32,
) -> NTSTATUS {
    // SAFETY: our object; the buffer has `length` bytes.
    unsafe {
        let mut cable = com::of::<Stream, _>(this).cable.borrow_mut();
        let n = cable.len().min(length as usize);
        for (i, byte) in cable.drain(..n).enumerate() {
            *buffer.cast::<u8>().add(i) = byte;
        }
        *count = if fault(Fault::LongRead) {
            length + 1
        } else {
            n as u32
        };
    }
    STATUS_SUCCESS
}

/// Tells the port, by the miniport's group: at once, or 2 ms later where the byte is a timing clock.
unsafe extern "efiapi" fn write(
    this: *mut IMiniportMidiStream,
    buffer: *mut c_void,
    length: u32,
    count: *mut u32,
) -> NTSTATUS {
    // SAFETY: our object; the buffer has `length` bytes.
    unsafe {
        let own = com::of::<Stream, _>(this);
        let n = {
            let mut cable = own.cable.borrow_mut();
            let n = (CAPACITY - cable.len()).min(length as usize);
            cable.extend(std::slice::from_raw_parts(buffer.cast::<u8>(), n));
            n
        };
        *count = n as u32;
        let miniport = com::of::<Miniport, _>(own.miniport.0);
        let (Some(port), Some(group)) = (&miniport.port, &miniport.group) else {
            return STATUS_UNSUCCESSFUL;
        };
        if own.cable.borrow().back() == Some(&0xF8) {
            const LATER: i64 = -20_000;
            ((*(*group.0).lpVtbl).RequestDelayedService)(group.0, LATER as u64);
        } else if n > 0 {
            ((*(*port.0).lpVtbl).Notify)(port.0, ptr::null_mut());
        }
    }
    STATUS_SUCCESS
}
