// SPDX-License-Identifier: MIT OR Apache-2.0
//! Our declarations, as compiled.

use arioso_core::ks::{Abi, Field, GUID, Signature, Vtable};

pub struct Type {
    pub name: &'static str,
    pub size: usize,
    pub align: usize,
    pub fields: &'static [Field],
    /// Of a vtable's slots.
    pub signatures: &'static [Signature],
}

impl Type {
    const fn of<T: Abi>() -> Self {
        Self {
            name: T::NAME,
            size: size_of::<T>(),
            align: align_of::<T>(),
            fields: T::FIELDS,
            signatures: &[],
        }
    }

    const fn of_vtable<T: Vtable>() -> Self {
        Self {
            signatures: T::SIGNATURES,
            ..Self::of::<T>()
        }
    }
}

include!(concat!(env!("OUT_DIR"), "/declared.rs"));
