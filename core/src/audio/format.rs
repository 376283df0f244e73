// SPDX-License-Identifier: MIT OR Apache-2.0
//! Frames as bytes.

/// How a sample is stored, little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sample {
    /// Two bytes.
    Int16,
    /// Three bytes.
    Int24,
    /// The upper three of four bytes.
    Int24In32,
    /// Four bytes.
    Int32,
    /// IEEE 754, single precision.
    Float32,
}

impl Sample {
    /// Bytes of a sample.
    pub const fn bytes(self) -> u32 {
        match self {
            Self::Int16 => 2,
            Self::Int24 => 3,
            Self::Int24In32 | Self::Int32 | Self::Float32 => 4,
        }
    }
}

/// The format of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// Frames per second.
    pub rate: u32,
    /// One channel instead of two: the mean of both.
    pub mono: bool,
    /// How each sample is stored.
    pub sample: Sample,
}

/// Bytes of the longest frame.
pub const MAX_FRAME: usize = 8;

impl Format {
    /// Bytes of a frame.
    pub const fn block(&self) -> u32 {
        if self.mono {
            self.sample.bytes()
        } else {
            self.sample.bytes().wrapping_mul(2)
        }
    }

    /// Writes frames; bytes beyond them are zeroed.
    pub fn encode(&self, frames: impl Iterator<Item = [f32; 2]>, out: &mut [u8]) {
        match (self.sample, self.mono) {
            (Sample::Int16, false) => stereo::<2, 4>(frames, out, int16),
            (Sample::Int16, true) => mono(frames, out, int16),
            (Sample::Int24, false) => stereo::<3, 6>(frames, out, int24),
            (Sample::Int24, true) => mono(frames, out, int24),
            (Sample::Int24In32, false) => stereo::<4, 8>(frames, out, int24_in_32),
            (Sample::Int24In32, true) => mono(frames, out, int24_in_32),
            (Sample::Int32, false) => stereo::<4, 8>(frames, out, int32),
            (Sample::Int32, true) => mono(frames, out, int32),
            (Sample::Float32, false) => stereo::<4, 8>(frames, out, f32::to_le_bytes),
            (Sample::Float32, true) => mono(frames, out, f32::to_le_bytes),
        }
    }
}

fn stereo<const N: usize, const FRAME: usize>(
    frames: impl Iterator<Item = [f32; 2]>,
    out: &mut [u8],
    sample: impl Fn(f32) -> [u8; N],
) {
    const { assert!(FRAME == 2 * N) };
    let (places, rest) = out.as_chunks_mut::<FRAME>();
    for (place, [left, right]) in places.iter_mut().zip(padded(frames)) {
        let both = [sample(left), sample(right)];
        for (to, from) in place.iter_mut().zip(both.as_flattened()) {
            *to = *from;
        }
    }
    rest.fill(0);
}

fn mono<const N: usize>(
    frames: impl Iterator<Item = [f32; 2]>,
    out: &mut [u8],
    sample: impl Fn(f32) -> [u8; N],
) {
    let (places, rest) = out.as_chunks_mut::<N>();
    for (place, [left, right]) in places.iter_mut().zip(padded(frames)) {
        *place = sample((left + right) * 0.5);
    }
    rest.fill(0);
}

fn padded(frames: impl Iterator<Item = [f32; 2]>) -> impl Iterator<Item = [f32; 2]> {
    frames.chain(core::iter::repeat([0.0; 2]))
}

fn int16(sample: f32) -> [u8; 2] {
    // A cast truncates towards zero and saturates.
    (rounded(sample * 32_768.0) as i16).to_le_bytes()
}

fn int24(sample: f32) -> [u8; 3] {
    let [a, b, c, _] = whole24(sample).to_le_bytes();
    [a, b, c]
}

fn int24_in_32(sample: f32) -> [u8; 4] {
    whole24(sample).wrapping_shl(8).to_le_bytes()
}

fn whole24(sample: f32) -> i32 {
    (rounded(sample * 8_388_608.0) as i32).clamp(-0x80_0000, 0x7F_FFFF)
}

/// Every `f32` below full scale fits, so that there is nothing to round.
fn int32(sample: f32) -> [u8; 4] {
    ((sample * 2_147_483_648.0) as i32).to_le_bytes()
}

fn rounded(scaled: f32) -> f32 {
    if scaled < 0.0 {
        scaled - 0.5
    } else {
        scaled + 0.5
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;
    use std::vec::Vec;

    const ALL: [Sample; 5] = [
        Sample::Int16,
        Sample::Int24,
        Sample::Int24In32,
        Sample::Int32,
        Sample::Float32,
    ];

    fn encoded(sample: Sample, mono: bool, frames: &[[f32; 2]]) -> Vec<u8> {
        let format = Format {
            rate: 48_000,
            mono,
            sample,
        };
        assert!(format.block() as usize <= MAX_FRAME);
        let mut out = vec![0xAA; frames.len() * format.block() as usize];
        format.encode(frames.iter().copied(), &mut out);
        out
    }

    /// The sample's value as a part of full scale, read as the format's definition has it.
    fn decoded(sample: Sample, bytes: &[u8]) -> f64 {
        match *bytes {
            [a, b] => f64::from(i16::from_le_bytes([a, b])) / 32_768.0,
            [a, b, c] => f64::from(i32::from_le_bytes([0, a, b, c]) >> 8) / 8_388_608.0,
            [a, b, c, d] if sample == Sample::Float32 => {
                f64::from(f32::from_le_bytes([a, b, c, d]))
            }
            [a, b, c, d] => f64::from(i32::from_le_bytes([a, b, c, d])) / 2_147_483_648.0,
            _ => unreachable!("bytes of a sample"),
        }
    }

    /// Half a unit of the format, as far as a float can tell.
    fn rounding(sample: Sample) -> f64 {
        match sample {
            Sample::Int16 => 0.5 / 32_768.0,
            Sample::Int24 | Sample::Int24In32 => 0.5 / 8_388_608.0,
            Sample::Int32 | Sample::Float32 => 1.0 / 2_147_483_648.0,
        }
    }

    #[test]
    fn samples_are_rounded_to_the_nearest() {
        for sample in ALL {
            let size = sample.bytes() as usize;
            for n in -1000..1000 {
                let value = n as f32 / 1000.7;
                let bytes = encoded(sample, false, &[[value, -value]]);
                let near = |bytes: &[u8], wanted: f32| {
                    let error = (decoded(sample, bytes) - f64::from(wanted)).abs();
                    assert!(
                        error <= rounding(sample) * 1.01,
                        "{sample:?} {wanted}: {error}"
                    );
                };
                near(&bytes[..size], value);
                near(&bytes[size..], -value);
            }
        }
    }

    #[test]
    fn what_is_too_loud_is_clipped_and_what_is_no_number_is_silent() {
        for sample in [
            Sample::Int16,
            Sample::Int24,
            Sample::Int24In32,
            Sample::Int32,
        ] {
            let size = sample.bytes() as usize;
            let bytes = encoded(sample, false, &[[9.0, -9.0], [f32::NAN, 0.0]]);
            let at = |n: usize| decoded(sample, &bytes[n * size..(n + 1) * size]);
            assert!(at(0) > 0.9999 && at(0) < 1.0, "{sample:?}: {}", at(0));
            assert_eq!((at(1), at(2), at(3)), (-1.0, 0.0, 0.0), "{sample:?}");
        }
    }

    #[test]
    fn mono_is_the_mean() {
        for sample in ALL {
            let bytes = encoded(sample, true, &[[0.75, 0.25], [-0.5, 0.5]]);
            let (first, second) = bytes.split_at(sample.bytes() as usize);
            assert_eq!(
                (decoded(sample, first), decoded(sample, second)),
                (0.5, 0.0)
            );
        }
    }

    /// Frames that are missing, and bytes that are no frame, are silence.
    #[test]
    fn the_rest_is_silence() {
        for sample in ALL {
            for mono in [false, true] {
                let format = Format {
                    rate: 44_100,
                    mono,
                    sample,
                };
                let block = format.block() as usize;
                let mut out = vec![0xAA; 3 * block + 1];
                format.encode(core::iter::once([0.5; 2]), &mut out);
                assert!(out[..block].iter().any(|byte| *byte != 0));
                assert!(out[block..].iter().all(|byte| *byte == 0));
            }
        }
    }
}
