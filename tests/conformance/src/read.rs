// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is read from MIDI and DirectMusic capture pins.

use crate::error::{Error, Result};
use crate::events::stream_header;
use crate::wire::Bytes;
use crate::{Client, Completion};
use arioso_core::ks::dmusbuff::DMUS_EVENTHEADER;
use arioso_core::ks::ks::{IOCTL_KS_READ_STREAM, KSSTREAM_HEADER};
use arioso_core::ks::ksmedia::KSMUSICFORMAT;
use arioso_core::ks::{Wire, nt_success};

/// A buffer that waits on a pin for data: its memory lives until the request completes.
pub struct Read<C: Client> {
    request: Option<C::Request>,
    header: u64,
    data: u64,
}

/// What a read came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The presentation time, 100 ns; 0 on MIDI pins.
    pub time: i64,
    /// `KSSTREAM_HEADER_OPTIONSF_*`.
    pub options: u32,
    /// What was read.
    pub bytes: Vec<u8>,
}

/// `IOCTL_KS_READ_STREAM` of one buffer. Does not wait.
pub fn read<C: Client>(client: &mut C, pin: C::Handle, bytes: usize) -> Read<C> {
    let data = client.allocate(bytes.max(1));
    let mut head = stream_header(0, data, bytes as u32);
    head.DataUsed = 0;
    let head = head.bytes();
    let header = client.allocate(head.len());
    client.write(header, &head);
    let request = client.submit(
        pin,
        IOCTL_KS_READ_STREAM,
        (0, 0),
        (header, head.len() as u32),
    );
    Read {
        request: Some(request),
        header,
        data,
    }
}

impl<C: Client> Read<C> {
    /// What has come, if the request is complete; its memory is free then.
    pub fn poll(&mut self, client: &mut C) -> Option<Result<Received>> {
        client.poll(self.request.as_mut()?)?;
        let completion = client.wait(self.request.take()?);
        Some(self.finish(client, completion))
    }

    /// Lets time pass until the request completes.
    pub fn wait(mut self, client: &mut C) -> Result<Received> {
        let Some(request) = self.request.take() else {
            return Err(Error::other("the read is complete already"));
        };
        let completion = client.wait(request);
        self.finish(client, completion)
    }

    /// Takes the buffer back.
    pub fn cancel(mut self, client: &mut C) -> Option<Result<Received>> {
        let mut request = self.request.take()?;
        client.cancel(&mut request);
        let completion = client.wait(request);
        Some(self.finish(client, completion))
    }

    fn finish(&mut self, client: &mut C, completion: Completion) -> Result<Received> {
        let mut head = vec![0; size_of::<KSSTREAM_HEADER>()];
        client.read(self.header, &mut head);
        let head = KSSTREAM_HEADER::read_from(&head).unwrap_or_default();
        let mut bytes = vec![0; head.DataUsed.min(head.FrameExtent) as usize];
        client.read(self.data, &mut bytes);
        client.free(self.header);
        client.free(self.data);
        if !nt_success(completion.status) {
            return Err(Error::status("read stream", completion.status));
        }
        if head.DataUsed > head.FrameExtent {
            return Err(Error::other(format!(
                "{} bytes in a buffer of {}",
                head.DataUsed, head.FrameExtent
            )));
        }
        Ok(Received {
            time: head.PresentationTime.Time,
            options: head.OptionsFlags,
            bytes,
        })
    }
}

/// One record of a capture buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// MIDI: milliseconds after the record before, the first one after the start of the pin. DirectMusic: the master clock's
    /// 100 ns.
    pub time: i64,
    /// DirectMusic; 0 on MIDI pins.
    pub group: u32,
    /// `DMUS_EVENTHEADER.dwFlags`; 0 on MIDI pins.
    pub flags: u32,
    /// The message, or a part of one.
    pub bytes: Vec<u8>,
}

/// KSMUSICFORMAT records.
pub fn music_records(received: &Received) -> Result<Vec<Record>> {
    records(received, size_of::<KSMUSICFORMAT>(), 4, |head| {
        let head = KSMUSICFORMAT::read_from(head)?;
        let record = Record {
            time: i64::from(head.TimeDeltaMs),
            group: 0,
            flags: 0,
            bytes: Vec::new(),
        };
        Some((record, head.ByteCount))
    })
}

/// DMUS_EVENTHEADER records.
pub fn event_records(received: &Received) -> Result<Vec<Record>> {
    records(received, size_of::<DMUS_EVENTHEADER>(), 8, |head| {
        let head = DMUS_EVENTHEADER::read_from(head)?;
        let record = Record {
            time: received.time + head.rtDelta,
            group: head.dwChannelGroup,
            flags: head.dwFlags,
            bytes: Vec::new(),
        };
        Some((record, head.cbEvent))
    })
}

fn records(
    received: &Received,
    head: usize,
    align: usize,
    parse: impl Fn(&[u8]) -> Option<(Record, u32)>,
) -> Result<Vec<Record>> {
    let mut out = Vec::new();
    let mut rest = received.bytes.as_slice();
    while !rest.is_empty() {
        let broken = || Error::other(format!("record {} is cut off", out.len()));
        let (mut record, length) = parse(rest).ok_or_else(broken)?;
        let end = head + length as usize;
        record.bytes = rest.get(head..end).ok_or_else(broken)?.to_vec();
        rest = rest.get(end.next_multiple_of(align)..).unwrap_or_default();
        out.push(record);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::{EventBuffer, MusicBuffer};

    #[test]
    fn what_is_written_reads_the_same() {
        let mut events = EventBuffer::new(1000);
        events.push(1005, 3, &[0x90, 60, 100]);
        events.push(1009, 1, &[0xF0, 1, 2, 3, 4, 5, 0xF7]);
        let mut received = Received {
            time: 1000,
            options: 0,
            bytes: events.bytes().to_vec(),
        };
        let seen = event_records(&received).unwrap();
        assert_eq!((seen[0].time, seen[0].group, seen[0].flags), (1005, 3, 1));
        assert_eq!(seen[0].bytes, [0x90, 60, 100]);
        assert_eq!(seen[1].bytes, [0xF0, 1, 2, 3, 4, 5, 0xF7]);
        received.bytes.truncate(30);
        assert!(event_records(&received).is_err());

        let mut music = MusicBuffer::default();
        music.push(2, &[0x90, 60, 100]);
        music.push(7, &[0xC0, 1]);
        received.bytes = music.bytes().to_vec();
        let seen = music_records(&received).unwrap();
        assert_eq!(
            seen.iter()
                .map(|r| (r.time, r.bytes.len()))
                .collect::<Vec<_>>(),
            [(2, 3), (7, 2)]
        );
    }
}
