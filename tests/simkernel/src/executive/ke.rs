// SPDX-License-Identifier: MIT OR Apache-2.0
//! Events, semaphores, mutexes, waits, timers, DPCs, IRQL, time.

use super::*;
use crate::bugcheck::{IRQL_NOT_GREATER_OR_EQUAL, bugcheck};
use crate::guest::{self, Deferred};
use crate::state::Global;
use crate::verifier::Rule;
use crate::{clock, verifier};
use std::ptr::null_mut;

/// What this file exports, each name with the highest IRQL that it may be called at.
pub fn exports() -> Vec<Export> {
    crate::exports! {
        HIGH_LEVEL => KeGetCurrentIrql, KfRaiseIrql, KeLowerIrql, KeRaiseIrqlToDpcLevel, KeQueryPerformanceCounter, KeQueryInterruptTime,
            KeQueryInterruptTimePrecise, KeQuerySystemTimePrecise, KeQueryUnbiasedInterruptTime, KeQueryTimeIncrement, KeGetCurrentThread,
            KeInitializeEvent, KeInitializeSemaphore, KeInitializeMutex, KeInitializeTimer, KeInitializeTimerEx, KeInitializeDpc,
            KeInitializeThreadedDpc, KeSetImportanceDpc, KeSetTargetProcessorDpc, KeInsertQueueDpc, KeRemoveQueueDpc, KeReadStateEvent,
            KeReadStateTimer, KeReadStateMutex, KeReadStateSemaphore, KeStallExecutionProcessor, KeGetCurrentProcessorNumberEx, KeQueryActiveProcessorCountEx,
            KeQueryActiveProcessorCount, KeQueryMaximumProcessorCount, KeMemoryBarrier, KeTestSpinLockState;
        DISPATCH_LEVEL => KeSetEvent, KeResetEvent, KeClearEvent, KeReleaseSemaphore, KeReleaseMutex, KeSetTimer, KeSetTimerEx,
            KeSetCoalescableTimer, KeCancelTimer, KeWaitForSingleObject, KeWaitForMultipleObjects, KeQueryTickCount, KeQuerySystemTime,
            KeSetPriorityThread, KeQueryPriorityThread, KeSaveExtendedProcessorState, KeRestoreExtendedProcessorState,
            KeSaveFloatingPointState, KeRestoreFloatingPointState, KeSynchronizeExecution, KeWaitForMutexObject;
        APC_LEVEL => KeDelayExecutionThread, KeEnterCriticalRegion, KeLeaveCriticalRegion, KeEnterGuardedRegion, KeLeaveGuardedRegion,
            KeAreApcsDisabled;
        PASSIVE_LEVEL => KeFlushQueuedDpcs, ExSetTimerResolution, ExQueryTimerResolution;
    }
}

/// Ticks per second of KeQueryPerformanceCounter.
pub const QPC_FREQUENCY: i64 = 10_000_000;

// ---- IRQL

/// The level now.
pub unsafe extern "efiapi" fn KeGetCurrentIrql() -> KIRQL {
    guest::irql()
}

/// Raises the level; a lower one is a bugcheck. The level before.
pub unsafe extern "efiapi" fn KfRaiseIrql(new: KIRQL) -> KIRQL {
    let old = guest::irql();
    if new < old {
        bugcheck(
            IRQL_NOT_GREATER_OR_EQUAL,
            [new as usize, old as usize, 0, 0],
            "KeRaiseIrql to a lower level",
        );
    }
    guest::set_irql(new)
}

/// Raises to DISPATCH_LEVEL. The level before.
pub unsafe extern "efiapi" fn KeRaiseIrqlToDpcLevel() -> KIRQL {
    // SAFETY: no requirements.
    unsafe { KfRaiseIrql(DISPATCH_LEVEL) }
}

/// Lowers the level; a higher one is a bugcheck. What waited for it runs.
pub unsafe extern "efiapi" fn KeLowerIrql(new: KIRQL) {
    let old = guest::irql();
    if new > old {
        bugcheck(
            IRQL_NOT_GREATER_OR_EQUAL,
            [new as usize, old as usize, 0, 0],
            "KeLowerIrql to a higher level",
        );
    }
    verifier::lowering_irql(new);
    guest::set_irql(new);
    guest::deliver();
}

// ---- time

/// Virtual time in ticks of [`QPC_FREQUENCY`].
pub unsafe extern "efiapi" fn KeQueryPerformanceCounter(frequency: *mut i64) -> i64 {
    if !frequency.is_null() {
        // SAFETY: non-null, the caller's.
        unsafe { *frequency = QPC_FREQUENCY };
    }
    clock::now()
}

/// Virtual time since the start, 100 ns, in steps of 1 ms.
pub unsafe extern "efiapi" fn KeQueryInterruptTime() -> u64 {
    // Advances with the clock interrupt.
    clock::now_ns() / 1_000_000 * 10_000
}

/// The same exactly, with the performance counter.
pub unsafe extern "efiapi" fn KeQueryInterruptTimePrecise(counter: *mut u64) -> u64 {
    if !counter.is_null() {
        // SAFETY: non-null, the caller's.
        unsafe { *counter = clock::now() as u64 };
    }
    clock::now() as u64
}

/// [`KeQueryInterruptTime`]: sleep is not told apart.
pub unsafe extern "efiapi" fn KeQueryUnbiasedInterruptTime() -> u64 {
    // SAFETY: no requirements.
    unsafe { KeQueryInterruptTime() }
}

/// Virtual time since 1601, 100 ns, in steps of 1 ms.
pub unsafe extern "efiapi" fn KeQuerySystemTime(time: *mut i64) {
    // SAFETY: the caller's.
    unsafe { *time = clock::system_time() / 10_000 * 10_000 };
}

/// The same exactly.
pub unsafe extern "efiapi" fn KeQuerySystemTimePrecise(time: *mut i64) {
    // SAFETY: the caller's.
    unsafe { *time = clock::system_time() };
}

/// Ticks of the system clock.
pub unsafe extern "efiapi" fn KeQueryTickCount(count: *mut i64) {
    // SAFETY: the caller's.
    unsafe { *count = clock::now() / i64::from(KeQueryTimeIncrement()) };
}

/// 100 ns in a tick: 1 ms.
pub unsafe extern "efiapi" fn KeQueryTimeIncrement() -> u32 {
    10_000
}

/// The resolution stays as it is: 1 ms.
pub unsafe extern "efiapi" fn ExSetTimerResolution(_desired: u32, _set: BOOLEAN) -> u32 {
    10_000
}

/// Coarsest, finest and present resolution, 100 ns.
pub unsafe extern "efiapi" fn ExQueryTimerResolution(
    maximum: *mut u32,
    minimum: *mut u32,
    current: *mut u32,
) {
    // SAFETY: the caller's.
    unsafe {
        *maximum = 156_250;
        *minimum = 5_000;
        *current = 10_000;
    }
}

/// Lets virtual time pass without anybody else running.
pub unsafe extern "efiapi" fn KeStallExecutionProcessor(microseconds: u32) {
    verifier::stalls(microseconds);
    clock::advance_by(u64::from(microseconds) * 1000);
}

/// Lets the thread wait; negative is relative, 100 ns.
pub unsafe extern "efiapi" fn KeDelayExecutionThread(
    _mode: i8,
    _alertable: BOOLEAN,
    interval: *mut i64,
) -> NTSTATUS {
    // SAFETY: the caller's.
    let interval = unsafe { *interval };
    guest::wait(&[], false, Some(interval));
    status::STATUS_SUCCESS
}

// ---- the processor

/// 0: there is one processor.
pub unsafe extern "efiapi" fn KeGetCurrentProcessorNumberEx(number: *mut u32) -> u32 {
    if !number.is_null() {
        // SAFETY: PROCESSOR_NUMBER is four bytes, the caller's.
        unsafe { *number = 0 };
    }
    0
}

/// 1.
pub unsafe extern "efiapi" fn KeQueryActiveProcessorCountEx(_group: u16) -> u32 {
    1
}

/// 1, and the mask of that processor.
pub unsafe extern "efiapi" fn KeQueryActiveProcessorCount(active: *mut usize) -> u32 {
    if !active.is_null() {
        // SAFETY: non-null, the caller's.
        unsafe { *active = 1 };
    }
    1
}

/// 1.
pub unsafe extern "efiapi" fn KeQueryMaximumProcessorCount() -> u32 {
    1
}

/// Does nothing: there is one processor.
pub unsafe extern "efiapi" fn KeMemoryBarrier() {}

/// From now on the registers of these features are the caller's. What would need memory may fail.
pub unsafe extern "efiapi" fn KeSaveExtendedProcessorState(
    mask: u64,
    save: *mut XSTATE_SAVE,
) -> NTSTATUS {
    if mask & !XSTATE_MASK_LEGACY != 0 && verifier::save_fails() {
        return status::STATUS_INSUFFICIENT_RESOURCES;
    }
    // SAFETY: the caller's.
    unsafe { verifier::state_saved(mask, save) };
    status::STATUS_SUCCESS
}

/// The registers are again the program's that was interrupted.
pub unsafe extern "efiapi" fn KeRestoreExtendedProcessorState(save: *mut XSTATE_SAVE) {
    // SAFETY: the caller's, saved before.
    unsafe { verifier::state_restored(save) };
}

/// Succeeds; x64 has nothing to save.
pub unsafe extern "efiapi" fn KeSaveFloatingPointState(_save: PVOID) -> NTSTATUS {
    status::STATUS_SUCCESS
}

/// Succeeds.
pub unsafe extern "efiapi" fn KeRestoreFloatingPointState(_save: PVOID) -> NTSTATUS {
    status::STATUS_SUCCESS
}

/// Calls a routine above DISPATCH_LEVEL, as an interrupt's lock would.
pub unsafe extern "efiapi" fn KeSynchronizeExecution(
    _interrupt: PVOID,
    routine: PVOID,
    context: PVOID,
) -> BOOLEAN {
    let old = guest::set_irql(guest::irql().max(DISPATCH_LEVEL + 1));
    // SAFETY: a PKSYNCHRONIZE_ROUTINE.
    let result = unsafe { guest::call(routine as usize, &[context as usize]) };
    guest::set_irql(old);
    result as BOOLEAN
}

// ---- threads

/// The thread that runs.
pub unsafe extern "efiapi" fn KeGetCurrentThread() -> PVOID {
    let context = guest::current();
    if context.is_null() {
        return null_mut();
    }
    // SAFETY: the running context is live.
    unsafe { (&raw mut *(*context).thread).cast() }
}

/// Sets the running thread's priority, 1 to 31. The one before.
pub unsafe extern "efiapi" fn KeSetPriorityThread(thread: PVOID, priority: i32) -> i32 {
    let context = guest::current();
    // SAFETY: the running context is live.
    unsafe {
        if !context.is_null() && thread == KeGetCurrentThread() {
            return std::mem::replace(&mut (*context).priority, priority.clamp(1, 31));
        }
    }
    8
}

/// The running thread's priority; 8 for any other.
pub unsafe extern "efiapi" fn KeQueryPriorityThread(thread: PVOID) -> i32 {
    let context = guest::current();
    // SAFETY: the running context is live.
    unsafe {
        if !context.is_null() && thread == KeGetCurrentThread() {
            return (*context).priority;
        }
    }
    8
}

fn critical(change: i32) {
    let context = guest::current();
    if !context.is_null() {
        // SAFETY: the running context is live.
        unsafe { (*context).critical += change };
    }
}

/// Holds off APCs of the thread.
pub unsafe extern "efiapi" fn KeEnterCriticalRegion() {
    critical(1);
}

/// Ends that.
pub unsafe extern "efiapi" fn KeLeaveCriticalRegion() {
    critical(-1);
}

/// The same: special APCs are not told apart.
pub unsafe extern "efiapi" fn KeEnterGuardedRegion() {
    critical(1);
}

/// Ends that.
pub unsafe extern "efiapi" fn KeLeaveGuardedRegion() {
    critical(-1);
}

/// The thread is in such a region.
pub unsafe extern "efiapi" fn KeAreApcsDisabled() -> BOOLEAN {
    let context = guest::current();
    // SAFETY: the running context is live.
    unsafe { (!context.is_null() && (*context).critical > 0) as BOOLEAN }
}

// ---- dispatcher objects

unsafe fn initialize_header(header: *mut DISPATCHER_HEADER, kind: u8, size: usize, state: i32) {
    verifier::writing_object(header as usize, size);
    // SAFETY: the caller's storage.
    unsafe {
        (*header).Type = kind;
        (*header).Signalling = 0;
        (*header).Size = (size / 4) as u8;
        (*header).Reserved1 = 0;
        (*header).SignalState = state;
        initialize_list_head(&raw mut (*header).WaitListHead);
    }
}

/// `kind` 0: notification, 1: synchronization.
pub unsafe extern "efiapi" fn KeInitializeEvent(event: *mut KEVENT, kind: u32, state: BOOLEAN) {
    // SAFETY: the caller's storage.
    unsafe {
        initialize_header(
            &raw mut (*event).Header,
            kind as u8,
            size_of::<KEVENT>(),
            i32::from(state != 0),
        )
    }
}

/// Signals an event. The state before.
pub unsafe extern "efiapi" fn KeSetEvent(
    event: *mut KEVENT,
    _increment: i32,
    wait: BOOLEAN,
) -> i32 {
    verifier::using_object(event as usize, "KeSetEvent");
    if wait != 0 {
        verifier::will_wait("KeSetEvent");
    }
    // SAFETY: an initialised event.
    unsafe {
        let old = std::mem::replace(&mut (*event).Header.SignalState, 1);
        guest::signalled(&raw mut (*event).Header);
        old
    }
}

/// Resets an event. The state before.
pub unsafe extern "efiapi" fn KeResetEvent(event: *mut KEVENT) -> i32 {
    // SAFETY: an initialised event.
    unsafe { std::mem::replace(&mut (*event).Header.SignalState, 0) }
}

/// Resets an event.
pub unsafe extern "efiapi" fn KeClearEvent(event: *mut KEVENT) {
    // SAFETY: an initialised event.
    unsafe { (*event).Header.SignalState = 0 };
}

/// Not 0: signalled.
pub unsafe extern "efiapi" fn KeReadStateEvent(event: *mut KEVENT) -> i32 {
    // SAFETY: an initialised event.
    unsafe { (*event).Header.SignalState }
}

/// A semaphore with a count and a limit.
pub unsafe extern "efiapi" fn KeInitializeSemaphore(
    semaphore: *mut KSEMAPHORE,
    count: i32,
    limit: i32,
) {
    // SAFETY: the caller's storage.
    unsafe {
        initialize_header(
            &raw mut (*semaphore).Header,
            SEMAPHORE_OBJECT,
            size_of::<KSEMAPHORE>(),
            count,
        );
        (*semaphore).Limit = limit;
    }
}

/// Raises the count. The count before.
pub unsafe extern "efiapi" fn KeReleaseSemaphore(
    semaphore: *mut KSEMAPHORE,
    _increment: i32,
    adjustment: i32,
    wait: BOOLEAN,
) -> i32 {
    verifier::using_object(semaphore as usize, "KeReleaseSemaphore");
    if wait != 0 {
        verifier::will_wait("KeReleaseSemaphore");
    }
    // SAFETY: an initialised semaphore.
    unsafe {
        let old = (*semaphore).Header.SignalState;
        match old
            .checked_add(adjustment)
            .filter(|n| *n <= (*semaphore).Limit && adjustment > 0)
        {
            Some(n) => (*semaphore).Header.SignalState = n,
            None => verifier::violation(
                Rule::SemaphoreLimit,
                format!("KeReleaseSemaphore({semaphore:p}) above its limit"),
            ),
        }
        guest::signalled(&raw mut (*semaphore).Header);
        old
    }
}

/// The count.
pub unsafe extern "efiapi" fn KeReadStateSemaphore(semaphore: *mut KSEMAPHORE) -> i32 {
    // SAFETY: an initialised semaphore.
    unsafe { (*semaphore).Header.SignalState }
}

/// A free mutex.
pub unsafe extern "efiapi" fn KeInitializeMutex(mutex: *mut KMUTEX, _level: u32) {
    // SAFETY: the caller's storage.
    unsafe {
        initialize_header(
            &raw mut (*mutex).Header,
            MUTANT_OBJECT,
            size_of::<KMUTEX>(),
            1,
        );
        (*mutex).OwnerThread = null_mut();
        (*mutex).Abandoned = 0;
    }
}

/// Releases a mutex of the thread. The state before.
pub unsafe extern "efiapi" fn KeReleaseMutex(mutex: *mut KMUTEX, wait: BOOLEAN) -> i32 {
    if wait != 0 {
        verifier::will_wait("KeReleaseMutex");
    }
    // SAFETY: an initialised mutex.
    unsafe {
        if (*mutex).OwnerThread != KeGetCurrentThread() {
            verifier::violation(
                Rule::LockOwner,
                format!("KeReleaseMutex({mutex:p}) by a thread that does not own it"),
            );
            return 0;
        }
        let old = (*mutex).Header.SignalState;
        (*mutex).Header.SignalState = old + 1;
        if old + 1 == 1 {
            (*mutex).OwnerThread = null_mut();
            guest::signalled(&raw mut (*mutex).Header);
        }
        old
    }
}

/// 1: free.
pub unsafe extern "efiapi" fn KeReadStateMutex(mutex: *mut KMUTEX) -> i32 {
    // SAFETY: an initialised mutex.
    unsafe { (*mutex).Header.SignalState }
}

/// `timeout` null: for ever.
pub unsafe extern "efiapi" fn KeWaitForSingleObject(
    object: PVOID,
    _reason: u32,
    _mode: i8,
    _alertable: BOOLEAN,
    timeout: *const i64,
) -> NTSTATUS {
    verifier::using_object(object as usize, "KeWaitForSingleObject");
    // SAFETY: the caller's.
    let timeout = unsafe { timeout.as_ref().copied() };
    guest::wait(&[object.cast()], false, timeout)
}

/// [`KeWaitForSingleObject`] by another name.
pub unsafe extern "efiapi" fn KeWaitForMutexObject(
    object: PVOID,
    reason: u32,
    mode: i8,
    alertable: BOOLEAN,
    timeout: *const i64,
) -> NTSTATUS {
    // SAFETY: the same contract.
    unsafe { KeWaitForSingleObject(object, reason, mode, alertable, timeout) }
}

/// `kind` 0: all, 1: any.
pub unsafe extern "efiapi" fn KeWaitForMultipleObjects(
    count: u32,
    objects: *const PVOID,
    kind: u32,
    _reason: u32,
    _mode: i8,
    _alertable: BOOLEAN,
    timeout: *const i64,
    _blocks: PVOID,
) -> NTSTATUS {
    // SAFETY: the caller's array.
    let (objects, timeout) = unsafe {
        (
            std::slice::from_raw_parts(objects, count as usize),
            timeout.as_ref().copied(),
        )
    };
    let objects: Vec<_> = objects.iter().map(|o| o.cast()).collect();
    guest::wait(&objects, kind == 0, timeout)
}

// ---- DPCs

/// A DPC with its routine.
pub unsafe extern "efiapi" fn KeInitializeDpc(
    dpc: *mut KDPC,
    routine: PKDEFERRED_ROUTINE,
    context: PVOID,
) {
    verifier::writing_object(dpc as usize, size_of::<KDPC>());
    // SAFETY: the caller's storage.
    unsafe {
        *dpc = KDPC {
            Type: 19,
            Importance: 1,
            Number: 0,
            DpcListEntry: LIST_ENTRY::null(),
            DeferredRoutine: Some(routine),
            DeferredContext: context,
            SystemArgument1: null_mut(),
            SystemArgument2: null_mut(),
            DpcData: null_mut(),
        };
    }
}

/// The same; it runs as an ordinary one.
pub unsafe extern "efiapi" fn KeInitializeThreadedDpc(
    dpc: *mut KDPC,
    routine: PKDEFERRED_ROUTINE,
    context: PVOID,
) {
    // SAFETY: the same contract; threaded DPCs run as ordinary ones here, which is allowed.
    unsafe { KeInitializeDpc(dpc, routine, context) }
}

/// 0 low, 1 medium, 2 high, 3 medium-high.
pub unsafe extern "efiapi" fn KeSetImportanceDpc(dpc: *mut KDPC, importance: u32) {
    // SAFETY: an initialised DPC.
    unsafe { (*dpc).Importance = importance as u8 };
}

/// Does nothing: there is one processor.
pub unsafe extern "efiapi" fn KeSetTargetProcessorDpc(_dpc: *mut KDPC, _number: i8) {}

/// Queues a DPC; false if it is queued already.
pub unsafe extern "efiapi" fn KeInsertQueueDpc(
    dpc: *mut KDPC,
    argument1: PVOID,
    argument2: PVOID,
) -> BOOLEAN {
    verifier::using_object(dpc as usize, "KeInsertQueueDpc");
    let queue = guest::deferred();
    // SAFETY: an initialised DPC.
    unsafe {
        if !(*dpc).DpcData.is_null() {
            return 0;
        }
        (*dpc).DpcData = dpc.cast();
        (*dpc).SystemArgument1 = argument1;
        (*dpc).SystemArgument2 = argument2;
        if (*dpc).Importance == 2 {
            queue.push_front(Deferred::Dpc(dpc));
        } else {
            queue.push_back(Deferred::Dpc(dpc));
        }
    }
    1
}

/// Takes a DPC off the queue; false if it was not there.
pub unsafe extern "efiapi" fn KeRemoveQueueDpc(dpc: *mut KDPC) -> BOOLEAN {
    let queue = guest::deferred();
    let before = queue.len();
    queue.retain(|d| *d != Deferred::Dpc(dpc));
    // SAFETY: an initialised DPC.
    unsafe { (*dpc).DpcData = null_mut() };
    (queue.len() != before) as BOOLEAN
}

/// Runs what is queued.
pub unsafe extern "efiapi" fn KeFlushQueuedDpcs() {
    guest::flush_deferred();
}

/// What DPCs have taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DpcCost {
    /// DPCs that ran.
    pub calls: u64,
    /// Processor time of the host for all of them together, ns.
    pub ns: u64,
    /// For the dearest since [`dpc_cost`] was asked last, ns.
    pub longest_ns: u64,
}

static DPC_COST: Global<DpcCost> = Global::new(DpcCost {
    calls: 0,
    ns: 0,
    longest_ns: 0,
});

/// Since boot.
pub fn dpc_cost() -> DpcCost {
    let counted = DPC_COST.get();
    let cost = *counted;
    counted.longest_ns = 0;
    cost
}

pub(crate) fn run_dpc(dpc: *mut KDPC) {
    // SAFETY: it was queued; the verifier reports freeing a queued DPC.
    let (routine, arguments) = unsafe {
        (*dpc).DpcData = null_mut();
        let d = &*dpc;
        (
            d.DeferredRoutine,
            [
                dpc as usize,
                d.DeferredContext as usize,
                d.SystemArgument1 as usize,
                d.SystemArgument2 as usize,
            ],
        )
    };
    if let Some(routine) = routine {
        // What is built in takes its DPCs off the queue and trusts that they have not begun.
        if crate::loader::is_guest(routine as usize) {
            guest::begins();
        }
        let begin = clock::host_ns();
        // SAFETY: a KDEFERRED_ROUTINE and its arguments.
        unsafe { guest::call(routine as usize, &arguments) };
        let ns = clock::host_ns() - begin;
        let cost = DPC_COST.get();
        cost.calls += 1;
        cost.ns += ns;
        cost.longest_ns = cost.longest_ns.max(ns);
    }
}

// ---- timers

/// A timer that stays signalled.
pub unsafe extern "efiapi" fn KeInitializeTimer(timer: *mut KTIMER) {
    // SAFETY: the same contract.
    unsafe { KeInitializeTimerEx(timer, 0) }
}

/// `kind` 0: notification, 1: synchronization.
pub unsafe extern "efiapi" fn KeInitializeTimerEx(timer: *mut KTIMER, kind: u32) {
    // SAFETY: the caller's storage.
    unsafe {
        initialize_header(
            &raw mut (*timer).Header,
            NOTIFICATION_TIMER + (kind as u8 & 1),
            size_of::<KTIMER>(),
            0,
        );
        (*timer).DueTime = 0;
        (*timer).Dpc = null_mut();
        (*timer).Period = 0;
    }
}

/// Starts a timer for once; true if it ran already.
pub unsafe extern "efiapi" fn KeSetTimer(timer: *mut KTIMER, due: i64, dpc: *mut KDPC) -> BOOLEAN {
    // SAFETY: the same contract.
    unsafe { KeSetCoalescableTimer(timer, due, 0, 0, dpc) }
}

/// `period` in ms.
pub unsafe extern "efiapi" fn KeSetTimerEx(
    timer: *mut KTIMER,
    due: i64,
    period: i32,
    dpc: *mut KDPC,
) -> BOOLEAN {
    if period < 0 {
        verifier::violation(
            Rule::TimerPeriod,
            format!("KeSetTimerEx with the period {period}"),
        );
    }
    // SAFETY: the same contract.
    unsafe { KeSetCoalescableTimer(timer, due, period.max(0) as u32, 0, dpc) }
}

/// `period` and `tolerance` in ms; the latest time that the tolerance allows is taken, as an idle machine does.
pub unsafe extern "efiapi" fn KeSetCoalescableTimer(
    timer: *mut KTIMER,
    due: i64,
    period: u32,
    tolerance: u32,
    dpc: *mut KDPC,
) -> BOOLEAN {
    verifier::using_object(timer as usize, "KeSetTimer");
    let was_set = clock::cancel_timer(timer);
    let at =
        clock::tick_of(clock::due_of(due).max(clock::now_ns()) + u64::from(tolerance) * 1_000_000);
    // SAFETY: an initialised timer.
    unsafe {
        (*timer).Header.SignalState = 0;
        (*timer).DueTime = at / 100;
        (*timer).Period = period;
        (*timer).Dpc = dpc;
    }
    clock::add(at, clock::Event::Timer(timer));
    was_set as BOOLEAN
}

/// Stops a timer; false if it did not run.
pub unsafe extern "efiapi" fn KeCancelTimer(timer: *mut KTIMER) -> BOOLEAN {
    clock::cancel_timer(timer) as BOOLEAN
}

/// It has expired.
pub unsafe extern "efiapi" fn KeReadStateTimer(timer: *mut KTIMER) -> BOOLEAN {
    // SAFETY: an initialised timer.
    unsafe { ((*timer).Header.SignalState != 0) as BOOLEAN }
}

pub(crate) fn timer_expired(timer: *mut KTIMER, due: u64) {
    // SAFETY: a set timer; the verifier reports freeing one.
    unsafe {
        let period = (*timer).Period;
        if period != 0 {
            let next = due + u64::from(period) * 1_000_000;
            (*timer).DueTime = next / 100;
            clock::add(next, clock::Event::Timer(timer));
        }
        (*timer).Header.SignalState = 1;
        guest::signalled(&raw mut (*timer).Header);
        if !(*timer).Dpc.is_null() {
            let time = clock::system_time();
            KeInsertQueueDpc(
                (*timer).Dpc,
                (time as u32) as usize as PVOID,
                ((time >> 32) as usize) as PVOID,
            );
        }
    }
}

/// The lock is free.
pub unsafe extern "efiapi" fn KeTestSpinLockState(lock: *const KSPIN_LOCK) -> BOOLEAN {
    // SAFETY: the caller's lock.
    unsafe { (*lock == 0) as BOOLEAN }
}
