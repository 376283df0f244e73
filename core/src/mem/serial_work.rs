// SPDX-License-Identifier: MIT OR Apache-2.0
//! Work that runs at one place at a time.
//!
//! One word says whether somebody works, and whether somebody else asked meanwhile. Asking is one swap of the word, from "idle" to "busy"
//! or from anything else to "again". Who made it busy works, and leaves by a compare-and-swap from "busy" to "idle"; finding "again" it
//! sets "busy" and works another round. So whatever was done before somebody asked is seen by a round that begins afterwards: either the
//! asker's own, or one of the worker whose swap finds what the asker's swap released.

use super::sync::{AtomicU32, Ordering};

const IDLE: u32 = 0;
const BUSY: u32 = 1;
/// Busy, and another round is wanted.
const AGAIN: u32 = 2;

/// Who asks while the work runs leaves it to the one who does it: rounds never overlap, and none that is needed is left out.
///
/// ```
/// use arioso_core::mem::SerialWork;
///
/// let work = SerialWork::new();
/// let mut rounds = 0;
/// let last = work.run(|| {
///     // Somebody asks meanwhile: for another round, of whoever is at it.
///     if rounds == 0 {
///         assert_eq!(work.run(|| unreachable!("rounds do not overlap")), None::<i32>);
///     }
///     rounds += 1;
///     rounds
/// });
/// assert_eq!(last, Some(2));
/// assert!(work.is_idle());
/// ```
pub struct SerialWork(AtomicU32);

impl Default for SerialWork {
    fn default() -> Self {
        Self::new()
    }
}

impl SerialWork {
    /// Nobody works.
    pub fn new() -> Self {
        Self(AtomicU32::new(IDLE))
    }

    /// Works until nobody has asked for another round during the last one, which is what is told; `None`: somebody else works, and will work
    /// another round. Any IRQL; never waits.
    pub fn run<R>(&self, mut round: impl FnMut() -> R) -> Option<R> {
        let ask = |state| Some(if state == IDLE { BUSY } else { AGAIN });
        let before = self
            .0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, ask);
        if before != Ok(IDLE) {
            return None;
        }
        loop {
            let result = round();
            if self
                .0
                .compare_exchange(BUSY, IDLE, Ordering::AcqRel, Ordering::Acquire)
                .is_ok()
            {
                return Some(result);
            }
            // A swap, not a store: who asked once more since then is to be seen by the next round.
            self.0.swap(BUSY, Ordering::AcqRel);
        }
    }

    /// Nobody works; what the last worker did is visible.
    pub fn is_idle(&self) -> bool {
        self.0.load(Ordering::Acquire) == IDLE
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// Whoever asks while somebody works gets nothing, and the worker works once more, however many asked.
    #[test]
    fn who_works_works_for_the_others() {
        let work = SerialWork::new();
        for asks in [0, 1, 3] {
            let mut rounds = 0;
            let last = work.run(|| {
                rounds += 1;
                assert!(!work.is_idle());
                for _ in 0..if rounds == 1 { asks } else { 0 } {
                    let other: Option<()> = work.run(|| unreachable!("two work at once"));
                    assert_eq!(other, None);
                }
                rounds
            });
            assert_eq!(last, Some(if asks == 0 { 1 } else { 2 }));
            assert!(work.is_idle());
        }
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::super::sync::{AtomicUsize, UnsafeCell};
    use super::*;
    use loom::sync::Arc;
    use loom::thread;

    struct Shop {
        work: SerialWork,
        orders: AtomicUsize,
        /// What the last round saw; loom reports rounds that overlap.
        seen: UnsafeCell<usize>,
    }

    // SAFETY: `seen` is touched in rounds only, which never overlap: that is what is tested.
    unsafe impl Sync for Shop {}

    impl Shop {
        fn order(&self) {
            self.orders.fetch_add(1, Ordering::Relaxed);
            self.work.run(|| {
                let orders = self.orders.load(Ordering::Relaxed);
                // SAFETY: rounds never overlap.
                self.seen.with_mut(|seen| unsafe { *seen = orders });
            });
        }
    }

    /// Three who order at once: no two rounds overlap, and the last one has seen all that was ordered.
    #[test]
    fn loom_no_order_is_left_lying() {
        let mut model = loom::model::Builder::new();
        // Three threads that swap one word in loops have too many orders to try all.
        model.preemption_bound = Some(2);
        model.check(|| {
            let shop = Arc::new(Shop {
                work: SerialWork::new(),
                orders: AtomicUsize::new(0),
                seen: UnsafeCell::new(0),
            });
            let others: std::vec::Vec<_> = (0..2)
                .map(|_| {
                    let shop = shop.clone();
                    thread::spawn(move || shop.order())
                })
                .collect();
            shop.order();
            for other in others {
                other.join().unwrap();
            }
            assert!(shop.work.is_idle());
            // SAFETY: the others have ended.
            shop.seen.with_mut(|seen| assert_eq!(unsafe { *seen }, 3));
        });
    }
}
