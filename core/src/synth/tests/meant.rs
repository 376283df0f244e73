// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who is meant: of ports, parts, keys, groups and slots that are used again, a message reaches the right ones and no other.

use super::*;

/// A frame's left side after `frames`, as a part of a full-scale voice.
fn level(synth: &mut Synth, frames: usize) -> f32 {
    *left(&render(synth, frames)).last().unwrap()
}

/// Regions with a constant of their own each: key k sounds at k / 1000 of full scale.
fn keyed(changes: &[Connection]) -> Vec<Region> {
    let art = articulation(changes);
    (0..128u8)
        .map(|key| Region {
            keys: (key, key),
            ..region(&wave(RATE, &[i16::from(key) * 32; 64]), looped(0, 64), &art)
        })
        .collect()
}

/// What [`keyed`] regions sound at: the sum of the keys.
fn keys_heard(synth: &mut Synth) -> f32 {
    level(synth, 2400) * 32_767.0 / 32.0
}

/// A port of so many groups.
fn port(groups: u16, regions: &[Region]) -> crate::mem::TryBox<VirtualSynth> {
    let mut port = port_with(regions.to_vec());
    let parts = crate::mem::TryBox::try_new(Parts::new(groups).unwrap()).unwrap();
    drop(port.set_parts(parts));
    port
}

/// Two parts that the pool keeps in one chain: of two ports, and of one port.
#[test]
fn parts_that_share_a_chain_are_apart() {
    let regions = keyed(&[set(Destination::Eg1Release, seconds(0.005))]);
    for (other, part) in [(SynthId(1), 0u16), (SYNTH, 256)] {
        let mut synth = synth_with(64, RATE, Vec::new());
        for id in [SYNTH, SynthId(1)] {
            drop(synth.attach(id, port(18, &regions)));
        }
        let first = if other == SYNTH { 0u16 } else { 61 };
        let to = |synth: &mut Synth, id: SynthId, part: u16, message: [u8; 3]| {
            let [status, a, b] = message;
            synth.message(id, part / 16 + 1, &[status | (part % 16) as u8, a, b]);
        };
        for (id, part, key) in [(SYNTH, first, 40), (other, part, 50)] {
            to(&mut synth, id, part, [0xB0, 7, 127]);
            to(&mut synth, id, part, [0x90, key, 127]);
        }
        near(keys_heard(&mut synth), 90.0, 0.1);
        // Keys, pressure, volume, all notes, all sound.
        to(&mut synth, SYNTH, first, [0x80, 50, 0]);
        near(keys_heard(&mut synth), 90.0, 0.1);
        to(&mut synth, SYNTH, first, [0x90, 50, 127]);
        near(keys_heard(&mut synth), 140.0, 0.1);
        to(&mut synth, SYNTH, first, [0xB0, 123, 0]);
        near(keys_heard(&mut synth), 50.0, 0.1);
        to(&mut synth, SYNTH, first, [0xB0, 120, 0]);
        near(keys_heard(&mut synth), 50.0, 0.1);
        to(&mut synth, other, part, [0xB0, 120, 0]);
        assert_eq!(keys_heard(&mut synth), 0.0);
    }
}

/// What silences a port leaves the others alone.
#[test]
fn a_port_that_falls_silent_does_so_alone() {
    let regions = keyed(&[]);
    for what in 0..4 {
        let mut synth = synth_with(64, RATE, regions.clone());
        drop(synth.attach(SynthId(1), port(2, &regions)));
        for (id, key) in [(SYNTH, 40), (SynthId(1), 50)] {
            for channel in [0, 5] {
                synth.message(id, 1, &[0xB0 | channel, 7, 127]);
                synth.message(id, 1, &[0x90 | channel, key, 127]);
            }
        }
        if what == 3 {
            send(&mut synth, &[0xFE]);
            render(&mut synth, 24_000);
        }
        match what {
            0 => send(&mut synth, &[0xF0, 0x7E, 0x7F, 9, 1, 0xF7]),
            1 => drop(synth.detach(SYNTH)),
            2 => {
                let parts = crate::mem::TryBox::try_new(Parts::new(1).unwrap()).unwrap();
                drop(synth.set_parts(SynthId(1), parts));
                send(&mut synth, &[0xB0, 120, 0]);
                send(&mut synth, &[0xB5, 120, 0]);
            }
            _ => {}
        }
        near(keys_heard(&mut synth), 100.0, 0.1);
    }
}

/// A client's volume acts on its own port, and a message to one port touches no voice of another.
#[test]
fn settings_of_a_port_are_its_own() {
    let regions = keyed(&[]);
    let mut synth = synth_with(64, RATE, regions.clone());
    drop(synth.attach(SynthId(1), port(2, &regions)));
    for (id, key) in [(SYNTH, 40), (SynthId(1), 50)] {
        synth.message(id, 1, &[0xB0, 7, 127]);
        synth.message(id, 1, &[0x90, key, 127]);
    }
    near(keys_heard(&mut synth), 90.0, 0.1);
    // Master balance hard right: this port leaves the left side.
    send(&mut synth, &[0xF0, 0x7F, 0x7F, 4, 2, 127, 127, 0xF7]);
    level(&mut synth, 4800);
    near(keys_heard(&mut synth), 50.0, 0.1);
}

/// Slaves go by the master of their own group.
#[test]
fn phase_groups_have_a_master_each() {
    let frames: Vec<i16> = (0..32_000).collect();
    let ramp = wave(RATE, &frames);
    let member = |group: u16, master: bool, octaves: f64| {
        let art = articulation(&[set(Destination::Pitch, cents(1200.0 * octaves))]);
        Region {
            phase_group: group,
            phase_master: master,
            ..region(&ramp, PLAIN, &art)
        }
    };
    // The pitch of a slave is its master's: 1 + 1 + 2 + 2.
    let regions = std::vec![
        member(1, true, 0.0),
        member(1, false, 3.0),
        member(2, false, 3.0),
        member(2, true, 1.0),
    ];
    let mut synth = synth(regions);
    send(&mut synth, &[0x90, 60, 127]);
    render(&mut synth, 96);
    let out = left(&render(&mut synth, 65));
    // All are for the left side.
    near((out[64] - out[0]) * 32_767.0 / 64.0, 6.0, 0.05);
}

/// A master whose slot another note has taken is no master any more.
#[test]
fn a_slave_outlives_its_master() {
    let frames: Vec<i16> = (0..32_000).collect();
    let ramp = wave(RATE, &frames);
    let short = wave(RATE, &[0; 64]);
    let art = articulation(&[]);
    let of = |wave: &Shared<Wave>, keys: (u8, u8), master: bool| Region {
        keys,
        phase_group: u16::from(keys.0 == 60),
        phase_master: master,
        ..region(wave, PLAIN, &art)
    };
    let silent = wave(RATE, &[0; 20_000]);
    let mut synth = synth(std::vec![
        of(&short, (60, 60), true),
        of(&ramp, (60, 60), false),
        of(&silent, (72, 72), false),
    ]);
    send(&mut synth, &[0x90, 60, 127]);
    render(&mut synth, 320);
    assert_eq!(synth.voices(), 1);
    let slope = |synth: &mut Synth| {
        let out = left(&render(synth, 65));
        (out[64] - out[0]) * 32_767.0 / 64.0
    };
    near(slope(&mut synth), 1.0, 0.01);
    // The wheel is for the slave too, now that nobody leads it: two semitones up.
    send(&mut synth, &[0xE0, 0x7F, 0x7F]);
    render(&mut synth, 64);
    near(slope(&mut synth), 2f32.powf(1.0 / 6.0), 0.01);
    send(&mut synth, &[0xE0, 0, 0x40]);
    render(&mut synth, 64);
    // An octave higher in the master's slot.
    send(&mut synth, &[0x90, 72, 127]);
    render(&mut synth, 96);
    near(slope(&mut synth), 1.0, 0.01);
}

/// A note never takes its own layers' voices: what finds no place is lost.
#[test]
fn layers_do_not_steal_from_each_other() {
    let art = articulation(&[]);
    let layer = |level: i16| region(&wave(RATE, &[level; 64]), looped(0, 64), &art);
    let mut synth = synth_with(2, RATE, std::vec![layer(3000), layer(500), layer(20)]);
    send(&mut synth, &[0x90, 60, 127]);
    near(level(&mut synth, 1000) * 32_767.0, 3500.0, 2.0);
    assert_eq!(synth.voices(), 2);
    assert_eq!(synth.virtual_synth(SYNTH).unwrap().stats().lost_notes, 1);
}

/// All sound off in the frame of a note: not one frame of it is heard.
#[test]
fn a_note_that_is_cut_in_its_frame_is_not_heard() {
    for at in [0, 5, 32] {
        let mut synth = dc_synth(&[]);
        render(&mut synth, at);
        send(&mut synth, &[0x90, 60, 127]);
        send(&mut synth, &[0xB0, 120, 0]);
        assert_eq!(synth.voices(), 0);
        assert!(
            render(&mut synth, 480)
                .iter()
                .all(|frame| *frame == [0.0; 2])
        );
    }
}

/// Of released voices the quieter one goes first, whichever is older; a voice that only a pedal holds goes before one whose key is down.
#[test]
fn the_voice_that_is_missed_least_goes() {
    let long = [set(Destination::Eg1Release, seconds(2.0))];
    let small = |voices: u16| synth_with(voices, RATE, keyed(&long));
    let mut synth = small(2);
    send(&mut synth, &[0x90, 40, 127]);
    render(&mut synth, 480);
    send(&mut synth, &[0x90, 90, 127]);
    render(&mut synth, 480);
    send(&mut synth, &[0x80, 90, 0]);
    render(&mut synth, 4800);
    send(&mut synth, &[0x80, 40, 0]);
    render(&mut synth, 480);
    // 90 has been on its way down ten times as long as 40.
    send(&mut synth, &[0x90, 10, 127]);
    let out = left(&render(&mut synth, 320));
    let heard = out[319] * 32_767.0 / 32.0;
    near(
        heard,
        10.0 + 40.0 * 10f32.powf(-96.0 * 800.0 / 96_000.0 / 20.0),
        0.5,
    );

    let mut synth = small(2);
    send(&mut synth, &[0x90, 40, 127]);
    render(&mut synth, 480);
    send(&mut synth, &[0xB0, 64, 127]);
    send(&mut synth, &[0x90, 50, 127]);
    send(&mut synth, &[0x80, 50, 0]);
    render(&mut synth, 480);
    send(&mut synth, &[0x90, 10, 127]);
    near(keys_heard(&mut synth), 50.0, 0.1);
}

/// Short notes all end: after one that began earlier, and whatever key goes up meanwhile.
#[test]
fn every_short_note_ends() {
    let mut synth = dc_synth(&[]);
    send(&mut synth, &[0x90, 60, 127]);
    render(&mut synth, 100);
    send(&mut synth, &[0x90, 64, 127]);
    render(&mut synth, 100);
    send(&mut synth, &[0x80, 60, 0]);
    send(&mut synth, &[0x80, 64, 0]);
    // Nobody plays this key.
    send(&mut synth, &[0x80, 99, 0]);
    render(&mut synth, 1200);
    assert_eq!(synth.voices(), 0);
}

/// A slot remembers nothing of the note that was in it: here one whose key had gone up before it was cut.
#[test]
fn a_slot_is_used_again_as_new() {
    let mut synth = dc_synth(&[]);
    send(&mut synth, &[0x90, 60, 127]);
    render(&mut synth, 10);
    send(&mut synth, &[0x80, 60, 0]);
    send(&mut synth, &[0xB0, 120, 0]);
    render(&mut synth, 200);
    assert!(synth.pool.is_silent());
    send(&mut synth, &[0x90, 60, 127]);
    render(&mut synth, 100);
    // Another short note, so that the pool looks for those that are to end.
    send(&mut synth, &[0x90, 64, 127]);
    send(&mut synth, &[0x80, 64, 0]);
    render(&mut synth, 4800);
    assert_eq!(synth.voices(), 1);
    near(level(&mut synth, 100), 1.0, 1e-3);
}

/// A release begins at its frame, whatever other message comes with it.
#[test]
fn a_message_without_effect_delays_no_other() {
    let play = |others: &[&[u8]]| {
        let mut synth = dc_synth(&[set(Destination::Eg1Release, seconds(0.05))]);
        send(&mut synth, &[0x90, 60, 127]);
        render(&mut synth, 1003);
        send(&mut synth, &[0x80, 60, 0]);
        for other in others {
            send(&mut synth, other);
        }
        render(&mut synth, 480)
    };
    let alone = play(&[]);
    assert!(left(&alone)[1] < 0.999);
    for others in [
        &[&[0x80, 70, 0][..]][..],
        &[&[0xB0, 64, 0]],
        &[&[0xB0, 66, 0]],
        &[&[0xB5, 123, 0]],
        &[&[0xA0, 61, 9]],
    ] {
        assert!(play(others) == alone, "{others:x?}");
    }
}

/// What CC 121 does to the pedals it does to the notes that they hold.
#[test]
fn a_reset_of_controllers_lifts_the_pedals() {
    for pedal in [64, 66] {
        for value in [0, 127] {
            let mut synth = dc_synth(&[]);
            send(&mut synth, &[0x90, 60, 127]);
            send(&mut synth, &[0xB0, pedal, 127]);
            render(&mut synth, 1200);
            send(&mut synth, &[0x80, 60, 0]);
            render(&mut synth, 1200);
            assert_eq!(synth.voices(), 1);
            send(&mut synth, &[0xB0, 121, value]);
            render(&mut synth, 1200);
            assert_eq!(synth.voices(), 0, "CC {pedal}, {value}");
        }
    }
}

/// A switch is on from 64 on. A pedal that is pressed again, or further, is down as before.
#[test]
fn pedals_have_a_middle() {
    for (value, voices) in [(0, 0), (63, 0), (64, 1), (127, 1)] {
        for pedal in [64, 66] {
            let mut synth = dc_synth(&[]);
            send(&mut synth, &[0x90, 60, 127]);
            send(&mut synth, &[0xB0, pedal, 127]);
            render(&mut synth, 1200);
            send(&mut synth, &[0x80, 60, 0]);
            send(&mut synth, &[0xB0, pedal, value]);
            render(&mut synth, 1200);
            assert_eq!(synth.voices(), voices, "CC {pedal}, {value}");
        }
    }
    // Sostenuto catches at its way down only.
    let mut synth = dc_synth(&[]);
    send(&mut synth, &[0xB0, 66, 127]);
    send(&mut synth, &[0x90, 60, 127]);
    send(&mut synth, &[0xB0, 66, 100]);
    render(&mut synth, 1200);
    send(&mut synth, &[0x80, 60, 0]);
    render(&mut synth, 1200);
    assert_eq!(synth.voices(), 0);
}

/// All of CC 123 to 127 end the notes.
#[test]
fn every_mode_message_ends_the_notes() {
    for number in 119..=127 {
        let mut synth = dc_synth(&[]);
        send(&mut synth, &[0x90, 60, 127]);
        render(&mut synth, 1200);
        send(&mut synth, &[0xB0, number, 0]);
        render(&mut synth, 1200);
        let stays = matches!(number, 119 | 121 | 122);
        assert_eq!(synth.voices(), u32::from(stays), "CC {number}");
    }
}

/// What ends all notes of a mono channel leaves no key to go back to; nor does leaving.
#[test]
fn no_key_is_down_after_all_are_up() {
    for what in [120, 123, 124, 126, 0] {
        let mut synth = synth(keyed(&[]));
        send(&mut synth, &[0xB0, 126, 1]);
        send(&mut synth, &[0x90, 60, 127]);
        render(&mut synth, 1200);
        if what == 0 {
            let port = synth.detach(SYNTH).unwrap();
            render(&mut synth, 1200);
            drop(synth.attach(SYNTH, port));
        } else {
            send(&mut synth, &[0xB0, what, 1]);
        }
        send(&mut synth, &[0x90, 64, 127]);
        render(&mut synth, 1200);
        send(&mut synth, &[0x80, 64, 0]);
        render(&mut synth, 1200);
        assert_eq!(synth.voices(), 0, "CC {what}");
    }
}

/// An output of another rate begins as a new one does: no limiter that still holds, no cutoff and no LFO of the old rate.
#[test]
fn a_new_rate_is_a_new_beginning() {
    let frames: Vec<i16> = (0..64)
        .map(|i| if i % 2 == 0 { 20_000 } else { -20_000 })
        .collect();
    let closed = articulation(&[
        set(Destination::FilterCutoff, cents(9000.0)),
        set(Destination::FilterQ, decibel(6.0)),
        set(Destination::Eg1Attack, seconds(0.01)),
        connect(
            (Source::Lfo, BIPOLAR),
            Source::None,
            Destination::Gain,
            decibel(6.0),
        ),
    ]);
    let regions = std::vec![region(&wave(RATE, &frames), looped(0, 64), &closed)];
    for rate in [22_050, 44_100, 96_000] {
        let mut fresh = synth_with(64, rate, regions.clone());
        let mut changed = synth_with(64, RATE, regions.clone());
        // Its voice is the one that the note has later. The numbers of notes and ticks say where plans of up to 16 ticks end: 64 ticks and, with
        // the one below, so many notes are a multiple of all these.
        for _ in 1..720_720 - 64 {
            send(&mut changed, &[0x90, 60, 127]);
        }
        let (dc_wave, info) = dc();
        let loud = port_with(std::vec![region(&dc_wave, info, &articulation(&[])); 20]);
        drop(changed.attach(SynthId(1), loud));
        changed.message(SynthId(1), 1, &[0x90, 60, 127]);
        let out = render(&mut changed, 4096);
        assert!(out[4095][0] > 0.9);
        drop(changed.detach(SynthId(1)));
        changed.set_output(rate);
        assert_eq!((changed.rate(), changed.voices()), (rate, 0));
        for synth in [&mut fresh, &mut changed] {
            send(synth, &[0x90, 60, 127]);
        }
        assert!(
            render(&mut fresh, 40_960) == render(&mut changed, 40_960),
            "{rate}"
        );
    }
    for (asked, got) in [
        (0, 8_000),
        (7_999, 8_000),
        (192_001, 192_000),
        (u32::MAX, 192_000),
    ] {
        let mut synth = synth_with(1, asked, Vec::new());
        assert_eq!(synth.rate(), got);
        synth.set_output(48_000);
        synth.set_output(asked);
        assert_eq!(synth.rate(), got);
    }
}

/// Peaks are the highest since they were taken.
#[test]
fn peaks_stay_until_they_are_taken() {
    let mut synth = dc_synth(&[]);
    let hold = |synth: &mut Synth, keys: &[u8]| {
        for key in keys {
            send(synth, &[0x90, *key, 127]);
        }
        render(synth, 320);
        send(synth, &[0xB0, 120, 0]);
        render(synth, 320);
    };
    hold(&mut synth, &[60, 62]);
    hold(&mut synth, &[60]);
    let port = synth.virtual_synth_mut(SYNTH).unwrap();
    assert_eq!(port.stats().peak_voices, 2);
    near(port.take_peak() / FULL, 2.0, 0.01);
    assert_eq!(port.take_peak(), 0.0);
    // The side does not matter.
    for side in [0, 127] {
        send(&mut synth, &[0xB0, 10, side]);
        render(&mut synth, 960);
        hold(&mut synth, &[60]);
        let peak = synth.virtual_synth_mut(SYNTH).unwrap().take_peak();
        near(peak / FULL, core::f32::consts::SQRT_2, 0.01);
    }
}
