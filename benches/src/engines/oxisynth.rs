// SPDX-License-Identifier: MIT OR Apache-2.0
//! OxiSynth.

use super::{Effects, Engine, Make};
use crate::material::{BLOCK, Note, RATE, VELOCITY, sf2};
use anyhow::{Result, anyhow, bail};
use oxisynth::{InterpolationMethod, MidiEvent, SoundFont, Synth, SynthDescriptor};

const fn make(setting: &'static str) -> Make {
    Make {
        engine: "oxisynth",
        setting,
        most: 4096,
        separate: true,
        build,
    }
}

pub const MAKES: &[Make] = &[make("Linear"), make("FourthOrder"), make("SeventhOrder")];

struct Oxisynth(Synth);

fn build(setting: &str, voices: usize, effects: Effects) -> Result<Box<dyn Engine>> {
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
    let font =
        SoundFont::load(&mut std::io::Cursor::new(sf2())).map_err(|error| anyhow!("{error:?}"))?;
    synth.add_font(font, true);
    Ok(Box::new(Oxisynth(synth)))
}

impl Engine for Oxisynth {
    fn control(&mut self, _: u16, channel: u8, controller: u8, value: u8) {
        let event = MidiEvent::ControlChange {
            channel,
            ctrl: controller,
            value,
        };
        self.0.send_event(event).expect("a controller");
    }

    fn note_on(&mut self, note: Note) {
        let event = MidiEvent::NoteOn {
            channel: note.channel,
            key: note.key,
            vel: VELOCITY,
        };
        self.0.send_event(event).expect("a note");
    }

    fn cut(&mut self) {
        for channel in 0..16 {
            self.0
                .send_event(MidiEvent::AllSoundOff { channel })
                .expect("all sound off");
        }
    }

    fn voices(&self) -> Option<usize> {
        None
    }

    fn render(&mut self, out: &mut [[f32; 2]; BLOCK]) {
        self.0.write(out.as_flattened_mut());
    }
}
