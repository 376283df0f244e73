// SPDX-License-Identifier: MIT OR Apache-2.0
//! FluidSynth: Debian's shared library, loaded when it is there.

use super::{Effects, Engine, Make};
use crate::material::{RATE, sf2};
use anyhow::{Result, anyhow, bail};
use arioso_count::songs::{Bank, VOICES};
use arioso_fluidsynth::{Config, Fluidsynth};
use std::path::Path;

const fn make(setting: &'static str) -> Make {
    Make {
        engine: "fluidsynth",
        setting,
        most: 4096,
        separate: true,
        build,
        load,
    }
}

/// Named as `enum fluid_interp` does.
pub const MAKES: &[Make] = &[make("linear"), make("4thorder"), make("7thorder")];

fn build(setting: &str, voices: usize, effects: Effects) -> Result<Box<dyn Engine>> {
    let file = crate::scratch_file("bench.sf2", &sf2())?;
    synth(&file, setting, voices, effects)
}

fn load(setting: &str, bank: &Bank, effects: Effects) -> Result<Box<dyn Engine>> {
    synth(Path::new(bank.file), setting, VOICES, effects)
}

fn synth(file: &Path, setting: &str, voices: usize, effects: Effects) -> Result<Box<dyn Engine>> {
    let interpolation = match setting {
        "linear" => 1,
        "4thorder" => 4,
        "7thorder" => 7,
        _ => bail!("fluidsynth has no {setting}"),
    };
    let config = Config {
        rate: RATE,
        voices: u16::try_from(voices)?,
        gain: 0.5,
        reverb: effects.reverb,
        chorus: effects.chorus,
        interpolation,
        bank_select: c"gs",
    };
    let synth = Fluidsynth::new(file, &config).map_err(|error| anyhow!(error))?;
    Ok(Box::new(synth))
}

impl Engine for Fluidsynth {
    fn message(&mut self, _: u16, message: &[u8]) {
        Self::message(self, message);
    }

    fn cut(&mut self) {
        Self::cut(self);
    }

    fn voices(&self) -> Option<usize> {
        Some(Self::voices(self))
    }

    fn render(&mut self, out: &mut [[f32; 2]]) {
        Self::render(self, out);
    }
}
