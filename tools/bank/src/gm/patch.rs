// SPDX-License-Identifier: MIT OR Apache-2.0
//! How a program is described: layers of one recipe each, with an articulation.

use super::drums::colour_of;
use super::fit::{Colour, Fit, KIT, Row, Voice, longer};
use crate::dls::{
    Bank, Connection, Instrument, Link, Region, Sample, Wave, destination as dst, source as src,
    unit,
};
use std::collections::HashMap;

/// Renders the wave of a key. The name tells recipes apart: one name and one key are rendered once for each program.
#[derive(Clone, Copy)]
pub struct Recipe {
    pub name: &'static str,
    pub render: fn(&Voice, u8) -> Wave,
}

/// Highest gain of a region in dB.
const MOST_GAIN: f64 = 14.0;

/// One General MIDI program.
pub struct Program {
    pub number: u8,
    pub name: &'static str,
    pub layers: Vec<Layer>,
}

/// One sound of a program, over all keys unless told otherwise.
#[derive(Clone)]
pub struct Layer {
    recipe: Recipe,
    roots: &'static [u8],
    gain: f64,
    tune: f64,
    /// Whether it takes the colour that its program is fitted with; others are shared by programs.
    fitted: bool,
    /// Semitones per key, around middle C; zone by zone.
    follow: f64,
    connections: Vec<Connection>,
}

pub fn program(number: u8, name: &'static str, layers: Vec<Layer>) -> Program {
    Program {
        number,
        name,
        layers,
    }
}

/// A layer whose waves are rendered at `roots` (ascending keys).
pub fn layer(name: &'static str, render: fn(&Voice, u8) -> Wave, roots: &'static [u8]) -> Layer {
    let vibrato = Connection::new(src::VIBRATO, src::CC1, dst::PITCH, unit::cents(40.0));
    // Half of what DLS sends by itself: at the usual CC 91 of 40 a seventh of the sound.
    let reverb = Connection::new(src::CC91, src::NONE, dst::REVERB_SEND, unit::percent(50.0));
    Layer {
        recipe: Recipe { name, render },
        roots,
        gain: 0.0,
        tune: 0.0,
        fitted: true,
        follow: 1.0,
        connections: vec![vibrato, reverb],
    }
}

/// Longest decay that is written, seconds per 96 dB at key 0: the longest that DLS 2 has.
const LONGEST: f64 = 40.0;

impl Layer {
    fn set(mut self, connection: Connection) -> Self {
        let identity = |c: &Connection| (c.source, c.control, c.destination);
        self.connections
            .retain(|other| identity(other) != identity(&connection));
        self.connections.push(connection);
        self
    }

    fn constant(self, destination: u16, scale: i32) -> Self {
        self.set(Connection::constant(destination, scale))
    }

    /// Volume: attack in seconds, then `decay` and `release` in seconds per 96 dB; sustain in dB below full, 96 is silence.
    pub fn env(self, attack: f64, decay: f64, sustain: f64, release: f64) -> Self {
        self.constant(dst::EG1_ATTACK, unit::seconds(attack))
            .constant(dst::EG1_DECAY, unit::seconds(decay.min(LONGEST)))
            .constant(
                dst::EG1_SUSTAIN,
                unit::percent(100.0 - sustain * 100.0 / 96.0),
            )
            .constant(dst::EG1_RELEASE, unit::seconds(release))
    }

    /// A sound that dies away: decay at middle C in seconds per 96 dB, shorter by half each `octaves` up.
    pub fn dying(self, decay: f64, octaves: f64, release: f64) -> Self {
        let per_range = -1200.0 * (128.0 / 12.0) / octaves;
        let at_zero = decay * libm::exp2(60.0 / 12.0 / octaves);
        self.env(0.0, at_zero, 96.0, release).set(Connection::new(
            src::KEY,
            src::NONE,
            dst::EG1_DECAY,
            unit::cents(per_range),
        ))
    }

    /// Low-pass filter: cutoff in Hz at velocity 0, resonance in dB, cents that full velocity adds.
    pub fn filter(self, hertz: f64, resonance: f64, velocity: f64) -> Self {
        self.constant(dst::FILTER_CUTOFF, unit::hertz(hertz))
            .constant(dst::FILTER_Q, unit::decibels(resonance))
            .set(Connection::new(
                src::VELOCITY,
                src::NONE,
                dst::FILTER_CUTOFF,
                unit::cents(velocity),
            ))
    }

    /// Cents of cutoff that the highest key adds.
    pub fn key_cutoff(self, cents: f64) -> Self {
        self.set(Connection::new(
            src::KEY,
            src::NONE,
            dst::FILTER_CUTOFF,
            unit::cents(cents),
        ))
    }

    /// A second envelope that moves the cutoff by `cents`: seconds for the whole way up and down, sustain in percent.
    pub fn sweep(self, cents: f64, attack: f64, decay: f64, sustain: f64, release: f64) -> Self {
        self.second(attack, decay, sustain, release)
            .set(Connection::new(
                src::EG2,
                src::NONE,
                dst::FILTER_CUTOFF,
                unit::cents(cents),
            ))
    }

    /// A second envelope that moves the pitch by `cents`.
    pub fn bend(self, cents: f64, attack: f64, decay: f64, sustain: f64) -> Self {
        self.second(attack, decay, sustain, 1.0)
            .set(Connection::new(
                src::EG2,
                src::NONE,
                dst::PITCH,
                unit::cents(cents),
            ))
    }

    fn second(self, attack: f64, decay: f64, sustain: f64, release: f64) -> Self {
        self.constant(dst::EG2_ATTACK, unit::seconds(attack))
            .constant(dst::EG2_DECAY, unit::seconds(decay))
            .constant(dst::EG2_SUSTAIN, unit::percent(sustain))
            .constant(dst::EG2_RELEASE, unit::seconds(release))
    }

    pub fn vibrato(self, hertz: f64, cents: f64, delay: f64) -> Self {
        self.constant(dst::VIBRATO_FREQUENCY, unit::hertz(hertz))
            .constant(dst::VIBRATO_DELAY, unit::seconds(delay.max(0.01)))
            .set(Connection::new(
                src::VIBRATO,
                src::NONE,
                dst::PITCH,
                unit::cents(cents),
            ))
    }

    fn lfo(self, hertz: f64, delay: f64) -> Self {
        self.constant(dst::LFO_FREQUENCY, unit::hertz(hertz))
            .constant(dst::LFO_DELAY, unit::seconds(delay.max(0.01)))
    }

    pub fn tremolo(self, hertz: f64, decibels: f64, delay: f64) -> Self {
        self.lfo(hertz, delay).set(Connection::new(
            src::LFO,
            src::NONE,
            dst::GAIN,
            unit::decibels(decibels),
        ))
    }

    /// An LFO on the cutoff.
    pub fn wah(self, hertz: f64, cents: f64) -> Self {
        self.lfo(hertz, 0.01).set(Connection::new(
            src::LFO,
            src::NONE,
            dst::FILTER_CUTOFF,
            unit::cents(cents),
        ))
    }

    /// −50 left to 50 right.
    pub fn pan(self, percent: f64) -> Self {
        self.constant(dst::PAN, unit::percent(percent))
    }

    /// Reverb beside what CC91 asks for, in percent.
    pub fn reverb(self, percent: f64) -> Self {
        self.constant(dst::REVERB_SEND, unit::percent(percent))
    }

    /// Velocity 127 against 1: cents of attack time that full velocity adds (negative is faster).
    pub fn velocity_attack(self, cents: f64) -> Self {
        self.set(Connection::new(
            src::VELOCITY,
            src::NONE,
            dst::EG1_ATTACK,
            unit::cents(cents),
        ))
    }

    pub fn gain(mut self, decibels: f64) -> Self {
        self.gain += decibels;
        self
    }

    /// A layer in the background: as its recipe makes it, so that programs share its waves.
    pub fn unfitted(mut self) -> Self {
        self.fitted = false;
        self
    }

    /// A sound whose pitch goes with the key in part only, in steps of a zone.
    pub fn follow(mut self, semitones_per_key: f64) -> Self {
        self.follow = semitones_per_key;
        self
    }

    pub fn tune(mut self, cents: f64) -> Self {
        self.tune += cents;
        self
    }
}

impl Layer {
    /// Cents that the middle of a zone is off its pitch, so that it follows the key as it shall.
    fn off(&self, (low, high): (u8, u8)) -> f64 {
        if self.follow == 1.0 {
            return 0.0;
        }
        // The zones at the ends reach far beyond the keys that are played.
        let middle = f64::from(low.max(30).midpoint(high.min(90)));
        (self.follow - 1.0) * 100.0 * (middle - 60.0)
    }
}

/// A layer and its detuned twin, spread left and right.
pub fn twins(layer: Layer, cents: f64, spread: f64) -> Vec<Layer> {
    let one = layer.clone().gain(-3.0).tune(cents / 2.0).pan(-spread);
    let other = layer.gain(-3.0).tune(-cents / 2.0).pan(spread);
    vec![one, other]
}

/// Collects instruments and the waves that they share.
pub struct Builder<'a> {
    bank: Bank,
    fit: &'a Fit,
    /// By recipe, key, and the program and key whose colour it has.
    rendered: HashMap<(&'static str, u8, u8, u8), usize>,
}

impl<'a> Builder<'a> {
    pub fn new(name: &str, fit: &'a Fit) -> Self {
        let bank = Bank {
            name: name.into(),
            copyright: "MIT OR Apache-2.0".into(),
            instruments: Vec::new(),
            waves: Vec::new(),
        };
        Self {
            bank,
            fit,
            rendered: HashMap::new(),
        }
    }

    pub fn add(&mut self, program: Program) {
        let mut articulation = Vec::new();
        let mut regions = Vec::new();
        for layer in program.layers {
            let own = if articulation.is_empty() {
                articulation.clone_from(&layer.connections);
                Vec::new()
            } else if articulation == layer.connections {
                Vec::new()
            } else {
                layer.connections.clone()
            };
            self.add_regions(&mut regions, program.number, &layer, &own);
        }
        self.bank.instruments.push(Instrument {
            name: program.name.into(),
            bank: 0,
            program: program.number,
            regions,
            articulation,
        });
    }

    fn add_regions(
        &mut self,
        regions: &mut Vec<Region>,
        program: u8,
        layer: &Layer,
        articulation: &[Connection],
    ) {
        let mut low = 0;
        for (i, &root) in layer.roots.iter().enumerate() {
            // A zone reaches further down than up: being lowered costs a sound less than being raised.
            let high = layer
                .roots
                .get(i + 1)
                .map_or(127, |next| root + (next - root) * 2 / 5);
            let colour = if layer.fitted {
                self.fit.at(program, root).colour
            } else {
                Colour::default()
            };
            let wave = self.wave(layer.recipe, root, (program, root), colour);
            let sample = self.bank.waves[wave].sample;
            for (keys, row) in self.fit.zones(program, (low, high), root) {
                let fitted = fitted(&layer.connections, &row);
                regions.push(Region {
                    keys,
                    velocities: (0, 127),
                    key_group: 0,
                    self_non_exclusive: false,
                    wave,
                    link: Link::MONO,
                    sample: Some(adjusted(
                        sample,
                        layer.gain + row.gain,
                        layer.tune + layer.off(keys),
                    )),
                    articulation: if fitted == layer.connections {
                        articulation.to_vec()
                    } else {
                        fitted
                    },
                });
            }
            low = high + 1;
        }
    }

    /// One key of the drum kit: it sounds as recorded, moved by the layer's tuning.
    pub fn drum(&mut self, kit: &mut Instrument, key: u8, group: u8, layer: Layer) {
        let root = layer.roots.first().copied().unwrap_or(60);
        let row = self.fit.at(KIT, key);
        let like = colour_of(key);
        let colour = self.fit.at(KIT, like).colour;
        let wave = self.wave(layer.recipe, root, (KIT, like), colour);
        let recorded = Sample {
            unity: key,
            ..self.bank.waves[wave].sample
        };
        kit.regions.push(Region {
            keys: (key, key),
            velocities: (0, 127),
            key_group: group,
            self_non_exclusive: false,
            wave,
            link: Link::MONO,
            sample: Some(adjusted(recorded, layer.gain + row.gain, layer.tune)),
            articulation: fitted(&layer.connections, &row),
        });
    }

    pub fn add_kit(&mut self, mut kit: Instrument) {
        kit.regions.sort_by_key(|region| region.keys);
        self.bank.instruments.push(kit);
    }

    pub fn finish(self) -> Bank {
        self.bank
    }

    /// The wave of a recipe at `root`, in the colour of a program's key, `of`.
    fn wave(&mut self, recipe: Recipe, root: u8, of: (u8, u8), colour: Colour) -> usize {
        // Without a colour it is the same for all.
        let of = if colour.is_plain() { (0, 0) } else { of };
        let bank = &mut self.bank;
        *self
            .rendered
            .entry((recipe.name, root, of.0, of.1))
            .or_insert_with(|| {
                bank.waves
                    .push((recipe.render)(&Voice::new(recipe.name, colour), root));
                bank.waves.len() - 1
            })
    }
}

/// Connections with the attack and the decay of the volume as a row has them.
fn fitted(connections: &[Connection], row: &Row) -> Vec<Connection> {
    let seconds = |scale: i32| libm::exp2(f64::from(scale) / 65_536.0 / 1200.0);
    let changed = |mut connection: Connection| {
        if connection.source == src::NONE && connection.control == src::NONE {
            match connection.destination {
                dst::EG1_ATTACK if row.attack != 0.0 && seconds(connection.scale) >= 0.001 => {
                    let attack = (seconds(connection.scale) + row.attack).max(0.001);
                    connection.scale = unit::seconds(attack);
                }
                dst::EG1_DECAY if row.decay != 0.0 && seconds(connection.scale) >= 0.001 => {
                    let decay = seconds(connection.scale) * longer(row.decay);
                    connection.scale = unit::seconds(decay.min(LONGEST));
                }
                _ => {}
            }
        }
        connection
    };
    connections.iter().copied().map(changed).collect()
}

fn adjusted(sample: Sample, gain: f64, tune: f64) -> Sample {
    // Whole semitones move the unity note; fine tune stays small.
    let cents = f64::from(sample.fine_tune) + tune;
    let semitones = libm::round(cents / 100.0);
    Sample {
        unity: (f64::from(sample.unity) - semitones).clamp(0.0, 127.0) as u8,
        fine_tune: libm::round(cents - 100.0 * semitones) as i16,
        // What peaks high above its loudness may be louder than it was stored.
        gain: (sample.gain + gain).min(MOST_GAIN),
        ..sample
    }
}
