// SPDX-License-Identifier: MIT OR Apache-2.0
//! Rows, ratios, the table on screen and the file.

use crate::limit::{self, Limits};
use crate::songs::rows;
use anyhow::Result;
use arioso_count::engine::AVX2;
use serde::Serialize;
use std::fmt::Write;

/// An engine with a quality setting and a number of held notes.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    pub engine: &'static str,
    pub setting: &'static str,
    /// Notes that are held.
    pub voices: usize,
    pub ns_per_voice_sample: f64,
    /// How many times as fast as the fastest peer, whatever its setting, with as many voices (or with the most that were measured).
    pub ratio_to_best_peer: f64,
    /// How many times what bare kernels of SSE2 take: of our still voices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio_to_limit: Option<f64>,
    /// Voices that really are in the audio.
    pub sounding: usize,
    /// Of the audio; 1.0 is full scale.
    pub rms: f64,
    /// FNV-1a of the audio, hexadecimal.
    pub hash: String,
    /// What starting a note costs beyond its samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note_start_ns: Option<f64>,
    /// How many times as fast as the peer that starts notes fastest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note_start_ratio_to_best_peer: Option<f64>,
    /// Cost of the effects per frame of output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reverb_ns_per_frame: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chorus_ns_per_frame: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reverb_and_chorus_ns_per_frame: Option<f64>,
}

/// Fills in the ratios.
pub fn compare(rows: &mut [Row], is_peer: impl Fn(&str) -> bool) {
    let peers: Vec<(usize, f64)> = rows
        .iter()
        .filter(|row| is_peer(row.engine))
        .map(|row| (row.voices, row.ns_per_voice_sample))
        .collect();
    let best_start = rows
        .iter()
        .filter(|row| is_peer(row.engine))
        .filter_map(|row| row.note_start_ns)
        .reduce(f64::min);
    let most = peers.iter().map(|(voices, _)| *voices).max().unwrap_or(0);
    for row in rows {
        let voices = row.voices.min(most);
        let best = peers
            .iter()
            .filter(|(of, _)| *of == voices)
            .map(|(_, ns)| *ns)
            .fold(f64::INFINITY, f64::min);
        row.ratio_to_best_peer = best / row.ns_per_voice_sample;
        row.note_start_ratio_to_best_peer = best_start
            .zip(row.note_start_ns)
            .map(|(best, ns)| best / ns);
    }
}

/// Fills in how far still voices are from the limit.
pub fn hold_against(rows: &mut [Row], limits: &Limits) {
    for row in rows
        .iter_mut()
        .filter(|row| row.engine.starts_with("arioso"))
    {
        let (setting, avx2) = match row.setting.strip_suffix(AVX2) {
            Some(setting) => (setting, true),
            None => (row.setting, false),
        };
        let limit = limits.still(setting, avx2);
        row.ratio_to_limit = limit.map(|ns| row.ns_per_voice_sample / ns);
    }
}

/// The file: rows of held notes, of bare kernels and of songs.
pub fn json(held: &[Row], limits: &[limit::Row], songs: &[rows::Row]) -> Result<String> {
    let mut all = Vec::new();
    for row in held {
        all.push(serde_json::to_value(row)?);
    }
    for row in limits {
        all.push(serde_json::to_value(row)?);
    }
    for row in songs {
        all.push(serde_json::to_value(row)?);
    }
    Ok(serde_json::to_string_pretty(&all)? + "\n")
}

const NS_PER_SECOND: f64 = 1e9;

/// The table, with voices that one processor would carry at `rate`.
pub fn table(rows: &[Row], rate: u32) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{:<11} {:<13} {:>6} {:>8} {:>9} {:>8} {:>8} {:>8} {:>7} {:>16} {:>8} {:>8} {:>8} {:>8}",
        "engine",
        "setting",
        "voices",
        "ns/v/s",
        "per core",
        "× best",
        "× limit",
        "sounding",
        "dBFS",
        "hash",
        "start",
        "reverb",
        "chorus",
        "both"
    );
    let cell = |value: Option<f64>| value.map_or("".into(), |value| format!("{value:.1}"));
    for row in rows {
        let per_core = NS_PER_SECOND / (row.ns_per_voice_sample * f64::from(rate));
        let _ = writeln!(
            text,
            "{:<11} {:<13} {:>6} {:>8.3} {:>9.0} {:>8.2} {:>8} {:>8} {:>7.1} {:>16} {:>8} {:>8} {:>8} {:>8}",
            row.engine,
            row.setting,
            row.voices,
            row.ns_per_voice_sample,
            per_core,
            row.ratio_to_best_peer,
            row.ratio_to_limit
                .map_or(String::new(), |ratio| format!("{ratio:.2}")),
            row.sounding,
            20.0 * row.rms.log10(),
            row.hash,
            cell(row.note_start_ns),
            cell(row.reverb_ns_per_frame),
            cell(row.chorus_ns_per_frame),
            cell(row.reverb_and_chorus_ns_per_frame),
        );
    }
    text
}

/// What is wrong with the rows: an engine that does not do the others' work.
pub fn doubts(rows: &[Row]) -> Vec<String> {
    /// dB between an engine's level and the middle one.
    const TOLERANCE: f64 = 6.0;
    let mut found = Vec::new();
    for row in rows {
        let name = format!("{} {} at {} voices", row.engine, row.setting, row.voices);
        if row.sounding != row.voices {
            found.push(format!("{name}: {} sound", row.sounding));
        }
        let mut levels: Vec<f64> = rows
            .iter()
            .filter(|other| other.voices == row.voices)
            .map(|other| 20.0 * other.rms.log10())
            .collect();
        levels.sort_by(f64::total_cmp);
        let middle = levels[levels.len() / 2];
        let level = 20.0 * row.rms.log10();
        if (level - middle).abs() > TOLERANCE || !level.is_finite() {
            found.push(format!("{name}: {level:.1} dBFS, others {middle:.1}"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(engine: &'static str, voices: usize, ns: f64) -> Row {
        Row {
            engine,
            setting: "linear",
            voices,
            ns_per_voice_sample: ns,
            ratio_to_best_peer: 0.0,
            ratio_to_limit: None,
            sounding: voices,
            rms: 0.1,
            hash: String::new(),
            note_start_ns: None,
            note_start_ratio_to_best_peer: None,
            reverb_ns_per_frame: None,
            chorus_ns_per_frame: None,
            reverb_and_chorus_ns_per_frame: None,
        }
    }

    #[test]
    fn ratios_are_to_the_fastest_peer_with_as_many_voices() {
        let mut rows = [
            row("a", 64, 2.0),
            row("a", 1000, 3.0),
            row("p", 64, 8.0),
            row("q", 64, 6.0),
            row("q", 240, 9.0),
        ];
        compare(&mut rows, |engine| engine != "a");
        let ratios: Vec<f64> = rows.iter().map(|row| row.ratio_to_best_peer).collect();
        assert_eq!(ratios, [3.0, 3.0, 0.75, 1.0, 1.0]);
        for (row, ns) in rows.iter_mut().zip([50.0, 200.0, 100.0, 300.0]) {
            row.note_start_ns = Some(ns);
        }
        compare(&mut rows, |engine| engine != "a");
        let starts = rows.map(|row| row.note_start_ratio_to_best_peer);
        assert_eq!(
            starts,
            [Some(2.0), Some(0.5), Some(1.0), Some(1.0 / 3.0), None]
        );
    }

    #[test]
    fn silence_and_lost_voices_are_seen() {
        let mut rows = [row("a", 64, 1.0), row("b", 64, 1.0), row("c", 64, 1.0)];
        assert!(doubts(&rows).is_empty());
        rows[1].rms = 0.0;
        rows[2].sounding = 63;
        assert_eq!(doubts(&rows).len(), 2);
    }
}
