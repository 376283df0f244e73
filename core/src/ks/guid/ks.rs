// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sets, formats, categories, nodes and names of `ks.h` and `ksmedia.h`.

use super::guids;

guids! {
    /// Type set of `KSPROPERTY_DESCRIPTION`: the type is a `VT_*` (`ks.h`).
    KSPROPTYPESETID_General = 0x97E99BA0_BDEA_11CF_A5D6_28DB04C10000;
    /// Properties of a filter as such (`ks.h`).
    KSPROPSETID_General = 0x1464EDA5_6A8F_11D1_9AA7_00A0C9223196;
    /// Properties of a filter: categories, nodes, connections, names of nodes (`ks.h`).
    KSPROPSETID_Topology = 0x720D4AC0_7533_11D0_A5D6_28DB04C10000;
    /// Properties of a filter about its pins (`ks.h`).
    KSPROPSETID_Pin = 0x8C134960_51AD_11CF_878A_94F801C10000;
    /// Properties of a pin: state, format, framing (`ks.h`).
    KSPROPSETID_Connection = 0x1D58C920_AC9B_11CF_A5D6_28DB04C10000;
    /// Properties of a pin: allocator, master clock, rate (`ks.h`).
    KSPROPSETID_Stream = 0x65AABA60_98AE_11CF_A10D_0020AFD156E4;
    /// Properties of an allocator (`ks.h`).
    KSPROPSETID_StreamAllocator = 0xCF6E4342_EC87_11CF_A130_0020AFD156E4;
    /// Property of a pin: length of its stream headers (`ks.h`).
    KSPROPSETID_StreamInterface = 0x1FDD8EE1_9CD3_11D0_82AA_0000F822FE8A;
    /// Properties of a clock (`ks.h`).
    KSPROPSETID_Clock = 0xDF12A4C0_AC17_11CF_A5D6_28DB04C10000;
    /// Properties of a quality manager: reports of pins that are late (`ks.h`).
    KSPROPSETID_Quality = 0xD16AD380_AC1A_11CF_A5D6_28DB04C10000;
    /// Properties of audio nodes, pins and filters: volume, mute, position (`ksmedia.h`).
    KSPROPSETID_Audio = 0x45FFAAA0_6E1B_11D0_BCF2_444553540000;
    /// Properties of any node: to switch it on, to reset it (`ksmedia.h`).
    KSPROPSETID_TopologyNode = 0x45FFAAA1_6E1B_11D0_BCF2_444553540000;
    /// Properties of a WaveRT pin: buffer, packets, latency (`ksmedia.h`).
    KSPROPSETID_RtAudio = 0xA855A48C_2F78_4729_9051_1968746B9EEF;
    /// Properties of a topology filter about the jacks of its pins (`ksmedia.h`).
    KSPROPSETID_Jack = 0x4509F757_2D46_4637_8E62_CE7DB944F57B;
    /// Property of a filter: the processing modes of a pin (`ksmedia.h`).
    KSPROPSETID_AudioSignalProcessing = 0x4F67B528_30C9_40DE_B2FB_859DDD1F3470;
    /// Properties of SysAudio's filter: its virtual devices (`ksmedia.h`).
    KSPROPSETID_Sysaudio = 0xCBE3FAA0_CC75_11D0_B465_00001A1818E6;
    /// Properties of SysAudio's pins (`ksmedia.h`).
    KSPROPSETID_Sysaudio_Pin = 0xA3A53220_C6E4_11D0_B465_00001A1818E6;
    /// Property of a pin: the content that it plays, for protection (`ksmedia.h`).
    KSPROPSETID_DrmAudioStream = 0x2F2C8DDD_4198_4FAC_BA29_61BB05B7DE06;

    /// Methods to read and to write a stream, in place of the control codes (`ks.h`).
    KSMETHODSETID_StreamIo = 0x65D003CA_1523_11D2_B27A_00A0C9223196;
    /// Methods of an allocator: to get a frame, to give it back (`ks.h`).
    KSMETHODSETID_StreamAllocator = 0xCF6E4341_EC87_11CF_A130_0020AFD156E4;

    /// Events of a clock: at a time, and periodic (`ks.h`).
    KSEVENTSETID_Clock = 0x364D8E20_62C7_11CF_A5D6_28DB04C10000;
    /// Events of a pin: discontinuities, priority, end of stream (`ks.h`).
    KSEVENTSETID_Connection = 0x7F4BCBE0_9EA5_11CF_A5D6_28DB04C10000;
    /// Events of an allocator: a frame is free (`ks.h`).
    KSEVENTSETID_StreamAllocator = 0x75D95571_073C_11D0_A161_0020AFD156E4;
    /// Event of a node: the value of its control changed (`ksmedia.h`).
    KSEVENTSETID_AudioControlChange = 0xE85E9698_FA2F_11D1_95BD_00C04FB925D3;
    /// Events of a filter about a pin: its formats or its jack changed (`ks.h`).
    KSEVENTSETID_PinCapsChange = 0xDD4F192E_3B78_49AD_A534_2C315B822000;

    /// Attribute of a range or format: the processing mode that it is for (`ksmedia.h`).
    KSATTRIBUTEID_AUDIOSIGNALPROCESSING_MODE = 0xE1F89EB5_5F46_419B_967B_FF6770B98401;
    /// Processing mode: the driver's usual processing (`ksmedia.h`).
    AUDIO_SIGNALPROCESSINGMODE_DEFAULT = 0xC18E2F7E_933D_4965_B7D1_1EEF228D2AF3;
    /// Processing mode: none (`ksmedia.h`).
    AUDIO_SIGNALPROCESSINGMODE_RAW = 0x9E90EA20_B493_4FD1_A1A8_7E1361A956CF;

    /// Interfaces of pins, `KSINTERFACE_STANDARD_*` (`ks.h`).
    KSINTERFACESETID_Standard = 0x1A8766A0_62CE_11CF_A5D6_28DB04C10000;
    /// Mediums of pins, of which there is one: requests to the device (`ks.h`).
    KSMEDIUMSETID_Standard = 0x4747B320_62CE_11CF_A5D6_28DB04C10000;

    /// First part of a filter's create name (`ks.h`).
    KSNAME_Filter = 0x9B365890_165F_11D0_A195_0020AFD156E4;
    /// First part of a pin's create name.
    KSNAME_Pin = 0x146F1A80_4791_11D0_A5D6_28DB04C10000;
    /// First part of a clock's create name (`ks.h`).
    KSNAME_Clock = 0x53172480_4791_11D0_A5D6_28DB04C10000;
    /// First part of an allocator's create name (`ks.h`).
    KSNAME_Allocator = 0x642F5D00_4791_11D0_A5D6_28DB04C10000;
    /// First part of a node object's create name (`ks.h`).
    KSNAME_TopologyNode = 0x0621061A_EE75_11D0_B915_00A0C9223196;

    /// Time format: video frames (`ks.h`).
    KSTIME_FORMAT_FRAME = 0x7B785570_8C82_11CF_BC0C_00AA00AC74F6;
    /// Time format: bytes (`ks.h`).
    KSTIME_FORMAT_BYTE = 0x7B785571_8C82_11CF_BC0C_00AA00AC74F6;
    /// Time format: samples (`ks.h`).
    KSTIME_FORMAT_SAMPLE = 0x7B785572_8C82_11CF_BC0C_00AA00AC74F6;
    /// Time format: 100 ns (`ks.h`).
    KSTIME_FORMAT_MEDIA_TIME = 0x7B785574_8C82_11CF_BC0C_00AA00AC74F6;

    /// Memory of an allocator: any system memory (`ks.h`).
    KSMEMORY_TYPE_SYSTEM = 0x091BB638_603F_11D1_B067_00A0C9062802;
    /// Memory of an allocator: user mode's (`ks.h`).
    KSMEMORY_TYPE_USER = 0x8CB0FC28_7893_11D1_B069_00A0C9062802;
    /// Memory of an allocator: paged pool (`ks.h`).
    KSMEMORY_TYPE_KERNEL_PAGED = 0xD833F8F8_7894_11D1_B069_00A0C9062802;
    /// Memory of an allocator: non-paged pool (`ks.h`).
    KSMEMORY_TYPE_KERNEL_NONPAGED = 0x4A6D5FC4_7895_11D1_B069_00A0C9062802;

    /// Major format: a stream of bytes (`ks.h`).
    KSDATAFORMAT_TYPE_STREAM = 0xE436EB83_524F_11CE_9F53_0020AF0BA770;
    /// Major format: MIDI and its like (`ksmedia.h`).
    KSDATAFORMAT_TYPE_MUSIC = 0xE725D360_62CC_11CF_A5D6_28DB04C10000;
    /// Major format: audio (`ksmedia.h`).
    KSDATAFORMAT_TYPE_AUDIO = 0x73647561_0000_0010_8000_00AA00389B71;
    /// Subformat: there is none (`ks.h`).
    KSDATAFORMAT_SUBTYPE_NONE = 0xE436EB8E_524F_11CE_9F53_0020AF0BA770;
    /// Subformat of music: bytes of MIDI 1.0 in `KSMUSICFORMAT` records (`ksmedia.h`).
    KSDATAFORMAT_SUBTYPE_MIDI = 0x1D262760_E957_11CF_A5D6_28DB04C10000;
    /// Subformat of music: a line of MIDI, on bridge pins (`ksmedia.h`).
    KSDATAFORMAT_SUBTYPE_MIDI_BUS = 0x2CA15FA0_6CFE_11CF_A5D6_28DB04C10000;
    /// Subformat of music: `DMUS_EVENTHEADER` records (`dmksctrl.h`).
    KSDATAFORMAT_SUBTYPE_DIRECTMUSIC = 0x1A82F8BC_3F8B_11D2_B774_0060083316C1;
    /// Subformat of music: Universal MIDI Packets (`ksmedia.h`).
    KSDATAFORMAT_SUBTYPE_UNIVERSALMIDIPACKET = 0xFBFFD49E_CE26_464A_9DFC_FEE42456C81C;
    /// Subformat of audio: integer samples (`ksmedia.h`).
    KSDATAFORMAT_SUBTYPE_PCM = 0x00000001_0000_0010_8000_00AA00389B71;
    /// Subformat of audio: 32-bit or 64-bit floating point samples (`ksmedia.h`).
    KSDATAFORMAT_SUBTYPE_IEEE_FLOAT = 0x00000003_0000_0010_8000_00AA00389B71;
    /// Subformat of audio: an analogue line, on bridge pins (`ksmedia.h`).
    KSDATAFORMAT_SUBTYPE_ANALOG = 0x6DBA3190_67BD_11CF_A0F7_0020AFD156E4;
    /// Specifier: nothing follows the `KSDATAFORMAT` (`ks.h`).
    KSDATAFORMAT_SPECIFIER_NONE = 0x0F6417D6_C318_11D0_A43F_00A0C9223196;
    /// Specifier: a `WAVEFORMATEX` follows, perhaps extensible (`ksmedia.h`).
    KSDATAFORMAT_SPECIFIER_WAVEFORMATEX = 0x05589F81_C356_11CE_BF01_00AA0055595A;

    /// Technology of a music range: a MIDI port (`ksmedia.h`).
    KSMUSIC_TECHNOLOGY_PORT = 0x86C92E60_62E8_11CF_A5D6_28DB04C10000;
    /// Technology of a music range: a square wave synthesizer (`ksmedia.h`).
    KSMUSIC_TECHNOLOGY_SQSYNTH = 0x0ECF4380_62E9_11CF_A5D6_28DB04C10000;
    /// Technology of a music range: an FM synthesizer (`ksmedia.h`).
    KSMUSIC_TECHNOLOGY_FMSYNTH = 0x252C5C80_62E9_11CF_A5D6_28DB04C10000;
    /// Technology of a music range: a wavetable synthesizer, which programs prefer (`ksmedia.h`).
    KSMUSIC_TECHNOLOGY_WAVETABLE = 0x394EC7C0_62E9_11CF_A5D6_28DB04C10000;
    /// Technology of a music range: a software synthesizer (`ksmedia.h`).
    KSMUSIC_TECHNOLOGY_SWSYNTH = 0x37407736_3620_11D1_85D3_0000F8754380;

    /// Node type: a synthesizer, which has the properties of `KSPROPSETID_Synth` (`ksmedia.h`).
    KSNODETYPE_SYNTHESIZER = 0xDFF220F3_F70F_11D0_B917_00A0C9223196;
    /// Node type, reserved: a software synthesizer (`ksmedia.h`).
    KSNODETYPE_SWSYNTH = 0x423274A0_8B81_11D1_A050_0000F8004788;
    /// Node type, reserved: the system's General MIDI synthesizer (`ksmedia.h`).
    KSNODETYPE_SWMIDI = 0xCB9BEFA0_A251_11D1_A050_0000F8004788;
    /// Node type, reserved: DirectMusic's synthesizer.
    KSNODETYPE_DMSYNTH = 0x94824F88_6183_11D2_8F7A_00C04FBF8FEF;
    /// Node type, reserved: capabilities of DirectMusic's synthesizer.
    KSNODETYPE_DMSYNTH_CAPS = 0xBCA2A2F1_93C6_11D2_BA1D_0000F875AC12;
    /// Node type: digital to analogue (`ksmedia.h`).
    KSNODETYPE_DAC = 0x507AE360_C554_11D0_8A2B_00A0C9255AC1;
    /// Node type: analogue to digital (`ksmedia.h`).
    KSNODETYPE_ADC = 0x4D837FE0_C555_11D0_8A2B_00A0C9255AC1;
    /// Node type: a volume control for each channel (`ksmedia.h`).
    KSNODETYPE_VOLUME = 0x3A5ACC00_C557_11D0_8A2B_00A0C9255AC1;
    /// Node type: a switch that silences (`ksmedia.h`).
    KSNODETYPE_MUTE = 0x02B223C0_C557_11D0_8A2B_00A0C9255AC1;
    /// Node type: adds its inputs (`ksmedia.h`).
    KSNODETYPE_SUM = 0xDA441A60_C556_11D0_8A2B_00A0C9255AC1;
    /// Pin category: a loudspeaker (`ksmedia.h`).
    KSNODETYPE_SPEAKER = 0xDFF21CE1_F70F_11D0_B917_00A0C9223196;
    /// Pin category: a microphone (`ksmedia.h`).
    KSNODETYPE_MICROPHONE = 0xDFF21BE1_F70F_11D0_B917_00A0C9223196;
    /// Pin category: a line connector (`ksmedia.h`).
    KSNODETYPE_LINE_CONNECTOR = 0xDFF21FE3_F70F_11D0_B917_00A0C9223196;
    /// Pin category: an analogue connector (`ksmedia.h`).
    KSNODETYPE_ANALOG_CONNECTOR = 0xDFF21FE1_F70F_11D0_B917_00A0C9223196;
    /// Pin category: the connector of an internal source without one of its own (`ksmedia.h`).
    KSNODETYPE_LEGACY_AUDIO_CONNECTOR = 0xDFF21FE4_F70F_11D0_B917_00A0C9223196;

    /// Filter category: makes music of MIDI. The value of [`KSNODETYPE_SYNTHESIZER`] (`ksmedia.h`).
    KSCATEGORY_SYNTHESIZER = 0xDFF220F3_F70F_11D0_B917_00A0C9223196;
    /// Filter category, and that of most pins: audio (`ksmedia.h`).
    KSCATEGORY_AUDIO = 0x6994AD04_93EF_11D0_A3CC_00A0C9223196;
    /// Filter category: output to the world (`ks.h`).
    KSCATEGORY_RENDER = 0x65E8773E_8F56_11D0_A3B9_00A0C9223196;
    /// Filter category: input from the world (`ks.h`).
    KSCATEGORY_CAPTURE = 0x65E8773D_8F56_11D0_A3B9_00A0C9223196;
    /// Filter category: makes one stream of another (`ks.h`).
    KSCATEGORY_DATATRANSFORM = 0x2EB07EA0_7E70_11D0_A5D6_28DB04C10000;
    /// Filter category: controls behind a wave filter (`ksmedia.h`).
    KSCATEGORY_TOPOLOGY = 0xDDA54A40_1E4C_11D1_A050_405705C10000;
    /// Filter category: WaveRT (`ksmedia.h`).
    KSCATEGORY_REALTIME = 0xEB115FFC_10C8_4964_831D_6DCB02E6F23F;
    /// Filter category: mixes streams (`ks.h`).
    KSCATEGORY_MIXER = 0xAD809C00_7B88_11D0_A5D6_28DB04C10000;
    /// A pin category: its name comes from the pin's `Name`.
    KSCATEGORY_WDMAUD_USE_PIN_NAME = 0x47A4FA20_A251_11D1_A050_0000F8004788;
    /// Filter category that SysAudio alone uses: its virtual devices (`ksmedia.h`).
    KSCATEGORY_AUDIO_DEVICE = 0xFBF6F530_07B9_11D2_A71E_0000F8004788;
    /// Filter category that SysAudio alone uses: the device chosen for MIDI output (`ksmedia.h`).
    KSCATEGORY_PREFERRED_MIDIOUT_DEVICE = 0xD6C50674_72C1_11D2_9755_0000F8004788;

    /// Pin or node name: MIDI (`ksmedia.h`).
    KSAUDFNAME_MIDI = 0x185FEDF8_9905_11D1_95A9_00C04FB925D3;
    /// Pin name: DirectMusic's output of an MPU-401 (`dmusicks.h`).
    KSAUDFNAME_DMUSIC_MPU_OUT = 0xA4DF0EB5_BAC9_11D2_B7A8_0060083316C1;
    /// Pin name: DirectMusic's input of an MPU-401 (`dmusicks.h`).
    KSAUDFNAME_DMUSIC_MPU_IN = 0xB2EC0A7D_BAC9_11D2_B7A8_0060083316C1;
    /// Pin or node name: the master volume (`ksmedia.h`).
    KSAUDFNAME_VOLUME_CONTROL = 0x185FEDF7_9905_11D1_95A9_00C04FB925D3;
    /// Pin or node name: line in (`ksmedia.h`).
    KSAUDFNAME_LINE_IN = 0x185FEDF9_9905_11D1_95A9_00C04FB925D3;
    /// Pin or node name: recording (`ksmedia.h`).
    KSAUDFNAME_RECORDING_CONTROL = 0x185FEDFA_9905_11D1_95A9_00C04FB925D3;

    /// Device class MEDIA: sound, video and game controllers (`devguid.h`).
    GUID_DEVCLASS_MEDIA = 0x4D36E96C_E325_11CE_BFC1_08002BE10318;
    /// Class of the user-mode KS proxy filter.
    CLSID_Proxy = 0x17CCA71B_ECD7_11D0_B908_00A0C9223196;
}
