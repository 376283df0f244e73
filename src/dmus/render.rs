// SPDX-License-Identifier: MIT OR Apache-2.0
//! The stream of a MIDI pin: `IMXF`.

use crate::com::event::Chain;
use crate::com::object::class;
use crate::com::stream::{Mxf, mxf};
use crate::engine::PinHandle;
use crate::kernel::Result;
use crate::kernel::irql::Passive;
use arioso_core::ks::GUID;
use arioso_core::ks::dmusicks::IMXFVtbl;
use arioso_core::ks::guid::IID_IMXF;
use arioso_core::ks::ks::{KSSTATE, KSSTATE_RUN, KSSTATE_STOP};
use arioso_core::ks::status::STATUS_INVALID_PARAMETER;

/// Identifies our render streams.
const IID_RENDER_STREAM: GUID = GUID::from_u128(0x0C8F_71D4_A25E_4936_8E0B_35D9_F461_B27A);

/// One instance of the MIDI pin: one virtual synthesizer. The last release closes it.
pub struct RenderStream {
    pin: PinHandle,
}

class!(RenderStream: IMXFVtbl = mxf::<RenderStream>, [IID_RENDER_STREAM, IID_IMXF]);

impl RenderStream {
    pub fn new(pin: PinHandle) -> Self {
        Self { pin }
    }

    pub fn pin(&self) -> &PinHandle {
        &self.pin
    }
}

impl Mxf for RenderStream {
    fn set_state(&self, passive: Passive, state: KSSTATE) -> Result {
        if !(KSSTATE_STOP..=KSSTATE_RUN).contains(&state) {
            return Err(STATUS_INVALID_PARAMETER);
        }
        self.pin.set_state(passive, state);
        Ok(())
    }

    fn put_message(&self, chain: Chain) {
        self.pin.put(chain);
    }
}
