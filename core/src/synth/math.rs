// SPDX-License-Identifier: MIT OR Apache-2.0
//! Elementary functions of the control path: polynomials in place of libm, so that rendering calls nothing outside the core.

/// log2(10) / 20: one decibel in octaves of amplitude.
pub const LOG2_PER_DB: f32 = 0.166_096_4;

/// Below this level a product of gains counts as silence. It keeps every amplitude far from the denormals.
pub const SILENCE_DB: f32 = -144.0;

/// 2^x for |x| ≤ 126, clamped outside; relative error below 2e-7, exact at integers.
#[inline]
pub fn exp2(x: f32) -> f32 {
    /// A number so large that a whole one is all that can be added to it; its lowest bits are that number.
    const WHOLE: f32 = 12_582_912.0;
    let x = x.clamp(-126.0, 126.0);
    let sum = x + WHOLE;
    let f = x - (sum - WHOLE);
    // Taylor series of exp(f ln 2) on |f| ≤ 1/2; the remainder is below 2e-8. In pairs: voices wait for it.
    let square = f * f;
    let low = 1.0 + f * core::f32::consts::LN_2 + square * (0.240_226_5 + f * 0.055_504_11);
    let high = 0.009_618_129 + f * 0.001_333_355_8 + square * 0.000_154_035_3;
    let p = low + square * square * high;
    p * f32::from_bits(sum.to_bits().wrapping_add(127) << 23)
}

/// log2(x) for normal x > 0; absolute error below 1e-6. Anything else gives -126.
#[inline]
pub const fn log2(x: f32) -> f32 {
    if x < f32::MIN_POSITIVE || x.is_nan() {
        return -126.0;
    }
    let bits = x.to_bits();
    let mut exponent = (bits >> 23) as i32 - 127;
    let mut m = f32::from_bits((bits & 0x007F_FFFF) | 0x3F80_0000);
    if m > core::f32::consts::SQRT_2 {
        m *= 0.5;
        exponent += 1;
    }
    let s = (m - 1.0) / (m + 1.0);
    let q = s * s;
    let series = 1.0 + q * (1.0 / 3.0 + q * (0.2 + q * (1.0 / 7.0 + q * (1.0 / 9.0))));
    exponent as f32 + 2.0 * core::f32::consts::LOG2_E * s * series
}

/// Amplitude of a level in dB; exactly 0 at and below `SILENCE_DB`.
#[inline]
pub fn amplitude(db: f32) -> f32 {
    if db > SILENCE_DB {
        exp2(db * LOG2_PER_DB)
    } else {
        0.0
    }
}

/// Level in dB of an amplitude > 0.
#[inline]
pub fn decibels(amplitude: f32) -> f32 {
    log2(amplitude) * (1.0 / LOG2_PER_DB)
}

/// sin(π/2 · t) for |t| ≤ 1; exact at -1, 0 and 1, error below 1e-6.
#[inline]
pub fn quarter_sine(t: f32) -> f32 {
    let q = t * t;
    let p = core::f32::consts::FRAC_PI_2
        + q * (-0.645_964_1
            + q * (0.079_692_63
                + q * (-0.004_681_754 + q * (0.000_160_441_2 - q * 0.000_003_598_8))));
    (t * p).clamp(-1.0, 1.0)
}

/// Sine of a phase in turns of 2^32; error below 1e-6.
#[inline]
pub fn sine(phase: u32) -> f32 {
    // Quarter turns from -1 to 1 and back: a triangle, bent into a sine.
    let turn = (phase.wrapping_add(0x4000_0000) as i32) as f32 * (1.0 / 1_073_741_824.0);
    let triangle = if turn < 0.0 { turn + 1.0 } else { 1.0 - turn };
    quarter_sine(-triangle)
}

/// Seconds of a time in cents.
#[inline]
pub fn seconds(time_cents: f32) -> f32 {
    exp2(time_cents * (1.0 / 1200.0))
}

/// Hertz of an absolute pitch in cents (6900 = 440 Hz).
#[inline]
pub fn hertz(cents: f32) -> f32 {
    440.0 * exp2((cents - 6900.0) * (1.0 / 1200.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Beyond what an exponent holds the ends stay.
    #[test]
    fn powers_and_logarithms_end() {
        let (least, most) = (f32::MIN_POSITIVE, 2.0f32.powi(126));
        for beyond in [126.0, 126.4, 127.0, 128.0, 1e9, f32::INFINITY] {
            assert_eq!((exp2(beyond), exp2(-beyond)), (most, least), "{beyond}");
        }
        for nothing in [
            least,
            least / 2.0,
            1e-45,
            0.0,
            -0.0,
            -1.0,
            f32::NEG_INFINITY,
            f32::NAN,
        ] {
            assert_eq!(log2(nothing), -126.0, "{nothing}");
        }
        for exponent in -126..128 {
            assert_eq!(log2(2.0f64.powi(exponent) as f32), exponent as f32);
        }
    }

    /// A level at the limit of silence is silent.
    #[test]
    fn silence() {
        assert_eq!(amplitude(SILENCE_DB), 0.0);
        assert!(amplitude(SILENCE_DB.next_up()) > 0.0);
        let level = decibels(amplitude(-100.0));
        assert!((level + 100.0).abs() < 1e-3, "{level}");
    }

    /// No sine is larger than 1, and the quarters meet.
    #[test]
    fn sines_stay_within_one() {
        for step in -100_000..=100_000 {
            let t = step as f32 / 100_000.0;
            let exact = (f64::from(t) * core::f64::consts::FRAC_PI_2).sin();
            assert!((f64::from(quarter_sine(t)) - exact).abs() < 1e-6, "{t}");
            assert!(quarter_sine(t).abs() <= 1.0, "{t}");
        }
        let quarters = [0, 1 << 30, 1 << 31, 3 << 30].map(sine);
        assert_eq!(quarters, [0.0, 1.0, 0.0, -1.0]);
    }
}
