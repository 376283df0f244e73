// SPDX-License-Identifier: MIT OR Apache-2.0
//! rustysynth: linear interpolation only, and at most 256 voices.

use super::{Effects, Engine, Make};
use crate::material::{BLOCK, RATE, sf2};
use anyhow::{Result, anyhow};
use arioso_count::songs::Bank;
use rustysynth::{SoundFont, Synthesizer, SynthesizerSettings};
use std::fs::File;
use std::io::{BufReader, Read};
use std::sync::Arc;

pub const MAKES: &[Make] = &[Make {
    engine: "rustysynth",
    setting: "linear",
    most: 256,
    separate: false,
    build,
    load,
}];

struct Rustysynth {
    synth: Synthesizer,
    left: [f32; BLOCK],
    right: [f32; BLOCK],
}

fn build(_: &str, _: usize, effects: Effects) -> Result<Box<dyn Engine>> {
    synth(&mut &sf2()[..], effects)
}

fn load(_: &str, bank: &Bank, effects: Effects) -> Result<Box<dyn Engine>> {
    let file = File::open(bank.file)?;
    synth(&mut BufReader::new(file), effects)
}

fn synth(file: &mut impl Read, effects: Effects) -> Result<Box<dyn Engine>> {
    let font = SoundFont::new(file).map_err(|error| anyhow!("{error:?}"))?;
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
    fn message(&mut self, _: u16, message: &[u8]) {
        if let [status @ 0x80..0xF0, first, ref rest @ ..] = *message {
            let second = rest.first().copied().unwrap_or(0);
            self.synth.process_midi_message(
                (status & 0xF).into(),
                (status & 0xF0).into(),
                first.into(),
                second.into(),
            );
        }
    }

    fn cut(&mut self) {
        self.synth.note_off_all(true);
    }

    fn reset(&mut self) {
        self.synth.reset();
    }

    fn voices(&self) -> Option<usize> {
        None
    }

    fn render(&mut self, out: &mut [[f32; 2]]) {
        let (left, right) = (&mut self.left[..out.len()], &mut self.right[..out.len()]);
        self.synth.render(left, right);
        for (frame, (left, right)) in out.iter_mut().zip(left.iter().zip(right)) {
            *frame = [*left, *right];
        }
    }
}
