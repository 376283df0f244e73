// SPDX-License-Identifier: MIT OR Apache-2.0
use super::super::convert;
use super::super::model::Wave;
use super::Error;
use crate::mem::{Shared, vec};
use alloc::vec::Vec;

/// All waves that are in use, found by content.
#[derive(Debug)]
pub struct Waves {
    /// Sorted by hash.
    entries: Vec<Entry>,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    hash: u64,
    cost: usize,
    wave: Shared<Wave>,
}

/// Waves of equal hash that are compared before a new one is taken as new. More than one is an accident or an attack.
const CANDIDATES: usize = 4;

impl Waves {
    pub const fn new() -> Self {
        Self {
            entries: Vec::new(),
            bytes: 0,
        }
    }

    /// Bytes of all waves.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The wave that is there with the same content, or this one, if no more than `limit` bytes are then in use.
    pub fn share(&mut self, wave: Wave, cost: usize, limit: usize) -> Result<Shared<Wave>, Error> {
        debug_assert_eq!(wave.sample, convert::sample(None, wave.frame_count()));
        let hash = hash(&wave);
        if let Some(same) = self.find(hash, &wave) {
            return Ok(same);
        }
        if self.bytes.saturating_add(cost) > limit {
            self.collect();
        }
        if self.bytes.saturating_add(cost) > limit {
            return Err(Error::Quota);
        }
        let wave = Shared::try_new(wave)?;
        let entry = Entry {
            hash,
            cost,
            wave: wave.clone(),
        };
        let at = self.entries.partition_point(|e| e.hash < hash);
        vec::try_insert(&mut self.entries, at, entry)?;
        self.bytes = self.bytes.saturating_add(cost);
        Ok(wave)
    }

    /// Frees the waves that only this list refers to.
    pub fn collect(&mut self) {
        let bytes = &mut self.bytes;
        self.entries.retain(|entry| {
            let used = Shared::count_of(&entry.wave) > 1;
            if !used {
                *bytes = bytes.saturating_sub(entry.cost);
            }
            used
        });
        if self.entries.is_empty() {
            self.entries = Vec::new();
        }
    }

    fn find(&self, hash: u64, wave: &Wave) -> Option<Shared<Wave>> {
        let first = self.entries.partition_point(|e| e.hash < hash);
        let rest = self.entries.get(first..).unwrap_or_default();
        let near = rest.iter().take(CANDIDATES);
        let mut equal = near.filter(|e| e.hash == hash);
        equal.find(|e| same(&e.wave, wave)).map(|e| e.wave.clone())
    }
}

/// A download describes its wave by its length alone: what has the same frames has the same [`sample`](Wave::sample).
fn same(a: &Wave, b: &Wave) -> bool {
    a.rate == b.rate && a.frames() == b.frames()
}

fn hash(wave: &Wave) -> u64 {
    const K: u64 = 0x9E37_79B9_7F4A_7C15;
    let seed = u64::from(wave.rate) ^ (wave.frames.len() as u64) << 32;
    let (quads, rest) = wave.frames.as_chunks::<4>();
    let words = quads.iter().map(|q| {
        q.iter()
            .fold(0, |word, &f| word << 16 | u64::from(f as u16))
    });
    let rest = rest.iter().map(|&f| u64::from(f as u16));
    words.chain(rest).fold(seed.wrapping_mul(K), |hash, word| {
        let mixed = (hash ^ word).wrapping_mul(K);
        mixed ^ mixed >> 29
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dls::convert;
    use std::vec::Vec;

    fn wave(frames: &[i16]) -> Wave {
        Wave::new(8000, frames, convert::sample(None, frames.len())).unwrap()
    }

    #[test]
    fn content_is_kept_once() {
        let mut waves = Waves::new();
        let a = waves.share(wave(&[1, 2, 3, 4, 5]), 10, 100).unwrap();
        let b = waves.share(wave(&[1, 2, 3, 4, 5]), 10, 100).unwrap();
        let c = waves.share(wave(&[1, 2, 3, 4, 6]), 10, 100).unwrap();
        assert!(Shared::ptr_eq(&a, &b) && !Shared::ptr_eq(&a, &c));
        assert_eq!(waves.bytes(), 20);
        drop((a, c));
        waves.collect();
        assert_eq!((waves.bytes(), waves.entries.len()), (10, 1));
        drop(b);
        waves.collect();
        assert_eq!((waves.bytes(), waves.entries.len()), (0, 0));
        assert_eq!(waves.entries.capacity(), 0, "nothing is held for nothing");
    }

    /// Waves that differ in one frame, or in its place, are found again each, however many there are: they are spread by content.
    #[test]
    fn similar_waves_are_shared_too() {
        let frames = |n: usize| {
            let mut frames = [7i16; 11];
            frames[n % 11] = -1 - (n / 11) as i16;
            frames
        };
        let mut waves = Waves::new();
        let first: Vec<_> = (0..220)
            .map(|n| waves.share(wave(&frames(n)), 1, 1000).unwrap())
            .collect();
        assert_eq!(waves.bytes(), 220);
        for (n, first) in first.iter().enumerate() {
            let again = waves.share(wave(&frames(n)), 1, 1000).unwrap();
            assert!(Shared::ptr_eq(&again, first), "{n}");
        }
        assert_eq!(waves.bytes(), 220);
    }

    #[test]
    fn the_limit_makes_room_first() {
        let mut waves = Waves::new();
        let a = waves.share(wave(&[1]), 60, 100).unwrap();
        assert_eq!(waves.share(wave(&[2]), 60, 100).err(), Some(Error::Quota));
        drop(a);
        assert!(waves.share(wave(&[2]), 60, 100).is_ok());
    }

    #[test]
    fn equal_hashes_do_not_confuse() {
        let mut waves = Waves::new();
        let kept: Vec<_> = (0..10)
            .map(|i| {
                let wave = Shared::try_new(wave(&[i])).unwrap();
                waves.entries.push(Entry {
                    hash: hash(&self::wave(&[100])),
                    cost: 1,
                    wave: wave.clone(),
                });
                wave
            })
            .collect();
        let new = waves.share(wave(&[100]), 1, 100).unwrap();
        assert_eq!(new.frames(), [100]);
        assert_eq!(kept.len(), 10);
    }
}
