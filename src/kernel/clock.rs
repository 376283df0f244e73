//! The performance counter.

use wdk_sys::{LARGE_INTEGER, ntddk};

/// The performance counter in 100 ns units since the system started, as the system's KS clock counts. Any IRQL.
pub fn now() -> i64 {
    const SECOND: u64 = 10_000_000;
    let mut frequency = LARGE_INTEGER::default();
    // SAFETY: the counter may be read at any IRQL; the frequency lives across the call.
    let (ticks, hertz) = unsafe {
        let ticks = ntddk::KeQueryPerformanceCounter(&mut frequency).QuadPart;
        (ticks as u64, frequency.QuadPart as u64)
    };
    let hertz = hertz.max(1);
    let whole = ticks / hertz;
    let part = ticks % hertz;
    whole
        .wrapping_mul(SECOND)
        .wrapping_add(part.wrapping_mul(SECOND) / hertz) as i64
}
