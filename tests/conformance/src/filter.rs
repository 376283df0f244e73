// SPDX-License-Identifier: MIT OR Apache-2.0
//! Filters and pins as a client handles them.

use crate::connect;
use crate::error::{Error, Result};
use crate::property::Property;
use crate::{Client, NtStatus};
use arioso_core::ks::guid::{KSCATEGORY_AUDIO, KSPROPSETID_Connection, KSPROPSETID_Pin};
use arioso_core::ks::ks::{
    KSDATAFORMAT, KSDATARANGE_ATTRIBUTES, KSMULTIPLE_ITEM, KSPIN_COMMUNICATION, KSPIN_DATAFLOW,
    KSPROPERTY_CONNECTION_STATE, KSPROPERTY_PIN_COMMUNICATION, KSPROPERTY_PIN_CTYPES,
    KSPROPERTY_PIN_DATAFLOW, KSPROPERTY_PIN_DATARANGES, KSSTATE, KSSTATE_STOP,
};
use arioso_core::ks::{GUID, Wire};

/// An open filter.
#[derive(Clone, Copy, Debug)]
pub struct Filter<C: Client> {
    /// Its handle.
    pub handle: C::Handle,
}

/// A pin factory.
#[derive(Clone, Debug)]
pub struct PinInfo {
    /// Its number in the filter.
    pub id: u32,
    /// `KSPIN_DATAFLOW_*`.
    pub flow: KSPIN_DATAFLOW,
    /// `KSPIN_COMMUNICATION_*`.
    pub communication: KSPIN_COMMUNICATION,
    /// Heads of its data ranges.
    pub ranges: Vec<KSDATAFORMAT>,
}

impl PinInfo {
    /// Whether a range has this subtype.
    pub fn takes(&self, subtype: &GUID) -> bool {
        self.ranges.iter().any(|range| range.SubFormat == *subtype)
    }
}

impl<C: Client> Filter<C> {
    /// Opens the first filter of a category with a pin that `wanted` accepts; gives that pin's id too.
    pub fn find(
        client: &mut C,
        category: &GUID,
        wanted: impl Fn(&PinInfo) -> bool,
    ) -> Result<(Self, u32)> {
        let links = client.interfaces(category);
        let mut refused = None;
        for link in &links {
            let filter = match Self::open(client, link) {
                Ok(filter) => filter,
                Err(error) => {
                    refused = Some(error);
                    continue;
                }
            };
            match filter.pins(client) {
                Ok(pins) => {
                    if let Some(pin) = pins.iter().find(|pin| wanted(pin)) {
                        return Ok((filter, pin.id));
                    }
                }
                Err(error) => refused = Some(error),
            }
            filter.close(client);
        }
        Err(refused.unwrap_or_else(|| {
            Error::other(format!("no suitable pin on any of {} filters", links.len()))
        }))
    }

    /// Opens a filter by its symbolic link.
    pub fn open(client: &mut C, link: &str) -> Result<Self> {
        let handle = client
            .open(link)
            .map_err(|status| Error::status(format!("open {link}"), status))?;
        Ok(Self { handle })
    }

    /// Closes the filter; its pins stay open.
    pub fn close(self, client: &mut C) {
        client.close(self.handle);
    }

    /// All pin factories.
    pub fn pins(&self, client: &mut C) -> Result<Vec<PinInfo>> {
        let count: u32 =
            Property::new(KSPROPSETID_Pin, KSPROPERTY_PIN_CTYPES).get(client, self.handle)?;
        (0..count).map(|id| self.pin(client, id)).collect()
    }

    /// One pin factory.
    pub fn pin(&self, client: &mut C, id: u32) -> Result<PinInfo> {
        let property = |item| Property::of_pin(KSPROPSETID_Pin, item, id);
        let ranges = property(KSPROPERTY_PIN_DATARANGES).get_sized(client, self.handle)?;
        Ok(PinInfo {
            id,
            flow: property(KSPROPERTY_PIN_DATAFLOW).get(client, self.handle)?,
            communication: property(KSPROPERTY_PIN_COMMUNICATION).get(client, self.handle)?,
            ranges: data_ranges(&ranges)
                .ok_or_else(|| Error::other(format!("pin {id}: broken list of data ranges")))?,
        })
    }

    /// Creates a pin; `connect` is what [`connect`] builds, `to` the pin that it feeds.
    pub fn create_pin(
        &self,
        client: &mut C,
        connect: &[u8],
        to: Option<C::Handle>,
    ) -> Result<Pin<C>> {
        let handle = client
            .create_pin(self.handle, connect, to)
            .map_err(|status: NtStatus| Error::status("create pin", status))?;
        Ok(Pin {
            handle,
            state: KSSTATE_STOP,
        })
    }

    /// A pin for KSMUSICFORMAT records.
    pub fn midi_pin(&self, client: &mut C, id: u32) -> Result<Pin<C>> {
        self.create_pin(client, &connect::midi(id), None)
    }

    /// A pin for DMUS_EVENTHEADER records.
    pub fn direct_music_pin(&self, client: &mut C, id: u32) -> Result<Pin<C>> {
        self.create_pin(client, &connect::direct_music(id), None)
    }
}

/// Opens the audio filter whose link ends with this reference string, in lower case.
pub fn subdevice<C: Client>(client: &mut C, name: &str) -> Result<Filter<C>> {
    let links = client.interfaces(&KSCATEGORY_AUDIO);
    let link = links.iter().find(|link| {
        let link = link.to_lowercase();
        link.rsplit('\\').next() == Some(name)
    });
    match link {
        Some(link) => Filter::open(client, link),
        None => Err(Error::other(format!("no {name} in {links:?}"))),
    }
}

/// KSMULTIPLE_ITEM and its ranges, each 8-aligned. Lists of attributes, which count too, are left out.
fn data_ranges(bytes: &[u8]) -> Option<Vec<KSDATAFORMAT>> {
    let head = KSMULTIPLE_ITEM::read_from(bytes)?;
    let mut at = size_of::<KSMULTIPLE_ITEM>();
    let mut ranges: Vec<KSDATAFORMAT> = Vec::new();
    let mut attributes = false;
    for _ in 0..head.Count {
        let rest = bytes.get(at..)?;
        if std::mem::take(&mut attributes) {
            at += (u32::read_from(rest)? as usize).next_multiple_of(8);
            continue;
        }
        let range = KSDATAFORMAT::read_from(rest)?;
        at += (range.FormatSize as usize)
            .max(size_of::<KSDATAFORMAT>())
            .next_multiple_of(8);
        attributes = range.Flags & KSDATARANGE_ATTRIBUTES != 0;
        ranges.push(range);
    }
    Some(ranges)
}

/// An open pin and the state that it was last set to.
#[derive(Clone, Copy, Debug)]
pub struct Pin<C: Client> {
    /// Its handle.
    pub handle: C::Handle,
    state: KSSTATE,
}

impl<C: Client> Pin<C> {
    /// Goes to a state step by step, as KS wants it.
    pub fn set_state(&mut self, client: &mut C, state: KSSTATE) -> Result<()> {
        while self.state != state {
            let next = self.state + (state - self.state).signum();
            Property::new(KSPROPSETID_Connection, KSPROPERTY_CONNECTION_STATE).set(
                client,
                self.handle,
                next,
            )?;
            self.state = next;
        }
        Ok(())
    }

    /// What the pin says its state is.
    pub fn state(&self, client: &mut C) -> Result<KSSTATE> {
        Property::new(KSPROPSETID_Connection, KSPROPERTY_CONNECTION_STATE).get(client, self.handle)
    }

    /// Stops the pin and closes it.
    pub fn close(mut self, client: &mut C) -> Result<()> {
        let stopped = self.set_state(client, KSSTATE_STOP);
        client.close(self.handle);
        stopped
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Bytes;

    #[test]
    fn ranges_are_found_behind_each_other() {
        let range = |size, major| KSDATAFORMAT {
            FormatSize: size,
            MajorFormat: GUID::from_u128(major),
            ..KSDATAFORMAT::default()
        };
        let mut bytes = KSMULTIPLE_ITEM { Size: 0, Count: 2 }.bytes();
        bytes.extend(range(92, 1).bytes());
        bytes.resize(8 + 96, 0xEE);
        bytes.extend(range(88, 2).bytes());
        let ranges = data_ranges(&bytes).unwrap();
        assert_eq!(
            ranges
                .iter()
                .map(|r| r.MajorFormat.to_u128())
                .collect::<Vec<_>>(),
            [1, 2]
        );
        assert_eq!(data_ranges(&bytes[..120]), None);
    }
}
