// SPDX-License-Identifier: MIT OR Apache-2.0
//! Our own set on the synthesizer's filter: settings, meters, and what programs may ask for while the device runs.

use super::call::SynthCall;
use crate::com::descriptor::Static;
use crate::kernel::Result;
use crate::property::{Call, Get, Property, Put, Size, Target, read, write};
use arioso_core::ks::NTSTATUS;
use arioso_core::ks::arioso::{
    ARIOSO_CONTROL_BANK, ARIOSO_CONTROL_NUMBERS, ARIOSO_CONTROL_SILENCE, ARIOSO_METERS,
    ARIOSO_SETTINGS, KSPROPERTY_ARIOSO_CONTROL, KSPROPERTY_ARIOSO_METERS,
    KSPROPERTY_ARIOSO_SETTINGS, KSPROPSETID_Arioso,
};
use arioso_core::ks::ks::{VT_EMPTY, VT_UI4};
use arioso_core::ks::status::{STATUS_INVALID_PARAMETER, STATUS_SUCCESS};

const fn property(id: u32, kind: u32, value: Size, get: Option<Get>, put: Option<Put>) -> Property {
    Property {
        set: &Static(KSPROPSETID_Arioso),
        id,
        kind,
        target: Target::Any,
        instance: Size::NONE,
        value,
        get,
        put,
    }
}

/// Of the filter.
pub const PROPERTIES: [Property; 3] = [
    property(
        KSPROPERTY_ARIOSO_SETTINGS,
        VT_EMPTY,
        Size::of::<ARIOSO_SETTINGS>(),
        Some(settings),
        None,
    ),
    property(
        KSPROPERTY_ARIOSO_METERS,
        VT_EMPTY,
        Size::of::<ARIOSO_METERS>(),
        Some(meters),
        None,
    ),
    property(
        KSPROPERTY_ARIOSO_CONTROL,
        VT_UI4,
        Size::of::<u32>(),
        None,
        Some(control),
    ),
];

fn settings(call: &Call<'_>, value: &mut [u8]) -> Result<NTSTATUS> {
    let miniport = call.miniport()?;
    write(
        value,
        miniport.engine().active_settings(call.request.passive),
    )
}

fn meters(call: &Call<'_>, value: &mut [u8]) -> Result<NTSTATUS> {
    let miniport = call.miniport()?;
    write(value, miniport.engine().meters(call.request.passive))
}

/// Nothing is done if a bit is unknown. No right is needed: values come from the registry, which only administrators write.
fn control(call: &Call<'_>, value: &[u8]) -> Result<NTSTATUS> {
    const KNOWN: u32 = ARIOSO_CONTROL_NUMBERS | ARIOSO_CONTROL_BANK | ARIOSO_CONTROL_SILENCE;
    let wanted: u32 = read(value)?;
    if wanted & !KNOWN != 0 {
        return Err(STATUS_INVALID_PARAMETER);
    }
    let miniport = call.miniport()?;
    let (engine, passive) = (miniport.engine(), call.request.passive);
    if wanted & ARIOSO_CONTROL_SILENCE != 0 {
        engine.silence(passive);
    }
    if wanted & ARIOSO_CONTROL_NUMBERS != 0 {
        engine.refresh_numbers(passive)?;
    }
    if wanted & ARIOSO_CONTROL_BANK != 0 {
        engine.refresh_bank(passive)?;
    }
    Ok(STATUS_SUCCESS)
}
