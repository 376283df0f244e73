// SPDX-License-Identifier: MIT OR Apache-2.0
//! A stream: what it is given is noted and goes back to the allocator.

use std::ptr;

use arioso_core::ks::GUID;
use arioso_core::ks::dmusicks::*;
use arioso_core::ks::guid::*;
use arioso_core::ks::ks::*;
use arioso_core::ks::status::*;
use simkernel::nt::{DISPATCH_LEVEL, PASSIVE_LEVEL};

use super::com::{self, Fake, Held};
use super::services::borrow_buffer;
use super::{Fault, at_level, fault, log, set_level};

pub struct Stream {
    pin: u32,
    allocator: Held<IAllocatorMXF>,
    clock: Held<IMasterClock>,
    held: *mut DMUS_KERNEL_EVENT,
}

impl Stream {
    pub fn new(pin: u32, allocator: Held<IAllocatorMXF>, clock: Held<IMasterClock>) -> Stream {
        Stream {
            pin,
            allocator,
            clock,
            held: ptr::null_mut(),
        }
    }
}

impl Fake for Stream {
    type Vtbl = ISynthSinkDMusVtbl;
    const VTBL: &'static Self::Vtbl = &ISynthSinkDMusVtbl {
        QueryInterface: com::query::<Stream, _>,
        AddRef: com::add::<Stream, _>,
        Release: com::drop_ref::<Stream, _>,
        SetState: set_state,
        PutMessage: put,
        ConnectOutput: connect,
        DisconnectOutput: connect,
        Render: render,
        SyncToMaster: sync,
        SampleToRefTime: to_ref,
        RefTimeToSample: to_sample,
    };
    const INTERFACES: &'static [GUID] = &[IID_ISynthSinkDMus, IID_IMXF];
}

unsafe fn master(own: &Stream) -> i64 {
    let mut now = 0;
    // SAFETY: a live clock.
    unsafe { ((*(*own.clock.0).lpVtbl).GetTime)(own.clock.0, &mut now) };
    now
}

unsafe extern "efiapi" fn set_state(this: *mut ISynthSinkDMus, state: KSSTATE) -> NTSTATUS {
    // SAFETY: our object.
    let own = unsafe { com::of::<Stream, _>(this) };
    log().states.push((own.pin, state));
    STATUS_SUCCESS
}

/// The inner chain of a package is noted where the package is.
unsafe fn note(chain: *mut DMUS_KERNEL_EVENT, now: i64) {
    // SAFETY: a chain that the port gave us.
    unsafe {
        let mut event = chain;
        let mut position = 0;
        while !event.is_null() {
            let e = &*event;
            event = e.pNextEvt;
            if e.is_package() {
                note(e.uData.pPackageEvt(), now);
                continue;
            }
            let length = usize::from(e.cbEvent);
            let bytes = if e.is_short() {
                e.uData.abData()[..length].to_vec()
            } else {
                std::slice::from_raw_parts(e.uData.pbData(), length).to_vec()
            };
            log().events.push((
                e.ullPresTime100ns,
                e.usChannelGroup,
                e.usFlags,
                bytes,
                position,
            ));
            log().delivered.push(now);
            position += 1;
        }
    }
}

unsafe extern "efiapi" fn put(
    this: *mut ISynthSinkDMus,
    chain: *mut DMUS_KERNEL_EVENT,
) -> NTSTATUS {
    // SAFETY: the chain is ours; the allocator is alive.
    unsafe {
        let own = com::of::<Stream, _>(this);
        let now = master(own);
        note(chain, now);
        log().buffers += u32::from(borrow_buffer(own.allocator.0));
        let put = (*(*own.allocator.0).lpVtbl).PutMessage;
        let put = |chain| put(own.allocator.0, chain);
        match log().fault {
            Fault::LeakEvent | Fault::LateEvent if own.held.is_null() => {
                own.held = chain;
                return STATUS_SUCCESS;
            }
            Fault::ChangeStruct => (*chain).cbStruct = 17,
            _ => {}
        }
        let level = if fault(Fault::PutAtPassive) {
            PASSIVE_LEVEL
        } else {
            DISPATCH_LEVEL
        };
        at_level(level, || put(chain));
        match log().fault {
            Fault::PutTwice => {
                put(chain);
            }
            Fault::PutForeign => {
                let mut foreign = DMUS_KERNEL_EVENT {
                    cbStruct: 40,
                    ..Default::default()
                };
                put(&mut foreign);
            }
            Fault::WriteEvent => (*chain).usFlags = 7,
            Fault::PutReturnsLow => {
                set_level(PASSIVE_LEVEL);
            }
            Fault::RefuseEvents => return STATUS_UNSUCCESSFUL,
            _ => {}
        }
    }
    STATUS_SUCCESS
}

impl Drop for Stream {
    fn drop(&mut self) {
        if fault(Fault::LateEvent) && !self.held.is_null() {
            // SAFETY: the allocator is alive; the chain is ours.
            unsafe {
                let put = (*(*self.allocator.0).lpVtbl).PutMessage;
                at_level(DISPATCH_LEVEL, || put(self.allocator.0, self.held));
            }
        }
    }
}

unsafe extern "efiapi" fn connect(_this: *mut ISynthSinkDMus, _sink: *mut IMXF) -> NTSTATUS {
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn render(
    _this: *mut ISynthSinkDMus,
    buffer: *mut u8,
    length: u32,
    position: i64,
) {
    log().renders.push((length, position));
    if fault(Fault::LazyRender) {
        return;
    }
    let over = if log().fault == Fault::OverrunRender {
        2
    } else {
        0
    };
    // SAFETY: the buffer has `length` bytes (the fault writes behind on purpose, into the wave sink's guard).
    unsafe { ptr::write_bytes(buffer, 0, length as usize + over) };
}

unsafe extern "efiapi" fn sync(this: *mut ISynthSinkDMus, time: i64, start: i32) -> NTSTATUS {
    // SAFETY: our object.
    let now = unsafe { master(com::of::<Stream, _>(this)) };
    log().syncs.push((now, time, start != 0));
    if fault(Fault::SyncFails) {
        STATUS_UNSUCCESSFUL
    } else {
        STATUS_SUCCESS
    }
}

unsafe extern "efiapi" fn to_ref(
    _this: *mut ISynthSinkDMus,
    _sample: i64,
    out: *mut i64,
) -> NTSTATUS {
    converted(out, 0)
}

unsafe extern "efiapi" fn to_sample(
    _this: *mut ISynthSinkDMus,
    _time: i64,
    out: *mut i64,
) -> NTSTATUS {
    converted(out, 1 << 40)
}

/// A conversion that is not there, or wrong.
fn converted(out: *mut i64, wrong: i64) -> NTSTATUS {
    if !fault(Fault::WrongTimes) {
        return STATUS_NOT_IMPLEMENTED;
    }
    // SAFETY: PortCls' out parameter.
    unsafe { *out = wrong };
    STATUS_SUCCESS
}
