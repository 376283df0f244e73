// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reference-counted objects behind vtables: ours towards PortCls, and PortCls' own towards us.
//!
//! An implementation is a safe trait ([`miniport::MiniportDMus`], [`stream::Mxf`], [`stream::SynthSink`],
//! [`capture::Capture`], [`midi::MiniportMidi`], [`midi::MidiStream`], [`wave_rt::MiniportWaveRt`], [`wave_rt::WaveRtStream`],
//! [`topology::MiniportTopology`], [`power::AdapterPower`]); this module builds the vtable around it. Methods get `&self`, for they
//! run concurrently. An object's address is that of its first interface; a class may have a second one.

pub mod capture;
pub mod descriptor;
pub mod driver;
pub mod event;
pub mod event_origin;
pub mod midi;
pub mod miniport;
pub mod notify;
pub mod object;
pub mod port;
pub mod power;
pub mod property;
pub mod service;
pub mod stream;
pub mod topology;
pub mod wave_rt;
