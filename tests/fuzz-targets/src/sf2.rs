// SPDX-License-Identifier: MIT OR Apache-2.0
//! SoundFonts: reader and converter, and the loader of what they write.

use crate::bytes::hash;
use crate::{Target, planted, short, sound};
use arioso_bank::sf2::test_font::{Font, Zone, header, plain, range, zone};
use arioso_bank::sf2::{Error, Limits, SampleHeader, SoundFont, convert, generator as g, write};
use arioso_bank::test_banks;
use arioso_core::dls::file;
use std::io::{self, Cursor, Read, Seek, SeekFrom};

/// This target.
pub const TARGET: Target = Target {
    name: "sf2",
    run,
    seeds,
    dictionary,
    driver: false,
};

/// So small that inputs reach them.
const LIMITS: Limits = Limits {
    regions: 64,
    connections: 1024,
    zones: 256,
    bytes: 4096,
};

fn run(font: &[u8]) {
    if planted::is_planted() {
        planted::zones(font);
    }
    let dls = match converted(font) {
        Ok(dls) => dls,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let instruments =
        file::load(&dls, file::Limits::default()).expect("what the converter writes is a DLS file");
    assert!(!instruments.is_empty());
    for instrument in &instruments {
        sound::check(instrument);
    }
}

/// A file on a disk that may fail.
struct File<'a> {
    bytes: Cursor<&'a [u8]>,
    /// Reads and seeks that still succeed.
    left: u32,
}

impl File<'_> {
    fn use_up(&mut self) -> io::Result<()> {
        self.left = self.left.checked_sub(1).ok_or(io::ErrorKind::Other)?;
        Ok(())
    }
}

impl Read for File<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.use_up()?;
        self.bytes.read(out)
    }
}

impl Seek for File<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.use_up()?;
        self.bytes.seek(to)
    }
}

fn converted(font: &[u8]) -> Result<Vec<u8>, Error> {
    let chance = hash(font);
    let mut source = File {
        bytes: Cursor::new(font),
        left: if chance >> 61 == 0 {
            (chance >> 52) as u32 & 0xFF
        } else {
            u32::MAX
        },
    };
    let font = SoundFont::open(&mut source)?;
    let conversion = convert(&font, &LIMITS, |_, _| true)?;
    // The report, as the command line prints it.
    std::hint::black_box(conversion.report.rows().map(|row| row.2).sum::<u64>());
    let mut dls = Vec::new();
    write(&font, &conversion.bank, &mut source, &mut dls, |_| ())?;
    Ok(dls)
}

fn seeds() -> Vec<Vec<u8>> {
    let preset = || zone(&[(g::INSTRUMENT, 0)]);
    let sample = || zone(&[(g::SAMPLE, 0)]);
    let simple = plain(vec![preset()], vec![sample()]);
    let mut deep = simple.clone();
    deep.low = Some((0..200u8).collect());
    let mut compressed = simple.clone();
    compressed.version = 3;
    let mut rom = simple.clone();
    rom.samples[0].kind = SampleHeader::ROM | 1;
    let mut packed = simple.clone();
    packed.samples[0].kind |= 0x10;
    let mut spoiled = simple.clone();
    spoiled.samples[0].rate = 3;
    let mut seeds = short::chunks(&layers().bytes());
    seeds.extend(short::heads(&simple.bytes()));
    seeds.extend([
        simple.bytes(),
        layers().bytes(),
        stereo().bytes(),
        deep.bytes(),
        compressed.bytes(),
        rom.bytes(),
        packed.bytes(),
        spoiled.bytes(),
        connected().bytes(),
        banks(&simple).bytes(),
        rom_only().bytes(),
        many().bytes(),
        test_banks::impulse(8000),
    ]);
    seeds
}

/// Nothing of it is in the file; and nothing at all.
fn rom_only() -> Font {
    let mut font = plain(
        vec![zone(&[(g::INSTRUMENT, 0)])],
        vec![zone(&[(g::SAMPLE, 0)])],
    );
    font.samples[0].kind = SampleHeader::ROM;
    font
}

/// More connections than the limit.
fn connected() -> Font {
    let settings: Vec<_> = [
        g::EG1_DELAY,
        g::EG1_HOLD,
        g::EG2_TO_PITCH,
        g::LFO_TO_CUTOFF,
        g::CUTOFF,
        g::REVERB,
    ]
    .map(|operator| (operator, 300))
    .into_iter()
    .chain([(g::SAMPLE, 0)])
    .collect();
    plain(
        (0..12).map(|_| zone(&[(g::INSTRUMENT, 0)])).collect(),
        (0..5).map(|_| zone(&settings)).collect(),
    )
}

/// More zones and regions than the limits.
fn many() -> Font {
    let zones = |operator| (0..17).map(|_| zone(&[(operator, 0)])).collect();
    plain(zones(g::INSTRUMENT), zones(g::SAMPLE))
}

/// Global zones, ranges, nearly all generators, modulators of every kind.
fn layers() -> Font {
    let settings = [
        (g::ATTENUATION, 100),
        (g::EG1_DELAY, -2000),
        (g::EG1_HOLD, -2000),
        (g::KEY_TO_EG1_HOLD, 50),
        (g::KEY_TO_EG2_DECAY, 300),
        (g::EG1_SUSTAIN, 480),
        (g::EG2_SUSTAIN, 300),
        (g::EG2_TO_PITCH, 100),
        (g::LFO_TO_CUTOFF, 1200),
        (g::CUTOFF, 9000),
        (g::Q, 300),
        (g::PAN, -100),
        (g::REVERB, 150),
        (g::SCALE_TUNING, 50),
        (g::ROOT_KEY, 64),
        (g::EXCLUSIVE_CLASS, 16),
        (g::SAMPLE_MODES, 3),
        (g::KEY, 60),
        (g::COARSE_TUNE, 120),
        (g::FINE_TUNE, 50),
    ];
    let mut modulated = zone(&[(g::START, 4), (g::SAMPLE_MODES, 1), (g::SAMPLE, 0)]);
    modulated.modulators = vec![
        [0x0502, g::ATTENUATION, 480, 0, 0],
        [0x0502, g::ATTENUATION, 960, 0, 0],
        [0x0102, g::CUTOFF, 0xF6A0, 0, 0],
        [0x0081, g::VIBRATO_TO_PITCH, 0, 0x0002, 0],
        [0x0203, g::CUTOFF, 2000, 0x0D02, 0],
        [0x0603, g::CUTOFF, 2000, 0x0D02, 0],
        [0x0185, g::EG1_SUSTAIN, 2000, 0, 0],
        [0x020E, 59, 12700, 0x0010, 0],
        [127, g::CUTOFF, 2000, 0, 0],
        [0x0081, g::CUTOFF, 100, 0, 2],
        [0x0001, g::CUTOFF, 100, 0, 0],
        [0x0081, g::KEYS, 100, 0, 0],
    ];
    let all = [&settings[..], &[(g::KEYS, range(0, 70)), (g::SAMPLE, 0)]].concat();
    let mut outer = zone(&[
        (g::KEYS, range(20, 90)),
        (g::VELOCITIES, range(1, 100)),
        (g::PAN, 50),
        (g::INSTRUMENT, 0),
    ]);
    outer.modulators = vec![[0x0203, g::CUTOFF, 400, 0x0D02, 0]];
    plain(
        vec![zone(&[(g::PAN, 3)]), outer, zone(&[(g::INSTRUMENT, 7)])],
        vec![
            zone(&[(g::Q, 30), (g::VELOCITIES, range(1, 100))]),
            zone(&all),
            modulated,
            zone(&[(g::KEYS, range(100, 90)), (g::SAMPLE, 0)]),
            zone(&[(g::LOOP_END, 5), (g::SAMPLE_MODES, 1), (g::SAMPLE, 0)]),
            zone(&[(g::END_COARSE, 1), (g::SAMPLE, 0)]),
            zone(&[(g::SAMPLE, 9)]),
        ],
    )
}

fn stereo() -> Font {
    let half = |pan, sample| zone(&[(g::PAN, pan), (g::SAMPLE, sample)]);
    let mut font = plain(
        vec![zone(&[(g::INSTRUMENT, 0)])],
        vec![half(500, 1), half(-500, 0)],
    );
    font.samples = [(SampleHeader::LEFT, 1, 0), (SampleHeader::RIGHT, 0, 100)]
        .map(|(kind, link, start)| SampleHeader {
            kind,
            link,
            ..header(start, start + 100)
        })
        .to_vec();
    font
}

/// Equal, strange and empty presets.
fn banks(simple: &Font) -> Font {
    let presets: [(u16, u16, Vec<Zone>); 5] = [
        (0, 128, simple.presets[0].3.clone()),
        (3, 8, simple.presets[0].3.clone()),
        (3, 8, simple.presets[0].3.clone()),
        (200, 300, vec![]),
        (4, 0, vec![]),
    ];
    Font {
        presets: presets
            .map(|(program, bank, zones)| ("p", program, bank, zones))
            .to_vec(),
        ..simple.clone()
    }
}

/// Chunks, generators with a value, sources of modulators, numbers at the limits.
fn dictionary() -> Vec<Vec<u8>> {
    const IDS: [&[u8; 4]; 19] = [
        b"RIFF", b"sfbk", b"LIST", b"INFO", b"sdta", b"pdta", b"ifil", b"INAM", b"ICOP", b"smpl",
        b"sm24", b"phdr", b"pbag", b"pmod", b"pgen", b"inst", b"ibag", b"imod", b"igen",
    ];
    let mut words: Vec<Vec<u8>> = IDS.iter().map(|id| id.to_vec()).collect();
    words.push(b"shdr".to_vec());
    words.extend(
        (0..=60u16).map(|operator| [operator.to_le_bytes(), 300i16.to_le_bytes()].concat()),
    );
    words.extend(
        [0xFFFF_FFFFu32, 0x7FFF_FFFF, 0x8000_0000, 0x0001_0000].map(|n| n.to_le_bytes().to_vec()),
    );
    words
}
