// SPDX-License-Identifier: MIT OR Apache-2.0
//! The store: what each port has downloaded, the default set, and the tables that the renderer looks instruments up in.
//!
//! One per device. Everything here runs at PASSIVE_LEVEL, one call at a time; it is the [`Patches`] that are handed to the
//! renderer. A wave lives as long as downloads that name it, instruments that link it or voices that play it: unloading never
//! stops a sound.

mod port;
mod waves;

use super::bytes::u32_at;
use super::convert::{self, Budget};
use super::download::{self, Download};
use super::model::{Instrument, Patches};
use crate::mem::{NoMemory, Shared, vec};
use alloc::vec::Vec;
use port::{Content, Object, Port};
use waves::Waves;

/// Why the store refuses something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The buffer is not a download that this synthesizer takes.
    Invalid(download::Error),
    /// DMUS_E_ALREADY_DOWNLOADED: the port has a download of that id.
    AlreadyDownloaded,
    /// DMUS_E_BADWAVELINK: a region names an id that is not a wave of this port.
    BadWaveLink,
    /// The handle is not one of this port.
    UnknownHandle,
    /// A quota is used up.
    Quota,
    /// No memory.
    NoMemory,
}

impl From<NoMemory> for Error {
    fn from(_: NoMemory) -> Self {
        Self::NoMemory
    }
}

impl From<download::Error> for Error {
    fn from(error: download::Error) -> Self {
        match error {
            download::Error::NoMemory => Self::NoMemory,
            download::Error::TooLarge => Self::Quota,
            error => Self::Invalid(error),
        }
    }
}

/// Names a download to the client that made it. Opaque, never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handle(pub u32);

/// Bounds of what clients can make the store hold. The default set is not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// Bytes of all ports together; waves that ports share count once.
    pub bytes: usize,
    /// Bytes of one port; waves count fully.
    pub port_bytes: usize,
    /// Downloads of all ports together.
    pub objects: usize,
    /// Downloads of one port, at most 65535.
    pub port_objects: usize,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            bytes: 512 << 20,
            port_bytes: 256 << 20,
            objects: 65_536,
            port_objects: 16_384,
        }
    }
}

/// What is in use, of a port or of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Usage {
    /// Bytes of model.
    pub bytes: usize,
    /// Instruments, waves and downloads.
    pub objects: usize,
}

/// Downloads of all ports, and the default set. Its owner keeps it under a mutex; PASSIVE_LEVEL.
///
/// What is refused leaves nothing behind:
///
/// ```
/// use arioso_core::dls::download;
/// use arioso_core::dls::store::{Error, Quotas, Store, Usage};
///
/// let mut store = Store::new(Quotas::default());
/// let refused = store.download(0, &[0xFF; 64]);
/// assert_eq!(refused, Err(Error::Invalid(download::Error::Malformed)));
/// assert_eq!(store.total(), Usage::default());
/// assert!(store.patches(0).unwrap().instruments().is_empty());
/// ```
#[derive(Debug)]
pub struct Store {
    quotas: Quotas,
    /// Sorted by id.
    ports: Vec<Port>,
    waves: Waves,
    /// One per patch, sorted.
    defaults: Vec<Shared<Instrument>>,
    /// The table of a port without downloads.
    published: Option<Shared<Patches>>,
    /// Instruments' bytes and all objects.
    usage: Usage,
    generation: u16,
}

impl Store {
    /// An empty store.
    pub const fn new(quotas: Quotas) -> Self {
        Self {
            quotas,
            ports: Vec::new(),
            waves: Waves::new(),
            defaults: Vec::new(),
            published: None,
            usage: Usage {
                bytes: 0,
                objects: 0,
            },
            generation: 0,
        }
    }

    /// Takes a download buffer; the caller may reuse it at once. An instrument's waves must be there already. The port's table
    /// ([`patches`](Self::patches)) is ready when it succeeds; a failure leaves everything as it was.
    pub fn download(&mut self, port: u8, buffer: &[u8]) -> Result<Handle, Error> {
        let handle = self.take(port, buffer);
        let done = handle.and_then(|handle| match self.patches(port) {
            Ok(_) => Ok(handle),
            Err(NoMemory) => {
                if let Some(object) = self.port_mut(port).and_then(|port| port.remove(handle)) {
                    self.forget(&object);
                }
                Err(Error::NoMemory)
            }
        });
        if done.is_err() {
            self.collect();
        }
        done
    }

    fn take(&mut self, port: u8, buffer: &[u8]) -> Result<Handle, Error> {
        let port_index = self.open_port(port)?;
        let port = self.ports.get(port_index).ok_or(Error::NoMemory)?;
        let used = port.usage();
        if used.objects >= self.quotas.port_objects || self.usage.objects >= self.quotas.objects {
            return Err(Error::Quota);
        }
        if u32_at(buffer, 4).is_some_and(|id| port.find(id).is_some()) {
            return Err(Error::AlreadyDownloaded);
        }
        let mut budget = Budget::new(self.quotas.port_bytes.saturating_sub(used.bytes));
        let available = budget.left();
        let object = match download::parse(buffer, &mut budget)? {
            Download::Wave(download) => {
                let cost = available.saturating_sub(budget.left());
                let in_use = self.usage.bytes;
                let wave = self.waves.share(
                    download.wave,
                    cost,
                    self.quotas.bytes.saturating_sub(in_use),
                )?;
                Object {
                    id: download.id,
                    cost,
                    content: Content::Wave(wave),
                }
            }
            Download::Instrument(download) => {
                let id = download.id;
                let instrument = link(download, port)?;
                let cost = available
                    .saturating_sub(budget.left())
                    .saturating_add(size_of::<Instrument>());
                if cost > available {
                    return Err(Error::Quota);
                }
                self.make_room(cost)?;
                Object {
                    id,
                    cost,
                    content: Content::Instrument(Shared::try_new(instrument)?),
                }
            }
        };
        self.generation = self.generation.wrapping_add(1).max(1);
        let generation = self.generation;
        let port = self.ports.get_mut(port_index).ok_or(Error::NoMemory)?;
        let bytes = object.instrument_bytes();
        let handle = port.add(object, generation)?;
        self.usage.bytes = self.usage.bytes.saturating_add(bytes);
        self.usage.objects = self.usage.objects.saturating_add(1);
        Ok(handle)
    }

    /// Forgets a download. What still uses it keeps it alive. The port's table is ready when it succeeds; without memory for it the
    /// download stays.
    pub fn unload(&mut self, port: u8, handle: Handle) -> Result<(), Error> {
        let defaults = &self.defaults;
        let at = self.ports.binary_search_by_key(&port, |p| p.id);
        let port = at.ok().and_then(|at| self.ports.get_mut(at));
        let port = port.ok_or(Error::UnknownHandle)?;
        let patches = port.patches_without(handle, defaults)?;
        let object = port.remove(handle).ok_or(Error::UnknownHandle)?;
        port.publish(patches);
        self.forget(&object);
        drop(object);
        self.collect();
        Ok(())
    }

    /// Forgets all downloads of a port.
    pub fn close_port(&mut self, port: u8) {
        let Ok(at) = self.ports.binary_search_by_key(&port, |p| p.id) else {
            return;
        };
        if let Some(port) = vec::try_remove(&mut self.ports, at) {
            for object in port.objects() {
                self.forget(object);
            }
        }
        if self.ports.is_empty() {
            self.ports = Vec::new();
        }
        self.collect();
    }

    /// Adds instruments for all ports, behind their downloads. Of two with one patch the first stays.
    pub fn add_defaults(&mut self, instruments: Vec<Shared<Instrument>>) -> Result<(), NoMemory> {
        vec::try_reserve(&mut self.defaults, instruments.len())?;
        self.published = None;
        for port in &mut self.ports {
            port.unpublish();
        }
        for instrument in instruments {
            let at = self
                .defaults
                .partition_point(|d| d.patch < instrument.patch);
            if self
                .defaults
                .get(at)
                .is_none_or(|d| d.patch != instrument.patch)
            {
                // There is room for all of them.
                let inserted = vec::try_insert(&mut self.defaults, at, instrument);
                debug_assert!(inserted.is_ok());
            }
        }
        Ok(())
    }

    /// Puts other instruments in the place of the default set; tables that were handed out keep the old ones. Of two with one patch the first
    /// stays. A failure leaves everything as it was.
    pub fn replace_defaults(
        &mut self,
        instruments: Vec<Shared<Instrument>>,
    ) -> Result<(), NoMemory> {
        let mut before = core::mem::take(&mut self.defaults);
        let added = self.add_defaults(instruments);
        if added.is_err() {
            core::mem::swap(&mut self.defaults, &mut before);
        }
        added
    }

    /// Instruments of the default set.
    pub fn default_count(&self) -> usize {
        self.defaults.len()
    }

    /// Other bounds for downloads; what is held already stays.
    pub fn set_quotas(&mut self, quotas: Quotas) {
        self.quotas = quotas;
    }

    /// The table of a port as it is now: its own instruments (those that are not GM first, of equals the latest), then the default
    /// set. Asking again without a change in between gives the same table.
    pub fn patches(&mut self, port: u8) -> Result<Shared<Patches>, NoMemory> {
        self.collect();
        let defaults = &self.defaults;
        match self
            .ports
            .binary_search_by_key(&port, |p| p.id)
            .ok()
            .and_then(|at| self.ports.get_mut(at))
        {
            Some(port) => port.patches(defaults),
            None => match &self.published {
                Some(published) => Ok(published.clone()),
                None => {
                    let patches = port::merge([].iter(), defaults)?;
                    self.published = Some(patches.clone());
                    Ok(patches)
                }
            },
        }
    }

    /// Frees waves that nothing uses any more. The driver calls it after the renderer has given things back.
    pub fn collect(&mut self) {
        self.waves.collect();
    }

    /// What a port's downloads take.
    pub fn usage(&self, port: u8) -> Usage {
        let at = self.ports.binary_search_by_key(&port, |p| p.id).ok();
        at.and_then(|at| self.ports.get(at))
            .map(Port::usage)
            .unwrap_or_default()
    }

    /// What all ports take together.
    pub fn total(&self) -> Usage {
        Usage {
            bytes: self.usage.bytes.saturating_add(self.waves.bytes()),
            objects: self.usage.objects,
        }
    }

    /// Bytes that a port may still download.
    pub fn free_bytes(&self, port: u8) -> usize {
        let own = self
            .quotas
            .port_bytes
            .saturating_sub(self.usage(port).bytes);
        own.min(self.quotas.bytes.saturating_sub(self.total().bytes))
    }

    fn make_room(&mut self, bytes: usize) -> Result<(), Error> {
        let fits = |store: &Self| store.total().bytes.saturating_add(bytes) <= store.quotas.bytes;
        if !fits(self) {
            self.collect();
        }
        if fits(self) {
            Ok(())
        } else {
            Err(Error::Quota)
        }
    }

    fn forget(&mut self, object: &Object) {
        self.usage.bytes = self.usage.bytes.saturating_sub(object.instrument_bytes());
        self.usage.objects = self.usage.objects.saturating_sub(1);
    }

    fn port_mut(&mut self, id: u8) -> Option<&mut Port> {
        let at = self.ports.binary_search_by_key(&id, |p| p.id).ok()?;
        self.ports.get_mut(at)
    }

    /// The index of a port, which is made if there is none.
    fn open_port(&mut self, id: u8) -> Result<usize, NoMemory> {
        match self.ports.binary_search_by_key(&id, |p| p.id) {
            Ok(at) => Ok(at),
            Err(at) => {
                vec::try_insert(&mut self.ports, at, Port::new(id))?;
                Ok(at)
            }
        }
    }
}

/// Replaces wave ids by the port's waves.
fn link(download: download::Instrument, port: &Port) -> Result<Instrument, Error> {
    let mut regions = vec::try_with_capacity(download.regions.len())?;
    for region in download.regions {
        let Some(Content::Wave(wave)) = port.find(region.link.table_index).map(|o| &o.content)
        else {
            return Err(Error::BadWaveLink);
        };
        let region = convert::region(
            &region.header,
            region.ranges,
            &region.link,
            region.sample.as_ref(),
            wave.clone(),
            region.articulation,
        );
        vec::push_within(&mut regions, region).map_err(|_| NoMemory)?;
    }
    Ok(Instrument::new(download.patch, download.gm, regions))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
