// SPDX-License-Identifier: MIT OR Apache-2.0
//! KSPIN_CONNECT with its KSDATAFORMAT: what `KsCreatePin` is given.

use crate::wire::Bytes;
use arioso_core::ks::GUID;
use arioso_core::ks::guid::{
    KSDATAFORMAT_SPECIFIER_NONE, KSDATAFORMAT_SPECIFIER_WAVEFORMATEX,
    KSDATAFORMAT_SUBTYPE_DIRECTMUSIC, KSDATAFORMAT_SUBTYPE_IEEE_FLOAT, KSDATAFORMAT_SUBTYPE_MIDI,
    KSDATAFORMAT_SUBTYPE_PCM, KSDATAFORMAT_TYPE_AUDIO, KSDATAFORMAT_TYPE_MUSIC,
    KSINTERFACESETID_Standard, KSMEDIUMSETID_Standard,
};
use arioso_core::ks::ks::{
    KSDATAFORMAT, KSINTERFACE_STANDARD_STREAMING, KSMEDIUM_TYPE_ANYINSTANCE, KSPIN_CONNECT,
    KSPIN_INTERFACE, KSPRIORITY, KSPRIORITY_NORMAL,
};
use arioso_core::ks::ksmedia::{
    KSAUDIO_SPEAKER_STEREO, KSDATAFORMAT_WAVEFORMATEX, KSDATAFORMAT_WAVEFORMATEXTENSIBLE,
    SPEAKER_FRONT_CENTER, WAVE_FORMAT_EXTENSIBLE, WAVE_FORMAT_PCM, WAVEFORMATEX,
    WAVEFORMATEXTENSIBLE,
};

/// 16-bit stereo PCM at `rate` frames per second.
pub fn pcm(rate: u32) -> WAVEFORMATEX {
    WAVEFORMATEX {
        wFormatTag: WAVE_FORMAT_PCM,
        nChannels: 2,
        nSamplesPerSec: rate,
        nAvgBytesPerSec: rate.saturating_mul(4),
        nBlockAlign: 4,
        wBitsPerSample: 16,
        cbSize: 0,
    }
}

/// Connects a MIDI stream: KSMUSICFORMAT records.
pub fn midi(pin: u32) -> Vec<u8> {
    music(pin, KSDATAFORMAT_SUBTYPE_MIDI)
}

/// Connects a DirectMusic stream: DMUS_EVENTHEADER records.
pub fn direct_music(pin: u32) -> Vec<u8> {
    music(pin, KSDATAFORMAT_SUBTYPE_DIRECTMUSIC)
}

/// A sample format: `float` or PCM, `valid` bits in containers of `bits`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SampleFormat {
    /// Frames per second.
    pub rate: u32,
    /// Channels of a frame.
    pub channels: u16,
    /// Bits that a sample takes.
    pub bits: u16,
    /// Bits of them that count.
    pub valid: u16,
    /// Floating point, not integers.
    pub float: bool,
}

impl SampleFormat {
    /// Stereo PCM, all bits valid.
    pub fn pcm(rate: u32, bits: u16) -> Self {
        Self {
            rate,
            channels: 2,
            bits,
            valid: bits,
            float: false,
        }
    }

    /// Stereo, 32-bit float.
    pub fn float(rate: u32) -> Self {
        Self {
            float: true,
            ..Self::pcm(rate, 32)
        }
    }

    /// Bytes of a frame.
    pub fn frame_bytes(&self) -> u32 {
        u32::from(self.channels) * u32::from(self.bits / 8)
    }

    /// KSDATAFORMAT_WAVEFORMATEXTENSIBLE, 104 bytes.
    pub fn data_format(&self) -> Vec<u8> {
        let sub_format = if self.float {
            KSDATAFORMAT_SUBTYPE_IEEE_FLOAT
        } else {
            KSDATAFORMAT_SUBTYPE_PCM
        };
        let data_format = KSDATAFORMAT {
            FormatSize: size_of::<KSDATAFORMAT_WAVEFORMATEXTENSIBLE>() as u32,
            SampleSize: self.frame_bytes(),
            MajorFormat: KSDATAFORMAT_TYPE_AUDIO,
            SubFormat: sub_format,
            Specifier: KSDATAFORMAT_SPECIFIER_WAVEFORMATEX,
            ..KSDATAFORMAT::default()
        };
        KSDATAFORMAT_WAVEFORMATEXTENSIBLE {
            DataFormat: data_format.into(),
            WaveFormatExt: WAVEFORMATEXTENSIBLE {
                Format: WAVEFORMATEX {
                    wFormatTag: WAVE_FORMAT_EXTENSIBLE,
                    nChannels: self.channels,
                    nSamplesPerSec: self.rate,
                    nAvgBytesPerSec: self.rate.saturating_mul(self.frame_bytes()),
                    nBlockAlign: self.frame_bytes() as u16,
                    wBitsPerSample: self.bits,
                    cbSize: 22,
                },
                Samples: self.valid,
                dwChannelMask: if self.channels == 1 {
                    SPEAKER_FRONT_CENTER
                } else {
                    KSAUDIO_SPEAKER_STEREO
                },
                SubFormat: sub_format,
            },
        }
        .bytes()
    }
}

/// Connects a wave stream with WAVEFORMATEXTENSIBLE.
pub fn extensible(pin: u32, format: SampleFormat) -> Vec<u8> {
    with_format(pin, &format.data_format())
}

/// Connects a wave stream.
pub fn wave(pin: u32, format: WAVEFORMATEX) -> Vec<u8> {
    let data_format = KSDATAFORMAT {
        FormatSize: size_of::<KSDATAFORMAT_WAVEFORMATEX>() as u32,
        SampleSize: u32::from(format.nBlockAlign),
        MajorFormat: KSDATAFORMAT_TYPE_AUDIO,
        SubFormat: KSDATAFORMAT_SUBTYPE_PCM,
        Specifier: KSDATAFORMAT_SPECIFIER_WAVEFORMATEX,
        ..KSDATAFORMAT::default()
    };
    with_format(
        pin,
        &KSDATAFORMAT_WAVEFORMATEX {
            DataFormat: data_format.into(),
            WaveFormatEx: format,
        }
        .bytes(),
    )
}

/// Connects with any format: the standard streaming interface, the standard medium, normal priority. `PinToHandle` stays null.
pub fn with_format(pin: u32, format: &[u8]) -> Vec<u8> {
    let connect = KSPIN_CONNECT {
        Interface: KSPIN_INTERFACE {
            Set: KSINTERFACESETID_Standard,
            Id: KSINTERFACE_STANDARD_STREAMING,
            Flags: 0,
        },
        Medium: KSPIN_INTERFACE {
            Set: KSMEDIUMSETID_Standard,
            Id: KSMEDIUM_TYPE_ANYINSTANCE,
            Flags: 0,
        },
        PinId: pin,
        Priority: KSPRIORITY {
            PriorityClass: KSPRIORITY_NORMAL,
            PrioritySubClass: 1,
        },
        ..KSPIN_CONNECT::default()
    };
    [&connect.bytes(), format].concat()
}

fn music(pin: u32, subtype: GUID) -> Vec<u8> {
    let format = KSDATAFORMAT {
        FormatSize: size_of::<KSDATAFORMAT>() as u32,
        MajorFormat: KSDATAFORMAT_TYPE_MUSIC,
        SubFormat: subtype,
        Specifier: KSDATAFORMAT_SPECIFIER_NONE,
        ..KSDATAFORMAT::default()
    };
    with_format(pin, &format.bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn music_connections_are_a_connect_and_a_bare_format() {
        let bytes = direct_music(3);
        assert_eq!(bytes.len(), 72 + 64);
        assert_eq!(bytes[48..52], 3u32.to_le_bytes());
        assert_eq!(bytes[56..64], [0; 8], "PinToHandle");
        assert_eq!(bytes[72..76], 64u32.to_le_bytes());
        assert_eq!(bytes[104..108], 0x1A82_F8BCu32.to_le_bytes());
    }

    #[test]
    fn extensible_formats_are_104_bytes() {
        let bytes = SampleFormat {
            valid: 24,
            ..SampleFormat::pcm(96_000, 32)
        }
        .data_format();
        assert_eq!(bytes.len(), 104);
        assert_eq!(bytes[64..68], [0xFE, 0xFF, 2, 0]);
        assert_eq!(bytes[72..76], 768_000u32.to_le_bytes());
        assert_eq!(bytes[76..84], [8, 0, 32, 0, 22, 0, 24, 0]);
        assert_eq!(bytes[84..88], 3u32.to_le_bytes());
        assert_eq!(bytes[88..104], bytes[32..48], "the same subtype twice");
    }

    #[test]
    fn wave_formats_are_82_bytes() {
        let bytes = wave(1, pcm(48_000));
        assert_eq!(bytes.len(), 72 + 82);
        assert_eq!(bytes[72..76], 82u32.to_le_bytes());
        assert_eq!(bytes[72 + 64..72 + 66], [1, 0]);
        assert_eq!(bytes[72 + 68..72 + 72], 48_000u32.to_le_bytes());
    }
}
