// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a note has a part in, prepared for all notes of a channel.

use super::{Inputs, Target, bent_steps, shaped, still, target, wheel_range};
use crate::dls::model::{Articulation, Shape, Source};
use crate::synth::channel::Channel;

/// A connection from a key or a velocity, once its channel is known.
#[derive(Clone, Copy, Debug)]
struct Term {
    of_key: bool,
    shape: Shape,
    /// All values of a bent curve of a velocity, if it has one sign; the number of each is the velocity, or in all bits its opposite.
    steps: Option<&'static [f32; 128]>,
    opposite: u8,
    /// What stands still: the other input, and the scale.
    other: f32,
    scale: f32,
}

impl Term {
    #[inline(always)]
    fn value(&self, key: f32, velocity: u8) -> f32 {
        let input = match self.steps {
            Some(steps) => {
                let step = usize::from((velocity ^ self.opposite) & 0x7F);
                steps.get(step).copied().unwrap_or(0.0)
            }
            None => {
                let input = if self.of_key {
                    key
                } else {
                    f32::from(velocity)
                };
                shaped(self.shape, input, 128.0)
            }
        };
        input * self.other * self.scale
    }
}

/// All that a note has a part in, where that is as little as the defaults have: one connection to the gain, one to the pitch and one to the
/// cutoff, each from its key or its velocity.
#[derive(Clone, Copy, Debug)]
pub struct NotePart([Option<Term>; Self::TARGETS.len()]);

impl NotePart {
    pub const TARGETS: [Target; 3] = [Target::Gain, Target::Pitch, Target::Cutoff];

    /// `None`: it is more than that.
    pub fn of(articulation: &Articulation, channel: &Channel) -> Option<Self> {
        let mut part = Self([None; Self::TARGETS.len()]);
        let inputs = Inputs::without_note(channel);
        for connection in articulation.of_note() {
            let Some((target, unit)) = target(connection.destination) else {
                continue;
            };
            let place = Self::TARGETS.iter().position(|place| *place == target)?;
            let place = part.0.get_mut(place).filter(|place| place.is_none())?;
            let source = (connection.source, connection.source_shape);
            let control = (connection.control, connection.control_shape);
            let ((of_note, shape), (other, other_shape)) = if connection.source.is_of_note() {
                (source, control)
            } else {
                (control, source)
            };
            if of_note == Source::PolyPressure || other.is_of_note() {
                return None;
            }
            let of_key = of_note == Source::Key;
            let steps = bent_steps(shape.curve);
            *place = Some(Term {
                of_key,
                shape,
                steps: steps.filter(|_| !of_key && !shape.bipolar),
                opposite: if shape.invert { 0x7F } else { 0 },
                other: still(other, other_shape, &inputs)?,
                scale: connection.scale as f32 * unit * wheel_range(connection, &inputs),
            });
        }
        Some(part)
    }

    /// What a note adds to the [targets](Self::TARGETS).
    #[inline]
    pub fn values(&self, key: f32, velocity: u8) -> [f32; Self::TARGETS.len()] {
        let value =
            |term: &Option<Term>| term.as_ref().map_or(0.0, |term| term.value(key, velocity));
        let [gain, pitch, cutoff] = &self.0;
        [value(gain), value(pitch), value(cutoff)]
    }
}

#[cfg(test)]
mod tests {
    use super::super::{MOVING, Modulation};
    use super::*;
    use crate::dls::model::{Connection, Curve, Destination};
    use std::vec::Vec;

    fn shapes() -> impl Iterator<Item = Shape> {
        let curves = [Curve::Linear, Curve::Concave, Curve::Convex, Curve::Switch];
        curves.into_iter().flat_map(|curve| {
            let sides = [(false, false), (false, true), (true, false), (true, true)];
            sides.map(|(bipolar, invert)| Shape {
                curve,
                bipolar,
                invert,
            })
        })
    }

    fn connection(
        (source, source_shape): (Source, Shape),
        control: Source,
        destination: Destination,
    ) -> Connection {
        Connection {
            source,
            source_shape,
            control,
            control_shape: source_shape,
            destination,
            scale: 12_345_678,
        }
    }

    /// What a note adds is the same, prepared or folded: for each source, control, shape and target, alone and with a second connection to a target
    /// of its own. What a part cannot say is not prepared.
    #[test]
    fn parts_of_notes_are_folds() {
        let note = [Source::Velocity, Source::Key];
        let still = [Source::None, Source::Controller(7), Source::PitchWheel];
        let others = [
            Source::PolyPressure,
            Source::Lfo,
            Source::Velocity,
            Source::Key,
        ];
        let concave = Shape {
            curve: Curve::Concave,
            bipolar: false,
            invert: true,
        };
        let velocity = (Source::Velocity, concave);
        let usual = connection(velocity, Source::None, Destination::Gain);
        let mut channel = Channel::new(0);
        channel.set(7, 90);
        channel.wheel = 0x1234;
        let mut prepared = 0;
        for (source, control) in note
            .iter()
            .flat_map(|n| still.iter().chain(&others).map(move |s| (*n, *s)))
            .flat_map(|(a, b)| [(a, b), (b, a)])
        {
            for destination in MOVING {
                for shape in shapes() {
                    let one = connection((source, shape), control, destination);
                    for all in [Vec::from([one]), Vec::from([one, usual])] {
                        let expressible = still.contains(&source) || still.contains(&control);
                        let expected = expressible
                            && matches!(
                                destination,
                                Destination::Gain | Destination::Pitch | Destination::FilterCutoff
                            )
                            && (all.len() == 1 || destination != Destination::Gain);
                        let articulation = Articulation::new(all);
                        let part = NotePart::of(&articulation, &channel);
                        assert_eq!(part.is_some(), expected, "{one:?}");
                        let Some(part) = part else { continue };
                        prepared += 1;
                        for (key, velocity) in [(0u8, 1), (60, 100), (127, 127)] {
                            let inputs = Inputs {
                                key: f32::from(key),
                                velocity,
                                ..Inputs::without_note(&channel)
                            };
                            let common = Modulation::of_channel(&articulation, &channel);
                            let mut folded = common;
                            assert_eq!(folded.add_note(None, &articulation, &inputs), [0.0; 2]);
                            let mut added = common;
                            let [gain, pitch] = added.add_note(Some(&part), &articulation, &inputs);
                            added.add_base(Target::Gain, gain);
                            added.add_base(Target::Pitch, pitch);
                            assert_eq!(added.base, folded.base, "{one:?}: {key} {velocity}");
                            assert!(!folded.moves_any());
                        }
                    }
                }
            }
        }
        assert_eq!(prepared, 2 * 3 * 2 * 16 * (3 + 2));
    }
}
