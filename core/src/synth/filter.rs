// SPDX-License-Identifier: MIT OR Apache-2.0
//! The two-pole resonant low-pass of DLS 2 (DLS 2.2 §1.10; `docs/reference/dls-synth.md` §3.8).
//!
//! `H(z) = K / (1 + b1 z^-1 + b2 z^-2)`, run in the delta form `d = b2 d - e y + K x; y = y + d` with `e = 1 + b1 + b2` stored
//! directly: the same operations as the direct form with 20 to 40 dB less noise. Coefficients come from a table of the
//! prototype over normalised cutoff and resonance, interpolated linearly: the stable set is convex.
//!
//! Any filter of this form whose peak is the resonance has the response of an analogue low-pass at the frequency
//! `sin(ω/2) / √φ`, so one number tells its cutoff. The prototype of the specification measures its cutoff at a quarter of the rate
//! and opens up there; from a tenth of the rate on, [`turn`] takes its place, up to the rate itself.
//!
//! That says nothing about coefficients that move: a filter is an oscillator, and one whose stiffness `e` is changed in time with its swing is
//! pumped up. What a fixed filter never lets grow is `y² + d²/e`; so while `e` moves, `d` is multiplied by the change of √e (by [`rescaling`],
//! which a ramp puts into `b2` and which costs nothing), and a cutoff moves by an octave in a control tick at most ([`MAX_SWEEP`]). With both, no
//! sequence of cutoffs and resonances lets the state grow by more than a tenth.

use super::lanes::Lanes;
use super::math;
use crate::mem::{NoMemory, TryBox};

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
    /// The prototype for a cutoff (as a part of the sample rate, 0 < fc ≤ 1/4) and a resonance in dB (0..), if its angle is known
    /// to be `low` or above. Uses libm.
    pub fn solve(fc: f64, resonance: f64, low: f64) -> Self {
        let peak = libm::pow(10.0, resonance / 20.0);
        let width = libm::sqrt((peak * peak - 1.0).max(0.0));
        let at = |theta: f64| {
            let (sin, cos) = libm::sincos(theta);
            let r = (cos + sin * width) / (1.0 + peak * sin);
            (Self { theta, r }, cutoff(r, cos))
        };
        // The cutoff grows with the angle. A bracket of growing steps, then false position (Illinois).
        let (mut a, mut fa) = (low, at(low).1 - fc);
        let mut b = (low * 1.05).max(1e-3);
        let mut fb = at(b).1 - fc;
        while fb < 0.0 && b < core::f64::consts::FRAC_PI_2 {
            (a, fa) = (b, fb);
            b = (b * 1.25).min(core::f64::consts::FRAC_PI_2);
            fb = at(b).1 - fc;
        }
        let mut best = b;
        for _ in 0..60 {
            best = if fb != fa {
                b - fb * (b - a) / (fb - fa)
            } else {
                b
            };
            let f = at(best).1 - fc;
            if libm::fabs(f) < 1e-13 * fc {
                break;
            }
            if (f < 0.0) == (fb < 0.0) {
                fa *= 0.5;
            } else {
                (a, fa) = (b, fb);
            }
            (b, fb) = (best, f);
        }
        at(best).0
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

    /// `φ` of the filter with these poles.
    fn turn(&self) -> f64 {
        self.e() / (4.0 * self.r)
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

/// Where the line of the response at DC meets the -12 dB per octave line through the response at a quarter of the rate.
fn cutoff(r: f64, cos: f64) -> f64 {
    let dc = 1.0 - 2.0 * r * cos + r * r;
    let quarter = 1.0 + 2.0 * r * r * (2.0 * cos * cos - 1.0) + r * r * r * r;
    0.25 * libm::sqrt(dc / libm::sqrt(quarter))
}

/// Where the low prototypes turn, against their cutoff: the line through the response at a quarter of the rate meets that at DC at
/// `√8 φ = π² f²`.
const LINE: f64 = 0.900_316_316_157_106;

/// `φ` for a cutoff as a part of the rate, as it is far below the rate. Beyond half of the rate nothing turns any more, and the filter
/// opens on.
fn turn(fc: f64) -> f64 {
    let f = LINE * fc;
    if f < 0.5 {
        let sin = libm::sin(core::f64::consts::PI * f);
        sin * sin
    } else {
        4.0 * f * f
    }
}

/// The filter that turns at `φ` with a peak of `resonance` dB over DC:
/// `|H|^-2 = 1 + (1/Q² - 2) x + x²` where `x = sin²(ω/2) / φ`, and `Q^4 / (Q² - 1/4)` is the square of the peak.
fn turned(phi: f64, resonance: f64) -> Coefficients {
    let peak = libm::pow(10.0, resonance / 10.0);
    let q2 = 0.5 * (peak + libm::sqrt(peak * (peak - 1.0).max(0.0)));
    // Response at DC against that at half of the rate.
    let open = 1.0 / phi - 1.0;
    let half = 0.5 * (1.0 + libm::sqrt(open * open + 1.0 / (q2 * phi)));
    let root = libm::sqrt((half * half - 0.25 / (phi * phi)).max(0.0));
    let e = 8.0 * phi * phi * (half - root);
    Coefficients {
        e: e as f32,
        b2: (e * half - 1.0) as f32,
        k: (libm::pow(10.0, -resonance / 40.0) * e) as f32,
    }
}

/// The prototype over cutoff and resonance, for any sample rate.
pub struct FilterTable {
    /// Rows of coefficients in the order of their fields.
    rows: TryBox<[[Lanes; RESONANCES]; CUTOFFS]>,
}

/// Lowest cutoff: 2^-11 of the sample rate.
const LOWEST: f32 = -11.0;
const PER_OCTAVE: f32 = 32.0;
/// Up to the rate, where without resonance nothing is left to hear of the filter.
const CUTOFFS: usize = 11 * 32 + 1;
/// From here on an octave leads from the prototype of the specification to [`turn`].
const PROTOTYPE: f64 = -3.5;
/// log2 of the table's highest cutoff: the sample rate.
pub const OPEN: f32 = 0.0;
/// log2(cutoff / sample rate) from which on there is no filter.
const OFF: f32 = 8.0;

/// Octaves by which a cutoff may move in a control tick.
pub const MAX_SWEEP: f32 = 1.0;

/// What `d` is multiplied by in each of `frames` frames in which `e` goes from one value to another: together, the change of √e.
#[inline]
pub fn rescaling(from: f32, to: f32, frames: u32) -> f32 {
    if from == to {
        return 1.0;
    }
    // Series for what a sweep brings: ln r = 2 (t + t³/3 + t⁵/5), e^u. Together within a part in a thousand.
    let t = (to - from) / (to + from);
    if frames >= 8 && t.abs() < 0.5 {
        let square = t * t;
        let u = t * (1.0 + square * (1.0 / 3.0 + square * 0.2)) / frames as f32;
        return 1.0 + u * (1.0 + u * (0.5 + u * (1.0 / 6.0)));
    }
    let octaves = math::log2(to / from).clamp(-8.0, 8.0);
    math::exp2(octaves * 0.5 / frames.max(1) as f32)
}

/// log2 of a cutoff (in absolute cents) as a part of the sample rate: within the table's bounds, or [`OFF`]. `log2_a440`: of 440 Hz.
#[inline]
pub fn place(cents: f32, log2_a440: f32) -> f32 {
    let wanted = (cents - 6900.0) * (1.0 / 1200.0) + log2_a440;
    if wanted >= OFF {
        OFF
    } else if wanted >= OPEN {
        OPEN
    } else if wanted > LOWEST {
        wanted
    } else {
        LOWEST
    }
}

/// A cutoff on its way to another, [`MAX_SWEEP`] from where it was at most. There is no way to or from [`OFF`]: it lies at [`OPEN`].
#[inline]
pub fn sweep(from: f32, to: f32) -> f32 {
    let from = from.min(OPEN);
    if to >= OFF {
        to
    } else if to <= from - MAX_SWEEP {
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
        let mut rows = TryBox::try_filled([Lanes::ZERO; RESONANCES])?;
        let mut lows = [0.0; RESONANCES];
        for (row, entries) in rows.iter_mut().enumerate() {
            let octave = f64::from(LOWEST) + row as f64 / f64::from(PER_OCTAVE);
            let fc = libm::exp2(octave);
            let part = (octave - PROTOTYPE).clamp(0.0, 1.0);
            for (column, (low, entry)) in lows.iter_mut().zip(entries).enumerate() {
                let resonance = column as f64 * f64::from(RESONANCE_STEP);
                let coefficients = if part < 1.0 {
                    let poles = Prototype::solve(fc, resonance, *low);
                    *low = poles.theta;
                    if part > 0.0 {
                        let from = poles.turn();
                        let phi = from * libm::pow(turn(fc) / from, part);
                        turned(phi, resonance)
                    } else {
                        poles.coefficients(resonance)
                    }
                } else {
                    turned(turn(fc), resonance)
                };
                *entry = coefficients.lanes();
            }
        }
        Ok(Self { rows })
    }

    /// Coefficients for log2(cutoff / sample rate) and a resonance in dB, both clamped.
    #[inline]
    pub fn at(&self, log2_cutoff: f32, resonance: f32) -> Coefficients {
        if log2_cutoff >= OFF {
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
        Coefficients::of(across(row).mix(across(row + 1), s))
    }
}
