// SPDX-License-Identifier: MIT OR Apache-2.0
//! A synthesizer's life: a random bank, a random song whose events lie on control ticks and on the ends of envelopes and loops, and
//! what must hold after every block and at the end. It knows no case.
//!
//! | module | holds |
//! |---|---|
//! | `bank` | regions |
//! | `song` | events |
//! | `play` | the run and its invariants |
//! | `shrink` | the smallest life that fails |

mod bank;
mod play;
mod shrink;
mod song;

pub use play::{Outcome, play};
pub use shrink::shrink;

use crate::Target;
use conformance::download;
use std::fmt;

/// This target.
pub const TARGET: Target = Target {
    name: "life",
    run,
    seeds,
    dictionary: Vec::new,
    driver: false,
};

/// Bytes of a life's head, of a region and of an event.
const HEAD: usize = 8;
const REGION: usize = 24;
const EVENT: usize = 6;
/// Most regions and events.
const REGIONS: usize = 6;
const EVENTS: usize = 600;

/// A life, as bytes of which each says one thing: any bytes are a life, and a part of one is one too.
#[derive(Clone, PartialEq, Eq)]
pub struct Life {
    head: [u8; HEAD],
    regions: Vec<[u8; REGION]>,
    events: Vec<[u8; EVENT]>,
}

impl Life {
    /// The life that begins an input; zeros where the input ends.
    pub fn read(input: &[u8]) -> Self {
        let mut rest = input;
        let mut head: [u8; HEAD] = take(&mut rest);
        head[3] %= REGIONS as u8;
        let count = 1 + usize::from(head[3]);
        let regions = (0..count).map(|_| take(&mut rest)).collect();
        let events = rest.chunks(EVENT).take(EVENTS);
        let events = events.map(|mut event| take(&mut event)).collect();
        Self {
            head,
            regions,
            events,
        }
    }

    /// The life of a number.
    pub fn of_seed(seed: u64) -> Self {
        let mut generator = Generator(seed);
        let events = 40 + generator.below(360);
        let length = HEAD + REGIONS * REGION + events * EVENT;
        let bytes: Vec<u8> = (0..length).map(|_| generator.next() as u8).collect();
        Self::read(&bytes)
    }

    /// What [`read`](Self::read) makes this life of.
    pub fn bytes(&self) -> Vec<u8> {
        let mut head = self.head;
        head[3] = (self.regions.len() - 1) as u8;
        let regions = self.regions.iter().flatten();
        let events = self.events.iter().flatten();
        head.iter().chain(regions).chain(events).copied().collect()
    }
}

/// What a program sends to a pin.
pub enum Part {
    /// Channel group and message.
    Message(u16, Vec<u8>),
    /// So many channel groups.
    Groups(u16),
    /// 1/100 dB
    Volume(i32),
}

impl Life {
    /// The bank as downloads: a wave for each region, an instrument, a drum kit.
    pub fn downloads(&self, rate: u32) -> Vec<Vec<u8>> {
        let plans: Vec<bank::Plan> = self.regions.iter().map(bank::Plan::of).collect();
        let waves = (1..)
            .zip(&plans)
            .map(|(id, plan)| plan.wave_download(id, rate));
        let instrument = |(id, patch): (u32, u32)| {
            let regions = (1..)
                .zip(&plans)
                .map(|(wave, plan)| plan.region_download(wave, rate))
                .collect();
            download::instrument2(
                id,
                &download::Instrument {
                    patch,
                    flags: 0,
                    regions,
                    articulations: Vec::new(),
                },
            )
        };
        let instruments = [(100, 0), (101, 1 << 31)].map(instrument);
        waves.chain(instruments).collect()
    }

    /// The song, by frames.
    pub fn parts(&self) -> Vec<(u64, Part)> {
        play::parts(self)
    }
}

/// A small generator (SplitMix64).
struct Generator(u64);

impl Generator {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> [u8; N] {
    let (head, tail) = rest.split_at(rest.len().min(N));
    *rest = tail;
    let mut out = [0; N];
    out[..head.len()].copy_from_slice(head);
    out
}

impl fmt::Display for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:?}", song::Setting::of(self))?;
        for region in &self.regions {
            writeln!(f, "{:?}", bank::Plan::of(region))?;
        }
        for line in play::score(self) {
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}

fn run(input: &[u8]) {
    play(&Life::read(input));
}

fn seeds() -> Vec<Vec<u8>> {
    (0..8).map(|seed| Life::of_seed(seed).bytes()).collect()
}
