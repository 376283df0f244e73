// SPDX-License-Identifier: MIT OR Apache-2.0
//! Filter descriptors, leaked: they live as long as the driver.

use std::ptr;

use arioso_core::ks::guid::*;
use arioso_core::ks::ks::*;
use arioso_core::ks::ksmedia::*;
use arioso_core::ks::portcls::*;
use arioso_core::ks::{AlignedGuid, GUID};

pub fn leak<T>(value: T) -> *const T {
    Box::leak(Box::new(value))
}

pub fn guid(value: GUID) -> *const GUID {
    leak(AlignedGuid(value)).cast()
}

pub fn music(sub: GUID) -> *const KSDATARANGE {
    let mut range = KSDATARANGE_MUSIC::default();
    range.DataRange.FormatSize = size_of::<KSDATARANGE_MUSIC>() as u32;
    range.DataRange.MajorFormat = KSDATAFORMAT_TYPE_MUSIC;
    range.DataRange.SubFormat = sub;
    range.DataRange.Specifier = KSDATAFORMAT_SPECIFIER_NONE;
    range.Technology = KSMUSIC_TECHNOLOGY_PORT;
    range.ChannelMask = 0xFFFF;
    leak(range).cast()
}

/// 16-bit PCM, one or two channels, at rates from the first to the second.
pub fn audio(least: u32, most: u32) -> *const KSDATARANGE {
    let mut range = KSDATARANGE_AUDIO::default();
    range.DataRange.FormatSize = size_of::<KSDATARANGE_AUDIO>() as u32;
    range.DataRange.MajorFormat = KSDATAFORMAT_TYPE_AUDIO;
    range.DataRange.SubFormat = KSDATAFORMAT_SUBTYPE_PCM;
    range.DataRange.Specifier = KSDATAFORMAT_SPECIFIER_WAVEFORMATEX;
    range.MaximumChannels = 2;
    range.MinimumBitsPerSample = 16;
    range.MaximumBitsPerSample = 16;
    range.MinimumSampleFrequency = least;
    range.MaximumSampleFrequency = most;
    leak(range).cast()
}

/// Properties and events of a filter, pin or node.
pub fn table(
    properties: &'static [PCPROPERTY_ITEM],
    events: &'static [PCEVENT_ITEM],
) -> *const PCAUTOMATION_TABLE {
    leak(PCAUTOMATION_TABLE {
        PropertyItemSize: size_of::<PCPROPERTY_ITEM>() as u32,
        PropertyCount: properties.len() as u32,
        Properties: properties.as_ptr(),
        MethodItemSize: 0,
        MethodCount: 0,
        Methods: ptr::null(),
        EventItemSize: size_of::<PCEVENT_ITEM>() as u32,
        EventCount: events.len() as u32,
        Events: events.as_ptr(),
        Reserved: 0,
    })
}

/// A pin that streams, or a bridge with 0 instances.
pub fn pin(
    flow: KSPIN_DATAFLOW,
    instances: u32,
    category: GUID,
    ranges: Vec<*const KSDATARANGE>,
) -> PCPIN_DESCRIPTOR {
    let ranges: &'static [*const KSDATARANGE] = ranges.leak();
    PCPIN_DESCRIPTOR {
        MaxGlobalInstanceCount: instances,
        MaxFilterInstanceCount: instances,
        MinFilterInstanceCount: 0,
        AutomationTable: ptr::null(),
        KsPinDescriptor: KSPIN_DESCRIPTOR {
            InterfacesCount: 0,
            Interfaces: ptr::null(),
            MediumsCount: 0,
            Mediums: ptr::null(),
            DataRangesCount: ranges.len() as u32,
            DataRanges: ranges.as_ptr(),
            DataFlow: flow,
            Communication: if instances == 0 {
                KSPIN_COMMUNICATION_NONE
            } else {
                KSPIN_COMMUNICATION_SINK
            },
            Category: guid(category),
            Name: ptr::null(),
            ConstrainedDataRangesCount: 0,
            ConstrainedDataRanges: ptr::null(),
        },
    }
}

/// A node, or `u32::MAX` for the filter, and a pin of it.
type End = (u32, u32);

/// Pins; nodes with their types and tables; connections as (node, pin) pairs; categories.
pub fn filter(
    table: *const PCAUTOMATION_TABLE,
    pins: Vec<PCPIN_DESCRIPTOR>,
    nodes: Vec<(GUID, *const PCAUTOMATION_TABLE)>,
    connections: &[(End, End)],
    categories: Vec<GUID>,
) -> *const PCFILTER_DESCRIPTOR {
    let pins: &'static [PCPIN_DESCRIPTOR] = pins.leak();
    let nodes: &'static [PCNODE_DESCRIPTOR] = nodes
        .into_iter()
        .map(|(kind, table)| PCNODE_DESCRIPTOR {
            Flags: 0,
            AutomationTable: table,
            Type: guid(kind),
            Name: ptr::null(),
        })
        .collect::<Vec<_>>()
        .leak();
    let connections: &'static [PCCONNECTION_DESCRIPTOR] = connections
        .iter()
        .map(|&((a, b), (c, d))| PCCONNECTION_DESCRIPTOR {
            FromNode: a,
            FromNodePin: b,
            ToNode: c,
            ToNodePin: d,
        })
        .collect::<Vec<_>>()
        .leak();
    let categories: &'static [GUID] = categories.leak();
    leak(PCFILTER_DESCRIPTOR {
        Version: 0,
        AutomationTable: table,
        PinSize: size_of::<PCPIN_DESCRIPTOR>() as u32,
        PinCount: pins.len() as u32,
        Pins: pins.as_ptr(),
        NodeSize: size_of::<PCNODE_DESCRIPTOR>() as u32,
        NodeCount: nodes.len() as u32,
        Nodes: nodes.as_ptr(),
        ConnectionCount: connections.len() as u32,
        Connections: connections.as_ptr(),
        CategoryCount: categories.len() as u32,
        Categories: categories.as_ptr(),
    })
}
