// SPDX-License-Identifier: MIT OR Apache-2.0
//! The synthesizer property sets (`dmusprop.h`).

use super::{BOOL, GUID, HANDLE, PVOID};

// KSPROPSETID_Synth.
pub const KSPROPERTY_SYNTH_VOLUME: u32 = 0;
pub const KSPROPERTY_SYNTH_VOLUMEBOOST: u32 = 1;
pub const KSPROPERTY_SYNTH_CAPS: u32 = 2;
pub const KSPROPERTY_SYNTH_PORTPARAMETERS: u32 = 3;
pub const KSPROPERTY_SYNTH_CHANNELGROUPS: u32 = 4;
pub const KSPROPERTY_SYNTH_VOICEPRIORITY: u32 = 5;
pub const KSPROPERTY_SYNTH_LATENCYCLOCK: u32 = 6;
pub const KSPROPERTY_SYNTH_RUNNINGSTATS: u32 = 7;

// KSPROPSETID_Synth_Dls.
pub const KSPROPERTY_SYNTH_DLS_DOWNLOAD: u32 = 0;
pub const KSPROPERTY_SYNTH_DLS_UNLOAD: u32 = 1;
pub const KSPROPERTY_SYNTH_DLS_COMPACT: u32 = 2;
pub const KSPROPERTY_SYNTH_DLS_APPEND: u32 = 3;
pub const KSPROPERTY_SYNTH_DLS_WAVEFORMAT: u32 = 4;

// KSPROPSETID_SynthClock.
pub const KSPROPERTY_SYNTH_MASTERCLOCK: u32 = 0;

/// Characters of [`SYNTHCAPS::Description`], terminator included.
pub const SYNTH_DESCRIPTION_LENGTH: usize = 128;

data! {
    /// Value of CAPS. 296 bytes.
    #[derive(Eq)]
    pub struct SYNTHCAPS {
        pub Guid: GUID,
        /// `SYNTH_PC_*`.
        pub Flags: u32,
        /// Bytes, or `SYNTH_PC_SYSTEMMEMORY`.
        pub MemorySize: u32,
        pub MaxChannelGroups: u32,
        pub MaxVoices: u32,
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
        pub Voices: u32,
        pub ChannelGroups: u32,
        pub AudioChannels: u32,
        /// Frames per second.
        pub SampleRate: u32,
        pub EffectsFlags: u32,
        pub Share: u32,
    }

    /// Value of RUNNINGSTATS, since entry to RUN.
    #[derive(Eq)]
    pub struct SYNTH_STATS {
        /// `SYNTH_STATS_*`: the fields that count.
        pub ValidStats: u32,
        pub Voices: u32,
        /// Percent × 100.
        pub TotalCPU: u32,
        pub CPUPerVoice: u32,
        pub LostNotes: u32,
        /// Bytes.
        pub FreeMemory: u32,
        /// 1/100 dB, at most 0.
        pub PeakVolume: i32,
    }

    /// Instance of VOICEPRIORITY; the value is a `DAUD_*` priority.
    #[derive(Eq)]
    pub struct SYNTHVOICEPRIORITY_INSTANCE {
        pub ChannelGroup: u32,
        pub Channel: u32,
    }

    /// Instance of DLS_DOWNLOAD: a buffer in the caller's memory.
    #[derive(Eq)]
    pub struct SYNTH_BUFFER {
        pub BufferSize: u32,
        pub BufferAddress: PVOID,
    }

    /// [`SYNTH_BUFFER`] of a 32-bit process.
    #[derive(Eq)]
    pub struct SYNTH_BUFFER32 {
        pub BufferSize: u32,
        pub BufferAddress: u32,
    }

    /// Value of DLS_DOWNLOAD.
    #[derive(Eq)]
    pub struct SYNTHDOWNLOAD {
        pub DownloadHandle: HANDLE,
        /// The client may free its buffer now.
        pub Free: BOOL,
    }

    /// [`SYNTHDOWNLOAD`] of a 32-bit process.
    #[derive(Eq)]
    pub struct SYNTHDOWNLOAD32 {
        pub DownloadHandle: u32,
        pub Free: BOOL,
    }

    /// Value of GUID_DMUS_PROP_WavesReverb.
    pub struct SYNTH_REVERB_PARAMS {
        /// dB, −96 to 0.
        pub fInGain: f32,
        /// dB, −96 to 0.
        pub fReverbMix: f32,
        /// ms, 0.001 to 3000.
        pub fReverbTime: f32,
        /// 0.001 to 0.999.
        pub fHighFreqRTRatio: f32,
    }
}

pub const SYNTH_PC_DLS: u32 = 1;
pub const SYNTH_PC_EXTERNAL: u32 = 2;
pub const SYNTH_PC_SOFTWARESYNTH: u32 = 4;
pub const SYNTH_PC_MEMORYSIZEFIXED: u32 = 8;
pub const SYNTH_PC_GMINHARDWARE: u32 = 0x10;
pub const SYNTH_PC_GSINHARDWARE: u32 = 0x20;
pub const SYNTH_PC_XGINHARDWARE: u32 = 0x40;
pub const SYNTH_PC_DLS2: u32 = 0x200;
pub const SYNTH_PC_REVERB: u32 = 0x4000_0000;
pub const SYNTH_PC_SYSTEMMEMORY: u32 = 0x7FFF_FFFF;

pub const SYNTH_PORTPARAMS_VOICES: u32 = 1;
pub const SYNTH_PORTPARAMS_CHANNELGROUPS: u32 = 2;
pub const SYNTH_PORTPARAMS_AUDIOCHANNELS: u32 = 4;
pub const SYNTH_PORTPARAMS_SAMPLERATE: u32 = 8;
pub const SYNTH_PORTPARAMS_EFFECTS: u32 = 0x20;
pub const SYNTH_PORTPARAMS_SHARE: u32 = 0x40;

pub const SYNTH_STATS_VOICES: u32 = 1;
pub const SYNTH_STATS_TOTAL_CPU: u32 = 2;
pub const SYNTH_STATS_CPU_PER_VOICE: u32 = 4;
pub const SYNTH_STATS_LOST_NOTES: u32 = 8;
pub const SYNTH_STATS_PEAK_VOLUME: u32 = 0x10;
pub const SYNTH_STATS_FREE_MEMORY: u32 = 0x20;

pub const SYNTH_EFFECT_NONE: u32 = 0;
pub const SYNTH_EFFECT_REVERB: u32 = 1;
pub const SYNTH_EFFECT_CHORUS: u32 = 2;
pub const SYNTH_EFFECT_DELAY: u32 = 4;

// Voice priorities (`dmusicc.h`): a class plus an offset by channel.
pub const DAUD_CRITICAL_VOICE_PRIORITY: u32 = 0xF000_0000;
pub const DAUD_HIGH_VOICE_PRIORITY: u32 = 0xC000_0000;
pub const DAUD_STANDARD_VOICE_PRIORITY: u32 = 0x8000_0000;
pub const DAUD_LOW_VOICE_PRIORITY: u32 = 0x4000_0000;
pub const DAUD_PERSIST_VOICE_PRIORITY: u32 = 0x1000_0000;
pub const DAUD_CHAN1_VOICE_PRIORITY_OFFSET: u32 = 0xE;
pub const DAUD_CHAN2_VOICE_PRIORITY_OFFSET: u32 = 0xD;
pub const DAUD_CHAN3_VOICE_PRIORITY_OFFSET: u32 = 0xC;
pub const DAUD_CHAN4_VOICE_PRIORITY_OFFSET: u32 = 0xB;
pub const DAUD_CHAN5_VOICE_PRIORITY_OFFSET: u32 = 0xA;
pub const DAUD_CHAN6_VOICE_PRIORITY_OFFSET: u32 = 9;
pub const DAUD_CHAN7_VOICE_PRIORITY_OFFSET: u32 = 8;
pub const DAUD_CHAN8_VOICE_PRIORITY_OFFSET: u32 = 7;
pub const DAUD_CHAN9_VOICE_PRIORITY_OFFSET: u32 = 6;
pub const DAUD_CHAN10_VOICE_PRIORITY_OFFSET: u32 = 0xF;
pub const DAUD_CHAN11_VOICE_PRIORITY_OFFSET: u32 = 5;
pub const DAUD_CHAN12_VOICE_PRIORITY_OFFSET: u32 = 4;
pub const DAUD_CHAN13_VOICE_PRIORITY_OFFSET: u32 = 3;
pub const DAUD_CHAN14_VOICE_PRIORITY_OFFSET: u32 = 2;
pub const DAUD_CHAN15_VOICE_PRIORITY_OFFSET: u32 = 1;
pub const DAUD_CHAN16_VOICE_PRIORITY_OFFSET: u32 = 0;
