// SPDX-License-Identifier: MIT OR Apache-2.0
//! Data formats of the endpoint: 16-, 24- and 32-bit PCM and float, stereo and mono, at three rates.

use crate::com::descriptor::Static;
use crate::engine::{Format, Sample};
use crate::kernel::Result;
use arioso_core::ks::guid::{
    KSDATAFORMAT_SPECIFIER_WAVEFORMATEX, KSDATAFORMAT_SUBTYPE_IEEE_FLOAT, KSDATAFORMAT_SUBTYPE_PCM,
    KSDATAFORMAT_TYPE_AUDIO,
};
use arioso_core::ks::ks::{
    KSDATAFORMAT, KSDATAFORMAT_ATTRIBUTES, KSDATARANGE, KSDATARANGE_ATTRIBUTES,
};
use arioso_core::ks::ksmedia::{
    KSAUDIO_SPEAKER_STEREO, KSDATAFORMAT_WAVEFORMATEX, KSDATAFORMAT_WAVEFORMATEXTENSIBLE,
    KSDATARANGE_AUDIO, WAVE_FORMAT_EXTENSIBLE, WAVE_FORMAT_IEEE_FLOAT, WAVE_FORMAT_PCM,
    WAVEFORMATEX, WAVEFORMATEXTENSIBLE,
};
use arioso_core::ks::status::{STATUS_INVALID_PARAMETER, STATUS_NO_MATCH};
use arioso_core::ks::{GUID, Wire};

/// Frames per second; the first is the default.
const RATES: [u32; 3] = [48_000, 44_100, 96_000];
/// Bits of a sample, and its subformat; the first is the default.
const SAMPLES: [(u32, GUID); 4] = [
    (16, KSDATAFORMAT_SUBTYPE_PCM),
    (24, KSDATAFORMAT_SUBTYPE_PCM),
    (32, KSDATAFORMAT_SUBTYPE_PCM),
    (32, KSDATAFORMAT_SUBTYPE_IEEE_FLOAT),
];
const CHANNELS: u32 = 2;
/// `SPEAKER_FRONT_CENTER`
const MONO: u32 = 4;
/// In a client's range: anything.
const WILDCARD: GUID = GUID::from_u128(0);

/// What a `WAVEFORMATEXTENSIBLE` adds.
const EXTRA: u16 = (size_of::<WAVEFORMATEXTENSIBLE>() - size_of::<WAVEFORMATEX>()) as u16;

/// Number of data ranges.
pub const RANGES: usize = RATES.len() * SAMPLES.len();

/// A range for each combination.
pub const fn ranges() -> [Static<KSDATARANGE_AUDIO>; RANGES] {
    let mut all = [const { Static(range(RATES[0], SAMPLES[0])) }; RANGES];
    let mut n = 0;
    while n < RANGES {
        all[n] = Static(range(RATES[n / SAMPLES.len()], SAMPLES[n % SAMPLES.len()]));
        n += 1;
    }
    all
}

const fn range(rate: u32, (bits, subformat): (u32, GUID)) -> KSDATARANGE_AUDIO {
    KSDATARANGE_AUDIO {
        DataRange: KSDATARANGE {
            FormatSize: size_of::<KSDATARANGE_AUDIO>() as u32,
            Flags: KSDATARANGE_ATTRIBUTES,
            SampleSize: 0,
            Reserved: 0,
            MajorFormat: KSDATAFORMAT_TYPE_AUDIO,
            SubFormat: subformat,
            Specifier: KSDATAFORMAT_SPECIFIER_WAVEFORMATEX,
        },
        MaximumChannels: CHANNELS,
        MinimumBitsPerSample: bits,
        MaximumBitsPerSample: bits,
        MinimumSampleFrequency: rate,
        MaximumSampleFrequency: rate,
    }
}

/// What a client's format asks for; `STATUS_NO_MATCH` if it is none of ours.
pub fn parse(format: &[u8]) -> Result<Format> {
    let head = KSDATAFORMAT::read_from(format).ok_or(STATUS_INVALID_PARAMETER)?;
    if head.MajorFormat != KSDATAFORMAT_TYPE_AUDIO
        || head.Specifier != KSDATAFORMAT_SPECIFIER_WAVEFORMATEX
    {
        return Err(STATUS_NO_MATCH);
    }
    let bytes = format.get(size_of::<KSDATAFORMAT>()..).unwrap_or_default();
    let wave = WAVEFORMATEX::read_from(bytes).ok_or(STATUS_INVALID_PARAMETER)?;
    let (subformat, valid) = match wave.wFormatTag {
        WAVE_FORMAT_PCM => (KSDATAFORMAT_SUBTYPE_PCM, wave.wBitsPerSample),
        WAVE_FORMAT_IEEE_FLOAT => (KSDATAFORMAT_SUBTYPE_IEEE_FLOAT, wave.wBitsPerSample),
        WAVE_FORMAT_EXTENSIBLE if wave.cbSize >= EXTRA => {
            let long = WAVEFORMATEXTENSIBLE::read_from(bytes).ok_or(STATUS_INVALID_PARAMETER)?;
            let mask = long.dwChannelMask;
            if mask != 0 && mask.count_ones() != wave.nChannels.into() {
                return Err(STATUS_NO_MATCH);
            }
            (long.SubFormat, long.Samples)
        }
        _ => return Err(STATUS_NO_MATCH),
    };
    let float = subformat == KSDATAFORMAT_SUBTYPE_IEEE_FLOAT;
    let sample = match (wave.wBitsPerSample, valid) {
        (32, 32) if float => Sample::Float32,
        _ if float => return Err(STATUS_NO_MATCH),
        (16, 16) => Sample::Int16,
        (24, 24) => Sample::Int24,
        (32, 24) => Sample::Int24In32,
        (32, 32) => Sample::Int32,
        _ => return Err(STATUS_NO_MATCH),
    };
    let format = Format {
        rate: wave.nSamplesPerSec,
        mono: wave.nChannels == 1,
        sample,
    };
    let known = subformat == head.SubFormat
        && (float || subformat == KSDATAFORMAT_SUBTYPE_PCM)
        && (1..=CHANNELS).contains(&wave.nChannels.into())
        && RATES.contains(&format.rate)
        && u32::from(wave.nBlockAlign) == format.block()
        && wave.nAvgBytesPerSec == format.rate.wrapping_mul(format.block());
    if known {
        Ok(format)
    } else {
        Err(STATUS_NO_MATCH)
    }
}

/// The default format.
pub fn default() -> KSDATAFORMAT_WAVEFORMATEXTENSIBLE {
    let (bits, subformat) = SAMPLES[0];
    extensible(RATES[0], CHANNELS, bits, subformat)
}

/// Says that a list of attributes follows.
pub fn with_attributes(
    mut format: KSDATAFORMAT_WAVEFORMATEXTENSIBLE,
) -> KSDATAFORMAT_WAVEFORMATEXTENSIBLE {
    format.DataFormat.Flags |= KSDATAFORMAT_ATTRIBUTES;
    format
}

/// The best format that both the client's and our range contain, written to `out` if there is room; its size.
pub fn intersect(client: &[u8], own: &[u8], out: &mut [u8]) -> Result<usize> {
    let own = KSDATARANGE_AUDIO::read_from(own).ok_or(STATUS_NO_MATCH)?;
    let head = KSDATARANGE::read_from(client).ok_or(STATUS_INVALID_PARAMETER)?;
    let fits = |theirs: GUID, ours: GUID| theirs == ours || theirs == WILDCARD;
    if !fits(head.MajorFormat, own.DataRange.MajorFormat)
        || !fits(head.SubFormat, own.DataRange.SubFormat)
        || !fits(head.Specifier, own.DataRange.Specifier)
    {
        return Err(STATUS_NO_MATCH);
    }
    let (bits, rate) = (own.MaximumBitsPerSample, own.MaximumSampleFrequency);
    let mut channels = own.MaximumChannels;
    // A bare range limits nothing.
    if let Some(client) = KSDATARANGE_AUDIO::read_from(client) {
        channels = channels.min(client.MaximumChannels);
        if channels == 0
            || !(client.MinimumBitsPerSample..=client.MaximumBitsPerSample).contains(&bits)
            || !(client.MinimumSampleFrequency..=client.MaximumSampleFrequency).contains(&rate)
        {
            return Err(STATUS_NO_MATCH);
        }
    }
    let long = extensible(rate, channels, bits, own.DataRange.SubFormat);
    if bits > 16 {
        let _ = long.write_to(out);
        return Ok(size_of_val(&long));
    }
    // What every program understands.
    let mut short = KSDATAFORMAT_WAVEFORMATEX {
        DataFormat: long.DataFormat,
        WaveFormatEx: long.WaveFormatExt.Format,
    };
    short.DataFormat.FormatSize = size_of_val(&short) as u32;
    short.WaveFormatEx.wFormatTag = WAVE_FORMAT_PCM;
    short.WaveFormatEx.cbSize = 0;
    let _ = short.write_to(out);
    Ok(size_of_val(&short))
}

fn extensible(
    rate: u32,
    channels: u32,
    bits: u32,
    subformat: GUID,
) -> KSDATAFORMAT_WAVEFORMATEXTENSIBLE {
    let block = channels.wrapping_mul(bits / 8);
    KSDATAFORMAT_WAVEFORMATEXTENSIBLE {
        DataFormat: KSDATAFORMAT {
            FormatSize: size_of::<KSDATAFORMAT_WAVEFORMATEXTENSIBLE>() as u32,
            Flags: 0,
            SampleSize: block,
            Reserved: 0,
            MajorFormat: KSDATAFORMAT_TYPE_AUDIO,
            SubFormat: subformat,
            Specifier: KSDATAFORMAT_SPECIFIER_WAVEFORMATEX,
        }
        .into(),
        WaveFormatExt: WAVEFORMATEXTENSIBLE {
            Format: WAVEFORMATEX {
                wFormatTag: WAVE_FORMAT_EXTENSIBLE,
                nChannels: channels as u16,
                nSamplesPerSec: rate,
                nAvgBytesPerSec: rate.wrapping_mul(block),
                nBlockAlign: block as u16,
                wBitsPerSample: bits as u16,
                cbSize: EXTRA,
            },
            Samples: bits as u16,
            dwChannelMask: if channels == 1 {
                MONO
            } else {
                KSAUDIO_SPEAKER_STEREO
            },
            SubFormat: subformat,
        },
    }
}
