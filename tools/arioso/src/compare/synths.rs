// SPDX-License-Identifier: MIT OR Apache-2.0
//! Our engine and FluidSynth behind one face.

use super::{RATE, frame, frame_at};
use crate::song::Song;
use arioso_core::dls::file::{Limits, load};
use arioso_core::dls::model::Patches;
use arioso_core::dls::store::{Quotas, Store};
use arioso_core::mem::Shared;
use arioso_core::synth::effects::Sends;
use arioso_core::synth::{Interpolation, Settings, Synth, SynthId, VirtualSynth};
use arioso_fluidsynth::{Config, Fluidsynth};
use std::path::Path;

/// Voices of both.
const VOICES: u16 = 256;

/// What can be compared. Both are dry.
pub trait Synthesizer {
    /// A complete message for a channel group, 1-based; it acts at the current frame, or as soon as the synthesizer can.
    fn send(&mut self, group: u16, message: &[u8]);

    /// The next frames.
    fn render(&mut self, out: &mut [[f32; 2]]);

    /// Ends all voices; the end may sound a few milliseconds.
    fn cut(&mut self);
}

/// The instruments of a DLS file, to be shared by many engines.
pub struct Bank(Shared<Patches>);

impl Bank {
    /// Loads the instruments of a DLS file. The error says what is wrong.
    pub fn new(dls: &[u8]) -> Result<Self, String> {
        let limits = Limits {
            bytes: usize::MAX,
            ..Limits::default()
        };
        let instruments = load(dls, limits).map_err(|error| format!("{error:?}"))?;
        let mut store = Store::new(Quotas::default());
        let memory = |_| "no memory";
        store.add_defaults(instruments).map_err(memory)?;
        Ok(Self(store.patches(0).map_err(memory)?))
    }

    /// What a virtual synthesizer chooses from.
    pub fn patches(&self) -> Shared<Patches> {
        self.0.clone()
    }
}

/// Our engine, as fast as it goes.
pub struct Ours {
    synth: Synth,
}

impl Ours {
    /// For so many channel groups, without effects.
    pub fn new(bank: &Bank, groups: u16) -> Result<Self, String> {
        let memory = |_| "no memory";
        let mut port = VirtualSynth::new(groups).map_err(memory)?;
        port.set_patches(bank.patches());
        port.set_interpolation(Interpolation::Sinc8);
        port.effects_mut().on = Sends::default();
        let settings = Settings {
            voices: VOICES,
            rate: RATE,
            synths: 1,
        };
        let mut synth = Synth::new(&settings).map_err(memory)?;
        synth.attach(SynthId(0), port);
        Ok(Self { synth })
    }
}

impl Synthesizer for Ours {
    fn send(&mut self, group: u16, message: &[u8]) {
        self.synth.message(SynthId(0), group, message);
        while self.synth.take_retired().is_some() {}
    }

    fn render(&mut self, out: &mut [[f32; 2]]) {
        self.synth.render(out);
        while self.synth.take_retired().is_some() {}
    }

    fn cut(&mut self) {
        for channel in 0..16 {
            self.send(0, &[0xB0 | channel, 120, 0]);
        }
    }
}

/// FluidSynth. It acts at blocks of [`arioso_fluidsynth::BLOCK`] frames and knows one channel group.
impl Synthesizer for Fluidsynth {
    fn send(&mut self, _: u16, message: &[u8]) {
        self.message(message);
    }

    fn render(&mut self, out: &mut [[f32; 2]]) {
        Self::render(self, out);
    }

    fn cut(&mut self) {
        Self::cut(self);
    }
}

/// FluidSynth with `font`.
pub fn theirs(font: &Path) -> Result<Fluidsynth, String> {
    Fluidsynth::new(
        font,
        &Config {
            rate: RATE,
            voices: VOICES,
            gain: 0.2,
            reverb: false,
            chorus: false,
            interpolation: 4,
            bank_select: c"gs",
        },
    )
}

/// The whole song and a second.
pub fn render(song: &Song, synth: &mut impl Synthesizer) -> Vec<[f32; 2]> {
    let mut out = vec![[0.0; 2]; frame_at(song.length) + RATE as usize];
    let mut done = 0;
    for event in &song.events {
        let at = frame(event).clamp(done, out.len());
        synth.render(&mut out[done..at]);
        done = at;
        synth.send(event.group as u16, &event.message);
    }
    synth.render(&mut out[done..]);
    out
}
