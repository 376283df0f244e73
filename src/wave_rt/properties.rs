//! Properties of the wave filter: what it is, format proposals.

use super::{CAPTURE_PIN, format};
use crate::com::descriptor::Static;
use crate::kernel::Result;
use crate::property::{Call, Property, Size, Table, Target, rows, write};
use arioso_core::ks::NTSTATUS;
use arioso_core::ks::guid::KSPROPSETID_Pin;
use arioso_core::ks::ks::{
    KSPROPERTY_PIN_PROPOSEDATAFORMAT, KSPROPERTY_PIN_PROPOSEDATAFORMAT2, VT_EMPTY,
};
use arioso_core::ks::ksmedia::{KSDATAFORMAT_WAVEFORMATEX, KSDATAFORMAT_WAVEFORMATEXTENSIBLE};
use arioso_core::ks::status::{STATUS_INVALID_PARAMETER, STATUS_SUCCESS};

/// Properties of the filter.
pub struct FilterTable;

impl Table for FilterTable {
    const ROWS: &'static [&'static [Property]] = &[&rows::SYNTHESIZER, &PROPOSALS];
}

/// Whether a format would do; which one we propose. Both name a pin.
const PROPOSALS: [Property; 2] = [
    Property {
        set: &Static(KSPROPSETID_Pin),
        id: KSPROPERTY_PIN_PROPOSEDATAFORMAT,
        kind: VT_EMPTY,
        target: Target::Any,
        instance: Size::of::<u32>(),
        value: Size::of::<KSDATAFORMAT_WAVEFORMATEX>().or_more(),
        get: None,
        put: Some(would_do),
    },
    Property {
        set: &Static(KSPROPSETID_Pin),
        id: KSPROPERTY_PIN_PROPOSEDATAFORMAT2,
        kind: VT_EMPTY,
        target: Target::Any,
        instance: Size::of::<u32>(),
        value: Size::of::<KSDATAFORMAT_WAVEFORMATEXTENSIBLE>(),
        get: Some(proposal),
        put: None,
    },
];

fn check_pin(call: &Call<'_>) -> Result {
    if call.instance::<u32>()? == CAPTURE_PIN {
        Ok(())
    } else {
        Err(STATUS_INVALID_PARAMETER)
    }
}

fn would_do(call: &Call<'_>, value: &[u8]) -> Result<NTSTATUS> {
    check_pin(call)?;
    format::parse(value)?;
    Ok(STATUS_SUCCESS)
}

fn proposal(call: &Call<'_>, value: &mut [u8]) -> Result<NTSTATUS> {
    check_pin(call)?;
    write(value, format::default())
}
