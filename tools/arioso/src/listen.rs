// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where the sound comes out: the wave sink, or the endpoint that programs record.

use crate::failure::{Failure, Kind, Result};
use arioso_core::ks::guid::{KSCATEGORY_CAPTURE, KSDATAFORMAT_SUBTYPE_PCM};
use arioso_core::ks::ks::KSSTATE_RUN;
use conformance::Client;
use conformance::connect::SampleFormat;
use conformance::filter::Filter;
use conformance::rt_audio::{RtStream, is_capture};
use conformance::wave::{WavePath, is_wave_output};

/// Which way the sound takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Output {
    /// The wave sink, into an audio renderer
    Sink,
    /// The audio endpoint, recorded as programs do
    Endpoint,
}

/// The endpoint's buffer is this part of a second; it is read more often.
const PART: u32 = 5;

/// What the endpoint has given.
#[derive(Debug, Default)]
pub struct Recording {
    /// Master time of the first frame, 100 ns.
    pub started: i64,
    /// 16-bit stereo, interleaved.
    pub audio: Vec<i16>,
}

/// An open output, 16-bit stereo.
pub enum Audio<C: Client> {
    None,
    Sink(WavePath<C>),
    Endpoint(Endpoint<C>),
}

/// The endpoint, and how far it was read.
pub struct Endpoint<C: Client> {
    filter: Filter<C>,
    stream: RtStream<C>,
    position: u32,
    recording: Recording,
}

impl<C: Client> Audio<C> {
    pub fn open(
        client: &mut C,
        synth: &Filter<C>,
        output: Option<Output>,
        rate: u32,
    ) -> Result<Self> {
        match output {
            None => Ok(Self::None),
            Some(Output::Sink) => {
                let pin = synth
                    .pins(client)?
                    .into_iter()
                    .find(is_wave_output)
                    .ok_or_else(|| {
                        Failure::new(Kind::Session, "the synthesizer has no wave pin")
                    })?;
                Ok(Self::Sink(WavePath::open(client, synth, pin.id, rate)?))
            }
            Some(Output::Endpoint) => {
                let (filter, pin) = Filter::find(client, &KSCATEGORY_CAPTURE, |pin| {
                    is_capture(pin, &KSDATAFORMAT_SUBTYPE_PCM)
                })?;
                let format = SampleFormat::pcm(rate, 16);
                let mut stream = RtStream::open(client, &filter, pin, format)?;
                stream.allocate(client, rate / PART * format.frame_bytes())?;
                Ok(Self::Endpoint(Endpoint {
                    filter,
                    stream,
                    position: 0,
                    recording: Recording::default(),
                }))
            }
        }
    }

    /// Starts it; gives the master time at which its first frame is due.
    pub fn run(&mut self, client: &mut C) -> Result<i64> {
        let now = client.now();
        match self {
            Self::None => {}
            Self::Sink(wave) => wave.run(client)?,
            Self::Endpoint(endpoint) => {
                endpoint.stream.set_state(client, KSSTATE_RUN)?;
                endpoint.recording.started = now;
            }
        }
        Ok(now)
    }

    /// Reads what the endpoint has had since the last call. The wave sink's sound is the renderer's.
    pub fn listen(&mut self, client: &mut C) -> Result<&[i16]> {
        match self {
            Self::None | Self::Sink(_) => Ok(&[]),
            Self::Endpoint(endpoint) => endpoint.listen(client),
        }
    }

    /// What was recorded, of the endpoint.
    pub fn close(self, client: &mut C) -> Result<Option<Recording>> {
        match self {
            Self::None => Ok(None),
            Self::Sink(wave) => {
                wave.close(client)?;
                Ok(None)
            }
            Self::Endpoint(endpoint) => {
                endpoint.stream.close(client)?;
                endpoint.filter.close(client);
                Ok(Some(endpoint.recording))
            }
        }
    }
}

impl<C: Client> Endpoint<C> {
    fn listen(&mut self, client: &mut C) -> Result<&[i16]> {
        let (bytes, position) = self.stream.recorded(client, self.position)?;
        self.position = position;
        let audio = &mut self.recording.audio;
        let before = audio.len();
        let (samples, _) = bytes.as_chunks();
        audio.extend(samples.iter().map(|sample| i16::from_le_bytes(*sample)));
        Ok(&audio[before..])
    }
}
