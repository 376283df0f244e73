// SPDX-License-Identifier: MIT OR Apache-2.0
//! The connection list of an articulation, evaluated (DLS 2.2 §1.4; `docs/reference/dls-synth.md` §3.2): any source may drive any destination.
//!
//! Sources move at three speeds: key and velocity never, controllers with messages, envelopes and LFOs at every control tick.
//! Binding folds everything but the third kind into a base and a depth per destination; a tick costs a few multiplications. What notes of a
//! channel have in common is folded once for all of them.

mod note;
#[cfg(test)]
mod tests;

pub use self::note::NotePart;

use super::channel::Channel;
use super::math;
use crate::dls::model::{Articulation, Connection, Curve, Destination, Shape, Source};

/// Destinations that move while a voice sounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// dB
    Gain,
    /// Cents.
    Pitch,
    /// Parts of the whole width, -0.5..=0.5.
    Pan,
    /// Absolute cents.
    Cutoff,
    /// dB
    Resonance,
    /// Absolute cents.
    LfoFrequency,
    /// Absolute cents.
    VibratoFrequency,
    /// 0..=1
    ReverbSend,
    /// 0..=1
    ChorusSend,
}

pub const TARGETS: usize = 9;

/// Cutoffs from here on mean "off".
pub const FILTER_OFF: f32 = 32_000.0;

/// Sources that move at every tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mover {
    Lfo,
    Vibrato,
    Eg1,
    Eg2,
}

pub const MOVERS: usize = 4;

/// What a voice is modulated by, apart from its movers.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    pub channel: &'a Channel,
    /// Key after transposition.
    pub key: f32,
    pub velocity: u8,
    pub poly_pressure: u8,
}

impl<'a> Inputs<'a> {
    /// Those of a channel, for what no note has a part in.
    pub fn without_note(channel: &'a Channel) -> Self {
        Self {
            channel,
            key: 0.0,
            velocity: 0,
            poly_pressure: 0,
        }
    }

    /// Value and range (128 or 16384) of a source; `None` for "no source" and movers.
    fn value(&self, source: Source) -> Option<(f32, f32)> {
        let seven = |v: u8| Some((f32::from(v), 128.0));
        let fourteen = |v: u16| Some((f32::from(v), 16384.0));
        match source {
            Source::Velocity => seven(self.velocity),
            Source::Key => Some((self.key, 128.0)),
            Source::PitchWheel => fourteen(self.channel.wheel),
            Source::PolyPressure => seven(self.poly_pressure),
            Source::ChannelPressure => seven(self.channel.pressure),
            Source::Controller(number) => seven(self.channel.get(number)),
            // Whole semitones; drums are never transposed.
            Source::Rpn(2) => fourteen(((self.channel.transpose() + 64) << 7) as u16),
            Source::Rpn(number) => fourteen(
                self.channel
                    .rpn
                    .get(usize::from(number))
                    .copied()
                    .unwrap_or(0),
            ),
            Source::None | Source::Lfo | Source::Vibrato | Source::Eg1 | Source::Eg2 => None,
        }
    }
}

fn mover(source: Source) -> Option<Mover> {
    match source {
        Source::Lfo => Some(Mover::Lfo),
        Source::Vibrato => Some(Mover::Vibrato),
        Source::Eg1 => Some(Mover::Eg1),
        Source::Eg2 => Some(Mover::Eg2),
        _ => None,
    }
}

/// An input after its transform: invert, curve, polarity. `range` is 128 or 16384.
#[inline(always)]
pub fn shaped(shape: Shape, value: f32, range: f32) -> f32 {
    let top = range - 1.0;
    let v = if shape.invert { top - value } else { value };
    match (shape.curve, shape.bipolar) {
        (Curve::Linear, false) => v / range,
        _ => bent_shape(shape, v, range),
    }
}

/// [`shaped`] of all but what is linear and has one sign; `v` has been inverted where it shall be.
#[inline(never)]
fn bent_shape(shape: Shape, v: f32, range: f32) -> f32 {
    // 7 and 14 bits agree: full is 127/128 of the range.
    let max = range * (127.0 / 128.0);
    match (shape.curve, shape.bipolar) {
        (Curve::Linear, _) => 2.0 * (v / range) - 1.0,
        (Curve::Switch, bipolar) => {
            let on = v >= range * 0.5;
            if on {
                1.0
            } else if bipolar {
                -1.0
            } else {
                0.0
            }
        }
        (curve, false) => match bent_step(curve, v, range) {
            Some(t) => t,
            None => bent(curve, v / max),
        },
        (curve, true) => {
            let x = 2.0 * v - max;
            let t = bent(curve, x.abs() / max);
            if x < 0.0 { -t } else { t }
        }
    }
}

/// The concave and convex curves over 0..=1: 96 dB in a 40 log10 law.
const fn bent(curve: Curve, x: f32) -> f32 {
    /// 5/12 · log10(2)
    const SCALE: f32 = 0.125_429_16;
    match curve {
        Curve::Concave => (-SCALE * math::log2(1.0 - x)).clamp(0.0, 1.0),
        Curve::Convex => (1.0 + SCALE * math::log2(x)).clamp(0.0, 1.0),
        _ => x,
    }
}

/// Both curves at every 7-bit value.
static BENT: [[f32; 128]; 2] = [steps(Curve::Concave), steps(Curve::Convex)];

const fn steps(curve: Curve) -> [f32; 128] {
    let mut steps = [0.0; 128];
    let mut value = 0;
    while value < steps.len() {
        steps[value] = bent(curve, value as f32 / 127.0);
        value += 1;
    }
    steps
}

/// [`bent`] of every 7-bit value.
fn bent_steps(curve: Curve) -> Option<&'static [f32; 128]> {
    let [concave, convex] = &BENT;
    match curve {
        Curve::Concave => Some(concave),
        Curve::Convex => Some(convex),
        _ => None,
    }
}

/// [`bent`] of a whole 7-bit value, from the table.
fn bent_step(curve: Curve, value: f32, range: f32) -> Option<f32> {
    let steps = bent_steps(curve)?;
    let step = value as i32;
    if range == 128.0 && step as f32 == value {
        steps.get(step as usize).copied()
    } else {
        None
    }
}

/// An input as a function of a mover: `a * mover + b`; without a mover `a` is 0.
struct Affine {
    mover: Option<Mover>,
    a: f32,
    b: f32,
}

/// `None`: a mover bent by a curve.
fn affine(source: Source, shape: Shape, inputs: &Inputs) -> Option<Affine> {
    if let Some(mover) = mover(source) {
        if shape.curve != Curve::Linear {
            return None;
        }
        let swings = matches!(mover, Mover::Lfo | Mover::Vibrato);
        let (a, b) = match (swings, shape.bipolar) {
            (true, true) | (false, false) => (1.0, 0.0),
            (true, false) => (0.5, 0.5),
            (false, true) => (2.0, -1.0),
        };
        let (a, b) = match (shape.invert, shape.bipolar) {
            (false, _) => (a, b),
            (true, true) => (-a, -b),
            (true, false) => (-a, 1.0 - b),
        };
        return Some(Affine {
            mover: Some(mover),
            a,
            b,
        });
    }
    let b = match inputs.value(source) {
        Some((value, range)) => shaped(shape, value, range),
        None if shape.invert => -1.0,
        None => 1.0,
    };
    Some(Affine {
        mover: None,
        a: 0.0,
        b,
    })
}

/// The same; the commonest input is none at all.
#[inline(always)]
fn input(source: Source, shape: Shape, inputs: &Inputs) -> Option<Affine> {
    if source != Source::None {
        return affine(source, shape, inputs);
    }
    Some(Affine {
        mover: None,
        a: 0.0,
        b: if shape.invert { -1.0 } else { 1.0 },
    })
}

/// An input that stands still between messages; `None`: a mover.
#[inline(always)]
fn still(source: Source, shape: Shape, inputs: &Inputs) -> Option<f32> {
    if source == Source::None {
        return Some(if shape.invert { -1.0 } else { 1.0 });
    }
    let (value, range) = inputs.value(source)?;
    Some(shaped(shape, value, range))
}

/// An input when the movers stand at `values`.
fn instant(source: Source, shape: Shape, inputs: &Inputs, values: &[f32; MOVERS]) -> f32 {
    match (mover(source), affine(source, shape, inputs)) {
        (Some(mover), Some(f)) => f.a * value_of(values, mover) + f.b,
        (Some(mover), None) => {
            let raw = value_of(values, mover);
            let unipolar = if matches!(mover, Mover::Lfo | Mover::Vibrato) {
                0.5 * raw + 0.5
            } else {
                raw
            };
            shaped(shape, unipolar * 127.0, 128.0)
        }
        (None, f) => f.map_or(0.0, |f| f.b),
    }
}

fn value_of(values: &[f32; MOVERS], mover: Mover) -> f32 {
    values.get(mover as usize).copied().unwrap_or(0.0)
}

/// Where a destination's sum goes, and the factor from `lScale` to its unit.
fn target(destination: Destination) -> Option<(Target, f32)> {
    const CENT: f32 = 1.0 / 65536.0;
    const DECIBEL: f32 = 1.0 / 655_360.0;
    const PART: f32 = 1.0 / 65_536_000.0;
    Some(match destination {
        Destination::Gain => (Target::Gain, DECIBEL),
        Destination::Pitch => (Target::Pitch, CENT),
        Destination::Pan => (Target::Pan, PART),
        Destination::FilterCutoff => (Target::Cutoff, CENT),
        Destination::FilterQ => (Target::Resonance, DECIBEL),
        Destination::LfoFrequency => (Target::LfoFrequency, CENT),
        Destination::VibratoFrequency => (Target::VibratoFrequency, CENT),
        Destination::ReverbSend => (Target::ReverbSend, PART),
        Destination::ChorusSend => (Target::ChorusSend, PART),
        _ => return None,
    })
}

/// The destinations of all targets.
const MOVING: [Destination; TARGETS] = [
    Destination::Gain,
    Destination::Pitch,
    Destination::Pan,
    Destination::FilterCutoff,
    Destination::FilterQ,
    Destination::LfoFrequency,
    Destination::VibratoFrequency,
    Destination::ReverbSend,
    Destination::ChorusSend,
];

/// EG1 drives the gain by definition (`docs/reference/dls-synth.md` §3.4), not by a connection.
fn implied(connection: &Connection) -> bool {
    connection.source == Source::Eg1 && connection.destination == Destination::Gain
}

/// RPN 5 widens what the modulation wheel does to the pitch; 1 at its default.
fn wheel_range(connection: &Connection, inputs: &Inputs) -> f32 {
    let wheel = Source::Controller(1);
    if connection.destination == Destination::Pitch
        && (connection.source == wheel || connection.control == wheel)
    {
        f32::from(inputs.channel.modulation_range) * (1.0 / Channel::MODULATION_RANGE as f32)
    } else {
        1.0
    }
}

/// The moving destinations of a voice, bound to the state of its channel.
#[derive(Clone, Copy, Debug)]
pub struct Modulation {
    base: [f32; TARGETS],
    depth: [[f32; MOVERS]; TARGETS],
    /// Bit t: target t follows a mover.
    moving: u16,
    /// Bit m: some target follows mover m.
    movers: u8,
    /// By mover: bit t: target t follows it.
    followers: [u16; MOVERS],
    /// Some connection has no affine form: it is evaluated anew at every tick.
    general: bool,
}

impl Modulation {
    /// Nothing leads anywhere.
    pub const NONE: Self = Self {
        base: [0.0; TARGETS],
        depth: [[0.0; MOVERS]; TARGETS],
        moving: 0,
        movers: 0,
        followers: [0; MOVERS],
        general: false,
    };

    /// Folds what notes of a channel have in common: constants, and connections from the channel and from movers.
    pub fn of_channel(articulation: &Articulation, channel: &Channel) -> Self {
        let mut common = Self::NONE;
        for destination in MOVING {
            if let (Some(scale), Some((target, unit))) =
                (articulation.constant(destination), target(destination))
            {
                common.add_base(target, scale as f32 * unit);
            }
        }
        common.fold(articulation.of_channel(), &Inputs::without_note(channel));
        common
    }

    /// Folds what a note has a part in. Gives back what is still to be added to gain and pitch.
    #[inline]
    pub fn add_note(
        &mut self,
        part: Option<&NotePart>,
        articulation: &Articulation,
        inputs: &Inputs,
    ) -> [f32; 2] {
        let Some(part) = part else {
            self.fold(articulation.of_note(), inputs);
            return [0.0; 2];
        };
        let [gain, pitch, cutoff] = part.values(inputs.key, inputs.velocity);
        self.add_base(Target::Cutoff, cutoff);
        [gain, pitch]
    }

    /// Folds connections whose inputs stand still between messages.
    fn fold(&mut self, connections: &[Connection], inputs: &Inputs) {
        for connection in connections {
            let Some((target, unit)) = target(connection.destination) else {
                continue;
            };
            if implied(connection) {
                continue;
            }
            let scale = connection.scale as f32 * unit * wheel_range(connection, inputs);
            let still = (
                still(connection.source, connection.source_shape, inputs),
                still(connection.control, connection.control_shape, inputs),
            );
            if let (Some(source), Some(control)) = still {
                self.add_base(target, source * control * scale);
                continue;
            }
            let source = input(connection.source, connection.source_shape, inputs);
            let control = input(connection.control, connection.control_shape, inputs);
            match (source, control) {
                (Some(s), Some(c)) if s.mover.is_none() || c.mover.is_none() => {
                    self.add_base(target, s.b * c.b * scale);
                    if let Some(mover) = s.mover {
                        self.add_depth(target, mover, s.a * c.b * scale);
                    }
                    if let Some(mover) = c.mover {
                        self.add_depth(target, mover, c.a * s.b * scale);
                    }
                }
                _ => {
                    self.general = true;
                    self.moving |= 1 << target as u16;
                    self.movers = u8::MAX;
                    for followers in &mut self.followers {
                        *followers |= 1 << target as u16;
                    }
                }
            }
        }
    }

    /// Adds a constant to a target.
    pub fn add_base(&mut self, target: Target, value: f32) {
        if let Some(base) = self.base.get_mut(target as usize) {
            *base += value;
        }
    }

    /// Replaces the constant of a target.
    pub fn set_base(&mut self, target: Target, value: f32) {
        if let Some(base) = self.base.get_mut(target as usize) {
            *base = value;
        }
    }

    /// Multiplies what a mover does to a target.
    pub fn scale_depth(&mut self, target: Target, mover: Mover, factor: f32) {
        let row = self.depth.get_mut(target as usize);
        if let Some(depth) = row.and_then(|row| row.get_mut(mover as usize)) {
            *depth *= factor;
        }
    }

    /// Lets a mover act on a target.
    pub fn add_depth(&mut self, target: Target, mover: Mover, depth: f32) {
        if depth == 0.0 {
            return;
        }
        if let Some(slot) = self
            .depth
            .get_mut(target as usize)
            .and_then(|row| row.get_mut(mover as usize))
        {
            *slot += depth;
            self.moving |= 1 << target as u16;
            self.movers |= 1 << mover as u8;
            if let Some(followers) = self.followers.get_mut(mover as usize) {
                *followers |= 1 << target as u16;
            }
        }
    }

    pub fn base(&self, target: Target) -> f32 {
        self.base.get(target as usize).copied().unwrap_or(0.0)
    }

    /// What a mover does to a target.
    pub fn depth(&self, target: Target, mover: Mover) -> f32 {
        let row = self.depth.get(target as usize);
        row.and_then(|row| row.get(mover as usize))
            .copied()
            .unwrap_or(0.0)
    }

    /// The target follows a mover.
    pub fn moves(&self, target: Target) -> bool {
        self.moving & (1 << target as u16) != 0
    }

    /// A note has a part in one of the targets.
    pub fn note_drives(articulation: &Articulation, targets: &[Target]) -> bool {
        let mut driven = articulation.of_note().iter();
        driven.any(|connection| {
            target(connection.destination).is_some_and(|(target, _)| targets.contains(&target))
        })
    }

    /// One of the targets follows this mover.
    #[inline]
    pub fn leads(&self, mover: Mover, targets: &[Target]) -> bool {
        let mask = targets.iter().fold(0, |mask, &t| mask | 1 << t as u16);
        self.followers
            .get(mover as usize)
            .is_some_and(|followers| followers & mask != 0)
    }

    /// One of the targets follows a mover.
    #[inline]
    pub fn moves_one(&self, targets: &[Target]) -> bool {
        let mask = targets.iter().fold(0, |mask, &t| mask | 1 << t as u16);
        self.moving & mask != 0
    }

    /// Some target follows this mover.
    #[inline]
    pub fn follows(&self, mover: Mover) -> bool {
        self.movers & (1 << mover as u8) != 0
    }

    pub fn moves_any(&self) -> bool {
        self.moving != 0
    }

    /// The target's value when the movers stand at `values`.
    #[inline(always)]
    pub fn value(&self, target: Target, values: &[f32; MOVERS]) -> f32 {
        let mut sum = self.base(target);
        if self.moves(target)
            && let Some(row) = self.depth.get(target as usize)
        {
            sum += row
                .iter()
                .zip(values)
                .map(|(depth, value)| depth * value)
                .sum::<f32>();
        }
        sum
    }

    /// Some connection needs [`general_part`].
    #[inline]
    pub fn is_general(&self) -> bool {
        self.general
    }
}

/// The sum, per target, of the connections that have no affine form.
pub fn general_part(
    articulation: &Articulation,
    inputs: &Inputs,
    values: &[f32; MOVERS],
) -> [f32; TARGETS] {
    let mut sums = [0.0; TARGETS];
    for connection in articulation.moving() {
        let Some((target, unit)) = target(connection.destination) else {
            continue;
        };
        let source = affine(connection.source, connection.source_shape, inputs);
        let control = affine(connection.control, connection.control_shape, inputs);
        let folded = matches!((&source, &control), (Some(s), Some(c)) if s.mover.is_none() || c.mover.is_none());
        if folded || implied(connection) {
            continue;
        }
        let product = instant(connection.source, connection.source_shape, inputs, values)
            * instant(connection.control, connection.control_shape, inputs, values);
        if let Some(sum) = sums.get_mut(target as usize) {
            *sum += product * connection.scale as f32 * unit * wheel_range(connection, inputs);
        }
    }
    sums
}

/// Sum of the connections to one destination that do not move while a voice sounds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Fixed {
    /// `lScale` / 65536, weighted and summed.
    pub sum: f32,
    /// A connection from "no source" was there.
    pub given: bool,
    /// That connection said "exactly zero" (`i32::MIN`).
    pub zero: bool,
}

impl Fixed {
    const UNIT: f32 = 1.0 / 65536.0;

    /// A connection from "no source".
    fn give(&mut self, scale: i32) {
        self.given = true;
        if scale == i32::MIN {
            self.zero = true;
        } else {
            self.sum += scale as f32 * Self::UNIT;
        }
    }

    fn add(&mut self, connection: &Connection, inputs: &Inputs) {
        if connection.is_constant() {
            return self.give(connection.scale);
        }
        if connection.source == Source::None && connection.control == Source::None {
            self.given = true;
            if connection.scale == i32::MIN {
                self.zero = true;
                return;
            }
        }
        let at_rest = [0.0; MOVERS];
        let source = instant(connection.source, connection.source_shape, inputs, &at_rest);
        let control = instant(
            connection.control,
            connection.control_shape,
            inputs,
            &at_rest,
        );
        self.sum += source * control * connection.scale as f32 * Self::UNIT;
    }
}

/// Evaluates a destination that is read once, at note-on; movers count as they stand then (at rest). `None`: nothing leads to it.
pub fn fixed(
    articulation: &Articulation,
    inputs: &Inputs,
    destination: Destination,
) -> Option<Fixed> {
    let mut found: Option<Fixed> = None;
    if let Some(scale) = articulation.constant(destination) {
        found.get_or_insert_default().give(scale);
    }
    for connection in articulation.fixed() {
        if connection.destination == destination {
            found.get_or_insert_default().add(connection, inputs);
        }
    }
    found
}

/// All destinations that are read at note-on, but for the key number.
pub struct FixedValues<'a> {
    articulation: &'a Articulation,
    /// What connections that something drives add, if there are any.
    driven: Option<[Fixed; Destination::COUNT]>,
}

impl<'a> FixedValues<'a> {
    /// As [`fixed`]; what nothing leads to is 0.
    pub fn new(articulation: &'a Articulation, inputs: &Inputs) -> Self {
        let usual = articulation.has_usual_times();
        Self {
            articulation,
            driven: (!usual).then(|| Self::driven(articulation, inputs)),
        }
    }

    #[inline(never)]
    fn driven(articulation: &Articulation, inputs: &Inputs) -> [Fixed; Destination::COUNT] {
        let mut driven = [Fixed::default(); Destination::COUNT];
        for connection in articulation.fixed() {
            if connection.destination != Destination::KeyNumber
                && let Some(fixed) = driven.get_mut(connection.destination as usize)
            {
                fixed.add(connection, inputs);
            }
        }
        driven
    }

    #[inline]
    pub fn get(&self, destination: Destination) -> Fixed {
        let mut fixed = match &self.driven {
            Some(driven) => driven
                .get(destination as usize)
                .copied()
                .unwrap_or_default(),
            None => Fixed::default(),
        };
        if let Some(scale) = self.articulation.constant(destination) {
            fixed.give(scale);
        }
        fixed
    }
}
