// SPDX-License-Identifier: MIT OR Apache-2.0
//! The unpacker: bytes of a stream write become time-stamped MIDI events.
//!
//! Two formats (docs/reference/dmus-miniport.md §3.4): DMUS_EVENTHEADER records on DIRECTMUSIC pins, KSMUSICFORMAT packets on MIDI pins.

/// One message, or one piece of a System Exclusive message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// Master clock, 100 ns.
    pub time: i64,
    /// 1-based; 0 broadcasts.
    pub group: u16,
    /// The message, or the piece.
    pub bytes: &'a [u8],
    /// The message goes on in the next piece.
    pub incomplete: bool,
}

/// Why a buffer was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// A header or its data runs over the end of the buffer.
    Truncated,
}

const EVENT_HEADER: usize = 20;
const MUSIC_FORMAT: usize = 8;

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// DMUS_EVENTHEADER records: `cbEvent, dwChannelGroup, rtDelta, dwFlags`, data, padding to 8.
/// `base` is the presentation time of the stream header. Records of zero bytes are skipped.
pub fn direct_music<'a>(
    mut data: &'a [u8],
    base: i64,
    mut emit: impl FnMut(Piece<'a>),
) -> Result<(), Malformed> {
    while !data.is_empty() {
        let length = u32_at(data, 0).ok_or(Malformed::Truncated)? as usize;
        let group = u32_at(data, 4).ok_or(Malformed::Truncated)?;
        let low = u32_at(data, 8).ok_or(Malformed::Truncated)?;
        let high = u32_at(data, 12).ok_or(Malformed::Truncated)?;
        let delta = (u64::from(high) << 32 | u64::from(low)) as i64;
        let end = EVENT_HEADER
            .checked_add(length)
            .ok_or(Malformed::Truncated)?;
        let bytes = data.get(EVENT_HEADER..end).ok_or(Malformed::Truncated)?;
        if !bytes.is_empty() {
            emit(Piece {
                time: base.saturating_add(delta),
                group: u16::try_from(group).unwrap_or(u16::MAX),
                bytes,
                incomplete: false,
            });
        }
        let next = end.next_multiple_of(8).min(data.len());
        data = &data[next..];
    }
    Ok(())
}

/// KSMUSICFORMAT packets: `TimeDeltaMs` after the packet before, `ByteCount`, raw MIDI bytes, padding to 4.
/// `emit` gets the time and the bytes of each packet.
pub fn packets<'a>(
    mut data: &'a [u8],
    base: i64,
    mut emit: impl FnMut(i64, &'a [u8]),
) -> Result<(), Malformed> {
    let mut time = base;
    while !data.is_empty() {
        let delta = u32_at(data, 0).ok_or(Malformed::Truncated)?;
        let count = u32_at(data, 4).ok_or(Malformed::Truncated)? as usize;
        let end = MUSIC_FORMAT
            .checked_add(count)
            .ok_or(Malformed::Truncated)?;
        let bytes = data.get(MUSIC_FORMAT..end).ok_or(Malformed::Truncated)?;
        time = time.saturating_add(i64::from(delta) * 10_000);
        emit(time, bytes);
        let next = end.next_multiple_of(4).min(data.len());
        data = &data[next..];
    }
    Ok(())
}

/// [`packets`], cut into messages.
/// `stream` keeps running status and an unfinished System Exclusive message from one write to the next.
pub fn midi(
    stream: &mut ByteStream,
    data: &[u8],
    base: i64,
    mut emit: impl FnMut(Piece<'_>),
) -> Result<(), Malformed> {
    packets(data, base, |time, bytes| {
        stream.feed(bytes, |bytes, incomplete| {
            emit(Piece {
                time,
                group: 1,
                bytes,
                incomplete,
            })
        });
    })
}

/// Cuts raw MIDI bytes into messages. System Exclusive data leaves at the end of each `feed` as an incomplete piece.
#[derive(Default)]
pub struct ByteStream {
    running: u8,
    message: Vec<u8>,
    need: usize,
    exclusive: bool,
}

impl ByteStream {
    /// Cuts these bytes; each message is emitted, or each piece with `true`.
    pub fn feed(&mut self, bytes: &[u8], mut emit: impl FnMut(&[u8], bool)) {
        for &byte in bytes {
            match byte {
                0xF8.. => emit(&[byte], false),
                0xF7 if self.exclusive => {
                    self.message.push(byte);
                    emit(&self.message, false);
                    self.message.clear();
                    self.exclusive = false;
                }
                0x80.. => self.status(byte, &mut emit),
                _ => self.data(byte, &mut emit),
            }
        }
        if self.exclusive && !self.message.is_empty() {
            emit(&self.message, true);
            self.message.clear();
        }
    }

    fn status(&mut self, byte: u8, emit: &mut impl FnMut(&[u8], bool)) {
        if self.exclusive {
            // A status byte other than EOX ends the message too; what the driver holds of it is closed.
            self.message.push(0xF7);
            emit(&self.message, false);
            self.exclusive = false;
        }
        self.message.clear();
        self.need = data_bytes(byte);
        self.running = if byte < 0xF0 { byte } else { 0 };
        match byte {
            0xF0 => {
                self.exclusive = true;
                self.message.push(byte);
            }
            0xF6 => emit(&[byte], false),
            0xF4 | 0xF5 | 0xF7 => {}
            _ => self.message.push(byte),
        }
    }

    fn data(&mut self, byte: u8, emit: &mut impl FnMut(&[u8], bool)) {
        if self.exclusive {
            self.message.push(byte);
            return;
        }
        if self.message.is_empty() {
            if self.running == 0 {
                return;
            }
            self.message.push(self.running);
            self.need = data_bytes(self.running);
        }
        self.message.push(byte);
        if self.message.len() > self.need {
            emit(&self.message, false);
            self.message.clear();
        }
    }
}

fn data_bytes(status: u8) -> usize {
    match status {
        0x80..=0xBF | 0xE0..=0xEF | 0xF2 => 2,
        0xC0..=0xDF | 0xF1 | 0xF3 => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(out: &mut Vec<u8>, delta: i64, group: u32, data: &[u8]) {
        out.extend((data.len() as u32).to_le_bytes());
        out.extend(group.to_le_bytes());
        out.extend(delta.to_le_bytes());
        out.extend(1u32.to_le_bytes());
        out.extend(data);
        out.resize(out.len().next_multiple_of(8), 0);
    }

    fn collect_midi(stream: &mut ByteStream, data: &[u8]) -> Vec<(i64, Vec<u8>, bool)> {
        let mut out = Vec::new();
        midi(stream, data, 1000, |piece| {
            out.push((piece.time, piece.bytes.to_vec(), piece.incomplete))
        })
        .unwrap();
        out
    }

    fn packet(out: &mut Vec<u8>, delta: u32, data: &[u8]) {
        out.extend(delta.to_le_bytes());
        out.extend((data.len() as u32).to_le_bytes());
        out.extend(data);
        out.resize(out.len().next_multiple_of(4), 0);
    }

    #[test]
    fn records_keep_time_group_and_bytes() {
        let mut data = Vec::new();
        record(&mut data, 5, 1, &[0x90, 60, 100]);
        record(&mut data, -3, 2, &[0xF0, 1, 2, 3, 4, 5, 6, 7, 8, 0xF7]);
        let mut seen = Vec::new();
        direct_music(&data, 100, |p| {
            seen.push((p.time, p.group, p.bytes.to_vec()))
        })
        .unwrap();
        assert_eq!(
            seen,
            [
                (105, 1, vec![0x90, 60, 100]),
                (97, 2, vec![0xF0, 1, 2, 3, 4, 5, 6, 7, 8, 0xF7])
            ]
        );
    }

    #[test]
    fn truncated_records_are_refused() {
        let mut data = Vec::new();
        record(&mut data, 0, 1, &[0x90, 60, 100]);
        for cut in 1..23 {
            assert_eq!(
                direct_music(&data[..cut], 0, |_| ()),
                Err(Malformed::Truncated),
                "{cut}"
            );
        }
        // The padding after the last record may be missing.
        assert_eq!(direct_music(&data[..23], 0, |_| ()), Ok(()));
        data[0..4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(direct_music(&data, 0, |_| ()), Err(Malformed::Truncated));
    }

    #[test]
    fn running_status_and_deltas() {
        let mut data = Vec::new();
        packet(&mut data, 0, &[0x90, 60, 1, 61, 2]);
        packet(&mut data, 2, &[62, 0xF8, 3, 0xC1, 7]);
        let seen = collect_midi(&mut ByteStream::default(), &data);
        let late = 1000 + 20_000;
        assert_eq!(
            seen,
            [
                (1000, vec![0x90, 60, 1], false),
                (1000, vec![0x90, 61, 2], false),
                (late, vec![0xF8], false),
                (late, vec![0x90, 62, 3], false),
                (late, vec![0xC1, 7], false)
            ]
        );
    }

    #[test]
    fn exclusive_across_writes() {
        let mut stream = ByteStream::default();
        let mut data = Vec::new();
        packet(&mut data, 0, &[0xF0, 0x41, 0x10]);
        assert_eq!(
            collect_midi(&mut stream, &data),
            [(1000, vec![0xF0, 0x41, 0x10], true)]
        );
        data.clear();
        packet(&mut data, 0, &[0x42, 0xF7, 0x90, 1, 2]);
        assert_eq!(
            collect_midi(&mut stream, &data),
            [
                (1000, vec![0x42, 0xF7], false),
                (1000, vec![0x90, 1, 2], false)
            ]
        );
    }

    #[test]
    fn data_without_status_is_dropped() {
        let mut data = Vec::new();
        packet(&mut data, 0, &[1, 2, 3, 0xF6, 4, 0x80, 1, 1]);
        assert_eq!(
            collect_midi(&mut ByteStream::default(), &data),
            [(1000, vec![0xF6], false), (1000, vec![0x80, 1, 1], false)]
        );
    }
}
