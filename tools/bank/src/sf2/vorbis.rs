// SPDX-License-Identifier: MIT OR Apache-2.0
//! The samples of SF3: each an Ogg Vorbis stream of its own in the sample chunk.

use super::file::{Place, Result, read};
use std::io::{Cursor, Read, Seek};
use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;

/// Longest page of Ogg: a header, 255 segments of 255 bytes.
const PAGE: u64 = 27 + 255 + 255 * 255;
/// More frames are no sample.
const MOST: u64 = 1 << 28;

/// Frames of a stream, as its last page counts them; `None` if there is no such page. Nothing is decoded.
pub fn frames(source: &mut (impl Read + Seek), stream: Place) -> Result<Option<u32>> {
    let tail = stream.size.min(PAGE);
    let bytes = read(
        source,
        Place {
            at: stream.at + stream.size - tail,
            size: tail,
        },
    )?;
    let last = bytes.windows(14).rev().find(|w| w.starts_with(b"OggS"));
    Ok(last.and_then(|page| {
        let position = page[6..14].iter().rev();
        let position = position.fold(0u64, |sum, &byte| sum << 8 | u64::from(byte));
        u32::try_from(position)
            .ok()
            .filter(|&frames| frames > 0 && u64::from(frames) <= MOST)
    }))
}

/// Decodes a stream to `frames` frames; of more than one channel the first counts. What is missing at the end, or cannot be decoded,
/// is silence.
pub fn decode(bytes: Vec<u8>, frames: u32) -> Vec<i16> {
    let frames = frames as usize;
    let mut out = Vec::new();
    // What was decoded before an error counts.
    let _ = decode_to(bytes, frames, &mut out);
    out.resize(frames, 0);
    out
}

fn decode_to(bytes: Vec<u8>, frames: usize, out: &mut Vec<i16>) -> std::result::Result<(), Error> {
    let stream = MediaSourceStream::new(
        Box::new(Cursor::new(bytes)),
        MediaSourceStreamOptions::default(),
    );
    let mut format = symphonia::default::get_probe().probe(
        Hint::new().with_extension("ogg"),
        stream,
        FormatOptions::default(),
        MetadataOptions::default(),
    )?;
    let unknown = Error::Unsupported("no audio");
    let Some(track) = format.default_track(TrackType::Audio) else {
        return Err(unknown);
    };
    let id = track.id;
    let parameters = track.codec_params.as_ref().and_then(|p| p.audio());
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(parameters.ok_or(unknown)?, &AudioDecoderOptions::default())?;
    let mut interleaved = Vec::new();
    while out.len() < frames {
        let Some(packet) = format.next_packet()? else {
            break;
        };
        if packet.track_id != id {
            continue;
        }
        let decoded = match decoder.decode(&packet) {
            Ok(decoded) => decoded,
            Err(Error::DecodeError(_)) => continue,
            Err(other) => return Err(other),
        };
        let channels = decoded.spec().channels().count().max(1);
        interleaved.resize(decoded.samples_interleaved(), 0.0f32);
        decoded.copy_to_slice_interleaved(&mut interleaved);
        out.extend(
            interleaved
                .iter()
                .step_by(channels)
                .map(|&sample| libm::roundf(sample * 32768.0).clamp(-32768.0, 32767.0) as i16),
        );
    }
    Ok(())
}
