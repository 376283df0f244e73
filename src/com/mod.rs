//! Reference-counted objects behind vtables: ours towards PortCls, and PortCls' own towards us.
//!
//! An implementation is a safe trait ([`miniport::MiniportDMus`], [`stream::Mxf`], [`stream::SynthSink`],
//! [`capture::Capture`], [`midi::MiniportMidi`], [`midi::MidiStream`], [`power::AdapterPower`]); this module builds the vtable around it. Methods get `&self`, for they run concurrently. An object
//! has one address, whatever interface it is asked for.

pub mod capture;
pub mod descriptor;
pub mod driver;
pub mod event;
pub mod midi;
pub mod miniport;
pub mod object;
pub mod port;
pub mod power;
pub mod property;
pub mod service;
pub mod stream;
