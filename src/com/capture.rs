// SPDX-License-Identifier: MIT OR Apache-2.0
//! `IMXF`, for a stream that captures.

use super::event::Chain;
use super::object::{Class, vtable};
use super::port::Sink;
use crate::kernel::irql::Passive;
use crate::kernel::{Result, status};
use arioso_core::ks::NTSTATUS;
use arioso_core::ks::dmusicks::{DMUS_KERNEL_EVENT, IMXF, IMXFVtbl};
use arioso_core::ks::ks::KSSTATE;
use arioso_core::ks::status::{STATUS_INVALID_PARAMETER, STATUS_SUCCESS};

/// A capture stream.
pub trait Capture {
    fn set_state(&self, passive: Passive, state: KSSTATE) -> Result;

    /// The service group's DPC: delivers what there is. `DISPATCH_LEVEL`.
    fn service(&self);

    /// Events that do not belong here go back where they came from. `DISPATCH_LEVEL` or below.
    fn refuse(&self, chain: Chain);

    /// Events go to `sink` from now on.
    fn connect(&self, passive: Passive, sink: Sink) -> Result;

    /// Forgets the sink if `is_it` says so of it; it is not called any more when this returns.
    fn disconnect(&self, passive: Passive, is_it: impl FnOnce(&Sink) -> bool) -> Result;
}

/// Builds the vtable.
pub const fn capture<T: Class + Capture>() -> IMXFVtbl {
    vtable!([Class, Capture] IMXF, IMXFVtbl for T {
        SetState |stream, state: KSSTATE| -> NTSTATUS { status(stream.set_state(Passive::assume(), state)) }
        PutMessage |stream, chain: *mut DMUS_KERNEL_EVENT| -> NTSTATUS {
            if chain.is_null() {
                stream.service();
            } else {
                stream.refuse(Chain::from_raw(chain.cast()));
            }
            STATUS_SUCCESS
        }
        ConnectOutput |stream, sink: *mut IMXF| -> NTSTATUS {
            match Sink::new(sink) {
                Some(sink) => status(stream.connect(Passive::assume(), sink)),
                None => STATUS_INVALID_PARAMETER,
            }
        }
        DisconnectOutput |stream, sink: *mut IMXF| -> NTSTATUS {
            // Null: whatever is connected.
            status(stream.disconnect(Passive::assume(), |connected| sink.is_null() || connected.is(sink)))
        }
    })
}
