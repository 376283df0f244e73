// SPDX-License-Identifier: MIT OR Apache-2.0
//! Spin locks, fast mutexes, ERESOURCEs. On one processor a contended spin lock is a deadlock; while schedules are explored
//! its holder goes on.

use super::*;
use crate::bugcheck::{SPIN_LOCK_ALREADY_OWNED, bugcheck};
use crate::verifier::Rule;
use crate::{guest, verifier};
use ke::{KeGetCurrentThread, KeInitializeEvent, KeLowerIrql};
use std::ptr::null_mut;

/// What this file exports, each name with the highest IRQL that it may be called at.
pub fn exports() -> Vec<Export> {
    crate::exports! {
        HIGH_LEVEL => KeInitializeSpinLock, ExInitializeFastMutex;
        DISPATCH_LEVEL => KeAcquireSpinLockRaiseToDpc, KeReleaseSpinLock, KeAcquireSpinLockAtDpcLevel, KeReleaseSpinLockFromDpcLevel,
            KeTryToAcquireSpinLockAtDpcLevel, KeAcquireInStackQueuedSpinLock, KeReleaseInStackQueuedSpinLock,
            KeAcquireInStackQueuedSpinLockAtDpcLevel, KeReleaseInStackQueuedSpinLockFromDpcLevel, KfAcquireSpinLock, KfReleaseSpinLock,
            ExInitializeResourceLite, ExDeleteResourceLite, ExReleaseResourceLite, ExInterlockedInsertTailList,
            ExInterlockedInsertHeadList, ExInterlockedRemoveHeadList, ExIsResourceAcquiredExclusiveLite, ExIsResourceAcquiredSharedLite;
        APC_LEVEL => ExAcquireFastMutex, ExReleaseFastMutex, ExTryToAcquireFastMutex, ExAcquireFastMutexUnsafe, ExReleaseFastMutexUnsafe,
            KeAcquireGuardedMutex, KeReleaseGuardedMutex, KeInitializeGuardedMutex, ExAcquireResourceExclusiveLite,
            ExAcquireResourceSharedLite, ExEnterCriticalRegionAndAcquireResourceExclusive, ExReleaseResourceAndLeaveCriticalRegion;
    }
}

// ---- spin locks

/// A free lock.
pub unsafe extern "efiapi" fn KeInitializeSpinLock(lock: *mut KSPIN_LOCK) {
    // SAFETY: the caller's storage.
    unsafe { *lock = 0 };
    verifier::lock_initialized(lock as usize);
}

unsafe fn acquire(lock: *mut KSPIN_LOCK) {
    // SAFETY: the caller's lock.
    unsafe {
        if *lock != 0 && !guest::spin(lock as usize) {
            bugcheck(
                SPIN_LOCK_ALREADY_OWNED,
                [lock as usize, *lock, 0, 0],
                "a spin lock that is held already",
            );
        }
        *lock = 1;
    }
    verifier::lock_acquired(lock as usize);
}

unsafe fn release(lock: *mut KSPIN_LOCK) {
    // SAFETY: the caller's lock.
    unsafe {
        if *lock == 0 {
            verifier::violation(
                Rule::LockNotHeld,
                format!("a spin lock ({lock:p}) was released that nobody holds"),
            );
        }
        *lock = 0;
    }
    verifier::lock_released(lock as usize);
}

/// Raises to DISPATCH_LEVEL and acquires. The level before.
pub unsafe extern "efiapi" fn KeAcquireSpinLockRaiseToDpc(lock: *mut KSPIN_LOCK) -> KIRQL {
    let old = guest::irql();
    guest::set_irql(old.max(DISPATCH_LEVEL));
    // SAFETY: the caller's lock.
    unsafe { acquire(lock) };
    old
}

/// Releases and lowers to that level.
pub unsafe extern "efiapi" fn KeReleaseSpinLock(lock: *mut KSPIN_LOCK, level: KIRQL) {
    // SAFETY: the caller's lock.
    unsafe {
        release(lock);
        KeLowerIrql(level);
    }
}

/// [`KeAcquireSpinLockRaiseToDpc`] by its x86 name.
pub unsafe extern "efiapi" fn KfAcquireSpinLock(lock: *mut KSPIN_LOCK) -> KIRQL {
    // SAFETY: the same contract.
    unsafe { KeAcquireSpinLockRaiseToDpc(lock) }
}

/// [`KeReleaseSpinLock`] by its x86 name.
pub unsafe extern "efiapi" fn KfReleaseSpinLock(lock: *mut KSPIN_LOCK, level: KIRQL) {
    // SAFETY: the same contract.
    unsafe { KeReleaseSpinLock(lock, level) }
}

fn expect_dispatch(what: &str) {
    if guest::irql() < DISPATCH_LEVEL {
        verifier::violation(Rule::SpinLockIrql, format!("{what} below DISPATCH_LEVEL"));
    }
}

/// Acquires at DISPATCH_LEVEL or above.
pub unsafe extern "efiapi" fn KeAcquireSpinLockAtDpcLevel(lock: *mut KSPIN_LOCK) {
    expect_dispatch("KeAcquireSpinLockAtDpcLevel");
    // SAFETY: the caller's lock.
    unsafe { acquire(lock) };
}

/// Releases and stays at the level.
pub unsafe extern "efiapi" fn KeReleaseSpinLockFromDpcLevel(lock: *mut KSPIN_LOCK) {
    expect_dispatch("KeReleaseSpinLockFromDpcLevel");
    // SAFETY: the caller's lock.
    unsafe { release(lock) };
}

/// Acquires if it is free.
pub unsafe extern "efiapi" fn KeTryToAcquireSpinLockAtDpcLevel(lock: *mut KSPIN_LOCK) -> BOOLEAN {
    expect_dispatch("KeTryToAcquireSpinLockAtDpcLevel");
    // SAFETY: the caller's lock.
    unsafe {
        if *lock != 0 {
            return 0;
        }
        acquire(lock);
    }
    1
}

/// Raises to DISPATCH_LEVEL and acquires; the handle keeps lock and level.
pub unsafe extern "efiapi" fn KeAcquireInStackQueuedSpinLock(
    lock: *mut KSPIN_LOCK,
    handle: *mut KLOCK_QUEUE_HANDLE,
) {
    // SAFETY: the caller's lock and handle.
    unsafe {
        (*handle).Lock = lock;
        (*handle).OldIrql = KeAcquireSpinLockRaiseToDpc(lock);
    }
}

/// Releases and lowers to the handle's level.
pub unsafe extern "efiapi" fn KeReleaseInStackQueuedSpinLock(handle: *mut KLOCK_QUEUE_HANDLE) {
    // SAFETY: the caller's handle.
    unsafe { KeReleaseSpinLock((*handle).Lock, (*handle).OldIrql) }
}

/// Acquires at DISPATCH_LEVEL or above; the handle keeps the lock.
pub unsafe extern "efiapi" fn KeAcquireInStackQueuedSpinLockAtDpcLevel(
    lock: *mut KSPIN_LOCK,
    handle: *mut KLOCK_QUEUE_HANDLE,
) {
    // SAFETY: the caller's lock and handle.
    unsafe {
        (*handle).Lock = lock;
        KeAcquireSpinLockAtDpcLevel(lock);
    }
}

/// Releases and stays at the level.
pub unsafe extern "efiapi" fn KeReleaseInStackQueuedSpinLockFromDpcLevel(
    handle: *mut KLOCK_QUEUE_HANDLE,
) {
    // SAFETY: the caller's handle.
    unsafe { KeReleaseSpinLockFromDpcLevel((*handle).Lock) }
}

/// Runs `f` with the lock held.
unsafe fn locked<R>(lock: *mut KSPIN_LOCK, f: impl FnOnce() -> R) -> R {
    // SAFETY: the caller's lock.
    unsafe {
        let old = KeAcquireSpinLockRaiseToDpc(lock);
        let r = f();
        KeReleaseSpinLock(lock, old);
        r
    }
}

/// The former last entry, or null if the list was empty.
pub unsafe extern "efiapi" fn ExInterlockedInsertTailList(
    head: *mut LIST_ENTRY,
    entry: *mut LIST_ENTRY,
    lock: *mut KSPIN_LOCK,
) -> *mut LIST_ENTRY {
    // SAFETY: the caller's list.
    unsafe {
        locked(lock, || {
            let last = if is_list_empty(head) {
                null_mut()
            } else {
                (*head).Blink
            };
            insert_tail_list(head, entry);
            last
        })
    }
}

/// Puts an entry in front, under a lock; the entry that was first, or null.
pub unsafe extern "efiapi" fn ExInterlockedInsertHeadList(
    head: *mut LIST_ENTRY,
    entry: *mut LIST_ENTRY,
    lock: *mut KSPIN_LOCK,
) -> *mut LIST_ENTRY {
    // SAFETY: the caller's list.
    unsafe {
        locked(lock, || {
            let first = if is_list_empty(head) {
                null_mut()
            } else {
                (*head).Flink
            };
            insert_head_list(head, entry);
            first
        })
    }
}

/// Takes the first entry, under a lock; null if there is none.
pub unsafe extern "efiapi" fn ExInterlockedRemoveHeadList(
    head: *mut LIST_ENTRY,
    lock: *mut KSPIN_LOCK,
) -> *mut LIST_ENTRY {
    // SAFETY: the caller's list.
    unsafe {
        locked(lock, || {
            if is_list_empty(head) {
                return null_mut();
            }
            let first = (*head).Flink;
            remove_entry_list(first);
            first
        })
    }
}

// ---- fast and guarded mutexes

/// A free mutex.
pub unsafe extern "efiapi" fn ExInitializeFastMutex(mutex: *mut FAST_MUTEX) {
    // SAFETY: the caller's storage.
    unsafe {
        (*mutex).Count = 1;
        (*mutex).Owner = null_mut();
        (*mutex).Contention = 0;
        (*mutex).OldIrql = 0;
        KeInitializeEvent(&raw mut (*mutex).Event, 1, 0);
    }
}

fn count_mutex(change: i32) {
    let context = guest::current();
    if !context.is_null() {
        // SAFETY: the running context is live.
        unsafe { (*context).fast_mutexes += change };
    }
}

unsafe fn enter(mutex: *mut FAST_MUTEX) {
    // SAFETY: an initialised mutex.
    unsafe {
        let thread = KeGetCurrentThread();
        if (*mutex).Owner == thread {
            verifier::fatal(
                Rule::LockRecursion,
                [mutex as usize, 0],
                "a fast mutex was acquired recursively",
            );
        }
        (*mutex).Count -= 1;
        while !(*mutex).Owner.is_null() {
            (*mutex).Contention += 1;
            guest::wait(&[&raw mut (*mutex).Event.Header], false, None);
        }
        (*mutex).Owner = thread;
        count_mutex(1);
    }
}

unsafe fn exit(mutex: *mut FAST_MUTEX) {
    // SAFETY: an initialised mutex.
    unsafe {
        if (*mutex).Owner != KeGetCurrentThread() {
            verifier::violation(
                Rule::LockOwner,
                format!("a fast mutex ({mutex:p}) was released by a thread that does not own it"),
            );
        }
        if (*mutex).Owner == KeGetCurrentThread() {
            count_mutex(-1);
        }
        (*mutex).Owner = null_mut();
        (*mutex).Count += 1;
        if (*mutex).Count < 1 {
            ke::KeSetEvent(&raw mut (*mutex).Event, 0, 0);
        }
    }
}

/// Acquires and raises to APC_LEVEL.
pub unsafe extern "efiapi" fn ExAcquireFastMutex(mutex: *mut FAST_MUTEX) {
    // SAFETY: an initialised mutex.
    unsafe {
        let old = guest::irql();
        enter(mutex);
        guest::set_irql(APC_LEVEL);
        (*mutex).OldIrql = u32::from(old);
    }
}

/// Releases and lowers to the level before.
pub unsafe extern "efiapi" fn ExReleaseFastMutex(mutex: *mut FAST_MUTEX) {
    // SAFETY: an initialised mutex.
    unsafe {
        let old = (*mutex).OldIrql as KIRQL;
        exit(mutex);
        KeLowerIrql(old);
    }
}

/// Acquires if it is free.
pub unsafe extern "efiapi" fn ExTryToAcquireFastMutex(mutex: *mut FAST_MUTEX) -> BOOLEAN {
    // SAFETY: an initialised mutex.
    unsafe {
        if !(*mutex).Owner.is_null() {
            return 0;
        }
        ExAcquireFastMutex(mutex);
    }
    1
}

/// Acquires and stays at the level.
pub unsafe extern "efiapi" fn ExAcquireFastMutexUnsafe(mutex: *mut FAST_MUTEX) {
    // SAFETY: an initialised mutex.
    unsafe { enter(mutex) }
}

/// Releases and stays at the level.
pub unsafe extern "efiapi" fn ExReleaseFastMutexUnsafe(mutex: *mut FAST_MUTEX) {
    // SAFETY: an initialised mutex.
    unsafe { exit(mutex) }
}

/// A free mutex.
pub unsafe extern "efiapi" fn KeInitializeGuardedMutex(mutex: *mut FAST_MUTEX) {
    // SAFETY: the same contract.
    unsafe { ExInitializeFastMutex(mutex) }
}

/// Acquires and stays at the level.
pub unsafe extern "efiapi" fn KeAcquireGuardedMutex(mutex: *mut FAST_MUTEX) {
    // SAFETY: an initialised mutex.
    unsafe { enter(mutex) }
}

/// Releases and stays at the level.
pub unsafe extern "efiapi" fn KeReleaseGuardedMutex(mutex: *mut FAST_MUTEX) {
    // SAFETY: an initialised mutex.
    unsafe { exit(mutex) }
}

// ---- ERESOURCE: OwnerEntry[0] is the exclusive owner, ActiveEntries the number of holders, OwnerEntry[1] a wake-up counter.

/// A free resource.
pub unsafe extern "efiapi" fn ExInitializeResourceLite(resource: *mut ERESOURCE) -> NTSTATUS {
    // SAFETY: the caller's storage; all-zero is valid.
    unsafe { resource.write_bytes(0, 1) };
    status::STATUS_SUCCESS
}

/// Ends a resource; one that is held is a violation.
pub unsafe extern "efiapi" fn ExDeleteResourceLite(resource: *mut ERESOURCE) -> NTSTATUS {
    // SAFETY: an initialised resource.
    unsafe {
        if (*resource).ActiveEntries != 0 {
            verifier::violation(
                Rule::LockDeleted,
                format!("ExDeleteResourceLite({resource:p}) while it is held"),
            );
        }
    }
    status::STATUS_SUCCESS
}

unsafe fn acquire_resource(resource: *mut ERESOURCE, exclusive: bool, wait: bool) -> BOOLEAN {
    // SAFETY: an initialised resource.
    unsafe {
        let thread = KeGetCurrentThread() as usize;
        loop {
            let r = &mut *resource;
            let free = if exclusive {
                r.ActiveEntries == 0 || r.OwnerEntry[0] == thread
            } else {
                r.OwnerEntry[0] == 0 || r.OwnerEntry[0] == thread
            };
            if free {
                r.ActiveEntries += 1;
                if exclusive {
                    r.OwnerEntry[0] = thread;
                }
                return 1;
            }
            if !wait {
                return 0;
            }
            r.ContentionCount += 1;
            guest::wait(&[], false, Some(-1000));
        }
    }
}

/// Acquires to write; waits if the caller wants it.
pub unsafe extern "efiapi" fn ExAcquireResourceExclusiveLite(
    resource: *mut ERESOURCE,
    wait: BOOLEAN,
) -> BOOLEAN {
    // SAFETY: an initialised resource.
    unsafe { acquire_resource(resource, true, wait != 0) }
}

/// Acquires to read; waits if the caller wants it.
pub unsafe extern "efiapi" fn ExAcquireResourceSharedLite(
    resource: *mut ERESOURCE,
    wait: BOOLEAN,
) -> BOOLEAN {
    // SAFETY: an initialised resource.
    unsafe { acquire_resource(resource, false, wait != 0) }
}

/// Releases one acquisition.
pub unsafe extern "efiapi" fn ExReleaseResourceLite(resource: *mut ERESOURCE) {
    // SAFETY: an initialised resource.
    unsafe {
        let r = &mut *resource;
        if r.ActiveEntries == 0 {
            verifier::violation(
                Rule::LockNotHeld,
                format!("ExReleaseResourceLite({resource:p}) of a resource that is not held"),
            );
            return;
        }
        r.ActiveEntries -= 1;
        if r.ActiveEntries == 0 {
            r.OwnerEntry[0] = 0;
        }
    }
}

/// Holds off APCs and acquires to write.
pub unsafe extern "efiapi" fn ExEnterCriticalRegionAndAcquireResourceExclusive(
    resource: *mut ERESOURCE,
) -> PVOID {
    // SAFETY: an initialised resource.
    unsafe {
        ke::KeEnterCriticalRegion();
        acquire_resource(resource, true, true);
    }
    null_mut()
}

/// Releases and lets APCs come.
pub unsafe extern "efiapi" fn ExReleaseResourceAndLeaveCriticalRegion(resource: *mut ERESOURCE) {
    // SAFETY: an initialised resource.
    unsafe {
        ExReleaseResourceLite(resource);
        ke::KeLeaveCriticalRegion();
    }
}

/// The thread holds it to write.
pub unsafe extern "efiapi" fn ExIsResourceAcquiredExclusiveLite(
    resource: *mut ERESOURCE,
) -> BOOLEAN {
    // SAFETY: an initialised resource.
    unsafe { ((*resource).OwnerEntry[0] == KeGetCurrentThread() as usize) as BOOLEAN }
}

/// How many hold it.
pub unsafe extern "efiapi" fn ExIsResourceAcquiredSharedLite(resource: *mut ERESOURCE) -> u32 {
    // SAFETY: an initialised resource.
    unsafe { (*resource).ActiveEntries }
}
