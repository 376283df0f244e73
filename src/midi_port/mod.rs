// SPDX-License-Identifier: MIT OR Apache-2.0
//! The MIDI port subdevice: a virtual cable with two ends. What is written to one end is read at the other.
//!
//! | module | holds |
//! |---|---|
//! | [`filter`], [`properties`] | the filter descriptor, as data; the property tables |
//! | [`miniport`] | `IMiniportMidi` |
//! | [`stream`] | `IMiniportMidiStream` |
//! | [`cable`] | the two directions, and who waits for whom |
//! | [`cable_synth`] | end A's way to the synthesizer |

pub mod cable;
mod cable_synth;
mod filter;
pub mod miniport;
mod properties;
mod stream;
