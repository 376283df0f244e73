// SPDX-License-Identifier: MIT OR Apache-2.0
//! What must hold after every block, whatever came before: for tests, and for the fuzz target of sound. Not in the driver.

use super::Synth;
use super::tick::{TICK, since_tick};
use crate::dls::model::{Instrument, Patches, SampleInfo, Wave};
use crate::mem::{NoMemory, Shared};
use alloc::vec::Vec;

/// An invariant that does not hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finding {
    /// In words.
    pub what: &'static str,
    /// The value.
    pub found: f64,
    /// What it should have been, or stayed below.
    pub wanted: f64,
}

/// `Err` unless `holds`.
pub(super) fn that(
    holds: bool,
    what: &'static str,
    found: f64,
    wanted: f64,
) -> Result<(), Finding> {
    if holds {
        Ok(())
    } else {
        Err(Finding {
            what,
            found,
            wanted,
        })
    }
}

/// `found` is within `tolerance` of `wanted`.
pub(super) fn near(
    what: &'static str,
    found: f32,
    wanted: f32,
    tolerance: f32,
) -> Result<(), Finding> {
    let holds = (found - wanted).abs() <= tolerance;
    that(holds, what, f64::from(found), f64::from(wanted))
}

/// A wave without a file. There must be a frame at least.
pub fn wave(rate: u32, frames: &[i16], sample: SampleInfo) -> Result<Shared<Wave>, NoMemory> {
    Shared::try_new(Wave::new(rate, frames, sample)?)
}

/// Instruments without a store; sorted by patch.
pub fn patches(instruments: Vec<Shared<Instrument>>) -> Result<Shared<Patches>, NoMemory> {
    Shared::try_new(Patches {
        instruments,
        built_in: Vec::new(),
    })
}

impl Synth {
    /// Looks at every voice, its tone and the pool's books, after a call of [`render`](Self::render) and before the next message.
    pub fn check(&self) -> Result<(), Finding> {
        let since = since_tick(self.position);
        let to_tick = if since == 0 { 0 } else { TICK - since };
        self.pool.check(to_tick)?;
        let all: usize = (0..self.slots.len())
            .map(|port| self.pool.sounding_of(port as u8))
            .sum();
        let sounding = self.pool.sounding();
        that(
            all == sounding,
            "the ports' voices are not all voices",
            all as f64,
            sounding as f64,
        )
    }

    /// As it was when it was new, at a rate; the ports must have left.
    pub fn renew(&mut self, rate: u32) {
        self.drop_all();
        self.tidy();
        self.set_output(rate);
        self.limiter = super::effects::Limiter::new(self.rate);
        (self.position, self.serial) = (0, 0);
    }

    /// Nothing sounds, and nothing is going to without a message.
    pub fn is_at_rest(&self) -> bool {
        self.pool.is_silent()
            && !self
                .slots
                .iter()
                .any(super::virtual_synth::SynthSlot::rings)
    }

    /// Fills the retire list with clones of a wave, as if nobody took anything from it.
    pub fn hoard(&mut self, wave: &Shared<Wave>) {
        self.pool.hoard(wave);
    }
}
