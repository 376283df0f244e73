// SPDX-License-Identifier: MIT OR Apache-2.0
//! The synthesizer. One context owns a [`Synth`] at a time and calls it with `&mut`; nothing here locks, waits, allocates or
//! frees once it is built.
//!
//! Output is bit-identical for any partition of time into calls of [`Synth::render`].
//!
//! | module | holds |
//! |---|---|
//! | `clock`, `sequencer` | master time → frames; events into a block |
//! | `engine`, `notes`, `requests`, `virtual_synth`, `channel`, `keys`, `awe` | what MIDI messages mean |
//! | `pool` | which voices live: start, stop, exclusivity, stealing |
//! | `cost`, `budget` | what a slice costs, before it is rendered; voices that do not fit go |
//! | `tick`, `context`, `voice`, `modulation`, `controls`, `envelope`, `lfo`, `filter` | control side, at ticks of 64 frames |
//! | `tone`, `oscillator`, `sinc`, `lanes` | render side of a voice |
//! | `simd` | its inner loops on SSE2 and NEON |
//! | `pcm` | 16-bit output |
//! | `bus` | gain of a port; voices and effects into the output |
//! | `effects` | reverb, chorus, limiter |
//! | `counters` | what a render does, for benches |
//! | `math` | 2^x, log2, sine without libm |

mod awe;
mod budget;
mod bus;
mod channel;
#[cfg(not(windows))]
pub mod check;
pub mod clock;
mod context;
mod controls;
mod cost;
#[cfg(feature = "counters")]
pub mod counters;
#[cfg(not(feature = "counters"))]
mod counters;
mod dither;
pub mod effects;
mod engine;
mod envelope;
mod filter;
mod keys;
mod lanes;
mod lfo;
mod math;
mod modulation;
mod notes;
mod oscillator;
mod pcm;
mod pool;
mod requests;
pub mod sequencer;
#[allow(unsafe_code)]
mod simd;
mod sinc;
mod tick;
mod tone;
mod tuning;
mod virtual_synth;
mod voice;

pub use budget::{Budget, Spent};
pub use channel::{Channel, Parts, System, default_priority};
pub use clock::SampleClock;
pub use cost::Work;
pub use dither::write_dithered;
pub use engine::{Settings, Synth};
pub use math::amplitude;
pub use oscillator::Interpolation;
pub use pcm::write_pcm;
pub use pool::{Retired, Room};
pub use simd::Vectors;
pub use virtual_synth::{DEFAULT_BOOST, Stats, SynthId, VirtualSynth};

#[cfg(test)]
mod tests;
