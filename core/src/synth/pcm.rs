// SPDX-License-Identifier: MIT OR Apache-2.0
//! 16-bit output.

use super::simd;

/// Samples that are converted at once.
const SAMPLES: usize = 8;

/// Converts frames (1.0 is full scale) to interleaved 16-bit little-endian PCM: rounded to nearest, clipped; what is not a number is 0.
/// Bytes beyond the frames are zeroed, frames beyond the bytes ignored. Any IRQL.
pub fn write_pcm(frames: &[[f32; 2]], out: &mut [u8]) {
    let samples = frames.as_flattened();
    let (chunks, rest) = samples.as_chunks::<SAMPLES>();
    let (places, _) = out.as_chunks_mut::<{ 2 * SAMPLES }>();
    let full = chunks.len().min(places.len());
    for (place, samples) in places.iter_mut().zip(chunks) {
        simd::pcm(samples, place);
    }
    // The last samples, padded with silence, and what lies behind them.
    let mut tail = [0.0; SAMPLES];
    let last = chunks.get(full).map_or(rest, |chunk| chunk.as_slice());
    for (to, x) in tail.iter_mut().zip(last) {
        *to = *x;
    }
    let mut last = [0; 2 * SAMPLES];
    simd::pcm(&tail, &mut last);
    let behind = out.get_mut(full * 2 * SAMPLES..).unwrap_or_default();
    behind.fill(0);
    for (to, byte) in behind.iter_mut().zip(&last) {
        *to = *byte;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// `frames` frames into `bytes` bytes, against one sample at a time.
    fn check(frames: usize, bytes: usize) {
        let input: Vec<[f32; 2]> = (0..frames)
            .map(|n| [n as f32 * 0.01 - 0.3, 0.7 - n as f32 * 0.02])
            .collect();
        let mut out = std::vec![0xAA; bytes];
        write_pcm(&input, &mut out);
        let wanted = input.as_flattened().iter().flat_map(|x| {
            let rounded = (f64::from(*x) * 32768.0).round().clamp(-32768.0, 32767.0);
            (rounded as i16).to_le_bytes()
        });
        // A sample that has room for a byte only is not looked at.
        let wanted = wanted.chain(std::iter::repeat(0)).take(bytes & !1);
        assert!(out.iter().zip(wanted).all(|(a, b)| *a == b));
        assert_eq!(out.len(), bytes);
    }

    #[test]
    fn any_lengths() {
        for frames in 0..20 {
            for bytes in 0..90 {
                check(frames, bytes);
            }
        }
    }
}
