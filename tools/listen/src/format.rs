// SPDX-License-Identifier: MIT OR Apache-2.0
//! Samples as devices have them.

/// One sample, little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampleType {
    /// 8 bits around 128.
    U8,
    /// 16 bits.
    I16,
    /// 24 bits in three bytes.
    I24,
    /// 32 bits, or 24 in the upper three bytes of four.
    I32,
    /// 32 bits between -1 and 1.
    F32,
    /// 64 bits between -1 and 1.
    F64,
}

impl SampleType {
    /// Bytes of one.
    pub fn bytes(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::I16 => 2,
            Self::I24 => 3,
            Self::I32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    fn read(self, bytes: &[u8]) -> f32 {
        match (self, bytes) {
            (Self::U8, &[a]) => (f32::from(a) - 128.0) / 128.0,
            (Self::I16, &[a, b]) => f32::from(i16::from_le_bytes([a, b])) / 32_768.0,
            (Self::I24, &[a, b, c]) => i32::from_le_bytes([0, a, b, c]) as f32 / 2_147_483_648.0,
            (Self::I32, &[a, b, c, d]) => i32::from_le_bytes([a, b, c, d]) as f32 / 2_147_483_648.0,
            (Self::F32, &[a, b, c, d]) => f32::from_le_bytes([a, b, c, d]),
            (Self::F64, &[a, b, c, d, e, f, g, h]) => {
                f64::from_le_bytes([a, b, c, d, e, f, g, h]) as f32
            }
            _ => 0.0,
        }
    }

    fn write(self, value: f32, bytes: &mut [u8]) {
        let value = f64::from(value);
        // A float that is cast saturates.
        match self {
            Self::U8 => bytes.copy_from_slice(&[(value * 128.0 + 128.0).round() as u8]),
            Self::I16 => {
                bytes.copy_from_slice(&((value * 32_768.0).round() as i16).to_le_bytes());
            }
            Self::I24 => {
                let whole = (value * 8_388_608.0)
                    .round()
                    .clamp(-8_388_608.0, 8_388_607.0);
                bytes.copy_from_slice(&(whole as i32).to_le_bytes()[..3]);
            }
            Self::I32 => {
                bytes.copy_from_slice(&((value * 2_147_483_648.0).round() as i32).to_le_bytes());
            }
            Self::F32 => bytes.copy_from_slice(&(value as f32).to_le_bytes()),
            Self::F64 => bytes.copy_from_slice(&value.to_le_bytes()),
        }
    }
}

/// What a device takes or gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// Frames per second.
    pub rate: u32,
    /// Samples of a frame.
    pub channels: usize,
    /// Each of them.
    pub sample: SampleType,
}

impl Format {
    /// Bytes of a frame.
    pub fn frame_bytes(&self) -> usize {
        self.channels * self.sample.bytes()
    }

    /// One frame as left and right: of one channel both, of more than two the first two.
    pub fn read(&self, frame: &[u8]) -> [f32; 2] {
        let width = self.sample.bytes();
        let mut samples = frame
            .chunks_exact(width)
            .map(|bytes| self.sample.read(bytes));
        let left = samples.next().unwrap_or(0.0);
        [left, samples.next().unwrap_or(left)]
    }

    /// Left and right as one frame: one channel gets the mean, of more than two the others silence.
    pub fn write(&self, [left, right]: [f32; 2], frame: &mut [u8]) {
        let width = self.sample.bytes();
        let samples = if self.channels == 1 {
            [(left + right) / 2.0, 0.0]
        } else {
            [left, right]
        };
        let rest = samples.into_iter().chain(std::iter::repeat(0.0));
        for (bytes, sample) in frame.chunks_exact_mut(width).zip(rest) {
            self.sample.write(sample, bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [SampleType; 6] = [
        SampleType::U8,
        SampleType::I16,
        SampleType::I24,
        SampleType::I32,
        SampleType::F32,
        SampleType::F64,
    ];

    #[test]
    fn half_is_half_in_every_type() {
        // As the formats are defined.
        let bytes: [&[u8]; 6] = [
            &[192],
            &[0, 0x40],
            &[0, 0, 0x40],
            &[0, 0, 0, 0x40],
            &[0, 0, 0, 0x3F],
            &[0, 0, 0, 0, 0, 0, 0xE0, 0x3F],
        ];
        for (sample, bytes) in ALL.into_iter().zip(bytes) {
            assert_eq!(sample.bytes(), bytes.len());
            assert_eq!(sample.read(bytes), 0.5, "{sample:?}");
            let mut written = vec![0; bytes.len()];
            sample.write(0.5, &mut written);
            assert_eq!(written, bytes, "{sample:?}");
        }
    }

    #[test]
    fn full_scale_does_not_wrap() {
        for sample in ALL {
            for (value, expected) in [(1.0f32, 1.0), (1.7, 1.0), (-1.0, -1.0), (-9.0, -1.0)] {
                let mut bytes = vec![0; sample.bytes()];
                sample.write(value, &mut bytes);
                let read = sample.read(&bytes);
                let is_float = matches!(sample, SampleType::F32 | SampleType::F64);
                let expected = if is_float { value } else { expected };
                assert!((read - expected).abs() < 0.01, "{sample:?} {value}: {read}");
            }
        }
    }

    #[test]
    fn any_number_of_channels() {
        let format = |channels| Format {
            rate: 1,
            channels,
            sample: SampleType::I16,
        };
        let frame = |channels: usize| {
            let mut bytes = vec![0xFF; 2 * channels];
            format(channels).write([0.5, -0.25], &mut bytes);
            let (samples, _) = bytes.as_chunks();
            samples
                .iter()
                .map(|b| i16::from_le_bytes(*b))
                .collect::<Vec<_>>()
        };
        assert_eq!(frame(1), [0x1000]);
        assert_eq!(frame(2), [0x4000, -0x2000]);
        assert_eq!(frame(6), [0x4000, -0x2000, 0, 0, 0, 0]);
        assert_eq!(format(1).read(&[0, 0x40]), [0.5, 0.5]);
        assert_eq!(format(3).read(&[0, 0x40, 0, 0xE0, 1, 1]), [0.5, -0.25]);
    }
}
