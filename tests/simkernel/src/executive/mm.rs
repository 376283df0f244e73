// SPDX-License-Identifier: MIT OR Apache-2.0
//! Memory descriptor lists, mappings, probes.

use super::*;
use crate::state::Global;
use crate::verifier::Rule;
use crate::{fault, guest, loader, pool, user, verifier};
use std::collections::BTreeMap;
use std::ptr::null_mut;

/// What this file exports, each name with the highest IRQL that it may be called at.
pub fn exports() -> Vec<Export> {
    crate::exports! {
        HIGH_LEVEL => MmIsAddressValid, MmGetPhysicalAddress;
        DISPATCH_LEVEL => IoAllocateMdl, IoFreeMdl, IoBuildPartialMdl, MmUnlockPages, MmMapLockedPagesSpecifyCache, MmMapLockedPages, MmUnmapLockedPages,
            MmBuildMdlForNonPagedPool, MmProbeAndLockPages, MmSizeOfMdl, MmFreeContiguousMemory, MmFreeContiguousMemorySpecifyCache;
        APC_LEVEL => MmAllocatePagesForMdl, MmAllocatePagesForMdlEx, MmFreePagesFromMdl, MmAllocateContiguousMemory,
            MmAllocateContiguousMemorySpecifyCache, ProbeForRead, ProbeForWrite, MmQuerySystemSize;
        PASSIVE_LEVEL => MmGetSystemRoutineAddress;
    }
}

struct MdlState {
    owner: usize,
    /// Allocated by IoAllocateMdl, so IoFreeMdl releases this many bytes.
    bytes: usize,
    locked: bool,
    system: Option<usize>,
    pages: Option<usize>,
}

static MDLS: Global<BTreeMap<usize, MdlState>> = Global::new(BTreeMap::new());
const MDL_TAG: u32 = tag(b"Mdl ");

fn state_of(mdl: *mut MDL) -> &'static mut MdlState {
    MDLS.get().entry(mdl as usize).or_insert(MdlState {
        owner: 0,
        bytes: 0,
        locked: false,
        system: None,
        pages: None,
    })
}

/// The address an MDL describes.
unsafe fn address_of(mdl: *mut MDL) -> u64 {
    // SAFETY: an initialised MDL.
    unsafe { (*mdl).StartVa as u64 + u64::from((*mdl).ByteOffset) }
}

fn span(address: usize, length: usize) -> usize {
    ((address & (PAGE_SIZE - 1)) + length).div_ceil(PAGE_SIZE)
}

/// Bytes of an MDL for such a buffer.
pub unsafe extern "efiapi" fn MmSizeOfMdl(base: PVOID, length: usize) -> usize {
    size_of::<MDL>() + 8 * span(base as usize, length)
}

/// An MDL for a buffer, and into a request if one is given.
pub unsafe extern "efiapi" fn IoAllocateMdl(
    address: PVOID,
    length: u32,
    secondary: BOOLEAN,
    _quota: BOOLEAN,
    irp: *mut IRP,
) -> *mut MDL {
    let owner = ex::direct_caller(IoAllocateMdl as *const () as usize);
    if owner != 0 && verifier::allocation_fails() {
        return null_mut();
    }
    let bytes = size_of::<MDL>() + 8 * span(address as usize, length as usize).max(1);
    // SAFETY: fresh memory of that size; the request is the caller's.
    unsafe {
        let mdl: *mut MDL = libc::calloc(1, bytes).cast();
        (*mdl).Size = bytes.min(i16::MAX as usize) as i16;
        (*mdl).StartVa = (address as usize & !(PAGE_SIZE - 1)) as PVOID;
        (*mdl).ByteOffset = (address as usize & (PAGE_SIZE - 1)) as u32;
        (*mdl).ByteCount = length;
        let s = state_of(mdl);
        s.owner = owner;
        s.bytes = bytes;
        if !irp.is_null() {
            if secondary == 0 {
                (*irp).MdlAddress = mdl;
            } else {
                let mut at = &raw mut (*irp).MdlAddress;
                while !(*at).is_null() {
                    at = &raw mut (**at).Next;
                }
                *at = mdl;
            }
        }
        mdl
    }
}

/// Frees an MDL; its pages must be unlocked.
pub unsafe extern "efiapi" fn IoFreeMdl(mdl: *mut MDL) {
    let Some(s) = MDLS.get().get(&(mdl as usize)) else {
        verifier::violation(
            Rule::MdlUnknown,
            format!("IoFreeMdl({mdl:p}) of something that is no MDL"),
        );
        return;
    };
    if s.locked {
        verifier::violation(
            Rule::MdlFreedLocked,
            format!("IoFreeMdl({mdl:p}) while its pages are locked"),
        );
    }
    // SAFETY: a known MDL.
    unsafe {
        if (*mdl).MdlFlags & MDL_PARTIAL != 0 && s.system.is_some() {
            MmUnmapLockedPages((*mdl).MappedSystemVa, mdl);
        }
    }
    if s.bytes == 0 && pool::contains(mdl as usize, 1) {
        verifier::violation(
            Rule::MdlPages,
            format!("IoFreeMdl({mdl:p}) of MmAllocatePagesForMdl; ExFreePool is for that"),
        );
        return;
    }
    if let Some(s) = MDLS.get().remove(&(mdl as usize))
        && s.bytes != 0
    {
        // SAFETY: made by IoAllocateMdl.
        unsafe { libc::free(mdl.cast()) };
    }
}

/// Makes an MDL one of a part of another's buffer.
pub unsafe extern "efiapi" fn IoBuildPartialMdl(
    source: *mut MDL,
    target: *mut MDL,
    address: PVOID,
    length: u32,
) {
    // SAFETY: two MDLs of the caller's.
    unsafe {
        let base = address_of(source);
        let skip = (address as u64).wrapping_sub(base);
        let length = if length == 0 {
            (*source).ByteCount - skip as u32
        } else {
            length
        };
        (*target).StartVa = (address as usize & !(PAGE_SIZE - 1)) as PVOID;
        (*target).ByteOffset = (address as usize & (PAGE_SIZE - 1)) as u32;
        (*target).ByteCount = length;
        (*target).MdlFlags |= MDL_PARTIAL | ((*source).MdlFlags & MDL_SOURCE_IS_NONPAGED_POOL);
        if !(*source).MappedSystemVa.is_null() {
            (*target).MappedSystemVa = (*source).MappedSystemVa.byte_add(skip as usize);
            (*target).MdlFlags |= MDL_MAPPED_TO_SYSTEM_VA & (*source).MdlFlags;
        }
    }
}

/// Locks the pages. Raises STATUS_ACCESS_VIOLATION if they are not there or not the caller's to use. `operation` 0 read, 1 write, 2 modify.
pub unsafe extern "efiapi" fn MmProbeAndLockPages(
    mdl: *mut MDL,
    mode: KPROCESSOR_MODE,
    operation: u32,
) {
    // SAFETY: the same contract.
    let status = unsafe { probe_and_lock(mdl, mode, operation) };
    if status < 0 {
        fault::raise_status(status);
    }
}

/// MmProbeAndLockPages for host modules: a status instead of an exception.
pub unsafe fn probe_and_lock(mdl: *mut MDL, mode: KPROCESSOR_MODE, operation: u32) -> NTSTATUS {
    // SAFETY: an MDL of the caller's.
    unsafe {
        let (address, length) = (address_of(mdl), (*mdl).ByteCount as usize);
        let state = state_of(mdl);
        if state.locked {
            verifier::violation(
                Rule::MdlLockedTwice,
                format!("MmProbeAndLockPages({mdl:p}) twice"),
            );
        }
        if user::is_user(address) {
            if guest::irql() > APC_LEVEL {
                verifier::violation(
                    Rule::MdlLockIrql,
                    format!(
                        "MmProbeAndLockPages of user memory at IRQL {}",
                        guest::irql()
                    ),
                );
            }
            if mode == KERNEL_MODE && ex::ExGetPreviousMode() == USER_MODE {
                verifier::violation(
                    Rule::MdlNotProbed,
                    "MmProbeAndLockPages of a user address without probing (KernelMode)",
                );
            }
            let context = guest::current();
            let in_process = context.is_null() || (*context).process != 0;
            let usable = if operation == 0 {
                user::is_mapped(address, length)
            } else {
                user::is_writable(address, length)
            };
            if !in_process || length == 0 || !usable {
                return status::STATUS_ACCESS_VIOLATION;
            }
            user::lock(address, length);
        } else {
            if mode == USER_MODE {
                return status::STATUS_ACCESS_VIOLATION;
            }
            (*mdl).MappedSystemVa = address as PVOID;
        }
        state.locked = true;
        (*mdl).MdlFlags |= MDL_PAGES_LOCKED
            | if operation != 0 {
                MDL_WRITE_OPERATION
            } else {
                0
            };
    }
    status::STATUS_SUCCESS
}

/// Unlocks and unmaps the pages.
pub unsafe extern "efiapi" fn MmUnlockPages(mdl: *mut MDL) {
    let state = state_of(mdl);
    if !state.locked {
        verifier::violation(
            Rule::MdlNotLocked,
            format!("MmUnlockPages({mdl:p}) of pages that are not locked"),
        );
        return;
    }
    // SAFETY: a locked MDL.
    unsafe {
        if let Some(system) = state.system {
            MmUnmapLockedPages(system as PVOID, mdl);
        }
        let address = address_of(mdl);
        if user::is_user(address) {
            user::unlock(address);
        }
        state_of(mdl).locked = false;
        (*mdl).MdlFlags &= !(MDL_PAGES_LOCKED | MDL_WRITE_OPERATION);
    }
}

/// Null when `bugcheck` is 0 and there is no room.
pub unsafe extern "efiapi" fn MmMapLockedPagesSpecifyCache(
    mdl: *mut MDL,
    mode: KPROCESSOR_MODE,
    _cache: u32,
    _requested: PVOID,
    bugcheck: u32,
    priority: u32,
) -> PVOID {
    let caller = ex::direct_caller(MmMapLockedPagesSpecifyCache as *const () as usize);
    if caller != 0 {
        if mode == KERNEL_MODE && priority & 0x4000_0000 == 0 {
            verifier::violation(
                Rule::MdlExecutable,
                "an MDL was mapped executable (MdlMappingNoExecute is missing)",
            );
        }
        if bugcheck == 0 && verifier::allocation_fails() {
            return null_mut();
        }
    }
    // SAFETY: an MDL of the caller's.
    unsafe {
        let (address, length) = (address_of(mdl), (*mdl).ByteCount as usize);
        let state = state_of(mdl);
        if let Some(pages) = state.pages {
            return pages as PVOID;
        }
        if !user::is_user(address) {
            return address as PVOID;
        }
        if !state.locked && (*mdl).MdlFlags & MDL_PARTIAL == 0 {
            verifier::violation(
                Rule::MdlMapped,
                format!("MmMapLockedPages({mdl:p}) of pages that are not locked"),
            );
            return null_mut();
        }
        if let Some(system) = state.system {
            verifier::violation(Rule::MdlMapped, format!("MmMapLockedPages({mdl:p}) twice"));
            return system as PVOID;
        }
        let Some(system) = user::map_system(address, length) else {
            return null_mut();
        };
        state.system = Some(system);
        (*mdl).MappedSystemVa = system as PVOID;
        (*mdl).MdlFlags |= MDL_MAPPED_TO_SYSTEM_VA;
        system as PVOID
    }
}

/// [`MmMapLockedPagesSpecifyCache`] that does not fail.
pub unsafe extern "efiapi" fn MmMapLockedPages(mdl: *mut MDL, mode: KPROCESSOR_MODE) -> PVOID {
    // SAFETY: the same contract.
    unsafe { MmMapLockedPagesSpecifyCache(mdl, mode, 1, null_mut(), 1, 0x4000_0020) }
}

/// MmGetSystemAddressForMdlSafe (an inline function of the headers), for host modules.
pub unsafe fn system_address(mdl: *mut MDL) -> PVOID {
    // SAFETY: an MDL of the caller's.
    unsafe {
        if (*mdl).MdlFlags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL) != 0 {
            (*mdl).MappedSystemVa
        } else {
            MmMapLockedPagesSpecifyCache(mdl, KERNEL_MODE, 1, null_mut(), 0, 0x4000_0010)
        }
    }
}

/// Ends a mapping.
pub unsafe extern "efiapi" fn MmUnmapLockedPages(system: PVOID, mdl: *mut MDL) {
    let state = state_of(mdl);
    match state.system.take() {
        // SAFETY: a mapped MDL.
        Some(mapped) => unsafe {
            if mapped != system as usize {
                verifier::violation(
                    Rule::MdlUnmapped,
                    format!("MmUnmapLockedPages({system:p}) of another address than was mapped"),
                );
            }
            user::unmap_system(mapped, (*mdl).ByteCount as usize);
            (*mdl).MdlFlags &= !MDL_MAPPED_TO_SYSTEM_VA;
            (*mdl).MappedSystemVa = null_mut();
        },
        None if state.pages.is_some() => {}
        // SAFETY: an MDL of the caller's.
        None if unsafe { user::is_user(address_of(mdl)) } => {
            verifier::violation(
                Rule::MdlUnmapped,
                format!("MmUnmapLockedPages({mdl:p}) of an MDL that is not mapped"),
            );
        }
        None => {}
    }
}

/// Makes an MDL one of non-paged pool, which needs no locking.
pub unsafe extern "efiapi" fn MmBuildMdlForNonPagedPool(mdl: *mut MDL) {
    // SAFETY: an MDL of the caller's.
    unsafe {
        let address = address_of(mdl);
        (*mdl).MdlFlags |= MDL_SOURCE_IS_NONPAGED_POOL;
        (*mdl).MappedSystemVa = address as PVOID;
    }
}

/// Unlocks, unmaps and frees a chain, as the I/O manager does with a completed request's.
pub(crate) unsafe fn release_chain(mut mdl: *mut MDL) {
    // SAFETY: a chain of known MDLs.
    unsafe {
        while !mdl.is_null() {
            let next = (*mdl).Next;
            if state_of(mdl).locked {
                MmUnlockPages(mdl);
            }
            IoFreeMdl(mdl);
            mdl = next;
        }
    }
}

/// MDLs that an image allocated and did not free.
pub(crate) fn leaks(owner: usize) -> usize {
    MDLS.get()
        .values()
        .filter(|s| s.owner == owner && s.bytes != 0)
        .count()
}

// ---- pages

/// [`MmAllocatePagesForMdlEx`] without flags.
pub unsafe extern "efiapi" fn MmAllocatePagesForMdl(
    _low: i64,
    _high: i64,
    _skip: i64,
    bytes: usize,
) -> *mut MDL {
    allocate_pages(
        bytes,
        ex::direct_caller(MmAllocatePagesForMdl as *const () as usize),
    )
}

/// Pages, zeroed, and their MDL; addresses are not looked at. Null without memory.
pub unsafe extern "efiapi" fn MmAllocatePagesForMdlEx(
    _low: i64,
    _high: i64,
    _skip: i64,
    bytes: usize,
    _cache: u32,
    _flags: u32,
) -> *mut MDL {
    allocate_pages(
        bytes,
        ex::direct_caller(MmAllocatePagesForMdlEx as *const () as usize),
    )
}

/// Null when there is no memory.
fn allocate_pages(bytes: usize, owner: usize) -> *mut MDL {
    if owner != 0 && verifier::allocation_fails() {
        return null_mut();
    }
    let pages = pool::allocate(
        bytes.next_multiple_of(PAGE_SIZE),
        MDL_TAG,
        false,
        true,
        owner,
    );
    if pages.is_null() {
        return null_mut();
    }
    // The caller frees the pages with MmFreePagesFromMdl, and then the MDL with ExFreePool: it is pool.
    let size = size_of::<MDL>() + 8 * span(pages as usize, bytes).max(1);
    let mdl: *mut MDL = pool::allocate(size, MDL_TAG, false, true, owner).cast();
    if mdl.is_null() {
        pool::free(pages as usize, MDL_TAG);
        return null_mut();
    }
    // SAFETY: fresh memory of that size.
    unsafe {
        (*mdl).Size = size.min(i16::MAX as usize) as i16;
        (*mdl).StartVa = pages.cast();
        (*mdl).ByteCount = bytes as u32;
        (*mdl).MdlFlags |= MDL_PAGES_LOCKED;
    }
    state_of(mdl).pages = Some(pages as usize);
    mdl
}

/// A pool block is freed: if it is an MDL of MmAllocatePagesForMdl, the pages must be free already.
pub(crate) fn pool_freed(block: usize) {
    if let Some(state) = MDLS.get().remove(&block)
        && state.pages.is_some()
    {
        verifier::violation(
            Rule::MdlPages,
            format!("ExFreePool of MDL {block:#x} before MmFreePagesFromMdl"),
        );
    }
}

/// Frees the pages, not the MDL.
pub unsafe extern "efiapi" fn MmFreePagesFromMdl(mdl: *mut MDL) {
    if let Some(pages) = state_of(mdl).pages.take() {
        pool::free(pages, MDL_TAG);
    }
}

/// Pages in one piece, zeroed; the highest address is not looked at.
pub unsafe extern "efiapi" fn MmAllocateContiguousMemory(bytes: usize, _highest: i64) -> PVOID {
    let owner = ex::direct_caller(MmAllocateContiguousMemory as *const () as usize);
    pool::allocate(
        bytes.next_multiple_of(PAGE_SIZE),
        MDL_TAG,
        false,
        true,
        owner,
    )
    .cast()
}

/// The same; no address is looked at.
pub unsafe extern "efiapi" fn MmAllocateContiguousMemorySpecifyCache(
    bytes: usize,
    _low: i64,
    _high: i64,
    _boundary: i64,
    _cache: u32,
) -> PVOID {
    let owner = ex::direct_caller(MmAllocateContiguousMemorySpecifyCache as *const () as usize);
    pool::allocate(
        bytes.next_multiple_of(PAGE_SIZE),
        MDL_TAG,
        false,
        true,
        owner,
    )
    .cast()
}

/// Frees such pages.
pub unsafe extern "efiapi" fn MmFreeContiguousMemory(address: PVOID) {
    pool::free(address as usize, MDL_TAG);
}

/// Frees such pages.
pub unsafe extern "efiapi" fn MmFreeContiguousMemorySpecifyCache(
    address: PVOID,
    _bytes: usize,
    _cache: u32,
) {
    pool::free(address as usize, MDL_TAG);
}

/// The address itself.
pub unsafe extern "efiapi" fn MmGetPhysicalAddress(address: PVOID) -> i64 {
    address as i64
}

/// It lies in pool or in an image.
pub unsafe extern "efiapi" fn MmIsAddressValid(address: PVOID) -> BOOLEAN {
    let a = address as usize;
    (pool::contains(a, 1) || loader::image_of(a).is_some()) as BOOLEAN
}

/// 2: a large machine.
pub unsafe extern "efiapi" fn MmQuerySystemSize() -> u32 {
    2
}

/// A routine of `ntoskrnl.exe` by its name, or null.
pub unsafe extern "efiapi" fn MmGetSystemRoutineAddress(name: *const UNICODE_STRING) -> PVOID {
    // SAFETY: the caller's string.
    let name = unsafe { (*name).to_string() };
    loader::guest_routine("ntoskrnl.exe", &name).unwrap_or(0) as PVOID
}

// ---- probes: raise if the range is not user memory

fn probe(address: PVOID, length: usize, alignment: u32) {
    if length == 0 {
        return;
    }
    if alignment > 1 && address as usize & (alignment as usize - 1) != 0 {
        fault::raise_status(status::STATUS_DATATYPE_MISALIGNMENT);
    }
    if !user::is_user(address as u64) || !user::is_user(address as u64 + length as u64 - 1) {
        fault::raise_status(status::STATUS_ACCESS_VIOLATION);
    }
}

/// Raises unless the range is user memory and aligned.
pub unsafe extern "efiapi" fn ProbeForRead(address: PVOID, length: usize, alignment: u32) {
    probe(address, length, alignment);
}

/// Also touches the pages, so that unmapped ones raise here.
pub unsafe extern "efiapi" fn ProbeForWrite(address: PVOID, length: usize, alignment: u32) {
    probe(address, length, alignment);
    if length != 0 && !user::is_writable(address as u64, length) {
        fault::raise_status(status::STATUS_ACCESS_VIOLATION);
    }
}
