// SPDX-License-Identifier: MIT OR Apache-2.0
//! Downloads whose sound is a constant: what plays can be told by its level.

use arioso_core::dls::raw::{Connection, Loop, RegionHeader, Sample, WaveLink};
use arioso_core::ks::dmdls::{
    CONN_DST_CHORUS, CONN_DST_EG1_RELEASETIME, CONN_DST_GAIN, CONN_DST_PITCH, CONN_DST_REVERB,
    CONN_SRC_CC91, CONN_SRC_CC93, CONN_SRC_KEYNUMBER, CONN_SRC_KEYONVELOCITY,
};
use conformance::NtStatus;
use conformance::cases::{Width, pointers};
use conformance::download::{self, Instrument, Region};
use simkernel::client::{SimClient, SimHandle};

use crate::rig::RATE;

/// Frames of [`wave`].
pub const FRAMES: usize = 64;

/// The wave `id`: a constant.
pub fn wave(id: u32, level: i16) -> Vec<u8> {
    let data: Vec<u8> = [level; FRAMES].map(i16::to_le_bytes).concat();
    download::wave(id, RATE, 16, &data)
}

/// The instrument `id` for `patch`: `wave` on every key, at its own level for as long as the key is held, without effects.
pub fn instrument(id: u32, patch: u32, flags: u32, wave: u32) -> Vec<u8> {
    download::instrument2(id, &content(patch, flags, wave))
}

/// The same with these connections besides.
pub fn driven(id: u32, patch: u32, wave: u32, connections: &[Connection]) -> Vec<u8> {
    let mut content = content(patch, 0, wave);
    content.articulations[0].extend_from_slice(connections);
    download::instrument2(id, &content)
}

/// The same with a region for each of these waves; every second one has articulations of its own.
pub fn linked(id: u32, patch: u32, waves: &[u32]) -> Vec<u8> {
    let mut content = content(patch, 0, 0);
    let first = content.regions.remove(0);
    content.regions = waves
        .iter()
        .enumerate()
        .map(|(at, &wave)| {
            let mut region = first.clone();
            region.link.table_index = wave;
            if at % 2 == 1 {
                region.articulations = content.articulations.clone();
            }
            region
        })
        .collect();
    download::instrument2(id, &content)
}

/// The same with a region for each of these: its phase group, and whether it is the group's master.
pub fn layered(id: u32, patch: u32, wave: u32, phases: &[(u16, bool)]) -> Vec<u8> {
    let mut content = content(patch, 0, wave);
    let first = content.regions.remove(0);
    content.regions = phases
        .iter()
        .map(|&(phase_group, is_master)| {
            let mut region = first.clone();
            // The layers are of one key.
            region.header.options = 1;
            region.link.phase_group = phase_group;
            region.link.options = u16::from(is_master);
            region
        })
        .collect();
    download::instrument2(id, &content)
}

fn content(patch: u32, flags: u32, wave: u32) -> Instrument {
    let none = |source, destination| Connection {
        source,
        control: 0,
        destination,
        transform: 0,
        scale: 0,
    };
    Instrument {
        patch,
        flags,
        regions: vec![Region {
            header: RegionHeader {
                keys: (0, 127),
                velocities: (0, 127),
                options: 1,
                key_group: 0,
            },
            link: WaveLink {
                options: 0,
                phase_group: 0,
                channels: 1,
                table_index: wave,
            },
            sample: Some(Sample {
                unity: 0,
                fine_tune: 0,
                gain: 0,
                options: 0,
                first_loop: Some(Loop {
                    kind: 0,
                    start: 0,
                    length: FRAMES as u32,
                }),
            }),
            articulations: Vec::new(),
        }],
        articulations: vec![vec![
            Connection {
                // No time at all.
                scale: i32::MIN,
                ..none(0, CONN_DST_EG1_RELEASETIME)
            },
            none(CONN_SRC_KEYNUMBER, CONN_DST_PITCH),
            none(CONN_SRC_KEYONVELOCITY, CONN_DST_GAIN),
            none(CONN_SRC_CC91, CONN_DST_REVERB),
            none(CONN_SRC_CC93, CONN_DST_CHORUS),
        ]],
    }
}

/// DOWNLOAD: the handle's bytes.
pub fn load(c: &mut SimClient, pin: SimHandle, buffer: &[u8]) -> Result<Vec<u8>, NtStatus> {
    pointers::download(c, pin, Width::Bits64, buffer)
}

/// UNLOAD.
pub fn unload(c: &mut SimClient, pin: SimHandle, handle: &[u8]) -> Result<(), NtStatus> {
    pointers::unload(c, pin, Width::Bits64, handle)
}
