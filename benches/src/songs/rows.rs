// SPDX-License-Identifier: MIT OR Apache-2.0
//! What songs cost: rows, ratios, the table on screen.

use crate::limit::Limits;
use crate::material::RATE;
use arioso_count::engine::AVX2;
use arioso_count::parts::Parts;
use arioso_count::parts::SETTINGS;
use serde::Serialize;
use std::fmt::Write;

/// An engine with a quality setting, a passage of a song and a bank.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Row {
    pub engine: &'static str,
    pub setting: &'static str,
    pub song: String,
    pub bank: &'static str,
    /// Where the passage begins in the song, and how long it is.
    pub from_second: usize,
    pub seconds: usize,
    pub reverb_and_chorus: bool,
    /// Processor time per second of audio.
    pub ms_per_second: f64,
    /// How many times as fast as whom it is compared with: `linear` with the fastest peer's linear interpolation, `sinc8` with FluidSynth's
    /// fourth order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio_to_peer: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<&'static str>,
    /// How many times what bare kernels of SSE2 take for as many voices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio_to_limit: Option<f64>,
    /// On average.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voices: Option<f64>,
    /// Of the audio; 1.0 is full scale.
    pub rms: f64,
    /// Where the time goes.
    #[serde(skip_serializing_if = "Option::is_none", flatten)]
    pub parts: Option<Division>,
}

/// What the engine has counted, and how its time divides: ns per frame of output.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Division {
    /// Voices in the lanes of filters: 0..1.
    pub lane_occupancy: f64,
    pub frames_per_stretch: f64,
    pub control_ns: f64,
    pub fetch_ns: f64,
    /// Filters.
    pub filter_ns: f64,
    pub mix_ns: f64,
    pub effects_ns: f64,
    pub messages_ns: f64,
}

/// Divides the times of our engine as it was counted.
pub fn divide(rows: &mut [Row], parts: &[Parts]) {
    for row in rows.iter_mut().filter(|row| row.engine == "arioso") {
        let parts = parts.iter().find(|parts| {
            (&*parts.song, &*parts.bank) == (&*row.song, row.bank)
                && (&*parts.setting, parts.reverb_and_chorus)
                    == (row.setting, row.reverb_and_chorus)
        });
        let per_frame = row.ms_per_second * 1e6 / f64::from(RATE);
        row.parts = parts.map(|parts| Division {
            lane_occupancy: parts.lane_occupancy,
            frames_per_stretch: parts.frames_per_stretch,
            control_ns: parts.control * per_frame,
            fetch_ns: parts.fetch * per_frame,
            filter_ns: parts.filter * per_frame,
            mix_ns: parts.mix * per_frame,
            effects_ns: parts.effects * per_frame,
            messages_ns: parts.messages * per_frame,
        });
    }
}

fn is_linear(setting: &str) -> bool {
    plain(setting).eq_ignore_ascii_case("linear")
}

/// A setting without what it runs on.
fn plain(setting: &str) -> &str {
    setting.strip_suffix(AVX2).unwrap_or(setting)
}

fn is_ours(row: &Row) -> bool {
    row.engine.starts_with("arioso")
}

/// Fills in the ratios of one song's rows.
pub fn compare(rows: &mut [Row]) {
    let peers: Vec<Row> = rows.iter().filter(|row| !is_ours(row)).cloned().collect();
    for row in rows.iter_mut().filter(|row| is_ours(row)) {
        let comparable = |peer: &&Row| {
            if is_linear(row.setting) {
                is_linear(peer.setting)
            } else {
                peer.setting == "4thorder"
            }
        };
        let fastest = peers
            .iter()
            .filter(comparable)
            .min_by(|a, b| a.ms_per_second.total_cmp(&b.ms_per_second));
        row.peer = fastest.map(|peer| peer.engine);
        row.ratio_to_peer = fastest.map(|peer| peer.ms_per_second / row.ms_per_second);
    }
}

/// Fills in how far ours are from the limit.
pub fn hold_against(rows: &mut [Row], limits: &Limits) {
    for row in rows.iter_mut().filter(|row| is_ours(row)) {
        let limit = row
            .voices
            .zip(limits.ramped(plain(row.setting), row.setting.ends_with(AVX2)));
        row.ratio_to_limit =
            limit.map(|(voices, ns)| row.ms_per_second * 1e6 / (voices * f64::from(RATE) * ns));
    }
}

/// The table's first line.
pub fn heading() -> String {
    format!(
        "{:<16} {:<18} {:<3} {:<10} {:<11} {:>6} {:>8} {:>6} {:>7} {:>6}",
        "song", "bank", "", "engine", "setting", "voices", "ms/s", "× peer", "× limit", "dBFS"
    )
}

fn cell(value: Option<f64>, digits: usize) -> String {
    value.map_or(String::new(), |value| format!("{value:.digits$}"))
}

/// Lines of the table.
pub fn table(rows: &[Row]) -> String {
    let mut text = String::new();
    for row in rows {
        let _ = writeln!(
            text,
            "{:<16} {:<18} {:<3} {:<10} {:<11} {:>6} {:>8.3} {:>6} {:>7} {:>6.1}",
            row.song,
            row.bank,
            if row.reverb_and_chorus { "wet" } else { "dry" },
            row.engine,
            row.setting,
            cell(row.voices, 1),
            row.ms_per_second,
            cell(row.ratio_to_peer, 2),
            cell(row.ratio_to_limit, 2),
            20.0 * row.rms.log10(),
        );
        if let Some(parts) = &row.parts {
            let _ = writeln!(
                text,
                "{:<38} filters {:.0} % full, {:.1} frames a stretch; ns per frame: control {:.1}, fetch {:.1}, filter {:.1}, mix {:.1}, effects {:.1}, messages {:.1}",
                "",
                100.0 * parts.lane_occupancy,
                parts.frames_per_stretch,
                parts.control_ns,
                parts.fetch_ns,
                parts.filter_ns,
                parts.mix_ns,
                parts.effects_ns,
                parts.messages_ns,
            );
        }
    }
    text
}

/// What is wrong with the rows: an engine that does not play what the others play.
pub fn doubts(rows: &[Row]) -> Vec<String> {
    /// dB between an engine's level and the middle one: dry, and with effects, whose levels are everybody's own (FluidSynth's chorus adds 9 dB to a song
    /// that plays all of it into it).
    const TOLERANCES: [f64; 2] = [9.0, 12.0];
    let mut found = Vec::new();
    for row in rows {
        let same = |other: &&Row| {
            (&other.song, other.bank, other.reverb_and_chorus)
                == (&row.song, row.bank, row.reverb_and_chorus)
        };
        let level = |row: &Row| 20.0 * row.rms.log10();
        let mut levels: Vec<f64> = rows.iter().filter(same).map(level).collect();
        levels.sort_by(f64::total_cmp);
        let (level, middle) = (level(row), levels[levels.len() / 2]);
        let [dry, wet] = TOLERANCES;
        let tolerance = if row.reverb_and_chorus { wet } else { dry };
        if !level.is_finite() || (level - middle).abs() > tolerance {
            let Row {
                engine,
                setting,
                song,
                bank,
                ..
            } = row;
            found.push(format!(
                "{engine} {setting}, {song} with {bank}: {level:.1} dBFS, others {middle:.1}"
            ));
        }
    }
    found
}

/// Median and worst ratio of each of our settings.
pub fn summary(rows: &[Row]) -> String {
    let mut text = String::new();
    for wet in [false, true] {
        for engine in ["arioso", "arioso.sys"] {
            for setting in SETTINGS {
                let mut ratios: Vec<f64> = rows
                    .iter()
                    .filter(|row| {
                        (row.engine, row.setting, row.reverb_and_chorus) == (engine, setting, wet)
                    })
                    .filter_map(|row| row.ratio_to_peer)
                    .collect();
                ratios.sort_by(f64::total_cmp);
                let (Some(worst), Some(median)) = (ratios.first(), ratios.get(ratios.len() / 2))
                else {
                    continue;
                };
                let effects = if wet { "with reverb and chorus" } else { "dry" };
                let peer = if is_linear(setting) {
                    "the fastest peer's linear"
                } else {
                    "FluidSynth's fourth order"
                };
                let _ = writeln!(
                    text,
                    "{engine} {setting}, {effects}: {median:.2} × as fast as {peer} in the median of {} songs, {worst:.2} × in the worst",
                    ratios.len()
                );
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(engine: &'static str, setting: &'static str, ms: f64) -> Row {
        Row {
            engine,
            setting,
            ms_per_second: ms,
            rms: 0.1,
            ..Row::default()
        }
    }

    #[test]
    fn each_setting_is_compared_with_its_peers() {
        let mut rows = [
            row("arioso", "linear", 2.0),
            row("arioso", "sinc8", 3.0),
            row("fluidsynth", "linear", 8.0),
            row("fluidsynth", "4thorder", 12.0),
            row("oxisynth", "Linear", 6.0),
            row("oxisynth", "FourthOrder", 5.0),
            row("rustysynth", "linear", 7.0),
        ];
        compare(&mut rows);
        let ratios: Vec<Option<f64>> = rows.iter().map(|row| row.ratio_to_peer).collect();
        assert_eq!(ratios[..3], [Some(3.0), Some(4.0), None]);
        assert_eq!(rows[0].peer, Some("oxisynth"));
        let text = summary(&rows);
        assert!(text.contains("arioso sinc8, dry: 4.00 ×"), "{text}");
    }

    #[test]
    fn an_engine_that_is_silent_is_doubted() {
        let mut rows = [
            row("a", "linear", 1.0),
            row("b", "linear", 1.0),
            row("c", "linear", 1.0),
        ];
        assert!(doubts(&rows).is_empty());
        rows[1].rms = 0.01;
        rows[2].rms = 0.0;
        assert_eq!(doubts(&rows).len(), 2);
    }
}
