// SPDX-License-Identifier: MIT OR Apache-2.0
//! The properties of the filter and of its pins.

use super::stream::CableStream;
use crate::com::descriptor::{Static, properties};
use crate::com::object::ObjectRef;
use crate::kernel::Result;
use crate::property::rows::{component, component_entry, transport_entry, write_transport};
use crate::property::{Call, Property, Table, count, items, write};
use arioso_core::ks::portcls::{PCAUTOMATION_TABLE, PCPROPERTY_ITEM};
use arioso_core::ks::status::STATUS_INVALID_DEVICE_REQUEST;
use arioso_core::ks::{GUID, NTSTATUS};

/// The cable as a component, and its name's entry under `MediaCategories`: "Arioso Cable".
const CABLE_ID: GUID = GUID::from_u128(0xD2F7_06A9_5E84_4C1D_A63B_0984_E7B2_51FC);
const NAME_ID: GUID = GUID::from_u128(0x50B8_E3C1_92D6_4F7A_B40E_1D65_CA38_7902);

/// Properties of the filter.
struct Filter;

impl Table for Filter {
    const ROWS: &'static [&'static [Property]] = &[&[component_entry(component_id)]];
}

/// Properties of each pin.
struct Pin;

impl Table for Pin {
    const ROWS: &'static [&'static [Property]] = &[&[transport_entry(transport)]];
}

fn component_id(_: &Call<'_>, value: &mut [u8]) -> Result<NTSTATUS> {
    write(value, component(CABLE_ID, NAME_ID))
}

fn transport(call: &Call<'_>, value: &mut [u8]) -> Result<NTSTATUS> {
    let stream: Option<ObjectRef<CableStream>> = call.request.stream();
    let stream = stream.ok_or(STATUS_INVALID_DEVICE_REQUEST)?;
    write_transport(value, stream.counts())
}

static FILTER_ITEMS: Static<[PCPROPERTY_ITEM; count::<Filter>()]> = Static(items::<Filter, _>());
static PIN_ITEMS: Static<[PCPROPERTY_ITEM; count::<Pin>()]> = Static(items::<Pin, _>());

/// Of the filter.
pub static FILTER_TABLE: Static<PCAUTOMATION_TABLE> = Static(properties(&FILTER_ITEMS));
/// Of each pin.
pub static PIN_TABLE: Static<PCAUTOMATION_TABLE> = Static(properties(&PIN_ITEMS));
