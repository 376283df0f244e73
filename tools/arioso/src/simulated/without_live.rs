// SPDX-License-Identifier: MIT OR Apache-2.0
//! `arioso live` where it was left out of the program.

use crate::failure::{Failure, Kind, Result};

/// Where MIDI comes from and sound goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum System {
    /// JACK if its server runs, else ALSA
    Auto,
    /// JACK
    Jack,
    /// ALSA
    Alsa,
}

/// What would be played with, and where.
#[expect(dead_code, reason = "nobody plays")]
pub struct Options<'a> {
    pub midi_in: Option<&'a str>,
    pub list: bool,
    pub instruments: &'a super::LiveInstruments,
    pub system: System,
}

/// Says how to get a program that can.
pub fn live(_: &Options) -> Result<()> {
    let message = "this program was built without MIDI and sound devices: cargo xtask live builds and runs one that has them";
    Err(Failure::new(Kind::Session, message))
}
