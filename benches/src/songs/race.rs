// SPDX-License-Identifier: MIT OR Apache-2.0
//! Engines that play a passage side by side: each plays a second, then the next one plays it. Of every second the best round counts, so that
//! what else the machine does falls out, or falls on all alike.

use super::rows::Row;
use crate::engines::{Effects, Engine, Make};
use crate::material::{BLOCK, RATE};
use crate::measure::cpu_ns;
use anyhow::Result;
use arioso_count::songs::{Message, Passage};

/// An engine and its times.
struct Runner {
    make: Make,
    engine: Box<dyn Engine>,
    /// ns of each second, the best so far.
    best: Vec<u64>,
    heard: Heard,
}

/// What a passage sounded like.
#[derive(Clone, Copy, Default)]
struct Heard {
    /// On average, if the engine tells.
    voices: Option<f64>,
    /// Of both channels; 1.0 is full scale.
    rms: f64,
}

impl Runner {
    /// Silence, and every channel as it was at power-on.
    fn reset(&mut self) {
        self.engine.cut();
        self.engine.reset();
        let mut out = [[0.0; 2]; BLOCK];
        for _ in 0..RATE as usize / BLOCK {
            self.engine.render(&mut out);
        }
    }

    /// Plays the frames from `from` on that fill `out`; `after` is called after each block.
    fn play(
        &mut self,
        messages: &[Message],
        from: usize,
        out: &mut [[f32; 2]],
        mut after: impl FnMut(&dyn Engine, usize),
    ) {
        let mut done = 0;
        let mut go = |engine: &mut dyn Engine, until: usize| {
            while done < until {
                let to = until.min(done + BLOCK);
                engine.render(&mut out[done..to]);
                after(engine, to - done);
                done = to;
            }
        };
        for message in messages {
            go(&mut *self.engine, message.frame - from);
            self.engine.message(message.group, &message.bytes);
        }
        go(&mut *self.engine, RATE as usize);
    }

    /// Plays the passage and does not look at the clock.
    fn listen(&mut self, passage: &Passage) {
        self.reset();
        self.best = vec![u64::MAX; passage.seconds()];
        let (mut voices, mut tells, mut power) = (0, true, 0.0);
        for (from, messages) in seconds(passage) {
            let mut out = second();
            self.play(messages, from, &mut out, |engine, frames| {
                match engine.voices() {
                    Some(count) => voices += count * frames,
                    None => tells = false,
                }
            });
            let samples = out.as_flattened().iter();
            power += samples.map(|x| f64::from(x * x)).sum::<f64>();
        }
        let frames = passage.frames as f64;
        self.heard = Heard {
            voices: tells.then_some(voices as f64 / frames),
            rms: (power / (2.0 * frames)).sqrt(),
        };
    }

    fn ms_per_second(&self) -> f64 {
        self.best.iter().sum::<u64>() as f64 / 1e6 / self.best.len() as f64
    }
}

fn second() -> Vec<[f32; 2]> {
    vec![[0.0; 2]; RATE as usize]
}

/// The first frame and the messages of each second.
fn seconds(passage: &Passage) -> impl Iterator<Item = (usize, &[Message])> {
    let mut rest = &passage.messages[..];
    (0..passage.seconds()).map(move |index| {
        let from = index * RATE as usize;
        let (now, later) = Passage::split(rest, from + RATE as usize);
        rest = later;
        (from, now)
    })
}

/// Those that take part.
#[derive(Default)]
pub struct Race(Vec<Runner>);

impl Race {
    pub fn enter(&mut self, make: Make, engine: Box<dyn Engine>) {
        self.0.push(Runner {
            make,
            engine,
            best: Vec::new(),
            heard: Heard::default(),
        });
    }

    /// Begins with another passage.
    pub fn listen(&mut self, passage: &Passage) -> Result<()> {
        for runner in &mut self.0 {
            runner.listen(passage);
        }
        Ok(())
    }

    pub fn round(&mut self, passage: &Passage) -> Result<()> {
        self.0.iter_mut().for_each(Runner::reset);
        let mut out = second();
        for (index, (from, messages)) in seconds(passage).enumerate() {
            for runner in &mut self.0 {
                let begin = cpu_ns();
                runner.play(messages, from, &mut out, |_, _| ());
                let took = cpu_ns() - begin;
                runner.best[index] = runner.best[index].min(took);
            }
        }
        Ok(())
    }

    pub fn rows(&self, passage: &Passage, bank: &'static str, effects: Effects) -> Vec<Row> {
        let row = |runner: &Runner| Row {
            engine: runner.make.engine,
            setting: runner.make.setting,
            song: passage.name.clone(),
            bank,
            from_second: passage.from,
            seconds: passage.seconds(),
            reverb_and_chorus: effects.reverb,
            ms_per_second: runner.ms_per_second(),
            voices: runner.heard.voices,
            rms: runner.heard.rms,
            ..Row::default()
        };
        self.0.iter().map(row).collect()
    }
}
