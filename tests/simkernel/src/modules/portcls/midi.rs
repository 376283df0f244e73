// SPDX-License-Identifier: MIT OR Apache-2.0
//! Streams of an IMiniportMidi: raw bytes, written when they are due and as far as the device takes them, read when it says so.

use core::cell::Cell;
use core::ptr;
use std::collections::VecDeque;

use arioso_core::ks::GUID;
use arioso_core::ks::guid::*;
use arioso_core::ks::ks::*;
use arioso_core::ks::portcls::*;
use arioso_core::ks::status::*;

use super::clock;
use super::com::{self, Com, Object, Ref};
use super::imports::probe_write;
use super::pin::{Connect, Pin, Role, poison};
use super::port::Port;
use super::reader::{Captured, Queue, Reader};
use super::unpack;
use super::verify::{Rule, violation};
use crate::executive::ke::*;
use crate::executive::mm::system_address;
use crate::guest_call;
use crate::modules::{irp, thunk};
use crate::nt::NTSTATUS;
use crate::nt::*;
use crate::state::Global;

/// A timer as the port has it, and how long it waits before it offers bytes again that the device did not take: 1 ms.
const RESOLUTION: i64 = 10_000;

static PATIENT: Global<bool> = Global::new(false);

/// `patient`: what was not taken is offered again at the next notification, and not by itself.
pub fn configure(patient: bool) {
    *PATIENT.get() = patient;
}
/// Bytes asked for at a time.
const CHUNK: usize = 256;

/// Bytes that are asked for at once.
static AT_ONCE: Global<usize> = Global::new(CHUNK);

/// From now on the port asks a driver for so many bytes at once, at most 256; for none: it does not come to read.
pub fn read_at_once(bytes: usize) {
    *AT_ONCE.get() = bytes.min(CHUNK);
}

pub struct MidiStream {
    stream: Ref<IMiniportMidiStream>,
    group: Option<Ref<IServiceGroup>>,
    /// Our member of the stream's group.
    service: Option<Service>,
    direction: Direction,
}

enum Direction {
    Capture(Reader),
    Render(Box<Writer>),
}

/// What a render pin has still to write.
struct Writer {
    waiting: Box<Queue>,
    /// The request that `due` comes from. It may be cancelled at any time.
    active: Box<Queue>,
    /// Time and bytes.
    due: VecDeque<(i64, Vec<u8>)>,
    /// Master time at which stream time was zero, while in RUN.
    base: i64,
    paused_at: i64,
    timer: KTIMER,
    dpc: KDPC,
}

/// `IMiniportMidi::NewStream`.
///
/// # Safety
/// A live miniport, at PASSIVE_LEVEL.
pub unsafe fn open(
    miniport: &Ref<IMiniportMidi>,
    connect: &Connect,
) -> Result<MidiStream, NTSTATUS> {
    const RULE: &str = "IMiniportMidi::NewStream";
    const UNSET: usize = 0xAAAA_AAAA_AAAA_AAAA;
    // SAFETY: by the contract.
    unsafe {
        let capture = connect.flow == KSPIN_DATAFLOW_OUT;
        let format = connect.aligned_format();
        let (mut stream, mut group) = (UNSET, UNSET);
        let (stream_at, group_at) = (&raw mut stream, &raw mut group);
        let status = guest_call!(
            (*(*miniport.get()).lpVtbl).NewStream,
            miniport.get(),
            stream_at,
            0,
            512,
            connect.pin,
            u8::from(capture),
            format.as_ptr(),
            group_at
        ) as NTSTATUS;
        poison(format);
        let given = |value: usize| if value == UNSET { 0 } else { value };
        let stream = Ref::from_owned(given(stream) as *mut IMiniportMidiStream);
        let group_set = group != UNSET;
        let group = Ref::from_owned(given(group) as *mut IServiceGroup);
        if status < 0 {
            if stream.is_some() || group.is_some() {
                violation(
                    Rule::NewStream,
                    RULE,
                    format!("failed with {status:#x}, but returned objects"),
                );
                core::mem::forget((stream, group));
            }
            return Err(status);
        }
        if !group_set {
            violation(
                Rule::NewStream,
                RULE,
                "the service group was not set".to_owned(),
            );
        }
        let Some(stream) = stream else {
            violation(Rule::NewStream, RULE, "success without a stream".to_owned());
            return Err(STATUS_UNSUCCESSFUL);
        };
        Ok(MidiStream {
            stream,
            group,
            service: None,
            direction: if capture {
                Direction::Capture(Reader::new(true))
            } else {
                Direction::Render(Box::new(Writer {
                    waiting: Queue::new(),
                    active: Queue::new(),
                    due: VecDeque::new(),
                    base: 0,
                    paused_at: 0,
                    timer: core::mem::zeroed(),
                    dpc: core::mem::zeroed(),
                }))
            },
        })
    }
}

impl MidiStream {
    pub fn unknown(&self) -> *mut IUnknown {
        self.stream.unknown()
    }

    pub fn group(&self) -> Option<*mut IServiceGroup> {
        self.group.as_ref().map(Ref::get)
    }

    /// The pin is there: its DPC can run.
    pub fn attach(&mut self, pin: *mut Pin) {
        // SAFETY: the timer and the DPC are boxed; they stop before the pin goes.
        unsafe {
            if let Direction::Render(writer) = &mut self.direction {
                let routine = thunk::code(
                    "portcls.sys",
                    "MIDI DPC",
                    due_dpc as *const () as usize,
                    DISPATCH_LEVEL,
                );
                KeInitializeTimer(&mut writer.timer);
                KeInitializeDpc(
                    &mut writer.dpc,
                    core::mem::transmute::<usize, PKDEFERRED_ROUTINE>(routine),
                    pin.cast(),
                );
            }
        }
        self.service = self
            .group
            .as_ref()
            .map(|group| Service::join(group, Target::Pin(pin)));
    }

    pub fn stream(&self) -> *mut IMiniportMidiStream {
        self.stream.get()
    }

    pub fn run(&mut self, now: i64) {
        match &mut self.direction {
            Direction::Capture(reader) => reader.run(now),
            Direction::Render(writer) => writer.base = now - writer.paused_at,
        }
    }

    pub fn pause(&mut self, now: i64) {
        if let Direction::Render(writer) = &mut self.direction {
            writer.paused_at = now - writer.base;
        }
    }

    pub fn stop(&mut self) {
        match &mut self.direction {
            Direction::Capture(reader) => reader.clear(),
            Direction::Render(writer) => writer.paused_at = 0,
        }
    }

    /// Completes all requests with STATUS_CANCELLED; what they had not yet written is dropped.
    pub fn cancel(&mut self) {
        match &mut self.direction {
            Direction::Capture(reader) => reader.cancel(),
            Direction::Render(writer) => {
                // SAFETY: initialised by `attach`; at PASSIVE_LEVEL.
                unsafe {
                    KeCancelTimer(&mut writer.timer);
                    KeFlushQueuedDpcs();
                }
                writer.due.clear();
                writer.active.cancel();
                writer.waiting.cancel();
            }
        }
    }

    /// The pin is closed, and the stream stopped.
    pub fn close(mut self) {
        if let Some(service) = self.service.take() {
            service.leave();
        }
    }

    /// `IOCTL_KS_READ_STREAM`.
    ///
    /// # Safety
    /// A live MIDI pin and a request on it.
    pub unsafe fn read(pin: *mut Pin, request: *mut IRP) -> NTSTATUS {
        // SAFETY: by the contract.
        unsafe {
            let state = (*pin).state();
            match &mut (*pin).role {
                Role::Midi(MidiStream {
                    direction: Direction::Capture(reader),
                    ..
                }) => reader.read(request, state),
                _ => irp::complete(request, STATUS_INVALID_DEVICE_REQUEST),
            }
        }
    }

    /// `IOCTL_KS_WRITE_STREAM`: the request completes when the device has taken its last byte.
    ///
    /// # Safety
    /// A live MIDI pin and a request on it.
    pub unsafe fn write(pin: *mut Pin, request: *mut IRP) -> NTSTATUS {
        // SAFETY: by the contract.
        unsafe {
            let Some(writer) = writer(pin) else {
                return irp::complete(request, STATUS_INVALID_DEVICE_REQUEST);
            };
            if (*pin).state() == KSSTATE_STOP {
                return irp::complete(request, STATUS_INVALID_DEVICE_STATE);
            }
            let status = probe_write(request);
            if status < 0 {
                return irp::complete(request, status);
            }
            (*writer).waiting.add(request);
            MidiStream::drain(pin);
            STATUS_PENDING
        }
    }

    /// Writes what is due, if the pin is a render pin in RUN.
    ///
    /// # Safety
    /// A live pin, at or below DISPATCH_LEVEL.
    pub unsafe fn drain(pin: *mut Pin) {
        // SAFETY: by the contract. At DISPATCH_LEVEL nobody else comes here.
        unsafe {
            let Some(writer) = writer(pin) else { return };
            if (*pin).state() != KSSTATE_RUN {
                return;
            }
            let level = KfRaiseIrql(DISPATCH_LEVEL);
            while let Some(wait) = Writer::step(writer, stream_of(pin)) {
                if wait > 0 {
                    KeSetTimer(
                        &mut (*writer).timer,
                        -wait.max(RESOLUTION),
                        &mut (*writer).dpc,
                    );
                    break;
                }
            }
            KeLowerIrql(level);
        }
    }

    /// The group's DPC: the device has bytes, or takes some again.
    unsafe fn service(pin: *mut Pin) {
        // SAFETY: a live pin, at DISPATCH_LEVEL.
        unsafe {
            MidiStream::drain(pin);
            let run = (*pin).state() == KSSTATE_RUN;
            let stream = stream_of(pin);
            loop {
                let most = *AT_ONCE.get();
                if most == 0 {
                    return;
                }
                let mut bytes = [0u8; CHUNK];
                let mut count = 0u32;
                let Role::Midi(MidiStream {
                    direction: Direction::Capture(_),
                    ..
                }) = &(*pin).role
                else {
                    return;
                };
                let status = guest_call!(
                    (*(*stream).lpVtbl).Read,
                    stream,
                    bytes.as_mut_ptr(),
                    most,
                    &raw mut count
                ) as NTSTATUS;
                if count as usize > most {
                    violation(
                        Rule::MidiCount,
                        "IMiniportMidiStream::Read",
                        format!("{count} bytes for a buffer of {most}"),
                    );
                    return;
                }
                if status < 0 || count == 0 {
                    return;
                }
                if let Role::Midi(MidiStream {
                    direction: Direction::Capture(reader),
                    ..
                }) = &mut (*pin).role
                    && run
                {
                    reader.push(Captured {
                        time: clock::now(),
                        group: 1,
                        bytes: bytes[..count as usize].to_vec(),
                        structured: false,
                        first: true,
                    });
                    reader.serve();
                }
            }
        }
    }
}

impl Writer {
    /// On to the next request; as [`step`](Self::step).
    unsafe fn begin(this: *mut Writer) -> Option<i64> {
        // SAFETY: a live writer, at DISPATCH_LEVEL.
        unsafe {
            (*this).due.clear();
            let request = (*this).waiting.next();
            if request.is_null() {
                return None;
            }
            match unpack_request(request, (*this).base) {
                Ok(due) => {
                    (*this).due = due;
                    (*this).active.add(request);
                }
                Err(status) => {
                    irp::complete(request, status);
                }
            }
            Some(0)
        }
    }

    /// One step: `None` if there is nothing to do, else how long to wait for the next one.
    unsafe fn step(this: *mut Writer, stream: *mut IMiniportMidiStream) -> Option<i64> {
        // SAFETY: a live writer, at DISPATCH_LEVEL; no borrow lives across a call of the driver.
        unsafe {
            if (*this).active.is_empty() {
                // Done, or cancelled meanwhile.
                return Self::begin(this);
            }
            let Some((time, mut bytes)) = (*this).due.pop_front() else {
                let request = (*this).active.next();
                if request.is_null() {
                    // Somebody is cancelling it, and takes it off.
                    return Self::begin(this);
                }
                irp::set_information(request, irp::output_length(request));
                irp::complete(request, STATUS_SUCCESS);
                return Some(0);
            };
            let wait = time - clock::now();
            if wait > 0 {
                (*this).due.push_front((time, bytes));
                return Some(wait);
            }
            let mut written = 0u32;
            let status = guest_call!(
                (*(*stream).lpVtbl).Write,
                stream,
                bytes.as_mut_ptr(),
                bytes.len(),
                &raw mut written
            ) as NTSTATUS;
            if written as usize > bytes.len() {
                violation(
                    Rule::MidiCount,
                    "IMiniportMidiStream::Write",
                    format!("{written} bytes written of {}", bytes.len()),
                );
            } else if status >= 0 && (written as usize) < bytes.len() {
                bytes.drain(..written as usize);
                (*this).due.push_front((time, bytes));
                return (!*PATIENT.get()).then_some(RESOLUTION);
            }
            Some(0)
        }
    }
}

/// Times and bytes of a probed request.
unsafe fn unpack_request(
    request: *mut IRP,
    base: i64,
) -> Result<VecDeque<(i64, Vec<u8>)>, NTSTATUS> {
    let mut due = VecDeque::new();
    // SAFETY: KsProbeStreamIrp copied the headers and mapped the data, one MDL for each header with data.
    unsafe {
        let mut at = irp::system_buffer(request).cast::<u8>();
        let end = at.add(irp::output_length(request));
        let mut mdl = (*request).MdlAddress;
        while at < end && !mdl.is_null() {
            let header = &*at.cast::<KSSTREAM_HEADER>();
            at = at.add(header.Size as usize);
            if header.FrameExtent == 0 {
                continue;
            }
            let data = irp::slice(
                system_address(mdl).cast::<u8>().cast_const(),
                header.DataUsed as usize,
            );
            mdl = (*mdl).Next;
            let start = if header.PresentationTime.Time == 0 {
                clock::now()
            } else {
                base.saturating_add(super::render::presentation(header))
            };
            unpack::packets(data, start, |time, bytes| {
                if !bytes.is_empty() {
                    due.push_back((time, bytes.to_vec()));
                }
            })
            .map_err(|_| STATUS_INVALID_BUFFER_SIZE)?;
        }
    }
    Ok(due)
}

unsafe fn writer(pin: *mut Pin) -> Option<*mut Writer> {
    // SAFETY: a live pin.
    match unsafe { &mut (*pin).role } {
        Role::Midi(MidiStream {
            direction: Direction::Render(writer),
            ..
        }) => Some(&raw mut **writer),
        _ => None,
    }
}

unsafe fn stream_of(pin: *mut Pin) -> *mut IMiniportMidiStream {
    // SAFETY: a live pin.
    match unsafe { &(*pin).role } {
        Role::Midi(stream) => stream.stream.get(),
        _ => ptr::null_mut(),
    }
}

unsafe extern "efiapi" fn due_dpc(_dpc: *mut KDPC, pin: PVOID, _a: PVOID, _b: PVOID) {
    // SAFETY: the pin stops the timer before it goes.
    unsafe { MidiStream::drain(pin.cast()) }
}

#[derive(Clone, Copy)]
enum Target {
    Pin(*mut Pin),
    /// The port, for the group of its miniport.
    Port(*mut IPortMidi),
}

/// A member of a service group.
pub struct Service {
    group: Ref<IServiceGroup>,
    member: *mut Object<Member>,
}

impl Service {
    /// For the miniport's own group: `IMiniportMidi::Service`, and the streams that have no group.
    ///
    /// # Safety
    /// A live port that leaves the group before it goes.
    pub unsafe fn of_miniport(port: *mut IPortMidi, group: &Ref<IServiceGroup>) -> Service {
        Service::join(group, Target::Port(port))
    }

    fn join(group: &Ref<IServiceGroup>, target: Target) -> Service {
        let member = Object::new(Member(Cell::new(Some(target))));
        // SAFETY: the group is alive while referenced.
        unsafe { guest_call!((*(*group.get()).lpVtbl).AddMember, group.get(), member) };
        Service {
            group: group.clone(),
            member,
        }
    }

    pub fn leave(self) {
        let group = self.group.get();
        // SAFETY: alive while referenced; we own a reference of the member.
        unsafe {
            guest_call!((*(*group).lpVtbl).RemoveMember, group, self.member);
            (*self.member).value.0.set(None);
            drop(Ref::from_owned(self.member));
        }
    }
}

struct Member(Cell<Option<Target>>);

impl Com for Member {
    type Vtbl = IServiceSinkVtbl;
    const VTBL: &'static IServiceSinkVtbl = &IServiceSinkVtbl {
        QueryInterface: com::query::<Member, _>,
        AddRef: com::add_ref::<Member, _>,
        Release: com::release::<Member, _>,
        RequestService: request_service,
    };
    const NAME: &'static str = "MIDI service sink";
    const INTERFACES: &'static [GUID] = &[IID_IServiceSink];
}

unsafe extern "efiapi" fn request_service(this: *mut IServiceSink) {
    // SAFETY: a member leaves its group before its target goes.
    unsafe {
        match com::of::<Member, _>(this).0.get() {
            Some(Target::Pin(pin)) => MidiStream::service(pin),
            Some(Target::Port(port)) => {
                let port = com::of::<Port, _>(port);
                port.service();
                port.pins.walk(|&pin| {
                    if (*pin).group().is_none() {
                        MidiStream::service(pin);
                    }
                });
            }
            None => {}
        }
    }
}
