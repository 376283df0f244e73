// SPDX-License-Identifier: MIT OR Apache-2.0
//! How loud two renderings are, window by window.

use super::RATE;

/// Of two renderings of one song, after one gain for all of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Loudness {
    /// What was added to the first, dB.
    pub gain: f64,
    /// Of the windows' differences in level, dB.
    pub median: f64,
    /// The difference in level that 5 % of the windows exceed, dB.
    pub percentile_95: f64,
    /// Windows that count.
    pub windows: usize,
    /// The window that differs most: second, dB.
    pub worst: (f64, f64),
}

/// Length of a window: 100 ms.
const WINDOW: usize = RATE as usize / 10;
/// Windows more quiet than this below the loudest are not compared, dB.
const FLOOR: f64 = 60.0;

/// Compares `ours` with `theirs`.
pub fn loudness(ours: &[[f32; 2]], theirs: &[[f32; 2]]) -> Loudness {
    let (a, b) = (levels(ours), levels(theirs));
    let loudest = b.iter().copied().fold(f64::MIN, f64::max);
    let floor = loudest - FLOOR;
    let energy = |frames: &[[f32; 2]]| 10.0 * power(frames).log10();
    let length = ours.len().min(theirs.len());
    let gain = energy(&theirs[..length]) - energy(&ours[..length]);
    let mut differences: Vec<(f64, usize)> = a
        .iter()
        .zip(&b)
        .enumerate()
        .filter(|(_, (a, b))| **a + gain > floor || **b > floor)
        .map(|(index, (a, b))| (((a + gain).max(floor) - b.max(floor)), index))
        .collect();
    differences.sort_by(|a, b| a.0.abs().total_cmp(&b.0.abs()));
    let at = |part: usize| {
        differences
            .get(differences.len() * part / 100)
            .map_or(0.0, |d| d.0.abs())
    };
    Loudness {
        gain,
        median: at(50),
        percentile_95: at(95),
        windows: differences.len(),
        worst: differences
            .last()
            .map_or((0.0, 0.0), |d| (d.1 as f64 / 10.0, d.0)),
    }
}

fn power(frames: &[[f32; 2]]) -> f64 {
    let sum: f64 = frames
        .iter()
        .flatten()
        .map(|&sample| f64::from(sample) * f64::from(sample))
        .sum();
    sum / frames.len().max(1) as f64 + 1e-20
}

/// Of each whole window, dB.
fn levels(frames: &[[f32; 2]]) -> Vec<f64> {
    frames
        .chunks_exact(WINDOW)
        .map(|window| 10.0 * power(window).log10())
        .collect()
}
