// SPDX-License-Identifier: MIT OR Apache-2.0
//! Rows that several filters share.

use super::{Call, Get, Property, Size, Target, write};
use crate::com::descriptor::Static;
use crate::kernel::Result;
use arioso_core::ks::arioso::{ARIOSO_TRANSPORT, KSPROPERTY_ARIOSO_TRANSPORT, KSPROPSETID_Arioso};
use arioso_core::ks::guid::KSPROPSETID_General;
use arioso_core::ks::ks::{KSCOMPONENTID, KSPROPERTY_GENERAL_COMPONENTID, VT_EMPTY};
use arioso_core::ks::{GUID, NTSTATUS};
use arioso_core::midi::Counts;

/// This synthesizer: `SYNTHCAPS.Guid`, the product's and the component's id.
pub const SYNTH_ID: GUID = GUID::from_u128(0x6F2C_93B8_1D5E_4A07_B6E9_C418_50AD_27F3);
/// The name's entry under `MediaCategories`.
const NAME_ID: GUID = GUID::from_u128(0x2A7E_5C40_8F93_4D16_97CB_0B6D_E1F8_34A9);
/// The maker.
const MAKER_ID: GUID = GUID::from_u128(0xB850_1F6E_3D24_47A9_8A5C_72E0_9F4B_C61D);

/// The synthesizer as a component.
pub const SYNTHESIZER: [Property; 1] = [component_entry(component_id)];

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

/// `KSPROPERTY_ARIOSO_TRANSPORT` of a pin that messages pass.
pub const fn transport_entry(get: Get) -> Property {
    Property {
        set: &Static(KSPROPSETID_Arioso),
        id: KSPROPERTY_ARIOSO_TRANSPORT,
        kind: VT_EMPTY,
        target: Target::Any,
        instance: Size::NONE,
        value: Size::of::<ARIOSO_TRANSPORT>(),
        get: Some(get),
        put: None,
    }
}

/// Writes the value of [`transport_entry`].
pub fn write_transport(value: &mut [u8], counts: Counts) -> Result<NTSTATUS> {
    write(
        value,
        ARIOSO_TRANSPORT {
            Size: size_of::<ARIOSO_TRANSPORT>() as u32,
            Waiting: counts.waiting as u32,
            Messages: counts.messages,
            Bytes: counts.bytes,
            Lost: counts.lost,
        },
    )
}
