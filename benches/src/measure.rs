// SPDX-License-Identifier: MIT OR Apache-2.0
//! How long, how loud, how many.

use crate::engines::{Effects, Engine, Make};
use crate::material::{self, BLOCK, Note};
use anyhow::{Result, ensure};
use std::collections::BTreeMap;

/// Blocks in a timed round.
pub const BLOCKS: usize = 24;
/// Frames in a timed round.
pub const ROUND: usize = BLOCKS * BLOCK;
/// Blocks from the notes' start that are listened to.
const HEARD: usize = 32;
/// Blocks after which a cut engine is silent.
const SETTLED: usize = 16;

/// Processor time of this thread in ns.
pub fn cpu_ns() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the structure lives across the call.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Keeps this process, and those that it starts, on one processor.
pub fn stay_on_one_processor() {
    // SAFETY: a set of this size, filled by the calls that follow.
    unsafe {
        let cpu = libc::sched_getcpu();
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        if let Ok(cpu) = usize::try_from(cpu) {
            libc::CPU_SET(cpu, &mut set);
            libc::sched_setaffinity(0, size_of_val(&set), &set);
        }
    }
}

/// What was heard.
#[derive(Clone, Copy, Debug)]
pub struct Sound {
    /// Voices that are really in the mix.
    pub sounding: usize,
    /// Of both channels; 1.0 is full scale.
    pub rms: f64,
    /// FNV-1a of the samples.
    pub hash: u64,
}

/// Notes that are held, and how fast that goes.
pub struct Held {
    pub make: Make,
    pub voices: usize,
    pub effects: Effects,
    pub sound: Sound,
    engine: Box<dyn Engine>,
    /// ns of the best round.
    best: u64,
}

impl Held {
    /// Builds the engine, starts the notes and listens.
    pub fn new(make: Make, voices: usize, effects: Effects) -> Result<Self> {
        let notes = material::notes(voices);
        let mut engine = make.build(voices, effects)?;
        let alone = Alone::listen(&make, &notes)?;
        let heard = start(&mut *engine, &notes);
        let sound = alone.judge(&notes, &heard);
        Ok(Self {
            make,
            voices,
            effects,
            sound,
            engine,
            best: u64::MAX,
        })
    }

    pub fn round(&mut self) {
        let mut out = [[0.0; 2]; BLOCK];
        let begin = cpu_ns();
        for _ in 0..BLOCKS {
            self.engine.render(&mut out);
        }
        self.best = self.best.min(cpu_ns() - begin);
        std::hint::black_box(&out);
    }

    /// The notes are still there.
    pub fn check(&self) -> Result<()> {
        if let Some(voices) = self.engine.voices() {
            ensure!(
                voices == self.voices,
                "{} {} plays {voices} voices instead of {}",
                self.make.engine,
                self.make.setting,
                self.voices
            );
        }
        Ok(())
    }

    pub fn ns_per_frame(&self) -> f64 {
        self.best as f64 / ROUND as f64
    }
}

fn start(engine: &mut dyn Engine, notes: &[Note]) -> Vec<[f32; 2]> {
    let mut heard = vec![[0.0; 2]; HEARD * BLOCK];
    for note in notes {
        engine.note_on(*note);
    }
    for block in heard.as_chunks_mut::<BLOCK>().0 {
        engine.render(block);
    }
    heard
}

/// Each note alone, without effects: a mix is their sum, so that what is missing in it shows.
struct Alone(BTreeMap<u8, Vec<[f32; 2]>>);

impl Alone {
    fn listen(make: &Make, notes: &[Note]) -> Result<Self> {
        let mut engine = make.build(16, Effects::default())?;
        let mut out = [[0.0; 2]; BLOCK];
        let mut keys = BTreeMap::new();
        for note in notes {
            if keys.contains_key(&note.key) {
                continue;
            }
            // The first channel has been set up.
            let note = Note {
                group: 0,
                channel: 0,
                ..*note
            };
            keys.insert(note.key, start(&mut *engine, &[note]));
            engine.cut();
            for _ in 0..SETTLED {
                engine.render(&mut out);
            }
        }
        Ok(Self(keys))
    }

    fn judge(&self, notes: &[Note], heard: &[[f32; 2]]) -> Sound {
        let mut sum = vec![[0.0f64; 2]; heard.len()];
        for note in notes {
            for (sum, alone) in sum.iter_mut().zip(&self.0[&note.key]) {
                sum[0] += f64::from(alone[0]);
                sum[1] += f64::from(alone[1]);
            }
        }
        let pairs = || {
            sum.as_flattened()
                .iter()
                .copied()
                .zip(heard.as_flattened().iter().map(|x| f64::from(*x)))
        };
        let expected: f64 = pairs().map(|(sum, _)| sum * sum).sum();
        let common: f64 = pairs().map(|(sum, heard)| sum * heard).sum();
        let power: f64 = pairs().map(|(_, heard)| heard * heard).sum();
        let share = if expected > 0.0 {
            common / expected
        } else {
            0.0
        };
        let mut hash = Hash::default();
        for sample in heard.as_flattened() {
            hash.add(&sample.to_le_bytes());
        }
        Sound {
            sounding: (share * notes.len() as f64).round().max(0.0) as usize,
            rms: (power / heard.as_flattened().len() as f64).sqrt(),
            hash: hash.0,
        }
    }
}

/// FNV-1a.
pub struct Hash(pub u64);

impl Default for Hash {
    fn default() -> Self {
        Self(0xCBF2_9CE4_8422_2325)
    }
}

impl Hash {
    pub fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x100_0000_01B3);
        }
    }
}

/// Starts notes again and again.
pub struct Starts {
    pub make: Make,
    notes: Vec<Note>,
    engine: Box<dyn Engine>,
    /// ns of the best start with the block that follows, and of the block after that.
    best: u64,
    steady: u64,
}

impl Starts {
    pub fn new(make: Make, voices: usize) -> Result<Self> {
        Ok(Self {
            make,
            notes: material::notes(voices),
            engine: make.build(voices, Effects::default())?,
            best: u64::MAX,
            steady: u64::MAX,
        })
    }

    pub fn round(&mut self) {
        let mut out = [[0.0; 2]; BLOCK];
        self.engine.cut();
        for _ in 0..SETTLED {
            self.engine.render(&mut out);
        }
        let begin = cpu_ns();
        for note in &self.notes {
            self.engine.note_on(*note);
        }
        self.engine.render(&mut out);
        let started = cpu_ns();
        self.engine.render(&mut out);
        self.steady = self.steady.min(cpu_ns() - started);
        self.best = self.best.min(started - begin);
    }

    /// What a note costs beyond the samples that it plays.
    pub fn ns_per_note(&self) -> f64 {
        self.best.saturating_sub(self.steady) as f64 / self.notes.len() as f64
    }
}
