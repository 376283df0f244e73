// SPDX-License-Identifier: MIT OR Apache-2.0
//! `IMiniportDMus`.

use super::capture::CaptureStream;
use super::render::RenderStream;
use super::wave::WaveStream;
use super::{CAPTURE_PIN, MIDI_PIN, RATES, WAVE_PIN};
use crate::com::descriptor::Static;
use crate::com::event_origin::EventOrigin;
use crate::com::miniport::{MiniportDMus, NewStream, StreamRequest, miniport_dmus};
use crate::com::object::{ObjectRef, class};
use crate::com::port::Port;
use crate::com::service::ServiceGroup;
use crate::engine::{CaptureHandle, Engine};
use crate::kernel::Result;
use crate::kernel::irql::Passive;
use arioso_core::ks::dmusicks::{
    DMUS_STREAM_MIDI_CAPTURE, DMUS_STREAM_MIDI_RENDER, DMUS_STREAM_WAVE_SINK, IMiniportDMusVtbl,
};
use arioso_core::ks::guid::{
    IID_IMiniport, IID_IMiniportDMus, KSDATAFORMAT_SPECIFIER_WAVEFORMATEX,
    KSDATAFORMAT_SUBTYPE_PCM, KSDATAFORMAT_TYPE_AUDIO,
};
use arioso_core::ks::ks::KSDATAFORMAT;
use arioso_core::ks::ksmedia::WAVEFORMATEX;
use arioso_core::ks::portcls::PCFILTER_DESCRIPTOR;
use arioso_core::ks::status::{
    STATUS_INVALID_DEVICE_REQUEST, STATUS_INVALID_PARAMETER, STATUS_NO_MATCH,
};
use arioso_core::ks::{GUID, Wire};
use arioso_core::mem::Shared;

/// Identifies our miniport object.
const IID_MINIPORT: GUID = GUID::from_u128(0xE3A9_46F1_2C70_4D58_B1A4_8D60_97F2_5E1C);

/// The miniport of one device.
pub struct Miniport {
    engine: Shared<Engine>,
    filter: &'static Static<PCFILTER_DESCRIPTOR>,
}

class!(Miniport: IMiniportDMusVtbl = miniport_dmus::<Miniport>, [IID_MINIPORT, IID_IMiniport, IID_IMiniportDMus]);

impl Miniport {
    /// `filter` is what `GetDescription` tells.
    pub fn new(engine: Shared<Engine>, filter: &'static Static<PCFILTER_DESCRIPTOR>) -> Self {
        Self { engine, filter }
    }

    pub fn engine(&self) -> &Shared<Engine> {
        &self.engine
    }
}

impl MiniportDMus for Miniport {
    fn description(&self) -> &'static PCFILTER_DESCRIPTOR {
        &self.filter.0
    }

    fn init(&self, passive: Passive, port: Port) -> Result<ServiceGroup> {
        self.engine.thru().install(passive, port)
    }

    fn new_stream(&self, passive: Passive, request: StreamRequest<'_>) -> Result<NewStream> {
        match (request.kind, request.pin) {
            (DMUS_STREAM_MIDI_RENDER, MIDI_PIN) => {
                let allocator = request.allocator.ok_or(STATUS_INVALID_PARAMETER)?;
                let pin = Engine::open_pin(
                    &self.engine,
                    passive,
                    EventOrigin::Port(allocator),
                    request.clock,
                )?;
                NewStream::new(ObjectRef::new(RenderStream::new(pin))?)
            }
            (DMUS_STREAM_MIDI_CAPTURE, CAPTURE_PIN) => {
                let allocator = request.allocator.ok_or(STATUS_INVALID_PARAMETER)?;
                let handle = CaptureHandle::open(&self.engine, passive, allocator, request.clock)?;
                let group = handle.group(passive).ok_or(STATUS_INVALID_DEVICE_REQUEST)?;
                Ok(NewStream::new(ObjectRef::new(CaptureStream::new(handle))?)?.served_by(group))
            }
            (DMUS_STREAM_WAVE_SINK, WAVE_PIN) => {
                let rate = wave_rate(request.format)?;
                let sink = Engine::open_sink(&self.engine, passive, rate, request.clock)?;
                NewStream::new(ObjectRef::new(WaveStream::new(sink, request.allocator))?)
            }
            _ => Err(STATUS_INVALID_DEVICE_REQUEST),
        }
    }
}

/// The sample rate of a format that the wave pin can yield: 16-bit stereo PCM.
fn wave_rate(format: &[u8]) -> Result<u32> {
    const WAVE_FORMAT_PCM: u16 = 1;
    let head = KSDATAFORMAT::read_from(format).ok_or(STATUS_INVALID_PARAMETER)?;
    if head.MajorFormat != KSDATAFORMAT_TYPE_AUDIO
        || head.SubFormat != KSDATAFORMAT_SUBTYPE_PCM
        || head.Specifier != KSDATAFORMAT_SPECIFIER_WAVEFORMATEX
    {
        return Err(STATUS_NO_MATCH);
    }
    let wave = format.get(size_of::<KSDATAFORMAT>()..).unwrap_or_default();
    let wave = WAVEFORMATEX::read_from(wave).ok_or(STATUS_INVALID_PARAMETER)?;
    let rate = wave.nSamplesPerSec;
    if wave.wFormatTag == WAVE_FORMAT_PCM
        && wave.nChannels == 2
        && wave.wBitsPerSample == 16
        && wave.nBlockAlign == 4
        && RATES.contains(&rate)
    {
        Ok(rate)
    } else {
        Err(STATUS_NO_MATCH)
    }
}
