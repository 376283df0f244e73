// SPDX-License-Identifier: MIT OR Apache-2.0
use super::sync::{AtomicUsize, Ordering, UnsafeCell};
use super::{NoMemory, vec};
use alloc::vec::Vec;
use core::fmt;
use core::mem::MaybeUninit;

/// A bounded queue between contexts that may not wait for each other: any number of producers and consumers, any IRQL, no lock,
/// no allocation after construction. Values of one producer come out in the order in which it pushed them.
///
/// ```
/// use arioso_core::mem::Ring;
///
/// let ring = Ring::new(2).unwrap();
/// assert_eq!((ring.try_push(1), ring.try_push(2), ring.try_push(3)), (Ok(()), Ok(()), Err(3)));
/// assert_eq!((ring.try_pop(), ring.try_pop(), ring.try_pop()), (Some(1), Some(2), None));
/// ```
///
/// Each slot carries a sequence number (Vyukov's bounded queue): `position` means free for the push at that position,
/// `position + 1` means filled. A producer that is interrupted inside [`Ring::try_push`] hides what was pushed after it until it
/// continues; nobody waits for it.
pub struct Ring<T> {
    /// Their number is a power of two.
    slots: Vec<Slot<T>>,
    push_at: Line,
    pop_at: Line,
}

struct Slot<T> {
    sequence: AtomicUsize,
    value: UnsafeCell<MaybeUninit<T>>,
}

/// Keeps producers and consumers off each other's cache line.
#[repr(align(64))]
struct Line(AtomicUsize);

// SAFETY: values move from thread to thread, and each slot is touched only by the one context that claimed its position.
unsafe impl<T: Send> Send for Ring<T> {}
// SAFETY: as above; there is no access to a value by reference.
unsafe impl<T: Send> Sync for Ring<T> {}

impl<T> Ring<T> {
    /// Room for `capacity` values, rounded up to a power of two, at least two.
    pub fn new(capacity: usize) -> Result<Self, NoMemory> {
        let capacity = capacity
            .max(2)
            .checked_next_power_of_two()
            .ok_or(NoMemory)?;
        let slots = vec::try_collect((0..capacity).map(|position| Slot {
            sequence: AtomicUsize::new(position),
            value: UnsafeCell::new(MaybeUninit::uninit()),
        }))?;
        Ok(Self {
            slots,
            push_at: Line(AtomicUsize::new(0)),
            pop_at: Line(AtomicUsize::new(0)),
        })
    }

    /// Values that the ring holds at most.
    pub fn capacity(&self) -> usize {
        self.slots.len()
    }

    /// The slot of a position.
    #[inline(always)]
    fn slot(&self, position: usize) -> Option<&Slot<T>> {
        self.slots.get(position & self.slots.len().wrapping_sub(1))
    }

    /// Hands the value back when the ring is full.
    pub fn try_push(&self, value: T) -> Result<(), T> {
        let mut position = self.push_at.0.load(Ordering::Relaxed);
        loop {
            let Some(slot) = self.slot(position) else {
                return Err(value);
            };
            let ahead = slot.sequence.load(Ordering::Acquire).wrapping_sub(position) as isize;
            if ahead < 0 {
                return Err(value);
            }
            if ahead > 0 {
                position = self.push_at.0.load(Ordering::Relaxed);
                continue;
            }
            match claim(&self.push_at, position) {
                Err(now) => position = now,
                Ok(()) => {
                    // SAFETY: the sequence said the slot is free, and the position was claimed by this context alone.
                    slot.value.with_mut(|v| unsafe { (*v).write(value) });
                    slot.sequence
                        .store(position.wrapping_add(1), Ordering::Release);
                    return Ok(());
                }
            }
        }
    }

    /// The oldest value, if its push is complete.
    pub fn try_pop(&self) -> Option<T> {
        let mut position = self.pop_at.0.load(Ordering::Relaxed);
        loop {
            let slot = self.slot(position)?;
            let filled = position.wrapping_add(1);
            let ahead = slot.sequence.load(Ordering::Acquire).wrapping_sub(filled) as isize;
            if ahead < 0 {
                return None;
            }
            if ahead > 0 {
                position = self.pop_at.0.load(Ordering::Relaxed);
                continue;
            }
            match claim(&self.pop_at, position) {
                Err(now) => position = now,
                Ok(()) => {
                    // SAFETY: the sequence said the slot is filled, and the position was claimed by this context alone.
                    let value = slot.value.with_mut(|v| unsafe { (*v).assume_init_read() });
                    let next = position.wrapping_add(self.slots.len());
                    slot.sequence.store(next, Ordering::Release);
                    return Some(value);
                }
            }
        }
    }
}

/// Moves `at` from `position` to the next one, or says where it is now.
fn claim(at: &Line, position: usize) -> Result<(), usize> {
    at.0.compare_exchange_weak(
        position,
        position.wrapping_add(1),
        Ordering::Relaxed,
        Ordering::Relaxed,
    )
    .map(|_| ())
}

impl<T> Drop for Ring<T> {
    fn drop(&mut self) {
        while self.try_pop().is_some() {}
    }
}

impl<T> fmt::Debug for Ring<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring")
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use alloc::rc::Rc;
    use std::sync::Arc;
    use std::thread;
    use std::vec::Vec;

    #[test]
    fn is_first_in_first_out_and_bounded() {
        let ring = Ring::new(3).unwrap();
        assert_eq!(ring.capacity(), 4);
        assert_eq!(ring.try_pop(), None);
        for round in 0..10 {
            for i in 0..4 {
                assert_eq!(ring.try_push(round * 4 + i), Ok(()));
            }
            assert_eq!(ring.try_push(99), Err(99));
            for i in 0..4 {
                assert_eq!(ring.try_pop(), Some(round * 4 + i));
            }
            assert_eq!(ring.try_pop(), None);
        }
        assert!(Ring::<u8>::new(usize::MAX).is_err());
    }

    #[test]
    fn drops_what_is_left() {
        let probe = Rc::new(());
        let ring = Ring::new(4).unwrap();
        for _ in 0..3 {
            ring.try_push(probe.clone()).unwrap();
        }
        drop(ring.try_pop());
        assert_eq!(Rc::strong_count(&probe), 3);
        drop(ring);
        assert_eq!(Rc::strong_count(&probe), 1);
    }

    #[test]
    fn loses_and_reorders_nothing_between_threads() {
        let each = if cfg!(miri) { 40 } else { 20_000 };
        let ring = Arc::new(Ring::new(64).unwrap());
        let producers: Vec<_> = (0..3u32)
            .map(|producer| {
                let ring = ring.clone();
                thread::spawn(move || {
                    for i in 0..each {
                        let mut value = (producer, i);
                        while let Err(back) = ring.try_push(value) {
                            value = back;
                            thread::yield_now();
                        }
                    }
                })
            })
            .collect();
        let mut next = [0u32; 3];
        while next.iter().sum::<u32>() < 3 * each {
            match ring.try_pop() {
                Some((producer, i)) => {
                    assert_eq!(next[producer as usize], i);
                    next[producer as usize] += 1;
                }
                None => thread::yield_now(),
            }
        }
        for p in producers {
            p.join().unwrap();
        }
        assert_eq!(ring.try_pop(), None);
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use loom::sync::Arc;
    use loom::thread;
    use std::vec::Vec;

    #[test]
    fn loom_two_producers_one_consumer() {
        loom::model(|| {
            let ring = Arc::new(Ring::new(2).unwrap());
            let producers: Vec<_> = [1, 10]
                .into_iter()
                .map(|first| {
                    let ring = ring.clone();
                    thread::spawn(move || {
                        let a = ring.try_push(first).is_ok();
                        let b = ring.try_push(first + 1).is_ok();
                        (a as usize) + (b as usize)
                    })
                })
                .collect();
            let mut got: Vec<i32> = ring.try_pop().into_iter().collect();
            let pushed: usize = producers.into_iter().map(|t| t.join().unwrap()).sum();
            while let Some(value) = ring.try_pop() {
                got.push(value);
            }
            assert_eq!(got.len(), pushed);
            assert!(pushed >= 2);
            for first in [1, 10] {
                let a = got.iter().position(|&v| v == first);
                let b = got.iter().position(|&v| v == first + 1);
                if let (Some(a), Some(b)) = (a, b) {
                    assert!(a < b);
                }
            }
        });
    }

    #[test]
    fn loom_consumers_change_while_a_producer_wraps_around() {
        loom::model(|| {
            let ring = Arc::new(Ring::new(2).unwrap());
            ring.try_push(std::boxed::Box::new(0)).unwrap();
            let producer = {
                let ring = ring.clone();
                thread::spawn(move || {
                    let mut sent = 1;
                    for i in 1..3 {
                        sent += ring.try_push(std::boxed::Box::new(i)).is_ok() as i32;
                    }
                    sent
                })
            };
            let consumer = {
                let ring = ring.clone();
                thread::spawn(move || ring.try_pop().is_some() as i32)
            };
            let mut got = ring.try_pop().is_some() as i32;
            got += consumer.join().unwrap();
            let sent = producer.join().unwrap();
            while ring.try_pop().is_some() {
                got += 1;
            }
            assert_eq!(got, sent);
        });
    }
}
