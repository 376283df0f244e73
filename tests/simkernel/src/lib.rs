// SPDX-License-Identifier: MIT OR Apache-2.0
//! Windows' kernel on a Linux machine.
//!
//! A process that loads real x64 kernel drivers and is Windows to them. [`system::System`] is the machine as tests see it.
//!
//! | module | holds |
//! |---|---|
//! | [`nt`] | Windows' types with their layouts |
//! | [`loader`] | PE images, modules by name, symbols |
//! | [`guest`] | contexts on stacks of our own, the scheduler, the entry of every import |
//! | `fault` | signals, structured exceptions, unwinding |
//! | [`executive`] | the exports of `ntoskrnl.exe` and `hal.dll` |
//! | `pool`, [`user`], [`registry`], `clock` | memory, the client's address space, keys, virtual time |
//! | [`setup`] | packages, the driver store, devices in the registry |
//! | `pnp`, `wdf` | the PnP manager, the KMDF binding |
//! | [`verifier`], `bugcheck` | broken rules, and the end |
#![allow(non_camel_case_types, non_snake_case, clippy::upper_case_acronyms)]

#[macro_use]
pub mod nt;
pub mod bugcheck;
pub mod client;
mod clock;
#[macro_use]
pub mod executive;
mod fault;
pub mod guest;
pub mod loader;
pub mod modules;
mod pnp;
mod pool;
pub mod registry;
pub mod setup;
mod state;
pub mod system;
pub mod user;
pub mod verifier;
mod wdf;
