// SPDX-License-Identifier: MIT OR Apache-2.0
//! The performance counter.

use wdk_sys::{LARGE_INTEGER, ntddk};

const SECOND: u64 = 10_000_000;

/// The performance counter in 100 ns units since the system started, as the system's KS clock counts. Any IRQL.
pub fn now() -> i64 {
    let (ticks, hertz) = read();
    scale(ticks, hertz, SECOND) as i64
}

/// The performance counter at a time, `now`'s way back. Any IRQL.
pub fn counter(time: i64) -> u64 {
    let (_, hertz) = read();
    scale(time.max(0) as u64, SECOND, hertz)
}

/// The counter and its frequency in Hz.
fn read() -> (u64, u64) {
    let mut frequency = LARGE_INTEGER::default();
    // SAFETY: the counter may be read at any IRQL; the frequency lives across the call.
    let ticks = unsafe { ntddk::KeQueryPerformanceCounter(&mut frequency).QuadPart };
    // SAFETY: the call above filled it.
    let hertz = unsafe { frequency.QuadPart };
    (ticks as u64, (hertz as u64).max(1))
}

/// `value / from * to` without a product that overflows.
fn scale(value: u64, from: u64, to: u64) -> u64 {
    let from = from.max(1);
    let (whole, part) = (value / from, value % from);
    whole
        .wrapping_mul(to)
        .wrapping_add(part.wrapping_mul(to) / from)
}
