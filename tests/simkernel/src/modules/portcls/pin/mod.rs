// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pin objects: create, close, state, stream requests.

use core::ffi::c_void;
use core::ptr;

use arioso_core::ks::dmusicks::*;
use arioso_core::ks::ks::*;
use arioso_core::ks::portcls::*;
use arioso_core::ks::status::*;

use super::allocator::Allocator;
use super::capture::Capture;
use super::clock;
use super::dmus::{self, Mxf};
use super::filter::{self, Filter};
use super::handle::{Handle, Kind};
use super::imports::ks_call;
use super::midi::{self, MidiStream};
use super::miniport::Miniport;
use super::render::Render;
use super::verify::{Rule, assert_passive, violation};
use super::wave_rt::{self, WaveRt};
use super::wave_sink::WaveSink;
use crate::executive::ob::{
    Kind as ObjectKind, ObReferenceObjectByHandle, ObfDereferenceObject, ObfReferenceObject,
    kind_of,
};
use crate::guest_call;
use crate::modules::irp;
use crate::nt::*;
use crate::nt::{HANDLE, NTSTATUS};
use crate::{clock as time, guest};

mod items;
pub use items::items;

const CONNECT: usize = size_of::<KSPIN_CONNECT>();
const GENERIC_READ_WRITE: u32 = 0xC000_0000;

/// Calls a method that the miniport streams of several roles have, under one name in different tables. The stream is alive while its pin is.
macro_rules! tell {
    ($stream:expr, $method:ident, $argument:expr) => {{
        let stream = $stream;
        guest_call!((*(*stream).lpVtbl).$method, stream, $argument) as NTSTATUS
    }};
}

/// What a pin does besides being a pin.
pub enum Role {
    Render(Render),
    Capture(Capture),
    WaveSink(WaveSink),
    Midi(MidiStream),
    WaveRt(WaveRt),
}

#[repr(C)]
pub struct Pin {
    handle: Handle,
    pub filter: *mut Filter,
    filter_file: *mut FILE_OBJECT,
    pub id: u32,
    format: Vec<u8>,
    /// Of a DMus miniport.
    mxf: Option<Mxf>,
    state: KSSTATE,
    /// Was in RUN when the device lost power.
    resume: bool,
    /// A thread changes the state: the client's, or that of a change of power. Others wait for it.
    changing: bool,
    pub role: Role,
}

/// A create request, validated.
pub struct Connect {
    pub pin: u32,
    to: HANDLE,
    pub format: Vec<u8>,
    pub flow: KSPIN_DATAFLOW,
    pub communication: KSPIN_COMMUNICATION,
}

impl Connect {
    /// The format for the miniport: aligned, and only to be read during the call.
    pub fn aligned_format(&self) -> Vec<u64> {
        aligned(&self.format)
    }
}

/// A copy of a format at an address as a structure's.
fn aligned(format: &[u8]) -> Vec<u64> {
    let mut copy = vec![0u64; format.len().div_ceil(8)];
    // SAFETY: the copy has room.
    unsafe {
        ptr::copy_nonoverlapping(format.as_ptr(), copy.as_mut_ptr().cast(), format.len());
    }
    copy
}

/// What is left of a format that a miniport kept after the call.
pub fn poison(mut format: Vec<u64>) {
    format.fill(0xDDDD_DDDD_DDDD_DDDD);
    core::hint::black_box(&format);
}

pub unsafe extern "efiapi" fn create(_device: *mut DEVICE_OBJECT, request: *mut IRP) -> NTSTATUS {
    // SAFETY: routed here by the filter's create item: the related file object is a filter.
    unsafe {
        let status = open(request);
        irp::complete(request, status)
    }
}

unsafe fn validate(request: *mut IRP, filter: &Filter) -> Result<Connect, NTSTATUS> {
    // SAFETY: KsValidateConnectRequest checks that the structure and the format lie in the name.
    unsafe {
        let shape = filter.port().shape();
        let mut connect: *mut KSPIN_CONNECT = ptr::null_mut();
        let connect_at = &raw mut connect;
        let status = ks_call!(
            KsValidateConnectRequest,
            request,
            shape.pins.len(),
            shape.pins.as_ptr(),
            connect_at
        ) as NTSTATUS;
        if status < 0 {
            return Err(status);
        }
        let head = ptr::read_unaligned(connect);
        let bytes = connect.cast::<u8>().add(CONNECT);
        let mut size = ptr::read_unaligned(bytes.cast::<u32>()) as usize;
        let flags = ptr::read_unaligned(bytes.cast::<u32>().add(1));
        if flags & KSDATAFORMAT_ATTRIBUTES != 0 {
            // The list of attributes lies behind the format, and all of it in the name.
            let at = size.next_multiple_of(8);
            let end = irp::file_name(request).as_ptr_range().end as usize;
            let room = end - bytes as usize;
            let list = bytes.add(at).cast::<u32>();
            if room < at + 8 || room - at < ptr::read_unaligned(list) as usize {
                return Err(STATUS_INVALID_BUFFER_SIZE);
            }
            size = at + ptr::read_unaligned(list) as usize;
        }
        let format = core::slice::from_raw_parts(bytes, size).to_vec();
        let pin = &shape.pins[head.PinId as usize];
        Ok(Connect {
            pin: head.PinId,
            to: head.PinToHandle,
            format,
            flow: pin.DataFlow,
            communication: pin.Communication,
        })
    }
}

unsafe fn open(request: *mut IRP) -> NTSTATUS {
    // SAFETY: see `create`.
    unsafe {
        let filter_file = (*irp::file(request)).RelatedFileObject;
        let filter = Handle::filter(filter_file);
        if !filter.port().is_valid() {
            return STATUS_DEVICE_NOT_READY;
        }
        let connect = match validate(request, filter) {
            Ok(connect) => connect,
            Err(status) => return status,
        };
        if !filter.has_room(connect.pin) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        let mut to: *mut c_void = ptr::null_mut();
        if !connect.to.is_null() {
            let status = ObReferenceObjectByHandle(
                connect.to,
                GENERIC_READ_WRITE,
                ptr::null_mut(),
                (*request).RequestorMode,
                &mut to,
                ptr::null_mut(),
            );
            if status < 0 {
                return status;
            }
            if kind_of(to) != Some(ObjectKind::File) {
                ObfDereferenceObject(to);
                return STATUS_OBJECT_TYPE_MISMATCH;
            }
        }
        let status = open_stream(request, filter_file, filter, connect, to.cast());
        if status < 0 && !to.is_null() {
            ObfDereferenceObject(to);
        }
        status
    }
}

/// Makes the stream, then the pin around it. On success the pin owns `to`.
unsafe fn open_stream(
    request: *mut IRP,
    filter_file: *mut FILE_OBJECT,
    filter: &mut Filter,
    connect: Connect,
    to: *mut FILE_OBJECT,
) -> NTSTATUS {
    // SAFETY: `filter` is open; the miniport is alive while the port holds it.
    unsafe {
        let Some(miniport) = filter.port().miniport() else {
            return STATUS_DEVICE_NOT_READY;
        };
        assert_passive("NewStream");
        let opened = match &miniport {
            Miniport::DMus(own) => dmus::open(own, &connect, to).map(|(mxf, r)| (Some(mxf), r)),
            Miniport::Midi(own) => midi::open(own, &connect).map(|r| (None, Role::Midi(r))),
            Miniport::WaveRt(own) => wave_rt::open(own, &connect).map(|r| (None, Role::WaveRt(r))),
            Miniport::Topology(_) => Err(STATUS_INVALID_DEVICE_REQUEST),
        };
        let (mxf, role) = match opened {
            Ok(opened) => opened,
            Err(status) => return status,
        };
        let pin = Box::into_raw(Box::new(Pin {
            handle: Handle {
                header: ptr::null_mut(),
                kind: Kind::Pin,
            },
            filter: ptr::from_mut(filter),
            filter_file,
            id: connect.pin,
            format: connect.format,
            mxf,
            state: KSSTATE_STOP,
            resume: false,
            changing: false,
            role,
        }));
        match &mut (*pin).role {
            Role::Capture(capture) => capture.attach(pin),
            Role::Midi(stream) => stream.attach(pin),
            _ => {}
        }
        let header = &raw mut (*pin).handle.header;
        ks_call!(
            KsAllocateObjectHeader,
            header,
            0,
            0,
            request,
            filter::dispatch_table(Kind::Pin)
        );
        ObfReferenceObject(filter_file.cast());
        let index = connect.pin as usize;
        filter.instances[index] += 1;
        filter.port().instances.borrow_mut()[index] += 1;
        filter.port().pins.push(pin);
        (*irp::file(request)).FsContext = pin.cast();
        STATUS_SUCCESS
    }
}

pub unsafe extern "efiapi" fn close(_device: *mut DEVICE_OBJECT, request: *mut IRP) -> NTSTATUS {
    // SAFETY: the last request on this pin.
    unsafe {
        let pin = Handle::pin(irp::file(request));
        (*(*pin).filter).port().events.free(irp::file(request));
        // A driver may refuse a state; the pin goes away nevertheless.
        let _ = Pin::set_state(pin, KSSTATE_STOP);
        (*irp::file(request)).FsContext = ptr::null_mut();
        Pin::destroy(pin);
        irp::complete(request, STATUS_SUCCESS)
    }
}

pub unsafe extern "efiapi" fn control(device: *mut DEVICE_OBJECT, request: *mut IRP) -> NTSTATUS {
    // SAFETY: a device-control request on a pin.
    unsafe {
        let pin = Handle::pin(irp::file(request));
        let port = (*(*pin).filter).port();
        if !super::device::accepts_requests(device) || !port.is_valid() {
            return irp::complete(request, STATUS_DEVICE_REMOVED);
        }
        match irp::code(request) {
            IOCTL_KS_PROPERTY => {
                let (count, sets) = port.pin_handlers((*pin).id).properties.sets();
                let status = ks_call!(KsPropertyHandler, request, count, sets) as NTSTATUS;
                irp::finish(request, status)
            }
            IOCTL_KS_ENABLE_EVENT => {
                let tables = &port.pin_handlers((*pin).id).events;
                let status = port.events.enable(request, tables);
                irp::finish(request, status)
            }
            IOCTL_KS_DISABLE_EVENT => {
                let status = port.events.disable(request);
                irp::finish(request, status)
            }
            IOCTL_KS_WRITE_STREAM => match (*pin).role {
                Role::Render(_) => Render::write(pin, request),
                Role::Midi(_) => MidiStream::write(pin, request),
                _ => irp::complete(request, STATUS_INVALID_DEVICE_REQUEST),
            },
            IOCTL_KS_READ_STREAM => match (*pin).role {
                Role::Capture(_) => Capture::read(pin, request),
                Role::Midi(_) => MidiStream::read(pin, request),
                _ => irp::complete(request, STATUS_INVALID_DEVICE_REQUEST),
            },
            IOCTL_KS_RESET_STATE => {
                let mut value = 0u32;
                let value_at = &raw mut value;
                let status = ks_call!(KsAcquireResetValue, request, value_at) as NTSTATUS;
                if status >= 0 && value == KSRESET_BEGIN as u32 {
                    Pin::cancel_requests(pin);
                }
                irp::complete(request, status)
            }
            _ => ks_call!(KsDefaultDeviceIoCompletion, device, request) as NTSTATUS,
        }
    }
}

impl Pin {
    /// The stream of a DMus miniport; null with another one.
    pub fn stream(&self) -> *mut IMXF {
        self.mxf.as_ref().map_or(ptr::null_mut(), Mxf::stream)
    }

    /// The stream as property and event handlers know it.
    pub fn unknown(&self) -> *mut IUnknown {
        match &self.role {
            Role::Midi(stream) => stream.unknown(),
            Role::WaveRt(stream) => stream.unknown(),
            _ => self.stream().cast(),
        }
    }

    pub fn group(&self) -> Option<*mut IServiceGroup> {
        match &self.role {
            Role::Midi(stream) => stream.group(),
            _ => self.mxf.as_ref().and_then(Mxf::group),
        }
    }

    pub fn state(&self) -> KSSTATE {
        self.state
    }

    /// Of a DMus stream's pin.
    pub fn allocator(&self) -> &Allocator {
        self.mxf.as_ref().expect("a DMus stream").allocator()
    }

    /// The stream's own `SetState`.
    unsafe fn tell_state(pin: *mut Pin, state: KSSTATE) -> NTSTATUS {
        // SAFETY: a live pin, at PASSIVE_LEVEL; the stream is alive.
        unsafe {
            match &(*pin).role {
                Role::Midi(midi) => tell!(midi.stream(), SetState, state),
                Role::WaveRt(wave) => {
                    WaveRt::timed(state, || tell!(wave.stream(), SetState, state))
                }
                _ => tell!((*pin).stream(), SetState, state),
            }
        }
    }

    /// Another format for the open stream. Its own one is always good.
    ///
    /// # Safety
    /// A live pin, at PASSIVE_LEVEL.
    pub unsafe fn set_format(pin: *mut Pin, format: &[u8]) -> NTSTATUS {
        // SAFETY: by the contract.
        unsafe {
            if format == (*pin).format {
                return STATUS_SUCCESS;
            }
            let copy = aligned(format);
            let status = match &(*pin).role {
                Role::Midi(midi) => tell!(midi.stream(), SetFormat, copy.as_ptr()),
                Role::WaveRt(wave) => tell!(wave.stream(), SetFormat, copy.as_ptr()),
                _ => STATUS_INVALID_DEVICE_REQUEST,
            };
            poison(copy);
            if status >= 0 {
                (*pin).format = format.to_vec();
            }
            status
        }
    }

    /// Steps the stream to a state, one state at a time. What fails leaves it where it got to.
    ///
    /// # Safety
    /// A live pin, at PASSIVE_LEVEL.
    pub unsafe fn set_state(pin: *mut Pin, target: KSSTATE) -> NTSTATUS {
        assert_passive("SetState");
        // SAFETY: by the contract.
        unsafe {
            let alone = guest::until(time::now_ns() + time::PATIENCE_NS, || !(*pin).changing);
            assert!(alone, "a stream's state changes for an hour");
            (*pin).changing = true;
            let status = Pin::step(pin, target);
            (*pin).changing = false;
            status
        }
    }

    unsafe fn step(pin: *mut Pin, target: KSSTATE) -> NTSTATUS {
        // SAFETY: a live pin; borrows of the pin end before the driver is called.
        unsafe {
            while (*pin).state != target {
                let from = (*pin).state;
                let next = if target > from { from + 1 } else { from - 1 };
                if from == KSSTATE_RUN {
                    Pin::leave_run(pin);
                }
                if next == KSSTATE_STOP {
                    Pin::cancel_requests(pin);
                }
                let status = Pin::tell_state(pin, next);
                if status < 0 {
                    if from == KSSTATE_RUN {
                        Pin::enter_run(pin);
                    }
                    return status;
                }
                (*pin).state = next;
                match next {
                    KSSTATE_STOP => Pin::stopped(pin),
                    KSSTATE_PAUSE if from == KSSTATE_ACQUIRE => {
                        Render::drain(pin);
                        MidiStream::drain(pin);
                    }
                    KSSTATE_RUN => Pin::enter_run(pin),
                    _ => {}
                }
            }
            STATUS_SUCCESS
        }
    }

    unsafe fn enter_run(pin: *mut Pin) {
        // SAFETY: a live pin.
        unsafe {
            match &mut (*pin).role {
                Role::Render(render) => {
                    render.run(clock::now());
                    Render::drain(pin);
                }
                Role::WaveSink(sink) => sink.start(),
                Role::Capture(capture) => capture.run(clock::now()),
                Role::Midi(stream) => {
                    stream.run(clock::now());
                    MidiStream::drain(pin);
                }
                Role::WaveRt(_) => {}
            }
        }
    }

    unsafe fn leave_run(pin: *mut Pin) {
        // SAFETY: a live pin.
        unsafe {
            match &mut (*pin).role {
                Role::Render(render) => render.pause(clock::now()),
                Role::WaveSink(sink) => sink.stop(),
                Role::Midi(stream) => stream.pause(clock::now()),
                Role::Capture(_) | Role::WaveRt(_) => {}
            }
        }
    }

    /// After SetState(STOP) the stream holds nothing of the allocator's.
    unsafe fn stopped(pin: *mut Pin) {
        // SAFETY: a live pin.
        unsafe {
            match &mut (*pin).role {
                Role::Render(render) => render.stop(),
                Role::Capture(capture) => capture.stop(),
                Role::Midi(stream) => stream.stop(),
                Role::WaveSink(_) | Role::WaveRt(_) => {}
            }
            let out = match (&(*pin).role, &(*pin).mxf) {
                (Role::Capture(_), _) | (_, None) => return,
                (_, Some(mxf)) => mxf.allocator(),
            };
            let (out, with_driver) = (out.outstanding(), out.with_driver());
            if out.events > 0 {
                violation(
                    Rule::AllocatorLeak,
                    "IMXF::SetState",
                    format!(
                        "{} events are not back after STOP, {with_driver} of them with the driver",
                        out.events
                    ),
                );
            }
        }
    }

    /// Completes what waits on the pin, with STATUS_CANCELLED; held events go to the allocator.
    ///
    /// # Safety
    /// A live pin.
    pub unsafe fn cancel_requests(pin: *mut Pin) {
        // SAFETY: by the contract.
        unsafe {
            match &mut (*pin).role {
                Role::Render(render) => {
                    render.cancel();
                    let held = render.take_held();
                    (*pin).allocator().put(held);
                }
                Role::Capture(capture) => capture.cancel(),
                Role::Midi(stream) => stream.cancel(),
                Role::WaveSink(_) | Role::WaveRt(_) => {}
            }
        }
    }

    /// The device has gone: nothing plays or waits any more. The stream stays until the handle is closed.
    ///
    /// # Safety
    /// A live pin.
    pub unsafe fn device_gone(pin: *mut Pin) {
        // SAFETY: by the contract.
        unsafe {
            Pin::cancel_requests(pin);
            if let Role::WaveSink(sink) = &mut (*pin).role {
                sink.stop();
            }
        }
    }

    pub unsafe fn power_down(pin: *mut Pin) {
        // SAFETY: a live pin.
        unsafe {
            if (*pin).state == KSSTATE_RUN {
                (*pin).resume = Pin::set_state(pin, KSSTATE_PAUSE) >= 0;
            }
        }
    }

    pub unsafe fn power_up(pin: *mut Pin) {
        // SAFETY: a live pin.
        unsafe {
            if core::mem::take(&mut (*pin).resume) {
                let _ = Pin::set_state(pin, KSSTATE_RUN);
            }
        }
    }

    unsafe fn destroy(pin: *mut Pin) {
        // SAFETY: nobody uses the pin any more.
        unsafe {
            let filter = &mut *(*pin).filter;
            filter.port().pins.remove(|&p| p == pin);
            if let Role::WaveSink(sink) = &mut (*pin).role {
                sink.stop();
            }
            let mut pin = Box::from_raw(pin);
            let file = match &mut pin.role {
                Role::WaveSink(sink) => sink.take_downstream(),
                _ => ptr::null_mut(),
            };
            if let (Role::Capture(capture), Some(mxf)) = (&mut pin.role, &pin.mxf) {
                capture.disconnect(mxf);
            }
            ks_call!(KsFreeObjectHeader, pin.handle.header);
            let Pin {
                filter_file,
                id,
                mxf,
                role,
                ..
            } = *pin;
            match role {
                Role::Midi(stream) => stream.close(),
                Role::WaveRt(stream) => stream.close(),
                other => drop(other),
            }
            if let Some(mxf) = mxf {
                mxf.close();
            }
            let index = id as usize;
            filter.instances[index] -= 1;
            filter.port().instances.borrow_mut()[index] -= 1;
            if !file.is_null() {
                ObfDereferenceObject(file.cast());
            }
            ObfDereferenceObject(filter_file.cast());
        }
    }
}
