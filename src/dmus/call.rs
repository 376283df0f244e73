// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whom a request of the synthesizer's filter is for.

use super::miniport::Miniport;
use super::render::RenderStream;
use crate::com::object::ObjectRef;
use crate::kernel::Result;
use crate::property::Call;
use arioso_core::ks::status::STATUS_INVALID_DEVICE_REQUEST;

/// What handlers of the synthesizer's properties ask of a call.
pub trait SynthCall {
    /// The MIDI pin that the request is for.
    ///
    /// # Errors
    /// `STATUS_INVALID_DEVICE_REQUEST` if it is for the filter or another pin.
    fn pin(&self) -> Result<ObjectRef<RenderStream>>;

    /// The miniport, which is always there.
    fn miniport(&self) -> Result<ObjectRef<Miniport>>;
}

impl SynthCall for Call<'_> {
    fn pin(&self) -> Result<ObjectRef<RenderStream>> {
        self.request.stream().ok_or(STATUS_INVALID_DEVICE_REQUEST)
    }

    fn miniport(&self) -> Result<ObjectRef<Miniport>> {
        self.request.miniport().ok_or(STATUS_INVALID_DEVICE_REQUEST)
    }
}
