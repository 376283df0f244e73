// SPDX-License-Identifier: MIT OR Apache-2.0
//! Builders of the static tables that PortCls reads through raw pointers.

use arioso_core::ks::guid::{
    KSDATAFORMAT_SPECIFIER_NONE, KSDATAFORMAT_SUBTYPE_ANALOG, KSDATAFORMAT_TYPE_AUDIO,
    KSDATAFORMAT_TYPE_MUSIC,
};
use arioso_core::ks::ks::{
    KSATTRIBUTE, KSDATARANGE, KSPIN_COMMUNICATION, KSPIN_DATAFLOW, KSPIN_DESCRIPTOR,
};
use arioso_core::ks::ksmedia::KSDATARANGE_MUSIC;
use arioso_core::ks::portcls::{
    PCAUTOMATION_TABLE, PCCONNECTION_DESCRIPTOR, PCEVENT_ITEM, PCFILTER_DESCRIPTOR, PCMETHOD_ITEM,
    PCNODE_DESCRIPTOR, PCPIN_DESCRIPTOR, PCPROPERTY_ITEM,
};
use arioso_core::ks::status::{STATUS_INVALID_PARAMETER, STATUS_SUCCESS};
use arioso_core::ks::{GUID, NTSTATUS};
use core::ptr::null;

/// Constant data at a fixed address that is a multiple of 8 (the kernel compares GUIDs as two 64-bit words).
#[repr(C, align(8))]
pub struct Static<T>(pub T);

// SAFETY: plain data (`Copy` excludes cells) that is never written; the pointers in it point to other such data.
unsafe impl<T: Copy> Sync for Static<T> {}

/// `IMiniport::GetDescription`.
///
/// # Safety
/// `to` is null or may be written to.
pub(super) unsafe fn describe(
    to: *mut *const PCFILTER_DESCRIPTOR,
    filter: &'static PCFILTER_DESCRIPTOR,
) -> NTSTATUS {
    if to.is_null() {
        return STATUS_INVALID_PARAMETER;
    }
    // SAFETY: the caller's promise.
    unsafe { to.write(filter) };
    STATUS_SUCCESS
}

/// A music range of 16 channels and so many notes at once.
pub const fn music(subtype: GUID, technology: GUID, notes: u32) -> KSDATARANGE_MUSIC {
    KSDATARANGE_MUSIC {
        DataRange: KSDATARANGE {
            FormatSize: size_of::<KSDATARANGE_MUSIC>() as u32,
            Flags: 0,
            SampleSize: 0,
            Reserved: 0,
            MajorFormat: KSDATAFORMAT_TYPE_MUSIC,
            SubFormat: subtype,
            Specifier: KSDATAFORMAT_SPECIFIER_NONE,
        },
        Technology: technology,
        Channels: 16,
        Notes: notes,
        ChannelMask: 0xFFFF,
    }
}

/// A structure that begins with a `KSDATARANGE` and is `FormatSize` bytes long.
pub const fn range<T>(range: &'static Static<T>) -> *const KSDATARANGE {
    (&raw const range.0).cast()
}

/// `KSATTRIBUTE_LIST`: what the list of ranges holds behind a range with `KSDATARANGE_ATTRIBUTES`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AttributeList {
    count: u32,
    attributes: *const *const KSATTRIBUTE,
}

impl AttributeList {
    pub const fn new<const N: usize>(attributes: &'static Static<[*const KSATTRIBUTE; N]>) -> Self {
        Self {
            count: N as u32,
            attributes: attributes.0.as_ptr(),
        }
    }
}

/// Pointers to some ranges, each followed by the same list of attributes. `M` is twice `N`.
pub const fn range_list_with<T, const N: usize, const M: usize>(
    ranges: &'static [Static<T>; N],
    attributes: &'static Static<AttributeList>,
) -> [*const KSDATARANGE; M] {
    assert!(M == 2 * N);
    let mut list = [null(); M];
    let mut n = 0;
    while n < N {
        list[2 * n] = range(&ranges[n]);
        list[2 * n + 1] = (&raw const attributes.0).cast();
        n += 1;
    }
    list
}

/// The range of pins that only stand for a wire.
pub static ANALOG: Static<KSDATARANGE> = Static(KSDATARANGE {
    FormatSize: size_of::<KSDATARANGE>() as u32,
    Flags: 0,
    SampleSize: 0,
    Reserved: 0,
    MajorFormat: KSDATAFORMAT_TYPE_AUDIO,
    SubFormat: KSDATAFORMAT_SUBTYPE_ANALOG,
    Specifier: KSDATAFORMAT_SPECIFIER_NONE,
});

/// A property table.
pub const fn properties<const N: usize>(
    items: &'static Static<[PCPROPERTY_ITEM; N]>,
) -> PCAUTOMATION_TABLE {
    PCAUTOMATION_TABLE {
        PropertyItemSize: size_of::<PCPROPERTY_ITEM>() as u32,
        PropertyCount: N as u32,
        Properties: items.0.as_ptr(),
        MethodItemSize: size_of::<PCMETHOD_ITEM>() as u32,
        MethodCount: 0,
        Methods: null(),
        EventItemSize: size_of::<PCEVENT_ITEM>() as u32,
        EventCount: 0,
        Events: null(),
        Reserved: 0,
    }
}

/// A table with events too.
pub const fn with_events<const N: usize>(
    table: PCAUTOMATION_TABLE,
    events: &'static Static<[PCEVENT_ITEM; N]>,
) -> PCAUTOMATION_TABLE {
    PCAUTOMATION_TABLE {
        EventCount: N as u32,
        Events: events.0.as_ptr(),
        ..table
    }
}

/// A pin with `instances` over all filters and as many on one, none of them necessary.
pub const fn pin<const N: usize>(
    instances: u32,
    table: Option<&'static Static<PCAUTOMATION_TABLE>>,
    ranges: &'static Static<[*const KSDATARANGE; N]>,
    flow: (KSPIN_DATAFLOW, KSPIN_COMMUNICATION),
    category: &'static Static<GUID>,
    name: Option<&'static Static<GUID>>,
) -> PCPIN_DESCRIPTOR {
    PCPIN_DESCRIPTOR {
        MaxGlobalInstanceCount: instances,
        MaxFilterInstanceCount: instances,
        MinFilterInstanceCount: 0,
        AutomationTable: match table {
            Some(table) => &table.0,
            None => null(),
        },
        KsPinDescriptor: KSPIN_DESCRIPTOR {
            InterfacesCount: 0,
            Interfaces: null(),
            MediumsCount: 0,
            Mediums: null(),
            DataRangesCount: N as u32,
            DataRanges: ranges.0.as_ptr(),
            DataFlow: flow.0,
            Communication: flow.1,
            Category: &category.0,
            Name: match name {
                Some(name) => &name.0,
                None => null(),
            },
            ConstrainedDataRangesCount: 0,
            ConstrainedDataRanges: null(),
        },
    }
}

/// A node.
pub const fn node(
    table: &'static Static<PCAUTOMATION_TABLE>,
    kind: &'static Static<GUID>,
) -> PCNODE_DESCRIPTOR {
    PCNODE_DESCRIPTOR {
        Flags: 0,
        AutomationTable: &table.0,
        Type: &kind.0,
        Name: null(),
    }
}

/// A node without properties.
pub const fn plain_node(kind: &'static Static<GUID>) -> PCNODE_DESCRIPTOR {
    PCNODE_DESCRIPTOR {
        Flags: 0,
        AutomationTable: null(),
        Type: &kind.0,
        Name: null(),
    }
}

/// A connection inside the filter.
pub const fn connection(from: u32, from_pin: u32, to: u32, to_pin: u32) -> PCCONNECTION_DESCRIPTOR {
    PCCONNECTION_DESCRIPTOR {
        FromNode: from,
        FromNodePin: from_pin,
        ToNode: to,
        ToNodePin: to_pin,
    }
}

/// A filter whose pins are connected to each other.
pub const fn filter_without_nodes<const P: usize, const C: usize, const K: usize>(
    table: &'static Static<PCAUTOMATION_TABLE>,
    pins: &'static Static<[PCPIN_DESCRIPTOR; P]>,
    connections: &'static Static<[PCCONNECTION_DESCRIPTOR; C]>,
    categories: &'static Static<[GUID; K]>,
) -> PCFILTER_DESCRIPTOR {
    const NONE: &Static<[PCNODE_DESCRIPTOR; 0]> = &Static([]);
    PCFILTER_DESCRIPTOR {
        Nodes: null(),
        ..filter(table, pins, NONE, connections, categories)
    }
}

/// The filter.
pub const fn filter<const P: usize, const N: usize, const C: usize, const K: usize>(
    table: &'static Static<PCAUTOMATION_TABLE>,
    pins: &'static Static<[PCPIN_DESCRIPTOR; P]>,
    nodes: &'static Static<[PCNODE_DESCRIPTOR; N]>,
    connections: &'static Static<[PCCONNECTION_DESCRIPTOR; C]>,
    categories: &'static Static<[GUID; K]>,
) -> PCFILTER_DESCRIPTOR {
    PCFILTER_DESCRIPTOR {
        Version: 0,
        AutomationTable: &table.0,
        PinSize: size_of::<PCPIN_DESCRIPTOR>() as u32,
        PinCount: P as u32,
        Pins: pins.0.as_ptr(),
        NodeSize: size_of::<PCNODE_DESCRIPTOR>() as u32,
        NodeCount: N as u32,
        Nodes: nodes.0.as_ptr(),
        ConnectionCount: C as u32,
        Connections: connections.0.as_ptr(),
        CategoryCount: K as u32,
        Categories: categories.0.as_ptr(),
    }
}
