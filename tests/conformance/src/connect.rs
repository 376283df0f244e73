//! KSPIN_CONNECT with its KSDATAFORMAT: what `KsCreatePin` is given.

use crate::wire::Bytes;
use arioso_core::ks::GUID;
use arioso_core::ks::guid::{
    KSDATAFORMAT_SPECIFIER_NONE, KSDATAFORMAT_SPECIFIER_WAVEFORMATEX,
    KSDATAFORMAT_SUBTYPE_DIRECTMUSIC, KSDATAFORMAT_SUBTYPE_MIDI, KSDATAFORMAT_SUBTYPE_PCM,
    KSDATAFORMAT_TYPE_AUDIO, KSDATAFORMAT_TYPE_MUSIC, KSINTERFACESETID_Standard,
    KSMEDIUMSETID_Standard,
};
use arioso_core::ks::ks::{
    KSDATAFORMAT, KSINTERFACE_STANDARD_STREAMING, KSMEDIUM_TYPE_ANYINSTANCE, KSPIN_CONNECT,
    KSPIN_INTERFACE, KSPRIORITY, KSPRIORITY_NORMAL,
};
use arioso_core::ks::ksmedia::{KSDATAFORMAT_WAVEFORMATEX, WAVE_FORMAT_PCM, WAVEFORMATEX};

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
    fn wave_formats_are_82_bytes() {
        let bytes = wave(1, pcm(48_000));
        assert_eq!(bytes.len(), 72 + 82);
        assert_eq!(bytes[72..76], 82u32.to_le_bytes());
        assert_eq!(bytes[72 + 64..72 + 66], [1, 0]);
        assert_eq!(bytes[72 + 68..72 + 72], 48_000u32.to_le_bytes());
    }
}
