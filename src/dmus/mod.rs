// SPDX-License-Identifier: MIT OR Apache-2.0
//! The DMus miniport.
//!
//! | module | holds |
//! |---|---|
//! | [`filter`] | the filter descriptor, as data |
//! | [`miniport`] | `IMiniportDMus` |
//! | [`render`] | the stream of a MIDI pin |
//! | [`capture`] | the stream of a capture pin |
//! | [`wave`] | the stream of the wave pin |
//! | [`tables`] | the property tables |
//! | [`general`], [`synth`], [`dls`], [`settings`], [`call`] | the properties; whom a request is for |

mod call;
mod capture;
mod dls;
pub mod filter;
mod general;
pub mod miniport;
mod render;
mod settings;
mod synth;
mod tables;
mod wave;

/// The MIDI pin.
pub const MIDI_PIN: u32 = 0;
/// The wave pin.
pub const WAVE_PIN: u32 = 1;
/// The capture pin.
pub const CAPTURE_PIN: u32 = 2;
/// Sample rates of the wave pin, Hz.
pub const RATES: core::ops::RangeInclusive<u32> = 11_025..=96_000;
