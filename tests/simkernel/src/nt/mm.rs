// SPDX-License-Identifier: MIT OR Apache-2.0
//! Memory descriptor lists and pool.

use super::*;

/// Pages of a buffer; their numbers follow.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct MDL {
    /// The next buffer of a request, or null.
    pub Next: *mut MDL,
    /// Bytes of this list, page numbers included.
    pub Size: i16,
    /// `MDL_*`.
    pub MdlFlags: i16,
    /// Process of the buffer, or null.
    pub Process: PVOID,
    /// The kernel's address of it, if the flags say that there is one.
    pub MappedSystemVa: PVOID,
    /// Address of the first page.
    pub StartVa: PVOID,
    /// Bytes of the buffer.
    pub ByteCount: u32,
    /// Bytes from the first page's start to the buffer.
    pub ByteOffset: u32,
}

/// `MappedSystemVa` counts.
pub const MDL_MAPPED_TO_SYSTEM_VA: i16 = 0x0001;
/// The pages stay where they are.
pub const MDL_PAGES_LOCKED: i16 = 0x0002;
/// The buffer is non-paged pool and needs no locking.
pub const MDL_SOURCE_IS_NONPAGED_POOL: i16 = 0x0004;
/// The list comes from a lookaside list.
pub const MDL_ALLOCATED_FIXED_SIZE: i16 = 0x0008;
/// The list is a part of another.
pub const MDL_PARTIAL: i16 = 0x0010;
/// The pages were locked to be written to.
pub const MDL_WRITE_OPERATION: i16 = 0x0080;

/// Bytes of a page.
pub const PAGE_SIZE: usize = 4096;

/// POOL_FLAGS of ExAllocatePool2: the process is charged.
pub const POOL_FLAG_USE_QUOTA: u64 = 0x1;
/// The memory is not zeroed.
pub const POOL_FLAG_UNINITIALIZED: u64 = 0x2;
/// Pool of the session.
pub const POOL_FLAG_SESSION: u64 = 0x4;
/// Aligned to a cache line.
pub const POOL_FLAG_CACHE_ALIGNED: u64 = 0x8;
/// Raises an exception without memory.
pub const POOL_FLAG_RAISE_ON_FAILURE: u64 = 0x20;
/// Non-paged pool that cannot be executed.
pub const POOL_FLAG_NON_PAGED: u64 = 0x40;
/// Non-paged pool that can be executed.
pub const POOL_FLAG_NON_PAGED_EXECUTE: u64 = 0x80;
/// Paged pool.
pub const POOL_FLAG_PAGED: u64 = 0x100;

/// POOL_TYPE of ExAllocatePoolWithTag: non-paged, can be executed.
pub const NON_PAGED_POOL: u32 = 0;
/// POOL_TYPE: paged.
pub const PAGED_POOL: u32 = 1;
/// POOL_TYPE: non-paged, cannot be executed.
pub const NON_PAGED_POOL_NX: u32 = 512;

/// A pool tag as drivers write it: `tag(b"Abcd")`.
pub const fn tag(name: &[u8; 4]) -> u32 {
    u32::from_le_bytes(*name)
}

layout!(
    MDL,
    48,
    MappedSystemVa = 24,
    StartVa = 32,
    ByteCount = 40,
    ByteOffset = 44
);
