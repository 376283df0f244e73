// SPDX-License-Identifier: MIT OR Apache-2.0
//! Proof of `PASSIVE_LEVEL`.

use core::marker::PhantomData;
use wdk_sys::{_MODE, KIRQL, LARGE_INTEGER, ntddk};

unsafe extern "C" {
    // Inline functions in the headers of some processors; the kernel exports both on all.
    fn KeRaiseIrqlToDpcLevel() -> KIRQL;
    fn KeLowerIrql(irql: KIRQL);
}

/// Runs `f` at `DISPATCH_LEVEL`, then restores the IRQL. For interfaces that demand that level; `DISPATCH_LEVEL` or below.
pub fn at_dispatch<R>(f: impl FnOnce() -> R) -> R {
    // SAFETY: the IRQL is at most DISPATCH_LEVEL.
    let irql = unsafe { KeRaiseIrqlToDpcLevel() };
    let result = f();
    // SAFETY: the IRQL is the one that was raised.
    unsafe { KeLowerIrql(irql) };
    result
}

/// Proof that the current function runs at `PASSIVE_LEVEL`. Only entry points that Windows calls there make one; it cannot be
/// stored in anything that another thread may see.
#[derive(Clone, Copy)]
pub struct Passive(PhantomData<*const ()>);

impl Passive {
    /// # Safety
    /// The caller runs at `PASSIVE_LEVEL`, and so does everything it passes the token to.
    pub unsafe fn assume() -> Self {
        Self(PhantomData)
    }

    /// For `drop` of what the last release of an object takes with it: PortCls releases at `PASSIVE_LEVEL`, and whatever else could
    /// hold the last reference (the retire queue) lets it go there too.
    pub fn of_drop() -> Self {
        Self(PhantomData)
    }

    /// Lets other threads run for about `ticks` times 100 ns.
    pub fn sleep(self, ticks: i64) {
        let mut due = LARGE_INTEGER {
            QuadPart: ticks.wrapping_neg(),
        };
        // SAFETY: IRQL is PASSIVE_LEVEL; the interval lives across the call.
        let _ = unsafe { ntddk::KeDelayExecutionThread(_MODE::KernelMode as i8, 0, &mut due) };
    }
}
