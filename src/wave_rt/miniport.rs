// SPDX-License-Identifier: MIT OR Apache-2.0
//! `IMiniportWaveRT`.

use super::filter::FILTER;
use super::stream::Stream;
use super::{CAPTURE_PIN, PINS, format, modes};
use crate::com::object::{ObjectRef, class};
use crate::com::port::{PortStream, PortWaveRt};
use crate::com::wave_rt::{MiniportWaveRt, NewWaveStream, miniport_wave_rt, wave_rt_modes};
use crate::engine::Engine;
use crate::kernel::Result;
use crate::kernel::irql::Passive;
use arioso_core::ks::GUID;
use arioso_core::ks::guid::{
    IID_IMiniport, IID_IMiniportAudioSignalProcessing, IID_IMiniportWaveRT,
};
use arioso_core::ks::portcls::{
    IMiniportAudioSignalProcessingVtbl, IMiniportWaveRTVtbl, PCFILTER_DESCRIPTOR,
};
use arioso_core::ks::status::{
    STATUS_INVALID_DEVICE_REQUEST, STATUS_INVALID_PARAMETER, STATUS_NO_MATCH, STATUS_NOT_SUPPORTED,
};
use arioso_core::mem::Shared;

/// Identifies our WaveRT miniport.
const IID_WAVE_MINIPORT: GUID = GUID::from_u128(0x7D05_B3C2_4E91_4A6F_8C3D_92F0_65A1_7BE4);

/// The endpoint's miniport.
pub struct WaveMiniport {
    engine: Shared<Engine>,
}

class!(
    WaveMiniport: IMiniportWaveRTVtbl = miniport_wave_rt::<WaveMiniport>,
    [IID_WAVE_MINIPORT, IID_IMiniport, IID_IMiniportWaveRT],
    IMiniportAudioSignalProcessingVtbl = wave_rt_modes::<WaveMiniport>,
    IID_IMiniportAudioSignalProcessing
);

impl WaveMiniport {
    pub fn new(engine: Shared<Engine>) -> Self {
        Self { engine }
    }
}

impl MiniportWaveRt for WaveMiniport {
    fn description(&self) -> &'static PCFILTER_DESCRIPTOR {
        &FILTER.0
    }

    fn init(&self, _: Passive, _: PortWaveRt) -> Result {
        Ok(())
    }

    fn intersect(&self, pin: u32, client: &[u8], own: &[u8], out: &mut [u8]) -> Result<usize> {
        if pin != CAPTURE_PIN {
            return Err(STATUS_NO_MATCH);
        }
        format::intersect(client, own, out)
    }

    fn new_stream(
        &self,
        passive: Passive,
        port: PortStream,
        pin: u32,
        capture: bool,
        format: &[u8],
        attributes: &[u8],
    ) -> Result<NewWaveStream> {
        if pin != CAPTURE_PIN || !capture {
            return Err(STATUS_INVALID_DEVICE_REQUEST);
        }
        let format = format::parse(format)?;
        modes::check(modes::list(attributes)?)?;
        let endpoint = Engine::open_endpoint(&self.engine, passive, port, format)?;
        NewWaveStream::new(ObjectRef::new(Stream::new(endpoint))?)
    }

    fn modes(&self, pin: u32) -> Result<&'static [GUID]> {
        match pin {
            CAPTURE_PIN => Ok(&modes::MODES),
            ..PINS => Err(STATUS_NOT_SUPPORTED),
            _ => Err(STATUS_INVALID_PARAMETER),
        }
    }
}
