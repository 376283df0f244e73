// SPDX-License-Identifier: MIT OR Apache-2.0
//! Audio and music formats, topology, real-time audio (`ksmedia.h`, `mmreg.h`).

use super::ks::{KSATTRIBUTE, KSDATAFORMAT, KSDATARANGE, KSNODEPROPERTY, KSPROPERTY};
use super::{BOOL, GUID, HANDLE, PVOID};

data! {
    /// Data range of a music pin. 96 bytes.
    #[derive(Eq)]
    pub struct KSDATARANGE_MUSIC {
        /// Head: `KSDATAFORMAT_TYPE_MUSIC`, subformat, no specifier; `FormatSize` is that of this structure.
        pub DataRange: KSDATARANGE,
        /// `KSMUSIC_TECHNOLOGY_*`: what makes the sound.
        pub Technology: GUID,
        /// The most channels at once.
        pub Channels: u32,
        /// The most notes at once, 0 for an unknown number.
        pub Notes: u32,
        /// Bit n: channel n, from 0, is answered.
        pub ChannelMask: u32,
    }

    /// Data range of an audio pin. 88 bytes.
    #[derive(Eq)]
    pub struct KSDATARANGE_AUDIO {
        /// Head: `KSDATAFORMAT_TYPE_AUDIO`, subformat, specifier; `FormatSize` is that of this structure.
        pub DataRange: KSDATARANGE,
        /// The most channels, `u32::MAX` for any number.
        pub MaximumChannels: u32,
        /// Least bits of a sample.
        pub MinimumBitsPerSample: u32,
        /// Most bits of a sample.
        pub MaximumBitsPerSample: u32,
        /// Least frames per second.
        pub MinimumSampleFrequency: u32,
        /// Most frames per second.
        pub MaximumSampleFrequency: u32,
    }

    /// Format of samples. 18 bytes. Packed.
    #[derive(Eq)]
    #[repr(packed)]
    pub struct WAVEFORMATEX {
        /// `WAVE_FORMAT_*`.
        pub wFormatTag: u16,
        /// Channels of a frame.
        pub nChannels: u16,
        /// Frames per second.
        pub nSamplesPerSec: u32,
        /// Bytes per second: frames times `nBlockAlign`.
        pub nAvgBytesPerSec: u32,
        /// Bytes of a frame.
        pub nBlockAlign: u16,
        /// Bits that a sample takes.
        pub wBitsPerSample: u16,
        /// Bytes that follow this structure.
        pub cbSize: u16,
    }

    /// Format of samples with the speakers that they are for. 40 bytes. Packed.
    #[derive(Eq)]
    #[repr(packed)]
    pub struct WAVEFORMATEXTENSIBLE {
        /// `WAVE_FORMAT_EXTENSIBLE` with 22 bytes that follow.
        pub Format: WAVEFORMATEX,
        /// Bits of a sample that count. A union of `wValidBitsPerSample`, `wSamplesPerBlock` and `wReserved` in C.
        pub Samples: u16,
        /// `SPEAKER_*`, one bit for each channel in their order.
        pub dwChannelMask: u32,
        /// `KSDATAFORMAT_SUBTYPE_*`.
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

    /// Position of a stream: bytes within the buffer.
    #[derive(Eq)]
    pub struct KSAUDIO_POSITION {
        /// What is being played or recorded.
        pub PlayOffset: u64,
        /// Up to where data are the device's: taken for playing, or recorded.
        pub WriteOffset: u64,
    }

    /// What is heard now, and when that was.
    #[derive(Eq)]
    pub struct KSAUDIO_PRESENTATION_POSITION {
        /// Frames since the stream left STOP.
        pub u64PositionInBlocks: u64,
        /// Performance counter at that frame.
        pub u64QPCPosition: u64,
    }

    /// What lies between the buffer and the jack.
    #[derive(Eq)]
    pub struct KSRTAUDIO_HWLATENCY {
        /// Bytes that the device holds.
        pub FifoSize: u32,
        /// Delay of the chipset, 100 ns.
        pub ChipsetDelay: u32,
        /// Delay of the codec, 100 ns.
        pub CodecDelay: u32,
    }

    /// A register that the client reads: of the position or of a clock. 40 bytes.
    #[derive(Eq)]
    pub struct KSRTAUDIO_HWREGISTER {
        /// Address in the client's process.
        pub Register: PVOID,
        /// Bits: 32 or 64.
        pub Width: u32,
        /// Numerator of the clock's rate in Hz.
        pub Numerator: u64,
        /// Denominator of it.
        pub Denominator: u64,
        /// Accuracy of what is read, in the register's unit.
        pub Accuracy: u32,
    }

    /// Request of `KSPROPERTY_RTAUDIO_BUFFER`.
    #[derive(Eq)]
    pub struct KSRTAUDIO_BUFFER_PROPERTY {
        /// The request's property.
        pub Property: KSPROPERTY,
        /// Where the client wants the buffer, null for anywhere.
        pub BaseAddress: PVOID,
        /// Bytes that it wants.
        pub RequestedBufferSize: u32,
    }

    /// Request of `KSPROPERTY_RTAUDIO_BUFFER_WITH_NOTIFICATION`.
    #[derive(Eq)]
    pub struct KSRTAUDIO_BUFFER_PROPERTY_WITH_NOTIFICATION {
        /// The request's property.
        pub Property: KSPROPERTY,
        /// Where the client wants the buffer, null for anywhere.
        pub BaseAddress: PVOID,
        /// Bytes that it wants.
        pub RequestedBufferSize: u32,
        /// How often in a turn of the buffer the events are set: 1 or 2.
        pub NotificationCount: u32,
    }

    /// Value of the two buffer properties.
    #[derive(Eq)]
    pub struct KSRTAUDIO_BUFFER {
        /// Where the buffer is in the client's process.
        pub BufferAddress: PVOID,
        /// Bytes of the buffer.
        pub ActualBufferSize: u32,
        /// The client must call a memory barrier after it writes.
        pub CallMemoryBarrier: BOOL,
    }

    /// Request of `KSPROPERTY_RTAUDIO_POSITIONREGISTER` and `CLOCKREGISTER`.
    #[derive(Eq)]
    pub struct KSRTAUDIO_HWREGISTER_PROPERTY {
        /// The request's property.
        pub Property: KSPROPERTY,
        /// Where the client wants the register, null for anywhere.
        pub BaseAddress: PVOID,
    }

    /// Request of the properties that register and unregister an event.
    #[derive(Eq)]
    pub struct KSRTAUDIO_NOTIFICATION_EVENT_PROPERTY {
        /// The request's property.
        pub Property: KSPROPERTY,
        /// The event, a handle of the process.
        pub NotificationEvent: HANDLE,
    }

    /// [`KSRTAUDIO_BUFFER_PROPERTY`] of a 32-bit process.
    #[derive(Eq)]
    pub struct KSRTAUDIO_BUFFER_PROPERTY32 {
        /// The request's property.
        pub Property: KSPROPERTY,
        /// Where the client wants the buffer: an address of 4 bytes.
        pub BaseAddress: u32,
        /// Bytes that it wants.
        pub RequestedBufferSize: u32,
    }

    /// [`KSRTAUDIO_BUFFER_PROPERTY_WITH_NOTIFICATION`] of a 32-bit process.
    #[derive(Eq)]
    pub struct KSRTAUDIO_BUFFER_PROPERTY_WITH_NOTIFICATION32 {
        /// The request's property.
        pub Property: KSPROPERTY,
        /// Where the client wants the buffer: an address of 4 bytes.
        pub BaseAddress: u32,
        /// Bytes that it wants.
        pub RequestedBufferSize: u32,
        /// How often in a turn of the buffer the events are set: 1 or 2.
        pub NotificationCount: u32,
    }

    /// [`KSRTAUDIO_BUFFER`] of a 32-bit process.
    #[derive(Eq)]
    pub struct KSRTAUDIO_BUFFER32 {
        /// Where the buffer is: an address of 4 bytes.
        pub BufferAddress: u32,
        /// Bytes of the buffer.
        pub ActualBufferSize: u32,
        /// The client must call a memory barrier after it writes.
        pub CallMemoryBarrier: BOOL,
    }

    /// [`KSRTAUDIO_NOTIFICATION_EVENT_PROPERTY`] of a 32-bit process.
    #[derive(Eq)]
    pub struct KSRTAUDIO_NOTIFICATION_EVENT_PROPERTY32 {
        /// The request's property.
        pub Property: KSPROPERTY,
        /// The event: a handle of 4 bytes.
        pub NotificationEvent: u32,
    }

    /// Value of `KSPROPERTY_RTAUDIO_GETREADPACKET`.
    #[derive(Eq)]
    pub struct KSRTAUDIO_GETREADPACKET_INFO {
        /// Packets since the stream started to run, this one not counted.
        pub PacketNumber: u32,
        /// 0, none is defined.
        pub Flags: u32,
        /// Performance counter at the packet's first sample.
        pub PerformanceCounterValue: u64,
        /// Another packet is ready.
        pub MoreData: BOOL,
    }

    /// Value of `KSPROPERTY_RTAUDIO_SETWRITEPACKET`.
    #[derive(Eq)]
    pub struct KSRTAUDIO_SETWRITEPACKET_INFO {
        /// The packet, counted from 0 since the stream left STOP.
        pub PacketNumber: u32,
        /// `KSSTREAM_HEADER_OPTIONSF_ENDOFSTREAM` for the last packet, or 0.
        pub Flags: u32,
        /// Bytes of the last packet; counts with that flag only.
        pub EosPacketLength: u32,
    }

    /// Attribute of a data range or format with `KSDATARANGE_ATTRIBUTES` set.
    #[derive(Eq)]
    pub struct KSATTRIBUTE_AUDIOSIGNALPROCESSING_MODE {
        /// Head: `KSATTRIBUTEID_AUDIOSIGNALPROCESSING_MODE`.
        pub AttributeHeader: KSATTRIBUTE,
        /// `AUDIO_SIGNALPROCESSINGMODE_*`.
        pub SignalProcessingMode: GUID,
    }

    /// Instance of the audio node properties that work per channel.
    #[derive(Eq)]
    pub struct KSNODEPROPERTY_AUDIO_CHANNEL {
        /// The property and its node.
        pub NodeProperty: KSNODEPROPERTY,
        /// Channel from 0, or −1 for all.
        pub Channel: i32,
        /// 0.
        pub Reserved: u32,
    }

    /// One jack of a pin, in the list that `KSPROPERTY_JACK_DESCRIPTION` answers.
    #[derive(Eq)]
    pub struct KSJACK_DESCRIPTION {
        /// `SPEAKER_*` of the channels that the jack carries, 0 for a pin that captures.
        pub ChannelMapping: u32,
        /// Colour of the jack, 0x00RRGGBB, 0 for none.
        pub Color: u32,
        /// Kind of connector, `eConnType*`.
        pub ConnectionType: i32,
        /// Side of the case, `eGeoLoc*`.
        pub GeoLocation: i32,
        /// Which case, `eGenLoc*`.
        pub GenLocation: i32,
        /// Jack or built-in device, `ePortConn*`.
        pub PortConnection: i32,
        /// Something is plugged in; true where that cannot be detected.
        pub IsConnected: BOOL,
    }

    /// More of a jack, in the list that `KSPROPERTY_JACK_DESCRIPTION2` answers.
    #[derive(Eq)]
    pub struct KSJACK_DESCRIPTION2 {
        /// Reserved, 0.
        pub DeviceStateInfo: u32,
        /// `JACKDESC2_*`.
        pub JackCapabilities: u32,
    }

    /// Format of an audio pin. 82 bytes. Packed.
    #[derive(Eq)]
    #[repr(packed)]
    pub struct KSDATAFORMAT_WAVEFORMATEX {
        /// Head: `KSDATAFORMAT_TYPE_AUDIO`, subformat, `KSDATAFORMAT_SPECIFIER_WAVEFORMATEX`.
        pub DataFormat: KSDATAFORMAT_BYTES,
        /// The samples.
        pub WaveFormatEx: WAVEFORMATEX,
    }

    /// Format of an audio pin with speakers. 104 bytes. Packed.
    #[derive(Eq)]
    #[repr(packed)]
    pub struct KSDATAFORMAT_WAVEFORMATEXTENSIBLE {
        /// Head: `KSDATAFORMAT_TYPE_AUDIO`, subformat, `KSDATAFORMAT_SPECIFIER_WAVEFORMATEX`.
        pub DataFormat: KSDATAFORMAT_BYTES,
        /// The samples.
        pub WaveFormatExt: WAVEFORMATEXTENSIBLE,
    }

    /// [`KSDATAFORMAT`] without its alignment, for use in packed structures; convert with `into`.
    #[derive(Eq)]
    #[repr(packed)]
    pub struct KSDATAFORMAT_BYTES {
        /// Bytes, the specifier's included.
        pub FormatSize: u32,
        /// `KSDATAFORMAT_ATTRIBUTES`, `KSDATARANGE_ATTRIBUTES`.
        pub Flags: u32,
        /// Bytes of a sample, 0 if it varies or means nothing.
        pub SampleSize: u32,
        /// 0.
        pub Reserved: u32,
        /// `KSDATAFORMAT_TYPE_*`.
        pub MajorFormat: GUID,
        /// `KSDATAFORMAT_SUBTYPE_*`.
        pub SubFormat: GUID,
        /// `KSDATAFORMAT_SPECIFIER_*`: what follows.
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

/// Integer samples: 8 bits unsigned, more bits signed.
pub const WAVE_FORMAT_PCM: u16 = 1;
/// Floating point samples, full scale 1.0.
pub const WAVE_FORMAT_IEEE_FLOAT: u16 = 3;
/// The subformat of `WAVEFORMATEXTENSIBLE` tells.
pub const WAVE_FORMAT_EXTENSIBLE: u16 = 0xFFFE;

/// Channel bit: front left.
pub const SPEAKER_FRONT_LEFT: u32 = 1;
/// Channel bit: front right.
pub const SPEAKER_FRONT_RIGHT: u32 = 2;
/// Channel bit: front centre.
pub const SPEAKER_FRONT_CENTER: u32 = 4;
/// Channel mask of stereo.
pub const KSAUDIO_SPEAKER_STEREO: u32 = SPEAKER_FRONT_LEFT | SPEAKER_FRONT_RIGHT;

/// Pin of a node with one input and one output: the input.
pub const KSNODEPIN_STANDARD_IN: u32 = 1;
/// Pin of a node with one input and one output: the output.
pub const KSNODEPIN_STANDARD_OUT: u32 = 0;

/// Get and set, node, value `KSTIME`: the node's delay.
pub const KSPROPERTY_AUDIO_LATENCY: u32 = 1;
/// Get and set, node, value `KSAUDIO_CHANNEL_CONFIG`: the speakers.
pub const KSPROPERTY_AUDIO_CHANNEL_CONFIG: u32 = 3;
/// Get and set, volume node, request `KSNODEPROPERTY_AUDIO_CHANNEL`, value `i32`: 1/65536 dB.
pub const KSPROPERTY_AUDIO_VOLUMELEVEL: u32 = 4;
/// Get and set, pin, value `KSAUDIO_POSITION`; the port answers it by `GetPosition`.
pub const KSPROPERTY_AUDIO_POSITION: u32 = 5;
/// Get and set, node, value `u32`, `KSAUDIO_QUALITY_*`: quality of a rate conversion.
pub const KSPROPERTY_AUDIO_QUALITY: u32 = 7;
/// Get and set, node, value `u32`: frames per second.
pub const KSPROPERTY_AUDIO_SAMPLING_RATE: u32 = 8;
/// Get and set, mute node, request `KSNODEPROPERTY_AUDIO_CHANNEL`, value `BOOL`: true is silent.
pub const KSPROPERTY_AUDIO_MUTE: u32 = 13;
/// Get, node, value `u32`: who does the node's work, `KSAUDIO_CPU_RESOURCES_*`.
pub const KSPROPERTY_AUDIO_CPU_RESOURCES: u32 = 33;
/// Value of `KSPROPERTY_AUDIO_CPU_RESOURCES`: the processor does the work.
pub const KSAUDIO_CPU_RESOURCES_HOST_CPU: u32 = 0x7FFF_FFFF;
/// Get, pin, value `KSAUDIO_PRESENTATION_POSITION`: of a stream in an audio engine of hardware.
pub const KSPROPERTY_AUDIO_PRESENTATION_POSITION: u32 = 52;

/// Get, pin: a function that tells the position, for callers in the kernel.
pub const KSPROPERTY_RTAUDIO_GETPOSITIONFUNCTION: u32 = 0;
/// Get, pin, request `KSRTAUDIO_BUFFER_PROPERTY`, value `KSRTAUDIO_BUFFER`: makes the buffer.
pub const KSPROPERTY_RTAUDIO_BUFFER: u32 = 1;
/// Get, pin, value `KSRTAUDIO_HWLATENCY`.
pub const KSPROPERTY_RTAUDIO_HWLATENCY: u32 = 2;
/// Get, pin, request `KSRTAUDIO_HWREGISTER_PROPERTY`, value `KSRTAUDIO_HWREGISTER`: maps the position.
pub const KSPROPERTY_RTAUDIO_POSITIONREGISTER: u32 = 3;
/// Get, pin, request `KSRTAUDIO_HWREGISTER_PROPERTY`, value `KSRTAUDIO_HWREGISTER`: maps the clock.
pub const KSPROPERTY_RTAUDIO_CLOCKREGISTER: u32 = 4;
/// Get, pin, request `KSRTAUDIO_BUFFER_PROPERTY_WITH_NOTIFICATION`, value `KSRTAUDIO_BUFFER`: makes it with events.
pub const KSPROPERTY_RTAUDIO_BUFFER_WITH_NOTIFICATION: u32 = 5;
/// Get, pin, request `KSRTAUDIO_NOTIFICATION_EVENT_PROPERTY`, no value: adds an event.
pub const KSPROPERTY_RTAUDIO_REGISTER_NOTIFICATION_EVENT: u32 = 6;
/// Get, pin, request `KSRTAUDIO_NOTIFICATION_EVENT_PROPERTY`, no value: takes it out.
pub const KSPROPERTY_RTAUDIO_UNREGISTER_NOTIFICATION_EVENT: u32 = 7;
/// Get, pin, value `BOOL`: can the stream set events?
pub const KSPROPERTY_RTAUDIO_QUERY_NOTIFICATION_SUPPORT: u32 = 8;
/// Get, render pin, value `u32`: packets wholly played.
pub const KSPROPERTY_RTAUDIO_PACKETCOUNT: u32 = 9;
/// Get, render pin, value `KSAUDIO_PRESENTATION_POSITION`.
pub const KSPROPERTY_RTAUDIO_PRESENTATION_POSITION: u32 = 10;
/// Get, capture pin, value `KSRTAUDIO_GETREADPACKET_INFO`: the next packet.
pub const KSPROPERTY_RTAUDIO_GETREADPACKET: u32 = 11;
/// Set, render pin, value `KSRTAUDIO_SETWRITEPACKET_INFO`: a packet is written.
pub const KSPROPERTY_RTAUDIO_SETWRITEPACKET: u32 = 12;
/// Get, pin: a register of the packet count, mapped like the others.
pub const KSPROPERTY_RTAUDIO_PACKETVREGISTER: u32 = 13;

/// Get, filter, request `KSP_PIN`, list of GUIDs `AUDIO_SIGNALPROCESSINGMODE_*`.
pub const KSPROPERTY_AUDIOSIGNALPROCESSING_MODES: u32 = 0;
/// Set, pin: content and rights of what is played; the port answers it.
pub const KSPROPERTY_DRMAUDIOSTREAM_CONTENTID: u32 = 0;

/// Get, topology filter, request `KSP_PIN`, list of `KSJACK_DESCRIPTION`.
pub const KSPROPERTY_JACK_DESCRIPTION: u32 = 1;
/// Get, topology filter, request `KSP_PIN`, list of `KSJACK_DESCRIPTION2`.
pub const KSPROPERTY_JACK_DESCRIPTION2: u32 = 2;
/// Get, topology filter, request `KSP_PIN`, value `KSJACK_SINK_INFORMATION`: the monitor behind HDMI or DisplayPort.
pub const KSPROPERTY_JACK_SINK_INFO: u32 = 3;
/// Get, topology filter, request `KSP_PIN`, value a GUID: the device that the jack belongs to.
pub const KSPROPERTY_JACK_CONTAINERID: u32 = 4;

/// Capability: the jack knows whether something is plugged in.
pub const JACKDESC2_PRESENCE_DETECT_CAPABILITY: u32 = 1;
/// Capability: the formats change with what is plugged in.
pub const JACKDESC2_DYNAMIC_FORMAT_CHANGE_CAPABILITY: u32 = 2;

// KSJACK_DESCRIPTION.ConnectionType
/// Connector: unknown.
pub const eConnTypeUnknown: i32 = 0;
/// Connector: 3.5 mm jack.
pub const eConnType3Point5mm: i32 = 1;
/// Connector: digital, of another kind.
pub const eConnTypeOtherDigital: i32 = 6;
/// Connector: analogue, of another kind.
pub const eConnTypeOtherAnalog: i32 = 7;
// KSJACK_DESCRIPTION.GeoLocation
/// Place: the rear of the case.
pub const eGeoLocRear: i32 = 1;
/// [`eGeoLocNotApplicable`] by the name that older headers have.
pub const eGeoLocReserved5: i32 = 14;
/// Place: none, as with a device that has no case.
pub const eGeoLocNotApplicable: i32 = 14;
// KSJACK_DESCRIPTION.GenLocation
/// Case: the machine's.
pub const eGenLocPrimaryBox: i32 = 0;
/// Case: inside it.
pub const eGenLocInternal: i32 = 1;
/// Case: one of its own.
pub const eGenLocSeparate: i32 = 2;
/// Case: another.
pub const eGenLocOther: i32 = 3;
// KSJACK_DESCRIPTION.PortConnection
/// Connection: a jack.
pub const ePortConnJack: i32 = 0;
/// Connection: a built-in device.
pub const ePortConnIntegratedDevice: i32 = 1;
/// Connection: a built-in device with a jack for another.
pub const ePortConnBothIntegratedAndJack: i32 = 2;
/// Connection: unknown.
pub const ePortConnUnknown: i32 = 3;

/// The value of a node's control changed.
pub const KSEVENT_CONTROL_CHANGE: u32 = 0;
/// The data ranges of a pin changed.
pub const KSEVENT_PINCAPS_FORMATCHANGE: u32 = 0;
/// The jack of a pin changed: something was plugged in or out.
pub const KSEVENT_PINCAPS_JACKINFOCHANGE: u32 = 1;
