//! Fixed renderings whose instructions can be counted: the same work at every run.

use crate::engines::{Arioso, Effects, Engine};
use crate::material::{self, Note};
use anyhow::Result;

/// Frames of a block, a millisecond: what the slice timer renders.
const SLICE: usize = 48;

/// Runs a scene in which `voices` voices are held with a quality setting, all that can move moves, and `blocks` blocks count.
pub fn run(setting: &str, voices: usize, blocks: usize) -> Result<()> {
    /// A tenth of a second, until every LFO runs.
    const WARM: usize = 100;
    let bank = material::moving_dls();
    let mut engine = Arioso::new(&bank, setting, voices, Effects::default())?;
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
    for _ in 0..blocks {
        counted_block(&mut engine, &mut out);
    }
    anyhow::ensure!(engine.voices() == Some(voices), "voices were lost");
    Ok(())
}

/// The function whose instructions are counted.
#[unsafe(no_mangle)]
#[inline(never)]
fn counted_block(engine: &mut Arioso, out: &mut [[f32; 2]; SLICE]) {
    engine.render_any(out);
}
