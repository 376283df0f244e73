// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is played, and how what is heard differs from it.

use std::f64::consts::TAU;
use std::fmt;

pub const RATE: usize = 48_000;
/// Frames of a note.
pub const NOTE: usize = RATE / 4;
/// Notes of a second.
pub const PER_SECOND: usize = RATE / NOTE;
/// Frames around where a note is expected.
const REACH: i64 = 600;
/// Frames that a note may be nearer to the next one, or farther: the ratio moves by up to 0.2 %.
const DRIFT: i64 = 27;
/// Of the first sound.
const HEARD: f64 = 0.05;

/// The note's frequency: a walk over two octaves that repeats no neighbour. The shortest turn has 55 frames, so that a note is not taken for one
/// that is a turn away ([`DRIFT`]).
fn pitch(note: usize) -> f64 {
    220.0 * ((note * 7 % 24) as f64 / 12.0).exp2()
}

/// A frame of a song without an end.
pub fn song(frame: usize) -> f64 {
    let (note, at) = (frame / NOTE, (frame % NOTE) as f64 / RATE as f64);
    // An attack of 2 ms, and a decay to a third.
    0.5 * (at / 0.002).min(1.0) * (-4.0 * at).exp() * (TAU * pitch(note) * at).sin()
}

/// Level and phase of a frequency in a part, by a Hann window.
fn tone(samples: &[f64], frequency: f64) -> (f64, f64) {
    let count = samples.len() as f64;
    let (mut re, mut im) = (0.0, 0.0);
    for (n, sample) in samples.iter().enumerate() {
        let window = 0.5 - 0.5 * (TAU * n as f64 / count).cos();
        let phase = TAU * frequency * n as f64 / RATE as f64;
        re += sample * window * phase.cos();
        im -= sample * window * phase.sin();
    }
    ((re * re + im * im).sqrt() / count, im.atan2(re))
}

/// Level and pitch (as a ratio to the note's) of a note that begins at a frame.
fn measure(samples: &[f64], note: usize) -> (f64, f64) {
    let part = NOTE / 3;
    let (first, second) = (
        &samples[RATE / 100..][..part],
        &samples[RATE / 100 + part..][..part],
    );
    let frequency = pitch(note);
    let ((level, one), (_, two)) = (tone(first, frequency), tone(second, frequency));
    let turn = two - one - TAU * frequency * part as f64 / RATE as f64;
    let turn = (turn + TAU * 1e6 + TAU / 2.0) % TAU - TAU / 2.0;
    (
        level,
        1.0 + turn / (TAU * frequency * part as f64 / RATE as f64),
    )
}

/// How what was heard differs.
#[derive(Debug, Default)]
pub struct Differences {
    pub notes: usize,
    /// Frames that are missing at the end.
    missing: usize,
    /// The largest, dB.
    level: f64,
    cents: f64,
    /// Holes of 2 ms, and places where something is left out or doubled.
    gaps: Vec<String>,
    /// By how many frames the last note is elsewhere than the first one said.
    shift: i64,
}

impl Differences {
    /// Every note is there, as loud and as high as it was, and there is no gap.
    pub fn is_right(&self) -> bool {
        self.missing == 0 && self.gaps.is_empty() && self.level < 0.1 && self.cents < 3.0
    }
}

impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} notes: {} frames missing, level within {:.3} dB, pitch within {:.2} cents, {} frames of drift, {} gaps {:?}",
            self.notes,
            self.missing,
            self.level,
            self.cents,
            self.shift,
            self.gaps.len(),
            &self.gaps[..self.gaps.len().min(8)]
        )
    }
}

/// Compares so many notes of [`song`], from the first sound on.
pub fn compare(heard: &[f64], notes: usize) -> Differences {
    let mut found = Differences {
        notes,
        ..Differences::default()
    };
    let expected: Vec<f64> = (0..notes * NOTE).map(song).collect();
    let loud = |samples: &[f64]| samples.iter().position(|sample| sample.abs() > HEARD);
    let begin = loud(heard).unwrap_or(heard.len());
    let begin = begin.saturating_sub(loud(&expected).expect("a song"));
    // What is read beyond the last note is part of the test.
    let needed = begin + notes * NOTE + REACH as usize;
    found.missing = needed.saturating_sub(heard.len());
    if found.missing > 0 {
        return found;
    }
    for note in 0..notes {
        let (from, to) = (note * NOTE, (note + 1) * NOTE);
        // The two devices' clocks move it little by little; a jump is a loss. Looked for far enough that a period's alias is not taken for it.
        let wanted = &expected[from..to];
        let last = heard.len() as i64 - (begin + to) as i64;
        let shift = found.shift;
        let place = |shift: i64| {
            &heard[(begin as i64 + from as i64 + shift).max(0) as usize..][..NOTE - 100]
        };
        let energy: f64 = wanted[..NOTE / 3].iter().map(|b| b * b).sum();
        let misfit = |at: i64| -> f64 {
            let pairs = place(at)[..NOTE / 3].iter().zip(wanted);
            // Of the places that a note's turns make alike, the nearest.
            let far = 1e-4 * (at - shift).abs() as f64;
            pairs.map(|(a, b)| (a - b) * (a - b)).sum::<f64>() / energy + far
        };
        let best = (shift - REACH..=shift + REACH)
            .filter(|shift| *shift < last)
            .min_by(|a, b| misfit(*a).total_cmp(&misfit(*b)))
            .unwrap_or(shift);
        if note > 0 && (best - shift).abs() > DRIFT {
            found
                .gaps
                .push(format!("note {note}: {} frames off", best - shift));
        }
        found.shift = best;
        let part = place(best);
        let (level, ratio) = measure(part, note);
        let (right, one) = measure(wanted, note);
        found.level = found.level.max((20.0 * (level / right).log10()).abs());
        found.cents = found.cents.max((1200.0 * (ratio / one).log2()).abs());
        for (at, (a, b)) in part.chunks(96).zip(wanted.chunks(96)).enumerate().skip(2) {
            let power = |samples: &[f64]| {
                samples
                    .iter()
                    .map(|sample| sample * sample)
                    .sum::<f64>()
                    .sqrt()
            };
            // The lowest note's turn is longer than two of these parts: next to nothing is a gap.
            if power(a) < 0.1 * power(b) && power(b) > 0.05 {
                found
                    .gaps
                    .push(format!("note {note}: a gap at {} ms", at * 2));
            }
        }
    }
    found
}

#[test]
fn the_comparison_sees_what_is_missing() {
    const NOTES: usize = 60;
    let song = |frame: usize| {
        if frame < NOTES * NOTE {
            song(frame)
        } else {
            0.0
        }
    };
    let whole: Vec<f64> = (0..(NOTES + 8) * NOTE).map(song).collect();
    let right = compare(&whole, NOTES);
    assert!(right.is_right(), "{right}");
    let fails = |change: fn(&mut Vec<f64>)| {
        let mut heard = whole.clone();
        change(&mut heard);
        !compare(&heard, NOTES).is_right()
    };
    // Ten milliseconds of silence, as much left out, one note silent, two hundredths too soft, the last note cut off.
    assert!(fails(|heard| heard[500_000..500_480].fill(0.0)));
    assert!(fails(|heard| drop(heard.drain(500_000..500_480))));
    assert!(fails(|heard| heard[50 * NOTE..51 * NOTE].fill(0.0)));
    assert!(fails(|heard| heard
        .iter_mut()
        .skip(NOTE)
        .for_each(|sample| *sample *= 0.98)));
    assert!(fails(|heard| heard.truncate(60 * NOTE - 480)));
    assert!(fails(|heard| heard.fill(0.0)));
}
