// SPDX-License-Identifier: MIT OR Apache-2.0
//! rustysynth: linear interpolation only, and at most 256 voices.

use super::{Effects, Engine, Make};
use crate::material::{BLOCK, Note, RATE, VELOCITY, sf2};
use anyhow::{Result, anyhow};
use rustysynth::{SoundFont, Synthesizer, SynthesizerSettings};
use std::sync::Arc;

pub const MAKES: &[Make] = &[Make {
    engine: "rustysynth",
    setting: "linear",
    most: 256,
    separate: false,
    build,
}];

struct Rustysynth {
    synth: Synthesizer,
    left: [f32; BLOCK],
    right: [f32; BLOCK],
}

fn build(_: &str, _: usize, effects: Effects) -> Result<Box<dyn Engine>> {
    let font = SoundFont::new(&mut &sf2()[..]).map_err(|error| anyhow!("{error:?}"))?;
    let mut settings = SynthesizerSettings::new(RATE as i32);
    settings.maximum_polyphony = 256;
    settings.enable_reverb_and_chorus = effects.reverb || effects.chorus;
    let mut synth =
        Synthesizer::new(&Arc::new(font), &settings).map_err(|error| anyhow!("{error:?}"))?;
    synth.set_master_volume(0.5);
    Ok(Box::new(Rustysynth {
        synth,
        left: [0.0; BLOCK],
        right: [0.0; BLOCK],
    }))
}

impl Engine for Rustysynth {
    fn control(&mut self, _: u16, channel: u8, controller: u8, value: u8) {
        self.synth
            .process_midi_message(channel.into(), 0xB0, controller.into(), value.into());
    }

    fn note_on(&mut self, note: Note) {
        self.synth
            .note_on(note.channel.into(), note.key.into(), VELOCITY.into());
    }

    fn cut(&mut self) {
        self.synth.note_off_all(true);
    }

    fn voices(&self) -> Option<usize> {
        None
    }

    fn render(&mut self, out: &mut [[f32; 2]; BLOCK]) {
        self.synth.render(&mut self.left, &mut self.right);
        for (frame, (left, right)) in out.iter_mut().zip(self.left.iter().zip(&self.right)) {
            *frame = [*left, *right];
        }
    }
}
