// SPDX-License-Identifier: MIT OR Apache-2.0
//! An instrument's regions, found by key.

use super::Region;
use crate::mem::{NoMemory, vec};
use alloc::vec::Vec;
use core::ops::Deref;

/// Regions in the order in which they are tried. A drum kit has one for each key, and a note need not look at all of them.
#[derive(Debug, Default)]
pub struct Regions {
    all: Vec<Region>,
    places: Places,
}

/// By keys, eight at a time: the first region that has one of them, and the place behind the last.
type Places = [(u32, u32); BANDS];

const BANDS: usize = 16;

impl Regions {
    /// Finds out where they lie. Any IRQL.
    pub fn new(all: Vec<Region>) -> Self {
        let mut places = Places::default();
        for (at, region) in all.iter().enumerate() {
            place(&mut places, at as u32, region);
        }
        Self { all, places }
    }

    /// Adds a region behind the others. PASSIVE_LEVEL: it allocates.
    pub fn try_push(&mut self, region: Region) -> Result<(), NoMemory> {
        place(&mut self.places, self.all.len() as u32, &region);
        vec::try_push(&mut self.all, region)
    }

    /// Regions among which all are that have this key. Any IRQL.
    #[inline]
    pub fn near(&self, key: u8) -> &[Region] {
        let (first, end) = self
            .places
            .get(usize::from(key >> 3))
            .copied()
            .unwrap_or_default();
        self.all
            .get(first as usize..end as usize)
            .unwrap_or_default()
    }

    /// Those that a note of this key and velocity starts. Any IRQL.
    #[inline]
    pub fn sounding(&self, key: u8, velocity: u8) -> impl Iterator<Item = &Region> {
        let near = self.near(key).iter();
        near.filter(move |region| region.sounds(key, velocity))
    }
}

#[inline(never)]
fn place(places: &mut Places, at: u32, region: &Region) {
    let (low, high) = region.keys;
    let bands = usize::from(low >> 3)..usize::from(high >> 3).min(BANDS - 1) + 1;
    for (first, end) in places.get_mut(bands).unwrap_or_default() {
        *first = if *end == 0 { at } else { *first };
        *end = at.saturating_add(1);
    }
}

impl Deref for Regions {
    type Target = [Region];

    fn deref(&self) -> &[Region] {
        &self.all
    }
}

impl<'a> IntoIterator for &'a Regions {
    type Item = &'a Region;
    type IntoIter = core::slice::Iter<'a, Region>;

    fn into_iter(self) -> Self::IntoIter {
        self.all.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dls::convert;
    use crate::dls::model::{Articulation, Wave};
    use crate::mem::Shared;
    use proptest::prelude::*;

    fn region(keys: (u8, u8), velocities: (u8, u8)) -> Region {
        let sample = convert::sample(None, 1);
        let wave = Wave::new(8000, &[0], sample).unwrap();
        Region {
            keys,
            velocities,
            self_non_exclusive: false,
            key_group: 0,
            phase_group: 0,
            phase_master: false,
            channels: 1,
            wave: Shared::try_new(wave).unwrap(),
            sample,
            articulation: Shared::try_new(Articulation::new(Vec::new())).unwrap(),
        }
    }

    proptest! {
        /// Whatever ranges there are, some of them added later: the regions that sound are found, all of them and in their order.
        #[test]
        fn a_note_finds_its_regions(
            ranges in prop::collection::vec((0u8..128, 0u8..128, 0u8..128, 0u8..128), 0..40),
            later in 0usize..40,
        ) {
            let ordered = |a: u8, b: u8| (a.min(b), a.max(b));
            let mut all: Vec<Region> = ranges
                .iter()
                .map(|&(a, b, c, d)| region(ordered(a, b), ordered(c, d)))
                .collect();
            let added = all.split_off(later.min(all.len()));
            let mut regions = Regions::new(all);
            for region in added {
                regions.try_push(region).unwrap();
            }
            prop_assert_eq!(regions.len(), ranges.len());
            for key in 0..128 {
                for velocity in [0, 1, 40, 64, 100, 127] {
                    let found = regions.sounding(key, velocity).map(core::ptr::from_ref);
                    let wanted = regions.iter().filter(|r| r.sounds(key, velocity));
                    prop_assert!(found.eq(wanted.map(core::ptr::from_ref)), "{key} {velocity}");
                }
            }
        }
    }

    /// Of a kit with a region for each key a note looks at eight.
    #[test]
    fn a_kit_is_not_looked_through() {
        let kit = (0..128).map(|key| region((key, key), (0, 127))).collect();
        let kit = Regions::new(kit);
        for key in 0..128 {
            assert_eq!(kit.near(key).len(), 8);
        }
    }
}
