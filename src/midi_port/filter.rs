// SPDX-License-Identifier: MIT OR Apache-2.0
//! The filter descriptor: what the filter is, as data.
//!
//! Each end has a pin to write to and a pin to read from. The two pins of a direction are connected; there are no nodes.

use super::cable::{CLIENTS, Direction};
use super::properties::{FILTER_TABLE, PIN_TABLE};
use crate::com::descriptor::{Static, connection, filter_without_nodes, music, pin, range};
use arioso_core::ks::GUID;
use arioso_core::ks::guid::{
    KSCATEGORY_AUDIO, KSCATEGORY_WDMAUD_USE_PIN_NAME, KSDATAFORMAT_SUBTYPE_MIDI,
    KSMUSIC_TECHNOLOGY_PORT,
};
use arioso_core::ks::ks::{
    KSDATARANGE, KSPIN_COMMUNICATION_SINK, KSPIN_DATAFLOW, KSPIN_DATAFLOW_IN, KSPIN_DATAFLOW_OUT,
};
use arioso_core::ks::ksmedia::KSDATARANGE_MUSIC;
use arioso_core::ks::portcls::{
    PCCONNECTION_DESCRIPTOR, PCFILTER_DESCRIPTOR, PCFILTER_NODE, PCPIN_DESCRIPTOR,
};

const A_IN: u32 = 0;
const A_OUT: u32 = 1;
const B_IN: u32 = 2;
const B_OUT: u32 = 3;

/// The direction that a pin belongs to, and whether the pin is read from.
pub fn place(pin: u32) -> Option<(Direction, bool)> {
    match pin {
        A_IN => Some((Direction::AToB, false)),
        B_OUT => Some((Direction::AToB, true)),
        B_IN => Some((Direction::BToA, false)),
        A_OUT => Some((Direction::BToA, true)),
        _ => None,
    }
}

static RANGE: Static<KSDATARANGE_MUSIC> =
    Static(music(KSDATAFORMAT_SUBTYPE_MIDI, KSMUSIC_TECHNOLOGY_PORT, 0));
static RANGES: Static<[*const KSDATARANGE; 1]> = Static([range(&RANGE)]);

static CATEGORY: Static<GUID> = Static(KSCATEGORY_WDMAUD_USE_PIN_NAME);
/// "Arioso Cable A" and "Arioso Cable B" under `MediaCategories`.
static END_A: Static<GUID> = Static(GUID::from_u128(0x8C5D_27F0_4A1B_4E36_93D8_7F20_B5C6_1E94));
static END_B: Static<GUID> = Static(GUID::from_u128(0x1B93_E64D_70C2_45AF_8E5B_A2D4_036F_98C7));

const fn end(flow: KSPIN_DATAFLOW, name: &'static Static<GUID>) -> PCPIN_DESCRIPTOR {
    pin(
        CLIENTS,
        Some(&PIN_TABLE),
        &RANGES,
        (flow, KSPIN_COMMUNICATION_SINK),
        &CATEGORY,
        Some(name),
    )
}

static PINS: Static<[PCPIN_DESCRIPTOR; 4]> = Static([
    end(KSPIN_DATAFLOW_IN, &END_A),
    end(KSPIN_DATAFLOW_OUT, &END_A),
    end(KSPIN_DATAFLOW_IN, &END_B),
    end(KSPIN_DATAFLOW_OUT, &END_B),
]);

static CONNECTIONS: Static<[PCCONNECTION_DESCRIPTOR; 2]> = Static([
    connection(PCFILTER_NODE, A_IN, PCFILTER_NODE, B_OUT),
    connection(PCFILTER_NODE, B_IN, PCFILTER_NODE, A_OUT),
]);

static CATEGORIES: Static<[GUID; 1]> = Static([KSCATEGORY_AUDIO]);

/// What `IMiniport::GetDescription` returns.
pub static FILTER: Static<PCFILTER_DESCRIPTOR> = Static(filter_without_nodes(
    &FILTER_TABLE,
    &PINS,
    &CONNECTIONS,
    &CATEGORIES,
));
