// SPDX-License-Identifier: MIT OR Apache-2.0
//! Properties of the wave filter: what it is, format proposals.

use super::{CAPTURE_PIN, format, modes};
use crate::com::descriptor::Static;
use crate::com::property::Request;
use crate::kernel::Result;
use crate::property::{Call, Property, Size, Table, Target, rows};
use arioso_core::ks::guid::KSPROPSETID_Pin;
use arioso_core::ks::ks::{
    KSP_PIN, KSPROPERTY, KSPROPERTY_PIN_PROPOSEDATAFORMAT, KSPROPERTY_PIN_PROPOSEDATAFORMAT2,
    VT_EMPTY,
};
use arioso_core::ks::ksmedia::{KSDATAFORMAT_WAVEFORMATEX, KSDATAFORMAT_WAVEFORMATEXTENSIBLE};
use arioso_core::ks::status::{
    STATUS_BUFFER_TOO_SMALL, STATUS_INVALID_PARAMETER, STATUS_NOT_SUPPORTED, STATUS_SUCCESS,
};
use arioso_core::ks::{NTSTATUS, Wire};

/// Properties of the filter.
pub struct FilterTable;

impl Table for FilterTable {
    const ROWS: &'static [&'static [Property]] = &[&rows::SYNTHESIZER, &PROPOSALS];

    /// A proposal ends with the attributes that it was asked with.
    fn size(property: &Property, request: &Request<'_>) -> Result<Option<usize>> {
        if property.id != KSPROPERTY_PIN_PROPOSEDATAFORMAT2 || property.set.0 != KSPROPSETID_Pin {
            return Ok(None);
        }
        if pin(request)? != CAPTURE_PIN {
            return Err(STATUS_NOT_SUPPORTED);
        }
        let attributes = attributes(request)?;
        modes::check(attributes)?;
        Ok(match attributes.len() {
            0 => None,
            more => Some(BEHIND.saturating_add(more)),
        })
    }
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
        get: Some(propose),
        put: None,
    },
];

/// Where attributes begin behind the proposed format: at a multiple of eight.
const BEHIND: usize = size_of::<KSDATAFORMAT_WAVEFORMATEXTENSIBLE>().next_multiple_of(8);
/// Bytes of a `KSP_PIN` behind its property; attributes follow.
const PIN: usize = size_of::<KSP_PIN>() - size_of::<KSPROPERTY>();

/// The pin that is asked for: one of the filter's.
fn pin(request: &Request<'_>) -> Result<u32> {
    u32::read_from(request.instance)
        .filter(|pin| *pin < super::PINS)
        .ok_or(STATUS_INVALID_PARAMETER)
}

/// The list of attributes behind the pin; nothing if there is none.
fn attributes<'a>(request: &Request<'a>) -> Result<&'a [u8]> {
    modes::list(request.instance.get(PIN..).unwrap_or_default())
}

fn would_do(call: &Call<'_>, value: &[u8]) -> Result<NTSTATUS> {
    if pin(call.request)? != CAPTURE_PIN {
        return Err(STATUS_INVALID_PARAMETER);
    }
    format::parse(value)?;
    Ok(STATUS_SUCCESS)
}

/// The format for the mode that the attributes name, with these attributes behind it. [`FilterTable::size`] has checked them.
fn propose(call: &Call<'_>, value: &mut [u8]) -> Result<NTSTATUS> {
    let attributes = attributes(call.request)?;
    let proposed = if attributes.is_empty() {
        format::default()
    } else {
        format::with_attributes(format::default())
    };
    proposed.write_to(value).ok_or(STATUS_BUFFER_TOO_SMALL)?;
    let behind = value.get_mut(BEHIND..).unwrap_or_default();
    for (to, from) in behind.iter_mut().zip(attributes) {
        *to = *from;
    }
    Ok(STATUS_SUCCESS)
}
