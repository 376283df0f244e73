// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which slots the voices of a part are in, without a search.

use crate::mem::{NoMemory, TryBox, vec};
use alloc::vec::Vec;

/// Chains; a few parts may share one. As many as a byte can name: no number of a chain is out of range.
const CHAINS: usize = 1 << u8::BITS;
/// No slot.
const NONE: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
struct Link {
    before: u32,
    after: u32,
}

/// Slots in chains, the latest first. Whoever follows a chain asks each slot whether it belongs to the part.
#[derive(Debug)]
pub struct Chains {
    first: TryBox<[u32; CHAINS]>,
    /// Keys, as bits, that voices of a chain may have; none of an empty one.
    keys: TryBox<[[u64; 2]; CHAINS]>,
    links: Vec<Link>,
}

impl Chains {
    /// Empty chains for `slots` slots.
    pub fn new(slots: usize) -> Result<Self, NoMemory> {
        let alone = Link {
            before: NONE,
            after: NONE,
        };
        Ok(Self {
            first: TryBox::try_filled(NONE)?,
            keys: TryBox::try_filled([0; 2])?,
            links: vec::try_filled(slots, alone)?,
        })
    }

    fn chain(port: u8, part: u16) -> usize {
        // Channels of a port lie next to each other, ports far apart.
        usize::from(port.wrapping_mul(61).wrapping_add(part as u8))
    }

    /// A voice of a part gets this key.
    pub fn mark(&mut self, port: u8, part: u16, key: u8) {
        let keys = self.keys.get_mut(Self::chain(port, part));
        if let Some(keys) = keys.and_then(|keys| keys.get_mut(usize::from(key >> 6))) {
            *keys |= 1 << (key & 0x3F);
        }
    }

    /// A voice of the part may have this key.
    pub fn may_hold(&self, port: u8, part: u16, key: u8) -> bool {
        let keys = self.keys.get(Self::chain(port, part));
        let keys = keys.and_then(|keys| keys.get(usize::from(key >> 6)));
        keys.is_some_and(|keys| keys >> (key & 0x3F) & 1 == 1)
    }

    /// Puts a slot, which is in no chain, into that of its part.
    pub fn insert(&mut self, slot: usize, port: u8, part: u16) {
        let Some(first) = self.first.get_mut(Self::chain(port, part)) else {
            return;
        };
        let after = core::mem::replace(first, slot as u32);
        if let Some(link) = self.links.get_mut(slot) {
            *link = Link {
                before: NONE,
                after,
            };
        }
        if let Some(link) = self.links.get_mut(after as usize) {
            link.before = slot as u32;
        }
    }

    /// Takes a slot out of the chain of its part.
    pub fn remove(&mut self, slot: usize, port: u8, part: u16) {
        let Some(&Link { before, after }) = self.links.get(slot) else {
            return;
        };
        if let Some(link) = self.links.get_mut(after as usize) {
            link.before = before;
        }
        match self.links.get_mut(before as usize) {
            Some(link) => link.after = after,
            None => {
                let chain = Self::chain(port, part);
                if let Some(first) = self.first.get_mut(chain) {
                    *first = after;
                }
                if after == NONE
                    && let Some(keys) = self.keys.get_mut(chain)
                {
                    *keys = [0; 2];
                }
            }
        }
    }

    /// Takes over the chains of `other`, as far as there are slots.
    pub fn copy(&mut self, other: &Self) {
        *self.first = *other.first;
        *self.keys = *other.keys;
        let count = self.links.len().min(other.links.len());
        if let (Some(to), Some(from)) = (self.links.get_mut(..count), other.links.get(..count)) {
            to.copy_from_slice(from);
        }
    }

    /// The first slot of a part's chain.
    #[inline]
    pub fn first(&self, port: u8, part: u16) -> Option<usize> {
        let first = self.first.get(Self::chain(port, part)).copied();
        first.filter(|slot| *slot != NONE).map(|slot| slot as usize)
    }

    /// The slot behind this one.
    #[inline]
    pub fn after(&self, slot: usize) -> Option<usize> {
        let after = self.links.get(slot).map(|link| link.after);
        after.filter(|slot| *slot != NONE).map(|slot| slot as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use alloc::vec::Vec;

    fn walk(chains: &Chains, port: u8, part: u16) -> Vec<usize> {
        core::iter::successors(chains.first(port, part), |slot| chains.after(*slot)).collect()
    }

    #[test]
    fn keys_are_known_until_a_chain_is_empty() {
        let mut chains = Chains::new(8).unwrap();
        for (slot, key) in [(0, 60), (1, 127), (2, 0)] {
            chains.insert(slot, 1, 5);
            chains.mark(1, 5, key);
        }
        chains.remove(1, 1, 5);
        for key in 0..128 {
            let there = [0, 60, 127].contains(&key);
            assert!(!there || chains.may_hold(1, 5, key), "{key}");
            assert!(!chains.may_hold(1, 6, key));
        }
        assert!(!chains.may_hold(1, 5, 61));
        chains.remove(0, 1, 5);
        assert!(chains.may_hold(1, 5, 0));
        chains.remove(2, 1, 5);
        assert!((0..128).all(|key| !chains.may_hold(1, 5, key)));
    }

    #[test]
    fn chains_hold_what_is_in_them() {
        let mut chains = Chains::new(64).unwrap();
        let part = |slot: usize| ((slot % 3) as u8, (slot % 5 * 64) as u16);
        let mut inside = BTreeSet::new();
        for round in 0..1000usize {
            let slot = round * 37 % 61;
            let (port, number) = part(slot);
            if inside.remove(&slot) {
                chains.remove(slot, port, number);
            } else {
                chains.insert(slot, port, number);
                inside.insert(slot);
            }
            let mut seen = BTreeSet::new();
            for port in 0..3 {
                for number in (0..5).map(|n| n * 64) {
                    let found = walk(&chains, port, number);
                    seen.extend(found.iter().copied().filter(|s| part(*s) == (port, number)));
                    assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), found.len());
                }
            }
            assert_eq!(seen, inside);
        }
    }
}
