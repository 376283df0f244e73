//! Our declarations, as compiled.

use arioso_core::ks::{Abi, Field, GUID};

pub struct Type {
    pub name: &'static str,
    pub size: usize,
    pub align: usize,
    pub fields: &'static [Field],
}

impl Type {
    const fn of<T: Abi>() -> Self {
        Self {
            name: T::NAME,
            size: size_of::<T>(),
            align: align_of::<T>(),
            fields: T::FIELDS,
        }
    }
}

include!(concat!(env!("OUT_DIR"), "/declared.rs"));
