// SPDX-License-Identifier: MIT OR Apache-2.0
//! What songs cost: rows, ratios, the table on screen.

use crate::limit::Limits;
use crate::material::RATE;
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
}

fn is_linear(setting: &str) -> bool {
    setting.eq_ignore_ascii_case("linear")
}

/// Fills in the ratios of one song's rows.
pub fn compare(rows: &mut [Row], limits: &Limits) {
    let ours = |row: &Row| row.engine.starts_with("arioso");
    let peers: Vec<Row> = rows.iter().filter(|row| !ours(row)).cloned().collect();
    for row in rows.iter_mut().filter(|row| ours(row)) {
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
        row.ratio_to_limit = row
            .voices
            .zip(limits.ramped(row.setting))
            .map(|(voices, ns)| row.ms_per_second * 1e6 / (voices * f64::from(RATE) * ns));
    }
}

/// The table's first line.
pub fn heading() -> String {
    format!(
        "{:<18} {:<18} {:<4} {:<11} {:<11} {:>6} {:>8} {:>6} {:>7} {:>6}",
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
            "{:<18} {:<18} {:<4} {:<11} {:<11} {:>6} {:>8.3} {:>6} {:>7} {:>6.1}",
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
    }
    text
}

/// Median and worst ratio of each of our settings.
pub fn summary(rows: &[Row]) -> String {
    let mut text = String::new();
    for wet in [false, true] {
        for engine in ["arioso", "arioso.sys"] {
            for setting in ["linear", "sinc8"] {
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
                let peer = if setting == "linear" {
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
