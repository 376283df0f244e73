// SPDX-License-Identifier: MIT OR Apache-2.0
//! The engine of this repository, built for the host.

use super::{Effects, Engine, Make};
use crate::material::{BLOCK, Note, RATE, dls, moving_dls};
use anyhow::Result;
pub use arioso_count::engine::Arioso;

pub const NAME: &str = "arioso";

const fn make(setting: &'static str) -> Make {
    Make {
        engine: NAME,
        setting,
        most: 2400,
        separate: true,
        build,
    }
}

pub const MAKES: &[Make] = &[
    make("linear"),
    make("sinc8"),
    make("sinc16"),
    make("linear+lfo"),
    make("sinc8+lfo"),
];
/// Behind a setting: an LFO on every voice's pitch, level and filter.
const MOVING: &str = "+lfo";

fn build(setting: &str, voices: usize, effects: Effects) -> Result<Box<dyn Engine>> {
    let (setting, bank) = match setting.strip_suffix(MOVING) {
        Some(setting) => (setting, moving_dls()),
        None => (setting, dls()),
    };
    Ok(Box::new(Arioso::new(
        &bank, setting, voices, RATE, effects,
    )?))
}

/// The setting is one of those that the registry knows.
pub fn is_plain(make: &Make) -> bool {
    make.engine == NAME && !make.setting.ends_with(MOVING)
}

impl Engine for Arioso {
    fn control(&mut self, group: u16, channel: u8, controller: u8, value: u8) {
        self.control(group, channel, controller, value);
    }

    fn note_on(&mut self, note: Note) {
        self.note_on(note);
    }

    fn cut(&mut self) {
        self.cut();
    }

    fn voices(&self) -> Option<usize> {
        Some(self.voices())
    }

    fn render(&mut self, out: &mut [[f32; 2]; BLOCK]) {
        self.render(out);
    }
}
