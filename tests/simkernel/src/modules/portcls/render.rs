// SPDX-License-Identifier: MIT OR Apache-2.0
//! The way of a stream write: request → unpacker → (sequencer) → `IMXF::PutMessage`.

use core::ptr;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

use arioso_core::ks::dmusicks::*;
use arioso_core::ks::ks::*;
use arioso_core::ks::status::*;

use super::allocator::{Allocator, BUFFER_SIZE};
use super::clock;
use super::imports::probe_write;
use super::pin::{Pin, Role};
use super::reader::Queue;
use super::unpack::{self, ByteStream, Piece};
use super::verify::{Rule, violation};
use crate::executive::ke::*;
use crate::executive::mm::system_address;
use crate::guest_call;
use crate::modules::{irp, thunk};
use crate::nt::NTSTATUS;
use crate::nt::*;
use crate::state::Global;

/// A timer as the sequencer has it: 1 ms.
const RESOLUTION: i64 = 10_000;

/// Messages longer than a buffer come as a package instead of a chain of fragments.
static PACKAGES: Global<bool> = Global::new(false);

/// For writes from now on.
pub fn configure(packages: bool) {
    *PACKAGES.get() = packages;
}

/// State of a render pin.
pub struct Render {
    midi: bool,
    prefetch: u64,
    bytes: ByteStream,
    queue: Box<Queue>,
    /// Master time at which stream time was zero, while in RUN.
    base: i64,
    /// Stream time when RUN was left.
    paused_at: i64,
    held: BinaryHeap<Reverse<(i64, u64, usize)>>,
    arrivals: u64,
    timer: Option<Box<Timer>>,
}

struct Timer {
    timer: KTIMER,
    dpc: KDPC,
}

/// Builds events and gives them away, those of one time in one chain.
struct Output<'a> {
    allocator: &'a Allocator,
    stream: *mut IMXF,
    head: *mut DMUS_KERNEL_EVENT,
    tail: *mut DMUS_KERNEL_EVENT,
    time: i64,
    /// Where chains go when the port sequences; else straight to the stream.
    held: Option<Vec<*mut DMUS_KERNEL_EVENT>>,
}

impl Output<'_> {
    fn piece(&mut self, piece: Piece<'_>) {
        if !self.head.is_null() && piece.time != self.time {
            self.flush();
        }
        self.time = piece.time;
        if piece.bytes.len() <= BUFFER_SIZE || !*PACKAGES.get() {
            let (head, tail) = self.fragments(&piece);
            return self.append(head, tail);
        }
        let (inner, _) = self.fragments(&piece);
        // Only the package has a time.
        let mut event = inner;
        while !event.is_null() {
            // SAFETY: the events that have just been made.
            unsafe {
                (*event).ullPresTime100ns = 0;
                event = (*event).pNextEvt;
            }
        }
        let container = self.allocator.event();
        // SAFETY: a fresh event of the allocator.
        unsafe {
            (*container).cbEvent = u16::try_from(piece.bytes.len()).unwrap_or(u16::MAX);
            (*container).usChannelGroup = piece.group;
            (*container).usFlags = DMUS_KEF_PACKAGE_EVENT;
            (*container).ullPresTime100ns = piece.time;
            (*container).uData = DMUS_KERNEL_EVENT_DATA::from_package(inner);
        }
        self.append(container, container);
    }

    fn append(&mut self, head: *mut DMUS_KERNEL_EVENT, tail: *mut DMUS_KERNEL_EVENT) {
        if self.head.is_null() {
            self.head = head;
        } else {
            // SAFETY: the last event of our chain.
            unsafe { (*self.tail).pNextEvt = head };
        }
        self.tail = tail;
    }

    /// First and last event of the piece: one, or several where it is longer than a buffer.
    fn fragments(&self, piece: &Piece<'_>) -> (*mut DMUS_KERNEL_EVENT, *mut DMUS_KERNEL_EVENT) {
        let mut head: *mut DMUS_KERNEL_EVENT = ptr::null_mut();
        let mut tail = head;
        let mut parts = piece.bytes.chunks(BUFFER_SIZE).peekable();
        while let Some(part) = parts.next() {
            let incomplete = piece.incomplete || parts.peek().is_some();
            let event = self.event(piece, part, incomplete);
            if head.is_null() {
                head = event;
            } else {
                // SAFETY: the last event so far.
                unsafe { (*tail).pNextEvt = event };
            }
            tail = event;
        }
        (head, tail)
    }

    fn event(&self, piece: &Piece<'_>, part: &[u8], incomplete: bool) -> *mut DMUS_KERNEL_EVENT {
        let event = self.allocator.event();
        // SAFETY: a fresh event of the allocator; a buffer has BUFFER_SIZE bytes.
        unsafe {
            (*event).cbEvent = part.len() as u16;
            (*event).usChannelGroup = piece.group;
            (*event).usFlags = if incomplete {
                DMUS_KEF_EVENT_INCOMPLETE
            } else {
                DMUS_KEF_EVENT_COMPLETE
            };
            (*event).ullPresTime100ns = piece.time;
            (*event).uData = if (*event).is_short() {
                let mut bytes = [0; 8];
                bytes[..part.len()].copy_from_slice(part);
                DMUS_KERNEL_EVENT_DATA::from_bytes(bytes)
            } else {
                let buffer = self.allocator.buffer();
                ptr::copy_nonoverlapping(part.as_ptr(), buffer, part.len());
                DMUS_KERNEL_EVENT_DATA::from_buffer(buffer)
            };
        }
        event
    }

    fn flush(&mut self) {
        let chain = core::mem::replace(&mut self.head, ptr::null_mut());
        if chain.is_null() {
            return;
        }
        match &mut self.held {
            Some(held) => held.push(chain),
            // SAFETY: a chain of the allocator's events; the stream is alive.
            None => unsafe { deliver(self.allocator, self.stream, chain) },
        }
    }
}

/// `PutMessage` at DISPATCH_LEVEL. From here on the chain is the driver's.
unsafe fn deliver(allocator: &Allocator, stream: *mut IMXF, chain: *mut DMUS_KERNEL_EVENT) {
    // SAFETY: by the callers.
    unsafe {
        allocator.hand_over(chain);
        let level = KfRaiseIrql(DISPATCH_LEVEL);
        let status = guest_call!((*(*stream).lpVtbl).PutMessage, stream, chain) as NTSTATUS;
        if KeGetCurrentIrql() != DISPATCH_LEVEL {
            violation(
                Rule::IrqlReturn,
                "IMXF::PutMessage",
                "returned at another IRQL".to_owned(),
            );
        }
        KeLowerIrql(level);
        if status < 0 {
            violation(
                Rule::PutMessage,
                "IMXF::PutMessage",
                format!("returned {status:#x}: a chain cannot be refused"),
            );
        }
    }
}

impl Render {
    pub fn new(midi: bool, prefetch: u64) -> Render {
        Render {
            midi,
            prefetch,
            bytes: ByteStream::default(),
            queue: Queue::new(),
            base: 0,
            paused_at: 0,
            held: BinaryHeap::new(),
            arrivals: 0,
            timer: None,
        }
    }

    pub fn run(&mut self, now: i64) {
        self.base = now - self.paused_at;
    }

    pub fn pause(&mut self, now: i64) {
        self.paused_at = now - self.base;
    }

    pub fn stop(&mut self) {
        self.paused_at = 0;
        self.bytes = ByteStream::default();
    }

    /// `IOCTL_KS_WRITE_STREAM`.
    ///
    /// # Safety
    /// A live render pin and a request on it.
    pub unsafe fn write(pin: *mut Pin, request: *mut IRP) -> NTSTATUS {
        // SAFETY: by the contract.
        unsafe {
            if (*pin).state() == KSSTATE_STOP {
                return irp::complete(request, STATUS_INVALID_DEVICE_STATE);
            }
            let status = probe_write(request);
            if status < 0 {
                return irp::complete(request, status);
            }
            let Role::Render(render) = &mut (*pin).role else {
                return irp::complete(request, STATUS_INVALID_DEVICE_REQUEST);
            };
            if !render.ready((*pin).state()) || !render.queue.is_empty() {
                render.queue.add(request);
                return STATUS_PENDING;
            }
            let status = Render::unpack(pin, request);
            irp::complete(request, status)
        }
    }

    /// DIRECTMUSIC data carry absolute times and may go to a paused stream; MIDI bytes wait for stream time to run.
    fn ready(&self, state: KSSTATE) -> bool {
        state == KSSTATE_RUN || (state == KSSTATE_PAUSE && !self.midi)
    }

    /// Serves the requests that waited for the state.
    ///
    /// # Safety
    /// A live pin.
    pub unsafe fn drain(pin: *mut Pin) {
        // SAFETY: by the contract.
        unsafe {
            loop {
                let Role::Render(render) = &mut (*pin).role else {
                    return;
                };
                if !render.ready((*pin).state()) {
                    return;
                }
                let request = render.queue.next();
                if request.is_null() {
                    return;
                }
                let status = Render::unpack(pin, request);
                irp::complete(request, status);
            }
        }
    }

    pub fn cancel(&mut self) {
        self.queue.cancel();
    }

    /// Unpacks all headers of a probed request.
    unsafe fn unpack(pin: *mut Pin, request: *mut IRP) -> NTSTATUS {
        // SAFETY: KsProbeStreamIrp copied the headers and locked and mapped the data, one MDL for each header with data.
        unsafe {
            let Role::Render(render) = &mut (*pin).role else {
                return STATUS_INVALID_DEVICE_REQUEST;
            };
            let stream = (*pin).stream();
            let mut output = Output {
                allocator: &*ptr::from_ref((*pin).allocator()),
                stream,
                head: ptr::null_mut(),
                tail: ptr::null_mut(),
                time: 0,
                held: (render.prefetch != DONT_HOLD_FOR_SEQUENCING).then(Vec::new),
            };
            let mut bytes = core::mem::take(&mut render.bytes);
            let (midi, base) = (render.midi, render.base);
            let mut at = irp::system_buffer(request).cast::<u8>();
            let end = at.add(irp::output_length(request));
            let mut mdl = (*request).MdlAddress;
            let mut result = Ok(());
            while at < end && result.is_ok() {
                let header = &*at.cast::<KSSTREAM_HEADER>();
                at = at.add(header.Size as usize);
                if header.DataUsed == 0 {
                    mdl = if header.FrameExtent > 0 && !mdl.is_null() {
                        (*mdl).Next
                    } else {
                        mdl
                    };
                    continue;
                }
                let data = irp::slice(
                    system_address(mdl).cast::<u8>().cast_const(),
                    header.DataUsed as usize,
                );
                mdl = (*mdl).Next;
                let time = presentation(header);
                result = if midi {
                    let start = if header.PresentationTime.Time == 0 {
                        clock::now()
                    } else {
                        base.saturating_add(time)
                    };
                    unpack::midi(&mut bytes, data, start, |piece| output.piece(piece))
                } else {
                    unpack::direct_music(data, time, |piece| output.piece(piece))
                };
            }
            output.flush();
            let held = output.held.take();
            if let Role::Render(render) = &mut (*pin).role {
                render.bytes = bytes;
                if let Some(chains) = held {
                    render.hold(pin, chains);
                }
            }
            irp::set_information(request, irp::output_length(request));
            if result.is_ok() {
                STATUS_SUCCESS
            } else {
                STATUS_INVALID_BUFFER_SIZE
            }
        }
    }

    /// The port's own sequencer: events wait until `prefetch` before their time.
    unsafe fn hold(&mut self, pin: *mut Pin, chains: Vec<*mut DMUS_KERNEL_EVENT>) {
        for chain in chains {
            self.arrivals += 1;
            // SAFETY: a chain of our events.
            let time = unsafe { (*chain).ullPresTime100ns };
            self.held
                .push(Reverse((time, self.arrivals, chain as usize)));
        }
        // SAFETY: the timer lives as long as the pin: `take_held` cancels it.
        unsafe {
            let level = KfRaiseIrql(DISPATCH_LEVEL);
            Render::sequence(pin);
            KeLowerIrql(level);
        }
    }

    /// Delivers what is due and sets the timer for the rest.
    unsafe fn sequence(pin: *mut Pin) {
        // SAFETY: a live pin; no borrow lives across a call of the driver.
        unsafe {
            let stream = (*pin).stream();
            loop {
                let Role::Render(render) = &mut (*pin).role else {
                    return;
                };
                let Some(&Reverse((time, _, chain))) = render.held.peek() else {
                    return;
                };
                let prefetch = i64::try_from(render.prefetch).unwrap_or(i64::MAX);
                let due = time.saturating_sub(prefetch);
                let now = clock::now();
                if due > now {
                    render.arm(pin, due - now);
                    return;
                }
                render.held.pop();
                deliver(
                    &*ptr::from_ref((*pin).allocator()),
                    stream,
                    chain as *mut DMUS_KERNEL_EVENT,
                );
            }
        }
    }

    unsafe fn arm(&mut self, pin: *mut Pin, wait: i64) {
        // SAFETY: the timer's memory is stable.
        unsafe {
            let timer = self.timer.get_or_insert_with(|| {
                let mut timer: Box<Timer> = Box::new(core::mem::zeroed());
                let routine = thunk::code(
                    "portcls.sys",
                    "sequencer DPC",
                    sequencer_dpc as *const () as usize,
                    DISPATCH_LEVEL,
                );
                KeInitializeTimer(&mut timer.timer);
                KeInitializeDpc(
                    &mut timer.dpc,
                    core::mem::transmute::<usize, PKDEFERRED_ROUTINE>(routine),
                    pin.cast(),
                );
                timer
            });
            KeSetTimer(&mut timer.timer, -wait.max(RESOLUTION), &mut timer.dpc);
        }
    }

    /// All chains that the sequencer holds, as one. Stops its timer.
    pub fn take_held(&mut self) -> *mut DMUS_KERNEL_EVENT {
        if let Some(timer) = &mut self.timer {
            // SAFETY: at PASSIVE_LEVEL; the DPC is through afterwards.
            unsafe {
                KeCancelTimer(&mut timer.timer);
                KeFlushQueuedDpcs();
            }
        }
        let mut all = ptr::null_mut();
        for Reverse((_, _, chain)) in self.held.drain() {
            let chain = chain as *mut DMUS_KERNEL_EVENT;
            // SAFETY: chains of our events.
            unsafe {
                let mut last = chain;
                while !(*last).pNextEvt.is_null() {
                    last = (*last).pNextEvt;
                }
                (*last).pNextEvt = all;
            }
            all = chain;
        }
        all
    }
}

unsafe extern "efiapi" fn sequencer_dpc(_dpc: *mut KDPC, pin: PVOID, _a: PVOID, _b: PVOID) {
    // SAFETY: the pin cancels the timer before it goes.
    unsafe { Render::sequence(pin.cast()) }
}

/// `Time × Numerator / Denominator`, 100 ns.
pub fn presentation(header: &KSSTREAM_HEADER) -> i64 {
    let t = header.PresentationTime;
    if t.Numerator == t.Denominator || t.Numerator == 0 || t.Denominator == 0 {
        return t.Time;
    }
    let scaled = i128::from(t.Time) * i128::from(t.Numerator) / i128::from(t.Denominator);
    scaled.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
}
