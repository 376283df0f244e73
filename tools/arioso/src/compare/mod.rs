//! The engine against FluidSynth: the same SoundFont and the same song, compared as envelopes of loudness and by onsets.
//!
//! Neither uses effects. One gain for the whole song is allowed for; everything else counts.

mod measure;
mod render;

pub use measure::{Difference, compare};
pub use render::{engine, fluidsynth};

/// Frames per second of all renderings.
pub const RATE: u32 = 44_100;
