// SPDX-License-Identifier: MIT OR Apache-2.0
//! Cases that run against any [`crate::Client`]: on simkernel and on Windows.
//!
//! | module | asks |
//! |---|---|
//! | [`properties`] | what each property is, by the reference |
//! | [`requests`] | every property × verb × target × sizes |
//! | [`values`] | what values do |
//! | [`pointers`] | bad addresses in requests and downloads |
//! | [`topology`] | the rules for every filter: pins, nodes, connections, ranges |

pub mod pointers;
pub mod properties;
pub mod report;
pub mod requests;
pub mod topology;
pub mod values;

pub use report::Report;

/// Size of the program's pointers and handles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// 8 bytes.
    Bits64,
    /// 4 bytes.
    Bits32,
}
