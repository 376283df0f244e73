// SPDX-License-Identifier: MIT OR Apache-2.0
//! The DLS file, with samples copied piece by piece, compressed ones decoded one by one.

use super::convert::Cut;
use super::file::{Place, Result, SoundFont, read};
use super::vorbis;
use crate::dls::Bank;
use std::io::{self, Read, Seek, Write};

/// Frames that are copied at once.
const PIECE: u32 = 1 << 16;

/// Writes `bank`, whose samples are in `source`, the file of `font`. `progress` hears the number of frames of each piece.
pub fn write<W: Write>(
    font: &SoundFont,
    bank: &Bank<Cut>,
    source: &mut (impl Read + Seek),
    out: &mut W,
    mut progress: impl FnMut(u64),
) -> Result<()> {
    let mut streams = Streams {
        font,
        last: None,
        frames: Vec::new(),
    };
    bank.write(out, Cut::frames, |cut, out| {
        let mut start = cut.start;
        while start < cut.end {
            let frames = (cut.end - start).min(PIECE);
            let piece = match cut.stream {
                None => frames_of(font, source, start, frames)?,
                Some(index) => streams.frames_of(source, index, start, frames)?,
            };
            out.write_all(&piece)?;
            progress(u64::from(frames));
            start += frames;
        }
        Ok(())
    })?;
    Ok(())
}

/// Compressed samples; the last one is kept.
struct Streams<'a> {
    font: &'a SoundFont,
    last: Option<usize>,
    frames: Vec<i16>,
}

impl Streams<'_> {
    fn frames_of(
        &mut self,
        source: &mut (impl Read + Seek),
        index: usize,
        start: u32,
        frames: u32,
    ) -> io::Result<Vec<u8>> {
        if self.last != Some(index) {
            let place = self.font.streams.get(&index).copied().unwrap_or_default();
            let length = self.font.samples.get(index).map_or(0, |header| header.end);
            let bytes = read(source, place).map_err(as_io)?;
            self.frames = vorbis::decode(bytes, length);
            self.last = Some(index);
        }
        let (start, frames) = (start as usize, frames as usize);
        let part = self.frames.iter().skip(start).take(frames);
        let mut bytes: Vec<u8> = part.flat_map(|frame| frame.to_le_bytes()).collect();
        bytes.resize(frames * 2, 0);
        Ok(bytes)
    }
}

/// 16-bit little-endian frames.
fn frames_of(
    font: &SoundFont,
    source: &mut (impl Read + Seek),
    start: u32,
    frames: u32,
) -> io::Result<Vec<u8>> {
    let place = |chunk: Place, width: u64| Place {
        at: chunk.at + u64::from(start) * width,
        size: u64::from(frames) * width,
    };
    let mut high = read(source, place(font.smpl, 2)).map_err(as_io)?;
    if let Some(chunk) = font.sm24 {
        let low = read(source, place(chunk, 1)).map_err(as_io)?;
        for (frame, low) in high.as_chunks_mut().0.iter_mut().zip(low) {
            let rounded = i16::from_le_bytes(*frame).saturating_add(i16::from(low >= 0x80));
            *frame = rounded.to_le_bytes();
        }
    }
    Ok(high)
}

fn as_io(error: super::Error) -> io::Error {
    match error {
        super::Error::Io(error) => error,
        other => io::Error::other(other.to_string()),
    }
}
