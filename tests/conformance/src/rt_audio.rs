// SPDX-License-Identifier: MIT OR Apache-2.0
//! The stream of a WaveRT endpoint, as the audio engine handles it.

use crate::Client;
use crate::cases::Width;
use crate::connect::{self, SampleFormat};
use crate::error::{Error, Result};
use crate::filter::{Filter, Pin, PinInfo};
use crate::property::Property;
use crate::wire::Bytes;
use arioso_core::ks::guid::{KSPROPSETID_Audio, KSPROPSETID_RtAudio};
use arioso_core::ks::ks::{
    KSPIN_COMMUNICATION_SINK, KSPIN_DATAFLOW_OUT, KSPROPERTY, KSPROPERTY_TYPE_GET, KSSTATE,
    KSSTATE_STOP,
};
use arioso_core::ks::ksmedia::*;
use arioso_core::ks::{GUID, Wire, nt_success};
use std::ptr;

/// Whether a pin is the capture pin of an audio endpoint: not a bridge, and not the source of another filter.
pub fn is_capture(pin: &PinInfo, sub_format: &GUID) -> bool {
    pin.flow == KSPIN_DATAFLOW_OUT
        && pin.communication == KSPIN_COMMUNICATION_SINK
        && pin.takes(sub_format)
}

/// An open stream with its buffer and, where the client wants them, notifications.
pub struct RtStream<C: Client> {
    /// The pin.
    pub pin: Pin<C>,
    /// Its format.
    pub format: SampleFormat,
    /// Of the program.
    pub width: Width,
    /// Address in the client's memory, and bytes, once there is one.
    pub buffer: Option<(u64, u32)>,
    /// Packets in the buffer; 0 without notification.
    pub packets: u32,
    events: Vec<u64>,
}

/// What precedes the instance data of a request.
const HEAD: usize = size_of::<KSPROPERTY>();

fn rt(id: u32) -> Property {
    Property::new(KSPROPSETID_RtAudio, id)
}

impl<C: Client> RtStream<C> {
    /// Creates the pin.
    pub fn open(
        client: &mut C,
        filter: &Filter<C>,
        pin: u32,
        format: SampleFormat,
    ) -> Result<Self> {
        Ok(Self {
            pin: filter.create_pin(client, &connect::extensible(pin, format), None)?,
            format,
            width: Width::Bits64,
            buffer: None,
            packets: 0,
            events: Vec::new(),
        })
    }

    /// Maps a buffer of at least `bytes`.
    pub fn allocate(&mut self, client: &mut C, bytes: u32) -> Result<(u64, u32)> {
        let request = match self.width {
            Width::Bits64 => KSRTAUDIO_BUFFER_PROPERTY {
                RequestedBufferSize: bytes,
                ..KSRTAUDIO_BUFFER_PROPERTY::default()
            }
            .bytes(),
            Width::Bits32 => KSRTAUDIO_BUFFER_PROPERTY32 {
                RequestedBufferSize: bytes,
                ..KSRTAUDIO_BUFFER_PROPERTY32::default()
            }
            .bytes(),
        };
        self.map(client, KSPROPERTY_RTAUDIO_BUFFER, &request)
    }

    /// Maps a buffer of at least `bytes`, with `packets` (1 or 2) notifications in a cycle.
    pub fn allocate_notified(
        &mut self,
        client: &mut C,
        bytes: u32,
        packets: u32,
    ) -> Result<(u64, u32)> {
        let request = match self.width {
            Width::Bits64 => KSRTAUDIO_BUFFER_PROPERTY_WITH_NOTIFICATION {
                RequestedBufferSize: bytes,
                NotificationCount: packets,
                ..KSRTAUDIO_BUFFER_PROPERTY_WITH_NOTIFICATION::default()
            }
            .bytes(),
            Width::Bits32 => KSRTAUDIO_BUFFER_PROPERTY_WITH_NOTIFICATION32 {
                RequestedBufferSize: bytes,
                NotificationCount: packets,
                ..KSRTAUDIO_BUFFER_PROPERTY_WITH_NOTIFICATION32::default()
            }
            .bytes(),
        };
        let id = KSPROPERTY_RTAUDIO_BUFFER_WITH_NOTIFICATION;
        let mapped = self.map(client, id, &request)?;
        self.packets = packets;
        Ok(mapped)
    }

    fn map(&mut self, client: &mut C, id: u32, request: &[u8]) -> Result<(u64, u32)> {
        let property = rt(id).with(&request[HEAD..]);
        let mapped = match self.width {
            Width::Bits64 => {
                let answer: KSRTAUDIO_BUFFER = property.get(client, self.pin.handle)?;
                (answer.BufferAddress.addr() as u64, answer.ActualBufferSize)
            }
            Width::Bits32 => {
                let answer: KSRTAUDIO_BUFFER32 = property.get(client, self.pin.handle)?;
                (u64::from(answer.BufferAddress), answer.ActualBufferSize)
            }
        };
        self.buffer = Some(mapped);
        Ok(mapped)
    }

    /// A new event, signalled at each notification. Closed with the stream.
    pub fn register_event(&mut self, client: &mut C) -> Result<u64> {
        let event = client.create_event();
        self.send_event(
            client,
            KSPROPERTY_RTAUDIO_REGISTER_NOTIFICATION_EVENT,
            event,
        )
        .inspect_err(|_| client.close_event(event))?;
        self.events.push(event);
        Ok(event)
    }

    /// Takes an event back and closes it.
    pub fn unregister_event(&mut self, client: &mut C, event: u64) -> Result<()> {
        self.events.retain(|&e| e != event);
        let id = KSPROPERTY_RTAUDIO_UNREGISTER_NOTIFICATION_EVENT;
        let sent = self.send_event(client, id, event);
        client.close_event(event);
        sent
    }

    /// A request with an event in it.
    pub fn send_event(&self, client: &mut C, id: u32, event: u64) -> Result<()> {
        let request = match self.width {
            Width::Bits64 => KSRTAUDIO_NOTIFICATION_EVENT_PROPERTY {
                NotificationEvent: ptr::without_provenance_mut(event as usize),
                ..KSRTAUDIO_NOTIFICATION_EVENT_PROPERTY::default()
            }
            .bytes(),
            Width::Bits32 => KSRTAUDIO_NOTIFICATION_EVENT_PROPERTY32 {
                NotificationEvent: event as u32,
                ..KSRTAUDIO_NOTIFICATION_EVENT_PROPERTY32::default()
            }
            .bytes(),
        };
        let property = rt(id).with(&request[HEAD..]);
        let done = property.send(client, self.pin.handle, KSPROPERTY_TYPE_GET, &mut []);
        if nt_success(done.status) {
            Ok(())
        } else {
            Err(Error::status(format!("event property {id}"), done.status))
        }
    }

    /// Goes to a state step by step.
    pub fn set_state(&mut self, client: &mut C, state: KSSTATE) -> Result<()> {
        self.pin.set_state(client, state)
    }

    /// KSPROPERTY_AUDIO_POSITION: bytes in the buffer.
    pub fn position(&self, client: &mut C) -> Result<KSAUDIO_POSITION> {
        Property::new(KSPROPSETID_Audio, KSPROPERTY_AUDIO_POSITION).get(client, self.pin.handle)
    }

    /// KSPROPERTY_RTAUDIO_GETREADPACKET.
    pub fn read_packet(&self, client: &mut C) -> Result<KSRTAUDIO_GETREADPACKET_INFO> {
        rt(KSPROPERTY_RTAUDIO_GETREADPACKET).get(client, self.pin.handle)
    }

    /// KSPROPERTY_RTAUDIO_HWLATENCY.
    pub fn latency(&self, client: &mut C) -> Result<KSRTAUDIO_HWLATENCY> {
        rt(KSPROPERTY_RTAUDIO_HWLATENCY).get(client, self.pin.handle)
    }

    /// KSPROPERTY_RTAUDIO_QUERY_NOTIFICATION_SUPPORT.
    pub fn supports_notification(&self, client: &mut C) -> Result<bool> {
        let value: i32 =
            rt(KSPROPERTY_RTAUDIO_QUERY_NOTIFICATION_SUPPORT).get(client, self.pin.handle)?;
        Ok(value != 0)
    }

    /// Bytes of the buffer, from an offset, around its end.
    pub fn bytes(&self, client: &mut C, offset: u32, length: u32) -> Vec<u8> {
        let mut out = vec![0; length as usize];
        let Some((address, size)) = self.buffer.filter(|b| b.1 > 0) else {
            return Vec::new();
        };
        let mut done = 0;
        while done < out.len() {
            let at = (offset as usize + done) % size as usize;
            let step = (size as usize - at).min(out.len() - done);
            client.read(address + at as u64, &mut out[done..done + step]);
            done += step;
        }
        out
    }

    /// What was recorded since the position was `from`, less than a turn of the buffer; and the position now.
    pub fn recorded(&self, client: &mut C, from: u32) -> Result<(Vec<u8>, u32)> {
        let end = self.position(client)?.WriteOffset as u32;
        let size = self.buffer.map_or(0, |b| b.1);
        let count = (end + size)
            .saturating_sub(from)
            .checked_rem(size)
            .unwrap_or(0);
        Ok((self.bytes(client, from, count), end))
    }

    /// A packet's bytes.
    pub fn packet(&self, client: &mut C, number: u32) -> Vec<u8> {
        let bytes = self.buffer.map_or(0, |b| b.1) / self.packets.max(1);
        self.bytes(client, number % self.packets.max(1) * bytes, bytes)
    }

    /// As the audio engine ends: stops, takes its events back, closes.
    pub fn close(mut self, client: &mut C) -> Result<()> {
        self.set_state(client, KSSTATE_STOP)?;
        for event in std::mem::take(&mut self.events) {
            self.unregister_event(client, event)?;
        }
        self.pin.close(client)
    }

    /// As a program ends that dies: the handle is closed in whatever state it is in. Gives the events back, which stay open.
    pub fn abandon(self, client: &mut C) -> Vec<u64> {
        client.close(self.pin.handle);
        self.events
    }
}

/// Samples of interleaved bytes as numbers between −1 and 1.
pub fn samples(format: &SampleFormat, bytes: &[u8]) -> Vec<f64> {
    let width = usize::from(format.bits / 8);
    bytes
        .chunks_exact(width)
        .map(|sample| match (format.float, width) {
            (true, _) => f32::read_from(sample).map_or(0.0, f64::from),
            (false, 2) => i16::read_from(sample).map_or(0.0, |v| f64::from(v) / 32_768.0),
            (false, _) => {
                let mut top = [0; 4];
                top[4 - width..].copy_from_slice(sample);
                f64::from(i32::from_le_bytes(top)) / 2_147_483_648.0
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_of_all_widths() {
        let half = [
            (SampleFormat::pcm(1, 16), vec![0, 0x40]),
            (SampleFormat::pcm(1, 24), vec![0, 0, 0x40]),
            (SampleFormat::pcm(1, 32), vec![0, 0, 0, 0x40]),
            (SampleFormat::float(1), 0.5f32.to_le_bytes().to_vec()),
        ];
        for (format, bytes) in half {
            assert_eq!(samples(&format, &bytes), [0.5], "{format:?}");
        }
    }
}
