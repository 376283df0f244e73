// SPDX-License-Identifier: MIT OR Apache-2.0
//! What everybody plays: one instrument as SoundFont and as DLS, and which notes are held.

use arioso_bank::dls::{
    Bank, Connection, Instrument, Link, Region, Sample, Wave, destination, source, unit,
};
use std::array::from_fn;
use std::f64::consts::TAU;
use std::sync::LazyLock;

/// Frames per second of the output.
pub const RATE: u32 = 48_000;
/// Frames that every engine renders at once.
pub const BLOCK: usize = 256;
/// Every voice runs through a low-pass at this frequency, in Hz.
pub const CUTOFF: f64 = 2000.0;

/// Frames per second of the recordings.
const WAVE_RATE: u32 = 44_100;
/// Frames before the loop, frames of the loop, and periods of middle C in it.
const ATTACK: u32 = 4096;
const LOOP: u32 = 28_672;
const PERIODS: u32 = 170;
const ROOT: u8 = 60;
/// A recording for each of these ranges of keys.
const RANGES: [(u8, u8); 4] = [(0, 47), (48, 59), (60, 71), (72, 127)];
/// What SoundFont 2 wants behind a sample.
const SILENCE: usize = 46;

/// Channels without the drum channel, and keys held on each.
const CHANNELS: [u8; 15] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15];
const KEYS: usize = 16;

/// A note to hold. Groups count from 0: peers have one of 16 channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note {
    /// Channel group, from 0.
    pub group: u16,
    /// 0–15
    pub channel: u8,
    /// 0–127
    pub key: u8,
}

/// Velocity of every note.
pub const VELOCITY: u8 = 127;
/// Controllers of every channel: so quiet that two thousand voices do not clip. Volume and expression act alike in all engines.
pub const CONTROLLERS: [(u8, u8); 2] = [(7, 16), (11, 64)];

/// The first `count` notes: 16 keys, three semitones apart, on one channel after the other; three neighbouring channels hold
/// different keys, 48 in all.
pub fn notes(count: usize) -> Vec<Note> {
    (0..count)
        .map(|voice| {
            let part = voice / KEYS;
            Note {
                group: (part / CHANNELS.len()) as u16,
                channel: CHANNELS[part % CHANNELS.len()],
                key: 36 + 3 * (voice % KEYS) as u8 + (part % 3) as u8,
            }
        })
        .collect()
}

/// A note's recording, its loop (first frame and length), and how many of its frames a frame of the output takes.
pub fn source(note: Note) -> (&'static [i16], (usize, usize), f64) {
    let index = RANGES
        .iter()
        .position(|(low, high)| (*low..=*high).contains(&note.key));
    let semitones = f64::from(note.key) - f64::from(ROOT);
    let step = (semitones / 12.0).exp2() * f64::from(WAVE_RATE) / f64::from(RATE);
    let looped = (ATTACK as usize, LOOP as usize);
    (&waves()[index.unwrap_or(0)], looped, step)
}

/// The recordings. They are made once: it takes a while.
fn waves() -> &'static [Vec<i16>; RANGES.len()] {
    static WAVES: LazyLock<[Vec<i16>; RANGES.len()]> = LazyLock::new(|| from_fn(wave));
    &WAVES
}

/// Recording `index`: harmonics of middle C, each with its own phase, so that the recordings differ.
fn wave(index: usize) -> Vec<i16> {
    let harmonics: Vec<(f64, f64, f64)> = (1..=24)
        .map(|h| {
            let h = f64::from(h);
            let phase = (h * h * 0.37 + index as f64 * 0.21).fract();
            (h, 1.0 / h, phase)
        })
        .collect();
    (0..ATTACK + LOOP)
        .map(|frame| {
            let turn = f64::from(frame) * f64::from(PERIODS) / f64::from(LOOP);
            let sum: f64 = harmonics
                .iter()
                .map(|(h, level, phase)| level * (TAU * (h * turn + phase)).sin())
                .sum();
            (sum * 0.2 * 32767.0).clamp(-32767.0, 32767.0).round() as i16
        })
        .collect()
}

/// The instrument as a DLS 2 file.
pub fn dls() -> Vec<u8> {
    bank(&filter())
}

/// The same without a filter.
pub fn plain_dls() -> Vec<u8> {
    bank(&[])
}

/// The same with an LFO that moves pitch, level and filter.
pub fn moving_dls() -> Vec<u8> {
    let lfo = |destination, scale| Connection::new(source::LFO, source::NONE, destination, scale);
    let movement = vec![
        lfo(destination::PITCH, unit::cents(30.0)),
        lfo(destination::GAIN, unit::decibels(3.0)),
        lfo(destination::FILTER_CUTOFF, unit::cents(600.0)),
    ];
    bank(&[filter(), movement].concat())
}

fn filter() -> Vec<Connection> {
    vec![
        Connection::constant(destination::FILTER_CUTOFF, unit::hertz(CUTOFF)),
        Connection::constant(destination::FILTER_Q, 0),
    ]
}

fn bank(articulation: &[Connection]) -> Vec<u8> {
    let region = |(index, keys): (usize, (u8, u8))| Region {
        keys,
        velocities: (0, 127),
        key_group: 0,
        self_non_exclusive: false,
        wave: index,
        link: Link::MONO,
        sample: None,
        articulation: Vec::new(),
    };
    let wave = |index: usize| Wave {
        name: format!("tone {index}"),
        rate: WAVE_RATE,
        frames: waves()[index].clone(),
        sample: Sample {
            unity: ROOT,
            fine_tune: 0,
            gain: 0.0,
            looped: Some((ATTACK, LOOP)),
            until_release: false,
        },
    };
    Bank {
        name: "bench".into(),
        copyright: String::new(),
        instruments: vec![Instrument {
            name: "tone".into(),
            bank: 0,
            program: 0,
            regions: RANGES.into_iter().enumerate().map(region).collect(),
            articulation: articulation.to_vec(),
        }],
        waves: (0..RANGES.len()).map(wave).collect(),
    }
    .to_bytes()
}

/// SoundFont generators.
mod generator {
    pub const INITIAL_FILTER_FC: u16 = 8;
    pub const INSTRUMENT: u16 = 41;
    pub const KEY_RANGE: u16 = 43;
    pub const SAMPLE_ID: u16 = 53;
    pub const SAMPLE_MODES: u16 = 54;
    pub const ROOT_KEY: u16 = 58;
}

/// The instrument as a SoundFont 2.01 file.
pub fn sf2() -> Vec<u8> {
    let mut info = b"INFO".to_vec();
    chunk(&mut info, b"ifil", &halves(&[2, 1]));
    chunk(&mut info, b"isng", b"EMU8000\0");
    chunk(&mut info, b"INAM", b"bench\0");

    let mut samples = Vec::new();
    let mut headers = Vec::new();
    for index in 0..RANGES.len() {
        let start = samples.len() as u32 / 2;
        samples.extend(waves()[index].iter().flat_map(|frame| frame.to_le_bytes()));
        samples.extend([0; 2 * SILENCE]);
        headers.extend(name(&format!("tone {index}")));
        let looped = start + ATTACK;
        for word in [start, looped + LOOP, looped, looped + LOOP, WAVE_RATE] {
            headers.extend(word.to_le_bytes());
        }
        headers.extend([ROOT, 0]);
        // No link; mono.
        headers.extend(halves(&[0, 1]));
    }
    headers.extend(name("EOS"));
    headers.extend([0; 26]);
    let mut data = b"sdta".to_vec();
    chunk(&mut data, b"smpl", &samples);

    let cutoff = (1200.0 * (CUTOFF / 8.176).log2()).round() as u16;
    let mut zones = Vec::new();
    let mut generators = Vec::new();
    for (index, (low, high)) in RANGES.into_iter().enumerate() {
        zones.extend(halves(&[generators.len() as u16 / 4, 0]));
        generators.extend(halves(&[
            generator::KEY_RANGE,
            u16::from_le_bytes([low, high]),
            generator::INITIAL_FILTER_FC,
            cutoff,
            generator::SAMPLE_MODES,
            1,
            generator::ROOT_KEY,
            ROOT.into(),
            generator::SAMPLE_ID,
            index as u16,
        ]));
    }
    zones.extend(halves(&[generators.len() as u16 / 4, 0]));
    generators.extend([0; 4]);

    let mut presets = name("tone").to_vec();
    presets.extend(halves(&[0, 0, 0]));
    presets.extend([0; 12]);
    presets.extend(name("EOP"));
    presets.extend(halves(&[0, 0, 1]));
    presets.extend([0; 12]);
    let mut instruments = name("tone").to_vec();
    instruments.extend(halves(&[0]));
    instruments.extend(name("EOI"));
    instruments.extend(halves(&[RANGES.len() as u16]));

    let mut presets_data = b"pdta".to_vec();
    chunk(&mut presets_data, b"phdr", &presets);
    chunk(&mut presets_data, b"pbag", &halves(&[0, 0, 1, 0]));
    chunk(&mut presets_data, b"pmod", &[0; 10]);
    chunk(
        &mut presets_data,
        b"pgen",
        &halves(&[generator::INSTRUMENT, 0, 0, 0]),
    );
    chunk(&mut presets_data, b"inst", &instruments);
    chunk(&mut presets_data, b"ibag", &zones);
    chunk(&mut presets_data, b"imod", &[0; 10]);
    chunk(&mut presets_data, b"igen", &generators);
    chunk(&mut presets_data, b"shdr", &headers);

    let mut body = b"sfbk".to_vec();
    for list in [info, data, presets_data] {
        chunk(&mut body, b"LIST", &list);
    }
    let mut file = Vec::new();
    chunk(&mut file, b"RIFF", &body);
    file
}

fn chunk(out: &mut Vec<u8>, id: &[u8; 4], data: &[u8]) {
    out.extend(id);
    out.extend((data.len() as u32).to_le_bytes());
    out.extend(data);
    if data.len() % 2 == 1 {
        out.push(0);
    }
}

fn halves(values: &[u16]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

fn name(text: &str) -> [u8; 20] {
    let mut name = [0; 20];
    for (to, from) in name.iter_mut().zip(text.bytes()) {
        *to = from;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn held_notes_differ() {
        let all = notes(2000);
        for (index, note) in all.iter().enumerate() {
            assert!(!all[..index].contains(note));
        }
        let keys: std::collections::BTreeSet<u8> = all.iter().map(|note| note.key).collect();
        assert_eq!(keys.len(), 48);
    }

    #[test]
    fn both_files_are_read() {
        arioso_core::dls::file::load(&dls(), Default::default()).unwrap();
        rustysynth::SoundFont::new(&mut &sf2()[..]).unwrap();
    }
}
