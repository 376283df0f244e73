// SPDX-License-Identifier: MIT OR Apache-2.0
//! Notes without a length: they sound for 10 ms at least, whatever the partition of time.

use super::*;

/// Frames until a looped wave without a release is silent.
fn length(between: usize, rate: u32, position: usize) -> usize {
    let (wave, info) = dc();
    let regions = std::vec![region(&wave, info, &articulation(&[]))];
    let mut synth = synth_with(8, rate, regions);
    render(&mut synth, position);
    send(&mut synth, &[0x90, 60, 127]);
    let mut out = render(&mut synth, between);
    send(&mut synth, &[0x80, 60, 0]);
    out.extend(render(&mut synth, rate as usize));
    out.iter()
        .rposition(|frame| frame[0] != 0.0)
        .map_or(0, |last| last + 1)
}

#[test]
fn a_note_of_no_length_lasts_10_ms() {
    for rate in [8_000, 44_100, 48_000, 96_000] {
        let shortest = rate as usize / 100;
        // Up to the next tick, and the shortest release: 3 ms.
        let longest = shortest + 32 + rate as usize * 3 / 1000 + 40;
        for position in [0, 1, 31, 32, 500] {
            for between in [0, 1, shortest / 2] {
                let seen = length(between, rate, position);
                assert!(
                    (shortest..=longest).contains(&seen),
                    "{rate} {position} {between}: {seen}"
                );
            }
        }
        // A longer one ends when its key goes up.
        let long = shortest * 3;
        let seen = length(long, rate, 0);
        assert!(
            (long..=long + longest - shortest).contains(&seen),
            "{rate}: {seen}"
        );
    }
}

/// Its release begins at the very frame at which it is long enough.
#[test]
fn a_short_note_ends_at_its_frame() {
    let mut synth = dc_synth(&[set(Destination::Eg1Release, seconds(0.01))]);
    send(&mut synth, &[0x90, 60, 127]);
    send(&mut synth, &[0x80, 60, 0]);
    let out = left(&render(&mut synth, 1000));
    // 480 is no tick. Then 0.2 dB per frame.
    assert!(out[..=480].iter().all(|x| (x - 1.0).abs() < 1e-3));
    for frame in [512, 560, 640, 700] {
        near(db(out[frame]), -0.2 * (frame - 480) as f32, 1.0);
    }
}

#[test]
fn any_partition_gives_the_same() {
    let play = |block: usize| {
        let mut synth = dc_synth(&[]);
        let mut out = Vec::new();
        for key in [60, 62, 60, 60] {
            send(&mut synth, &[0x90, key, 100]);
            send(&mut synth, &[0x80, key, 0]);
            let mut left = 337;
            while left > 0 {
                let frames = left.min(block);
                out.extend(render(&mut synth, frames));
                left -= frames;
            }
        }
        out
    };
    let whole = play(337);
    for block in [1, 7, 32, 100] {
        assert!(play(block) == whole, "{block}");
    }
    assert!(whole.iter().any(|frame| frame[0] != 0.0));
}

/// Pedals, the end of all notes and of all sound act as on other notes.
#[test]
fn messages_between() {
    let voices = |messages: &[&[u8]]| {
        let mut synth = dc_synth(&[]);
        send(&mut synth, &[0x90, 60, 100]);
        for message in messages {
            send(&mut synth, message);
        }
        render(&mut synth, 2000);
        synth.voices()
    };
    assert_eq!(voices(&[&[0x80, 60, 0]]), 0);
    // A pedal that comes after the key has gone up holds nothing; one that was down does.
    assert_eq!(voices(&[&[0x80, 60, 0], &[0xB0, 64, 127]]), 0);
    assert_eq!(voices(&[&[0xB0, 64, 127], &[0x80, 60, 0]]), 1);
    assert_eq!(
        voices(&[&[0xB0, 64, 127], &[0x80, 60, 0], &[0xB0, 64, 0]]),
        0
    );
    // The key again: the new note is held.
    assert_eq!(voices(&[&[0x80, 60, 0], &[0x90, 60, 100]]), 1);
    let silent = |message: &[u8], frames: usize| {
        let mut synth = dc_synth(&[]);
        send(&mut synth, &[0x90, 60, 100]);
        render(&mut synth, 10);
        send(&mut synth, &[0x80, 60, 0]);
        send(&mut synth, message);
        left(&render(&mut synth, 480))[frames..]
            .iter()
            .all(|level| *level == 0.0)
    };
    assert!(silent(&[0xB0, 120, 0], 160));
    assert!(silent(&[0xB0, 123, 0], 220));
    assert!(!silent(&[0xB0, 7, 127], 220));
}

/// Mono channels have one note at a time.
#[test]
fn mono_does_not_wait() {
    let mut synth = dc_synth(&[]);
    send(&mut synth, &[0xB0, 126, 1]);
    for key in 60..70 {
        send(&mut synth, &[0x90, key, 100]);
        send(&mut synth, &[0x80, key, 0]);
        render(&mut synth, 5);
    }
    send(&mut synth, &[0x90, 70, 100]);
    render(&mut synth, 300);
    assert_eq!(synth.voices(), 1);
}
