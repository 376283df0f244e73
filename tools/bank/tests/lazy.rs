// SPDX-License-Identifier: MIT OR Apache-2.0
//! Banks that are read as a whole and banks that are read when they are wanted: the same sound, bit for bit, once the waves are there.

use arioso_bank::dls::{
    Bank, Connection, Instrument, Link, Region, Sample, Wave, destination, unit,
};
use arioso_bank::sf2::{self, SoundFont};
use arioso_core::dls::file::{Limits, load};
use arioso_core::dls::lazy::{Counts, LazyBank, Source, Unreadable};
use arioso_core::dls::store::{Quotas, Store};
use arioso_core::synth::{Settings, Synth, SynthId, VirtualSynth};
use std::cell::Cell;
use std::fs::File;
use std::path::Path;
use std::sync::atomic::Ordering;

const PORT: SynthId = SynthId(0);
const RATE: u32 = 44_100;

/// A file in memory.
struct Disk<'a> {
    bytes: &'a [u8],
    read: Cell<usize>,
    reads: Cell<usize>,
}

impl<'a> Disk<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            read: Cell::new(0),
            reads: Cell::new(0),
        }
    }
}

impl Source for Disk<'_> {
    fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read(&self, at: u64, into: &mut [u8]) -> Result<(), Unreadable> {
        let at = at as usize;
        self.read.set(self.read.get() + into.len());
        self.reads.set(self.reads.get() + 1);
        into.copy_from_slice(self.bytes.get(at..at + into.len()).ok_or(Unreadable)?);
        Ok(())
    }
}

fn synth(instruments: Vec<arioso_core::mem::Shared<arioso_core::dls::model::Instrument>>) -> Synth {
    let mut store = Store::new(Quotas::default());
    store.add_defaults(instruments).expect("memory");
    let settings = Settings {
        voices: 128,
        rate: RATE,
        synths: 1,
    };
    let mut synth = Synth::new(&settings).expect("memory");
    let mut port = VirtualSynth::new(1).expect("memory");
    port.set_patches(store.patches(0).expect("memory"));
    synth.attach(PORT, port);
    synth
}

fn render(synth: &mut Synth, frames: usize) -> Vec<[u32; 2]> {
    let mut out = vec![[0.0f32; 2]; frames];
    synth.render(&mut out);
    out.iter().map(|frame| frame.map(f32::to_bits)).collect()
}

struct Random(u64);

impl Random {
    fn below(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % below
    }
}

/// Plays so many programs at random, of the first `top`, on both, with `limit` bytes for waves. How much of the file was read at first.
fn same(name: &str, file: &[u8], (programs, top): (usize, u64), limit: usize) -> usize {
    let disk = Disk::new(file);
    let limits = Limits {
        bytes: limit,
        ..Limits::default()
    };
    let mut bank = LazyBank::open(&disk, limits).expect("a bank");
    let (read, reads) = (disk.read.get(), disk.reads.get());
    println!(
        "{name}: {} bytes, at first {read} in {reads} reads",
        file.len()
    );
    assert!(reads < 20, "{reads}");
    let counts = Counts::default();
    let mut lazy = synth(bank.instruments().expect("memory"));
    let whole = Limits {
        bytes: 1 << 30,
        ..Limits::default()
    };
    let mut whole = synth(load(file, whole).expect("a bank"));
    let mut random = Random(7);
    let mut heard = 0;
    for round in 0..programs {
        let channel = if round % 5 == 4 {
            9
        } else {
            random.below(9) as u8
        };
        let program =
            [random.below(top) as u8, 0, 8][usize::from(channel == 9) * (1 + round / 5 % 2)];
        let mut messages = vec![vec![0xC0 | channel, program]];
        for _ in 0..6 {
            let (key, velocity) = (24 + random.below(80) as u8, 1 + random.below(127) as u8);
            messages.push(vec![0x90 | channel, key, velocity]);
        }
        for message in messages {
            whole.message(PORT, 1, &message);
            lazy.message(PORT, 1, &message);
            if message[0] < 0xD0 && message[0] >= 0xC0 && lazy.take_wanted() {
                bank.work(&disk, &counts);
                assert!(counts.bytes.load(Ordering::Relaxed) <= limit as u64);
            }
        }
        let sound = render(&mut whole, 1500);
        assert!(
            render(&mut lazy, 1500) == sound,
            "{name}: program {program}, channel {channel}"
        );
        heard += usize::from(sound.iter().any(|frame| frame[0] & 0x7FFF_FFFF != 0));
        if random.below(3) == 0 {
            whole.message(PORT, 1, &[0xB0 | channel, 120, 0]);
            lazy.message(PORT, 1, &[0xB0 | channel, 120, 0]);
        }
    }
    assert!(heard * 2 > programs, "{name}: {heard} of {programs}");
    let stats = *lazy.virtual_synth(PORT).expect("the port").stats();
    assert_eq!(stats, *whole.virtual_synth(PORT).expect("the port").stats());
    assert_eq!(counts.broken.load(Ordering::Relaxed), 0);
    while lazy.take_retired().is_some() || whole.take_retired().is_some() {}
    read
}

fn random_bank(seed: u64) -> Vec<u8> {
    let mut random = Random(seed);
    let waves = 1 + random.below(20) as usize;
    let bank = Bank {
        name: "random".into(),
        copyright: String::new(),
        instruments: (0..12 + random.below(30))
            .map(|i| Instrument {
                name: format!("{i}"),
                bank: if random.below(8) == 0 {
                    0x8000_0000
                } else {
                    random.below(3) as u32 * 0x100
                },
                program: i as u8,
                regions: (0..1 + random.below(6))
                    .map(|_| {
                        let low = random.below(128) as u8;
                        let group = random.below(3) as u16;
                        Region {
                            keys: (low, low + random.below(u64::from(128 - low)) as u8),
                            velocities: (0, 127),
                            key_group: random.below(4) as u8,
                            self_non_exclusive: random.below(2) == 0,
                            wave: random.below(waves as u64) as usize,
                            link: Link {
                                phase_group: group,
                                phase_master: random.below(2) == 0,
                                channels: 1 + random.below(2) as u32,
                            },
                            sample: (random.below(2) == 0).then(|| sample(&mut random)),
                            articulation: Vec::new(),
                        }
                    })
                    .collect(),
                articulation: vec![
                    Connection::constant(
                        destination::EG1_ATTACK,
                        unit::seconds(random.below(50) as f64 / 1000.0),
                    ),
                    Connection::constant(
                        destination::EG1_RELEASE,
                        unit::seconds(random.below(500) as f64 / 1000.0),
                    ),
                    Connection::constant(
                        destination::FILTER_CUTOFF,
                        unit::hertz(500.0 + random.below(5000) as f64),
                    ),
                ],
            })
            .collect(),
        waves: (0..waves)
            .map(|i| Wave {
                name: format!("{i}"),
                rate: 8000 + random.below(60_000) as u32,
                frames: (0..1 + random.below(30_000))
                    .map(|_| random.below(65_536) as i16)
                    .collect(),
                sample: sample(&mut random),
            })
            .collect(),
    };
    bank.to_bytes()
}

fn sample(random: &mut Random) -> Sample {
    Sample {
        unity: 30 + random.below(60) as u8,
        fine_tune: random.below(100) as i16 - 50,
        gain: -(random.below(20) as f64),
        looped: (random.below(2) == 0)
            .then(|| (random.below(5000) as u32, random.below(20_000) as u32)),
        until_release: random.below(2) == 0,
    }
}

/// A SoundFont as our tool converts it, if it is installed.
fn converted(name: &str) -> Option<Vec<u8>> {
    let mut source = File::open(Path::new("/usr/share/sounds/sf2").join(name)).ok()?;
    let font = SoundFont::open(&mut source).expect("a SoundFont");
    let conversion =
        sf2::convert(&font, &sf2::Limits::default(), |_, _| true).expect("a conversion");
    let mut out = Vec::new();
    sf2::write(&font, &conversion.bank, &mut source, &mut out, |_| ()).expect("a bank");
    Some(out)
}

#[test]
fn random_banks() {
    for seed in 0..60 {
        same(
            &format!("random {seed}"),
            &random_bank(seed),
            (25, 12),
            64 << 20,
        );
    }
}

#[test]
fn the_built_in_bank() {
    same(
        "built-in",
        &arioso_bank::general_midi(),
        (200, 128),
        64 << 20,
    );
}

/// With less room for waves than the songs need, those that sound keep theirs.
#[test]
fn foreign_banks() {
    for (name, limit) in [("TimGM6mb.sf2", 3 << 20), ("FluidR3_GM.sf2", 48 << 20)] {
        let Some(file) = converted(name) else {
            println!("{name} is not installed");
            continue;
        };
        let read = same(name, &file, (200, 128), limit);
        // Lists of 0.7 and 5 MB: the converter gives each region an articulation of its own.
        assert!(read < file.len() / 8, "{read}");
    }
}
