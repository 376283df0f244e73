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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::modulation::MOVERS;

    /// Generators as they are set, around the middle where they are signed.
    fn awe(values: &[(u8, i32)]) -> Awe {
        let mut awe = Awe::NONE;
        for &(number, value) in values {
            awe.set(number, value as u16);
        }
        awe
    }

    fn signed(number: u8, value: i32) -> Awe {
        awe(&[(number, 8192 + value)])
    }

    /// Logarithms are right to a thousandth of a cent and a bit.
    const CENTS: f64 = 2e-3;
    const ROUNDING: f64 = 1e-6;

    fn near(value: f32, expected: f64, within: f64) {
        let error = (f64::from(value) - expected).abs();
        assert!(
            error <= within + 1e-6 * expected.abs(),
            "{value} {expected}"
        );
    }

    const TIMES: [(u8, Destination, i32, f64); 12] = [
        (0, Destination::LfoDelay, 5900, 0.004),
        (2, Destination::VibratoDelay, 5900, 0.004),
        (4, Destination::Eg2Delay, 5900, 0.004),
        (5, Destination::Eg2Attack, 5940, 0.001),
        (6, Destination::Eg2Hold, 8191, 0.001),
        (7, Destination::Eg2Decay, 5940, 0.004),
        (9, Destination::Eg2Release, 5940, 0.004),
        (10, Destination::Eg1Delay, 5900, 0.004),
        (11, Destination::Eg1Attack, 5940, 0.001),
        (12, Destination::Eg1Hold, 8191, 0.001),
        (13, Destination::Eg1Decay, 5940, 0.004),
        (15, Destination::Eg1Release, 5940, 0.004),
    ];

    /// Times by their unit within their range; what is beyond it counts as its end. Nothing else is set by them.
    #[test]
    fn times_have_units_and_ranges() {
        for (number, destination, most, unit) in TIMES {
            assert_eq!(Awe::NONE.fixed(destination), None);
            for value in [-8192, -1, 0, 1, 25, 5899, 5900, 5901, 5940, 5941, 8191] {
                let awe = signed(number, value);
                let fixed = awe.fixed(destination).unwrap();
                let seconds = f64::from(value.clamp(0, most)) * unit;
                near(fixed.sum, 1200.0 * seconds.max(1e-4).log2(), CENTS);
                assert!(fixed.given);
                assert_eq!(fixed.zero, value <= 0, "{number}: {value}");
                for (_, other, ..) in TIMES.iter().filter(|row| row.0 != number) {
                    assert_eq!(awe.fixed(*other), None, "{number}");
                }
                assert_eq!(awe.fixed(Destination::Eg1Sustain), None);
                assert_eq!(awe.fixed(Destination::Pitch), None);
            }
        }
    }

    /// Sustain: steps of 0.75 dB on 96 dB, and of 0.75 % of the modulation envelope; the low byte alone.
    #[test]
    fn sustain_has_steps() {
        for value in (0..128).chain([0x80 + 40, 0x3F80 + 127]) {
            let steps = f64::from(value & 0x7F);
            let volume = awe(&[(14, value)]).fixed(Destination::Eg1Sustain).unwrap();
            near(volume.sum, 1000.0 * (1.0 - steps * 0.75 / 96.0), ROUNDING);
            let modulation = awe(&[(8, value)]).fixed(Destination::Eg2Sustain).unwrap();
            near(modulation.sum, 1000.0 - 7.5 * steps, ROUNDING);
            for fixed in [volume, modulation] {
                assert!(fixed.given && !fixed.zero);
            }
        }
    }

    /// What a set of generators makes of a voice: bases of 1 everywhere, and a depth of 1 of each mover.
    fn moved(awe: &Awe, target: Target) -> (f64, [f64; MOVERS]) {
        const EACH: [Mover; MOVERS] = [Mover::Lfo, Mover::Vibrato, Mover::Eg1, Mover::Eg2];
        let mut modulation = Modulation::NONE;
        modulation.set_base(target, 1.0);
        for mover in EACH {
            modulation.add_depth(target, mover, 1.0);
        }
        awe.apply(&mut modulation);
        let base = modulation.base(target);
        modulation.set_base(target, 0.0);
        let depths = EACH.map(|mover| {
            let mut values = [0.0; MOVERS];
            values[mover as usize] = 1.0;
            f64::from(modulation.value(target, &values))
        });
        (f64::from(base), depths)
    }

    fn is_moved(awe: &Awe, target: Target, base: f64, depths: [f64; MOVERS]) {
        let (moved_base, moved_depths) = moved(awe, target);
        let within = if base.abs() < 3.0 { ROUNDING } else { CENTS };
        near(moved_base as f32, base, within);
        for (moved, expected) in moved_depths.into_iter().zip(depths) {
            near(moved as f32, expected, ROUNDING);
        }
    }

    const ONES: [f64; MOVERS] = [1.0; MOVERS];

    /// LFO rates in steps of 0.084 Hz, in place of the instrument's.
    #[test]
    fn lfo_rates_replace() {
        for (number, target) in [(1, Target::LfoFrequency), (3, Target::VibratoFrequency)] {
            for value in (0..128).chain([0x80 + 9]) {
                let hertz = (0.084 * f64::from(value & 0x7F)).max(0.01);
                let cents = 6900.0 + 1200.0 * (hertz / 440.0).log2();
                is_moved(&awe(&[(number, value)]), target, cents, ONES);
            }
        }
    }

    /// Pitch in cents, and depths of 9.375 cents, on top of what there is.
    #[test]
    fn pitch_and_its_depths_add() {
        for value in [
            -8192, -8191, -128, -127, -1, 0, 1, 126, 127, 128, 8190, 8191,
        ] {
            let base = 1.0 + f64::from(value);
            is_moved(&signed(16, value), Target::Pitch, base, ONES);
            let depth = 1.0 + 9.375 * f64::from(value.clamp(-127, 127));
            for (number, mover) in [(17, Mover::Lfo), (18, Mover::Vibrato), (19, Mover::Eg2)] {
                let mut depths = ONES;
                depths[mover as usize] = depth;
                is_moved(&signed(number, value), Target::Pitch, 1.0, depths);
            }
        }
    }

    /// The cutoff from 100 Hz in steps of 59 cents, the resonance up to 21.5 dB, in place of the instrument's; a tremolo of 0.1875 dB.
    #[test]
    fn filter_and_tremolo() {
        let lowest = 6900.0 + 1200.0 * (100.0f64 / 440.0).log2();
        for value in (0..128).chain([0x3F80 + 11]) {
            let small = f64::from(value & 0x7F);
            let (cutoff, _) = moved(&awe(&[(21, value)]), Target::Cutoff);
            if value == 127 {
                assert_eq!(cutoff, f64::from(FILTER_OFF));
            } else {
                assert!((cutoff - lowest - 59.0 * small).abs() < 1.0, "{cutoff}");
            }
            is_moved(
                &awe(&[(22, value)]),
                Target::Resonance,
                21.5 / 127.0 * small,
                ONES,
            );
            let depths = [1.0 + 0.1875 * small, 1.0, 1.0, 1.0];
            is_moved(&awe(&[(20, value)]), Target::Gain, 1.0, depths);
        }
    }

    /// Sends from nothing to all in 255 steps, in place of the instrument's; sweeps of 56.25 cents.
    #[test]
    fn sends_and_sweeps() {
        for value in [
            -8192, -65, -64, -63, -1, 0, 1, 62, 63, 64, 254, 255, 256, 8191,
        ] {
            let part = f64::from(value.clamp(0, 255)) / 255.0;
            is_moved(&signed(25, value), Target::ChorusSend, part, ONES);
            is_moved(&signed(26, value), Target::ReverbSend, part, ONES);
            let sweep = f64::from(value.clamp(-64, 63)) * 56.25;
            for (number, expected) in [(23, [sweep, 0.0]), (24, [0.0, sweep])] {
                let [(first, lfo), (second, envelope)] = signed(number, value).sweeps();
                assert_eq!((first, second), (Mover::Lfo, Mover::Eg2));
                near(lfo, expected[0], ROUNDING);
                near(envelope, expected[1], ROUNDING);
            }
        }
        assert_eq!(Awe::NONE.sweeps().map(|sweep| sweep.1), [0.0; 2]);
    }

    /// A generator sets its own destination and no other, and none does anything until it is set.
    #[test]
    fn each_generator_has_its_target() {
        const TARGETS: [(Target, &[u8]); 9] = [
            (Target::Gain, &[20]),
            (Target::Pitch, &[16, 17, 18, 19]),
            (Target::Pan, &[]),
            (Target::Cutoff, &[21]),
            (Target::Resonance, &[22]),
            (Target::LfoFrequency, &[1]),
            (Target::VibratoFrequency, &[3]),
            (Target::ReverbSend, &[26]),
            (Target::ChorusSend, &[25]),
        ];
        for (target, generators) in TARGETS {
            assert_eq!(moved(&Awe::NONE, target), (1.0, ONES));
            for number in 0..=127 {
                let changed = moved(&signed(number, 77), target) != (1.0, ONES);
                assert_eq!(changed, generators.contains(&number), "{number} {target:?}");
            }
        }
    }
}
