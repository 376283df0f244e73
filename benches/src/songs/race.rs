// SPDX-License-Identifier: MIT OR Apache-2.0
//! Engines that play a passage side by side: each plays a second, then the next one plays it. Of every second the best round counts, so that
//! what else the machine does falls out, or falls on all alike.

use super::passage::{Message, Passage};
use crate::engines::{Engine, Make};
use crate::material::{BLOCK, RATE};
use crate::measure::cpu_ns;
use std::hint::black_box;

/// Every engine's reset: General MIDI on.
const RESET: &[u8] = &[0xF0, 0x7E, 0x7F, 0x09, 0x01, 0xF7];

/// An engine and its times.
pub struct Runner {
    pub make: Make,
    engine: Box<dyn Engine>,
    /// ns of each second, the best so far.
    best: Vec<u64>,
    /// On average; 0 if the engine does not tell.
    pub voices: f64,
}

impl Runner {
    pub fn ms_per_second(&self) -> f64 {
        self.best.iter().sum::<u64>() as f64 / 1e6 / self.best.len() as f64
    }

    /// Silence, and every channel as it was at power-on.
    fn reset(&mut self) {
        self.engine.cut();
        self.engine.message(0, RESET);
        for channel in 0..16 {
            self.engine.message(0, &[0xB0 | channel, 121, 0]);
        }
        let mut out = [[0.0; 2]; BLOCK];
        for _ in 0..RATE as usize / BLOCK {
            self.engine.render(&mut out);
        }
    }

    /// Plays frames `from..to`; returns the sum of the voices at every block's end, and the number of blocks.
    fn play(&mut self, messages: &[Message], from: usize, to: usize) {
        let mut out = [[0.0; 2]; BLOCK];
        let mut done = from;
        let mut go = |engine: &mut dyn Engine, until: usize| {
            while done < until {
                let part = (until - done).min(BLOCK);
                engine.render(&mut out[..part]);
                done += part;
            }
        };
        for message in messages {
            go(&mut *self.engine, message.frame);
            self.engine.message(message.group, &message.bytes);
        }
        go(&mut *self.engine, to);
        black_box(&out);
    }
}

pub struct Race<'a> {
    passage: &'a Passage,
    pub runners: Vec<Runner>,
}

impl<'a> Race<'a> {
    pub fn new(passage: &'a Passage) -> Self {
        Self {
            passage,
            runners: Vec::new(),
        }
    }

    pub fn enter(&mut self, make: Make, engine: Box<dyn Engine>) {
        self.runners.push(Runner {
            make,
            engine,
            best: vec![u64::MAX; self.passage.seconds()],
            voices: 0.0,
        });
    }

    pub fn round(&mut self) {
        let seconds = self.passage.seconds();
        for runner in &mut self.runners {
            runner.reset();
            runner.voices = 0.0;
        }
        let mut rest = &self.passage.messages[..];
        for second in 0..seconds {
            let (from, to) = (second * RATE as usize, (second + 1) * RATE as usize);
            let count = rest.partition_point(|message| message.frame < to);
            let (now, later) = rest.split_at(count);
            rest = later;
            for runner in &mut self.runners {
                let begin = cpu_ns();
                runner.play(now, from, to);
                let took = cpu_ns() - begin;
                runner.best[second] = runner.best[second].min(took);
                runner.voices += runner.engine.voices().unwrap_or(0) as f64 / seconds as f64;
            }
        }
    }
}
