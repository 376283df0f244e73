// SPDX-License-Identifier: MIT OR Apache-2.0
//! FluidSynth: Debian's shared library, loaded when it is there.

use super::{Effects, Engine, Make};
use crate::material::{BLOCK, Note, RATE, VELOCITY, sf2};
use anyhow::{Result, anyhow, bail};
use arioso_fluidsynth::{Config, Fluidsynth};

const fn make(setting: &'static str) -> Make {
    Make {
        engine: "fluidsynth",
        setting,
        most: 4096,
        separate: true,
        build,
    }
}

/// Named as `enum fluid_interp` does.
pub const MAKES: &[Make] = &[make("linear"), make("4thorder"), make("7thorder")];

fn build(setting: &str, voices: usize, effects: Effects) -> Result<Box<dyn Engine>> {
    let interpolation = match setting {
        "linear" => 1,
        "4thorder" => 4,
        "7thorder" => 7,
        _ => bail!("fluidsynth has no {setting}"),
    };
    let file = crate::scratch_file("bench.sf2", &sf2())?;
    let config = Config {
        rate: RATE,
        voices: u16::try_from(voices)?,
        gain: 0.5,
        reverb: effects.reverb,
        chorus: effects.chorus,
        interpolation,
        bank_select: c"gs",
    };
    let synth = Fluidsynth::new(&file, &config).map_err(|error| anyhow!(error))?;
    Ok(Box::new(synth))
}

impl Engine for Fluidsynth {
    fn control(&mut self, _: u16, channel: u8, controller: u8, value: u8) {
        self.message(&[0xB0 | channel, controller, value]);
    }

    fn note_on(&mut self, note: Note) {
        self.message(&[0x90 | note.channel, note.key, VELOCITY]);
    }

    fn cut(&mut self) {
        Self::cut(self);
    }

    fn voices(&self) -> Option<usize> {
        Some(Self::voices(self))
    }

    fn render(&mut self, out: &mut [[f32; 2]; BLOCK]) {
        Self::render(self, out);
    }
}
