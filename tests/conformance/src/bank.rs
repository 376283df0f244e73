// SPDX-License-Identifier: MIT OR Apache-2.0
//! Instruments of a DLS file as downloads of one pin.

use crate::Client;
use crate::download::{self, Articulation};
use crate::error::{Error, Result};
use crate::synth::{self, Download};
use arioso_core::dls::file::{Collection, Instrument, Region};
use arioso_core::dls::raw::WaveLink;
use std::collections::HashMap;

/// What has been downloaded to a pin. Waves are shared by the instruments that use them.
#[derive(Debug, Default)]
pub struct Downloads {
    /// By offset into the file's wave pool.
    waves: HashMap<u32, (u32, Download)>,
    instruments: Vec<Download>,
    /// Ids so far.
    ids: u32,
}

impl Downloads {
    /// For another file on the same pin: download ids above `used`.
    pub fn after(used: u32) -> Self {
        Self {
            ids: used,
            ..Self::default()
        }
    }

    /// Downloads the waves of an instrument that are not there yet, then the instrument under the number `patch`. False if no
    /// region can sound.
    pub fn add<C: Client>(
        &mut self,
        client: &mut C,
        pin: C::Handle,
        file: &Collection,
        instrument: &Instrument,
        patch: u32,
    ) -> Result<bool> {
        let mut regions = Vec::new();
        for region in instrument.regions() {
            if let Some(region) = self.region(client, pin, file, &region)? {
                regions.push(region);
            }
        }
        if regions.is_empty() {
            return Ok(false);
        }
        let content = download::Instrument {
            patch,
            flags: 0,
            regions,
            articulations: articulations(&instrument.articulation()),
        };
        let buffer = download::instrument2(self.next_id(), &content);
        let handle = synth::download(client, pin, &buffer).map_err(|e| named(e, instrument))?;
        self.instruments.push(handle);
        Ok(true)
    }

    /// Unloads everything, instruments before their waves.
    pub fn unload<C: Client>(self, client: &mut C, pin: C::Handle) -> Result<()> {
        let waves = self.waves.into_values().map(|(_, handle)| handle);
        for handle in self.instruments.into_iter().chain(waves) {
            synth::unload(client, pin, handle)?;
        }
        Ok(())
    }

    /// How many instruments are loaded.
    pub fn instruments(&self) -> usize {
        self.instruments.len()
    }

    /// How many waves are loaded.
    pub fn waves(&self) -> usize {
        self.waves.len()
    }

    fn region<C: Client>(
        &mut self,
        client: &mut C,
        pin: C::Handle,
        file: &Collection,
        region: &Region,
    ) -> Result<Option<download::Region>> {
        let Some(link) = region.link else {
            return Ok(None);
        };
        let Some(wave) = file.wave(link.table_index) else {
            return Ok(None);
        };
        let Some(offset) = file.cue(link.table_index) else {
            return Ok(None);
        };
        let id = match self.waves.get(&offset) {
            Some((id, _)) => *id,
            None => {
                let id = self.next_id();
                let buffer = download::wave(id, wave.format.rate, wave.format.bits, wave.data);
                self.waves
                    .insert(offset, (id, synth::download(client, pin, &buffer)?));
                id
            }
        };
        Ok(Some(download::Region {
            header: region.header,
            link: WaveLink {
                table_index: id,
                ..link
            },
            // A download's wave has no wsmp of its own.
            sample: region.sample.or(wave.sample),
            articulations: articulations(&region.articulation()),
        }))
    }

    fn next_id(&mut self) -> u32 {
        self.ids += 1;
        self.ids
    }
}

fn articulations(of: &arioso_core::dls::file::Articulation) -> Vec<Articulation> {
    of.chunks()
        .map(|(_, connections)| connections.collect())
        .collect()
}

fn named(error: Error, instrument: &Instrument) -> Error {
    let name = instrument
        .info()
        .name()
        .map(String::from_utf8_lossy)
        .unwrap_or_default()
        .into_owned();
    Error {
        what: format!(
            "instrument {name:?} (patch {:#x}): {}",
            instrument.patch(),
            error.what
        ),
        ..error
    }
}
