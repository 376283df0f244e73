// SPDX-License-Identifier: MIT OR Apache-2.0
//! Numbers that tell whether something is still what it was.

use core::sync::atomic::{AtomicU64, Ordering};

/// A number that nothing else has had since the driver was loaded, from 1 on. Any IRQL.
pub fn next() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed).wrapping_add(1)
}
