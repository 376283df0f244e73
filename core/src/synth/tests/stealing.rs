// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who is cut when voices run out.

use super::*;

/// A synthesizer of `voices` voices with a constant wave and a long release.
fn small(voices: u16) -> Synth {
    let (wave, info) = dc();
    synth_with(
        voices,
        RATE,
        std::vec![region(
            &wave,
            info,
            &articulation(&[set(Destination::Eg1Release, seconds(20.0))])
        )],
    )
}

/// Whether a note of the channel still sounds: mute all others.
fn sounds(synth: &mut Synth, channel: u8) -> bool {
    for other in (0..16).filter(|c| *c != channel) {
        send(synth, &[0xB0 | other, 7, 0]);
    }
    let level = left(&render(synth, 9600))[9599];
    for other in 0..16 {
        send(synth, &[0xB0 | other, 7, 127]);
    }
    render(synth, 9600);
    level > 0.01
}

#[test]
fn lower_channels_never_steal_from_higher_ones() {
    // Order of importance: 10, 1–9, 11–16.
    let mut synth = small(2);
    send(&mut synth, &[0x99, 60, 127]);
    send(&mut synth, &[0x90, 60, 127]);
    render(&mut synth, 100);
    send(&mut synth, &[0x9A, 60, 127]);
    assert_eq!(synth.voices(), 2);
    assert_eq!(synth.virtual_synth(SYNTH).unwrap().stats().lost_notes, 1);
    assert!(sounds(&mut synth, 9) && sounds(&mut synth, 0) && !sounds(&mut synth, 10));
    // Not even once the higher note is released.
    send(&mut synth, &[0x80, 60, 0]);
    send(&mut synth, &[0x91, 60, 127]);
    assert!(sounds(&mut synth, 0) && !sounds(&mut synth, 1));
}

#[test]
fn higher_channels_take_the_least_important_voice() {
    let mut synth = small(3);
    for channel in [15, 4, 0] {
        send(&mut synth, &[0x90 | channel, 60, 127]);
        render(&mut synth, 50);
    }
    send(&mut synth, &[0x99, 60, 127]);
    assert!(
        !sounds(&mut synth, 15)
            && sounds(&mut synth, 4)
            && sounds(&mut synth, 0)
            && sounds(&mut synth, 9)
    );
}

#[test]
fn released_then_oldest_inside_a_channel() {
    let mut synth = small(3);
    // Three voices stay below the limiter.
    synth.virtual_synth_mut(SYNTH).unwrap().set_volume(-2000);
    for key in [60, 61, 62] {
        send(&mut synth, &[0x90, key, 127]);
        render(&mut synth, 50);
    }
    send(&mut synth, &[0x80, 61, 0]);
    render(&mut synth, 480);
    // The released one goes: nothing is lost.
    send(&mut synth, &[0x90, 63, 127]);
    render(&mut synth, 480);
    assert_eq!(synth.virtual_synth(SYNTH).unwrap().stats().lost_notes, 0);
    // Then the oldest: key 60. Its note-off changes nothing any more, that of 62 does.
    send(&mut synth, &[0x90, 64, 127]);
    assert_eq!(synth.virtual_synth(SYNTH).unwrap().stats().lost_notes, 1);
    near(left(&render(&mut synth, 960))[959], 0.3, 1e-3);
    send(&mut synth, &[0x80, 60, 0]);
    near(left(&render(&mut synth, 960))[959], 0.3, 1e-3);
}

#[test]
fn client_priorities_decide() {
    let mut synth = small(1);
    let port = synth.virtual_synth_mut(SYNTH).unwrap();
    assert_eq!(port.priority(1, 9), Some(0x8000_000F));
    assert_eq!(port.priority(1, 0), Some(0x8000_000E));
    assert_eq!(port.priority(1, 8), Some(0x8000_0006));
    assert_eq!(port.priority(1, 10), Some(0x8000_0005));
    assert_eq!(port.priority(2, 15), Some(0x8000_0000));
    assert_eq!(
        (
            port.priority(0, 0),
            port.priority(3, 0),
            port.priority(1, 16)
        ),
        (None, None, None)
    );
    assert!(port.set_priority(2, 15, 0xF000_0000));
    send(&mut synth, &[0x99, 60, 127]);
    render(&mut synth, 10);
    synth.message(SYNTH, 2, &[0x9F, 61, 127]);
    assert_eq!(synth.virtual_synth(SYNTH).unwrap().stats().lost_notes, 1);
    render(&mut synth, 1000);
    send(&mut synth, &[0x99, 60, 127]);
    assert_eq!(synth.virtual_synth(SYNTH).unwrap().stats().lost_notes, 2);
}

#[test]
fn a_stolen_voice_fades_without_a_click() {
    let mut synth = small(1);
    send(&mut synth, &[0x90, 60, 127]);
    let mut out = left(&render(&mut synth, 1009));
    // The new note is silent: what is heard is the old one's end.
    send(&mut synth, &[0xB1, 7, 0]);
    send(&mut synth, &[0xB0, 7, 127]);
    let quiet = articulation(&[set(Destination::Eg1Delay, seconds(10.0))]);
    let (wave, info) = dc();
    let patches = Patches {
        built_in: Vec::new(),
        instruments: std::vec![
            Shared::try_new(Instrument::new(
                0,
                false,
                std::vec![region(&wave, info, &quiet)]
            ))
            .unwrap()
        ],
    };
    synth
        .virtual_synth_mut(SYNTH)
        .unwrap()
        .set_patches(Shared::try_new(patches).unwrap());
    send(&mut synth, &[0x90, 72, 127]);
    out.extend(left(&render(&mut synth, 400)));
    assert!(out.windows(2).all(|w| (w[0] - w[1]).abs() < 0.01));
    assert!(out[1009] > 0.9 && out[1009 + 160] == 0.0);
}

#[test]
fn a_flood_at_one_instant_stays_in_bounds() {
    let mut synth = small(8);
    for round in 0..50 {
        for key in 0..128 {
            send(&mut synth, &[0x90 | (round % 16), key, 127]);
        }
        assert!(synth.voices() <= 8);
        let out = render(&mut synth, 7);
        assert!(out.iter().all(|f| f[0].is_finite()));
    }
    let stats = *synth.virtual_synth(SYNTH).unwrap().stats();
    assert_eq!(stats.notes, 6400);
    assert!(stats.peak_voices <= 8 && stats.lost_notes >= 6400 - 1000);
}

#[test]
fn a_tail_goes_before_a_held_note_of_a_lower_channel() {
    // Of two voices the ninth channel holds one, the first channel's rings; its next note needs one.
    let play = |priority: u32| {
        let mut synth = small(2);
        let port = synth.virtual_synth_mut(SYNTH).unwrap();
        assert!(port.set_priority(1, 0, priority));
        send(&mut synth, &[0x98, 60, 127]);
        send(&mut synth, &[0x90, 60, 127]);
        render(&mut synth, 480);
        send(&mut synth, &[0x80, 60, 0]);
        render(&mut synth, 50);
        send(&mut synth, &[0x90, 62, 127]);
        let lost = synth.virtual_synth(SYNTH).unwrap().stats().lost_notes;
        (lost, sounds(&mut synth, 8), sounds(&mut synth, 0))
    };
    // The first channel's own tail makes room; the ninth channel's note goes on.
    assert_eq!(play(0x8000_000E), (0, true, true));
    // A class that a client has set counts before that.
    assert_eq!(play(0xC000_000E), (1, false, true));
}

/// Voices move into a larger room unheard; there they end as their keys do, and as many as it is made for find a place.
#[test]
fn voices_move_into_a_larger_room() {
    let mut still = small(8);
    let mut synth = small(8);
    let keys = [50, 55, 60, 65, 70];
    for synth in [&mut still, &mut synth] {
        for key in keys {
            send(synth, &[0x90, key, 127]);
        }
        render(synth, 1003);
    }
    let room = crate::mem::TryBox::try_new(Room::new(64).unwrap()).unwrap();
    drop(synth.set_room(room));
    assert_eq!((synth.voices(), lost(&synth)), (5, 0));
    assert_eq!(render(&mut synth, 777), render(&mut still, 777));
    for synth in [&mut still, &mut synth] {
        send(synth, &[0xB0, 123, 0]);
    }
    assert_eq!(render(&mut synth, 777), render(&mut still, 777));
    for key in 0..64 {
        send(&mut synth, &[0x90, key, 127]);
    }
    render(&mut synth, 777);
    assert_eq!(synth.voices(), 64);
    // Each key reaches its voice.
    send(&mut synth, &[0xB0, 120, 0]);
    render(&mut synth, 777);
    assert_eq!(synth.voices(), 0);
}

/// Of those that are too many for a smaller room the least important go, and count as lost.
#[test]
fn a_smaller_room_keeps_the_most_important() {
    for limit in 1..8u16 {
        let mut synth = small(8);
        for channel in 0..6 {
            send(&mut synth, &[0x90 | channel, 60, 127]);
        }
        render(&mut synth, 1003);
        let room = crate::mem::TryBox::try_new(Room::new(limit).unwrap()).unwrap();
        drop(synth.set_room(room));
        render(&mut synth, 640);
        let left = limit.min(6);
        assert_eq!(synth.voices(), u32::from(left));
        assert_eq!(lost(&synth), u64::from(6 - left));
        for channel in 0..6 {
            assert_eq!(
                sounds(&mut synth, channel),
                u16::from(channel) < left,
                "{channel} of {limit}"
            );
        }
    }
}

fn lost(synth: &Synth) -> u64 {
    synth.virtual_synth(SYNTH).unwrap().stats().lost_notes
}

/// Whoever is silenced twice goes once, as fast as the first time, and takes nobody along.
#[test]
fn silencing_twice_is_silencing_once() {
    let mut synth = small(8);
    for channel in 0..3 {
        send(&mut synth, &[0x90 | channel, 60, 127]);
    }
    render(&mut synth, 1003);
    for _ in 0..3 {
        send(&mut synth, &[0xB0, 120, 0]);
        assert_eq!(synth.voices(), 2);
        render(&mut synth, 40);
    }
    // The fade takes 128 frames from the first on.
    render(&mut synth, 80);
    assert_eq!((synth.voices(), synth.work(true).voices), (2, 2));
}
