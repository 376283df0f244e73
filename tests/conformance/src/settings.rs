// SPDX-License-Identifier: MIT OR Apache-2.0
//! KSPROPSETID_Arioso on the synthesizer's filter: settings, meters, control; and the endpoint's level.

use crate::Client;
use crate::error::{Error, Result};
use crate::filter::Filter;
use crate::property::Property;
use crate::topology::Topology;
use arioso_core::ks::arioso::{
    ARIOSO_METERS, ARIOSO_SETTINGS, KSPROPERTY_ARIOSO_CONTROL, KSPROPERTY_ARIOSO_METERS,
    KSPROPERTY_ARIOSO_SETTINGS, KSPROPSETID_Arioso,
};
use arioso_core::ks::guid::{
    KSCATEGORY_SYNTHESIZER, KSCATEGORY_TOPOLOGY, KSNODETYPE_VOLUME, KSPROPSETID_Audio,
};
use arioso_core::ks::ksmedia::KSPROPERTY_AUDIO_VOLUMELEVEL;

/// The synthesizer's filter: the one that has a pin.
pub fn filter<C: Client>(client: &mut C) -> Result<Filter<C>> {
    Filter::find(client, &KSCATEGORY_SYNTHESIZER, |_| true).map(|(filter, _)| filter)
}

/// The settings that count.
pub fn settings<C: Client>(client: &mut C, filter: C::Handle) -> Result<ARIOSO_SETTINGS> {
    Property::new(KSPROPSETID_Arioso, KSPROPERTY_ARIOSO_SETTINGS).get(client, filter)
}

/// What the synthesizer does now.
pub fn meters<C: Client>(client: &mut C, filter: C::Handle) -> Result<ARIOSO_METERS> {
    Property::new(KSPROPSETID_Arioso, KSPROPERTY_ARIOSO_METERS).get(client, filter)
}

/// `ARIOSO_CONTROL_*`
pub fn control<C: Client>(client: &mut C, filter: C::Handle, what: u32) -> Result<()> {
    Property::new(KSPROPSETID_Arioso, KSPROPERTY_ARIOSO_CONTROL).set(client, filter, what)
}

/// The level of the endpoint's first channel, 1/100 dB.
pub fn level<C: Client>(client: &mut C) -> Result<i32> {
    volume_node(client, |client, filter, node| {
        let level: i32 = volume(node, 0).get(client, filter)?;
        Ok((i64::from(level) * 100 / 65_536) as i32)
    })
}

/// Sets the level of all channels of the endpoint, 1/100 dB.
pub fn set_level<C: Client>(client: &mut C, level: i32) -> Result<()> {
    let level = (i64::from(level) * 65_536 / 100) as i32;
    volume_node(client, |client, filter, node| {
        volume(node, -1).set(client, filter, level)
    })
}

/// 1/65536 dB.
fn volume(node: u32, channel: i32) -> Property {
    let mut instance = [0; 8];
    instance[..4].copy_from_slice(&channel.to_le_bytes());
    Property::of_node(KSPROPSETID_Audio, KSPROPERTY_AUDIO_VOLUMELEVEL, node).with(&instance)
}

/// The filter that has a volume.
fn volume_node<C: Client, T>(
    client: &mut C,
    ask: impl FnOnce(&mut C, C::Handle, u32) -> Result<T>,
) -> Result<T> {
    for link in client.interfaces(&KSCATEGORY_TOPOLOGY) {
        let filter = Filter::open(client, &link)?;
        let node = Topology::of(client, &filter).map(|shape| shape.node(&KSNODETYPE_VOLUME));
        if let Ok(Some(node)) = node {
            let answer = ask(client, filter.handle, node);
            filter.close(client);
            return answer;
        }
        filter.close(client);
    }
    Err(Error::other("no endpoint with a volume"))
}
