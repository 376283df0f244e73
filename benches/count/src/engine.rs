// SPDX-License-Identifier: MIT OR Apache-2.0
//! The engine of this repository, built for the host.

use crate::material::{self, Note, VELOCITY};
use anyhow::{Result, anyhow, bail};
use arioso_core::dls::file::{Limits, load};
use arioso_core::dls::model::Patches;
use arioso_core::dls::store::{Quotas, Store};
use arioso_core::mem::Shared;
use arioso_core::synth::effects::Sends;
use arioso_core::synth::{Interpolation, Settings, Synth, SynthId, Vectors, VirtualSynth};

const SYNTH: SynthId = SynthId(0);
const GROUPS: u16 = 10;

/// Behind a setting: AVX2, where the processor has it.
pub const AVX2: &str = "+avx2";

/// Which effects run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// The reverb is on.
    pub reverb: bool,
    /// The chorus is on.
    pub chorus: bool,
}

impl Effects {
    /// CC 91 and CC 93 of a channel whose voices play into them.
    pub fn controllers(self) -> [(u8, u8); 2] {
        let send = |on| if on { 64 } else { 0 };
        [(91, send(self.reverb)), (93, send(self.chorus))]
    }
}

/// The instruments of a DLS file, to be shared by many engines.
pub fn patches(bank: &[u8]) -> Result<Shared<Patches>> {
    let limits = Limits {
        bytes: usize::MAX,
        ..Limits::default()
    };
    let instruments = load(bank, limits).map_err(|error| anyhow!("{error:?}"))?;
    let mut store = Store::new(Quotas::default());
    store
        .add_defaults(instruments)
        .map_err(|error| anyhow!("{error:?}"))?;
    let patches = store.patches(SYNTH.0);
    patches.map_err(|_| anyhow!("no memory"))
}

/// The engine with one virtual synthesizer.
pub struct Arioso(Synth);

impl Arioso {
    /// An engine with room for `voices` voices at `rate`; `setting` is the name of an interpolation, and may end in [`AVX2`].
    pub fn new(
        bank: &[u8],
        setting: &str,
        voices: usize,
        rate: u32,
        effects: Effects,
    ) -> Result<Self> {
        Self::with(patches(bank)?, setting, voices, rate, effects)
    }

    /// The same with instruments that have been loaded already.
    pub fn with(
        patches: Shared<Patches>,
        setting: &str,
        voices: usize,
        rate: u32,
        effects: Effects,
    ) -> Result<Self> {
        let (setting, vectors) = match setting.strip_suffix(AVX2) {
            Some(setting) => (setting, Vectors::best()),
            None => (setting, Vectors::default()),
        };
        let interpolation = match setting {
            "linear" => Interpolation::Linear,
            "sinc8" => Interpolation::Sinc8,
            "sinc16" => Interpolation::Sinc16,
            _ => bail!("arioso has no {setting}"),
        };
        let memory = |_| anyhow!("no memory");
        let mut synth = Synth::new(&Settings {
            voices: u16::try_from(voices.max(16))?,
            rate,
            synths: 1,
        })
        .map_err(memory)?;
        let mut port = VirtualSynth::new(GROUPS).map_err(memory)?;
        port.set_patches(patches);
        port.set_interpolation(interpolation);
        port.effects_mut().on = Sends {
            reverb: effects.reverb,
            chorus: effects.chorus,
        };
        synth.attach(SYNTH, port);
        synth.set_vectors(vectors);
        Ok(Self(synth))
    }

    /// An engine that has held `voices` notes for a tenth of a second: every LFO runs.
    pub fn held(
        bank: &[u8],
        setting: &str,
        voices: usize,
        rate: u32,
        effects: Effects,
    ) -> Result<Self> {
        let mut engine = Self::new(bank, setting, voices, rate, effects)?;
        let notes = material::notes(voices);
        for &Note { group, channel, .. } in &notes {
            for (controller, value) in material::CONTROLLERS
                .into_iter()
                .chain(effects.controllers())
            {
                engine.control(group, channel, controller, value);
            }
        }
        for note in notes {
            engine.note_on(note);
        }
        engine.render(&mut vec![[0.0; 2]; rate as usize / 10]);
        Ok(engine)
    }

    /// Sends a controller to a channel of a group, both from 0.
    pub fn control(&mut self, group: u16, channel: u8, controller: u8, value: u8) {
        self.0
            .message(SYNTH, group + 1, &[0xB0 | channel, controller, value]);
    }

    /// Starts a note.
    pub fn note_on(&mut self, note: Note) {
        let message = [0x90 | note.channel, note.key, VELOCITY];
        self.0.message(SYNTH, note.group + 1, &message);
    }

    /// A complete message for a group, counted from 0.
    pub fn message(&mut self, group: u16, message: &[u8]) {
        self.0.message(SYNTH, group + 1, message);
        while self.0.take_retired().is_some() {}
    }

    /// Silences everything at once.
    pub fn cut(&mut self) {
        for channel in 0..16 {
            self.0.message(SYNTH, 0, &[0xB0 | channel, 120, 0]);
        }
        while self.0.take_retired().is_some() {}
    }

    /// Voices that sound.
    pub fn voices(&self) -> usize {
        self.0.voices() as usize
    }

    /// Renders as many frames as `out` has.
    pub fn render(&mut self, out: &mut [[f32; 2]]) {
        self.0.render(out);
    }

    /// What the cost model says about a block of this length, in ns.
    pub fn predicted(&self, frames: usize) -> f64 {
        self.0.work(true).cost(frames).into()
    }
}
