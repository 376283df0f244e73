// SPDX-License-Identifier: MIT OR Apache-2.0
//! 16-bit output with dither: the error of rounding becomes noise that does not depend on the sound.
//!
//! Two even distributions make a triangular one of ±1 LSB (TPDF), which frees mean and power of the error from the signal (Lipshitz,
//! Wannamaker, Vanderkooy 1992). The noise is a function of frame and side alone, so that any partition gives the same bits.

/// Converts frames (1.0 is full scale), the first of which is the stream's frame `position`, to interleaved 16-bit little-endian PCM
/// with dither; clipped. What is not a number, and a frame of nothing on both sides, is 0. Bytes beyond the frames are zeroed, frames
/// beyond the bytes ignored. Any IRQL.
pub fn write_dithered(frames: &[[f32; 2]], out: &mut [u8], position: i64) {
    let (places, rest) = out.as_chunks_mut::<4>();
    let mut frames = frames.iter();
    let mut number = position as u64;
    for place in places {
        let sides = frames.next().copied().unwrap_or_default();
        let mut samples = [0i16; 2];
        if sides != [0.0; 2] {
            let noise = noise(number);
            for ((sample, x), noise) in samples.iter_mut().zip(sides).zip(noise) {
                let wanted = x * 32_768.0 + noise;
                // A cast truncates towards zero and saturates; not a number is 0.
                *sample = (wanted + if wanted < 0.0 { -0.5 } else { 0.5 }) as i16;
            }
        }
        let [left, right] = samples.map(i16::to_le_bytes);
        let ([a, b], [c, d]) = (left, right);
        *place = [a, b, c, d];
        number = number.wrapping_add(1);
    }
    rest.fill(0);
}

/// Noise of both sides in LSB.
fn noise(number: u64) -> [f32; 2] {
    // SplitMix64 at the number-th place.
    let mut z = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^= z >> 31;
    let part = |shift: u32| ((z >> shift) & 0xFFFF) as f32 * (1.0 / 65_536.0);
    [part(0) - part(16), part(32) - part(48)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    extern crate std;

    fn dithered(frames: &[[f32; 2]], position: i64) -> Vec<i16> {
        let mut out = std::vec![0; 4 * frames.len()];
        write_dithered(frames, &mut out, position);
        out.as_chunks()
            .0
            .iter()
            .map(|b| i16::from_le_bytes(*b))
            .collect()
    }

    /// A sine of a third of an LSB, which rounding alone would lose or turn into a square.
    fn quiet(frames: usize) -> Vec<[f32; 2]> {
        (0..frames)
            .map(|i| (i as f64 * 0.01).sin() as f32 * 0.33 / 32_768.0)
            .map(|x| [x, -x])
            .collect()
    }

    /// The error has mean zero and a power of 1/4 LSB² (1/12 of the rounding, 1/6 of the noise), whatever the level; its neighbours
    /// up to 64 frames away, and the sides, are not correlated, nor is it with the signal.
    #[test]
    fn the_error_is_white_and_independent() {
        let frames = quiet(1 << 18);
        for offset in [0.0, 0.25 / 32_768.0, 0.5 / 32_768.0, 0.1234] {
            let input: Vec<[f32; 2]> = frames.iter().map(|f| f.map(|x| x + offset)).collect();
            let out = dithered(&input, 12_345);
            let error = |side: usize| -> Vec<f64> {
                let wanted = input.iter().map(|frame| f64::from(frame[side]) * 32_768.0);
                let got = out.iter().skip(side).step_by(2);
                got.zip(wanted)
                    .map(|(x, wanted)| f64::from(*x) - wanted)
                    .collect()
            };
            let (left, right) = (error(0), error(1));
            let n = left.len() as f64;
            let product =
                |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / n;
            // Five standard deviations of a mean of so many.
            let few = 5.0 / n.sqrt();
            assert!((left.iter().sum::<f64>() / n).abs() < 0.5 * few);
            let power = product(&left, &left);
            assert!((power - 0.25).abs() < 0.005, "{offset}: {power}");
            for lag in 1..=64 {
                let c = product(&left[lag..], &left) / power;
                assert!(c.abs() < few, "{offset}, {lag} frames: {c}");
            }
            assert!((product(&left, &right) / power).abs() < few);
            let signal: Vec<f64> = frames
                .iter()
                .map(|frame| f64::from(frame[0]) * 32_768.0)
                .collect();
            assert!(product(&left, &signal).abs() < few);
        }
    }

    /// The noise of a frame is the number of SplitMix64 (Vigna's reference, seed 0) at its place.
    #[test]
    fn the_noise_is_splitmix() {
        let numbers: [u64; 4] = [
            0xE220_A839_7B1D_CDAF,
            0x6E78_9E6A_A1B9_65F4,
            0x06C4_5D18_8009_454F,
            0xF88B_B8A8_724C_81EC,
        ];
        for (number, place) in numbers.into_iter().zip(1..) {
            let part = |shift: u32| (number >> shift & 0xFFFF) as f32 / 65_536.0;
            let expected = [part(0) - part(16), part(32) - part(48)];
            assert_eq!(noise(place), expected, "{place}");
        }
    }

    #[test]
    fn any_partition_gives_the_same_and_silence_stays() {
        let input = quiet(1000);
        let whole = dithered(&input, -7);
        let parts: Vec<i16> = input
            .chunks(33)
            .scan(-7, |at, part| {
                let out = dithered(part, *at);
                *at += part.len() as i64;
                Some(out)
            })
            .flatten()
            .collect();
        assert_eq!(whole, parts);
        assert_eq!(dithered(&[[0.0; 2]; 50], 3), [0; 100]);
        assert_eq!(
            dithered(&[[9.0, -9.0], [f32::NAN, 0.0]], 0)[..3],
            [32_767, -32_768, 0]
        );
        let mut out = [1; 11];
        write_dithered(&[[0.5; 2]], &mut out, 0);
        assert_eq!(out[4..], [0; 7]);
    }
}
