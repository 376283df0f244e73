// SPDX-License-Identifier: MIT OR Apache-2.0
//! Banks that break their format, through the whole way on both ranges: what can be played is played, what is lost is told in a line.
//! The driver must have been built (`cargo xtask build`), or `ARIOSO_SYS` names it.

use arioso_bank::sf2::generator as g;
use arioso_bank::sf2::test_font::{Font, header, plain, zone};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const RATE: usize = 48_000;
/// 100 frames a period at 44.1 kHz, key 69.
const TONE: f64 = 441.0;

fn chunk(id: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut out = [&id[..], &(data.len() as u32).to_le_bytes(), data].concat();
    out.resize(out.len().next_multiple_of(2), 0);
    out
}

fn list(kind: &[u8; 4], parts: &[Vec<u8>]) -> Vec<u8> {
    chunk(b"LIST", &[&kind[..], &parts.concat()].concat())
}

fn words(values: &[u32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

fn halves(values: &[u16]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

/// Samples of a period of the tone's `harmonic`, in 32 bits.
fn period(harmonic: usize) -> Vec<i32> {
    let phase = |i: usize| std::f64::consts::TAU * (harmonic * i) as f64 / 100.0;
    (0..100)
        .map(|i| (phase(i).sin() * 1_073_741_823.0) as i32)
        .collect()
}

/// The upper bytes of samples.
fn upper(samples: &[i32], bytes: usize) -> Vec<u8> {
    let upper = |sample: &i32| sample.to_le_bytes()[4 - bytes..].to_vec();
    samples.iter().flat_map(upper).collect()
}

struct Wave {
    tag: u16,
    channels: u16,
    /// Of a frame.
    align: u16,
    bits: u16,
    rate: u32,
    data: Vec<u8>,
}

fn sixteen() -> Wave {
    Wave {
        tag: 1,
        channels: 1,
        align: 2,
        bits: 16,
        rate: 44_100,
        data: upper(&period(1), 2),
    }
}

/// A bank of one region. A loop is its kind, start and length.
struct Dls {
    waves: Vec<Wave>,
    keys: (u16, u16),
    looped: Option<[u32; 3]>,
    root: u16,
    program: u32,
    /// Index of its wave in the table.
    link: u32,
    /// `colh`, `lins`, `ptbl`, `wvpl`, by their first letters.
    order: &'static str,
}

fn one() -> Dls {
    Dls {
        waves: vec![sixteen()],
        keys: (0, 127),
        looped: Some([0, 0, 100]),
        root: 69,
        program: 0,
        link: 0,
        order: "clpw",
    }
}

impl Dls {
    fn bytes(&self) -> Vec<u8> {
        let loops = self
            .looped
            .map_or(Vec::new(), |l| [vec![16], l.to_vec()].concat());
        let sample = [
            words(&[20]),
            halves(&[self.root, 0]),
            words(&[0, 0, u32::from(self.looped.is_some())]),
            words(&loops),
        ];
        let region = list(
            b"rgn2",
            &[
                chunk(b"rgnh", &halves(&[self.keys.0, self.keys.1, 0, 127, 0, 0])),
                chunk(b"wsmp", &sample.concat()),
                chunk(b"wlnk", &words(&[0, 1, self.link])),
            ],
        );
        let instrument = list(
            b"ins ",
            &[
                chunk(b"insh", &words(&[1, 0, self.program])),
                list(b"lrgn", &[region]),
            ],
        );
        let waves: Vec<Vec<u8>> = self.waves.iter().map(Wave::bytes).collect();
        let mut table = vec![8, waves.len() as u32];
        let mut at = 0;
        for wave in &waves {
            table.push(at);
            at += wave.len() as u32;
        }
        let parts = self.order.chars().map(|part| match part {
            'c' => chunk(b"colh", &words(&[1])),
            'l' => list(b"lins", std::slice::from_ref(&instrument)),
            'p' => chunk(b"ptbl", &words(&table)),
            _ => list(b"wvpl", &waves),
        });
        chunk(
            b"RIFF",
            &[b"DLS ".to_vec(), parts.collect::<Vec<_>>().concat()].concat(),
        )
    }
}

impl Wave {
    fn bytes(&self) -> Vec<u8> {
        let format = [
            halves(&[self.tag, self.channels]),
            words(&[self.rate, self.rate * u32::from(self.align)]),
            halves(&[self.align, self.bits]),
        ];
        let parts = [chunk(b"fmt ", &format.concat()), chunk(b"data", &self.data)];
        list(b"wave", &parts)
    }
}

/// A4 for a second, by a program.
fn song(program: u8) -> Vec<u8> {
    let track = [
        0, 0xC0, program, 0, 0x90, 69, 100, 0x87, 0x40, 0x80, 69, 64, 0, 0xFF, 0x2F, 0,
    ];
    [
        &b"MThd\0\0\0\x06\0\0\0\x01\x01\xE0MTrk\0\0\0\x10"[..],
        &track[..],
    ]
    .concat()
}

fn rmid(song: &[u8], bank: &[u8]) -> Vec<u8> {
    let parts = [b"RMID".to_vec(), chunk(b"data", song), bank.to_vec()];
    chunk(b"RIFF", &parts.concat())
}

struct Played {
    code: Option<i32>,
    /// Hz on the left and on the right in the middle of the note; 0 for silence.
    hertz: [f64; 2],
    /// The standard error, then the table.
    said: String,
    errors: usize,
}

const PINS: [&str; 2] = ["directmusic", "midi"];

fn play(name: &str, song: &[u8], bank: Option<&[u8]>, pin: &str) -> Played {
    let number = std::thread::current().id();
    let directory = env::temp_dir().join(format!(
        "arioso-odd-banks-{}-{number:?}",
        std::process::id()
    ));
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("song.mid"), song).unwrap();
    let built =
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/driver/x64/release/arioso.sys");
    let mut command = Command::new(env!("CARGO_BIN_EXE_arioso"));
    command.env("ARIOSO_HOME", "/nonexistent");
    command.args([
        "play", "song.mid", "--pin", pin, "--reverb", "off", "--chorus", "off",
    ]);
    if let Some(bank) = bank {
        fs::write(directory.join("bank"), bank).unwrap();
        command.args(["--bank", "bank"]);
    }
    let output = command
        .current_dir(&directory)
        .env(
            "ARIOSO_SYS",
            env::var_os("ARIOSO_SYS").map_or_else(built, PathBuf::from),
        )
        .output()
        .unwrap();
    let wav = fs::read(directory.join("song.wav")).unwrap_or_default();
    fs::remove_dir_all(&directory).unwrap();
    let frames = wav.get(44..).unwrap_or_default().as_chunks::<4>().0;
    let middle = frames.get(RATE / 5..RATE * 9 / 10).unwrap_or_default();
    let side = |at: usize| {
        let samples = middle
            .iter()
            .map(|f| i16::from_le_bytes([f[at], f[at + 1]]));
        frequency(&samples.collect::<Vec<i16>>())
    };
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!error.contains("panicked"), "{name}, {pin}: {error}");
    Played {
        code: output.status.code(),
        hertz: [side(0), side(2)],
        errors: error.lines().count(),
        said: error + &String::from_utf8_lossy(&output.stdout),
    }
}

/// By rises through zero.
fn frequency(samples: &[i16]) -> f64 {
    let rises: Vec<usize> = (1..samples.len())
        .filter(|at| samples[at - 1] < 0 && samples[*at] >= 0)
        .collect();
    match rises[..] {
        [first, .., last] => (rises.len() - 1) as f64 * RATE as f64 / (last - first) as f64,
        _ => 0.0,
    }
}

/// It sounds with these frequencies on both ranges, and says each of `told`; nothing on the standard error but that.
#[track_caller]
fn sounds(name: &str, song: &[u8], bank: Option<&[u8]>, expected: [f64; 2], told: &[&str]) {
    for pin in PINS {
        let played = play(name, song, bank, pin);
        assert_eq!(played.code, Some(0), "{name}, {pin}: {}", played.said);
        for (heard, expected) in played.hertz.into_iter().zip(expected) {
            let near = (heard - expected).abs() <= 0.01 * expected;
            assert!(near, "{name}, {pin}: {heard:.1} Hz\n{}", played.said);
        }
        for part in told {
            assert!(played.said.contains(part), "{name}, {pin}: {}", played.said);
        }
        assert!(
            played.errors <= told.len(),
            "{name}, {pin}: {}",
            played.said
        );
    }
}

/// It is refused with one line that says why.
#[track_caller]
fn refused(name: &str, bank: &[u8], why: &str) {
    for pin in PINS {
        let played = play(name, &song(0), Some(bank), pin);
        assert_eq!(
            (played.code, played.errors),
            (Some(3), 1),
            "{name}: {}",
            played.said
        );
        assert!(played.said.contains(why), "{name}: {}", played.said);
    }
}

/// Where the width does not tell the size of a sample, and channels beyond the second.
#[test]
fn waves_of_unusual_frames() {
    let interleaved = |bytes: usize, harmonics: &[usize]| {
        let channels: Vec<Vec<u8>> = harmonics
            .iter()
            .map(|&h| upper(&period(h), bytes))
            .collect();
        let frame = |i: usize| {
            channels
                .iter()
                .flat_map(move |c| c[bytes * i..][..bytes].to_vec())
        };
        (0..100).flat_map(frame).collect::<Vec<u8>>()
    };
    let of = |tag, channels: u16, align, bits, data| Dls {
        waves: vec![Wave {
            tag,
            channels,
            align,
            bits,
            rate: 44_100,
            data,
        }],
        ..one()
    };
    let unsigned = |h| {
        interleaved(1, h)
            .iter()
            .map(|b| b ^ 0x80)
            .collect::<Vec<u8>>()
    };
    let both = [TONE, 2.0 * TONE];
    for (name, bank, expected) in [
        (
            "24 in 32 bits",
            of(1, 1, 4, 24, interleaved(4, &[1])),
            [TONE; 2],
        ),
        (
            "24 in 32 bits, stereo",
            of(1, 2, 8, 24, interleaved(4, &[1, 2])),
            both,
        ),
        ("8 bits, stereo", of(1, 2, 2, 8, unsigned(&[1, 2])), both),
        (
            "24 bits, stereo",
            of(1, 2, 6, 24, interleaved(3, &[1, 2])),
            both,
        ),
        ("no width", of(1, 1, 2, 0, interleaved(2, &[1])), [TONE; 2]),
        (
            "no channels",
            of(1, 0, 2, 16, interleaved(2, &[1])),
            [TONE; 2],
        ),
        (
            "four channels",
            of(1, 4, 8, 16, interleaved(2, &[1, 2, 3, 5])),
            both,
        ),
    ] {
        for pin in PINS {
            let played = play(name, &song(0), Some(&bank.bytes()), pin);
            for (heard, expected) in played.hertz.into_iter().zip(expected) {
                let near = (heard - expected).abs() <= 0.01 * expected;
                assert!(near, "{name}, {pin}: {heard:.1} Hz\n{}", played.said);
            }
            assert_eq!(played.errors, 0, "{name}, {pin}: {}", played.said);
        }
    }
    // A-law says 8 bits or what it becomes; the square of its greatest step.
    for bits in [0, 8, 13, 16] {
        let square = [[0xAA; 50], [0x2A; 50]].concat();
        let bank = of(6, 1, 1, bits, square).bytes();
        sounds("A-law", &song(0), Some(&bank), [TONE; 2], &[]);
    }
}

#[test]
fn loops_that_are_not_in_their_wave() {
    for (looped, told) in [
        ([0, 0, 5000], None),
        ([0, 5000, 100], Some("loops that leave their wave")),
        ([0, 0xFFFF_FFF0, 0x20], Some("loops that leave their wave")),
        ([7, 0, 100], None),
    ] {
        let bank = Dls {
            looped: Some(looped),
            ..one()
        }
        .bytes();
        let told: Vec<&str> = told.into_iter().collect();
        let name = format!("{looped:?}");
        for pin in PINS {
            let played = play(&name, &song(0), Some(&bank), pin);
            assert!(
                (played.hertz[0] / TONE - 1.0).abs() < 0.01,
                "{name}, {pin}: {}",
                played.said
            );
            assert!(
                told.iter().all(|part| played.said.contains(part)),
                "{}",
                played.said
            );
            assert_eq!(played.errors, 0, "{}", played.said);
        }
    }
}

/// Chunks in any order, sizes of the file that are open or wrong.
#[test]
fn files_put_together_otherwise() {
    for order in ["wlcp", "lwpc", "pwcl"] {
        let bank = Dls { order, ..one() }.bytes();
        sounds(order, &song(0), Some(&bank), [TONE; 2], &[]);
    }
    let good = one().bytes();
    let size = |size: u32| [&good[..4], &size.to_le_bytes(), &good[8..]].concat();
    for (name, bank) in [
        ("no size", size(0)),
        ("an open size", size(u32::MAX)),
        ("a size that is too small", size(good.len() as u32 / 2)),
        ("a size without the form", size(good.len() as u32 - 12)),
        ("bytes behind", [&good[..], &[7; 99]].concat()),
    ] {
        let told: &[&str] = &[];
        sounds(name, &song(0), Some(&bank), [TONE; 2], told);
    }
}

#[test]
fn what_is_cut_off_is_told() {
    // A long wave, of which the loop is in what is left.
    let mut bank = one();
    bank.waves[0].data = bank.waves[0].data.repeat(50);
    let bytes = bank.bytes();
    let cut = &bytes[..bytes.len() - 3000];
    let size = format!("it has {} of {} bytes", cut.len(), bytes.len());
    sounds(
        "DLS",
        &song(0),
        Some(cut),
        [TONE; 2],
        &["bank is cut off", &size],
    );
    refused(
        "without its waves",
        &bytes[..bytes.len() - 10_100],
        "regions without a wave",
    );
    // Of a SoundFont the record that only ends the last table.
    let bytes = tone_font().bytes();
    let cut = &bytes[..bytes.len() - 30];
    sounds("SF2", &song(0), Some(cut), [TONE; 2], &["bank is cut off"]);
    refused("half a SoundFont", &bytes[..bytes.len() - 100], "cut off");
}

/// The tone as a SoundFont.
fn tone_font() -> Font {
    let mut font = plain(
        vec![zone(&[(g::INSTRUMENT, 0)])],
        vec![zone(&[(g::SAMPLE_MODES, 1), (g::SAMPLE, 0)])],
    );
    font.presets[0].1 = 0;
    font.frames = period(1)
        .repeat(10)
        .iter()
        .map(|x| (x >> 16) as i16)
        .collect();
    font.samples[0] = header(0, 1000);
    font.samples[0].root = 69;
    font.samples[0].correction = 0;
    font.samples[0].rate = 44_100;
    (font.samples[0].loop_start, font.samples[0].loop_end) = (100, 900);
    font
}

/// Nothing of it can sound: one line says what is wrong with it.
#[test]
fn banks_of_which_nothing_sounds() {
    let with = |wave: Wave| {
        Dls {
            waves: vec![wave],
            ..one()
        }
        .bytes()
    };
    refused(
        "another codec",
        &with(Wave {
            tag: 0x55,
            ..sixteen()
        }),
        "codec",
    );
    refused(
        "empty",
        &with(Wave {
            data: Vec::new(),
            ..sixteen()
        }),
        "empty waves",
    );
    refused(
        "no rate",
        &with(Wave {
            rate: 0,
            ..sixteen()
        }),
        "impossible rate",
    );
    refused(
        "keys",
        &Dls {
            keys: (127, 0),
            ..one()
        }
        .bytes(),
        "empty range",
    );
    refused(
        "link",
        &Dls { link: 7, ..one() }.bytes(),
        "regions without a wave",
    );
    refused(
        "no pool",
        &Dls {
            order: "clp",
            ..one()
        }
        .bytes(),
        "regions without a wave",
    );
    let mut font = tone_font();
    font.samples[0].start = 5000;
    font.samples[0].end = 6000;
    refused("SF2", &font.bytes(), "samples outside of the sample data");
}

/// The song's own bank: with what it loses told, over other banks, and left alone where it cannot be used.
#[test]
fn banks_of_songs() {
    let own = Dls { root: 57, ..one() };
    let octave = [2.0 * TONE; 2];
    sounds("alone", &rmid(&song(0), &own.bytes()), None, octave, &[]);
    let low = one().bytes();
    sounds(
        "over another",
        &rmid(&song(0), &own.bytes()),
        Some(&low),
        octave,
        &[],
    );
    // A program that only the song has is no substitute's business.
    let five = Dls { program: 5, ..own }.bytes();
    sounds(
        "beside another",
        &rmid(&song(5), &five),
        Some(&low),
        octave,
        &[],
    );
    let chunks_behind = [rmid(&song(5), &five), b"odd".to_vec()].concat();
    sounds("bytes behind", &chunks_behind, None, octave, &[]);
    let with = |bank: &[u8]| rmid(&song(0), bank);
    let said = "cannot use the song's own bank";
    let broken = chunk(b"RIFF", &[&b"DLS "[..], &[0; 30]].concat());
    sounds("broken", &with(&broken), Some(&low), [TONE; 2], &[said]);
    let mut other = one();
    other.waves[0].tag = 0x55;
    sounds(
        "codec",
        &with(&other.bytes()),
        Some(&low),
        [TONE; 2],
        &[said],
    );
    // A SoundFont in place of the usual bank.
    let mut font = tone_font();
    font.samples[0].root = 57;
    sounds("SoundFont", &with(&font.bytes()), Some(&low), octave, &[]);
}
