//! The portable half of Arioso. It knows no kernel and allocates only in ways that can fail.
//!
//! | module | holds | may use |
//! |---|---|---|
//! | [`mem`] | fallible boxes, shared pointers, rings, intrusive queues | – |
//! | [`midi`] | messages, the byte-stream parser, SysEx | – |
//! | [`ks`] | KS and PortCls ABI: GUIDs, structs, vtables, constants | – |
//! | [`dls`] | RIFF files, download buffers, the instrument model, the store | `mem` |
//! | [`synth`] | channels, voices, mixer, sample clock, sequencer | `dls`, `midi`, `mem` |
#![no_std]
#![deny(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::disallowed_methods, clippy::disallowed_macros))]

extern crate alloc;
#[cfg(any(test, loom))]
extern crate std;

// Loom's models are about `mem` alone: the rest would take minutes to compile, for nothing.
#[cfg(not(loom))]
pub mod dls;
#[cfg(not(loom))]
pub mod ks;
#[allow(unsafe_code)]
pub mod mem;
#[cfg(not(loom))]
pub mod midi;
#[cfg(not(loom))]
pub mod synth;
