// SPDX-License-Identifier: MIT OR Apache-2.0
//! How a property request is answered, from its numbers alone (`docs/reference/dmus-miniport.md` §5.1). Whoever has the request's
//! memory and its handlers asks here what to do with it.
//!
//! | module | holds |
//! |---|---|
//! | [`Shape`], [`Size`], [`Target`] | what is asked, of whom, with which sizes |
//! | `negotiation` | request → refusal, told size or handler |
//! | [`basic_support`] | what basic support tells |

pub mod basic_support;
mod negotiation;

pub use negotiation::{Admitted, Asked, Fit, Verb};

use crate::ks::NTSTATUS;
use crate::ks::ks::{KSPROPERTY_TYPE_BASICSUPPORT, KSPROPERTY_TYPE_GET, KSPROPERTY_TYPE_SET};

/// A property, as far as its answers depend on it.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// `VT_*` of the value.
    pub kind: u32,
    /// Who answers it.
    pub target: Target,
    /// What must follow the property in the request.
    pub instance: Size,
    /// The data buffer.
    pub value: Size,
    /// It can be read.
    pub gets: bool,
    /// It can be set.
    pub puts: bool,
}

impl Shape {
    /// What the property may be asked: `KSPROPERTY_TYPE_*`.
    pub const fn verbs(&self) -> u32 {
        let mut verbs = KSPROPERTY_TYPE_BASICSUPPORT;
        if self.gets {
            verbs |= KSPROPERTY_TYPE_GET;
        }
        if self.puts {
            verbs |= KSPROPERTY_TYPE_SET;
        }
        verbs
    }
}

/// What a get or set may be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The table's pin only: the filter has no such state.
    Pin,
    /// The filter and its pins.
    Any,
    /// A get to the filter and its pins, a set to the table's pin only.
    GetAny,
}

/// Bytes, for 64-bit and for 32-bit callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    native: usize,
    narrow: usize,
    /// A buffer that is too small is told the size.
    told: bool,
    /// More may follow, which the handler sees too.
    open: bool,
}

impl Size {
    /// No bytes.
    pub const NONE: Self = Self {
        native: 0,
        narrow: 0,
        told: false,
        open: false,
    };

    /// The same for both.
    pub const fn of<T>() -> Self {
        Self::both::<T, T>()
    }

    /// For a structure with a pointer or handle in it.
    pub const fn both<T, T32>() -> Self {
        Self {
            native: size_of::<T>(),
            narrow: size_of::<T32>(),
            told: false,
            open: false,
        }
    }

    /// For values that may be longer elsewhere: one that does not fit is told its size.
    pub const fn told(self) -> Self {
        Self { told: true, ..self }
    }

    /// For a value to set that goes on behind its structure.
    pub const fn or_more(self) -> Self {
        Self { open: true, ..self }
    }

    const fn bytes(self, narrow: bool) -> usize {
        if narrow { self.narrow } else { self.native }
    }
}

/// The answer to a property request: a status, and the value's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The request's status.
    pub status: NTSTATUS,
    /// Bytes of the value: written, or needed.
    pub size: usize,
}

impl Answer {
    /// No value.
    pub const fn refusal(status: NTSTATUS) -> Self {
        Self { status, size: 0 }
    }
}
