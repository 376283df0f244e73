// SPDX-License-Identifier: MIT OR Apache-2.0
//! The stream of a capture pin: `IMXF`, fed with what the render pins receive.

use crate::com::capture::{Capture, capture};
use crate::com::event::Chain;
use crate::com::object::{ObjectRef, class};
use crate::com::port::Sink;
use crate::engine::CaptureHandle;
use crate::kernel::Result;
use crate::kernel::irql::Passive;
use crate::property::rows::{transport_entry, write_transport};
use crate::property::{Call, Property};
use arioso_core::ks::dmusicks::IMXFVtbl;
use arioso_core::ks::guid::IID_IMXF;
use arioso_core::ks::ks::{KSSTATE, KSSTATE_RUN, KSSTATE_STOP};
use arioso_core::ks::status::{STATUS_INVALID_DEVICE_REQUEST, STATUS_INVALID_PARAMETER};
use arioso_core::ks::{GUID, NTSTATUS};

/// Identifies our capture streams.
const IID_CAPTURE_STREAM: GUID = GUID::from_u128(0xA40E_92C7_6B15_4D83_9F2C_58D1_07E3_BC64);

/// One instance of the capture pin. The last release closes it.
pub struct CaptureStream {
    handle: CaptureHandle,
}

class!(CaptureStream: IMXFVtbl = capture::<CaptureStream>, [IID_CAPTURE_STREAM, IID_IMXF]);

impl CaptureStream {
    pub fn new(handle: CaptureHandle) -> Self {
        Self { handle }
    }
}

impl Capture for CaptureStream {
    fn set_state(&self, passive: Passive, state: KSSTATE) -> Result {
        if !(KSSTATE_STOP..=KSSTATE_RUN).contains(&state) {
            return Err(STATUS_INVALID_PARAMETER);
        }
        self.handle.set_state(passive, state)
    }

    fn service(&self) {
        self.handle.deliver();
    }

    fn refuse(&self, chain: Chain) {
        self.handle.refuse(chain);
    }

    fn connect(&self, passive: Passive, sink: Sink) -> Result {
        self.handle.connect(passive, sink)
    }

    fn disconnect(&self, passive: Passive, is_it: impl FnOnce(&Sink) -> bool) -> Result {
        self.handle.disconnect(passive, is_it)
    }
}

/// The pin's own items.
pub const PROPERTIES: [Property; 1] = [transport_entry(transport)];

fn transport(call: &Call<'_>, value: &mut [u8]) -> Result<NTSTATUS> {
    let stream: Option<ObjectRef<CaptureStream>> = call.request.stream();
    let stream = stream.ok_or(STATUS_INVALID_DEVICE_REQUEST)?;
    write_transport(value, stream.handle.counts())
}
