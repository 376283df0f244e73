// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where events come from and go back to.

use super::event::{Chain, Pool};
use super::port::Allocator;
use arioso_core::mem::Shared;

/// Where events come from and go back to.
pub enum EventOrigin {
    Port(Allocator),
    Own(Shared<Pool>),
}

impl EventOrigin {
    /// Returns the chain, with the buffers of its events. `DISPATCH_LEVEL` or below.
    pub fn give_back(&self, chain: Chain) {
        match self {
            Self::Port(allocator) => allocator.give_back(chain),
            Self::Own(pool) => pool.give_back(chain),
        }
    }
}
