// SPDX-License-Identifier: MIT OR Apache-2.0
//! The driver, played by keys: its MIDI pin takes messages, its endpoint gives frames.

use crate::failure::Result;
use crate::player::{self, PinKind, Sound};
use crate::song::SECOND;
use arioso_core::ks::arioso::ARIOSO_STATISTICS;
use arioso_core::ks::guid::{KSCATEGORY_CAPTURE, KSDATAFORMAT_SUBTYPE_IEEE_FLOAT};
use arioso_core::ks::ks::KSSTATE_RUN;
use conformance::Client;
use conformance::connect::SampleFormat;
use conformance::events::{MusicBuffer, Write, write};
use conformance::filter::{Filter, Pin};
use conformance::rt_audio::{RtStream, is_capture};
use conformance::{settings, synth};
use std::collections::VecDeque;

/// The endpoint's buffer is this part of a second.
const PART: u32 = 5;

/// Both filters, both pins.
pub struct Performer<C: Client> {
    synth: Filter<C>,
    keys: Pin<C>,
    capture: Filter<C>,
    stream: RtStream<C>,
    rate: u32,
    /// Master time when the stream began to run, and when the MIDI stream's clock stood at 0; 100 ns.
    started: i64,
    origin: i64,
    /// How long after it comes a message is played: what is rendered already is not changed. 100 ns.
    delay: i64,
    /// The endpoint's lead that is in it, ms.
    lead: u32,
    /// Time of the MIDI stream before which no message is played.
    earliest: i64,
    /// Frames that were asked for.
    made: u64,
    /// Where in the endpoint's buffer it was read to, bytes.
    position: u32,
    /// Read, and not asked for yet.
    frames: VecDeque<[f32; 2]>,
    writes: VecDeque<Write<C>>,
}

impl<C: Client> Performer<C> {
    /// Opens both pins and runs them.
    pub fn open(client: &mut C, rate: u32, sound: Sound) -> Result<Self> {
        let (synth, id) = player::find(client, PinKind::Midi)?;
        let mut keys = player::open(client, &synth, id, PinKind::Midi)?;
        player::set_up(client, &keys, sound)?;
        let (capture, id) = Filter::find(client, &KSCATEGORY_CAPTURE, |pin| {
            is_capture(pin, &KSDATAFORMAT_SUBTYPE_IEEE_FLOAT)
        })?;
        let format = SampleFormat::float(rate);
        let mut stream = RtStream::open(client, &capture, id, format)?;
        stream.allocate(client, rate / PART * format.frame_bytes())?;
        stream.set_state(client, KSSTATE_RUN)?;
        let started = client.now();
        let origin = -client.now();
        keys.set_state(client, KSSTATE_RUN)?;
        // What a message may not be earlier than, once the first slices are made.
        client.sleep(SECOND / 100);
        let delay = synth::latency_clock(client, keys.handle)? - client.now();
        let lead = settings::settings(client, synth.handle)?.EndpointLead;
        let made = 0;
        Ok(Self {
            synth,
            keys,
            capture,
            stream,
            rate,
            started,
            origin,
            // A slice is rendered in one piece.
            delay: delay.max(0) + SECOND / 1000,
            lead,
            earliest: i64::MIN,
            made,
            position: 0,
            frames: VecDeque::new(),
            writes: VecDeque::new(),
        })
    }

    /// A message that came `frame` frames into the block that is asked for next.
    pub fn message(&mut self, client: &mut C, frame: u32, bytes: &[u8]) {
        let mut buffer = MusicBuffer::default();
        buffer.push(0, bytes);
        let offset = i64::from(frame) * SECOND / i64::from(self.rate);
        let time = client.now() + self.origin + self.delay + offset;
        let time = time.max(self.earliest);
        self.earliest = time;
        self.writes
            .push_back(write(client, self.keys.handle, time, buffer.bytes()));
    }

    /// The endpoint's lead is another one now, ms. Messages keep their order; one that comes before the lead has become less does not come
    /// too late for what is rendered.
    pub fn lead(&mut self, client: &mut C, lead: u32) {
        self.earliest = self.earliest.max(client.now() + self.origin + self.delay);
        self.delay += (i64::from(lead) - i64::from(self.lead)) * (SECOND / 1000);
        self.lead = lead;
    }

    /// Lets so much time pass that there are `frames` frames more, and gives them.
    pub fn render(
        &mut self,
        client: &mut C,
        frames: usize,
        mut take: impl FnMut([f32; 2]),
    ) -> Result<()> {
        self.made += frames as u64;
        let time = i128::from(self.made) * i128::from(SECOND) / i128::from(self.rate);
        let left = self.started + time as i64 - client.now();
        client.sleep(left);
        while self.frames.len() < frames {
            let (bytes, position) = self.stream.recorded(client, self.position)?;
            self.position = position;
            let (pairs, _) = bytes.as_chunks::<8>();
            self.frames.extend(pairs.iter().map(|pair| {
                let (samples, _) = pair.as_chunks::<4>();
                [samples[0], samples[1]].map(f32::from_le_bytes)
            }));
            if self.frames.len() < frames {
                client.sleep(SECOND / i64::from(self.rate) + 1);
            }
        }
        self.frames.drain(..frames).for_each(&mut take);
        while self
            .writes
            .front_mut()
            .is_some_and(|write| write.poll(client).is_some())
        {
            self.writes.pop_front();
        }
        Ok(())
    }

    /// What the driver says of itself.
    pub fn statistics(&self, client: &mut C) -> Result<ARIOSO_STATISTICS> {
        Ok(synth::statistics(client, self.keys.handle)?)
    }

    /// Closes all of it.
    pub fn close(self, client: &mut C) -> Result<()> {
        for write in self.writes {
            let _ = write.cancel(client);
        }
        self.stream.close(client)?;
        self.capture.close(client);
        self.keys.close(client)?;
        self.synth.close(client);
        Ok(())
    }
}
