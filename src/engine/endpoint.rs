// SPDX-License-Identifier: MIT OR Apache-2.0
//! The endpoint's stream, as its miniport stream sees it.

use super::Engine;
use super::Format;
use super::endpoint_stream::EndpointStream;
use crate::com::port::PortStream;
use crate::com::wave_rt::SharedBuffer;
use crate::kernel::dpc::Dpc;
use crate::kernel::irql::Passive;
use crate::kernel::{Result, no_memory};
use arioso_core::ks::PMDL;
use arioso_core::ks::ks::{KSSTATE, KSSTATE_RUN};
use arioso_core::ks::status::STATUS_INVALID_DEVICE_STATE;
use arioso_core::mem::Shared;

/// The open endpoint. Dropping it (at `PASSIVE_LEVEL`) closes it.
pub struct EndpointHandle {
    engine: Shared<Engine>,
    port: PortStream,
    stream: Shared<Dpc<EndpointStream>>,
}

impl EndpointHandle {
    pub(super) fn new(engine: Shared<Engine>, port: PortStream, format: Format) -> Result<Self> {
        let stream = EndpointStream::new(engine.common.clone(), engine.levels.clone(), format)?;
        let stream = Shared::try_new(Dpc::new(stream)?).map_err(no_memory)?;
        Ok(Self {
            engine,
            port,
            stream,
        })
    }

    pub fn stream(&self) -> &EndpointStream {
        self.stream.routine()
    }

    /// Entering RUN makes this the owner; leaving it hands the output back to the wave sink, if that runs.
    pub fn set_state(&self, passive: Passive, state: KSSTATE) -> Result {
        if self.engine.common.is_closed() || state != KSSTATE_RUN {
            self.stop(passive);
        } else if self.stream().has_buffer() {
            self.engine.run_endpoint(passive, &self.stream)?;
        } else {
            return Err(STATUS_INVALID_DEVICE_STATE);
        }
        self.stream().set_state(state);
        Ok(())
    }

    fn stop(&self, passive: Passive) {
        if self.stream().state() == KSSTATE_RUN {
            self.engine.stop_endpoint(passive);
        }
    }

    /// Makes the cyclic buffer; its MDL and size.
    pub fn allocate(
        &self,
        passive: Passive,
        bytes: u32,
        notifications: Option<u32>,
    ) -> Result<(PMDL, u32)> {
        let size = self.stream().buffer_size(bytes, notifications)?;
        let buffer = SharedBuffer::new(passive, self.port.clone(), size as usize)?;
        let mdl = buffer.mdl();
        let refused = self.stream().put_buffer(buffer, notifications);
        refused.map_err(|_| STATUS_INVALID_DEVICE_STATE)?;
        Ok((mdl, size))
    }

    /// Frees the buffer; a stream that runs is stopped first.
    pub fn free(&self, passive: Passive) {
        self.stop(passive);
        drop(self.stream().take_buffer());
    }
}

impl Drop for EndpointHandle {
    fn drop(&mut self) {
        let passive = Passive::of_drop();
        self.free(passive);
        self.engine
            .registry
            .with(passive, |registry| registry.endpoint_open = false);
    }
}
