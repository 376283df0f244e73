// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where in a file the MIDI data are: bare, in a RIFF `RMID`, behind a MacBinary header or other bytes; and the bank beside them.

use super::oddity::Oddities;
use std::ops::Range;

/// Instruments that an RMID brings along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmbeddedBank {
    /// A RIFF file of the form `DLS ` (RP-029) or `sfbk`.
    pub bytes: Vec<u8>,
    /// Added to the bank MSB of each melodic instrument of a SoundFont (`DBNK`), if the file says it.
    pub offset: Option<u8>,
}

impl EmbeddedBank {
    /// It is a SoundFont, not a DLS file.
    pub fn is_sound_font(&self) -> bool {
        self.bytes.get(8..12) == Some(b"sfbk")
    }
}

/// Bytes of a MacBinary header: zero, the length of the name, the name; the file's type at 65.
const MAC_BINARY: usize = 128;

/// Bytes with `MThd` at their start.
pub fn find(bytes: &[u8], odd: &mut Oddities) -> Result<Range<usize>, String> {
    if bytes.starts_with(b"MThd") {
        return Ok(0..bytes.len());
    }
    if let Some(data) = Chunks::of(bytes, b"RMID")
        .and_then(|mut chunks| chunks.find_map(|(id, range)| (id == b"data").then_some(range)))
        && bytes[data.clone()].starts_with(b"MThd")
    {
        return Ok(data);
    }
    let at = bytes
        .windows(4)
        .position(|four| four == b"MThd")
        .ok_or("it is not a MIDI file (there is no MThd in it)")?;
    if at == MAC_BINARY && bytes[0] == 0 && (1..64).contains(&bytes[1]) {
        odd.note(0, "a MacBinary header", "passed over");
        // The data fork's size; behind it is padding, and the other fork.
        let size = u32::from_be_bytes([bytes[83], bytes[84], bytes[85], bytes[86]]) as usize;
        let end = at.saturating_add(size);
        return Ok(at..if size == 0 {
            bytes.len()
        } else {
            end.min(bytes.len())
        });
    }
    let found = match bytes.starts_with(b"RIFF") {
        true => "a RIFF file that is broken",
        false => "bytes before the file's header",
    };
    odd.note(0, found, "passed over");
    Ok(at..bytes.len())
}

/// The bank in an RMID.
pub fn bank(bytes: &[u8]) -> Option<EmbeddedBank> {
    let mut bank = None;
    let mut offset = None;
    for (id, range) in Chunks::of(bytes, b"RMID")? {
        let data = &bytes[range.clone()];
        match id {
            b"RIFF" if matches!(data.get(..4), Some(b"DLS " | b"sfbk")) && bank.is_none() => {
                bank = Some(bytes[range.start - 8..range.end].to_vec());
            }
            b"LIST" if data.starts_with(b"INFO") => {
                let mut info = Chunks::within(bytes, range.start + 4..range.end);
                let number = info.find_map(|(id, range)| (id == b"DBNK").then_some(range));
                offset = number.and_then(|range| match bytes[range] {
                    [low, high, ..] => Some(u16::from_le_bytes([low, high])),
                    _ => None,
                });
            }
            _ => {}
        }
    }
    Some(EmbeddedBank {
        bytes: bank?,
        offset: offset.map(|offset| offset.min(127) as u8),
    })
}

/// RIFF chunks: id and the range of its data, cut at the end of what there is.
struct Chunks<'a> {
    bytes: &'a [u8],
    rest: Range<usize>,
}

impl<'a> Chunks<'a> {
    /// Those of a form.
    fn of(bytes: &'a [u8], form: &[u8; 4]) -> Option<Self> {
        let is_form = bytes.starts_with(b"RIFF") && bytes.get(8..12)? == form;
        // The size is not believed: writers leave banks outside of it.
        is_form.then(|| Self::within(bytes, 12..bytes.len()))
    }

    fn within(bytes: &'a [u8], rest: Range<usize>) -> Self {
        Self { bytes, rest }
    }
}

impl<'a> Iterator for Chunks<'a> {
    type Item = (&'a [u8; 4], Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.bytes.get(self.rest.clone())?;
        let (id, after) = rest.split_first_chunk::<4>()?;
        let size = u32::from_le_bytes(*after.first_chunk()?) as usize;
        let start = self.rest.start + 8;
        let end = start.saturating_add(size).min(self.rest.end);
        let padded = start.saturating_add(size).saturating_add(size & 1);
        self.rest.start = padded.min(self.rest.end);
        Some((id, start..end))
    }
}
