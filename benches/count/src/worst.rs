// SPDX-License-Identifier: MIT OR Apache-2.0
//! The dearest of many blocks against the median, while the load does not change.

use crate::callgrind;
use anyhow::{Result, bail, ensure};
use arioso_count::engine::{Arioso, Effects};
use arioso_count::material;

/// Blocks that the tests count, of the first scene alone.
const SAMPLE: usize = 10_000;
/// The dearest block may take this many times the median.
const MOST: f64 = 1.5;
/// Voices of every scene.
const VOICES: usize = 16;

struct Scene {
    name: &'static str,
    bank: fn() -> Vec<u8>,
    setting: &'static str,
    rate: u32,
}

/// Blocks of a millisecond, rounded down, as the slice timer renders: ticks fall into them unevenly.
const SCENES: [Scene; 3] = [
    Scene {
        name: "linear, moving, 44100 Hz",
        bank: material::moving_dls,
        setting: "linear",
        rate: 44_100,
    },
    Scene {
        name: "linear, still, 48000 Hz",
        bank: material::dls,
        setting: "linear",
        rate: 48_000,
    },
    Scene {
        name: "sinc8, moving, 48000 Hz",
        bank: material::moving_dls,
        setting: "sinc8",
        rate: 48_000,
    },
];

/// Under valgrind: a scene, block by block.
pub fn play(scene: usize, blocks: usize) -> Result<()> {
    let Some(scene) = SCENES.get(scene) else {
        bail!("there are {} scenes", SCENES.len());
    };
    let bank = (scene.bank)();
    let effects = Effects::default();
    let mut engine = Arioso::held(&bank, scene.setting, VOICES, scene.rate, effects)?;
    let mut out = vec![[0.0; 2]; scene.rate as usize / 1000];
    for _ in 0..blocks {
        callgrind::count(|| engine.render(&mut out));
    }
    ensure!(engine.voices() == VOICES, "voices were lost");
    Ok(())
}

/// Counts blocks of the scene whose blocks differ most.
pub fn sample() -> Result<()> {
    check(&SCENES[..1], SAMPLE)
}

/// Counts `blocks` blocks of each scene.
pub fn all(blocks: usize) -> Result<()> {
    check(&SCENES, blocks)
}

/// Fails if a block takes more than twice the median.
fn check(scenes: &[Scene], blocks: usize) -> Result<()> {
    println!(
        "instructions of a block of a millisecond, {VOICES} voices, {blocks} blocks: median, most"
    );
    let mut bad = Vec::new();
    for (index, scene) in scenes.iter().enumerate() {
        let mut counts = callgrind::run(&["blocks", &index.to_string(), &blocks.to_string()])?;
        ensure!(counts.len() == blocks, "{} blocks counted", counts.len());
        let (median, most, ratio) = spread(&mut counts);
        println!("{:<26} {median:>9} {most:>9} {ratio:.2}", scene.name);
        if ratio > MOST {
            bad.push(format!(
                "{}: a block takes {most} instructions, {ratio:.2} times the median",
                scene.name
            ));
        }
    }
    if !bad.is_empty() {
        bail!("{}", bad.join("\n"));
    }
    Ok(())
}

/// Median, maximum, their ratio.
fn spread(counts: &mut [u64]) -> (u64, u64, f64) {
    counts.sort_unstable();
    let median = counts.get(counts.len() / 2).copied().unwrap_or(0);
    let most = counts.last().copied().unwrap_or(0);
    (median, most, most as f64 / median.max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_dear_block_is_seen() {
        let mut counts = vec![100; 1000];
        assert_eq!(spread(&mut counts), (100, 100, 1.0));
        counts[500] = 201;
        assert_eq!(spread(&mut counts), (100, 201, 2.01));
    }
}
