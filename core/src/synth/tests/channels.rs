// SPDX-License-Identifier: MIT OR Apache-2.0
//! What messages do.

use super::*;

/// Level of frame `at` after rendering `frames`.
fn level(synth: &mut Synth, frames: usize) -> f32 {
    *left(&render(synth, frames)).last().unwrap()
}

#[test]
fn on_and_off_inside_one_block_sound() {
    let mut synth = dc_synth(&[set(Destination::Eg1Release, seconds(0.5))]);
    send(&mut synth, &[0x90, 60, 127]);
    send(&mut synth, &[0x80, 60, 0]);
    let out = left(&render(&mut synth, 100));
    assert!(out[0] > 0.99 && out[99] > 0.9);
    // Velocity 0 is a note-off.
    send(&mut synth, &[0x90, 61, 127]);
    send(&mut synth, &[0x90, 61, 0]);
    render(&mut synth, 48_000);
    assert_eq!(synth.voices(), 0);
}

#[test]
fn sustain_and_sostenuto() {
    let mut synth = dc_synth(&[]);
    send(&mut synth, &[0xB0, 64, 127]);
    send(&mut synth, &[0x90, 60, 127]);
    send(&mut synth, &[0x80, 60, 0]);
    assert!(level(&mut synth, 4800) > 0.99);
    send(&mut synth, &[0xB0, 64, 0]);
    assert_eq!(level(&mut synth, 4800), 0.0);

    // Sostenuto holds what was down, not what came after.
    send(&mut synth, &[0x90, 60, 127]);
    send(&mut synth, &[0xB0, 66, 127]);
    send(&mut synth, &[0x90, 64, 127]);
    send(&mut synth, &[0x80, 60, 0]);
    send(&mut synth, &[0x80, 64, 0]);
    near(level(&mut synth, 4800), 1.0, 1e-3);
    // Sustain down and up leaves it alone; letting it go ends the note.
    send(&mut synth, &[0xB0, 64, 127]);
    send(&mut synth, &[0xB0, 64, 0]);
    near(level(&mut synth, 4800), 1.0, 1e-3);
    send(&mut synth, &[0xB0, 66, 0]);
    assert_eq!(level(&mut synth, 4800), 0.0);
}

#[test]
fn all_notes_off_honours_the_pedal_and_all_sound_off_does_not() {
    let mut synth = dc_synth(&[set(Destination::Eg1Release, seconds(20.0))]);
    send(&mut synth, &[0xB0, 64, 127]);
    send(&mut synth, &[0x90, 60, 127]);
    send(&mut synth, &[0xB0, 123, 0]);
    near(level(&mut synth, 4800), 1.0, 1e-3);
    send(&mut synth, &[0xB0, 120, 0]);
    // Fades, does not click: no step above 1/100 of full scale.
    let out = left(&render(&mut synth, 400));
    assert!(out.windows(2).all(|w| (w[0] - w[1]).abs() < 0.01));
    assert_eq!(out[200], 0.0);
    render(&mut synth, 64);
    assert!(synth.voices() == 0);
}

#[test]
fn controllers_do_not_step() {
    for (controller, values) in [(7, [127, 0]), (11, [127, 20]), (10, [0, 127])] {
        let mut synth = dc_synth(&[]);
        send(&mut synth, &[0xB0, controller, values[0]]);
        send(&mut synth, &[0x90, 60, 127]);
        render(&mut synth, 777);
        send(&mut synth, &[0xB0, controller, values[1]]);
        let out = render(&mut synth, 4800);
        let side = |f: &[f32; 2]| [f[0] / FULL, f[1] / FULL];
        assert!(out.windows(2).all(|w| {
            let ([a, b], [c, d]) = (side(&w[0]), side(&w[1]));
            (a - c).abs() < 0.012 && (b - d).abs() < 0.012
        }));
        // And they arrive within 20 ms.
        let mut fresh = dc_synth(&[]);
        send(&mut fresh, &[0xB0, controller, values[1]]);
        send(&mut fresh, &[0x90, 60, 127]);
        let wanted = render(&mut fresh, 10)[5];
        near(out[960][0] / FULL, wanted[0] / FULL, 4e-3);
        near(out[4799][1] / FULL, wanted[1] / FULL, 1e-4);
    }
}

#[test]
fn reset_controllers() {
    let mut synth = dc_synth(&[]);
    for message in [
        [0xB0, 11, 10],
        [0xB0, 1, 99],
        [0xB0, 7, 90],
        [0xB0, 64, 127],
        [0xE0, 0, 0],
    ] {
        send(&mut synth, &message);
    }
    send(&mut synth, &[0xB0, 121, 0]);
    let channel = synth
        .virtual_synth(SYNTH)
        .unwrap()
        .parts()
        .channel(0)
        .unwrap();
    assert_eq!(
        (
            channel.get(11),
            channel.get(1),
            channel.get(7),
            channel.get(64),
            channel.wheel
        ),
        (127, 0, 90, 0, 0x2000)
    );
    send(&mut synth, &[0xB0, 121, 127]);
    let channel = synth
        .virtual_synth(SYNTH)
        .unwrap()
        .parts()
        .channel(0)
        .unwrap();
    assert_eq!((channel.get(7), channel.rpn), (100, [256, 0x2000, 64 << 7]));
}

#[test]
fn free_routing() {
    // Breath (CC 2) to gain, channel pressure × LFO to pitch, poly pressure to pan: none of them is a default.
    let changes = [
        connect(
            (Source::Controller(2), LINEAR),
            Source::None,
            Destination::Gain,
            decibel(-12.8),
        ),
        connect(
            (Source::PolyPressure, LINEAR),
            Source::None,
            Destination::Pan,
            permille(512.0),
        ),
    ];
    let mut synth = dc_synth(&changes);
    send(&mut synth, &[0x90, 60, 127]);
    send(&mut synth, &[0xB0, 2, 60]);
    near(db(level(&mut synth, 4800)), -6.0, 0.01);
    send(&mut synth, &[0xB0, 2, 0]);
    send(&mut synth, &[0xA0, 60, 125]);
    let out = render(&mut synth, 4800)[4799];
    assert!(out[0] < 1e-2 && (out[1] / FULL - core::f32::consts::SQRT_2).abs() < 1e-2);
}

#[test]
fn bent_movers_are_evaluated_at_every_tick() {
    // A switch on the LFO: a square tremolo of -20 dB, 10 Hz.
    let square = Shape {
        curve: Curve::Switch,
        ..BIPOLAR
    };
    let changes = [
        set(Destination::LfoFrequency, 0x015C_AE9B),
        set(Destination::LfoDelay, i32::MIN),
        connect(
            (Source::Lfo, square),
            Source::None,
            Destination::Gain,
            decibel(-10.0),
        ),
        set(Destination::Gain, decibel(-10.0)),
    ];
    let mut synth = dc_synth(&changes);
    send(&mut synth, &[0x90, 60, 127]);
    let out = left(&render(&mut synth, 4800));
    near(db(out[1200]), -20.0, 0.1);
    near(db(out[3600]), 0.0, 0.1);
}

#[test]
fn exclusive_notes_shut_down_in_their_time() {
    let (wave, info) = dc();
    let long = articulation(&[set(Destination::Eg1Release, seconds(20.0))]);
    let mut plain = region(&wave, info, &long);
    plain.keys = (60, 60);
    let (mut open, mut closed) = (plain.clone(), plain.clone());
    (open.keys, open.key_group) = ((46, 46), 1);
    (closed.keys, closed.key_group) = ((42, 42), 1);
    let mut free = plain.clone();
    (free.keys, free.self_non_exclusive) = ((70, 70), true);
    let regions = std::vec![plain, open, closed, free];
    // After a second note, how many sound at 0, and when the first is 96 dB down.
    let overlap = |first: u8, second: u8, off: bool| {
        let mut synth = synth(regions.clone());
        send(&mut synth, &[0x99, first, 127]);
        render(&mut synth, 4805);
        if off {
            send(&mut synth, &[0x89, first, 0]);
        }
        send(&mut synth, &[0x99, second, 127]);
        let out = left(&render(&mut synth, 9600));
        let end = out
            .iter()
            .rposition(|x| *x > 1.0 + 2e-5)
            .map_or(0, |i| i + 1);
        (end as f32 / RATE as f32, synth.voices())
    };
    // 15 ms from 0 to -96 dB: -94 dB is seen after 14.7 ms.
    for (first, second) in [(60, 60), (46, 42), (42, 46), (46, 46)] {
        let (time, voices) = overlap(first, second, false);
        near(time, 0.0147, 0.001);
        assert_eq!(voices, 1);
    }
    // Non-exclusive and unrelated notes go on; so does a released note of the same key.
    for (first, second) in [(70, 70), (60, 46)] {
        assert_eq!(overlap(first, second, false).1, 2);
    }
    assert_eq!(overlap(60, 60, true).1, 2);
    // But the key group also takes released ones.
    assert_eq!(overlap(46, 42, true).1, 1);
}

#[test]
fn layers_start_together_and_do_not_exclude_each_other() {
    let (wave, info) = dc();
    let mut layers = std::vec![region(&wave, info, &articulation(&[])); 3];
    for layer in &mut layers {
        layer.key_group = 3;
    }
    layers[2].velocities = (0, 99);
    let mut synth = synth(layers);
    send(&mut synth, &[0x90, 60, 127]);
    near(level(&mut synth, 4800), 2.0, 1e-4);
    assert_eq!(synth.virtual_synth(SYNTH).unwrap().stats().peak_voices, 2);
}

#[test]
fn drums_and_banks_choose_the_instrument() {
    let art = articulation(&[]);
    // Each instrument has its own constant level.
    let instruments: Vec<_> = [
        (0x0000_0005u32, 1000),
        (0x0008_0005, 2000),
        (0x8000_0000, 3000),
        (0x8000_0010, 4000),
        (0x0079_0105, 5000),
        (0x0000_0007, 6000),
    ]
    .into_iter()
    .map(|(patch, level)| {
        let wave = wave(RATE, &[level; 64]);
        Instrument::new(patch, false, std::vec![region(&wave, looped(0, 64), &art)])
    })
    .collect();
    let mut sorted = instruments;
    sorted.sort_by_key(|i| i.patch);
    let patches: Vec<_> = sorted
        .into_iter()
        .map(|i| Shared::try_new(i).unwrap())
        .collect();
    let patches = Shared::try_new(Patches {
        built_in: Vec::new(),
        instruments: patches,
    })
    .unwrap();
    let sounds = |channel: u8, msb: u8, lsb: u8, program: u8| {
        let mut synth = synth(std::vec![]);
        synth
            .virtual_synth_mut(SYNTH)
            .unwrap()
            .set_patches(patches.clone());
        send(&mut synth, &[0xB0 | channel, 0, msb]);
        send(&mut synth, &[0xB0 | channel, 32, lsb]);
        send(&mut synth, &[0xC0 | channel, program]);
        send(&mut synth, &[0x90 | channel, 60, 127]);
        (left(&render(&mut synth, 10))[5] * 32767.0).round() as i32
    };
    assert_eq!(sounds(0, 0, 0, 5), 1000);
    assert_eq!(sounds(0, 8, 0, 5), 2000);
    // Capital tones: 9 → 8, 3 → 0.
    assert_eq!(sounds(0, 9, 0, 5), 2000);
    assert_eq!(sounds(0, 3, 0, 5), 1000);
    assert_eq!(sounds(0, 0x79, 1, 5), 5000);
    assert_eq!(sounds(0, 0x79, 0, 7), 6000);
    assert_eq!(sounds(0, 0, 0, 9), 0);
    // Channel 10, its kits, and the bank numbers that make and unmake drums.
    assert_eq!(sounds(9, 0, 0, 0), 3000);
    assert_eq!(sounds(9, 0, 0, 0x10), 4000);
    assert_eq!(sounds(9, 0, 0, 0x13), 4000);
    assert_eq!(sounds(9, 0, 0, 0x30), 3000);
    assert_eq!(sounds(3, 0x78, 0, 0), 3000);
    assert_eq!(sounds(9, 0x79, 0, 7), 6000);
    // Without a program change the latched bank does nothing.
    let mut synth = synth(std::vec![]);
    synth.virtual_synth_mut(SYNTH).unwrap().set_patches(patches);
    send(&mut synth, &[0xC0, 5]);
    send(&mut synth, &[0xB0, 0, 8]);
    send(&mut synth, &[0x90, 60, 127]);
    near(left(&render(&mut synth, 10))[5] * 32767.0, 1000.0, 1.0);
}

/// DLS off leaves the default set, DLS on and power-on bring what has been downloaded; other resets change neither.
#[test]
fn dls_off_hides_what_has_been_downloaded() {
    let art = articulation(&[]);
    let instrument = |patch: u32, level: i16| {
        Shared::try_new(Instrument::new(
            patch,
            false,
            std::vec![region(&wave(RATE, &[level; 64]), looped(0, 64), &art)],
        ))
        .unwrap()
    };
    let (downloaded, only_downloaded) = (instrument(0, 1000), instrument(3, 2000));
    let (built_in, drums) = (instrument(0, 3000), instrument(1 << 31, 4000));
    let patches = Patches {
        instruments: std::vec![downloaded, only_downloaded, drums.clone()],
        built_in: std::vec![built_in, drums],
    };
    let mut synth = synth(std::vec![]);
    let port = synth.virtual_synth_mut(SYNTH).unwrap();
    port.set_patches(Shared::try_new(patches).unwrap());
    let sounds = |synth: &mut Synth, channel: u8, program: u8| {
        send(synth, &[0xB0 | channel, 7, 127]);
        send(synth, &[0xC0 | channel, program]);
        send(synth, &[0x90 | channel, 60, 127]);
        let heard = (left(&render(synth, 10))[5] * 32767.0).round() as i32;
        send(synth, &[0xB0 | channel, 120, 0]);
        render(synth, 480);
        heard
    };
    for (messages, expected) in [
        (&[][..], [1000, 2000, 4000]),
        (&[[0x0A, 2]], [3000, 0, 4000]),
        (&[[0x09, 1], [0x09, 3], [0x09, 2]], [3000, 0, 4000]),
        (&[[0x0A, 1]], [1000, 2000, 4000]),
        (&[[0x09, 1]], [1000, 2000, 4000]),
    ] {
        for [kind, what] in messages {
            send(&mut synth, &[0xF0, 0x7E, 0x7F, *kind, *what, 0xF7]);
            render(&mut synth, 480);
        }
        let heard = [(0, 0), (0, 3), (9, 0)].map(|(c, program)| sounds(&mut synth, c, program));
        assert_eq!(heard, expected, "{messages:x?}");
    }
}

#[test]
fn system_messages() {
    let mut synth = dc_synth(&[]);
    send(&mut synth, &[0x90, 60, 127]);
    // The port's gain glides: 64 · 128 / 16383 squared is -12 dB.
    send(&mut synth, &[0xF0, 0x7F, 0x7F, 0x04, 0x01, 0, 64, 0xF7]);
    near(db(level(&mut synth, 9600)), -12.04, 0.02);
    for reset in [
        &[0xF0, 0x7E, 0x7F, 0x09, 0x01, 0xF7][..],
        &[
            0xF0, 0x41, 0x10, 0x42, 0x12, 0x40, 0x00, 0x7F, 0x00, 0x41, 0xF7,
        ],
        &[0xF0, 0x43, 0x10, 0x4C, 0x00, 0x00, 0x7E, 0x00, 0xF7],
        &[0xF0, 0x7E, 0x00, 0x09, 0x03, 0xF7],
    ] {
        send(&mut synth, &[0xB0, 7, 10]);
        send(&mut synth, &[0x90, 60, 127]);
        send(&mut synth, reset);
        assert_eq!(level(&mut synth, 4800), 0.0);
        assert_eq!(
            synth
                .virtual_synth(SYNTH)
                .unwrap()
                .parts()
                .channel(0)
                .unwrap()
                .get(7),
            100
        );
    }
    // GS rhythm part on channel 11, with and without a right checksum.
    send(
        &mut synth,
        &[
            0xF0, 0x41, 0x10, 0x42, 0x12, 0x40, 0x1A, 0x15, 0x02, 0x0E, 0xF7,
        ],
    );
    assert!(
        !synth
            .virtual_synth(SYNTH)
            .unwrap()
            .parts()
            .channel(10)
            .unwrap()
            .drum
    );
    send(
        &mut synth,
        &[
            0xF0, 0x41, 0x10, 0x42, 0x12, 0x40, 0x1A, 0x15, 0x02, 0x0F, 0xF7,
        ],
    );
    assert!(
        synth
            .virtual_synth(SYNTH)
            .unwrap()
            .parts()
            .channel(10)
            .unwrap()
            .drum
    );
}

#[test]
fn groups() {
    let mut synth = dc_synth(&[]);
    synth.message(SYNTH, 2, &[0x90, 60, 127]);
    assert_eq!(synth.voices(), 1);
    synth.message(SYNTH, 3, &[0x90, 60, 127]);
    assert_eq!(synth.voices(), 1);
    synth.message(SYNTH, 0, &[0x90, 61, 127]);
    assert_eq!(synth.voices(), 3);
    synth.message(SynthId(1), 1, &[0x90, 61, 127]);
    synth.message(SynthId(9), 1, &[0x90, 61, 127]);
    assert_eq!(synth.voices(), 3);
}

#[test]
fn following_keeps_channels_and_starts_nothing() {
    let mut synth = dc_synth(&[]);
    send(&mut synth, &[0x90, 60, 127]);
    synth.follow(true);
    assert_eq!(synth.voices(), 0);
    send(&mut synth, &[0x90, 60, 127]);
    send(&mut synth, &[0xB0, 11, 64]);
    assert_eq!(synth.voices(), 0);
    synth.follow(false);
    assert!(render(&mut synth, 64).iter().all(|f| *f == [0.0; 2]));
    send(&mut synth, &[0x90, 60, 127]);
    near(db(level(&mut synth, 64)), -11.905, 0.01);
}

#[test]
fn nonsense_is_ignored() {
    let mut synth = dc_synth(&[]);
    let mut random = Random(7);
    for _ in 0..200_000 {
        let message: Vec<u8> = (0..random.below(12)).map(|_| random.next() as u8).collect();
        synth.message(
            SynthId(random.below(3) as u8),
            random.below(4) as u16,
            &message,
        );
        let mut status = std::vec![
            0x80 | random.below(128) as u8,
            random.next() as u8,
            random.next() as u8
        ];
        status.truncate(1 + random.below(3) as usize);
        synth.message(SYNTH, random.below(4) as u16, &status);
        if random.below(20) == 0 {
            let out = render(&mut synth, random.below(100) as usize);
            assert!(out.iter().flatten().all(|x| x.is_finite()));
        }
    }
}
