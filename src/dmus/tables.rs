//! The property tables, as PortCls reads them.

use super::properties::{
    CAPTURE_PROPERTIES, CaptureProperties, FILTER_PROPERTIES, FilterProperties, NODE_PROPERTIES,
    NodeProperties, count, items,
};
use crate::com::descriptor::{Static, properties};
use arioso_core::ks::portcls::{PCAUTOMATION_TABLE, PCPROPERTY_ITEM};

static FILTER_ITEMS: Static<[PCPROPERTY_ITEM; count(FILTER_PROPERTIES)]> =
    Static(items::<FilterProperties, _>(FILTER_PROPERTIES));
static NODE_ITEMS: Static<[PCPROPERTY_ITEM; count(NODE_PROPERTIES)]> =
    Static(items::<NodeProperties, _>(NODE_PROPERTIES));
static CAPTURE_ITEMS: Static<[PCPROPERTY_ITEM; count(CAPTURE_PROPERTIES)]> =
    Static(items::<CaptureProperties, _>(CAPTURE_PROPERTIES));

/// Of the filter.
pub static FILTER_TABLE: Static<PCAUTOMATION_TABLE> = Static(properties(&FILTER_ITEMS));
/// Of the synthesizer node.
pub static NODE_TABLE: Static<PCAUTOMATION_TABLE> = Static(properties(&NODE_ITEMS));
/// Of the MIDI pin: requests for VOLUME may come without a node.
pub static PIN_TABLE: Static<PCAUTOMATION_TABLE> = Static(properties(&NODE_ITEMS));
/// Of the capture pin.
pub static CAPTURE_TABLE: Static<PCAUTOMATION_TABLE> = Static(properties(&CAPTURE_ITEMS));
