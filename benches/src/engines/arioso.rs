// SPDX-License-Identifier: MIT OR Apache-2.0
//! The engine of this repository, built for the host.

use super::{Effects, Engine, Make};
use crate::material::{RATE, dls, moving_dls};
use anyhow::Result;
pub use arioso_count::engine::Arioso;
use arioso_count::songs::{Bank, VOICES};

pub const NAME: &str = "arioso";

const fn make(setting: &'static str) -> Make {
    Make {
        engine: NAME,
        setting,
        most: 2400,
        separate: true,
        build,
        load,
    }
}

pub const MAKES: &[Make] = &[
    make("linear"),
    make("sinc8"),
    make("sinc16"),
    make("linear+avx2"),
    make("sinc8+avx2"),
    make("sinc16+avx2"),
    make("linear+lfo"),
    make("sinc8+lfo"),
    make("sinc8+avx2+lfo"),
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

fn load(setting: &str, bank: &Bank, effects: Effects) -> Result<Box<dyn Engine>> {
    let patches = bank.patches.clone();
    Ok(Box::new(Arioso::with(
        patches, setting, VOICES, RATE, effects,
    )?))
}

/// The setting is one of those that the registry knows.
pub fn is_plain(make: &Make) -> bool {
    make.engine == NAME && !make.setting.contains('+')
}

impl Engine for Arioso {
    fn message(&mut self, group: u16, message: &[u8]) {
        self.message(group, message);
    }

    fn cut(&mut self) {
        self.cut();
    }

    fn voices(&self) -> Option<usize> {
        Some(self.voices())
    }

    fn render(&mut self, out: &mut [[f32; 2]]) {
        self.render(out);
    }
}
