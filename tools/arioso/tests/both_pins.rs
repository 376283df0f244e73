// SPDX-License-Identifier: MIT OR Apache-2.0
//! The same song on the data range of DirectMusic, with downloads, and on the MIDI range, with the driver's own bank: the same bits.
//!
//! Random songs choose banks, programs and kits by every way there is (bank select, part modes of GS and XG, tone and program
//! numbers by SysEx, resets of each system), on several MIDI ports. `ARIOSO_SONGS` sets how many are played.

use arioso_bank::dls::{
    Bank, Connection, Instrument, Link, Region, Sample, Wave, destination, unit,
};
use arioso_cli::song::{Event, SECOND, write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const DRUMS: u32 = 0x8000_0000;
/// Songs that once differed: a key in mono mode that sounds again after its channel's program has changed.
const FOUND: [u64; 1] = [683];
/// Songs of a usual run.
const USUAL: u32 = 24;

/// A generator with a period that is long enough, so that each seed is a song.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: u64) -> u64 {
        (self.next() >> 11) % end
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }
}

/// Instruments that can be told apart, for some of the banks and programs that the songs ask for.
fn bank() -> Bank {
    let wave = |name: &str, length: u32, looped: bool| Wave {
        name: name.into(),
        rate: 22_050,
        frames: (0..length)
            .map(|at| {
                let ramp = (at % 50) as i32 * 800 - 20_000;
                let fall = if looped { length } else { length - at };
                (ramp * fall as i32 / length as i32) as i16
            })
            .collect(),
        sample: Sample {
            unity: 69,
            fine_tune: 0,
            gain: -6.0,
            looped: looped.then_some((100, 400)),
            until_release: false,
        },
    };
    let mut bank = Bank {
        name: "test".into(),
        copyright: String::new(),
        instruments: Vec::new(),
        waves: vec![wave("loop", 500, true), wave("shot", 6000, false)],
    };
    let patches = [
        (0, 0),
        (0, 5),
        (0, 48),
        (8 << 8, 5),
        (1, 0),
        (0x79 << 8, 5),
        (0x79 << 8 | 1, 48),
        (127 << 8, 0),
        (DRUMS, 0),
        (DRUMS, 24),
        (DRUMS | 0x78 << 8, 0),
        (DRUMS | 127 << 8, 0),
        (DRUMS, 5),
    ];
    for (number, (place, program)) in patches.into_iter().enumerate() {
        let drums = place & DRUMS != 0;
        // Each has a pitch of its own.
        let cents = number as f64 * 37.0 - 200.0;
        let region = |keys, wave, key_group| Region {
            keys,
            velocities: (0, 127),
            key_group,
            self_non_exclusive: drums,
            wave,
            link: Link::MONO,
            sample: None,
            articulation: Vec::new(),
        };
        bank.instruments.push(Instrument {
            name: format!("{number}"),
            bank: place,
            program,
            regions: match drums {
                true => vec![region((0, 59), 1, 3), region((60, 127), 0, 0)],
                false => vec![region((0, 80), 0, 0), region((81, 127), 1, 0)],
            },
            articulation: vec![
                Connection::constant(destination::PITCH, unit::cents(cents)),
                Connection::constant(destination::EG1_RELEASE, unit::seconds(0.08)),
            ],
        });
    }
    bank
}

/// Roland's DT1 with its checksum, which is wrong now and then.
fn gs(random: &mut Random, data: &[u8]) -> Vec<u8> {
    let sum: u32 = data.iter().map(|byte| u32::from(*byte)).sum();
    let wrong = u32::from(random.below(10) == 0);
    let checksum = (128 - (sum + wrong) % 128) % 128;
    let head = [0xF0, 0x41, 0x10, 0x42, 0x12];
    [&head[..], data, &[checksum as u8, 0xF7]].concat()
}

fn xg(data: &[u8]) -> Vec<u8> {
    [&[0xF0, 0x43, 0x10, 0x4C], data, &[0xF7]].concat()
}

/// Something that can decide what sounds, or how.
fn message(random: &mut Random) -> Vec<u8> {
    let channel = random.of(&[0, 1, 8, 9, 10, 15]);
    let program = random.of(&[0, 0, 5, 24, 25, 48, 127]);
    let bank = random.of(&[0, 0, 1, 8, 9, 64, 120, 121, 126, 127]);
    // GS counts the drum part first.
    let part = match channel {
        9 => 0,
        0..=8 => channel + 1,
        _ => channel,
    };
    let any = random.below(128) as u8;
    match random.below(34) {
        0..=3 => vec![0xC0 | channel, program],
        4..=6 => vec![0xB0 | channel, 0, bank],
        7 | 8 => vec![0xB0 | channel, 32, random.of(&[0, 1, 127])],
        9 => random
            .of(&[
                &[0xF0, 0x7E, 0x7F, 9, 1, 0xF7][..],
                &[0xF0, 0x7E, 0x7F, 9, 2, 0xF7],
                &[0xF0, 0x7E, 0x7F, 9, 3, 0xF7],
                &[0xF0, 0x7E, 0x7F, 10, 1, 0xF7],
            ])
            .to_vec(),
        10 => gs(random, &[0x40, 0, 0x7F, 0]),
        11 => xg(&[0, 0, 0x7E, 0]),
        12 | 13 => {
            let map = random.of(&[0, 1, 2]);
            gs(random, &[0x40, 0x10 | part, 0x15, map])
        }
        14 => gs(random, &[0x40, 0x10 | part, 0, bank, program]),
        15 | 16 => xg(&[8, channel, 7, random.of(&[0, 1, 2, 3, 5])]),
        17 => xg(&[8, channel, 3, program]),
        18 => xg(&[8, channel, 1, bank, random.of(&[0, 1]), program]),
        19 => vec![0xB0 | channel, random.of(&[126, 127]), 0],
        20 => vec![0xB0 | channel, random.of(&[120, 121, 123]), 0],
        21 => vec![0xB0 | channel, random.of(&[64, 66]), random.of(&[0, 127])],
        22 => vec![0xE0 | channel, 0, any],
        23 => vec![0xB0 | channel, 99, random.of(&[1, 24, 26, 127])],
        24 => vec![0xB0 | channel, 98, random.of(&[8, 32, 36, 48, 99])],
        25 => vec![0xB0 | channel, random.of(&[6, 38]), any],
        _ => vec![
            0xB0 | channel,
            random.of(&[1, 7, 10, 11, 71, 74, 91, 93]),
            any,
        ],
    }
}

fn song(seed: u64) -> Vec<u8> {
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let groups = random.of(&[1, 1, 2, 3]);
    let mut events = Vec::new();
    let mut time = 0;
    let mut down: Vec<(u32, u8, u8)> = Vec::new();
    for _ in 0..120 {
        let group = 1 + random.below(groups) as u32;
        let message = match random.below(10) {
            0..=3 => {
                let channel = random.of(&[0, 1, 8, 9, 10, 15]);
                let key = random.of(&[36, 38, 42, 46, 60, 69, 90]);
                down.push((group, channel, key));
                vec![0x90 | channel, key, 1 + random.below(127) as u8]
            }
            4 | 5 if !down.is_empty() => {
                let at = random.below(down.len() as u64) as usize;
                let (group, channel, key) = down.swap_remove(at);
                let message = vec![0x80 | channel, key, 64];
                events.push(Event {
                    time,
                    group,
                    message,
                });
                continue;
            }
            _ => message(&mut random),
        };
        events.push(Event {
            time,
            group,
            message,
        });
        // Whole ticks of the control rate at 48 kHz, other frames, and no time at all.
        time += match random.below(4) {
            0 | 1 => 0,
            2 => random.below(30) as i64 * 32 * SECOND / 48_000,
            _ => random.below(400_000) as i64,
        };
    }
    for (group, channel, key) in down {
        let message = vec![0x80 | channel, key, 64];
        events.push(Event {
            time,
            group,
            message,
        });
    }
    write::write(&events).unwrap()
}

fn image() -> PathBuf {
    let built =
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/driver/x64/release/arioso.sys");
    env::var_os("ARIOSO_SYS").map_or_else(built, PathBuf::from)
}

/// The WAV and what was said.
fn play(directory: &Path, pin: &str) -> (Vec<u8>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_arioso"))
        .env("ARIOSO_HOME", "/nonexistent")
        .args([
            "play", "song.mid", "--bank", "bank.dls", "--pin", pin, "-o", "out.wav",
        ])
        .current_dir(directory)
        .env("ARIOSO_SYS", image())
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{error}");
    (fs::read(directory.join("out.wav")).unwrap(), error)
}

#[test]
fn the_same_bits_on_both_pins() {
    let directory = env::temp_dir().join(format!("arioso-pins-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("bank.dls"), bank().to_bytes()).unwrap();
    let count = env::var("ARIOSO_SONGS").map_or(USUAL, |count| count.parse().unwrap());
    let mut loud = 0;
    for seed in FOUND.into_iter().chain(1..=u64::from(count)) {
        let song = song(seed);
        fs::write(directory.join("song.mid"), &song).unwrap();
        let (downloads, told) = play(&directory, "directmusic");
        let (own, told_too) = play(&directory, "midi");
        let different = downloads.iter().zip(&own).position(|(a, b)| a != b);
        let lengths = (downloads.len(), own.len());
        assert_eq!(
            (different, lengths.0),
            (None, lengths.1),
            "seed {seed}: bytes {lengths:?}, the song is {}",
            directory.join("song.mid").display()
        );
        assert_eq!(told, told_too, "seed {seed}");
        let samples = own[44..]
            .as_chunks()
            .0
            .iter()
            .map(|s| i16::from_le_bytes(*s));
        loud += u32::from(samples.map(i16::unsigned_abs).max() > Some(300));
    }
    fs::remove_dir_all(&directory).unwrap();
    assert!(
        loud * 10 >= count * 9,
        "{loud} of {count} songs can be heard"
    );
}
