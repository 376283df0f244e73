// SPDX-License-Identifier: MIT OR Apache-2.0
//! When notes begin: each alone, in the state that the song has given its channel, by the shift at which two waveforms agree best.
//! Where waveforms run apart (a pitch that falls into place, layers that beat), only their beginnings are compared.
//!
//! FluidSynth's own note that begins on its grid of blocks is the ideal: nothing is rounded there. Ours, and FluidSynth's at the note's real
//! frame, are measured against it.

use super::frame;
use super::synths::Synthesizer;
use crate::song::Song;
use arioso_fluidsynth::BLOCK;

/// Largest shift that is looked for, frames.
const REACH: usize = 256;
/// Frames of the ideal that are compared, from where it is heard; the next if the waveforms have too little in common.
const LENGTHS: [usize; 4] = [2048, 1024, 512, 256];
/// Frames that are rendered.
const LONGEST: usize = 2 * LENGTHS[0];
/// Waveforms that agree less than this are not alike.
const LEAST_AGREEMENT: f64 = 0.85;
/// Agreements that differ by less tell nothing.
const ALIKE: f64 = 0.01;
/// Frames in which what was cut has certainly gone, whole blocks.
const PAUSE: usize = 4 * BLOCK;

/// Frames from where notes should begin to where they do; positive is late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offsets {
    /// Distance that 95 of 100 notes keep.
    pub percentile_95: u64,
    /// The one that is farthest off.
    pub worst: i64,
}

/// Of the notes of a song.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Onsets {
    /// Notes that sound in both.
    pub notes: usize,
    /// Notes of which the waveforms have too little in common; they do not count.
    pub unlike: usize,
    /// Notes that sound in one and not in the other.
    pub missing: usize,
    /// Ours against the ideal.
    pub ours: Offsets,
    /// FluidSynth's against the ideal.
    pub theirs: Offsets,
    /// FluidSynth's against ours.
    pub apart: Offsets,
    /// Median of how well the waveforms agree: 1 is "the same but for a gain".
    pub agreement: f64,
}

/// Measures up to `most` notes of `song`, spread over all of it. Ours begin `late` frames late: a fault for the test of this measure.
pub fn onsets(
    song: &Song,
    ours: &mut impl Synthesizer,
    theirs: &mut impl Synthesizer,
    most: usize,
    late: usize,
) -> Onsets {
    let every = song.notes().div_ceil(most).max(1);
    let mut found = Onsets::default();
    let (mut us, mut them, mut apart, mut agreements) = (vec![], vec![], vec![], vec![]);
    let mut number = 0;
    for event in &song.events {
        let group = event.group as u16;
        if !event.is_note_on() {
            ours.send(group, &event.message);
            theirs.send(group, &event.message);
            continue;
        }
        number += 1;
        if number % every != 0 {
            continue;
        }
        let note = (group, &event.message[..]);
        let phase = frame(event) % BLOCK;
        let ideal = alone(theirs, note, 0, 0);
        let real = alone(theirs, note, phase, 0);
        let here = alone(ours, note, phase, late);
        match (is_silent(&ideal), is_silent(&here)) {
            (true, true) => continue,
            (false, false) => {}
            _ => {
                found.missing += 1;
                continue;
            }
        }
        let (our_offset, agreement) = shift(&ideal, &here);
        agreements.push(agreement);
        if agreement < LEAST_AGREEMENT {
            found.unlike += 1;
            continue;
        }
        let (their_offset, _) = shift(&ideal, &real);
        us.push(our_offset);
        them.push(their_offset);
        apart.push(their_offset - our_offset);
    }
    found.notes = us.len();
    found.ours = offsets(us);
    found.theirs = offsets(them);
    found.apart = offsets(apart);
    agreements.sort_by(f64::total_cmp);
    found.agreement = agreements.get(agreements.len() / 2).copied().unwrap_or(0.0);
    found
}

/// A note from its frame on, `phase` frames after the beginning of a block of 64, with `late` frames of silence before it.
fn alone(
    synth: &mut impl Synthesizer,
    (group, message): (u16, &[u8]),
    phase: usize,
    late: usize,
) -> Vec<[f32; 2]> {
    let mut out = vec![[0.0; 2]; LONGEST + REACH];
    synth.render(&mut out[..phase]);
    synth.render(&mut out[..late]);
    out[..late].fill([0.0; 2]);
    synth.send(group, message);
    synth.render(&mut out[late..]);
    synth.cut();
    let used = phase + out.len();
    let mut rest = vec![[0.0; 2]; used.next_multiple_of(BLOCK) - used + PAUSE];
    synth.render(&mut rest);
    out
}

/// Below -80 dB: a channel whose volume is 0 falls to different depths.
fn is_silent(frames: &[[f32; 2]]) -> bool {
    frames.iter().flatten().all(|sample| sample.abs() < 1e-4)
}

/// Frames by which `other` is later than `ideal`, and how well they agree there.
fn shift(ideal: &[[f32; 2]], other: &[[f32; 2]]) -> (i64, f64) {
    let peak = ideal[..LENGTHS[0]]
        .as_flattened()
        .iter()
        .fold(0.0f32, |peak, x| peak.max(x.abs()));
    let heard = ideal
        .iter()
        .position(|frame| frame[0].abs().max(frame[1].abs()) > 0.01 * peak);
    let start = heard.unwrap_or(0).min(LONGEST - LENGTHS[0]);
    // Before its first frame a note is silent.
    let padded: Vec<f32> = std::iter::repeat_n(0.0, 2 * REACH)
        .chain(other.as_flattened().iter().copied())
        .collect();
    // Filters of another form delay by parts of a frame, which for a hi-hat is a part of a period: halfway between two lags, too.
    let halfway: Vec<f32> = padded
        .iter()
        .zip(&padded[2..])
        .map(|(a, b)| (a + b) / 2.0)
        .collect();
    let mut best = (0, f64::MIN);
    for length in LENGTHS {
        let ideal = ideal[start..][..length].as_flattened();
        for other in [&padded, &halfway] {
            let found = alike(ideal, other, start);
            if found.1 > best.1 {
                best = found;
            }
            if best.1 >= LEAST_AGREEMENT {
                return best;
            }
        }
    }
    best
}

/// The lag at which `other`, which begins `REACH` frames early, agrees best with `ideal`, which begins at frame `start`; how well. A tone
/// that swells agrees as well a period away: of lags that agree alike it is the one nearest to 0.
fn alike(ideal: &[f32], other: &[f32], start: usize) -> (i64, f64) {
    let energy = dot(ideal, ideal);
    let other = &other[2 * start..][..2 * (2 * REACH - 1) + ideal.len()];
    // Of all samples up to each.
    let mut energies = Vec::with_capacity(other.len() + 1);
    energies.push(0.0);
    energies.extend(other.iter().scan(0.0, |sum, &x| {
        *sum += f64::from(x) * f64::from(x);
        Some(*sum)
    }));
    let agreements: Vec<f64> = (0..2 * REACH)
        .map(|lag| {
            let part = 2 * lag..2 * lag + ideal.len();
            let own = energies[part.end] - energies[part.start];
            dot(ideal, &other[part]) / (energy * own + 1e-30).sqrt()
        })
        .collect();
    let best = agreements.iter().copied().fold(f64::MIN, f64::max);
    let lag = |at: usize| at as i64 - REACH as i64;
    let nearest = (0..2 * REACH)
        .filter(|&at| agreements[at] >= best - ALIKE)
        .min_by_key(|&at| lag(at).abs());
    (nearest.map_or(0, lag), best)
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    let (a, b) = (a.as_chunks::<8>().0, b.as_chunks::<8>().0);
    let mut sums = [0.0f32; 8];
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().map(|&sum| f64::from(sum)).sum()
}

fn offsets(mut offsets: Vec<i64>) -> Offsets {
    offsets.sort_unstable_by_key(|offset| offset.abs());
    Offsets {
        percentile_95: offsets
            .get(offsets.len() * 95 / 100)
            .map_or(0, |offset| offset.unsigned_abs()),
        worst: offsets.last().copied().unwrap_or(0),
    }
}
