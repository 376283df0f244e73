// SPDX-License-Identifier: MIT OR Apache-2.0
//! The stream of the wave pin: `ISynthSinkDMus`.

use crate::com::event::Chain;
use crate::com::object::class;
use crate::com::port::Allocator;
use crate::com::stream::{Mxf, RenderBuffer, SynthSink, synth_sink};
use crate::engine::SinkHandle;
use crate::kernel::Result;
use crate::kernel::irql::Passive;
use arioso_core::ks::GUID;
use arioso_core::ks::dmusicks::ISynthSinkDMusVtbl;
use arioso_core::ks::guid::{IID_IMXF, IID_ISynthSinkDMus};
use arioso_core::ks::ks::{KSSTATE, KSSTATE_RUN, KSSTATE_STOP};
use arioso_core::ks::status::STATUS_INVALID_PARAMETER;

/// Identifies our wave streams.
const IID_WAVE_STREAM: GUID = GUID::from_u128(0x91B4_0E6D_57C8_43FA_A6D3_2E8C_740B_F915);

/// The instance of the wave pin. The last release closes it.
pub struct WaveStream {
    sink: SinkHandle,
    /// For events, which do not belong here, to go back to.
    allocator: Option<Allocator>,
}

class!(WaveStream: ISynthSinkDMusVtbl = synth_sink::<WaveStream>, [IID_WAVE_STREAM, IID_IMXF, IID_ISynthSinkDMus]);

impl WaveStream {
    pub fn new(sink: SinkHandle, allocator: Option<Allocator>) -> Self {
        Self { sink, allocator }
    }
}

impl Mxf for WaveStream {
    fn set_state(&self, passive: Passive, state: KSSTATE) -> Result {
        if !(KSSTATE_STOP..=KSSTATE_RUN).contains(&state) {
            return Err(STATUS_INVALID_PARAMETER);
        }
        self.sink.set_state(passive, state);
        Ok(())
    }

    /// A wave stream plays no events.
    fn put_message(&self, chain: Chain) {
        if let Some(allocator) = &self.allocator {
            allocator.give_back(chain);
        }
    }
}

impl SynthSink for WaveStream {
    fn render(&self, passive: Passive, mut buffer: RenderBuffer, position: i64) {
        let unit = self.sink.unit();
        let position = position
            .checked_div(i64::from(unit.per_frame()))
            .unwrap_or(0);
        self.sink.render(passive, buffer.bytes(unit), position);
    }

    fn sync_to_master(&self, passive: Passive, time: i64, start: bool) -> Result {
        self.sink.sync(passive, time, start);
        Ok(())
    }

    fn sample_to_ref_time(&self, sample: i64) -> i64 {
        self.sink.sample_to_ref_time(sample)
    }

    fn ref_time_to_sample(&self, time: i64) -> i64 {
        self.sink.ref_time_to_sample(time)
    }
}
