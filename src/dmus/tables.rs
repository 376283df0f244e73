// SPDX-License-Identifier: MIT OR Apache-2.0
//! The property tables: their rows, and as PortCls reads them.

use super::render::RenderStream;
use super::{capture, dls, general, settings, synth};
use crate::com::descriptor::{Static, properties};
use crate::com::property::Request;
use crate::property::{Property, Table, count, items, rows};
use arioso_core::ks::portcls::{PCAUTOMATION_TABLE, PCPROPERTY_ITEM};

/// Properties of the filter. What clients enumerate synthesizers with answers without a node too.
struct Filter;

impl Table for Filter {
    const ROWS: &'static [&'static [Property]] = &[
        &rows::SYNTHESIZER,
        &synth::CAPS,
        &general::CAPABILITIES,
        &settings::PROPERTIES,
    ];
}

/// Properties of the synthesizer node and of MIDI pins.
struct Node;

impl Table for Node {
    const ROWS: &'static [&'static [Property]] = &[
        &synth::CAPS,
        &synth::PROPERTIES,
        &dls::PROPERTIES,
        &synth::REVERB,
        &general::CAPABILITIES,
    ];

    fn is_pin(request: &Request<'_>) -> bool {
        request.stream::<RenderStream>().is_some()
    }
}

/// Properties of capture pins.
struct Capture;

impl Table for Capture {
    const ROWS: &'static [&'static [Property]] = &[&capture::PROPERTIES];
}

static FILTER_ITEMS: Static<[PCPROPERTY_ITEM; count::<Filter>()]> = Static(items::<Filter, _>());
static NODE_ITEMS: Static<[PCPROPERTY_ITEM; count::<Node>()]> = Static(items::<Node, _>());
static CAPTURE_ITEMS: Static<[PCPROPERTY_ITEM; count::<Capture>()]> = Static(items::<Capture, _>());

/// Of the filter.
pub static FILTER_TABLE: Static<PCAUTOMATION_TABLE> = Static(properties(&FILTER_ITEMS));
/// Of the synthesizer node.
pub static NODE_TABLE: Static<PCAUTOMATION_TABLE> = Static(properties(&NODE_ITEMS));
/// Of the MIDI pin: requests for VOLUME may come without a node.
pub static PIN_TABLE: Static<PCAUTOMATION_TABLE> = Static(properties(&NODE_ITEMS));
/// Of the capture pin.
pub static CAPTURE_TABLE: Static<PCAUTOMATION_TABLE> = Static(properties(&CAPTURE_ITEMS));
