// SPDX-License-Identifier: MIT OR Apache-2.0
//! Memory that can fail: every allocation returns [`NoMemory`] instead of aborting.
//!
//! Blocks come from the global allocator with their exact layout (in the driver: non-paged, non-executable pool), so whatever
//! lives here may be used at any IRQL at which the pool may be. The only module of the core with `unsafe`, together with
//! the vector kernels of the synthesizer.
//!
//! The lock-free parts are model-checked: `CARGO_TARGET_DIR=target/loom RUSTFLAGS="--cfg loom" cargo test -p arioso-core --lib loom_`,
//! a step of `cargo xtask test`.

mod boxed;
mod chain;
mod event_queue;
mod owner_cell;
mod ring;
mod serial_work;
mod shared;
pub mod stamp;
mod sync;
pub mod vec;

pub use boxed::TryBox;
#[cfg(all(test, not(loom)))]
pub(crate) use chain::boxed_node;
pub use chain::{Chain, Owned, OwnedQueue};
pub use event_queue::{EventQueue, Link};
pub use owner_cell::{Entered, OwnerCell};
pub use ring::Ring;
pub use serial_work::SerialWork;
pub use shared::Shared;

/// An allocation failed. The driver answers `STATUS_INSUFFICIENT_RESOURCES`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMemory;
