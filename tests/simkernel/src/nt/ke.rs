// SPDX-License-Identifier: MIT OR Apache-2.0
//! Dispatcher objects, DPCs, timers, locks.

use super::*;

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct DISPATCHER_HEADER {
    /// 0 notification event, 1 synchronization event, 2 mutant, 5 semaphore, 6 thread, 8/9 timers.
    pub Type: u8,
    pub Signalling: u8,
    pub Size: u8,
    pub Reserved1: u8,
    pub SignalState: i32,
    pub WaitListHead: LIST_ENTRY,
}

pub const NOTIFICATION_EVENT: u8 = 0;
pub const SYNCHRONIZATION_EVENT: u8 = 1;
pub const MUTANT_OBJECT: u8 = 2;
pub const SEMAPHORE_OBJECT: u8 = 5;
pub const THREAD_OBJECT: u8 = 6;
pub const NOTIFICATION_TIMER: u8 = 8;
pub const SYNCHRONIZATION_TIMER: u8 = 9;

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct KEVENT {
    pub Header: DISPATCHER_HEADER,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KSEMAPHORE {
    pub Header: DISPATCHER_HEADER,
    pub Limit: i32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KMUTEX {
    pub Header: DISPATCHER_HEADER,
    pub MutantListEntry: LIST_ENTRY,
    pub OwnerThread: PVOID,
    pub Abandoned: BOOLEAN,
    pub ApcDisable: u8,
}

pub type PKDEFERRED_ROUTINE =
    unsafe extern "efiapi" fn(Dpc: *mut KDPC, Context: PVOID, Argument1: PVOID, Argument2: PVOID);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KDPC {
    pub Type: u8,
    pub Importance: u8,
    pub Number: u16,
    pub DpcListEntry: LIST_ENTRY,
    pub DeferredRoutine: Option<PKDEFERRED_ROUTINE>,
    pub DeferredContext: PVOID,
    pub SystemArgument1: PVOID,
    pub SystemArgument2: PVOID,
    pub DpcData: PVOID,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KTIMER {
    pub Header: DISPATCHER_HEADER,
    pub DueTime: u64,
    pub TimerListEntry: LIST_ENTRY,
    pub Dpc: *mut KDPC,
    pub Processor: u32,
    pub Period: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct FAST_MUTEX {
    pub Count: i32,
    pub Owner: PVOID,
    pub Contention: u32,
    pub Event: KEVENT,
    pub OldIrql: u32,
}

/// Opaque to drivers; simkernel keeps its state in the first fields.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ERESOURCE {
    pub SystemResourcesList: LIST_ENTRY,
    pub OwnerTable: PVOID,
    pub ActiveCount: i16,
    pub Flag: u16,
    pub SharedWaiters: PVOID,
    pub ExclusiveWaiters: PVOID,
    pub OwnerEntry: [usize; 2],
    pub ActiveEntries: u32,
    pub ContentionCount: u32,
    pub NumberOfSharedWaiters: u32,
    pub NumberOfExclusiveWaiters: u32,
    pub Reserved2: PVOID,
    pub Address: PVOID,
    pub SpinLock: KSPIN_LOCK,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KLOCK_QUEUE_HANDLE {
    pub Next: PVOID,
    pub Lock: *mut KSPIN_LOCK,
    pub OldIrql: KIRQL,
}

pub type PKSTART_ROUTINE = unsafe extern "efiapi" fn(StartContext: PVOID);

/// `EXT_CALLBACK`: what a timer of ExAllocateTimer calls at DISPATCH_LEVEL.
pub type EXT_CALLBACK = unsafe extern "efiapi" fn(Timer: PVOID, Context: PVOID);
pub type EXT_DELETE_CALLBACK = unsafe extern "efiapi" fn(Context: PVOID);

#[repr(C)]
pub struct EXT_DELETE_PARAMETERS {
    pub Version: u32,
    pub Reserved: u32,
    pub DeleteCallback: Option<EXT_DELETE_CALLBACK>,
    pub DeleteContext: PVOID,
}

#[repr(C)]
pub struct EXT_SET_PARAMETERS {
    pub Version: u32,
    pub Reserved: u32,
    pub NoWakeTolerance: i64,
}

pub const EX_TIMER_HIGH_RESOLUTION: u32 = 4;
pub const EX_TIMER_NO_WAKE: u32 = 8;
pub const EX_TIMER_NOTIFICATION: u32 = 1 << 31;

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
