//! The two-pole resonant low-pass of DLS 2 (DLS 2.2 §1.10; `dls-synth.md` §3.8).
//!
//! `H(z) = K / (1 + b1 z^-1 + b2 z^-2)`, run in the delta form `d = b2 d - e y + K x; y = y + d` with `e = 1 + b1 + b2` stored
//! directly: the same operations as the direct form with 20 to 40 dB less noise. Coefficients come from a table of the
//! prototype over normalised cutoff and resonance, interpolated linearly: the stable set is convex.
//!
//! That says nothing about coefficients that move: a filter is an oscillator, and one whose stiffness `e` is changed in time with its swing is
//! pumped up. What a fixed filter never lets grow is `y² + d²/e`; so while `e` moves, `d` is multiplied by the change of √e (by [`rescaling`],
//! which a ramp puts into `b2` and which costs nothing), and a cutoff moves by an octave in a control tick at most ([`MAX_SWEEP`]). With both, no
//! sequence of cutoffs and resonances lets the state grow by more than a tenth.

use super::lanes::Lanes;
use super::math;
use crate::mem::{NoMemory, vec};
use alloc::vec::Vec;

/// Coefficients of the delta form.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coefficients {
    /// `1 + b1 + b2`.
    pub e: f32,
    pub b2: f32,
    pub k: f32,
}

impl Coefficients {
    /// Passes everything unchanged.
    pub const FLAT: Self = Self {
        e: 1.0,
        b2: 0.0,
        k: 1.0,
    };

    const fn lanes(self) -> Lanes {
        Lanes([self.e, self.b2, self.k, 0.0])
    }

    fn of(lanes: Lanes) -> Self {
        let [e, b2, k, _] = lanes.0;
        Self { e, b2, k }
    }
}

/// Poles of the prototype: angle and radius.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prototype {
    pub theta: f64,
    pub r: f64,
}

impl Prototype {
    /// The poles at an angle that have this resonance (in dB): their peak lies that far above DC.
    fn at(theta: f64, resonance: f64) -> Self {
        let peak = libm::pow(10.0, resonance / 20.0);
        let width = libm::sqrt((peak * peak - 1.0).max(0.0));
        let (sin, cos) = libm::sincos(theta);
        let r = (cos + sin * width) / (1.0 + peak * sin);
        Self { theta, r }
    }

    /// The prototype for a cutoff (as a part of the sample rate, 0 < fc ≤ 1/4) and a resonance in dB (0..), if its angle is known
    /// to be `low` or above. Uses libm.
    pub fn solve(fc: f64, resonance: f64, low: f64) -> Self {
        let top = core::f64::consts::FRAC_PI_2;
        let theta = root(low, top, |theta| {
            let poles = Self::at(theta, resonance);
            cutoff(poles.r, libm::cos(theta)) / fc - 1.0
        });
        Self::at(theta, resonance)
    }

    /// The same for cutoffs up to half of the rate, where the definition by asymptotes ends in a flat response: the filter that has `level`
    /// (against DC) at its cutoff.
    fn solve_high(fc: f64, resonance: f64, level: f64, low: f64) -> Self {
        let top = if resonance > 0.0 {
            0.98 * core::f64::consts::PI
        } else {
            core::f64::consts::FRAC_PI_2
        };
        let theta = root(low, top, |theta| {
            Self::at(theta, resonance).level(fc) / level - 1.0
        });
        Self::at(theta, resonance)
    }

    /// Level at a frequency (as a part of the sample rate) against DC.
    fn level(&self, frequency: f64) -> f64 {
        let (b1, b2, _) = self.direct(0.0);
        let w = core::f64::consts::TAU * frequency;
        let ((sin, cos), (sin2, cos2)) = (libm::sincos(w), libm::sincos(2.0 * w));
        let re = 1.0 + b1 * cos + b2 * cos2;
        let im = b1 * sin + b2 * sin2;
        self.e() / libm::sqrt(re * re + im * im)
    }

    /// `(b1, b2, K)` of the direct form, in f64.
    pub fn direct(&self, resonance: f64) -> (f64, f64, f64) {
        let (b1, b2) = (-2.0 * self.r * libm::cos(self.theta), self.r * self.r);
        (b1, b2, libm::pow(10.0, -resonance / 40.0) * self.e())
    }

    /// `1 + b1 + b2` without cancellation: `(1 - r)^2 + 4 r sin^2(θ/2)`.
    fn e(&self) -> f64 {
        let half = libm::sin(self.theta * 0.5);
        (1.0 - self.r) * (1.0 - self.r) + 4.0 * self.r * half * half
    }

    fn coefficients(&self, resonance: f64) -> Coefficients {
        let (_, b2, k) = self.direct(resonance);
        Coefficients {
            e: self.e() as f32,
            b2: b2 as f32,
            k: k as f32,
        }
    }
}

/// Where a function that grows becomes 0, from `low` up to `top`: a bracket of growing steps, then false position (Illinois).
fn root(low: f64, top: f64, at: impl Fn(f64) -> f64) -> f64 {
    let (mut a, mut fa) = (low, at(low));
    let mut b = (low * 1.05).max(1e-3).min(top);
    let mut fb = at(b);
    while fb < 0.0 && b < top {
        (a, fa) = (b, fb);
        b = (b * 1.25).min(top);
        fb = at(b);
    }
    let mut best = b;
    for _ in 0..60 {
        best = if fb != fa {
            b - fb * (b - a) / (fb - fa)
        } else {
            b
        };
        let f = at(best);
        if libm::fabs(f) < 1e-13 {
            break;
        }
        if (f < 0.0) == (fb < 0.0) {
            fa *= 0.5;
        } else {
            (a, fa) = (b, fb);
        }
        (b, fb) = (best, f);
    }
    best
}

/// Where the line of the response at DC meets the -12 dB per octave line through the response at a quarter of the rate.
fn cutoff(r: f64, cos: f64) -> f64 {
    let dc = 1.0 - 2.0 * r * cos + r * r;
    let quarter = 1.0 + 2.0 * r * r * (2.0 * cos * cos - 1.0) + r * r * r * r;
    0.25 * libm::sqrt(dc / libm::sqrt(quarter))
}

/// The prototype over cutoff and resonance, for any sample rate.
pub struct FilterTable {
    /// [`CUTOFFS`] rows of coefficients in the order of their fields.
    rows: Vec<[Lanes; RESONANCES]>,
}

/// Lowest cutoff: 2^-11 of the sample rate.
const LOWEST: f32 = -11.0;
/// log2 of the cutoff from which on there is no filter: half of the sample rate.
pub const OPEN: f32 = -1.0;
/// From here on the response runs into the flat one: a 16th of an octave.
const OPENING: f32 = OPEN - 1.0 / 16.0;
const PER_OCTAVE: f32 = 32.0;
const CUTOFFS: usize = 10 * 32 + 1;
/// Highest cutoff of the prototype as DLS 2 defines it, as a part of the sample rate. Above, a filter keeps the level at its cutoff that it has
/// here (without resonance -3.04 dB).
const HIGHEST_DEFINED: f64 = 1.0 / 6.0;

/// Octaves by which a cutoff may move in a control tick.
pub const MAX_SWEEP: f32 = 1.0;

/// What `d` is multiplied by in each of `frames` frames in which `e` goes from one value to another: together, the change of √e.
#[inline]
pub fn rescaling(from: f32, to: f32, frames: u32) -> f32 {
    if from == to {
        return 1.0;
    }
    let octaves = math::log2(to / from).clamp(-8.0, 8.0);
    math::exp2(octaves * 0.5 / frames.max(1) as f32)
}

/// log2 of a cutoff (in absolute cents) as a part of the sample rate, within the table's bounds. `log2_a440`: of 440 Hz.
#[inline]
pub fn place(cents: f32, log2_a440: f32) -> f32 {
    let wanted = (cents - 6900.0) * (1.0 / 1200.0) + log2_a440;
    if wanted >= OPEN {
        OPEN
    } else if wanted > LOWEST {
        wanted
    } else {
        LOWEST
    }
}

/// A cutoff on its way to another, [`MAX_SWEEP`] from where it was at most.
#[inline]
pub fn sweep(from: f32, to: f32) -> f32 {
    if to <= from - MAX_SWEEP {
        from - MAX_SWEEP
    } else if to < from + MAX_SWEEP {
        to
    } else {
        from + MAX_SWEEP
    }
}

const RESONANCES: usize = 16;
/// dB between two resonances; the last is 22.5 dB.
const RESONANCE_STEP: f32 = 1.5;

impl FilterTable {
    /// Fills the table (a few milliseconds, libm).
    pub fn new() -> Result<Self, NoMemory> {
        let mut rows = vec::try_with_capacity(CUTOFFS)?;
        let mut lows = [0.0; RESONANCES];
        let mut levels = [0.0; RESONANCES];
        for row in 0..CUTOFFS {
            let fc = libm::exp2(f64::from(LOWEST) + row as f64 / f64::from(PER_OCTAVE));
            let mut entries = [Lanes::ZERO; RESONANCES];
            let columns = lows.iter_mut().zip(&mut levels).zip(&mut entries);
            for (column, ((low, level), entry)) in columns.enumerate() {
                let resonance = column as f64 * f64::from(RESONANCE_STEP);
                let poles = if fc <= HIGHEST_DEFINED {
                    Prototype::solve(fc, resonance, *low)
                } else {
                    if *level == 0.0 {
                        *level = Prototype::solve(HIGHEST_DEFINED, resonance, *low)
                            .level(HIGHEST_DEFINED);
                    }
                    Prototype::solve_high(fc, resonance, *level, *low)
                };
                *low = poles.theta;
                *entry = poles.coefficients(resonance).lanes();
            }
            vec::try_push(&mut rows, entries)?;
        }
        Ok(Self { rows })
    }

    /// Coefficients for log2(cutoff / sample rate) and a resonance in dB, both clamped; at half of the rate and above flat.
    #[inline]
    pub fn at(&self, log2_cutoff: f32, resonance: f32) -> Coefficients {
        if log2_cutoff >= OPEN {
            return Coefficients::FLAT;
        }
        let x = ((log2_cutoff - LOWEST) * PER_OCTAVE).clamp(0.0, (CUTOFFS - 1) as f32);
        let y = (resonance * (1.0 / RESONANCE_STEP)).clamp(0.0, (RESONANCES - 1) as f32);
        let row = (x as i32 as usize).min(CUTOFFS - 2);
        let column = (y as i32 as usize).min(RESONANCES - 2);
        let (s, t) = (x - row as f32, y - column as f32);
        let across = |row: usize| match self.rows.get(row).and_then(|row| row.get(column..)) {
            Some(&[a, b, ..]) => a.mix(b, t),
            _ => const { Coefficients::FLAT.lanes() },
        };
        let mut found = across(row).mix(across(row + 1), s);
        if log2_cutoff > OPENING {
            let flat = const { Coefficients::FLAT.lanes() };
            found = found.mix(flat, (log2_cutoff - OPENING) * (1.0 / (OPEN - OPENING)));
        }
        Coefficients::of(found)
    }
}
