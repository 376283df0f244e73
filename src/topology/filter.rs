//! The filter descriptor: line → volume → mute → wave filter.

use super::miniport::{CHANGES, Topology};
use super::properties::{FILTER_PROPERTIES, FilterProperties, MUTE, NodeProperties, VOLUME};
use crate::com::descriptor::{
    ANALOG, Static, connection, filter, node, pin, properties, range, with_events,
};
use crate::com::notify::event_item;
use crate::dmus::properties::{count, items};
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

/// The pin that stands for the synthesizer's line.
pub const LINE_PIN: u32 = 0;
/// The pin that is wired to the wave filter.
pub const BRIDGE_PIN: u32 = 1;

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

static VOLUME_ITEMS: Static<[PCPROPERTY_ITEM; count(VOLUME)]> =
    Static(items::<NodeProperties, _>(VOLUME));
static MUTE_ITEMS: Static<[PCPROPERTY_ITEM; count(MUTE)]> =
    Static(items::<NodeProperties, _>(MUTE));
static FILTER_ITEMS: Static<[PCPROPERTY_ITEM; count(FILTER_PROPERTIES)]> =
    Static(items::<FilterProperties, _>(FILTER_PROPERTIES));
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

pub const VOLUME_NODE: u32 = 0;
pub const MUTE_NODE: u32 = 1;
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
