// SPDX-License-Identifier: MIT OR Apache-2.0
use super::NoMemory;
use super::boxed::allocate;
use super::sync::{AtomicUsize, Ordering, fence};
use alloc::boxed::Box;
use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::Deref;
use core::ptr::NonNull;

/// Counts above this are saturated: the block is leaked instead of freed too early.
const LIMIT: usize = usize::MAX / 2;
const SATURATED: usize = usize::MAX / 4 * 3;

struct Block<T> {
    count: AtomicUsize,
    value: T,
}

/// An `Arc` whose allocation can fail and which never aborts.
pub struct Shared<T> {
    block: NonNull<Block<T>>,
    owns: PhantomData<Block<T>>,
}

// SAFETY: like `Arc`: a clone gives `&T` to another thread, and the last one drops `T` there.
unsafe impl<T: Send + Sync> Send for Shared<T> {}
// SAFETY: as above; `&Shared<T>` can be cloned.
unsafe impl<T: Send + Sync> Sync for Shared<T> {}

impl<T> Shared<T> {
    /// Moves `value` to the heap. When there is no memory, `value` is dropped.
    pub fn try_new(value: T) -> Result<Self, NoMemory> {
        let block = allocate::<Block<T>>()?;
        // SAFETY: the block is ours and has room for a `Block<T>`.
        unsafe {
            block.write(Block {
                count: AtomicUsize::new(1),
                value,
            });
        }
        Ok(Self {
            block,
            owns: PhantomData,
        })
    }

    /// Gives up this reference unless it is the last one, which is handed back so that its owner can drop it where freeing is
    /// allowed. Never frees; any IRQL.
    pub fn release(self) -> Option<Self> {
        let this = ManuallyDrop::new(self);
        // Nobody else is left who could add a reference.
        is_last(this.count()).then(|| ManuallyDrop::into_inner(this))
    }

    /// Whether both refer to the same block.
    pub fn ptr_eq(a: &Self, b: &Self) -> bool {
        a.block == b.block
    }

    /// References at this moment (another thread may change it).
    pub fn count_of(this: &Self) -> usize {
        this.count().load(Ordering::Relaxed)
    }

    /// Whether this is the only reference. What others did with the value before they let it go has happened then.
    pub fn is_only(this: &Self) -> bool {
        this.count().load(Ordering::Acquire) == 1
    }

    /// The value, if this is the only reference.
    pub fn get_mut(this: &mut Self) -> Option<&mut T> {
        if this.count().load(Ordering::Acquire) != 1 {
            return None;
        }
        // SAFETY: the only reference is borrowed mutably; the acquire load saw every earlier release.
        Some(unsafe { &mut this.block.as_mut().value })
    }

    fn count(&self) -> &AtomicUsize {
        // SAFETY: a reference keeps its block alive; only `count` is borrowed.
        unsafe { &(*self.block.as_ptr()).count }
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        add(self.count());
        Self {
            block: self.block,
            owns: PhantomData,
        }
    }
}

impl<T> Drop for Shared<T> {
    #[inline(never)]
    fn drop(&mut self) {
        if take(self.count()) {
            // SAFETY: this was the last reference, so the block is ours again.
            unsafe { free(self.block) };
        }
    }
}

/// One reference more. Not inlined, like what follows: there is a reference to something wherever the driver looks.
#[inline(never)]
fn add(count: &AtomicUsize) {
    if count.fetch_add(1, Ordering::Relaxed) > LIMIT {
        count.store(SATURATED, Ordering::Relaxed);
    }
}

/// One reference less; whether it was the last. What the others did with the value has happened then.
#[inline(never)]
fn take(count: &AtomicUsize) -> bool {
    let before = count.fetch_sub(1, Ordering::Release);
    if before > LIMIT {
        count.store(SATURATED, Ordering::Relaxed);
        return false;
    }
    if before == 1 {
        fence(Ordering::Acquire);
    }
    before == 1
}

/// One reference less, unless it is the last; whether it is.
#[inline(never)]
fn is_last(references: &AtomicUsize) -> bool {
    let mut count = references.load(Ordering::Relaxed);
    loop {
        if count == 1 {
            return true;
        }
        if count > LIMIT {
            return false;
        }
        match references.compare_exchange_weak(
            count,
            count.wrapping_sub(1),
            Ordering::Release,
            Ordering::Relaxed,
        ) {
            Ok(_) => return false,
            Err(now) => count = now,
        }
    }
}

/// # Safety
/// The last reference is gone.
unsafe fn free<T>(block: NonNull<Block<T>>) {
    // SAFETY: the caller's promise; it was allocated with `Block<T>`'s layout.
    drop(unsafe { Box::from_raw(block.as_ptr()) });
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: a reference keeps its block alive, and shared values are only borrowed immutably.
        unsafe { &self.block.as_ref().value }
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use alloc::rc::Rc;
    use std::thread;
    use std::vec::Vec;

    #[test]
    fn the_last_reference_drops_the_value() {
        let probe = Rc::new(());
        let a = Shared::try_new(probe.clone()).unwrap();
        let b = a.clone();
        assert!(Shared::ptr_eq(&a, &b));
        drop(a);
        assert_eq!(Rc::strong_count(&probe), 2);
        drop(b);
        assert_eq!(Rc::strong_count(&probe), 1);
    }

    #[test]
    fn release_hands_back_only_the_last_one() {
        let mut a = Shared::try_new(5).unwrap();
        let b = a.clone();
        assert!(Shared::get_mut(&mut a).is_none());
        assert!(b.release().is_none());
        *Shared::get_mut(&mut a).unwrap() = 6;
        assert_eq!(a.release().as_deref(), Some(&6));
    }

    #[test]
    fn a_saturated_count_leaks_instead_of_freeing() {
        let a = Shared::try_new(1u8).unwrap();
        let block = a.block;
        a.count().store(LIMIT + 1, Ordering::Relaxed);
        let b = a.clone();
        assert_eq!(Shared::count_of(&b), SATURATED);
        drop(a);
        assert_eq!(Shared::count_of(&b), SATURATED);
        assert!(b.release().is_none());
        // SAFETY: the count never reached zero, so the block still exists; the test frees it.
        drop(unsafe { Box::from_raw(block.as_ptr()) });
    }

    #[test]
    fn many_threads_release_and_exactly_one_gets_it_back() {
        let rounds = if cfg!(miri) { 5 } else { 200 };
        for _ in 0..rounds {
            let first = Shared::try_new([1u64; 4]).unwrap();
            let clones: Vec<_> = (0..4).map(|_| first.clone()).collect();
            let threads: Vec<_> = clones
                .into_iter()
                .map(|s| thread::spawn(move || s.release().is_some() as u32))
                .collect();
            let mut last = first.release().is_some() as u32;
            for t in threads {
                last += t.join().unwrap();
            }
            assert_eq!(last, 1);
        }
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use loom::thread;

    #[test]
    fn loom_release_races_drop_and_clone() {
        loom::model(|| {
            let a = Shared::try_new(loom::sync::Arc::new(())).unwrap();
            let probe = (*a).clone();
            let b = a.clone();
            let c = a.clone();
            let t1 = thread::spawn(move || drop(b.release()));
            let t2 = thread::spawn(move || drop(c.clone()));
            drop(a);
            t1.join().unwrap();
            t2.join().unwrap();
            assert_eq!(loom::sync::Arc::strong_count(&probe), 1);
        });
    }
}
