// SPDX-License-Identifier: MIT OR Apache-2.0
//! The filter descriptor: what comes from the topology filter leaves by one pin that a program reads (`docs/reference/dmus-miniport.md` §9.1).

use super::format::{RANGES, ranges};
use super::properties::FilterTable;
use super::{BRIDGE_PIN, CAPTURE_PIN, PINS as COUNT};
use crate::com::descriptor::{
    ANALOG, AttributeList, Static, connection, filter, pin, plain_node, properties, range,
    range_list_with,
};
use crate::property::{count, items};
use arioso_core::ks::GUID;
use arioso_core::ks::guid::{
    KSATTRIBUTEID_AUDIOSIGNALPROCESSING_MODE, KSAUDFNAME_RECORDING_CONTROL, KSCATEGORY_AUDIO,
    KSCATEGORY_CAPTURE, KSCATEGORY_REALTIME, KSNODETYPE_ADC,
};
use arioso_core::ks::ks::{
    KSATTRIBUTE, KSDATARANGE, KSPIN_COMMUNICATION_NONE, KSPIN_COMMUNICATION_SINK,
    KSPIN_DATAFLOW_IN, KSPIN_DATAFLOW_OUT,
};
use arioso_core::ks::ksmedia::{KSDATARANGE_AUDIO, KSNODEPIN_STANDARD_IN, KSNODEPIN_STANDARD_OUT};
use arioso_core::ks::portcls::{
    PCAUTOMATION_TABLE, PCCONNECTION_DESCRIPTOR, PCFILTER_DESCRIPTOR, PCFILTER_NODE,
    PCNODE_DESCRIPTOR, PCPIN_DESCRIPTOR, PCPROPERTY_ITEM,
};

static AUDIO_RANGES: [Static<KSDATARANGE_AUDIO>; RANGES] = ranges();
static CAPTURE_RANGES: Static<[*const KSDATARANGE; 2 * RANGES]> =
    Static(range_list_with(&AUDIO_RANGES, &ATTRIBUTES));
static ATTRIBUTES: Static<AttributeList> = Static(AttributeList::new(&ATTRIBUTE_POINTERS));
static ATTRIBUTE_POINTERS: Static<[*const KSATTRIBUTE; 1]> = Static([&raw const MODE.0]);
/// The pin has signal-processing modes.
static MODE: Static<KSATTRIBUTE> = Static(KSATTRIBUTE {
    Size: size_of::<KSATTRIBUTE>() as u32,
    Flags: 0,
    Attribute: KSATTRIBUTEID_AUDIOSIGNALPROCESSING_MODE,
});
static BRIDGE_RANGES: Static<[*const KSDATARANGE; 1]> = Static([range(&ANALOG)]);

static AUDIO: Static<GUID> = Static(KSCATEGORY_AUDIO);
static NAME: Static<GUID> = Static(KSAUDFNAME_RECORDING_CONTROL);
static ADC: Static<GUID> = Static(KSNODETYPE_ADC);

static PINS: Static<[PCPIN_DESCRIPTOR; COUNT as usize]> = Static([
    pin(
        0,
        None,
        &BRIDGE_RANGES,
        (KSPIN_DATAFLOW_IN, KSPIN_COMMUNICATION_NONE),
        &AUDIO,
        None,
    ),
    pin(
        1,
        None,
        &CAPTURE_RANGES,
        (KSPIN_DATAFLOW_OUT, KSPIN_COMMUNICATION_SINK),
        &AUDIO,
        Some(&NAME),
    ),
]);

const ADC_NODE: u32 = 0;
static NODES: Static<[PCNODE_DESCRIPTOR; 1]> = Static([plain_node(&ADC)]);

static CONNECTIONS: Static<[PCCONNECTION_DESCRIPTOR; 2]> = Static([
    connection(PCFILTER_NODE, BRIDGE_PIN, ADC_NODE, KSNODEPIN_STANDARD_IN),
    connection(ADC_NODE, KSNODEPIN_STANDARD_OUT, PCFILTER_NODE, CAPTURE_PIN),
]);

static CATEGORIES: Static<[GUID; 3]> =
    Static([KSCATEGORY_AUDIO, KSCATEGORY_CAPTURE, KSCATEGORY_REALTIME]);

static ITEMS: Static<[PCPROPERTY_ITEM; count::<FilterTable>()]> = Static(items::<FilterTable, _>());
static TABLE: Static<PCAUTOMATION_TABLE> = Static(properties(&ITEMS));

/// What `IMiniport::GetDescription` returns.
pub static FILTER: Static<PCFILTER_DESCRIPTOR> =
    Static(filter(&TABLE, &PINS, &NODES, &CONNECTIONS, &CATEGORIES));
