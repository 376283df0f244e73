// SPDX-License-Identifier: MIT OR Apache-2.0
//! Mono, portamento, pedals, sound controllers, parameters by number, active sensing. The laws are those of docs/synth.md.

use super::super::context::VoiceContext;
use super::super::controls::{NoteState, Time, apply, are_at_rest, stage_time};
use super::super::keys::KeySettings;
use super::super::modulation::{Inputs, MOVERS, Modulation, NotePart, Target};
use super::super::tuning::Tunings;
use super::*;

fn level(synth: &mut Synth, frames: usize) -> f32 {
    *left(&render(synth, frames)).last().unwrap()
}

fn control(synth: &mut Synth, number: u8, value: u8) {
    send(synth, &[0xB0, number, value]);
}

/// A ramp whose output's slope is the increment; unity note 60.
fn ramp_synth() -> Synth {
    let frames: Vec<i16> = (0..32_000).collect();
    synth(std::vec![region(
        &wave(RATE, &frames),
        PLAIN,
        &articulation(&[])
    )])
}

/// Cents against the unity note, frame by frame.
fn cents_of(out: &[[f32; 2]]) -> Vec<f32> {
    let levels = left(out);
    levels
        .windows(33)
        .map(|w| 1200.0 * ((w[32] - w[0]) * 32_767.0 / 32.0).max(1e-3).log2())
        .collect()
}

/// 10 ms per octave, doubled by every 12 steps of CC 5; linear in cents.
#[test]
fn portamento_glides_from_the_last_key() {
    for (time, interval) in [(24u8, 12i32), (36, 12), (36, -12), (24, 7)] {
        let mut synth = ramp_synth();
        control(&mut synth, 65, 127);
        control(&mut synth, 5, time);
        // The first note has nothing to come from.
        send(&mut synth, &[0x90, 60, 127]);
        near(cents_of(&render(&mut synth, 100))[0], 0.0, 1.0);
        send(&mut synth, &[0xB0, 120, 0]);
        render(&mut synth, 480);
        let key = (60 + interval) as u8;
        send(&mut synth, &[0x90, key, 127]);
        let pitch = cents_of(&render(&mut synth, 6000));
        let octave = 480.0 * (f32::from(time) / 12.0).exp2();
        let length = octave * interval.abs() as f32 / 12.0;
        for at in [0.1, 0.5, 0.9f32] {
            let expected = at * interval as f32 * 100.0;
            // One tick is held, one is averaged.
            let slack = 1200.0 / octave * 40.0 + 1.0;
            near(pitch[(at * length) as usize], expected, slack);
        }
        near(pitch[length as usize + 64], interval as f32 * 100.0, 0.5);
    }
    // Off, without time, and on drums: at once.
    for (switch, time, channel) in [(0, 36, 0), (127, 0, 0), (127, 36, 9)] {
        let mut synth = ramp_synth();
        send(&mut synth, &[0xB0 | channel, 65, switch]);
        send(&mut synth, &[0xB0 | channel, 5, time]);
        for key in [60, 72] {
            send(&mut synth, &[0xB0 | channel, 120, 0]);
            render(&mut synth, 480);
            send(&mut synth, &[0x90 | channel, key, 127]);
        }
        near(cents_of(&render(&mut synth, 100))[40], 1200.0, 1.0);
    }
}

#[test]
fn portamento_control_names_the_key_once() {
    let mut synth = ramp_synth();
    control(&mut synth, 5, 36);
    control(&mut synth, 84, 48);
    send(&mut synth, &[0x90, 60, 127]);
    let pitch = cents_of(&render(&mut synth, 6000));
    near(pitch[0], -1200.0, 30.0);
    near(pitch[1920], -600.0, 30.0);
    near(pitch[5000], 0.0, 0.5);
    // From a key that sounds: the same voice goes on.
    control(&mut synth, 84, 60);
    send(&mut synth, &[0x90, 64, 127]);
    assert_eq!(synth.voices(), 1);
    let pitch = cents_of(&render(&mut synth, 6000));
    assert!(pitch[0] < 60.0);
    near(pitch[5000], 400.0, 0.5);
    // It answers to the new key.
    send(&mut synth, &[0x80, 60, 0]);
    render(&mut synth, 480);
    assert_eq!(synth.voices(), 1);
    send(&mut synth, &[0x80, 64, 0]);
    render(&mut synth, 480);
    assert_eq!(synth.voices(), 0);
    send(&mut synth, &[0x90, 60, 127]);
    near(cents_of(&render(&mut synth, 100))[0], 0.0, 1.0);
}

/// One constant per key: 100 · key. Attack 10 ms, so that a new attack is seen.
fn keyed_synth(attack: f64) -> Synth {
    let art = articulation(&[
        set(Destination::Eg1Attack, seconds(attack)),
        set(Destination::Eg1Release, seconds(0.05)),
    ]);
    let regions = (40..80u8)
        .map(|key| {
            let wave = wave(RATE, &[i16::from(key) * 100; 64]);
            Region {
                keys: (key, key),
                ..region(&wave, looped(0, 64), &art)
            }
        })
        .collect();
    synth(regions)
}

fn key_heard(synth: &mut Synth) -> f32 {
    level(synth, 9600) * 327.67
}

#[test]
fn mono_plays_the_latest_key_and_goes_back() {
    let mut synth = keyed_synth(0.0);
    control(&mut synth, 126, 1);
    for key in [60, 64, 67] {
        send(&mut synth, &[0x90, key, 127]);
        near(key_heard(&mut synth), f32::from(key), 0.01);
        assert_eq!(synth.voices(), 1);
    }
    // A key below the top changes nothing; the top gives way to the latest that is down.
    send(&mut synth, &[0x80, 64, 0]);
    near(key_heard(&mut synth), 67.0, 0.01);
    send(&mut synth, &[0x80, 67, 0]);
    near(key_heard(&mut synth), 60.0, 0.01);
    // Even what a pedal holds is one note.
    control(&mut synth, 64, 127);
    send(&mut synth, &[0x80, 60, 0]);
    near(key_heard(&mut synth), 60.0, 0.01);
    send(&mut synth, &[0x90, 62, 127]);
    near(key_heard(&mut synth), 62.0, 0.01);
    control(&mut synth, 64, 0);
    control(&mut synth, 127, 0);
    assert_eq!(key_heard(&mut synth), 0.0);
    send(&mut synth, &[0x90, 60, 127]);
    send(&mut synth, &[0x90, 64, 127]);
    near(key_heard(&mut synth), 124.0, 0.02);
}

#[test]
fn legato_does_not_attack_anew() {
    // With the pedal the second note goes on at full level; without it, its attack of 2 s begins.
    for pedal in [127, 0] {
        let (dc_wave, info) = dc();
        let slow = articulation(&[set(Destination::Eg1Attack, seconds(2.0))]);
        let mut synth = synth(std::vec![region(&dc_wave, info, &slow)]);
        control(&mut synth, 126, 1);
        control(&mut synth, 68, pedal);
        send(&mut synth, &[0x90, 60, 127]);
        near(level(&mut synth, 100_000), 1.0, 1e-3);
        send(&mut synth, &[0x90, 62, 127]);
        let after = level(&mut synth, 9600);
        near(after, if pedal > 0 { 1.0 } else { 0.1 }, 2e-3);
        // Back to the first key.
        send(&mut synth, &[0x80, 62, 0]);
        let after = level(&mut synth, 9600);
        near(after, if pedal > 0 { 1.0 } else { 0.1 }, 2e-3);
        assert_eq!(synth.voices(), 1);
    }
    // A key outside of the region starts its own.
    let mut synth = keyed_synth(0.0);
    control(&mut synth, 126, 1);
    control(&mut synth, 68, 127);
    send(&mut synth, &[0x90, 60, 127]);
    render(&mut synth, 100);
    send(&mut synth, &[0x90, 61, 127]);
    near(key_heard(&mut synth), 61.0, 0.01);
}

#[test]
fn the_soft_pedal_is_for_new_notes() {
    let mut synth = dc_synth(&[]);
    send(&mut synth, &[0x90, 60, 127]);
    control(&mut synth, 67, 127);
    near(db(level(&mut synth, 4800)), 0.0, 0.01);
    send(&mut synth, &[0xB0, 120, 0]);
    render(&mut synth, 480);
    send(&mut synth, &[0x90, 60, 127]);
    near(db(level(&mut synth, 4800)), -3.0, 0.01);
    control(&mut synth, 67, 0);
    near(db(level(&mut synth, 4800)), -3.0, 0.01);
}

/// The far side falls as a quarter of a sine; the near one stays.
#[test]
fn balance() {
    let mut synth = dc_synth(&[]);
    send(&mut synth, &[0x90, 60, 127]);
    for value in [0u8, 1, 32, 64, 96, 127] {
        control(&mut synth, 8, value);
        let last = render(&mut synth, 9600)[9599];
        let b = ((f32::from(value) - 64.0) / 63.0).max(-1.0);
        let side = |b: f32| (core::f32::consts::FRAC_PI_2 * (1.0 - b.max(0.0))).sin();
        near(last[0] / FULL, side(b), 1e-3);
        near(last[1] / FULL, side(-b), 1e-3);
    }
    control(&mut synth, 8, 64);
    // Master balance, 14 bits.
    send(&mut synth, &[0xF0, 0x7F, 0x7F, 4, 2, 0, 0x7F, 0xF7]);
    let last = render(&mut synth, 9600)[9599];
    near(last[0] / FULL, 0.0, 1e-3);
    near(last[1] / FULL, 1.0, 1e-3);
}

/// A voice's modulation after its connections and controllers.
pub(super) fn modulated(
    changes: &[Connection],
    channel: &Channel,
    poly_pressure: u8,
) -> Modulation {
    let inputs = Inputs {
        channel,
        key: 60.0,
        velocity: 127,
        poly_pressure,
    };
    let articulation = articulation(changes);
    let mut modulation = Modulation::of_channel(&articulation, inputs.channel);
    let part = NotePart::of(&articulation, channel);
    let own = modulation.add_note(part.as_ref(), &articulation, &inputs);
    let around = VoiceContext {
        channel,
        tuning: 0.0,
        balance: 0.0,
        key: KeySettings::NONE,
        tunings: &Tunings::new().unwrap(),
    };
    let note_state = NoteState {
        poly_pressure,
        ..NoteState::new(&around, 60)
    };
    let at_rest = are_at_rest(&around);
    apply(&mut modulation, own, &around, &note_state, at_rest);
    modulation
}

pub(super) const STILL: [f32; MOVERS] = [0.0; MOVERS];
pub(super) const VIBRATO_UP: [f32; MOVERS] = [0.0, 1.0, 0.0, 0.0];

#[test]
fn sound_controllers() {
    let filter = [
        set(Destination::FilterCutoff, cents(9000.0)),
        set(Destination::FilterQ, decibel(3.0)),
        connect(
            (Source::Vibrato, BIPOLAR),
            Source::None,
            Destination::Pitch,
            cents(40.0),
        ),
    ];
    for value in [0u8, 32, 64, 96, 127] {
        let part = (f32::from(value) - 64.0) / 64.0;
        let with = |number: u8| {
            let mut channel = Channel::new(0);
            channel.set(number, value);
            modulated(&filter, &channel, 0)
        };
        near(
            with(74).value(Target::Cutoff, &STILL),
            9000.0 + 4800.0 * part,
            0.1,
        );
        near(
            with(71).value(Target::Resonance, &STILL),
            3.0 + 20.0 * part,
            1e-3,
        );
        for target in [Target::LfoFrequency, Target::VibratoFrequency] {
            near(
                with(76).value(target, &STILL),
                -851.318 + 1200.0 * part,
                0.1,
            );
        }
        let depth = with(77).value(Target::Pitch, &VIBRATO_UP) - 6000.0;
        let expected = if part < 0.0 {
            40.0 * (1.0 + part)
        } else {
            40.0 + 100.0 * part
        };
        near(depth, expected, 0.01);

        for (number, time, octaves) in [
            (73, Time::Attack, 5.0),
            (75, Time::Decay, 3.0),
            (72, Time::Release, 3.0),
            (78, Time::LfoDelay, 6.0),
        ] {
            let mut channel = Channel::new(0);
            channel.set(number, value);
            let factor = (octaves * part).exp2();
            near(
                stage_time(&channel, &KeySettings::NONE, time, 0.5) / factor,
                0.5,
                1e-5,
            );
            // Nothing is made longer from 10 ms on.
            let none = stage_time(&channel, &KeySettings::NONE, time, 0.0);
            near(none, if part > 0.0 { 0.01 * factor } else { 0.0 }, 1e-5);
        }
    }
    // A filter that is off is closed from 20 kHz, and not opened further.
    for (value, expected) in [
        (0u8, 13_508.0 - 4800.0),
        (64, 32_768.0),
        (127, 32_768.0 + 4725.0),
    ] {
        let mut channel = Channel::new(0);
        channel.set(74, value);
        let cutoff = modulated(&[], &channel, 0).value(Target::Cutoff, &STILL);
        near(cutoff, expected, 0.5);
    }
}

#[test]
fn release_time_follows_its_controller() {
    let end = |value: u8| {
        let mut synth = dc_synth(&[set(Destination::Eg1Release, seconds(0.2))]);
        send(&mut synth, &[0x90, 60, 127]);
        render(&mut synth, 480);
        control(&mut synth, 72, value);
        render(&mut synth, 480);
        send(&mut synth, &[0x80, 60, 0]);
        let out = left(&render(&mut synth, 96_000));
        out.iter().position(|x| db(*x) < -48.0).unwrap() as f32 / RATE as f32
    };
    // Half of the way down takes half of the time; 0 and 96 are ÷8 and ×√8.
    near(end(64), 0.1, 2e-3);
    near(end(0), 0.0125, 2e-3);
    near(end(96), 0.1 * 8f32.sqrt(), 2e-3);
}

/// A sine of 6 kHz, no filter: CC 74 at 0 puts a cutoff of 1250 Hz into the sounding voice, without a click.
#[test]
fn brightness_closes_a_voice_without_a_filter() {
    let frames: Vec<i16> = (0..64)
        .map(|i| ((f64::from(i) * core::f64::consts::FRAC_PI_4).sin() * 16_000.0) as i16)
        .collect();
    let mut synth = synth(std::vec![region(
        &wave(RATE, &frames),
        looped(0, 64),
        &articulation(&[])
    )]);
    send(&mut synth, &[0x90, 60, 127]);
    let peak = |out: &[f32]| out.iter().fold(0.0f32, |peak, x| peak.max(x.abs()));
    let before = peak(&left(&render(&mut synth, 4800)));
    control(&mut synth, 74, 0);
    let out = left(&render(&mut synth, 9600));
    // While it closes, within a millisecond, no step is much larger than the sine's own, 2·sin(π/8).
    let step = out
        .windows(2)
        .fold(0.0f32, |most, w| most.max((w[1] - w[0]).abs()));
    assert!(step <= 1.25 * 0.765_4 * before);
    // 12 dB per octave below the line through Fs/4, within the prototype's tolerance.
    let fall = db(peak(&out[4800..]) / before);
    let octaves = (6000.0 / 1250.0f32).log2();
    near(fall, -12.0 * octaves, 3.0);
    control(&mut synth, 74, 64);
    near(
        db(peak(&left(&render(&mut synth, 9600))[4800..]) / before),
        0.0,
        0.1,
    );
}

#[test]
fn parameter_numbers() {
    let mut synth = dc_synth(&[]);
    let select = |synth: &mut Synth, msb: u8, lsb: u8| {
        control(synth, 101, msb);
        control(synth, 100, lsb);
    };
    let state = |synth: &Synth| {
        let channel = synth
            .virtual_synth(SYNTH)
            .unwrap()
            .parts()
            .channel(0)
            .unwrap();
        (channel.rpn, channel.modulation_range)
    };
    // Null: data entry does nothing. So does an unknown number, and any NRPN.
    for data in [6, 38, 96, 97] {
        control(&mut synth, data, 5);
    }
    select(&mut synth, 0, 3);
    control(&mut synth, 6, 5);
    select(&mut synth, 1, 0);
    control(&mut synth, 6, 5);
    select(&mut synth, 0, 0);
    control(&mut synth, 99, 5);
    control(&mut synth, 98, 5);
    control(&mut synth, 6, 7);
    assert_eq!(state(&synth), ([256, 0x2000, 64 << 7], 64));
    // RPN 0, 1, 2, 5; RP-018: increments are 1 of the LSB, for coarse tuning 1 of the MSB.
    for (lsb, msb_value, lsb_value) in [(0, 12, 50), (1, 70, 3), (2, 60, 0), (5, 1, 64)] {
        select(&mut synth, 0, lsb);
        control(&mut synth, 6, msb_value);
        control(&mut synth, 38, lsb_value);
    }
    assert_eq!(
        state(&synth),
        ([12 << 7 | 50, 70 << 7 | 3, 60 << 7], 1 << 7 | 64)
    );
    for (lsb, number) in [(0, 96), (1, 97), (2, 96), (5, 97)] {
        select(&mut synth, 0, lsb);
        control(&mut synth, number, 0);
    }
    assert_eq!(
        state(&synth),
        ([12 << 7 | 51, 70 << 7 | 2, 61 << 7], 1 << 7 | 63)
    );
    select(&mut synth, 0, 0);
    control(&mut synth, 6, 127);
    control(&mut synth, 38, 127);
    control(&mut synth, 96, 0);
    assert_eq!(state(&synth).0[0], 0x3FFF);
    // RP-015 keeps the values and forgets the number.
    control(&mut synth, 121, 0);
    control(&mut synth, 6, 1);
    assert_eq!(state(&synth).0[0], 0x3FFF);
}

/// RPN 5: 50 cents are what the instrument says; two semitones are four times that.
#[test]
fn modulation_depth_range() {
    let wheel = [connect(
        (Source::Vibrato, BIPOLAR),
        Source::Controller(1),
        Destination::Pitch,
        cents(64.0),
    )];
    let mut channel = Channel::new(0);
    channel.set(1, 64);
    for (range, expected) in [(64u16, 32.0), (256, 128.0), (0, 0.0)] {
        channel.modulation_range = range;
        let depth = modulated(&wheel, &channel, 0).value(Target::Pitch, &VIBRATO_UP) - 6000.0;
        near(depth, expected, 0.01);
    }
}

/// GS and XG: sound parameters are CC 71–78 by another name.
#[test]
fn nrpn_of_the_sound() {
    let mut synth = dc_synth(&[]);
    for (lsb, number) in [
        (0x08, 76),
        (0x09, 77),
        (0x0A, 78),
        (0x20, 74),
        (0x21, 71),
        (0x63, 73),
        (0x64, 75),
        (0x66, 72),
    ] {
        control(&mut synth, 99, 1);
        control(&mut synth, 98, lsb);
        control(&mut synth, 6, 0x50);
        control(&mut synth, 96, 0);
        let channel = synth
            .virtual_synth(SYNTH)
            .unwrap()
            .parts()
            .channel(0)
            .unwrap();
        assert_eq!(channel.get(number), 0x51, "{lsb:x}");
    }
}

#[test]
fn nrpn_of_drum_notes() {
    let mut synth = dc_synth(&[]);
    let drum = |synth: &mut Synth, channel: u8, msb: u8, key: u8, value: u8| {
        for (number, value) in [(99, msb), (98, key), (6, value)] {
            send(synth, &[0xB0 | channel, number, value]);
        }
    };
    drum(&mut synth, 9, 0x1A, 38, 64);
    drum(&mut synth, 9, 0x1C, 38, 127);
    // Not a drum channel.
    drum(&mut synth, 0, 0x1A, 38, 0);
    let heard = |synth: &mut Synth, channel: u8, key: u8| {
        send(synth, &[0x90 | channel, key, 127]);
        let last = render(synth, 4800)[4799];
        send(synth, &[0xB0 | channel, 120, 0]);
        render(synth, 480);
        [last[0] / FULL, last[1] / FULL]
    };
    // 40·log10(64/127) dB, hard right.
    let [l, r] = heard(&mut synth, 9, 38);
    near(l, 0.0, 0.02);
    near(
        r,
        core::f32::consts::SQRT_2 * (64.0f32 / 127.0).powi(2),
        2e-3,
    );
    for (channel, key) in [(9, 39), (0, 38)] {
        let [l, r] = heard(&mut synth, channel, key);
        near(l, 1.0, 1e-3);
        near(r, 1.0, 1e-3);
    }
    // A program change sets the kit up anew.
    send(&mut synth, &[0xC9, 0]);
    near(heard(&mut synth, 9, 38)[0], 1.0, 1e-3);

    // Pitch: 64 + 12 is an octave up.
    let mut synth = ramp_synth();
    drum(&mut synth, 9, 0x18, 60, 76);
    send(&mut synth, &[0x99, 60, 127]);
    near(cents_of(&render(&mut synth, 100))[40], 1200.0, 1.0);
}

#[test]
fn reset_controllers_lifts_the_keys_pressure() {
    let pressed = [connect(
        (Source::PolyPressure, LINEAR),
        Source::None,
        Destination::Gain,
        decibel(-12.8),
    )];
    let mut synth = dc_synth(&pressed);
    send(&mut synth, &[0x90, 60, 127]);
    send(&mut synth, &[0xA0, 60, 100]);
    near(db(level(&mut synth, 4800)), -10.0, 0.01);
    control(&mut synth, 121, 0);
    near(db(level(&mut synth, 4800)), 0.0, 0.01);
}

/// After the first FE, 330 ms without a message mean silence; before it, nothing does.
#[test]
fn active_sensing() {
    let mut synth = dc_synth(&[]);
    send(&mut synth, &[0x90, 60, 127]);
    near(level(&mut synth, 48_000), 1.0, 1e-3);
    send(&mut synth, &[0xFE]);
    // Any message keeps it alive.
    for message in [&[0xFE][..], &[0xB0, 1, 0], &[0xFE], &[0xF8]] {
        near(level(&mut synth, 15_000), 1.0, 1e-3);
        send(&mut synth, message);
    }
    near(level(&mut synth, 15_800), 1.0, 1e-3);
    assert_eq!(level(&mut synth, 500), 0.0);
    assert_eq!(synth.voices(), 0);
    // The sender has gone; what comes now is as before the first FE.
    send(&mut synth, &[0x90, 60, 127]);
    near(level(&mut synth, 48_000), 1.0, 1e-3);
    // Also if nothing sounded meanwhile.
    send(&mut synth, &[0xFE]);
    send(&mut synth, &[0xB0, 120, 0]);
    render(&mut synth, 48_000);
    send(&mut synth, &[0x90, 60, 127]);
    near(level(&mut synth, 48_000), 1.0, 1e-3);
}

/// The waves of a phase group go by the master's pitch; without a master each goes by its own.
#[test]
fn phase_groups_share_the_increment() {
    let frames: Vec<i16> = (0..32_000).collect();
    let ramp = wave(RATE, &frames);
    let run = |group: u16| {
        let mut master = region(&ramp, PLAIN, &articulation(&[]));
        (master.phase_group, master.phase_master, master.channels) = (group, true, 1);
        let vibrato = [
            set(Destination::Pitch, cents(700.0)),
            connect(
                (Source::Vibrato, BIPOLAR),
                Source::None,
                Destination::Pitch,
                cents(200.0),
            ),
        ];
        let mut slave = region(&ramp, PLAIN, &articulation(&vibrato));
        (slave.phase_group, slave.channels) = (group, 2);
        // The slave comes first in the list.
        let mut synth = synth(std::vec![slave, master]);
        send(&mut synth, &[0x90, 60, 127]);
        render(&mut synth, 1000);
        send(&mut synth, &[0xE0, 0, 96]);
        render(&mut synth, 7001)
    };
    let out = run(5);
    assert!(out.iter().all(|f| (f[0] - f[1]).abs() < 1e-6));
    assert!(out[7000][0] > 0.05);
    // Without a group both play on both sides, each at its own pitch: together faster than twice the master.
    let own = run(0);
    assert!(own[7000][0] > 2.05 * out[7000][0]);
}
