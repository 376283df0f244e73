// SPDX-License-Identifier: MIT OR Apache-2.0
//! The engine of this repository, built for the host, and what it plays when it is measured.
//!
//! | module | holds |
//! |---|---|
//! | [`material`] | the instrument, as SoundFont and as DLS; the notes |
//! | [`engine`] | the engine with that instrument |

pub mod engine;
pub mod material;
