// SPDX-License-Identifier: MIT OR Apache-2.0
//! The stream of the endpoint's pin.

use crate::com::object::class;
use crate::com::wave_rt::{Event, Packet, WaveRtStream, wave_rt_input, wave_rt_stream};
use crate::engine::EndpointHandle;
use crate::kernel::Result;
use crate::kernel::irql::Passive;
use arioso_core::ks::guid::{
    IID_IMiniportWaveRTInputStream, IID_IMiniportWaveRTStream,
    IID_IMiniportWaveRTStreamNotification,
};
use arioso_core::ks::ks::{KSSTATE, KSSTATE_RUN, KSSTATE_STOP};
use arioso_core::ks::ksmedia::KSRTAUDIO_HWLATENCY;
use arioso_core::ks::portcls::{
    IMiniportWaveRTInputStreamVtbl, IMiniportWaveRTStreamNotificationVtbl,
};
use arioso_core::ks::status::STATUS_INVALID_PARAMETER;
use arioso_core::ks::{GUID, PMDL};

/// Identifies our WaveRT streams.
const IID_STREAM: GUID = GUID::from_u128(0xD81E_6F27_93B4_4C5A_A0F6_1C7B_E843_52D9);

/// The instance of the endpoint's pin. The last release closes it.
pub struct Stream {
    endpoint: EndpointHandle,
}

class!(
    Stream: IMiniportWaveRTStreamNotificationVtbl = wave_rt_stream::<Stream>,
    [IID_STREAM, IID_IMiniportWaveRTStream, IID_IMiniportWaveRTStreamNotification],
    IMiniportWaveRTInputStreamVtbl = wave_rt_input::<Stream>,
    IID_IMiniportWaveRTInputStream
);

impl Stream {
    pub fn new(endpoint: EndpointHandle) -> Self {
        Self { endpoint }
    }
}

impl WaveRtStream for Stream {
    fn set_state(&self, passive: Passive, state: KSSTATE) -> Result {
        if !(KSSTATE_STOP..=KSSTATE_RUN).contains(&state) {
            return Err(STATUS_INVALID_PARAMETER);
        }
        self.endpoint.set_state(passive, state)
    }

    fn position(&self) -> u64 {
        self.endpoint.stream().position()
    }

    fn allocate(
        &self,
        passive: Passive,
        bytes: u32,
        notifications: Option<u32>,
    ) -> Result<(PMDL, u32)> {
        self.endpoint.allocate(passive, bytes, notifications)
    }

    fn free(&self, passive: Passive) {
        self.endpoint.free(passive);
    }

    /// What is written ahead is not ready before the position says so. Stamped events sound at their frame: nothing else delays.
    fn latency(&self) -> KSRTAUDIO_HWLATENCY {
        let stream = self.endpoint.stream();
        KSRTAUDIO_HWLATENCY {
            FifoSize: stream.lead().saturating_mul(stream.format().block()),
            ChipsetDelay: 0,
            CodecDelay: 0,
        }
    }

    fn add_event(&self, _: Passive, event: Event) -> Result {
        self.endpoint.stream().add_event(event)
    }

    fn remove_event(&self, _: Passive, event: Event) -> Result {
        self.endpoint.stream().remove_event(event)
    }

    fn read_packet(&self, _: Passive) -> Result<Packet> {
        self.endpoint.stream().read_packet()
    }
}
