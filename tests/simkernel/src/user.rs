// SPDX-License-Identifier: MIT OR Apache-2.0
//! The user-mode address space: an arena below 4 GiB. The driver under test cannot touch it; the client reaches it through a view
//! of its own, MDLs map its pages a second time, and other makers' modules see it where Windows shows it to them.

use crate::nt::PAGE_SIZE;
use crate::state::Global;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ptr::null_mut;

/// Where user addresses begin.
pub const BASE: u64 = 0x2000_0000;
const SIZE: usize = 1 << 30;

struct Arena {
    file: i32,
    view: usize,
    /// Start and length in bytes of what is allocated; each has its pages for itself and a hole behind.
    blocks: BTreeMap<u64, usize>,
    free: BTreeMap<usize, Vec<u64>>,
    next: u64,
    locked: BTreeMap<u64, usize>,
    /// Where pages were mapped a second time, closed: start and length. The oldest give their addresses back.
    unmapped: VecDeque<(usize, usize)>,
    /// Blocks that user mode may not write, by start.
    read_only: BTreeSet<u64>,
}

static ARENA: Global<Option<Arena>> = Global::new(None);

fn arena() -> &'static mut Arena {
    ARENA.get().get_or_insert_with(|| {
        // SAFETY: a memory file and two mappings of it; the first reserves the user addresses.
        unsafe {
            let file = libc::memfd_create(c"user".as_ptr(), libc::MFD_CLOEXEC);
            assert!(
                file >= 0 && libc::ftruncate(file, SIZE as i64) == 0,
                "no memory file"
            );
            let user = libc::mmap(
                BASE as *mut _,
                SIZE,
                libc::PROT_NONE,
                libc::MAP_SHARED | libc::MAP_FIXED_NOREPLACE | libc::MAP_NORESERVE,
                file,
                0,
            );
            assert_eq!(user as u64, BASE, "the user addresses are taken");
            let view = libc::mmap(
                null_mut(),
                SIZE,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED | libc::MAP_NORESERVE,
                file,
                0,
            );
            assert!(view != libc::MAP_FAILED, "no user view");
            Arena {
                file,
                view: view as usize,
                blocks: BTreeMap::new(),
                free: BTreeMap::new(),
                next: BASE,
                locked: BTreeMap::new(),
                unmapped: VecDeque::new(),
                read_only: BTreeSet::new(),
            }
        }
    })
}

pub(crate) fn initialize() {
    arena();
}

/// True for any address that belongs to user mode. The host's own memory, which is the kernel's here, lies above.
pub fn is_user(address: u64) -> bool {
    address < 1 << 32
}

/// Zeroed memory in the caller's address space. Panics when the arena is exhausted.
pub fn allocate(bytes: usize) -> u64 {
    let address = reserve(bytes);
    expose(address, bytes);
    address
}

/// Zeroed pages that no user address leads to; the address is where [`expose`] puts them.
pub(crate) fn reserve(bytes: usize) -> u64 {
    let a = arena();
    let pages = bytes.max(1).div_ceil(PAGE_SIZE);
    let address = match a.free.get_mut(&pages).and_then(Vec::pop) {
        Some(address) => address,
        None => {
            let address = a.next;
            a.next += ((pages + 1) * PAGE_SIZE) as u64;
            assert!(a.next <= BASE + SIZE as u64, "the user arena is exhausted");
            address
        }
    };
    // SAFETY: the pages lie in the view.
    unsafe { ((a.view + (address - BASE) as usize) as *mut u8).write_bytes(0, pages * PAGE_SIZE) };
    address
}

/// Makes reserved pages user mode's.
pub(crate) fn expose(address: u64, bytes: usize) {
    arena().blocks.insert(address, bytes.max(1));
}

/// Takes pages away from user mode; they stay reserved.
pub(crate) fn hide(address: u64) {
    arena().blocks.remove(&address);
}

/// Gives reserved pages back.
pub(crate) fn release(address: u64, bytes: usize) {
    let pages = bytes.max(1).div_ceil(PAGE_SIZE);
    arena().free.entry(pages).or_default().push(address);
}

/// Frees what [`allocate`] returned.
pub fn free(address: u64) {
    let a = arena();
    let Some(bytes) = a.blocks.remove(&address) else {
        panic!("user memory {address:#x} was freed that is not allocated");
    };
    a.read_only.remove(&address);
    let pages = bytes.div_ceil(PAGE_SIZE);
    let end = address + (pages * PAGE_SIZE) as u64;
    // Locked pages stay with whoever locked them.
    if a.locked
        .range(..end)
        .next_back()
        .is_none_or(|(s, n)| s + *n as u64 <= address)
    {
        a.free.entry(pages).or_default().push(address);
    }
}

/// True if every page of the range is allocated.
pub fn is_mapped(address: u64, length: usize) -> bool {
    let Some(end) = address.checked_add(length as u64) else {
        return false;
    };
    arena()
        .blocks
        .range(..=address)
        .next_back()
        .is_some_and(|(start, bytes)| end <= start + bytes.next_multiple_of(PAGE_SIZE) as u64)
}

/// Makes what [`allocate`] returned read-only.
pub fn protect(address: u64) {
    arena().read_only.insert(address);
}

/// True if every page of the range is allocated and may be written.
pub fn is_writable(address: u64, length: usize) -> bool {
    let a = arena();
    let block = a.blocks.range(..=address).next_back();
    is_mapped(address, length) && block.is_some_and(|(start, _)| !a.read_only.contains(start))
}

/// Copies out of user memory; false (and nothing copied) if the range is not mapped.
pub fn read(address: u64, out: &mut [u8]) -> bool {
    if !is_mapped(address, out.len()) {
        return false;
    }
    // SAFETY: the range lies in the view.
    unsafe { std::ptr::copy_nonoverlapping(host(address), out.as_mut_ptr(), out.len()) };
    true
}

/// Copies into user memory; false (and nothing copied) if the range is not mapped, or read-only.
pub fn write(address: u64, bytes: &[u8]) -> bool {
    if !is_writable(address, bytes.len()) {
        return false;
    }
    // SAFETY: the range lies in the view.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), host(address), bytes.len()) };
    true
}

/// The client's view of a mapped address.
fn host(address: u64) -> *mut u8 {
    (arena().view + (address - BASE) as usize) as *mut u8
}

/// Opens the page of a user address to the processor, or closes it again. Nothing of it is there for driver code otherwise.
pub(crate) fn expose_page(address: u64, protection: i32) {
    let page = address & !(PAGE_SIZE as u64 - 1);
    // SAFETY: a page of the arena, which is mapped as a whole.
    let done = unsafe { libc::mprotect(page as _, PAGE_SIZE, protection) };
    assert_eq!(done, 0, "mprotect");
}

fn pages_of(address: u64, length: usize) -> (u64, usize) {
    let start = address & !(PAGE_SIZE as u64 - 1);
    let end = (address + length as u64).next_multiple_of(PAGE_SIZE as u64);
    (start, (end - start) as usize)
}

/// Maps the pages of a locked range once more, for driver code. `None`: no memory.
pub(crate) fn map_system(address: u64, length: usize) -> Option<usize> {
    let (start, bytes) = pages_of(address, length);
    // SAFETY: a second mapping of the arena's pages.
    let p = unsafe {
        libc::mmap(
            null_mut(),
            bytes,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED,
            arena().file,
            (start - BASE) as i64,
        )
    };
    (p != libc::MAP_FAILED).then(|| p as usize + (address - start) as usize)
}

/// Nothing may be touched there from now on.
pub(crate) fn unmap_system(system: usize, length: usize) {
    const KEPT: usize = 64;
    let (start, bytes) = pages_of(system as u64, length);
    // SAFETY: made by `map_system`.
    unsafe { libc::mprotect(start as _, bytes, libc::PROT_NONE) };
    let unmapped = &mut arena().unmapped;
    unmapped.push_back((start as usize, bytes));
    if unmapped.len() > KEPT
        && let Some((start, bytes)) = unmapped.pop_front()
    {
        // SAFETY: as above.
        unsafe { libc::munmap(start as _, bytes) };
    }
}

/// True for an address where [`map_system`] had pages not long ago.
pub(crate) fn was_system(address: usize) -> bool {
    let mut unmapped = arena().unmapped.iter();
    unmapped.any(|(start, bytes)| (*start..start + bytes).contains(&address))
}

pub(crate) fn lock(address: u64, length: usize) {
    arena().locked.insert(address, length);
}

pub(crate) fn unlock(address: u64) {
    arena().locked.remove(&address);
}
