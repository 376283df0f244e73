// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pool: canaries around every block, fill patterns, a quarantine for freed blocks, tags and allocation sites.

use crate::bugcheck::{BAD_POOL_CALLER, bugcheck};
use crate::nt::*;
use crate::state::Global;
use crate::verifier::Rule;
use crate::{guest, loader, verifier};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ptr::null_mut;

pub(crate) struct Block {
    pub size: usize,
    pub tag: u32,
    pub paged: bool,
    /// Return addresses, innermost first; 0 ends.
    pub site: [usize; 6],
    /// Base of the image that asked, 0 for host modules.
    pub owner: usize,
    pub number: u64,
    mapping: Mapping,
}

#[derive(Clone, Copy)]
enum Mapping {
    /// Heap memory: 16 bytes of canary, the block, 16 bytes of canary.
    Heap,
    /// Pages of its own with an inaccessible page behind: start and length of the mapping.
    Pages(usize, usize),
}

#[derive(Default)]
struct Pool {
    blocks: HashMap<usize, Block>,
    freed: BTreeMap<usize, Block>,
    quarantine: VecDeque<usize>,
    quarantined: usize,
    /// Blocks by address, for look-ups by an inner address; large or small alike.
    ranges: BTreeMap<usize, usize>,
    number: u64,
    special: bool,
    /// Bytes of freed blocks that are kept to see whether somebody writes to them.
    keep_freed: usize,
    bytes: usize,
    peak: usize,
    /// Mappings for blocks to come, by length: inaccessible, with what was in them.
    spare: BTreeMap<usize, Vec<usize>>,
}

static POOL: Global<Option<Pool>> = Global::new(None);
const CANARY: u8 = 0xfb;
const FRESH: u8 = 0xcd;
const FREED: u8 = 0xdd;
/// Mappings of a length that are kept for later.
const SPARE: usize = 64;
/// A longer mapping gives its memory back when its block is freed.
const SMALL_MAPPING: usize = 64 << 10;

fn pool() -> &'static mut Pool {
    POOL.get().get_or_insert_with(Pool::default)
}

impl Pool {
    /// Pages with an inaccessible one behind them.
    fn map(&mut self, len: usize, zero: bool) -> Option<usize> {
        let whole = len + PAGE_SIZE;
        if let Some(start) = self.spare.get_mut(&whole).and_then(Vec::pop) {
            // SAFETY: a mapping that no block uses.
            unsafe {
                libc::mprotect(start as _, len, libc::PROT_READ | libc::PROT_WRITE);
                if zero {
                    (start as *mut u8).write_bytes(0, len);
                }
            }
            return Some(start);
        }
        // SAFETY: a fresh mapping; its last page is made inaccessible.
        unsafe {
            let start = libc::mmap(
                null_mut(),
                whole,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            );
            if start == libc::MAP_FAILED {
                return None;
            }
            libc::mprotect(start.byte_add(len), PAGE_SIZE, libc::PROT_NONE);
            Some(start as usize)
        }
    }
}

/// `special`: every block ends at an inaccessible page. `keep_freed`: bytes of freed blocks that are watched.
pub(crate) fn initialize(special: bool, keep_freed: usize) {
    let p = pool();
    p.special = special;
    p.keep_freed = keep_freed;
}

pub(crate) fn tag_text(tag: u32) -> String {
    tag.to_le_bytes()
        .iter()
        .map(|&b| {
            if b.is_ascii_graphic() || b == b' ' {
                b as char
            } else {
                '.'
            }
        })
        .collect()
}

/// Null when the host is out of memory. Zeroed if `zero`.
pub(crate) fn allocate(size: usize, tag: u32, paged: bool, zero: bool, owner: usize) -> *mut u8 {
    let p = pool();
    let pages = p.special || size >= PAGE_SIZE;
    let (address, mapping) = if pages {
        let len = size.max(1).next_multiple_of(PAGE_SIZE);
        let Some(start) = p.map(len, zero) else {
            return null_mut();
        };
        let offset = if size >= PAGE_SIZE {
            0
        } else {
            (len - size.max(1)) & !15
        };
        (start + offset, Mapping::Pages(start, len + PAGE_SIZE))
    } else {
        // SAFETY: plain heap memory, released in `release`.
        let raw = unsafe { libc::malloc(size + 32) } as usize;
        if raw == 0 {
            return null_mut();
        }
        (raw + 16, Mapping::Heap)
    };
    // SAFETY: `size` bytes at `address` and the canaries around them were just allocated.
    unsafe {
        if !zero {
            (address as *mut u8).write_bytes(FRESH, size);
        } else if matches!(mapping, Mapping::Heap) {
            (address as *mut u8).write_bytes(0, size);
        }
        match mapping {
            Mapping::Heap => {
                ((address - 16) as *mut u8).write_bytes(CANARY, 16);
                ((address + size) as *mut u8).write_bytes(CANARY, 16);
            }
            Mapping::Pages(start, len) => {
                (start as *mut u8).write_bytes(CANARY, address - start);
                let end = start + len - PAGE_SIZE;
                ((address + size) as *mut u8).write_bytes(CANARY, end - address - size);
            }
        }
    }
    p.number += 1;
    if loader::foreign(owner).is_none() {
        p.bytes += size;
        p.peak = p.peak.max(p.bytes);
    }
    p.ranges.insert(address, size);
    let block = Block {
        size,
        tag,
        paged,
        site: crate::fault::site(),
        owner,
        number: p.number,
        mapping,
    };
    p.blocks.insert(address, block);
    address as *mut u8
}

fn intact(address: usize, block: &Block) -> Result<(), &'static str> {
    let same = |from: usize, to: usize| {
        // SAFETY: canary bytes of a live block.
        let bytes = unsafe { std::slice::from_raw_parts(from as *const u8, to - from) };
        first_other(bytes, CANARY).is_none()
    };
    let (start, end) = match block.mapping {
        Mapping::Heap => (address - 16, address + block.size + 16),
        Mapping::Pages(start, len) => (start, start + len - PAGE_SIZE),
    };
    if !same(start, address) {
        return Err("the bytes before it were overwritten");
    }
    if !same(address + block.size, end) {
        return Err("the bytes behind it were overwritten");
    }
    Ok(())
}

fn describe(address: usize, block: &Block) -> String {
    let site: Vec<String> = block
        .site
        .iter()
        .take_while(|a| **a != 0)
        .map(|a| loader::symbolise(*a))
        .collect();
    format!(
        "block {address:#x}, {} bytes, tag '{}', allocation {}, by {}",
        block.size,
        tag_text(block.tag),
        block.number,
        if site.is_empty() {
            "a built-in module".to_owned()
        } else {
            site.join(" < ")
        }
    )
}

/// `tag` 0: any.
pub(crate) fn free(address: usize, tag: u32) {
    let p = pool();
    let Some(block) = p.blocks.remove(&address) else {
        let (parameter, text) = match p.freed.get(&address) {
            Some(b) => (7, format!("double free: {}", describe(address, b))),
            None => (
                0x46,
                format!("a pointer was freed that is no pool block: {address:#x}"),
            ),
        };
        bugcheck(BAD_POOL_CALLER, [parameter, 0, 0, address], &text);
    };
    p.ranges.remove(&address);
    if loader::foreign(block.owner).is_none() {
        p.bytes -= block.size;
    }
    if tag != 0 && block.tag != tag {
        verifier::violation(
            Rule::PoolFreeTag,
            format!(
                "freed with tag '{}': {}",
                tag_text(tag),
                describe(address, &block)
            ),
        );
    }
    if let Err(why) = intact(address, &block) {
        verifier::violation_of(
            Rule::PoolCorruption,
            block.owner,
            format!("pool corruption, {why}: {}", describe(address, &block)),
        );
    }
    if block.paged && guest::irql() > APC_LEVEL {
        verifier::violation(
            Rule::PoolPagedFreeIrql,
            format!("paged pool freed at IRQL {}", guest::irql()),
        );
    }
    verifier::memory_freed(address..address + block.size, &|| describe(address, &block));
    match block.mapping {
        // SAFETY: the block's own pages; a stray access faults from now on.
        Mapping::Pages(start, len) => unsafe {
            libc::mprotect(start as _, len, libc::PROT_NONE);
            if len > SMALL_MAPPING {
                libc::madvise(start as _, len, libc::MADV_DONTNEED);
            }
        },
        // SAFETY: the block's own bytes.
        Mapping::Heap => unsafe { (address as *mut u8).write_bytes(FREED, block.size) },
    }
    p.quarantined += block.size.min(PAGE_SIZE) + 64;
    p.freed.insert(address, block);
    p.quarantine.push_back(address);
    while p.quarantined > p.keep_freed {
        let Some(oldest) = p.quarantine.pop_front() else {
            break;
        };
        release(oldest);
    }
}

/// Gives a quarantined block back to the host.
fn release(address: usize) {
    let p = pool();
    let Some(block) = p.freed.remove(&address) else {
        return;
    };
    p.quarantined -= block.size.min(PAGE_SIZE) + 64;
    match block.mapping {
        Mapping::Pages(start, len) => {
            let spare = p.spare.entry(len).or_default();
            if spare.len() < SPARE {
                spare.push(start);
                return;
            }
            // SAFETY: the block's own pages.
            unsafe { libc::munmap(start as _, len) };
        }
        Mapping::Heap => {
            check_freed(address, &block);
            // SAFETY: allocated with malloc, 16 bytes before the block.
            unsafe { libc::free((address - 16) as _) };
        }
    }
}

/// Where the first byte is that is not `pattern`.
fn first_other(bytes: &[u8], pattern: u8) -> Option<usize> {
    const PIECE: usize = 64;
    let pieces = bytes.as_chunks::<PIECE>().0;
    let whole = pieces
        .iter()
        .take_while(|piece| **piece == [pattern; PIECE]);
    let start = whole.count() * PIECE;
    let rest = bytes[start..].iter().position(|byte| *byte != pattern)?;
    Some(start + rest)
}

fn check_freed(address: usize, block: &Block) {
    // SAFETY: a quarantined block is still ours.
    let bytes = unsafe { std::slice::from_raw_parts(address as *const u8, block.size) };
    if let Some(i) = first_other(bytes, FREED) {
        verifier::violation_of(
            Rule::PoolWrittenFreed,
            block.owner,
            format!(
                "written after free at offset {i:#x}: {}",
                describe(address, block)
            ),
        );
    }
}

/// Checks everything that is allocated or quarantined.
pub(crate) fn check_all() {
    let p = pool();
    for (&address, block) in &p.blocks {
        if let Err(why) = intact(address, block) {
            verifier::violation_of(
                Rule::PoolCorruption,
                block.owner,
                format!("pool corruption, {why}: {}", describe(address, block)),
            );
        }
    }
    for (&address, block) in &p.freed {
        if matches!(block.mapping, Mapping::Heap) {
            check_freed(address, block);
        }
    }
}

/// The live or freed block that contains an address, in words.
pub(crate) fn describe_address(address: usize) -> Option<String> {
    let p = pool();
    if let Some((&start, &size)) = p.ranges.range(..=address).next_back()
        && address < start + size + PAGE_SIZE
        && let Some(block) = p.blocks.get(&start)
    {
        return Some(format!(
            "at offset {:#x} of {}",
            address - start,
            describe(start, block)
        ));
    }
    p.freed
        .range(..=address)
        .next_back()
        .filter(|(a, b)| address < **a + b.size.max(1))
        .map(|(a, b)| format!("in freed {}", describe(*a, b)))
}

/// True if the address lies in a live block.
pub(crate) fn contains(address: usize, len: usize) -> bool {
    let p = pool();
    p.ranges
        .range(..=address)
        .next_back()
        .is_some_and(|(start, size)| address + len <= start + size)
}

/// True if the address lies in a freed small block.
pub(crate) fn is_freed(address: usize) -> bool {
    let freed = pool().freed.range(..=address).next_back();
    freed.is_some_and(|(a, b)| address < a + b.size)
}

/// Bytes allocated now and at most, without what other makers' modules allocated.
pub(crate) fn usage() -> (usize, usize) {
    (pool().bytes, pool().peak)
}

/// Allocations so far.
pub(crate) fn allocated() -> u64 {
    pool().number
}

/// Live blocks of an owner (`None`: all) behind the first `since` allocations, grouped by tag and site.
pub(crate) fn leaks(owner: Option<usize>, since: u64) -> Vec<String> {
    let p = pool();
    let mut groups: BTreeMap<(u32, [usize; 6]), (usize, usize, u64)> = BTreeMap::new();
    for block in p.blocks.values() {
        if block.number > since && owner.is_none_or(|o| o == block.owner) {
            let g = groups
                .entry((block.tag, block.site))
                .or_insert((0, 0, block.number));
            g.0 += 1;
            g.1 += block.size;
            g.2 = g.2.min(block.number);
        }
    }
    groups
        .into_iter()
        .map(|((tag, site), (count, bytes, first))| {
            let site: Vec<String> = site
                .iter()
                .take_while(|a| **a != 0)
                .map(|a| loader::symbolise(*a))
                .collect();
            format!(
                "leak: {count} block(s), {bytes} bytes, tag '{}', first allocation {first}, by {}",
                tag_text(tag),
                if site.is_empty() {
                    "a built-in module".to_owned()
                } else {
                    site.join(" < ")
                }
            )
        })
        .collect()
}

/// The blocks are known and accepted from now on (after a leak was reported).
pub(crate) fn disown(owner: usize) {
    for block in pool().blocks.values_mut() {
        if block.owner == owner {
            block.owner = usize::MAX;
        }
    }
}
