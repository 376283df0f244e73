//! Capture pins: `PutMessage(NULL)` in the service group's DPC, events from the stream into read requests.

use core::ptr;
use std::collections::VecDeque;

use arioso_core::ks::GUID;
use arioso_core::ks::dmusicks::*;
use arioso_core::ks::guid::*;
use arioso_core::ks::ks::*;
use arioso_core::ks::portcls::*;
use arioso_core::ks::status::*;

use super::com::{self, Com, Object, Ref};
use super::imports::ks_call;
use super::pin::{Pin, Role};
use super::verify::violation;
use crate::executive::mm::system_address;
use crate::guest_call;
use crate::modules::irp;
use crate::nt::*;
use crate::nt::{LIST_ENTRY, NTSTATUS};

/// One captured message, or a piece of one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Captured {
    time: i64,
    bytes: Vec<u8>,
}

pub struct Capture {
    sink: *mut Object<Sink>,
    service: *mut Object<Service>,
    group: Option<Ref<IServiceGroup>>,
    queue: Box<Queue>,
    base: i64,
}

struct Queue {
    list: LIST_ENTRY,
    lock: KSPIN_LOCK,
}

impl Capture {
    pub fn new(group: Option<&Ref<IServiceGroup>>, stream: &Ref<IMXF>) -> Capture {
        let mut queue = Box::new(Queue {
            list: LIST_ENTRY::null(),
            lock: 0,
        });
        // SAFETY: a list head with a stable address; the stream and the group are alive.
        unsafe {
            initialize_list_head(&mut queue.list);
            let sink = Object::new(Sink {
                captured: Default::default(),
                pin: core::cell::Cell::new(ptr::null_mut()),
            });
            let service = Object::new(Service(stream.get()));
            guest_call!((*(*stream.get()).lpVtbl).ConnectOutput, stream.get(), sink);
            if let Some(group) = group {
                guest_call!((*(*group.get()).lpVtbl).AddMember, group.get(), service);
            }
            Capture {
                sink,
                service,
                group: group.cloned(),
                queue,
                base: 0,
            }
        }
    }

    /// Events go to `pin` from now on.
    pub fn attach(&mut self, pin: *mut Pin) {
        // SAFETY: we hold a reference.
        unsafe { (*self.sink).value.pin.set(pin) };
    }

    /// Entry to RUN: times of captured events are relative to it.
    pub fn run(&mut self, now: i64) {
        self.base = now;
    }

    /// Undoes what `new` did with the driver's objects.
    pub fn disconnect(&mut self, stream: &Ref<IMXF>) {
        // SAFETY: the stream and the group are alive; both objects have our reference.
        unsafe {
            if let Some(group) = self.group.take() {
                guest_call!(
                    (*(*group.get()).lpVtbl).RemoveMember,
                    group.get(),
                    self.service
                );
            }
            guest_call!(
                (*(*stream.get()).lpVtbl).DisconnectOutput,
                stream.get(),
                self.sink
            );
            drop(Ref::from_owned(self.service));
            if (*self.sink).references() != 1 {
                violation(
                    "IMXF::DisconnectOutput",
                    "the sink is still referenced".to_owned(),
                );
            }
            drop(Ref::from_owned(self.sink));
        }
    }

    /// `IOCTL_KS_READ_STREAM`: waits for events.
    ///
    /// # Safety
    /// A live capture pin and a request on it.
    pub unsafe fn read(pin: *mut Pin, request: *mut IRP) -> NTSTATUS {
        // SAFETY: by the contract.
        unsafe {
            if (*pin).state() == KSSTATE_STOP {
                return irp::complete(request, STATUS_INVALID_DEVICE_STATE);
            }
            let flags = KSPROBE_STREAMREAD
                | KSPROBE_ALLOCATEMDL
                | KSPROBE_PROBEANDLOCK
                | KSPROBE_SYSTEMADDRESS;
            let status = ks_call!(
                KsProbeStreamIrp,
                request,
                flags,
                size_of::<KSSTREAM_HEADER>()
            ) as NTSTATUS;
            if status < 0 {
                return irp::complete(request, status);
            }
            let Role::Capture(capture) = &mut (*pin).role else {
                return irp::complete(request, STATUS_INVALID_DEVICE_REQUEST);
            };
            let queue = &raw mut *capture.queue;
            let (list, lock) = (&raw mut (*queue).list, &raw mut (*queue).lock);
            ks_call!(
                KsAddIrpToCancelableQueue,
                list,
                lock,
                request,
                KsListEntryTail,
                0
            );
            Capture::serve(pin);
            STATUS_PENDING
        }
    }

    /// Fills waiting requests with what has been captured.
    unsafe fn serve(pin: *mut Pin) {
        // SAFETY: a live pin.
        unsafe {
            loop {
                let Role::Capture(capture) = &mut (*pin).role else {
                    return;
                };
                let sink = &(*capture.sink).value;
                if sink.captured.borrow().is_empty() {
                    return;
                }
                let queue = &raw mut *capture.queue;
                let (list, lock) = (&raw mut (*queue).list, &raw mut (*queue).lock);
                let request = ks_call!(
                    KsRemoveIrpFromCancelableQueue,
                    list,
                    lock,
                    KsListEntryHead,
                    KsAcquireAndRemove
                ) as *mut IRP;
                if request.is_null() {
                    return;
                }
                let header = irp::system_buffer(request).cast::<KSSTREAM_HEADER>();
                let mdl = (*request).MdlAddress;
                let room = (*header).FrameExtent as usize;
                let used = if mdl.is_null() {
                    0
                } else {
                    pack(
                        &mut sink.captured.borrow_mut(),
                        capture.base,
                        system_address(mdl).cast(),
                        room,
                    )
                };
                (*header).DataUsed = used as u32;
                irp::set_information(request, irp::output_length(request));
                irp::complete(request, STATUS_SUCCESS);
            }
        }
    }

    pub fn cancel(&mut self) {
        let queue = &raw mut *self.queue;
        // SAFETY: a live queue; requests are completed by ks.
        unsafe { ks_call!(KsCancelIo, &raw mut (*queue).list, &raw mut (*queue).lock) };
    }
}

/// KSMUSICFORMAT packets; times are relative to the start of the pin. A message that does not fit waits for the next request.
unsafe fn pack(captured: &mut VecDeque<Captured>, base: i64, out: *mut u8, room: usize) -> usize {
    // SAFETY: `out` has `room` bytes.
    let out = unsafe { core::slice::from_raw_parts_mut(out, room) };
    let (mut used, mut last) = (0, base);
    while let Some(message) = captured.front() {
        let need = 8 + message.bytes.len().next_multiple_of(4);
        if used + need > room {
            break;
        }
        let delta = ((message.time - last).max(0) / 10_000) as u32;
        last += i64::from(delta) * 10_000;
        let packet = &mut out[used..used + need];
        packet.fill(0);
        packet[..4].copy_from_slice(&delta.to_le_bytes());
        packet[4..8].copy_from_slice(&(message.bytes.len() as u32).to_le_bytes());
        packet[8..8 + message.bytes.len()].copy_from_slice(&message.bytes);
        used += need;
        captured.pop_front();
    }
    used
}

/// The IMXF that a capture stream puts its events to.
pub struct Sink {
    captured: core::cell::RefCell<VecDeque<Captured>>,
    pin: core::cell::Cell<*mut Pin>,
}

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

unsafe extern "efiapi" fn sink_put(this: *mut IMXF, chain: *mut DMUS_KERNEL_EVENT) -> NTSTATUS {
    // SAFETY: the driver gives a chain of the allocator's events.
    unsafe {
        let sink = com::of::<Sink, _>(this);
        let mut event = chain;
        while !event.is_null() {
            let e = &*event;
            let length = usize::from(e.cbEvent);
            let bytes = if e.is_short() {
                e.uData.abData()[..length].to_vec()
            } else {
                irp::slice(e.uData.pbData().cast_const(), length).to_vec()
            };
            if !e.is_package() {
                sink.captured.borrow_mut().push_back(Captured {
                    time: e.ullPresTime100ns,
                    bytes,
                });
            }
            event = e.pNextEvt;
        }
        let pin = sink.pin.get();
        if !pin.is_null() {
            (*pin).allocator().put(chain);
            Capture::serve(pin);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_padded_and_stop_at_the_end() {
        let mut captured: VecDeque<Captured> = [
            (1_000_000, vec![0x90, 1, 2]),
            (1_050_000, vec![0xC0, 3]),
            (1_050_000, vec![0x80, 1, 2]),
        ]
        .map(|(time, bytes)| Captured { time, bytes })
        .into();
        let mut out = [0xFFu8; 30];
        // SAFETY: the array has 30 bytes.
        let used = unsafe { pack(&mut captured, 1_000_000, out.as_mut_ptr(), out.len()) };
        assert_eq!(used, 24);
        assert_eq!(
            out[..24],
            [
                0, 0, 0, 0, 3, 0, 0, 0, 0x90, 1, 2, 0, 5, 0, 0, 0, 2, 0, 0, 0, 0xC0, 3, 0, 0
            ]
        );
        assert_eq!(captured.len(), 1);
    }
}
