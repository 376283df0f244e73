// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a slice costs: predicted before it is rendered. The model counts in ns of a reference machine (*nominal*).

use super::effects::Sends;
use super::oscillator::Interpolation;
use super::tick::TICK;

/// Nominal costs, in ns: such that `arioso-bench prices` measures some hundredths less.
mod price {
    /// A slice with nothing in it.
    pub const SLICE: f32 = 100.0;
    /// Mixing a port, per frame.
    pub const SYNTH: f32 = 2.0;
    /// A port's reverb and its chorus, per frame.
    pub const REVERB: f32 = 18.0;
    pub const CHORUS: f32 = 7.0;
    /// What a voice sends to an effect, per frame.
    pub const SEND: f32 = 0.085;
    /// Filtering a voice, per frame.
    pub const FILTER: f32 = 0.36;
    /// Mixing a voice, per frame.
    pub const MIX: f32 = 0.16;
    /// Control of a voice that moves, per tick.
    pub const MOVING: f32 = 110.0;
    /// The next step of a pitch that LFOs bend.
    pub const PITCH: f32 = 14.0;
    /// A voice inside of its plan, per tick.
    pub const STEADY: f32 = 3.0;
    /// A message, and looking at one voice of the pool for it.
    pub const MESSAGE: f32 = 120.0;
    pub const LOOK: f32 = 0.6;
    /// Ordering the pool's voices, per voice.
    pub const SORT: f32 = 6.0;
    /// Starting a voice, and looking at one voice of the pool for it.
    pub const START: f32 = 400.0;
    pub const SEARCH: f32 = 2.0;
}

/// Reading a wave, per frame.
fn read(kind: Interpolation) -> f32 {
    match kind {
        Interpolation::Linear => 0.44,
        Interpolation::Sinc8 => 0.90,
        Interpolation::Sinc16 => 1.28,
    }
}

/// What there is to render.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Work {
    /// Voices.
    pub voices: u32,
    /// ns per frame.
    pub per_frame: f32,
    /// ns per control tick.
    pub per_tick: f32,
}

impl Work {
    /// Adds a port's mix.
    pub fn add_port(&mut self) {
        self.per_frame += price::SYNTH;
    }

    /// Adds the effects of a port that run.
    pub fn add_effects(&mut self, running: Sends) {
        if running.reverb {
            self.per_frame += price::REVERB;
        }
        if running.chorus {
            self.per_frame += price::CHORUS;
        }
    }

    /// Adds what a voice sends to an effect.
    pub fn add_send(&mut self) {
        self.per_frame += price::SEND;
    }

    /// Adds a voice. Its control side plans for some ticks at a time; LFOs may bend its pitch at each.
    pub fn add_voice(&mut self, kind: Interpolation, ticks: u32, bends: bool, filtered: bool) {
        self.voices = self.voices.saturating_add(1);
        let filter = if filtered { price::FILTER } else { 0.0 };
        self.per_frame += read(kind) + filter + price::MIX;
        let pitch = if bends { price::PITCH } else { 0.0 };
        self.per_tick += price::MOVING / ticks as f32 + price::STEADY + pitch;
    }

    /// Nominal ns for `frames` frames.
    pub fn cost(&self, frames: usize) -> f32 {
        let ticks = frames.div_ceil(TICK as usize);
        price::SLICE + self.per_frame * frames as f32 + self.per_tick * ticks as f32
    }
}

/// What one slice may cost, and what has been planned. Without a limit outside of slices.
#[derive(Clone, Copy, Debug)]
pub struct Slice {
    /// Nominal ns.
    pub allowance: f32,
    pub spent: f32,
    pub frames: usize,
    messages: u32,
    /// Nominal ns of one more voice that starts, by [`Interpolation`].
    starts: [f32; 3],
}

impl Slice {
    pub const UNLIMITED: Self = Self {
        allowance: f32::INFINITY,
        spent: 0.0,
        frames: 0,
        messages: 0,
        starts: [price::START; 3],
    };

    /// Part of the allowance that voices may take before the slice: the rest is for what happens in it.
    const VOICES: f32 = 0.8;

    /// A slice of `frames` frames that may cost `allowance` nominal ns.
    pub fn new(allowance: f32, frames: usize) -> Self {
        Self {
            allowance,
            spent: 0.0,
            frames,
            messages: 0,
            starts: [
                Interpolation::Linear,
                Interpolation::Sinc8,
                Interpolation::Sinc16,
            ]
            .map(|kind| {
                let mut work = Work::default();
                work.add_voice(kind, 1, false, true);
                price::START + work.cost(frames) - price::SLICE
            }),
        }
    }

    /// Nominal ns that held voices may cost.
    pub fn for_voices(&self) -> f32 {
        self.allowance * Self::VOICES
    }

    /// Nominal ns that all voices, fading ones included, may cost.
    pub fn for_all(&self) -> f32 {
        self.allowance * (0.5 + 0.5 * Self::VOICES)
    }

    /// Nominal ns of one more voice that starts, in a pool that has `used` places in use.
    pub fn start(&self, kind: Interpolation, used: usize) -> f32 {
        let [linear, sinc8, sinc16] = self.starts;
        price::SEARCH * used as u32 as f32
            + match kind {
                Interpolation::Linear => linear,
                Interpolation::Sinc8 => sinc8,
                Interpolation::Sinc16 => sinc16,
            }
    }

    /// Voices that may still start, at so many nominal ns [each](Self::start).
    pub fn room(&self, each: f32) -> u32 {
        // A cast saturates.
        ((self.allowance - self.spent) / each) as u32
    }

    /// `count` voices have been started, at so many nominal ns [each](Self::start).
    pub fn add_starts(&mut self, count: u32, each: f32) {
        self.spent += count as f32 * each;
    }

    /// Voices have been ordered, to find those that go.
    pub fn add_search(&mut self, used: usize) {
        self.spent += price::SORT * used as f32;
    }

    pub fn add_message(&mut self, used: usize) {
        self.spent += Self::message(used);
        self.messages = self.messages.saturating_add(1);
    }

    fn message(used: usize) -> f32 {
        price::MESSAGE + price::LOOK * used as u32 as f32
    }

    /// No other message fits, with a voice that it might start. The first one of a slice always does.
    pub fn is_spent(&self, used: usize) -> bool {
        let most = Self::message(used) + self.start(Interpolation::Sinc16, used);
        self.messages > 0 && self.spent + most > self.allowance
    }
}
