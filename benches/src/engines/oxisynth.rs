// SPDX-License-Identifier: MIT OR Apache-2.0
//! OxiSynth.

use super::{Effects, Engine, Make};
use crate::material::{RATE, sf2};
use anyhow::{Result, anyhow, bail};
use arioso_count::songs::{Bank, VOICES};
use oxisynth::{InterpolationMethod, MidiEvent, SoundFont, Synth, SynthDescriptor};
use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek};

const fn make(setting: &'static str) -> Make {
    Make {
        engine: "oxisynth",
        setting,
        most: 4096,
        separate: true,
        build,
        load,
    }
}

pub const MAKES: &[Make] = &[make("Linear"), make("FourthOrder"), make("SeventhOrder")];

struct Oxisynth {
    synth: Synth,
    interpolation: InterpolationMethod,
}

fn build(setting: &str, voices: usize, effects: Effects) -> Result<Box<dyn Engine>> {
    synth(&mut Cursor::new(sf2()), setting, voices, effects)
}

fn load(setting: &str, bank: &Bank, effects: Effects) -> Result<Box<dyn Engine>> {
    let file = File::open(bank.file)?;
    synth(&mut BufReader::new(file), setting, VOICES, effects)
}

fn synth(
    file: &mut (impl Read + Seek),
    setting: &str,
    voices: usize,
    effects: Effects,
) -> Result<Box<dyn Engine>> {
    let interpolation = match setting {
        "Linear" => InterpolationMethod::Linear,
        "FourthOrder" => InterpolationMethod::FourthOrder,
        "SeventhOrder" => InterpolationMethod::SeventhOrder,
        _ => bail!("oxisynth has no {setting}"),
    };
    let mut synth = Synth::new(SynthDescriptor {
        reverb_active: effects.reverb,
        chorus_active: effects.chorus,
        interpolation,
        polyphony: u16::try_from(voices.max(16))?,
        gain: 0.5,
        sample_rate: RATE as f32,
        ..SynthDescriptor::default()
    })
    .map_err(|error| anyhow!("{error:?}"))?;
    let font = SoundFont::load(file).map_err(|error| anyhow!("{error:?}"))?;
    synth.add_font(font, true);
    Ok(Box::new(Oxisynth {
        synth,
        interpolation,
    }))
}

/// What the library has for a message; it knows no System Exclusive.
fn event(message: &[u8]) -> Option<MidiEvent> {
    let channel = message.first()? & 0xF;
    Some(match *message {
        [0x80..=0x8F, key, _] | [0x90..=0x9F, key, 0] => MidiEvent::NoteOff { channel, key },
        [0x90..=0x9F, key, vel] => MidiEvent::NoteOn { channel, key, vel },
        [0xA0..=0xAF, key, value] => MidiEvent::PolyphonicKeyPressure {
            channel,
            key,
            value,
        },
        [0xB0..=0xBF, ctrl, value] => MidiEvent::ControlChange {
            channel,
            ctrl,
            value,
        },
        [0xC0..=0xCF, program_id] => MidiEvent::ProgramChange {
            channel,
            program_id,
        },
        [0xD0..=0xDF, value] => MidiEvent::ChannelPressure { channel, value },
        [0xE0..=0xEF, low, high] => MidiEvent::PitchBend {
            channel,
            value: u16::from(high) << 7 | u16::from(low),
        },
        _ => return None,
    })
}

impl Engine for Oxisynth {
    fn message(&mut self, _: u16, message: &[u8]) {
        if let Some(event) = event(message) {
            // A program that the bank lacks is its only objection; the old one stays.
            let _ = self.synth.send_event(event);
        }
    }

    fn cut(&mut self) {
        for channel in 0..16 {
            self.synth
                .send_event(MidiEvent::AllSoundOff { channel })
                .expect("all sound off");
        }
    }

    fn reset(&mut self) {
        let reset = self.synth.send_event(MidiEvent::SystemReset);
        reset.expect("a reset");
        // It puts every channel back to the fourth order.
        self.synth
            .set_interpolation_method(None, self.interpolation);
    }

    fn voices(&self) -> Option<usize> {
        None
    }

    fn render(&mut self, out: &mut [[f32; 2]]) {
        self.synth.write(out.as_flattened_mut());
    }
}
