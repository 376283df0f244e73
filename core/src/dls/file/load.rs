// SPDX-License-Identifier: MIT OR Apache-2.0
use super::super::articulation::{self, Builder};
use super::super::condition::Answers;
use super::super::convert::{self, Budget, WaveError};
use super::super::model;
use super::{Articulation, Collection, Error, Instrument, Region};
use crate::mem::{NoMemory, Shared, vec};
use alloc::vec::Vec;

/// What loading a file may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of instruments and waves.
    pub bytes: usize,
    /// What the file's conditions ask.
    pub answers: Answers,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 256 << 20,
            answers: Answers::default(),
        }
    }
}

/// Waves that could not be used, by the reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refused {
    /// Neither 8-bit nor 16-bit PCM.
    pub not_pcm: u32,
    /// More than one channel.
    pub not_mono: u32,
    /// Empty, or with an impossible rate.
    pub malformed: u32,
}

/// Loads all instruments that can sound, in file order; none of them is marked as GM. A region without a usable wave or range is
/// dropped, and so is an instrument without regions. Waves that no region uses are not loaded.
pub fn load(buffer: &[u8], limits: Limits) -> Result<Vec<Shared<model::Instrument>>, Error> {
    load_telling(buffer, limits, &mut Refused::default())
}

/// As [`load`]; says what was refused.
pub fn load_telling(
    buffer: &[u8],
    limits: Limits,
    refused: &mut Refused,
) -> Result<Vec<Shared<model::Instrument>>, Error> {
    let collection = Collection::parse(buffer, limits.answers)?;
    let mut loader = Loader {
        pool: InMemory {
            starts: wave_starts(&collection)?,
            collection: &collection,
        },
        collection: &collection,
        budget: Budget::new(limits.bytes),
        waves: Vec::new(),
        plain: None,
        refused: Refused::default(),
    };
    let aliases = collection.aliases();
    let mut instruments = Vec::new();
    for raw in collection.instruments() {
        let Some(mut instrument) = loader.instrument(&raw)? else {
            continue;
        };
        if let Some(aliases) = &aliases
            && instrument.patch & model::DRUM_KIT != 0
        {
            aliases.add_keys(&mut instrument, &mut loader.budget)?;
        }
        vec::try_push(&mut instruments, Shared::try_new(instrument)?)?;
    }
    if let Some(aliases) = &aliases {
        aliases.add_programs(&mut instruments, &mut loader.budget)?;
    }
    *refused = loader.refused;
    Ok(instruments)
}

fn wave_starts(collection: &Collection) -> Result<Vec<u32>, NoMemory> {
    vec::try_collect(
        collection
            .pool
            .clone()
            .filter_map(|c| u32::try_from(c.offset).ok()),
    )
}

/// Where a loader finds waves.
pub trait WavePool {
    /// The wave that begins at an offset into the wave pool, if there is one. What it takes is taken off the budget.
    fn find(&mut self, offset: u32, budget: &mut Budget) -> Result<Option<model::Wave>, WaveError>;
}

/// The waves of a file that is in memory.
struct InMemory<'a> {
    collection: &'a Collection<'a>,
    /// Where the wave pool's lists begin, ascending. A cue that points elsewhere, into a wave, is not followed: waves that overlap
    /// would make time and memory quadratic.
    starts: Vec<u32>,
}

impl WavePool for InMemory<'_> {
    fn find(&mut self, offset: u32, budget: &mut Budget) -> Result<Option<model::Wave>, WaveError> {
        let known = self.starts.binary_search(&offset).ok();
        let Some(raw) = known.and_then(|_| self.collection.wave_at(offset)) else {
            return Ok(None);
        };
        convert::wave(&raw.format, raw.data, raw.sample.as_ref(), budget).map(Some)
    }
}

/// Makes instruments of a file's lists.
pub struct Loader<'a, P> {
    pub collection: &'a Collection<'a>,
    pub pool: P,
    pub budget: Budget,
    /// By offset into the wave pool, sorted; `None` for a wave that cannot be used.
    pub waves: Vec<(u32, Option<Shared<model::Wave>>)>,
    /// The defaults without any connection.
    pub plain: Option<Shared<model::Articulation>>,
    pub refused: Refused,
}

impl<P: WavePool> Loader<'_, P> {
    pub fn instrument(&mut self, raw: &Instrument) -> Result<Option<model::Instrument>, Error> {
        let mut global = None;
        let mut regions = Vec::new();
        for raw_region in raw.regions() {
            let Some(playable) = self.playable(&raw_region)? else {
                continue;
            };
            let articulation = match self.articulation(&raw_region.articulation())? {
                Some(own) => own,
                None => match &global {
                    Some(global) => Shared::clone(global),
                    None => {
                        let built = match self.articulation(&raw.articulation())? {
                            Some(global) => global,
                            None => self.plain()?,
                        };
                        global = Some(built.clone());
                        built
                    }
                },
            };
            self.budget.take(size_of::<model::Region>())?;
            vec::try_push(&mut regions, playable.region(&raw_region, articulation))?;
        }
        if regions.is_empty() {
            return Ok(None);
        }
        self.budget.take(size_of::<model::Instrument>())?;
        Ok(Some(model::Instrument::new(raw.patch(), false, regions)))
    }

    /// What a region needs to sound, or `None`.
    fn playable(&mut self, raw: &Region) -> Result<Option<Playable>, Error> {
        let (Some(keys), Some(velocities)) = (
            convert::range(raw.header.keys),
            convert::velocity_range(raw.header.velocities),
        ) else {
            return Ok(None);
        };
        let Some(link) = raw.link else {
            return Ok(None);
        };
        let Some(offset) = self.collection.cue(link.table_index) else {
            return Ok(None);
        };
        Ok(self.wave(offset)?.map(|wave| Playable {
            keys,
            velocities,
            link,
            wave,
        }))
    }

    fn wave(&mut self, offset: u32) -> Result<Option<Shared<model::Wave>>, Error> {
        let at = self.waves.partition_point(|w| w.0 < offset);
        if let Some((_, wave)) = self.waves.get(at).filter(|w| w.0 == offset) {
            return Ok(wave.clone());
        }
        let wave = match self.pool.find(offset, &mut self.budget) {
            Ok(None) => None,
            Ok(Some(wave)) => Some(Shared::try_new(wave)?),
            Err(WaveError::NoMemory) => return Err(Error::NoMemory),
            Err(WaveError::TooLarge) => return Err(Error::TooLarge),
            Err(WaveError::Unreadable) => return Err(Error::Unreadable),
            Err(why @ (WaveError::NotPcm | WaveError::NotMono | WaveError::Malformed)) => {
                let count = match why {
                    WaveError::NotPcm => &mut self.refused.not_pcm,
                    WaveError::NotMono => &mut self.refused.not_mono,
                    _ => &mut self.refused.malformed,
                };
                *count = count.saturating_add(1);
                None
            }
        };
        vec::try_insert(&mut self.waves, at, (offset, wave.clone()))?;
        Ok(wave)
    }

    /// `None` if the list holds no articulation.
    fn articulation(
        &mut self,
        raw: &Articulation,
    ) -> Result<Option<Shared<model::Articulation>>, Error> {
        if raw.is_empty() {
            return Ok(None);
        }
        let mut builder = Builder::new()?;
        for (level, connections) in raw.chunks() {
            for connection in connections {
                builder.add(level, &connection)?;
            }
        }
        let articulation = builder.finish();
        self.budget.take(articulation::cost(&articulation))?;
        Ok(Some(Shared::try_new(articulation)?))
    }

    fn plain(&mut self) -> Result<Shared<model::Articulation>, NoMemory> {
        if let Some(plain) = &self.plain {
            return Ok(plain.clone());
        }
        let plain = Shared::try_new(Builder::new()?.finish())?;
        self.plain = Some(plain.clone());
        Ok(plain)
    }
}

/// A region's checked ranges and its wave.
struct Playable {
    keys: (u8, u8),
    velocities: (u8, u8),
    link: super::super::raw::WaveLink,
    wave: Shared<model::Wave>,
}

impl Playable {
    fn region(self, raw: &Region, articulation: Shared<model::Articulation>) -> model::Region {
        convert::region(
            &raw.header,
            (self.keys, self.velocities),
            &self.link,
            raw.sample.as_ref(),
            self.wave,
            articulation,
        )
    }
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
