// SPDX-License-Identifier: MIT OR Apache-2.0
//! What `arioso` and the tests of its sound share.

#[cfg(unix)]
pub mod compare;
pub mod numbers;
pub mod panel;
pub mod plot;
pub mod trace;

pub use arioso_song as song;
