// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the cost model's prices are made of, and what the model says about the same slices.

use crate::engines::Effects;
use crate::material::{self, RATE};
use crate::measure::cpu_ns;
use anyhow::Result;
use arioso_count::engine::Arioso;

/// Frames of a slice, a millisecond: what the slice timer renders.
const SLICE: usize = 48;
const ROUNDS: usize = 200;
const SLICES: usize = 20;
const SETTINGS: [&str; 3] = ["linear", "sinc8", "sinc16"];
const COUNTS: [usize; 3] = [40, 100, 240];

/// Prints measured and predicted ns.
pub fn print() -> Result<()> {
    println!("ns per slice of {SLICE} frames: measured (the median slice), predicted, their ratio");
    for (name, bank) in [
        ("plain", material::plain_dls()),
        ("filtered", material::dls()),
        ("moving", material::moving_dls()),
    ] {
        for setting in SETTINGS {
            for voices in COUNTS {
                compare(name, &bank, setting, voices, Effects::default())?;
            }
        }
    }
    for (name, reverb, chorus) in [
        ("reverb", true, false),
        ("chorus", false, true),
        ("both", true, true),
    ] {
        for voices in COUNTS {
            let effects = Effects { reverb, chorus };
            compare(name, &material::dls(), "linear", voices, effects)?;
        }
    }
    Ok(())
}

fn compare(name: &str, bank: &[u8], setting: &str, voices: usize, effects: Effects) -> Result<()> {
    let mut engine = Arioso::held(bank, setting, voices, RATE, effects)?;
    let mut out = [[0.0; 2]; SLICE];
    // Slices of a round differ, because not each has a tick in it; rounds are alike.
    let mut best = [u64::MAX; SLICES];
    for _ in 0..ROUNDS {
        for best in &mut best {
            let begin = cpu_ns();
            engine.render(&mut out);
            *best = (*best).min(cpu_ns() - begin);
        }
    }
    best.sort_unstable();
    let measured = (best[SLICES / 2] - asking()) as f64;
    let predicted = engine.predicted(SLICE);
    println!(
        "{name:<9} {setting:<7} {voices:>4} voices: {measured:>8.0} {predicted:>8.0} {:>5.2}",
        measured / predicted
    );
    Ok(())
}

/// ns that asking for the time takes.
fn asking() -> u64 {
    let once = |_| {
        let begin = cpu_ns();
        cpu_ns() - begin
    };
    (0..1000).map(once).min().unwrap_or(0)
}
