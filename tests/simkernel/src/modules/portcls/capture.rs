// SPDX-License-Identifier: MIT OR Apache-2.0
//! Capture pins of a DMus miniport: `PutMessage(NULL)` in the service group's DPC, events from the stream into read requests.

use core::cell::Cell;
use core::ptr;

use arioso_core::ks::GUID;
use arioso_core::ks::dmusicks::*;
use arioso_core::ks::guid::*;
use arioso_core::ks::ks::*;
use arioso_core::ks::portcls::*;
use arioso_core::ks::status::*;

use super::com::{self, Com, Object, Ref};
use super::dmus::Mxf;
use super::pin::{Pin, Role};
use super::reader::{Captured, Reader};
use super::unpack::ByteStream;
use super::verify::{Rule, violation};
use crate::guest_call;
use crate::modules::irp;
use crate::nt::{IRP, NTSTATUS};
use crate::state::Global;

/// How the port disconnects a stream from its sink.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Disconnect {
    /// `DisconnectOutput` with the sink.
    #[default]
    Sink,
    /// `DisconnectOutput(NULL)`.
    Null,
    /// Not at all: the stream's last release ends it.
    Nothing,
}

static DISCONNECT: Global<Disconnect> = Global::new(Disconnect::Sink);

/// For pins that are closed from now on.
pub fn configure(disconnect: Disconnect) {
    *DISCONNECT.get() = disconnect;
}

pub struct Capture {
    sink: *mut Object<Sink>,
    service: *mut Object<Service>,
    group: Option<Ref<IServiceGroup>>,
    reader: Reader,
    /// Cuts raw bytes into messages.
    bytes: ByteStream,
    /// A System Exclusive message that has not ended: it waits for its end.
    exclusive: Vec<u8>,
}

impl Capture {
    /// `midi`: readers want KSMUSICFORMAT records.
    pub fn new(midi: bool, group: Option<&Ref<IServiceGroup>>, stream: &Ref<IMXF>) -> Capture {
        let sink = Object::new(Sink(Cell::new(ptr::null_mut())));
        let service = Object::new(Service(stream.get()));
        // SAFETY: the stream and the group are alive.
        unsafe {
            guest_call!((*(*stream.get()).lpVtbl).ConnectOutput, stream.get(), sink);
            if let Some(group) = group {
                guest_call!((*(*group.get()).lpVtbl).AddMember, group.get(), service);
            }
        }
        // SAFETY: we hold a reference.
        if unsafe { (*sink).references() } != 1 {
            violation(
                Rule::ReferenceSink,
                "IMXF::ConnectOutput",
                "the sink is referenced: a port whose pin is the sink would never go".to_owned(),
            );
        }
        Capture {
            sink,
            service,
            group: group.cloned(),
            reader: Reader::new(midi),
            bytes: ByteStream::default(),
            exclusive: Vec::new(),
        }
    }

    /// Events go to `pin` from now on.
    pub fn attach(&mut self, pin: *mut Pin) {
        // SAFETY: we hold a reference.
        unsafe { (*self.sink).value.0.set(pin) };
    }

    /// Entry to RUN.
    pub fn run(&mut self, now: i64) {
        self.reader.run(now);
    }

    pub fn stop(&mut self) {
        self.reader.clear();
        self.bytes = ByteStream::default();
        self.exclusive.clear();
    }

    pub fn cancel(&mut self) {
        self.reader.cancel();
    }

    /// Undoes what `new` did with the driver's objects.
    pub fn disconnect(&mut self, mxf: &Mxf) {
        let stream = mxf.stream();
        // SAFETY: the stream and the group are alive; both objects have our reference.
        unsafe {
            if let Some(group) = self.group.take() {
                guest_call!(
                    (*(*group.get()).lpVtbl).RemoveMember,
                    group.get(),
                    self.service
                );
            }
            let named = match *DISCONNECT.get() {
                Disconnect::Sink => Some(self.sink),
                Disconnect::Null => Some(ptr::null_mut()),
                Disconnect::Nothing => None,
            };
            if let Some(named) = named {
                let status =
                    guest_call!((*(*stream).lpVtbl).DisconnectOutput, stream, named) as NTSTATUS;
                if status < 0 {
                    violation(
                        Rule::DisconnectOutput,
                        "IMXF::DisconnectOutput",
                        format!("failed with {status:#x}"),
                    );
                }
            }
            drop(Ref::from_owned(self.service));
            if (*self.sink).references() != 1 {
                violation(
                    Rule::ReferenceSink,
                    "IMXF::DisconnectOutput",
                    "the sink is still referenced".to_owned(),
                );
            }
            (*self.sink).value.0.set(ptr::null_mut());
            drop(Ref::from_owned(self.sink));
        }
    }

    /// `IOCTL_KS_READ_STREAM`.
    ///
    /// # Safety
    /// A live capture pin and a request on it.
    pub unsafe fn read(pin: *mut Pin, request: *mut IRP) -> NTSTATUS {
        // SAFETY: by the contract.
        unsafe {
            let state = (*pin).state();
            match &mut (*pin).role {
                Role::Capture(capture) => capture.reader.read(request, state),
                _ => irp::complete(request, STATUS_INVALID_DEVICE_REQUEST),
            }
        }
    }

    /// A chain of the stream's, packages included.
    unsafe fn note(&mut self, chain: *const DMUS_KERNEL_EVENT) {
        let mut event = chain;
        let mut opens = true;
        // SAFETY: a chain of the allocator's events.
        while let Some(e) = unsafe { event.as_ref() } {
            event = e.pNextEvt;
            if e.is_package() {
                // SAFETY: a package's chain is the allocator's too.
                unsafe { self.note(e.uData.pPackageEvt()) };
                continue;
            }
            let short = e.uData.abData();
            let length = usize::from(e.cbEvent);
            let bytes = if e.is_short() {
                &short[..length]
            } else {
                // SAFETY: a long event's buffer has `cbEvent` bytes.
                unsafe { irp::slice(e.uData.pbData().cast_const(), length) }
            };
            let mut first = core::mem::take(&mut opens);
            let mut push = |reader: &mut Reader, bytes: &[u8], structured| {
                reader.push(Captured {
                    time: e.ullPresTime100ns,
                    group: e.usChannelGroup,
                    bytes: bytes.to_vec(),
                    structured,
                    first: core::mem::take(&mut first),
                });
            };
            // What is not complete goes through the parser, which holds a System Exclusive message until its end; complete messages
            // bypass it.
            if e.is_incomplete() {
                let (reader, exclusive) = (&mut self.reader, &mut self.exclusive);
                self.bytes.feed(bytes, |message, incomplete| {
                    let part = incomplete || message[0] == 0xF0 || message[0] < 0x80;
                    if part || message[0] == 0xF7 {
                        exclusive.extend(message);
                        if !incomplete {
                            push(reader, exclusive, false);
                            exclusive.clear();
                        }
                    } else {
                        push(reader, message, message.len() <= 3);
                    }
                });
            } else {
                let whole = bytes.first().is_some_and(|&b| b & 0x80 != 0 && b != 0xF0);
                push(&mut self.reader, bytes, whole && bytes.len() <= 3);
            }
        }
    }
}

/// The IMXF that a capture stream puts its events to.
struct Sink(Cell<*mut Pin>);

impl Com for Sink {
    type Vtbl = IMXFVtbl;
    const VTBL: &'static IMXFVtbl = &IMXFVtbl {
        QueryInterface: com::query::<Sink, _>,
        AddRef: com::add_ref::<Sink, _>,
        Release: com::release::<Sink, _>,
        SetState: sink_state,
        PutMessage: sink_put,
        ConnectOutput: sink_connect,
        DisconnectOutput: sink_connect,
    };
    const NAME: &'static str = "capture sink";
    const INTERFACES: &'static [GUID] = &[IID_IMXF];
}

unsafe extern "efiapi" fn sink_state(_this: *mut IMXF, _state: KSSTATE) -> NTSTATUS {
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn sink_connect(_this: *mut IMXF, _sink: *mut IMXF) -> NTSTATUS {
    STATUS_INVALID_DEVICE_REQUEST
}

/// Below PAUSE input is discarded.
unsafe extern "efiapi" fn sink_put(this: *mut IMXF, chain: *mut DMUS_KERNEL_EVENT) -> NTSTATUS {
    // SAFETY: the driver gives a chain of the allocator's events; the pin lives as long as the sink is connected.
    unsafe {
        let pin = com::of::<Sink, _>(this).0.get();
        if pin.is_null() {
            violation(
                Rule::SinkConnected,
                "IMXF::PutMessage",
                "a chain came to a capture sink that is not connected".to_owned(),
            );
            return STATUS_UNSUCCESSFUL;
        }
        if chain.is_null() {
            return STATUS_SUCCESS;
        }
        let deliver = (*pin).state() >= KSSTATE_PAUSE;
        if let (Role::Capture(capture), true) = (&mut (*pin).role, deliver) {
            capture.note(chain);
        }
        (*pin).allocator().put(chain);
        if let Role::Capture(capture) = &mut (*pin).role {
            capture.reader.serve();
        }
    }
    STATUS_SUCCESS
}

/// The member of the stream's service group: asks the stream to deliver.
struct Service(*mut IMXF);

impl Com for Service {
    type Vtbl = IServiceSinkVtbl;
    const VTBL: &'static IServiceSinkVtbl = &IServiceSinkVtbl {
        QueryInterface: com::query::<Service, _>,
        AddRef: com::add_ref::<Service, _>,
        Release: com::release::<Service, _>,
        RequestService: service,
    };
    const NAME: &'static str = "capture service sink";
    const INTERFACES: &'static [GUID] = &[IID_IServiceSink];
}

unsafe extern "efiapi" fn service(this: *mut IServiceSink) {
    // SAFETY: the stream is alive: the member is removed before the stream is released.
    unsafe {
        let stream = com::of::<Service, _>(this).0;
        guest_call!(
            (*(*stream).lpVtbl).PutMessage,
            stream,
            ptr::null_mut::<DMUS_KERNEL_EVENT>()
        );
    }
}
