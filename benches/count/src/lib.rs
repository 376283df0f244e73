// SPDX-License-Identifier: MIT OR Apache-2.0
//! The engine of this repository, built for the host, and what it plays when it is measured.
//!
//! | module | holds |
//! |---|---|
//! | [`material`] | the instrument, as SoundFont and as DLS; the notes |
//! | [`engine`] | the engine, with that instrument or any other |
//! | [`parts`] | where a song's time goes |
//! | [`songs`] | what people play: dense passages of real songs, real banks |

pub mod engine;
pub mod material;
pub mod parts;
pub mod songs;
