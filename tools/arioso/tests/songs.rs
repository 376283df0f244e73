// SPDX-License-Identifier: MIT OR Apache-2.0
//! Songs that choose their instruments in unusual ways sound, on both data ranges, with the instrument that their system means.

use arioso_bank::dls::{
    Bank, Connection, Instrument, Link, Region, Sample, Wave, destination, unit,
};
use arioso_cli::song::{Event, SECOND, write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const RATE: usize = 48_000;
const DRUMS: u32 = 0x8000_0000;

/// Program 1 sounds as written, program 6 an octave higher, the standard kit 15 semitones above A4 at key 38.
fn bank() -> Vec<u8> {
    let instrument = |place, program, unity, cents| Instrument {
        name: format!("{place:x}/{program}"),
        bank: place,
        program,
        regions: vec![Region {
            keys: (0, 127),
            velocities: (0, 127),
            key_group: 0,
            self_non_exclusive: false,
            wave: 0,
            link: Link::MONO,
            sample: Some(Sample {
                unity,
                fine_tune: 0,
                gain: -6.0,
                looped: Some((0, 441)),
                until_release: false,
            }),
            articulation: Vec::new(),
        }],
        articulation: vec![Connection::constant(destination::PITCH, unit::cents(cents))],
    };
    // Ten periods of 1 kHz: A4 is 13.1 semitones below.
    let frames = (0..441)
        .map(|at| (f64::from(at) / 44.1 * std::f64::consts::TAU).sin())
        .map(|x| (x * 24_000.0) as i16)
        .collect();
    let a4 = 1200.0 * (440.0f64 / 1000.0).log2();
    let bank = Bank {
        name: "sines".into(),
        copyright: String::new(),
        instruments: vec![
            instrument(0, 0, 69, a4),
            instrument(0, 5, 69, a4 + 1200.0),
            instrument(DRUMS, 0, 38, a4 + 1500.0),
        ],
        waves: vec![Wave {
            name: "sine".into(),
            rate: 44_100,
            frames,
            sample: Sample {
                unity: 69,
                fine_tune: 0,
                gain: 0.0,
                looped: Some((0, 441)),
                until_release: false,
            },
        }],
    };
    bank.to_bytes()
}

const A4: f64 = 440.0;
const A5: f64 = 880.0;
const KIT: f64 = 1046.5;
/// Key 38 of a melodic program.
const D2: f64 = 73.42;

const GM: &[u8] = &[0xF0, 0x7E, 0x7F, 9, 1, 0xF7];
const GM2: &[u8] = &[0xF0, 0x7E, 0x7F, 9, 3, 0xF7];
const GS: &[u8] = &[0xF0, 0x41, 0x10, 0x42, 0x12, 0x40, 0, 0x7F, 0, 0x41, 0xF7];
const XG: &[u8] = &[0xF0, 0x43, 0x10, 0x4C, 0, 0, 0x7E, 0, 0xF7];

enum Step {
    Send(&'static [u8]),
    /// Half a second of a key, and the frequency that is heard.
    Note(u8, u8, f64),
}
use Step::{Note, Send};

fn steps() -> Vec<(&'static str, Vec<Step>)> {
    vec![
        (
            "bank 127 without a system",
            vec![Send(&[0xB0, 0, 127]), Send(&[0xC0, 0]), Note(0, 69, A4)],
        ),
        (
            "bank 126 without a system",
            vec![Send(&[0xB0, 0, 126]), Send(&[0xC0, 5]), Note(0, 69, A5)],
        ),
        (
            "bank 127 in GS is the MT-32's",
            vec![
                Send(GS),
                Send(&[0xB0, 0, 127]),
                Send(&[0xC0, 0]),
                Note(0, 69, A4),
            ],
        ),
        (
            "bank 127 in XG is drums",
            vec![
                Send(XG),
                Send(&[0xB0, 0, 127]),
                Send(&[0xC0, 0]),
                Note(0, 38, KIT),
            ],
        ),
        (
            "bank 126 in XG, and back",
            vec![
                Send(XG),
                Send(&[0xB0, 0, 126]),
                Send(&[0xC0, 0]),
                Note(0, 38, KIT),
                Send(&[0xB0, 0, 0]),
                Send(&[0xC0, 5]),
                Note(0, 69, A5),
            ],
        ),
        (
            "bank 121 of GM2 on channel 10",
            vec![
                Send(GM2),
                Send(&[0xB9, 0, 121]),
                Send(&[0xB9, 32, 0]),
                Send(&[0xC9, 5]),
                Note(9, 69, A5),
            ],
        ),
        (
            "bank 120 of GM2 on channel 1",
            vec![
                Send(GM2),
                Send(&[0xB0, 0, 120]),
                Send(&[0xC0, 0]),
                Note(0, 38, KIT),
            ],
        ),
        (
            "a tone number of GS",
            vec![
                Send(GS),
                Send(&[
                    0xF0, 0x41, 0x10, 0x42, 0x12, 0x40, 0x11, 0, 0, 5, 0x2A, 0xF7,
                ]),
                Note(0, 69, A5),
            ],
        ),
        (
            "a rhythm part of GS, then GM",
            vec![
                Send(GS),
                Send(&[
                    0xF0, 0x41, 0x10, 0x42, 0x12, 0x40, 0x11, 0x15, 1, 0x19, 0xF7,
                ]),
                Note(0, 38, KIT),
                Send(GM),
                Note(0, 69, A4),
            ],
        ),
        (
            "a rhythm part with a wrong checksum is none",
            vec![
                Send(GS),
                Send(&[0xF0, 0x41, 0x10, 0x42, 0x12, 0x40, 0x11, 0x15, 1, 0, 0xF7]),
                Note(0, 38, D2),
            ],
        ),
        (
            "channel 10 melodic by GS",
            vec![
                Send(GS),
                Send(&[
                    0xF0, 0x41, 0x10, 0x42, 0x12, 0x40, 0x10, 0x15, 0, 0x1B, 0xF7,
                ]),
                Send(&[0xC9, 5]),
                Note(9, 69, A5),
            ],
        ),
        (
            "a program, then a reset",
            vec![Send(&[0xC0, 5]), Note(0, 69, A5), Send(GM), Note(0, 69, A4)],
        ),
        (
            "a program, then a reset of XG",
            vec![Send(&[0xC0, 5]), Note(0, 69, A5), Send(XG), Note(0, 69, A4)],
        ),
        (
            "controllers are no programs",
            vec![Send(&[0xC0, 5]), Send(&[0xB0, 121, 0]), Note(0, 69, A5)],
        ),
        (
            "a part mode of XG",
            vec![
                Send(XG),
                Send(&[0xF0, 0x43, 0x10, 0x4C, 8, 0, 7, 2, 0xF7]),
                Note(0, 38, KIT),
            ],
        ),
        (
            "a program number of XG",
            vec![
                Send(XG),
                Send(&[0xF0, 0x43, 0x10, 0x4C, 8, 0, 3, 5, 0xF7]),
                Note(0, 69, A5),
            ],
        ),
    ]
}

struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let directory = env::temp_dir().join(format!("arioso-songs-{name}-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        Self(directory)
    }

    /// Left samples; nothing may be said.
    fn play(&self, song: &[u8], arguments: &[&str]) -> Vec<i16> {
        fs::write(self.0.join("song.mid"), song).unwrap();
        let built = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../target/driver/x64/release/arioso.sys");
        let output = Command::new(env!("CARGO_BIN_EXE_arioso"))
            .env("ARIOSO_HOME", "/nonexistent")
            .args(["play", "song.mid", "-o", "out.wav"])
            .args(arguments)
            .current_dir(&self.0)
            .env(
                "ARIOSO_SYS",
                env::var_os("ARIOSO_SYS").map_or(built, PathBuf::from),
            )
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && error.is_empty(), "{error}");
        let wav = fs::read(self.0.join("out.wav")).unwrap();
        let frames = wav[44..].as_chunks::<4>().0.iter();
        frames
            .map(|frame| i16::from_le_bytes([frame[0], frame[1]]))
            .collect()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Hz, by rises through zero.
fn frequency(samples: &[i16]) -> f64 {
    let rises: Vec<usize> = (1..samples.len())
        .filter(|at| samples[at - 1] < 0 && samples[*at] >= 0)
        .collect();
    match rises[..] {
        [first, .., last] => (rises.len() - 1) as f64 * RATE as f64 / (last - first) as f64,
        _ => 0.0,
    }
}

#[test]
fn every_song_sounds_as_its_system_means() {
    let scratch = Scratch::new("systems");
    fs::write(scratch.0.join("bank.dls"), bank()).unwrap();
    for (name, steps) in steps() {
        let mut time = 0;
        let mut events = Vec::new();
        let mut expected = Vec::new();
        for step in steps {
            let mut push = |time, message: &[u8]| {
                events.push(Event {
                    time,
                    group: 1,
                    message: message.to_vec(),
                });
            };
            match step {
                Send(message) => push(time, message),
                Note(channel, key, hertz) => {
                    push(time, &[0x90 | channel, key, 110]);
                    push(time + SECOND / 2, &[0x80 | channel, key, 0]);
                    expected.push((time, hertz));
                    time += SECOND;
                }
            }
        }
        let song = write::write(&events).unwrap();
        for pin in ["directmusic", "midi"] {
            let audio = scratch.play(
                &song,
                &["--bank", "bank.dls", "--pin", pin, "--reverb", "off"],
            );
            for &(time, hertz) in &expected {
                let start = (time / (SECOND / RATE as i64)) as usize;
                let heard = frequency(&audio[start + RATE / 20..start + RATE * 9 / 20]);
                assert!(
                    (heard / hertz - 1.0).abs() < 0.01,
                    "{name}, {pin}: {heard} for {hertz} Hz"
                );
            }
        }
    }
}

/// An RMID's own bank is heard where the song asks for it, the built-in one elsewhere.
#[test]
fn rmids_play_with_their_bank() {
    let scratch = Scratch::new("rmid");
    for (name, rmid) in [
        ("DLS", &include_bytes!("data/dls.rmi")[..]),
        ("SF2", include_bytes!("data/sf2.rmi")),
    ] {
        for pin in ["directmusic", "midi"] {
            let audio = scratch.play(rmid, &["--pin", pin, "--reverb", "off", "--chorus", "off"]);
            // A4 for a second, by an instrument that sounds an octave higher.
            let heard = frequency(&audio[RATE / 10..RATE * 9 / 10]);
            assert!(
                (heard / 882.0 - 1.0).abs() < 0.01,
                "{name}, {pin}: {heard} Hz"
            );
        }
    }
}

/// Drums of the built-in bank, with no length and with a quarter of a second.
#[test]
fn drums_without_a_length_are_heard() {
    let scratch = Scratch::new("drums");
    for key in [36, 38, 42, 49] {
        let song = |length| {
            let event = |time, message: &[u8]| Event {
                time,
                group: 1,
                message: message.to_vec(),
            };
            write::write(&[
                event(SECOND / 2, &[0x99, key, 100]),
                event(SECOND / 2 + length, &[0x89, key, 64]),
                event(SECOND, &[0xB9, 7, 100]),
            ])
            .unwrap()
        };
        for pin in ["directmusic", "midi"] {
            let loudness = |length| {
                let audio = scratch.play(&song(length), &["--pin", pin, "--reverb", "off"]);
                let first = &audio[RATE / 2..RATE / 2 + RATE / 10];
                let power: f64 = first.iter().map(|s| f64::from(*s).powi(2)).sum();
                10.0 * (power / first.len() as f64).max(1.0).log10()
            };
            let (none, whole) = (loudness(0), loudness(SECOND / 4));
            assert!(
                none > whole - 6.0 && none > 40.0,
                "key {key}, {pin}: {none} and {whole} dB"
            );
        }
    }
}
