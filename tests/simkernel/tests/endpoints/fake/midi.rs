// SPDX-License-Identifier: MIT OR Apache-2.0
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
use arioso_core::ks::{BOOLEAN, GUID, PIRP};
use simkernel::nt::IRP;

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
    Miniport: IMiniportMidi, IMiniportMidiVtbl, IID_IMiniportMidi, descriptor(), pins;
    Init: init,
    Service: service,
    NewStream: new_stream,
}

/// What the port asks about pins: objects of their own.
#[allow(non_upper_case_globals)]
fn pins(iid: &GUID) -> *mut c_void {
    match *iid {
        IID_IPinCount => Object::create(Count).cast(),
        IID_IPinName => Object::create(Name).cast(),
        _ => ptr::null_mut(),
    }
}

/// One instance more than the descriptor says on pin 1.
struct Count;

impl Fake for Count {
    type Vtbl = IPinCountVtbl;
    const VTBL: &'static Self::Vtbl = &IPinCountVtbl {
        QueryInterface: com::query::<Count, _>,
        AddRef: com::add::<Count, _>,
        Release: com::drop_ref::<Count, _>,
        PinCount: count,
    };
    const INTERFACES: &'static [GUID] = &[IID_IPinCount];
}

unsafe extern "efiapi" fn count(
    _this: *mut IPinCount,
    pin: u32,
    _necessary: *mut u32,
    _current: *mut u32,
    possible: *mut u32,
    _global: *mut u32,
    global_possible: *mut u32,
) {
    if pin == 1 {
        // SAFETY: the port's values.
        unsafe {
            *possible += 1;
            *global_possible += 1;
        }
    }
}

/// Pin 0 is "In"; the others have no name of the driver's.
struct Name;

impl Fake for Name {
    type Vtbl = IPinNameVtbl;
    const VTBL: &'static Self::Vtbl = &IPinNameVtbl {
        QueryInterface: com::query::<Name, _>,
        AddRef: com::add::<Name, _>,
        Release: com::drop_ref::<Name, _>,
        GetPinName: name,
    };
    const INTERFACES: &'static [GUID] = &[IID_IPinName];
}

unsafe extern "efiapi" fn name(
    _this: *mut IPinName,
    irp: PIRP,
    pin: *mut KSP_PIN,
    data: *mut c_void,
) -> NTSTATUS {
    const TEXT: &[u8] = b"I\0n\0\0\0";
    // SAFETY: the port's request; a device-control one, whose output length is at 8 of its parameters.
    unsafe {
        if (*pin).PinId != 0 {
            return STATUS_NOT_SUPPORTED;
        }
        let irp = irp.cast::<IRP>();
        let stack = (*irp).Tail.CurrentStackLocation;
        (*irp).IoStatus.Information = TEXT.len();
        match (*stack).Parameters.DeviceIoControl.OutputBufferLength as usize {
            0 => STATUS_BUFFER_OVERFLOW,
            room if room < TEXT.len() => STATUS_BUFFER_TOO_SMALL,
            _ => {
                ptr::copy_nonoverlapping(TEXT.as_ptr(), data.cast(), TEXT.len());
                STATUS_SUCCESS
            }
        }
    }
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
        match log().fault {
            Fault::RemoveStranger => (vtbl.RemoveMember)(made, port.cast()),
            Fault::OtherGroup => {
                (vtbl.Release)(made);
                new_group(group, ptr::null_mut());
            }
            _ => {}
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
        if !fault(Fault::MidiNoGroup) {
            *group = ptr::null_mut();
        }
        if (pin == 1) != (capture != 0) {
            return STATUS_INVALID_PARAMETER;
        }
        match log().fault {
            // Whatever it is.
            Fault::MidiFailWithStream => {
                *out = this.cast();
                return STATUS_UNSUCCESSFUL;
            }
            Fault::MidiNoStream => return STATUS_SUCCESS,
            _ => {}
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
        *count = if fault(Fault::LongWrite) {
            length + 1
        } else {
            n as u32
        };
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
