// SPDX-License-Identifier: MIT OR Apache-2.0
//! `pgal` of mobile banks: drum keys and programs that sound as others do.

use super::super::convert::Budget;
use super::super::model::{Destination, Instrument, Region, Source};
use super::Error;
use crate::mem::{Shared, vec};
use alloc::vec::Vec;

/// Records that count: more than there are programs in any bank.
const MOST: usize = 1024;
/// Between the key table and the records.
const FOOTER: usize = 4;
const RECORD: usize = 8;

/// The chunk: a version (4 bytes, may be missing), 128 keys, a footer, records.
pub struct Aliases<'a> {
    /// By key, the one that it sounds as.
    keys: &'a [u8; 128],
    records: &'a [u8],
}

impl<'a> Aliases<'a> {
    /// `None` if there is no whole table.
    pub fn read(chunk: &'a [u8]) -> Option<Self> {
        // The lowest four keys stand for themselves: what begins otherwise is a version, of which 1 and 2 are known.
        let versioned = chunk.first_chunk() != Some(&[0, 1, 2, 3]);
        let table = chunk.get(if versioned { 4 } else { 0 }..)?;
        let (keys, rest) = table.split_first_chunk()?;
        Some(Self {
            keys,
            records: rest.get(FOOTER..).unwrap_or_default(),
        })
    }

    /// Keys that sound as another one: the key, the other.
    pub fn keys(&self) -> impl Iterator<Item = (u8, u8)> + use<'a> {
        (0u8..)
            .zip(*self.keys)
            .filter(|&(key, source)| key != source)
    }

    /// Melodic patches that sound as another one: the patch, the other.
    pub fn programs(&self) -> impl Iterator<Item = (u32, u32)> + use<'a> {
        let (records, _) = self.records.as_chunks::<RECORD>();
        records
            .iter()
            .take(MOST)
            .map(|&[a, b, c, d, source @ ..]| (patch([a, b, c, d]), patch(source)))
    }

    /// Gives a drum kit the keys that it lacks. They sound at the pitch of the key that they stand for.
    pub fn add_keys(&self, kit: &mut Instrument, budget: &mut Budget) -> Result<(), Error> {
        let own = kit.regions.len();
        for (key, source) in self.keys() {
            let regions = kit.regions.get(..own).unwrap_or_default();
            let plays = |of: u8| move |r: &&Region| (r.keys.0..=r.keys.1).contains(&of);
            if regions.iter().any(|r| plays(key)(&r)) {
                continue;
            }
            for at in 0..own {
                if let Some(region) = kit.regions.get(at).filter(plays(source)) {
                    budget.take(size_of::<Region>())?;
                    let copy = moved(region, source, key);
                    kit.regions.try_push(copy)?;
                }
            }
        }
        Ok(())
    }

    /// Adds the programs that are missing.
    pub fn add_programs(
        &self,
        instruments: &mut Vec<Shared<Instrument>>,
        budget: &mut Budget,
    ) -> Result<(), Error> {
        for (alias, source) in self.programs() {
            let find = |patch: u32| instruments.iter().find(|i| i.patch == patch);
            let (None, Some(found)) = (find(alias), find(source)) else {
                continue;
            };
            let mut regions = vec::try_with_capacity(found.regions.len())?;
            for region in &found.regions {
                budget.take(size_of::<Region>())?;
                vec::push_within(&mut regions, region.clone()).map_err(|_| Error::NoMemory)?;
            }
            budget.take(size_of::<Instrument>())?;
            let copy = Instrument::new(alias, false, regions);
            vec::try_push(instruments, Shared::try_new(copy)?)?;
        }
        Ok(())
    }
}

/// A melodic patch: the bank's seven-bit halves in 14 bits, the program, a zero.
fn patch([low, high, program, _]: [u8; 4]) -> u32 {
    let bank = u32::from(u16::from_le_bytes([low, high]));
    (bank >> 7 & 0x7F) << 16 | (bank & 0x7F) << 8 | u32::from(program) & 0x7F
}

/// The region on another key, at its old pitch.
fn moved(region: &Region, from: u8, to: u8) -> Region {
    let mut copy = region.clone();
    copy.keys = (to, to);
    let pitch = |c: &&super::super::model::Connection| {
        (c.source, c.control, c.destination) == (Source::Key, Source::None, Destination::Pitch)
    };
    let tracking = region.articulation.connections().iter().find(pitch);
    // Cents per 128 keys.
    let scale = tracking.map_or(0, |c| i64::from(c.scale >> 16));
    let cents = scale * (i64::from(from) - i64::from(to)) / 128;
    let tuned = i64::from(copy.sample.fine_tune).saturating_add(cents);
    copy.sample.fine_tune = tuned.clamp(i16::MIN.into(), i16::MAX.into()) as i16;
    copy
}
