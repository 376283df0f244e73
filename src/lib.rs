// SPDX-License-Identifier: MIT OR Apache-2.0
//! Arioso: a DirectMusic synthesizer as a Windows kernel-mode driver.
//!
//! | module | holds |
//! |---|---|
//! | [`entry`] | `DriverEntry`, and what PnP asks of the driver |
//! | [`adapter`], [`power`] | one device: start, stop, remove; its power object |
//! | [`dmus`] | the DMus miniport: filter descriptor, streams, properties |
//! | [`midi_port`] | the MIDI port subdevice: a virtual cable |
//! | [`wave_rt`], [`topology`] | the audio endpoint: its wave filter, its topology filter |
//! | [`property`] | property tables of any filter: dispatch, size negotiation, basic support |
//! | [`engine`] | who renders, the pins' queues, the instruments, the timers |
//! | [`limits`] | how many pins there may be |
//! | [`com`] | reference-counted objects behind vtables, PortCls' interfaces |
//! | [`kernel`] | safe wrappers around the kernel's services |
//!
//! `com` and `kernel` hold all `unsafe` code; the rest is ordinary Rust. Everything portable is in `arioso-core`.
#![no_std]
#![deny(unsafe_code, unsafe_op_in_unsafe_fn)]

extern crate alloc;

#[macro_use]
#[allow(unsafe_code)]
mod kernel;
mod adapter;
#[allow(unsafe_code)]
mod com;
mod dmus;
mod engine;
mod entry;
mod limits;
mod midi_port;
#[cfg(feature = "planted-panic")]
mod plant;
mod power;
mod property;
mod topology;
mod wave_rt;

/// A panic stops the machine and says where. None can be reached in a release build, whose linker map proves it (docs/no-panic.md).
#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    kernel::debug::panic(info)
}
