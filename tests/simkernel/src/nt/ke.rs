// SPDX-License-Identifier: MIT OR Apache-2.0
//! Dispatcher objects, DPCs, timers, locks.

use super::*;

/// Head of everything that threads wait for.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct DISPATCHER_HEADER {
    /// 0 notification event, 1 synchronization event, 2 mutant, 5 semaphore, 6 thread, 8/9 timers.
    pub Type: u8,
    /// Of a timer: it is running.
    pub Signalling: u8,
    /// 4-byte words of the whole object.
    pub Size: u8,
    /// 0.
    pub Reserved1: u8,
    /// Above 0: a wait is satisfied.
    pub SignalState: i32,
    /// Who waits.
    pub WaitListHead: LIST_ENTRY,
}

/// XSTATE_MASK_AVX: the upper halves of YMM registers.
pub const XSTATE_MASK_AVX: u64 = 1 << 2;
/// XSTATE_MASK_AVX512: opmask, upper halves of ZMM0 to ZMM15, all of ZMM16 to ZMM31.
pub const XSTATE_MASK_AVX512: u64 = 0b111 << 5;
/// XSTATE_MASK_LEGACY: x87 and SSE.
pub const XSTATE_MASK_LEGACY: u64 = 0b11;

/// Where the processor's extended state has been saved.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct XSTATE_SAVE {
    /// The save around it.
    pub Prev: *mut XSTATE_SAVE,
    /// Whose it is.
    pub Thread: PVOID,
    /// The IRQL.
    pub Level: u8,
    /// Which features.
    pub Mask: u64,
    /// Bytes at Area.
    pub Length: u32,
    /// 0.
    pub Reserved1: u32,
    /// The registers.
    pub Area: PVOID,
    /// What Area is in.
    pub Buffer: PVOID,
}

/// Type: an event that stays signalled.
pub const NOTIFICATION_EVENT: u8 = 0;
/// Type: an event that one wait resets.
pub const SYNCHRONIZATION_EVENT: u8 = 1;
/// Type: a mutex.
pub const MUTANT_OBJECT: u8 = 2;
/// Type: a semaphore.
pub const SEMAPHORE_OBJECT: u8 = 5;
/// Type: a thread, signalled when it ends.
pub const THREAD_OBJECT: u8 = 6;
/// Type: a timer that stays signalled.
pub const NOTIFICATION_TIMER: u8 = 8;
/// Type: a timer that one wait resets.
pub const SYNCHRONIZATION_TIMER: u8 = 9;

/// An event.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct KEVENT {
    /// Type and state.
    pub Header: DISPATCHER_HEADER,
}

/// A semaphore.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct KSEMAPHORE {
    /// Type and count.
    pub Header: DISPATCHER_HEADER,
    /// The highest count.
    pub Limit: i32,
}

/// A mutex, which its owner may acquire again.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct KMUTEX {
    /// Type and state: 1 is free, one less for each acquisition.
    pub Header: DISPATCHER_HEADER,
    /// Of the kernel's.
    pub MutantListEntry: LIST_ENTRY,
    /// Who holds it, or null.
    pub OwnerThread: PVOID,
    /// The owner died with it.
    pub Abandoned: BOOLEAN,
    /// It holds off APCs, as mutexes of drivers do.
    pub ApcDisable: u8,
}

/// What a DPC calls at DISPATCH_LEVEL.
pub type PKDEFERRED_ROUTINE =
    unsafe extern "efiapi" fn(Dpc: *mut KDPC, Context: PVOID, Argument1: PVOID, Argument2: PVOID);

/// A deferred procedure call.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct KDPC {
    /// Of the kernel's.
    pub Type: u8,
    /// 0 low, 1 medium, 2 high: high ones go to the front of the queue.
    pub Importance: u8,
    /// The processor that it is for.
    pub Number: u16,
    /// Link in the processor's queue.
    pub DpcListEntry: LIST_ENTRY,
    /// What is called.
    pub DeferredRoutine: Option<PKDEFERRED_ROUTINE>,
    /// Its first parameter.
    pub DeferredContext: PVOID,
    /// Its second parameter, of who queued it.
    pub SystemArgument1: PVOID,
    /// Its third parameter, of who queued it.
    pub SystemArgument2: PVOID,
    /// The queue that it is in; null: none.
    pub DpcData: PVOID,
}

/// A timer.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct KTIMER {
    /// Type and state.
    pub Header: DISPATCHER_HEADER,
    /// When it expires, 100 ns.
    pub DueTime: u64,
    /// Of the kernel's.
    pub TimerListEntry: LIST_ENTRY,
    /// Queued when it expires, or null.
    pub Dpc: *mut KDPC,
    /// Of the kernel's.
    pub Processor: u32,
    /// Milliseconds from one expiration to the next; 0: once.
    pub Period: u32,
}

/// A mutex that its owner cannot acquire again.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct FAST_MUTEX {
    /// 1 is free.
    pub Count: i32,
    /// Who holds it, or null.
    pub Owner: PVOID,
    /// How often somebody had to wait.
    pub Contention: u32,
    /// What they wait for.
    pub Event: KEVENT,
    /// Level before it was acquired.
    pub OldIrql: u32,
}

/// Opaque to drivers; simkernel keeps its state in the first fields.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ERESOURCE {
    /// Of the kernel's.
    pub SystemResourcesList: LIST_ENTRY,
    /// Of the kernel's.
    pub OwnerTable: PVOID,
    /// Acquisitions that are held.
    pub ActiveCount: i16,
    /// Bits of the kernel's.
    pub Flag: u16,
    /// Of the kernel's.
    pub SharedWaiters: PVOID,
    /// Of the kernel's.
    pub ExclusiveWaiters: PVOID,
    /// The first owner and its count.
    pub OwnerEntry: [usize; 2],
    /// Owners.
    pub ActiveEntries: u32,
    /// How often somebody had to wait.
    pub ContentionCount: u32,
    /// Who waits to read.
    pub NumberOfSharedWaiters: u32,
    /// Who waits to write.
    pub NumberOfExclusiveWaiters: u32,
    /// Of the kernel's.
    pub Reserved2: PVOID,
    /// Of the kernel's.
    pub Address: PVOID,
    /// Of the kernel's.
    pub SpinLock: KSPIN_LOCK,
}

/// A place in the queue for a spin lock.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct KLOCK_QUEUE_HANDLE {
    /// The place behind.
    pub Next: PVOID,
    /// The lock.
    pub Lock: *mut KSPIN_LOCK,
    /// Level before it was acquired.
    pub OldIrql: KIRQL,
}

/// What a system thread runs, at PASSIVE_LEVEL.
pub type PKSTART_ROUTINE = unsafe extern "efiapi" fn(StartContext: PVOID);

/// `EXT_CALLBACK`: what a timer of ExAllocateTimer calls at DISPATCH_LEVEL.
pub type EXT_CALLBACK = unsafe extern "efiapi" fn(Timer: PVOID, Context: PVOID);
/// What is called when a timer of ExAllocateTimer is gone.
pub type EXT_DELETE_CALLBACK = unsafe extern "efiapi" fn(Context: PVOID);

/// Parameters of ExDeleteTimer.
#[repr(C)]
pub struct EXT_DELETE_PARAMETERS {
    /// 0.
    pub Version: u32,
    /// 0.
    pub Reserved: u32,
    /// Called when it is gone, or null.
    pub DeleteCallback: Option<EXT_DELETE_CALLBACK>,
    /// Its parameter.
    pub DeleteContext: PVOID,
}

/// Parameters of ExSetTimer.
#[repr(C)]
pub struct EXT_SET_PARAMETERS {
    /// 0.
    pub Version: u32,
    /// 0.
    pub Reserved: u32,
    /// How much later a sleeping processor may come, 100 ns; −1 for any time.
    pub NoWakeTolerance: i64,
}

/// Attribute: exact, and raises the clock's rate while it runs.
pub const EX_TIMER_HIGH_RESOLUTION: u32 = 4;
/// Attribute: wakes no sleeping processor.
pub const EX_TIMER_NO_WAKE: u32 = 8;
/// Attribute: stays signalled.
pub const EX_TIMER_NOTIFICATION: u32 = 1 << 31;

layout!(XSTATE_SAVE, 56, Mask = 24, Area = 40);
layout!(DISPATCHER_HEADER, 24, SignalState = 4, WaitListHead = 8);
layout!(KEVENT, 24);
layout!(KSEMAPHORE, 32, Limit = 24);
layout!(KMUTEX, 56, OwnerThread = 40);
layout!(KDPC, 64, DeferredRoutine = 24, DpcData = 56);
layout!(KTIMER, 64, DueTime = 24, Dpc = 48, Period = 60);
layout!(FAST_MUTEX, 56, Owner = 8, Event = 24, OldIrql = 48);
layout!(ERESOURCE, 104, SpinLock = 96);
layout!(KLOCK_QUEUE_HANDLE, 24, OldIrql = 16);
layout!(EXT_DELETE_PARAMETERS, 24, DeleteCallback = 8);
