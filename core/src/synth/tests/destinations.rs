// SPDX-License-Identifier: MIT OR Apache-2.0
//! Controller destinations (GM2, GS), and what keys have of their own (XG drums).

use super::super::controls::{Time, stage_time};
use super::super::modulation::{MOVERS, Modulation, Target};
use super::performance::{STILL, VIBRATO_UP, modulated};
use super::requests::{gs, xg};
use super::*;

/// The modulation LFO at its top.
const LFO_UP: [f32; MOVERS] = [1.0, 0.0, 0.0, 0.0];

/// Controller destinations, at half and full pressure.
#[test]
fn routes() {
    let mut channel = Channel::new(0);
    for (parameter, value) in [(0, 0x58), (1, 0), (2, 127), (3, 127), (4, 127), (5, 127)] {
        channel.routes.channel_pressure.set(parameter, value);
    }
    let filter = [set(Destination::FilterCutoff, cents(12_000.0))];
    let still = modulated(&filter, &channel, 127);
    near(still.value(Target::Pitch, &STILL), 6000.0, 0.01);
    channel.pressure = 127;
    let full = modulated(&filter, &channel, 0);
    near(full.value(Target::Pitch, &STILL), 6000.0 + 2400.0, 0.01);
    near(
        full.value(Target::Pitch, &VIBRATO_UP),
        6000.0 + 3000.0,
        0.01,
    );
    near(full.value(Target::Cutoff, &STILL), 12_000.0 - 9600.0, 0.01);
    near(
        full.value(Target::Cutoff, &VIBRATO_UP),
        12_000.0 - 7200.0,
        0.01,
    );
    // 127/64 of the amplitude; the tremolo reaches 24 dB down from there.
    let gain =
        |m: &Modulation, movers| m.value(Target::Gain, movers) - still.value(Target::Gain, &STILL);
    near(
        gain(&full, &VIBRATO_UP),
        20.0 * (127.0f32 / 64.0).log10(),
        0.01,
    );
    near(
        gain(&full, &VIBRATO_UP) - gain(&full, &[0.0, -1.0, 0.0, 0.0]),
        24.0,
        0.1,
    );
    channel.pressure = 64;
    let half = modulated(&filter, &channel, 0);
    near(
        half.value(Target::Pitch, &STILL),
        6000.0 + 2400.0 * 64.0 / 127.0,
        0.01,
    );
    // Poly pressure and a controller by their own routes.
    channel.pressure = 0;
    channel.routes.poly_pressure.set(0, 0x34);
    channel.routes.number = 4;
    channel.routes.controller.set(0, 0x41);
    channel.set(4, 127);
    let both = modulated(&filter, &channel, 127);
    near(
        both.value(Target::Pitch, &STILL),
        6000.0 - 1200.0 + 100.0,
        0.01,
    );
}

/// GS 40 2x: rate and depths of both LFOs, at half of the controller.
#[test]
fn the_lfos_of_gs() {
    let mut synth = dc_synth(&[]);
    // CC 1 of part 1 (source 4): LFO 1 +5 Hz, 300 cents, then LFO 2 −2.5 Hz, and its depths; the pair has one layout.
    gs(
        &mut synth,
        &[0x40, 0x21, 0x43, 96, 64, 127, 0, 48, 32, 64, 127],
    );
    let mut channel = synth
        .virtual_synth(SYNTH)
        .unwrap()
        .parts()
        .channel(0)
        .unwrap()
        .clone();
    channel.routes.number = 1;
    let filter = [set(Destination::FilterCutoff, cents(9000.0))];
    let still = modulated(&filter, &channel, 0);
    channel.set(1, 127);
    let full = modulated(&filter, &channel, 0);
    channel.set(1, 64);
    let half = modulated(&filter, &channel, 0);
    let part = 64.0 / 127.0;
    let hertz = |m: &Modulation, target| {
        440.0 * ((m.value(target, &STILL) - 6900.0) * (1.0 / 1200.0)).exp2()
    };
    near(hertz(&still, Target::VibratoFrequency), 5.0, 1e-3);
    near(hertz(&full, Target::VibratoFrequency), 10.0, 1e-2);
    near(
        hertz(&half, Target::VibratoFrequency),
        5.0 + 5.0 * part,
        1e-2,
    );
    near(hertz(&full, Target::LfoFrequency), 2.5, 1e-2);
    let depth = |m: &Modulation, target, movers| m.value(target, movers) - m.value(target, &STILL);
    near(depth(&full, Target::Pitch, &VIBRATO_UP), 600.0 * part, 0.01);
    near(depth(&full, Target::Cutoff, &VIBRATO_UP), 2400.0, 0.01);
    near(depth(&full, Target::Gain, &VIBRATO_UP), 0.0, 1e-6);
    near(
        depth(&full, Target::Pitch, &LFO_UP),
        600.0 * 32.0 / 127.0,
        0.01,
    );
    near(
        depth(&half, Target::Cutoff, &LFO_UP),
        2400.0 * part * part,
        0.1,
    );
    near(
        full.value(Target::Gain, &LFO_UP),
        still.value(Target::Gain, &STILL),
        0.01,
    );
    // A rate never gets below zero.
    channel.routes.controller.set_gs(7, 0);
    channel.set(1, 127);
    near(
        hertz(&modulated(&filter, &channel, 0), Target::LfoFrequency),
        0.01,
        1e-3,
    );
}

/// XG 3n kk 0B–0E and NRPN 14–17: filter and envelope of one drum.
#[test]
fn the_filter_of_an_xg_drum() {
    let mut synth = dc_synth(&[]);
    xg(&mut synth, &[0, 0, 0x7E, 0]);
    xg(&mut synth, &[0x30, 38, 0x0B, 32, 80, 0, 96]);
    let key = |synth: &Synth, key| synth.virtual_synth(SYNTH).unwrap().parts().key(9, key);
    let set_up = key(&synth, 38);
    assert_eq!(
        (set_up.cutoff, set_up.resonance, set_up.attack, set_up.decay),
        (32, 80, 0, 96)
    );
    for (msb, value) in [(0x14, 32), (0x15, 80), (0x16, 0), (0x17, 96)] {
        for (number, value) in [(99, msb), (98, 40), (6, value)] {
            send(&mut synth, &[0xB9, number, value]);
        }
    }
    assert_eq!(key(&synth, 40), set_up);
    // The laws of CC 74, 71, 73 and 75; a rate is the other way round than a time.
    let channel = Channel::new(9);
    let rates = [(Time::Attack, 5.0), (Time::Decay, -1.5)];
    for (time, octaves) in rates {
        near(
            stage_time(&channel, &set_up, time, 0.5),
            0.5 * f32::exp2(octaves),
            1e-3,
        );
    }
    near(stage_time(&channel, &set_up, Time::Release, 0.5), 0.5, 0.0);
    // Heard: the filter of this drum closes two octaves below 20 kHz, that of another stays off.
    let nyquist: Vec<i16> = (0..64)
        .map(|i| if i % 2 == 0 { 16_000 } else { -16_000 })
        .collect();
    let (tone, info) = (wave(RATE, &nyquist), looped(0, 64));
    let flat = [connect(
        (Source::Key, LINEAR),
        Source::None,
        Destination::Pitch,
        0,
    )];
    let info = SampleInfo { unity: 0, ..info };
    let mut synth = super::synth(std::vec![region(&tone, info, &articulation(&flat))]);
    xg(&mut synth, &[0x30, 38, 0x0B, 32]);
    let mut loudness = |key: u8| {
        send(&mut synth, &[0x99, key, 127]);
        let out = left(&render(&mut synth, 4800));
        send(&mut synth, &[0xB9, 120, 0]);
        render(&mut synth, 480);
        out[2400..].iter().fold(0.0f32, |peak, x| peak.max(x.abs()))
    };
    near(loudness(39), 16_000.0 / 32_767.0, 1e-2);
    assert!(db(loudness(38)) < -18.0);
}
