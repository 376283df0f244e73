// SPDX-License-Identifier: MIT OR Apache-2.0
//! The filter descriptor: line → volume → mute → wave filter.

use super::miniport::{CHANGES, Topology};
use super::properties::{FilterTable, MuteTable, VolumeTable};
use super::{BRIDGE_PIN, LINE_PIN, MUTE_NODE, VOLUME_NODE};
use crate::com::descriptor::{
    ANALOG, Static, connection, filter, node, pin, properties, range, with_events,
};
use crate::com::notify::event_item;
use crate::property::{count, items};
use arioso_core::ks::GUID;
use arioso_core::ks::guid::{
    KSCATEGORY_AUDIO, KSCATEGORY_TOPOLOGY, KSNODETYPE_LINE_CONNECTOR, KSNODETYPE_MUTE,
    KSNODETYPE_VOLUME,
};
use arioso_core::ks::ks::{
    KSDATARANGE, KSPIN_COMMUNICATION_NONE, KSPIN_DATAFLOW_IN, KSPIN_DATAFLOW_OUT,
};
use arioso_core::ks::ksmedia::{
    KSEVENT_CONTROL_CHANGE, KSNODEPIN_STANDARD_IN, KSNODEPIN_STANDARD_OUT,
};
use arioso_core::ks::portcls::{
    PCAUTOMATION_TABLE, PCCONNECTION_DESCRIPTOR, PCEVENT_ITEM, PCFILTER_DESCRIPTOR, PCFILTER_NODE,
    PCNODE_DESCRIPTOR, PCPIN_DESCRIPTOR, PCPROPERTY_ITEM,
};

static RANGES: Static<[*const KSDATARANGE; 1]> = Static([range(&ANALOG)]);
static AUDIO: Static<GUID> = Static(KSCATEGORY_AUDIO);
static LINE: Static<GUID> = Static(KSNODETYPE_LINE_CONNECTOR);

static PINS: Static<[PCPIN_DESCRIPTOR; 2]> = Static([
    pin(
        0,
        None,
        &RANGES,
        (KSPIN_DATAFLOW_IN, KSPIN_COMMUNICATION_NONE),
        &LINE,
        None,
    ),
    pin(
        0,
        None,
        &RANGES,
        (KSPIN_DATAFLOW_OUT, KSPIN_COMMUNICATION_NONE),
        &AUDIO,
        None,
    ),
]);

static VOLUME_ITEMS: Static<[PCPROPERTY_ITEM; count::<VolumeTable>()]> =
    Static(items::<VolumeTable, _>());
static MUTE_ITEMS: Static<[PCPROPERTY_ITEM; count::<MuteTable>()]> =
    Static(items::<MuteTable, _>());
static FILTER_ITEMS: Static<[PCPROPERTY_ITEM; count::<FilterTable>()]> =
    Static(items::<FilterTable, _>());
/// Of both nodes: somebody turned the control.
static EVENTS: Static<[PCEVENT_ITEM; 1]> =
    Static([event_item::<Topology>(&CHANGES.0, KSEVENT_CONTROL_CHANGE)]);
static VOLUME_TABLE: Static<PCAUTOMATION_TABLE> =
    Static(with_events(properties(&VOLUME_ITEMS), &EVENTS));
static MUTE_TABLE: Static<PCAUTOMATION_TABLE> =
    Static(with_events(properties(&MUTE_ITEMS), &EVENTS));
static FILTER_TABLE: Static<PCAUTOMATION_TABLE> = Static(properties(&FILTER_ITEMS));

static VOLUME_TYPE: Static<GUID> = Static(KSNODETYPE_VOLUME);
static MUTE_TYPE: Static<GUID> = Static(KSNODETYPE_MUTE);

static NODES: Static<[PCNODE_DESCRIPTOR; 2]> = Static([
    node(&VOLUME_TABLE, &VOLUME_TYPE),
    node(&MUTE_TABLE, &MUTE_TYPE),
]);

static CONNECTIONS: Static<[PCCONNECTION_DESCRIPTOR; 3]> = Static([
    connection(PCFILTER_NODE, LINE_PIN, VOLUME_NODE, KSNODEPIN_STANDARD_IN),
    connection(
        VOLUME_NODE,
        KSNODEPIN_STANDARD_OUT,
        MUTE_NODE,
        KSNODEPIN_STANDARD_IN,
    ),
    connection(MUTE_NODE, KSNODEPIN_STANDARD_OUT, PCFILTER_NODE, BRIDGE_PIN),
]);

static CATEGORIES: Static<[GUID; 2]> = Static([KSCATEGORY_AUDIO, KSCATEGORY_TOPOLOGY]);

/// What `IMiniport::GetDescription` returns.
pub static FILTER: Static<PCFILTER_DESCRIPTOR> = Static(filter(
    &FILTER_TABLE,
    &PINS,
    &NODES,
    &CONNECTIONS,
    &CATEGORIES,
));
