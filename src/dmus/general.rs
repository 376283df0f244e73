//! What the filter and the synthesizer are: component id, DirectMusic capabilities.

use super::properties::{Call, Get, Property, Size, Target, read, write};
use crate::com::descriptor::Static;
use crate::engine::EFFECTS;
use crate::kernel::Result;
use arioso_core::ks::dmusprop::SYNTH_PC_SYSTEMMEMORY;
use arioso_core::ks::guid::{
    GUID_DMUS_PROP_DLS1, GUID_DMUS_PROP_DLS2, GUID_DMUS_PROP_Effects, GUID_DMUS_PROP_GM_Hardware,
    GUID_DMUS_PROP_GS_Capable, GUID_DMUS_PROP_GS_Hardware, GUID_DMUS_PROP_INSTRUMENT2,
    GUID_DMUS_PROP_SampleMemorySize, GUID_DMUS_PROP_SamplePlaybackRate, GUID_DMUS_PROP_XG_Capable,
    GUID_DMUS_PROP_XG_Hardware, KSPROPSETID_General,
};
use arioso_core::ks::ks::{KSCOMPONENTID, KSPROPERTY_GENERAL_COMPONENTID, VT_EMPTY, VT_UI4};
use arioso_core::ks::status::STATUS_SUCCESS;
use arioso_core::ks::{GUID, NTSTATUS};

/// This synthesizer: `SYNTHCAPS.Guid`, the product's and the component's id.
pub const SYNTH_ID: GUID = GUID::from_u128(0x6F2C_93B8_1D5E_4A07_B6E9_C418_50AD_27F3);
/// The name's entry under `MediaCategories`.
const NAME_ID: GUID = GUID::from_u128(0x2A7E_5C40_8F93_4D16_97CB_0B6D_E1F8_34A9);
/// The maker.
const MAKER_ID: GUID = GUID::from_u128(0xB850_1F6E_3D24_47A9_8A5C_72E0_9F4B_C61D);

/// Properties of the filter.
pub const PROPERTIES: [Property; 1] = [component_entry(component_id)];

/// `KSPROPERTY_GENERAL_COMPONENTID` of a filter.
pub const fn component_entry(get: Get) -> Property {
    Property {
        set: &Static(KSPROPSETID_General),
        id: KSPROPERTY_GENERAL_COMPONENTID,
        kind: VT_EMPTY,
        target: Target::Any,
        instance: Size::NONE,
        value: Size::of::<KSCOMPONENTID>(),
        get: Some(get),
        put: None,
    }
}

fn component_id(_: &Call<'_>, value: &mut [u8]) -> Result<NTSTATUS> {
    write(value, component(SYNTH_ID, NAME_ID))
}

/// A part of this product, and the entry of its name under `MediaCategories`.
pub fn component(id: GUID, name: GUID) -> KSCOMPONENTID {
    KSCOMPONENTID {
        Manufacturer: MAKER_ID,
        Product: SYNTH_ID,
        Component: id,
        Name: name,
        Version: 0,
        Revision: 1,
    }
}

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
