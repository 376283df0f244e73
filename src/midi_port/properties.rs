//! The properties of the filter and of its pins.

use super::stream::CableStream;
use crate::com::descriptor::{Static, properties};
use crate::com::object::ObjectRef;
use crate::com::property::{Answer, Handler, Request};
use crate::dmus::capture::transport_entry;
use crate::dmus::general::{component, component_entry};
use crate::dmus::properties::{Call, Property, dispatch, items, write};
use crate::kernel::Result;
use arioso_core::ks::portcls::{PCAUTOMATION_TABLE, PCPROPERTY_ITEM};
use arioso_core::ks::status::STATUS_INVALID_DEVICE_REQUEST;
use arioso_core::ks::{GUID, NTSTATUS};

/// The cable as a component, and its name's entry under `MediaCategories`: "Arioso Cable".
const CABLE_ID: GUID = GUID::from_u128(0xD2F7_06A9_5E84_4C1D_A63B_0984_E7B2_51FC);
const NAME_ID: GUID = GUID::from_u128(0x50B8_E3C1_92D6_4F7A_B40E_1D65_CA38_7902);

const FILTER_PROPERTIES: &[&[Property]] = &[&[component_entry(component_id)]];

const PIN_PROPERTIES: &[&[Property]] = &[&[transport_entry(transport)]];

fn component_id(_: &Call<'_>, value: &mut [u8]) -> Result<NTSTATUS> {
    write(value, component(CABLE_ID, NAME_ID))
}

fn transport(call: &Call<'_>, value: &mut [u8]) -> Result<NTSTATUS> {
    let stream: Option<ObjectRef<CableStream>> = call.request.stream();
    let stream = stream.ok_or(STATUS_INVALID_DEVICE_REQUEST)?;
    write(value, stream.counts())
}

struct FilterHandler;

impl Handler for FilterHandler {
    fn handle(request: Request<'_>) -> Answer {
        dispatch(FILTER_PROPERTIES, request)
    }
}

struct PinHandler;

impl Handler for PinHandler {
    fn handle(request: Request<'_>) -> Answer {
        dispatch(PIN_PROPERTIES, request)
    }
}

static FILTER_ITEMS: Static<[PCPROPERTY_ITEM; 1]> =
    Static(items::<FilterHandler, _>(FILTER_PROPERTIES));
static PIN_ITEMS: Static<[PCPROPERTY_ITEM; 1]> = Static(items::<PinHandler, _>(PIN_PROPERTIES));

/// Of the filter.
pub static FILTER_TABLE: Static<PCAUTOMATION_TABLE> = Static(properties(&FILTER_ITEMS));
/// Of each pin.
pub static PIN_TABLE: Static<PCAUTOMATION_TABLE> = Static(properties(&PIN_ITEMS));
