// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the generators do to a voice.

use super::Awe;
use crate::dls::model::Destination;
use crate::synth::math;
use crate::synth::modulation::{FILTER_OFF, Fixed, Modulation, Mover, Target};

impl Awe {
    /// The constant of a destination that is read when a note begins.
    pub fn fixed(&self, destination: Destination) -> Option<Fixed> {
        use Destination as D;
        let time = |number: usize, most: i32, unit: f32| {
            let seconds = self.signed(number, 0, most)? * unit;
            Some(Fixed {
                sum: 1200.0 * math::log2(seconds.max(1e-4)),
                given: true,
                zero: seconds == 0.0,
            })
        };
        let sustain = |number: usize, step: f32| {
            Some(Fixed {
                sum: 1000.0 - self.small(number)? * step,
                given: true,
                zero: false,
            })
        };
        match destination {
            D::LfoDelay => time(0, 5900, 0.004),
            D::VibratoDelay => time(2, 5900, 0.004),
            D::Eg2Delay => time(4, 5900, 0.004),
            D::Eg2Attack => time(5, 5940, 0.001),
            D::Eg2Hold => time(6, 8191, 0.001),
            D::Eg2Decay => time(7, 5940, 0.004),
            D::Eg2Sustain => sustain(8, 7.5),
            D::Eg2Release => time(9, 5940, 0.004),
            D::Eg1Delay => time(10, 5900, 0.004),
            D::Eg1Attack => time(11, 5940, 0.001),
            D::Eg1Hold => time(12, 8191, 0.001),
            D::Eg1Decay => time(13, 5940, 0.004),
            // Steps of 0.75 dB on 96 dB.
            D::Eg1Sustain => sustain(14, 1000.0 * 0.75 / 96.0),
            D::Eg1Release => time(15, 5940, 0.004),
            _ => None,
        }
    }

    /// What moves while a note sounds, before controllers act on it.
    pub fn apply(&self, modulation: &mut Modulation) {
        if !self.any {
            return;
        }
        for (number, target) in [(1, Target::LfoFrequency), (3, Target::VibratoFrequency)] {
            if let Some(value) = self.small(number) {
                let hertz = (value * 0.084).max(0.01);
                modulation.set_base(target, 6900.0 + 1200.0 * math::log2(hertz * (1.0 / 440.0)));
            }
        }
        if let Some(cents) = self.signed(16, -8192, 8191) {
            modulation.add_base(Target::Pitch, cents);
        }
        // 127 is open.
        if let Some(value) = self.small(21) {
            let cutoff = 4335.0 + 59.0 * value;
            modulation.set_base(
                Target::Cutoff,
                if value < 127.0 { cutoff } else { FILTER_OFF },
            );
        }
        if let Some(value) = self.small(22) {
            modulation.set_base(Target::Resonance, 21.5 / 127.0 * value);
        }
        // 0.1875 dB; up and down from the note's level.
        if let Some(value) = self.small(20) {
            modulation.add_depth(Target::Gain, Mover::Lfo, 0.1875 * value);
        }
        for (number, target, mover) in [
            (17, Target::Pitch, Mover::Lfo),
            (18, Target::Pitch, Mover::Vibrato),
            (19, Target::Pitch, Mover::Eg2),
        ] {
            if let Some(value) = self.signed(number, -127, 127) {
                modulation.add_depth(target, mover, 9.375 * value);
            }
        }
        for (number, target) in [(25, Target::ChorusSend), (26, Target::ReverbSend)] {
            if let Some(value) = self.signed(number, 0, 255) {
                modulation.set_base(target, value * (1.0 / 255.0));
            }
        }
    }

    /// What the modulation LFO and envelope do to the cutoff, in cents.
    pub fn sweeps(&self) -> [(Mover, f32); 2] {
        if !self.any {
            return [(Mover::Lfo, 0.0), (Mover::Eg2, 0.0)];
        }
        let sweep = |number| self.signed(number, -64, 63).unwrap_or(0.0) * 56.25;
        [(Mover::Lfo, sweep(23)), (Mover::Eg2, sweep(24))]
    }
}
