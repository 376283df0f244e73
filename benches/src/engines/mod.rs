// SPDX-License-Identifier: MIT OR Apache-2.0
//! The synthesizers, behind one face.

mod arioso;
mod fluidsynth;
mod oxisynth;
mod rustysynth;

pub use arioso_count::engine::Effects;

use crate::material::{self, Note, VELOCITY};
use anyhow::Result;
use arioso_count::songs::Bank;

/// General MIDI on.
pub const GM_ON: &[u8] = &[0xF0, 0x7E, 0x7F, 0x09, 0x01, 0xF7];

/// A synthesizer that has been built for one quality setting.
pub trait Engine {
    /// A complete message, System Exclusive with F0 and F7, for a group of channels, counted from 0; peers have the first one only.
    fn message(&mut self, group: u16, message: &[u8]);
    /// Silences everything at once.
    fn cut(&mut self);
    /// Puts every channel in its power-on state.
    fn reset(&mut self) {
        self.message(0, GM_ON);
    }
    /// Voices that sound, if the engine tells.
    fn voices(&self) -> Option<usize>;
    /// The next frames, [`BLOCK`](crate::material::BLOCK) at most.
    fn render(&mut self, out: &mut [[f32; 2]]);

    fn control(&mut self, group: u16, channel: u8, controller: u8, value: u8) {
        self.message(group, &[0xB0 | channel, controller, value]);
    }

    fn note_on(&mut self, note: Note) {
        self.message(note.group, &[0x90 | note.channel, note.key, VELOCITY]);
    }
}

/// A synthesizer and a quality setting.
#[derive(Clone, Copy)]
pub struct Make {
    pub engine: &'static str,
    pub setting: &'static str,
    /// Most voices that it can play.
    pub most: usize,
    /// Reverb and chorus can be switched one by one.
    pub separate: bool,
    pub build: fn(setting: &str, voices: usize, effects: Effects) -> Result<Box<dyn Engine>>,
    /// With a bank for songs, for up to [`VOICES`](arioso_count::songs::VOICES) voices.
    pub load: fn(setting: &str, bank: &Bank, effects: Effects) -> Result<Box<dyn Engine>>,
}

impl Make {
    pub fn is_peer(&self) -> bool {
        self.engine != arioso::NAME
    }

    /// The driver's image can play it.
    pub fn is_for_image(&self) -> bool {
        arioso::is_plain(self)
    }

    /// With `voices` notes to come.
    pub fn build(&self, voices: usize, effects: Effects) -> Result<Box<dyn Engine>> {
        let mut engine = (self.build)(self.setting, voices, effects)?;
        let mut last = None;
        for Note { group, channel, .. } in material::notes(voices) {
            if last.replace((group, channel)) == Some((group, channel)) {
                continue;
            }
            for (controller, value) in material::CONTROLLERS {
                engine.control(group, channel, controller, value);
            }
            for (controller, value) in effects.controllers() {
                engine.control(group, channel, controller, value);
            }
        }
        Ok(engine)
    }
}

/// All of them, ours first.
pub fn all() -> Vec<Make> {
    [
        arioso::MAKES,
        fluidsynth::MAKES,
        oxisynth::MAKES,
        rustysynth::MAKES,
    ]
    .concat()
}
