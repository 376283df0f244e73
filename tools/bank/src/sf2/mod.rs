// SPDX-License-Identifier: MIT OR Apache-2.0
//! SoundFont 2 files and their conversion to DLS Level 2 (`docs/reference/dls-synth.md` §6).
//!
//! | module | holds |
//! |---|---|
//! | `file` | the RIFF form: the tables in memory, the samples where they are |
//! | `vorbis` | the samples of SF3 |
//! | `zones` | generators and modulators; presets and instruments flattened into voices |
//! | `connections` | a voice's generators and modulators as an articulation |
//! | `velocity` | an articulation of which the velocity is known |
//! | `convert` | presets as instruments: regions, waves, stereo pairs |
//! | [`test_font`] | small files, built field by field |
//! | `write` | the DLS file, the samples copied in pieces |
//!
//! # Conventions
//!
//! * `initialAttenuation` counts 0.4 of its centibels, as the hardware did for which the banks were made, and as FluidSynth
//!   does; modulators to it count fully.
//! * The default modulator from velocity to the filter is left out, as FluidSynth leaves it out; one that a bank names is kept.
//! * Attenuations are summed and not bounded: velocity and controllers come before that.
//! * A delay or hold of −12000 time cents or less is none. A sample begins behind the delay of its volume envelope.
//! * The sustain level of the volume envelope is taken out of 96 dB: `1 - cB / 960`.
//! * Banks select by CC 0; bank 128 is the drum kits.

mod connections;
mod convert;
mod file;
pub mod test_font;
mod velocity;
mod vorbis;
mod write;
mod zones;

#[cfg(test)]
mod tests;

pub use crate::report::{Grade, Report};
pub use convert::{Conversion, Cut, Limits, convert};
pub use file::{Error, SampleHeader, SoundFont};
pub use write::write;
pub use zones::generator;
