// SPDX-License-Identifier: MIT OR Apache-2.0
//! Bytes of ABI structures.

use arioso_core::ks::Wire;

/// A structure as the bytes that it has in memory.
pub trait Bytes {
    /// Its bytes, padding as zeros.
    fn bytes(&self) -> Vec<u8>;
}

impl<T: Wire> Bytes for T {
    fn bytes(&self) -> Vec<u8> {
        let mut out = vec![0; size_of::<T>()];
        // The buffer has the type's size.
        let _ = self.write_to(&mut out);
        out
    }
}
