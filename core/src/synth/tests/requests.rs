// SPDX-License-Identifier: MIT OR Apache-2.0
//! System Exclusive: what it sets, heard or read.

use super::super::effects::{Chorus, Reverb, Room};
use super::*;

fn level(synth: &mut Synth, frames: usize) -> f32 {
    *left(&render(synth, frames)).last().unwrap()
}

pub(super) fn sysex(synth: &mut Synth, body: &[u8]) {
    send(synth, &[&[0xF0][..], body, &[0xF7]].concat());
}

/// DT1 to a GS address, with its checksum.
pub(super) fn gs(synth: &mut Synth, body: &[u8]) {
    let sum: u32 = body.iter().map(|&b| u32::from(b)).sum();
    let checksum = ((128 - sum % 128) % 128) as u8;
    sysex(
        synth,
        &[&[0x41, 0x10, 0x42, 0x12][..], body, &[checksum]].concat(),
    );
}

pub(super) fn xg(synth: &mut Synth, body: &[u8]) {
    sysex(synth, &[&[0x43, 0x10, 0x4C][..], body].concat());
}

fn channel(synth: &Synth, index: u16) -> &Channel {
    synth
        .virtual_synth(SYNTH)
        .unwrap()
        .parts()
        .channel(index)
        .unwrap()
}

pub(super) fn ramp_synth() -> Synth {
    let frames: Vec<i16> = (0..32_000).collect();
    synth(std::vec![region(
        &wave(RATE, &frames),
        PLAIN,
        &articulation(&[])
    )])
}

/// Cents against the unity note, from the tick after the next one on.
pub(super) fn cents_now(synth: &mut Synth) -> f32 {
    const TICK: usize = crate::synth::tick::TICK as usize;
    let out = left(&render(synth, 2 * TICK + 1));
    let way = out[2 * TICK] - out[TICK];
    1200.0 * (way * 32_767.0 / TICK as f32).log2()
}

#[test]
fn master_tunings() {
    let mut synth = ramp_synth();
    send(&mut synth, &[0x90, 60, 127]);
    for (body, cents) in [
        (&[0x7F, 0x7F, 4, 3, 0, 0x60][..], 50.0),
        (&[0x7F, 0x7F, 4, 3, 0, 0], -100.0),
        (&[0x7F, 0x7F, 4, 3, 0, 0x40], 0.0),
        (&[0x7F, 0x7F, 4, 4, 0, 0x45], 500.0),
    ] {
        sysex(&mut synth, body);
        near(cents_now(&mut synth), cents, 0.5);
    }
    // GS and XG: tenths of a cent around 1024 (0 4 0 0), semitones around 64.
    gs(&mut synth, &[0x40, 0, 5, 0x40]);
    gs(&mut synth, &[0x40, 0, 0, 0, 5, 0xF, 0x4]);
    near(cents_now(&mut synth), 50.0, 0.5);
    xg(&mut synth, &[0, 0, 0, 0, 4, 0, 0]);
    xg(&mut synth, &[0, 0, 6, 0x34]);
    near(cents_now(&mut synth), -1200.0, 0.5);
    // Coarse tuning leaves drums alone.
    send(&mut synth, &[0xB0, 120, 0]);
    render(&mut synth, 480);
    send(&mut synth, &[0x99, 60, 127]);
    near(cents_now(&mut synth), 0.0, 0.5);
}

#[test]
fn scale_tunings() {
    // E 14 cents down, on channels 1 and 10.
    let mut values = [64u8; 12];
    values[4] = 50;
    let tuning = |kind: u8| [&[kind, 0x7F, 8, 8, 0, 4, 1][..], &values].concat();
    let mut synth = ramp_synth();
    send(&mut synth, &[0x90, 64, 127]);
    // Not in real time: for the notes to come.
    sysex(&mut synth, &tuning(0x7E));
    near(cents_now(&mut synth), 400.0, 0.5);
    send(&mut synth, &[0xE0, 0, 64]);
    near(cents_now(&mut synth), 400.0, 0.5);
    send(&mut synth, &[0xB0, 120, 0]);
    render(&mut synth, 480);
    send(&mut synth, &[0x90, 64, 127]);
    near(cents_now(&mut synth), 386.0, 0.5);
    // In real time: at once. Two bytes: E 25 cents up.
    let mut wide = [[0x40, 0]; 12];
    wide[4] = [0x50, 0];
    sysex(
        &mut synth,
        &[&[0x7F, 0x7F, 8, 9, 0, 0, 1][..], wide.as_flattened()].concat(),
    );
    near(cents_now(&mut synth), 425.0, 0.5);
    // GS, part 1 (channel 1): address 40 is C.
    gs(&mut synth, &[0x40, 0x11, 0x44, 54]);
    near(cents_now(&mut synth), 390.0, 0.5);
    // Other channels and drums.
    for other in [1, 9] {
        let mut synth = ramp_synth();
        sysex(&mut synth, &tuning(0x7F));
        send(&mut synth, &[0x90 | other, 64, 127]);
        near(cents_now(&mut synth), 400.0, 0.5);
    }
}

#[test]
fn key_controls() {
    let mut synth = dc_synth(&[]);
    for (value, expected) in [(127u8, 127.0 / 64.0), (64, 1.0), (32, 0.5), (0, 0.0)] {
        sysex(&mut synth, &[0x7F, 0x7F, 10, 1, 9, 38, 7, value]);
        send(&mut synth, &[0x99, 38, 127]);
        near(level(&mut synth, 4800), expected, 2e-3);
        send(&mut synth, &[0xB9, 120, 0]);
        render(&mut synth, 480);
    }
    let key = synth.virtual_synth(SYNTH).unwrap().parts().key(9, 38);
    assert_eq!(key.volume, 0);
    // While it sounds.
    send(&mut synth, &[0x99, 40, 127]);
    sysex(&mut synth, &[0x7F, 0x7F, 10, 1, 9, 40, 7, 32, 10, 127]);
    let last = render(&mut synth, 9600)[9599];
    near(last[0] / FULL, 0.0, 0.02);
    near(last[1] / FULL, 0.5 * core::f32::consts::SQRT_2, 2e-3);
}

#[test]
fn controller_destinations_are_heard() {
    let mut synth = dc_synth(&[]);
    // Pressure fades channel 1 out: amplitude 0 at full.
    sysex(&mut synth, &[0x7F, 0x7F, 9, 1, 0, 2, 0]);
    for channel in [0, 1] {
        send(&mut synth, &[0x90 | channel, 60, 127]);
        send(&mut synth, &[0xD0 | channel, 64]);
    }
    near(level(&mut synth, 9600), 1.0 + (1.0 - 64.0 / 127.0), 2e-3);
    // Poly pressure on its key only; CC 16.
    sysex(&mut synth, &[0x7F, 0x7F, 9, 2, 1, 2, 0]);
    send(&mut synth, &[0xA1, 61, 127]);
    send(&mut synth, &[0xD0, 0]);
    near(level(&mut synth, 9600), 2.0, 2e-3);
    send(&mut synth, &[0xA1, 60, 127]);
    near(level(&mut synth, 9600), 1.0, 2e-3);
    sysex(&mut synth, &[0x7F, 0x7F, 9, 3, 0, 16, 2, 32]);
    send(&mut synth, &[0xB0, 16, 127]);
    near(level(&mut synth, 9600), 0.5, 2e-3);
    // A reset takes the routes away.
    sysex(&mut synth, &[0x7E, 0x7F, 9, 1]);
    render(&mut synth, 480);
    send(&mut synth, &[0xB0, 7, 127]);
    send(&mut synth, &[0x90, 60, 127]);
    send(&mut synth, &[0xD0, 127]);
    near(level(&mut synth, 9600), 1.0, 2e-3);
}

#[test]
fn static_allocation_can_be_turned_off() {
    for (mode, lost_channel) in [(4, 10), (3, 9)] {
        let (dc_wave, info) = dc();
        let mut synth = synth_with(
            1,
            RATE,
            std::vec![region(&dc_wave, info, &articulation(&[]))],
        );
        sysex(&mut synth, &[0x7E, 0x7F, 10, mode]);
        send(&mut synth, &[0x99, 60, 127]);
        render(&mut synth, 100);
        send(&mut synth, &[0x9A, 60, 127]);
        // Mute the one that should be gone: nothing changes.
        send(&mut synth, &[0xB0 | lost_channel, 7, 0]);
        near(level(&mut synth, 9600), 1.0, 1e-3);
    }
}

#[test]
fn banks_of_the_systems() {
    let mut synth = dc_synth(&[]);
    let banks = |synth: &Synth| (channel(synth, 0).bank, channel(synth, 9).bank);
    sysex(&mut synth, &[0x7E, 0x7F, 9, 3]);
    assert_eq!(banks(&synth), ((0x79, 0), (0x78, 0)));
    assert_eq!(synth.virtual_synth(SYNTH).unwrap().system(), System::Gm2);
    // A second drum channel, and back.
    for (msb, drum) in [(0x78, true), (0x79, false)] {
        send(&mut synth, &[0xBA, 0, msb]);
        send(&mut synth, &[0xCA, 0]);
        assert_eq!(channel(&synth, 10).drum, drum);
    }
    sysex(&mut synth, &[0x7E, 0x7F, 9, 1]);
    assert_eq!(banks(&synth), ((0, 0), (0, 0)));
    xg(&mut synth, &[0, 0, 0x7E, 0]);
    for (msb, drum) in [(127, true), (0, false), (126, true), (64, false)] {
        send(&mut synth, &[0xB2, 0, msb]);
        send(&mut synth, &[0xC2, 0]);
        assert_eq!(channel(&synth, 2).drum, drum, "{msb}");
    }
    // Elsewhere 127 is a bank like others.
    gs(&mut synth, &[0x40, 0, 0x7F, 0]);
    assert_eq!(synth.virtual_synth(SYNTH).unwrap().system(), System::Gs);
    send(&mut synth, &[0xB2, 0, 127]);
    send(&mut synth, &[0xC2, 0]);
    assert!(!channel(&synth, 2).drum);
}

#[test]
fn gs_parts() {
    let mut synth = dc_synth(&[]);
    // Part 1 is channel 1, part 0 channel 10. Level, pan, sends, sound: consecutive addresses in one message.
    gs(&mut synth, &[0x40, 0x11, 0x19, 90]);
    gs(&mut synth, &[0x40, 0x11, 0x1C, 20]);
    gs(&mut synth, &[0x40, 0x11, 0x21, 30, 50]);
    gs(&mut synth, &[0x40, 0x11, 0x30, 1, 2, 3, 4, 5, 6, 7, 8]);
    let values: Vec<u8> = [7, 10, 93, 91, 76, 77, 74, 71, 73, 75, 72, 78]
        .iter()
        .map(|&number| channel(&synth, 0).get(number))
        .collect();
    assert_eq!(values, [90, 20, 30, 50, 1, 2, 3, 4, 5, 6, 7, 8]);
    // Bank and program, mono, key shift.
    gs(&mut synth, &[0x40, 0x12, 0x00, 8, 33]);
    gs(&mut synth, &[0x40, 0x12, 0x13, 0]);
    gs(&mut synth, &[0x40, 0x12, 0x16, 0x43]);
    let part = channel(&synth, 1);
    assert_eq!((part.bank, part.program, part.mono), ((8, 0), 33, true));
    assert_eq!(part.transpose(), 3);
    // Bend range, depth of the wheel, pressure to amplitude.
    gs(&mut synth, &[0x40, 0x21, 0x10, 0x4C]);
    gs(&mut synth, &[0x40, 0x21, 0x04, 127]);
    gs(&mut synth, &[0x40, 0x21, 0x22, 0]);
    let part = channel(&synth, 0);
    assert_eq!((part.rpn[0], part.modulation_range), (12 << 7, 768));
    assert_eq!(part.routes.channel_pressure.amplitude, 0);
    // Drum set-up of map 2 concerns its part only.
    gs(&mut synth, &[0x40, 0x1A, 0x15, 2]);
    gs(&mut synth, &[0x41, 0x12, 38, 100, 90]);
    let parts = synth.virtual_synth(SYNTH).unwrap().parts();
    assert_eq!(
        (parts.key(10, 38).level, parts.key(10, 39).level),
        (100, 90)
    );
    assert_eq!(parts.key(9, 38).level, 0xFF);
    gs(&mut synth, &[0x41, 0x02, 38, 70]);
    assert_eq!(
        synth.virtual_synth(SYNTH).unwrap().parts().key(9, 38).level,
        70
    );
}

#[test]
fn xg_parts() {
    let mut synth = dc_synth(&[]);
    xg(&mut synth, &[0, 0, 0x7E, 0]);
    xg(&mut synth, &[8, 3, 0x0B, 77]);
    xg(&mut synth, &[8, 3, 0x18, 10, 20]);
    xg(&mut synth, &[8, 3, 1, 0, 5, 12]);
    let part = channel(&synth, 3);
    assert_eq!((part.get(7), part.get(74), part.get(71)), (77, 10, 20));
    assert_eq!((part.bank, part.program), ((0, 5), 12));
    xg(&mut synth, &[8, 3, 7, 3]);
    assert!(channel(&synth, 3).drum);
    // Set-up 2.
    xg(&mut synth, &[0x31, 36, 2, 90]);
    let parts = synth.virtual_synth(SYNTH).unwrap().parts();
    assert_eq!((parts.key(3, 36).level, parts.key(9, 36).level), (90, 0xFF));
}

#[test]
fn effects_are_set() {
    let mut synth = dc_synth(&[]);
    let reverb = |synth: &Synth| synth.virtual_synth(SYNTH).unwrap().effects().reverb;
    let chorus = |synth: &Synth| synth.virtual_synth(SYNTH).unwrap().effects().chorus;
    // GM2: type 8 and time 64, exp(0.6) s.
    sysex(&mut synth, &[0x7F, 0x7F, 4, 5, 1, 1, 1, 1, 1, 0, 8, 1, 64]);
    assert_eq!(reverb(&synth).room, Room::Plate);
    near(reverb(&synth).time, 1.8221, 1e-3);
    // 0.122 Hz, (v + 1) / 3.2 ms, 0.763 %, 0.787 %.
    sysex(
        &mut synth,
        &[0x7F, 0x7F, 4, 5, 1, 1, 1, 1, 2, 1, 10, 2, 31, 3, 100, 4, 50],
    );
    let c = chorus(&synth);
    near(c.rate, 1.22, 1e-4);
    near(c.depth, 0.01, 1e-6);
    near(c.feedback, 0.763, 1e-4);
    near(c.to_reverb, 0.3935, 1e-4);
    // Unknown types change nothing.
    sysex(&mut synth, &[0x7F, 0x7F, 4, 5, 1, 1, 1, 1, 1, 0, 5]);
    assert_eq!(reverb(&synth).room, Room::Plate);
    // GS macros and single parameters.
    gs(&mut synth, &[0x40, 1, 0x30, 4]);
    assert_eq!(reverb(&synth), Reverb::gs(4));
    gs(&mut synth, &[0x40, 1, 0x34, 104]);
    near(
        reverb(&synth).time / Reverb::gs(4).time,
        core::f32::consts::E,
        1e-3,
    );
    gs(&mut synth, &[0x40, 1, 0x33, 32]);
    near(reverb(&synth).level, 0.5, 1e-6);
    gs(&mut synth, &[0x40, 1, 0x37, 20]);
    near(reverb(&synth).pre_delay, 0.02, 1e-6);
    gs(&mut synth, &[0x40, 1, 0x38, 5]);
    assert_eq!(chorus(&synth), Chorus::gs(5));
    for (value, milliseconds) in [(112, 11.2), (64, 6.4), (127, 12.7)] {
        gs(&mut synth, &[0x40, 1, 0x3C, value]);
        near(chorus(&synth).delay, 0.001 * milliseconds, 1e-6);
    }
    // XG: no effect, and a flanger.
    xg(&mut synth, &[2, 1, 0, 0, 0]);
    assert_eq!(reverb(&synth).level, 0.0);
    xg(&mut synth, &[2, 1, 0x20, 0x43, 0]);
    assert_eq!(chorus(&synth), Chorus::gm2(5));
    xg(&mut synth, &[2, 1, 0x2E, 127]);
    near(chorus(&synth).to_reverb, 1.0, 1e-3);
    // A reset brings the defaults back.
    sysex(&mut synth, &[0x7E, 0x7F, 9, 1]);
    assert_eq!(
        (reverb(&synth), chorus(&synth)),
        (Reverb::default(), Chorus::default())
    );
}

#[test]
fn every_message_stays_in_bounds() {
    let mut synth = dc_synth(&[]);
    let mut random = Random(11);
    for round in 0..60_000 {
        let heads: [&[u8]; 10] = [
            &[0x7F, 0x7F, 9],
            &[0x7F, 0x7F, 10, 1],
            &[0x7F, 0x7F, 8],
            &[0x7F, 0x7F, 4],
            &[0x40, 0x10],
            &[0x40],
            &[0x41],
            &[0x43, 0x10, 0x4C],
            &[0x7F, 0x7F, 8, 2, 0, 2],
            &[0x7E, 0x7F, 8, 7, 0, 1, 3],
        ];
        let which = random.below(10) as usize;
        let mut body = heads[which].to_vec();
        for _ in 0..random.below(20) {
            body.push(random.below(128) as u8);
        }
        if matches!(which, 4..=6) {
            gs(&mut synth, &body);
        } else {
            sysex(&mut synth, &body);
        }
        let status = 0x80 | random.below(0x70) as u8;
        let data = [status, random.below(128) as u8, random.below(128) as u8];
        synth.message(SYNTH, random.below(3) as u16, &data);
        if round % 16 == 0 {
            let out = render(&mut synth, random.below(80) as usize);
            assert!(out.iter().flatten().all(|x| x.is_finite()));
        }
    }
}

/// Drum parameters go on from key to key, and end with the last: there is no key behind 127.
#[test]
fn drum_parameters_end_with_the_last_key() {
    use super::super::keys::KeySettings;
    let mut synth = dc_synth(&[]);
    gs(&mut synth, &[0x41, 0x02, 126, 90, 100, 110]);
    let key = |synth: &Synth, key| synth.virtual_synth(SYNTH).unwrap().parts().key(9, key);
    assert_eq!((key(&synth, 126).level, key(&synth, 127).level), (90, 100));
    for other in 0..126 {
        assert_eq!(key(&synth, other), KeySettings::NONE, "{other}");
    }
}

/// A program sets drum notes anew, whichever message selects it.
#[test]
fn a_program_by_any_message_sets_drum_notes_anew() {
    use super::super::keys::KeySettings;
    let selects: [fn(&mut Synth); 3] = [
        |synth| send(synth, &[0xC9, 8]),
        |synth| gs(synth, &[0x40, 0x10, 0x01, 8]),
        |synth| xg(synth, &[8, 9, 3, 8]),
    ];
    for (select, n) in selects.into_iter().zip(0..) {
        let mut synth = dc_synth(&[]);
        gs(&mut synth, &[0x41, 0x02, 38, 90]);
        let key = |synth: &Synth| synth.virtual_synth(SYNTH).unwrap().parts().key(9, 38);
        assert_eq!(key(&synth).level, 90);
        select(&mut synth);
        assert_eq!(key(&synth), KeySettings::NONE, "message {n}");
        let part = synth.virtual_synth(SYNTH).unwrap().parts().channel(9);
        assert_eq!(part.unwrap().patch() & 0x7F, 8);
    }
}

/// An XG effect type of one byte is the first of its kind.
#[test]
fn an_effect_without_a_variation_is_the_first() {
    let mut synth = dc_synth(&[]);
    for kind in [1, 2, 3] {
        xg(&mut synth, &[2, 1, 0, kind, 1]);
        let reverb = |synth: &Synth| synth.virtual_synth(SYNTH).unwrap().effects().reverb;
        let [first, second] = [0, 1].map(|variation| Reverb::xg(kind, variation).unwrap());
        assert!(first != second && reverb(&synth) == second, "{kind}");
        xg(&mut synth, &[2, 1, 0, kind]);
        assert_eq!(reverb(&synth), first);
    }
    xg(&mut synth, &[2, 1, 0x20, 0x41]);
    let port = synth.virtual_synth(SYNTH).unwrap();
    assert_eq!(port.effects().chorus, Chorus::xg(0x41, 0).unwrap());
}
