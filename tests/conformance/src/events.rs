// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is written to MIDI and DirectMusic pins, and how.

use crate::error::{Error, Result};
use crate::wire::Bytes;
use crate::{Client, Completion};
use arioso_core::ks::dmusbuff::{DMUS_EVENT_STRUCTURED, DMUS_EVENTHEADER};
use arioso_core::ks::ks::{
    IOCTL_KS_WRITE_STREAM, KSSTREAM_HEADER, KSSTREAM_HEADER_OPTIONSF_TIMEVALID, KSTIME,
};
use arioso_core::ks::ksmedia::KSMUSICFORMAT;
use arioso_core::ks::{PVOID, nt_success};
use std::ptr;

/// DMUS_EVENTHEADER records, each padded to 8 bytes, with times counted from the buffer's start.
#[derive(Clone, Debug)]
pub struct EventBuffer {
    start: i64,
    bytes: Vec<u8>,
    count: usize,
}

impl EventBuffer {
    /// An empty buffer whose stream header will carry `start` (100 ns).
    pub fn new(start: i64) -> Self {
        Self {
            start,
            bytes: Vec::new(),
            count: 0,
        }
    }

    /// Appends one message at an absolute time. A complete channel or system common message is marked as structured, System
    /// Exclusive is not.
    pub fn push(&mut self, time: i64, group: u32, message: &[u8]) {
        let structured = message
            .first()
            .is_some_and(|status| *status != 0xF0 && *status >= 0x80)
            && message.len() <= 3;
        self.push_raw(
            time,
            group,
            if structured { DMUS_EVENT_STRUCTURED } else { 0 },
            message,
        );
    }

    /// Appends a record as it is.
    pub fn push_raw(&mut self, time: i64, group: u32, flags: u32, data: &[u8]) {
        let header = DMUS_EVENTHEADER {
            cbEvent: data.len() as u32,
            dwChannelGroup: group,
            rtDelta: time - self.start,
            dwFlags: flags,
        };
        self.bytes.extend_from_slice(&header.bytes());
        self.bytes.extend_from_slice(data);
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        self.count += 1;
    }

    /// What the stream header carries, 100 ns.
    pub fn start(&self) -> i64 {
        self.start
    }

    /// The records.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Events.
    pub fn len(&self) -> usize {
        self.count
    }

    /// There is no event in it.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// KSMUSICFORMAT records, each padded to 4 bytes, with times in milliseconds after the record before.
#[derive(Clone, Debug, Default)]
pub struct MusicBuffer {
    bytes: Vec<u8>,
}

impl MusicBuffer {
    /// Adds a message, so many milliseconds after the one before.
    pub fn push(&mut self, delta_ms: u32, midi: &[u8]) {
        self.bytes.extend_from_slice(
            &KSMUSICFORMAT {
                TimeDeltaMs: delta_ms,
                ByteCount: midi.len() as u32,
            }
            .bytes(),
        );
        self.bytes.extend_from_slice(midi);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }

    /// The records.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// A buffer that has been written to a pin: its memory lives until the request completes.
pub struct Write<C: Client> {
    request: Option<C::Request>,
    header: u64,
    data: u64,
}

/// `IOCTL_KS_WRITE_STREAM` of one buffer with its presentation time in 100 ns. Does not wait.
pub fn write<C: Client>(client: &mut C, pin: C::Handle, time: i64, data: &[u8]) -> Write<C> {
    let address = client.allocate(data.len().max(1));
    client.write(address, data);
    let header = stream_header(time, address, data.len() as u32).bytes();
    let header_address = client.allocate(header.len());
    client.write(header_address, &header);
    let request = client.submit(
        pin,
        IOCTL_KS_WRITE_STREAM,
        (0, 0),
        (header_address, header.len() as u32),
    );
    Write {
        request: Some(request),
        header: header_address,
        data: address,
    }
}

impl<C: Client> Write<C> {
    /// Whether the request has completed; its memory is free then.
    pub fn poll(&mut self, client: &mut C) -> Option<Completion> {
        client.poll(self.request.as_mut()?)?;
        let completion = client.wait(self.request.take()?);
        self.release(client);
        Some(completion)
    }

    /// Lets time pass until the request completes.
    pub fn wait(mut self, client: &mut C) -> Result<()> {
        let Some(request) = self.request.take() else {
            return Ok(());
        };
        let completion = client.wait(request);
        self.release(client);
        if nt_success(completion.status) {
            Ok(())
        } else {
            Err(Error::status("write stream", completion.status))
        }
    }

    /// Takes the buffer back if the pin still has it.
    pub fn cancel(mut self, client: &mut C) -> Option<Completion> {
        let mut request = self.request.take()?;
        client.cancel(&mut request);
        let completion = client.wait(request);
        self.release(client);
        Some(completion)
    }

    fn release(&mut self, client: &mut C) {
        client.free(self.header);
        client.free(self.data);
    }
}

/// KSSTREAM_HEADER of a write: 100 ns units; time 0 means "now" and is not marked valid.
pub fn stream_header(time: i64, address: u64, length: u32) -> KSSTREAM_HEADER {
    KSSTREAM_HEADER {
        Size: size_of::<KSSTREAM_HEADER>() as u32,
        PresentationTime: KSTIME {
            Time: time,
            Numerator: 1,
            Denominator: 1,
        },
        FrameExtent: length,
        DataUsed: length,
        Data: ptr::without_provenance_mut::<std::ffi::c_void>(address as usize) as PVOID,
        OptionsFlags: if time == 0 {
            0
        } else {
            KSSTREAM_HEADER_OPTIONSF_TIMEVALID
        },
        ..KSSTREAM_HEADER::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_records() {
        let mut buffer = EventBuffer::new(1000);
        buffer.push(1005, 1, &[0x90, 60, 100]);
        buffer.push(999, 2, &[0xF0, 0x7E, 0x7F, 9, 1, 0xF7]);
        buffer.push(1000, 0, &[0xC0, 5]);
        buffer.push(1000, 1, &[0xF0, 1, 2, 3, 0xF7]);
        let bytes = buffer.bytes();
        // 20 + 3 → 24; 20 + 6 → 32; 20 + 2 → 24; 20 + 5 → 32
        assert_eq!(bytes.len(), 24 + 32 + 24 + 32);
        assert_eq!(buffer.len(), 4);
        assert_eq!(bytes[..4], 3u32.to_le_bytes());
        assert_eq!(bytes[4..8], 1u32.to_le_bytes());
        assert_eq!(bytes[8..16], 5i64.to_le_bytes());
        assert_eq!(bytes[16..20], 1u32.to_le_bytes());
        assert_eq!(bytes[20..24], [0x90, 60, 100, 0]);
        assert_eq!(bytes[24 + 8..24 + 16], (-1i64).to_le_bytes());
        assert_eq!(
            bytes[24 + 16..24 + 20],
            0u32.to_le_bytes(),
            "System Exclusive is unstructured"
        );
        assert_eq!(
            bytes[24 + 20..24 + 32],
            [0xF0, 0x7E, 0x7F, 9, 1, 0xF7, 0, 0, 0, 0, 0, 0]
        );
    }

    #[test]
    fn music_records() {
        let mut buffer = MusicBuffer::default();
        buffer.push(0, &[0x90, 60, 100]);
        buffer.push(7, &[0xC0, 1, 0x90, 60, 0]);
        let expected = [
            [0, 0, 0, 0, 3, 0, 0, 0].as_slice(),
            &[0x90, 60, 100, 0],
            &[7, 0, 0, 0, 5, 0, 0, 0],
            &[0xC0, 1, 0x90, 60, 0, 0, 0, 0],
        ];
        assert_eq!(buffer.bytes(), expected.concat());
    }

    #[test]
    fn stream_headers() {
        let bytes = stream_header(123, 0x1234_5678, 40).bytes();
        assert_eq!(bytes.len(), 56);
        assert_eq!(bytes[0..4], 56u32.to_le_bytes());
        assert_eq!(bytes[8..16], 123i64.to_le_bytes());
        assert_eq!(bytes[16..24], [1, 0, 0, 0, 1, 0, 0, 0]);
        assert_eq!(bytes[32..40], [40, 0, 0, 0, 40, 0, 0, 0]);
        assert_eq!(bytes[40..48], 0x1234_5678u64.to_le_bytes());
        assert_eq!(bytes[48..52], 0x10u32.to_le_bytes());
    }
}
