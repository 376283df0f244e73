// SPDX-License-Identifier: MIT OR Apache-2.0
//! The packages in `target/package`, and what is found in spoilt copies of them.

mod good;
mod image;
mod planted;
mod support;
