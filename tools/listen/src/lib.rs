// SPDX-License-Identifier: MIT OR Apache-2.0
//! From one audio device to another. Each has a clock of its own, calls when it likes, and may go away: what comes between them is here,
//! without a device and without a clock. Times are seconds that the caller passes in.
//!
//! | module | holds |
//! |---|---|
//! | [`clock_line`] | a device's clock, seen through calls that come late and early |
//! | [`peaks`] | the worst of the last minutes |
//! | [`controller`] | what to do at each call of the loudspeaker: silence, sound, and at which ratio |
//! | [`resampler`] | `rubato`, with a ratio that moves |
//! | [`mod@format`] | samples of devices as stereo, and back |
//! | [`mod@engine`] | all of it: a [`Source`] and a [`Sink`], each for the thread of its device |

pub mod clock_line;
pub mod controller;
pub mod engine;
pub mod format;
pub mod peaks;
pub mod resampler;

pub use engine::{Meter, Reading, Sink, Source, engine};
pub use format::{Format, SampleType};
