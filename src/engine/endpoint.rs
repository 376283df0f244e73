//! The endpoint's stream, as its miniport stream sees it.

use super::Engine;
use super::Format;
use super::line::Line;
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
    line: Shared<Dpc<Line>>,
}

impl EndpointHandle {
    pub(super) fn new(engine: Shared<Engine>, port: PortStream, format: Format) -> Result<Self> {
        let line = Line::new(
            engine.common.clone(),
            engine.levels.clone(),
            format,
            engine.settings.lead,
        )?;
        let line = Shared::try_new(Dpc::new(line)?).map_err(no_memory)?;
        Ok(Self { engine, port, line })
    }

    pub fn line(&self) -> &Line {
        self.line.routine()
    }

    /// Entering RUN makes this the owner; leaving it hands the output back to the wave sink, if that runs.
    pub fn set_state(&self, passive: Passive, state: KSSTATE) -> Result {
        if self.engine.common.is_closed() || state != KSSTATE_RUN {
            self.stop(passive);
        } else if self.line().has_buffer() {
            self.engine.run_line(passive, &self.line)?;
        } else {
            return Err(STATUS_INVALID_DEVICE_STATE);
        }
        self.line().set_state(state);
        Ok(())
    }

    fn stop(&self, passive: Passive) {
        if self.line().state() == KSSTATE_RUN {
            self.engine.stop_line(passive);
        }
    }

    /// Makes the cyclic buffer; its MDL and size.
    pub fn allocate(
        &self,
        passive: Passive,
        bytes: u32,
        notifications: Option<u32>,
    ) -> Result<(PMDL, u32)> {
        let size = self.line().buffer_size(bytes, notifications)?;
        let buffer = SharedBuffer::new(passive, self.port.clone(), size as usize)?;
        let mdl = buffer.mdl();
        let refused = self.line().put_buffer(buffer, notifications);
        refused.map_err(|_| STATUS_INVALID_DEVICE_STATE)?;
        Ok((mdl, size))
    }

    /// Frees the buffer; a stream that runs is stopped first.
    pub fn free(&self, passive: Passive) {
        self.stop(passive);
        drop(self.line().take_buffer());
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
