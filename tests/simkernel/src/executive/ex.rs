// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pool, lookaside lists, work items, callbacks to raise.

use super::*;
use crate::verifier::Rule;
use crate::{fault, guest, pool, verifier};
use std::ptr::null_mut;

/// What this file exports, each name with the highest IRQL that it may be called at.
pub fn exports() -> Vec<Export> {
    crate::exports! {
        HIGH_LEVEL => ExGetPreviousMode, ExRaiseStatus, ExQueryDepthSList, ExpInterlockedPopEntrySList, ExpInterlockedPushEntrySList,
            ExpInterlockedFlushSList, InitializeSListHead, ExUuidCreate, ExRaiseAccessViolation, ExRaiseDatatypeMisalignment;
        DISPATCH_LEVEL => ExAllocatePool2, ExAllocatePoolWithTag, ExAllocatePool, ExAllocatePoolWithQuotaTag, ExFreePoolWithTag, ExFreePool,
            ExFreePool2, ExInitializeNPagedLookasideList, ExDeleteNPagedLookasideList, ExQueueWorkItem, ExInitializePagedLookasideList,
            ExDeletePagedLookasideList, ExInitializeRundownProtection, ExAcquireRundownProtection, ExReleaseRundownProtection;
        APC_LEVEL => ExWaitForRundownProtectionRelease, ExRundownCompleted;
    }
}

/// The base of the image whose code called the running export directly; 0 if a host module did.
pub(crate) fn direct_caller(function: usize) -> usize {
    let context = guest::current();
    if context.is_null() {
        return 0;
    }
    // SAFETY: the running context and its linked frames are live.
    unsafe {
        let frame = (*context).frame;
        if frame.is_null() || (*frame).import.is_null() || (*(*frame).import).target() != function {
            return 0;
        }
        crate::loader::image_of((*frame).return_address()).map_or(0, |i| i.base)
    }
}

unsafe fn allocate(size: usize, tag: u32, paged: bool, zero: bool, caller: usize) -> PVOID {
    if paged && guest::irql() > APC_LEVEL {
        verifier::violation(
            Rule::PoolPagedIrql,
            format!("paged pool allocated at IRQL {}", guest::irql()),
        );
    }
    if size == 0 {
        verifier::violation(Rule::PoolZeroBytes, "a pool allocation of zero bytes");
    }
    if tag == 0 || tag == u32::from_le_bytes(*b"BIG ") {
        verifier::violation(
            Rule::PoolTag,
            format!("a pool allocation with tag '{}'", pool::tag_text(tag)),
        );
    }
    if caller != 0 && verifier::allocation_fails() {
        return null_mut();
    }
    pool::allocate(size, tag, paged, zero, caller).cast()
}

/// Pool by `POOL_FLAG_*`; null without memory, or when the verifier lets it fail.
pub unsafe extern "efiapi" fn ExAllocatePool2(flags: u64, size: usize, tag: u32) -> PVOID {
    let caller = direct_caller(ExAllocatePool2 as *const () as usize);
    if flags & POOL_FLAG_NON_PAGED_EXECUTE != 0 {
        verifier::violation(Rule::PoolExecutable, "executable pool was allocated");
    }
    let kinds = flags & (POOL_FLAG_NON_PAGED | POOL_FLAG_NON_PAGED_EXECUTE | POOL_FLAG_PAGED);
    if kinds.count_ones() != 1 {
        verifier::violation(
            Rule::PoolFlags,
            format!("ExAllocatePool2 with flags {flags:#x}"),
        );
        return null_mut();
    }
    // SAFETY: no requirements.
    let block = unsafe {
        allocate(
            size,
            tag,
            flags & POOL_FLAG_PAGED != 0,
            flags & POOL_FLAG_UNINITIALIZED == 0,
            caller,
        )
    };
    if block.is_null() && flags & POOL_FLAG_RAISE_ON_FAILURE != 0 {
        fault::raise_status(status::STATUS_INSUFFICIENT_RESOURCES);
    }
    block
}

/// Pool by POOL_TYPE, not zeroed; null without memory.
pub unsafe extern "efiapi" fn ExAllocatePoolWithTag(kind: u32, size: usize, tag: u32) -> PVOID {
    let caller = direct_caller(ExAllocatePoolWithTag as *const () as usize);
    if kind & !1 == 0 && kind & 1 == 0 && caller != 0 {
        verifier::violation(
            Rule::PoolExecutable,
            "ExAllocatePoolWithTag of executable non-paged pool",
        );
    }
    // SAFETY: no requirements.
    unsafe { allocate(size, tag, kind & 1 != 0, false, caller) }
}

/// The same with the tag `None`.
pub unsafe extern "efiapi" fn ExAllocatePool(kind: u32, size: usize) -> PVOID {
    // SAFETY: no requirements.
    unsafe {
        allocate(
            size,
            tag(b"None"),
            kind & 1 != 0,
            false,
            direct_caller(ExAllocatePool as *const () as usize),
        )
    }
}

/// The same; without memory it raises, unless the type forbids it.
pub unsafe extern "efiapi" fn ExAllocatePoolWithQuotaTag(
    kind: u32,
    size: usize,
    tag: u32,
) -> PVOID {
    let caller = direct_caller(ExAllocatePoolWithQuotaTag as *const () as usize);
    // SAFETY: no requirements.
    let block = unsafe { allocate(size, tag, kind & 1 != 0, false, caller) };
    if block.is_null() && kind & 8 == 0 {
        fault::raise_status(status::STATUS_INSUFFICIENT_RESOURCES);
    }
    block
}

/// Frees pool; the verifier compares the tag.
pub unsafe extern "efiapi" fn ExFreePoolWithTag(block: PVOID, tag: u32) {
    mm::pool_freed(block as usize);
    pool::free(block as usize, tag);
}

/// Frees pool of any tag.
pub unsafe extern "efiapi" fn ExFreePool(block: PVOID) {
    mm::pool_freed(block as usize);
    pool::free(block as usize, 0);
}

/// [`ExFreePoolWithTag`] with parameters, which are not looked at.
pub unsafe extern "efiapi" fn ExFreePool2(block: PVOID, tag: u32, _parameters: PVOID, _count: u32) {
    mm::pool_freed(block as usize);
    pool::free(block as usize, tag);
}

/// User mode in a client's thread, else kernel mode.
pub unsafe extern "efiapi" fn ExGetPreviousMode() -> KPROCESSOR_MODE {
    let context = guest::current();
    // SAFETY: the running context is live.
    let user = unsafe { !context.is_null() && (*context).process != 0 };
    if user { USER_MODE } else { KERNEL_MODE }
}

/// Raises an exception with this status.
pub unsafe extern "efiapi" fn ExRaiseStatus(status: NTSTATUS) {
    fault::raise_status(status);
}

/// Raises `STATUS_ACCESS_VIOLATION`.
pub unsafe extern "efiapi" fn ExRaiseAccessViolation() {
    fault::raise_status(status::STATUS_ACCESS_VIOLATION);
}

/// Raises `STATUS_DATATYPE_MISALIGNMENT`.
pub unsafe extern "efiapi" fn ExRaiseDatatypeMisalignment() {
    fault::raise_status(status::STATUS_DATATYPE_MISALIGNMENT);
}

/// A GUID from the machine's seed.
pub unsafe extern "efiapi" fn ExUuidCreate(uuid: *mut [u64; 2]) -> NTSTATUS {
    // SAFETY: a GUID of the caller's.
    unsafe { uuid.write_unaligned([verifier::random(), verifier::random()]) };
    status::STATUS_SUCCESS
}

// ---- singly linked lists: word 0 holds the depth, word 1 the first entry

/// An empty singly linked list.
pub unsafe extern "efiapi" fn InitializeSListHead(head: *mut [usize; 2]) {
    // SAFETY: the caller's storage.
    unsafe { *head = [0, 0] };
}

/// Entries of such a list.
pub unsafe extern "efiapi" fn ExQueryDepthSList(head: *const [usize; 2]) -> u16 {
    // SAFETY: an initialised list.
    unsafe { (*head)[0] as u16 }
}

/// Takes the first entry; null if there is none.
pub unsafe extern "efiapi" fn ExpInterlockedPopEntrySList(head: *mut [usize; 2]) -> *mut usize {
    // SAFETY: an initialised list.
    unsafe {
        let first = (*head)[1] as *mut usize;
        if !first.is_null() {
            (*head)[0] -= 1;
            (*head)[1] = *first;
        }
        first
    }
}

/// Puts an entry in front; the entry that was first, or null.
pub unsafe extern "efiapi" fn ExpInterlockedPushEntrySList(
    head: *mut [usize; 2],
    entry: *mut usize,
) -> *mut usize {
    // SAFETY: an initialised list and an entry of the caller's.
    unsafe {
        let first = (*head)[1];
        *entry = first;
        (*head)[0] += 1;
        (*head)[1] = entry as usize;
        first as *mut usize
    }
}

/// Takes all entries: the first of them, or null.
pub unsafe extern "efiapi" fn ExpInterlockedFlushSList(head: *mut [usize; 2]) -> *mut usize {
    // SAFETY: an initialised list.
    unsafe {
        let first = (*head)[1];
        *head = [0, 0];
        first as *mut usize
    }
}

/// GENERAL_LOOKASIDE as the headers' inline functions see it. It must be 16-aligned; the kernel's own are cache-aligned.
#[repr(C, align(16))]
pub struct Lookaside {
    list: [usize; 2],
    depth: u16,
    maximum_depth: u16,
    total_allocates: u32,
    allocate_misses: u32,
    total_frees: u32,
    free_misses: u32,
    kind: u32,
    tag: u32,
    size: u32,
    allocate: usize,
    free: usize,
    list_entry: LIST_ENTRY,
    last_total_allocates: u32,
    last_misses: u32,
    future: [u32; 10],
}

const _: () = assert!(align_of::<Lookaside>() == 16);

layout!(
    Lookaside,
    128,
    depth = 16,
    kind = 36,
    size = 44,
    allocate = 48,
    free = 56
);

unsafe fn initialize_lookaside(
    list: *mut Lookaside,
    allocate: usize,
    free: usize,
    kind: u32,
    size: usize,
    tag: u32,
) {
    let routine = |given: usize, name: &str| {
        if given != 0 {
            given
        } else {
            crate::loader::guest_routine("ntoskrnl.exe", name).unwrap_or(0)
        }
    };
    // SAFETY: the caller's storage.
    unsafe {
        (*list).list = [0, 0];
        (*list).depth = 4;
        (*list).maximum_depth = 256;
        (*list).total_allocates = 0;
        (*list).allocate_misses = 0;
        (*list).total_frees = 0;
        (*list).free_misses = 0;
        (*list).kind = kind;
        (*list).tag = tag;
        (*list).size = size as u32;
        (*list).allocate = routine(allocate, "ExAllocatePoolWithTag");
        (*list).free = routine(free, "ExFreePool");
    }
}

unsafe fn delete_lookaside(list: *mut Lookaside) {
    // SAFETY: an initialised list; its free routine is driver-callable code.
    unsafe {
        loop {
            let entry = ExpInterlockedPopEntrySList(&raw mut (*list).list);
            if entry.is_null() {
                break;
            }
            guest::call((*list).free, &[entry as usize]);
        }
    }
}

/// A lookaside list of non-paged pool.
pub unsafe extern "efiapi" fn ExInitializeNPagedLookasideList(
    list: *mut Lookaside,
    allocate: usize,
    free: usize,
    _flags: u32,
    size: usize,
    tag: u32,
    _depth: u16,
) {
    // SAFETY: the caller's storage.
    unsafe { initialize_lookaside(list, allocate, free, NON_PAGED_POOL_NX, size, tag) }
}

/// A lookaside list of paged pool.
pub unsafe extern "efiapi" fn ExInitializePagedLookasideList(
    list: *mut Lookaside,
    allocate: usize,
    free: usize,
    _flags: u32,
    size: usize,
    tag: u32,
    _depth: u16,
) {
    // SAFETY: the caller's storage.
    unsafe { initialize_lookaside(list, allocate, free, PAGED_POOL, size, tag) }
}

/// Frees what such a list holds.
pub unsafe extern "efiapi" fn ExDeleteNPagedLookasideList(list: *mut Lookaside) {
    // SAFETY: an initialised list.
    unsafe { delete_lookaside(list) }
}

/// Frees what such a list holds.
pub unsafe extern "efiapi" fn ExDeletePagedLookasideList(list: *mut Lookaside) {
    // SAFETY: an initialised list.
    unsafe { delete_lookaside(list) }
}

// ---- run-down protection: bit 0 says that the wait has begun, the rest counts

/// An object that may be used.
pub unsafe extern "efiapi" fn ExInitializeRundownProtection(run: *mut usize) {
    // SAFETY: the caller's storage.
    unsafe { *run = 0 };
}

/// Uses it, unless it is running down: then false.
pub unsafe extern "efiapi" fn ExAcquireRundownProtection(run: *mut usize) -> BOOLEAN {
    // SAFETY: initialised.
    unsafe {
        if *run & 1 != 0 {
            return 0;
        }
        *run += 2;
    }
    1
}

/// Ends a use.
pub unsafe extern "efiapi" fn ExReleaseRundownProtection(run: *mut usize) {
    // SAFETY: initialised.
    unsafe {
        if *run < 2 {
            verifier::violation(
                Rule::RundownNotHeld,
                "ExReleaseRundownProtection without an acquire",
            );
            return;
        }
        *run -= 2;
    }
}

/// Forbids further uses and waits for those that are left.
pub unsafe extern "efiapi" fn ExWaitForRundownProtectionRelease(run: *mut usize) {
    // SAFETY: initialised.
    unsafe {
        *run |= 1;
        while run.read_volatile() > 1 {
            guest::wait(&[], false, Some(-10_000));
        }
    }
}

/// It is run down, and stays so.
pub unsafe extern "efiapi" fn ExRundownCompleted(run: *mut usize) {
    // SAFETY: initialised.
    unsafe { *run = 1 };
}

// ---- WORK_QUEUE_ITEM: LIST_ENTRY, routine, parameter

/// Something for a worker thread.
#[repr(C)]
pub struct WORK_QUEUE_ITEM {
    /// Of the kernel's.
    pub List: LIST_ENTRY,
    /// What is run, at PASSIVE_LEVEL.
    pub WorkerRoutine: Option<unsafe extern "efiapi" fn(PVOID)>,
    /// Its parameter.
    pub Parameter: PVOID,
}

/// Runs an item in a thread of its own; queues are not told apart.
pub unsafe extern "efiapi" fn ExQueueWorkItem(item: *mut WORK_QUEUE_ITEM, _queue: u32) {
    // SAFETY: an initialised item; copied, because the routine may free it.
    let (routine, parameter) = unsafe { ((*item).WorkerRoutine, (*item).Parameter as usize) };
    if let Some(routine) = routine {
        guest::spawn(
            "work item",
            12,
            Box::new(move || {
                // SAFETY: the routine and its parameter.
                unsafe { guest::call(routine as usize, &[parameter]) };
            }),
        );
    }
}
