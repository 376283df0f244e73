// SPDX-License-Identifier: MIT OR Apache-2.0
//! Data formats: PortCls' default intersection, and WAVEFORMATEX.

use arioso_core::ks::Wire;
use arioso_core::ks::guid::*;
use arioso_core::ks::ks::*;

use crate::state::Global;

const FORMAT: usize = size_of::<KSDATAFORMAT>();

/// PCM parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pcm {
    /// Channels of a frame.
    pub channels: u16,
    /// Frames per second.
    pub rate: u32,
    /// Bits of a sample.
    pub bits: u16,
}

impl Pcm {
    /// Bytes of a frame.
    pub fn frame_bytes(&self) -> u32 {
        u32::from(self.channels) * u32::from(self.bits).div_ceil(8)
    }

    /// From KSDATAFORMAT_WAVEFORMATEX (82 bytes or more).
    pub fn from_format(format: &[u8]) -> Option<Pcm> {
        let head = KSDATAFORMAT::read_from(format)?;
        if head.Specifier != KSDATAFORMAT_SPECIFIER_WAVEFORMATEX
            || head.SubFormat != KSDATAFORMAT_SUBTYPE_PCM
        {
            return None;
        }
        let wave = format.get(FORMAT..FORMAT + 18)?;
        let pcm = Pcm {
            channels: u16::read_from(&wave[2..])?,
            rate: u32::read_from(&wave[4..])?,
            bits: u16::read_from(&wave[14..])?,
        };
        let align = u16::read_from(&wave[12..])?;
        (pcm.channels > 0 && pcm.rate > 0 && u32::from(align) == pcm.frame_bytes()).then_some(pcm)
    }

    /// KSDATAFORMAT_WAVEFORMATEX, 82 bytes.
    pub fn to_format(self) -> Vec<u8> {
        let head = KSDATAFORMAT {
            FormatSize: (FORMAT + 18) as u32,
            Flags: 0,
            SampleSize: self.frame_bytes(),
            Reserved: 0,
            MajorFormat: KSDATAFORMAT_TYPE_AUDIO,
            SubFormat: KSDATAFORMAT_SUBTYPE_PCM,
            Specifier: KSDATAFORMAT_SPECIFIER_WAVEFORMATEX,
        };
        let mut out = vec![0; FORMAT];
        head.write_to(&mut out).expect("sized");
        out.extend(1u16.to_le_bytes());
        out.extend(self.channels.to_le_bytes());
        out.extend(self.rate.to_le_bytes());
        out.extend((self.rate * self.frame_bytes()).to_le_bytes());
        out.extend((self.frame_bytes() as u16).to_le_bytes());
        out.extend(self.bits.to_le_bytes());
        out.extend(0u16.to_le_bytes());
        out
    }
}

/// MaximumChannels, Min/MaxBitsPerSample, Min/MaxSampleFrequency of a KSDATARANGE_AUDIO.
fn audio(range: &[u8]) -> Option<[u32; 5]> {
    <[u32; 5]>::read_from(range.get(FORMAT..)?)
}

static PCM_ONLY: Global<bool> = Global::new(false);

/// `pcm_only`: the default handler has no answer for what is not PCM, which is all that its documentation promises.
pub fn configure(pcm_only: bool) {
    *PCM_ONLY.get() = pcm_only;
}

/// The default handler: a bare format for what has no specifier, PCM at the high end of both ranges for audio.
pub fn intersect(client: &[u8], mine: &[u8]) -> Option<Vec<u8>> {
    let own = KSDATARANGE::read_from(mine)?;
    if own.MajorFormat == KSDATAFORMAT_TYPE_AUDIO
        && own.Specifier == KSDATAFORMAT_SPECIFIER_WAVEFORMATEX
    {
        let m = audio(mine)?;
        let c = audio(client).unwrap_or([u32::MAX, 0, u32::MAX, 0, u32::MAX]);
        let channels = m[0].min(c[0]).min(2);
        let bits = m[2].min(c[2]);
        let rate = m[4].min(c[4]);
        if channels == 0 || bits < m[1].max(c[1]) || rate < m[3].max(c[3]) {
            return None;
        }
        return Some(
            Pcm {
                channels: channels as u16,
                rate,
                bits: bits as u16,
            }
            .to_format(),
        );
    }
    if *PCM_ONLY.get() {
        return None;
    }
    let format = KSDATAFORMAT {
        FormatSize: FORMAT as u32,
        Flags: 0,
        SampleSize: 0,
        Reserved: 0,
        ..own
    };
    let mut out = vec![0; FORMAT];
    format.write_to(&mut out)?;
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(values: [u32; 5]) -> Vec<u8> {
        let mut out = Pcm {
            channels: 2,
            rate: 1,
            bits: 16,
        }
        .to_format();
        out.truncate(FORMAT);
        values.iter().for_each(|v| out.extend(v.to_le_bytes()));
        out.resize(88, 0);
        out
    }

    #[test]
    fn audio_takes_the_high_end() {
        let mine = range([2, 16, 16, 11_025, 96_000]);
        let format = intersect(&range([u32::MAX, 8, 32, 8_000, 48_000]), &mine).unwrap();
        assert_eq!(format.len(), 82);
        assert_eq!(
            Pcm::from_format(&format),
            Some(Pcm {
                channels: 2,
                rate: 48_000,
                bits: 16
            })
        );
        assert_eq!(intersect(&range([2, 24, 24, 8_000, 48_000]), &mine), None);
        assert_eq!(intersect(&range([2, 16, 16, 100, 8_000]), &mine), None);
    }
}
