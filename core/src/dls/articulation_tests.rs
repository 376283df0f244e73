// SPDX-License-Identifier: MIT OR Apache-2.0
use super::*;

fn raw(source: u16, control: u16, destination: u16, transform: u16, scale: i32) -> raw::Connection {
    raw::Connection {
        source,
        control,
        destination,
        transform,
        scale,
    }
}

fn find(a: &Articulation, source: Source, control: Source, destination: Destination) -> Connection {
    let mut found = a
        .connections()
        .iter()
        .filter(|c| (c.source, c.control, c.destination) == (source, control, destination));
    let one = *found.next().unwrap();
    assert!(found.next().is_none());
    one
}

fn build(level: Level, connections: &[raw::Connection]) -> Articulation {
    let mut builder = Builder::new().unwrap();
    for c in connections {
        builder.add(level, c).unwrap();
    }
    builder.finish()
}

/// Units of §3.5 against the constants.
#[test]
fn default_constants_are_what_they_say() {
    let seconds = |x: i32| (f64::from(x) / (1200.0 * 65536.0)).exp2();
    let hertz = |x: i32| 440.0 * ((f64::from(x) / 65536.0 - 6900.0) / 1200.0).exp2();
    for (value, expected) in [(MS_10, 0.01), (MS_15, 0.015)] {
        assert!((seconds(value) / expected - 1.0).abs() < 1e-7, "{expected}");
    }
    for (value, expected) in [(HZ_0_1, 0.1), (HZ_5, 5.0), (HZ_100, 100.0)] {
        assert!((hertz(value) / expected - 1.0).abs() < 1e-7, "{expected}");
    }
    for (i, a) in DEFAULTS.iter().enumerate() {
        for b in &DEFAULTS[i + 1..] {
            assert_ne!(
                (a.source, a.control, a.destination),
                (b.source, b.control, b.destination)
            );
        }
    }
}

/// Tables 2–6 of DLS 2.2, the rows with a default other than nothing.
#[test]
fn defaults_hold_without_any_connection() {
    let a = build(Level::Two, &[]);
    let none = Source::None;
    for (destination, scale) in [
        (Destination::Eg1Attack, i32::MIN),
        (Destination::Eg2Release, i32::MIN),
        (Destination::Eg1Sustain, 65_536_000),
        (Destination::FilterCutoff, 0x7FFF_FFFF),
        (Destination::Pan, 0),
    ] {
        assert_eq!(find(&a, none, none, destination).scale, scale);
    }
    let velocity = find(&a, Source::Velocity, none, Destination::Gain);
    assert_eq!(
        (velocity.scale, velocity.source_shape),
        (-62_914_560, CONCAVE_DOWN)
    );
    let wheel = find(&a, Source::PitchWheel, Source::Rpn(0), Destination::Pitch);
    assert_eq!(
        (wheel.scale, wheel.source_shape.bipolar),
        (838_860_800, true)
    );
    assert_eq!(
        find(&a, Source::Key, none, Destination::Pitch).scale,
        838_860_800
    );
    assert_eq!(
        find(&a, Source::Controller(10), none, Destination::Pan).scale,
        508 << 16
    );
}

#[test]
fn a_listed_connection_replaces_its_default_and_the_later_one_wins() {
    let a = build(
        Level::Two,
        &[
            raw(0, 0, 0x206, 0, 5),
            raw(0, 0, 0x206, 0, 9),
            raw(9, 0, 3, 0x4000, 50 << 16),
        ],
    );
    assert_eq!(a.connections().len(), DEFAULTS.len() + 1);
    assert_eq!(
        find(&a, Source::None, Source::None, Destination::Eg1Attack).scale,
        9
    );
    assert_eq!(
        find(&a, Source::Vibrato, Source::None, Destination::Pitch).source_shape,
        BIPOLAR
    );
}

#[test]
fn transform_bits_of_level_2() {
    let c = connection(
        Level::Two,
        &raw(2, 0x81, 0x500, 0x4000 | 2 << 10 | 1 << 9 | 3 << 4, 1),
    )
    .unwrap();
    assert_eq!(
        c.source_shape,
        Shape {
            curve: Curve::Convex,
            bipolar: true,
            invert: false
        }
    );
    assert_eq!(
        c.control_shape,
        Shape {
            curve: Curve::Switch,
            bipolar: false,
            invert: true
        }
    );
    assert_eq!(c.control, Source::Controller(1));
    let inverted = connection(Level::Two, &raw(3, 0, 0x500, 0x8000, 1)).unwrap();
    assert!(inverted.source_shape.invert && !inverted.source_shape.bipolar);
    assert_eq!(connection(Level::Two, &raw(2, 0, 1, 7 << 10, 1)), None);
    // Fury.dls: the source's transform in the output's bits.
    let c = connection(Level::Two, &raw(2, 0, 0x500, 1, 1)).unwrap();
    assert_eq!(c.source_shape.curve, Curve::Concave);
}

#[test]
fn level_1_implies_bipolar_sources() {
    for code in [0x001, 0x006, 0x009, 0x08A, 0x101] {
        assert!(
            connection(Level::One, &raw(code, 0, 3, 0, 1))
                .unwrap()
                .source_shape
                .bipolar,
            "{code:#x}"
        );
        assert!(
            !connection(Level::Two, &raw(code, 0, 3, 0, 1))
                .unwrap()
                .source_shape
                .bipolar
        );
    }
    assert!(
        !connection(Level::One, &raw(2, 0, 3, 0, 1))
            .unwrap()
            .source_shape
            .bipolar
    );
}

#[test]
fn attenuation_is_concave_down_whatever_the_file_says() {
    for (level, source, transform, scale, expected) in [
        (Level::One, 0x02, 1, -DB_96, -DB_96),
        (Level::One, 0x02, 1, DB_96, -DB_96),
        (Level::One, 0x02, 1, -DB_144, -DB_144),
        (Level::One, 0x8B, 1, -(100 << 16), -(100 << 16)),
        (Level::One, 0x87, 1, i32::MIN, -DB_96),
        (Level::One, 0x8B, 1, 32767 << 16, -DB_96),
        (Level::Two, 0x02, 1, 480 << 16, -(480 << 16)),
        (Level::Two, 0x02, 0x8400, -(480 << 16), -(480 << 16)),
        (Level::Two, 0x02, 0x8400, 0, 0),
    ] {
        let c = connection(level, &raw(source, 0, 1, transform, scale)).unwrap();
        assert_eq!(
            (c.source_shape, c.scale),
            (CONCAVE_DOWN, expected),
            "{source:#x} {transform:#x} {scale}"
        );
    }
}

#[test]
fn unknown_and_reserved_codes_are_ignored() {
    for c in [
        raw(0, 0, 0x208, 0, 1),
        raw(0, 0, 0x30C, 0, 1),
        raw(0, 0, 0x010, 0, 1),
        raw(0, 0, 0, 0, 1),
        raw(0x00A, 0, 3, 0, 1),
        raw(0x103, 0, 3, 0, 1),
        raw(0xFFFF, 0, 3, 0, 1),
        raw(0, 0x7F, 3, 0, 1),
    ] {
        assert_eq!(connection(Level::Two, &c), None, "{c:?}");
    }
}

#[test]
fn base_values_are_bounded() {
    for (destination, scale, expected) in [
        (0x206, i32::MIN, i32::MIN),
        // Key and velocity may bring these back.
        (0x206, i32::MAX, i32::MAX),
        (0x207, 7200 << 16, 7200 << 16),
        (0x105, i32::MAX, i32::MAX),
        (0x20A, -65536, -65536),
        (0x20A, 2000 << 16, 2000 << 16),
        (0x004, i32::MIN, i32::MIN),
        (0x501, 960 << 16, 960 << 16),
        (0x501, -1, -1),
        (0x104, i32::MIN, HZ_0_1),
        (0x104, i32::MAX, HZ_100),
        (0x500, i32::MAX, i32::MAX),
        (0x001, i32::MIN, -DB_96),
    ] {
        let c = connection(Level::Two, &raw(0, 0, destination, 0, scale)).unwrap();
        assert_eq!(c.scale, expected, "{destination:#x} {scale}");
    }
    // Key scaling of files that come from SoundFonts is negative.
    assert_eq!(
        connection(Level::Two, &raw(3, 0, 0x207, 0, -(12000 << 16)))
            .unwrap()
            .scale,
        -(12000 << 16)
    );
}

#[test]
fn the_number_of_distinct_connections_is_bounded() {
    let mut builder = Builder::new().unwrap();
    let mut result = Ok(());
    for (cc, control) in (0..128).flat_map(|a| (0..128).map(move |b| (a, b))) {
        result = builder.add(Level::Two, &raw(0x80 + cc, 0x80 + control, 0x500, 0, 1));
        if result.is_err() {
            break;
        }
    }
    assert_eq!(result, Err(ArticulationError::TooManyConnections));
    assert_eq!(
        builder.finish().connections().len(),
        DEFAULTS.len() + MAX_CONNECTIONS
    );
}

#[test]
fn articparams_become_connections() {
    let mut params = [0u8; 80];
    for (i, field) in params.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        *field = ((i as i32 + 1) * 10).to_le_bytes();
    }
    assert!(articparams(&params[..79]).is_none());
    let a = {
        let mut builder = Builder::new().unwrap();
        for c in articparams(&params).unwrap() {
            builder.add(Level::One, &c).unwrap();
        }
        builder.finish()
    };
    let none = Source::None;
    for (source, control, destination, scale) in [
        (none, none, Destination::LfoFrequency, 10),
        (none, none, Destination::LfoDelay, 20),
        (Source::Lfo, none, Destination::Gain, 30),
        (Source::Lfo, none, Destination::Pitch, 40),
        (Source::Lfo, Source::Controller(1), Destination::Gain, 50),
        (Source::Lfo, Source::Controller(1), Destination::Pitch, 60),
        (none, none, Destination::Eg1Attack, 70),
        (none, none, Destination::Eg1Decay, 80),
        (none, none, Destination::Eg1Sustain, 9),
        (none, none, Destination::Eg1Release, 100),
        (Source::Velocity, none, Destination::Eg1Attack, 110),
        (Source::Key, none, Destination::Eg1Decay, 120),
        (none, none, Destination::Eg2Attack, 130),
        (none, none, Destination::Eg2Decay, 140),
        (none, none, Destination::Eg2Sustain, 15),
        (none, none, Destination::Eg2Release, 160),
        (Source::Velocity, none, Destination::Eg2Attack, 170),
        (Source::Key, none, Destination::Eg2Decay, 180),
        (Source::Eg2, none, Destination::Pitch, 190),
        (none, none, Destination::Pan, 20),
    ] {
        assert_eq!(
            find(&a, source, control, destination).scale,
            scale,
            "{destination:?}"
        );
    }
    // 10000 << 16 is full sustain.
    params[32..36].copy_from_slice(&(10000i32 << 16).to_le_bytes());
    let sustain = articparams(&params)
        .unwrap()
        .find(|c| c.destination == 0x20A)
        .unwrap();
    assert_eq!(sustain.scale, FULL);
}

/// Every connection is in one part, and nowhere else; a second constant to a destination is no constant any more.
#[test]
fn connections_are_sorted_by_what_a_note_does_with_them() {
    let mut all = DEFAULTS.to_vec();
    all.push(constant(Destination::Pitch, 7));
    all.push(constant(Destination::Eg1Attack, 8));
    let mut inverted = constant(Destination::FilterQ, 9);
    inverted.source_shape.invert = true;
    all.insert(3, inverted);
    let a = Articulation::new(all.clone());

    let taken = |c: &Connection| a.constant(c.destination) == Some(c.scale) && c.is_constant();
    let mut parts = a.moving().to_vec();
    parts.extend_from_slice(a.fixed());
    parts.extend(all.iter().filter(|c| taken(c)));
    assert_eq!(parts.len(), all.len());
    assert!(all.iter().all(|c| parts.contains(c)));
    assert!(
        a.moving()
            .iter()
            .all(|c| c.destination.moves() && !taken(c))
    );
    assert!(
        a.fixed()
            .iter()
            .all(|c| !c.destination.moves() && !taken(c))
    );
    assert!(
        a.moving().contains(&inverted) && a.fixed().contains(&constant(Destination::Eg1Attack, 8))
    );
    assert_eq!(a.constant(Destination::Pitch), Some(0));
    assert_eq!(a.constant(Destination::KeyNumber), None);
    let of_note = |c: &Connection| c.source.is_of_note() || c.control.is_of_note();
    assert!(!a.of_channel().iter().any(of_note) && a.of_note().iter().all(of_note));
    assert_eq!([a.of_channel(), a.of_note()].concat(), a.moving());
    // The order among those that a channel drives stays.
    let places = a
        .of_channel()
        .iter()
        .map(|c| all.iter().position(|other| other == c));
    assert!(places.is_sorted());
}
