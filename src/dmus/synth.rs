// SPDX-License-Identifier: MIT OR Apache-2.0
//! `KSPROPSETID_Synth`: the synthesizer; and our own set.

use super::call::SynthCall;
use crate::com::descriptor::Static;
use crate::engine::settings::wide;
use crate::engine::{EFFECTS, MAX_GROUPS};
use crate::kernel::Result;
use crate::property::rows::SYNTH_ID;
use crate::property::{Call, Property, Size, Target, read, write};
use arioso_core::ks::arioso::{
    ARIOSO_BANK, ARIOSO_STATISTICS, KSPROPERTY_ARIOSO_BANK, KSPROPERTY_ARIOSO_STATISTICS,
    KSPROPSETID_Arioso,
};
use arioso_core::ks::dmusprop::*;
use arioso_core::ks::guid::{GUID_DMUS_PROP_WavesReverb, KSPROPSETID_Synth};
use arioso_core::ks::ks::{VT_EMPTY, VT_I4, VT_UI4, VT_UI8};
use arioso_core::ks::status::{
    STATUS_INVALID_PARAMETER, STATUS_NOT_ALL_ASSIGNED, STATUS_SUCCESS, STATUS_UNSUCCESSFUL,
};
use arioso_core::ks::{GUID, NTSTATUS};
use arioso_core::synth::effects::Waves;

const SET: &Static<GUID> = &Static(KSPROPSETID_Synth);

const fn property(id: u32, kind: u32, instance: Size, value: Size) -> Property {
    Property {
        set: SET,
        id,
        kind,
        target: Target::Pin,
        instance,
        value,
        get: None,
        put: None,
    }
}

/// The item that DirectMusic enumerates with.
pub const CAPS: [Property; 1] = [Property {
    target: Target::Any,
    get: Some(caps),
    ..property(
        KSPROPERTY_SYNTH_CAPS,
        VT_EMPTY,
        Size::NONE,
        Size::of::<SYNTHCAPS>(),
    )
}];

/// The set's other items, and our own set's.
pub const PROPERTIES: [Property; 9] = [
    Property {
        get: Some(volume),
        put: Some(set_volume),
        ..property(
            KSPROPERTY_SYNTH_VOLUME,
            VT_I4,
            Size::NONE,
            Size::of::<i32>(),
        )
    },
    Property {
        get: Some(boost),
        put: Some(set_boost),
        ..property(
            KSPROPERTY_SYNTH_VOLUMEBOOST,
            VT_I4,
            Size::NONE,
            Size::of::<i32>(),
        )
    },
    Property {
        get: Some(port_parameters),
        ..property(
            KSPROPERTY_SYNTH_PORTPARAMETERS,
            VT_EMPTY,
            Size::of::<SYNTH_PORTPARAMS>(),
            Size::of::<SYNTH_PORTPARAMS>(),
        )
    },
    Property {
        get: Some(channel_groups),
        put: Some(set_channel_groups),
        ..property(
            KSPROPERTY_SYNTH_CHANNELGROUPS,
            VT_UI4,
            Size::NONE,
            Size::of::<u32>(),
        )
    },
    Property {
        get: Some(voice_priority),
        put: Some(set_voice_priority),
        ..property(
            KSPROPERTY_SYNTH_VOICEPRIORITY,
            VT_UI4,
            Size::of::<SYNTHVOICEPRIORITY_INSTANCE>(),
            Size::of::<u32>(),
        )
    },
    Property {
        get: Some(latency_clock),
        ..property(
            KSPROPERTY_SYNTH_LATENCYCLOCK,
            VT_UI8,
            Size::NONE,
            Size::of::<u64>(),
        )
    },
    Property {
        get: Some(running_stats),
        ..property(
            KSPROPERTY_SYNTH_RUNNINGSTATS,
            VT_EMPTY,
            Size::NONE,
            Size::of::<SYNTH_STATS>(),
        )
    },
    Property {
        set: &Static(KSPROPSETID_Arioso),
        get: Some(statistics),
        ..property(
            KSPROPERTY_ARIOSO_STATISTICS,
            VT_EMPTY,
            Size::NONE,
            Size::of::<ARIOSO_STATISTICS>(),
        )
    },
    Property {
        set: &Static(KSPROPSETID_Arioso),
        get: Some(bank),
        ..property(
            KSPROPERTY_ARIOSO_BANK,
            VT_EMPTY,
            Size::NONE,
            Size::of::<ARIOSO_BANK>(),
        )
    },
];

/// The reverb of a pin.
pub const REVERB: [Property; 1] = [Property {
    set: &Static(GUID_DMUS_PROP_WavesReverb),
    get: Some(reverb),
    put: Some(set_reverb),
    ..property(0, VT_EMPTY, Size::NONE, Size::of::<SYNTH_REVERB_PARAMS>())
}];

/// 1/100 dB.
const VOLUMES: core::ops::RangeInclusive<i32> = -9600..=2000;

fn clamp(volume: i32) -> i32 {
    volume.clamp(*VOLUMES.start(), *VOLUMES.end())
}

fn volume(call: &Call<'_>, value: &mut [u8]) -> Result<NTSTATUS> {
    write(value, call.pin()?.pin().volume())
}

fn set_volume(call: &Call<'_>, value: &[u8]) -> Result<NTSTATUS> {
    call.pin()?
        .pin()
        .set_volume(call.request.passive, clamp(read(value)?));
    Ok(STATUS_SUCCESS)
}

fn boost(call: &Call<'_>, value: &mut [u8]) -> Result<NTSTATUS> {
    write(value, call.pin()?.pin().boost())
}

fn set_boost(call: &Call<'_>, value: &[u8]) -> Result<NTSTATUS> {
    call.pin()?
        .pin()
        .set_boost(call.request.passive, clamp(read(value)?));
    Ok(STATUS_SUCCESS)
}

/// Answers on the filter too: DirectMusic enumerates with it.
fn caps(call: &Call<'_>, value: &mut [u8]) -> Result<NTSTATUS> {
    let mut description = [0u16; SYNTH_DESCRIPTION_LENGTH];
    for (to, from) in description
        .iter_mut()
        .zip(wide!("Arioso DirectMusic Synthesizer"))
    {
        *to = *from;
    }
    write(
        value,
        SYNTHCAPS {
            Guid: SYNTH_ID,
            Flags: SYNTH_PC_DLS | SYNTH_PC_DLS2 | SYNTH_PC_SOFTWARESYNTH,
            MemorySize: SYNTH_PC_SYSTEMMEMORY,
            MaxChannelGroups: MAX_GROUPS.into(),
            MaxVoices: call.miniport()?.engine().voices(),
            MaxAudioChannels: 2,
            EffectFlags: EFFECTS,
            Description: description,
        },
    )
}

/// Sets what the instance asks for as far as it can be had, and tells what is.
fn port_parameters(call: &Call<'_>, value: &mut [u8]) -> Result<NTSTATUS> {
    let asked: SYNTH_PORTPARAMS = call.instance()?;
    let stream = call.pin()?;
    let pin = stream.pin();
    let wants = |bit: u32| asked.ValidParams & bit != 0;
    if wants(SYNTH_PORTPARAMS_CHANNELGROUPS) {
        pin.set_groups(
            call.request.passive,
            asked.ChannelGroups.clamp(1, MAX_GROUPS.into()),
        )?;
    }
    if wants(SYNTH_PORTPARAMS_EFFECTS) {
        pin.set_effects(call.request.passive, asked.EffectsFlags & EFFECTS);
    }
    let have = SYNTH_PORTPARAMS {
        // The page: the instance is copied, then values are adjusted.
        ValidParams: asked.ValidParams,
        // One pool for all pins: a smaller one would only cost notes.
        Voices: if wants(SYNTH_PORTPARAMS_VOICES) {
            asked.Voices.min(pin.voices()).max(1)
        } else {
            pin.voices()
        },
        ChannelGroups: pin.groups(),
        AudioChannels: 2,
        SampleRate: pin.rate(),
        EffectsFlags: pin.effects(),
        Share: 0,
    };
    write(value, have)?;
    let changed = wants(SYNTH_PORTPARAMS_VOICES) && asked.Voices != have.Voices
        || wants(SYNTH_PORTPARAMS_CHANNELGROUPS) && asked.ChannelGroups != have.ChannelGroups
        || wants(SYNTH_PORTPARAMS_AUDIOCHANNELS) && asked.AudioChannels != have.AudioChannels
        || wants(SYNTH_PORTPARAMS_SAMPLERATE) && asked.SampleRate != have.SampleRate
        || wants(SYNTH_PORTPARAMS_EFFECTS) && asked.EffectsFlags != have.EffectsFlags
        || wants(SYNTH_PORTPARAMS_SHARE) && asked.Share != have.Share;
    Ok(if changed {
        STATUS_NOT_ALL_ASSIGNED
    } else {
        STATUS_SUCCESS
    })
}

fn channel_groups(call: &Call<'_>, value: &mut [u8]) -> Result<NTSTATUS> {
    write(value, call.pin()?.pin().groups())
}

fn set_channel_groups(call: &Call<'_>, value: &[u8]) -> Result<NTSTATUS> {
    call.pin()?
        .pin()
        .set_groups(call.request.passive, read(value)?)?;
    Ok(STATUS_SUCCESS)
}

fn voice_priority(call: &Call<'_>, value: &mut [u8]) -> Result<NTSTATUS> {
    let at: SYNTHVOICEPRIORITY_INSTANCE = call.instance()?;
    let priority = call
        .pin()?
        .pin()
        .priority(call.request.passive, at.ChannelGroup, at.Channel);
    write(value, priority.ok_or(STATUS_UNSUCCESSFUL)?)
}

fn set_voice_priority(call: &Call<'_>, value: &[u8]) -> Result<NTSTATUS> {
    let at: SYNTHVOICEPRIORITY_INSTANCE = call.instance()?;
    call.pin()?.pin().set_priority(
        call.request.passive,
        at.ChannelGroup,
        at.Channel,
        read(value)?,
    )?;
    Ok(STATUS_SUCCESS)
}

fn reverb(call: &Call<'_>, value: &mut [u8]) -> Result<NTSTATUS> {
    let waves = call.pin()?.pin().reverb(call.request.passive);
    write(
        value,
        SYNTH_REVERB_PARAMS {
            fInGain: waves.in_gain,
            fReverbMix: waves.mix,
            fReverbTime: waves.milliseconds,
            fHighFreqRTRatio: waves.high_ratio,
        },
    )
}

/// Numbers out of range are clamped; what is not a number is refused.
fn set_reverb(call: &Call<'_>, value: &[u8]) -> Result<NTSTATUS> {
    let wanted: SYNTH_REVERB_PARAMS = read(value)?;
    let waves = Waves {
        in_gain: wanted.fInGain,
        mix: wanted.fReverbMix,
        milliseconds: wanted.fReverbTime,
        high_ratio: wanted.fHighFreqRTRatio,
    };
    let waves = waves.clamped().ok_or(STATUS_INVALID_PARAMETER)?;
    call.pin()?.pin().set_reverb(call.request.passive, waves);
    Ok(STATUS_SUCCESS)
}

fn latency_clock(call: &Call<'_>, value: &mut [u8]) -> Result<NTSTATUS> {
    write(value, call.pin()?.pin().latency())
}

fn running_stats(call: &Call<'_>, value: &mut [u8]) -> Result<NTSTATUS> {
    let running = call.pin()?.pin().running(call.request.passive);
    write(
        value,
        SYNTH_STATS {
            ValidStats: SYNTH_STATS_VOICES
                | SYNTH_STATS_TOTAL_CPU
                | SYNTH_STATS_CPU_PER_VOICE
                | SYNTH_STATS_LOST_NOTES
                | SYNTH_STATS_FREE_MEMORY
                | SYNTH_STATS_PEAK_VOLUME,
            Voices: running.voices,
            TotalCPU: running.load,
            CPUPerVoice: running.load_per_voice,
            LostNotes: running.lost_notes,
            FreeMemory: running.free_memory,
            PeakVolume: hundredths_of_db(running.peak_level),
        },
    )
}

fn statistics(call: &Call<'_>, value: &mut [u8]) -> Result<NTSTATUS> {
    write(value, call.pin()?.pin().statistics())
}

fn bank(call: &Call<'_>, value: &mut [u8]) -> Result<NTSTATUS> {
    write(value, call.pin()?.pin().bank())
}

/// 2000·log10(`level`), between −9600 and 0, to about 1/100 dB.
fn hundredths_of_db(level: f32) -> i32 {
    // 2000·log10(2)
    const OCTAVE: f32 = 602.06;
    const SILENCE: i32 = -9600;
    if level.is_nan() || level < 1.6e-5 {
        return SILENCE;
    }
    let bits = level.to_bits();
    let exponent = (bits >> 23) as i32 - 127;
    let mantissa = f32::from_bits(bits & 0x007F_FFFF | 0x3F80_0000);
    // log2(m) = 2/ln 2 · artanh((m − 1)/(m + 1)), four terms.
    let x = (mantissa - 1.0) / (mantissa + 1.0);
    let xx = x * x;
    let log2 = 2.885_39 * x * (1.0 + xx * (0.333_333 + xx * (0.2 + xx * 0.142_857)));
    ((((exponent as f32) + log2) * OCTAVE) as i32).clamp(SILENCE, 0)
}
