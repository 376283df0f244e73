// SPDX-License-Identifier: MIT OR Apache-2.0
//! The built-in bank: programs by family, and the drum kit.

mod bass;
mod brass;
mod chromatic;
pub mod drums;
mod effects;
mod ensemble;
mod ethnic;
pub mod fit;
mod guitar;
mod leads;
mod organ;
mod pads;
mod patch;
mod percussive;
mod piano;
mod pipes;
mod reeds;
mod strings;

use crate::dls::Bank;
use fit::Fit;
use patch::Builder;

/// Renders the bank: 128 programs and one drum kit.
pub fn bank() -> Bank {
    bank_with(&Fit::built_in())
}

/// The bank as other numbers make it.
pub fn bank_with(fit: &Fit) -> Bank {
    let mut builder = Builder::new("Arioso General MIDI", fit);
    for family in [
        piano::family,
        chromatic::family,
        organ::family,
        guitar::family,
        bass::family,
        strings::family,
        ensemble::family,
        brass::family,
        reeds::family,
        pipes::family,
        leads::family,
        pads::family,
        effects::family,
        ethnic::family,
        percussive::family,
        percussive::sounds,
    ] {
        for program in family() {
            builder.add(program);
        }
    }
    drums::add(&mut builder);
    builder.finish()
}
