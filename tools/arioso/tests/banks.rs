// SPDX-License-Identifier: MIT OR Apache-2.0
//! Banks that people have, through the whole way on both ranges: MIDI file and bank → driver in the simulated kernel → WAV. The driver
//! must have been built (`cargo xtask build`), or `ARIOSO_SYS` names it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs};

const RATE: u32 = 48_000;
/// The tone of all waves: 100 frames a period at 44.1 kHz, key 69.
const TONE: f64 = 441.0;
const WAVE_RATE: u32 = 44_100;

fn image() -> PathBuf {
    let built =
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/driver/x64/release/arioso.sys");
    env::var_os("ARIOSO_SYS").map_or_else(built, PathBuf::from)
}

fn chunk(id: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut out = id.to_vec();
    out.extend((data.len() as u32).to_le_bytes());
    out.extend(data);
    out.resize(out.len().next_multiple_of(2), 0);
    out
}

fn list(kind: &[u8; 4], parts: &[Vec<u8>]) -> Vec<u8> {
    chunk(b"LIST", &[&kind[..], &parts.concat()].concat())
}

fn words(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

fn halves(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

/// A region of these keys: a wave looped as a whole of `frames` frames, root 69.
fn region(keys: (u16, u16), wave: u32, frames: u32) -> Vec<u8> {
    let sample = [
        words(&[20]),
        halves(&[69, 0]),
        words(&[0, 0, 1, 16, 0, 0, frames]),
    ];
    list(
        b"rgn2",
        &[
            chunk(b"rgnh", &halves(&[keys.0, keys.1, 0, 127, 0, 0])),
            chunk(b"wsmp", &sample.concat()),
            chunk(b"wlnk", &words(&[0, 1, wave])),
        ],
    )
}

/// Source, destination, scale.
type Connection = (u16, u16, i32);

fn instrument(bank: u32, program: u32, regions: &[Vec<u8>], connections: &[Connection]) -> Vec<u8> {
    let mut art = words(&[8, connections.len() as u32]);
    for &(source, destination, scale) in connections {
        art.extend(halves(&[source, 0, destination, 0]));
        art.extend(scale.to_le_bytes());
    }
    list(
        b"ins ",
        &[
            chunk(b"insh", &words(&[regions.len() as u32, bank, program])),
            list(b"lrgn", regions),
            list(b"lar2", &[chunk(b"art2", &art)]),
        ],
    )
}

/// Format tag, channels, bits, and the rest of the structure.
fn wave(tag: u16, channels: u16, bits: u16, extra: &[u8], data: &[u8]) -> Vec<u8> {
    let align = channels * bits / 8;
    let format = [
        halves(&[tag, channels]),
        words(&[WAVE_RATE, WAVE_RATE * u32::from(align)]),
        halves(&[align, bits]),
        extra.to_vec(),
    ];
    list(
        b"wave",
        &[chunk(b"fmt ", &format.concat()), chunk(b"data", data)],
    )
}

fn dls(instruments: &[Vec<u8>], waves: &[Vec<u8>], more: &[Vec<u8>]) -> Vec<u8> {
    let mut offsets = vec![8, waves.len() as u32];
    let mut at = 0;
    for wave in waves {
        offsets.push(at);
        at += wave.len() as u32;
    }
    let parts = [
        more.concat(),
        chunk(b"colh", &words(&[instruments.len() as u32])),
        list(b"lins", instruments),
        chunk(b"ptbl", &words(&offsets)),
        list(b"wvpl", waves),
    ];
    chunk(b"RIFF", &[b"DLS ".to_vec(), parts.concat()].concat())
}

/// A period of [`TONE`] through a coding of samples in -1..1.
fn coded(harmonic: usize, code: impl Fn(f64) -> Vec<u8>) -> Vec<u8> {
    (0..100)
        .flat_map(|i| {
            let phase = std::f64::consts::TAU * (harmonic * i) as f64 / 100.0;
            code(0.5 * phase.sin())
        })
        .collect()
}

fn sixteen(x: f64) -> Vec<u8> {
    ((x * 32767.0).round() as i16).to_le_bytes().to_vec()
}

fn plain() -> Vec<u8> {
    wave(1, 1, 16, &[], &coded(1, sixteen))
}

/// Notes of half a second, one after the other: status bits of the channel, program (or none), key.
fn song(notes: &[(u8, Option<u8>, u8)]) -> Vec<u8> {
    let mut track = Vec::new();
    for &(channel, program, key) in notes {
        if let Some(program) = program {
            track.extend([0, 0xC0 | channel, program]);
        }
        track.extend([0, 0x90 | channel, key, 127, 96, 0x80 | channel, key, 64]);
    }
    track.extend([0, 0xFF, 0x2F, 0]);
    let head = b"MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk".to_vec();
    [head, (track.len() as u32).to_be_bytes().to_vec(), track].concat()
}

/// Plays a song with banks; the frames and what was said on stderr.
fn play(song: &[u8], banks: &[&[u8]], pin: &str) -> (Vec<[i16; 2]>, String) {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let directory = env::temp_dir().join(format!("arioso-banks-{}-{number}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("song.mid"), song).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_arioso"));
    command.env("ARIOSO_HOME", "/nonexistent");
    // Dry: a reverb makes levels of steady tones rise and fall.
    command.args([
        "play", "song.mid", "--pin", pin, "--reverb", "off", "--chorus", "off",
    ]);
    for (index, bank) in banks.iter().enumerate() {
        let name = format!("bank{index}");
        fs::write(directory.join(&name), bank).unwrap();
        command.args(["--bank", &name]);
    }
    let output = command
        .current_dir(&directory)
        .env("ARIOSO_SYS", image())
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{}\n{error}", output.status);
    let mut reader = hound::WavReader::open(directory.join("song.wav")).unwrap();
    let samples: Vec<i16> = reader.samples().map(Result::unwrap).collect();
    fs::remove_dir_all(&directory).unwrap();
    (samples.as_chunks().0.to_vec(), error)
}

const PINS: [&str; 2] = ["directmusic", "midi"];

/// Frequency and RMS of one side in the middle of the n-th note; 0 Hz for silence.
fn heard(frames: &[[i16; 2]], note: usize, side: usize) -> (f64, f64) {
    let at = |part: f64| ((note as f64 + part) * 0.5 * f64::from(RATE)) as usize;
    let samples: Vec<f64> = frames
        .get(at(0.3)..at(0.8))
        .unwrap_or_default()
        .iter()
        .map(|frame| f64::from(frame[side]))
        .collect();
    let rms = (samples.iter().map(|x| x * x).sum::<f64>() / samples.len().max(1) as f64).sqrt();
    let crossings: Vec<f64> = samples
        .windows(2)
        .enumerate()
        .filter(|(_, w)| w[0] < 0.0 && w[1] >= 0.0)
        .map(|(i, w)| i as f64 + w[0] / (w[0] - w[1]))
        .collect();
    match crossings[..] {
        [first, .., last] if rms > 10.0 => (
            f64::from(RATE) * (crossings.len() - 1) as f64 / (last - first),
            rms,
        ),
        _ => (0.0, rms),
    }
}

#[track_caller]
fn assert_pitches(frames: &[[i16; 2]], expected: &[f64], what: &dyn std::fmt::Debug) {
    for (note, &expected) in expected.iter().enumerate() {
        let (found, rms) = heard(frames, note, 0);
        assert!(
            (found - expected).abs() <= 0.003 * expected + 0.01,
            "{what:?}, note {note}: {found:.1} Hz ({rms:.0}), expected {expected:.1}"
        );
    }
}

fn semitones(n: i32) -> f64 {
    TONE * (f64::from(n) / 12.0).exp2()
}

/// Whatever a wave is coded in, it sounds as the 16-bit one does.
#[test]
fn any_wave_format() {
    let a_law = |x: f64| {
        // The nearest of all codes, by the law of G.711.
        let value = |code: u8| {
            let code = code ^ 0x55;
            let (segment, step) = (i32::from(code >> 4 & 7), i32::from(code & 15));
            let size = match segment {
                0 => step * 16 + 8,
                _ => (step * 16 + 0x108) << (segment - 1),
            };
            if code & 0x80 != 0 { size } else { -size }
        };
        let wanted = (x * 32767.0) as i32;
        let best = (0..=255u8).min_by_key(|&code| (value(code) - wanted).abs());
        vec![best.unwrap()]
    };
    let mu_law = |x: f64| {
        let value = |code: u8| {
            let code = !code;
            let size = ((i32::from(code & 15) * 8 + 0x84) << (code >> 4 & 7)) - 0x84;
            if code & 0x80 != 0 { -size } else { size }
        };
        let wanted = (x * 32767.0) as i32;
        let best = (0..=255u8).min_by_key(|&code| (value(code) - wanted).abs());
        vec![best.unwrap()]
    };
    let wide = |bytes: usize| {
        move |x: f64| ((x * 2_147_483_647.0) as i32).to_le_bytes()[4 - bytes..].to_vec()
    };
    // cbSize, valid bits, speakers, PCM's subformat.
    let extensible = [
        halves(&[22, 24]),
        words(&[4]),
        vec![
            1, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71,
        ],
    ]
    .concat();
    let waves = [
        plain(),
        wave(
            1,
            1,
            8,
            &[],
            &coded(1, |x| vec![(x * 127.0 + 128.0).round() as u8]),
        ),
        wave(1, 1, 24, &[], &coded(1, wide(3))),
        wave(1, 1, 32, &[], &coded(1, wide(4))),
        wave(
            3,
            1,
            32,
            &[],
            &coded(1, |x| (x as f32).to_le_bytes().to_vec()),
        ),
        wave(3, 1, 64, &[], &coded(1, |x| x.to_le_bytes().to_vec())),
        wave(6, 1, 8, &[0, 0], &coded(1, a_law)),
        wave(7, 1, 8, &[0, 0], &coded(1, mu_law)),
        wave(0xFFFE, 1, 24, &extensible, &coded(1, wide(3))),
    ];
    let regions: Vec<Vec<u8>> = (0..waves.len() as u32)
        .map(|i| region((60 + i as u16, 60 + i as u16), i, 100))
        .collect();
    let bank = dls(&[instrument(0, 0, &regions, &[])], &waves, &[]);
    let keys: Vec<u8> = (0..waves.len() as u8).map(|i| 60 + i).collect();
    let notes: Vec<_> = keys.iter().map(|&key| (0, None, key)).collect();
    let expected: Vec<f64> = keys
        .iter()
        .map(|&key| semitones(i32::from(key) - 69))
        .collect();
    for pin in PINS {
        let (frames, _) = play(&song(&notes), &[&bank], pin);
        assert_pitches(&frames, &expected, &pin);
        let reference = heard(&frames, 0, 0).1;
        let levels: Vec<f64> = (0..notes.len())
            .map(|note| 20.0 * (heard(&frames, note, 0).1 / reference).log10())
            .collect();
        assert!(
            levels.iter().all(|level| level.abs() < 0.2),
            "{pin}: {levels:.2?} dB, {reference}"
        );
    }
}

/// An interleaved wave: an octave higher on the right.
#[test]
fn stereo_waves_keep_their_sides() {
    let (left, right) = (coded(1, sixteen), coded(2, sixteen));
    let frames = left.chunks(2).zip(right.chunks(2));
    let data: Vec<u8> = frames.flat_map(|(l, r)| [l, r].concat()).collect();
    let bank = dls(
        &[instrument(0, 0, &[region((0, 127), 0, 100)], &[])],
        &[wave(1, 2, 16, &[], &data)],
        &[],
    );
    for pin in PINS {
        let (frames, _) = play(&song(&[(0, None, 69)]), &[&bank], pin);
        for (side, expected) in [(0, TONE), (1, 2.0 * TONE)] {
            let (found, _) = heard(&frames, 0, side);
            assert!((found / expected - 1.0).abs() < 0.003, "{pin}: {found}");
        }
    }
}

/// The key tables and records of mobile banks, in both forms that have a version and in the one that has none.
#[test]
fn aliases_of_mobile_banks_on_both_ranges() {
    let mut keys: Vec<u8> = (0..128).collect();
    keys[40] = 38;
    let records = [0, 0, 7, 0, 0, 0, 0, 0];
    for version in [&[][..], &[1, 0, 0, 0], &[2, 0, 0, 0]] {
        let pgal = [version, &keys, &[1, 0, 0, 0], &records].concat();
        let bank = dls(
            &[
                instrument(0, 0, &[region((0, 127), 0, 100)], &[]),
                instrument(0x8000_0000, 0, &[region((38, 38), 0, 100)], &[]),
            ],
            &[plain()],
            &[chunk(b"pgal", &pgal)],
        );
        let notes = [(9, None, 38), (9, None, 40), (0, Some(7), 69)];
        let low = semitones(38 - 69);
        for pin in PINS {
            let (frames, said) = play(&song(&notes), &[&bank], pin);
            assert_pitches(&frames, &[low, low, TONE], &(pin, version));
            assert!(said.is_empty(), "{said}");
        }
    }
}

#[test]
fn an_empty_wave_costs_its_region() {
    let bank = dls(
        &[instrument(
            0,
            0,
            &[region((0, 68), 1, 100), region((69, 127), 0, 100)],
            &[],
        )],
        &[plain(), wave(1, 1, 16, &[], &[])],
        &[],
    );
    for pin in PINS {
        let (frames, said) = play(&song(&[(0, None, 60), (0, None, 69)]), &[&bank], pin);
        // What is silent before the first sound is not recorded.
        let start = frames.iter().position(|f| f[0] != 0).unwrap_or(0);
        let first = start.saturating_sub(RATE as usize / 2);
        let sounding = &frames[start.min(frames.len())..];
        assert!(!sounding.is_empty() && first <= frames.len());
        let (found, _) = heard(sounding, 0, 0);
        assert!((found / TONE - 1.0).abs() < 0.003, "{pin}: {found}");
        assert!(said.contains("lacks key 60"), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

/// Every key sounds as the wave; half a scale turns around the root.
#[test]
fn keys_count_from_the_root() {
    for per_key in [0, 50] {
        let scale = (per_key * 128) << 16;
        let bank = dls(
            &[instrument(
                0,
                0,
                &[region((0, 127), 0, 100)],
                &[(3, 3, scale)],
            )],
            &[plain()],
            &[],
        );
        let keys = [57u8, 69, 81];
        let notes: Vec<_> = keys.iter().map(|&key| (0, None, key)).collect();
        let expected: Vec<f64> = keys
            .iter()
            .map(|&key| TONE * (f64::from(per_key) * (f64::from(key) - 69.0) / 1200.0).exp2())
            .collect();
        for pin in PINS {
            let (frames, _) = play(&song(&notes), &[&bank], pin);
            assert_pitches(&frames, &expected, &(pin, per_key));
        }
    }
}

/// A decay of 64 s at key 0, 100 time cents per key shorter: 2 s at key 60, 1 s at key 72. From full to -96 dB, straight in dB.
#[test]
fn a_time_is_bounded_after_its_key() {
    let bank = dls(
        &[instrument(
            0,
            0,
            &[region((0, 127), 0, 100)],
            &[
                (0, 0x207, 7200 << 16),
                (3, 0x207, -(12800 << 16)),
                (0, 0x20A, 0),
            ],
        )],
        &[plain()],
        &[],
    );
    for pin in PINS {
        for (key, seconds) in [(60u8, 2.0), (72, 1.0)] {
            let (frames, _) = play(&song(&[(0, None, key)]), &[&bank], pin);
            let level = |from: f64| {
                let at = (from * f64::from(RATE)) as usize;
                let part = &frames[at..at + 4800];
                let sum: f64 = part.iter().map(|f| f64::from(f[0]).powi(2)).sum();
                10.0 * (sum / 4800.0).log10()
            };
            let fall = (level(0.35) - level(0.05)) / 0.3;
            let levels: Vec<f64> = (0..10).map(|i| level(0.05 * f64::from(i))).collect();
            assert!(
                (fall + 96.0 / seconds).abs() < 2.0,
                "{pin}, key {key}: {fall:.1} dB per second, {levels:.1?}"
            );
        }
    }
}

/// One program, another one asked for; and drums, for which a melody is no substitute.
#[test]
fn a_missing_program_is_played_by_the_nearest() {
    let bank = dls(
        &[
            instrument(0, 0, &[region((0, 127), 0, 100)], &[]),
            instrument(0, 50, &[region((0, 127), 1, 100)], &[]),
        ],
        &[plain(), wave(1, 1, 16, &[], &coded(2, sixteen))],
        &[],
    );
    for pin in PINS {
        let notes = [(0, Some(0), 69), (0, Some(48), 69), (0, Some(3), 69)];
        let (frames, said) = play(&song(&notes), &[&bank], pin);
        assert_pitches(&frames, &[TONE, 2.0 * TONE, TONE], &pin);
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(
            said.contains("program 51 (Synth Strings 1) plays program 49"),
            "{said}"
        );
    }
}

/// Of instruments that two banks have, that of the last; the others of both.
#[test]
fn later_banks_come_over_earlier_ones() {
    let of = |harmonic: usize, programs: &[u32]| {
        let instruments: Vec<Vec<u8>> = programs
            .iter()
            .map(|&program| instrument(0, program, &[region((0, 127), 0, 100)], &[]))
            .collect();
        dls(
            &instruments,
            &[wave(1, 1, 16, &[], &coded(harmonic, sixteen))],
            &[],
        )
    };
    let (low, high) = (of(1, &[0, 1]), of(2, &[1, 2]));
    let notes = [(0, Some(0), 69), (0, Some(1), 69), (0, Some(2), 69)];
    for pin in PINS {
        let (frames, _) = play(&song(&notes), &[&low, &high], pin);
        assert_pitches(&frames, &[TONE, 2.0 * TONE, 2.0 * TONE], &pin);
        let (frames, _) = play(&song(&notes), &[&high, &low], pin);
        assert_pitches(&frames, &[TONE, TONE, 2.0 * TONE], &pin);
    }
}
