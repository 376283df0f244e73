// SPDX-License-Identifier: MIT OR Apache-2.0
//! The synthesizer's properties: KSPROPSETID_Synth, KSPROPSETID_Synth_Dls, KSPROPSETID_Arioso.

use crate::Client;
use crate::error::{Error, Result};
use crate::property::Property;
use crate::wire::Bytes;
use arioso_core::ks::arioso::{
    ARIOSO_BANK, ARIOSO_STATISTICS, KSPROPERTY_ARIOSO_BANK, KSPROPERTY_ARIOSO_STATISTICS,
    KSPROPSETID_Arioso,
};
use arioso_core::ks::dmusprop::{
    KSPROPERTY_SYNTH_CAPS, KSPROPERTY_SYNTH_CHANNELGROUPS, KSPROPERTY_SYNTH_DLS_DOWNLOAD,
    KSPROPERTY_SYNTH_DLS_UNLOAD, KSPROPERTY_SYNTH_LATENCYCLOCK, KSPROPERTY_SYNTH_MASTERCLOCK,
    KSPROPERTY_SYNTH_PORTPARAMETERS, KSPROPERTY_SYNTH_RUNNINGSTATS, KSPROPERTY_SYNTH_VOLUME,
    KSPROPERTY_SYNTH_VOLUMEBOOST, SYNTH_BUFFER, SYNTH_PORTPARAMS, SYNTH_STATS, SYNTHCAPS,
    SYNTHDOWNLOAD,
};
use arioso_core::ks::guid::{KSPROPSETID_Synth, KSPROPSETID_Synth_Dls, KSPROPSETID_SynthClock};
use arioso_core::ks::{GUID, PVOID};
use std::ptr;

/// The synthesizer node of our filter.
pub const NODE: u32 = 0;

/// What a download gave: an opaque handle for [`unload`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Download(pub u64);

/// A property of the synthesizer's node.
pub fn property(set: GUID, id: u32) -> Property {
    Property::of_node(set, id, NODE)
}

/// CAPS: works on the filter and on a pin.
pub fn caps<C: Client>(client: &mut C, object: C::Handle) -> Result<SYNTHCAPS> {
    property(KSPROPSETID_Synth, KSPROPERTY_SYNTH_CAPS).get(client, object)
}

/// PORTPARAMETERS: asks for `wanted`, gives what was granted.
pub fn port_parameters<C: Client>(
    client: &mut C,
    pin: C::Handle,
    wanted: SYNTH_PORTPARAMS,
) -> Result<SYNTH_PORTPARAMS> {
    property(KSPROPSETID_Synth, KSPROPERTY_SYNTH_PORTPARAMETERS)
        .with(&wanted.bytes())
        .get_with(client, pin, wanted)
}

/// VOLUME in 1/100 dB.
pub fn volume<C: Client>(client: &mut C, pin: C::Handle) -> Result<i32> {
    property(KSPROPSETID_Synth, KSPROPERTY_SYNTH_VOLUME).get(client, pin)
}

/// VOLUME in 1/100 dB.
pub fn set_volume<C: Client>(client: &mut C, pin: C::Handle, volume: i32) -> Result<()> {
    property(KSPROPSETID_Synth, KSPROPERTY_SYNTH_VOLUME).set(client, pin, volume)
}

/// VOLUMEBOOST in 1/100 dB.
pub fn set_boost<C: Client>(client: &mut C, pin: C::Handle, boost: i32) -> Result<()> {
    property(KSPROPSETID_Synth, KSPROPERTY_SYNTH_VOLUMEBOOST).set(client, pin, boost)
}

/// CHANNELGROUPS: how many play.
pub fn set_channel_groups<C: Client>(client: &mut C, pin: C::Handle, groups: u32) -> Result<()> {
    property(KSPROPSETID_Synth, KSPROPERTY_SYNTH_CHANNELGROUPS).set(client, pin, groups)
}

/// LATENCYCLOCK: from which master time on events are in time, 100 ns.
pub fn latency_clock<C: Client>(client: &mut C, pin: C::Handle) -> Result<i64> {
    property(KSPROPSETID_Synth, KSPROPERTY_SYNTH_LATENCYCLOCK).get(client, pin)
}

/// The port's master clock, 100 ns.
pub fn master_clock<C: Client>(client: &mut C, filter: C::Handle) -> Result<i64> {
    Property::new(KSPROPSETID_SynthClock, KSPROPERTY_SYNTH_MASTERCLOCK).get(client, filter)
}

/// RUNNINGSTATS: since entry to RUN.
pub fn running_stats<C: Client>(client: &mut C, pin: C::Handle) -> Result<SYNTH_STATS> {
    property(KSPROPSETID_Synth, KSPROPERTY_SYNTH_RUNNINGSTATS).get(client, pin)
}

/// Since the pin was created.
pub fn statistics<C: Client>(client: &mut C, pin: C::Handle) -> Result<ARIOSO_STATISTICS> {
    property(KSPROPSETID_Arioso, KSPROPERTY_ARIOSO_STATISTICS).get(client, pin)
}

/// The default bank.
pub fn bank<C: Client>(client: &mut C, pin: C::Handle) -> Result<ARIOSO_BANK> {
    property(KSPROPSETID_Arioso, KSPROPERTY_ARIOSO_BANK).get(client, pin)
}

/// DOWNLOAD of a buffer that [`crate::download`] builds. The driver must have copied it.
pub fn download<C: Client>(client: &mut C, pin: C::Handle, buffer: &[u8]) -> Result<Download> {
    let address = client.allocate(buffer.len());
    client.write(address, buffer);
    let instance = SYNTH_BUFFER {
        BufferSize: buffer.len() as u32,
        BufferAddress: ptr::without_provenance_mut::<std::ffi::c_void>(address as usize) as PVOID,
    };
    let answer = property(KSPROPSETID_Synth_Dls, KSPROPERTY_SYNTH_DLS_DOWNLOAD)
        .with(&instance.bytes())
        .get::<C, SYNTHDOWNLOAD>(client, pin);
    client.free(address);
    let answer = answer?;
    if answer.Free == 0 {
        return Err(Error::other(
            "download: the driver wants to keep the client's buffer",
        ));
    }
    Ok(Download(answer.DownloadHandle.addr() as u64))
}

/// UNLOAD: lets a download go.
pub fn unload<C: Client>(client: &mut C, pin: C::Handle, download: Download) -> Result<()> {
    property(KSPROPSETID_Synth_Dls, KSPROPERTY_SYNTH_DLS_UNLOAD).set(client, pin, download.0)
}
