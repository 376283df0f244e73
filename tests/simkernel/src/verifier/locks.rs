// SPDX-License-Identifier: MIT OR Apache-2.0
//! Spin locks that are held, and the orders in which they were acquired.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

pub(super) struct Locks {
    held: Vec<Held>,
    /// What was acquired while a lock was held.
    then: BTreeMap<usize, BTreeSet<usize>>,
    /// Microseconds that the processor has been stalled since the first of them was acquired.
    pub stalled: u32,
}

struct Held {
    lock: usize,
    /// Its order counts.
    ordered: bool,
    /// The context that has acquired it.
    owner: usize,
}

impl Locks {
    pub const fn new() -> Self {
        Locks {
            held: Vec::new(),
            then: BTreeMap::new(),
            stalled: 0,
        }
    }

    /// A lock that is held and has been acquired after this one before: together they can wait for each other for ever.
    pub fn acquire(&mut self, lock: usize, ordered: bool, owner: usize) -> Option<usize> {
        let mut against = None;
        if self.first(owner).is_none() {
            self.stalled = 0;
        }
        if ordered {
            let before = self
                .held
                .iter()
                .filter(|held| held.ordered && held.owner == owner);
            for other in before {
                let is_new = self.then.entry(other.lock).or_default().insert(lock);
                if is_new && Self::leads(&self.then, lock, other.lock) {
                    against = Some(other.lock);
                }
            }
        }
        self.held.push(Held {
            lock,
            ordered,
            owner,
        });
        against
    }

    /// Whether `to` was ever acquired after `from`, or after one that was.
    fn leads(then: &BTreeMap<usize, BTreeSet<usize>>, from: usize, to: usize) -> bool {
        let mut seen = BTreeSet::new();
        let mut open = vec![from];
        while let Some(lock) = open.pop() {
            if lock == to {
                return true;
            }
            if seen.insert(lock) {
                open.extend(then.get(&lock).into_iter().flatten());
            }
        }
        false
    }

    pub fn release(&mut self, lock: usize) {
        if let Some(at) = self.held.iter().rposition(|held| held.lock == lock) {
            self.held.remove(at);
        }
    }

    /// Who holds it.
    pub fn owner(&self, lock: usize) -> Option<usize> {
        self.held
            .iter()
            .find(|held| held.lock == lock)
            .map(|held| held.owner)
    }

    /// The first lock that a context holds.
    pub fn first(&self, owner: usize) -> Option<usize> {
        self.held
            .iter()
            .find(|held| held.owner == owner)
            .map(|held| held.lock)
    }

    /// A context holds none any more.
    pub fn clear(&mut self, owner: usize) {
        self.held.retain(|held| held.owner != owner);
    }

    /// Locks in this memory are others from now on.
    pub fn forget(&mut self, range: Range<usize>) {
        self.then.retain(|lock, after| {
            after.retain(|lock| !range.contains(lock));
            !range.contains(lock) && !after.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::Locks;

    fn nested(locks: &mut Locks, order: &[usize]) -> Option<usize> {
        let against = order
            .iter()
            .filter_map(|lock| locks.acquire(*lock, true, 7));
        let first = against.collect::<Vec<_>>().first().copied();
        order.iter().for_each(|lock| locks.release(*lock));
        first
    }

    #[test]
    fn a_cycle_is_found_once() {
        let mut locks = Locks::new();
        assert_eq!(nested(&mut locks, &[1, 2]), None);
        assert_eq!(nested(&mut locks, &[2, 3]), None);
        assert_eq!(nested(&mut locks, &[1, 3]), None);
        assert_eq!(nested(&mut locks, &[3, 1]), Some(3));
        assert_eq!(nested(&mut locks, &[3, 1]), None);
    }

    #[test]
    fn memory_that_is_freed_has_no_order() {
        let mut locks = Locks::new();
        assert_eq!(nested(&mut locks, &[1, 2]), None);
        locks.forget(1..2);
        assert_eq!(nested(&mut locks, &[2, 1]), None);
    }
}
