// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is counted, and how much it may be.

use crate::callgrind;
use anyhow::{Result, bail, ensure};
use arioso_count::engine::{Arioso, Effects};
use arioso_count::material::{self, BLOCK, RATE};
use arioso_count::songs::{Bank, Passage, Step, TIMGM6MB, VOICES};
use std::fmt;

/// Frames of a block, a millisecond: what the slice timer renders.
pub const SLICE: usize = 48;
/// Blocks of a scene: a whole number of control ticks.
const BLOCKS: usize = 32;
/// A count may be this much above its limit: compilers and the C library's `memset` differ a little.
const TOLERANCE: f64 = 0.02;
/// More below its limit, and the limit should be lowered.
const SLACK: f64 = 0.05;

/// What sounds.
#[derive(Clone, Copy)]
enum Scene {
    /// Held voices with a filter.
    Still(&'static str, usize),
    /// The same with an LFO on pitch, level and filter.
    Moving(&'static str, usize),
    /// 64 still `linear` voices that play into effects.
    Effects(Effects),
    /// As many notes begin while none sounds.
    Starts(usize),
    /// The densest seconds of a song of OpenMSX with `timgm6mb`, dry: notes, controllers, everything.
    Song(&'static str, usize, &'static str),
}

use Scene::{Moving, Song, Starts, Still};

const REVERB: Scene = Scene::Effects(Effects {
    reverb: true,
    chorus: false,
});
const CHORUS: Scene = Scene::Effects(Effects {
    reverb: false,
    chorus: true,
});

/// Scenes with what they may take. Units: per voice and frame; with effects per frame; starts per note.
const LIMITS: [(Scene, f64); 17] = [
    (Still("linear", 64), 22.79),
    (Still("linear", 240), 22.32),
    (Still("sinc8", 64), 35.70),
    (Still("sinc8", 240), 35.23),
    (Still("sinc16", 64), 41.55),
    (Still("sinc16", 240), 41.07),
    (Moving("linear", 64), 32.06),
    (Moving("linear", 240), 31.59),
    (Moving("sinc8", 64), 45.20),
    (Moving("sinc8", 240), 44.72),
    (Moving("sinc16", 64), 50.89),
    (Moving("sinc16", 240), 50.41),
    (REVERB, 1740.11),
    (CHORUS, 1614.10),
    (Starts(240), 1479.82),
    (Song("chemistry_lab", 2, "linear"), 761.30),
    (Song("chemistry_lab", 2, "sinc8"), 1071.34),
];

const AT_EFFECTS: usize = 64;

impl fmt::Display for Scene {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Still(setting, voices) => write!(f, "{setting}, {voices} voices"),
            Moving(setting, voices) => write!(f, "{setting}, {voices} moving voices"),
            Self::Effects(effects) => {
                let name = if effects.reverb { "reverb" } else { "chorus" };
                write!(f, "linear, {AT_EFFECTS} voices, {name}")
            }
            Starts(notes) => write!(f, "start of {notes} notes"),
            Song(name, seconds, setting) => write!(f, "{setting}, {seconds} s of {name}"),
        }
    }
}

impl Scene {
    fn unit(self) -> &'static str {
        match self {
            Still(..) | Moving(..) => "per voice and frame",
            Self::Effects(_) | Song(..) => "per frame",
            Starts(_) => "per note",
        }
    }

    /// Units in the scene.
    fn size(self) -> usize {
        match self {
            Still(_, voices) | Moving(_, voices) => voices * SLICE * BLOCKS,
            Self::Effects(_) => SLICE * BLOCKS,
            Starts(notes) => notes,
            Song(_, seconds, _) => seconds * RATE as usize,
        }
    }

    /// Plays it; the last part is counted. `more` blocks are too many.
    fn play(self, more: usize) -> Result<()> {
        let held = |bank: &[u8], setting, voices, effects| -> Result<()> {
            let mut engine = Arioso::held(bank, setting, voices, RATE, effects)?;
            let mut out = [[0.0; 2]; SLICE];
            callgrind::count(|| {
                for _ in 0..BLOCKS + more {
                    engine.render(&mut out);
                }
            });
            ensure!(engine.voices() == voices, "{self}: voices were lost");
            Ok(())
        };
        match self {
            Still(setting, voices) => held(&material::dls(), setting, voices, Effects::default()),
            Moving(setting, voices) => {
                held(&material::moving_dls(), setting, voices, Effects::default())
            }
            Self::Effects(effects) => held(&material::dls(), "linear", AT_EFFECTS, effects),
            Starts(notes) => {
                let bank = material::dls();
                let mut engine = Arioso::new(&bank, "linear", notes, RATE, Effects::default())?;
                let notes = material::notes(notes);
                callgrind::count(|| notes.iter().for_each(|note| engine.note_on(*note)));
                ensure!(engine.voices() == notes.len(), "{self}: notes were lost");
                Ok(())
            }
            Song(name, seconds, setting) => {
                let bank = Bank::open(TIMGM6MB)?;
                let passage = Passage::of(name, seconds)?;
                let effects = Effects::default();
                let mut engine = Arioso::with(bank.patches, setting, VOICES, RATE, effects)?;
                let mut out = [[0.0; 2]; BLOCK];
                let mut voices = 0;
                callgrind::count(|| {
                    for second in passage.by_second() {
                        second.play(|step| match step {
                            Step::Send(message) => engine.message(message.group, &message.bytes),
                            Step::Render(frames) => engine.render(&mut out[..frames]),
                        });
                        voices += engine.voices();
                    }
                });
                ensure!(voices > 20 * seconds, "{self}: few voices");
                Ok(())
            }
        }
    }
}

/// Under valgrind: all scenes, then the first one with a block too many.
pub fn play() -> Result<()> {
    for (scene, _) in LIMITS {
        scene.play(0)?;
    }
    let [(first, _), ..] = LIMITS;
    first.play(1)
}

fn measure() -> Result<Vec<f64>> {
    let counts = callgrind::run(&["scenes"])?;
    ensure!(
        counts.len() == LIMITS.len() + 1,
        "{} of {} scenes were counted",
        counts.len(),
        LIMITS.len() + 1
    );
    let [(first, _), ..] = LIMITS;
    let scenes = LIMITS.iter().map(|(scene, _)| *scene).chain([first]);
    let per_unit = |(scene, count): (Scene, u64)| count as f64 / scene.size() as f64;
    Ok(scenes.zip(counts).map(per_unit).collect())
}

/// Prints all counts.
pub fn show() -> Result<()> {
    println!("{:<32} {:>13} {:>9}", "scene", "instructions", "limit");
    for ((scene, limit), count) in LIMITS.iter().zip(measure()?) {
        let (name, unit) = (scene.to_string(), scene.unit());
        println!("{name:<32} {count:>13.2} {limit:>9.2} {unit}");
    }
    Ok(())
}

/// Fails if a scene takes more than it may, or if a slower one would not be noticed.
pub fn check() -> Result<()> {
    let counts = measure()?;
    let mut slow = Vec::new();
    for ((scene, limit), &count) in LIMITS.iter().zip(&counts) {
        slow.extend(judge(*scene, *limit, count));
    }
    if !slow.is_empty() {
        bail!(
            "{}\nrun `cargo xtask bench --instructions` to see all scenes",
            slow.join("\n")
        );
    }
    let ([(scene, _), ..], Some(planted)) = (LIMITS, counts.last()) else {
        bail!("nothing was counted");
    };
    ensure!(
        judge(scene, counts[0], *planted).is_some(),
        "a scene with {:.1} % more work was not noticed",
        100.0 / BLOCKS as f64
    );
    println!("{} scenes keep to their instructions", LIMITS.len());
    Ok(())
}

/// What is wrong with a count.
fn judge(scene: Scene, limit: f64, count: f64) -> Option<String> {
    let unit = scene.unit();
    if count > limit * (1.0 + TOLERANCE) {
        let percent = 100.0 * TOLERANCE;
        return Some(format!(
            "{scene}: {count:.2} instructions {unit}, limit {limit:.2} and {percent:.0} %"
        ));
    }
    if count < limit * (1.0 - SLACK) {
        println!("{scene}: {count:.2} instructions {unit}; the limit of {limit:.2} can be lowered");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_the_tolerance_is_too_much() {
        let scene = Still("linear", 64);
        assert!(judge(scene, 20.0, 20.39).is_none());
        assert!(judge(scene, 20.0, 10.0).is_none());
        let complaint = judge(scene, 20.0, 20.41).unwrap();
        assert_eq!(
            complaint,
            "linear, 64 voices: 20.41 instructions per voice and frame, limit 20.00 and 2 %"
        );
    }
}
