// SPDX-License-Identifier: MIT OR Apache-2.0
//! What happens to frames behind the synthesizer, on their way to a listener. 1.0 is full scale; any IRQL.
//!
//! | module | holds |
//! |---|---|
//! | `format` | frames as bytes: 16-, 24- and 32-bit PCM, float, stereo and mono |
//! | `level` | volume and mute of two channels |
//! | `declick` | no clicks where what a listener hears changes hands |
//! | `stream_position` | where a stream is in its cyclic buffer: time, frames, packets |

mod declick;
mod format;
mod level;
mod stream_position;

pub use declick::{Declick, Gain};
pub use format::{Format, MAX_FRAME, Sample};
pub use level::Levels;
pub use stream_position::{PacketStart, StreamPosition, buffer_size};
