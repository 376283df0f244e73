// SPDX-License-Identifier: MIT OR Apache-2.0
//! Audio and music formats, topology, real-time audio (`ksmedia.h`, `mmreg.h`).

use super::ks::{KSATTRIBUTE, KSDATAFORMAT, KSDATARANGE, KSNODEPROPERTY, KSPROPERTY};
use super::{BOOL, GUID, HANDLE, PVOID};

data! {
    #[derive(Eq)]
    pub struct KSDATARANGE_MUSIC {
        pub DataRange: KSDATARANGE,
        pub Technology: GUID,
        pub Channels: u32,
        pub Notes: u32,
        pub ChannelMask: u32,
    }

    #[derive(Eq)]
    pub struct KSDATARANGE_AUDIO {
        pub DataRange: KSDATARANGE,
        pub MaximumChannels: u32,
        pub MinimumBitsPerSample: u32,
        pub MaximumBitsPerSample: u32,
        pub MinimumSampleFrequency: u32,
        pub MaximumSampleFrequency: u32,
    }

    /// 18 bytes. Packed.
    #[derive(Eq)]
    #[repr(packed)]
    pub struct WAVEFORMATEX {
        pub wFormatTag: u16,
        pub nChannels: u16,
        pub nSamplesPerSec: u32,
        pub nAvgBytesPerSec: u32,
        pub nBlockAlign: u16,
        pub wBitsPerSample: u16,
        /// Bytes that follow.
        pub cbSize: u16,
    }

    /// 40 bytes. Packed.
    #[derive(Eq)]
    #[repr(packed)]
    pub struct WAVEFORMATEXTENSIBLE {
        pub Format: WAVEFORMATEX,
        /// A union of `wValidBitsPerSample`, `wSamplesPerBlock` and `wReserved` in C.
        pub Samples: u16,
        pub dwChannelMask: u32,
        pub SubFormat: GUID,
    }

    /// A format of a music stream is a bare [`KSDATAFORMAT`]; its records have this head and are padded to 4 bytes.
    #[derive(Eq)]
    pub struct KSMUSICFORMAT {
        /// Milliseconds after the previous record.
        pub TimeDeltaMs: u32,
        /// Bytes that follow, without padding.
        pub ByteCount: u32,
    }

    /// Bytes within the buffer.
    #[derive(Eq)]
    pub struct KSAUDIO_POSITION {
        pub PlayOffset: u64,
        pub WriteOffset: u64,
    }

    #[derive(Eq)]
    pub struct KSAUDIO_PRESENTATION_POSITION {
        pub u64PositionInBlocks: u64,
        pub u64QPCPosition: u64,
    }

    #[derive(Eq)]
    pub struct KSRTAUDIO_HWLATENCY {
        pub FifoSize: u32,
        pub ChipsetDelay: u32,
        pub CodecDelay: u32,
    }

    #[derive(Eq)]
    pub struct KSRTAUDIO_HWREGISTER {
        pub Register: PVOID,
        pub Width: u32,
        pub Numerator: u64,
        pub Denominator: u64,
        pub Accuracy: u32,
    }

    #[derive(Eq)]
    pub struct KSRTAUDIO_BUFFER_PROPERTY {
        pub Property: KSPROPERTY,
        pub BaseAddress: PVOID,
        pub RequestedBufferSize: u32,
    }

    #[derive(Eq)]
    pub struct KSRTAUDIO_BUFFER_PROPERTY_WITH_NOTIFICATION {
        pub Property: KSPROPERTY,
        pub BaseAddress: PVOID,
        pub RequestedBufferSize: u32,
        pub NotificationCount: u32,
    }

    #[derive(Eq)]
    pub struct KSRTAUDIO_BUFFER {
        pub BufferAddress: PVOID,
        pub ActualBufferSize: u32,
        pub CallMemoryBarrier: BOOL,
    }

    #[derive(Eq)]
    pub struct KSRTAUDIO_HWREGISTER_PROPERTY {
        pub Property: KSPROPERTY,
        pub BaseAddress: PVOID,
    }

    #[derive(Eq)]
    pub struct KSRTAUDIO_NOTIFICATION_EVENT_PROPERTY {
        pub Property: KSPROPERTY,
        pub NotificationEvent: HANDLE,
    }

    /// [`KSRTAUDIO_BUFFER_PROPERTY`] of a 32-bit process.
    #[derive(Eq)]
    pub struct KSRTAUDIO_BUFFER_PROPERTY32 {
        pub Property: KSPROPERTY,
        pub BaseAddress: u32,
        pub RequestedBufferSize: u32,
    }

    /// [`KSRTAUDIO_BUFFER_PROPERTY_WITH_NOTIFICATION`] of a 32-bit process.
    #[derive(Eq)]
    pub struct KSRTAUDIO_BUFFER_PROPERTY_WITH_NOTIFICATION32 {
        pub Property: KSPROPERTY,
        pub BaseAddress: u32,
        pub RequestedBufferSize: u32,
        pub NotificationCount: u32,
    }

    /// [`KSRTAUDIO_BUFFER`] of a 32-bit process.
    #[derive(Eq)]
    pub struct KSRTAUDIO_BUFFER32 {
        pub BufferAddress: u32,
        pub ActualBufferSize: u32,
        pub CallMemoryBarrier: BOOL,
    }

    /// [`KSRTAUDIO_NOTIFICATION_EVENT_PROPERTY`] of a 32-bit process.
    #[derive(Eq)]
    pub struct KSRTAUDIO_NOTIFICATION_EVENT_PROPERTY32 {
        pub Property: KSPROPERTY,
        pub NotificationEvent: u32,
    }

    /// Value of `KSPROPERTY_RTAUDIO_GETREADPACKET`.
    #[derive(Eq)]
    pub struct KSRTAUDIO_GETREADPACKET_INFO {
        /// Packets since the stream started to run, this one not counted.
        pub PacketNumber: u32,
        /// 0.
        pub Flags: u32,
        /// At the packet's first sample.
        pub PerformanceCounterValue: u64,
        /// Another packet is ready.
        pub MoreData: BOOL,
    }

    /// Value of `KSPROPERTY_RTAUDIO_SETWRITEPACKET`.
    #[derive(Eq)]
    pub struct KSRTAUDIO_SETWRITEPACKET_INFO {
        pub PacketNumber: u32,
        pub Flags: u32,
        pub EosPacketLength: u32,
    }

    /// Attribute of a data range or format with `KSDATARANGE_ATTRIBUTES` set.
    #[derive(Eq)]
    pub struct KSATTRIBUTE_AUDIOSIGNALPROCESSING_MODE {
        pub AttributeHeader: KSATTRIBUTE,
        /// `AUDIO_SIGNALPROCESSINGMODE_*`.
        pub SignalProcessingMode: GUID,
    }

    /// Instance of the audio node properties that work per channel.
    #[derive(Eq)]
    pub struct KSNODEPROPERTY_AUDIO_CHANNEL {
        pub NodeProperty: KSNODEPROPERTY,
        pub Channel: i32,
        pub Reserved: u32,
    }

    #[derive(Eq)]
    pub struct KSJACK_DESCRIPTION {
        pub ChannelMapping: u32,
        pub Color: u32,
        pub ConnectionType: i32,
        pub GeoLocation: i32,
        pub GenLocation: i32,
        pub PortConnection: i32,
        pub IsConnected: BOOL,
    }

    #[derive(Eq)]
    pub struct KSJACK_DESCRIPTION2 {
        pub DeviceStateInfo: u32,
        pub JackCapabilities: u32,
    }

    /// 82 bytes. Packed.
    #[derive(Eq)]
    #[repr(packed)]
    pub struct KSDATAFORMAT_WAVEFORMATEX {
        pub DataFormat: KSDATAFORMAT_BYTES,
        pub WaveFormatEx: WAVEFORMATEX,
    }

    /// 104 bytes. Packed.
    #[derive(Eq)]
    #[repr(packed)]
    pub struct KSDATAFORMAT_WAVEFORMATEXTENSIBLE {
        pub DataFormat: KSDATAFORMAT_BYTES,
        pub WaveFormatExt: WAVEFORMATEXTENSIBLE,
    }

    /// [`KSDATAFORMAT`] without its alignment, for use in packed structures; convert with `into`.
    #[derive(Eq)]
    #[repr(packed)]
    pub struct KSDATAFORMAT_BYTES {
        pub FormatSize: u32,
        pub Flags: u32,
        pub SampleSize: u32,
        pub Reserved: u32,
        pub MajorFormat: GUID,
        pub SubFormat: GUID,
        pub Specifier: GUID,
    }
}

macro_rules! same_fields {
    ($from:ident => $to:ident) => {
        impl From<$from> for $to {
            #[inline]
            fn from(f: $from) -> Self {
                Self {
                    FormatSize: f.FormatSize,
                    Flags: f.Flags,
                    SampleSize: f.SampleSize,
                    Reserved: f.Reserved,
                    MajorFormat: f.MajorFormat,
                    SubFormat: f.SubFormat,
                    Specifier: f.Specifier,
                }
            }
        }
    };
}
same_fields!(KSDATAFORMAT => KSDATAFORMAT_BYTES);
same_fields!(KSDATAFORMAT_BYTES => KSDATAFORMAT);

pub const WAVE_FORMAT_PCM: u16 = 1;
pub const WAVE_FORMAT_IEEE_FLOAT: u16 = 3;
pub const WAVE_FORMAT_EXTENSIBLE: u16 = 0xFFFE;

pub const SPEAKER_FRONT_LEFT: u32 = 1;
pub const SPEAKER_FRONT_RIGHT: u32 = 2;
pub const SPEAKER_FRONT_CENTER: u32 = 4;
pub const KSAUDIO_SPEAKER_STEREO: u32 = SPEAKER_FRONT_LEFT | SPEAKER_FRONT_RIGHT;

pub const KSNODEPIN_STANDARD_IN: u32 = 1;
pub const KSNODEPIN_STANDARD_OUT: u32 = 0;

pub const KSPROPERTY_AUDIO_LATENCY: u32 = 1;
pub const KSPROPERTY_AUDIO_CHANNEL_CONFIG: u32 = 3;
pub const KSPROPERTY_AUDIO_VOLUMELEVEL: u32 = 4;
pub const KSPROPERTY_AUDIO_POSITION: u32 = 5;
pub const KSPROPERTY_AUDIO_QUALITY: u32 = 7;
pub const KSPROPERTY_AUDIO_SAMPLING_RATE: u32 = 8;
pub const KSPROPERTY_AUDIO_MUTE: u32 = 13;
pub const KSPROPERTY_AUDIO_CPU_RESOURCES: u32 = 33;
/// Value of `KSPROPERTY_AUDIO_CPU_RESOURCES`: the processor does the work.
pub const KSAUDIO_CPU_RESOURCES_HOST_CPU: u32 = 0x7FFF_FFFF;
pub const KSPROPERTY_AUDIO_PRESENTATION_POSITION: u32 = 52;

pub const KSPROPERTY_RTAUDIO_GETPOSITIONFUNCTION: u32 = 0;
pub const KSPROPERTY_RTAUDIO_BUFFER: u32 = 1;
pub const KSPROPERTY_RTAUDIO_HWLATENCY: u32 = 2;
pub const KSPROPERTY_RTAUDIO_POSITIONREGISTER: u32 = 3;
pub const KSPROPERTY_RTAUDIO_CLOCKREGISTER: u32 = 4;
pub const KSPROPERTY_RTAUDIO_BUFFER_WITH_NOTIFICATION: u32 = 5;
pub const KSPROPERTY_RTAUDIO_REGISTER_NOTIFICATION_EVENT: u32 = 6;
pub const KSPROPERTY_RTAUDIO_UNREGISTER_NOTIFICATION_EVENT: u32 = 7;
pub const KSPROPERTY_RTAUDIO_QUERY_NOTIFICATION_SUPPORT: u32 = 8;
pub const KSPROPERTY_RTAUDIO_PACKETCOUNT: u32 = 9;
pub const KSPROPERTY_RTAUDIO_PRESENTATION_POSITION: u32 = 10;
pub const KSPROPERTY_RTAUDIO_GETREADPACKET: u32 = 11;
pub const KSPROPERTY_RTAUDIO_SETWRITEPACKET: u32 = 12;
pub const KSPROPERTY_RTAUDIO_PACKETVREGISTER: u32 = 13;

pub const KSPROPERTY_AUDIOSIGNALPROCESSING_MODES: u32 = 0;
pub const KSPROPERTY_DRMAUDIOSTREAM_CONTENTID: u32 = 0;

pub const KSPROPERTY_JACK_DESCRIPTION: u32 = 1;
pub const KSPROPERTY_JACK_DESCRIPTION2: u32 = 2;
pub const KSPROPERTY_JACK_SINK_INFO: u32 = 3;
pub const KSPROPERTY_JACK_CONTAINERID: u32 = 4;

pub const JACKDESC2_PRESENCE_DETECT_CAPABILITY: u32 = 1;
pub const JACKDESC2_DYNAMIC_FORMAT_CHANGE_CAPABILITY: u32 = 2;

// KSJACK_DESCRIPTION.ConnectionType
pub const eConnTypeUnknown: i32 = 0;
pub const eConnType3Point5mm: i32 = 1;
pub const eConnTypeOtherDigital: i32 = 6;
pub const eConnTypeOtherAnalog: i32 = 7;
// KSJACK_DESCRIPTION.GeoLocation
pub const eGeoLocRear: i32 = 1;
pub const eGeoLocReserved5: i32 = 14;
/// The same number as `eGeoLocReserved5`, by which older headers know it.
pub const eGeoLocNotApplicable: i32 = 14;
// KSJACK_DESCRIPTION.GenLocation
pub const eGenLocPrimaryBox: i32 = 0;
pub const eGenLocInternal: i32 = 1;
pub const eGenLocSeparate: i32 = 2;
pub const eGenLocOther: i32 = 3;
// KSJACK_DESCRIPTION.PortConnection
pub const ePortConnJack: i32 = 0;
pub const ePortConnIntegratedDevice: i32 = 1;
pub const ePortConnBothIntegratedAndJack: i32 = 2;
pub const ePortConnUnknown: i32 = 3;

pub const KSEVENT_CONTROL_CHANGE: u32 = 0;
pub const KSEVENT_PINCAPS_FORMATCHANGE: u32 = 0;
pub const KSEVENT_PINCAPS_JACKINFOCHANGE: u32 = 1;
