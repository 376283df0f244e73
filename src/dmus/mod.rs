//! The DMus miniport.
//!
//! | module | holds |
//! |---|---|
//! | [`filter`] | the filter descriptor, as data |
//! | [`miniport`] | `IMiniportDMus` |
//! | [`render`] | the stream of a MIDI pin |
//! | [`capture`] | the stream of a capture pin |
//! | [`wave`] | the stream of the wave pin |
//! | [`tables`], [`properties`] | the property tables; their dispatch |
//! | [`general`], [`synth`], [`dls`] | the properties |

pub mod capture;
mod dls;
pub mod filter;
pub mod general;
pub mod miniport;
pub mod properties;
mod render;
mod synth;
mod tables;
mod wave;
