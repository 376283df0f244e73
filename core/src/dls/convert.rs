// SPDX-License-Identifier: MIT OR Apache-2.0
//! From raw structures to the model: ranges are ordered, loops lie inside their wave, gains are bounded.

use super::model::{
    Articulation, Connection, Destination, Loop, Region, SampleInfo, Shape, Source, Wave,
};
use super::raw;
use crate::mem::{NoMemory, Shared, vec};
use alloc::vec::Vec;

/// Why a wave cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaveError {
    /// Neither 8-bit nor 16-bit PCM.
    NotPcm,
    /// More than one channel.
    NotMono,
    /// No frames, a sample rate out of range, or a missing or cut-off structure.
    Malformed,
    /// Longer than the budget allows.
    TooLarge,
    /// No memory for the frames.
    NoMemory,
    /// The file's reader failed.
    Unreadable,
}

impl From<NoMemory> for WaveError {
    fn from(_: NoMemory) -> Self {
        Self::NoMemory
    }
}

/// Bytes of model that may still be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    left: usize,
}

/// A quota is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverBudget;

impl Budget {
    /// A budget of so many bytes.
    pub const fn new(bytes: usize) -> Self {
        Self { left: bytes }
    }

    /// Bytes that are left.
    pub const fn left(&self) -> usize {
        self.left
    }

    /// Takes bytes off; the budget stays as it was if there are not as many.
    pub fn take(&mut self, bytes: usize) -> Result<(), OverBudget> {
        self.left = self.left.checked_sub(bytes).ok_or(OverBudget)?;
        Ok(())
    }
}

/// Largest gain of a region, +20 dB; there is no reason for one in DLS, but files have them.
const GAIN_MAX: i32 = 20 * 655_360;
/// Smallest, −200 dB.
const GAIN_MIN: i32 = -200 * 655_360;

/// Bytes that a wave of `bytes` bytes of data costs.
pub fn wave_cost(format: &raw::Format, bytes: usize) -> usize {
    let frames = if format.bits == 8 { bytes } else { bytes / 2 };
    Wave::size(frames)
}

/// Frames of a wave with `bytes` bytes of data, if it is one that can be used.
pub fn frame_count(format: &raw::Format, bytes: usize) -> Result<usize, WaveError> {
    if format.tag != raw::Format::PCM || !matches!(format.bits, 8 | 16) {
        return Err(WaveError::NotPcm);
    }
    if format.channels != 1 {
        return Err(WaveError::NotMono);
    }
    if !(1..=1_000_000).contains(&format.rate) {
        return Err(WaveError::Malformed);
    }
    match if format.bits == 8 { bytes } else { bytes / 2 } {
        0 => Err(WaveError::Malformed),
        // Positions are 32-bit with room for arithmetic.
        0x4000_0000.. => Err(WaveError::TooLarge),
        count => Ok(count),
    }
}

/// Appends frames of 8 bits (offset binary) or 16 within the vector's capacity.
pub fn append(frames: &mut Vec<i16>, bits: u16, data: &[u8]) -> Result<(), NoMemory> {
    if bits == 8 {
        return extend(frames, data.iter().map(|&b| (i16::from(b) - 128) << 8));
    }
    let (pairs, _) = data.as_chunks();
    extend(frames, pairs.iter().map(|&pair| i16::from_le_bytes(pair)))
}

/// Checks the format and copies the frames; 8-bit (offset binary) becomes 16-bit.
pub fn wave(
    format: &raw::Format,
    data: &[u8],
    sample: Option<&raw::Sample>,
    budget: &mut Budget,
) -> Result<Wave, WaveError> {
    let count = frame_count(format, data.len())?;
    budget
        .take(wave_cost(format, data.len()))
        .map_err(|OverBudget| WaveError::TooLarge)?;
    let mut frames = Wave::frames_for(count)?;
    append(&mut frames, format.bits, data)?;
    Wave::guard(&mut frames)?;
    Ok(Wave {
        rate: format.rate,
        frames,
        sample: self::sample(sample, count),
        lazy: None,
    })
}

fn extend(frames: &mut Vec<i16>, values: impl Iterator<Item = i16>) -> Result<(), NoMemory> {
    for value in values {
        vec::push_within(frames, value).map_err(|_| NoMemory)?;
    }
    Ok(())
}

/// `wsmp` for a wave of `frames` frames; without one: key 60, no tuning, no gain, no loop.
pub fn sample(raw: Option<&raw::Sample>, frames: usize) -> SampleInfo {
    let Some(raw) = raw else {
        return SampleInfo {
            unity: 60,
            fine_tune: 0,
            gain: 0,
            sample_loop: None,
        };
    };
    SampleInfo {
        unity: u8::try_from(raw.unity)
            .ok()
            .filter(|&u| u < 128)
            .unwrap_or(60),
        fine_tune: raw.fine_tune,
        gain: raw.gain.clamp(GAIN_MIN, GAIN_MAX),
        sample_loop: raw.first_loop.and_then(|l| sample_loop(&l, frames)),
    }
}

/// The part of the loop that lies inside the wave, if it is at least two frames, or one where the file says one: that is held.
fn sample_loop(raw: &raw::Loop, frames: usize) -> Option<Loop> {
    let frames = u32::try_from(frames).unwrap_or(u32::MAX);
    let length = raw.length.min(frames.checked_sub(raw.start)?);
    (length >= 2 || (length, raw.length) == (1, 1)).then_some(Loop {
        start: raw.start,
        length,
        until_release: raw.kind == 1,
    })
}

/// An inclusive range within 0..=127, or `None` if it is empty.
pub fn range((low, high): (u16, u16)) -> Option<(u8, u8)> {
    let high = high.min(127);
    (low <= high).then_some((low as u8, high as u8))
}

/// As [`range`]. Velocity 0 is a Note Off: a range of nothing else is what writers leave who do not set one.
pub fn velocity_range(range: (u16, u16)) -> Option<(u8, u8)> {
    match range {
        (0, 0) => Some((0, 127)),
        _ => self::range(range),
    }
}

/// Key groups are 1..=15.
pub fn key_group(raw: u16) -> u8 {
    u8::try_from(raw).ok().filter(|&g| g < 16).unwrap_or(0)
}

/// Puts a region together. Its own `wsmp` counts instead of the wave's as a whole.
pub fn region(
    header: &raw::RegionHeader,
    (keys, velocities): ((u8, u8), (u8, u8)),
    link: &raw::WaveLink,
    sample: Option<&raw::Sample>,
    wave: Shared<Wave>,
    articulation: Shared<Articulation>,
) -> Region {
    let mut sample = match sample {
        Some(raw) => self::sample(Some(raw), wave.frame_count()),
        None => wave.sample,
    };
    sample.fine_tune = tuning(&sample, &articulation);
    Region {
        keys,
        velocities,
        self_non_exclusive: header.options & 1 != 0,
        key_group: key_group(header.key_group),
        phase_group: link.phase_group,
        phase_master: link.options & 1 != 0,
        channels: link.channels,
        sample,
        wave,
        articulation,
    }
}

/// Fine tune of a region, for a pitch of key · scale - 100 · root. Keys that are not 100 cents apart are counted from the root: it
/// sounds as recorded, whatever the scale.
///
/// Files whose makers counted from key 0 say so by a fine tune that brings the root back to its pitch; they are left as they are.
fn tuning(sample: &SampleInfo, articulation: &Articulation) -> i16 {
    let pitch = |c: &&Connection| {
        (c.source, c.control, c.destination) == (Source::Key, Source::None, Destination::Pitch)
    };
    let plain = |c: &&Connection| c.source_shape == Shape::default();
    let tracking = articulation.connections().iter().find(pitch).filter(plain);
    // Cents per key, times 128 · 65536.
    const EVEN: i64 = 12800 << 16;
    let scale = tracking.map_or(EVEN, |c| i64::from(c.scale));
    let below = (i64::from(sample.unity) * (EVEN - scale)) >> 23;
    let fine = i64::from(sample.fine_tune);
    let counted_from_zero = fine.abs() > 1200 && (fine - below).abs() <= 200;
    if counted_from_zero {
        return sample.fine_tune;
    }
    fine.saturating_add(below)
        .clamp(i16::MIN.into(), i16::MAX.into()) as i16
}

/// The DirectMusic patch of a file's `ulBank` and `ulInstrument`.
pub fn patch(bank: u32, instrument: u32) -> u32 {
    (bank & 0x8000_0000) | ((bank & 0x7F7F) << 8) | (instrument & 0x7F)
}

/// The bits of a DirectMusic patch that mean something.
pub const PATCH_MASK: u32 = 0x807F_7F7F;

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT: raw::Format = raw::Format {
        tag: 1,
        channels: 1,
        rate: 22050,
        align: 2,
        bits: 16,
    };

    fn build(format: raw::Format, data: &[u8]) -> Result<Wave, WaveError> {
        wave(&format, data, None, &mut Budget::new(1000))
    }

    #[test]
    fn eight_bits_are_offset_binary() {
        let wave = build(raw::Format { bits: 8, ..FORMAT }, &[0, 0x80, 0xFF]).unwrap();
        assert_eq!(wave.frames(), [-32768, 0, 32512]);
        let (front, rest) = wave.guarded_frames().split_at(Wave::FRONT);
        assert_eq!(rest.len(), 3 + Wave::GUARD);
        assert!(front.iter().chain(&rest[3..]).all(|&f| f == 0));
    }

    #[test]
    fn sixteen_bits_ignore_an_odd_byte() {
        assert_eq!(
            build(FORMAT, &[1, 0, 0, 0x80, 9]).unwrap().frames(),
            [1, -32768]
        );
    }

    #[test]
    fn what_is_not_mono_pcm_is_refused() {
        let mut data = [0u8; 64];
        for (format, error) in [
            (raw::Format { tag: 3, ..FORMAT }, WaveError::NotPcm),
            (
                raw::Format {
                    tag: 0x55,
                    ..FORMAT
                },
                WaveError::NotPcm,
            ),
            (raw::Format { bits: 0, ..FORMAT }, WaveError::NotPcm),
            (raw::Format { bits: 24, ..FORMAT }, WaveError::NotPcm),
            (
                raw::Format {
                    channels: 0,
                    ..FORMAT
                },
                WaveError::NotMono,
            ),
            (
                raw::Format {
                    channels: 2,
                    ..FORMAT
                },
                WaveError::NotMono,
            ),
            (raw::Format { rate: 0, ..FORMAT }, WaveError::Malformed),
            (
                raw::Format {
                    rate: u32::MAX,
                    ..FORMAT
                },
                WaveError::Malformed,
            ),
        ] {
            assert_eq!(build(format, &data).err(), Some(error), "{format:?}");
        }
        data[0] = 1;
        assert_eq!(build(FORMAT, &data[..1]).err(), Some(WaveError::Malformed));
        assert_eq!(build(FORMAT, &[0; 2000]).err(), Some(WaveError::TooLarge));
    }

    #[test]
    fn loops_lie_inside_the_wave() {
        let mut raw = raw::Sample {
            unity: 300,
            fine_tune: -5,
            gain: i32::MAX,
            options: 0,
            first_loop: None,
        };
        for (start, length, expected) in [
            (0, 100, Some((0, 100))),
            (98, 2, Some((98, 2))),
            (98, 200, Some((98, 2))),
            (99, 200, None),
            (99, 1, Some((99, 1))),
            (100, 1, None),
            (101, 1, None),
            (0, 0, None),
            (0, 1, Some((0, 1))),
            (u32::MAX, u32::MAX, None),
            (50, u32::MAX, Some((50, 50))),
        ] {
            raw.first_loop = Some(raw::Loop {
                kind: 1,
                start,
                length,
            });
            let info = sample(Some(&raw), 100);
            assert_eq!(
                info.sample_loop.map(|l| (l.start, l.length)),
                expected,
                "{start} {length}"
            );
            assert_eq!((info.unity, info.fine_tune, info.gain), (60, -5, GAIN_MAX));
        }
    }

    /// Keys that are not 100 cents apart are counted from the root; a fine tune of more than an octave that brings the root back to its
    /// pitch, within two semitones, is left as it is.
    #[test]
    fn scales_are_counted_from_the_root() {
        let tuned = |unity: u8, fine_tune: i16, cents: i32| {
            let mut builder = super::super::articulation::Builder::new().unwrap();
            let connection = raw::Connection {
                source: 3,
                control: 0,
                destination: 3,
                transform: 0,
                scale: cents * (128 << 16),
            };
            builder.add(raw::Level::One, &connection).unwrap();
            let sample = SampleInfo {
                unity,
                fine_tune,
                gain: 0,
                sample_loop: None,
            };
            i32::from(tuning(&sample, &builder.finish()))
        };
        for (unity, cents) in [
            (60, 100),
            (60, 99),
            (1, 99),
            (60, 80),
            (60, 50),
            (60, 0),
            (127, 120),
            (36, 150),
            (100, 200),
            (0, 0),
        ] {
            let below = i32::from(unity) * (100 - cents);
            for fine in (-7000..7000i16)
                .step_by(50)
                .chain([-1201, -1199, 1199, 1201])
            {
                for fine in [fine, (below as i16).wrapping_add(fine.clamp(-202, 202))] {
                    let wide = i32::from(fine);
                    let is_meant = wide.abs() > 1200 && (wide - below).abs() <= 200;
                    let sum = (wide + below).clamp(-32_768, 32_767);
                    let expected = if is_meant { wide } else { sum };
                    assert_eq!(
                        tuned(unity, fine, cents),
                        expected,
                        "{unity} {fine} {cents}"
                    );
                }
            }
        }
        assert_eq!(tuned(127, 32_000, 0), 32_767);
        assert_eq!(tuned(127, -32_000, 200), -32_768);
    }

    /// `usKeyGroup`: 0 is none, 1 to 15 are groups; DLS has no others.
    #[test]
    fn key_groups_are_one_to_fifteen() {
        for raw in (0..300).chain([u16::MAX]) {
            let expected = if raw < 16 { raw } else { 0 };
            assert_eq!(u16::from(key_group(raw)), expected, "{raw}");
        }
    }

    /// Each flag is the lowest bit of its word, F_RGN_OPTION_SELFNONEXCLUSIVE and F_WAVELINK_PHASE_MASTER; the other bits mean nothing.
    #[test]
    fn flags_of_a_region() {
        let articulation = super::super::articulation::Builder::new().unwrap().finish();
        let articulation = Shared::try_new(articulation).unwrap();
        let wave = Shared::try_new(build(FORMAT, &[0; 4]).unwrap()).unwrap();
        for (options, link_options) in [(0, 0), (1, 0), (0, 1), (0xFFFE, 0xFFFF), (0xFFFF, 0xFFFE)]
        {
            let header = raw::RegionHeader {
                keys: (0, 127),
                velocities: (0, 127),
                options,
                key_group: 3,
            };
            let link = raw::WaveLink {
                options: link_options,
                phase_group: 7,
                channels: 1,
                table_index: 0,
            };
            let ranges = ((0, 127), (0, 127));
            let region = region(
                &header,
                ranges,
                &link,
                None,
                wave.clone(),
                articulation.clone(),
            );
            assert_eq!(region.self_non_exclusive, options % 2 == 1);
            assert_eq!(region.phase_master, link_options % 2 == 1);
            assert_eq!((region.key_group, region.phase_group), (3, 7));
        }
    }

    #[test]
    fn ranges_are_ordered() {
        assert_eq!(range((0, 127)), Some((0, 127)));
        assert_eq!(range((5, 60000)), Some((5, 127)));
        assert_eq!(range((128, 200)), None);
        assert_eq!(range((9, 8)), None);
        assert_eq!(velocity_range((0, 0)), Some((0, 127)));
        assert_eq!(velocity_range((0, 3)), Some((0, 3)));
    }

    #[test]
    fn patches_follow_the_directmusic_layout() {
        assert_eq!(patch(0, 5), 5);
        assert_eq!(patch(0x0000_7901, 0x85), 0x0079_0105);
        assert_eq!(patch(0x8000_0000, 0), 0x8000_0000);
        assert_eq!(patch(u32::MAX, u32::MAX), PATCH_MASK);
    }
}
