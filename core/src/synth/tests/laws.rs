// SPDX-License-Identifier: MIT OR Apache-2.0
//! Laws of single keys, of the AWE32's generators and of what moves the movers, each against its closed form.

use super::super::awe::Awe;
use super::super::context::VoiceContext;
use super::super::controls::{NoteState, apply, are_at_rest};
use super::super::effects::{Chorus, Reverb};
use super::super::envelope::{Contour, Envelope};
use super::super::keys::KeySettings;
use super::super::modulation::{Inputs, MOVERS, Modulation, NotePart, Target};
use super::super::tuning::Tunings;
use super::*;

const STILL: [f32; MOVERS] = [0.0; MOVERS];
/// LFO, vibrato, EG1, EG2 at 1, one after the other.
const UP: [[f32; MOVERS]; MOVERS] = [
    [1.0, 0.0, 0.0, 0.0],
    [0.0, 1.0, 0.0, 0.0],
    [0.0, 0.0, 1.0, 0.0],
    [0.0, 0.0, 0.0, 1.0],
];

/// A voice's modulation under the settings of its key.
fn of_key(changes: &[Connection], channel: &Channel, key: KeySettings) -> Modulation {
    let inputs = Inputs {
        channel,
        key: 60.0,
        velocity: 127,
        poly_pressure: 0,
    };
    let articulation = articulation(changes);
    let mut modulation = Modulation::of_channel(&articulation, inputs.channel);
    let part = NotePart::of(&articulation, channel);
    let own = modulation.add_note(part.as_ref(), &articulation, &inputs);
    let around = VoiceContext {
        channel,
        tuning: 0.0,
        balance: 0.0,
        key,
        tunings: &Tunings::new().unwrap(),
    };
    let at_rest = are_at_rest(&around);
    apply(
        &mut modulation,
        own,
        &around,
        &NoteState::new(&around, 60),
        at_rest,
    );
    modulation
}

#[test]
fn settings_of_a_key() {
    let changes = [
        set(Destination::FilterCutoff, cents(9000.0)),
        set(Destination::FilterQ, decibel(3.0)),
        effects::reverb_send(1000.0),
        effects::chorus_send(1000.0),
    ];
    let mut channel = Channel::new(9);
    for (number, value) in [(10, 80), (91, 96), (93, 48)] {
        channel.set(number, value);
    }
    let with = |change: &dyn Fn(&mut KeySettings)| {
        let mut key = KeySettings::NONE;
        change(&mut key);
        of_key(&changes, &channel, key)
    };
    let none = with(&|_| {});
    for value in [1u8, 32, 64, 96, 127] {
        let v = f32::from(value);
        let part = (v - 64.0) / 64.0;
        let change = |target, set: &dyn Fn(&mut KeySettings)| {
            with(set).value(target, &STILL) - none.value(target, &STILL)
        };
        near(
            change(Target::Pitch, &|k| k.coarse = value),
            6400.0 * part,
            0.01,
        );
        near(
            change(Target::Pitch, &|k| k.fine = value),
            100.0 * part,
            0.01,
        );
        near(
            change(Target::Cutoff, &|k| k.cutoff = value),
            4800.0 * part,
            0.01,
        );
        near(
            change(Target::Resonance, &|k| k.resonance = value),
            20.0 * part,
            1e-3,
        );
        let level = 40.0 * (v / 127.0).log10();
        near(change(Target::Gain, &|k| k.level = value), level, 1e-3);
        let volume = 20.0 * (v / 64.0).log10();
        near(change(Target::Gain, &|k| k.volume = value), volume, 1e-3);
        // Key and channel add up, without what the region says.
        let pan = with(&|k| k.pan = value).value(Target::Pan, &STILL);
        near(pan, 0.508 * (v - 64.0 + 16.0) / 64.0, 1e-4);
        let reverb = with(&|k| k.reverb = value);
        near(
            reverb.value(Target::ReverbSend, &STILL),
            0.75 * v / 127.0,
            1e-4,
        );
        near(reverb.value(Target::ChorusSend, &STILL), 0.375, 1e-4);
        let chorus = with(&|k| k.chorus = value);
        near(
            chorus.value(Target::ChorusSend, &STILL),
            0.375 * v / 127.0,
            1e-4,
        );
        near(chorus.value(Target::ReverbSend, &STILL), 0.75, 1e-4);
    }
    // Both LFOs lose depth under CC 77.
    channel.set(77, 16);
    for (source, up) in [(Source::Lfo, UP[0]), (Source::Vibrato, UP[1])] {
        let swing = [connect(
            (source, BIPOLAR),
            Source::None,
            Destination::Pitch,
            cents(40.0),
        )];
        let m = of_key(&swing, &channel, KeySettings::NONE);
        let depth = m.value(Target::Pitch, &up) - m.value(Target::Pitch, &STILL);
        near(depth, 10.0, 1e-3);
    }
}

/// The NRPN table of the AWE32: what moves.
#[test]
fn generators_that_move() {
    let filter = [
        set(Destination::FilterCutoff, cents(9000.0)),
        set(Destination::ReverbSend, permille(100.0)),
        set(Destination::ChorusSend, permille(100.0)),
    ];
    let with = |number: u8, value: u16| {
        let mut channel = Channel::new(0);
        channel.awe.set(number, value);
        of_key(&filter, &channel, KeySettings::NONE)
    };
    let none = of_key(&filter, &Channel::new(0), KeySettings::NONE);
    // Depths of LFO 1, LFO 2 and envelope 1 on pitch, tremolo of LFO 1, what LFO 1 and envelope 1 do to the cutoff.
    for (number, value, target, mover, wanted) in [
        (17, 8192 + 32, Target::Pitch, 0, 300.0),
        (18, 8192 + 32, Target::Pitch, 1, 300.0),
        (19, 8192 - 64, Target::Pitch, 3, -600.0),
        (20, 32, Target::Gain, 0, 6.0),
        (23, 8192 + 32, Target::Cutoff, 0, 1800.0),
        (24, 8192 - 32, Target::Cutoff, 3, -1800.0),
    ] {
        let found = with(number, value);
        for (n, up) in UP.iter().enumerate() {
            let depth = found.value(target, up) - found.value(target, &STILL);
            near(depth, if n == mover { wanted } else { 0.0 }, 0.01);
        }
    }
    let value = |number, value, target| with(number, value).value(target, &STILL);
    near(value(22, 127, Target::Resonance), 21.5, 1e-3);
    near(value(22, 0, Target::Resonance), 0.0, 1e-3);
    near(value(25, 8192 + 255, Target::ChorusSend), 1.0, 1e-4);
    near(value(26, 8192 + 51, Target::ReverbSend), 0.2, 1e-4);
    near(value(25, 8192 + 255, Target::ReverbSend), 0.1, 1e-3);
    near(
        value(16, 8192 + 150, Target::Pitch) - none.value(Target::Pitch, &STILL),
        150.0,
        0.01,
    );
    for (number, target, other) in [
        (1, Target::LfoFrequency, Target::VibratoFrequency),
        (3, Target::VibratoFrequency, Target::LfoFrequency),
    ] {
        let cents = value(number, 100, target);
        near(440.0 * ((cents - 6900.0) / 1200.0).exp2(), 8.4, 0.01);
        near(value(number, 100, other), none.value(other, &STILL), 0.0);
    }
    // Without a filter, a sweep begins at 20 kHz.
    let mut channel = Channel::new(0);
    channel.awe.set(24, 8192 - 32);
    let open = of_key(&[], &channel, KeySettings::NONE);
    near(open.value(Target::Cutoff, &STILL), 13_508.0, 1.0);
}

/// The NRPN table of the AWE32: what is read when a note begins. Times in steps of 4 ms or 1 ms, sustain in steps of 0.75 of a hundredth
/// or of 0.75 dB.
#[test]
fn generators_that_are_read_once() {
    use Destination as D;
    let fixed = |number: u8, value: u16, destination| {
        let mut awe = Awe::NONE;
        awe.set(number, value);
        awe.fixed(destination)
    };
    let times = [
        (0, D::LfoDelay, 0.004),
        (2, D::VibratoDelay, 0.004),
        (4, D::Eg2Delay, 0.004),
        (5, D::Eg2Attack, 0.001),
        (6, D::Eg2Hold, 0.001),
        (7, D::Eg2Decay, 0.004),
        (9, D::Eg2Release, 0.004),
        (10, D::Eg1Delay, 0.004),
        (11, D::Eg1Attack, 0.001),
        (12, D::Eg1Hold, 0.001),
        (13, D::Eg1Decay, 0.004),
        (15, D::Eg1Release, 0.004),
    ];
    for (number, destination, unit) in times {
        let found = fixed(number, 8192 + 250, destination).unwrap();
        assert!(found.given && !found.zero);
        near((found.sum / 1200.0).exp2(), 250.0 * unit, 1e-4);
        assert!(fixed(number, 8192, destination).unwrap().zero);
        for (other, elsewhere, _) in times {
            assert_eq!(fixed(number, 8192, elsewhere).is_some(), number == other);
        }
    }
    near(
        fixed(8, 40, D::Eg2Sustain).unwrap().sum,
        1000.0 - 300.0,
        1e-3,
    );
    near(fixed(14, 32, D::Eg1Sustain).unwrap().sum, 750.0, 1e-3);
}

/// GS reverb macros: room, low-pass and time as in Roland's table; the last two choruses are short delays.
#[test]
fn gs_macros() {
    for (number, kind, low_pass, time) in [
        (0, 0, 3, 80.0),
        (1, 1, 4, 56.0),
        (2, 2, 0, 64.0),
        (3, 3, 4, 72.0),
        (4, 4, 0, 64.0),
        (5, 8, 0, 88.0),
        (6, 0, 0, 32.0),
        (7, 2, 0, 64.0),
    ] {
        let (found, usual) = (Reverb::gs(number), Reverb::gm2(kind));
        assert_eq!(found.room, usual.room);
        near(
            found.time / usual.time,
            (0.025f32 * (time - 64.0)).exp(),
            1e-3,
        );
        assert_eq!(found.cutoff, Reverb::gs_cutoff(low_pass));
    }
    for number in 0..6 {
        assert_eq!(Chorus::gs(number), Chorus::gm2(number));
    }
    for (number, feedback) in [(6, 0.0), (7, 80.0 * 0.00763)] {
        let found = Chorus::gs(number);
        assert_eq!((found.rate, found.depth, found.to_reverb), (0.0, 0.0, 0.0));
        near(found.feedback, feedback, 1e-4);
        near(found.delay, 0.040, 1e-6);
    }
}

/// GM2's chorus types: feedback, rate and depth as the specification's table has them.
#[test]
fn gm2_choruses() {
    for (kind, feedback, rate, depth) in [
        (0, 0.0, 3.0, 5.0),
        (1, 5.0, 9.0, 19.0),
        (2, 8.0, 3.0, 19.0),
        (3, 16.0, 9.0, 16.0),
        (4, 64.0, 2.0, 24.0),
        (5, 112.0, 1.0, 5.0),
    ] {
        let found = Chorus::gm2(kind);
        near(found.feedback, feedback * 0.00763, 1e-4);
        near(found.rate, rate * 0.122, 1e-4);
        near(found.depth, (depth + 1.0) / 3200.0, 1e-6);
        assert_eq!((found.to_reverb, found.level), (0.0, 1.0));
    }
}

/// EG2 turns the rate of an LFO: at 1 from 10 Hz to 20.
#[test]
fn an_envelope_moves_the_rate_of_an_lfo() {
    use Destination as D;
    for (lfo, rate, delay) in [
        (Source::Lfo, D::LfoFrequency, D::LfoDelay),
        (Source::Vibrato, D::VibratoFrequency, D::VibratoDelay),
    ] {
        let ten_hertz = 6900.0 + 1200.0 * (10.0f64 / 440.0).log2();
        let mut synth = dc_synth(&[
            set(rate, cents(ten_hertz)),
            set(delay, i32::MIN),
            connect((Source::Eg2, LINEAR), Source::None, rate, cents(1200.0)),
            connect(
                (lfo, BIPOLAR),
                Source::None,
                Destination::Gain,
                decibel(3.0),
            ),
        ]);
        send(&mut synth, &[0x90, 60, 127]);
        let out = left(&render(&mut synth, 24_000));
        let ups = out.windows(2).filter(|w| w[0] < 1.0 && w[1] >= 1.0).count();
        assert!((9..=11).contains(&ups), "{ups} swings in half of a second");
    }
}

/// An attack of EG2 along the convex curve: 1 + 40/96 · log10 of the time that has passed.
#[test]
fn a_convex_attack() {
    let contour = Contour {
        attack: 1000,
        convex: true,
        ..Contour::default()
    };
    let wanted = |part: f32| (1.0 + 40.0 / 96.0 * part.log10()).max(0.0);
    for frames in [1, 2, 10, 100, 500, 999] {
        let mut envelope = Envelope::new();
        envelope.advance(&contour, frames);
        near(
            envelope.fraction(&contour),
            wanted(frames as f32 / 1000.0),
            1e-4,
        );
    }
    // As a voice has it: half of a second up, -20 dB at the top.
    let mut synth = dc_synth(&[
        set(Destination::Eg2Attack, seconds(0.5)),
        set(Destination::Eg2AttackCurve, 1 << 16),
        second_envelope_to_gain(-20.0),
    ]);
    send(&mut synth, &[0x90, 60, 127]);
    let out = left(&render(&mut synth, 24_000));
    for part in [0.1f32, 0.25, 0.5, 0.9] {
        near(
            db(out[(part * 24_000.0) as usize]),
            -20.0 * wanted(part),
            0.4,
        );
    }
}

/// CC 72 is for both envelopes; no release is longer than 101.6 s, whatever it asks for.
#[test]
fn releases_under_their_controller() {
    let mut synth = dc_synth(&[
        set(Destination::Eg1Release, seconds(40.0)),
        set(Destination::Eg2Release, seconds(0.1)),
        second_envelope_to_gain(-20.0),
    ]);
    send(&mut synth, &[0x90, 60, 127]);
    send(&mut synth, &[0xB0, 72, 96]);
    render(&mut synth, 4800);
    send(&mut synth, &[0x80, 60, 0]);
    let out = left(&render(&mut synth, 9600));
    // 0.1 s · √8 from full to nothing.
    let part = 0.1 / (0.1 * 8f32.sqrt());
    near(db(out[4800]), -20.0 * (1.0 - part), 0.5);
    let mut synth = dc_synth(&[set(Destination::Eg1Release, seconds(40.0))]);
    send(&mut synth, &[0x90, 60, 127]);
    send(&mut synth, &[0xB0, 72, 127]);
    render(&mut synth, 960);
    send(&mut synth, &[0x80, 60, 0]);
    let out = left(&render(&mut synth, 2 * RATE as usize));
    near(db(out[95_999]), -96.0 * 2.0 / 101.6, 0.02);
}

/// Seven octaves up: 128 frames of the wave for one.
#[test]
fn a_note_far_above_its_root() {
    let frames: Vec<i16> = (0..32_000).collect();
    let low = SampleInfo { unity: 24, ..PLAIN };
    let mut synth = synth(std::vec![region(
        &wave(RATE, &frames),
        low,
        &articulation(&[])
    )]);
    send(&mut synth, &[0x90, 108, 127]);
    let out = left(&render(&mut synth, 200));
    near((out[150] - out[50]) * 32_767.0 / 100.0, 128.0, 0.1);
}

/// Delay and hold of EG2 are its own, not those of EG1.
#[test]
fn delay_and_hold_of_the_second_envelope() {
    let mut synth = dc_synth(&[
        set(Destination::Eg2Delay, seconds(0.1)),
        set(Destination::Eg2Hold, seconds(0.1)),
        set(Destination::Eg2Decay, seconds(0.1)),
        set(Destination::Eg2Sustain, permille(0.0)),
        second_envelope_to_gain(-20.0),
    ]);
    send(&mut synth, &[0x90, 60, 127]);
    let out = left(&render(&mut synth, 19_200));
    for (at, wanted) in [
        (4700, 0.0),
        (5800, -20.0),
        (9500, -20.0),
        (12_000, -10.0),
        (15_500, 0.0),
    ] {
        near(db(out[at]), wanted, 0.7);
    }
}

/// No LFO is faster than the pitch of 8400 cents, whatever is asked for.
#[test]
fn the_fastest_lfo() {
    let play = |rate: f64| {
        let mut synth = dc_synth(&[
            set(Destination::LfoFrequency, cents(rate)),
            set(Destination::LfoDelay, i32::MIN),
            connect(
                (Source::Lfo, BIPOLAR),
                Source::None,
                Destination::Gain,
                decibel(6.0),
            ),
        ]);
        send(&mut synth, &[0x90, 60, 127]);
        render(&mut synth, 480)
    };
    let fastest = play(8400.0);
    assert!(play(12_000.0) == fastest);
    assert!(play(8300.0) != fastest);
}
