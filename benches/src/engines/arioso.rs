//! The engine of this repository, built for the host.

use super::{Effects, Engine, Make};
use crate::material::{BLOCK, Note, RATE, VELOCITY, dls};
use anyhow::{Result, anyhow, bail};
use arioso_core::dls::store::{Quotas, Store};
use arioso_core::synth::effects::Sends;
use arioso_core::synth::{Interpolation, Port, PortId, Settings, Synth};

pub const NAME: &str = "arioso";
const PORT: PortId = PortId(0);
const GROUPS: u16 = 10;

const fn make(setting: &'static str) -> Make {
    Make {
        engine: NAME,
        setting,
        most: 2400,
        separate: true,
        build,
    }
}

pub const MAKES: &[Make] = &[make("linear"), make("sinc8"), make("sinc16")];

pub struct Arioso(Synth);

fn build(setting: &str, voices: usize, effects: Effects) -> Result<Box<dyn Engine>> {
    Ok(Box::new(Arioso::new(&dls(), setting, voices, effects)?))
}

impl Arioso {
    pub fn new(bank: &[u8], setting: &str, voices: usize, effects: Effects) -> Result<Self> {
        let interpolation = match setting {
            "linear" => Interpolation::Linear,
            "sinc8" => Interpolation::Sinc8,
            "sinc16" => Interpolation::Sinc16,
            _ => bail!("arioso has no {setting}"),
        };
        let memory = |_| anyhow!("no memory");
        let mut synth = Synth::new(&Settings {
            voices: u16::try_from(voices.max(16))?,
            rate: RATE,
            ports: 1,
        })
        .map_err(memory)?;
        let mut store = Store::new(Quotas::default());
        let instruments = arioso_core::dls::file::load(bank, Default::default())
            .map_err(|error| anyhow!("{error:?}"))?;
        store
            .add_defaults(instruments)
            .map_err(|error| anyhow!("{error:?}"))?;
        let mut port = Port::new(GROUPS).map_err(memory)?;
        port.set_patches(store.patches(PORT.0).map_err(memory)?);
        port.set_interpolation(interpolation);
        port.effects_mut().on = Sends {
            reverb: effects.reverb,
            chorus: effects.chorus,
        };
        synth.attach(PORT, port);
        Ok(Self(synth))
    }
}

impl Arioso {
    /// What the cost model says about a block of this length, in ns.
    pub fn predicted(&self, frames: usize) -> f64 {
        self.0.work(true).cost(frames).into()
    }

    pub fn render_any(&mut self, out: &mut [[f32; 2]]) {
        self.0.render(out);
    }
}

impl Engine for Arioso {
    fn control(&mut self, group: u16, channel: u8, controller: u8, value: u8) {
        self.0
            .message(PORT, group + 1, &[0xB0 | channel, controller, value]);
    }

    fn note_on(&mut self, note: Note) {
        let message = [0x90 | note.channel, note.key, VELOCITY];
        self.0.message(PORT, note.group + 1, &message);
    }

    fn cut(&mut self) {
        for channel in 0..16 {
            self.0.message(PORT, 0, &[0xB0 | channel, 120, 0]);
        }
        while self.0.take_retired().is_some() {}
    }

    fn voices(&self) -> Option<usize> {
        Some(self.0.voices() as usize)
    }

    fn render(&mut self, out: &mut [[f32; 2]; BLOCK]) {
        self.0.render(out);
    }
}
