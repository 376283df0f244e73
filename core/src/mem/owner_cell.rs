// SPDX-License-Identifier: MIT OR Apache-2.0
//! A value that one of several contexts owns at a time.
//!
//! One word says who owns the value and whether somebody is inside. Entering is one compare-and-swap from "owned by me, nobody inside" to
//! "owned by me, somebody inside"; so at most one context is inside, and only the owner. Leaving and handing over are one store of the
//! next owner's number, made by whoever is inside: nobody else writes the word then. The store releases what was done to the value, and
//! the next swap acquires it. All are sequentially consistent beside that: of "queue something, then ask for the owner" and "hand over,
//! then look at the queue" at least one sees the other, so nothing that is queued at a change of owner lies unseen.

use super::sync::{AtomicU32, MutPtr, Ordering, UnsafeCell};
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};

/// Somebody is inside.
const BUSY: u32 = 1 << 31;

/// A value with an owner. The owner enters without waiting, at any IRQL; ownership changes hands where waiting is allowed, after the old
/// owner has left.
///
/// ```
/// use arioso_core::mem::OwnerCell;
///
/// let cell = OwnerCell::new(1, "the renderer");
/// assert!(cell.enter(2).is_none());
/// assert_eq!(cell.enter(1).as_deref(), Some(&"the renderer"));
/// cell.hand_over(2, || unreachable!("nobody is inside"), |_| ());
/// assert_eq!(cell.owner(), 2);
/// ```
///
/// # Invariants
/// While `BUSY` is set there is exactly one [`Entered`], and the word is only written by it.
pub struct OwnerCell<T> {
    /// The owner's number, and [`BUSY`] while somebody is inside.
    word: AtomicU32,
    value: UnsafeCell<T>,
}

// SAFETY: `BUSY` admits one context at a time, and the swap and the store order what they do.
unsafe impl<T: Send> Sync for OwnerCell<T> {}
// SAFETY: the cell is its value and a word.
unsafe impl<T: Send> Send for OwnerCell<T> {}

impl<T> OwnerCell<T> {
    /// A value that `owner` owns; owners are numbers below 2^31.
    pub fn new(owner: u32, value: T) -> Self {
        Self {
            word: AtomicU32::new(owner & !BUSY),
            value: UnsafeCell::new(value),
        }
    }

    /// Who owns the value now.
    pub fn owner(&self) -> u32 {
        self.word.load(Ordering::SeqCst) & !BUSY
    }

    /// The value, if `who` owns it and nobody is inside. Any IRQL; never waits.
    pub fn enter(&self, who: u32) -> Option<Entered<'_, T>> {
        let who = who & !BUSY;
        self.word
            .compare_exchange(who, who | BUSY, Ordering::SeqCst, Ordering::Relaxed)
            .ok()?;
        Some(Entered {
            cell: self,
            next: who,
            value: ManuallyDrop::new(self.value.get_mut()),
        })
    }

    /// Waits until nobody is inside, lets `f` change the value, and makes `to` the owner. `wait` lets others run for a while: at
    /// `PASSIVE_LEVEL` in the driver. One thread at a time calls this.
    pub fn hand_over<R>(&self, to: u32, mut wait: impl FnMut(), f: impl FnOnce(&mut T) -> R) -> R {
        loop {
            if let Some(mut entered) = self.enter(self.owner()) {
                let result = f(&mut entered);
                entered.next = to & !BUSY;
                return result;
            }
            wait();
        }
    }
}

/// Access to the value of an [`OwnerCell`]; dropping it is leaving.
pub struct Entered<'a, T> {
    cell: &'a OwnerCell<T>,
    /// Who owns the value afterwards.
    next: u32,
    value: ManuallyDrop<MutPtr<T>>,
}

impl<T> Deref for Entered<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: `BUSY` was set by the one who made this, so the value is ours.
        unsafe { MutPtr::deref(&self.value) }
    }
}

impl<T> DerefMut for Entered<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and `self` is borrowed mutably.
        unsafe { MutPtr::deref(&self.value) }
    }
}

impl<T> Drop for Entered<'_, T> {
    fn drop(&mut self) {
        // SAFETY: dropped here only, before the word lets another in.
        unsafe { ManuallyDrop::drop(&mut self.value) };
        self.cell.word.store(self.next, Ordering::SeqCst);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn only_the_owner_enters_and_alone() {
        let cell = OwnerCell::new(1, 7);
        assert!(cell.enter(0).is_none());
        let mut inside = cell.enter(1).unwrap();
        assert!(cell.enter(1).is_none());
        *inside += 1;
        drop(inside);
        assert_eq!(cell.owner(), 1);
        // Nor the one whose number is 0.
        let zero = OwnerCell::new(0, ());
        for who in 0..3 {
            let inside = zero.enter(0).unwrap();
            assert!(zero.enter(who).is_none());
            drop(inside);
        }
        let old = cell.hand_over(2, || unreachable!("nobody is inside"), |value| *value);
        assert_eq!(old, 8);
        assert!(cell.enter(1).is_none());
        assert_eq!(*cell.enter(2).unwrap(), 8);
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use loom::sync::Arc;
    use loom::thread;

    /// Two owners and a hand-over between them: never two inside, and nothing that was done is lost. Loom's cell reports accesses that
    /// overlap or are not ordered.
    #[test]
    fn loom_owners_change_while_they_work() {
        loom::model(|| {
            let cell = Arc::new(OwnerCell::new(1, 0u32));
            let owners: std::vec::Vec<_> = [1, 2]
                .into_iter()
                .map(|who| {
                    let cell = cell.clone();
                    thread::spawn(move || match cell.enter(who) {
                        Some(mut value) => {
                            *value += 1;
                            1
                        }
                        None => 0,
                    })
                })
                .collect();
            cell.hand_over(2, thread::yield_now, |value| *value += 100);
            let entered: u32 = owners.into_iter().map(|t| t.join().unwrap()).sum();
            assert_eq!(cell.owner(), 2);
            assert_eq!(*cell.enter(2).unwrap(), 100 + entered);
        });
    }

    /// A DPC and a thread that both act as the owner, as when a full command ring is executed in the owner's place.
    #[test]
    fn loom_two_contexts_act_as_the_owner() {
        loom::model(|| {
            let cell = Arc::new(OwnerCell::new(3, 0u32));
            let other = {
                let cell = cell.clone();
                thread::spawn(move || cell.enter(3).map(|mut value| *value += 1).is_some() as u32)
            };
            let here = cell.enter(3).map(|mut value| *value += 1).is_some() as u32;
            let there = other.join().unwrap();
            assert!(here + there >= 1);
            assert_eq!(*cell.enter(3).unwrap(), here + there);
        });
    }
}
