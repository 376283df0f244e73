// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a user's shell sees of `arioso`: files, streams, signals, terminals, options. The driver must have been built
//! (`cargo xtask build`), or `ARIOSO_SYS` names it.

#![cfg(unix)]

mod banks;
mod dash;
mod files;
mod pictures;
mod pipes;
mod same;
mod settings;
mod signals;
mod sound;
mod support;
mod terminal;
mod unheard;
mod usage;
