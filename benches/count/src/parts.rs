// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where a song's time goes: control, reading waves, filters, mixing, effects, messages. The engine counts and times itself (the core's feature
//! `counters`), which costs a little; so what comes out are shares, to be applied to times of the engine as it is.

use crate::songs::Extent;
#[cfg(feature = "counters")]
use crate::songs::Passage;
use serde::{Deserialize, Serialize};

/// The file that `arioso-count parts` leaves, in target/bench.
pub const FILE: &str = "parts.json";

/// What takes part, of the engine.
pub const SETTINGS: [&str; 4] = ["linear", "sinc8", "linear+avx2", "sinc8+avx2"];

/// A passage with a bank and a setting.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Parts {
    /// Of the passage.
    pub song: String,
    /// Of the bank.
    pub bank: String,
    /// Interpolation.
    pub setting: String,
    /// Both are on, or off.
    pub reverb_and_chorus: bool,
    /// Voices, fading ones among them, on average.
    pub lanes: f64,
    /// Of the lanes of filters that were run, those with a voice in them: 0..1.
    pub lane_occupancy: f64,
    /// Frames of a wave that were read at once.
    pub frames_per_stretch: f64,
    /// Clocks of the processor for each frame of a voice, all in all.
    pub clocks: f64,
    /// Shares of the time; their sum is 1.
    pub control: f64,
    /// Reading waves.
    pub fetch: f64,
    /// Filters of voices.
    pub filter: f64,
    /// Voices into their port and its effects; ports into the output, the limiter.
    pub mix: f64,
    /// Reverb and chorus.
    pub effects: f64,
    /// Notes that start and end, controllers.
    pub messages: f64,
}

/// Measures all passages.
#[cfg(feature = "counters")]
pub fn measure(extent: &Extent) -> anyhow::Result<Vec<Parts>> {
    let mut all = Vec::new();
    for bank in extent.banks {
        let bank = crate::songs::Bank::open(*bank)?;
        for song in extent.songs {
            let passage = Passage::of(song, extent.seconds)?;
            for &effects in extent.effects {
                for setting in SETTINGS {
                    let mut parts =
                        counted::measure(&passage, &bank, setting, effects, extent.rounds)?;
                    parts.song = passage.name.clone();
                    parts.bank = bank.name.into();
                    println!(
                        "{:<16} {:<18} {} {setting:<6} {:>5.1} voices, filters {:>2.0} % full, {:>4.1} frames a stretch; \
                         {:>4.2} clocks for a voice's frame: control {:>2.0} %, fetch {:>2.0} %, \
                         filter {:>2.0} %, mix {:>2.0} %, effects {:>2.0} %, messages {:>2.0} %",
                        parts.song,
                        parts.bank,
                        if effects.reverb { "wet" } else { "dry" },
                        parts.lanes,
                        100.0 * parts.lane_occupancy,
                        parts.frames_per_stretch,
                        parts.clocks,
                        100.0 * parts.control,
                        100.0 * parts.fetch,
                        100.0 * parts.filter,
                        100.0 * parts.mix,
                        100.0 * parts.effects,
                        100.0 * parts.messages,
                    );
                    all.push(parts);
                }
            }
        }
    }
    Ok(all)
}

#[cfg(not(feature = "counters"))]
/// Says that the feature is missing.
pub fn measure(_: &Extent) -> anyhow::Result<Vec<Parts>> {
    anyhow::bail!("built without the feature `counters`: run `cargo xtask bench --songs`")
}

#[cfg(feature = "counters")]
mod counted {
    use super::Parts;
    use crate::engine::{Arioso, Effects};
    use crate::material::{BLOCK, RATE};
    use crate::songs::{Bank, Passage, Step, VOICES};
    use anyhow::Result;
    use arioso_core::synth::counters::{self, Counts, Part};

    pub fn measure(
        passage: &Passage,
        bank: &Bank,
        setting: &str,
        effects: Effects,
        rounds: usize,
    ) -> Result<Parts> {
        let mut all = vec![Counts::default(); passage.seconds()];
        for round in 0..rounds {
            let patches = bank.patches.clone();
            let mut engine = Arioso::with(patches, setting, VOICES, RATE, effects)?;
            for (now, best) in play(&mut engine, passage).into_iter().zip(&mut all) {
                let mut times = now.times;
                if round > 0 {
                    for (time, best) in times.iter_mut().zip(best.times) {
                        *time = best.min(*time);
                    }
                }
                *best = Counts { times, ..now };
            }
        }
        let sum = |part: Part| {
            let times = all.iter().map(|counts| counts.times[part as usize]);
            times.sum::<u64>() as f64
        };
        let whole: f64 = all.iter().flat_map(|counts| counts.times).sum::<u64>() as f64;
        let count = |of: fn(&Counts) -> u64| all.iter().map(of).sum::<u64>() as f64;
        let voices = count(|c| c.voice_frames);
        Ok(Parts {
            setting: setting.into(),
            reverb_and_chorus: effects.reverb,
            lanes: voices / passage.frames as f64,
            lane_occupancy: count(|c| c.filtered) / count(|c| c.filter_lanes).max(1.0),
            frames_per_stretch: voices / count(|c| c.stretches),
            clocks: whole / voices,
            control: sum(Part::Control) / whole,
            fetch: sum(Part::Fetch) / whole,
            filter: sum(Part::Filter) / whole,
            mix: (sum(Part::Voices) + sum(Part::Mix)) / whole,
            effects: sum(Part::Effects) / whole,
            messages: sum(Part::Messages) / whole,
            ..Parts::default()
        })
    }

    /// The counts of each second.
    fn play(engine: &mut Arioso, passage: &Passage) -> Vec<Counts> {
        let mut out = [[0.0; 2]; BLOCK];
        let mut found = Vec::new();
        counters::take();
        for second in passage.by_second() {
            second.play(|step| match step {
                Step::Send(message) => {
                    counters::begin();
                    engine.message(message.group, &message.bytes);
                    counters::lap(Part::Messages);
                }
                Step::Render(frames) => engine.render(&mut out[..frames]),
            });
            found.push(counters::take());
        }
        found
    }
}
