// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a filter is made of: pins, nodes, connections, and what its bridge pins are connected to.

use crate::Client;
use crate::error::{Error, Result};
use crate::filter::{Filter, PinInfo};
use crate::property::Property;
use crate::wire::Bytes;
use arioso_core::ks::guid::{KSPROPSETID_Pin, KSPROPSETID_Topology};
use arioso_core::ks::ks::*;
use arioso_core::ks::{GUID, Wire};

/// A filter's topology, as AudioEndpointBuilder walks it.
#[derive(Clone, Debug)]
pub struct Topology {
    /// Pin factories.
    pub pins: Vec<PinInfo>,
    /// Types of the nodes.
    pub nodes: Vec<GUID>,
    /// Connections inside the filter.
    pub connections: Vec<KSTOPOLOGY_CONNECTION>,
    /// Categories of the filter.
    pub categories: Vec<GUID>,
}

/// The other end of a physical connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Physical {
    /// A symbolic link of the filter there.
    pub link: String,
    /// Number of the pin there.
    pub pin: u32,
}

impl Topology {
    /// What a filter tells of itself.
    pub fn of<C: Client>(client: &mut C, filter: &Filter<C>) -> Result<Self> {
        Ok(Self {
            pins: filter.pins(client)?,
            nodes: list(client, filter, KSPROPERTY_TOPOLOGY_NODES)?,
            connections: list(client, filter, KSPROPERTY_TOPOLOGY_CONNECTIONS)?,
            categories: list(client, filter, KSPROPERTY_TOPOLOGY_CATEGORIES)?,
        })
    }

    /// The first node of a type.
    pub fn node(&self, kind: &GUID) -> Option<u32> {
        let at = self.nodes.iter().position(|node| node == kind)?;
        u32::try_from(at).ok()
    }
}

fn list<C: Client, T: Wire>(client: &mut C, filter: &Filter<C>, id: u32) -> Result<Vec<T>> {
    let bytes = Property::new(KSPROPSETID_Topology, id).get_sized(client, filter.handle)?;
    multiple(&bytes).ok_or_else(|| Error::other(format!("broken list of topology property {id}")))
}

/// A KSMULTIPLE_ITEM of equal items, of exactly the size that it says.
pub fn multiple<T: Wire>(bytes: &[u8]) -> Option<Vec<T>> {
    let head = KSMULTIPLE_ITEM::read_from(bytes)?;
    let body = bytes.get(size_of::<KSMULTIPLE_ITEM>()..)?;
    let whole = head.Size as usize == bytes.len()
        && body.len() == (head.Count as usize).checked_mul(size_of::<T>())?;
    whole.then(|| {
        body.chunks_exact(size_of::<T>())
            .filter_map(T::read_from)
            .collect()
    })
}

/// A GUID that tells something about a pin: its category.
pub fn category<C: Client>(client: &mut C, filter: &Filter<C>, pin: u32) -> Result<GUID> {
    Property::of_pin(KSPROPSETID_Pin, KSPROPERTY_PIN_CATEGORY, pin).get(client, filter.handle)
}

/// KSPROPERTY_PIN_PHYSICALCONNECTION. `None`: the pin has none.
pub fn physical<C: Client>(
    client: &mut C,
    filter: &Filter<C>,
    pin: u32,
) -> Result<Option<Physical>> {
    use arioso_core::ks::status::STATUS_NOT_FOUND;
    const HEAD: usize = std::mem::offset_of!(KSPIN_PHYSICALCONNECTION, SymbolicLinkName);
    let property = Property::of_pin(KSPROPSETID_Pin, KSPROPERTY_PIN_PHYSICALCONNECTION, pin);
    let bytes = match property.get_sized(client, filter.handle) {
        Ok(bytes) => bytes,
        Err(error) if error.status == Some(STATUS_NOT_FOUND) => return Ok(None),
        Err(error) => return Err(error),
    };
    let words = |at| u32::read_from(bytes.get(at..)?);
    let name: Option<Vec<u16>> = bytes.get(HEAD..).map(|name| {
        name.chunks_exact(2)
            .map(|c| u16::from_le_bytes([c[0], c[1]]))
            .collect()
    });
    match (words(0), words(4), name) {
        (Some(size), Some(pin), Some(name)) if size as usize == bytes.len() => {
            let text = name.split(|&c| c == 0).next().unwrap_or_default();
            Ok(Some(Physical {
                link: String::from_utf16_lossy(text),
                pin,
            }))
        }
        _ => Err(Error::other(format!(
            "pin {pin}: broken physical connection"
        ))),
    }
}

/// A data intersection with one range: the format, if there is one.
pub fn intersection<C: Client>(
    client: &mut C,
    filter: &Filter<C>,
    pin: u32,
    range: &[u8],
) -> Result<Vec<u8>> {
    let mut list = KSMULTIPLE_ITEM {
        Size: (size_of::<KSMULTIPLE_ITEM>() + range.len()) as u32,
        Count: 1,
    }
    .bytes();
    let start = list.len();
    list.extend(range);
    // Alone it has no attributes behind it.
    if let Some(flags) = list.get_mut(start + 4..start + 8) {
        flags.fill(0);
    }
    Property::of_pin(KSPROPSETID_Pin, KSPROPERTY_PIN_DATAINTERSECTION, pin)
        .with(&list)
        .get_sized(client, filter.handle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_have_the_size_that_they_say() {
        let bytes = [12, 0, 0, 0, 1, 0, 0, 0, 7, 0, 0, 0];
        assert_eq!(multiple::<u32>(&bytes), Some(vec![7]));
        assert_eq!(multiple::<u32>(&bytes[..11]), None);
        assert_eq!(multiple::<u64>(&bytes), None);
    }
}
