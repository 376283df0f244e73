// SPDX-License-Identifier: MIT OR Apache-2.0
//! Engines that play a passage side by side: each plays a second, then the next one plays it. Of every second the best round counts, so that
//! what else the machine does falls out, or falls on all alike.

use super::rows::Row;
use crate::engines::{Effects, Engine};
use crate::image::SongImage;
use crate::limit::Limits;
use crate::material::{BLOCK, RATE};
use crate::measure::cpu_ns;
use anyhow::Result;
use arioso_count::songs::{Passage, Second, Step};

/// Seconds from one turn of the bare kernels to the next.
const LIMITS_EVERY: usize = 4;

/// Who plays.
pub enum Player {
    Library(Box<dyn Engine>),
    Image(SongImage),
}

/// What a second was like.
#[derive(Clone, Copy, Default)]
pub struct Played {
    pub ns: u64,
    /// Sum of the squares of both channels; 1.0 is full scale.
    pub power: f64,
    /// On average, if the engine tells.
    pub voices: Option<f64>,
}

impl Player {
    /// Silence, and every channel as it was at power-on.
    fn begin(&mut self, passage: &Passage, effects: Effects) -> Result<()> {
        match self {
            Self::Library(engine) => {
                engine.cut();
                engine.reset();
                let mut out = [[0.0; 2]; BLOCK];
                for _ in 0..RATE as usize / BLOCK {
                    engine.render(&mut out);
                }
                Ok(())
            }
            Self::Image(image) => image.begin(passage, effects),
        }
    }

    /// Plays the next second.
    fn play(&mut self, second: Second, out: &mut [[f32; 2]]) -> Result<Played> {
        let engine = match self {
            Self::Library(engine) => engine,
            Self::Image(image) => return image.second(),
        };
        let (mut done, mut voices) = (0, Some(0));
        let begin = cpu_ns();
        second.play(|step| match step {
            Step::Send(message) => engine.message(message.group, &message.bytes),
            Step::Render(frames) => {
                engine.render(&mut out[done..done + frames]);
                done += frames;
                voices = voices
                    .zip(engine.voices())
                    .map(|(sum, now)| sum + now * frames);
            }
        });
        let ns = cpu_ns() - begin;
        let samples = out.as_flattened().iter();
        Ok(Played {
            ns,
            power: samples.map(|x| f64::from(x * x)).sum(),
            voices: voices.map(|sum| sum as f64 / f64::from(RATE)),
        })
    }
}

struct Runner {
    engine: &'static str,
    setting: &'static str,
    player: Player,
    /// Each second, with the best time so far.
    seconds: Vec<Played>,
}

/// Those that take part.
#[derive(Default)]
pub struct Race(Vec<Runner>);

impl Race {
    pub fn enter(&mut self, engine: &'static str, setting: &'static str, player: Player) {
        self.0.push(Runner {
            engine,
            setting,
            player,
            seconds: Vec::new(),
        });
    }

    /// Those of the players that are images, to go on in another race.
    pub fn images(self) -> Vec<(&'static str, SongImage)> {
        let image = |runner: Runner| match runner.player {
            Player::Image(image) => Some((runner.setting, image)),
            Player::Library(_) => None,
        };
        self.0.into_iter().filter_map(image).collect()
    }

    /// Begins with another passage.
    pub fn clear(&mut self) {
        for runner in &mut self.0 {
            runner.seconds.clear();
        }
    }

    /// Plays the passage; bare kernels take their turns in between.
    pub fn round(
        &mut self,
        passage: &Passage,
        effects: Effects,
        limits: &mut Limits,
    ) -> Result<()> {
        for runner in &mut self.0 {
            runner.player.begin(passage, effects)?;
        }
        let mut out = vec![[0.0; 2]; RATE as usize];
        for (index, second) in passage.by_second().enumerate() {
            if index % LIMITS_EVERY == 0 {
                limits.round();
            }
            for runner in &mut self.0 {
                let played = runner.player.play(second, &mut out)?;
                match runner.seconds.get_mut(index) {
                    Some(best) => best.ns = best.ns.min(played.ns),
                    None => runner.seconds.push(played),
                }
            }
        }
        Ok(())
    }

    pub fn rows(&self, passage: &Passage, bank: &'static str, effects: Effects) -> Vec<Row> {
        let row = |runner: &Runner| {
            let count = runner.seconds.len().max(1) as f64;
            let mean = |of: fn(&Played) -> f64| runner.seconds.iter().map(of).sum::<f64>() / count;
            let tells = runner.seconds.iter().all(|second| second.voices.is_some());
            Row {
                engine: runner.engine,
                setting: runner.setting,
                song: passage.name.clone(),
                bank,
                from_second: passage.from,
                seconds: passage.seconds(),
                reverb_and_chorus: effects.reverb,
                ms_per_second: mean(|second| second.ns as f64) / 1e6,
                voices: tells.then(|| mean(|second| second.voices.unwrap_or(0.0))),
                rms: (mean(|second| second.power) / f64::from(2 * RATE)).sqrt(),
                ..Row::default()
            }
        };
        self.0.iter().map(row).collect()
    }
}
