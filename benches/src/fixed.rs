//! Fixed renderings whose instructions can be counted: the same work at every run.

use crate::engines::{Arioso, Effects, Engine};
use crate::material::{self, Note};
use anyhow::Result;

/// Frames of a block, a millisecond: what the slice timer renders.
const SLICE: usize = 48;

/// Runs a scene in which `voices` voices are held with a quality setting, all that can move moves, and `blocks` blocks count.
pub fn run(setting: &str, voices: usize, blocks: usize) -> Result<()> {
    let mut engine = held(&material::moving_dls(), setting, voices)?;
    let mut out = [[0.0; 2]; SLICE];
    for _ in 0..blocks {
        counted_block(&mut engine, &mut out);
    }
    anyhow::ensure!(engine.voices() == Some(voices), "voices were lost");
    Ok(())
}

/// An engine that holds notes of a bank.
fn held(bank: &[u8], setting: &str, voices: usize) -> Result<Arioso> {
    /// A tenth of a second, until every LFO runs.
    const WARM: usize = 100;
    let mut engine = Arioso::new(bank, setting, voices, Effects::default())?;
    let notes = material::notes(voices);
    for Note { group, channel, .. } in notes.iter().copied() {
        for (controller, value) in material::CONTROLLERS {
            engine.control(group, channel, controller, value);
        }
    }
    for note in notes {
        engine.note_on(note);
    }
    let mut out = [[0.0; 2]; SLICE];
    for _ in 0..WARM {
        engine.render_any(&mut out);
    }
    Ok(engine)
}

/// Measures what the cost model's prices are made of, and what the model says about the same slices.
pub fn prices() -> Result<()> {
    const ROUNDS: usize = 200;
    const SLICES: usize = 20;
    const COUNTS: [usize; 2] = [40, 240];
    println!("ns per slice of {SLICE} frames: measured, predicted");
    for (name, bank) in [
        ("plain", material::plain_dls()),
        ("filtered", material::dls()),
        ("moving", material::moving_dls()),
    ] {
        for setting in ["linear", "sinc8", "sinc16"] {
            for voices in COUNTS {
                let mut engine = held(&bank, setting, voices)?;
                let mut out = [[0.0; 2]; SLICE];
                let mut best = u64::MAX;
                for _ in 0..ROUNDS {
                    let begin = crate::measure::cpu_ns();
                    for _ in 0..SLICES {
                        engine.render_any(&mut out);
                    }
                    best = best.min(crate::measure::cpu_ns() - begin);
                }
                let measured = best as f64 / SLICES as f64;
                let predicted = engine.predicted(SLICE);
                println!(
                    "{name:<9} {setting:<7} {voices:>4} voices: {measured:>8.0} {predicted:>8.0} {:>5.2}",
                    measured / predicted
                );
            }
        }
    }
    Ok(())
}

/// The function whose instructions are counted.
#[unsafe(no_mangle)]
#[inline(never)]
fn counted_block(engine: &mut Arioso, out: &mut [[f32; 2]; SLICE]) {
    engine.render_any(out);
}
