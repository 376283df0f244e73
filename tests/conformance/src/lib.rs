// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a program asks of a KS driver, and the conformance suite. It knows the driver only through [`Client`].
//!
//! | module | builds or does |
//! |---|---|
//! | [`connect`] | KSPIN_CONNECT and formats |
//! | [`property`] | property requests |
//! | [`filter`] | opening filters, creating pins, pin states |
//! | [`events`] | DirectMusic and MIDI buffers, stream writes |
//! | [`mod@download`] | DLS download buffers |
//! | [`bank`] | instruments of a DLS file as downloads |
//! | [`synth`] | the synthesizer's properties |
//! | [`settings`] | what counts, meters, changes while the device runs |
//! | [`wave`] | the wave pin and the renderer that it feeds |
//! | [`rt_audio`] | a WaveRT endpoint's stream: its buffer, events, packets, positions |
//! | [`read`] | MIDI and DirectMusic buffers from capture pins |
//! | [`notify`] | KS events |
//! | [`topology`] | what a filter is made of and what it is connected to |
//! | [`endpoint`] | audio endpoints, found as Windows finds them |
//! | [`cases`] | what is asked of a driver, and what must come of it |

pub mod bank;
pub mod cases;
pub mod connect;
pub mod download;
pub mod endpoint;
pub mod error;
pub mod events;
pub mod filter;
pub mod notify;
pub mod property;
pub mod read;
pub mod rt_audio;
pub mod settings;
pub mod synth;
pub mod topology;
pub mod wave;
pub mod wire;

pub use error::Error;
pub use ks_client::{Client, Completion, NtStatus};
