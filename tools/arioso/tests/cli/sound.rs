// SPDX-License-Identifier: MIT OR Apache-2.0
//! `--gain`, `--quality`, `--voices`, `--reverb`, `--chorus`, `--silence`.

use crate::support::{Scratch, midi, row, wav};
use std::f64::consts::TAU;

const RATE: u32 = 48_000;

/// With a bank that plays a sine of half scale: `cycles` periods in 480 frames.
fn scratch(name: &str, cycles: u32) -> Scratch {
    let scratch = Scratch::new(name);
    let bank = arioso_bank::test_banks::sine_wave(RATE, 480, cycles);
    scratch.file("sine.dls", &bank);
    scratch
}

fn play(scratch: &Scratch, options: &[&str]) -> (Vec<[i16; 2]>, String) {
    let table = scratch.good(&[&["play", "song.mid", "-o", "x.wav"], options].concat());
    (wav(&scratch.read("x.wav")).0, table)
}

fn peak(frames: &[[i16; 2]]) -> f64 {
    let peak = frames.iter().flatten().map(|sample| sample.unsigned_abs());
    f64::from(peak.max().unwrap_or(0))
}

#[test]
fn gain_is_in_decibels() {
    let scratch = scratch("gain", 10);
    for way in [
        &["--bank", "sine.dls"][..],
        &["--bank", "sine.dls", "--pin", "midi"],
        &["--bank", "sine.dls", "--out", "endpoint"],
    ] {
        let plain = peak(&play(&scratch, way).0);
        for (gain, factor) in [("-6.0206", 0.5), ("-20dB", 0.1), ("3.0103", 2f64.sqrt())] {
            let seen = peak(&play(&scratch, &[way, &["--gain", gain]].concat()).0) / plain;
            assert!(
                (seen / factor - 1.0).abs() < 0.003,
                "{gain}: {seen}, not {factor}"
            );
        }
    }
    let level = |gain: &str| -> f64 {
        let arguments = ["monitor", "song.mid", "--bank", "sine.dls", "--gain", gain];
        let table = scratch.good(&arguments);
        let level = row(&table, "peak level").strip_suffix(" dB").unwrap();
        level.parse().unwrap()
    };
    assert!((level("0") - level("-12") - 12.0).abs() < 0.15);
}

/// dB of a sine over everything else.
fn clean(frames: &[[i16; 2]], cycles: f64) -> f64 {
    let part: Vec<f64> = frames[4000..24_000]
        .iter()
        .map(|f| f64::from(f[0]))
        .collect();
    let n = part.len() as f64;
    let sum = |wave: fn(f64) -> f64| -> f64 {
        let terms = part.iter().enumerate();
        terms
            .map(|(i, x)| x * wave(TAU * cycles * i as f64))
            .sum::<f64>()
            * 2.0
            / n
    };
    let (s, c) = (sum(f64::sin), sum(f64::cos));
    let rest: f64 = part
        .iter()
        .enumerate()
        .map(|(i, x)| {
            let phase = TAU * cycles * i as f64;
            x - s * phase.sin() - c * phase.cos()
        })
        .map(|x| x * x)
        .sum();
    10.0 * (n * (s * s + c * c) / 2.0 / rest).log10()
}

#[test]
fn quality_is_the_driver_s() {
    // 10 kHz, read 48,000/44,100 times as fast as it is played.
    let scratch = scratch("quality", 100);
    let play = |options: &[&str]| {
        let way = ["--bank", "sine.dls", "--rate", "44.1k"];
        play(&scratch, &[&way, options].concat()).0
    };
    let [linear, sinc8, sinc16] = ["linear", "sinc8", "sinc16"].map(|q| play(&["--quality", q]));
    assert!(play(&[]) == sinc8, "the default");
    let [a, b, c] = [&linear, &sinc8, &sinc16].map(|frames| clean(frames, 10_000.0 / 44_100.0));
    assert!(
        a > 5.0 && b > a + 10.0 && c > b + 3.0,
        "{a:.1} {b:.1} {c:.1} dB"
    );
}

#[test]
fn voices_are_as_many_as_are_wanted() {
    let scratch = scratch("voices", 10);
    let chord: Vec<[u8; 3]> = (0..8).map(|n| [0x90, 60 + n, 100]).collect();
    let events: Vec<(u32, &[u8])> = chord.iter().map(|note| (10, &note[..])).collect();
    scratch.file("song.mid", &midi(&events, 200));
    for (voices, peak, lost) in [("3", "3", "5"), ("8", "8", "0"), ("4096", "8", "0")] {
        let (_, table) = play(&scratch, &["--bank", "sine.dls", "--voices", voices]);
        assert_eq!(
            (row(&table, "peak voices"), row(&table, "notes lost")),
            (peak, lost)
        );
        let monitor = [
            "monitor", "song.mid", "--bank", "sine.dls", "--voices", voices,
        ];
        let table = scratch.good(&monitor);
        assert_eq!(
            (row(&table, "peak voices"), row(&table, "notes lost")),
            (peak, lost)
        );
    }
}

/// A note of the built-in bank with sends to reverb (CC 91) and chorus (CC 93).
fn with_sends(reverb: u8, chorus: u8) -> Vec<u8> {
    let events: [(u32, &[u8]); 4] = [
        (0, &[0xB0, 91, reverb]),
        (0, &[0xB0, 93, chorus]),
        (20, &[0x90, 60, 100]),
        (100, &[0x80, 60, 64]),
    ];
    midi(&events, 400)
}

#[test]
fn effects_can_be_left_out() {
    let scratch = Scratch::new("effects");
    for pin in ["directmusic", "midi"] {
        let play = |reverb, chorus, options: &[&str]| {
            scratch.file("song.mid", &with_sends(reverb, chorus));
            play(&scratch, &[&["--pin", pin], options].concat()).0
        };
        let (reverb, chorus) = (["--reverb", "off"], ["--chorus", "off"]);
        let both = [reverb, chorus].concat();
        let dry = play(0, 0, &both);
        assert!(peak(&dry) > 500.0);
        // Nothing of what is sent comes back; and what is not switched off does.
        assert!(play(127, 127, &both) == dry);
        assert!(play(127, 0, &reverb) == play(0, 0, &reverb));
        assert!(play(0, 127, &chorus) == play(0, 0, &chorus));
        assert!(play(127, 0, &chorus) != play(0, 0, &chorus));
        assert!(play(0, 127, &reverb) != play(0, 0, &reverb));
        assert!(play(0, 0, &["--reverb", "on", "--chorus", "on"]) == play(0, 0, &[]));
    }
}

#[test]
fn a_loop_keeps_its_last_rest() {
    let scratch = scratch("silence", 10);
    // A second of rest, a second of sound, two of rest.
    let events: [(u32, &[u8]); 2] = [(200, &[0x90, 60, 100]), (200, &[0x80, 60, 64])];
    scratch.file("song.mid", &midi(&events, 400));
    for rate in ["48000", "44100"] {
        let frames = |silence: &[&str]| {
            let bank = ["--bank", "sine.dls", "--rate", rate];
            play(&scratch, &[&bank, silence].concat()).0.len()
        };
        let second: usize = rate.parse().unwrap();
        assert_eq!(frames(&["--silence", "keep"]), 4 * second);
        let cut = frames(&[]);
        assert_eq!(cut, frames(&["--silence", "cut"]));
        // The note, its release, a tenth of a second.
        assert!(
            (2 * second..2 * second + second / 5).contains(&cut),
            "{cut}"
        );
    }
}
