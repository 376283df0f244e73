// SPDX-License-Identifier: MIT OR Apache-2.0
//! Curves, inputs and connections.

use super::*;
use alloc::vec::Vec;

const CURVES: [Curve; 2] = [Curve::Concave, Curve::Convex];

fn shape(curve: Curve, bipolar: bool, invert: bool) -> Shape {
    Shape {
        curve,
        bipolar,
        invert,
    }
}

/// The curves by their law: 96 dB of 40 log10, of 7 bits and of 14.
#[test]
fn curves_follow_their_law() {
    let law = |curve, x: f64| {
        let convex = |x: f64| (1.0 + 40.0 / 96.0 * x.log10()).clamp(0.0, 1.0);
        match curve {
            Curve::Convex => convex(x),
            _ => 1.0 - convex(1.0 - x),
        }
    };
    for curve in CURVES {
        let plain = shape(curve, false, false);
        for value in 0..128u8 {
            let value = f32::from(value);
            let expected = law(curve, f64::from(value) / 127.0) as f32;
            let seven = shaped(plain, value, 128.0);
            let fourteen = shaped(plain, 128.0 * value, 16_384.0);
            assert!((seven - expected).abs() < 1e-4, "{value}: {seven}");
            assert!((fourteen - expected).abs() < 1e-4, "{value}: {fourteen}");
            // The lowest of the 14 bits count for little.
            let low = shaped(plain, value, 16_384.0);
            let expected = law(curve, f64::from(value) / 16_256.0) as f32;
            assert!((low - expected).abs() < 1e-4, "{value}: {low}");
        }
    }
}

/// A bipolar curve is the other one on either side of the middle, and goes the other way if it is inverted.
#[test]
fn bipolar_curves_are_odd() {
    for curve in CURVES {
        for value in 0..128i16 {
            let from_middle = 2 * value - 127;
            let side = shaped(shape(curve, false, false), from_middle.abs().into(), 128.0);
            let expected = side * f32::from(from_middle.signum());
            let got = shaped(shape(curve, true, false), value.into(), 128.0);
            assert!(
                (got - expected).abs() < 1e-5,
                "{value}: {got}, not {expected}"
            );
            let inverted = shaped(shape(curve, true, true), value.into(), 128.0);
            assert!((inverted + expected).abs() < 1e-5, "{value}: {inverted}");
        }
    }
}

fn connection(
    source: Source,
    shape: Shape,
    control: Source,
    destination: Destination,
) -> Connection {
    Connection {
        source,
        source_shape: shape,
        control,
        control_shape: shape,
        destination,
        scale: 65_536,
    }
}

fn bound(connection: Connection) -> (Modulation, Articulation) {
    let articulation = Articulation::new([connection].into());
    let channel = Channel::new(0);
    let mut modulation = Modulation::of_channel(&articulation, &channel);
    let _ = modulation.add_note(None, &articulation, &inputs(&channel));
    (modulation, articulation)
}

fn inputs(channel: &Channel) -> Inputs<'_> {
    Inputs {
        channel,
        key: 60.0,
        velocity: 100,
        poly_pressure: 0,
    }
}

const MOVING_SOURCES: [(Source, Mover); MOVERS] = [
    (Source::Lfo, Mover::Lfo),
    (Source::Vibrato, Mover::Vibrato),
    (Source::Eg1, Mover::Eg1),
    (Source::Eg2, Mover::Eg2),
];

/// What moves is 0 to 1 (an LFO's swing between them), turned round by "invert", and stretched to −1 to 1 by "bipolar".
#[test]
fn movers_are_shaped_as_other_sources_are() {
    for (source, mover) in MOVING_SOURCES {
        let swings = matches!(mover, Mover::Lfo | Mover::Vibrato);
        for (bipolar, invert) in [(false, false), (false, true), (true, false), (true, true)] {
            let shape = shape(Curve::Linear, bipolar, invert);
            let (modulation, _) =
                bound(connection(source, shape, Source::None, Destination::Pitch));
            // "No source" under the same shape.
            let none = if invert { -1.0 } else { 1.0 };
            for part in [0.0, 0.25, 0.5, 1.0] {
                let mut values = [0.3; MOVERS];
                values[mover as usize] = if swings { 2.0 * part - 1.0 } else { part };
                let turned = if invert { 1.0 - part } else { part };
                let expected = none * if bipolar { 2.0 * turned - 1.0 } else { turned };
                let got = modulation.value(Target::Pitch, &values);
                assert!(
                    (got - expected).abs() < 1e-6,
                    "{source:?} {shape:?} at {part}: {got}"
                );
            }
        }
    }
}

/// A target is led by the movers that its connections name, and by no others; by all of them if one of its connections has no affine form.
#[test]
fn who_leads_whom() {
    const ALL: [(Destination, Target); TARGETS] = [
        (Destination::Gain, Target::Gain),
        (Destination::Pitch, Target::Pitch),
        (Destination::Pan, Target::Pan),
        (Destination::FilterCutoff, Target::Cutoff),
        (Destination::FilterQ, Target::Resonance),
        (Destination::LfoFrequency, Target::LfoFrequency),
        (Destination::VibratoFrequency, Target::VibratoFrequency),
        (Destination::ReverbSend, Target::ReverbSend),
        (Destination::ChorusSend, Target::ChorusSend),
    ];
    for (source, mover) in MOVING_SOURCES {
        for (destination, target) in ALL {
            if (source, destination) == (Source::Eg1, Destination::Gain) {
                continue;
            }
            for curve in [Curve::Linear, Curve::Concave] {
                let shape = shape(curve, false, false);
                let (modulation, _) = bound(connection(source, shape, Source::None, destination));
                let general = curve != Curve::Linear;
                assert_eq!(modulation.is_general(), general);
                for (_, other) in ALL {
                    let own = other == target;
                    assert_eq!(modulation.moves_one(&[other]), own);
                    assert_eq!(modulation.moves(other), own);
                    for (_, leader) in MOVING_SOURCES {
                        let leads = own && (leader == mover || general);
                        assert_eq!(
                            modulation.leads(leader, &[other]),
                            leads,
                            "{source:?} to {destination:?}: {other:?}"
                        );
                    }
                }
                assert!(modulation.follows(mover));
                assert!(!modulation.moves_one(&[]) && !modulation.leads(mover, &[]));
            }
        }
    }
}

/// What holds for the whole note is source times control times scale, added up; movers count as they stand at rest.
#[test]
fn fixed_destinations_are_sums_of_products() {
    let channel = Channel::new(0);
    let linear = shape(Curve::Linear, false, false);
    let part = |source| match source {
        Source::None => 1.0,
        Source::Velocity => 100.0 / 128.0,
        Source::Key => 60.0 / 128.0,
        // In the middle of its swing, and not begun.
        Source::Lfo => 0.5,
        _ => 0.0,
    };
    let sources = [
        Source::Velocity,
        Source::Key,
        Source::None,
        Source::Lfo,
        Source::Eg2,
    ];
    let mut all = Vec::new();
    let mut sum = 0.0;
    for source in sources {
        for control in sources {
            all.push(connection(source, linear, control, Destination::Eg1Decay));
            sum += part(source) * part(control);
            let articulation = Articulation::new(all.clone());
            let found = fixed(&articulation, &inputs(&channel), Destination::Eg1Decay).unwrap();
            assert!(
                (found.sum - sum).abs() < 1e-5,
                "{source:?} {control:?}: {found:?}, not {sum}"
            );
            let all = FixedValues::new(&articulation, &inputs(&channel));
            let driven = all.get(Destination::Eg1Decay).sum;
            assert!((driven - sum).abs() < 1e-5, "{driven}, not {sum}");
        }
    }
    assert_eq!(
        fixed(
            &Articulation::new(all),
            &inputs(&channel),
            Destination::Eg2Hold
        ),
        None
    );
}
