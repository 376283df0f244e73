// SPDX-License-Identifier: MIT OR Apache-2.0
//! The one place for simkernel's globals.

use std::cell::UnsafeCell;

/// State of the simulated machine. A process has one machine, run by one OS thread; contexts switch only inside calls that
/// say so, and no borrow may live across such a call.
pub(crate) struct Global<T>(UnsafeCell<T>);

// SAFETY: only the OS thread that boots the machine touches it (`System` is neither Send nor Sync).
unsafe impl<T> Sync for Global<T> {}

impl<T> Global<T> {
    pub const fn new(value: T) -> Self {
        Global(UnsafeCell::new(value))
    }

    /// Borrows must be short: never across a context switch, a call into a guest, or another `get` of the same global.
    #[allow(clippy::mut_from_ref)]
    pub fn get(&'static self) -> &'static mut T {
        // SAFETY: one thread; callers keep borrows short as said above.
        unsafe { &mut *self.0.get() }
    }
}

/// xorshift64*: the machine's only source of chance.
#[derive(Clone, Copy)]
pub(crate) struct Random(u64);

impl Random {
    pub const fn new(seed: u64) -> Self {
        Random(seed ^ 0x9E37_79B9_7F4A_7C15)
    }

    pub fn next(&mut self) -> u64 {
        let mut x = self.0 | ((self.0 == 0) as u64);
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        self.0 = x;
        x.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// Uniform in `0..n`; 0 for `n = 0`.
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(n)) >> 64) as u64
    }
}
