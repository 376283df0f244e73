// SPDX-License-Identifier: MIT OR Apache-2.0
//! Audio endpoints as AudioEndpointBuilder finds them: from a pin that streams audio, along connections of filters and between
//! them, to a connector at the edge of the device.

use crate::Client;
use crate::error::Result;
use crate::filter::{Filter, PinInfo};
use crate::property::Property;
use crate::topology::{Topology, category, physical};
use arioso_core::ks::guid::{KSCATEGORY_AUDIO, KSDATAFORMAT_TYPE_AUDIO, KSPROPSETID_Jack};
use arioso_core::ks::ks::*;
use arioso_core::ks::ksmedia::{KSJACK_DESCRIPTION, KSPROPERTY_JACK_DESCRIPTION};
use arioso_core::ks::{GUID, Wire};
use std::collections::VecDeque;

/// A pin or a node of a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// A symbolic link of the filter.
    pub link: String,
    /// Number of the pin or node in it.
    pub id: u32,
    /// The pin's category, the node's type.
    pub kind: GUID,
}

/// One way of sound into or out of the machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    /// The pin that programs stream from or to.
    pub pin: Part,
    /// Sound comes in, not out.
    pub capture: bool,
    /// What programs see the endpoint as: its kind is the form factor.
    pub connector: Part,
    /// From the pin to the connector.
    pub nodes: Vec<Part>,
    /// The connector's jack, where the filter describes one.
    pub jack: Option<KSJACK_DESCRIPTION>,
}

/// All endpoints of the machine's filters. A pin that leads to no connector has none.
pub fn discover<C: Client>(client: &mut C) -> Result<Vec<Endpoint>> {
    let mut endpoints = Vec::new();
    for link in client.interfaces(&KSCATEGORY_AUDIO) {
        let filter = Filter::open(client, &link)?;
        let shape = Topology::of(client, &filter);
        filter.close(client);
        for pin in shape?.pins.iter().filter(|pin| streams_audio(pin)) {
            endpoints.extend(from_pin(client, &link, pin)?);
        }
    }
    Ok(endpoints)
}

fn streams_audio(pin: &PinInfo) -> bool {
    matches!(
        pin.communication,
        KSPIN_COMMUNICATION_SINK | KSPIN_COMMUNICATION_BOTH
    ) && pin
        .ranges
        .iter()
        .any(|range| range.MajorFormat == KSDATAFORMAT_TYPE_AUDIO)
}

fn from_pin<C: Client>(client: &mut C, link: &str, pin: &PinInfo) -> Result<Option<Endpoint>> {
    /// No device has as many filters in a row.
    const FILTERS: usize = 16;
    let capture = pin.flow == KSPIN_DATAFLOW_OUT;
    let (mut at, mut start, mut nodes) = (link.to_owned(), pin.id, Vec::new());
    let mut kind = GUID::NULL;
    for number in 0..FILTERS {
        let filter = Filter::open(client, &at)?;
        let found = through(client, &filter, &at, start, capture, &mut nodes);
        if number == 0 {
            kind = category(client, &filter, pin.id)?;
        }
        filter.close(client);
        match found? {
            Found::Next(link, pin) => (at, start) = (link, pin),
            Found::Connector(connector, jack) => {
                return Ok(Some(Endpoint {
                    pin: Part {
                        link: link.to_owned(),
                        id: pin.id,
                        kind,
                    },
                    capture,
                    connector,
                    nodes,
                    jack,
                }));
            }
            Found::Nothing => return Ok(None),
        }
    }
    Ok(None)
}

enum Found {
    Next(String, u32),
    Connector(Part, Option<KSJACK_DESCRIPTION>),
    Nothing,
}

/// The way through one filter, from a pin to the nearest other one; against the data if they come in.
fn through<C: Client>(
    client: &mut C,
    filter: &Filter<C>,
    link: &str,
    pin: u32,
    capture: bool,
    nodes: &mut Vec<Part>,
) -> Result<Found> {
    let shape = Topology::of(client, filter)?;
    let Some((edge, way)) = way(&shape.connections, pin, capture) else {
        return Ok(Found::Nothing);
    };
    nodes.extend(way.into_iter().filter_map(|node| {
        Some(Part {
            link: link.to_owned(),
            id: node,
            kind: *shape.nodes.get(node as usize)?,
        })
    }));
    if let Some(next) = physical(client, filter, edge)? {
        return Ok(Found::Next(next.link, next.pin));
    }
    let kind = category(client, filter, edge)?;
    if kind == KSCATEGORY_AUDIO {
        return Ok(Found::Nothing);
    }
    let jack = Property::of_pin(KSPROPSETID_Jack, KSPROPERTY_JACK_DESCRIPTION, edge)
        .get_sized(client, filter.handle)
        .ok()
        .and_then(|bytes| {
            KSJACK_DESCRIPTION::read_from(bytes.get(size_of::<KSMULTIPLE_ITEM>()..)?)
        });
    let connector = Part {
        link: link.to_owned(),
        id: edge,
        kind,
    };
    Ok(Found::Connector(connector, jack))
}

/// The shortest way from a pin to another pin: that pin, and the nodes between them.
fn way(connections: &[KSTOPOLOGY_CONNECTION], pin: u32, against: bool) -> Option<(u32, Vec<u32>)> {
    let ends = |c: &KSTOPOLOGY_CONNECTION| {
        let (from, to) = ((c.FromNode, c.FromNodePin), (c.ToNode, c.ToNodePin));
        if against { (to, from) } else { (from, to) }
    };
    let mut waiting = VecDeque::from([((KSFILTER_NODE, pin), Vec::new())]);
    let mut seen = Vec::new();
    while let Some((here, path)) = waiting.pop_front() {
        for (from, to) in connections.iter().map(ends) {
            let leads_on = if here.0 == KSFILTER_NODE {
                from == here
            } else {
                from.0 == here.0
            };
            if !leads_on || seen.contains(&to.0) {
                continue;
            }
            if to.0 == KSFILTER_NODE {
                return Some((to.1, path));
            }
            seen.push(to.0);
            waiting.push_back((to, [&path[..], &[to.0]].concat()));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_way() {
        let connection = |from: (u32, u32), to: (u32, u32)| KSTOPOLOGY_CONNECTION {
            FromNode: from.0,
            FromNodePin: from.1,
            ToNode: to.0,
            ToNodePin: to.1,
        };
        let connections = [
            connection((KSFILTER_NODE, 0), (0, 1)),
            connection((0, 0), (1, 1)),
            connection((1, 0), (2, 1)),
            connection((0, 2), (2, 2)),
            connection((2, 0), (KSFILTER_NODE, 1)),
            connection((KSFILTER_NODE, 2), (KSFILTER_NODE, 3)),
        ];
        assert_eq!(way(&connections, 0, false), Some((1, vec![0, 2])));
        assert_eq!(way(&connections, 1, true), Some((0, vec![2, 0])));
        assert_eq!(way(&connections, 2, false), Some((3, vec![])));
        assert_eq!(way(&connections, 1, false), None);
    }
}
