// SPDX-License-Identifier: MIT OR Apache-2.0
//! The portable half of Arioso. It knows no kernel and allocates only in ways that can fail.
//!
//! | module | holds | may use |
//! |---|---|---|
//! | [`mem`] | fallible boxes, shared pointers, rings, intrusive chains and queues | – |
//! | [`midi`] | messages, the byte-stream parser, SysEx, cable and capture queue | `mem` |
//! | [`ks`] | KS and PortCls ABI: GUIDs, structs, vtables, constants | – |
//! | [`property`] | which property requests are answered, and with which sizes | `ks` |
//! | [`dls`] | RIFF files, download buffers, the instrument model, the store | `ks`, `mem` |
//! | [`synth`] | channels, voices, mixer, sample clock, sequencer | `dls`, `midi`, `mem` |
//! | [`audio`] | sample formats, volume, ramps: frames behind the synthesizer | `synth` |
//!
//! A bank is loaded, a note is played:
//!
//! ```
//! use arioso_core::dls::file;
//! use arioso_core::dls::store::{Quotas, Store};
//! use arioso_core::synth::{VirtualSynth, SynthId, Settings, Synth};
//! # fn chunk(id: &[u8; 4], data: &[u8]) -> Vec<u8> {
//! #     [&id[..], &(data.len() as u32).to_le_bytes(), data].concat()
//! # }
//! # fn list(kind: &[u8; 4], parts: &[Vec<u8>]) -> Vec<u8> {
//! #     chunk(b"LIST", &[&kind[..], &parts.concat()].concat())
//! # }
//! # fn words(words: &[u32]) -> Vec<u8> {
//! #     words.iter().flat_map(|word| word.to_le_bytes()).collect()
//! # }
//! # /// A square wave at program 0, over all keys.
//! # fn bank() -> Vec<u8> {
//! #     let frames: Vec<u8> = (0..22_050).flat_map(|i| [20_000i16, -20_000][i / 25 % 2].to_le_bytes()).collect();
//! #     let wave = list(b"wave", &[chunk(b"fmt ", &words(&[0x1_0001, 22_050, 44_100, 0x10_0002])), chunk(b"data", &frames)]);
//! #     let region = list(b"rgn ", &[chunk(b"rgnh", &words(&[127 << 16, 127 << 16, 0])), chunk(b"wlnk", &words(&[0, 1, 0]))]);
//! #     let name = list(b"INFO", &[chunk(b"INAM", b"Square\0\0")]);
//! #     let instrument = list(b"ins ", &[chunk(b"insh", &words(&[1, 0, 0])), list(b"lrgn", &[region]), name]);
//! #     let parts = [list(b"lins", &[instrument]), chunk(b"ptbl", &words(&[8, 1, 0])), list(b"wvpl", &[wave])];
//! #     chunk(b"RIFF", &[&b"DLS "[..], &parts.concat()].concat())
//! # }
//!
//! // What may fail for want of memory is done before: here.
//! let instruments = file::load(&bank(), file::Limits::default()).unwrap();
//! let mut store = Store::new(Quotas::default());
//! store.add_defaults(instruments).unwrap();
//! let id = SynthId(0);
//! let mut port = VirtualSynth::new(1).unwrap();
//! port.set_patches(store.patches(id.0).unwrap());
//! let mut synth = Synth::new(&Settings { voices: 32, rate: 48_000, synths: 1 }).unwrap();
//! synth.attach(id, port);
//!
//! // From here on nothing allocates: middle C on channel 1 of group 1, for ten milliseconds.
//! synth.message(id, 1, &[0x90, 60, 100]);
//! let mut out = [[0.0f32; 2]; 480];
//! synth.render(&mut out);
//! assert_eq!(synth.voices(), 1);
//! assert!(out.iter().any(|[left, right]| *left != 0.0 && *right != 0.0));
//! ```
#![no_std]
#![deny(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::disallowed_methods, clippy::disallowed_macros))]

extern crate alloc;
#[cfg(any(test, loom))]
extern crate std;

// Loom's models are about `mem` alone: the rest would take minutes to compile, for nothing.
#[cfg(not(loom))]
pub mod audio;
#[cfg(not(loom))]
pub mod dls;
#[cfg(not(loom))]
pub mod ks;
#[allow(unsafe_code)]
pub mod mem;
#[cfg(not(loom))]
pub mod midi;
#[cfg(not(loom))]
pub mod property;
#[cfg(not(loom))]
pub mod synth;
