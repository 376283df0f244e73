// SPDX-License-Identifier: MIT OR Apache-2.0
//! A spin lock and a mutex around their data.

use super::irql::Passive;
use arioso_core::mem::{NoMemory, TryBox};
use core::cell::UnsafeCell;
use core::ptr::null_mut;
use wdk_sys::{_EVENT_TYPE, _KWAIT_REASON, _MODE, KEVENT, KSPIN_LOCK, ntddk};

/// Data behind an executive spin lock. Usable at `DISPATCH_LEVEL` or below.
pub struct SpinLock<T> {
    lock: UnsafeCell<KSPIN_LOCK>,
    data: UnsafeCell<T>,
}

// SAFETY: the lock serializes every access to the data.
unsafe impl<T: Send> Sync for SpinLock<T> {}
// SAFETY: an unheld lock is a plain number.
unsafe impl<T: Send> Send for SpinLock<T> {}

impl<T> SpinLock<T> {
    /// An unheld lock (`KeInitializeSpinLock` writes zero).
    pub const fn new(data: T) -> Self {
        Self {
            lock: UnsafeCell::new(0),
            data: UnsafeCell::new(data),
        }
    }

    /// Runs `f` at `DISPATCH_LEVEL` with the data, then restores the IRQL. `f` must be short and must not take this lock.
    pub fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: IRQL is at most DISPATCH_LEVEL; the lock word is ours and does not move while it is held.
        let irql = unsafe { ntddk::KeAcquireSpinLockRaiseToDpc(self.lock.get()) };
        // SAFETY: the lock is held: nobody else has the data.
        let result = f(unsafe { &mut *self.data.get() });
        // SAFETY: the lock is held, and the IRQL is the one that was saved.
        unsafe { ntddk::KeReleaseSpinLock(self.lock.get(), irql) };
        result
    }
}

/// Data behind a synchronization event; only threads at `PASSIVE_LEVEL` take it, and they stay there.
pub struct Mutex<T> {
    event: TryBox<UnsafeCell<KEVENT>>,
    data: UnsafeCell<T>,
}

// SAFETY: the event admits one thread at a time.
unsafe impl<T: Send> Sync for Mutex<T> {}
// SAFETY: the event lives on the heap and does not move.
unsafe impl<T: Send> Send for Mutex<T> {}

impl<T> Mutex<T> {
    pub fn new(data: T) -> Result<Self, NoMemory> {
        let event = TryBox::try_new(UnsafeCell::new(KEVENT::default()))?;
        // SAFETY: the event has its final address.
        unsafe { ntddk::KeInitializeEvent(event.get(), _EVENT_TYPE::SynchronizationEvent, 1) };
        Ok(Self {
            event,
            data: UnsafeCell::new(data),
        })
    }

    /// Runs `f` with the data. `f` must not take this mutex again.
    pub fn with<R>(&self, _: Passive, f: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: IRQL is PASSIVE_LEVEL. Inside the critical region nobody can suspend the thread that holds the event. A wait in
        // kernel mode that is not alertable ends only with the event.
        unsafe {
            ntddk::KeEnterCriticalRegion();
            let _ = ntddk::KeWaitForSingleObject(
                self.event.get().cast(),
                _KWAIT_REASON::Executive,
                _MODE::KernelMode as i8,
                0,
                null_mut(),
            );
        }
        // SAFETY: the event admitted this thread alone.
        let result = f(unsafe { &mut *self.data.get() });
        // SAFETY: ends what the lines above began.
        unsafe {
            ntddk::KeSetEvent(self.event.get(), 0, 0);
            ntddk::KeLeaveCriticalRegion();
        }
        result
    }
}
