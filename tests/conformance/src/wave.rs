// SPDX-License-Identifier: MIT OR Apache-2.0
//! The way of the sound: the synthesizer's wave pin feeds a pin of an audio renderer.

use crate::Client;
use crate::connect;
use crate::error::Result;
use crate::filter::{Filter, Pin, PinInfo};
use arioso_core::ks::guid::{KSCATEGORY_MIXER, KSDATAFORMAT_SUBTYPE_PCM};
use arioso_core::ks::ks::{
    KSPIN_COMMUNICATION_SOURCE, KSPIN_DATAFLOW_IN, KSPIN_DATAFLOW_OUT, KSSTATE, KSSTATE_RUN,
    KSSTATE_STOP,
};

/// The two pins, connected.
pub struct WavePath<C: Client> {
    sink_filter: Filter<C>,
    /// The pin of the renderer.
    pub sink: Pin<C>,
    /// The wave pin of the synthesizer.
    pub source: Pin<C>,
}

/// Whether a pin is the wave output of a synthesizer.
pub fn is_wave_output(pin: &PinInfo) -> bool {
    pin.flow == KSPIN_DATAFLOW_OUT
        && pin.communication == KSPIN_COMMUNICATION_SOURCE
        && pin.takes(&KSDATAFORMAT_SUBTYPE_PCM)
}

impl<C: Client> WavePath<C> {
    /// Opens the first renderer and connects pin `wave_pin` of the synthesizer to it, 16-bit stereo.
    pub fn open(client: &mut C, synth: &Filter<C>, wave_pin: u32, rate: u32) -> Result<Self> {
        let (sink_filter, sink_pin) = Filter::find(client, &KSCATEGORY_MIXER, |pin| {
            pin.flow == KSPIN_DATAFLOW_IN && pin.takes(&KSDATAFORMAT_SUBTYPE_PCM)
        })?;
        let format = connect::pcm(rate);
        let sink = match sink_filter.create_pin(client, &connect::wave(sink_pin, format), None) {
            Ok(sink) => sink,
            Err(error) => {
                sink_filter.close(client);
                return Err(error);
            }
        };
        match synth.create_pin(client, &connect::wave(wave_pin, format), Some(sink.handle)) {
            Ok(source) => Ok(Self {
                sink_filter,
                sink,
                source,
            }),
            Err(error) => {
                client.close(sink.handle);
                sink_filter.close(client);
                Err(error)
            }
        }
    }

    /// Towards RUN the sink goes first, towards STOP the source.
    pub fn set_state(&mut self, client: &mut C, state: KSSTATE) -> Result<()> {
        if state == KSSTATE_STOP {
            self.source.set_state(client, state)?;
            self.sink.set_state(client, state)
        } else {
            self.sink.set_state(client, state)?;
            self.source.set_state(client, state)
        }
    }

    /// Takes both pins to RUN.
    pub fn run(&mut self, client: &mut C) -> Result<()> {
        self.set_state(client, KSSTATE_RUN)
    }

    /// Closes both pins and the renderer's filter.
    pub fn close(self, client: &mut C) -> Result<()> {
        let source = self.source.close(client);
        let sink = self.sink.close(client);
        self.sink_filter.close(client);
        source.and(sink)
    }
}
