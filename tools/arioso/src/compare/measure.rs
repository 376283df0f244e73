//! How far two renderings are apart.

use super::RATE;
use crate::song::{SECOND, Song};

/// Of two renderings of one song, after one gain for all of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// What was added to the first, dB.
    pub gain: f64,
    /// Of the windows' differences in level, dB.
    pub median: f64,
    pub percentile_95: f64,
    /// Windows that count.
    pub windows: usize,
    /// Onsets that could be found in both.
    pub onsets: usize,
    /// Frames by which the other's onsets are later, as a rule.
    pub delay: i64,
    /// Distance of onsets from that which 95 of 100 keep, frames.
    pub onset_95: u64,
    /// The window that differs most: second, dB.
    pub worst: (f64, f64),
}

/// Length of a window: 100 ms.
const WINDOW: usize = RATE as usize / 10;
/// Windows more quiet than this below the loudest are not compared, dB.
const FLOOR: f64 = 60.0;

/// Compares `ours` with `theirs`.
pub fn compare(song: &Song, ours: &[[f32; 2]], theirs: &[[f32; 2]]) -> Difference {
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
    let mut distances = onsets(song, ours, theirs);
    distances.sort_unstable();
    let delay = distances.get(distances.len() / 2).copied().unwrap_or(0);
    let mut deviations: Vec<u64> = distances.iter().map(|d| d.abs_diff(delay)).collect();
    deviations.sort_unstable();
    Difference {
        delay,
        gain,
        median: at(50),
        percentile_95: at(95),
        windows: differences.len(),
        onsets: distances.len(),
        onset_95: deviations
            .get(deviations.len() * 95 / 100)
            .copied()
            .unwrap_or(0),
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

/// Frames from our beginning to theirs of each note that is preceded by silence in both.
fn onsets(song: &Song, ours: &[[f32; 2]], theirs: &[[f32; 2]]) -> Vec<i64> {
    let mut distances = Vec::new();
    let mut starts: Vec<usize> = song
        .events
        .iter()
        .filter(|event| event.is_note_on())
        .map(|event| (event.time * i64::from(RATE) / SECOND) as usize)
        .collect();
    // Notes of a chord are one onset.
    starts.dedup();
    for at in starts {
        if let (Some(a), Some(b)) = (onset(ours, at), onset(theirs, at)) {
            distances.push(b as i64 - a as i64);
        }
    }
    distances
}

/// The first loud frame near `at`, if it is silent before: 40 dB above what was there.
fn onset(frames: &[[f32; 2]], at: usize) -> Option<usize> {
    const BEFORE: usize = 1024;
    const AFTER: usize = 2048;
    let before = frames.get(at.saturating_sub(BEFORE)..at)?;
    let after = frames.get(at..at + AFTER)?;
    let peak = |frames: &[[f32; 2]]| {
        frames
            .iter()
            .flatten()
            .fold(0.0f32, |peak, sample| peak.max(sample.abs()))
    };
    let (quiet, loud) = (peak(before), peak(after));
    if loud < 1e-3 || quiet > loud * 0.01 {
        return None;
    }
    let threshold = loud * 0.1;
    after
        .iter()
        .position(|frame| frame[0].abs().max(frame[1].abs()) > threshold)
        .map(|position| at + position)
}
