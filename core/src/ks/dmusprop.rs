// SPDX-License-Identifier: MIT OR Apache-2.0
//! The synthesizer property sets (`dmusprop.h`).

use super::{BOOL, GUID, HANDLE, PVOID};

// KSPROPSETID_Synth.
/// Get and set, pin, plain property, value `i32`: the master volume, 1/100 dB; 0 changes nothing.
pub const KSPROPERTY_SYNTH_VOLUME: u32 = 0;
/// Get and set, pin, node property, value `i32`: gain behind the mix, 1/100 dB.
pub const KSPROPERTY_SYNTH_VOLUMEBOOST: u32 = 1;
/// Get, pin or filter, node property, value [`SYNTHCAPS`].
pub const KSPROPERTY_SYNTH_CAPS: u32 = 2;
/// Get that also sets, pin, node property, instance and value [`SYNTH_PORTPARAMS`].
/// `STATUS_NOT_ALL_ASSIGNED`: something is not as it was asked.
pub const KSPROPERTY_SYNTH_PORTPARAMETERS: u32 = 3;
/// Get and set, pin, node property, value `u32`: channel groups that play.
pub const KSPROPERTY_SYNTH_CHANNELGROUPS: u32 = 4;
/// Get and set, pin, node property, instance [`SYNTHVOICEPRIORITY_INSTANCE`], value `u32`: a `DAUD_*` priority.
pub const KSPROPERTY_SYNTH_VOICEPRIORITY: u32 = 5;
/// Get, pin, node property, value `u64`: the earliest time of an event that is not late, master clock, 100 ns.
pub const KSPROPERTY_SYNTH_LATENCYCLOCK: u32 = 6;
/// Get, pin, node property, value [`SYNTH_STATS`].
pub const KSPROPERTY_SYNTH_RUNNINGSTATS: u32 = 7;

// KSPROPSETID_Synth_Dls.
/// Get, pin, node property, instance [`SYNTH_BUFFER`], value [`SYNTHDOWNLOAD`]: takes an instrument or a wave.
pub const KSPROPERTY_SYNTH_DLS_DOWNLOAD: u32 = 0;
/// Set, pin, node property, value the download's handle: lets it go when no note needs it.
pub const KSPROPERTY_SYNTH_DLS_UNLOAD: u32 = 1;
/// Set, pin, node property, no value: defragments the memory for samples.
pub const KSPROPERTY_SYNTH_DLS_COMPACT: u32 = 2;
/// Get, pin, node property, value `u32`: bytes that a client must leave behind each wave.
pub const KSPROPERTY_SYNTH_DLS_APPEND: u32 = 3;
/// Get, pin, node property, value `WAVEFORMATEX`: the format of the output.
pub const KSPROPERTY_SYNTH_DLS_WAVEFORMAT: u32 = 4;

// KSPROPSETID_SynthClock.
/// Get, filter, plain property, value `u64`: the master clock, 100 ns. The DMus port answers it.
pub const KSPROPERTY_SYNTH_MASTERCLOCK: u32 = 0;

/// Characters of [`SYNTHCAPS::Description`], terminator included.
pub const SYNTH_DESCRIPTION_LENGTH: usize = 128;

data! {
    /// Value of CAPS. 296 bytes.
    #[derive(Eq)]
    pub struct SYNTHCAPS {
        /// The synthesizer's own, which `DefaultOutputPort` may name.
        pub Guid: GUID,
        /// `SYNTH_PC_*`.
        pub Flags: u32,
        /// Bytes, or `SYNTH_PC_SYSTEMMEMORY`.
        pub MemorySize: u32,
        /// The most channel groups of a pin, 16 channels each.
        pub MaxChannelGroups: u32,
        /// The most voices, `u32::MAX` if unknown.
        pub MaxVoices: u32,
        /// The most channels of the output, `u32::MAX` if unknown.
        pub MaxAudioChannels: u32,
        /// `SYNTH_EFFECT_*`.
        pub EffectFlags: u32,
        /// UTF-16, zero-terminated.
        pub Description: [u16; SYNTH_DESCRIPTION_LENGTH],
    }

    /// Instance and value of PORTPARAMETERS.
    #[derive(Eq)]
    pub struct SYNTH_PORTPARAMS {
        /// `SYNTH_PORTPARAMS_*`: the fields that count.
        pub ValidParams: u32,
        /// Voices that play at once.
        pub Voices: u32,
        /// Channel groups, 16 channels each.
        pub ChannelGroups: u32,
        /// Channels of the output.
        pub AudioChannels: u32,
        /// Frames per second.
        pub SampleRate: u32,
        /// `SYNTH_EFFECT_*`: effects that are on.
        pub EffectsFlags: u32,
        /// `BOOL`: other ports may use the channel groups too.
        pub Share: u32,
    }

    /// Value of RUNNINGSTATS, since entry to RUN.
    #[derive(Eq)]
    pub struct SYNTH_STATS {
        /// `SYNTH_STATS_*`: the fields that count.
        pub ValidStats: u32,
        /// Voices that sound now.
        pub Voices: u32,
        /// Share of a processor that the synthesizer takes, percent × 100.
        pub TotalCPU: u32,
        /// `TotalCPU` over the voices, percent × 100.
        pub CPUPerVoice: u32,
        /// Notes that got no voice or lost it to another.
        pub LostNotes: u32,
        /// Bytes of memory that downloads may still take.
        pub FreeMemory: u32,
        /// The loudest sample of the output, 1/100 dB, at most 0.
        pub PeakVolume: i32,
    }

    /// Instance of VOICEPRIORITY; the value is a `DAUD_*` priority.
    #[derive(Eq)]
    pub struct SYNTHVOICEPRIORITY_INSTANCE {
        /// The channel group.
        pub ChannelGroup: u32,
        /// Channel of the group, 0 to 15.
        pub Channel: u32,
    }

    /// Instance of DLS_DOWNLOAD: a buffer in the caller's memory.
    #[derive(Eq)]
    pub struct SYNTH_BUFFER {
        /// Bytes at `BufferAddress`.
        pub BufferSize: u32,
        /// An address of user mode, whoever asks: the download, from its `DMUS_DOWNLOADINFO` on.
        pub BufferAddress: PVOID,
    }

    /// [`SYNTH_BUFFER`] of a 32-bit process.
    #[derive(Eq)]
    pub struct SYNTH_BUFFER32 {
        /// Bytes at `BufferAddress`.
        pub BufferSize: u32,
        /// An address of 4 bytes.
        pub BufferAddress: u32,
    }

    /// Value of DLS_DOWNLOAD.
    #[derive(Eq)]
    pub struct SYNTHDOWNLOAD {
        /// What UNLOAD names it by; no address.
        pub DownloadHandle: HANDLE,
        /// The client may free its buffer now, for the synthesizer has a copy.
        pub Free: BOOL,
    }

    /// [`SYNTHDOWNLOAD`] of a 32-bit process.
    #[derive(Eq)]
    pub struct SYNTHDOWNLOAD32 {
        /// A handle of 4 bytes.
        pub DownloadHandle: u32,
        /// The client may free its buffer now.
        pub Free: BOOL,
    }

    /// Value of GUID_DMUS_PROP_WavesReverb.
    pub struct SYNTH_REVERB_PARAMS {
        /// Gain in front of the reverb: dB, −96 to 0.
        pub fInGain: f32,
        /// Level of the reverb: dB, −96 to 0.
        pub fReverbMix: f32,
        /// Decay to −60 dB: ms, 0.001 to 3000.
        pub fReverbTime: f32,
        /// Decay of high frequencies as a part of it: 0.001 to 0.999.
        pub fHighFreqRTRatio: f32,
    }
}

/// Capability: plays DLS level 1.
pub const SYNTH_PC_DLS: u32 = 1;
/// Capability: the synthesizer is outside of the machine, at a MIDI port.
pub const SYNTH_PC_EXTERNAL: u32 = 2;
/// Capability: the processor makes the sound.
pub const SYNTH_PC_SOFTWARESYNTH: u32 = 4;
/// Capability: `MemorySize` does not change.
pub const SYNTH_PC_MEMORYSIZEFIXED: u32 = 8;
/// Capability: a General MIDI set is built in.
pub const SYNTH_PC_GMINHARDWARE: u32 = 0x10;
/// Capability: a Roland GS set is built in.
pub const SYNTH_PC_GSINHARDWARE: u32 = 0x20;
/// Capability: a Yamaha XG set is built in.
pub const SYNTH_PC_XGINHARDWARE: u32 = 0x40;
/// Capability: plays DLS level 2.
pub const SYNTH_PC_DLS2: u32 = 0x200;
/// Capability: reverb. 0x40 before Windows XP.
pub const SYNTH_PC_REVERB: u32 = 0x4000_0000;
/// `MemorySize` of a synthesizer that keeps samples in the system's memory.
pub const SYNTH_PC_SYSTEMMEMORY: u32 = 0x7FFF_FFFF;

/// `Voices` counts.
pub const SYNTH_PORTPARAMS_VOICES: u32 = 1;
/// `ChannelGroups` counts.
pub const SYNTH_PORTPARAMS_CHANNELGROUPS: u32 = 2;
/// `AudioChannels` counts.
pub const SYNTH_PORTPARAMS_AUDIOCHANNELS: u32 = 4;
/// `SampleRate` counts.
pub const SYNTH_PORTPARAMS_SAMPLERATE: u32 = 8;
/// `EffectsFlags` counts.
pub const SYNTH_PORTPARAMS_EFFECTS: u32 = 0x20;
/// `Share` counts.
pub const SYNTH_PORTPARAMS_SHARE: u32 = 0x40;

/// `Voices` counts.
pub const SYNTH_STATS_VOICES: u32 = 1;
/// `TotalCPU` counts.
pub const SYNTH_STATS_TOTAL_CPU: u32 = 2;
/// `CPUPerVoice` counts.
pub const SYNTH_STATS_CPU_PER_VOICE: u32 = 4;
/// `LostNotes` counts.
pub const SYNTH_STATS_LOST_NOTES: u32 = 8;
/// `PeakVolume` counts.
pub const SYNTH_STATS_PEAK_VOLUME: u32 = 0x10;
/// `FreeMemory` counts.
pub const SYNTH_STATS_FREE_MEMORY: u32 = 0x20;

/// No effect.
pub const SYNTH_EFFECT_NONE: u32 = 0;
/// Reverb.
pub const SYNTH_EFFECT_REVERB: u32 = 1;
/// Chorus.
pub const SYNTH_EFFECT_CHORUS: u32 = 2;
/// Delay.
pub const SYNTH_EFFECT_DELAY: u32 = 4;

// Voice priorities (`dmusicc.h`): a class plus an offset by channel.
/// Class: before all others.
pub const DAUD_CRITICAL_VOICE_PRIORITY: u32 = 0xF000_0000;
/// Class: before the usual.
pub const DAUD_HIGH_VOICE_PRIORITY: u32 = 0xC000_0000;
/// Class: the usual, that of a channel whose priority nobody sets.
pub const DAUD_STANDARD_VOICE_PRIORITY: u32 = 0x8000_0000;
/// Class: behind the usual.
pub const DAUD_LOW_VOICE_PRIORITY: u32 = 0x4000_0000;
/// Class: behind all others.
pub const DAUD_PERSIST_VOICE_PRIORITY: u32 = 0x1000_0000;
/// Offset of MIDI channel 1, the second of its class.
pub const DAUD_CHAN1_VOICE_PRIORITY_OFFSET: u32 = 0xE;
/// Offset of MIDI channel 2, the third of its class.
pub const DAUD_CHAN2_VOICE_PRIORITY_OFFSET: u32 = 0xD;
/// Offset of MIDI channel 3, the 4th of its class.
pub const DAUD_CHAN3_VOICE_PRIORITY_OFFSET: u32 = 0xC;
/// Offset of MIDI channel 4, the 5th of its class.
pub const DAUD_CHAN4_VOICE_PRIORITY_OFFSET: u32 = 0xB;
/// Offset of MIDI channel 5, the 6th of its class.
pub const DAUD_CHAN5_VOICE_PRIORITY_OFFSET: u32 = 0xA;
/// Offset of MIDI channel 6, the 7th of its class.
pub const DAUD_CHAN6_VOICE_PRIORITY_OFFSET: u32 = 9;
/// Offset of MIDI channel 7, the 8th of its class.
pub const DAUD_CHAN7_VOICE_PRIORITY_OFFSET: u32 = 8;
/// Offset of MIDI channel 8, the 9th of its class.
pub const DAUD_CHAN8_VOICE_PRIORITY_OFFSET: u32 = 7;
/// Offset of MIDI channel 9, the 10th of its class.
pub const DAUD_CHAN9_VOICE_PRIORITY_OFFSET: u32 = 6;
/// Offset of MIDI channel 10, the first of its class, percussion.
pub const DAUD_CHAN10_VOICE_PRIORITY_OFFSET: u32 = 0xF;
/// Offset of MIDI channel 11, the 11th of its class.
pub const DAUD_CHAN11_VOICE_PRIORITY_OFFSET: u32 = 5;
/// Offset of MIDI channel 12, the 12th of its class.
pub const DAUD_CHAN12_VOICE_PRIORITY_OFFSET: u32 = 4;
/// Offset of MIDI channel 13, the 13th of its class.
pub const DAUD_CHAN13_VOICE_PRIORITY_OFFSET: u32 = 3;
/// Offset of MIDI channel 14, the 14th of its class.
pub const DAUD_CHAN14_VOICE_PRIORITY_OFFSET: u32 = 2;
/// Offset of MIDI channel 15, the 15th of its class.
pub const DAUD_CHAN15_VOICE_PRIORITY_OFFSET: u32 = 1;
/// Offset of MIDI channel 16, the last of its class.
pub const DAUD_CHAN16_VOICE_PRIORITY_OFFSET: u32 = 0;
