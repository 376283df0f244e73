// SPDX-License-Identifier: MIT OR Apache-2.0
//! The MIDI Tuning Standard: tables of 128 pitches, named by bank and program (MIDI 1.0 detailed specification, CA-020).

use super::universal::Scale;

/// A message that changes a tuning program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tuning<'a> {
    /// Bank 0–127.
    pub bank: u8,
    /// Program 0–127.
    pub program: u8,
    /// Notes that sound are retuned too.
    pub live: bool,
    /// What becomes of its pitches.
    pub change: TuningChange<'a>,
}

/// What is set of a tuning program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TuningChange<'a> {
    /// All keys.
    Keys(&'a [[u8; 3]; 128]),
    /// All keys, by pitch class around equal temperament.
    Octave(Scale<'a>),
    /// Some keys, each before its pitch.
    Notes(&'a [[u8; 4]]),
}

/// Cents over key 0 of equal temperament; `None` is "no change". Semitones, then 14 bits of a semitone.
pub fn pitch([semitone, high, low]: [u8; 3]) -> Option<f32> {
    if [semitone, high, low] == [0x7F; 3] {
        return None;
    }
    let fraction = u16::from(high) << 7 | u16::from(low);
    Some(100.0 * f32::from(semitone) + f32::from(fraction) * (100.0 / 16384.0))
}

/// Letters of a tuning's name.
const NAME: usize = 16;

impl<'a> Tuning<'a> {
    /// `body` is what stands between `F0` and `F7`. Checksums of dumps are not compared: makers differ in what they count in.
    pub(super) fn parse(body: &'a [u8]) -> Option<Self> {
        let (&[kind @ 0x7E..=0x7F, _, 0x08, form], rest) = body.split_first_chunk()? else {
            return None;
        };
        let live = kind == 0x7F;
        let (bank, rest) = match form {
            0x01 | 0x02 => (0, rest),
            0x04..=0x07 => rest.split_first().map(|(&bank, rest)| (bank, rest))?,
            _ => return None,
        };
        let (&program, rest) = rest.split_first()?;
        let change = match (form, live) {
            (0x01 | 0x04, false) => {
                let (pitches, []) = dumped(rest)?.as_chunks() else {
                    return None;
                };
                TuningChange::Keys(pitches.try_into().ok()?)
            }
            (0x05, false) => TuningChange::Octave(Scale::OneByte(dumped(rest)?.try_into().ok()?)),
            (0x06, false) => {
                let (pairs, []) = dumped(rest)?.as_chunks() else {
                    return None;
                };
                TuningChange::Octave(Scale::TwoByte(pairs.try_into().ok()?))
            }
            (0x02, true) | (0x07, _) => {
                let (&count, notes) = rest.split_first()?;
                let (notes, []) = notes.as_chunks() else {
                    return None;
                };
                if notes.len() != usize::from(count) {
                    return None;
                }
                TuningChange::Notes(notes)
            }
            _ => return None,
        };
        Some(Self {
            bank,
            program,
            live,
            change,
        })
    }
}

/// The data of a dump, between its name and its checksum.
fn dumped(rest: &[u8]) -> Option<&[u8]> {
    let (_checksum, rest) = rest.split_last()?;
    rest.get(NAME..)
}

#[cfg(test)]
mod tests {
    use super::super::Universal;
    use super::*;
    use std::vec::Vec;

    const TITLE: &[u8; 16] = b"a tuning program";

    fn parse(body: &[u8]) -> Option<(u8, u8, bool, Vec<u8>)> {
        let message = [&[0xF0][..], body, &[0xF7]].concat();
        let Some(Universal::Tuning(tuning)) = Universal::parse(&message) else {
            return None;
        };
        let data = match tuning.change {
            TuningChange::Keys(keys) => keys.as_flattened().to_vec(),
            TuningChange::Notes(notes) => notes.as_flattened().to_vec(),
            TuningChange::Octave(Scale::OneByte(values)) => values.to_vec(),
            TuningChange::Octave(Scale::TwoByte(values)) => values.as_flattened().to_vec(),
        };
        Some((tuning.bank, tuning.program, tuning.live, data))
    }

    /// The examples of the specification: frequencies of equal temperament and between.
    #[test]
    fn pitches() {
        for (bytes, hertz) in [
            ([0x00, 0, 0], 8.1758),
            ([0x01, 0, 0], 8.6620),
            ([0x0C, 0, 0], 16.3516),
            ([0x3C, 0, 0], 261.6256),
            ([0x43, 0, 0], 391.9954),
            ([0x44, 0x7F, 0x7F], 440.0 - 0.0016),
            ([0x45, 0, 0], 440.0),
            ([0x45, 0, 1], 440.0016),
            ([0x78, 0, 0], 8372.0181),
            ([0x7F, 0x7F, 0x7E], 13_289.73),
        ] {
            let cents = f64::from(pitch(bytes).unwrap());
            let ours = 440.0 * ((cents - 6900.0) / 1200.0).exp2();
            assert!((ours / hertz - 1.0).abs() < 1e-5, "{bytes:x?}: {ours}");
        }
        assert_eq!(pitch([0x7F; 3]), None);
    }

    #[test]
    fn forms() {
        let keys: Vec<u8> = (0..128u8).flat_map(|key| [key, 0x40, 1]).collect();
        let classes: Vec<u8> = (0..24).collect();
        for (head, data) in [
            (&[0x7E, 0x7F, 8, 1, 5][..], &keys[..]),
            (&[0x7E, 0x7F, 8, 4, 3, 5], &keys),
            (&[0x7E, 0x7F, 8, 5, 3, 5], &classes[..12]),
            (&[0x7E, 0x7F, 8, 6, 3, 5], &classes),
        ] {
            let bank = if head.len() == 6 { 3 } else { 0 };
            let whole = [head, TITLE, data, &[0x11]].concat();
            assert_eq!(parse(&whole), Some((bank, 5, false, data.to_vec())));
            // One byte less or more is not a dump, nor is a dump in real time.
            assert_eq!(parse(&whole[..whole.len() - 1]), None);
            assert_eq!(parse(&[&whole[..], &[0]].concat()), None);
            assert_eq!(parse(&[&[0x7F], &whole[1..]].concat()), None);
        }
        let notes = [60, 60, 0x40, 0, 61, 0x7F, 0x7F, 0x7F];
        for (head, bank, live) in [
            (&[0x7F, 0x10, 8, 2, 9][..], 0, true),
            (&[0x7F, 0x10, 8, 7, 2, 9], 2, true),
            (&[0x7E, 0x10, 8, 7, 2, 9], 2, false),
        ] {
            let whole = [head, &[2], &notes].concat();
            assert_eq!(parse(&whole), Some((bank, 9, live, notes.to_vec())));
            for count in [1, 3] {
                assert_eq!(parse(&[head, &[count], &notes].concat()), None);
            }
        }
        // Requests ask for an answer that nobody here can give.
        assert_eq!(parse(&[0x7E, 0x7F, 8, 0, 5]), None);
        assert_eq!(parse(&[0x7E, 0x7F, 8, 3, 1, 5]), None);
        assert_eq!(parse(&[0x7E, 0x7F, 8]), None);
    }
}
