// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tables of the systems, row by row: what each parameter sets, and that it sets nothing else.

use super::super::channel::Route;
use super::super::effects::{Chorus, EffectSettings, Reverb, Room};
use super::requests::{gs, sysex, xg};
use super::*;

fn channel(synth: &Synth, index: u16) -> Channel {
    let port = synth.virtual_synth(SYNTH).unwrap();
    port.parts().channel(index).unwrap().clone()
}

fn effects(synth: &Synth) -> EffectSettings {
    *synth.virtual_synth(SYNTH).unwrap().effects()
}

/// A synthesizer in its power-on state.
fn fresh() -> Synth {
    let mut synth = dc_synth(&[]);
    renew(&mut synth);
    synth
}

/// GM on.
fn renew(synth: &mut Synth) {
    sysex(synth, &[0x7E, 0x7F, 9, 1]);
}

/// Controllers of a channel after power-on: the table of DLS 2.2 §2.10 and GM2; all others are 0.
const POWER_ON: [(u8, u8); 19] = [
    (7, 100),
    (8, 64),
    (10, 64),
    (11, 127),
    (70, 64),
    (71, 64),
    (72, 64),
    (73, 64),
    (74, 64),
    (75, 64),
    (76, 64),
    (77, 64),
    (78, 64),
    (79, 64),
    (91, 40),
    (98, 127),
    (99, 127),
    (100, 127),
    (101, 127),
];

#[test]
fn controllers_after_power_on() {
    let synth = fresh();
    for index in 0..32 {
        let channel = channel(&synth, index);
        for number in 0..128u8 {
            let row = POWER_ON.iter().find(|row| row.0 == number);
            let wanted = row.map_or(0, |row| row.1);
            assert_eq!(channel.get(number), wanted, "CC {number}");
        }
        assert_eq!((channel.wheel, channel.pressure), (0x2000, 0));
    }
}

/// CC 121: by RP-015 these controllers go back and all others stay; 127 brings back power-on, the parameters with it.
#[test]
fn what_a_reset_of_controllers_resets() {
    const RESET: [u8; 9] = [1, 2, 4, 64, 65, 66, 67, 68, 69];
    let touched = || {
        let mut channel = Channel::new(0);
        channel.controllers = [77; 128];
        (channel.wheel, channel.pressure) = (1, 2);
        channel.rpn = [1, 2, 3];
        (channel.tuning, channel.modulation_range) = ((4, 5), 6);
        channel.glide_from = Some(60);
        (channel.program, channel.bank) = (7, (8, 9));
        channel
    };
    let mut channel = touched();
    channel.reset_controllers(0);
    for number in 0..128u8 {
        let wanted = match number {
            11 | 98..=101 => 127,
            number if RESET.contains(&number) => 0,
            _ => 77,
        };
        assert_eq!(channel.get(number), wanted, "CC {number}");
    }
    assert_eq!((channel.wheel, channel.pressure), (0x2000, 0));
    assert_eq!((channel.rpn, channel.tuning), ([1, 2, 3], (4, 5)));
    assert_eq!((channel.modulation_range, channel.glide_from), (6, None));
    let mut channel = touched();
    channel.reset_controllers(127);
    assert_eq!(channel.controllers, Channel::new(0).controllers);
    assert_eq!((channel.wheel, channel.pressure), (0x2000, 0));
    assert_eq!(channel.rpn, [2 << 7, 0x2000, 64 << 7]);
    assert_eq!((channel.tuning, channel.modulation_range), ((0, 0), 64));
    assert_eq!(channel.glide_from, None);
    assert_eq!((channel.program, channel.bank), (7, (8, 9)));
}

/// The controllers that differ from those of another channel.
fn changed(channel: &Channel, from: &Channel) -> Vec<(u8, u8)> {
    (0..128)
        .filter(|&number| channel.get(number) != from.get(number))
        .map(|number| (number, channel.get(number)))
        .collect()
}

/// Address and controller of the part parameters that are one by another name.
const XG_CONTROLLERS: [(u8, u8); 13] = [
    (0x0B, 7),
    (0x0E, 10),
    (0x12, 93),
    (0x13, 91),
    (0x15, 76),
    (0x16, 77),
    (0x17, 78),
    (0x18, 74),
    (0x19, 71),
    (0x1A, 73),
    (0x1B, 75),
    (0x1C, 72),
    (0x68, 5),
];
const GS_CONTROLLERS: [(u8, u8); 12] = [
    (0x19, 7),
    (0x1C, 10),
    (0x21, 93),
    (0x22, 91),
    (0x30, 76),
    (0x31, 77),
    (0x32, 74),
    (0x33, 71),
    (0x34, 73),
    (0x35, 75),
    (0x36, 72),
    (0x37, 78),
];

#[test]
fn part_parameters_that_are_controllers() {
    let mut synth = fresh();
    for (address, number) in XG_CONTROLLERS {
        renew(&mut synth);
        let before = channel(&synth, 3);
        xg(&mut synth, &[8, 3, address, 33]);
        let after = channel(&synth, 3);
        assert_eq!(changed(&after, &before), [(number, 33)], "XG {address:x}");
    }
    for (address, number) in GS_CONTROLLERS {
        renew(&mut synth);
        let before = channel(&synth, 3);
        gs(&mut synth, &[0x40, 0x14, address, 33]);
        let after = channel(&synth, 3);
        assert_eq!(changed(&after, &before), [(number, 33)], "GS {address:x}");
    }
    // Pan 0 is "random": it stays where it was.
    renew(&mut synth);
    let before = channel(&synth, 3);
    xg(&mut synth, &[8, 3, 0x0E, 0]);
    gs(&mut synth, &[0x40, 0x14, 0x1C, 0]);
    assert_eq!(changed(&channel(&synth, 3), &before), []);
    // XG's switch of portamento.
    for (value, wanted) in [(1, 127), (127, 127), (0, 0)] {
        xg(&mut synth, &[8, 3, 0x67, value]);
        assert_eq!(channel(&synth, 3).get(65), wanted);
    }
}

#[test]
fn other_part_parameters() {
    let mut synth = fresh();
    // Key shift: within two octaves.
    for (value, semitones) in [
        (0x40, 0),
        (0x43, 3),
        (0x28, -24),
        (0x58, 24),
        (0, -24),
        (127, 24),
    ] {
        renew(&mut synth);
        xg(&mut synth, &[8, 3, 8, value]);
        gs(&mut synth, &[0x40, 0x15, 0x16, value]);
        for index in [3, 4] {
            assert_eq!(channel(&synth, index).transpose(), semitones, "{value}");
        }
    }
    // Scale tuning: C to B, in cents.
    renew(&mut synth);
    for class in 0..12u8 {
        let versions = [3, 4].map(|index| channel(&synth, index).scale_version);
        xg(&mut synth, &[8, 3, 0x41 + class, 60 + class]);
        gs(&mut synth, &[0x40, 0x15, 0x40 + class, 60 + class]);
        for (index, version) in [3, 4].into_iter().zip(versions) {
            assert_ne!(channel(&synth, index).scale_version, version);
        }
    }
    for index in [3, 4] {
        let wanted = core::array::from_fn(|class| class as f32 - 4.0);
        assert_eq!(channel(&synth, index).scale, wanted);
    }
    // XG: normal, drums, drum set-up 1, 2; GS: melodic, map 1, 2, also in a message of more bytes.
    for (value, drum, map) in [(0, false, 1), (1, true, 1), (2, true, 1), (3, true, 2)] {
        xg(&mut synth, &[8, 3, 7, value]);
        let part = channel(&synth, 3);
        assert_eq!((part.drum, part.drum_map), (drum, map), "{value}");
    }
    for (value, drum, map) in [(1, true, 1), (2, true, 2), (0, false, 1)] {
        gs(&mut synth, &[0x40, 0x15, 0x14, 0, value]);
        let part = channel(&synth, 4);
        assert_eq!((part.drum, part.drum_map), (drum, map), "{value}");
    }
    // The number of the controller of 40 2x 4y: not the channel's own messages.
    for (value, wanted) in [(17, 17), (0x5F, 0x5F), (0x60, 0x5F), (1, 1)] {
        gs(&mut synth, &[0x40, 0x15, 0x1F, value]);
        assert_eq!(channel(&synth, 4).routes.number, wanted);
    }
    // Bend range: 0 to 24 semitones.
    for (value, semitones) in [(0x42, 2), (0x58, 24), (0x7F, 24), (0x40, 0), (0, 0)] {
        gs(&mut synth, &[0x40, 0x25, 0x10, value]);
        assert_eq!(channel(&synth, 4).rpn[0], semitones << 7);
    }
}

/// 40 2x: the high digit of the address is the source, and no other source is touched; pitch keeps within two octaves.
#[test]
fn sources_of_a_parts_controllers() {
    let mut synth = fresh();
    for (source, which) in [(0x20, 0), (0x30, 1), (0x40, 2)] {
        for (parameter, value) in [(0, 0x43), (1, 33), (2, 34)] {
            renew(&mut synth);
            gs(&mut synth, &[0x40, 0x25, source | parameter, value]);
            let routes = channel(&synth, 4).routes;
            let all = [
                routes.channel_pressure,
                routes.poly_pressure,
                routes.controller,
            ];
            let mut wanted = [Route::NONE; 3];
            match parameter {
                0 => wanted[which].pitch = value,
                1 => wanted[which].cutoff = value,
                _ => wanted[which].amplitude = value,
            }
            assert_eq!(all, wanted, "{source:x} {parameter}");
        }
    }
    let mut route = Route::NONE;
    for (value, wanted) in [(0, 0x28), (0x40, 0x40), (127, 0x58)] {
        route.set(0, value);
        assert_eq!(route.pitch, wanted);
    }
}

/// GS 40 01 3x and XG 02 01: each sets its own.
#[test]
fn parameters_of_the_effects() {
    let synth = core::cell::RefCell::new(fresh());
    let usual = effects(&synth.borrow());
    let after = |set: &dyn Fn(&mut Synth)| {
        let mut synth = synth.borrow_mut();
        renew(&mut synth);
        set(&mut synth);
        effects(&synth)
    };
    let by_gs = |address: u8, value: u8| after(&|synth| gs(synth, &[0x40, 1, address, value]));
    let by_xg = |address: u8, data: &[u8]| {
        after(&|synth| xg(synth, &[&[2, 1, address][..], data].concat()))
    };
    let reverb = |change: &dyn Fn(&mut Reverb)| {
        let mut wanted = usual;
        change(&mut wanted.reverb);
        wanted
    };
    let chorus = |change: &dyn Fn(&mut Chorus)| {
        let mut wanted = usual;
        change(&mut wanted.chorus);
        wanted
    };
    // The room of the macro, the low-pass before the reverb in half octaves down from 12 kHz, level 64 as usual.
    for (value, room) in [
        (0, Room::SmallRoom),
        (1, Room::MediumRoom),
        (2, Room::LargeRoom),
        (3, Room::MediumHall),
        (4, Room::LargeHall),
        (5, Room::Plate),
    ] {
        assert_eq!(by_gs(0x31, value), reverb(&|r| r.room = room));
    }
    assert_eq!(by_gs(0x31, 8), usual);
    for (value, hertz) in [(1, 12_000.0), (3, 6_000.0), (5, 3_000.0), (7, 1_500.0)] {
        let found = by_gs(0x32, value);
        near(found.reverb.cutoff, hertz, 0.01);
        assert_eq!(found, reverb(&|r| r.cutoff = found.reverb.cutoff));
    }
    assert_eq!(by_gs(0x32, 0).reverb.cutoff, f32::INFINITY);
    assert_eq!(by_gs(0x33, 96), reverb(&|r| r.level = 1.5));
    assert_eq!(by_gs(0x3A, 96), chorus(&|c| c.level = 1.5));
    for (address, value, wanted) in [
        (0x3B, 100, 0.763),
        (0x3D, 10, 1.22),
        (0x3E, 31, 0.01),
        (0x3F, 50, 0.3935),
    ] {
        let found = by_gs(address, value);
        let get = |c: &Chorus| match address {
            0x3B => c.feedback,
            0x3D => c.rate,
            0x3E => c.depth,
            _ => c.to_reverb,
        };
        near(get(&found.chorus), wanted, 1e-4);
        let mut others = found;
        match address {
            0x3B => others.chorus.feedback = usual.chorus.feedback,
            0x3D => others.chorus.rate = usual.chorus.rate,
            0x3E => others.chorus.depth = usual.chorus.depth,
            _ => others.chorus.to_reverb = usual.chorus.to_reverb,
        }
        assert_eq!(others, usual, "{address:x}");
    }
    assert_eq!(by_xg(0x0C, &[96]), reverb(&|r| r.level = 1.5));
    assert_eq!(by_xg(0x2C, &[96]), chorus(&|c| c.level = 1.5));
    assert_eq!(by_xg(0x00, &[0, 0]), reverb(&|r| r.level = 0.0));
    assert_eq!(by_xg(0x20, &[0, 0]), chorus(&|c| c.level = 0.0));
    // Types of GM2 that there are, the last ones with them.
    for (slot, kind, known) in [
        (1, 8, true),
        (1, 5, false),
        (1, 7, false),
        (1, 9, false),
        (2, 5, true),
        (2, 6, false),
    ] {
        let found = after(&|synth| sysex(synth, &[0x7F, 0x7F, 4, 5, 1, 1, 1, 1, slot, 0, kind]));
        assert_eq!(found != usual, known, "{slot} {kind}");
    }
}

/// A system message brings back what system messages set, and what is heard with it.
#[test]
fn a_reset_forgets_everything() {
    let note = |synth: &mut Synth| {
        send(synth, &[0xB0, 7, 127]);
        send(synth, &[0x90, 64, 127]);
        let out = render(synth, 1024);
        send(synth, &[0xB0, 120, 0]);
        render(synth, 256);
        out
    };
    let mut synth = fresh();
    let usual = effects(&synth);
    let wanted = note(&mut synth);
    let settings: [&[u8]; 12] = [
        &[0x7F, 0x7F, 4, 1, 0, 32],
        &[0x7F, 0x7F, 4, 2, 0, 96],
        &[0x7F, 0x7F, 4, 3, 0, 0x60],
        &[0x7F, 0x7F, 4, 4, 0, 0x45],
        &[0x7F, 0x7F, 4, 5, 1, 1, 1, 1, 1, 0, 0],
        &[0x7F, 0x7F, 4, 5, 1, 1, 1, 1, 2, 0, 5],
        &[0x7E, 0x7F, 10, 3],
        // Key 64 half a semitone up; all E; pressure to amplitude; the key's volume.
        &[0x7F, 0x7F, 8, 2, 0, 1, 64, 64, 0x40, 0],
        &[
            0x7F, 0x7F, 8, 8, 3, 127, 127, 64, 64, 64, 64, 90, 64, 64, 64, 64, 64, 64, 64,
        ],
        &[0x7F, 0x7F, 9, 3, 0, 7, 2, 0],
        &[0x7F, 0x7F, 10, 1, 0, 64, 7, 20],
        &[0x41, 0x10, 0x42, 0x12, 0x40, 0x11, 0x15, 1, 0x19],
    ];
    for reset in [
        &[0x7E, 0x7F, 9, 1][..],
        &[0x7E, 0x7F, 9, 2],
        &[0x41, 0x10, 0x42, 0x12, 0x40, 0, 0x7F, 0, 0x41],
        &[0x43, 0x10, 0x4C, 0, 0, 0x7E, 0],
    ] {
        for setting in &settings {
            sysex(&mut synth, setting);
            sysex(&mut synth, reset);
            let port = synth.virtual_synth(SYNTH).unwrap();
            assert!(port.static_allocation);
            assert_eq!(*port.effects(), usual);
            assert!(note(&mut synth) == wanted, "{setting:x?} {reset:x?}");
        }
    }
    // The priority is the client's.
    synth
        .virtual_synth_mut(SYNTH)
        .unwrap()
        .set_priority(1, 0, 7);
    sysex(&mut synth, &[0x7E, 0x7F, 9, 1]);
    assert_eq!(synth.virtual_synth(SYNTH).unwrap().priority(1, 0), Some(7));
}

/// Master volume of GS and XG: 7 bits, full at 127, by the square law; fine tuning in tenths of a cent ends at a semitone; the balance at
/// its ends.
#[test]
fn masters() {
    let mut synth = fresh();
    let full = synth.virtual_synth(SYNTH).unwrap().gain();
    for (value, level) in [(127, 1.0), (64, 0.2540), (0, 0.0)] {
        renew(&mut synth);
        gs(&mut synth, &[0x40, 0, 4, value]);
        let gain = synth.virtual_synth(SYNTH).unwrap().gain();
        near(gain / full, level, 1e-3);
    }
    for (nibbles, cents) in [
        ([0, 0, 1, 8], -100.0),
        ([0, 0, 0, 0], -100.0),
        ([0, 7, 0xE, 8], 100.0),
        ([0xF, 0xF, 0xF, 0xF], 100.0),
        ([0, 4, 0, 0xA], 1.0),
    ] {
        renew(&mut synth);
        xg(&mut synth, &[&[0, 0, 0][..], &nibbles].concat());
        near(synth.virtual_synth(SYNTH).unwrap().fine_tuning, cents, 1e-3);
    }
    for (low, high, wanted) in [(0, 0, -1.0), (0, 1, -1.0), (127, 127, 1.0), (0, 64, 0.0)] {
        renew(&mut synth);
        sysex(&mut synth, &[0x7F, 0x7F, 4, 2, low, high]);
        near(synth.virtual_synth(SYNTH).unwrap().balance, wanted, 1e-6);
    }
}
