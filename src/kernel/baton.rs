//! A value that one of several contexts owns at a time.

use super::irql::Passive;
use core::cell::UnsafeCell;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicU32, Ordering};

const BUSY: u32 = 1 << 31;

/// A value with an owner. The owner enters without waiting, at any IRQL; ownership changes hands at `PASSIVE_LEVEL`, after the old
/// owner has left.
pub struct Baton<T> {
    /// The owner's number, and [`BUSY`] while somebody is inside.
    word: AtomicU32,
    value: UnsafeCell<T>,
}

// SAFETY: `BUSY` admits one context at a time.
unsafe impl<T: Send> Sync for Baton<T> {}

impl<T> Baton<T> {
    pub const fn new(owner: u32, value: T) -> Self {
        Self {
            word: AtomicU32::new(owner & !BUSY),
            value: UnsafeCell::new(value),
        }
    }

    /// Who owns the value now. Sequentially consistent: of "queue, then ask" and "hand over, then look at the queue" at least one
    /// sees the other.
    pub fn owner(&self) -> u32 {
        self.word.load(Ordering::SeqCst) & !BUSY
    }

    /// The value, if `who` owns it and nobody is inside. Any IRQL; never waits.
    pub fn enter(&self, who: u32) -> Option<Inside<'_, T>> {
        self.word
            .compare_exchange(who & !BUSY, who | BUSY, Ordering::SeqCst, Ordering::Relaxed)
            .ok()
            .map(|_| Inside(self))
    }

    /// Waits until nobody is inside, lets `f` change the value, and makes `to` the owner. One thread at a time calls this.
    pub fn hand_over<R>(&self, passive: Passive, to: u32, f: impl FnOnce(&mut T) -> R) -> R {
        /// 100 µs.
        const POLL: i64 = 1000;
        loop {
            let owner = self.owner();
            if let Some(mut inside) = self.enter(owner) {
                let result = f(&mut inside);
                core::mem::forget(inside);
                self.word.store(to & !BUSY, Ordering::SeqCst);
                return result;
            }
            passive.sleep(POLL);
        }
    }
}

/// Access to the value of a [`Baton`]; leaving is dropping it.
pub struct Inside<'a, T>(&'a Baton<T>);

impl<T> Deref for Inside<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: `BUSY` was set by the one who made this.
        unsafe { &*self.0.value.get() }
    }
}

impl<T> DerefMut for Inside<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and `self` is borrowed mutably.
        unsafe { &mut *self.0.value.get() }
    }
}

impl<T> Drop for Inside<'_, T> {
    fn drop(&mut self) {
        self.0.word.fetch_and(!BUSY, Ordering::SeqCst);
    }
}
