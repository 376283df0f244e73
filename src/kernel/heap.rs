// SPDX-License-Identifier: MIT OR Apache-2.0
//! The global allocator: non-paged, non-executable pool with our tag, at any alignment, at `DISPATCH_LEVEL` or below.

use core::alloc::{GlobalAlloc, Layout};
use wdk_alloc::WdkAllocator;

/// Pool blocks are aligned to this on 64-bit Windows; from a page on they are page-aligned.
const POOL_ALIGNMENT: usize = 16;

/// `wdk-alloc`, made to honour any alignment: a block that needs more than the pool gives is over-allocated, and the pool's own
/// address is kept in front of it.
struct Heap;

#[global_allocator]
static HEAP: Heap = Heap;

// SAFETY: blocks come from the pool and are aligned as asked; `dealloc` finds the pool's address by the same layout.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() <= POOL_ALIGNMENT {
            // SAFETY: the caller's promise: the size is not zero.
            return unsafe { WdkAllocator.alloc(layout) };
        }
        let Some(size) = layout.size().checked_add(layout.align()) else {
            return core::ptr::null_mut();
        };
        let Ok(padded) = Layout::from_size_align(size, POOL_ALIGNMENT) else {
            return core::ptr::null_mut();
        };
        // SAFETY: the size is not zero.
        let block = unsafe { WdkAllocator.alloc(padded) };
        if block.is_null() {
            return block;
        }
        // The pool's alignment leaves at least 16 bytes below the next multiple of a larger power of two.
        let skip = layout
            .align()
            .wrapping_sub(block.addr() & layout.align().wrapping_sub(1));
        // SAFETY: `16 <= skip <= align`, and the block is larger than the layout by `align`.
        unsafe {
            let aligned = block.add(skip);
            aligned.cast::<*mut u8>().sub(1).write(block);
            aligned
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let block = if layout.align() <= POOL_ALIGNMENT {
            block
        } else {
            // SAFETY: `alloc` put the pool's address there for this layout.
            unsafe { block.cast::<*mut u8>().sub(1).read() }
        };
        // SAFETY: the address came from the pool.
        unsafe { WdkAllocator.dealloc(block, layout) }
    }
}
