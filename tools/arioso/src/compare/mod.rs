// SPDX-License-Identifier: MIT OR Apache-2.0
//! The engine against FluidSynth: the same SoundFont and the same song, compared as envelopes of loudness and note by note.
//!
//! Both are sent the same messages at the same frames; neither uses effects. One gain for the whole song is allowed for; everything
//! else counts.

mod loudness;
mod onsets;
mod synths;

pub use loudness::{Loudness, loudness};
pub use onsets::{Offsets, Onsets, onsets};
pub use synths::{Bank, Ours, Synthesizer, render, theirs};

use crate::song::{Event, SECOND};

/// Frames per second of all renderings.
pub const RATE: u32 = 44_100;

/// The frame of an event.
pub fn frame(event: &Event) -> usize {
    frame_at(event.time)
}

fn frame_at(time: i64) -> usize {
    (time * i64::from(RATE) / SECOND) as usize
}
