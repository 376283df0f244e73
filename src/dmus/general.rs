// SPDX-License-Identifier: MIT OR Apache-2.0
//! DirectMusic's questions: what the synthesizer can do.

use super::call::SynthCall;
use crate::com::descriptor::Static;
use crate::engine::EFFECTS;
use crate::kernel::Result;
use crate::property::{Call, Get, Property, Size, Target, read, write};
use arioso_core::ks::dmusprop::SYNTH_PC_SYSTEMMEMORY;
use arioso_core::ks::guid::{
    GUID_DMUS_PROP_DLS1, GUID_DMUS_PROP_DLS2, GUID_DMUS_PROP_Effects, GUID_DMUS_PROP_GM_Hardware,
    GUID_DMUS_PROP_GS_Capable, GUID_DMUS_PROP_GS_Hardware, GUID_DMUS_PROP_INSTRUMENT2,
    GUID_DMUS_PROP_SampleMemorySize, GUID_DMUS_PROP_SamplePlaybackRate, GUID_DMUS_PROP_XG_Capable,
    GUID_DMUS_PROP_XG_Hardware,
};
use arioso_core::ks::ks::VT_UI4;
use arioso_core::ks::status::STATUS_SUCCESS;
use arioso_core::ks::{GUID, NTSTATUS};

/// One question of DirectMusic: a set with item 0 and a 32-bit answer.
const fn capability(set: &'static Static<GUID>, get: Get) -> Property {
    Property {
        set,
        id: 0,
        kind: VT_UI4,
        target: Target::Any,
        instance: Size::NONE,
        value: Size::of::<u32>(),
        get: Some(get),
        put: None,
    }
}

fn yes(_: &Call<'_>, value: &mut [u8]) -> Result<NTSTATUS> {
    write(value, 1u32)
}

fn no(_: &Call<'_>, value: &mut [u8]) -> Result<NTSTATUS> {
    write(value, 0u32)
}

/// Samples live in the computer's memory.
fn sample_memory(_: &Call<'_>, value: &mut [u8]) -> Result<NTSTATUS> {
    write(value, SYNTH_PC_SYSTEMMEMORY)
}

/// `SYNTH_EFFECT_*`: those of the pin that are on; on the filter, those of a new pin.
fn effects(call: &Call<'_>, value: &mut [u8]) -> Result<NTSTATUS> {
    let on = call.pin().map(|stream| stream.pin().effects());
    write(value, on.unwrap_or(EFFECTS))
}

/// What there is not stays off; a get tells what is on.
fn set_effects(call: &Call<'_>, value: &[u8]) -> Result<NTSTATUS> {
    let wanted: u32 = read(value)?;
    call.pin()?
        .pin()
        .set_effects(call.request.passive, wanted & EFFECTS);
    Ok(STATUS_SUCCESS)
}

/// Hz.
fn playback_rate(call: &Call<'_>, value: &mut [u8]) -> Result<NTSTATUS> {
    write(value, call.miniport()?.engine().rate())
}

/// `GUID_DMUS_PROP_*`: no set in hardware, DLS of both levels, reverb and chorus.
pub const CAPABILITIES: [Property; 11] = [
    capability(&Static(GUID_DMUS_PROP_GM_Hardware), no),
    capability(&Static(GUID_DMUS_PROP_GS_Hardware), no),
    capability(&Static(GUID_DMUS_PROP_XG_Hardware), no),
    capability(&Static(GUID_DMUS_PROP_GS_Capable), yes),
    capability(&Static(GUID_DMUS_PROP_XG_Capable), no),
    capability(&Static(GUID_DMUS_PROP_DLS1), yes),
    capability(&Static(GUID_DMUS_PROP_DLS2), yes),
    capability(&Static(GUID_DMUS_PROP_INSTRUMENT2), yes),
    Property {
        target: Target::GetAny,
        put: Some(set_effects),
        ..capability(&Static(GUID_DMUS_PROP_Effects), effects)
    },
    capability(&Static(GUID_DMUS_PROP_SampleMemorySize), sample_memory),
    capability(&Static(GUID_DMUS_PROP_SamplePlaybackRate), playback_rate),
];
