// SPDX-License-Identifier: MIT OR Apache-2.0
//! Streams of a WaveRT miniport: the cyclic buffer, its notification events, and what a client asks of them.

mod pages;
mod properties;

use core::ffi::c_void;
use core::ptr;

use arioso_core::ks::guid::*;
use arioso_core::ks::ks::*;
use arioso_core::ks::ksmedia::*;
use arioso_core::ks::portcls::*;
use arioso_core::ks::status::*;
use arioso_core::ks::{BOOLEAN, PMDL};

use super::com::Ref;
use super::pin::{Connect, poison};
use super::verify::{Rule, violation};
use crate::executive::ob::{Kind, ObReferenceObjectByHandle, ObfDereferenceObject, kind_of};
use crate::guest_call;
use crate::nt::{HANDLE, KPROCESSOR_MODE, NTSTATUS};
use crate::{clock, guest, user};
use pages::{Pages, PagesObject};
pub use properties::items;

const EVENT_MODIFY_STATE: u32 = 2;
const UNSET: usize = 0xAAAA_AAAA_AAAA_AAAA;

pub struct WaveRt {
    stream: Ref<IMiniportWaveRTStream>,
    notification: Option<Ref<IMiniportWaveRTStreamNotification>>,
    input: Option<Ref<IMiniportWaveRTInputStream>>,
    output: Option<Ref<IMiniportWaveRTOutputStream>>,
    pages: Ref<IPortWaveRTStream>,
    buffer: Option<Buffer>,
    /// Registered events, each with a reference.
    events: Vec<*mut c_void>,
}

struct Buffer {
    mdl: PMDL,
    bytes: u32,
    /// The block in user mode.
    user: u64,
    notified: bool,
}

/// `IMiniportWaveRT::NewStream`.
///
/// # Safety
/// A live miniport, at PASSIVE_LEVEL.
pub unsafe fn open(miniport: &Ref<IMiniportWaveRT>, connect: &Connect) -> Result<WaveRt, NTSTATUS> {
    const RULE: &str = "IMiniportWaveRT::NewStream";
    // SAFETY: by the contract.
    unsafe {
        let pages = Ref::from_owned(Pages::create().cast::<IPortWaveRTStream>()).expect("new");
        let format = connect.aligned_format();
        let capture = BOOLEAN::from(connect.flow == KSPIN_DATAFLOW_OUT);
        let mut stream = UNSET;
        let stream_at = &raw mut stream;
        let status = guest_call!(
            (*(*miniport.get()).lpVtbl).NewStream,
            miniport.get(),
            stream_at,
            pages.get(),
            connect.pin,
            capture,
            format.as_ptr()
        ) as NTSTATUS;
        poison(format);
        if status < 0 {
            if stream != UNSET && stream != 0 {
                violation(
                    Rule::NewStream,
                    RULE,
                    format!("failed with {status:#x}, but returned a stream"),
                );
            }
            return Err(status);
        }
        let Some(stream) = (stream != UNSET)
            .then(|| Ref::from_owned(stream as *mut IMiniportWaveRTStream))
            .flatten()
        else {
            violation(Rule::NewStream, RULE, "success without a stream".to_owned());
            return Err(STATUS_UNSUCCESSFUL);
        };
        Ok(WaveRt {
            notification: stream.query(&IID_IMiniportWaveRTStreamNotification),
            input: stream.query(&IID_IMiniportWaveRTInputStream),
            output: stream.query(&IID_IMiniportWaveRTOutputStream),
            stream,
            pages,
            buffer: None,
            events: Vec::new(),
        })
    }
}

impl WaveRt {
    pub fn unknown(&self) -> *mut IUnknown {
        self.stream.unknown()
    }

    pub fn stream(&self) -> *mut IMiniportWaveRTStream {
        self.stream.get()
    }

    /// The stream's `SetState`, by `call`, which returns in time.
    pub fn timed(state: KSSTATE, call: impl FnOnce() -> NTSTATUS) -> NTSTATUS {
        /// The page names no time: far longer than any hardware takes (ns).
        const LONGEST: u64 = 100_000_000;
        let begin = clock::now_ns();
        let status = call();
        let time = clock::now_ns() - begin;
        if time > LONGEST && !guest::is_exploring() {
            violation(
                Rule::PcTimedWaveRtStreamSetState,
                "IMiniportWaveRTStream::SetState",
                format!("to {state} took {} ms", time / 1_000_000),
            );
        }
        status
    }

    /// The cyclic buffer, for the client's address space. `notifications`: with that many events in a cycle.
    ///
    /// # Safety
    /// At PASSIVE_LEVEL.
    unsafe fn allocate(
        &mut self,
        requested: u32,
        notifications: Option<u32>,
    ) -> Result<KSRTAUDIO_BUFFER, NTSTATUS> {
        const RULE: &str = "AllocateAudioBuffer";
        if self.buffer.is_some() {
            return Err(STATUS_UNSUCCESSFUL);
        }
        let (mut mdl, mut bytes, mut offset, mut cache) = (UNSET, u32::MAX, u32::MAX, i32::MAX);
        let outs = (
            &raw mut mdl,
            &raw mut bytes,
            &raw mut offset,
            &raw mut cache,
        );
        // SAFETY: the objects are alive while referenced, the out parameters during the call.
        let status = unsafe {
            match notifications {
                None => {
                    let s = self.stream.get();
                    let routine = (*(*s).lpVtbl).AllocateAudioBuffer;
                    guest_call!(routine, s, requested, outs.0, outs.1, outs.2, outs.3)
                }
                Some(count) => {
                    let s = self
                        .notification
                        .as_ref()
                        .ok_or(STATUS_NOT_SUPPORTED)?
                        .get();
                    let routine = (*(*s).lpVtbl).AllocateBufferWithNotification;
                    guest_call!(routine, s, count, requested, outs.0, outs.1, outs.2, outs.3)
                }
            }
        } as NTSTATUS;
        if status < 0 {
            return Err(status);
        }
        let mdl = mdl as PMDL;
        // SAFETY: our own object.
        let pages = unsafe { &(*self.pages.get().cast::<PagesObject>()).value };
        let Some((user, room)) = pages.user_range(mdl) else {
            violation(
                Rule::AudioBuffer,
                RULE,
                format!("the MDL {mdl:p} is not of the stream's IPortWaveRTStream"),
            );
            return Err(STATUS_UNSUCCESSFUL);
        };
        self.buffer = Some(Buffer {
            mdl,
            bytes,
            user,
            notified: notifications.is_some(),
        });
        if bytes == 0 || u64::from(offset) + u64::from(bytes) > room as u64 {
            violation(
                Rule::AudioBuffer,
                RULE,
                format!("{bytes} bytes from {offset} of an MDL of {room} bytes"),
            );
            self.free();
            return Err(STATUS_UNSUCCESSFUL);
        }
        if !(0..=2).contains(&cache) {
            violation(Rule::AudioBuffer, RULE, format!("cache type {cache}"));
        }
        user::expose(user, room);
        Ok(KSRTAUDIO_BUFFER {
            BufferAddress: ptr::without_provenance_mut(user as usize + offset as usize),
            ActualBufferSize: bytes,
            // MmWriteCombined
            CallMemoryBarrier: i32::from(cache == 2),
        })
    }

    fn free(&mut self) {
        let Some(buffer) = self.buffer.take() else {
            return;
        };
        user::hide(buffer.user);
        // SAFETY: the objects are alive while referenced.
        unsafe {
            match self.notification.as_ref().filter(|_| buffer.notified) {
                Some(s) => {
                    let routine = (*(*s.get()).lpVtbl).FreeBufferWithNotification;
                    guest_call!(routine, s.get(), buffer.mdl, buffer.bytes);
                }
                None => {
                    let s = self.stream.get();
                    guest_call!((*(*s).lpVtbl).FreeAudioBuffer, s, buffer.mdl, buffer.bytes);
                }
            }
        }
    }

    /// An event of the client's, signalled at the notifications of the buffer.
    ///
    /// # Safety
    /// At PASSIVE_LEVEL in the client's process.
    unsafe fn register(&mut self, handle: HANDLE, mode: KPROCESSOR_MODE) -> NTSTATUS {
        // SAFETY: by the contract.
        unsafe {
            let Some(notification) = self.notification.clone() else {
                return STATUS_NOT_SUPPORTED;
            };
            if !self.buffer.as_ref().is_some_and(|b| b.notified) {
                return STATUS_INVALID_DEVICE_STATE;
            }
            let event = match reference(handle, mode) {
                Ok(event) => event,
                Err(status) => return status,
            };
            let s = notification.get();
            let routine = (*(*s).lpVtbl).RegisterNotificationEvent;
            let status = guest_call!(routine, s, event) as NTSTATUS;
            if status < 0 {
                ObfDereferenceObject(event);
                return status;
            }
            if self.events.contains(&event) {
                violation(
                    Rule::NotificationEvent,
                    "RegisterNotificationEvent",
                    "an event was registered twice".to_owned(),
                );
            }
            self.events.push(event);
            status
        }
    }

    /// # Safety
    /// At PASSIVE_LEVEL in the client's process.
    unsafe fn unregister(&mut self, handle: HANDLE, mode: KPROCESSOR_MODE) -> NTSTATUS {
        // SAFETY: by the contract.
        unsafe {
            let event = match reference(handle, mode) {
                Ok(event) => event,
                Err(status) => return status,
            };
            let known = self.events.iter().position(|&e| e == event);
            let status = self.unregister_event(event);
            ObfDereferenceObject(event);
            match known {
                Some(at) if status >= 0 => {
                    self.events.remove(at);
                    ObfDereferenceObject(event);
                }
                None if status >= 0 => violation(
                    Rule::NotificationEvent,
                    "UnregisterNotificationEvent",
                    "success for an event that was not registered".to_owned(),
                ),
                _ => {}
            }
            status
        }
    }

    unsafe fn unregister_event(&self, event: *mut c_void) -> NTSTATUS {
        // SAFETY: alive while referenced.
        unsafe {
            match &self.notification {
                Some(s) => {
                    let routine = (*(*s.get()).lpVtbl).UnregisterNotificationEvent;
                    guest_call!(routine, s.get(), event) as NTSTATUS
                }
                None => STATUS_NOT_SUPPORTED,
            }
        }
    }

    /// The pin is closed, and the stream stopped: what the client left is taken back, then the stream goes.
    pub fn close(mut self) {
        for event in core::mem::take(&mut self.events) {
            // SAFETY: registered, with a reference.
            unsafe {
                let status = self.unregister_event(event);
                if status < 0 {
                    violation(
                        Rule::NotificationEvent,
                        "UnregisterNotificationEvent",
                        format!("{status:#x} for an event that is registered"),
                    );
                }
                ObfDereferenceObject(event);
            }
        }
        self.free();
        let WaveRt {
            stream,
            notification,
            input,
            output,
            pages,
            ..
        } = self;
        drop((notification, input, output, stream));
        // SAFETY: our own object.
        let references = unsafe { (*pages.get().cast::<PagesObject>()).references() };
        if references != 1 {
            violation(
                Rule::ReferenceStream,
                "references",
                format!("IPortWaveRTStream has {references} references after the stream's release"),
            );
        }
    }
}

/// A referenced event.
unsafe fn reference(handle: HANDLE, mode: KPROCESSOR_MODE) -> Result<*mut c_void, NTSTATUS> {
    let mut object = ptr::null_mut();
    let none = ptr::null_mut();
    // SAFETY: a handle of the caller's process, or not.
    unsafe {
        let at = &mut object;
        let status =
            ObReferenceObjectByHandle(handle, EVENT_MODIFY_STATE, none, mode, at, ptr::null_mut());
        if status < 0 {
            return Err(status);
        }
        if kind_of(object) != Some(Kind::Event) {
            ObfDereferenceObject(object);
            return Err(STATUS_OBJECT_TYPE_MISMATCH);
        }
        Ok(object)
    }
}
